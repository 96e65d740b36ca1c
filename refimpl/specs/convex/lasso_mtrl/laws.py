"""Checks of the operations of active multi-task learning that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, odd, related, reversed_along, scales, turned_along


def _reproduces(run, inputs):
    """The combination is the target's head."""
    yield inputs["W"] @ run(**inputs)["nu"], inputs["w"]


def _copied(inputs):
    xp = array_namespace(inputs["W"])
    return {name: xp.concat([x, x], axis=-1) for name, x in inputs.items() if name in ("W", "n", "prices")}


def _no_cheaper(run, inputs):
    """Every source task twice: the norm stays, however the copies share it."""
    yield run(**inputs | _copied(inputs))["value"], run(**inputs)["value"]


def _halved(run, inputs):
    xp, before = array_namespace(inputs["W"]), run(**inputs)["nu"]
    yield run(**inputs | _copied(inputs))["nu"], xp.concat([before, before]) / 2


_REPRODUCES = ("reproduces", "the source heads, combined, are the target's", _reproduces)
_TURNED = "in another orthonormal basis of the representation nothing changes"
RELEVANCE_L1 = (
    Law(*_REPRODUCES, ("six-tasks", "negative")),
    Law("no-cheaper", "every source task twice costs the same norm", _no_cheaper, ("six-tasks",)),
    scales({"w": 1}, {"nu": 1, "value": 1}, "negative", slug="scale-of-the-target"),
    scales({"W": 1}, {"nu": -1, "value": -1}, "negative", slug="scale-of-the-heads"),
    turned_along("k", "six-tasks"),
    reversed_along("T", "six-tasks"),
)
RELEVANCE_L2 = (
    Law(*_REPRODUCES, ("six-tasks", "negative")),
    Law("shared", "two copies of a source task share its coefficient", _halved, ("six-tasks", "three-tasks")),
    scales({"w": 1}, {"nu": 1}, "negative", slug="scale-of-the-target"),
    scales({"W": 1}, {"nu": -1}, "negative", slug="scale-of-the-heads"),
    turned_along("k", "six-tasks"),
    reversed_along("T", "six-tasks"),
)
DESIGN_VALUE = (
    scales({"n": 1}, {"value": -1}, "six-tasks", slug="scale-of-the-samples"),
    scales({"w": 1}, {"value": 2}, "not-sampled", slug="scale-of-the-target"),
    scales({"W": 1}, {"value": -2}, "not-sampled", slug="scale-of-the-heads"),
    turned_along("k", "six-tasks"),
    reversed_along("T", "six-tasks"),
)


def _within(run, inputs):
    """Floors are kept, and the budget."""
    n = run(**inputs)["n"]
    xp = array_namespace(n)
    yield xp.clip(n, min=float(inputs["floor"])), n
    yield xp.sum(n), xp.clip(xp.sum(n), min=float(inputs["N"] - n.shape[0] + 1), max=float(inputs["N"]))


ALLOCATE = (
    scales({"nu": 1}, {}, "known-l1", "signs-squared"),
    odd("signs", "signs-squared", inputs=("nu",), outputs=()),
    reversed_along("T", "signs"),
    Law("within", "no task is below its floor, and the sum is within T of the budget", _within, ("signs", "known-l2")),
)


def _projector(run, inputs):
    """A projection, which holds every predictor."""
    out = run(**inputs)
    yield out["projector"] @ out["projector"], out["projector"]
    yield out["projector"] @ out["theta"], out["theta"]


def _more_often(inputs):
    return {name: 4 * inputs[name] for name in ("G", "g", "n")}


FIT_REPRESENTATION = (
    Law("projector", "the projector is one, and holds every predictor", _projector, ("five-tasks", "uneven")),
    scales({"g": 1}, {"theta": 1}, "five-tasks", inside=2, slug="scale-of-the-outputs"),  # squares of heads
    scales({"G": 1}, {"theta": -1}, "five-tasks", inside=2),
    related("repeated", "every sample 4 times changes nothing", _more_often, lambda outputs: {}, "uneven"),
    turned_along("d", "five-tasks"),
    reversed_along("T", "five-tasks"),
)
FIT_TARGET = (
    scales({"y": 1}, {"theta": 1}, "twelve-samples", slug="scale-of-the-outputs"),
    scales({"X": 1}, {"theta": -1}, "twelve-samples", slug="scale-of-the-inputs"),
    scales({"B": 1}, {}, "twelve-samples", slug="scale-of-the-basis"),
    turned_along("k", "twelve-samples"),
    turned_along("d", "twelve-samples", slug="turned-inputs"),
    reversed_along("n", "twelve-samples"),
)


def _optimal(run, inputs):
    """No correlation with the residual is above lam; where a coefficient is not 0 it is lam, with its sign."""
    W, w, lam = inputs["W"], inputs["w"], inputs["lam"]
    nu, xp = run(**inputs)["nu"], array_namespace(W)
    slope = (w - W @ nu) @ W
    yield xp.where(nu != 0, slope, 0.0), lam * xp.sign(nu)
    yield xp.clip(xp.abs(slope), max=lam), xp.where(nu != 0, lam, xp.abs(slope))


LASSO = (
    Law("optimal", "the conditions of optimality hold", _optimal, ("six-tasks", "negative", "square")),
    scales({"w": 1, "lam": 1}, {"nu": 1, "objective": 2}, "six-tasks", slug="scale-of-the-target"),
    scales({"W": 1, "lam": 1}, {"nu": -1}, "negative", inside=2, slug="scale-of-the-heads"),  # squared lengths
    odd("six-tasks", inputs=("w",), outputs=("nu",)),
    turned_along("k", "six-tasks", "square"),
    reversed_along("T", "six-tasks"),
)  # fmt: skip
ESTIMATE = (
    scales({"g": 1, "y": 1}, {}, "four-tasks", inside=2),  # the penalty is a product of heads
    turned_along("d", "four-tasks", "least-squares"),
    reversed_along("T", "four-tasks"),
)  # fmt: skip


def _spent(run, inputs):
    """The budget is spent, and the value is that of the design."""
    xp, out = array_namespace(inputs["prices"]), run(**inputs)
    total = xp.sum(inputs["prices"] * out["n"])
    yield total, 0.0 * total + inputs["budget"]
    used = out["n"] > 0
    yield xp.sum(xp.where(used, out["nu"] ** 2 / xp.where(used, out["n"], 1.0), 0.0)), out["value"]


COST_SENSITIVE = (
    Law(*_REPRODUCES, ("six-tasks", "negative")),
    Law("spent", "the samples cost the budget and have the value", _spent, ("six-tasks", "three-tasks")),
    scales({"budget": 1}, {"n": 1, "value": -1}, "six-tasks", slug="scale-of-the-budget"),
    scales({"prices": 1}, {"n": -1, "value": 1}, "six-tasks", slug="scale-of-the-prices"),
    scales({"w": 1}, {"nu": 1, "value": 2}, "six-tasks", slug="scale-of-the-target"),
    scales({"W": 1}, {"nu": -1, "value": -2}, "six-tasks", slug="scale-of-the-heads"),
    turned_along("k", "six-tasks", outputs=()),
    reversed_along("T", "six-tasks"),
)
EPOCH_COUNTS = (
    apart("T", "four-tasks"),
    odd("four-tasks", inputs=("nu",), outputs=()),
    scales({"nu": 1, "beta": 2, "eps": 2}, {}, "four-tasks"),
)  # fmt: skip
