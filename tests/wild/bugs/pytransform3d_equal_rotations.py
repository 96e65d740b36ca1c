"""Shares of a spherical interpolation are divided by the sine of the angle, which is 0 between equal ends: NaN."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pytransform3d",
    link="https://github.com/dfki-ric/pytransform3d/issues/45",
    date="2020-05-06",
    operation="self_positioning.slerp",
    kind="numerics",
)


def norm_vector(v):
    norm = np.linalg.norm(v)
    return v if norm == 0.0 else v / norm


def angle_between_vectors(a, b):
    u, v = (norm_vector(x / (np.abs(x).max() or 1.0)) for x in (a, b))
    return 2.0 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))


def slerp_weights(angle, t):
    return np.sin((1.0 - t) * angle) / np.sin(angle), np.sin(t * angle) / np.sin(angle)


def vectors_slerp(start, end, t):
    angle = angle_between_vectors(start, end)
    if np.sin(angle) < 1e-9 or not start.any() or not end.any():  # was:
        return (1.0 - t) * start + t * end  # was:
    w1, w2 = slerp_weights(angle, t)
    return w1 * start + w2 * end


def answer(U, W, a_i, a_j):
    with np.errstate(all="ignore"):
        return vectors_slerp(U, W, np.float64(a_j / (a_i + a_j)))
