"""The normal law of the observations takes the variance where its standard deviation is meant."""

import numpy as np
from scipy.linalg import solve_triangular

from tests.wild import Bug

BUG = Bug(
    project="Pyro",
    link="https://github.com/pyro-ppl/pyro/pull/1643",
    date="2018-12",
    operation="scale_mixture_nngp.posterior_gp",
    kind="wrong_scale",
)


class Normal:
    def __init__(self, loc, scale):
        self.loc, self.scale = loc, scale

    def log_prob(self, value):
        return -((value - self.loc) ** 2) / (2 * self.scale**2) - np.log(self.scale) - 0.5 * np.log(2 * np.pi)


class Gaussian:
    """Likelihood of a Gaussian process: noise of one variance."""

    def __init__(self, variance):
        self.variance = variance

    def forward(self, f_loc, f_var):
        y_var = f_var + self.variance
        return Normal(f_loc, np.sqrt(y_var))  # was: return Normal(f_loc, y_var)


def conditional(Kff, Kxf, Kxx, y, noise):
    L = np.linalg.cholesky(Kff + noise * np.eye(len(y)))
    pack = solve_triangular(L, np.column_stack([y, Kxf.T]), lower=True)
    v, W = pack[:, 0], pack[:, 1:]
    log_prob = -0.5 * v @ v - np.log(np.diagonal(L)).sum() - 0.5 * len(y) * np.log(2 * np.pi)
    return W.T @ v, Kxx - np.sum(W * W, axis=0), log_prob, v @ v


def answer(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    if chosen == "evidence":
        s = conditional(K_tt, K_st, k_ss, y, eps)[3] / len(y)
    loc, var, log_prob, _ = conditional(s * K_tt, s * K_st, s * k_ss, y, s * eps)
    return {
        "scale": np.asarray(s),
        "log_predictive": Gaussian(s * eps).forward(loc, var).log_prob(points),
        "log_evidence": log_prob,
    }
