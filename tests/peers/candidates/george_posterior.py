"""pip george: the posterior of a Gaussian process, its evidence and gradient.

Its metric is of squared lengths; noise and jitter are its errors; a prior mean is subtracted first.
"""

import george
import numpy as np
from george import kernels


def _posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter, **options):
    d = len(alpha)
    known = {
        "power_exponential": (kernels.ExpSquaredKernel, 1 / (2 * alpha)),
        "matern12": (kernels.ExpKernel, 1 / alpha),
        "matern32": (kernels.Matern32Kernel, 1 / alpha),
        "matern52": (kernels.Matern52Kernel, 1 / alpha),
    }
    shape, metric = known[kernel]
    process = george.GP(alpha0 * shape(np.asarray(metric, dtype=float), ndim=d), **options)
    process.compute(X, yerr=np.full(len(X), np.sqrt(noise + jitter)))
    residual = y - mean - X @ beta
    found, covariance = process.predict(residual, new, return_cov=True)
    value, slopes = process.log_likelihood(residual), process.grad_log_likelihood(residual)
    return {
        "posterior_mean": found + mean + new @ beta,
        "covariance": covariance,
        "log_evidence": value,
        "by_alpha": -slopes[1:],
        "by_alpha0": slopes[0],
    }


def by_default(**inputs):
    """With the white noise that it adds."""
    return _posterior(**inputs)


def posterior(**inputs):
    """With a white noise whose exponential is 0."""
    return _posterior(**inputs, white_noise=-1000.0)
