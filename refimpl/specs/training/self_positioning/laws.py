"""Checks of the operations of Self Positioning that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.core.linalg import unit
from refimpl.specs.base import Law
from refimpl.specs.laws import (
    apart,
    causal,
    doubled_along,
    of_all_but,
    related,
    reversed_along,
    scaled,
    scales,
    turned_along,
)


def _stays_unit(run, inputs):
    xp = array_namespace(inputs["U"])
    merged = run(**inputs | {name: unit(inputs[name]) for name in ("U", "W")})["merged"]
    square = xp.sum(merged * merged)
    yield square, xp.ones_like(square)


_PAIRS = "ordinary", "obtuse", "second-counts-more"
SLERP = (
    Law("unit-stays-unit", "between vectors of length 1 all of the arc has length 1", _stays_unit, _PAIRS),
    related("exchanged", "both may change places with their weights",
            lambda i: {"U": i["W"], "W": i["U"], "a_i": i["a_j"], "a_j": i["a_i"]}, lambda _: {}, *_PAIRS),
    scaled("ratio", "weights times 4 change nothing", 4.0, {"a_i": 1, "a_j": 1}, {}, *_PAIRS),
    scales({"U": 1, "W": 1}, {"merged": 1}, *_PAIRS),
    turned_along("P", *_PAIRS),
    doubled_along("P", *_PAIRS),
)  # fmt: skip


def _themselves(run, inputs):
    """Of equal task vectors only the length counts."""
    V = inputs["V"]
    equal = array_namespace(V).stack([V[0, :]] * V.shape[0])
    yield run(**inputs | {"V": equal})["merged"], inputs["lam"] * V[0, :]


_CHAINS = "three-tasks", "four-tasks", "obtuse"
CHAIN = (
    Law("equal", "equal task vectors give themselves, times the length", _themselves, _CHAINS),
    scaled("ratio", "weights times 4 change nothing", 4.0, {"a": 1}, {}, *_CHAINS),
    scaled("length", "the length times 4 makes it 4 times as long", 4.0, {"lam": 1}, {"merged": 1}, *_CHAINS),
    scales({"V": 1}, {"merged": 1}, *_CHAINS),
    turned_along("P", *_CHAINS),
    doubled_along("P", *_CHAINS),
)


def _ratios_alone(run, inputs):
    """Along the weights themselves nothing changes."""
    grad, a = run(**inputs)["grad_a"], inputs["a"]
    xp = array_namespace(a)
    size = xp.sum(xp.abs(a * grad))
    yield size + xp.sum(a * grad), size


CHAIN_GRADIENT = (
    Law("ratios-alone", "the gradient is orthogonal to the weights, as only their ratios count", _ratios_alone,
    _CHAINS),
    scales({"g": 1}, {"grad_a": 1, "grad_lam": 1}, *_CHAINS),
    scales({"V": 1}, {"grad_a": 1, "grad_lam": 1}, *_CHAINS, slug="scales-with-the-tasks"),
    scaled("length", "the length times 4 multiplies the gradient in the weights alone", 4.0, {"lam": 1}, {"grad_a": 1},
           *_CHAINS),
    turned_along("P", *_CHAINS),
    related("weights-scaled", "weights times 4 divide their gradient by 4", lambda i: {"a": 4 * i["a"]},
            lambda o: {"grad_a": o["grad_a"] / 4}, *_CHAINS),
)  # fmt: skip


def _coasting(run, inputs):
    """Without gradients the length falls by the penalty alone."""
    grads = 0 * inputs["grads"]
    found, xp = run(**inputs | {"grads": grads}), array_namespace(grads)
    yield found["a"], xp.ones_like(found["a"])
    fallen = xp.cumulative_sum(xp.ones_like(found["lam"])) * (inputs["eta_lam"] * inputs["mu"])
    yield found["lam"], 1 - fallen


_SEARCHES = "two-tasks", "three-tasks"
POSITION_STEPS = (
    Law("coasting", "without gradients the length falls by eta_lam mu a step, and the weights stay", _coasting,
    _SEARCHES),
    causal("T", *_SEARCHES),
    scales({"V": 1, "grads": -1}, {}, *_SEARCHES, slug="scales"),
    turned_along("P", *_SEARCHES),
    scaled("units", "loss and penalty times 4, steps by a quarter of it: the same path", 4.0,
           {"grads": 1, "mu": 1, "eta_a": -1, "eta_lam": -1}, {}, *_SEARCHES),
)  # fmt: skip


def _only_turned(run, inputs):
    found, xp = run(**inputs), array_namespace(inputs["Q"])
    for name, x in (("grad_Q", inputs["Q"]), ("grad_D", inputs["D"])):
        products = found[name] * x
        size = xp.sum(xp.abs(products), axis=1)
        yield size + xp.sum(products, axis=1), size


_BATCHES = "ordinary", "of-all-lengths"
INFO_NCE = (
    Law("only-turned", "each gradient is orthogonal to its row, as lengths do not count", _only_turned, _BATCHES),
    scales({"Q": 1}, {"grad_Q": -1}, *_BATCHES),
    scales({"D": 1}, {"grad_D": -1}, *_BATCHES, slug="scales-with-the-documents"),
    reversed_along("n", *_BATCHES, slug="relabelled"),
    turned_along("d", *_BATCHES),
)

_RUNS = "two-tasks", "three-tasks"
POSITION_RUN = (
    reversed_along("n", *_RUNS, slug="relabelled"),
    causal("T", *_RUNS),
    scales({"theta0": 1, "V": 1}, {}, *_RUNS),
    scales({"X": 1, "Y": 1}, {}, *_RUNS, slug="scales-with-the-texts"),
)

_PLAIN = "ordinary", "square"
AVERAGE = (
    reversed_along("N", *_PLAIN, slug="permuted"),
    doubled_along("N", *_PLAIN),
    scales({"V": 1}, {"merged": 1}, *_PLAIN),
    scales({"weights": 1}, {}, *_PLAIN, slug="scales-with-the-weights"),
    apart("P", *_PLAIN),
)
TASK_ARITHMETIC = (
    reversed_along("N", *_PLAIN, slug="permuted"),
    scales({"V": 1}, {"merged": 1}, *_PLAIN),
    scaled("multiple", "4 times the number, 4 times the sum", 4.0, {"lam": 1}, {"merged": 1}, *_PLAIN),
    apart("P", *_PLAIN),
)


def _flipped(axis):
    return lambda i: {"V": array_namespace(i["V"]).flip(i["V"], axis=axis)}


_TIES = (
    related("permuted", "task vectors may come in any order", _flipped(0), lambda _: {}, *_PLAIN),
    related("coordinates-permuted", "coordinates in another order have their answers in that order", _flipped(1),
            lambda o: {"merged": array_namespace(o["merged"]).flip(o["merged"])}, *_PLAIN),
    scaled("odd", "negated task vectors negate the answer", -1.0, {"V": 1}, {"merged": 1}, *_PLAIN),
    scales({"V": 1}, {"merged": 1}, *_PLAIN),
    scaled("multiple", "4 times the number, 4 times the answer", 4.0, {"lam": 1}, {"merged": 1}, *_PLAIN),
)  # fmt: skip
TIES = tuple(of_all_but(law, "kept") for law in _TIES)  # masks are not subtracted


def _equal_information(run, inputs):
    V, w = inputs["V"], inputs["weights"]
    xp = array_namespace(V)
    merged = run(**inputs | {"F": xp.ones_like(V)})["merged"]
    yield merged * xp.sum(w), xp.sum(w[:, None] * V, axis=0)


FISHER = (
    Law("equal-information", "with equal information it is the weighted mean", _equal_information, _PLAIN),
    scales({"F": 1}, {}, *_PLAIN),
    scales({"V": 1}, {"merged": 1}, *_PLAIN, slug="scales-with-the-tasks"),
    reversed_along("N", *_PLAIN, slug="permuted"),
    apart("P", *_PLAIN),
)


def _same_outputs(run, inputs):
    """Normal equations."""
    W, G = inputs["W"], inputs["G"]
    xp, merged = array_namespace(W), run(**inputs)["merged"]
    yield xp.sum(G, axis=0) @ merged, xp.sum(G @ W, axis=0)


REGMEAN = (
    Law("normal-equations", "the error of the outputs is orthogonal to the inputs", _same_outputs, _PLAIN),
    scales({"G": 1}, {}, *_PLAIN),
    scales({"W": 1}, {"merged": 1}, *_PLAIN, slug="scales-with-the-layers"),
    reversed_along("N", *_PLAIN, slug="permuted"),
    apart("p", *_PLAIN),
)
