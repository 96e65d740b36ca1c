"""The scale is handed over by its position, where the location is meant."""

import numpy as np
from scipy.stats import halfcauchy, lognorm

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="skpro",
    link="https://github.com/sktime/skpro/pull/940",
    date="2026-07-01",
    operation="scale_mixture_nngp.scale_law",
    kind="wrong_constant",
    skip={"huge-cauchy-scale": "scipy squares the quotient, which overflows, in both versions"},
)


class _ScipyAdapter:
    def __init__(self, **params):
        self._bc_params = params

    def _call(self, method, *args):
        positional, keywords = self._get_scipy_param()
        return getattr(self._get_scipy_object(), method)(*args, *positional, **keywords)

    def log_pdf(self, x):
        return self._call("logpdf", x)

    def ppf(self, p):
        return self._call("ppf", p)


class HalfCauchy(_ScipyAdapter):
    def _get_scipy_object(self):
        return halfcauchy

    def _get_scipy_param(self):
        beta = self._bc_params["beta"]
        return [], {"scale": beta}  # was: return [beta], {}


class LogNormal(_ScipyAdapter):
    def _get_scipy_object(self):
        return lognorm

    def _get_scipy_param(self):
        return [self._bc_params["sigma"]], {"scale": np.exp(self._bc_params["mu"])}


def answer(law, p, q, s, u):
    if law == "half_cauchy":
        distribution = HalfCauchy(beta=p)
    elif law == "log_normal":
        distribution = LogNormal(mu=p, sigma=q)
    else:
        raise NotApplicable("not among those that are asked here")
    return {"log_density": distribution.log_pdf(s), "draws": distribution.ppf(u)}
