"""Inputs of the operations of diverse beam search under permanent names, and random ones."""

import math
from functools import partial
from itertools import pairwise

import numpy as np

from refimpl.core.random import stream
from refimpl.search import _diverse_beam_models as models
from refimpl.search import diverse_beam as dbs
from refimpl.specs.base import Case
from refimpl.specs.sizes import LARGE, large

NO = -math.inf
KINDS = ("hamming", "cumulative", "ngram", "embedding", "soft_ngram")


def diversity(kind, vectors, temperature, n):
    """One of the similarities, with its settings."""
    settings = {
        "cumulative": {"temperature": temperature},
        "ngram": {"n": n},
        "embedding": {"vectors": vectors},
        "soft_ngram": {"vectors": vectors, "n": n},
    }
    return partial(getattr(dbs, kind), **settings.get(kind, {}))


def _rng(name):
    return stream(0, "diverse_beam-case", name)


def _logs(*rows):
    """Logarithms, in six digits."""
    return np.round(np.log(np.array(rows)), 6)


def _distributions(rng, *shape):
    """Log-probabilities of random distributions, in four digits."""
    x = rng.uniform(0.02, 1.0, shape) ** 2
    return np.round(np.log(x / x.sum(axis=-1, keepdims=True)), 4)


# One step ------------------------------------------------------------------------------------------------------------


def _step(name, b=2, V=4, strength=0.5, most=3, **more):
    rng = _rng(name)
    score = -np.round(rng.uniform(0.5, 2.0, b), 3)
    inputs = {"logp": _distributions(rng, b, V), "score": score, "raw": np.round(0.75 * score, 3)}
    inputs |= {"penalty": rng.integers(0, most, (b, V)).astype(float), "strength": strength}
    return inputs | {key: np.array(x) if isinstance(x, list) else x for key, x in more.items()}


_EIGHT = {
    "logp": [[0.0, -1.0, 0.0, -2.0, -0.5, -3.0, -0.25, -4.0], [0.0, -2.0, -1.0, -0.5, -1.0, -0.25, -3.0, -1.0]],
    "score": [0.0, 0.0], "raw": [-1.0, -2.0],
    "penalty": [[0.0, 1.0, 0.0, 1.0, 0.0, 2.0, 1.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]],
}  # fmt: skip


def _tiled(operation, before):
    """Eight tokens again and again: the first ones of the best value are taken, all of the first beam."""
    small, times = before["ties-in-a-row"], -(-LARGE // 8)
    tiled = {name: np.tile(small.inputs[name], (1, times)) for name in ("logp", "penalty")}
    return Case(
        "many-tokens", ("large",), f"the tokens of ties-in-a-row {times} times: the rule for ties decides",
        small.inputs | tiled, equations=small.equations, source="the answer of ties-in-a-row", small=small,
        derived=lambda values: values, recipe=f"ties-in-a-row/V/{times}/tiled", alike=True,
    )  # fmt: skip


GROUP_STEP = (
    Case("two-beams", ("basic", "wrong_constant", "missing_step"),
         "two beams, four tokens, penalties of 0 to 2: the children of both compete",
         _step("two", penalty=[[2.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 2.0]]),
         equations=("diverse_beam-1", "diverse_beam-3", "diverse_beam-4", "diverse_beam-5", "diverse_beam-6")),
    Case("four-beams", ("basic", "missing_step", "known_bug"), "four beams, six tokens: some beams end, others fork",
         _step("four beams", 4, 6, 0.8), equations=("diverse_beam-3", "diverse_beam-4")),
    Case("rows-apart", ("basic", "wrong_order", "known_bug"),
         "the penalties of the beams differ by much: a row that is normalised after the penalty gains by it",
         _step("rows", 3, 5, 1.5, penalty=[[3.0, 3.0, 3.0, 3.0, 2.0], [0.0, 0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0,
         1.0]]),
         equations=("diverse_beam-1", "diverse_beam-3")),
    Case("first-step", ("boundary", "known_bug"), "before the first token all beams are alike, and one of them is live",
         _step("first", 3, 5, score=[0.0, NO, NO], raw=[0.0, NO, NO], logp=np.tile(_distributions(_rng("f"), 1, 5),
         (3, 1))),
         equations=("diverse_beam-2", "diverse_beam-3")),
    Case("more-places-than-candidates", ("boundary",), "one live beam with two tokens, three places: one stays empty",
         _step("few", 3, 2, score=[0.0, NO, NO], raw=[0.0, NO, NO]), equations=("diverse_beam-2",)),
    Case("no-live-beam", ("boundary",), "nothing is live, so nothing is found",
         _step("dead", score=[NO, NO], raw=[NO, NO]), equations=("diverse_beam-2",)),
    Case("impossible-tokens", ("edge_case", "numerics"), "log-probabilities of -inf are never taken, dead beam or not",
         _step("impossible", 3, 4, 1.0, score=[-1.5, NO, -0.25], raw=[-1.25, NO, -0.25],
               logp=[[NO, -0.5, NO, NO], [-0.1, -0.2, -0.3, -2.0], [NO, NO, -0.75, NO]]),
         equations=("diverse_beam-2", "diverse_beam-3")),
    Case("ties-in-a-row", ("edge_case",), "equal candidates of one beam: the lower token first",
         {name: np.array(x) for name, x in _EIGHT.items()} | {"strength": 0.5}, equations=("diverse_beam-3",)),
    Case("ties-between-rows", ("edge_case",), "equal candidates of two beams: the lower beam first, whatever the token",
         _step("between", 3, 3, logp=[[-1.0, -2.0, 0.0], [0.0, -1.5, -3.0], [-0.5, 0.0, -4.0]], score=[0.0] * 3,
               raw=[-1.0, -2.0, -3.0], penalty=np.zeros((3, 3))), equations=("diverse_beam-3",)),
    Case("negative-similarity", ("edge_case", "variant"), "a negative S is a reward",
         _step("negative", 2, 4, 0.7, penalty=[[-0.5, 0.25, 0.0, 1.0], [0.5, -0.75, 0.3, 0.1]]),
         equations=("diverse_beam-1",)),
    Case("strength-zero", ("boundary",), "strength 0: the penalty does nothing", _step("zero", strength=0.0)),
    Case("strong", ("numerics", "wrong_constant"), "strength 1000: what others hold is taken last", _step("strong", 3,
         5, 1000.0)),
    Case("one-beam", ("boundary",), "one beam takes its best token", _step("one", 1, 5)),
    Case("far-below", ("numerics", "known_bug"), "scores below -1000 are live", _step("far", score=[-1500.25,
         -1499.5], raw=[-900.5, -901.0])),
    _tiled,
)  # fmt: skip


def sample_group_step(rng):
    b, V = int(rng.integers(1, 5)), int(rng.integers(2, 7))
    score = -rng.uniform(0.0, 3.0, b)
    inputs = {"logp": _distributions(rng, b, V), "score": score, "raw": score + rng.uniform(0.0, 2.0, b)}
    if b > 1 and rng.random() < 0.3:
        for name in ("score", "raw"):
            inputs[name][-1] = NO
    S = rng.integers(0, 3, (b, V)).astype(float)
    return inputs | {"penalty": S, "strength": float(np.round(rng.uniform(0.0, 1.5), 2))}


# Similarities --------------------------------------------------------------------------------------------------------


_WORDS = np.array([[1.0, 0.5], [-0.5, 2.0], [0.25, -1.0], [1.5, 1.25]])
_SETTINGS = {"vectors": _WORDS, "temperature": 2.0, "n": 2}
_OWN = np.array([[0, 1], [2, 1]])
_ONE_GROUP = np.array([[[0, 1, 3], [0, 2, 3]]])
_TWO_GROUPS = np.array([[[0, 1, 3], [0, 1, 2]], [[2, 1, 2], [2, 1, 1]]])
_SOME_MISSING = np.array([[[0, 1, 3], [-1, -1, -1]], [[-1, -1, -1], [-1, -1, -1]], [[2, 1, 2], [2, 0, 1]]])


def _held(kind, own=_OWN, earlier=_TWO_GROUPS, **more):
    return {"own": own, "earlier": earlier, "kind": kind} | _SETTINGS | more


def _many(kind, name, b=2, h=2, c=2, t=5, V=5, **more):
    rng = _rng(name)
    own, earlier = rng.integers(0, V, (b, t - 1)), rng.integers(0, V, (h, c, t))
    return _held(kind, own, earlier, vectors=rng.integers(-8, 9, (V, 3)) / 4 + np.array([0.125, 0.0, 0.0])) | more


def _times(name):
    return large("many-beams", name, "c", balanced=True, answers=lambda small, times: {"S": small["S"] * times})


PENALTY = (
    Case("hamming", ("basic", "wrong_constant", "missing_step"),
         "two groups with two beams each: how many took the token, in this step alone", _held("hamming"),
         equations=("diverse_beam-11",), answer={"S": np.array([[0.0, 1.0, 2.0, 1.0]] * 2)}, source="counted by hand"),
    Case("hamming-same-token", ("basic", "wrong_constant"), "both beams of a group took one token: it counts twice",
         _held("hamming", earlier=_ONE_GROUP), equations=("diverse_beam-11",),
         answer={"S": np.array([[0.0, 0.0, 0.0, 2.0]] * 2)}, source="counted by hand"),
    Case("hamming-first-step", ("boundary",), "the first token: no prefix of one's own",
         _held("hamming", own=np.zeros((2, 0), int), earlier=np.array([[[1], [2]], [[1], [3]]])),
         equations=("diverse_beam-11",)),
    Case("missing-beams", ("edge_case",), "rows of -1 do not count", _held("hamming", earlier=_SOME_MISSING),
         equations=("diverse_beam-11",)),
    Case("cumulative", ("basic", "wrong_constant", "missing_step"),
         "one group, two beams: the differences of both, with this step's, in one exponent",
         _held("cumulative", earlier=_ONE_GROUP), equations=("diverse_beam-12",),
         answer={"S": np.exp(-np.array([[3.0, 3.0, 3.0, 1.0], [5.0, 5.0, 5.0, 3.0]]) / 2)}, source="counted by hand"),
    Case("cumulative-two-groups", ("basic", "wrong_constant"), "an exponential for each group, then their sum",
         _held("cumulative", temperature=1.5), equations=("diverse_beam-12",)),
    Case("cumulative-missing", ("edge_case",), "rows of -1 do not count, and a group of none adds nothing",
         _held("cumulative", earlier=_SOME_MISSING), equations=("diverse_beam-12",)),
    Case("cumulative-cold", ("numerics",), "temperature 1e-3: 1 where all is the same, else 0",
         _held("cumulative", own=np.array([[0, 1], [2, 1]]), earlier=np.array([[[0, 1, 3]], [[2, 1, 2]]]),
               temperature=1e-3), equations=("diverse_beam-12",)),
    Case("bigrams", ("basic", "missing_step"), "bigrams at any place of the prefixes, this step's among them",
         _held("ngram", earlier=np.array([[[0, 1, 3], [0, 1, 2]]])), equations=("diverse_beam-13",),
         answer={"S": np.array([[0.0, 0.0, 1.0, 1.0]] * 2)}, source="counted by hand"),
    Case("bigrams-twice", ("basic", "wrong_constant"), "a bigram that a beam has twice counts twice",
         _many("ngram", "twice", earlier=np.array([[[1, 2, 1, 2, 1], [0, 1, 2, 4, 1]], [[3, 1, 2, 1, 0], [2, 2, 1, 2,
         2]]]),
               own=np.array([[3, 0, 2, 1], [0, 4, 1, 2]])), equations=("diverse_beam-13",)),
    Case("trigrams", ("basic",), "trigrams", _many("ngram", "trigrams", 3, 3, 2, 9, 3, n=3),
         equations=("diverse_beam-13",)),
    Case("words", ("boundary",), "n = 1: how often the word was said so far", _held("ngram", n=1),
         equations=("diverse_beam-13",)),
    Case("too-short", ("boundary",), "prefixes shorter than n have no n-gram", _held("ngram", n=4),
         equations=("diverse_beam-13",), answer={"S": np.zeros((2, 4))}, source="counted by hand"),
    Case("ngram-missing", ("edge_case",), "rows of -1 do not count", _held("ngram", earlier=_SOME_MISSING)),
    Case("embedding", ("basic", "variant"), "cosines with the tokens of this step, negative ones too",
         _held("embedding"),
         equations=("diverse_beam-14",)),
    Case("embedding-missing", ("edge_case",), "rows of -1 do not count", _held("embedding", earlier=_SOME_MISSING)),
    Case("soft-bigrams", ("basic",), "cosines of the summed vectors with all bigrams", _held("soft_ngram"),
         equations=("diverse_beam-15",)),
    Case("soft-trigrams", ("basic",), "of trigrams, three dimensions", _many("soft_ngram", "soft", n=3),
         equations=("diverse_beam-15",)),
    Case("soft-too-short", ("boundary",), "prefixes shorter than n have no n-gram", _held("soft_ngram", n=4)),
    Case("soft-missing", ("edge_case",), "rows of -1 do not count", _held("soft_ngram", earlier=_SOME_MISSING)),
    Case("three-hundred-words", ("long",), "bigrams in prefixes of 300 words", _many("ngram", "long", 2, 2, 2, 300, 6),
         equations=("diverse_beam-13",)),
    Case("three-hundred-differences", ("long",), "differences over 300 words, at temperature 200",
         _many("cumulative", "long", 2, 2, 2, 300, 6, temperature=200.0), equations=("diverse_beam-12",)),
    _times("hamming"),
)  # fmt: skip


def sample_penalty(rng):
    b, h, c, t, V = (int(rng.integers(1, high)) for high in (4, 4, 4, 6, 6))
    earlier = rng.integers(0, V, (h, c, t + 1))
    if rng.random() < 0.3:
        earlier[-1, -1] = -1
    kind = str(rng.choice(KINDS))
    vectors = rng.uniform(0.2, 1.0, (V, 3)) * np.array([1.0, -1.0, 1.0]) ** rng.integers(0, 2, (V, 3))
    settings = {"temperature": float(np.round(rng.uniform(0.5, 8.0), 2)), "n": int(rng.integers(1, 4))}
    return {"own": rng.integers(0, V, (b, t)), "earlier": earlier, "vectors": vectors, "kind": kind} | settings


# The whole search ----------------------------------------------------------------------------------------------------


_FOUR = {
    "first": _logs(0.5, 0.3, 0.15, 0.05),
    "table": _logs([0.1, 0.6, 0.2, 0.1], [0.25, 0.25, 0.4, 0.1], [0.7, 0.1, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25]),
}
_END = {
    "first": _FOUR["first"],
    "table": _logs([0.1, 0.6, 0.2, 0.1], [0.26, 0.24, 0.4, 0.1], [0.7, 0.12, 0.1, 0.08], [0.3, 0.2, 0.26, 0.24]),
}
_THREE = {"first": _logs(0.5, 0.3, 0.2), "table": _logs([0.5, 0.4, 0.1], [0.36, 0.31, 0.33], [0.3, 0.25, 0.45])}
_TWO = {"first": _logs(0.7, 0.3), "table": _logs([0.6, 0.4], [0.1, 0.9])}


def _search(model, length=2, width=4, groups=2, strength=0.5, kind="hamming", eos=-1, **more):
    V = len(model["first"])
    vectors = _WORDS if V == 4 else _rng(f"vectors {V}").integers(-8, 9, (V, 3)) / 4 + np.array([0.125, 0.0, 0.0])
    beams = {"length": length, "width": width, "groups": groups, "strength": strength, "kind": kind, "eos": eos}
    return {**model, "vectors": vectors, "temperature": 6.0, "n": 2} | beams | more


def _random(name, V=6):
    rng = _rng(name)
    return {"first": _distributions(rng, V), "table": _distributions(rng, V, V)}


def _paths(model, strength, *rows):
    """A list by hand: tokens, and how many penalties each has paid."""
    raw = [model["first"][w[0]] + sum(model["table"][a, b] for a, b in pairwise(w)) for w, _ in rows]
    longest = max(len(w) for w, _ in rows)
    return {
        "tokens": np.array([[*w, *[-1] * (longest - len(w))] for w, _ in rows]),
        "raw": np.array(raw),
        "score": np.array(raw) - strength * np.array([paid for _, paid in rows]),
    }


_LOW = {
    "first": np.array([-1.0, -600.5, -650.25]),
    "table": np.array([[-1.0, -2.0, -3.0], [-900.5, -700.25, -640.5], [-950.25, -660.5, -690.0]]),
}
_LONG = {"first": np.array([-1.0, -1.25, -2.0, -3.5]), "table": np.tile([-1.0, -1.25, -2.0, -3.5], (4, 1))}


def _long_answer(steps=300):
    tokens: list[int] = []
    theta, score = _LONG["first"], []
    for _ in range(2):
        a = theta - 0.5 * np.array([tokens.count(v) for v in range(4)])
        tokens.append(int(a.argmax()))
        score.append(steps * a.max())
    return {
        "tokens": np.repeat(np.array(tokens)[:, None], steps, axis=1),
        "raw": steps * theta[tokens],
        "score": np.array(score),
        "rows": 2.0 * steps,
    }


SEARCH = (
    Case("two-groups", ("basic", "missing_step", "wrong_order"),
         "the second group begins elsewhere, but its best ends alike",
         _search(_FOUR), equations=("diverse_beam-1", "diverse_beam-10", "diverse_beam-11"), source="worked by hand",
         answer=_paths(_FOUR, 0.5, ((0, 1), 0), ((1, 2), 0), ((0, 1), 2), ((1, 0), 1)) | {"rows": 8.0}),
    Case("plain-beam-search", ("boundary",), "one group: beam search, and no penalty", _search(_FOUR, groups=1,
         strength=0.0),
         equations=("diverse_beam-3", "diverse_beam-9"), source="worked by hand",
         answer=_paths(_FOUR, 0.0, ((0, 1), 0), ((1, 2), 0), ((2, 0), 0), ((0, 2), 0)) | {"rows": 8.0}),
    Case("strong", ("basic", "wrong_constant"), "strength 3 drives the second group away", _search(_FOUR, strength=3.0),
         source="worked by hand",
         answer=_paths(_FOUR, 3.0, ((0, 1), 0), ((1, 2), 0), ((2, 0), 0), ((2, 3), 0)) | {"rows": 8.0}),
    Case("four-groups", ("basic", "missing_step", "known_bug"), "groups of one beam, each penalised for all before it",
         _search(_FOUR, groups=4, strength=1.0), source="worked by hand",
         answer=_paths(_FOUR, 1.0, ((0, 1), 0), ((1, 2), 0), ((0, 1), 2), ((2, 0), 0)) | {"rows": 8.0}),
    Case("forks", ("basic", "wrong_order", "variant"),
         "both survivors of the first group come from one beam: the penalty of step 1 was for what it held then",
         _search(_THREE, strength=1.0), equations=("diverse_beam-10",), source="worked by hand",
         answer=_paths(_THREE, 1.0, ((0, 0), 0), ((0, 1), 0), ((2, 2), 0), ((0, 0), 2)) | {"rows": 8.0}),
    Case("long-tables", ("basic", "missing_step", "known_bug"), "three groups of two beams, six tokens, five steps",
         _search(_random("long tables"), 5, 6, 3, 0.75)),
    Case("three-beams", ("basic", "wrong_order", "known_bug"), "two groups of three beams, seven tokens, six steps",
         _search(_random("three beams", 7), 6, 6, 2, 1.25)),
    Case("ends", ("basic", "known_bug"), "the beam that ends in step 1 counts in step 1, and no longer",
         _search(_END, 3, eos=0), equations=("diverse_beam-8", "diverse_beam-9", "diverse_beam-10"),
         source="worked by hand",
         answer=_paths(_END, 0.5, ((0,), 0), ((1, 2, 0), 0), ((0,), 1), ((1, 2, 0), 3)) | {"rows": 12.0}),
    Case("ends-early", ("basic", "known_bug"), "three groups of two beams with an end, six steps",
         _search(_random("ends early"), 6, 6, 3, 0.8, eos=2), equations=("diverse_beam-8", "diverse_beam-9")),
    Case("ends-together", ("edge_case",), "the end is taken by two earlier beams in one step, and all of a group end",
         _search({"first": _logs(0.1, 0.5, 0.4), "table": _logs([0.4, 0.3, 0.3], [0.85, 0.1, 0.05], [0.8, 0.05, 0.15])},
                 4, 6, 3, 0.4, eos=0), equations=("diverse_beam-8", "diverse_beam-10")),
    Case("all-end", ("edge_case", "known_bug"), "each beam of the first group ends before the last step: it no "
                                                "longer counts",
         _search({"first": _logs(0.7, 0.2, 0.1), "table": _logs([0.2, 0.3, 0.5], [0.9, 0.06, 0.04], [0.5, 0.2, 0.3])},
                 5, 3, 3, 2.0, eos=0), equations=("diverse_beam-8", "diverse_beam-10")),
    Case("ended-below-minus-1000", ("numerics", "known_bug"),
         "beams that have ended stay ended, however low the others are",
         _search(_LOW, 4, 4, 2, 0.5, eos=0), equations=("diverse_beam-8", "diverse_beam-9")),
    Case("more-beams-than-tokens", ("boundary",), "three places, two tokens: in the first step one stays empty",
         _search(_TWO, 2, 6, 2, 1.0), equations=("diverse_beam-2",), source="worked by hand",
         answer=_paths(_TWO, 1.0, ((0, 0), 0), ((0, 1), 0), ((1, 1), 0), ((0, 0), 2), ((0, 1), 3), ((1, 1),
         3)) | {"rows": 12.0}),
    Case("every-sequence", ("boundary",), "as many places as sequences: the whole list, in its order",
         _search(_random("every", 3), 3, 27, 1, 0.0)),
    Case("dead-end", ("edge_case", "numerics"), "tokens that cannot be, and one after which nothing can",
         _search({"first": np.array([-0.5, -1.5, -1.75, NO]),
                  "table": np.array([[NO, -0.25, -2.0, NO], [-1.0, NO, -0.75, -1.5], [NO] * 4, [-0.5, -1.25, NO,
                  -1.0]])},
                 4, 4, 2, 0.6), equations=("diverse_beam-2",)),
    Case("strength-zero", ("boundary",), "strength 0: groups of the same beams", _search(_random("zero"), 4, 6, 3,
         0.0)),
    Case("more-groups-than-tokens", ("edge_case",), "strength 1000 and more groups than tokens: they go round",
         _search(_THREE, 3, 5, 5, 1000.0)),
    Case("one-step", ("boundary",), "T = 1", _search(_random("one"), 1, 6, 3, 0.9)),
    Case("cumulative", ("basic",), "cumulative diversity at temperature 3",
         _search(_random("cumulative"), 5, 6, 3, 2.0, "cumulative", temperature=3.0), equations=("diverse_beam-12",)),
    Case("cumulative-with-an-end", ("basic",), "cumulative diversity at temperature 8, with an end",
         _search(_random("cumulative end"), 4, 6, 3, 2.0, "cumulative", temperature=8.0, eos=4),
         equations=("diverse_beam-12",)),
    Case("bigrams", ("basic",), "bigram diversity", _search(_random("bigrams", 4), 6, 6, 3, 1.0, "ngram"),
         equations=("diverse_beam-13",)),
    Case("bigrams-again", ("basic", "wrong_constant"), "beams that go to and fro: a bigram that one has twice counts "
                                                       "twice",
         _search({"first": _logs(0.6, 0.25, 0.15), "table": _logs([0.05, 0.65, 0.3], [0.7, 0.1, 0.2], [0.45, 0.35,
         0.2])},
                 8, 4, 2, 0.3, "ngram"), equations=("diverse_beam-13",)),
    Case("ties", ("edge_case",), "equal candidates: in the order of their beam, then of their token",
         _search({"first": np.array([-1.0, 0.0, 0.0, -0.5]), "table": np.array([[0.0, 0.0, -1.0, 0.0], [-2.0, 0.0,
         0.0, -3.0],
                 [0.0, -1.5, -2.5, 0.0], [0.0, -0.5, 0.0, 0.0]])}, 3, 3, 1), equations=("diverse_beam-3",)),
    Case("trigrams", ("basic",), "trigram diversity with an end",
         _search(_random("trigrams", 3), 7, 6, 3, 1.5, "ngram", n=3, eos=1), equations=("diverse_beam-13",)),
    Case("embedding", ("basic",), "word vectors", _search(_random("embedding 2"), 5, 6, 3, 0.7, "embedding"),
         equations=("diverse_beam-14",)),
    Case("soft-bigrams", ("basic",), "vectors of bigrams, with an end",
         _search(_random("soft"), 5, 6, 3, 0.3, "soft_ngram", eos=3), equations=("diverse_beam-15",)),
    Case("three-hundred-steps", ("long",), "each of two groups takes one token for ever: the argmax of theta - "
                                           "strength count",
         _search(_LONG, 300, 2, 2, 0.5), answer=_long_answer(), source="closed form"),
    Case("many-tokens", ("large",), "a table of 90,000 entries", _search(_random("large", 300), 3, 4, 2, 0.5)),
)  # fmt: skip


def _clear(make, rng):
    """Random inputs whose answer no rounding can change: the same tokens if each number is moved anew at each use."""
    while True:
        asked = make(rng)
        model, similarity = models.chain(asked["first"], asked["table"]), None if "groups" in asked else dbs.siblings
        shaken = lambda prefixes: (logp := model(prefixes)) * (1 + rng.uniform(-1e-3, 1e-3, logp.shape))
        settings = {name: asked[name] for name in ("length", "width", "strength", "eos")}
        settings |= {"groups": asked.get("groups", 1), "like": asked["first"]}
        found = [dbs.search(shaken, similarity, **settings).tokens for _ in range(4)]
        if all(np.array_equal(tokens, found[0]) for tokens in found):
            return asked


def _some_model(rng):
    V = int(rng.integers(3, 6))
    return {"first": _distributions(rng, V), "table": _distributions(rng, V, V)}


def sample_search(rng):
    def make(rng):
        groups, width = int(rng.integers(1, 4)), int(rng.integers(1, 4))
        eos = int(rng.integers(-1, 3))
        strength = float(np.round(rng.uniform(0.1, 2.0), 2))
        return _search(_some_model(rng), int(rng.integers(1, 5)), groups * width, groups, strength, eos=eos)

    return _clear(make, rng)


def _siblings(model, length=2, width=3, strength=0.5, eos=-1):
    return {**model, "length": length, "width": width, "strength": strength, "eos": eos}


SIBLING_RANK = (
    Case("three-beams", ("basic", "wrong_constant"), "three beams, two steps: the rank of each step is paid",
         _siblings(_FOUR), equations=("diverse_beam-16",), source="worked by hand",
         answer=_paths(_FOUR, 0.5, ((0, 1), 2), ((1, 2), 3), ((0, 2), 3))),
    Case("four-steps", ("basic", "missing_step"), "four beams, six tokens, four steps",
         _siblings(_random("siblings 2"), 4, 4, 0.4), equations=("diverse_beam-16",)),
    Case("strong", ("basic",), "strength 5: each beam has about one child", _siblings(_random("strong"), 4, 3, 5.0)),
    Case("with-an-end", ("basic", "known_bug"), "an end, five steps", _siblings(_random("end"), 5, 4, 0.3, 1),
         equations=("diverse_beam-8", "diverse_beam-16")),
    Case("best-ends-first", ("edge_case", "known_bug"), "the best beam ends at once, and better ones than the first "
                                                        "to end "
         "follow", _siblings({"first": _logs(0.4, 0.35, 0.25), "table": _logs([0.2, 0.5, 0.3], [0.96, 0.03, 0.01],
                             [0.9, 0.04, 0.06])}, 4, 2, 0.02, 0), equations=("diverse_beam-8", "diverse_beam-9")),
    Case("worst-ends-first", ("edge_case", "known_bug"), "beams that end late push those that ended early off the list",
         _siblings({"first": _logs(0.3, 0.6, 0.1), "table": _logs([0.3, 0.3, 0.4], [0.3, 0.1, 0.6], [0.9, 0.06, 0.04])},
                   4, 2, 0.02, 0), equations=("diverse_beam-9",)),
    Case("ended-below-minus-1000", ("numerics", "known_bug"),
         "beams that have ended stay ended, however low the others are",
         _siblings(_LOW, 4, 2, 0.5, 0), equations=("diverse_beam-8", "diverse_beam-9")),
    Case("equal-tokens", ("edge_case",), "equal tokens of one beam: the lower one has the better rank",
         _siblings({"first": np.array([-0.5, 0.0, 0.0, -1.0]), "table": np.array([[-0.03, -0.03, -0.03, -0.28],
                   [-1.0, -0.06, -2.0, -0.06], [-0.1, -0.6, -0.1, -3.0], [-0.17, -0.17, -1.0, -1.0]])}, 3, 2, 0.75),
                   equations=("diverse_beam-16",)),
    Case("strength-zero", ("boundary",), "strength 0: beam search", _siblings(_random("zero"), 4, 4, 0.0)),
    Case("one-beam", ("boundary",), "one beam takes its best token", _siblings(_random("one"), 4, 1, 1.0)),
    Case("dead-end", ("edge_case", "numerics"), "what cannot be has a rank, and is never taken",
         _siblings({"first": np.array([NO, -0.25, -1.5]), "table": np.array([[-1.0, NO, -0.5], [-0.75, -0.625, NO],
         [NO, NO, -0.1]])},
                   4, 3, 0.5), equations=("diverse_beam-2", "diverse_beam-16")),
    Case("three-hundred-steps", ("long",), "300 steps of one beam", _siblings(_random("long", 4), 300, 1, 0.3)),
    Case("many-tokens", ("large",), "a table of 90,000 entries", _siblings(_random("large", 300), 3, 3, 0.01)),
)  # fmt: skip


def sample_sibling_rank(rng):
    def make(rng):
        beams = int(rng.integers(1, 5)), int(rng.integers(1, 4)), float(np.round(rng.uniform(0.1, 2.0), 2))
        return _siblings(_some_model(rng), *beams, int(rng.integers(-1, 3)))

    return _clear(make, rng)


# Lists ---------------------------------------------------------------------------------------------------------------


def _list(tokens, references, n=1, k=1):
    return {"tokens": np.array(tokens), "references": np.array(references), "n": n, "k": k}


_HERE, _SAID = [[1, 2, 3], [1, 2, 4], [5, 5, 2]], [[1, 2, 4], [3, 2, 1], [5, 2, 2]]
LIST_METRICS = (
    Case("two-words-apart", ("basic", "wrong_constant"), "distinct words over all words, best of the first two",
         _list(_HERE, _SAID, 1, 2), equations=("diverse_beam-18", "diverse_beam-19", "diverse_beam-20")),
    Case("bigrams", ("basic", "wrong_constant"), "distinct bigrams are divided by the words, not by the bigrams",
         _list([[1, 2, 3], [1, 2, 4]], _SAID, 2, 2), equations=("diverse_beam-18",), source="counted by hand",
         answer={"distinct_n": np.array(0.5), "oracle_k": np.array((1 + (1 + 0) / 2 + (1 / 3 + 0) / 2) / 3),
                 "top_1": np.array(((2 / 3 + 1 / 2) / 2 + (1 + 0) / 2 + (1 / 3 + 0) / 2) / 3)}),
    Case("repeated-words", ("edge_case", "wrong_constant"), "matches are clipped: a word said once is matched once",
         _list([[2, 2, 2, 2], [1, 2, 2, 1]], [[2, 1, 1, 3], [2, 2, 3, 3]], 1, 2), equations=("diverse_beam-19",)),
    Case("other-lengths", ("basic",), "sequences that end early", _list(
        [[4, 2, 2, 1], [4, -1, -1, -1], [2, 1, -1, -1], [-1, -1, -1, -1]], [[4, 2, 1, -1, -1], [2, 2, 1, 4, 4]], 2, 3),
        equations=("diverse_beam-18", "diverse_beam-19")),
    Case("all-of-them", ("basic", "wrong_order"), "k = B: each reference has its own best",
         _list(_HERE, _SAID, 2, 3), equations=("diverse_beam-20",)),
    Case("one-word", ("boundary",), "sequences of one word have no bigram", _list([[7], [3]], [[3]], 2, 2)),
    Case("too-short", ("boundary",), "n beyond the length: no n-gram", _list(_HERE, _SAID, 4, 1)),
    Case("three-hundred-words", ("long",), "sequences of 300 words",
         _list(_rng("long").integers(0, 12, (4, 300)), _rng("said").integers(0, 12, (3, 280)), 2, 3)),
    Case("many-words", ("large",), "20,000 words",
         _list(_rng("many").integers(0, 500, (2, 10_000)), _rng("many said").integers(0, 500, (1, 10_000)), 2, 2)),
)  # fmt: skip


def sample_list_metrics(rng):
    B, T, R, U = (int(rng.integers(1, 5)) for _ in range(4))
    tokens, references = rng.integers(0, 4, (B, T)), rng.integers(0, 4, (R, U))
    for rows in (tokens[1:], references):
        for row in rows:
            row[int(rng.integers(0, len(row) + 1)) :] = -1
    return _list(tokens, references, int(rng.integers(1, 3)), int(rng.integers(1, B + 1)))
