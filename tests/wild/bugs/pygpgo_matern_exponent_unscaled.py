"""In the Matern covariance with nu = 5/2 the distance in the exponent is not divided by the length scale."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="pyGPGO",
    link="https://github.com/josejimenezluna/pyGPGO/commit/662fe69d0bb6050c0f8a18f04cdbd75a3a289114",
    date="2019-02-26",
    operation="bayesopt.posterior",
    kind="wrong_scale",
)


def l2norm_(X, Xstar):
    return np.sqrt(((X[:, None, :] - Xstar[None, :, :]) ** 2).sum(axis=2))


class matern52:
    def __init__(self, l=1.0, sigmaf=1.0):
        self.l, self.sigmaf = l, sigmaf

    def K(self, X, Xstar):
        r = l2norm_(X / self.l, Xstar / self.l)
        one = 1 + np.sqrt(5 * r**2) + 5 * r**2 / 3
        two = np.exp(-np.sqrt(5 * r**2))  # was: two = np.exp(-np.sqrt(5 * l2norm_(X, Xstar) ** 2))
        return self.sigmaf * one * two


class matern32:
    def __init__(self, l=1.0, sigmaf=1.0):
        self.l, self.sigmaf = l, sigmaf

    def K(self, X, Xstar):
        r = l2norm_(X / self.l, Xstar / self.l)
        return self.sigmaf * (1 + np.sqrt(3 * r**2)) * np.exp(-np.sqrt(3 * r**2))


class GaussianProcess:
    def __init__(self, covfunc, sigman):
        self.covfunc, self.sigman = covfunc, sigman

    def fit(self, X, y):
        self.X, self.y = X, y
        self.L = np.linalg.cholesky(self.covfunc.K(X, X) + self.sigman * np.eye(len(X)))
        self.alpha = np.linalg.solve(self.L.T, np.linalg.solve(self.L, y))

    def predict(self, Xstar):
        kstar = self.covfunc.K(self.X, Xstar)
        v = np.linalg.solve(self.L, kstar)
        return kstar.T @ self.alpha, self.covfunc.K(Xstar, Xstar) - v.T @ v


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if kernel not in ("matern32", "matern52"):
        raise NotApplicable("two kernels are enough here")
    gp = GaussianProcess({"matern32": matern32, "matern52": matern52}[kernel](alpha**-0.5, alpha0), noise + jitter)
    gp.fit(X, y - mean - X @ beta)
    mu, covariance = gp.predict(new)
    return {"posterior_mean": mu + mean + new @ beta, "covariance": covariance}
