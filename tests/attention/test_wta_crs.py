"""WTA-CRS: worked numbers, every draw enumerated, PyTorch's autograd, statistics of the draws, what is refused."""

from itertools import product as every

import numpy as np
import pytest
from scipy import stats

from refimpl.attention import _wta_crs_baselines as baselines
from refimpl.attention import _wta_crs_product as products
from refimpl.attention import wta_crs
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import mlp
from refimpl.models.losses import softmax_cross_entropy

PAPER = np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05])
X4, Y4 = np.array([[2.0, 0, 1, 1], [0, 1, 1, -1]]), np.array([[1.0, 1], [1, 0], [0, 1], [2, 0]])
H4, W4, B4 = np.array([[3.0, 0], [1, 1], [0, 1], [0.5, 0]]), np.array([[1.0, -1], [0.5, 2]]), np.array([0.1, 0])
G4, NORMS4, U4 = np.array([[1.0, 0], [0, 2], [1, 1], [-1, 1]]), np.array([2.0, 1, 0, 1]), np.array([0.3, 0.8, 0.6, 0])


def rng(name):
    return stream(0, "test_wta_crs", name)


# Worked numbers ------------------------------------------------------------------------------------------------------


def test_rows_of_the_worked_example(backend):
    p, u = backend.asarray(PAPER), backend.asarray([0.1, 0.55, 0.97])
    for kind, indices, weights in (
        ("wta", [0, 1, 2], [1, 1.25, 2.5]), ("crs", [0, 1, 5], [2 / 3, 5 / 3, 20 / 3]), ("topk", [0, 1, 2], [1, 1, 1]),
    ):  # fmt: skip
        found = wta_crs.KINDS[kind](p, 3, u)
        assert found.weights.dtype == backend.dtype
        assert np.array_equal(backend.to_numpy(found.indices), indices)
        assert np.allclose(backend.to_numpy(found.weights), weights, atol=1e-12 + 10 * backend.tolerance)


def test_layer_of_the_worked_example(backend):
    H, W, b, G, norms, u = (backend.asarray(x) for x in (H4, W4, B4, G4, NORMS4, U4))
    Z, saved = wta_crs.forward(H, W, b, norms, u, ratio=0.75)
    found = wta_crs.backward(saved, W, G)
    assert Z.dtype == found.W.dtype == found.norms.dtype == backend.dtype
    close = lambda x, wanted: np.allclose(backend.to_numpy(x), wanted, atol=6e-8 + backend.tolerance)
    assert close(found.W, [[2.3472997, 2.6527003], [0, 2]])
    assert close(found.b, [1, 4])
    assert close(found.norms, [1, 2, 1.4142136, 1.4142136])
    assert close(Z, H4 @ W4 + B4)
    assert close(found.H, G4 @ W4.T)


def test_estimate_and_variance_of_the_worked_example(backend):
    X, Y = backend.asarray(X4), backend.asarray(Y4)
    found = wta_crs.estimate(X, Y, backend.asarray([0.5, 0.5]))
    assert np.allclose(backend.to_numpy(found), [[0, 5.7071068]] * 2, atol=6e-8 + 10 * backend.tolerance)
    error = wta_crs.variance(X, Y, wta_crs.probabilities(X, Y), 2)
    assert abs(float(error) - 19.0710678) < 6e-8 + 100 * backend.tolerance


# What rounding decides, where the oracle cannot ask ------------------------------------------------------------------


def test_exact_ties_have_the_fewest_winners(backend):
    p = backend.asarray(np.array([4, 2, 2, 2, 2, 4]) / 16)  # 1/4 = 3/4 / 3: no winner is as good as one
    assert wta_crs.plan(p, 4).winners.shape == (0,)


@pytest.mark.parametrize("kind", ["wta", "crs"])
def test_draws_on_a_boundary_find_what_comes_after_it(backend, kind):
    law = np.array([0, 5, 4, 0, 3, 4, 0]) / 16
    p = backend.asarray(law)
    u = backend.asarray(np.array([5, 9, 12, 0]) / 16)
    found = wta_crs.KINDS[kind](p, 4, u)
    if kind == "crs":
        assert np.array_equal(backend.to_numpy(found.indices), [2, 4, 5, 1])
    assert np.all(law[backend.to_numpy(found.indices)] > 0)


@pytest.mark.parametrize("kind", ["wta", "crs"])
@pytest.mark.parametrize("single", [False, True])
def test_the_largest_draw_stays_inside(kind, single):
    dtype = np.float32 if single else np.float64
    top = np.nextafter(dtype(1), dtype(0))
    for m in (3, 10, 1000, 65_537):
        p = rng(f"top {m}").uniform(size=m) ** 8
        p[-1] = 0
        p = (p / p.sum()).astype(dtype)
        found = wta_crs.KINDS[kind](p, 2, np.array([top, top]))
        assert found.indices.max() < m - 1
        assert np.all(p[found.indices] > 0)


# Every draw enumerated -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("m", "k"), [(5, 3), (4, 2), (6, 4)])
def test_any_number_of_winners_is_unbiased(m, k):
    r = rng(f"any {m}")
    X, Y = r.standard_normal((2, m)), r.standard_normal((m, 3))
    p = wta_crs.probabilities(X, Y)
    for count in range(k):
        plan = wta_crs._plan(p, k, count)
        rest, draws, mean, error = plan.rest / plan.rest.sum(), k - count, 0.0, 0.0
        middles = np.cumsum(rest) - rest / 2
        for way in every([j for j in range(m) if rest[j]], repeat=draws):
            chance = np.prod(rest[list(way)])
            indices, weights = wta_crs._wta(p, k, middles[list(way)], count)
            assert list(indices[count:]) == list(way)
            found = (X[:, indices] * weights) @ Y[indices]
            mean, error = mean + chance * found, error + chance * np.sum((found - X @ Y) ** 2)
        assert np.allclose(mean, X @ Y, atol=1e-12)
        factor = plan.rest.sum() * k / draws
        assert error <= factor * wta_crs.variance(X, Y, p, k, kind="crs") * (1 + 1e-12)


def test_the_law_of_least_variance():
    r = rng("law")
    X, Y = r.standard_normal((3, 6)), r.standard_normal((6, 2))
    p = wta_crs.probabilities(X, Y)
    best = wta_crs.variance(X, Y, p, 3, kind="crs")
    for _ in range(50):
        other = p * r.uniform(0.8, 1.2, 6)
        assert wta_crs.variance(X, Y, other / other.sum(), 3, kind="crs") > best


def test_chances_of_coins():
    """Against the root of sum min(1, c p) = k by bisection."""
    r = rng("chances")
    for _ in range(50):
        m = int(r.integers(3, 30))
        p, k = r.uniform(size=m) ** 4, int(r.integers(1, m))
        p = p / p.sum()
        low, high = 0.0, 1 / p.min() + k
        for _ in range(200):
            c = (low + high) / 2
            low, high = (c, high) if np.minimum(1, c * p).sum() < k else (low, c)
        found = baselines.chances(p, k)
        assert np.allclose(found, np.minimum(1, high * p), atol=1e-9)
        winners = wta_crs.plan(p, k).winners
        assert np.array_equal(np.nonzero(found >= 1 - 1e-12)[0], winners)
        assert set(baselines.uniform(p, k, r.uniform(size=m)).weights) == {m / k}


# Gradients -----------------------------------------------------------------------------------------------------------


def test_pairs_are_the_factors_of_the_gradient():
    r = rng("pairs")
    x, labels, net = r.standard_normal((9, 4)), r.integers(0, 3, 9), mlp.init(r, (4, 6, 5, 3), like=np.zeros(1))
    loss = lambda params: softmax_cross_entropy(mlp.apply(params, x, activation="relu"), labels)
    wanted = grad(loss)(net)
    for (H, G), layer in zip(baselines.pairs(net, x, labels), wanted, strict=True):
        assert np.allclose(H.T @ G, layer.W, atol=1e-13)
        assert np.allclose(G.sum(axis=0), layer.b, atol=1e-13)


@pytest.mark.torch
def test_pytorch_with_a_function_of_its_own():
    """The layer as a `torch.autograd.Function`, in two networks that train side by side."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")

    class Sampled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, H, W, b, cache, u, ratio, phi):
            n = H.norm(dim=1) * cache if bool((cache > 0).any()) else H.norm(dim=1)
            p = (1 - phi) * n / n.sum() + phi / len(H)
            k = max(1, int(ratio * len(H)))
            top, order = p.sort(descending=True, stable=True)
            left = 1 - torch.cat([top.new_zeros(1), top.cumsum(0)])[:k]
            c = int((left / torch.arange(k, 0, -1)).argmin())
            sure = order[:c].sort().values
            q = p.clone()
            q[sure] = 0
            drawn = torch.stack([(q.cumsum(0) > x * q.sum()).nonzero()[0, 0] for x in u[: k - c]])
            kept = torch.cat([H[sure], H[drawn] * (q.sum() / ((k - c) * p[drawn]))[:, None]])
            ctx.save_for_backward(kept, torch.cat([sure, drawn]), W)
            ctx.cache = cache
            return H @ W + b

        @staticmethod
        def backward(ctx, G):
            kept, indices, W = ctx.saved_tensors
            ctx.cache.copy_(G.norm(dim=1))
            return G @ W.T, kept.T @ G[indices], G.sum(0), None, None, None, None

    r = rng("torch")
    x, labels, net = r.standard_normal((20, 5)), r.integers(0, 3, 20), mlp.init(r, (5, 7, 3), like=np.zeros(1))
    state = wta_crs.init(net, 20)
    params = [torch.tensor(w, requires_grad=True) for layer in net for w in layer]
    optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.8)
    caches, most = torch.zeros(2, 20, dtype=torch.float64), 0
    for _ in range(30):
        ids, u = r.permutation(20)[:12], r.uniform(size=(2, 12))
        local = [caches[l, ids].clone() for l in range(2)]
        hidden = Sampled.apply(torch.tensor(x[ids]), *params[:2], local[0], torch.tensor(u[0]), 0.5, 0.2)
        logits = Sampled.apply(torch.relu(hidden), *params[2:], local[1], torch.tensor(u[1]), 0.5, 0.2)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(logits, torch.tensor(labels[ids])).backward()
        optimizer.step()
        for l in range(2):
            caches[l, ids] = local[l]
        p = wta_crs._chances(x[ids], state.norms[0][ids], 0.2)
        most = max(most, len(wta_crs.plan(p, 6).winners))
        state, _ = wta_crs.step(state, x[ids], labels[ids], ids, u, lr=0.1, momentum=0.8, ratio=0.5, phi=0.2)
        ours = [w for layer in state.params for w in layer]
        for mine, other in zip((*ours, *state.norms), (*params, *caches), strict=True):
            assert np.allclose(mine, other.detach().numpy(), atol=1e-12)
    assert most > 0


@pytest.mark.torch
def test_products_against_pytorch():
    """With ratio 1 autograd; with less, weighted columns and rows of it."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    r = rng("products")
    A, B, G = r.standard_normal((3, 6, 4)), r.standard_normal((3, 4, 5)), r.standard_normal((3, 6, 5))
    tA, tB = torch.tensor(A, requires_grad=True), torch.tensor(B, requires_grad=True)
    (tA @ tB).backward(torch.tensor(G))
    norms = np.zeros((3, 5)), np.zeros((3, 6))
    u = r.uniform(size=(3, 5)), r.uniform(size=(3, 6))
    O, saved = products.forward(A, B, *norms, *u, ratio=1.0)
    found = products.backward(saved, G)
    assert np.allclose(found.A, tA.grad.numpy(), atol=1e-13)
    assert np.allclose(found.B, tB.grad.numpy(), atol=1e-13)
    assert np.allclose(O, A @ B)
    draws = 400
    means = [0.0, 0.0]
    for _ in range(draws):
        _, saved = products.forward(A, B, *norms, r.uniform(size=(3, 5)), r.uniform(size=(3, 6)), ratio=0.5)
        found = products.backward(saved, G)
        means = [mean + part / draws for mean, part in zip(means, found[:2], strict=True)]
    for mean, exact in zip(means, (tA.grad.numpy(), tB.grad.numpy()), strict=True):
        assert np.linalg.norm(mean - exact) < 0.2 * np.linalg.norm(exact)


# Statistics of draws that are the candidate's own --------------------------------------------------------------------


def counted(p, k, choose, draws):
    """How often each pair is drawn, of runs with draws of their own."""
    counts = np.zeros(len(p))
    for _ in range(draws):
        np.add.at(counts, choose(p, k), 1)
    return counts


def chi_square(p, counts):
    """Probability of counts as strange as these, under draws from p."""
    return stats.chisquare(counts, counts.sum() * p).pvalue


def test_draws_are_those_of_the_law():
    """False alarms 1e-6: a right sampler fails once in a million. Power against the root of the law: 0.999 (below)."""
    r, draws, level = rng("own draws"), 1500, 1e-6
    plan = wta_crs.plan(PAPER, 3)
    rest = plan.rest / plan.rest.sum()
    ours = counted(PAPER, 3, lambda p, k: wta_crs.wta(p, k, r.random(3)).indices[1:], draws)
    numpy = counted(PAPER, 3, lambda p, k: r.choice(6, 2, p=rest), draws)
    for found in (ours, numpy):
        assert found[0] == 0
        assert chi_square(rest[1:], found[1:]) > level
    wrong = counted(PAPER, 3, lambda p, k: r.choice(6, 2, p=np.sqrt(rest) / np.sqrt(rest).sum()), draws)
    assert chi_square(rest[1:], wrong[1:]) < level


def test_power_of_the_test_of_draws():
    """A sampler by the root of the law is caught: noncentral chi-square at the level, with 3,000 draws."""
    plan = wta_crs.plan(PAPER, 3)
    rest = plan.rest[1:] / plan.rest.sum()
    other = np.sqrt(rest) / np.sqrt(rest).sum()
    shift = 3000 * np.sum((other - rest) ** 2 / rest)
    limit = stats.chi2.isf(1e-6, 4)
    assert stats.ncx2.sf(limit, 4, shift) > 0.999


# Numbers at the ends -------------------------------------------------------------------------------------------------


def test_long_and_steep_batches_in_single_precision():
    r = rng("steep")
    H = (r.standard_normal((4096, 8)) * np.exp(3 * r.standard_normal((4096, 1)))).astype(np.float32)
    norms = np.exp(4 * r.standard_normal(4096)).astype(np.float32)
    u = r.random(4096, dtype=np.float32)
    W, b = np.zeros((8, 2), dtype=np.float32), np.zeros(2, dtype=np.float32)
    _, saved = wta_crs.forward(H, W, b, norms, u, ratio=0.1, phi=0.05)
    assert saved.rows.dtype == np.float32
    assert saved.rows.shape == (409, 8)
    double = wta_crs._chances(H.astype(float), norms.astype(float), 0.05)
    single = wta_crs._chances(H, norms, 0.05)
    assert np.allclose(single, double, rtol=1e-5)
    assert np.array_equal(wta_crs._plan(single, 409).winners, wta_crs._plan(double, 409).winners)


def test_training_keeps_what_it_says():
    r = rng("kept")
    x, labels, net = r.standard_normal((40, 6)), r.integers(0, 2, 40), mlp.init(r, (6, 8, 2), like=np.zeros(1))
    for ratio, floats in ((1.0, 20 * 14), (0.3, 6 * 14), (0.01, 14)):
        _, info = wta_crs.step(
            wta_crs.init(net, 40), x[:20], labels[:20], np.arange(20), r.random((2, 20)), lr=0.1, ratio=ratio
        )
        assert info.floats == floats


# Refused by name -----------------------------------------------------------------------------------------------------


def refused(name, function, *args, error=ValueError, **settings):
    with pytest.raises(error, match=name):
        function(*args, **settings)


def test_bad_arguments_are_named():
    u, W = np.full(4, 0.5), np.ones((2, 2))
    refused("k must be below the number of pairs 6, got 6", wta_crs.plan, PAPER, 6)
    refused("k must be an integer", wta_crs.plan, PAPER, 2.5, error=TypeError)
    refused("u must have at least 3 draws", wta_crs.wta, PAPER, 3, u[:2])
    refused("u must be in", wta_crs.crs, PAPER, 3, 2 * u)
    refused("p must have the sum 1", wta_crs.topk, PAPER / 2, 3, u)
    refused("p must be > 0 wherever", wta_crs.variance, X4, Y4, np.array([1.0, 0, 0, 0]), 2)
    refused("kind must be one of", wta_crs.estimate, X4, Y4, u, kind="best")
    refused("phi must be", wta_crs.forward, H4, W4, B4, NORMS4, U4, phi=1.5)
    refused("ratio must be", wta_crs.forward, H4, W4, B4, NORMS4, U4, ratio=0.0)
    refused("norms", wta_crs.forward, H4, W4, B4, -NORMS4, U4)
    refused("indices", wta_crs.backward, wta_crs.Saved(np.array([4]), np.ones((1, 2))), W, G4)
    refused("phi must be", products.forward, np.ones((1, 2, 3)), np.ones((1, 3, 4)), np.ones((1, 4)), np.ones((1, 2)),
            np.zeros((1, 4)), np.zeros((1, 2)), phi=0.0)  # fmt: skip
    state = wta_crs.init([mlp.Layer(W, np.zeros(2))], 3)
    batch = np.ones((2, 2)), np.array([0, 1])
    refused("ids must be all different", wta_crs.step, state, *batch, np.array([1, 1]), u[None, :2], lr=0.1)
    refused("ids must be in", wta_crs.step, state, *batch, np.array([1, 3]), u[None, :2], lr=0.1)
    refused("batches must be in", wta_crs.fit, state.params, *batch, np.array([[0, 2]]), u[None, None, :2], lr=0.1)
