"""The decay is added to the gradient, and so decides on the sign and stays in the momentum, where Lion decouples it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="bitsandbytes",
    link="https://github.com/bitsandbytes-foundation/bitsandbytes/pull/1993",
    date="2026-07",
    operation="lion.step",
    kind="wrong_order",
    language="C++",
)


def optimizer_update_32bit(name, g, p, state1, beta1, beta2, weight_decay, lr, gnorm_scale=1.0):
    """In place; the decay of Lion is that of the parameters."""
    g_vals = gnorm_scale * g
    # was: if weight_decay > 0.0:
    # was:     g_vals = g_vals + p * weight_decay
    if weight_decay > 0.0 and name == "lion":  # was:
        p *= 1.0 - lr * weight_decay  # was:
    if name == "lion":
        momentum = state1 * beta1 + (1.0 - beta1) * g_vals
        p -= lr * np.sign(momentum)
        state1[:] = state1 * beta2 + (1.0 - beta2) * g_vals


def answer(theta, momentum, grad, lr, beta1, beta2, weight_decay):
    p, state1 = theta.copy(), momentum.copy()
    optimizer_update_32bit("lion", grad, p, state1, beta1, beta2, weight_decay, lr)
    return p, state1
