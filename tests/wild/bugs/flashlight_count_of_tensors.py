"""The counter of the bias correction goes up with each tensor, not with each step."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="flashlight",
    language="C++",
    link="https://github.com/flashlight/flashlight/issues/143",
    date="2020-07-25",
    operation="hessian_alignment.schedule",
    kind="wrong_order",
)


class AdamOptimizer:
    def __init__(self, parameters, lr, beta1, beta2, eps):
        self.parameters = parameters
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.count = 0
        self.biased_first = [np.zeros_like(p) for p in parameters]
        self.biased_second = [np.zeros_like(p) for p in parameters]

    def step(self, grads):
        self.count += 1  # was:
        for i, grad in enumerate(grads):
            biased_first, biased_second = self.biased_first[i], self.biased_second[i]
            biased_first[:] = self.beta1 * biased_first + (1 - self.beta1) * grad
            biased_second[:] = self.beta2 * biased_second + (1 - self.beta2) * grad * grad

            # was: self.count += 1

            corrected_bias1 = 1 - self.beta1**self.count
            corrected_bias2 = 1 - self.beta2**self.count
            second = np.sqrt(biased_second / corrected_bias2) + self.eps
            self.parameters[i] -= self.lr * (biased_first / corrected_bias1) / second


def answer(theta0, grads, penalties, lam, warm, lr, l2, beta1, beta2, eps):
    # each parameter is a tensor of its own
    parameters = [np.array([entry]) for entry in theta0]
    optimizer = AdamOptimizer(parameters, lr, beta1, beta2, eps)
    thetas = []
    for step, (grad, penalty) in enumerate(zip(grads, penalties, strict=True)):
        weight = 1.0 if step < warm else lam
        total = [g + 2 * l2 * p + weight * q for g, p, q in zip(grad, parameters, penalty, strict=True)]
        if weight > 1:
            total = [t / weight for t in total]
        optimizer.step(total)
        thetas.append(np.concatenate(parameters))
    return np.stack(thetas)
