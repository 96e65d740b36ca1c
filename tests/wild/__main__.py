"""What the oracle says of the bugs from the wild.

    python -m tests.wild --seconds 10                 # all, written to docs/_data/wild.json
    python -m tests.wild NAME NAME --seconds 60       # some, only shown
    python -m tests.wild --open                       # the half that is for learning, only shown
    python -m tests.wild --led NAME NAME              # read by a person: what is said is true and leads there

A cause counts as told if it explains every answer of the wrong version, those to 200 fresh random inputs too. What
leads to it (a condition, the step that differs first, what the answer is like) a person has to read: `--led`; once the
words change they are to be read again.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from rich.console import Console
from rich.progress import track

from refimpl.core import disk
from refimpl.oracle import power
from tests.wild import corpus
from tests.wild.asking import DATA, said

console = Console()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.wild", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="files of the corpus; all if none is named")
    parser.add_argument("--seconds", type=float, default=power.SECONDS, help="of the processor for each (%(default)s)")
    parser.add_argument("--open", action="store_true", help="of the half that is for learning alone")
    parser.add_argument("--led", action="store_true", help="note that what is said of these leads to the cause")
    options = parser.parse_args()
    before = {row["name"]: row for row in json.loads(DATA.read_text(encoding="utf-8"))} if DATA.exists() else {}
    if options.led:
        for name in options.names:
            before[name]["led"] = True
        return _save(before)
    entries = [e for e in corpus(options.names) if not (options.open and e.closed)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        rows = pool.map(partial(said, seconds=options.seconds), entries)
        rows = list(track(rows, "asking", len(entries), console=Console(stderr=True), transient=True))
    for row in rows:
        was = before.get(row["name"], {})
        row["led"] = bool(was.get("led") and was["words"] == row["words"])
        console.print(
            f"[bold]{row['name']}[/]: {row['kind']}, {'told' if row['told'] else 'not told'}, {row['seconds']:.1f} s"
        )
        console.print("\n".join(row["words"]), markup=False, highlight=False)
    told, led = sum(row["told"] for row in rows), sum(row["led"] and not row["told"] for row in rows)
    console.print(f"{len(rows)} bugs: {told} told, {led} led to, {sum(row['wrong'] for row in rows)} wrong")
    if options.names or options.open:
        return 0
    return _save({row["name"]: row for row in rows})


def _save(rows):
    text = json.dumps([rows[name] for name in sorted(rows)], indent=1)
    disk.write(DATA, text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
