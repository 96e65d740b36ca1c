"""What the oracle knows of AdamW, and of Adam and AMSGrad beside it."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.optimizers import adamw
from refimpl.specs.base import Case, Drive, ErrorCase, Law, Operation, Paper, System, Variant, array, integer, number
from refimpl.specs.exact import reals, sqrt
from refimpl.specs.optimizers.adamw import mistakes as mutants
from refimpl.specs.optimizers.adamw.claims import CLAIMS

# Operations ---------------------------------------------------------------------------------------------------


def _run(init, update, theta0, grads, **rates):
    theta, state, thetas = theta0, init(theta0), []
    for t in range(grads.shape[0]):
        theta, state = update(theta, state, grads[t, :], **rates)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def trajectory(theta0, grads, **rates):
    """Positions after each step of AdamW, fed with given gradients."""
    return _run(adamw.init, adamw.update, theta0, grads, **rates)


def step(theta, m, v, grad, steps, **rates):
    """One step of AdamW from given moments."""
    theta, state = adamw.update(theta, adamw.AdamWState(m, v, steps), grad, **rates)
    return theta, state.m, state.v


def adam(theta0, grads, **rates):
    """Positions after each step of Adam with an L2 penalty, fed with given gradients of the loss."""
    return _run(adamw.init, adamw.adam, theta0, grads, **rates)


def amsgrad(theta0, grads, **rates):
    """Positions after each step of AMSGrad, fed with given gradients."""
    return _run(adamw.amsgrad_init, adamw.amsgrad, theta0, grads, **rates)


# Expected answers: each moment anew, as a weighted mean of all gradients, whose weights are divided by their sum.
# So there is no recursion and no 1 - beta^t to get wrong in the same way. The decay comes first, as in PyTorch.


def _mean(values, rate):
    """Mean of what there was so far, the newest with weight 1, older ones with `rate` to the power of their age."""
    weights = [rate**age for age in reversed(range(len(values)))]
    return sum(w * x for w, x in zip(weights, values, strict=True)) / sum(weights)


def exact_trajectory(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """AdamW in 50 digits."""
    theta, grads = reals(theta0), reals(grads)
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    thetas = []
    for t in range(1, len(grads) + 1):
        first, second = _mean(grads[:t], beta1), _mean(grads[:t] ** 2, beta2)
        theta = theta * (1 - lr * weight_decay) - lr * first / (sqrt(second) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def exact_step(theta, m, v, grad, steps, lr, beta1, beta2, eps, weight_decay):
    """One step in 50 digits: old moments and new gradient as means, weighted by the steps that they stand for."""
    theta, m, v, grad = map(reals, (theta, m, v, grad))
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    weight1, weight2 = (sum(b**age for age in range(steps + 1)) for b in (beta1, beta2))
    first = (m * beta1 / (1 - beta1) + grad) / weight1
    second = (v * beta2 / (1 - beta2) + grad**2) / weight2
    theta = theta * (1 - lr * weight_decay) - lr * first / (sqrt(second) + eps)
    return theta, m + (grad - m) * (1 - beta1), v + (grad**2 - v) * (1 - beta2)


def exact_adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Adam on the penalized loss in 50 digits."""
    theta, grads, seen, thetas = reals(theta0), reals(grads), [], []
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    for grad in grads:
        seen.append(grad + weight_decay * theta)
        theta = theta - lr * _mean(seen, beta1) / (sqrt(_mean([g**2 for g in seen], beta2)) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def exact_amsgrad(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """AMSGrad in 50 digits: the largest of all second moments so far, each computed anew."""
    theta, grads, thetas = reals(theta0), reals(grads), []
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    totals = [sum(beta2**age for age in range(t)) for t in range(1, len(grads) + 1)]
    seconds = [_mean(grads[:t] ** 2, beta2) * totals[t - 1] for t in range(1, len(grads) + 1)]
    for t in range(1, len(grads) + 1):
        largest = np.max(np.stack(seconds[:t]), axis=0) / totals[t - 1]
        theta = theta * (1 - lr * weight_decay) - lr * _mean(grads[:t], beta1) / (sqrt(largest) + eps)
        thetas.append(theta)
    return np.stack(thetas)


# Cases --------------------------------------------------------------------------------------------------------

RATES = ("lr", "beta1", "beta2", "eps", "weight_decay")


def _inputs(theta0, grads, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    arrays = {"theta0": np.array(theta0, dtype=float), "grads": np.array(grads, dtype=float)}
    return arrays | {"lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay}


def _random_inputs(rng):
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
MIXED = [[1, -2, 0.5], [-0.5, 1, 0.25], [2, 2, -1], [0.125, -1, 4], [-3, 0.5, 0.5]]

TRAJECTORY_CASES = (
    Case(
        "two-steps",
        ("basic", "missing_step", "wrong_constant", "known_bug"),
        "two steps with rates of 1/2: the corrected averages are 1 and 0 (of 1 and -1/2) in the second",
        _inputs([1, 1], [[1, 2], [-0.5, 2]], lr=0.5, beta1=0.5, beta2=0.5, eps=0.5, weight_decay=0.25),
        equations=("adamw-1", "adamw-2", "adamw-3", "adamw-4", "adamw-5"),
        answer={
            "thetas": np.array(
                [
                    [1 - 0.5 * (1 / 1.5 + 0.25), 1 - 0.5 * (2 / 2.5 + 0.25)],
                    [0.875 * (0.875 - 0.5 / 1.5), 0.875 * (0.875 - 0.5 * 2 / 2.5) - 0.5 * 2 / 2.5],
                ]
            )
        },
        source="worked by hand: the means of (1, -1/2) with weights 1/3 and 2/3 is 0, of (2, 2) it is 2",
    ),
    Case(
        "constant-gradient",
        ("basic", "missing_step", "wrong_order"),
        "under a constant gradient both averages are exact at once, and the parameters shrink geometrically towards "
        "-direction / weight_decay",
        _PULLED,
        equations=("adamw-3", "adamw-4", "adamw-5"),
        answer=_PULLED_ANSWER,
        source="closed form",
    ),
    Case(
        "strong-decay",
        ("wrong_order", "missing_step", "known_bug"),
        "the decay stays outside averages and division, is multiplied by lr alone, and sees the old parameters",
        _inputs([10, -10, 3], MIXED[:4], lr=0.2, weight_decay=1.5),
        equations=("adamw-5",),
    ),
    Case(
        "gaussian-long",
        ("basic",),
        "an ordinary run of 20 steps with the usual rates",
        _gaussian(1, 20, 4, lr=0.01, weight_decay=0.1),
        equations=("adamw-1", "adamw-2", "adamw-3", "adamw-4", "adamw-5"),
    ),
    Case(
        "language-model-rates",
        ("basic", "wrong_constant"),
        "the rates come from the arguments: here beta2 = 0.95 and a decay of 0.1, as for language models",
        _gaussian(2, 5, 3, lr=0.003, beta2=0.95, weight_decay=0.1),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary", "missing_step"),
        "the first step has the length lr: the bias corrections undo the start at zero",
        _inputs([2.0], [[-1e-3]], lr=0.5, weight_decay=0.0),
        equations=("adamw-3", "adamw-4"),
    ),
    Case(
        "without-decay",
        ("boundary",),
        "with a decay of 0 AdamW is Adam",
        _inputs([1, -1, 2], MIXED, weight_decay=0.0),
    ),
    Case(
        "beta1-zero",
        ("boundary", "wrong_constant"),
        "with beta1 = 0 the step follows the newest gradient alone",
        _inputs([1, 1, 1], MIXED[:4], beta1=0.0, beta2=0.9, weight_decay=0.3),
    ),
    Case(
        "beta2-zero",
        ("boundary", "wrong_constant"),
        "with beta2 = 0 the average is divided by the newest gradient's size",
        _inputs([1, 1, 1], MIXED[:4], beta1=0.5, beta2=0.0, weight_decay=0.3),
    ),
    Case(
        "zero-gradients",
        ("edge_case", "numerics"),
        "with gradients of 0 only the decay moves the parameters: 0 / (0 + eps) = 0, and no NaN",
        _inputs([1, -2], np.zeros((3, 2)), weight_decay=0.5),
        equations=("adamw-5",),
        answer={"thetas": np.array([[1, -2]]) * 0.95 ** np.arange(1, 4)[:, None]},
        source="closed form",
    ),
    Case(
        "gradient-stops",
        ("edge_case", "missing_step", "wrong_order"),
        "once the gradient is 0 the averages alone keep the parameters moving",
        _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 0], [0, 0]], beta2=0.9),
        equations=("adamw-1", "adamw-2"),
    ),
    Case(
        "late-spike",
        ("edge_case",),
        "the first gradient after five of 0 makes a step longer than lr",
        _inputs([0, 0], [[0, 1e-3]] * 5 + [[1, 1]], beta2=0.99),
    ),
    Case(
        "large-eps",
        ("variant", "wrong_order", "known_bug"),
        "eps stands outside the root and beside the corrected second moment: at 0.5 every other place shows",
        _inputs([1, -1, 2], MIXED[:4], eps=0.5, weight_decay=0.3),
        equations=("adamw-4", "adamw-5"),
    ),
    Case(
        "gradients-as-small-as-eps",
        ("variant", "numerics"),
        "gradients of the size of the usual eps, where its place changes the first steps by a factor of 16",
        _inputs([1, -1], [[1e-8, -3e-8], [2e-8, 1e-8], [-1e-8, 5e-9]], weight_decay=0.0),
        equations=("adamw-5",),
    ),
    Case(
        "mixed-scales",
        ("numerics", "wrong_order"),
        "each parameter by itself: gradients from 1e-6 to 1e6 make steps of one size",
        _inputs([1, 1, 1], [[1e6, 1e-6, -1], [-1e5, 5e-6, 1], [1e6, -1e-6, 0.5]], eps=1e-12, weight_decay=0.2),
    ),
    Case(
        "huge-gradients",
        ("numerics",),
        "gradients whose squares come near the end of the range",
        _inputs([1, -1], [[1e150, -1e150], [-1e149, 5e150], [2e150, 1e148]]),
        dtypes=("float64",),
    ),
    Case(
        "tiny-gradients",
        ("numerics",),
        "gradients far below eps hardly move anything but do not fail",
        _inputs([1, -1], [[1e-15, -1e-15], [-1e-16, 5e-15]], lr=1.0, weight_decay=0.1),
    ),
)


def _step_inputs(theta, m, v, grad, steps, **rates):
    inputs = _inputs(theta, grad, **rates)
    moments = {"m": np.array(m, dtype=float), "v": np.array(v, dtype=float)}
    return {"theta": inputs.pop("theta0"), **moments, "grad": inputs.pop("grads"), "steps": steps, **inputs}


STEP_CASES = (
    Case(
        "first",
        ("basic", "missing_step", "wrong_order"),
        "from rest: the corrected moments are the gradient and its square",
        _step_inputs([1, -2, 3], [0, 0, 0], [0, 0, 0], [1, -0.5, 4], 0, beta2=0.875, weight_decay=0.5),
        equations=("adamw-3", "adamw-4"),
    ),
    Case(
        "later",
        ("basic", "wrong_constant", "wrong_order"),
        "the tenth step: both corrections count",
        _step_inputs([1, -2, 3], [0.5, -0.25, 1], [1, 0.5, 2], [-1, 1, 0.5], 9, eps=0.125, weight_decay=0.5),
        equations=("adamw-1", "adamw-2", "adamw-3", "adamw-4", "adamw-5"),
    ),
    Case(
        "very-late",
        ("boundary",),
        "after a thousand steps with beta2 = 0.95 both corrections are 1",
        _step_inputs([1, -2], [0.5, -0.25], [1, 0.5], [-1, 1], 1000, beta2=0.95, weight_decay=0.5),
    ),
    Case(
        "late-and-slow",
        ("boundary", "missing_step"),
        "after a thousand steps with beta2 = 0.999 the second correction is still 0.63: it cannot be dropped after 100",
        _step_inputs([1, -2], [0.5, -0.25], [1, 0.5], [-1, 1], 1000, weight_decay=0.5),
        equations=("adamw-4",),
    ),
    Case(
        "zeros",
        ("edge_case", "numerics"),
        "no gradient, no moments, or neither",
        _step_inputs([1, 1, 1], [0.3, 0, 0], [0.2, 0, 0], [0, 2, 0], 3, weight_decay=0.1),
    ),
    Case(
        "one-coordinate",
        ("boundary",),
        "one coordinate",
        _step_inputs([-4], [-0.1], [0.3], [0.5], 1, lr=2.0, beta1=0.3, beta2=0.6, eps=0.01),
    ),
)


def _random_step(rng):
    inputs = _random_inputs(rng)
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
ADAM_CASES = (
    Case(
        "penalty-alone",
        ("edge_case", "missing_step"),
        "without a gradient the penalty is divided by itself: the first step has the length lr, whatever the decay",
        _inputs([1, -2, 1e-3], np.zeros((3, 3)), weight_decay=0.01),
        equations=("adamw-6",),
    ),
    Case(
        "strong-penalty",
        ("basic", "wrong_order"),
        "the penalty is in both moments, with the weight weight_decay",
        _inputs([10, -10, 3], MIXED[:4], lr=0.2, weight_decay=1.5),
        equations=("adamw-6",),
    ),
    Case(
        "without-penalty",
        ("boundary", "missing_step"),
        "with a decay of 0 it is Adam itself",
        _inputs([1, -1, 2], MIXED, eps=0.125, weight_decay=0.0),
    ),
    Case(
        "outburst",
        ("basic", "wrong_constant"),
        "a large gradient after small ones moves the parameters by more than lr: nothing is clipped; and beta1 = 1/4",
        _OUTBURST,
    ),
    Case("gaussian", ("basic",), "an ordinary run", _gaussian(3, 6, 3, lr=0.05, beta2=0.99, weight_decay=0.1)),
)

AMSGRAD_CASES = (
    Case(
        "peak",
        ("basic", "missing_step", "wrong_order"),
        "after a large gradient the divisor stays, beside a second moment that falls",
        _inputs([1, -1], [[1, 0.5], [8, -4], [1, -1], [0.5, 1], [-1, 1]], beta2=0.5, weight_decay=0.2),
        equations=("adamw-7", "adamw-8"),
    ),
    Case(
        "falling",
        ("edge_case", "variant"),
        "gradients that shrink from the first step on: the maximum is the first, corrected or not, as the case may be",
        _inputs([1, -1], [[4, -2], [1, 1], [0.25, 0.5], [0.125, -0.25]], beta2=0.75, eps=0.125, weight_decay=0.0),
        equations=("adamw-7",),
    ),
    Case(
        "growing",
        ("boundary",),
        "as long as the second moment grows, the rule is AdamW's",
        _inputs([1, -1], [[0.1, -0.2], [0.5, 0.5], [2, -1], [4, 8]], weight_decay=0.1),
        equations=("adamw-8",),
    ),
    Case(
        "outburst",
        ("basic", "wrong_constant", "variant"),
        "a large gradient after small ones moves the parameters by more than lr: nothing is clipped; and beta1 = 1/4",
        _OUTBURST,
        equations=("adamw-8",),
    ),
    Case("gaussian", ("basic",), "an ordinary run", _gaussian(4, 12, 3, lr=0.05, beta2=0.9, weight_decay=0.1)),
)

# Laws ---------------------------------------------------------------------------------------------------------


def _scale_free(run, inputs):
    yield run(**{**inputs, "grads": inputs["grads"] * 4.0, "eps": inputs["eps"] * 4})["thetas"], run(**inputs)["thetas"]


def _odd(run, inputs):
    flipped = {**inputs, "grads": -inputs["grads"], "theta0": -inputs["theta0"]}
    yield run(**flipped)["thetas"], -run(**inputs)["thetas"]


def _coordinates_apart(run, inputs):
    whole = run(**inputs)["thetas"]
    for i in range(whole.shape[1]):
        alone = {**inputs, "theta0": inputs["theta0"][i : i + 1], "grads": inputs["grads"][:, i : i + 1]}
        yield run(**alone)["thetas"][:, 0], whole[:, i]


def _shift_decays(run, inputs):
    """Where the gradients are given, a shifted start moves all that follows by a shift that shrinks."""
    xp = array_namespace(inputs["theta0"])
    there, here = run(**{**inputs, "theta0": inputs["theta0"] + 8.0})["thetas"], run(**inputs)["thetas"]
    shrink = 1 - inputs["lr"] * inputs["weight_decay"]
    one = inputs["theta0"] * 0.0 + 1.0
    yield there - here, xp.stack([8.0 * shrink**t * one for t in range(1, inputs["grads"].shape[0] + 1)])


def _constant_gradient(run, inputs):
    """theta_t = end + (theta_0 - end) (1 - lr wd)^t with end = -g / (|g| + eps) / wd."""
    xp = array_namespace(inputs["theta0"])
    steps, wd, lr = inputs["grads"].shape[0], 0.5, inputs["lr"]
    grad = inputs["theta0"] * 0.0 + 2.5
    got = run(**{**inputs, "grads": xp.stack([grad] * steps), "weight_decay": wd})["thetas"]
    end = -grad / (grad + inputs["eps"]) / wd
    yield got, xp.stack([end + (inputs["theta0"] - end) * (1 - lr * wd) ** t for t in range(1, steps + 1)])


def _first_step(run, inputs):
    """Each parameter's first step has the length lr (1 - eps / (|g'| + eps)), g' the penalized gradient."""
    first = run(**{**inputs, "grads": inputs["grads"][:1, :]})["thetas"]
    grad = inputs["grads"][0, :] + inputs["weight_decay"] * inputs["theta0"]
    step = grad / (array_namespace(grad).abs(grad) + inputs["eps"])
    yield first[0, :], inputs["theta0"] - inputs["lr"] * step


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


def _moments_at_rest(run, inputs):
    there = run(**{**inputs, "m": inputs["grad"], "v": inputs["grad"] * inputs["grad"]})
    yield there["new_m"], inputs["grad"]
    yield there["new_v"], inputs["grad"] * inputs["grad"]


def _step_is_odd(run, inputs):
    there = run(**inputs)
    back = run(**{**inputs, **{name: -inputs[name] for name in ("theta", "m", "grad")}})
    yield back["new_theta"], -there["new_theta"]
    yield back["new_m"], -there["new_m"]
    yield back["new_v"], there["new_v"]


# The system ---------------------------------------------------------------------------------------------------

_RATES = (
    number("lr", "step size > 0"),
    number("beta1", "rate of the first moment, in [0, 1)"),
    number("beta2", "rate of the second moment, in [0, 1)"),
    number("eps", "number > 0 beside the root of the corrected second moment"),
)
_DECAY = number("weight_decay", "decoupled decay >= 0, multiplied by lr")
_RATE_ERRORS = (
    ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
    ErrorCase("beta1-one", "beta1 = 1 never sees the gradient", {"beta1": 1.0}, ValueError, "beta1"),
    ErrorCase("nan-beta2", "NaN is no rate", {"beta2": float("nan")}, ValueError, "beta2"),
    ErrorCase("eps-zero", "eps = 0 divides 0 by 0", {"eps": 0.0}, ValueError, "eps"),
    ErrorCase("negative-decay", "a negative decay grows", {"weight_decay": -0.1}, ValueError, "weight_decay"),
)
_TRAJECTORY_ERRORS = (
    *_RATE_ERRORS,
    ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((2, 2), np.nan)}, ValueError, "grad"),
    ErrorCase("wrong-shape", "gradients of another size", {"grads": np.ones((2, 5))}, ValueError, "grad"),
)
_VARIANTS = (
    (
        "eps_before_correction",
        "eps stands beside the root of the uncorrected second moment, and so shrinks the first steps more",
        "https://github.com/tensorflow/tensorflow/issues/9047 (Kingma and Ba's remark before Section 2.1, whose "
        "epsilon is another number; PyTorch before 1.3)",
        mutants.eps_before_correction,
    ),
    (
        "eps_inside_root",
        "eps is added under the root, to the corrected second moment",
        "https://optax.readthedocs.io/en/latest/api/optimizers.html#optax.adamw (eps_root, with eps = 0)",
        mutants.eps_inside_root,
    ),
    (
        "decay_without_lr",
        "the decay is not multiplied by lr, only by the multiplier of the schedule, here 1",
        "https://arxiv.org/abs/1711.05101 Algorithm 2, line 12",
        mutants.decay_without_lr,
    ),
)


def _variants(form, names):
    return tuple(Variant(slug, doc, source, form(rule)) for slug, doc, source, rule in _VARIANTS if slug in names)


def _trajectory_like(name, *, decay=_DECAY, **more):
    return Operation(
        name=name,
        inputs=(array("theta0", "d", "start"), array("grads", "T d", "gradient of each step"), *_RATES, decay),
        outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
        sample=_random_inputs,
        errors=_TRAJECTORY_ERRORS,
        **more,
    )


TRAJECTORY = _trajectory_like(
    "adamw.trajectory",
    summary="the parameters after each of T steps, fed with given gradients",
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="50 digits; each corrected moment as a weighted mean of all gradients, without recursion; decay first",
    cases=TRAJECTORY_CASES,
    laws=(
        Law(
            "scale-free",
            "gradients and eps times 4 give the same trajectory",
            _scale_free,
            ("two-steps", "gaussian-long"),
        ),
        Law("odd", "start and gradients negated give the negated trajectory", _odd, ("two-steps",)),
        Law("coordinates-apart", "each coordinate moves by itself", _coordinates_apart, ("strong-decay",)),
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
    ),
    mutants=mutants.decay_mistake.mutants(mutants.as_trajectory) + mutants.mistake.mutants(mutants.as_trajectory),
    variants=(
        *_variants(mutants.as_trajectory, ("eps_before_correction", "eps_inside_root", "decay_without_lr")),
        Variant(
            "amsgrad",
            "AMSGrad: divide by the largest second moment so far (see adamw.amsgrad)",
            "https://openreview.net/forum?id=ryQu7f-RZ Algorithm 2; torch.optim.AdamW(amsgrad=True)",
            amsgrad,
        ),
    ),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "weight_decay": "weight_decay"},
        optax={"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps", "weight_decay": "weight_decay"},
    ),
)

STEP = Operation(
    name="adamw.step",
    summary="one step from given moments",
    inputs=(
        array("theta", "d", "parameters"),
        array("m", "d", "first moment before the step"),
        array("v", "d", "second moment before the step, >= 0"),
        array("grad", "d", "gradient at theta"),
        integer("steps", "steps taken before this one: t - 1"),
        *_RATES,
        _DECAY,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_m", "d", "first moment after the step, without bias correction"),
        array("new_v", "d", "second moment after the step, without bias correction"),
    ),
    reference=step,
    exact=exact_step,
    exact_source="50 digits; old moments and new gradient weighted by the sums of 1, beta, beta^2, ...; decay first",
    cases=STEP_CASES,
    sample=_random_step,
    laws=(
        Law("moments-at-rest", "moments equal to the gradient and its square stay", _moments_at_rest, ("later",)),
        Law("odd", "all but v negated gives the negated step", _step_is_odd, ("first", "later", "zeros")),
    ),
    mutants=mutants.decay_mistake.mutants(mutants.as_step) + mutants.mistake.mutants(mutants.as_step),
    variants=_variants(mutants.as_step, ("eps_before_correction", "eps_inside_root", "decay_without_lr")),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("negative-steps", "steps are counted from 0", {"steps": -1}, ValueError, "steps"),
    ),
)

ADAM = _trajectory_like(
    "adamw.adam",
    decay=number("weight_decay", "weight >= 0 of the L2 penalty weight_decay |theta|^2 / 2"),
    summary="the parameters after each of T steps of Adam, with the decay coupled: added to the gradient",
    reference=adam,
    exact=exact_adam,
    exact_source="50 digits; each corrected moment as a weighted mean of all penalized gradients, without recursion",
    cases=ADAM_CASES,
    laws=(
        Law("odd", "start and gradients negated give the negated trajectory", _odd, ("strong-penalty", "gaussian")),
        Law(
            "first-step",
            "the first step is lr g' / (|g'| + eps) with g' = g + weight_decay theta_0",
            _first_step,
            ("penalty-alone", "strong-penalty"),
        ),
    ),
    mutants=mutants.penalty_mistake.mutants(mutants.as_trajectory) + mutants.mistake.mutants(mutants.as_penalized),
    variants=_variants(mutants.as_penalized, ("eps_before_correction", "eps_inside_root")),
)

AMSGRAD = _trajectory_like(
    "adamw.amsgrad",
    summary="the parameters after each of T steps of AMSGrad with bias correction and decoupled decay",
    reference=amsgrad,
    exact=exact_amsgrad,
    exact_source="50 digits; moments as weighted sums of all gradients, the largest of them anew at each step",
    cases=AMSGRAD_CASES,
    laws=(
        Law("scale-free", "gradients and eps times 4 give the same trajectory", _scale_free, ("peak", "gaussian")),
        Law(
            "one-large-gradient",
            "after one gradient of 100, gradients of 1 are divided by 100 sqrt((1 - beta2) / (1 - beta2^t))",
            _one_large_gradient,
            ("gaussian", "falling"),
        ),
    ),
    mutants=mutants.maximum_mistake.mutants(mutants.as_amsgrad),
    variants=(
        Variant(
            "maximum_of_corrected",
            "the maximum is taken over the corrected second moments",
            "https://github.com/google-deepmind/optax/issues/1389 (optax.amsgrad)",
            mutants.as_amsgrad(mutants.maximum_of_corrected),
        ),
        Variant(
            "uncorrected_maximum",
            "no bias correction at all",
            "https://openreview.net/forum?id=ryQu7f-RZ Algorithm 2 as printed",
            mutants.as_amsgrad(mutants.uncorrected_maximum),
        ),
        Variant(
            "eps_before_correction",
            "eps stands beside the root of the largest uncorrected second moment, and so shrinks the first steps more",
            "https://github.com/keras-team/keras/blob/master/keras/src/optimizers/adam.py (amsgrad=True; PyTorch "
            "before 1.3 too)",
            mutants.as_amsgrad(mutants.largest_eps_before_correction),
        ),
        Variant(
            "eps_inside_root",
            "eps is added under the root, to the largest second moment as it is corrected",
            "https://optax.readthedocs.io/en/latest/api/optimizers.html#optax.amsgrad (eps_root, with eps = 0; its "
            "maximum is that of maximum_of_corrected)",
            mutants.as_amsgrad(mutants.largest_eps_inside_root),
        ),
    ),
)

SYSTEM = System(
    name="adamw",
    chapter="optimizers",
    summary="Adam, with the decay of the parameters beside its step instead of inside it",
    paper=Paper(
        title="Decoupled Weight Decay Regularization",
        authors="Loshchilov, Hutter",
        arxiv="1711.05101",
        year=2019,
        key="loshchilov2019decoupled",
    ),
    operations=(TRAJECTORY, STEP, ADAM, AMSGRAD),
    claims=CLAIMS,
    to_come="warm restarts",
)
