"""A random forest for regression: a reward that nobody made linear."""

import numpy as np


def _split(x, y, leaf):
    """Feature and threshold with the least sum of squares, or None."""
    n, order = len(y), np.argsort(x, axis=0, kind="stable")
    sorted_x, sorted_y = np.take_along_axis(x, order, axis=0), y[order]
    left = np.cumsum(sorted_y, axis=0)[:-1]
    count = np.arange(1, n)[:, None]
    gain = left**2 / count + (y.sum() - left) ** 2 / (n - count)
    allowed = (sorted_x[1:] > sorted_x[:-1]) & (count >= leaf) & (n - count >= leaf)
    if not allowed.any():
        return None
    row, feature = np.unravel_index(np.argmax(np.where(allowed, gain, -np.inf)), gain.shape)
    return feature, (sorted_x[row, feature] + sorted_x[row + 1, feature]) / 2


def _tree(x, y, leaf):
    """Nested (feature, threshold, low, high), or the mean of a leaf."""
    found = _split(x, y, leaf) if len(y) >= 2 * leaf else None
    if found is None:
        return float(y.mean())
    low = x[:, found[0]] <= found[1]
    return *found, _tree(x[low], y[low], leaf), _tree(x[~low], y[~low], leaf)


def _told(tree, x, out, rows):
    if isinstance(tree, float):
        out[rows] += tree
    elif len(rows):
        feature, threshold, low, high = tree
        below = x[rows, feature] <= threshold
        _told(low, x, out, rows[below])
        _told(high, x, out, rows[~below])


def forest(rng, x, y, *, trees=200, leaf=5):
    """The mean of trees on resampled rows; returns ``predict(x)``."""
    grown = []
    for _ in range(trees):
        rows = rng.integers(0, len(y), len(y))
        grown.append(_tree(x[rows], y[rows], leaf))

    def predict(x):
        out = np.zeros(len(x))
        for tree in grown:
            _told(tree, x, out, np.arange(len(x)))
        return out / trees

    return predict
