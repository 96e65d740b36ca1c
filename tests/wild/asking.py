"""Have wrong versions explained: those of the corpus, invented ones, and mutants of what was mended."""

import hashlib
import tomllib
import warnings
from difflib import ndiff
from pathlib import Path
from typing import NamedTuple

import numpy as np

from refimpl.oracle import catalog, edits, power
from refimpl.oracle.diagnosis.evidence import Evidence
from refimpl.oracle.judging import parts
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
MUTANTS = 1  # of every third mended version
MOST = 60  # numbers of a picture


class Task(NamedTuple):
    """Code that is wrong and wants to be explained."""

    set: str
    name: str
    entry: Entry  # whose operation it answers
    text: str
    line: str  # what is wrong in it

    @property
    def closed(self):
        """Whether it measures alone: nobody who changes the diagnosis looks at it."""
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
        for entry in list(entries.values())[::3]:
            for number, (line, text) in enumerate(mutants(entry, MUTANTS)):
                yield Task("mutants", f"{entry.name}_{number}", entry, text, line)


def changed(entry):
    """The lines that differ: "-" and "+" before those that were and are."""
    rows = ndiff(entry.wrong.splitlines(), entry.right.splitlines())
    return [f"{row[0]} {row[2:].strip()}" for row in rows if row[0] in "-+"]


def picture(operation, task):
    """What the first case that differs shows: right and wrong numbers of the output that is furthest off, or nothing.

    Along the steps those of the coordinate that is furthest off, else the first numbers.
    """
    evidence = Evidence(operation, parts.Whole(task.entry.candidate(task.text)), task.entry.bug.dtype, [])
    for case in operation.cases:
        sight = None if case.dear else evidence.ask(case.inputs)
        if sight is None or sight.got is None or not sight.wrong:
            continue
        for field in operation.outputs:
            right, got = sight.right[field.name], sight.got[field.name]
            if isinstance(got, parts.Unanswered) or right.shape != got.shape or right.size < 2:
                continue
            if not np.isfinite(right + got).all() or not sight.deviating(field.name).any():
                continue
            rows = (right.reshape(len(right), -1), got.reshape(len(right), -1)) if field.steps else (right, got)
            if field.steps:
                furthest = int(np.argmax(np.abs(rows[0] - rows[1]).max(axis=0)))
                rows = tuple(row[:, furthest] for row in rows)
            if len(rows[0].ravel()) < 2:
                continue
            numbers = ([float(f"{x:.4g}") for x in row.ravel()[:MOST]] for row in rows)
            return dict(zip(("right", "wrong"), numbers, strict=True)) | {
                "case": case.slug,
                "output": field.name,
                "steps": field.steps,
            }
    return None


def said(task, seconds):
    """What the oracle makes of one, as plain data; it is explained where an answer is wrong, not where all raise."""
    bug, operation = task.entry.bug, catalog.operation(task.entry.bug.operation)
    row = {"set": task.set, "name": task.name, "operation": operation.name, "is": task.line}
    row |= {"closed": task.closed, "led": False}
    if task.set == "real":
        row |= {key: getattr(bug, key) for key in ("project", "link", "date", "kind", "language")}
        row["bug_type"] = row.pop("kind")
        row["cited"] = any(bug.link == a.origin for a in edits.alternatives(operation.system).values())
        row["lines"] = changed(task.entry)
        row["picture"] = picture(operation, task)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        candidate = task.entry.candidate(task.text)
        done = run(candidate, [operation], Settings((bug.dtype,), skip=bug.skip))
        row["failed"] = any(record.status == "failed" for record in done.records)
        if not row["failed"]:
            return row | {"kind": "", "words": [], "told": False, "wrong": False, "seconds": 0.0}
        return row | power.explained(parts.Whole(candidate), operation, parts.completed(done), seconds)
