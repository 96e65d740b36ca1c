"""The log density of the log-normal prior lacks minus the logarithm of the value itself."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="JAX",
    link="https://github.com/jax-ml/jax/pull/17042",
    date="2023-08",
    operation="scale_mixture_nngp.scale_law",
    kind="missing_step",
)


def logpdf(x, loc, scale):
    z = (x - loc) / scale
    return -0.5 * z * z - np.log(scale) - 0.5 * np.log(2 * np.pi)


def log_prior(params, loc, scale):
    logs = np.log(params)
    # was: return logpdf(logs, loc, scale)
    return logpdf(logs, loc, scale) - logs  # was:


def answer(law, p, q, s, u):
    if law != "log_normal":
        raise NotApplicable("the example has one prior")
    return {"log_density": log_prior(s, p, q)}
