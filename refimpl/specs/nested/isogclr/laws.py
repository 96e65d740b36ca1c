"""Checks of the operations of iSogCLR that need no answer."""

from functools import partial

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, doubled_along, related, reversed_along, scales, turned_along

_ROWS, _GRADIENTS = {"U1": 1, "U2": 1}, {"grad1": -1, "grad2": -1}
_lengths = partial(scales, _ROWS, _GRADIENTS, inside=2)  # rows have the same direction at any length: of squares


def _exchanged(pairs, *cases):
    """The two sides exchanged: what belongs to one goes to the other."""
    other = {name: twin for pair in pairs for name, twin in (pair, pair[::-1])}
    swap = lambda values: {name: values[twin] for name, twin in other.items() if twin in values}
    return related("exchanged", "the two sides exchanged exchange the answers", swap, swap, *cases)


_SIDES = ("U1", "U2"), ("grad1", "grad2")


def _tangent(run, inputs):
    """Each gradient stands at right angles to its row: no length is pulled."""
    out = run(**inputs)
    for side in (1, 2):
        rows, gradient = inputs[f"U{side}"], out[f"grad{side}"]
        along = array_namespace(rows).sum(rows * gradient, axis=1)
        yield along, 0.0 * along


def _absent(names, run, inputs):
    """Samples that are not in the batch stay what they are."""
    out = run(**inputs)
    xp, idx = array_namespace(inputs["idx"]), inputs["idx"]
    for name in names:
        place = xp.astype(xp.arange(inputs[name].shape[0]), idx.dtype)
        away = xp.all(place[:, None] != idx[None, :], axis=1)
        yield xp.where(away, out[f"new_{name}"], 0.0), xp.where(away, inputs[name], 0.0)


def _pulled_by_u(sides, run, inputs):
    """Between the bounds tau moves by -eta times the new u."""
    out = run(**{**inputs, "tau_min": 1e-3, "tau_max": 50.0})
    xp, idx = array_namespace(inputs["idx"]), inputs["idx"]
    for side in sides:
        place = xp.astype(xp.arange(inputs[f"tau{side}"].shape[0]), idx.dtype)
        there = xp.any(place[:, None] == idx[None, :], axis=1)
        moved = out[f"new_tau{side}"] - inputs[f"tau{side}"]
        yield moved, xp.where(there, -inputs["eta"] * out[f"new_u{side}"], 0.0)


def _radius(run, inputs):
    """rho enters the derivative in tau alone."""
    free = {**inputs, "clip": 50.0}
    before, after = run(**free), run(**{**free, "rho": inputs["rho"] + 0.25})
    xp, idx = array_namespace(inputs["idx"]), inputs["idx"]
    place = xp.astype(xp.arange(inputs["u"].shape[0]), idx.dtype)
    there = xp.any(place[:, None] == idx[None, :], axis=1)
    yield after["new_u"], before["new_u"] + xp.where(there, 0.25 * inputs["beta"], 0.0)
    yield after["grad1"], before["grad1"]


_STEPPED = "new-and-known"
STEP = (
    _lengths(_STEPPED),
    _exchanged(_SIDES, _STEPPED, "gap-new-and-known"),
    turned_along("k", _STEPPED, inputs=("U1", "U2"), outputs=("grad1", "grad2")),
    reversed_along("B", _STEPPED),
    Law("tangent", "no gradient has a part along its row", _tangent, ("gap-in-the-exponent",)),
    Law("absent", "samples that are not in the batch stay", partial(_absent, ("log_s", "tau", "u")), (_STEPPED,)),
    Law("along-u", "tau moves by -eta times the new u", partial(_pulled_by_u, ("",)), ("known-samples",)),
    Law("radius", "rho moves the new u by beta times as much, and no gradient", _radius, ("known-samples",)),
)  # fmt: skip

STEPS = (
    scales(_ROWS, {}, "two-steps-one-again", inside=2),
    related("exchanged", "the two views exchanged change nothing", lambda i: {"U1": i["U2"], "U2": i["U1"]},
            lambda o: {}, "two-steps-one-again"),
    reversed_along("B", "two-steps-one-again"),
    turned_along("k", "two-steps-one-again", inputs=("U1", "U2"), outputs=()),
    causal("T", "two-steps-one-again"),
)  # fmt: skip

_EVERY = tuple((f"{name}1", f"{name}2") for name in ("log_s", "tau", "u", "seen"))
_AFTER = tuple((f"new_{name}1", f"new_{name}2") for name in ("log_s", "tau", "u"))
_KEPT = tuple(f"{name}{side}" for name in ("log_s", "tau", "u") for side in (1, 2))
_PAIRED = "new-and-known"
BIMODAL = (
    _lengths(_PAIRED),
    _exchanged((*_SIDES, *_EVERY, *_AFTER), _PAIRED),
    turned_along("k", _PAIRED, inputs=("U1", "U2"), outputs=("grad1", "grad2")),
    reversed_along("B", _PAIRED),
    Law("tangent", "no gradient has a part along its row", _tangent, (_PAIRED,)),
    Law("absent", "pairs that are not in the batch stay", partial(_absent, _KEPT), (_PAIRED,)),
    Law("along-u", "tau moves by -eta times the new u", partial(_pulled_by_u, (1, 2)), ("known-pairs",)),
)

TAU_STAR = (
    related("offset", "a constant in all gaps changes nothing", lambda i: {"h": i["h"] + 2.0}, lambda o: {},
            "ten-gaps"),
    scales({"h": 1, "lo": 1, "hi": 1}, {"tau": 1}, "ten-gaps"),
    reversed_along("m", "ten-gaps"),
    doubled_along("m", "two-gaps"),
)  # fmt: skip


def _level(run, inputs):
    """rho enters the objective as 2 rho times the mean temperature, and no gradient in the rows."""
    xp, before = array_namespace(inputs["tau"]), run(**inputs)
    after = run(**{**inputs, "rho": inputs["rho"] + 0.5})
    yield after["loss"], before["loss"] + xp.mean(inputs["tau"])
    yield after["grad1"], before["grad1"]


RGCL = (
    _lengths("three-samples"),
    _exchanged(_SIDES, "three-samples", "two-samples"),
    turned_along("k", "three-samples", inputs=("U1", "U2"), outputs=("grad1", "grad2")),
    reversed_along("n", "three-samples"),
    Law("radius", "rho enters as twice its product with the mean temperature", _level, ("three-samples", "no-radius")),
)
NT_XENT = (
    _lengths("three-samples"),
    _exchanged(_SIDES, "three-samples"),
    turned_along("k", "three-samples", inputs=("U1", "U2"), outputs=("grad1", "grad2")),
    reversed_along("B", "three-samples"),
    Law("tangent", "no gradient has a part along its row", _tangent, ("three-samples",)),
)
CLIP = (
    _lengths("four-pairs"),
    _exchanged(_SIDES, "four-pairs"),
    turned_along("k", "four-pairs", inputs=("U1", "U2"), outputs=("grad1", "grad2")),
    reversed_along("B", "four-pairs"),
    Law("tangent", "no gradient has a part along its row", _tangent, ("four-pairs",)),
)
