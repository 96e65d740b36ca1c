"""The new moments are copies that are never put back, so every step finds moments of zero."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="rust-autograd",
    language="Rust",
    link="https://github.com/raskr/rust-autograd/issues/16",
    date="2019-06-18",
    operation="adamw.adam",
    kind="missing_step",
)


class StaticParams:
    def __init__(self, alpha, eps, b1, b2):
        self.alpha, self.eps, self.b1, self.b2 = alpha, eps, b1, b2


class AdamOp:
    """Inputs: parameter, gradient, m, v and t, all of them nodes of the graph."""

    def __init__(self, static_params):
        self.static_params = static_params

    def compute(self, xs):
        s = self.static_params
        grad = xs[1]
        # Make new m
        new_m = xs[2] * s.b1 + (1.0 - s.b1) * grad
        # Make new v
        new_v = xs[3] * s.b2 + (1.0 - s.b2) * grad * grad
        # Make hats
        t = xs[4].item()
        m_hat = new_m * (1.0 / (1.0 - s.b1**t))
        v_hat = new_v * (1.0 / (1.0 - s.b2**t))
        # Update t and param
        xs[4] += 1.0
        xs[2][...] = new_m  # was:
        xs[3][...] = new_v  # was:
        xs[0] -= s.alpha * m_hat / (np.sqrt(v_hat) + s.eps)


class StatefulParams:
    def __init__(self, var):
        self.m = np.zeros_like(var)
        self.v = np.zeros_like(var)
        self.t = np.ones(())


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    op = AdamOp(StaticParams(lr, eps, beta1, beta2))
    var = theta0.copy()
    stateful = StatefulParams(var)
    history = []
    for grad in grads:
        op.compute([var, grad + weight_decay * var, stateful.m, stateful.v, stateful.t])
        history.append(var.copy())
    return np.stack(history)
