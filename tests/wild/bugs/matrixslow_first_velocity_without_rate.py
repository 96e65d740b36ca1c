"""The first velocity is the gradient itself, which leads uphill and is not multiplied by the rate."""

import numpy as np

from tests.wild import Bug

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
