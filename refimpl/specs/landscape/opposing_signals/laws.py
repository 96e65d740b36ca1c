"""Checks of the operations on opposing signals that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, odd, related, reversed_along, scaled, scales, turned_along

# The groups ---------------------------------------------------------------------------------------------------------


def _negated(i):
    return {"losses": -i["losses"]}


_LISTS = "ordinary", "quiet-samples"
IDENTIFY = (
    related("negated", "losses negated exchange the lists", _negated, lambda o: {"up": o["down"], "down": o["up"]},
            *_LISTS),
    related("shifted", "a constant added to all losses changes nothing", lambda i: {"losses": i["losses"] + 2.0},
            lambda o: {}, *_LISTS),
    scales({"losses": 1}, {}, *_LISTS),
)  # fmt: skip
SWAP = (
    related("negated", "losses negated exchange the shares", _negated,
            lambda o: {"shares": array_namespace(o["shares"]).flip(o["shares"])}, "half", "see-saw"),
    scales({"losses": 1}, {}, "half", "see-saw"),
)  # fmt: skip
OPPOSITION = (
    related("exchanged", "groups exchanged negate the gap", lambda i: {"up": i["down"], "down": i["up"]},
            lambda o: {"gap": -o["gap"]}, "equal-groups"),
    scales({"losses": 1}, {"activity": 1, "gap": 1}, "ordinary", "see-saw"),
    doubled_along("k", "ordinary", "see-saw"),
    related("backwards", "a run told backwards turns round as often",
            lambda i: {"losses": array_namespace(i["losses"]).flip(i["losses"], axis=0)},
            lambda o: {n: array_namespace(o[n]).flip(o[n]) for n in ("activity", "gap")}, "ordinary"),
)  # fmt: skip


def _later(i):
    xp = array_namespace(i["sharpness"])
    return {"sharpness": xp.concat([i["sharpness"], i["sharpness"]])}


CROSSING = (
    scales({"sharpness": 1, "eta": -1}, {}, "ordinary", "never"),
    related("later", "what comes after the crossing changes nothing", _later, lambda o: {}, "ordinary", "twice-lowest"),
)

# The linear network -------------------------------------------------------------------------------------------------

OUTLIERS = (
    reversed_along("n", "ordinary", "one-coordinate"),
    doubled_along("n", "ordinary"),
    related("odd-signs", "signs negated negate the outliers, and no target", lambda i: {"signs": -i["signs"]},
            lambda o: {"x_o": -o["x_o"]}, "ordinary"),
    scaled("rarer", "a quarter as many are twice as large, with beta doubled", 2.0, {"p": -2, "beta": 1},
           {"x_o": 1, "y": 1}, "ordinary"),
    scales({"x": 1, "alpha": 2}, {"x_o": 1, "y": 1}, "ordinary"),
)  # fmt: skip


def _conserved(run, inputs):
    """What the flow keeps, c^2 - |b|^2 - |b_o|^2, has the slope 0; a step of size eta changes it by eta^2."""
    out = run(**inputs)
    yield inputs["c"] * out["grad_c"], inputs["b"] @ out["grad_b"] + inputs["b_o"] @ out["grad_b_o"]
    kept = lambda b, b_o, c: c * c - b @ b - b_o @ b_o
    change = inputs["eta"] ** 2 * kept(out["grad_b"], out["grad_b_o"], out["grad_c"])
    before = kept(inputs["b"], inputs["b_o"], inputs["c"])
    yield kept(out["new_b"], out["new_b_o"], out["new_c"]), before + change


def _across(run, inputs):
    """u^T H u = alpha c^2 bounds the sharpness from below; and H is symmetric."""
    hessian, d1, d2 = run(**inputs)["hessian"], inputs["b"].shape[0], inputs["b_o"].shape[0]
    xp = array_namespace(hessian)
    yield xp.sum(hessian[d1 : d1 + d2, d1 : d1 + d2]) / d2, inputs["alpha"] * inputs["c"] * inputs["c"]
    yield hessian.T, hessian


_MODELS = "ordinary", "steep"
MODEL = (
    Law("conserved", "c^2 - |b|^2 - |b_o|^2 changes in second order of eta alone", _conserved, _MODELS),
    Law("across", "the curvature across the valley is alpha c^2", _across, _MODELS),
    scales({"b": 1, "b_o": 1, "c": 1, "beta": 2, "eta": -2},
           {"loss": 4, "grad_b": 3, "grad_b_o": 3, "grad_c": 3, "hessian": 2, "new_b": 1, "new_b_o": 1, "new_c": 1},
           *_MODELS),
)  # fmt: skip
SAMPLE = (
    doubled_along("n", "ordinary"),
    reversed_along("n", "ordinary"),
    turned_along("d1", "ordinary"),
    turned_along("d2", "ordinary", slug="turned-outliers"),
    scales({"x": 1, "x_o": 1, "y": 1, "eta": -2}, {"losses": 2}, "ordinary"),
)


def _mean(run, inputs):
    """Over the samples that are outliers, and over both signs: no term of s alone is left."""
    c, u = inputs["c"], array_namespace(inputs["b_o"]).ones_like(inputs["b_o"]) / inputs["b_o"].shape[0] ** 0.5
    losses, error = run(**inputs)["losses"], c * inputs["b"] - inputs["beta"]
    used = c * (u @ inputs["b_o"])
    yield 0.5 * (losses[0] + losses[1]), 0.5 * error @ error + inputs["alpha"] / inputs["p"] / 2 * (1 + used * used)
    yield losses[1] - losses[0], 2 * inputs["alpha"] / inputs["p"] * used


GROUPS = (
    Law("mean-and-difference", "what both groups share is even in s, what divides them is 2 alpha c s / p", _mean,
        ("ordinary", "one-of-each")),
    related("other-sign", "b_o negated exchanges the groups", lambda i: {"b_o": -i["b_o"]},
            lambda o: {"losses": array_namespace(o["losses"]).flip(o["losses"])}, "ordinary", "one-of-each"),
    turned_along("d1", "ordinary"),
    scales({"b": 1, "beta": 1, "alpha": 2}, {"losses": 2}, "ordinary"),
)  # fmt: skip


def _shorter(run, inputs):
    whole, shorter = run(**inputs), run(**{**inputs, "steps": inputs["steps"] - 1})
    for name in ("cs", "ss"):
        yield shorter[name], whole[name][:-1, ...]


_VALLEYS = "over-the-edge", "two-valleys"
VALLEY = (
    apart("d", "two-valleys"),
    scaled("odd-across", "the other side of the valley is alike", -1.0, {"s0": 1}, {"ss": 1}, *_VALLEYS),
    scaled("odd-along", "so is the other sign of c", -1.0, {"c0": 1}, {"cs": 1}, *_VALLEYS),
    scales({"alpha": 2, "c0": -1, "s0": -1}, {"cs": -1, "ss": -1}, *_VALLEYS),
    Law("causal", "a shorter run is the beginning of a longer one", _shorter, _VALLEYS),
)  # fmt: skip

# The optimizers -----------------------------------------------------------------------------------------------------

_RUNS = "momentum", "adam", "split"
OPTIMISE = (
    apart("P", *_RUNS),
    causal("T", *_RUNS),
    odd(*_RUNS),
    related("shifted", "a shifted start shifts the run", lambda i: {"theta0": i["theta0"] + 2.0},
            lambda o: {"thetas": o["thetas"] + 2.0}, *_RUNS),
    scales({"grads": 1, "lr": -1, "r": 1}, {}, "momentum", "split"),
    scales({"grads": 1, "eps": 1}, {}, "adam", inside=2, slug="scales-adam"),
)  # fmt: skip
