"""Surrogates: every backend, derivatives by differences, limits by quadrature, scipy's densities, what is refused."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from refimpl.bayesian import _bnn_surrogates_fits as fits
from refimpl.bayesian import _bnn_surrogates_models as models
from refimpl.bayesian import bnn_surrogates as rule
from refimpl.core.arrays import from_numpy
from refimpl.core.autodiff import jacobian, value_and_grad
from refimpl.core.random import stream
from refimpl.models.acquisition import expected_improvement
from tests.alike import assert_like

SIZES = (2, 4, 3, 1)


def normal(name, *shape):
    return stream(0, "test-bnn_surrogates", name).standard_normal(shape)


W, X, Y = normal("w", rule.parameters(SIZES)), normal("x", 6, 2), normal("y", 6)
MODEL = {"sizes": SIZES, "noise": 0.3, "prior": 0.7}


def slopes(f, w, h=1e-6):
    """Central differences."""
    return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])


# Backends ------------------------------------------------------------------------------------------------------------


def test_every_backend_gives_the_same(backend):
    put = backend.asarray
    w, x, y = map(put, (W, X, Y))
    r, u, masks = normal("r", 2, len(W)), np.array([0.3, 0.9]), np.ones((2, 6))
    indices, starts = np.array([[0, 5], [2, 1]]), np.stack([W, -W])
    process = {"lengths": np.array([0.5, 2.0, 1.0]), "scale": 1.5, "noise": 0.1, "mean": 0.2}
    there = process | {"lengths": put(process["lengths"])}
    features = rule.parameters(SIZES[:-1])
    values, floor = normal("values", 5, 3), np.full(3, -1.0)
    front, draws = normal("front", 4, 2), normal("draws", 3, 2, 2, 2)
    pairs = [
        (rule.energy(w, x, y, **MODEL), rule.energy(W, X, Y, **MODEL)),
        (rule.hmc(w, put(r), put(u), x, y, step=0.05, steps=[2, 3], **MODEL),
         rule.hmc(W, r, u, X, Y, step=0.05, steps=[2, 3], **MODEL)),
        (rule.sghmc(w, from_numpy(indices, like=w), put(r), x, y, burn_in=1, **MODEL)[:1],
         rule.sghmc(W, indices, r, X, Y, burn_in=1, **MODEL)[:1]),
        ([rule.ensemble(put(starts), put(masks), x, y, steps=2, **MODEL)],
         [rule.ensemble(starts, masks, X, Y, steps=2, **MODEL)]),
        (rule.laplace(w, x, x[:2, :], **MODEL), rule.laplace(W, X, X[:2], **MODEL)),
        (rule.dkl_evidence(w[:features], x, y, sizes=SIZES[:-1], **there),
         rule.dkl_evidence(W[:features], X, Y, sizes=SIZES[:-1], **process)),
        ([rule.hypervolume(put(values), put(floor))], [rule.hypervolume(values, floor)]),
        ([rule.expected_hypervolume_improvement(put(draws), put(front), put(floor[:2]))],
         [rule.expected_hypervolume_improvement(draws, front, floor[:2])]),
        ([rule.monte_carlo_improvement(put(values[:, :, None]), best=0.5)],
         [rule.monte_carlo_improvement(values[:, :, None], best=0.5)]),
        ([rule.log_prior(there["lengths"], 1.0, 0.1)[0]], [rule.log_prior(process["lengths"], 1.0, 0.1)[0]]),
    ]  # fmt: skip
    for got, expected in pairs:
        for one, other in zip(got, expected, strict=True):
            assert_like(one, w, tuple(np.shape(other)))
            np.testing.assert_allclose(backend.to_numpy(one), other, rtol=2e4 * backend.tolerance, atol=2e-4)


# Derivatives ---------------------------------------------------------------------------------------------------------


def test_gradients_are_those_of_the_tape():
    def U(w):
        miss = rule._outputs(w, X, SIZES)[0] - Y
        return (miss @ miss) / (2 * 0.3) + (w @ w) / (2 * 0.7)

    value, grad = value_and_grad(U)(W)
    got = rule.energy(W, X, Y, **MODEL)
    np.testing.assert_allclose(got[0], value, rtol=1e-13)
    np.testing.assert_allclose(got[1], grad, rtol=1e-11, atol=1e-12)
    J = jacobian(lambda w: rule._outputs(w, X, SIZES)[0])(W)
    found = rule.laplace(W, X, X, **MODEL)
    np.testing.assert_allclose(found.jacobian, J, rtol=1e-11, atol=1e-12)
    direct = J @ np.linalg.inv(J.T @ J / 0.3 + np.eye(len(W)) / 0.7) @ J.T
    np.testing.assert_allclose(found.covariance, direct, atol=1e-8)


def test_the_gradient_of_the_evidence_is_its_slope():
    sizes = SIZES[:-1]
    P = rule.parameters(sizes)

    def found(theta):
        lengths, (scale, noise, mean) = np.exp(theta[P:-3]), theta[-3:]
        settings = {"lengths": lengths, "scale": float(np.exp(scale)), "noise": float(noise), "mean": float(mean)}
        return rule.dkl_evidence(theta[:P], X, Y, sizes=sizes, **settings)

    theta = np.concatenate([W[:P], [-0.2, 0.3, 0.1, 0.2, 0.05, 0.4]])
    got = found(theta)
    told = np.concatenate([got.features, got.log_lengths, [got.log_scale, got.noise, got.mean]])
    np.testing.assert_allclose(told, slopes(lambda t: found(t).value, theta), rtol=1e-5, atol=1e-6)


def test_evidence_is_scipys_density():
    settings = {"lengths": np.array([0.5, 2.0]), "scale": 1.5, "noise": 0.1, "mean": 0.2}
    r = np.sqrt(5 * np.sum(((X[:, None] - X[None]) / settings["lengths"]) ** 2, axis=2))
    K = 1.5 * (1 + r + r**2 / 3) * np.exp(-r) + 0.1 * np.eye(6)
    got = rule.evidence(X, Y, **settings).value
    assert got == pytest.approx(stats.multivariate_normal(np.full(6, 0.2), K).logpdf(Y), rel=1e-12)


def test_priors_are_scipys():
    value, *derivatives = rule.log_prior(np.array([0.4, 1.5]), 2.0, 0.05)
    told = stats.gamma(3, scale=1 / 6).logpdf([0.4, 1.5]).sum()
    told += stats.gamma(2, scale=1 / 0.15).logpdf(2.0) + stats.gamma(1.1, scale=1 / 0.05).logpdf(0.05)
    assert value == pytest.approx(told, rel=1e-12)
    at = lambda t: rule.log_prior(np.exp(t[:2]), float(np.exp(t[2])), float(t[3]))[0]
    expected = slopes(at, np.array([*np.log([0.4, 1.5]), np.log(2.0), 0.05]))
    np.testing.assert_allclose(np.concatenate([derivatives[0], derivatives[1:]]), expected, rtol=1e-6)


# Limits --------------------------------------------------------------------------------------------------------------


def test_a_linear_network_has_the_posterior_of_regression():
    A = np.concatenate([X, np.ones((6, 1))], axis=1)
    found = rule.laplace(W[:3], X, X[:2], sizes=(2, 1), noise=0.3, prior=0.7)
    exact = A[:2] @ np.linalg.inv(A.T @ A / 0.3 + np.eye(3) / 0.7) @ A[:2].T
    np.testing.assert_allclose(found.covariance, exact, atol=1e-13)


def test_expected_improvement_by_quadrature():
    for mean, deviation, best in ((0.2, 0.5, 0.4), (-1.0, 0.3, 0.5), (2.0, 0.1, 0.0)):
        gain = lambda f, mean=mean, deviation=deviation, best=best: (f - best) * stats.norm(mean, deviation).pdf(f)
        told = quad(gain, best, max(mean, best) + 12 * deviation, points=[max(mean, best)], epsabs=1e-14)[0]
        got = expected_improvement(np.array([mean]), np.array([deviation]), best).value
        assert got[0] == pytest.approx(told, rel=1e-6, abs=1e-13)
        log = fits.acquisition(fits.Gaussian(np.array([mean]), np.array([deviation**2])), best)
        assert log[0] == pytest.approx(np.log(told), abs=1e-5)


def test_the_logarithm_of_the_improvement_does_not_underflow():
    means = np.array([-1.0, -5.0, -40.0, -300.0])
    log = fits.acquisition(fits.Gaussian(means, np.ones(4)), 0.0)
    assert np.all(np.diff(log) < 0)
    u = 300.0
    assert log[3] == pytest.approx(-u * u / 2 - 0.5 * np.log(2 * np.pi) - 2 * np.log(u), rel=1e-7)


def test_hypervolume_against_uniform_points():
    points, rng = stream(0, "test-bnn_surrogates", "hv").uniform(size=(8, 3)), stream(0, "test-bnn_surrogates", "mc")
    for K in (1, 2, 3):
        x = rng.uniform(size=(40_000, K))
        share = np.mean(np.any(np.all(x[:, None] < points[None, :, :K], axis=2), axis=1))
        assert rule.hypervolume(points[:, :K], np.zeros(K)) == pytest.approx(share, abs=0.015)


def test_the_gain_in_hypervolume_of_a_gaussian_point_by_quadrature():
    front, rho, mean = np.array([[1.0, 0.5], [0.4, 1.2]]), np.zeros(2), np.array([0.8, 0.9])
    draws = mean + 0.3 * stream(0, "test-bnn_surrogates", "ehvi").standard_normal((20_000, 1, 1, 2))
    got = rule.expected_hypervolume_improvement(draws, front, rho)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    cells = mean + 0.3 * np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(1, -1, 1, 2)
    gains = rule.expected_hypervolume_improvement(cells, front, rho)
    told = np.sum(np.outer(weights, weights).ravel() * gains) / np.sum(weights) ** 2
    assert got[0] == pytest.approx(told, abs=0.01)


def test_the_logarithm_of_the_improvement_has_a_tail():
    at = np.array([1e2, 9e4, 2e5, 1e9])
    got = fits.acquisition(fits.Gaussian(-at, np.ones(4)), 0.0)
    np.testing.assert_allclose(got, stats.norm.logpdf(at) - 2 * np.log(at), rtol=1e-7)
    assert np.all(np.isfinite(fits.acquisition(fits.Gaussian(np.array([-1.0, -5.0]), np.zeros(2)), 0.0)))


def test_leapfrogs_fit_the_path():
    assert [rule.leapfrogs(1.0, h) for h in (2.0, 0.4, 1e-300)] == [1, 3, 200]
    assert 100 < rule.leapfrogs(1.0, 1e-9, halve=True) <= 200


# Fits and the loop ---------------------------------------------------------------------------------------------------

SHORT = {
    "hmc": {"pretrain": 200, "burn_in": 10, "samples": 10},
    "sghmc": {"steps": 300, "burn_in": 200},
    "ensemble": {"steps": 200, "lr": 0.01},
    "laplace": {"steps": 200},
    "dkl": {"pretrain": 100, "steps": 100},
}
LINE = np.linspace(0, 1, 9)[:, None]
TARGETS = fits.standardise(LINE[:, 0])


@pytest.mark.parametrize("kind", fits.FITS)
def test_every_surrogate_learns_a_line(kind):
    predict = fits.FITS[kind](stream(0, "test-bnn_surrogates", kind), LINE, TARGETS, **SHORT.get(kind, {}))
    mean, deviation = fits.moments(predict(LINE))
    assert np.abs(mean - TARGETS).max() < 0.5
    assert np.all(deviation < 1.0)
    assert fits.draws(predict(LINE, joint=True), stream(0, "d"), 5).shape == (5, 9)


def test_deep_kernels_have_the_noise_floor():
    """Without pre-training or steps the process stands on random features."""
    predict = fits.deep_kernel(stream(0, "x"), LINE, TARGETS, pretrain=0, steps=0, hidden=(3,))
    _, deviation = fits.moments(predict(LINE))
    assert np.all((deviation > 0) & (deviation < 1))


def test_controls_know_lines():
    predict = fits.linear_process(stream(0, "x"), LINE, TARGETS)
    np.testing.assert_allclose(predict(LINE).mean, TARGETS, atol=0.05)
    scaled = fits.infinite_network(stream(0, "x"), LINE, TARGETS, fit_scale=True)
    np.testing.assert_allclose(scaled(LINE).mean, TARGETS, atol=0.3)


def test_the_loop_and_batches():
    settings = {"initial": 6, "evaluations": 4, "q": 2, "generations": 2}
    x, y = fits.optimise(models.branin, fits.gaussian_process, stream(0, "loop"), 2, **settings)
    assert x.shape == (10, 2)
    assert np.all((x >= 0) & (x <= 1))
    np.testing.assert_allclose(models.branin(x), y)


@pytest.mark.parametrize("q", [1, 2])
def test_on_a_grid_the_loop_sees_and_keeps_its_points_alone(q):
    told: list[np.ndarray] = []

    def fit(rng, x, y):
        predict = fits.gaussian_process(rng, x, y)
        told.append(x)

        def noted(points, joint=False):
            told.append(points)
            return predict(points, joint=joint)

        return noted

    settings = {"initial": 5, "evaluations": 4, "candidates": 20, "generations": 2}
    x, y = fits.optimise(models.branin, fit, stream(0, "grid"), 2, q=q, levels=4, **settings)
    for points in (x, *told):
        np.testing.assert_array_equal(3 * points, np.rint(3 * points))
        assert set(np.rint(3 * points).ravel()) <= {0, 1, 2, 3}
    assert len(x) == 9
    np.testing.assert_array_equal(models.rounded(models.branin, 4)(x), y)
    np.testing.assert_array_equal(models.branin(x), y)


def test_several_objectives():
    reference, settings = (
        np.array([-100.0, -10.0]),
        {"initial": 5, "evaluations": 2, "candidates": 32, "generations": 1},
    )
    draw = stream(0, "two")
    _, y = fits.optimise_several(models.branin_currin, fits.gaussian_process, draw, 2, reference=reference, **settings)
    assert rule.hypervolume(y, reference) >= rule.hypervolume(y[:5], reference)


def test_settings_are_chosen_on_data_held_out():
    noisy = TARGETS + 0.6 * normal("noise", 9)
    best = fits.choose("laplace", stream(0, "c"), LINE, noisy, grid=(1e-4, 0.5), hidden=(4,), steps=150)
    assert best["noise"] == 0.5


def test_search_and_first_points():
    found = fits.search(lambda x: -np.sum((x - 0.7) ** 2, axis=1), stream(0, "s"), 3, near=np.full((1, 3), 0.6))
    np.testing.assert_allclose(found, 0.7, atol=0.02)
    points = fits.first_points(stream(0, "p"), 6, 4)
    assert points.shape == (6, 4)
    assert len(np.unique(points)) == 24


# Objectives ----------------------------------------------------------------------------------------------------------


def test_objectives_have_their_optima():
    for x in ((0.12389382, 0.81833333), (0.54277284, 0.15166667), (0.961652, 0.165)):
        assert models.branin(np.array(x)) == pytest.approx(-0.397887, abs=1e-5)
    assert models.hartmann(np.array([0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573])) == pytest.approx(
        3.32237
    )
    assert models.ackley(np.full(10, 0.5)) == pytest.approx(0, abs=1e-12)
    front = np.full((3, 6), 0.5)
    front[:, 0] = (0.0, 0.3, 1.0)
    np.testing.assert_allclose(models.dtlz1(front).sum(axis=1), -0.5)
    np.testing.assert_allclose(np.sum(models.dtlz5(front) ** 2, axis=1), 1.0)
    polynomial = models.polynomial_draw(stream(0, "o"), 8)
    assert polynomial(np.zeros(8)) == pytest.approx(polynomial(np.zeros((1, 8)))[0])
    assert models.network_draw(stream(0, "o"), 8)(np.zeros((2, 8))).shape == (2,)
    values = models.process_draw(stream(0, "o"), 2, length=0.5)(stream(1, "o").uniform(size=(500, 2)))
    assert 0.2 < values.std() < 2


def test_discrete_inputs():
    x = stream(2, "o").uniform(-0.2, 1.2, size=(200, 3))
    got, cells = models.on_grid(x, 6), np.arange(6) / 5
    nearest = cells[np.argmin(np.abs(x[..., None] - cells), axis=-1)]
    np.testing.assert_allclose(got, nearest, atol=1e-15)
    np.testing.assert_array_equal(models.on_grid(got, 6), got)
    objective = models.rounded(models.ackley, 6)
    np.testing.assert_array_equal(objective(x), models.ackley(got))
    assert len(np.unique(objective(x))) < 100  # 216 points, in mirror images


def test_the_warped_objective_is_not_stationary():
    line = np.linspace(0, 1, 20_001)[:, None]
    values = models.warped(line)
    turns = line[1:-1, 0][np.diff(np.sign(np.diff(values))) != 0]
    gaps = np.diff(turns, prepend=0.0)
    assert np.all(np.diff(gaps) < 0)  # ever quicker
    assert gaps[0] > 9 * gaps[-1]
    assert values.max() == pytest.approx(0.974156, abs=1e-6)
    assert line[np.argmax(values), 0] == pytest.approx(0.974308, abs=1e-4)
    pairs = np.stack(np.meshgrid(line[::50, 0], line[::50, 0]), axis=-1)
    np.testing.assert_allclose(models.warped(pairs), np.outer(values[::50], values[::50]), atol=1e-15)


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rule.energy(W, X, Y, sizes=(2, 1), noise=1.0, prior=1.0), "w must"),
        (lambda: rule.energy(W, X, Y, **MODEL | {"noise": 0.0}), "noise must"),
        (lambda: rule.energy(W, X, np.where(Y > 0, np.nan, Y), **MODEL), "y must be finite"),
        (lambda: rule.parameters((3,)), "sizes must"),
        (lambda: rule.evidence(np.zeros((2, 1)), Y[:2], lengths=np.ones(1), scale=1.0, noise=1e-30, mean=0.0), "K"),
        (lambda: rule.evidence(X, Y, lengths=np.array([1.0, -1.0]), scale=1.0, noise=1.0, mean=0.0), "lengths must"),
        (lambda: rule.predictive(np.zeros((1, 3)), noise=1.0), "values must"),
        (lambda: rule.hypervolume(X, np.array([0.0, np.nan])), "reference must"),
        (lambda: fits.standardise(np.ones(1)), "y must have two values"),
        (lambda: fits.choose("laplace", stream(0, "c"), LINE[:3], TARGETS[:3]), "y must have five"),
        (lambda: rule.ensemble(np.stack([W, W]), np.full((2, 6), 0.5), X, Y, steps=1, **MODEL), "masks must"),
        (
            lambda: fits.optimise(models.branin, fits.gaussian_process, stream(0, "q"), 2, evaluations=6, q=4),
            "multiple",
        ),
        (lambda: models.rounded(models.branin, 1), "levels must"),
        (lambda: models.on_grid(np.array([np.nan]), 3), "x must"),
        (lambda: models.warped(X, power=0.0), "power must"),
        (lambda: fits.optimise(models.branin, fits.gaussian_process, stream(0, "q"), 2, levels=1), "levels must"),
        (lambda: fits.choose("gp", stream(0, "c"), LINE, TARGETS), "kind must"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_target_of_one_value_is_no_scale():
    np.testing.assert_array_equal(fits.standardise(np.full(3, 2.5)), 0.0)


@pytest.mark.peers
def test_pymoo_has_the_same_objectives_and_fronts():
    reason = "pymoo is not installed (`make peers`)"
    dtlz = pytest.importorskip("pymoo.problems.many.dtlz", reason=reason)
    sorting = pytest.importorskip("pymoo.util.nds.non_dominated_sorting", reason=reason)
    x = stream(0, "pymoo").uniform(size=(40, 6))
    for ours, theirs in ((models.dtlz1, dtlz.DTLZ1), (models.dtlz5, dtlz.DTLZ5)):
        for objectives in (2, 3):
            values = ours(x, objectives=objectives)
            np.testing.assert_allclose(-theirs(n_var=6, n_obj=objectives).evaluate(x), values, rtol=1e-10)
            front = sorting.NonDominatedSorting().do(-values, only_non_dominated_front=True)
            low = values.min(axis=0) - 1
            assert 1 < len(front) < 40
            volume = rule.hypervolume(values, low)
            assert rule.hypervolume(values[front], low) == pytest.approx(volume, rel=1e-12)
            assert rule.hypervolume(values[front[1:]], low) < volume * (1 - 1e-9)
