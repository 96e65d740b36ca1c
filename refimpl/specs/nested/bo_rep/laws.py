"""Checks of the operations of BO-REP that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, doubled_along, odd, related, reversed_along, scales, turned_along


def _equal_lengths(output):
    def pairs(run, inputs):
        xs = run(**inputs)[output]
        lengths = array_namespace(xs).linalg.vector_norm(xs[1:, ...] - xs[:-1, ...], axis=1)
        yield lengths, 0.0 * lengths + inputs["eta"]

    return Law("equal-lengths", "every step is eta long", pairs, ("twelve-steps" if output == "xs" else "six-steps",))


_NOISES = "noise_x", "noise_y", "noise_hvp", "noise_lower"
_RUNS = "twelve-steps", "every-step"
TRAJECTORY = (
    _equal_lengths("xs"),
    odd(*_RUNS, inputs=("t", "x0", "y0", "z0", "noise_x", "noise_y", "noise_lower")),
    turned_along("p", *_RUNS),
    reversed_along("d", *_RUNS),
    causal("K", *_RUNS),
)


def _moves_along_momentum(run, inputs):
    out = run(**inputs)
    xp = array_namespace(out["new_m"])
    length = xp.linalg.vector_norm(out["new_m"])
    yield (inputs["x"] - out["new_x"]) * length, inputs["eta"] * out["new_m"]


_STEPS = "ordinary", "first"
STEP = (
    Law("along-momentum", "x moves by eta along the new m", _moves_along_momentum, ("ordinary", "no-momentum")),
    scales({"grad_x": 1, "grad_y": 1, "m": 1, "z": 1}, {"new_m": 1, "new_z": 1}, *_STEPS),  # f in other units
    turned_along("p", *_STEPS),
    turned_along("d", *_STEPS, slug="turned-above"),
)  # fmt: skip


def _shifted(i):
    return {name: i[name] + 2.0 for name in ("y", "target")}


_LENGTHS = {"y": 1, "target": 1, "noise": 1, "radius": 1}


def _of_the_lower_level(*cases):
    return (
        related("shifted", "start and target shifted shift the answer", _shifted,
                lambda o: {"new_y": o["new_y"] + 2.0}, *cases),
        scales(_LENGTHS, {"new_y": 1}, *cases, inside=2),  # the distance from the centre
        turned_along("p", *cases),
    )  # fmt: skip


LOWER = _of_the_lower_level("ordinary", "along-the-sphere")
EPOCHS = _of_the_lower_level("three-epochs", "cut")


def _classes_renamed(names, labels, outputs, *cases):
    """Classes counted from the other end."""

    def change(i):
        xp, last = array_namespace(i["X"]), i[names[0]].shape[1] - 1
        return {n: xp.flip(i[n], axis=1) for n in names} | {n: last - i[n] for n in labels}

    def expect(o):
        return {n: array_namespace(o[n]).flip(o[n], axis=-1) for n in outputs}

    return related("classes-renamed", "what a class is called does not matter", change, expect, *cases)


def _logits_shifted(run, inputs):
    """A constant added to all logits of a sample changes nothing, so z along it counts for nothing."""
    yield run(**{**inputs, "z": inputs["z"] + 1.0})["hypergradient"], run(**inputs)["hypergradient"]


CLEANING = (
    _equal_lengths("lams"),
    turned_along("q", "six-steps", "no-ball", inputs=("X", "V", "w0", "z0"), outputs=("ws",)),
    _classes_renamed(("w0", "z0"), ("labels", "V_labels"), ("ws",), "six-steps", "no-ball"),
    causal("K", "six-steps"),
    scales({"X": 1, "V": 1, "w0": -1, "z0": -1, "alpha": -2, "nu": -2, "reg": 2, "radius": -1}, {"ws": -1},
           "six-steps"),  # pixels in other units
)  # fmt: skip
CROSS = (
    turned_along("q", "repeated", "full-batch"),
    scales({"X": 1, "w": -1}, {"hypergradient": 1}, "repeated"),
    doubled_along("B", "repeated", "full-batch"),
    _classes_renamed(("w", "z"), ("labels",), (), "repeated", "full-batch"),
    Law("logits-shifted", "a constant added to z adds nothing", _logits_shifted, ("repeated", "full-batch")),
)
NEUMANN = (
    turned_along("p", "three-factors"),
    scales({"hessians": 1, "nu": -1}, {"z": -1}, "three-factors"),
)


def _solves(run, inputs):
    out = run(**inputs)
    yield inputs["hessian"] @ out["z"], inputs["grad_y"]


HYPERGRADIENT = (
    Law("solves", "hessian z is grad_y", _solves, ("ordinary", "one-of-each")),
    turned_along("p", "ordinary"),
    turned_along("d", "ordinary", slug="turned-above"),
    scales({"grad_x": 1, "grad_y": 1, "hessian": 1, "cross": 1}, {"hyper": 1}, "ordinary"),
)
