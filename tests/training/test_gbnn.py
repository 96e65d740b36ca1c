"""Gradient boosted networks: numbers of the sheet on every backend, differences, descent, folding, rivals, peers."""

import math

import numpy as np
import pytest

from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.training import _gbnn_rivals as rivals
from refimpl.training import gbnn

LABELS, SCORES, ALONG = [[1.0], [1.0], [-1.0]], [[0.5], [-0.2], [0.3]], [[0.4], [0.1], [-0.6]]
CLASSES, LOGITS = np.eye(3)[[0, 2]], [[0.2, 0.0, -0.1], [0.0, 0.5, 0.3]]
APART = [[0.4, -0.1, 0.0], [0.2, -0.3, 0.1]]
LIKE = np.zeros(1)


def drawn(name, *shape):
    return stream(0, "test-gbnn", name).standard_normal(shape)


def close(backend, got, expected, times=20.0, digits=0.0):
    assert got.dtype == backend.dtype
    tolerance = max(times * backend.tolerance, digits)
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=tolerance, atol=tolerance)


def block(name, d, J, K, T=None):
    first = () if T is None else (T,)
    return gbnn.Block(*(drawn(f"{name}-{i}", *first, *s) for i, s in enumerate(((d, J), (J,), (J, K), (K,)))))


def targets(task, N):
    if task == "regression":
        return drawn("Y", N, 2)
    return np.where(np.arange(N) % 3 > 0, 1.0, -1.0)[:, None] if task == "binary" else np.eye(3)[np.arange(N) % 3]


# Worked values -------------------------------------------------------------------------------------------------------


def test_two_classes_by_hand(backend):
    Y, F, h = map(backend.asarray, (LABELS, SCORES, ALONG))
    close(backend, gbnn.initial_score(Y, task="binary"), [0.5 * math.log(2)])
    close(backend, gbnn.residuals(Y, F, task="binary")[:, 0], [0.5378828427, 1.1973753202, -1.2913126125], digits=1e-10)
    close(backend, gbnn.step_size(Y, F, h, task="binary"), 2.3869624178, digits=1e-10)
    losses = [math.log1p(math.exp(-x)) for x in (1.0, -0.4, -0.6)]
    close(backend, gbnn.mean_loss(Y, F, task="binary"), sum(losses) / 3)


def test_classes_by_hand(backend):
    Y, F, h = map(backend.asarray, (CLASSES, LOGITS, APART))
    close(
        backend,
        gbnn.residuals(Y, F, task="multiclass")[0, :],
        [0.6093061667, -0.3198730563, -0.2894331104],
        digits=1e-10,
    )
    close(backend, gbnn.step_size(Y, F, h, task="multiclass"), 5.7879278472, digits=1e-10)
    close(backend, gbnn.step_size(Y, F, h, task="multiclass", search="newton"), 4.1916626600, digits=1e-10)
    close(backend, gbnn.initial_score(Y, task="multiclass"), [0.0, 0.0, 0.0])
    close(backend, gbnn.probabilities(0 * F, task="multiclass"), np.full((2, 3), 1 / 3))


def test_a_run_by_hand(backend):
    flat = gbnn.Block(*map(backend.asarray, (np.zeros((2, 1, 1)), np.zeros((2, 1)), np.ones((2, 1, 1)), [[10.0]] * 2)))
    X, Y = backend.asarray(np.zeros((2, 1))), backend.asarray([[1.0], [3.0]])
    grown = gbnn.boost(X, Y, flat, eta=0.5, task="regression")
    close(backend, grown.F, [[12.5], [12.5]])
    close(backend, gbnn.staged(X, grown.model)[:, :, 0], [[7.25, 7.25], [12.5, 12.5]])
    net = gbnn.fold(grown.model, task="binary")
    close(backend, net.V, [[1.0], [1.0]])
    close(backend, net.c, [24.0])
    close(backend, gbnn.outputs(X, gbnn.fold(gbnn.keep(grown.model, 1), task="regression")), [[7.25], [7.25]])


def test_draws_by_hand(backend):
    rows = gbnn.draw_rows(backend.asarray([0.7, 0.1, 0.9, 0.4, 0.2]), share=0.5)
    assert backend.to_numpy(rows).tolist() == [1, 4]
    found = gbnn.initial_block(gbnn.Block(*map(backend.asarray, ([[0.0]], [0.5], [[0.75]], [0.0]))))
    for got, expected in zip(found, ([[-1.0]], [0.0], [[0.5]], [-1.0]), strict=True):
        close(backend, got, expected)


def test_a_network_grows(backend):
    """The blocks come back in the library, device and precision of the data."""
    X = backend.asarray(np.linspace(-2, 2, 40)[:, None])
    Y = backend.asarray(np.sin(2 * np.linspace(-2, 2, 40))[:, None])
    grown = gbnn.fit(stream(0, "test"), X, Y, task="regression", T=3, share=0.75, iterations=30)
    losses = backend.to_numpy(grown.losses)
    assert losses[-1] < losses[0]
    assert grown.F.dtype == grown.model.blocks.W.dtype == backend.dtype
    close(backend, gbnn.staged(X, grown.model)[-1, ...], backend.to_numpy(grown.F), times=200.0)


# Losses and steps ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", gbnn.TASKS)
def test_residuals_are_minus_the_gradient(task):
    Y = targets(task, 6)
    F = drawn("F", *Y.shape)
    slope = grad(lambda F: gbnn._mean_loss(Y, F, task))(F)
    np.testing.assert_allclose(gbnn.residuals(Y, F, task=task), -6 * slope, rtol=1e-12)


@pytest.mark.parametrize("task", gbnn.TASKS)
def test_newton_is_the_step_of_the_loss(task):
    """Derivatives of the loss along h, traced twice."""
    Y = targets(task, 6)
    F, h = drawn("F", *Y.shape), drawn("h", *Y.shape)
    first = grad(lambda rho: gbnn._mean_loss(Y, F + rho * h, task))
    zero = np.zeros(())
    expected = -first(zero) / grad(first)(zero)
    np.testing.assert_allclose(gbnn.step_size(Y, F, h, task=task, search="newton"), expected, rtol=1e-12)


def test_residuals_keep_their_digits_where_a_row_is_right():
    r = gbnn.residuals(CLASSES[:1], np.array([[40.0, 0.5, -0.5]]), task="multiclass")
    np.testing.assert_allclose(r[0, 0], math.exp(-39.5) + math.exp(-40.5), rtol=1e-13)
    loss = gbnn.mean_loss(CLASSES[:1], np.array([[40.0, 0.5, -0.5]]), task="multiclass")
    np.testing.assert_allclose(loss, math.exp(-39.5) + math.exp(-40.5), rtol=1e-13)


@pytest.mark.parametrize("task", gbnn.TASKS)
def test_what_moves_nothing_has_no_step(task):
    Y = targets(task, 6)
    rho = gbnn.step_size(Y, 0 * Y, 0 * Y, task=task, search="newton")
    assert rho == 0


# Blocks --------------------------------------------------------------------------------------------------------------


def test_the_gradient_of_a_block_is_traced():
    X, R = drawn("X", 7, 3), drawn("R", 7, 2)
    at = block("gradient", 3, 4, 2)
    loss, grads = gbnn.block_loss(X, R, at, alpha=0.3)
    for i, got in enumerate(grads):
        traced = grad(lambda x, i=i: gbnn._block_loss(X, R, at._replace(**{at._fields[i]: x}), 0.3)[0])(at[i])
        np.testing.assert_allclose(got, traced, rtol=1e-12, atol=1e-14)
    Z = 1 / (1 + np.exp(-(X @ at.W + at.b)))
    off = Z @ at.V + at.c - R
    np.testing.assert_allclose(loss, (np.sum(off**2) + 0.3 * (np.sum(at.W**2) + np.sum(at.V**2))) / 14, rtol=1e-13)


def test_a_fit_ends_where_the_gradient_vanishes():
    X, R = drawn("X", 30, 2), drawn("R", 30, 1)
    found = gbnn.fit_block(X, R, block("fit", 2, 2, 1), alpha=0.5, iterations=500)
    _, grads = gbnn.block_loss(X, R, found.block, alpha=0.5)
    assert max(np.max(np.abs(g)) for g in grads) < 1e-4
    assert found.calls > 10


def test_a_fit_sees_the_drawn_rows_alone():
    """The targets that come back are the residuals of the rows; other rows change nothing in the first block."""
    X, Y = drawn("X", 12, 2), drawn("Y", 12, 1)
    grown = gbnn.fit(stream(0, "rows"), X, Y, task="regression", T=2, share=0.5, iterations=20)
    assert grown.targets.shape == (2, 6, 1)
    assert np.isin(grown.targets[0], Y - Y.mean()).all()
    again = gbnn.boost(X, Y, grown.model.blocks, eta=1.0, task="regression")
    np.testing.assert_array_equal(again.losses, grown.losses)


def test_the_step_may_go_by_the_drawn_rows():
    X, Y = drawn("X", 30, 2), targets("binary", 30)
    settings = {"task": "binary", "T": 3, "share": 0.5, "iterations": 20}
    whole, drawn_rows = (gbnn.fit(stream(0, "over"), X, Y, over=over, **settings).model for over in ("all", "drawn"))
    np.testing.assert_array_equal(whole.blocks.W[0], drawn_rows.blocks.W[0])
    assert whole.rho[0] != drawn_rows.rho[0]


def test_bounds_of_the_start():
    found = gbnn.initial_block(gbnn.Block(*(stream(0, "u").uniform(size=s) for s in ((50, 14), (14,), (14, 2), (2,)))))
    for x, bound in zip(found, (math.sqrt(2 / 64),) * 2 + (math.sqrt(2 / 16),) * 2, strict=True):
        assert np.max(np.abs(x)) <= bound
    assert np.max(np.abs(found.W)) > 0.95 * math.sqrt(2 / 64)


# What has grown ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", gbnn.TASKS)
def test_every_first_part_is_what_a_shorter_run_makes(task):
    X, Y = drawn("X", 20, 3), targets(task, 20)
    longer, shorter = (gbnn.fit(stream(0, "prefix"), X, Y, task=task, T=T, J=2, eta=0.5, iterations=15) for T in (5, 3))
    for a, b in zip(gbnn.keep(longer.model, 3).blocks, shorter.model.blocks, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(gbnn.staged(X, longer.model)[2], shorter.F, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("task", gbnn.TASKS)
def test_the_folded_network_is_the_sum(task):
    K = {"regression": 2, "binary": 1, "multiclass": 3}[task]
    X, model = drawn("X", 9, 4), gbnn.Model(drawn("F0", K), block("fold", 4, 3, K, T=5), drawn("rho", 5), 0.3)
    F = model.F_0 + np.zeros((9, K))
    for t in range(5):
        F = F + 0.3 * model.rho[t] * gbnn.outputs(X, gbnn.Block(*(x[t] for x in model.blocks)))
    got = gbnn.outputs(X, gbnn.fold(model, task=task))
    if task == "binary":  # an ordinary sigmoid on top
        np.testing.assert_allclose(1 / (1 + np.exp(-got)), gbnn.probabilities(F, task=task), rtol=1e-13)
    else:
        np.testing.assert_allclose(got, F, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("named", "changed"),
    [
        ("Y", {"Y": np.array([[0.0], [1.0]])}),
        ("Y", {"Y": np.ones((2, 1))}),
        ("Y", {"Y": np.array([[np.nan], [1.0]])}),
        ("Y", {"Y": np.eye(3)[[0, 1, 2]], "task": "multiclass"}),
        ("Y", {"Y": np.ones((2, 2)), "task": "multiclass"}),
        ("task", {"task": "ranking"}),
        ("eta", {"eta": 0.0}),
        ("eta", {"eta": 1.5}),
        ("share", {"share": 0.25}),
        ("Y", {"X": np.ones((3, 2))}),
        ("T", {"T": 0}),
        ("over", {"over": "some"}),
        ("search", {"search": "exact"}),
    ],
)
def test_bad_input_is_named(named, changed):
    good = {"X": np.ones((2, 2)), "Y": np.array([[1.0], [-1.0]]), "task": "binary", "T": 1}
    with pytest.raises((ValueError, TypeError), match=named):
        gbnn.fit(stream(0), **good | changed)


# Rivals --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", gbnn.TASKS)
def test_the_joint_gradient_is_traced(task):
    X, Y = drawn("X", 9, 3), targets(task, 9)
    net = block("joint", 3, 4, Y.shape[1])
    loss, grads = rivals.joint_loss(X, Y, net, task=task, alpha=0.2)
    for i, got in enumerate(grads):
        traced = grad(lambda x, i=i: rivals._joint_loss(X, Y, net._replace(**{net._fields[i]: x}), task, 0.2)[0])(
            net[i]
        )
        np.testing.assert_allclose(got, traced, rtol=1e-11, atol=1e-14)
    penalty = 0.2 * (np.sum(net.W**2) + np.sum(net.V**2)) / 18
    np.testing.assert_allclose(loss, gbnn.mean_loss(Y, gbnn.outputs(X, net), task=task) + penalty, rtol=1e-13)


@pytest.mark.parametrize("solver", rivals.SOLVERS)
def test_joint_training_lowers_the_loss(solver):
    X, Y = drawn("X", 40, 2), targets("binary", 40)
    settings = {"task": "binary", "units": 6, "solver": solver, "lr": 0.05}
    first, last = (rivals.train(stream(0, "train"), X, Y, epochs=epochs, **settings) for epochs in (1, 40))
    before, after = (float(rivals.joint_loss(X, Y, net, task="binary")[0]) for net in (first, last))
    assert after < before


def test_linear_numbers_are_ridge_regression():
    X, Y = drawn("X", 30, 3), drawn("Y", 30, 2)
    found = rivals.linear(X, Y, task="regression", lam=2.0)
    centred = X - X.mean(axis=0)
    V = np.linalg.solve(centred.T @ centred + 2.0 * np.eye(3), centred.T @ (Y - Y.mean(axis=0)))
    np.testing.assert_allclose(found.V, V, atol=1e-4)
    np.testing.assert_allclose(found.c, Y.mean(axis=0) - X.mean(axis=0) @ V, atol=1e-4)


def test_the_minimum_of_a_quadratic():
    at = block("quadratic", 2, 2, 1)
    found, calls = gbnn._minimize(lambda x: (sum(np.sum((y - z) ** 2) for y, z in zip(x, at, strict=True)),
                                            [2 * (y - z) for y, z in zip(x, at, strict=True)]),
                                 gbnn.Block(*map(np.zeros_like, at)), 50)  # fmt: skip
    for got, expected in zip(found, at, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)
    assert calls > 1


def test_friedman_has_its_moments():
    """Of 10 sin(pi u v), 20 (u - 1/2)^2, 10 u, 5 u and noise: integrals of each."""
    X, Y = rivals.friedman(stream(0, "friedman"), 40_000, like=LIKE)
    sines = (1 - np.cos(np.pi * X[:, 0])) / (np.pi * X[:, 0])  # the mean over v, for each u
    expected = 10 * np.mean(sines) + 20 / 12 + 5 + 2.5
    assert abs(Y.mean() - expected) < 0.1
    rest = Y[:, 0] - 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) - 20 * (X[:, 2] - 0.5) ** 2 - X[:, 3:5] @ [10.0, 5.0]
    assert abs(rest.std() - 1) < 0.02


def test_units_taken_away():
    X, net = drawn("X", 9, 2), block("prune", 2, 4, 1)
    Z = 1 / (1 + np.exp(-(X @ net.W + net.b)))
    kept = np.array([3, 1])
    F = gbnn.outputs(X, rivals.without(X, net, kept))
    np.testing.assert_allclose(F, Z[:, kept] @ net.V[kept] + net.c, rtol=1e-13)
    F = gbnn.outputs(X, rivals.without(X, net, kept, mean=True))
    Z[:, [0, 2]] = Z[:, [0, 2]].mean(axis=0)
    np.testing.assert_allclose(F, Z @ net.V + net.c, rtol=1e-13)
    np.testing.assert_allclose(rivals.importance(X, net)[3], Z[:, 3].std() * abs(net.V[3, 0]), rtol=1e-13)


def test_errors_by_hand():
    assert rivals.error(CLASSES, np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.5]]), task="multiclass") == 0.5
    assert rivals.error(np.array([[1.0], [2.0]]), np.array([[1.0], [4.0]]), task="regression") == math.sqrt(2)


# Code that we did not write ------------------------------------------------------------------------------------------


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("K", [1, 3])
def test_scikit_learn_has_this_block(K):
    """Its own loss is divided by the number of outputs, its gradient is not (scikit-learn, issue 8349)."""
    network = pytest.importorskip("sklearn.neural_network", reason="scikit-learn is not installed (`make peers`)")
    X, R = drawn("X", 20, 3), drawn("R", 20, K)
    settings = {
        "activation": "logistic",
        "solver": "lbfgs",
        "alpha": 0.3,
        "max_iter": 40,
        "tol": 0.0,
        "random_state": 0,
    }
    theirs = network.MLPRegressor(hidden_layer_sizes=(4,), **settings)
    theirs.fit(X, R if K > 1 else R[:, 0])
    (W, V), (b, c) = theirs.coefs_, theirs.intercepts_
    at = gbnn.Block(W, b, V, c)
    np.testing.assert_allclose(gbnn.outputs(X, at), theirs.predict(X).reshape(20, K), rtol=1e-12, atol=1e-13)
    loss, _ = gbnn.block_loss(X, R, at, alpha=0.3)
    penalty = 0.3 / 40 * (np.sum(W**2) + np.sum(V**2))
    np.testing.assert_allclose((loss - penalty) / K + penalty, theirs.loss_, rtol=1e-12)
