"""The index of the gradient is never moved on, so every argument is changed along the gradient of the first."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="PennyLane",
    link="https://github.com/PennyLaneAI/pennylane/pull/1929",
    date="2021-11-25",
    operation="adadagrad.adagrad",
    kind="missing_step",
)


class AdagradOptimizer:
    def __init__(self, stepsize=0.01, eps=1e-8, initial=0.0):
        self.stepsize = stepsize
        self.eps = eps
        self.initial = initial
        self.accumulation = None

    def apply_grad(self, grad, args):
        args_new = list(args)
        if self.accumulation is None:
            self.accumulation = [None] * len(args)

        trained_index = 0
        for index, arg in enumerate(args):
            if getattr(arg, "requires_grad", True):
                x = arg
                grad_flat = grad[trained_index]
                trained_index += 1  # was:

                self._update_accumulation(index, grad_flat)
                coeff = self.stepsize / (self.accumulation[index] ** 0.5 + self.eps)
                args_new[index] = x - coeff * grad_flat
        return args_new

    def _update_accumulation(self, index, grad_flat):
        if self.accumulation[index] is None:
            self.accumulation[index] = self.initial + grad_flat * grad_flat
        else:
            self.accumulation[index] = self.accumulation[index] + grad_flat * grad_flat


def answer(theta0, grads, alpha, v0, eps):
    opt = AdagradOptimizer(alpha, eps, v0)
    args = [float(x) for x in theta0]  # a circuit with an argument for each angle
    path = []
    for g in grads:
        args = opt.apply_grad([float(x) for x in g], args)
        path.append(args)
    return np.array(path)
