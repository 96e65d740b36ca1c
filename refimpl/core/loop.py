"""The one loop behind every driver: history, early stop, progress bar. No arithmetic."""

from typing import Any, NamedTuple

from refimpl.core import check


class Run(NamedTuple):
    """What a driver returns."""

    state: Any  # after the last step
    history: dict[str, list]  # per recorded name, the values at step 0, 1, ..., `steps`
    steps: int  # steps taken
    stopped: bool  # whether `stop` ended the run before its last step


def iterate(step, state, *, steps, record=None, stop=None, progress=None):
    """Apply ``state = step(state, k)`` for k = 1, 2, ..., `steps`.

    Parameters
    ----------
    step : callable
        ``step(state, k) -> state``, k counting from 1.
    state : any
        The start, recorded as entry 0 of the history.
    steps : int
        >= 0. The most steps to take.
    record : callable, optional
        ``record(state) -> dict of str to value``, called at the start and after each step.
    stop : callable, optional
        ``stop(state) -> bool``, asked before each step.
    progress : str, optional
        Shows a progress bar with this title on standard error.

    Returns
    -------
    Run
        Last state, history, number of steps, whether `stop` ended it.

    Raises
    ------
    TypeError, ValueError
        If `steps` is no integer >= 0.

    Examples
    --------
    >>> run = iterate(lambda x, k: x / 2, 8.0, steps=10, record=lambda x: {"x": x}, stop=lambda x: x <= 1)
    >>> run.history["x"], run.steps, run.stopped
    ([8.0, 4.0, 2.0, 1.0], 3, True)
    """
    optional = {"record": record, "stop": stop}
    check.function(**{name: f for name, f in optional.items() if f is not None})
    steps = check.integer(steps=steps)
    if steps:
        check.function(step=step)
    history: dict[str, list] = {}

    def note(state):
        found = record(state) if record else {}
        check.instance(dict, record=found)
        for name, value in found.items():
            history.setdefault(name, []).append(value)

    note(state)
    for k in _counted(steps, progress):
        if stop is not None and stop(state):
            return Run(state, history, k - 1, True)
        state = step(state, k)
        note(state)
    return Run(state, history, steps, False)


def _counted(steps, title):
    """1, 2, ..., `steps`, under a progress bar if it has a title."""
    if title is None:
        return range(1, steps + 1)
    from rich.console import Console
    from rich.progress import track

    return track(range(1, steps + 1), title, console=Console(stderr=True), transient=True)
