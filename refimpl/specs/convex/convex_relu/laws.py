"""Checks of convex ReLU training that need no answer."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, related, reversed_along, scaled, scales, turned_along


def _shorter(run, inputs):
    """One step less gives the same but for the last one."""
    whole, shorter = run(**inputs), run(**{**inputs, "steps": inputs["steps"] - 1})
    for name, path in shorter.items():
        yield path, whole[name][:-1, ...]


def _steps_follow(*cases):
    return Law("steps-follow", "a shorter run is the beginning of a longer one", _shorter, cases)


def _opposite(inputs):
    xp, y = array_namespace(inputs["y"]), inputs["y"]
    return {"y": xp.astype(y == 0, y.dtype) if inputs.get("loss") == "cross_entropy" else -y}


def _halves_swapped(*cases):
    return related(
        "halves-swapped",
        "negated targets (the other class) swap v and w",
        _opposite,
        lambda outputs: {name: array_namespace(x).flip(x, axis=1) for name, x in outputs.items()},
        *cases,
    )


def _points(*cases):
    return reversed_along("n", *cases, slug="points-reordered")


def _patterns(*cases):
    return reversed_along("P", *cases, slug="patterns-reordered")


def _directions(*cases):
    return scales({"draws": 1}, {}, *cases, slug="scale-of-the-draws")


# ADMM -----------------------------------------------------------------------------------------------------------------


def _decay_wins(run, inputs):
    xp, v = array_namespace(inputs["y"]), run(**{**inputs, "beta": 1e6})["v"]
    yield v, xp.zeros_like(v)


def _others_stay(run, inputs):
    xp = array_namespace(inputs["blocks"])
    u = run(**{**inputs, "blocks": xp.zeros_like(inputs["blocks"])})["u"]
    yield u[:, :, :, 1:], xp.zeros_like(u[:, :, :, 1:])


def _blocks_renamed(inputs):
    xp, last = array_namespace(inputs["D"]), inputs["D"].shape[1] - 1
    return {"D": xp.flip(inputs["D"], axis=1), "blocks": last - inputs["blocks"]}


ADMM = (
    scales({"y": 1, "beta": 1}, {"u": 1, "v": 1}, "worked-example"),
    _halves_swapped("three-features"),
    _points("three-features"),
    _patterns("three-features"),
    turned_along("d", "worked-example"),
    Law("decay-wins", "a huge decay leaves v = 0", _decay_wins, ("worked-example",)),
    _steps_follow("small-dual-step"),
)
RBCD = (
    scales({"y": 1, "beta": 1}, {"u": 1, "v": 1}, "worked-example", inside=2),  # Armijo's rule looks at squares
    _halves_swapped("cross-entropy"),
    _points("worked-example"),
    related(
        "patterns-reordered",
        "patterns in another order, blocks renamed",
        _blocks_renamed,
        lambda outputs: {name: array_namespace(x).flip(x, axis=3) for name, x in outputs.items()},
        "worked-example",
    ),
    turned_along("d", "worked-example"),
    causal("K", "three-outer-steps"),
    Law("others-stay", "blocks that are not named stay zero", _others_stay, ("worked-example",)),
)


# Patterns -------------------------------------------------------------------------------------------------------------


def _draws_repeated(run, inputs):
    xp, draws = array_namespace(inputs["draws"]), inputs["draws"]
    yield run(**{**inputs, "draws": xp.concat([draws, xp.flip(draws, axis=0)])})["D"], run(**inputs)["D"]


def _complements(run, inputs):
    xp, D = array_namespace(inputs["X"]), run(**inputs)["D"]
    yield xp.flip(D, axis=1), 1.0 - D


def _a_copy_is_drawn(run, inputs):
    """Without features to attack every copy is the data itself."""
    xp = array_namespace(inputs["mask"])
    masked = run(**{**inputs, "mask": xp.zeros_like(inputs["mask"])})
    yield masked["D"], run(**{**inputs, "epsilon": 0.0})["D"]


PATTERNS = (
    _directions("worked-example", "many-draws"),
    scales({"X": 1}, {}, "worked-example", "many-draws", slug="scale-of-the-points"),
    _points("worked-example", "many-draws"),
    scaled("both-negated", "data and draws negated", -1.0, {"X": 1, "draws": 1}, {}, "worked-example", "many-draws"),
    Law("draws-repeated", "draws that come again add nothing", _draws_repeated, ("worked-example", "many-draws")),
)
ALL_PATTERNS = (
    Law("complements", "of each pattern the opposite is there", _complements, ("general-position",)),
    scales({"X": 1}, {}, "worked-example"),
    turned_along("d", "worked-example"),
)
ROBUST_PATTERNS = (
    _directions("square", "long-shifts"),
    _points("square", "long-shifts"),
    scales({"shifts": 1}, {}, "square", "long-shifts", slug="scale-of-the-shifts"),
    scales({"X": 1, "epsilon": 1}, {}, "square", "long-shifts", slug="scale-of-the-points"),
    Law("harmless", "an empty mask is as good as epsilon = 0", _a_copy_is_drawn, ("square", "long-shifts")),
)


# Networks -------------------------------------------------------------------------------------------------------------


def _same_function(run, inputs):
    """The linear parts of all neurons add up to those of all blocks."""
    network, xp = run(**inputs), array_namespace(inputs["weights"])
    weights = inputs["weights"]
    yield network["first"] @ network["second"], xp.sum(weights[0, :, :] - weights[1, :, :], axis=1)


def _balanced(run, inputs):
    """Both layers of a neuron have the same norm, and its square is the norm of the block."""
    network, xp = run(**inputs), array_namespace(inputs["weights"])
    squares = network["second"] ** 2
    yield xp.sum(network["first"] ** 2, axis=0), squares
    yield xp.sum(squares), xp.sum(xp.sqrt(xp.sum(inputs["weights"] ** 2, axis=1)))


RECOVER = (
    scales({"weights": 2}, {"first": 1, "second": 1}, "three-neurons", "gaussian"),
    Law("same-function", "the neurons add up to v - w", _same_function, ("three-neurons", "gaussian")),
    Law("balanced", "both layers have the same norm", _balanced, ("three-neurons", "gaussian")),
)
VALUES = (
    _points("outside-the-cones", "cross-entropy"),
    _patterns("outside-the-cones", "cross-entropy"),
    turned_along("d", "outside-the-cones", "cross-entropy"),
    scales({"X": -1, "weights": 1, "beta": -1}, {}, "outside-the-cones", "cross-entropy", slug="scale-of-the-points"),
    scales({"y": 1, "weights": 1, "beta": 1}, {"program": 2, "outputs": 1, "network": 2}, "outside-the-cones"),
)
SCP = (
    scales({"y": 1, "beta": 1}, {"alpha": 1}, "restarts", inside=2),  # the restart asks for an inner product
    scales({"X": 1, "beta": 1}, {"alpha": -1}, "restarts", inside=2, slug="scale-of-the-points"),
    odd("worked-example", inputs=("y",)),
    _directions("worked-example"),
    _points("worked-example"),
    reversed_along("N", "worked-example", slug="neurons-reordered"),
    _steps_follow("worked-example"),
)


# Adversarial training -------------------------------------------------------------------------------------------------


def _harmless_attacks(run, inputs):
    xp = array_namespace(inputs["mask"])
    masked, still = run(**{**inputs, "mask": xp.zeros_like(inputs["mask"])}), run(**{**inputs, "epsilon": 0.0})
    for name in masked:
        yield masked[name], still[name]


def _without_weights(run, inputs):
    xp, y = array_namespace(inputs["y"]), inputs["y"]
    losses = {"hinge": xp.ones_like(y), "squared": 0.5 * y.shape[0] * y * y, "logistic": math.log(2) + 0 * y}
    got = run(**{**inputs, "weights": xp.zeros_like(inputs["weights"])})
    yield got["value"], xp.mean(losses[inputs["loss"]])
    yield got["slacks"], xp.zeros_like(got["slacks"])


def _idempotent(run, inputs):
    once = run(**inputs)
    twice = run(**{**inputs, "a": once["theta"], "b": once["phi"]})
    for name in once:
        yield twice[name], once[name]


_LOSSES = ("hinge", "squared", "logistic")

CERTIFIED = (
    scales({"X": -1, "weights": 1, "epsilon": -1, "beta": -1}, {}, *_LOSSES, slug="scale-of-the-points"),
    scales({"y": 1, "weights": 1, "beta": 1}, {"value": 2, "slacks": 1}, "squared"),
    _points(*_LOSSES),
    _patterns("hinge", "squared"),
    Law("harmless", "an empty mask is as good as epsilon = 0", _harmless_attacks, _LOSSES),
    Law("without-weights", "without weights the loss is known", _without_weights, _LOSSES),
)
CONE = (
    scales({"a": 1, "b": 1, "cap": 1}, {"theta": 1, "phi": 1}, "one-of-each-kind", "wide-cone"),
    odd("one-of-each-kind", "wide-cone", inputs=("b",), outputs=("phi",)),
    reversed_along("d", "one-of-each-kind", "wide-cone"),
    apart("m", "one-of-each-kind"),
    Law("idempotent", "a projected pair stays", _idempotent, ("one-of-each-kind", "wide-cone")),
)
ADVERSARIAL = (
    scales({"y": 1, "beta": 1}, {"weights": 1}, "squared"),
    _points("hinge"),
    _patterns("squared"),
    reversed_along("d", "hinge", slug="features-reordered"),
    _halves_swapped("squared"),
    _steps_follow("logistic"),
)
