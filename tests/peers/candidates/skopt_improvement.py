"""pip scikit-optimize: expected improvement, of normal laws that are handed over or of its own Gaussian process."""

import numpy as np
from skopt.acquisition import gaussian_ei
from skopt.learning import GaussianProcessRegressor
from skopt.learning.gaussian_process import kernels

from refimpl.oracle.candidates import NotApplicable

_NU = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}


class _Given:
    """The law of one point, whose coordinates are mean and deviation themselves."""

    def predict(self, X, return_std, return_mean_grad=False, return_std_grad=False):
        grads = (np.array([1.0, 0.0]), np.array([0.0, 1.0])) if return_mean_grad else ()
        return X[:, 0], X[:, 1], *grads


def _ei(mu, sigma, best, **settings):
    """It minimises: means and best value change their signs."""
    law = np.stack([-mu, sigma], axis=1)
    value = gaussian_ei(law, _Given(), y_opt=-best, **settings)
    once, back = np.unique(law, axis=0, return_inverse=True)  # a point at a time
    slopes = np.array([gaussian_ei(row[None], _Given(), -best, **settings, return_grad=True)[1] for row in once])
    return value, -slopes[back, 0], slopes[back, 1]


def ei(mu, sigma, best):
    """With xi = 0."""
    return _ei(mu, sigma, best, xi=0.0)


def ei_default(mu, sigma, best):
    """With its own xi."""
    return _ei(mu, sigma, best)


def ei_gradient(X, y, new, kernel, alpha, alpha0, noise, mean, beta, best):
    """Of its own process, which has no prior mean: a constant one is taken off observations and best value."""
    if np.any(beta):
        raise NotApplicable("its prior mean is constant")
    if kernel == "power_exponential":
        shape = kernels.RBF(1 / np.sqrt(2 * alpha))
    else:
        shape = kernels.Matern(1 / np.sqrt(alpha), nu=_NU[kernel])
    whole = kernels.ConstantKernel(alpha0) * shape
    model = GaussianProcessRegressor(whole, alpha=0.0, noise=noise, optimizer=None).fit(X, mean - y)
    found = [gaussian_ei(x[None], model, y_opt=mean - best, xi=0.0, return_grad=True) for x in new]
    return np.concatenate([value for value, _ in found]), np.stack([slope for _, slope in found])
