"""`refimpl power`: how many mutants of the sources the oracle kills and explains."""

import json
import os
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import Progress
from rich.table import Table

from refimpl.oracle import catalog
from refimpl.oracle.diagnosis.explain import SECONDS
from refimpl.oracle.output import terminal
from refimpl.oracle.power import measured, summary


def add_arguments(parser):
    """Arguments of `refimpl power`."""
    parser.add_argument("systems", metavar="SYSTEM", nargs="*", help="default: all")
    parser.add_argument("--mutants", metavar="N", type=int, default=12, help="of each operation (default: 12)")
    parser.add_argument("--pairs", metavar="N", type=int, default=4, help="of listed mistakes, likewise (default: 4)")
    text = f"for each diagnosis (default: {SECONDS:g})"
    parser.add_argument("--explain", metavar="SECONDS", type=float, default=SECONDS, help=text)
    parser.add_argument(
        "--jobs", type=int, default=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    )
    parser.add_argument("--save", metavar="FILE", help="bring the committed figures up to date")


def main(options):
    """`refimpl power`."""
    if options.mutants < 0 or options.pairs < 0 or options.explain <= 0 or options.jobs < 1:
        raise ValueError("--mutants and --pairs must be >= 0, --explain > 0 and --jobs >= 1")
    names = options.systems or list(catalog.systems())
    operations = [operation.name for name in names for operation in catalog.system(name).operations]
    rows: dict[str, tuple[list, list]] = {name: ([], []) for name in names}
    with Progress(console=terminal.console(stderr=True)) as bar, ProcessPoolExecutor(options.jobs) as pool:
        task = bar.add_task("mutants", total=len(operations))
        futures = {
            pool.submit(measured, name, options.mutants, options.pairs, options.explain): name for name in operations
        }
        for future in as_completed(futures):
            singles, doubles = future.result()
            system = futures[future].partition(".")[0]
            rows[system][0].extend(singles)
            rows[system][1].extend(doubles)
            bar.advance(task)
    found = [summary(name, *rows[name]) for name in names]
    if options.save:
        path = Path(options.save)
        known = {row["system"]: row for row in json.loads(path.read_text())} if path.is_file() else {}
        known |= {row["system"]: row for row in found}
        path.write_text(json.dumps(list(known.values()), indent=1) + "\n", encoding="utf-8")
    table = Table("system", "mutants", "killed", "raise", "told", "pairs", "told", "wrong", "median s", "longest s")
    for row in found:
        keys = ("system", "mutants", "killed", "raised", "told", "pairs", "pairs_told", "wrong", "median", "longest")
        table.add_row(*(str(row[key]) for key in keys))
    terminal.console().print(table)
    return 0
