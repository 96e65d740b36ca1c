"""Inputs of the operations on convex ReLU training under permanent names, and random ones."""

import numpy as np

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import convex_relu
from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

X3 = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])  # the worked example of the docs page
Y3 = np.array([1.0, -1.0, 0.5])
D3 = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
WORKED = {"X": X3, "y": Y3, "D": D3}
ONE = {"X": np.array([[2.0]]), "y": np.array([1.0]), "D": np.array([[1.0]])}
SQUARE = np.array([[1.0, 0.8, 1.0], [1.0, -0.8, 1.0], [-1.0, 0.8, 1.0], [-1.0, -0.8, 1.0]])
XOR = np.array([1.0, -1.0, -1.0, 1.0])
NO_BIAS = np.array([1.0, 1.0, 0.0])


def _normal(slug, *shape):
    return stream(0, "convex_relu-case", slug).standard_normal(shape)


def _seen(X, slug, P):
    """P distinct patterns of X."""
    return convex_relu.activation_patterns(X, _normal(slug + "-a", 40 * P, X.shape[1]), most=P)


def _data(slug, n, d, P, *, scale=1.0):
    """Normal points with a column of ones, normal targets, P patterns."""
    X = np.concatenate([scale * _normal(slug, n, d - 1), np.ones((n, 1))], axis=1)
    return {"X": X, "y": _normal(slug + "-y", n), "D": _seen(X, slug, P)}


def _many(slug, of, change, derived, how):
    """A large case whose answer `derived(answers)` is known from that of a small one."""

    def make(operation, before):
        small = before[of]
        return Case(
            slug,
            ("large",),
            f"of {of}: {how}; the answer stays, however sums are split",
            small.inputs | change(small.inputs),
            dtypes=small.dtypes,
            equations=small.equations,
            source=f"the answer of {of}",
            small=small,
            derived=derived,
            recipe=f"{of}/{how}",
            alike=True,  # rounding does in proportion what it does to the small one
        )

    return make


def stretched(slug, of, power, derived=lambda answers: answers):
    """Every point 4^power times, points and targets over 2^power: their sums of squares stay, and so do the weights.

    Numbers are dyadic, so that the sums are exact in any order.
    """

    def change(inputs):
        tiled = {name: np.repeat(inputs[name], 4**power, axis=0) for name in ("X", "y", "D") if name in inputs}
        return tiled | {name: tiled[name] / 2**power for name in ("X", "y")}

    return _many(slug, of, change, derived, f"every point {4**power} times, over {2**power}")


# ADMM -----------------------------------------------------------------------------------------------------------------


def _admm(data, beta=0.1, rho=0.5, gamma=None, steps=2):
    return {**data, "beta": beta, "rho": rho, "gamma": rho if gamma is None else gamma, "steps": steps}


_ONE_FEATURE = {"X": [[1.5], [-0.5]], "y": [1, 2], "D": [[1, 0], [0, 1]]}
_ONE_FEATURE = {name: np.array(value, dtype=float) for name, value in _ONE_FEATURE.items()}
_STEP = ("convex_relu-11", "convex_relu-12", "convex_relu-13", "convex_relu-14", "convex_relu-15")

ADMM = (
    Case(
        "worked-example",
        ("basic", "wrong_constant", "wrong_order"),
        "two steps on the worked example",
        _admm(WORKED),
        equations=_STEP,
    ),
    Case(
        "three-features",
        ("basic", "known_bug"),
        "with three features the order [half, pattern, feature] of F's columns matters",
        _admm(_data("three", 4, 3, 3)),
        equations=("convex_relu-9", "convex_relu-10", "convex_relu-11"),
    ),
    Case(
        "small-dual-step",
        ("basic", "missing_step", "wrong_constant"),
        "a dual step gamma below rho",
        _admm(_data("small-dual", 5, 2, 4), beta=0.2, rho=0.4, gamma=0.15, steps=3),
        equations=("convex_relu-14", "convex_relu-15"),
    ),
    Case(
        "more-features-than-points",
        ("boundary",),
        "n < d: nothing special happens",
        _admm(_data("wide", 2, 3, 3), rho=0.3),
    ),
    Case("one-feature", ("boundary",), "one feature: blocks are single numbers", _admm(_ONE_FEATURE, steps=4)),
    Case("one-of-everything", ("boundary",), "one point, one feature, one pattern, one step", _admm(ONE, steps=1)),
    Case(
        "unseen-points",
        ("edge_case",),
        "a pattern that sees no point has an output of zero, but its constraints hold it all the same",
        _admm({**WORKED, "D": np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 0.0]])}),
        equations=("convex_relu-4",),
    ),
    Case(
        "constant-feature",
        ("edge_case",),
        "a feature that is the same at every point is nothing special",
        _admm({**WORKED, "X": np.array([[3.0, 2.0], [3.0, 0.5], [3.0, -1.0]])}),
    ),
    Case(
        "zero-targets",
        ("edge_case",),
        "zero targets: blocks of norm 0 stay 0, not 0 / 0",
        _admm({**WORKED, "y": np.zeros(3)}),
        equations=("convex_relu-12",),
        answer={"u": np.zeros((2, 2, 2, 3)), "v": np.zeros((2, 2, 2, 3))},
        source="the definition",
    ),
    Case(
        "large-decay",
        ("edge_case", "missing_step"),
        "a threshold above every norm leaves v = 0 and u != 0",
        _admm(WORKED, beta=50.0),
        equations=("convex_relu-12",),
    ),
    Case(
        "large-data",
        ("numerics",),
        "data of size 1e3: the dense system is badly conditioned (float32 may lose all its digits), the step is not",
        _admm(_data("large", 4, 2, 3, scale=1e3), beta=10.0, rho=0.1),
        dtypes=("float64",),
        equations=("convex_relu-10", "convex_relu-11"),
    ),
    Case(
        "small-data",
        ("numerics",),
        "data and targets of size 1e-3",
        _admm({**WORKED, "X": 1e-3 * X3, "y": 1e-3 * Y3}, beta=1e-7, rho=0.01),
    ),
    Case(
        "three-hundred-steps",
        ("long",),
        "a small dual step: the 300th step is not yet the last, and follows the same rule as the first",
        _admm(_ONE_FEATURE, beta=0.25, rho=0.5, gamma=1 / 512, steps=300),
    ),
    stretched("many-points", "one-feature", 4),
)


def sample_admm(rng):
    """ADMM on random data."""
    beta, rho = 10.0 ** rng.uniform(-2, 0, 2)
    gamma = rho * rng.uniform(0.2, 1.2)
    return _admm(_random_data(rng), float(beta), float(rho), float(gamma), 3)


def _random_data(rng, classes=False):
    n, d, P = (int(rng.integers(low, high)) for low, high in ((2, 5), (1, 4), (1, 4)))
    X = rng.standard_normal((n, d))
    D = convex_relu.activation_patterns(X, rng.standard_normal((20, d)), most=P)
    y = rng.integers(0, 2, n).astype(float) if classes else rng.standard_normal(n)
    return {"X": X, "y": y, "D": D}


# ADMM by random blocks ------------------------------------------------------------------------------------------------


def _rbcd(data, blocks, beta=0.1, rho=0.5, loss="squared"):
    return {**data, "blocks": np.array(blocks, dtype=float), "beta": beta, "rho": rho, "loss": loss}


_BLOCK = ("convex_relu-16", "convex_relu-17")
_DYADIC = {"X": [[1, 0.5], [-0.5, 0.25]], "y": [0.5, -0.25], "D": [[1, 1], [0, 1]]}
_DYADIC = {name: np.array(value, dtype=float) for name, value in _DYADIC.items()}

RBCD = (
    Case(
        "worked-example",
        ("basic", "missing_step"),
        "four blocks, one of them twice, on the worked example",
        _rbcd(WORKED, [[0, 1, 2, 1]]),
        equations=_BLOCK,
    ),
    Case(
        "three-outer-steps",
        ("basic", "wrong_order", "known_bug"),
        "three outer steps: the duals and the old penalties of both halves count",
        _rbcd(_data("rbcd", 4, 2, 3), [[0, 2], [1, 0], [2, 1]], beta=0.3, rho=0.8),
        equations=_BLOCK,
    ),
    Case(
        "cross-entropy",
        ("basic", "wrong_constant"),
        "classes 0 and 1 with the logit 2 F u",
        _rbcd({**WORKED, "y": np.array([1.0, 0.0, 1.0])}, [[0, 1, 2], [2, 1, 0]], loss="cross_entropy"),
        equations=("convex_relu-16",),
    ),
    Case("one-of-everything", ("boundary",), "one point, one feature, one pattern, one block", _rbcd(ONE, [[0]])),
    Case(
        "zero-targets",
        ("edge_case",),
        "where the gradient is zero the block stays and the search ends",
        _rbcd({**WORKED, "y": np.zeros(3)}, [[0, 1]]),
        answer={"u": np.zeros((1, 2, 2, 3)), "v": np.zeros((1, 2, 2, 3))},
        source="the definition",
    ),
    Case(
        "hardly-falls",
        ("wrong_constant", "missing_step"),
        "the first step lowers the function by 5e-4 of the squared gradient, which is 72: half of what Armijo's rule "
        "asks for, so a shorter one is taken",
        _rbcd({"X": np.array([[0.75]]), "y": np.array([8.0]), "D": np.array([[1.0]])}, [[0]], rho=0.55936),
        equations=("convex_relu-17",),
    ),
    Case(
        "steep",
        ("numerics", "missing_step"),
        "data of size 30: the first step is divided many times",
        _rbcd(_data("steep", 4, 2, 2, scale=30.0), [[0, 1], [0, 1]], beta=0.3, rho=0.2),
        equations=("convex_relu-17",),
    ),
    Case(
        "too-steep",
        ("numerics", "missing_step"),
        "data of size 1e5: no step down to the floor of 1e-8 lowers the function, and that one is taken all the same",
        _rbcd({**WORKED, "X": 1e5 * X3}, [[0, 1]]),
        dtypes=("float64",),
        equations=("convex_relu-17",),
    ),
    Case(
        "huge-logits",
        ("numerics",),
        "data of size 1e3: the search tries logits of 1e5 of both signs, whose exponential is no number",
        _rbcd(
            {"X": np.array([[600.0], [-500.0]]), "y": np.ones(2), "D": np.ones((2, 1))},
            [[0]],
            loss="cross_entropy",
        ),
    ),
    Case(
        "confident",
        ("numerics",),
        "a step of 1 leads to a logit of 800 in the right class, where log(1 + exp(logit)) - logit is 0, not infinite",
        _rbcd(
            {"X": np.array([[14.0, 2.0]]), "y": np.ones(1), "D": np.ones((1, 1))},
            [[0]],
            beta=2 / 2**20,
            rho=1 / 2**20,
            loss="cross_entropy",
        ),
        equations=("convex_relu-17",),
    ),
    Case(
        "dyadic",
        ("basic",),
        "a step of 1 serves, and every number is a short binary fraction",
        _rbcd(_DYADIC, [[0, 1]], beta=0.125, rho=0.25),
    ),
    stretched("many-points", "dyadic", 7),
)


def sample_rbcd(rng):
    """Block descent on random data."""
    loss = ("squared", "cross_entropy")[int(rng.integers(2))]
    data = _random_data(rng, classes=loss == "cross_entropy")
    blocks = rng.integers(0, data["D"].shape[1], (2, 3)).astype(float)
    beta, rho = (float(x) for x in 10.0 ** rng.uniform(-2, 0, 2))
    return _rbcd(data, blocks, beta, rho, loss)


# Patterns -------------------------------------------------------------------------------------------------------------

PATTERNS = (
    Case(
        "worked-example",
        ("basic", "missing_step", "wrong_order"),
        "distinct patterns in the order in which they appear",
        {"X": X3, "draws": np.array([[3.0, 0.0], [-1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0], [0.0, 2.0]])},
        equations=("convex_relu-3",),
    ),
    Case(
        "point-at-the-origin",
        ("edge_case", "wrong_constant"),
        "a point at the origin is seen by every neuron: 0 >= 0",
        {"X": np.array([[0.0, 0.0], [1.0, -2.0], [0.0, 0.0]]), "draws": np.array([[1.0, 0.75], [-1.0, 1.0]])},
        equations=("convex_relu-3",),
        answer={"D": np.array([[1.0], [0.0], [1.0]])},
        source="the definition; both draws give the same pattern",
    ),
    Case(
        "one-of-everything",
        ("boundary",),
        "one point, one feature, one draw",
        {"X": np.array([[-2.0]]), "draws": np.array([[0.5]])},
        answer={"D": np.array([[0.0]])},
        source="the definition",
    ),
    Case(
        "many-draws",
        ("basic", "wrong_order"),
        "sixty draws find some dozen patterns of six points",
        {"X": np.concatenate([_normal("many", 6, 2), np.ones((6, 1))], axis=1), "draws": _normal("many-a", 60, 3)},
        equations=("convex_relu-3",),
    ),
    Case(
        "scales",
        ("numerics",),
        "points of sizes 1e-10 to 1e10: products of 1 and of 1e20 have a sign",
        {"X": X3 * np.array([[1e-10], [1.0], [1e10]]), "draws": 1e10 * _normal("scales", 5, 2)},
    ),
    Case(
        "tiny-products",
        ("numerics", "missing_step"),
        "products of 1e-60 of both signs: no threshold but 0, and no float32 on the way",
        {"X": 1e-30 * X3, "draws": 1e-30 * np.array([[3.0, 0.0], [-1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]])},
        dtypes=("float64",),
        equations=("convex_relu-3",),
    ),
    large("many-points", "worked-example", "n"),
)


def sample_patterns(rng):
    """Twelve neurons on random points."""
    n, d = rng.integers(1, 7), rng.integers(1, 4)
    return {"X": rng.standard_normal((n, d)), "draws": rng.standard_normal((12, d))}


ALL_PATTERNS = (
    Case("worked-example", ("basic", "missing_step"), "three points in the plane: all six patterns", {"X": X3}),
    Case(
        "general-position",
        ("basic", "missing_step"),
        "six points with a bias: 32 patterns, also those of thin cones that random neurons miss",
        {"X": np.concatenate([_normal("many", 6, 2), np.ones((6, 1))], axis=1)},
    ),
    Case(
        "special-points",
        ("edge_case",),
        "equal, opposite and collinear points, and one at the origin, which is always seen",
        {"X": np.array([[1, 1, 0], [2, 2, 0], [-1, -1, 0], [0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 1, 1]], dtype=float)},
        dtypes=("float64",),  # rounded points are no longer on one line
    ),
    Case(
        "one-feature",
        ("boundary",),
        "on a line a neuron looks left or right",
        {"X": np.array([[2.0], [-1.0], [0.5]])},
        answer={"D": np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])},
        source="the definition",
    ),
    Case(
        "independent-points",
        ("boundary",),
        "as many features as points: every pattern there is",
        {"X": np.array([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0], [3.0, 0.0, 1.0]])},
        answer={"D": np.array([[k >> bit & 1 for k in range(7, -1, -1)] for bit in (2, 1, 0)], dtype=float)},
        source="all 8 rows of three binary digits",
    ),
    Case("scales", ("numerics",), "the length of a point does not matter", {"X": X3 * [[1e-9], [1.0], [1e9]]}),
)


def sample_all_patterns(rng):
    """Random points."""
    return {"X": rng.standard_normal((int(rng.integers(1, 6)), int(rng.integers(1, 4))))}


def _robust(X, draws, shifts, epsilon, mask):
    return {"X": X, "draws": draws, "shifts": shifts, "epsilon": epsilon, "mask": mask}


ROBUST_PATTERNS = (
    Case(
        "square",
        ("basic", "missing_step", "wrong_constant"),
        "four points, three neurons that see them and two shifted copies each",
        _robust(SQUARE, _normal("robust-a", 3, 3), _normal("robust-r", 3, 2, 4, 3), 0.5, NO_BIAS),
        equations=("convex_relu-25",),
    ),
    Case(
        "long-shifts",
        ("wrong_constant",),
        "shifts go to the corners of the boxes: their signs count, their lengths do not",
        _robust(
            X3, np.array([[1.0, 0.25], [-0.5, 1.0]]), 8.0 * _normal("robust-l", 2, 3, 3, 2), 0.375, np.array([1.0, 1.0])
        ),
        equations=("convex_relu-25",),
    ),
    Case(
        "bias-out-of-reach",
        ("missing_step", "edge_case"),
        "no feature flips a point, but the bias would, were it not masked; a point at the origin is seen",
        _robust(
            np.array([[-2.0, 1.0], [1.0, 1.0], [0.0, 0.0]]),
            np.array([[0.25, 1.0]]),
            np.array([[[[-1.0, -1.0], [1.0, 1.0], [1.0, -1.0]]]]),
            0.5,
            np.array([1.0, 0.0]),
        ),
        equations=("convex_relu-25",),
        answer={"D": np.ones((3, 1))},
        source="worked by hand",
    ),
    Case(
        "no-attack",
        ("boundary",),
        "epsilon = 0: the copies add nothing",
        _robust(X3, np.array([[3.0, 0.0], [-1.0, 1.0]]), _normal("robust-0", 2, 1, 3, 2), 0.0, np.array([1.0, 1.0])),
    ),
    Case(
        "one-of-everything",
        ("boundary",),
        "one point, one neuron, one copy, which flips",
        _robust(np.array([[1.0]]), np.array([[2.0]]), np.array([[[[-0.125]]]]), 1.5, np.ones(1)),
        answer={"D": np.array([[1.0, 0.0]])},
        source="the definition: 2 >= 0, and (1 - 1.5) 2 < 0",
    ),
    large("many-points", "square", "n"),
)


def sample_robust_patterns(rng):
    """Random points and attacks."""
    n, d, H, S = (int(rng.integers(low, high)) for low, high in ((1, 5), (1, 4), (1, 4), (1, 3)))
    draws, shifts = rng.standard_normal((H, d)), rng.standard_normal((H, S, n, d))
    mask = rng.integers(0, 2, d).astype(float)
    return _robust(rng.standard_normal((n, d)), draws, shifts, float(rng.uniform(0, 1)), mask)


# Networks -------------------------------------------------------------------------------------------------------------

RECOVER = (
    Case(
        "three-neurons",
        ("basic", "missing_step", "wrong_order"),
        "two blocks of v and two of w, of norms other than 1; zero blocks leave no neuron",
        {"weights": np.array([[[3.0, 0.0, 0.5], [4.0, 0.0, -1.2]], [[0.0, -0.6, 8.0], [0.0, 0.25, 6.0]]])},
        equations=("convex_relu-7",),
    ),
    Case(
        "unit-block",
        ("boundary",),
        "one block of norm 1 is its own neuron",
        {"weights": np.array([[[0.6], [0.8]], [[0.0], [0.0]]])},
        answer={"first": np.array([[0.6], [0.8]]), "second": np.array([1.0])},
        source="the definition",
    ),
    Case(
        "one-feature",
        ("boundary",),
        "blocks of single numbers",
        {"weights": np.array([[[4.0, -9.0]], [[0.25, 0.0]]])},
        answer={"first": np.array([[2.0, -3.0, 0.5]]), "second": np.array([2.0, 3.0, -0.5])},
        source="square roots",
    ),
    Case(
        "gaussian",
        ("basic",),
        "every pattern has a neuron in both halves",
        {"weights": _normal("recover", 2, 3, 4)},
        equations=("convex_relu-7",),
    ),
    Case(
        "tiny-and-huge",
        ("numerics",),
        "norms of 1e-12 and 1e12: a small block is no zero",
        {"weights": np.array([[[3e-12, 1e12], [4e-12, 0.0]], [[1.0, 0.0], [2.0, 0.0]]])},
    ),
    Case(
        "tiniest",
        ("numerics", "missing_step"),
        "a norm of 5e-30 is no zero either: there is no threshold",
        {"weights": np.array([[[3e-30, 1.0], [4e-30, 0.0]], [[0.0, 0.0], [0.0, -6e-30]]])},
        dtypes=("float64",),  # the squares are no float32
        equations=("convex_relu-7",),
    ),
    _many(
        "many-patterns",
        "gaussian",
        lambda inputs: {"weights": np.tile(inputs["weights"], 17_501)},
        lambda answers: {
            name: np.concatenate([np.tile(half, 17_501) for half in np.split(value, 2, axis=-1)], axis=-1)
            for name, value in answers.items()
        },
        "four patterns 17501 times",
    ),
)


def sample_recover(rng):
    """Random weights, some blocks zero."""
    weights = rng.standard_normal((2, int(rng.integers(1, 4)), int(rng.integers(1, 5))))
    weights = weights * (rng.uniform(size=(2, 1, weights.shape[2])) < 0.7)
    weights[0, :, 0] = 1.5
    return {"weights": weights}


def _values(data, weights, beta=0.25, loss="squared"):
    return {**data, "weights": np.array(weights, dtype=float), "beta": beta, "loss": loss}


_CLASSES = {**WORKED, "y": np.array([1.0, 0.0, 1.0])}
_OBJECTIVES = ("convex_relu-1", "convex_relu-2", "convex_relu-5", "convex_relu-6")

VALUES = (
    Case(
        "outside-the-cones",
        ("basic",),
        "weights outside of their cones: the network has another output and value than the program",
        _values(WORKED, _normal("values", 2, 2, 3)),
        equations=_OBJECTIVES,
    ),
    Case(
        "another-decay",
        ("wrong_constant",),
        "the decay comes from the arguments",
        _values(WORKED, _normal("values", 2, 2, 3), beta=1.5),
        equations=_OBJECTIVES,
    ),
    Case(
        "cross-entropy",
        ("basic", "wrong_constant"),
        "classes 0 and 1 with the logit 2 yhat",
        _values(_CLASSES, _normal("values-ce", 2, 2, 3), loss="cross_entropy"),
        equations=_OBJECTIVES,
    ),
    Case(
        "huge-logits",
        ("numerics",),
        "logits of 1e4 of both signs: the cross-entropy neither overflows nor vanishes",
        _values(_CLASSES, 1e4 * _normal("values-ce", 2, 2, 3), loss="cross_entropy"),
    ),
    Case(
        "one-of-everything",
        ("boundary",),
        "one point, one feature, one neuron: 2 * 0.25 against 1",
        _values(ONE, [[[0.25]], [[0.0]]]),
        answer={"program": 0.1875, "outputs": [0.5], "network": 0.1875},
        source="0.5^2 / 2 + 0.25^2",
    ),
    Case(
        "in-the-cone",
        ("edge_case",),
        "weights in their cones, with norms that are squares: program and network have the same value",
        _values(_DYADIC, [[[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 2.25]]]),
        answer={"program": 4.431640625, "outputs": [2.875, -0.5625], "network": 4.431640625},
        source="worked by hand",
    ),
    stretched(
        "many-points",
        "in-the-cone",
        7,
        lambda answers: answers | {"outputs": np.repeat(answers["outputs"], 4**7) / 2**7},
    ),
)


def sample_values(rng):
    """Random weights on random data."""
    loss = ("squared", "cross_entropy")[int(rng.integers(2))]
    data = _random_data(rng, classes=loss == "cross_entropy")
    weights = rng.standard_normal((2, data["X"].shape[1], data["D"].shape[1]))
    return _values(data, weights, float(10.0 ** rng.uniform(-2, 0)), loss)


# The sampled convex program -------------------------------------------------------------------------------------------

_FOUR = {"X": X3, "y": Y3, "draws": np.array([[1.0, 1.0], [-2.0, 1.0], [0.5, -3.0], [-1.0, -1.0]]), "beta": 0.1}

SCP = (
    Case(
        "worked-example",
        ("basic", "missing_step"),
        "four neurons on the worked example",
        {**_FOUR, "steps": 6},
        equations=("convex_relu-18", "convex_relu-19", "convex_relu-21"),
    ),
    Case(
        "restart-in-the-seventh-step",
        ("missing_step", "wrong_constant"),
        "the worked example for longer: the momentum points uphill in the seventh step; by the gradient of the squared "
        "error alone it does not before the eighth",
        {**_FOUR, "steps": 10},
        equations=("convex_relu-20",),
    ),
    Case(
        "restarts",
        ("basic", "missing_step", "wrong_order"),
        "the momentum is reset at the fourth step and later",
        {
            "X": np.array([[0.8, 1.0], [-0.9, 1.0], [1.5, 1.0], [0.1, 1.0]]),
            "y": np.array([1.0, 6.4, -4.1, 2.9]),
            "draws": np.array([[-0.7, 0.1], [-0.4, -0.1], [1.7, -0.8], [0.4, -0.2]]),
            "beta": 0.05,
            "steps": 10,
        },
        equations=("convex_relu-20", "convex_relu-21"),
    ),
    Case(
        "one-of-everything",
        ("boundary",),
        "one point, one feature, one neuron, one step",
        {"X": np.array([[2.0]]), "y": np.array([3.0]), "draws": np.array([[0.5]]), "beta": 1.0, "steps": 1},
        answer={"alpha": np.array([[1.25]])},
        source="(2 * 3 - 1) / 4",
    ),
    Case(
        "blind-neurons",
        ("edge_case",),
        "neurons that see no point: Z = 0 has no largest eigenvalue to divide by",
        {"X": np.array([[1.0, 2.0]]), "y": np.array([1.0]), "draws": np.array([[-1.0, -1.0], [0.0, -2.0]])}
        | {"beta": 0.1, "steps": 2},
        answer={"alpha": np.zeros((2, 2))},
        source="the definition",
    ),
    Case(
        "large-decay",
        ("edge_case",),
        "a penalty above every correlation leaves nothing",
        {"X": X3, "y": Y3, "draws": _normal("decay-u", 3, 2), "beta": 40.0, "steps": 3},
        equations=("convex_relu-19",),
        answer={"alpha": np.zeros((3, 3))},
        source="the definition",
    ),
    Case(
        "large-data",
        ("numerics",),
        "data of size 1e4",
        {"X": 1e4 * X3, "y": Y3, "draws": _normal("big-u", 4, 2), "beta": 100.0, "steps": 5},
    ),
    Case(
        "three-hundred-steps",
        ("long",),
        "two neurons of nearly the same direction: FISTA is on its way for hundreds of steps",
        {
            "X": np.array([[1.0, 0.5], [0.5, 1.0]]),
            "y": np.array([2.0, -1.0]),
            "draws": np.array([[1.0, 1.0], [1.0, 1.5]]),
            "beta": 1 / 4096,
            "steps": 300,
        },
        dtypes=("float64",),
    ),
    Case(
        "dyadic",
        ("basic",),
        "two neurons along the axes, and the first step",
        {"X": _DYADIC["X"], "y": _DYADIC["y"], "draws": np.array([[2.0, 0.0], [0.0, 0.5]])}
        | {"beta": 0.0625, "steps": 1},
        equations=("convex_relu-18", "convex_relu-19"),
    ),
    stretched("many-points", "dyadic", 7),
)


def sample_scp(rng):
    """FISTA on random data."""
    n, d, N = rng.integers(1, 5), rng.integers(1, 4), rng.integers(1, 6)
    inputs = {"X": rng.standard_normal((n, d)), "y": rng.standard_normal(n), "draws": rng.standard_normal((N, d))}
    return {**inputs, "beta": float(10.0 ** rng.uniform(-2, 0)), "steps": 4}


# Adversarial training -------------------------------------------------------------------------------------------------

_WEIGHTS = _normal("certified-w", 2, 3, 3)
_ATTACK = {"mask": NO_BIAS, "beta": 0.1, "epsilon": 0.2}
_SQUARE = {"X": SQUARE, "y": XOR, "D": _seen(SQUARE, "square", 3), "weights": _WEIGHTS}
_CERTIFICATE = ("convex_relu-22", "convex_relu-23", "convex_relu-24")

CERTIFIED = (
    Case(
        "hinge",
        ("basic", "missing_step", "wrong_constant"),
        "four points, two attacked features and a bias",
        {**_SQUARE, **_ATTACK, "loss": "hinge"},
        equations=_CERTIFICATE,
    ),
    Case(
        "squared",
        ("basic", "missing_step", "wrong_constant"),
        "the squared loss of the worst corner, summed",
        {**_data("certified", 5, 3, 4), "weights": _normal("certified-s", 2, 3, 4), **_ATTACK, "loss": "squared"},
        equations=_CERTIFICATE,
    ),
    Case(
        "logistic",
        ("basic", "missing_step", "wrong_constant"),
        "the logistic loss of the worst corner, averaged",
        {**_SQUARE, **_ATTACK, "epsilon": 0.35, "loss": "logistic"},
        equations=_CERTIFICATE,
    ),
    Case(
        "no-attack",
        ("boundary",),
        "epsilon = 0: the plain program",
        {**_SQUARE, **_ATTACK, "epsilon": 0.0, "loss": "squared"},
    ),
    Case(
        "all-masked",
        ("boundary",),
        "where no feature can be attacked epsilon does not matter",
        {**_SQUARE, **_ATTACK, "mask": np.zeros(3), "loss": "hinge"},
    ),
    Case(
        "one-feature",
        ("boundary",),
        "a single feature, attacked",
        {
            "X": np.array([[2.0], [-1.0]]),
            "y": np.array([1.0, -1.0]),
            "D": np.array([[1.0, 0.0], [0.0, 1.0]]),
            "weights": np.array([[[0.75, 0.0]], [[0.0, -1.5]]]),
            "mask": np.ones(1),
            "beta": 0.5,
            "epsilon": 0.25,
            "loss": "squared",
        },
    ),
    Case(
        "zero-weights",
        ("edge_case",),
        "without weights every point has a hinge loss of 1",
        {**_SQUARE, "weights": np.zeros((2, 3, 3)), **_ATTACK, "loss": "hinge"},
        answer={"value": np.array(1.0), "slacks": np.zeros((2, 4, 3))},
        source="the definition",
    ),
    Case(
        "huge-margins",
        ("numerics",),
        "margins of +-1e3: the logistic loss neither overflows nor vanishes",
        {**_SQUARE, "weights": 1e3 * _WEIGHTS, **_ATTACK, "loss": "logistic"},
    ),
    Case(
        "dyadic",
        ("basic",),
        "short binary fractions, of which sums are exact",
        {
            "X": np.array([[1.0, 0.5], [-0.5, 0.25]]),
            "y": np.array([1.0, -1.0]),
            "D": np.array([[1.0, 1.0], [0.0, 1.0]]),
            "weights": np.array([[[0.5, 0.0], [0.0, -0.75]], [[0.0, 0.25], [1.0, 0.0]]]),
            "mask": np.ones(2),
            "beta": 0.5,
            "epsilon": 0.25,
            "loss": "hinge",
        },
    ),
    large("many-points", "dyadic", "n", size=65_536, balanced=True),
)


def sample_certified(rng):
    """Random weights under a random attack."""
    data, loss = _random_data(rng), adversarial.LOSSES[int(rng.integers(3))]
    if loss != "squared":
        data["y"] = np.where(data["y"] > 0, 1.0, -1.0)
    d, P = data["X"].shape[1], data["D"].shape[1]
    mask = rng.integers(0, 2, d).astype(float)
    rest = {"weights": rng.standard_normal((2, d, P)), "mask": mask, "loss": loss}
    return {**data, **rest, "beta": float(rng.uniform(0.01, 1)), "epsilon": float(rng.uniform(0, 1))}


CONE = (
    Case(
        "one-of-each-kind",
        ("basic", "missing_step", "wrong_order"),
        "pairs inside, outside with one, two or three active entries, below the cone and beyond the bound",
        {
            "a": np.array([2.0, 0.3, 0.2, -0.4, -3.0, 9.0, 0.5]),
            "b": np.array(
                [
                    [0.3, -0.6, 0.1],
                    [2.0, 0.1, -0.05],
                    [-1.5, 1.0, 0.1],
                    [3.0, -2.0, -2.5],
                    [0.4, 0.2, -0.1],
                    [1.0, -7.0, 0.2],
                    [-1.0, -1.0, 0.0],
                ]
            ),
            "epsilon": 0.5,
            "cap": 1.75,
        },
        equations=("convex_relu-26", "convex_relu-27"),
    ),
    Case(
        "wide-cone",
        ("basic", "wrong_constant"),
        "epsilon above 1",
        {"a": _normal("cone-a", 8), "b": 3 * _normal("cone-b", 8, 2), "epsilon": 2.5, "cap": 0.9},
        equations=("convex_relu-26", "convex_relu-27"),
    ),
    Case(
        "one-entry",
        ("boundary",),
        "phi is a single number",
        {"a": np.array([1.0, -1.0, 0.25]), "b": np.array([[3.0], [-4.0], [0.0]]), "epsilon": 0.5, "cap": 10.0},
    ),
    Case(
        "zeros",
        ("edge_case",),
        "the tip of the cone projects on itself",
        {"a": np.zeros(2), "b": np.array([[0.0, 0.0], [1.0, -1.0]]), "epsilon": 0.5, "cap": 1.0},
    ),
    Case(
        "closed-cone",
        ("edge_case",),
        "epsilon = 0: a ray, phi is 0",
        {"a": np.array([0.5, -0.5]), "b": np.array([[1.0, 2.0], [3.0, -4.0]]), "epsilon": 0.0, "cap": 1.0},
        answer={"theta": np.array([0.5, 0.0]), "phi": np.zeros((2, 2))},
        source="the definition",
    ),
    Case(
        "scales",
        ("numerics",),
        "pairs of size 1e-8 and 1e8 side by side",
        {"a": np.array([1e-8, 1e8]), "b": np.array([[3e-8, -1e-9], [-2e8, 3e8]]), "epsilon": 0.3, "cap": 1e12},
    ),
    large("many-pairs", "one-of-each-kind", "m"),
)


def sample_cone(rng):
    """Random pairs."""
    m, d = rng.integers(1, 6), rng.integers(1, 5)
    return {
        "a": rng.standard_normal(m),
        "b": 2 * rng.standard_normal((m, d)),
        "epsilon": float(10.0 ** rng.uniform(-1, 0.5)),
        "cap": float(10.0 ** rng.uniform(-1, 1)),
    }


def _pdhg(data, loss, *, mask=NO_BIAS, beta=0.01, epsilon=0.2, size=0.25, balance=1.0, steps=3):
    rates = {"beta": beta, "epsilon": epsilon, "size": size, "balance": balance, "steps": steps}
    return {**data, "mask": mask, "loss": loss, **rates}


_BOXES = {"X": SQUARE, "y": XOR, "D": _seen(SQUARE, "square", 3)}
_LINE = {"X": np.array([[1.0], [-0.5]]), "y": np.array([1.0, -1.0]), "D": np.array([[1.0, 0.0], [0.0, 1.0]])}
_DYADIC_CLASSES = {**_DYADIC, "y": np.array([1.0, -1.0])}
_PDHG = ("convex_relu-30", "convex_relu-31")


def _tiled(inputs):
    """Every point 4096 times: duals are as much smaller, and so is their step."""
    more = {name: np.repeat(inputs[name], 4**6, axis=0) for name in ("X", "y", "D")}
    return more | {"size": inputs["size"] / 2**6, "balance": inputs["balance"] * 2**6}


ADVERSARIAL = (
    Case(
        "hinge",
        ("basic", "missing_step", "wrong_order"),
        "four points, four steps, the hinge loss",
        _pdhg(_BOXES, "hinge", beta=0.02, steps=4),
        equations=("convex_relu-26", "convex_relu-27", *_PDHG),
    ),
    Case(
        "squared",
        ("basic", "wrong_constant"),
        "the squared loss, whose dual is no cone",
        _pdhg(_data("certified", 5, 3, 4), "squared", epsilon=0.3, size=0.2, balance=1.5),
        equations=("convex_relu-28", *_PDHG),
    ),
    Case(
        "logistic",
        ("basic", "wrong_constant"),
        "the logistic loss, whose dual step is found by Newton's method",
        _pdhg(_BOXES, "logistic", epsilon=0.35, balance=2.0),
        equations=("convex_relu-29", *_PDHG),
    ),
    Case(
        "no-attack",
        ("boundary",),
        "epsilon = 0: the plain program",
        _pdhg(_BOXES, "squared", epsilon=0.0, beta=0.05, steps=2),
    ),
    Case("one-feature", ("boundary",), "a single feature, attacked", _pdhg(_LINE, "hinge", mask=np.ones(1))),
    Case(
        "long-steps",
        ("numerics",),
        "steps of 64 on the logistic loss: probabilities come within 1e-20 of 0 and of 1",
        _pdhg(_BOXES, "logistic", size=64.0, steps=2),
        dtypes=("float64",),
        equations=("convex_relu-29",),
    ),
    Case(
        "dyadic",
        ("basic",),
        "short binary fractions, of which sums are exact",
        _pdhg(_DYADIC_CLASSES, "hinge", mask=np.ones(2), beta=0.0625, epsilon=0.25, size=0.5, balance=2.0, steps=2),
    ),
    _many("many-points", "dyadic", _tiled, lambda answers: answers, "every point 4096 times, a smaller dual step"),
)


def sample_adversarial(rng):
    """A few steps on random data."""
    inputs = sample_certified(rng)
    del inputs["weights"]
    return {
        **inputs,
        "size": float(rng.uniform(0.05, 0.3)),
        "balance": float(10.0 ** rng.uniform(-0.5, 0.5)),
        "steps": 3,
    }
