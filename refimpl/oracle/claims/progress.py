"""What is shown of a run of claims while it runs."""

import contextlib
import sys
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from refimpl.oracle.output import terminal


@contextlib.contextmanager
def silence():
    """Functions that do nothing, in place of those of `progress`."""
    yield lambda name, record: None, lambda running: None


@contextlib.contextmanager
def progress(planned):
    """Functions that note a finished record and show what runs: live on a terminal, else a line per record."""
    console = terminal.console(stderr=True)
    if not console.is_terminal:
        done: list[str] = []

        def line(name, record):
            done.append(name)
            place = f"[{len(done)}/{len(planned)}]"
            print(place, name, record["status"], f"{record['seconds']:.1f} s", file=sys.stderr, flush=True)

        yield line, lambda running: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        whole = bars.add_task(f"0 of {len(planned)} claims", total=len(planned))
        rows: dict[str, Any] = {}

        def show(running):
            for name in running - rows.keys():
                rows[name] = bars.add_task(f"  {name}", total=None)

        def note(name, record):
            bars.remove_task(rows.pop(name))
            bars.advance(whole)
            done = int(bars.tasks[0].completed)
            bars.update(whole, description=f"{done} of {len(planned)} claims")

        yield note, show
