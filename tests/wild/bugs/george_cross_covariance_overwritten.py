"""The solver works in place on a view of the cross covariance, which is then multiplied with itself."""

import numpy as np
from scipy.linalg import cho_solve, cholesky

from tests.wild import Bug

BUG = Bug(
    project="george",
    link="https://github.com/dfm/george/pull/17",
    date="2014-10-07",
    operation="bayesopt.posterior",
    kind="wrong_order",
)


class BasicSolver:
    def compute(self, K, yerr2):
        self._factor = cholesky(K + yerr2 * np.eye(len(K)), lower=True)
        self.log_determinant = 2 * np.sum(np.log(np.diag(self._factor)))

    def apply_inverse(self, y, in_place=False):
        r = cho_solve((self._factor, True), y)
        if in_place:
            y[...] = r
            return y
        return r


class GP:
    def __init__(self, kernel, mean):
        self.kernel, self.mean, self.solver = kernel, mean, BasicSolver()

    def compute(self, x, yerr2):
        self._x = x
        self.solver.compute(self.kernel(x, x), yerr2)

    def predict(self, y, t):
        alpha = self.solver.apply_inverse(y - self.mean(self._x))
        Kxs = self.kernel(t, self._x)
        mu = np.dot(Kxs, alpha) + self.mean(t)
        cov = self.kernel(t, t)
        # was: cov -= np.dot(Kxs, self.solver.apply_inverse(Kxs.T, in_place=True))
        cov -= np.dot(Kxs, self.solver.apply_inverse(Kxs.T, in_place=False))  # was:
        return mu, cov


def radial(name):
    return {
        "power_exponential": lambda r2: np.exp(-r2),
        "matern12": lambda r2: np.exp(-np.sqrt(r2)),
        "matern32": lambda r2: (1 + np.sqrt(3 * r2)) * np.exp(-np.sqrt(3 * r2)),
        "matern52": lambda r2: (1 + np.sqrt(5 * r2) + 5 * r2 / 3) * np.exp(-np.sqrt(5 * r2)),
    }[name]


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    value = radial(kernel)
    k = lambda a, b: alpha0 * value(np.sum(alpha * (a[:, None, :] - b[None, :, :]) ** 2, axis=-1))
    gp = GP(k, lambda x: mean + x @ beta)
    gp.compute(X, noise + jitter)
    mu, cov = gp.predict(y, new)
    return {"posterior_mean": mu, "covariance": cov}
