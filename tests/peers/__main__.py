"""Judge the public implementations: `make peers`.

    python -m tests.peers --out docs/conformance            # write the verdicts
    python -m tests.peers --out docs/conformance --check    # compare with those that were written
    python -m tests.peers --out docs/conformance --only bayesopt pymoo    # and keep all other verdicts
    python -m tests.peers --out docs/conformance --pages    # write the pages anew, as after a merge; judge nothing
    python -m tests.peers --patched    # try the patches of letters.toml on copies of the releases

A verdict is kept, and not judged again, while release, adapter, settings, cases, source and spec are those that it was
written for; --all judges everything, as the weekly job does, for the engine may have changed.

With --check it fails where a verdict, or the mistake or variant that it names, is another than was written, whatever
the release: a person re-checks it by hand and writes it down. A release that is new but judged the same is reported.
What needs another toolchain than Python is skipped where that is not installed: its written verdict is kept.
"""

import argparse
import datetime
import json
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from refimpl.core import disk
from refimpl.oracle.claims import pool
from refimpl.oracle.claims.cluster import Job
from tests.peers import patches
from tests.peers.elsewhere import lacking
from tests.peers.pages import pages, placed, system_of
from tests.peers.verdicts import implementations, judge_all, kept, key_of, letters

SECONDS = 20.0  # for the cause of a deviation that no list names; the written one is kept by --check
console = Console()


def compare(written, rows):
    """Sentences about what differs from the written verdicts: what is wrong, and what should be written anew."""
    before = {row["key"]: row for row in written}
    wrong, notes = [], []
    for row in rows:
        old, release = before.pop(row["key"], None), row["version"] or "not installed"
        if old is None:
            wrong.append(f"{row['key']}: no verdict was written")
        elif (old["verdict"], old["names"]) != (row["verdict"], row["names"]):
            now, then = (" ".join((r["verdict"], *r["names"])) for r in (row, old))
            wrong.append(f"{row['key']}: {now} ({release}: {row['sentence']}); written was {then} ({old['version']})")
        elif old["version"] != row["version"]:
            notes.append(f"{row['key']}: {release} here, {old['version']} was written; judged the same")
        elif any(old.get(key) != row.get(key) for key in ("sentence", "counts", "note", "kind", "command", "script")):
            notes.append(f"{row['key']}: judged the same, but in other words or counts; write the page anew")
    wrong += [f"{key}: written, but no longer judged" for key in before]
    return wrong, notes


def meant(row, names):
    """Whether a row, or an entry of the table, is of one of these packages and systems, if any are named."""
    return not names or row["package"] in names or system_of(row) in names


def write(out, rows, date=None):
    """Write the verdicts, each with its place on the site, and the pages; every file whole or not at all."""
    data, date = out / "verdicts.json", date or datetime.date.today().isoformat()
    rows = placed(rows)
    disk.write(data, json.dumps({"date": date, "rows": rows}, indent=1) + "\n")
    written = pages(rows, date)
    for page in out.glob("*.rst"):
        if page.stem not in written:
            page.unlink()
    for name, text in written.items():
        disk.write(out / f"{name}.rst", text)
    console.print(f"{data} and {len(written)} pages written")


def try_patches(names, jobs):
    """Try the patches of these scripts, or of all, on copies of the releases; 1 if one does not mend what it should."""
    known = [name for name, letter in letters().items() if not names or name in names]
    todo = [Job(name, "tests.peers.patches:tried", (name,)) for name in known if "edits" in letters()[name]]
    found = {}
    for done in pool.finished(todo, jobs or pool.usable_cores(), (), limit=patches.LIMIT):
        found[done.name] = done.result or patches.Tried("failed", done.failure.strip().splitlines()[-1], [])
        console.print(f"{done.name}: {found[done.name].outcome}", highlight=False)
    table = Table("patch", "script", "adapters, on the release so mended", box=None, pad_edge=False)
    for name in known:
        result = found.get(name) or patches.Tried("not tried", letters()[name]["untried"], [])
        told = result.told if result.outcome in ("failed", "not there", "not tried") else ""
        table.add_row(name, result.outcome, "\n".join([*filter(None, [told]), *map(patches.words, result.rows)]))
    console.print(table)
    wrong = [name for name, result in found.items() if not patches.as_told(letters()[name], result)]
    console.print(f"{len(found) - len(wrong)} as their letters say, {len(wrong)} not: {', '.join(wrong) or 'none'}")
    return int(bool(wrong))


def parsed():
    """The options of the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="folder of the written verdicts")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="of these packages or systems alone")
    parser.add_argument("--all", action="store_true", help="judge also what has not changed since it was written")
    parser.add_argument("--jobs", type=int, metavar="N", help="processes at a time (default: the cores)")
    parser.add_argument("--pages", action="store_true", help="write the pages from the verdicts there; judge nothing")
    parser.add_argument("--patched", nargs="*", metavar="SCRIPT", help="try the patches of the letters, or of these")
    options = parser.parse_args()
    if options.out is None and options.patched is None:
        parser.error("argument --out: a folder, unless --patched is asked for")
    if options.jobs is not None and options.jobs < 1:
        parser.error(f"argument --jobs: must be 1 or more, got {options.jobs}")
    if unknown := set(options.patched or ()) - set(letters()):
        parser.error(f"argument --patched: no letter is named {', '.join(sorted(unknown))}")
    if options.only and not any(meant(entry, options.only) for entry in implementations()):
        parser.error(f"argument --only: no such package or system: {' '.join(options.only)}")
    return options


def main():
    options = parsed()
    if options.patched is not None:
        return try_patches(options.patched, options.jobs)
    entries, data = implementations(), options.out / "verdicts.json"
    asked = [entry for entry in entries if meant(entry, options.only)]
    there = json.loads(data.read_text(encoding="utf-8")) if data.is_file() else {"rows": [], "date": None}
    written = there["rows"]
    if options.pages:
        write(options.out, written, there["date"])
        return 0
    known = {row["key"]: row for row in written}
    reasons = {key_of(entry): why for entry in asked if (why := lacking(entry)) and key_of(entry) in known}
    may = [entry for entry in asked if not options.all or key_of(entry) in reasons]
    same = {key_of(entry): kept(entry, known.get(key_of(entry))) for entry in may}
    anew = [entry for entry in asked if same.get(key_of(entry)) is None]
    judged = {row["key"]: row for row in judge_all(anew, 0.0 if options.check else SECONDS, options.jobs)}
    rows = [judged.get(key_of(entry)) or same[key_of(entry)] for entry in asked]
    table = Table("implementation", "asked for", "verdict", "kind", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["title"], row["target"], " ".join((row["verdict"], *row["names"])), row["kind"])
    console.print(table)
    still = len(rows) - len(anew) - len(reasons)
    console.print(f"{still} verdicts kept: nothing that they depend on has changed; {len(anew)} judged")
    for why, times in Counter(reasons.values()).items():
        console.print(f"{times} verdicts kept and skipped: {why} (`make peers-elsewhere`)", highlight=False)
    if options.check:
        wrong, notes = compare([row for row in written if meant(row, options.only)], rows)
        for text in (*notes, *wrong):
            console.print(text, markup=False, highlight=False)
        skipped = f", {len(reasons)} skipped" if reasons else ""
        console.print(f"{len(rows) - len(wrong) - len(reasons)} passed, {len(wrong)} failed{skipped}")
        return int(bool(wrong))
    known |= {row["key"]: row for row in rows}
    write(options.out, [known[key] for entry in entries if (key := key_of(entry)) in known])
    return 0


if __name__ == "__main__":
    sys.exit(main())
