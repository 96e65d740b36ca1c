"""A point inside the ball is pushed out to its boundary."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ODL",
    link="https://github.com/odlgroup/odl/pull/1614",
    date="2021-10-27",
    operation="attention_svm.project_nuclear",
    kind="missing_step",
)


def proj_simplex(x, diameter=1, out=None):
    if out is None:
        out = np.empty_like(x)
    x_sorted = np.sort(x)[::-1]
    x_avrg = (1 / np.arange(1, x_sorted.size + 1)) * (np.cumsum(x_sorted) - diameter)
    crit = x_sorted - x_avrg
    i = np.argwhere(crit >= 0).flatten().max()
    out[:] = np.maximum(x - x_avrg[i], 0)
    return out


def proj_l1(x, radius=1, out=None):
    if out is None:
        out = np.empty_like(x)
    u = np.abs(x)
    if u.sum() <= radius:  # was:
        out[:] = x  # was:
        return out  # was:
    v = np.sign(x)
    proj_simplex(u, radius, out)
    out *= v
    return out


def answer(W, R):
    U, singular_values, Vh = np.linalg.svd(W, full_matrices=False)
    return (U * proj_l1(singular_values, R)[None, :]) @ Vh
