"""Checks of one_byte's operations that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, related, reversed_along, scales, turned_along


def _other_half(code):
    """Codes 128 further, of 256; integers, without the noise under which tolerances are measured."""
    xp = array_namespace(code)
    return xp.round(xp.round(code + 128.0) % 256.0)


def _other_sign(outputs):
    code = outputs["code"]
    return {"code": array_namespace(code).where(code == 0, code, _other_half(code))}


def _next_code(run, inputs):
    """Away from both ends of the scale, where it is cut off."""
    before = run(**inputs)["code"]
    after = run(**inputs | {"offset": inputs["offset"] + 1})["code"]
    inside = array_namespace(before).abs(before % 128.0 - 64.0) < 62.5
    yield after * inside, (before + 1.0) * inside


def _shifted_scale(run, inputs):
    after = run(**inputs | {"offset": inputs["offset"] + 1})["g"]
    yield after, run(**inputs)["g"] * array_namespace(after).exp(-1.0 / (after * 0.0 + inputs["slope"]))


ENCODE = (
    apart("N", "factors-of-e", "zero"),
    related(
        "sign",
        "the other sign is 128 codes away; 0 has none",
        lambda i: {"g": -i["g"]},
        _other_sign,
        "factors-of-e",
        "small-slopes",
        "beside-thresholds",
        "zero",
    ),
    Law("next-code", "an offset larger by 1 is the next code", _next_code, ("factors-of-e", "small-slopes")),
)

DECODE = (
    apart("N", "powers-of-e", "nothing"),
    related(
        "sign",
        "128 codes away is the other sign",
        lambda i: {"code": (i["code"] + 128) % 256},
        lambda o: {"g": -o["g"]},
        "every-byte",
        "other-scale",
    ),
    Law(
        "shifted-scale",
        "an offset larger by 1 divides by e^(1 / slope)",
        _shifted_scale,
        ("powers-of-e", "other-scale"),
    ),
)

PROJECTED = (
    apart("N", "by-hand"),
    odd("by-hand", "usual-eps"),
    scales({"loss_plus": 1, "loss_minus": 1, "eps": 1}, {}, "by-hand", "usual-eps"),
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
    scales({"w": 1, "b": 1, "eps": 1}, {"g": 1}, "lopsided", inside=2),  # the loss
)

UPDATE = (
    apart("d", "mixed"),
    odd("mixed", "root-of-four", inputs=("w", "z")),
    turned_along("d", "mixed"),
    scales({"w": 1, "z": 1}, {"new_w": 1}, "mixed", "by-hand"),
    reversed_along("N", "mixed", "root-of-four"),
)

REPLAY = (
    apart("d", "shuffled"),
    causal("T", "shuffled", "two-samples-each", "one-leaves"),
    odd("shuffled", inputs=("w0", "z")),
    scales({"w0": 1, "z": 1}, {"w": 1}, "shuffled"),
    reversed_along("N", "shuffled", "one-leaves", slug="any-arrival"),
)

ROUNDS = (
    causal("T", "two-machines", "one-joins"),
    turned_along("d", "two-machines", outputs=("w",)),
    related("any-eps", _ANY_EPS, lambda i: {"eps": 2.0 * i["eps"]}, lambda o: {}, "two-machines", "one-joins"),
    odd("two-machines", inputs=("w0", "z", "b"), outputs=("w",)),
    scales({"w0": 1, "b": 1, "z": -1, "eps": 2, "eta": 2}, {"w": 1}, "two-machines"),
)
