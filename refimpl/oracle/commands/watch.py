"""`refimpl check --watch`: the check again, in a fresh process, each time that the candidate's file has changed."""

import contextlib
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from refimpl.oracle import ending
from refimpl.oracle.candidates.python import parted
from refimpl.oracle.output import terminal

PAUSE = 0.3  # seconds between two looks at the files
PATIENCE = 2.0  # seconds for a check to end that is no longer wanted


def main(whom, words):
    """Run a check now and after every change; goes on until it is interrupted.

    Parameters
    ----------
    whom : Named
        The candidate.
    words : list of str
        The command line, from "check" on.
    """
    files = watched(whom)
    command = [sys.executable, "-m", "refimpl", *(word for word in words if not is_own(word))]
    names = ", ".join(path.name for path in files)
    while True:
        seen = stamps(files)
        try:
            with ending.held():
                run = subprocess.Popen(command)
            if not _wait(run, files, seen):
                terminal.say(f"watching {names}; Ctrl-C ends it")
                while not _differ(files, seen):
                    time.sleep(PAUSE)
        except KeyboardInterrupt:  # at a terminal the check hears of it too
            _end(run, [None, signal.SIGINT])
            raise
        _end(run, [signal.SIGINT])
        terminal.say(f"\n{time.strftime('%H:%M:%S')}: {names} has changed")


def is_own(word):
    """Whether a word of the command line is `--watch`, which may be cut short."""
    return len(word) > 2 and "--watch".startswith(word)


def watched(whom):
    """The files that a candidate stands in, as far as they can be told without loading it.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> from refimpl.oracle.candidates.named import Named
    >>> [path.name for path in watched(Named("python", "json:dumps"))]
    ['__init__.py']
    """
    if not whom.kind:
        raise ValueError("--watch looks at the file of a candidate, and none is given")
    if whom.kind == "exec":
        found = [Path(word) for word in shlex.split(whom.place) if Path(word).is_file()]
    else:
        place, _ = parted(whom.place)
        found = [Path(place)] if place.endswith(".py") else _files_of(place, whom.path)
    if not found or not all(path.is_file() for path in found):
        raise ValueError(f"--watch finds no file of {whom.place!r}")
    return [path.resolve() for path in found]


def _files_of(module, folders):
    """Where a module stands; the packages around it are loaded, it is not."""
    before = list(sys.path)
    sys.path[:0] = [*folders, str(Path.cwd())]
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError) as error:
        raise ValueError(f"--watch finds no file of {module!r}: {error}") from error
    finally:
        sys.path[:] = before
    return [Path(spec.origin)] if spec and spec.origin else []


def stamps(files):
    """When files were written, and how long they are; None for one that is not there, as while an editor saves it."""
    found: list[tuple[int, int] | None] = []
    for path in files:
        try:
            status = os.stat(path)
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append(None)
    return found


def _differ(files, seen):
    """Whether the files have changed, and are all there."""
    now = stamps(files)
    return now != seen and None not in now


def _wait(run, files, seen):
    """Wait for a check to end; whether the files have changed before that."""
    while run.poll() is None:
        time.sleep(PAUSE)
        if _differ(files, seen):
            return True
    return False


def _end(run, signals):
    """End a check that is no longer wanted, so that it can end what it has started; in the last resort kill it."""
    for number in (*signals, signal.SIGTERM):
        if run.poll() is None and number is not None:
            run.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(PATIENCE)
    if run.poll() is None:
        run.kill()
        run.wait()
