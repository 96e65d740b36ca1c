"""Checks of the operations on dictionaries that need no answer."""

from functools import partial

import numpy as np

from refimpl.convex import sdl
from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.convex.sdl.cases import samples
from refimpl.specs.laws import apart, reversed_along, scaled, scales, turned_along


def _states(found, names, like):
    """What a run went through, step by step."""
    xp = array_namespace(like)
    paths = [xp.asarray(found[name], dtype=like.dtype) for name in names]
    return [tuple(path[i, ...] for path in paths) for i in range(paths[0].shape[0])]


def _shorter(run, inputs):
    whole, shorter = run(**inputs), run(**{**inputs, "steps": inputs["steps"] - 1})
    for name, part in shorter.items():
        yield part, whole[name][: inputs["steps"] - 1, ...]


def causal(*cases):
    """Without its last step a run is the same up to there."""
    return Law("causal", "a run without its last step is the same up to there", _shorter, cases)


def _rises(values):
    """By how much each value is above the one before it, and 0."""
    xp = array_namespace(values)
    rise = xp.clip(values[1:] - values[:-1], min=0.0)
    return rise, 0 * rise


# Lifted projected gradient descent ------------------------------------------------------------------------------


def _low_rank(kind, run, inputs):
    for A, B in _states(run(**inputs), ("As", "Bs"), inputs["x"]):
        stacked = array_namespace(A).concat([A, B], axis=int(kind == "filter"))
        rest = array_namespace(A).linalg.svdvals(stacked)[inputs["rank"] :]
        yield rest, 0 * rest


def _descends(kind, run, inputs):
    settings = {"xi": inputs["xi"], "nu": inputs["nu"], "kind": kind}
    data = samples(inputs["x"], inputs["covariates"], inputs["labels"], inputs["gamma0"].shape[1])
    start = sdl.zeros(data, kind=kind)
    step_size = 1 / float(sdl.curvature(data, **settings)[1])
    named = dict(zip(("A0", "B0", "gamma0"), start, strict=True))
    found = run(**{**inputs, **named, "step_size": step_size, "steps": 2})
    states = [start, *(sdl.Lifted(*state) for state in _states(found, ("As", "Bs", "gammas"), inputs["x"]))]
    xp = array_namespace(inputs["x"])
    yield _rises(xp.stack([sdl.lifted_objective(state, data, **settings) for state in states]))


def lpgd(kind):
    """Laws of a model's descent."""
    return (
        turned_along("p", "three-classes"),
        reversed_along("n", "three-classes"),
        causal("three-classes"),
        Law(
            "low-rank",
            "the stacked matrix of A and B has rank r at most",
            partial(_low_rank, kind),
            ("more-features-than-samples",),
        ),
        Law(
            "descent",
            "from zero with step size 1 / L the loss never rises",
            partial(_descends, kind),
            ("three-classes",),
        ),
    )


# Gradient, constants --------------------------------------------------------------------------------------------


def _slope_of_the_value(run, inputs):
    """Central difference of the loss along a fixed direction; its own error is part of the measured tolerance."""
    xp, h = array_namespace(inputs["x"]), 2.0**-8
    there = run(**inputs)
    for name in sdl.BLOCKS:
        rows, columns = inputs[name].shape
        direction = xp.asarray(np.cos(np.arange(1.0, rows * columns + 1)).reshape(rows, columns))
        direction = xp.astype(direction, inputs["x"].dtype)
        up, down = (run(**{**inputs, name: inputs[name] + s * h * direction})["value"] for s in (1.0, -1.0))
        yield (up - down) / (2 * h), xp.sum(there[f"grad_{name}"] * direction)


def _only_products_count(run, inputs):
    powers = {"W": 1, "H": -1, "beta": -1 if inputs["kind"] == "filter" else 1}
    slopes = {f"grad_{name}": -power for name, power in powers.items()}
    yield from scaled("", "", 4.0, powers, slopes).pairs(run, {**inputs, "nu": 0.0})


GRADIENT = (
    Law(
        "derivative",
        "central differences of the loss are what the gradients say",
        _slope_of_the_value,
        ("worked-filter",),
    ),
    Law(
        "products",
        "without ridge W times 4, H / 4 and beta to match give the same loss, and gradients to match",
        _only_products_count,
        ("worked-filter", "gaussian-feature"),
    ),
    scales({"x": 1, "W": -1, "H": 2, "xi": -2}, {"grad_W": 1, "grad_H": -2}, "no-ridge", inside=4),  # squares of H
    scales({"covariates": 1, "gamma": -1}, {"grad_gamma": 1}, "no-ridge", inside=2, slug="scale-of-the-covariates"),
    turned_along("p", "gaussian-feature"),
    reversed_along("n", "gaussian-filter"),
    reversed_along("r", "gaussian-feature", slug="atoms"),
)
CONSTANTS = (
    turned_along("p", "three-classes-filter"),
    reversed_along("n", "three-classes-feature"),
    scales(
        {"x": 1, "covariates": 1, "xi": 2, "nu": 2},
        dict.fromkeys(("mu", "L", "L_W", "L_H", "L_beta", "L_gamma"), 2),
        "three-classes-filter",
    ),
)

# Block coordinate descent ---------------------------------------------------------------------------------------


def _within_the_radius(run, inputs):
    xp, found = array_namespace(inputs["x"]), run(**inputs)
    for name in sdl.BLOCKS:
        before = inputs[f"{name}0"]
        for k, (after,) in enumerate(_states(found, (f"{name}s",), before), start=1):
            reach = inputs["radius"] / (k**0.5 * float(np.log(k + 1)))
            beyond = xp.clip(xp.sqrt(xp.sum((after - before) ** 2)) - reach, min=0.0)
            yield beyond, 0 * beyond
            before = after


def _loss_never_rises(run, inputs):
    states = [tuple(inputs[f"{name}0"] for name in sdl.BLOCKS)]
    states += _states(run(**inputs), [f"{name}s" for name in sdl.BLOCKS], inputs["x"])
    data = samples(inputs["x"], inputs["covariates"], inputs["labels"], inputs["gamma0"].shape[1])
    settings = {name: inputs[name] for name in ("xi", "nu", "kind")}
    yield _rises(
        array_namespace(inputs["x"]).stack([sdl.objective(sdl.Factors(*state), data, **settings) for state in states])
    )


BCD = (
    Law("radius", "no block moves farther than the radius of its round", _within_the_radius, ("nonnegative",)),
    Law("descent", "the loss never rises", _loss_never_rises, ("nonnegative",)),
    turned_along("p", "no-covariates"),
    reversed_along("n", "no-covariates"),
    reversed_along("r", "nonnegative-feature", slug="atoms"),
    causal("free-feature"),
)

# Prediction -----------------------------------------------------------------------------------------------------


def _add_up(run, inputs):
    xp, found = array_namespace(inputs["x"]), run(**inputs)["probabilities"]
    yield xp.sum(found, axis=0), xp.ones_like(found[0, :])


def _label_is_worth_its_log_odds(run, inputs):
    """At beta = 0 the energies differ from that of class 0 by the activations, gamma^T x'."""
    found = run(**{**inputs, "beta": 0 * inputs["beta"]})["energies"]
    yield found[:1, :] - found[1:, :], inputs["gamma"].T @ inputs["covariates"]


PREDICT = (
    Law("total", "the probabilities of a sample add up to 1", _add_up, ("three-classes-filter", "saturated")),
    scales({"W": 1, "beta": -1}, {}, "filter", slug="scale-of-filters"),
    scales({"W": 1, "beta": 1}, {}, "feature", slug="scale-of-atoms"),
    scales({"x": 1, "beta": -1}, {}, "filter", "feature", slug="scale-of-the-data"),
    scales({"covariates": 1, "gamma": -1}, {}, "filter", slug="scale-of-the-covariates"),
    turned_along("p", "filter", "four-classes-feature"),
    apart("m", "filter", "four-classes-feature"),
)
ENERGIES = (
    scales({"W": 1, "beta": 1}, {}, "two-classes", inside=2, slug="scale-of-atoms"),  # Newton's matrix has squares
    scales({"x": 1, "W": 1, "xi": -2}, {}, "two-classes", slug="scale-of-the-data"),
    scales({"covariates": 1, "gamma": -1}, {}, "two-classes", slug="scale-of-the-covariates"),
    turned_along("p", "two-classes"),
    apart("m", "no-coefficients"),
    Law(
        "log-odds",
        "without features the energies differ by the covariates' activations",
        _label_is_worth_its_log_odds,
        ("three-classes",),
    ),
)
