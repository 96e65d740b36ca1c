"""pip GPy: the posterior of a Gaussian process, its evidence and gradient."""

import GPy
import numpy as np


def _posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter, **options):
    known = {
        "power_exponential": (GPy.kern.RBF, 1 / np.sqrt(2 * alpha)),
        "matern12": (GPy.kern.Exponential, 1 / np.sqrt(alpha)),
        "matern32": (GPy.kern.Matern32, 1 / np.sqrt(alpha)),
        "matern52": (GPy.kern.Matern52, 1 / np.sqrt(alpha)),
    }
    shape, lengths = known[kernel]
    whole = shape(len(alpha), variance=alpha0, lengthscale=lengths, ARD=True)
    residual = (y - mean - X @ beta)[:, None]
    model = GPy.models.GPRegression(X, residual, whole, noise_var=noise + jitter)
    found, covariance = model.predict(new, full_cov=True, **options)
    return {
        "posterior_mean": found[:, 0] + mean + new @ beta,
        "covariance": covariance,
        "log_evidence": model.log_likelihood(),
        "by_alpha": -whole.lengthscale.gradient * lengths / 2,
        "by_alpha0": whole.variance.gradient[0] * alpha0,
        "by_noise": model.likelihood.variance.gradient[0] * noise,
    }


def posterior(**inputs):
    """Of the function."""
    return _posterior(**inputs, include_likelihood=False)


def by_default(**inputs):
    """Of an observation."""
    return _posterior(**inputs)
