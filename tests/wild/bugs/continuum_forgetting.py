"""The last of the earlier tasks is left out of the forgetting, and the row before the last of its best accuracies."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="continuum",
    link="https://github.com/Continvvm/continuum/issues/281",
    date="2022-05-30",
    operation="ovor.metrics",
    kind="wrong_constant",
)


def forgetting(accuracy, k):
    if k <= 1:
        return 0.0
    lost = 0.0
    for j in range(k - 1):  # was: for j in range(k - 2):
        now = accuracy(k - 1, j)
        rows = range(k - 1)  # was: rows = range(k - 2)
        best = max(accuracy(row, j) for row in rows)
        lost += best - now
    return lost / (k - 1)


def answer(a):
    k = len(a)
    return np.mean(a[-1]), forgetting(lambda i, j: a[i, j], k)
