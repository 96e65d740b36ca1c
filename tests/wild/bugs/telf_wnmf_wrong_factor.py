"""After the update of H it is W, once more, that is made non-negative, as in the lines above."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="T-ELF",
    link="https://github.com/lanl/T-ELF/pull/83",
    date="2024-02-07",
    operation="sdl.bcd",
    kind="missing_step",
)


def spectral(M):
    return np.linalg.norm(M, 2) ** 2 if M.size else 0.0


class Problem:
    def __init__(self, X, covariates, labels, k, xi, nu, supervised_by_filter):
        self.X, self.C, self.xi, self.nu, self.filter = X, covariates, xi, nu, supervised_by_filter
        self.Y = (labels == np.arange(1, k + 1)[:, None]).astype(float)
        self.bend = 0.25 if k == 1 else 0.5

    def slopes(self, W, H, beta, gamma):
        a = beta.T @ (W.T @ self.X if self.filter else H) + gamma.T @ self.C
        top = np.maximum(a.max(axis=0), 0)
        e = np.exp(a - top)
        return e / (np.exp(-top) + e.sum(axis=0)) - self.Y

    def gradient(self, name, W, H, beta, gamma):
        P, R = self.slopes(W, H, beta, gamma), W @ H - self.X
        if name == "W":
            return 2 * self.xi * R @ H.T + 2 * self.nu * W + (self.X @ P.T @ beta.T if self.filter else 0)
        if name == "H":
            return 2 * self.xi * W.T @ R + 2 * self.nu * H + (0 if self.filter else beta @ P)
        if name == "beta":
            return (W.T @ self.X if self.filter else H) @ P.T + 2 * self.nu * beta
        return self.C @ P.T + 2 * self.nu * gamma

    def constant(self, name, W, H, beta, gamma):
        if name == "W":
            seen = self.bend * spectral(self.X) * spectral(beta) if self.filter else 0
            return 2 * self.xi * spectral(H) + seen + 2 * self.nu
        if name == "H":
            seen = 0 if self.filter else self.bend * spectral(beta)
            return 2 * self.xi * spectral(W) + seen + 2 * self.nu
        if name == "beta":
            return self.bend * spectral(W.T @ self.X if self.filter else H) + 2 * self.nu
        return self.bend * spectral(self.C) + 2 * self.nu


def update(problem, name, state, inner, reach, nonnegative):
    start = state[name].copy()
    size = problem.constant(name, **state) or 1.0
    for _ in range(inner):
        state[name] = state[name] - problem.gradient(name, **state) / size
        if nonnegative and name == "W":
            state["W"] = np.maximum(state["W"], 0)
        if nonnegative and name == "H":
            state["H"] = np.maximum(state["H"], 0)  # was: state["W"] = np.maximum(state["W"], 0)
        moved = state[name] - start
        length = np.linalg.norm(moved)
        if length > reach:
            state[name] = start + moved * (reach / length)


def answer(x, covariates, labels, W0, H0, beta0, gamma0, xi, nu, radius, inner, steps, kind, constraint):
    problem = Problem(x, covariates, labels, beta0.shape[1], xi, nu, kind == "filter")
    state = {"W": W0, "H": H0, "beta": beta0, "gamma": gamma0}
    trace = {name: [] for name in state}
    for t in range(1, steps + 1):
        reach = radius / (math.sqrt(t) * math.log(t + 1))
        for name in state:
            update(problem, name, state, inner, reach, constraint == "nonnegative")
        for name, value in state.items():
            trace[name].append(value)
    return tuple(np.stack(values) for values in trace.values())
