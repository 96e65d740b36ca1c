"""A ball's projection compares lengths with 1, not with the radius, and multiplies what is shorter by it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="secml-torch",
    link="https://github.com/pralab/secml-torch/issues/50",
    date="2024-11-02",
    operation="random_feature_attention.constrained",
    kind="wrong_constant",
)


class L2Constraint:
    def __init__(self, radius):
        self.radius = radius

    def project(self, x):
        norm = np.maximum(np.linalg.norm(x), 1e-12)
        inside = norm <= self.radius  # was: inside = norm <= 1
        return np.where(inside, x, x / norm * self.radius)  # was: return np.where(inside, x, x / norm) * self.radius


class L1OfLengths:
    """Both constraints: lengths are shortened until the sum of what the ball leaves is small enough."""

    def __init__(self, radius, ball):
        self.radius, self.ball = radius, ball

    def project(self, x):
        lengths = np.linalg.norm(x, axis=1, keepdims=True)
        directions = x / np.where(lengths > 0, lengths, 1)
        low, high = 0.0, lengths.max()
        shorten = lambda tau: self.ball.project(directions * np.maximum(lengths - tau, 0))
        if np.linalg.norm(shorten(low), axis=1).sum() <= self.radius:
            return shorten(low)
        for _ in range(200):
            tau = (low + high) / 2
            too_long = np.linalg.norm(shorten(tau), axis=1).sum() > self.radius
            low, high = (tau, high) if too_long else (low, tau)
        return shorten(high)


def answer(phi, y, K1, K2, lr, T):
    x, path = np.zeros(phi.shape[1:]), []
    constraint = L1OfLengths(np.sqrt(len(x)) * K1, L2Constraint(np.sqrt(K2)))
    for _ in range(int(T)):
        loss_gradient = 2 * np.tensordot(np.tensordot(phi, x, 2) - y, phi, 1) / len(y)
        x = constraint.project(x - lr * loss_gradient)
        path.append(x)
    return np.stack(path)
