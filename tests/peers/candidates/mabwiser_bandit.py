"""pip mabwiser: the upper confidence bound of its UCB1."""

import numpy as np
from mabwiser.ucb import _UCB1


def uct_select(visits, sums, parent, c, r):
    """The bounds; children that were never visited, and ties, are the adapter's."""
    bounds = [
        _UCB1._get_ucb(total / count, c, parent, count) if count else np.inf
        for count, total in zip(visits, sums, strict=True)
    ]
    best = np.flatnonzero(bounds == np.max(bounds))
    return np.array(bounds, dtype=sums.dtype), best[int(r * len(best))]
