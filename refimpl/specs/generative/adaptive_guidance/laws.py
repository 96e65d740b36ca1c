"""Checks of the operations of Adaptive Guidance that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, related, reversed_along, scaled, scales, turned_along


def _same(slug, statement, change, *cases, but=()):
    """Changed inputs change nothing (but the outputs `but`)."""

    def pairs(run, inputs):
        before, after = run(**inputs), run(**inputs | change(inputs))
        for name in before:
            if name not in but:
                yield after[name], before[name]

    return Law(slug, statement, pairs, cases)


def _tells(slug, statement, change, expected, *cases):
    """Some outputs are known for changed inputs."""

    def pairs(run, inputs):
        inputs = inputs | change(inputs)
        out = run(**inputs)
        for name, value in expected(inputs).items():
            yield out[name], value + 0 * out[name]

    return Law(slug, statement, pairs, cases)


def _s(value):
    return lambda inputs: {"s": value}


# Guidance

GUIDE = (
    apart("n", "three-samples", "no-direction"),
    turned_along("D", "three-samples"),
    scales({"eps_c": 1, "eps_u": 1}, {"eps": 1}, "three-samples"),
    related("exchanged", "prompts exchanged, and 1 - s for s, are the same guidance",
            lambda i: {"eps_c": i["eps_u"], "eps_u": i["eps_c"], "s": 1 - i["s"]}, lambda out: {}, "three-samples"),
    _tells("conditional", "s = 1 is the conditional prediction", _s(1.0), lambda i: {"eps": i["eps_c"]},
           "three-samples"),
    _tells("agreed", "equal predictions are guided nowhere", lambda i: {"eps_u": i["eps_c"]},
           lambda i: {"eps": i["eps_c"], "cosine": 1.0}, "three-samples"),
)  # fmt: skip


# One step


def _ones(inputs):
    """1 for a sample that has stopped, else 0."""
    return array_namespace(inputs["done"]).astype(inputs["done"], inputs["x"].dtype)


AG_STEP = (
    apart("n", "mixed", "no-direction"),
    turned_along("D", "mixed"),
    _same("unread", "what is said of stopped samples without the prompt changes nothing",
          lambda i: {"eps_u": i["eps_u"] + 3.0 * _ones(i)[:, None]}, "mixed", "all-done"),
    scales({"x": 1, "eps_c": 1, "eps_u": 1}, {"eps": 1, "new_x": 1}, "mixed", "nobody-done"),
    _tells("for-good", "stopped samples stay so, cost 1 and are not guided",
           lambda i: {"done": i["done"] | ~i["done"]},
           lambda i: {"eps": i["eps_c"], "new_done": 1.0, "nfe": 1.0}, "mixed", "nobody-done"),
    _tells("above-one", "no cosine is above 2", lambda i: {"gamma_bar": 2.0}, lambda i: {"new_done": _ones(i)},
           "mixed"),
    _tells("below-minus-one", "every cosine is above -2, which counts from the next step on",
           lambda i: {"gamma_bar": -2.0}, lambda i: {"new_done": 1.0, "nfe": 2.0 - _ones(i)}, "mixed"),
    _same("lengths", "a longer prediction points the same way: stops and costs stay",
          lambda i: {"eps_c": 4.0 * i["eps_c"]}, "mixed", but=("eps", "new_x")),
)  # fmt: skip


# Runs on mixtures


def _count(factor, more):
    return lambda i: {"nfe": float(factor * (i["ab"].shape[0] - 1) + more)}


AG_SAMPLE = (
    apart("n", "three-classes", "falls-again"),
    reversed_along("K", "three-classes"),
    turned_along("D", "three-classes"),
    _tells("never", "a threshold of 2: 2T evaluations", lambda i: {"gamma_bar": 2.0}, _count(2, 0), "three-classes"),
    _tells("at-once", "a threshold of -2: T + 1", lambda i: {"gamma_bar": -2.0}, _count(1, 1), "three-classes"),
    _same("whenever", "with s = 1 it does not matter when guidance stops", lambda i: {"gamma_bar": 2.0},
          "equal-weights", but=("nfe",)),
    _same("names", "classes have no order",
          lambda i: {"label": 9 - i["label"], "class_of_component": 9 - i["class_of_component"]}, "three-classes"),
)  # fmt: skip


# LinearAG


def _orthogonal(run, inputs):
    """What is left is orthogonal to every regressor."""
    k, xp = inputs["k"], array_namespace(inputs["E_c"])
    fitted = run(**inputs)["fitted"]
    for known in (inputs["E_c"][: k + 1, ...], inputs["E_u"][:k, ...]):
        for i in range(known.shape[0]):
            yield xp.sum(known[i, ...] * fitted), xp.sum(known[i, ...] * inputs["E_u"][k, ...])


def _later(inputs):
    """Other predictions after step k."""
    k, xp = inputs["k"], array_namespace(inputs["E_c"])
    later = xp.reshape(xp.asarray([2.0 * (i > k) for i in range(inputs["E_c"].shape[0])], dtype=xp.float64), (-1, 1, 1))
    later = xp.astype(later, inputs["E_c"].dtype)
    return {name: inputs[name] + later for name in ("E_c", "E_u")}


FIT_LINEAR = (
    Law(
        "orthogonal",
        "the rest is orthogonal to all regressors",
        _orthogonal,
        ("last-step", "middle-step", "shifted", "tenth-step"),
    ),
    _same("causal", "what comes after step k changes nothing", _later, "middle-step", "first-step"),
    scales({"E_c": 1, "E_u": 1}, {"fitted": 1}, "last-step", "tenth-step"),
    scaled("units", "conditional predictions in other units give the same fit", 4.0, {"E_c": 1}, {}, "last-step"),
    reversed_along("n", "last-step"),
    turned_along("D", "last-step"),
)


def _without_estimate(inputs):
    return {"beta": 0 * inputs["beta"]}


LINEAR_STEP = (
    apart("n", "two-before"),
    turned_along("D", "two-before"),
    scaled("linear", "coefficients times 4 give 4 times the estimate", 4.0, {"beta": 1}, {"eps_u": 1}, "equal-weights"),
    _same("unguided", "with s = 1 the estimate does not matter", _without_estimate, "equal-weights", but=("eps_u",)),
    scales({"x": 1, "E_c": 1, "E_u": 1}, {"eps_u": 1, "new_x": 1}, "two-before"),
)  # fmt: skip

LINEAR_SAMPLE = (
    apart("n", "eight-steps"),
    reversed_along("K", "eight-steps"),
    _same("unguided", "with s = 1 no estimate matters", lambda i: {"betas": 0 * i["betas"]}, "equal-weights"),
)


# Policy search


def _rows_add_up(run, inputs):
    """A constant added to the logits of a step changes nothing: their slopes add up to 0."""
    xp, gradient = array_namespace(inputs["logits"]), run(**inputs)["gradient"]
    for k in range(gradient.shape[0]):
        yield xp.sum(gradient[k, :]), 0.0


def _priced(run, inputs):
    """The price comes in as a multiple of what the policy costs."""
    free, one, two = (run(**inputs | {"price": price}) for price in (0.0, 0.5, 1.0))
    for name in ("loss", "gradient"):
        yield two[name] - free[name], 2 * (one[name] - free[name])


POLICY_LOSS = (
    Law("rows-add-up", "the slopes of a step add up to 0", _rows_add_up, ("two-steps", "equal-weights")),
    Law("priced", "price times evaluations is added", _priced, ("two-steps",)),
    related("shifted", "a constant added to the logits of a step changes nothing",
            lambda i: {"logits": i["logits"] + 2.0}, lambda out: {}, "two-steps"),
    reversed_along("n", "two-steps"),
    reversed_along("K", "two-steps", slug="components-reordered"),
    turned_along("D", "two-steps"),
)  # fmt: skip
