"""pip scikit-learn: `GaussianProcessRegressor`, with its gradient of the log marginal likelihood."""

import numpy as np
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

_NU = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}


class _Process(GaussianProcessRegressor):
    def slopes(self):
        """That in the noise is none in its `alpha`: a process with a kernel of white noise has it."""
        noisy = GaussianProcessRegressor(self.kernel + kernels.WhiteKernel(max(self.alpha, 1e-300)), alpha=0.0)
        noisy = noisy.set_params(optimizer=None).fit(self.X_train_, self.y_train_)
        _, found = noisy.log_marginal_likelihood(noisy.kernel_.theta, eval_gradient=True)
        return {"variance": found[0], "lengths": found[1:-1], "noise": found[-1], "mean": np.sum(self.alpha_)}


def process(kernel, lengths, variance, noise):
    """Noise is its `alpha`."""
    shape = kernels.RBF(lengths) if kernel == "power_exponential" else kernels.Matern(lengths, nu=_NU[kernel])
    return _Process(kernels.ConstantKernel(variance) * shape, alpha=noise, optimizer=None)
