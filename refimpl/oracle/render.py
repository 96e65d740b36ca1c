"""Reports on the terminal, as JSON, JUnit XML, markdown and as a badge: what is worst comes first."""

import json
import os
import re
import sys
from dataclasses import asdict, is_dataclass
from xml.etree import ElementTree

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

STYLES = {"passed": "green", "failed": "red", "error": "red", "xpass": "red", "variant": "yellow"}
WORST_FIRST = ("failed", "error", "xpass", "variant", "xfail", "skipped", "not_applicable", "passed")


def console(**options):
    """A console; where neither a terminal nor ``COLUMNS`` tells, it is 120 columns wide, so that ids stay whole."""
    file = sys.stderr if options.get("stderr") else sys.stdout
    return Console(width=None if file.isatty() or "COLUMNS" in os.environ else 120, **options)


def worst_first(records):
    """Records by status; those of one status as they ran."""
    return sorted(records, key=lambda record: WORST_FIRST.index(record.status))


def counts_line(report):
    """Planned checks, what became of them, and how many in a hundred passed (rounded down).

    Examples
    --------
    >>> from refimpl.oracle.judge import Report
    >>> counts_line(Report("lion", {}, "conforms", {"passed": 2, "failed": 0, "skipped": 1}, 3, ()))
    '3 planned = 2 passed + 1 skipped (66% passed)'
    """
    parts = " + ".join(f"{n} {status}" for status, n in report.counts.items() if n)
    return f"{report.planned} planned = {parts} ({percent(report)}% passed)" if parts else "0 planned"


def percent(report):
    """How many of a hundred planned checks passed, rounded down: what was skipped has not passed."""
    return 100 * report.counts["passed"] // max(report.planned, 1)


def sentence(report):
    """The verdict in one sentence."""
    asked = report.planned - sum(report.counts.get(status, 0) for status in ("skipped", "not_applicable"))
    whole = asked == report.planned
    text = {
        "conforms": "conforms" if whole else f"conforms where it was asked, in {asked} of {report.planned} checks",
        "deviates": "deviates from the paper's rule",
        "error": "gave no answer where it should have",
        "nothing ran": "nothing ran",
    }.get(report.verdict, report.verdict)
    diagnosis = report.diagnosis
    if diagnosis is None:
        return text + ("; no known mistake explains it" if report.verdict == "deviates" else "")
    if diagnosis.kind == "variant":
        return f"{text}: {diagnosis.hint}"
    if len(diagnosis.names) > 1:
        return f"{text}; these cases cannot tell apart the mistakes {', '.join(diagnosis.names)}"
    return f"{text}: {diagnosis.names[0]} ({diagnosis.hint})"


def describe(record):
    """All that a record tells, as lines of text: what differs first, by how much, what that means, how to rerun it."""
    lines = [f"{record.case} ({record.dtype}): {record.message or record.reason}"]
    if record.expected is not None:
        numbers = f"expected {record.expected!r}, got {record.got!r}; error {record.error:.3g}"
        lines.append(f"{numbers}, tolerance {record.tolerance:.3g}{_digits(record, '; {:.1f} agreeing digits')}")
    if len(record.digits_per_step) > 1:
        shown = " ".join(f"{d:g}" for d in record.digits_per_step[:12])
        lines.append(f"digits per step: {shown}{' ...' if len(record.digits_per_step) > 12 else ''}")
    if record.why and record.status != "passed":
        lines.append(f"what it tests: {record.why}")
    lines += filter(None, (record.traceback.strip(), record.stderr_tail.strip()))
    return [*lines, f"rerun: {record.repro}"]


def _digits(record, text):
    return "" if record.digits is None else text.format(record.digits)


def rich_report(report, *, verbose=False, details=3):
    """What `refimpl check` prints: problems first, then the verdict and the diagnosis.

    Parameters
    ----------
    report : judge.Report
        What to show.
    verbose : bool, default: False
        Whether to list the checks that passed as well.
    details : int, default: 3
        Of how many failures to show all numbers.

    Returns
    -------
    rich.console.Group
        To print.
    """
    records = worst_first(report.records)
    table = Table(title=Text(_title(report)), title_justify="left", box=None, pad_edge=False)
    for column in ("case", "dtype", "status", "what"):
        table.add_column(column, overflow="fold")
    for record in records:
        if record.status != "passed" or verbose:
            status = f"[{STYLES.get(record.status, 'dim')}]{record.status}[/]"
            table.add_row(escape(record.case), record.dtype, status, escape(_what(record)))
    parts: list = [table] if table.row_count else [Text(_title(report), style="bold")]
    for record in [r for r in records if r.status in ("failed", "error", "variant")][:details]:
        first, *lines, rerun = describe(record)
        parts += [
            Text(f"\n{first}", style="bold"),
            *map(Text, lines),
            Text(rerun, style="cyan", no_wrap=True, overflow="ignore"),  # one line, to be pasted
        ]
    parts += [Text(""), Text(counts_line(report))]
    if report.advice:
        parts.append(Text(_bad_input(report.advice)))
    parts += [Text(f"problem: {problem}", style="red") for problem in report.problems]
    good = report.verdict.startswith("conforms") and not report.problems
    parts.append(Text(f"verdict: {sentence(report)}", style="bold green" if good else "bold red"))
    if report.diagnosis and report.diagnosis.origin:
        parts.append(Text(f"see {report.diagnosis.origin}"))
    return Group(*parts)


def _bad_input(advice):
    """What became of the error cases, which were advice."""
    failed = [r for r in advice if r.status == "failed"]
    accepted = [r for r in failed if r.message.startswith("accepts")]
    text = f"bad input: {len(advice) - len(failed)} of {len(advice)} kinds refused"
    for what, found in (("in other words", [r for r in failed if r not in accepted]), ("accepted", accepted)):
        if found:
            names = ", ".join(r.case.partition("refuses:")[2] for r in found[:6])
            text += f"; {what}: {names}" + (f" and {len(found) - 6} more" if len(found) > 6 else "")
    return f"{text} (advice; --errors makes it count)"


def _title(report):
    return f"{report.target}: {' '.join(filter(None, (report.candidate['name'], report.candidate['version'])))}"


def _what(record):
    return record.message or record.reason or _digits(record, "{:.1f} digits")


def json_report(report):
    """The whole report as one line of JSON; NaN and infinities as strings."""
    return json.dumps(plain(report) | {"records": plain(worst_first(report.records))}, allow_nan=False)


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


_JUNIT = {"failed": "failure", "xpass": "failure", "error": "error"}
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


def junit_report(report, *, strict=False):
    """JUnit XML, as CI systems read it: a test case per check, and one that fails per problem.

    Parameters
    ----------
    report : judge.Report
        What to show.
    strict : bool, default: False
        Whether a variant is a failure.

    Returns
    -------
    str
        The document.
    """
    suite = ElementTree.Element("testsuite", name=_text(_title(report)))
    kinds = _JUNIT | dict.fromkeys(("skipped", "not_applicable", "xfail"), "skipped")
    kinds |= {"variant": "failure"} if strict else {}
    for record in worst_first(report.records):
        where = {"classname": f"{record.operation}.{record.dtype}", "name": record.case}
        case = ElementTree.SubElement(suite, "testcase", where, time=f"{record.seconds:.6f}")
        if record.status in kinds:
            message = f"{record.status}: {_what(record)}" if record.status != "skipped" else record.reason
            told = ElementTree.SubElement(case, kinds[record.status], message=_text(message))
            told.text = None if kinds[record.status] == "skipped" else _text("\n".join(describe(record)))
    for problem in report.problems:
        case = ElementTree.SubElement(suite, "testcase", classname=report.target, name="problem", time="0")
        ElementTree.SubElement(case, "failure", message=_text(problem))
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(list(suite.iter(tag)))))
    suite.set("time", f"{sum(record.seconds for record in report.records):.6f}")
    ElementTree.SubElement(suite, "system-out").text = _text(f"{counts_line(report)}\nverdict: {sentence(report)}")
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _text(text):
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def markdown_report(report, *, details=1, rows=20):
    """Markdown, for the summary of a CI run.

    Parameters
    ----------
    report : judge.Report
        What to show.
    details : int, default: 1
        Of how many failures to show all numbers.
    rows : int, default: 20
        How many checks to list at most; those that passed are not listed.

    Returns
    -------
    str
        Some headings, a table, code blocks.
    """
    lines = [f"### {_cell(_title(report))}", "", f"**{_cell(sentence(report))}**", "", counts_line(report)]
    told = [record for record in worst_first(report.records) if record.status != "passed"]
    if told:
        lines += ["", "| case | dtype | status | what |", "|---|---|---|---|"]
        for record in told[:rows]:
            cells = (record.case, record.dtype, record.status, _what(record))
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    if len(told) > rows:
        lines += ["", f"... and {len(told) - rows} more."]
    for record in [r for r in told if r.status in (*_JUNIT, "variant")][:details]:
        text = "\n".join(describe(record))
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))  # longer than any in the text
        lines += ["", f"{fence}text", text, fence]
    lines += [line for problem in report.problems for line in ("", f"Problem: {_cell(problem)}")]
    return "\n".join(lines)


def _cell(text):
    """`text` on one line of markdown, nothing in it taken for markup."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))


def badge(report):
    """The data of a badge, as shields.io reads it.

    Examples
    --------
    >>> from refimpl.oracle.judge import Report
    >>> badge(Report("lion", {}, "conforms", {"passed": 2, "skipped": 1}, 3, ()))["message"]
    'conforms, 2 of 3'
    """
    passed, whole = report.counts["passed"], report.counts["passed"] == report.planned
    color = {"deviates": "red", "error": "red", "nothing ran": "lightgrey"}.get(report.verdict, "yellowgreen")
    if report.problems:
        color = "red"
    elif report.verdict == "conforms" and whole:
        color = "brightgreen"
    return {
        "schemaVersion": 1,
        "label": f"refimpl {report.target}",
        "message": f"{report.verdict}, {passed} of {report.planned}",
        "color": color,
    }


def rich_difference(difference):
    """What `refimpl diff` prints."""
    table = Table("check", "change", box=None, pad_edge=False)
    for change in difference.changes:
        style = STYLES.get(change.after, "") if change.before != change.after else ""
        table.add_row(escape(change.check), f"[{style}]{change.words}[/]" if style else change.words)
    before, after = difference.verdicts
    return Group(
        Text(f"{difference.target}: {difference.candidates[0]} -> {difference.candidates[1]}", style="bold"),
        *([table] if difference.changes else []),
        Text(f"{len(difference.changes)} checks differ"),
        Text(f"verdict: {before}" + (f" -> {after}" if before != after else ", as before")),
    )


def json_difference(difference):
    """The same as one line of JSON."""
    changes = [change._asdict() | {"words": change.words} for change in difference.changes]
    return json.dumps(plain(difference) | {"same": difference.same, "changes": plain(changes)}, allow_nan=False)
