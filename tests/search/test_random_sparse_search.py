"""Random sparse search: the worked example, both forms of a sub-network, how masks are drawn, peers, errors."""

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chisquare, norm

from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models.losses import softmax_cross_entropy
from refimpl.models.mlp import Layer
from refimpl.search import _random_sparse_search_models as models
from refimpl.search import random_sparse_search as rss

LIKE = np.zeros(1)
PAIRS = [(0, 1), (0, 2), (1, 2)]
LOSSES = [1.126928, 2.072539, 0.410038, 1.126928, 0.410038, 2.072539, 2.355649, 2.355649, 2.018150]


def worked(backend):
    """The parent of the page and its two samples."""
    weights = (
        [[1.0, -1.0, 2.0], [0.0, 1.0, 1.0]],
        [[1.0, 0.0, -1.0], [2.0, 1.0, 0.0], [0.0, 1.0, 1.0]],
        [[1.0, -1.0], [0.0, 2.0], [1.0, 1.0]],
    )
    params = [Layer(backend.asarray(W), backend.asarray([0.0] * len(W[0]))) for W in weights]
    return params, backend.asarray(np.eye(2)), backend.asarray(np.array([0, 1]))


def net(slug, *widths, bias=0.5):
    rng = stream(0, "test-random_sparse_search", slug)
    return [
        Layer(rng.standard_normal((a, b)) / a**0.5, bias * rng.standard_normal(b))
        for a, b in itertools.pairwise(widths)
    ]


def data(slug, n, d, classes):
    rng = stream(0, "test-random_sparse_search", slug, "data")
    return rng.standard_normal((n, d)), rng.integers(0, classes, n)


def test_the_worked_example(backend):
    params, X, y = worked(backend)
    assert float(rss.loss(params, X, y)) == pytest.approx(1.410038, abs=6e-7)
    rows = list(itertools.product(PAIRS, PAIRS))
    masks = [backend.asarray(np.array([row[l] for row in rows])) for l in (0, 1)]
    found = rss.search(params, masks, X, y)
    assert found.losses.dtype == found.params[0].W.dtype == backend.dtype
    np.testing.assert_allclose(backend.to_numpy(found.losses), LOSSES, atol=6e-7)
    assert int(found.selected) == 2  # tied with 4, which comes later
    np.testing.assert_array_equal(backend.to_numpy(found.params[1].W), [[0.0, -1.0], [1.0, 0.0]])
    run = rss.train(found.params, X, y, backend.asarray(np.array([[0], [1]])), lr=0.5, momentum=0.5)
    assert float(run.history["loss"][0]) == pytest.approx(0.410038, abs=6e-7)
    assert run.state.params[0].W.dtype == backend.dtype
    assert float(run.history["loss"][-1]) == pytest.approx(0.3232017720, rel=100 * backend.tolerance + 1e-9)


# A sub-network, cut out or with the other nodes switched off ---------------------------------------------------------


def test_both_forms_are_one_function_with_one_gradient():
    params, (X, y) = net("forms", 4, 9, 7, 3), data("forms", 8, 4, 3)
    mask = [np.array([1, 4, 5, 8]), np.array([0, 2, 6])]
    small = rss.extract(params, mask)
    h = X
    for W, b in small[:-1]:
        h = np.maximum(h @ W + b, 0)
    np.testing.assert_allclose(rss.masked_forward(params, mask, X), h @ small[-1].W + small[-1].b, rtol=1e-12)

    def loss(theta):
        return softmax_cross_entropy(rss.masked_forward([Layer(*layer) for layer in theta], mask, X), y)

    traced = grad(loss)([tuple(layer) for layer in params])
    expected = rss.extract([Layer(*layer) for layer in traced], mask)
    for got, wanted in zip(rss._gradient(small, X, y), expected, strict=True):
        np.testing.assert_allclose(got.W, wanted.W, atol=1e-14)
        np.testing.assert_allclose(got.b, wanted.b, atol=1e-14)
    (W1, b1), (W2, b2), (W3, _) = traced
    off = np.isin(np.arange(9), mask[0], invert=True), np.isin(np.arange(7), mask[1], invert=True)
    assert not np.any(W1[:, off[0]])
    assert not np.any(b1[off[0]])
    assert not np.any(W2[off[0]])
    assert not np.any(W2[:, off[1]])
    assert not np.any(b2[off[1]])
    assert not np.any(W3[off[1]])


def test_the_gradient_is_that_of_differences():
    params, (X, y) = net("differences", 3, 5, 4, 3), data("differences", 6, 3, 3)
    flat, unravel = tree.ravel([tuple(layer) for layer in params])
    loss = lambda theta: float(rss.loss([Layer(*layer) for layer in unravel(theta)], X, y))
    steps = 1e-6 * np.eye(flat.size)
    expected = [(loss(flat + step) - loss(flat - step)) / 2e-6 for step in steps]
    got, _ = tree.ravel([tuple(layer) for layer in rss._gradient(params, X, y)])
    np.testing.assert_allclose(got, expected, atol=1e-8)


def test_all_nodes_kept_is_the_parent_bit_for_bit():
    params, (X, y) = net("all", 4, 6, 5, 3), data("all", 12, 4, 3)
    batches = rss.draw_batches(stream(0, "b"), 12, 4, 3, like=LIKE)
    small = rss.extract(params, [np.arange(6), np.arange(5)], rescale=True)
    runs = [rss.train(start, X, y, batches) for start in (params, small)]
    assert runs[0].history == runs[1].history


def test_without_a_path_only_the_output_biases_learn():
    params, (X, y) = net("dead", 3, 4, 4, 5, bias=0.0), data("dead", 10, 3, 5)
    params[0] = Layer(params[0].W, np.full(4, -50.0))
    assert float(rss.loss(params, X, y)) == pytest.approx(math.log(5), rel=1e-14)
    *hidden, last = rss._gradient(params, X, y)
    assert not any(np.any(x) for layer in hidden for x in layer)  # layer 2 is exactly 0 there: its derivative is 0
    assert not np.any(last.W)
    np.testing.assert_allclose(last.b, 0.2 - np.bincount(y, minlength=5) / 10, atol=1e-15)


def test_more_looks_never_find_a_larger_loss():
    params, (X, y) = net("looks", 4, 12, 12, 3), data("looks", 20, 4, 3)
    masks = rss.draw_masks(stream(0, "looks"), (12, 12), (3, 3), 40, like=LIKE)
    best = [float(min(rss.search(params, [m[:R] for m in masks], X, y).losses)) for R in range(1, 41)]
    assert np.all(np.diff(best) <= 0)
    assert best[-1] < best[0]
    one = rss.search(params, [m[:1] for m in masks], X, y)
    alone = rss.extract(params, [m[0] for m in masks])
    assert all(np.array_equal(a, b) for l, k in zip(one.params, alone, strict=True) for a, b in zip(l, k, strict=True))


def test_weights_from_hidden_nodes_shrink_the_logits_unless_rescaled():
    """By sqrt(k / w) in each layer that hidden nodes feed: k / w in all for two hidden layers."""
    rng = stream(0, "test-random_sparse_search", "shrink")
    X = rng.standard_normal((200, 30))
    size = {"parent": [], "inherited": [], "rescaled": []}
    for p in range(30):
        params = [Layer(x.W * 2**0.5, x.b) for x in net(f"shrink {p}", 30, 100, 100, 4, bias=0.0)]
        mask = [m[0] for m in rss.draw_masks(rng, (100, 100), (25, 25), 1, like=LIKE)]
        nets = params, rss.extract(params, mask), rss.extract(params, mask, rescale=True)
        for kind, one in zip(size, nets, strict=True):
            h = X
            for W, b in one[:-1]:
                h = np.maximum(h @ W + b, 0)
            size[kind].append(np.mean((h @ one[-1].W) ** 2))
    parent, inherited, rescaled = (np.mean(x) ** 0.5 for x in size.values())
    assert inherited / parent == pytest.approx(0.25, rel=0.1)
    assert rescaled / parent == pytest.approx(1.0, rel=0.1)


# Draws ---------------------------------------------------------------------------------------------------------------


def test_every_subset_is_equally_likely():
    masks, other = rss.draw_masks(stream(0, "subsets"), (6, 5), (3, 2), 3000, like=LIKE)
    _, counts = np.unique(masks, axis=0, return_counts=True)
    assert len(counts) == math.comb(6, 3)
    assert chisquare(counts).pvalue > 1e-4
    both = np.array([masks[:, 0] == 0, other[:, 0] == 0], dtype=float)  # node 0 is kept: the layers are independent
    assert abs(np.corrcoef(both)[0, 1]) < 0.07


def test_a_global_mask_is_any_subset_that_leaves_each_layer_a_node():
    rng, widths, keep = stream(0, "global"), (3, 2), 2
    allowed = [s for s in itertools.combinations(range(5), keep) if any(i < 3 for i in s) and any(i >= 3 for i in s)]
    seen = dict.fromkeys(allowed, 0)
    for _ in range(600):
        one, two = rss.draw_global_mask(rng, widths, keep, like=LIKE)
        seen[(*one.tolist(), *(two + 3).tolist())] += 1
    assert chisquare(list(seen.values())).pvalue > 1e-4


def test_draws_on_every_backend(backend):
    like = backend.asarray([0.0])
    plain = rss.draw_masks(stream(0, "d"), (8, 6), (4, 2), 3, like=LIKE)
    for got, expected in zip(rss.draw_masks(stream(0, "d"), (8, 6), (4, 2), 3, like=like), plain, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(got), expected)
    batches = rss.draw_batches(stream(0, "d"), 10, 3, 4, like=like)
    rows = backend.to_numpy(batches).reshape(4, 9)
    assert all(len(set(row)) == 9 and set(row) <= set(range(10)) for row in rows.tolist())
    first, second = rss.draw_global_mask(stream(0, "d"), (8, 6), 7, like=like)
    assert backend.to_numpy(first).size + backend.to_numpy(second).size == 7


def test_kept_counts_round_halves_to_even_of_the_product_in_double_precision():
    assert [rss.keep_count(256, s) for s in (0.5, 0.8, 0.9, 0.95, 0.98)] == [128, 51, 26, 13, 5]
    assert rss.keep_count(15, 0.7) == 5  # (1 - 0.7) * 15 is a little more than 4.5
    assert [rss.keep_count(w, 0.5) for w in (1, 3, 5, 7)] == [1, 2, 2, 4]
    assert rss.keep_count(3, 0.999) == 1


def test_the_expected_largest_of_normal_numbers():
    assert rss.order_statistic(2) == pytest.approx(math.pi**-0.5, abs=1e-13)
    assert rss.order_statistic(3) == pytest.approx(1.5 * math.pi**-0.5, abs=1e-13)
    for R in (7, 100, 10_000):
        expected, _ = quad(lambda z, R=R: 1 - norm.cdf(z) ** R - norm.cdf(-z) ** R, 0, 12, epsabs=1e-12)
        assert rss.order_statistic(R) == pytest.approx(expected, abs=1e-9)
    largest = stream(0, "largest").standard_normal((4000, 100)).max(axis=1)
    assert rss.order_statistic(100) == pytest.approx(largest.mean(), abs=4 * largest.std() / 4000**0.5)


# Training ------------------------------------------------------------------------------------------------------------


def test_records_by_epoch_are_a_part_of_those_by_step():
    params, (X, y) = net("epochs", 4, 6, 3), data("epochs", 12, 4, 3)
    batches = rss.draw_batches(stream(0, "e"), 12, 4, 2, like=LIKE)
    steps, epochs = (rss.train(params, X, y, batches, every=k) for k in (1, 3))
    assert epochs.history["loss"] == steps.history["loss"][::3]
    state = rss.init(params)
    for rows in batches:
        state = rss.update(state, X[rows], y[rows])
    np.testing.assert_array_equal(state.params[0].W, steps.state.params[0].W)


def test_digits_are_learned_also_with_few_nodes():
    split = models.split(like=LIKE)
    assert [len(x) for x in split] == [1000, 1000, 797, 797]
    small = models.fit(models.parent(like=LIKE, hidden=(24, 24)), split, epochs=6)
    assert small.accuracy > 0.85
    assert small.curve[-1] < 0.3 * small.curve[0]
    assert len(small.curve) == 7


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_trains_the_same():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    params, (X, y) = net("torch", 5, 8, 6, 4), data("torch", 20, 5, 4)
    batches = rss.draw_batches(stream(0, "torch"), 20, 4, 6, like=LIKE)
    run = rss.train(params, X, y, batches, lr=0.1, momentum=0.9)
    weights = [torch.tensor(x, requires_grad=True) for layer in params for x in layer]
    optimizer = torch.optim.SGD(weights, lr=0.1, momentum=0.9)
    for rows in batches:
        h = torch.tensor(X[rows])
        for W, b in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            h = torch.relu(h @ W + b)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(h @ weights[-2] + weights[-1], torch.tensor(y[rows])).backward()
        optimizer.step()
    for got, expected in zip(weights, (x for layer in run.state.params for x in layer), strict=True):
        np.testing.assert_allclose(got.detach().numpy(), expected, atol=1e-10)


# Errors --------------------------------------------------------------------------------------------------------------


def _refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_bad_input_is_refused_by_name():
    params, (X, y) = net("bad", 3, 4, 2), data("bad", 5, 3, 2)
    mask = [np.array([0, 2])]
    masks = [np.array([[0, 2], [1, 3]])]
    _refused(lambda: rss.keep_count(4, 1.0), ValueError, "sparsity must be")
    _refused(lambda: rss.masks_from_permutations(np.array([[0, 0]]), 1), ValueError, "perms must have a permutation")
    _refused(lambda: rss.masks_from_permutations(np.array([[0.0, 1.0]]), 1), TypeError, "perms must be an array of int")
    _refused(lambda: rss.masks_from_permutations(np.array([[1, 0]]), 3), ValueError, "keep must be at most 2")
    _refused(lambda: rss.draw_masks(stream(0), (4,), (5,), 1, like=LIKE), ValueError, "keep must be at most 4")
    _refused(lambda: rss.draw_masks(stream(0), (4, 4), (2,), 1, like=LIKE), ValueError, "keep must have an entry")
    _refused(lambda: rss.draw_masks(stream(0), (4,), (2,), 0, like=LIKE), ValueError, "count must be")
    _refused(lambda: rss.draw_global_mask(stream(0), (4, 4), 1, like=LIKE), ValueError, "keep must be an integer >= 2")
    _refused(lambda: rss.draw_global_mask(stream(0), (4, 4), 9, like=LIKE), ValueError, "keep must be at most 8")
    _refused(lambda: rss.parameter_share((4, 2), ()), ValueError, "keep must be a list|widths must name")
    _refused(lambda: rss.extract(params, [np.array([2, 0])]), ValueError, r"mask\[0\] must be rising")
    _refused(lambda: rss.extract(params, [np.array([0, 4])]), ValueError, r"mask\[0\] must be in \[0, 4\)")
    _refused(lambda: rss.extract(params, []), ValueError, "mask must have an entry for each of 1")
    _refused(lambda: rss.extract(params[:1], []), ValueError, "params must have a hidden layer")
    _refused(lambda: rss.extract(params, mask, rescale="no"), TypeError, "rescale must be True or False")
    _refused(lambda: rss.masked_forward(params, mask, X[:, :2]), ValueError, "X must have shape")
    _refused(lambda: rss.search(params, masks, X * np.nan, y), ValueError, "X must be finite")
    _refused(lambda: rss.search(params, masks, X, y + 2), ValueError, r"y must be in \[0, 2\)")
    _refused(lambda: rss.search(params, masks, X.astype(np.float32), y), TypeError, "X must have dtype float64")
    _refused(lambda: rss.select(np.array([np.nan])), ValueError, "losses must be finite")
    _refused(lambda: rss.order_statistic(0), ValueError, "R must be")
    _refused(lambda: rss.train(params, X, y, np.array([[5]])), ValueError, "batches must be in")
    _refused(lambda: rss.train(params, X, y, np.array([[0]] * 3), every=2), ValueError, "every must divide")
    _refused(lambda: rss.update(rss.init(params), X, y, lr=0.0), ValueError, "lr must be")
    _refused(lambda: rss.update(rss.init(params), X, y, momentum=1.0), ValueError, "momentum must be")
    _refused(lambda: rss.update(params, X, y), TypeError, "state must be of type TrainState")
    _refused(lambda: rss.draw_batches(stream(0), 3, 4, 1, like=LIKE), ValueError, "batch must be at most 3")
    wide = [params[0], Layer(np.zeros((5, 2)), np.zeros(2))]
    _refused(lambda: rss.loss(wide, X, y), ValueError, r"params\[1\].W must have shape")
