"""Attention and its SVMs: worked numbers on every backend, other solvers, optimality conditions, what is refused."""

import math

import numpy as np
import pytest

from refimpl.convex import _attention_svm_models as models
from refimpl.convex import attention_svm
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, value_and_grad
from refimpl.core.random import stream
from refimpl.specs.convex.attention_svm import claims
from refimpl.specs.convex.attention_svm.cases import MM
from tests.alike import assert_like

LIKE = np.zeros(1)
X = np.array([[[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]], [[0.0, 2.0], [1.0, 1.0], [0.5, -1.0]]])
Z = np.array([[1.0, 0.5], [-0.5, 1.0]])
GAMMA = np.array([[1.0, -0.5, -1.5], [1.0, -0.5, -1.0]])
W = np.array([[0.2, -0.1], [0.3, 0.4]])
DATA = models.gaussian(stream(0, "test-attention_svm"), 3, 4, 5, like=LIKE, runs=2)


def close(backend, got, expected, times=20):
    np.testing.assert_allclose(
        backend.to_numpy(got), expected, rtol=times * backend.tolerance + 1e-9, atol=times * backend.tolerance
    )


# The layer, on every backend --------------------------------------------------------------------------------------


def test_worked_numbers(backend):
    x, z, gamma, w = (backend.asarray(values) for values in (X, Z, GAMMA, W))
    found = attention_svm.loss_grad(w, x, z, gamma)
    assert_like(found.loss, x, ())
    assert_like(found.attention, x, (2, 3))
    assert_like(found.grad, x, (2, 2))
    close(backend, found.loss, 0.7803615339)
    close(backend, found.grad, [[-0.2634814500, -0.0412399395], [0.2225192125, -0.1496700276]])
    moved = attention_svm.descend(w, x, z, gamma, steps=1).state
    assert_like(moved, x, (2, 2))
    close(backend, moved, [[0.2696662804, -0.0890958806], [0.2411644127, 0.4395737693]])
    pair = attention_svm.Factors(backend.asarray([[0.5, 0.0], [0.1, 0.4]]), backend.asarray([[0.3, 0.2], [-0.1, 0.6]]))
    stepped = attention_svm.descend_kq(pair, x, z, gamma, steps=1, lam=0.0).state
    assert_like(stepped.K, x, (2, 2))
    close(backend, stepped.K, [[0.5509420409, 0.0533491912], [0.0414353943, 0.4335999885]])
    close(backend, stepped.Q, [[0.3673084499, 0.1420809343], [-0.0768193239, 0.6397191473]])


def test_support_vector_machines_worked_by_hand(backend):
    x, z, alpha = backend.asarray(X), backend.asarray(Z), backend.asarray(np.array([0, 0]))
    for found in (attention_svm.svm_frobenius(x, z, alpha), attention_svm.svm_nuclear(x, z, alpha)):
        assert_like(found.W, x, (2, 2))
        assert_like(found.margins, x, (2, 3))
        assert_like(found.multipliers, x, (2, 3))
        close(backend, found.W, MM)
        close(backend, found.margins, [[0.0, 1.0, 1.5], [0.0, 1.0, 1.75]])
        assert found.value == pytest.approx(0.8**0.5, rel=20 * backend.tolerance)
        assert attention_svm.locally_optimal(backend.asarray(GAMMA), alpha, found)
        assert not attention_svm.locally_optimal(backend.asarray(-GAMMA), alpha, found)


def test_paths_and_projections_run_everywhere(backend):
    x, z, gamma = (backend.asarray(values) for values in (X, Z, GAMMA))
    for ball in attention_svm.BALLS:
        (found,) = attention_svm.path(x, z, gamma, [2.0], ball=ball, steps=20)
        assert_like(found, x, (2, 2))
    close(backend, attention_svm.project_frobenius(backend.asarray([[3.0, 4.0]]), 2.5), [[1.5, 2.0]])
    close(backend, attention_svm.project_nuclear(backend.asarray([[3.0, 0.0], [0.0, 1.0]]), 1.0), [[1, 0], [0, 0]])
    chosen = attention_svm.selected(attention_svm.loss_grad(found, x, z, gamma).attention)
    assert backend.to_numpy(chosen).tolist() == [0, 0]
    assert float(attention_svm.cosine(x[0, :2, :], x[0, :2, :])) == pytest.approx(1, rel=20 * backend.tolerance)


def test_nothing_that_is_given_is_changed(backend):
    arrays = [backend.asarray(values) for values in (W, X, Z, GAMMA)]
    before = [backend.to_numpy(x).copy() for x in arrays]
    attention_svm.descend(*arrays, steps=2)
    attention_svm.svm_nuclear(*arrays[1:3], backend.asarray(np.array([0, 0])))
    for x, old in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(x), old)


# Gradients: automatic differentiation -----------------------------------------------------------------------------


def output(W, X, z):
    """What one input's tokens are mixed to."""
    xp = array_namespace(W)
    powers = xp.exp(X @ (W @ z))
    return (powers / xp.sum(powers)) @ X


def test_the_gradient_is_that_of_the_definition_and_runs_stand_side_by_side():
    for r in range(2):
        X, Z, gamma, v, Y = (x[r] for x in DATA)

        def loss(W, X=X, Z=Z, v=v, Y=Y):
            xp = array_namespace(W)
            return sum(xp.log(1 + xp.exp(-y * (output(W, x, z) @ v))) for x, z, y in zip(X, Z, Y, strict=True)) / 3

        W = stream(r, "test-attention_svm", "W").standard_normal((5, 5))
        value, slope = value_and_grad(loss)(W)
        found = attention_svm.loss_grad(W, X, Z, gamma)
        np.testing.assert_allclose(found.loss, value, rtol=1e-13)
        np.testing.assert_allclose(found.grad, slope, rtol=1e-10, atol=1e-15)
        both = attention_svm.loss_grad(np.stack([W, W]), *DATA[:3])
        np.testing.assert_allclose(both.grad[r], slope, rtol=1e-10, atol=1e-15)
        K, Q = np.linalg.qr(W)
        pair = attention_svm.Factors(K, Q)
        moved = attention_svm.update_kq(pair, X, Z, gamma, eta=0.5, lam=0.1)
        for new, old, slope in zip(moved, pair, slopes_of(loss, K, Q), strict=True):
            np.testing.assert_allclose((old - new) / 0.5, slope / np.linalg.norm(slope), rtol=1e-9, atol=1e-12)


def slopes_of(loss, K, Q):
    """Gradients of the loss of K Q^T with a penalty of 0.1."""

    def penalised(K, Q):
        xp = array_namespace(K, Q)
        return loss(K @ xp.matrix_transpose(Q)) + 0.1 * (xp.sum(K * K) + xp.sum(Q * Q))

    return grad(penalised, argnums=(0, 1))(K, Q)


@pytest.mark.parametrize("kind", ["relu", "quadratic"])
def test_heads_that_are_not_linear_have_the_gradient_of_their_definition(kind):
    V = stream(0, "test-attention_svm", "V").standard_normal((2, 5, 4))
    head = models.relu(V) if kind == "relu" else models.quadratic(DATA.v, 0.25)
    Ws = stream(0, "test-attention_svm", "heads").standard_normal((2, 5, 5))
    both = models.head_grad(Ws, DATA.X, DATA.Z, DATA.Y, head)
    for r in range(2):
        X, Z, _, v, Y = (x[r] for x in DATA)

        def loss(W, X=X, Z=Z, v=v, Y=Y, V=V[r]):
            xp, total = array_namespace(W), 0.0
            for x, z, y in zip(X, Z, Y, strict=True):
                u = output(W, x, z)
                hidden = u @ V
                f = xp.sum(xp.where(hidden > 0, hidden, 0 * hidden)) if kind == "relu" else u @ v - 0.25 * xp.sum(u * u)
                total = total + xp.log(1 + xp.exp(-y * f)) / 3
            return total

        value, slope = value_and_grad(loss)(Ws[r])
        np.testing.assert_allclose(both.loss[r], value, rtol=1e-13)
        np.testing.assert_allclose(both.grad[r], slope, rtol=1e-10, atol=1e-14)


def test_heads_run_everywhere(backend):
    x, z, w, y = backend.asarray(X), backend.asarray(Z), backend.asarray(W), backend.asarray([1.0, -1.0])
    for head in (models.relu(backend.asarray(W)), models.quadratic(backend.asarray([1.0, -0.5]), 0.25)):
        found = models.head_grad(w, x, z, y, head)
        assert_like(found.grad, x, (2, 2))
    drawn = models.equal_scores(models.gaussian(stream(0, "x"), 2, 3, 4, like=x, runs=2))
    assert_like(drawn.X, x, (2, 2, 3, 4))
    close(backend, drawn.gamma, np.broadcast_to([1.0, 0.0, 0.0], (2, 2, 3)))
    assert_like(models.start(stream(0, "x"), (4, 2), like=x), x, (4, 2))
    a = backend.asarray([[0.6, 0.4, 0.0], [1.0, 0.0, 0.0]])
    for part in (models.finite_part, models.divergent_part, models.mean_constraint):
        assert_like(part(a, x, z, a > 0.1), x, (2, 2))


# Far from 0 -------------------------------------------------------------------------------------------------------


def test_a_step_is_never_longer_than_eta():
    """Also where the squares of the gradient, and then the gradient, underflow."""
    start = 300 * MM
    record = lambda W: {"away": np.linalg.norm(W - start)}
    run = attention_svm.descend(start, X, Z, GAMMA, steps=200, record=record)
    assert np.all(np.array(run.history["away"]) <= 0.1 * np.arange(201) * (1 + 1e-12))
    assert run.history["away"][-1] > 19.9
    gone = attention_svm.descend(2000 * MM, X, Z, GAMMA, steps=3).state
    np.testing.assert_array_equal(gone, 2000 * MM)
    single = attention_svm.descend(*(np.float32(x) for x in (60 * MM, X, Z, GAMMA)), steps=10).state
    assert single.dtype == np.float32
    assert np.linalg.norm(single - 60 * MM) == pytest.approx(1, rel=1e-3)


def test_far_out_the_step_is_along_the_svm_of_the_nearest_rivals():
    """At margin m of both support tokens the gradient is e^-m times a positive combination of their constraints."""
    found = attention_svm.loss_grad(100 * MM, X, Z, GAMMA).grad
    slope = -1 / (1 + math.e) * np.exp(-100) / 2
    expected = sum(slope * (GAMMA[i, 0] - GAMMA[i, 1]) * np.outer(X[i, 0] - X[i, 1], Z[i]) for i in range(2))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("normalised", [True, False])
def test_from_a_bad_start_the_best_token_is_never_selected(normalised):
    """Margins p and q - 2 p: as p grows like a logarithm, the pulls e^(q - 2 p) have a finite sum."""
    tokens, queries = np.array([[[1.0, 0.0], [0.0, 0.0]]] * 2), np.array([[1.0, 0.0], [-2.0, 1.0]])
    scores, settings = np.array([[1.0, 0.0]] * 2), {"eta": 0.1 if normalised else 1.0, "normalised": normalised}
    for start, right in ((0.0, True), (5.0, False)):
        W = attention_svm.descend(np.diag([start, 0.0]), tokens, queries, scores, steps=2000, **settings).state
        found = attention_svm.loss_grad(W, tokens, queries, scores)
        assert (found.attention[1, 0] > 0.9) == right
        assert np.sum(found.grad * attention_svm.svm_frobenius(tokens, queries, np.array([0, 0])).W) <= 0


# Support vector machines ------------------------------------------------------------------------------------------


def drawn(seed, n=4, T=5, d=6):
    data = models.gaussian(stream(seed, "test-attention_svm", "svm"), n, T, d, like=LIKE)
    return data.X[0], data.Z[0], stream(seed, "test-attention_svm", "alpha").integers(0, T, n)


def rows_of(X, Z, alpha):
    return np.stack([
        np.outer(X[i, alpha[i]] - x, Z[i]) for i in range(len(X)) for t, x in enumerate(X[i]) if t != alpha[i]
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_frobenius_svms_satisfy_their_optimality_conditions(seed):
    X, Z, alpha = drawn(seed)
    found = attention_svm.svm_frobenius(X, Z, alpha)
    mu, rival = found.multipliers, np.arange(5) != alpha[:, None]
    best = np.take_along_axis(X, alpha[:, None, None], axis=1)
    np.testing.assert_allclose(np.einsum("nt,ntd,ne->de", mu, best - X, Z), found.W, atol=1e-12)
    assert mu.min() >= 0
    assert found.margins[rival].min() == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(mu[rival] * (found.margins[rival] - 1), 0, atol=1e-11)
    assert found.value == pytest.approx(np.linalg.norm(found.W))
    assert np.linalg.matrix_rank(found.W, tol=1e-9) <= 4


@pytest.mark.parametrize("seed", range(3))
def test_nuclear_svms_have_a_dual_that_proves_them(seed):
    X, Z, alpha = drawn(seed)
    found = attention_svm.svm_nuclear(X, Z, alpha, tol=1e-8)
    rows, rival = rows_of(X, Z, alpha), np.arange(5) != alpha[:, None]
    dual = np.einsum("m,mde->de", found.multipliers[rival], rows)
    assert np.einsum("mde,de->m", rows, found.W).min() >= 1 - 1e-12
    value = np.linalg.svdvals(found.W).sum()
    assert found.value == pytest.approx(value, rel=1e-12)
    assert found.multipliers.sum() / max(1, np.linalg.norm(dual, 2)) >= value * (1 - 1.1e-8)
    assert value <= np.linalg.svdvals(attention_svm.svm_frobenius(X, Z, alpha).W).sum()


def test_few_rounds_say_how_near_they_came():
    X, Z, alpha = drawn(0)
    short, long = (attention_svm.svm_nuclear(X, Z, alpha, rounds=rounds) for rounds in (2, 1000))
    assert short.gap > 1e-5 >= long.gap
    assert short.value <= long.value / (1 - short.gap) * (1 + 1e-9)


def test_what_nobody_separates():
    inside = np.array([[[0.0, 0.0], [2.0, 1.0], [-1.0, 2.0], [-2.0, -2.0], [1.0, -2.0]]])
    found = attention_svm.svm_frobenius(inside, np.ones((1, 2)), np.array([0]))
    assert not found.feasible
    assert found.value == math.inf
    assert np.isnan(found.W).all()
    assert not attention_svm.locally_optimal(np.array([[1.0, 0, 0, 0, 0]]), np.array([0]), found)
    with pytest.raises(ValueError, match="alpha must select tokens that some W separates"):
        attention_svm.svm_nuclear(inside, np.ones((1, 2)), np.array([0]))


@pytest.mark.parametrize("ball", attention_svm.BALLS)
def test_a_point_of_the_path_satisfies_the_optimality_condition_of_its_ball(ball):
    """Minus the gradient is a multiple of W; of the nuclear ball, <-G, W> = R |G|_op."""
    (found,) = attention_svm.path(X, Z, GAMMA, [3.0], ball=ball, steps=800)
    slope = -attention_svm.loss_grad(found, X, Z, GAMMA).grad
    dual = np.linalg.norm(slope, None if ball == "frobenius" else 2)
    norm = np.linalg.norm(found) if ball == "frobenius" else np.linalg.svdvals(found).sum()
    assert norm == pytest.approx(3, rel=1e-12)
    assert np.sum(slope * found) == pytest.approx(3 * dual, rel=2e-3)


def test_finite_and_divergent_part_keep_what_they_promise():
    from scipy.optimize import minimize

    X, Z, _ = drawn(5, n=2, T=4, d=3)
    a = np.array([[0.5, 0.3, 0.2, 0.0], [0.9, 0.0, 0.1, 0.0]])
    active = a > 0
    finite, far = models.finite_part(a, X, Z, active), models.divergent_part(a, X, Z, active)
    for i in range(2):
        scores = {name: X[i] @ V @ Z[i] for name, V in (("finite", finite), ("far", far))}
        weights = np.where(active[i], np.exp(scores["finite"]), 0)
        np.testing.assert_allclose(weights / weights.sum(), a[i], atol=1e-12)
        np.testing.assert_allclose(scores["far"][active[i]], scores["far"][0], atol=1e-9)
        assert (scores["far"][0] - scores["far"][~active[i]]).min() >= 1 - 1e-9
    rows = [[np.outer(x[0] - x[t], z) for t in range(4)] for x, z in zip(X, Z, strict=True)]
    kept, others = (
        np.array([rows[i][t] for i in range(2) for t in range(1, 4) if active[i, t] == to]) for to in (1, 0)
    )
    found = minimize(
        lambda w: w @ w / 2,
        np.zeros(9),
        jac=lambda w: w,
        constraints=[
            {"type": "eq", "fun": lambda w: kept.reshape(-1, 9) @ w},
            {"type": "ineq", "fun": lambda w: others.reshape(-1, 9) @ w - 1},
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert np.linalg.norm(far) == pytest.approx(np.linalg.norm(found.x), rel=1e-6)
    mean = models.mean_constraint(a, X, Z, active)
    one = models.mean_constraint(a, X, Z, active, W=mean)
    np.testing.assert_allclose(one, mean, atol=1e-12)  # it is projected already
    everything = models.divergent_part(np.full((2, 4), 0.25), X, Z, np.ones((2, 4), dtype=bool))
    np.testing.assert_array_equal(everything, np.zeros((3, 3)))


@pytest.mark.parametrize("scale", [1e-200, 1e-6, 1e200])
def test_no_scale_of_tokens_or_queries_costs_digits(scale):
    for seed in range(3):
        X, Z, alpha = drawn(seed)
        plain, rival = attention_svm.svm_frobenius(X, Z, alpha), np.arange(5) != alpha[:, None]
        for found in (
            attention_svm.svm_frobenius(scale * X, Z, alpha),
            attention_svm.svm_frobenius(X, scale * Z, alpha),
        ):
            assert found.margins[rival].min() == pytest.approx(1, abs=1e-12)
            np.testing.assert_allclose(found.W * scale, plain.W, rtol=1e-9, atol=1e-12)
            assert found.value * scale == pytest.approx(plain.value)
        nuclear = attention_svm.svm_nuclear(scale * X, Z, alpha)
        assert nuclear.value * scale == pytest.approx(attention_svm.svm_nuclear(X, Z, alpha).value, rel=1e-5)
    for W in (np.eye(2), np.ones((2, 2))):
        found = attention_svm.project_frobenius(scale * W, 1e-3 * scale)
        np.testing.assert_allclose(found / scale, 1e-3 * W / np.linalg.norm(W), rtol=1e-12)


@pytest.mark.parametrize("hair", [1e-3, 1e-6])
def test_queries_that_nearly_contradict_each_other_keep_their_margins(hair):
    """The multipliers are of size 1 / hair^2: a sum of them would lose the margins."""
    X, Z, alpha = drawn(0)
    X[1], Z[1], alpha[1] = X[0], -Z[0] + hair * Z[1], alpha[0]
    found = attention_svm.svm_frobenius(X, Z, alpha)
    assert found.margins[np.arange(5) != alpha[:, None]].min() == pytest.approx(1, abs=1e-7)


# What is refused --------------------------------------------------------------------------------------------------

FOUND = attention_svm.svm_frobenius(X, Z, np.array([0, 0]))


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda: attention_svm.loss_grad(W, X, Z[:1], GAMMA), ValueError, "Z"),
        (lambda: attention_svm.loss_grad(W, X, Z, GAMMA[:, :2]), ValueError, "gamma"),
        (lambda: attention_svm.loss_grad(np.eye(3), X, Z, GAMMA), ValueError, "W"),
        (lambda: attention_svm.loss_grad(W * np.nan, X, Z, GAMMA), ValueError, "W must be finite"),
        (lambda: attention_svm.loss_grad(W.astype(np.float32), X, Z, GAMMA), TypeError, "W must have dtype"),
        (lambda: attention_svm.descend(W, X, Z, GAMMA, steps=1, eta=0.0), ValueError, "eta"),
        (lambda: attention_svm.descend(W, X, Z, GAMMA, steps=-1), ValueError, "steps"),
        (
            lambda: attention_svm.update_kq(attention_svm.Factors(0 * W, 0 * W), X, Z, GAMMA),
            ValueError,
            "K and Q must not both be 0",
        ),
        (lambda: attention_svm.update_kq(attention_svm.Factors(W, W), X, Z, GAMMA, lam=-1.0), ValueError, "lam"),
        (lambda: attention_svm.svm_frobenius(X, Z, np.array([0, 3])), ValueError, r"alpha must be in \[0, 3\)"),
        (lambda: attention_svm.svm_frobenius(X, Z, np.array([0.0, 1.0])), TypeError, "alpha must be integers"),
        (lambda: attention_svm.svm_frobenius(X[:, :1], Z, np.array([0, 0])), ValueError, "X must have at least 2"),
        (lambda: attention_svm.svm_nuclear(X, Z, np.array([0, 0]), tol=0.0), ValueError, "tol"),
        (lambda: attention_svm.svm_nuclear(X, Z, np.array([0, 0]), rounds=0), ValueError, "rounds"),
        (lambda: attention_svm.path(X, Z, GAMMA, [0.0]), ValueError, "radii must be"),
        (lambda: attention_svm.descend(W, X, Z, GAMMA, steps=1, normalised="False"), TypeError, "normalised"),
        (lambda: models.finite_part(0 * GAMMA, X, Z, GAMMA > -9), ValueError, "a must be > 0 at active"),
        (lambda: models.finite_part(abs(GAMMA), X, Z, np.ones((2, 3))), TypeError, "active must be booleans"),
        (lambda: models.mean_constraint(abs(GAMMA), X, Z, GAMMA > -9), ValueError, "active must leave a token out"),
        (
            lambda: models.mean_constraint(abs(GAMMA), X, Z, GAMMA > 0, np.ones(3)),
            ValueError,
            "weights must be >= 0, not all 0 and 4 at least",
        ),
        (lambda: models.head_grad(W, X, Z, np.ones(2), lambda u: (u[:, 0], np.nan * u)), ValueError, "head must be"),
        (lambda: models.head_grad(W, X, Z, np.ones(2), lambda u: u[:, 0]), TypeError, "head must return"),
        (lambda: models.head_grad(W, X, Z, np.ones(2), lambda u: (u, u)), ValueError, "head must"),
        (lambda: attention_svm.path(X, Z, GAMMA, [1.0], ball="cube"), ValueError, "ball"),
        (lambda: attention_svm.project_nuclear(W, -1.0), ValueError, "R must be"),
        (lambda: models.finite_part(GAMMA, X, Z, GAMMA > 9), ValueError, "active must have a token"),
        (lambda: models.head_grad(W, X, Z, np.ones(3), models.quadratic(Z[0], 0.1)), ValueError, "Y must have shape"),
        (
            lambda: models.head_grad(W, X, Z, np.ones(2) * np.nan, models.quadratic(Z[0], 0.1)),
            ValueError,
            "Y must be f",
        ),
        (lambda: models.head_grad(W, X, Z, np.ones(2, "f4"), models.quadratic(Z[0], 0.1)), TypeError, "Y must have d"),
        (lambda: attention_svm.locally_optimal(GAMMA, np.array([0, 9]), FOUND), ValueError, r"alpha must be in \[0, 3"),
        (
            lambda: attention_svm.locally_optimal(GAMMA, np.array([0.0, 1.0]), FOUND),
            TypeError,
            "alpha must be integers",
        ),
    ],
)
def test_bad_input_is_named(call, error, name):
    with pytest.raises(error, match=name):
        call()


# The experiments --------------------------------------------------------------------------------------------------


def test_ranks_hold_for_another_seed():
    assert all(m.holds for m in claims.ranks(1).measurements)


def test_a_mean_row_needs_no_svm():
    data = models.gaussian(stream(3, "test-attention_svm"), 2, 3, 4, like=LIKE)
    alpha = np.array([[1, 2]])
    expected = rows_of(data.X[0], data.Z[0], alpha[0]).sum(axis=0)
    np.testing.assert_allclose(claims._mean_row(data, alpha)[0], expected, atol=1e-14)


# Code of others ---------------------------------------------------------------------------------------------------


@pytest.mark.peers
def test_scikit_learn_separates_the_same():
    """A hard margin without an intercept: rows and their negatives as two classes."""
    svm = pytest.importorskip("sklearn.svm", reason="scikit-learn is not installed (`make peers`)")
    for seed in range(3):
        X, Z, alpha = drawn(seed)
        rows = rows_of(X, Z, alpha).reshape(16, -1)
        fitted = svm.SVC(kernel="linear", C=1e6, tol=1e-8).fit(
            np.concatenate([rows, -rows]), np.repeat([1, -1], len(rows))
        )
        found = attention_svm.svm_frobenius(X, Z, alpha)
        np.testing.assert_allclose(fitted.coef_[0].reshape(6, 6), found.W, atol=1e-3 * found.value)


@pytest.mark.peers
def test_a_cone_solver_finds_the_same():
    cp = pytest.importorskip("cvxpy", reason="cvxpy is not installed (`make peers`)")
    for seed in range(2):
        X, Z, alpha = drawn(seed)
        V = cp.Variable((6, 6))
        constraints = [cp.sum(cp.multiply(row, V)) >= 1 for row in rows_of(X, Z, alpha)]
        nuclear = cp.Problem(cp.Minimize(cp.normNuc(V)), constraints).solve(solver="CLARABEL")
        assert attention_svm.svm_nuclear(X, Z, alpha, tol=1e-8).value == pytest.approx(nuclear, rel=1e-6)
        cp.Problem(cp.Minimize(cp.sum_squares(V)), constraints).solve(solver="CLARABEL")
        np.testing.assert_allclose(attention_svm.svm_frobenius(X, Z, alpha).W, V.value, atol=1e-5)


@pytest.mark.torch
def test_pytorch_trains_the_same_layer():
    """A module with linear maps for key, query and W, its autograd and its SGD."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    x, z, _, v, Y = (torch.tensor(values[0]) for values in DATA)
    W0, K0, Q0 = (stream(0, "test-attention_svm", "torch", i).standard_normal((5, 5)) for i in range(3))
    weight = torch.nn.Linear(5, 5, bias=False).double()
    weight.weight.data = torch.tensor(W0.T.copy())
    key, query = (torch.nn.Linear(5, 5, bias=False).double() for _ in range(2))
    key.weight.data, query.weight.data = torch.tensor(K0.T.copy()), torch.tensor(Q0.T.copy())
    scores = {
        "W": lambda: (weight(x) @ z[:, :, None])[..., 0],
        "KQ": lambda: (key(x) @ query(z)[:, :, None])[..., 0],
    }
    moved = {"W": [weight.weight], "KQ": [key.weight, query.weight]}
    for name, parameters in moved.items():
        for _ in range(20):
            out = (torch.softmax(scores[name](), dim=1)[:, None, :] @ x)[:, 0, :] @ v
            loss = torch.nn.functional.softplus(-Y * out).mean()
            slopes = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for parameter, slope in zip(parameters, slopes, strict=True):
                    parameter -= 0.1 * slope / torch.linalg.norm(slope)
    args = tuple(values[0] for values in DATA[:3])
    ours = attention_svm.descend(W0, *args, steps=20).state
    np.testing.assert_allclose(ours, weight.weight.detach().numpy().T, atol=1e-11)
    K, Q = attention_svm.descend_kq(attention_svm.Factors(K0, Q0), *args, steps=20, lam=0.0).state
    np.testing.assert_allclose(K, key.weight.detach().numpy().T, atol=1e-11)
    np.testing.assert_allclose(Q, query.weight.detach().numpy().T, atol=1e-11)
