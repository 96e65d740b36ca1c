"""Consensus-based optimization: reference numbers, laws, errors, peers, statistics, drivers."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import logsumexp, softmax

from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.oracle import catalog, check, edits
from refimpl.problems.functions import ACKLEY, RASTRIGIN, SQUARES, quadratic
from refimpl.search import _cbo_tools as tools
from refimpl.search import cbo
from tests.thorough import sample

SWARM = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
DRAWS = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])
ENERGIES = np.array([1.0, 4.0, 2.0])
RATES = {"alpha": 0.5, "drift": 1.0, "diffusion": 0.7, "dt": 0.04}
ISOTROPIC = [(1.1048583143, -0.1132402066), (0.1094536627, 1.9430160906), (-0.9513979829, 1.3434045655)]
ANISOTROPIC = [(1.0784949573, 0.1035724077), (-0.0064515128, 1.9430160906), (-0.9513979829, 1.1019034564)]
DRIFTED = [(1.0994080624, -0.1077899548), (0.1054195969, 1.9430160906), (-0.9513979829, 1.3289890265)]


def example(backend):
    return backend.asarray(SWARM), backend.asarray(ENERGIES), backend.asarray(DRAWS)


def swarm(*shape, seed=0):
    return stream(seed, "test_cbo").standard_normal(shape)


# Reference numbers -------------------------------------------------------------------------------------------


def test_consensus_of_the_worked_example(backend):
    x, energies, _ = example(backend)
    point = cbo.consensus_point(x, energies, alpha=0.5)
    assert point.dtype == backend.dtype
    assert np.allclose(backend.to_numpy(point), [0.2150504268, 0.5754022650], atol=6e-11 + backend.tolerance)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, ISOTROPIC),
        ({"noise_type": "anisotropic"}, ANISOTROPIC),
    ],
)
def test_step_of_the_worked_example(backend, settings, expected):
    x, energies, draws = example(backend)
    state, info = cbo.step(cbo.init(x), energies, draws, **RATES, **settings)
    assert state.positions.dtype == info.ess.dtype == info.variance.dtype == backend.dtype
    assert np.allclose(backend.to_numpy(state.positions), expected, atol=6e-11 + backend.tolerance)


def test_hop_of_the_worked_example(backend):
    start, draws = backend.asarray([1.0, -0.5]), backend.asarray(DRAWS)
    point, info = cbo.hopping_step(SQUARES.function, start, draws, alpha=2.0, width=0.3)
    assert np.allclose(backend.to_numpy(point), [1.0502188833, -0.0855401678], atol=6e-11 + backend.tolerance)
    assert 1 < float(info.ess) < 3


def as_in(variant, positions, energies, noise, *, alpha, drift=1.0, diffusion=1.0, dt, noise_type="isotropic"):
    """Positions after a step of a variant of the rule."""
    operation, slug = (
        catalog.operation("cbo.step"),
        next(a for a in catalog.system("cbo").alternatives if a.slug == variant),
    )
    run = edits.runner(operation, slug)
    return run(
        positions=positions, energies=energies, noise=noise, alpha=alpha, drift=drift, diffusion=diffusion, dt=dt,
        noise_type=noise_type,
    )  # fmt: skip


def test_noise_from_drifted_positions_in_the_worked_example():
    assert np.allclose(as_in("drifted_noise", SWARM, ENERGIES, DRAWS, **RATES), DRIFTED, atol=6e-11)


def test_absolute_noise_flips_the_draws_of_negative_differences():
    settings = {**RATES, "noise_type": "anisotropic"}
    signed, info = cbo.step(cbo.init(SWARM), ENERGIES, DRAWS, **settings)
    absolute = as_in("abs_anisotropic", SWARM, ENERGIES, DRAWS, **settings)
    still = cbo.move(cbo.init(SWARM), info.consensus, DRAWS, drift=1.0, diffusion=0.0, dt=0.04)
    sign = np.sign(SWARM - info.consensus)
    assert np.allclose(absolute - still.positions, sign * (signed.positions - still.positions), atol=1e-14)


# The consensus point -----------------------------------------------------------------------------------------


def test_consensus_at_the_limits_of_alpha(backend):
    x, energies, _ = example(backend)
    assert np.allclose(backend.to_numpy(cbo.consensus_point(x, energies, alpha=0)), [0, 1])
    for alpha in (1e6, 1e15, 1e300):
        assert np.array_equal(backend.to_numpy(cbo.consensus_point(x, energies, alpha=alpha)), [1, 0])


def test_consensus_of_ties_and_constants(backend):
    x = backend.asarray(SWARM)
    ties = cbo.consensus_point(x, backend.asarray([2.0, 5.0, 2.0]), alpha=1e15)
    assert np.allclose(backend.to_numpy(ties), [0, 0.5])
    for level in (0.0, 1e3, -1e6):
        constant = cbo.consensus_point(x, backend.asarray([level] * 3), alpha=1e15)
        assert np.allclose(backend.to_numpy(constant), [0, 1], atol=backend.tolerance)


def test_consensus_ignores_a_constant(backend):
    x, energies, _ = example(backend)
    shifted = cbo.consensus_point(x, energies + 1e6, alpha=0.5)  # 1e6 and the energies are exact in float32
    assert np.array_equal(backend.to_numpy(shifted), backend.to_numpy(cbo.consensus_point(x, energies, alpha=0.5)))


@pytest.mark.parametrize("alpha", [0.0, 1e-300, 0.5, 1e15])
def test_infinite_energies_have_no_weight(backend, alpha):
    x = backend.asarray(SWARM)
    inside = cbo.consensus_point(x[::2, :], backend.asarray([1.0, 2.0]), alpha=alpha)
    point = cbo.consensus_point(x, backend.asarray([1.0, np.inf, 2.0]), alpha=alpha)
    assert np.allclose(backend.to_numpy(point), backend.to_numpy(inside), atol=backend.tolerance)


def test_diagnostics(backend):
    x = backend.asarray(SWARM)
    info = cbo.inspect(x, backend.asarray([0.0, 0.0, np.inf]), alpha=3.0)
    assert np.allclose(backend.to_numpy(info.consensus), [0.5, 1.0])
    assert abs(float(info.ess) - 2) < 1e-6
    assert abs(float(info.variance) - (1.25 + 1.25 + 2.25) / 3) < 1e-6


def test_the_consensus_point_is_differentiable():
    alpha = 0.7

    def first(x):
        return cbo.consensus_point(x, SQUARES.function(x), alpha=alpha)[0]

    x, h = swarm(4, 2), 1e-6
    numeric = np.zeros((4, 2))
    for i in np.ndindex(4, 2):
        step = np.zeros((4, 2))
        step[i] = h
        numeric[i] = (first(x + step) - first(x - step)) / (2 * h)
    assert np.allclose(grad(first)(x), numeric, atol=1e-8)


# The step ----------------------------------------------------------------------------------------------------


def test_one_particle_stays(backend):
    state, info = cbo.step(
        cbo.init(backend.asarray([[3.0, -1.0]])), backend.asarray([2.0]), backend.asarray([[1.0, 1.0]]), alpha=1.0
    )
    assert np.array_equal(backend.to_numpy(state.positions), [[3.0, -1.0]])
    assert float(info.ess) == 1
    assert float(info.variance) == 0


def test_full_drift_is_hopping_with_widths_of_their_own(backend):
    """At drift = 1 / dt: X = x_alpha + diffusion sqrt(dt) |X - x_alpha| xi."""
    x, energies, draws = example(backend)
    state, info = cbo.step(cbo.init(x), energies, draws, alpha=0.5, drift=25.0, diffusion=3.0, dt=0.04)
    away = backend.to_numpy(x - info.consensus)
    widths = 3.0 * 0.2 * np.linalg.norm(away, axis=1, keepdims=True)
    expected = backend.to_numpy(info.consensus) + widths * DRAWS
    assert np.allclose(backend.to_numpy(state.positions), expected, atol=10 * backend.tolerance)
    drifted = as_in("drifted_noise", SWARM, ENERGIES, DRAWS, alpha=0.5, drift=25.0, diffusion=3.0, dt=0.04)
    assert np.allclose(drifted, backend.to_numpy(info.consensus), atol=10 * backend.tolerance)


@pytest.mark.parametrize("noise_type", ["isotropic", "anisotropic"])
def test_drifted_noise_is_old_noise_times_what_the_drift_leaves(noise_type):
    x, energies, draws = swarm(5, 3), np.abs(swarm(5, seed=1)), swarm(5, 3, seed=2)
    settings = {"alpha": 1.0, "drift": 3.0, "diffusion": 0.8, "dt": 0.5, "noise_type": noise_type}
    old, _ = cbo.step(cbo.init(x), energies, draws, **settings)
    drifted = as_in("drifted_noise", x, energies, draws, **settings)
    still, _ = cbo.step(cbo.init(x), energies, 0 * draws, **settings)
    left = 1 - 3.0 * 0.5
    factor = abs(left) if noise_type == "isotropic" else left
    assert np.allclose(drifted - still.positions, factor * (old.positions - still.positions))


def moving(drift_share=lambda share: share, noise_share=lambda share: 1.0):
    """Step and trajectory, written anew, with functions of drift dt for the drift and for a factor on the noise."""

    def mean(positions, energies, alpha):
        weights = np.where(np.isinf(energies), 0.0, np.exp(-alpha * (energies - energies.min())))
        return weights @ positions / weights.sum()

    def step(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
        away = positions - mean(positions, energies, alpha)
        size = np.linalg.norm(away, axis=1, keepdims=True) if noise_type == "isotropic" else away
        shaken = noise_share(drift * dt) * diffusion * dt**0.5 * size * noise
        return positions - drift_share(drift * dt) * away + shaken

    def trajectory(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
        energy = {"quadratic": SQUARES, "rastrigin": RASTRIGIN, "ackley": ACKLEY}[objective].function
        x, points = positions0, []
        for draws in [*noise, noise[0]]:
            points.append(mean(x, energy(x), alpha))
            x = step(x, energy(x), draws, alpha, drift, diffusion, dt, noise_type)
        return np.stack(points)

    return {"cbo.step": step, "cbo.trajectory": trajectory}


@pytest.mark.parametrize("operation", sample(["cbo.step"], ["cbo.trajectory"]))
def test_a_drift_beyond_the_consensus_point_is_asked_for(operation):
    assert check(moving()[operation], operation).verdict == "conforms"
    report = check(moving(drift_share=lambda share: min(share, 1.0))[operation], operation, laws=False)
    assert report.diagnosis is None
    slugs = {r.case.partition("/")[2].rpartition("-")[0] for r in report.records if r.status == "failed"}
    assert slugs == {"cbo.step": {"overshoot", "overshoot-isotropic"}}.get(
        operation, {"overshoot", "overshoot-anisotropic"}
    )


@pytest.mark.parametrize("operation", sample(["cbo.step"], ["cbo.trajectory"]))
def test_isotropic_noise_from_drifted_positions_has_no_sign(operation):
    """A factor 1 - drift dt is that of the variant only as long as it is positive."""
    signed = moving(noise_share=lambda share: 1 - share)
    assert check(signed[operation], operation, laws=False).verdict == "deviates"


def test_a_step_changes_nothing_in_place():
    x, energies, draws = SWARM.copy(), ENERGIES.copy(), DRAWS.copy()
    cbo.step(cbo.init(x), energies, draws, **RATES)
    for now, before in ((x, SWARM), (energies, ENERGIES), (draws, DRAWS)):
        assert np.array_equal(now, before)


@pytest.mark.peers
@pytest.mark.parametrize("noise_type", ["isotropic", "anisotropic"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3])
def test_agrees_with_cbx(noise_type, scale):
    """Six steps of pip cbx, fed with the same draws."""
    dynamics = pytest.importorskip("cbx.dynamics", reason="cbx is not installed")
    x = scale * swarm(7, 3)
    draws = iter(swarm(6, 1, 7, 3, seed=1))
    alpha = 2 / scale**2
    peer = dynamics.CBO(
        SQUARES.function,
        f_dim="2D",
        check_f_dims=False,
        x=x.copy(),
        sampler=lambda size: next(draws),
        noise=noise_type,
        verbosity=0,
        alpha=alpha,
        lamda=1.3,
        sigma=0.9,
        dt=0.2,
    )
    state = cbo.init(x)
    for noise in swarm(6, 1, 7, 3, seed=1):
        peer.step()
        rates = {"alpha": alpha, "drift": 1.3, "diffusion": 0.9, "dt": 0.2, "noise_type": noise_type}
        state, _ = cbo.step(state, SQUARES.function(state.positions), noise[0], **rates)
        assert np.allclose(state.positions, peer.x[0], rtol=1e-12, atol=1e-12 * scale)


# Hopping, proximal and gradient steps ------------------------------------------------------------------------


def test_exact_hop_is_proximal_step(backend):
    A = backend.asarray([[3.0, 1.0], [1.0, 2.0]])
    b, m = backend.asarray([1.0, -1.0]), backend.asarray([2.0, 3.0])
    hop = cbo.exact_hopping_quadratic(m, A, b, alpha=8.0, width=0.25)
    step = cbo.proximal_quadratic(m, A, b, tau=8.0 * 0.25**2)
    assert step.dtype == hop.dtype == backend.dtype
    assert np.allclose(backend.to_numpy(hop), backend.to_numpy(step), rtol=100 * backend.tolerance)
    for wrong in (2 * 8.0 * 0.25**2, 8.0 * 0.25**2 / 2):  # tau is alpha width^2, without any 2
        assert not np.allclose(
            backend.to_numpy(hop), backend.to_numpy(cbo.proximal_quadratic(m, A, b, tau=wrong)), rtol=0.01
        )


def test_proximal_step_of_newton_is_that_of_the_closed_form(backend):
    A = backend.asarray([[3.0, 1.0], [1.0, 2.0]])
    b, m = backend.asarray([1.0, -1.0]), backend.asarray([2.0, 3.0])
    newton = cbo.proximal_newton(m, lambda x: A @ (x - b), lambda x: A, tau=0.5)
    closed = cbo.proximal_quadratic(m, A, b, tau=0.5)
    assert np.allclose(backend.to_numpy(newton), backend.to_numpy(closed), rtol=100 * backend.tolerance)


@pytest.mark.parametrize("steepest", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("angle", [0.1, 0.5, 1.3])
def test_newton_ends_where_rounding_hides_the_minimum(backend, steepest, angle):
    """Eigenvalues 1 and `steepest`; in coordinates along the eigenvectors each end is a weighted mean of m and b."""
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    A = backend.asarray(turn @ np.diag([1.0, steepest]) @ turn.T)
    b, m = np.array([1.0, 2.0]), np.array([0.5, -3.0])
    there = backend.asarray(b)
    newton = cbo.proximal_newton(backend.asarray(m), lambda x: A @ (x - there), lambda x: A, tau=1.0)
    shares = 1 / (1 + np.array([1.0, steepest]))  # of m
    expected = turn @ (shares * (turn.T @ m) + (1 - shares) * (turn.T @ b))
    rounding = float(np.finfo(backend.to_numpy(newton).dtype).eps)
    assert np.linalg.norm(backend.to_numpy(newton) - expected) < 20 * rounding * steepest


def test_newton_needs_two_steps_on_a_quadratic_and_few_on_a_quartic():
    A, b, m = np.array([[3.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0]), np.array([2.0, 3.0])
    found = cbo.proximal_newton(m, lambda x: A @ (x - b), lambda x: A, tau=0.5, steps=2)
    assert np.allclose(found, np.linalg.solve(np.eye(2) + 0.5 * A, m + 0.5 * A @ b), rtol=1e-14)
    for start, tau in ((3.0, 1.0), (-40.0, 0.01), (1e-9, 1e6)):
        x = cbo.proximal_newton(np.array([start]), lambda x: x**3 - 1, lambda x: 3 * x[:, None] ** 2, tau=tau, steps=12)
        root = brentq(lambda x, m=start, t=tau: x - m + t * (x**3 - 1), -50, 50, xtol=1e-15, rtol=1e-15)
        assert abs(x[0] - root) < 1e-14 * max(1, abs(root))


def test_newton_damps_steps_that_overshoot():
    """On E = sqrt(1 + x^2) undamped Newton from 30 diverges for large tau."""
    m, tau = np.array([30.0]), 1e4
    x = cbo.proximal_newton(
        m, lambda x: x / np.sqrt(1 + x * x), lambda x: ((1 + x * x) ** -1.5)[:, None], tau=tau, steps=200
    )
    assert abs(x - m + tau * x / np.sqrt(1 + x * x))[0] < 1e-10


def test_newton_says_when_it_fails():
    with pytest.raises(RuntimeError, match="steps must suffice"):
        cbo.proximal_newton(np.array([3.0]), lambda x: x**3, lambda x: 3 * x[:, None] ** 2, tau=1.0, steps=2)


def test_quadrature_against_closed_form(backend):
    m = backend.asarray([2.0])
    x, envelope = tools.exact_hopping_1d(
        lambda v: 3 * (v[:, 0] - 1) ** 2 / 2, m, alpha=5.0, width=0.5, low=-10.0, high=10.0
    )
    tau = 5.0 * 0.25
    assert x.dtype == envelope.dtype == backend.dtype
    assert abs(float(x[0]) - (1 + 1 / (1 + 3 * tau))) < 1e4 * backend.tolerance
    exact = 3 / (2 * (1 + 3 * tau)) + math.log(1 + 3 * tau) / 10
    assert abs(float(envelope) - exact) < 1e4 * backend.tolerance


def test_quadrature_is_scipys_on_a_function_with_waves():
    m, alpha, width = 0.6, 3.0, 0.4
    density = lambda x: math.exp(
        -alpha * (x**2 + 2.5 * (1 - math.cos(2 * math.pi * x))) - (x - m) ** 2 / (2 * width**2)
    )
    mass, moment = (quad(f, -6, 6, epsabs=1e-14, limit=500)[0] for f in (density, lambda x: x * density(x)))
    x, envelope = tools.exact_hopping_1d(
        RASTRIGIN.function, np.array([m]), alpha=alpha, width=width, low=-9.0, high=9.0
    )
    assert abs(x[0] - moment / mass) < 1e-10
    assert abs(envelope + math.log(mass / (width * math.sqrt(2 * math.pi))) / alpha) < 1e-10


def test_hop_is_gradient_step_on_the_envelope():
    """x_alpha(N(m, w^2)) - m = -alpha w^2 E_alpha'(m), on a function with many minima."""

    def hop(m):
        return tools.exact_hopping_1d(
            RASTRIGIN.function, np.array([m]), alpha=2.0, width=0.3, low=-9.0, high=9.0, nodes=20_001
        )

    for m in (0.2, 1.4, -2.7):
        slope = (hop(m + 1e-4)[1] - hop(m - 1e-4)[1]) / 2e-4
        assert abs(hop(m)[0][0] - m + 2.0 * 0.09 * slope) < 1e-7


def test_softmin_lies_between_minimum_and_mean(backend):
    energies = backend.asarray([3.0, 1.0, 2.5, 1e3])
    values = [float(cbo.softmin(energies, alpha=alpha)) for alpha in (0.0, 0.1, 1.0, 10.0, 1e15)]
    assert abs(values[0] - 1006.5 / 4) < 1e-3
    assert all(a > b for a, b in pairwise(values))
    assert abs(values[-1] - 1) < 1e-5
    direct = -math.log(sum(math.exp(-e) for e in (3.0, 1.0, 2.5)) / 4)
    assert abs(values[2] - direct) < 1e-5


def test_softmin_is_scipys_logsumexp():
    energies = 50 * swarm(200) - 1e3
    energies[7] = np.inf
    for alpha in (1e-3, 0.7, 40.0):
        expected = -(logsumexp(-alpha * energies) - math.log(200)) / alpha
        assert abs(cbo.softmin(energies, alpha=alpha) - expected) < 1e-11 * abs(expected)
    with pytest.raises(ValueError, match="energies must have shape"):
        cbo.softmin(energies[:, None], alpha=1.0)


def test_langevin_cools(backend):
    x, zero, one = backend.asarray([1.0, 2.0]), backend.asarray([0.0, 0.0]), backend.asarray([1.0, 1.0])
    for k in (1, 2, 50):
        moved = tools.langevin_step(x, zero, one, k, dt=0.25, sigma=3.0)
        assert np.allclose(backend.to_numpy(moved - x), 1.5 / math.log(k + 1), rtol=1e-5)
    still = tools.langevin_step(x, one, one, 3, dt=0.25, eta=2.0, sigma=0.0)
    assert np.array_equal(backend.to_numpy(still), backend.to_numpy(tools.gradient_step(x, one, lr=0.5)))
    assert np.array_equal(backend.to_numpy(still), [0.5, 1.5])


# Statistics --------------------------------------------------------------------------------------------------


def test_noise_has_the_variance_of_the_rule():
    """Second moment of the moves about the drift: 40 000 chi-square draws; false alarm about 6e-7 (5 sigma)."""
    n, d = 20_000, 2
    x = np.tile(np.array([[3.0, 4.0]]), (n, 1))
    draws = swarm(n, d, seed=3)
    for noise_type, variance in (("isotropic", [25.0, 25.0]), ("anisotropic", [9.0, 16.0])):
        state = cbo.move(cbo.init(x), np.zeros(2), draws, diffusion=0.5, dt=0.04, noise_type=noise_type)
        moves = state.positions - (1 - 0.04) * x
        expected = 0.25 * 0.04 * np.array(variance)
        error = np.mean(moves**2, axis=0) / expected - 1
        assert np.all(abs(error) < 5 * math.sqrt(2 / n))


def test_the_swarm_contracts_at_the_mean_field_rate():
    """E|X|^2 shrinks by 1 - 2 lambda dt + lambda^2 dt^2 + c sigma^2 dt per step; within 4 % (seeds scatter by 1 %)."""
    dt, diffusion, d = 0.01, 0.35, 4
    for noise_type, c in (("isotropic", d), ("anisotropic", 1)):
        _, run = cbo.minimize(
            SQUARES.function,
            0.1 + swarm(20_000, d),
            steps=40,
            rng=stream(0, "rate", noise_type),
            alpha=3.0,
            dt=dt,
            diffusion=diffusion,
            noise_type=noise_type,
            record=lambda state: {"moment": np.mean(SQUARES.function(state.positions))},
        )
        factor = (run.history["moment"][-1] / run.history["moment"][0]) ** (1 / 40)
        expected = 1 - 2 * dt + dt**2 + c * diffusion**2 * dt
        assert abs(math.log(factor) / math.log(expected) - 1) < 0.04


# Drivers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise_type", ["isotropic", "anisotropic"])
def test_the_drivers_are_loops_over_the_rule_written_anew(noise_type):
    rates = {"drift": 1.3, "diffusion": 0.8, "dt": 0.1, "noise_type": noise_type}
    point, run = cbo.minimize(RASTRIGIN.function, swarm(6, 2), steps=5, rng=stream(0, "d"), alpha=2.0, **rates)
    draws, written = stream(0, "d").standard_normal((5, 6, 2)), moving()
    expected = written["cbo.trajectory"](swarm(6, 2), draws, "rastrigin", 2.0, **rates)
    assert np.allclose(run.history["consensus"], expected, rtol=1e-12)
    assert np.allclose(point, expected[-1], rtol=1e-12)

    x, draws, path = np.array([2.0, -1.0]), stream(0, "h").standard_normal((4, 7, 2)), []
    found, run = cbo.hop(RASTRIGIN.function, x, steps=4, particles=7, rng=stream(0, "h"), alpha=2.0, width=0.3)
    for noise in draws:
        path.append(x)
        cloud = x + 0.3 * noise
        x = softmax(-2.0 * RASTRIGIN.function(cloud)) @ cloud
    assert np.allclose(run.history["point"], [*path, x], rtol=1e-12)
    assert np.allclose(found, x, rtol=1e-12)
    assert run.steps == 4


def test_minimize_is_its_steps(backend):
    x = backend.asarray(swarm(6, 2))
    rates = {"alpha": 2.0, "diffusion": 0.8, "dt": 0.1, "noise_type": "anisotropic"}
    point, run = cbo.minimize(RASTRIGIN.function, x, steps=3, rng=stream(0, "d"), **rates)
    state, rng = cbo.init(x), stream(0, "d")
    for k in range(3):
        state, info = cbo.step(
            state, RASTRIGIN.function(state.positions), backend.asarray(rng.standard_normal((6, 2))), **rates
        )
        assert np.array_equal(backend.to_numpy(run.history["consensus"][k]), backend.to_numpy(info.consensus))
    assert np.array_equal(backend.to_numpy(run.state.positions), backend.to_numpy(state.positions))
    last = cbo.consensus_point(state.positions, RASTRIGIN.function(state.positions), alpha=2.0)
    assert np.array_equal(backend.to_numpy(point), backend.to_numpy(last))
    assert len(run.history["consensus"]) == len(run.history["ess"]) == len(run.history["variance"]) == 4
    assert run.steps == 3


@pytest.mark.parametrize("problem", [RASTRIGIN, ACKLEY], ids=lambda p: p.name)
def test_minimize_finds_the_global_minimum(problem):
    x = 2 + 2 * swarm(200, 2)
    point, run = cbo.minimize(
        problem.function,
        x,
        steps=800,
        rng=stream(0, problem.name),
        alpha=1e15,
        diffusion=0.8,
        dt=0.02,
        stop=lambda state, info: float(info.variance) < 1e-6,
    )
    assert np.abs(point).max() < 1e-2
    assert run.stopped
    assert run.steps < 800


def test_minimize_without_steps_gives_the_start():
    point, run = cbo.minimize(SQUARES.function, SWARM, steps=0, rng=stream(0), alpha=0.5)
    assert np.array_equal(point, cbo.consensus_point(SWARM, ENERGIES, alpha=0.5))
    assert run.state.positions is SWARM


def test_constrained_by_infinite_energies():
    """Outside of the half plane x_1 >= 1 the objective is +inf: the swarm ends on its border."""

    def function(x):
        return np.where(x[:, 0] >= 1, SQUARES.function(x), np.inf)

    point, _ = cbo.minimize(
        function, 2 + swarm(200, 2), steps=400, rng=stream(0, "half"), alpha=1e15, diffusion=0.8, dt=0.02
    )
    assert np.allclose(point, [1, 0], atol=1e-2)


# Errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"alpha": -1.0}, ValueError, "alpha must be a finite number >= 0, got -1.0"),
        ({"alpha": math.inf}, ValueError, "alpha must be a finite number >= 0, got inf"),
        ({"alpha": "hot"}, TypeError, "alpha must be"),
        ({"dt": 0.0}, ValueError, "dt must be a finite number > 0"),
        ({"drift": -1.0}, ValueError, "drift must be"),
        ({"diffusion": math.nan}, ValueError, "diffusion must be"),
        ({"noise_type": "brown"}, ValueError, "noise_type must be one of"),
        ({"positions": SWARM[0]}, ValueError, "positions must have shape"),
        ({"positions": SWARM.astype(int)}, TypeError, "positions must be an array of floating-point numbers"),
        ({"positions": SWARM * np.nan}, ValueError, "positions must be finite"),
        ({"positions": np.zeros((0, 2)), "energies": np.zeros(0)}, ValueError, "positions must have shape"),
        ({"energies": ENERGIES[:2]}, ValueError, "energies must have shape"),
        ({"energies": ENERGIES.astype(np.float32)}, ValueError, "energies must have shape .3,., dtype float64"),
        ({"energies": np.array([1.0, np.nan, 2.0])}, ValueError, "energies must be numbers or"),
        ({"energies": np.array([1.0, -np.inf, 2.0])}, ValueError, "energies must be numbers or"),
        ({"energies": np.full(3, np.inf)}, ValueError, "energies must be numbers or"),
        ({"noise": DRAWS[:, :1]}, ValueError, "noise must have shape"),
        ({"noise": np.full((3, 2), np.inf)}, ValueError, "noise must be finite"),
    ],
)
def test_step_refuses(changed, error, message):
    given = {"positions": SWARM, "energies": ENERGIES, "noise": DRAWS, **RATES, **changed}
    state = cbo.CBOState(given.pop("positions"))
    with pytest.raises(error, match=message):
        cbo.step(state, given.pop("energies"), given.pop("noise"), **given)


def test_other_steps_refuse():
    x = np.zeros(2)
    with pytest.raises(ValueError, match="width must be"):
        cbo.hopping_step(SQUARES.function, x, DRAWS, alpha=1.0, width=0.0)
    with pytest.raises(ValueError, match="point must have shape"):
        cbo.hopping_step(SQUARES.function, np.zeros(3), DRAWS, alpha=1.0, width=1.0)
    with pytest.raises(ValueError, match="matrix must be symmetric"):
        cbo.proximal_quadratic(x, np.array([[1.0, 1.0], [0.0, 1.0]]), x, tau=1.0)
    with pytest.raises(ValueError, match="tau must be"):
        cbo.proximal_quadratic(x, np.eye(2), x, tau=-1.0)
    with pytest.raises(ValueError, match="low must be below high"):
        tools.exact_hopping_1d(SQUARES.function, np.zeros(1), alpha=1.0, width=1.0, low=1.0, high=1.0)
    with pytest.raises(ValueError, match="k must be"):
        tools.langevin_step(x, x, x, 0)


def test_arrays_of_two_libraries_are_refused(backend):
    if backend.name == "numpy":
        pytest.skip("one library")
    x, _, _ = example(backend)
    with pytest.raises((ValueError, TypeError)):
        cbo.consensus_point(x, ENERGIES, alpha=1.0)


def test_quadratic_problem_and_proximal_step_agree():
    bowl = quadratic([[2.0, 0.5], [0.5, 1.0]], [1.0, -2.0])
    m = np.array([3.0, 0.0])
    x = cbo.proximal_quadratic(m, np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([1.0, -2.0]), tau=0.4)
    assert np.allclose(x, m - 0.4 * bowl.gradient(x))
