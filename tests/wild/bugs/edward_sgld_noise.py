"""The noise has the step size for its standard deviation, which should be its variance."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Edward",
    link="https://github.com/blei-lab/edward/issues/722",
    date="2017-08-10",
    operation="meco.langevin",
    kind="wrong_scale",
)


class Normal:
    """Takes its draws one after the other from a stream."""

    def __init__(self, stream, loc, scale):
        self.stream, self.loc, self.scale = stream, loc, scale

    def sample(self):
        return self.loc + self.scale * next(self.stream)


class SGLD:
    def __init__(self, log_joint_grad, step_size, stream):
        self.log_joint_grad, self.step_size, self.stream = log_joint_grad, step_size, stream

    def update(self, old_sample):
        learning_rate = self.step_size
        grad_log_joint = self.log_joint_grad(old_sample)
        # was: normal = Normal(self.stream, loc=0.0, scale=learning_rate)
        normal = Normal(self.stream, loc=0.0, scale=np.sqrt(learning_rate))  # was:
        return old_sample + 0.5 * learning_rate * grad_log_joint + normal.sample()


def answer(start, noise, mean, precision, step):
    inference = SGLD(lambda z: -precision * (z - mean), step, iter(noise))
    sample, trace = start, []
    for _ in noise:
        sample = inference.update(sample)
        trace.append(sample)
    return np.stack(trace)
