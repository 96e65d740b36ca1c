"""Inputs of the operations of MECO under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _normal(name, *shape):
    return stream(0, "meco-case", name).standard_normal(shape)


def _inputs(theta0, x, z, base=None, log_noise=None, lr=0.1, gamma=0.2, beta=0.6):
    z = np.array(z, dtype=float)
    base = -0.5 * (z**2).sum(axis=-1) - 0.9189 if base is None else base
    log_noise = -0.125 * (z**2).sum(axis=-1) - 1.612 if log_noise is None else log_noise
    return {
        "theta0": np.array(theta0, dtype=float),
        "features_data": np.array(x, dtype=float),
        "features_noise": z,
        "base": np.array(base, dtype=float),
        "log_noise": np.array(log_noise, dtype=float),
        "lr": lr,
        "gamma": gamma,
        "beta": beta,
    }


def _gaussian(name, steps, n, m, d, **settings):
    """A Gaussian's mean in d dimensions, data around 1, noise twice as wide as the model."""
    rng = stream(0, "meco-case", name)
    x, z = 1 + rng.standard_normal((steps, n, d)), 2 * rng.standard_normal((steps, m, d))
    return _inputs(np.zeros(d), x.round(3), z.round(3), **settings)


def _pausing(inputs):
    """Features of 0 in the third and fourth step."""
    moving = np.array([1.0, 1.0, 0.0, 0.0, 1.0, 1.0])[:, None, None]
    return {**inputs, **{name: inputs[name] * moving for name in ("features_data", "features_noise")}}


_SMALL = _gaussian("four-steps", 4, 3, 4, 1, lr=0.3, gamma=0.25, beta=0.7)
_SHORT = {**_SMALL, "theta0": np.array([1.5]), "lr": 0.05}  # where float32 has few digits of the weights
TRAJECTORY = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"),
         "two steps of a Gaussian's mean, weights by hand: u is averaged, then used",
         _inputs([0.5], [[[1.0], [3.0]]] * 2, [[[0.0], [1.0], [-1.0]]] * 2, base=[[0.0, -0.5, -0.5]] * 2,
         log_noise=-np.ones((2, 3)), gamma=0.5, beta=0.75),
         equations=("meco-1", "meco-2", "meco-3")),
    Case("gaussian-four-steps", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "3 data, 4 draws of noise, 4 steps: every average is used", _SMALL,
         equations=("meco-1", "meco-2", "meco-3", "meco-4", "meco-5")),
    Case("three-parameters", ("basic", "wrong_constant"),
         "small gamma and large steps: u lags behind Z, and the weights do not add up to 1",
         _gaussian("three", 4, 4, 5, 3, lr=0.4, gamma=0.1, beta=0.35), equations=("meco-1", "meco-3", "meco-4")),
    Case("one-step", ("boundary", "wrong_constant"),
         "the first step takes what it sees in full: u_1 is the mean of the batch and v_1 the gradient",
         _gaussian("one", 1, 2, 3, 2, gamma=0.05, beta=0.1), equations=("meco-1", "meco-4")),
    Case("no-memory", ("boundary", "numerics"),
         "gamma = beta = 1 is allowed: no logarithm of 0, no NaN",
         _gaussian("no-memory", 3, 2, 3, 2, gamma=1.0, beta=1.0), equations=("meco-1",)),
    Case("one-draw", ("boundary", "edge_case"),
         "batches of one: the batch alone would give weight 1 whatever the noise; u tells the draws apart",
         _gaussian("one-draw", 4, 1, 1, 1, lr=0.2, gamma=0.3, beta=0.8), equations=("meco-2",)),
    Case("unnormalized-noise", ("edge_case", "missing_step"),
         "a constant in log q moves log u and nothing else", {**_SMALL, "log_noise": _SMALL["log_noise"] + 3.0},
         equations=("meco-1", "meco-2")),
    Case("equal-features", ("edge_case",),
         "all draws of noise alike: the weights matter through their sum alone",
         _inputs([0.5, -0.5], [[[1.0, 0.0], [0.0, 2.0]]] * 4, np.full((4, 3, 2), 0.5), lr=0.3)),
    Case("huge-partition-function", ("numerics",),
         "Z around exp(800): only logarithms and ratios can be stored",
         {**_SHORT, "base": _SMALL["base"] + np.array([800.0, 801.0, 800.5, 799.0])[:, None]},
         equations=("meco-1", "meco-2")),
    Case("tiny-partition-function", ("numerics",),
         "Z around exp(-800)", {**_SHORT, "base": _SMALL["base"] - np.array([800.0, 801.0, 800.5, 799.0])[:, None]},
         dtypes=("float64",), equations=("meco-1", "meco-2")),
    Case("sudden-drop", ("numerics", "edge_case"),
         "Z falls by exp(-30) in one step: u keeps the memory of the first batch, and the weights vanish",
         {**_SMALL, "base": _SMALL["base"] - np.array([0.0, 30.0, 30.0, 30.0])[:, None]}, equations=("meco-1",)),
    Case("pauses", ("edge_case",),
         "two steps whose features are all 0: the gradient is 0, v and the motion fade, and take up again",
         _pausing(_gaussian("pause", 6, 2, 3, 2, lr=0.3, gamma=0.3, beta=0.6)), equations=("meco-4", "meco-5")),
    Case("three-hundred-steps", ("long",),
         "nothing wears off: u and v forget in the 300th step as they did in the first",
         _gaussian("long", 300, 1, 2, 1, lr=0.0625, gamma=0.25, beta=0.5)),
    large("many-draws", "gaussian-four-steps", "m", balanced=True, dtypes=("float64",)),
    large("many-data", "gaussian-four-steps", "n", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_trajectory(rng):
    steps, n, m, d = (int(rng.integers(1, k)) for k in (4, 4, 5, 4))
    x, z = rng.standard_normal((steps, n, d)), 1.5 * rng.standard_normal((steps, m, d))
    rates = {"lr": rng.uniform(0.01, 0.4), "gamma": rng.uniform(0.05, 0.95), "beta": rng.uniform(0.1, 0.9)}
    return _inputs(0.5 * rng.standard_normal(d), x, z, **{name: float(rate) for name, rate in rates.items()})


def _step_inputs(theta, log_u, velocity, x, ratio, z, lr=0.1, gamma=0.2, beta=0.6) -> dict[str, Any]:
    arrays = {"theta": theta, "velocity": velocity, "grads_data": x, "log_ratio": ratio, "grads_noise": z}
    arrays = {name: np.array(values, dtype=float) for name, values in arrays.items()}
    return arrays | {"log_u": log_u, "lr": lr, "gamma": gamma, "beta": beta}


_STEP = _step_inputs(
    [1.0, -2.0],
    0.7,
    [0.5, -0.25],
    [[1.0, 2.0], [-0.5, 1.5], [2.0, 0.25]],
    [0.1, 1.2, -0.4, 2.0],
    [[1.0, 0.5], [-2.0, 0.75], [0.25, -1.0], [1.5, 2.5]],
)
STEP = (
    Case("ordinary", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "u below the mean of the batch: four different weights", _STEP,
         equations=("meco-1", "meco-2", "meco-3", "meco-4", "meco-5")),
    Case("u-too-large", ("basic", "wrong_order"),
         "u far above the mean of the batch: the weights add up to less than 1",
         {**_STEP, "log_u": 4.0, "gamma": 0.1, "beta": 0.9}, equations=("meco-1", "meco-2")),
    Case("no-memory", ("boundary",),
         "gamma = beta = 1: the old averages are forgotten, whatever they are",
         {**_STEP, "gamma": 1.0, "beta": 1.0, "log_u": -50.0}, equations=("meco-1", "meco-4")),
    Case("one-of-each", ("boundary",),
         "one coordinate, one datum, one draw",
         _step_inputs([-4.0], 0.3, [2.0], [[0.5]], [1.1], [[-0.75]], lr=2.0, gamma=0.35, beta=0.15)),
    Case("large-logarithms", ("numerics",),
         "exp(log_ratio) overflows, exp(log_ratio - log u) does not",
         {**_STEP, "log_u": 800.0, "log_ratio": _STEP["log_ratio"] + 800.0, "velocity": np.array([5.0, -2.5]),
         "beta": 0.05},
         equations=("meco-1", "meco-2")),
    Case("u-negligible", ("numerics",),
         "u is exp(-900) of the batch: gamma of the batch alone is left, and no weight exceeds 1 / gamma",
         {**_STEP, "log_u": -900.0}, equations=("meco-1", "meco-2")),
    Case("tiny-logarithms", ("numerics",),
         "exp(log_ratio) and u underflow, their quotient does not",
         {**_STEP, "log_u": -800.0, "log_ratio": _STEP["log_ratio"] - 800.0, "velocity": np.array([5.0, -2.5]),
         "beta": 0.05},
         equations=("meco-1", "meco-2")),
    large("many-parameters", "ordinary", "d"),
    large("many-draws", "ordinary", "m", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_step(rng):
    n, m, d = (int(rng.integers(1, k)) for k in (5, 7, 5))
    rates = {"lr": rng.uniform(0.01, 2.0), "gamma": rng.uniform(0.05, 0.95), "beta": rng.uniform(0.1, 0.9)}
    level = rng.uniform(-60, 60)
    return _step_inputs(
        rng.standard_normal(d),
        float(level + rng.uniform(-2, 2)),
        rng.standard_normal(d),
        rng.standard_normal((n, d)),
        level + 2 * rng.standard_normal(m),
        rng.standard_normal((m, d)),
        **{name: float(rate) for name, rate in rates.items()},
    )


_NCE: dict[str, Any] = {
    "c": 0.4,
    "log_ratio_data": np.array([0.5, -1.0, 2.0]),
    "grads_data": np.array([[1.0, 2.0], [-0.5, 1.5], [2.0, 0.25]]),
    "log_ratio_noise": np.array([-0.75, 1.25, 0.5, -2.0, 0.25, -0.5]),
    "grads_noise": np.array([[1.0, 0.5], [-2.0, 0.75], [0.25, -1.0], [1.5, 2.5], [-1.0, -0.5], [0.5, 3.0]]),
}
_BALANCED = {**_NCE, "log_ratio_noise": _NCE["log_ratio_noise"][:3], "grads_noise": _NCE["grads_noise"][:3]}
NCE = (
    Case("twice-the-noise", ("basic", "missing_step", "wrong_constant"),
         "two draws of noise for each of the data: nu = 2 shifts the logit and weighs the noise", _NCE,
         equations=("meco-6", "meco-7")),
    Case("balanced", ("basic",), "as many draws of noise as data, nu = 1", _BALANCED, equations=("meco-7",)),
    Case("less-noise", ("basic", "wrong_constant"),
         "nu = 1/3", {**_NCE, "log_ratio_noise": np.array([0.5]), "grads_noise": np.array([[1.5, -1.0]])},
         equations=("meco-6",)),
    Case("one-of-each", ("boundary",),
         "one datum, one draw, one parameter",
         {"c": -0.3, "log_ratio_data": np.array([1.5]), "grads_data": np.array([[2.0]]),
         "log_ratio_noise": np.array([-0.5]), "grads_noise": np.array([[-1.0]])}),
    Case("undecided", ("edge_case",),
         "all log ratios equal c: every draw has the prior's odds, and the loss is (1 + nu) log(1 + nu) - nu log nu",
         {**_NCE, "c": 0.5, "log_ratio_data": np.full(2, 0.5), "grads_data": _NCE["grads_data"][:2],
         "log_ratio_noise": np.full(6, 0.5)}),
    Case("certain-and-wrong", ("numerics",),
         "logits of +-300 on the wrong side: the loss is as large, not infinite",
         {**_NCE, "log_ratio_data": np.array([-300.0, 1.0, -200.0]), "log_ratio_noise": 50.0 * np.arange(6)},
         equations=("meco-7",)),
    Case("certain-and-right", ("numerics",),
         "logits of +-40 on the right side: loss and gradient are tiny, not 0",
         {**_BALANCED, "log_ratio_data": np.array([40.0, 45.0, 50.0]), "log_ratio_noise": np.array([-40.0, -45.0,
         -41.0])},
         equations=("meco-7",)),
    Case("beyond-709", ("numerics",),
         "logits of +-800 on the wrong side, where exp overflows and its inverse underflows",
         {**_NCE, "log_ratio_data": np.array([-800.0, 1.0, 2.0]),
         "log_ratio_noise": np.array([800.0, 1.25, 0.5, -2.0, 0.25, -0.5])}, equations=("meco-7",)),
    large("many-parameters", "twice-the-noise", "d"),
)  # fmt: skip


def sample_nce(rng):
    n, m, d = (int(rng.integers(1, k)) for k in (6, 8, 4))
    return {
        "c": float(rng.uniform(-3, 3)),
        "log_ratio_data": 3 * rng.standard_normal(n),
        "grads_data": rng.standard_normal((n, d)),
        "log_ratio_noise": 3 * rng.standard_normal(m),
        "grads_noise": rng.standard_normal((m, d)),
    }


_CHAIN = {
    "start": np.array([[0.5, -1.0], [2.0, 0.0]]),
    "noise": np.array([[[1.0, -0.5], [0.25, 2.0]], [[-1.5, 0.75], [0.5, -1.0]], [[0.1, 1.2], [-0.7, 0.3]]]),
    "mean": np.array([1.0, -0.5]),
    "precision": np.array([1.0, 3.0]),
    "step": 0.2,
}
LANGEVIN = (
    Case("ordinary", ("basic", "wrong_constant"),
         "two points, two coordinates, three steps", _CHAIN, equations=("meco-10",)),
    Case("one-step", ("boundary",),
         "one step of one point on a line",
         {"start": np.array([[1.0]]), "noise": np.array([[[0.5]]]), "mean": np.zeros(1), "precision": np.array([2.0]),
         "step": 0.25},
         answer={"points": np.array([[[1.0]]])}, source="worked by hand: 1 - 0.125 * 2 + 0.5 * 0.5",
         equations=("meco-10",)),
    Case("at-the-mean", ("edge_case",),
         "no slope where the chain starts: the first move is noise alone",
         {**_CHAIN, "start": np.array([[1.0, -0.5], [1.0, -0.5]]), "step": 0.05}),
    Case("long-steps", ("edge_case", "wrong_constant"),
         "step * precision above 2: each step overshoots", {**_CHAIN, "step": 1.5}),
    Case("flat-and-steep", ("numerics",),
         "precisions of 1e-6 and 1e3 with a step that suits the steep one",
         {**_CHAIN, "precision": np.array([1e-6, 1e3]), "step": 1e-3}),
    Case("three-hundred-steps", ("long",), "nothing wears off: the 300th step follows the same rule as the first",
         {**_CHAIN, "start": np.array([[4.0]]), "noise": _normal("chain", 300, 1, 1), "mean": np.array([1.0]),
         "precision": np.array([2.0]), "step": 0.25}),
    large("many-points", "ordinary", "N"),
)  # fmt: skip


def sample_langevin(rng):
    steps, n, p = (int(rng.integers(1, k)) for k in (4, 4, 4))
    return {
        "start": rng.standard_normal((n, p)),
        "noise": rng.standard_normal((steps, n, p)),
        "mean": rng.standard_normal(p),
        "precision": np.exp(rng.standard_normal(p)),
        "step": float(10.0 ** rng.uniform(-3, -0.3)),
    }


LANDSCAPE = tuple(
    Case(slug, flags, why, {"params": np.array(params), "target": target}, equations=("meco-8",))
    for slug, flags, why, params, target in (
        ("start", ("basic",), "where optimizers start: the model equals the noise", [0.0, 0.0], 2.0),
        ("between", ("basic", "wrong_constant"), "between the noise and the data", [1.25, 0.5], 2.0),
        ("optimum", ("boundary",), "at the optimum the gradient is 0", [2.0, 2.0], 2.0),
        ("beyond", ("basic", "wrong_constant"), "past the data, with c of the wrong sign", [3.0, -1.0], 2.0),
        ("no-gap", ("edge_case",), "data like the noise: as well conditioned as it gets", [0.5, 0.25], 0.0),
        ("far-optimum", ("numerics",), "R = 5: a Hessian of 0.02 and a gradient that must cancel", [5.0, 12.5], 5.0),
        ("mirrored", ("edge_case",), "data to the left of the noise", [-1.5, 0.5], -3.0),
    )
)


def sample_landscape(rng):
    target = float(rng.uniform(-2, 2))
    return {"params": np.array([target, target**2 / 2]) + 0.5 * rng.standard_normal(2), "target": target}
