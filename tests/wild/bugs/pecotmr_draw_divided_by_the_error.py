"""One over the gamma draw is divided by the error, which should multiply it."""

import numpy as np
from scipy.special import gammaincinv

from tests.wild import Bug

BUG = Bug(
    project="pecotmr",
    language="C++",
    link="https://github.com/StatFunGen/pecotmr/pull/459",
    date="2026-04-07",
    operation="functional_prior.gibbs_scale",
    kind="wrong_order",
)


class Mcmc:
    """One sweep over the layers: weights are given, their variance is drawn."""

    def __init__(self, quantiles):
        self.quantiles = iter(quantiles)

    def rgamma(self, shape, scale):
        return gammaincinv(shape, next(self.quantiles)) * scale

    def sample_sigma(self, beta, a, b):
        err = b
        for value in beta:
            err += 0.5 * value * value
        shape = a + 0.5 * len(beta)
        # was: sigma = 1.0 / self.rgamma(shape, 1.0) / err
        sigma = err / self.rgamma(shape, 1.0)  # was:
        return shape, err, sigma


def answer(w, raw_alpha, raw_beta, uniform):
    mcmc = Mcmc(uniform)
    softplus = lambda v: np.log1p(np.exp(v))
    layers = zip(w.tolist(), softplus(raw_alpha), softplus(raw_beta), strict=True)
    shape, rate, variance = np.array([mcmc.sample_sigma(*layer) for layer in layers]).T
    return {"shape": shape, "rate": rate, "sigma": np.sqrt(variance)}
