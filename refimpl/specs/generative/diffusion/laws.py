"""Checks of the operations on diffusion models that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, odd, related, reversed_along, scaled, scales, turned_along


def _again(output, like):
    """An output as an input: it comes in double precision."""
    return array_namespace(output).astype(output, like.dtype)


def _as_ddpm(run, inputs):
    """With eta = 1 one is the other."""
    one = inputs | {"eta": 1.0}
    ours, theirs = (run(**one | {"kind": kind}) for kind in ("ddim", "ddpm_small"))
    yield from zip(ours.values(), theirs.values(), strict=True)


def _in_two(run, inputs):
    """Without noise and with the score frozen, two steps of the exponential integrator are one."""
    still = inputs | {"xi": 0.0 * inputs["xi"], "kind": "exp"}
    middle = (still["t"] + still["u"]) / 2
    half = _again(run(**still | {"u": middle})["new_x"], inputs["x"])
    yield run(**still | {"x": half, "t": middle})["new_x"], run(**still)["new_x"]


_KINDS = "em", "exp", "ddpm-large", "ddim-half"
STEP = (
    odd(*_KINDS, inputs=("x", "score", "xi")),
    apart("n", *_KINDS),
    turned_along("D", *_KINDS),
    scales(dict.fromkeys(("x", "score", "xi"), 1), {"new_x": 1}, *_KINDS),
    Law("ddim-is-ddpm", "ddim with eta = 1 is ddpm_small", _as_ddpm, ("ddim", "late-ddim")),
    Law("in-two", "two steps of exp with the same score and no noise are one", _in_two, ("exp", "late-exp")),
)


def _in_two_parts(run, inputs):
    """The run stopped and taken up again."""
    first = run(**inputs | {"times": inputs["times"][:-1], "noise": inputs["noise"][:-1, ...]})["samples"]
    rest = {"x": _again(first, inputs["x"]), "times": inputs["times"][-2:], "noise": inputs["noise"][-1:, ...]}
    yield run(**inputs | rest)["samples"], run(**inputs)["samples"]


_RUNS = "ddpm-small", "ddim-half", "heun"
SAMPLE = (
    apart("n", "exp", "heun"),
    turned_along("D", *_RUNS),
    Law("in-two-parts", "a run may be stopped and taken up again", _in_two_parts, _RUNS),
    Law("ddim-is-ddpm", "ddim with eta = 1 is ddpm_small", _as_ddpm, ("ddim",)),
)


def _other_last_noise(inputs):
    """Other draws in the last step."""
    xp, noise = array_namespace(inputs["noise"]), inputs["noise"]
    return {"noise": xp.concat([noise[:-1, ...], noise[-1:, ...] + 1.0], axis=0)}


def _longer_table(inputs):
    """A row more at the end."""
    xp, betas = array_namespace(inputs["betas"]), inputs["betas"]
    return {"betas": xp.concat([betas, betas[-1:]])}


_ROWS = "every-second-ddpm-large", "uneven-ddpm-small", "uneven-ddim"
TABLE = (
    odd(*_ROWS, inputs=("x", "predicted", "noise")),
    scales(dict.fromkeys(("x", "predicted", "noise"), 1), {"xs": 1}, *_ROWS),
    apart("n", *_ROWS),
    related("last-noise", "the last step has no noise", _other_last_noise, lambda out: {}, *_ROWS),
    related(
        "longer-table", "rows after the first that is visited change nothing", _longer_table, lambda out: {}, *_ROWS
    ),
)


_MODES = "free-strong", "classifier-weak"


def _line(run, inputs):
    """Equal steps of eta are equal steps of the score."""
    below, at, above = (run(**inputs | {"eta": eta}) for eta in (-1.0, 0.0, 1.0))
    for name in at:
        yield above[name] - at[name], at[name] - below[name]


GUIDED = (
    scales({"conditional": 1, "unconditional": 1, "gradient": 1}, {"score": 1}, *_MODES),
    apart("n", *_MODES),
    Law("line", "equal steps of eta are equal steps of the score", _line, _MODES),
)  # fmt: skip


def _both_ways(run, inputs):
    """With a classifier and without."""
    out = run(**inputs)
    yield out["free"], out["classifier"]


GUIDED_MIXTURE = (
    Law("both-ways", "exact guidance with a classifier is exact guidance without", _both_ways,
        ("strong", "three-modes")),
    Law("line", "equal steps of eta are equal steps of the score", _line, ("strong", "weak")),
    turned_along("D", "strong", "weak"),
    apart("n", "strong", "three-modes"),
    scales({"x": 1, "means": 1, "covariances": 2}, {"free": -1, "classifier": -1}, "clean"),
)  # fmt: skip


def _met(run, inputs):
    """Who predicts the target has no loss; twice as far off costs four times."""
    out = run(**inputs)
    loss = lambda predicted: run(**inputs | {"predicted": _again(predicted, inputs["x0"])})["loss"]
    yield loss(out["target"]), 0.0 * out["loss"]
    yield loss(out["target"] + 2 * (inputs["predicted"] - out["target"])), 4 * out["loss"]


_WEIGHTS = "weight-one", "weight-h"
DSM = (
    Law("met", "the loss is a square of the distance from the target", _met, _WEIGHTS),
    reversed_along("n", *_WEIGHTS),
    turned_along("D", *_WEIGHTS),
    scales(dict.fromkeys(("x0", "z", "predicted"), 1), {"x_t": 1, "loss": 2, "target": 1}, *_WEIGHTS),
)


def _other_labels(inputs):
    return {"y": inputs["y"] + 8, "null": inputs["null"] + 8}


DROP = (
    apart("n", "one-in-four", "four-in-five"),
    related("other-labels", "which are dropped does not depend on the labels", _other_labels,
            lambda out: {"labels": out["labels"] + 8}, "one-in-four", "four-in-five"),
)  # fmt: skip


def _along_the_plane(run, inputs):
    """On the plane the score of the plane, whatever the plane: axes exchanged."""
    xp = array_namespace(inputs["A"])
    turned = {"A": xp.flip(inputs["A"], axis=1), "means": xp.flip(inputs["means"], axis=1),
              "covariances": xp.flip(inputs["covariances"], axis=(1, 2))}  # fmt: skip
    yield run(**inputs | turned)["score"], run(**inputs)["score"]


SUBSPACE = (
    apart("n", "plane", "line"),
    turned_along("D", "plane", "line"),
    Law("axes-exchanged", "no axis of the plane comes first", _along_the_plane, ("plane",)),
)


def _other_error(run, inputs):
    """An error of the score moves the mean in proportion and leaves the variance."""
    outs = [run(**inputs | {"error": error}) for error in (0.0, 0.25, 0.5)]
    yield outs[2]["v"], outs[0]["v"]
    yield outs[2]["m"] - outs[1]["m"], outs[1]["m"] - outs[0]["m"]


_LAWS = "exp", "ddpm-small", "ddim"
LAW = (
    scaled("mirrored", "mirrored data give a mirrored mean", -1.0, {"mean": 1, "error": 1}, {"m": 1}, *_LAWS),
    Law("error-moves", "an error moves the mean in proportion, and nothing else", _other_error, _LAWS),
)


_DATA = ("x", "X0", "Xt", "new0", "newt")
ENCODER = (
    scales(dict.fromkeys(_DATA, 1), {"score": 1}, "plane", "late", inside=2),  # distances of kernels are squared
    apart("k", "plane"),
    turned_along("D", "plane", "line"),
    reversed_along("n", "plane", "line"),
)  # fmt: skip


REWARD = (
    apart("k", "two-steps"),
    turned_along("D", "two-steps"),
    reversed_along("m", "two-steps"),
    odd("two-steps", inputs=("y", "pseudo", "target"), outputs=("theta", "labels")),
)
