"""Inputs of the operations of attention and its SVMs under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

_DOUBLE = ("float64",)


def _drawn(name, *shape):
    """Normal numbers in three digits."""
    return stream(0, "attention_svm-case", name).standard_normal(shape).round(3)


# Two inputs of three tokens in the plane; the SVM of both first tokens is MM.
_TWO: dict[str, Any] = {
    "X": np.array([[[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]], [[0.0, 2.0], [1.0, 1.0], [0.5, -1.0]]]),
    "Z": np.array([[1.0, 0.5], [-0.5, 1.0]]),
    "gamma": np.array([[1.0, -0.5, -1.5], [1.0, -0.5, -1.0]]),
}
_W = np.array([[0.2, -0.1], [0.3, 0.4]])
MM = np.array([[0.6, -0.2], [-0.6, 0.2]])
INSIDE = np.array([[[0.0, 0.0], [1.0, 0.25], [-1.0, -0.25]], [[0.0, 2.0], [1.0, 1.0], [0.5, -1.0]]])


def _layer(name, n, T, d):
    return {"X": _drawn(f"{name} X", n, T, d), "Z": _drawn(f"{name} Z", n, d), "gamma": _drawn(f"{name} g", n, T)}


_THREE = _layer("three", 3, 4, 3)
_THREE_W = {**_THREE, "W": _drawn("three W", 3, 3)}

# The layer -----------------------------------------------------------------------------------------------------------

LOSS_GRAD = (
    Case("two-inputs", ("basic", "missing_step", "wrong_constant"),
         "two inputs of three tokens in the plane", {**_TWO, "W": _W},
         answer={"loss": np.array(0.7803615339),
                 "attention": np.array([[0.2746897834, 0.3898033575, 0.3355068591],
                                        [0.4842513979, 0.3087723238, 0.2069762783]]),
                 "grad": np.array([[-0.2634814500, -0.0412399395], [0.2225192125, -0.1496700276]])},
         source="ten digits, computed by automatic differentiation",
         equations=("attention_svm-1", "attention_svm-2", "attention_svm-3", "attention_svm-4")),
    Case("three-inputs", ("basic",), "three inputs of four tokens in space, and a W that is not symmetric",
         _THREE_W, equations=("attention_svm-1", "attention_svm-4")),
    Case("no-weights", ("boundary",), "W = 0: all tokens alike", {**_THREE, "W": np.zeros((3, 3))}),
    Case("one-token", ("boundary",), "one token has all the attention, and W does not matter",
         {**_layer("one", 2, 1, 2), "W": _W}, answer={"grad": np.zeros((2, 2))}, source="closed form"),
    Case("no-scores", ("edge_case",), "tokens of score 0: no direction is better",
         {**_TWO, "gamma": np.zeros((2, 3)), "W": _W}, answer={"grad": np.zeros((2, 2))}, source="closed form"),
    Case("one-better-token", ("basic",), "scores (1, 0, 0): those of the theorem",
         {**_TWO, "gamma": np.array([[1.0, 0.0, 0.0]] * 2), "W": _W}),
    Case("margin-sixty", ("numerics", "missing_step"),
         "W = 60 times the SVM: 1 - a is 1e-26, and a (gamma - a^T gamma) loses the token that has all the attention",
         {**_TWO, "W": 60 * MM}, equations=("attention_svm-3",)),
    Case("margin-four-hundred", ("numerics",), "W = 400 times the SVM: a gradient of 1e-175 still has all its digits",
         {**_TWO, "W": 400 * MM}, dtypes=_DOUBLE, equations=("attention_svm-3",)),
    Case("large-scores", ("numerics",), "scores of 900: exp of the output overflows",
         {**_TWO, "gamma": np.array([[900.0, -900.0, 1.0], [-900.0, 0.5, 900.0]]), "W": _W}, dtypes=_DOUBLE,
         equations=("attention_svm-2",)),
    large("many-inputs", "two-inputs", "n", balanced=True, size=20_002, dtypes=_DOUBLE),
)  # fmt: skip


def _sample(rng, **more):
    n, T, d = (int(x) for x in rng.integers(2, 4, 3))
    layer = {
        "X": rng.standard_normal((n, T, d)),
        "Z": rng.standard_normal((n, d)),
        "gamma": rng.standard_normal((n, T)),
    }
    return layer | {name: rng.standard_normal((d, d)) for name in more.pop("square", ())} | more


def sample_loss_grad(rng):
    return _sample(rng, square=("W",))


# Gradient descent ----------------------------------------------------------------------------------------------------


def _run(layer, W, steps, eta=0.1, step="normalised"):
    return {**layer, "W": W, "eta": eta, "steps": steps, "step": step}


GD_W = (
    Case("one-step", ("basic", "wrong_constant", "missing_step"), "one normalised step", _run(_TWO, _W, 1),
         answer={"W_end": np.array([[0.2696662804, -0.0890958806], [0.2411644127, 0.4395737693]])},
         source="ten digits, computed by automatic differentiation", equations=("attention_svm-5",)),
    Case("four-steps", ("basic",), "four normalised steps in space",
         _run(_THREE, _THREE_W["W"], 4, eta=0.3), equations=("attention_svm-4", "attention_svm-5")),
    Case("four-plain-steps", ("basic", "wrong_constant"), "four steps of the gradient as it is: its scale counts",
         _run(_THREE, _THREE_W["W"], 4, eta=0.75, step="plain"), equations=("attention_svm-4", "attention_svm-5")),
    Case("no-step", ("boundary",), "no step: the start", _run(_TWO, _W, 0), answer={"W_end": _W}, source="closed form"),
    Case("from-zero", ("boundary",), "from W = 0, where all tokens are alike", _run(_TWO, np.zeros((2, 2)), 3)),
    Case("no-scores", ("edge_case",), "no token is better, no gradient, no step: 0 / 0 is not NaN",
         _run({**_TWO, "gamma": np.zeros((2, 3))}, _W, 2), answer={"W_end": _W},
         source="closed form"),
    Case("far-out", ("numerics", "known_bug"), "a gradient of 1e-27 has a direction like any other",
         _run(_TWO, 60 * MM, 2), equations=("attention_svm-3", "attention_svm-5")),
    Case("farther-out", ("numerics",), "of a gradient of 1e-175 the square is 0: scale it before the norm is taken",
         _run(_TWO, 400 * MM, 1), dtypes=_DOUBLE, equations=("attention_svm-5",)),
    Case("three-hundred-steps", ("long",), "three hundred steps of length 0.1, of one input",
         _run({name: x[:1] for name, x in _TWO.items()}, _W, 300), dtypes=_DOUBLE, equations=("attention_svm-5",)),
    large("many-inputs", "from-zero", "n", balanced=True, size=20_002, dtypes=_DOUBLE),
)  # fmt: skip


def sample_gd_w(rng):
    step = str(rng.choice(["normalised", "plain"]))
    return _sample(rng, square=("W",), eta=float(rng.uniform(0.05, 0.5)), steps=int(rng.integers(1, 4)), step=step)


def _factors(layer, K, Q, eta=0.1, lam=0.0):
    return {**layer, "K": np.array(K), "Q": np.array(Q), "eta": eta, "lam": lam}


_PAIR = _factors(_TWO, [[0.5, 0.0], [0.1, 0.4]], [[0.3, 0.2], [-0.1, 0.6]])
_SPACE = _factors(_THREE, _drawn("space K", 3, 2), _drawn("space Q", 3, 2), eta=0.25, lam=0.125)
GD_KQ_STEP = (
    Case("two-inputs", ("basic", "wrong_order", "missing_step"), "two inputs in the plane, no penalty", _PAIR,
         answer={"K_new": np.array([[0.5509420409, 0.0533491912], [0.0414353943, 0.4335999885]]),
                 "Q_new": np.array([[0.3673084499, 0.1420809343], [-0.0768193239, 0.6397191473]])},
         source="ten digits, computed by automatic differentiation",
         equations=("attention_svm-9", "attention_svm-10")),
    Case("with-penalty", ("basic", "wrong_constant"), "three features, two of them kept, and a penalty", _SPACE,
         equations=("attention_svm-9",)),
    Case("strong-penalty", ("boundary", "wrong_constant"), "the penalty outweighs the loss",
         {**_SPACE, "lam": 3.0}, equations=("attention_svm-9",)),
    Case("one-column", ("boundary",), "m = 1: W of rank one",
         _factors(_THREE, _drawn("column K", 3, 1), _drawn("column Q", 3, 1), lam=0.25)),
    Case("more-columns", ("boundary",), "m > d", _factors(_TWO, _drawn("wide K", 2, 4), _drawn("wide Q", 2, 4))),
    Case("no-keys", ("edge_case",), "K = 0: Q has no gradient and stays, K moves",
         _factors(_TWO, np.zeros((2, 2)), _PAIR["Q"])),
    Case("far-out", ("numerics", "known_bug"), "K Q^T = 60 times the SVM",
         _factors(_TWO, 6 * np.array([[0.6, 0.5], [-0.6, -0.5]]), 10 * np.array([[1.0, 0.0], [-0.5, 0.2]])),
         equations=("attention_svm-3",)),
    Case("farther-out", ("numerics",), "K Q^T = 400 times the SVM: squares of the gradients are 0",
         _factors(_TWO, 20 * np.array([[0.6, 0.5], [-0.6, -0.5]]), 20 * np.array([[1.0, 0.0], [-0.5, 0.2]])),
         dtypes=_DOUBLE, equations=("attention_svm-10",)),
    large("many-inputs", "two-inputs", "n", balanced=True, size=20_002, dtypes=_DOUBLE),
)  # fmt: skip


def sample_gd_kq_step(rng):
    inputs, m = _sample(rng, eta=float(rng.uniform(0.05, 0.5)), lam=float(rng.choice([0.0, 0.2]))), rng.integers(1, 4)
    return inputs | {name: rng.standard_normal((inputs["Z"].shape[1], m)) for name in "KQ"}


# Support vector machines ---------------------------------------------------------------------------------------------


def _chosen(layer, *alpha):
    return {"X": layer["X"], "Z": layer["Z"], "alpha": np.array(alpha, dtype=float)}


def _padded(slug, of, width):
    """Features that are 0 everywhere are left alone."""

    def make(operation, before):
        small = before[of]
        pad = width - small.inputs["Z"].shape[1]
        inputs = {name: np.pad(small.inputs[name], [(0, 0)] * axes + [(0, pad)]) for name, axes in (("X", 2), ("Z", 1))}
        return Case(
            slug, ("large",), f"the features of {of} among {width}, the others 0: W has {width**2} entries",
            small.inputs | inputs, dtypes=_DOUBLE, equations=small.equations, source=f"the answer of {of}", small=small,
            derived=lambda values: {**values, "W": np.pad(values["W"], (0, pad))}, recipe=f"{of}/d/{width}/padded",
        )  # fmt: skip

    return make


_SQUARE = {
    "X": np.array([[[0.0, 0.0], [2.0, 1.0], [-1.0, 2.0], [-2.0, -2.0], [1.0, -2.0]]]),
    "Z": np.array([[1.0, 0.0]]),
}
_SPAN = _layer("span", 3, 3, 4)
_ONE = {"X": np.array([[[1.0, 2.0], [1.0, 0.0]]]), "Z": np.array([[0.0, 2.0]])}
_BOTH = {"X": np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 0.0]]]), "Z": np.array([[1.0, 0.0]] * 2)}
SVM_FROBENIUS = (
    Case("two-inputs", ("basic", "wrong_constant"),
         "two inputs in the plane, two support tokens", _chosen(_TWO, 0, 0),
         answer={"W": MM, "margins": np.array([[0.0, 1.0, 1.5], [0.0, 1.0, 1.75]])}, source="worked by hand",
         equations=("attention_svm-6", "attention_svm-8")),
    Case("three-inputs", ("basic", "missing_step"), "three inputs in four dimensions", _chosen(_SPAN, 0, 2, 1),
         equations=("attention_svm-6", "attention_svm-7", "attention_svm-8")),
    Case("other-tokens", ("basic",), "the same inputs with other selections", _chosen(_SPAN, 1, 1, 0)),
    Case("one-rival", ("boundary",), "one input, one rival: the constraint itself, scaled", _chosen(_ONE, 0),
         answer={"W": np.array([[0.0, 0.0], [0.0, 0.25]])}, source="worked by hand"),
    Case("not-separable", ("edge_case", "missing_step"), "the token lies among the others: there is no W",
         _chosen(_SQUARE, 0), answer={"feasible": np.array(0.0)}, source="worked by hand",
         equations=("attention_svm-7",)),
    Case("at-odds", ("edge_case",), "two inputs with one query ask for the opposite", _chosen(_BOTH, 0, 0),
         answer={"feasible": np.array(0.0)}, source="worked by hand"),
    Case("twin-rivals", ("edge_case",), "two rivals alike: they share a multiplier, W stays",
         _chosen({**_TWO, "X": np.concatenate([_TWO["X"], _TWO["X"][:, 1:2]], axis=1)}, 0, 0), dtypes=_DOUBLE),
    Case("far-rival", ("edge_case",), "a rival far behind does not count",
         _chosen({**_TWO, "X": np.concatenate([_TWO["X"], [[[-40.0, 50.0]], [[30.0, -20.0]]]], axis=1)}, 0, 0)),
    Case("near-rival", ("edge_case", "numerics"), "a rival a thousandth away: W is a thousand times as long",
         _chosen({**_TWO, "X": np.concatenate([_TWO["X"], _TWO["X"][:, :1] - [[[1 / 1024, 0.0]]]], axis=1)}, 0, 0),
         equations=("attention_svm-7", "attention_svm-8")),
    Case("small-tokens", ("numerics",), "tokens of 1/1024, queries of 16: W is larger by 64",
         {"X": _SPAN["X"] / 1024, "Z": 16 * _SPAN["Z"], "alpha": np.array([0.0, 2.0, 1.0])}),
    _padded("many-features", "three-inputs", 72),
)  # fmt: skip

_GAP = {"tol": 1e-10}
SVM_NUCLEAR = (
    Case("two-inputs", ("basic", "wrong_constant"), "two inputs in the plane: the SVM of the Frobenius norm",
         {**_chosen(_TWO, 0, 0), **_GAP}, dtypes=_DOUBLE, answer={"value": np.array(0.8**0.5)}, source="worked by hand",
         equations=("attention_svm-11", "attention_svm-14")),
    Case("three-inputs", ("basic", "missing_step", "wrong_order"), "three inputs in four dimensions: a lower rank",
         {**_chosen(_SPAN, 0, 2, 1), **_GAP}, dtypes=_DOUBLE, equations=("attention_svm-12", "attention_svm-13")),
    Case("other-tokens", ("basic",), "the same inputs with other selections",
         {**_chosen(_SPAN, 1, 1, 0), **_GAP}, dtypes=_DOUBLE),
    Case("one-rival", ("boundary",), "one rival: a matrix of rank one, whose norms are one",
         {**_chosen(_ONE, 0), **_GAP}, dtypes=_DOUBLE, answer={"value": np.array(0.25)}, source="worked by hand"),
    Case("right-angles", ("basic",), "two inputs that have nothing to do with each other: values add up",
         {"X": np.array([[[2.0, 0.0], [0.0, 0.0]], [[0.0, 4.0], [0.0, 0.0]]]), "Z": np.eye(2), "alpha": np.zeros(2),
          **_GAP}, dtypes=_DOUBLE, answer={"value": np.array(0.75)}, source="worked by hand"),
)  # fmt: skip


def sample_svm(rng):
    """Few inputs and tokens in enough dimensions: a W separates any selection."""
    n, T, d = 2, int(rng.integers(2, 4)), 3
    X, Z = rng.standard_normal((n, T, d)), rng.standard_normal((n, d))
    return {"X": X, "Z": Z, "alpha": rng.integers(0, T, n).astype(float)}


# The ball ------------------------------------------------------------------------------------------------------------


def _repeated(slug, of, times):
    """W and the answer times an identity: each singular value comes so often, and the radius grows as much."""

    def make(operation, before):
        small = before[of]
        inputs = {"W": np.kron(small.inputs["W"], np.eye(times)), "R": times * small.inputs["R"]}
        return Case(
            slug, ("large",), f"each singular value of {of} comes {times} times",
            inputs, dtypes=_DOUBLE, equations=small.equations, source=f"the answer of {of}", small=small,
            derived=lambda values: {"projected": np.kron(values["projected"], np.eye(times))},
            recipe=f"{of}/{times}/kron",
        )  # fmt: skip

    return make


_CUBE = _drawn("cube", 3, 3)
PROJECT_NUCLEAR = (
    Case("three-by-three", ("basic", "missing_step"), "all singular values stay above 0", {"W": _CUBE, "R": 2.5},
         equations=("attention_svm-15",)),
    Case("two-left", ("basic", "missing_step"), "the smallest singular value goes to 0, the others shrink by more",
         {"W": np.diag([3.0, 2.0, 0.25]), "R": 3.0}, answer={"projected": np.diag([2.0, 1.0, 0.0])},
         source="worked by hand", equations=("attention_svm-15",)),
    Case("one-left", ("edge_case",), "a small ball: rank one", {"W": _CUBE, "R": 0.125}),
    Case("inside", ("edge_case", "missing_step"), "inside the ball nothing moves", {"W": _CUBE, "R": 50.0},
         answer={"projected": _CUBE}, source="closed form", equations=("attention_svm-15",)),
    Case("four-by-two", ("boundary",), "not square", {"W": _drawn("tall", 4, 2), "R": 1.0}),
    Case("one-number", ("boundary",), "one negative number", {"W": np.array([[-3.0]]), "R": 0.5},
         answer={"projected": np.array([[-0.5]])}, source="closed form"),
    Case("zero", ("boundary",), "0 is in every ball", {"W": np.zeros((2, 2)), "R": 1.0},
         answer={"projected": np.zeros((2, 2))}, source="closed form"),
    Case("large-numbers", ("numerics",), "entries of 2^40", {"W": float(2**40) * _CUBE, "R": float(2**41)}),
    _repeated("many-values", "two-left", 40),
)  # fmt: skip


def sample_project(rng):
    d, k = (int(x) for x in rng.integers(1, 5, 2))
    return {"W": rng.standard_normal((d, k)), "R": float(rng.uniform(0.2, 4.0))}
