"""Where a variable has no history yet, the whole gradient and its square become the history."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="MatrixSlow",
    link="https://github.com/zc911/MatrixSlow/commit/20355f7f417c48f6e3d62769b9c234a235537a31",
    date="2025-01-23",
    operation="adamw.adam",
    kind="wrong_scale",
)


class Variable:
    def __init__(self, value):
        self.value = value
        self.trainable = True

    def set_value(self, value):
        self.value = value


class Graph:
    def __init__(self, nodes):
        self.nodes = nodes


class Adam:
    def __init__(self, graph, learning_rate=0.01, beta_1=0.9, beta_2=0.99, small=1e-10):
        self.graph = graph
        self.learning_rate = learning_rate
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.small = small
        self.v = {}  # gradients so far
        self.s = {}  # their squares so far
        self.rounds = 0

    def _update(self, gradients):
        self.rounds += 1
        for node in self.graph.nodes:
            if isinstance(node, Variable) and node.trainable:
                gradient = gradients[node]
                if node not in self.s:
                    self.v[node] = (1 - self.beta_1) * gradient  # was: self.v[node] = gradient
                    # was: self.s[node] = np.power(gradient, 2)
                    self.s[node] = (1 - self.beta_2) * np.power(gradient, 2)  # was:
                else:
                    self.v[node] = self.beta_1 * self.v[node] + (1 - self.beta_1) * gradient
                    self.s[node] = self.beta_2 * self.s[node] + (1 - self.beta_2) * np.power(gradient, 2)
                v = self.v[node] / (1 - self.beta_1**self.rounds)
                s = self.s[node] / (1 - self.beta_2**self.rounds)
                node.set_value(node.value - self.learning_rate * v / (np.sqrt(s) + self.small))


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    w = Variable(theta0)
    optimizer = Adam(Graph([w]), lr, beta1, beta2, eps)
    values = []
    for grad in grads:
        optimizer._update({w: grad + weight_decay * w.value})
        values.append(w.value)
    return np.stack(values)
