"""Inputs of the operations of the self-repellent walk under permanent names, and random ones."""

from typing import Any

import numpy as np

from refimpl.core.random import stream
from refimpl.problems import graphs
from refimpl.specs.base import Case
from refimpl.specs.sizes import LARGE

# kernel_row -----------------------------------------------------------------------------------------------------


def _row(P_row, x, mu, alpha):
    return {"P_row": np.array(P_row), "x": np.array(x), "mu": np.array(mu), "alpha": alpha}


_ORDINARY = _row([0.0, 0.25, 0.5, 0.125, 0.125], [0.1, 0.3, 0.2, 0.35, 0.05], [0.15, 0.25, 0.3, 0.2, 0.1], 2.5)


def _many(operation, before):
    """Each entry of a small row equally often, in random order: each probability is shared by its copies."""
    small = before["ordinary"]
    times = -(-LARGE // 5)
    picks = stream(0, "srrw-case", "many").permutation(np.repeat(np.arange(5), times))
    inputs = {name: np.take(small.inputs[name], picks) for name in ("P_row", "x", "mu")}
    return Case(
        "many-nodes",
        ("large",),
        f"{len(picks)} nodes, each one of those of ordinary: the sum runs over all of them",
        small.inputs | inputs,
        dtypes=("float64",),
        equations=("srrw-3", "srrw-4"),
        source="the answer of ordinary, shared by the copies",
        small=small,
        derived=lambda answers: {"row": np.take(answers["row"], picks) / times},
        recipe=f"ordinary/N/{len(picks)}/shared",
    )


KERNEL = (
    Case("worked-example", ("basic", "wrong_constant"), "alpha = 1 by hand: 1 / 0.1 against 1 / 0.4",
         _row([0.0, 0.5, 0.5], [0.5, 0.1, 0.4], [0.25, 0.25, 0.25], 1.0), equations=("srrw-3", "srrw-4"),
         answer={"row": np.array([0.0, 0.8, 0.2])}, source="worked by hand: 10 against 2.5",
         dtypes=("float64",)),
    Case("ordinary", ("basic", "missing_step", "wrong_constant"),
         "five nodes, a law that is not uniform, one of them out of reach", _ORDINARY, equations=("srrw-3", "srrw-4")),
    Case("alpha-zero", ("boundary",), "alpha = 0 is the base chain, whatever has been visited",
         {**_ORDINARY, "alpha": 0.0}, answer={"row": _ORDINARY["P_row"]}, source="the row itself",
         equations=("srrw-3",)),
    Case("as-expected", ("edge_case", "missing_step"), "frequencies that equal the law do not repel",
         {**_ORDINARY, "x": _ORDINARY["mu"]}, answer={"row": _ORDINARY["P_row"]}, source="the row itself",
         equations=("srrw-3",)),
    Case("one-way", ("boundary", "edge_case"), "a single neighbour gets 1, however often it was visited",
         _row([0.0, 0.0, 1.0, 0.0], [0.01, 0.01, 0.97, 0.01], [0.25, 0.25, 0.25, 0.25], 4.0),
         answer={"row": np.array([0.0, 0.0, 1.0, 0.0])}, source="there is no other"),
    Case("one-node", ("boundary",), "a single node stays where it is", _row([1.0], [1.0], [1.0], 3.0),
         answer={"row": np.array([1.0])}, source="there is no other"),
    Case("any-scale", ("edge_case",), "only ratios count: counts, degrees and unnormalized rows will do",
         _row([3.0, 0.0, 1.0], [40.0, 10.0, 5.0], [3.0, 2.0, 4.0], 1.5), equations=("srrw-4",)),
    Case("hardly-visited", ("numerics",), "a frequency of 1e-30 draws nearly all, and nothing overflows",
         _row([0.5, 0.25, 0.25], [0.5, 1e-30, 0.5], [0.25, 0.25, 0.5], 0.5), equations=("srrw-3",)),
    Case("huge-alpha", ("numerics",), "alpha = 1000: powers of ratios overflow, differences of logarithms do not",
         _row([0.5, 0.25, 0.25, 0.0], [0.375, 0.125, 0.125, 0.375], [0.25, 0.25, 0.25, 0.25], 1000.0),
         dtypes=("float64",), equations=("srrw-3",),
         answer={"row": np.array([0.0, 0.5, 0.5, 0.0])}, source="0.375 / 0.125 to the power -1000 underflows"),
    Case("out-of-reach-and-unvisited", ("numerics", "edge_case"),
         "a node that is out of reach and all but unvisited: its power overflows, and 0 times infinity is no number",
         _row([0.25, 0.75, 0.0], [0.25, 0.5, 1e-30], [0.5, 0.25, 0.25], 12.0), dtypes=("float64",),
         equations=("srrw-4",)),
    Case("one-way-far-too-often", ("numerics", "edge_case"),
         "alpha = 1000 and a single neighbour: its weight underflows in any precision, its probability is 1",
         _row([0.0, 0.0, 0.5, 0.0], [0.01, 0.01, 0.97, 0.01], [0.25, 0.25, 0.25, 0.25], 1000.0), equations=("srrw-4",),
         answer={"row": np.array([0.0, 0.0, 1.0, 0.0])}, source="there is no other"),
    Case("all-rare", ("numerics",), "alpha = 400, ratios far above 1: every weight underflows, their ratio does not",
         _row([0.5, 0.5, 0.0], [5.0, 5.0, 1.0], [0.5, 0.5, 1.0], 400.0), dtypes=("float64",), equations=("srrw-3",),
         answer={"row": np.array([0.5, 0.5, 0.0])}, source="both are alike"),
    _many,
)  # fmt: skip


def sample_kernel(rng):
    N = int(rng.integers(2, 8))
    row = rng.uniform(0.1, 1, N) * (rng.uniform(size=N) < 0.7)
    row[rng.integers(N)] = 0.5
    return _row(
        row / row.sum(), rng.dirichlet(np.full(N, 3.0)) + 0.01, rng.uniform(0.2, 1, N), float(rng.uniform(0, 6))
    )


# Walks ----------------------------------------------------------------------------------------------------------


def _chain(flows):
    """A reversible chain from symmetric flows; its law is that of the row sums."""
    flows = np.array(flows, dtype=float)
    flows = flows + np.triu(flows, 1).T
    return flows / flows.sum(axis=1, keepdims=True), flows.sum(axis=1)


def _draws(P, mu, alpha, x, node, gamma, rng):
    """Uniform draws near the borders between nodes, where small mistakes change the path and rounding does not yet."""
    found = []
    for rate in gamma:
        power = -alpha * np.log(x / mu)
        weights = P[node] * np.exp(np.minimum(power - power[P[node] > 0].max(), 0))
        p = weights / weights.sum()
        likely = np.flatnonzero(p > 0.03)
        node = likely[np.searchsorted(np.cumsum(p[likely]) / p[likely].sum(), rng.uniform())]
        found.append(p[:node].sum() + p[node] * rng.choice([0.06, 0.94]))
        x = x + rate * ((np.arange(len(x)) == node) - x)
    return np.array(found).round(5)


def _walk(chain, name, steps, *, alpha=2.0, x0=None, node0=0, a=0.75, gamma=None, u=None, digits=3):
    P, mu = chain
    x0 = np.full(len(mu), 1 / len(mu)) if x0 is None else np.array(x0)
    gamma = (np.arange(2.0, steps + 2) ** -a).round(digits) if gamma is None else np.array(gamma)
    u = _draws(P, mu, alpha, x0, node0, gamma, stream(0, "srrw-case", name)) if u is None else np.array(u)
    return {"P": P, "mu": mu, "alpha": alpha, "x0": x0, "node0": node0, "u": u, "gamma": gamma}


_PATH = _chain([[1, 2, 0, 0], [0, 1, 3, 0], [0, 0, 2, 1], [0, 0, 0, 3]])  # 4 nodes in a row, each with a loop
_SQUARE = _chain([[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]])  # a ring without loops
_LOOPY = _chain([[4, 1, 1], [0, 2, 1], [0, 0, 1]])
_X4 = [0.5, 0.125, 0.25, 0.125]
_TEN = _walk(_PATH, "ten", 10, x0=_X4, node0=1)


def _ring(steps, **more):
    ring = graphs.random_cycle(270, 40, stream(0, "srrw-case", "ring"))
    away = ring / np.maximum(ring.sum(axis=1), ring.sum(axis=1)[:, None])
    P = away + np.diag(1 - away.sum(axis=1))
    x0 = 1.0 + np.arange(270) % 7
    return _walk((P, np.full(270, 1 / 270)), "large", steps, x0=x0 / x0.sum(), node0=269, **more)


STEPS = (
    Case("path-of-four", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "four nodes in a row with loops, a law that is not uniform, ten steps", _TEN,
         equations=("srrw-3", "srrw-5", "srrw-6")),
    Case("worked-example", ("basic", "wrong_order"), "two nodes by hand: the draw 0.25 of (1/2, 1/2) is node 0",
         _walk(_chain([[1, 1], [0, 1]]), "hand", 2, alpha=1.0, gamma=[0.5, 0.25], u=[0.25, 0.5]),
         answer={"nodes": np.array([0.0, 1.0]), "x": np.array([[0.75, 0.25], [0.5625, 0.4375]])},
         source="by hand: x = (3/4, 1/4), then weights 1 to 3, of which 0.5 is in the second part",
         equations=("srrw-5", "srrw-6")),
    Case("alpha-zero", ("boundary",), "alpha = 0 is a plain Markov chain",
         _walk(_PATH, "plain", 8, alpha=0.0, x0=_X4, node0=2), equations=("srrw-5", "srrw-6")),
    Case("plain-counts", ("basic", "wrong_constant"), "gamma = 1 / (n + 1): x is the plain frequency",
         _walk(_LOOPY, "counts", 8, alpha=3.0, a=1.0, digits=9, node0=2), equations=("srrw-6",)),
    Case("ring", ("basic", "missing_step"), "a ring without loops: the row of the new node, not of the old one",
         _walk(_SQUARE, "ring", 8, alpha=1.0, x0=_X4, node0=3), equations=("srrw-3",)),
    Case("draw-of-zero", ("edge_case", "boundary"), "a draw of 0 passes over nodes that cannot be reached",
         _walk(_PATH, "zero", 3, node0=3, u=[0.0, 0.0, 0.0]), equations=("srrw-5",)),
    Case("strong", ("numerics", "basic"), "alpha = 50: each node that was just visited is all but forbidden",
         _walk(_LOOPY, "strong", 8, alpha=50.0, x0=[0.34, 0.33, 0.33], node0=1), dtypes=("float64",),
         equations=("srrw-3",)),
    Case("hardly-visited", ("numerics", "edge_case"), "86 % of the start on one node, 1e-12 on another",
         _walk(_PATH, "rare", 4, alpha=1.0, x0=[0.86, 0.125, 0.015 - 1e-12, 1e-12], node0=1),
         dtypes=("float64",), equations=("srrw-3", "srrw-6")),
    Case("far-and-unvisited", ("numerics", "edge_case"),
         "alpha = 30 and a node of frequency 1e-12 at the far end: its power overflows before it comes into reach",
         _walk(_PATH, "far", 5, alpha=30.0, x0=[0.5, 0.25, 0.25 - 1e-12, 1e-12]), dtypes=("float64",),
         equations=("srrw-4",)),
    Case("back-and-forth", ("numerics", "edge_case"),
         "alpha = 4000 on two nodes: weights under- and overflow in any precision, and there is no choice",
         _walk(_chain([[0, 1], [0, 0]]), "forth", 4, alpha=4000.0, x0=[0.125, 0.875], gamma=[0.0625] * 4,
               u=[0.5, 0.25, 0.75, 0.5]),
         equations=("srrw-4",)),
    Case("one-node", ("boundary",), "a single node: the walk stays, x stays",
         _walk(_chain([[1]]), "single", 2, gamma=[0.5, 0.25], u=[0.5, 0.75]),
         answer={"nodes": np.zeros(2), "x": np.ones((2, 1))}, source="there is no other"),
    Case("three-hundred-steps", ("long",), "300 steps with steps like n^(-0.6): what is lost in x shows in the path",
         _walk(_PATH, "long", 300, x0=_X4, a=0.6), dtypes=("float64",), equations=("srrw-5", "srrw-6")),
    Case("large-ring", ("large",), "270 nodes, 72,900 transition probabilities, three steps", _ring(3),
         dtypes=("float64",)),
)  # fmt: skip


def _random_chain(rng):
    """A path with random flows, further edges and loops."""
    N = int(rng.integers(2, 6))
    flows = np.triu(rng.uniform(0.5, 2, (N, N)) * (rng.uniform(size=(N, N)) < 0.5))
    flows[np.arange(N - 1), np.arange(1, N)] = rng.uniform(0.5, 2, N - 1)
    return _chain(flows)


def sample_steps(rng):
    P, mu = _random_chain(rng)
    steps, x0 = int(rng.integers(1, 7)), rng.dirichlet(np.full(len(mu), 4.0)) + 0.02
    alpha, gamma, node0 = float(rng.uniform(0, 5)), rng.uniform(0.1, 0.7, steps), int(rng.integers(len(mu)))
    x0 = x0 / x0.sum()
    u = _draws(P, mu, alpha, x0, node0, gamma, rng)
    return {"P": P, "mu": mu, "alpha": alpha, "x0": x0, "node0": node0, "u": u, "gamma": gamma}


# The same with a learner ----------------------------------------------------------------------------------------


def _learn(walk, name, d, *, theta0=None, b=0.9):
    rng = stream(0, "srrw-case", "learner", name)
    H = rng.standard_normal((len(walk["mu"]), d)).round(3)
    beta = (np.arange(2.0, len(walk["u"]) + 2) ** -b).round(3)
    theta0 = rng.standard_normal(d).round(2) if theta0 is None else np.array(theta0)
    return {**walk, "theta0": theta0, "H": H, "beta": beta}


_LEARN = _learn(_TEN, "ten", 2)
LEARN = (
    Case("path-of-four", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "ten steps of the walk of srrw_steps, a learner of two coordinates", _LEARN,
         equations=("srrw-6", "srrw-7")),
    Case("ring", ("basic", "wrong_order"), "no loops: the new node's data are never those of the old one",
         _learn(_walk(_SQUARE, "ring", 8, alpha=1.0, x0=_X4, node0=3), "ring", 3), equations=("srrw-7",)),
    Case("one-coordinate", ("boundary",), "d = 1", _learn(_walk(_LOOPY, "d1", 4, alpha=3.0), "d1", 1),
         equations=("srrw-7",)),
    Case("learner-faster", ("basic", "wrong_constant"), "gamma like n^(-1), beta like n^(-0.6): the other way round",
         _learn(_walk(_PATH, "fast", 8, a=1.0, node0=2), "fast", 2, b=0.6), equations=("srrw-6", "srrw-7")),
    Case("alpha-zero", ("boundary",), "a plain token", _learn(_walk(_PATH, "plain", 8, alpha=0.0, x0=_X4, node0=2),
         "plain", 2), equations=("srrw-7",)),
    Case("alike", ("edge_case",), "all nodes want the same: theta goes there whatever the walk",
         {**_LEARN, "H": np.array([[1.5, -2.0]] * 4)}),
    Case("large-ring", ("large",), "270 nodes, 300 coordinates: 81,000 numbers in H", _learn(_ring(3), "large", 300),
         dtypes=("float64",)),
)  # fmt: skip


def sample_learn(rng):
    walk, d = sample_steps(rng), int(rng.integers(1, 4))
    steps, N = len(walk["u"]), len(walk["mu"])
    return {
        **walk,
        "theta0": rng.standard_normal(d),
        "H": rng.standard_normal((N, d)),
        "beta": rng.uniform(0.05, 0.9, steps),
    }


# Base chains ----------------------------------------------------------------------------------------------------

_STAR = graphs.from_edges(4, [(0, 1), (0, 2), (0, 3)])
_KITE = graphs.cycle(5, [(0, 2), (0, 3)])


def _ring_answer(kind, n=270):
    P = (graphs.cycle(n) if n > 2 else graphs.path(2)) / 2
    return {"P": P, "mu": np.full(n, 1 / n)}


BASE = (
    *(
        Case(f"{slug}-{kind}", flags, why, {"adjacency": adjacency, "kind": kind}, equations=(tag,))
        for kind, tag in (("metropolis", "srrw-1"), ("simple", "srrw-2"))
        for slug, flags, why, adjacency in (
            ("star", ("basic", "wrong_constant"), "degrees 3 and 1: which of the two counts?", _STAR),
            ("kite", ("basic", "missing_step"), "degrees 4, 3 and 2, loops where there is probability left", _KITE),
            ("path", ("basic", "boundary"), "three in a row", graphs.path(3)),
            ("pair", ("boundary",), "two nodes go back and forth", graphs.path(2)),
            ("grid", ("basic",), "a grid of 2 x 3", graphs.grid(2, 3)),
        )
    ),
    *(
        Case(f"large-ring-{kind}", ("large",), "270 nodes, 72,900 entries", {"adjacency": graphs.cycle(270),
             "kind": kind}, answer=_ring_answer(kind), source="one half to each side")
        for kind in ("metropolis", "simple")
    ),
)  # fmt: skip


def sample_base(rng):
    n = int(rng.integers(3, 8))
    graph = graphs.random_cycle(n, int(rng.integers(0, n * (n - 3) // 2 + 1)), rng)
    return {"adjacency": graph, "kind": ("metropolis", "simple")[int(rng.integers(2))]}


# Covariances ----------------------------------------------------------------------------------------------------


def _cov(chain, alpha, a):
    return {"P": chain[0], "mu": chain[1], "alpha": alpha, "a": a}


_EIGHT = graphs.cycle(8, [(0, 4), (1, 5), (2, 7)])
_TWO = np.array([[0.25, -0.25], [-0.25, 0.25]])


def _metropolis(graph):
    degrees = graph.sum(axis=1)
    away = graph / np.maximum(degrees, degrees[:, None])
    return away + np.diag(1 - away.sum(axis=1)), np.full(len(graph), 1 / len(graph))


COVARIANCE_X = (
    Case("path-of-four", ("basic", "wrong_constant"), "a law that is not uniform, a < 1", _cov(_PATH, 2.0, 0.75),
         equations=("srrw-9", "srrw-10")),
    Case("steps-like-1-over-n", ("basic", "wrong_constant", "missing_step"), "a = 1 has a term of its own",
         _cov(_PATH, 2.0, 1.0), equations=("srrw-10",)),
    Case("plain-token", ("boundary",), "alpha = 0 and a = 1: the variance of plain visit frequencies",
         _cov(_LOOPY, 0.0, 1.0), equations=("srrw-10",)),
    Case("strong", ("basic",), "alpha = 40: the variance falls like 1 / alpha", _cov(_LOOPY, 40.0, 0.875),
         equations=("srrw-10",)),
    Case("eight-nodes", ("basic",), "a ring with three chords, whose walk has a double eigenvalue",
         _cov(_metropolis(_EIGHT), 5.0, 0.625), equations=("srrw-9", "srrw-10")),
    Case("alternating", ("edge_case", "boundary"), "two nodes back and forth: an eigenvalue of -1 adds nothing",
         _cov(_chain([[0, 1], [0, 0]]), 1.0, 0.75), answer={"V": np.zeros((2, 2))},
         source="visits alternate: no variance of their own order"),
    Case("independent", ("boundary", "wrong_constant"), "two equal rows: draws without memory, V = 1/4 / (2 alpha + 2)",
         _cov(_chain([[1, 1], [0, 1]]), 1.0, 0.75), answer={"V": _TWO / 4}, source="by hand: eigenvalue 0"),
)  # fmt: skip
_NO_STEPS = "it has no steps"


def sample_cov_x(rng):
    P, mu = _random_chain(rng)
    return _cov((P, mu), float(rng.uniform(0, 6)), float(rng.choice([0.625, 0.75, 0.875, 1.0])))


def _theta(chain, name, alpha, a, b, d=2, J=None):
    rng = stream(0, "srrw-case", "theta", name)
    J = -np.eye(d) if J is None else np.array(J)
    H = rng.standard_normal((len(chain[1]), d)).round(3)
    return {**_cov(chain, alpha, a), "H": H, "J": J, "b": b}


_LEAN = [[-1.5, 0.75], [-0.25, -1.0]]
COVARIANCE_THETA = (
    Case("slow-learner", ("basic", "wrong_constant", "missing_step"), "a < b: the noise falls like 1 / alpha^2",
         _theta(_PATH, "slow", 2.0, 0.625, 0.875, J=_LEAN), equations=("srrw-11", "srrw-17")),
    Case("slow-learner-like-1-over-n", ("basic", "wrong_constant"), "b = 1 has a term of its own",
         _theta(_PATH, "slow-1", 3.0, 0.75, 1.0, J=_LEAN), equations=("srrw-17",)),
    Case("same-pace", ("basic", "wrong_constant"), "a = b: one equation for both",
         _theta(_PATH, "same", 2.0, 0.75, 0.75, J=_LEAN), equations=("srrw-14", "srrw-15", "srrw-16", "srrw-17")),
    Case("same-pace-like-1-over-n", ("basic", "wrong_constant"), "a = b = 1",
         _theta(_LOOPY, "same-1", 2.0, 1.0, 1.0, J=_LEAN), equations=("srrw-15", "srrw-17")),
    Case("fast-learner", ("basic", "wrong_constant"), "a > b: x stands still while theta learns; alpha is of no use",
         _theta(_PATH, "fast", 2.0, 0.875, 0.625, J=_LEAN), equations=("srrw-17",)),
    Case("fast-learner-plain-counts", ("boundary", "wrong_constant"), "a = 1 > b: the term of 1 / n is not theta's",
         _theta(_LOOPY, "fast-1", 4.0, 1.0, 0.75), equations=("srrw-17",)),
    Case("plain-token", ("boundary",), "alpha = 0", _theta(_PATH, "plain", 0.0, 0.625, 0.875), equations=("srrw-11",)),
    Case("one-coordinate", ("boundary",), "d = 1", _theta(_LOOPY, "one", 1.0, 0.75, 0.875, d=1, J=[[-2.0]]),
         equations=("srrw-17",)),
    Case("eight-nodes", ("basic",), "a ring with three chords", _theta(_metropolis(_EIGHT), "eight", 5.0, 0.625, 0.875),
         equations=("srrw-11",)),
)  # fmt: skip


def _slope(rng, d):
    return -np.eye(d) * rng.uniform(1, 2) + 0.3 * rng.uniform(-1, 1, (d, d))


def sample_cov_theta(rng):
    P, mu = _random_chain(rng)
    d, powers = int(rng.integers(1, 4)), [0.625, 0.75, 0.875, 1.0]
    return {
        **_cov((P, mu), float(rng.uniform(0, 6)), float(rng.choice(powers))),
        "H": rng.standard_normal((len(mu), d)),
        "J": _slope(rng, d),
        "b": float(rng.choice(powers)),
    }


def _predict(chain, name, alpha, steps, a=0.625, b=0.875, d=2, J=None) -> dict[str, Any]:
    rng = stream(0, "srrw-case", "predict", name)
    n = np.arange(2.0, steps + 2)
    J = -np.eye(d) if J is None else np.array(J)
    H = rng.standard_normal((len(chain[1]), d)).round(3)
    return {
        "P": chain[0],
        "mu": chain[1],
        "alpha": alpha,
        "H": H,
        "J": J,
        "gamma": (n**-a).round(3),
        "beta": (n**-b).round(3),
    }


PREDICT = (
    Case("path-of-four", ("basic", "missing_step", "wrong_constant"), "six steps, none of which is cut",
         {**_predict(_PATH, "six", 0.25, 6, J=_LEAN), "gamma": np.array([0.5, 0.4, 0.35, 0.3, 0.25, 0.25]),
         "beta": np.array([0.5, 0.375, 0.3, 0.25, 0.2, 0.15])},
         equations=("srrw-14", "srrw-15", "srrw-16", "srrw-18")),
    Case("cut-steps", ("basic", "missing_step"), "alpha = 6: the first steps would overshoot and are cut in the drift",
         _predict(_LOOPY, "cut", 6.0, 5), equations=("srrw-18",)),
    Case("steep", ("basic", "edge_case"), "J is steeper than the walk: its norm says where steps are cut",
         _predict(_LOOPY, "steep", 1.0, 4, J=[[-6.0, 1.0], [-1.0, -4.0]]), equations=("srrw-18",)),
    Case("plain-token", ("boundary",), "alpha = 0: x does not move theta", _predict(_PATH, "plain", 0.0, 5),
         equations=("srrw-14",)),
    Case("one-coordinate", ("boundary",), "d = 1", _predict(_LOOPY, "one", 2.0, 3, d=1), equations=("srrw-18",)),
    Case("three-hundred-steps", ("long",), "300 steps, two nodes with memory",
         _predict(_chain([[2, 1], [0, 2]]), "long", 1.0, 300, d=1), dtypes=("float64",), equations=("srrw-18",)),
)  # fmt: skip


def sample_predict(rng):
    P, mu = _random_chain(rng)
    d, steps = int(rng.integers(1, 3)), int(rng.integers(1, 6))
    return {
        "P": P,
        "mu": mu,
        "alpha": float(rng.uniform(0, 4)),
        "H": rng.standard_normal((len(mu), d)),
        "J": _slope(rng, d),
        "gamma": rng.uniform(0.05, 0.7, steps),
        "beta": rng.uniform(0.05, 0.7, steps),
    }
