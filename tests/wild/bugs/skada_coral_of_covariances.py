"""The loss is given covariances and takes the covariance of what it is given: both sides are used twice."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="skada",
    link="https://github.com/scikit-adaptation/skada/pull/182",
    date="2024-04-30",
    operation="hessian_alignment.baseline",
    kind="extra_step",
)


class Covariance:
    """Of samples in rows, remembered for the way back."""

    def __init__(self, samples):
        self.centred = samples - samples.mean(axis=0)
        self.value = self.centred.T @ self.centred / (len(samples) - 1)

    def back(self, grad):
        out = self.centred @ (grad + grad.T) / (len(self.centred) - 1)
        return out - out.mean(axis=0)


def deepcoral_loss(features, features_target):
    cov, cov_target = Covariance(features), Covariance(features_target)
    diff = cov.value - cov_target.value
    loss = (diff * diff).sum() / len(diff) ** 2
    return loss, cov.back(2 * diff / len(diff) ** 2), cov_target.back(-2 * diff / len(diff) ** 2)


class DeepCoralLoss:
    def forward(self, features_s, features_t):
        # was: cov_s, cov_t = Covariance(features_s), Covariance(features_t)
        # was: loss, grad_s, grad_t = deepcoral_loss(cov_s.value, cov_t.value)
        # was: return loss, cov_s.back(grad_s), cov_t.back(grad_t)
        return deepcoral_loss(features_s, features_t)  # was:


class MeanLoss:
    def forward(self, features_s, features_t):
        diff = features_s.mean(axis=0) - features_t.mean(axis=0)
        grad = np.broadcast_to(2 * diff / features_s.size, features_s.shape)
        return (diff**2).mean(), grad, -grad


def answer(W, z, y, lam, kind):
    if kind != "coral":
        raise NotApplicable("another method")
    n = len(z)
    value, dz = 0.0, np.zeros_like(z)
    for s, t in zip(*np.triu_indices(n, 1), strict=True):
        for criterion in (MeanLoss(), DeepCoralLoss()):
            loss, grad_s, grad_t = criterion.forward(z[s], z[t])
            value += loss
            dz[s] += grad_s
            dz[t] += grad_t
    weight = lam / (n * (n - 1) / 2)
    return weight * value, np.zeros_like(W), weight * dz
