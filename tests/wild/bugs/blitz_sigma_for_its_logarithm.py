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


class Adam:
    def __init__(self, lr, betas=(0.9, 0.999), eps=1e-8):
        self.lr, self.betas, self.eps, self.t, self.m, self.v = lr, betas, eps, 0, 0.0, 0.0

    def step(self, params, grad):
        self.t += 1
        self.m = self.betas[0] * self.m + (1 - self.betas[0]) * grad
        self.v = self.betas[1] * self.v + (1 - self.betas[1]) * grad**2
        m_hat, v_hat = self.m / (1 - self.betas[0] ** self.t), self.v / (1 - self.betas[1] ** self.t)
        return params - self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class Member:
    def __init__(self, params, sizes):
        self.params, self.sizes = params, sizes

    def layers(self):
        at = 0
        for rows, columns in pairwise(self.sizes):
            size = rows * columns
            yield self.params[at : at + size].reshape(rows, columns), self.params[at + size : at + size + columns]
            at += size + columns

    def forward(self, x):
        self.hidden, layers = [x], list(self.layers())
        for number, (W, b) in enumerate(layers, 1):
            x = x @ W + b
            x = np.tanh(x) if number < len(layers) else x
            self.hidden.append(x)
        return x[:, 0]

    def fit(self, x, y, noise, prior, optimizer, steps):
        for _ in range(int(steps)):
            delta, grads = (self.forward(x) - y)[:, None] / noise, []
            for (W, _), h in zip(reversed(list(self.layers())), self.hidden[-2::-1], strict=True):
                grads[:0] = [(h.T @ delta).ravel(), delta.sum(axis=0)]
                delta = (delta @ W.T) * (1 - h * h)
            self.params = optimizer.step(self.params, np.concatenate(grads) + self.params / prior)
        return self


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
        fitted.append(Member(start, sizes).fit(x[mask], y[mask], noise, prior, Adam(lr), steps))
    preds = np.array([member.forward(points) for member in fitted])
    law = GaussianVariational(preds.mean(0), np.sqrt(preds.var(0, ddof=1) + noise))
    return np.array([f.params for f in fitted]), law.mu, law.sigma**2, law.log_posterior(targets)
