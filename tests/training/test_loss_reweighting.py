"""Weights of samples from their losses: worked values on every backend, closed forms, optimizers, autodiff, rivals."""

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, special, stats

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import mlp
from refimpl.training import _loss_reweighting_models as models
from refimpl.training import _loss_reweighting_text as text
from refimpl.training import loss_reweighting as lr

FOUR = [1.0, 2.0, 3.0, 5.0]
LIKE = np.zeros(1)
WORKED = {
    "linupper": [0.0346556414, 0.1209600740, 0.4221921423, 0.4221921423],
    "quadratic": [0.0483014480, 0.3149650056, 0.5884320984, 0.0483014480],
    "extremes": [0.4221921423, 0.1209600740, 0.0346556414, 0.4221921423],
    "uniform": [0.25] * 4,
}


def drawn(name, *shape):
    return stream(0, "test-loss_reweighting", name).standard_normal(shape)


def close(backend, got, expected, times=20.0):
    assert got.dtype == backend.dtype
    tolerance = times * backend.tolerance
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=tolerance, atol=tolerance)


# Worked values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", WORKED)
def test_four_samples_by_hand(backend, strategy):
    found = lr.weights(backend.asarray(FOUR), strategy=strategy, r=0.4)
    close(backend, found.h, [-1.0, -0.5, 0.0, 1.0])
    close(backend, found.w, np.array(WORKED[strategy]) / np.sum(WORKED[strategy]), times=3e4)


def test_losses_of_sequences_by_hand(backend):
    logits = backend.asarray(np.log([[[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]] * 2))
    labels = backend.xp.astype(backend.asarray([[0.0, 1.0, 0.0], [1.0, -100.0, 1.0]]), backend.xp.int64)
    found = lr.sequence_losses(logits, labels)
    close(backend, found.losses, [1.5 * math.log(2), math.log(4 / 3)])
    assert backend.to_numpy(found.counts).tolist() == [2, 1]


def test_the_rest_by_hand(backend):
    E = math.exp(2.0)
    close(backend, lr.dro(backend.asarray([1.0, 3.0]), r=1.0), [1 / (1 + E), E / (1 + E)])
    groups = backend.xp.astype(backend.asarray([0.0, 1.0, 1.0]), backend.xp.int64)
    found = lr.combine(backend.asarray([0.25, 0.25, 0.5]), groups, backend.asarray([0.8, 0.2]))
    close(backend, found, [4 / 7, 1 / 7, 2 / 7])
    cut = lr.sharded(backend.asarray([FOUR[:2], FOUR[2:]]), strategy="uniform")
    close(backend, cut.local, [1.5, 4.0])
    close(backend, lr.weighted_loss(backend.asarray(FOUR), strategy="uniform"), 2.75)
    theta, w = lr.regression_step(backend.asarray([0.0]), backend.asarray([[1.0], [2.0]]), backend.asarray([1.0, 2.0]),
                                  lr=0.25, strategy="uniform")  # fmt: skip
    close(backend, theta, [0.625])
    close(backend, w, [0.5, 0.5])
    found = lr.bound(*(backend.asarray(x) for x in ([[2.0]], [0.0], [1.0])), steps=3, share=0.5)
    close(backend, found.gaps, [2.0, 0.5, 0.125])
    close(backend, found.weighted, [2.0, 0.5, 0.125])
    close(backend, found.base, 8 / 3)


# Closed forms, and code of others ------------------------------------------------------------------------------------


def test_two_values_and_seventy_thousand_samples():
    losses = np.where(np.arange(70_001) % 7 < 2, 3.0, 1.0)
    ones, odds = np.sum(losses == 3.0), math.exp(1 / 0.4)
    expected = np.where(losses == 3.0, odds, 1.0) / (ones * odds + (70_001 - ones))
    np.testing.assert_allclose(lr.weights(losses, r=0.4).w, expected, rtol=1e-13)


@pytest.mark.parametrize("strategy", lr.STRATEGIES)
def test_weights_are_a_softmax_and_a_maximum(strategy):
    found = lr.weights(np.abs(drawn("losses", 6)), strategy=strategy, delta=1.3, r=0.6)
    np.testing.assert_allclose(found.w, special.softmax(found.s / 0.6), rtol=1e-13)

    def cost(logits):  # a Kullback-Leibler penalty on the distance from equal weights
        q = special.softmax(np.append(logits, 0.0))
        return 0.6 * stats.entropy(q, np.full(6, 1 / 6)) - q @ found.s

    best = optimize.minimize(cost, np.zeros(5), tol=1e-12)
    np.testing.assert_allclose(special.softmax(np.append(best.x, 0.0)), found.w, atol=1e-6)
    np.testing.assert_allclose(-best.fun, 0.6 * math.log(np.mean(np.exp(found.s / 0.6))), rtol=1e-12, atol=1e-12)


def test_an_offset_takes_no_digits():
    losses = np.array([0.0, 0.25, 1.5, 2.0])
    np.testing.assert_array_equal(lr.weights(2.0**40 + losses).h, lr.weights(losses).h)
    np.testing.assert_array_equal(lr.weights(np.full(3, 3e8, np.float32)).h, np.zeros(3))


def test_the_ends_of_the_range():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = lr.weights(np.array([-1.5e308, 0.0, 1.5e308]))
        np.testing.assert_allclose(found.h, [-1.0, 0.0, 1.0])
        np.testing.assert_array_equal(lr.weights(np.array([1.0, 2.0]), r=5e-324).w, [0.0, 1.0])
        np.testing.assert_array_equal(lr.weights(np.array([1.0, 2.0], np.float32), r=1e300).w, [0.5, 0.5])


def test_batches_side_by_side():
    losses = np.abs(drawn("batches", 3, 5))
    np.testing.assert_allclose(lr.weights(losses).w, [lr.weights(row).w for row in losses], rtol=1e-14)
    np.testing.assert_allclose(lr.dro(losses), special.softmax(losses, axis=1), rtol=1e-13)


@pytest.mark.parametrize("strategy", lr.STRATEGIES)
def test_no_gradient_flows_through_the_weights(strategy):
    losses, G = np.abs(drawn("losses", 6)), drawn("G", 6, 3)
    got = grad(lambda theta: lr.weighted_loss(losses + G @ theta, strategy=strategy, r=0.4))(np.zeros(3))
    np.testing.assert_allclose(got, lr.weights(losses, strategy=strategy, r=0.4).w @ G, rtol=1e-13)


def test_what_would_flow_through_the_weights():
    """A third of the gradient: finite differences of the loss with weights that follow."""
    losses, size = np.array(FOUR), 1e-6
    steps = size * np.eye(4)
    whole = [(np.sum(x * lr.weights(x, r=0.4).w) - np.sum(y * lr.weights(y, r=0.4).w)) / (2 * size)
             for x, y in zip(losses + steps, losses - steps, strict=True)]  # fmt: skip
    assert np.max(np.abs(np.array(whole) - lr.weights(losses, r=0.4).w)) > 0.1


def test_devices_together_are_the_whole_batch():
    losses = np.abs(drawn("devices", 3, 4))
    found = lr.sharded(losses, r=0.4)
    whole = lr.weights(losses.ravel(), r=0.4).w
    np.testing.assert_allclose(found.w.ravel(), whole, rtol=1e-14)
    np.testing.assert_allclose(found.local.mean(), whole @ losses.ravel(), rtol=1e-14)


@pytest.mark.torch
def test_torch_has_the_same_losses():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    logits, labels = drawn("logits", 3, 6, 5), stream(0, "test-labels").integers(0, 5, (3, 6))
    labels[0, 3:], labels[1, 2] = -100, -100
    token = torch.nn.functional.cross_entropy(
        torch.tensor(logits[:, :-1]).transpose(1, 2), torch.tensor(labels[:, 1:]), reduction="none"
    )
    counts = (labels[:, 1:] != -100).sum(axis=1)
    found = lr.sequence_losses(logits, labels)
    np.testing.assert_allclose(found.losses, token.sum(dim=1).numpy() / counts, rtol=1e-13)
    assert found.counts.tolist() == counts.tolist()


# The bound ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", lr.STRATEGIES)
def test_the_bound_holds_and_rising_weights_never_loosen_it(strategy):
    for draw, share in itertools.product(range(4), (0.1, 0.5, 0.95)):
        A, star = drawn(f"A{draw}", 8, 3), drawn(f"star{draw}", 3)
        found = lr.bound(A, np.zeros(3), star, steps=20, share=share, strategy=strategy, r=0.4)
        assert found.weighted.mean() <= found.base
        if strategy in ("linupper", "upper"):
            assert np.all(found.weighted >= found.gaps)


def test_a_run_is_its_steps():
    A, y = drawn("A", 4, 3, 2), drawn("y", 4, 3)
    thetas, w = lr.regression(np.zeros(2), A, y, lr=0.1, r=0.4, warm=2, strategy="extremes")
    theta = np.zeros(2)
    for k in range(4):
        off = A[k] @ theta - y[k]
        used = np.full(3, 1 / 3) if k < 2 else lr.weights(off**2 / 2, strategy="extremes", r=0.4).w
        theta = theta - 0.1 * (used * off) @ A[k]
        np.testing.assert_allclose(thetas[k], theta, rtol=1e-12)
        np.testing.assert_allclose(w[k], used, rtol=1e-12)


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "ask"),
    [
        ("losses", lambda: lr.weights(np.zeros(0))),
        ("losses", lambda: lr.weights(np.array([1.0, np.inf]))),
        ("losses", lambda: lr.dro(np.array(1.0))),
        ("bounds", lambda: lr.weights(np.ones(2), bounds=(1.0, 1.0))),
        ("bounds", lambda: lr.weights(np.ones(2), bounds=(1.0, 2.0, 3.0))),
        ("bounds", lambda: lr.weights(np.full(2, 1.7e308), bounds=(0.0, 1e-6))),
        ("strategy", lambda: lr.weights(np.ones(2), strategy="mid")),
        ("labels", lambda: lr.sequence_losses(np.zeros((1, 1, 2)), np.zeros((1, 1), dtype=int))),
        ("labels", lambda: lr.sequence_losses(np.zeros((1, 2, 2)), np.array([[0, -1]]))),
        ("theta", lambda: lr.regression_step(np.zeros(3), np.ones((2, 2)), np.ones(2), lr=0.1)),
        ("share", lambda: lr.bound(np.ones((2, 1)), np.zeros(1), np.ones(1), steps=1, share=1.0)),
        ("A", lambda: lr.bound(np.zeros((2, 1)), np.zeros(1), np.ones(1), steps=1)),
        ("alpha", lambda: lr.combine(np.ones(2), np.zeros(2, dtype=int), np.zeros(1))),
        ("shares", lambda: text.chains(stream(0), shares=(0.5, 0.2))),
    ],
)
def test_what_is_refused(named, ask):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=named):
        ask()


# Problems and rivals --------------------------------------------------------------------------------------------------


def test_regression_problems_are_what_they_say():
    problem = models.regression(stream(0, "test"), runs=2, like=LIKE, n=400)
    spread = problem.A.std(axis=1)
    assert np.all(np.abs(spread[:, :10] - 1) < 0.15)
    assert np.all(np.abs(spread[:, 10:] - 0.33) < 0.15)
    np.testing.assert_allclose(np.einsum("rnd,rd->rn", problem.A, problem.star), problem.y, atol=1e-12)
    np.testing.assert_allclose(models.relative_loss(problem, problem.star), 0.0)
    clean, wrong = (
        models.regression(stream(1, "test"), runs=1, like=LIKE, n=400, wrong=share) for share in (0.0, 0.05)
    )
    assert 5 <= np.sum(np.abs(wrong.y - clean.y) > 0.01) <= 40


def test_rivals_by_hand():
    losses = np.array(FOUR)[None, ::-1]
    np.testing.assert_allclose(models.rival("upper half", losses, 0 * losses, losses), [[0.5, 0.5, 0.0, 0.0]])
    rare = np.array([[0.0, 0.0, 1.0, 0.0]])
    np.testing.assert_allclose(models.rival("groups", losses, rare, losses), [[1 / 12, 1 / 12, 0.75, 1 / 12]])
    np.testing.assert_allclose(models.rival("frozen", 0 * losses, rare, losses), lr.weights(losses).w)


@pytest.mark.parametrize("weigh", ["linupper", "uniform", "upper half"])
def test_descent_is_a_loop_over_samples(weigh):
    problem = models.regression(stream(0, "test"), runs=2, like=LIKE, n=30, d=4)
    found = models.descend(problem, stream(1, "test"), eta=0.05, steps=3, batch=4, weigh=weigh)
    rng, theta = stream(1, "test"), np.zeros((2, 4))
    for k in range(3):
        rows = rng.integers(0, 30, (2, 4))
        for run in range(2):
            A, y = problem.A[run, rows[run]], problem.y[run, rows[run]]
            off = A @ theta[run] - y
            f = off**2 / 2
            w = (f >= np.sort(f)[2]) / 2 if weigh == "upper half" else lr.weights(f, strategy=weigh).w
            theta[run] -= 0.05 * sum(w[i] * off[i] * A[i] for i in range(4))
        np.testing.assert_allclose(found[k + 1], models.relative_loss(problem, theta), rtol=1e-12)


def test_a_run_that_diverges_is_told():
    problem = models.regression(stream(0, "test"), runs=1, like=LIKE, n=50)
    found = models.descend(problem, stream(1, "test"), eta=50.0, steps=200, every=10)
    assert found.shape == (21, 1)
    assert np.isinf(found[-1, 0])


def test_the_gradient_of_a_language_model_is_that_of_autodiff():
    params = mlp.init(stream(0, "test"), (9, 4, 3), like=LIKE)
    ids = stream(1, "test").integers(0, 3, (5, 7))
    windows = np.eye(3)[np.stack([ids[:, j : 4 + j] for j in range(3)], axis=2)].reshape(20, 9)

    def losses(params):
        logits = mlp.apply(params, windows)
        logits = array_namespace(logits).reshape(logits, (5, 4, 3))
        after = array_namespace(logits).concat([logits, logits[:, :1, :]], axis=1)  # nothing comes after the last
        return lr.sequence_losses(after, ids[:, 2:]).losses

    np.testing.assert_allclose(text.losses(params, ids, context=3), losses(params), rtol=1e-13)
    expected = grad(lambda p: lr.weighted_loss(losses(p), strategy="quadratic", r=0.4))(params)
    got = text.gradient(params, ids, context=3, strategy="quadratic", r=0.4)
    for ours, theirs in zip(got, expected, strict=True):
        np.testing.assert_allclose(ours.W, theirs.W, atol=1e-14)
        np.testing.assert_allclose(ours.b, theirs.b, atol=1e-14)


def test_chains_have_the_transitions_that_they_say():
    rng = stream(0, "test")
    problem = text.chains(rng, shares=(0.8, 0.2), V=4)
    ids = text.draw_chains(rng, problem, np.ones(2000, dtype=int), n=6)
    counts = np.zeros((4, 4))
    np.add.at(counts, (ids[:, :-1].ravel(), ids[:, 1:].ravel()), 1.0)
    rows = np.diff(problem.starts[1], axis=1, prepend=0.0)
    seen = counts.sum(axis=1) > 500
    assert np.max(np.abs(counts[seen] / counts[seen].sum(axis=1, keepdims=True) - rows[seen])) < 0.06


def test_letters_are_those_of_the_docstrings():
    train, test = text.letters()
    assert "".join(text.LETTERS[c] for c in train[:11]) == "record of *"
    assert 3.5 < len(train) / len(test) < 6
    assert text.draw_letters(stream(0), test, 3, n=5).shape == (3, 5)
