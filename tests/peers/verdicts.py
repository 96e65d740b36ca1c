"""Ask the oracle about every implementation in implementations.toml."""

import hashlib
import json
import os
import re
import shlex
import sys
import tomllib
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import track

from refimpl.oracle import catalog
from refimpl.oracle.candidates import Apart, Function, Program, load
from refimpl.oracle.candidates.host import ADAPTERS, build
from refimpl.oracle.output.words import counts_line, sentence, told
from refimpl.oracle.verdict import check
from tests.peers import elsewhere

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SERVED = ("python", "torch")  # what serve.py takes out of a folder; the rest comes in by `--path`


def implementations():
    """The table of implementations.toml."""
    return tomllib.loads((HERE / "implementations.toml").read_text(encoding="utf-8"))["implementation"]


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


def door(entry):
    """The option of the command line by which it comes in, if it is in Python."""
    return next(kind for kind in ADAPTERS if kind in entry)


def place(entry):
    """What that option is given; a file with its whole path."""
    found = entry[door(entry)]
    return str(ROOT / found) if ".py:" in found else found


def command(entry):
    """Words of the command that shows the verdict."""
    extra = f" --dtype {entry['dtype']}" if "dtype" in entry else ""
    extra += "".join(f" --skip {shlex.quote(f'{slug}={why}')}" for slug, why in entry.get("skip", {}).items())
    if "exec" in entry:
        made = f"{entry['build']} && " if "build" in entry else ""
        return f'{made}refimpl check {entry["target"]} --exec "{entry["exec"]}"{extra}'
    settings = entry.get("settings", {})
    if "folder" in entry and (door(entry) not in SERVED or (door(entry) == "torch" and not settings)):
        extra = f" --path {entry['folder']}{extra}"
    elif "folder" in entry:
        words = f"{entry['folder']} {entry['target']} {entry.get('torch') or entry['python']} '{json.dumps(settings)}'"
        served = f'--exec ".venv/bin/python tests/peers/serve.py {words}"'
        return f"refimpl check {entry['target']} {served}{extra}"
    kind = door(entry)
    sets = "".join(f" --set {key}={json.dumps(value)}" for key, value in settings.items())
    return f"refimpl check {entry['target']} --{kind} {entry[kind]}{sets}{extra}"


def candidate_of(entry):
    """The candidate that an entry names."""
    if "exec" in entry:
        return Program(elsewhere.command(entry), timeout=60)
    settings, kind = entry.get("settings", {}), door(entry)
    if "folder" in entry and kind not in SERVED:
        given = {"settings": settings or None, "path": [str(ROOT / entry["folder"])]}
        return Apart(kind, place(entry), operation=entry["target"], **given)
    if "folder" in entry:
        serve = [sys.executable, str(HERE / "serve.py"), str(ROOT / entry["folder"]), entry["target"], place(entry)]
        return Program([*serve, json.dumps(settings)], timeout=60)
    if kind == "python":
        return Function(load(place(entry)), operation=entry["target"], name=entry["what"])
    return build(kind, place(entry), operation=entry["target"], settings=settings)


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
    """What a verdict depends on, but for the engine: release, entry, adapter, cases, source and spec of the system."""
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
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files if "claims" not in str(path)
    }


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


def judge(entry, seconds=0.0):
    """Plain data of one verdict; what no list names is explained within so many seconds."""
    row = {key: entry.get(key, "") for key in ("package", "what", "target", "note", "kind", "script")}
    row["key"] = key_of(entry)
    found = installed(entry)
    spoken = f" ({language(entry)})" if "exec" in entry else ""
    row |= {"version": found, "title": f"{entry['package']} {found}{spoken}, {entry['what']}", "names": []}
    row["language"] = language(entry)
    row["digest"] = digest(entry, found)
    if not found:
        return row | {"verdict": "not installed", "sentence": f"{entry['package']} is not installed"}
    if "absent" in entry:
        module, _, name = entry["absent"].partition(":")
        there = hasattr(load(module), name)
        return row | {"verdict": "present after all" if there else "not applicable", "sentence": entry["note"]}
    try:
        candidate = candidate_of(entry)
        try:
            settings = {"dtypes": (entry.get("dtype", "float64"),), "skip": entry.get("skip")}
            report = check(candidate, entry["target"], **settings, explain=0)
            unnamed = report.verdict == "deviates" and report.diagnosis is None
            cause = []
            if unnamed and seconds:
                cause = told(check(candidate, entry["target"], **settings, explain=seconds))
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


def judge_package(entries, seconds):
    """Verdicts on one package."""
    return [judge(entry, seconds) for entry in entries]


def judge_all(entries, seconds=0.0):
    """Verdicts in the order of the entries; each package in its own process, for many set a default for all of it."""
    groups = {}
    for entry in entries:
        groups.setdefault(entry["package"], []).append(entry)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        found = pool.map(partial(judge_package, seconds=seconds), groups.values())
        rows = chain(*track(found, "judging", len(groups), console=Console(stderr=True), transient=True))
        by_key = {row["key"]: row for row in rows}
    return [by_key[key_of(entry)] for entry in entries]
