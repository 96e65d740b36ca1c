"""The exponential covariance, and its derivative in the distance, have half of the distance."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="GPy",
    link="https://github.com/SheffieldML/GPy/commit/bfd0ee0db244ed98d205aa8438324f7f03ccb425",
    date="2016-04-07",
    operation="bayesopt.posterior",
    kind="wrong_constant",
)


class Stationary:
    """Kernels of a scaled distance; ARD lengthscales."""

    def __init__(self, variance, lengthscale):
        self.variance, self.lengthscale = variance, lengthscale

    def _scaled_dist(self, X, X2):
        D = (X[:, None, :] - X2[None, :, :]) / self.lengthscale
        return np.sqrt(np.sum(np.square(D), axis=-1)), np.square(D)

    def K(self, X, X2):
        return self.K_of_r(self._scaled_dist(X, X2)[0])

    def update_gradients_full(self, dL_dK, X):
        r, squares = self._scaled_dist(X, X)
        self.variance_gradient = np.sum(self.K_of_r(r) * dL_dK) / self.variance
        inv_dist = np.divide(1.0, r, out=np.zeros_like(r), where=r > 0)
        tmp = self.dK_dr(r) * dL_dK * inv_dist
        self.lengthscale_gradient = -np.einsum("ij,ijk->k", tmp, squares) / self.lengthscale


class Exponential(Stationary):
    def K_of_r(self, r):
        return self.variance * np.exp(-r)  # was: return self.variance * np.exp(-0.5 * r)

    def dK_dr(self, r):
        return -self.K_of_r(r)  # was: return -0.5 * self.K_of_r(r)


class Matern32(Stationary):
    def K_of_r(self, r):
        return self.variance * (1.0 + np.sqrt(3.0) * r) * np.exp(-np.sqrt(3.0) * r)

    def dK_dr(self, r):
        return -3.0 * self.variance * r * np.exp(-np.sqrt(3.0) * r)


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    kernels = {"matern12": Exponential, "matern32": Matern32}
    if kernel not in kernels:
        raise NotApplicable("two kernels are enough here")
    kern = kernels[kernel](alpha0, 1 / np.sqrt(alpha))
    Wi = np.linalg.inv(kern.K(X, X) + (noise + jitter) * np.eye(len(y)))
    woodbury_vector = Wi @ (y - mean - X @ beta)
    dL_dK = 0.5 * (np.outer(woodbury_vector, woodbury_vector) - Wi)
    kern.update_gradients_full(dL_dK, X)
    return {
        "posterior_mean": kern.K(new, X) @ woodbury_vector + mean + new @ beta,
        "covariance": kern.K(new, new) - kern.K(new, X) @ Wi @ kern.K(X, new),
        "by_alpha": -0.5 * kern.lengthscale_gradient * kern.lengthscale,
        "by_alpha0": kern.variance_gradient * kern.variance,
    }
