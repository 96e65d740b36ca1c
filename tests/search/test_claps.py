"""ClaPS: the worked numbers, all prompts enumerated, calls counted, the language model and its tasks, peers, errors."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chisquare

from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.problems.docstrings import docstrings
from refimpl.search import _claps_models as models
from refimpl.search import claps

LIKE = np.zeros(1)
FLOAT32 = np.zeros(1, dtype=np.float32)
POINTS = [[0.0, 0.0], [0.0, 1.0], [4.0, 0.0], [4.0, 1.0], [9.0, 9.0]]


def rng_of(slug):
    return stream(0, "test-claps", slug)


def tables(slug, L, V):
    rng = rng_of(slug)
    return rng.standard_normal((L, V)), rng.standard_normal((V, V))


class Counted:
    """A black box that counts its prompts, and refuses what is none."""

    def __init__(self, reward):
        self.reward, self.calls = reward, 0

    def __call__(self, prompts):
        assert prompts.ndim == 2
        assert prompts.dtype == np.int64
        self.calls += len(prompts)
        return self.reward(prompts)


# Worked numbers ------------------------------------------------------------------------------------------------------


def test_clusters_by_hand(backend):
    u = backend.asarray(np.array([0.0, 0.5, 0.95]))
    found = claps.cluster(backend.asarray(np.array(POINTS)), u)
    assert found.centres.dtype == backend.dtype
    np.testing.assert_array_equal(backend.to_numpy(found.seeds), [0, 4, 3])
    np.testing.assert_array_equal(backend.to_numpy(found.labels), [0, 0, 2, 2, 1])
    np.testing.assert_array_equal(backend.to_numpy(found.centres), [[0, 0.5], [9, 9], [4, 0.5]])
    np.testing.assert_array_equal(backend.to_numpy(found.representatives), [0, 4, 2])  # the first of two as near
    np.testing.assert_array_equal(backend.to_numpy(claps.vocabulary(found)), [0, 2, 4])


def test_pruning_by_hand(backend):
    influences = backend.asarray(np.array([-0.2, 0.0, 0.1, 0.1, 0.5]))
    for q, threshold in ((50, 0.1), (90, 0.34)):
        found = claps.prune(influences, q=q)
        assert found.threshold.dtype == backend.dtype
        assert float(found.threshold) == pytest.approx(threshold, rel=10 * backend.tolerance)
        np.testing.assert_array_equal(backend.to_numpy(found.kept), [False, False, False, False, True])


def test_thresholds_are_those_of_numpy():
    rng = rng_of("percentile")
    for n in (1, 2, 3, 10, 41):
        influences = rng.standard_normal(n).round(1)
        for q in (0.0, 12.5, 50.0, 90.0, 99.0):
            found = claps.prune(influences, q=q)
            assert float(found.threshold) == pytest.approx(np.percentile(influences, q), abs=1e-14)
            assert not np.any(found.kept & (influences <= found.threshold))


def test_rewards_by_hand(backend):
    logits = backend.asarray(np.log([[[0.5, 0.5], [0.25, 0.75]], [[0.5, 0.5], [0.75, 0.25]]]))
    y = backend.asarray(np.array([0, 1]))
    gap = backend.to_numpy(claps.rewards(logits, y, kind="gap"))
    np.testing.assert_allclose(gap, [50, -45], rtol=100 * backend.tolerance)  # a tie counts as 0, on neither side
    entropy = backend.to_numpy(claps.rewards(logits, y, kind="entropy"))
    np.testing.assert_allclose(entropy, [-1.2554823] * 2, rtol=1e-6)
    both = backend.to_numpy(claps.rewards(logits, y))
    np.testing.assert_allclose(both, [np.log(0.5 * 0.75) / 2, np.log(0.5 * 0.25) / 2], rtol=1e-6)


def test_tied_probabilities_are_a_gap_of_zero():
    """The authors' program leaves out every class that is as probable as the true one: 300 in place of 0."""
    assert claps.rewards(np.zeros((1, 4, 2)), np.array([0, 1, 1, 0]), kind="gap").tolist() == [0.0]


def test_a_velocity_by_hand(backend):
    x, b, g = (backend.asarray(np.array(v)) for v in ([[3, 5, 7]], [[3, 6, 7]], [4, 6, 7]))
    zero = backend.asarray(np.array([0.0]))
    state = claps.SwarmState(x, backend.asarray(np.array([[1.0, -2.0, 0.0]])), b, zero, g, zero[0], 0)
    one, three = backend.asarray(np.array([0.99])), backend.asarray(np.full((1, 3), 0.99))
    moved, velocity = claps._move(state, claps.SwarmDraws(one, one, one, one, one, three, three), 9, 5, 10)
    np.testing.assert_allclose(backend.to_numpy(velocity), [[0.5, 2.0, -3.0]], rtol=100 * backend.tolerance)
    np.testing.assert_array_equal(backend.to_numpy(moved), [[3, 5, 7]])


def test_schedules_by_hand():
    assert claps.schedules(0, 10) == pytest.approx((0.8, 0.8, 0.2))
    assert claps.schedules(9, 10) == pytest.approx((0.26, 0.26, 0.74))


# Influence -----------------------------------------------------------------------------------------------------------


def test_a_divergence_is_of_second_order():
    rng, y = rng_of("divergence"), np.zeros(5, dtype=int)
    empty, shift = rng.standard_normal((5, 4)), rng.standard_normal((1, 5, 4))
    p = np.exp(empty) / np.exp(empty).sum(axis=1, keepdims=True)
    errors = []
    for size in (1e-2, 1e-3):
        d = size * shift[0]
        second = 0.5 * np.sum(np.sum(p * d * d, axis=1) - np.sum(p * d, axis=1) ** 2)
        found = claps.influence(empty, empty + size * shift, y, kind="kl")[0]
        errors.append(abs(found - second))
    assert errors[1] < 2e-3 * errors[0]  # of the third order
    assert claps.influence(empty, empty[None], y, kind="kl")[0] == 0


def test_random_pruning_is_uniform():
    rng, vocab = rng_of("subset"), np.array([3, 7, 8, 11, 20])
    seen = [tuple(claps.random_pruning(rng, vocab, q=60.0)) for _ in range(1000)]
    allowed = list(itertools.combinations(vocab.tolist(), 2))
    assert chisquare([seen.count(pair) for pair in allowed]).pvalue > 1e-4
    assert len(claps.random_pruning(rng, np.arange(159), q=90.0)) == 15


# Searches against enumeration ----------------------------------------------------------------------------------------


def test_no_search_beats_all_prompts_and_more_of_it_finds_the_best():
    U, Q = tables("enumerated", 4, 6)
    reward, vocab = models.table(U, Q), np.arange(6)
    every = np.array(list(itertools.product(range(6), repeat=4)))
    best = claps.random_search(reward, every)
    assert float(best.rewards[-1]) == pytest.approx(float(np.max(reward(every))))
    rng = rng_of("searches")
    init, draws = claps.draw_genetic(rng, 6, 4, 24, mutants=12, children=12, epochs=40, like=LIKE)
    args = claps.draw_swarm(rng, 6, 4, 24, epochs=40, like=LIKE)
    ends = [claps.greedy(reward, vocab, 4).rewards[-1], claps.genetic(reward, vocab, init, draws).state.score,
            claps.swarm(reward, vocab, *args).state.score]  # fmt: skip
    assert all(float(x) <= float(best.rewards[-1]) + 1e-12 for x in ends)
    assert float(ends[1]) == pytest.approx(float(best.rewards[-1]))
    assert float(ends[2]) == pytest.approx(float(best.rewards[-1]))


def test_greedy_search_is_best_where_positions_are_apart():
    U, _ = tables("additive", 5, 7)
    found = claps.greedy(models.table(U, np.zeros((7, 7))), np.arange(7), 5)
    np.testing.assert_array_equal(found.prompt, U.argmax(axis=1))
    assert found.rewards[-1] == pytest.approx(U.max(axis=1).sum())


def test_every_call_is_counted():
    U, Q = tables("calls", 5, 20)
    vocab, rng = np.arange(0, 20, 2), rng_of("calls")
    boxes = [Counted(models.table(U, Q)) for _ in range(4)]
    init, draws = claps.draw_genetic(rng, 10, 5, 24, mutants=12, children=12, epochs=10, like=LIKE)
    found = [claps.greedy(boxes[0], vocab, 5).calls, claps.genetic(boxes[1], vocab, init, draws).state.calls,
             claps.swarm(boxes[2], vocab, *claps.draw_swarm(rng, 10, 5, 7, epochs=9, like=LIKE)).state.calls,
             claps.random_search(boxes[3], vocab[init]).calls]  # fmt: skip
    assert found == [box.calls for box in boxes] == [50, 258, 70, 24]


def test_stored_prompts_have_their_stored_rewards():
    """Own bests are copies: evaluated again they give what was stored, and prompts hold no token from outside."""
    U, Q = tables("stored", 5, 12)
    reward, vocab = models.table(U, Q), np.array([1, 4, 5, 7, 11])
    args = claps.draw_swarm(rng_of("stored"), 5, 5, 16, epochs=30, like=LIKE)
    run = claps.swarm(reward, vocab, *args)
    np.testing.assert_array_equal(reward(vocab[run.state.best]), run.state.scores)
    assert reward(vocab[run.state.g][None])[0] == run.state.score == run.state.scores.max()
    assert np.all(np.diff(run.history["score"]) >= 0)
    init, draws = claps.draw_genetic(rng_of("kept"), 5, 5, 20, mutants=9, children=9, epochs=30, like=LIKE)
    bred = claps.genetic(reward, vocab, init, draws)
    assert reward(vocab[bred.state.best][None])[0] == bred.state.score
    assert np.all(np.diff(bred.history["score"]) >= 0)
    tops = [reward(vocab[x]).max() for x in bred.history["population"]]
    assert tops == bred.history["score"]


def test_mutants_change_as_often_as_they_should():
    init = np.zeros((2, 20_000), dtype=int)
    draws = claps.draw_genetic(rng_of("rate"), 3, 20_000, 2, mutants=1, children=1, epochs=2, like=LIKE)[1]
    run = claps.genetic(lambda z: 0.0 * z[:, 0], np.array([0, 1, 2]), init, draws, p_mut=0.1)
    counts = np.bincount(run.state.population[1], minlength=3)
    assert chisquare(counts, [18_000, 1000, 1000]).pvalue > 1e-4


def test_searches_on_every_backend(backend):
    if backend.name == "jax":
        pytest.skip("it compiles every shape for itself: half a minute; the operations run there")
    U, Q = tables("backends", 3, 5)
    plain, reward = models.table(U, Q), models.table(backend.asarray(U), backend.asarray(Q))
    vocab, like = np.array([0, 2, 3, 4]), backend.asarray(np.array([0.0]))
    ids = backend.asarray(vocab)
    found, expected = claps.greedy(reward, ids, 3), claps.greedy(plain, vocab, 3)
    np.testing.assert_array_equal(backend.to_numpy(found.prompt), expected.prompt)
    sizes = {"mutants": 4, "children": 4, "epochs": 4}
    init, draws = claps.draw_genetic(rng_of("b"), 4, 3, 9, **sizes, like=like)
    run = claps.genetic(reward, ids, init, draws)
    other = claps.genetic(plain, vocab, *claps.draw_genetic(rng_of("b"), 4, 3, 9, **sizes, like=LIKE))
    np.testing.assert_array_equal(backend.to_numpy(run.state.population), other.state.population)
    assert run.state.scores.dtype == backend.dtype
    flown = claps.swarm(reward, ids, *claps.draw_swarm(rng_of("s"), 4, 3, 6, epochs=5, like=like))
    same = claps.swarm(plain, vocab, *claps.draw_swarm(rng_of("s"), 4, 3, 6, epochs=5, like=LIKE))
    np.testing.assert_array_equal(backend.to_numpy(flown.state.best), same.state.best)
    assert flown.state.velocity.dtype == backend.dtype
    pick = claps.random_search(reward, backend.asarray(np.array([[0, 2, 3], [4, 4, 4]])))
    assert pick.calls == 2
    assert int(claps.select(backend.asarray(np.array([0.5, 0.75, 0.75, 0.25])))) == 2
    rows = claps.random_pruning(rng_of("r"), ids, q=50.0)
    np.testing.assert_array_equal(backend.to_numpy(rows), claps.random_pruning(rng_of("r"), vocab, q=50.0))


# The language model --------------------------------------------------------------------------------------------------


def test_the_text_is_what_it_says():
    text = docstrings(like=LIKE)
    assert len(set(text.words)) == 800
    assert int(text.lengths.sum()) == len(text.ids) == 255_283
    counts = np.bincount(text.ids, minlength=801)
    assert np.all(np.diff(counts[:800]) <= 0)
    assert counts[800] / len(text.ids) == pytest.approx(0.1897, abs=1e-4)
    data = models.text(3, like=LIKE)
    assert len(data.train) + len(data.held) == 255_283 + 4 * 7682
    np.testing.assert_array_equal(
        np.bincount(data.train, minlength=801) + np.bincount(data.held, minlength=801),
        counts + 4 * 7682 * (np.arange(801) == 800),
    )


def test_the_gradient_of_the_model_is_that_of_differences():
    rng = rng_of("gradient")
    model = models.init(rng, np.ones(9), d=4)
    tokens, at = rng.integers(0, 11, (3, 16)), np.array([6, 9, 12])
    window = tokens, at, np.array([0, 3, 5]), np.array([2, 8, 0])
    flat, back = tree.ravel(model)
    loss = lambda theta: models._loss(back(theta), *window)
    slope = grad(loss)(flat)
    for i in rng.choice(flat.size, 40, replace=False):
        step = 1e-6 * (np.arange(flat.size) == i)
        assert slope[i] == pytest.approx((loss(flat + step) - loss(flat - step)) / 2e-6, abs=1e-7)


def test_what_is_hidden_does_not_count_and_what_is_dropped_is_hidden():
    rng = rng_of("hidden")
    model = models.init(rng, np.ones(9), d=4)
    tokens, at = rng.integers(0, 11, (2, 16)), np.array([10, 10])
    hidden = np.array([3, 3])
    before = models._logits(model, tokens, at, hidden=hidden)
    other = np.concatenate([(tokens[:, :3] + 1) % 11, tokens[:, 3:]], axis=1)
    np.testing.assert_allclose(models._logits(model, other, at, hidden=hidden), before, atol=1e-14)
    np.testing.assert_allclose(models._logits(model, tokens[:, 3:], at - 3, first=3), before, atol=1e-12)
    assert not np.allclose(models._logits(model, other, at), models._logits(model, tokens, at))


def test_prompts_are_answered_alike_in_any_batch():
    data = models.text(like=FLOAT32)
    model = models.train(0, data, like=FLOAT32, steps=0)
    task = models.task(0, data, models.TASKS[2])
    assert task.X.shape == (64, 11)
    assert np.all(np.bincount(task.y) == 16)
    assert np.all(np.bincount(task.y_test) <= 40)
    prompts = rng_of("prompts").integers(0, 800, (5, 3))
    whole, parts = (models.answers(model, task.X, task.classes, prompts, most=most) for most in (10_000, 64))
    np.testing.assert_allclose(whole, parts, atol=1e-5)
    tokens = np.concatenate([np.full((64, 2), 800), np.repeat(prompts[:1], 64, axis=0), task.X], axis=1)
    direct = models._logits(model, tokens, np.full(64, 10), hidden=np.full(64, 2))
    np.testing.assert_allclose(whole[0], direct[:, task.classes], atol=1e-5)


def test_training_learns():
    data = models.text(like=FLOAT32)
    trained = [models.train(0, data, like=FLOAT32, steps=n, batch=32) for n in (0, 60)]
    losses = [models.held_out(0, model, data, count=1000)[0] for model in trained]
    assert losses[0] > 5.7
    assert losses[1] < losses[0] - 0.1


def test_the_model_on_every_backend(backend):
    if backend.name == "jax":
        pytest.skip("it compiles every shape for itself")
    rng = rng_of("model")
    plain = models.init(rng_of("model"), np.ones(9), d=4)
    model = models.init(rng, backend.asarray(np.ones(9)), d=4)
    tokens, at = rng_of("tokens").integers(0, 11, (2, 16)), np.array([6, 12])
    got = models._logits(model, backend.asarray(tokens), backend.asarray(at), hidden=backend.asarray(np.array([1, 0])))
    assert got.dtype == backend.dtype
    expected = models._logits(plain, tokens, at, hidden=np.array([1, 0]))
    np.testing.assert_allclose(backend.to_numpy(got), expected, atol=300 * backend.tolerance)


# Code that others wrote ----------------------------------------------------------------------------------------------


@pytest.mark.peers
def test_scikit_learn_finds_the_same_clusters():
    cluster = pytest.importorskip("sklearn.cluster", reason="scikit-learn is not installed (`make peers`)")
    rng = rng_of("sklearn")
    for _ in range(5):
        E, u = rng.standard_normal((60, 3)), rng.random(6)
        found = claps.cluster(E, u)
        theirs = cluster.KMeans(6, init=E[found.seeds], n_init=1, algorithm="lloyd", tol=0).fit(E)
        np.testing.assert_array_equal(theirs.labels_, found.labels)
        np.testing.assert_allclose(theirs.cluster_centers_, found.centres, atol=1e-8)


# Errors --------------------------------------------------------------------------------------------------------------


def _refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_bad_input_is_refused_by_name():
    U, Q = tables("bad", 3, 4)
    reward, vocab = models.table(U, Q), np.arange(4)
    logits, y = np.zeros((2, 3, 2)), np.array([0, 1, 1])
    init, draws = claps.draw_genetic(rng_of("bad"), 4, 3, 6, mutants=3, children=3, epochs=3, like=LIKE)
    flown = claps.draw_swarm(rng_of("bad"), 4, 3, 6, epochs=3, like=LIKE)
    no = np.zeros((0, 3), dtype=int)
    _refused(lambda: models.table(U * np.nan, Q), ValueError, "U must be finite")
    _refused(lambda: models.table(U, Q + math.inf), ValueError, "Q must be finite")
    _refused(lambda: models.table(U, Q[:3]), ValueError, "Q must have shape")
    _refused(lambda: claps.random_search(reward, no), ValueError, "prompts must have shape")
    _refused(lambda: claps.greedy(reward, vocab, 0), ValueError, "length must be an integer >= 1")
    _refused(lambda: claps.greedy(reward, vocab[:0], 2), ValueError, "vocab must have shape")
    _refused(lambda: claps.greedy(reward, np.array([1, 1]), 2), ValueError, "vocab must have different token ids")
    _refused(lambda: claps.greedy(lambda z: np.full(len(z), np.nan), vocab, 2), ValueError, "what reward returns must")
    _refused(lambda: claps.greedy(lambda z: np.zeros(1), vocab, 2), ValueError, "what reward returns must have shape")
    _refused(lambda: claps.greedy(None, vocab, 2), TypeError, "reward must be a function")
    _refused(lambda: claps.genetic(reward, vocab[:1], init, draws), ValueError, "vocab must have 2 tokens at least")
    _refused(lambda: claps.genetic(reward, vocab, no, draws), ValueError, "init must")
    _refused(lambda: claps.genetic(reward, vocab, init + 4, draws), ValueError, r"init must be in \[0, 4\)")
    _refused(lambda: claps.genetic(reward, vocab, init, draws, elite=0.0), ValueError, "elite must be")
    _refused(lambda: claps.genetic(reward, vocab, init, draws, p_mut=1.0), ValueError, "p_mut must be")
    late = draws._replace(coin=draws.coin + 1)
    _refused(lambda: claps.genetic(reward, vocab, init, late), ValueError, r"draws.coin must be in \[0, 1\)")
    _refused(lambda: claps.genetic(reward, vocab, init, None), TypeError, "draws must be of type GeneticDraws")
    _refused(lambda: claps.draw_genetic(rng_of("bad"), 4, 3, epochs=1, like=LIKE), ValueError, "epochs must be")
    _refused(lambda: claps.draw_swarm(rng_of("bad"), 4, 3, epochs=0, like=LIKE), ValueError, "epochs must be")
    _refused(lambda: claps.draw_swarm(rng_of("bad"), 4, 3, 0, like=LIKE), ValueError, "particles must be")
    _refused(lambda: claps.swarm(reward, vocab, flown[0], flown[1] * np.nan, flown[2]), ValueError, "nu must be finite")
    _refused(lambda: claps.swarm(reward, vocab, flown[0], flown[1][:2], flown[2]), ValueError, "nu must have shape")
    _refused(lambda: claps.rewards(logits, y, kind="ll"), ValueError, "kind must be one of")
    _refused(lambda: claps.rewards(logits[..., :1], 0 * y), ValueError, "logits must have two classes")
    _refused(lambda: claps.rewards(logits[:0], y), ValueError, "logits must have shape")
    _refused(lambda: claps.rewards(logits, y + 1), ValueError, r"y must be in \[0, 2\)")
    _refused(lambda: claps.influence(logits[0, :2], logits, y), ValueError, "logits_empty must have shape")
    _refused(lambda: claps.prune(np.array([0.5, np.nan])), ValueError, "influences must be finite")
    _refused(lambda: claps.prune(np.zeros(2), q=100), ValueError, "q must be a percentage")
    _refused(lambda: claps.random_pruning(rng_of("bad"), vocab, q=90.0), ValueError, "vocab must have more tokens")
    _refused(lambda: claps.cluster(np.ones((4, 2)), np.array([0.1, 0.2])), ValueError, "u must have no more entries")
    _refused(lambda: claps.cluster(np.eye(2), np.array([1.0])), ValueError, r"u must be in \[0, 1\)")
    _refused(lambda: claps.cluster(np.eye(2), np.array([0.5]), max_iter=0), ValueError, "max_iter must be")
    _refused(lambda: claps.schedules(3, 3), ValueError, "i must be")
    _refused(lambda: claps.select(np.zeros(0)), ValueError, "accuracies must")
