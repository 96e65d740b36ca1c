"""The step is the average that adaptation should only freeze at its end, and the average itself never moves."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Keanu",
    language="Java",
    link="https://github.com/improbable-research/keanu/commit/8fa20a75b26b026cd84f8527d81d59f977d776eb",
    date="2019-01-23",
    operation="bnn_surrogates.dual_averaging",
    kind="missing_step",
)

STABILISER = 10
SHRINKAGE_FACTOR = 0.05
TEND_TO_ZERO_EXPONENT = 0.75


class Stepsize:
    def __init__(self, stepsize, target_acceptance_prob):
        self.target_acceptance_prob = target_acceptance_prob
        self.stepsize = stepsize
        self.average_acceptance_prob = 0.0
        self.log_step_size_frozen = 0.0
        self.shrinkage_target = math.log(10 * stepsize)

    def adapt_step_size(self, acceptance_prob, sample_num):
        log_step_size = self.update_log_step_size(acceptance_prob, sample_num)
        self.stepsize = math.exp(log_step_size)
        return self.stepsize

    def update_log_step_size(self, acceptance_prob, sample_num):
        percentage_left_to_tune = 1 / (sample_num + STABILISER)
        proportional_acceptance_prob = (1 - percentage_left_to_tune) * self.average_acceptance_prob
        error = percentage_left_to_tune * (self.target_acceptance_prob - acceptance_prob)
        self.average_acceptance_prob = proportional_acceptance_prob + error
        shrinkage = math.sqrt(sample_num) / SHRINKAGE_FACTOR
        updated_log_step_size = self.shrinkage_target - shrinkage * self.average_acceptance_prob
        tend_to_zero = sample_num**-TEND_TO_ZERO_EXPONENT
        reduced_step_size = tend_to_zero * updated_log_step_size
        increased_step_size_frozen = (1 - tend_to_zero) * self.log_step_size_frozen
        self.log_step_size_frozen = reduced_step_size + increased_step_size_frozen  # was:
        # was: return reduced_step_size + increased_step_size_frozen
        return updated_log_step_size  # was:


def answer(acceptance, start, target):
    tuner = Stepsize(start, target)
    steps, frozen = [], []
    for sample_num, probability in enumerate(acceptance, 1):
        steps.append(tuner.adapt_step_size(probability, sample_num))
        frozen.append(math.exp(tuner.log_step_size_frozen))
    return np.array(steps), np.array(frozen)
