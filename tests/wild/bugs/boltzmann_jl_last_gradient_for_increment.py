"""Momentum and rate multiply the last gradient in place of the last increment, so nothing older is remembered."""

import numpy as np

from tests.wild import Bug

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


def ritz_values(matrix, start, steps):
    basis, t = [start / np.linalg.norm(start)], []
    for _ in range(min(steps, len(start))):
        u = matrix @ basis[-1]
        longest = np.linalg.norm(u)
        for _ in range(3):
            u = u - np.array(basis).T @ (np.array(basis) @ u)
        t.append(basis[-1])
        if np.linalg.norm(u) <= 1e-12 * longest:
            break
        basis.append(u / np.linalg.norm(u))
    q = np.array(t)
    return np.linalg.eigvalsh(q @ matrix @ q.T)


def measured(rule, matrix, probe, steps, floor, noise):
    """Learning rate and momentum from the curvature; None: keep the one there is."""
    if rule == "rayleigh":
        bend = probe @ matrix @ probe
        return (probe @ probe / bend if bend > 0 else None), None
    values = ritz_values(matrix, probe, steps)
    if values.max() <= 0:
        return None, None
    seen = max(values.max(), np.sqrt(noise))
    top = seen + noise / seen if noise > 0 else values.max()
    high, low = np.sqrt(top), np.sqrt(min([v for v in values if v > max(floor, 1e-12) * top], default=top))
    return (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2


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
