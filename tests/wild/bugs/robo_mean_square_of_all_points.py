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
        fitted.append(Member(start, sizes).fit(x[mask], y[mask], noise, prior, Adam(lr), steps))
    mu = np.array([member.forward(points) for member in fitted])
    unbiased = len(mu) / (len(mu) - 1)
    m, v = total_variance(mu, np.full_like(mu, noise / unbiased))
    return {"members": np.array([member.params for member in fitted]), "mean": m, "variance": v * unbiased}
