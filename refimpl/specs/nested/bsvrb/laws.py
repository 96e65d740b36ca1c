"""Checks of the operations of BSVRB that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, related, reversed_along, scaled, scales, turned_along

MSVR = (
    scales({"est": 1, "new": 1, "old": 1}, {"new_est": 1}, "three-numbers"),
    apart("k", "three-numbers"),
    related(
        "shifted",
        "all moved by 8 move the answer by 8",
        lambda i: {n: i[n] + 8.0 for n in ("est", "new", "old")},
        lambda o: {"new_est": o["new_est"] + 8.0},
        "three-numbers",
        "worked-example",
    ),
)


def _storm(run, inputs):
    """With as many blocks sampled as there are, gamma is what makes MSVR STORM."""
    value = run(**inputs | {"I": inputs["m"]})["gamma"]
    yield value, 0 * value + (1 - inputs["alpha"])


GAMMA = (
    related(
        "share-alone",
        "twice as many blocks, twice as many sampled: the same",
        lambda i: {"m": 2 * i["m"], "I": 2 * i["I"]},
        lambda o: {},
        "a-quarter",
        "ten-of-hundred",
    ),
    Law("storm", "I = m gives 1 - alpha", _storm, ("a-quarter", "ten-of-hundred")),
)


def _kept(run, inputs):
    """What has the floor keeps it."""
    once = run(**inputs)["H"]
    once = array_namespace(once).astype(once, inputs["H"].dtype)
    yield run(**inputs | {"H": once})["H"], once


def _transposed(H):
    return array_namespace(H).matrix_transpose(H)


FLOOR = (
    Law("once-is-enough", "done twice it changes nothing more", _kept, ("worked-example", "not-symmetric")),
    scales({"H": 1, "mu": 1}, {"H": 1}, "not-symmetric"),
    turned_along("d", "not-symmetric"),
    apart("m", "not-symmetric"),
    related(
        "transposed",
        "a matrix and its transpose have the same answer",
        lambda i: {"H": _transposed(i["H"])},
        lambda o: {},
        "not-symmetric",
    ),
)


def _flip(x, axis=0):
    return array_namespace(x).flip(x, axis=axis)


def _renamed(*names):
    """Blocks called m - 1, ..., 0."""

    def change(inputs):
        m = inputs["y0"].shape[0]
        rows = {name: _flip(inputs[name]) for name in ("A", "B", "b", "c", "y0", "s0", *names)}
        return rows | {name: m - 1 - inputs[name] for name in ("blocks", "others") if name in inputs}

    return change


def _other_samples(inputs):
    n = inputs["A"].shape[1]
    fields = {name: _flip(inputs[name], 1) for name in ("A", "B", "b", "c")}
    return fields | {name: n - 1 - inputs[name] for name in ("batches_g", "batches_f")}


_COUNTS = ("two-steps",)


def _shared(kept, outputs, *cases):
    return (
        causal("T", *cases),
        turned_along("d", *cases),
        related(
            "renamed",
            "blocks can have any numbers",
            _renamed(*kept),
            lambda o: {name: _flip(o[name]) for name in ("y", *outputs)},
            *cases,
        ),
        reversed_along("I", *cases, slug="order-of-blocks"),
    )


def _linear(kept, outputs):
    """Without the last term of f, in which x stands to the power 4, all is linear."""
    inputs = ("b", "c", "x0", "y0", "s0", "z0", *kept)
    return scales(dict.fromkeys(inputs, 1), dict.fromkeys(("x", "y", *outputs), 1), "linear", inside=4)


V1 = (*_shared(("H0",), ("s", "H"), *_COUNTS), _linear((), ("s", "z")))
V2 = (
    *_shared(("v0", "u0"), ("s", "v", "u"), *_COUNTS),
    reversed_along("k", *_COUNTS, slug="order-of-samples"),
    related("samples-renamed", "samples can have any numbers", _other_samples, lambda o: {}, *_COUNTS),
    _linear(("v0", "u0", "radius"), ("s", "z", "v", "u")),
)
RSVRB = (*_shared(("w0", "V0", "H0"), (), "three-blocks"), _linear(("w0",), ()))


def _hpo_renamed(inputs):
    n = inputs["X"].shape[0]
    return {name: _flip(inputs[name]) for name in ("X", "labels", "p")} | {"batch": n - 1 - inputs["batch"]}


HPO = (
    scales({"v": 1}, {"hvp": 1, "cross": 1}, "four-samples", "repeated"),
    turned_along("d", "four-samples"),
    reversed_along("k", "four-samples", "repeated", slug="order-of-samples"),
    reversed_along("I", "four-samples"),
    scales({"X": 1, "sigma": 1}, {}, "four-samples", "repeated", inside=2, slug="scales-of-samples"),  # sigma squared
    scaled("other-class", "labels and X negated: margins stay", -1.0, {"X": 1, "labels": 1}, {}, "four-samples"),
    related(
        "samples-renamed",
        "samples can have any numbers",
        _hpo_renamed,
        lambda o: {"cross": _flip(o["cross"])},
        "four-samples",
        "repeated",
    ),
)
