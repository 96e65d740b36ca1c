"""The sum of the squares starts at one whatever the size of the gradients, to be sure that nothing is divided by 0."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Deeplearning4j",
    language="Java",
    link="https://github.com/deeplearning4j/deeplearning4j/issues/953",
    date="2016-05-04",
    operation="adadagrad.adagrad",
    kind="wrong_constant",
)


class AdaGrad:
    def __init__(self, learning_rate, epsilon, initial):
        self.learning_rate = learning_rate
        self.epsilon = epsilon
        self.initial = initial
        self.historical_gradient = None

    def get_gradient(self, gradient, iteration):
        if self.historical_gradient is None:
            # was: self.historical_gradient = np.ones(gradient.shape)
            self.historical_gradient = np.full(gradient.shape, self.initial)  # was:
        self.historical_gradient += gradient * gradient
        sqrt_history = np.sqrt(self.historical_gradient) + self.epsilon
        # lr * gradient / sqrt(sumSquaredGradients + epsilon)
        return gradient * (self.learning_rate / sqrt_history)


class AdaGradUpdater:
    def __init__(self, **conf):
        self.conf = conf
        self.for_variable = {}

    def update(self, params, gradients, iteration):
        for variable, gradient in gradients.items():
            ada_grad = self.for_variable.setdefault(variable, AdaGrad(**self.conf))
            params[variable] = params[variable] - ada_grad.get_gradient(gradient, iteration)


def answer(theta0, grads, alpha, v0, eps):
    updater = AdaGradUpdater(learning_rate=alpha, epsilon=eps, initial=v0)
    params, path = {"W": theta0}, []
    for iteration, gradient in enumerate(grads):
        updater.update(params, {"W": gradient}, iteration)
        path.append(params["W"])
    return np.stack(path)
