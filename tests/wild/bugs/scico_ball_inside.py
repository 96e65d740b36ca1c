"""The projection on the ball scales every point to its boundary, those inside too."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="SCICO",
    link="https://github.com/lanl/scico/issues/619",
    date="2025-12-16",
    operation="bo_rep.lower_update",
    kind="missing_step",
)


class L2BallIndicator:
    def __init__(self, radius=1.0):
        self.radius = radius

    def prox(self, v):
        norm_v = np.linalg.norm(v)
        # was: return self.radius * v / norm_v
        return v if norm_v <= self.radius else self.radius * v / norm_v  # was:


class QuadraticLoss:
    def __init__(self, A, y):
        self.A, self.y = A, y

    def grad(self, x):
        return self.A @ (x - self.y)


class PGM:
    """Proximal gradient method, in coordinates whose origin is the centre of the ball."""

    def __init__(self, f, g, step, x0):
        self.f, self.g, self.step, self.x0 = f, g, step, x0
        self.x = np.zeros_like(x0)

    def solve(self, perturbations):
        for perturbation in perturbations:
            direction = self.f.grad(self.x0 + self.x) + perturbation
            self.x = self.g.prox(self.x - self.step * direction)
        return self.x0 + self.x


def answer(y, A, target, noise, alpha, radius):
    return PGM(QuadraticLoss(A, target), L2BallIndicator(radius), alpha, y).solve(noise)
