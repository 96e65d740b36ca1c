"""Samplers: energy error of order h^2, reversibility, detailed balance, moments of Gaussians, every backend."""

import math
from functools import cache

import numpy as np
import pytest

from refimpl.core import random
from refimpl.core.autodiff import value_and_grad
from refimpl.models import sampling
from tests.alike import assert_like

PRECISION = np.array([[2.0, 0.8], [0.8, 1.0]])


def gaussian(w):
    """U of a normal law with this precision."""
    return 0.5 * (w @ PRECISION @ w), PRECISION @ w


def quartic(w):
    """U with a gradient that is not linear."""
    return 0.25 * (w**4).sum() + 0.5 * w[0] * w[1], w**3 + 0.5 * w[::-1]


def path(step, steps, w, r):
    return sampling.leapfrog(lambda w: quartic(w)[1], w, r, quartic(w)[1], step=step, steps=steps)


def total(w, r):
    return quartic(w)[0] + 0.5 * (r @ r)


def test_the_energy_changes_by_the_square_of_the_step():
    w, r = np.array([1.0, -0.5]), np.array([0.3, 0.8])
    errors = [abs(total(*path(1.2 / n, n, w, r)[:2]) - total(w, r)) for n in (50, 100, 200)]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(2, abs=0.02)
    assert math.log2(errors[1] / errors[2]) == pytest.approx(2, abs=0.01)


def test_a_path_leads_back_and_keeps_volume():
    w, r = np.array([1.0, -0.5]), np.array([0.3, 0.8])
    there = path(0.3, 5, w, r)
    back = path(0.3, 5, there[0], -there[1])
    np.testing.assert_allclose(back[0], w, rtol=1e-13)
    np.testing.assert_allclose(-back[1], r, rtol=1e-13)
    z = np.concatenate([w, r])
    columns = []
    for h in 1e-6 * np.eye(4):
        ends = [np.concatenate(path(0.3, 5, *np.split(z + sign * h, 2))[:2]) for sign in (1, -1)]
        columns.append((ends[0] - ends[1]) / 2e-6)
    assert np.linalg.det(np.stack(columns)) == pytest.approx(1, abs=1e-8)


@cache
def run(draws, step=0.9, steps=3, energy=gaussian):
    rng = random.stream(0, "test sampling", str(step))
    w = np.zeros(2)
    chain, found = sampling.Chain(w, *energy(w)), []
    for _ in range(draws):
        momentum, uniform = rng.standard_normal(2), rng.random()
        chain, move = sampling.hmc(energy, chain, momentum, uniform, step=step, steps=steps)
        found.append((chain.w, move.accepted, move.acceptance))
    states, accepted, acceptance = zip(*found, strict=True)
    return np.stack(states), np.array(accepted), np.array(acceptance)


def test_hmc_samples_a_gaussian_also_with_a_large_step():
    states, accepted, _ = run(6000)
    assert 0.5 < accepted.mean() < 0.95  # so the rule of acceptance does something
    covariance = np.linalg.inv(PRECISION)
    np.testing.assert_allclose(np.cov(states.T), covariance, atol=0.12)  # ten seeds: .05 at most
    assert np.abs(states.mean(0)).max() < 0.08
    tail = np.mean(states[:, 0] > covariance[0, 0] ** 0.5)
    assert tail == pytest.approx(0.1587, abs=0.03)


def test_transitions_are_in_detailed_balance():
    """pi(i) P(i to j) = pi(j) P(j to i) for two halves of the plane: as many moves there as back."""
    states, _, _ = run(6000)
    side = states[:, 0] > 0.5
    there, back = np.sum(side[1:] & ~side[:-1]), np.sum(~side[1:] & side[:-1])
    assert abs(there - back) <= 1
    move = sampling.hmc(
        gaussian, sampling.Chain(np.ones(2), *gaussian(np.ones(2))), np.zeros(2), 0.0, step=0.5, steps=1
    )[1]
    assert move.acceptance == pytest.approx(min(1, math.exp(-move.error)))


def test_a_rejection_leaves_everything():
    start = sampling.Chain(np.ones(2), *quartic(np.ones(2)))
    chain, move = sampling.hmc(quartic, start, np.array([5.0, 5.0]), 0.5, step=2.0, steps=3)
    assert not move.accepted
    assert chain is start
    with np.errstate(all="ignore"):
        chain, move = sampling.hmc(quartic, start, np.full(2, 1e100), 0.0, step=1e80, steps=3)
    assert math.isnan(move.error)
    assert (chain is start, move.accepted, move.acceptance) == (True, False, 0.0)


def test_dual_averaging_reaches_its_target():
    rng = random.stream(0, "test sampling", "averaging")
    w = np.zeros(2)
    chain, state, rates = sampling.Chain(w, *gaussian(w)), sampling.averaging_init(0.01), []
    for _ in range(400):
        chain, move = sampling.hmc(gaussian, chain, rng.standard_normal(2), rng.random(), step=state.step, steps=2)
        state = sampling.dual_averaging(state, move.acceptance)
        rates.append(move.acceptance)
    assert np.mean(rates[100:]) == pytest.approx(0.8, abs=0.06)
    assert 0.5 < state.averaged < 1.6


@pytest.mark.parametrize("adaptive", [True, False])
def test_sghmc_samples_a_gaussian(adaptive):
    rng = random.stream(0, "test sampling", "sghmc")
    w = rng.standard_normal((2000, 2))
    state, momentum, sums = sampling.sghmc_init(w), 0 * w, []
    for step in range(400):
        grad, xi = w @ PRECISION, rng.standard_normal(w.shape)
        if adaptive:
            w, state = sampling.sghmc(w, state, grad, xi, lr=0.1, friction=0.1, burn_in=100, correct=False)
        else:
            w, momentum = sampling.plain_sghmc(w, momentum, grad, xi, lr=0.01, friction=0.1)
        if step >= 200:
            sums.append(w.T @ w / len(w))
    np.testing.assert_allclose(np.mean(sums, axis=0), np.linalg.inv(PRECISION), atol=0.12)  # the step bends it by .04


def test_the_correction_takes_noise_away():
    lr, friction, g = 0.1, 0.05, 4.0
    state = sampling.sghmc_init(np.zeros(1))._replace(v_hat=np.array([g * g]))
    spreads = []
    for correct in (True, False):
        w, _ = sampling.sghmc(
            np.zeros(1), state, np.zeros(1), np.ones(1), lr=lr, friction=friction, burn_in=0, correct=correct
        )
        spreads.append(float(w[0]) ** 2)
    assert spreads[0] / spreads[1] == pytest.approx(1 - lr**2 * g / (2 * friction))


def test_every_backend_gives_the_same(backend):
    rng = random.stream(0, "test sampling", "backends")
    w, r, xi = rng.standard_normal((3, 2))
    there, momentum, noise, matrix = map(backend.asarray, (w, r, xi, PRECISION))
    energy = value_and_grad(lambda w: 0.5 * (w @ matrix @ w))
    chain, move = sampling.hmc(energy, sampling.Chain(there, *energy(there)), momentum, 0.0, step=0.5, steps=3)
    expected, _ = sampling.hmc(gaussian, sampling.Chain(w, *gaussian(w)), r, 0.0, step=0.5, steps=3)
    assert move.accepted
    assert_like(chain.w, there)
    np.testing.assert_allclose(backend.to_numpy(chain.w), expected.w, rtol=100 * backend.tolerance)
    state, numpy_state = sampling.sghmc_init(there), sampling.sghmc_init(w)
    for _ in range(3):
        options = {"lr": 0.1, "friction": 0.1, "burn_in": 2}
        there, state = sampling.sghmc(there, state, matrix @ there, noise, **options)
        w, numpy_state = sampling.sghmc(w, numpy_state, PRECISION @ w, xi, **options)
    for got, right in zip((there, *state[:4]), (w, *numpy_state[:4]), strict=True):
        assert_like(got, chain.w)
        np.testing.assert_allclose(backend.to_numpy(got), right, rtol=1000 * backend.tolerance)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: path(math.nan, 1, np.ones(2), np.ones(2)), "step must be"),
        (lambda: path(0.1, 0, np.ones(2), np.ones(2)), "steps must be"),
        (lambda: path(0.1, 1, np.ones(2), np.ones(3)), "r must have shape"),
        (lambda: sampling.dual_averaging(sampling.averaging_init(1.0), 1.5), r"acceptance must be in \[0, 1\]"),
        (lambda: sampling.dual_averaging(sampling.averaging_init(1.0), 1.0, target=1.0), r"target must be in \(0, 1\)"),
        (lambda: sampling.averaging_init(0.0), "step must be"),
        (
            lambda: sampling.plain_sghmc(np.ones(1), np.ones(1), np.ones(1), np.ones(1), lr=0.1, friction=0.0),
            "friction",
        ),
        (
            lambda: sampling.plain_sghmc(
                np.ones(1), np.ones(1), np.array([math.nan]), np.ones(1), lr=1.0, friction=1.0
            ),
            "grad",
        ),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


# What samples show ---------------------------------------------------------------------------------------------------


def test_chains_that_agree_and_do_not():
    draws = random.stream(0, "test sampling", "chains").standard_normal((400, 4))
    K, halves = 200, np.concatenate([draws[:200], draws[200:]], axis=1)
    W, B = halves.var(axis=0, ddof=1).mean(), K * halves.mean(axis=0).var(ddof=1)
    assert float(sampling.r_hat(draws)) == pytest.approx(math.sqrt(((K - 1) / K * W + B / K) / W))
    assert float(sampling.r_hat(draws + 3 * np.arange(4))) > 2
    assert float(sampling.r_hat(np.zeros((4, 2)) + np.arange(2))) == math.inf


def test_the_energy_distance_far_from_0():
    """Pair by pair; single precision keeps its digits where values are large against their spread."""
    a, b = 0.01 * random.stream(0, "test sampling", "energy").standard_normal((2, 60, 4)) + 100
    far = lambda p, q: np.linalg.norm(p[:, None] - q[None], axis=-1)
    exact = 2 * far(a, b).mean() - (far(a, a).mean() + far(b, b).mean()) * 60 / 59
    assert float(sampling.energy_distance(a, b)) == pytest.approx(exact, abs=1e-12)
    single = float(sampling.energy_distance(a.astype(np.float32), b.astype(np.float32)))
    assert single == pytest.approx(exact, abs=1e-5)  # inputs are rounded by 4e-6


def test_samples_are_judged_on_every_backend(backend):
    draws = backend.asarray(random.stream(0, "test sampling", "judged").standard_normal((6, 2, 3)))
    assert_like(sampling.r_hat(draws), draws, (3,))
    assert_like(sampling.energy_distance(draws[:, 0, :], draws[:, 1, :]), draws, ())


def test_paths_that_leave_the_range_of_numbers():
    far = lambda w: (0.5e300 * (w @ w), 1e300 * w)
    w, r = np.ones(1), np.ones(1)
    with np.errstate(over="ignore", invalid="ignore"):
        chain, move = sampling.hmc(far, sampling.Chain(w, *far(w)), r, 0.0, step=1e100, steps=2)
        assert not move.accepted
        assert chain.w is w
        with pytest.raises(ValueError, match="must be finite"):
            sampling.leapfrog(lambda w: far(w)[1], w, r, 1e300 * w, step=1e100, steps=2)
    with pytest.raises(TypeError, match=r"energy\.energy must be"):
        sampling.hmc(lambda w: (None, w), sampling.Chain(w, 0.0, w), r, 0.0, step=0.1, steps=1)
    for dtype, lr in (("float64", 1e308), ("float32", 1e10)):
        one = np.ones(1, dtype=dtype)
        with pytest.raises(ValueError, match="lr must be so small"):
            sampling.sghmc(one, sampling.sghmc_init(one), one, one, lr=lr, friction=0.5, burn_in=0)
    late = sampling.averaging_init(0.1)._replace(deficit=-1e9)
    with pytest.raises(ValueError, match="state must lead to a step that is a number"):
        sampling.dual_averaging(late, 1.0)
