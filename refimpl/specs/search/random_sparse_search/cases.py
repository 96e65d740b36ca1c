"""Inputs of the operations of random sparse search under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")
WORKED = {  # the worked example of the docs page
    "W1": np.array([[1.0, -1.0, 2.0], [0.0, 1.0, 1.0]]), "b1": np.zeros(3),
    "W2": np.array([[1.0, 0.0, -1.0], [2.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), "b2": np.zeros(3),
    "W3": np.array([[1.0, -1.0], [0.0, 2.0], [1.0, 1.0]]), "b3": np.zeros(2),
}  # fmt: skip
WORKED_DATA = {"X": np.eye(2), "y": np.array([0, 1])}
PAIRS = np.array([[0, 1], [0, 2], [1, 2]])
LOG2 = 0.69314718055994530942


def _made(rng, d0, w1, w2, C, *, bias=0.5):
    """A parent of three digits."""
    shapes = (d0, w1), (w1,), (w1, w2), (w2,), (w2, C), (C,)
    sizes = (d0**-0.5 * 1.5, bias, w1**-0.5 * 1.5, bias, w2**-0.5 * 1.5, bias)
    return {n: (s * rng.standard_normal(shape)).round(3) for n, s, shape in zip(NAMES, sizes, shapes, strict=True)}


def _data(rng, n, d0, C):
    return {"X": rng.standard_normal((n, d0)).round(3), "y": rng.integers(0, C, n)}


def _subsets(rng, R, w, k):
    return np.sort(rng.permuted(np.tile(np.arange(w), (R, 1)), axis=1)[:, :k], axis=1)


def _rng(slug):
    return stream(0, "random-sparse-search-case", slug)


def _net(slug, widths=(3, 5, 4, 3), mask=((1, 2, 4), (0, 3)), **more):
    """A parent and one mask."""
    mask1, mask2 = (np.array(kept) for kept in mask)
    return {**_made(_rng(slug), *widths, **more), "mask1": mask1, "mask2": mask2}


def _run(slug, *, batches=((0, 1), (2, 3), (4, 5), (1, 4), (0, 5)), n=6, lr=0.25, momentum=0.75, **more):
    net = _net(slug, **more)
    data = _data(_rng(slug + "-data"), n, len(net["W1"]), len(net["b3"]))
    return net | data | {"batches": np.array(batches), "lr": lr, "momentum": momentum}


def _worked_run(kept1, kept2, **more):
    mask = {"mask1": np.array(kept1), "mask2": np.array(kept2)}
    return WORKED | mask | WORKED_DATA | {"batches": np.array([[0], [1]]), "lr": 0.5, "momentum": 0.5} | more


_DEAD = _run("dead", batches=((0, 1), (2, 3), (4, 5)))
_DEAD = _DEAD | {"b1": np.full(5, -20.0), "b2": np.full(4, -0.5), "b3": np.zeros(3)}
_BIG = _run("big-logits", batches=((0, 1), (2, 3)), lr=1 / 65536)
_BIG = _BIG | {"W3": _BIG["W3"] * 4096}
_LONG: dict = {"widths": (2, 3, 3, 2), "mask": ((0, 2), (1, 2)), "n": 4, "lr": 0.0625, "momentum": 0.5}


def _copied_inputs(operation, before):
    """Each input 4096 times, a 64th of it and of its weights: the same sums, and the same steps."""
    small, times = before["ordinary"], 4096

    def spread(W):
        return np.repeat(W, times, axis=0) / 64

    inputs = small.inputs | {"W1": spread(small.inputs["W1"]), "X": np.repeat(small.inputs["X"], times, axis=1) / 64}
    return Case("many-inputs", ("large",),
                "12,288 inputs: each 4096 times, a 64th of it and of its weights; the losses are those of ordinary",
                inputs, equations=small.equations, source="the answer of ordinary", small=small,
                derived=lambda values: {**values, "V1": spread(values["V1"])}, recipe="ordinary/d0/4096")  # fmt: skip


TRAJECTORY = (
    Case("worked-example", ("basic", "edge_case"),
         "nodes that are exactly 0 for a sample: the derivative of relu there is 0",
         _worked_run([0, 1], [1, 2])),
    Case("ordinary", ("basic", "missing_step", "wrong_order"),
         "a sub-network of nodes that are not the first ones, with biases, five steps of two samples",
         _run("ordinary-30")),
    Case("all-kept", ("boundary",), "with all nodes kept the parent itself is trained",
         _run("all-kept-4", mask=(range(5), range(4)))),
    Case("one-node", ("boundary",), "one node is left in each hidden layer", _run("one-node", mask=((2,), (1,)))),
    Case("dead", ("edge_case", "numerics"),
         "no sample gets through: the loss starts at log 3, and only the biases of the outputs learn",
         _DEAD),
    Case("no-momentum", ("boundary",), "momentum 0 is gradient descent", _run("no-momentum-3", momentum=0.0)),
    Case("whole-set", ("boundary",), "each step takes all samples",
         _run("whole-set-4", n=3, batches=((0, 1, 2), (2, 1, 0), (1, 2, 0)))),
    Case("rows-twice", ("edge_case",), "a sample that is twice in a minibatch counts twice",
         _run("rows-twice-3", batches=((0, 0, 1), (2, 2, 2), (5, 1, 5)))),
    Case("square", ("wrong_constant",),
         "layers of the same widths and masks of the same sizes: no shape tells rows from columns",
         _run("square-67", widths=(4, 4, 4, 4), mask=((0, 2, 3), (1, 2, 3)))),
    Case("big-logits", ("numerics",), "logits of thousands: exponentials of them overflow", _BIG),
    Case("three-hundred-steps", ("long",), "nothing wears off",
         _run("three-hundred-steps-30", batches=_rng("long").integers(0, 4, (300, 2)), **_LONG)),
    _copied_inputs,
)  # fmt: skip


def _looks(slug, R, *, widths=(3, 5, 4, 3), keep=(3, 2), n=6, scaling="inherited", **more):
    rng = _rng(slug)
    net = _made(rng, *widths, **more)
    masks = {"mask1": _subsets(rng, R, widths[1], keep[0]), "mask2": _subsets(rng, R, widths[2], keep[1])}
    return net | masks | _data(rng, n, widths[0], widths[3]) | {"scaling": scaling}


def _worked_looks(rows, **more):
    every = {"mask1": np.repeat(PAIRS, 3, axis=0)[rows], "mask2": np.tile(PAIRS, (3, 1))[rows]}
    return WORKED | every | WORKED_DATA | {"scaling": "inherited"} | more


_TIED = 0.410038


def _many_looks(operation, before):
    """The masks of a small case again and again, the best of them once."""
    small, best, spot, size = before["many-to-choose-from"], 7, 1239, 2000
    rest = [r for r in range(len(small.inputs["mask1"])) if r != best]
    picks = _rng("many-looks").choice(rest, size)
    picks[spot] = best

    def derived(values):
        return {"losses": values["losses"][picks], "selected": values["selected"] * (spot // best)}

    inputs = small.inputs | {name: small.inputs[name][picks] for name in ("mask1", "mask2")}
    return Case("many-looks", ("large",), "2000 masks, the best of them once, in row 1239", inputs,
                equations=small.equations, source="the answer of many-to-choose-from", small=small, derived=derived,
                recipe="many-to-choose-from/R/2000", alike=True)  # fmt: skip


SEARCH = (
    Case("worked-example", ("basic", "missing_step"),
         "eight of the nine sub-networks of two nodes a layer: the third is the best",
         _worked_looks([0, 1, 2, 3, 5, 6, 7, 8])),
    Case("ordinary", ("basic",), "five sub-networks of a parent with biases", _looks("ordinary-looks", 5)),
    Case("rescaled", ("wrong_constant",), "weights from hidden nodes times sqrt(w / k), others and biases as they are",
         _looks("rescaled-looks", 5, keep=(2, 3), scaling="rescaled")),
    Case("all-kept", ("boundary",), "one look, all nodes kept: the loss of the parent",
         _worked_looks([0], mask1=np.array([[0, 1, 2]]), mask2=np.array([[0, 1, 2]]))),
    Case("one-look", ("boundary",), "a search of one look has no choice", _looks("one-look", 1)),
    Case("one-node", ("boundary",), "one node is left in each hidden layer",
         _looks("one-node-looks-12", 4, keep=(1, 1))),
    Case("one-sample", ("boundary",), "the loss of one sample", _looks("one-sample", 3, n=1)),
    Case("large-biases", ("edge_case", "known_bug"),
         "biases that are larger than all else: a node that is removed takes its bias with it",
         _looks("large-biases", 4, bias=3.0)),
    Case("big-logits", ("numerics",), "logits of thousands: exponentials of them overflow, their ratios do not",
         (lambda i: i | {"W3": i["W3"] * 4096})(_looks("big-looks", 3))),
    Case("square", ("wrong_constant",), "layers of the same widths and masks of the same sizes",
         _looks("square-looks", 4, widths=(4, 4, 4, 4), keep=(3, 3), scaling="rescaled")),
    Case("many-to-choose-from", ("basic",), "twelve looks", _looks("twelve-looks", 12)),
    _many_looks,
)  # fmt: skip

SELECT = (
    Case("two", ("basic",), "the least of two", {"losses": np.array([2.5, 0.5])},
         answer={"selected": np.array(1)}, source="by hand"),
    Case("tied", ("edge_case", "wrong_order"), "of tied ones the first, as in the worked example",
         {"losses": np.array([1.126928, 2.072539, _TIED, 1.126928, _TIED, 2.072539, 2.355649, 2.355649, 2.018150])},
         answer={"selected": np.array(2)}, source="by hand"),
    Case("all-tied", ("edge_case",), "dead sub-networks all have the loss log 2", {"losses": np.full(5, LOG2)},
         answer={"selected": np.array(0)}, source="by hand"),
    Case("one", ("boundary",), "there is no choice", {"losses": np.array([3.0])},
         answer={"selected": np.array(0)}, source="by hand"),
    Case("last", ("basic",), "the least is the last", {"losses": np.array([4.0, 3.0, 2.0, 1.0])},
         answer={"selected": np.array(3)}, source="by hand"),
    Case("close", ("numerics",), "two losses that differ by a thousandth", {"losses": np.array([2.302, 2.303, 2.301])},
         answer={"selected": np.array(2)}, source="by hand"),
    Case("many", ("large",), "70,001 losses, the least one and its tie near the end",
         {"losses": np.where(np.isin(np.arange(70_001), (69_998, 70_000)), 0.25, 1 + np.arange(70_001) % 7)},
         answer={"selected": np.array(69_998)}, source="by hand"),
)  # fmt: skip

EXTRACT = (
    Case("worked-example", ("basic",), "two of three nodes in each layer",
         WORKED | {"mask1": np.array([0, 1]), "mask2": np.array([1, 2]), "scaling": "inherited"},
         answer={"V1": np.array([[1.0, -1.0], [0.0, 1.0]]), "c1": np.zeros(2),
                 "V2": np.array([[0.0, -1.0], [1.0, 0.0]]), "c2": np.zeros(2),
                 "V3": np.array([[0.0, 2.0], [1.0, 1.0]]), "c3": np.zeros(2)}, source="by hand"),
    Case("ordinary", ("basic",), "nodes that are not the first ones, with biases",
         _net("ordinary") | {"scaling": "inherited"}),
    Case("rescaled", ("wrong_constant",), "weights from hidden nodes times sqrt(w / k), others and biases as they are",
         _net("rescaled") | {"scaling": "rescaled"}),
    Case("all-kept", ("boundary",), "all nodes kept and rescaled: the parent",
         _net("all-kept", mask=(range(5), range(4))) | {"scaling": "rescaled"}),
    Case("one-node", ("boundary",), "one node is left in each hidden layer",
         _net("one-node", mask=((2,), (1,))) | {"scaling": "rescaled"}),
    Case("square", ("wrong_constant",), "layers of the same widths and masks of the same sizes",
         _net("square", widths=(4, 4, 4, 4), mask=((0, 2, 3), (1, 2, 3))) | {"scaling": "inherited"}),
    large("many-inputs", "ordinary", "d0"),
)  # fmt: skip

MASKED = (
    Case("worked-example", ("basic",), "two of three nodes in each layer: two samples by hand",
         WORKED | {"mask1": np.array([0, 1]), "mask2": np.array([1, 2]), "X": np.eye(2)},
         answer={"logits": np.array([[0.0, 0.0], [0.0, 2.0]])}, source="by hand"),
    Case("ordinary", ("basic",), "nodes that are not the first ones, with biases",
         _net("ordinary") | {"X": _data(_rng("masked"), 5, 3, 3)["X"]}),
    Case("large-biases", ("edge_case", "known_bug"),
         "biases that are larger than all else: a node that is switched off says 0, not its bias",
         _net("large-biases", bias=3.0) | {"X": _data(_rng("masked-biases"), 4, 3, 3)["X"]}),
    Case("all-kept", ("boundary",), "all nodes are on: the parent",
         _net("all-kept", mask=(range(5), range(4))) | {"X": _data(_rng("masked-all"), 4, 3, 3)["X"]}),
    Case("one-node", ("boundary",), "one node is on in each hidden layer, for one sample",
         _net("one-node", mask=((2,), (1,))) | {"X": np.array([[1.0, -2.0, 0.5]])}),
    Case("square", ("wrong_constant",), "layers of the same widths and masks of the same sizes",
         _net("square", widths=(4, 4, 4, 4), mask=((0, 2, 3), (1, 2, 3))) | {"X": _data(_rng("msq"), 4, 4, 4)["X"]}),
    large("many-samples", "ordinary", "n"),
)  # fmt: skip


def _draws(slug, R, w1, w2, keep1, keep2):
    rng = _rng(slug)
    perms = {f"perms{l}": rng.permuted(np.tile(np.arange(w), (R, 1)), axis=1) for l, w in ((1, w1), (2, w2))}
    return perms | {"keep1": keep1, "keep2": keep2}


MASKS = (
    Case("two", ("basic",), "the first entries of each permutation, sorted",
         {"perms1": np.array([[2, 0, 3, 1], [1, 3, 2, 0]]), "perms2": np.array([[2, 1, 0], [0, 2, 1]]),
          "keep1": 2, "keep2": 2},
         answer={"mask1": np.array([[0, 2], [1, 3]]), "mask2": np.array([[1, 2], [0, 2]])}, source="by hand"),
    Case("ordinary", ("basic", "variant"), "layers of other widths", _draws("ordinary-draws", 6, 9, 7, 4, 2)),
    Case("all-kept", ("boundary",), "all nodes are kept, in order", _draws("all-draws", 2, 4, 3, 4, 3),
         answer={"mask1": np.tile(np.arange(4), (2, 1)), "mask2": np.tile(np.arange(3), (2, 1))}, source="by hand"),
    Case("one-kept", ("boundary",), "one node is kept", _draws("one-draws", 5, 6, 8, 1, 1)),
    Case("one-wide", ("boundary",), "layers of one node", _draws("wide-draws", 2, 1, 1, 1, 1)),
    Case("half", ("wrong_order",), "half of the nodes: as many are kept as removed",
         _draws("half-draws", 4, 8, 6, 4, 3)),
    large("many-draws", "ordinary", "R"),
)  # fmt: skip


def _sizes(*widths, keep):
    return {"widths": np.array(widths), "keep": np.array(keep)}


SHARE = (
    Case("digits", ("basic",), "half of the nodes of two hidden layers: less than a third of the parameters",
         _sizes(64, 256, 256, 10, keep=(128, 128)), dtypes=("float64",)),
    Case("few-left", ("basic",), "a tenth of the nodes", _sizes(64, 256, 256, 10, keep=(26, 26)), dtypes=("float64",)),
    Case("unequal", ("wrong_order",), "other counts in each of three layers", _sizes(3, 5, 7, 4, 2, keep=(2, 6, 1)),
         dtypes=("float64",)),
    Case("one-layer", ("boundary",), "one hidden layer", _sizes(4, 6, 3, keep=(2,)), dtypes=("float64",)),
    Case("all-kept", ("boundary",), "all nodes kept: all parameters", _sizes(4, 6, 5, 3, keep=(6, 5)),
         dtypes=("float64",), answer={"share": np.array(1.0)}, source="the definition"),
    Case("ones", ("boundary",), "layers of one node", _sizes(1, 1, 1, keep=(1,)), dtypes=("float64",)),
    Case("deep", ("large",), "10,001 hidden layers, half of the nodes kept in each",
         _sizes(4, *[4] * 10_001, 4, keep=[2] * 10_001), dtypes=("float64",),
         answer={"share": np.array((5 * 2 + 10_000 * 3 * 2 + 3 * 4) / (10_002 * 5 * 4))}, source="closed form"),
)  # fmt: skip


def sample_trajectory(rng):
    i = sample_search(rng)
    batches = rng.integers(0, len(i["X"]), (int(rng.integers(1, 4)), int(rng.integers(1, 4))))
    rates = {"lr": float(rng.uniform(0.05, 0.3)), "momentum": float(rng.choice([0.0, rng.uniform(0.1, 0.9)]))}
    one = {name: i[name][0] for name in ("mask1", "mask2")}
    return {name: i[name] for name in (*NAMES, "X", "y")} | one | {"batches": batches} | rates


def sample_search(rng):
    d0, w1, w2, C, R, n = (int(rng.integers(low, 5)) for low in (1, 1, 1, 2, 1, 1))
    k1, k2 = int(rng.integers(1, w1 + 1)), int(rng.integers(1, w2 + 1))
    masks = {"mask1": _subsets(rng, R, w1, k1), "mask2": _subsets(rng, R, w2, k2)}
    scaling = str(rng.choice(["inherited", "rescaled"]))
    return _made(rng, d0, w1, w2, C) | masks | _data(rng, n, d0, C) | {"scaling": scaling}


def sample_extract(rng):
    i = sample_search(rng)
    return {name: i[name] for name in NAMES} | {m: i[m][0] for m in ("mask1", "mask2")} | {"scaling": i["scaling"]}


def sample_masked(rng):
    i = sample_search(rng)
    return {name: i[name] for name in (*NAMES, "X")} | {m: i[m][0] for m in ("mask1", "mask2")}


def sample_select(rng):
    R = int(rng.integers(1, 7))
    return {"losses": rng.integers(0, 4, R) / 4}


def sample_masks(rng):
    w1, w2, R = (int(rng.integers(1, 7)) for _ in range(3))
    perms = {f"perms{l}": rng.permuted(np.tile(np.arange(w), (R, 1)), axis=1) for l, w in ((1, w1), (2, w2))}
    return perms | {"keep1": int(rng.integers(1, w1 + 1)), "keep2": int(rng.integers(1, w2 + 1))}


def sample_share(rng):
    widths = rng.integers(1, 9, int(rng.integers(3, 6)))
    return {"widths": widths, "keep": rng.integers(1, widths[1:-1] + 1)}
