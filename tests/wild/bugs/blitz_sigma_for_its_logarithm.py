"""The log likelihood of the normal law subtracts sigma in place of its logarithm."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="BLiTZ",
    link="https://github.com/piEsposito/blitz-bayesian-deep-learning/pull/15",
    date="2020-04-29",
    operation="bnn_surrogates.ensemble",
    kind="missing_step",
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


class GaussianVariational:
    def __init__(self, mu, sigma):
        self.mu, self.sigma = mu, sigma

    def log_posterior(self, w):
        log_sqrt2pi = np.log(np.sqrt(2 * np.pi))
        # was: log_posteriors = -log_sqrt2pi - self.sigma - (((w - self.mu) ** 2) / (2 * self.sigma**2))
        log_posteriors = -log_sqrt2pi - np.log(self.sigma) - (((w - self.mu) ** 2) / (2 * self.sigma**2))  # was:
        return log_posteriors.mean()


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    law = GaussianVariational(outputs.mean(0), np.sqrt(outputs.var(0, ddof=1) + noise))
    return np.array(fitted), law.mu, law.sigma**2, law.log_posterior(targets)
