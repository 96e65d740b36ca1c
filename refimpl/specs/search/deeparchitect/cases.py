"""Inputs of the operations of DeepArchitect under permanent names, and random ones."""

import json

import numpy as np

from refimpl.core.arrays import to_numpy
from refimpl.core.random import stream
from refimpl.search.deeparchitect import KINDS, PADDINGS
from refimpl.specs.base import Case
from refimpl.specs.search.deeparchitect import exact
from refimpl.specs.sizes import LARGE, large

_DROP = ["Optional", ["Dropout", [0.5, 0.875]]]
_SMALL = ["Concat", ["Affine", [4, 8]], ["Or", ["ReLU"], ["Concat", ["Tanh"], _DROP]], ["Affine", [2]]]
_BLOCK = ["Concat", ["Affine", [8, 16, 32]], ["Or", ["ReLU"], ["Tanh"]]]
_CONV = ["Concat", ["Conv2D", [4, 8], [3, 5], [1, 2], ["SAME", "VALID"]], ["Or", ["ReLU"], ["BatchNorm"]]]
_TREES = {
    "example": _SMALL,
    "example-halved": ["ChoiceBisection", _SMALL],
    "one": ["Concat", ["Affine", [4]], ["ReLU"], ["Repeat", ["Tanh"], [2]], ["Or", ["Sigmoid"]], ["Or", ["ReLU"],
            ["BatchNorm"]]],
    "maybe": ["Concat", ["Optional", ["ReLU"]], ["Optional", ["BatchNorm"]]],
    "copies": ["Concat", ["Repeat", ["Or", ["ReLU"], ["Tanh"]], [1, 2]], _DROP],
    "tied-copies": ["Concat", ["RepeatTied", ["Or", ["ReLU"], ["Tanh"]], [1, 2]], _DROP],
    "thirds": ["ChoiceBisection", ["Concat", ["Affine", [3, 4, 5]], ["Affine", [6, 7, 8]], ["Affine", [1, 2, 3, 4]]]],
    "repeat": ["Concat", ["Repeat", _BLOCK, [1, 3, 2]], ["Affine", [10]]],
    "tied": ["Concat", ["Sigmoid"], ["RepeatTied", _BLOCK, [1, 3, 2]], ["Affine", [10, 12]]],
    "tied-halved": ["Concat", ["ChoiceBisection", ["RepeatTied", _BLOCK, [2, 4, 3]]], ["Dropout", [0.5, 0.75, 0.875]]],
    "swapped": ["Concat", ["MaybeSwap", ["Affine", [3, 5, 7]], _DROP], ["MaybeSwap", ["ReLU"], ["BatchNorm"]]],
    "residual": ["Concat", ["Residual", ["Concat", ["Affine", [2, 6]], ["Or", ["Tanh"], ["Sigmoid"]]]],
                 ["Residual", ["Empty"]], ["Or", ["ReLU"], ["Empty"]]],
    "residual-twice": ["RepeatTied", ["Residual", ["Concat", ["Residual", ["Affine", [2, 9]]], ["ReLU"]]], [1, 2]],
    "convolutions": ["Concat", ["RepeatTied", _CONV, [1, 2]], ["MaxPool2D", [2, 3], [2], ["VALID"]],
                     ["Residual", ["AvgPool2D", [2], [1, 2], ["SAME", "VALID"]]], ["Or", ["Affine", [5]], ["Empty"]]],
    "rates": ["Concat", ["UserHyperparams", [0.001, 0.01, 0.1, 0.5, 1], [0, 0.875]], ["Optional", ["Residual",
              ["Affine", [7, 9, 11]]]], ["Concat", ["Concat", ["Sigmoid"], ["Affine", [6, 3]]], ["Empty"]]],
    "rates-halved": ["ChoiceBisection", ["Concat", ["UserHyperparams", [1, 2, 3, 4, 5, 6, 7], [0, 0.5, 1]],
                     ["Or", ["ReLU"], ["Tanh"], ["Sigmoid"]], ["Repeat", ["Affine", [4, 8]], [1, 2, 3]]]],
    "long": ["Repeat", ["Or", ["ReLU"], ["Tanh"]], [1, 299]],
    "sixty": ["Repeat", ["Or", ["ReLU"], ["Tanh"]], [60, 1]],
    "reference": ["Concat", *[["Affine", list(range(2, 17))]] * 2, *[["Or", ["ReLU"], ["Tanh"], ["Sigmoid"]]] * 2],
    "digits": ["Concat", ["UserHyperparams", list(range(32)), [0, 0.875]], ["Repeat", ["Concat", ["Affine",
               list(range(8, 72, 8))], ["Or", ["ReLU"], ["Tanh"]], ["Optional", ["Dropout", [0.5, 0.625, 0.75,
               0.875]]]], [1, 2, 3]], ["Affine", [10]]],
}  # fmt: skip
SPACES = {name: json.dumps(tree, separators=(",", ":")) for name, tree in _TREES.items()}


def ints(*values):
    """A list of integers as an array."""
    return np.array(values, dtype=np.int64)


def filled(value, *shape):
    """An array of one value."""
    return np.full(shape, value)


def _rng(name):
    return stream(0, "deeparchitect-case", name)


def rows(entries):
    """Layers as rows of numbers, -1 at their ends."""
    number = lambda value: PADDINGS.index(value) if isinstance(value, str) else value
    table = [[KINDS.index(kind), *map(number, values)] for kind, *values in entries]
    width = max(map(len, table))
    return np.array([row + [-1] * (width - len(row)) for row in table], dtype=float)


def models(table):
    """Layers of each network, from rows of numbers."""
    return [
        [(KINDS[int(row[0])], *(x for x in row[1:] if x >= 0)) for row in network.tolist() if row[0] >= 0]
        for network in to_numpy(table)
    ]


def are_rows(table):
    """Whether rows are modules, with -1 at the ends alone."""
    there, kinds = table >= 0, table[..., 0]
    return bool(
        np.all(there[..., :-1] | ~there[..., 1:])
        and np.all(there[:, :-1, 0] | ~there[:, 1:, 0])
        and np.all(kinds < len(KINDS))
    )


# Spaces --------------------------------------------------------------------------------------------------------------


def _walk(name, *history, dims=(3,)):
    return {"space": SPACES[name], "in_dims": ints(*dims), "history": ints(*history)}


WALK = (
    Case("example", ("basic", "missing_step", "wrong_order"), "Affine 4, Tanh, Dropout 0.875, and an Affine that asks "
         "nothing", _walk("example", 0, 1, 1, 1), equations=("deeparchitect-3", "deeparchitect-4"),
         source="worked by hand",
         answer={"layers": np.array([[2, 4], [4, -1], [6, 0.875], [2, 2]]), "dims": ints(2), "offered": ints(2, 2, 2,
                 2)}),
    Case("empty-counts", ("basic",), "Optional without its module is an Empty, which is a layer",
         _walk("example", 1, 1, 0), equations=("deeparchitect-1",)),
    Case("one-choice", ("boundary", "missing_step"), "where there is one value there is no choice", _walk("one", 1),
         equations=("deeparchitect-3",), source="worked by hand", answer={"layers": np.array([[2, 4], [3, -1], [4, -1],
         [4, -1], [5, -1], [7, -1]]), "dims": ints(4), "offered": ints(2)}),
    Case("halves", ("basic", "wrong_order"), "all choices by halves: with two values each that is no other tree",
         _walk("example-halved", 1, 1, 1, 0), equations=("deeparchitect-11",)),
    Case("uneven-halves", ("basic", "wrong_constant", "known_bug"), "seven values, then three branches: the lower half "
         "is the shorter one", _walk("rates-halved", 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1), equations=("deeparchitect-11",)),
    Case("lower-halves", ("basic",), "three values: the lower half is one value",
         _walk("rates-halved", 1, 1, 0, 0, 0, 0, 1), equations=("deeparchitect-11",)),
    Case("three-copies", ("basic", "missing_step", "known_bug"), "each copy of a Repeat makes its own choices",
         _walk("repeat", 1, 0, 1, 2, 0, 1, 1), equations=("deeparchitect-5",)),
    Case("one-copy", ("boundary",), "a Repeat of one", _walk("repeat", 0, 2, 1), equations=("deeparchitect-5",)),
    Case("tied-copies", ("basic", "missing_step", "known_bug"),
         "the first copy alone makes choices, and the others follow", _walk("tied", 1, 1, 1, 0),
         equations=("deeparchitect-6",)),
    Case("tied-by-halves", ("basic", "known_bug"), "tied copies, chosen by halves; after them choices are plain again",
         _walk("tied-halved", 1, 0, 1, 1, 0, 2), equations=("deeparchitect-6", "deeparchitect-11")),
    Case("swapped", ("basic", "wrong_order"), "the second module first, and its choices first",
         _walk("swapped", 1, 1, 0, 2, 1), equations=("deeparchitect-2",)),
    Case("not-swapped", ("basic", "wrong_order"), "in the order in which they are written",
         _walk("swapped", 0, 2, 0, 0), equations=("deeparchitect-2",)),
    Case("swapped-without-a-module", ("edge_case", "wrong_order"), "the second module is left out, and comes first",
         _walk("swapped", 1, 0, 0, 1), equations=("deeparchitect-2",)),
    Case("optional", ("basic", "wrong_order"), "0 leaves a module out, 1 takes it", _walk("maybe", 1, 0),
         equations=("deeparchitect-1",)),
    Case("two-copies-differ", ("basic", "known_bug"), "ReLU, Tanh, and no Dropout: the second copy chooses for itself",
         _walk("copies", 1, 0, 1, 0), equations=("deeparchitect-5",)),
    Case("two-tied-copies", ("basic", "known_bug"), "ReLU, ReLU, Dropout: the second copy asks nothing",
         _walk("tied-copies", 1, 0, 1, 0), equations=("deeparchitect-6",)),
    Case("thirds-by-halves", ("basic", "wrong_constant"), "0 and 11 of three values each, then 01 of four",
         _walk("thirds", 0, 1, 1, 0, 1), equations=("deeparchitect-11",)),
    Case("wider-inside", ("basic", "known_bug"), "a Residual is as wide as the wider of both",
         _walk("residual", 1, 1, 0), equations=("deeparchitect-7", "deeparchitect-8")),
    Case("narrower-inside", ("basic", "known_bug"), "and as the input, if that is wider", _walk("residual", 0, 0, 1),
         equations=("deeparchitect-7", "deeparchitect-8")),
    Case("flattened", ("edge_case",), "input and output of other ranks: both are flattened",
         _walk("residual", 1, 0, 0, dims=(2, 2, 3)), equations=("deeparchitect-8",)),
    Case("residual-inside", ("edge_case", "known_bug"), "a Residual in a Residual, twice",
         _walk("residual-twice", 1, 0, dims=(4, 2)), equations=("deeparchitect-6", "deeparchitect-7")),
    Case("images", ("basic", "wrong_constant"), "two tied convolutions of stride 2 with SAME padding",
         _walk("convolutions", 1, 1, 0, 1, 0, 0, 1, 0, 0, 1, dims=(53, 47, 3)), equations=("deeparchitect-9",)),
    Case("images-valid", ("basic", "wrong_constant"), "VALID windows of 5, stride 2, twice; windows of 3",
         _walk("convolutions", 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, dims=(59, 64, 2)), equations=("deeparchitect-9",)),
    Case("image-to-vector", ("basic",), "an Affine flattens an image", _walk("convolutions", 0, 0, 0, 0, 1, 0, 0, 1, 0,
         0, dims=(9, 8, 1)), equations=("deeparchitect-9",)),
    Case("nested", ("basic", "wrong_order"), "what stands inside comes before what follows", _walk("rates", 3, 1, 1, 2,
         1, dims=(8,)), equations=("deeparchitect-4", "deeparchitect-10")),
    Case("no-residual", ("basic",), "an Empty in its place, and shape-preserving modules", _walk("rates", 4, 0, 0, 0,
         dims=(5, 2)), equations=("deeparchitect-1",)),
    Case("digits", ("basic",), "the space of the experiments", _walk("digits", 21, 1, 2, 5, 0, 1, 3, 2, 1, 0, 7, 0, 0,
         dims=(64,))),
    Case("three-hundred-choices", ("long",), "299 choices in series",
         _walk("long", 1, *(int(x) for x in _rng("long").integers(0, 2, 299)))),
)  # fmt: skip


def _history(name, dims, rng):
    """A random path."""
    history: list[int] = []
    while True:
        found = exact.walked(SPACES[name], list(dims), history)
        if len(history) == len(found.taken):
            return _walk(name, *history, dims=dims)
        history = [*history, int(rng.integers(0, found.offered[len(history)]))]


_IMAGE = (32, 29, 3)


def sample_walk(rng):
    name = str(rng.choice([name for name in SPACES if name not in ("long", "sixty")]))
    return _history(name, _IMAGE if name == "convolutions" else tuple(rng.integers(1, 9, rng.integers(1, 3))), rng)


def _count(name, most, dims=(3,)):
    return {"space": SPACES[name], "in_dims": ints(*dims), "most": most}


COUNT = (
    Case("example", ("basic", "missing_step"), "eight networks, and how likely each is: not all alike",
         _count("example", 10), equations=("deeparchitect-13", "deeparchitect-14", "deeparchitect-17"),
         source="worked by hand", answer={"models": np.array(8), "probabilities": np.array([4, 2, 1, 1] * 2) / 16}),
    Case("example-by-halves", ("basic",), "the same by halves", _count("example-halved", 10)),
    Case("uneven-halves", ("basic", "wrong_constant"), "three, three and four values by halves: those of the shorter "
         "half are likelier", _count("thirds", 40), equations=("deeparchitect-11", "deeparchitect-17")),
    Case("many-halves", ("basic",), "882 networks by halves, the first of them", _count("rates-halved", 50)),
    Case("repeat", ("basic", "wrong_constant"), "one, three or two copies: 6 + 216 + 36", _count("repeat", 300),
         equations=("deeparchitect-15",)),
    Case("tied", ("basic", "wrong_constant"), "tied copies: 3 times 6 times 2", _count("tied", 50),
         equations=("deeparchitect-16",)),
    Case("tied-by-halves", ("basic",), "tied copies by halves", _count("tied-halved", 100)),
    Case("swapped", ("basic", "wrong_order"), "either order, and either order again", _count("swapped", 60),
         equations=("deeparchitect-2",)),
    Case("residuals", ("basic",), "a Residual has as many networks as what is inside", _count("residual", 20)),
    Case("residual-inside", ("basic",), "and so has one in another", _count("residual-twice", 20)),
    Case("images", ("basic",), "four lists of a convolution", _count("convolutions", 40, dims=_IMAGE)),
    Case("two-networks", ("boundary",), "one choice of two", _count("one", 5)),
    Case("first-alone", ("boundary",), "one leaf is listed", _count("rates", 1)),
    Case("reference-space", ("basic",), "15 15 3 3 = 2025 networks", _count("reference", 7), source="closed form",
         answer={"models": np.array(2025), "probabilities": np.full(7, 1 / 2025)}),
    Case("digits", ("basic",), "33,182,720 networks", _count("digits", 40)),
    Case("sixty-choices", ("large", "numerics"), "2**60 + 2 networks: more than a double can tell",
         _count("sixty", 4), source="closed form",
         answer={"models": np.array(2**60 + 2), "probabilities": np.full(4, 0.5**61)}),
)  # fmt: skip


def sample_count(rng):
    name = str(rng.choice([name for name in SPACES if name not in ("long", "sixty", "convolutions")]))
    return _count(name, int(rng.integers(1, 20)))


# Choices -------------------------------------------------------------------------------------------------------------


def _bisect(n, *values):
    return {"n": n, "values": ints(*(values or range(n)))}


BISECT = (
    Case("three", ("basic", "wrong_constant"), "0, 10, 11: the lower half is the shorter one", _bisect(3),
         equations=("deeparchitect-11", "deeparchitect-12"), source="worked by hand",
         answer={"paths": np.array([[0, -1], [1, 0], [1, 1]])}),
    Case("five", ("basic", "wrong_constant"), "00, 01, 10, 110, 111", _bisect(5), source="worked by hand",
         equations=("deeparchitect-11", "deeparchitect-12"),
         answer={"paths": np.array([[0, 0, -1], [0, 1, -1], [1, 0, -1], [1, 1, 0], [1, 1, 1]])}),
    Case("six", ("basic",), "00, 010, 011, 10, 110, 111", _bisect(6)),
    Case("two", ("boundary",), "two values are two halves", _bisect(2)),
    Case("eight", ("boundary",), "a power of two: all paths are of one length", _bisect(8)),
    Case("thirty-two", ("basic",), "32 values, in any order", _bisect(32, 31, 0, 16, 15, 7, 21, 21)),
    Case("eleven", ("basic",), "11 values", _bisect(11)),
    Case("many", ("large", "numerics"), "n = 70,000: middles do not overflow 16 bits",
         _bisect(70_000, 0, 69_999, 35_000, 34_999, *(int(x) for x in _rng("many").integers(0, 70_000, 40)))),
)  # fmt: skip


def sample_bisect(rng):
    n = int(rng.integers(2, 40))
    return _bisect(n, *(int(x) for x in rng.integers(0, n, rng.integers(1, 6))))


def _select(visits, sums, parent=None, c=0.5, r=0.25):
    parent = sum(visits) if parent is None else parent
    return {"visits": ints(*visits), "sums": np.array(sums, float), "parent": parent, "c": c, "r": r}


def _tiled(operation, before):
    """Children again and again: the first of the best is the same, whatever the number of ties."""
    small, times = before["first-of-two"], -(-LARGE // 4)
    return Case(
        "many-children", ("large",), f"the children of first-of-two {times} times",
        small.inputs | {name: np.tile(small.inputs[name], times) for name in ("visits", "sums")},
        equations=small.equations, source="the answer of first-of-two", small=small,
        derived=lambda values: values | {"scores": np.tile(values["scores"], times)},
        recipe=f"first-of-two/k/{times}/tiled", alike=True,
    )  # fmt: skip


UCT_SELECT = (
    Case("ten-visits", ("basic", "wrong_constant"), "2, 5 and 3 visits: the rarest has the largest bound",
         _select([2, 5, 3], [1.2, 3.5, 1.5]), equations=("deeparchitect-19",)),
    Case("little-exploration", ("basic", "wrong_constant"), "c = 0.1: the best mean wins",
         _select([2, 5, 3], [1.2, 3.5, 1.5], c=0.1), equations=("deeparchitect-19",)),
    Case("parent-counts-more", ("basic", "wrong_constant"), "a node that was evaluated itself, before it had children",
         _select([2, 5, 3], [1.2, 3.5, 1.5], 11), equations=("deeparchitect-19",)),
    Case("one-unvisited", ("boundary", "missing_step"), "what was never visited comes first",
         _select([2, 0, 3], [1.9, 0.0, 2.9]), equations=("deeparchitect-19",)),
    Case("some-unvisited", ("edge_case", "missing_step"), "three never visited: the draw says which",
         _select([0, 4, 0, 0], [0.0, 3.5, 0.0, 0.0], r=0.4), equations=("deeparchitect-20",)),
    Case("last-unvisited", ("edge_case",), "a draw near 1 takes the last", _select([0, 4, 0, 0], [0.0, 3.5, 0.0, 0.0],
         r=0.9), equations=("deeparchitect-20",)),
    Case("tied-in-the-middle", ("edge_case",), "two of four are tied, and a draw above a half takes the second",
         _select([3, 2, 5, 4], [-0.75, 0.0, -1.0, 0.0], c=0.0, r=0.6), equations=("deeparchitect-20",)),
    Case("first-of-two", ("edge_case",), "a draw of 0 takes the first", _select([3, 2, 5, 4], [-0.75, 0.0, -1.0,
         0.0], 70_000, c=0.0, r=0.0), equations=("deeparchitect-20",)),
    Case("no-exploration", ("boundary",), "c = 0: means alone", _select([2, 5, 3], [1.0, 3.0, 1.5], c=0.0)),
    Case("one-visit", ("boundary",), "a parent with one visit: ln 1 = 0, no bonus", _select([1], [0.75], 1)),
    Case("negative-scores", ("edge_case",), "scores may be negative", _select([4, 2, 7], [-3.0, -1.25, -4.5], c=1.0)),
    Case("many-visits", ("numerics",), "a million visits", _select([900_000, 90_000, 10_000], [450_000.0, 44_000.0,
         4_000.0], c=2.0)),
    _tiled,
)  # fmt: skip


def sample_uct_select(rng):
    visits = rng.integers(0, 6, rng.integers(1, 6))
    sums = np.where(visits > 0, rng.integers(0, 129, visits.size) / 64, 0.0)
    parent = max(1, int(visits.sum() + rng.integers(0, 2)))
    return _select(visits.tolist(), sums, parent, float(rng.integers(1, 9)) / 4, float(rng.integers(0, 32) + 0.5) / 32)


def _mcts(name, branching, T, c=0.5, tree="plain", scores=None, bits=4096):
    """Scores in 4096ths, so that sums are exact, and draws away from what decides."""
    rng, S = _rng(name), int(np.prod(branching))
    P = sum((n - 1).bit_length() for n in branching) if tree == "bisected" else len(branching)
    scores = rng.integers(0, bits + 1, S) / bits if scores is None else np.array(scores, float)
    ties, rolls = ((rng.integers(0, 64, (T, P)) + 0.5) / 64 for _ in range(2))
    return {"branching": ints(*branching), "scores": scores, "c": c, "ties": ties, "rolls": rolls, "tree": tree}


MCTS = (
    Case("three-choices", ("basic", "missing_step", "wrong_constant", "wrong_order"),
         "3, 2 and 4 values, forty evaluations", _mcts("three 12", (3, 2, 4), 40),
         equations=("deeparchitect-18", "deeparchitect-19", "deeparchitect-20", "deeparchitect-21",
                    "deeparchitect-22")),
    Case("three-choices-again", ("basic", "missing_step", "wrong_constant"), "3, 2 and 4 values, another table",
         _mcts("three 29", (3, 2, 4), 50, 0.25), equations=("deeparchitect-19", "deeparchitect-22")),
    Case("by-halves", ("basic", "wrong_constant"), "3, 2 and 4 values by halves",
         _mcts("halves 6", (3, 2, 4), 40, tree="bisected"), equations=("deeparchitect-11",)),
    Case("by-uneven-halves", ("basic", "wrong_constant"), "7, 3 and 5 values by halves",
         _mcts("uneven 0", (7, 3, 5), 50, 0.25, "bisected"), equations=("deeparchitect-11",)),
    Case("one-evaluation", ("boundary",), "the first walk stops at the root", _mcts("first", (3, 2), 1),
         equations=("deeparchitect-21",)),
    Case("two-evaluations", ("boundary", "wrong_order"), "the second one visits a child, and stops there",
         _mcts("second", (3, 2), 2), equations=("deeparchitect-21",)),
    Case("two-leaves", ("boundary",), "leaves of the tree are evaluated again and again", _mcts("two", (2,), 12,
         scores=[0.25, 0.75]), equations=("deeparchitect-19",)),
    Case("no-exploration", ("boundary",), "c = 0", _mcts("greedy 6", (3, 2, 3), 30, 0.0)),
    Case("all-equal", ("edge_case",), "all scores are 0, and c is: draws decide everything",
         _mcts("equal", (3, 2, 2), 30, 0.0, scores=[0.0] * 12), equations=("deeparchitect-20",)),
    Case("negative-scores", ("edge_case",), "scores below 0", _mcts("negative", (4, 3), 30, 1.0, scores=-np.arange(1,
         13) / 16)),
    Case("deep", ("basic",), "six choices of 2 to 4 values", _mcts("deep 19", (2, 3, 2, 4, 2, 3), 45, 0.25)),
    Case("three-hundred-evaluations", ("long",), "three hundred evaluations, 4 by 3 by 5", _mcts("long 11", (4, 3, 5),
         300, 0.25)),
    Case("many-leaves", ("large",), "70,602 leaves below 41 children", _mcts("large 2", (41, 41, 42), 60, 0.5)),
)  # fmt: skip


def gap(inputs):
    """By how much the best child was ahead, at least."""
    gaps: list[float] = []
    exact.mcts(**inputs, gaps=gaps)
    return min(gaps, default=np.inf)


def sample_mcts(rng):
    while True:
        branching, tree = rng.integers(2, 5, rng.integers(1, 4)).tolist(), str(rng.choice(("plain", "bisected")))
        inputs = _mcts(f"sample {rng.integers(2**40)}", branching, int(rng.integers(1, 20)), 0.5, tree)
        if gap(inputs) > 1e-3:
            return inputs


# Surrogate -----------------------------------------------------------------------------------------------------------


def _networks(*networks):
    """Rows of each network, -1 where it has no more."""
    tables = [rows(network).astype(np.int64) for network in networks]
    shape = len(tables), max(len(t) for t in tables), max(t.shape[1] for t in tables)
    found = np.full(shape, -1)
    for place, table in zip(found, tables, strict=True):
        place[: table.shape[0], : table.shape[1]] = table
    return found


def _features(evaluated, asked, longest=4, least=1, kind="types+values"):
    return {"evaluated": _networks(*evaluated), "asked": _networks(*asked), "longest": longest, "least": least,
            "kind": kind}  # fmt: skip


_A = [("UserHyperparams", 125, 0), ("Affine", 8), ("ReLU",), ("Empty",), ("Affine", 10)]
_B = [("UserHyperparams", 500, 875), ("Affine", 8), ("Tanh",), ("Dropout", 50), ("Affine", 8), ("Tanh",),
      ("Dropout", 50), ("Affine", 10)]  # fmt: skip
_C = [("Affine", 8), ("Affine", 8), ("Empty",), ("Affine", 16), ("Sigmoid",)]
_D = [("Conv2D", 8, 3, 1, "SAME"), ("Residual", 2), ("BatchNorm",), ("AvgPool2D", 2, 1, "SAME"), ("Affine", 10)]
FEATURES = (
    Case("two-networks", ("basic", "known_bug"), "n-grams of up to four modules, and values", _features([_A, _B], [_A,
         _B, _C]), equations=("deeparchitect-23", "deeparchitect-24", "deeparchitect-26")),
    Case("by-hand", ("basic", "known_bug"), "two modules: two words and a pair; the last window counts",
         _features([[("Affine", 4), ("ReLU",)]], [[("Affine", 8), ("ReLU",), ("Affine", 4), ("ReLU",)]], 2),
         equations=("deeparchitect-23", "deeparchitect-24", "deeparchitect-26"), source="counted by hand",
         answer={"X": np.array([[4, 2, 2, 2, 1]])}),
    Case("one-module", ("boundary", "known_bug"), "a network of one module has a word", _features([[("ReLU",)]],
         [[("ReLU",)], [("Tanh",)]]), equations=("deeparchitect-23",)),
    Case("types-alone", ("basic",), "without values", _features([_A, _B], [_C, _B], kind="types"),
         equations=("deeparchitect-26",)),
    Case("three-times", ("basic", "wrong_constant"), "what occurs three times in all, not in three networks",
         _features([_A, _B, _C], [_B, _A], 4, 3), equations=("deeparchitect-25",)),
    Case("twice", ("basic", "wrong_constant"), "twice is enough for two", _features([_B, _C, _C], [_B, _C], 3, 2),
         equations=("deeparchitect-25",)),
    Case("empty-between", ("edge_case", "known_bug"), "Empty does not part its neighbours, and is not counted",
         _features([_C], [_C, _A], 3), equations=("deeparchitect-23", "deeparchitect-26")),
    Case("residual", ("basic",), "a Residual is a module, and so are those inside", _features([_D, _C], [_D], 5),
         equations=("deeparchitect-23", "deeparchitect-24")),
    Case("words", ("boundary",), "n = 1", _features([_A, _B], [_B, _D], 1)),
    Case("nothing-often", ("boundary",), "nothing occurs often enough: the number of modules is left",
         _features([_A], [_B], 4, 9)),
    Case("three-hundred-modules", ("long",), "networks of 300 modules",
         _features([[(("ReLU", "Tanh", "Empty")[k],) for k in _rng("long").integers(0, 3, 300)]],
                   [[(("ReLU", "Tanh", "Empty")[k],) for k in _rng("asked").integers(0, 3, 300)]], 4, 5)),
    large("many-networks", "two-networks", "C", size=4001),
)  # fmt: skip


def sample_features(rng):
    def network():
        pick = {"Affine": (4, 8), "Dropout": (50, 90), "ReLU": (), "Empty": (), "Tanh": ()}
        names = rng.choice(list(pick), rng.integers(1, 6)).tolist()
        return [(name, *([pick[name][rng.integers(0, 2)]] if pick[name] else [])) for name in names]

    known, asked = ([network() for _ in range(rng.integers(1, 4))] for _ in range(2))
    kind = str(rng.choice(("types", "types+values")))
    return _features(known, asked, int(rng.integers(1, 5)), int(rng.integers(1, 3)), kind)


def _step(name, n=5, p=3, m=4, penalty=1.0, explore=0.25, r=(0.75, 0.375), **more):
    rng = _rng(name)
    X, candidates = rng.integers(0, 5, (n, p)).astype(float), rng.integers(0, 5, (m, p)).astype(float)
    inputs = {"X": X, "y": rng.integers(0, 65, n) / 64, "candidates": candidates, "penalty": penalty}
    inputs |= {"explore": explore, "r_explore": r[0], "r_pick": r[1]}
    return inputs | {key: np.array(x, float) if isinstance(x, list) else x for key, x in more.items()}


def _tiled_candidates(operation, before):
    small, times = before["five-networks"], -(-LARGE // 4)
    return Case(
        "many-candidates", ("large",), f"the candidates of five-networks {times} times: the first of the best",
        small.inputs | {"candidates": np.tile(small.inputs["candidates"], (times, 1))}, equations=small.equations,
        source="the answer of five-networks", small=small,
        derived=lambda values: values | {"predictions": np.tile(values["predictions"], times)},
        recipe=f"five-networks/m/{times}/tiled", alike=True,
    )  # fmt: skip


SMBO_STEP = (
    Case("five-networks", ("basic", "missing_step", "wrong_constant"), "five networks, three features, four candidates",
         _step("five"), equations=("deeparchitect-27", "deeparchitect-28", "deeparchitect-29", "deeparchitect-30")),
    Case("explores", ("basic", "wrong_order"), "r_explore below explore: number floor(r_pick m)",
         _step("explores", m=8, r=(0.125, 0.8)), equations=("deeparchitect-30",)),
    Case("on-the-edge", ("boundary", "wrong_constant"), "r_explore = explore: the best one", _step("edge", r=(0.25,
         0.9)), equations=("deeparchitect-30",)),
    Case("strong-penalty", ("basic", "wrong_constant"), "penalty 1000: near the mean of y",
         _step("strong", penalty=1000.0), equations=("deeparchitect-28",)),
    Case("weak-penalty", ("numerics",), "penalty 1/64", _step("weak", 8, 3, penalty=1 / 64)),
    Case("more-features-than-networks", ("basic",), "three networks, six features", _step("wide", 3, 6, 5),
         equations=("deeparchitect-28",)),
    Case("constant-feature", ("edge_case",), "a feature that is always the same tells nothing",
         _step("constant", X=[[2.0, 1.0], [2.0, 3.0], [2.0, 4.0]], n=3, p=2), equations=("deeparchitect-27",)),
    Case("one-network", ("boundary",), "one network: all are expected to score the same, and the first is taken",
         _step("one", 1, y=[0.0]), equations=("deeparchitect-27", "deeparchitect-30")),
    Case("equal-candidates", ("edge_case",), "the first of equals",
         _step("equal", candidates=[[1.0, 0.0, 1.0], [4.0, 1.0, 0.0], [4.0, 1.0, 0.0], [4.0, 1.0, 0.0]], X=[[0.0, 1.0,
               0.0], [4.0, 1.0, 0.0], [3.0, 0.0, 1.0]], n=3, y=[0.0, 0.0, 0.0]), equations=("deeparchitect-30",)),
    Case("never-explores", ("boundary",), "explore = 0", _step("never", explore=0.0, r=(0.0, 0.1))),
    Case("always-explores", ("boundary",), "explore = 1", _step("always", explore=1.0, r=(0.96875, 0.3))),
    Case("large-scores", ("numerics", "missing_step"), "scores about 1000: the intercept is not penalised",
         _step("level", y=[1000.25, 1000.5, 1001.0, 999.5, 1000.0]), equations=("deeparchitect-27",)),
    _tiled_candidates,
)  # fmt: skip


def sample_smbo_step(rng):
    n, p, m = (int(rng.integers(1, 7)) for _ in range(3))
    inputs = _step("sample", n, p, m, float(rng.integers(1, 9)) / 4)
    r = {"r_explore": float(rng.integers(0, 32)) / 32, "r_pick": (float(rng.integers(0, 32)) + 0.5) / 32}
    arrays = {"X": rng.uniform(0, 4, (n, p)), "y": rng.uniform(0, 1, n), "candidates": rng.uniform(0, 4, (m, p))}
    return inputs | arrays | r | {"explore": 0.3}


# Layers --------------------------------------------------------------------------------------------------------------


def _sum(x_dims, b_dims, name=""):
    rng = _rng(f"sum {name or (x_dims, b_dims)}")
    x, b = (rng.integers(-32, 33, int(np.prod(dims))) / 16 for dims in (x_dims, b_dims))
    return {"x": x, "x_dims": ints(*x_dims), "b": b, "b_dims": ints(*b_dims)}


def _wide():
    inputs = _sum((LARGE,), (300,))
    total = inputs["x"].copy()
    total[:300] += inputs["b"]
    return inputs, {"total": total, "dims": ints(LARGE)}


_WIDE = _wide()
RESIDUAL = (
    Case("wider-output", ("basic", "missing_step"), "the input gets zeros at its end", _sum((3,), (5,)),
         equations=("deeparchitect-32",)),
    Case("wider-input", ("basic", "missing_step"), "the output gets zeros at its end", _sum((5,), (2,)),
         equations=("deeparchitect-32",)),
    Case("same", ("basic",), "both alike", _sum((4,), (4,))),
    Case("each-wider-once", ("basic", "wrong_order"), "each is longer along one axis", _sum((2, 4), (3, 2)),
         equations=("deeparchitect-8", "deeparchitect-32")),
    Case("images", ("basic", "wrong_order"), "images: a smaller one with more channels", _sum((4, 5, 2), (2, 3, 4)),
         equations=("deeparchitect-32",)),
    Case("other-ranks", ("edge_case",), "an image and a vector: both are flattened", _sum((2, 2, 2), (5,)),
         equations=("deeparchitect-33",)),
    Case("vector-and-matrix", ("edge_case",), "a vector and a matrix", _sum((7,), (2, 2)),
         equations=("deeparchitect-33",)),
    Case("single", ("boundary",), "one number each", _sum((1,), (1,))),
    Case("wide", ("large",), "70,001 and 300 numbers", _WIDE[0], answer=_WIDE[1], source="added where both are"),
)  # fmt: skip


def sample_residual(rng):
    one, two = (tuple(rng.integers(1, 4, rng.integers(1, 4)).tolist()) for _ in range(2))
    return _sum(one, two, str(rng.integers(2**40)))


def _drop(name, n=4, d=3, keep=0.875, mode="training", **more):
    rng = _rng(f"drop {name}")
    x, u = rng.integers(1, 33, (n, d)) / 8, (rng.integers(0, 16, (n, d)) + 0.5) / 16
    return {"x": x, "u": u, "keep": keep, "mode": mode} | more


DROPOUT = (
    Case("most-are-kept", ("basic", "wrong_constant", "missing_step"), "keep = 0.875 is what is kept, not what goes",
         _drop("most"), equations=("deeparchitect-31",)),
    Case("few-are-kept", ("basic", "wrong_constant"), "keep = 0.25", _drop("few", keep=0.25),
         equations=("deeparchitect-31",)),
    Case("half", ("basic",), "keep = 0.5: every other value, doubled", _drop("half", keep=0.5)),
    Case("all-are-kept", ("boundary",), "keep = 1", _drop("all", keep=1.0)),
    Case("evaluation", ("basic", "missing_step"), "in evaluation nothing happens", _drop("evaluation",
         mode="evaluation")),
    Case("on-the-edge", ("edge_case",), "u = keep: it goes", _drop("edge", 1, 2, 0.5, u=np.array([[0.5, 0.25]]))),
    Case("negative", ("edge_case",), "negative values", _drop("negative", x=-np.arange(1, 13).reshape(4, 3) / 4)),
    large("many-samples", "few-are-kept", "n"),
)  # fmt: skip


def sample_dropout(rng):
    n, d = (int(x) for x in rng.integers(1, 5, 2))
    mode = str(rng.choice(("training", "evaluation")))
    return _drop(str(rng.integers(2**40)), n, d, float(rng.integers(1, 9)) / 8, mode)
