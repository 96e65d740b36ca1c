"""What calls do beside answering: seen, told with the call that showed it, and never seen of the reference."""

import dataclasses
import json
import os
import random
import warnings

import numpy as np
import pytest

from refimpl.optimizers import lion
from refimpl.oracle.candidates import Function, reference, watch
from refimpl.oracle.cli import main
from refimpl.oracle.output import documents, results
from refimpl.oracle.verdict import check, merged

REPEATABLE = "manners:repeatable"


def right(theta0, grads, momentum=None, **rates):
    theta, state, thetas = theta0, momentum or lion.init(theta0), []
    for grad in grads:
        theta, state = lion.update(theta, state, grad, **rates)
        thetas.append(theta)
    return np.stack(thetas), state


def slips(candidate, **options):
    report = check(candidate, "lion.trajectory", **{"only": ["two-rates", "decay-and-zero"]} | options)
    return report, {slip.kind: slip for slip in report.manners}


def test_state_that_is_kept_is_a_failure():
    kept = {}

    def candidate(theta0, grads, **rates):
        thetas, kept[theta0.shape] = right(theta0, grads, kept.get(theta0.shape), **rates)
        return thetas

    report, seen = slips(candidate, only=["*"])
    record = next(r for r in report.records if r.case.endswith(REPEATABLE))
    assert (record.status, report.verdict, seen) == ("failed", "deviates", {})
    assert record.message.startswith("answers decay-and-zero otherwise when it is asked for again after other cases")
    assert record.repro.endswith("only=['manners:repeatable'], dtypes=['float64'])")


def test_memory_that_is_read_as_it_lies_is_a_failure():
    def candidate(theta0, grads, **rates):
        thetas, _ = right(theta0, grads.ravel(order="K").reshape(grads.shape), None, **rates)
        return thetas

    report, _ = slips(candidate, only=["*"])
    (record,) = (r for r in report.records if r.case.endswith(REPEATABLE))
    assert (record.status, report.verdict) == ("failed", "deviates")
    assert record.message.endswith("otherwise when its matrices are stored by columns")
    assert all(r.status == "passed" for r in report.records if r is not record)


def test_draws_of_its_own_are_found_at_once():
    rng = np.random.default_rng(0)
    report, _ = slips(lambda grads, **rest: rng.standard_normal(grads.shape), only=[REPEATABLE])
    assert "twice in a row" in report.records[0].message


def test_rounding_that_differs_from_call_to_call_is_none():
    signs = iter([1, -1] * 100)
    report, _ = slips(lambda **inputs: right(**inputs)[0] * (1 + next(signs) * 1e-16), only=[REPEATABLE])
    assert [record.status for record in report.records] == ["passed"]


def test_what_answers_once_alone():
    asked = []

    def candidate(theta0, grads, **rates):
        asked.append(1)
        if len(asked) > 3:
            raise RuntimeError("used up")
        return right(theta0, grads, **rates)[0]

    report, _ = slips(candidate, only=[REPEATABLE])
    assert report.records[0].status == "failed"
    assert "once, and not again: RuntimeError: used up" in report.records[0].message


def test_what_never_answers_is_no_matter_of_manners():
    def candidate(**inputs):
        raise RuntimeError("no")

    assert slips(candidate, only=[REPEATABLE])[0].records[0].status == "error"


def test_it_counts_once_for_each_operation_and_goes_with_the_laws():
    report = check(reference("lion"), "lion", only=["manners:*"], dtypes=("float64", "float32"))
    assert (report.planned, report.counts["passed"]) == (4, 4)
    assert not any(REPEATABLE in r.case for r in check(reference("lion.step"), "lion.step", laws=False).records)


def rude(slip):
    """The right answer, with something beside it."""
    buffers = {}

    def candidate(theta0, grads, **rates):
        thetas, _ = right(theta0.copy(), grads, **rates)
        if slip == "inputs":
            theta0 += 1.0
        if slip == "buffer":
            buffer = buffers.setdefault(thetas.shape, thetas)
            buffer[...] = thetas
            return buffer
        {
            "np.random": np.random.random,
            "random": random.random,
            "np.seterr": lambda: np.seterr(all="ignore"),
            "os.environ": lambda: os.environ.update(REFIMPL_RUDE="1"),
            "directory": lambda: os.chdir("/"),
            "warnings": lambda: warnings.simplefilter("ignore"),
        }.get(slip, lambda: None)()
        return thetas

    return candidate


KINDS = ["inputs", "buffer", *(kind for kind in watch.SHARED if kind != "torch.dtype")]


@pytest.mark.parametrize("kind", KINDS)
def test_each_slip_is_told_as_advice(kind, monkeypatch):
    monkeypatch.delenv("REFIMPL_RUDE", raising=False)
    here = os.getcwd()
    report, seen = slips(rude(kind), only=["*"], laws=False)
    os.environ.pop("REFIMPL_RUDE", None)
    assert os.getcwd() == here
    assert list(seen) == [kind]
    assert seen[kind].case.startswith("lion.trajectory/")
    status = report.exit_code(complete=False), report.exit_code(strict=True, complete=False)
    assert (report.verdict, status) == ("conforms in part", (0, 1))


def test_slips_are_told_everywhere_alike(tmp_path, capsys):
    report, seen = slips(rude("inputs"))
    assert seen["inputs"].message == "lion.trajectory overwrites its input theta0: [0] was 0 and is 1"
    results.write_report(tmp_path / "report", report)
    assert results.read_report(tmp_path / "report").manners == report.manners
    assert merged("lion", [report, report]).manners == report.manners
    assert "overwrites its input" in documents.markdown_report(report)
    assert "overwrites" not in documents.junit_report(report)
    assert documents.junit_report(report, strict=True, complete=False).count("<failure") == 1
    file = tmp_path / "mine.py"
    file.write_text("def f(theta0, **rest):\n    theta0 += 1\n    raise ValueError\n")
    main(["check", "lion.trajectory", "--python", f"{file}:f", "--only", "two-rates", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["manners"] == []  # it answered nothing
    assert dataclasses.asdict(seen["inputs"])["case"] == "lion.trajectory/two-rates-39786c4f"


def test_a_watch_leaves_when_the_run_ends():
    candidate = Function(lambda **inputs: right(**inputs)[0], operation="lion.trajectory")
    slips(candidate)
    assert candidate.watch is None
