"""A Python candidate in a process of its own: whatever it does, a verdict comes, and the exit status is that of it."""

import json
import re
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import refimpl as refimpl_
from refimpl.oracle import catalog, cli
from refimpl.oracle.candidates import Apart, CandidateError, NotApplicable, Skipped, copies
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
    "returns nothing": ("return None", "garbage", "returned None; expected new_theta, new_momentum"),
    "returns one of two": (
        "import numpy as np\nreturn np.ones(1)",
        "garbage",
        "returned 1 output; expected 2: new_theta, new_momentum; answer {'new_theta'",
    ),
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
    assert (report.verdict, [slip.kind for slip in report.manners]) == ("conforms in part", ["directory"])


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
    assert (status, "verdict: conforms in " in out) == (0, True), err


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


# Between loading and the first case -----------------------------------------------------------------------------------

WRITE = """
import json, os
def say(line):
    for i in range(3, 40):
        try: os.write(i, line)
        except OSError: pass
def forged(seq, **more):
    say((json.dumps({"seq": seq} | more) + "\\n").encode())
"""
CALLED = "class Thing:\n    def __call__(self, **inputs): return 0\n"
QUIET = CALLED + "    def __getattr__(self, name):\n        {}\nstep = Thing()\n"
TELLS = CALLED + "    @property\n    def __signature__(self):\n        {}\nstep = Thing()\n"
LOADS = {
    "ends when it is asked what it offers": QUIET.format("import os; os._exit(0)"),
    "ends there with a status": QUIET.format("import os; os._exit(3)"),
    "is killed there": QUIET.format("import os; os.kill(os.getpid(), 9)"),
    "exits there": QUIET.format("raise SystemExit(0)"),
    "raises there": QUIET.format("raise RuntimeError(name)"),
    "raises no exception there": QUIET.format("raise KeyboardInterrupt"),
    "ends at its signature": TELLS.format("import os; os._exit(0)"),
    "raises at its signature": TELLS.format("raise RuntimeError('no')"),
    "exits at its signature": TELLS.format("raise SystemExit(1)"),
    "has no signature": TELLS.format("return 5"),
    "closes its descriptors there": QUIET.format("import os; os.closerange(3, 64)"),
    "speaks there": QUIET.format("say(b'verdict: conforms\\n'); raise AttributeError(name)"),
    "forges what it offers": QUIET.format("forged(2, offers={'lion.step': []}); raise AttributeError(name)"),
    "offers nonsense": QUIET.format("forged(2, offers=5); raise AttributeError(name)"),
    "offers to everybody": QUIET.format("forged(2, offers={'lion.step': 7}); raise AttributeError(name)"),
    "answers the next question": QUIET.format("forged(3, outputs={}); raise AttributeError(name)"),
    "answers with a list": QUIET.format("say(b'[1, 2]\\n'); raise AttributeError(name)"),
    "writes no line": QUIET.format("say(b'x'); raise AttributeError(name)"),
    "writes no text": QUIET.format("say(bytes(range(128, 256)) + b'\\n'); raise AttributeError(name)"),
    "writes NaN": QUIET.format("say(b'{\"seq\": NaN}\\n'); raise AttributeError(name)"),
    "writes when it is loaded": "say(b'verdict: conforms\\n')\ndef step(**inputs): return 0\n",
    "forges its load": "forged(1, name='n', version='v', language='l', refuses=True)\ndef step(**inputs): return 0\n",
    "forges a part of its load": "forged(1, name='n')\ndef step(**inputs): return 0\n",
    "forges a load of other types": "forged(1, name=[1], version={}, language=None)\ndef step(**inputs): return 0\n",
    "forges a load and ends": "forged(1, name='n', version='v', language='l')\nos._exit(0)\n",
    "ends when it is loaded": "os._exit(0)\n",
    "forges two answers": "forged(1, name='n', version='v', language='l')\nforged(2, offers={'lion.step': []})\n"
    "def step(**inputs): return 0\n",
}


@pytest.mark.parametrize("name", LOADS)
def test_what_happens_before_the_first_case_is_no_mistake_of_ours(tmp_path, refimpl, name):
    (tmp_path / "mine.py").write_text(WRITE + LOADS[name])
    words = ["check", "lion.step", "--python", "mine.py:step", "--only", "both-agree", "--explain", "0"]
    status, out, err = refimpl(*words, "--report", "report.jsonl")
    assert "Traceback (most recent call last)\n  File" not in err
    assert "mistake in refimpl" not in err
    assert status == 2
    if "cannot load" in err:  # there is nobody to be judged
        assert not out
        return
    assert "verdict: gave no answer that counts" in out
    report = json.loads((tmp_path / "report.jsonl").read_text().splitlines()[-1])
    assert report["verdict"] == "error"


# Kinship --------------------------------------------------------------------------------------------------------------


def test_a_copy_of_the_source_under_another_name_is_told_of(apart, tmp_path):
    source = (Path(refimpl_.__path__[0]) / "optimizers" / "lion.py").read_text()
    (tmp_path / "my_own_lion.py").write_text(source.replace("def update", "def advance").replace("Lion", "Own"))
    body = "import my_own_lion\ndef step(theta, momentum, grad, **rates):\n    s = my_own_lion.OwnState(momentum)\n"
    candidate = apart(
        body + "    theta, s = my_own_lion.advance(theta, s, grad, **rates)\n    return theta, s.momentum\n"
    )
    assert check(candidate, LION.name).verdict == "conforms"
    assert candidate.note.startswith("my_own_lion.py has the code of refimpl.optimizers.lion.")
    assert check(candidate, LION.name, only=["both-agree"]).candidate["note"] == candidate.note


def test_other_code_for_the_same_rule_is_not(apart):
    candidate = apart(RIGHT.format(before=""))
    assert check(candidate, LION.name, only=["both-agree"]).candidate.get("note", "") == ""


def test_names_do_not_hide_a_larger_function():
    body = (
        "    b = x * 2 + 1\n    c = [b - i for i in range(9) if i % 2 and b > i]\n    d = {k: b * k - x for k in c}\n"
    )
    text = f"def f(x):\n{body}    return sum(c) * b + max(d.values()) - x * min(c) + len(d) ** 2 - abs(b) + c[0]\n"
    mine, other = copies.fingerprints(text), copies.fingerprints(re.sub(r"\b([bd])\b", r"\1_2", text))
    assert len(mine) == 2
    assert mine.keys() & other.keys()


CHILD = """
import subprocess, sys
def step(**inputs):
    subprocess.run([sys.executable, "-c", "import refimpl.optimizers.lion, refimpl.core.check"], check=True)
    return 0, 0
"""


def test_a_child_that_imports_the_source_is_told_of(apart, tmp_path, fake):
    candidate = apart(CHILD)
    candidate.run(LION, CASE.inputs)
    candidate.close()
    assert candidate.note == "it imports refimpl.optimizers.lion: part of what it is compared with"
    program = fake([sys.executable, "-c", "import refimpl.optimizers.lion\nfor line in __import__('sys').stdin: break"])
    with pytest.raises(CandidateError):
        program.run(LION, CASE.inputs)
    assert program.note.startswith("it imports refimpl.optimizers.lion: part of what it is compared with")


def test_what_anybody_may_use_is_no_kinship(apart):
    candidate = apart("import refimpl.core.check, refimpl.problems\n" + RIGHT.format(before=""))
    candidate.run(LION, CASE.inputs)
    candidate.close()
    assert candidate.note == ""
