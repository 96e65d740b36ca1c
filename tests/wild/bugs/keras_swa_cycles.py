"""The running average is divided by the epochs since its start, while it counts one set of weights for each cycle."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="keras-swa",
    link="https://github.com/simon-larsson/keras-swa/issues/10",
    date="2021-09-28",
    operation="bo_rep.epoch_sgd",
    kind="wrong_scale",
)


class SWA:
    def __init__(self, start_epoch, swa_freq):
        self.start_epoch, self.swa_freq = start_epoch, swa_freq
        self.swa_weights = None

    @property
    def is_started(self):
        return self.swa_weights is not None

    def _average_weights(self, epoch, weights):
        # was: count = (epoch - self.start_epoch) + 1
        count = (epoch - self.start_epoch) / self.swa_freq + 1  # was:
        return (self.swa_weights * ((epoch - self.start_epoch) / self.swa_freq) + weights) / count

    def on_epoch_end(self, epoch, weights):
        if epoch < self.start_epoch or (epoch - self.start_epoch) % self.swa_freq:
            return
        self.swa_weights = self._average_weights(epoch, weights) if self.is_started else weights


def answer(y, A, target, noise, epochs, first, alpha, radius):
    rows = iter(noise)
    for stage in range(epochs):
        # a cycle of three epochs, at whose end the weights have moved once
        callback = SWA(start_epoch=3, swa_freq=3)
        rate, reach, weights = alpha * 0.5**stage, radius * 0.5 ** (stage / 2), y
        for cycle in range(1, first * 2**stage + 1):
            weights = weights - rate * (A @ (weights - target) + next(rows))
            distance = np.linalg.norm(weights - y)
            if distance > reach:
                weights = y + (weights - y) * (reach / distance)
            callback.on_epoch_end(3 * cycle, weights)
        y = callback.swa_weights
    return y
