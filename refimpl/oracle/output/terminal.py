"""Reports on the terminal: what is worst comes first."""

import contextlib
import errno
import io
import os
import re
import select
import sys

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from refimpl.oracle import ending
from refimpl.oracle.output import alike
from refimpl.oracle.output.words import counts_line, describe, manners_lines, title, told, what, worst_first
from refimpl.oracle.texts import printable

ERRORS = 3  # different ones of which all is shown
LOOK = 0.1  # seconds between two looks at whether a pipe takes more
SURE = getattr(select, "PIPE_BUF", 4096)  # bytes that a pipe takes without waiting, once it takes any
NARROWEST = 40  # columns, below which a table cannot be read
SENTENCE = 2000  # characters
STYLES = {"passed": "green", "failed": "red", "error": "red", "xpass": "red", "variant": "yellow"}


class _Stream(io.FileIO):
    """A standard stream that outlives its reader: what nobody reads is thrown away, and the command goes on."""

    lost: OSError | None = None  # what kept somebody who reads from getting it: a full disk
    given_up = False  # whether a signal has come while nobody read: the rest is thrown away

    def write(self, data):
        """See `io.FileIO`."""
        try:
            look = ending.waiting()
            while not self.given_up:
                if os.name == "posix" and not select.select([], [self], [], LOOK)[1]:
                    look()
                elif (taken := super().write(data[:SURE])) is not None:  # else a pipe that does not block
                    return taken
            return len(data)
        except ending.Ended:
            self.given_up = True
            return len(data)
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):  # a closed pipe, a closed terminal
                self.lost = self.lost or error
            return len(data)


@contextlib.contextmanager
def steady():
    """Standard streams that no command stumbles over: closed ones lead nowhere, others outlive their readers.

    A size of the terminal in the environment that cannot be meant is forgotten.

    Yields
    ------
    callable
        Returns the `OSError` for which standard output is not whole, or None.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            if os.open(os.devnull, os.O_RDWR) == number:  # the lowest that is free
                os.set_inheritable(number, True)
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch("[1-9][0-9]{0,3}", os.environ.get(name, ""), re.ASCII):
            os.environ.pop(name, None)
    before, mine = (sys.stdout, sys.stderr), {}
    for number, name, errors in ((1, "stdout", "replace"), (2, "stderr", "backslashreplace")):
        old = getattr(sys, name)
        if old is None or old is getattr(sys, f"__{name}__"):  # else somebody looks on, as pytest does
            mine[name] = _Stream(number, "w", closefd=False)
            encoding = getattr(old, "encoding", None) or "utf-8"
            lines = mine[name].isatty() or number == 2
            text = io.TextIOWrapper(io.BufferedWriter(mine[name]), encoding, errors, line_buffering=lines)
            setattr(sys, name, text)
        elif isinstance(old, io.TextIOWrapper):
            old.reconfigure(errors=errors)

    def unwritten():
        sys.stdout.flush()
        return mine["stdout"].lost if "stdout" in mine else None

    try:
        yield unwritten
    finally:
        for name, old in zip(("stdout", "stderr"), before, strict=True):
            if name in mine:
                getattr(sys, name).flush()
                setattr(sys, name, old)


def console(**options):
    """A console; where neither a terminal nor ``COLUMNS`` tells, it is 120 columns wide, so that ids stay whole."""
    file = sys.stderr if options.get("stderr") else sys.stdout
    found = Console(width=None if file.isatty() or "COLUMNS" in os.environ else 120, **options)
    if found.width < NARROWEST:
        found.width = NARROWEST
    return found


def say(text, style="dim"):
    """A sentence on standard error, on one line; whoever wrote it, it does nothing else there."""
    text = "\n" * text.startswith("\n") + printable(text, SENTENCE)
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
    color = "yellow" if good and report.verdict.endswith(" in part") else "green" if good else "red"
    verdict, *cause = told(report)
    parts: list = [
        Text(title(report), style="bold"),
        Text(verdict, style=f"bold {color}"),
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
        status = Text(row.status, style=STYLES.get(row.status, "dim"))
        table.add_row(Text(row.checks), row.dtype, status, Text(row.what))
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
        table.add_row(Text(change.check), Text(change.words, style=style))
    before, after = difference.verdicts
    return Group(
        Text(f"{difference.target}: {difference.candidates[0]} -> {difference.candidates[1]}", style="bold"),
        *([table] if difference.changes else []),
        Text(f"{len(difference.changes)} checks differ"),
        Text(f"verdict: {before}" + (f" -> {after}" if before != after else ", as before")),
    )
