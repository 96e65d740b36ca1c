"""The second derivative of the softmax loss is (1 - p) over the normaliser, without the exponential of the class."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="EvoTrees.jl",
    language="Julia",
    link="https://github.com/Evovest/EvoTrees.jl/pull/359",
    date="2026-08-20",
    operation="hessian_alignment.head_stats",
    kind="missing_step",
)


def mlogloss_grad_hess(p, y, k):
    """Of the score of class k: gradient, and diagonal of the Hessian."""
    p = p - p.max()
    isum = np.sum(np.exp(p))
    prob = np.exp(p[k]) / isum
    grad = prob - 1 if k == y else prob
    hess = prob * (1 - prob)  # was: hess = (1 - prob) / isum
    return grad, hess


def answer(W, z, y):
    N, C = len(z), len(W)
    inputs = np.append(z, np.ones((N, 1)), axis=1)
    scores = inputs @ W.T
    first = 0
    if C == 1:
        # two classes, of which the first has the score 0
        scores, first = np.append(np.zeros((N, 1)), scores, axis=1), 1
    g, D = np.zeros_like(W), np.zeros_like(W)
    for n in range(N):
        for c in range(C):
            grad, hess = mlogloss_grad_hess(scores[n], y[n], c + first)
            g[c] += grad * inputs[n] / N
            D[c] += hess * inputs[n] ** 2 / N
    return {"g": g, "D": D}
