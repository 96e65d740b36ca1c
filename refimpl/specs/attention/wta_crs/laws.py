"""Checks of the operations of WTA-CRS that need no answer."""

from refimpl.core.arrays import array_namespace, device
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, odd, of_all_but, related, reversed_along, scaled, scales, turned_along


def _mirrored(winners, m):
    """Winners of pairs that are named from the end, in increasing order."""
    xp = array_namespace(winners)
    count = int(xp.sum(xp.astype(winners >= 0, xp.int64)))
    return xp.concat([xp.flip(m - 1 - winners[:count]), winners[count:]])


def _renamed(run, inputs):
    xp, before = array_namespace(inputs["p"]), run(**inputs)
    after = run(**inputs | {"p": xp.flip(inputs["p"])})
    yield after["winners"], _mirrored(before["winners"], inputs["p"].shape[0])
    for name in ("count", "mass", "scores"):
        yield after[name], before[name]


def _worth_it(run, inputs):
    """What winners lack of their share of the budget, and how many there are above k - 1: both 0."""
    found = run(**inputs)
    count, mass, zero = float(found["count"]), float(found["mass"]), 0 * found["mass"]
    yield zero + max(0.0, count / inputs["k"] - mass), zero
    yield zero + max(0.0, count - (inputs["k"] - 1)), zero


PLAN = (
    Law("renamed", "pairs named from the end win as well", _renamed, ("two-winners", "sixteenths", "worked-example")),
    Law("worth-it", "winners hold at least their share of the budget, and leave one draw", _worth_it,
        ("two-winners", "sixteenths", "worked-example", "no-winner", "one")),
)  # fmt: skip

GRID = 16


def _totals(found, m):
    """Weight of each pair, all its draws together."""
    indices, weights = found["indices"], found["weights"]
    xp = array_namespace(weights)
    pairs = xp.arange(m, device=device(weights))
    return xp.sum(xp.where(indices[:, None] == pairs, weights[:, None], 0.0), axis=0)


def _unbiased(run, inputs):
    """All draws alike, in the middle of each sixteenth; which pair is found changes only between them."""
    p, u = inputs["p"], inputs["u"]
    xp = array_namespace(p)
    totals = [_totals(run(**inputs | {"u": 0 * u + (i + 0.5) / GRID}), p.shape[0]) for i in range(GRID)]
    yield xp.mean(xp.stack(totals), axis=0), xp.ones_like(p)


def _draws_sorted(run, inputs):
    """Without winners."""
    xp, before = array_namespace(inputs["u"]), run(**inputs)
    after = run(**inputs | {"u": xp.sort(inputs["u"])})
    yield after["indices"], xp.sort(before["indices"])


def _budget_over(run, inputs):
    weights = run(**inputs)["weights"]
    yield weights, 0 * weights + inputs["p"].shape[0] / inputs["u"].shape[0]


ROWS = (
    Law("unbiased", "over all draws the mean weight of a pair is 1", _unbiased, ("sixteenths", "plain-sixteenths")),
    Law("sorted", "sorted draws find sorted pairs", _draws_sorted, ("plain", "plain-sixteenths", "all-equal")),
    Law("equal-weights", "equal p have weight m / k", _budget_over, ("all-equal",)),
    related("unused", "draws beyond those that are needed change nothing",
            lambda i: {"u": array_namespace(i["u"]).concat([i["u"][:-1], 1 - i["u"][-1:]])}, lambda o: {},
            "worked-example", "two-winners"),
)  # fmt: skip


def _all_kept(run, inputs):
    X, Y, u = (inputs[name] for name in ("X", "Y", "u"))
    xp = array_namespace(u)
    enough = xp.concat([u] * -(-Y.shape[0] // u.shape[0]))
    yield run(**inputs | {"u": enough})["product"], X @ Y


ESTIMATE = (
    scales({"X": 1}, {"product": 1}, "one-winner", "worked-example", slug="scales-of-X"),
    scales({"Y": 1}, {"product": 1}, "one-winner", "plain", slug="scales-of-Y"),
    turned_along("n", "one-winner", "worked-example"),
    turned_along("q", "one-winner", "two-winners", slug="turned-to-the-right"),
    odd("one-winner", inputs=("X",)),
    Law("all-kept", "as many draws as pairs give the product", _all_kept, ("one-winner", "worked-example", "plain")),
)


def _bounded(run, inputs):
    xp, k = array_namespace(inputs["p"]), inputs["k"]
    plain, ours = (run(**inputs | {"kind": kind})["error"] for kind in ("crs", "wta"))
    falling = xp.flip(xp.sort(inputs["p"]))
    left = xp.stack([xp.sum(falling[c:]) / (k - c) for c in range(k)])
    yield xp.maximum(ours, plain * (k * xp.min(left))), plain * (k * xp.min(left))


VARIANCE = (
    scales({"X": 1}, {"error": 2}, "plain", "one-winner", "coins", "blindly", inside=2, slug="scales-of-X"),
    scales({"Y": 1}, {"error": 2}, "plain", "one-winner", "largest", inside=2, slug="scales-of-Y"),
    turned_along("n", "plain", "one-winner", "largest", "coins"),
    reversed_along("m", "plain", "one-winner", "two-winners", "coins", "blindly"),
    Law("bound", "winners reduce the variance at least by (1 - p_C) k / (k - c)", _bounded,
        ("plain", "one-winner", "two-winners", "no-winner")),
)  # fmt: skip


def _apart(*outputs):
    """The same of some outputs."""
    return lambda run: lambda **inputs: {name: run(**inputs)[name] for name in outputs}


def _exact_parts(run, inputs):
    """Other draws and another cache."""
    xp, part = array_namespace(inputs["u"]), _apart("Z", "db", "dH", "new_norms")(run)
    before, after = part(**inputs), part(**inputs | {"u": xp.flip(inputs["u"]), "norms": xp.flip(inputs["norms"])})
    for name in before:
        yield after[name], before[name]


def _whole_gradient(run, inputs):
    xp = array_namespace(inputs["H"])
    yield run(**inputs | {"ratio": 1.0})["dW"], xp.matrix_transpose(inputs["H"]) @ inputs["G"]


LINEAR = (
    Law("exact-parts", "draws and cache change dW alone", _exact_parts, ("eight-rows", "worked-example")),
    related("linear", "twice the gradient that comes in, twice those that go out", lambda i: {"G": 2.0 * i["G"]},
            lambda o: {name: 2.0 * o[name] for name in ("dW", "db", "dH", "new_norms")}, "eight-rows", "first-epoch"),
    scales({"norms": 1}, {}, "eight-rows", "some-unseen", slug="scales-of-cache"),
    scales({"G": 1}, {"dW": 1, "db": 1, "dH": 1, "new_norms": 1}, "eight-rows", slug="scales-of-G"),
    scales({"H": 1, "b": 1}, {"Z": 1, "dW": 1}, "eight-rows", slug="scales-of-H"),
    turned_along("d", "eight-rows", "worked-example"),
    of_all_but(scaled("negated", "H and W negated: the product stays", -1.0, {"H": 1, "W": 1}, {"dW": 1, "dH": 1},
                      "eight-rows", "some-unseen"), "floats"),
    Law("whole-gradient", "ratio 1 gives H^T G", _whole_gradient, ("eight-rows", "first-epoch", "flat")),
)  # fmt: skip


def _last_draws(run, inputs):
    """Other draws in the last step move the last row alone."""
    xp, u = array_namespace(inputs["u"]), inputs["u"]
    other = xp.concat([u[:-1, ...], xp.flip(u[-1:, ...], axis=2)])
    before, after = run(**inputs), run(**inputs | {"u": other})
    for name in ("W1s", "W2s"):
        yield after[name][:-1, ...], before[name][:-1, ...]
    for name in ("norms1", "norms2"):
        yield after[name], before[name]


def _no_draws(run, inputs):
    xp = array_namespace(inputs["u"])
    inputs = inputs | {"ratio": 1.0}
    before, after = run(**inputs), run(**inputs | {"u": xp.flip(inputs["u"])})
    for name in before:
        yield after[name], before[name]


def _unseen(run, inputs):
    """Cache of what no batch holds."""
    found, xp = run(**inputs), array_namespace(inputs["x"])
    places = xp.arange(inputs["x"].shape[0], dtype=inputs["batches"].dtype, device=device(inputs["x"]))
    flat = xp.reshape(inputs["batches"], (-1, 1))
    seen = xp.any(flat == places, axis=0)
    for name in ("norms1", "norms2"):
        left = xp.where(seen, xp.zeros_like(found[name]), found[name])
        yield left, 0 * left


TRAJECTORY = (
    causal("T", "three-steps", "wider-batch"),
    Law("last-draws", "draws of the last step change only its result", _last_draws, ("three-steps", "wider-batch")),
    Law("no-draws", "with ratio 1 no draw counts", _no_draws, ("three-steps", "wider-batch")),
    Law("unseen", "samples that are never visited keep cache 0", _unseen, ("never-seen",)),
    reversed_along("h", "three-steps", "never-seen"),
)  # fmt: skip


CONTROLS = (
    reversed_along("m", "worked-example", "two-rounds", "blindly"),
    Law("kept-for-nothing", "as many as there are pairs: all weigh 1", lambda run, i: (
        (run(**i | {"k": i["p"].shape[0]})["weights"], array_namespace(i["p"]).ones_like(i["p"])),
    ), ("worked-example", "blindly", "two-rounds")),
)  # fmt: skip


def _swapped(run, inputs):
    """(A B)^T = B^T A^T: each operand takes the place of the other."""
    xp = array_namespace(inputs["A"])
    T = xp.matrix_transpose
    turned = {"A": T(inputs["B"]), "B": T(inputs["A"]), "G": T(inputs["G"])}
    turned |= {"columns": inputs["rows"], "rows": inputs["columns"]}
    turned |= {"u_columns": inputs["u_rows"], "u_rows": inputs["u_columns"]}
    before, after = run(**inputs), run(**inputs | turned)
    for name, other in (("O", "O"), ("dA", "dB"), ("dB", "dA")):
        yield after[name], T(before[other])
    for name, other in (("new_columns", "new_rows"), ("new_rows", "new_columns"), ("floats", "floats")):
        yield after[name], before[other]


SAMPLED_PRODUCT = (
    Law("transposed", "both operands are treated alike", _swapped, ("two-heads-of-five", "three-heads")),
    reversed_along("h", "two-heads-of-five", "three-heads"),
    scales({"A": 1}, {"O": 1, "dB": 1}, "two-heads-of-five", "three-heads"),
    turned_along("m", "two-heads-of-five", "three-heads"),
)


def _nothing_saved(run, inputs):
    found = run(**inputs | {"ratio": 1.0, "copies": 2})
    yield found["sampled"], found["everything"]


MEMORY = (
    related("more-sequences", "twice the sequences, twice the floats", lambda i: {"batch": 2 * i["batch"]},
            lambda o: {name: 2 * x for name, x in o.items()}, "by-hand", "base", "base-dropout"),
    Law("nothing-saved", "ratio 1 with two copies saves nothing", _nothing_saved, ("by-hand", "base", "base-dropout")),
)  # fmt: skip
