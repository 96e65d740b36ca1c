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
    """Lengths are shortened until the sum of what the ball will leave is small enough."""

    def __init__(self, radius, ball):
        self.radius, self.ball = radius, ball

    def left(self, lengths, tau):
        shorter = np.maximum(lengths - tau, 0)
        return shorter.sum() * min(1, self.ball / max(np.linalg.norm(shorter), self.ball))

    def project(self, x):
        lengths = np.linalg.norm(x, axis=1, keepdims=True)
        low, high = 0.0, lengths.max()
        if self.left(lengths, low) <= self.radius:
            return x
        for _ in range(200):
            tau = (low + high) / 2
            low, high = (tau, high) if self.left(lengths, tau) > self.radius else (low, tau)
        return x * np.maximum(lengths - high, 0) / np.where(lengths > 0, lengths, 1)


def answer(phi, y, K1, K2, lr, T):
    x, path = np.zeros(phi.shape[1:]), []
    ball = L2Constraint(np.sqrt(K2))
    constraint = L1OfLengths(np.sqrt(len(x)) * K1, ball.radius)
    for _ in range(int(T)):
        loss_gradient = 2 * np.tensordot(np.tensordot(phi, x, 2) - y, phi, 1) / len(y)
        x = ball.project(constraint.project(x - lr * loss_gradient))
        path.append(x)
    return np.stack(path)
