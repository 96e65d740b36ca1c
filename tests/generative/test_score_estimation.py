"""Score estimation: worked values on every backend, derivatives by automatic differentiation, other code."""

import math

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, jacobian
from refimpl.core.linalg import angle
from refimpl.core.random import stream
from refimpl.generative import _score_estimation_baselines as baselines
from refimpl.generative import _score_estimation_models as models
from refimpl.generative import score_estimation as source
from refimpl.models import mixture
from tests.alike import assert_like

LIKE = np.zeros(1)


def drawn(name, *shape):
    return stream(0, "test-score_estimation", name).standard_normal(shape)


def units(name, m, p, d):
    return source.Network(drawn(f"{name} W", m, p), 2.0 * (drawn(f"{name} a", m, d) > 0) - 1)


def close(backend, got, expected, times=10.0):
    np.testing.assert_allclose(
        backend.to_numpy(got), expected, rtol=times * backend.tolerance, atol=times * backend.tolerance
    )


# Worked values on every backend --------------------------------------------------------------------------------------


def test_the_score_of_a_denoiser(backend):
    f, t = backend.asarray([[3.0, 4.0], [0.3, 0.4]]), backend.asarray([math.log(4)] * 2)
    x = backend.asarray([[1.0, 0.0]] * 2)
    found = source.score(f, t, x, D=1.0)
    assert_like(found, f, (2, 2))
    close(backend, found, [[0.4 - 4 / 3, 1.6 / 3], [0.2 - 4 / 3, 0.8 / 3]])
    errors = source.weighted_errors(f, t, x, x, D=1.0)
    assert_like(errors.loss, f, ())
    close(backend, errors.each, [0.4**2 + 0.8**2, 0.7**2 + 0.4**2], 100)


def test_pairs_and_a_step_from_the_mirrored_start(backend):
    X0, t = backend.asarray([[1.0, 0.0], [0.0, 1.0]]), backend.asarray([math.log(4), math.log(4)])
    pairs = source.training_pairs(X0, t, backend.asarray([[0.0, 0.0], [0.0, 0.0]]), T0=0.0)
    assert_like(pairs.Z, X0, (2, 4))
    close(backend, pairs.Z, [[0.5, 0, math.log(4), 1], [0, 0.5, math.log(4), 1]])
    start = source.symmetric(backend.asarray([[2.0, -2.0, 0.0, 0.0]]), backend.asarray([[1.0, -1.0]]))
    close(backend, source.forward(start, pairs.Z), np.zeros((2, 2)))
    network, step = source.update(start, pairs.Z, pairs.Y, eta=0.5)
    for got, shape in ((network.W, (2, 4)), (step.residuals, (2, 2)), (step.loss, ())):
        assert_like(got, X0, shape)
    close(backend, step.loss, 0.5)
    # The first sample alone is seen, with a residual of (-1, 0): 0.5 / (2 sqrt 2) times the sign times z.
    moved = 0.25 / math.sqrt(2) * np.array([0.5, 0.0, math.log(4), 1.0])
    close(backend, network.W, np.array([2, -2, 0, 0]) + np.outer([1, -1], moved))
    trained = source.train(start, pairs.Z, pairs.Y, eta=0.5, steps=2)
    close(backend, trained.losses[0], 0.5)
    assert float(trained.losses[1]) < 0.5
    Theta = source.empirical_kernel(start, pairs.Z, pairs.Z)
    assert_like(Theta, X0, (2, 2, 2, 2))
    close(backend, Theta[0, :, 0, :], (1.25 + math.log(4) ** 2) * np.array([[1, -1], [-1, 1]]))
    close(backend, Theta[1, ...], np.zeros((2, 2, 2)))


def test_the_kernel_and_its_gradient_descent(backend):
    Z = backend.asarray([[1.0, 0.0], [0.0, 2.0]])
    K = source.tangent_kernel(Z, backend.asarray([[1.0, 1.0], [0.0, 0.0]]))
    assert_like(K, Z, (2, 2))
    close(backend, K, [[3 / 8, 0], [3 / 4, 0]])
    found = source.kernel_gd(Z, backend.asarray([[1.0], [2.0]]), Z, eta=0.5, tau=2)
    assert_like(found, Z, (2, 1))
    close(backend, found, [[1 - (7 / 8) ** 2], [2 * (1 - 0.5**2)]], 100)
    filtered = source.spectral_filter(backend.asarray([-0.125, 0.0, 0.5, 1.0, 1.5]), eta=1.0, tau=3)
    assert_like(filtered, Z, (5,))
    close(backend, filtered, [3, 3, 1.75, 1, 0.75])
    values = backend.asarray([0.001, 0.01, 0.1, 1.0])
    assert source.stopping_time(values, eta=0.5, sigma=0.1) == 47
    close(backend, source.complexity(values, epsilon=0.1), math.sqrt((0.001 + 3 * 0.01) / 4))


def test_models_and_baselines_on_every_backend(backend):
    law = models.law("two", like=backend.asarray([0.0]))
    data = models.draw(stream(0, "test-score_estimation", "backends"), law, 12)
    (Z, Y, _), truth = data.pairs, data.truth
    for got, shape in ((Z, (12, 4)), (Y, (12, 2)), (truth, (12, 2))):
        assert_like(got, law.points, shape)
    K = source.tangent_kernel(Z, Z)
    ridge = [lambda values, p=p: baselines.ridge_filter(values, p) for p in (0.01, 0.1)]
    assert baselines.hold_out(K, Y, ridge, D=law.D).chosen in (0, 1)
    rng = stream(0, "test-score_estimation", "backends", "features")
    for got, shape in (
        (baselines.least_squares(Z, Y, Z), (12, 2)),
        (baselines.random_features(rng, Z, Z[:5, :], m=7)[1], (5, 12)),
    ):
        assert_like(got, law.points, shape)
    assert models.excess(truth, truth, D=law.D) < 1e-10
    assert 0 < models.noise_level(data) < 1


def test_nothing_that_is_given_is_changed():
    Z, Y, network = drawn("Z", 4, 3), drawn("Y", 4, 2), units("kept", 6, 3, 2)
    before = [x.copy() for x in (Z, Y, *network)]
    source.train(network, Z, Y, steps=3), source.kernel_gd(Z, Y, Z, eta=0.1, tau=3), source.project(Y, D=0.5)
    for x, old in zip((Z, Y, *network), before, strict=True):
        np.testing.assert_array_equal(x, old)


# The rule against other ways to the same numbers ---------------------------------------------------------------------


def test_a_step_is_the_gradient_of_the_loss():
    """By automatic differentiation of the network written out anew."""
    (W, a), Z, Y = units("gradient", 7, 3, 2), drawn("gradient Z", 5, 3), drawn("gradient Y", 5, 2)

    def loss(W):
        xp = array_namespace(W)
        f = xp.maximum(Z @ W.T, xp.zeros_like(Z @ W.T)) @ a / math.sqrt(7)
        return xp.mean(xp.sum((f - Y) ** 2, axis=1)) / 2

    network, step = source.update(source.Network(W, a), Z, Y, eta=0.7)
    np.testing.assert_allclose(step.loss, loss(W), rtol=1e-14)
    np.testing.assert_allclose(network.W, W - 0.7 * grad(loss)(W), rtol=1e-13, atol=1e-14)


def test_the_kernel_of_a_network_is_made_of_derivatives():
    (W, a), Z, Z2 = units("jacobian", 5, 3, 2), drawn("jacobian Z", 4, 3), drawn("jacobian Z2", 2, 3)

    def derivatives(inputs):
        def f(W):
            xp = array_namespace(W)
            return xp.maximum(inputs @ W.T, xp.zeros_like(inputs @ W.T)) @ a / math.sqrt(5)

        return jacobian(f)(W)

    expected = np.einsum("nirp,kjrp->nikj", derivatives(Z), derivatives(Z2))
    np.testing.assert_allclose(source.empirical_kernel(source.Network(W, a), Z, Z2), expected, rtol=1e-13, atol=1e-15)


def test_many_units_have_the_tangent_kernel_and_outputs_do_not_mix():
    Z = drawn("limit", 4, 3)
    network = source.init(stream(0, "test-score_estimation", "many"), 200_000, 3, 2, like=Z)
    Theta, K = source.empirical_kernel(network, Z, Z), source.tangent_kernel(Z, Z)
    np.testing.assert_allclose(Theta, K[:, None, :, None] * np.eye(2)[:, None, :], atol=0.02 * K.max())


@pytest.mark.parametrize("eta", [0.5, 2.2])
def test_the_filter_is_fifty_steps(eta):
    """One kernel regression update after the other, also where eta times an eigenvalue is above 1."""
    Z, Y, new = drawn("steps Z", 8, 3), drawn("steps Y", 8, 2), drawn("steps new", 5, 3)
    K, K_new, weights = source.tangent_kernel(Z, Z), source.tangent_kernel(new, Z), np.zeros((8, 2))
    assert (eta * np.linalg.eigvalsh(K / 8)[-1] > 1) == (eta > 1)
    for _ in range(50):
        weights = weights - eta / 8 * (K @ weights - Y)
    np.testing.assert_allclose(source.kernel_gd(Z, Y, new, eta=eta, tau=50), K_new @ weights, rtol=1e-9, atol=1e-10)


def test_the_last_allowed_step_by_trying_all():
    values, sides = np.array([0.4, 0.07, 0.02, 0.001, 0.0]), []
    for tau in range(1, 3000):
        radius = (0.3 * tau) ** -0.5
        sides.append(np.sqrt(np.mean(np.minimum(values, radius**2))) <= 1.5 / (2 * math.e * 0.05 * 0.3 * tau))
    found = source.stopping_time(values, eta=0.3, sigma=0.05, B=1.5)
    assert 50 < found == sum(sides) < 2999
    assert all(sides[:found])


def test_variance_of_the_filter_in_simulation():
    """sigma^2 / n times the sum of (1 - (1 - eta v)^tau)^2 on the training inputs, and below the rule's bound."""
    rng, Z, sigma, tau = stream(0, "test-score_estimation", "variance"), drawn("variance", 30, 4), 0.4, 20
    K = source.tangent_kernel(Z, Z)
    found = source.spectrum(K, sigma * rng.standard_normal((30, 4000)))
    f = source.predict(found, K, source.spectral_filter(found.values, tau=tau))
    learned = 1 - (1 - 0.5 * found.values) ** tau
    variance = sigma**2 / 30 * np.sum(learned**2)
    assert np.mean(f**2) == pytest.approx(variance, rel=0.02)
    assert variance <= sigma**2 * 0.5 * tau * source.complexity(found.values, epsilon=(0.5 * tau) ** -0.5) ** 2


# Data, sampling ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", models.LAWS)
def test_the_mean_of_the_clean_sample_stands_for_the_score(name):
    """That of a mixture of Gaussians, which is what a few points become."""
    law = models.law(name, like=LIKE)
    x, times = drawn(name, 6, law.points.shape[1]), (0.2, 1.0, 2.0)
    points = mixture.Mixture(law.weights, law.points, np.zeros(len(law.weights)))
    assert law.weights.sum() == pytest.approx(1)
    for time in times:
        t = np.full(6, time)
        found = source.score(models.posterior_mean(law, x, t), t, x, D=law.D)
        noised = mixture.noised(points, math.exp(-time / 2), 1 - math.exp(-time))
        np.testing.assert_allclose(found, mixture.score(x, noised), rtol=1e-12, atol=1e-13)


def test_drawn_data_have_the_law_of_the_diffusion():
    law = models.law("two", like=LIKE)
    data = models.draw(stream(0, "test-score_estimation", "law"), law, 40_000)
    assert np.mean(data.pairs.Y[:, 0] == 1.0) == pytest.approx(0.7, abs=0.01)
    noise = (data.pairs.x - np.exp(-data.t / 2)[:, None] * data.pairs.Y) / np.sqrt(1 - np.exp(-data.t))[:, None]
    assert np.mean(noise) == pytest.approx(0, abs=0.01)
    assert np.std(noise) == pytest.approx(1, abs=0.01)
    np.testing.assert_array_equal(data.pairs.Z[:, 2], data.t - models.T0)
    assert data.t.min() >= models.T0
    assert data.t.max() < models.T


def test_eigenvalues_below_zero_are_rounding_up_to_a_point():
    values, clean = np.array([-1e-9, 0.25, 4.0]), np.array([0.0, 0.25, 4.0])
    assert source.complexity(values, epsilon=0.5) == source.complexity(clean, epsilon=0.5)
    np.testing.assert_array_equal(baselines.ridge_filter(values, 0.5), baselines.ridge_filter(clean, 0.5))
    for K, match in (
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "K must be symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "K must be positive semidefinite"),
    ):
        with pytest.raises(ValueError, match=match):
            source.spectrum(K, np.ones((2, 1)))
    with pytest.raises(TypeError, match="K_test must have dtype float64"):
        source.predict(source.spectrum(np.eye(2), np.ones((2, 1))), np.ones((1, 2), dtype=np.float32), clean[1:])
    with pytest.raises(ValueError, match="sigma must be so large"):
        source.stopping_time(clean, sigma=1e-170)
    with pytest.raises(ValueError, match="t must be > 0"):
        models.posterior_mean(models.law("two", like=LIKE), np.zeros((1, 2)), np.zeros(1))


def test_laws_must_be_known():
    with pytest.raises(ValueError, match="name"):
        models.law("hexagon", like=LIKE)


# Baselines -----------------------------------------------------------------------------------------------------------


def test_ridge_solves_its_equations():
    Z, Y, new = drawn("ridge Z", 9, 3), drawn("ridge Y", 9, 2), drawn("ridge new", 4, 3)
    K, K_new = source.tangent_kernel(Z, Z), source.tangent_kernel(new, Z)
    found = source.spectrum(K, Y)
    f = source.predict(found, K_new, baselines.ridge_filter(found.values, 0.05))
    np.testing.assert_allclose(f, K_new @ np.linalg.solve(K + 9 * 0.05 * np.eye(9), Y), rtol=1e-10)


def test_hold_out_by_hand():
    Z, Y = drawn("held Z", 10, 3), drawn("held Y", 10, 2)
    K, times, errors = source.tangent_kernel(Z, Z), (1, 5, 40, 300), []
    for tau in times:
        f = source.kernel_gd(Z[:8], Y[:8], Z[8:], eta=0.2, tau=tau)
        f = f / np.maximum(1, np.linalg.norm(f, axis=1, keepdims=True))
        errors.append(np.mean(np.sum((f - Y[8:]) ** 2, axis=1)))
    filters = [lambda values, tau=tau: source.spectral_filter(values, eta=0.2, tau=tau) for tau in times]
    found = baselines.hold_out(K, Y, filters, D=1.0)
    np.testing.assert_allclose(found.errors, errors, rtol=1e-9)
    assert found.chosen == np.argmin(errors)
    assert found.sigma == pytest.approx(math.sqrt(min(errors) / 2))
    with pytest.raises(ValueError, match="filters"):
        baselines.hold_out(K, Y, [], D=1.0)


def test_least_squares_and_random_features():
    Z, Y, new = drawn("linear Z", 9, 3), drawn("linear Y", 9, 2), drawn("linear new", 4, 3)
    expected = new @ np.linalg.lstsq(Z, Y, rcond=None)[0]
    np.testing.assert_allclose(baselines.least_squares(Z, Y, new), expected, rtol=1e-11)
    K, K_new = baselines.random_features(stream(0, "test-score_estimation", "rf"), Z, new, m=200_000)
    lengths = np.outer(np.linalg.norm(new, axis=1), np.linalg.norm(Z, axis=1))
    theta = np.arccos(new @ Z.T / lengths)  # the arc-cosine kernel of degree 1
    limit = lengths * (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi)
    np.testing.assert_allclose(K_new, limit, atol=0.03 * limit.max())
    assert np.linalg.eigvalsh(K)[0] > 0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_kernel_keeps_its_digits_where_inputs_are_nearly_parallel(dtype):
    """K(z, z) is half of the square: an arc cosine is off by 1e-8, in float32 by 2e-4."""
    rng = stream(0, "test-score_estimation", "parallel")
    Z = rng.standard_normal((300, 7)).astype(dtype)
    near = Z + dtype(1e-3) * rng.standard_normal(Z.shape).astype(dtype)
    eps = float(np.finfo(dtype).eps)
    for other in (Z, 4 * Z, near):
        K = source.tangent_kernel(Z, other)
        u, v = (z.astype(float) for z in (Z, other))
        right = np.sum(u * v, axis=1) * (np.pi - angle(u, v)) / (2 * np.pi)
        np.testing.assert_allclose(np.diagonal(K), right, rtol=30 * eps)
    np.testing.assert_allclose(np.diagonal(source.tangent_kernel(Z, Z)), (Z * Z).sum(axis=1) / 2, rtol=30 * eps)


def test_blocks_of_angles_are_one_kernel():
    """More pairs than a block has."""
    rng = stream(0, "test-score_estimation", "blocks")
    Z, Z2 = rng.standard_normal((40, 300)), rng.standard_normal((400, 300))
    K = source.tangent_kernel(Z, Z2)
    for i in (0, 7, 8, 9, 39):
        np.testing.assert_allclose(K[i : i + 1], source.tangent_kernel(Z[i : i + 1], Z2), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_late_times_leave_the_weighted_error_what_it_is(dtype):
    """The weight grows like exp(t), and what it weighs falls alike: NaN in float32 from t = 88 on."""
    f, x, X0 = (np.array(v, dtype=dtype) for v in ([[3.0, 4.0]], [[0.5, -2.0]], [[0.6, 0.0]]))
    for t in (1e-3, 1.0, 30.0, 88.0, 100.0, 170.0):
        found = source.weighted_errors(f, np.array([t], dtype=dtype), x, X0, D=1.0)
        np.testing.assert_allclose(found.each, [0.64], rtol=1e-4 if dtype == np.float32 else 1e-12)
    with pytest.raises(ValueError, match="t must be at most 170"):
        source.weighted_errors(f, np.array([171.0], dtype=dtype), x, X0, D=1.0)


# What is refused -----------------------------------------------------------------------------------------------------


def test_what_is_refused():
    network, Z, Y = units("refused", 4, 3, 2), drawn("refused Z", 5, 3), drawn("refused Y", 5, 2)
    rng = stream(0, "test-score_estimation", "refused")
    for call, words in (
        (lambda: source.init(rng, 5, 3, 2, like=LIKE), "m must be even"),
        (lambda: source.init(rng, 4, 0, 2, like=LIKE), "p must be"),
        (lambda: source.symmetric(network.W, network.a[:3]), "a must have shape"),
        (lambda: source.forward(network, Z[:, :2]), "Z must have shape"),
        (lambda: source.train(network, Z, Y, steps=2.5), "steps must be"),
        (lambda: source.project(Y, D=0.0), "D must be"),
        (lambda: source.network_input(Y, np.full(5, 0.1), T0=0.2), "t must be >= T0 = 0.2, got 0.1"),
        (lambda: source.complexity(Y[:, 0], epsilon=0.0), "epsilon must be"),
        (lambda: source.stopping_time(np.zeros(3), sigma=0.1), "values must have one > 0"),
        (lambda: source.stopping_time(np.ones(3), sigma=0.0), "sigma must be"),
        (lambda: source.spectral_filter(np.array([5.0]), eta=0.5, tau=1), "eta must be at most 2 over"),
        (lambda: source.spectrum(np.ones((5, 4)), Y), "K must have shape"),
        (lambda: baselines.ridge_filter(Y[:, 0] ** 2, 0.0), "penalty must be"),
        (lambda: source.forward(network, Z.astype(np.float32)), "Z must have .*float64"),
    ):
        with pytest.raises((ValueError, TypeError), match=words):
            call()


# Code of others ------------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_pytorch_takes_the_same_step_and_has_the_same_kernel():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    (W, a), Z, Y = units("torch", 8, 4, 3), drawn("torch Z", 6, 4), drawn("torch Y", 6, 3)
    a_t, Z_t, Y_t = (torch.from_numpy(x) for x in (a, Z, Y))
    weights = torch.tensor(W, requires_grad=True)
    outputs = lambda weights: torch.relu(Z_t @ weights.T) @ a_t / math.sqrt(8)
    loss = torch.nn.functional.mse_loss(outputs(weights), Y_t, reduction="sum") / (2 * 6)
    optimizer = torch.optim.SGD([weights], lr=0.6)
    loss.backward()
    optimizer.step()
    network, step = source.update(source.Network(W, a), Z, Y, eta=0.6)
    np.testing.assert_allclose(network.W, weights.detach().numpy(), rtol=1e-12, atol=1e-14)
    assert float(step.loss) == pytest.approx(loss.item(), rel=1e-13)
    J = torch.func.jacrev(outputs)(torch.from_numpy(W))
    Theta = torch.einsum("nirp,kjrp->nikj", J, J).numpy()
    np.testing.assert_allclose(source.empirical_kernel(source.Network(W, a), Z, Z), Theta, rtol=1e-12, atol=1e-14)


@pytest.mark.peers
def test_scikit_learn_has_the_same_ridge_and_about_the_same_path():
    """Gradient descent for eta tau is much like ridge with the penalty 1 / (eta tau)."""
    kernel_ridge = pytest.importorskip("sklearn.kernel_ridge", reason="scikit-learn is not installed (`make peers`)")
    law, rng = models.law(like=LIKE), stream(0, "test-score_estimation", "sklearn")
    (Z, Y, _), new = models.draw(rng, law, 100).pairs, models.draw(rng, law, 200).pairs.Z
    K, K_new = source.tangent_kernel(Z, Z), source.tangent_kernel(new, Z)
    found = source.spectrum(K, Y)
    for tau in (4, 40, 400):
        ridge = kernel_ridge.KernelRidge(alpha=100 / (0.5 * tau), kernel="precomputed").fit(K, Y).predict(K_new)
        ours = source.predict(found, K_new, baselines.ridge_filter(found.values, 1 / (0.5 * tau)))
        np.testing.assert_allclose(ours, ridge, rtol=1e-8, atol=1e-9)
        descent = source.predict(found, K_new, source.spectral_filter(found.values, tau=tau))
        assert 1e-3 < np.linalg.norm(descent - ridge) / np.linalg.norm(ridge) < 0.35


@pytest.mark.peers
def test_neural_tangents_has_the_same_kernel_but_for_the_last_layer():
    """It trains both layers; its NNGP is what the second one adds."""
    try:
        from neural_tangents import stax
    except ImportError:
        pytest.skip("neural-tangents is not installed, or does not import with this release of JAX")
    Z, Z2 = drawn("stax Z", 5, 4), drawn("stax Z2", 3, 4)
    kernel = stax.serial(stax.Dense(64, W_std=2.0), stax.Relu(), stax.Dense(1))[2](Z, Z2, ("nngp", "ntk"))
    np.testing.assert_allclose(source.tangent_kernel(Z, Z2), np.asarray(kernel.ntk - kernel.nngp), rtol=1e-6, atol=1e-6)
