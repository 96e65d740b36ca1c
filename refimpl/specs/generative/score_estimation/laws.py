"""Checks of the operations of score estimation that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, doubled_along, odd, related, reversed_along, scaled, turned_along


def _same(outputs):
    return {}


def _negated_data(run, inputs):
    """Clean samples and noise negated negate samples and labels, and no more."""
    out, d = run(**inputs), inputs["X0"].shape[1]
    after, xp = run(**{**inputs, "X0": -inputs["X0"], "zeta": -inputs["zeta"]}), array_namespace(inputs["X0"])
    yield after["Y"], -out["Y"]
    yield after["Z"], xp.concat([-out["Z"][:, :d], out["Z"][:, d:]], axis=1)


TRAINING_PAIRS = (
    apart("n", "three-samples"),
    Law(
        "negated", "samples and noise negated negate x and the labels", _negated_data, ("three-samples", "no-constant")
    ),
)

_TURNED = turned_along("d", "in-and-out", "small-ball")
SCORE_READOUT = (
    apart("k", "in-and-out"),
    odd("in-and-out", "small-ball", inputs=("f", "x")),
    _TURNED,
)
WEIGHTED_ERRORS = (
    related("any-time", "the time cancels: later times change nothing", lambda i: {"t": 2 * i["t"]}, _same,
            "in-and-out", "small-ball"),
    related("any-noise", "the noise cancels: other noisy samples change nothing", lambda i: {"x": 0.5 - i["x"]}, _same,
            "in-and-out"),
    reversed_along("k", "in-and-out"),
    _TURNED,
)  # fmt: skip

_HOMOGENEOUS = "first layer and labels times 4 give 4 times outputs and steps, and 16 times the loss"
GD_STEP = (
    reversed_along("n", "six-units", slug="samples-reordered"),
    reversed_along("m", "six-units", slug="units-reordered"),
    reversed_along("d", "six-units", slug="outputs-reordered"),
    doubled_along("n", "six-units"),
    turned_along("p", "six-units"),
    scaled("homogeneous", _HOMOGENEOUS, 4.0, {"W": 1, "Y": 1}, {"new_W": 1, "residuals": 1, "loss": 2}, "six-units"),
)


def _fewer_steps(run, inputs):
    whole, fewer = run(**inputs), run(**{**inputs, "steps": inputs["steps"] - 1})
    yield fewer["losses"], whole["losses"][:-1]


def _all_units_negated(run, inputs):
    """The mirror image starts with the opposite signs: it may as well come first."""
    yield run(**{**inputs, "a": -inputs["a"]})["f"], run(**inputs)["f"]


TRAIN = (
    reversed_along("n", "five-steps", slug="samples-reordered"),
    reversed_along("d", "five-steps", slug="outputs-reordered"),
    doubled_along("n", "five-steps"),
    scaled("homogeneous", _HOMOGENEOUS, 4.0, {"W": 1, "Y": 1}, {"f": 1, "losses": 2}, "five-steps"),
    Law("causal", "fewer steps are the beginning of more", _fewer_steps, ("five-steps",)),
    Law("mirrored", "all signs negated change nothing, for the start has both", _all_units_negated, ("five-steps",)),
)


def _exchanged(name):
    def pairs(run, inputs):
        out, back = run(**inputs)[name], run(**{**inputs, "Z": inputs["Z2"], "Z2": inputs["Z"]})[name]
        half = len(out.shape) // 2
        yield array_namespace(out).permute_dims(back, (*range(half, 2 * half), *range(half))), out

    return Law(
        "symmetric", "inputs exchanged transpose the answer", pairs, ("seven-inputs" if name == "K" else "five-units",)
    )


EMPIRICAL_KERNEL = (
    _exchanged("Theta"),
    reversed_along("m", "five-units", slug="units-reordered"),
    turned_along("p", "five-units"),
    scaled("units", "inputs times 4 and further ones times 4 give 16 times the answer", 4.0, {"Z": 1, "Z2": 1},
           {"Theta": 2}, "five-units"),
    apart("n", "five-units"),
)  # fmt: skip
TANGENT_KERNEL = (
    _exchanged("K"),
    turned_along("p", "seven-inputs"),
    scaled("units", "inputs times 4 give 4 times the answer", 4.0, {"Z": 1}, {"K": 1}, "seven-inputs"),
    apart("n", "seven-inputs"),
)

_UNITS_OF_TIME = "eigenvalues times 4 and eta over 4"
SPECTRAL_FILTER = (
    apart("n", "beyond-one"),
    related("units", f"{_UNITS_OF_TIME} give a quarter of the answer",
            lambda i: {"values": 4.0 * i["values"], "eta": i["eta"] / 4},
            lambda o: {"filtered": o["filtered"] / 4}, "five-steps", "beyond-one"),
)  # fmt: skip


def _no_mixing(run, inputs):
    """Each output is a regression of its own."""
    whole = run(**inputs)["f"]
    for i in range(whole.shape[1]):
        yield run(**{**inputs, "Y": inputs["Y"][:, i : i + 1]})["f"], whole[:, i : i + 1]


KERNEL_GD = (
    scaled("linear", "labels times 4 give 4 times the answer", 4.0, {"Y": 1}, {"f": 1}, "three-steps"),
    scaled("homogeneous", "new inputs times 4 give 4 times the answer", 4.0, {"Z_test": 1}, {"f": 1}, "three-steps"),
    Law("no-mixing", "each output is a regression of its own", _no_mixing, ("three-steps",)),
    reversed_along("n", "three-steps"),
    doubled_along("n", "three-steps"),
    apart("k", "three-steps"),
)
STOPPING_TIME = (
    scaled("noise-units", "sigma and B times 4 change nothing", 4.0, {"sigma": 1, "B": 1}, {}, "eight-values", "noisy"),
    related("units", f"{_UNITS_OF_TIME}, and half of B, change nothing",
            lambda i: {"values": 4.0 * i["values"], "eta": i["eta"] / 4, "B": i["B"] / 2}, _same, "eight-values"),
    reversed_along("n", "eight-values"),
    doubled_along("n", "eight-values", "with-zeros"),
)  # fmt: skip
