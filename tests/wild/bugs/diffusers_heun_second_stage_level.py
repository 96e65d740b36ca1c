"""The output of the second call is read at the noise of the departure, and not at that of the arrival."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="diffusers",
    link="https://github.com/huggingface/diffusers/pull/1512",
    date="2022-12-01",
    operation="diffusion.sample_mixture",
    kind="wrong_order",
)


class HeunScheduler:
    """Two calls a step, the model telling the clean sample; a level is (alpha, sigma)."""

    def __init__(self, times):
        self.times = times
        self.levels = [(np.exp(-t / 2), np.sqrt(-np.expm1(-t))) for t in times]
        self.prev_derivative = None

    def _derivative(self, pred_original_sample, sample, level):
        alpha, sigma = level
        score = (alpha * pred_original_sample - sample) / sigma**2
        return -0.5 * (sample + score)

    def step(self, model_output, i, sample):
        dt = self.times[i + 1] - self.times[i]
        level, level_next = self.levels[i], self.levels[i + 1]
        if self.prev_derivative is None:
            derivative = self._derivative(model_output, sample, level)
            self.prev_derivative, self.sample = derivative, sample
        else:
            # was: derivative = self._derivative(model_output, sample, level)
            derivative = self._derivative(model_output, sample, level_next)  # was:
            derivative = (self.prev_derivative + derivative) / 2
            sample, self.prev_derivative = self.sample, None
        return sample + derivative * dt


def denoise(x, t, weights, means, covariances):
    """E[x_0 | x_t] of a Gaussian mixture."""
    alpha, var, logs, guesses = np.exp(-t / 2), -np.expm1(-t), [], []
    for w, m, C in zip(weights, means, covariances, strict=True):
        S = alpha**2 * C + var * np.eye(len(m))
        d = x - alpha * m
        solved = np.linalg.solve(S, d.T).T
        logs.append(np.log(w) - 0.5 * np.sum(d * solved, axis=1) - 0.5 * np.linalg.slogdet(S)[1])
        guesses.append(m + alpha * solved @ C)
    logs = np.stack(logs)
    share = np.exp(logs - logs.max(axis=0))
    share = share / share.sum(axis=0)
    return np.sum(share[..., None] * np.stack(guesses), axis=0)


def answer(kind, x, times, noise, weights, means, covariances, eta):
    if kind != "heun":
        raise NotApplicable("the scheduler of Heun's method")
    scheduler = HeunScheduler(times)
    for i in range(len(times) - 1):
        for t in (times[i], times[i + 1]):
            x = scheduler.step(denoise(x, t, weights, means, covariances), i, x)
    return x
