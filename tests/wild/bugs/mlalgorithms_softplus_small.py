"""The softplus divides by an exponential, which is zero for arguments that are far below zero."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="MLAlgorithms",
    link="https://github.com/rushter/MLAlgorithms/pull/31",
    date="2017-08-16",
    operation="convex_relu.certified",
    kind="numerics",
)


def softplus(z):
    """Smooth relu."""
    # Avoid numerical overflow, see:
    # https://docs.scipy.org/doc/numpy/reference/generated/numpy.logaddexp.html
    # was: return z + np.log(1 + 1 / np.exp(z))
    return np.logaddexp(0.0, z)  # was:


def get_loss(name):
    if name == "logistic":
        return lambda margin: np.mean(softplus(-margin))
    if name == "hinge":
        return lambda margin: np.mean(np.maximum(1 - margin, 0))
    raise NotApplicable("the losses take a margin")


class WorstCase:
    """Of a gated linear model, within boxes."""

    def __init__(self, gates, weights, reach):
        self.gates, self.weights, self.reach = gates, weights, reach

    def margins(self, X, y):
        out = []
        for x, gate, label in zip(X, self.gates, y, strict=True):
            slope = sum((v - w for v, w, on in zip(self.weights[0].T, self.weights[1].T, gate, strict=True) if on), 0.0)
            slope = slope + np.zeros_like(x)
            out.append(label * (x @ slope) - self.reach @ np.abs(slope))
        return np.array(out)

    def slacks(self, X):
        signs = np.where(self.gates, 1.0, -1.0)
        return np.stack([signs * (X @ part) - self.reach @ np.abs(part) for part in self.weights])


def answer(X, y, D, weights, mask, beta, epsilon, loss):
    criterion = get_loss(loss)
    model = WorstCase(D, weights, epsilon * mask.astype(float))
    penalty = beta * sum(np.linalg.norm(column) for part in weights for column in part.T)
    with np.errstate(all="ignore"):
        return criterion(model.margins(X, y)) + penalty, model.slacks(X)
