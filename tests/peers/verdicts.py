"""Ask the oracle about every implementation in implementations.toml."""

import hashlib
import json
import re
import shlex
import sys
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from refimpl.oracle import catalog
from refimpl.oracle.candidates import Program, load
from refimpl.oracle.candidates.host import ADAPTERS
from refimpl.oracle.candidates.named import Named
from refimpl.oracle.claims import pool
from refimpl.oracle.claims.cluster import Job
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.output.words import counts_line, sentence, told
from refimpl.oracle.request import Request
from refimpl.oracle.verdict import judged
from tests.peers import elsewhere

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ".venv/bin/python"
MANY = 8  # verdicts that one process is asked for; the package is imported once
LIMIT = 1200.0  # seconds that it may take


def implementations():
    """The table of implementations.toml."""
    return tomllib.loads((HERE / "implementations.toml").read_text(encoding="utf-8"))["implementation"]


@cache
def letters():
    """What could be sent to maintainers, by the stem of the script that shows the mistake: letters.toml."""
    return tomllib.loads((HERE / "letters.toml").read_text(encoding="utf-8"))


def closed():
    """Packages that do not import here: closed.toml."""
    return tomllib.loads((HERE / "closed.toml").read_text(encoding="utf-8"))


def said_by(script):
    """What a script shows: its first line."""
    return re.sub(r'^("""|// |# )', "", (ROOT / script).read_text(encoding="utf-8").partition("\n")[0]).removesuffix(
        '"""'
    )


def installed(entry):
    """Version of what is judged, without the build that follows a +, or "" if it is not there."""
    if "exec" in entry:
        return elsewhere.release(entry)
    if "folder" in entry:
        found = list((ROOT / entry["folder"]).glob(f"{entry['package'].replace('-', '_')}-*.dist-info"))
        return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else ""
    try:
        return version(entry["package"]).partition("+")[0]
    except PackageNotFoundError:
        return ""


def request(entry):
    """What is asked of whom."""
    kind = next(kind for kind in ("exec", *ADAPTERS) if kind in entry)
    place, given, folder = entry[kind], entry.get("settings", {}), entry.get("folder", "")
    if folder and (kind == "python" or (kind == "torch" and given)):  # `serve.py` takes these out of a folder
        served = f"{PYTHON} tests/peers/serve.py {folder} {entry['target']} {place} '{json.dumps(given)}'"
        whom = Named("exec", served)
    else:
        whom = Named(kind, place, settings=given, path=(folder,) * bool(folder))
    checks = Settings((entry.get("dtype", "float64"),), skip=entry.get("skip"))
    return Request((entry["target"],), checks, whom)


def command(entry):
    """The command that shows the verdict."""
    asked = request(entry)
    program = asked.whom.place if asked.whom.kind == "exec" else None
    words = (f'"{word}"' if word == program else shlex.quote(word) for word in asked.words)
    return " && ".join([*filter(None, [entry.get("build")]), f"refimpl check {' '.join(words)}"])


def candidate_of(entry):
    """The candidate that an entry names; this process is that of the package, if it needs none of its own."""
    whom = request(entry).whom
    if whom.kind == "exec":
        return Program(elsewhere.command(entry | {"exec": whom.place.replace(PYTHON, sys.executable)}), timeout=60)
    place = str(ROOT / whom.place) if ".py:" in whom.place else whom.place
    path = tuple(str(ROOT / folder) for folder in whom.path)
    return whom._replace(place=place, path=path, in_process=not path).opened(entry["target"])


def first_difference(report):
    """Half a sentence about the first case that fails, or ""."""
    record = next((record for record in report.records if record.status == "failed"), None)
    if record is None:
        return ""
    place = f"; first in {record.case.partition('/')[2].rpartition('-')[0] or record.case}"
    step = f", step {record.step}" if record.step is not None else ""
    return place + step + (f": {record.got:.8g} for {record.expected:.8g}" if record.expected is not None else "")


def key_of(entry):
    """What names a verdict, whatever the release."""
    return " ".join((entry.get("folder", entry["package"]), entry["what"], entry["target"]))


def digest(entry, release):
    """What a verdict depends on, but for the engine: release, entry, adapter, cases, source and spec of the system.

    Forms count as the engine's: no verdict depends on them.
    """
    name = entry["target"].partition(".")[0]
    files = [ROOT / entry[kind].partition(":")[0] for kind in ADAPTERS if ".py:" in entry.get(kind, "")]
    files += elsewhere.sources(entry) if "exec" in entry else []
    texts = _of_system(name) | _texts(files)
    cases = {case: found for case, found in catalog.case_index().items() if case.startswith(f"{name}.")}
    told = {key: value for key, value in entry.items() if key not in ("note", "kind", "script")}
    whole = json.dumps([release, told, texts, cases], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


@cache
def _of_system(name):
    """Source and spec of a system, which all its entries share."""
    rooms = ROOT / "refimpl" / catalog.chapter(name), ROOT / "refimpl/specs" / catalog.chapter(name) / name
    return _texts([rooms[0] / f"{name}.py", *rooms[0].glob(f"_{name}_*.py"), *rooms[1].rglob("*.py")])


def _texts(files):
    read = [path for path in files if not {"claims", "forms"} & set(path.with_suffix("").parts)]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in read}


def kept(entry, row):
    """A written verdict with the words of today's entry, if nothing has changed that it depends on; else None.

    So is one that cannot be judged here, for its toolchain or its packages are not installed.
    """
    if row is None or not (elsewhere.lacking(entry) or row.get("digest") == digest(entry, installed(entry))):
        return None
    return row | {key: entry.get(key, "") for key in ("note", "kind", "script")} | {"language": language(entry)}


def language(entry):
    """In which language it is asked."""
    return elsewhere.LANGUAGES[entry["needs"]] if "exec" in entry else "Python"


def row_of(entry):
    """What is known of a verdict before it is judged."""
    row = {key: entry.get(key, "") for key in ("package", "what", "target", "note", "kind", "script")}
    found = installed(entry)
    spoken = f" ({language(entry)})" if "exec" in entry else ""
    row |= {"key": key_of(entry), "version": found, "title": f"{entry['package']} {found}{spoken}, {entry['what']}"}
    return row | {"names": [], "language": language(entry), "digest": digest(entry, found)}


def judge(entry, seconds=0.0):
    """Plain data of one verdict; what no list names is explained within so many seconds."""
    row = row_of(entry)
    if not row["version"]:
        return row | {"verdict": "not installed", "sentence": f"{entry['package']} is not installed"}
    if "absent" in entry:
        module, _, name = entry["absent"].partition(":")
        there = hasattr(load(module), name)
        return row | {"verdict": "present after all" if there else "not applicable", "sentence": entry["note"]}
    try:
        candidate = candidate_of(entry)
        try:
            asked = request(entry)
            report = judged(asked._replace(explain=0.0), candidate)
            unnamed = report.verdict == "deviates" and report.diagnosis is None
            cause = []
            if unnamed and seconds:
                cause = told(judged(asked._replace(explain=seconds), candidate))
        finally:
            candidate.close()
    except Exception as error:  # a release whose names have changed cannot even be asked
        return row | {"verdict": "error", "sentence": f"{type(error).__name__}: {error}"}
    return row | {
        "verdict": report.verdict,
        "names": list(report.diagnosis.names) if report.verdict == "deviates" and report.diagnosis else [],
        "sentence": sentence(report) + (first_difference(report) if unnamed else ""),
        "cause": cause,
        "counts": {status: n for status, n in report.counts.items() if n},
        "planned": report.planned,
        "line": counts_line(report),
        "command": command(entry),
    }


def judge_some(entries, seconds):
    """Verdicts on some of what one package has."""
    return [judge(entry, seconds) for entry in entries]


def judge_all(entries, seconds=0.0, jobs=None):
    """Verdicts in the order of the entries, so many processes at a time.

    Each has entries of one package, for many set a default for all of it. Where a process dies or does not end, its
    entries are judged once more, each in a process of its own: one that is lost again is an error, and no other is.
    """
    groups = {}
    for entry in entries:
        groups.setdefault(entry["package"], []).append(entry)
    parts = [group[i : i + MANY] for group in groups.values() for i in range(0, len(group), MANY)]
    with Progress(console=Console(stderr=True), transient=True) as bar:
        found, lost = _judged(sorted(parts, key=len, reverse=True), seconds, jobs, bar)
        alone, lost = _judged([[entry] for part, _ in lost for entry in part], seconds, jobs, bar)
    for (entry,), failure in lost:
        told = f"{entry['package']}: {failure.strip().splitlines()[-1]}"
        alone.append(row_of(entry) | {"digest": "", "verdict": "error", "sentence": told})
    by_key = {row["key"]: row for row in (*found, *alone)}
    return [by_key[key_of(entry)] for entry in entries]


def _judged(parts, seconds, jobs, bar):
    """The verdicts on some parts, and those that gave none, each with the reason."""
    task = bar.add_task("judging", total=sum(map(len, parts)), visible=bool(parts))
    names = {str(i): part for i, part in enumerate(parts)}
    todo = [Job(name, f"{__name__}:judge_some", (part, seconds)) for name, part in names.items()]
    rows, lost = [], []

    def show(running):
        now = ", ".join(sorted(names[name][0]["package"] for name in running))
        bar.update(task, description=f"judging {now}")

    for done in pool.finished(todo, jobs or pool.usable_cores(), (), show, limit=LIMIT, fresh=True):
        part = names[done.name]
        rows += done.result or ()
        lost += [(part, done.failure)] if done.failure else []
        bar.advance(task, len(part))
    return rows, lost
