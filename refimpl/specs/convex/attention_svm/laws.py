"""Checks of the operations of attention and its SVMs that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import doubled_along, odd, related, reversed_along, scales, turned_along


def _moved(*cases):
    """Softmax, gradient and margins see differences of tokens alone."""
    return related(
        "offset", "all tokens moved by 2 change nothing", lambda i: {"X": i["X"] + 2.0}, lambda o: {}, *cases
    )


def _orders(*cases):
    return reversed_along("n", *cases, slug="inputs-reordered"), reversed_along("T", *cases, slug="tokens-reordered")


LOSS_GRAD = (
    _moved("two-inputs", "three-inputs"),
    *_orders("three-inputs"),
    turned_along("d", "three-inputs"),
    doubled_along("n", "three-inputs"),
    scales({"X": 1, "W": -1}, {"grad": 1}, "three-inputs", slug="scale-of-tokens"),
    scales({"Z": 1, "W": -1}, {"grad": 1}, "three-inputs", slug="scale-of-queries"),
)


def _in_two_parts(run, inputs):
    """Some steps and then the others are all of them."""
    half = run(**{**inputs, "steps": 1})["W_end"]
    half = array_namespace(inputs["W"]).astype(half, inputs["W"].dtype)
    yield run(**{**inputs, "W": half, "steps": inputs["steps"] - 1})["W_end"], run(**inputs)["W_end"]


def _step_length(run, inputs):
    """A normalised step has the length eta."""
    xp = array_namespace(inputs["W"])
    moved = run(**{**inputs, "steps": 1})["W_end"] - inputs["W"]
    yield xp.sum(moved * moved), xp.asarray(inputs["eta"] * inputs["eta"], dtype=moved.dtype)


GD_W = (
    _moved("four-steps"),
    *_orders("four-steps"),
    turned_along("d", "four-steps", "four-plain-steps"),
    doubled_along("n", "four-plain-steps"),
    Law("in-two-parts", "a step and then the others are all of them", _in_two_parts, ("four-steps", "from-zero")),
    Law("length", "a normalised step has the length eta", _step_length, ("four-steps",)),
    scales({"X": 1, "W": -1, "eta": -1}, {"W_end": -1}, "four-steps"),
)

GD_KQ_STEP = (
    _moved("two-inputs", "with-penalty"),
    *_orders("with-penalty"),
    turned_along("m", "with-penalty", slug="columns-turned"),
    turned_along("d", "with-penalty"),
    doubled_along("n", "with-penalty"),
    scales({"X": 1, "Z": 1, "K": -1, "Q": -1, "eta": -1, "lam": 2}, {"K_new": -1, "Q_new": -1}, "with-penalty"),
)

SVM_FROBENIUS = (
    _moved("three-inputs"),
    reversed_along("n", "three-inputs", slug="inputs-reordered"),
    turned_along("d", "three-inputs", "other-tokens"),
    doubled_along("n", "two-inputs"),
    scales({"X": 1}, {"W": -1}, "three-inputs", slug="scale-of-tokens"),
    scales({"Z": 1}, {"W": -1}, "three-inputs", slug="scale-of-queries"),
)

SVM_NUCLEAR = (
    _moved("three-inputs"),
    reversed_along("n", "three-inputs", slug="inputs-reordered"),
    turned_along("d", "three-inputs"),
    scales({"X": 1}, {"value": -1}, "other-tokens"),
)


def _transposed(run, inputs):
    """Rows and columns exchanged."""
    xp = array_namespace(inputs["W"])
    yield (
        run(W=xp.matrix_transpose(inputs["W"]), R=inputs["R"])["projected"],
        xp.matrix_transpose(run(**inputs)["projected"]),
    )


PROJECT_NUCLEAR = (
    scales({"W": 1, "R": 1}, {"projected": 1}, "three-by-three", "two-left"),
    odd("three-by-three"),
    turned_along("d", "three-by-three", slug="rows-turned"),
    Law("transposed", "the transposed matrix has the transposed answer", _transposed, ("four-by-two", "two-left")),
)  # fmt: skip
