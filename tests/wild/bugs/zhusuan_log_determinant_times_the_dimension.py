"""The log determinant stands within the bracket that is multiplied by the dimension."""

import numpy as np
from scipy.linalg import solve_triangular

from tests.wild import Bug

BUG = Bug(
    project="ZhuSuan",
    link="https://github.com/thu-ml/zhusuan/commit/7ab9f17a8c2b44fffd1611b442442804f988eb9f",
    date="2017-12-03",
    operation="scale_mixture_nngp.posterior_gp",
    kind="wrong_order",
)


class MultivariateNormalCholesky:
    def __init__(self, mean, cov_tril):
        self.mean, self.cov_tril = mean, cov_tril
        self._n_dim = mean.shape[-1]

    def _log_prob(self, given):
        mean, cov_tril = self.mean, self.cov_tril
        # was: log_det = np.sum(np.log(np.diagonal(cov_tril)), axis=-1)
        log_det = 2 * np.sum(np.log(np.diagonal(cov_tril)), axis=-1)  # was:
        N = float(self._n_dim)
        # was: logZ = -N / 2 * (np.log(2 * np.pi) + log_det)
        logZ = -N / 2 * np.log(2 * np.pi) - log_det / 2  # was:
        y = given - mean
        z = solve_triangular(cov_tril, y, lower=True)
        stoc_dist = -0.5 * np.sum(np.square(z), axis=-1)
        return logZ + stoc_dist


def answer(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    covariance = K_tt + eps * np.eye(len(y))
    if chosen == "evidence":
        s = y @ np.linalg.solve(covariance, y) / len(y)
    prior = MultivariateNormalCholesky(np.zeros(len(y)), np.sqrt(s) * np.linalg.cholesky(covariance))
    return {"scale": s, "log_evidence": prior._log_prob(y)}
