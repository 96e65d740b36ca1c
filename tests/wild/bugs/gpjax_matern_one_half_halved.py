"""The exponent of the Matern covariance with nu = 1/2 is halved."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="GPJax",
    link="https://github.com/thomaspinder/GPJax/pull/119",
    date="2022-10-06",
    operation="bayesopt.posterior",
    kind="wrong_constant",
)


def euclidean_distance(x, y):
    return np.sqrt(np.maximum(np.sum((x - y) ** 2), 0.0))


class Kernel:
    def __init__(self, params):
        self.params = params

    def _scaled(self, x):
        return x / self.params["lengthscale"]

    def gram(self, xs, ys):
        return np.array([[self(x, y) for y in ys] for x in xs])


class Matern12(Kernel):
    def __call__(self, x, y):
        distance = euclidean_distance(self._scaled(x), self._scaled(y))
        # was: return self.params["variance"] * np.exp(-0.5 * distance)
        return self.params["variance"] * np.exp(-distance)  # was:


class Matern32(Kernel):
    def __call__(self, x, y):
        tau = np.sqrt(3.0) * euclidean_distance(self._scaled(x), self._scaled(y))
        return self.params["variance"] * (1.0 + tau) * np.exp(-tau)


class RBF(Kernel):
    def __call__(self, x, y):
        return self.params["variance"] * np.exp(-0.5 * np.sum((self._scaled(x) - self._scaled(y)) ** 2))


KERNELS = {"matern12": (Matern12, 1.0), "matern32": (Matern32, 1.0), "power_exponential": (RBF, 2.0)}


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if kernel not in KERNELS:
        raise NotApplicable("three kernels are enough here")
    cls, scale = KERNELS[kernel]
    k = cls({"lengthscale": 1 / np.sqrt(scale * alpha), "variance": alpha0})
    mu = lambda at: mean + at @ beta
    Kxx = k.gram(X, X) + (noise + jitter) * np.eye(len(X))
    L = np.linalg.cholesky(Kxx)
    Ktx = k.gram(new, X)
    weights = np.linalg.solve(L, np.column_stack([y - mu(X), Ktx.T]))
    residual, solved = weights[:, 0], weights[:, 1:]
    log_prob = -0.5 * residual @ residual - np.log(np.diag(L)).sum() - 0.5 * len(y) * np.log(2 * np.pi)
    return {
        "posterior_mean": mu(new) + solved.T @ residual,
        "covariance": k.gram(new, new) - solved.T @ solved,
        "log_evidence": log_prob,
    }
