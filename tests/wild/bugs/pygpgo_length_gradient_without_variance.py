"""The derivative of the covariance in the length scale lacks the variance of the signal."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="pyGPGO",
    link="https://github.com/josejimenezluna/pyGPGO/commit/cf90459831f5fa215a996737ffe296172211a31c",
    date="2017-04-13",
    operation="bayesopt.posterior",
    kind="wrong_scale",
)


class squaredExponential:
    def __init__(self, l, sigmaf, sigman):
        self.l, self.sigmaf, self.sigman = l, sigmaf, sigman
        self.parameters = [*[f"l{i}" for i in range(len(l))], "sigmaf", "sigman"]

    def _r2(self, X, Xstar, i=None):
        scaled = (X[:, None, :] - Xstar[None, :, :]) ** 2
        return scaled[..., i] if i is not None else (scaled / self.l**2).sum(axis=-1)

    def K(self, X):
        return self.sigmaf * np.exp(-0.5 * self._r2(X, X)) + self.sigman * np.eye(len(X))

    def gradK(self, X, param):
        if param == "sigmaf":
            return np.exp(-0.5 * self._r2(X, X))
        if param == "sigman":
            return np.eye(len(X))
        i = int(param[1:])
        # was: num = self._r2(X, X, i) * np.exp(-0.5 * self._r2(X, X))
        num = self._r2(X, X, i) * self.sigmaf * np.exp(-0.5 * self._r2(X, X))  # was:
        return num / self.l[i] ** 3


class GPRegressor:
    def __init__(self, covfunc):
        self.covfunc = covfunc

    def param_grad(self, X, y):
        K = self.covfunc.K(X)
        alpha = np.linalg.solve(K, y)
        inner = np.outer(alpha, alpha) - np.linalg.inv(K)
        return [0.5 * np.trace(inner @ self.covfunc.gradK(X, param)) for param in self.covfunc.parameters]


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if kernel != "power_exponential" or jitter > 0:
        raise NotApplicable("the squared exponential kernel, with one noise")
    l = 1 / np.sqrt(2 * alpha)
    *grads, by_sigmaf, by_sigman = GPRegressor(squaredExponential(l, alpha0, noise)).param_grad(X, y - mean - X @ beta)
    return {
        "by_alpha": -0.5 * l * np.array(grads),
        "by_alpha0": alpha0 * by_sigmaf,
        "by_noise": noise * by_sigman,
    }
