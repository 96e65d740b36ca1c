"""The mean of the squares is taken over the models and all test points at once, for the axis is missing."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="RoBO",
    link="https://github.com/automl/RoBO/commit/1f218d5d4ddcb3b3d3851ba01b1f9d6836fd09b0",
    date="2017-06-28",
    operation="bnn_surrogates.ensemble",
    kind="wrong_axis",
)


def forward(w, sizes, x):
    layers, hidden, at = [], [x], 0
    for n_in, n_out in pairwise(sizes):
        end = at + n_in * n_out
        layers.append((w[at:end].reshape(n_in, n_out), w[end : end + n_out]))
        at = end + n_out
    for W, b in layers:
        hidden.append(np.tanh(hidden[-1] @ W + b))
    hidden[-1] = hidden[-2] @ W + b
    return layers, hidden


def adam(w, sizes, x, y, noise, prior, lr, steps):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, int(steps) + 1):
        layers, hidden = forward(w, sizes, x)
        delta, grads = (hidden[-1] - y[:, None]) / noise, []
        for (W, _), h in zip(layers[::-1], hidden[-2::-1], strict=True):
            grads[:0] = [(h.T @ delta).ravel(), delta.sum(axis=0)]
            delta = (delta @ W.T) * (1 - h * h)
        grad = np.concatenate(grads) + w / prior
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        w = w - lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def total_variance(mu, var):
    """Moments of a mixture of the models, of equal weights."""
    m = mu.mean(axis=0)
    # was: v = np.mean(mu**2 + var) - m**2
    v = np.var(mu, axis=0) + np.mean(var, axis=0)  # was:
    return m, np.clip(v, np.finfo(v.dtype).eps, np.inf)


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    unbiased = len(outputs) / (len(outputs) - 1)
    m, v = total_variance(outputs, np.full_like(outputs, noise / unbiased))
    return {"members": np.array(fitted), "mean": m, "variance": v * unbiased}
