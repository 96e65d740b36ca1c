"""Judge the public implementations: `make peers`.

    python -m tests.peers --out docs/conformance            # write the verdicts
    python -m tests.peers --out docs/conformance --check    # compare with those that were written

With --check a verdict that differs from the written one fails if the release is the one that was judged; another
release is reported, for a person to re-check and write down.
"""

import argparse
import datetime
import json
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from refimpl.oracle.candidates import Function, OptaxTransform, Program, TorchOptimizer, load
from refimpl.oracle.judge import check
from refimpl.oracle.render import counts_line, sentence

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
console = Console()


def implementations():
    """The table of implementations.toml."""
    return tomllib.loads((HERE / "implementations.toml").read_text(encoding="utf-8"))["implementation"]


def installed(entry):
    """Version of what is judged, or "" if it is not there."""
    if "folder" in entry:
        found = list((ROOT / entry["folder"]).glob(f"{entry['package']}-*.dist-info"))
        return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else ""
    try:
        return version(entry["package"])
    except PackageNotFoundError:
        return ""


def command(entry):
    """Words of the command that shows the verdict."""
    settings = entry.get("settings", {})
    if "folder" in entry:
        words = f"{entry['folder']} {entry['target']} {entry['torch']} '{json.dumps(settings)}'"
        return f'refimpl check {entry["target"]} --exec ".venv/bin/python tests/peers/serve.py {words}"'
    for kind in ("torch", "optax"):
        if kind in entry:
            extra = "".join(f" --set {key}={json.dumps(value)}" for key, value in settings.items())
            return f"refimpl check {entry['target']} --{kind} {entry[kind]}{extra}"
    return f"refimpl check {entry['target']} --python {entry['python']}"


def candidate_of(entry):
    """The candidate that an entry names."""
    settings = entry.get("settings", {})
    if "folder" in entry:
        serve = [sys.executable, str(HERE / "serve.py"), str(ROOT / entry["folder"]), entry["target"], entry["torch"]]
        return Program([*serve, json.dumps(settings)], timeout=60)
    if "torch" in entry:
        return TorchOptimizer(load(entry["torch"]), settings=settings)
    if "optax" in entry:
        return OptaxTransform(load(entry["optax"]), settings=settings)
    return Function(load(str(ROOT / entry["python"])), name=entry["title"])


def judge(entry):
    """Plain data of one verdict."""
    row = {key: entry[key] for key in ("title", "package", "target", "note")} | {"kind": entry.get("kind", "")}
    found = installed(entry)
    if not found:
        return row | {"version": "", "verdict": "not installed", "sentence": f"{entry['package']} is not installed"}
    row |= {"version": found}
    if "absent" in entry:
        module, _, name = entry["absent"].partition(":")
        there = hasattr(load(module), name)
        return row | {"verdict": "present after all" if there else "not applicable", "sentence": entry["note"]}
    candidate = candidate_of(entry)
    try:
        report = check(candidate, entry["target"])
    finally:
        candidate.close()
    return row | {
        "verdict": report.verdict,
        "sentence": sentence(report),
        "counts": {status: n for status, n in report.counts.items() if n},
        "planned": report.planned,
        "line": counts_line(report),
        "command": command(entry),
    }


def rst(rows, date):
    """The page of the site, from the verdicts."""
    lines = [
        ".. Written by `make peers`; do not edit.",
        "",
        "Conformance of public implementations",
        "=====================================",
        "",
        f"Judged by the oracle on {date}, each in the release named; every deviation was re-checked by hand against",
        "the formula. ``python -m tests.peers --out docs/conformance`` writes this page anew.",
        "A verdict about a release says nothing about the next one.",
        "",
    ]
    for row in rows:
        title = row["title"] if row["version"] in row["title"] else f"{row['title']} {row['version']}".strip()
        lines += [title, "-" * len(title), ""]
        lines += [f"*{row['target']}*: **{row['verdict']}**" + (f" ({row['kind']})" if row["kind"] else ""), ""]
        if row["sentence"] not in (row["verdict"], row["note"]):
            lines += [row["sentence"][0].upper() + row["sentence"][1:] + ".", ""]
        lines += [" ".join(row["note"].split()), ""]
        if "line" in row:
            lines += [f"{row['line']}.", "", ".. code-block:: shell", "", f"   {row['command']}", ""]
    return "\n".join(lines)


def compare(written, rows):
    """Sentences about what differs from the written verdicts, and whether any of it is wrong."""
    before = {row["title"]: row for row in written}
    wrong, notes = [], []
    for row in rows:
        old = before.pop(row["title"], None)
        if old is None:
            wrong.append(f"{row['title']}: no verdict was written")
        elif old["version"] != row["version"]:
            notes.append(f"{row['title']}: {row['version'] or 'not installed'} here, {old['version']} was judged")
        elif (old["verdict"], old["sentence"]) != (row["verdict"], row["sentence"]):
            wrong.append(f"{row['title']}: {row['verdict']} ({row['sentence']}); written was {old['verdict']}")
    wrong += [f"{title}: written, but no longer judged" for title in before]
    return wrong, notes


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the written verdicts")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    options = parser.parse_args()
    rows = []
    for entry in implementations():
        with Console(stderr=True).status(f"judging {entry['title']}"):
            rows.append(judge(entry))
    table = Table("implementation", "version", "asked for", "verdict", box=None, pad_edge=False)
    for row in rows:
        table.add_row(row["title"], row["version"], row["target"], row["sentence"])
    console.print(table)
    data, page = options.out / "verdicts.json", options.out / "index.rst"
    if options.check:
        wrong, notes = compare(json.loads(data.read_text(encoding="utf-8"))["rows"], rows)
        for text in (*notes, *wrong):
            console.print(text, markup=False, highlight=False)
        console.print(f"{len(rows) - len(wrong)} passed, {len(wrong)} failed")
        return int(bool(wrong))
    date = datetime.date.today().isoformat()
    options.out.mkdir(parents=True, exist_ok=True)
    data.write_text(json.dumps({"date": date, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    page.write_text(rst(rows, date), encoding="utf-8")
    console.print(f"{data} and {page} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
