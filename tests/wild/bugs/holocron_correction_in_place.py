"""The bias correction divides the stored average itself, so that corrections pile up from step to step."""

import math

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="Holocron",
    link="https://github.com/frgfm/holocron/issues/1",
    date="2019-08-29",
    operation="opposing_signals.optimise",
    kind="wrong_order",
)


class Adam:
    def __init__(self, params, lr, beta1, beta2, eps):
        self.params, self.lr, self.eps = params.copy(), lr, eps
        self.betas = beta1, beta2
        self.state = {"step": 0, "exp_avg": np.zeros_like(params), "exp_avg_sq": np.zeros_like(params)}

    def step(self, grad):
        state, (beta1, beta2) = self.state, self.betas
        exp_avg, exp_avg_sq = state["exp_avg"], state["exp_avg_sq"]
        state["step"] += 1
        exp_avg *= beta1
        exp_avg += (1 - beta1) * grad
        exp_avg_sq *= beta2
        exp_avg_sq += (1 - beta2) * grad * grad

        bias_correction1 = 1 - beta1 ** state["step"]
        bias_correction2 = 1 - beta2 ** state["step"]
        # was: exp_avg /= bias_correction1
        exp_avg = exp_avg / bias_correction1  # was:
        denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + self.eps
        self.params -= self.lr * exp_avg / denom


class SGD:
    def __init__(self, params, lr, momentum, dampening):
        self.params, self.lr, self.momentum, self.dampening = params.copy(), lr, momentum, dampening
        self.buffer, self.steps = np.zeros_like(params), 0

    def step(self, grad):
        self.steps += 1
        self.buffer = self.momentum * self.buffer + (1 - self.dampening) * grad
        self.params -= self.lr * self.buffer / (1 - self.dampening**self.steps)


def answer(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    if kind == "splitsgd":
        raise NotApplicable("not in the package")
    optimizer = Adam(theta0, lr, beta1, beta2, eps) if kind == "adam" else SGD(theta0, lr, beta1, dampening)
    path = np.empty_like(grads)
    for row, grad in zip(path, grads, strict=True):
        optimizer.step(grad)
        row[:] = optimizer.params
    return path
