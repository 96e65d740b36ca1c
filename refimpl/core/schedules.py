"""Factors on a learning rate as functions of the step."""

import math

from refimpl.core import check


def warmup_cosine(step, *, steps, warmup=0, floor=0.0):
    """Linear rise to 1, then half a cosine down to `floor` (Loshchilov and Hutter, 2017, without restarts).

    Parameters
    ----------
    step : int
        Steps taken before this one: 0 for the first.
    steps : int
        Length of the run, >= 1. Later steps stay at `floor`.
    warmup : int, default: 0
        Length of the rise, < `steps`: step k of it has the factor (k + 1) / (warmup + 1), so the first is not lost.
    floor : float, default: 0
        The last factor, in [0, 1).

    Returns
    -------
    float
        In [`floor`, 1], or lower during the rise.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> [round(warmup_cosine(k, steps=8, warmup=3), 3) for k in range(9)]
    [0.25, 0.5, 0.75, 1.0, 0.905, 0.655, 0.345, 0.095, 0.0]
    """
    step, steps = check.integer(step=step), check.integer(steps=steps, minimum=1)
    warmup, floor = check.integer(warmup=warmup), check.fraction(floor=floor)
    if warmup >= steps:
        raise ValueError(f"warmup must be less than steps, got {warmup} of {steps}")
    if step < warmup:
        return (step + 1) / (warmup + 1)
    share = min((step - warmup) / (steps - warmup), 1.0)
    return floor + (1 - floor) * (1 + math.cos(math.pi * share)) / 2
