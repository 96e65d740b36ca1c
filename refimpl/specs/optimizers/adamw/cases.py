"""Inputs of the operations of AdamW under permanent names, and random ones."""

import numpy as np

from refimpl.core.random import stream
from refimpl.specs.base import Case
from refimpl.specs.sizes import large


def _inputs(theta0, grads, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    arrays = {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float)}
    return arrays | {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}


def sample(rng):
    """A short Gaussian trajectory at some scale, with some rates."""
    steps, d = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    scale = 10.0 ** rng.uniform(-4, 4)
    return _inputs(
        rng.standard_normal(d),
        scale * rng.standard_normal((steps, d)),
        lr=float(10.0 ** rng.uniform(-3, 0)),
        beta1=float(rng.uniform(0, 0.98)),
        beta2=float(rng.uniform(0.5, 0.9995)),
        eps=float(scale * 10.0 ** rng.uniform(-8, 0)),
        weight_decay=float(rng.choice([0.0, 0.01, 0.5])),
    )


def _gaussian(seed, steps, d, **rates):
    rng = stream(seed, "adamw-case")
    return _inputs(rng.standard_normal(d), rng.standard_normal((steps, d)), **rates)


def _constant(theta0, grad, steps, *, lr, eps, weight_decay, **rates):
    """Inputs of a constant gradient, and the answer in closed form: geometric towards -direction / weight_decay."""
    inputs = _inputs(theta0, [grad] * steps, lr=lr, eps=eps, weight_decay=weight_decay, **rates)
    theta0, grad = inputs["theta0"], inputs["grads"][0]
    end = -grad / (np.abs(grad) + eps) / weight_decay
    shrink = (1 - lr * weight_decay) ** np.arange(1, steps + 1)[:, None]
    return inputs, {"thetas": end + (theta0 - end) * shrink}


_PULLED, _PULLED_ANSWER = _constant(
    [2, -1, 0.5, 3], [1, -0.25, 1e-3, 0], 6, lr=0.25, eps=0.25, weight_decay=0.5, beta1=0.75, beta2=0.875
)
_TWO_STEPS = np.array(
    [
        [1 - 0.5 * (1 / 1.5 + 0.25), 1 - 0.5 * (2 / 2.5 + 0.25)],
        [0.875 * (0.875 - 0.5 / 1.5), 0.875 * (0.875 - 0.5 * 2 / 2.5) - 0.5 * 2 / 2.5],
    ]
)
MIXED = [[1, -2, 0.5], [-0.5, 1, 0.25], [2, 2, -1], [0.125, -1, 4], [-3, 0.5, 0.5]]
RULE = ("adamw-1", "adamw-2", "adamw-3", "adamw-4", "adamw-5")
QUICK = {"lr": 0.125, "beta1": 0.875, "beta2": 0.96875, "weight_decay": 0.125}  # which single precision knows exactly


def _long(seed):
    why = "nothing wears off: the 300th step follows the same rule as the first"
    return Case("three-hundred-steps", ("long",), why, _gaussian(seed, 300, 1, **QUICK))


TRAJECTORY = (
    Case("two-steps", ("basic", "missing_step", "wrong_constant", "known_bug"),
         "two steps with rates of 1/2: the corrected averages are 1 and 0 (of 1 and -1/2) in the second",
         _inputs([1, 1], [[1, 2], [-0.5, 2]], lr=0.5, beta1=0.5, beta2=0.5, eps=0.5, weight_decay=0.25),
         equations=RULE, answer={"thetas": _TWO_STEPS},
         source="worked by hand: the means of (1, -1/2) with weights 1/3 and 2/3 is 0, of (2, 2) it is 2"),
    Case("constant-gradient", ("basic", "missing_step", "wrong_order"),
         "under a constant gradient both averages are exact at once, and the parameters shrink geometrically towards "
         "-direction / weight_decay",
         _PULLED, equations=("adamw-3", "adamw-4", "adamw-5"), answer=_PULLED_ANSWER, source="closed form"),
    Case("strong-decay", ("wrong_order", "missing_step", "known_bug"),
         "the decay stays outside averages and division, is multiplied by lr alone, and sees the old parameters",
         _inputs([10, -10, 3], MIXED[:4], lr=0.2, weight_decay=1.5), equations=("adamw-5",)),
    Case("gaussian-long", ("basic",), "an ordinary run of 20 steps with the usual rates",
         _gaussian(1, 20, 4, lr=0.01, weight_decay=0.1), equations=RULE),
    Case("language-model-rates", ("basic", "wrong_constant"),
         "the rates come from the arguments: here beta2 = 0.95 and a decay of 0.1, as for language models",
         _gaussian(2, 5, 3, lr=0.003, beta2=0.95, weight_decay=0.1)),
    Case("one-step-one-coordinate", ("boundary", "missing_step"),
         "the first step has the length lr: the bias corrections undo the start at zero",
         _inputs([2.0], [[-1e-3]], lr=0.5, weight_decay=0.0), equations=("adamw-3", "adamw-4")),
    Case("without-decay", ("boundary",), "with a decay of 0 AdamW is Adam",
         _inputs([1, -1, 2], MIXED, weight_decay=0.0)),
    Case("beta1-zero", ("boundary", "wrong_constant"), "with beta1 = 0 the step follows the newest gradient alone",
         _inputs([1, 1, 1], MIXED[:4], beta1=0.0, beta2=0.9, weight_decay=0.3)),
    Case("beta2-zero", ("boundary", "wrong_constant"),
         "with beta2 = 0 the average is divided by the newest gradient's size",
         _inputs([1, 1, 1], MIXED[:4], beta1=0.5, beta2=0.0, weight_decay=0.3)),
    Case("zero-gradients", ("edge_case", "numerics"),
         "with gradients of 0 only the decay moves the parameters: 0 / (0 + eps) = 0, and no NaN",
         _inputs([1, -2], np.zeros((3, 2)), weight_decay=0.5), equations=("adamw-5",),
         answer={"thetas": np.array([[1, -2]]) * 0.95 ** np.arange(1, 4)[:, None]}, source="closed form"),
    Case("gradient-stops", ("edge_case", "missing_step", "wrong_order"),
         "once the gradient is 0 the averages alone keep the parameters moving",
         _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 0], [0, 0]], beta2=0.9), equations=("adamw-1", "adamw-2")),
    Case("pause", ("edge_case", "missing_step"),
         "through gradients of 0 the averages fade and the steps count on; then the run moves again",
         _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 0], [0, 0], [-2, 1], [0.5, 0.5]], **QUICK),
         equations=("adamw-1", "adamw-2", "adamw-3", "adamw-4")),
    Case("late-spike", ("edge_case",), "the first gradient after five of 0 makes a step longer than lr",
         _inputs([0, 0], [[0, 1e-3]] * 5 + [[1, 1]], beta2=0.99)),
    Case("large-eps", ("variant", "wrong_order", "known_bug"),
         "eps stands outside the root and beside the corrected second moment: at 0.5 every other place shows",
         _inputs([1, -1, 2], MIXED[:4], eps=0.5, weight_decay=0.3), equations=("adamw-4", "adamw-5")),
    Case("gradients-as-small-as-eps", ("variant", "numerics"),
         "gradients of the size of the usual eps, where its place changes the first steps by a factor of 16",
         _inputs([1, -1], [[1e-8, -3e-8], [2e-8, 1e-8], [-1e-8, 5e-9]], weight_decay=0.0), equations=("adamw-5",)),
    Case("mixed-scales", ("numerics", "wrong_order"),
         "each parameter by itself: gradients from 1e-6 to 1e6 make steps of one size",
         _inputs([1, 1, 1], [[1e6, 1e-6, -1], [-1e5, 5e-6, 1], [1e6, -1e-6, 0.5]], eps=1e-12, weight_decay=0.2)),
    Case("huge-gradients", ("numerics",), "gradients whose squares come near the end of the range",
         _inputs([1, -1], [[1e150, -1e150], [-1e149, 5e150], [2e150, 1e148]]), dtypes=("float64",)),
    Case("tiny-gradients", ("numerics",), "gradients far below eps hardly move anything but do not fail",
         _inputs([1, -1], [[1e-15, -1e-15], [-1e-16, 5e-15]], lr=1.0, weight_decay=0.1)),
    _long(5),
    large("many-coordinates", "strong-decay", "d"),
)  # fmt: skip


def _step_inputs(theta, m, v, grad, steps, **rates):
    inputs = _inputs(theta, grad, **rates)
    moments = {"m": np.array(m, dtype=float), "v": np.array(v, dtype=float)}
    return {"theta": inputs.pop("theta0"), **moments, "grad": inputs.pop("grads"), "steps": steps, **inputs}


STEP = (
    Case("first", ("basic", "missing_step", "wrong_order"),
         "from rest: the corrected moments are the gradient and its square",
         _step_inputs([1, -2, 3], [0, 0, 0], [0, 0, 0], [1, -0.5, 4], 0, beta2=0.875, weight_decay=0.5),
         equations=("adamw-3", "adamw-4")),
    Case("later", ("basic", "wrong_constant", "wrong_order"), "the tenth step: both corrections count",
         _step_inputs([1, -2, 3], [0.5, -0.25, 1], [1, 0.5, 2], [-1, 1, 0.5], 9, eps=0.125, weight_decay=0.5),
         equations=RULE),
    Case("very-late", ("boundary",), "after a thousand steps with beta2 = 0.95 both corrections are 1",
         _step_inputs([1, -2], [0.5, -0.25], [1, 0.5], [-1, 1], 1000, beta2=0.95, weight_decay=0.5)),
    Case("late-and-slow", ("boundary", "missing_step"),
         "after a thousand steps with beta2 = 0.999 the second correction is still 0.63, and cannot be dropped",
         _step_inputs([1, -2], [0.5, -0.25], [1, 0.5], [-1, 1], 1000, weight_decay=0.5), equations=("adamw-4",)),
    Case("zeros", ("edge_case", "numerics"), "no gradient, no moments, or neither",
         _step_inputs([1, 1, 1], [0.3, 0, 0], [0.2, 0, 0], [0, 2, 0], 3, weight_decay=0.1)),
    Case("one-coordinate", ("boundary",), "one coordinate",
         _step_inputs([-4], [-0.1], [0.3], [0.5], 1, lr=2.0, beta1=0.3, beta2=0.6, eps=0.01)),
    large("many-coordinates", "later", "d"),
)  # fmt: skip


def sample_step(rng):
    """One step of any number, from any moments."""
    inputs = sample(rng)
    grads = inputs.pop("grads")
    scale = np.abs(grads).max()
    return {
        "theta": inputs.pop("theta0"),
        "m": scale * rng.uniform(-1, 1, grads.shape[1]),
        "v": scale**2 * rng.uniform(0, 1, grads.shape[1]),
        "grad": grads[-1],
        "steps": int(rng.integers(0, 100)),
        **inputs,
    }


_OUTBURST = _inputs(
    [1, -1], [[0.1, -0.25], [-0.1, 0.1], [0.1, 0.1], [4, -8]], beta1=0.25, beta2=0.9375, eps=0.0625, weight_decay=0.1
)
_OUTBURST_WHY = (
    "a large gradient after small ones moves the parameters by more than lr: nothing is clipped; and beta1 = 1/4"
)

ADAM = (
    Case("penalty-alone", ("edge_case", "missing_step"),
         "without a gradient the penalty is divided by itself: the first step has the length lr, whatever the decay",
         _inputs([1, -2, 1e-3], np.zeros((3, 3)), weight_decay=0.01), equations=("adamw-6",)),
    Case("strong-penalty", ("basic", "wrong_order"), "the penalty is in both moments, with the weight weight_decay",
         _inputs([10, -10, 3], MIXED[:4], lr=0.2, weight_decay=1.5), equations=("adamw-6",)),
    Case("without-penalty", ("boundary", "missing_step"), "with a decay of 0 it is Adam itself",
         _inputs([1, -1, 2], MIXED, eps=0.125, weight_decay=0.0)),
    Case("outburst", ("basic", "wrong_constant"), _OUTBURST_WHY, _OUTBURST),
    Case("gaussian", ("basic",), "an ordinary run", _gaussian(3, 6, 3, lr=0.05, beta2=0.99, weight_decay=0.1)),
    Case("pause", ("edge_case", "missing_step"),
         "through gradients of 0 the averages fade and the parameters move on, where there is no penalty either",
         _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 2], [-2, 0]], **QUICK | {"weight_decay": 0.0}),
         equations=("adamw-1", "adamw-2")),
    _long(6),
    large("many-coordinates", "strong-penalty", "d"),
)  # fmt: skip

AMSGRAD = (
    Case("peak", ("basic", "missing_step", "wrong_order"),
         "after a large gradient the divisor stays, beside a second moment that falls",
         _inputs([1, -1], [[1, 0.5], [8, -4], [1, -1], [0.5, 1], [-1, 1]], beta2=0.5, weight_decay=0.2),
         equations=("adamw-7", "adamw-8")),
    Case("falling", ("edge_case", "variant"),
         "gradients that shrink from the first step on: the maximum is the first, corrected or not, as the case may be",
         _inputs([1, -1], [[4, -2], [1, 1], [0.25, 0.5], [0.125, -0.25]], beta2=0.75, eps=0.125, weight_decay=0.0),
         equations=("adamw-7",)),
    Case("growing", ("boundary",), "as long as the second moment grows, the rule is AdamW's",
         _inputs([1, -1], [[0.1, -0.2], [0.5, 0.5], [2, -1], [4, 8]], weight_decay=0.1), equations=("adamw-8",)),
    Case("outburst", ("basic", "wrong_constant", "variant"), _OUTBURST_WHY, _OUTBURST, equations=("adamw-8",)),
    Case("gaussian", ("basic",), "an ordinary run", _gaussian(4, 12, 3, lr=0.05, beta2=0.9, weight_decay=0.1)),
    Case("pause", ("edge_case", "missing_step"),
         "through gradients of 0 the averages fade, the maximum stays, and the parameters move on and decay",
         _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 2], [-2, 0]], **QUICK), equations=("adamw-1", "adamw-2", "adamw-5")),
    _long(7),
    large("many-coordinates", "peak", "d"),
)  # fmt: skip
