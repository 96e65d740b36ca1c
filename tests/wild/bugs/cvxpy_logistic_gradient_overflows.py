"""The gradient of log(1 + exp(x)) is written as a quotient of exponentials, and is inf / inf for a large x."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="CVXPY",
    link="https://github.com/cvxpy/cvxpy/pull/1359",
    date="2021-05-03",
    operation="sso.trajectory",
    kind="numerics",
)


class logistic:
    r"""log(1 + e^x), entry by entry."""

    def numeric(self, values):
        return np.logaddexp(0, values[0])

    def _grad(self, values):
        # was: return np.exp(values[0]) / (1 + np.exp(values[0]))
        return np.exp(values[0] - np.logaddexp(0, values[0]))  # was:


class square:
    def _grad(self, values):
        return values[0]


def slopes_of(loss, z, y):
    with np.errstate(over="ignore", invalid="ignore"):
        return -y * logistic()._grad([-y * z]) if loss == "logistic" else square()._grad([z - y])


def answer(x, y, theta0, batches, eta, ratio, inner_steps, loss, norm, schedule):
    theta, path, T = theta0, [], len(batches)
    for t, rows in enumerate(batches, start=1):
        size = {"constant": 1.0, "root": t**-0.5, "exponential": (1 / T) ** (t / T)}[schedule] * eta
        z = x @ theta
        slopes = np.zeros(len(y))
        np.add.at(slopes, rows, slopes_of(loss, z[rows], y[rows]) / len(rows))
        counted = np.bincount(rows, minlength=len(y)) if norm == "batch" else np.ones(len(y))
        for _ in range(int(inner_steps)):
            pull = slopes + counted * (x @ theta - z) / size
            theta = theta - ratio * size * (x.T @ pull)
        path.append(theta)
    return np.stack(path)
