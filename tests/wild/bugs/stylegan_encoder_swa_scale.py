"""In the running average the newest weights, not the average so far, are multiplied with the number of those before."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="stylegan-encoder",
    link="https://github.com/pbaylies/stylegan-encoder/issues/13",
    date="2019-08-05",
    operation="bo_rep.epoch_sgd",
    kind="wrong_constant",
)


class Network:
    def __init__(self, variables):
        self.vars = {"w": variables}

    def apply_swa(self, src_net, epoch):
        names = list(self.vars)
        scale_new_data = 1.0 / (epoch + 1)
        scale_moving_average = 1.0 - scale_new_data
        for name in names:
            # was: self.vars[name] = (src_net.vars[name] * epoch + self.vars[name]) / (epoch + 1)
            self.vars[name] = src_net.vars[name] * scale_new_data + self.vars[name] * scale_moving_average  # was:


def train(start, gradient, perturbations, alpha, radius):
    """Projected steps from the centre of a ball, and the average of their iterates."""
    y, average = start, Network(start)
    for epoch, perturbation in enumerate(perturbations):
        offset = y - alpha * (gradient(y) + perturbation) - start
        length = np.sqrt(offset @ offset)
        y = start + (offset if length <= radius else offset * (radius / length))
        average.apply_swa(Network(y), epoch)
    return average.vars["w"]


def answer(y, A, target, noise, epochs, first, alpha, radius):
    used = 0
    for s in range(epochs):
        steps = int(first) * 2**s
        y = train(y, lambda v: A @ (v - target), noise[used : used + steps], alpha / 2**s, radius / 2 ** (s / 2))
        used += steps
    return y
