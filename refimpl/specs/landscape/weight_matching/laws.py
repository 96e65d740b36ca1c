"""Checks of the operations of weight matching that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, doubled_along, related, reversed_along, scaled, scales

_ALL = {name: 1 for l in (1, 2, 3) for name in (f"W{l}", f"b{l}")}


def _inverse(p):
    return array_namespace(p).astype(array_namespace(p).argsort(p), p.dtype)


def _exchanged(inputs, perms=True):
    """B first, and the inverse permutations."""
    xp = array_namespace(inputs["W1"])
    found = {name: xp.flip(inputs[name], axis=0) for name in _ALL if name in inputs}
    return found | ({name: _inverse(inputs[name]) for name in ("p1", "p2")} if perms else {})


def _permuted(inputs, p1, p2, i=1):
    """Network i with its units in another order."""
    xp = array_namespace(p1)
    p1, p2 = (xp.astype(p, xp.int64) for p in (p1, p2))
    take = xp.take
    W1, b1, W2, b2, W3, b3 = (inputs[name][i, ...] for name in _ALL)
    W2 = take(take(W2, p1, axis=0), p2, axis=1)
    return take(W1, p1, axis=1), take(b1, p1), W2, take(b2, p2), take(W3, p2, axis=0), b3


def _worth(run, inputs):
    """The last inner product is that of A and the permuted B."""
    out = run(**inputs)
    xp = array_namespace(out["objective"])
    moved = _permuted(inputs, out["new_p1"], out["new_p2"])
    products = [xp.sum(inputs[name][0, ...] * x) for name, x in zip(_ALL, moved, strict=True)]
    yield out["objective"][-1, 1], sum(products[1:], products[0])


def _rising(run, inputs):
    """No visit lowers the inner product."""
    path = array_namespace(inputs["W1"]).reshape(run(**inputs)["objective"], (-1,))
    fall = array_namespace(path).clip(path[:-1] - path[1:], min=0.0)
    yield fall, 0.0 * fall


def _chosen(run, inputs):
    """The best permutation is one."""
    p = run(**inputs)["p"]
    xp = array_namespace(p)
    yield xp.sort(p), xp.astype(xp.arange(p.shape[0]), p.dtype)


VISIT = (
    scales(_ALL, {"C": 2}, "first-layer", "second-layer"),
    related(
        "exchanged",
        "A and B exchanged and the inverse permutations transpose the scores",
        _exchanged,
        lambda out: {
            "C": array_namespace(out["C"]).matrix_transpose(out["C"]),
            "p": _inverse(out["p"]),
        },
        "first-layer",
        "second-layer",
    ),
    Law("one-of-each", "the best permutation has each unit once", _chosen, ("second-layer",)),
)

MATCH = (
    scaled(
        "scale",
        "all weights times 2: the inner product is four times, permutations stay",
        2.0,
        _ALL,
        {"objective": 2},
        "four-sweeps",
    ),
    causal("T", "four-sweeps"),
    Law("worth", "the last inner product is that of A and the permuted B", _worth, ("four-sweeps", "warm-start")),
    Law("rising", "no visit lowers the inner product", _rising, ("four-sweeps", "three-hundred-sweeps")),
)

ACTIVATIONS = (
    scales({"Z1": 1, "Z2": 1}, {}, "eight-samples", inside=2),
    doubled_along("N", "eight-samples"),
    reversed_along("N", "unequal-means"),
)


def _moved(run, inputs):
    """The free parameters move by -lr times the new velocity."""
    out = run(**inputs)
    for name in _ALL:
        new = out[f"new_{name}"]
        yield new[0, ...], inputs[name][2, ...] - inputs["lr"] * new[1, ...]


STE_STEP = (
    doubled_along("B", "three-samples"),
    reversed_along("B", "three-samples"),
    Law("along-velocity", "the free parameters move by -lr times the new velocity", _moved, ("three-samples",)),
)

STE = (
    causal("S", "six-batches"),
    doubled_along("B", "six-batches"),
    reversed_along("B", "from-a"),
)

_MATRICES = {"W1": 1, "W2": 1, "W3": 1}
ALIGNMENT = (
    scales(_MATRICES, {}, "all-vectors", "large-values"),
    scaled("odd", "layer 1 negated in both networks changes nothing", -1.0, {"W1": 1}, {}, "all-vectors"),
    related(
        "exchanged",
        "A and B exchanged and the inverse permutations change nothing",
        _exchanged,
        lambda out: {},
        "all-vectors",
        "large-values",
        "smaller-number",
    ),
)


def _backwards(inputs):
    """The line the other way."""
    found = _exchanged(inputs, perms=False)
    if "shares" in inputs:
        found["shares"] = array_namespace(inputs["shares"]).flip(1 - inputs["shares"])
    return found


BARRIER = (
    related(
        "backwards",
        "A and B exchanged give the same line backwards, and the same barrier",
        _backwards,
        lambda out: {"line": array_namespace(out["line"]).flip(out["line"])},
        "five-places",
        "off-the-middle",
    ),
    doubled_along("B", "five-places"),
    reversed_along("B", "five-places"),
    scales({"x": 1, "W1": -1}, {}, "five-places"),
)

TAYLOR = (
    related("backwards", "A and B exchanged change nothing", _backwards, lambda out: {}, "four-samples"),
    doubled_along("B", "four-samples"),
    reversed_along("B", "three-classes"),
    scales({"x": 1, "W1": -1}, {}, "four-samples"),
)

MERGE = (
    scaled(
        "scale",
        "all weights times 2 give twice the mean",
        2.0,
        _ALL,
        {f"mean_{name}": 1 for name in _ALL},
        "three-networks",
    ),
    reversed_along("n0", "three-networks", slug="inputs-reordered"),
    reversed_along("n3", "three-networks", slug="outputs-reordered"),
)
