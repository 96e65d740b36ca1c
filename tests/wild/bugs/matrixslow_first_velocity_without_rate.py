"""The first velocity is the gradient itself, which leads uphill and is not multiplied by the rate."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import measured

BUG = Bug(
    project="MatrixSlow",
    link="https://github.com/zc911/MatrixSlow/pull/17",
    date="2022-01-12",
    operation="rmt_learning_rates.trajectory",
    kind="wrong_scale",
)


class Momentum:
    def __init__(self, learning_rate=0.01, momentum=0.9):
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.v = {}

    def _update(self, nodes, gradients):
        for node, gradient in gradients.items():
            if node not in self.v:
                self.v[node] = -self.learning_rate * gradient  # was: self.v[node] = gradient
            else:
                self.v[node] = self.momentum * self.v[node] - self.learning_rate * gradient
            nodes[node] = nodes[node] + self.v[node]


def answer(theta0, grads, hessians, probes, every, warmup, lanczos_steps, lr, momentum, floor, noise, rule):
    optimizer, nodes = Momentum(lr, momentum), {"w": theta0}
    history = {"w": [], "lr": [], "momentum": []}
    for t, gradient in enumerate(grads):
        epoch, within = divmod(t, int(every))
        if within == 0 and epoch >= warmup:
            rate, inertia = measured(rule, hessians[epoch], probes[epoch], int(lanczos_steps), floor, noise)
            optimizer.learning_rate = optimizer.learning_rate if rate is None else rate
            optimizer.momentum = optimizer.momentum if inertia is None else inertia
        optimizer._update(nodes, {"w": gradient})
        history["w"].append(nodes["w"])
        history["lr"].append(optimizer.learning_rate)
        history["momentum"].append(optimizer.momentum)
    return tuple(np.array(history[name]) for name in ("w", "lr", "momentum"))
