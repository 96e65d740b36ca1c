"""`refimpl power`: how many mutants of the sources the oracle kills and explains."""

import json
from pathlib import Path

from rich.progress import Progress
from rich.table import Table

from refimpl.core import disk
from refimpl.oracle import catalog, ending
from refimpl.oracle.claims import pool
from refimpl.oracle.claims.cluster import Job
from refimpl.oracle.claims.command import count
from refimpl.oracle.diagnosis.explain import SECONDS
from refimpl.oracle.output import reportfile, terminal
from refimpl.oracle.power import measured, summary

COLUMNS = {name: name for name in ("system", "mutants", "alike", "killed")}  # key of a row -> heading
COLUMNS |= {"raised": "raise", "told": "told", "pairs": "pairs", "pairs_told": "told", "wrong": "wrong"}
COLUMNS |= {"median": "median s", "longest": "longest s"}


def add_arguments(parser):
    """Arguments of `refimpl power`."""
    parser.add_argument("systems", metavar="SYSTEM", nargs="*", help="default: all")
    parser.add_argument("--mutants", metavar="N", type=int, default=12, help="of each operation (default: 12)")
    parser.add_argument("--pairs", metavar="N", type=int, default=4, help="of listed mistakes, likewise (default: 4)")
    text = f"of the processor, for each diagnosis (default: {SECONDS:g})"
    parser.add_argument("--explain", metavar="SECONDS", type=float, default=SECONDS, help=text)
    parser.add_argument("--jobs", metavar="N", type=count, default=pool.usable_cores(), help="number of processes")
    parser.add_argument("--save", metavar="FILE", help="bring the committed figures up to date")


def main(options):
    """`refimpl power`."""
    if options.mutants < 0 or options.pairs < 0 or not 0 < options.explain < float("inf"):
        raise ValueError("--mutants and --pairs must be >= 0, and --explain seconds > 0")
    names = options.systems or list(catalog.systems())
    operations = [operation.name for name in names for operation in catalog.system(name).operations]
    rows: dict[str, tuple[list, list]] = {name: ([], []) for name in names}
    left = {name: len(catalog.system(name).operations) for name in names}
    found: list[dict] = []
    if options.save:
        figures(options.save)  # so that what is no such file is told before hours have gone into it
    place = f"{measured.__module__}:{measured.__name__}"
    jobs = [Job(name, place, (name, options.mutants, options.pairs, options.explain)) for name in operations]
    with ending.held() as caught, Progress(console=terminal.console(stderr=True)) as bar:
        task = bar.add_task("mutants", total=len(operations))
        for done in pool.finished(jobs, options.jobs, caught):
            if done.failure:
                raise ChildProcessError(f"{done.name}: {done.failure.strip().rpartition(chr(10))[2]}")
            name = done.name.partition(".")[0]
            for kept, new in zip(rows[name], done.result, strict=True):
                kept.extend(new)
            left[name] -= 1
            if not left[name]:  # saved at once: hours may follow, and end early
                found.append(summary(name, *rows[name]))
                save(options.save, found)
            bar.advance(task)
    table = Table(*COLUMNS.values())
    for row in found:
        table.add_row(*(str(row[key]) for key in COLUMNS))
    terminal.console().print(table)
    return 0


def save(path, found):
    """Bring the file up to date, if one is asked for."""
    if path:
        with disk.alone_in(Path(path).absolute().parent, wait=True):
            known = figures(path) | {row["system"]: row for row in found}
            disk.write(path, json.dumps(list(known.values()), indent=1) + "\n")


def figures(path):
    """The committed figures by system; none where there is no file yet.

    Raises
    ------
    ReportError
        If the file is no list of such rows, or has a system twice.
    """
    path = Path(path)
    rows = reportfile.parsed(path.read_bytes(), path) if path.is_file() else []
    names = [row.get("system") if isinstance(row, dict) else None for row in rows] if isinstance(rows, list) else [None]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise reportfile.ReportError(f"{path}: must be a list of objects, each with the name of another `system`")
    return dict(zip(names, rows, strict=True))
