"""The estimates of all draws are added up and never divided by their number."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="BayesFlow",
    link="https://github.com/bayesflow-org/bayesflow/issues/772",
    date="2026-09-21",
    operation="hessian_alignment.hutchinson",
    kind="wrong_scale",
)


def vjp(probabilities, z1, tangent):
    """Product of the Hessian with a matrix of the shape of the weights."""
    logits = z1 @ tangent.T
    if probabilities.shape[1] == 1:
        u = probabilities * (1 - probabilities) * logits
    else:
        u = probabilities * (logits - np.sum(probabilities * logits, axis=1, keepdims=True))
    return u.T @ z1 / len(z1)


def hutchinson(f, projectors, steps):
    trace = 0.0
    for eps in projectors:
        trace = trace + eps * f(eps)
    return trace / steps  # was: return trace


def answer(W, z, y, signs):
    C, h = W.shape[0], W.shape[1] - 1
    z1 = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    logits = z1 @ W.T
    if C == 1:
        probabilities = 1 / (1 + np.exp(-logits))
    else:
        e = np.exp(logits - np.max(logits, axis=1, keepdims=True))
        probabilities = e / np.sum(e, axis=1, keepdims=True)
    out = []
    for draws in signs:
        weights, biases = draws[:, : C * h].reshape(-1, C, h), draws[:, C * h :].reshape(-1, C, 1)
        projectors = np.concatenate([weights, biases], axis=2)
        out.append(hutchinson(lambda eps: vjp(probabilities, z1, eps), projectors, len(projectors)))
    return np.stack(out)
