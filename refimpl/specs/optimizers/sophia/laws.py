"""Checks of Sophia's operations that need no answer."""

from refimpl.core.arrays import array_namespace, device
from refimpl.core.special import softmax
from refimpl.optimizers import _sophia_models as models
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, doubled_along, odd, related, scaled, scales, turned_along


def _sign_steps(run, inputs):
    xp, lr, wd = array_namespace(inputs["theta0"]), inputs["lr"], 0.5
    steps, uphill = inputs["grads"].shape[0], {"estimates": -abs(inputs["estimates"]), "weight_decay": wd}
    got = run(**inputs | uphill | {"grads": 0 * inputs["grads"] + 2.5})["thetas"]
    yield got, xp.stack([(inputs["theta0"] + 1 / wd) * (1 - lr * wd) ** t - 1 / wd for t in range(1, steps + 1)])


TRAJECTORY = (
    odd("saddle", "strong-decay", inputs=("theta0", "grads")),
    scales({"grads": 1, "estimates": 1, "eps": 1}, {}, "floor-of-the-scaled-curvature"),
    scales({"estimates": 1, "gamma": -1}, {}, "floor-of-the-scaled-curvature", "saddle", slug="scales-with-gamma"),
    scales({"theta0": 1, "lr": 1, "weight_decay": -1}, {"thetas": 1}, "strong-decay", slug="scales-with-lr"),
    apart("d", "saddle"),
    causal("T", "saddle"),
    Law(
        "sign-steps",
        "where the curvature is never positive a constant gradient > 0 gives "
        "theta_t = -1/wd + (theta_0 + 1/wd)(1 - lr wd)^t",
        _sign_steps,
        ("saddle", "no-memory"),
    ),
)


def _at_rest(run, inputs):
    rest = run(**inputs | {"grad": inputs["m"], "estimate": inputs["h"]})
    yield rest["new_m"], inputs["m"]
    yield rest["new_h"], inputs["h"]


STEP = (
    odd("with-estimate", inputs=("theta", "m", "grad"), outputs=("new_theta", "new_m")),
    Law(
        "at-rest",
        "a gradient equal to m and an estimate equal to h change neither",
        _at_rest,
        ("with-estimate", "negative-curvature"),
    ),
    doubled_along("d", "with-estimate", "negative-curvature"),
    scales({"m": 1, "h": 1, "grad": 1, "estimate": 1, "eps": 1}, {"new_m": 1, "new_h": 1}, "refresh-changes-the-count"),
)


def _signs_average(run, inputs):
    """Unit vectors give the diagonal one entry at a time."""
    xp, W = array_namespace(inputs["W"]), inputs["W"]
    size = W.shape[0] * W.shape[1]
    make = lambda row: xp.reshape(xp.asarray(row, dtype=W.dtype, device=device(W)), W.shape)
    total = lambda rows: sum(run(**inputs | {"probe": make(row)})["estimate"] for row in rows)
    signs = [[1.0 - 2 * (n >> i & 1) for i in range(size)] for n in range(2**size)]
    yield total(signs) / 2**size, total([[float(i == j) for i in range(size)] for j in range(size)])


HUTCHINSON = (
    scaled("even", "a negated probe gives the same estimate", -1.0, {"probe": 1}, {}, "linear", "tanh"),
    scales({"probe": 1}, {"estimate": 2}, "linear", "tanh"),
    scales({"x": 1, "W": -1}, {"estimate": 2}, "linear", slug="scales-with-features"),
    Law(
        "signs-average",
        "the mean over all probes of signs is the sum over all unit probes: the diagonal",
        _signs_average,
        ("one-weight-row",),
    ),
    doubled_along("B", "tanh", slug="batch-twice"),
)


def _bartlett(run, inputs):
    xp, model = array_namespace(inputs["W"]), inputs["model"]
    one = {"W": inputs["W"], "x": inputs["x"][:1, :], "labels": inputs["labels"][:1], "model": model}
    p = softmax(models.logits(one["W"], one["x"], model=model), axis=1)[0, :]
    ends = xp.cumulative_sum(p)
    mean = sum(p[c] * run(**one, uniforms=xp.reshape(ends[c] - p[c] / 2, (1,)))["estimate"] for c in range(p.shape[0]))
    yield mean, models.gauss_newton_diagonal(one["W"], one["x"], model=model)


def _batch_twice(inputs):
    xp = array_namespace(inputs["x"])
    return {name: xp.concat([inputs[name], inputs[name]]) for name in ("x", "labels", "uniforms")}


GNB = (
    Law(
        "bartlett",
        "for one example the estimates of all labels, weighted by their probabilities, add up to diag(J^T S J)",
        _bartlett,
        ("linear", "tanh"),
    ),
    related(
        "labels",
        "the true labels play no part",
        lambda inputs: {"labels": 0 * inputs["labels"]},
        lambda outputs: {},
        "linear",
        "tanh",
    ),
    related(
        "batch-twice",
        "every example and draw twice doubles the estimate",
        _batch_twice,
        lambda outputs: {"estimate": 2.0 * outputs["estimate"]},
        "linear",
        "tanh",
    ),
    scales({"x": 1, "W": -1}, {"estimate": 2}, "linear"),
)


def _unclipped(run, inputs):
    moved = inputs["theta"] - run(**inputs | {"rho": 1e6})["new_theta"]
    yield inputs["hessian"] @ moved, inputs["lr"] * inputs["grad"]


NEWTON = (
    odd("slanted-valley", inputs=("theta", "grad")),
    turned_along("d", "slanted-valley", "three-dimensions", slug="reflection"),
    scales({"grad": 1, "hessian": 1}, {}, "slanted-valley", "narrow-valley"),
    scales({"theta": 1, "grad": 1, "rho": 1}, {"new_theta": 1}, "slanted-valley", slug="scales-with-rho"),
    Law("newton", "for large rho the Hessian times the step is lr times the gradient", _unclipped, ("slanted-valley",)),
)
