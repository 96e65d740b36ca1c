"""The pytest plugin: every check of an operation becomes a test of its own.

It is loaded by every run of pytest where refimpl is installed; so it imports the oracle only when it is used.
"""

import os
import shlex
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from refimpl.oracle.judging.plans import Plan

_seen: dict[str, list[Any]] = defaultdict(list)  # test function -> (plan, outputs, record, candidate) of its checks
_checked: set[str] = set()  # tests in which a candidate was judged by the case


def pytest_addoption(parser):
    """How long the cause of failures is looked for."""
    text = "seconds in which the cause of a test function's failures is looked for (default: 10, or $REFIMPL_EXPLAIN)"
    parser.addini("refimpl_explain", text, default="")


_slips: dict[str, dict[str, Any]] = defaultdict(dict)  # test function -> what calls did beside answering, by kind


def parametrize_with_cases(
    target,
    *,
    dtypes=("float64",),
    only=(),
    skip=None,
    fuzz=0,
    seed="",
    laws=True,
    errors=False,
    variant=None,
    expected_failures=None,
):
    """Decorator of a test function that is called with each `case` of an operation.

    Parameters
    ----------
    target : str
        "<system>.<operation>", or "<system>" for all its operations.
    dtypes, only, skip, fuzz, seed, laws, errors
        As for `refimpl.oracle.check`.
    variant : str, optional
        The variant that is meant: what agrees with it passes.
    expected_failures : dict of str to str, optional
        Case id or slug, "law:<slug>:<case>" or "refuses:<slug>", each also with "@<dtype>" at its end -> reason. A
        failure there is expected, and its absence is a failure; so is an entry that names nothing.

    Returns
    -------
    decorator
        For a function with an argument `case`, whose method ``case.check(candidate)`` takes what
        `refimpl.oracle.check` takes. The tests are called like the cases.

    Raises
    ------
    ValueError
        If the target, a precision or the variant is unknown, or a reason is missing.

    Examples
    --------
    >>> @parametrize_with_cases("lion.step", only=["both-agree"])
    ... def test_lion(case):
    ...     case.check(my_lion)
    >>> [case.id for case in test_lion.pytestmark[0].args[1]]
    ['lion.step/both-agree-...']
    """
    from refimpl.oracle import catalog, edits
    from refimpl.oracle.judging.plans import Settings

    operations = catalog.operations(target)
    asked = Settings(dtypes, only, skip, fuzz, laws, errors, expected_failures, seed=seed)
    skip, excused = asked.skip or {}, asked.expected_failures or {}
    variants = {entry.slug for operation in operations for entry in edits.shown_in(operation.name, "variant")}
    if variant is not None and variant not in variants:
        raise ValueError(f"variant must be one of {', '.join(sorted(variants)) or 'none'}, got {variant!r}")
    parameters = [pytest.param(_Stale(text), id=f"stale: {text}") for text in asked.stale(operations)]
    for plan in asked.plans(operations):
        marks = [pytest.mark.skip(reason=skip[pattern]) for pattern in [plan.matching(skip)] if pattern is not None]
        reasons = {name: excused[name] for name in plan.names & excused.keys()}
        if reasons:  # nothing but the check is expected to fail
            why = " ".join(sorted(set(reasons.values())))
            marks.append(pytest.mark.xfail(strict=True, reason=why, raises=pytest.fail.Exception))
        name = plan.id if len(dtypes) == 1 else f"{plan.id}@{plan.dtype}"
        parameters.append(pytest.param(CaseCheck(target, plan, variant, reasons), id=name, marks=marks))
    return pytest.mark.parametrize("case", parameters)


@dataclass(frozen=True)
class CaseCheck:
    """What a test gets: one case, law or error case, in one precision."""

    target: str
    plan: "Plan"
    variant: str | None = None
    expected_failures: Mapping[str, str] = field(default_factory=dict)  # that name this one

    def check(self, candidate):
        """Judge a candidate by this case; the test fails, or is skipped, with what the command line would say.

        Parameters
        ----------
        candidate : candidates.Candidate, callable or module
            As for `refimpl.oracle.check`.
        """
        __tracebackhide__ = True
        from refimpl.oracle import catalog
        from refimpl.oracle.candidates import as_candidate
        from refimpl.oracle.judging.manners import watching
        from refimpl.oracle.judging.run import carry_out
        from refimpl.oracle.output.words import describe

        candidate = as_candidate(candidate, self.target)
        test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        _checked.add(test)
        if not candidate.offers(self.plan.operation):
            if not any(map(candidate.offers, catalog.operations(self.target))):
                pytest.fail(f"{candidate.name} offers no operation of {self.target}", pytrace=False)
            pytest.skip(f"{candidate.name} offers no {self.plan.operation.name}")
        with watching(candidate) as watch:
            watch.place = self.plan.id
            record, outputs = carry_out(self.plan, candidate, self.expected_failures)
        if test:
            record = replace(record, repro=shlex.join(["pytest", test]))
            name = test.partition("[")[0]
            _seen[name].append((self.plan, outputs, record, candidate))
            for slip in watch.slips:
                _slips[name].setdefault(slip.kind, slip)
        if record.status in ("skipped", "not_applicable"):
            pytest.skip(record.reason)
        if record.status in ("passed", "xpass") or self._is_variant(outputs, record):
            return  # where a failure was expected, the strict mark makes this one
        *lines, rerun = describe(record)
        if outputs is not None:
            lines.append(f"diagnosis: {_told([(self.plan, outputs, record, candidate)], 0)[0]}")
        pytest.fail("\n".join([*lines, rerun]), pytrace=False)

    def _is_variant(self, outputs, record):
        """Whether the answer is that of the variant that is meant."""
        from refimpl.oracle.diagnosis.listed import breaks_law, diagnose_outputs
        from refimpl.oracle.judging import parts
        from refimpl.oracle.judging.run import Run

        if self.variant is None or record.status != "failed":
            return False
        done = parts.completed(Run([self.plan], [record], [outputs], (), [], False))
        found = diagnose_outputs(done.planned, done.outputs, done.records)
        return (found is not None and self.variant in found.names) or breaks_law(self.plan, self.variant)


@dataclass(frozen=True)
class _Stale:
    """Stands for an entry that names nothing."""

    sentence: str

    def check(self, candidate):
        __tracebackhide__ = True
        pytest.fail(self.sentence, pytrace=False)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A test that passes and has judged nobody by its case has forgotten to: it fails, whatever is expected of it."""
    report = (yield).get_result()
    case = getattr(getattr(item, "callspec", None), "params", {}).get("case")
    if call.when == "call" and isinstance(case, CaseCheck | _Stale):
        if call.excinfo is None and item.nodeid not in _checked:
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} checks nothing: call case.check(candidate) in it"
            report.__dict__.pop("wasxfail", None)
        _checked.discard(item.nodeid)


def _told(seen, seconds):
    """What the command line would say of the cause, as lines."""
    from refimpl.oracle.diagnosis.explain import explain
    from refimpl.oracle.judging import parts
    from refimpl.oracle.judging.records import Report
    from refimpl.oracle.judging.run import Run
    from refimpl.oracle.output.words import told

    planned, outputs, records, candidates = map(list, zip(*seen, strict=True))
    done = parts.completed(Run(planned, records, outputs, (), [], False))
    found = explain(done, parts.Whole(candidates[-1]), seconds)
    report = Report("", {}, "deviates", {}, len(records), (), found.diagnosis, found.findings, found.smallest)
    return [line.removeprefix("verdict: ") for line in told(report)]


def pytest_terminal_summary(terminalreporter, config):
    """Say why each test function failed (with pytest-xdist: of what ran here)."""
    for test, seen in _seen.items():
        if any(record.status == "failed" for _, _, record, _ in seen):
            from refimpl.oracle.diagnosis.explain import usual_seconds

            first, *more = _told(seen, float(config.getini("refimpl_explain") or usual_seconds()))
            terminalreporter.write_line(f"{test} {first}", red=True)
            for line in more:
                terminalreporter.write_line(f"  {line}")
        if left := sorted({output for _, _, record, _ in seen for output in record.without}):
            terminalreporter.write_line(
                f"{test} was not judged on {', '.join(left)}: not among its answers", yellow=True
            )
        for slip in _slips[test].values():
            terminalreporter.write_line(f"{test} {slip.message} (first in {slip.case}; advice)", yellow=True)
