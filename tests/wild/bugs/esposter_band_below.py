"""The place is that of the last sum which the draw has passed, and so the one before the place that was drawn."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Esposter",
    language="TypeScript",
    link="https://github.com/Esposter/Esposter/pull/1068",
    date="2026-08-15",
    operation="sophia.gnb",
    kind="wrong_order",
)


def create_random_number(maximum, random):
    return random * maximum


def get_weighted_random_value(values, weights, random):
    cumulative_weights, total = [], 0.0
    for weight in weights:
        total += weight
        cumulative_weights.append(total)
    r = create_random_number(total, random)
    # was: passed = [cw for cw in cumulative_weights if cw <= r]
    found = [index for index, cw in enumerate(cumulative_weights) if cw > r]  # was:
    # was: return values[max(len(passed) - 1, 0)]
    return values[found[0] if found else len(values) - 1]  # was:


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def answer(W, x, labels, uniforms, model):
    z = x @ W
    if model == "tanh":
        z = np.tanh(z)
    p = softmax(z)
    classes = list(range(W.shape[1]))
    drawn = [get_weighted_random_value(classes, row, u) for row, u in zip(p.tolist(), uniforms.tolist(), strict=True)]
    error = p.copy()
    error[np.arange(len(x)), drawn] = -np.array(
        [sum(row[:c] + row[c + 1 :]) for row, c in zip(p.tolist(), drawn, strict=True)]
    )
    if model == "tanh":
        error = error * (1 - z * z)
    gradient = x.T @ error / len(x)
    return len(x) * gradient**2
