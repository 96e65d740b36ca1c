"""How a command ends that is told to: by Ctrl-C, by `kill`, by a terminal that is closed.

The signal is noted, and `Ended` is raised where the main thread is; where that must not be, as in the middle of ending
a process, signals are `held`. What is `running` is ended at last, and the exit status is 128 and the signal's number.
"""

import contextlib
import os
import select
import signal
import sys
import time

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
PATIENCE = 2.0  # seconds that somebody who is to read has for it, once a signal has come
AGAIN = 5.0  # seconds after which a signal is raised once more: there has been time to clean up

running: set = set()  # what has an `end` and is not to outlive the command
_caught: list[int] = []
_state = {"listening": False, "holds": 0, "raised": float("-inf")}


class Ended(KeyboardInterrupt):
    """The command is to end; `result` holds what had been found by then, where somebody has put it there."""

    def __init__(self, message="", result=None):
        super().__init__(message)
        self.result = result


def told():
    """By what the command is ended, in words; "" while it is not.

    Examples
    --------
    >>> told()
    ''
    """
    return f"interrupted by {signal.Signals(_caught[0]).name}" if _caught else ""


def _note(number, frame):
    _caught.append(number)
    if not _state["holds"] and time.monotonic() > _state["raised"] + AGAIN:
        _state["raised"] = time.monotonic()
        raise Ended(told())


@contextlib.contextmanager
def listening(*, to_the_end=False):
    """Note the signals that end a command; they are held until `release`.

    Parameters
    ----------
    to_the_end : bool, default: False
        Whether the process ends with the body: a signal that comes later changes nothing any more.

    Yields
    ------
    list of int
        Those that came, in their order.

    Examples
    --------
    >>> with listening() as caught, held():
    ...     signal.raise_signal(signal.SIGTERM)
    ...     told(), caught.pop() == signal.SIGTERM
    ('interrupted by SIGTERM', True)
    """
    before = {}
    _caught.clear()
    _state.update(listening=True, holds=1, raised=float("-inf"))
    try:
        for number in SIGNALS:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` wants it
                before[number] = signal.signal(number, _note)
    except ValueError:  # not the main thread, to which signals go
        pass
    try:
        yield _caught
    finally:
        _state["holds"] = 1
        for number, handler in before.items():  # Python itself gives way to the next signal as it ends
            signal.signal(number, signal.SIG_IGN if to_the_end else handler)
        _state.update(listening=False, holds=0)
        if not to_the_end:
            _caught.clear()


def release(free=True):
    """Let signals raise `Ended` from now on; with False no longer."""
    _state["holds"] = int(not free)


@contextlib.contextmanager
def held():
    """Have signals noted in the body, and raised at its end.

    Yields
    ------
    list of int
        Those that came; a body that goes on for long looks there, and ends early.
    """
    if not _state["listening"]:  # a library is used, and not the command line
        with listening() as caught:
            yield caught
            if caught:
                raise Ended(told())
        return
    before = len(_caught)
    _state["holds"] += 1
    try:
        yield _caught
    finally:
        _state["holds"] -= 1
    if len(_caught) > before and not _state["holds"]:
        raise Ended(told())


def waiting():
    """What is to be called again and again while something is waited for that may never come, though signals are held.

    Returns
    -------
    callable
        Raises `Ended` if a signal has come, and `PATIENCE` seconds have passed in vain.

    Examples
    --------
    >>> waiting()()
    """
    start = time.monotonic()

    def look():
        if told() and time.monotonic() > start + PATIENCE:
            raise Ended(told())

    return look


def last_words(text):
    """A line on standard error, if somebody reads there."""
    ready = True
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it is no descriptor, or closed
        ready = os.name != "posix" or bool(select.select([], [sys.stderr.fileno()], [], PATIENCE)[1])
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if ready and sys.stderr is not None:
            print(text, file=sys.stderr, flush=True)


def end_all():
    """End what is still running."""
    for thing in list(running):
        with contextlib.suppress(OSError, ValueError):
            thing.end()
