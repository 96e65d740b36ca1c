"""New vectors are made orthogonal to the last two alone, and the space loses what it had found before."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="IterativeSolvers.jl",
    language="Julia",
    link="https://github.com/JuliaLinearAlgebra/IterativeSolvers.jl/issues/144",
    date="2017-07-25",
    operation="rmt_learning_rates.ritz",
    kind="missing_step",
)


def lanczos(K, v1, maxiter, tol):
    """Diagonal and side diagonal of T."""
    alphas, betas, V = [], [], [v1 / np.linalg.norm(v1)]
    longest = 0.0
    w_old, beta = np.zeros_like(v1), 0.0
    for k in range(1, maxiter + 1):
        v = V[-1]
        w = K @ v
        longest = max(longest, np.linalg.norm(w))
        if k > 1:
            w = w - beta * w_old
        alpha = w @ v
        alphas.append(alpha)
        w = w - alpha * v
        for _ in range(2):  # was:
            w = w - sum((q @ w) * q for q in V)  # was:
        beta = np.linalg.norm(w)
        if beta <= tol * longest or k == maxiter:
            break
        betas.append(beta)
        w_old = v
        V.append(w / beta)
    return np.array(alphas), np.array(betas)


def answer(matrix, start, steps, tolerance):
    scaled = start / np.abs(start).max()
    d, e = lanczos(matrix, scaled, min(int(steps), len(start)), tolerance)
    T = np.diag(d) + np.diag(e, 1) + np.diag(e, -1)
    values, vectors = np.linalg.eigh(T)
    return values, vectors[0] ** 2
