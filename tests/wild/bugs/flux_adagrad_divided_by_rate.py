"""The division binds the rate into the denominator, so the step is divided by the rate."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Flux.jl",
    language="Julia",
    link="https://github.com/FluxML/Flux.jl/commit/8991ce028ca02ed9d4c3286eba3468d2fe6e9ec1",
    date="2017-11-14",
    operation="adadagrad.adagrad",
    kind="wrong_scale",
)


class Param:
    def __init__(self, x):
        self.x = x
        self.delta = np.zeros_like(x)

    def update(self):
        self.x = self.x - self.delta


def adagrad(p, eta=0.01, start=1e-8, epsilon=0.0):
    acc = np.zeros_like(p.x) + start

    def rule():
        nonlocal acc
        acc = acc + p.delta**2
        root = np.sqrt(acc) + epsilon
        # was: p.delta /= root * eta
        p.delta = eta * p.delta / root  # was:

    return rule


def optimiser(p, *rules):
    def step():
        for rule in rules:
            rule()
        p.update()

    return step


def answer(theta0, grads, alpha, v0, eps):
    p = Param(theta0)
    step = optimiser(p, adagrad(p, alpha, v0, eps))
    xs = []
    for grad in grads:
        p.delta = grad.copy()
        step()
        xs.append(p.x)
    return np.stack(xs)
