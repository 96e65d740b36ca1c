"""A vector whose sum is small enough is projected all the same, which makes its entries larger."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="scikit-learn-contrib/lightning",
    link="https://github.com/scikit-learn-contrib/lightning/commit/dfb8586d3069beaaef0bcc3d1769fa8316d675f2",
    date="2017-01-18",
    operation="attention_svm.project_nuclear",
    kind="missing_step",
)


def project_simplex(v, z=1):
    if np.sum(v) <= z:  # was:
        return v  # was:

    n_features = v.shape[0]
    u = np.sort(v)[::-1]
    cssv = np.cumsum(u) - z
    ind = np.arange(n_features) + 1
    cond = u - cssv / ind > 0
    rho = ind[cond][-1]
    theta = cssv[cond][-1] / float(rho)
    return np.maximum(v - theta, 0)


def project_l1_ball(v, z=1):
    return np.sign(v) * project_simplex(np.abs(v), z)


class TraceBallConstraint:
    def projection(self, coef, z):
        U, s, V = np.linalg.svd(coef, full_matrices=False)
        return np.dot(U, project_l1_ball(s, z)[:, np.newaxis] * V)


def answer(W, R):
    return TraceBallConstraint().projection(W, R)
