"""Right answers that are kept between runs: the same verdicts, from less work, and never needed."""

import dataclasses
import os
import time

import numpy as np
import pytest

from refimpl.oracle import catalog, check, edits, ending
from refimpl.oracle.candidates import Function
from refimpl.oracle.diagnosis import listed
from refimpl.oracle.judging import answers, kept, tolerance
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.run import Run, run

SYSTEMS = ("lion", "isogclr", "one_byte")  # steps, laws at both ends of the range, whole numbers


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty one, and nothing known in the process, whatever variables other tests have set before."""
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "kept"))
    forget()
    yield tmp_path / "kept"
    forget()


def forget():
    kept._state_at_first.cache_clear()
    listed.forget()


def said(done):
    """All that a run says, but for how long it took."""
    return [dataclasses.replace(record, seconds=0) for record in done.records]


def wrong(operation):
    """Its first listed mistake."""
    return Function(edits.runner(operation, edits.shown_in(operation.name, "mistake")[0]), operation=operation.name)


def counted(monkeypatch, module, name, counts):
    """`name` of `module`, which counts its calls."""
    function = getattr(module, name)

    def counting(*args, **kwargs):
        counts.append(name)
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, counting)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_second_run_says_the_same_and_computes_no_answer_again(system, monkeypatch):
    operation = catalog.system(system).operations[0]
    whose = [Function(operation.reference, operation=operation.name), wrong(operation)]
    runs: list[Run] = []
    counts: list[int] = []
    calls: list[str] = []
    counted(monkeypatch, tolerance, "noisy_run", calls)
    counted(monkeypatch, tolerance, "outputs_of", calls)
    for candidate in [*whose, *whose]:
        listed.forget()  # as a new process does
        calls.clear()
        runs.append(run(candidate, [operation], Settings()))
        counts.append(len(calls))
    assert said(runs[0]) == said(runs[2])
    assert said(runs[1]) == said(runs[3])
    assert counts[0] > 0 == counts[2] == counts[3]
    assert {record.status for record in runs[0].records} == {"passed"}
    assert "failed" in {record.status for record in runs[1].records}


def test_what_is_read_is_what_was_written_to_the_last_bit(folder):
    arrays = (np.array(0.1), np.array([[np.inf, -0.0], [np.nan, 5e-324]]), np.zeros((0, 3)))
    known = {"a": kept.Kept(arrays, 0, ()), "law/b": kept.Kept((), 3, arrays[:1])}
    kept.write({("lion.step", "float64"): known})
    read = kept.read("lion.step", "float64")
    assert read.keys() == known.keys()
    for key, wanted in known.items():
        assert read[key].runs == wanted.runs
        for got, value in zip((*read[key].answers, *read[key].worst), (*wanted.answers, *wanted.worst), strict=True):
            assert (got.shape, got.tobytes()) == (value.shape, value.tobytes())
    assert kept.read("lion.step", "float32") == {}


@pytest.mark.parametrize("torn", [b"", b"short", 100, -1], ids=["empty", "short", "cut", "a-bit-turned"])
def test_a_file_that_is_not_whole_is_none(folder, torn):
    kept.write({("lion.step", "float64"): {"a": kept.Kept((np.arange(50.0),), 0, ())}})
    (file,) = folder.glob("*/*")
    data = file.read_bytes()
    if torn == -1:
        torn = data[:-1] + bytes([data[-1] ^ 1])
    file.write_bytes(data[:torn] if isinstance(torn, int) else torn)
    assert kept.read("lion.step", "float64") == {}
    assert check(catalog.operation("lion.step").reference, "lion.step").verdict == "conforms"  # and mends it
    assert kept.read("lion.step", "float64")


@pytest.mark.parametrize("place", ["", "/dev/null/kept"])
def test_nowhere_to_keep_is_no_error(place, monkeypatch):
    monkeypatch.setenv(kept.VARIABLE, place)
    assert check(catalog.operation("lion.step").reference, "lion.step").verdict == "conforms"
    assert kept.read("lion.step", "float64") == {}


@pytest.fixture
def rule(tmp_path, monkeypatch):
    """A source of a package that stands for refimpl, older than the process."""
    package = tmp_path / "refimpl"
    (package / "core").mkdir(parents=True)
    (package / "core" / "rule.py").write_text("a = 1")
    monkeypatch.setattr(kept.refimpl, "__file__", str(package / "__init__.py"))
    monkeypatch.setattr(kept.refimpl, "BEGAN", time.time_ns() + 10**10)
    return package / "core" / "rule.py"


def test_other_code_knows_nothing_of_what_was_kept(rule, monkeypatch):
    states = [kept.state()]
    for text in ("a = 2", "a = 22", "a = 33"):
        before = rule.stat()
        time.sleep(0.02)  # clocks of file systems are coarse
        rule.write_text(text)
        os.utime(rule, ns=(before.st_atime_ns, before.st_mtime_ns))  # as an archive is unpacked
        states.append(kept.state())
    monkeypatch.setenv("OPENBLAS_CORETYPE", "another")  # than that of this run
    states.append(kept.state())
    (rule.parent / "__pycache__").mkdir()
    (rule.parent / "__pycache__" / "rule.pyc").write_bytes(b"compiled")
    assert len({*states, None}) == 6
    assert kept.state() == states[-1]


def test_a_process_that_may_run_what_no_file_holds_keeps_nothing(rule, monkeypatch):
    assert kept.state() is not None
    monkeypatch.setattr(kept.refimpl, "BEGAN", time.time_ns())
    time.sleep(0.02)
    rule.write_text("a = 2")
    assert kept.state() is None


def test_what_was_read_before_a_file_changed_is_not_kept(folder, monkeypatch):
    kept.read("lion.step", "float64")
    monkeypatch.setattr(kept, "state", lambda: "another")
    kept.write({("lion.step", "float64"): {}})
    assert not folder.exists()


def test_a_library_that_says_no_release_is_no_error(monkeypatch):
    monkeypatch.setattr(kept, "_LIBRARIES", ("numpy", "a-library-that-nobody-has"))
    assert kept.state() is not None


def test_the_oldest_states_go_and_nothing_else(folder):
    mine = folder / f"{0:032}"  # as others name what they keep, too
    mine.mkdir(parents=True)
    states = [folder / f"state-{i:032}" for i in range(kept.STATES + 3)]
    for i, old in enumerate(states):
        old.mkdir()
        os.utime(old, (i, i))
    kept.write({("lion.step", "float64"): {}})
    left = set(folder.iterdir())
    assert len(left) == kept.STATES + 1
    assert {mine, folder / f"state-{kept.state()}", *states[4:]} == left


def test_an_operation_that_is_no_listed_one_is_not_kept(folder):
    """A test, or a notebook, may have one of the same name that answers otherwise."""
    operation = catalog.operation("lion.step")
    twin = dataclasses.replace(operation)
    answers.right(twin, operation.cases[0], "float64")
    answers.keep([twin])
    assert not folder.exists()
    answers.forget()
    run(Function(operation.reference, operation=operation.name), [operation], Settings(only=["both-agree"]))
    one_more = dataclasses.replace(operation, exact=lambda **inputs: tuple(x + 1 for x in operation.exact(**inputs)))
    for case in operation.cases:
        answers.right(one_more, case, "float64")
    answers.keep([one_more, operation])
    answers.forget()
    known = answers.right(operation, operation.cases[1], "float64").answers
    assert known["new_theta"] == pytest.approx([0.87, -1.84, 2.81])


def test_a_law_that_is_no_listed_one_is_not_kept(folder):
    """One of a test may have a name that another test gives to another law."""
    operation = catalog.operation("lion.step")
    law = dataclasses.replace(operation.laws[0], statement="another")
    answers.of_law(operation, law, operation.cases[0], "float64").enough(lambda allowed: False)
    answers.keep([operation])
    answers.forget()
    assert operation.laws[0].slug == law.slug
    assert not any(name.startswith(law.slug) for name in kept.read("lion.step", "float64"))


def test_a_noisy_run_that_is_ended_is_none(monkeypatch):
    operation, plain = catalog.operation("lion.trajectory"), tolerance.noisy_run
    case = operation.cases[0]
    wanted = answers.expected(operation, case, "float64")[1]["thetas"]
    answers.forget()
    calls: list[int] = []

    def ended_once(*args):
        calls.append(1)
        if len(calls) == 1:
            raise ending.Ended
        return plain(*args)

    monkeypatch.setattr(tolerance, "noisy_run", ended_once)
    with pytest.raises(ending.Ended):
        answers.expected(operation, case, "float64")
    answers.keep([operation])
    answers.forget()
    assert answers.expected(operation, case, "float64")[1]["thetas"].tolist() == wanted.tolist()
    assert len(calls) == 1 + tolerance.TRIALS
