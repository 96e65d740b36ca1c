"""pip hyperopt: expected improvement of normal laws, and its logarithm."""

import numpy as np
from hyperopt.criteria import EI_gaussian, logEI_gaussian


def ei(mu, sigma, best):
    """It takes the variance."""
    return {"value": EI_gaussian(mu, sigma**2, best)}


def by_logarithm(mu, sigma, best):
    """The exponential of its logarithm."""
    return {"value": np.exp(logEI_gaussian(mu, sigma**2, best))}
