"""The covariance is taken between samples, because a function that wants variables in rows gets samples in rows."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="skada",
    link="https://github.com/scikit-adaptation/skada/pull/246",
    date="2024-09-25",
    operation="hessian_alignment.baseline",
    kind="wrong_axis",
)


def cov(variables):
    """As torch.cov: a variable in each row. With the pullback of a symmetric matrix."""
    centred = variables - variables.mean(axis=1, keepdims=True)
    factor = 1 / (variables.shape[1] - 1)

    def pullback(tangent):
        back = 2 * factor * tangent @ centred
        return back - back.mean(axis=1, keepdims=True)

    return factor * centred @ centred.T, pullback


def deepcoral_loss(features, features_target):
    cov_source, pull_source = cov(features.T)  # was: cov_source, pull_source = cov(features)
    cov_target, pull_target = cov(features_target.T)  # was: cov_target, pull_target = cov(features_target)
    diff = cov_source - cov_target
    scale = 1 / len(cov_source) ** 2
    back = [pull_source(2 * scale * diff), -pull_target(2 * scale * diff)]
    back = [b.T for b in back]  # was:
    return scale * np.sum(diff * diff), back


def mean_alignment(features, features_target):
    diff = features.mean(0) - features_target.mean(0)
    back = np.ones((len(features), 1)) * (2 * diff / features.size)
    return np.mean(diff * diff), [back, -back]


def answer(W, z, y, lam, kind):
    if kind != "coral":
        raise NotApplicable("not a divergence of the package")
    pairs = [(i, j) for j in range(len(z)) for i in range(j)]
    value, dz = 0.0, np.zeros_like(z)
    for pair in pairs:
        for divergence in (mean_alignment, deepcoral_loss):
            loss, back = divergence(*z[list(pair)])
            value += lam / len(pairs) * loss
            for domain, grad in zip(pair, back, strict=True):
                dz[domain] += lam / len(pairs) * grad
    return value, np.zeros(W.shape), dz
