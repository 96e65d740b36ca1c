"""Checks of the operations on functional priors that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, odd, related, reversed_along, scaled, scales, turned_along


def _last(x, factor):
    """The last 3 of the normals, those of the last layer, times a factor."""
    xp = array_namespace(x)
    return xp.concat([x[..., :-3], factor * x[..., -3:]], axis=-1)


_FIXED = "gaussian", "hierarchical"
PRIOR = (
    apart("S", "gaussian", "hierarchical", "flow", slug="functions-apart"),
    apart("M", "gaussian", "wide-hierarchical", "wide-flow", slug="points-apart"),
    related("last-layer", "the last layer is linear: its draws twice give functions twice",
            lambda i: {"normals": _last(i["normals"], 2.0)}, lambda o: {"f": 2.0 * o["f"]}, *_FIXED),
    scales({"normals": 1}, {"f": 1}, "raw-1"),
)  # fmt: skip


def _last_bias(run, inputs):
    """Another bias of the last layer of the critic changes nothing, and has no gradient."""
    xp, theta = array_namespace(inputs["theta"]), inputs["theta"]
    place = -1 - int(inputs["hidden"][-1])
    moved = xp.concat([theta[:place], theta[place : place + 1] + 4.0, theta[place + 1 :]])
    one, other = run(**inputs), run(**inputs | {"theta": moved})
    for name in ("objective", "penalty", "gradient", "new_S"):
        yield other[name], one[name]


_CRITICS = "two-sided", "one-sided", "two-outputs"
CRITIC = (
    reversed_along("S", *_CRITICS),
    doubled_along("S", *_CRITICS),
    reversed_along("O", "two-outputs", slug="outputs-reordered"),
    Law("last-bias", "the last bias of the critic cancels", _last_bias, ("two-sided", "one-sided")),
)

_STEPS = "gaussian", "hierarchical", "flow"
OUTER = (reversed_along("S", *_STEPS), doubled_along("S", *_STEPS))
MATCHING = (causal("T", "two-critics", "sum-kept"), reversed_along("S", "two-critics", "free-below-1"))


def _halved(inputs):
    """Half as many data with gradients twice as long, and a prior that is as strong as before."""
    return {"grads": 2.0 * inputs["grads"], "n": inputs["n"] // 2}


SGHMC = (
    causal("T", "scaled", "plain", "clipped"),
    reversed_along("P", "scaled", "clipped"),
    odd("plain", "no-burn-in", inputs=("start", "grads", "xi"), outputs=("w", "m")),
    related("half-the-data", "the prior counts once, whatever the number of data", _halved, lambda o: {}, "scaled",
            "plain"),
)  # fmt: skip

_FLOWS = "two-flows", "three-flows"
FLOW = (
    apart("S", *_FLOWS),
    turned_along("D", *_FLOWS),
    scales({"z": 1, "u": 1, "a": -1}, {"moved": 1}, *_FLOWS),
)

_LAYERS = "weights", "odd-number"
GIBBS = (
    apart("S", *_LAYERS),
    reversed_along("n", *_LAYERS),
    scaled("signs", "weights negated have the same scale", -1.0, {"w": 1}, {}, *_LAYERS),
)

TARGET = (
    apart("S", "gp", "hierarchical"),
    odd("gp", "two-inputs", inputs=("normals",)),
    scales({"normals": 1}, {"f": 1}, "gp", "hierarchical"),
    related("moved", "inputs moved by the same way have the same functions", lambda i: {"x": i["x"] + 4.0},
            lambda o: {}, "gp", "two-inputs"),
)  # fmt: skip
