"""Limits of time, memory and threads for what runs in this process."""

import contextlib
import functools
import signal
import sys
import threading
from pathlib import Path

from threadpoolctl import ThreadpoolController

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

AGAIN = 0.1  # seconds until the exception is raised once more, if the candidate has swallowed it


class OutOfTimeError(BaseException):
    """Raised inside the candidate; no `Exception`, so that fewer of its own handlers catch it."""


def enforced():
    """Whether a limit can be kept: on POSIX systems, in the main thread."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def limited(seconds):
    """Raise `OutOfTimeError` in the body when it takes longer; code in C is interrupted when it comes back to Python.

    Parameters
    ----------
    seconds : float or None
        None for no limit; where it cannot be `enforced` there is none either.

    Yields
    ------
    None
        While the clock runs.

    Examples
    --------
    >>> with limited(0.01):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
    refimpl.oracle.candidates.limit.OutOfTimeError
    """
    if seconds is None or not enforced():
        yield
        return

    def stop(number, frame):
        raise OutOfTimeError

    before = signal.signal(signal.SIGALRM, stop)
    running = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *running)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def memory_limited(more):
    """More memory than so many bytes, beside what this process has, is a `MemoryError` in the body; on Linux alone.

    Parameters
    ----------
    more : int
        Bytes of address space.

    Yields
    ------
    None
        While the limit holds.

    Examples
    --------
    >>> import numpy as np
    >>> with memory_limited(2**30):
    ...     np.zeros(3).sum()
    np.float64(0.0)
    """
    try:
        taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, AttributeError):
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = [limit for limit in (taken + more, soft) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(most), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@functools.cache
def _libraries(scipy):
    """Those that are loaded, looked for anew once SciPy is: it has a BLAS of its own, and is slow to import."""
    return ThreadpoolController()


@contextlib.contextmanager
def one_thread():
    """BLAS works in one thread in the body: for small matrices others only wait, and that takes the processor too.

    Yields
    ------
    None
        While the limit holds.

    Examples
    --------
    >>> from threadpoolctl import threadpool_info
    >>> with one_thread():
    ...     {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}
    {1}
    """
    with _libraries("scipy.linalg" in sys.modules).limit(limits=1, user_api="blas"):
        yield
