"""Checks of the operations of scale mixtures that need no answer."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, doubled_along, of_all_but, related, reversed_along, scaled, scales, turned_along

_BOTH = ("three-layers", "three-layers-erf")


def _exchanged(run, inputs):
    out, back = run(**inputs), run(**{**inputs, "X": inputs["X2"], "X2": inputs["X"]})
    xp = array_namespace(out["K"])
    for name in ("K", "T"):
        yield xp.matrix_transpose(back[name]), out[name]


KERNELS = (
    apart("n", *_BOTH),
    turned_along("d", *_BOTH),
    Law("symmetric", "inputs exchanged transpose the answer", _exchanged, _BOTH),
    scales({"X": 1, "X2": 1, "sigma_b": 1}, {"K": 2, "T": 2}, "three-layers", "near-copies"),
)  # fmt: skip

NETWORK_OUTPUTS = (
    apart("n", "two-networks", "two-networks-erf", slug="inputs-apart"),
    apart("R", "two-networks", slug="networks-apart"),
    reversed_along("H", "two-networks", slug="units-reordered"),
    scales({"s": 2}, {"f": 1}, "two-networks-erf", slug="spread"),
    scales({"X": 1, "sigma_b": 1}, {"f": 1}, "two-networks"),
)


def _scaled_gamma(run, inputs):
    """s / b has the law with b = 1."""
    q = inputs["q"]
    out, one = run(**inputs), run(**{**inputs, "q": 1.0, "s": inputs["s"] / q})
    yield one["draws"] * q, out["draws"]
    yield one["log_density"] - np.log(q), out["log_density"]


SCALE_LAW = (
    apart("k", "inverse-gamma", "burr", "half-cauchy", "log-normal"),
    Law("scale-family", "b is a scale: s over b has the law with b = 1", _scaled_gamma, ("inverse-gamma",)),
    of_all_but(scales({"q": 1, "s": 1}, {"draws": 1}, "inverse-gamma"), "log_density"),
    of_all_but(scales({"p": 1, "s": 1}, {"draws": 1}, "half-cauchy", slug="scales-cauchy"), "log_density"),
)


def _moved(inputs):
    return {"mean": inputs["mean"] + 0.5, "f": inputs["f"] + 0.5}


STUDENT_LAW = (
    apart("R", "three-values"),
    reversed_along("m", "three-values"),
    related("moved", "mean and values moved alike change no density", _moved, lambda out: {}, "three-values"),
    scales({"b": 1, "Sigma": -1}, {}, "three-values", slug="scale-of-the-scale"),
    of_all_but(scales({"mean": 1, "f": 1, "Sigma": 2}, {"scale": 2}, "three-values"), "log_density"),
)  # fmt: skip

_SAME_UNITS = {"K_tt": 1, "K_st": 1, "eps": 1}
POSTERIOR_IG = (
    reversed_along("n", "three-targets", slug="targets-reordered"),
    reversed_along("m", "three-targets", slug="new-reordered"),
    scales({**_SAME_UNITS, "K_ss": 1, "b": -1}, {"Q": -1}, "three-targets", slug="units"),
    of_all_but(scales({"y": 1, "points": 1, "b": 2}, {"mean": 1, "scale": 2, "Q": 2}, "three-targets"),
               "log_predictive", "log_evidence"),
    scaled("negated", "targets negated negate the mean", -1.0, {"y": 1, "points": 1}, {"mean": 1}, "three-targets"),
)  # fmt: skip


def _draws_doubled(run, inputs):
    out = run(**inputs)
    xp = array_namespace(inputs["s"])
    twice = run(**{**inputs, **{name: xp.concat([inputs[name]] * 2) for name in ("s", "log_ratios")}})
    yield twice["weights"], xp.concat([out["weights"]] * 2) / 2
    yield twice["log_predictive"], out["log_predictive"]
    yield twice["log_evidence"], out["log_evidence"]


POSTERIOR_IS = (
    apart("m", "four-scales"),
    reversed_along("n", "four-scales", slug="targets-reordered"),
    reversed_along("R", "four-scales", slug="draws-reordered"),
    scales({**_SAME_UNITS, "k_ss": 1, "s": -1}, {}, "one-scale", slug="units"),
    of_all_but(scales({"y": 1, "points": 1, "s": 2}, {}, "four-scales"), "log_predictive", "log_evidence"),
    Law("draws-twice", "each draw twice: half of the weight each, and the same answer", _draws_doubled,
        ("four-scales",)),
    related("ratios-shifted", "a constant in all ratios is one in the evidence alone",
            lambda i: {"log_ratios": i["log_ratios"] + 1.0}, lambda out: {"log_evidence": out["log_evidence"] + 1.0},
            "four-scales"),
)  # fmt: skip
POSTERIOR_GP = (
    apart("m", "fixed", "by-evidence"),
    reversed_along("n", "fixed", "by-evidence", slug="targets-reordered"),
    scales({**_SAME_UNITS, "k_ss": 1, "s": -1}, {"scale": -1}, "fixed", "by-evidence", slug="units"),
    of_all_but(
        scales({"y": 1, "points": 1, "s": 2}, {"scale": 2}, "fixed", "by-evidence"), "log_predictive", "log_evidence"
    ),
)


TRAINED_LAW = (
    reversed_along("n", "three-steps", "flow", slug="targets-reordered"),
    reversed_along("m", "three-steps", slug="new-reordered"),
    scales({"y": 1}, {"mean": 1}, "three-steps", "flow", "end", slug="linear"),
    scales({"K_tt": 1, "K_st": 1, "K_ss": 1, "T_tt": 1, "T_st": 1, "eta": -1}, {"covariance": 1}, "three-steps", "flow",
           "end"),
    scaled("slower", "the flow: half of the rate for twice the time", 2.0, {"eta": -1, "tau": 1}, {}, "flow"),
)  # fmt: skip

TRAIN_NETWORKS = (
    apart("R", "three-steps", slug="networks-apart"),
    apart("k", "three-steps", slug="inputs-apart"),
    reversed_along("N", "three-steps", slug="units-reordered"),
    reversed_along("n", "three-steps", "labels", slug="data-reordered"),
    scales({"y": 1, "s": 2}, {"f": 1}, "readout"),
)


_TWICE = doubled_along("B", "batch", slug="batch-twice")  # the same mean, so the same bound
_UNITS = {"K_uu": 1, "K_xu": 1, "k_xx": 1, "eps": 1, "S": 1}
ELBO = (
    _TWICE,
    scales({**_UNITS, "b_q": -1, "b": -1}, {"d_S": -1, "d_b_q": 1}, "batch"),
    reversed_along("M", "batch", slug="inducing-reordered"),
    reversed_along("C", "batch", slug="classes-reordered"),
    reversed_along("R", "batch", slug="draws-reordered"),
    doubled_along("R", "batch", slug="draws-doubled"),
)
SVGP_ELBO = (
    _TWICE,
    scales({**_UNITS, "s": -1}, {"d_S": -1, "d_s": 1}, "batch"),
    reversed_along("M", "batch", slug="inducing-reordered"),
    reversed_along("C", "batch", slug="classes-reordered"),
    doubled_along("R", "batch", slug="draws-doubled"),
)
CLASS_PROBABILITIES = (
    scales({**_UNITS, "b_q": -1}, {}, "three-inputs"),
    apart("B", "three-inputs"),
    reversed_along("C", "three-inputs", slug="classes-reordered"),
    doubled_along("R", "three-inputs", slug="draws-doubled"),
)
