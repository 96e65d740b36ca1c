"""Manners: what a call does beside answering.

That a call leaves no trace in the next answer is a check of its own, `repeatable`. The rest is seen by `Watch` while
the other checks are made, and told as advice.
"""

import contextlib
import os
import random
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from refimpl.core.arrays import is_array, to_numpy
from refimpl.oracle.candidates import CandidateError, NotApplicable, Skipped
from refimpl.oracle.judging import cases, tolerance
from refimpl.oracle.judging.answers import expected

ASKED = 3  # cases that are asked twice
STATEMENT = "an answer depends on its inputs alone: not on how often and in which order it is asked for"


@dataclass(frozen=True)
class Slip:
    """Something that a call did beside answering."""

    kind: str  # "inputs", "buffer", or what of the process has changed
    case: str  # id of the check that showed it
    message: str  # one sentence


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
            if fields["status"] != "error":
                return fields
            return {"status": "failed", "message": f"answers {case.slug} once, and not again: {fields['message']}"}
        if changed := _changed(operation, case, dtype, first[case.slug], got):
            when = "twice in a row" if case is asked[-1] else "again after other cases"
            message = f"answers {case.slug} otherwise when it is asked for {when}: something is kept from one call to "
            return {"message": message + "the next, or drawn at random"} | changed
    for case in [c for c in again if any(np.ndim(x) > 1 for x in c.inputs.values())][:1]:
        got, fields = _ask(candidate, operation, case, dtype, np.asfortranarray)
        said = f"answers {case.slug} otherwise when its matrices are stored by columns"
        if got is None:
            return {"status": "failed", "message": f"{said}: {fields.get('message', '')}"}
        if changed := _changed(operation, case, dtype, first[case.slug], got):
            return {"message": said} | changed
    return {"status": "passed"} if again else none


def _ask(candidate, operation, case, dtype, stored=lambda x: x):
    """Outputs, or the fields of a record that say why there are none; the inputs may be stored otherwise."""
    if getattr(candidate, "watch", None):
        candidate.watch.place = cases.case_id(operation, case)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            inputs = cases.rounded(case.inputs, dtype)
            stored_so = {n: stored(x) if isinstance(x, np.ndarray) else x for n, x in inputs.items()}
            return candidate.run(operation, stored_so), {}
    except Skipped as skip:
        return None, {"status": "skipped", "reason": str(skip)}
    except NotApplicable as reason:
        return None, {"status": "not_applicable", "reason": str(reason)}
    except CandidateError as error:
        return None, {"status": "error", "message": str(error), "traceback": error.traceback[-4000:]}


def _changed(operation, case, dtype, before, after):
    """Fields of a record if an answer is not the same again, or None; rounding may differ."""
    for entry in operation.outputs:
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


class Watch:
    """Looks on while a candidate is asked, in this process.

    As a context manager around each call it compares what the process shares before and after; `answered` is told the
    arrays that went in and what came out.

    Examples
    --------
    >>> watch = Watch()
    >>> watch.place = "lion.step/both-agree"
    >>> with watch:
    ...     _ = np.random.random()
    >>> watch.slips[0].message
    "changes the state of NumPy's global random generator (np.random)"
    """

    def __init__(self):
        self.place = ""  # id of the check that is made
        self._found: dict[str, Slip] = {}
        self._last: tuple[Any, Any] | None = None  # what came out last, and a copy of it
        self._before: dict[str, Any] = {}
        self._modules = 0
        self._around = contextlib.ExitStack()

    @property
    def slips(self):
        """What was seen, each kind once: where it was first seen."""
        return tuple(self._found.values())

    def _note(self, kind, message):
        self._found.setdefault(kind, Slip(kind, self.place, message))

    def __enter__(self):
        # Settings that nobody has, so that setting one of the usual ones shows.
        self._around = contextlib.ExitStack()
        self._around.enter_context(np.errstate(all="ignore", under="warn"))
        self._around.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="refimpl looks on")
        self._modules, self._before = len(sys.modules), {kind: look() for kind, look in SHARED.items()}

    def __exit__(self, *_):
        loads = len(sys.modules) > self._modules  # what modules do while they are loaded they do once
        for kind, look in SHARED.items():
            if look() != self._before[kind] and not (loads and kind in BY_LOADING):
                self._note(kind, f"changes {SAID[kind]}")
        self._around.close()

    def answered(self, operation, inputs, arguments, result):
        """Compare arrays after a call with those before it."""
        for name, value in inputs.items():
            if isinstance(value, np.ndarray) and (changed := _change(arguments[name], value)):
                self._note("inputs", f"{operation.name} overwrites its input {name}{changed}")
        if self._last and any(_change(x, copy) for x, copy in zip(*self._last, strict=True)):
            self._note("buffer", f"{operation.name} hands out one buffer twice: an earlier answer changes in this call")
        parts = list(result.values()) if isinstance(result, dict) else result
        parts = parts if isinstance(parts, tuple | list) else [parts]
        arrays = [x for x in parts if is_array(x)]
        self._last = arrays, [np.array(to_numpy(x)) for x in arrays]


def _change(array, before):
    """Where an array is no longer what it was, in words; "" if it is, or if it cannot be read any more."""
    try:
        after = to_numpy(array)
    except Exception:  # a library may have taken its memory back
        return ""
    if np.array_equal(after, before):
        return ""
    if after.shape != before.shape:
        return f", which had shape {before.shape} and has {after.shape}"
    differ = np.argwhere((after != before) & ~(np.isnan(after) & np.isnan(before)))
    if not differ.size:
        return ""
    where = tuple(differ[0])
    place = "".join(f"[{i}]" for i in where)
    return f": {place or 'it'} was {before[where]:.6g} and is {after[where]:.6g}"


def _torch_dtype():
    torch = sys.modules.get("torch")
    return getattr(torch, "get_default_dtype", lambda: None)()


def _numpy_state():
    name, keys, *rest = cast(tuple, np.random.get_state(legacy=True))  # noqa: NPY002 (it is the one that is shared)
    return name, keys.tobytes(), rest


SHARED: dict[str, Callable[[], Any]] = {
    "np.random": _numpy_state,
    "random": random.getstate,
    "np.seterr": np.geterr,
    "os.environ": lambda: dict(os.environ),
    "directory": os.getcwd,
    "warnings": lambda: list(warnings.filters),
    "torch.dtype": _torch_dtype,
}
SAID = {
    "np.random": "the state of NumPy's global random generator (np.random)",
    "random": "the state of Python's global random generator (random)",
    "np.seterr": "how NumPy treats floating-point errors (np.seterr)",
    "os.environ": "the environment of the process (os.environ)",
    "directory": "the working directory (os.chdir)",
    "warnings": "which warnings are shown (warnings.filters)",
    "torch.dtype": "PyTorch's default dtype (torch.set_default_dtype)",
}
BY_LOADING = ("os.environ", "warnings", "torch.dtype")


@contextlib.contextmanager
def watching(candidate):
    """A `Watch` that looks on while the body asks a candidate; at one in another process it sees nothing."""
    watch, folder = Watch(), os.getcwd()
    if looks_on := hasattr(candidate, "watch"):
        candidate.watch = watch
    try:
        yield watch
    finally:
        if looks_on:
            candidate.watch = None
        os.chdir(folder)  # of the user, who may have named files in it
