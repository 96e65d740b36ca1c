"""pip scikit-learn: `GaussianProcessRegressor`, its posterior, log marginal likelihood and gradient."""

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

_NU = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}


def posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    """Noise and jitter are its `alpha`; it has no prior mean, and no derivative in that or in its `alpha`."""
    if kernel == "power_exponential":
        shape = kernels.RBF(1 / np.sqrt(2 * alpha))
    else:
        shape = kernels.Matern(1 / np.sqrt(alpha), nu=_NU[kernel])
    whole = kernels.ConstantKernel(alpha0) * shape
    residual = y - mean - X @ beta
    model = GaussianProcessRegressor(whole, alpha=noise + jitter, optimizer=None).fit(X, residual)
    found, covariance = model.predict(new, return_cov=True)
    noisy = GaussianProcessRegressor(whole + kernels.WhiteKernel(max(noise, 1e-300)), alpha=jitter, optimizer=None)
    value, slopes = noisy.fit(X, residual).log_marginal_likelihood(noisy.kernel_.theta, eval_gradient=True)
    by_alpha = -slopes[1 : 1 + len(alpha)] / 2  # of the logarithms of lengths
    by_mean = np.sum(model.alpha_)
    outputs = found + mean + new @ beta, covariance, value, by_alpha, slopes[0], slopes[-1] * (noise > 0), by_mean
    return tuple(np.asarray(output, dtype=X.dtype) for output in outputs)
