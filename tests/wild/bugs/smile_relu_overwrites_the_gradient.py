"""The rectifier overwrites the gradient from the layer above with 0 or 1, where it should multiply it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Smile",
    language="Java",
    link="https://github.com/haifengl/smile/issues/528",
    date="2020-03-30",
    operation="score_estimation.gd_step",
    kind="missing_step",
)


class Rectifier:
    @staticmethod
    def f(x):
        for i in range(len(x)):
            x[i] = max(x[i], 0.0)

    @staticmethod
    def g(g, y):
        for i in range(len(g)):
            g[i] *= 1 if y[i] > 0 else 0  # was: g[i] = 1 if y[i] > 0 else 0


class Layer:
    def __init__(self, weight):
        self.weight = weight.copy()
        self.update = np.zeros_like(weight)

    def propagate(self, x):
        self.input, self.output = x, self.weight @ x
        Rectifier.f(self.output)
        return self.output

    def compute_update(self, gradient):
        Rectifier.g(gradient, self.output)
        self.update += np.outer(gradient, self.input)


def answer(W, a, Z, Y, eta):
    hidden, top = Layer(W), a.T / np.sqrt(len(W))
    residuals = np.empty_like(Y)
    for i, (x, y) in enumerate(zip(Z, Y, strict=True)):
        residuals[i] = top @ hidden.propagate(x) - y
        hidden.compute_update(top.T @ residuals[i])
    hidden.weight -= eta * hidden.update / len(Z)
    return hidden.weight, residuals, 0.5 * np.mean(np.sum(residuals**2, axis=1))
