"""The derivative of the log likelihood in the mean has the wrong sign."""

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from tests.wild import Bug

BUG = Bug(
    project="GaussianProcesses.jl",
    language="Julia",
    link="https://github.com/STOR-i/GaussianProcesses.jl/issues/26",
    date="2016-07-28",
    operation="bayesopt.posterior",
    kind="wrong_sign",
)


class MeanConst:
    def __init__(self, beta):
        self.beta = beta

    def mean(self, x):
        return np.full(len(x), self.beta)

    def grad_mean(self, x):
        return np.ones((len(x), 1))


class GP:
    def __init__(self, x, y, m, k, log_noise):
        self.x, self.y, self.m, self.k, self.log_noise = x, y, m, k, log_noise

    def update_mll_and_dmll(self):
        sigma = self.k(self.x) + np.exp(2 * self.log_noise) * np.eye(len(self.y))
        chol = cho_factor(sigma)
        residual = self.y - self.m.mean(self.x)
        self.alpha = cho_solve(chol, residual)
        logdet = 2 * np.log(np.diag(chol[0])).sum()
        self.mLL = -0.5 * (residual @ self.alpha + logdet + len(self.y) * np.log(2 * np.pi))
        precision = np.outer(self.alpha, self.alpha) - cho_solve(chol, np.eye(len(self.y)))
        Mgrads = self.m.grad_mean(self.x)
        # was: dmLL_mean = -Mgrads.T @ self.alpha
        dmLL_mean = Mgrads.T @ self.alpha  # was:
        self.dmLL = np.array([np.exp(2 * self.log_noise) * np.trace(precision), *dmLL_mean])


def covariance(kernel, alpha, alpha0):
    def k(x):
        r = np.sqrt(np.sum(alpha * (x[:, None] - x[None]) ** 2, axis=-1))
        if kernel == "power_exponential":
            return alpha0 * np.exp(-(r**2))
        nu = {"matern12": 1, "matern32": 3, "matern52": 5}[kernel]
        z = np.sqrt(nu) * r
        return alpha0 * np.exp(-z) * {1: 1.0, 3: 1 + z, 5: 1 + z + z**2 / 3}[nu]

    return k


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    gp = GP(X, y - X @ beta, MeanConst(mean), covariance(kernel, alpha, alpha0), 0.5 * np.log(noise + jitter))
    gp.update_mll_and_dmll()
    return {"log_evidence": gp.mLL, "by_mean": gp.dmLL[1]}
