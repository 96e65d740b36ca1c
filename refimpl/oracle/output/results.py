"""Reports of `refimpl check` as files, and what has changed from one to the next."""

import json
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from refimpl.oracle.candidates.watch import Slip
from refimpl.oracle.judging.records import FAILURES, STATUSES, Diagnosis, Record, Report, Smallest
from refimpl.oracle.output import reportfile
from refimpl.oracle.output.data import plain
from refimpl.oracle.output.reportfile import ReportError
from refimpl.oracle.output.words import worst_first

SAME_DIGITS = 0.5  # fewer agreeing digits than that come and go with the last bit of an answer


def _name(entry):
    """What a report calls a check: case and precision."""
    return f"{entry['case']}@{entry['dtype']}"


# Files --------------------------------------------------------------------------------------------------------


def write_report(path, report):
    """Write a report file: a header, a line per check, worst first, and a footer.

    Parameters
    ----------
    path : path
        The file, which is replaced.
    report : Report
        From `check`.
    """
    whole = plain(report)
    entries = [plain(record) for record in worst_first(report.records)]
    header = reportfile.header([_name(entry) for entry in entries], target=report.target, candidate=report.candidate)
    footer = {
        name: whole[name]
        for name in ("verdict", "counts", "diagnosis", "findings", "smallest", "problems", "advice", "manners")
    }
    lines = [header, *({"kind": "check"} | entry for entry in entries), {"kind": "footer"} | footer]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(json.dumps(line, allow_nan=False) + "\n" for line in lines), encoding="utf-8")


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
    try:
        tally = Counter(entry["status"] for entry in entries)
        counts = {status: tally[status] for status in STATUSES}
        if footer["counts"] != counts or sum(counts.values()) != len(header["planned"]):
            raise ReportError(
                f"{path}: {len(header['planned'])} checks were planned, the footer counts "
                f"{footer['counts']}, the lines are {dict(tally)}"
            )
        return Report(
            target=header["target"],
            candidate=header["candidate"],
            verdict=footer["verdict"],
            counts=counts,
            planned=len(header["planned"]),
            records=tuple(_record(entry) for entry in entries),
            diagnosis=footer["diagnosis"] and _diagnosis(footer["diagnosis"]),
            findings=tuple(map(_diagnosis, footer.get("findings", ()))),  # older reports have none
            smallest=footer.get("smallest")
            and Smallest(**footer["smallest"] | {"free": tuple(footer["smallest"]["free"])}),
            advice=tuple(_record(entry) for entry in footer["advice"]),
            refimpl=header["refimpl"],
            problems=tuple(footer["problems"]),
            manners=tuple(Slip(**slip) for slip in footer.get("manners", ())),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"{path}: not what `refimpl check` writes ({error!r})") from error


def _tuples(entry):
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}


def _diagnosis(entry):
    lines = tuple(tuple(line) for line in entry.get("lines", ()))
    return Diagnosis(**_tuples(entry) | {"lines": lines})


def _record(entry):
    numbers = {f.name for f in fields(Record) if f.type == float | None}
    found: dict[str, Any] = {
        name: float(value) if name in numbers and isinstance(value, str) else value  # "NaN", "Infinity"
        for name, value in _tuples(entry).items()
        if name != "kind"
    }
    return Record(**found)


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
    return f"{named} (with problems)" if report.problems else named
