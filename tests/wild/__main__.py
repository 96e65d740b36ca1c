"""What the oracle says of the bugs from the wild, of invented ones, and of mutants of other people's code.

    python -m tests.wild                              # all, written to docs/_data/wild.json
    python -m tests.wild --set real                   # one of the sets, written too
    python -m tests.wild NAME NAME --seconds 60       # some, only shown
    python -m tests.wild NAME NAME --save             # some, written too
    python -m tests.wild --open                       # the half that is for learning, only shown
    python -m tests.wild --led NAME NAME              # read by a person: what is said is true and leads there

A cause counts as told if it explains every answer of the wrong version, those to 200 fresh random inputs too. What
leads to it (a condition, the step that differs first, what the answer is like) a person has to read: `--led`; once the
words change they are to be read again, but for how many changes were tried and on how many inputs.
"""

import argparse
import json
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from rich.console import Console
from rich.progress import track

from refimpl.core import disk
from refimpl.oracle import power
from tests.wild.asking import DATA, SETS, said, tasks

console = Console()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.wild", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="some of them; all if none is named")
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS), help="of these sets (default: all)")
    parser.add_argument("--seconds", type=float, default=power.SECONDS, help="of the processor for each (%(default)s)")
    parser.add_argument("--open", action="store_true", help="of the half that is for learning alone")
    parser.add_argument("--save", action="store_true", help="write down what is said of those that are named")
    parser.add_argument("--led", action="store_true", help="note that what is said of these leads to the cause")
    options = parser.parse_args()
    before = {row["name"]: row for row in json.loads(DATA.read_text(encoding="utf-8"))} if DATA.exists() else {}
    if options.led:
        for name in options.names:
            before[name]["led"] = True
        return _save(before)
    asked = [t for t in tasks(options.set) if t.name in (options.names or [t.name]) and not (options.open and t.closed)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = pool.map(partial(said, seconds=options.seconds), asked)
        rows = list(track(found, "asking", len(asked), console=Console(stderr=True), transient=True))
    for task, row in zip(asked, rows, strict=True):
        was = before.get(row["name"], {})
        row["led"] = bool(was.get("led") and _read(was) == _read(row))
        what = "told" if row["told"] else "not told" if row["failed"] else "passes, or raises"
        console.print(f"[bold]{row['name']}[/]: {row['kind']}, {what}, {row['seconds']:.1f} s", highlight=False)
        console.print(f"is: {task.line}", *row["words"], sep="\n", markup=False, highlight=False)
    for name in options.set:
        console.print(_counted(name, [row for row in rows if row["set"] == name and row["failed"]]), highlight=False)
    if options.names and options.save:
        return _save(before | {row["name"]: row for row in rows})
    if options.names or options.open:
        return 0
    kept = {name: row for name, row in before.items() if row["set"] not in options.set}
    return _save(kept | {row["name"]: row for row in rows})


def _read(row):
    """What a person reads: not how many changes were tried, nor on how many inputs, which differ with the machine."""
    lines = [line for line in row["words"] if "changes of the rule were tried" not in line]
    return [re.sub(r"\b(\d+ of|all) \d+\b", "", line) for line in lines]


def _counted(name, rows):
    wrong = sum(row["wrong"] for row in rows)
    told, led = sum(row["told"] for row in rows) - wrong, sum(row["led"] for row in rows)
    return f"{name}: {len(rows)} with wrong answers, {told} told, {led} led to, {wrong} told wrongly"


def _save(rows):
    text = json.dumps([rows[name] for name in sorted(rows)], indent=1)
    disk.write(DATA, text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
