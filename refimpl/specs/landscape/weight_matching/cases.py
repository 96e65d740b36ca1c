"""Inputs of the operations of weight matching under permanent names, and random ones."""

from itertools import pairwise

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large

TIMES = 2**14  # copies of each input unit in the large cases
_IDENTITY = {"p1": np.arange(4), "p2": np.arange(3)}
_TURNED = {"p1": np.array([2, 0, 3, 1]), "p2": np.array([1, 2, 0])}  # none is its own inverse


def _nets(rng, m, widths=(3, 4, 3, 2), biases=True):
    """m networks, in two digits."""
    found = {}
    for l, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        found[f"W{l}"] = rng.standard_normal((m, n_in, n_out)).round(2)
        if biases:
            found[f"b{l}"] = rng.standard_normal((m, n_out)).round(2)
    return found


def _orders(rng, *shape):
    return rng.permuted(np.broadcast_to([0, 1], (*shape, 2)), axis=-1)


def _rng(name):
    return stream(0, "weight_matching-case", name)


def _copied(of, *more, outputs=("W1",), axes=(1,)):
    """A case of many input units: each of a small one comes 2^14 times, with 2^-7 of its weights and values."""

    def make(operation, before):
        small = before[of]

        def tiled(x, axis):
            times = [1] * x.ndim
            times[axis] = TIMES
            return np.tile(x / 128, times)

        inputs = small.inputs | {"W1": tiled(small.inputs["W1"], 1)}
        inputs |= {name: tiled(small.inputs[name], -1) for name in more}

        def derived(values):
            return values | {
                name: tiled(values[name], axis) for name, axis in zip(outputs, axes, strict=True) if name in values
            }

        return Case(
            "many-inputs", ("large",),
            f"each input unit of {of} comes {TIMES} times, with 2^-7 of its weights: no block of the sums is left out",
            inputs, dtypes=("float64",), equations=small.equations, source=f"the answer of {of}",
            small=small, derived=derived, recipe=f"{of}/n0/{TIMES}/copied",
        )  # fmt: skip

    return make


# One visit -----------------------------------------------------------------------------------------------------------


_PLAIN = {**_nets(_rng("plain"), 2), **_TURNED}
_SMALL_BIAS = {f"b{l}": 0.0 * _PLAIN[f"b{l}"] for l in (1, 2, 3)}
VISIT = (
    Case("first-layer", ("basic", "missing_step", "known_bug"),
         "scores of layer 1: inputs, biases, and what goes into the permuted layer 2",
         {**_PLAIN, "layer": 0}, equations=("weight_matching-4", "weight_matching-5", "weight_matching-6")),
    Case("second-layer", ("basic", "missing_step", "wrong_order"),
         "scores of layer 2, whose inputs are the permuted layer 1", {**_PLAIN, "layer": 1},
         equations=("weight_matching-4", "weight_matching-5", "weight_matching-6", "weight_matching-7")),
    Case("from-the-identity", ("boundary",), "the other layer is not permuted yet",
         {**_PLAIN, **_IDENTITY, "layer": 1}, equations=("weight_matching-7",)),
    Case("second-of-wider", ("basic", "missing_step", "wrong_order"), "scores of layer 2 of wider networks",
         {**_nets(_rng("wider"), 2, (2, 4, 5, 3)), "p1": np.array([3, 0, 1, 2]), "p2": np.array([1, 2, 3, 4, 0]),
          "layer": 1}, equations=("weight_matching-4", "weight_matching-7")),
    Case("no-biases", ("edge_case",), "without biases", {**_PLAIN, **_SMALL_BIAS, "layer": 0},
         equations=("weight_matching-4", "weight_matching-6")),
    Case("one-unit", ("boundary",), "a layer of one unit between others of one",
         {**_nets(_rng("one"), 2, (1, 1, 1, 1)), "p1": np.zeros(1, int), "p2": np.zeros(1, int), "layer": 1}),
    _copied("first-layer"),
)  # fmt: skip


def _some_perms(rng, widths):
    return {f"p{l}": rng.permutation(widths[l]) for l in (1, 2)}


def _some_widths(rng):
    return (int(rng.integers(1, 4)), int(rng.integers(2, 5)), int(rng.integers(2, 5)), int(rng.integers(2, 4)))


def sample_visit(rng):
    widths = _some_widths(rng)
    return {**_nets(rng, 2, widths), **_some_perms(rng, widths), "layer": int(rng.integers(0, 2))}


# Weight matching -----------------------------------------------------------------------------------------------------


def _match(name, T=4, widths=(3, 4, 3, 2), **more):
    rng = _rng(name)
    return {**_nets(rng, 2, widths), **_some_perms(rng, widths), "orders": _orders(rng, T)} | more


_FOUR = _match("four sweeps", widths=(3, 5, 4, 2))
_LAST_FIRST = np.array([[1, 0]] * 4)
MATCH = (
    Case("four-sweeps", ("basic", "missing_step", "wrong_order", "known_bug"),
         "four sweeps over two hidden layers from a random start: each visit sees the layer that has just moved",
         {**_FOUR, "p1": np.arange(5), "p2": np.arange(4)},
         equations=("weight_matching-1", "weight_matching-2", "weight_matching-3", "weight_matching-7")),
    Case("five-units", ("basic", "missing_step", "wrong_order", "known_bug"),
         "layers of five units, from a start that is no maximum: several sweeps gain",
         _match("m4", widths=(2, 5, 5, 2)), equations=("weight_matching-6", "weight_matching-7")),
    Case("last-layer-first", ("basic", "wrong_order"), "each sweep begins with layer 2",
         _match("last first", orders=_LAST_FIRST, **_IDENTITY), equations=("weight_matching-7",)),
    Case("warm-start", ("basic", "variant"), "from given permutations, which are no local maximum",
         _match("warm", **_TURNED), equations=("weight_matching-7",)),
    Case("large-biases", ("edge_case", "missing_step"), "the biases decide: they are eight times as large",
         (lambda x: x | {f"b{l}": 8 * x[f"b{l}"] for l in (1, 2, 3)})(_match("biases", **_IDENTITY)),
         equations=("weight_matching-5",)),
    Case("one-sweep", ("boundary",), "one sweep, and no more", _match("one", T=1, **_IDENTITY)),
    Case("two-units", ("boundary",), "layers of two units", _match("two", widths=(1, 2, 2, 1))),
    Case("three-hundred-sweeps", ("long",), "the search ends by itself, and nothing changes afterwards",
         _match("long", T=300)),
    _copied("last-layer-first"),
)  # fmt: skip


def sample_match(rng):
    widths = _some_widths(rng)
    return {**_nets(rng, 2, widths), **_some_perms(rng, widths), "orders": _orders(rng, int(rng.integers(1, 5)))}


# Activation matching -------------------------------------------------------------------------------------------------


def _values(rng, N, n1, n2):
    """Values of units, none negative, with means that differ, as relu makes them."""
    made = []
    for n in (n1, n2):
        shift = rng.uniform(0, 2, (2, 1, n))
        made.append(np.maximum(rng.standard_normal((2, N, n)) + shift, 0).round(2))
    return {"Z1": made[0], "Z2": made[1]}


_CONSTANT = _values(_rng("constant"), 8, 4, 3)
_CONSTANT["Z1"][0, :, 1] = 0.0
ACTIVATIONS = (
    Case("eight-samples", ("basic", "missing_step"), "eight samples, four and five units",
         _values(_rng("eight"), 8, 4, 5), equations=("weight_matching-10",)),
    Case("unequal-means", ("basic", "variant"), "units whose means differ: centring would decide otherwise",
         _values(_rng("means 1"), 6, 5, 4), equations=("weight_matching-10",)),
    Case("few-samples", ("boundary",), "fewer samples than units", _values(_rng("few"), 3, 5, 4)),
    Case("dead-unit", ("edge_case",), "a unit of A that is 0 on all samples", _CONSTANT),
    large("many-samples", "eight-samples", "N", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_activations(rng):
    return _values(rng, int(rng.integers(3, 9)), int(rng.integers(2, 6)), int(rng.integers(2, 6)))


# The straight-through search -----------------------------------------------------------------------------------------


def _batch(rng, *shape, n0=3, classes=2):
    return {"x": rng.standard_normal((*shape, n0)).round(2), "labels": rng.integers(0, classes, shape)}


def _ste_step(name, widths=(3, 4, 3, 2), B=3, T=3, **more):
    rng = _rng(name)
    inputs = {**_nets(rng, 4, widths), **_some_perms(rng, widths), **_batch(rng, B, n0=widths[0], classes=widths[3])}
    return inputs | {"orders": _orders(rng, T), "lr": 0.3, "momentum": 0.9} | more


_THREE = _ste_step("three", **_TURNED)
STE_STEP = (
    Case("three-samples", ("basic", "missing_step", "wrong_constant", "wrong_order"),
         "three samples, with velocity: B is matched to the free parameters, the midpoint is that of A and B", _THREE,
         equations=("weight_matching-11", "weight_matching-12", "weight_matching-13", "weight_matching-14")),
    Case("from-the-last-matching", ("basic", "wrong_order", "known_bug"),
         "three sweeps from permutations that are no maximum: where the search starts, and each line of it, counts",
         _ste_step("s136", widths=(2, 5, 5, 2)), equations=("weight_matching-7", "weight_matching-11")),
    Case("from-another-matching", ("basic", "wrong_order", "known_bug"), "the same from other permutations",
         _ste_step("s206", widths=(2, 5, 5, 2)), equations=("weight_matching-7", "weight_matching-11")),
    Case("no-momentum", ("boundary",), "momentum 0: the old velocity is forgotten",
         _ste_step("none", momentum=0.0, lr=0.7), equations=("weight_matching-13",)),
    Case("one-sample", ("boundary",), "one sample, three classes", _ste_step("one", (2, 3, 3, 3), B=1, T=2)),
    large("many-samples", "three-samples", "B", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_ste_step(rng):
    widths = _some_widths(rng)
    inputs = {**_nets(rng, 4, widths), **_some_perms(rng, widths)}
    inputs |= _batch(rng, int(rng.integers(1, 4)), n0=widths[0], classes=widths[3])
    return inputs | {
        "orders": _orders(rng, int(rng.integers(1, 3))),
        "lr": float(rng.uniform(0.1, 1.0)),
        "momentum": float(rng.uniform(0.0, 0.9)),
    }


def _ste(name, S=6, B=3, T=2, widths=(3, 4, 3, 2), **more):
    rng = _rng(name)
    inputs = {**_nets(rng, 2, widths), **_batch(rng, S, B, n0=widths[0], classes=widths[3])}
    return inputs | {"orders": _orders(rng, S, T), "lr": 1.0, "momentum": 0.9, "start": "b"} | more


STE = (
    Case("six-batches", ("basic", "missing_step", "wrong_order", "wrong_constant"),
         "six minibatches from B: the permutations move, and the best step is not the last", _ste("six"),
         equations=("weight_matching-11", "weight_matching-12", "weight_matching-13", "weight_matching-15")),
    Case("from-a", ("basic", "variant"), "six minibatches from A: the first step is weight matching",
         _ste("six", start="a"), equations=("weight_matching-11", "weight_matching-15")),
    Case("long-steps", ("basic", "missing_step", "wrong_order", "wrong_constant", "known_bug"),
         "six minibatches with long steps: the matching moves in each, and must start from the last one",
         _ste("t58", S=6, T=2, widths=(2, 5, 5, 2), lr=8.0), equations=("weight_matching-11", "weight_matching-15")),
    Case("longer-steps", ("basic", "missing_step", "wrong_order", "known_bug"), "eight minibatches with longer steps",
         _ste("t110", S=8, T=2, widths=(2, 5, 5, 2), lr=12.0), equations=("weight_matching-11", "weight_matching-15")),
    Case("no-momentum", ("boundary",), "momentum 0",
         _ste("n1", S=6, T=2, widths=(2, 5, 5, 2), lr=8.0, momentum=0.0), equations=("weight_matching-13",)),
    Case("one-batch", ("boundary",), "a single step", _ste("one", S=1)),
    Case("many-batches", ("long",), "280 small steps: the least loss of all counts",
         _ste("long", S=280, B=2, T=1, widths=(2, 2, 2, 2), lr=0.02, momentum=0.5), dtypes=("float64",)),
    large("many-samples", "no-momentum", "B", size=20_001, balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_ste(rng):
    widths, S = _some_widths(rng), int(rng.integers(1, 5))
    inputs = {**_nets(rng, 2, widths), **_batch(rng, S, int(rng.integers(1, 4)), n0=widths[0], classes=widths[3])}
    return inputs | {
        "orders": _orders(rng, S, int(rng.integers(1, 3))),
        "lr": float(rng.uniform(0.3, 2.0)),
        "momentum": float(rng.uniform(0.0, 0.9)),
        "start": str(rng.choice(["a", "b"])),
    }


# Singular vectors ----------------------------------------------------------------------------------------------------


def _layers(name, widths=(3, 4, 3, 2), **more):
    return {**_nets(_rng(name), 2, widths, biases=False), **_TURNED, "gamma": 0.0, "normaliser": "sqrt"} | more


_ALL = _layers("kept 1", (5, 4, 3, 2))
ALIGNMENT = (
    Case("all-vectors", ("basic", "wrong_constant"), "all singular vectors of two different networks", _ALL,
         equations=("weight_matching-16", "weight_matching-17")),
    Case("large-values", ("basic", "variant"), "those above a half of the largest: the networks keep different numbers",
         {**_ALL, "gamma": 0.5}, equations=("weight_matching-16", "weight_matching-17")),
    Case("smaller-number", ("basic", "variant"), "divided by the smaller number",
         {**_ALL, "gamma": 0.5, "normaliser": "min"}),
    Case("number-of-a", ("basic", "variant"), "divided by the number of A", {**_ALL, "gamma": 0.5, "normaliser": "a"}),
    Case("largest-alone", ("boundary",), "gamma = 0.97: one pair of vectors for each layer", {**_ALL, "gamma": 0.97}),
    Case("own-copy", ("edge_case", "known_bug"), "a network and its own copy in another order: R = 1",
         {**_ALL, **{f"W{l}": _ALL[f"W{l}"][[0, 0]] for l in (1, 2, 3)}, **_IDENTITY},
         answer={"R": np.array(1.0)}, source="each singular vector meets itself"),
    _copied("all-vectors"),
)  # fmt: skip


def sample_alignment(rng):
    widths = _some_widths(rng)
    inputs = {**_nets(rng, 2, widths, biases=False), **_some_perms(rng, widths), "gamma": float(rng.uniform(0, 0.6))}
    return inputs | {"normaliser": str(rng.choice(["sqrt", "min", "a"]))}


# Barriers ------------------------------------------------------------------------------------------------------------


def _line(name, N=4, widths=(3, 4, 3, 2), **more):
    rng = _rng(name)
    return {**_nets(rng, 2, widths), **_batch(rng, N, n0=widths[0], classes=widths[3])} | more


_FIVE = np.linspace(0, 1, 5)
BARRIER = (
    Case("five-places", ("basic", "wrong_constant"), "five places on the line between ends of different losses",
         _line("five", shares=_FIVE), equations=("weight_matching-8", "weight_matching-9")),
    Case("off-the-middle", ("basic", "variant"), "the highest place is not the middle",
         _line("off", shares=np.array([0.0, 0.2, 0.3, 0.5, 0.7, 1.0])), equations=("weight_matching-9",)),
    Case("one-place", ("boundary",), "the midpoint alone", _line("one", N=1, shares=np.array([0.5]))),
    Case("three-classes", ("basic",), "three classes",
         _line("classes", widths=(2, 3, 4, 3), shares=np.array([0.25, 0.6]))),
    large("many-samples", "five-places", "B", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_barrier(rng):
    widths = _some_widths(rng)
    inputs = {**_nets(rng, 2, widths), **_batch(rng, int(rng.integers(1, 5)), n0=widths[0], classes=widths[3])}
    return inputs | {"shares": np.sort(rng.uniform(0, 1, int(rng.integers(1, 6))))}


TAYLOR = (
    Case("four-samples", ("basic", "missing_step"), "slope and curvature at both ends",
         _line("taylor"), equations=("weight_matching-18",)),
    Case("three-classes", ("basic", "wrong_constant"), "three classes", _line("taylor 3", widths=(2, 3, 4, 3)),
         equations=("weight_matching-18",)),
    Case("one-sample", ("boundary",), "one sample", _line("taylor 1", N=1)),
    large("many-samples", "four-samples", "B", balanced=True, dtypes=("float64",)),
)  # fmt: skip


def sample_taylor(rng):
    return {name: x for name, x in sample_barrier(rng).items() if name != "shares"}


# Many networks -------------------------------------------------------------------------------------------------------


def _merge(name, R=3, m=3, T=3, widths=(3, 4, 3, 2)):
    rng = _rng(name)
    rounds = np.stack([rng.permutation(m) for _ in range(R)])
    return {**_nets(rng, m, widths), "rounds": rounds, "orders": _orders(rng, R, m, T)}


MERGE = (
    Case("three-networks", ("basic", "missing_step", "wrong_order"),
         "three networks: each is matched with the mean of the two others, as they are by then", _merge("three"),
         equations=("weight_matching-19", "weight_matching-20")),
    Case("four-networks", ("basic",), "four networks, two rounds", _merge("four", R=2, m=4),
         equations=("weight_matching-19",)),
    Case("four-of-wider", ("basic", "missing_step"), "four networks of four units: rounds and sweeps count",
         _merge("m100", m=4, widths=(2, 4, 4, 2)), equations=("weight_matching-19", "weight_matching-20")),
    Case("two-networks", ("boundary",), "two networks: weight matching, there and back", _merge("two", m=2)),
    Case("one-round", ("boundary",), "one round of one sweep", _merge("one", R=1, T=1)),
    Case("three-hundred-rounds", ("long",), "it ends by itself", _merge("long", R=300, T=2)),
    _copied("three-networks", outputs=("mean_W1",), axes=(0,)),
)  # fmt: skip


def sample_merge(rng):
    widths, R, m = _some_widths(rng), int(rng.integers(1, 4)), int(rng.integers(2, 4))
    rounds = np.stack([rng.permutation(m) for _ in range(R)])
    return {**_nets(rng, m, widths), "rounds": rounds, "orders": _orders(rng, R, m, 2)}
