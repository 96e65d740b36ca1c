"""What the oracle knows of consensus-based optimization."""

import math
from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace
from refimpl.problems.functions import ACKLEY, RASTRIGIN, SQUARES
from refimpl.search import cbo
from refimpl.specs import refusals, sizes
from refimpl.specs.base import Draws, ErrorCase, Operation, Paper, System, array, choice, number
from refimpl.specs.domains import NONNEGATIVE, POSITIVE, SEMIDEFINITE, Relation, real
from refimpl.specs.search.cbo import cases, exact, laws
from refimpl.specs.search.cbo.claims import CLAIMS
from refimpl.specs.search.cbo.mistakes import ALTERNATIVES

OBJECTIVES = {"quadratic": SQUARES.function, "rastrigin": RASTRIGIN.function, "ackley": ACKLEY.function}


def energy(objective, x):
    """Values [N] of an objective at points [N, d]."""
    return OBJECTIVES[objective](x)


def consensus(positions, energies, alpha):
    """Consensus point of a swarm."""
    return cbo.consensus_point(positions, energies, alpha=alpha)


def step(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    """Positions after one step from given positions and energies."""
    rates = {"alpha": alpha, "drift": drift, "diffusion": diffusion, "dt": dt, "noise_type": noise_type}
    return cbo.step(cbo.init(positions), energies, noise, **rates)[0].positions


def trajectory(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    """Consensus points at the start and after each step."""
    xp, points = array_namespace(positions0), []
    swarm, energies = cbo.init(positions0), energy(objective, positions0)
    rates = {"drift": drift, "diffusion": diffusion, "dt": dt, "noise_type": noise_type}
    for k in range(noise.shape[0]):
        moved, info = cbo.step(swarm, energies, noise[k, ...], alpha=alpha, **rates)
        points.append(info.consensus)
        swarm, energies = moved, energy(objective, moved.positions)
    points.append(cbo.consensus_point(swarm.positions, energies, alpha=alpha))
    return xp.stack(points)


def hopping(start, noise, objective, alpha, width):
    """The start and the consensus point of each cloud."""
    xp, centre, points = array_namespace(start), start, [start]
    function = partial(energy, objective)
    for k in range(noise.shape[0]):
        centre, _ = cbo.hopping_step(function, centre, noise[k, ...], alpha=alpha, width=width)
        points.append(centre)
    return xp.stack(points)


def proximal(matrix, minimizer, point, tau):
    """Proximal step on a quadratic."""
    return cbo.proximal_quadratic(point, matrix, minimizer, tau=tau)


_ALPHA = number("alpha", "inverse temperature; up to 1e15", NONNEGATIVE)
_RATES = (
    _ALPHA,
    number("drift", "rate lambda of the pull towards the consensus point", NONNEGATIVE),
    number("diffusion", "noise level sigma", NONNEGATIVE),
    number("dt", "time step", POSITIVE),
    choice(
        "noise_type",
        ("isotropic", "anisotropic"),
        "noise times the Euclidean distance |x - x_alpha| in every coordinate, or times x_j - x_alpha_j (signed) in "
        "coordinate j; distances before the drift in both cases",
    ),
)
_OBJECTIVE = choice(
    "objective",
    tuple(OBJECTIVES),
    "E(v) for v of d coordinates; quadratic: sum v_j^2; rastrigin: sum v_j^2 + 2.5 (1 - cos(2 pi v_j)); ackley: "
    "-20 exp(-0.2 sqrt(mean v_j^2)) - exp(mean cos(2 pi v_j)) + e + 20",
)
_ENERGIES = array("energies", "N", "objective at each particle; +inf means weight 0", real(open="(", infinite=True))
_SOME_FINITE = Relation("an energy is finite", ("energies",), lambda i: bool(np.any(np.isfinite(i["energies"]))))
_NAN = float("nan")
_BAD_ALPHA = (
    refusals.numbers("alpha"),
    ErrorCase("infinite-alpha", "inf times a gap of 0 is NaN; 1e15 will do", {"alpha": math.inf}, ValueError, "alpha"),
)
_BAD_RATES = (*_BAD_ALPHA, refusals.numbers("drift", "diffusion", "dt"))
_BAD_SWARM = tuple(
    ErrorCase(slug, why, {name: np.array(value)}, ValueError, name)
    for slug, why, name, value in (
        ("nan-energy", "NaN is no energy", "energies", [1.0, _NAN, 2.0]),
        ("energy-minus-infinity", "an energy of -inf leaves no weights", "energies", [1.0, -math.inf, 2.0]),
        ("all-energies-infinite", "no particle is left", "energies", [math.inf] * 3),
        ("too-few-energies", "one energy per particle", "energies", [1.0, 1.0]),
        ("nan-position", "NaN is no position", "positions", [[_NAN, 1.0]] * 3),
    )
)
_ONE_STEP = {"long": "it is one step"}
_MPMATH = "mpmath with 50 digits, objectives included, written apart from the source"

CONSENSUS = Operation(
    name="cbo.consensus",
    summary="the consensus point: mean of the particles under the weights exp(-alpha E)",
    inputs=(
        array("positions", "N d", "particles, one per row"),
        _ENERGIES,
        _ALPHA,
    ),
    outputs=(array("point", "d", "consensus point"),),
    reference=consensus,
    exact=exact.consensus,
    exact_source="mpmath with 50 digits, weights without any shift, written apart from the source",
    cases=cases.CONSENSUS,
    sample=cases.sample_consensus,
    laws=laws.CONSENSUS,
    relations=(_SOME_FINITE,),
    errors=(*_BAD_ALPHA, *_BAD_SWARM),
    without=_ONE_STEP,
)

STEP = Operation(
    name="cbo.step",
    summary="one step of the swarm, from given positions, energies and draws",
    inputs=(
        array("positions", "N d", "particles, one per row"),
        _ENERGIES,
        array("noise", "N d", "standard normal draws, not yet multiplied by sqrt(dt)"),
        *_RATES,
    ),
    outputs=(array("new_positions", "N d", "particles after the step"),),
    reference=step,
    exact=exact.step,
    exact_source="mpmath with 50 digits, about the consensus point, written apart from the source",
    cases=cases.STEP,
    sample=cases.sample_step,
    laws=laws.STEP,
    relations=(_SOME_FINITE,),
    errors=(*_BAD_RATES, *_BAD_SWARM, *refusals.arrays(noise="noise")),
    draws=Draws(
        noise="noise",
        law=exact.step_law,
        cases=("overshoot", "as-many-particles-as-coordinates", "constant-energies"),
        samples=200,
    ),
    without=_ONE_STEP,
)

TRAJECTORY = Operation(
    name="cbo.trajectory",
    summary="consensus points before the first and after each of K steps on a given objective, with given draws",
    inputs=(
        array("positions0", "N d", "particles at the start, one per row"),
        array("noise", "K N d", "standard normal draws of each step"),
        _OBJECTIVE,
        *_RATES,
    ),
    outputs=(array("points", "K+1 d", "consensus point of the swarm at step 0, 1, ..., K", steps=True, first=0),),
    reference=trajectory,
    exact=exact.trajectory,
    exact_source=_MPMATH,
    cases=(*cases.TRAJECTORY, sizes.one_step),
    sample=cases.sample_trajectory,
    laws=laws.TRAJECTORY,
    errors=(
        *_BAD_RATES,
        *refusals.arrays(noise="noise"),
        ErrorCase("nan-position", "NaN is no position", {"positions0": np.full((3, 2), _NAN)}, ValueError, "positions"),
    ),
)

HOPPING = Operation(
    name="cbo.hopping",
    summary="the start and the consensus point of each of K Gaussian clouds around the last point",
    inputs=(
        array("start", "d", "start"),
        array("noise", "K N d", "standard normal draws of each cloud"),
        _OBJECTIVE,
        _ALPHA,
        number("width", "standard deviation of the clouds", POSITIVE),
    ),
    outputs=(array("points", "K+1 d", "the start, then the consensus point of cloud 1, ..., K", steps=True, first=0),),
    reference=hopping,
    exact=exact.hopping,
    exact_source=_MPMATH,
    cases=cases.HOPPING,
    sample=cases.sample_hopping,
    laws=laws.HOPPING,
    errors=(*_BAD_ALPHA, refusals.numbers("width"), *refusals.arrays(start="point")),
)

PROXIMAL = Operation(
    name="cbo.proximal",
    summary="proximal step on a quadratic: argmin (x - b)^T A (x - b) / 2 + |x - m|^2 / (2 tau)",
    inputs=(
        array("matrix", "d d", "A", SEMIDEFINITE),
        array("minimizer", "d", "b"),
        array("point", "d", "m, where the last step ended"),
        number("tau", "step size; consensus hopping has tau = alpha width^2", POSITIVE),
    ),
    outputs=(array("new_point", "d", "where this step ends"),),
    reference=proximal,
    exact=exact.proximal,
    exact_source="elimination in rational arithmetic on another form of the equation",
    cases=cases.PROXIMAL,
    sample=cases.sample_proximal,
    laws=laws.PROXIMAL,
    errors=(
        refusals.numbers("tau"),
        *refusals.arrays(minimizer="minimizer"),
        ErrorCase("nan-point", "NaN is no point", {"point": np.array([1.0, _NAN])}, ValueError, "point"),
        ErrorCase(
            "not-symmetric", "A is symmetric", {"matrix": np.array([[1.0, 1.0], [0.0, 1.0]])}, ValueError, "matrix"
        ),
        ErrorCase("not-square", "A is square", {"matrix": np.ones((2, 3))}, ValueError, "matrix"),
    ),
    without={**_ONE_STEP, "large": "a dense matrix: 70,000 coordinates would take 39 GB"},
)

SYSTEM = System(
    name="cbo",
    chapter="search",
    summary="a swarm drifts to its softmin-weighted mean and is shaken by its distance from it",
    paper=Paper(
        title="Gradient is All You Need? How Consensus-Based Optimization can be Interpreted as a Stochastic "
        "Relaxation of Gradient Descent",
        authors="Riedl, Klock, Geldhauser, Fornasier",
        arxiv="2306.09778",
        year=2023,
        key="riedl2023gradient",
    ),
    operations=(TRAJECTORY, STEP, CONSENSUS, HOPPING, PROXIMAL),
    claims=CLAIMS,
    alternatives=ALTERNATIVES,
    equations={
        "cbo-1": "Section 1, weights",
        "cbo-2": "Section 1, consensus point",
        "cbo-3": "Section 1, CBO, drift",
        "cbo-4": "Section 1, CBO, isotropic diffusion",
        "cbo-5": "Section 1, CBO, anisotropic diffusion",
        "cbo-6": "Section 1, CBO, diffusion",
        "cbo-7": "Section 2, consensus hopping",
        "cbo-8": "Section 2, minimizing movement; ours: solved for a quadratic",
        "cbo-9": "ours: consensus hopping on a quadratic",
        "cbo-10": "ours: Newton's method for the minimizing movement",
        "cbo-11": "ours: the soft-min envelope",
    },
)
