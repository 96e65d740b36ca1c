"""Inputs of the operations on opposing signals under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import LARGE, large, one_step


def _rng(*name):
    return stream(0, "opposing_signals-case", *name)


def _embedded(slug, of, inputs=(), outputs=(), moving=None):
    """The samples of a small case among 70,001 whose loss never changes, the lists of indices told anew.

    Only the first `moving` entries of a list are samples that move; the others are the first of those that do not.
    """

    def make(operation, before):
        small = before[of]
        n = small.inputs["losses"].shape[1]
        places = np.sort(_rng("places", slug).permutation(LARGE)[:n])
        losses = np.ones((small.inputs["losses"].shape[0], LARGE))
        losses[:, places] = small.inputs["losses"]

        def told(values):
            """Indices are distinct whole numbers; tolerances, which come here too, are not."""
            indices = np.asarray(values, dtype=float)
            listed = np.all(indices % 1 == 0) and len(set(indices.tolist())) == len(indices)
            if not listed:
                return values
            count = len(indices) if moving is None else moving
            return np.concatenate([places[indices.astype(int)][:count], np.arange(len(indices) - count)])

        derived = lambda values: {**values, **{name: told(values[name]) for name in outputs}}
        renamed = {name: places[small.inputs[name]] for name in inputs}
        return Case(
            slug, ("large",), f"the samples of {of} among 70,001 whose loss stays: none is passed over",
            {**small.inputs, "losses": losses, **renamed}, equations=small.equations, source=f"the answer of {of}",
            small=small, derived=derived, recipe=f"{of}/embedded/{LARGE}", alike=True,
        )  # fmt: skip

    return make


# The groups ---------------------------------------------------------------------------------------------------------


def _walk(rng, steps, n):
    """Losses that change by distinct multiples of 1/64, none by a little more or less than another."""
    changes = rng.permuted(np.tile(np.arange(1, n + 1) * (1.0 - 2 * (np.arange(n) % 2)), (steps, 1)), axis=1) / 8
    return 4.0 + np.concatenate([np.zeros((1, n)), np.cumsum(changes, axis=0)])


_FOUR = np.array([
    [2.0, 1.0, 3.0, 1.5, 0.5, 2.5],
    [4.0, 0.25, 1.5, 1.75, 1.0, 2.625],
    [1.0, 2.25, 1.625, 3.25, 0.5, 1.125],
    [1.5, 1.25, 4.625, 3.0, 2.0, 1.0],
])  # fmt: skip
_QUIET = np.array([[1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 3.0, 1.0, 0.5, 1.0], [1.0, 3.0, 1.0, 0.5, 2.0]])
_SLOW = np.array([[8.0, 1.0, 1.0, 2.0], [2.0, 1.5, 1.0, 2.125], [1.75, 1.0, 1.5, 2.0]])
IDENTIFY = (
    Case("ordinary", ("basic", "wrong_order"), "both lists, the largest change first",
         {"losses": _FOUR, "t": 1, "k": 2}, equations=("opposing_signals-1", "opposing_signals-2"),
         answer={"up": np.array([1.0, 3.0]), "down": np.array([0.0, 5.0])}, source="worked by hand"),
    Case("first-step", ("boundary",), "the first step is step 0", {"losses": _FOUR, "t": 0, "k": 1}),
    Case("last-step", ("boundary",), "the last step is one less than there are rows",
         {"losses": _FOUR, "t": 2, "k": 3}),
    Case("everything", ("boundary",), "k = n: one list is the other from its end",
         {"losses": _FOUR, "t": 1, "k": 6}),
    Case("quiet-samples", ("edge_case",),
         "most losses stay: of equal changes the smaller index comes first, in either list",
         {"losses": _QUIET, "t": 0, "k": 3}, equations=("opposing_signals-3",),
         answer={"up": np.array([1.0, 0.0, 2.0]), "down": np.array([3.0, 0.0, 2.0])}, source="worked by hand"),
    Case("nothing-happens", ("edge_case",), "no loss changes: the first k in both lists",
         {"losses": np.ones((2, 4)), "t": 0, "k": 2}, answer={"up": np.arange(2.0), "down": np.arange(2.0)},
         source="closed form"),
    Case("slow-learner", ("wrong_order",),
         "sample 0 has fallen most since the start, but hardly in this step", {"losses": _SLOW, "t": 1, "k": 1},
         equations=("opposing_signals-1",)),
    Case("one-sided", ("wrong_constant",),
         "one loss falls by much more than any rises: it is no riser, whatever its size",
         {"losses": np.array([[9.0, 1.0, 1.0, 1.0], [1.0, 1.25, 1.5, 0.875]]), "t": 0, "k": 2}),
    Case("three-hundred-steps", ("long",), "a late step of a long run",
         {"losses": _walk(_rng("long"), 300, 6), "t": 290, "k": 2}),
    _embedded("many-samples", "ordinary", outputs=("up", "down")),
    _embedded("many-quiet-samples", "quiet-samples", outputs=("up", "down"), moving=1),
)  # fmt: skip


def sample_identify(rng):
    steps, n = int(rng.integers(1, 5)), int(rng.integers(1, 9))
    return {"losses": _walk(rng, steps, n), "t": int(rng.integers(0, steps)), "k": int(rng.integers(1, n + 1))}


_SEE_SAW = np.array([[2.0, 2.0, 1.0, 1.0], [4.0, 4.5, 0.25, 0.125], [1.0, 1.25, 3.0, 4.0], [5.0, 4.5, 0.5, 0.25]])
SWAP = (
    Case("see-saw", ("basic",), "the roles change in full", {"losses": _SEE_SAW, "t": 0, "k": 2},
         answer={"shares": np.ones(2)}, source="worked by hand", equations=("opposing_signals-7",)),
    Case("half", ("basic", "wrong_constant"), "one of two, and none of two: the shares are told apart",
         {"losses": np.array([[1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [3.0, 2.0, 0.5, 0.25, 1.0, 1.0],
                              [1.0, 2.25, 0.625, 0.125, 3.0, 0.0]]), "t": 0, "k": 2},
         answer={"shares": np.array([0.5, 0.0])}, source="worked by hand", equations=("opposing_signals-7",)),
    Case("steady", ("edge_case",), "every sample goes on as before: no share is above 0",
         {"losses": np.array([[1.0, 1.0, 4.0, 5.0], [2.0, 1.5, 3.5, 4.0], [3.0, 2.25, 3.375, 3.0]]), "t": 0, "k": 2},
         answer={"shares": np.zeros(2)}, source="worked by hand"),
    Case("ordinary", ("basic",), "the second of three steps", {"losses": _FOUR, "t": 1, "k": 2}),
    Case("one-sample", ("boundary",), "k = 1", {"losses": _FOUR, "t": 0, "k": 1}),
    Case("quiet-samples", ("edge_case",), "equal changes: the smaller index is in both lists",
         {"losses": _QUIET, "t": 0, "k": 2}),
    Case("more-quiet-samples", ("edge_case",), "equal changes in both steps, and one that turns round",
         {"losses": np.array([[1.0] * 6, [1.0, 2.0, 1.0, 1.0, 0.5, 1.0], [1.0, 1.5, 1.0, 1.0, 0.5, 1.25]]), "t": 0,
          "k": 3}),
    Case("three-hundred-steps", ("long",), "a late step of a long run",
         {"losses": _walk(_rng("long"), 300, 6), "t": 290, "k": 2}),
    _embedded("many-samples", "see-saw"),
)  # fmt: skip


def sample_swap(rng):
    steps, n = int(rng.integers(2, 6)), int(rng.integers(1, 9))
    return {"losses": _walk(rng, steps, n), "t": int(rng.integers(0, steps - 1)), "k": int(rng.integers(1, n + 1))}


def _groups(up, down):
    return {"up": np.array(up), "down": np.array(down)}


OPPOSITION = (
    Case("ordinary", ("basic",), "groups of two and three samples, changes of both signs",
         {"losses": _FOUR, **_groups([0, 3], [1, 2, 5])}, equations=("opposing_signals-4", "opposing_signals-5")),
    Case("see-saw", ("basic",), "the gap turns round in every step",
         {"losses": _SEE_SAW, **_groups([0, 1], [2, 3])}, equations=("opposing_signals-6",),
         answer={"activity": np.array([2.5, 3.875, 4.0]), "gap": np.array([1.0, 4.0625, -2.375, 4.375]),
                 "flips": 1.0}, source="worked by hand"),
    Case("drift", ("edge_case",), "the gap only grows, through 0: no turn, though its own sign changes",
         {"losses": np.array([[1.0, 4.0], [2.0, 3.0], [3.0, 2.0], [5.0, 1.0]]), **_groups([0], [1])},
         answer={"activity": np.array([1.0, 1.0, 2.0]), "gap": np.array([-3.0, -1.0, 1.0, 4.0]), "flips": 0.0},
         source="worked by hand", equations=("opposing_signals-6",)),
    Case("drift-and-back", ("edge_case",), "the gap falls through 0, and turns once on the other side",
         {"losses": np.array([[5.0, 1.0], [3.0, 2.0], [2.0, 4.0], [1.0, 5.0], [2.0, 4.5]]), **_groups([0], [1])},
         equations=("opposing_signals-6",)),
    Case("some-turns", ("wrong_constant",), "turns and runs: the share is out of the steps that have a next one",
         {"losses": np.array([[1.0, 1.0], [3.0, 0.5], [2.0, 0.75], [1.0, 1.5], [4.0, 1.0], [6.0, 0.5]]),
          **_groups([0], [1])}, equations=("opposing_signals-6",)),
    Case("equal-groups", ("basic",), "groups of one size", {"losses": _FOUR, **_groups([4, 2], [0, 1])}),
    Case("repeated", ("edge_case",), "a sample that is named twice counts twice",
         {"losses": _FOUR, **_groups([0, 0, 4], [5, 1])}, equations=("opposing_signals-5",)),
    Case("two-steps", ("boundary",), "the shortest run that can turn",
         {"losses": _FOUR[:3], **_groups([1], [5])}),
    Case("three-hundred-steps", ("long",), "a long run",
         {"losses": _walk(_rng("long"), 300, 4), **_groups([0, 2], [3])}),
    _embedded("many-samples", "ordinary", inputs=("up", "down")),
)  # fmt: skip


def sample_opposition(rng):
    n = int(rng.integers(2, 7))
    pick = lambda: rng.integers(0, n, int(rng.integers(1, n))).tolist()
    losses = _walk(rng, int(rng.integers(2, 6)), n)
    while True:  # no plateaus, on which rounding would decide
        up, down = pick(), pick()
        gap = losses[:, up].mean(axis=1) - losses[:, down].mean(axis=1)
        if np.min(np.abs(np.diff(gap))) > 1e-3:
            return {"losses": losses, **_groups(up, down)}
        losses = losses + rng.integers(1, 64, losses.shape) / 64


def _steep(values, eta):
    return {"sharpness": np.array(values, dtype=float), "eta": eta}


def _stretched(slug, of):
    """Every value 9,000 times."""

    def make(operation, before):
        small, times = before[of], 9001
        inputs = {**small.inputs, "sharpness": np.repeat(small.inputs["sharpness"], times)}
        why = f"every value of {of} 9,001 times in a row"
        return Case(slug, ("large",), why, inputs, equations=small.equations, source=f"the answer of {of}",
                    small=small, derived=lambda values: {"step": values["step"] * times},
                    recipe=f"{of}/repeated/{times}", alike=True)  # fmt: skip

    return make


CROSSING = (
    Case("ordinary", ("basic",), "down, then up, over 2 / 0.25 = 8 in step 5",
         _steep([6, 4, 2, 3, 7, 9, 12, 10], 0.25), answer={"step": 5}, source="worked by hand",
         equations=("opposing_signals-20",)),
    Case("starts-above", ("missing_step", "edge_case"), "what is above before the minimum does not count",
         _steep([20, 12, 3, 5, 7.5, 9, 6], 0.25), answer={"step": 5}, source="worked by hand",
         equations=("opposing_signals-20",)),
    Case("never", ("edge_case",), "it stays below: -1", _steep([5, 2, 3, 4, 7.5], 0.25), answer={"step": -1},
         source="worked by hand"),
    Case("only-before", ("edge_case", "missing_step"), "above before the minimum alone: -1",
         _steep([20, 12, 3, 5, 7.5], 0.25), answer={"step": -1}, source="worked by hand"),
    Case("falls", ("boundary",), "the minimum comes last", _steep([20, 12, 9], 0.25), answer={"step": -1},
         source="worked by hand"),
    Case("one-value", ("boundary",), "one value is its own minimum", _steep([20], 0.25), answer={"step": -1},
         source="closed form"),
    Case("always-above", ("edge_case",), "the step after the minimum",
         _steep([20, 12, 30, 11, 40], 0.25), answer={"step": 4}, source="worked by hand"),
    Case("twice-lowest", ("edge_case",), "the first of two minima",
         _steep([4, 2, 9, 2, 3, 12], 0.25), answer={"step": 2}, source="worked by hand"),
    Case("doubles-late", ("wrong_constant",), "half of 2 / eta is passed long before",
         _steep([3, 2.5, 3, 4.5, 5.5, 6.5, 7.5, 8.5], 0.25), answer={"step": 7}, source="worked by hand"),
    Case("three-hundred-steps", ("long",), "a slow climb",
         _steep(np.concatenate([np.linspace(9, 1, 20), np.linspace(1.01, 12, 280)]), 0.2)),
    _stretched("many-steps", "starts-above"),
)  # fmt: skip


def sample_crossing(rng):
    steps = int(rng.integers(1, 12))
    return _steep(rng.permutation(2 * steps)[:steps] + 0.5, float(2 / rng.integers(1, 2 * steps + 1)))


# The linear network -------------------------------------------------------------------------------------------------


def _outliers(rng, n, d1, **settings) -> dict[str, Any]:
    return {
        "x": rng.standard_normal((n, d1)).round(2), "signs": rng.integers(-1, 2, n).astype(float),
        "beta": rng.standard_normal(d1).round(2), **settings,
    }  # fmt: skip


_PAIRS = _outliers(_rng("outliers"), 6, 3, alpha=10.0, p=0.25, d2=4)
_PAIRS |= {"signs": np.array([1.0, 0.0, -1.0, 0.0, 1.0, -1.0])}
OUTLIERS = (
    Case("ordinary", ("basic", "wrong_constant"), "two of each sign, two without",
         _PAIRS, equations=("opposing_signals-8", "opposing_signals-9")),
    Case("worked-example", ("basic",), "alpha / (p d2) = 4: outliers of 2, which add 4 to the target",
         {"x": np.array([[1.0], [2.0], [-1.0]]), "signs": np.array([1.0, -1.0, 0.0]), "beta": np.array([0.5]),
          "alpha": 8.0, "p": 0.5, "d2": 4},
         answer={"x_o": np.array([[2.0] * 4, [-2.0] * 4, [0.0] * 4]), "y": np.array([4.5, 5.0, -0.5])},
         source="worked by hand", equations=("opposing_signals-8", "opposing_signals-9")),
    Case("one-coordinate", ("boundary",), "d2 = 1", {**_PAIRS, "d2": 1}),
    Case("all-outliers", ("boundary",), "p = 1: a power of alpha without the rarity",
         {**_PAIRS, "p": 1.0, "signs": np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])}),
    Case("none", ("edge_case",), "no outlier among the samples drawn", {**_PAIRS, "signs": np.zeros(6)}),
    Case("rare", ("numerics",), "p of a thousandth: outliers of 50", {**_PAIRS, "p": 0.001}),
    large("many-samples", "ordinary", "n"),
)  # fmt: skip


def sample_outliers(rng):
    n, d1, d2 = (int(rng.integers(1, k)) for k in (8, 5, 5))
    settings = {"alpha": float(rng.uniform(0.1, 100)), "p": float(rng.uniform(0.01, 1)), "d2": d2}
    return _outliers(rng, n, d1, **settings)


def _model(rng, d1, d2, **settings) -> dict[str, Any]:
    normal = lambda size: rng.standard_normal(size).round(2)
    return {"b": normal(d1), "b_o": normal(d2), "c": 0.75, "beta": 2 * normal(d1), **settings}


_USUAL = _model(_rng("model"), 3, 2, alpha=10.0, eta=0.05)
MODEL = (
    Case("ordinary", ("basic", "wrong_constant", "missing_step"), "every term counts", _USUAL,
         equations=tuple(f"opposing_signals-{i}" for i in (10, 11, 12, 13, 14, 15, 18))),
    Case("worked-example", ("basic",), "numbers that can be followed in the head",
         {"b": np.array([1.0]), "b_o": np.array([0.5]), "c": 2.0, "beta": np.array([3.0]), "alpha": 4.0, "eta": 0.25},
         answer={"loss": 2.5, "grad_b": np.array([-2.0]), "grad_b_o": np.array([8.0]), "grad_c": 1.0,
                 "hessian": np.array([[4.0, 0.0, 1.0], [0.0, 16.0, 8.0], [1.0, 8.0, 2.0]]),
                 "new_b": np.array([1.5]), "new_b_o": np.array([-1.5]), "new_c": 1.75},
         source="worked by hand", equations=("opposing_signals-15",)),
    Case("steep", ("basic", "edge_case"), "eta alpha c^2 = 3.6: s changes its sign and grows, and c is pushed down",
         {**_USUAL, "c": 1.5, "alpha": 16.0, "eta": 0.1}, equations=("opposing_signals-13", "opposing_signals-14")),
    Case("at-the-minimum", ("boundary",),
         "c b = beta and s = 0: no gradient, and the valley has the curvature alpha c^2 by itself",
         {"b": np.array([1.0]), "b_o": np.array([0.5, -0.5]), "c": 2.0, "beta": np.array([2.0]), "alpha": 16.0,
          "eta": 0.125}, equations=("opposing_signals-15",)),
    Case("far-from-it", ("wrong_order",), "a large error: the block of b and c is not that of Gauss and Newton",
         {**_USUAL, "beta": np.array([20.0, -10.0, 5.0])}, equations=("opposing_signals-15",)),
    Case("no-outliers", ("boundary",), "alpha = 0: a plain linear net", {**_USUAL, "alpha": 0.0}),
    Case("negative-c", ("edge_case",), "c < 0 is as good as c > 0", {**_USUAL, "c": -0.75}),
    Case("more-coordinates", ("basic",), "d1 = 2, d2 = 5: u has entries of 1 / sqrt(5)",
         _model(_rng("wide"), 2, 5, alpha=3.0, eta=0.1)),
)  # fmt: skip


def sample_model(rng):
    settings = {"alpha": float(10.0 ** rng.uniform(-1, 2)), "eta": float(rng.uniform(0.01, 0.3))}
    return _model(rng, int(rng.integers(1, 5)), int(rng.integers(1, 4)), **settings) | {"c": float(rng.normal())}


def _samples(rng, n, d1, d2, scale=3.0, **settings) -> dict[str, Any]:
    normal = lambda *size: rng.standard_normal(size).round(2)
    marks = (1.0 - 2 * (np.arange(n) % 2)) * (np.arange(n) % 3 > 0)
    return {
        "b": normal(d1), "b_o": normal(d2), "c": 0.75, "x": normal(n, d1), "x_o": scale * marks[:, None] * np.ones(d2),
        "y": 2 * normal(n), **settings,
    }  # fmt: skip


_FEW = _samples(_rng("samples"), 6, 3, 2, eta=0.05)
SAMPLE = (
    Case("ordinary", ("basic", "wrong_constant"), "outliers of both signs among others", _FEW,
         equations=("opposing_signals-16", "opposing_signals-17", "opposing_signals-18")),
    Case("worked-example", ("basic",), "one sample, an outlier of sign -",
         {"b": np.array([1.0]), "b_o": np.array([0.5]), "c": 2.0, "x": np.array([[1.0]]), "x_o": np.array([[-2.0]]),
          "y": np.array([3.0]), "eta": 0.125},
         answer={"losses": np.array([4.5]), "new_b": np.array([1.75]), "new_b_o": np.array([-1.0]), "new_c": 2.0},
         source="worked by hand", equations=("opposing_signals-16", "opposing_signals-17")),
    Case("two-groups", ("basic",), "outliers alone, both signs, at s = 0: their pulls on b_o cancel",
         {**_samples(_rng("two"), 4, 2, 2, eta=0.1), "b_o": np.array([1.0, -1.0]),
          "x_o": 5.0 * np.array([[1.0, 1.0], [-1.0, -1.0]] * 2), "x": np.array([[1.0, 0.5]] * 4), "y": np.full(4, 7.0)},
         equations=("opposing_signals-17",)),
    Case("no-outliers", ("boundary",), "no opposing feature: b_o stays", {**_FEW, "x_o": np.zeros((6, 2))}),
    Case("large-steps", ("edge_case",), "a step that overshoots", {**_FEW, "c": 2.0, "eta": 0.4}),
    Case("c-zero", ("boundary",), "c = 0: only c moves", {**_FEW, "c": 0.0}),
    large("many-samples", "ordinary", "n", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_samples(rng):
    n, d1, d2 = (int(rng.integers(1, k)) for k in (8, 5, 4))
    return _samples(rng, n, d1, d2, scale=float(rng.uniform(0.5, 10)), eta=float(rng.uniform(0.01, 0.2)))


_TWO = _model(_rng("groups"), 3, 2, alpha=10.0, p=0.1)
GROUPS = (
    Case("ordinary", ("basic", "wrong_constant"), "the feature is in use, with one sign", _TWO,
         equations=("opposing_signals-19",)),
    Case("worked-example", ("basic",), "both groups by hand",
         {"b": np.array([1.0]), "b_o": np.array([0.5]), "c": 1.0, "beta": np.array([1.0]), "alpha": 1.0, "p": 0.5},
         answer={"losses": np.array([0.25, 2.25])}, source="worked by hand", equations=("opposing_signals-19",)),
    Case("balanced", ("boundary",), "s = 0: both groups lose the same",
         {**_TWO, "b_o": np.array([1.0, -1.0])}),
    Case("one-of-each", ("boundary",), "one coordinate each, p = 1",
         {"b": np.array([0.5]), "b_o": np.array([-0.25]), "c": 1.5, "beta": np.array([2.0]), "alpha": 4.0, "p": 1.0}),
    Case("served", ("edge_case",), "c s = 1: one group has no error of its own, the other all",
         {**_TWO, "b_o": np.array([1.0, 1.0]), "c": 0.5}),
)  # fmt: skip


def sample_groups(rng):
    inputs = sample_model(rng) | {"p": float(rng.uniform(0.02, 1))}
    del inputs["eta"]
    return inputs


def _valleys(c0, s0, alpha, eta, steps):
    return {"c0": np.array(c0), "s0": np.array(s0), "alpha": alpha, "eta": eta, "steps": steps}


_OVER = _valleys([1.5], [0.01], 10.0, 0.1, 12)
VALLEY = (
    Case("worked-example", ("basic",), "eta alpha c^2 = 3: s turns to -2 s, and c falls",
         _valleys([1.0], [0.25], 3.0, 1.0, 1), answer={"cs": np.array([[0.8125]]), "ss": np.array([[-0.5]])},
         source="worked by hand", equations=("opposing_signals-21", "opposing_signals-22")),
    Case("over-the-edge", ("basic", "missing_step"),
         "too steep: s swings ever wider until c has fallen, then it dies away", _OVER,
         equations=("opposing_signals-21", "opposing_signals-22")),
    Case("two-valleys", ("basic",), "one swings, one glides", _valleys([1.25, 0.5], [0.5, -1.0], 8.0, 0.125, 6)),
    Case("at-the-bottom", ("boundary",), "s = 0 stays, however steep it is",
         _valleys([3.0], [0.0], 10.0, 0.5, 3), answer={"cs": np.full((3, 1), 3.0), "ss": np.zeros((3, 1))},
         source="closed form"),
    Case("flat", ("boundary",), "c = 0: no valley, no step", _valleys([0.0], [2.0], 10.0, 0.5, 2)),
    Case("other-signs", ("edge_case",), "c < 0", _valleys([-1.2, -0.5], [0.25, -0.5], 8.0, 0.125, 4)),
    Case("three-hundred-steps", ("long",), "slow descent into a valley", _valleys([0.75], [1.0], 1.0, 0.01, 300)),
    large("many-valleys", "other-signs", "d"),
)  # fmt: skip


def sample_valley(rng):
    d = int(rng.integers(1, 4))
    c0, s0 = rng.uniform(-1.2, 1.2, d), rng.uniform(-0.5, 0.5, d)
    return _valleys(c0, s0, float(rng.uniform(0.5, 2)), float(rng.uniform(0.1, 1)), int(rng.integers(1, 5)))


# The optimizers -----------------------------------------------------------------------------------------------------

_RATES = {"lr": 0.25, "lr_sign": 0.125, "r": 1.0, "beta1": 0.75, "dampening": 0.75, "beta2": 0.96875, "eps": 1e-8}


def _run(kind, theta0, grads, **rates):
    arrays = {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float)}
    return {"kind": kind, **arrays, **_RATES, **rates}


_GRADS = [[0.5, 4.0, -3.0], [-2.0, 3.0, 0.25], [0.25, -8.0, 0.5], [1.0, 0.5, -6.0], [-0.5, 2.0, 5.0]]
_SPIKE = np.concatenate([np.zeros((300, 2)), [[10.0, 1000.0]]])
_SPIKE_MOVE = 0.25 * (0.1 / (1 - 0.9**301)) / (0.001 / (1 - 0.999**301)) ** 0.5
OPTIMISE = (
    Case("momentum", ("basic", "missing_step"), "five steps with momentum", _run("sgdm", [1, -1, 0.5], _GRADS),
         equations=("opposing_signals-23", "opposing_signals-24", "opposing_signals-25")),
    Case("adam", ("basic",), "five steps of Adam", _run("adam", [1, -1, 0.5], _GRADS),
         equations=("opposing_signals-26", "opposing_signals-27")),
    Case("split", ("basic", "wrong_order"), "large averages and small ones, changing places",
         _run("splitsgd", [1, -1, 0.5], _GRADS), equations=("opposing_signals-28", "opposing_signals-29")),
    Case("two-steps", ("basic",), "the corrected averages are 2 and 3, then (2 + 2) / 3 and (3 - 6) / 3",
         _run("splitsgd", [0, 0], [[2, 3], [1, -3]], beta1=0.5, dampening=0.5, r=2.5, lr=0.75, lr_sign=0.5),
         answer={"thetas": np.array([[-1.5, -0.5], [-2.5, 0.25]])}, source="worked by hand",
         equations=("opposing_signals-28", "opposing_signals-29")),
    Case("one-step", ("boundary", "missing_step"),
         "the first corrected average is the gradient itself, and is masked as such",
         _run("splitsgd", [0, 0, 0], [[1.5, -1.25, 0.75]]),
         answer={"thetas": np.array([[-0.125, 0.125, -0.1875]])}, source="worked by hand",
         equations=("opposing_signals-24", "opposing_signals-28")),
    Case("other-dampening", ("variant", "wrong_constant"), "momentum and dampening of their own",
         _run("sgdm", [1, -1, 0.5], _GRADS, dampening=0.5), equations=("opposing_signals-23", "opposing_signals-24")),
    Case("other-dampening-split", ("variant", "wrong_constant"), "the same for SplitSGD",
         _run("splitsgd", [1, -1, 0.5], _GRADS, dampening=0.5, r=1.9)),
    Case("plain", ("boundary",), "no momentum: SGD", _run("sgdm", [1, 1, 1], _GRADS, beta1=0.0, dampening=0.0)),
    Case("threshold-zero", ("boundary",), "r = 0: signed momentum, and no step where it is 0",
         _run("splitsgd", [1, 1], [[2, 0], [-1, 0], [-3, 0]], r=0.0)),
    Case("threshold-out-of-reach", ("boundary",), "a threshold that nothing reaches: momentum",
         _run("splitsgd", [1, -1, 0.5], _GRADS, r=1e6)),
    Case("raw-gradient-is-large", ("wrong_order",),
         "in the third step the gradient is large and its average is not, and the other way round",
         _run("splitsgd", [0, 0], [[0.25, 3], [-0.25, 2.5], [2.5, -0.5], [0.5, 1]], r=1.25),
         equations=("opposing_signals-28",)),
    Case("against-the-average", ("wrong_order",), "a large average whose sign is not that of the gradient",
         _run("splitsgd", [0], [[8], [8], [-2]]), equations=("opposing_signals-29",)),
    Case("tiny-gradients", ("numerics",), "gradients of the size of eps",
         _run("adam", [0, 0], [[1e-8, -2e-8], [3e-8, 1e-8]])),
    Case("quiet-then-spikes", ("long",),
         "after 300 quiet steps spikes of 10 and of 1000 make the same step of Adam: rarity sets it, not height",
         _run("adam", [0, 0], _SPIKE, beta1=0.9, beta2=0.999, eps=1e-12), dtypes=("float64",),
         answer={"thetas": np.concatenate([np.zeros((300, 2)), np.full((1, 2), -_SPIKE_MOVE)])},
         source="closed form, eps aside"),
    Case("three-hundred-steps", ("long",), "nothing wears off",
         _run("splitsgd", [0.5], _rng("long").standard_normal((300, 1)).round(2) + np.array([[0.001]]), r=0.41)),
    large("many-coordinates", "split", "P"),
    one_step,
)  # fmt: skip


def sample_optimise(rng):
    """Away from the threshold, where rounding would decide."""
    steps, size = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    kind = ("sgdm", "adam", "splitsgd")[int(rng.integers(0, 3))]
    beta1, grads = float(rng.uniform(0, 0.95)), rng.standard_normal((steps, size))
    dampening = beta1 if rng.uniform() < 0.5 else float(rng.uniform(0, 0.95))
    rates = {"lr": float(rng.uniform(0.01, 1)), "lr_sign": float(rng.uniform(0.01, 1)), "beta1": beta1}
    averages, first, weight = [], 0.0, 0.0
    for grad in grads:
        first, weight = beta1 * first + grad, dampening * weight + 1
        averages.append(np.abs(first / weight))
    sizes = np.sort(np.concatenate([[0.0], np.ravel(averages)]))
    widest = int(np.argmax(np.diff(sizes)))
    rates["r"] = float((sizes[widest] + sizes[widest + 1]) / 2)
    more = {"dampening": dampening, "beta2": float(rng.uniform(0.5, 0.999)), "eps": float(10 ** rng.uniform(-8, -1))}
    return _run(kind, rng.standard_normal(size), grads, **rates, **more)
