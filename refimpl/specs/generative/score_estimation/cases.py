"""Inputs of the operations of score estimation under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _numbers(name, *shape, scale=1.0):
    return (scale * stream(0, "score_estimation-case", name).standard_normal(shape)).round(3)


def _signs(name, *shape):
    return 2.0 * stream(0, "score_estimation-case", name).integers(0, 2, shape) - 1


# The score as a denoiser ---------------------------------------------------------------------------------------------

_T = np.array([0.25, 0.75, 2.0])
_PAIRS: dict[str, Any] = {
    "X0": np.array([[0.75, -0.5], [1.0, 0.0], [-0.25, 0.5]]),
    "t": _T,
    "zeta": np.array([[0.5, -1.25], [2.0, 0.25], [-1.5, 0.75]]),
    "T0": 0.25,
    "constant": "yes",
}
TRAINING_PAIRS = (
    Case("three-samples", ("basic", "wrong_constant"), "three samples of two coordinates, the first at T0", _PAIRS,
         equations=tuple(f"score_estimation-{i}" for i in (1, 2, 3, 9))),
    Case("no-constant", ("basic",), "the input without the constant", {**_PAIRS, "constant": "no"}),
    Case("from-zero", ("boundary",), "T0 = 0: the time itself; one sample of one coordinate",
         {**_PAIRS, "X0": np.array([[0.5]]), "t": np.array([1.5]), "zeta": np.array([[-2.0]]), "T0": 0.0}),
    Case("without-noise", ("edge_case",), "the draw is 0: the sample shrinks by alpha alone",
         {**_PAIRS, "zeta": np.zeros((3, 2)), "t": np.full(3, 1.3862943611198906)}, dtypes=("float64",),
         answer={"Y": _PAIRS["X0"], "Z": np.concatenate(
             [_PAIRS["X0"] / 2, np.full((3, 1), 1.3862943611198906 - 0.25), np.ones((3, 1))], axis=1)},
         source="worked by hand: alpha = 1/2 at t = log 4"),
    Case("early", ("numerics",), "times so early that 1 - exp(-t) is 0 in floating point: h is t",
         {"X0": np.zeros((3, 2)), "zeta": _PAIRS["zeta"], "t": np.array([1 / 2**60, 1 / 2**64, 1 / 2**56]), "T0": 0.0,
          "constant": "no"}),
    large("many-samples", "three-samples", "n"),
)  # fmt: skip


def sample_pairs(rng):
    n, d, T0 = int(rng.integers(1, 6)), int(rng.integers(1, 4)), float(rng.uniform(0.05, 0.5))
    draws = {"X0": rng.standard_normal((n, d)), "t": T0 + 0.01 + 2 * rng.random(n), "zeta": rng.standard_normal((n, d))}
    return draws | {"T0": T0, "constant": str(rng.choice(["yes", "no"]))}


_READ: dict[str, Any] = {
    "f": np.array([[0.375, -0.5], [0.875, 0.875], [-3.0, 1.5]]),  # inside; outside, but no coordinate is; far outside
    "t": _T,
    "x": np.array([[1.5, -0.25], [-0.5, 2.0], [0.125, -1.0]]),
    "D": 1.0,
}
_BALL = {**_READ, "D": 0.75}
SCORE_READOUT = (
    Case("in-and-out", ("basic", "missing_step", "wrong_constant"),
         "an output in the ball, one outside of which each coordinate is within [-1, 1], and one far outside", _READ,
         equations=tuple(f"score_estimation-{i}" for i in (1, 2, 5, 6))),
    Case("small-ball", ("basic",), "a radius that is not 1", _BALL),
    Case("nothing-known", ("edge_case",), "f = 0 stays 0: no division by its length",
         {**_READ, "f": np.zeros((3, 2))}, answer={"score": -_READ["x"] / (1 - np.exp(-_T))[:, None]},
         source="worked by hand: -x / h"),
    Case("one-coordinate", ("boundary",), "one sample of one coordinate",
         {"f": np.array([[-2.5]]), "t": np.array([0.5]), "x": np.array([[0.75]]), "D": 2.0}),
    Case("early", ("numerics",), "times so early that 1 - exp(-t) is 0 in floating point: h is t",
         {**_READ, "t": np.array([1 / 2**60, 1 / 2**64, 1 / 2**56])}),
    Case("far-outside", ("numerics",), "outputs of 1e15", {**_READ, "f": 2**50 * _READ["f"]}),
    large("many-samples", "in-and-out", "k"),
)  # fmt: skip


def sample_readout(rng):
    k, d = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    inputs = {"f": 1.5 * rng.standard_normal((k, d)), "t": 0.1 + 2 * rng.random(k), "x": rng.standard_normal((k, d))}
    return inputs | {"D": float(rng.uniform(0.5, 2))}


_ERRORS = {**_READ, "X0": np.array([[-0.5, 0.25], [0.25, 0.75], [0.5, -0.5]])}
WEIGHTED_ERRORS = (
    Case("in-and-out", ("basic", "missing_step", "wrong_constant"),
         "an output in the ball, one outside of which each coordinate is within [-1, 1], and one far outside", _ERRORS,
         equations=tuple(f"score_estimation-{i}" for i in (4, 5, 6, 7, 8))),
    Case("small-ball", ("basic",), "a radius that is not 1", {**_ERRORS, "D": 0.75}),
    Case("late", ("basic",), "all times are late: the weight is large, and the distance is still the same",
         {**_ERRORS, "t": np.array([3.0, 4.0, 5.0])}),
    Case("one-coordinate", ("boundary",), "one sample of one coordinate",
         {"f": np.array([[-2.5]]), "t": np.array([0.5]), "x": np.array([[0.75]]), "X0": np.array([[0.5]]), "D": 2.0},
         answer={"each": np.array([6.25]), "loss": np.array(6.25)}, source="worked by hand: (-2 - 1/2)^2"),
    large("many-samples", "in-and-out", "k", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_errors(rng):
    inputs = sample_readout(rng)
    return inputs | {"X0": rng.standard_normal(inputs["f"].shape)}


# The network ---------------------------------------------------------------------------------------------------------


def _data(name, n, p, d, **more) -> dict[str, Any]:
    return {"Z": _numbers(f"{name} Z", n, p), "Y": _numbers(f"{name} Y", n, d), **more}


def _units(name, m, p, d):
    return {"W": _numbers(f"{name} W", m, p), "a": _signs(f"{name} a", m, d)}


_STEP = {**_units("step", 6, 3, 2), **_data("step", 4, 3, 2), "eta": 0.5}
_TIE = {"W": np.array([[1.0, 0.0], [0.0, 0.0], [2.0, -1.0]]), "a": np.array([[1.0], [1.0], [-1.0]]),
        "Z": np.array([[0.0, -1.0], [1.0, 3.0]]), "Y": np.array([[0.5], [-1.0]]), "eta": 0.5}  # fmt: skip
GD_STEP = (
    Case("six-units", ("basic", "missing_step", "wrong_constant", "wrong_order"),
         "six units, four samples, two outputs, some of them outside of the unit ball", _STEP,
         equations=tuple(f"score_estimation-{i}" for i in (10, 12, 13, 14))),
    Case("three-outputs", ("basic",), "more outputs than inputs, a larger step",
         {**_units("outputs", 4, 2, 3), **_data("outputs", 3, 2, 3), "eta": 1.25}),
    Case("at-the-kink", ("edge_case",), "units whose input is exactly 0 do not move, and one of weights 0 never does",
         _TIE),
    Case("one-of-each", ("boundary",), "one unit, one sample, one output",
         {"W": np.array([[0.5, 1.0]]), "a": np.array([[-1.0]]), "Z": np.array([[1.0, 2.0]]), "Y": np.array([[1.5]]),
          "eta": 0.25},
         answer={"new_W": np.array([[-0.5, -1.0]]), "residuals": np.array([[-4.0]]), "loss": np.array(8.0)},
         source="worked by hand: f = -2.5, the gradient is 4 z"),
    Case("all-off", ("edge_case",), "no unit sees any sample: outputs of 0 and no step",
         {**_STEP, "W": -np.ones((6, 3)), "Z": np.abs(_STEP["Z"])},
         answer={"new_W": -np.ones((6, 3)), "residuals": -_STEP["Y"]}, source="worked by hand"),
    large("many-samples", "six-units", "n", balanced=True, size=4_999, dtypes=("float64",)),
)  # fmt: skip


def sample_step(rng):
    n, m, p, d = (int(rng.integers(1, 6)) for _ in range(4))
    inputs = {"W": rng.standard_normal((m, p)), "a": 2.0 * rng.integers(0, 2, (m, d)) - 1}
    inputs |= {"Z": rng.standard_normal((n, p)), "Y": rng.standard_normal((n, d))}
    return inputs | {"eta": float(rng.uniform(0.1, 1.0))}


_TRAIN = {**_units("train", 4, 3, 2), **_data("train", 4, 3, 2, Z_test=_numbers("train test", 3, 3)), "eta": 0.5}
TRAIN = (
    Case("five-steps", ("basic", "missing_step", "wrong_order"), "five steps from the mirrored start",
         {**_TRAIN, "steps": 5}, equations=("score_estimation-11", "score_estimation-14")),
    Case("one-step", ("boundary",), "one step: the first loss is that of outputs 0", {**_TRAIN, "steps": 1},
         answer={"losses": np.array([(_TRAIN["Y"] ** 2).sum() / 8])}, source="half the mean square of the labels"),
    Case("one-unit", ("boundary",), "one unit and its mirror image, one output",
         {"W": np.array([[1.0, 0.5]]), "a": np.array([[1.0]]), "Z": np.array([[1.0, 0.25], [0.5, -0.25]]),
          "Y": np.array([[0.75], [-0.5]]), "Z_test": np.array([[0.25, 1.0]]), "eta": 0.25, "steps": 3}),
    Case("three-hundred-steps", ("long",), "a small loss: what is lost a little in each step shows",
         {**_units("long", 3, 2, 1), **_data("long", 3, 2, 1, Z_test=_numbers("long test", 2, 2)), "eta": 0.25,
          "steps": 300}, dtypes=("float64",)),
    large("many-samples", "one-unit", "n", balanced=True, size=4_999, dtypes=("float64",)),
)  # fmt: skip


def sample_train(rng):
    inputs = sample_step(rng)
    k, p = int(rng.integers(1, 4)), inputs["Z"].shape[1]
    return inputs | {"Z_test": rng.standard_normal((k, p)), "steps": int(rng.integers(1, 5)), "eta": 0.25}


# The tangent kernel --------------------------------------------------------------------------------------------------

_EMPIRICAL = {**_units("empirical", 5, 3, 2), "Z": _numbers("empirical Z", 3, 3), "Z2": _numbers("empirical Z2", 2, 3)}
EMPIRICAL_KERNEL = (
    Case("five-units", ("basic", "missing_step", "wrong_constant"), "five units, two outputs", _EMPIRICAL,
         equations=("score_estimation-15",)),
    Case("same-inputs", ("basic",), "each input with itself", {**_EMPIRICAL, "Z2": _EMPIRICAL["Z"]}),
    Case("at-the-kink", ("edge_case",), "a unit whose input is exactly 0 has no derivative",
         {"W": _TIE["W"], "a": _TIE["a"], "Z": _TIE["Z"], "Z2": _TIE["Z"]},
         answer={"Theta": np.array([[1 / 3, 0.0], [0.0, 10 / 3]]).reshape(2, 1, 2, 1)},
         source="worked by hand: the third unit alone sees the first input, the first unit alone the second"),
    Case("one-of-each", ("boundary",), "one unit, one input, one output",
         {"W": np.array([[1.0, 0.5]]), "a": np.array([[-1.0]]), "Z": np.array([[2.0, 1.0]]),
          "Z2": np.array([[0.5, 3.0]])}, answer={"Theta": np.array([[[[4.0]]]])}, source="z z'"),
    large("many-inputs", "five-units", "n", size=4_999),
)  # fmt: skip


def sample_empirical(rng):
    inputs = sample_step(rng)
    return {name: inputs[name] for name in ("W", "a", "Z")} | {"Z2": rng.standard_normal((2, inputs["Z"].shape[1]))}


_KERNEL = {"Z": _numbers("kernel Z", 4, 3), "Z2": _numbers("kernel Z2", 3, 3)}
_RIGHT = {"Z": np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), "Z2": np.array([[3.0, 0.0], [-1.0, 1.0]])}
_TILTED = np.array([[0.3, 0.7, 0.1], [0.9, 0.7, 0.3], [0.7, 0.1, 0.7], [0.1, 0.3, 0.7]])
TANGENT_KERNEL = (
    Case("seven-inputs", ("basic", "missing_step", "wrong_constant"), "angles below and above a right one", _KERNEL,
         equations=("score_estimation-16", "score_estimation-17")),
    Case("right-angles", ("edge_case",), "angles of 45, 90 and 135 degrees",
         {**_RIGHT, "Z": _RIGHT["Z"][1:], "Z2": _RIGHT["Z2"]},
         answer={"K": np.array([[0.0, 0.75], [1.125, 0.0]])}, source="worked by hand: 3 (3/8), 2 (3/8)"),
    Case("parallel", ("edge_case", "numerics"),
         "parallel and opposite inputs, whose cosine rounding may take beyond 1; longer ones give the scale",
         {"Z": np.concatenate([_TILTED, 16 * np.eye(3)[:1]]), "Z2": np.concatenate([_TILTED, -_TILTED[:1],
          16 * np.array([[1.0, 1.0, 0.0]])])}),
    Case("zero-input", ("edge_case",), "an input of 0 has a kernel of 0, not NaN",
         {"Z": np.array([[0.0, 0.0], [1.0, 2.0]]), "Z2": np.array([[0.0, 0.0], [-1.0, 3.0]])}),
    Case("one-input-each", ("boundary",), "one input each",
         {"Z": np.array([[-2.0, 1.0]]), "Z2": np.array([[3.0, 1.0]])}),
    large("many-inputs", "seven-inputs", "n"),
)  # fmt: skip


def sample_kernel(rng):
    n, k, p = int(rng.integers(1, 6)), int(rng.integers(1, 6)), int(rng.integers(2, 6))
    return {"Z": rng.standard_normal((n, p)), "Z2": rng.standard_normal((k, p))}


# Kernel gradient descent ---------------------------------------------------------------------------------------------

_VALUES = np.array([0.0, 0.0625, 0.25, 0.5])
SPECTRAL_FILTER = (
    Case("five-steps", ("basic", "missing_step", "wrong_constant"), "four eigenvalues, one of them 0",
         {"values": _VALUES, "eta": 1.0, "tau": 5}, equations=("score_estimation-18",)),
    Case("one-step", ("boundary",), "one step: eta for all", {"values": _VALUES, "eta": 0.75, "tau": 1},
         answer={"filtered": np.full(4, 0.75)}, source="worked by hand"),
    Case("no-step", ("boundary",), "no step: 0 for all", {"values": np.append(_VALUES, 1.5), "eta": 1.0, "tau": 0},
         answer={"filtered": np.zeros(5)}, source="worked by hand"),
    Case("beyond-one", ("edge_case", "numerics"),
         "eta times an eigenvalue of 1, above 1 and 2: it jumps over the label, in odd steps beyond it",
         {"values": np.array([0.5, 1.0, 1.25, 1.5]), "eta": 1.0, "tau": 3},
         answer={"filtered": np.array([1.75, 1.0, 0.8125, 0.75])}, source="worked by hand"),
    Case("even-steps", ("edge_case",), "the same after an even number of steps",
         {"values": np.array([0.5, 1.0, 1.25, 1.5]), "eta": 1.0, "tau": 4}),
    Case("tiny", ("numerics",), "eigenvalues of 1e-20 and less: as for 0, and not 0 / tiny",
         {"values": np.array([-1 / 2**54, 1 / 2**80, 1 / 2**66, 1 / 2**30, 0.25]), "eta": 0.5, "tau": 12}),
    Case("below-zero", ("edge_case", "numerics"), "an eigenvalue that rounding took below 0 counts as 0, for long too",
         {"values": np.array([-1 / 2**20, 0.5]), "eta": 0.5, "tau": 4000},
         answer={"filtered": np.array([2000.0, 2.0])}, source="worked by hand: eta tau, and 1 over the eigenvalue"),
    Case("a-million-steps", ("long",), "a million steps, at small and large eigenvalues",
         {"values": np.array([0.0, 1 / 2**24, 1 / 2**18, 1 / 2**10, 0.5]), "eta": 0.5, "tau": 1_000_003}),
    large("many-values", "five-steps", "n"),
)  # fmt: skip


def sample_filter(rng):
    values = np.append(rng.random(int(rng.integers(1, 6))), 0.0)
    return {"values": values, "eta": float(rng.uniform(0.1, 1.9)), "tau": int(rng.integers(0, 40))}


# Lengths without rounding (3/2, 5/4, 7/4), so that no cosine is rounded beyond 1.
_GD = {
    "Z": np.array([[2, 4, 4], [4, -2, 4], [3, 0, 4], [0, 3, -4], [-2, 3, 6], [6, 2, -3]]) / 4,
    "Y": _numbers("gd Y", 6, 2),
    "Z_test": _numbers("gd test", 3, 3),
    "eta": 0.125,
}
_ROWS = [[2, 4, 4], [4, 2, 4], [4, 4, 2], [3, 4, 0], [0, 3, 4], [4, 0, 3]]
_CONE = np.concatenate(
    [
        np.array(_ROWS) / 4,
        np.array([[4, 4, 7], [7, 4, 4], [4, 7, 4]]) / 8,
        np.array([[2, 3, 6], [6, 3, 2], [3, 2, 6]]) / 8,
    ]
)
KERNEL_GD = (
    Case("three-steps", ("basic", "missing_step", "wrong_constant"), "six samples, two outputs, three new inputs",
         {**_GD, "tau": 3}, equations=("score_estimation-18", "score_estimation-19")),
    Case("beyond-one", ("edge_case",), "eta times the largest eigenvalue is above 1: every other step is beyond",
         {"Z": _CONE, "Y": _numbers("cone Y", 12, 1) + 1.0, "Z_test": np.array([[1.0, 0.5, 0.25], [0.25, 2.0, -1.0]]),
          "eta": 2.25, "tau": 3}),
    Case("one-step", ("boundary",), "one step: eta / n times the kernel times the labels", {**_GD, "tau": 1}),
    Case("no-step", ("boundary",), "no step: 0", {**_GD, "tau": 0}, answer={"f": np.zeros((3, 2))}, source="the start"),
    Case("one-sample-alone", ("boundary",), "one sample, one output",
         {"Z": np.array([[0.75, 1.0]]), "Y": np.array([[2.0]]), "Z_test": np.array([[0.5, -1.0], [2.0, -1.0]]),
          "eta": 0.125, "tau": 2}),
    Case("three-hundred-small-steps", ("long",), "many small steps", {**_GD, "eta": 1 / 2**4, "tau": 300}),
    large("many-new-inputs", "one-step", "k"),
)  # fmt: skip


def sample_kernel_gd(rng):
    n, k, p, d = int(rng.integers(2, 7)), int(rng.integers(1, 4)), int(rng.integers(2, 4)), int(rng.integers(1, 3))
    inputs = {"Z": rng.standard_normal((n, p)), "Y": rng.standard_normal((n, d)), "Z_test": rng.standard_normal((k, p))}
    return inputs | {"eta": float(rng.uniform(0.01, 0.2)), "tau": int(rng.integers(0, 4))}


# When to stop --------------------------------------------------------------------------------------------------------

_DECAY = 0.75 / np.arange(1.0, 9.0) ** 2
_STOP = {"values": _DECAY.round(4), "eta": 0.5, "sigma": 0.25, "B": 2.0}
STOPPING_TIME = (
    Case("eight-values", ("basic", "missing_step", "wrong_constant"), "eigenvalues that fall like 1 / k^2", _STOP,
         equations=("score_estimation-20", "score_estimation-21")),
    Case("with-zeros", ("basic",), "eigenvalues of 0, and below, count in the mean",
         {**_STOP, "values": np.array([-0.03, 0.0, 0.0, 0.01, 0.1, 0.7])}),
    Case("noisy", ("basic",), "more noise, a smaller norm; one large eigenvalue",
         {"values": np.array([0.7, 0.01, 0.005, 0.004, 0.003, 0.002, 0.002, 0.001]), "eta": 0.25, "sigma": 0.6,
          "B": 1.5}),
    Case("too-noisy", ("boundary",), "one step is one too many: 0", {**_STOP, "sigma": 8.0},
         answer={"tau": np.array(0.0)}, source="worked by hand"),
    Case("one-value", ("boundary",), "one sample",
         {"values": np.array([0.5]), "eta": 0.25, "sigma": 0.1, "B": 1.0}),
    Case("little-noise", ("long",), "little noise: thousands of steps", {**_STOP, "sigma": 0.002}),
    large("many-values", "eight-values", "n", balanced=True, size=4_999),
)  # fmt: skip


def sample_stopping(rng):
    values = np.append(0.01 + rng.random(int(rng.integers(1, 8))) ** 3, 0.0)  # also for who tries each step
    return {"values": values, "eta": float(rng.uniform(0.1, 1.0)), "sigma": 0.3, "B": float(rng.uniform(0.5, 4))}
