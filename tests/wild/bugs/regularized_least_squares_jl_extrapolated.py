"""The momentum step takes the difference to the extrapolated point, not that to the iterate before."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="RegularizedLeastSquares.jl",
    language="Julia",
    link="https://github.com/JuliaImageRecon/RegularizedLeastSquares.jl/pull/41",
    date="2022-07-28",
    operation="convex_relu.scp",
    kind="wrong_order",
)


class FISTA:
    def __init__(self, A, reg, rho):
        self.AHA, self.A, self.reg, self.rho = A.T @ A, A, reg, rho
        n = A.shape[1]
        self.x, self.xold, self.point = np.zeros(n), np.zeros(n), np.zeros(n)
        self.theta = 1.0

    def iterate(self, x0):
        self.xold[:] = self.x
        res = self.AHA @ self.point - x0
        self.x[:] = self.point - self.rho * res
        # proximal map
        self.x[:] = np.sign(self.x) * np.maximum(np.abs(self.x) - self.rho * self.reg, 0)
        # gradient restart
        if np.dot(self.point - self.x, self.x - self.xold) > 0:
            self.theta = 1.0
        # predictor-corrector update
        thetaold = self.theta
        self.theta = (1 + np.sqrt(1 + 4 * thetaold**2)) / 2
        # was: self.point = self.x + ((thetaold - 1) / self.theta) * (self.x - self.point)
        self.point = self.x + ((thetaold - 1) / self.theta) * (self.x - self.xold)  # was:
        return self.x.copy()


def answer(X, y, draws, beta, steps):
    A = np.maximum(X @ (draws / np.linalg.norm(draws, axis=1, keepdims=True)).T, 0)
    largest = np.linalg.svd(A, compute_uv=False)[0] ** 2
    solver = FISTA(A, beta, 1 / largest if largest > 0 else 1.0)
    x0 = A.T @ y
    return np.stack([solver.iterate(x0) for _ in range(steps)])
