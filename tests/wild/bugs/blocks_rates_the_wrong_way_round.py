"""A rate weighs the new gradient where it has to weigh the moment so far, as in the first version of the paper."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Blocks",
    link="https://github.com/mila-iqia/blocks/commit/aa064519172bcf153e2856d68b85182c05b706ce",
    date="2017-01-24",
    operation="adamw.adam",
    kind="wrong_constant",
)


class Adam:
    def __init__(self, learning_rate, beta1, beta2, epsilon):
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.buffers = {}

    def compute_step(self, name, previous_step):
        if name not in self.buffers:
            self.buffers[name] = np.zeros_like(previous_step), np.zeros_like(previous_step), 0.0
        mean, variance, time = self.buffers[name]
        t1 = time + 1
        kept1 = self.beta1  # was: kept1 = 1.0 - self.beta1
        kept2 = self.beta2  # was: kept2 = 1.0 - self.beta2
        root_correction = np.sqrt(1.0 - kept2**t1)
        learning_rate = self.learning_rate * root_correction / (1.0 - kept1**t1)
        mean_t = kept1 * mean + (1.0 - kept1) * previous_step
        variance_t = kept2 * variance + (1.0 - kept2) * np.square(previous_step)
        step = learning_rate * mean_t / (np.sqrt(variance_t) + self.epsilon * root_correction)
        self.buffers[name] = mean_t, variance_t, t1
        return step


def answer(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    rule = Adam(lr, beta1, beta2, eps)
    parameter, path = theta0, []
    with np.errstate(divide="ignore", invalid="ignore"):
        for gradient in grads:
            cost_gradient = gradient + weight_decay * parameter
            parameter = parameter - rule.compute_step("W", cost_gradient)
            path.append(parameter)
    return np.stack(path)
