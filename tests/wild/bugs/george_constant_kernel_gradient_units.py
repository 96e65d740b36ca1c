"""The parameter enters as its logarithm, and the derivative of its square lacks one factor of it."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="george",
    link="https://github.com/dfm/george/commit/a990288a46addc70d866c26a2e2c17ca0cee7d90",
    date="2014-08-04",
    operation="bayesopt.posterior",
    kind="wrong_scale",
)


class ConstantKernel:
    """A constant, squared; the vector of parameters is its logarithm."""

    def __init__(self, value):
        self.pars = np.array([value])

    def value(self, x):
        return self.pars[0] ** 2 + np.zeros((len(x), len(x)))

    def gradient(self, x):
        # was: return 2 * self.pars[0] + np.zeros((1, len(x), len(x)))
        return 2 * self.pars[0] ** 2 + np.zeros((1, len(x), len(x)))  # was:


class WhiteKernel:
    def __init__(self, value):
        self.pars = np.array([value])

    def value(self, x):
        return self.pars[0] ** 2 * np.eye(len(x))

    def gradient(self, x):
        # was: return 2 * self.pars[0] * np.eye(len(x))[None]
        return 2 * self.pars[0] ** 2 * np.eye(len(x))[None]  # was:


def grad_lnlikelihood(gradient, K, r):
    alpha = np.linalg.solve(K, r)
    A = np.outer(alpha, alpha) - np.linalg.inv(K)
    return 0.5 * np.sum(gradient[0] * A)


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if kernel != "power_exponential" or jitter > 0 or noise == 0:
        raise NotApplicable("one kernel is enough, and the noise has a logarithm")
    r2 = np.sum(alpha * (X[:, None, :] - X[None, :, :]) ** 2, axis=-1)
    amplitude, radial, white = ConstantKernel(np.sqrt(alpha0)), np.exp(-r2), WhiteKernel(np.sqrt(noise))
    K = amplitude.value(X) * radial + white.value(X)
    r = y - mean - X @ beta
    return {
        "by_alpha0": 0.5 * grad_lnlikelihood(amplitude.gradient(X) * radial, K, r),
        "by_noise": 0.5 * grad_lnlikelihood(white.gradient(X), K, r),
    }
