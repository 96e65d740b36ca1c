"""The soft threshold cuts at zero from below, so that no coefficient can be negative."""

import numpy as np
import numpy.linalg as la

from tests.wild import Bug

BUG = Bug(
    project="group-lasso",
    link="https://github.com/yngvem/group-lasso/commit/756f08ae43350e4f5997bb239fea45d324de71e6",
    date="2019-07-19",
    operation="convex_relu.scp",
    kind="missing_step",
)


def _l1_prox(w, reg):
    return np.sign(w) * np.maximum(0, np.abs(w) - reg)  # was: return np.maximum(0, w - np.sign(w) * reg)


def _l2_grad(A, b, x):
    return A.T @ (A @ x - b)


def _fista_momentum(momentum):
    return 0.5 + 0.5 * np.sqrt(1 + 4 * momentum**2)


def _fista_it(x, momentum_x, momentum, lipschitz, grad, prox):
    new_x = prox(momentum_x - grad(momentum_x) / lipschitz)
    if np.dot(momentum_x - new_x, new_x - x) > 0:
        momentum = 1
    new_momentum = _fista_momentum(momentum)
    dx = new_x - x
    return new_x, new_x + dx * (momentum - 1) / new_momentum, new_momentum


def answer(X, y, draws, beta, steps):
    A = np.maximum(0, X @ (draws.T / la.norm(draws, axis=1)))
    lipschitz = la.norm(A, 2) ** 2 or 1
    x = momentum_x = np.zeros(A.shape[1])
    momentum, xs = 1, []
    for _ in range(steps):
        x, momentum_x, momentum = _fista_it(
            x, momentum_x, momentum, lipschitz, lambda w: _l2_grad(A, y, w), lambda w: _l1_prox(w, beta / lipschitz)
        )
        xs.append(x)
    return np.stack(xs)
