"""The gradient is multiplied by the rate in place, and the product by the rate again."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Optimisers.jl",
    language="Julia",
    link="https://github.com/FluxML/Optimisers.jl/commit/f77c80747b9a8f82752fc7e1894289cfa46b5e18",
    date="2021-05-26",
    operation="opposing_signals.sample_step",
    kind="extra_step",
)


class Descent:
    def __init__(self, eta=0.1):
        self.eta = eta

    def init(self, x):
        return None

    def apply(self, x, dx, state):
        eta = np.asarray(dx).dtype.type(self.eta)
        # was: dx = dx * eta
        return dx * eta, state


def update(opt, state, model, gradients):
    """Every leaf of a model."""
    moved = {}
    for name, x in model.items():
        dx, state[name] = opt.apply(x, gradients[name], state[name])
        moved[name] = x - dx
    return moved, state


def answer(b, b_o, c, x, x_o, y, eta):
    c = np.float64(c)
    hidden = x @ b + x_o @ b_o
    error = c * hidden - y
    mean = error / len(y)
    gradients = {"b": c * (x.T @ mean), "b_o": c * (x_o.T @ mean), "c": hidden @ mean}
    model = {"b": b, "b_o": b_o, "c": c}
    opt = Descent(eta)
    state = {name: opt.init(leaf) for name, leaf in model.items()}
    model, _ = update(opt, state, model, gradients)
    return error**2 / 2, model["b"], model["b_o"], model["c"]
