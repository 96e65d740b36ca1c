"""Checks of AdAdaGrad's operations that need no answer."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, related, reversed_along, scales, turned_along


def _within_bounds(run, inputs):
    b = inputs["grads"].shape[0]
    yield run(**{**inputs, "largest": b})["size"], np.asarray(float(b))
    yield np.minimum(run(**inputs)["size"], b), np.asarray(float(b))


def _exactly(values, eta, size):
    """Numbers with few binary digits, which no order of operations rounds."""
    rows = np.array(values)[:, None]

    def pairs(run, inputs):
        name = "grads" if "grads" in inputs else "population"
        known = {name: rows.astype(inputs[name].dtype), "eta": eta, "largest": 1000}
        if name == "grads":
            known |= {"vartheta": eta, "nu": eta, "split": 1}
        yield run(**{**inputs, **known})["size"], np.asarray(float(size))

    return pairs


BATCH_SIZE = (
    scales({"grads": 1}, {}, "norm", "many-coordinates", "inner-product", "across-decides"),
    reversed_along("b", "many-examples", "two-layers-along", "two-layers-across", slug="any-order"),
    related(
        "split-irrelevant", "how the parameters are cut into arrays does not matter",
        lambda inputs: {"split": 1}, lambda outputs: {},
        "norm", "two-layers-along", "two-layers-across", "both-demand",
    ),
    Law(
        "within-bounds", "the size is never less than b nor more than the largest",
        _within_bounds, ("coordinate", "test-met", "across-decides"),
    ),
    Law(
        "whole-demand", "gradients 1, 2, 3 and parameters of 1/4 ask for exactly 4, and get 4",
        _exactly([1.0, 2.0, 3.0], 0.25, 4), ("norm", "coordinate", "inner-product", "along-decides"),
    ),
)  # fmt: skip

EXACT_SIZE = (
    scales({"population": 1}, {}, "norm", "coordinate"),
    doubled_along(
        "n", "norm", "coordinate", "larger-than-the-population", "one-example", slug="everyone-twice"
    ),
    Law(
        "whole-demand", "gradients 1 and 3 and eta = 1/4 ask for exactly 4, and get 4",
        _exactly([1.0, 3.0], 0.25, 4), ("norm", "coordinate"),
    ),
)  # fmt: skip


def _constant_gradient(run, inputs):
    """A gradient that stays g goes alpha * sum over k of 1 / sqrt(k) if nothing else is in the accumulator."""
    xp, steps = array_namespace(inputs["theta0"]), inputs["grads"].shape[0]
    got = run(**{**inputs, "grads": xp.ones_like(inputs["grads"]), "v0": 1.0, "eps": 0.0})["thetas"]
    far = [sum((k + 1) ** -0.5 for k in range(1, t + 1)) for t in range(1, steps + 1)]
    yield got, xp.stack([inputs["theta0"] - inputs["alpha"] * x for x in far])


ADAGRAD = (
    apart("d", "theory", "mixed-scales"),
    causal("T", "gaussian", "code"),
    scales({"grads": 1, "v0": 2, "eps": 1}, {}, "theory", "large-eps"),
    scales({"theta0": 1, "alpha": 1}, {"thetas": 1}, "theory", slug="scales-with-alpha"),
    Law(
        "constant-gradient", "gradients of 1 from v0 = 1 go alpha / sqrt(k + 1) in step k",
        _constant_gradient, ("theory", "gaussian"),
    ),
)  # fmt: skip


def _constant_norm(run, inputs):
    """A gradient that stays g of norm v0 goes alpha g / (v0 sqrt(k + 1)) in step k."""
    xp, (steps, d) = array_namespace(inputs["theta0"]), inputs["grads"].shape
    got = run(**{**inputs, "grads": xp.ones_like(inputs["grads"]), "v0": d**0.5})["thetas"]
    far = [sum((d * (k + 1)) ** -0.5 for k in range(1, t + 1)) for t in range(1, steps + 1)]
    yield got, xp.stack([inputs["theta0"] - inputs["alpha"] * x for x in far])


ADAGRAD_NORM = (
    turned_along("d", "indefinite", "few", "gaussian"),
    causal("T", "gaussian"),
    scales({"grads": 1, "v0": 1}, {}, "few", "gaussian", inside=2),
    scales({"theta0": 1, "alpha": 1}, {"thetas": 1}, "few", slug="scales-with-alpha"),
    Law(
        "constant-gradient", "gradients of 1 in d coordinates from v0 = sqrt(d) go alpha / sqrt(d (k + 1)) in step k",
        _constant_norm, ("few", "gaussian"),
    ),
)  # fmt: skip


def _other_units(inputs):
    doubled = {name: 2.0 * inputs[name] for name in ("y", "theta0", "alpha", "eps")}
    return doubled | {"v0": inputs["v0"] * (2.0 if inputs["rule"] == "norm" else 4.0)}


def _renumbered(inputs):
    flip = lambda x: array_namespace(x).flip(x, axis=0)
    last = inputs["y"].shape[0] - 1
    return {"a": flip(inputs["a"]), "y": flip(inputs["y"]), "stream": last - inputs["stream"]}


def _never_shrinks(run, inputs):
    sizes = run(**inputs)["sizes"]
    xp = array_namespace(sizes)
    shrunk = xp.minimum(sizes[1:] - sizes[:-1], 0 * sizes[1:])
    yield shrunk, 0 * shrunk
    excess = xp.maximum(sizes - inputs["largest"], 0 * sizes)
    yield excess, 0 * excess


def _last_step(run, inputs):
    whole, shorter = run(**inputs), run(**{**inputs, "steps": inputs["steps"] - 1})
    for name in ("thetas", "sizes"):
        yield shorter[name], whole[name][:-1, ...]


TRAJECTORY = (
    scales({"y": 1, "theta0": 1, "alpha": 1, "v0": 1}, {"thetas": 1}, "norm-norm", "norm-coordinate", inside=2),
    related(
        "units", "targets, parameters, alpha, v0 and eps in other units: the path scales, the sizes stay",
        _other_units, lambda outputs: {"thetas": 2.0 * outputs["thetas"]},
        "norm-norm", "adagrad-norm", "adagrad-coordinate",
    ),
    related(
        "renumbered", "the examples may be numbered the other way round", _renumbered, lambda outputs: {},
        "norm-norm", "adagrad-coordinate", "reaches-the-largest",
    ),
    Law(
        "never-shrinks", "sizes do not fall, and do not exceed the largest",
        _never_shrinks, ("norm-norm", "norm-coordinate", "reaches-the-largest"),
    ),
    Law("causal", "without its last step the run is the same up to there", _last_step, ("norm-norm", "adagrad-norm")),
)  # fmt: skip
