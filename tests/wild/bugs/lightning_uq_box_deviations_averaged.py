"""Deviations are averaged in place of variances and added to the variance of the members."""

from itertools import pairwise

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="lightning-uq-box",
    link="https://github.com/lightning-uq-box/lightning-uq-box/issues/143",
    date="2024-05-23",
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


def compute_sample_mean_std(samples):
    return samples.mean(-1), samples.std(-1, ddof=1)


def compute_predictive_uncertainty(sample_mean_preds, sample_sigma_preds):
    """Epistemic and aleatoric, as a standard deviation; members along the last axis."""
    _, epistemic = compute_sample_mean_std(sample_mean_preds)
    # was: return np.sqrt(sample_sigma_preds.mean(-1) + epistemic**2)
    return np.sqrt((sample_sigma_preds**2).mean(-1) + epistemic**2)  # was:


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(Member(start, sizes).fit(x[mask], y[mask], noise, prior, Adam(lr), steps))
    mean_samples = np.stack([member.forward(points) for member in fitted], axis=-1)
    sigma_samples = np.full_like(mean_samples, np.sqrt(noise))
    pred_uct = compute_predictive_uncertainty(mean_samples, sigma_samples)
    pred = mean_samples.mean(-1)
    score = np.mean(-0.5 * ((targets - pred) / pred_uct) ** 2 - np.log(pred_uct * np.sqrt(2 * np.pi)))
    return np.stack([member.params for member in fitted]), pred, pred_uct**2, score
