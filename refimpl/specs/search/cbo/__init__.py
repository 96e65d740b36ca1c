"""What the oracle knows of consensus-based optimization."""

import math
from functools import partial

import numpy as np

from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.problems.functions import ACKLEY, RASTRIGIN, SQUARES
from refimpl.search import cbo
from refimpl.specs import exact
from refimpl.specs.base import (
    Case,
    Draws,
    ErrorCase,
    Law,
    Mistakes,
    Operation,
    Paper,
    System,
    Variant,
    array,
    choice,
    number,
)
from refimpl.specs.search.cbo.claims import CLAIMS

OBJECTIVES = {"quadratic": SQUARES.function, "rastrigin": RASTRIGIN.function, "ackley": ACKLEY.function}

# Operations ---------------------------------------------------------------------------------------------------


def consensus(positions, energies, alpha):
    """Consensus point of a swarm."""
    return cbo.consensus_point(positions, energies, alpha=alpha)


def step(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    """Positions after one step from given positions and energies."""
    state, _ = cbo.step(
        cbo.init(positions),
        energies,
        noise,
        alpha=alpha,
        drift=drift,
        diffusion=diffusion,
        dt=dt,
        noise_type=noise_type,
    )
    return state.positions


def trajectory(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    """Consensus points at the start and after each step."""
    energy, state, points = OBJECTIVES[objective], cbo.init(positions0), []
    rates = {"alpha": alpha, "drift": drift, "diffusion": diffusion, "dt": dt, "noise_type": noise_type}
    for k in range(noise.shape[0]):
        state, info = cbo.step(state, energy(state.positions), noise[k, ...], **rates)
        points.append(info.consensus)
    points.append(cbo.consensus_point(state.positions, energy(state.positions), alpha=alpha))
    return array_namespace(positions0).stack(points)


def hopping(start, noise, objective, alpha, width):
    """The start and the consensus point of each cloud."""
    points = [start]
    for k in range(noise.shape[0]):
        point, _ = cbo.hopping_step(OBJECTIVES[objective], points[-1], noise[k, ...], alpha=alpha, width=width)
        points.append(point)
    return array_namespace(start).stack(points)


def proximal(matrix, minimizer, point, tau):
    """Proximal step on a quadratic."""
    return cbo.proximal_quadratic(point, matrix, minimizer, tau=tau)


# Expected answers: the definitions, without stabilization, in arithmetic that does not need it


def _mean(x, energies, alpha):
    weights = np.array([0 if e == math.inf else exact.exp(-alpha * e) for e in energies])
    return (weights[:, None] * x).sum(axis=0) / weights.sum()


def _euler_maruyama(x, point, noise, drift, diffusion, dt, noise_type):
    away = x - point
    size = exact.sqrt((away**2).sum(axis=1))[:, None] if noise_type == "isotropic" else away
    return point + away * (1 - drift * dt) + size * noise * diffusion * exact.sqrt(dt)


def _energy(x, objective):
    if objective == "quadratic":
        return (x**2).sum(axis=1)
    waves = exact.cos(x * 2 * exact.pi)
    if objective == "rastrigin":
        return (x**2 - waves * 5 / 2).sum(axis=1) + x.shape[1] * exact.reals(2.5)
    radius = exact.sqrt((x**2).sum(axis=1) / x.shape[1])
    e = exact.exp(exact.reals(1.0))
    return 20 - exact.exp(-radius / 5) * 20 + e - exact.exp(waves.sum(axis=1) / x.shape[1])


def exact_consensus(positions, energies, alpha):
    """Weights exp(-alpha E) as they are written."""
    return _mean(exact.reals(positions), exact.reals(energies), exact.reals(alpha))


def exact_step(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    """The Euler-Maruyama step about the consensus point."""
    x, noise = exact.reals(positions), exact.reals(noise)
    alpha, drift, diffusion, dt = map(exact.reals, (alpha, drift, diffusion, dt))
    return _euler_maruyama(x, _mean(x, exact.reals(energies), alpha), noise, drift, diffusion, dt, noise_type)


def exact_trajectory(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    """The same, step by step, on the true objective."""
    x = exact.reals(positions0)
    alpha, drift, diffusion, dt = map(exact.reals, (alpha, drift, diffusion, dt))
    points = [_mean(x, _energy(x, objective), alpha)]
    for draws in exact.reals(noise):
        x = _euler_maruyama(x, points[-1], draws, drift, diffusion, dt, noise_type)
        points.append(_mean(x, _energy(x, objective), alpha))
    return np.stack(points)


def exact_hopping(start, noise, objective, alpha, width):
    """Cloud by cloud."""
    alpha, width = exact.reals(alpha), exact.reals(width)
    points = [exact.reals(start)]
    for draws in exact.reals(noise):
        cloud = points[-1] + width * draws
        points.append(_mean(cloud, _energy(cloud, objective), alpha))
    return np.stack(points)


def exact_proximal(matrix, minimizer, point, tau):
    """The linear system (I + tau A) x = m + tau A b, by Gauss-Jordan elimination in rational arithmetic."""
    A, b, m, tau = map(exact.fractions, (matrix, minimizer, point, tau))
    d = len(b)
    rows = np.concatenate([np.eye(d, dtype=int) + tau * A, (m + tau * (A @ b))[:, None]], axis=1)
    for i in range(d):  # positive definite: no pivoting needed
        rows[i] = rows[i] / rows[i, i]
        for j in range(d):
            if j != i:
                rows[j] = rows[j] - rows[i] * rows[j, i]
    return rows[:, -1]


def step_law(positions, energies, alpha, drift, diffusion, dt, noise_type):
    """Mean and standard deviation of `step` over standard normal noise: its components are independent and normal."""
    weights = np.exp(-alpha * (energies - energies.min()))
    point = weights @ positions / weights.sum()
    away = positions - point
    size = np.linalg.norm(away, axis=1, keepdims=True) if noise_type == "isotropic" else np.abs(away)
    return point + (1 - drift * dt) * away, np.broadcast_to(diffusion * dt**0.5 * size, away.shape)


# Mutants ------------------------------------------------------------------------------------------------------
# Rules in two parts, the consensus point (x, energies, alpha) -> point and the motion (x, point, noise, drift,
# diffusion, dt, noise_type, swarm) -> x with swarm = (energies, alpha, objective or None), of which a mutant
# replaces one.

CBX = "https://github.com/PdIPS/CBXpy/blob/cc8b2c6e1b653f985fe5e78542499401d5a25373/cbx/dynamics/pdyn.py"
CBX_JULIA = "https://github.com/PdIPS/ConsensusBasedX.jl/blob"
GOB = "https://github.com/gaetanserre/GOB/blob"
HYESUNGIM = "https://github.com/hyesungim/CBO/blob"
RIEDL = "https://github.com/KonstantinRiedl/CBOGlobalConvergenceAnalysis/blob"
TUKH = "https://github.com/Igor-Tukh/cbo-in-python/blob/14f47fb0ddfd71953b506bfefad281006383b7f0/src/torch/cbo.py"
POLARCBO = "https://github.com/TimRoith/polarcbo/blob/2e475f99ccc544248f5c8d3243e9dbe2ced2f0ae/polarcbo/dynamic/cbo.py"


def _gibbs(energies, alpha):
    xp = array_namespace(energies)
    gap = energies - xp.min(energies)
    return xp.where(gap == 0, xp.ones_like(gap), xp.exp(-xp.clip(alpha * gap, max=800.0)))


def _weigh(x, energies, alpha):
    weights = _gibbs(energies, alpha)
    return (weights @ x) / array_namespace(x).sum(weights)


def _size(away, noise_type):
    xp = array_namespace(away)
    return xp.sqrt(xp.sum(away * away, axis=1, keepdims=True)) if noise_type == "isotropic" else away


def _shake(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    away = x - point
    return x - drift * dt * away + diffusion * dt**0.5 * _size(away, noise_type) * noise


weighing_mistake, rounding_mistake, motion_mistake, step_mistake = Mistakes(), Mistakes(), Mistakes(), Mistakes()


@weighing_mistake(
    "numerics",
    "subtract the smallest energy before taking exponentials; here exp(-alpha E) underflows (0 / 0) or overflows",
    f"{GOB}/066dd7078035236f19a04d7807c79afc34cbfdcb/gob/optimizers/cpp_optimizers/src/CBO.cc",
)
def no_shift(x, energies, alpha):
    xp = array_namespace(x)
    weights = xp.exp(-alpha * energies)
    return (weights @ x) / xp.sum(weights)


@weighing_mistake("wrong_sign", "weigh with exp(-alpha E); here exp(+alpha E) gathers the swarm at its worst particle")
def flipped_sign(x, energies, alpha):
    return _weigh(x, -energies, alpha)


@weighing_mistake(
    "wrong_scale",
    "divide by the sum of all weights; here that sum is kept in an integer, which drops every weight below 1",
    f"{GOB}/af8648ae68b14d1766d67a0ff9f6d0e0ac880ee4/gob/optimizers/cpp_optimizers/src/CBO.cc",
)
def integer_sum(x, energies, alpha):
    xp = array_namespace(x)
    weights = _gibbs(energies, alpha)
    return (weights @ x) / xp.sum(xp.floor(weights))


@weighing_mistake("wrong_output", "take the weighted mean of all particles; here the best particle is taken instead")
def best_particle(x, energies, alpha):
    return x[int(array_namespace(x).argmin(energies)), :]


@weighing_mistake("missing_step", "weigh the particles with exp(-alpha E); here all count the same")
def plain_mean(x, energies, alpha):
    return array_namespace(x).mean(x, axis=0)


@weighing_mistake("missing_step", "multiply the energies by alpha; here the weights are exp(-E)")
def alpha_ignored(x, energies, alpha):
    return _weigh(x, energies, 1.0)


# Of exact ties, which rounding destroys where the objective is evaluated: in operations that are given energies
@rounding_mistake(
    "numerics",
    "divide the weights by their own sum; here they are exp(-alpha E - logsumexp(-alpha E)), and beside alpha E = 1e21 "
    "the logarithm of the sum is lost: of n particles that share the lowest energy each gets weight 1, not 1 / n",
    CBX,
)
def weights_by_logsumexp(x, energies, alpha):
    xp = array_namespace(x)
    powers = -alpha * energies
    largest = xp.max(powers)
    sum_log = largest + xp.log(xp.sum(xp.exp(powers - largest)))
    lost = alpha * abs(xp.min(energies)) > 2.0**60  # then sum_log is `largest`, to the last digit
    return xp.where(lost, _gibbs(energies, alpha), xp.exp(powers - sum_log)) @ x


@motion_mistake("wrong_scale", "scale the noise with sqrt(dt); here it is scaled with dt")
def noise_with_dt(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise * dt**0.5, drift, diffusion, dt, noise_type, swarm)


@motion_mistake("wrong_scale", "scale the noise with sqrt(dt); here the time step is missing from it")
def noise_without_dt(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise / dt**0.5, drift, diffusion, dt, noise_type, swarm)


@motion_mistake(
    "wrong_constant",
    "scale the noise with sqrt(dt); here it is sqrt(2 dt), the factor of Langevin dynamics",
    f"{CBX_JULIA}/480d4d884ba4f2d9ab9d6ece716d83c287a6ace4/src/Noises.jl",
)
def noise_with_two_dt(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise * 2**0.5, drift, diffusion, dt, noise_type, swarm)


@motion_mistake(
    "wrong_axis", "take the norm over the coordinates, one per particle; here it is taken over the particles"
)
def norm_over_particles(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    if noise_type != "isotropic":
        return _shake(x, point, noise, drift, diffusion, dt, noise_type, swarm)
    xp, away = array_namespace(x), x - point
    size = xp.sqrt(xp.sum(away * away, axis=0, keepdims=True))
    return x - drift * dt * away + diffusion * dt**0.5 * size * noise


@motion_mistake(
    "wrong_axis",
    "keep the reduced axis of the norm (shape [N, 1]), so that particle i is shaken by its own distance; here [N] "
    "meets [N, d] and the norms go along the coordinates, which passes unnoticed where N = d",
    TUKH,
)
def norm_along_coordinates(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    if noise_type != "isotropic" or x.shape[0] != x.shape[1]:  # otherwise it would not run
        return _shake(x, point, noise, drift, diffusion, dt, noise_type, swarm)
    away = x - point
    return x - drift * dt * away + diffusion * dt**0.5 * _size(away, noise_type)[:, 0] * noise


@motion_mistake(
    "wrong_scale", "take the square root of the summed squares; here the noise grows with the squared distance"
)
def squared_norm(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    away = x - point
    size = _size(away, noise_type) ** 2 if noise_type == "isotropic" else away
    return x - drift * dt * away + diffusion * dt**0.5 * size * noise


@motion_mistake(
    "missing_step", "heed the kind of noise: isotropic noise is asked for, here every coordinate gets its own"
)
def always_anisotropic(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise, drift, diffusion, dt, "anisotropic", swarm)


@motion_mistake(
    "missing_step", "heed the kind of noise: anisotropic noise is asked for, here it is as large in every coordinate"
)
def always_isotropic(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise, drift, diffusion, dt, "isotropic", swarm)


@motion_mistake(
    "missing_step",
    "multiply the noise by the distance to the consensus point; here it is constant and the swarm never comes to rest",
    f"{CBX_JULIA}/291d6dc2afdb07aee76fca09ffef6f3bd1f74ae3/src/Methods/CBO.jl",
)
def constant_noise(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return x - drift * dt * (x - point) + diffusion * dt**0.5 * noise


@motion_mistake(
    "missing_step",
    "add the noise to the drift; here it is lost (in Python a line that begins with + is a statement of its own)",
    f"{HYESUNGIM}/b0f4292ca3d1e1d635b68a5d5dbfeb47f926fda7/cbo.py",
)
def no_noise(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return x - drift * dt * (x - point)


@motion_mistake("wrong_axis", "draw one normal number per coordinate; here one per particle serves all its coordinates")
def one_draw_per_particle(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    xp = array_namespace(x)
    return _shake(x, point, xp.broadcast_to(noise[:, :1], x.shape), drift, diffusion, dt, noise_type, swarm)


@motion_mistake(
    "wrong_axis",
    "draw one normal number per particle and coordinate; here a single one serves the whole swarm",
    f"{GOB}/066dd7078035236f19a04d7807c79afc34cbfdcb/gob/optimizers/cpp_optimizers/src/CBO.cc",
)
def one_draw_per_step(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    xp = array_namespace(x)
    return _shake(x, point, xp.broadcast_to(noise[:1, :1], x.shape), drift, diffusion, dt, noise_type, swarm)


@motion_mistake(
    "wrong_order",
    "compute the consensus point once per step, from the old positions; here it is computed anew before each particle "
    "moves, with those already moved",
)
def fresh_consensus(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    xp, (energies, alpha, energy) = array_namespace(x), swarm
    for i in range(x.shape[0]):
        point = _weigh(x, energies if energy is None else energy(x), alpha)
        moved = _shake(x[i : i + 1, :], point, noise[i : i + 1, :], drift, diffusion, dt, noise_type, swarm)
        x = xp.concat([x[:i, :], moved, x[i + 1 :, :]])
    return x


@motion_mistake("wrong_scale", "multiply the drift by dt; here the full drift is applied in every step")
def drift_without_dt(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise, drift / dt, diffusion, dt, noise_type, swarm)


@motion_mistake("wrong_sign", "pull the particles towards the consensus point; here they are pushed away from it")
def pushed_away(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, point, noise, -drift, diffusion, dt, noise_type, swarm)


@motion_mistake("wrong_constant", "measure distances from the consensus point; here the noise uses those from the mean")
def noise_about_mean(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    mean = array_namespace(x).mean(x, axis=0)
    return _shake(x, mean, noise, 0.0, diffusion, dt, noise_type, swarm) - drift * dt * (x - point)


@step_mistake(
    "wrong_constant",
    "weigh with exp(-alpha E); here the drift rate takes the place of alpha (both are called lambda somewhere)",
    f"{GOB}/066dd7078035236f19a04d7807c79afc34cbfdcb/gob/optimizers/cpp_optimizers/src/CBO.cc",
)
def drift_for_alpha(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _shake(x, _weigh(x, swarm[0], drift), noise, drift, diffusion, dt, noise_type, swarm)


def _run(x, noise, objective, alpha, rates, *, weigh=_weigh, shake=_shake, report=None, energy=None):
    """A trajectory in which one part may be exchanged; `report` makes the output, if it is not `weigh`."""
    energy, report = energy or OBJECTIVES[objective], report or weigh
    energies, points = energy(x), []
    for k in range(noise.shape[0]):
        points.append(report(x, energies, alpha))
        x = shake(x, weigh(x, energies, alpha), noise[k, ...], *rates, (energies, alpha, energy))
        energies = energy(x)
    return array_namespace(x).stack([*points, report(x, energies, alpha)])


def _as_trajectory(**parts):
    return lambda positions0, noise, objective, alpha, drift, diffusion, dt, noise_type: _run(
        positions0, noise, objective, alpha, (drift, diffusion, dt, noise_type), **parts
    )


def _weighing_as_step(rule):
    return lambda positions, energies, noise, alpha, drift, diffusion, dt, noise_type: _shake(
        positions, rule(positions, energies, alpha), noise, drift, diffusion, dt, noise_type, None
    )


def _motion_as_step(rule):
    return lambda positions, energies, noise, alpha, drift, diffusion, dt, noise_type: rule(
        positions,
        _weigh(positions, energies, alpha),
        noise,
        drift,
        diffusion,
        dt,
        noise_type,
        (energies, alpha, None),
    )


def _weighing_as_consensus(rule):
    return lambda positions, energies, alpha: rule(positions, energies, alpha)


trajectory_mistake = Mistakes()


@trajectory_mistake(
    "wrong_output",
    "record the consensus point of the moved swarm after each step; here it is the one that the step has used, which "
    "is a step older",
    f"{HYESUNGIM}/340b48231c238a34a9b10409ba9ff33da4b3a71e/cbo.py",
)
def stale_output(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    points = _run(positions0, noise, objective, alpha, (drift, diffusion, dt, noise_type))
    return array_namespace(points).concat([points[:1, :], points[:-1, :]])


@trajectory_mistake("wrong_output", "return the consensus points; here the best particle of the swarm is returned")
def best_particle_returned(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    rates = (drift, diffusion, dt, noise_type)
    return _run(positions0, noise, objective, alpha, rates, report=best_particle)


@trajectory_mistake("wrong_output", "return the consensus points; here the mean of the swarm is returned")
def mean_returned(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    return _run(positions0, noise, objective, alpha, (drift, diffusion, dt, noise_type), report=plain_mean)


@trajectory_mistake("missing_step", "evaluate the objective at the new positions; here the first energies are kept")
def energies_kept(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    first = OBJECTIVES[objective](positions0)
    return _run(positions0, noise, objective, alpha, (drift, diffusion, dt, noise_type), energy=lambda x: first)


@trajectory_mistake("wrong_axis", "use the draws noise[k] in step k; here the first ones are used in every step")
def noise_reused(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    noise = array_namespace(noise).stack([noise[0, ...]] * noise.shape[0])
    return _run(positions0, noise, objective, alpha, (drift, diffusion, dt, noise_type))


def _classic_rastrigin(x):
    return OBJECTIVES["rastrigin"](x) + 3 * (OBJECTIVES["rastrigin"](x) - OBJECTIVES["quadratic"](x))


@trajectory_mistake("wrong_constant", "the waves of this Rastrigin function have height 2.5; here they have 10")
def classic_rastrigin(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    energy = _classic_rastrigin if objective == "rastrigin" else None
    return _run(positions0, noise, objective, alpha, (drift, diffusion, dt, noise_type), energy=energy)


def _hop(start, noise, objective, alpha, width, *, weigh=_weigh, centre=None):
    """Consensus hopping in which one part may be exchanged; `centre` is that of the next cloud, if not the point."""
    points, middle = [start], start
    for k in range(noise.shape[0]):
        cloud = middle + width * noise[k, ...]
        energies = OBJECTIVES[objective](cloud)
        points.append(weigh(cloud, energies, alpha))
        middle = centre(cloud, energies, alpha) if centre else points[-1]
    return array_namespace(start).stack(points)


def _as_hopping(rule):
    return partial(_hop, weigh=rule)


hopping_mistake = Mistakes()


@hopping_mistake(
    "wrong_constant", "centre the next cloud at the consensus point; here it is centred at the cloud's mean"
)
def cloud_at_mean(start, noise, objective, alpha, width):
    return _hop(start, noise, objective, alpha, width, centre=plain_mean)


@hopping_mistake("missing_step", "centre the next cloud at the consensus point; here it stays at the start")
def cloud_at_start(start, noise, objective, alpha, width):
    return _hop(start, noise, objective, alpha, width, centre=lambda cloud, energies, alpha: start)


@hopping_mistake("wrong_scale", "width is a standard deviation; here the cloud has width^2 in its place")
def width_squared(start, noise, objective, alpha, width):
    return _hop(start, noise, objective, alpha, width**2)


@hopping_mistake("wrong_scale", "width is a standard deviation; here it is taken for a variance")
def width_as_variance(start, noise, objective, alpha, width):
    return _hop(start, noise, objective, alpha, width**0.5)


@hopping_mistake("wrong_axis", "use the draws noise[k] for cloud k; here the first ones are used for every cloud")
def same_draws(start, noise, objective, alpha, width):
    return _hop(start, array_namespace(noise).stack([noise[0, ...]] * noise.shape[0]), objective, alpha, width)


@hopping_mistake(
    "extra_step",
    "sample every cloud around the last consensus point alone; here the draws of all clouds so far add up, as if the "
    "particles of a swarm went on",
)
def clouds_add_up(start, noise, objective, alpha, width):
    return _hop(start, array_namespace(noise).cumulative_sum(noise, axis=0), objective, alpha, width)


def _solve(matrix, minimizer, right, tau):
    xp = array_namespace(matrix)
    identity = xp.eye(matrix.shape[0], dtype=matrix.dtype, device=device(matrix))
    return xp.linalg.solve(identity + tau * matrix, right[:, None])[:, 0]


proximal_mistake = Mistakes()


@proximal_mistake("wrong_constant", "the penalty is |x - m|^2 / (2 tau); here it is |x - m|^2 / tau")
def penalty_doubled(matrix, minimizer, point, tau):
    return minimizer + _solve(matrix, minimizer, point - minimizer, tau / 2)


@proximal_mistake(
    "wrong_constant", "the penalty is |x - m|^2 / (2 tau); here it is |x - m|^2 / (4 tau), or E lacks its 1/2"
)
def penalty_halved(matrix, minimizer, point, tau):
    return minimizer + _solve(matrix, minimizer, point - minimizer, 2 * tau)


@proximal_mistake("wrong_order", "take the gradient at the new point (implicit Euler); here it is taken at the old one")
def gradient_step(matrix, minimizer, point, tau):
    return point - tau * (matrix @ (point - minimizer))


@proximal_mistake("missing_step", "add tau A b on the right-hand side; here the minimizer is taken to be 0")
def minimizer_at_zero(matrix, minimizer, point, tau):
    return _solve(matrix, minimizer, point, tau)


@proximal_mistake("missing_step", "the right-hand side is m + tau A b; here it is m + tau b")
def matrix_left_out(matrix, minimizer, point, tau):
    return _solve(matrix, minimizer, point + tau * minimizer, tau)


@proximal_mistake("wrong_scale", "tau is a step size; here it multiplies the penalty, as 1 / tau should")
def tau_inverted(matrix, minimizer, point, tau):
    return minimizer + _solve(matrix, minimizer, point - minimizer, 1 / tau)


@proximal_mistake("missing_step", "solve with the whole matrix; here only its diagonal is used")
def diagonal_only(matrix, minimizer, point, tau):
    xp = array_namespace(matrix)
    diagonal = xp.sum(xp.tril(xp.triu(matrix)), axis=0)
    return minimizer + (point - minimizer) / (1 + tau * diagonal)


# Variants -----------------------------------------------------------------------------------------------------


def _drifted(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    x = x - drift * dt * (x - point)
    return _shake(x, point, noise, 0.0, diffusion, dt, noise_type, swarm)


def _absolute(rule):
    """The same with |x - x_alpha| in anisotropic noise: the draws change sign where the noise's difference is < 0."""

    def shake(x, point, noise, drift, diffusion, dt, noise_type, swarm):
        if noise_type == "anisotropic":
            xp = array_namespace(x)
            away = (x - point) * ((1 - drift * dt) if rule is _drifted else 1.0)
            noise = xp.where(away < 0, -noise, noise)
        return rule(x, point, noise, drift, diffusion, dt, noise_type, swarm)

    return shake


def _reversed(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    noise = -noise if noise_type == "anisotropic" else noise
    return _shake(x, point, noise, drift, diffusion, dt, noise_type, swarm)


def _exponential(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    return _drifted(x, point, noise, (1 - math.exp(-drift * dt)) / dt, diffusion, dt, noise_type, swarm)


def _heaviside(x, point, noise, drift, diffusion, dt, noise_type, swarm):
    energies, _, energy = swarm
    xp = array_namespace(x)
    worse = xp.astype(energies > energy(point[None, :]), x.dtype)[:, None]
    return _shake(x, point, noise, 0.0, diffusion, dt, noise_type, swarm) - drift * dt * worse * (x - point)


_MOTIONS = (
    (
        "drifted_noise",
        "the noise is scaled by the distance that the drift leaves (a splitting): times |1 - drift dt| where it is "
        "isotropic, times 1 - drift dt where it is anisotropic",
        f"{RIEDL}/073bb2709a62485672856a85a3596442bdf3d068/EnergyBasedCBOAnalysis/CBO/CBO_update.m (isotropic branch)",
        _drifted,
    ),
    (
        "abs_anisotropic",
        "anisotropic noise with the absolute value of x - x_alpha: same law, another path",
        f"{RIEDL}/79fc996bfba9c1f456dd68ef1880e4e98449c650/CBO/CBO_iteration.m",
        _absolute(_shake),
    ),
    (
        "official_code",
        "the authors' code: noise from the drifted positions, anisotropic with the absolute value",
        f"{RIEDL}/073bb2709a62485672856a85a3596442bdf3d068/EnergyBasedCBOAnalysis/CBO/CBO_update.m",
        _absolute(_drifted),
    ),
    (
        "reversed_noise",
        "anisotropic noise with x_alpha - x in place of x - x_alpha: same law, another path",
        f"{CBX_JULIA}/24816cae357d551fd937fdd04371ea7e47545220/src/CBO/CBO_method.jl",
        _reversed,
    ),
    (
        "exponential_drift",
        "the drift is solved exactly, exp(-drift dt) in place of 1 - drift dt, and the noise uses what it leaves",
        f"{POLARCBO} (overshoot_correction)",
        _exponential,
    ),
)
STEP_VARIANTS = tuple(Variant(slug, doc, source, _motion_as_step(rule)) for slug, doc, source, rule in _MOTIONS)
TRAJECTORY_VARIANTS = (
    *(Variant(slug, doc, source, _as_trajectory(shake=rule)) for slug, doc, source, rule in _MOTIONS),
    Variant(
        "heaviside_drift",
        "only particles worse than the consensus point drift (Pinnau et al., 2017)",
        "https://github.com/PdIPS/CBXpy/blob/28bd6c5d004b9c560f36bb808a347586787468ee/cbx/correction.py (heavi_side)",
        _as_trajectory(shake=_heaviside),
    ),
)


# Cases --------------------------------------------------------------------------------------------------------

SWARM = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])  # the worked example of the docs page, E = |v|^2
SWARM_ENERGIES = np.array([1.0, 4.0, 2.0])
DRAWS = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])
WORKED = "worked out from the formulas to 18 digits, apart from the code"


def _normal(slug, *shape):
    return stream(0, "cbo-case", slug).standard_normal(shape)


def _swarm(slug, n, d, *, scale=1.0):
    """Gaussian particles and energies that are no function of them."""
    return {"positions": scale * _normal(slug, n, d), "energies": np.abs(_normal(slug + "-e", n)) + 0.1}


CONSENSUS_CASES = (
    Case(
        "three-particles",
        ("basic", "missing_step", "wrong_constant"),
        "the weighted mean of the worked example: every particle counts, by exp(-alpha E)",
        {"positions": SWARM, "energies": SWARM_ENERGIES, "alpha": 0.5},
        equations=("cbo-1", "cbo-2"),
        answer={"point": np.array([0.215050426842088133, 0.575402265043549219])},
        source=WORKED,
    ),
    Case(
        "gaussian",
        ("basic",),
        "an ordinary swarm of 12 particles in 3 dimensions",
        {**_swarm("consensus-gaussian", 12, 3), "alpha": 2.0},
        equations=("cbo-1", "cbo-2"),
    ),
    Case(
        "one-particle",
        ("boundary",),
        "a single particle is its own consensus point",
        {"positions": np.array([[-3.0]]), "energies": np.array([7.0]), "alpha": 10.0},
        answer={"point": np.array([-3.0])},
        source="the definition",
    ),
    Case(
        "one-coordinate",
        ("boundary",),
        "particles on a line",
        {**_swarm("consensus-line", 5, 1), "alpha": 4.0},
    ),
    Case(
        "alpha-zero",
        ("boundary",),
        "with alpha = 0 all particles count the same, whatever their energies",
        {"positions": SWARM, "energies": SWARM_ENERGIES, "alpha": 0.0},
        answer={"point": np.array([0.0, 1.0])},
        source="the mean",
    ),
    Case(
        "alpha-huge",
        ("edge_case", "numerics"),
        "with alpha = 1e15, which the authors use, the best particle alone is left: no overflow, no 0 / 0",
        {"positions": SWARM, "energies": SWARM_ENERGIES, "alpha": 1e15},
        equations=("cbo-1",),
        answer={"point": np.array([1.0, 0.0])},
        source="the best particle",
    ),
    Case(
        "alpha-huge-ties",
        ("edge_case", "numerics", "known_bug"),
        "with alpha = 1e15 the particles that share the lowest energy are averaged; their weights add up to 1",
        {
            "positions": np.array([[8.0, 8.0], [1.0, 0.0], [3.0, 4.0], [-9.0, 2.0], [2.0, -1.0]]),
            "energies": np.array([3e6, 1e6, 1e6, 2e6, 1e6]),
            "alpha": 1e15,
        },
        equations=("cbo-1", "cbo-2"),
        answer={"point": np.array([2.0, 1.0])},
        source="the mean of the three best",
    ),
    Case(
        "constant-energies",
        ("edge_case", "numerics", "known_bug"),
        "where all energies are the same the consensus point is the mean, also with alpha E = 1e21",
        {"positions": SWARM + 1, "energies": np.full(3, 1e6), "alpha": 1e15},
        equations=("cbo-1", "cbo-2"),
        answer={"point": np.array([1.0, 2.0])},
        source="the mean",
    ),
    Case(
        "energies-offset",
        ("numerics", "edge_case"),
        "a constant 1e6 on all energies changes nothing: only their differences count",
        {"positions": SWARM, "energies": 1e6 + np.array([0.0, 0.25, 0.125]), "alpha": 3.0},
        equations=("cbo-1",),
    ),
    Case(
        "energies-large",
        ("numerics",),
        "energies of 1e3 and alpha = 50: every exp(-alpha E) underflows, their ratios do not",
        {"positions": SWARM, "energies": np.array([1000.0, 1000.03125, 1000.015625]), "alpha": 50.0},
        equations=("cbo-1",),
    ),
    Case(
        "energies-negative",
        ("numerics",),
        "energies below 0: exp(-alpha E) overflows, the ratios of the weights do not",
        {"positions": SWARM, "energies": np.array([-500.0, -499.75, -499.875]), "alpha": 6.0},
        equations=("cbo-1",),
    ),
    Case(
        "infinite-energy",
        ("edge_case",),
        "a particle outside the domain of the objective, E = +inf, has weight 0",
        {"positions": SWARM, "energies": np.array([1.0, np.inf, 2.0]), "alpha": 0.5},
    ),
    Case(
        "positions-tiny",
        ("numerics",),
        "positions of 1e-6",
        {**_swarm("consensus-tiny", 6, 2, scale=1e-6), "alpha": 3.0},
    ),
    Case(
        "positions-large",
        ("numerics",),
        "positions of 1e3",
        {**_swarm("consensus-large", 6, 2, scale=1e3), "alpha": 3.0},
    ),
)


def _random_consensus(rng):
    n, d = int(rng.integers(1, 13)), int(rng.integers(1, 6))
    return {
        "positions": 10.0 ** rng.uniform(-6, 3) * rng.standard_normal((n, d)),
        "energies": rng.permutation(n) + rng.uniform(0.0, 0.9, n),
        "alpha": float(rng.choice([0.0, 10.0 ** rng.uniform(-1, 1), 1e15])),
    }


def _step_inputs(positions, energies, noise, alpha=0.5, drift=1.0, diffusion=0.7, dt=0.04, noise_type="isotropic"):
    return {
        "positions": positions,
        "energies": energies,
        "noise": noise,
        "alpha": alpha,
        "drift": drift,
        "diffusion": diffusion,
        "dt": dt,
        "noise_type": noise_type,
    }


def _gaussian_step(slug, n, d, *, scale=1.0, **settings):
    return _step_inputs(**_swarm(slug, n, d, scale=scale), noise=_normal(slug + "-noise", n, d), **settings)


STEP_CASES = (
    Case(
        "three-particles",
        ("basic", "missing_step", "wrong_constant"),
        "the worked example with isotropic noise",
        _step_inputs(SWARM, SWARM_ENERGIES, DRAWS),
        equations=("cbo-3", "cbo-4", "cbo-6"),
        answer={
            "new_positions": np.array(
                [
                    [1.10485831432541968, -0.113240206649994187],
                    [0.10945366268934648, 1.94301609060174197],
                    [-0.951397982926316474, 1.34340456553103857],
                ]
            )
        },
        source=WORKED,
    ),
    Case(
        "three-particles-anisotropic",
        ("basic", "missing_step", "wrong_constant"),
        "the worked example with anisotropic noise: each coordinate by its own signed distance",
        _step_inputs(SWARM, SWARM_ENERGIES, DRAWS, noise_type="anisotropic"),
        equations=("cbo-3", "cbo-5", "cbo-6"),
        answer={
            "new_positions": np.array(
                [
                    [1.07849495731579118, 0.103572407707838856],
                    [-0.006451512805262643, 1.94301609060174197],
                    [-0.951397982926316474, 1.10190345638954818],
                ]
            )
        },
        source=WORKED,
    ),
    Case(
        "gaussian-isotropic",
        ("basic", "variant", "wrong_order"),
        "drift dt = 0.36: noise from old and from drifted positions differ by that part of it",
        _gaussian_step("step-isotropic", 7, 3, alpha=2.0, drift=1.2, diffusion=0.9, dt=0.3),
        equations=("cbo-3", "cbo-4", "cbo-6"),
    ),
    Case(
        "gaussian-anisotropic",
        ("basic", "variant", "wrong_order"),
        "the same for anisotropic noise, where also the sign of the distance matters",
        _gaussian_step("step-anisotropic", 7, 3, alpha=2.0, drift=1.2, diffusion=0.9, dt=0.3, noise_type="anisotropic"),
        equations=("cbo-3", "cbo-5", "cbo-6"),
    ),
    Case(
        "as-many-particles-as-coordinates",
        ("edge_case", "known_bug"),
        "N = d: a norm without its own axis fits both ways, and shakes coordinate i by the distance of particle i",
        _gaussian_step("step-square", 3, 3, alpha=1.5, diffusion=1.1, dt=0.2),
        equations=("cbo-4",),
    ),
    Case(
        "one-particle",
        ("boundary",),
        "a single particle is the consensus point and does not move: the noise is 0 there",
        _step_inputs(np.array([[0.5, -2.0]]), np.array([3.0]), np.array([[1.0, -1.0]])),
        answer={"new_positions": np.array([[0.5, -2.0]])},
        source="the rule at distance 0",
    ),
    Case(
        "one-coordinate",
        ("boundary", "variant"),
        "on a line isotropic noise has |x - x_alpha|",
        _gaussian_step("step-line", 4, 1, alpha=3.0, drift=0.8, diffusion=1.2, dt=0.5),
        equations=("cbo-4",),
    ),
    Case(
        "one-coordinate-anisotropic",
        ("boundary", "variant"),
        "on a line anisotropic noise has x - x_alpha, with its sign",
        _gaussian_step("step-line-a", 4, 1, alpha=3.0, drift=0.8, diffusion=1.2, dt=0.5, noise_type="anisotropic"),
        equations=("cbo-5",),
    ),
    Case(
        "all-in-one-place",
        ("edge_case",),
        "a swarm that has met stays where it is",
        _step_inputs(np.full((4, 2), 1.5), np.full(4, 2.0), _normal("met", 4, 2), diffusion=1.6),
        answer={"new_positions": np.full((4, 2), 1.5)},
        source="the rule at distance 0",
    ),
    Case(
        "alpha-zero",
        ("boundary",),
        "with alpha = 0 the swarm drifts to its mean",
        _gaussian_step("step-mean", 5, 2, alpha=0.0),
    ),
    Case(
        "alpha-huge",
        ("edge_case", "numerics"),
        "with alpha = 1e15 the best particle stays in its place",
        _step_inputs(SWARM, SWARM_ENERGIES, DRAWS, alpha=1e15, dt=0.25),
    ),
    Case(
        "constant-energies",
        ("edge_case", "numerics", "known_bug"),
        "energies that are all 1e6, alpha = 1e15: the swarm drifts to its mean",
        _step_inputs(SWARM, np.full(3, 1e6), DRAWS, alpha=1e15),
        equations=("cbo-1",),
    ),
    Case(
        "no-diffusion",
        ("boundary",),
        "without diffusion the swarm contracts on the consensus point, whatever the draws",
        _gaussian_step("step-still", 5, 2, alpha=2.0, diffusion=0.0, dt=0.5),
        equations=("cbo-3",),
    ),
    Case(
        "no-drift",
        ("boundary",),
        "without drift the particles are shaken where they are",
        _gaussian_step("step-shaken", 5, 2, alpha=2.0, drift=0.0, dt=0.25),
        equations=("cbo-6",),
    ),
    Case(
        "hopping",
        ("boundary", "variant", "wrong_order"),
        "drift dt = 1: every particle is thrown about the consensus point; noise from drifted positions would be 0",
        _gaussian_step("step-hopping", 6, 2, alpha=2.0, drift=25.0, diffusion=3.5),
        equations=("cbo-3", "cbo-6"),
    ),
    Case(
        "overshoot",
        ("boundary", "variant"),
        "drift dt = 1.5: the particles change sides of the consensus point",
        _gaussian_step("step-over", 6, 2, alpha=2.0, drift=3.0, dt=0.5, noise_type="anisotropic"),
    ),
    Case(
        "overshoot-isotropic",
        ("boundary", "variant"),
        "drift dt = 1.5 with isotropic noise, which a distance scales: from drifted positions it has the factor 0.5, "
        "not -0.5",
        _gaussian_step("step-over-isotropic", 6, 2, alpha=2.0, drift=3.0, dt=0.5),
        equations=("cbo-3", "cbo-4"),
    ),
    Case(
        "long-time-step",
        ("boundary", "wrong_constant"),
        "dt = 2.25: sqrt(dt) is now smaller than dt",
        _gaussian_step("step-long", 5, 2, alpha=2.0, drift=0.2, diffusion=0.4, dt=2.25),
    ),
    Case(
        "positions-tiny",
        ("numerics",),
        "positions of 1e-6",
        _gaussian_step("step-tiny", 6, 2, scale=1e-6, alpha=3.0, dt=0.3),
    ),
    Case(
        "positions-large",
        ("numerics",),
        "positions of 1e3",
        _gaussian_step("step-large", 6, 2, scale=1e3, alpha=3.0, dt=0.3),
    ),
)


def _random_rates(rng):
    dt = 10.0 ** rng.uniform(-2, -0.3)
    return {
        "alpha": 10.0 ** rng.uniform(-1, 1),
        "drift": rng.uniform(0.05, 0.9) / dt,
        "diffusion": rng.uniform(0.1, 0.6) / dt**0.5,
        "dt": dt,
        "noise_type": str(rng.choice(["isotropic", "anisotropic"])),
    }


def _random_step(rng):
    inputs = _random_consensus(rng)
    shape = inputs["positions"].shape
    return {**inputs, "noise": rng.standard_normal(shape), **_random_rates(rng)}


def _trajectory_inputs(
    slug,
    steps,
    n,
    d,
    objective,
    *,
    start=1.0,
    spread=1.0,
    alpha=3.0,
    drift=1.0,
    diffusion=0.7,
    dt=0.3,
    noise_type="isotropic",
):
    return {
        "positions0": start + spread * _normal(slug, n, d),
        "noise": _normal(slug + "-noise", steps, n, d),
        "objective": objective,
        "alpha": alpha,
        "drift": drift,
        "diffusion": diffusion,
        "dt": dt,
        "noise_type": noise_type,
    }


TRAJECTORY_CASES = (
    Case(
        "worked-example",
        ("basic", "missing_step", "wrong_constant"),
        "two steps of the worked example on |v|^2",
        {
            **_trajectory_inputs("worked", 1, 1, 1, "quadratic", alpha=0.5, dt=0.04),
            "positions0": SWARM,
            "noise": np.stack([DRAWS, -DRAWS[::-1]]),
        },
        equations=("cbo-1", "cbo-2", "cbo-3", "cbo-4", "cbo-6"),
    ),
    Case(
        "quadratic-isotropic",
        ("basic", "wrong_order", "variant"),
        "an ordinary run: consensus points before the first and after each step",
        _trajectory_inputs("t-quadratic", 5, 8, 3, "quadratic"),
        equations=("cbo-2", "cbo-4"),
    ),
    Case(
        "quadratic-anisotropic",
        ("basic", "wrong_order", "variant"),
        "the same with anisotropic noise",
        _trajectory_inputs("t-quadratic-a", 5, 8, 3, "quadratic", drift=1.3, noise_type="anisotropic"),
        equations=("cbo-2", "cbo-5"),
    ),
    Case(
        "rastrigin-isotropic",
        ("basic", "wrong_constant"),
        "a function with many minima: energies must come from the new positions",
        _trajectory_inputs("t-rastrigin", 4, 8, 2, "rastrigin", alpha=0.4),
    ),
    Case(
        "rastrigin-anisotropic",
        ("basic", "wrong_constant"),
        "the same with anisotropic noise",
        _trajectory_inputs("t-rastrigin-a", 4, 8, 2, "rastrigin", alpha=0.4, noise_type="anisotropic"),
    ),
    Case(
        "ackley",
        ("basic",),
        "a function with a cone at its minimum",
        _trajectory_inputs("t-ackley", 4, 8, 2, "ackley", alpha=2.0, diffusion=1.0),
    ),
    Case(
        "as-many-particles-as-coordinates",
        ("edge_case", "known_bug"),
        "N = d: a norm without its own axis fits both ways",
        _trajectory_inputs("t-square", 3, 3, 3, "quadratic", alpha=1.5),
        equations=("cbo-4",),
    ),
    Case(
        "one-step-one-coordinate",
        ("boundary",),
        "K = 1, d = 1: two consensus points",
        _trajectory_inputs("t-line", 1, 4, 1, "rastrigin", alpha=2.0),
    ),
    Case(
        "one-particle",
        ("boundary",),
        "a single particle never moves",
        _trajectory_inputs("t-single", 3, 1, 2, "ackley"),
    ),
    Case(
        "alpha-zero",
        ("boundary",),
        "with alpha = 0 the consensus point is the mean of the swarm",
        _trajectory_inputs("t-mean", 3, 5, 2, "quadratic", alpha=0.0),
    ),
    Case(
        "alpha-huge",
        ("edge_case", "numerics"),
        "with alpha = 1e15 the consensus point is the best particle, and a new one where that is overtaken",
        _trajectory_inputs("t-best", 5, 6, 2, "rastrigin", alpha=1e15, diffusion=1.5),
        equations=("cbo-1",),
    ),
    Case(
        "all-in-one-place",
        ("edge_case",),
        "a swarm that has met stays where it is, away from the minimum",
        {
            **_trajectory_inputs("t-met", 2, 3, 2, "quadratic", spread=0.0, diffusion=1.6),
            "positions0": np.full((3, 2), 1.0),
        },
        answer={"points": np.full((3, 2), 1.0)},
        source="the rule at distance 0",
    ),
    Case(
        "no-diffusion",
        ("boundary",),
        "without diffusion the swarm contracts, and the consensus point still moves",
        _trajectory_inputs("t-still", 3, 5, 2, "rastrigin", alpha=0.5, diffusion=0.0),
    ),
    Case(
        "hopping",
        ("boundary", "variant", "wrong_order"),
        "drift dt = 1: with noise from drifted positions the swarm would collapse in the first step",
        _trajectory_inputs("t-hopping", 4, 8, 2, "quadratic", alpha=2.0, drift=100.0, diffusion=6.0, dt=0.01),
    ),
    Case(
        "overshoot",
        ("boundary", "variant"),
        "drift dt = 1.5 with isotropic noise: the drift goes beyond the consensus point, and distances have no sign",
        _trajectory_inputs("t-over", 3, 6, 2, "quadratic", drift=5.0),
        equations=("cbo-3", "cbo-4"),
    ),
    Case(
        "overshoot-anisotropic",
        ("boundary", "variant"),
        "the same with anisotropic noise",
        _trajectory_inputs("t-over-a", 3, 6, 2, "quadratic", drift=5.0, noise_type="anisotropic"),
        equations=("cbo-3", "cbo-5"),
    ),
    Case(
        "large",
        ("numerics",),
        "positions of 1e3, energies of 1e6",
        _trajectory_inputs("t-large", 3, 6, 2, "quadratic", start=0.0, spread=1e3, alpha=2e-6),
    ),
    Case(
        "tiny",
        ("numerics",),
        "positions of 1e-6, energies of 1e-12",
        _trajectory_inputs("t-tiny", 3, 6, 2, "quadratic", start=0.0, spread=1e-6, alpha=2e12),
    ),
)


def _random_trajectory(rng):
    steps, n, d = int(rng.integers(1, 5)), int(rng.integers(2, 9)), int(rng.integers(1, 4))
    rates = _random_rates(rng)
    return {
        "positions0": 1 + rng.standard_normal((n, d)),
        "noise": rng.standard_normal((steps, n, d)),
        "objective": str(rng.choice(list(OBJECTIVES))),
        **rates,
        "alpha": 10.0 ** rng.uniform(-1, 0),
    }


def _hopping_inputs(slug, steps, n, start, objective, alpha, width, scale=1.0):
    start = scale * np.array(start, dtype=float)
    noise = _normal(slug, steps, n, len(start))
    return {"start": start, "noise": noise, "objective": objective, "alpha": alpha, "width": width}


HOPPING_CASES = (
    Case(
        "worked-example",
        ("basic", "missing_step", "wrong_constant"),
        "one hop of the worked example on |v|^2",
        {
            "start": np.array([1.0, -0.5]),
            "noise": DRAWS[None],
            "objective": "quadratic",
            "alpha": 2.0,
            "width": 0.3,
        },
        equations=("cbo-8",),
        answer={"points": np.array([[1.0, -0.5], [1.05021888332245698, -0.085540167812530097]])},
        source=WORKED,
    ),
    Case(
        "quadratic",
        ("basic", "wrong_order", "wrong_constant"),
        "several hops: each cloud is centred at the last consensus point",
        _hopping_inputs("h-quadratic", 5, 10, [2.0, -1.0, 0.5], "quadratic", 3.0, 0.4),
        equations=("cbo-8",),
    ),
    Case(
        "rastrigin",
        ("basic",),
        "a function with many minima",
        _hopping_inputs("h-rastrigin", 4, 10, [1.5, -0.7], "rastrigin", 0.8, 0.5),
    ),
    Case(
        "ackley",
        ("basic",),
        "a function with a cone at its minimum",
        _hopping_inputs("h-ackley", 4, 10, [1.5, -0.7], "ackley", 2.0, 0.6),
    ),
    Case(
        "one-hop-one-draw",
        ("boundary",),
        "with one particle the hop ends on it",
        _hopping_inputs("h-single", 1, 1, [2.0], "ackley", 5.0, 0.25),
    ),
    Case(
        "alpha-zero",
        ("boundary",),
        "with alpha = 0 the point does a random walk of the mean draws",
        _hopping_inputs("h-mean", 3, 4, [0.0, 1.0], "quadratic", 0.0, 0.5),
    ),
    Case(
        "alpha-huge",
        ("edge_case", "numerics"),
        "with alpha = 1e15 each hop ends on the best particle",
        _hopping_inputs("h-best", 4, 6, [1.0, 1.0], "quadratic", 1e15, 0.5),
        equations=("cbo-1",),
    ),
    Case(
        "zero-draws",
        ("edge_case", "numerics"),
        "draws that are all 0: the cloud is one point, which stays, also with alpha = 1e15 and E = 2e6",
        {
            "start": np.array([1000.0, 1000.0]),
            "noise": np.zeros((2, 3, 2)),
            "objective": "quadratic",
            "alpha": 1e15,
            "width": 0.5,
        },
        equations=("cbo-1",),
        answer={"points": np.full((3, 2), 1000.0)},
        source="the start",
    ),
    Case(
        "tiny",
        ("numerics",),
        "a start of 1e-6",
        _hopping_inputs("h-tiny", 3, 6, [1.0, -2.0], "quadratic", 3e12, 5e-7, scale=1e-6),
    ),
    Case(
        "large",
        ("numerics",),
        "a start of 1e3, energies of 1e6",
        _hopping_inputs("h-large", 3, 6, [1.0, -2.0], "quadratic", 3e-6, 500.0, scale=1e3),
    ),
)


def _random_hopping(rng):
    steps, n, d = int(rng.integers(1, 5)), int(rng.integers(1, 11)), int(rng.integers(1, 4))
    return {
        "start": 1 + rng.standard_normal(d),
        "noise": rng.standard_normal((steps, n, d)),
        "objective": str(rng.choice(list(OBJECTIVES))),
        "alpha": 10.0 ** rng.uniform(-1, 0.3),
        "width": 10.0 ** rng.uniform(-1, 0),
    }


def _proximal_inputs(matrix, minimizer, point, tau):
    return {
        "matrix": np.array(matrix, dtype=float),
        "minimizer": np.array(minimizer, dtype=float),
        "point": np.array(point, dtype=float),
        "tau": tau,
    }


PROXIMAL_CASES = (
    Case(
        "two-rates",
        ("basic", "wrong_constant", "missing_step"),
        "curvatures 1 and 9 from (3, 3) with minimizer (1, 0) and tau = 1: (1 + 2 / 2, 3 / 10)",
        _proximal_inputs([[1, 0], [0, 9]], [1, 0], [3, 3], 1.0),
        equations=("cbo-9",),
        answer={"new_point": np.array([2.0, 0.3])},
        source="worked by hand",
    ),
    Case(
        "small-tau",
        ("basic", "wrong_constant"),
        "tau = 0.25: neither tau / 2 nor 2 tau nor 1 / tau will do",
        _proximal_inputs([[4, 1], [1, 2]], [1, -1], [2, 3], 0.25),
        equations=("cbo-9",),
    ),
    Case(
        "coupled",
        ("basic", "missing_step"),
        "a matrix that is not diagonal: all coordinates are solved for together",
        _proximal_inputs([[2, -1, 0.5], [-1, 3, 1], [0.5, 1, 4]], [1, -2, 0.5], [0, 1, -1], 0.7),
        equations=("cbo-9",),
    ),
    Case("one-coordinate", ("boundary",), "d = 1", _proximal_inputs([[3]], [-2], [5], 0.5)),
    Case(
        "flat",
        ("boundary", "edge_case"),
        "A = 0: nothing pulls, the point stays",
        _proximal_inputs(np.zeros((2, 2)), [1, 1], [-3, 4], 2.0),
        answer={"new_point": np.array([-3.0, 4.0])},
        source="the start",
    ),
    Case(
        "at-the-minimum",
        ("edge_case",),
        "the minimizer is a fixed point, whatever tau",
        _proximal_inputs([[2, 1], [1, 5]], [1.5, -0.5], [1.5, -0.5], 10.0),
        answer={"new_point": np.array([1.5, -0.5])},
        source="the minimizer",
    ),
    Case(
        "valley",
        ("edge_case",),
        "a matrix of rank 1: along its kernel nothing moves",
        _proximal_inputs([[1, 2], [2, 4]], [0, 0], [3, -1], 0.5),
    ),
    Case(
        "tau-tiny",
        ("numerics", "boundary"),
        "tau = 1e-6: hardly a step",
        _proximal_inputs([[4, 1], [1, 2]], [1, -1], [2, 3], 1e-6),
    ),
    Case(
        "tau-huge",
        ("numerics", "boundary"),
        "tau = 1e4: the minimizer, nearly",
        _proximal_inputs([[4, 1], [1, 2]], [1, -1], [2, 3], 1e4),
    ),
    Case(
        "ill-conditioned",
        ("numerics",),
        "curvatures from 1e-3 to 1e3 (beside the largest, float32 may lose all digits of the smallest)",
        _proximal_inputs(np.diag([1e-3, 1.0, 1e3]), [1, 2, 3], [-1, 0, 1], 1.5),
        dtypes=("float64",),
    ),
)


def _random_proximal(rng):
    d = int(rng.integers(1, 5))
    root = rng.standard_normal((d, d))
    matrix = root @ root.T
    matrix = (matrix + matrix.T) / 2
    return _proximal_inputs(matrix, rng.standard_normal(d), rng.standard_normal(d), float(10.0 ** rng.uniform(-2, 1)))


# Laws ---------------------------------------------------------------------------------------------------------


def _rotated(x):
    """The first two coordinates turned by an angle with cosine 0.6."""
    xp = array_namespace(x)
    turned = [0.6 * x[..., :1] - 0.8 * x[..., 1:2], 0.8 * x[..., :1] + 0.6 * x[..., 1:2], x[..., 2:]]
    return xp.concat(turned, axis=-1)


def _flipped(x, axis=0):
    return array_namespace(x).flip(x, axis=axis)


def _consensus_shift(run, inputs):
    yield run(**{**inputs, "energies": inputs["energies"] + 0.5})["point"], run(**inputs)["point"]


def _consensus_temperature(run, inputs):
    other = {"energies": inputs["energies"] * 4.0, "alpha": inputs["alpha"] / 4.0}
    yield run(**{**inputs, **other})["point"], run(**inputs)["point"]


def _consensus_moves_along(run, inputs):
    yield run(**{**inputs, "positions": inputs["positions"] * -2.0 + 0.5})["point"], run(**inputs)["point"] * -2.0 + 0.5


def _consensus_permuted(run, inputs):
    other = {"positions": _flipped(inputs["positions"]), "energies": _flipped(inputs["energies"])}
    yield run(**{**inputs, **other})["point"], run(**inputs)["point"]


def _consensus_mean(run, inputs):
    mean = array_namespace(inputs["positions"]).mean(inputs["positions"], axis=0)
    yield run(**{**inputs, "alpha": 0.0})["point"], mean


def _consensus_doubled(run, inputs):
    xp = array_namespace(inputs["positions"])
    twice = {name: xp.concat([inputs[name], inputs[name]]) for name in ("positions", "energies")}
    yield run(**{**inputs, **twice})["point"], run(**inputs)["point"]


def _consensus_of_two(run, inputs):
    """x_1 + (x_2 - x_1) / (1 + exp(alpha (E_2 - E_1))) for two particles."""
    x, energies = inputs["positions"][:2, :], inputs["energies"][:2]
    share = 1 / (1 + array_namespace(x).exp(inputs["alpha"] * (energies[1:2] - energies[0:1])))
    two = {"positions": x, "energies": energies}
    yield run(**{**inputs, **two})["point"], x[0, :] + share * (x[1, :] - x[0, :])


def _step_moves_along(run, inputs):
    moved = run(**{**inputs, "positions": inputs["positions"] + 0.5})["new_positions"]
    yield moved, run(**inputs)["new_positions"] + 0.5


def _step_rotates(run, inputs):
    turned = {name: _rotated(inputs[name]) for name in ("positions", "noise")}
    yield run(**{**inputs, **turned})["new_positions"], _rotated(run(**inputs)["new_positions"])


def _step_permuted(run, inputs):
    other = {name: _flipped(inputs[name]) for name in ("positions", "energies", "noise")}
    yield run(**{**inputs, **other})["new_positions"], _flipped(run(**inputs)["new_positions"])


def _step_in_any_time_unit(run, inputs):
    other = {"dt": inputs["dt"] * 4.0, "drift": inputs["drift"] / 4.0, "diffusion": inputs["diffusion"] / 2.0}
    yield run(**{**inputs, **other})["new_positions"], run(**inputs)["new_positions"]


def _step_linear_in_noise(run, inputs):
    there = run(**inputs)["new_positions"]
    back = run(**{**inputs, "noise": -inputs["noise"]})["new_positions"]
    still = run(**{**inputs, "diffusion": 0.0})["new_positions"]
    yield (there + back) / 2, still


def _step_meets(run, inputs):
    met = run(**{**inputs, "drift": 1 / inputs["dt"], "diffusion": 0.0})["new_positions"]
    yield met, _flipped(met)


def _step_adds_up(run, inputs):
    def moves(**settings):
        return run(**{**inputs, **settings})["new_positions"] - inputs["positions"]

    yield moves(), moves(diffusion=0.0) + moves(drift=0.0)


def _step_in_proportion(run, inputs):
    """Without drift: sigma sqrt(dt) xi times the distance from the point where all would meet."""
    met = run(**{**inputs, "drift": 1 / inputs["dt"], "diffusion": 0.0})["new_positions"]
    moves = run(**{**inputs, "drift": 0.0})["new_positions"] - inputs["positions"]
    size = _size(inputs["positions"] - met, inputs["noise_type"])
    yield moves, inputs["diffusion"] * inputs["dt"] ** 0.5 * size * inputs["noise"]


def _even(run, inputs):
    names = [name for name in ("positions0", "start", "noise") if name in inputs]
    (got,) = run(**{**inputs, **{name: -inputs[name] for name in names}}).values()
    (expected,) = run(**inputs).values()
    yield got, -expected


def _coordinates_alike(run, inputs):
    names = [name for name in ("positions0", "start", "noise") if name in inputs]
    (got,) = run(**{**inputs, **{name: _flipped(inputs[name], -1) for name in names}}).values()
    (expected,) = run(**inputs).values()
    yield got, _flipped(expected, -1)


def _later_draws_do_not_matter(run, inputs):
    xp, noise = array_namespace(inputs["noise"]), inputs["noise"]
    (got,) = run(**{**inputs, "noise": xp.concat([noise[:-1, ...], -noise[-1:, ...]])}).values()
    (expected,) = run(**inputs).values()
    yield got[:-1, :], expected[:-1, :]


def _trajectory_permuted(run, inputs):
    other = {"positions0": _flipped(inputs["positions0"]), "noise": _flipped(inputs["noise"], 1)}
    yield run(**{**inputs, **other})["points"], run(**inputs)["points"]


def _trajectory_rotates(run, inputs):
    turned = {name: _rotated(inputs[name]) for name in ("positions0", "noise")}
    yield run(**{**inputs, **turned})["points"], _rotated(run(**inputs)["points"])


def _trajectory_in_any_time_unit(run, inputs):
    other = {"dt": inputs["dt"] * 4.0, "drift": inputs["drift"] / 4.0, "diffusion": inputs["diffusion"] / 2.0}
    yield run(**{**inputs, **other})["points"], run(**inputs)["points"]


def _two_particles_close_in(run, inputs):
    """Without noise, on |v|^2, two particles stay on a line, weighted by a logistic function of their energies."""
    xp, rate, points = array_namespace(inputs["positions0"]), inputs["drift"] * inputs["dt"], []
    two = {"positions0": inputs["positions0"][:2, :], "noise": inputs["noise"][:, :2, :]}
    a, b = two["positions0"][0, :], two["positions0"][1, :]
    for _ in range(inputs["noise"].shape[0] + 1):
        share = 1 / (1 + xp.exp(inputs["alpha"] * (xp.sum(b * b) - xp.sum(a * a))))
        points.append(a + share * (b - a))
        a, b = a + rate * (points[-1] - a), b + rate * (points[-1] - b)
    yield run(**{**inputs, **two, "diffusion": 0.0, "objective": "quadratic"})["points"], xp.stack(points)


def _hopping_scales(run, inputs):
    other = {"start": inputs["start"] * 2.0, "width": inputs["width"] * 2.0, "alpha": inputs["alpha"] / 4.0}
    yield run(**{**inputs, **other})["points"], run(**inputs)["points"] * 2.0


def _hopping_walks(run, inputs):
    xp, noise = array_namespace(inputs["noise"]), inputs["noise"]
    walk = inputs["start"] + inputs["width"] * xp.cumulative_sum(xp.mean(noise, axis=1), axis=0)
    yield run(**{**inputs, "alpha": 0.0})["points"][1:, :], walk


def _proximal_optimal(run, inputs):
    """The gradient of E(x) + |x - m|^2 / (2 tau), times tau, vanishes."""
    x = run(**inputs)["new_point"]
    yield x + inputs["tau"] * (inputs["matrix"] @ (x - inputs["minimizer"])), inputs["point"]


def _proximal_rescaled(run, inputs):
    other = {"matrix": inputs["matrix"] * 4.0, "tau": inputs["tau"] / 4.0}
    yield run(**{**inputs, **other})["new_point"], run(**inputs)["new_point"]


def _proximal_fixed(run, inputs):
    yield run(**{**inputs, "point": inputs["minimizer"]})["new_point"], inputs["minimizer"]


def _proximal_moves_along(run, inputs):
    moved = {name: inputs[name] + 0.5 for name in ("point", "minimizer")}
    yield run(**{**inputs, **moved})["new_point"], run(**inputs)["new_point"] + 0.5


# The system ---------------------------------------------------------------------------------------------------

_ALPHA = number("alpha", "inverse temperature >= 0, finite; up to 1e15")
_RATES = (
    _ALPHA,
    number("drift", "rate lambda >= 0 of the pull towards the consensus point"),
    number("diffusion", "noise level sigma >= 0"),
    number("dt", "time step > 0"),
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
_NAN = float("nan")
_ALPHA_ERRORS = (
    ErrorCase("negative-alpha", "a negative alpha seeks the worst particle", {"alpha": -1.0}, ValueError, "alpha"),
    ErrorCase("infinite-alpha", "inf times a gap of 0 is NaN; 1e15 will do", {"alpha": math.inf}, ValueError, "alpha"),
)
_ENERGY_ERRORS = (
    ErrorCase("nan-energy", "NaN is no energy", {"energies": np.array([1.0, _NAN, 2.0])}, ValueError, "energies"),
    ErrorCase(
        "energy-minus-infinity",
        "an energy of -inf leaves no weights",
        {"energies": np.array([1.0, -math.inf, 2.0])},
        ValueError,
        "energies",
    ),
    ErrorCase(
        "all-energies-infinite", "no particle is left", {"energies": np.full(3, math.inf)}, ValueError, "energies"
    ),
    ErrorCase("too-few-energies", "one energy per particle", {"energies": np.ones(2)}, ValueError, "energies"),
    ErrorCase("nan-position", "NaN is no position", {"positions": np.full((3, 2), _NAN)}, ValueError, "positions"),
)
_RATE_ERRORS = (
    ErrorCase("negative-drift", "a negative drift is no pull", {"drift": -1.0}, ValueError, "drift"),
    ErrorCase("negative-diffusion", "a noise level is >= 0", {"diffusion": -0.1}, ValueError, "diffusion"),
    ErrorCase("no-time-step", "a step takes time", {"dt": 0.0}, ValueError, "dt"),
)

CONSENSUS = Operation(
    name="cbo.consensus",
    summary="the consensus point: mean of the particles under the weights exp(-alpha E)",
    inputs=(
        array("positions", "N d", "particles, one per row"),
        array("energies", "N", "objective at each particle; +inf means weight 0"),
        _ALPHA,
    ),
    outputs=(array("point", "d", "consensus point"),),
    reference=consensus,
    exact=exact_consensus,
    exact_source="mpmath with 50 digits, weights without any shift, written apart from the source",
    cases=CONSENSUS_CASES,
    sample=_random_consensus,
    laws=(
        Law(
            "energies-shifted",
            "a constant added to all energies changes nothing",
            _consensus_shift,
            ("gaussian", "three-particles"),
        ),
        Law(
            "temperature",
            "energies times 4 and alpha / 4 change nothing",
            _consensus_temperature,
            ("gaussian", "three-particles"),
        ),
        Law(
            "moves-along",
            "positions scaled and shifted scale and shift the point",
            _consensus_moves_along,
            ("gaussian", "alpha-huge-ties"),
        ),
        Law(
            "permuted",
            "the order of the particles does not matter",
            _consensus_permuted,
            ("gaussian", "alpha-huge-ties"),
        ),
        Law("alpha-zero", "alpha = 0 gives the mean", _consensus_mean, ("gaussian", "three-particles")),
        Law(
            "two-particles",
            "for two particles the weights are logistic",
            _consensus_of_two,
            ("gaussian", "three-particles"),
        ),
        Law(
            "doubled",
            "two particles in every place give the same point",
            _consensus_doubled,
            ("gaussian", "alpha-huge-ties"),
        ),
    ),
    mutants=weighing_mistake.mutants(_weighing_as_consensus) + rounding_mistake.mutants(_weighing_as_consensus),
    errors=(*_ALPHA_ERRORS, *_ENERGY_ERRORS),
)

STEP = Operation(
    name="cbo.step",
    summary="one step of the swarm, from given positions, energies and draws",
    inputs=(
        array("positions", "N d", "particles, one per row"),
        array("energies", "N", "objective at each particle"),
        array("noise", "N d", "standard normal draws, not yet multiplied by sqrt(dt)"),
        *_RATES,
    ),
    outputs=(array("new_positions", "N d", "particles after the step"),),
    reference=step,
    exact=exact_step,
    exact_source="mpmath with 50 digits, about the consensus point, written apart from the source",
    cases=STEP_CASES,
    sample=_random_step,
    laws=(
        Law(
            "moves-along",
            "positions shifted shift the step",
            _step_moves_along,
            ("gaussian-isotropic", "gaussian-anisotropic"),
        ),
        Law(
            "rotates",
            "isotropic: positions and draws turned turn the step",
            _step_rotates,
            ("gaussian-isotropic", "three-particles"),
        ),
        Law(
            "permuted",
            "the order of the particles does not matter",
            _step_permuted,
            ("gaussian-isotropic", "gaussian-anisotropic"),
        ),
        Law(
            "time-unit",
            "4 dt, drift / 4 and diffusion / 2 give the same step",
            _step_in_any_time_unit,
            ("gaussian-isotropic", "three-particles-anisotropic"),
        ),
        Law(
            "odd-noise",
            "draws and negated draws average to the step without diffusion",
            _step_linear_in_noise,
            ("gaussian-isotropic", "gaussian-anisotropic"),
        ),
        Law(
            "adds-up",
            "drift and noise move the particles independently of each other",
            _step_adds_up,
            ("gaussian-isotropic", "gaussian-anisotropic"),
        ),
        Law(
            "in-proportion",
            "without drift a particle moves by diffusion sqrt(dt) xi times its distance from where all would meet",
            _step_in_proportion,
            ("gaussian-isotropic", "gaussian-anisotropic"),
        ),
        Law(
            "meets",
            "with drift dt = 1 and no diffusion all particles meet",
            _step_meets,
            ("gaussian-isotropic", "three-particles"),
        ),
    ),
    mutants=(
        *weighing_mistake.mutants(_weighing_as_step),
        *rounding_mistake.mutants(_weighing_as_step),
        *motion_mistake.mutants(_motion_as_step),
        *step_mistake.mutants(_motion_as_step),
    ),
    variants=STEP_VARIANTS,
    errors=(
        *_ALPHA_ERRORS,
        *_ENERGY_ERRORS,
        *_RATE_ERRORS,
        ErrorCase("nan-noise", "NaN is no draw", {"noise": np.full((3, 2), _NAN)}, ValueError, "noise"),
        ErrorCase("one-draw-per-particle", "one draw per coordinate", {"noise": np.ones((3, 1))}, ValueError, "noise"),
    ),
    draws=Draws(
        noise="noise",
        law=step_law,
        cases=("overshoot", "as-many-particles-as-coordinates", "constant-energies"),
        samples=200,
    ),
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
    outputs=(array("points", "K+1 d", "consensus point of the swarm at step 0, 1, ..., K", steps=True),),
    reference=trajectory,
    exact=exact_trajectory,
    exact_source="mpmath with 50 digits, objectives included, written apart from the source",
    cases=TRAJECTORY_CASES,
    sample=_random_trajectory,
    laws=(
        Law(
            "even",
            "start and draws negated negate the points (isotropic noise)",
            _even,
            ("quadratic-isotropic", "rastrigin-isotropic", "ackley"),
        ),
        Law(
            "coordinates-alike",
            "coordinates in reversed order reverse the points",
            _coordinates_alike,
            ("rastrigin-isotropic", "ackley"),
        ),
        Law(
            "causal",
            "the draws of the last step move the last point alone",
            _later_draws_do_not_matter,
            ("quadratic-isotropic", "rastrigin-anisotropic"),
        ),
        Law(
            "permuted",
            "the order of the particles does not matter",
            _trajectory_permuted,
            ("quadratic-isotropic", "rastrigin-anisotropic"),
        ),
        Law(
            "rotates",
            "quadratic, isotropic: start and draws turned turn the points",
            _trajectory_rotates,
            ("quadratic-isotropic", "worked-example"),
        ),
        Law(
            "two-particles",
            "without noise two particles close in on each other, with logistic weights",
            _two_particles_close_in,
            ("quadratic-isotropic", "rastrigin-isotropic"),
        ),
        Law(
            "time-unit",
            "4 dt, drift / 4 and diffusion / 2 give the same points",
            _trajectory_in_any_time_unit,
            ("quadratic-isotropic", "rastrigin-anisotropic"),
        ),
    ),
    mutants=(
        *weighing_mistake.mutants(lambda rule: _as_trajectory(weigh=rule)),
        *motion_mistake.mutants(lambda rule: _as_trajectory(shake=rule)),
        *trajectory_mistake.mutants(),
    ),
    variants=TRAJECTORY_VARIANTS,
    errors=(
        *_ALPHA_ERRORS,
        *_RATE_ERRORS,
        ErrorCase("nan-noise", "NaN is no draw", {"noise": np.full((2, 3, 2), _NAN)}, ValueError, "noise"),
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
        number("width", "standard deviation > 0 of the clouds"),
    ),
    outputs=(array("points", "K+1 d", "the start, then the consensus point of cloud 1, ..., K", steps=True),),
    reference=hopping,
    exact=exact_hopping,
    exact_source="mpmath with 50 digits, objectives included, written apart from the source",
    cases=HOPPING_CASES,
    sample=_random_hopping,
    laws=(
        Law(
            "even",
            "start and draws negated negate the points (isotropic noise)",
            _even,
            ("quadratic", "rastrigin", "ackley"),
        ),
        Law(
            "coordinates-alike",
            "coordinates in reversed order reverse the points",
            _coordinates_alike,
            ("rastrigin", "ackley"),
        ),
        Law(
            "causal",
            "the draws of the last cloud move the last point alone",
            _later_draws_do_not_matter,
            ("quadratic", "rastrigin"),
        ),
        Law(
            "scales",
            "quadratic: 2 start, 2 width and alpha / 4 give twice the points",
            _hopping_scales,
            ("quadratic", "worked-example"),
        ),
        Law(
            "walks",
            "with alpha = 0 the point walks by width times the mean draw",
            _hopping_walks,
            ("quadratic", "ackley"),
        ),
    ),
    mutants=weighing_mistake.mutants(_as_hopping) + hopping_mistake.mutants(),
    errors=(
        *_ALPHA_ERRORS,
        ErrorCase("no-width", "a cloud has a width", {"width": 0.0}, ValueError, "width"),
        ErrorCase("nan-start", "NaN is no start", {"start": np.array([1.0, _NAN])}, ValueError, "point"),
        ErrorCase("wrong-shape", "draws of another dimension", {"noise": np.ones((1, 3, 3))}, ValueError, "point"),
    ),
)

PROXIMAL = Operation(
    name="cbo.proximal",
    summary="proximal step on a quadratic: argmin (x - b)^T A (x - b) / 2 + |x - m|^2 / (2 tau)",
    inputs=(
        array("matrix", "d d", "A, symmetric and positive semidefinite"),
        array("minimizer", "d", "b"),
        array("point", "d", "m, where the last step ended"),
        number("tau", "step size > 0; consensus hopping has tau = alpha width^2"),
    ),
    outputs=(array("new_point", "d", "where this step ends"),),
    reference=proximal,
    exact=exact_proximal,
    exact_source="elimination in rational arithmetic on another form of the equation",
    cases=PROXIMAL_CASES,
    sample=_random_proximal,
    laws=(
        Law("optimal", "x + tau A (x - b) = m", _proximal_optimal, ("small-tau", "coupled")),
        Law("rescaled", "4 A and tau / 4 give the same point", _proximal_rescaled, ("small-tau", "coupled")),
        Law("fixed-point", "the minimizer stays", _proximal_fixed, ("small-tau", "coupled")),
        Law(
            "moves-along",
            "start and minimizer shifted shift the point",
            _proximal_moves_along,
            ("small-tau", "coupled"),
        ),
    ),
    mutants=proximal_mistake.mutants(),
    errors=(
        ErrorCase("no-step", "a step size is > 0", {"tau": 0.0}, ValueError, "tau"),
        ErrorCase(
            "not-symmetric", "A is symmetric", {"matrix": np.array([[1.0, 1.0], [0.0, 1.0]])}, ValueError, "matrix"
        ),
        ErrorCase("not-square", "A is square", {"matrix": np.ones((2, 3))}, ValueError, "matrix"),
        ErrorCase("nan-point", "NaN is no point", {"point": np.array([1.0, _NAN])}, ValueError, "point"),
    ),
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
)
