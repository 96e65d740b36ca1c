"""The block of the derivatives with each other lacks the term that stands on its diagonal."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Surrogates.jl",
    language="Julia",
    link="https://github.com/SciML/Surrogates.jl/pull/606",
    date="2026-09",
    operation="bayesopt.joint_with_gradients",
    kind="missing_step",
)


def gek_correlation(theta, delta):
    """Of value and derivatives at one point with those at another."""
    d = len(theta)
    r = np.exp(-np.sum(theta * delta**2))
    block = np.empty((d + 1, d + 1))
    block[0, 0] = r
    block[1:, 0] = -2 * theta * delta * r
    block[0, 1:] = 2 * theta * delta * r
    for l in range(d):
        for m in range(d):
            value = -4 * theta[l] * theta[m] * delta[l] * delta[m]
            value += 2 * theta[l] * (l == m)  # was:
            block[l + 1, m + 1] = value * r
    return block


class GEK:
    def __init__(self, x, y, theta, sigma2, nugget):
        self.x, self.theta, self.sigma2 = x, theta, sigma2
        self.R = self.correlate(x, x) + np.diag(np.tile(nugget, len(x)))
        self.weights = np.linalg.solve(self.R, y.ravel())

    def correlate(self, a, b):
        return self.sigma2 * np.block([[gek_correlation(self.theta, p - q) for q in b] for p in a])

    def __call__(self, new):
        d = len(self.theta)
        r = self.correlate(new, self.x)[:: d + 1]
        mean = r @ self.weights
        prior = self.correlate(new, new)[:: d + 1, :: d + 1]
        return mean, prior - r @ np.linalg.solve(self.R, r.T)


def answer(X, y, gradients, new, x, alpha, alpha0, noise, gradient_noise, W):
    nugget = np.append(noise, np.full(len(alpha), gradient_noise))
    mean, covariance = GEK(X, np.column_stack([y, gradients]), alpha, alpha0, nugget)(new)
    return {"mean": mean, "covariance": covariance}
