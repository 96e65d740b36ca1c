"""Checks of SSO's operations that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.optimizers import _sso_models as models
from refimpl.specs.base import Law
from refimpl.specs.laws import causal, related, scales, turned_along

MODELS = {"linear": models.linear, "tanh": models.tanh_unit}


def _asked(inputs, theta, batch=None):
    """Mean loss, and its gradient in the parameters, on a batch."""
    x, y, xp = inputs["x"], inputs["y"], array_namespace(inputs["x"])
    if batch is not None:
        x, y = (xp.take(a, batch, axis=0) for a in (x, y))
    loss = models.LOSSES[inputs.get("loss", "softmax")]
    targets, pullback = MODELS[inputs.get("model", "linear")](theta, x)
    return xp.mean(loss.values(targets, y)), pullback(loss.gradient(targets, y) / y.shape[0])


def _touches(run, inputs):
    got = run(**{**inputs, "theta": inputs["theta_t"]})
    value, slope = _asked(inputs, inputs["theta_t"])
    yield got["value"], value
    yield got["gradient"], slope


def _is_the_loss(run, inputs):
    x, y, theta = inputs["x"], inputs["y"], inputs["theta"]
    squared = {**inputs, "loss": "squared", "model": "linear", "eta": float(y.shape[0])}
    got, residual = run(**squared), x @ theta - y
    yield got["value"], array_namespace(x).mean(residual * residual) / 2
    yield got["gradient"], x.T @ residual / y.shape[0]


def _penalty_scales(run, inputs):
    one, two, four = (run(**{**inputs, "eta": inputs["eta"] * f})["gradient"] for f in (1.0, 2.0, 4.0))
    yield one - two, 2 * (two - four)


SURROGATE = (
    Law("touches", "at theta_t value and gradient are those of the loss", _touches,
        ("logistic-linear", "squared-tanh", "logistic-tanh")),
    Law("is-the-loss", "for the squared loss, a linear model and eta = n it is the loss", _is_the_loss,
        ("squared-tanh", "squared-at-one-over-L")),
    Law("penalty-scales", "what the quadratic adds to the gradient is inverse to eta", _penalty_scales,
        ("logistic-linear", "logistic-tanh")),
    scales({"x": 1, "theta_t": -1, "theta": -1}, {"gradient": 1}, "logistic-linear", "squared-tanh"),
)  # fmt: skip


def _first_is_gradient_step(run, inputs):
    _, slope = _asked(inputs, inputs["theta"], inputs["batch"])
    yield run(**inputs)["thetas"][0, ...], inputs["theta"] - inputs["alpha"] * slope


def _geometric(run, inputs):
    x, theta, alpha, xp = inputs["x"], inputs["theta"], inputs["alpha"], array_namespace(inputs["x"])
    _, term = _asked({**inputs, "model": "linear"}, theta, inputs["batch"])
    held = x if inputs["norm"] == "full" else xp.take(x, inputs["batch"], axis=0)
    total = 0 * term
    for _ in range(inputs["steps"]):
        total = total + term
        term = term - (alpha / inputs["eta"]) * (held.T @ (held @ term))
    linear = {"model": "linear"} if "model" in inputs else {}
    yield run(**inputs | linear)["thetas"][-1, ...], theta - alpha * total


def _stops_earlier(run, inputs):
    whole, shorter = (run(**inputs | {"steps": inputs["steps"] - k})["thetas"] for k in (0, 1))
    yield shorter, whole[:-1, ...]


def _inner(*cases):
    """What holds of every inner loop."""

    def flipped(inputs):
        return {"batch": array_namespace(inputs["batch"]).flip(inputs["batch"], axis=0)}

    return (
        related("order-of-rows", "the rows of the batch come in any order", flipped, lambda outputs: {}, *cases),
        Law("first-is-gradient-step", "the first inner step is gradient descent on the loss", _first_is_gradient_step,
            cases),
        Law("geometric-series",
            "on a linear model omega_m = theta_t - alpha (I + A + ... + A^(m-1)) X^T g, A = I - alpha X^T X / eta",
            _geometric, cases),
        Law("causal", "with an inner step less the iterates are the same up to there", _stops_earlier, cases),
    )  # fmt: skip


OUTER = (
    *_inner("two-of-five", "row-twice-full-norm"),
    scales({"x": 1, "theta": -1, "alpha": -2}, {"thetas": -1}, "two-of-five", "tanh-full-norm"),
)
SOFTMAX = (
    *_inner("two-of-four-full-norm"),
    scales({"x": 1, "theta": -1, "alpha": -2}, {"thetas": -1}, "two-of-four"),
)  # fmt: skip


def _never_climbs(run, inputs):
    losses = run(**inputs)["losses"]
    zeros = 0 * losses[1:]
    yield array_namespace(losses).maximum(losses[1:] - losses[:-1], zeros), zeros


def _features(case, inside=1, **inputs):
    """Features in other units, and parameters with them: the targets are the same."""
    return scales({"x": 1, "theta0": -1, **inputs}, {"thetas": -1}, case, inside=inside)


MAJORIZE = (
    Law("descent", "the loss never rises", _never_climbs, ("ill-conditioned",)),
    turned_along("d", "logistic"),
    _features("logistic", inside=2),  # sigma^2 is a value of its own
    scales({"y": 1, "theta0": 1}, {"thetas": 1, "losses": 2}, "squared", slug="scales-with-targets"),
)
TRAJECTORY = (
    turned_along("d", "all-targets"),
    causal("T", "root-rate"),
    _features("exponential-rate", ratio=-2),
    scales({"y": 1, "theta0": 1}, {"thetas": 1}, "single-rows", inside=2, slug="scales-with-targets"),
)
SEARCH = (turned_along("d", "expanding"), causal("T", "expanding"), _features("each-from-start", ratio=-2))
ADAGRAD = (turned_along("d", "diagonal"), causal("T", "diagonal"), _features("scalar", alpha=-2))


def _imitates(run, inputs):
    got = run(**inputs)
    xp = array_namespace(inputs["x"])
    yield xp.stack([inputs["x"] @ got["thetas"][t, :] for t in range(got["thetas"].shape[0])]), got["targets"]


PROJECTION = (
    Law("imitates", "the targets of the parameters are those of projected SGD", _imitates,
        ("logistic", "more-features-than-rows", "duplicate-features")),
    turned_along("d", "logistic"),
    causal("T", "repeated-rows"),
    _features("squared"),
)  # fmt: skip
