"""What the oracle knows of diffGrad."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.optimizers import diffgrad
from refimpl.optimizers._diffgrad_functions import FUNCTIONS
from refimpl.specs import loops, refusals, sizes
from refimpl.specs.base import Drive, ErrorCase, Operation, Paper, System, array, choice, integer, number
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, Relation
from refimpl.specs.optimizers.diffgrad import cases, exact, laws
from refimpl.specs.optimizers.diffgrad.claims import CLAIMS
from refimpl.specs.optimizers.diffgrad.mistakes import ALTERNATIVES


def trajectory(theta0, grads, **rates):
    """Positions after each step of diffGrad, fed with given gradients."""
    return loops.trajectory(diffgrad.init, diffgrad.update, theta0, grads, **rates)


def step(theta, m, v, previous, grad, t, **rates):
    """Step t from a given state."""
    theta, state = diffgrad.update(theta, diffgrad.DiffGradState(m, v, previous, t - 1), grad, **rates)
    return theta, state.m, state.v, state.previous


def friction(previous, grad):
    """The factor on the step."""
    return diffgrad.friction(previous - grad)


def slope(function, x):
    """Derivative of one of the three functions of the synthetic study."""
    return FUNCTIONS[function].slope(x)


def online(x0, targets, lr, beta1, decay, beta2, eps, radius):
    """Points after each step of the online form on the functions (x - a_t)^2, in the box of a radius."""
    xp, radius = array_namespace(x0), check.nonnegative(radius=radius)
    slope = lambda x, t: 2 * (x - targets[t - 1, :])
    run = diffgrad.online(
        slope,
        x0,
        steps=targets.shape[0],
        project=lambda x: xp.clip(x, -radius, radius),
        decay=decay,
        lr=lr,
        beta1=beta1,
        beta2=beta2,
        eps=eps,
        record=lambda x: {"x": x},
    )
    return xp.stack(run.history["x"][1:])


_RATES = (
    number("lr", "step size alpha", POSITIVE),
    number("beta1", "rate of the average of the gradients", FRACTION),
    number("beta2", "rate of the average of their squares", FRACTION),
    number("eps", "added to the root of the second moment", NONNEGATIVE),
    number("weight_decay", "coupled decay lambda", NONNEGATIVE),
)
_REFUSED = refusals.numbers("lr", "beta1", "beta2", "eps", "weight_decay")

TRAJECTORY = Operation(
    name="diffgrad.trajectory",
    summary="the parameters after each of T steps, fed with given gradients",
    inputs=(array("theta0", "d", "start"), array("grads", "T d", "gradient of each step, without the decay"), *_RATES),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="50 digits, the moments as weighted means of all gradients so far and the friction by the half angle",
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample,
    laws=laws.TRAJECTORY,
    errors=(_REFUSED, *refusals.arrays(grads="grad")),
    relations=(cases.DIVIDES_BY_MORE_THAN_0["trajectory"],),
    drive=Drive(
        "theta0",
        "grads",
        {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "weight_decay": "weight_decay"},
        optax={"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps", "weight_decay": "weight_decay"},
    ),
)

STEP = Operation(
    name="diffgrad.step",
    summary="one step from a given state",
    inputs=(
        array("theta", "d", "parameters"),
        array("m", "d", "first moment before the step"),
        array("v", "d", "second moment before the step", NONNEGATIVE),
        array("previous", "d", "gradient of the step before, with its decay"),
        array("grad", "d", "gradient at theta, without the decay"),
        integer("t", "number of this step", COUNT),
        *_RATES,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_m", "d", "first moment after the step"),
        array("new_v", "d", "second moment after the step"),
        array("new_previous", "d", "gradient with decay, for the next step"),
    ),
    reference=step,
    exact=exact.step,
    exact_source="50 digits, the averages as corrections of the old ones and the friction by the half angle",
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(
        _REFUSED,
        refusals.numbers(t="steps"),
        *refusals.arrays(grad="grad"),
        ErrorCase("negative-v", "an average of squares is not negative", {"v": np.full(3, -1.0)}, ValueError, "v"),
        ErrorCase("short-previous", "a gradient of another size", {"previous": np.ones(2)}, ValueError, "previous"),
    ),
    relations=(cases.DIVIDES_BY_MORE_THAN_0["step"],),
    without={"long": "it is one step"},
)

FRICTION = Operation(
    name="diffgrad.friction",
    summary="the factor on the step, from two gradients in a row",
    inputs=(array("previous", "d", "gradient of the step before"), array("grad", "d", "gradient of this step")),
    outputs=(array("xi", "d", "friction, in [1/2, 1]"),),
    reference=friction,
    exact=exact.friction,
    exact_source="50 digits, by the half angle: (1 + tanh(|change| / 2)) / 2",
    cases=cases.FRICTION,
    sample=cases.sample_gradients,
    laws=laws.FRICTION,
    without={"long": "it takes no steps"},
)

SLOPE = Operation(
    name="diffgrad.slope",
    summary="the derivative of one of the three functions of the synthetic study",
    inputs=(choice("function", FUNCTIONS, "which one"), array("x", "n", "points")),
    outputs=(array("slope", "n", "derivative at each point; at a joint that of the piece on the left"),),
    reference=slope,
    exact=exact.slope,
    exact_source="50 digits, point by point",
    cases=cases.SLOPE,
    sample=cases.sample_points,
    laws=laws.SLOPE,
    without={"long": "it takes no steps"},
)

ONLINE = Operation(
    name="diffgrad.online",
    summary="the form of the regret theorem on (x - a_t)^2: lr / sqrt(t), beta1 decay^(t-1), kept in a box",
    inputs=(
        array("x0", "d", "start"),
        array("targets", "T d", "a_t: the gradient of step t is 2 (x - a_t)"),
        number("lr", "step size alpha of the first step", POSITIVE),
        number("beta1", "rate of the first moment at the first step", FRACTION),
        number("decay", "factor lambda on beta1 from step to step", FRACTION),
        number("beta2", "rate of the second moment", FRACTION),
        number("eps", "added to the root of the second moment", NONNEGATIVE),
        number("radius", "each coordinate is clipped to the box [-radius, radius] after each step", NONNEGATIVE),
    ),
    outputs=(array("xs", "T d", "point after each step", steps=True),),
    reference=online,
    exact=exact.online,
    exact_source="50 digits, step by step, written apart from the source",
    cases=(*cases.ONLINE, sizes.one_step),
    sample=cases.sample_online,
    laws=laws.ONLINE,
    errors=(refusals.numbers("lr", "beta1", "decay", "beta2", "eps", "radius"),),
    relations=(
        Relation("x0 is in the box", ("x0", "radius"), lambda i: bool(np.all(abs(i["x0"]) <= i["radius"]))),
        cases.DIVIDES_BY_MORE_THAN_0["online"],
    ),
)

SYSTEM = System(
    name="diffgrad",
    chapter="optimizers",
    summary="Adam with a friction that halves the step where the gradient hardly changes",
    paper=Paper(
        title="diffGrad: An Optimization Method for Convolutional Neural Networks",
        authors="Dubey, Chakraborty, Roy, Mukherjee, Singh, Chaudhuri",
        arxiv="1909.11015",
        year=2020,
        key="dubey2020diffgrad",
    ),
    operations=(TRAJECTORY, STEP, FRICTION, SLOPE, ONLINE),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "diffgrad-1": "authors' code: weight decay",
        "diffgrad-2": "Algorithm 1, first moment",
        "diffgrad-3": "Algorithm 1, second moment",
        "diffgrad-4": "Algorithm 1, change of the gradient",
        "diffgrad-5": "Algorithm 1, friction coefficient",
        "diffgrad-6": "Algorithm 1, bias correction, drawn into the step size",
        "diffgrad-7": "ours: eps for the step size so changed",
        "diffgrad-8": "Algorithm 1, update of the parameters",
        "diffgrad-9": "theorem on the regret, step size",
        "diffgrad-10": "theorem on the regret, rate of the first moment",
        "diffgrad-11": "theorem on the regret, bounded domain",
    },
)
