"""Times, colours and samples that the claims share."""

from typing import Any

import numpy as np

from refimpl.generative import _interpolants_models as models
from refimpl.generative import interpolants
from refimpl.models import mixture

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.6"
FIVE: tuple[dict[str, Any], ...] = (
    {"path": "linear", "gamma": "brownian"},
    {"path": "linear", "gamma": "quadratic"},
    {"path": "trig", "gamma": "brownian"},
    {"path": "trig", "gamma": "quadratic"},
    {"path": "enc_dec", "gamma": "sine_squared"},
)
C1_SET_UP = (
    "Mixtures of two and of three normal laws on the line, .4 N(-2, .25) + .6 N(1, .16) to .3 N(-3, .09) + "
    ".5 N(0, .25) + .2 N(3, .09) (variances), fields exact."
)


def cosine(steps, low=0.0, high=1.0):
    """Times that lie closer at both ends."""
    return low + (high - low) * (1 - np.cos(np.pi * np.arange(steps + 1) / steps)) / 2


def drawn(rng, n, law):
    """Samples [n, 1]."""
    return mixture.sample(rng, n, law)[0]


def run(rng, flow, start, times, kind, epsilon=0.0):
    """A sampler with noise of its own."""
    noise = None if kind == "rk4" else rng.standard_normal((len(times) - 1, *start.shape))
    return interpolants.sample(flow, start, times, kind=kind, epsilon=epsilon, noise=noise).state


GRID = np.linspace(-7, 7, 1401)


def density(flow, t, x=GRID):
    """Of x_t."""
    return np.exp(flow(t, x[:, None]).log_density)


def evolved(fields, epsilon, start, steps=400):
    """Density at t = 1 of the SDE with these fields."""

    def drift(t, x):
        f = fields(t, x[:, None])
        return (f.b + epsilon * f.s)[:, 0]

    return models.fokker_planck(drift, epsilon, start, GRID, np.linspace(0, 1, steps + 1))
