"""The momentum of FISTA halves the root alone, where one plus the root is to be halved."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="scikit-learn-contrib/lightning",
    link="https://github.com/scikit-learn-contrib/lightning/pull/102",
    date="2016-11-29",
    operation="convex_relu.scp",
    kind="wrong_constant",
)


class L1Penalty:
    def projection(self, coef, alpha, L):
        return np.sign(coef) * np.fmax(np.abs(coef) - alpha / L, 0)


class Squared:
    def gradient(self, X, y, coef):
        return X.T @ (X @ coef - y)

    def lipschitz_constant(self, X):
        return np.linalg.norm(X, 2) ** 2 or 1.0


def fista(X, y, alpha, max_iter):
    loss, penalty = Squared(), L1Penalty()
    L = loss.lipschitz_constant(X)
    coef = np.zeros(X.shape[1])
    coefx, t = coef, 1.0
    for _ in range(max_iter):
        coef_old, t_old = coef, t
        coef = penalty.projection(coefx - loss.gradient(X, y, coefx) / L, alpha, L)
        if (coefx - coef) @ (coef - coef_old) > 0:
            t_old = 1.0  # restart
        t = (1 + np.sqrt(1 + 4 * t_old * t_old)) / 2  # was: t = 1 + np.sqrt(1 + 4 * t_old * t_old) / 2
        coefx = coef + (t_old - 1) / t * (coef - coef_old)
        yield coef


def answer(X, y, draws, beta, steps):
    directions = draws / np.sqrt(np.sum(draws**2, axis=1))[:, None]
    features = np.fmax(X @ directions.T, 0)
    return np.array(list(fista(features, y, beta, steps)))
