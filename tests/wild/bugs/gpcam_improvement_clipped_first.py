"""The improvement is clipped before it is divided by the deviation: a point below the best looks like one at it."""

import numpy as np
from scipy.stats import norm

from tests.wild import Bug

BUG = Bug(
    project="gpCAM",
    link="https://github.com/lbl-camera/gpCAM/issues/55",
    date="2026-07-28",
    operation="bayesopt.eic",
    kind="extra_step",
)


def expected_improvement(m, std, last_best):
    a = (m - last_best).reshape(len(m))
    # was: a[a < 0.0] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        gamma = a / std
        pdf, cdf = norm.pdf(gamma), norm.cdf(gamma)
        ei = std * (gamma * cdf + pdf)
    return np.where(std > 0, ei, np.maximum(a, 0.0))


def probability_of_feasibility(m, std):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(std > 0, norm.cdf(m / std), m >= 0)


def evaluate_acquisition_function(mean, std, y_data, constraints):
    probability = np.ones(mean.shape[1])
    for m, s in zip(mean[1:], std[1:], strict=True):
        probability = probability * probability_of_feasibility(m, s)
    feasible = (constraints >= 0).all(axis=0)
    if not feasible.any():
        return probability
    return expected_improvement(mean[0], std[0], np.max(y_data[feasible])) * probability


def answer(mu, sigma, y, constraints):
    return evaluate_acquisition_function(mu, sigma, y, constraints)
