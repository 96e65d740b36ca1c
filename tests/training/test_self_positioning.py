"""Self Positioning: worked values on every backend, rotations, differences, automatic differentiation, peers' rules."""

import math

import numpy as np
import pytest

from refimpl.core import autodiff
from refimpl.core.random import stream
from refimpl.models import losses
from refimpl.training import _self_positioning_baselines as baselines
from refimpl.training import _self_positioning_worlds as worlds
from refimpl.training import self_positioning as sp

V3 = [[3.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 2.0]]
LIKE = np.zeros(1)


def drawn(name, *shape):
    return stream(0, "test-self_positioning", name).standard_normal(shape)


def close(backend, got, expected, times=50.0):
    assert got.dtype == backend.dtype
    tolerance = times * backend.tolerance
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=tolerance, atol=tolerance)


# Worked values -------------------------------------------------------------------------------------------------------


def test_arcs_by_hand(backend):
    U, W, third = (backend.asarray(v) for v in V3)
    close(backend, sp.task_vectors(U, backend.asarray(V3))[1, :], [-2.0, 1.0, 0.0])
    close(backend, sp.slerp(U, W, a_i=1.0, a_j=2.0), [1.8051829925, math.sqrt(0.5), 0.0], times=1e4)
    close(backend, sp.slerp(2 * U, third), [6 / math.sqrt(2), 1 / math.sqrt(2), math.sqrt(2)])


@pytest.mark.parametrize("factor", [-3.0, 0.0])
def test_where_there_is_no_arc_it_is_a_line(backend, factor):
    """In float32 too, where unit vectors of opposite directions are some roundings apart."""
    U = drawn("line", 50)
    close(
        backend, sp.slerp(backend.asarray(U), backend.asarray(factor * U), a_i=1.0, a_j=3.0), (0.25 + 0.75 * factor) * U
    )


def test_chains_by_hand(backend):
    V, a, g = (backend.asarray(x) for x in (V3, [1.0, 2.0, 0.5], [1.0, -1.0, 0.5]))
    close(backend, sp.chain(V, a), [1.5918389815, 0.9727449452, 0.6984139507], times=1e4)
    grad_a, grad_lam = sp.chain_gradient(V, a, g)
    close(backend, grad_a, [0.6998813663, -0.2775601860, -0.2895219886], times=1e4)
    close(backend, grad_lam, 1.5918389815 - 0.9727449452 + 0.3492069754, times=1e4)
    close(backend, sp.chain(V[:1, :], a[:1], lam=-2.0), [-6.0, 0.0, 0.0])


def test_a_step_by_hand(backend):
    V, g = backend.asarray(np.eye(2)), backend.asarray([0.1, -0.1])
    state = sp.update(sp.init(V), V, g, mu=0.5)
    moved = 2.0 * 0.2 * math.pi / (2 * math.sqrt(2)) / 4
    close(backend, state.a, [1 - moved, 1 + moved])
    close(backend, state.lam, 0.75)
    assert tuple(state.lam.shape) == ()


def test_a_loss_by_hand(backend):
    Q, D = backend.asarray(np.eye(2)), backend.asarray(2 * np.eye(2))
    loss, grad_Q, grad_D = sp.info_nce(Q, D, tau=1.0)
    close(backend, loss, math.log1p(math.exp(-1.0)))
    close(backend, grad_Q, np.array([[0.0, 0.5], [0.5, 0.0]]) / (1 + math.e))
    close(backend, grad_D, np.array([[0.0, 0.25], [0.25, 0.0]]) / (1 + math.e))
    loss, gradient = sp.encoder_loss(Q, Q, D, tau=1.0)
    close(backend, gradient, np.array([[0.0, 1.0], [1.0, 0.0]]) / (1 + math.e))


def test_merges_by_hand(backend):
    V = backend.asarray([[0.9, -0.5, 0.1, 0.2, 0.0], [-0.3, 0.6, 0.4, -0.1, 0.05], [-0.8, 0.1, 0.3, 0.2, 0.0]])
    found = baselines.ties(V, density=0.4)
    close(backend, found.merged, [0.9, 0.6, 0.35, 0.0, 0.0])
    assert backend.to_numpy(found.kept).sum(axis=1).tolist() == [2, 2, 2]
    close(backend, baselines.ties(V, density=1.0, lam=2.0).merged, [-1.1, 0.7, 1.6 / 3, 0.4, 0.1])
    some = backend.asarray([[1.0, 1.0], [3.0, 4.0]])
    close(backend, baselines.average(some, backend.asarray([1.0, 3.0])), [2.5, 3.25])
    close(backend, baselines.task_arithmetic(some, lam=0.5), [2.0, 2.5])
    close(backend, baselines.fisher(some, backend.asarray([[3.0, 0.0], [1.0, 0.0]])), [1.5, 2.5])
    W, G = backend.asarray([[[1.0]], [[4.0]]]), backend.asarray([[[2.0]], [[1.0]]])
    close(backend, baselines.regmean(W, G), [[2.0]])


def test_entries_that_cancel_have_no_sign():
    merged, kept = baselines.ties(np.array([[2.0, 1.0], [-2.0, 1.0]]), density=0.5)
    assert merged.tolist() == [0.0, 0.0]
    assert kept.tolist() == [[True, False], [True, False]]


# Against other routes ------------------------------------------------------------------------------------------------


def test_arcs_between_unit_vectors_are_rotations():
    for k in range(20):
        U, W = drawn(f"u {k}", 4), drawn(f"w {k}", 4)
        u, w = U / np.linalg.norm(U), W / np.linalg.norm(W)
        across = w - (u @ w) * u
        across, alpha, t = across / np.linalg.norm(across), math.acos(u @ w), (k + 0.5) / 20
        expected = math.cos(t * alpha) * u + math.sin(t * alpha) * across
        np.testing.assert_allclose(sp.slerp(u, w, a_i=1 - t, a_j=t), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("N", [1, 2, 3, 5])
@pytest.mark.parametrize("growth", [0.1, 1.0, 10.0])
def test_the_gradient_of_a_chain_is_that_of_differences(N, growth):
    V = drawn("V", N, 7) * growth ** np.arange(N)[:, None]
    a, g, h = 0.5 + drawn("a", N) ** 2, drawn("g", 7), 1e-5
    grad_a, grad_lam = sp.chain_gradient(V, a, g, lam=0.7)
    moved = [g @ (sp.chain(V, a + e, lam=0.7) - sp.chain(V, a - e, lam=0.7)) / (2 * h) for e in h * np.eye(N)]
    np.testing.assert_allclose(grad_a, moved, rtol=1e-6, atol=1e-7 * np.max(np.abs(V)))
    assert grad_lam == pytest.approx(g @ sp.chain(V, a))


def test_a_search_is_that_of_automatic_differentiation():
    """Plain formulas, with an arc cosine and on traced numbers."""
    V, target = drawn("auto V", 3, 6), drawn("auto target", 6)

    def merged(a, lam):
        xp, U, total = autodiff.array_namespace(a), V[0], a[0]
        for j in range(1, 3):
            c = xp.sum(U * V[j]) / xp.sqrt(xp.sum(U * U) * float(V[j] @ V[j]))
            t, alpha = a[j] / (total / j + a[j]), xp.acos(c)
            U = (xp.sin((1 - t) * alpha) * U + xp.sin(t * alpha) * V[j]) / xp.sin(alpha)
            total = total + a[j]
        return lam * U

    def loss(a, lam):
        return autodiff.array_namespace(a).sum((merged(a, lam) - target) ** 2) / 2 + 0.05 * lam

    state = sp.init(V)
    a, lam = np.ones(3), np.array(1.0)
    for _ in range(30):
        state = sp.update(state, V, sp.chain(V, state.a, lam=state.lam) - target, mu=0.05, eta_a=0.1, eta_lam=0.05)
        slopes = autodiff.grad(loss, argnums=(0, 1))(a, lam)
        a, lam = np.maximum(a - 0.1 * slopes[0], 1e-3), lam - 0.05 * slopes[1]
    np.testing.assert_allclose(state.a, a, rtol=1e-8)
    np.testing.assert_allclose(state.lam, lam, rtol=1e-8)


def test_the_loss_is_half_of_what_the_models_have_and_its_gradient_that_of_the_tape():
    Q, D = drawn("Q", 5, 3), drawn("D", 5, 3)

    def plain(Q, D):
        xp = autodiff.array_namespace(Q, D)
        q, d = (X / xp.sqrt(xp.sum(X * X, axis=1, keepdims=True)) for X in (Q, D))
        return losses.softmax_cross_entropy(q @ xp.matrix_transpose(d) / 0.3, np.arange(5))

    loss, grad_Q, grad_D = sp.info_nce(Q, D, tau=0.3)
    assert loss == pytest.approx(float(plain(Q, D)), rel=1e-13)
    for got, expected in zip((grad_Q, grad_D), autodiff.grad(plain, argnums=(0, 1))(Q, D), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-13)


def test_small_angles_keep_their_digits():
    """An arc of 1e-7 is a line: its gradient is that of weighted means."""
    V, g, h = np.array([[1.0, 0.0, 0.0], [1.0, 1e-7, 0.0], [1.0, 0.0, 1e-7]]), np.array([0.0, 1.0, 2.0]), 1e-4

    def line(a):
        t, s = a[1] / (a[0] + a[1]), a[2] / ((a[0] + a[1]) / 2 + a[2])
        return (1 - s) * ((1 - t) * V[0] + t * V[1]) + s * V[2]

    moved = [g @ (line(1 + e) - line(1 - e)) / (2 * h) for e in h * np.eye(3)]
    np.testing.assert_allclose(sp.chain_gradient(V, np.ones(3), g)[0], moved, rtol=1e-6)


def test_the_rest_of_the_cotangent():
    x = np.linspace(0.05, 3.1, 40)
    np.testing.assert_allclose(sp._rest(x), 1 - x / np.tan(x), rtol=1e-11)


# The search and its worlds -------------------------------------------------------------------------------------------


def test_the_search_finds_a_sum_of_task_vectors():
    target = np.array([1.0, 3.0])
    run = sp.position(np.zeros(2), np.eye(2), lambda theta, k: (0.0, theta - target), mu=0.0, steps=400)
    np.testing.assert_allclose(sp.chain(np.eye(2), run.state.a, lam=run.state.lam), target, atol=1e-6)
    assert [len(run.history[name]) for name in ("a", "lam")] == [401, 401]


def test_the_penalty_stops_the_length_where_the_slope_is_minus_it():
    V, target = drawn("stop", 2, 5), drawn("stop target", 5)
    run = sp.position(np.zeros(5), V, lambda theta, k: (0.0, theta - target), mu=0.1, steps=400, eta_a=0.3, eta_lam=0.1)
    merged = sp.chain(V, run.state.a)
    assert (run.state.lam * merged - target) @ merged == pytest.approx(-0.1, abs=1e-4)


def test_a_made_up_world():
    world = worlds.made_up(stream(3, "test"), like=LIKE, batches=44)
    assert [len(part.X) for part in (world.retrieval, world.similarity)] == [40, 4]
    models = [worlds.train(world.theta_0, part) for part in (world.retrieval, world.similarity)]
    (mrr, _), (_, rank), (start, some) = (worlds.score(m, world.test) for m in (*models, world.theta_0))
    assert mrr > start
    assert rank > some
    assert world.theta_0.dtype == np.float64


def test_the_loss_of_a_probe_is_a_mean_over_the_tasks():
    world = worlds.made_up(stream(3, "test"), like=LIKE, batches=2)
    value, gradient = worlds.probe_loss(world)(world.theta_0.ravel(), 17)  # sixteen minibatches, in turn
    parts = [sp.encoder_loss(world.theta_0, part.X[0], part.Y[0], tau=worlds.TAU) for part in world.probe]
    assert value == pytest.approx((parts[0][0] + parts[1][0]) / 2, rel=1e-14)
    np.testing.assert_allclose(gradient, (parts[0][1] + parts[1][1]).ravel() / 2, rtol=1e-12, atol=1e-15)


def test_real_text_keeps_test_texts_apart():
    world = worlds.real_text(stream(0, "test"), like=np.zeros(1, np.float32), batches=2, p=4)
    assert world.theta_0.dtype == np.float32
    known = {row.tobytes() for row in world.retrieval.X.reshape(-1, 400)}
    assert not any(row.tobytes() in known for row in world.test.queries if np.count_nonzero(row > 1e-3) > 8)


def test_scores_of_chance():
    rng = stream(0, "test-self_positioning", "chance")
    test = worlds.Test(*(rng.standard_normal((300, 6)) for _ in range(4)), rng.uniform(size=300))
    mrr, rank = worlds.score(np.eye(6), test)
    assert mrr == pytest.approx(sum(1 / k for k in range(1, 301)) / 300, abs=0.03)
    assert abs(rank) < 0.2


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "ask"),
    [
        ("a_j", lambda: sp.slerp(np.ones(2), np.ones(2), a_j=0.0)),
        ("W", lambda: sp.slerp(np.ones(2), np.ones(3))),
        ("V", lambda: sp.chain(np.zeros((0, 2)), np.zeros(0))),
        ("a must", lambda: sp.chain(np.eye(2), np.array([1.0, 0.0]))),
        ("lam", lambda: sp.chain(np.eye(2), np.ones(2), lam=math.nan)),
        ("loss", lambda: sp.position(np.zeros(2), np.eye(2), lambda theta, k: 1.0, steps=1)),
        ("gradient of loss", lambda: sp.position(np.zeros(2), np.eye(2), lambda theta, k: (1.0, np.ones(3)), steps=1)),
        ("D", lambda: sp.info_nce(np.eye(2), np.array([[1.0, 0.0], [0.0, 0.0]]), tau=1.0)),
        ("embeddings of X", lambda: sp.encoder_loss(np.zeros((2, 2)), np.eye(2), np.eye(2), tau=1.0)),
        ("density", lambda: baselines.ties(np.eye(2), density=1.5)),
        ("weights", lambda: baselines.average(np.eye(2), np.zeros(2))),
        ("G", lambda: baselines.regmean(np.ones((1, 2, 1)), np.ones((1, 2, 2)))),
    ],
)
def test_bad_input_is_named(names, ask):
    with pytest.raises((ValueError, TypeError), match=names):
        ask()


def test_what_leaves_the_range_is_refused():
    V = np.full((2, 2), 3e38, np.float32)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="in the range of float32"):
        sp.chain(V, np.ones(2, np.float32), lam=2.0)
