"""Weight matching: invariance and optima on every backend, convolutions, what is refused, code of others, claims."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from refimpl.core import tree
from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.landscape import _weight_matching_models as models
from refimpl.landscape import weight_matching as wm
from refimpl.models import conv, mlp
from refimpl.specs.landscape.weight_matching.claims import CLAIMS, identities

LIKE = np.zeros(1)


def net(name, *sizes):
    rng = stream(0, "test-weight_matching", name)
    return [mlp.Layer(rng.standard_normal(pair), rng.standard_normal(pair[1])) for pair in pairwise(sizes)]


def images(name, *channels, classes=3):
    rng = stream(0, "test-weight_matching", name)
    params = conv.init(rng, channels, classes, like=LIKE, kernel=2)
    return [layer._replace(b=rng.standard_normal(layer.b.shape)) for layer in params]


def shuffled(name, params):
    rng = stream(0, "test-weight_matching", name)
    return [rng.permutation(b.shape[0]) for _, b in params[:-1]]


# What does not change ------------------------------------------------------------------------------------------------


def test_a_permutation_keeps_the_function(backend):
    params, x = net("function", 4, 6, 5, 3, 2), stream(0, "test-weight_matching", "x").standard_normal((7, 4))
    moved = wm.permute(tree.map(backend.asarray, params), [backend.asarray(p) for p in shuffled("p", params)])
    out = mlp.apply(moved, backend.asarray(x), activation="relu")
    assert array_namespace(out) is array_namespace(backend.asarray(x))
    assert (out.dtype, device(out)) == (backend.asarray(x).dtype, device(backend.asarray(x)))
    expected = mlp.apply(params, x, activation="relu")
    np.testing.assert_allclose(backend.to_numpy(out), expected, rtol=100 * backend.tolerance, atol=1e-5)
    assert not np.allclose(backend.to_numpy(moved[1].W), params[1].W)


def test_a_permutation_keeps_the_function_of_a_convolutional_network(backend):
    params, x = images("conv", 1, 4, 5), stream(0, "test-weight_matching", "x").standard_normal((2, 5, 5, 1))
    moved = wm.permute(tree.map(backend.asarray, params), [backend.asarray(p) for p in shuffled("pc", params)])
    out = backend.to_numpy(conv.apply(moved, backend.asarray(x)))
    np.testing.assert_allclose(out, conv.apply(params, x), rtol=100 * backend.tolerance, atol=1e-5)


def test_a_shuffled_copy_is_found_again(backend):
    """Up to a local maximum that is the global one here: R of the matched pair is 1, and the line is flat."""
    for params in (net("copy", 5, 8, 4), images("copy", 1, 4, 5)):
        perms = shuffled("copy", params)
        a = tree.map(backend.asarray, params)
        b = wm.permute(a, [backend.asarray(p) for p in perms])
        layers = len(params) - 1
        found = wm.match(a, b, wm.orders(stream(0, "test"), 20, layers))
        for p, q in zip(found.perms, perms, strict=True):
            np.testing.assert_array_equal(backend.to_numpy(p), np.argsort(q))
        R = wm.alignment(a, b, found.perms)
        assert float(R) == pytest.approx(1.0, abs=100 * backend.tolerance)
        assert R.dtype == a[0].W.dtype


# The search ----------------------------------------------------------------------------------------------------------


def definition(a, b, orders):
    """Coordinate ascent with loops: scores unit by unit, SciPy's assignment, permuted arrays in place of formulas."""
    perms, path = [np.arange(layer.b.size) for layer in b[:-1]], []
    for order in orders:
        before = path[-1] if path else None
        for l in order:
            held = [np.arange(p.size) if k == l else p for k, p in enumerate(perms)]
            moved, n = wm.permute(b, held), perms[l].size
            C = np.zeros((n, n))
            for i in range(n):
                for j in range(n):
                    C[i, j] = np.sum(a[l].W[..., i] * moved[l].W[..., j]) + a[l].b[i] * moved[l].b[j]
                    C[i, j] += np.sum(a[l + 1].W[..., i, :] * moved[l + 1].W[..., j, :])
            perms[l] = linear_sum_assignment(-C)[1]
            new = wm.permute(b, perms)
            path.append(sum(np.vdot(x, y) for x, y in zip(tree.leaves(a), tree.leaves(new), strict=True)))
        if before is not None and path[-1] - before <= 1e-12:
            break
    return perms, path


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_the_search_is_that_of_loops(kind, backend):
    make = (lambda name: net(name, 4, 7, 6, 5, 3)) if kind == "mlp" else lambda name: images(name, 2, 5, 6, 4)
    a, b = make("a"), make("b")
    orders = wm.orders(stream(0, "test-weight_matching", "orders"), 30, 3)
    perms, path = definition(a, b, orders)
    found = wm.match(tree.map(backend.asarray, a), tree.map(backend.asarray, b), orders)
    for p, q in zip(found.perms, perms, strict=True):
        assert array_namespace(p) is array_namespace(backend.asarray(LIKE))
        np.testing.assert_array_equal(backend.to_numpy(p), q)
    got = [float(value) for value in found.objective[: len(path)]]
    np.testing.assert_allclose(got, path[: len(got)], rtol=100 * backend.tolerance)


def test_one_hidden_layer_is_the_global_maximum():
    a, b = net("one a", 3, 6, 2), net("one b", 3, 6, 2)
    best = max(float(wm.inner(a, wm.permute(b, [np.array(p)]))) for p in permutations(range(6)))
    assert float(wm.match(a, b, [[0]]).objective[-1]) == pytest.approx(best, rel=1e-14)


def test_three_hidden_layers_need_the_newest_permutations():
    """All layers at once from the permutations of the sweep before: the inner product falls, and ends lower."""
    worse = 0
    for i in range(10):
        a, b = net(f"stale a {i}", 6, 8, 8, 8, 4), net(f"stale b {i}", 6, 8, 8, 8, 4)
        perms = wm.identity(b)
        for _ in range(10):
            perms = [wm.visit(a, b, perms, l)[1] for l in range(3)]
        path = wm.match(a, b, [[0, 1, 2]] * 20).objective
        assert np.diff(path).min() >= -1e-12
        worse += float(wm.inner(a, wm.permute(b, perms))) < path[-1]
    assert worse >= 8


def test_merging_without_oneself_gathers_closer():
    """MergeMany against the same with network i in its own target: the spread around the mean, twelve triples."""
    closer = 0
    for i in range(12):
        nets = [net(f"merge {i} {k}", 5, 12, 3) for k in range(3)]
        rounds, orders = [[0, 1, 2]] * 10, [[[[0]]] * 3] * 10
        center, moved = wm.merge_many(nets, rounds, orders)
        own = list(nets)
        for _ in range(10):
            for k in range(3):
                own[k] = wm.permute(own[k], wm.match(wm.mean(own), own[k], [[0]]).perms)
        spread = lambda nets, c: sum(float(wm.inner(d, d)) for d in (tree.map(np.subtract, n, c) for n in nets))
        closer += spread(moved, center) < spread(own, wm.mean(own))
    assert closer >= 9


def test_activation_matching_finds_a_shuffled_copy(backend):
    params, x = net("act", 6, 7, 5, 3), stream(0, "test-weight_matching", "act").standard_normal((40, 6))
    perms = shuffled("act", params)
    both = params, wm.permute(params, perms)
    Z_a, Z_b = ([backend.asarray(z) for z in models.hidden(one, x)] for one in both)
    for p, q in zip(wm.match_activations(Z_a, Z_b), perms, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(p), np.argsort(q))


def test_the_straight_through_search_from_a_is_weight_matching():
    a, b, x = net("ste a", 4, 6, 5, 2), net("ste b", 4, 6, 5, 2), stream(0, "ste").standard_normal((20, 4))
    losses = [models.loss(x, np.arange(20) % 2)] * 5
    orders = wm.orders(stream(0, "test"), 20, 2)
    matched = wm.match(a, b, orders).perms
    best = wm.ste(a, b, losses, [orders] * 5, lr=1e-4, start="a").state.best
    other = wm.ste(a, b, losses, [orders] * 5, lr=1e-4, start="b").state.best
    for p, q in zip(best, matched, strict=True):
        np.testing.assert_array_equal(p, q)
    assert any((p != q).any() for p, q in zip(other, matched, strict=True))


def test_the_straight_through_search_on_every_backend(backend):
    a, b, x = net("ste a", 4, 6, 5, 2), net("ste b", 4, 6, 5, 2), stream(0, "ste").standard_normal((20, 4))
    orders, labels = [wm.orders(stream(0, "test"), 3, 2)] * 4, np.arange(20) % 2
    expected = wm.ste(a, b, [models.loss(x, labels)] * 4, orders, lr=1.0)
    moved = [tree.map(backend.asarray, params) for params in (a, b)]
    loss = models.loss(backend.asarray(x), backend.asarray(labels))
    found = wm.ste(*moved, [loss] * 4, orders, lr=1.0)
    np.testing.assert_allclose(
        [float(value) for value in found.history["loss"]], expected.history["loss"], rtol=1e3 * backend.tolerance
    )
    for p, q in zip(found.state.best, expected.state.best, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(p), q)


def test_the_search_on_digits_draws_minibatches_and_lowers_the_midpoint():
    data = models.split(like=LIKE)
    a, b = (models.train(stream(i, "test-weight_matching"), data, hidden=(32, 32), epochs=12) for i in range(2))
    runs = [models.search(stream(0, "search"), a, b, data, steps=steps, batch=50) for steps in (5, 30)]
    assert [len(run.history["loss"]) for run in runs] == [5, 30]
    np.testing.assert_allclose(runs[1].history["loss"][:5], runs[0].history["loss"], rtol=1e-12)  # the same draws
    loss = models.loss(data.x, data.labels)
    middle = [float(loss(wm.interpolate(a, wm.permute(b, p), 0.5))) for p in (wm.identity(b), runs[1].state.best)]
    assert middle[1] < 0.9 * middle[0]
    rng = stream(0, "search")
    first = rng.permutation(1200)[:50]
    start = wm.match(b, b, wm.orders(rng, 3, 2)).perms
    expected = models.loss(data.x[first], data.labels[first])(wm.interpolate(a, wm.permute(b, start), 0.5))
    assert float(runs[0].history["loss"][0]) == pytest.approx(float(expected))


# What a matching is worth --------------------------------------------------------------------------------------------


def test_taylor_is_exact_on_a_quadratic_and_backends_agree(backend):
    rng = stream(0, "test-weight_matching", "quadratic")
    a, b = net("quad a", 2, 3, 1), net("quad b", 2, 3, 1)
    flat, _ = tree.ravel(a)
    H, g = rng.standard_normal((flat.size, flat.size)), rng.standard_normal(flat.size)

    def loss(params, H=H, g=g):
        theta, _ = tree.ravel(params)
        return theta @ (H @ theta) + theta @ g

    height, _ = wm.barrier(loss, a, b, [0.5])
    matrices = backend.asarray(H), backend.asarray(g)
    moved = [tree.map(backend.asarray, params) for params in (a, b)]
    got = wm.taylor(lambda params: loss(params, *matrices), *moved)
    assert float(got) == pytest.approx(float(height), rel=1e3 * backend.tolerance)


def test_the_barrier_on_every_backend(backend):
    a, b, x = net("line a", 4, 6, 2), net("line b", 4, 6, 2), stream(0, "line").standard_normal((9, 4))
    labels = np.arange(9) % 2
    moved = [tree.map(backend.asarray, params) for params in (a, b)]
    height, line = wm.barrier(models.loss(backend.asarray(x), backend.asarray(labels)), *moved, [0.0, 0.3, 1.0])
    losses = [models.loss(x, labels)(wm.interpolate(a, b, t)) for t in (0.0, 0.3, 1.0)]
    np.testing.assert_allclose(backend.to_numpy(line), losses, rtol=1e3 * backend.tolerance)
    expected = max(0.0, losses[1] - 0.7 * losses[0] - 0.3 * losses[2])
    assert float(height) == pytest.approx(expected, abs=1e3 * backend.tolerance)
    assert line.dtype == moved[0][0].W.dtype


def test_inner_products_of_weights_are_weighed_alignments():
    """The theorem: with the singular values left in, the sum over all pairs is the inner product."""
    a, b = images("theorem a", 2, 5, 4), images("theorem b", 2, 5, 4)
    for x, y in zip(a, b, strict=True):
        one, other = wm.singular(x.W), wm.singular(y.W)
        total = np.sum(one.s[:, None] * (one.U.T @ other.U) * (one.V.T @ other.V) * other.s)
        assert total == pytest.approx(np.sum(x.W * y.W), abs=1e-12)


def test_alignment_at_zero_is_the_inner_product_of_polar_factors(backend):
    from scipy.linalg import polar

    a, b = net("polar a", 6, 5, 4, 3), net("polar b", 6, 5, 4, 3)
    perms = shuffled("polar", b)
    new = wm.permute(b, perms)
    total = sum(np.sum(polar(x.W)[0] * polar(y.W)[0]) for x, y in zip(a, new, strict=True))
    moved = [tree.map(backend.asarray, params) for params in (a, b)]
    got = wm.alignment(*moved, [backend.asarray(p) for p in perms])
    assert float(got) == pytest.approx(total / (5 + 4 + 3), abs=1e3 * backend.tolerance)


# Manners -----------------------------------------------------------------------------------------------------------


def test_nothing_that_is_given_is_changed():
    a, b = net("kept a", 4, 6, 5, 2), net("kept b", 4, 6, 5, 2)
    perms, before = wm.identity(b), [x.copy() for x in (*tree.leaves(a), *tree.leaves(b))]
    wm.match(a, b, [[0, 1]] * 5, perms=perms)
    wm.merge_many([a, b], [[0, 1]], [[[[0, 1]]] * 2])
    for x, old in zip((*tree.leaves(a), *tree.leaves(b)), before, strict=True):
        np.testing.assert_array_equal(x, old)
    np.testing.assert_array_equal(perms[0], np.arange(6))


# What is refused -----------------------------------------------------------------------------------------------------

A, B = net("bad a", 3, 4, 5, 2), net("bad b", 3, 4, 5, 2)
GOOD = [np.arange(4), np.arange(5)]


def step(**fields):
    return wm.ste_step(A, B, wm.ste_init(A, B)._replace(**fields), lambda p: 0.0, [[0, 1]], lr=1.0)


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (lambda: wm.permute(B, [np.array([0, 1, 1, 3]), GOOD[1]]), ValueError, r"perms\[0\] must be a permutation"),
        (lambda: wm.permute(B, [np.arange(1, 5), GOOD[1]]), ValueError, r"perms\[0\] must be a permutation"),
        (lambda: wm.permute(B, [GOOD[0], np.arange(4)]), ValueError, r"perms\[1\] must have shape"),
        (lambda: wm.permute(B, [GOOD[0], np.arange(5.0)]), TypeError, r"perms\[1\] must be integers"),
        (lambda: wm.permute(B, GOOD[:1]), ValueError, "perms must have one permutation for each of 2"),
        (lambda: wm.permute([], []), ValueError, "params must be a list"),
        (lambda: wm.match(A, net("w", 3, 6, 5, 2), [[0, 1]]), ValueError, r"b\[0\].W must have shape \(3, 4\)"),
        (lambda: wm.match(A, net("w", 3, 4, 2), [[0, 1]]), ValueError, "b must have 3 layers, as a has, got 2"),
        (lambda: wm.match(A, [B[0], *net("w", 7, 5, 2)], [[0, 1]]), ValueError, r"b\[1\].W must have shape"),
        (lambda: wm.match(A, tree.map(np.float32, B), [[0, 1]]), ValueError, r"b\[0\].W must have shape.*float64"),
        (lambda: wm.match(A, tree.map(lambda x: x * np.nan, B), [[0, 1]]), ValueError, r"b\[0\].W must be finite"),
        (lambda: wm.match(A, B, [[0, 0]]), ValueError, "orders must be permutations of 0, ..., 1"),
        (lambda: wm.match(A, B, []), ValueError, "orders must be a list with at least one entry"),
        (lambda: wm.visit(A, B, GOOD, 2), ValueError, "l must be a hidden layer"),
        (lambda: wm.visit(A, B, GOOD, -1), ValueError, "l must be an integer"),
        (lambda: wm.match_activations([np.ones((3, 2))], [np.ones((3, 4))]), ValueError, r"Z_b\[0\]"),
        (lambda: wm.match_activations([np.ones((3, 2))], []), ValueError, "Z_a and Z_b"),
        (lambda: wm.ste_init(A, B, start="c"), ValueError, "start"),
        (
            lambda: wm.ste(A, B, [lambda p: 0.0] * 2, [[[0, 1]]], lr=1.0),
            ValueError,
            "orders must be as many as the los",
        ),
        (lambda: wm.singular(np.ones(3)), ValueError, "W must have shape"),
        (lambda: wm.alignment(A, B, GOOD, gamma=1.5), ValueError, "gamma"),
        (lambda: wm.alignment(A, B, GOOD, normaliser="max"), ValueError, "normaliser"),
        (lambda: wm.alignment(tree.map(np.ones_like, A), B, GOOD), ValueError, r"a\[0\].W must have full rank"),
        (lambda: wm.barrier(lambda p: 0.0, A, B, [1.5]), ValueError, "shares"),
        (lambda: wm.taylor(lambda p: 0.0, A, net("w", 3, 6, 5, 2)), ValueError, r"b\[0\].W"),
        (lambda: wm.merge_many([A], [[0]], [[[[0, 1]]]]), ValueError, "models must be two networks"),
        (lambda: wm.merge_many([A, net("w", 3, 4, 2)], [[0, 1]], [[[[0, 1]]] * 2]), ValueError, r"models\[1\]"),
        (lambda: wm.merge_many([A, B], [[0, 0]], [[[[0, 1]]] * 2]), ValueError, "rounds must be permutations"),
        (lambda: wm.merge_many([A, B], [[0, 1]], []), ValueError, "orders must be a list with at least one entry"),
        (lambda: wm.merge_many([A, B], [[0, 1]], [[[[0, 1]]]]), ValueError, "orders must be as many as the networks"),
        (lambda: models.train(stream(0), models.split(like=LIKE), scale=0.0), ValueError, "scale"),
        (lambda: wm.barrier(lambda p: np.nan, A, B, [0.5]), ValueError, "loss must be a finite number, got nan"),
        (lambda: wm.barrier(lambda p: np.ones(2), A, B, [0.5]), TypeError, "loss must be a finite number"),
        (lambda: wm.interpolate(A, tree.map(lambda x: x * np.nan, B), 0.5), ValueError, "b must be finite"),
        (lambda: step(best=GOOD[:1]), ValueError, "best must have one permutation"),
        (lambda: step(loss=np.nan), ValueError, "loss of state must be a finite number"),
        (lambda: step(loss="0"), TypeError, "loss of state must be a finite number"),
    ],
)
def test_what_does_not_fit_is_named(call, error, named):
    with pytest.raises(error, match=named):
        call()


# Claims --------------------------------------------------------------------------------------------------------------


def test_the_data_are_split_without_overlap():
    data = models.split(like=LIKE)
    rows = {row.tobytes() for row in data.x} & {row.tobytes() for row in data.x_test}
    assert len(rows) <= 2  # of two images the file has copies
    assert set(np.unique(data.labels_test)) == set(range(10))
    np.testing.assert_array_equal(models.split(like=LIKE, images=True).x.reshape(-1, 64), data.x)


def test_the_quick_claim_holds_and_its_identities_would_show_a_mistake(monkeypatch):
    assert all(m.holds for m in identities.optimum(1).measurements)
    monkeypatch.setattr(wm, "_best", lambda C: wm.linear_assignment(C))
    failed = [m.quantity for m in identities.optimum(1).measurements if not m.holds]
    assert any("one hidden layer" in quantity for quantity in failed)
    assert any("fall of the inner product" in quantity for quantity in failed)


def test_every_claim_says_what_it_is():
    assert [claim.id for claim in CLAIMS] == [f"weight_matching.C{i}" for i in range(1, 8)]
