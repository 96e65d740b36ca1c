"""What `refimpl diff` says of two report files."""

import json
from dataclasses import replace

import numpy as np
import pytest

from refimpl.oracle.cli import main
from refimpl.oracle.output import data as as_data
from refimpl.oracle.output import results
from refimpl.oracle.verdict import check


def lion(beta=0.0, noise=0.0):
    """Lion, its rates moved apart by `beta`, its answer by a relative `noise`."""

    def run(theta0, grads, lr, beta1, beta2, weight_decay):
        theta, m, out = theta0, 0 * theta0, []
        for g in grads:
            c = (beta1 + beta) * m + (1 - beta1 - beta) * g
            theta = theta - lr * (np.sign(c) + weight_decay * theta)
            m = beta2 * m + (1 - beta2) * g
            out.append(theta)
        return np.array(out) * (1 + noise)

    return run


@pytest.fixture(scope="module")
def reports():
    return {
        "right": check(lion(), "lion.trajectory", laws=False),
        "again": check(lion(), "lion.trajectory", laws=False),
        "noisy": check(lion(noise=2e-15), "lion.trajectory", laws=False),
        "wrong": check(lion(beta=-0.3), "lion.trajectory", laws=False),
        "short": check(lion(), "lion.trajectory", laws=False, only=["two-rates", "gaussian-long"]),
        "step": check(lambda **inputs: None, "lion.step"),
    }


@pytest.fixture
def file(reports, tmp_path):
    def write(name):
        path = tmp_path / f"{name}.jsonl"
        results.write_report(path, reports[name])
        return str(path)

    return write


def test_a_report_and_its_like_are_the_same(reports, file, capsys):
    assert results.diff(reports["right"], reports["again"]).same
    assert main(["diff", file("right"), file("again")]) == 0
    out = capsys.readouterr().out
    assert "0 checks differ" in out
    assert "verdict: conforms in part, as before" in out


def test_what_fails_now_comes_first(reports, file, capsys):
    found = results.diff(reports["right"], reports["wrong"])
    assert not found.same
    failing = {f"{r.case}@float64" for r in reports["wrong"].records if r.status == "failed"}
    broken = [c for c in found.changes if (c.before, c.after) == ("passed", "failed")]
    assert {c.check for c in broken} == failing
    assert list(found.changes[: len(broken)]) == broken
    assert found.verdicts == ("conforms in part", "deviates")
    assert main(["diff", file("right"), file("wrong")]) == 1
    out = capsys.readouterr().out
    assert "passed -> failed" in out
    assert "digits lost" in out
    assert "verdict: conforms in part -> deviates" in out


def test_mended_cases_are_shown_too(reports):
    found = results.diff(reports["wrong"], reports["right"])
    assert {(c.before, c.after) for c in found.changes} == {("failed", "passed")}
    assert all(c.digits > 0 for c in found.changes)


def test_digits_lost_without_a_change_of_status(reports):
    """2e-15 is within the tolerance of some cases, and costs them more than a digit."""
    found = results.diff(reports["right"], reports["noisy"])
    lost = [c for c in found.changes if c.before == c.after == "passed"]
    assert lost
    assert all(c.digits < -results.SAME_DIGITS for c in lost)
    assert "digits lost" in lost[0].words
    back = {c.check: c.words for c in results.diff(reports["noisy"], reports["right"]).changes}
    assert all("digits gained" in back[c.check] for c in lost)


def test_a_last_bit_is_no_difference(reports):
    first, *rest = reports["right"].records
    shaken = replace(reports["right"], records=(replace(first, digits=first.digits - 0.3), *rest))
    assert results.diff(reports["right"], shaken).same


def test_new_and_removed_checks(reports):
    fewer = results.diff(reports["right"], reports["short"])
    more = results.diff(reports["short"], reports["right"])
    assert len(fewer.changes) == len(more.changes) == reports["right"].planned - 2
    assert {c.words for c in fewer.changes} == {"passed -> removed"}
    assert {c.words for c in more.changes} == {"new -> passed"}


def test_worst_first_across_kinds(reports):
    """A new failure, a check that is gone, digits lost, a new check, a failure mended: in this order."""
    base = list(reports["right"].records[:4])
    fail = replace(base[0], status="failed", digits=1.0)
    before = replace(reports["right"], records=(base[0], base[1], base[2], replace(base[3], status="failed")))
    new = replace(base[1], case="lion.trajectory/new-12345678")
    after = replace(reports["right"], records=(base[3], new, replace(base[2], digits=9.0), fail))
    words = [change.words for change in results.diff(before, after).changes]
    assert [text.split(",")[0] for text in words] == [
        "passed -> failed",
        "passed -> removed",
        "passed",
        "new -> passed",
        "failed -> passed",
    ]


def test_a_new_problem_is_a_difference(reports):
    found = results.diff(reports["right"], replace(reports["right"], problems=("stale",)))
    assert not found.same
    assert found.verdicts[1] == "conforms in part (with problems)"


def test_json(file, reports, capsys):
    assert main(["diff", file("right"), file("wrong"), "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["same"] is False
    assert data["verdicts"] == ["conforms in part", "deviates"]
    found = results.diff(reports["right"], reports["wrong"])
    assert [change["check"] for change in data["changes"]] == [change.check for change in found.changes]
    assert json.loads(as_data.json_difference(found)) == data


def test_reports_of_different_targets_cannot_be_compared(file, capsys):
    assert main(["diff", file("right"), file("step")]) == 2
    assert "must be of one target" in capsys.readouterr().err


def test_a_file_that_is_not_there(file, capsys):
    assert main(["diff", file("right"), "nowhere.jsonl"]) == 2
    assert "nowhere.jsonl" in capsys.readouterr().err
