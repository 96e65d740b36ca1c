"""A class: right, wrong, hostile and hanging submissions, in two languages; nothing is lost when it is interrupted."""

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from refimpl.oracle.candidates import fence
from refimpl.oracle.cli import main
from refimpl.oracle.grading.submissions import MOST, collect
from refimpl.oracle.judging import kept

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="submissions have processes of their own on POSIX systems"),
    pytest.mark.xdist_group("class"),  # it is graded once in a process
]
STEP = """
import numpy as np


def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
    theta = theta - lr * (np.sign(beta1 * momentum + (1 - beta1) * grad) + weight_decay * theta)
    return theta, beta2 * momentum + (1 - beta2) * grad
"""
NO_DECAY = STEP.replace(" + weight_decay * theta", "")
LONG = "1234567.5"  # seconds that the left-behind sleep, by which they are found
PLANT = """
import os
words = open(f"/proc/{os.getppid()}/cmdline").read().split("\\0")
place = os.path.dirname(words[words.index("--report") + 1])
try:
    open(place + "/planted.html", "w").write("<script>")
except PermissionError:
    pass
"""
LEAVE = f"""
import os
for _ in range(99):
    if os.fork() == 0:
        os.setsid()
        os.execve("/bin/sleep", ["sleep", "{LONG}"], {{}})
"""
ODD = "new\nline\x1b[31m'\"&"
CLASS = {
    "ada": STEP,
    "bob": NO_DECAY,
    "<i>cyd": NO_DECAY.replace("theta = theta", "new = theta").replace("return theta", "return new"),
    "=cmd()": STEP.replace("    theta", "    raise ValueError('<script>alert(1)</script>')\n    theta", 1),
    "exits": "import os\nos._exit(0)\n",
    "eats": STEP.replace("    theta", "    np.ones(10**10)\n    theta", 1),
    "fills": STEP.replace("    theta", "    open('big', 'wb').truncate(2**31)\n    theta", 1),
    "looks": "from refimpl.optimizers import lion\n" + STEP,
    "plants": PLANT + STEP,
    ODD: LEAVE + STEP,
}
REFUSED = {"link": "it is a link, which is not followed", "large": f"it has more than {MOST} MiB"}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    for name, text in CLASS.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "link.py").symlink_to("ada.py")
    with (folder / "large.py").open("wb") as file:
        file.truncate(MOST * 2**20 + 1)
    return folder


def grade(*words):
    """Exit status of `refimpl grade`, in this process."""
    return main(["grade", "lion.step", *map(str, words), "--explain", "0"])


@pytest.fixture(scope="module")
def graded(handed_in, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    assert grade(handed_in, "--out", out, "--points", "10") == 0
    return out


def rows(out, name="grades.csv"):
    with (out / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_gets_what_it_deserves(graded):
    found = {row["submission"]: row for row in rows(graded)}
    odd = "new line\N{REPLACEMENT CHARACTER}[31m'\"&"
    names = {"=cmd()": "'=cmd()", ODD: odd}
    assert found.keys() == {names.get(name, name) for name in CLASS} | REFUSED.keys()
    for name in ("ada", "looks", "plants", odd):
        assert (found[name]["verdict"], found[name]["points"]) == ("conforms", "10.0")
    for name in ("bob", "<i>cyd"):
        assert (found[name]["verdict"], found[name]["mistake"]) == ("deviates", "no_decay")
        assert 0 < float(found[name]["points"]) < 10
    assert found["exits"]["verdict"] == "not judged"
    assert "exit status 0" in found["exits"]["sentence"]
    assert "File too large" in found["fills"]["sentence"]
    assert found["looks"]["note"] == "it imports refimpl.optimizers.lion: part of what it is compared with"
    assert {name for name, row in found.items() if row["note"]} == {"looks"}
    assert {name: found[name]["sentence"] for name in REFUSED} == REFUSED
    assert "MemoryError" in found["eats"]["sentence"]
    assert found["eats"]["points"] == "0.0"


@pytest.mark.skipif(not fence.version(), reason="the kernel has no Landlock")
def test_none_writes_where_the_results_are(graded):
    assert not list(graded.rglob("planted*"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc")
def test_none_leaves_a_process_behind(graded):
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if LONG.encode() in read(path)]


def read(path):
    """What is in the file of a process, which may be gone."""
    with contextlib.suppress(OSError):
        return path.read_bytes()
    return b""


def test_one_that_hangs_is_ended(tmp_path):
    (tmp_path / "a.py").write_text(STEP.replace("    theta", "    while True:\n        pass\n    theta", 1))
    assert grade(tmp_path / "a.py", "--out", tmp_path / "out", "--limit", "4") == 0
    (row,) = rows(tmp_path / "out")
    assert row["points"] == "0.0"
    assert "within 4 s" in row["sentence"]


def test_what_they_are_called_and_say_is_text(graded):
    pages = [graded / "index.html", *graded.glob("submissions/*/feedback.html")]
    assert len(pages) == 1 + len(CLASS) + len(REFUSED)
    for page in pages:
        text = page.read_text()
        assert "<script" not in text
        assert "<i>" not in text
        assert "\x1b" not in text
        assert "default-src 'none'" in text
    assert all(re.fullmatch(r"[a-z0-9-]+", path.name) for path in (graded / "submissions").iterdir())


def test_the_overview_counts_those_who_are_wrong_alike(graded):
    text = (graded / "index.html").read_text()
    assert "<td>2</td><td><b>no_decay</b> subtract lr * weight_decay * theta" in text
    assert (graded / "groups.png").read_bytes().startswith(b"\x89PNG")


def test_graders_get_their_files(graded):
    book = rows(graded, "gradebook.csv")
    assert {row["student_id"]: row["score"] for row in book}["ada"] == "10.0"
    assert {(row["assignment"], row["max_score"]) for row in book} == {("lion.step", "10.0")}
    (place,) = graded.glob("submissions/bob-*")
    result = json.loads((place / "gradescope.json").read_text())
    assert 0 < result["score"] < 10
    assert {test["status"] for test in result["tests"]} == {"passed", "failed"}
    assert "weight_decay is ignored" in result["output"]


def test_what_has_not_changed_is_kept(handed_in, graded, tmp_path, capsys):
    out, work = tmp_path / "results", tmp_path / "work"
    work.mkdir()
    shutil.copyfile(handed_in / "ada.py", work / "ada.py"), shutil.copyfile(handed_in / "bob.py", work / "bob.py")
    assert grade(work, "--out", out) == 0
    (out / "submissions" / next(out.glob("submissions/ada-*")).name / "feedback.html").unlink()
    (work / "bob.py").write_text(STEP)
    capsys.readouterr()
    assert grade(work, "--out", out) == 0
    assert "1 of 2 kept" in capsys.readouterr().err
    assert [row["verdict"] for row in rows(out)] == ["conforms"] * 2
    assert next(out.glob("submissions/ada-*/feedback.html"))
    assert grade(work, "--out", out, "--fuzz", "2", "--seed", "our secret") == 0
    assert "kept" not in capsys.readouterr().err
    assert int(rows(out)[0]["checks"]) == int(rows(graded)[0]["checks"] or 0) + 2


def test_an_interrupted_run_goes_on(tmp_path):
    for i in range(4):
        (tmp_path / f"s{i}.py").write_text(STEP if i < 2 else f"import time\ntime.sleep(600)\n{STEP}")
    out = tmp_path / "out"
    words = [sys.executable, "-m", "refimpl", "grade", "lion.step", *map(str, sorted(tmp_path.glob("*.py")))]
    words += ["--out", str(out), "--jobs", "1", "--limit", "600"]
    run = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while len(list(out.glob("submissions/*/gradescope.json"))) < 2:
        assert run.poll() is None
        time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    said = run.communicate(timeout=60)[1].decode()
    assert run.returncode == 143
    assert "2 of 4 graded; the same command goes on" in said
    assert [row["verdict"] for row in rows(out)] == ["conforms"] * 2
    for i in (2, 3):
        (tmp_path / f"s{i}.py").write_text(STEP)
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    assert "2 of 4 kept" in done.stderr
    assert len(rows(out)) == 4


def test_right_answers_are_kept_where_no_submission_writes(tmp_path, monkeypatch):
    """A relative folder is meant from where `grade` runs, not from where the submission does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(kept.VARIABLE, "answers")
    Path("in").mkdir()
    Path("in", "ada.py").write_text(STEP)
    assert grade("in", "--out", "out") == 0
    assert [path.name for path in Path("answers").glob("*/*")] == ["lion.step.float64"]


def test_folders_of_students_and_programs(tmp_path):
    for name in ("ada", "bob"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "answer.py").write_text(STEP)
        (tmp_path / "in" / name / "notes.txt").write_text("mine")
    found = collect([tmp_path / "in"], file="answer.py")
    assert [s.name for s in found] == ["ada", "bob"]
    server = Path(__file__).parents[1] / "peers/serve.py"
    command = f"{sys.executable} {server} . lion.step ./{{file}}:step {{}}"
    words = (tmp_path / "in", "--file", "answer.py", "--exec", command, "--out", tmp_path / "out")
    assert grade(*words) == 0
    assert [row["verdict"] for row in rows(tmp_path / "out")] == ["conforms"] * 2


def test_bad_requests_are_named(tmp_path, capsys):
    (tmp_path / "a.py").write_text(STEP)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("chapter 1")
    for words, message in (
        (("no/such", "--out", tmp_path / "o"), "no such file or folder: no/such"),
        ((tmp_path / "mine", "--out", tmp_path / "o", "--file", "x.py"), "no submission"),
        ((tmp_path / "a.py", tmp_path / "a.py", "--out", tmp_path / "o"), "named twice"),
        ((tmp_path / "a.py", "--out", tmp_path / "mine"), "holds something else"),
        ((tmp_path / "a.py", "--out", tmp_path / "o", "--jobs", "0"), "jobs must be"),
        ((tmp_path / "a.py", "--out", tmp_path / "o", "--points", "-1"), "points must be"),
        ((tmp_path / "a.py", "--out", tmp_path / "o", "--seed", "x"), "--seed goes with --fuzz"),
        ((tmp_path / "a.py", "--out", tmp_path / "o", "--dtype", "float16"), "got ('float16',)"),
        ((tmp_path / "a.py", "--out", tmp_path / "o", "--exec", "node"), "must hold {file}"),
        ((tmp_path / "a.py", "--out", tmp_path / "o", "--file", "../a"), "--file must be the name of a file"),
    ):
        assert grade(*words) == 2
        assert message in capsys.readouterr().err
