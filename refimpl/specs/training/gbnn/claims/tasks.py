"""The data sets of the claims: split, standardised by the training rows."""

from typing import NamedTuple

import numpy as np

from refimpl.core.random import stream
from refimpl.problems.breast_cancer import breast_cancer
from refimpl.problems.diabetes import diabetes
from refimpl.problems.digits import digits
from refimpl.problems.wine import wine
from refimpl.training import _gbnn_rivals as rivals

LIKE = np.zeros(1)
COLORS = {"gbnn": "#D55E00", "adam": "#0072B2", "lbfgs": "#009E73", "sgd": "#CC79A7", "linear": "#777777",
          "random": "#BBBBBB"}  # fmt: skip


class Task(NamedTuple):
    """Rows to learn from and rows to test on."""

    task: str
    X: np.ndarray
    Y: np.ndarray
    X_test: np.ndarray
    Y_test: np.ndarray


SETTINGS = {  # blocks, shrinkage, units of a block
    "cancer": (100, 0.1, 1),
    "wine": (100, 0.1, 1),
    "digits": (100, 0.1, 2),
    "diabetes": (60, 0.05, 1),
    "friedman": (100, 0.2, 2),
}


def _raw(name, rng):
    if name == "cancer":
        X, y = breast_cancer(like=LIKE)
        return "binary", X, y[:, None]
    if name == "diabetes":
        X, y = diabetes(like=LIKE)
        return "regression", X, y[:, None]
    if name == "friedman":
        return "regression", *rivals.friedman(rng, 500, like=LIKE)
    X, labels = wine(like=LIKE) if name == "wine" else digits(like=LIKE)
    if name == "digits":
        rows = rng.permutation(len(X))[:600]
        X, labels = X[rows], labels[rows]
    return "multiclass", X, np.eye(labels.max() + 1)[labels]


def load(name, seed, draw=0):
    """A set by its name: 70 % of the rows for training; numbers are standardised too."""
    rng = stream(seed, "gbnn-data", name, draw)
    task, X, Y = _raw(name, rng)
    order, n = rng.permutation(len(X)), int(0.7 * len(X))
    train, test = order[:n], order[n:]
    size = X[train].std(axis=0)
    X = (X - X[train].mean(axis=0)) / np.where(size > 0, size, 1.0)
    if task == "regression":
        Y = (Y - Y[train].mean(axis=0)) / Y[train].std(axis=0)
    return Task(task, X[train], Y[train], X[test], Y[test])
