"""Reports of `refimpl check` as files, and what has changed from one to the next."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

from refimpl.core import disk
from refimpl.oracle.candidates.watch import Slip
from refimpl.oracle.judging.records import DTYPES, FAILURES, KINDS, STATUSES, Diagnosis, Record, Smallest
from refimpl.oracle.output import reportfile
from refimpl.oracle.output.data import plain
from refimpl.oracle.output.notebook import Shown, compared
from refimpl.oracle.output.reportfile import ReportError, typed
from refimpl.oracle.output.words import sentence, worst_first
from refimpl.oracle.texts import short

SAME_DIGITS = 0.5  # fewer agreeing digits than that come and go with the last bit of an answer


def _name(entry):
    """What a report calls a check: case and precision."""
    return f"{entry['case']}@{entry['dtype']}"


# Files --------------------------------------------------------------------------------------------------------


def write_report(path, report, **options):
    """Write a report file: a header, a line per check, worst first, and a footer.

    Parameters
    ----------
    path : path
        The file, which is replaced.
    report : Report
        From `check`.
    **options
        Of `refimpl.core.disk.write`.
    """
    whole = plain(report)
    entries = [plain(record) for record in worst_first(report.records)]
    header = reportfile.header([_name(entry) for entry in entries], target=report.target, candidate=report.candidate)
    footer = {name: whole[name] for name in FOOTER}
    lines = [header, *({"kind": "check"} | entry for entry in entries), {"kind": "footer"} | footer]
    disk.write(path, "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines), **options)


def read_report(path):
    """Read a report file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Report
        As it was written, its records worst first.

    Raises
    ------
    ReportError
        If it is truncated, holds a check twice or one that was not planned, or does not add up.
    """
    header, entries, footer = reportfile.read(path, "check", _name)
    records = tuple(typed(Record, entry, f"{path}: line {number}") for number, entry in enumerate(entries, start=2))
    top = typed(_Header, header, f"{path}: line 1")
    last = f"{path}: line {len(entries) + 2}"
    bottom = typed(_Footer, _OLD | footer, last)
    try:
        report = Shown.of(
            records,
            target=top["target"],
            candidate=top["candidate"],
            refimpl=top["refimpl"],
            **{name: bottom[name] for name in FOOTER if name not in ("verdict", "counts")},
        )
    except (LookupError, ValueError) as error:  # of a variant without a name
        raise ReportError(f"{last}: the verdict does not follow from the lines ({error!r})") from error
    if bottom["counts"] != report.counts or report.planned != len(top["planned"]):
        raise ReportError(
            f"{last}: {len(top['planned'])} checks were planned, the footer counts "
            f"{bottom['counts']}, the lines are {dict(Counter(record.status for record in records))}"
        )
    if bottom["verdict"] != report.verdict:
        raise ReportError(f"{last}: the verdict is {short(bottom['verdict'])}; the lines say {report.verdict!r}")
    _make_sense(report, path, last)
    return report


class _Header(TypedDict):
    kind: str
    refimpl: str
    python: str
    numpy: str
    platform: str
    started: str
    target: str
    candidate: dict[str, str]
    planned: tuple[str, ...]


class _Footer(TypedDict):
    kind: str
    verdict: str
    counts: dict[str, int]
    diagnosis: Diagnosis | None
    findings: tuple[Diagnosis, ...]
    smallest: Smallest | None
    problems: tuple[str, ...]
    advice: tuple[Record, ...]
    manners: tuple[Slip, ...]
    interrupted: str
    checks: int


FOOTER = [name for name in _Footer.__annotations__ if name != "kind"]
_OLD: dict = {
    "findings": [],
    "smallest": None,
    "manners": [],
    "interrupted": "",
    "checks": 0,
}  # what older reports lack


def _make_sense(report, path, last):
    """Refuse words that nobody writes, and checks of another target."""
    lines = [(f"{path}: line {number}", record) for number, record in enumerate(report.records, start=2)]
    for place, record in lines + [(f"{last}: advice", record) for record in report.advice]:
        for name, known in (("status", STATUSES), ("dtype", DTYPES)):
            if (got := getattr(record, name)) not in known:
                raise ReportError(f"{place}: {name} must be one of {', '.join(known)}, got {short(got)}")
        system, targets = record.operation.partition(".")[0], report.target.split()
        if not {record.operation, system} & set(targets) or not record.case.startswith(f"{record.operation}/"):
            raise ReportError(f"{place}: {short(record.case, 80)} is no check of {short(report.target, 80)}")
    for diagnosis in filter(None, (report.diagnosis, *report.findings)):
        if diagnosis.kind not in KINDS:
            raise ReportError(f"{last}: a diagnosis of kind {short(diagnosis.kind)}; the kinds are {', '.join(KINDS)}")
        if any(len(line) != 4 for line in diagnosis.lines):
            raise ReportError(f"{last}: a line of a diagnosis must have four parts")
    if len({record.case for record in report.advice}) < len(report.advice):
        raise ReportError(f"{last}: a check is there twice among the advice")
    if not {"name", "version"} <= report.candidate.keys():
        raise ReportError(f"{path}: line 1: the candidate must have a name and a version")


# Differences --------------------------------------------------------------------------------------------------


class Change(NamedTuple):
    """A check that came out otherwise than before."""

    check: str  # "<case>@<dtype>"
    before: str  # status; "" if it was not there
    after: str
    digits: float | None  # agreeing digits gained (> 0) or lost (< 0), where both times there was an answer

    @property
    def words(self):
        """The change in a few words.

        Examples
        --------
        >>> Change("lion.step/zeros-1a2b3c4d@float64", "passed", "failed", -11.25).words
        'passed -> failed, 11.2 digits lost'
        """
        status = f"{self.before or 'new'} -> {self.after or 'removed'}" if self.before != self.after else self.after
        if not self.digits:
            return status
        return f"{status}, {abs(self.digits):.1f} digits {'gained' if self.digits > 0 else 'lost'}"


@dataclass(frozen=True)
class Difference:
    """What has changed from one report to the next."""

    target: str
    candidates: tuple[str, str]
    verdicts: tuple[str, str]
    changes: tuple[Change, ...]  # worst first

    @property
    def same(self):
        """Whether the checks, their results and the verdict are the same."""
        return not self.changes and self.verdicts[0] == self.verdicts[1]

    def _repr_html_(self):
        return compared(self)


def diff(before, after):
    """Compare two reports of one target.

    Parameters
    ----------
    before, after : Report
        From `check` or `read_report`.

    Returns
    -------
    Difference
        Its changes in this order: what fails now and did not, what is no longer checked, digits lost, the rest, what
        no longer fails.

    Raises
    ------
    ValueError
        If they are of different targets.

    Examples
    --------
    >>> from refimpl.oracle import catalog, check
    >>> right = catalog.operation("lion.step").reference
    >>> def wrong(**inputs):
    ...     return right(**inputs | {"weight_decay": 0.0})
    >>> found = diff(check(right, "lion.step"), check(wrong, "lion.step"))
    >>> found.verdicts, found.changes[0].words
    (('conforms', 'deviates: no_decay'), 'passed -> failed, 14.5 digits lost')
    """
    if before.target != after.target:
        raise ValueError(f"the reports must be of one target, got {before.target} and {after.target}")
    old, new = ({_name(vars(record)): record for record in report.records} for report in (before, after))
    changes = [_change(name, old.get(name), new.get(name)) for name in dict.fromkeys([*new, *old])]
    return Difference(
        target=after.target,
        candidates=(_who(before), _who(after)),
        verdicts=(_verdict(before), _verdict(after)),
        changes=tuple(sorted(filter(None, changes), key=_severity)),
    )


def _change(name, old, new):
    before, after = (record.status if record else "" for record in (old, new))
    both = old and new and old.digits is not None and new.digits is not None
    digits = new.digits - old.digits if both else None
    if before == after and abs(digits or 0) < SAME_DIGITS:
        return None
    return Change(name, before, after, digits)


def _severity(change):
    failed, fails = change.before in FAILURES, change.after in FAILURES
    return [fails and not failed, not change.after, (change.digits or 0) < 0, fails or not failed, True].index(True)


def _who(report):
    return " ".join(filter(None, (report.candidate["name"], report.candidate["version"])))


def _verdict(report):
    mistakes = report.diagnosis.names if report.diagnosis and report.diagnosis.kind == "mistake" else ()
    named = f"{report.verdict}: {', '.join(mistakes)}" if mistakes else report.verdict
    if report.interrupted:
        return sentence(report)
    return f"{named} (with problems)" if report.problems else named
