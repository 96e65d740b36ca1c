"""The velocity, which holds the step with its minus sign, is subtracted from the iterate."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="ensmallen",
    language="C++",
    link="https://github.com/mlpack/ensmallen/commit/b163ef81191ffa3f80471777db5ed69bab26add4",
    date="2019-02-07",
    operation="opposing_signals.optimise",
    kind="wrong_sign",
)


class WeightDecayMomentumUpdate:
    def __init__(self, momentum, weight_decay=0.0):
        self.momentum, self.weight_decay = momentum, weight_decay

    def initialize(self, rows):
        self.velocity = np.zeros(rows)
        self.decayed = 1.0

    def update(self, iterate, step_size, gradient, dampening):
        self.velocity = self.momentum * self.velocity - (1 - dampening) * step_size * gradient
        self.decayed *= dampening
        velocity = self.velocity / (1 - self.decayed)
        # was: iterate -= step_size * self.weight_decay * iterate + velocity
        iterate += velocity - step_size * self.weight_decay * iterate  # was:


def answer(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    if kind != "sgdm":
        raise NotApplicable("a policy of SGD")
    policy = WeightDecayMomentumUpdate(beta1)
    policy.initialize(len(theta0))
    iterate = theta0.copy()
    iterates = np.empty(grads.shape)
    for i, gradient in enumerate(grads):
        policy.update(iterate, lr, gradient, dampening)
        iterates[i] = iterate
    return iterates
