"""Reports on the terminal: what is worst comes first."""

import contextlib
import os
import sys

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from refimpl.oracle.output import alike
from refimpl.oracle.output.words import counts_line, describe, manners_lines, title, told, what, worst_first

ERRORS = 3  # different ones of which all is shown
STYLES = {"passed": "green", "failed": "red", "error": "red", "xpass": "red", "variant": "yellow"}


class _Console(Console):
    def on_broken_pipe(self):
        """Leave it to the command, which knows the exit status."""
        raise BrokenPipeError


def hush():
    """Let go of a standard output that nobody reads, so that Python does not complain of it at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def console(**options):
    """A console; where neither a terminal nor ``COLUMNS`` tells, it is 120 columns wide, so that ids stay whole."""
    file = sys.stderr if options.get("stderr") else sys.stdout
    return _Console(width=None if file.isatty() or "COLUMNS" in os.environ else 120, **options)


def say(text, style="dim"):
    """A sentence on standard error, as it is and on one line."""
    console(stderr=True).print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def rich_report(report, *, verbose=False, details=1):
    """What `refimpl check` prints: the verdict and its cause, the most telling failure, what else did not pass.

    Parameters
    ----------
    report : Report
        What to show.
    verbose : bool, default: False
        Whether to list the checks that passed as well.
    details : int, default: 1
        Of how many failures to show all numbers; errors that differ are shown beside them.

    Returns
    -------
    rich.console.Group
        To print.
    """
    good = report.verdict.startswith("conforms") and not report.problems
    verdict, *cause = told(report)
    parts: list = [
        Text(title(report), style="bold"),
        Text(verdict, style="bold green" if good else "bold red"),
        *map(Text, cause),
    ]
    records = worst_first(report.records)
    failed = [r for r in records if r.status in ("failed", "variant")][:details]
    errors = alike.groups(r for r in records if r.status == "error")[:ERRORS]
    for record in [*failed, *(group[0] for group in errors)]:
        first, *lines, rerun = describe(record)
        parts += [
            Text(f"\n{first}", style="bold"),
            *map(Text, lines),
            Text(rerun, style="cyan", no_wrap=True, overflow="ignore"),  # one line, to be pasted
        ]
    table = Table(box=None, pad_edge=False)
    for column in ("case", "dtype", "status", "what"):
        table.add_column(column, overflow="fold")
    for row in alike.rows([record for record in records if record.status != "passed" or verbose], what):
        status = f"[{STYLES.get(row.status, 'dim')}]{row.status}[/]"
        table.add_row(escape(row.checks), row.dtype, status, escape(row.what))
    parts += [Text(""), *([table, Text("")] if table.row_count else []), Text(counts_line(report))]
    if report.advice:
        parts.append(Text(_bad_input(report.advice)))
    parts += [Text(line) for line in manners_lines(report)]
    parts += [Text(f"problem: {problem}", style="red") for problem in report.problems]
    return Group(*parts)


def _bad_input(advice):
    """What became of the error cases, which were advice."""
    failed = [r for r in advice if r.status == "failed"]
    accepted = [r for r in failed if r.message.startswith("accepts")]
    text = f"bad input: {len(advice) - len(failed)} of {len(advice)} kinds refused"
    for word, found in (("in other words", [r for r in failed if r not in accepted]), ("accepted", accepted)):
        if found:
            names = ", ".join(r.case.partition("refuses:")[2] for r in found[:6])
            text += f"; {word}: {names}" + (f" and {len(found) - 6} more" if len(found) > 6 else "")
    return f"{text} (advice; --errors makes it count)"


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
