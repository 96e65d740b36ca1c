"""Checks of AdamW's operations that need no answer."""

from refimpl.core.arrays import array_namespace
from refimpl.specs.base import Law
from refimpl.specs.laws import apart, causal, odd, scales


def _shift_decays(run, inputs):
    """Where the gradients are given, a shifted start moves all that follows by a shift that shrinks."""
    xp = array_namespace(inputs["theta0"])
    there, here = run(**{**inputs, "theta0": inputs["theta0"] + 8.0})["thetas"], run(**inputs)["thetas"]
    shrink = 1 - inputs["lr"] * inputs["weight_decay"]
    one = inputs["theta0"] * 0.0 + 1.0
    yield there - here, xp.stack([8.0 * shrink**t * one for t in range(1, inputs["grads"].shape[0] + 1)])


def _constant_gradient(run, inputs):
    xp = array_namespace(inputs["theta0"])
    steps, wd, lr = inputs["grads"].shape[0], 0.5, inputs["lr"]
    grad = inputs["theta0"] * 0.0 + 2.5
    got = run(**{**inputs, "grads": xp.stack([grad] * steps), "weight_decay": wd})["thetas"]
    end = -grad / (grad + inputs["eps"]) / wd
    yield got, xp.stack([end + (inputs["theta0"] - end) * (1 - lr * wd) ** t for t in range(1, steps + 1)])


TRAJECTORY = (
    scales({"grads": 1, "eps": 1}, {}, "two-steps", "large-eps", inside=2),
    scales({"theta0": 1, "lr": 1, "weight_decay": -1}, {"thetas": 1}, "two-steps", slug="scales-with-lr"),
    odd("two-steps"),
    apart("d", "strong-decay"),
    causal("T", "gaussian-long", "pause"),
    Law(
        "shift-decays",
        "a start shifted by 8 shifts the parameters by 8 (1 - lr wd)^t: the decay sees nothing else",
        _shift_decays,
        ("strong-decay", "two-steps"),
    ),
    Law(
        "constant-gradient",
        "a constant gradient gives theta_t = e + (theta_0 - e)(1 - lr wd)^t with e = -g / (|g| + eps) / wd",
        _constant_gradient,
        ("large-eps", "language-model-rates"),
    ),
)


def _moments_at_rest(run, inputs):
    there = run(**{**inputs, "m": inputs["grad"], "v": inputs["grad"] * inputs["grad"]})
    yield there["new_m"], inputs["grad"]
    yield there["new_v"], inputs["grad"] * inputs["grad"]


STEP = (
    Law("moments-at-rest", "moments equal to the gradient and its square stay", _moments_at_rest, ("later",)),
    odd("first", "later", "zeros", inputs=("theta", "m", "grad"), outputs=("new_theta", "new_m")),
    apart("d", "later"),
    scales({"m": 1, "v": 2, "grad": 1, "eps": 1}, {"new_m": 1, "new_v": 2}, "later"),
)


def _first_step(run, inputs):
    first = run(**{**inputs, "grads": inputs["grads"][:1, :]})["thetas"]
    grad = inputs["grads"][0, :] + inputs["weight_decay"] * inputs["theta0"]
    step = grad / (array_namespace(grad).abs(grad) + inputs["eps"])
    yield first[0, :], inputs["theta0"] - inputs["lr"] * step


ADAM = (
    odd("strong-penalty", "gaussian"),
    scales({"grads": 1, "eps": 1, "weight_decay": 1}, {}, "outburst", inside=2),
    scales({"theta0": 1, "lr": 1, "weight_decay": -1}, {"thetas": 1}, "strong-penalty", slug="scales-with-lr"),
    apart("d", "strong-penalty"),
    causal("T", "gaussian"),
    Law(
        "first-step",
        "the first step is lr g' / (|g'| + eps) with g' = g + weight_decay theta_0",
        _first_step,
        ("penalty-alone", "strong-penalty"),
    ),
)


def _one_large_gradient(run, inputs):
    """A first gradient of 100, then g = 1: the divisor stays at the first second moment."""
    xp = array_namespace(inputs["theta0"])
    steps, (b1, b2) = inputs["grads"].shape[0], (inputs["beta1"], inputs["beta2"])
    one = inputs["theta0"] * 0.0 + 1.0
    got = run(**{**inputs, "grads": xp.stack([100.0 * one] + [one] * (steps - 1)), "weight_decay": 0.0})["thetas"]
    theta, expected = inputs["theta0"], []
    for t in range(1, steps + 1):
        first = one * (1.0 + 99.0 * (1 - b1) * b1 ** (t - 1) / (1 - b1**t))
        root = one * 100.0 * ((1 - b2) / (1 - b2**t)) ** 0.5
        theta = theta - inputs["lr"] * first / (root + inputs["eps"])
        expected.append(theta)
    yield got, xp.stack(expected)


AMSGRAD = (
    scales({"grads": 1, "eps": 1}, {}, "peak", "outburst", inside=2),
    apart("d", "peak"),
    causal("T", "gaussian"),
    Law(
        "one-large-gradient",
        "after one gradient of 100, gradients of 1 are divided by 100 sqrt((1 - beta2) / (1 - beta2^t))",
        _one_large_gradient,
        ("gaussian", "falling"),
    ),
)
