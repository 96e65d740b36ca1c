"""What a call does beside answering, seen while it is made: inputs overwritten, buffers reused, the process changed."""

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


@dataclass(frozen=True)
class Slip:
    """Something that a call did beside answering."""

    kind: str  # "inputs", "buffer", or what of the process has changed
    case: str  # id of the check that showed it
    message: str  # one sentence


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

    def note(self, kind, message):
        """Keep what was seen, if nothing of the kind was seen before."""
        self._found.setdefault(kind, Slip(kind, self.place, message))

    def __enter__(self):
        # Settings that nobody has, so that setting one of the usual ones shows.
        self._around = contextlib.ExitStack()
        self._around.enter_context(np.errstate(all="ignore", under="warn"))
        self._around.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="refimpl looks on")
        self._modules, self._before = len(sys.modules), {kind: _seen(look) for kind, look in SHARED.items()}

    def __exit__(self, *_):
        loads = len(sys.modules) > self._modules  # what modules do while they are loaded they do once
        for kind, look in SHARED.items():
            if _seen(look) != self._before[kind] and not (loads and kind in BY_LOADING):
                self.note(kind, f"changes {SAID[kind]}")
        self._around.close()

    def answered(self, operation, inputs, arguments, result):
        """Compare arrays after a call with those before it."""
        for name, value in inputs.items():
            if isinstance(value, np.ndarray) and (changed := _change(arguments[name], value)):
                self.note("inputs", f"{operation.name} overwrites its input {name}{changed}")
        if self._last and any(_change(x, copy) for x, copy in zip(*self._last, strict=True)):
            self.note("buffer", f"{operation.name} hands out one buffer twice: an earlier answer changes in this call")
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


def _seen(look):
    """What a look shows; None where the candidate has made it impossible, as by taking the folder away."""
    try:
        return look()
    except Exception:
        return None


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
