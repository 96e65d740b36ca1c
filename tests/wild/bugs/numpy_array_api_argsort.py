"""A falling stable sort is the rising one read from its end, which turns the order of equal entries round."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="NumPy",
    link="https://github.com/numpy/numpy/issues/20778",
    date="2022-01",
    operation="opposing_signals.swap_share",
    kind="wrong_order",
)


def argsort(x, /, *, axis=-1, descending=False, stable=True):
    """As the standard has it."""
    kind = "stable" if stable else "quicksort"
    if not descending:
        return np.argsort(x, axis=axis, kind=kind)
    # was: return np.flip(np.argsort(x, axis=axis, kind=kind), axis=axis)
    res = np.flip(np.argsort(np.flip(x, axis=axis), axis=axis, kind=kind), axis=axis)  # was:
    return x.shape[axis] - 1 - res  # was:


def lists(before, after, k):
    change = after - before
    return argsort(change, descending=True)[:k], argsort(change)[:k]


def answer(losses, t, k):
    up, down = lists(losses[t], losses[t + 1], k)
    next_up, next_down = lists(losses[t + 1], losses[t + 2], k)
    return np.array([np.isin(up, next_down).mean(), np.isin(down, next_up).mean()])
