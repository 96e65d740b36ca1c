"""Checks of one_byte's operations that need no answer."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.specs.laws import apart, causal, odd, related, reversed_along, scaled, turned_along


def _integers(x):
    """A sum of integers, without the noise under which tolerances are measured."""
    return array_namespace(x).round(x)


ENCODE = (
    apart("N", "powers-of-e", "zero"),
    related(
        "sign",
        "the other sign is 128 codes away",
        lambda i: {"g": -i["g"]},
        lambda o: {"code": (o["code"] + 128.0) % 256.0},
        "powers-of-e",
        "small-slopes",
        "next-to-a-threshold",
    ),
    related(
        "next-code",
        "a factor of e^(1 / slope) is the next code",
        lambda i: {"g": i["g"] * math.exp(1.0 / i["slope"])},
        lambda o: {"code": o["code"] + 1.0},
        "powers-of-e",
        "small-slopes",
    ),
)

DECODE = (
    apart("N", "powers-of-e", "nothing"),
    related(
        "sign",
        "128 codes away is the other sign",
        lambda i: {"code": _integers((i["code"] + 128.0) % 256.0)},
        lambda o: {"g": -o["g"]},
        "every-byte",
        "other-scale",
    ),
    related(
        "next-code",
        "the next code is a factor of e^(1 / slope), here with slope 8",
        lambda i: {"code": _integers(i["code"] + 1.0)},
        lambda o: {"g": o["g"] * math.exp(0.125)},
        "powers-of-e",
    ),
)

PROJECTED = (
    apart("N", "by-hand"),
    odd("by-hand", "usual-eps"),
    scaled("eps", "four times the eps is a quarter of the slope", 4.0, {"eps": 1}, {"g": -1}, "by-hand", "usual-eps"),
    related(
        "exchanged",
        "exchanged losses give the other sign",
        lambda i: {"loss_plus": i["loss_minus"], "loss_minus": i["loss_plus"]},
        lambda o: {"g": -o["g"]},
        "by-hand",
        "large-eps",
    ),
)

_ANY_EPS = "another eps gives the same slopes, as the third derivative is 0"
SPSA = (
    apart("N", "by-hand", "lopsided"),
    turned_along("d", "lopsided", "by-hand"),
    related("any-eps", _ANY_EPS, lambda i: {"eps": 2.0 * i["eps"]}, lambda o: {}, "lopsided", "by-hand"),
    odd("lopsided", inputs=("z",)),
)

UPDATE = (
    apart("d", "mixed"),
    odd("mixed", "root-of-four", inputs=("w", "z")),
    turned_along("d", "mixed"),
    scaled("scale", "parameters and directions times 4", 4.0, {"w": 1, "z": 1}, {"new_w": 1}, "mixed", "by-hand"),
    reversed_along("N", "mixed", "root-of-four"),
)

REPLAY = (
    apart("d", "shuffled"),
    causal("T", "shuffled", "two-samples-each", "one-leaves"),
    odd("shuffled", inputs=("w0", "z")),
    reversed_along("N", "shuffled", "one-leaves", slug="any-arrival"),
)

ROUNDS = (
    causal("T", "two-machines", "one-joins"),
    turned_along("d", "two-machines", outputs=("w",)),
    related("any-eps", _ANY_EPS, lambda i: {"eps": 2.0 * i["eps"]}, lambda o: {}, "two-machines", "one-joins"),
    odd("two-machines", inputs=("w0", "z", "b"), outputs=("w",)),
)
