"""The proximal map of the largest entry projects on a ball of radius one, whatever the step size."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ODL",
    link="https://github.com/odlgroup/odl/pull/1615",
    date="2021-10-27",
    operation="attention_svm.project_nuclear",
    kind="wrong_constant",
)


def proj_l1(x, radius):
    u = np.abs(x)
    if u.sum() <= radius:
        return x.copy()
    order = np.sort(u)[::-1]
    excess = (np.cumsum(order) - radius) / np.arange(1, len(u) + 1)
    last = np.flatnonzero(order >= excess)[-1]
    return np.sign(x) * np.maximum(u - excess[last], 0)


class ProximalLInfty:
    """Of sigma times the maximum norm."""

    def __init__(self, sigma):
        self.sigma = float(sigma)

    def __call__(self, x):
        radius = self.sigma  # was: radius = 1
        return x - proj_l1(x, radius)


def answer(W, R):
    # what a ball of the nuclear norm holds of a matrix and the map of the spectral norm add up to it
    U, s, Vt = np.linalg.svd(W, full_matrices=False)
    return W - U @ np.diag(ProximalLInfty(R)(s)) @ Vt
