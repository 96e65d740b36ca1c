"""Processes that a submission has left behind, wherever they hide: on Linux they come to the process that grades.

A process whose parent has ended becomes a child of the nearest ancestor that takes orphans in. Each command that judges
does so, and so does the one that grades: what is below a command belongs to its submission, and a child that nobody
has started belongs to a submission that is over. A session of its own or an empty environment hide nothing from that.
"""

import contextlib
import ctypes
import os
import signal
from pathlib import Path

from refimpl.oracle.candidates.process import kill

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def adopt(*, yes=True, dies_with_parent=False):
    """Take orphans in, and end with the parent if that is asked for; nothing where the system does not know it."""
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)
        if dies_with_parent:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def below(pid, known=()):
    """Processes that have come from one, but for the `known` and what has come from them.

    Examples
    --------
    >>> import subprocess
    >>> sleep = subprocess.Popen(["sleep", "60"])
    >>> sleep.pid in below(os.getpid()), below(os.getpid(), children())
    (True, [])
    >>> end(os.getpid(), children() - {sleep.pid})
    >>> sleep.pid in children()
    False
    """
    children = _children()
    found, waiting = [], [pid]
    while waiting:
        here = [child for child in children.get(waiting.pop(), ()) if child not in known]
        found += here
        waiting += here
    return found


def children():
    """Those of this process."""
    return set(_children().get(os.getpid(), ()))


def end(pid, known=()):
    """Kill what is `below` a process."""

    def left():
        for one in below(pid, known) if pid == os.getpid() else ():  # ours are to be waited for
            with contextlib.suppress(ChildProcessError):
                os.waitpid(one, os.WNOHANG)
        return below(pid, known)

    kill(left)


def _children():
    """Process -> its children that have not ended, and ours to be waited for; empty where there is no /proc."""
    found: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z" or int(parent) == os.getpid():
                found.setdefault(int(parent), []).append(int(path.parent.name))
    return found
