"""Checks of the operations of weights from losses that need no answer."""

import math

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, related, reversed_along, scales, turned_along

_RULES = "fixture", "quadratic", "extremes", "upper"
_LINES = "fixture", "extremes", "upper"


def _sum_to_one(run, inputs):
    w = run(**inputs)["w"]
    xp = array_namespace(w)
    yield xp.sum(w), xp.ones_like(xp.sum(w))


def _odds(run, inputs):
    """r times the logarithm of a weight is s, but for a constant."""
    out = run(**inputs)
    xp = array_namespace(out["w"])
    logs = inputs["r"] * xp.log(out["w"])
    yield logs - xp.max(logs), out["s"] - xp.max(out["s"])


def _equal(run, inputs):
    w = run(**{**inputs, "r": math.inf})["w"]
    xp = array_namespace(w)
    yield w, xp.full_like(w, 1 / math.prod(w.shape))


def _doubled(run, inputs):
    """Every sample twice: half of the weight each."""
    xp = array_namespace(inputs["losses"])
    twice = xp.concat([inputs["losses"], inputs["losses"]])
    w = run(**inputs)["w"] / 2
    yield run(**{**inputs, "losses": twice})["w"], xp.concat([w, w])


_SUM = Law("sum-to-one", "weights sum to 1", _sum_to_one, _RULES)
_HOT = Law("equal-weights", "with an infinite temperature all weights are equal", _equal, _RULES)
_TWICE = Law("doubled", "every sample twice has half of the weight", _doubled, _RULES)
_COOLED = scales({"delta": 1, "r": 1}, {"h": 1, "s": 1}, *_LINES)

WEIGHTS = (
    _SUM, _HOT, _TWICE, _COOLED,
    related("affine", "losses times 4, plus 2, have the same weights",
            lambda i: {"losses": 4.0 * i["losses"] + 2.0}, lambda o: {}, *_RULES),
    related("mirrored", "negated losses have the same weights where both ends are alike",
            lambda i: {"losses": -i["losses"]}, lambda o: {"h": -o["h"]}, "quadratic", "extremes"),
    reversed_along("b", *_RULES, slug="permuted"),
    Law("odds", "r times the logarithm of a ratio of weights is a difference of s", _odds, _RULES),
)  # fmt: skip

FIXED_RANGE = (
    _SUM, _HOT, _TWICE, _COOLED,
    related("affine", "losses and range times 4, plus 2, have the same weights",
            lambda i: {name: 4.0 * i[name] + 2.0 for name in ("losses", "low", "high")}, lambda o: {}, *_RULES),
    reversed_along("b", *_RULES, slug="permuted"),
    Law("odds", "r times the logarithm of a ratio of weights is a difference of s", _odds, _RULES),
)  # fmt: skip


def _padded(run, inputs):
    xp = array_namespace(inputs["logits"])
    more = {"logits": xp.concat([inputs["logits"], inputs["logits"][:, -1:, :]], axis=1),
            "labels": xp.concat([inputs["labels"], xp.full_like(inputs["labels"][:, :1], -1)], axis=1)}  # fmt: skip
    before, after = run(**inputs), run(**{**inputs, **more})
    for name in before:
        yield after[name], before[name]


_TEXTS = "by-hand", "ragged"
SEQUENCE_LOSSES = (
    Law("padded", "more tokens that do not count change nothing", _padded, _TEXTS),
    related("shifted", "a constant added to all logits changes nothing",
            lambda i: {"logits": i["logits"] + 0.5}, lambda o: {}, *_TEXTS),
    related("first-token", "the first token is never predicted", lambda i: {
        "labels": array_namespace(i["labels"]).concat([0 * i["labels"][:, :1], i["labels"][:, 1:]], axis=1)},
            lambda o: {}, *_TEXTS),
    related("last-logits", "nothing comes after the last token", lambda i: {
        "logits": array_namespace(i["logits"]).concat([i["logits"][:, :-1, :], -i["logits"][:, -1:, :]], axis=1)},
            lambda o: {}, *_TEXTS),
    apart("b", "ragged"),
)  # fmt: skip


def _cut_anew(run, inputs):
    """One device, and as many as there are samples."""
    xp, losses = array_namespace(inputs["losses"]), inputs["losses"]
    before = run(**inputs)
    for shape in ((1, -1), (-1, 1)):
        after = run(**{**inputs, "losses": xp.reshape(losses, shape)})
        yield xp.reshape(after["w"], losses.shape), before["w"]
        yield xp.mean(after["local"]), xp.mean(before["local"])


def _mean_loss(run, inputs):
    out = run(**inputs)
    xp = array_namespace(out["w"])
    yield xp.mean(out["local"]), xp.sum(out["w"] * inputs["losses"])


SHARDED_WEIGHTS = (
    _SUM, _HOT,
    Law("cut-anew", "the same losses on other devices have the same weights, and the same mean", _cut_anew, _RULES),
    Law("mean-of-devices", "the mean over the devices is the weighted loss", _mean_loss, _RULES),
    reversed_along("D", *_RULES, slug="devices-alike"),
)  # fmt: skip


def _mean_gradient(run, inputs):
    """Equal losses: the plain mean."""
    xp = array_namespace(inputs["losses"])
    equal = xp.ones_like(inputs["losses"])
    yield run(**{**inputs, "losses": equal})["g"], xp.mean(inputs["grads"], axis=0)


GRADIENT = (
    Law("equal-losses", "samples of equal loss count the same", _mean_gradient, _RULES),
    turned_along("d", *_RULES),
    scales({"grads": 1}, {"g": 1}, *_RULES),
    reversed_along("b", *_RULES, slug="permuted"),
    apart("d", *_RULES),
    related("shifted", "a constant added to all losses is added to the weighted loss",
            lambda i: {"losses": i["losses"] + 2.0}, lambda o: {"loss": o["loss"] + 2.0}, *_RULES),
)  # fmt: skip


def _warm(run, inputs):
    """As long as it is warm, any strategy is uniform."""
    late = {**inputs, "warm": inputs["A"].shape[0]}
    before, after = run(**late), run(**{**late, "strategy": "uniform"})
    for name in before:
        yield before[name], after[name]


_RUNS = "fixture", "warm", "quadratic"
REGRESSION_STEPS = (
    causal("T", *_RUNS),
    reversed_along("b", *_RUNS, slug="permuted"),
    turned_along("d", *_RUNS),
    scales({"A": 1, "theta0": -1, "eta": -2}, {"thetas": -1}, *_RUNS, inside=2),
    Law("warm", "in the first steps all strategies are alike", _warm, _RUNS),
)


def _holds(run, inputs):
    """The larger of base and mean of the weighted losses is the base."""
    out = run(**inputs)
    xp = array_namespace(out["weighted"])
    yield xp.maximum(xp.mean(out["weighted"]), out["base"]), out["base"]


def _no_correction(run, inputs):
    out = run(**{**inputs, "r": math.inf})
    yield out["weighted"], out["gaps"]


BOUND = (
    Law("bound", "the mean weighted loss is at most the base", _holds, _RULES),
    Law("uniform", "with equal weights the weighted loss is the mean loss", _no_correction, _RULES),
    scales({"A": 1, "theta0": -1, "theta_star": -1}, {}, *_RULES, inside=2),
    turned_along("d", *_RULES),
    reversed_along("n", *_RULES, slug="permuted"),
    doubled_along("n", *_RULES),
)

_SPREAD = "fixture", "cold"
DRO = (
    Law("sum-to-one", "weights sum to 1", _sum_to_one, _SPREAD),
    related("shifted", "a constant added to all losses changes nothing",
            lambda i: {"losses": i["losses"] + 2.0}, lambda o: {}, *_SPREAD),
    scales({"losses": 1, "r": 1}, {}, *_SPREAD),
    reversed_along("b", *_SPREAD, slug="permuted"),
    Law("equal-weights", "with an infinite temperature all weights are equal", _equal, _SPREAD),
    Law("doubled", "every sample twice has half of the weight", _doubled, _SPREAD),
)  # fmt: skip


def _one_group(run, inputs):
    xp = array_namespace(inputs["w"])
    alone = {"groups": 0 * inputs["groups"], "alpha": inputs["alpha"][:1]}
    yield run(**{**inputs, **alone})["combined"], inputs["w"] / xp.sum(inputs["w"])


_MIXED = "by-hand", "three-groups"
COMBINE = (
    scales({"w": 1}, {}, *_MIXED, slug="scales-samples"),
    scales({"alpha": 1}, {}, *_MIXED, slug="scales-groups"),
    reversed_along("b", *_MIXED, slug="permuted"),
    Law("one-group", "in one group only the weights of the samples count", _one_group, _MIXED),
)
