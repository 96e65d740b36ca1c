"""Checks of diffGrad's operations that need no answer."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.optimizers._diffgrad_functions import FUNCTIONS
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, related, scaled, scales


def _adam(m, v, beta1, beta2, eps, t):
    """Adam's direction."""
    return m / (1 - beta1**t) / (array_namespace(v).sqrt(v / (1 - beta2**t)) + eps)


def _constant_gradient(run, inputs):
    xp = array_namespace(inputs["theta0"])
    g, theta0, lr, eps = 0.75, inputs["theta0"], inputs["lr"], inputs["eps"]
    grads = inputs["grads"] * 0.0 + g
    first = 1 / (1 + np.exp(-g))
    got = run(**{**inputs, "grads": grads, "weight_decay": 0.0})["thetas"]
    expected = [theta0 - lr * g / (g + eps) * (first + 0.5 * t) for t in range(grads.shape[0])]
    yield got, xp.stack(expected)


def _between_half_and_adam(run, inputs):
    """Each step, measured along Adam's, is at least half as long and at most as long."""
    xp = array_namespace(inputs["theta0"])
    thetas = run(**inputs)["thetas"]
    places = xp.concat([inputs["theta0"][None, :], thetas])
    beta1, beta2 = inputs["beta1"], inputs["beta2"]
    m = v = xp.zeros_like(inputs["theta0"])
    for t in range(1, thetas.shape[0] + 1):
        grad = inputs["grads"][t - 1, :]
        m, v = beta1 * m + (1 - beta1) * grad, beta2 * v + (1 - beta2) * grad * grad
        adam = inputs["lr"] * _adam(m, v, beta1, beta2, inputs["eps"], t)
        along = (places[t - 1, :] - places[t, :]) * xp.sign(adam)
        yield along, xp.minimum(xp.maximum(along, abs(adam) / 2), abs(adam))


TRAJECTORY = (
    odd("both-signs", "strong-decay"),
    scales({"theta0": 1, "lr": 1, "weight_decay": -1}, {"thetas": 1}, "strong-decay"),
    apart("d", "mixed-scales"),
    causal("T", "gaussian", "strong-decay"),
    Law(
        "constant-gradient",
        "under a constant gradient g the first step is lr sigmoid(|g|) g / (|g| + eps), each later one "
        "lr / 2 g / (|g| + eps)",
        _constant_gradient,
        ("both-signs", "quick-rates"),
    ),
    Law(
        "between-half-and-adam",
        "each step is between half of Adam's and Adam's, on the same gradients",
        _between_half_and_adam,
        ("both-signs", "gaussian", "large-eps"),
    ),
)


def _steady_is_half(run, inputs):
    given = {**inputs, "previous": inputs["grad"], "weight_decay": 0.0}
    got = run(**given)
    rates = (inputs["beta1"], inputs["beta2"], inputs["eps"], inputs["t"])
    yield got["new_theta"], inputs["theta"] - inputs["lr"] / 2 * _adam(got["new_m"], got["new_v"], *rates)


def _mirrored_change(run, inputs):
    plain = {**inputs, "weight_decay": 0.0}
    mirrored = {**plain, "previous": 2 * inputs["grad"] - inputs["previous"]}
    yield run(**mirrored)["new_theta"], run(**plain)["new_theta"]


def _stored(run, inputs):
    yield run(**inputs)["new_previous"], inputs["grad"] + inputs["weight_decay"] * inputs["theta"]


STEP = (
    apart("d", "ordinary"),
    scales({"theta": 1, "lr": 1, "weight_decay": -1}, {"new_theta": 1}, "decay"),
    Law("steady-is-half", "an unchanged gradient gives half of Adam's step", _steady_is_half, ("ordinary", "late")),
    Law(
        "mirrored-change",
        "a previous gradient on the other side of the new one, equally far, gives the same step",
        _mirrored_change,
        ("ordinary", "one-coordinate"),
    ),
    Law("stored", "what is stored is the gradient with its decay", _stored, ("ordinary", "decay")),
)


def _half_angle(run, inputs):
    change = abs(inputs["previous"] - inputs["grad"])
    yield 2 * run(**inputs)["xi"] - 1, array_namespace(change).tanh(change / 2)


FRICTION = (
    related(
        "exchange",
        "the two gradients may change places",
        lambda inputs: {"previous": inputs["grad"], "grad": inputs["previous"]},
        lambda outputs: {},
        "ordinary",
        "fine",
    ),
    Law("half-angle", "2 xi - 1 = tanh(|change| / 2)", _half_angle, ("ordinary", "steady", "large")),
)


def _even_part(run, inputs):
    x = inputs["x"]
    yield run(function="F2", x=x)["slope"] + run(function="F2", x=-x)["slope"], 6 * x * x


def _antiderivative(run, inputs):
    """Gauss-Legendre with 8 nodes over an interval of length 1/32 within a piece."""
    x, width, total = inputs["x"], 1 / 32, 0.0
    for node, weight in zip(*np.polynomial.legendre.leggauss(8), strict=True):
        there = run(function=inputs["function"], x=x + width * float(node + 1) / 2)["slope"]
        total = total + float(weight) * width / 2 * there
    value = FUNCTIONS[inputs["function"]].value
    yield total, value(x + width) - value(x)


SLOPE = (
    Law("f2-even-part", "slope(x) + slope(-x) = 6 x^2 for F2, |x| < 0.9", _even_part, ("f2-right",)),
    scaled("f3-odd", "slope(-x) = -slope(x) for F3, away from the joints", -1.0, {"x": 1}, {"slope": 1}, "f3-pieces"),
    apart("n", "f1-sides", "f2-left", "f3-joints"),
    Law(
        "antiderivative",
        "the integral of the slope over a short interval is the difference of the function's values",
        _antiderivative,
        ("f1-sides", "f2-right", "f3-pieces"),
    ),
)


def _stays_in_the_box(run, inputs):
    xs = run(**inputs)["xs"]
    yield xs, array_namespace(xs).clip(xs, -inputs["radius"], inputs["radius"])


def _resting_point(run, inputs):
    xp = array_namespace(inputs["x0"])
    still = xp.stack([inputs["x0"]] * inputs["targets"].shape[0])
    yield run(**{**inputs, "targets": still})["xs"], still


ONLINE = (
    Law("in-the-box", "no point leaves the box", _stays_in_the_box, ("at-the-border", "ordinary")),
    odd("ordinary", "no-momentum"),
    apart("d", "ordinary"),
    causal("T", "at-the-border", "quick-rates"),
    Law("resting-point", "a start that is every function's minimum stays", _resting_point, ("ordinary",)),
)
