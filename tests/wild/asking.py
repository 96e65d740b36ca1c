"""Have wrong versions explained: those of the corpus, invented ones, and mutants of what was mended."""

import hashlib
import tomllib
import warnings
from pathlib import Path
from typing import NamedTuple

from refimpl.oracle import catalog, power
from refimpl.oracle.judging.plans import Settings
from refimpl.oracle.judging.run import run
from tests.wild import Entry, corpus
from tests.wild.mutants import mutants

DATA = Path(__file__).parents[2] / "docs" / "_data" / "wild.json"
INVENTED = Path(__file__).parent / "invented.toml"
SETS = {
    "real": "fixed bugs of public implementations",
    "invented": "mistakes that people made up in other people's code",
    "mutants": "changes by mutation operators of other people's code",
}
MUTANTS = 2  # of each mended version


class Task(NamedTuple):
    """Code that is wrong and wants to be explained."""

    set: str
    name: str
    entry: Entry  # whose operation it answers
    text: str
    line: str  # what is wrong in it

    @property
    def closed(self):
        """Whether it measures alone."""
        return bool(hashlib.sha256(self.name.encode()).digest()[0] % 2)


def tasks(sets=tuple(SETS)):
    """Those of some of the sets."""
    entries = {entry.name: entry for entry in corpus()}
    if "real" in sets:
        yield from (Task("real", e.name, e, e.wrong, e.sentence) for e in entries.values())
    if "invented" in sets:
        for made in tomllib.loads(INVENTED.read_text(encoding="utf-8"))["invented"]:
            entry = entries[made["of"]]
            if entry.right.count(made["right"]) != 1:
                raise ValueError(f"{made['name']}: {made['right']!r} must stand once in {made['of']}")
            text = entry.right.replace(made["right"], made["wrong"])
            yield Task("invented", made["name"], entry, text, made["sentence"])
    if "mutants" in sets:
        for entry in entries.values():
            for number, (line, text) in enumerate(mutants(entry, MUTANTS)):
                yield Task("mutants", f"{entry.name}_{number}", entry, text, line)


def said(task, seconds):
    """What the oracle makes of one, as plain data; it is explained where an answer is wrong, not where all raise."""
    bug, operation = task.entry.bug, catalog.operation(task.entry.bug.operation)
    row = {"set": task.set, "name": task.name, "closed": task.closed, "led": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        candidate = task.entry.candidate(task.text)
        done = run(candidate, [operation], Settings((bug.dtype,), skip=bug.skip))
        row["failed"] = any(record.status == "failed" for record in done.records)
        if not row["failed"]:
            return row | {"kind": "", "words": [], "told": False, "wrong": False, "seconds": 0.0}
        return row | power.explained(candidate, operation, done, seconds)
