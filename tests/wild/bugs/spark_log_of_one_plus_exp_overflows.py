"""The logarithm of one plus an exponential is taken as it stands, and the exponential overflows for a large margin."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Spark MLlib",
    language="Scala",
    link="https://github.com/apache/spark/pull/3915",
    date="2015-01-07",
    operation="sso.surrogate",
    kind="numerics",
)


def log1pExp(x):
    if x > 0:  # was:
        return x + math.log1p(math.exp(-x))  # was:
    with np.errstate(over="ignore"):
        return float(np.log1p(np.exp(x)))


class LogisticGradient:
    def compute(self, data, label, output):
        margin = -1.0 * output
        loss = log1pExp(margin) if label > 0 else log1pExp(margin) - margin
        # the probability of the label that it is not
        far = math.exp(-abs(margin))
        small, large = far / (1.0 + far), 1.0 / (1.0 + far)
        if label > 0:
            return -(small if margin < 0 else large), loss
        return (large if margin < 0 else small), loss


class LeastSquaresGradient:
    def compute(self, data, label, output):
        diff = output - label
        return diff, diff * diff / 2.0


def answer(x, y, theta_t, theta, eta, loss, model):
    gradient = LogisticGradient() if loss == "logistic" else LeastSquaresGradient()
    labels = (y + 1) / 2 if loss == "logistic" else y
    f = np.tanh if model == "tanh" else np.asarray
    z_t, z = f(x @ theta_t), f(x @ theta)
    seen = [gradient.compute(row, label, out) for row, label, out in zip(x, labels, z_t.tolist(), strict=True)]
    slopes, losses = np.array(seen).T / len(y)
    value = losses.sum() + slopes @ (z - z_t) + (z - z_t) @ (z - z_t) / (2 * eta)
    pull = slopes + (z - z_t) / eta
    return value, x.T @ (pull * (1 - z * z) if model == "tanh" else pull)
