"""Two fields stand in another order than the constructor fills them, so decay and epsilon change places."""

from typing import NamedTuple

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Optimisers.jl",
    language="Julia",
    link="https://github.com/FluxML/Optimisers.jl/commit/669798c19ec5d629769ee0b0bf1c0509d2ec157b",
    date="2024-12-11",
    operation="adamw.trajectory",
    kind="wrong_constant",
)


class AdamW(NamedTuple):
    eta: float
    beta: tuple
    # was: epsilon: float
    lambda_: float
    epsilon: float  # was:
    couple: bool


def make(eta, beta=(0.9, 0.999), lambda_=0.0, epsilon=1e-8, couple=True):
    return AdamW(eta, beta, lambda_, epsilon, couple)


def init(o, x):
    return np.zeros_like(x), np.zeros_like(x), o.beta


def apply(o, state, x, dx):
    mt, vt, bt = state
    mt = o.beta[0] * mt + (1 - o.beta[0]) * dx
    vt = o.beta[1] * vt + (1 - o.beta[1]) * np.abs(dx) ** 2
    decay = o.eta * o.lambda_ if o.couple else o.lambda_
    with np.errstate(divide="ignore", invalid="ignore"):
        dx = o.eta * (mt / (1 - bt[0]) / (np.sqrt(vt / (1 - bt[1])) + o.epsilon)) + decay * x
    return (mt, vt, (bt[0] * o.beta[0], bt[1] * o.beta[1])), dx


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    rule = make(lr, (beta1, beta2), weight_decay, eps)
    x, state, xs = theta0, init(rule, theta0), []
    for grad in grads:
        state, dx = apply(rule, state, x, grad)
        x = x - dx
        xs.append(x)
    return np.stack(xs)
