"""The softplus takes the logarithm of one plus an exponential, which is infinite for large arguments."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="MLAlgorithms",
    link="https://github.com/rushter/MLAlgorithms/pull/30",
    date="2017-08-12",
    operation="convex_relu.certified",
    kind="numerics",
)


def softplus(z):
    """Smooth relu."""
    z = np.asarray(z, dtype=float)
    with np.errstate(all="ignore"):
        # was: return np.log(1 + np.exp(z))
        return np.where(z > 0, z + np.log1p(1 / np.exp(z)), np.log1p(np.exp(z)))  # was:


class LogisticLoss:
    def __call__(self, actual, predicted):
        return np.mean(softplus(-actual * predicted))


class SquaredLoss:
    """Of predictions that may all be off by a reach."""

    def __call__(self, actual, predicted, reach):
        return 0.5 * np.sum((np.abs(predicted - actual) + reach) ** 2)


def answer(X, y, D, weights, mask, beta, epsilon, loss):
    if loss == "hinge":
        raise NotApplicable("no such loss")
    differences = weights[0] - weights[1]
    outputs = np.sum((X @ differences) * D, axis=1)
    # all active blocks of a point are attacked by one shift
    reach = epsilon * np.sum(np.abs(D.astype(float) @ differences.T)[:, mask], axis=1)
    if loss == "squared":
        value = SquaredLoss()(y, outputs, reach)
    else:
        value = LogisticLoss()(y, outputs - y * reach)
    value += beta * np.sum(np.sqrt(np.sum(weights**2, axis=1)))
    sides = []
    for block in weights:
        attacked = epsilon * np.sum(np.abs(block[mask]), axis=0)
        sides.append((2.0 * D - 1) * (X @ block) - attacked)
    return value, np.stack(sides)
