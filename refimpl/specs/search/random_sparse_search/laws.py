"""Checks of the operations of random sparse search that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, doubled_along, related, reversed_along, scaled, scales

_BIASES = {"W1": 1, "b1": 1, "W2": -1}  # relu(a x) = a relu(x)
_OUTPUTS = {"W2": 1, "b2": 1, "W3": -1}


def _flip(x, axis):
    return array_namespace(x).flip(x, axis=axis)


def _mirrored(mask, width):
    """The same nodes where all nodes are in reversed order."""
    return _flip(width - 1 - mask, -1)


def _nodes_reversed(inputs):
    """The hidden nodes of the parent in reversed order, and masks of the same nodes."""
    i = inputs
    found = {"W1": _flip(i["W1"], 1), "b1": _flip(i["b1"], 0), "W2": _flip(_flip(i["W2"], 0), 1)}
    found |= {"b2": _flip(i["b2"], 0), "W3": _flip(i["W3"], 0)}
    masks = {"mask1": _mirrored(i["mask1"], i["b1"].shape[0]), "mask2": _mirrored(i["mask2"], i["b2"].shape[0])}
    return found | masks


def _small_reversed(out):
    """The sub-network's nodes in reversed order."""
    found = {"V1": _flip(out["V1"], 1), "c1": _flip(out["c1"], 0), "V2": _flip(_flip(out["V2"], 0), 1)}
    return found | {"c2": _flip(out["c2"], 0), "V3": _flip(out["V3"], 0)}


def _removed_moved(inputs):
    """What touches a node that is not kept, plus 1."""
    xp = array_namespace(inputs["b1"])
    off = []
    for mask, b in ((inputs["mask1"], inputs["b1"]), (inputs["mask2"], inputs["b2"])):
        nodes = array_namespace(mask).arange(b.shape[0], dtype=mask.dtype)
        kept = array_namespace(mask).any(nodes[:, None] == mask[None, :], axis=1)
        off.append(xp.where(xp.asarray(kept), 0.0 * b, 1.0))
    one, two = off
    return {
        "W1": inputs["W1"] + one,
        "b1": inputs["b1"] + one,
        "W2": inputs["W2"] + xp.maximum(one[:, None], two[None, :]),
        "b2": inputs["b2"] + two,
        "W3": inputs["W3"] + two[:, None],
    }


def _same(out):
    return {}


_PLAIN = "ordinary", "square"
_NODES: tuple = (
    "node-order",
    "the parent's hidden nodes in another order, with the masks, change nothing",
    _nodes_reversed,
)
_REMOVED: tuple = "removed-nodes", "what touches a node that is not kept does not matter", _removed_moved, _same


def _all_kept_is_the_parent(run, inputs):
    """Kept in full and rescaled, which is by 1 then, every look is the same."""
    xp = array_namespace(inputs["mask1"])
    count = inputs["mask1"].shape[0]
    full = {
        f"mask{l}": xp.tile(xp.arange(inputs[f"b{l}"].shape[0], dtype=xp.int64)[None, :], (count, 1)) for l in (1, 2)
    }
    one, two = (run(**inputs | full | {"scaling": scaling})["losses"] for scaling in ("inherited", "rescaled"))
    yield one, two
    yield one, one[:1] + 0.0 * one


def _alone(run, inputs):
    losses = run(**inputs)["losses"]
    for r in range(losses.shape[0]):
        one = {name: inputs[name][r : r + 1, :] for name in ("mask1", "mask2")}
        yield run(**inputs | one)["losses"], losses[r : r + 1]


def _selected_is_least(run, inputs):
    out = run(**inputs)
    xp = array_namespace(out["losses"])
    yield out["losses"][int(out["selected"])], xp.min(out["losses"])


def _more_looks(run, inputs):
    """The least loss of the first looks is no less than that of all."""
    losses = run(**inputs)["losses"]
    xp = array_namespace(losses)
    fewer = {name: inputs[name][:-1, :] for name in ("mask1", "mask2")}
    gain = xp.clip(xp.min(losses) - xp.min(run(**inputs | fewer)["losses"]), min=0.0)
    yield gain, 0.0 * gain


SEARCH = (
    scales(_BIASES, {}, *_PLAIN),
    scales(_OUTPUTS, {}, *_PLAIN, slug="scales-second-layer"),
    scales({"X": 1, "W1": -1}, {}, *_PLAIN, slug="scales-inputs"),
    related(*_NODES, _same, *_PLAIN, "rescaled"),
    doubled_along("n", *_PLAIN),
    reversed_along("n", *_PLAIN),
    related("shifted", "a constant added to all output biases changes nothing",
            lambda i: {"b3": i["b3"] + 0.5}, _same, *_PLAIN),
    Law("all-kept", "where all nodes are kept every look is the parent, rescaled or not", _all_kept_is_the_parent,
        _PLAIN),
    Law("alone", "a look by itself has the same loss", _alone, _PLAIN),
    Law("least", "the selected loss is the least", _selected_is_least, _PLAIN),
    Law("more-looks", "another look never makes the least loss larger", _more_looks, _PLAIN),
)  # fmt: skip


def _is_least(run, inputs):
    xp = array_namespace(inputs["losses"])
    yield inputs["losses"][int(run(**inputs)["selected"])], xp.min(inputs["losses"])


def _with_more(inputs):
    xp, x = array_namespace(inputs["losses"]), inputs["losses"]
    return {"losses": xp.concat([x, x + 1.0, x])}


SELECT = (
    scales({"losses": 1}, {}, "two", "tied"),
    related("more", "more losses after these, none of them less, change nothing", _with_more, _same, "tied", "last"),
    Law("least", "the selected loss is the least", _is_least, ("tied", "last", "close")),
)

_LINEAR = dict.fromkeys(("W1", "b1", "W2", "b2", "W3", "b3"), 1)
EXTRACT = (
    scales(_LINEAR, dict.fromkeys(("V1", "c1", "V2", "c2", "V3", "c3"), 1), *_PLAIN, "rescaled"),
    related(*_NODES, _small_reversed, *_PLAIN, "rescaled"),
    related(*_REMOVED, *_PLAIN, "rescaled"),
    reversed_along("d0", *_PLAIN),
    reversed_along("C", *_PLAIN, slug="outputs-reordered"),
)

MASKED = (
    scales(_BIASES, {}, *_PLAIN),
    scales({"X": 1, "b1": 1, "b2": 1, "b3": 1}, {"logits": 1}, *_PLAIN, slug="scales-inputs"),
    related(*_NODES, _same, *_PLAIN),
    related(*_REMOVED, *_PLAIN),
    doubled_along("n", *_PLAIN),
    reversed_along("n", *_PLAIN),
)


TRAJECTORY = (
    causal("T", "ordinary", "rows-twice"),
    related(*_NODES, _small_reversed, *_PLAIN),
    related(*_REMOVED, *_PLAIN),
    doubled_along("B", *_PLAIN),
    reversed_along("B", *_PLAIN, "rows-twice"),
    scaled("odd", "inputs and first weights negated negate the first weights, and change nothing else",
           -1.0, {"X": 1, "W1": 1}, {"V1": 1}, *_PLAIN),
)  # fmt: skip


def _in_any_order(inputs):
    """The first entries of each permutation reversed, and the others too."""
    found = {}
    for l in (1, 2):
        x, keep = inputs[f"perms{l}"], inputs[f"keep{l}"]
        xp = array_namespace(x)
        found[f"perms{l}"] = xp.concat([_flip(x[:, :keep], 1), _flip(x[:, keep:], 1)], axis=1)
    return found


def _one_more(run, inputs):
    """With one node more, the nodes kept before are kept still: a sum over nodes grows by the next entry."""
    before, after = run(**inputs), run(**inputs | {f"keep{l}": inputs[f"keep{l}"] + 1 for l in (1, 2)})
    for l in (1, 2):
        xp, mask, larger = array_namespace(before["mask1"]), before[f"mask{l}"], after[f"mask{l}"]
        added = xp.astype(inputs[f"perms{l}"][:, inputs[f"keep{l}"]], mask.dtype)
        yield xp.sum(larger, axis=1), xp.sum(mask, axis=1) + added
        yield xp.sum(larger * larger, axis=1), xp.sum(mask * mask, axis=1) + added * added


MASKS = (
    reversed_along("R", "two", "ordinary", slug="draws-apart"),
    related(
        "any-order", "in which order the first entries come does not matter", _in_any_order, _same, "ordinary", "half"
    ),
    Law("one-more", "to keep one more adds the next entry", _one_more, ("two", "ordinary")),
)


def _in_two_steps(run, inputs):
    """Halving nothing twice: the share of all is the share of some times the share that these keep."""
    xp = array_namespace(inputs["widths"])
    between = xp.concat([inputs["widths"][:1], inputs["keep"], inputs["widths"][-1:]])
    ones = 0 * inputs["keep"] + 1
    some, rest = run(**inputs)["share"], run(widths=between, keep=ones)["share"]
    yield run(widths=inputs["widths"], keep=ones)["share"], some * rest


def _all_kept(run, inputs):
    share = run(widths=inputs["widths"], keep=inputs["widths"][1:-1])["share"]
    yield share, 0.0 * share + 1.0


SHARE = (
    Law("two-steps", "nodes that are removed in two steps leave the product of two shares", _in_two_steps,
        ("digits", "unequal")),
    Law("all-kept", "all nodes kept: all parameters", _all_kept, ("digits", "unequal")),
)  # fmt: skip
