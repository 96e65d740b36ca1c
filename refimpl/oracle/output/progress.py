"""How far a run has come, for somebody who waits at a terminal."""

import contextlib
import threading

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from refimpl.oracle.output.terminal import console

SILENCE = 2.0  # seconds before anything is shown


@contextlib.contextmanager
def bar(text, total):
    """A bar on standard error once the body has taken `SILENCE` seconds; none where that is no terminal.

    Parameters
    ----------
    text : str
        What is being done.
    total : int
        How many checks there are. When all are done the bar goes.

    Yields
    ------
    callable
        To be called once for each check that is done, with whatever arguments.

    Examples
    --------
    >>> with bar("checking mine", 1) as advance:
    ...     advance()
    """
    screen = console(stderr=True)
    shown = _shown(screen, BarColumn(), MofNCompleteColumn())
    task = shown.add_task(text, total=total)
    timer = threading.Timer(SILENCE, shown.start)
    timer.daemon = True

    def advance(*_):
        shown.advance(task)
        if shown.finished:
            stop()

    def stop():
        timer.cancel()
        timer.join()  # it may just be starting what is to be stopped
        shown.stop()

    if not screen.is_terminal:
        yield lambda *_: None
        return
    timer.start()
    try:
        yield advance
    finally:
        stop()


def _shown(screen, *columns):
    text = SpinnerColumn(), TextColumn("{task.description}", markup=False)
    return Progress(*text, *columns, TimeElapsedColumn(), console=screen, transient=True, redirect_stdout=False,
                    redirect_stderr=False)  # fmt: skip


@contextlib.contextmanager
def searching(text):
    """What is being looked for, once that has taken `SILENCE` seconds; nothing where standard error is no terminal.

    Parameters
    ----------
    text : str
        What is being done.

    Yields
    ------
    callable
        To be told what comes next.

    Examples
    --------
    >>> with searching("looking for the cause") as note:
    ...     note("edits of the source")
    """
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda stage: None
        return
    shown = _shown(screen)
    task = shown.add_task(text, total=None)
    timer = threading.Timer(SILENCE, shown.start)
    timer.daemon = True

    def note(stage):
        shown.update(task, description=f"{text}: {stage}")
        if timer.ident is None:
            timer.start()

    try:
        yield note
    finally:
        timer.cancel()
        if timer.ident is not None:
            timer.join()
        shown.stop()
