"""What the oracle knows of convex training of two-layer ReLU networks."""

import math

import numpy as np

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import convex_relu
from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.specs.base import (
    Case,
    ErrorCase,
    Law,
    Operation,
    Paper,
    System,
    Variant,
    array,
    choice,
    integer,
    number,
)
from refimpl.specs.convex.convex_relu import exact
from refimpl.specs.convex.convex_relu import mistakes as mutants
from refimpl.specs.convex.convex_relu.claims import CLAIMS

# Operations ---------------------------------------------------------------------------------------------------------


def admm(X, y, D, beta, rho, gamma, steps):
    """u and v after each step of ADMM from zero."""
    xp, setup, state, states = array_namespace(X), convex_relu.prepare(X, D, rho=rho), convex_relu.init(X, D), []
    for _ in range(steps):
        state = convex_relu.admm_step(setup, y, state, beta=beta, gamma=gamma)
        states.append(state)
    return xp.stack([state.u for state in states]), xp.stack([state.v for state in states])


def rbcd(X, y, D, blocks, beta, rho, loss):
    """u and v after each outer step, whose u comes from block descent."""
    xp, state, states = array_namespace(X), convex_relu.init(X, D), []
    for k in range(blocks.shape[0]):
        chosen = [int(blocks[k, j]) for j in range(blocks.shape[1])]
        state, _ = convex_relu.block_descent(X, D, y, state, chosen, rho=rho, loss=loss)
        state = convex_relu.settle(X, D, state, beta=beta, rho=rho)
        states.append(state)
    return xp.stack([state.u for state in states]), xp.stack([state.v for state in states])


def patterns(X, draws):
    """Distinct activation patterns."""
    return convex_relu.activation_patterns(X, draws)


def recover(weights):
    """The network of a solution."""
    return tuple(convex_relu.recover(weights))


def scp(X, y, draws, beta, steps):
    """Second layers after each step of FISTA."""
    _, run = convex_relu.scp(X, y, draws, beta=beta, steps=steps, record=lambda state: {"alpha": state.alpha})
    return array_namespace(X).stack(run.history["alpha"][1:])


def certified(X, y, D, weights, mask, beta, epsilon, loss):
    """Value of the adversarial program and its constraints."""
    attack = {"epsilon": epsilon, "mask": mask}
    value = adversarial.robust_objective(X, D, y, weights, beta=beta, loss=loss, **attack)
    return value, adversarial.robust_slacks(X, D, weights, **attack)


def cone(a, b, epsilon, cap):
    """Projection on the cone of the adversarial program's duals."""
    return adversarial.project_cone(a, b, epsilon=epsilon, cap=cap)


# Cases --------------------------------------------------------------------------------------------------------------

X3 = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])  # the worked example of the docs page
Y3 = np.array([1.0, -1.0, 0.5])
D3 = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
SQUARE = np.array([[1.0, 0.8, 1.0], [1.0, -0.8, 1.0], [-1.0, 0.8, 1.0], [-1.0, -0.8, 1.0]])
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


_RATES = {"beta": 0.1, "rho": 0.5, "gamma": 0.5}
WORKED = {"X": X3, "y": Y3, "D": D3}
BOTH = ("convex_relu-11", "convex_relu-12", "convex_relu-13", "convex_relu-14", "convex_relu-15")

ADMM_CASES = (
    Case(
        "worked-example",
        ("basic", "wrong_constant", "wrong_order"),
        "two steps on the worked example",
        {**WORKED, **_RATES, "steps": 2},
        equations=BOTH,
    ),
    Case(
        "three-features",
        ("basic", "known_bug"),
        "with three features the order [half, pattern, feature] of F's columns matters",
        {**_data("three", 4, 3, 3), **_RATES, "steps": 2},
        equations=("convex_relu-9", "convex_relu-10", "convex_relu-11"),
    ),
    Case(
        "small-dual-step",
        ("basic", "missing_step", "wrong_constant"),
        "a dual step gamma below rho",
        {**_data("small-dual", 5, 2, 4), "beta": 0.2, "rho": 0.4, "gamma": 0.15, "steps": 3},
        equations=("convex_relu-14", "convex_relu-15"),
    ),
    Case(
        "more-features-than-points",
        ("boundary",),
        "n < d: nothing special happens",
        {**_data("wide", 2, 3, 3), "beta": 0.1, "rho": 0.3, "gamma": 0.3, "steps": 2},
    ),
    Case(
        "one-feature",
        ("boundary",),
        "one feature: blocks are single numbers",
        {"X": np.array([[1.5], [-0.5]]), "y": np.array([1.0, 2.0]), "D": np.array([[1.0, 0.0], [0.0, 1.0]])}
        | {**_RATES, "steps": 4},
    ),
    Case(
        "one-of-everything",
        ("boundary",),
        "one point, one feature, one pattern, one step",
        {"X": np.array([[2.0]]), "y": np.array([1.0]), "D": np.array([[1.0]]), **_RATES, "steps": 1},
    ),
    Case(
        "unseen-points",
        ("edge_case",),
        "a pattern that sees no point has an output of zero, but its constraints hold it all the same",
        {**WORKED, "D": np.array([[0.0, 1.0], [0.0, 1.0], [0.0, 0.0]]), **_RATES, "steps": 2},
        equations=("convex_relu-4",),
    ),
    Case(
        "constant-feature",
        ("edge_case",),
        "a feature that is the same at every point is nothing special",
        {**WORKED, "X": np.array([[3.0, 2.0], [3.0, 0.5], [3.0, -1.0]]), **_RATES, "steps": 2},
    ),
    Case(
        "zero-targets",
        ("edge_case",),
        "zero targets: blocks of norm 0 stay 0, not 0 / 0",
        {**WORKED, "y": np.zeros(3), **_RATES, "steps": 2},
        equations=("convex_relu-12",),
        answer={"u": np.zeros((2, 2, 2, 3)), "v": np.zeros((2, 2, 2, 3))},
        source="the definition",
    ),
    Case(
        "large-decay",
        ("edge_case", "missing_step"),
        "a threshold above every norm leaves v = 0 and u != 0",
        {**WORKED, "beta": 50.0, "rho": 0.5, "gamma": 0.5, "steps": 2},
        equations=("convex_relu-12",),
    ),
    Case(
        "large-data",
        ("numerics",),
        "data of size 1e3: the dense system is badly conditioned (float32 may lose all its digits), the step is not",
        {**_data("large", 4, 2, 3, scale=1e3), "beta": 10.0, "rho": 0.1, "gamma": 0.1, "steps": 2},
        dtypes=("float64",),
        equations=("convex_relu-10", "convex_relu-11"),
    ),
    Case(
        "small-data",
        ("numerics",),
        "data and targets of size 1e-3",
        {**WORKED, "X": 1e-3 * X3, "y": 1e-3 * Y3, "beta": 1e-7, "rho": 0.01, "gamma": 0.01, "steps": 2},
    ),
)

RBCD_CASES = (
    Case(
        "worked-example",
        ("basic", "missing_step"),
        "four blocks, one of them twice, on the worked example",
        {**WORKED, "blocks": np.array([[0.0, 1.0, 2.0, 1.0]]), "beta": 0.1, "rho": 0.5, "loss": "squared"},
        equations=("convex_relu-16", "convex_relu-17"),
    ),
    Case(
        "three-outer-steps",
        ("basic", "wrong_order", "known_bug"),
        "three outer steps: the duals and the old penalties of both halves count",
        {
            **_data("rbcd", 4, 2, 3),
            "blocks": np.array([[0.0, 2.0], [1.0, 0.0], [2.0, 1.0]]),
            "beta": 0.3,
            "rho": 0.8,
            "loss": "squared",
        },
        equations=("convex_relu-16", "convex_relu-17"),
    ),
    Case(
        "cross-entropy",
        ("basic", "wrong_constant"),
        "classes 0 and 1 with the logit 2 F u",
        {
            **WORKED,
            "y": np.array([1.0, 0.0, 1.0]),
            "blocks": np.array([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]),
            "beta": 0.1,
            "rho": 0.5,
            "loss": "cross_entropy",
        },
        equations=("convex_relu-16",),
    ),
    Case(
        "one-of-everything",
        ("boundary",),
        "one point, one feature, one pattern, one block",
        {
            "X": np.array([[2.0]]),
            "y": np.array([1.0]),
            "D": np.array([[1.0]]),
            "blocks": np.array([[0.0]]),
            "beta": 0.1,
            "rho": 0.5,
            "loss": "squared",
        },
    ),
    Case(
        "zero-targets",
        ("edge_case",),
        "where the gradient is zero the block stays and the search ends",
        {**WORKED, "y": np.zeros(3), "blocks": np.array([[0.0, 1.0]]), "beta": 0.1, "rho": 0.5, "loss": "squared"},
        answer={"u": np.zeros((1, 2, 2, 3)), "v": np.zeros((1, 2, 2, 3))},
        source="the definition",
    ),
    Case(
        "hardly-falls",
        ("wrong_constant", "missing_step"),
        "the first step lowers the function by 5e-4 of the squared gradient, which is 72: half of what Armijo's rule "
        "asks for, so a shorter one is taken",
        {
            "X": np.array([[0.75]]),
            "y": np.array([8.0]),
            "D": np.array([[1.0]]),
            "blocks": np.array([[0.0]]),
            "beta": 0.1,
            "rho": 0.55936,
            "loss": "squared",
        },
        equations=("convex_relu-17",),
    ),
    Case(
        "steep",
        ("numerics", "missing_step"),
        "data of size 30: the first step is divided many times",
        {
            **_data("steep", 4, 2, 2, scale=30.0),
            "blocks": np.array([[0.0, 1.0], [0.0, 1.0]]),
            "beta": 0.3,
            "rho": 0.2,
            "loss": "squared",
        },
        equations=("convex_relu-17",),
    ),
)

PATTERN_CASES = (
    Case(
        "worked-example",
        ("basic", "missing_step", "wrong_order"),
        "distinct patterns in the order in which they appear",
        {"X": X3, "draws": np.array([[3.0, 0.0], [-1.0, 1.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0], [0.0, 2.0]])},
        equations=("convex_relu-1",),
    ),
    Case(
        "point-at-the-origin",
        ("edge_case", "wrong_constant"),
        "a point at the origin is seen by every neuron: 0 >= 0",
        {"X": np.array([[0.0, 0.0], [1.0, -2.0], [0.0, 0.0]]), "draws": np.array([[1.0, 0.75], [-1.0, 1.0]])},
        equations=("convex_relu-1",),
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
        equations=("convex_relu-1",),
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
        equations=("convex_relu-1",),
    ),
)

RECOVER_CASES = (
    Case(
        "three-neurons",
        ("basic", "missing_step", "wrong_order"),
        "two blocks of v and two of w, of norms other than 1; zero blocks leave no neuron",
        {
            "weights": np.array(
                [[[3.0, 0.0, 0.5], [4.0, 0.0, -1.2]], [[0.0, -0.6, 8.0], [0.0, 0.25, 6.0]]],
            )
        },
        equations=("convex_relu-6",),
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
        equations=("convex_relu-6",),
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
        equations=("convex_relu-6",),
    ),
)

SCP_CASES = (
    Case(
        "worked-example",
        ("basic", "missing_step"),
        "four neurons on the worked example",
        {"X": X3, "y": Y3, "draws": np.array([[1.0, 1.0], [-2.0, 1.0], [0.5, -3.0], [-1.0, -1.0]])}
        | {"beta": 0.1, "steps": 6},
        equations=("convex_relu-18", "convex_relu-19", "convex_relu-21"),
    ),
    Case(
        "restart-in-the-seventh-step",
        ("missing_step", "wrong_constant"),
        "the worked example for longer: the momentum points uphill in the seventh step; by the gradient of the squared "
        "error alone it does not before the eighth",
        {"X": X3, "y": Y3, "draws": np.array([[1.0, 1.0], [-2.0, 1.0], [0.5, -3.0], [-1.0, -1.0]])}
        | {"beta": 0.1, "steps": 10},
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
)

_WEIGHTS = _normal("certified-w", 2, 3, 3)
_ATTACK = {"mask": NO_BIAS, "beta": 0.1, "epsilon": 0.2}
_SQUARE = {"X": SQUARE, "y": np.array([1.0, -1.0, -1.0, 1.0]), "D": _seen(SQUARE, "square", 3), "weights": _WEIGHTS}
_CERTIFICATE = ("convex_relu-23", "convex_relu-24", "convex_relu-25")

CERTIFIED_CASES = (
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
)

CONE_CASES = (
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
        {
            "a": np.array([1e-8, 1e8]),
            "b": np.array([[3e-8, -1e-9], [-2e8, 3e8]]),
            "epsilon": 0.3,
            "cap": 1e12,
        },
    ),
)


# Random inputs ------------------------------------------------------------------------------------------------------


def _random_data(rng, classes=False):
    n, d, P = (int(rng.integers(low, high)) for low, high in ((2, 5), (1, 4), (1, 4)))
    X = rng.standard_normal((n, d))
    D = convex_relu.activation_patterns(X, rng.standard_normal((20, d)), most=P)
    y = rng.integers(0, 2, n).astype(float) if classes else rng.standard_normal(n)
    return {"X": X, "y": y, "D": D}


def _random_admm(rng):
    beta, rho = 10.0 ** rng.uniform(-2, 0, 2)
    gamma = rho * rng.uniform(0.2, 1.2)
    return {**_random_data(rng), "beta": float(beta), "rho": float(rho), "gamma": float(gamma), "steps": 3}


def _random_rbcd(rng):
    loss = ("squared", "cross_entropy")[int(rng.integers(2))]
    data = _random_data(rng, classes=loss == "cross_entropy")
    blocks = rng.integers(0, data["D"].shape[1], (2, 3)).astype(float)
    beta, rho = (float(x) for x in 10.0 ** rng.uniform(-2, 0, 2))
    return {**data, "blocks": blocks, "beta": beta, "rho": rho, "loss": loss}


def _random_patterns(rng):
    n, d = rng.integers(1, 7), rng.integers(1, 4)
    return {"X": rng.standard_normal((n, d)), "draws": rng.standard_normal((12, d))}


def _random_recover(rng):
    weights = rng.standard_normal((2, int(rng.integers(1, 4)), int(rng.integers(1, 5))))
    weights = weights * (rng.uniform(size=(2, 1, weights.shape[2])) < 0.7)
    weights[0, :, 0] = 1.5
    return {"weights": weights}


def _random_scp(rng):
    n, d, N = rng.integers(1, 5), rng.integers(1, 4), rng.integers(1, 6)
    inputs = {"X": rng.standard_normal((n, d)), "y": rng.standard_normal(n), "draws": rng.standard_normal((N, d))}
    return {**inputs, "beta": float(10.0 ** rng.uniform(-2, 0)), "steps": 4}


def _random_certified(rng):
    data, loss = _random_data(rng), adversarial.LOSSES[int(rng.integers(3))]
    if loss != "squared":
        data["y"] = np.where(data["y"] > 0, 1.0, -1.0)
    d, P = data["X"].shape[1], data["D"].shape[1]
    mask = rng.integers(0, 2, d).astype(float)
    rest = {"weights": rng.standard_normal((2, d, P)), "mask": mask, "loss": loss}
    return {**data, **rest, "beta": float(rng.uniform(0.01, 1)), "epsilon": float(rng.uniform(0, 1))}


def _random_cone(rng):
    m, d = rng.integers(1, 6), rng.integers(1, 5)
    return {
        "a": rng.standard_normal(m),
        "b": 2 * rng.standard_normal((m, d)),
        "epsilon": float(10.0 ** rng.uniform(-1, 0.5)),
        "cap": float(10.0 ** rng.uniform(-1, 1)),
    }


# Laws ---------------------------------------------------------------------------------------------------------------


def _alike(run, inputs, changed, bring_back):
    """The outputs for changed inputs, brought back, against those for the inputs."""
    got, wanted = run(**{**inputs, **changed}), run(**inputs)
    for name in wanted:
        yield bring_back(got[name]), wanted[name]


def _swaps_halves(run, inputs):
    xp, y = array_namespace(inputs["y"]), inputs["y"]
    opposite = xp.astype(y == 0, y.dtype) if inputs.get("loss") == "cross_entropy" else -y
    yield from _alike(run, inputs, {"y": opposite}, lambda x: x[:, ::-1, :, :])


def _scales(run, inputs):
    yield from _alike(run, inputs, {"y": 4 * inputs["y"], "beta": 4 * inputs["beta"]}, lambda x: x / 4)


def _rows_reversed(run, inputs):
    changed = {name: inputs[name][::-1, ...] for name in ("X", "y", "D") if name in inputs}
    yield from _alike(run, inputs, changed, lambda x: x)


def _patterns_reversed(run, inputs):
    changed = {"D": inputs["D"][:, ::-1]}
    if "blocks" in inputs:
        blocks = inputs["blocks"]
        changed["blocks"] = array_namespace(blocks).round(inputs["D"].shape[1] - 1 - blocks)
    yield from _alike(run, inputs, changed, lambda x: x[:, :, :, ::-1])


def _turned(x, axis, angle=0.7):
    """Two coordinates along an axis turned."""
    xp, (c, s) = array_namespace(x), (math.cos(angle), math.sin(angle))
    first, second = (x[(slice(None),) * axis + (j, ...)] for j in (0, 1))
    return xp.stack([c * first - s * second, s * first + c * second], axis=axis)


def _rotates(run, inputs):
    yield from _alike(run, inputs, {"X": _turned(inputs["X"], 1)}, lambda x: _turned(x, 2, -0.7))


def _decay_wins(run, inputs):
    xp, v = array_namespace(inputs["y"]), run(**{**inputs, "beta": 1e6})["v"]
    yield v, xp.zeros_like(v)


def _others_stay(run, inputs):
    xp = array_namespace(inputs["blocks"])
    u = run(**{**inputs, "blocks": xp.zeros_like(inputs["blocks"])})["u"]
    yield u[:, :, :, 1:], xp.zeros_like(u[:, :, :, 1:])


def _draws_scaled(run, inputs):
    yield from _alike(run, inputs, {"draws": 4 * inputs["draws"]}, lambda x: x)


def _draws_repeated(run, inputs):
    xp, draws = array_namespace(inputs["draws"]), inputs["draws"]
    yield from _alike(run, inputs, {"draws": xp.concat([draws, draws[::-1, :]])}, lambda D: D)


def _points_reversed(run, inputs):
    yield from _alike(run, inputs, {"X": inputs["X"][::-1, :]}, lambda D: D[::-1, :])


def _both_negated(run, inputs):
    yield from _alike(run, inputs, {name: -inputs[name] for name in ("X", "draws")}, lambda D: D)


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


def _recover_scales(run, inputs):
    yield from _alike(run, inputs, {"weights": 4 * inputs["weights"]}, lambda x: x / 2)


def _scp_opposite(run, inputs):
    yield from _alike(run, inputs, {"y": -inputs["y"]}, lambda x: -x)


def _neurons_reversed(run, inputs):
    yield from _alike(run, inputs, {"draws": inputs["draws"][::-1, :]}, lambda x: x[:, ::-1])


def _certified_rows(run, inputs):
    changed = {name: inputs[name][::-1, ...] for name in ("X", "y", "D")}
    got, wanted = run(**{**inputs, **changed}), run(**inputs)
    yield got["value"], wanted["value"]
    yield got["slacks"][:, ::-1, :], wanted["slacks"]


def _certified_patterns(run, inputs):
    changed = {"D": inputs["D"][:, ::-1], "weights": inputs["weights"][:, :, ::-1]}
    got, wanted = run(**{**inputs, **changed}), run(**inputs)
    yield got["value"], wanted["value"]
    yield got["slacks"][:, :, ::-1], wanted["slacks"]


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


def _cone_scales(run, inputs):
    changed = {name: 4 * inputs[name] for name in ("a", "b", "cap")}
    yield from _alike(run, inputs, changed, lambda x: x / 4)


def _mirrored(run, inputs):
    got, wanted = run(**{**inputs, "b": -inputs["b"][:, ::-1]}), run(**inputs)
    yield got["theta"], wanted["theta"]
    yield -got["phi"][:, ::-1], wanted["phi"]


# The system ---------------------------------------------------------------------------------------------------------

_X = array("X", "n d", "data, one point per row; a last column of ones makes a bias")
_Y = array("y", "n", "targets")
_D = array("D", "n P", "activation patterns of 0 and 1, distinct columns")
_BETA = number("beta", "weight decay > 0")
_DRAWS = array("draws", "H d", "first-layer weight vectors")
_NAN = float("nan")
_ITERATES = (
    array("u", "K 2 d P", "weights that fit, after each step; axes half (v, w), feature, pattern", steps=True, ulps=16),
    array("v", "K 2 d P", "sparse weights, after each step", steps=True),
)
_DATA_ERRORS = (
    ErrorCase("nan-data", "NaN is no coordinate", {"X": np.full((3, 2), _NAN)}, ValueError, "X"),
    ErrorCase("nan-target", "NaN is no target", {"y": np.array([1.0, _NAN, 0.0])}, ValueError, "y"),
    ErrorCase("too-few-targets", "one target per point", {"y": np.ones(2)}, ValueError, "y"),
    ErrorCase("no-decay", "the weight decay is > 0", {"beta": 0.0}, ValueError, "beta"),
)
_PATTERN_ERRORS = (
    ErrorCase("signs-for-patterns", "patterns are 0 and 1", {"D": 2 * D3 - 1}, ValueError, "D"),
    ErrorCase("patterns-of-other-data", "a pattern per point", {"D": D3[:2, :]}, ValueError, "D"),
)

ADMM = Operation(
    name="convex_relu.admm",
    summary="steps of ADMM on the convex program with squared loss, from zero",
    inputs=(
        _X,
        _Y,
        _D,
        _BETA,
        number("rho", "penalty > 0"),
        number("gamma", "dual step > 0: the scaled duals move by gamma / rho"),
        integer("steps", "K >= 1"),
    ),
    outputs=_ITERATES,
    reference=admm,
    exact=exact.admm,
    exact_source="the inverse of the dense matrix with 50 digits, written apart from the source",
    cases=ADMM_CASES,
    sample=_random_admm,
    laws=(
        Law("halves-swapped", "negated targets swap v and w", _swaps_halves, ("three-features",)),
        Law("scales", "targets and decay times 4 give weights times 4", _scales, ("worked-example",)),
        Law("rows-reversed", "the order of the points does not matter", _rows_reversed, ("three-features",)),
        Law("patterns-reversed", "patterns in another order", _patterns_reversed, ("three-features",)),
        Law("rotates", "turned data turn the weights", _rotates, ("worked-example",)),
        Law("decay-wins", "a huge decay leaves v = 0", _decay_wins, ("worked-example",)),
    ),
    mutants=mutants.admm_mistake.mutants(),
    errors=(
        *_DATA_ERRORS,
        *_PATTERN_ERRORS,
        ErrorCase("doubles", "patterns are distinct", {"D": D3[:, [0, 1, 0]]}, ValueError, "D"),
        ErrorCase("no-penalty", "the penalty is > 0", {"rho": 0.0}, ValueError, "rho"),
        ErrorCase("no-dual-step", "the dual step is > 0", {"gamma": -0.1}, ValueError, "gamma"),
    ),
)

RBCD = Operation(
    name="convex_relu.rbcd",
    summary="steps of ADMM whose u comes from descent on given blocks, from zero, with gamma = rho",
    inputs=(
        _X,
        array("y", "n", "targets; 0 or 1 for the cross-entropy"),
        _D,
        array("blocks", "K B", "patterns whose weights are moved, in each step, from 0, stored as floats: cast them"),
        _BETA,
        number("rho", "penalty > 0"),
        choice(
            "loss",
            ("squared", "cross_entropy"),
            "half the squared error, or log(1 + exp(2 F u)) - 2 y F u, summed over the points",
        ),
    ),
    outputs=_ITERATES,
    reference=rbcd,
    exact=exact.rbcd,
    exact_source="the dense function and its gradient with 50 digits, written apart from the source",
    cases=RBCD_CASES,
    sample=_random_rbcd,
    laws=(
        Law(
            "halves-swapped",
            "negated targets (the other class) swap v and w",
            _swaps_halves,
            ("cross-entropy",),
        ),
        Law("rows-reversed", "the order of the points does not matter", _rows_reversed, ("worked-example",)),
        Law(
            "patterns-reversed",
            "patterns in another order, blocks renamed",
            _patterns_reversed,
            ("worked-example",),
        ),
        Law("rotates", "turned data turn the weights", _rotates, ("worked-example",)),
        Law("others-stay", "blocks that are not named stay zero", _others_stay, ("worked-example",)),
    ),
    mutants=mutants.rbcd_mistake.mutants(),
    variants=(
        Variant(
            "length_search",
            "Armijo's rule with the length of the step in place of the squared gradient; the first step is divided by "
            "1.5 after each failure, multiplied by 1.05 after each block and carried on",
            mutants.ADMMNN_UPDATE,
            lambda X, y, D, blocks, beta, rho, loss: mutants._rbcd(
                X, y, D, blocks, beta, rho, loss, search=mutants.PeersSearch
            ),
        ),
    ),
    errors=(
        *_DATA_ERRORS,
        *_PATTERN_ERRORS,
        ErrorCase("no-such-block", "blocks count from 0 to P - 1", {"blocks": np.array([[3.0]])}, ValueError, "blocks"),
        ErrorCase("other-class", "classes are 0 and 1", {"loss": "cross_entropy"}, ValueError, "y"),
        ErrorCase("unknown-loss", "the loss has a name", {"loss": "hinge"}, ValueError, "loss"),
    ),
)

PATTERNS = Operation(
    name="convex_relu.patterns",
    summary="the distinct activation patterns of some weight vectors, in order of appearance",
    inputs=(_X, _DRAWS),
    outputs=(array("D", "n P", "1 where x_k^T a >= 0, else 0; a column per distinct pattern"),),
    reference=patterns,
    exact=exact.patterns,
    exact_source="signs of products in rational arithmetic, written apart from the source",
    cases=PATTERN_CASES,
    sample=_random_patterns,
    laws=(
        Law("draws-scaled", "only directions count", _draws_scaled, ("worked-example", "many-draws")),
        Law("draws-repeated", "draws that come again add nothing", _draws_repeated, ("worked-example", "many-draws")),
        Law("points-reversed", "points in another order", _points_reversed, ("worked-example", "many-draws")),
        Law("both-negated", "data and draws negated", _both_negated, ("worked-example", "many-draws")),
    ),
    mutants=mutants.pattern_mistake.mutants(),
    errors=(
        ErrorCase("nan-data", "NaN is no coordinate", {"X": np.full((3, 2), _NAN)}, ValueError, "X"),
        ErrorCase("nan-draw", "NaN is no weight", {"draws": np.array([[1.0, _NAN]])}, ValueError, "draws"),
        ErrorCase("other-dimension", "a weight per feature", {"draws": np.ones((4, 3))}, ValueError, "draws"),
    ),
)

RECOVER = Operation(
    name="convex_relu.recover",
    summary="the network of a solution, a neuron for each block that is not zero: first those of v, then those of w",
    inputs=(array("weights", "2 d P", "v and w"),),
    outputs=(array("first", "d m", "first layer, a column per neuron"), array("second", "m", "second layer")),
    reference=recover,
    exact=exact.recover,
    exact_source="square roots with 50 digits, written apart from the source",
    cases=RECOVER_CASES,
    sample=_random_recover,
    laws=(
        Law("same-function", "the neurons add up to v - w", _same_function, ("three-neurons", "gaussian")),
        Law("balanced", "both layers have the same norm", _balanced, ("three-neurons", "gaussian")),
        Law("scales", "weights times 4 give layers times 2", _recover_scales, ("three-neurons", "gaussian")),
    ),
    mutants=mutants.recovery_mistake.mutants(),
    errors=(
        ErrorCase("nan-weight", "NaN is no weight", {"weights": np.full((2, 1, 1), _NAN)}, ValueError, "weights"),
        ErrorCase("three-halves", "two halves", {"weights": np.ones((3, 2, 1))}, ValueError, "weights"),
    ),
)

SCP = Operation(
    name="convex_relu.scp",
    summary="second layers of the sampled convex program after each step of FISTA with restart, from zero",
    inputs=(
        _X,
        _Y,
        array("draws", "N d", "directions of the neurons, of any length"),
        _BETA,
        integer("steps", "K >= 1"),
    ),
    outputs=(array("alpha", "K N", "second layer after each step", steps=True),),
    reference=scp,
    exact=exact.scp,
    exact_source="FISTA and the largest eigenvalue with 50 digits, written apart from the source",
    cases=SCP_CASES,
    sample=_random_scp,
    laws=(
        Law("scales", "targets and decay times 4 give weights times 4", _scales, ("restarts",)),
        Law("opposite", "negated targets negate the weights", _scp_opposite, ("worked-example",)),
        Law("draws-scaled", "only directions count", _draws_scaled, ("worked-example",)),
        Law("neurons-reversed", "neurons in another order", _neurons_reversed, ("worked-example",)),
    ),
    mutants=mutants.scp_mistake.mutants(),
    errors=(
        *_DATA_ERRORS,
        ErrorCase("no-direction", "a zero vector has no direction", {"draws": np.zeros((4, 2))}, ValueError, "draws"),
    ),
)

CERTIFIED = Operation(
    name="convex_relu.certified",
    summary="value and constraints of the adversarial program: the worst case within boxes of half-width epsilon",
    inputs=(
        _X,
        array("y", "n", "targets; -1 or 1 for hinge and logistic"),
        _D,
        array("weights", "2 d P", "v and w"),
        array("mask", "d", "1 for features that can be attacked, else 0"),
        number("beta", "weight decay > 0"),
        number("epsilon", "half-width >= 0 of the boxes"),
        choice(
            "loss",
            adversarial.LOSSES,
            "hinge: mean of (1 - m)_+; logistic: mean of log(1 + exp(-m)); squared: half the sum of squares",
        ),
    ),
    outputs=(
        array("value", "", "certified loss plus beta times the sum of the norms"),
        array("slacks", "2 n P", "(2 D - I) X v - epsilon |M v|_1, and the same of w"),
    ),
    reference=certified,
    exact=exact.certified,
    exact_source="the worst of all corners with 50 digits, written apart from the source",
    cases=CERTIFIED_CASES,
    sample=_random_certified,
    laws=(
        Law("rows-reversed", "points in another order", _certified_rows, ("hinge", "squared", "logistic")),
        Law("patterns-reversed", "patterns in another order", _certified_patterns, ("hinge", "squared")),
        Law("harmless", "an empty mask is as good as epsilon = 0", _harmless_attacks, ("hinge", "squared", "logistic")),
        Law("without-weights", "without weights the loss is known", _without_weights, ("hinge", "squared", "logistic")),
    ),
    mutants=mutants.certificate_mistake.mutants(),
    errors=(
        ErrorCase("other-class", "classes are -1 and 1", {"y": np.array([1.0, 0.0, 1.0, 0.0])}, ValueError, "y"),
        ErrorCase("mask-of-halves", "a mask is 0 or 1", {"mask": np.full(3, 0.5)}, ValueError, "mask"),
        ErrorCase("negative-attack", "a half-width is >= 0", {"epsilon": -0.1}, ValueError, "epsilon"),
        ErrorCase("no-decay", "the weight decay is > 0", {"beta": -1.0}, ValueError, "beta"),
        ErrorCase("nan-weight", "NaN is no weight", {"weights": np.full((2, 3, 3), _NAN)}, ValueError, "weights"),
    ),
)

CONE = Operation(
    name="convex_relu.cone",
    summary="projection of pairs (a, b) on the cone |phi_j| <= epsilon theta, 0 <= theta <= cap",
    inputs=(
        array("a", "m", "first parts"),
        array("b", "m d", "second parts"),
        number("epsilon", "opening >= 0"),
        number("cap", "upper bound > 0"),
    ),
    outputs=(array("theta", "m", "first parts of the nearest points"), array("phi", "m d", "second parts")),
    reference=cone,
    exact=exact.cone,
    exact_source="active entries one by one in rational arithmetic, written apart from the source",
    cases=CONE_CASES,
    sample=_random_cone,
    laws=(
        Law("idempotent", "a projected pair stays", _idempotent, ("one-of-each-kind", "wide-cone")),
        Law("scales", "pairs and bound times 4", _cone_scales, ("one-of-each-kind", "wide-cone")),
        Law("mirrored", "b negated and reversed", _mirrored, ("one-of-each-kind", "wide-cone")),
    ),
    mutants=mutants.cone_mistake.mutants(),
    errors=(
        ErrorCase("negative-opening", "an opening is >= 0", {"epsilon": -0.5}, ValueError, "epsilon"),
        ErrorCase("no-bound", "the bound is > 0", {"cap": 0.0}, ValueError, "cap"),
        ErrorCase("nan-pair", "NaN is no pair", {"a": np.full(7, _NAN)}, ValueError, "a"),
        ErrorCase("one-part", "a second part per first one", {"b": np.ones(7)}, ValueError, "b"),
    ),
)

SYSTEM = System(
    name="convex_relu",
    chapter="convex",
    summary="the global optimum of a two-layer ReLU network, as a group lasso over activation patterns",
    paper=Paper(
        title="Efficient Global Optimization of Two-layer ReLU Networks: Quadratic-time Algorithms and Adversarial "
        "Training",
        authors="Bai, Gautam, Sojoudi",
        arxiv="2201.01965",
        year=2022,
        key="bai2022efficient",
    ),
    operations=(ADMM, RBCD, PATTERNS, RECOVER, SCP, CERTIFIED, CONE),
    claims=CLAIMS,
)
