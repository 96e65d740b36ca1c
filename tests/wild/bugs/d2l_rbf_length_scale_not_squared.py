"""The squared exponential covariance divides by the length scale, not by its square."""

import numpy as np
from scipy.spatial import distance_matrix

from tests.wild import Bug

BUG = Bug(
    project="d2l-en",
    link="https://github.com/d2l-ai/d2l-en/pull/2665",
    date="2025-09-26",
    operation="functional_prior.target_functions",
    kind="wrong_scale",
)


def rbfkernel(x1, x2, ls=4.0):
    dist = distance_matrix(x1[:, None], x2[:, None])
    # was: return np.exp(-(1.0 / ls / 2) * (dist**2))
    return np.exp(-(1.0 / (2 * ls**2)) * (dist**2))  # was:


def sample_prior(x, ls, amplitude, jitter, draw):
    cov = amplitude * np.ones((len(x), len(x)))
    for column, length in zip(x.T, ls, strict=True):
        cov *= rbfkernel(column, column, ls=length)
    return np.linalg.cholesky(cov + jitter * np.eye(len(x))) @ draw


def answer(kind, x, normals, scale_normals, length_mean, length_variance, log_mean, log_variance, jitter):
    draws = scale_normals if kind == "hierarchical" else np.zeros_like(scale_normals)
    ls = np.exp(length_mean + np.sqrt(length_variance) * draws[:, :-1])
    amplitude = np.exp(log_mean + np.sqrt(log_variance) * draws[:, -1])
    return np.stack([sample_prior(x, *each, jitter, z) for *each, z in zip(ls, amplitude, normals, strict=True)])
