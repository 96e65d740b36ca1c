"""The quantile of the normal law, which has the deviation already, is multiplied with it once more."""

import numpy as np
from scipy.special import erfinv
from scipy.stats import invgamma

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="skpro",
    link="https://github.com/sktime/skpro/pull/261",
    date="2024-04-20",
    operation="scale_mixture_nngp.scale_law",
    kind="wrong_scale",
)


class LogNormal:
    """Log-normal distribution by the mean and the deviation of the logarithm."""

    def __init__(self, mu, sigma):
        self._mu, self._sigma = mu, sigma

    def _log_pdf(self, x):
        z = (np.log(x) - self._mu) / self._sigma
        return -0.5 * z**2 - np.log(x * self._sigma * np.sqrt(2 * np.pi))

    def _ppf(self, p):
        icdf_arr = self._mu + self._sigma * np.sqrt(2) * erfinv(2 * p - 1)
        return np.exp(icdf_arr)  # was: return np.exp(self._sigma * icdf_arr)


class InverseGamma:
    """By scipy, as skpro adapts its laws."""

    def __init__(self, alpha, beta):
        self._rv = invgamma(alpha, scale=beta)

    def _log_pdf(self, x):
        return self._rv.logpdf(x)

    def _ppf(self, p):
        return self._rv.ppf(p)


def answer(law, p, q, s, u):
    if law not in ("log_normal", "inverse_gamma"):
        raise NotApplicable("not among those that are asked here")
    distribution = {"log_normal": LogNormal, "inverse_gamma": InverseGamma}[law](p, q)
    return distribution._log_pdf(s), distribution._ppf(u if law == "log_normal" else 1 - u)
