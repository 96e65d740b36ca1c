"""The density of the half t law lacks all its constants, so that it does not integrate to one."""

import numpy as np
from scipy.special import gammaln

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="LaplacesDemon",
    language="R",
    link="https://github.com/LaplacesDemonR/LaplacesDemon/pull/2",
    date="2017-04-01",
    operation="scale_mixture_nngp.scale_law",
    kind="missing_step",
    skip={"huge-cauchy-scale": "the square of the quotient overflows, in both versions"},
)


def dhalft(x, scale=25.0, nu=1.0, log=False):
    nu = np.broadcast_to(nu, x.shape)
    # was: dens = (-(nu + 1) / 2) * np.log(1 + (1 / nu) * (x / scale) * (x / scale))
    dens = np.log(2) - np.log(scale) + gammaln((nu + 1) / 2) - gammaln(nu / 2)  # was:
    dens = dens - 0.5 * np.log(np.pi * nu) - (nu + 1) / 2 * np.log1p((1 / nu) * (x / scale) * (x / scale))  # was:
    return dens if log else np.exp(dens)


def qhalfcauchy(p, scale=25.0):
    return scale * np.tan(np.pi * p / 2)


def answer(law, p, q, s, u):
    if law != "half_cauchy":
        raise NotApplicable("dhalft is the half t law, and the half Cauchy law is that with nu = 1")
    return dhalft(s, scale=p, nu=1.0, log=True), qhalfcauchy(u, scale=p)
