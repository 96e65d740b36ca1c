"""The option for the decay of the weights is accepted and never reaches the gradient."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Paddle",
    language="C++",
    link="https://github.com/PaddlePaddle/Paddle/issues/5836",
    date="2017-11-24",
    operation="adamw.adam",
    kind="missing_step",
)


class AdamOptimizer:
    def __init__(self, learning_rate, beta1, beta2, epsilon, regularization):
        self.learning_rate = learning_rate
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.regularization = regularization
        self.beta1_pow = self.beta2_pow = 1.0

    def create_accumulators(self, param):
        self.moment1 = np.zeros_like(param)
        self.moment2 = np.zeros_like(param)

    def append_regularization(self, param, grad):
        if self.regularization is None:
            return grad
        return grad + self.regularization * param  # was: return grad

    def minimize(self, param, grad):
        grad = self.append_regularization(param, grad)
        self.beta1_pow *= self.beta1
        self.beta2_pow *= self.beta2
        self.moment1 = self.beta1 * self.moment1 + (1 - self.beta1) * grad
        self.moment2 = self.beta2 * self.moment2 + (1 - self.beta2) * np.square(grad)
        m = self.moment1 / (1 - self.beta1_pow)
        v = self.moment2 / (1 - self.beta2_pow)
        return param - self.learning_rate * m / (np.sqrt(v) + self.epsilon)


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    optimizer = AdamOptimizer(lr, beta1, beta2, eps, weight_decay)
    optimizer.create_accumulators(theta0)
    path, param = [], theta0
    for grad in grads:
        param = optimizer.minimize(param, grad)
        path.append(param)
    return np.stack(path)
