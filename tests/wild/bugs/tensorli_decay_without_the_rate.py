"""The decay is not multiplied with the learning rate."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="tensorli",
    link="https://github.com/joennlae/tensorli/issues/1",
    date="2023-11-19",
    operation="adamw.trajectory",
    kind="wrong_scale",
)


class Tensorli:
    def __init__(self, data):
        self.data = data
        self.grad = np.zeros_like(data)


class Adamli:
    def __init__(self, parameters, lr, betas, eps, weight_decay):
        self.parameters, self.lr, self.eps, self.weight_decay = parameters, lr, eps, weight_decay
        self.beta1, self.beta2 = betas
        self.t = 0
        self.m = [np.zeros_like(t.data) for t in parameters]
        self.v = [np.zeros_like(t.data) for t in parameters]

    def step(self):
        self.t += 1
        for i, t in enumerate(self.parameters):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * t.grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * t.grad**2
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            update = self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
            if self.weight_decay:
                # was: update = update + self.weight_decay * t.data
                update = update + self.lr * self.weight_decay * t.data  # was:
            t.data = t.data - update


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    weights = Tensorli(theta0)
    optim = Adamli([weights], lr, (beta1, beta2), eps, weight_decay)
    thetas = []
    for weights.grad in grads:
        optim.step()
        thetas.append(weights.data)
    return np.stack(thetas)
