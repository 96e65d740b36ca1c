"""Inputs of the operations of active multi-task learning under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.convex.lasso_mtrl import exact
from refimpl.specs.sizes import large


def _drawn(name, *shape, digits=8):
    """Normal numbers, in multiples of 1 / `digits`: exact in either precision."""
    return np.round(stream(0, "lasso_mtrl-case", name).standard_normal(shape) * digits) / digits


W3, w3 = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])
_SMALL = {"W": W3, "w": w3}


def _wider(of, times, factor=None):
    """The heads of a small case among many: shorter ones that are of no use, or, without `factor`, each `times` times.

    Copies share what one had; the value of a design falls by their number.
    """

    def make(operation, before):
        small = before[of]
        T = small.inputs["W"].shape[1]
        rng, axes = stream(0, operation.name, "many-tasks"), {f.name: f.axes.split() for f in operation.outputs}
        picks = rng.permutation(np.tile(np.arange(T), times))
        first = [int(np.flatnonzero(picks == t)[0]) for t in range(T)]
        inputs = dict(small.inputs)
        for f in operation.inputs:
            if f.kind == "array" and f.axes.split()[-1] == "T":
                inputs[f.name] = np.take(small.inputs[f.name], picks, axis=-1)
        if factor is not None:
            useful = np.isin(np.arange(len(picks)), first)
            inputs["W"] = np.where(useful, inputs["W"], factor * inputs["W"])

        def derived(values):
            found = dict(values)
            for name in (name for name in values if "T" in axes[name]):
                found[name] = np.zeros(len(picks)) if factor is not None else values[name][picks] / times
                if factor is not None:
                    found[name][first] = values[name]
            return found

        what = f"shorter copies of the heads of {of}, of no use" if factor is not None else f"each head of {of} again"
        return Case(
            "many-tasks", ("large",), f"{len(picks)} tasks: {what}", inputs,
            dtypes=small.dtypes if factor is not None else ("float64",),  # so long a sum is another everywhere
            equations=small.equations, source=f"the answer of {of}", small=small, derived=derived,
            recipe=f"{of}/T/{len(picks)}/{'copies' if factor is None else factor}",
        )  # fmt: skip

    return make


# Relevance -----------------------------------------------------------------------------------------------------------

_NEGATIVE = {"W": np.array([[1.0, 0.5, -1.0, 0.25], [0.0, 1.0, 0.25, -0.75]]), "w": np.array([-1.0, 1.0])}
_THREE = {"W": _drawn("three", 3, 6), "w": _drawn("three w", 3)}
_EQUAL = np.array([[1.0, 2.0, 2.0], [2.0, 1.0, -2.0], [2.0, -2.0, 1.0], [-1.0, 2.0, 2.0], [2.0, 2.0, -1.0]]).T
_HAIR = np.array([[1.0, 2.0, -1.0, 0.5], [1 + 1 / 1024, 2.0, -1.0, 0.5 - 1 / 1024]])
_EQUATION = {"l1": ("lasso_mtrl-1",), "l2": ("lasso_mtrl-2",)}


def _relevance(kind, nu3, of_one, many):
    equations = _EQUATION[kind]
    norm = {"value": np.array(np.abs(nu3).sum()), "nu": nu3} if kind == "l1" else {"nu": nu3}
    return (
        Case("three-tasks", ("basic",), "three tasks in the plane", _SMALL, equations=equations, answer=norm,
             source="worked by hand"),
        Case("negative", ("basic", "missing_step"), "a combination that needs negative coefficients", _NEGATIVE,
             equations=equations),
        Case("six-tasks", ("basic",), "six tasks in three dimensions", _THREE, equations=equations),
        Case("a-head-itself", ("edge_case",), "heads of one length, and the target is one of them times -2",
             {"W": _EQUAL, "w": -2 * _EQUAL[:, 4]}, equations=equations, answer=of_one,
             source="worked by hand" if of_one else ""),
        Case("square", ("boundary",), "as many tasks as dimensions: one combination only",
             {"W": np.array([[2.0, 1.0], [1.0, -1.0]]), "w": np.array([1.0, 2.0])}, equations=equations,
             answer={"nu": np.array([1.0, -1.0])}, source="worked by hand"),
        Case("one-dimension", ("boundary",), "one dimension: the longest head alone, or all in proportion",
             {"W": np.array([[0.5, -2.0, 1.0]]), "w": np.array([3.0])}, equations=equations),
        Case("along-the-axes", ("edge_case", "known_bug"), "a diagonal matrix that is not square: a pseudo-inverse by "
             "its diagonal must have the other shape", {"W": np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]),
             "w": np.array([1.0, 2.0])}, equations=equations,
             answer={"nu": np.array([1.0, 1.0, 0.0])} | ({"value": np.array(2.0)} if kind == "l1" else {}),
             source="worked by hand"),
        Case("no-target", ("edge_case",), "a head of 0 needs no source", {"W": W3, "w": np.zeros(2)},
             equations=equations, answer={"nu": np.zeros(3)}, source="worked by hand"),
        Case("nearly-parallel", ("numerics",), "heads on a line but for a thousandth: a solver with an "
             "absolute tolerance misses what is left", {"W": _HAIR, "w": np.array([1.0, 1.0029296875])},
             dtypes=("float64",), equations=equations),
        Case("tiny", ("numerics",), "heads of size 1e-5 and a target of size 1e5",
             {"W": _THREE["W"] / 2**17, "w": 2**17 * _THREE["w"]}, equations=equations),
        many,
    )  # fmt: skip


_OF_ONE = {"value": np.array(2.0), "nu": np.array([0.0, 0.0, 0.0, 0.0, -2.0])}
RELEVANCE_L1 = _relevance("l1", np.array([0.0, 0.5, 1.0]), _OF_ONE, _wider("six-tasks", 150, 0.5))
RELEVANCE_L2 = _relevance("l2", np.array([1 / 6, 2 / 3, 5 / 6]), None, _wider("six-tasks", 4096))


def _heads(rng):
    """Random heads and a target, away from combinations whose norms are nearly the least too."""
    while True:
        k = int(rng.integers(1, 4))
        W, w = rng.standard_normal((k, int(rng.integers(k, 7)))), rng.standard_normal(k)
        norms = sorted(float(abs(nu).sum()) for nu in exact._vertices(W.astype(object), w.astype(object)))
        tall = np.linalg.cond(W) < 30
        if tall and (len(norms) == 1 or norms[1] > 1.02 * norms[0]):
            return {"W": W, "w": w}


def sample_relevance(rng):
    return _heads(rng)


_DESIGN = {**_SMALL, "n": np.array([10.0, 30.0, 60.0])}
DESIGN_VALUE = (
    Case("three-tasks", ("basic",), "three tasks in the plane", _DESIGN, equations=("lasso_mtrl-3",),
         answer={"value": np.array(0.025)}, source="worked by hand"),
    Case("six-tasks", ("basic", "wrong_constant"), "six tasks in three dimensions, many samples of some",
         {**_THREE, "n": np.array([400.0, 30.0, 30.0, 250.0, 30.0, 60.0])}, equations=("lasso_mtrl-3",)),
    Case("not-sampled", ("edge_case",), "two tasks without samples: the others still make the target's head",
         {**_THREE, "n": np.array([40.0, 0.0, 90.0, 25.0, 0.0, 60.0])}, equations=("lasso_mtrl-3",)),
    Case("one-task-sampled", ("boundary",), "only the task that is the target's twin is sampled: 1 / n",
         {"W": np.array([[1.0, 0.0, 0.5], [0.0, 1.0, -0.5]]), "w": np.array([0.5, -0.5]), "n": np.array([0, 0, 20.0])},
         equations=("lasso_mtrl-3",), answer={"value": np.array(0.05)}, source="worked by hand"),
    Case("one-dimension", ("boundary",), "one dimension",
         {"W": np.array([[0.5, -2.0]]), "w": np.array([3.0]), "n": np.array([4.0, 2.0])}, equations=("lasso_mtrl-3",),
         answer={"value": np.array(1.0)}, source="worked by hand"),
    large("many-tasks", "six-tasks", "T", balanced=True, size=20_000,
          answers=lambda small, times: {"value": small["value"] / times}),
)  # fmt: skip


def sample_design(rng):
    inputs = _heads(rng)
    return {**inputs, "n": np.round(rng.uniform(5, 300, inputs["W"].shape[1]))}


def made(inputs):
    """Whether the heads of the tasks with samples make the target's head, as well as `lasso_mtrl.design_value` asks."""
    used, w = inputs["W"][:, inputs["n"] > 0], inputs["w"]
    if not used.size:
        return False
    missed = used @ np.linalg.lstsq(used, w, rcond=None)[0] - w
    return bool(np.abs(missed).max() <= 1e-4 * np.abs(w).max())


# Allocation ----------------------------------------------------------------------------------------------------------


def _budget(nu, N=100, floor=10, p=1):
    nu = np.array(nu)
    assert exact.away(nu, N, floor, p)
    return {"nu": nu, "N": N, "floor": floor, "p": p}


def _many_budgets(operation, before):
    """Every task many times, with as many times the budget: the same number for each."""
    small, times = before["signs"], 2**14
    T = len(small.inputs["nu"])
    picks = stream(0, operation.name, "many-tasks").permutation(np.tile(np.arange(T), times))
    return Case(
        "many-tasks", ("large",), f"{T * times} tasks with as many times the budget: the same number for each",
        {**small.inputs, "nu": small.inputs["nu"][picks], "N": small.inputs["N"] * times}, dtypes=("float64",),
        equations=small.equations, source="the answer of signs", small=small,
        derived=lambda values: {"n": values["n"][picks]}, recipe=f"signs/T/{T * times}/budget",
    )  # fmt: skip


_NU1, _NU2 = [0.0, 0.5, 1.0], [0.167, 0.667, 0.833]
_SIGNS = [0.7, -1.3, 0.0, -0.2, 2.1]
ALLOCATE = (
    Case("known-l1", ("basic", "wrong_constant"), "the least 1-norm of three tasks", _budget(_NU1),
         equations=("lasso_mtrl-4", "lasso_mtrl-5"), answer={"n": np.array([10.0, 33.0, 56.0])},
         source="worked by hand: 70 samples in proportion 0 : 1 : 2"),
    Case("known-l2", ("basic", "wrong_constant"), "the least 2-norm: in proportion to the squares",
         _budget(_NU2, p=2), equations=("lasso_mtrl-4",), answer={"n": np.array([11.0, 36.0, 51.0])},
         source="worked by hand: 70 samples in proportion 1 : 16 : 25"),
    Case("signs", ("basic", "missing_step"), "negative relevance counts as much as positive",
         _budget(_SIGNS, N=211, floor=3), equations=("lasso_mtrl-4",)),
    Case("signs-squared", ("basic",), "the same with squares", _budget(_SIGNS, N=211, floor=3, p=2),
         equations=("lasso_mtrl-4",)),
    Case("no-floor", ("boundary",), "without a floor, where nu is 0 nothing is drawn", _budget(_NU1, floor=0),
         equations=("lasso_mtrl-5",)),
    Case("one-relevant", ("edge_case",), "one task is relevant nearly alone",
         _budget([0.003, -0.3, 0.004], floor=4), equations=("lasso_mtrl-5",)),
    Case("uniform", ("basic",), "all ones: the same for each", _budget([1.0] * 7, floor=4),
         equations=("lasso_mtrl-5",)),
    Case("all-floor", ("boundary",), "the floors take the whole budget", {**_budget(_NU1, N=101), "N": 30},
         equations=("lasso_mtrl-5",), answer={"n": np.full(3, 10.0)}, source="worked by hand"),
    Case("few-samples", ("edge_case",), "seven samples for three tasks: rounded down, some are lost",
         _budget(_NU1, N=7, floor=1), equations=("lasso_mtrl-5",)),
    Case("large-budget", ("numerics",), "ten million samples", _budget(_NU2, N=10_000_001, floor=100, p=2),
         dtypes=("float64",), equations=("lasso_mtrl-5",)),
    _many_budgets,
)  # fmt: skip


def sample_allocate(rng):
    while True:
        T = int(rng.integers(2, 8))
        nu = rng.standard_normal(T) * (rng.uniform(size=T) < 0.8)
        inputs = {"nu": nu, "N": int(rng.integers(60, 400)), "floor": int(rng.integers(0, 8))}
        inputs["p"] = int(rng.integers(1, 3))
        if nu.any() and exact.away(nu, inputs["N"], inputs["floor"], inputs["p"]):
            return inputs


# The fit -------------------------------------------------------------------------------------------------------------


def _sources(name, n, d=4, k=2, noise=0.5):
    """Statistics of tasks on a shared plane."""
    rng = stream(0, "lasso_mtrl-case", name)
    B, W, G, g = rng.standard_normal((d, k)), rng.standard_normal((k, len(n))), [], []
    for t, size in enumerate(n):
        X = np.round(4 * rng.standard_normal((size, d))) / 4
        y = np.round(16 * (X @ B @ W[:, t] + noise * rng.standard_normal(size))) / 16
        G.append(X.T @ X)
        g.append(X.T @ y)
    return {"G": np.stack(G), "g": np.stack(g), "n": np.array(n, dtype=float)}


def _fit(name, n, k=2, rounds=3, **settings) -> dict[str, Any]:
    return {**_sources(name, n, k=k, **settings), "k": k, "rounds": rounds}


_FIVE = _fit("five", [12, 20, 9, 15, 30])
_LINE = _fit("one", [8, 10, 12], d=3, k=1)


def _long(operation, before):
    """Rounds that change nothing more: the answer, and what rounding does to it, are those of the settled case."""
    small = before["settled"]
    return Case(
        "three-hundred-rounds", ("long",), "300 rounds: it stays where it has settled", {**small.inputs, "rounds": 300},
        dtypes=small.dtypes, equations=small.equations, source="the answer of settled", small=small,
        derived=dict, alike=True,
    )  # fmt: skip


_PARTS = ("lasso_mtrl-7", "lasso_mtrl-8", "lasso_mtrl-9", "lasso_mtrl-10")
FIT_REPRESENTATION = (
    Case("five-tasks", ("basic", "wrong_order"), "three rounds on five tasks with as many samples as they like", _FIVE,
         equations=_PARTS),
    Case("start-alone", ("boundary",), "no round: the spectral start and its heads", {**_FIVE, "rounds": 0},
         equations=("lasso_mtrl-6", "lasso_mtrl-7")),
    Case("one-round", ("basic",), "a single round", {**_FIVE, "rounds": 1}, equations=_PARTS),
    Case("uneven", ("basic", "missing_step"), "one task with 200 samples, the others with 6: each sample counts alike",
         _fit("uneven", [200, 6, 6, 6, 6], noise=1.0), equations=("lasso_mtrl-8", "lasso_mtrl-9")),
    Case("one-direction", ("boundary",), "k = 1", _LINE, equations=_PARTS),
    Case("as-many-tasks", ("boundary",), "as many tasks as dimensions of the representation",
         _fit("square", [14, 11, 25], d=4, k=3), equations=_PARTS),
    Case("whole-space", ("boundary",), "k = d: every task by itself", _fit("whole", [9, 12, 10, 14], d=3, k=3),
         equations=_PARTS),
    Case("few-samples", ("edge_case",), "a task with one sample, fewer than k: its head has the least norm",
         _fit("few", [12, 20, 1, 15, 30]), dtypes=("float64",), equations=("lasso_mtrl-7",)),
    Case("not-sampled", ("edge_case",), "a task without samples has the head 0", _fit("none", [12, 20, 0, 15, 30]),
         dtypes=("float64",), equations=("lasso_mtrl-6", "lasso_mtrl-7")),
    Case("settled", ("basic",), "fourteen rounds, after which double precision sees no change",
         {**_LINE, "rounds": 14}, equations=_PARTS),
    _long,
    large("many-tasks", "five-tasks", "T", balanced=True, size=3_000),
)  # fmt: skip


def sample_fit(rng):
    d, T = int(rng.integers(3, 5)), int(rng.integers(3, 6))
    k, name = int(rng.integers(1, 3)), int(rng.integers(2**31))
    return _fit(name, [int(m) for m in rng.integers(8, 30, T)], d=d, k=k, rounds=int(rng.integers(1, 4)))


def _target(name, n=12, d=4, k=2, **settings) -> dict[str, Any]:
    return {
        "B": _drawn(f"{name} B", d, k), "X": _drawn(f"{name} X", n, d), "y": _drawn(f"{name} y", n),
    } | settings  # fmt: skip


_EVEN = np.eye(4)[:, [1, 3]]
FIT_TARGET = (
    Case("twelve-samples", ("basic",), "twelve samples on a plane, its basis as it comes", _target("twelve"),
         equations=("lasso_mtrl-11",)),
    Case("two-inputs", ("basic",), "the representation picks the inputs 2 and 4", _target("picks", B=_EVEN),
         equations=("lasso_mtrl-11",)),
    Case("as-many-samples", ("boundary",), "as many samples as dimensions: no residual",
         _target("exact", n=2, X=np.array([[1.0, 0.0, 0.5, 0.0], [0.0, 2.0, 0.0, -1.0]]), B=np.eye(4)[:, :2])),
    Case("one-direction", ("boundary",), "k = 1", _target("direction", n=5, d=3, k=1)),
    Case("whole-space", ("boundary",), "k = d: plain least squares", _target("plain", d=3, k=3)),
    large("many-samples", "twelve-samples", "n", balanced=True, size=24_000, dtypes=("float64",)),
)  # fmt: skip


def sample_target(rng):
    d = int(rng.integers(2, 5))
    k, n = int(rng.integers(1, d + 1)), int(rng.integers(8, 20))
    B = np.linalg.qr(rng.standard_normal((d, k)))[0]
    return {"B": B, "X": rng.standard_normal((n, d)), "y": rng.standard_normal(n)}


# The Lasso -----------------------------------------------------------------------------------------------------------

_ORTHOGONAL = np.array([[2.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 1.0]])
_RIGHT = ("lasso_mtrl-12", "lasso_mtrl-13", "lasso_mtrl-14")
LASSO = (
    Case("three-tasks", ("basic", "wrong_constant"), "three tasks in the plane", {**_SMALL, "lam": 0.1},
         equations=_RIGHT, answer={"nu": np.array([0.0, 0.4, 1.0]), "objective": np.array(0.145)},
         source="worked by hand"),
    Case("negative", ("basic",), "coefficients of both signs", {**_NEGATIVE, "lam": 0.2}, equations=_RIGHT),
    Case("six-tasks", ("basic", "wrong_constant"), "six tasks in three dimensions", {**_THREE, "lam": 0.05},
         equations=_RIGHT),
    Case("square", ("edge_case", "known_bug"), "as many tasks as dimensions, no symmetry: rows are not columns",
         {"W": np.array([[1.0, 0.5, 0.0], [-0.25, 1.0, 0.75], [0.5, 0.0, 1.5]]), "w": np.array([1.0, -0.5, 2.0]),
          "lam": 0.25}, equations=_RIGHT),
    Case("axes", ("edge_case", "wrong_constant"), "heads at right angles, of lengths 2, 1/2 and 1: shrunk one by one",
         {"W": _ORTHOGONAL, "w": np.array([1.0, -3.0, 0.125]), "lam": 0.25}, equations=_RIGHT,
         answer={"nu": np.array([0.4375, -5.0, 0.0])}, source="worked by hand"),
    Case("all-zero", ("edge_case",), "a penalty above |W^T w|: nothing is taken", {**_SMALL, "lam": 3.0},
         equations=_RIGHT, answer={"nu": np.zeros(3)}, source="worked by hand"),
    Case("a-head-of-zero", ("edge_case",), "a source whose estimated head is 0 is never taken",
         {"W": np.array([[1.0, 0.0, 0.5], [0.25, 0.0, -1.0]]), "w": np.array([2.0, 1.0]), "lam": 0.125},
         equations=_RIGHT),
    Case("one-dimension", ("boundary",), "one dimension: the longest head alone",
         {"W": np.array([[0.5, -2.0, 1.0]]), "w": np.array([3.0]), "lam": 0.5}, equations=_RIGHT,
         answer={"nu": np.array([0.0, -1.375, 0.0])}, source="worked by hand"),
    _wider("six-tasks", 80, 0.5),
)  # fmt: skip


def sample_lasso(rng):
    while True:
        inputs = _heads(rng)
        W, w = inputs["W"], inputs["w"]
        lam = float(rng.uniform(0.05, 0.6) * np.abs(W.T @ w).max())
        nu = exact.relevance_lasso(W, w, lam)[0].astype(float)
        margin = lam - np.abs(W.T @ (w - W @ nu))[nu == 0]
        used = W[:, nu != 0]
        if used.size and np.linalg.cond(used) < 3 and np.min(np.abs(nu[nu != 0])) > 0.02 and np.all(margin > 0.02):
            return {**inputs, "lam": lam}


def _exploration(name, n, k=2, m=10, share=0.125, p=1, rounds=3, **settings) -> dict[str, Any]:
    data = _sources(name, n, k=k, **settings)
    d = data["g"].shape[1]
    X, y = _drawn(f"{name} X", m, d), _drawn(f"{name} y", m)
    return {**data, "X": X, "y": y, "k": k, "share": share, "p": p, "rounds": rounds}


_EXPLORED = _exploration("explored", [12, 20, 9, 15])
ESTIMATE = (
    Case("four-tasks", ("basic", "missing_step"), "three rounds, then the Lasso", _EXPLORED,
         equations=("lasso_mtrl-10", "lasso_mtrl-15")),
    Case("least-squares", ("basic",), "three rounds, then the least 2-norm", {**_EXPLORED, "p": 2},
         equations=("lasso_mtrl-2",)),
    Case("start-alone", ("boundary",), "no round", {**_EXPLORED, "rounds": 0}, equations=("lasso_mtrl-15",)),
    Case("one-direction", ("boundary",), "k = 1: one task is taken",
         _exploration("direction", [8, 10, 12], d=3, k=1), equations=("lasso_mtrl-15",)),
    Case("as-many-tasks", ("boundary",), "as many tasks as dimensions: rows are not columns",
         _exploration("square", [16, 25], d=3), equations=("lasso_mtrl-15",)),
    Case("heavy", ("edge_case",), "a penalty of nine tenths of the largest", {**_EXPLORED, "share": 0.9},
         equations=("lasso_mtrl-15",)),
    Case("more-than-all", ("edge_case",), "a share above 1: nothing is taken", {**_EXPLORED, "share": 1.5},
         equations=("lasso_mtrl-15",), answer={"nu": np.zeros(4)}, source="worked by hand"),
)  # fmt: skip


def sample_estimate(rng):
    while True:
        name, T = int(rng.integers(2**31)), int(rng.integers(3, 5))
        n, p = [int(m) for m in rng.integers(8, 30, T)], int(rng.integers(1, 3))
        inputs = _exploration(name, n, share=float(rng.uniform(0.1, 0.6)), p=p, rounds=2, d=3)
        G, g, size = (exact.reals(inputs[name]) for name in "Ggn")
        B, W = (np.array(x, dtype=float) for x in exact._fit(G, g, size, 2, 2))
        w = np.linalg.lstsq(inputs["X"] @ B, inputs["y"], rcond=None)[0]
        if np.linalg.cond(W) > 6:
            continue
        lam = inputs["share"] * np.abs(W.T @ w).max()
        nu = exact.relevance_lasso(W, w, lam)[0].astype(float)
        margin = lam - np.abs(W.T @ (w - W @ nu))[nu == 0]
        if np.min(np.abs(nu[nu != 0])) > 0.01 and np.all(margin > 0.01) and np.linalg.cond(W[:, nu != 0]) < 3:
            return inputs


# Prices and epochs ---------------------------------------------------------------------------------------------------

_PRICED = {**_SMALL, "prices": np.array([1.0, 1.0, 9.0]), "budget": 50.0}
_DEAR = np.array([0.5, 2.0, 1.25, 8.0, 3.0, 0.25])
COST_SENSITIVE = (
    Case("three-tasks", ("basic", "wrong_constant"), "a task that two cheap ones replace", _PRICED,
         equations=("lasso_mtrl-16", "lasso_mtrl-17", "lasso_mtrl-18"),
         answer={"nu": np.array([1.0, 1.5, 0.0]), "n": np.array([20.0, 30.0, 0.0]), "value": np.array(0.125)},
         source="worked by hand"),
    Case("six-tasks", ("basic", "wrong_constant"), "six tasks in three dimensions", {**_THREE, "prices": _DEAR,
         "budget": 120.0}, equations=("lasso_mtrl-16", "lasso_mtrl-17", "lasso_mtrl-18")),
    Case("negative", ("basic",), "coefficients of both signs",
         {**_NEGATIVE, "prices": np.array([4.0, 1.0, 0.5, 2.0]), "budget": 30.0}),
    Case("worth-its-price", ("basic", "wrong_constant"), "three times the price, and still the better choice",
         {**_PRICED, "prices": np.array([1.0, 1.0, 3.0])}, equations=("lasso_mtrl-16",)),
    Case("equal-prices", ("edge_case",), "equal prices: the least 1-norm", {**_PRICED, "prices": np.full(3, 4.0)},
         equations=("lasso_mtrl-16",), answer={"nu": np.array([0.0, 0.5, 1.0]), "value": np.array(0.18)},
         source="worked by hand"),
    Case("one-dimension", ("boundary",), "one dimension: the best length for the price",
         {"W": np.array([[0.5, -2.0, 1.0]]), "w": np.array([3.0]), "prices": np.array([1.0, 64.0, 1.0]),
          "budget": 2.0}, answer={"nu": np.array([0.0, 0.0, 3.0]), "n": np.array([0.0, 0.0, 2.0])},
         source="worked by hand"),
    _wider("six-tasks", 150, 0.5),
)  # fmt: skip


def sample_cost(rng):
    while True:
        inputs = _heads(rng)
        prices = np.exp(rng.standard_normal(inputs["W"].shape[1]))
        weighted = exact._vertices((inputs["W"] / np.sqrt(prices)).astype(object), inputs["w"].astype(object))
        norms = sorted(float(abs(nu).sum()) for nu in weighted)
        if len(norms) == 1 or norms[1] > 1.02 * norms[0]:
            return {**inputs, "prices": prices, "budget": float(rng.uniform(10, 200))}


_EPOCH = {"nu": np.array([0.0, -0.5, 1.0, 0.375]), "beta": 10.3, "eps": 0.125}
EPOCH_COUNTS = (
    Case("four-tasks", ("basic", "wrong_constant"), "a task below the floor, and three above it", _EPOCH,
         equations=("lasso_mtrl-19",), answer={"n": np.array([83.0, 165.0, 660.0, 93.0])}, source="worked by hand"),
    Case("first-epoch", ("boundary",), "eps = 1/2 and equal relevance", {**_EPOCH, "nu": np.full(4, 0.5), "eps": 0.5},
         equations=("lasso_mtrl-19",)),
    Case("one-task", ("boundary",), "one task", {**_EPOCH, "nu": np.array([-0.75])}, equations=("lasso_mtrl-19",)),
    Case("coarse", ("edge_case",), "eps above 1", {**_EPOCH, "beta": 24.7, "eps": 2.5}, equations=("lasso_mtrl-19",)),
    large("many-tasks", "four-tasks", "T"),
)  # fmt: skip


def sample_epoch(rng):
    while True:
        nu, beta, eps = (
            rng.standard_normal(int(rng.integers(1, 6))),
            float(rng.uniform(2, 40)),
            float(2.0 ** -rng.integers(1, 4)),
        )
        counts = np.append(beta * nu**2 / eps**2, beta / eps)
        if np.all(np.abs(counts - np.round(counts)) > 1e-3 * np.maximum(1, counts / 1e3)):
            return {"nu": nu, "beta": beta, "eps": eps}
