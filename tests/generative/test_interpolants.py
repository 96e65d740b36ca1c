"""Interpolants: worked steps on every backend, densities of scipy, least squares, other solvers, what is refused."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.stats import kstest, multivariate_normal, norm

from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.generative import _interpolants_models as models
from refimpl.generative import interpolants
from refimpl.models import mixture
from refimpl.models.mixture import Mixture
from refimpl.specs.generative.interpolants.claims import CLAIMS
from refimpl.specs.generative.interpolants.claims.tools import cosine
from tests.alike import assert_like

paths = pytest.mark.parametrize("path", interpolants.PATHS)


def normal(name, *shape):
    return stream(0, "test-interpolants", name).standard_normal(shape)


def plane(K, name):
    """A mixture in the plane with full covariances."""
    roots = 0.6 * normal(f"roots {name}", K, 2, 2)
    return Mixture(np.ones(K) / K, normal(f"means {name}", K, 2), roots @ np.swapaxes(roots, 1, 2) + 0.3 * np.eye(2))


# Backends ------------------------------------------------------------------------------------------------------------


@paths
def test_paths_and_targets_on_every_backend(path, backend):
    t, x = backend.asarray([0.2, 0.5, 0.9]), backend.asarray(normal("points", 3, 2))
    c = interpolants.schedule(t, path=path)
    found = interpolants.interpolate(x, 2 * x, -x, c)
    expected = interpolants.schedule(np.array([0.2, 0.5, 0.9]), path=path)
    host = normal("points", 3, 2)
    again = interpolants.interpolate(host, 2 * host, -host, expected)
    for one, other in zip((*c, *found), (*expected, *again), strict=True):
        assert_like(one, t, tuple(other.shape))
        np.testing.assert_allclose(backend.to_numpy(one), other, rtol=1e3 * backend.tolerance, atol=1e-5)


@pytest.mark.parametrize("kind", interpolants.SAMPLERS)
@pytest.mark.parametrize("full", [True, False])
def test_samplers_and_likelihoods_on_every_backend(kind, full, backend):
    ends = [plane(2, "first"), plane(3, "second")]
    if not full:
        ends = [m._replace(covariances=m.covariances[:, 0, 0]) for m in ends]
    there = [Mixture(*map(backend.asarray, m)) for m in ends]
    x, times, noise = normal("start", 4, 2), np.array([0.1, 0.3, 0.45, 0.9]), normal("noise", 3, 4, 2)
    options = {"kind": kind, "epsilon": 0.4}
    flows = [interpolants.mixture_flow(*pair, divergence=True) for pair in (ends, there)]
    for order in (1, -1):
        run = times[::order].copy()
        expected = interpolants.sample(flows[0], x, run, noise=noise, **options).state
        got = interpolants.sample(
            flows[1], backend.asarray(x), backend.asarray(run), noise=backend.asarray(noise), **options
        ).state
        assert_like(got, there[0].means, (4, 2))
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=1e3 * backend.tolerance, atol=1e-4)
    for which in interpolants.LIKELIHOODS:
        draws = normal("paths", 3, 2, 4, 2)
        settings = {"kind": which, "epsilon": np.array([0.1, 0.2, 0.3])}
        told = interpolants.log_likelihood(
            flows[0], lambda y: mixture.log_density(y, ends[0]), x, times[::-1].copy(), noise=draws, **settings
        )
        settings["epsilon"] = backend.asarray(settings["epsilon"])
        got = interpolants.log_likelihood(
            flows[1], lambda y: mixture.log_density(y, there[0]), backend.asarray(x),
            backend.asarray(times[::-1].copy()), noise=backend.asarray(draws), **settings,
        )  # fmt: skip
        assert_like(got.log_density, there[0].means, (4,))
        np.testing.assert_allclose(backend.to_numpy(got.log_density), told.log_density, rtol=1e-3, atol=1e-4)


def test_a_worked_step_on_every_backend(backend):
    """b = 0, s = -x: 1 - 1/8 + 1/2, and with the noise first 1.5 (1 - 1/8 + 1/128)."""
    still = lambda t, x: interpolants.Fields(0 * x, -x)
    one = backend.asarray([[1.0]])
    for kind, t, t_next, expected in (("em", 0.5, 0.75, 1.375), ("heun", 0.75, 0.5, 1.5 * (1 - 1 / 8 + 1 / 128))):
        got = interpolants.step(still, one, t, t_next, kind=kind, epsilon=0.5, xi=one)
        assert_like(got, one, (1, 1))
        assert float(got[0, 0]) == pytest.approx(expected, rel=10 * backend.tolerance)


def test_bridge_on_every_backend(backend):
    y = backend.asarray([0.5, 0.25])
    energy = interpolants.bridge_energy(y, s0=1.0, s1=0.5, epsilon=0.3)
    assert energy.dtype == y.dtype
    assert float(energy) == pytest.approx(
        float(interpolants.bridge_energy(np.array([0.5, 0.25]), s0=1.0, s1=0.5, epsilon=0.3)), rel=1e-5
    )
    assert_like(interpolants.bridge_variance(y, 1.0, 0.5, 0.3), y, (2,))


# Fields --------------------------------------------------------------------------------------------------------------


@paths
def test_fields_are_those_of_scipys_density(path):
    """Log-density of the pairs; the score and the divergences by differences; the transport equation."""
    first, second = plane(2, "first"), plane(3, "second")
    t, x, h = 0.3, normal("at", 5, 2), 1e-5
    flow = interpolants.mixture_flow(first, second, path=path, divergence=True)
    f, c = flow(t, x), interpolants.schedule(np.asarray(t), path=path)

    def density(t, x):
        c, total = interpolants.schedule(np.asarray(t), path=path), 0
        for p, m, C in zip(*first, strict=True):
            for q, mu, D in zip(*second, strict=True):
                spread = c.alpha**2 * C + c.beta**2 * D + c.gamma**2 * np.eye(2)
                total = total + p * q * multivariate_normal(c.alpha * m + c.beta * mu, spread).pdf(x)
        return total

    np.testing.assert_allclose(f.log_density, np.log(density(t, x)), rtol=1e-11)
    sides = [(flow(t, x + h * e), flow(t, x - h * e)) for e in np.eye(2)]
    slopes = np.stack([(up.log_density - down.log_density) / (2 * h) for up, down in sides], axis=1)
    np.testing.assert_allclose(f.s, slopes, rtol=1e-6, atol=1e-7)
    for name in ("b", "s"):
        parts = [(getattr(up, name) - getattr(down, name))[:, i] / (2 * h) for i, (up, down) in enumerate(sides)]
        np.testing.assert_allclose(getattr(f, f"div_{name}"), sum(parts), rtol=1e-5, atol=1e-6)
    change = (np.log(density(t + h, x)) - np.log(density(t - h, x))) / (2 * h)
    np.testing.assert_allclose(change, -f.div_b - np.sum(f.b * f.s, axis=1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(interpolants.velocity(f.v, f.s, c), f.b, rtol=1e-12)
    np.testing.assert_allclose(interpolants.score(f.eta, c), f.s, rtol=1e-12)
    np.testing.assert_allclose(flow(t, x).b, interpolants.mixture_fields(x, t, first, second, path=path).b, rtol=1e-14)


def test_a_path_that_stands_still():
    """N(0, 1) to itself with gamma^2 = 2 t (1 - t): b = 0, v = (2 t - 1) x, s = -x at each time."""
    x, law = normal("still", 6, 2), Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
    for t in (0.0, 0.1, 0.5, 0.9, 1.0):
        f = interpolants.mixture_fields(x, t, law, law, a=2.0)
        np.testing.assert_allclose(f.b, 0, atol=1e-14)
        np.testing.assert_allclose(f.v, (2 * t - 1) * x, atol=1e-14)
        np.testing.assert_allclose(f.s, -x, rtol=1e-14)


@pytest.mark.parametrize("path", interpolants.ONE_SIDED)
def test_the_denoiser_alone_gives_a_one_sided_velocity(path):
    data, noise, x = (
        plane(3, "second"),
        Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None]),
        normal("one-sided", 5, 2),
    )
    for t in (0.0, 0.3, 0.8):
        c = interpolants.schedule(np.asarray(t), path=path)
        f = interpolants.mixture_fields(x, t, noise, data, path=path)
        mean = data.weights @ data.means
        np.testing.assert_allclose(interpolants.one_sided_velocity(x, f.eta, c, mean), f.b, rtol=1e-11, atol=1e-13)


def test_divergence_by_differentiation():
    pair = [m._replace(covariances=m.covariances[:, 0, 0]) for m in (plane(2, "first"), plane(3, "second"))]
    flow, x = interpolants.mixture_flow(*pair, divergence=True), normal("div", 5, 2)
    f = flow(0.4, x)
    for name in ("b", "s"):
        got = interpolants.divergence(lambda y, name=name: getattr(flow(0.4, y), name), x)
        np.testing.assert_allclose(got, getattr(f, f"div_{name}"), rtol=1e-12, atol=1e-13)


# Objectives ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", interpolants.LOSSES)
def test_objectives_have_the_fields_for_minimizers(which):
    """Gaussians on the line: affine fields, which the objective of many samples must nearly have for its minimizer."""
    n, t = 200_000, 0.3
    x0, x1, z = (normal(f"{which} {k}", n, 1) * s + m for k, s, m in (("x0", 1, 0), ("x1", 0.5, 1), ("z", 1, 0)))
    first, second = models.STANDARD, models.on_a_line([1.0], [1.0], [0.25])
    ends = np.array([[0.0], [1.0]])
    f = interpolants.mixture_fields(ends, t, first, second)
    true = f.b + 0.5 * f.s if which == "drift" else getattr(f, which)
    coefficients = np.array([true[0, 0], true[1, 0] - true[0, 0]])
    settings = {"antithetic": True, "epsilon": 0.5}
    objective = lambda c: interpolants.loss(
        which, lambda t, x: c[0] + c[1] * x, x0, x1, z, np.full(n, t), **settings
    )  # fmt: skip
    assert np.abs(grad(objective)(coefficients)).max() < 0.02  # standard errors below .005
    least = float(objective(coefficients))
    law = interpolants.interpolate(x0, x1, z, interpolants.schedule(np.asarray(t))).x
    assert least == pytest.approx(-np.mean((coefficients[0] + coefficients[1] * law) ** 2) / 2, rel=0.02)


def test_the_partner_removes_what_blows_up():
    """Variance of gamma_dot z b(x_t) near t = 0: like 1 / t, paired bounded."""
    flow, n = interpolants.mixture_flow(models.TWO, models.THREE), 20_000
    x0, x1 = (
        mixture.sample(stream(0, "test-interpolants", k), n, m)[0] for k, m in (("0", models.TWO), ("1", models.THREE))
    )
    z, spread = normal("z", n, 1), {}
    for t in (1e-2, 1e-4):
        c = interpolants.schedule(np.asarray(t))
        plus, minus = (interpolants.interpolate(x0, x1, sign * z, c) for sign in (1, -1))
        alone = (plus.b - plus.v) * flow(t, plus.x).b
        both = (alone + (minus.b - minus.v) * flow(t, minus.x).b) / 2
        spread[t] = alone.var(), both.var()
    assert spread[1e-4][0] / spread[1e-2][0] == pytest.approx(100, rel=0.2)
    assert spread[1e-4][1] < 3
    assert spread[1e-2][1] < 3


# The adaptive solver -------------------------------------------------------------------------------------------------


def test_the_adaptive_solver_is_as_exact_as_is_asked(backend):
    """Against another solver of another order with a tolerance far below, there and back."""
    law, x = [plane(2, "first"), plane(3, "second")], normal("solved", 4, 2)
    flow = interpolants.mixture_flow(*law)
    right = solve_ivp(
        lambda t, y: flow(t, y.reshape(4, 2)).b.ravel(), (0, 1), x.ravel(), "DOP853", rtol=1e-12, atol=1e-13
    )
    expected = right.y[:, -1].reshape(4, 2)
    there = interpolants.mixture_flow(*(Mixture(*map(backend.asarray, part)) for part in law))
    tolerance = max(1e-8, 200 * backend.tolerance)
    found = interpolants.solve(there, backend.asarray(x), 0.0, 1.0, tolerance=tolerance)
    assert_like(found.x, backend.asarray(x), (4, 2))
    np.testing.assert_allclose(backend.to_numpy(found.x), expected, rtol=0, atol=100 * tolerance)
    back = interpolants.solve(there, found.x, 1.0, 0.0, tolerance=tolerance)
    np.testing.assert_allclose(backend.to_numpy(back.x), x, rtol=0, atol=500 * tolerance)


def test_the_adaptive_solver_has_order_five():
    """Ten times the digits for ten^(1/5) times the steps; and short steps where the field is steep."""
    flow, x = interpolants.mixture_flow(models.STANDARD, models.PAIR), np.array([[0.3], [-1.0]])
    best = interpolants.solve(flow, x, 0.0, 1.0, tolerance=1e-13).x
    loose, tight = (interpolants.solve(flow, x, 0.0, 1.0, tolerance=tolerance) for tolerance in (1e-5, 1e-10))
    assert 3 < tight.steps / loose.steps < 30
    assert np.abs(tight.x - best).max() < 1e-8 < np.abs(loose.x - best).max() < 1e-3
    with_rk4 = interpolants.sample(flow, x, np.linspace(0, 1, tight.evaluations // 4 + 1), kind="rk4").state
    assert np.abs(tight.x - best).max() < np.abs(with_rk4 - best).max()


# Likelihoods and grids -----------------------------------------------------------------------------------------------


def test_three_likelihoods_of_exact_fields_agree():
    flow = interpolants.mixture_flow(models.STANDARD, models.PAIR, divergence=True)
    start, x = lambda y: flow(0.01, y).log_density, np.array([[-1.5], [0.0], [1.0]])
    true, found = flow(0.99, x).log_density, {}
    for kind, steps, epsilon in (("ode", 50, 0.0), ("feynman_kac", 120, 0.1), ("ito", 120, 0.1)):
        noise = normal(kind, steps, 200, 3, 1)
        times = cosine(steps, 0.01, 0.99)[::-1].copy()
        found[kind] = interpolants.log_likelihood(flow, start, x, times, kind=kind, epsilon=epsilon, noise=noise)
        assert found[kind].paths.shape == ((1, 3) if kind == "ode" else (200, 3))
    np.testing.assert_allclose(found["ode"].log_density, true, atol=1e-5)
    np.testing.assert_allclose(found["feynman_kac"].log_density, true, atol=0.15)
    np.testing.assert_allclose(found["ito"].log_density, true, atol=0.15)


def test_laws_on_the_line_are_those_of_scipy():
    x, rng = np.linspace(-4, 4, 41), np.random.default_rng(0)
    deviations = np.sqrt(models.THREE.covariances)
    parts = zip(models.THREE.weights, models.THREE.means[:, 0], deviations, strict=True)
    expected = sum(p * norm(m, s).cdf(x) for p, m, s in parts)
    np.testing.assert_allclose(mixture.distribution_function(x, models.THREE), expected, atol=1e-14)
    drawn = rng.standard_normal(200)
    assert mixture.kolmogorov(drawn[:, None], models.STANDARD) == pytest.approx(kstest(drawn, "norm").statistic)
    other = models.on_a_line([1.0], [0.5], [2.0])
    fine = np.linspace(-9, 9, 2001)
    p, q = (np.exp(mixture.log_density(fine[:, None], m)) for m in (models.STANDARD, other))
    assert models.divergence_of(p, q, fine) == pytest.approx(np.log(2) / 2 + (1 + 0.25) / 4 - 0.5, rel=1e-9)


def test_fokker_planck_of_a_linear_drift_is_gaussian():
    x = np.linspace(-8, 8, 1601)
    gauss = lambda m, v: np.exp(-((x - m) ** 2) / (2 * v)) / np.sqrt(2 * np.pi * v)
    found = models.fokker_planck(lambda t, x: -x, 0.7, gauss(1.0, 0.5), x, np.linspace(0, 1, 401))
    decay = np.exp(-1.0)
    expected = gauss(decay, 0.5 * decay**2 + 0.7 * (1 - decay**2))
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert found.sum() == pytest.approx(gauss(1.0, 0.5).sum(), rel=1e-12)


def test_learnt_fields_are_least_squares():
    """Of the samples at z and -z, by another solver; linear between two times."""
    x0, x1, z = normal("l0", 60, 1), normal("l1", 60, 1) + 1, normal("lz", 2, 60, 1)
    times, centres = np.array([0.25, 0.75]), np.array([-1.0, 1.0])
    found = models.learn(x0, x1, z, times, centres=centres, width=0.7, penalty=1e-8)
    rows = []
    for t, noise in zip(times, z, strict=True):
        gamma = np.sqrt(t * (1 - t))
        x = np.concatenate([(1 - t) * x0 + t * x1 + sign * gamma * noise for sign in (1, -1)])
        y = np.concatenate([x1 - x0 + sign * (1 - 2 * t) / (2 * gamma) * noise for sign in (1, -1)])
        rows.append(np.linalg.lstsq(models.features(x, centres, 0.7), y[:, 0], rcond=None)[0])
    np.testing.assert_allclose(found.b, rows, rtol=1e-4, atol=1e-4)
    F, y = np.eye(3)[:, :2], np.array([2.0, 1.0, 5.0])  # by hand: 2 / 3 / (1 / 3 + 1)
    np.testing.assert_allclose(models.ridge(F, y, 1.0), [0.5, 0.25])
    at = models.learnt_fields(found)(0.5, x0[:3])
    np.testing.assert_allclose(at.b[:, 0], models.features(x0[:3], centres, 0.7) @ np.mean(rows, axis=0), rtol=1e-4)
    np.testing.assert_allclose(at.s, -at.eta / 0.5)


# Schroedinger bridge -------------------------------------------------------------------------------------------------


def test_the_entropic_covariance_is_sinkhorns():
    """Noise sqrt(2 epsilon) dW: cost |x - y|^2 / 2 and regularization 2 epsilon, on a grid."""
    s0, s1, epsilon = 1.0, 0.3, 0.4
    x, y = np.linspace(-6, 6, 241), np.linspace(-2, 2, 161)
    p, q = (np.exp(-((g / s) ** 2) / 2) for g, s in ((x, s0), (y, s1)))
    p, q = p / p.sum(), q / q.sum()
    kernel, v = np.exp(-((x[:, None] - y) ** 2) / (4 * epsilon)), np.ones_like(y)
    for _ in range(100):
        u = p / (kernel @ v)
        v = q / (kernel.T @ u)
    plan = u[:, None] * kernel * v
    assert x @ plan @ y == pytest.approx(interpolants.entropic_covariance(s0, s1, epsilon), abs=1e-6)


def test_numbers_of_numpy_change_no_dtype_and_scales_no_digits():
    t, two = np.array([0.0, 0.25, 1.0], dtype=np.float32), np.float64(2.0)
    assert interpolants.bridge_variance(t, two, np.float64(1.0), np.float64(0.5)).dtype == np.float32
    for scale in (2.0**-900, 2.0**400, 2.0**-400):
        found = interpolants.entropic_covariance(3.0 * scale**0.5, 1.0 * scale**0.5, 4.0 * scale)
        assert found == pytest.approx(scale, rel=1e-14)


def test_the_best_variance_solves_the_equation_of_euler_and_lagrange():
    """Of the integrand (V' / 2 - epsilon)^2 / (2 V), by differences."""
    s0, s1, epsilon, h = 1.0, 2.0, 0.3, 1e-3
    t = np.array([0.2, 0.5, 0.7])
    V = lambda t: interpolants.bridge_variance(t, s0, s1, epsilon)
    speed = lambda t: (V(t + h) - V(t - h)) / (2 * h)
    momentum = lambda t: (speed(t) / 2 - epsilon) / (2 * V(t))
    force = -((speed(t) / 2 - epsilon) ** 2) / (2 * V(t) ** 2)
    np.testing.assert_allclose((momentum(t + h) - momentum(t - h)) / (2 * h), force, rtol=1e-6)


@pytest.mark.peers
def test_the_entropic_plan_is_that_of_pot():
    ot = pytest.importorskip("ot", reason="POT is not installed (`make peers`)")
    s0, s1, epsilon = 1.0, 0.6, 0.25
    x, y = np.linspace(-5, 5, 151), np.linspace(-3, 3, 121)
    p, q = (np.exp(-((g / s) ** 2) / 2) for g, s in ((x, s0), (y, s1)))
    cost = (x[:, None] - y) ** 2 / 2
    plan = ot.sinkhorn(p / p.sum(), q / q.sum(), cost, 2 * epsilon, stopThr=1e-12)
    covariance = x @ plan @ y
    assert covariance == pytest.approx(interpolants.entropic_covariance(s0, s1, epsilon), abs=1e-5)
    t = 0.3  # between the ends a Brownian bridge of variance 2 epsilon t (1 - t)
    variance = ((1 - t) * x[:, None] + t * y) ** 2
    expected = np.sum(plan * variance) + 2 * epsilon * t * (1 - t)
    assert float(interpolants.bridge_variance(np.asarray(t), s0, s1, epsilon)) == pytest.approx(expected, abs=1e-5)


# What is refused -----------------------------------------------------------------------------------------------------


X, T, LAW = np.ones((2, 1)), np.array([0.2, 0.7]), models.STANDARD
FLOW = interpolants.mixture_flow(LAW, models.PAIR, divergence=True)
FULL = LAW._replace(covariances=np.ones((1, 1, 1)))
C = interpolants.schedule(T)


def _start(y):
    return mixture.log_density(y, LAW)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: interpolants.schedule(np.array([-0.1])), ValueError, r"t must be times in \[0, 1\]"),
        (lambda: interpolants.schedule(T, path="straight"), ValueError, "path must be one of"),
        (lambda: interpolants.schedule(T, gamma="white"), ValueError, "gamma must be one of"),
        (lambda: interpolants.schedule(T, path="trig", a=4.0), ValueError, "gamma must stay below 1"),
        (lambda: interpolants.schedule(T, a=0.0), ValueError, "a must be"),
        (lambda: interpolants.interpolate(X, X, X[:1], C), ValueError, "z must have shape"),
        (lambda: interpolants.interpolate(X[:1], X[:1], X[:1], C), ValueError, "c must have one time"),
        (lambda: interpolants.loss("w", lambda t, x: x, X, X, X, T), ValueError, "which must be one of"),
        (lambda: interpolants.loss("b", lambda t, x: x[:1], X, X, X, T), ValueError, "predict must have shape"),
        (lambda: interpolants.loss("b", lambda t, x: np.nan * x, X, X, X, T), ValueError, "predict must be finite"),
        (lambda: interpolants.step(lambda t, x: interpolants.Fields(np.nan * x), X, 0.5, 0.6, kind="rk4"), ValueError,
         "b of fields must be finite"),
        (lambda: interpolants.solve(lambda t, x: interpolants.Fields(np.inf * x), X, 0.5, 0.6), ValueError,
         "b of fields must be finite"),
        (lambda: interpolants.solve(FLOW, X, 0.5, 0.6, tolerance=1e-17), ValueError, "tolerance must be at least"),
        (lambda: interpolants.solve(FLOW, X, 0.5, 0.5), ValueError, "t_end must differ"),
        (lambda: interpolants.interpolate(X, X, X, C._replace(beta=np.nan * T)), ValueError, "c.beta must be finite"),
        (lambda: interpolants.velocity(X, X, C._replace(product=0.5)), TypeError, "product must be"),
        (lambda: interpolants.divergence(lambda x: x[:1], X), ValueError, "field must have shape"),
        (lambda: interpolants.log_likelihood(FLOW, lambda x: np.nan * x[:, 0], X, T[::-1]), ValueError, "log_rho0 m"),
        (lambda: interpolants.score(X, interpolants.schedule(np.zeros(2))), ValueError, "gamma must be > 0"),
        (lambda: interpolants.one_sided_velocity(X, X, interpolants.schedule(np.asarray(0.0), path="one_sided_trig")),
         ValueError, "mean must be given"),
        (lambda: interpolants.one_sided_velocity(X, X, interpolants.schedule(np.asarray(0.5))), ValueError,
         "c must be of a one-sided path"),
        (lambda: interpolants.one_sided_velocity(
            X, X, interpolants.schedule(np.asarray(1.0), path="one_sided_sbdm")), ValueError, "c must have a finite"),
        (lambda: interpolants.velocity(X, X, interpolants.schedule(T.astype(np.float32))), TypeError, "c must have"),
        (lambda: interpolants.bridge_variance(T + 1, 1.0, 1.0, 1.0), ValueError, "t must be times in"),
        (lambda: interpolants.mixture_flow(LAW, LAW, path="straight"), ValueError, "path must be one of"),
        (lambda: interpolants.mixture_flow(LAW, Mixture(*(p.astype(np.float32) for p in LAW))), TypeError, "rho1 must"),
        (lambda: interpolants.step(lambda t, x: interpolants.Fields(x), X, 0.5, 0.6, kind="em", xi=X), ValueError,
         "fields must return s"),
        (lambda: interpolants.step(lambda t, x: interpolants.Fields(x[:1]), X, 0.5, 0.6, kind="rk4"), ValueError,
         "b of fields must have shape"),
        (lambda: interpolants.log_likelihood(FLOW, lambda x: x, X, T[::-1]), ValueError, "log_rho0 must have shape"),
        (lambda: interpolants.mixture_flow(LAW, FULL), ValueError, "covariances must be full in both"),
        (lambda: interpolants.mixture_flow(LAW, plane(2, "first")._replace(covariances=np.ones(2))), ValueError,
         "means must have one dimension"),
        (lambda: interpolants.mixture_fields(X, 2.0, LAW, LAW), ValueError, "t must be"),
        (lambda: interpolants.step(FLOW, X, 0.5, 1.5, kind="rk4"), ValueError, "t_next must be a time"),
        (lambda: interpolants.step(FLOW, X, 0.5, 0.5, kind="rk4"), ValueError, "t_next must differ"),
        (lambda: interpolants.step(FLOW, X, 0.5, 0.6, kind="milstein"), ValueError, "kind must be one of"),
        (lambda: interpolants.step(FLOW, X, 0.5, 0.6, kind="em", epsilon=-1.0), ValueError, "epsilon must be"),
        (lambda: interpolants.sample(FLOW, X, T, kind="em", noise=None), TypeError, "noise must be"),
        (lambda: interpolants.sample(FLOW, X, np.array([0.5]), kind="rk4"), ValueError, "times must be at least two"),
        (lambda: interpolants.sample(FLOW, X, np.array([0.5, 0.9, 0.7]), kind="rk4"), ValueError, "rise, or fall"),
        (lambda: interpolants.sample(FLOW, X, T, kind="rk4", epsilon=np.ones(2)), ValueError, "epsilon must have"),
        (lambda: interpolants.log_likelihood(FLOW, _start, X, T), ValueError, "times must fall"),
        (lambda: interpolants.log_likelihood(FLOW, _start, X, T[::-1], kind="ito"), TypeError, "noise must be"),
        (lambda: interpolants.bridge_energy(np.array([-1.0]), s0=1.0, s1=1.0, epsilon=0.1), ValueError, "alpha_sq"),
        (lambda: interpolants.entropic_covariance(0.0, 1.0, 1.0), ValueError, "s0 must be"),
        (lambda: models.fokker_planck(FLOW, 0.0, T, T, T), ValueError, "epsilon must be"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# The experiments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tier == "quick"], ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    assert all(m.holds for m in claim.experiment(1).measurements)
