"""The learning rate stands for its root as the deviation of the noise."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="Edward",
    link="https://github.com/blei-lab/edward/issues/722",
    date="2017-08-10",
    operation="diffusion.sampler_step",
    kind="missing_step",
)


class SGLD:
    """Stochastic gradient Langevin dynamics."""

    def __init__(self, step_size):
        self.step_size, self.n_iter = step_size, 0

    def update(self, old_sample, grad_log_joint, draws):
        learning_rate = self.step_size
        normal = draws * np.sqrt(learning_rate)  # was: normal = draws * learning_rate
        sample = old_sample + 0.5 * learning_rate * grad_log_joint + normal
        self.n_iter += 1
        return sample


def answer(kind, x, score, t, u, xi, eta):
    if kind != "em":
        raise NotApplicable("Langevin steps alone")
    return SGLD(t - u).update(x, x + 2 * score, xi)
