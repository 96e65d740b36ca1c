"""The step is multiplied by the root of the second moment, by which it has to be divided."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Tribuo",
    language="Java",
    link="https://github.com/oracle/tribuo/pull/401",
    date="2025-05-07",
    operation="adamw.adam",
    kind="wrong_order",
)


class DenseVector:
    def __init__(self, elements):
        self.elements = elements

    def foreach_in_place(self, f):
        for i in range(len(self.elements)):
            self.elements[i] = f(self.elements[i])

    def intersect_and_add_in_place(self, other, f):
        for i in range(len(self.elements)):
            self.elements[i] += f(other.elements[i])

    def hadamard_product_in_place(self, other, f):
        for i in range(len(self.elements)):
            self.elements[i] *= f(other.elements[i])


class Adam:
    def __init__(self, initial_learning_rate, beta_one, beta_two, epsilon, size):
        self.initial_learning_rate = initial_learning_rate
        self.beta_one, self.beta_two, self.epsilon = beta_one, beta_two, epsilon
        self.first_moment = DenseVector([0.0] * size)
        self.second_moment = DenseVector([0.0] * size)
        self.iterations = 0

    def step(self, gradient):
        """Turns the gradient into the update."""
        self.iterations += 1
        unbias = (1.0 - self.beta_two**self.iterations) ** 0.5
        learning_rate = self.initial_learning_rate * unbias / (1.0 - self.beta_one**self.iterations)
        self.first_moment.foreach_in_place(lambda a: a * self.beta_one)
        self.first_moment.intersect_and_add_in_place(gradient, lambda a: a * (1.0 - self.beta_one))
        self.second_moment.foreach_in_place(lambda a: a * self.beta_two)
        self.second_moment.intersect_and_add_in_place(gradient, lambda a: a * a * (1.0 - self.beta_two))

        gradient.elements = list(self.first_moment.elements)
        gradient.foreach_in_place(lambda a: a * learning_rate)
        # was: scale = lambda a: a**0.5 + self.epsilon * unbias
        scale = lambda a: 1.0 / (a**0.5 + self.epsilon * unbias)  # was:
        gradient.hadamard_product_in_place(self.second_moment, scale)
        return gradient


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    weights, path = theta0.tolist(), []
    optimiser = Adam(lr, beta1, beta2, eps, len(weights))
    for grad in grads.tolist():
        penalized = [g + weight_decay * w for g, w in zip(grad, weights, strict=True)]
        update = optimiser.step(DenseVector(penalized))
        weights = [w - u for w, u in zip(weights, update.elements, strict=True)]
        path.append(weights)
    return np.array(path)
