"""Checks of the operations of prompt search that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, doubled_along, related, reversed_along, scales, turned_along


def _flip(x, *axes):
    return array_namespace(x).flip(x, axis=axes)


def _same(out):
    return {}


_PLAIN = "ordinary", "gap", "entropy"
_LIFTED: tuple = "shifted", "a number added to all logits of an example changes nothing", lambda i: {
    "logits": i["logits"] + 4.0
}, _same  # fmt: skip


def _log_two_at_most(run, inputs):
    """An entropy is between 0 and that of even chances."""
    R = run(**inputs | {"kind": "entropy"})["R"]
    xp, n = array_namespace(R), inputs["logits"].shape[1]
    even = run(**inputs | {"kind": "entropy", "logits": 0.0 * inputs["logits"]})["R"]
    yield xp.clip(R, max=0.0) - xp.maximum(xp.clip(R, max=0.0), even), 0.0 * R
    yield run(**inputs | {"kind": "entropy", "logits": 0.0 * inputs["logits"]})["R"], even[:1] + 0.0 * R * n


REWARDS = (
    related(*_LIFTED, *_PLAIN),
    reversed_along("S", *_PLAIN, slug="examples-reordered"),
    doubled_along("S", "ordinary", "gap"),
    reversed_along("n", *_PLAIN),
    related("classes-reversed", "classes in reversed order, with the labels, change nothing",
            lambda i: {"logits": _flip(i["logits"], 2), "y": i["logits"].shape[2] - 1 - i["y"]}, _same, *_PLAIN),
    Law("even-chances", "no reward of the kind entropy is below that of even chances", _log_two_at_most, _PLAIN[2:]),
)  # fmt: skip


def _kept_is_above(run, inputs):
    """What is kept is what is above the percentile, and a smaller q keeps it too."""
    out, more = run(**inputs), run(**inputs | {"q": inputs["q"] / 2})
    xp = array_namespace(out["I"])
    yield out["kept"], xp.astype(out["I"] > out["threshold"], xp.int64)
    yield out["kept"] * more["kept"], out["kept"]


def _of_itself(run, inputs):
    """A token that changes nothing has the influence 0."""
    xp = array_namespace(inputs["logits"])
    same = xp.broadcast_to(inputs["logits_empty"][None, :, :], inputs["logits"].shape)
    found = run(**inputs | {"logits": same + 0.0})["I"]
    yield 1.0 + found, 1.0 + 0.0 * found


def _kl_is_positive(run, inputs):
    found = run(**inputs | {"kind": "kl"})["I"]
    yield array_namespace(found).clip(found, max=0.0), 0.0 * found


_BOTH = "ordinary", "kl", "between"
INFLUENCE = (
    related("shifted", "a number added to all logits of an example changes nothing",
            lambda i: {"logits": i["logits"] + 4.0, "logits_empty": i["logits_empty"] - 2.0}, _same, *_BOTH),
    reversed_along("n", *_BOTH),
    reversed_along("S", *_BOTH, slug="examples-reordered"),
    Law("kept", "what is above the percentile is kept, and kept for a smaller q too", _kept_is_above, _BOTH),
    Law("no-influence", "a token that changes nothing has the influence 0", _of_itself, _BOTH),
    Law("divergence", "a divergence is not negative", _kl_is_positive, ("kl", "skewed")),
)  # fmt: skip

_POINTS = "ordinary", "once"


def _nearest(run, inputs):
    """No row is nearer to another centre than to that of its label."""
    out, E = run(**inputs), inputs["E"]
    xp = array_namespace(E)
    squares = xp.sum((E[:, None, :] - out["centres"][None, :, :]) ** 2, axis=2)
    labels, rows = (xp.astype(out[name], xp.int64) for name in ("labels", "representatives"))
    yield xp.take_along_axis(squares, labels[:, None], axis=1)[:, 0], xp.min(squares, axis=1)
    near = xp.take_along_axis(squares, rows[None, :], axis=0)[0, :]
    yield near, xp.min(squares, axis=0)


CLUSTER = (
    scales({"E": 1}, {"centres": 1}, *_POINTS),
    related("moved", "all rows moved by the same numbers move the centres with them",
            lambda i: {"E": i["E"] + 8.0}, lambda o: {"centres": o["centres"] + 8.0}, *_POINTS),
    turned_along("d", *_POINTS),
    reversed_along("d", *_POINTS),
    Law("nearest", "each row has the label of the nearest centre, each centre the nearest row", _nearest, _POINTS),
)  # fmt: skip


def _renamed(*outputs):
    """Tokens numbered from the other end."""

    def pairs(run, inputs):
        V = inputs["U"].shape[1]
        named = {"U": _flip(inputs["U"], 1), "Q": _flip(inputs["Q"], 0, 1), "vocab": V - 1 - inputs["vocab"]}
        before, after = run(**inputs), run(**inputs | named)
        for name in before:
            yield after[name], V - 1 - before[name] if name in outputs else before[name]

    return pairs


def _renaming(*outputs, cases=("ordinary", "length-one")):
    return Law(
        "renamed", "other numbers of the tokens give the same prompts by these numbers", _renamed(*outputs), cases
    )


def _grown(out):
    xp = array_namespace(out["rewards"])
    steps = xp.arange(1, out["rewards"].shape[0] + 1, dtype=out["rewards"].dtype)
    return {"rewards": out["rewards"] + 8.0 * steps}


_WORTH = {"U": 1, "Q": 1}
GREEDY = (
    scales(_WORTH, {"rewards": 1}, "ordinary", "worse-and-worse"),
    _renaming("prompt"),
    causal("L", "three-hundred-tokens"),
    related("lifted", "every token worth 8 more: the same prompt", lambda i: {"U": i["U"] + 8.0}, _grown,
            "ordinary", "worse-and-worse"),
)  # fmt: skip


def _later_draws(last, *outputs):
    """Draws of the last epoch change nothing before it."""

    def pairs(run, inputs):
        changed = {}
        for name in last:
            x = inputs[name]
            xp = array_namespace(x)
            changed[name] = xp.concat([x[:-1, ...], 0.5 * x[-1:, ...]])
        before, after = run(**inputs), run(**inputs | changed)
        for name in outputs:
            yield after[name][:-1, ...], before[name][:-1, ...]

    return Law("later-draws", "the draws of the last epoch change nothing before it", pairs, ("ordinary",))


def _never_falls(run, inputs):
    best = run(**inputs)["best"]
    yield array_namespace(best).clip(best[1:] - best[:-1], max=0.0), 0.0 * best[1:]


def _idle(gate, below, token):
    """A token that nothing asks for."""

    def change(inputs):
        x = inputs[token]
        return {token: array_namespace(x).where(inputs[gate] < below(inputs), x, 0.25)}

    return related("idle-draws", "a draw that is not needed changes nothing", change, _same, "ordinary")


GENETIC = (
    scales(_WORTH, {"best": 1}, "ordinary", "paper"),
    _renaming("populations", "prompt"),
    causal("t", "ordinary", "often"),
    _later_draws(("mut_parent", "mut_flip", "mut_token", "cross_parent", "coin"), "populations", "best"),
    Law("never-falls", "the best reward never falls", _never_falls, ("ordinary", "often", "one-elite")),
    _idle("mut_flip", lambda i: i["p_mut"], "mut_token"),
)


def _bounded(run, inputs):
    """A velocity is a mean of the one before and of -6, 0 or 6."""
    v = run(**inputs)["velocities"]
    xp = array_namespace(v)
    most = xp.maximum(xp.abs(inputs["nu"])[None, :, None], xp.asarray(6.0, dtype=v.dtype))
    yield xp.clip(xp.abs(v) - most, min=0.0), 0.0 * v


PSO = (
    scales(_WORTH, {"scores": 1, "score": 1}, "ordinary", "more-particles"),
    _renaming("positions", "g"),
    reversed_along("N", "ordinary", "more-particles"),
    _later_draws(("gate1", "gate2", "mut_gate", "mut_pos", "mut_token", "move1", "move2"), "positions", "velocities"),
    Law("bounded", "no velocity is larger than 6, or than the first one", _bounded, ("ordinary", "fast")),
    _idle("mut_gate", lambda i: 0.1, "mut_token"),
)
