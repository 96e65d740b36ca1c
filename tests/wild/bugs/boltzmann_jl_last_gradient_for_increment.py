"""Momentum and rate multiply the last gradient in place of the last increment, so nothing older is remembered."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import measured

BUG = Bug(
    project="Boltzmann.jl",
    language="Julia",
    link="https://github.com/dfdx/Boltzmann.jl/issues/14",
    date="2015-09-17",
    operation="rmt_learning_rates.trajectory",
    kind="missing_step",
)


class RBM:
    def __init__(self, W, momentum):
        self.W = W.copy()
        self.dW_prev = np.zeros_like(W)
        self.momentum = momentum


def update_weights(rbm, dW, lr):
    """dW: from the positive and the negative phase, uphill."""
    # was: buf = dW.copy()
    # was: rbm.W += lr * buf
    # was: rbm.W += (lr * rbm.momentum) * rbm.dW_prev
    buf = lr * dW  # was:
    buf += rbm.momentum * rbm.dW_prev  # was:
    rbm.W += buf  # was:
    # save current dW
    rbm.dW_prev[:] = buf


def answer(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
    rbm, rows = RBM(theta0, momentum), []
    for t in range(len(grads)):
        epoch, within = divmod(t, int(every))
        if within == 0 and epoch >= warmup:
            rate, inertia = measured(rule, hessians[epoch], probes[epoch], int(lanczos_steps), floor, noise)
            lr = lr if rate is None else rate
            rbm.momentum = rbm.momentum if inertia is None else inertia
        update_weights(rbm, -grads[t], lr)
        rows.append((rbm.W.copy(), lr, rbm.momentum))
    return tuple(np.array(column) for column in zip(*rows, strict=True))
