"""Inputs of the operations of gradient boosted networks under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

BY_HAND = "worked out by hand"
DOUBLE = ("float64",)
TASKS = ("regression", "binary", "multiclass")
LABELS = np.array([[1.0], [1.0], [-1.0]])
SCORES, ALONG = np.array([[0.5], [-0.2], [0.3]]), np.array([[0.4], [0.1], [-0.6]])
CLASSES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
LOGITS, APART = np.array([[0.2, 0.0, -0.1], [0.0, 0.5, 0.3]]), np.array([[0.4, -0.1, 0.0], [0.2, -0.3, 0.1]])


def _normal(slug, *shape, scale=1.0):
    return scale * stream(0, "gbnn-case", slug).standard_normal(shape).round(4)


def _one_hot(places, K):
    return np.eye(K)[np.asarray(places)]


def _targets(slug, task, N, K):
    """Numbers, both labels in turn with -1 at the end, or all classes in turn."""
    if task == "regression":
        return _normal(slug + "-Y", N, K) + np.arange(K) * 2.5
    if task == "binary":
        return np.array([*([1.0, -1.0] * N)[: N - 1], -1.0])[:, None]
    return _one_hot(np.arange(N) * 2 % K if K % 2 else np.arange(N) % K, K)


def _columns(task, K):
    return 1 if task == "binary" else K


# Losses -------------------------------------------------------------------------------------------------------------

INITIAL_SCORE = (
    Case("two-of-three", ("basic", "wrong_constant", "known_bug"), "two labels 1, one -1: half the logarithm of 2",
         {"Y": LABELS, "task": "binary"}, equations=("gbnn-5",),
         answer={"F0": np.array([np.log(2.0) / 2])}, source=BY_HAND),
    Case("columns-apart", ("basic", "known_bug", "wrong_constant"),
         "two columns of targets with means 2 and -4: each has its own",
         {"Y": np.array([[1.0, -5.0], [2.0, -3.5], [3.0, -3.5]]), "task": "regression"}, equations=("gbnn-4",),
         answer={"F0": np.array([2.0, -4.0])}, source=BY_HAND),
    Case("one-column", ("basic",), "one column, seven rows", {"Y": _targets("start", "regression", 7, 1),
                                                             "task": "regression"}),
    Case("one-row", ("boundary",), "one row: its own target", {"Y": np.array([[-3.25]]), "task": "regression"},
         answer={"F0": np.array([-3.25])}, source=BY_HAND),
    Case("classes", ("basic", "variant"), "more of one class than of the others: 0 all the same",
         {"Y": _one_hot([0, 0, 0, 1, 2], 3), "task": "multiclass"}, equations=("gbnn-6",),
         answer={"F0": np.zeros(3)}, source=BY_HAND),
    Case("as-many-of-each", ("edge_case",), "as many labels 1 as -1: 0",
         {"Y": np.array([[1.0], [-1.0], [-1.0], [1.0]]), "task": "binary"}, answer={"F0": np.zeros(1)}, source=BY_HAND),
    Case("rare", ("numerics", "wrong_constant"), "one label of 64 is 1: half the logarithm of 1 / 63",
         {"Y": np.where(np.arange(64) == 17, 1.0, -1.0)[:, None], "task": "binary"},
         answer={"F0": np.array([-np.log(63.0) / 2])}, source=BY_HAND),
    Case("far-off", ("numerics",), "targets about 1e15, which differ by some 1e12",
         {"Y": 1e15 + 1e12 * _normal("far-off", 5, 2), "task": "regression"}),
    large("many-labels", "two-of-three", "N", balanced=True),
    large("many-rows", "columns-apart", "N", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def _fitted(slug, task, N, K, scale=1.0):
    K = _columns(task, K)
    return {"Y": _targets(slug, task, N, K), "F": _normal(slug + "-F", N, K, scale=scale), "task": task}


RESIDUALS = (
    Case("binary-by-hand", ("basic", "wrong_constant"),
         "labels 1, 1, -1 at scores 0.5, -0.2, 0.3", {"Y": LABELS, "F": SCORES, "task": "binary"},
         equations=("gbnn-2", "gbnn-8")),
    Case("classes-by-hand", ("basic", "wrong_constant"), "two rows of three classes",
         {"Y": CLASSES, "F": LOGITS, "task": "multiclass"}, equations=("gbnn-3", "gbnn-9", "gbnn-10")),
    Case("numbers-by-hand", ("basic",), "two rows of two columns",
         {"Y": np.array([[1.0, 2.0], [3.0, -1.0]]), "F": np.array([[0.5, 2.5], [5.0, 0.0]]), "task": "regression"},
         equations=("gbnn-1", "gbnn-7"),
         answer={"r": np.array([[0.5, -0.5], [-2.0, -1.0]]), "loss": np.array((0.25 + 0.25 + 4.0 + 1.0) / 4)},
         source=BY_HAND),
    Case("ordinary-regression", ("basic",), "five rows, two columns", _fitted("regression", "regression", 5, 2)),
    Case("ordinary-binary", ("basic",), "six rows of two classes", _fitted("binary", "binary", 6, 1)),
    Case("ordinary-multiclass", ("basic",), "five rows of four classes", _fitted("classes", "multiclass", 5, 4)),
    Case("two-columns", ("boundary",), "two classes as two columns", _fitted("two", "multiclass", 4, 2)),
    Case("one-row", ("boundary",), "one row, one column", _fitted("one", "binary", 1, 1)),
    Case("at-rest", ("edge_case",), "scores of 0: shares are equal",
         {"Y": _one_hot([0, 1, 1], 2), "F": np.zeros((3, 2)), "task": "multiclass"},
         answer={"r": np.array([[0.5, -0.5], [-0.5, 0.5], [-0.5, 0.5]]), "loss": np.array(np.log(2.0))},
         source=BY_HAND),
    Case("sure-and-wrong", ("numerics", "known_bug"),
         "scores of 800, right and wrong: exp(1600) is no number, the residual is 0 or 2",
         {"Y": np.array([[1.0], [-1.0], [1.0], [-1.0]]), "F": np.array([[800.0], [800.0], [-800.0], [-800.0]]),
          "task": "binary"}),
    Case("sure-classes", ("numerics", "known_bug"), "scores of 800 and -800: right, wrong, and sure of another class",
         {"Y": CLASSES[[0, 0, 1]], "F": np.array([[800.0, 0.0, -800.0], [-800.0, 0.0, 0.0], [800.0, 0.0, 799.0]]),
          "task": "multiclass"}),
    Case("nearly-right", ("numerics",), "scores of 15: residuals of 1e-13 and of 1e-6 keep their digits",
         {"Y": np.array([[1.0], [1.0]]), "F": np.array([[15.0], [15.5]]), "task": "binary"}),
    large("many-rows", "ordinary-multiclass", "N", balanced=True, dtypes=DOUBLE),
    large("many-labels", "ordinary-binary", "N", balanced=True, dtypes=DOUBLE),
)  # fmt: skip

PROBABILITIES = (
    Case("half", ("basic", "wrong_constant", "known_bug"), "twice the score goes into the sigmoid",
         {"F": np.array([[0.0], [0.5], [-1.25]]), "task": "binary"}, equations=("gbnn-11",)),
    Case("classes", ("basic",), "three rows of four classes", {"F": _normal("shares", 3, 4), "task": "multiclass"}),
    Case("one-row", ("boundary",), "one score", {"F": np.array([[-0.75]]), "task": "binary"}),
    Case("two-columns", ("boundary",), "two classes as two columns",
         {"F": _normal("pair", 3, 2), "task": "multiclass"}),
    Case("sure", ("numerics",), "scores of 800", {"F": np.array([[800.0], [-800.0], [20.0]]), "task": "binary"}),
    Case("sure-classes", ("numerics",), "scores of 800 and -800",
         {"F": np.array([[800.0, 799.0, -800.0], [-800.0, -800.0, -801.0]]), "task": "multiclass"}),
    large("many-rows", "classes", "N"),
)  # fmt: skip


def sample_probabilities(rng):
    """Scores of either kind."""
    task = str(rng.choice(TASKS[1:]))
    K = _columns(task, int(rng.integers(2, 5)))
    return {"F": rng.standard_normal((int(rng.integers(1, 5)), K)), "task": task}


def _sample_targets(rng, both=False):
    task, N = str(rng.choice(TASKS)), int(rng.integers(2, 6))
    if task == "regression":
        return rng.standard_normal((N, int(rng.integers(1, 4)))), task
    if task == "binary":
        Y = rng.choice([-1.0, 1.0], (N, 1))
        return (np.concatenate([[[1.0]], Y[1:-1], [[-1.0]]]) if both else Y), task
    K = int(rng.integers(2, 5))
    return _one_hot(rng.integers(0, K, N), K), task


def sample_start(rng):
    """Targets of any kind."""
    Y, task = _sample_targets(rng, both=True)
    return {"Y": Y, "task": task}


def sample_residuals(rng):
    """Targets and scores."""
    Y, task = _sample_targets(rng)
    return {"Y": Y, "F": rng.standard_normal(Y.shape), "task": task}


def sample_step(rng):
    """And a direction."""
    found = sample_residuals(rng)
    search = str(rng.choice(["table", "newton"]))
    return {**found, "h": rng.standard_normal(found["Y"].shape), "search": search}


# Blocks -------------------------------------------------------------------------------------------------------------


def _block(slug, d, J, K, T=None, scale=1.0):
    """One, or T of them."""
    first = () if T is None else (T,)
    shapes = {"W": (d, J), "b": (J,), "V": (J, K), "c": (K,)}
    return {name: _normal(f"{slug}-{name}", *first, *shape, scale=scale) for name, shape in shapes.items()}


def _regression(slug, n, d, J, K, alpha, *, x=1.0, scale=1.0):
    block = _block(slug, d, J, K, scale=scale)
    return {"X": _normal(slug + "-X", n, d, scale=x), "R": _normal(slug + "-R", n, K), **block, "alpha": alpha}


_FAR = _regression("overflow", 3, 2, 2, 1, 0.0, x=1000.0)
BLOCK_LOSS = (
    Case("one-unit-at-rest", ("basic", "wrong_constant", "missing_step"),
         "one row, one unit whose argument is 0: it says 1/2, its slope is 1/4",
         {"X": np.array([[2.0]]), "R": np.array([[1.0]]), "W": np.array([[1.0]]), "b": np.array([-2.0]),
          "V": np.array([[4.0]]), "c": np.array([1.0]), "alpha": 0.5},
         equations=("gbnn-15", "gbnn-16", "gbnn-17", "gbnn-18", "gbnn-19", "gbnn-20", "gbnn-21"),
         answer={"loss": np.array(2.0 + 0.25 * 17), "gW": np.array([[4.5]]), "gb": np.array([2.0]),
                 "gV": np.array([[3.0]]), "gc": np.array([2.0])}, source=BY_HAND),
    Case("ordinary", ("basic",), "five rows, three columns, two units, one output",
         _regression("block", 5, 3, 2, 1, 0.25)),
    Case("outputs", ("basic", "known_bug", "wrong_constant"),
         "three outputs: their errors are added up, not averaged, in loss and gradient alike",
         _regression("outputs", 4, 2, 2, 3, 0.25)),
    Case("no-penalty", ("basic",), "without penalty", _regression("free", 4, 2, 3, 2, 0.0)),
    Case("penalty-alone", ("missing_step", "wrong_constant"),
         "outputs are what they should be: what is left is the penalty, of weights, not of biases, over the rows",
         {"X": np.zeros((4, 1)), "R": np.full((4, 1), 2.0), "W": np.array([[3.0]]), "b": np.array([0.0]),
          "V": np.array([[2.0]]), "c": np.array([1.0]), "alpha": 2.0}, equations=("gbnn-16",),
         answer={"loss": np.array(0.25 * 13), "gW": np.array([[1.5]]), "gb": np.zeros(1), "gV": np.array([[1.0]]),
                 "gc": np.zeros(1)}, source=BY_HAND),
    Case("one-of-each", ("boundary",), "one row, one column, one unit, one output",
         _regression("tiny", 1, 1, 1, 1, 1.0)),
    Case("as-many-as-can-be-mixed-up", ("wrong_order",), "as many rows as columns, units and outputs",
         _regression("cube", 3, 3, 3, 3, 0.5)),
    Case("saturated", ("numerics",), "arguments of some 60: units are on or off, and no slope is NaN",
         _regression("saturated", 4, 2, 2, 1, 0.25, x=60.0)),
    Case("far-off-the-scale", ("numerics",), "arguments of some 1000 in two rows of three: no overflow",
         {**_FAR, "X": _FAR["X"] * np.array([[1.0], [1.0], [0.001]])}),
    large("many-rows", "no-penalty", "n", size=5001, balanced=True, dtypes=DOUBLE),
)  # fmt: skip

_HALF = {"uW": np.array([[0.0]]), "ub": np.array([0.5]), "uV": np.array([[0.75]]), "uc": np.array([0.0])}


def _uniforms(slug, d, J, K):
    rng = stream(0, "gbnn-case", slug)
    shapes = {"uW": (d, J), "ub": (J,), "uV": (J, K), "uc": (K,)}
    return {name: rng.uniform(size=shape).round(4) for name, shape in shapes.items()}


INITIAL_BLOCK = (
    Case("one-of-each", ("basic", "wrong_constant", "missing_step"), "one column, unit and output: bounds of 1", _HALF,
         equations=("gbnn-12",), answer={"W": np.array([[-1.0]]), "b": np.zeros(1), "V": np.array([[0.5]]),
                                         "c": np.array([-1.0])}, source=BY_HAND),
    Case("ordinary", ("basic",), "five columns, three units, two outputs", _uniforms("draws", 5, 3, 2)),
    Case("one-unit", ("boundary",), "one unit, as in the paper", _uniforms("unit", 7, 1, 1)),
    Case("many-columns", ("large",), "4,999 columns: the first bound is a fiftieth",
         {"uW": np.tile(np.array([0.0, 0.25]), 2500)[:4999, None], "ub": np.array([0.75]), "uV": np.array([[0.75]]),
          "uc": np.zeros(1)},
         answer={"W": np.tile(np.array([-0.02, -0.01]), 2500)[:4999, None], "b": np.array([0.01]),
                 "V": np.array([[0.5]]), "c": np.array([-1.0])}, source=BY_HAND),
)  # fmt: skip

_PRIME, _FACTOR = 70_001, 7919  # the draws are multiples of the factor modulo the prime: their order is known
_INVERSE = pow(_FACTOR, -1, _PRIME)

SUBSAMPLE = (
    Case("half-of-five", ("basic", "wrong_constant"), "half of five rows: two",
         {"u": np.array([0.7, 0.1, 0.9, 0.4, 0.2]), "share": 0.5}, equations=("gbnn-30", "gbnn-31"),
         answer={"rows": np.array([1, 4])}, source=BY_HAND),
    Case("all", ("boundary",), "all rows", {"u": np.array([0.5, 0.25, 0.75]), "share": 1.0},
         answer={"rows": np.array([1, 0, 2])}, source=BY_HAND),
    Case("one-row", ("boundary",), "one row, all of it", {"u": np.array([0.0]), "share": 1.0},
         answer={"rows": np.array([0])}, source=BY_HAND),
    Case("rounded-down", ("wrong_constant",), "three quarters of seven rows: 5, not 6",
         {"u": np.array([0.9, 0.3, 0.8, 0.2, 0.7, 0.1, 0.6]), "share": 0.78125}, equations=("gbnn-30",),
         answer={"rows": np.array([5, 3, 1, 6, 4])}, source=BY_HAND),
    Case("many-rows", ("large",), "half of 70,001 rows",
         {"u": (np.arange(_PRIME) * _FACTOR % _PRIME) / _PRIME, "share": 0.5},
         answer={"rows": np.arange(_PRIME // 2) * _INVERSE % _PRIME}, source="an inverse modulo a prime"),
)  # fmt: skip


def sample_subsample(rng):
    """Different draws, a share that is not at a whole number of rows."""
    N = int(rng.integers(2, 9))
    return {"u": rng.permutation(N) / N + 1 / 32, "share": float(rng.integers(1, N) + 0.5) / N}


# Growing ------------------------------------------------------------------------------------------------------------


def _along(slug, task, N, K, search, *, scale=1.0, f=1.0):
    found = _fitted(slug, task, N, K, f)
    return {**found, "h": _normal(slug + "-h", *found["F"].shape, scale=scale), "search": search}


STEP_SIZE = (
    Case("binary-by-hand", ("basic", "wrong_constant"), "labels 1, 1, -1 at scores 0.5, -0.2, 0.3",
         {"Y": LABELS, "F": SCORES, "h": ALONG, "task": "binary", "search": "table"},
         equations=("gbnn-23", "gbnn-25", "gbnn-27")),
    Case("classes-by-hand", ("basic", "wrong_constant", "known_bug"), "the diagonal of the Hessian, p (1 - p)",
         {"Y": CLASSES, "F": LOGITS, "h": APART, "task": "multiclass", "search": "table"}, equations=("gbnn-28",)),
    Case("classes-newton", ("basic", "variant"), "the whole Hessian",
         {"Y": CLASSES, "F": LOGITS, "h": APART, "task": "multiclass", "search": "newton"}, equations=("gbnn-29",)),
    Case("numbers", ("basic",), "1, whatever the block says", _along("numbers", "regression", 4, 2, "table"),
         equations=("gbnn-22",), answer={"rho": np.array(1.0)}, source=BY_HAND),
    Case("numbers-newton", ("basic",), "the best step: 13 / 10",
         {"Y": np.array([[2.0], [0.0], [5.0]]), "F": np.array([[1.0], [-1.0], [1.0]]),
          "h": np.array([[0.0], [2.0], [3.0]]) * np.array([[0.0], [0.5], [1.0]]), "task": "regression",
          "search": "newton"}, equations=("gbnn-26",), answer={"rho": np.array(1.3)}, source=BY_HAND),
    Case("ordinary-binary", ("basic",), "six rows of two classes", _along("binary", "binary", 6, 1, "newton")),
    Case("ordinary-multiclass", ("basic",), "five rows of four classes", _along("four", "multiclass", 5, 4, "table")),
    Case("ordinary-newton", ("basic",), "five rows of four classes", _along("four", "multiclass", 5, 4, "newton")),
    Case("columns", ("basic",), "two columns of targets: one step for both",
         _along("columns", "regression", 5, 2, "newton")),
    Case("uphill", ("edge_case",), "a block that points the wrong way: the step is negative",
         {"Y": LABELS, "F": SCORES, "h": -LABELS * np.array([[1.0], [0.5], [2.0]]), "task": "binary",
          "search": "table"}),
    Case("nothing-along", ("edge_case",), "a block that says 0 everywhere: no curvature, a step of 0 and no NaN",
         {"Y": LABELS, "F": SCORES, "h": np.zeros((3, 1)), "task": "binary", "search": "table"},
         answer={"rho": np.array(0.0)}, source=BY_HAND),
    Case("all-classes-alike", ("edge_case", "missing_step"),
         "a block that says the same of all classes moves no share: no curvature, a step of 0",
         {"Y": CLASSES, "F": LOGITS, "h": np.array([[0.3, 0.3, 0.3], [-0.7, -0.7, -0.7]]), "task": "multiclass",
          "search": "newton"}, answer={"rho": np.array(0.0)}, source=BY_HAND),
    Case("nearly-alike", ("numerics",), "a block that says nearly the same of all classes: the step is large",
         {"Y": CLASSES, "F": LOGITS, "h": 5.0 + np.array([[0.25, 0.0, 0.0], [0.0, 0.0, 0.5]]) / 1024,
          "task": "multiclass", "search": "newton"}, dtypes=DOUBLE),
    Case("one-row", ("boundary",), "one row: the step is 1 / (h (2 y - r))", _along("single", "binary", 1, 1, "table")),
    Case("sure-rows", ("numerics", "known_bug"), "one row is undecided, the others are sure, right and wrong",
         {"Y": np.array([[1.0], [-1.0], [1.0]]), "F": np.array([[800.0], [800.0], [0.25]]),
          "h": np.array([[0.5], [-0.5], [1.0]]), "task": "binary", "search": "table"}),
    Case("sure-classes", ("numerics",), "one row is undecided, the others are sure",
         {"Y": CLASSES[[0, 0, 1]], "F": np.array([[800.0, 0.0, -800.0], [-800.0, 0.0, 0.0], [0.5, 0.0, 0.25]]),
          "h": _normal("sure", 3, 3), "task": "multiclass", "search": "table"}),
    Case("right-by-far", ("numerics", "wrong_order"),
         "all rows right, with scores of 12: slope and curvature are 1e-10 and keep their digits",
         {"Y": LABELS, "F": LABELS * np.array([[12.0], [12.5], [12.0]]), "h": ALONG, "task": "binary",
          "search": "table"}),
    large("many-rows", "ordinary-multiclass", "N", balanced=True, dtypes=DOUBLE),
    large("many-labels", "ordinary-binary", "N", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def _growing(slug, task, N, d, J, K, T, eta, search="table", *, scale=1.0, x=1.0):
    K = _columns(task, K)
    data = {"X": _normal(slug + "-X", N, d, scale=x), "Y": _targets(slug, task, N, K)}
    return {**data, **_block(slug, d, J, K, T, scale), "eta": eta, "task": task, "search": search}


_FLAT = {"W": np.zeros((2, 1, 1)), "b": np.zeros((2, 1)), "V": np.ones((2, 1, 1)), "c": np.zeros((2, 1))}
_TURNS = _growing("turns-6", "binary", 4, 1, 1, 1, 3, 0.125)


def _repeated(names, times=100):
    """Three blocks a hundred times, of which only the third says something in all rounds but the first three."""
    off = np.array([0.0, 0.0, 1.0] * times)
    off[:3] = 1.0
    tiled = {name: np.concatenate([_TURNS[name]] * times) for name in ("W", "b", "V", "c")}
    return {name: tiled[name] * off[(slice(None), *[None] * (tiled[name].ndim - 1))] if name in names else tiled[name]
            for name in tiled}  # fmt: skip


BOOST = (
    Case("flat-blocks", ("basic", "missing_step", "wrong_constant"),
         "two blocks that say 1/2 everywhere, from the mean: half of it each",
         {"X": np.zeros((2, 1)), "Y": np.array([[1.0], [3.0]]), **_FLAT, "eta": 0.5, "task": "regression",
          "search": "table"}, equations=("gbnn-32", "gbnn-37"),
         answer={"F": np.full((2, 1), 2.5), "rho": np.ones(2), "losses": np.array([0.5, 0.53125, 0.625])},
         source=BY_HAND),
    Case("ordinary-regression", ("basic",), "two columns, three blocks of two units",
         _growing("grow-regression", "regression", 5, 2, 2, 2, 3, 0.5)),
    Case("ordinary-binary", ("basic", "known_bug"), "two classes, three blocks",
         _growing("grow-binary", "binary", 5, 2, 1, 1, 3, 0.25)),
    Case("ordinary-multiclass", ("basic", "known_bug"), "three classes, three blocks",
         _growing("grow-classes", "multiclass", 4, 2, 1, 3, 3, 0.5)),
    Case("newton-regression", ("basic", "variant"), "with the best step",
         _growing("best", "regression", 4, 2, 1, 1, 3, 0.75, "newton")),
    Case("newton-multiclass", ("basic", "variant"), "with the whole Hessian",
         _growing("newton", "multiclass", 4, 2, 1, 3, 2, 0.5, "newton")),
    Case("no-shrinkage", ("boundary",), "whole steps", _growing("whole-6", "binary", 4, 1, 2, 1, 2, 1.0)),
    Case("one-block", ("boundary",), "one block of one unit", _growing("once", "multiclass", 3, 1, 1, 2, 1, 1.0)),
    Case("two-rows", ("boundary",), "one row of each class", _growing("pair-5", "binary", 2, 1, 1, 1, 2, 0.25)),
    Case("one-row", ("boundary",), "one row: the start is exact, and blocks lead away",
         _growing("lonely", "regression", 1, 2, 1, 1, 2, 0.5)),
    Case("block-of-nothing", ("edge_case",), "the second block says 0: nothing moves, and no NaN",
         {**_TURNS, **{name: _TURNS[name] * np.array([1.0, 0.0, 1.0])[(slice(None), *[None] * more)]
                       for name, more in (("V", 2), ("c", 1))}}),
    Case("large-inputs", ("numerics",), "units that are on or off",
         _growing("on", "binary", 5, 2, 2, 1, 3, 0.5, x=50.0)),
    Case("many-rounds", ("long",), "300 blocks of one unit, two of three of which say nothing",
         {**_TURNS, **_repeated(("V", "c"))}),
    large("many-rows", "ordinary-multiclass", "N", size=20_001, balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def _drawn(inputs, rows):
    found = {name: value for name, value in inputs.items() if name != "search"}
    return {**found, "rows": np.array(rows)}


_COLUMNS = _growing("grow-regression", "regression", 5, 2, 2, 2, 3, 0.5)
TARGETS = (
    Case("flat-blocks", ("basic", "missing_step"), "two blocks that say 1/2 everywhere, on a row each",
         _drawn({"X": np.zeros((2, 1)), "Y": np.array([[1.0], [3.0]]), **_FLAT, "eta": 0.5, "task": "regression"},
                [[1], [0]]), equations=("gbnn-33",),
         answer={"targets": np.array([[[1.0]], [[-1.25]]])}, source=BY_HAND),
    Case("ordinary-regression", ("basic",), "two columns, three blocks",
         _drawn(_COLUMNS, [[4, 0, 1], [1, 3, 2], [0, 4, 2]])),
    Case("ordinary-binary", ("basic", "wrong_order"), "rows that come and go: all residuals are new in each round",
         _drawn(_growing("grow-binary", "binary", 5, 2, 1, 1, 3, 0.25), [[0, 2], [3, 4], [1, 2]])),
    Case("ordinary-multiclass", ("basic",), "three classes",
         _drawn(_growing("grow-classes", "multiclass", 4, 2, 1, 3, 3, 0.5), [[3, 0], [1, 2], [0, 3]])),
    Case("one-row", ("boundary",), "one row in each round",
         _drawn(_growing("lonely", "regression", 1, 2, 1, 1, 2, 0.5), [[0], [0]])),
    Case("all-rows", ("boundary",), "all rows, in order",
         _drawn(_growing("pair-5", "binary", 2, 1, 1, 1, 2, 0.25), [[0, 1], [0, 1]])),
    Case("many-rounds", ("long",), "300 blocks of one unit, two of three of which say nothing",
         _drawn({**_TURNS, **_repeated(("V", "c"))}, np.array([[0, 3], [2, 1], [1, 3]] * 100))),
    large("many-columns", "ordinary-regression", "K", size=5001),
)  # fmt: skip


def sample_boost(rng):
    """Two or three rounds of small blocks."""
    Y, task = _sample_targets(rng, both=True)
    (N, K), (d, J, T) = Y.shape, rng.integers(1, 4, 3)
    block = {"W": (T, d, J), "b": (T, J), "V": (T, J, K), "c": (T, K)}
    blocks = {name: rng.standard_normal(shape) for name, shape in block.items()}
    search = str(rng.choice(["table", "newton"]))
    eta = float(rng.uniform(0.1, 1.0))
    return {"X": rng.standard_normal((N, d)), "Y": Y, **blocks, "eta": eta, "task": task, "search": search}


def sample_targets(rng):
    """And rows of each."""
    found = sample_boost(rng)
    N, T = len(found["X"]), len(found["W"])
    n = int(rng.integers(1, N + 1))
    return _drawn(found, [rng.permutation(N)[:n] for _ in range(T)])


# What has grown -----------------------------------------------------------------------------------------------------


def _model(slug, d, J, K, T, eta, scale=1.0):
    return {
        **_block(slug, d, J, K, T, scale),
        "rho": _normal(slug + "-rho", T),
        "F0": _normal(slug + "-F0", K),
        "eta": eta,
    }


STAGED = (
    Case("flat-blocks", ("basic", "missing_step"), "from 2, half of 1/2 up and half of 2 down",
         {"X": np.zeros((1, 1)), **_FLAT, "rho": np.array([1.0, -4.0]), "F0": np.array([2.0]), "eta": 0.5},
         equations=("gbnn-38",), answer={"F": np.array([[[2.25]], [[1.25]]])}, source=BY_HAND),
    Case("ordinary", ("basic",), "four rows, three blocks of two units, two outputs",
         {"X": _normal("new", 4, 3), **_model("model", 3, 2, 2, 3, 0.25)}),
    Case("biases-count", ("missing_step", "wrong_constant"), "blocks whose output biases are large",
         {"X": _normal("biased", 2, 1), **_model("biases", 1, 1, 1, 2, 0.5), "c": np.array([[10.0], [-30.0]])}),
    Case("one-of-each", ("boundary",), "one row, block, unit and output, no shrinkage",
         {"X": np.array([[0.5]]), **_model("smallest", 1, 1, 1, 1, 1.0)}),
    Case("as-many-as-can-be-mixed-up", ("wrong_order",), "as many rows as columns, blocks, units and outputs",
         {"X": _normal("mixed", 3, 3), **_model("mixed", 3, 3, 3, 3, 0.5)}),
    Case("far-off", ("numerics",), "arguments of some 1000", {"X": _normal("off", 3, 2, scale=1000.0),
                                                             **_model("off", 2, 2, 1, 2, 0.5)}),
    Case("many-blocks", ("long",), "300 blocks", {"X": _normal("long", 2, 1), **_model("long", 1, 1, 1, 300, 0.125)}),
    large("many-rows", "ordinary", "N", size=20_001),
)  # fmt: skip


def _folded(slug, task, *sizes):
    return {**_model(slug, *sizes), "task": task}


_PAIR = {**_FLAT, "c": np.full((2, 1), 10.0), "rho": np.array([1.0, -4.0]), "F0": np.array([2.0]), "eta": 0.5}
FOLD = (
    Case("by-hand", ("basic", "missing_step", "wrong_constant"), "steps and shrinkage go into both weights and biases",
         {**_PAIR, "task": "regression"}, equations=("gbnn-39", "gbnn-42", "gbnn-43"),
         answer={"W": np.zeros((1, 2)), "b": np.zeros(2), "V": np.array([[0.5], [-2.0]]), "c": np.array([-13.0])},
         source=BY_HAND),
    Case("by-hand-binary", ("basic", "wrong_constant", "known_bug"), "with a sigmoid on top: twice",
         {**_PAIR, "task": "binary"}, equations=("gbnn-44",),
         answer={"W": np.zeros((1, 2)), "b": np.zeros(2), "V": np.array([[1.0], [-4.0]]), "c": np.array([-26.0])},
         source=BY_HAND),
    Case("ordinary-regression", ("basic",), "three blocks of two units, two outputs",
         _folded("fold", "regression", 2, 2, 2, 3, 0.25)),
    Case("ordinary-binary", ("basic",), "three blocks of two units", _folded("fold-binary", "binary", 3, 2, 1, 3, 0.5)),
    Case("ordinary-multiclass", ("basic",), "two blocks, three classes",
         _folded("fold-classes", "multiclass", 2, 1, 3, 2, 0.5)),
    Case("one-of-each", ("boundary",), "one block of one unit", _folded("fold-one", "regression", 1, 1, 1, 1, 1.0)),
    Case("as-many-as-can-be-mixed-up", ("wrong_order",), "as many columns as blocks, units and outputs",
         _folded("fold-cube", "multiclass", 3, 3, 3, 3, 0.5)),
    large("many-columns", "ordinary-binary", "d"),
)  # fmt: skip
