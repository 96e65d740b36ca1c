"""pip george: the posterior of a Gaussian process, its evidence and gradient."""

import george
import numpy as np
from george import kernels


def posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    """Its metric is of squared lengths; noise and jitter are its errors; a prior mean is subtracted first."""
    d = len(alpha)
    known = {
        "power_exponential": (kernels.ExpSquaredKernel, 1 / (2 * alpha)),
        "matern12": (kernels.ExpKernel, 1 / alpha),
        "matern32": (kernels.Matern32Kernel, 1 / alpha),
        "matern52": (kernels.Matern52Kernel, 1 / alpha),
    }
    shape, metric = known[kernel]
    process = george.GP(alpha0 * shape(np.asarray(metric, dtype=float), ndim=d))
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
