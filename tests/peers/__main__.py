"""Judge the public implementations: `make peers`.

    python -m tests.peers --out docs/conformance            # write the verdicts
    python -m tests.peers --out docs/conformance --check    # compare with those that were written
    python -m tests.peers --out docs/conformance --only bayesopt pymoo    # and keep all other verdicts

A verdict is kept, and not judged again, while release, adapter, settings, cases, source and spec are those that it was
written for; --all judges everything, as the weekly job does, for the engine may have changed.

With --check it fails where a verdict, or the mistake or variant that it names, is another than was written, whatever
the release: a person re-checks it by hand and writes it down. A release that is new but judged the same is reported.
What needs another toolchain than Python is skipped where that is not installed: its written verdict is kept.
"""

import argparse
import datetime
import json
import re
import sys
import textwrap
from collections import Counter
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from refimpl.oracle import catalog
from refimpl.oracle.output.page import beyond
from tests.peers.elsewhere import lacking, runner
from tests.peers.verdicts import closed, implementations, judge_all, kept, key_of, letters, said_by

KINDS = {
    "bug": "a mistake; a script beside the tests shows it without this library",
    "choice": "another rule, parametrisation or default on purpose, nearly always documented",
    "ambiguity": "the paper, its versions and its authors' code do not agree or do not say",
    "rounding": "the paper's rule, with fewer digits than the precision has",
}
SHORT = 60  # characters of a sentence that is no story yet
SECONDS = 20.0  # for the cause of a deviation that no list names; the written one is kept by --check
PACKAGES = """\
.. Written by `make peers`; do not edit.

All packages
============

The table of the :doc:`verdicts <index>`: packages, and in each chapter a sign for each verdict, which leads to it.

.. refimpl-conformance::

Packages of which a part is asked, or nothing
---------------------------------------------

What Python {python} says where they do not import beside what the lock installs; a test tries each anew.

"""
console = Console()


def marked_up(text):
    """A sentence for the page: `code` in the fixed font, all else as it stands."""
    parts = " ".join(text.split()).split("`")
    escape = str.maketrans({"*": r"\*", "|": r"\|"})
    return "".join(f"``{part}``" if i % 2 else part.translate(escape) for i, part in enumerate(parts))


def _system(row):
    return row["target"].partition(".")[0]


def pages(rows, date):
    """The pages of the site, from the verdicts: name -> text, an entrance and one for each system."""
    systems = list(dict.fromkeys(map(_system, rows)))  # what is outside Python stands apart in the table
    rows = sorted(rows, key=lambda row: systems.index(_system(row)))
    found = {"index": _entrance(rows, systems, date), "packages": _packages()}
    return found | {system: _of_system(system, list(group)) for system, group in groupby(rows, key=_system)}


def _packages():
    """The page of all packages, with those of which a part is asked, or nothing."""
    data = closed()
    told = []
    for entry in data["package"]:
        told += [f"``{entry['name']}`` {entry['release']}"]
        said = f"*{entry['error']}*" if "error" in entry else "it does"
        told += [f"   ``import {entry['imports']}``: {said}. Asked: {marked_up(entry['instead'])}."]
    return PACKAGES.format(python=data["python"]) + "\n".join([*told, ""])


def _entrance(rows, systems, date):
    verdicts = Counter(row["verdict"].split()[0] for row in rows)
    bugs = [row for row in rows if row["kind"] == "bug"]
    spoken = {row["package"]: row["language"] for row in rows}
    languages = [f"{times} in {name}" for name, times in Counter(spoken.values()).most_common()]
    asked = verdicts["conforms"] + verdicts["deviates"]
    about = f"""{len(rows)} verdicts on {len(spoken)} packages ({", ".join(languages)}), of {date}, each on the release
        named: {verdicts["conforms"]} conform, to the paper's rule or a named variant of it, {verdicts["deviates"]}
        deviate, and {len(rows) - asked} could not be asked. Every deviation was re-checked by hand against the formula.
        A verdict says nothing about the next release. Settings are those of the cases; all others are left as they
        come, but for what the title says. What a package cannot be asked is not applicable, and never passed.
        ``python -m tests.peers --out docs/conformance`` writes these pages anew."""
    title = "Conformance of public implementations"
    lines = [".. Written by `make peers`; do not edit.", "", title, "=" * len(title), "", *wrapped(about), ""]
    for kind, meaning in KINDS.items():
        times = sum(row["kind"] == kind for row in rows)
        lines += [f"{kind} ({times})", f"   {meaning}"]
    lines += [
        "",
        "Mistakes",
        "--------",
        "",
        "Each has a script that shows it without this library; its page says what mends it.",
        "",
    ]
    for row in bugs:
        first = _first(" ".join(row["note"].split()))
        lines += [f"* :doc:`{_named(row)} <{_system(row)}>`: {marked_up(first)}."]
    lines += ["", ":doc:`All packages <packages>` has a sign for each verdict.", "", ".. toctree::", "   :hidden:", ""]
    return "\n".join([*lines, "   All packages <packages>", *(f"   {system} <{system}>" for system in systems), ""])


def _first(note):
    """What a note says first of the package; how it was checked is told on its page."""
    sentences = [s for s in re.split(r"(?<=[.;]) (?=[A-Z`])", note) if not s.startswith("Re-checked")] or [note]
    found = sentences.pop(0)
    while sentences and len(found) < SHORT:
        found += f" {sentences.pop(0)}"
    return found.rstrip(".;:")


def wrapped(text):
    """Lines of a text."""
    return textwrap.wrap(" ".join(text.split()), 118, break_on_hyphens=False)


def _named(row):
    return re.sub(r"[`<>]", "", row["title"]).replace("_", r"\_")


def _of_system(system, rows):
    title = f"Packages that do {system}"
    lines = [".. Written by `make peers`; do not edit.", "", title, "=" * len(title), ""]
    lines += [f"The rule: :doc:`/{catalog.chapter(system)}/{system}`. :doc:`All verdicts <index>`.", ""]
    for row in rows:
        name = re.sub(r"_(?=\W|$)", r"\_", row["title"])  # a name that ends so would be a reference
        lines += [name, "-" * len(name), ""]
        kind = f" ({row['kind']})" if row["kind"] else ""
        rest = beyond(row["verdict"], row["sentence"])
        rest = f": {marked_up(rest)}." if rest not in ("", row["note"]) else ""
        lines += [f"*{row['target']}*: **{row['verdict']}**{kind}{rest}", "", marked_up(row["note"]), ""]
        told = []
        if row.get("cause"):
            told += ["What the oracle says of the cause:", "", ".. code-block:: text", "   :class: wrapped", ""]
            told += [f"   {text}".rstrip() for text in row["cause"]] + [""]
        if row["script"]:
            lines += [f"Without this library: ``{runner(row['script'])} {row['script']}``.", ""]
        if "line" in row:
            told += [
                f"{row['line']}.",
                "",
                ".. code-block:: shell",
                "   :class: wrapped",
                "",
                f"   {row['command']}",
                "",
            ]
        if row["script"]:
            lines += _letter(row["script"])
        if told:
            lines += [".. dropdown:: How it was asked", "", *(f"   {line}".rstrip() for line in told), ""]
    return "\n".join(lines)


def _letter(script):
    """What could be sent to the maintainers about a mistake."""
    letter = letters()[Path(script).stem]
    patch = [f"   {line}".rstrip() for line in letter["patch"].strip("\n").splitlines()]
    lines = [marked_up(said_by(script)), "", f"*Where*: {marked_up(letter['where'])}.", ""]
    lines += [
        f"*Why*: {marked_up(letter['why'])}",
        "",
        "*What would mend it*:",
        "",
        ".. code-block:: diff",
        "",
        *patch,
        "",
    ]
    lines += [f"*What shows it*: ``{runner(script)} {script}``."]
    title = ".. dropdown:: What could be sent to its maintainers"
    return [title, "", *(f"   {line}".rstrip() for line in lines), ""]


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
    return not names or row["package"] in names or _system(row) in names


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the written verdicts")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="of these packages or systems alone")
    parser.add_argument("--all", action="store_true", help="judge also what has not changed since it was written")
    options = parser.parse_args()
    entries, data = implementations(), options.out / "verdicts.json"
    asked = [entry for entry in entries if meant(entry, options.only)]
    if not asked:
        parser.error(f"argument --only: no such package or system: {' '.join(options.only)}")
    written = json.loads(data.read_text(encoding="utf-8"))["rows"] if data.is_file() else []
    known = {row["key"]: row for row in written}
    reasons = {key_of(entry): why for entry in asked if (why := lacking(entry)) and key_of(entry) in known}
    may = [entry for entry in asked if not options.all or key_of(entry) in reasons]
    same = {key_of(entry): kept(entry, known.get(key_of(entry))) for entry in may}
    anew = [entry for entry in asked if same.get(key_of(entry)) is None]
    judged = {row["key"]: row for row in judge_all(anew, seconds=0.0 if options.check else SECONDS)}
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
    rows = [known[key] for entry in entries if (key := key_of(entry)) in known]
    date = datetime.date.today().isoformat()
    options.out.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps({"date": date, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    written = pages(rows, date)
    for page in options.out.glob("*.rst"):
        if page.stem not in written:
            page.unlink()
    for name, text in written.items():
        (options.out / f"{name}.rst").write_text(text, encoding="utf-8")
    console.print(f"{data} and {len(written)} pages written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
