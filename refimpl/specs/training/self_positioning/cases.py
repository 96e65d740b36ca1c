"""Inputs of the operations of self_positioning under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _inputs(theta0, grads, lr=0.5, momentum=0.75):
    arrays = {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float)}
    return arrays | {"lr": lr, "momentum": momentum}


def sample(rng):
    """Short Gaussian runs."""
    rates = {"lr": float(rng.uniform(0.1, 1)), "momentum": float(rng.uniform(0, 0.9))}
    return _inputs(rng.standard_normal(3), rng.standard_normal((4, 3)), **rates)


TRAJECTORY = (
    Case("plain", ("basic",), "TODO: what is wrong with code that fails here", _inputs([1, 2], [[1, -1], [2, 0]])),
    Case("other-rates", ("wrong_constant",), "the rates come from the arguments", _inputs([1], [[1], [1]], 0.25, 0.5)),
    Case("no-momentum", ("boundary",), "momentum 0 is gradient descent", _inputs([1], [[1], [-2]], 0.5, 0.0)),
    Case(
        "three-hundred-steps",
        ("long",),
        "nothing wears off",
        _inputs([1], stream(0, "self_positioning", "long").standard_normal((300, 1)), 0.125),
    ),
    large("many-coordinates", "plain", "d"),
)
