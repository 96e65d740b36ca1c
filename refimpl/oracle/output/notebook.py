"""Reports as a notebook shows them: the verdict, changed lines side by side, the two answers as a picture.

What a candidate prints or raises is shown as text: nothing of it runs, and nothing of it is read as markup.
"""

import base64
from html import escape

from refimpl.oracle.judging.records import Report
from refimpl.oracle.output import alike, plot, words
from refimpl.oracle.output.documents import markdown_report

COLOURS = {"conforms": "#1a7f37", "deviates": "#b35900"}  # contrast 4.5 on white; anything else is grey
ROWS = 12  # checks that are listed
_BOX = "border-left: 4px solid {}; padding: .2em .9em; margin: .4em 0"
_CODE = "text-align: left; white-space: pre-wrap; font-family: monospace; vertical-align: top; padding: .2em .8em"


class Shown(Report):
    """A report that knows its candidate: a notebook shows it as a page, a terminal by its first lines."""

    _candidate = None  # asked once more, for the picture

    @classmethod
    def by(cls, asked, records, **fields):
        """Report of some records of a candidate, `asked`; see `Report.of`."""
        report = cls.of(records, **fields)
        object.__setattr__(report, "_candidate", asked)
        return report

    def __getstate__(self):
        """Without the candidate, which may be of any kind."""
        return {name: value for name, value in vars(self).items() if name != "_candidate"}

    def __repr__(self):
        return "\n".join([f"<{words.title(self)}", *words.told(self), f"{words.counts_line(self)}>"])

    def _repr_markdown_(self):
        return markdown_report(self)

    def _repr_html_(self):
        return html(self, self._candidate)


def html(report, candidate=None):
    """A report as a piece of HTML, without scripts and without a network.

    Parameters
    ----------
    report : Report
        From `check` or `read_report`.
    candidate : Candidate, optional
        For the picture of the first failure it is asked once more.

    Returns
    -------
    str
        Of one element.

    Examples
    --------
    >>> from refimpl.oracle.judging.records import Record
    >>> records = [Record("lion.step", "lion.step/a", "float64", "failed", message="<b>differs</b>")]
    >>> text = html(Report.of(records, target="lion.step", candidate={"name": "mine", "version": ""}))
    >>> "deviates" in text, "<b>differs" in text
    (True, False)
    """
    colour = next((colour for verdict, colour in COLOURS.items() if report.verdict.startswith(verdict)), "#57606a")
    parts = [f"<b>{escape(words.title(report))}</b>", f"<div>{escape(words.sentence(report))}</div>"]
    for diagnosis in filter(None, (report.diagnosis, *report.findings)):
        if diagnosis is not report.diagnosis:
            parts.append(f"<div>{escape(', '.join(diagnosis.operations))}: {escape(words.cause(diagnosis))}</div>")
        parts += [_changed(diagnosis.lines)] if diagnosis.lines else []
        parts += [f"<div>{escape(line)}</div>" for line in words.beside(diagnosis)]
    if report.smallest:
        parts.append(_pre(words.smallest_input(report.smallest, report.candidate.get("language", ""))))
    if candidate is not None and (picture := plot.main("png", candidate, report)):
        data = base64.b64encode(picture).decode("ascii")
        told = f"Right answer and answer of the candidate, and how far it is off: {report.target}"
        parts.append(f'<img alt="{escape(told)}" style="max-width: 100%" src="data:image/png;base64,{data}">')
    parts += [f"<div>{escape(line)}</div>" for line in words.manners_lines(report)]
    parts += [f"<div>Problem: {escape(problem)}</div>" for problem in report.problems]
    if table := alike.rows([r for r in words.worst_first(report.records) if r.status != "passed"], words.what):
        rows = ["".join(f"<td style='text-align: left'>{escape(cell)}</td>" for cell in row) for row in table[:ROWS]]
        more = f"<div>... and {len(table) - ROWS} more</div>" * (len(table) > ROWS)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        parts.append(f"<details><summary>checks that did not pass</summary><table>{body}</table>{more}</details>")
    parts.append(f"<div>{escape(words.counts_line(report))}</div>")
    return f'<div style="{_BOX.format(colour)}">{"".join(parts)}</div>'


def _changed(lines):
    code = lambda text: f"<td style='{_CODE}'>{escape('(left out)' if text == 'pass' else text)}</td>"
    place = lambda tag, where: f"<td style='text-align: left'>{escape(words.place(tag))}<br>{escape(where)}</td>"
    rows = "".join(f"<tr>{place(tag, where)}{code(was)}{code(now)}</tr>" for tag, where, was, now in lines)
    return f"<table><tr><th></th><th>the rule</th><th>as if it read</th></tr>{rows}</table>"


def _pre(lines):
    return f'<pre style="white-space: pre-wrap">{escape(chr(10).join(lines))}</pre>'


def compared(difference):
    """What has changed from one report to the next, as a piece of HTML.

    Parameters
    ----------
    difference : Difference
        From `diff`.

    Returns
    -------
    str
        Of one element.
    """
    before, after = difference.verdicts
    rows = "".join(f"<tr><td>{escape(c.check)}</td><td>{escape(c.words)}</td></tr>" for c in difference.changes)
    table = f"<table>{rows}</table>" if rows else "<div>no check came out otherwise</div>"
    return f"<div><b>{escape(difference.target)}</b>: {escape(before)} &rarr; {escape(after)}{table}</div>"
