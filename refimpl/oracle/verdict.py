"""What Python users call: `check` judges a candidate and then says which mistake or variant it is."""

from collections.abc import Callable, Mapping, Sequence

from refimpl.oracle import catalog, ending
from refimpl.oracle.candidates import as_candidate
from refimpl.oracle.diagnosis import explain as diagnosis
from refimpl.oracle.judging import parts
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.records import Record
from refimpl.oracle.judging.run import advice, run, unexpected
from refimpl.oracle.output.notebook import Shown
from refimpl.oracle.request import Request


def check(
    candidate,
    target,
    *,
    dtypes: Sequence[str] = ("float64",),
    only: Sequence[str] = (),
    skip: Mapping[str, str] | None = None,
    fuzz: int = 0,
    seed: str = "",
    laws: bool = True,
    errors: bool = False,
    expected_failures: Mapping[str, str] | None = None,
    max_fail: int | None = None,
    explain: float | None = None,
    callback: Callable[[Record], None] | None = None,
    note: Callable[[str], None] = lambda stage: None,
):
    """Judge a candidate.

    Parameters
    ----------
    candidate : candidates.Candidate, callable or module
        A callable is taken as the operation `target` (of a system: its first operation); of a module or another
        object, the attributes named like operations.
    target : str
        "<system>" or "<system>.<operation>". Operations that the candidate does not offer are not applicable.
    dtypes : sequence of str, default: ("float64",)
        Precisions, of "float64" and "float32".
    only : sequence of str
        Patterns of case ids, slugs, "law:<slug>:<case>" or "refuses:<slug>", each also with "@<dtype>" at its end.
        What matches none of them is not planned, and the verdict is one in part.
    skip : dict of str to str, optional
        Pattern -> reason, which must be there. What matches counts as planned and "skipped".
    fuzz : int, default: 0
        So many random cases per operation beside the fixed ones.
    seed : str, default: ""
        A word that makes them other ones than those that everybody gets.
    laws : bool, default: True
        Whether to check the laws as well; without them the verdict is one in part.
    errors : bool, default: False
        Whether the error cases count, and the laws at both ends of the range of the dtype; otherwise candidates that
        can raise are told what they let through.
    expected_failures : dict of str to str, optional
        Name as for `only` -> reason. A failure there is "xfail"; an entry that does not fail, or that names
        no check at all, makes the run fail.
    max_fail : int, optional
        >= 1. After so many failures the rest is "skipped", with that reason.
    explain : float, optional
        Seconds in which to look for the cause; 0: name only listed mistakes that explain the whole run. Default: 10, or
        the environment variable ``REFIMPL_EXPLAIN``.
    callback : callable, optional
        Gets each record as it is made.
    note : callable, optional
        Is told what is being looked for once a deviation is to be explained.

    Returns
    -------
    Report
        See there.

    Raises
    ------
    ValueError
        If `target` or a dtype is unknown, a reason is empty, or the candidate offers none of the operations.
    ending.Ended
        If the command is to end; its `result` is the report of what was found by then.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers import lion
    >>> def mine(theta0, grads, lr, beta1, beta2, weight_decay):  # decay left out
    ...     theta, state, thetas = theta0, lion.init(theta0), []
    ...     for g in grads:
    ...         theta, state = lion.update(theta, state, g, lr=lr, beta1=beta1, beta2=beta2)
    ...         thetas.append(theta)
    ...     return np.stack(thetas)
    >>> report = check(mine, "lion")
    >>> report.verdict, report.diagnosis.names
    ('deviates', ('no_decay',))
    """
    settings = Settings(dtypes, only, skip, fuzz, laws, errors, expected_failures, max_fail, seed)
    return judged(Request((target,), settings, explain=explain), as_candidate(candidate, target), callback, note)


def judged(request, candidate, callback=None, note=lambda stage: None):
    """Judge a candidate by cases and laws, as a request asks; what `check` does.

    Parameters
    ----------
    request : Request
        Of one target; who it names is not looked at.
    candidate : Candidate
        Who is asked.
    callback, note : callable, optional
        As for `check`.

    Returns
    -------
    Report
        See there.

    Raises
    ------
    ValueError, ending.Ended
        As by `check`.
    """
    target, settings = request.target, request.checks
    operations = catalog.operations(target)
    offered = [operation for operation in operations if candidate.offers(operation)]
    if not offered:
        names = ", ".join(operation.name.partition(".")[2] for operation in operations)
        raise ValueError(f"{candidate.name} offers no operation of {target}: {candidate.lacks(names)}")
    done = run(candidate, operations, settings, callback or (lambda record: None))
    told, counsel = diagnosis.Explanation(None, (), None, done.records), ()
    try:
        if not ending.told():
            seconds = diagnosis.usual_seconds() if request.explain is None else request.explain
            told = diagnosis.explain(parts.completed(done), parts.Whole(candidate), seconds, note)
            counsel = () if done.silent else tuple(advice(candidate, offered, settings))
    except ending.Ended:  # the report is whole but for the cause
        pass
    report = Shown.by(
        candidate,
        told.records,
        target=target,
        candidate=candidate.about,
        diagnosis=told.diagnosis,
        findings=told.findings,
        smallest=told.smallest,
        advice=counsel,
        problems=done.problems,
        manners=done.manners,
        interrupted=ending.told(),
        checks=done.checks,
    )
    if report.interrupted:
        raise ending.Ended(report.interrupted, report)
    return report


def merged(target, reports):
    """One report of several of one candidate, each of other operations.

    Parameters
    ----------
    target : str
        What they are reports of, taken together.
    reports : sequence of Report
        At least one, in the order of the operations, made with the same settings.

    Returns
    -------
    Report
        That of one run over all of the operations. A pattern is stale if it is in each of them.

    Examples
    --------
    >>> parts = [check(op.reference, op.name, laws=False) for op in catalog.operations("lion")]
    >>> whole = merged("lion", parts)
    >>> whole.verdict, whole.planned == sum(report.planned for report in parts)
    ('conforms in part', True)
    """
    records = [record for report in reports for record in report.records]
    records.sort(key=lambda record: "/refuses:" in record.case)  # they come last
    found = {report.diagnosis for report in reports if report.diagnosis}
    expected = unexpected(records)
    everywhere = set.intersection(*(set(report.problems) for report in reports)) - set(expected)
    return Shown.of(
        records,
        target=target,
        candidate=reports[0].candidate,
        diagnosis=found.pop() if len(found) == 1 else None,
        advice=tuple(record for report in reports for record in report.advice),
        problems=[*expected, *everywhere],
        checks=sum(report.checks or report.planned for report in reports),
        interrupted=next((report.interrupted for report in reports if report.interrupted), ""),
        manners=tuple({slip.kind: slip for report in reports[::-1] for slip in report.manners}.values()),
    )
