"""The second moment of the last step is read from where the first one is kept."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="grain",
    language="D",
    link="https://github.com/ShigekiKarita/grain/pull/15",
    date="2021-05-02",
    operation="adamw.adam",
    kind="wrong_output",
)


class Variable:
    def __init__(self, data):
        self.data = data
        self.grad_variable = None


class Adam:
    def __init__(self, chain, alpha, beta1, beta2, eps, decay):
        self.chain = chain
        self.alpha, self.beta1, self.beta2, self.eps = alpha, beta1, beta2, eps
        self.decay = decay
        self.moment1 = {name: np.zeros_like(field.data) for name, field in chain.items()}
        self.moment2 = {name: np.zeros_like(field.data) for name, field in chain.items()}
        self.steps = 0

    def update(self):
        self.steps += 1
        for name, field in self.chain.items():
            self.update_field(name, field)

    def update_field(self, name, field):
        g = field.grad_variable + self.decay * field.data
        m1 = self.moment1[name]
        m2 = self.moment2[name]  # was: m2 = self.moment1[name]
        next_m1 = (1.0 - self.beta1) * (g - m1) + m1
        next_m2 = (1.0 - self.beta2) * (g * g - m2) + m2
        unbiased1 = next_m1 / (1.0 - self.beta1**self.steps)
        unbiased2 = next_m2 / (1.0 - self.beta2**self.steps)
        diff = unbiased1 / (unbiased2**0.5 + self.eps)
        self.moment1[name] = next_m1
        self.moment2[name] = next_m2
        field.data = field.data - self.alpha * diff


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    chain = {"w": Variable(theta0)}
    optimizer = Adam(chain, lr, beta1, beta2, eps, weight_decay)
    thetas = []
    for grad in grads:
        chain["w"].grad_variable = grad
        optimizer.update()
        thetas.append(chain["w"].data)
    return np.stack(thetas)
