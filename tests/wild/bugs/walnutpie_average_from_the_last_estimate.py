"""The average takes in the last estimate in place of the last average."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="walnutpie",
    language="C++",
    link="https://github.com/flatironinstitute/walnutpie/issues/27",
    date="2025-09-06",
    operation="bnn_surrogates.dual_averaging",
    kind="wrong_order",
)


class DualAverage:
    def __init__(self, step_size_init, target_accept_rate, iteration_offset=10.0, learning_rate=0.05, decay_rate=0.75):
        self.log_est = math.log(step_size_init)
        self.log_est_avg = 0.0
        self.grad_avg = 0.0
        self.obs_count = 1.0
        self.log_step_offset = math.log(10 * step_size_init)
        self.target_accept_rate = target_accept_rate
        self.iteration_offset = iteration_offset
        self.learning_rate = learning_rate
        self.decay_rate = decay_rate

    def observe(self, alpha):
        prop = 1.0 / (self.obs_count + self.iteration_offset)
        self.grad_avg = (1.0 - prop) * self.grad_avg + prop * (self.target_accept_rate - alpha)
        last_log_est = self.log_est
        self.log_est = self.log_step_offset - math.sqrt(self.obs_count) / self.learning_rate * self.grad_avg
        prop2 = self.obs_count**-self.decay_rate
        # was: self.log_est_avg = prop2 * self.log_est + (1.0 - prop2) * last_log_est
        self.log_est_avg = prop2 * self.log_est + (1.0 - prop2) * self.log_est_avg  # was:
        self.obs_count += 1
        return last_log_est

    def step_size(self):
        return math.exp(self.log_est)


def answer(acceptance, start, target):
    average, steps = DualAverage(start, target), np.empty((2, len(acceptance)))
    for at, alpha in enumerate(acceptance):
        average.observe(alpha)
        steps[:, at] = average.step_size(), math.exp(average.log_est_avg)
    return steps[0], steps[1]
