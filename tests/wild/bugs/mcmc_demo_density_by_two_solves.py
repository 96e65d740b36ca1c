"""The difference is solved with the Cholesky factor twice, so that it is divided by the covariance itself."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="mcmc-demo",
    language="JavaScript",
    link="https://github.com/chi-feng/mcmc-demo/issues/20",
    date="2025-07-10",
    operation="scale_mixture_nngp.posterior_gp",
    kind="wrong_scale",
)


class MultivariateNormal:
    def __init__(self, mean, cov):
        self.mean, self.dim = mean, len(mean)
        self.covL = np.linalg.cholesky(cov)
        self.logDet = np.log(np.diag(self.covL)).sum()
        self.constant = -0.5 * self.dim * np.log(2 * np.pi) - self.logDet

    def fsolve(self, b):
        x = np.zeros(self.dim)
        for i in range(self.dim):
            x[i] = (b[i] - self.covL[i, :i] @ x[:i]) / self.covL[i, i]
        return x

    def bsolve(self, b):
        x = np.zeros(self.dim)
        for i in reversed(range(self.dim)):
            x[i] = (b[i] - self.covL[i + 1 :, i] @ x[i + 1 :]) / self.covL[i, i]
        return x

    def log_density(self, x):
        diff = x - self.mean
        # was: half = self.bsolve(self.fsolve(diff))
        half = self.fsolve(diff)  # was:
        return self.constant - 0.5 * np.sum(half * half)


def answer(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    cov = K_tt + eps * np.eye(len(y))
    unit = MultivariateNormal(np.zeros(len(y)), cov)
    weights = unit.bsolve(unit.fsolve(y))
    if chosen == "evidence":
        s = y @ weights / len(y)
    log_predictive = []
    for k, kss, at in zip(K_st, k_ss, points, strict=True):
        half = unit.fsolve(k)
        var = np.array([[s * (kss + eps - half @ half)]])
        log_predictive.append(MultivariateNormal(np.array([k @ weights]), var).log_density(np.array([at])))
    evidence = MultivariateNormal(np.zeros(len(y)), s * cov).log_density(y)
    return s, np.array(log_predictive), evidence
