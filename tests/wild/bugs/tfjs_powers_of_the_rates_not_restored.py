"""An optimizer that goes on from saved moments has the powers of its rates start anew."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="TensorFlow.js",
    language="TypeScript",
    link="https://github.com/tensorflow/tfjs-core/commit/9254be715b3c5fa6b295fea3d9dcad175f3c0727",
    date="2019-05-02",
    operation="adamw.step",
    kind="missing_step",
)


class AdamOptimizer:
    def __init__(self, learning_rate, beta1, beta2, epsilon):
        self.learning_rate, self.beta1, self.beta2, self.epsilon = learning_rate, beta1, beta2, epsilon
        self.accumulated_first_moment = []
        self.accumulated_second_moment = []
        self.iterations_ = 0
        self.acc_beta1 = beta1
        self.acc_beta2 = beta2

    def apply_gradients(self, variables, gradients):
        one_minus_acc_beta1 = 1 - self.acc_beta1
        one_minus_acc_beta2 = 1 - self.acc_beta2
        for i, (value, gradient) in enumerate(zip(variables, gradients, strict=True)):
            first, second = self.accumulated_first_moment[i], self.accumulated_second_moment[i]
            new_first = first * self.beta1 + gradient * (1 - self.beta1)
            new_second = second * self.beta2 + gradient**2 * (1 - self.beta2)
            bias_corrected_first = new_first / one_minus_acc_beta1
            bias_corrected_second = new_second / one_minus_acc_beta2
            self.accumulated_first_moment[i] = new_first
            self.accumulated_second_moment[i] = new_second
            step = bias_corrected_first / (np.sqrt(bias_corrected_second) + self.epsilon)
            variables[i] = value - self.learning_rate * step
        self.acc_beta1 *= self.beta1
        self.acc_beta2 *= self.beta2
        self.iterations_ += 1

    def set_weights(self, weight_values):
        self.iterations_, *weights = weight_values
        self.acc_beta1 = self.beta1 ** (self.iterations_ + 1)  # was:
        self.acc_beta2 = self.beta2 ** (self.iterations_ + 1)  # was:
        count = len(weights) // 2
        self.accumulated_first_moment = weights[:count]
        self.accumulated_second_moment = weights[count:]


def answer(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
    optimizer = AdamOptimizer(lr, beta1, beta2, eps)
    optimizer.set_weights([int(steps), m, v])
    variables = [theta * (1 - lr * weight_decay)]
    optimizer.apply_gradients(variables, [grad])
    return variables[0], optimizer.accumulated_first_moment[0], optimizer.accumulated_second_moment[0]
