"""The losses are weighed with the perturbation in place of its sign, so the slope is too small by its size."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="CleverHans",
    link="https://github.com/cleverhans-lab/cleverhans/issues/1087",
    date="2019-07-12",
    operation="one_byte.projected_gradient",
    kind="wrong_scale",
)


def reduce_mean(x, axis):
    return np.mean(x, axis=axis)


class SPSAAdam:
    def __init__(self, delta=0.01, num_samples=1):
        self._delta = delta
        self._num_samples = num_samples

    def _get_delta(self, count):
        """Along one direction: to one side, as often as there are points."""
        return self._delta * np.ones((self._num_samples, count))

    def _compute_gradients(self, loss_fn, count):
        delta = self._delta
        delta_x = self._get_delta(count)
        delta_x = np.concatenate([delta_x, -delta_x], axis=0)
        loss_vals = loss_fn(delta_x)
        # was: return reduce_mean(loss_vals * delta_x, axis=0) / delta
        return reduce_mean(loss_vals * np.sign(delta_x), axis=0) / delta  # was:


def answer(loss_plus, loss_minus, eps):
    def loss_fn(delta_x):
        return np.where(delta_x > 0, loss_plus, loss_minus)

    return SPSAAdam(eps)._compute_gradients(loss_fn, len(loss_plus))
