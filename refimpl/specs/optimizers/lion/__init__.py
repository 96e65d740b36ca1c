"""What the oracle knows of Lion."""

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.optimizers import lion
from refimpl.specs.base import Case, Drive, ErrorCase, Law, Mistakes, Operation, Paper, System, array, number
from refimpl.specs.exact import fractions, sign
from refimpl.specs.optimizers.lion.claims import CLAIMS
from refimpl.specs.optimizers.lion.search import AGEING, FOUND_OPERATION

# Operations ---------------------------------------------------------------------------------------------------


def trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
    """Positions after each step of Lion, fed with given gradients."""
    theta, state, thetas = theta0, lion.init(theta0), []
    for t in range(grads.shape[0]):
        theta, state = lion.update(
            theta, state, grads[t, :], lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay
        )
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)


def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
    """One step of Lion from a given momentum."""
    theta, state = lion.update(
        theta, lion.LionState(momentum), grad, lr=lr, beta1=beta1, beta2=beta2, weight_decay=weight_decay
    )
    return theta, state.momentum


def exact_step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
    """The authors' order, decay first, in rational arithmetic."""
    theta, momentum, grad = fractions(theta), fractions(momentum), fractions(grad)
    lr, beta1, beta2, weight_decay = map(fractions, (lr, beta1, beta2, weight_decay))
    theta = theta * (1 - lr * weight_decay) - lr * sign(momentum * beta1 + grad * (1 - beta1))
    return theta, momentum + (grad - momentum) * (1 - beta2)


def exact_trajectory(theta0, grads, lr, beta1, beta2, weight_decay):
    """The same, step by step."""
    theta, momentum, thetas = theta0, np.zeros(theta0.shape), []
    for grad in grads:
        theta, momentum = exact_step(theta, momentum, grad, lr, beta1, beta2, weight_decay)
        thetas.append(theta)
    return np.stack(thetas)


# Mutants ------------------------------------------------------------------------------------------------------
# Each is a whole rule (theta, m, g, lr, beta1, beta2, weight decay, t) -> (theta, m) and serves both operations.

mistake = Mistakes()
BITSANDBYTES = "https://github.com/bitsandbytes-foundation/bitsandbytes"


def _mix(a, rate, b):
    return rate * a + (1 - rate) * b


def _sign(x):
    return array_namespace(x).sign(x)


def _move(c, theta, lr, wd):
    return theta - lr * (_sign(c) + wd * theta)


@mistake(
    "wrong_order",
    "keep c in an array of its own; here c and the momentum share one, which is mixed twice before its sign is taken",
    "https://github.com/kozistr/pytorch_optimizer/pull/135",
)
def aliased_momentum(theta, m, g, lr, b1, b2, wd, t):
    m = _mix(_mix(m, b1, g), b2, g)
    return _move(m, theta, lr, wd), m


@mistake("wrong_order", "compute c from the old momentum; here the momentum is updated before the step uses it")
def fresh_momentum(theta, m, g, lr, b1, b2, wd, t):
    m = _mix(m, b2, g)
    return _move(_mix(m, b1, g), theta, lr, wd), m


@mistake("wrong_constant", "exchange beta1 and beta2: beta1 mixes the direction, beta2 updates the momentum")
def swapped_betas(theta, m, g, lr, b1, b2, wd, t):
    return _move(_mix(m, b2, g), theta, lr, wd), _mix(m, b1, g)


@mistake("wrong_constant", "mix the direction with beta1; here beta2 serves both mixes (signum at rate beta2)")
def one_rate_beta2(theta, m, g, lr, b1, b2, wd, t):
    return _move(_mix(m, b2, g), theta, lr, wd), _mix(m, b2, g)


@mistake(
    "wrong_constant",
    "update the momentum with beta2; here beta1 serves both mixes (signum at rate beta1), or c is stored as momentum",
)
def one_rate_beta1(theta, m, g, lr, b1, b2, wd, t):
    return _move(_mix(m, b1, g), theta, lr, wd), _mix(m, b1, g)


@mistake(
    "wrong_order",
    "subtract lr * weight_decay * theta outside the sign; here it is added to the gradient and vanishes in the sign",
    f"{BITSANDBYTES}/issues/1992",
)
def coupled_decay(theta, m, g, lr, b1, b2, wd, t):
    g = g + wd * theta
    return _move(_mix(m, b1, g), theta, lr, 0.0), _mix(m, b2, g)


@mistake("wrong_scale", "multiply the decay by the step size: subtract lr * weight_decay * theta")
def decay_without_lr(theta, m, g, lr, b1, b2, wd, t):
    return theta - lr * _sign(_mix(m, b1, g)) - wd * theta, _mix(m, b2, g)


@mistake("missing_step", "subtract lr * weight_decay * theta; here weight_decay is ignored")
def no_decay(theta, m, g, lr, b1, b2, wd, t):
    return _move(_mix(m, b1, g), theta, lr, 0.0), _mix(m, b2, g)


@mistake(
    "wrong_order",
    "decay the old parameters; here the decay sees the parameters that the sign step has already moved (as in some "
    "AdamW kernels)",
    f"{BITSANDBYTES}/pull/2040",
)
def decay_after_step(theta, m, g, lr, b1, b2, wd, t):
    theta = theta - lr * _sign(_mix(m, b1, g))
    return theta - lr * wd * theta, _mix(m, b2, g)


@mistake("numerics", "sign(0) is 0; here the sign is computed as c / |c|, which is NaN at zero")
def sign_by_division(theta, m, g, lr, b1, b2, wd, t):
    c = _mix(m, b1, g)
    return theta - lr * (c / abs(c) + wd * theta), _mix(m, b2, g)


@mistake("wrong_constant", "sign(0) is 0; here it is taken as +1")
def sign_of_zero_is_one(theta, m, g, lr, b1, b2, wd, t):
    xp, c = array_namespace(g), _mix(m, b1, g)
    ones = xp.ones_like(c)
    return theta - lr * (xp.where(c >= 0, ones, -ones) + wd * theta), _mix(m, b2, g)


@mistake("wrong_constant", "the momentum is beta2 * m + (1 - beta2) * g; here its weights are exchanged")
def exchanged_weights(theta, m, g, lr, b1, b2, wd, t):
    return _move(_mix(m, b1, g), theta, lr, wd), _mix(g, b2, m)


@mistake(
    "wrong_constant",
    "the momentum is beta2 * m + (1 - beta2) * g; here its weights are exchanged, and the sign is taken of "
    "beta1 * m + (beta2 - beta1) * g with the new momentum, which equals beta2 * c only for the right weights",
    "https://github.com/FluxML/Optimisers.jl/pull/129",
)
def exchanged_and_fresh(theta, m, g, lr, b1, b2, wd, t):
    m = _mix(g, b2, m)
    return _move(b1 * m + (b2 - b1) * g, theta, lr, wd), m


@mistake(
    "missing_step",
    "take the sign of beta1 * m + (1 - beta1) * g; here the step follows the sign of the gradient alone",
)
def sign_of_gradient(theta, m, g, lr, b1, b2, wd, t):
    return _move(g, theta, lr, wd), _mix(m, b2, g)


@mistake("missing_step", "mix (1 - beta1) of the newest gradient into c; here the step follows the old momentum alone")
def sign_of_momentum(theta, m, g, lr, b1, b2, wd, t):
    return _move(m, theta, lr, wd), _mix(m, b2, g)


@mistake("missing_step", "take the sign of c; here the step is c itself")
def no_sign(theta, m, g, lr, b1, b2, wd, t):
    return theta - lr * (_mix(m, b1, g) + wd * theta), _mix(m, b2, g)


@mistake("wrong_sign", "subtract lr * sign(c); here the step climbs")
def ascent(theta, m, g, lr, b1, b2, wd, t):
    return theta + lr * (_sign(_mix(m, b1, g)) - wd * theta), _mix(m, b2, g)


first_step_mistake = Mistakes()


@first_step_mistake("wrong_constant", "start the momentum at zero; here it starts at the first gradient")
def momentum_starts_at_gradient(theta, m, g, lr, b1, b2, wd, t):
    m = g if t == 1 else m
    return _move(_mix(m, b1, g), theta, lr, wd), _mix(m, b2, g)


@first_step_mistake(
    "extra_step",
    "leave out the division of c by 1 - beta1^t: Lion has no bias correction",
    equivalent="the sign does not see a positive factor",
)
def bias_correction(theta, m, g, lr, b1, b2, wd, t):
    return _move(_mix(m, b1, g) / (1 - b1**t), theta, lr, wd), _mix(m, b2, g)


def _as_step(rule):
    return lambda theta, momentum, grad, lr, beta1, beta2, weight_decay: rule(
        theta, momentum, grad, lr, beta1, beta2, weight_decay, 2
    )


def _as_trajectory(rule):
    def run(theta0, grads, lr, beta1, beta2, weight_decay):
        xp = array_namespace(theta0)
        theta, momentum, thetas = theta0, xp.zeros_like(theta0), []
        for t in range(grads.shape[0]):
            theta, momentum = rule(theta, momentum, grads[t, :], lr, beta1, beta2, weight_decay, t + 1)
            thetas.append(theta)
        return xp.stack(thetas)

    return run


# Cases --------------------------------------------------------------------------------------------------------


def _inputs(theta0, grads, lr=0.1, beta1=0.9, beta2=0.99, weight_decay=0.0):
    return {
        "theta0": np.array(theta0, dtype=float),
        "grads": np.array(grads, dtype=float),
        "lr": lr,
        "beta1": beta1,
        "beta2": beta2,
        "weight_decay": weight_decay,
    }


def _random_inputs(rng, **settings):
    """A Gaussian trajectory on which no direction is within 1e-3 (relative) of a tie."""
    while True:
        steps, d = int(rng.integers(1, 9)), int(rng.integers(1, 7))
        scale = 10.0 ** rng.uniform(-6, 6)
        rates = {
            "lr": 10.0 ** rng.uniform(-4, 0),
            "beta1": rng.uniform(0.5, 0.98),
            "beta2": rng.uniform(0.5, 0.999),
            "weight_decay": rng.choice([0.0, 0.01, 0.5]),
        } | settings
        inputs = _inputs(rng.standard_normal(d), scale * rng.standard_normal((steps, d)), **rates)
        inputs |= {name: float(inputs[name]) for name in ("lr", "beta1", "beta2", "weight_decay")}
        if _margin(inputs) > 1e-3:
            return inputs


def _margin(inputs):
    """How far, relative to its two terms, the direction stays from a tie."""
    momentum, margin = np.zeros_like(inputs["theta0"]), np.inf
    beta1, beta2 = inputs["beta1"], inputs["beta2"]
    for grad in inputs["grads"]:
        c, size = _mix(momentum, beta1, grad), _mix(abs(momentum), beta1, abs(grad))
        margin = min(margin, np.min(abs(c)[size > 0] / size[size > 0], initial=np.inf))
        momentum = _mix(momentum, beta2, grad)
    return margin


TWO_RATES = [[1, 1], [-0.085, -0.085], [-0.81, 0.25], [0, 0.07]]
DECAY = [[1, -1, 0, 2], [-20, 1, 1, -2], [-20, 1, -0.5, -30]]


def _long(seed, **settings):
    """A long Gaussian trajectory, from the first seed that keeps clear of ties."""
    for attempt in range(1000):
        rng = stream(seed, "lion-case", attempt)
        inputs = _inputs(rng.standard_normal(4), rng.standard_normal((40, 4)), **settings)
        if _margin(inputs) > 1e-3:
            return inputs
    raise AssertionError("no seed keeps clear of ties")


TRAJECTORY_CASES = (
    Case(
        "two-rates",
        ("basic", "wrong_order", "wrong_constant", "known_bug"),
        "the two rates do different things: beta1 mixes the step, beta2 the momentum, and the step comes first",
        _inputs([0, 0], TWO_RATES, lr=1.0),
        equations=("lion-1", "lion-3"),
        answer={"thetas": np.array([[-1.0, -1], [-2, -2], [-1, -3], [-2, -4]])},
        source="worked by hand",
    ),
    Case(
        "decay-and-zero",
        ("basic", "edge_case", "missing_step"),
        "decoupled decay acts on every coordinate; where gradient and momentum are 0 only the decay moves it",
        _inputs([1, -2, 0.5, 3], DECAY, weight_decay=0.01),
        equations=("lion-2",),
    ),
    Case(
        "strong-decay",
        ("wrong_order", "wrong_constant", "known_bug"),
        "decay stays outside the sign, is multiplied by lr, and sees the old parameters",
        _inputs([10, -10, 3], [[1, 1, -1], [0.5, -2, -1], [1, -1, 2], [-3, 1, 1]], lr=0.2, weight_decay=1.5),
        equations=("lion-2",),
    ),
    Case(
        "gaussian-long",
        ("basic",),
        "an ordinary run of 40 steps with the paper's rates",
        _long(1, lr=0.01, weight_decay=0.1),
        equations=("lion-1", "lion-2", "lion-3"),
    ),
    Case(
        "language-model-rates",
        ("basic", "wrong_constant"),
        "the rates come from the arguments: here those that the paper gives for language models",
        _long(2, lr=0.003, beta1=0.95, beta2=0.98, weight_decay=1.0),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary",),
        "the first step is a full one: no bias correction, no warm-up",
        _inputs([2.0], [[-1e-3]], lr=0.5),
    ),
    Case(
        "beta1-zero",
        ("boundary", "wrong_constant"),
        "with beta1 = 0 the step follows the newest gradient alone",
        _inputs([1, 1], [[5, -5], [-0.1, 0.1], [0.2, -0.2], [0, 3]], beta1=0.0, weight_decay=0.05),
    ),
    Case(
        "beta2-zero",
        ("boundary", "wrong_constant"),
        "with beta2 = 0 the momentum is the last gradient",
        _inputs([1, 1], [[5, -5], [-0.1, 0.1], [0.2, -0.2], [-3, 3]], beta2=0.0),
    ),
    Case(
        "zero-gradients",
        ("edge_case", "numerics"),
        "with gradients of 0 nothing moves but the decay: sign(0) = 0, and no NaN",
        _inputs([1, -2], np.zeros((3, 2)), weight_decay=0.1),
        equations=("lion-2",),
    ),
    Case(
        "gradient-stops",
        ("edge_case", "missing_step"),
        "once the gradient is 0 the momentum alone keeps every coordinate moving",
        _inputs([0.5, 0.5], [[1, -1], [0, 0], [0, 0], [0, 0], [0, 0]]),
        equations=("lion-1",),
    ),
    Case(
        "alternating",
        ("edge_case", "wrong_order"),
        "gradients that flip their sign each step: the newest one wins against a small momentum",
        _inputs([0.0, 1.0], [[1, 3], [-1, -3], [1, 3], [-1, -3], [1, 3], [-1, -3]], beta1=0.6, beta2=0.9),
    ),
    Case(
        "huge-gradients",
        ("numerics",),
        "only the sign counts, whatever the scale: no square, no norm overflows",
        _inputs([1, -1], [[1e300, -1e300], [-1e299, 5e300], [2e300, 1e298]]),
        dtypes=("float64",),
    ),
    Case(
        "tiny-gradients",
        ("numerics",),
        "only the sign counts: an epsilon would show here",
        _inputs([1, -1], [[1e-30, -1e-30], [-1e-31, 5e-30], [2e-30, 1e-31]]),
    ),
    Case(
        "mixed-scales",
        ("numerics",),
        "each coordinate by itself: a norm over all of them would show here",
        _inputs([1, 1, 1], [[1e15, 1e-15, -1], [-1e14, 5e-15, 1], [1e15, -1e-15, 0.5]], weight_decay=0.01),
    ),
    Case(
        "overshooting-decay",
        ("boundary", "missing_step"),
        "lr weight_decay = 1.5: the decay changes the sign of the parameters; 1 - lr weight_decay is not kept above 0",
        _inputs([30, -20], [[1, 1], [-1, 2], [0.5, -3]], lr=0.5, weight_decay=3.0),
        equations=("lion-2",),
    ),
)


def _step_case(slug, flags, why, inputs, momentum, **more):
    inputs = dict(inputs)
    inputs = {
        "theta": inputs.pop("theta0"),
        "momentum": np.array(momentum, float),
        "grad": inputs.pop("grads"),
        **inputs,
    }
    return Case(slug, flags, why, inputs, **more)


STEP_CASES = (
    _step_case(
        "both-agree",
        ("basic",),
        "gradient and momentum point the same way",
        _inputs([1, -2, 3], [1, -1, 2], weight_decay=0.3),
        [0.5, -0.25, 1],
    ),
    _step_case(
        "momentum-wins",
        ("basic", "missing_step", "wrong_order"),
        "the momentum outweighs an opposed gradient that is less than beta1 / (1 - beta1) times as large",
        _inputs([1, -2, 3], [-1, 1, -2], weight_decay=0.3),
        [0.5, -0.25, 1],
        equations=("lion-1",),
    ),
    _step_case(
        "between-the-forms",
        ("wrong_order",),
        "|g / m| between 8.17 and 9, where the fresh momentum turns the sign and the old one does not",
        _inputs([1, -2], [-8.5, 8.5], weight_decay=0.3),
        [1, -1],
        equations=("lion-1", "lion-3"),
    ),
    _step_case(
        "between-the-rates",
        ("wrong_constant",),
        "|g / m| between 9 and 99, where the newest gradient wins in a mix at beta1 and loses in one at beta2",
        _inputs([1, -2], [-30, 30], weight_decay=0.3),
        [1, -1],
        equations=("lion-1",),
    ),
    _step_case(
        "zeros",
        ("edge_case", "numerics"),
        "no gradient, no momentum, or neither",
        _inputs([1, 1, 1], [0, 2, 0], weight_decay=0.1),
        [3, 0, 0],
        equations=("lion-2",),
    ),
    _step_case(
        "scalar-parameters",
        ("boundary",),
        "one coordinate",
        _inputs([-4], [0.5], lr=2.0, beta1=0.3, beta2=0.6),
        [-0.1],
    ),
    _step_case(
        "beside-the-ratios",
        ("wrong_order", "wrong_constant"),
        "|g / m| on both sides of 9, where c turns, and of 8.17 and 99, where it does not: other rates turn elsewhere",
        _inputs([1, -1, 1, -1, 1, -1, 1], [-8, 8.1, -8.3, -8.95, 9.05, 95, -105], weight_decay=0.3),
        [1, -1, 1, 1, -1, -1, 1],
        equations=("lion-1",),
    ),
    _step_case(
        "rates-of-language-models",
        ("wrong_order", "wrong_constant"),
        "beta1 = 0.95 turns c at |g / m| = 19, the fresh momentum at 13.5, beta2 = 0.98 at 49",
        _inputs([1, -1, 1, -1, 1], [-13, 14, -18.5, 19.5, -52], beta1=0.95, beta2=0.98, weight_decay=0.3),
        [1, -1, 1, -1, 1],
        equations=("lion-1", "lion-3"),
    ),
    _step_case(
        "low-rates",
        ("wrong_order", "wrong_constant"),
        "beta1 = 0.6 turns c at |g / m| = 1.5, the fresh momentum at 0.92, beta2 = 0.8 at 4",
        _inputs([1, -1, 1, -1, 1], [-0.9, 1, -1.4, 1.6, -4.5], beta1=0.6, beta2=0.8, weight_decay=0.3),
        [1, -1, 1, -1, 1],
        equations=("lion-1", "lion-3"),
    ),
    _step_case(
        "tiny",
        ("numerics",),
        "gradient and momentum of 1e-30: an epsilon, a threshold or a smooth sign would show here",
        _inputs([1, -1, 2], [1e-30, -2e-30, -3e-30], weight_decay=0.3),
        [2e-30, 1e-30, 4e-30],
        equations=("lion-1",),
    ),
    _step_case(
        "gradient-zero",
        ("edge_case", "missing_step"),
        "a gradient of 0 throughout is a gradient: the momentum moves the parameters and fades, and the decay acts",
        _inputs([1, -2], [0, 0], weight_decay=0.3),
        [0.5, -0.25],
        equations=("lion-1", "lion-2", "lion-3"),
    ),
    _step_case(
        "all-zero",
        ("edge_case", "numerics"),
        "where gradient and momentum are 0 the decay alone moves parameters of either sign",
        _inputs([3, -2], [0, 0], weight_decay=0.3),
        [0, 0],
        equations=("lion-2",),
    ),
    _step_case(
        "large-parameters",
        ("wrong_order", "known_bug"),
        "the decay of large parameters does not get into c besides; at lr weight_decay = 1.5 it changes their sign",
        _inputs([100, -100], [-1, 1], lr=0.5, weight_decay=3.0),
        [-1, 1],
        equations=("lion-2",),
    ),
)


def _random_step(rng):
    inputs = _random_inputs(rng)
    while inputs["grads"].shape[0] < 2:
        inputs = _random_inputs(rng)
    return {
        "theta": inputs["theta0"],
        "momentum": (1 - inputs["beta2"]) * inputs["grads"][0],
        "grad": inputs["grads"][1],
        **{name: inputs[name] for name in ("lr", "beta1", "beta2", "weight_decay")},
    }


# Laws ---------------------------------------------------------------------------------------------------------


def _scale_free(run, inputs):
    yield run(**{**inputs, "grads": inputs["grads"] * 4.0})["thetas"], run(**inputs)["thetas"]


def _odd(run, inputs):
    yield (
        run(**{**inputs, "grads": -inputs["grads"], "theta0": -inputs["theta0"]})["thetas"],
        -run(**inputs)["thetas"],
    )


def _coordinates_apart(run, inputs):
    whole = run(**inputs)["thetas"]
    for i in range(whole.shape[1]):
        alone = {**inputs, "theta0": inputs["theta0"][i : i + 1], "grads": inputs["grads"][:, i : i + 1]}
        yield run(**alone)["thetas"][:, 0], whole[:, i]


def _constant_gradient(run, inputs):
    """theta_t = -s/wd + (theta_0 + s/wd) (1 - lr wd)^t for a constant gradient of sign s."""
    xp = array_namespace(inputs["theta0"])
    steps, wd, lr = inputs["grads"].shape[0], 0.5, inputs["lr"]
    grad = inputs["theta0"] * 0.0 + 2.5
    got = run(**{**inputs, "grads": xp.stack([grad] * steps), "weight_decay": wd})["thetas"]
    yield got, xp.stack([(inputs["theta0"] + 1 / wd) * (1 - lr * wd) ** t - 1 / wd for t in range(1, steps + 1)])


def _momentum_is_mean(run, inputs):
    rest = {**inputs, "momentum": inputs["grad"]}
    yield run(**rest)["new_momentum"], inputs["grad"]


def _step_is_odd(run, inputs):
    flipped = {**inputs, **{name: -inputs[name] for name in ("theta", "momentum", "grad")}}
    there, back = run(**inputs), run(**flipped)
    yield back["new_theta"], -there["new_theta"]
    yield back["new_momentum"], -there["new_momentum"]


# The system ---------------------------------------------------------------------------------------------------

_RATES = (
    number("lr", "step size eta > 0"),
    number("beta1", "weight of the momentum in the direction of the step, in [0, 1)"),
    number("beta2", "rate at which the momentum forgets, in [0, 1)"),
    number("weight_decay", "decoupled decay lambda >= 0"),
)
_RATE_ERRORS = (
    ErrorCase("negative-lr", "a negative step size climbs", {"lr": -0.1}, ValueError, "lr"),
    ErrorCase("beta1-one", "beta1 = 1 never sees the gradient", {"beta1": 1.0}, ValueError, "beta1"),
    ErrorCase("nan-beta2", "NaN is no rate", {"beta2": float("nan")}, ValueError, "beta2"),
    ErrorCase("negative-decay", "a negative decay grows", {"weight_decay": -0.1}, ValueError, "weight_decay"),
)

TRAJECTORY = Operation(
    name="lion.trajectory",
    summary="the parameters after each of T steps, fed with given gradients",
    inputs=(array("theta0", "d", "start"), array("grads", "T d", "gradient of each step"), *_RATES),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="rational arithmetic, decay first (the order of the authors' code), written apart from the source",
    cases=TRAJECTORY_CASES,
    sample=_random_inputs,
    laws=(
        Law("scale-free", "gradients times 4 give the same trajectory", _scale_free, ("two-rates", "gaussian-long")),
        Law("odd", "start and gradients negated give the negated trajectory", _odd, ("two-rates", "decay-and-zero")),
        Law("coordinates-apart", "each coordinate moves by itself", _coordinates_apart, ("decay-and-zero",)),
        Law(
            "constant-gradient",
            "a constant gradient g gives theta_t = -s/wd + (theta_0 + s/wd)(1 - lr wd)^t with s = sign(g)",
            _constant_gradient,
            ("decay-and-zero", "gaussian-long"),
        ),
    ),
    mutants=mistake.mutants(_as_trajectory) + first_step_mistake.mutants(_as_trajectory),
    errors=(
        *_RATE_ERRORS,
        ErrorCase("nan-gradient", "NaN is no gradient", {"grads": np.full((4, 2), np.nan)}, ValueError, "grad"),
        ErrorCase("wrong-shape", "gradients of another size", {"grads": np.ones((4, 3))}, ValueError, "grad"),
    ),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "lr", "betas": ("beta1", "beta2"), "weight_decay": "weight_decay"},
        optax={"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "weight_decay": "weight_decay"},
    ),
)

STEP = Operation(
    name="lion.step",
    summary="one step from a given momentum",
    inputs=(
        array("theta", "d", "parameters"),
        array("momentum", "d", "momentum m before the step"),
        array("grad", "d", "gradient at theta"),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_momentum", "d", "momentum after the step"),
    ),
    reference=step,
    exact=exact_step,
    exact_source="rational arithmetic, decay first (the order of the authors' code), written apart from the source",
    cases=STEP_CASES,
    sample=_random_step,
    laws=(
        Law("fixed-momentum", "a momentum equal to the gradient stays", _momentum_is_mean, ("both-agree", "zeros")),
        Law("odd", "all arrays negated give the negated step", _step_is_odd, ("both-agree", "momentum-wins")),
    ),
    mutants=mistake.mutants(_as_step),
    errors=_RATE_ERRORS,
)

SYSTEM = System(
    name="lion",
    chapter="optimizers",
    summary="step along the sign of a mix of gradient and momentum; the momentum forgets more slowly",
    paper=Paper(
        title="Symbolic Discovery of Optimization Algorithms",
        authors="Chen, Liang, Huang, Real, Wang, Liu, Pham, Dong, Luong, Hsieh, Lu, Le",
        arxiv="2302.06675",
        year=2023,
        key="chen2023lion",
    ),
    operations=(TRAJECTORY, STEP, FOUND_OPERATION, AGEING),
    claims=CLAIMS,
)
