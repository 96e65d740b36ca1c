"""A time limit for what runs in this process."""

import contextlib
import signal
import threading

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
