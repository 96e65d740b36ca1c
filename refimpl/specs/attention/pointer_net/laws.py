"""Checks of the operations of pointer networks that need no answer."""

from refimpl.core.arrays import array_namespace, device, from_numpy
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, doubled_along, related, reversed_along, scales

NAMES = "We", "be", "Wd", "bd", "go", "e0", "W1", "W2", "v"


def _same(outputs):
    return {}


def _joined(a, b, axis=0):
    return array_namespace(a, b).concat([a, b], axis=axis)


# LSTM


def _kept(i):
    """Forget gates open, input gates shut, whatever is read."""
    H = i["h"].shape[1]
    xp = array_namespace(i["b"])
    block = xp.arange(4 * H, device=device(i["b"])) // H
    return {"b": xp.where(block == 1, 900.0, xp.where(block == 0, -900.0, i["b"]))}


def _keeps(run, inputs):
    yield run(**inputs | _kept(inputs))["c_new"], inputs["c"]


def _renamed(run, inputs):
    """Units in reverse: in the states, in their rows and in each block of columns."""
    xp, H = array_namespace(inputs["W"]), inputs["h"].shape[1]
    W, d = inputs["W"], inputs["x"].shape[1]
    W = xp.concat([W[:d, :], xp.flip(W[d:, :], axis=0)])
    flipped = lambda a: xp.flip(xp.reshape(xp.flip(a, axis=-1), (*a.shape[:-1], 4, H)), axis=-2)
    back = lambda a: xp.reshape(flipped(a), a.shape)
    turned = {
        "h": xp.flip(inputs["h"], axis=1),
        "c": xp.flip(inputs["c"], axis=1),
        "W": back(W),
        "b": back(inputs["b"]),
    }
    before, after = run(**inputs), run(**inputs | turned)
    for name in before:
        yield after[name], xp.flip(before[name], axis=1)


_CELLS = ("two-units", "more-units", "fewer-units", "large-cell")
LSTM = (
    apart("B", *_CELLS, slug="rows-apart"),
    Law("kept", "with forget gates at 1 and input gates at 0 the cell stays", _keeps, _CELLS),
    Law("renamed", "units in another order give the states in that order", _renamed, _CELLS),
)


# Pointing


def _masked(run, inputs):
    """Masked slots more, whatever is in them, change nothing."""
    xp = array_namespace(inputs["E"])
    more = {
        "E": _joined(inputs["E"], 5.0 - inputs["E"], axis=1),
        "mask": _joined(inputs["mask"], inputs["mask"] & ~inputs["mask"], axis=1),
    }
    s, before, after = inputs["E"].shape[1], run(**inputs), run(**inputs | more)
    yield after["u"][:, :s], before["u"]
    yield after["p"], _joined(before["p"], xp.zeros_like(before["p"]), axis=1)


def _indifferent(run, inputs):
    xp = array_namespace(inputs["v"])
    out = run(**inputs | {"v": xp.zeros_like(inputs["v"])})
    there = xp.astype(inputs["mask"], out["p"].dtype)
    yield out["p"], there / xp.sum(there, axis=1, keepdims=True)


_SLOTS = ("four-slots", "masked-best", "as-many-rows-as-slots", "many-slots")
POINTER = (
    reversed_along("s", *_SLOTS, slug="slots-reordered"),
    reversed_along("H", "four-slots", "as-many-rows-as-slots", slug="units-renamed"),
    apart("B", "four-slots", "as-many-rows-as-slots", slug="rows-apart"),
    related("odd", "v, W1 and W2 negated change nothing",
            lambda i: {name: -i[name] for name in ("v", "W1", "W2")}, _same, *_SLOTS),
    Law("masked", "slots that are not there have probability 0 and change no other", _masked, _SLOTS),
    Law("indifferent", "with v = 0 all slots are equally probable", _indifferent, _SLOTS),
)  # fmt: skip


# Targets given


def _longer(i):
    """A column of -1 more."""
    C = i["C"]
    xp = array_namespace(C)
    return {"C": _joined(C, xp.full((C.shape[0], 1), -1, dtype=C.dtype, device=device(C)), axis=1)}


def _padding(run, inputs):
    before, after = run(**inputs), run(**inputs | _longer(inputs))
    for name in before:
        yield (after[name][:, :-1] if name == "logp" else after[name]), before[name]


def _more_points(i):
    """Points that are not there, behind the others."""
    return {"P": _joined(i["P"], 3.0 - i["P"], axis=1)}


def _last(run, inputs):
    """Another last target changes no log-probability before it."""
    C = inputs["C"]
    other = {"C": _joined(C[:, :-1], 0 * C[:, -1:], axis=1)}
    yield run(**inputs | other)["logp"][:, :-1], run(**inputs)["logp"][:, :-1]


_GIVEN = ("worked-example", "order-one", "mixed-lengths", "the-same-point-again")
_PADDING = Law("longer-padding", "a column of -1 more changes nothing", _padding, _GIVEN)
_BEHIND = related("points-behind", "points behind those that are there change nothing", _more_points, _same, *_GIVEN)
_TWICE = doubled_along("B", *_GIVEN, "a-row-without-target", slug="rows-twice")
TEACHER = (
    _PADDING,
    _BEHIND,
    _TWICE,
    Law("last-target", "the last target moves its own log-probability "
                       "alone", _last, ("worked-example", "the-same-point-again")),
    related("odd", "v, W1 and W2 negated change nothing",
            lambda i: {name: -i[name] for name in ("v", "W1", "W2")}, _same, *_GIVEN),
)  # fmt: skip


def _indifferent_weights(run, inputs):
    """Without v no state has a say."""
    xp = array_namespace(inputs["v"])
    out = run(**inputs | {"v": xp.zeros_like(inputs["v"])})
    for name in NAMES[:-1]:
        yield out[name], xp.zeros_like(out[name])


def _negated(i):
    return {name: -i[name] for name in ("v", "W1", "W2")}


GRADIENTS = (
    _PADDING,
    _BEHIND,
    _TWICE,
    Law("indifferent", "with v = 0 nothing but v has a gradient", _indifferent_weights, _GIVEN),
    related("odd", "v, W1 and W2 negated negate their gradients and no other", _negated,
            lambda o: {name: -o[name] for name in ("v", "W1", "W2")}, *_GIVEN),
)  # fmt: skip


def _shifted(run, inputs):
    """Logits may be shifted: their bias has a gradient that sums to 0."""
    before, after = run(**inputs), run(**inputs | {"bo": inputs["bo"] + 4.0})
    for name in before:
        yield after[name], before[name]
    xp = array_namespace(before["dbo"])
    yield xp.sum(before["dbo"]), 0.0 * before["loss"]


_MODELS = ("with-attention", "fed", "plain", "mixed-lengths")
SEQ2SEQ = (
    Law("longer-padding", _PADDING.statement, _padding, _MODELS),
    related("points-behind", _BEHIND.statement, _more_points, _same, *_MODELS),
    doubled_along("B", *_MODELS, slug="rows-twice"),
    Law("shifted", "all biases of the output 4 more change nothing", _shifted, _MODELS),
)


# Decoding


def _cities(run, inputs):
    """Each city once, the first one first; then the end."""
    n = inputs["P"].shape[1]
    out = run(**inputs | {"rule": "tour", "steps": n + 2})["indices"]
    xp = array_namespace(out)
    wanted = []
    for k in range(out.shape[0]):
        m = int(inputs["n_real"][k])
        wanted.append([*[-1] * (n + 1 - m), 0, *range(1, m + 1)])
    yield xp.sort(out, axis=1), from_numpy(wanted, like=inputs["P"], dtype=out.dtype)
    yield out[:, 0], xp.ones_like(out[:, 0])


def _shorter(run, inputs):
    """Greedily, what is written first does not depend on how much is written."""
    alone = inputs | {"width": 1}
    before, after = run(**alone), run(**alone | {"steps": inputs["steps"] + 2})
    for name in before:
        yield after[name][:, : inputs["steps"]], before[name]


_WRITTEN = ("greedy", "it-ends", "tours", "three-beams", "three-beams-of-tours")
DECODE = (
    Law("cities", "a tour has each city once, from the first", _cities, ("greedy", "tours", "three-beams-of-tours")),
    Law("shorter", "one beam: more steps change none before", _shorter, ("greedy", "it-ends", "tours")),
    apart("B", *_WRITTEN, slug="rows-apart"),
    related("points-behind", "points behind those that are there change nothing", _more_points, _same, *_WRITTEN),
)


# Training


def _last_rate(run, inputs):
    """The last step size moves the last weights alone."""
    rates = inputs["rates"]
    before, after = run(**inputs), run(**inputs | {"rates": _joined(rates[:-1], 2.0 * rates[-1:])})
    yield after["theta"][:-1, :], before["theta"][:-1, :]
    yield after["loss"], before["loss"]


def _straight(run, inputs):
    """The step of gradient descent is as long as rate and clip say."""
    out = run(**inputs | {"optimizer": "sgd", "clip": 1e-3})["theta"]
    xp = array_namespace(out)
    start = xp.concat([xp.reshape(inputs[name], (-1,)) for name in NAMES])[None, :]
    moves = _joined(out[:1, :] - start, out[1:, :] - out[:-1, :])
    yield xp.linalg.vector_norm(moves, axis=1) * 1e3, inputs["rates"]


_TRAINED = ("adam", "sgd", "not-clipped", "clipped-hard", "different-lengths")
TRAIN = (
    Law("last-rate", "the last step size moves the last weights alone", _last_rate, _TRAINED),
    doubled_along("B", *_TRAINED, slug="rows-twice"),
    Law("clipped", "a clipped step of gradient descent has the length rate * clip", _straight, ("sgd", "clipped-hard")),
)


# Targets and scores


def _moved(i):
    return {"P": 4.0 * i["P"] + 2.0}


def _turned(i):
    """By a quarter."""
    xp = array_namespace(i["P"])
    return {"P": xp.stack([-i["P"][..., 1], i["P"][..., 0]], axis=-1)}


_PLACES = ("worked-example", "clouds", "negative")
_SHIFT = related("moved", "points shifted and scaled have the same hull", _moved, _same, *_PLACES)
_TURN = related("turned", "a quarter turn changes nothing", _turned, _same, *_PLACES)
HULL = (_SHIFT, _TURN, scales({"P": 1}, {}, *_PLACES), apart("S", "clouds", slug="rows-apart"))


def _counted(run, inputs):
    """2n - 2 - h triangles, h corners of the hull: as many as the sides that one triangle alone has."""
    C = run(**inputs)["C"]
    xp = array_namespace(C)
    n = inputs["P"].shape[1]
    total, sides = [], []
    for row in range(C.shape[0]):
        flat = [int(j) for j in C[row, :] if int(j) > 0]
        triples = [flat[k : k + 3] for k in range(0, len(flat), 3)]
        edges = [tuple(pair) for a, b, c in triples for pair in ((a, b), (b, c), (a, c))]
        total.append(float(len(triples)))
        sides.append(2.0 * n - 2 - sum(edges.count(edge) == 1 for edge in set(edges)))
    yield from_numpy(total, like=inputs["P"]), from_numpy(sides, like=inputs["P"])
    rising = C[:, 0:3]
    yield xp.sort(rising, axis=1), rising


DELAUNAY = (
    related("moved", "points shifted and scaled have the same triangles", _moved,
            lambda o: {"incenters": _where(o, lambda z: 4.0 * z + 2.0)}, *_PLACES),
    scales({"P": 1}, {"incenters": 1}, *_PLACES),
    Law("counted", "there are 2n - 2 - h triangles", _counted, _PLACES),
    apart("S", "clouds", slug="rows-apart"),
)  # fmt: skip


def _where(outputs, map_):
    """Incenters that are there, mapped."""
    z, C = outputs["incenters"], outputs["C"]
    xp = array_namespace(z)
    there = C[:, :-1:3][:, : z.shape[1]] > 0
    return xp.where(there[..., None], map_(z), 0.0)


_LENGTHS = related("moved", "points shifted and scaled have the same tour, as much longer", _moved,
                   lambda o: {"length": 4.0 * o["length"]}, *_PLACES)  # fmt: skip
TOUR = (_LENGTHS, _TURN, scales({"P": 1}, {"length": 1}, *_PLACES), apart("S", "clouds", slug="rows-apart"))
_RULES = ("nearest-clouds", "two-opt-clouds", "nearest-twelve", "two-opt-twelve")
HEURISTICS = (
    related("moved", _LENGTHS.statement, _moved, lambda o: {"length": 4.0 * o["length"]}, *_RULES),
    related("turned", _TURN.statement, _turned, _same, *_RULES),
    scales({"P": 1}, {"length": 1}, *_RULES),
    apart("S", *_RULES[:2], slug="rows-apart"),
)


def _reversed(i):
    """Full rows backwards."""
    return {"outputs": array_namespace(i["outputs"]).flip(i["outputs"], axis=1)}


def _backwards(run, inputs):
    """Backwards an answer has the same area, and is as valid."""
    before, after = run(**inputs), run(**inputs | _reversed(inputs))
    for name in ("area", "invalid"):
        yield after[name], before[name]


_ANSWERS = ("squares", "either-way", "one-twice", "inner-points", "too-few")
HULL_SCORE = (
    Law("backwards", "backwards an answer has the same area, and is as valid", _backwards, ("one-twice",)),
    related("moved", "points shifted and scaled score the same", _moved, _same, *_ANSWERS),
    scales({"P": 1}, {}, *_ANSWERS),
    doubled_along("S", *_ANSWERS, slug="outputs-twice"),
)
_COUNTED = ("four-points", "one-missing", "one-too-many", "worked-example", "different-numbers")
TRIANGLE_SCORE = (
    related("moved", "points shifted and scaled score the same", _moved, _same, *_COUNTED),
    scales({"P": 1}, {}, *_COUNTED),
    doubled_along("S", *_COUNTED, slug="outputs-twice"),
)
