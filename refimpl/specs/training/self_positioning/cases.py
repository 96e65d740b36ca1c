"""Inputs of the operations of Self Positioning under permanent names, and random ones."""

import math

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import LARGE, large

BY_HAND = "worked out by hand"
DOUBLE = ("float64",)
TILES = 2**13  # a power of two: what is divided by it loses nothing


def _normal(slug, *shape, scale=1.0):
    return scale * stream(0, "self_positioning-case", slug).standard_normal(shape).round(4)


def _positive(slug, *shape):
    return np.round(0.25 + stream(0, "self_positioning-case", slug).uniform(size=shape), 3)


def _tiled(of, tiled, divided=(), dtypes=None, answers=None):
    """A small case whose entries along the last axis come many times, one block after the other."""

    def make(operation, before):
        small, inputs = before[of], dict(before[of].inputs)
        for name in tiled:
            x = inputs[name]
            inputs[name] = np.tile(x, (*(1,) * (x.ndim - 1), TILES)) / (TILES if name in divided else 1)
        why = f"the entries of {of}, {TILES} times: no block of a sum is left out, none done twice"
        return Case("many-parameters", ("large",), why, inputs, dtypes=dtypes or small.dtypes,
                    equations=small.equations, source=f"the answer of {of}", small=small,
                    derived=answers or (lambda values: values), recipe=f"{of}/{TILES}/tiled")  # fmt: skip

    return make


def _known(slug, flag, of, why, inputs, answer, source):
    """A long or large case whose answer is known; beside it stands a small one that is made alike."""
    return lambda operation, before: Case(
        slug, (flag,), why, inputs, equations=before[of].equations, source=source, small=before[of],
        derived=lambda values: answer, recipe=f"{of}/{flag}"
    )  # fmt: skip


# Arcs ----------------------------------------------------------------------------------------------------------------

U3, W3, THIRD = np.array([3.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]), np.array([0.0, 1.0, 2.0])


def _pair(U, W, a_i=1.0, a_j=1.0):
    return {"U": np.array(U), "W": np.array(W), "a_i": a_i, "a_j": a_j}


def _near(angle, length=1.0):
    return np.array([length, length * angle, 0.0])


SLERP = (
    Case("worked-example", ("basic", "wrong_order", "missing_step"),
         "two axes of different length, weights 1 and 1: both count by 1 over the root of 2",
         _pair([2.0, 0.0], [0.0, 4.0]), equations=("self_positioning-5", "self_positioning-7"),
         answer={"merged": np.array([math.sqrt(2.0), math.sqrt(8.0)])}, source=BY_HAND),
    Case("second-counts-more", ("basic", "wrong_order"), "45 degrees, weights 1 and 2: nearer to the second",
         _pair(U3, W3, 1.0, 2.0), equations=("self_positioning-2", "self_positioning-3")),
    Case("ordinary", ("basic",), "five coordinates", _pair(_normal("u", 5), _normal("w", 5), 0.7, 1.9)),
    Case("obtuse", ("basic", "wrong_constant"), "an angle of more than a right one: task vectors are no rotations, "
         "and -W is not W", _pair([1.0, 0.5, 0.25], [-2.0, 0.5, 1.0], 1.5, 0.5)),
    Case("one-far-longer", ("basic", "missing_step"), "lengths apart by a million",
         _pair(1e6 * U3, [1.0, -1.0, 2.0], 1.0, 3.0)),
    Case("unit-vectors", ("basic",), "vectors of length 1: so is the answer",
         _pair([0.6, 0.8], [0.28, -0.96], 2.0, 1.0)),
    Case("only-the-ratio", ("basic", "wrong_constant"), "weights of 1000 and 3000",
         _pair(U3, [1.0, 2.0, 2.0], 1e3, 3e3)),
    Case("at-the-floor", ("boundary",), "a weight of 0.001", _pair(U3, THIRD, 1.0, 1e-3)),
    Case("one-coordinate", ("boundary", "edge_case"), "numbers: their angle is 0, and the arc a straight line",
         _pair([2.0], [5.0], 2.0, 1.0), equations=("self_positioning-4",),
         answer={"merged": np.array([3.0])}, source=BY_HAND),
    Case("equal", ("edge_case", "numerics", "known_bug"), "equal vectors: themselves, no 0 / 0",
         _pair(W3, W3, 1.0, 2.0),
         equations=("self_positioning-4",), answer={"merged": W3}, source=BY_HAND),
    Case("parallel", ("edge_case", "numerics"), "the same direction, lengths 1 and 5: a straight line",
         _pair([0.6, 0.8], [3.0, 4.0], 3.0, 1.0), answer={"merged": np.array([1.2, 1.6])}, source=BY_HAND),
    Case("opposite", ("edge_case", "numerics"), "opposite vectors: no arc is the shortest, and the line goes through 0",
         _pair(THIRD, -2 * THIRD, 1.0, 3.0), answer={"merged": -1.25 * THIRD}, source=BY_HAND, dtypes=DOUBLE),
    Case("first-is-zero", ("edge_case", "numerics"), "a vector of 0 has no angle", _pair(0 * U3, W3, 1.0, 3.0),
         answer={"merged": 0.75 * W3}, source=BY_HAND),
    Case("second-is-zero", ("edge_case", "numerics"), "a vector of 0 has no angle", _pair(U3, 0 * W3, 1.0, 3.0),
         answer={"merged": 0.25 * U3}, source=BY_HAND),
    Case("nearly-parallel", ("numerics",), "an angle of a millionth: the arc cosine of a rounded cosine is 0 or "
         "0.0000015",
         _pair(_near(0.0, 2.0), _near(2e-6, 0.5), 1.0, 2.0)),
    Case("nearly-opposite", ("numerics",), "a millionth from opposite", _pair(_near(0.0), -_near(1 / 2**20), 1.0, 1.0),
         dtypes=DOUBLE),
    Case("small-angle", ("variant",), "an angle of 0.02: some packages take the line from a cosine of 0.9995 on",
         _pair([1.0, 0.0], [3.0, 0.06], 1.0, 1.0)),
    Case("tiny", ("numerics",), "vectors of 1e-30: their squares vanish in single precision",
         _pair(1e-30 * U3, 1e-30 * THIRD, 1.0, 2.0)),
    large("many-parameters", "ordinary", "P", balanced=True, dtypes=DOUBLE),
)  # fmt: skip

V3 = np.stack([U3, W3, THIRD])


def _tasks(V, a, lam=1.0, **more):
    return {"V": np.array(V, dtype=float), "a": np.array(a, dtype=float), "lam": lam, **more}


def _drawn(slug, N, P, lam=1.0, **more):
    return _tasks(_normal(slug, N, P), _positive(slug, N), lam, **more)


_AXES = np.diag([1.0, 2.0])
_CHAINS = (
    Case("three-tasks", ("basic", "wrong_order"), "three task vectors, weights 1, 2 and 1/2",
         _tasks(V3, [1.0, 2.0, 0.5])),
    Case("all-weights-one", ("basic", "wrong_constant"), "three weights of 1: the last one counts by a half, not by "
         "a third",
         _tasks(V3, [1.0, 1.0, 1.0], 0.75)),
    Case("four-tasks", ("basic",), "four of six coordinates", _drawn("four", 4, 6, 1.25)),
    Case("as-many-tasks-as-parameters", ("wrong_order",), "as many tasks as coordinates: axes that are exchanged "
         "still fit",
         _drawn("square", 3, 3, 0.5)),
    Case("negative-length", ("basic", "wrong_constant"), "the length is not clipped", _drawn("negative", 2, 4, -0.5)),
    Case("no-length", ("edge_case",), "a length of 0", _drawn("nothing", 3, 4, 0.0)),
    Case("of-all-lengths", ("numerics",), "lengths of 1/100, 1 and 100",
         _tasks(_normal("lengths", 3, 5) * np.array([[0.01], [1.0], [100.0]]), [1.0, 0.5, 2.0])),
    Case("obtuse", ("wrong_constant",), "angles of more than a right one",
         _tasks([[1.0, 0.0, 0.5], [-0.5, 1.0, 0.0], [0.25, -1.0, 0.5]], [1.0, 1.5, 0.5], 2.0)),
    Case("one-equal-to-the-first", ("edge_case", "numerics"), "the first two are equal: their arc is a line, the "
         "next is not",
         _tasks([W3, W3, THIRD], [1.0, 2.0, 1.5])),
    Case("one-is-zero", ("edge_case", "numerics"), "the second is 0", _tasks([U3, 0 * U3, THIRD], [1.0, 2.0, 0.5])),
    Case("at-the-floor", ("boundary",), "weights at 0.001 and 1", _tasks(V3, [1e-3, 1.0, 1e-3])),
    Case("small-angles", ("numerics",), "angles of 0.001: the closed form of the gradient loses its digits",
         _tasks([[1.0, 0.0, 0.0], [1.0, 1 / 1024, 0.0], [1.0, 0.0, 1 / 1024]], [1.0, 2.0, 0.5])),
)  # fmt: skip

CHAIN = (
    Case("worked-example", ("basic", "wrong_constant"), "two axes, weights 1 and 2: the share of the second is 2/3, "
         "60 degrees",
         _tasks([[1.0, 0.0], [0.0, 2.0]], [1.0, 2.0], 2.0), equations=("self_positioning-8", "self_positioning-10"),
         answer={"merged": np.array([1.0, 2 * math.sqrt(3.0)])}, source=BY_HAND),
    *_CHAINS,
    Case("one-task", ("boundary",), "a single task vector: nothing to merge", _tasks([[3.0, -1.0]], [2.0], 0.5),
         answer={"merged": np.array([1.5, -0.5])}, source=BY_HAND),
    Case("equal", ("edge_case", "numerics"), "all equal: themselves", _tasks([W3, W3, W3], [1.0, 2.0, 0.5]),
         answer={"merged": W3}, source=BY_HAND),
    large("many-parameters", "four-tasks", "P", balanced=True, dtypes=DOUBLE),
)  # fmt: skip


def _graded(case):
    inputs = dict(case.inputs) | {"g": _normal(f"g of {case.slug}", case.inputs["V"].shape[1])}
    return Case(case.slug, case.flags, case.why, inputs, dtypes=DOUBLE if case.slug == "small-angles" else case.dtypes)


CHAIN_GRADIENT = (
    Case("worked-example", ("basic", "wrong_constant"), "two axes at right angles, weights 1",
         _tasks(np.eye(2), [1.0, 1.0], 2.0, g=np.array([1.0, 3.0])),
         equations=("self_positioning-11", "self_positioning-13", "self_positioning-14"),
         answer={"grad_a": np.array([-1.0, 1.0]) * math.pi / (2 * math.sqrt(2.0)),
         "grad_lam": np.array(math.sqrt(8.0))},
         source=BY_HAND),
    *map(_graded, _CHAINS),
    Case("two-tasks", ("basic",), "two of them: no inner angle", _drawn("two", 2, 5, 1.5, g=_normal("two g", 5))),
    Case("line", ("edge_case", "numerics"), "opposite vectors: along the line",
         _tasks([[1.0, 2.0], [-2.0, -4.0]], [1.0, 3.0], 1.0, g=np.array([1.0, 1.0])),
         answer={"grad_a": np.array([27.0, -9.0]) / 16, "grad_lam": np.array(-3.75)}, source=BY_HAND, dtypes=DOUBLE),
    Case("one-task", ("boundary",), "a single one: its weight does not count",
         _tasks([[3.0, -1.0]], [2.0], 0.5, g=np.array([1.0, 1.0])),
         answer={"grad_a": np.zeros(1), "grad_lam": np.array(2.0)}, source=BY_HAND),
    Case("no-gradient", ("edge_case",), "a gradient of 0", _tasks(V3, [1.0, 2.0, 0.5], g=np.zeros(3)),
         answer={"grad_a": np.zeros(3), "grad_lam": np.array(0.0)}, source=BY_HAND),
    _tiled("four-tasks", ("V", "g"), ("g",), DOUBLE),
)  # fmt: skip

# The search ----------------------------------------------------------------------------------------------------------


def _search(V, grads, mu=0.01, eta_a=2.0, eta_lam=0.5):
    return {"V": np.array(V, dtype=float), "grads": np.array(grads, dtype=float), "mu": mu, "eta_a": eta_a,
            "eta_lam": eta_lam}  # fmt: skip


def _first_alone(T):
    """A gradient in the first of T steps."""
    grads = np.zeros((T, 2))
    grads[0] = 1.0, 3.0
    return grads


def _coasting(T):
    """Where that goes with two axes, mu = 1/64, step sizes 1/4 and 1/8: one step, then the penalty alone."""
    moved = math.pi / (2 * math.sqrt(2.0)) / 2 / 4
    first = 1.0 - (4 / math.sqrt(2.0)) / 8
    return {"a": np.tile([1.0 + moved, 1.0 - moved], (T, 1)), "lam": first - np.arange(1, T + 1) / 512}


POSITION_STEPS = (
    Case("worked-example", ("basic", "wrong_order", "wrong_constant"), "two axes, a gradient of (1, 3), then none",
         _search(np.eye(2), _first_alone(2), 1 / 64, 0.25, 0.125),
         equations=("self_positioning-21", "self_positioning-22"), answer=_coasting(2), source=BY_HAND),
    Case("two-tasks", ("basic", "wrong_order"), "four steps, two tasks: the length is not 1 from the second step on",
         _search(_normal("search", 2, 4), _normal("search g", 4, 4, scale=0.3), 0.05, 0.5, 0.25)),
    Case("three-tasks", ("basic",), "three steps, three tasks",
         _search(_normal("three", 3, 5), _normal("three g", 3, 5, scale=0.25), 0.02, 0.5, 0.25)),
    Case("defaults", ("basic",), "the rates of the paper's figures",
         _search(V3 / 4, _normal("defaults", 3, 3, scale=0.25))),
    Case("onto-the-floor", ("boundary", "missing_step"), "a gradient that pushes the second weight to 0.001, and "
         "then lets it go", _search(np.eye(2), [[-4.0, 4.0], [0.0, 0.0], [0.25, -0.25]], 0.01, 2.0, 0.1)),
    Case("no-steps-of-weights", ("boundary",), "eta_a = 0", _search(V3, _normal("still", 2, 3), 0.01, 0.0, 0.25)),
    Case("no-steps-of-length", ("boundary",), "eta_lam = 0",
         _search(V3, _normal("still length", 2, 3), 0.01, 0.25, 0.0)),
    Case("one-task", ("boundary",), "a single task: a search for a length",
         _search([[1.0, 2.0]], [[1.0, 0.0], [0.0, 0.5]], 0.5, 1.0, 0.25),
         answer={"a": np.ones((2, 1)), "lam": np.array([0.625, 0.25])}, source=BY_HAND),
    Case("through-zero", ("wrong_constant",), "a length that falls below 0 and is not clipped",
         _search([[2.0, 0.0], [0.0, 2.0]], [[4.0, 4.0], [0.25, 0.125], [-0.5, 0.25]], 0.01, 0.25, 0.5)),
    Case("equal-tasks", ("edge_case", "numerics"), "two equal task vectors: their arc is a line, and their weights "
         "do not move",
         _search([W3, W3], [[1.0, 0.5, 0.0], [-1.0, 0.25, 1.0]], 0.25, 1.0, 0.25),
         answer={"a": np.ones((2, 2)), "lam": np.array([0.5625, 0.6875])}, source=BY_HAND),
    Case("small-angle", ("variant",), "an angle of 0.02: some packages take the line from a cosine of 0.9995 on",
         _search([[1.0, 0.0], [3.0, 0.06]], [[1.0, 20.0], [0.5, -8.0]], 0.25, 1.0, 0.125)),
    Case("a-task-without-a-vector", ("edge_case", "numerics"), "a task whose model has not moved: a straight line to 0",
         _search([U3, 0 * U3], [[0.5, 0.0, 0.0], [-0.25, 1.0, 0.0]], 0.25, 1.0, 0.125)),
    _known("three-hundred-coasting", "long", "worked-example", "300 steps, a gradient in the first: then the length "
        "falls by the penalty alone", _search(np.eye(2), _first_alone(300), 1 / 64, 0.25, 0.125), _coasting(300),
           "closed form"),
    _tiled("two-tasks", ("V", "grads"), ("grads",), DOUBLE),
)  # fmt: skip

# The contrastive loss ------------------------------------------------------------------------------------------------


def _batch(slug, n, d, tau, query=1.0, document=1.0):
    return {"Q": query * _normal(slug, n, d), "D": document * _normal(slug + " d", n, d), "tau": tau}


def _spread(values):
    found = {name: np.tile(values[name] / TILES, (1, TILES)) for name in ("grad_Q", "grad_D")}
    return values | found


INFO_NCE = (
    Case("worked-example", ("basic", "wrong_order"), "two pairs of axes: log(1 + 1/e), at a temperature of 1",
         {"Q": np.eye(2), "D": 2 * np.eye(2), "tau": 1.0}, equations=("self_positioning-25", "self_positioning-26"),
         answer={"loss": np.array(math.log1p(math.exp(-1.0))),
                 "grad_Q": np.array([[0.0, 0.5], [0.5, 0.0]]) / (1 + math.e),
                 "grad_D": np.array([[0.0, 0.25], [0.25, 0.0]]) / (1 + math.e)}, source=BY_HAND),
    Case("ordinary", ("basic", "wrong_order"), "four pairs in three dimensions; queries among documents, not the "
         "other way round", _batch("ordinary", 4, 3, 0.5)),
    Case("of-all-lengths", ("basic", "missing_step"), "queries of length 3, documents of length 1/4",
         _batch("lengths", 3, 3, 0.4, 3.0, 0.25)),
    Case("as-many-pairs-as-coordinates", ("wrong_order",), "axes that are exchanged still fit",
         _batch("square", 3, 3, 0.3)),
    Case("cold", ("wrong_constant",), "a temperature of 0.05", _batch("cold", 4, 3, 0.05)),
    Case("hot", ("wrong_constant",), "a temperature of 20", _batch("hot", 4, 3, 20.0)),
    Case("very-cold", ("numerics",), "a temperature of 0.002: exponentials of 500 overflow in single precision",
         {"Q": np.array([[1.0, 0.0], [0.0, 1.0]]), "D": np.array([[0.6, 0.8], [1.0, 0.0]]), "tau": 0.002}),
    Case("one-pair", ("boundary",), "a single pair: no other document, and a loss of 0",
         {"Q": np.array([[1.0, 2.0]]), "D": np.array([[3.0, -1.0]]), "tau": 0.1},
         answer={"loss": np.array(0.0), "grad_Q": np.zeros((1, 2)), "grad_D": np.zeros((1, 2))}, source=BY_HAND),
    Case("one-coordinate", ("boundary",), "numbers: cosines of 1 and -1, which nothing turns",
         {"Q": np.array([[2.0], [-1.0]]), "D": np.array([[1.0], [-3.0]]), "tau": 0.5},
         answer={"loss": np.array(math.log1p(math.exp(-4.0))), "grad_Q": np.zeros((2, 1)), "grad_D": np.zeros((2, 1))},
         source=BY_HAND),
    Case("a-shorter-row", ("numerics",), "a query of length 1/100 among others: its gradient is large",
         {"Q": np.array([[0.01, 0.02], [1.0, -0.5]]), "D": np.array([[1.0, 1.0], [0.5, -2.0]]), "tau": 0.5}),
    _tiled("ordinary", ("Q", "D"), (), DOUBLE, _spread),
)  # fmt: skip


def _run(slug, N=2, T=3, n=3, p=2, d=3, tau=0.5, task=0.5, mu=0.02, eta_a=0.5, eta_lam=0.25, **changed):
    return {"theta0": _normal(slug, p, d), "V": _normal(slug + " v", N, p * d, scale=task),
            "X": _normal(slug + " x", T, n, d), "Y": _normal(slug + " y", T, n, d), "tau": tau, "mu": mu,
            "eta_a": eta_a, "eta_lam": eta_lam, **changed}  # fmt: skip


def _copies(of):
    """Each row of the encoder comes many times: cosines stay."""

    def make(operation, before):
        small = before[of]
        p, d = small.inputs["theta0"].shape
        V = np.tile(small.inputs["V"].reshape(-1, p, d), (1, TILES // 2, 1)).reshape(len(small.inputs["V"]), -1)
        inputs = small.inputs | {"theta0": np.tile(small.inputs["theta0"], (TILES // 2, 1)), "V": V}
        why = f"the encoder of {of} with each coordinate of an embedding {TILES // 2} times: cosines stay"
        return Case("many-parameters", ("large",), why, inputs, dtypes=DOUBLE, equations=small.equations,
                    source=f"the answer of {of}", small=small, derived=lambda values: values,
                    recipe=f"{of}/p/{TILES // 2}/tiled")  # fmt: skip

    return make


def _settled(T):
    """Two pairs that no merge of these task vectors changes: the loss stays, and the length falls by the penalty."""
    inputs = {"theta0": np.eye(2), "V": np.array([[1.0, 0.0, 0.0, 1.0], [2.0, 0.0, 0.0, 2.0]]),
              "X": np.tile(np.eye(2), (T, 1, 1)), "Y": np.tile(np.eye(2), (T, 1, 1)), "tau": 1.0, "mu": 1 / 64,
              "eta_a": 0.5, "eta_lam": 0.125}  # fmt: skip
    loss = np.full(T, math.log1p(math.exp(-1.0)))
    answer = {"a": np.ones((T, 2)), "lam": 1 - np.arange(1, T + 1) / 512, "loss": loss}
    return {"inputs": inputs, "answer": answer, "source": "closed form"}


POSITION_RUN = (
    Case("two-tasks", ("basic", "wrong_order"), "three steps on three pairs, two tasks", _run("run"),
         equations=("self_positioning-23", "self_positioning-30", "self_positioning-31")),
    Case("three-tasks", ("basic",), "three tasks, four pairs", _run("run three", 3, 2, 4, 3, 2)),
    Case("as-many-of-everything", ("wrong_order",), "square encoders, as many pairs as coordinates",
         _run("run square", 2, 2, 3, 3, 3)),
    Case("one-pair", ("boundary",), "a single pair: no loss, and the penalty alone counts",
         _run("run one", n=1, mu=0.25),
         answer={"a": np.ones((3, 2)), "lam": 1 - np.arange(1, 4) / 16, "loss": np.zeros(3)}, source=BY_HAND),
    Case("equal-tasks", ("edge_case", "numerics"), "two equal task vectors: weights do not move",
         _run("run equal", T=2, V=np.tile(
         _normal("run equal v", 1, 6, scale=0.5), (2, 1)))),
    Case("small-angle", ("variant",), "an angle of 0.02: some packages take the line from a cosine of 0.9995 on", _run(
         "run near", T=2, eta_a=8.0, V=np.array([[1.0, 0.0, 0.0, -1.0, 0.5, 0.25], [3.0, 0.1, 0.0, -3.0, 1.5, 0.75]]))),
    Case("a-task-without-a-vector", ("edge_case", "numerics"), "a task whose model has not moved", _run("run zero", T=2,
         V=_normal("run zero v", 2, 6, scale=0.5) * np.array([[1.0], [0.0]]))),
    Case("onto-the-floor", ("boundary", "missing_step"), "steps so large that a weight falls to 0.001", _run(
         "run floor", tau=0.25, eta_a=8.0, eta_lam=0.25)),
    Case("through-zero", ("wrong_constant",), "a penalty so large that the length falls below 0",
         _run("run below", T=2, mu=2.0,
         eta_lam=0.75)),
    Case("no-cosine-changes", ("edge_case",), "task vectors that change no cosine: the penalty alone counts",
         **_settled(2)),
    _copies("two-tasks"),
)  # fmt: skip


def sample_run(rng):
    """Random inputs of `position_run`."""
    N, T, n, p, d = (int(k) for k in rng.integers(1, 4, 5))
    return {"theta0": rng.standard_normal((p, d)), "V": 0.5 * rng.standard_normal((N, p * d)),
            "X": rng.standard_normal((T, n, d)), "Y": rng.standard_normal((T, n, d)), "tau": rng.uniform(0.3, 2.0),
            "mu": rng.uniform(0.0, 0.2), "eta_a": rng.uniform(0.0, 0.5), "eta_lam": rng.uniform(0.0, 0.5)}  # fmt: skip


# Other merges --------------------------------------------------------------------------------------------------------


def _weighted(slug, N, P, **changed):
    return {"V": _normal(slug, N, P), "weights": _positive(slug, N), **changed}


AVERAGE = (
    Case("worked-example", ("basic",), "weights 1 and 3",
         {"V": np.array([[4.0, 0.0], [0.0, 8.0]]), "weights": np.array([1.0, 3.0])},
         equations=("self_positioning-32",), answer={"merged": np.array([1.0, 6.0])}, source=BY_HAND),
    Case("ordinary", ("basic",), "three of four coordinates", _weighted("average", 3, 4)),
    Case("square", ("wrong_order",), "as many tasks as coordinates", _weighted("average square", 3, 3)),
    Case("one-counts-nothing", ("edge_case",), "a weight of 0",
         _weighted("average zero", 2, 3, weights=np.array([0.0, 2.0]))),
    Case("one-task", ("boundary",), "a single one", _weighted("average one", 1, 2)),
    Case("far-weights", ("numerics",), "weights of 1e30 and 3e30",
         _weighted("average far", 2, 3, weights=np.array([1e30, 3e30]))),
    large("many-parameters", "ordinary", "P"),
)  # fmt: skip
TASK_ARITHMETIC = (
    Case("worked-example", ("basic", "wrong_constant"), "a half of the sum, not of the mean",
         {"V": np.array([[1.0, 2.0], [3.0, -2.0], [2.0, 2.0]]), "lam": 0.5}, equations=("self_positioning-33",),
         answer={"merged": np.array([3.0, 1.0])}, source=BY_HAND),
    Case("ordinary", ("basic",), "three of four coordinates", {"V": _normal("sum", 3, 4), "lam": 0.4}),
    Case("square", ("wrong_order",), "as many tasks as coordinates", {"V": _normal("sum square", 3, 3), "lam": 1.0}),
    Case("negative", ("wrong_constant",), "a task that is to be unlearned",
         {"V": _normal("minus", 1, 3), "lam": -0.75}),
    Case("nothing", ("edge_case",), "times 0", {"V": _normal("nothing", 2, 3), "lam": 0.0}),
    large("many-parameters", "ordinary", "P"),
)  # fmt: skip

_TRIM = np.array([[0.9, -0.5, 0.1, 0.2, 0.0], [-0.3, 0.6, 0.4, -0.1, 0.05], [-0.8, 0.1, 0.3, 0.2, 0.0]])


def _trimmed(slug, N, P, density, lam=1.0):
    return {"V": _normal(slug, N, P), "density": density, "lam": lam}


def _whole(N, k):
    """Many different whole numbers: the answer by whole arithmetic."""
    rng = stream(0, "self_positioning-case", "many")
    V = np.stack([rng.permutation(LARGE) + 1 for _ in range(N)]) * rng.choice([-1, 1], (N, LARGE))
    kept = np.abs(V) > LARGE - k
    entries = V * kept
    total = entries.sum(axis=0)
    alike = kept & (entries * np.sign(total) > 0)
    count = np.maximum(alike.sum(axis=0), 1)
    return V.astype(float), {"merged": (V * alike).sum(axis=0) / count, "kept": kept}


_MANY, _MANY_ANSWER = _whole(3, LARGE // 4)
TIES = (
    Case("worked-example", ("basic", "missing_step", "wrong_order"),
         "two of five entries are kept of each: the first coordinate has 0.9 against -0.8, the third 0.4 and 0.3",
         {"V": _TRIM, "density": 0.5, "lam": 1.0}, equations=("self_positioning-35", "self_positioning-37"),
         answer={"merged": np.array([0.9, 0.6, 0.35, 0.0, 0.0]).copy(), "kept": np.array(
             [[1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [1, 0, 1, 0, 0]], dtype=bool)}, source=BY_HAND),
    Case("one-against-two", ("wrong_constant",), "one large entry against two small ones: the sum decides, not the "
         "count",
         {"V": np.array([[3.0, 1.0, 0.0], [-1.0, 2.0, 0.0], [-1.0, -4.0, 0.0]]), "density": 0.9, "lam": 1.0},
         answer={"merged": np.array([3.0, -4.0, 0.0]), "kept": np.tile([True, True, False], (3, 1))}, source=BY_HAND),
    Case("elected-after-trimming", ("wrong_order",), "small entries would turn the sign, but are trimmed before",
         {"V": np.array([[4.0, 1.0, 0.5], [-3.0, 5.0, 0.5], [-3.0, 0.25, 6.0]]), "density": 0.34, "lam": 1.0},
         answer={"merged": np.array([4.0, 5.0, 6.0]), "kept": np.eye(3, dtype=bool)}, source=BY_HAND),
    Case("ordinary", ("basic",), "four task vectors of ten coordinates, three in ten kept",
         _trimmed("ties", 4, 10, 0.35)),
    Case("scaled", ("wrong_constant",), "times 1/2", _trimmed("ties half", 3, 8, 0.55, 0.5)),
    Case("nearly-everything", ("boundary",), "a density of 0.95", _trimmed("ties all", 3, 4, 0.95)),
    Case("square", ("wrong_order",), "as many tasks as coordinates", _trimmed("ties square", 4, 4, 0.6, -1.5)),
    Case("less-than-one", ("boundary", "missing_step"), "a fifth of three coordinates: at least one is kept",
         {"V": np.array([[1.0, -3.0, 2.0], [0.5, -0.25, 0.125]]), "density": 0.2, "lam": 1.0},
         answer={"merged": np.array([0.5, -3.0, 0.0]), "kept": np.array([[0, 1, 0], [1, 0, 0]], dtype=bool)},
         source=BY_HAND),
    Case("floor", ("variant",), "a fifth of nine coordinates: one", _trimmed("ties floor", 3, 9, 0.2)),
    Case("equal-sizes", ("edge_case", "variant", "known_bug"), "equal sizes: those that come first are kept, and no "
         "more",
         {"V": np.array([[1.0, -1.0, 1.0, -1.0], [2.0, 2.0, -3.0, 2.0]]), "density": 0.6, "lam": 1.0},
         answer={"merged": np.array([1.5, -1.0, -3.0, 0.0]),
                 "kept": np.array([[1, 1, 0, 0], [1, 0, 1, 0]], dtype=bool)}, source=BY_HAND),
    Case("zeros", ("edge_case", "known_bug"), "more zeros than are trimmed: a threshold of 0 keeps everything",
         {"V": np.array([[0.0, 0.0, 5.0, 0.0], [0.0, 0.0, 0.0, 0.0]]), "density": 0.6, "lam": 2.0},
         answer={"merged": np.array([0.0, 0.0, 10.0, 0.0]),
                 "kept": np.array([[1, 0, 1, 0], [1, 1, 0, 0]], dtype=bool)}, source=BY_HAND),
    Case("one-task", ("boundary",), "a single one: trimming alone", _trimmed("ties one", 1, 6, 0.55)),
    Case("one-parameter", ("boundary",), "a single coordinate",
         {"V": np.array([[2.0], [-1.0], [-1.5]]), "density": 0.5, "lam": 1.0},
         answer={"merged": np.array([-1.25]), "kept": np.ones((3, 1), dtype=bool)}, source=BY_HAND),
    _known("many-parameters", "large", "worked-example", f"{LARGE} different whole numbers of both signs, a quarter "
    f"kept",
           {"V": _MANY, "density": 0.25, "lam": 1.0}, _MANY_ANSWER, "whole numbers"),
)  # fmt: skip

FISHER = (
    Case("worked-example", ("basic",), "information 3 and 1, weights 1 and 3: both count alike in the first coordinate",
         {"V": np.array([[1.0, 1.0], [3.0, 3.0]]), "F": np.array([[3.0, 1.0], [1.0, 1.0]]),
         "weights": np.array([1.0, 3.0])},
         equations=("self_positioning-40", "self_positioning-41"), answer={"merged": np.array([2.0, 2.5])},
         source=BY_HAND),
    Case("ordinary", ("basic",), "three of four coordinates",
         {**_weighted("fisher", 3, 4), "F": _positive("fisher F", 3, 4)}),
    Case("square", ("wrong_order",), "as many tasks as coordinates",
         {**_weighted("fisher square", 3, 3), "F": _positive("fisher square F", 3, 3)}),
    Case("nothing-known", ("edge_case", "missing_step"), "no information on the second coordinate: plain average there",
         {"V": np.array([[1.0, 1.0], [3.0, 4.0]]), "F": np.array([[1.0, 0.0], [0.0, 0.0]]),
         "weights": np.array([1.0, 4.0])},
         answer={"merged": np.array([1.0, 2.5])}, source=BY_HAND),
    Case("tiny", ("numerics",), "information of 1e-30, as squared gradients are",
         {**_weighted("fisher tiny", 2, 3), "F": 1e-30 * _positive("fisher tiny F", 2, 3)}),
    Case("one-task", ("boundary",), "a single one",
         {**_weighted("fisher one", 1, 3), "F": _positive("fisher one F", 1, 3)}),
    large("many-parameters", "ordinary", "P"),
)  # fmt: skip


def _layers(slug, N, d, p, **changed):
    roots = np.round(_normal(slug + " G", N, d, d + 2) * 4) / 4  # products of quarters are exact
    return {"W": _normal(slug, N, d, p), "G": roots @ np.swapaxes(roots, -1, -2), **changed}


REGMEAN = (
    Case("worked-example", ("basic", "wrong_order"), "one input, Gram matrices 2 and 1",
         {"W": np.array([[[1.0]], [[4.0]]]),
         "G": np.array([[[2.0]], [[1.0]]])}, equations=("self_positioning-42",), answer={"merged": np.array([[2.0]])},
         source=BY_HAND),
    Case("ordinary", ("basic",), "three layers of two inputs and three outputs", _layers("regmean", 3, 2, 3)),
    Case("square", ("wrong_order", "known_bug"), "as many inputs as outputs: transposed weights still fit",
         _layers("regmean square", 2, 3, 3)),
    Case("equal-layers", ("edge_case",), "equal layers: themselves", _layers("regmean equal", 2, 2, 2,
         W=np.tile(np.array([[1.0, 2.0], [-0.5, 4.0]]), (2, 1, 1))),
         answer={"merged": np.array([[1.0, 2.0], [-0.5, 4.0]])}, source=BY_HAND),
    Case("one-layer", ("boundary",), "a single one", _layers("regmean one", 1, 2, 3)),
    Case("tiny-inputs", ("numerics",), "Gram matrices of 1e-20", {"W": _normal("regmean tiny", 2, 2, 2),
         "G": 1e-20 * np.array([[[2.0, 1.0], [1.0, 3.0]], [[1.0, -0.5], [-0.5, 4.0]]])}),
    large("many-outputs", "ordinary", "p"),
)  # fmt: skip
