"""Random feature attention: worked values on every backend, loops, integrals, many draws, constraints, peers."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from refimpl.attention import _random_feature_attention_data as data
from refimpl.attention import random_feature_attention as rfa
from refimpl.core.autodiff import grad
from refimpl.core.random import stream

QUERY, KEYS = [[0.6, 0.8]], [[[1.0, 0.0], [0.0, -1.0]]]
HEAD = [[[1.0, 0.0, 0.5], [0.0, -1.0, 0.0], [0.5, 0.0, 0.0]]]
LIKE = np.zeros(1)


def drawn(name, *shape):
    return stream(0, "test-random_feature_attention", name).standard_normal(shape)


def close(backend, got, expected, times=20.0):
    assert got.dtype == backend.dtype
    tolerance = times * backend.tolerance
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=tolerance, atol=tolerance)


# Worked values -------------------------------------------------------------------------------------------------------


def test_a_layer_by_hand(backend):
    x_0, keys, W = map(backend.asarray, (QUERY, KEYS, HEAD))
    close(backend, rfa.preactivations(x_0, keys, W), [[[1.4, 1.1]]])
    close(backend, rfa.features(x_0, keys, W), [[[0.7, -0.55, 1.25]]])
    close(backend, rfa.forward(x_0, keys, W, backend.asarray([[1.0, 2.0, 4.0]])), [4.6])
    close(backend, rfa.forward(x_0, keys, rfa.biased(W), backend.asarray([[1.0, 2.0, 4.0]])), [5.3])


def test_networks_by_hand(backend):
    x_0, keys = backend.asarray([[2.0]]), backend.asarray([[[3.0], [-4.0]]])
    w = backend.asarray([[1.0, 10.0, 0.5], [-1.0, 0.0, 0.0]])
    close(backend, rfa.pooled_features(x_0, keys, w), [[16.25 / math.sqrt(2), 0.0]])
    w = backend.asarray([[1.0, 10.0, 100.0, 400.0]])
    close(backend, rfa.mlp_features(x_0, keys, w), [[32.0]])


def test_draws_by_hand(backend):
    noise = backend.asarray(np.ones((2, 3, 3)))
    close(backend, rfa.heads(noise), np.full((2, 3, 3), 0.5))
    close(backend, rfa.heads(noise, bias="identity")[0, :, :], 0.5 + np.diag([1.0, 1.0, 0.0]))
    close(backend, rfa.neurons(backend.asarray([[3.0, -6.0]]), N=7), [[1.0, -2.0]])


def test_kernels_by_hand(backend):
    x_0, keys = backend.asarray([[1.0, 0.0]]), backend.asarray([[[1.0, 0.0]]])
    close(backend, rfa.kernel(x_0, keys, -x_0, keys), [[1 / math.pi]])
    both = 2 * (2 * stats.norm.cdf(1) + stats.norm.pdf(1))
    close(backend, rfa.kernel(x_0, keys, x_0, keys, bias="identity"), [[both]])


def test_rectified_products_by_hand():
    a, b, c = np.array([0.3, 0.0]), np.array([-0.2, 0.0]), np.array([0.5, 0.5])
    np.testing.assert_allclose(rfa.rectified_product(a, b, c), [0.32272229430567415, 0.30449889052211468], rtol=1e-14)
    x_0, keys = np.array([[1.0, 0.0]]), np.array([[[0.0, 1.0]]])
    for bias in rfa.BIASES:  # query and key at right angles: the bias has nothing to add
        np.testing.assert_allclose(rfa.kernel(x_0, keys, x_0, keys, bias=bias), 1.0, rtol=1e-14)


def test_training_by_hand(backend):
    Phi, y = backend.asarray([[2.0], [0.0]]), backend.asarray([3.0, 5.0])
    close(backend, rfa.ridge(Phi, y, lam=1.0), [1.0])
    K = backend.asarray([[2.0, 0.0], [0.0, 1.0]])
    path = rfa.ridge_path(K, backend.asarray([3.0, 0.0]), K[:1, :], backend.asarray([2.0]), shares=(0.125, 0.5, 2.0))
    close(backend, path.errors, [4 / 9, 0.0, 1.0])
    close(backend, path.dual, [1.0, 0.0])
    assert path.chosen == 1
    v = backend.asarray([[3.0, 0.0], [0.0, 4.0]])
    close(backend, rfa.project(v, K1=9.0, K2=1.0), [[0.6, 0.0], [0.0, 0.8]])
    close(backend, rfa.project(v, K1=0.5**0.5, K2=9.0), [[0.0, 0.0], [0.0, 1.0]])
    close(backend, rfa.project(v, K1=9.0, K2=100.0), [[3.0, 0.0], [0.0, 4.0]])
    phi, y = backend.asarray([[[0.3, 0.4], [0.0, 0.0]]]), backend.asarray([1.0])
    close(backend, rfa.constrained_step(0 * v, phi, y, lr=0.5, K1=9.0, K2=0.0625), [[0.15, 0.2], [0.0, 0.0]])


# Features ------------------------------------------------------------------------------------------------------------


def looped(x_0, keys, W):
    """The definition, number by number."""
    n, N, d = keys.shape
    phi = np.zeros((n, len(W), d + 1))
    for k, m, i in itertools.product(range(n), range(len(W)), range(N)):
        query, key = [*x_0[k], 1.0], [*keys[k, i], 1.0]
        score = sum(query[a] * W[m, a, b] * key[b] for a in range(d + 1) for b in range(d + 1))
        for b in range(d + 1):
            phi[k, m, b] += max(score, 0.0) * key[b] / (N * math.sqrt(len(W)))
    return phi


def test_features_are_those_of_loops():
    x_0, keys, W = 3 * drawn("x_0", 4, 3), 0.5 * drawn("keys", 4, 5, 3), drawn("W", 6, 4, 4)
    np.testing.assert_allclose(rfa.features(x_0, keys, W), looped(x_0, keys, W), rtol=1e-13, atol=1e-14)


def test_blocks_do_not_show(monkeypatch):
    x_0, keys, W = drawn("x_0", 7, 3), drawn("keys", 7, 5, 3), drawn("W", 6, 4, 4)
    w, others = drawn("w", 4, 7), (drawn("y_0", 3, 3), drawn("y_keys", 3, 2, 3))
    whole = (
        rfa.features(x_0, keys, W),
        rfa.pooled_features(x_0, keys, w),
        rfa.kernel(x_0, keys, *others, bias="identity"),
    )
    monkeypatch.setattr(rfa, "BLOCK", 64)
    cut = rfa.features(x_0, keys, W), rfa.pooled_features(x_0, keys, w), rfa.kernel(x_0, keys, *others, bias="identity")
    for a, b in zip(whole, cut, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14, atol=1e-15)


def test_single_precision_keeps_its_digits_at_large_scores():
    x_0, keys, W = drawn("x_0", 5, 4), drawn("keys", 5, 6, 4), 1e4 * drawn("W", 8, 5, 5)
    single = rfa.features(*(a.astype(np.float32) for a in (x_0, keys, W)))
    assert single.dtype == np.float32
    exact = rfa.features(x_0, keys, W)
    assert np.max(np.abs(single - exact)) < 2e-6 * np.max(np.abs(exact))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_the_range_of_double_precision(scale):
    x_0, keys, W = scale * drawn("x_0", 2, 2), drawn("keys", 2, 3, 2), drawn("W", 2, 3, 3)
    expected = looped(x_0, keys, W)
    np.testing.assert_allclose(rfa.features(x_0, keys, W), expected, rtol=1e-12, atol=1e-14 * np.max(np.abs(expected)))


def test_what_leaves_the_range_is_refused():
    x_0, keys = np.full((1, 2), 1e30, np.float32), np.full((1, 1, 2), 1e30, np.float32)
    W = np.ones((1, 3, 3), np.float32)
    with np.errstate(all="ignore"):
        for ask in (lambda: rfa.preactivations(x_0, keys, W), lambda: rfa.features(x_0, keys, W),
                    lambda: rfa.kernel(x_0, keys, x_0, keys)):  # fmt: skip
            with pytest.raises(ValueError, match="in the range of float32"):
                ask()


@pytest.mark.parametrize(
    ("names", "changed"),
    [
        ("keys", {"keys": np.ones((2, 3, 3))}),
        ("keys", {"keys": np.ones((2, 0, 2))}),
        ("W", {"W": np.ones((1, 2, 2))}),
        ("W", {"W": np.ones((1, 3, 3), np.float32)}),
        ("x_0", {"x_0": np.full((2, 2), np.nan)}),
    ],
)
def test_bad_input_is_named(names, changed):
    good = {"x_0": np.ones((2, 2)), "keys": np.ones((2, 3, 2)), "W": np.ones((1, 3, 3))}
    with pytest.raises((ValueError, TypeError), match=names):
        rfa.features(**good | changed)


@pytest.mark.parametrize("bias", rfa.BIASES)
def test_preactivations_of_unit_vectors_are_standard_normal(bias):
    rng = stream(0, "test-rfa", bias)
    x_0, keys = data.sphere(rng, (300, 4), like=LIKE), data.sphere(rng, (300, 2, 4), like=LIKE)
    W = rfa.heads(rng.standard_normal((400, 5, 5)), bias=bias)
    u = rfa.preactivations(x_0, keys, W)
    u = u - (np.sum(x_0[:, None, :] * keys, axis=2)[:, None, :] if bias == "identity" else 0.0)
    assert abs(np.mean(u)) < 0.05
    assert abs(np.var(u) - 1) < 0.05


def test_neurons_of_unit_vectors_are_standard_normal():
    rng = stream(0, "test-rfa", "neurons")
    x_0, keys = data.sphere(rng, (300, 4), like=LIKE), data.sphere(rng, (300, 5, 4), like=LIKE)
    w = rfa.neurons(rng.standard_normal((2000, 25)), N=5)
    u = np.concatenate([x_0, keys.reshape(300, 20), np.ones((300, 1))], axis=1) @ w.T
    assert abs(np.var(u) - 1) < 0.05


# The kernel ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bias", rfa.BIASES)
@pytest.mark.parametrize(("query", "key"), [(1.0, 1.0), (2.5, 0.4)])
def test_many_heads_are_near_the_kernel(bias, query, key):
    rng = stream(0, "test-rfa", "kernel")
    x_0, keys = query * data.sphere(rng, (3, 2), like=LIKE), key * data.sphere(rng, (3, 2, 2), like=LIKE)
    Phi = rfa.features(x_0, keys, rfa.heads(rng.standard_normal((60_000, 3, 3)), bias=bias)).reshape(3, -1)
    K = rfa.kernel(x_0, keys, x_0, keys, bias=bias)
    assert np.linalg.norm(Phi @ Phi.T - K) < 0.02 * np.linalg.norm(K)


@pytest.mark.parametrize("c", [-0.999, -0.4, 0.0, 0.7, 0.99999])
@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (1.3, -0.7), (1.0, 1.001), (-2.0, 2.0)])
def test_rectified_products_are_integrals(a, b, c):
    q = math.sqrt(1 - c * c)

    def given(z):
        u = b + c * z
        return stats.norm.pdf(z) * (a + z) * (u * stats.norm.cdf(u / q) + q * stats.norm.pdf(u / q))

    kink = -b / c if c else 0.0
    marks = sorted({-a, *(min(max(kink + k * q, -a), 12.0) for k in (-8, 0, 8)), 12.0})
    expected = sum(integrate.quad(given, low, high, epsabs=1e-14)[0] for low, high in itertools.pairwise(marks))
    found = rfa.rectified_product(*(np.array([value]) for value in (a, b, c)))[0]
    assert abs(found - expected) < 2e-13


def test_rectified_products_at_their_ends():
    a = np.array([-1.5, 0.0, 0.8])
    cdf, pdf = stats.norm.cdf(a), stats.norm.pdf(a)
    np.testing.assert_allclose(rfa.rectified_product(a, a, np.ones(3)), (a * a + 1) * cdf + a * pdf, rtol=1e-14)
    np.testing.assert_allclose(rfa.rectified_product(-np.abs(a), -np.abs(a), -np.ones(3)), 0, atol=1e-15)
    for wrong in ({"a": np.array([11.0])}, {"c": np.array([1.5])}, {"b": np.array([np.nan])}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            rfa.rectified_product(**{name: np.zeros(1) for name in "abc"} | wrong)


def test_the_derivative_in_the_correlation_is_a_probability():
    """Price's theorem, by differences."""
    a, b, c, h = np.array([0.7]), np.array([-0.3]), np.array([0.4]), 1e-5
    slope = (rfa.rectified_product(a, b, c + h) - rfa.rectified_product(a, b, c - h)) / (2 * h)
    both = stats.multivariate_normal(cov=[[1, 0.4], [0.4, 1]]).cdf([0.7, -0.3])
    assert abs(slope[0] - both) < 1e-7


# Training ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "D"), [(30, 8), (8, 30)])
def test_ridge_and_its_dual_agree(n, D):
    Phi, y, lam = drawn("Phi", n, D), drawn("y", n), 0.03
    v = rfa.ridge(Phi, y, lam=lam)
    np.testing.assert_allclose(2 / n * Phi.T @ (Phi @ v - y) + 2 * lam * v, 0, atol=1e-13)
    K = Phi @ Phi.T
    share = n * lam / np.linalg.eigvalsh(K)[-1]
    path = rfa.ridge_path(K, y, K[:3], y[:3], shares=(share,))
    np.testing.assert_allclose(Phi.T @ path.dual, v, atol=1e-12)
    np.testing.assert_allclose(path.errors[0], np.mean((Phi[:3] @ v - y[:3]) ** 2), rtol=1e-11)


def test_ridge_keeps_small_singular_values():
    """Normal equations would lose the second one, 1e-9 of the first."""
    Phi = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-30]])
    v = rfa.ridge(Phi, np.array([1.0, 2.0]), lam=1e-30)
    np.testing.assert_allclose(v, [1 - 2.0**30, 2.0**30], rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_ridge_at_any_scale(scale):
    Phi, y = drawn("Phi", 5, 3), drawn("y", 5)
    alone = rfa.ridge(Phi, y, lam=0.1)
    if scale > 1e-100 and scale < 1e100:
        np.testing.assert_allclose(rfa.ridge(scale * Phi, y, lam=0.1 * scale**2) * scale, alone, rtol=1e-12)
    np.testing.assert_allclose(rfa.ridge(Phi, scale * y, lam=0.1) / scale, alone, rtol=1e-12)


def test_small_features_under_a_large_penalty():
    Phi, y = drawn("Phi", 5, 3), drawn("y", 5)
    np.testing.assert_allclose(rfa.ridge(1e-200 * Phi, y, lam=1.0), 1e-200 * (Phi.T @ y) / 5, rtol=1e-12)


def test_the_path_refuses_what_it_cannot_follow():
    K, y = np.eye(2), np.ones(2)
    for wrong in ((), (0.0, 1.0), (2.0, 1.0), (1.0, 1.0)):
        with pytest.raises(ValueError, match="shares"):
            rfa.ridge_path(K, y, K, y, shares=wrong)
    with pytest.raises(ValueError, match="K must have a positive eigenvalue"):
        rfa.ridge_path(0 * K, y, K, y)


def feasible(rng, M, e, K1, K2):
    z = rng.standard_normal((M, e)) * rng.integers(0, 2, (M, 1))
    lengths = max(np.sum(np.linalg.norm(z, axis=1)), 1e-9)
    return z * rng.random() * min(math.sqrt(M) * K1 / lengths, math.sqrt(K2) / max(np.linalg.norm(z), 1e-9))


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e150])
@pytest.mark.parametrize(("K1", "K2"), [(9.0, 0.5), (0.3, 9.0), (0.4, 0.25), (0.25, 0.25), (0.7, 0.6), (9.0, 99.0)])
def test_projections_are_nearest_points(K1, K2, scale):
    """No step towards a feasible point leads nearer: <v - p, z - p> <= 0."""
    rng = stream(0, "test-rfa", "project", K1, K2)
    for M in (1, 2, 5, 9):
        v = rng.standard_normal((M, 3))
        p = rfa.project(scale * v, K1=scale * K1, K2=scale * K2 * scale) / scale
        assert np.sum(np.linalg.norm(p, axis=1)) <= math.sqrt(M) * K1 * (1 + 1e-12)
        assert np.sum(p * p) <= K2 * (1 + 1e-12)
        for _ in range(200):
            assert np.sum((v - p) * (feasible(rng, M, 3, K1, K2) - p)) < 1e-12


def test_equal_lengths_are_projected_alike():
    v = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    for K1, K2 in ((0.5, 9.0), (9.0, 0.5), (0.5, 0.251), (0.5, 0.25), (0.1, 1e-3)):
        lengths = np.linalg.norm(rfa.project(v, K1=K1, K2=K2), axis=1)
        np.testing.assert_allclose(lengths, min(K1 / math.sqrt(3), math.sqrt(K2 / 3)), rtol=1e-12)


def test_constrained_training_ends_at_the_constrained_minimum():
    phi, y, K1, K2 = drawn("phi", 12, 3, 2), drawn("labels", 12), 0.25, 0.1
    run = rfa.fit_constrained(phi, y, K1=K1, K2=K2, steps=600)
    flat, losses = phi.reshape(12, 6), [float(x) for x in run.history["loss"]]
    assert all(after <= before + 1e-15 for before, after in itertools.pairwise(losses))
    limits = (
        {"type": "ineq", "fun": lambda v: math.sqrt(3) * K1 - np.sum(np.linalg.norm(v.reshape(3, 2), axis=1))},
        {"type": "ineq", "fun": lambda v: K2 - v @ v},
    )
    found = optimize.minimize(lambda v: np.mean((flat @ v - y) ** 2), np.full(6, 0.01), constraints=limits, tol=1e-14)
    assert losses[-1] < found.fun + 1e-9
    np.testing.assert_allclose(run.state.ravel(), found.x, atol=1e-4)


def test_the_gradient_is_that_of_autodiff():
    phi, y, v = drawn("phi", 7, 3, 2), drawn("labels", 7), drawn("v", 3, 2)

    def loss(v):
        return np.mean((phi.reshape(7, 6) @ v.reshape(6) - y) ** 2)

    step = v - rfa.constrained_step(v, phi, y, lr=1e-3, K1=1e9, K2=1e9)
    numeric = np.zeros((3, 2))
    for at in np.ndindex(3, 2):
        h = np.zeros((3, 2))
        h[at] = 1e-6
        numeric[at] = (loss(v + h) - loss(v - h)) / 2e-6
    np.testing.assert_allclose(step / 1e-3, numeric, atol=1e-7)
    slope = grad(lambda v: rfa.forward(np.array(QUERY), np.array(KEYS), np.array(HEAD), v)[0])(np.zeros((1, 3)))
    np.testing.assert_allclose(slope, [[0.7, -0.55, 1.25]], atol=1e-14)  # the layer is linear in its values


# What is learned from ------------------------------------------------------------------------------------------------


def test_targets_by_hand():
    x_0, keys, beta = np.array([[0.0, 1.0]]), np.array([[[0.6, 0.8], [1.0, 0.0]]]), np.array([1.0, 0.0])
    S = np.array([[0.0, 2.0], [3.0, 0.0]])
    found = {kind: float(data.target(kind, x_0, keys, beta, S, p=3)[0]) for kind in data.KINDS}
    expected = {"query": 0.0, "mean": (0.6**3 + 1) / 2, "corr": 0.8**3 * 0.6 / 2, "corr_s": (1.8**3 * 0.6 + 27) / 2}
    assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("kind", data.KINDS)
def test_targets_are_standardised_and_do_not_care_for_the_order(kind):
    rng = stream(0, "test-rfa", kind)
    made = data.make_target(rng, kind, 3, 4, p=2, like=LIKE)
    sets = data.draw_sets(rng, 40_000, 4, [made], noise=0.0)[0]
    assert abs(np.mean(sets.y)) < 0.05
    assert abs(np.var(sets.y) - 1) < 0.1
    turned = data.target(kind, sets.x_0, sets.keys[:, ::-1, :], made.beta, made.S, p=2)
    np.testing.assert_allclose((turned - made.mean) / made.deviation, sets.y, atol=1e-12)


def test_noise_is_added_to_the_labels_alone():
    made = [data.make_target(stream(0), "mean", 3, 4, p=1, like=LIKE)]
    clean, noisy = (data.draw_sets(stream(1), 20_000, 4, made, noise=noise)[0] for noise in (0.0, 0.1))
    assert np.array_equal(clean.keys, noisy.keys)
    assert abs(np.std(noisy.y - clean.y) - 0.1) < 0.005


def test_sets_of_digits():
    images, labels = np.eye(10), np.arange(10)
    asked = {
        "same": lambda q, k: np.mean(k == q[:, None], axis=1),
        "odd": lambda q, k: np.mean(k % 2, axis=1),
        "first": lambda q, k: k[:, 0] % 2,
    }
    for task, ask in asked.items():
        found = data.digit_sets(stream(0), images, labels, 50, 4, task=task)
        np.testing.assert_array_equal(found.y, ask(np.argmax(found.x_0, axis=1), np.argmax(found.keys, axis=2)))
    images = data.digits(stream(0), 8, like=LIKE)
    assert images.train.shape == (1200, 8)
    assert set(images.test_labels.tolist()) == set(range(10))


def test_learning_finds_a_linear_target_and_refuses_a_misfit():
    rng = stream(0, "test-rfa", "learn")
    made = [data.make_target(rng, "query", 3, 2, p=1, like=LIKE)]
    train, seen = (data.draw_sets(rng, 200, 2, made, noise=0.01) for _ in range(2))
    test = data.draw_sets(rng, 500, 2, made, noise=0.0)
    errors = {
        name: data.learn(data.model(name, rng, 40, 3, 2, like=LIKE), train, seen, test)[0] for name in data.MODELS
    }
    assert max(errors.values()) < 0.05, errors
    with pytest.raises(ValueError, match="test"):
        data.learn(lambda x_0, keys: x_0, train, seen, test * 2)


# Peers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.peers
def test_einsum_of_pytorch_agrees():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    x_0, keys, W = drawn("x_0", 4, 3), drawn("keys", 4, 5, 3), drawn("W", 6, 4, 4)
    q, x = (torch.from_numpy(np.concatenate([a, np.ones((*a.shape[:-1], 1))], axis=-1)) for a in (x_0, keys))
    u = torch.relu(torch.einsum("na,mab,nib->nmi", q, torch.from_numpy(W), x))
    expected = torch.einsum("nmi,nib->nmb", u, x) / (5 * math.sqrt(6))
    np.testing.assert_allclose(rfa.features(x_0, keys, W), expected.numpy(), rtol=1e-12, atol=1e-13)


@pytest.mark.peers
def test_scikit_learn_agrees():
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed (`make peers`)")
    from sklearn.kernel_ridge import KernelRidge

    Phi, y = drawn("Phi", 20, 9), drawn("y", 20)
    v = rfa.ridge(Phi, y, lam=0.07)
    np.testing.assert_allclose(linear.Ridge(alpha=1.4, fit_intercept=False).fit(Phi, y).coef_, v, rtol=1e-9)
    dual = KernelRidge(alpha=1.4, kernel="precomputed").fit(Phi @ Phi.T, y).dual_coef_
    np.testing.assert_allclose(Phi.T @ dual, v, rtol=1e-9)
