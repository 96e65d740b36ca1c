"""What is written for a class: tables, a feedback page for each submission, result files for graders, an overview.

Whatever a submission is called, prints or raises is shown as text.
"""

import base64
import csv
import io
import json
from html import escape

from refimpl.oracle.output.notebook import html
from refimpl.oracle.output.reportfile import ReportError
from refimpl.oracle.output.results import read_report
from refimpl.oracle.output.words import told

NBGRADER = ("assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
            "late_submission_penalty", "score", "max_score")  # fmt: skip
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # with which a cell begins that a spreadsheet would compute
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
body { color: #1f2328; background: #fff }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .3em .6em; border-top: 1px solid #d0d7de }
img { max-width: 100% } td, p, h1 { overflow-wrap: anywhere }
"""


def points(grade, most):
    """Points of a grade: the share of the checks that passed, of `most`.

    Examples
    --------
    >>> from refimpl.oracle.grading.judge import Grade
    >>> points(Grade("a", "a", "", "deviates", "", 18, 28), 10)
    6.43
    """
    return round(most * grade.share, 2)


def table(grades, most):
    """All grades as CSV.

    Examples
    --------
    >>> from refimpl.oracle.grading.judge import Grade
    >>> print(table([Grade("a-1", "=a", "", "deviates", "deviates: no_decay", 1, 2, ("no_decay",))], 10))
    submission,folder,verdict,points,of,passed,checks,mistake,sentence,note
    '=a,a-1,deviates,5.0,10,1,2,no_decay,deviates: no_decay,
    <BLANKLINE>
    """
    rows = [
        (
            g.name,
            g.key,
            g.verdict,
            points(g, most),
            f"{most:g}",
            g.passed,
            g.planned,
            " ".join(g.names),
            g.sentence,
            g.note,
        )
        for g in grades
    ]
    head = ("submission", "folder", "verdict", "points", "of", "passed", "checks", "mistake", "sentence", "note")
    return _csv(head, rows)


def gradebook(grades, most, assignment):
    """The same with the columns that the exporter of nbgrader writes; what is not known here stays empty."""
    rows = [(assignment, "", "", g.name, "", "", "", points(g, most), 0.0, points(g, most), most) for g in grades]
    return _csv(NBGRADER, rows)


def _csv(head, rows):
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value


def gradescope(grade, place, most):
    """The ``results.json`` that Gradescope's autograders write: a score, what to read, and a test for each case."""
    report = _report(place)
    output = "\n".join(told(report)) if report else grade.sentence
    tests = [
        {
            "name": record.case.partition("/")[2],
            "status": "passed" if record.status in ("passed", "variant") else "failed",
            "output": record.message or record.reason,
        }
        for record in (report.records if report else ())
    ]
    whole = {"score": points(grade, most), "output": output, "visibility": "visible", "tests": tests}
    return json.dumps(whole | {"stdout_visibility": "hidden"}, indent=1) + "\n"


def feedback(grade, place, target, most):
    """The page of one submission."""
    report = _report(place)
    said = html(report) if report else f"<p>{escape(grade.sentence)}</p>"
    seen, picture = "", place / "answer.png"
    if picture.is_file():
        seen = f'<p><img alt="the right answer, and yours" src="{_data(picture.read_bytes())}"></p>'
    head = f"<h1>{escape(grade.name)}: {escape(target)}</h1><p><b>{points(grade, most):g} of {most:g} points</b></p>"
    return _page(f"{grade.name}: {target}", head + said + seen)


def overview(grades, groups, drawn, target, most):
    """The page of the class."""
    right = sum(grade.verdict.startswith("conforms") for grade in grades)
    rows = "".join(
        f"<tr><td>{len(g.members)}</td><td><b>{escape(g.what)}</b> {escape(g.why)}</td>"
        f"<td>{escape(', '.join(g.members))}</td></tr>"
        for g in groups
    )
    each = "".join(
        f'<tr><td><a href="submissions/{g.key}/feedback.html">{escape(g.name)}</a></td><td>{points(g, most):g}</td>'
        f"<td>{escape('; '.join(filter(None, (g.sentence, g.note))))}</td></tr>"
        for g in sorted(grades, key=lambda grade: grade.name)
    )
    return _page(
        f"{target}: {len(grades)} submissions",
        f"<h1>{escape(target)}: {len(grades)} submissions</h1><p>{right} of {len(grades)} conform.</p>"
        f'<p><img alt="groups of submissions, by what is wrong" src="{_data(drawn)}"></p>'
        f"<table><tr><th>how many</th><th>what</th><th>who</th></tr>{rows}</table>"
        f"<h2>Each</h2><table><tr><th>submission</th><th>points</th><th>verdict</th></tr>{each}</table>",
    )


def _report(place):
    try:
        return read_report(place / "report.jsonl")
    except (OSError, ReportError):
        return None


def _data(picture):
    return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"


def _page(title, body):
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>{body}</body></html>\n"
    )
