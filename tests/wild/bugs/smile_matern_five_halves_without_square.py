"""The Matern covariance with nu = 5/2 lacks its quadratic term."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist

from tests.wild import Bug

BUG = Bug(
    project="Smile",
    language="Java",
    link="https://github.com/haifengl/smile/issues/709",
    date="2022-01-31",
    operation="bayesopt.posterior",
    kind="missing_step",
)


class Matern:
    SQRT3, SQRT5 = np.sqrt(3.0), np.sqrt(5.0)

    def __init__(self, sigma, nu):
        self.sigma, self.nu = sigma, nu

    def k(self, dist):
        d = dist / self.sigma
        if self.nu == 1.5:
            d = d * self.SQRT3
            return (1.0 + d) * np.exp(-d)
        if self.nu == 2.5:
            d = d * self.SQRT5
            return (1.0 + d + d * d / 3.0) * np.exp(-d)  # was: return (1.0 + d) * np.exp(-d)
        if self.nu == 0.5:
            return np.exp(-d)
        return np.exp(-0.5 * d * d)


class GaussianProcessRegression:
    def __init__(self, K, y, noise):
        self.cholesky = cho_factor(K + noise * np.eye(len(y)))
        self.y, self.w = y, cho_solve(self.cholesky, y)

    def predict(self, Kx, Kxx):
        return Kx @ self.w, Kxx - Kx @ cho_solve(self.cholesky, Kx.T)

    def log_marginal_likelihood(self):
        logdet = 2 * np.log(np.diagonal(self.cholesky[0])).sum()
        return -0.5 * (self.y @ self.w + logdet + len(self.y) * np.log(2 * np.pi))


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    nu = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5, "power_exponential": np.inf}[kernel]
    matern = Matern(np.sqrt(0.5) if np.isinf(nu) else 1.0, nu)
    gram = lambda a, b: alpha0 * matern.k(cdist(a * np.sqrt(alpha), b * np.sqrt(alpha)))
    gpr = GaussianProcessRegression(gram(X, X), y - mean - X @ beta, noise + jitter)
    mu, covariance = gpr.predict(gram(new, X), gram(new, new))
    evidence = gpr.log_marginal_likelihood()
    return {"posterior_mean": mu + mean + new @ beta, "covariance": covariance, "log_evidence": evidence}
