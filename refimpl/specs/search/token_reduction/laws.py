"""Checks of the operations of token reduction that need no answer."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import doubled_along, related, reversed_along, scales, turned_along


def _same(outputs):
    return {}


def _no_less(a, b):
    """A pair that agrees if a >= b in each entry."""
    return array_namespace(a, b).minimum(a, b), b


# G-Search


def _closed(run, inputs):
    """Without tolerance, and where each layer counts, a layer keeps the most that it or a deeper one needs."""
    found = run(**inputs | {"tol": 0.0, "weights": inputs["weights"] + 1.0})["k"]
    needs, N, first = inputs["needs"], inputs["N"], inputs["first"]
    xp = array_namespace(needs)
    most = [int(xp.max(needs[l:])) if l >= first else N for l in range(needs.shape[0])]
    yield found, xp.asarray(most, dtype=needs.dtype)


def _counted(run, inputs):
    """There is a call for each row of the trace, and one for all tokens."""
    out = run(**inputs)
    yield out["calls"], 0 * out["calls"] + float(1 + out["trace"].shape[0])


_WORKED = ("worked-example", "one-by-one", "needs-that-rise", "first-needs-less", "tolerance", "unequal-layers")
GSEARCH = (
    Law(
        "closed-form",
        "with tol = 0 and weights > 0 a layer keeps the most that it or a deeper one needs",
        _closed,
        _WORKED,
    ),
    Law("calls", "the score is called once for all tokens and once for each row of the trace", _counted, _WORKED),
    scales({"weights": 1, "tol": 1}, {}, "worked-example", "tolerance", "tolerance-one-by-one"),
)


# Schedules


def _mean(run, inputs):
    r = run(**inputs)["r"]
    yield array_namespace(r).sum(r), inputs["rho"] * inputs["L"] + 0.0 * r[0]


def _falling(name):
    def pairs(run, inputs):
        k = run(**inputs)[name]
        yield _no_less(k[:-1], k[1:])

    return Law(
        f"{name}-never-rises" if name != "k" else "never-rises",
        "a token that is removed does not come back",
        pairs,
        _SOME,
    )


def _within(name):
    def pairs(run, inputs):
        k = run(**inputs)[name]
        total = array_namespace(k).sum(k)
        yield _no_less(0 * total + math.floor(inputs["rho"] * inputs["N"] * inputs["L"] + 1e-9), total)

    return Law(f"{name}-within" if name != "k" else "within", "no more tokens than the budget has", pairs, _SOME)


_SOME = ("a-quarter", "one-token", "no-full-layer", "llava")
SIGMOID = (
    Law(
        "mean", "the shares have the mean rho", _mean, (*_SOME, "with-a-floor", "a-cliff", "hardly-steep", "few-tokens")
    ),
    _falling("k"),
    _within("k"),
)


def _spent(run, inputs):
    """FastV's number takes the whole budget."""
    k = run(**inputs)["fastv"]
    yield array_namespace(k).sum(k), 0 * k[0] + math.floor(inputs["rho"] * inputs["N"] * inputs["L"] + 1e-9)


def _constant_factor(run, inputs):
    """Three layers one after another have shares of which the middle one is the geometric mean."""
    r = run(**inputs)["r"][inputs["first"] :]
    yield r[:-2] * r[2:], r[1:-1] * r[1:-1]


BASELINES = (
    Law("spent", "the schedule of FastV takes the whole budget", _spent, _SOME),
    Law("factor", "the share falls by the same factor from layer to layer", _constant_factor, ("a-quarter", "llava")),
    Law("mean", "the shares have the mean rho", _mean, _SOME),
    _falling("geometric"),
    _within("geometric"),
)


def _shifted(run, inputs):
    """A full layer more in front moves the midpoint by a layer."""
    k = inputs["k"]
    xp = array_namespace(k)
    before = run(**inputs)
    after = run(
        **inputs | {"k": xp.concat([xp.full((1,), inputs["N"], dtype=k.dtype), k]), "first": inputs["first"] + 1}
    )
    yield after["s"], before["s"]
    yield after["c"], before["c"] + 1.0


FIT = (
    Law("shifted", "one full layer more in front moves the midpoint by one", _shifted, ("a-sigmoid", "two-layers",
        "rising")),
    related("mirrored", "kept and removed tokens exchanged turn the steepness round, and leave the midpoint",
            lambda i: {"k": i["N"] - i["k"]}, lambda o: {"s": -o["s"]}, "a-sigmoid", "two-layers", "none-and-all"),
)  # fmt: skip


# Bayesian optimization


_ALL = ("ordinary", "one-dimension", "noisy", "three-dimensions")
_UNITS = {"mean": 1, "sd": 1, "improvement": 1}
ACQUISITION = (
    related(
        "affine",
        "values times 4 and 8 more: so is the mean, four times the rest, the same choice",
        lambda i: {"y": 4 * i["y"] + 8},
        lambda o: {"mean": 4 * o["mean"] + 8, "sd": 4 * o["sd"], "improvement": 4 * o["improvement"]},
        *_ALL,
    ),
    scales({"y": 1}, _UNITS, *_ALL),
    scales({"X": 1, "new": 1, "length": 1}, {}, *_ALL, slug="any-length"),
    reversed_along("n", *_ALL, slug="points-reordered"),
    reversed_along("d", "ordinary", "three-dimensions", slug="coordinates-reordered"),
)


def _shorter(run, inputs):
    """Without the last step the others are the same."""
    whole = run(**inputs)
    shorter = run(**inputs | {"candidates": inputs["candidates"][:-1, ...]})
    for name in ("visited", "values"):
        yield shorter[name], whole[name][:-1, ...]


BAYES_OPT = (
    Law(
        "shorter",
        "the first points do not depend on how many steps follow",
        _shorter,
        ("two-dimensions", "one-dimension", "many-steps"),
    ),
    scales({"a": 1, "g": 1}, {"values": 1}, "two-dimensions", "one-dimension", "without-waves"),
)


# Tokens


def _causal(run, inputs):
    """The first text token does not see the second, while nothing is removed."""
    text = inputs["text"]
    xp = array_namespace(text)
    other = xp.concat([text[:-1, :], 1.0 - text[-1:, :]])
    yield run(**inputs | {"text": other})["text_states"][:-1, :], run(**inputs)["text_states"][:-1, :]


def _alone(run, inputs):
    """With no vision tokens from layer 2 on, the attention there is 0."""
    k = inputs["k"]
    xp = array_namespace(k)
    out = run(**inputs | {"k": xp.where(xp.arange(k.shape[0]) > 0, 0 * k, k)})
    yield out["attention"][1:, :], 0.0 * out["attention"][1:, :]
    yield out["kept"][1:, :], 0 * out["kept"][1:, :]


def _numbers(run, inputs):
    kept = run(**inputs)["kept"]
    yield array_namespace(kept).sum(kept, axis=1), inputs["k"]


def _larger(run, inputs):
    """Who is kept among fewer is kept among more."""
    xp = array_namespace(inputs["attention"])
    most, least = (run(**inputs | {"count": n})["kept"] for n in (inputs["attention"].shape[1], inputs["count"]))
    yield most, xp.broadcast_to(xp.arange(most.shape[1], dtype=most.dtype), most.shape)
    more = run(**inputs | {"count": min(inputs["count"] + 1, most.shape[1])})["kept"]
    there = xp.any(least[:, :, None] == more[:, None, :], axis=-1)
    yield xp.astype(there, xp.float64), xp.ones(least.shape)


_KEPT = ("two-rows", "ties", "some", "all-but-one")
KEEP = (
    Law("nested", "all are kept of all, and whoever is kept among fewer is kept among more", _larger, _KEPT),
    related("increasing", "an increasing map of the attention changes nothing",
            lambda i: {"attention": i["attention"] * i["attention"] * i["attention"] + i["attention"]}, _same, *_KEPT),
    reversed_along("S", *_KEPT, slug="inputs-reordered"),
    scales({"attention": 1}, {}, *_KEPT),
)  # fmt: skip

_NETS = ("three-removals", "some-layers-keep", "all-kept", "one-text-token", "four-text-tokens")
DECODER = (
    reversed_along("N", *_NETS, slug="tokens-renamed"),
    turned_along("d", *_NETS),
    Law("causal", "text tokens do not see those after them", _causal, ("all-kept",)),
    Law("alone", "without vision tokens there is no attention to them", _alone, ("three-removals", "some-layers-keep")),
    Law("numbers", "each layer keeps as many tokens as the schedule says", _numbers, _NETS),
)


def _symmetric(run, inputs):
    R = run(**inputs)["R"]
    xp = array_namespace(R)
    yield R, R.T
    yield xp.linalg.diagonal(R), xp.ones_like(R[0, :])


_RANKED = ("three-layers", "ties", "constant", "pairs", "pairs-with-ties")
CONSISTENCY = (
    Law("symmetric", "symmetric, with 1 on the diagonal", _symmetric, _RANKED),
    related("increasing", "an increasing map of the attention changes nothing",
            lambda i: {"attention": i["attention"] * i["attention"] * i["attention"] + i["attention"]},
                _same, *_RANKED),
    reversed_along("N", *_RANKED, slug="tokens-renamed"),
    doubled_along("S", *_RANKED, slug="inputs-twice"),
    scales({"attention": 1}, {}, *_RANKED),
)  # fmt: skip


def _additive(run, inputs):
    k = inputs["k"]
    parts = [run(**inputs | {"k": part})["F"] for part in (k[:1], k[1:])]
    yield parts[0] + parts[1], run(**inputs)["F"]


_MANY = ("a-schedule", "two-matrices", "many-tokens-small-widths")
FLOPS = (
    Law("additive", "layers add up", _additive, _MANY),
    reversed_along("L", *_MANY, slug="layers-reordered"),
    related("text-or-vision", "a text token costs what a vision token does",
            lambda i: {"k": i["k"] + i["M"], "M": 0}, _same, *_MANY),
)  # fmt: skip
