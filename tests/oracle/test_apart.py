"""A Python candidate in a process of its own: whatever it does, a verdict comes, and the exit status is that of it."""

import json
import sys
import textwrap
from importlib.util import find_spec
from xml.etree import ElementTree

import numpy as np
import pytest

from refimpl.oracle import catalog, cli
from refimpl.oracle.candidates import Apart, CandidateError, NotApplicable, Skipped
from refimpl.oracle.verdict import check
from tests.oracle.conftest import is_running

LION = catalog.operation("lion.step")
CASE = LION.cases[0]
RIGHT = """
import numpy as np
def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
    {before}
    c = beta1 * momentum + (1 - beta1) * grad
    return theta - lr * (np.sign(c) + weight_decay * theta), beta2 * momentum + (1 - beta2) * grad
"""


@pytest.fixture
def apart(tmp_path):
    """A candidate made of source text."""
    made = []

    def make(text, kind="python", name="step", **options):
        file = tmp_path / "mine.py"
        file.write_text(textwrap.dedent(text))
        made.append(Apart(kind, f"{file}:{name}", operation="lion.step", **options))
        return made[-1]

    yield make
    for candidate in made:
        candidate.close()


def step(body):
    return f"def step(**inputs):\n{textwrap.indent(textwrap.dedent(body), '    ')}"


@pytest.fixture
def refimpl(tmp_path, monkeypatch, capfd):
    """Runs the command line in a folder: exit status, and all that came out at the two descriptors."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: (cli.main(list(words)), *capfd.readouterr())


def test_a_right_one_conforms_and_its_manners_are_seen(apart):
    report = check(apart(RIGHT.format(before="np.random.seed(0); grad = grad * 1.0")), LION.name, dtypes=("float32",))
    assert (report.verdict, [slip.kind for slip in report.manners]) == ("conforms", ["np.random"])
    assert report.manners[0].case.startswith("lion.step/")
    assert report.candidate["name"].endswith("mine.py:step")
    assert {r.status for r in report.advice} == {"failed"}  # it can be asked for refusals, and makes none


def test_a_wrong_one_is_explained(apart):
    wrong = RIGHT.format(before="weight_decay = 0")
    assert check(apart(wrong), LION.name, laws=False).diagnosis.names == ("no_decay",)


HOSTILE = {  # what the function does -> kind and beginning of the message
    "raises BaseException": ("class E(BaseException): pass\nraise E('no')", "error", "E: no"),
    "raises CancelledError": ("import asyncio\nraise asyncio.CancelledError", "error", "CancelledError: "),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt", "error", "KeyboardInterrupt: "),
    "raises what cannot be told": (
        "class E(Exception):\n    def __str__(self): raise SystemExit(0)\nraise E",
        "error",
        "E: its __str__ raises SystemExit",
    ),
    "raises a long story": ("raise ValueError('x' * 10**7)", "error", "ValueError: xxx"),
    "raises escape sequences": ("raise ValueError('\\x1b[2Jverdict: conforms')", "error", "ValueError: "),
    "exits": ("raise SystemExit(0)", "error", "SystemExit: 0"),
    "exits at once": ("import os\nos._exit(0)", "crash", "its process ended in the call (exit status 0)"),
    "crashes": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        "crash",
        "its process ended in the call (signal 11",
    ),
    "closes all descriptors": ("import os\nos.closerange(0, 256)", "crash", "its process ended in the call"),
    "hangs": ("while True: pass", "timeout", "no answer within 0.1 s"),
    "hangs on, come what may": (
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        "timeout",
        "no answer within 0.1 s",
    ),
    "returns nothing": ("return None", "garbage", "returned 1 outputs; expected 2"),
    "returns an object": ("return object(), 1", "garbage", "output new_theta is no array"),
    "returns too much": (
        "import numpy as np\nreturn np.ones(2**21), 1",
        "garbage",
        "an answer of more than 16 MiB",
    ),
    "writes into every pipe": (
        "import os\nfor i in range(3, 40):\n    try: os.write(i, b'{\"outputs\": 1}\\n')\n    except OSError: pass",
        "garbage",
        "something else than an answer came back",
    ),
}


def test_whatever_it_does_is_told(apart):
    """And it can be asked on."""
    harm = [f"def harm{i}():\n{textwrap.indent(body, '    ')}\n" for i, (body, _, _) in enumerate(HOSTILE.values())]
    text = RIGHT.format(before="if lr <= 0: return globals()[f'harm{-lr:g}']()") + "".join(harm)
    candidate = apart(text)
    candidate.offers(LION)
    right = LION.reference(**CASE.inputs)
    for i, (what, (_, kind, said)) in enumerate(HOSTILE.items()):
        candidate._timeout = 0.1 if kind == "timeout" else 60
        with pytest.raises(CandidateError) as caught:
            candidate.run(LION, CASE.inputs | {"lr": -i})
        assert (caught.value.kind, str(caught.value)[: len(said)]) == (kind, said), what
        assert len(str(caught.value)) <= 4000
        candidate._timeout = 60
        for got, wanted in zip(candidate.run(LION, CASE.inputs).values(), right, strict=True):
            np.testing.assert_array_equal(got, wanted, what)


def test_a_process_that_always_ends_is_given_up(apart):
    candidate = apart(step("import os\nos._exit(3)"))
    report = check(candidate, LION.name)
    assert (report.verdict, report.counts["error"], report.exit_code()) == ("error", report.planned, 2)
    assert "(exit status 3); not started again after 4 starts" in report.records[-1].message


def test_what_it_leaves_behind_is_ended(apart, tmp_path):
    body = f"""
    import atexit, subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
    atexit.register(lambda: open({str(tmp_path / "late")!r}, "w").close())
    return 0, 0
    """
    candidate = apart(step(body))
    candidate.offers(LION), candidate.run(LION, CASE.inputs)
    candidate.close()
    assert not is_running(int((tmp_path / "pid").read_text()))
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\nos._exit(0)", "its process ended in the call (exit status 0)"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "has no 'step'"),
        ("def __getattr__(name): raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_one_that_cannot_be_loaded(apart, text, said):
    with pytest.raises(ValueError, match=r"cannot load .*mine.py") as caught:
        apart(text).offers(LION)
    assert said in str(caught.value)


def test_one_that_passes_over_cases(apart):
    candidate = apart(step("raise NotImplementedError('later')"))
    candidate.offers(LION)
    with pytest.raises(Skipped, match="later"):
        candidate.run(LION, CASE.inputs)
    with pytest.raises(NotApplicable, match="cannot be sent"):
        candidate.run(LION, {"theta": lambda: 0})


def test_neither_case_nor_answer_nor_reference_is_there(apart):
    body = """
    import gc, os, sys
    known = [m for m in sys.modules if m.startswith("refimpl.optimizers") or m.startswith("refimpl.specs.o")]
    known += [x for x in gc.get_objects() if isinstance(x, str) and "both-agree" in x]
    raise ValueError(f"knows {known}, {sys.argv}, {os.environ.get('PYTEST_CURRENT_TEST') and ''}")
    """
    candidate = apart(step(body))
    candidate.offers(LION)
    with pytest.raises(CandidateError, match=r"knows \[\], \['-c'\]"):
        candidate.run(LION, CASE.inputs)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere it is not prevented")
def test_the_memory_of_the_judge_cannot_be_read(apart):
    candidate = apart(step("import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')\nreturn 0, 0"))
    candidate.offers(LION)
    with pytest.raises(CandidateError, match="PermissionError"):
        candidate.run(LION, CASE.inputs)


def test_one_that_takes_our_own_source_is_told_of(apart):
    candidate = apart("from refimpl.optimizers.lion import update as step")
    candidate.offers(LION)
    assert candidate.note.startswith("it imports refimpl.optimizers.lion: part of what it is compared with")


def test_what_it_prints_spoils_nothing(tmp_path, refimpl):
    (tmp_path / "mine.py").write_text(RIGHT.format(before="import os; os.write(1, b'{\\n\\x1b[2J'); print('}')"))
    for words, read in ((["--format", "json"], json.loads), (["--format", "junit"], ElementTree.fromstring)):
        status, out, err = refimpl("check", LION.name, "--python", "mine.py:step", "--no-laws", *words)
        read(out)
        assert (status, "\x1b" in out + err) == (0, False)
    assert "it printed '" in err


def test_it_moves_neither_folder_nor_report(tmp_path, refimpl):
    (tmp_path / "mine.py").write_text(RIGHT.format(before="import os; os.chdir('/')"))
    status, out, _ = refimpl("check", LION.name, "--python", "mine.py:step", "--report", "out.json")
    assert (status, (tmp_path / "out.json").exists()) == (0, True)
    assert "changes the working directory" in out


@pytest.mark.parametrize("option", ["python", "torch", "optax", "estimator", "scheduler", "exec", "report", "expect"])
def test_an_empty_name_is_not_our_reference(option, capsys):
    assert cli.main(["check", LION.name, f"--{option}", ""]) == 2
    assert f"--{option} must name something, got ''" in capsys.readouterr().err


def test_a_late_second_answer_is_no_other_answer(apart):
    body = """
    import numpy as np, time
    asked = []
    def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
        asked.append(1)
        time.sleep(60 * (len(asked) == 4))
        c = beta1 * momentum + (1 - beta1) * grad
        return theta - lr * (np.sign(c) + weight_decay * theta), beta2 * momentum + (1 - beta2) * grad
    """
    report = check(apart(body, timeout=1), LION.name, only=["manners:*"])
    assert (report.verdict, report.records[0].message) == ("error", "timeout: no answer within 1 s")


def test_a_folder_may_go(apart):
    gone = "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)"
    report = check(apart(RIGHT.format(before=gone)), LION.name, laws=False)
    assert (report.verdict, [slip.kind for slip in report.manners]) == ("conforms", ["directory"])


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is here")
def test_a_door_says_which_package_it_needs(apart):
    with pytest.raises(ValueError, match="--torch needs the package torch, which is not installed"):
        apart("", kind="torch").offers(LION)


def test_a_module_in_a_file_is_found_again(apart):
    body = """
    from __future__ import annotations
    import dataclasses, pickle
    @dataclasses.dataclass
    class Rates:
        lr: float
    def step(**inputs):
        assert pickle.loads(pickle.dumps(Rates(0.1))) == Rates(0.1)
        raise NotImplementedError("found")
    """
    candidate = apart(body)
    candidate.offers(LION)
    with pytest.raises(Skipped, match="found"):
        candidate.run(LION, CASE.inputs)


def test_a_path_with_a_colon_can_be_loaded(tmp_path, refimpl):
    folder = tmp_path / "a:b"
    folder.mkdir()
    (folder / "mine.py").write_text(RIGHT.format(before=""))
    status, out, err = refimpl("check", LION.name, "--python", f"{folder}/mine.py:step", "--no-laws")
    assert (status, "verdict: conforms\n" in out) == (0, True), err


def test_complete_and_in_process(tmp_path, refimpl):
    (tmp_path / "mine.py").write_text(
        RIGHT.format(before="if weight_decay: raise NotImplementedError('no decay')") + "\nprint('at home')\n"
    )
    words = ("check", LION.name, "--python", "mine.py:step", "--no-laws")
    status, out, _ = refimpl(*words)
    assert (status, "verdict: conforms in 1 of " in out) == (0, True)
    assert refimpl(*words, "--complete")[0] == 1
    assert refimpl(*words, "--strict")[0] == 1
    status, _, err = refimpl(*words, "--strict", "--no-complete", "--in-process")
    assert (status, err) == (0, "at home\n")
