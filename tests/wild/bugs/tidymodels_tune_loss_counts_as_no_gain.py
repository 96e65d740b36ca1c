"""A mean below the best is taken for one equal to it before the expected improvement is computed."""

import numpy as np
from scipy.special import ndtr

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="tune",
    link="https://github.com/tidymodels/tune/pull/261",
    date="2020-08-15",
    operation="bayesopt.ei",
    kind="extra_step",
    language="R",
)


def dnorm(z):
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def pnorm(z):
    return ndtr(z)


def predict_exp_improve(new_data, best, trade_off=0.0):
    """A column for the objective, which is maximized."""
    delta = new_data[".mean"] - best - trade_off
    # was: delta = np.where(delta < 0, 0, delta)
    sd_trunc = new_data[".sd"]
    z = delta / sd_trunc
    new_data["objective"] = delta * pnorm(z) + sd_trunc * dnorm(z)
    return new_data


def answer(mu, sigma, best):
    if not (sigma > 0).all() or ((mu - best) / sigma).min() < -4:
        raise NotApplicable("far below the best these two terms cancel, and without deviation it has its own rule")
    return {"value": predict_exp_improve({".mean": mu, ".sd": sigma}, best)["objective"]}
