"""Also a whole covariance is clipped to positive entries, as is right for variances alone."""

import numpy as np
from scipy.linalg import solve_triangular

from tests.wild import Bug

BUG = Bug(
    project="GPy",
    link="https://github.com/SheffieldML/GPy/pull/702",
    date="2018-10-30",
    operation="bayesopt.posterior",
    kind="extra_step",
)


class PosteriorExact:
    def __init__(self, woodbury_chol, woodbury_vector):
        self._woodbury_chol, self.woodbury_vector = woodbury_chol, woodbury_vector

    def _raw_predict(self, kern, Xnew, pred_var, full_cov=False):
        Kx = kern(pred_var, Xnew)
        mu = np.dot(Kx.T, self.woodbury_vector)
        tmp = solve_triangular(self._woodbury_chol, Kx, lower=True)
        if full_cov:
            var = kern(Xnew, Xnew) - np.dot(tmp.T, tmp)
            # was: var = np.clip(var, 1e-15, np.inf)
        else:
            var = np.diagonal(kern(Xnew, Xnew)) - np.square(tmp).sum(0)
            var = np.clip(var, 1e-15, np.inf)
        return mu, var


def K_of_r(name, r):
    if name == "power_exponential":
        return np.exp(-(r**2))
    if name == "matern12":
        return np.exp(-r)
    a = np.sqrt(3.0 if name == "matern32" else 5.0) * r
    return (1 + a + (a**2 / 3 if name == "matern52" else 0)) * np.exp(-a)


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    def kern(A, B):
        difference = np.sqrt(alpha) * (A[:, None] - B[None])
        return alpha0 * K_of_r(kernel, np.sqrt(np.square(difference).sum(-1)))

    L = np.linalg.cholesky(kern(X, X) + (noise + jitter) * np.eye(len(y)))
    half = solve_triangular(L, y - mean - X @ beta, lower=True)
    posterior = PosteriorExact(L, solve_triangular(L.T, half))
    mu, var = posterior._raw_predict(kern, new, X, full_cov=True)
    return {"posterior_mean": mu + mean + new @ beta, "covariance": var}
