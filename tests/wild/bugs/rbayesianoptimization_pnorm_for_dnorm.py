"""The second term of the expected improvement has the distribution function in place of the density."""

import numpy as np
from scipy.special import ndtr

from tests.wild import Bug

BUG = Bug(
    project="rBayesianOptimization",
    language="R",
    link="https://github.com/yanyachen/rBayesianOptimization/issues/10",
    date="2016-08-02",
    operation="bayesopt.eic",
    kind="wrong_constant",
)


def pnorm(q):
    return ndtr(q)


def dnorm(x):
    return np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


def Utility(GP, acq, y_max, kappa=2.576, eps=0.0):
    GP_Mean, GP_MSE = GP["Y_hat"], np.maximum(GP["MSE"], 0.0)
    if acq == "ucb":
        return GP_Mean + kappa * np.sqrt(GP_MSE)
    known = GP_MSE == 0
    z = (GP_Mean - y_max - eps) / np.sqrt(np.where(known, 1.0, GP_MSE))
    if acq == "poi":
        return np.where(known, GP_Mean - y_max - eps >= 0, pnorm(z))
    # was: utility = (GP_Mean - y_max - eps) * pnorm(z) + np.sqrt(GP_MSE) * pnorm(z)
    utility = (GP_Mean - y_max - eps) * pnorm(z) + np.sqrt(GP_MSE) * dnorm(z)  # was:
    return np.where(known, np.maximum(GP_Mean - y_max - eps, 0.0), utility)


def answer(mu, sigma, y, constraints):
    # The package has no constraints; each is asked as a probability of improvement over 0.
    rows = [{"Y_hat": m, "MSE": s**2} for m, s in zip(mu, sigma, strict=True)]
    feasible = np.prod([Utility(row, "poi", 0.0) for row in rows[1:]], axis=0)
    allowed = np.all(constraints >= 0, axis=0)
    if not allowed.any():
        return feasible
    return Utility(rows[0], "ei", y[allowed].max()) * feasible
