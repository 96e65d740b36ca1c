"""What a user meets at the door: hints, the same said once, folders, time limits, progress, watching."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from types import SimpleNamespace

import numpy as np
import pytest

from refimpl.oracle import catalog
from refimpl.oracle.candidates import Function, base, limit
from refimpl.oracle.candidates.named import Named
from refimpl.oracle.cli import main
from refimpl.oracle.commands import watch
from refimpl.oracle.output import documents, progress, terminal
from refimpl.oracle.verdict import check

LION = catalog.operation("lion.trajectory")
QUICK = ["--only", "two-rates", "--only", "decay-and-zero"]


def shown(report):
    """A report as the terminal has it."""
    console = terminal.console(record=True, file=io.StringIO())
    console.print(terminal.rich_report(report), crop=False)
    return console.export_text()


# Said once ------------------------------------------------------------------------------------------------------------


class Local:
    """Stands for torch.Tensor."""


def no_clone(theta0, **rest):
    return theta0.clone()


def test_identical_errors_are_told_once_with_their_count(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(Tensor=Local))  # as if the candidate had imported it
    report = check(no_clone, "lion.trajectory")
    text = shown(report)
    assert f"{report.planned} checks of lion.trajectory" in text
    assert text.count("Traceback") == text.count("rerun: ") == 1
    last = text[text.index("verdict:") :]
    assert f"gave no answer that counts, {report.planned} times: AttributeError" in last
    assert "hand it PyTorch tensors: --arrays torch" in " ".join(last.split())
    assert report.advice == ()  # of one that never answers it would say nothing
    assert documents.markdown_report(report).count("| error |") == 1
    assert documents.junit_report(report).count("<testcase") == report.planned


def test_a_hint_is_given_where_it_fits(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert base.hint(TypeError("must be Tensor, not numpy.ndarray")) == ""
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(Tensor=Local))
    assert "--arrays torch" in base.hint(TypeError("must be Tensor, not numpy.ndarray"))
    assert base.hint(ValueError("numpy.ndarray")) == ""


def test_different_errors_are_told_apart():
    def picky(theta0, grads, weight_decay, **rest):
        raise ValueError(f"decay {weight_decay} unknown") if weight_decay else KeyError("lr")

    text = shown(check(picky, "lion.trajectory", laws=False))
    assert text.count("rerun: ") == 2
    assert "verdict: gave no answer where it should have" in text


def test_nothing_ran_for_one_reason():
    def stub(**inputs):
        raise NotImplementedError("to be written")

    report = check(stub, "lion.trajectory")
    assert f"{report.planned} checks of lion.trajectory" in shown(report)
    assert "verdict: nothing ran: to be written" in shown(report)


def test_a_traceback_begins_in_the_candidates_code():
    trace = check(no_clone, "lion", only=["two-rates"]).records[0].traceback
    assert trace.count("File ") == 1
    assert "in no_clone" in trace


def test_float32_for_float64_says_which_option_to_take():
    report = check(lambda grads, **rest: grads.astype(np.float32), "lion", only=["two-rates"])
    assert report.records[0].message.startswith("answered in float32 when asked in float64; ask in single precision")


# Time -----------------------------------------------------------------------------------------------------------------


def endless(**inputs):
    while True:
        with contextlib.suppress(Exception):
            time.sleep(60)


@pytest.mark.skipif(not limit.enforced(), reason="needs POSIX and the main thread")
def test_an_answer_in_this_process_has_a_time_limit():
    candidate = Function(endless, operation=LION.name)
    candidate.limit = 0.05
    before = signal.getsignal(signal.SIGALRM)
    report = check(candidate, "lion", only=["two-rates"])
    assert report.records[0].message == "timeout: no answer within 0.05 s"
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_the_limit_is_an_option_and_is_told_again(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text("import time\ndef f(**inputs):\n    time.sleep(60)\n")
    words = ["check", "lion.trajectory", "--python", f"{file}:f", "--only", "two-rates", "--format", "json"]
    assert main([*words, "--timeout", "0.05"]) == 2
    record = json.loads(capsys.readouterr().out)["records"][0]
    assert "timeout: " in record["message"]
    assert "--timeout 0.05" in record["repro"]
    assert main([*words, "--timeout", "-1"]) == 2
    assert "timeout must be" in capsys.readouterr().err


def test_nothing_is_shown_of_progress_where_nobody_looks(capsys, monkeypatch):
    monkeypatch.setattr(progress, "SILENCE", 0.0)
    with progress.bar("checking", 2) as advance:
        advance(), advance()
    assert capsys.readouterr() == ("", "")


# Pipes and folders ----------------------------------------------------------------------------------------------------


def test_a_closed_pipe_is_no_error():
    words = [sys.executable, "-m", "refimpl", "check", "lion.step", "--only", "both-agree", "--verbose"]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(words, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


RELEASE = """\
import numpy as np
from refimpl.optimizers import lion

def trajectory(theta0, grads, **rates):
    theta, state, thetas = theta0, lion.init(theta0), []
    for g in grads:
        theta, state = lion.update(theta, state, g, **rates)
        thetas.append(theta)
    return np.stack(thetas)
"""


def test_a_release_in_a_folder_of_its_own(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    folder = tmp_path / "beside"
    folder.mkdir()
    (folder / "old_release.py").write_text(RELEASE)
    words = ["check", "lion.trajectory", "--path", str(folder), *QUICK, "--format", "json"]
    assert main([*words, "--python", "old_release:trajectory"]) == 0
    assert f"--path {folder}" in json.loads(capsys.readouterr().out)["records"][0]["repro"]
    program = tmp_path / "serve.py"
    program.write_text(
        textwrap.dedent("""\
            import json, sys
            import numpy as np
            import old_release
            for line in sys.stdin:
                case = json.loads(line)
                array = lambda x: np.array(x["data"]).reshape(x["shape"]) if isinstance(x, dict) else x
                path = old_release.trajectory(**{k: array(x) for k, x in case["inputs"].items()})
                print(json.dumps({"seq": case["seq"], "outputs": {"thetas": path.tolist()}}), flush=True)
        """)
    )
    assert main([*words, "--exec", f"{sys.executable} {program}"]) == 0
    capsys.readouterr()
    assert main([*words[:2], "--path", str(tmp_path / "nowhere"), "--python", "old_release:trajectory"]) == 2
    assert "there is no" in capsys.readouterr().err


# Watching -------------------------------------------------------------------------------------------------------------


def test_the_file_of_a_candidate_is_watched(tmp_path):
    file, folder = tmp_path / "mine.py", tmp_path / "beside"
    folder.mkdir()
    for path in (file, folder / "released.py"):
        path.write_text("raise SystemExit('it is not loaded')\n")
    assert watch.watched(Named("python", f"{file}:f")) == [file]
    assert watch.watched(Named("torch", "released:Lion", path=(str(folder),))) == [folder / "released.py"]
    assert watch.watched(Named("exec", f"{sys.executable} {file} --fast"))[1:] == [file]
    for words in ((), ("python", "nowhere.to.be:found"), ("python", "missing.py:f"), ("exec", "no-such-program")):
        with pytest.raises(ValueError, match="--watch"):
            watch.watched(Named(*words))


def test_a_change_counts_once_the_file_is_there_again(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("one")
    seen = watch.stamps([file])
    assert not watch._differ([file], seen)
    file.unlink()
    assert not watch._differ([file], seen)
    file.write_text("three")
    assert watch._differ([file], seen)
    assert [word for word in ("--w", "--wat", "--watch", "--", "-w", "--watches") if watch.is_own(word)] == [
        "--w",
        "--wat",
        "--watch",
    ]


def test_watching_checks_again_in_a_fresh_process_and_ends_with_130(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(RELEASE)
    words = [
        "check",
        "lion.trajectory",
        "--python",
        f"{file}:trajectory",
        "--only",
        "two-rates",
        "--watch",
        "--in-process",
    ]
    command = [sys.executable, "-m", "refimpl", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        verdicts = (line for line in run.stdout if line.startswith("verdict"))
        first = next(verdicts, "")
        file.write_text(RELEASE.replace("np.stack", "-np.stack"))
        second = next(verdicts, "")
        run.send_signal(signal.SIGINT)
        status = run.wait(60)
    assert first.startswith("verdict: conforms in 1 of ")
    assert "deviates" in second
    assert status == 130
