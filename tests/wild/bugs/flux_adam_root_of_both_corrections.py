"""Not only the correction of the second moment is taken under a root, that of the first moment is as well."""

from math import sqrt

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Flux.jl",
    language="Julia",
    link="https://github.com/FluxML/Flux.jl/pull/119",
    date="2017-12-04",
    operation="adamw.adam",
    kind="extra_step",
)


class Param:
    def __init__(self, x):
        self.x = x
        self.delta = np.zeros_like(x)


def adam(p, eta=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    mt = np.zeros_like(p.x)
    vt = np.zeros_like(p.x)
    beta1p, beta2p = beta1, beta2

    def update():
        nonlocal mt, vt, beta1p, beta2p
        mt = beta1 * mt + (1 - beta1) * p.delta
        vt = beta2 * vt + (1 - beta2) * p.delta**2
        root = np.sqrt(vt) + epsilon * sqrt(1 - beta2p)
        # was: p.delta = sqrt(1 - beta2p) / sqrt(1 - beta1p) * mt / root * eta
        p.delta = sqrt(1 - beta2p) / (1 - beta1p) * mt / root * eta  # was:
        beta1p *= beta1
        beta2p *= beta2

    return update


def descend(p):
    p.x = p.x - p.delta


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    p = Param(theta0)
    rule = adam(p, lr, beta1, beta2, eps)
    xs = []
    for grad in grads:
        p.delta = grad + weight_decay * p.x
        rule()
        descend(p)
        xs.append(p.x)
    return np.stack(xs)
