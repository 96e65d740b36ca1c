"""Dynamic gradient alignment: steps by hand on every backend, other solvers, the drivers, the worlds, the peer."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from refimpl.core.random import stream
from refimpl.models import adam, bigram
from refimpl.problems.docstrings import docstrings, modules
from refimpl.training import _dga_text as dga_text
from refimpl.training import _dga_world as dga_world
from refimpl.training import dga

ALPHA, SCORES = [0.5, 0.3, 0.2], [1.0, -1.0, 0.5]
AFTER, AVERAGE = [0.6993821728, 0.1034793123, 0.1971385149], [0.5199382173, 0.2803479312, 0.1997138515]


def plain(x, memory, g):
    return x - 0.5 * g, memory


# The rule ------------------------------------------------------------------------------------------------------------


def test_a_step_of_the_worked_example(backend):
    alpha, a = backend.asarray(ALPHA), backend.asarray(SCORES)
    new = dga.mirror_step(alpha, a, eta=0.7)
    state = dga.update(dga.init(alpha), a, eta=0.7)
    assert new.dtype == state.average.dtype == state.log_alpha.dtype == backend.dtype
    near = {"atol": 6e-11 + backend.tolerance}
    np.testing.assert_allclose(backend.to_numpy(new), AFTER, **near)
    np.testing.assert_allclose(backend.to_numpy(dga.weights(state)), AFTER, **near)
    np.testing.assert_allclose(backend.to_numpy(state.average), AVERAGE, **near)


def test_mixtures_on_every_backend(backend):
    P, w = backend.asarray([[1.0, 0.0], [0.25, 0.75]]), backend.asarray([0.5, 0.5])
    assert np.allclose(backend.to_numpy(dga.mixture(P, w)), [0.625, 0.375])
    assert np.array_equal(backend.to_numpy(dga.draw(w, backend.asarray([0.2, 0.7]))), [0, 1])
    alpha, mixed = dga.doge_step(w, P, backend.asarray([1.0, 0.0]), lr=0.1, mu=0.1)
    share = 1 / (1 + np.exp(-0.75))
    assert np.allclose(backend.to_numpy(alpha), [share, 1 - share], atol=backend.tolerance)
    assert np.allclose(backend.to_numpy(mixed), [share + (1 - share) / 4, 0.75 * (1 - share)], atol=backend.tolerance)


def test_a_whole_step_on_every_backend(backend):
    half, one = backend.asarray([0.5, 0.5]), backend.asarray([1.0])
    run = dga.Training(0 * one, None, dga.init(half))
    run, a = dga.step(run, one, [one, -one], 2 * one, gradient=lambda x, y: x - y, descend=plain, eta=1.0, beta=1.0)
    assert np.allclose(backend.to_numpy(a), [0.75, -2.25])
    assert np.allclose(backend.to_numpy(run.state.average), softmax([0.75, -2.25]), atol=backend.tolerance)


@pytest.mark.parametrize("seed", range(3))
def test_the_mirror_step_solves_its_problem(seed):
    rng = stream(seed, "test_dga")
    alpha, a, eta = rng.dirichlet(np.ones(4)), rng.standard_normal(4), 0.8

    def loss(x):
        return -eta * a @ x + np.sum(x * np.log(x / alpha))

    sums = {"type": "eq", "fun": lambda x: x.sum() - 1}
    settings = {"method": "SLSQP", "bounds": [(1e-12, 1)] * 4, "constraints": sums, "options": {"ftol": 1e-14}}
    found = minimize(loss, np.full(4, 0.25), **settings).x
    new = dga.mirror_step(alpha, a, eta=eta)
    np.testing.assert_allclose(new, found, atol=1e-6)
    np.testing.assert_allclose(new, softmax(np.log(alpha) + eta * a), rtol=1e-13)


def test_logarithms_outlive_an_underflow():
    state = dga.init(np.array([0.5, 0.5]))
    for a in ([-2000.0, 0.0], [2000.0, 0.0]):
        state = dga.update(state, np.array(a), eta=1.0, period=1)
    assert np.allclose(dga.weights(state), [0.5, 0.5])


def test_the_average_stays_a_mixture_in_float32():
    rng, state = stream(0, "test_dga", "float32"), dga.init(np.full(50, 0.02, dtype=np.float32))
    for _ in range(300):
        state = dga.update(state, rng.standard_normal(50).astype(np.float32), eta=0.3, period=1, beta=0.01)
    assert abs(float(state.average.astype(float).sum()) - 1) < 1e-5
    assert state.average.dtype == np.float32


def test_scores_by_finite_differences():
    rng = stream(0, "test_dga", "differences")
    theta, alpha = rng.standard_normal((4, 4)), np.full(3, 1 / 3)
    counts, task = rng.integers(1, 5, (3, 4, 4)), rng.integers(1, 5, (4, 4))
    G, g = bigram.gradient(theta, counts), bigram.gradient(theta, task)
    a = dga.alignments(G.reshape(3, -1), g.ravel())

    def after(alpha, rate=1e-4):
        return float(bigram.loss(theta - rate * np.tensordot(alpha, G, axes=1), task))

    slopes = [(after(alpha + 0.5 * e) - after(alpha - 0.5 * e)) / 1e-4 for e in np.eye(3)]
    np.testing.assert_allclose(slopes, -a, atol=1e-4)


def test_scores_of_bases_are_mixed_scores():
    rng = stream(0, "test_dga", "bases")
    G, g, P = rng.standard_normal((5, 7)), rng.standard_normal(7), rng.dirichlet(np.ones(5), 3)
    np.testing.assert_allclose(dga.alignments(P @ G, g), P @ dga.alignments(G, g), rtol=1e-12)


def test_what_is_refused_is_named():
    alpha, a = np.array(ALPHA), np.array(SCORES)
    state = dga.init(alpha)
    for call, name in (
        (lambda: dga.init(alpha / 2), "alpha"),
        (lambda: dga.mirror_step(alpha, a * 1e308, eta=1e5), "eta and scores"),
        (lambda: dga.mirror_step(alpha, a, eta=1.0, floor=0.4), "floor"),
        (lambda: dga.update(state._replace(log_alpha=a), a, eta=1.0), "log_alpha"),
        (lambda: dga.update(state, None, eta=1.0), "a "),
        (lambda: dga.doge_step(alpha, np.ones((3, 2)), np.ones(2), lr=0.1, mu=0.1, eps=1.5), "eps"),
        (lambda: dga.step(dga.Training(a, None, state), a, [a], a, gradient=lambda x, y: x, descend=plain, eta=1.0),
         "domains"),
    ):  # fmt: skip
        with np.errstate(over="ignore"), pytest.raises((TypeError, ValueError), match=name):
            call()


def test_scores_are_not_looked_at_between_updates():
    state = dga.update(dga.init(np.array(ALPHA)), np.array(SCORES), eta=0.7)
    assert dga.update(state, None, eta=0.7) == (state.log_alpha, state.average, 2)


# Drivers and worlds --------------------------------------------------------------------------------------------------


def test_gradients_are_counted():
    """1 + (k + 1) / T_r per step, and one for a fixed mixture."""
    world, asked = dga_world.make(stream(0, "test_dga"), n=5, m=3), []

    def gradient(theta, counts):
        asked.append(1)
        return bigram.gradient(theta, counts)

    run = {"steps": 40, "gradient": gradient}
    dga_world.learn(world, stream(1, "test_dga"), dga_world.uniform(8), **run)
    assert len(asked) == 40
    dga_world.learn(world, stream(1, "test_dga"), dga_world.uniform(8), eta=1.0, **run)
    assert len(asked) == 40 + 40 + 4 * 9


def test_doge_averages_what_its_steps_give():
    rng, seen = stream(0, "test_dga", "doge"), []
    alpha = np.full(3, 1 / 3)

    def gradients(theta):
        seen.append((rng.standard_normal((3, 2)), rng.standard_normal(2)))
        return seen[-1]

    average, run = dga.doge(np.zeros(2), gradients, descend=plain, alpha=alpha, steps=5, lr=0.1, mu=0.2, eps=0.1)
    theta, every = np.zeros(2), []
    for G, g in seen:
        raw = alpha * np.exp(0.1 * (G @ g) / 0.2)
        alpha = 0.9 * raw / raw.sum() + 0.1 / 3
        theta = theta - 0.5 * (alpha[:, None] * G).sum(axis=0)
        every.append(alpha)
    np.testing.assert_allclose(average, np.mean(every, axis=0))
    np.testing.assert_allclose(run.state[0], theta)


def test_a_fixed_mixture_is_drawn_from_as_it_is():
    domains = dga.draw(np.array([0.2, 0.0, 0.8]), stream(0, "test_dga", "draw").random(20_000))
    shares = np.bincount(domains, minlength=3) / 20_000
    assert shares[1] == 0
    assert abs(shares[0] - 0.2) < 0.015


def test_chains_follow_their_matrix():
    P = np.array([[0.9, 0.1], [0.4, 0.6]])
    counts = bigram.transitions(dga_world.chains(stream(0, "test_dga"), P, 2000), V=2).sum(axis=0)
    np.testing.assert_allclose(counts / counts.sum(axis=1, keepdims=True), P, atol=0.01)


def test_bases_are_mixed():
    world = dga_world.make(stream(0, "test_dga", "bases"), n=5, m=2, topics=2, each=3)
    P = np.stack([dga_world.importance(world), dga_world.uniform(6)])
    look = dga_world.learn(world, stream(1, "test_dga"), dga_world.uniform(2), steps=20, eta=5.0, P=P)
    assert look.mixtures.shape == (21, 6)
    np.testing.assert_allclose(look.mixtures.sum(axis=1), 1)
    np.testing.assert_allclose(look.mixtures[0], P.mean(axis=0))


# The bigram model and the text ---------------------------------------------------------------------------------------


def test_bigram_gradient_by_finite_differences(backend):
    rng = stream(0, "test_dga", "bigram")
    theta, counts = rng.standard_normal((3, 3)), rng.integers(0, 4, (2, 3, 3)) + np.eye(3, dtype=int)
    found = bigram.gradient(backend.asarray(theta), backend.asarray(counts.astype(float)))
    assert found.dtype == backend.dtype
    for i, row in enumerate(np.eye(9).reshape(9, 3, 3)):
        slope = (bigram.loss(theta + 1e-5 * row, counts) - bigram.loss(theta - 1e-5 * row, counts)) / 2e-5
        near = {"atol": 1e-8 + backend.tolerance}
        np.testing.assert_allclose(backend.to_numpy(found).reshape(2, 9)[:, i], slope, **near)


def test_transitions_are_counted():
    found = bigram.transitions(np.array([[2, 0, 2, 2]]), V=3)
    assert found.dtype == np.int64
    assert found.tolist() == [[[0, 0, 1], [0, 0, 0], [1, 0, 1]]]
    with pytest.raises(ValueError, match="sequences"):
        bigram.transitions(np.array([[1]]), V=3)
    with pytest.raises(ValueError, match="counts"):
        bigram.loss(np.zeros((2, 2)), np.zeros((3, 3)))


def test_modules_of_docstrings():
    text, found = docstrings(like=np.zeros(1)), modules(like=np.zeros(1))
    assert found.of.shape == text.lengths.shape
    assert len(found.names) == found.of.max() + 1 == 186
    words = {name: int(text.lengths[found.of == i].sum()) for i, name in enumerate(found.names)}
    assert sorted(words, key=words.get)[-8:][::-1] == list(dga_text.PACKAGES)


def test_a_language_model_learns_text():
    text = dga_text.packages(stream(0, "test_dga", "text"), 3, n=20, m=10)
    look = dga_text.learn(text, 0, "test", np.full(8, 1 / 8), steps=40, lr=0.03)
    assert look.final < look.test[0] - 0.7
    theta, unravel = dga_text.init(stream(0, "test_dga"))
    slope = dga_text.autodiff.grad(lambda t: dga_text.loss(unravel(t), text.special))(theta)
    at = stream(0, "test_dga", "at").integers(0, len(theta), 5)
    for i in at:
        e = 1e-5 * (np.arange(len(theta)) == i)
        difference = dga_text.loss(unravel(theta + e), text.special) - dga_text.loss(unravel(theta - e), text.special)
        assert abs(difference / 2e-5 - slope[i]) < 1e-7


def test_adam_is_that_of_models():
    theta, g = np.array([1.0, -2.0]), np.array([0.3, -0.1])
    ours = dga_world.adam_at(0.05)(theta, adam.init(theta), g)
    assert np.array_equal(ours[0], adam.update(theta, adam.init(theta), g, lr=0.05)[0])


def test_an_update_is_due_every_so_often():
    state = dga.init(np.array([1.0]))
    assert [dga.due(state._replace(steps=t), period=2) for t in range(4)] == [True, False, True, False]


def test_the_nearest_domain_is_the_most_likely_one():
    rng = stream(0, "test_dga", "nearest")
    P = rng.dirichlet(np.full(dga_world.V, 0.1), (3, dga_world.V))
    pools, examples = (bigram.transitions(dga_world.chains(rng, P, n), V=dga_world.V) for n in (200, 5))
    found = dga_world.nearest(pools, examples.reshape(15, dga_world.V, dga_world.V))
    assert np.array_equal(found, np.repeat(np.arange(3), 5))


def test_a_proxy_finds_the_task():
    world = dga_world.make(stream(0, "test_dga", "proxy"), n=50, m=10)
    average, look = dga_world.proxy(world, stream(1, "test_dga"), steps=40, mu=0.005)
    assert average.argmax() == 0
    assert abs(average.sum() - 1) < 1e-9
    assert look.final < look.test[0]
    assert look.stopped >= look.test.min()


def test_drivers_are_their_steps():
    """Each driver does what its steps do one after another."""
    rates = {"gradient": lambda x, y: x - y, "descend": plain}
    target, start = np.array([3.0]), np.zeros(1)
    run = dga.train_fixed(start, lambda alpha: target * alpha[0], alpha=np.array([0.25, 0.75]), steps=3, **rates)
    assert np.allclose(run.state[0], 0.75 * (1 - 0.5**3))

    def batches(mixture, due):
        return mixture[:1], [target, -target] if due else (), target

    done = dga.train(start, batches, alpha=np.full(2, 0.5), steps=5, eta=0.1, period=2, **rates)
    state = dga.Training(start, None, dga.init(np.full(2, 0.5)))
    for t in range(5):
        drawn = batches(state.state.average, t % 2 == 0)
        state, _ = dga.step(state, *drawn, eta=0.1, period=2, **rates)
    assert np.array_equal(done.state.theta, state.theta)
    assert done.state.state.steps == 5
    assert np.array_equal(done.history["average"][-1], state.state.average)
