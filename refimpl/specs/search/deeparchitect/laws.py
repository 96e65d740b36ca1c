"""Checks of the operations of DeepArchitect that need no answer."""

import json

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, related, reversed_along, scaled, scales
from refimpl.specs.search.deeparchitect import exact


def _same(outputs):
    return {}


# Spaces


def _later_choices(run, inputs):
    """The same beginning, then the first value at each choice."""
    whole, xp = run(**inputs)["offered"], array_namespace(inputs["history"])
    T = inputs["history"].shape[0]
    for t in {1, T // 2, T - 1}:
        begun = [int(inputs["history"][j]) for j in range(t)]
        dims = [int(inputs["in_dims"][j]) for j in range(inputs["in_dims"].shape[0])]
        taken = exact.walked(inputs["space"], dims, begun).taken
        other = run(**inputs | {"history": xp.asarray(taken, dtype=inputs["history"].dtype)})["offered"]
        yield other[: t + 1], whole[: t + 1]


def _wrapped(*kinds):
    """The space inside other modules that leave it as it is."""

    def change(inputs):
        tree = json.loads(inputs["space"])
        for kind in kinds:
            tree = [kind, tree]
        return {"space": json.dumps(tree)}

    return change


def _one_more(run, inputs):
    """A Sigmoid at the end is a row at the end."""
    tree = ["Concat", json.loads(inputs["space"]), ["Sigmoid"]]
    before, after = run(**inputs), run(**inputs | {"space": json.dumps(tree)})
    yield after["layers"][:-1, ...], before["layers"]
    yield after["layers"][-1, :1], 0.0 * before["layers"][0, :1] + 5.0
    yield after["dims"], before["dims"]
    yield after["offered"], before["offered"]


_WALKS = ("example", "three-copies", "tied-copies", "swapped", "nested", "residual-inside")
WALK = (
    Law("later-choices", "what is offered does not depend on later choices", _later_choices, _WALKS),
    related("wrapped", "in a Concat, and in an Or of one branch, it is the same", _wrapped("Concat", "Or"), _same,
            *_WALKS),
    Law("one-more", "a Sigmoid at the end is one row more", _one_more, _WALKS),
)  # fmt: skip


def _adds_up(run, inputs):
    out = run(**inputs)
    yield array_namespace(out["probabilities"]).sum(out["probabilities"]), 0.0 * out["probabilities"][0] + 1.0
    yield 0 * out["models"] + out["probabilities"].shape[0], out["models"]


def _combined(kind, together):
    """The space beside a choice of three."""

    def pairs(run, inputs):
        tree = [kind, ["Affine", [3, 4, 5]], json.loads(inputs["space"])]
        yield run(**inputs | {"space": json.dumps(tree)})["models"], together(run(**inputs)["models"])

    return pairs


_COUNTS = ("example", "repeat", "tied", "swapped", "uneven-halves")
COUNT = (
    Law("adds-up", "probabilities of all leaves add up to 1, and there are as many as networks", _adds_up, _COUNTS),
    Law("or-adds", "an Or with three others has three more", _combined("Or", lambda n: n + 3), _COUNTS),
    Law("concat-multiplies", "three values before it make three times as many", _combined("Concat", lambda n: 3 * n),
        _COUNTS),
)  # fmt: skip


# Choices


def _lengths(run, inputs):
    """Of all values: lengths are the logarithm, rounded down or up, and they fill the tree."""
    n, xp = inputs["n"], array_namespace(inputs["values"])
    paths = run(n=n, values=xp.arange(n, dtype=inputs["values"].dtype))["paths"]
    length = xp.sum(xp.astype(paths >= 0, xp.float64), axis=1)
    yield xp.clip(length, min=float(n.bit_length() - 1), max=float((n - 1).bit_length())), length
    yield xp.sum(0.5**length), 0.0 * length[0] + 1.0


BISECT = (
    Law("fills-the-tree", "paths are log2 n long, rounded down or up, and the sum of 2**-length is 1", _lengths,
        ("three", "five", "six", "eleven", "thirty-two")),
    apart("B", "six", "thirty-two", slug="values-apart"),
    reversed_along("B", "eleven", "thirty-two"),
)  # fmt: skip


def _offset(inputs):
    visits = array_namespace(inputs["sums"]).astype(inputs["visits"], inputs["sums"].dtype)
    return {"sums": inputs["sums"] + 0.5 * visits}


_CHILDREN = ("ten-visits", "little-exploration", "parent-counts-more", "negative-scores")
UCT_SELECT = (
    scaled("scaled", "sums and c times 4 give scores times 4, and the same child", 4.0, {"sums": 1, "c": 1},
           {"scores": 1}, *_CHILDREN, "tied-in-the-middle", "some-unvisited"),
    scales({"sums": 1, "c": 1}, {"scores": 1}, *_CHILDREN),
    related("offset", "1/2 more on each score is 1/2 more on the bounds", _offset,
            lambda o: {"scores": o["scores"] + 0.5}, *_CHILDREN),
)  # fmt: skip


def _shorter(run, inputs):
    whole = run(**inputs)["leaves"]
    T = inputs["ties"].shape[0]
    for t in {1, T // 2, T - 1}:
        yield run(**inputs | {name: inputs[name][:t, :] for name in ("ties", "rolls")})["leaves"], whole[:t]


def _unreached(run, inputs):
    """Scores of leaves that were never reached are of no account."""
    before, xp = run(**inputs), array_namespace(inputs["scores"])
    number = xp.arange(inputs["scores"].shape[0], dtype=before["leaves"].dtype)
    reached = xp.any(before["leaves"][:, None] == number, axis=0)
    after = run(**inputs | {"scores": xp.where(reached, inputs["scores"], inputs["scores"] + 9.0)})
    for name in before:
        yield after[name], before[name]


def _visits(run, inputs):
    """The first evaluation stops at the root; each other one visits one of its children."""
    out = run(**inputs)
    yield array_namespace(out["visits"]).sum(out["visits"]), 0 * out["visits"][0] + inputs["ties"].shape[0] - 1


_SEARCHES = ("three-choices", "by-halves", "negative-scores")
MCTS = (
    causal("T", *_SEARCHES),
    Law("unreached", "scores of leaves that were never reached are of no account", _unreached, _SEARCHES),
    Law("visits", "children of the root have one visit less than there were evaluations", _visits, _SEARCHES),
    scaled("scaled", "scores and c times 4: the same leaves, and sums times 4", 4.0, {"scores": 1, "c": 1},
           {"sums": 1}, *_SEARCHES),
    scales({"scores": 1, "c": 1}, {"sums": 1}, *_SEARCHES),
)  # fmt: skip


# Surrogate and layers


_KNOWN = ("two-networks", "types-alone", "empty-between", "residual")
FEATURES = (
    apart("C", *_KNOWN, slug="networks-apart"),
    reversed_along("B", *_KNOWN, slug="evaluated-reordered"),
    related("known-twice", "with all evaluated twice, what must occur twice as often is the same",
            lambda i: {"evaluated": array_namespace(i["evaluated"]).concat([i["evaluated"]] * 2),
                       "least": 2 * i["least"]}, _same, *_KNOWN, "three-times"),
)  # fmt: skip


def _level(inputs):
    return {"y": inputs["y"] + 0.5}


_STEPS = ("five-networks", "explores", "more-features-than-networks", "weak-penalty")
SMBO_STEP = (
    reversed_along("n", *_STEPS, slug="data-reordered"),
    related("level", "1/2 more on each score is 1/2 more on the predictions", _level,
            lambda o: {"predictions": o["predictions"] + 0.5}, *_STEPS),
    scales({"y": 1}, {"predictions": 1}, *_STEPS),
    scales({"X": 1, "candidates": 1, "penalty": 2}, {}, *_STEPS, slug="scales-of-features"),
    reversed_along("p", *_STEPS, slug="features-reordered"),
)  # fmt: skip


def _exchanged(inputs):
    return {"x": inputs["b"], "x_dims": inputs["b_dims"], "b": inputs["x"], "b_dims": inputs["x_dims"]}


_SUMS = ("wider-output", "each-wider-once", "images", "other-ranks")
RESIDUAL = (
    related("exchanged", "input and output may change places", _exchanged, _same, *_SUMS),
    scales({"x": 1, "b": 1}, {"total": 1}, *_SUMS),
    related("nothing", "an output of zeros adds nothing", lambda i: {"b": 0 * i["b"], "x": 0 * i["x"]},
            lambda o: {"total": 0 * o["total"]}, *_SUMS),
)  # fmt: skip

_DROPS = ("most-are-kept", "few-are-kept", "evaluation")
DROPOUT = (
    apart("d", *_DROPS),
    scales({"x": 1}, {"y": 1}, *_DROPS),
    reversed_along("n", *_DROPS, slug="samples-reordered"),
)
