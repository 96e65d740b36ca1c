"""The first share of a spherical interpolation is the sine of 1 - t times the angle, in place of (1 - t) times it."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="gb",
    link="https://github.com/gingerBill/gb/issues/38",
    date="2018-07",
    operation="self_positioning.slerp",
    kind="wrong_order",
    language="C",
)


def angle_of(a, b):
    u, v = a / np.abs(a).max(), b / np.abs(b).max()
    u, v = u / math.sqrt(u @ u), v / math.sqrt(v @ v)
    return 2 * math.atan2(math.sqrt((u - v) @ (u - v)), math.sqrt((u + v) @ (u + v)))


def slerp(a, b, t):
    if not a.any() or not b.any():
        return (1 - t) * a + t * b
    angle = angle_of(a, b)
    if math.sin(angle) < 1e-9:
        return (1 - t) * a + t * b
    s1 = math.sin(angle - t * angle)  # was: s1 = math.sin(1 - t * angle)
    s2 = math.sin(t * angle)
    return (s1 * a + s2 * b) / math.sin(angle)


def answer(U, W, a_i, a_j):
    return slerp(U, W, a_j / (a_i + a_j))
