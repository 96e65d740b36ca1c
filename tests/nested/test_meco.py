"""MECO: worked steps on every backend, written-out gradients, closed forms, what is refused, drivers, peers."""

import math

import numpy as np
import pytest

from refimpl.core.autodiff import grad, vjp
from refimpl.core.random import stream
from refimpl.core.special import logsumexp
from refimpl.nested import _meco_baselines as baselines
from refimpl.nested import _meco_models as models
from refimpl.nested import meco
from refimpl.oracle import check
from refimpl.problems.functions import central_differences
from refimpl.specs.nested.meco.claims import CLAIMS, densities, landscape
from tests.alike import assert_like
from tests.thorough import THOROUGH

LIKE = np.zeros(1)


# The rule -------------------------------------------------------------------------------------------------------


def draws(name, steps=6, n=3, m=4, d=2):
    """Features of data and noise and base log ratios of each step."""
    rng = stream(0, "test-meco", name)
    return rng.standard_normal((steps, n, d)), rng.standard_normal((steps, m, d)), 2 * rng.standard_normal((steps, m))


def plain(theta, x, z, base, lr, gamma, beta):
    """The paper's steps on u itself, in float64."""
    u = v = None
    for features, noise, level in zip(x, z, base, strict=True):
        g = np.exp(level + noise @ theta)
        u = g.mean() if u is None else (1 - gamma) * u + gamma * g.mean()
        d = (g[:, None] * noise).mean(axis=0) / u - features.mean(axis=0)
        v = d if v is None else (1 - beta) * v + beta * d
        theta = theta - lr * v
    return theta, u


@pytest.mark.parametrize("gamma", [0.05, 0.3, 1.0])
def test_logarithms_give_the_steps_of_the_paper(backend, gamma):
    x, z, base = draws("plain")
    expected, u = plain(np.array([0.5, -0.25]), x, z, base, 0.2, gamma, 0.7)
    theta, state = start, _ = backend.asarray([0.5, -0.25]), meco.init()
    for features, noise, level in zip(x, z, base, strict=True):
        noise = backend.asarray(noise)
        log_ratio = backend.asarray(level) + noise @ theta
        theta, state, info = meco.update(
            theta, state, backend.asarray(features), log_ratio, noise, lr=0.2, gamma=gamma, beta=0.7
        )
    for array, shape in ((theta, (2,)), (state.velocity, (2,)), (state.log_u, ()), (info.total, ()), (info.ess, ())):
        assert_like(array, start, shape)
    np.testing.assert_allclose(backend.to_numpy(theta), expected, rtol=20 * backend.tolerance)
    np.testing.assert_allclose(backend.to_numpy(state.log_u), np.log(u), rtol=20 * backend.tolerance)


def test_runs_side_by_side_are_the_runs_one_by_one(backend):
    x, z, base = draws("runs", steps=8)
    theta, state = backend.asarray([[0.5, -0.25], [1.0, 0.0]]), meco.init()
    for t in range(0, 8, 2):
        pair = slice(t, t + 2)
        inputs = backend.asarray(x[pair]), backend.asarray(base[pair]), backend.asarray(z[pair])
        theta, state, info = meco.update(theta, state, *inputs, lr=0.2, gamma=0.4)
    for run, start in enumerate(([0.5, -0.25], [1.0, 0.0])):
        alone, carried = backend.asarray(start), meco.init()
        for t in range(run, 8, 2):
            inputs = backend.asarray(x[t]), backend.asarray(base[t]), backend.asarray(z[t])
            alone, carried, told = meco.update(alone, carried, *inputs, lr=0.2, gamma=0.4)
        for together, single in ((theta, alone), (state.log_u, carried.log_u), (info.ess, told.ess)):
            np.testing.assert_allclose(
                backend.to_numpy(together)[run], backend.to_numpy(single), rtol=20 * backend.tolerance
            )


def test_nothing_that_is_given_is_changed(backend):
    theta, velocity, log_u = backend.asarray([1.0]), backend.asarray([2.0]), backend.asarray(0.5)
    x, z, ratio = backend.asarray([[1.0]]), backend.asarray([[3.0]]), backend.asarray([0.25])
    meco.update(theta, meco.MECOState(log_u, velocity), x, ratio, z, lr=0.1)
    found = [backend.to_numpy(array).reshape(-1)[0] for array in (theta, velocity, log_u, x, z, ratio)]
    assert found == [1.0, 2.0, 0.5, 1.0, 3.0, 0.25]


def test_the_average_weight_tends_to_one_and_each_is_at_most_one_over_gamma():
    rng = stream(0, "test-meco", "weights")
    log_u, totals = None, []
    for _ in range(4000):
        log_u, weights = meco.track(log_u, rng.standard_normal(8), gamma=0.05)
        totals.append(weights.sum())
    assert abs(np.mean(totals[100:]) - 1) < 0.02
    _, weights = meco.track(np.array(-200.0), np.array([0.0, 300.0]), gamma=0.05)
    np.testing.assert_allclose(weights, [0, 20], rtol=1e-12, atol=1e-100)


def test_the_running_average_has_the_stationary_variance_of_an_average():
    """gamma / (2 - gamma) Var(g) / B at fixed parameters; Var(exp N(0, s^2)) = e^(s^2) (e^(s^2) - 1)."""
    rng, gamma, size, s = stream(0, "test-meco", "variance"), 0.2, 5, 0.5
    log_u, found = None, []
    for _ in range(300):
        log_u, _ = meco.track(log_u, s * rng.standard_normal((2000, size)), gamma=gamma)
        found.append(np.var(np.exp(log_u)))
    expected = gamma / (2 - gamma) * math.exp(s**2) * math.expm1(s**2) / size
    assert abs(np.mean(found[50:]) / expected - 1) < 0.03


def test_a_batch_without_mass_is_remembered_away():
    """-inf: the model has no mass at the draw. Where there is memory, even a whole batch of it is no error."""
    log_u, weights = meco.track(np.array(1.0), np.full(3, -np.inf), gamma=0.25)
    assert log_u == pytest.approx(1 + math.log(0.75))
    assert weights.tolist() == [0, 0, 0]
    state = meco.MECOState(np.array(1.0), np.zeros(1))
    _, _, info = meco.update(np.zeros(1), state, np.ones((1, 1)), np.full(3, -np.inf), np.ones((3, 1)), lr=1.0)
    assert (float(info.total), float(info.ess), info.gradient.tolist()) == (0, 0, [-1])
    with pytest.raises(ValueError, match="log_ratio"):
        meco.track(None, np.full(3, -np.inf))


def test_the_effective_sample_size_neither_under_nor_overflows():
    for log_u, expected in ((0.0, 4), (400.0, 4), (None, 4)):
        state = meco.MECOState(None if log_u is None else np.array(log_u), None if log_u is None else np.zeros(1))
        _, _, info = meco.update(np.zeros(1), state, np.ones((1, 1)), np.zeros(4), np.ones((4, 1)), lr=1.0)
        assert float(info.ess) == pytest.approx(expected)


# Gradients that are written out: finite differences and automatic differentiation ----------------------------------


def softplus_model():
    model = models.SoftplusModel(3, 4, 0.6)
    rng = stream(0, "test-meco", "softplus")
    return model, model.init(rng, like=LIKE) + 0.5 * rng.standard_normal(2 * 3 + 4 * 3 + 4), rng.standard_normal((5, 3))


def bumps():
    model = models.radial_basis(models.square_grid(1.5, 3, like=LIKE), width=0.8, spread=1.4)
    rng = stream(0, "test-meco", "bumps")
    return model, rng.standard_normal(9), rng.standard_normal((5, 2))


def gaussian():
    rng = stream(0, "test-meco", "gaussian")
    return models.gaussian_mean(), rng.standard_normal(1), rng.standard_normal((5, 1))


@pytest.mark.parametrize("make", [softplus_model, bumps, gaussian])
def test_gradients_of_the_models(make):
    model, params, y = make()
    for i in range(len(y)):
        one = y[i : i + 1]
        of_params = lambda p: model.log_density(p, one)[0]
        of_point = lambda v: model.log_density(params, v[None, :])[0]
        for written, function, at in ((model.grads, of_params, params), (model.slope, of_point, y[i])):
            got = written(params, one)[0]
            np.testing.assert_allclose(got, grad(function)(at), rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(got, central_differences(function, h=1e-5)(at), rtol=1e-7, atol=1e-9)


def test_partition_function_of_the_softplus_model():
    model, params, _ = softplus_model()
    found = model.log_partition_grad(params)
    np.testing.assert_allclose(found, grad(model.log_partition)(params), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(found, central_differences(model.log_partition, h=1e-5)(params), rtol=1e-7, atol=1e-9)
    line = np.linspace(-14, 14, 71)  # by the rectangle rule in three dimensions
    grid = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    by_rule = logsumexp(model.log_density(params, grid)) + 3 * math.log(line[1] - line[0])
    assert abs(by_rule - model.log_partition(params)) < 1e-10


def test_exact_draws_of_the_softplus_model_have_the_moments_of_its_gradient():
    model, params, _ = softplus_model()
    y = model.sample(params, stream(0, "test-meco", "exact"), 100_000)
    spread = model.grads(params, y).std(axis=0) / 100_000**0.5
    assert np.all(np.abs(model.grads(params, y).mean(axis=0) - model.log_partition_grad(params)) < 5 * spread)


def logits(theta, c, x, z, base_x, base_z):
    return base_x + x @ theta - c, base_z + z @ theta - c


def contrast(name="nce", n=3, m=6, d=2):
    rng = stream(0, "test-meco", name)
    return rng.standard_normal(d), *(rng.standard_normal(shape) for shape in ((n, d), (m, d), (n,), (m,)))


def test_gradient_of_nce():
    """Differentiated through parameters and c at once, with two draws of noise per datum."""
    theta, x, z, base_x, base_z = contrast()

    def loss(both):
        ratios = logits(both[:2], 0.0, x, z, base_x, base_z)
        return baselines.nce(both[2, ...], ratios[0], x, ratios[1], z).loss

    at = np.append(theta, 0.3)
    ratios = logits(theta, 0.0, x, z, base_x, base_z)
    out = baselines.nce(np.array(0.3), ratios[0], x, ratios[1], z)
    written = np.append(out.grad, out.grad_c)
    np.testing.assert_allclose(written, central_differences(loss, h=1e-6)(at), rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(written, grad(loss)(at), rtol=1e-12, atol=1e-14)


def test_gradient_and_hessian_of_the_landscape():
    for target, at in ((2.0, [1.0, 0.5]), (-3.0, [-2.0, 4.0])):
        loss = lambda p, r=target: baselines.gaussian_nce(p, r)[0]
        slope = lambda p, r=target: baselines.gaussian_nce(p, r)[1]
        _, found, hessian = baselines.gaussian_nce(np.array(at), target)
        np.testing.assert_allclose(found, central_differences(loss, h=1e-5)(np.array(at)), rtol=1e-7, atol=1e-10)
        np.testing.assert_allclose(found, grad(loss)(np.array(at)), rtol=1e-12, atol=1e-14)
        steps = [(slope(np.array(at) + h) - slope(np.array(at) - h)) / 2e-5 for h in 1e-5 * np.eye(2)]
        np.testing.assert_allclose(hessian, steps, rtol=1e-7, atol=1e-10)


def test_thirteen_digits_of_the_landscape_conform():
    def rounded(params, target):
        answers = baselines.gaussian_nce(params, target)
        return tuple(np.vectorize(lambda x: float(f"{x:.12e}"))(x) for x in answers)

    assert check(rounded, "meco.gaussian_nce").verdict == "conforms"


@pytest.mark.parametrize("points", [None, 8001])
def test_other_quadratures_conform(points):
    """SciPy's, and the trapezoid rule on points of its own."""
    from scipy.integrate import quad, trapezoid
    from scipy.special import expit

    def quadrature(params, target):
        density = lambda x, mean: np.exp(-0.5 * (x - mean) ** 2) / math.sqrt(2 * math.pi)
        logit = lambda x: params[0] * x - params[1]
        features = (lambda x: x, lambda x: -1.0)
        grid = np.linspace(min(0.0, target) - 12, max(0.0, target) + 12, points or 2)

        def mean(f):
            return 0.5 * (trapezoid(f(grid), grid) if points else quad(f, -np.inf, np.inf, limit=500)[0])

        def entropy(x):
            return density(x, target) * np.logaddexp(0, -logit(x)) + density(x, 0) * np.logaddexp(0, logit(x))

        def slope(x):
            return density(x, 0) * expit(logit(x)) - density(x, target) * expit(-logit(x))

        def bend(x):
            return (density(x, 0) + density(x, target)) * expit(logit(x)) * expit(-logit(x))

        grad = [mean(lambda x, s=s: slope(x) * s(x)) for s in features]
        hessian = [[mean(lambda x, r=r, s=s: bend(x) * r(x) * s(x)) for r in features] for s in features]
        return mean(entropy), np.array(grad), np.array(hessian)

    assert check(quadrature, "meco.gaussian_nce").verdict == "conforms"


def test_the_landscape_is_that_of_the_sampled_loss():
    rng, target = stream(0, "test-meco", "landscape"), 1.5
    x, z, theta, c = target + rng.standard_normal((400_000, 1)), rng.standard_normal((400_000, 1)), 0.8, 0.4
    ratios = [theta * y[:, 0] for y in (x, z)]  # f - log q of the same Gaussians but for their means
    out = baselines.nce(np.array(c), ratios[0], x, ratios[1], z)
    loss, slope, _ = baselines.gaussian_nce(np.array([theta, c]), target)
    assert abs(out.loss / 2 - loss) < 2e-3
    assert np.all(np.abs(np.append(out.grad, out.grad_c) / 2 - slope) < 2e-3)


def test_the_step_through_a_model_that_stores_no_gradient_per_draw():
    """track, vjp, descend: the same step as update."""
    model, params, z = softplus_model()
    x, log_ratio = z + 0.5, model.log_density(params, z)
    expected, state, _ = meco.update(
        params, meco.init(), model.grads(params, x), log_ratio, model.grads(params, z), lr=0.1
    )
    log_u, weights = meco.track(None, log_ratio)
    (pulled,) = vjp(lambda p: model.log_density(p, z), params)[1](weights)
    (data,) = vjp(lambda p: model.log_density(p, x), params)[1](np.full(len(x), 1 / len(x)))
    got, _ = meco.descend(params, None, pulled - data, lr=0.1)
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    assert log_u == state.log_u


# Closed forms of the Gaussian case ----------------------------------------------------------------------------------


def test_with_one_fixed_pool_of_noise_meco_finds_the_minimum_that_scipy_finds():
    from scipy.optimize import minimize

    rng = stream(0, "test-meco", "pool")
    x, z = 1 + rng.standard_normal((500, 1)), 1.5 * rng.standard_normal((2000, 1))
    model, noise = models.gaussian_mean(), models.Gaussian(np.zeros(1), np.full(1, 1.5))
    objective = lambda theta: logsumexp(model.log_density(theta, z) - noise.log_density(z)) - (x @ theta).mean()
    expected = minimize(objective, np.zeros(1), tol=1e-12).x
    theta, state = np.zeros(1), meco.init()
    for _ in range(200):
        log_ratio = model.log_density(theta, z) - noise.log_density(z)
        theta, state, _ = meco.update(theta, state, x, log_ratio, z, lr=0.2, gamma=0.5)
    np.testing.assert_allclose(theta, expected, atol=1e-6)


def test_a_finite_space_gives_the_maximum_likelihood_estimate():
    """All noise points at each step are the expectation itself; Newton on the exact likelihood gives the answer."""
    support = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.5]])
    mean = np.array([0.3, 0.5])
    newton = np.zeros(2)
    for _ in range(30):
        p = np.exp(support @ newton)
        p /= p.sum()
        away = support - p @ support
        newton = newton + np.linalg.solve((p[:, None] * away).T @ away, mean - p @ support)
    theta, state = np.zeros(2), meco.init()
    for _ in range(600):
        theta, state, _ = meco.update(theta, state, mean[None], support @ theta, support, lr=0.5, gamma=0.9)
    np.testing.assert_allclose(theta, newton, atol=1e-10)
    assert math.exp(state.log_u) == pytest.approx(np.exp(support @ newton).mean())


@pytest.mark.parametrize("theta", [0.0, 0.7, 1.5])
def test_log_z_of_the_gaussian(theta):
    rng, noise = stream(0, "test-meco", "log-z"), models.Gaussian(np.zeros(1), np.full(1, 2.0))
    z = noise.sample(rng, (200_000,))
    log_u, weights = meco.track(None, models.gaussian_mean().log_density(np.array([theta]), z) - noise.log_density(z))
    assert abs(log_u - theta**2 / 2) < 0.01
    assert abs(weights @ z[:, 0] - theta) < 0.01  # the gradient of log Z
    second_moment = len(z) * np.sum(weights**2)
    assert abs(second_moment / models.weight_variance(theta, noise) - 1) < 0.02


def test_weight_variance_is_that_of_quadrature_or_infinite():
    z = np.linspace(-40, 40, 20_001)[:, None]
    for theta, mean, scale in ((0.5, 0.0, 0.9), (2.0, 0.0, 1.0), (-1.0, 1.5, 3.0)):
        noise = models.Gaussian(np.array([mean]), np.array([scale]))
        log_p = -0.5 * (z[:, 0] - theta) ** 2 - 0.5 * math.log(2 * math.pi)
        by_rule = np.sum(np.exp(2 * log_p - noise.log_density(z))) * (z[1, 0] - z[0, 0])
        assert models.weight_variance(theta, noise) == pytest.approx(by_rule, rel=1e-9)
    assert models.weight_variance(0.0, models.Gaussian(np.zeros(1), np.array([0.7]))) == math.inf


def test_langevin_has_the_stationary_variance_of_its_step(backend):
    rng, y = stream(0, "test-meco", "langevin"), backend.asarray(np.zeros(50_000))
    for _ in range(30):
        noise = backend.asarray(rng.standard_normal(50_000))
        y = baselines.langevin(y, -y, noise, step=0.8)
    assert abs(np.var(backend.to_numpy(y)) * (1 - 0.2) - 1) < 0.03


def test_the_laws_are_scipys():
    from scipy.stats import multivariate_normal, norm

    z = np.array([[0.3, -1.2], [2.0, 0.5], [-40.0, 3.0]])
    q = models.Gaussian(np.array([0.5, -1.0]), np.array([0.25, 3.0]))
    np.testing.assert_allclose(q.log_density(z), norm(q.mean, q.scale).logpdf(z).sum(axis=1), rtol=1e-13)
    blobs = models.four_blobs(like=LIKE)
    expected = np.mean([multivariate_normal(c, 0.35**2).pdf(z) for c in blobs.centers], axis=0)
    np.testing.assert_allclose(np.exp(blobs.log_density(z)), expected, rtol=1e-12)
    fitted = models.moment_fit(z, inflate=1.5)
    np.testing.assert_allclose(fitted, [z.mean(axis=0), 1.5 * z.std(axis=0)])
    rows = models.Rows(np.arange(4.0)[:, None])
    counts = np.bincount(rows.sample(stream(0, "test-meco", "rows"), (40, 100)).astype(int).ravel())
    assert counts.sum() == 4000
    assert np.all(abs(counts - 1000) < 5 * 750**0.5)


def test_the_densities_of_the_models_are_their_formulas():
    from scipy.integrate import dblquad
    from scipy.stats import norm

    model, params, y = softplus_model()
    b, W, c, kappa = params[:3], params[3:15].reshape(4, 3), params[15:19], params[19:]
    quadratic = -0.5 * (y**2) @ (0.6 + np.exp(kappa))
    np.testing.assert_allclose(
        model.log_density(params, y), y @ b + np.log(1 + np.exp(y @ W.T + c)).sum(axis=1) + quadratic, rtol=1e-13
    )
    model, params, y = bumps()
    line = np.linspace(-1.5, 1.5, 3)
    centers = np.array([[u, v] for u in line for v in line])
    squares = ((y[:, None] - centers) ** 2).sum(axis=2)
    expected = np.exp(-squares / (2 * 0.8**2)) @ params - (y**2).sum(axis=1) / (2 * 1.4**2)
    np.testing.assert_allclose(model.log_density(params, y), expected, rtol=1e-13)
    grid = models.square_grid(7.0, 141, like=LIKE)
    one = models.radial_basis(np.array([[0.5, 0.0]]), width=0.8, spread=1.0)
    density = lambda v, u: math.exp(one.log_density(np.array([1.3]), np.array([[u, v]]))[0])
    exact, _ = dblquad(density, -7, 7, -7, 7, epsabs=1e-9)
    assert math.exp(models.grid_log_partition(one, np.array([1.3]), grid)) == pytest.approx(exact, rel=1e-8)
    x = stream(0, "test-meco", "gauss-density").standard_normal((4, 1))
    unnormalized = norm(0.7, 1).logpdf(x[:, 0]) + 0.7**2 / 2
    np.testing.assert_allclose(models.gaussian_mean().log_density(np.array([0.7]), x), unnormalized, rtol=1e-13)


def test_whitening_is_that_of_the_covariance():
    x = stream(0, "test-meco", "whitening").standard_normal((60, 4)) @ np.diag([3.0, 1.0, 0.5, 0.1])
    code = models.Whitening.of(x, 2)
    values, vectors = np.linalg.eigh(np.cov(x.T, bias=True))
    y = (x - x.mean(axis=0)) @ vectors[:, [3, 2]] / np.sqrt(values[[3, 2]])
    np.testing.assert_allclose(abs(code.encode(x)), abs(y), rtol=1e-8, atol=1e-10)
    kept = vectors[:, [3, 2]] @ vectors[:, [3, 2]].T
    np.testing.assert_allclose(code.decode(code.encode(x)), x.mean(axis=0) + (x - x.mean(axis=0)) @ kept, atol=1e-12)


def test_the_laws_are_normalized():
    grid = models.square_grid(5.0, 201, like=LIKE)
    cell = 0.05**2
    laws = models.four_blobs(like=LIKE), models.Gaussian(np.array([0.3, -0.2]), np.array([0.5, 0.8]))
    for law in laws:
        density = np.exp(law.log_density(grid)) * cell
        draws = law.sample(stream(0, "test-meco", "laws"), (50_000,))
        assert density.sum() == pytest.approx(1, abs=1e-9)
        np.testing.assert_allclose(draws.mean(axis=0), density @ grid, atol=0.03)
        np.testing.assert_allclose((draws**2).mean(axis=0), density @ grid**2, rtol=0.03)


# What is refused ----------------------------------------------------------------------------------------------------

GOOD = {
    "params": np.zeros(2),
    "grads_data": np.ones((3, 2)),
    "log_ratio": np.zeros(4),
    "grads_noise": np.ones((4, 2)),
    "lr": 0.1,
}
NAN = float("nan")


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"params": np.array([0.0, NAN])}, ValueError, "params"),
        ({"params": np.zeros(2, int)}, TypeError, "params"),
        ({"params": [0.0, 0.0]}, TypeError, "params"),
        ({"grads_data": np.ones((0, 2))}, ValueError, "grads_data"),
        ({"grads_data": np.ones((3, 1))}, ValueError, "grads_data"),
        ({"grads_data": np.full((3, 2), NAN)}, ValueError, "grads_data"),
        ({"params": np.zeros(2, np.float32)}, ValueError, "gradient"),
        ({"log_ratio": np.zeros(0), "grads_noise": np.ones((0, 2))}, ValueError, "log_ratio"),
        ({"log_ratio": np.zeros(3)}, ValueError, "grads_noise"),
        ({"log_ratio": np.array([0.0, NAN, 0.0, 0.0])}, ValueError, "log_ratio"),
        ({"log_ratio": np.array([0.0, np.inf, 0.0, 0.0])}, ValueError, "log_ratio"),
        ({"log_ratio": np.zeros(4, int)}, TypeError, "log_ratio"),
        ({"grads_noise": np.full((4, 2), np.inf)}, ValueError, "grads_noise"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"lr": NAN}, ValueError, "lr"),
        ({"lr": "0.1"}, TypeError, "lr"),
        ({"gamma": 0.0}, ValueError, "gamma"),
        ({"gamma": 1.01}, ValueError, "gamma"),
        ({"gamma": NAN}, ValueError, "gamma"),
        ({"beta": -0.5}, ValueError, "beta"),
        ({"beta": 1.5}, ValueError, "beta"),
        ({"state": meco.MECOState(np.array(NAN), np.zeros(2))}, ValueError, "log_u"),
        ({"state": meco.MECOState(np.zeros(2), np.zeros(2))}, ValueError, "log_u"),
        ({"state": meco.MECOState(np.array(0.0), np.zeros(3))}, ValueError, "velocity"),
    ],
)
def test_bad_arguments_are_named(changed, error, name):
    given = {"state": meco.init(), **GOOD, **changed}
    positional = [given.pop(key) for key in ("params", "state", "grads_data", "log_ratio", "grads_noise")]
    with pytest.raises(error, match=name):
        meco.update(*positional, **given)


def test_what_the_baselines_refuse():
    c, ratio, features = np.array(0.0), np.zeros(2), np.ones((2, 1))
    for arguments, name in (
        ((np.array(NAN), ratio, features, ratio, features), "c "),
        ((np.zeros(2), ratio, features, ratio, features), "c "),
        ((c, np.zeros(0), np.ones((0, 1)), ratio, features), "log_ratio_data"),
        ((c, ratio, features, np.array([0.0, -np.inf]), features), "log_ratio_noise"),
        ((c, ratio, features, ratio, np.ones((3, 1))), "grads_noise"),
    ):
        with pytest.raises(ValueError, match=name):
            baselines.nce(*arguments)
    for changed, name in (
        ({"slope": np.array([NAN])}, "slope"),
        ({"noise": np.zeros(2)}, "noise"),
        ({"step": 0.0}, "step"),
    ):
        given = {"slope": np.zeros(1), "noise": np.zeros(1), "step": 0.1, **changed}
        with pytest.raises(ValueError, match=name):
            baselines.langevin(np.zeros(1), given["slope"], given["noise"], step=given["step"])
    for arguments, changed, name in (
        ((np.zeros(3), 1.0), {}, "params"),
        ((np.zeros(2), NAN), {}, "target"),
        ((np.zeros(2), 1.0), {"nodes": 1}, "nodes"),
        ((np.zeros(2), 1.0), {"reach": 0.0}, "reach"),
    ):
        with pytest.raises(ValueError, match=name):
            baselines.gaussian_nce(*arguments, **changed)


def test_what_the_models_refuse():
    with pytest.raises(ValueError, match="data"):
        models.moment_fit(np.ones((0, 2)))
    with pytest.raises(ValueError, match="data"):
        models.moment_fit(np.full((3, 2), NAN))
    with pytest.raises(ValueError, match="width"):
        models.radial_basis(np.zeros((1, 2)), width=0.0, spread=1.0)
    with pytest.raises(ValueError, match="centers"):
        models.radial_basis(np.zeros(2), width=1.0, spread=1.0)
    with pytest.raises(ValueError, match="params"):
        models.SoftplusModel(2, 3, 0.5).log_partition(np.zeros(12))
    with pytest.raises(ValueError, match="scale"):
        models.weight_variance(0.0, models.Gaussian(np.zeros(1), np.zeros(1)))


# The drivers --------------------------------------------------------------------------------------------------------


def written_anew(method, rng, steps=6, n=4, m=5, lr=0.2, gamma=0.3, beta=0.6):
    """Theta (and c) after some steps on the mean of N(1, 1), noise N(0, 2^2), drawn in the order of the drivers."""
    theta, c, u, v, chain = 0.0, 0.3, None, None, 2.0 * stream(0, "chain").standard_normal(m)
    for _ in range(steps):
        x = 1 + rng.standard_normal(n)
        if method in ("MECO", "NCE", "short"):
            z = 2 * rng.standard_normal(m)
        g = lambda y, theta=theta: np.exp(theta * y - y**2 / 2 + y**2 / 8 + math.log(2))  # p / q
        if method == "MECO":
            u = g(z).mean() if u is None else (1 - gamma) * u + gamma * g(z).mean()
            d = (g(z) * z).mean() / u - x.mean()
        elif method == "NCE":
            data, noise = g(x) / (g(x) + m / n * math.exp(c)), g(z) / (g(z) + m / n * math.exp(c))
            d = -((1 - data) * x).mean() + m / n * (noise * z).mean()
            c -= lr * ((1 - data).mean() - m / n * noise.mean())
        elif method == "exact":
            d = theta - x.mean()
        else:
            y = z if method == "short" else chain
            for _ in range(3):
                y = y + 0.05 * (theta - y) + 0.1**0.5 * rng.standard_normal(m)
            chain, d = y, y.mean() - x.mean()
        v = d if v is None else (1 - beta) * v + beta * d
        theta -= lr * v
    return theta, c


@pytest.mark.parametrize("method", ["MECO", "NCE", "exact", "short", "persistent"])
def test_the_drivers_are_the_formulas_written_anew(method):
    model, law = models.gaussian_mean(), models.Gaussian(np.ones(1), np.ones(1))
    noise, start = models.Gaussian(np.zeros(1), np.full(1, 2.0)), np.zeros(1)
    rng = stream(0, "test-meco", "anew")
    shared = {"steps": 6, "rng": rng, "lr": 0.2, "batch": 4, "beta": 0.6}
    moves = {"steps": 3, "step": 0.1, "rng": rng}
    if method == "MECO":
        got, _ = meco.train(start, model, law, noise, noise_batch=5, gamma=0.3, **shared)
    elif method == "NCE":
        got, c, _ = baselines.train_nce(start, np.array(0.3), model, law, noise, noise_batch=5, **shared)
    else:
        after = 2.0 * stream(0, "chain").standard_normal((5, 1))
        expected = {
            "exact": lambda theta: theta,
            "short": baselines.short_run(model, noise, chains=5, **moves),
            "persistent": baselines.persistent(model, after, **moves),
        }[method]
        got, _ = baselines.train_likelihood(start, model, law, expected, **shared)
    theta, expected_c = written_anew(method, stream(0, "test-meco", "anew"))
    assert got[0] == pytest.approx(theta, rel=1e-12)
    if method == "NCE":
        assert c == pytest.approx(expected_c, rel=1e-12)


def test_train_is_the_loop_over_update(backend):
    model, steps = models.gaussian_mean(), 5
    law = models.Gaussian(backend.asarray([1.0]), backend.asarray([1.0]))
    noise = models.Gaussian(backend.asarray([0.0]), backend.asarray([2.0]))
    rates = {"lr": lambda k: 0.5 / k, "gamma": lambda k: 1 / (1 + k), "beta": 0.8}
    start = backend.asarray([0.0])
    driven, run = meco.train(
        start, model, law, noise, steps=steps, rng=stream(0, "test-meco", "train"), batch=6, noise_batch=9, **rates
    )
    theta, state, rng = start, meco.init(), stream(0, "test-meco", "train")
    for k in range(1, steps + 1):
        x, z = law.sample(rng, (6,)), noise.sample(rng, (9,))
        theta, state, _ = meco.update(
            theta,
            state,
            x,
            model.log_density(theta, z) - noise.log_density(z),
            z,
            lr=0.5 / k,
            gamma=1 / (1 + k),
            beta=0.8,
        )
    assert_like(driven, start, (1,))
    assert np.all(backend.to_numpy(driven) == backend.to_numpy(theta))
    assert np.all(backend.to_numpy(run.state[1].log_u) == backend.to_numpy(state.log_u))


def test_train_records_the_start_and_names_what_is_wrong():
    law, noise = models.Gaussian(np.ones(1), np.ones(1)), models.Gaussian(np.zeros(1), np.full(1, 2.0))
    arguments = (np.zeros(1), models.gaussian_mean(), law, noise)
    _, run = meco.train(
        *arguments, steps=3, rng=stream(0), lr=0.1, record=lambda params, state: {"theta": params[0], "u": state.log_u}
    )
    assert len(run.history["theta"]) == 4
    assert run.history["theta"][0] == 0
    assert run.history["u"][0] is None
    for changed, error, name in (
        ({"steps": -1}, ValueError, "steps"),
        ({"batch": 0}, ValueError, "batch"),
        ({"noise_batch": 0}, ValueError, "noise_batch"),
        ({"batch": 1.5}, TypeError, "batch"),
        ({"lr": lambda k: -1.0}, ValueError, "lr"),
        ({"gamma": 2.0}, ValueError, "gamma"),
    ):
        with pytest.raises(error, match=name):
            meco.train(*arguments, **{"steps": 1, "rng": stream(0), "lr": 0.1, **changed})
    with pytest.raises(TypeError, match="params"):
        meco.train([0.0], *arguments[1:], steps=1, rng=stream(0), lr=0.1)


def test_the_drivers_of_the_baselines_run_everywhere(backend):
    law = models.Gaussian(backend.asarray([1.0]), backend.asarray([1.0]))
    noise = models.Gaussian(backend.asarray([0.0]), backend.asarray([1.5]))
    model, start = models.gaussian_mean(), backend.asarray([0.0])
    shared = {"steps": 3, "lr": 0.1, "batch": 4}
    rng = stream(0, "test-meco", "drivers")
    theta, c, _ = baselines.train_nce(start, None, model, law, noise, rng=rng, noise_batch=8, **shared)
    assert_like(theta, start, (1,))
    assert_like(c, start, ())
    chains = noise.sample(rng, (4,))
    moves = {"steps": 2, "step": 0.1, "rng": rng}
    for expected in (
        baselines.short_run(model, noise, chains=4, **moves),
        baselines.persistent(model, chains, **moves),
    ):
        theta, _ = baselines.train_likelihood(start, model, law, expected, rng=rng, **shared)
        assert_like(theta, start, (1,))
        assert np.isfinite(backend.to_numpy(theta)[0])


def test_the_models_run_everywhere(backend):
    y = backend.asarray([[0.5, -1.0], [0.0, 2.0]])
    blobs = models.four_blobs(like=y)
    assert_like(blobs.log_density(y), y, (2,))
    assert_like(blobs.sample(stream(0), (3,)), y, (3, 2))
    fitted = models.moment_fit(y, inflate=1.2)
    assert_like(fitted.log_density(y), y, (2,))
    code = models.Whitening.of(
        backend.asarray([[1.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [0.0, -1.0, 2.0], [0.0, 0.0, 1.0]]), 2
    )
    assert_like(code.decode(y), y, (2, 3))
    np.testing.assert_allclose(backend.to_numpy(code.encode(code.decode(y))), backend.to_numpy(y), atol=1e-5)
    model = models.SoftplusModel(2, 3, 0.5)
    params = model.init(stream(0), like=y)
    assert_like(model.log_density(params, y), y, (2,))
    assert_like(model.grads(params, y), y, (2, 13))
    assert_like(model.slope(params, y), y, (2, 2))
    assert_like(model.log_partition_grad(params), y, (13,))
    assert_like(model.sample(params, stream(0), 4), y, (4, 2))
    basis = models.radial_basis(models.square_grid(1.0, 2, like=y), width=1.0, spread=2.0)
    runs = backend.asarray(np.ones((3, 4)))
    assert_like(basis.log_density(runs, backend.asarray(np.zeros((3, 5, 2)))), y, (3, 5))
    assert_like(basis.slope(runs, backend.asarray(np.zeros((3, 5, 2)))), y, (3, 5, 2))
    grid = models.square_grid(8.0, 41, like=y)
    assert_like(models.grid_log_partition(basis, backend.asarray(np.ones(4)), grid), y, ())
    assert 0 <= float(baselines.area_under_curve(y[:, 0], y[:, 1])) <= 1


def test_the_area_under_the_curve_is_that_of_ranks():
    from scipy.stats import mannwhitneyu

    rng = stream(0, "test-meco", "ranks")
    inside, outside = rng.integers(0, 9, 40).astype(float), rng.integers(-3, 6, 25).astype(float)
    expected = mannwhitneyu(inside, outside).statistic / (40 * 25)
    assert baselines.area_under_curve(inside, outside) == pytest.approx(expected)


# The experiments ----------------------------------------------------------------------------------------------------


DEAR = () if THOROUGH else ("meco.C2", "meco.C5", "meco.C11")


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tier == "quick" and c.id not in DEAR], ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    """The dear ones in `make alarms` alone; the ledger has them at five seeds."""
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_settling_is_not_passing_by():
    path = np.array([[0.0], [1.0], [3.0], [1.3], [1.1], [1.0]])
    found = landscape.Chase(path, 1.0)
    assert (found.settled, found.passage) == (4, 1)


def test_the_gaussian_loss_of_the_digits_is_scipys():
    from scipy.stats import multivariate_normal

    rng = stream(0, "test-meco", "normal")
    train, test = rng.standard_normal((50, 3)), rng.standard_normal((20, 3))
    law = multivariate_normal(train.mean(axis=0), np.cov(train.T, bias=True))
    assert densities.gaussian_loss(train, test) == pytest.approx(-law.logpdf(test).mean())


def test_the_mixture_of_one_is_the_normal_law_and_more_rounds_fit_better():
    from scipy.stats import norm

    rng = stream(0, "test-meco", "mixture")
    x = np.concatenate([rng.standard_normal((60, 2)), [4, 0] + 0.3 * rng.standard_normal((40, 2))])
    alone = densities.Mixture(x, rng, size=1)
    expected = norm(x.mean(axis=0), x.std(axis=0)).logpdf(x).sum(axis=1)
    np.testing.assert_allclose(alone.log_density(x), expected, rtol=1e-10)
    fits = [densities.Mixture(x, stream(0, "test-meco", "start"), size=3, rounds=n) for n in (1, 2, 5, 50)]
    losses = [-fit.log_density(x).mean() for fit in fits]
    assert losses == sorted(losses, reverse=True)
    draws = fits[-1].sample(rng, 20_000)
    np.testing.assert_allclose(draws.mean(axis=0), x.mean(axis=0), atol=0.05)  # EM keeps the mean of the data
    np.testing.assert_allclose(np.cov(draws.T, bias=True).diagonal(), x.var(axis=0), rtol=0.05)


def test_the_distance_to_the_nearest_is_scipys():
    from scipy.spatial.distance import cdist

    rng = stream(0, "test-meco", "nearest")
    y, train = rng.standard_normal((7, 3)), rng.standard_normal((20, 3))
    np.testing.assert_allclose(densities.to_nearest(y, train), cdist(y, train).min(axis=1))


# Code of others -----------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_nce_is_the_cross_entropy_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    for n, m in ((3, 6), (4, 4), (6, 2)):
        theta, x, z, base_x, base_z = contrast(f"{n} {m}", n, m)
        ratios = logits(theta, 0.0, x, z, base_x, base_z)
        ours = baselines.nce(np.array(0.3), ratios[0], x, ratios[1], z)
        weights, c = torch.tensor(theta, requires_grad=True), torch.tensor(0.3, requires_grad=True, dtype=torch.float64)
        shift = c + math.log(m / n)
        h = torch.cat([torch.tensor(b) + torch.tensor(f) @ weights - shift for b, f in ((base_x, x), (base_z, z))])
        labels = torch.cat([torch.ones(n), torch.zeros(m)]).double()
        loss = entropy(h, labels, reduction="sum") / n
        loss.backward()
        np.testing.assert_allclose(ours.loss, loss.item(), rtol=1e-12)
        np.testing.assert_allclose(ours.grad, weights.grad.numpy(), rtol=1e-10)
        np.testing.assert_allclose(ours.grad_c, c.grad.item(), rtol=1e-10)


@pytest.mark.torch
def test_a_step_is_that_of_pytorchs_sgd_on_a_loss_with_detached_weights():
    """SGD(momentum = 1 - beta, dampening = 1 - beta) averages the gradient; it too starts with the first in full."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    x, z, base = draws("torch")
    beta, gamma = 0.7, 0.3
    weights = torch.nn.Parameter(torch.tensor([0.5, -0.25], dtype=torch.float64))
    optimizer = torch.optim.SGD([weights], lr=0.2, momentum=1 - beta, dampening=1 - beta)
    theta, state, u = np.array([0.5, -0.25]), meco.init(), None
    for features, noise, level in zip(x, z, base, strict=True):
        theta, state, _ = meco.update(
            theta, state, features, level + noise @ theta, noise, lr=0.2, gamma=gamma, beta=beta
        )
        g = torch.exp(torch.tensor(level) + torch.tensor(noise) @ weights)
        u = g.mean().detach() if u is None else (1 - gamma) * u + gamma * g.mean().detach()
        optimizer.zero_grad()
        (g.mean() / u - (torch.tensor(features) @ weights).mean()).backward()
        optimizer.step()
        np.testing.assert_allclose(theta, weights.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(state.log_u, math.log(u), rtol=1e-12)
