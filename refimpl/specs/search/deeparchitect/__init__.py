"""What the oracle knows of DeepArchitect."""

import itertools
import math

from refimpl.core.arrays import array_namespace, device, from_numpy, to_numpy
from refimpl.search import _deeparchitect_networks as networks
from refimpl.search import deeparchitect as da
from refimpl.specs import refusals
from refimpl.specs.base import ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, REAL, WHOLE, Relation, below, real, whole
from refimpl.specs.search.deeparchitect import cases, exact, laws
from refimpl.specs.search.deeparchitect.claims import CLAIMS
from refimpl.specs.search.deeparchitect.mistakes import ALTERNATIVES


def walk(space, in_dims, history):
    """Make the choices of a history."""
    xp, root = array_namespace(in_dims), da.start(da.parse(space), to_numpy(in_dims).tolist())
    state, offered = da.follow(root, to_numpy(history).tolist())
    if state.todo:
        raise ValueError(f"history must end at a network, got {len(offered)} choices")
    layers = from_numpy(cases.rows(da.flat(state.layers)), like=in_dims, dtype=xp.float64)
    dims, offered = (from_numpy(x, like=in_dims, dtype=xp.int64) for x in (state.dims, offered))
    return layers, dims, offered


def count(space, in_dims, most):
    """Size of a space, and its first leaves."""
    xp, parsed = array_namespace(in_dims), da.parse(space)
    root = da.start(parsed, to_numpy(in_dims).tolist())
    found = [p for _, p, _ in itertools.islice(da.leaves(root), most)]
    models, found = da.count(parsed), from_numpy(found, like=in_dims, dtype=xp.float64)
    return from_numpy(models, like=in_dims, dtype=xp.int64), found


def uct_select(visits, sums, parent, c, r):
    """The child to go to."""
    scores, index = da.select(visits, sums, parent, c, r)
    return scores, from_numpy(index, like=visits)


def mcts(branching, scores, c, ties, rolls, tree):
    """Tree search on a table."""
    sizes, table = to_numpy(branching).tolist(), to_numpy(scores).tolist()
    space = ["UserHyperparams", *(list(range(n)) for n in sizes)]
    root = da.start(da.parse(["ChoiceBisection", space] if tree == "bisected" else space), [1])
    found, leaves = da.init(), []

    def evaluate(layers):
        leaf = 0
        for n, value in zip(sizes, layers[0][1:], strict=True):
            leaf = leaf * n + int(value)
        leaves.append(leaf)
        return table[leaf]

    for draws in zip(to_numpy(ties).tolist(), to_numpy(rolls).tolist(), strict=True):
        found = da.update(found, root, evaluate, *draws, c=c)[0]
    children = found.children
    leaves, visits = (from_numpy(x, like=branching) for x in (leaves, [child.visits for child in children]))
    return leaves, visits, from_numpy([child.total for child in children], like=scores)


def features(evaluated, asked, longest, least, kind):
    """Features of networks, with those that the evaluated ones make."""
    known, new = (cases.models(x) for x in (evaluated, asked))
    words = da.vocabulary(known, longest=longest, least=least, values=kind == "types+values")
    xp = array_namespace(evaluated)
    return da.features(new, words, like=xp.zeros(1, dtype=xp.float64, device=device(evaluated)))


def smbo_step(X, y, candidates, penalty, explore, r_explore, r_pick):
    """The candidate to evaluate next."""
    return da.propose(X, y, candidates, r_explore, r_pick, penalty=penalty, explore=explore)


def residual(x, x_dims, b, b_dims):
    """The sum of an input and an output of other shapes."""
    one, two = (a[(None, ...)] for a in (x, b))
    xp, shapes = array_namespace(x), [(1, *to_numpy(dims).tolist()) for dims in (x_dims, b_dims)]
    total = networks.residual(xp.reshape(one, shapes[0]), xp.reshape(two, shapes[1]))
    return xp.reshape(total, (-1,)), from_numpy(list(total.shape[1:]), like=x_dims)


def dropout(x, u, keep, mode):
    """Values, some of them switched off."""
    return networks.dropout(x, u, keep, training=mode == "training")


_SPACE = choice(
    "space",
    tuple(cases.SPACES.values()),
    "JSON of the tree: [kind, ...] with the lists of values of Affine (units), Dropout (share that is kept), Conv2D "
    "(filters, window, stride, padding), MaxPool2D, AvgPool2D (window, stride, padding) and UserHyperparams (any), "
    "with the modules in Concat, Or, Optional (Empty or the module), MaybeSwap (as it is or swapped), Residual and "
    "ChoiceBisection (all choices in it by halves), with both in Repeat and RepeatTied (a module, counts)",
    open=True,
)
_IN = array("in_dims", "E", "shape of one input", COUNT)
_KINDS = ", ".join(f"{i} {kind}" for i, kind in enumerate(da.KINDS))
_ROWS = (
    f"a row for each module: its kind ({_KINDS}), then its values (padding: 0 VALID, 1 SAME), then -1. Residual has "
    "one value, how many of the next rows are inside"
)
_THE_PATHS = {"long": "paths are short: they halve", "large": "a network has few modules"}
_ONE = {"long": "it is one step"}


def _fits(inputs):
    sizes, bisected = inputs["branching"].tolist(), inputs["tree"] == "bisected"
    draws = sum((n - 1).bit_length() for n in sizes) if bisected else len(sizes)
    return math.prod(sizes) == len(inputs["scores"]) and inputs["ties"].shape[1] == draws


def _is_path(inputs):
    """Whether a history leads to a network."""
    found = exact.walked(inputs["space"], inputs["in_dims"].tolist(), inputs["history"].tolist())
    return found is not None and found.taken == inputs["history"].tolist()


def _takes(inputs):
    return exact.walked(inputs["space"], inputs["in_dims"].tolist(), []) is not None


def _is_rows(inputs):
    try:
        for name in ("evaluated", "asked"):
            da.vocabulary(cases.models(inputs[name]))  # it checks modules and their values
    except (TypeError, ValueError):
        return False
    return all(cases.are_rows(inputs[name]) for name in ("evaluated", "asked"))


BISECT = Operation(
    name="deeparchitect.bisect",
    summary="paths of values 0, ..., n - 1 in the tree of halves: an interval [l, r) is cut at floor((l + r) / 2)",
    inputs=(integer("n", "number of values", whole(2)), array("values", "B", "some of them", below("n"))),
    outputs=(array("paths", "B H", "0: lower half, 1: upper half, -1 after the end; H = ceil(log2 n)"),),
    reference=da.bisect,
    exact=exact.bisect,
    exact_source="all intervals, one inside the other",
    cases=cases.BISECT,
    sample=cases.sample_bisect,
    laws=laws.BISECT,
    errors=(
        refusals.numbers("n"),
        ErrorCase("no-value", "there are n values", {"values": cases.ints(0, 3)}, ValueError, "values"),
    ),
    without={"long": "paths are short: they halve"},
)

UCT_SELECT = Operation(
    name="deeparchitect.uct_select",
    summary="the child to go to: sums / visits + c sqrt(2 ln parent / visits), infinity for those never visited; the "
    "floor(r t)-th of the t children that have the largest value",
    inputs=(
        array("visits", "k", "visits of each child, n_i", WHOLE),
        array("sums", "k", "sum of the scores of each child"),
        integer("parent", "visits of the node itself, n", COUNT),
        number("c", "exploration constant", NONNEGATIVE),
        number("r", "uniform draw, for ties", FRACTION),
    ),
    outputs=(array("scores", "k", "upper confidence bounds"), array("index", "", "the child")),
    reference=uct_select,
    exact=exact.uct_select,
    exact_source="logarithms and roots in mpmath with 50 digits",
    cases=cases.UCT_SELECT,
    sample=cases.sample_uct_select,
    laws=laws.UCT_SELECT,
    relations=(Relation("visits are at most parent", ("visits", "parent"), lambda i: max(i["visits"]) <= i["parent"]),),
    errors=(
        refusals.numbers("c", "r"),
        refusals.arrays(sums="totals")[0],
        ErrorCase("negative-visits", "a count", {"visits": cases.ints(2, -1, 3)}, ValueError, "visits"),
        ErrorCase("parent-of-fewer", "its children's visits are its own", {"parent": 4}, ValueError, "visits"),
    ),
    without=_ONE,
)

WALK = Operation(
    name="deeparchitect.walk",
    summary="the network that a history of choices specifies; what has one value is no choice",
    inputs=(
        _SPACE,
        _IN,
        array("history", "T", "index of the value taken at each choice", WHOLE),
    ),
    outputs=(
        array("layers", "M K", _ROWS),
        array("dims", "F", "shape of one output"),
        array("offered", "T", "number of values at each choice"),
    ),
    reference=walk,
    exact=exact.walk,
    exact_source="a recursion over the tree, in place of a stack",
    cases=cases.WALK,
    sample=cases.sample_walk,
    laws=laws.WALK,
    relations=(Relation("history leads to a network", ("space", "in_dims", "history"), _is_path),),
    errors=(
        ErrorCase("too-short", "choices are left", {"history": cases.ints(0)}, ValueError, "history"),
        ErrorCase("no-such-value", "there are as many as are offered", {"history": cases.ints(2, 0)}, ValueError,
                  "history"),
        ErrorCase("no-input", "sizes are positive", {"in_dims": cases.ints(0)}, ValueError, "in_dims"),
    ),
    without={"large": _THE_PATHS["large"]},
)  # fmt: skip

COUNT_ = Operation(
    name="deeparchitect.count",
    summary="how many networks a space holds, and how likely random search, uniform at each choice, is to come to each "
    "of the first ones, depth first",
    inputs=(_SPACE, _IN, integer("most", "how many leaves are listed at most", COUNT)),
    outputs=(array("models", "", "number of networks, exact"), array("probabilities", "L", "of the first leaves")),
    reference=count,
    exact=exact.count,
    exact_source="leaf by leaf, as long as there are few; fractions",
    cases=cases.COUNT,
    sample=cases.sample_count,
    laws=laws.COUNT,
    relations=(Relation("the space takes such inputs", ("space", "in_dims"), _takes),),
    errors=(ErrorCase("no-input", "sizes are positive", {"in_dims": cases.ints(0)}, ValueError, "in_dims"),),
    without={"long": "leaves are listed one by one"},
)

MCTS = Operation(
    name="deeparchitect.mcts",
    summary="tree search with upper confidence bounds on a table of scores. From the root to the best child (as "
    "uct_select) while a node has children; there all children are made, unless the network is specified, and the walk "
    "in the tree stops; the other choices are index floor(roll k) of k values; all nodes on the walk in the tree, root "
    "and last one included, get the visit and the score",
    inputs=(
        array("branching", "D", "number of values of each choice", whole(2)),
        array("scores", "S", "of each leaf; the first choice is the most significant digit"),
        number("c", "exploration constant", NONNEGATIVE),
        array("ties", "T P", "uniform draws; the j-th decides ties at the j-th choice", FRACTION),
        array("rolls", "T P", "uniform draws; the j-th makes the j-th choice, if it is below the tree", FRACTION),
        choice("tree", ("plain", "bisected"), "bisected: each choice by halves, as in bisect, and each half is one"),
    ),
    outputs=(
        array("leaves", "T", "leaf of each evaluation", steps=True),
        array("visits", "k", "of the children of the root"),
        array("sums", "k", "of their scores", ulps=32),
    ),
    reference=mcts,
    exact=exact.mcts,
    exact_source="visits and sums by path, in mpmath with 50 digits",
    cases=cases.MCTS,
    sample=cases.sample_mcts,
    laws=laws.MCTS,
    relations=(
        Relation(
            "scores has an entry for each leaf, ties and rolls a column for each choice (by halves: for each half)",
            ("branching", "scores", "ties", "rolls", "tree"),
            _fits,
        ),
    ),
    errors=(
        refusals.numbers("c"),
        ErrorCase("nan-in-scores", "NaN is no score", {"scores": cases.filled(math.nan, 24)}, ValueError, "evaluate"),
        ErrorCase("few-draws", "a draw for each choice", {"rolls": cases.filled(0.5, 40, 1)}, ValueError,
                  "draws"),
    ),
)  # fmt: skip

FEATURES = Operation(
    name="deeparchitect.features",
    summary="features of networks: number of modules; how often each n-gram of kinds occurs (shorter n-grams first, "
    "then in the order of their kinds); with types+values 1 for each (kind, place, value) there, in this order. "
    "Empty does not count in the first two. What occurs `least` times in all evaluated networks is a feature",
    inputs=(
        array("evaluated", "B M K", _ROWS, whole(-1)),
        array("asked", "C N J", "as well", whole(-1)),
        integer("longest", "most modules of an n-gram", COUNT),
        integer("least", "how often something occurs that counts", COUNT),
        choice("kind", ("types", "types+values"), "which features"),
    ),
    outputs=(array("X", "C p", "a row for each network asked"),),
    reference=features,
    exact=exact.features,
    exact_source="n-grams found one by one in lists",
    cases=cases.FEATURES,
    sample=cases.sample_features,
    laws=laws.FEATURES,
    relations=(Relation("rows are modules with their values, -1 fills up", ("evaluated", "asked"), _is_rows),),
    errors=(refusals.numbers("longest", "least"),),
)

SMBO_STEP = Operation(
    name="deeparchitect.smbo_step",
    summary="predictions by ridge regression, mean y + (row - mean X) w with w = (Xc' Xc + penalty I)^-1 Xc' yc, and "
    "the candidate: if r_explore < explore number floor(r_pick m), else the first of the best",
    inputs=(
        array("X", "n p", "features of what was evaluated"),
        array("y", "n", "scores"),
        array("candidates", "m p", "features of the candidates"),
        number("penalty", "lambda", POSITIVE),
        number("explore", "epsilon", real(0, 1)),
        number("r_explore", "uniform draw", FRACTION),
        number("r_pick", "uniform draw", FRACTION),
    ),
    outputs=(array("predictions", "m", "expected scores"), array("index", "", "the candidate")),
    reference=smbo_step,
    exact=exact.smbo_step,
    exact_source="normal equations in mpmath with 50 digits",
    cases=cases.SMBO_STEP,
    sample=cases.sample_smbo_step,
    laws=laws.SMBO_STEP,
    errors=(
        refusals.numbers("penalty", "explore", "r_explore", "r_pick"),
        refusals.arrays(X="X")[0],
        refusals.arrays(X="candidates")[1],
        *refusals.arrays(y="y"),
        refusals.arrays(candidates="candidates")[0],
    ),
    without=_ONE,
)

RESIDUAL = Operation(
    name="deeparchitect.residual",
    summary="sum of the input and the output of a Residual: zeros at the end of each axis that is shorter; if they "
    "have other numbers of axes both are flattened first, the last axis running fastest",
    inputs=(
        array("x", "N", "input, the last axis running fastest", REAL),
        array("x_dims", "P", "its shape", COUNT),
        array("b", "M", "output, as well", REAL),
        array("b_dims", "Q", "its shape", COUNT),
    ),
    outputs=(array("total", "L", "sum"), array("dims", "F", "its shape")),
    reference=residual,
    exact=exact.residual,
    exact_source="entry by entry, by index",
    cases=cases.RESIDUAL,
    sample=cases.sample_residual,
    laws=laws.RESIDUAL,
    relations=(
        Relation("x has the shape x_dims", ("x", "x_dims"), lambda i: math.prod(i["x_dims"].tolist()) == len(i["x"])),
        Relation("b has the shape b_dims", ("b", "b_dims"), lambda i: math.prod(i["b_dims"].tolist()) == len(i["b"])),
    ),
    errors=(refusals.arrays(x="x")[0], refusals.arrays(b="b")[0]),
    without=_ONE,
)

DROPOUT = Operation(
    name="deeparchitect.dropout",
    summary="in training x / keep where u < keep, else 0; in evaluation x",
    inputs=(
        array("x", "n d", "values"),
        array("u", "n d", "uniform draws", FRACTION),
        number("keep", "share that is kept", real(0, 1, open="(")),
        choice("mode", ("training", "evaluation"), "what it is done for"),
    ),
    outputs=(array("y", "n d", "values"),),
    reference=dropout,
    exact=exact.dropout,
    exact_source="fractions",
    cases=cases.DROPOUT,
    sample=cases.sample_dropout,
    laws=laws.DROPOUT,
    errors=(refusals.numbers("keep"), refusals.arrays(x="x")[0], refusals.arrays(x="u")[1]),
    without=_ONE,
)

SYSTEM = System(
    name="deeparchitect",
    chapter="search",
    summary="spaces of networks written as trees of modules, and searches that see choices alone",
    paper=Paper(
        title="DeepArchitect: Automatically Designing and Training Deep Architectures",
        authors="Negrinho, Gordon",
        arxiv="1704.08792",
        year=2017,
        key="negrinho2017deeparchitect",
    ),
    operations=(WALK, COUNT_, BISECT, UCT_SELECT, MCTS, FEATURES, SMBO_STEP, RESIDUAL, DROPOUT),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "deeparchitect-1": "Section 4.2, Optional",
        "deeparchitect-2": "Section 4.2, MaybeSwap",
        "deeparchitect-3": "authors' code: choices of one value are taken",
        "deeparchitect-4": "Section 4.2, Concat and Or",
        "deeparchitect-5": "Section 4.2, Repeat",
        "deeparchitect-6": "authors' code, RepeatTied",
        "deeparchitect-7": "Section 4.2, Residual; ours: all of it",
        "deeparchitect-8": "Section 4.2, Residual: padding",
        "deeparchitect-9": "authors' code, windows",
        "deeparchitect-10": "Section 4.1, choose",
        "deeparchitect-11": "Section 5.3 and the authors' code: ChoiceBisection",
        "deeparchitect-12": "authors' code, ChoiceBisection",
        "deeparchitect-13": "ours: size of a space",
        "deeparchitect-14": "ours: size of a space",
        "deeparchitect-15": "ours: size of a space",
        "deeparchitect-16": "ours: size of a space",
        "deeparchitect-17": "ours: law of random search",
        "deeparchitect-18": "Section 5.1, random search",
        "deeparchitect-19": "Section 5.2, UCT; the authors' constant",
        "deeparchitect-20": "authors' code: ties",
        "deeparchitect-21": "Section 5.2, expansion",
        "deeparchitect-22": "Section 5.2, update",
        "deeparchitect-23": "Section 5.4 and the authors' code: n-grams",
        "deeparchitect-24": "ours: features of values",
        "deeparchitect-25": "authors' code: threshold",
        "deeparchitect-26": "Section 5.4 and the authors' code: features",
        "deeparchitect-27": "authors' code: ridge regression",
        "deeparchitect-28": "authors' code: ridge regression",
        "deeparchitect-29": "authors' code: ridge regression",
        "deeparchitect-30": "authors' code: exploration",
        "deeparchitect-31": "authors' code, Dropout",
        "deeparchitect-32": "Section 4.2, Residual",
        "deeparchitect-33": "authors' code, Residual of other ranks",
    },
)
