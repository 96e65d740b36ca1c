"""Groups of three networks that were trained from independent seeds, and what each search makes of them."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from refimpl.core import tree
from refimpl.core.random import stream
from refimpl.landscape import _weight_matching_models as models
from refimpl.landscape import weight_matching as wm

BLUE, ORANGE, GREEN, PINK, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "0.45"
COLORS = {"none": GRAY, "WM": ORANGE, "AM": GREEN, "STE": BLUE, "STE, 3 x": PINK}
NAMES = {
    "none": "as trained",
    "WM": "weight matching",
    "AM": "activation matching",
    "STE": "straight-through",
    "STE, 3 x": "straight-through, 3 x",
}
SHARES = np.linspace(0, 1, 11)
GROUPS = 2  # for each seed; of the straight-through search with three times the steps one
SET_UP = (
    "Handwritten digits, 1200 for training and 597 for the test; networks 64-256-256-10 with relu, He's initial scale "
    "times 1/2, Adam, 40 epochs."
)
REGIME = (
    "the regime: of four initial scales and decays half of He's scale was kept, for weight matching works best there"
)


class Group(NamedTuple):
    """Three networks and their data, in double precision."""

    a: list
    b: list
    c: list
    data: models.Data
    loss: Callable  # on the test data


@cache
def group(seed, g, scale=0.5, images=False):
    """Group g of a seed, trained in single precision."""
    single = models.split(like=np.zeros(1, dtype=np.float32), images=images)
    options = {"hidden": (16, 32, 32), "epochs": 25, "lr": 3e-3} if images else {}
    nets = []
    for who in "abc":
        rng = stream(seed, "weight_matching", g, who, scale, images)
        net = models.train(rng, single, scale=scale, **options)
        nets.append(tree.map(lambda x: x.astype(float), net))
    data, (a, b, c) = models.split(like=np.zeros(1), images=images), nets
    return Group(a, b, c, data, models.loss(data.x_test, data.labels_test))


@cache
def matched(seed, g, how, who="b", **options):
    """Permutations of network b or c towards a: "none", "WM", "AM", "STE" or "STE, 3 x" (three times the steps)."""
    found = group(seed, g, **options)
    other, rng = getattr(found, who), stream(seed, "weight_matching", g, who, "orders")
    if how == "none":
        return wm.identity(other)
    if how == "WM":
        return wm.match(found.a, other, wm.orders(rng, 100, len(other) - 1)).perms
    if how == "AM":
        return wm.match_activations(models.hidden(found.a, found.data.x), models.hidden(other, found.data.x))
    return _searched(seed, g, who)[449 if how == "STE, 3 x" else 149]


@cache
def _searched(seed, g, who):
    """Best permutations after each step of the straight-through search: 450 in the first group, 150 in others."""
    found, rng = group(seed, g), stream(seed, "weight_matching", g, who, "minibatches")
    return models.search(rng, found.a, getattr(found, who), found.data, steps=150 if g else 450).history["best"]


def moved(seed, g, how, who="b", **options):
    """The permuted network."""
    return wm.permute(getattr(group(seed, g, **options), who), matched(seed, g, how, who, **options))
