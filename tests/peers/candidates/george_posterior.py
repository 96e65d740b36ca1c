"""pip george: the posterior of a Gaussian process, its evidence and gradient."""

import george
import numpy as np
from george import kernels

_SHAPES = {
    "power_exponential": kernels.ExpSquaredKernel,
    "matern12": kernels.ExpKernel,
    "matern32": kernels.Matern32Kernel,
    "matern52": kernels.Matern52Kernel,
}


class by_default:
    """With the white noise that it adds; its metric is of squared lengths, its slopes in the logarithms of these."""

    options: dict = {}

    def __init__(self, kernel, lengths, variance, noise):
        shape = _SHAPES[kernel](lengths**2, ndim=len(lengths))
        self.process, self.noise = george.GP(variance * shape, **self.options), noise

    def fit(self, X, y):
        """The noise is its errors."""
        self.y = y
        self.process.compute(X, yerr=np.full(len(X), np.sqrt(self.noise)))

    def predict(self, new, return_cov):
        """It is told the values anew."""
        return self.process.predict(self.y, new, return_cov=return_cov)

    def log_likelihood(self):
        """As above."""
        return self.process.log_likelihood(self.y)

    def slopes(self):
        """As above."""
        found = self.process.grad_log_likelihood(self.y)
        return {"variance": found[0], "lengths": 2 * found[1:]}


class posterior(by_default):
    """With a white noise whose exponential is 0."""

    options = {"white_noise": -1000.0}
