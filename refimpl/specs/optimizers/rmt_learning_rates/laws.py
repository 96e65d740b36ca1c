"""Checks of the operations on learning rates that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, related, reversed_along, scales


def _in_units_of_the_noise(run, inputs):
    """lambda and v / lambda are seen at one place, but only the larger is an outlier: the map is an envelope."""
    batches, v = inputs["batches"], inputs["sigma2"] * inputs["parameters"] / inputs["batches"]
    weak = {**inputs, "data": 0, "eigenvalues": 0.5 * v**0.5}
    yield run(**weak)["top"], 2.0 * v**0.5 + 0 * batches
    strong = {**inputs, "data": 0, "eigenvalues": 2.0 * v**0.5}
    yield run(**strong)["top"], 2.5 * v**0.5


BATCH_HESSIAN = (
    related(
        "mirrored", "the bottom is the negated top of the negated Hessian",
        lambda inputs: {"eigenvalues": -inputs["eigenvalues"]},
        lambda outputs: {"top": -outputs["bottom"], "bottom": -outputs["top"]}, "all-strengths",
    ),
    scales({"eigenvalues": 1, "sigma2": 2}, {"top": 1, "bottom": 1}, "all-strengths"),
    apart("k", "all-strengths", "growing-batches", slug="eigenvalues-apart"),
    Law(
        "in-units-of-the-noise", "half of sqrt(v) is seen at 2 sqrt(v), twice sqrt(v) at 2.5 sqrt(v)",
        _in_units_of_the_noise, ("growing-batches", "half-of-the-data"),
    ),
)  # fmt: skip


def _meets_the_edge(run, inputs):
    root = inputs["ratios"] ** 0.5
    edge = {**inputs, "eigenvalues": inputs["sigma2"] * (1 + root)}
    yield run(**edge)["top"], inputs["sigma2"] * (1 + root) ** 2


GAUSS_NEWTON = (
    scales({"eigenvalues": 1, "sigma2": 1}, {"top": 1}, "other-bulk", "both-branches"),
    apart("k", "other-bulk", slug="eigenvalues-apart"),
    Law(
        "meets-the-edge", "at sigma^2 (1 + sqrt(gamma)) the two branches meet",
        _meets_the_edge, ("other-bulk", "small-to-large-batches"),
    ),
)  # fmt: skip


def _there_and_back(run, inputs):
    """From b0 to b and back to b0; one size at a time, since the step size is one number."""
    first = inputs["batches"][:1]
    lr = float(run(**{**inputs, "batches": first})["lrs"][0])
    home = first * 0 + inputs["batch"]
    yield run(**{**inputs, "lr": lr, "batch": int(first[0]), "batches": home})["lrs"], 0 * first + inputs["lr"]


SCALE_LR = (
    Law("there-and-back", "to another size and back is nowhere", _there_and_back, ("linear", "sqrt", "saturating")),
    scales({"lr": -1, "top": 1, "sigma2": 2}, {"lrs": -1, "max_lrs": -1}, "linear", "saturating"),
    apart("k", "saturating", "of-limited-data", slug="sizes-apart"),
)  # fmt: skip


def _first_moments(run, inputs):
    """One step is exact for degree 1, two are for degree 3."""
    out, v, a = run(**inputs), inputs["start"], inputs["matrix"]
    xp = array_namespace(v)
    yield xp.sum(out["weights"]), xp.sum(v * v) / xp.sum(v * v)
    yield xp.sum(out["weights"] * out["values"]), xp.sum(v * (a @ v)) / xp.sum(v * v)


def _second_moment(run, inputs):
    out, image = run(**inputs), inputs["matrix"] @ inputs["start"]
    xp = array_namespace(image)
    yield xp.sum(out["weights"] * out["values"] ** 2), xp.sum(image * image) / xp.sum(inputs["start"] ** 2)


def _turned_over(outputs):
    flip = lambda x: array_namespace(x).flip(x, axis=0)
    return {"values": -flip(outputs["values"]), "weights": flip(outputs["weights"])}


RITZ = (
    Law(
        "moments", "the weights sum to 1, and the mean of the values is the Rayleigh quotient",
        _first_moments, ("fixture", "large-outlier", "one-step"),
    ),
    Law("second-moment", "from two steps on, |A v|^2 / |v|^2", _second_moment, ("fixture", "all-dimensions")),
    related(
        "turned-over", "-A has the negated values; 4 v the same",
        lambda inputs: {"matrix": -inputs["matrix"], "start": 4.0 * inputs["start"]}, _turned_over,
        "fixture", "large-outlier",
    ),
    scales({"matrix": 1}, {"values": 1}, "fixture", "all-dimensions"),
    scales({"start": 1}, {}, "fixture", slug="scales-with-start"),
)  # fmt: skip

ELEMENT_VARIANCE = (
    scales({"matrix": 1, "batch_matrices": 1}, {"norm2": 2, "sigma2": 2}, "signs", "of-limited-data"),
    scales({"probes": 1}, {}, "signs", "gaussian", slug="scales-with-probes"),
    reversed_along("n", "signs", "gaussian", slug="order-of-batches"),
    reversed_along("q", "gaussian", slug="order-of-probes"),
)  # fmt: skip


def _heavy_ball(run, inputs):
    """Within an epoch, theta_{k+1} - theta_k = rho (theta_k - theta_{k-1}) - alpha g."""
    out, first = run(**inputs), inputs["theta0"]
    yield out["thetas"][0, :], first - out["lrs"][0] * inputs["grads"][0, :]
    if inputs["grads"].shape[0] > 1:
        before, now = out["thetas"][0, :], out["thetas"][1, :]
        move = out["momenta"][1] * (before - first)
        yield now, before + move - out["lrs"][1] * inputs["grads"][1, :]


TRAJECTORY = (
    related(
        "translation", "start moved by 2: path moved by 2",
        lambda inputs: {"theta0": inputs["theta0"] + 2.0}, lambda outputs: {"thetas": outputs["thetas"] + 2.0},
        "polyak-nine-and-one", "rayleigh",
    ),
    scales({"grads": 1, "hessians": 1, "noise": 2, "lr": -1}, {"lrs": -1}, "polyak-lifted", "rayleigh"),
    scales({"theta0": 1, "grads": 1, "probes": 1}, {"thetas": 1}, "polyak-nine-and-one", "rayleigh",
           slug="scales-with-theta"),
    causal("T", "polyak-nine-and-one", "rayleigh-warmup"),
    Law(
        "heavy-ball", "each move is rho times the last one minus alpha times the gradient",
        _heavy_ball, ("polyak-nine-and-one", "polyak-indefinite", "rayleigh-warmup"),
    ),
)  # fmt: skip
