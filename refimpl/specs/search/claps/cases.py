"""Inputs of the operations of prompt search under permanent names, and random ones."""

import itertools

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large, one_step

KINDS = "cross_entropy", "gap", "entropy"


def _rng(slug):
    return stream(0, "claps-case", slug)


def _uniform(rng, *shape):
    """Uniform numbers of ten binary digits."""
    return rng.integers(0, 1024, shape) / 1024


# Logits ---------------------------------------------------------------------------------------------------------------


def _logits(slug, n, S, C, *, size=1.5, **more):
    rng = _rng(slug)
    logits = (size * rng.standard_normal((n, S, C))).round(3)
    return {"logits": logits, "y": rng.integers(0, C, S)} | more


def _empty(slug, n, S, C, *, kind, q, size=1.5):
    first = (size * _rng(slug + "-empty").standard_normal((S, C))).round(3)
    return {"logits_empty": first} | _logits(slug, n, S, C, size=size) | {"kind": kind, "q": q}


_TIED = np.array(
    [[[1.0, 1.0, 0.0], [0.5, -1.0, 0.5]], [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0]], [[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]]
)
_SURE = np.array([[[40.0, 0.0], [0.0, 30.0]], [[0.0, 35.0], [0.0, 0.0]]])
_HUGE = np.array([[[0.0, 0.0, -2000.0], [0.0, -3000.0, 0.0]], [[0.0, 0.0, 0.0], [0.0, -5000.0, -4000.0]]])
_THIRD = {"logits": np.array([[[0.0, 0.0]], [[1.0, -1.0]], [[-2.0, 2.0]]]), "y": np.array([0])}

REWARDS = (
    Case("ordinary", ("basic",), "four prompts, six examples of three classes",
         _logits("ordinary", 4, 6, 3, kind="cross_entropy")),
    Case("gap", ("basic", "wrong_constant"), "gaps of both signs", _logits("gap", 4, 6, 3, kind="gap")),
    Case("entropy", ("basic", "wrong_constant"), "a sum over examples, not a mean",
         _logits("entropy", 4, 6, 3, kind="entropy")),
    Case("two-classes", ("boundary",), "one example of two classes, by hand: even, sure, and wrong",
         _THIRD | {"kind": "gap"}),
    Case("tied", ("edge_case", "known_bug"),
         "where another class is as probable as the true one the gap is 0: the class is left out, not its value",
         {"logits": _TIED, "y": np.array([0, 2]), "kind": "gap"}),
    Case("even", ("edge_case", "known_bug"), "two classes with probability 1/2 each: the gap is 0",
         {"logits": np.zeros((2, 3, 2)), "y": np.array([0, 1, 1]), "kind": "gap"}, answer={"R": np.zeros(2)},
         source="by hand"),
    Case("sure", ("numerics",), "probabilities of 1 and of 1e-17: 0 log 0 is 0, not NaN",
         {"logits": _SURE, "y": np.array([0, 1]), "kind": "entropy"}),
    Case("huge-logits", ("numerics",), "logits of thousands: exponentials of them overflow",
         _logits("huge-logits", 3, 4, 3, size=2000.0, kind="cross_entropy")),
    Case("huge-entropy", ("numerics",), "the same, for the entropy: probabilities that are 0",
         {"logits": _HUGE, "y": np.array([0, 1]), "kind": "entropy"}),
    Case("one-prompt", ("boundary",), "one prompt, one example", _logits("one-prompt", 1, 1, 4, kind="cross_entropy")),
    large("many-prompts", "ordinary", "n"),
)  # fmt: skip


def _between(small, times):
    """The percentile of many-tokens: half-way between the fifth and the sixth influence."""
    ranked = sorted(small["I"])
    return {"threshold": np.array((ranked[4] + ranked[5]) / 2)}


_HALF_WAY = 100 * (5 * 6364 - 0.5) / (11 * 6364 - 1)
_WRONG = np.array([800.0, 1100.0, 1300.0, 1500.0, 2000.0])[:, None, None] * np.eye(3)

INFLUENCE = (
    Case("ordinary", ("basic", "missing_step"), "eleven tokens, of which q = 83 leaves two",
         _empty("ordinary-influence", 11, 4, 3, kind="reward", q=83.0)),
    Case("kl", ("basic", "wrong_order"), "the divergence of the prompted answers from those without a prompt, summed",
         _empty("kl", 11, 4, 3, kind="kl", q=83.0)),
    Case("between", ("wrong_constant",), "the percentile lies between two influences: linear interpolation",
         _empty("between", 6, 3, 2, kind="reward", q=55.0)),
    Case("between-kl", ("wrong_constant",), "the same of divergences",
         _empty("between-kl", 6, 3, 2, kind="kl", q=90.0)),
    Case("all-harmful", ("edge_case",), "every token does harm: the least harmful are kept, not the most",
         (lambda i: i | {"logits_empty": 8.0 * (i["y"][:, None] == np.arange(3))})(
             _empty("all-harmful", 8, 4, 3, kind="reward", q=60.0))),
    Case("none-goes", ("boundary",), "q = 0: the least influence is not above itself",
         _empty("none-goes", 5, 2, 2, kind="reward", q=0.0)),
    Case("one-token", ("boundary",), "one token: the percentile is its influence, nothing is above it",
         _empty("one-token", 1, 3, 2, kind="reward", q=90.0)),
    Case("skewed", ("wrong_order",), "probabilities near 0 and 1: both directions of the divergence rank differently",
         _empty("skewed", 9, 3, 3, kind="kl", q=72.0, size=4.0)),
    Case("huge-logits", ("numerics",), "tokens that make the model sure of a wrong class, by a thousand and more",
         {"logits_empty": np.zeros((3, 3)), "logits": _WRONG, "y": np.array([1, 2, 0]), "kind": "reward", "q": 55.0}),
    Case("half-way", ("basic",), "q near the middle", _empty("half-way", 11, 3, 3, kind="reward", q=_HALF_WAY)),
    large("many-tokens", "half-way", "n", balanced=True, answers=_between, dtypes=("float64",)),
)  # fmt: skip


def sample_rewards(rng):
    n, S, C = (int(rng.integers(low, 5)) for low in (1, 1, 2))
    logits = (1.5 * rng.standard_normal((n, S, C))).round(3)
    return {"logits": logits, "y": rng.integers(0, C, S), "kind": str(rng.choice(KINDS))}


def sample_influence(rng):
    n, S, C = (int(rng.integers(low, 6)) for low in (2, 1, 2))
    logits = (1.5 * rng.standard_normal((n + 1, S, C))).round(3)
    kind, q = str(rng.choice(["reward", "kl"])), float(rng.choice([12.5, 37.5, 62.5, 77.25]))
    return {"logits_empty": logits[0], "logits": logits[1:], "y": rng.integers(0, C, S), "kind": kind, "q": q}


# Clusters -------------------------------------------------------------------------------------------------------------


def _points(slug, V, d, K, *, max_iter=50, spread=1.0):
    rng = _rng(slug)
    middle = rng.integers(-6, 7, (max(1, V // 4), d))
    E = middle[rng.integers(0, len(middle), V)] + (spread * rng.standard_normal((V, d))).round(3)
    return {"E": E, "u": _uniform(rng, K), "max_iter": max_iter}


_WORKED = np.array([[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0], [9.0, 9.0], [0.5, 0.25], [3.5, 0.75]])
_EMPTIED = np.array([
    [-9.13, 6.62], [-4.13, -3.61], [-0.89, 10.84], [2.8, 5.7], [-10.67, -0.09], [9.08, 7.32], [8.89, -11.09],
    [9.33, -7.3], [12.17, -6.63],
])  # fmt: skip
_LINE = np.array([[0.0], [1.0], [2.25], [4.0]])

CLUSTER = (
    Case("seven-rows", ("basic", "edge_case"),
         "three clusters by hand: a representative is a row and no mean, and its number is that of a row",
         {"E": _WORKED, "u": np.array([0.0, 0.5, 0.95]), "max_iter": 10},
         answer={"seeds": np.array([0, 4, 6]), "labels": np.array([0, 0, 2, 2, 1, 0, 2]),
                 "centres": np.array([[1 / 6, 1.25 / 3], [9, 9], [11.5 / 3, 1.75 / 3]]),
                 "representatives": np.array([5, 4, 6])},
         source="by hand"),
    Case("ordinary", ("basic",), "thirty rows, five clusters", _points("ordinary-points-260", 30, 3, 5)),
    Case("once", ("missing_step", "wrong_order"), "the centres are moved once, and the labels are theirs",
         _points("once-81", 24, 2, 4, max_iter=1, spread=2.5)),
    Case("many-moves", ("missing_step",), "many clusters that overlap",
         _points("many-moves-158", 40, 2, 7, spread=4.0)),
    Case("away", ("numerics",), "rows thousands from 0, a few from each other: squares of lengths lose the digits",
         (lambda i: i | {"E": i["E"].round() + 8192.0})(_points("far-away-213", 20, 3, 4))),
    Case("far-away", ("numerics",), "the same with millions, for double precision",
         (lambda i: i | {"E": i["E"] + 134_217_728.0})(_points("far-away-213", 20, 3, 4)), dtypes=("float64",)),
    Case("emptied", ("edge_case", "known_bug"),
         "a cluster loses all of its rows: it keeps its centre, and two representatives are one row",
         {"E": _EMPTIED, "u": np.array([638, 862, 1017, 508]) / 1024, "max_iter": 50}),
    Case("all-clusters", ("boundary",), "as many clusters as rows",
         {"E": np.array([[0.0, 1.0], [3.0, 1.0], [7.0, 2.0]]), "u": np.array([0.5, 0.25, 0.75]), "max_iter": 3}),
    Case("one-cluster", ("boundary",), "one cluster: its centre is the mean", _points("one-cluster-210", 9, 2, 1)),
    Case("draws-of-zero", ("boundary",), "draws of 0 take the first row that is no seed",
         {"E": np.append(_LINE, [[3.5]], axis=0), "u": np.array([0.0, 0.0, 0.0]), "max_iter": 4}),
    Case("many-rows", ("large",), "a thousand rows and more", _points("many-rows-30", 1200, 2, 2, max_iter=2)),
)  # fmt: skip


def sample_cluster(rng):
    V, d = int(rng.integers(3, 9)), int(rng.integers(1, 4))
    K = int(rng.integers(1, 4))
    E = (3 * rng.standard_normal((V, d))).round(3)
    return {"E": E, "u": _uniform(rng, K) + 1 / 2048, "max_iter": int(rng.integers(1, 6))}


# Tables ---------------------------------------------------------------------------------------------------------------


def _tables(rng, L, V, vocab=None):
    """Two tables whose sums are exact in float32, and differ for different prompts."""
    tokens = range(V) if vocab is None else vocab
    while True:
        unit = 2**16 if L < 9 else 2**12
        U, Q = (rng.integers(-2 * unit, 2 * unit + 1, shape) / unit for shape in ((L, V), (V, V)))
        if len(tokens) ** L > 2000:
            return {"U": U, "Q": Q}
        prompts = np.array(list(itertools.product(tokens, repeat=L)))
        worth = U[np.arange(L), prompts].sum(axis=1) + Q[prompts[:, :-1], prompts[:, 1:]].sum(axis=1)
        if len(np.unique(worth)) == len(worth):
            return {"U": U, "Q": Q}


def _search(rng, L, V, v):
    vocab = rng.permutation(V)[:v]
    return _tables(rng, L, V, vocab) | {"vocab": vocab}


_TRAP = {"U": np.array([[1.0, 0.0], [0.5, 0.0]]), "Q": np.array([[0.0, 0.0], [0.0, 4.0]]), "vocab": np.array([0, 1])}

GREEDY = (
    Case("trap", ("basic",), "two tokens that are good together, each not by itself: greedy search misses them", _TRAP,
         answer={"prompt": np.array([0, 0]), "rewards": np.array([1.0, 1.5]), "calls": np.array(4)}, source="by hand"),
    Case("ordinary", ("basic", "wrong_order"), "four of seven tokens, in no order", _search(_rng("greedy"), 4, 7, 4)),
    Case("ties", ("edge_case",), "of equal rewards the first in the vocabulary wins",
         {"U": np.zeros((3, 4)), "Q": np.zeros((4, 4)), "vocab": np.array([2, 0, 3])},
         answer={"prompt": np.array([2, 2, 2]), "rewards": np.zeros(3), "calls": np.array(9)}, source="by hand"),
    Case("worse-and-worse", ("edge_case",), "it adds L tokens, also where each lowers the reward",
         (lambda i: i | {"U": i["U"] - 16.0})(_search(_rng("worse"), 4, 5, 3))),
    Case("one-token", ("boundary",), "a vocabulary of one token", _search(_rng("one-token"), 3, 4, 1)),
    Case("length-one", ("boundary",), "a prompt of one token", _search(_rng("length-one"), 1, 6, 5)),
    Case("three-hundred-tokens", ("long",), "a prompt of 300 tokens", _search(_rng("long-greedy"), 300, 4, 3)),
    Case("many-tokens", ("large",), "600 tokens to choose from", _search(_rng("large-greedy"), 3, 601, 600)),
    one_step,
)  # fmt: skip


def sample_greedy(rng):
    V = int(rng.integers(1, 6))
    return _search(rng, int(rng.integers(1, 5)), V, int(rng.integers(1, V + 1)))


def _bred(rng, L, V, v, t, m, c, elites, *, p_mut=0.25, N=None):
    """N = P where nothing else is said; the share of elites is away from where rounding down would turn."""
    P = elites + m + c
    N, elite = P if N is None else N, round((elites + 0.5) / P, 6)
    draws = {
        "mut_parent": _uniform(rng, t, m), "mut_flip": _uniform(rng, t, m, L), "mut_token": _uniform(rng, t, m, L),
        "cross_parent": _uniform(rng, t, c, 2), "coin": _uniform(rng, t, c, L),
    }  # fmt: skip
    init = {"init": rng.integers(0, v, (N, L))}
    return _search(rng, L, V, v) | init | draws | {"elite": elite, "p_mut": p_mut}


def _alike(rng, *sizes, **more):
    """A first population that holds each prompt twice."""
    inputs = _bred(rng, *sizes, **more)
    half = inputs["init"][: -(-len(inputs["init"]) // 2)]
    return inputs | {"init": np.repeat(half, 2, axis=0)[: len(inputs["init"])]}


GENETIC = (
    Case("ordinary", ("basic", "missing_step", "wrong_order"), "five elites, seven mutants, eight children",
         _bred(_rng("genetic"), 4, 8, 5, 3, 7, 8, 5)),
    Case("paper", ("wrong_constant",), "the authors' shares: a tenth stays, a tenth of the positions changes",
         _bred(_rng("paper"), 5, 9, 8, 2, 12, 12, 2, p_mut=0.1, N=24) | {"elite": 0.1}),
    Case("one-elite", ("boundary", "edge_case"), "a small population: one elite, never none",
         _bred(_rng("one-elite"), 3, 4, 4, 4, 3, 3, 1, N=5) | {"elite": 0.1}),
    Case("half-stays", ("boundary",), "one mutant and one child beside three elites",
         _bred(_rng("half-stays"), 2, 4, 3, 2, 1, 1, 3)),
    Case("no-mutation", ("boundary",), "p_mut = 0: mutants are copies",
         _bred(_rng("no-mutation"), 4, 6, 4, 3, 5, 5, 3, p_mut=0.0)),
    Case("often", ("wrong_constant",), "three quarters of the positions change: never to the same token",
         _bred(_rng("often"), 4, 6, 3, 3, 8, 4, 4, p_mut=0.75)),
    Case("two-tokens", ("boundary",), "with two tokens a change is to the other one",
         _bred(_rng("two-tokens"), 5, 3, 2, 3, 6, 5, 5, p_mut=0.5)),
    Case("length-one", ("boundary",), "prompts of one token", _bred(_rng("short"), 1, 7, 6, 3, 6, 4, 3)),
    Case("duplicates", ("edge_case",), "a population in which prompts are there twice",
         _alike(_rng("duplicates"), 3, 5, 4, 3, 6, 6, 4)),
    Case("three-hundred-epochs", ("long",), "nothing is lost on the way",
         _bred(_rng("long-genetic"), 4, 5, 4, 299, 3, 3, 2)),
    Case("many-prompts", ("large",), "a population of 2000",
         _bred(_rng("large-genetic"), 2, 13, 12, 1, 900, 900, 200)),
)  # fmt: skip


def sample_genetic(rng):
    V, elites = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    v, L, t = int(rng.integers(2, V + 1)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    m = int(rng.integers(1, 3 * elites))
    c = 3 * elites - m
    return _bred(rng, L, V, v, t, m, c, elites, p_mut=float(rng.choice([0.125, 0.25, 0.5])))


def _flown(rng, L, V, v, T, N):
    draws = {name: _uniform(rng, T, N) for name in ("gate1", "gate2", "mut_gate", "mut_pos", "mut_token")}
    moves = {name: _uniform(rng, T, N, L) for name in ("move1", "move2")}
    start = {"init": rng.integers(0, v, (N, L)), "nu": rng.integers(-3072, 3073, N) / 1024}
    return _search(rng, L, V, v) | start | draws | moves


def _set(inputs, **values):
    """Some draws all of one value."""
    return inputs | {name: np.full_like(inputs[name], value) for name, value in values.items()}


PSO = (
    Case("ordinary", ("basic", "missing_step", "wrong_order"), "six particles, five epochs",
         _flown(_rng("swarm"), 4, 8, 5, 5, 6)),
    Case("more-particles", ("basic",), "twelve particles, eight epochs", _flown(_rng("more"), 4, 9, 6, 8, 12)),
    Case("no-mutation", ("missing_step",), "without mutation tokens come from what has been seen",
         _set(_flown(_rng("calm"), 4, 8, 6, 5, 6), mut_gate=0.5)),
    Case("always-mutate", ("wrong_constant",), "every particle mutates in every epoch",
         _set(_flown(_rng("mutate"), 4, 8, 6, 4, 5), mut_gate=0.0)),
    Case("own-best-alone", ("wrong_order",), "the second gate stays shut",
         _set(_flown(_rng("own"), 4, 8, 6, 5, 5), gate1=0.0, gate2=0.9990234375)),
    Case("best-of-all-alone", ("wrong_order",), "the first gate stays shut",
         _set(_flown(_rng("all"), 4, 8, 6, 5, 5), gate1=0.9990234375, gate2=0.0)),
    Case("both-gates", ("wrong_order",), "both gates are open: the best of all comes second",
         _set(_flown(_rng("both"), 4, 8, 6, 5, 5), gate1=0.0, gate2=0.0, mut_gate=0.5)),
    Case("one-particle", ("boundary",), "its own best is that of all", _flown(_rng("alone"), 3, 6, 5, 6, 1)),
    Case("one-epoch", ("boundary",), "one epoch", _flown(_rng("one-epoch"), 3, 6, 5, 1, 5)),
    Case("one-token", ("boundary",), "a vocabulary of one token: nothing can move",
         _flown(_rng("same"), 3, 4, 1, 3, 3)),
    Case("length-one", ("boundary",), "prompts of one token", _flown(_rng("short-swarm"), 1, 8, 7, 5, 4)),
    Case("fast", ("numerics",), "first velocities of a thousand: chances of 0 and 1",
         (lambda i: i | {"nu": np.array([1000.0, -1000.0, 500.0, -500.0])})(_flown(_rng("fast"), 3, 7, 5, 4, 4))),
    Case("three-hundred-epochs", ("long",), "the schedules reach their ends",
         _flown(_rng("long-swarm"), 3, 5, 4, 300, 2)),
    large("many-particles", "ordinary", "N", size=3001),
    one_step,
)  # fmt: skip


def sample_pso(rng):
    V = int(rng.integers(1, 6))
    sizes = int(rng.integers(1, 4)), V, int(rng.integers(1, V + 1)), int(rng.integers(1, 4)), int(rng.integers(1, 5))
    return _flown(rng, *sizes)
