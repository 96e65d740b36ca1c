"""pip pyGPGO: expected improvement, of normal laws that are handed over."""

import numpy as np
from pyGPGO.acquisition import Acquisition


def ei(mu, sigma, best):
    """Without its eps, all points at once."""
    return {"value": Acquisition("ExpectedImprovement", eps=0.0).ExpectedImprovement(best, mu, sigma)}


def by_point(mu, sigma, best):
    """With its eps, a point at a time."""
    rule = Acquisition("ExpectedImprovement")
    points = zip(mu, sigma, strict=True)
    return {"value": np.array([rule.ExpectedImprovement(best, np.array([m]), np.array([s]))[0] for m, s in points])}
