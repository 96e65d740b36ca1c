"""The features are centred by the mean of each sample, not by the mean over the samples."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="transferlearning",
    link="https://github.com/jindongwang/transferlearning/issues/27",
    date="2019-04-16",
    operation="hessian_alignment.baseline",
    kind="wrong_axis",
)


def center(x):
    return np.mean(x, 0, keepdims=True) - x  # was: return np.mean(x, 1, keepdims=True) - x


def CORAL_loss(source, target):
    """Loss with its gradients in both."""
    n, d = source.shape

    # source covariance
    xm = center(source)
    xc = xm.T @ xm / (n - 1)

    # target covariance
    xmt = center(target)
    xct = xmt.T @ xmt / (n - 1)

    # frobenius norm between source and target
    loss = np.mean((xc - xct) * (xc - xct))

    dcov = 2 * (xc - xct) / (d * d)
    return loss, center(2 * xm @ dcov / (n - 1)), -center(2 * xmt @ dcov / (n - 1))


def mean_loss(source, target):
    n, d = source.shape
    delta = source.mean(0) - target.mean(0)
    grad = np.tile(2 * delta / (n * d), (n, 1))
    return np.mean(delta**2), grad, -grad


def answer(W, z, y, lam, kind):
    if kind != "coral":
        raise NotApplicable("the package has no such distance")
    n_domains, total, dz = len(z), 0.0, np.zeros_like(z)
    pairs = n_domains * (n_domains - 1) / 2
    for i in range(n_domains):
        for j in range(i + 1, n_domains):
            for distance in (mean_loss, CORAL_loss):
                loss, grad_i, grad_j = distance(z[i], z[j])
                total += lam * loss / pairs
                dz[i] += lam * grad_i / pairs
                dz[j] += lam * grad_j / pairs
    return total, np.zeros_like(W), dz
