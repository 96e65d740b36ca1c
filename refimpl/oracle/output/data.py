"""Reports as data for other programs: JSON, and the badge of shields.io."""

import json
from dataclasses import asdict, is_dataclass

from refimpl.oracle.output import scope
from refimpl.oracle.output.words import sentence, worst_first


def json_report(report):
    """The whole report as one line of JSON; NaN and infinities as strings."""
    told = {"sentence": sentence(report), "asked": scope.asked(report)}
    return json.dumps(plain(report) | told | {"records": plain(worst_first(report.records))}, allow_nan=False)


def json_difference(difference):
    """The same as one line of JSON."""
    changes = [change._asdict() | {"words": change.words} for change in difference.changes]
    return json.dumps(plain(difference) | {"same": difference.same, "changes": plain(changes)}, allow_nan=False)


def plain(value):
    """Dataclasses and their contents as JSON has them."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [plain(x) for x in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    return value


def badge(report):
    """The data of a badge, as shields.io reads it.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Report
    >>> badge(Report("lion", {}, "conforms in part", {"passed": 2, "skipped": 1}, 3, ()))["message"]
    'conforms in part, 2 of 3'
    >>> badge(Report("lion.step", {}, "conforms in part", {"passed": 2}, 2, (), checks=11))["message"]
    'conforms in part, 2 of 2, 2 of 11 checks chosen'
    """
    passed = report.counts["passed"]
    grey = dict.fromkeys(("nothing ran", "nothing passed", "interrupted"), "lightgrey")
    color = grey.get(report.verdict, "yellowgreen")
    if report.problems or report.verdict in ("deviates", "error"):
        color = "red"
    elif report.verdict == "conforms":
        color = "brightgreen"
    verdict = report.verdict + scope.manner(report) * report.verdict.startswith("conforms")
    return {
        "schemaVersion": 1,
        "label": f"refimpl {report.target}",
        "message": ", ".join([verdict, f"{passed} of {report.planned}", *scope.asked(report)]),
        "color": color,
    }
