"""What the oracle knows of AdamW, and of Adam and AMSGrad beside it."""

from dataclasses import replace

import numpy as np

from refimpl.optimizers import adamw
from refimpl.specs import loops, refusals, sizes
from refimpl.specs.base import Drive, ErrorCase, Operation, Paper, System, array, integer, number
from refimpl.specs.domains import FRACTION, NONNEGATIVE, POSITIVE, WHOLE
from refimpl.specs.optimizers.adamw import cases, exact, laws
from refimpl.specs.optimizers.adamw.claims import CLAIMS
from refimpl.specs.optimizers.adamw.mistakes import ALTERNATIVES


def trajectory(theta0, grads, **rates):
    """Positions after each step of AdamW, fed with given gradients."""
    return loops.trajectory(adamw.init, adamw.update, theta0, grads, **rates)


def step(theta, m, v, grad, steps, **rates):
    """One step of AdamW from given moments."""
    theta, state = adamw.update(theta, adamw.AdamWState(m, v, steps), grad, **rates)
    return theta, state.m, state.v


def adam(theta0, grads, **rates):
    """Positions after each step of Adam with an L2 penalty, fed with given gradients of the loss."""
    return loops.trajectory(adamw.init, adamw.adam, theta0, grads, **rates)


def amsgrad(theta0, grads, **rates):
    """Positions after each step of AMSGrad, fed with given gradients."""
    return loops.trajectory(adamw.amsgrad_init, adamw.amsgrad, theta0, grads, **rates)


_RATES = (
    number("lr", "step size", POSITIVE),
    number("beta1", "rate of the first moment", FRACTION),
    number("beta2", "rate of the second moment", FRACTION),
    number("eps", "number beside the root of the corrected second moment", POSITIVE),
)
_DECAY = number("weight_decay", "decoupled decay, multiplied by lr", NONNEGATIVE)
_REFUSED = refusals.numbers("lr", "beta1", "beta2", "eps", "weight_decay")
_DRIVE = Drive(
    "theta0",
    "grads",
    {"lr": "lr", "betas": ("beta1", "beta2"), "eps": "eps", "weight_decay": "weight_decay"},
    optax={"learning_rate": "lr", "b1": "beta1", "b2": "beta2", "eps": "eps", "weight_decay": "weight_decay"},
)


def _trajectory_like(name, *, decay=_DECAY, **more):
    return Operation(
        name=name,
        inputs=(array("theta0", "d", "start"), array("grads", "T d", "gradient of each step"), *_RATES, decay),
        outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
        sample=cases.sample,
        errors=(_REFUSED, *refusals.arrays(grads="grad")),
        **more,
    )


TRAJECTORY = _trajectory_like(
    "adamw.trajectory",
    summary="the parameters after each of T steps, fed with given gradients",
    reference=trajectory,
    exact=exact.trajectory,
    exact_source="50 digits; each corrected moment as a weighted mean of all gradients so far; decay first",
    cases=(*cases.TRAJECTORY, sizes.one_step),
    laws=laws.TRAJECTORY,
    drive=_DRIVE,
)

STEP = Operation(
    name="adamw.step",
    summary="one step from given moments",
    inputs=(
        array("theta", "d", "parameters"),
        array("m", "d", "first moment before the step"),
        array("v", "d", "second moment before the step", NONNEGATIVE),
        array("grad", "d", "gradient at theta"),
        integer("steps", "steps taken before this one: t - 1", WHOLE),
        *_RATES,
        _DECAY,
    ),
    outputs=(
        array("new_theta", "d", "parameters after the step"),
        array("new_m", "d", "first moment after the step, without bias correction"),
        array("new_v", "d", "second moment after the step, without bias correction"),
    ),
    reference=step,
    exact=exact.step,
    exact_source="50 digits; old moments and new gradient weighted by the sums of 1, beta, beta^2, ...; decay first",
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(
        _REFUSED,
        refusals.numbers("steps"),
        *refusals.arrays(grad="grad"),
        ErrorCase("negative-v", "an average of squares is not negative", {"v": np.full(3, -1.0)}, ValueError, "v"),
    ),
    without={"long": "it is one step"},
)

ADAM = _trajectory_like(
    "adamw.adam",
    decay=number("weight_decay", "weight of the L2 penalty weight_decay |theta|^2 / 2", NONNEGATIVE),
    summary="the parameters after each of T steps of Adam, with the decay coupled: added to the gradient",
    reference=adam,
    exact=exact.adam,
    exact_source="50 digits; each corrected moment as a weighted mean of all penalized gradients so far",
    cases=(*cases.ADAM, sizes.one_step),
    laws=laws.ADAM,
    drive=replace(_DRIVE, by_name=True),
)

AMSGRAD = _trajectory_like(
    "adamw.amsgrad",
    summary="the parameters after each of T steps of AMSGrad with bias correction and decoupled decay",
    reference=amsgrad,
    exact=exact.amsgrad,
    exact_source="50 digits; moments as weighted sums of all gradients so far, the largest of them over their weight",
    cases=(*cases.AMSGRAD, sizes.one_step),
    laws=laws.AMSGRAD,
    drive=replace(_DRIVE, by_name=True),
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
    alternatives=ALTERNATIVES,
    equations={
        "adamw-1": "Algorithm 2, line 7",
        "adamw-2": "Algorithm 2, line 8",
        "adamw-3": "Algorithm 2, line 9",
        "adamw-4": "Algorithm 2, line 10",
        "adamw-5": "Algorithm 2, line 12, with the decay times the step size",
        "adamw-6": "Algorithm 2, line 6: Adam with L2 regularization",
        "adamw-7": "Reddi et al. (2018), Algorithm 2",
        "adamw-8": "Reddi et al. (2018), Algorithm 2, with bias correction",
    },
)
