"""A step of Newton's method leads out of the support, where the density is 0, and on to what is not a number."""

import numpy as np
from scipy.special import gammainc, gammaln

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="statrs",
    link="https://github.com/statrs-dev/statrs/commit/12eee33659085250ef033e46054093cd8bbfec32",
    date="2026-07-16",
    operation="functional_prior.gibbs_scale",
    kind="numerics",
    language="Rust",
)


class Gamma:
    def __init__(self, shape):
        self.shape = shape

    def cdf(self, x):
        return gammainc(self.shape, max(x, 0.0))

    def pdf(self, x):
        return np.exp((self.shape - 1) * np.log(x) - x - gammaln(self.shape)) if x > 0 else 0.0

    def inverse_cdf(self, p):
        low, high = 1.0, 2.0
        while self.cdf(low) > p:
            low /= 2.0
        while self.cdf(high) < p:
            high *= 2.0
        x = (low + high) / 2.0
        for _ in range(100):
            value = self.cdf(x)
            if value >= p:
                high = x
            else:
                low = x
            step = x - np.float64(value - p) / self.pdf(x)
            if not np.isfinite(step) or step <= low or step >= high:  # was:
                step = (low + high) / 2.0  # was:
            if abs(step - x) <= 1e-16 * abs(step):
                break
            x = step
        return x


def softplus(x):
    return np.logaddexp(0.0, x)


def answer(w, raw_alpha, raw_beta, uniform):
    if len(w) > 1000:
        raise NotApplicable("one quantile after another")
    shape = softplus(raw_alpha) + w.shape[1] / 2
    rate = softplus(raw_beta) + (w**2).sum(axis=1) / 2
    with np.errstate(all="ignore"):
        draws = np.array([Gamma(a).inverse_cdf(p) for a, p in zip(shape, uniform, strict=True)])
        return shape, rate, np.sqrt(rate / draws)
