"""Checks of the operations on Bayesian optimisation that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, of_all_but, related, reversed_along, scaled, scales

_STRETCHED = {"X": 1, "new": 1, "alpha": -2, "beta": -1}
_FITS = "noisy", "matern52", "trend"


def _shift(inputs):
    """Values and mean higher by 1."""
    return {"y": inputs["y"] + 1.0, "mean": inputs["mean"] + 1.0}


def _at_once(run, inputs):
    """Evidence of all, and posterior of the last given the others: the density is a product."""
    xp = array_namespace(inputs["y"])
    first = inputs | {"X": inputs["X"][:-1, :], "y": inputs["y"][:-1], "new": inputs["X"][-1:, :]}
    before, whole = run(**first), run(**inputs)
    variance = before["covariance"][0, 0] + inputs["noise"] + inputs["jitter"]
    off = before["posterior_mean"][0] - float(inputs["y"][-1])
    one = -0.5 * (off * off / variance + xp.log(2 * 3.141592653589793 * variance))
    yield before["log_evidence"] + one, whole["log_evidence"]


POSTERIOR = (
    reversed_along("n", *_FITS),
    reversed_along("d", *_FITS, slug="coordinates-reordered"),
    related("shift", "values and mean higher by 1 raise the posterior by 1", _shift,
            lambda out: {"posterior_mean": out["posterior_mean"] + 1.0}, *_FITS),
    scales(_STRETCHED, {}, *_FITS, slug="stretched"),
    of_all_but(scales({"y": 1, "alpha0": 2, "noise": 2, "jitter": 2, "mean": 1, "beta": 1},
                {"posterior_mean": 1, "covariance": 2, "by_mean": -1}, *_FITS), "log_evidence"),
    Law("at-once", "the log density of all is that of the others and that of the last given them", _at_once,
        ("noisy", "matern32")),
)  # fmt: skip


def _swap(run, inputs):
    """E (f - best)^+ less E (best - f)^+ is the difference of the means."""
    there = run(**inputs)
    back = run(**inputs | {"mu": -inputs["mu"], "best": -inputs["best"]})
    yield there["value"] - back["value"], _wide(inputs["mu"]) - inputs["best"]
    yield there["by_mean"] + back["by_mean"], 1.0 + 0.0 * there["by_mean"]
    yield there["by_sigma"], back["by_sigma"]


def _wide(x):
    xp = array_namespace(x)
    return xp.astype(x, xp.float64)


_EI = "above-and-below", "one-point"
EI = (
    apart("m", *_EI),
    scales({"mu": 1, "sigma": 1, "best": 1}, {"value": 1}, *_EI),
    Law("put-and-call", "what is won above less what is won below is the difference of the means", _swap, _EI),
    related("shift", "means and incumbent higher by 1 change nothing",
            lambda i: {"mu": i["mu"] + 1.0, "best": i["best"] + 1.0}, lambda out: {}, *_EI),
)  # fmt: skip

EI_GRADIENT = (
    apart("m", "noisy", "matern52"),
    reversed_along("n", "noisy", "matern32"),
    reversed_along("d", "noisy", "trend", slug="coordinates-reordered"),
    scales({"y": 1, "alpha0": 2, "noise": 2, "mean": 1, "beta": 1, "best": 1}, {"value": 1, "gradient": 1}, "noisy",
           "trend"),
)  # fmt: skip

_POINTS = "four-points", "noise-free"


def _order(run, inputs):
    """E of the larger maximum is the larger: kg + max over all >= gei + max over those seen >= kgcp."""
    xp, out = array_namespace(inputs["mean"]), run(**inputs)
    mean = _wide(inputs["mean"])
    seen = xp.take(mean, inputs["seen"])
    lack = out["gei"] + xp.max(seen) - out["kg"] - xp.max(mean)
    yield xp.where(lack > 0, lack, 0.0 * lack), 0.0 * lack
    worse = out["kgcp"] - out["gei"]
    yield xp.where(worse > 0, worse, 0.0 * worse), 0.0 * worse


KG = (
    apart("k", *_POINTS),
    scales({"mean": 1, "covariance": 2, "noise": 2}, {"kg": 1, "gei": 1, "kgcp": 1}, *_POINTS),
    related("shift", "all means higher by 1 change nothing", lambda i: {"mean": i["mean"] + 1.0}, lambda out: {},
            *_POINTS),
    Law("order", "the best of all points after is no worse than the best of those seen", _order, _POINTS),
)  # fmt: skip

KG_GRADIENT = (
    apart("J", "noisy", "matern52"),
    reversed_along("n", "noisy", "matern52"),
    reversed_along("m", "noisy", "matern32", slug="grid-reordered"),
    scales({"y": 1, "alpha0": 2, "noise": 2, "mean": 1}, {"gradients": 1}, "noisy", "matern52"),
)  # fmt: skip

SOURCES = (
    apart("k", "two-sources", "environment"),
    scales({"costs": 1}, {"value": -1}, "two-sources", "environment", slug="costs"),
    scales({"mean": 1, "covariance": 2, "noise": 2}, {"value": 1}, "two-sources", "environment"),
    reversed_along("m", "two-sources", "environment", slug="objectives-reordered"),
    scales({"weights": 1}, {"value": 1}, "environment", slug="weights"),
)  # fmt: skip


def _symmetric(run, inputs):
    """As every covariance."""
    found = run(**inputs)["covariance"]
    yield found, array_namespace(found).matrix_transpose(found)


FIDELITIES = (
    Law("symmetric", "a covariance is symmetric", _symmetric, ("three-sources", "two-sources")),
    scales({"blocks": 1}, {"covariance": 1}, "three-sources"),
)

QEI = (
    reversed_along("J", "three-points", "high-incumbent"),
    related("shift", "means and incumbent higher by 1 change nothing",
            lambda i: {"mean": i["mean"] + 1.0, "best": i["best"] + 1.0}, lambda out: {}, "three-points"),
    scales({"mean": 1, "covariance": 2, "best": 1}, {"value": 1, "by_covariance": -1}, "three-points",
           "high-incumbent"),
)  # fmt: skip

EIC = (
    apart("m", "two-constraints", "nothing-feasible"),
    scaled("constraints", "constraints in another unit", 4.0, {"constraints": 1}, {}, "two-constraints"),
    scales({"mu": 1, "sigma": 1, "y": 1, "constraints": 1}, {"value": 1}, "two-constraints", "known-constraint"),
    reversed_along("n", "two-constraints", "nothing-feasible"),
)

ES_PES = (
    reversed_along("J", "noisy", "noise-free"),
    reversed_along("H", "noisy", "noise-free", slug="nodes-reordered"),
    related("shift", "all means higher by 1 change nothing", lambda i: {"mean": i["mean"] + 1.0}, lambda out: {},
            "noisy", "noise-free"),
    scales({"mean": 1, "covariance": 2, "noise": 2}, {}, "noisy", "noise-free"),
)  # fmt: skip

JOINT = (
    reversed_along("n", "noisy", "short"),
    scales({"y": 1, "gradients": 1, "alpha0": 2, "noise": 2, "gradient_noise": 2},
           {"mean": 1, "covariance": 2, "gain": 1}, "noisy", "noise-free"),
    scaled("stretched", "points times 2, with slopes half as steep", 2.0,
           {"X": 1, "new": 1, "x": 1, "alpha": -2, "gradients": -1, "gradient_noise": -2}, {}, "noisy"),
    reversed_along("J", "noisy", "short", slug="draws-reordered"),
)  # fmt: skip
