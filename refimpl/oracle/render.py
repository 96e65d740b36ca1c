"""Reports on the terminal and as JSON."""

import json

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

STYLES = {"passed": "green", "failed": "red", "error": "red", "xpass": "red", "variant": "yellow"}
WORST_FIRST = ("failed", "error", "xpass", "variant", "xfail", "skipped", "not_applicable", "passed")


def counts_line(report):
    """Planned checks and what became of them: "25 planned = 23 passed + 2 failed".

    Examples
    --------
    >>> from refimpl.oracle.check import Report
    >>> counts_line(Report("lion", {}, "conforms", {"passed": 3, "failed": 0}, 3, ()))
    '3 planned = 3 passed'
    """
    parts = " + ".join(f"{n} {status}" for status, n in report.counts.items() if n)
    return f"{report.planned} planned = {parts or 'none'}"


def sentence(report):
    """The verdict in one sentence."""
    text = {
        "conforms": "conforms",
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


def _numbers(record):
    """Expected, got, error against tolerance, digits."""
    if record.expected is None:
        return ""
    text = (
        f"expected {record.expected!r}, got {record.got!r}; error {record.error:.3g}, tolerance {record.tolerance:.3g}"
    )
    if record.digits is not None:
        text += f"; {record.digits:.1f} agreeing digits"
    if len(record.digits_per_step) > 1:
        shown = record.digits_per_step[:12]
        text += f"\ndigits per step: {' '.join(f'{d:g}' for d in shown)}{' ...' if len(record.digits_per_step) > 12 else ''}"
    return text


def rich_report(report, *, verbose=False, details=3):
    """What `refimpl check` prints: problems first, then the verdict and the diagnosis.

    Parameters
    ----------
    report : check.Report
        What to show.
    verbose : bool, default: False
        Whether to list the checks that passed as well.
    details : int, default: 3
        Of how many failures to show all numbers.
    """
    who = " ".join(filter(None, (report.candidate["name"], report.candidate["version"])))
    records = sorted(report.records, key=lambda r: WORST_FIRST.index(r.status))
    table = Table(title=Text(f"{report.target}: {who}"), title_justify="left", box=None, pad_edge=False)
    for column in ("case", "dtype", "status", "what"):
        table.add_column(column, overflow="fold")
    for record in records:
        if record.status != "passed" or verbose:
            what = (
                record.message or record.reason or (f"{record.digits:.1f} digits" if record.digits is not None else "")
            )
            status = f"[{STYLES.get(record.status, 'dim')}]{record.status}[/]"
            table.add_row(escape(record.case), record.dtype, status, escape(what))
    parts: list = [table] if table.row_count else [Text(f"{report.target}: {who}", style="bold")]
    for record in [r for r in records if r.status in ("failed", "error", "variant")][:details]:
        parts += [
            Text(f"\n{record.case} ({record.dtype}): {record.message}", style="bold"),
            Text("\n".join(filter(None, (_numbers(record), record.traceback.strip(), record.stderr_tail.strip())))),
            Text(f"rerun: {record.repro}", style="cyan"),
        ]
    parts += [Text(""), Text(counts_line(report))]
    let_through = [r for r in report.advice if r.status == "failed"]
    if report.advice:
        names = ", ".join(r.case.partition("refuses:")[2] for r in let_through)
        refused = f"bad input: {len(report.advice) - len(let_through)} of {len(report.advice)} kinds refused"
        parts.append(Text(f"{refused}{'; accepted: ' + names if names else ''} (advice; --errors makes it count)"))
    parts += [Text(f"problem: {problem}", style="red") for problem in report.problems]
    good = report.verdict.startswith("conforms") and not report.problems
    parts.append(Text(f"verdict: {sentence(report)}", style="bold green" if good else "bold red"))
    if report.diagnosis and report.diagnosis.origin:
        parts.append(Text(f"see {report.diagnosis.origin}"))
    return Group(*parts)


def json_report(report):
    """The whole report as one line of JSON; NaN and infinities as strings."""
    return json.dumps(_plain(report.as_dict()), allow_nan=False)


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(x) for key, x in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(x) for x in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return "NaN" if value != value else ("Infinity" if value > 0 else "-Infinity")
    return value
