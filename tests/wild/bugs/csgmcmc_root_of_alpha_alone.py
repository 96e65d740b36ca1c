"""The root is that of the friction alone, and the step size stands before it where it should be its inverse root."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="csgmcmc",
    link="https://github.com/ruqizhang/csgmcmc/issues/1",
    date="2019-03-24",
    operation="functional_prior.sghmc",
    kind="wrong_order",
)


class Parameter:
    def __init__(self, data):
        self.data, self.buf, self.grad = data.copy(), np.zeros_like(data), None


def noise_gradient(lr, alpha, draws):
    # was: noise_std = 2 * lr * alpha**0.5
    noise_std = (2 / lr * alpha) ** 0.5  # was:
    return -draws * noise_std


def update_params(p, lr, alpha):
    p.buf = (1 - alpha) * p.buf - lr * p.grad
    p.data = p.data + p.buf


def clipped(grad, longest):
    biggest = np.max(np.abs(grad))
    norm = biggest * np.linalg.norm(grad / biggest) if biggest > 0 else 0.0
    return grad * min(1.0, longest / (norm + 1e-6))


def answer(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    if rule != "plain":
        raise NotApplicable("no scales")
    p, chain = Parameter(start), []
    for grad, draws in zip(grads, xi, strict=True):
        loss_gradient = clipped(grad + precision * p.data / n, clip)
        p.grad = n / temperature * loss_gradient + noise_gradient(lr, friction, draws)
        update_params(p, lr, friction)
        chain.append((p.data, p.buf))
    w, m = (np.stack(column) for column in zip(*chain, strict=True))
    return {"w": w, "m": m}
