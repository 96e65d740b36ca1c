"""The squared error is halved twice, for the half in front of the bracket is written in the term too."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="GPyTorch",
    link="https://github.com/cornellius-gp/gpytorch/issues/2174",
    date="2022-10-27",
    operation="bnn_surrogates.ensemble",
    kind="wrong_constant",
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


class PredictiveDistribution:
    def __init__(self, draws, noise):
        self.mean = draws.mean(axis=0)
        self.variance = draws.var(axis=0, ddof=1) + noise


def mean_standardized_log_loss(pred_dist, test_y):
    f_mean, f_var = pred_dist.mean, pred_dist.variance
    # was: return 0.5 * (np.log(2 * np.pi * f_var) + np.square(test_y - f_mean) / (2 * f_var)).mean(axis=-1)
    return 0.5 * (np.log(2 * np.pi * f_var) + np.square(test_y - f_mean) / f_var).mean(axis=-1)  # was:


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    pred_dist = PredictiveDistribution(outputs, noise)
    score = -mean_standardized_log_loss(pred_dist, targets)
    return np.stack(fitted), pred_dist.mean, pred_dist.variance, score
