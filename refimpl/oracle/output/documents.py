"""Reports for CI systems: JUnit XML and markdown."""

import re
from xml.etree import ElementTree

from refimpl.oracle.output import alike, words
from refimpl.oracle.output.words import counts_line, describe, manners_lines, sentence, title, what, worst_first

_JUNIT = {"failed": "failure", "xpass": "failure", "error": "error"}
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 cannot hold


def junit_report(report, *, strict=False, complete=None):
    """JUnit XML, as CI systems read it: a test case per check, and one that fails per problem.

    Parameters
    ----------
    report : Report
        What to show.
    strict : bool, default: False
        Whether a variant is a failure.
    complete : bool, optional
        Whether it is one that less was asked or answered than there is; by default under `strict`.

    Returns
    -------
    str
        The document.
    """
    suite = ElementTree.Element("testsuite", name=_text(title(report)))
    kinds = _JUNIT | dict.fromkeys(("skipped", "not_applicable", "xfail"), "skipped")
    kinds |= {"variant": "failure"} if strict else {}
    for record in worst_first(report.records):
        where = {"classname": f"{record.operation}.{record.dtype}", "name": record.case}
        case = ElementTree.SubElement(suite, "testcase", where, time=f"{record.seconds:.6f}")
        if record.status in kinds:
            message = f"{record.status}: {what(record)}" if record.status != "skipped" else record.reason
            told = ElementTree.SubElement(case, kinds[record.status], message=_text(message))
            told.text = None if kinds[record.status] == "skipped" else _text("\n".join(describe(record)))
    for problem in report.problems:
        case = ElementTree.SubElement(suite, "testcase", classname=report.target, name="problem", time="0")
        ElementTree.SubElement(case, "failure", message=_text(problem))
    lax = (strict if complete is None else complete) and report.verdict.startswith("conforms") and not report.complete
    for text in [sentence(report)] * lax:
        case = ElementTree.SubElement(suite, "testcase", classname=report.target, name="complete", time="0")
        ElementTree.SubElement(case, "failure", message=_text(text))
    for slip in report.manners if strict else ():
        case = ElementTree.SubElement(
            suite, "testcase", classname=report.target, name=f"manners: {slip.kind}", time="0"
        )
        ElementTree.SubElement(case, "failure", message=_text(f"{slip.message} (first in {slip.case})"))
    for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(list(suite.iter(tag)))))
    suite.set("time", f"{sum(record.seconds for record in report.records):.6f}")
    ElementTree.SubElement(suite, "system-out").text = _text("\n".join([counts_line(report), *words.told(report)]))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)


def _text(text):
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def markdown_report(report, *, details=1, rows=20):
    """Markdown, for the summary of a CI run.

    Parameters
    ----------
    report : Report
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
    lines = [f"### {cell(title(report))}", "", f"**{cell(sentence(report))}**", "", counts_line(report)]
    if cause := words.told(report)[1:]:
        lines += ["", *_block(cause)]
    told = [record for record in worst_first(report.records) if record.status != "passed"]
    if told:
        lines += ["", "| case | dtype | status | what |", "|---|---|---|---|"]
        table = alike.rows(told, what)
        lines += [f"| {' | '.join(map(cell, row))} |" for row in table[:rows]]
        if len(table) > rows:
            lines += ["", f"... and {len(table) - rows} more."]
    for record in [r for r in told if r.status in (*_JUNIT, "variant")][:details]:
        lines += ["", *_block(describe(record))]
    lines += [line for slip in manners_lines(report) for line in ("", cell(slip))]
    lines += [line for problem in report.problems for line in ("", f"Problem: {cell(problem)}")]
    return "\n".join(lines)


def _block(lines):
    fence = "`" * max(
        3, 1 + max(map(len, re.findall("`+", "\n".join(lines))), default=0)
    )  # longer than any in the text
    return [f"{fence}text", *lines, fence]


def cell(text):
    """`text` on one line of markdown, nothing in it taken for markup."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", " ".join(text.split()))
