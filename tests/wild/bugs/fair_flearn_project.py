"""The test which coordinates stay positive sums one sorted coordinate too few."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="fair_flearn",
    link="https://github.com/litian96/fair_flearn/issues/10",
    date="2020-11-10",
    operation="attention_svm.project_nuclear",
    kind="wrong_constant",
)


def project(y):
    """Of a vector on the probability simplex."""
    u = sorted(y, reverse=True)
    x, rho = [], 0
    for i in range(len(y)):
        # was: if (u[i] + (1.0 / (i + 1)) * (1 - np.sum(np.asarray(u)[:i]))) > 0:
        if (u[i] + (1.0 / (i + 1)) * (1 - np.sum(np.asarray(u)[: i + 1]))) > 0:  # was:
            rho = i + 1
    lambda_ = (1.0 / rho) * (1 - np.sum(np.asarray(u)[:rho]))
    for i in range(len(y)):
        x.append(max(y[i] + lambda_, 0))
    return np.asarray(x)


def answer(W, R):
    left, values, right = np.linalg.svd(W, full_matrices=False)
    if values.sum() <= R:
        return W
    return (left * (R * project(values / R))) @ right
