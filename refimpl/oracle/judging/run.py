"""A run: the checks that are asked for, one after the other, of one candidate."""

import shlex
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from refimpl.oracle import catalog, ending
from refimpl.oracle.candidates.limit import one_thread
from refimpl.oracle.candidates.watch import Slip
from refimpl.oracle.judging import answers
from refimpl.oracle.judging.manners import watching
from refimpl.oracle.judging.plans import Plan, Settings, refusals
from refimpl.oracle.judging.records import FAILURES, UNANSWERED, Record


class Run(NamedTuple):
    """What came of a run; three lists of the same length, and what is wrong with how it was asked for."""

    planned: list[Plan]
    records: list[Record]
    outputs: list[Any]  # of a case what the candidate answered, by output; else None
    manners: tuple[Slip, ...]  # what calls did beside answering
    problems: list[str]  # patterns and expected failures that are stale
    stopped: bool  # after as many failures as were asked for
    checks: int = 0  # that there are, chosen or not

    @property
    def silent(self):
        """Whether there is no more to ask: it was stopped, or nothing was answered."""
        return self.stopped or all(record.status in UNANSWERED for record in self.records)


def run(candidate, operations, settings: Settings, callback: Callable[[Record], None] = lambda record: None):
    """Carry out the checks of some operations.

    Parameters
    ----------
    candidate : Candidate
        Who is asked. The checks of an operation that it does not offer are not applicable.
    operations : sequence of Operation
        At least one, all of one system.
    settings : Settings
        What is asked for.
    callback : callable, optional
        Gets each record as it is made.

    Returns
    -------
    Run
        See there.

    Examples
    --------
    >>> from refimpl.oracle.candidates import Function
    >>> lion = catalog.operation("lion.step")
    >>> done = run(Function(lion.reference, operation=lion.name), [lion], Settings(only=["both-agree"]))
    >>> [record.status for record in done.records], sorted(done.outputs[0])
    (['passed'], ['new_momentum', 'new_theta'])
    """
    every = settings.every(operations)
    planned = settings.chosen(every)
    offered = {operation.name for operation in operations if candidate.offers(operation)}
    done: list[tuple[Record, Any]] = []
    failures = 0
    with watching(candidate) as watch:
        try:
            for plan in planned:
                if ending.told():
                    raise ending.Ended
                watch.place = plan.id
                if reason := _left_out(plan, settings, failures):
                    record, got = _record(plan, candidate, status="skipped", reason=reason), None
                elif plan.operation.name not in offered:
                    reason = f"{candidate.name} does not offer {plan.operation.name}"
                    record, got = _record(plan, candidate, status="not_applicable", reason=reason), None
                else:
                    record, got = carry_out(plan, candidate, settings.expected_failures)
                failures += record.status in FAILURES
                done.append((record, got))
                callback(record)
        except ending.Ended:  # what was found by then is a report as well
            left = planned[len(done) :]
            done += [(_record(plan, candidate, status="skipped", reason=ending.told()), None) for plan in left]
    answers.keep(operations)
    records, outputs = [record for record, _ in done], [got for _, got in done]
    everything = catalog.system(operations[0].system).operations  # a run of a part of that makes no name stale
    problems = unexpected(records) + settings.stale(everything, planned)
    stopped = failures == settings.max_fail
    return Run(planned, records, outputs, watch.slips, problems, stopped, len(every))


def _left_out(plan, settings, failures):
    """Why a check is passed over; "" if it is not."""
    if failures == settings.max_fail:
        return f"stopped after {failures} failure{'s' * (failures > 1)}"
    return settings.skip.get(plan.matching(settings.skip), "")


def advice(candidate, operations, settings):
    """Records of the error cases, which count only when asked for; none of a candidate that cannot raise."""
    if not candidate.refuses or settings.errors or settings.only:
        return []
    asked = [plan for plan in refusals(operations) if plan.matching(settings.skip) is None]
    return [carry_out(plan, candidate, {})[0] for plan in asked]


def unexpected(records):
    """Sentences about the expected failures that did not fail."""
    return [f"{r.case} passes; remove it from the expected failures" for r in records if r.status == "xpass"]


@one_thread()  # of each check anew: one may load SciPy's solvers, with threads of their own
def carry_out(plan, candidate, excused):
    """Run one check.

    Parameters
    ----------
    plan : Plan
        From `plans`.
    candidate : Candidate
        That offers the plan's operation.
    excused : dict of str to str
        Expected failures.

    Returns
    -------
    record : Record
        What came out.
    outputs : dict of str to numpy.ndarray, or None
        What the candidate answered, where the check is a case.
    """
    start = time.perf_counter()
    got, fields = plan.run(candidate)
    seconds = time.perf_counter() - start
    names = plan.names & excused.keys()
    if names and fields["status"] not in ("skipped", "not_applicable"):
        failed = fields["status"] in FAILURES
        reason = excused[min(names)]
        fields |= {"status": "xfail" if failed else "xpass", "expected_to_fail": True, "reason": reason}
    return _record(plan, candidate, seconds=seconds, **fields), got


def _record(plan, candidate, **fields):
    return Record(
        operation=plan.operation.name,
        case=plan.id,
        dtype=plan.dtype,
        flags=plan.case.flags if plan.case else (),
        why=plan.why,
        repro=_repro(plan, candidate),
        **fields,
    )


def _repro(plan, candidate):
    """The command that reruns a check alone, or a Python call if no command line can name the candidate."""
    kind, _, number = plan.short.rpartition("-")
    fuzz = int(number) + 1 if plan.case and kind in ("fuzz", "seeded") and number.isdecimal() else 0
    seeded = bool(fuzz) and kind == "seeded"
    errors = plan.short.startswith("refuses:")
    name, only, dtype = plan.operation.name, plan.short, plan.dtype
    if candidate.repro is None:
        extra = f", fuzz={fuzz}" * bool(fuzz) + ", seed=..." * seeded + ", errors=True" * errors
        return f"refimpl.oracle.check(candidate, {name!r}, only=[{only!r}], dtypes=[{dtype!r}]{extra})"
    words = ["refimpl", "check", name, *candidate.repro, "--only", only, "--dtype", dtype]
    words += ["--fuzz", str(fuzz)] * bool(fuzz) + ["--seed", "WORD"] * seeded  # which only the teacher knows
    return shlex.join(words + ["--errors"] * errors)
