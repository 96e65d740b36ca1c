"""Inputs of the operations of BO-REP under permanent names, and random ones."""

from dataclasses import replace
from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import LARGE, large


def _rng(*name):
    return stream(0, "bo_rep-case", *name)


def _positive(rng, p):
    """A matrix with eigenvalues of 1 and above."""
    q = rng.standard_normal((p, p)) / p**0.5
    return np.round(q @ q.T, 2) + np.eye(p)


# The whole method on the cosh problem -------------------------------------------------------------------------------

_RATES = {"eta": 0.15, "beta": 0.7, "nu": 0.25, "alpha": 0.2, "period": 4, "burst": 3, "radius": 0.35}
_REFINE = {"epochs": 2, "first": 3, "alpha0": 0.3, "radius0": 6.0}


def _problem(rng, d, p, steps, scale=1.0, **rates) -> dict[str, Any]:
    rates = _RATES | _REFINE | rates
    rows = (2 ** rates["epochs"] - 1) * rates["first"] + rates["burst"] * steps
    return {
        "A": _positive(rng, p),
        "W": 0.5 * rng.standard_normal((p, d)).round(2),
        "t": rng.standard_normal(p).round(2),
        "x0": rng.standard_normal(d).round(2) * scale,
        "y0": rng.standard_normal(p).round(2),
        "z0": 0.5 * rng.standard_normal(p).round(2),
        "noise_x": 0.3 * rng.standard_normal((steps, d)).round(2),
        "noise_y": 0.3 * rng.standard_normal((steps, p)).round(2),
        "noise_hvp": 0.1 * rng.standard_normal((steps, p)).round(2),
        "noise_lower": 0.3 * rng.standard_normal((rows, p)).round(2),
        **rates,
    }


_PLAIN = _problem(_rng("plain"), 2, 3, 12)
_ONE = {"A": np.eye(1), "W": np.ones((1, 1)), "t": np.array([1.0]), "x0": np.array([2.0]), "y0": np.array([2.0])}
_ONE |= {"z0": np.array([0.5]), "noise_x": np.zeros((1, 1)), "noise_y": np.zeros((1, 1)), "noise_hvp": np.zeros((1, 1))}
_ONE |= {"noise_lower": np.zeros((4, 1))}


_APART = _problem(_rng("apart"), 2, 2, 3, period=2) | {"W": np.zeros((2, 2))}


def _balanced(slug, of):
    """Every coordinate of x many times, and eta as many roots longer: then each moves as in the small case."""
    make = large(slug, of, "d", balanced=True, dtypes=("float64",))

    def longer(operation, before):
        case, small = make(operation, before), before[of]
        start = "x" if "x" in small.inputs else "x0"
        times = case.inputs[start].size / small.inputs[start].size
        inputs = {**case.inputs, "eta": case.inputs["eta"] * times**0.5}
        return replace(case, inputs=inputs, recipe=f"{case.recipe}/eta")

    return longer


_LONG = _problem(_rng("long"), 2, 2, 300, eta=0.05, period=7, burst=2, radius=1.0, epochs=0)
TRAJECTORY = (
    Case("twelve-steps", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "refinement, two bursts of which the ball cuts some steps, and every noise", _PLAIN,
         equations=("bo_rep-2", "bo_rep-3", "bo_rep-4", "bo_rep-5", "bo_rep-6", "bo_rep-7")),
    Case("worked-example", ("basic",),
         "one step: y stays at its minimizer 2, h = sinh 2 + z, and x moves by eta whatever h is",
         {**_RATES, **_REFINE, **_ONE, "epochs": 0},
         answer={"xs": np.array([[2.0], [1.85]]), "ys": np.array([[2.0]])}, source="worked by hand",
         equations=("bo_rep-5",)),
    Case("far-away", ("numerics",),
         "a gradient of 10^6 at the start: the step is as long as any other",
         _problem(_rng("far"), 2, 3, 6, scale=10.0, nu=0.125, alpha=0.1, period=2, radius=4.0),
         equations=("bo_rep-5",)),
    Case("never-due", ("boundary",),
         "a period longer than the run: after the refinement y stays where it is",
         _problem(_rng("never"), 2, 2, 5, period=9), equations=("bo_rep-7",)),
    Case("every-step", ("boundary", "wrong_order"),
         "a burst of one sample before every step but the first, which has the refinement",
         _problem(_rng("every"), 3, 2, 6, period=1, burst=1, radius=0.5, alpha=0.3, alpha0=0.15, epochs=1),
         equations=("bo_rep-7",)),
    Case("no-refinement", ("boundary",),
         "S = 0: the first step is taken at y0, far from the minimizer",
         _problem(_rng("none"), 2, 2, 5, epochs=0, period=2), equations=("bo_rep-7",)),
    Case("no-momentum", ("boundary",),
         "beta = 0: each direction is that of its own sample",
         _problem(_rng("alone"), 2, 2, 5, beta=0.0, period=2, first=5),
         equations=("bo_rep-4",)),
    Case("tight-ball", ("edge_case", "known_bug"),
         "R so small that y lags behind: each burst ends on the sphere about its start",
         _problem(_rng("tight"), 2, 2, 6, radius=0.02, radius0=0.5, period=2), equations=("bo_rep-6",)),
    Case("three-hundred-steps", ("long",), "nothing wears off, and the periods are kept to the end", _LONG),
    Case("apart", ("edge_case",),
         "W = 0: the lower minimizer does not move with x, and h is the plain gradient", _APART,
         equations=("bo_rep-3",)),
    _balanced("many-coordinates", "apart"),
)  # fmt: skip


def sample_trajectory(rng):
    d, p, steps = (int(rng.integers(1, k)) for k in (4, 4, 8))
    rates = {
        "eta": rng.uniform(0.02, 0.3), "beta": rng.uniform(0, 0.95), "nu": rng.uniform(0.02, 0.3),
        "alpha": rng.uniform(0.02, 0.3), "radius": rng.uniform(0.1, 2), "alpha0": rng.uniform(0.05, 0.4),
        "radius0": rng.uniform(0.5, 8),
    }  # fmt: skip
    counts = {"period": 4, "burst": 4, "epochs": 3, "first": 4}
    return _problem(
        rng, d, p, steps, **{k: float(v) for k, v in rates.items()},
        **{k: int(rng.integers(0 if k == "epochs" else 1, high)) for k, high in counts.items()},
    )  # fmt: skip


# One step -----------------------------------------------------------------------------------------------------------

_STEP: dict[str, Any] = {
    "x": np.array([1.0, -2.0]), "m": np.array([0.5, 0.25]), "z": np.array([1.0, -0.5, 2.0]),
    "grad_x": np.array([1.5, -3.0]), "grad_y": np.array([0.5, 1.0, -1.5]),
    "hessian": np.array([[2.0, 0.5, 0.0], [0.5, 1.5, -0.25], [0.0, -0.25, 1.0]]),
    "cross": np.array([[1.0, -0.5, 0.25], [0.5, 2.0, -1.0]]), "eta": 0.5, "beta": 0.75, "nu": 0.25,
}  # fmt: skip


STEP = (
    Case("ordinary", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "all terms count: old momentum, both gradients, both products", _STEP,
         equations=("bo_rep-2", "bo_rep-3", "bo_rep-4", "bo_rep-5")),
    Case("first", ("boundary",),
         "no momentum and z = 0: x follows the gradient of F in x, z that in y",
         {**_STEP, "m": np.zeros(2), "z": np.zeros(3)}, equations=("bo_rep-2", "bo_rep-4")),
    Case("no-momentum", ("boundary",), "beta = 0 forgets the old m", {**_STEP, "beta": 0.0}, equations=("bo_rep-4",)),
    Case("no-direction", ("edge_case", "numerics"),
         "m is exactly 0: x stays, and no 0 / 0",
         {**_STEP, "m": np.zeros(2), "grad_x": np.zeros(2), "cross": np.zeros((2, 3))},
         answer={"new_x": _STEP["x"], "new_m": np.zeros(2), "new_z": np.array([0.6875, -0.0625, 1.09375])},
         source="worked by hand", equations=("bo_rep-5",)),
    Case("tiny", ("numerics", "variant"),
         "m of 10^-9: the step is still eta long, whatever stands beside a norm in a denominator",
         {**_STEP, "m": np.array([3e-9, 1e-9]), "grad_x": np.zeros(2), "cross": 1e-9 * _STEP["cross"]},
         equations=("bo_rep-5",)),
    Case("huge", ("numerics",),
         "m of 10^30, whose square a float32 cannot hold: the step is eta long",
         {**_STEP, "grad_x": np.array([3e30, -1e30])}, equations=("bo_rep-5",)),
    Case("one-of-each", ("boundary",), "one coordinate each: x moves by eta or -eta",
         {"x": np.array([1.0]), "m": np.array([-2.0]), "z": np.array([1.5]), "grad_x": np.array([0.5]),
          "grad_y": np.array([2.0]), "hessian": np.array([[3.0]]), "cross": np.array([[1.25]]), "eta": 0.25,
          "beta": 0.5, "nu": 0.125}),
    _balanced("many-coordinates", "ordinary"),
)  # fmt: skip


def sample_step(rng):
    d, p = (int(rng.integers(1, 5)) for _ in range(2))
    normal = rng.standard_normal
    return {
        "x": normal(d), "m": normal(d), "z": normal(p), "grad_x": normal(d), "grad_y": normal(p),
        "hessian": _positive(rng, p), "cross": normal((d, p)), "eta": float(rng.uniform(0.01, 1)),
        "beta": float(rng.uniform(0, 0.95)), "nu": float(rng.uniform(0.01, 0.5)),
    }  # fmt: skip


# The lower level ----------------------------------------------------------------------------------------------------


def _lower(name, steps, p=2, away=3.0, scale=0.3, **settings) -> dict[str, Any]:
    rng = _rng("lower", name)
    return {
        "y": away * rng.standard_normal(p).round(2), "A": _positive(rng, p), "target": rng.standard_normal(p).round(2),
        "noise": scale * rng.standard_normal((steps, p)).round(2), **settings,
    }  # fmt: skip


_BURST = _lower("ordinary", 5, p=3, alpha=0.2, radius=1.25)
LOWER = (
    Case("ordinary", ("basic", "missing_step", "wrong_constant"),
         "the ball cuts the later steps; its centre is where the burst began", _BURST, equations=("bo_rep-6",)),
    Case("inside", ("basic",), "the ball is never met", _lower("inside", 4, alpha=0.3, radius=50.0),
         equations=("bo_rep-6",)),
    Case("one-step", ("boundary",), "N = 1", _lower("one", 1, alpha=0.25, radius=20.0)),
    Case("one-coordinate", ("boundary",),
         "a walk of 1, cut at 0.75, and back",
         {"y": np.array([2.0]), "A": np.eye(1), "target": np.zeros(1), "noise": np.array([[0.0], [-2.25]]),
          "alpha": 0.5, "radius": 0.75}, answer={"new_y": np.array([1.75])}, source="worked by hand"),
    Case("along-the-sphere", ("edge_case",),
         "a small ball far from the target: the iterate slides along the sphere",
         _lower("slide", 8, away=6.0, alpha=0.4, radius=0.5)),
    Case("at-the-target", ("edge_case",),
         "no gradient but noise: nothing moves without it",
         {**_lower("still", 3, alpha=0.25, radius=1.0), "y": np.array([1.0, 2.0]), "target": np.array([1.0, 2.0])}),
    Case("three-hundred-steps", ("long",), "a burst of 300", _lower("long", 300, alpha=0.1, radius=4.0)),
)  # fmt: skip


def sample_lower(rng):
    p, steps = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    return {
        "y": 2 * rng.standard_normal(p), "A": _positive(rng, p), "target": rng.standard_normal(p),
        "noise": 0.3 * rng.standard_normal((steps, p)), "alpha": float(rng.uniform(0.02, 0.4)),
        "radius": float(rng.uniform(0.2, 4)),
    }  # fmt: skip


_REFINED = _lower("epochs", 21, p=3, epochs=3, first=3, alpha=0.4, radius=4.0)
EPOCHS = (
    Case("three-epochs", ("basic", "missing_step", "wrong_constant", "wrong_order"),
         "averages, centres, and a new step size and ball for each of three epochs", _REFINED,
         equations=("bo_rep-8", "bo_rep-9", "bo_rep-10")),
    Case("cut", ("basic", "wrong_constant"),
         "balls that are met in every epoch", _lower("cut", 15, epochs=4, first=1, alpha=0.5, radius=0.8, away=4.0),
         equations=("bo_rep-8", "bo_rep-9")),
    Case("none", ("boundary",), "S = 0 gives back the start", {**_REFINED, "epochs": 0},
         answer={"new_y": _REFINED["y"]}, source="closed form"),
    Case("one-epoch", ("boundary",), "S = 1: the average of T_0 iterates, the start not among them",
         _lower("first", 4, epochs=1, first=4, alpha=0.3, radius=9.0), equations=("bo_rep-10",)),
    Case("one-step-first", ("boundary",), "T_0 = 1: the first epoch is a single step",
         _lower("single", 3, epochs=2, first=1, alpha=0.5, radius=9.0)),
    Case("three-hundred-steps", ("long",), "five epochs of 10, 20, ... 160 steps",
         _lower("long-epochs", 310, epochs=5, first=10, alpha=0.4, radius=5.0)),
)  # fmt: skip


def sample_epochs(rng):
    epochs, first = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    inputs = sample_lower(rng) | {"epochs": epochs, "first": first}
    inputs["noise"] = 0.3 * rng.standard_normal(((2**epochs - 1) * first, len(inputs["y"])))
    return inputs


# Hyper-cleaning -----------------------------------------------------------------------------------------------------


def _samples(rng, n, q, classes, size):
    return {
        "X": rng.standard_normal((n, q)).round(2), "labels": rng.integers(0, classes, n).astype(float),
        "w": rng.standard_normal((q, classes)).round(2), "z": rng.standard_normal((q, classes)).round(2),
        "lam": rng.standard_normal(n).round(2), "indices": rng.integers(0, n, size).astype(float),
    }  # fmt: skip


_CROSS = _samples(_rng("cross"), 4, 2, 3, 3) | {"indices": np.array([3.0, 0.0, 3.0])}
_ALL = {**_CROSS, "indices": np.arange(4.0)}


def _many_samples(operation, before):
    """Each sample of the small full batch many times, in any order: its share falls as often."""
    times = -(-LARGE // 4)
    picks = _rng("many-samples").permutation(np.repeat(np.arange(4), times))
    inputs = _ALL | {name: _ALL[name][picks] for name in ("X", "labels", "lam")} | {"indices": np.arange(4.0 * times)}
    return Case(
        "many-samples", ("large",), "a full batch of 70,004 samples, each one of four: every one has its own place",
        inputs, dtypes=("float64",), source="the answer of full-batch", small=before["full-batch"],
        derived=lambda values: {"hypergradient": values["hypergradient"][picks] / times},
        recipe=f"full-batch/n/{len(picks)}", equations=("bo_rep-14",),
    )  # fmt: skip


CROSS = (
    Case("repeated", ("basic", "missing_step", "wrong_constant"),
         "sample 3 stands twice in a batch of three, samples 1 and 2 not at all", _CROSS, equations=("bo_rep-14",)),
    Case("full-batch", ("basic",), "every sample once", _ALL, equations=("bo_rep-14",)),
    Case("one-of-each", ("boundary",), "one sample, one feature, two classes",
         {"X": np.array([[2.0]]), "labels": np.zeros(1), "w": np.zeros((1, 2)), "z": np.array([[1.0, -1.0]]),
          "lam": np.zeros(1), "indices": np.zeros(1)},
         answer={"hypergradient": np.array([0.5])}, source="worked by hand: 1/4 (1/2 + 1/2) 2"),
    Case("sure", ("numerics",), "logits of hundreds, where exp overflows", {**_CROSS, "w": 400 * _CROSS["w"]}),
    Case("extreme-weights", ("numerics",), "lam of +-40: the weight is 0 or 1 to rounding, its slope is not 0",
         {**_ALL, "lam": np.array([40.0, -40.0, 30.0, 0.0])}),
    _many_samples,
)  # fmt: skip


def sample_cross(rng):
    n, q, classes, size = (int(rng.integers(low, 6)) for low in (1, 1, 2, 1))
    return _samples(rng, n, q, classes, size)


_WEIGHTED = {"eta": 0.5, "beta": 0.6, "nu": 0.3, "alpha": 0.4, "reg": 0.1, "period": 2, "burst": 2, "radius": 0.3}


def _cleaning(rng, steps, n=5, q=2, classes=3, size=2, **settings) -> dict[str, Any]:
    settings = _WEIGHTED | settings
    some = _samples(rng, n, q, classes, 1)
    pick = lambda high, rows: rng.integers(0, high, (rows, size)).astype(float)
    return {
        "X": some["X"], "labels": some["labels"], "V": rng.standard_normal((4, q)).round(2),
        "V_labels": rng.integers(0, classes, 4).astype(float), "lam0": some["lam"], "w0": some["w"],
        "z0": 0.5 * some["z"], "lower_batches": pick(n, settings["burst"] * steps), "upper_batches": pick(4, steps),
        "hvp_batches": pick(n, steps), "cross_batches": pick(n, steps), **settings,
    }  # fmt: skip


_FULL = _cleaning(_rng("full"), 2, n=4, period=1, burst=1) | {
    "lower_batches": np.tile(np.arange(4.0), (2, 1)), "hvp_batches": np.tile(np.arange(4.0), (2, 1)),
    "cross_batches": np.tile(np.arange(4.0), (2, 1)),
}  # fmt: skip


def _many_weights(operation, before):
    """As for one operation above; eta is longer by the root of the number of copies."""
    times = -(-LARGE // 4)
    picks, every = _rng("many-weights").permutation(np.repeat(np.arange(4), times)), np.arange(4.0 * times)
    inputs = _FULL | {name: _FULL[name][picks] for name in ("X", "labels", "lam0")}
    inputs |= {
        name: np.tile(every, (len(_FULL[name]), 1)) for name in ("lower_batches", "hvp_batches", "cross_batches")
    }
    return Case(
        "many-samples", ("large",), "full batches of 70,004 samples, each one of four", inputs
        | {"eta": _FULL["eta"] * times**0.5}, dtypes=("float64",), source="the answer of full-batch",
        small=before["full-batch"], derived=lambda values: {"lams": values["lams"][:, picks], "ws": values["ws"]},
        recipe=f"full-batch/n/{len(picks)}/eta", equations=("bo_rep-12", "bo_rep-13", "bo_rep-14"),
    )  # fmt: skip


CLEANING = (
    Case("six-steps", ("basic", "missing_step", "wrong_order", "wrong_constant", "known_bug"),
         "two bursts, one with a ball that cuts; the Hessian depends on w, so that it matters which w it is taken at",
         _cleaning(_rng("six"), 6), equations=("bo_rep-12", "bo_rep-13", "bo_rep-14")),
    Case("no-ball", ("edge_case", "known_bug"), "as the authors' code has it: no ball, long bursts",
         _cleaning(_rng("no-ball"), 4, radius=100.0, burst=4, beta=0.9, nu=0.2, eta=0.25, reg=0.02),
         equations=("bo_rep-12",)),
    Case("full-batch", ("basic",), "every sample once in every batch", _FULL),
    Case("one-step", ("boundary",), "one step, no burst", _cleaning(_rng("one-step"), 1)),
    Case("long-bursts", ("edge_case",),
         "bursts of five in a ball that most iterates try to leave, and no penalty: nothing is solved",
         _cleaning(_rng("long-bursts"), 3, burst=5, radius=0.1, alpha=0.8, reg=0.0), equations=("bo_rep-6",)),
    _many_weights,
)  # fmt: skip


def sample_cleaning(rng):
    steps, n, q, classes, size = (int(rng.integers(low, 5)) for low in (1, 1, 1, 2, 1))
    rates = {"eta": rng.uniform(0.1, 1), "beta": rng.uniform(0, 0.9), "nu": rng.uniform(0.05, 0.5)}
    rates |= {"alpha": rng.uniform(0.05, 0.5), "reg": rng.uniform(0.01, 0.5), "radius": rng.uniform(0.1, 2)}
    counts = {"period": int(rng.integers(1, 3)), "burst": int(rng.integers(1, 4))}
    return _cleaning(rng, steps, n, q, classes, size, **{k: float(v) for k, v in rates.items()}, **counts)


# What it is compared with -------------------------------------------------------------------------------------------

_SERIES = {
    "v": np.array([1.0, -2.0]),
    "nu": 0.25,
    "hessians": np.stack([_positive(_rng("series", k), 2) for k in "abc"]),
}
NEUMANN = (
    Case("three-factors", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "three different factors, whose order matters", _SERIES, equations=("bo_rep-11",)),
    Case("one-factor", ("boundary",), "nu (2 v - nu H v)",
         {"v": np.array([4.0]), "nu": 0.25, "hessians": np.array([[[2.0]]])},
         answer={"z": np.array([1.5])}, source="worked by hand"),
    Case("diverging", ("edge_case",), "nu above 2 over the largest eigenvalue: the sum grows", {**_SERIES, "nu": 2.0}),
    Case("three-hundred-factors", ("long",), "a series that has converged to the inverse times v",
         {**_SERIES, "hessians": np.tile(_positive(_rng("series", "a"), 2), (300, 1, 1))}),
)  # fmt: skip


def sample_neumann(rng):
    p, count = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    hessians = np.stack([_positive(rng, p) for _ in range(count)])
    return {"v": rng.standard_normal(p), "hessians": hessians, "nu": float(rng.uniform(0.05, 0.5))}


_SOLVE = {"grad_x": _STEP["grad_x"], "grad_y": _STEP["grad_y"][:2], "hessian": np.array([[2.0, 0.5], [0.5, 1.5]])}
_SOLVE |= {"cross": np.array([[1.0, -0.5], [0.5, 2.0]])}
_SIX = np.diag([1.0, 2.0, 3.0, 5.0, 6.5, 8.0]) + np.diag(np.full(5, 0.5), 1) + np.diag(np.full(5, 0.5), -1)
HYPERGRADIENT = (
    Case("ordinary", ("basic", "missing_step"), "a full Hessian of two coordinates", _SOLVE, equations=("bo_rep-1",)),
    Case("one-of-each", ("boundary",), "3 = 1 + 4 / 2",
         {"grad_x": np.ones(1), "grad_y": np.ones(1), "hessian": np.array([[2.0]]), "cross": np.array([[-4.0]])},
         answer={"hyper": np.array([3.0]), "z": np.array([0.5])}, source="worked by hand"),
    Case("uneven", ("numerics",), "eigenvalues of 1 and 100",
         {**_SOLVE, "hessian": np.array([[50.5, 49.5], [49.5, 50.5]])}),
    Case("six-unknowns", ("numerics",), "eigenvalues from 1 to 8 in six coordinates: a solver by conjugate directions "
         "needs more than two of them", {**_SOLVE, "grad_y": np.array([1.0, -1.0, 2.0, 0.5, 1.0, -2.0]),
         "hessian": _SIX, "cross": np.arange(-6.0, 6.0).reshape(2, 6) / 4}),
    Case("small-slope", ("numerics",), "a lower slope of 1e-4: where a solver stops is relative to it",
         {**_SOLVE, "grad_y": _SOLVE["grad_y"] / 16384}),
    Case("no-lower-slope", ("edge_case",), "f does not look at y: the plain gradient",
         {**_SOLVE, "grad_y": np.zeros(2)}, answer={"hyper": _SOLVE["grad_x"], "z": np.zeros(2)}, source="closed form"),
    large("many-coordinates", "ordinary", "d"),
)  # fmt: skip


def sample_hypergradient(rng):
    d, p = (int(rng.integers(1, 5)) for _ in range(2))
    normal = rng.standard_normal
    return {"grad_x": normal(d), "grad_y": normal(p), "hessian": _positive(rng, p), "cross": normal((d, p))}
