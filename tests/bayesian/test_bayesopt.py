"""Bayesian optimisation: worked values on every backend, other ways to the same numbers, fits, searches, other code."""

import math
from pathlib import Path

import numpy as np
import pytest

from refimpl.bayesian import _bayesopt_models as models
from refimpl.bayesian import _bayesopt_search as searching
from refimpl.bayesian import bayesopt as source
from refimpl.core.random import stream
from refimpl.models import acquisition
from tests.alike import assert_like

HALF = 1 / math.sqrt(2 * math.pi)


def drawn(name, *shape):
    return stream(0, "test-bayesopt", name).standard_normal(shape)


def close(backend, got, expected, times=20.0):
    np.testing.assert_allclose(
        backend.to_numpy(got), expected, rtol=times * backend.tolerance, atol=times * backend.tolerance
    )


def fitted(kernel="matern52", d=2, n=6, noise=0.1, **more):
    prior = source.Prior(kernel, np.linspace(2.0, 4.0, d), 1.3, noise, mean=0.2, **more)
    return source.fit(prior, drawn(f"X {d}", n, d), drawn("y", n))


# Worked values on every backend --------------------------------------------------------------------------------------


def test_a_process_with_one_observation(backend):
    prior = source.Prior("power_exponential", backend.asarray([1.0]), 1.0, noise=1.0)
    given = source.fit(prior, backend.asarray([[0.0]]), backend.asarray([2.0]))
    law = source.posterior(given, backend.asarray([[0.0], [1.0]]))
    assert_like(law.covariance, given.X, (2, 2))
    close(backend, law.mean, [1.0, math.exp(-1)])
    close(backend, law.covariance[1, 1], 1 - math.exp(-2) / 2)
    value, gradient = source.improvement_at(given, backend.asarray([[1.0]]), 0.0)
    assert_like(gradient, given.X, (1, 1))
    assert float(value[0]) > math.exp(-1)
    found = source.evidence(given)
    assert_like(found.by_alpha, given.X, (1,))
    close(backend, found.value, -1.0 - math.log(2) / 2 - math.log(2 * math.pi) / 2)
    gradients = source.kg_gradient(given, backend.asarray([1.0]), given.X, backend.asarray([1.0, 0.0]))
    assert_like(gradients, given.X, (2, 1))
    close(backend, gradients[1, :], [0.0])


def test_acquisitions(backend):
    mu, sigma = backend.asarray([0.0, 1.0]), backend.asarray([1.0, 2.0])
    covariance = backend.asarray([[1.0, 0.0], [0.0, 4.0]])
    whole = lambda *numbers: backend.asarray(np.array(numbers))
    found = acquisition.expected_improvement(mu, sigma, 1.0)
    assert_like(found.by_sigma, mu, (2,))
    close(backend, found.value, [math.exp(-0.5) * HALF - math.erfc(math.sqrt(0.5)) / 2, 2 * HALF])
    gain = source.knowledge_gradient(0 * mu, covariance, whole(0, 1))
    assert_like(gain, mu, (2,))
    close(backend, gain, [HALF, 2 * HALF])
    close(backend, source.generalized_improvement(0 * mu, covariance, whole(1), whole(0)), [2 * HALF])
    met = source.constrained_improvement(backend.asarray([[0.0], [0.0]]), backend.asarray([[1.0], [1.0]]), 0.0)
    assert_like(met, mu, (1,))
    close(backend, met, [HALF / 2])
    estimate = source.parallel_improvement(mu, covariance, backend.asarray([[1.0, 0.0], [0.0, -1.0]]), 0.0)
    assert_like(estimate.by_covariance, mu, (2, 2))
    close(backend, estimate.value, 0.5)
    both = source.entropy_search(
        mu, covariance, 0, backend.asarray([-1.0, 1.0]), backend.asarray([0.5, 0.5]),
        backend.asarray(drawn("entropies", 40, 2)), backend.asarray(drawn("none", 40)), bins=10,
    )  # fmt: skip
    for value in both:
        assert_like(value, mu, ())
    law = source.observe(mu, covariance, 1, 2.0, noise=4.0)
    assert_like(law.mean, mu, (2,))
    close(backend, law.mean, [0.0, 1.5])
    close(backend, law.covariance, [[1, 0], [0, 2]])
    assert source.best_feasible(mu, backend.asarray([[-1.0, -1.0]])) is None


def test_richer_models(backend):
    prior = source.Prior("power_exponential", backend.asarray([0.5]), 1.0)
    zero, one = backend.asarray([[0.0]]), backend.asarray([[1.0]])
    given = models.fit_with_gradients(prior, zero, backend.asarray([0.0]), one)
    law = models.posterior_with_gradients(given, one)
    assert_like(law.mean, one, (1,))
    close(backend, law.mean, [math.exp(-0.5)])
    moves = models.derivative_directions(given, backend.asarray([2.0]), one)
    assert_like(moves, one, (1, 2))
    assert_like(models.simulated_gain(law.mean, moves, backend.asarray([[1.0, 1.0]])), one, ())
    blocks = backend.asarray([[[1.0]], [[0.5]]])
    joint = models.fidelity_covariance(blocks)
    close(backend, joint, [[1, 1], [1, 1.5]])
    at, weights = backend.asarray(np.array([0, 1])), backend.asarray([[1.0, 0.0], [0.0, 0.0]])
    value = models.gain_per_cost(backend.asarray([0.0, 0.0]), joint, at, backend.asarray([1.0, 0.5]), weights)
    close(backend, value, [HALF, 2 * HALF / math.sqrt(1.5)])


def test_searches(backend):
    given = source.Prior("matern52", backend.asarray([4.0]), 1.0, noise=0.01)
    low, high = backend.asarray([0.0]), backend.asarray([1.0])
    X = backend.asarray([[0.0], [0.5], [1.0]])
    y, rng = backend.asarray([0.0, 1.0, 0.0]), stream(0, "test-bayesopt", "searches")
    x = searching.propose(searching.State(X, y, given), low, high, rng=rng, starts=2)
    assert_like(x, low, (1,))
    assert 0.2 < float(x[0]) < 0.8
    known = source.fit(given, X, y)
    x, value = searching.maximize_kg(known, low, high, X[1:2, :], rng=rng, steps=5, draws=50, grid=X)
    assert_like(x, low, (1,))
    assert abs(value) < 0.2
    assert searching.simulated_kg(known, x, backend.asarray([0.0]), low, high, X) == pytest.approx(0.0, abs=1e-4)
    law = source.posterior(known, X)
    assert len({*searching.constant_liar(law.mean, law.covariance, 1.0, 3, jitter=1e-3)}) == 3


# Other ways to the same numbers --------------------------------------------------------------------------------------


def test_observing_is_fitting_anew():
    before = fitted()
    new, h = drawn("new", 4, 2), 0
    law = source.posterior(before, new)
    after = source.fit(before.prior, np.vstack([before.X, new[h]]), np.append(drawn("y", 6), 0.7))
    seen, right = source.observe(*law, h, 0.7, noise=0.1), source.posterior(after, new)
    for got, expected in zip(seen, right, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-13)


def test_a_value_and_a_gradient_more_are_the_directions():
    prior = source.Prior("power_exponential", np.array([1.0, 2.0]), 1.0, noise=0.05)
    X, y, g, new, x = drawn("X 2", 4, 2), drawn("y", 4), drawn("g", 4, 2), drawn("new", 3, 2), drawn("x", 2)
    before = models.fit_with_gradients(prior, X, y, g, gradient_noise=0.2)
    moves = models.derivative_directions(before, x, new, gradient_noise=0.2)
    later = models.fit_with_gradients(
        prior, np.vstack([X, x]), np.append(y, 0.3), np.vstack([g, [0.1, -0.2]]), gradient_noise=0.2
    )
    law, after = (models.posterior_with_gradients(f, new) for f in (before, later))
    np.testing.assert_allclose(law.covariance - moves @ moves.T, after.covariance, atol=1e-12)


def test_simulation_on_a_box_is_that_on_a_fine_grid():
    given = fitted("matern52", d=1, noise=0.05)
    grid, x = np.linspace(-2, 2, 401)[:, None], np.array([0.3])
    law = source.posterior(given, np.vstack([grid, [x]]))
    direction = law.covariance[:-1, -1] / math.sqrt(law.covariance[-1, -1] + 0.05)
    box = np.array([-2.0]), np.array([2.0])
    for z in (-2.0, 0.5, 3.0):
        right = np.max(law.mean[:-1] + z * direction) - np.max(law.mean[:-1])
        found = searching.simulated_kg(given, x, np.array([z]), *box, grid[::20])
        assert found == pytest.approx(right, abs=1e-3)


def test_no_gain_is_below_zero_and_small_ones_keep_their_digits():
    from scipy.integrate import quad

    for gap in (2.0, 6.0, 12.0):
        right = quad(lambda z, gap=gap: (z - gap) * math.exp(-z * z / 2) * HALF, gap, gap + 20, epsabs=0)[0]
        found = source.expected_gain(np.array([[0.0, -gap]]), np.array([[0.0, 1.0]]))[0]
        assert found == pytest.approx(right, rel=1e-7)


def test_fits_find_what_the_data_were_drawn_with():
    rng = stream(0, "test-bayesopt", "fit")
    X = rng.uniform(0, 4, (80, 1))
    right = source.Prior("power_exponential", np.array([2.0]), 1.5, noise=0.04, mean=1.0)
    K = source.covariance(right, X, X) + 0.04 * np.eye(80)
    y = 1.0 + np.linalg.cholesky(K) @ rng.standard_normal(80)
    start = right._replace(alpha=np.array([0.5]), alpha0=1.0, noise=0.3, mean=0.0)
    found = searching.fit_hyperparameters(start, X, y, rng=rng, starts=2)
    value = lambda prior: float(source.evidence(source.fit(prior, X, y)).value)
    assert value(found) > value(right) - 1e-6
    assert 0.02 < found.noise < 0.08
    slopes = source.evidence(source.fit(found, X, y))
    assert max(abs(float(v)) for v in (slopes.by_alpha[0], slopes.by_noise, slopes.by_alpha0, slopes.by_mean)) < 0.01
    sure = searching.fit_hyperparameters(
        start, X, y, rng=rng, starts=1, beliefs={"noise": searching.Belief("lognormal", math.log(0.5), 0.01)}
    )
    assert sure.noise == pytest.approx(0.5, rel=0.05)  # a strong belief wins
    high = searching.Belief("normal", 2.0, 1.0, low=1.5, high=9.0)
    assert searching.log_belief(high, 1.0) == (-math.inf, 0.0)
    for kind in ("uniform", "normal", "lognormal"):
        belief, h = searching.Belief(kind, 0.7, 0.6), 1e-6
        slope = (searching.log_belief(belief, 1.3 + h)[0] - searching.log_belief(belief, 1.3 - h)[0]) / (2 * h)
        assert searching.log_belief(belief, 1.3)[1] == pytest.approx(slope, abs=1e-6)


def test_slice_sampling_has_the_law():
    """One observation of variance alpha0 + noise: the mean has a normal law, by conjugacy with its belief."""
    rng = stream(0, "test-bayesopt", "slice")
    density = lambda theta: -0.5 * (theta[0] - 1) ** 2 / 4
    theta, draws = [0.0], []
    for _ in range(4000):
        theta = searching._slice(density, theta, 0, rng, 2.0)
        draws.append(theta[0])
    assert np.mean(draws) == pytest.approx(1.0, abs=0.2)
    assert np.std(draws) == pytest.approx(2.0, abs=0.15)
    sure = {name: searching.Belief("lognormal", 0.0, 0.01) for name in ("alpha1", "alpha0", "noise")}
    prior = source.Prior("matern52", np.ones(1), 1.0, noise=1.0)
    found = searching.sample_hyperparameters(
        prior, np.array([[0.0], [9.0]]), np.array([3.0, 1.0]), rng=rng, count=25, beliefs=sure
    )
    means = np.array([draw.mean for draw in found])
    assert means.mean() == pytest.approx(2.0, abs=0.8)  # of two observations of variance 2, far apart
    assert means.std() == pytest.approx(1.0, abs=0.5)
    assert all(abs(draw.noise - 1) < 0.06 for draw in found)


def test_the_acquisition_is_averaged_not_the_hyperparameters():
    new, (X, y) = np.array([[0.4]]), (np.array([[0.0], [1.0]]), np.array([0.0, 0.5]))
    priors = [source.Prior("matern32", np.array([a]), a) for a in (0.5, 8.0)]
    ask = lambda given: source.improvement_at(given, new, 0.5)[0]
    found = models.averaged(ask, priors, X, y)
    np.testing.assert_allclose(found, np.mean([ask(source.fit(p, X, y)) for p in priors], axis=0))
    middle = source.Prior("matern32", np.array([4.25]), 4.25)
    assert abs(found - ask(source.fit(middle, X, y)))[0] > 0.05


def test_lies_change_the_second_point():
    x = np.linspace(0, 1, 15)[:, None]
    law = source.posterior(
        source.fit(source.Prior("matern52", np.array([30.0]), 1.0), x[[2, 12]], np.array([0.5, 0.0])), x
    )
    chosen = {lie: searching.constant_liar(*law, 0.5, 3, lie=lie, worst=0.0) for lie in ("mean", "max", "min")}
    assert len({batch[0] for batch in chosen.values()}) == 1
    assert all(len({*batch}) == 3 for batch in chosen.values())
    far = acquisition.expected_improvement(law.mean, np.sqrt(np.maximum(np.diagonal(law.covariance), 0)), 0.5).value
    assert chosen["mean"][0] == int(np.argmax(far))
    with pytest.raises(TypeError, match="worst"):
        searching.constant_liar(*law, 0.5, 2, lie="min")


def test_the_best_of_several_runs_in_a_box():
    """Two tops, the higher one outside: the corner next to it."""
    slope = lambda x: (float(np.sin(3 * x[0]) + x[0]), np.array([3 * np.cos(3 * x[0]) + 1]))
    starts, box = np.array([[0.6], [2.4]]), (np.zeros(1), np.array([2.5]))
    x, value = searching.maximize_on_box(slope, *box, starts)
    assert x[0] == pytest.approx(2.5)
    assert value == pytest.approx(math.sin(7.5) + 2.5)
    first = searching.maximize_on_box(slope, *box, starts[:1])
    assert math.cos(3 * first[0][0]) == pytest.approx(-1 / 3, abs=1e-4)


def test_the_search_finds_the_top_of_a_hill():
    rng = stream(0, "test-bayesopt", "hill")
    prior = source.Prior("power_exponential", np.array([4.0, 4.0]), 1.0, noise=1e-4)
    box, top = (np.zeros(2), np.array([1.0, 2.0])), np.array([0.3, 1.4])
    found = searching.maximize(
        lambda x: -float(np.sum((x - top) ** 2)), *box, rng=rng, prior=prior, evaluations=14, initial=5, fit=False
    )
    assert found.X.shape == (14, 2)
    np.testing.assert_allclose(found.x, top, atol=0.1)
    assert found.X.min() >= 0
    assert np.all(found.X.max(axis=0) <= box[1])


@pytest.mark.parametrize(("dtype", "kernel"), [(np.float64, "power_exponential"), (np.float32, "matern52")])
def test_a_search_without_noise_comes_to_its_end(dtype, kernel):
    """Its points come so close to each other that their covariance needs the jitter."""
    prior = source.Prior(kernel, np.array([4.0], dtype), 1.0)
    choose = lambda *given, rng: searching.propose(*given, rng=rng, starts=2)
    found = searching.maximize(
        lambda x: math.sin(3 * x[0]), np.zeros(1, dtype), np.ones(1, dtype), rng=stream(0, "test-bayesopt", "close"),
        prior=prior, evaluations=25, fit=False, choose=choose,
    )  # fmt: skip
    assert found.y.shape == (25,)
    assert found.x[0] == pytest.approx(math.pi / 6, abs=0.01)
    assert found.prior.jitter > 0


def test_a_plateau_does_not_end_a_search():
    prior = source.Prior("matern52", np.ones(1), 1.0, noise=0.1)
    found = searching.maximize(
        lambda x: max(0.1, float(x[0]) - 1), np.zeros(1), np.ones(1), rng=stream(0, "test-bayesopt", "plateau"),
        prior=prior, evaluations=4, initial=3,
    )  # fmt: skip
    assert found.y.tolist() == [0.1] * 4


@pytest.mark.parametrize("more", [{}, {"noise": 0.1, "alpha": np.ones(2)}, {"noise": 0.1, "beta": np.ones(3)}])
def test_nothing_is_evaluated_before_the_arguments_are_checked(more):
    prior = source.Prior("matern52", np.ones(1), 1.0)._replace(**more)
    calls = []
    with pytest.raises(ValueError, match=r"noise must|alpha must|beta must"):
        searching.maximize(calls.append, np.zeros(1), np.ones(1), rng=np.random.default_rng(0), prior=prior,
                           evaluations=6)  # fmt: skip
    assert not calls


def test_a_run_ends_where_nothing_can_be_learned():
    given = source.fit(source.Prior("matern52", np.array([4.0]), 1.0), np.array([[0.0], [1.0]]), np.array([0.0, 1.0]))
    box, grid = (np.zeros(1), np.ones(1)), np.linspace(0, 1, 9)[:, None]
    ask = lambda starts, **more: searching.maximize_kg(
        given, *box, np.array(starts), rng=stream(0, "test-bayesopt", "corner"), draws=100, grid=grid, **more
    )
    assert ask([[1.0]], steps=0) == (1.0, 0.0)
    x, value = ask([[1.0], [0.5]], steps=30)
    assert 0 < x[0] < 1
    assert value > 0.01


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_law_of_its_own_is_never_refused(dtype):
    """Where hardly anything is left to learn, variances and correlations are rounding."""
    X = np.linspace(0, 1, 21, dtype=dtype)[:, None]
    prior = source.Prior("power_exponential", np.array([4.0], dtype), 1.0)
    given = source.fit(prior, X[[0, -1]], np.array([0.0, 1.0], dtype))
    assert len({*searching.constant_liar(*source.posterior(given, X), 1.0, 12)}) == 12
    every = source.fit(prior._replace(jitter=1e-5), X[::4], np.sin(X[::4, 0]))
    for new in (X[::4], np.repeat(X[::4], 2, axis=0)):
        law = source.posterior(every, new)
        assert np.diag(law.covariance).min() >= 0
        assert source.knowledge_gradient(*law, np.arange(len(new))).min() >= 0
    assert acquisition.expected_improvement(*(np.array(v, dtype) for v in ([-14.0], [1.0])), 0.0).value[0] >= 0


def test_jitter_of_an_entropy_is_in_all_of_it():
    """A variance of 1e-6 tells next to nothing; the groups are histograms, which are off by their bins."""
    t, w = np.polynomial.hermite_e.hermegauss(15)
    draws = drawn("jitter", 5000, 2)
    ask = lambda w: source.entropy_search(
        np.zeros(2), np.diag([0.0, 1.0]), 0, t, w, draws, np.zeros(5000), jitter=1e-6, bins=20
    )
    assert max(abs(float(v)) for v in ask(w / w.sum())) < 0.05
    with pytest.raises(ValueError, match="node_weights"):
        ask(w)


def test_nothing_that_is_given_is_changed():
    mean, covariance = drawn("kept", 3), np.eye(3) + 0.5
    before = mean.copy(), covariance.copy()
    source.observe(mean, covariance, 0, 1.0), source.knowledge_gradient(mean, covariance, np.arange(3))
    searching.constant_liar(mean, covariance, 0.0, 2)
    for x, old in zip((mean, covariance), before, strict=True):
        np.testing.assert_array_equal(x, old)


# What is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("alpha", lambda: source.covariance(source.Prior("matern12", np.array([0.0]), 1.0), *2 * [np.zeros((1, 1))])),
        ("kernel", lambda: source.covariance(source.Prior("rbf", np.ones(1), 1.0), *2 * [np.zeros((1, 1))])),
        ("covariance_of_X", lambda: source.fit(source.Prior("matern12", np.ones(1), 1.0), np.zeros((2, 1)),
                                               np.zeros(2))),
        ("y must be finite", lambda: source.fit(source.Prior("matern12", np.ones(1), 1.0), np.zeros((1, 1)),
                                                np.array([np.nan]))),
        ("low must be < high", lambda: searching.design(np.ones(2), np.zeros(2), 4, rng=np.random.default_rng(0))),
        ("y must have two", lambda: searching.fit_hyperparameters(
            source.Prior("matern12", np.ones(1), 1.0, noise=0.1), np.array([[0.0], [1.0]]), np.zeros(2),
            rng=np.random.default_rng(0))),
        ("at must be numbers of points", lambda: source.knowledge_gradient(np.zeros(2), np.eye(2), np.array([2]))),
        ("covariance must have a diagonal", lambda: source.knowledge_gradient(np.zeros(2), -np.eye(2), np.array([0]))),
        ("covariance must be symmetric", lambda: source.observe(np.zeros(2), np.array([[1, 0.9], [-0.9, 1]]), 0, 1.0)),
        ("covariance must be positive", lambda: source.knowledge_gradient(np.zeros(2), 9 - 8 * np.eye(2),
                                                                          np.array([0]))),
        ("x must be where", lambda: source.kg_gradient(
            source.fit(source.Prior("matern52", np.ones(1), 1.0), np.zeros((1, 1)), np.zeros(1)), np.full(1, 1e-9),
            np.ones((1, 1)), np.ones(1))),
        ("belief in alpha0", lambda: searching.fit_hyperparameters(
            source.Prior("matern12", np.ones(1), 1.0, noise=0.1), np.array([[0.0], [1.0]]), np.array([0.0, 1.0]),
            rng=np.random.default_rng(0), beliefs={"alpha0": searching.Belief("normal", 5.0, 1.0, 4.0, 6.0)})),
        ("function must be a finite", lambda: searching.maximize_on_box(
            lambda x: (math.nan, x), np.zeros(1), np.ones(1), np.zeros((1, 1)))),
        ("f must be a finite number", lambda: searching.maximize(
            lambda x: math.nan, np.zeros(1), np.ones(1), rng=np.random.default_rng(0),
            prior=source.Prior("matern52", np.ones(1), 1.0), evaluations=3, initial=2, fit=False)),
    ],
)  # fmt: skip
def test_bad_input_is_named(words, call):
    with pytest.raises(ValueError, match=words):
        call()


# Other code ----------------------------------------------------------------------------------------------------------


@pytest.mark.peers
@pytest.mark.parametrize("kernel", source.KERNELS)
def test_scikit_learn_agrees(kernel):
    learn = pytest.importorskip("sklearn.gaussian_process", reason="scikit-learn is not installed (`make peers`)")
    k, given, new = learn.kernels, fitted(kernel), drawn("new", 4, 2)
    prior = given.prior
    if kernel == "power_exponential":
        shape = k.RBF(1 / np.sqrt(2 * prior.alpha))
    else:
        shape = k.Matern(1 / np.sqrt(prior.alpha), nu={"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}[kernel])
    model = learn.GaussianProcessRegressor(k.ConstantKernel(1.3) * shape + k.WhiteKernel(0.1), alpha=0, optimizer=None)
    model.fit(given.X, given.residual)
    law = source.posterior(given, new)
    noisy = law.covariance + 0.1 * np.eye(4)  # scikit-learn predicts with the noise that is part of its kernel
    for got, expected in zip((law.mean - 0.2, noisy), model.predict(new, return_cov=True), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10)
    value, slopes = model.log_marginal_likelihood(model.kernel_.theta, eval_gradient=True)
    found = source.evidence(given)
    assert float(found.value) == pytest.approx(value, rel=1e-10)
    ours = [found.by_alpha0, *(-2 * found.by_alpha), found.by_noise]  # in the logarithm of the length
    np.testing.assert_allclose(ours, slopes, rtol=1e-8, atol=1e-9)


@pytest.mark.peers
@pytest.mark.torch
def test_botorch_agrees(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / ".peers/botorch-0.18.1"))
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    botorch = pytest.importorskip("botorch", reason="BoTorch is not installed (`make peers`)")
    from botorch.acquisition.analytic import LogConstrainedExpectedImprovement, LogExpectedImprovement
    from botorch.models.deterministic import DeterministicModel
    from botorch.posteriors import GPyTorchPosterior
    from gpytorch.distributions import MultitaskMultivariateNormal, MultivariateNormal

    assert botorch
    mu, sigma = np.array([[0.5, -0.2, 1.5], [0.3, -0.4, 0.8]]), np.array([[1.0, 0.3, 1e-3], [0.5, 1.0, 0.2]])

    class Given(DeterministicModel):
        """Independent normal laws at three points, whatever they are."""

        _num_outputs = 1

        def __init__(self, outputs):
            super().__init__()
            self.outputs, self._num_outputs = outputs, outputs

        def forward(self, X):
            raise NotImplementedError

        def posterior(self, X, **_):
            i = X[..., 0, 0].long()
            laws = [
                MultivariateNormal(torch.tensor(mu[k])[i][:, None], torch.tensor(sigma[k] ** 2)[i][:, None, None])
                for k in range(self.outputs)
            ]
            return GPyTorchPosterior(
                laws[0] if self.outputs == 1 else MultitaskMultivariateNormal.from_independent_mvns(laws)
            )

    X = torch.arange(3, dtype=torch.float64)[:, None, None]
    found = LogExpectedImprovement(Given(1), best_f=torch.tensor(0.4, dtype=X.dtype))(X).exp().numpy()
    np.testing.assert_allclose(acquisition.expected_improvement(mu[0], sigma[0], 0.4).value, found, rtol=1e-12)
    constrained = LogConstrainedExpectedImprovement(
        Given(2), best_f=torch.tensor(0.4, dtype=X.dtype), objective_index=0, constraints={1: (0.0, None)}
    )
    np.testing.assert_allclose(source.constrained_improvement(mu, sigma, 0.4), constrained(X).exp().numpy(), rtol=1e-10)


@pytest.mark.peers
@pytest.mark.torch
@pytest.mark.filterwarnings("ignore")  # BoTorch advises to scale the data, and to take logarithms
def test_botorchs_monte_carlo_agrees(monkeypatch):
    """From the same draws to six digits (BoTorch adds jitter); from others, and in closed form, within four errors."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / ".peers/botorch-0.18.1"))
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    pytest.importorskip("botorch", reason="BoTorch is not installed (`make peers`)")
    from botorch.acquisition import qExpectedImprovement, qKnowledgeGradient
    from botorch.models import SingleTaskGP
    from botorch.sampling import IIDNormalSampler
    from gpytorch.kernels import MaternKernel, ScaleKernel

    given, grid = fitted(noise=0.05), drawn("grid", 12, 2)
    prior, tensor = given.prior, lambda x: torch.tensor(x, dtype=torch.float64)
    model = SingleTaskGP(
        tensor(given.X), tensor(given.residual + prior.mean)[:, None],
        covar_module=ScaleKernel(MaternKernel(2.5, ard_num_dims=2)), outcome_transform=None,
    ).double()  # fmt: skip
    model.covar_module.base_kernel.lengthscale = tensor(1 / np.sqrt(prior.alpha))
    model.covar_module.outputscale, model.likelihood.noise = prior.alpha0, prior.noise
    model.mean_module.constant = prior.mean
    model.eval()
    sampler = lambda count, seed: IIDNormalSampler(torch.Size([count]), seed=seed)

    law, best = source.posterior(given, grid), 0.4
    few = source.posterior(given, grid[:3])
    asked = qExpectedImprovement(model, best, sampler=sampler(4000, 1))
    found = float(asked(tensor(grid[:3])))
    draws = asked.sampler.base_samples.numpy().reshape(4000, 3)
    assert float(source.parallel_improvement(*few, draws, best).value) == pytest.approx(found, rel=1e-6)
    gains = np.maximum((few.mean + draws @ np.linalg.cholesky(few.covariance).T).max(axis=1) - best, 0)
    error = gains.std() / math.sqrt(4000)
    other = float(source.parallel_improvement(*few, drawn("batch", 4000, 3), best).value)
    assert other == pytest.approx(found, abs=4 * math.sqrt(2) * error)
    assert error < 0.05 * found

    now = float(law.mean.max())
    for i in (0, 5, 11):
        here = tensor(grid[i : i + 1])
        asked = qKnowledgeGradient(model, 2000, sampler=sampler(2000, i), current_value=tensor(now))
        after = model.fantasize(here, asked.sampler).posterior(tensor(grid)).mean[:, :, 0]  # [2000, 12]
        found = float(asked(torch.cat([here, tensor(grid)[after.argmax(dim=1)]])))
        error = float(after.max(dim=1).values.std()) / math.sqrt(2000)
        exact = source.knowledge_gradient(*law, np.array([i]), noise=prior.noise)[0]
        assert found == pytest.approx(exact, abs=4 * error)
        Z = asked.sampler.base_samples.numpy().ravel()
        direction = law.covariance[:, i] / math.sqrt(law.covariance[i, i] + prior.noise)
        assert np.mean((law.mean + Z[:, None] * direction).max(axis=1)) - now == pytest.approx(found, rel=1e-6)
        assert error < 0.1 * exact

    box, x = (np.full(2, -2.0), np.full(2, 2.0)), np.array([0.3, -0.5])
    starts = stream(0, "test-bayesopt", "starts").uniform(-2, 2, (60, 2))
    now = searching._best_mean(searching._mean_after(given, x, 0.0), *box, starts)[1]
    asked = qKnowledgeGradient(model, 8, sampler=sampler(8, 2), current_value=tensor(now))
    torch.manual_seed(0)  # its starts, of which few may miss the top on another processor
    found = float(asked.evaluate(tensor(x)[None], bounds=tensor(np.stack(box)), num_restarts=16, raw_samples=512))
    Z = asked.sampler.base_samples.numpy().ravel()
    assert searching.simulated_kg(given, x, Z, *box, starts) == pytest.approx(found, rel=1e-5)
