"""Inputs of the operations of scale mixtures under permanent names, and random ones."""

import math
from functools import partial
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large

_tags = partial(tags, "scale_mixture_nngp")


def _numbers(name, *shape):
    return stream(0, "scale_mixture_nngp-case", name).standard_normal(shape).round(3)


def _kernel(rng, size, extra=2):
    """A kernel matrix with eigenvalues that are not small."""
    root = rng.standard_normal((size, size + extra))
    return root @ root.T / (size + extra) + 0.2 * np.eye(size)


# Kernels and networks -----------------------------------------------------------------------------------------------

_X = np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]])
_KERNELS: dict[str, Any] = {
    "X": _X,
    "X2": np.array([[0.5, 1.0], [-2.0, 0.125]]),
    "depth": 3,
    "sigma_w": 1.25,
    "sigma_b": 0.5,
    "activation": "relu",
}
_ERF = {**_KERNELS, "activation": "erf"}
_ROW = np.array([[-640.0, -878.0, 374.0]]) / 1024  # its multiples below have no rounding
_TIMES = np.array([[1.25], [2.5], [4.75], [5.0], [6.25], [7.75], [9.5], [10.0], [11.25], [12.5], [15.5]])
KERNELS = (
    Case("one-layer", ("basic", "wrong_constant"), "one hidden layer of ReLU units with He's variance 2: orthogonal "
         "inputs of length sqrt(2) have covariance 1 / pi and slope 1/4",
         {"X": np.array([[1.0, 1.0]]), "X2": np.array([[1.0, -1.0]]), "depth": 1, "sigma_w": math.sqrt(2),
          "sigma_b": 0.0, "activation": "relu"}, equations=_tags(1, 2, 3, 6), dtypes=("float64",),
         answer={"K": np.array([[1 / np.pi]]), "T": np.array([[0.0]])}, source="worked by hand"),
    Case("three-layers", ("basic", "missing_step", "wrong_constant"), "three layers with biases, inputs of every angle",
         _KERNELS, equations=_tags(1, 2, 3, 6, 7, 8)),
    Case("three-layers-erf", ("basic", "missing_step", "wrong_constant"), "the same with erf", _ERF,
         equations=_tags(1, 4, 5, 6, 7, 8)),
    Case("two-layers", ("basic",), "two layers, erf, without biases", {**_ERF, "depth": 2, "sigma_b": 0.0}),
    Case("one-dimension", ("boundary",), "inputs of one dimension on both sides of 0, with a bias",
         {**_KERNELS, "X": np.array([[-1.0], [0.5]]), "X2": np.array([[2.0]]), "depth": 2}),
    Case("opposite-beside-another", ("edge_case", "numerics"), "opposite inputs without bias share no ReLU unit: the "
         "cosine is -1, however it is rounded",
         {**_KERNELS, "X": np.array([[1.0, -0.5]]), "X2": np.array([[-2.0, 1.0], [0.5, 1.5]]), "depth": 1,
          "sigma_b": 0.0}, dtypes=("float64",)),
    Case("opposites-beside-another", ("edge_case", "numerics"), "the same with more digits: cosines are rounded past "
         "-1, whatever is divided or rooted first",
         {**_KERNELS, "X": _ROW, "X2": np.concatenate([-_TIMES * _ROW, abs(_ROW)]), "depth": 1, "sigma_w": 1.2,
          "sigma_b": 0.0}, dtypes=("float64",)),
    Case("near-copies", ("edge_case", "numerics"), "inputs that differ in the seventh digit: their angle is known to "
         "all digits, and an arc cosine would keep half of them",
         {**_KERNELS, "X2": _X[:2] + np.array([[1.0, -1.0], [0.0, 1.0]]) / 2**20}, equations=_tags(2, 3)),
    Case("zero-input", ("edge_case",), "an input of 0: the bias alone", {**_KERNELS, "X": np.zeros((1, 2))}),
    large("many-inputs", "three-layers", "n", size=5_001),
)  # fmt: skip


def sample_kernels(rng):
    n, m, d = (int(rng.integers(1, 4)) for _ in range(3))
    return {"X": rng.standard_normal((n, d)), "X2": rng.standard_normal((m, d)), "depth": int(rng.integers(1, 5)),
            "sigma_w": float(rng.uniform(0.5, 2)), "sigma_b": float(rng.uniform(0.2, 1)),
            "activation": str(rng.choice(["relu", "erf"]))}  # fmt: skip


_NETS: dict[str, Any] = {
    "X": _X,
    "W1": _numbers("W1", 2, 2, 4),
    "b1": _numbers("b1", 2, 4),
    "W2": _numbers("W2", 2, 4, 3),
    "b2": _numbers("b2", 2, 3),
    "v": _numbers("v", 2, 3, 2),
    "s": np.array([0.25, 2.0]),
    "sigma_w": 1.5,
    "sigma_b": 0.5,
    "activation": "relu",
}
NETWORK_OUTPUTS = (
    Case("two-networks", ("basic", "wrong_constant", "missing_step"), "two networks with variances 1/4 and 2", _NETS,
         equations=_tags(9, 10)),
    Case("two-networks-erf", ("basic", "wrong_constant"), "the same with erf",
         {**_NETS, "activation": "erf", "sigma_w": 0.75}, equations=_tags(9, 10)),
    Case("without-biases", ("boundary",), "a bias of deviation 0", {**_NETS, "sigma_b": 0.0}),
    Case("no-spread", ("edge_case",), "readout weights of variance 0", {**_NETS, "s": np.zeros(2)},
         answer={"f": np.zeros((2, 3, 2))}, source="worked by hand"),
    Case("one-of-each", ("boundary",), "one network, input, dimension, unit and output",
         {**_NETS, "X": np.array([[2.0]]), "W1": np.array([[[1.5]]]), "b1": np.array([[-0.5]]),
          "W2": np.array([[[1.0]]]), "b2": np.array([[0.5]]), "v": np.array([[[-1.0]]]), "s": np.array([4.0])}),
    large("many-inputs", "two-networks", "n", size=5_001),
)  # fmt: skip


def sample_outputs(rng):
    n, d, R, N, H, C = (int(rng.integers(1, 5)) for _ in range(6))
    draws = {"X": (n, d), "W1": (R, d, N), "b1": (R, N), "W2": (R, N, H), "b2": (R, H), "v": (R, H, C)}
    return {name: rng.standard_normal(shape) for name, shape in draws.items()} | {
        "s": rng.uniform(0.1, 4, R), "sigma_w": float(rng.uniform(0.5, 2)), "sigma_b": float(rng.uniform(0.1, 1)),
        "activation": str(rng.choice(["relu", "erf"])),
    }  # fmt: skip


# The scale ----------------------------------------------------------------------------------------------------------

_SCALES: dict[str, Any] = {
    "law": "inverse_gamma",
    "p": 2.5,
    "q": 1.5,
    "s": np.array([0.25, 1.5, 8.0]),
    "u": np.array([0.125, 0.5, 0.875]),
}
SCALE_LAW = (
    Case("inverse-gamma", ("basic", "wrong_constant"), "an inverse-gamma law whose two numbers differ", _SCALES,
         equations=_tags(11, 18)),
    Case("burr", ("basic", "wrong_constant"), "a Burr XII law whose two numbers differ",
         {**_SCALES, "law": "burr"}, equations=_tags(12, 15)),
    Case("half-cauchy", ("basic",), "half of a Cauchy law with median 2.5", {**_SCALES, "law": "half_cauchy"},
         equations=_tags(13, 16)),
    Case("log-normal", ("basic",), "a log-normal law", {**_SCALES, "law": "log_normal", "p": 0.75},
         equations=_tags(14, 17)),
    Case("log-normal-below-one", ("boundary",), "a median below 1: mu is negative",
         {**_SCALES, "law": "log_normal", "p": -1.5, "q": 0.5, "u": np.array([0.25, 0.75, 0.625])}),
    Case("huge-scale", ("numerics",), "s^c overflows, and its logarithm does not",
         {**_SCALES, "law": "burr", "p": 20.0, "s": np.array([1e20, 1e-20, 2.0])}, dtypes=("float64",)),
    Case("huge-cauchy-scale", ("numerics",), "the square of s overflows, and its logarithm does not",
         {**_SCALES, "law": "half_cauchy", "s": np.array([1e200, 1e-200, 2.0])}, dtypes=("float64",)),
    Case("exponential", ("boundary",), "shape 1: one over the quantiles of the exponential law",
         {**_SCALES, "p": 1.0, "q": 2.0}, dtypes=("float64",),
         answer={"draws": 2.0 / -np.log(1 - _SCALES["u"])}, source="closed form"),
    large("many-scales", "inverse-gamma", "k", size=5_001),
)  # fmt: skip


def sample_scale(rng):
    k, law = int(rng.integers(1, 5)), str(rng.choice(["inverse_gamma", "burr", "half_cauchy", "log_normal"]))
    return {"law": law, "p": float(rng.uniform(0.5, 4)), "q": float(rng.uniform(0.5, 4)),
            "s": rng.uniform(0.1, 5, k), "u": rng.uniform(0.05, 0.95, k)}  # fmt: skip


_STUDENT: dict[str, Any] = {
    "mean": np.array([0.5, -1.0, 0.25]),
    "Sigma": np.array([[2.0, 0.5, -0.25], [0.5, 1.0, 0.375], [-0.25, 0.375, 0.75]]),
    "a": 1.5,
    "b": 4.0,
    "f": np.array([[1.0, 0.5, -0.5], [4.0, -6.0, 3.0], [0.5, -1.0, 0.25]]),
}
STUDENT_LAW = (
    Case("three-values", ("basic", "wrong_constant", "known_bug"), "three dependent values, also far out in the tail",
         _STUDENT, equations=_tags(19, 20)),
    Case("uncorrelated", ("basic", "known_bug"), "values without correlation are not independent: they "
         "share their scale", {**_STUDENT, "Sigma": np.eye(3), "mean": np.zeros(3)}, equations=_tags(19, 20)),
    Case("cauchy", ("boundary",), "a = 1/2 and b = 1/2, one value: the Cauchy law",
         {"mean": np.zeros(1), "Sigma": np.eye(1), "a": 0.5, "b": 0.5, "f": np.array([[0.0], [1.0], [-3.0]])},
         answer={"log_density": -np.log(np.pi * np.array([1.0, 2.0, 10.0])), "dof": 1.0, "scale": np.eye(1)},
         source="closed form"),
    Case("nearly-normal", ("numerics",), "a = b = 1000: tails that are nearly normal", {**_STUDENT, "a": 1e3, "b": 1e3},
         dtypes=("float64",)),
    large("many-draws", "three-values", "R", size=5_001),
)  # fmt: skip


def sample_student(rng):
    m, R = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return {"mean": rng.standard_normal(m), "Sigma": _kernel(rng, m), "a": float(rng.uniform(0.5, 5)),
            "b": float(rng.uniform(0.5, 5)), "f": 2 * rng.standard_normal((R, m))}  # fmt: skip


# Regression ---------------------------------------------------------------------------------------------------------

_ALL = np.array([
    [1.25, 0.5, -0.25, 0.75, 0.125], [0.5, 1.0, 0.375, -0.5, 0.25], [-0.25, 0.375, 0.75, 0.125, 0.5],
    [0.75, -0.5, 0.125, 4.0, 0.25], [0.125, 0.25, 0.5, 0.25, 2.0],
])  # fmt: skip
_BLOCKS: dict[str, Any] = {"K_tt": _ALL[:3, :3], "K_st": _ALL[3:, :3], "K_ss": _ALL[3:, 3:]}
_ONE_BY_ONE = {"K_tt": _ALL[:3, :3], "K_st": _ALL[3:, :3], "k_ss": np.diagonal(_ALL)[3:].copy()}
_TARGETS: dict[str, Any] = {"y": np.array([1.5, -2.0, 0.5]), "points": np.array([0.5, -1.25]), "eps": 0.25}
_IG: dict[str, Any] = {**_BLOCKS, **_TARGETS, "a": 1.5, "b": 0.75}
_ALONE: dict[str, Any] = {"K_tt": np.array([[0.5]]), "K_st": np.array([[1.0]]), "y": np.array([2.0]),
                          "points": np.array([2.0]), "eps": 0.5}  # fmt: skip
POSTERIOR_IG = (
    Case("three-targets", ("basic", "wrong_constant", "known_bug"), "three targets, two new inputs, noise of 1/4", _IG,
         equations=_tags(21, 22, 23, 24, 25, 26)),
    Case("one-target", ("basic", "wrong_constant", "missing_step"), "one target, all of it worked by hand",
         {**_ALONE, "K_ss": np.array([[3.0]]), "a": 2.0, "b": 2.0}, equations=_tags(21, 22, 23, 24),
         answer={"dof": 5.0, "mean": np.array([2.0]), "scale": np.array([[3.2]]), "Q": 4.0},
         source="worked by hand: K + eps = 1, Q = 4, IG(5/2, 4)"),
    Case("large-targets", ("basic", "missing_step"), "targets ten times as large: the spread follows Q",
         {**_IG, "y": 10 * _IG["y"], "a": 3.0}),
    Case("tiny-targets", ("basic", "missing_step"), "targets of nearly 0: the spread shrinks",
         {**_IG, "y": _IG["y"] / 64}),
    Case("no-noise", ("boundary",), "without noise", {**_IG, "eps": 0.0}),
    Case("small-kernel", ("basic",), "a kernel 16 times smaller: variances below 1 for each unit of the scale",
         {**_IG, **{name: _IG[name] / 16 for name in ("K_tt", "K_st", "K_ss")}}),
    Case("zero-targets", ("edge_case",), "targets of 0: Q = 0", {**_IG, "y": np.zeros(3)},
         answer={"mean": np.zeros(2), "Q": 0.0}, source="worked by hand"),
)  # fmt: skip


def _regression(rng, one_by_one):
    n, m = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    K = _kernel(rng, n + m)
    new = {"k_ss": np.diagonal(K)[n:].copy()} if one_by_one else {"K_ss": K[n:, n:]}
    return {"K_tt": K[:n, :n], "K_st": K[n:, :n], **new, "y": rng.uniform(0.3, 3) * rng.standard_normal(n),
            "points": rng.standard_normal(m), "eps": float(rng.uniform(0.05, 1))}  # fmt: skip


def sample_ig(rng):
    return _regression(rng, False) | {"a": float(rng.uniform(0.5, 4)), "b": float(rng.uniform(0.5, 4))}


_IS: dict[str, Any] = {
    **_ONE_BY_ONE,
    **_TARGETS,
    "s": np.array([0.25, 1.0, 2.5, 8.0]),
    "log_ratios": np.array([0.5, -0.25, 0.0, 1.0]),
}
POSTERIOR_IS = (
    Case("four-scales", ("basic", "missing_step", "wrong_constant"), "four draws of a law that is not the prior", _IS,
         equations=_tags(21, 22, 23, 26, 27, 28, 29, 30)),
    Case("from-the-prior", ("basic", "wrong_constant"), "draws of the prior: ratios of 1",
         {**_IS, "log_ratios": np.zeros(4)}),
    Case("large-targets", ("numerics", "wrong_constant"), "targets of hundreds: all weights underflow, their shares do "
         "not", {**_IS, "y": 256 * _IS["y"]}, dtypes=("float64",), equations=_tags(28)),
    Case("tiny-scales", ("numerics",), "scales of 1e-8: weights of exp(1e9), were they not compared first",
         {**_IS, "y": _IS["y"] / 1024, "s": _IS["s"] / 2**27}, dtypes=("float64",)),
    Case("one-scale", ("boundary",), "one draw has all the weight, whatever its ratio",
         {**_IS, "s": np.array([2.0]), "log_ratios": np.array([1.5])}, answer={"weights": np.ones(1)},
         source="worked by hand"),
    Case("one-target", ("boundary",), "one target", {**_ALONE, "k_ss": np.array([3.0]), "s": np.array([1.0, 4.0]),
                                                      "log_ratios": np.zeros(2)}),
    large("many-inputs", "four-scales", "m", size=5_001),
)  # fmt: skip


def sample_is(rng):
    S = int(rng.integers(1, 6))
    return _regression(rng, True) | {"s": rng.uniform(0.2, 4, S), "log_ratios": rng.standard_normal(S)}


_GP: dict[str, Any] = {**_ONE_BY_ONE, **_TARGETS, "s": 2.5, "chosen": "fixed"}
POSTERIOR_GP = (
    Case("fixed", ("basic", "missing_step"), "a scale of 2.5", _GP, equations=_tags(21, 22, 23, 26, 50, 51)),
    Case("by-evidence", ("basic", "wrong_constant"), "the scale with the largest evidence, Q / n",
         {**_GP, "chosen": "evidence"}, equations=_tags(49, 50, 51)),
    Case("one-target", ("boundary",), "one target: s = Q = 4",
         {**_ALONE, "k_ss": np.array([3.0]), "s": 1.0, "chosen": "evidence"}, answer={"scale": 4.0},
         source="worked by hand"),
    Case("small-scale", ("basic",), "a scale of 1 / 8", {**_GP, "s": 0.125}),
    Case("large-targets", ("numerics",), "targets of hundreds", {**_GP, "y": 256 * _GP["y"], "chosen": "evidence"}),
    large("many-inputs", "fixed", "m", size=5_001),
)  # fmt: skip


def sample_gp(rng):
    return _regression(rng, True) | {"s": float(rng.uniform(0.3, 3)), "chosen": str(rng.choice(["fixed", "evidence"]))}


# Trained networks ---------------------------------------------------------------------------------------------------

_TANGENT = np.array([
    [0.75, 0.25, 0.125, 0.25, -0.125], [0.25, 1.0, -0.25, 0.5, 0.125], [0.125, -0.25, 0.5, 0.25, 0.125],
    [0.25, 0.5, 0.25, 1.5, 0.0], [-0.125, 0.125, 0.125, 0.0, 1.0],
])  # fmt: skip
_TRAINED: dict[str, Any] = {
    **_BLOCKS,
    "T_tt": _TANGENT[:3, :3],
    "T_st": _TANGENT[3:, :3],
    "y": np.array([1.5, -2.0, 0.5]),
    "s": 2.5,
    "eta": 0.125,
    "tau": 3.0,
    "time": "steps",
    "form": "direct",
}
_READOUT = {**_TRAINED, "T_tt": np.zeros((3, 3)), "T_st": np.zeros((2, 3))}
TRAINED_LAW = (
    Case("three-steps", ("basic", "missing_step", "wrong_constant"), "three steps: far from the end",
         _TRAINED, equations=_tags(31, 32, 33, 35, 36)),
    Case("three-steps-rescaled", ("basic", "variant"), "the same with the readout weights over sqrt(s) trained",
         {**_TRAINED, "form": "rescaled"}, equations=_tags(32)),
    Case("flow", ("basic", "missing_step"), "the flow for a time of 3 / 8", {**_TRAINED, "time": "flow"},
         equations=_tags(34)),
    Case("end", ("basic",), "trained to the end", {**_TRAINED, "time": "end"}, equations=_tags(35, 36)),
    Case("end-rescaled", ("basic", "variant"), "the same with the readout weights over sqrt(s) trained: the mean does "
         "not depend on s", {**_TRAINED, "time": "end", "form": "rescaled", "s": 0.25}, equations=_tags(32)),
    Case("readout-end", ("boundary", "missing_step"), "the readout alone, to the end: the mean does not depend on s",
         {**_READOUT, "time": "end", "s": 0.25}),
    Case("readout-steps", ("boundary",), "the readout alone, two steps", {**_READOUT, "tau": 2.0}),
    Case("readout-flow", ("boundary", "known_bug"), "the readout alone, the flow: the mean at t, not at 2 t",
         {**_READOUT, "time": "flow"}),
    Case("no-steps", ("boundary",), "no steps: the prior", {**_TRAINED, "tau": 0.0},
         answer={"mean": np.zeros(2), "covariance": 2.5 * _BLOCKS["K_ss"]}, source="worked by hand"),
    Case("large-steps", ("edge_case",), "a step between 1 and 2 over the largest eigenvalue: the error changes its "
         "sign in each step", {**_TRAINED, "s": 1.25, "eta": 0.4375, "tau": 5.0}),
    Case("three-hundred-steps", ("long",), "300 steps: small eigenvalues are still on their way",
         {**_TRAINED, "tau": 300.0, "eta": 0.0078125}),
)  # fmt: skip


def sample_trained(rng):
    n, m = int(rng.integers(1, 4)), int(rng.integers(1, 3))
    K, T = _kernel(rng, n + m), rng.uniform(0, 1) * _kernel(rng, n + m)
    s, time = float(rng.uniform(0.3, 3)), str(rng.choice(["steps", "flow", "end"]))
    top = max(1.0, s) * np.linalg.eigvalsh(K[:n, :n] + T[:n, :n])[-1]
    return {"K_tt": K[:n, :n], "K_st": K[n:, :n], "K_ss": K[n:, n:], "T_tt": T[:n, :n], "T_st": T[n:, :n],
            "y": rng.standard_normal(n), "s": s, "eta": float(rng.uniform(0.1, 1.5) / top),
            "tau": float(rng.integers(0, 6)), "time": time,
            "form": str(rng.choice(["direct", "rescaled"]))}  # fmt: skip


_TRAIN: dict[str, Any] = {
    "X": np.array([[1.0, -0.5], [0.25, 2.0], [-1.5, 0.75]]),
    "y": np.array([[1.0, -0.5], [-2.0, 0.25], [0.5, 1.5]]),
    "X_new": np.array([[0.5, 0.5], [-1.0, 2.0]]),
    "W": _numbers("train W", 2, 2, 4),
    "b": _numbers("train b", 2, 4),
    "v": _numbers("train v", 2, 4, 2),
    "s": np.array([0.5, 3.0]),
    "eta": 0.0625,
    "steps": 3,
    "sigma_w": 1.5,
    "sigma_b": 0.5,
    "activation": "erf",
    "layers_trained": "all",
    "form": "direct",
    "loss": "squared",
}
_LABELS = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
TRAIN_NETWORKS = (
    Case("three-steps", ("basic", "missing_step", "wrong_constant"), "three steps of two networks", _TRAIN,
         equations=_tags(9, 10, 37)),
    Case("relu", ("basic",), "the same with ReLU units",
         {**_TRAIN, "activation": "relu", "eta": 0.03125, "sigma_w": 1.0, "sigma_b": 0.75}),
    Case("rescaled", ("basic", "variant"), "the readout weights over sqrt(s) are trained",
         {**_TRAIN, "form": "rescaled"}),
    Case("readout", ("basic", "missing_step"), "the readout alone", {**_TRAIN, "layers_trained": "readout"}),
    Case("labels", ("basic",), "minus the log softmax", {**_TRAIN, "loss": "softmax", "y": _LABELS}),
    Case("no-steps", ("boundary",), "no step: the networks as they were", {**_TRAIN, "steps": 0}),
    Case("three-hundred-steps", ("long",), "300 steps of the readout of one small network",
         {**_TRAIN, "W": _TRAIN["W"][:1, :, :2], "b": _TRAIN["b"][:1, :2], "v": _TRAIN["v"][:1, :2, :1],
          "s": np.ones(1), "steps": 300, "layers_trained": "readout", "X": _TRAIN["X"][:2], "y": _TRAIN["y"][:2, :1],
          "activation": "relu"}),
    large("many-inputs", "three-steps", "k", size=5_001),
)  # fmt: skip


def sample_train(rng):
    n, d, k, R, N, C = (int(rng.integers(1, 4)) for _ in range(6))
    pick = lambda *options: str(rng.choice(options))
    loss = pick("squared", "softmax")
    y = rng.standard_normal((n, C)) if loss == "squared" else np.eye(C)[rng.integers(0, C, n)]
    return {"X": rng.standard_normal((n, d)), "y": y, "X_new": rng.standard_normal((k, d)),
            "W": rng.standard_normal((R, d, N)), "b": rng.standard_normal((R, N)), "v": rng.standard_normal((R, N, C)),
            "s": rng.uniform(0.2, 3, R), "eta": float(rng.uniform(0.01, 0.1)), "steps": int(rng.integers(0, 4)),
            "sigma_w": float(rng.uniform(0.5, 1.5)), "sigma_b": float(rng.uniform(0, 1)), "activation": "erf",
            "layers_trained": pick("all", "readout"), "form": pick("direct", "rescaled"), "loss": loss}  # fmt: skip


# Classification -----------------------------------------------------------------------------------------------------

_SPARSE: dict[str, Any] = {
    "K_uu": _ALL[:3, :3],
    "K_xu": np.array([[0.75, -0.5, 0.125], [0.125, 0.25, 0.5], [0.5, 0.375, -0.25]]),
    "k_xx": np.array([4.0, 1.0, 1.5]),
    "m": np.array([[0.5, -1.0, 0.25], [-0.75, 0.5, 1.25]]),
    "S": np.array([[0.5, 1.5, 0.75], [2.0, 0.25, 1.0]]),
    "noise": _numbers("noise", 3, 3, 2),
    "eps": 0.0625,
}
_GAMMA: dict[str, Any] = {"a_q": 3.5, "b_q": 2.25, "u": np.array([0.25, 0.5, 0.875])}
_BATCH: dict[str, Any] = {**_SPARSE, "onehot": _LABELS, "n": 12}
_ELBO: dict[str, Any] = {**_BATCH, **_GAMMA, "a": 2.0, "b": 1.25}


def _prior(inputs):
    """q is the prior, but for twice the variance; the kernel is diagonal."""
    K = np.diag([0.5, 1.0, 1.75])
    return {**inputs, "K_uu": K, "m": np.zeros((2, 3)), "S": 2 * (np.tile(np.diag(K), (2, 1)) + 0.25), "eps": 0.25}


_TWICE = {"kl": 6 * (1 - np.log(2)) / 2}


def _balanced(of, **more):
    return large("many-inputs", of, "B", size=5_001, balanced=True, dtypes=("float64",), **more)


ELBO = (
    Case("batch", ("basic", "missing_step", "wrong_constant"), "three of 12 inputs, two classes, three draws", _ELBO,
         equations=_tags(18, *range(39, 48))),
    Case("twice-the-prior", ("edge_case", "wrong_constant"), "means of 0, the prior's scale, twice its variances",
         {**_prior(_ELBO), "a_q": 2.0, "b_q": 1.25}, answer=_TWICE, source="closed form",
         equations=_tags(44, 45, 46)),
    Case("narrow-scale", ("basic",), "a narrow law of the scale",
         {**_ELBO, "a_q": 18.0, "b_q": 30.0, "a": 3.5, "b": 2.0}),
    Case("all-of-the-data", ("boundary",), "n = B", {**_ELBO, "n": 3}),
    Case("one-of-each", ("boundary",), "one input, inducing input, class and draw: the likelihood is 1",
         {"K_uu": np.eye(1), "K_xu": np.array([[0.5]]), "k_xx": np.ones(1), "m": np.array([[2.0]]),
          "S": np.array([[0.5]]), "noise": np.ones((1, 1, 1)), "eps": 0.25, "onehot": np.ones((1, 1)), "n": 5,
          "a_q": 1.5, "b_q": 2.0, "a": 2.0, "b": 3.0, "u": np.array([0.5])}),
    _balanced("batch"),
)  # fmt: skip


def _sparse(rng):
    B, M, C, R = (int(rng.integers(1, 4)) for _ in range(4))
    K = _kernel(rng, M + B)
    return {"K_uu": K[:M, :M], "K_xu": K[M:, :M], "k_xx": np.diagonal(K)[M:].copy(), "m": rng.standard_normal((C, M)),
            "S": rng.uniform(0.2, 2, (C, M)), "noise": rng.standard_normal((R, B, C)),
            "eps": float(rng.uniform(0.01, 0.5))}  # fmt: skip


def _labelled(rng, inputs):
    B, C = inputs["noise"].shape[1:]
    return inputs | {"onehot": np.eye(C)[rng.integers(0, C, B)], "n": B + int(rng.integers(0, 20))}


def _shapes(rng, inputs):
    return inputs | {"a_q": float(rng.uniform(1, 6)), "b_q": float(rng.uniform(0.5, 4)),
                     "u": rng.uniform(0.1, 0.9, len(inputs["noise"]))}  # fmt: skip


def sample_elbo(rng):
    return _shapes(rng, _labelled(rng, _sparse(rng))) | {"a": float(rng.uniform(1, 4)), "b": float(rng.uniform(0.5, 4))}


_SVGP: dict[str, Any] = {**_BATCH, "s": 0.75}
SVGP_ELBO = (
    Case("batch", ("basic", "missing_step", "wrong_constant"), "three of 12 inputs, two classes, three draws", _SVGP,
         equations=_tags(39, 40, 41, 42, 43, 44, 52)),
    Case("twice-the-prior", ("edge_case", "wrong_constant"), "means of 0, twice the variances",
         _prior(_SVGP),
         answer=_TWICE, source="closed form"),
    Case("all-of-the-data", ("boundary",), "n = B", {**_SVGP, "n": 3, "s": 3.0}),
    _balanced("batch"),
)  # fmt: skip


def sample_svgp(rng):
    return _labelled(rng, _sparse(rng)) | {"s": float(rng.uniform(0.3, 3))}


_CLASSES: dict[str, Any] = {**_SPARSE, **_GAMMA}
CLASS_PROBABILITIES = (
    Case("three-inputs", ("basic", "missing_step"), "three inputs, two classes, three draws", _CLASSES,
         equations=_tags(18, 39, 40, 41, 42, 48)),
    Case("narrow-scale", ("basic",), "a narrow law of the scale, and a larger jitter",
         {**_CLASSES, "a_q": 18.0, "b_q": 30.0, "eps": 0.5}),
    Case("sure", ("numerics",), "means of 512: probabilities of 0 and 1 and no overflow",
         {**_CLASSES, "m": 512 * _CLASSES["m"]}, dtypes=("float64",)),
    Case("one-class", ("boundary",), "one class has all the probability",
         {**_CLASSES, "m": _CLASSES["m"][:1], "S": _CLASSES["S"][:1], "noise": _CLASSES["noise"][:, :, :1]},
         answer={"p": np.ones((3, 1))}, source="worked by hand"),
    large("many-inputs", "three-inputs", "B", size=5_001),
)  # fmt: skip


def sample_classes(rng):
    return _shapes(rng, _sparse(rng))
