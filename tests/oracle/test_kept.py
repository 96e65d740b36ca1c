"""Right answers that are kept between runs: the same verdicts, from less work, and never needed."""

import dataclasses
import os
import time

import numpy as np
import pytest

from refimpl.oracle import catalog, check, edits
from refimpl.oracle.candidates import Function
from refimpl.oracle.diagnosis import listed
from refimpl.oracle.judging import answers, kept, tolerance
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.run import Run, run

SYSTEMS = ("lion", "isogclr", "one_byte")  # steps, laws at both ends of the range, whole numbers


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty one, and nothing known in the process."""
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "kept"))
    listed.forget()
    yield tmp_path / "kept"
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
    kept.write("lion.step", "float64", known)
    read = kept.read("lion.step", "float64")
    assert read.keys() == known.keys()
    for key, wanted in known.items():
        assert read[key].runs == wanted.runs
        for got, value in zip((*read[key].answers, *read[key].worst), (*wanted.answers, *wanted.worst), strict=True):
            assert (got.shape, got.tobytes()) == (value.shape, value.tobytes())
    assert kept.read("lion.step", "float32") == {}


@pytest.mark.parametrize("torn", [b"", b"short", 100, -1], ids=["empty", "short", "cut", "a-bit-turned"])
def test_a_file_that_is_not_whole_is_none(folder, torn):
    kept.write("lion.step", "float64", {"a": kept.Kept((np.arange(50.0),), 0, ())})
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


def test_other_code_knows_nothing_of_what_was_kept(folder, tmp_path, monkeypatch):
    package = tmp_path / "refimpl"
    (package / "core").mkdir(parents=True)
    source = package / "core" / "rule.py"
    monkeypatch.setattr(kept.refimpl, "__file__", str(package / "__init__.py"))
    states: list[str] = []
    for text in ("a = 1", "a = 2", "a = 22"):
        source.write_text(text)
        os.utime(source, ns=(time.time_ns(), len(states)))
        states.append(kept.state.__wrapped__())
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    states.append(kept.state.__wrapped__())
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "rule.pyc").write_bytes(b"compiled")
    assert len(set(states)) == 4
    assert kept.state.__wrapped__() == states[-1]


def test_the_oldest_states_go_and_nothing_else(folder):
    (folder / "mine").mkdir(parents=True)
    for i in range(kept.STATES + 3):
        old = folder / f"{i:032}"
        old.mkdir()
        os.utime(old, (i, i))
    kept.write("lion.step", "float64", {})
    left = sorted(path.name for path in folder.iterdir())
    assert len(left) == kept.STATES + 1
    assert {"mine", kept.state(), f"{kept.STATES + 2:032}"} <= set(left)
    assert f"{3:032}" not in left


def test_an_operation_that_is_no_listed_one_is_not_kept(folder):
    """A test, or a notebook, may have one of the same name that answers otherwise."""
    operation = catalog.operation("lion.step")
    twin = dataclasses.replace(operation)
    answers.right(twin, operation.cases[0], "float64")
    answers.keep([twin])
    assert not folder.exists()
