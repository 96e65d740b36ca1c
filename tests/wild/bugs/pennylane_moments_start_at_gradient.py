"""In the first step the moments take the whole gradient and its square, without the weights of a new value."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="PennyLane",
    link="https://github.com/PennyLaneAI/pennylane/pull/1929",
    date="2021-11-25",
    operation="adamw.adam",
    kind="wrong_scale",
)


class AdamOptimizer:
    def __init__(self, stepsize=0.01, beta1=0.9, beta2=0.99, eps=1e-8):
        self.stepsize = stepsize
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps
        self.accumulation = None

    def apply_grad(self, grad, args):
        args_new = list(args)
        if self.accumulation is None:
            self.accumulation = {"fm": [None] * len(args), "sm": [None] * len(args), "t": 0}
        self.accumulation["t"] += 1
        t = self.accumulation["t"]
        new_stepsize = self.stepsize * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        shift = self.eps * math.sqrt(1 - self.beta2**t)
        for index, arg in enumerate(args):
            self._update_moments(index, list(grad[index]))
            moments = zip(self.accumulation["fm"][index], self.accumulation["sm"][index], arg, strict=True)
            args_new[index] = np.array([e - new_stepsize * f / (math.sqrt(s) + shift) for f, s, e in moments])
        return args_new

    def _update_moments(self, index, grad_flat):
        fm, sm = self.accumulation["fm"], self.accumulation["sm"]
        # update first moment
        if fm[index] is None:
            fm[index] = [(1 - self.beta1) * g for g in grad_flat]  # was: fm[index] = grad_flat
        else:
            fm[index] = [self.beta1 * f + (1 - self.beta1) * g for f, g in zip(fm[index], grad_flat, strict=True)]
        # update second moment
        if sm[index] is None:
            sm[index] = [(1 - self.beta2) * g * g for g in grad_flat]  # was: sm[index] = [g * g for g in grad_flat]
        else:
            sm[index] = [self.beta2 * s + (1 - self.beta2) * g * g for s, g in zip(sm[index], grad_flat, strict=True)]


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    opt = AdamOptimizer(lr, beta1, beta2, eps)
    args, path = [theta0], []
    for g in grads:
        penalized = g + weight_decay * args[0]
        args = opt.apply_grad([penalized], args)
        path.append(args[0])
    return np.stack(path)
