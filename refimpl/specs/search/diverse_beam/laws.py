"""Checks of the operations of diverse beam search that need no answer."""

import math
from itertools import pairwise

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import doubled_along, related, reversed_along, scales


def _same(outputs):
    return {}


def _mirrored(tokens, V):
    """Token v becomes V - 1 - v; what is none stays."""
    return array_namespace(tokens).where(tokens >= 0, V - 1 - tokens, tokens)


def _renamed(run, inputs):
    xp = array_namespace(inputs["logp"])
    before = run(**inputs)
    after = run(**inputs | {name: xp.flip(inputs[name], axis=1) for name in ("logp", "penalty")})
    for name in before:
        yield after[name], _mirrored(before[name], inputs["logp"].shape[1]) if name == "tokens" else before[name]


_PLAIN = ("two-beams", "four-beams", "rows-apart")
GROUP_STEP = (
    related(
        "shift",
        "1/2 more on each log-probability is 1/2 more on the scores, and changes no choice",
        lambda i: {"logp": i["logp"] + 0.5},
        lambda o: {"new_score": o["new_score"] + 0.5, "new_raw": o["new_raw"] + 0.5},
        *_PLAIN,
    ),
    Law("renamed", "tokens in reverse order are chosen in reverse order", _renamed, _PLAIN),
    related(
        "no-penalty",
        "without a penalty its strength does nothing",
        lambda i: {"penalty": 0.0 * i["penalty"]},
        _same,
        "strength-zero",
    ),
    scales({"logp": 1, "score": 1, "raw": 1, "strength": 1}, {"new_score": 1, "new_raw": 1}, *_PLAIN),
    related("twice-as-strong", "half of the penalty at twice the strength is the same",
            lambda i: {"penalty": 0.5 * i["penalty"], "strength": 2 * i["strength"]}, _same, *_PLAIN),
)  # fmt: skip


def _own_ignored(run, inputs):
    own = inputs["own"]
    yield run(**inputs | {"own": array_namespace(own).zeros_like(own)})["S"], run(**inputs)["S"]


def _hot(run, inputs):
    """exp(-k / 2^40) is 1 - k / 2^40: but for that, one for each group."""
    S = run(**inputs | {"temperature": 2.0**60})["S"]
    there = array_namespace(inputs["earlier"]).any(inputs["earlier"][:, :, -1] >= 0, axis=1)
    groups = sum(float(bool(there[h])) for h in range(there.shape[0]))
    yield S, 0.0 * S + groups


_EACH = ("hamming", "cumulative-two-groups", "bigrams-twice", "embedding", "soft-bigrams", "cumulative-missing")
PENALTY = (
    reversed_along("h", *_EACH, slug="groups-reordered"),
    reversed_along("c", *_EACH, slug="beams-reordered"),
    related(
        "additive",
        "each group twice doubles the penalty",
        lambda i: {"earlier": array_namespace(i["earlier"]).concat([i["earlier"]] * 2)},
        lambda o: {"S": 2 * o["S"]},
        *_EACH,
    ),
    doubled_along("b", *_EACH, slug="own-doubled"),
    Law("own-ignored", "the prefix does not count for the Hamming form and for word vectors", _own_ignored,
        ("hamming", "missing-beams", "embedding")),
    Law("hot", "at a high temperature each group that is there counts 1", _hot, ("cumulative-two-groups",
        "cumulative-missing")),
    scales({"vectors": 1}, {}, "embedding", "soft-bigrams", slug="scales"),
)  # fmt: skip


def _fewer_groups(run, inputs):
    whole, own = run(**inputs), inputs["width"] // inputs["groups"]
    fewer = run(**inputs | {"groups": inputs["groups"] - 1, "width": inputs["width"] - own})
    for name in ("tokens", "score", "raw"):
        yield fewer[name], whole[name][: inputs["width"] - own, ...]


def _path(run, inputs):
    """Theta is the sum of the log-probabilities along the path."""
    out, first, table = run(**inputs), inputs["first"], inputs["table"]
    xp, tokens, V = array_namespace(first), out["tokens"], first.shape[0]
    there = tokens >= 0
    words = xp.astype(xp.where(there & (tokens < V), tokens, 0), xp.int64)
    total = xp.take(first, words[:, 0])
    for t in range(1, words.shape[1]):
        more = xp.take(xp.reshape(table, (-1,)), words[:, t - 1] * V + words[:, t])
        total = total + xp.where(there[:, t], more, 0.0)
    yield out["raw"], xp.where(there[:, 0], total, -math.inf)


def _paid(run, inputs):
    """With groups of one beam: s is Theta less the strength for each earlier beam with the same token in a step."""
    out = run(**inputs)
    xp, tokens = array_namespace(out["tokens"]), out["tokens"]
    same = xp.sum(xp.astype(tokens[:, None, :] == tokens[None, :, :], xp.float64), axis=-1)
    yield out["score"], out["raw"] - inputs["strength"] * xp.sum(xp.tril(same, k=-1), axis=1)


def _rows(run, inputs):
    yield run(**inputs)["rows"], 0.0 * inputs["first"][0] + float(inputs["length"] * inputs["width"])


def _vocabulary(inputs):
    """Tokens in reverse order."""
    xp = array_namespace(inputs["first"])
    found = {"first": xp.flip(inputs["first"]), "table": xp.flip(inputs["table"])}
    V = inputs["first"].shape[0]
    return (
        found
        | {"vectors": xp.flip(inputs["vectors"], axis=0)}
        | ({"eos": V - 1 - inputs["eos"]} if inputs["eos"] >= 0 else {})
    )


def _turned(run, inputs):
    before, after = run(**inputs), run(**inputs | _vocabulary(inputs))
    for name in before:
        yield after[name], _mirrored(before[name], inputs["first"].shape[0]) if name == "tokens" else before[name]


_GROUPS = ("long-tables", "three-beams", "ends-early", "cumulative", "bigrams", "embedding", "four-groups")
_TABLES = {"first": 1, "table": 1, "strength": 1}
SEARCH = (
    Law("fewer-groups", "without the last group the others are the same", _fewer_groups, _GROUPS),
    related("one-group", "the strength does nothing to one group", lambda i: {"strength": 0.25 + i["strength"]}, _same,
            "plain-beam-search"),
    Law("path", "raw is the log-probability of the tokens", _path, _GROUPS),
    Law("paid", "in groups of one beam each earlier beam with the same token costs the strength", _paid,
        ("four-groups", "more-groups-than-tokens")),
    Law("rows", "without an end the model is asked for width prefixes in each step", _rows, ("long-tables",
    "four-groups")),
    Law("renamed", "tokens in reverse order are chosen in reverse order", _turned, ("long-tables", "ends-early",
        "embedding")),
    scales(_TABLES, {"score": 1, "raw": 1}, "long-tables", "ends-early", "cumulative"),
)  # fmt: skip


def _unpenalised(run, inputs):
    """One beam takes the same tokens at any strength, and pays for the first rank in each step."""
    before, after = run(**inputs | {"strength": 0.0}), run(**inputs)
    yield after["tokens"], before["tokens"]
    yield after["score"], before["score"] - inputs["strength"] * float(inputs["length"])


SIBLING_RANK = (
    Law("one-beam", "one beam takes the same tokens at any strength", _unpenalised, ("one-beam",)),
    Law("path", "raw is the log-probability of the tokens", _path, ("four-steps", "with-an-end", "strong")),
    scales(_TABLES, {"score": 1, "raw": 1}, "four-steps", "with-an-end"),
)


def _oracles(run, inputs):
    """The oracle never falls as k grows, begins with the top-1, and does not mind what has been there already."""
    oracles = [run(**inputs | {"k": k})["oracle_k"] for k in range(1, inputs["tokens"].shape[0] + 1)]
    yield oracles[0], run(**inputs)["top_1"]
    for a, b in pairwise(oracles):
        yield array_namespace(a).minimum(a, b), a


def _reordered(run, inputs):
    xp = array_namespace(inputs["tokens"])
    turned = run(**inputs | {"tokens": xp.flip(inputs["tokens"], axis=0)})
    yield turned["distinct_n"], run(**inputs)["distinct_n"]


def _renumbered(inputs):
    return {name: array_namespace(inputs[name]).where(inputs[name] >= 0, 3 * inputs[name] + 1, -1)
            for name in ("tokens", "references")}  # fmt: skip


def _twice(run, inputs):
    xp = array_namespace(inputs["tokens"])
    twice = run(**inputs | {"tokens": xp.concat([inputs["tokens"]] * 2)})
    yield twice["distinct_n"], run(**inputs)["distinct_n"] / 2


_LISTS = ("two-words-apart", "other-lengths", "all-of-them")
LIST_METRICS = (
    Law("oracle-rises", "the oracle begins with the top-1 and rises with k", _oracles, _LISTS),
    Law("reordered", "the order of the list does not count for distinct n-grams", _reordered, _LISTS),
    Law("twice", "the whole list twice halves the distinct n-grams", _twice, _LISTS),
    related("renamed", "other numbers for the tokens change nothing", _renumbered, _same, *_LISTS),
    reversed_along("R", *_LISTS, slug="references-reordered"),
)
