"""The experiments behind the claims of the paper on self_positioning."""

import numpy as np

from refimpl.specs.base import Claim, Outcome, at_most
from refimpl.training import self_positioning


def _falls(seed):
    """Distance from the minimum of x^2 / 2 along a run. TODO: an experiment of the paper, drawn from `seed`."""
    params = np.ones(1)
    state, distances = self_positioning.init(params), []
    for _ in range(100):
        params, state = self_positioning.update(params, state, params, lr=0.1, momentum=0.5)
        distances.append(abs(float(params[0])))

    def plot(figure):
        axes = figure.subplots()
        axes.semilogy(distances)
        axes.set(xlabel="step", ylabel="distance from the minimum", title="TODO: the punch line")

    return Outcome([at_most("distance after 100 steps", distances[-1], 1e-3)], plot)


CLAIMS = (
    Claim(
        "self_positioning.C1",
        "TODO: the paper's words, with a bound set before looking",
        "TODO: theorem, figure, abstract",
        _falls,
        kind="rate",
        # control="what was run beside it at equal budget, and what that showed": superiority and efficiency need one
    ),
)
