"""A residual of length 0 is divided by its length, where the space is closed and the method has to stop."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="CuPy",
    link="https://github.com/cupy/cupy/pull/10098",
    date="2026-07",
    operation="rmt_learning_rates.ritz",
    kind="numerics",
)


class Lanczos:
    def __init__(self, A, ncv, tolerance):
        self.A, self.ncv, self.tolerance = A, ncv, tolerance
        self.V = np.empty((ncv, A.shape[0]))
        self.alpha = np.zeros(ncv)
        self.beta = np.zeros(ncv)

    def run(self, v):
        """Number of vectors that were found."""
        self.V[0] = v / np.linalg.norm(v)
        anorm = 0.0
        for i in range(self.ncv):
            u = self.A @ self.V[i]
            anorm = max(anorm, np.linalg.norm(u))
            self.alpha[i] = self.V[i] @ u
            for _ in range(2):
                u = u - self.V[: i + 1].T @ (self.V[: i + 1] @ u)
            self.beta[i] = np.linalg.norm(u)
            if i + 1 == self.ncv:
                return i + 1
            # lucky breakdown
            if self.beta[i] <= self.tolerance * anorm:  # was:
                return i + 1  # was:
            self.V[i + 1] = u / self.beta[i]
        return self.ncv


def answer(matrix, start, steps, tolerance):
    solver = Lanczos(matrix, min(int(steps), len(start)), tolerance)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = solver.run(start / np.abs(start).max())
    off = solver.beta[: found - 1]
    t = np.diag(solver.alpha[:found]) + np.diag(off, 1) + np.diag(off, -1)
    if not np.isfinite(t).all():
        return np.full(found, np.nan), np.full(found, np.nan)
    w, s = np.linalg.eigh(t)
    return w, s[0] ** 2
