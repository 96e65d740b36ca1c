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
        fitted.append(Member(start, sizes).fit(x[mask], y[mask], noise, prior, Adam(lr), steps))
    pred_dist = PredictiveDistribution(np.stack([member.forward(points) for member in fitted]), noise)
    score = -mean_standardized_log_loss(pred_dist, targets)
    return np.stack([member.params for member in fitted]), pred_dist.mean, pred_dist.variance, score
