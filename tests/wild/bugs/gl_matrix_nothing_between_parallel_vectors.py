"""Between vectors that point the same way the arc is divided by its sine, which is 0."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="glMatrix",
    link="https://github.com/toji/gl-matrix/pull/500",
    date="2026-07",
    operation="self_positioning.slerp",
    kind="missing_step",
    language="JavaScript",
)

EPSILON = 1e-9


def angle(a, b):
    mag = math.sqrt(a @ a) * math.sqrt(b @ b)
    cosine = mag and a @ b / mag
    apart = a / (math.sqrt(a @ a) or 1) - cosine * b / (math.sqrt(b @ b) or 1)
    return math.atan2(math.sqrt(apart @ apart), cosine)


def slerp(out, a, b, t):
    theta = angle(a / (np.abs(a).max() or 1.0), b / (np.abs(b).max() or 1.0))
    sine = math.sin(theta)
    if sine < EPSILON or not a.any() or not b.any():  # was:
        for i in range(len(out)):  # was:
            out[i] = a[i] + t * (b[i] - a[i])  # was:
        return out  # was:
    with np.errstate(all="ignore"):
        ratio_a = np.float64(math.sin((1 - t) * theta)) / sine
        ratio_b = np.float64(math.sin(t * theta)) / sine
    for i in range(len(out)):
        out[i] = ratio_a * a[i] + ratio_b * b[i]
    return out


def answer(U, W, a_i, a_j):
    return slerp(np.zeros_like(U), U, W, a_j / (a_i + a_j))
