"""Manners: what a call does beside answering.

That a call leaves no trace in the next answer is a check of its own, `repeatable`. The rest is seen by `Watch` while
the other checks are made, and told as advice.
"""

import contextlib
import os
from functools import partial
from typing import Any

import numpy as np

from refimpl.oracle.candidates.watch import Watch
from refimpl.oracle.judging import cases, tolerance
from refimpl.oracle.judging.answers import expected, right
from refimpl.oracle.judging.checks import BROKEN, ask

ASKED = 3  # cases that are asked twice
STATEMENT = "an answer depends on its inputs alone: not on how often and in which order it is asked for"


# Asked again ----------------------------------------------------------------------------------------------------------


def cheap(operation, dtype):
    """The cases that are asked again: the first ones, none of them long or large."""
    fit = (case for case in operation.cases if dtype in case.dtypes and not case.dear)
    return list(fit)[:ASKED]


def judge_repeatable(operation, dtype, candidate):
    """The fields of a record: whether some cases answer alike once more, in reverse order or stored by columns."""
    first: dict[str, Any] = {}
    none: dict[str, Any] = {"status": "not_applicable", "reason": "there is nothing to ask again"}
    asked = cheap(operation, dtype)
    for case in asked:
        got, none_of_it = _ask(candidate, operation, case, dtype)
        if got is not None:
            first[case.slug] = got
        none = none_of_it or none
    again = [case for case in reversed(asked) if case.slug in first]
    for case in again:
        got, fields = _ask(candidate, operation, case, dtype)
        if got is None:
            if fields["status"] != "error" or fields["message"].partition(":")[0] in BROKEN:
                return fields
            return {"status": "failed", "message": f"answers {case.slug} once, and not again: {fields['message']}"}
        if changed := _changed(operation, case, dtype, first[case.slug], got):
            when = "twice in a row" if case is asked[-1] else "again after other cases"
            message = f"answers {case.slug} otherwise when it is asked for {when}: something is kept from one call to "
            return {"message": message + "the next, or drawn at random"} | changed
    matrices = (c for c in again if any(np.ndim(x) > 1 for x in c.inputs.values()))
    for case in [c for c in matrices if _right(operation, c, dtype, first[c.slug])][:1]:  # a wrong one may be unstable
        got, fields = _ask(candidate, operation, case, dtype, np.asfortranarray)
        said = f"answers {case.slug} otherwise when its matrices are stored by columns"
        if got is None:
            if fields.get("message", "").partition(":")[0] in BROKEN:
                return fields
            return {"status": "failed", "message": f"{said}: {fields.get('message', '')}"}
        if changed := _changed(operation, case, dtype, first[case.slug], got):
            return {"message": said} | changed
    return {"status": "passed"} if again else none


def _ask(candidate, operation, case, dtype, stored=lambda x: x):
    """Outputs, or the fields of a record that say why there are none; the inputs may be stored otherwise."""
    if getattr(candidate, "watch", None):
        candidate.watch.place = cases.case_id(operation, case)
    inputs = cases.rounded(case.inputs, dtype)
    return ask(candidate, operation, {n: stored(x) if isinstance(x, np.ndarray) else x for n, x in inputs.items()})


def _right(operation, case, dtype, got):
    """Whether a case is answered rightly."""
    wanted = right(operation, case, dtype)
    agree = partial(tolerance.close, got, {name: wanted.answers[name] for name in got})
    return agree(wanted.tolerances_for(agree))


def _changed(operation, case, dtype, before, after):
    """Fields of a record if an answer is not the same again, or None; rounding may differ."""
    if before.keys() != after.keys():
        said = f"{', '.join(sorted(before.keys() ^ after.keys()))} is answered once, and not again"
        return {"status": "failed", "message": f"{case.slug}: {said}"}
    for entry in operation.outputs:
        if entry.name not in before:
            continue
        old, new = before[entry.name], after[entry.name]
        if old.shape == new.shape and np.array_equal(old, new, equal_nan=True):
            continue
        allowed = expected(operation, case, dtype)[1][entry.name]
        if old.shape == new.shape == allowed.shape and (good := tolerance.agrees(new, old, allowed)).all():
            continue
        fields: dict[str, Any] = {"status": "failed", "output": entry.name}
        if old.shape != new.shape:
            said = f"{entry.name} has shape {old.shape} once and {new.shape} when it is asked for again"
            return fields | {"message": f"{case.slug}: {said}"}
        if old.shape != allowed.shape:
            good = (old == new) | (np.isnan(old) & np.isnan(new))
        where = tuple(int(i) for i in np.argwhere(~good)[0])
        step = where[0] + entry.first if entry.steps else None
        component = where[1:] if entry.steps else where
        return fields | {
            "step": step,
            "component": component,
            "expected": float(old[where]),
            "got": float(new[where]),
            "error": float(abs(new[where] - old[where])),
            "tolerance": float(allowed[where]) if old.shape == allowed.shape else 0.0,
        }
    return None


# Looked on ------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def watching(candidate):
    """A `Watch` that looks on while the body asks a candidate; at a program of another language it sees nothing."""
    watch, folder = Watch(), _folder()
    if looks_on := hasattr(candidate, "watch"):
        candidate.watch = watch
    try:
        yield watch
    finally:
        if looks_on:
            candidate.watch = None
        if folder and folder != _folder():
            os.chdir(folder)  # of the user, who may have named files in it


def _folder():
    """Where this process is; "" where that folder is gone."""
    try:
        return os.getcwd()
    except OSError:
        return ""
