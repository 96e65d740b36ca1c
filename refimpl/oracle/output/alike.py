"""Checks of which there is the same to say, said once."""

import re
from typing import NamedTuple

MANY = 3  # so many alike are told as one
ALIKE = ("error", "not_applicable", "skipped")  # statuses whose text is of the candidate, not of the case
_NUMBER = re.compile(r"[-+]?\d[\d.]*(e[-+]?\d+)?")


class Row(NamedTuple):
    """A line of a table of checks."""

    checks: str  # id of the one, or how many of which operations
    dtype: str
    status: str
    what: str


def _key(record):
    """What records have in common that say the same; numbers aside, which come from the case."""
    if record.status not in ALIKE:
        return record.case, record.dtype
    return record.status, _NUMBER.sub("0", record.message or record.reason)


def groups(records):
    """Records in lists of those that say the same, each list where its first record is.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Record
    >>> texts = enumerate(("got 1", "got 2.5e-3", "refused"))
    >>> records = [Record("lion.step", str(i), "float64", "error", message=text) for i, text in texts]
    >>> [len(group) for group in groups(records)]
    [2, 1]
    """
    found: dict[tuple[str, str], list] = {}
    for record in records:
        found.setdefault(_key(record), []).append(record)
    return list(found.values())


def rows(records, what):
    """Lines of a table: one for each check, but one alone for many that say the same.

    Parameters
    ----------
    records : sequence of Record
        In the order of the table.
    what : callable
        What there is to say of a record.

    Returns
    -------
    list of Row
        See there.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Record
    >>> records = [Record("lion.step", str(i), "float64", "error", message="TypeError: no") for i in range(22)]
    >>> rows(records, lambda record: record.message)
    [Row(checks='22 checks of lion.step', dtype='float64', status='error', what='TypeError: no')]
    """
    table = []
    for group in groups(records):
        if len(group) < MANY:
            table += [Row(r.case, r.dtype, r.status, what(r)) for r in group]
            continue
        operations = ", ".join(dict.fromkeys(r.operation for r in group))
        dtypes = ", ".join(dict.fromkeys(r.dtype for r in group))
        table.append(Row(f"{len(group)} checks of {operations}", dtypes, group[0].status, what(group[0])))
    return table


def no_answer(report):
    """The verdict "error" in words: what keeps a candidate from answering, if it is one thing."""
    errors = groups(record for record in report.records if record.status == "error")
    if len(errors) == 1:
        many = len(errors[0])
        times = f"{many} times" if many > 1 else f"in {errors[0][0].case}"
        return f"gave no answer that counts, {times}: {errors[0][0].message}"
    return "gave no answer where it should have"


def nothing_ran(report):
    """The verdict "nothing ran" in words: why, if it is for one reason beside that some of it does not apply."""
    reasons = groups([r for r in report.records if r.status != "not_applicable"] or report.records)
    return "nothing ran" + (f": {reasons[0][0].reason}" if len(reasons) == 1 and reasons[0][0].reason else "")
