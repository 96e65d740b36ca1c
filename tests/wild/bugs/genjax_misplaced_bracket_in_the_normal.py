"""A bracket too late divides the square and the constant by two minus the log deviation."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="GenJAX",
    link="https://github.com/genjax-community/genjax/issues/430",
    date="2023-10-03",
    operation="scale_mixture_nngp.posterior_gp",
    kind="wrong_order",
)


class _Normal:
    def logpdf(self, v, mu, std):
        z = (v - mu) / std
        # was: return np.sum(-1.0 * (np.square(z) + np.log(2.0 * np.pi)) / (2.0 - np.log(std)))
        return np.sum(-1.0 * (np.square(z) + np.log(2.0 * np.pi)) / 2.0 - np.log(std))  # was:


normal = _Normal()


class Regression:
    """Targets one after another, each given those before it."""

    def __init__(self, covariance, scale):
        self.covariance, self.scale = covariance, scale

    def conditional(self, k, kk, seen):
        gain = np.linalg.solve(self.covariance[: len(k), : len(k)], k) if len(k) else k
        return gain @ seen, np.sqrt(self.scale * (kk - gain @ k))

    def assess(self, y):
        total = 0.0
        for i in range(len(y)):
            mu, std = self.conditional(self.covariance[i, :i], self.covariance[i, i], y[:i])
            total += normal.logpdf(y[i], mu, std)
        return total


def answer(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    covariance = K_tt + eps * np.eye(len(y))
    if chosen == "evidence":
        s = y @ np.linalg.solve(covariance, y) / len(y)
    model = Regression(covariance, s)
    predicted = [model.conditional(k, kk + eps, y) for k, kk in zip(K_st, k_ss, strict=True)]
    each = [normal.logpdf(v, *moments) for v, moments in zip(points, predicted, strict=True)]
    return s, np.array(each), model.assess(y)
