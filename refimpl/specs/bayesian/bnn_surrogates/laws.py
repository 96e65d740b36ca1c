"""Checks of the operations of surrogates that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, of_all_but, related, reversed_along, scales


def _twice(inputs):
    """Every example twice, under twice the noise variance."""
    xp = array_namespace(inputs["x"])
    rows = {name: xp.concat([inputs[name], inputs[name]]) for name in ("x", "y") if name in inputs}
    return rows | {"noise": 2 * inputs["noise"]}


def _same(*cases):
    return related("twice-the-data", "every example twice, with twice the noise variance, changes nothing", _twice,
                   lambda out: {}, *cases)  # fmt: skip


def _parabola(run, inputs):
    """The data enter by squares: U(y + e) + U(y - e) - 2 U(y) = n / noise for shifts of 1, whatever the weights."""
    middle, up, down = (run(**inputs | {"y": inputs["y"] + e})["U"] for e in (0.0, 1.0, -1.0))
    yield up + down - 2 * middle, 0 * middle + inputs["y"].shape[0] / inputs["noise"]


ENERGY = (
    reversed_along("n", "one-hidden-layer", "two-hidden-layers"),
    _same("one-hidden-layer", "small-noise"),
    scales({"noise": 1, "prior": 1}, {"U": -1, "grad": -1}, "one-hidden-layer", "two-hidden-layers"),
    Law("parabola", "targets 1 higher and 1 lower: U curves by n over the noise", _parabola,
        ("one-hidden-layer", "two-hidden-layers")),
)  # fmt: skip

HMC = (
    causal("T", "three-transitions", "a-rejection", "uphill"),
    reversed_along("n", "three-transitions", "a-rejection"),
    _same("three-transitions", "uphill"),
)

DUAL_AVERAGING = (
    causal("T", "five", "all-or-nothing"),
    scales({"start": 1}, {"step": 1, "averaged": 1}, "five", "another-target"),
)  # fmt: skip


def _shifted(inputs):
    return {"y": inputs["y"] + 2.0, "mean": inputs["mean"] + 2.0}


SGHMC = (
    causal("T", "three-of-five", "no-burn-in"),
    reversed_along("B", "three-of-five", "no-burn-in", slug="order-in-a-batch"),
    doubled_along("B", "no-burn-in", "three-of-five", slug="batch-twice"),
)

ENSEMBLE = (
    reversed_along("n", "three-members", "two-members", slug="examples-reordered"),
    reversed_along("S", "three-members", "not-trained", slug="members-reordered"),
    reversed_along("m", "three-members", slug="points-reordered"),
)


def _symmetric(run, inputs):
    """The covariance is symmetric, and at most that of the prior."""
    out = run(**inputs)
    xp = array_namespace(out["covariance"])
    yield out["covariance"], xp.matrix_transpose(out["covariance"])
    far = run(**inputs | {"noise": inputs["noise"] * 2.0**40})["covariance"]
    J = out["jacobian"]
    yield far, inputs["prior"] * (J @ xp.matrix_transpose(J))


LAPLACE = (
    reversed_along("n", "one-hidden-layer", "two-narrow-layers"),
    scales({"noise": 1, "prior": 1}, {"covariance": 1}, "one-hidden-layer", "linear"),
    Law("prior", "symmetric; that of the prior where the data are nearly all noise", _symmetric,
        ("one-hidden-layer", "more-data-than-weights")),
)  # fmt: skip


def _exchanged(run, inputs):
    """x and y exchanged transpose the kernel; a point with itself has its variance."""
    xp = array_namespace(inputs["x"])
    one, other = run(**inputs), run(**inputs | {"x": inputs["y"], "y": inputs["x"]})
    yield other["kernel"], xp.matrix_transpose(one["kernel"])
    itself = run(**inputs | {"y": inputs["x"]})
    yield xp.linalg.diagonal(itself["kernel"]), one["diagonal"]


IBNN = (
    apart("n", "relu", "erf", "defaults"),
    scales({"x": 1, "y": 1, "bias_variance": 2}, {"kernel": 2, "diagonal": 2}, "relu", "defaults", "near-copies"),
    Law("exchanged", "symmetric, with the variances on its diagonal", _exchanged, ("relu", "erf", "erf-defaults")),
)


DKL = (
    reversed_along("n", "one-layer", "two-layers"),
    related("shift", "targets and mean shifted together change nothing", _shifted, lambda out: {}, "one-layer",
            "three-features"),
    of_all_but(
        scales({"y": 1, "mean": 1, "scale": 2, "noise": 2}, {"by_noise": -2, "by_mean": -1}, "one-layer",
               "three-features"), "evidence",
    ),
)  # fmt: skip


def _moved(inputs):
    return {"values": inputs["values"] + 8.0, "reference": inputs["reference"] + 8.0}


HYPERVOLUME = (
    reversed_along("n", "staircase", "three-objectives"),
    doubled_along("n", "staircase", "three-objectives"),
    reversed_along("K", "staircase", "three-objectives", "four-objectives", slug="objectives-reordered"),
    related("shift", "values and reference shifted together change nothing", _moved, lambda out: {}, "staircase",
            "four-objectives"),
    *(scales({"values": 1, "reference": 1}, {"volume": K}, case, slug=f"scales-{K}")
      for K, case in ((1, "one-objective"), (2, "staircase"), (4, "four-objectives"))),
)  # fmt: skip
