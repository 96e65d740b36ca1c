"""What runs have in common, kept on the disk: right answers, and how far noisy runs of the reference went from them.

Both take most of the time of a run, and are the same again as long as the code that makes them, the libraries and the
machine are. A file holds what is known of an operation in a precision, in a folder for each state of the code. It is
never needed: one that is missing, torn or cannot be written costs time and nothing else.
"""

import contextlib
import hashlib
import json
import math
import os
import platform
import shutil
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import numpy as np

import refimpl
from refimpl.core import disk

VARIABLE = "REFIMPL_KEPT"
STATES = 8  # of the code that are kept; the one that was made first goes
_MARK = "state-"  # how their folders begin
_CHECK = 16  # bytes at the start of a file, a digest of what follows
_LIBRARIES = ("numpy", "scipy", "mpmath", "array-api-compat", "array-api-extra", "numba")
_KERNELS = (
    *("NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
    *("MKL_NUM_THREADS", "REFIMPL_NUMBA"),
)


class Kept(NamedTuple):
    """What is known of a case, or of a law on a case."""

    answers: tuple[np.ndarray, ...]  # by output, in the order of the operation; of a law none
    runs: int  # noisy ones that were made
    worst: tuple[np.ndarray, ...]  # the largest distances that they went; nothing before the first


def folder():
    """Where files are kept: what the variable `REFIMPL_KEPT` names, nowhere if it is empty.

    Returns
    -------
    Path or None
        An absolute one; by default ``refimpl`` among the caches of the user.
    """
    if (named := os.environ.get(VARIABLE)) is not None:
        return Path(named).absolute() if named else None
    usual = {"win32": "AppData/Local", "darwin": "Library/Caches"}.get(sys.platform, ".cache")
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / usual, "refimpl").absolute()
    except RuntimeError:  # nobody's home
        return None


class _NowhereError(Exception):
    """Nothing is to be kept, or nobody knows of which code it would be."""


def state():
    """Digest of what answers depend on: the code, libraries, the machine.

    Code is told from other code by the sizes and times of its files. Where one is younger than this process, what the
    process has loaded may stand in no file any more: None.
    """
    root = os.path.dirname(refimpl.__file__)
    code, youngest = [], 0
    for entry in _files(root):
        found = entry.stat()
        code.append((os.path.relpath(entry.path, root), found.st_size, found.st_mtime_ns, found.st_ctime_ns))
        youngest = max(youngest, found.st_mtime_ns, found.st_ctime_ns)
    if youngest >= refimpl.BEGAN:
        return None
    releases = [_release(name) for name in _LIBRARIES]
    kernels = [os.environ.get(name) for name in _KERNELS]
    text = json.dumps([root, sorted(code), releases, kernels, sys.version, platform.node(), platform.machine()])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


_state_at_first = cache(state)


def _release(library):
    try:
        return version(library)
    except PackageNotFoundError:  # it is not installed, or without a word about itself
        return None


def _files(root):
    """Entries of what lies below a folder, but what Python has compiled (`Path.rglob` takes four times as long)."""
    for entry in os.scandir(root):
        if not entry.is_dir():
            yield entry
        elif entry.name != "__pycache__":
            yield from _files(entry.path)


def read(operation, dtype):
    """Key -> `Kept`, of an operation in a precision; empty if nothing is kept."""
    with contextlib.suppress(OSError, ValueError, TypeError, _NowhereError):
        return _unpacked(_place(operation, dtype).read_bytes())
    return {}


def write(news):
    """Keep what is known, (operation, dtype) -> key -> `Kept`, in place of what was kept."""
    with contextlib.suppress(OSError, _NowhereError):
        places = {_place(*key): known for key, known in news.items()}
        if not places or state() != _state_at_first():  # a file has changed, and modules may be of either state
            return
        for place, known in places.items():
            if not place.parent.is_dir():
                _make_room(place.parent.parent)
            disk.write(place, _packed(known))


def _place(operation, dtype):
    root, now = folder(), _state_at_first()
    if root is None or now is None:
        raise _NowhereError
    return root / f"{_MARK}{now}" / f"{operation}.{dtype}"


def _make_room(root):
    """For one more state of the code; only what looks like one goes."""
    states = [path for path in root.glob(_MARK + "?" * 32) if path.is_dir()]
    for old in sorted(states, key=lambda path: path.stat().st_mtime)[: 1 - STATES or None]:
        shutil.rmtree(old, ignore_errors=True)


def _packed(known):
    shapes = [
        [key, kept.runs, [x.shape for x in kept.answers], [x.shape for x in kept.worst]] for key, kept in known.items()
    ]
    head = json.dumps(shapes).encode()
    head += b" " * (-(len(head) + 1) % 8) + b"\n"  # so that the numbers lie where they are read fast
    arrays = [x for kept in known.values() for x in (*kept.answers, *kept.worst)]
    body = head + b"".join(np.ascontiguousarray(x, dtype="<f8").tobytes() for x in arrays)
    return hashlib.blake2b(body, digest_size=_CHECK).digest() + body


def _unpacked(data):
    body = memoryview(data)[_CHECK:]
    if hashlib.blake2b(body, digest_size=_CHECK).digest() != data[:_CHECK]:
        raise ValueError("the file is not whole")
    at = data.index(b"\n", _CHECK) + 1

    def taken(shapes):
        nonlocal at
        arrays = []
        for shape in shapes:
            size = math.prod(shape)
            arrays.append(np.frombuffer(data, "<f8", size, at).reshape(shape))
            at += 8 * size
        return tuple(arrays)

    rows = json.loads(data[_CHECK:at])
    return {key: Kept(taken(answers), runs, taken(worst)) for key, runs, answers, worst in rows}
