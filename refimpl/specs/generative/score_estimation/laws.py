"""Checks of the operations of score estimation that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, doubled_along, odd, related, reversed_along, scales, turned_along


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
    scales({"f": 1, "x": 1, "D": 1}, {"score": 1}, "in-and-out", "small-ball"),
    _TURNED,
)
WEIGHTED_ERRORS = (
    related("any-time", "the time cancels: later times change nothing", lambda i: {"t": 2 * i["t"]}, _same,
            "in-and-out", "small-ball"),
    related("any-noise", "the noise cancels: other noisy samples change nothing", lambda i: {"x": 0.5 - i["x"]}, _same,
            "in-and-out"),
    scales({"f": 1, "x": 1, "X0": 1, "D": 1}, {"each": 2, "loss": 2}, "in-and-out", "late"),
    reversed_along("k", "in-and-out"),
    _TURNED,
)  # fmt: skip

GD_STEP = (
    reversed_along("n", "six-units", slug="samples-reordered"),
    reversed_along("m", "six-units", slug="units-reordered"),
    reversed_along("d", "six-units", slug="outputs-reordered"),
    doubled_along("n", "six-units"),
    turned_along("p", "six-units"),
    scales({"W": 1, "Y": 1}, {"new_W": 1, "residuals": 1, "loss": 2}, "six-units"),
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
    scales({"W": 1, "Y": 1}, {"f": 1, "losses": 2}, "five-steps"),
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
    scales({"Z": 1}, {"Theta": 1}, "five-units"),
    scales({"W": 1}, {}, "five-units", slug="scales-of-units"),
    apart("n", "five-units"),
)
TANGENT_KERNEL = (
    _exchanged("K"),
    turned_along("p", "seven-inputs"),
    scales({"Z": 1}, {"K": 1}, "seven-inputs", "parallel"),
    apart("n", "seven-inputs"),
)

SPECTRAL_FILTER = (
    apart("n", "beyond-one"),
    scales({"values": 1, "eta": -1}, {"filtered": -1}, "five-steps", "beyond-one"),
)


def _no_mixing(run, inputs):
    """Each output is a regression of its own."""
    whole = run(**inputs)["f"]
    for i in range(whole.shape[1]):
        yield run(**{**inputs, "Y": inputs["Y"][:, i : i + 1]})["f"], whole[:, i : i + 1]


KERNEL_GD = (
    scales({"Y": 1}, {"f": 1}, "three-steps", slug="scales-of-labels"),
    scales({"Z": 1, "Z_test": 1, "eta": -2}, {}, "three-steps"),
    Law("no-mixing", "each output is a regression of its own", _no_mixing, ("three-steps",)),
    reversed_along("n", "three-steps"),
    doubled_along("n", "three-steps"),
    apart("k", "three-steps"),
)
STOPPING_TIME = (
    scales({"sigma": 1, "B": 1}, {}, "eight-values", "noisy", slug="scales-of-noise"),
    scales({"values": 2, "eta": -2, "B": -1}, {}, "eight-values"),
    reversed_along("n", "eight-values"),
    doubled_along("n", "eight-values", "with-zeros"),
)  # fmt: skip
