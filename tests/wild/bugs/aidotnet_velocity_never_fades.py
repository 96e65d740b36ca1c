"""The momentum stands at the gradient and not at the velocity, which so never fades."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import ritz_values

BUG = Bug(
    project="AiDotNet",
    language="C#",
    link="https://github.com/ooples/AiDotNet/issues/2008",
    date="2026-08",
    operation="rmt_learning_rates.trajectory",
    kind="wrong_constant",
)


class GradientBasedOptimizerBase:
    def __init__(self, size):
        self._previous_gradient = np.zeros(size)

    def apply_momentum(self, gradient, momentum):
        # was: momentum_gradient = self._previous_gradient + gradient * momentum
        momentum_gradient = self._previous_gradient * momentum + gradient  # was:
        self._previous_gradient = momentum_gradient
        return momentum_gradient

    def update_solution(self, solution, gradient, rate, momentum):
        """The rate is in the velocity, for it may change."""
        return solution - self.apply_momentum(rate * gradient, momentum)


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
    optimizer, solution = GradientBasedOptimizerBase(len(theta0)), theta0
    rows = []
    for t, gradient in enumerate(grads):
        epoch, within = divmod(t, int(every))
        if within == 0 and epoch >= warmup:
            new = measured(rule, hessians[epoch], probes[epoch], int(lanczos_steps), floor, noise)
            lr, momentum = (old if n is None else n for n, old in zip(new, (lr, momentum), strict=True))
        solution = optimizer.update_solution(solution, gradient, lr, momentum)
        rows.append((solution, lr, momentum))
    return tuple(np.array(column) for column in zip(*rows, strict=True))
