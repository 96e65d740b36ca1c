"""What the oracle knows of Lion and of the search that found it."""

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.optimizers import lion
from refimpl.optimizers._lion_programs import FOUND, follow
from refimpl.optimizers._lion_search import Member, age, tournament
from refimpl.specs import loops, refusals, sizes
from refimpl.specs.base import Drive, ErrorCase, Operation, Paper, System, array, integer, number
from refimpl.specs.domains import COUNT, FRACTION, NONNEGATIVE, POSITIVE, real
from refimpl.specs.optimizers.lion import cases, exact, laws
from refimpl.specs.optimizers.lion.claims import CLAIMS
from refimpl.specs.optimizers.lion.mistakes import ALTERNATIVES


def trajectory(theta0, grads, **rates):
    """Positions after each step of Lion, fed with given gradients."""
    return loops.trajectory(lion.init, lion.update, theta0, grads, **rates)


def step(theta, momentum, grad, **rates):
    """One step of Lion from a given momentum."""
    theta, state = lion.update(theta, lion.LionState(momentum), grad, **rates)
    return theta, state.momentum


def found_program(theta0, grads, lr):
    """Positions after each step of the program that the search found, whose arcsine takes lengths up to 1."""
    return follow(FOUND, theta0, grads, lr=check.fraction(lr=lr))


def ageing(start_fitness, child_fitness, draws, population):
    """Birth number of each child's parent."""
    members, parents = (Member((), float(start_fitness), 0),) * population, []
    for k in range(draws.shape[0]):
        parents.append(float(tournament(members, [float(u) for u in draws[k, :]]).born))
        members = age(members, Member((), float(child_fitness[k]), k + 1))
    return array_namespace(draws).asarray(parents, dtype=draws.dtype, device=device(draws))


_RATES = (
    number("lr", "step size eta", POSITIVE),
    number("beta1", "weight of the momentum in the direction of the step", FRACTION),
    number("beta2", "rate at which the momentum forgets", FRACTION),
    number("weight_decay", "decoupled decay lambda", NONNEGATIVE),
)
_REFUSED = refusals.numbers("lr", "beta1", "beta2", "weight_decay")
LOSS = real(infinite=True)  # of a program that breaks
_EXACT = "rational arithmetic, decay first (the order of the authors' code), written apart from the source"

TRAJECTORY = Operation(
    name="lion.trajectory",
    summary="the parameters after each of T steps, fed with given gradients",
    inputs=(array("theta0", "d", "start"), array("grads", "T d", "gradient of each step"), *_RATES),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_EXACT,
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample,
    laws=laws.TRAJECTORY,
    errors=(_REFUSED, *refusals.arrays(grads="grad")),
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
    exact=exact.step,
    exact_source=_EXACT,
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    errors=(_REFUSED, *refusals.arrays(grad="grad")),
    without={"long": "it is one step"},
)

FOUND_PROGRAM = Operation(
    name="lion.found_program",
    summary="the parameters after each of T steps of the program that the search found, before it was simplified",
    inputs=(
        array("theta0", "d", "start"),
        array("grads", "T d", "gradient of each step"),
        number("lr", "learning rate", real(0, 1, open="()")),
    ),
    outputs=(array("thetas", "T d", "parameters after each step", steps=True),),
    reference=found_program,
    exact=exact.found,
    exact_source="50 digits, one formula for each array, the sign in place of m / sqrt(m^2)",
    cases=cases.FOUND,
    sample=cases.sample_found,
    laws=laws.FOUND,
    errors=(refusals.numbers("lr"), *refusals.arrays(grads="grads")),
    relations=(cases.CLEAR,),
    without={"large": "the length of the whole gradient decides: no small case has the same answer"},
)

AGEING = Operation(
    name="lion.ageing",
    summary="who is the parent of each child in ageing evolution, by number of birth; 0 for the copies of the start",
    inputs=(
        number("start_fitness", "loss of the program of which the first population is made", LOSS),
        array("child_fitness", "c", "loss of each child", LOSS),
        array(
            "draws",
            "c k",
            "draws of each tournament: floor(u population) is a place, counted from the oldest",
            FRACTION,
        ),
        integer("population", "members", COUNT),
    ),
    outputs=(array("parents", "c", "birth number of each child's parent", steps=True),),
    reference=ageing,
    exact=exact.ageing,
    exact_source="the population of cycle k is a window of the list of all births; no member moves",
    cases=(*cases.AGEING, sizes.one_step),
    sample=cases.sample_ageing,
    laws=laws.AGEING,
    errors=(
        refusals.numbers(population="members"),
        ErrorCase("nan-fitness", "NaN is no loss", {"child_fitness": np.full(12, np.nan)}, ValueError, "fitness"),
    ),
    without={"large": "its cases of hundreds of cycles are as large as a population gets"},
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
    operations=(TRAJECTORY, STEP, FOUND_PROGRAM, AGEING),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "lion-1": "Algorithm 2, direction",
        "lion-2": "Algorithm 2, update of the parameters",
        "lion-3": "Algorithm 2, update of the momentum",
        "lion-4": "Section 2, abstract execution",
        "lion-5": "Section 2, functional hash",
        "lion-6": "Section 2, redundant statements",
        "lion-7": "ours: the same across steps",
        "lion-8": "Section 2, mutation of a constant",
        "lion-9": "Section 2, proxy task",
        "lion-10": "Section 2, tournament",
        "lion-11": "Section 2, regularized evolution",
        "lion-12": "Section 2, funnel selection",
    },
)
