"""The momentum multiplies the new gradient, not the velocity, which never decays."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="AiDotNet",
    language="C#",
    link="https://github.com/ooples/AiDotNet/issues/2008",
    date="2026-08-14",
    operation="opposing_signals.optimise",
    kind="wrong_constant",
)


class GradientBasedOptimizerBase:
    def __init__(self, initial_momentum):
        self._current_momentum = initial_momentum
        self._previous_gradient = None

    def apply_momentum(self, gradient):
        if self._previous_gradient is None:
            self._previous_gradient = np.zeros_like(gradient)
        # was: momentum_gradient = np.add(self._previous_gradient, np.multiply(gradient, self._current_momentum))
        momentum_gradient = np.add(np.multiply(self._previous_gradient, self._current_momentum), gradient)  # was:
        self._previous_gradient = momentum_gradient
        return momentum_gradient


class StochasticGradientDescentOptimizer(GradientBasedOptimizerBase):
    def __init__(self, learning_rate, initial_momentum, dampening):
        super().__init__(initial_momentum)
        self.learning_rate, self.dampening, self.iteration = learning_rate, dampening, 0

    def update_parameters(self, parameters, gradient):
        self.iteration += 1
        velocity = self.apply_momentum(np.multiply(gradient, 1 - self.dampening))
        corrected = np.divide(velocity, 1 - self.dampening**self.iteration)
        return np.subtract(parameters, np.multiply(corrected, self.learning_rate))


def answer(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    if kind != "sgdm":
        raise NotApplicable("these optimizers do not call it")
    optimizer = StochasticGradientDescentOptimizer(lr, beta1, dampening)
    trajectory = [theta0]
    for gradient in grads:
        trajectory.append(optimizer.update_parameters(trajectory[-1], gradient))
    return np.stack(trajectory[1:])
