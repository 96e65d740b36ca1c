"""Half of the sum of squares is added to the scale of the gamma law and not to its rate."""

import numpy as np
from scipy.special import gammaincinv

from tests.wild import Bug

BUG = Bug(
    project="QUESO",
    language="C++",
    link="https://github.com/libqueso/queso/commit/71b229b217b0e337c161ff66d19564b20e3a8c74",
    date="2017-10-11",
    operation="functional_prior.gibbs_scale",
    kind="wrong_scale",
)


def scalar_product(a, b):
    return float(np.dot(a, b))


class PrecisionPrior:
    def __init__(self, shape, scale):
        self.precision_shape, self.precision_scale = shape, scale

    def account_for(self, residual):
        self.precision_shape += len(residual) / 2.0
        # was: self.precision_scale += scalar_product(residual, residual) / 2.0
        precision_rate = 1.0 / self.precision_scale  # was:
        precision_rate += scalar_product(residual, residual) / 2.0  # was:
        self.precision_scale = 1.0 / precision_rate  # was:

    def realize(self, quantile):
        return gammaincinv(self.precision_shape, quantile) * self.precision_scale


def answer(w, raw_alpha, raw_beta, uniform):
    drawn = []
    for residual, shape, rate, quantile in zip(
        w, np.logaddexp(0, raw_alpha), np.logaddexp(0, raw_beta), uniform, strict=True
    ):
        prior = PrecisionPrior(shape, 1.0 / rate)
        prior.account_for(residual)
        drawn.append((prior.precision_shape, 1.0 / prior.precision_scale, prior.realize(quantile) ** -0.5))
    shape, rate, sigma = np.array(drawn).T
    return shape, rate, sigma
