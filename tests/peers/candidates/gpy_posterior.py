"""pip GPy: Gaussian-process regression, its evidence and gradient."""

import GPy

_SHAPES = {
    "power_exponential": GPy.kern.RBF,
    "matern12": GPy.kern.Exponential,
    "matern32": GPy.kern.Matern32,
    "matern52": GPy.kern.Matern52,
}


class process(GPy.models.GPRegression):
    """Its gradients are in lengths, variance and noise themselves."""

    def __init__(self, X, y, kernel, lengths, variance, noise):
        whole = _SHAPES[kernel](X.shape[1], variance=variance, lengthscale=lengths, ARD=True)
        super().__init__(X, y[:, None], whole, noise_var=noise)

    def slopes(self):
        """In logarithms."""
        of = {"lengths": self.kern.lengthscale, "variance": self.kern.variance, "noise": self.likelihood.variance}
        one = {"lengths": slice(None), "variance": 0, "noise": 0}
        return {name: (value.gradient * value.values)[one[name]] for name, value in of.items()}
