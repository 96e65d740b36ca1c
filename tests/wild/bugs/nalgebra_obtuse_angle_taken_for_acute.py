"""Where the product of the directions is negative its size is taken and the second one turned round, as is right for
quaternions, which mean the same with either sign, and not for vectors.
"""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="nalgebra",
    link="https://github.com/dimforge/nalgebra/issues/685",
    date="2020-01-05",
    operation="self_positioning.slerp",
    kind="wrong_sign",
    language="Rust",
)


class Unit:
    """A vector with its length apart."""

    def __init__(self, value):
        largest = np.abs(value).max() or 1.0
        self.norm = np.linalg.norm(value / largest)
        self.value = value / largest / (self.norm or 1.0)

    def hang(self, rhs):
        c_hang, c_hang_sign = self.value @ rhs.value, 1.0
        # was: c_hang, c_hang_sign = abs(c_hang), np.sign(c_hang)
        apart = self.value - c_hang_sign * c_hang * rhs.value
        return np.arctan2(np.linalg.norm(apart), c_hang), c_hang_sign


def try_slerp(lhs, rhs, t, epsilon=1e-9):
    """Shares of both, or None."""
    hang, c_hang_sign = lhs.hang(rhs)
    s_hang = np.sin(hang)
    if s_hang < epsilon:
        return None
    ta = np.sin((1.0 - t) * hang) / s_hang
    tb = np.sin(t * hang) / s_hang
    return ta, c_hang_sign * tb


def answer(U, W, a_i, a_j):
    t = a_j / (a_i + a_j)
    lhs, rhs = Unit(U), Unit(W)
    shares = try_slerp(lhs, rhs, t) if lhs.norm and rhs.norm else None
    ta, tb = (1.0 - t, t) if shares is None else shares
    return ta * U + tb * W
