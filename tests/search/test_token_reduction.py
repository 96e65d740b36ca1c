"""Token reduction: the worked examples, what is searched against enumeration, the small models, peers, errors."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import kendalltau, norm, spearmanr

from refimpl.bayesian import bayesopt
from refimpl.core.autodiff import value_and_grad
from refimpl.core.random import stream
from refimpl.problems import digits
from refimpl.search import _token_reduction_models as models
from refimpl.search import token_reduction as tr

LIKE = np.zeros(1)
EYE, SWAP = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])


def rng(name):
    return stream(0, "test-token_reduction", name)


def every_schedule(n, layers):
    return np.array([k[::-1] for k in itertools.combinations_with_replacement(range(n + 1), layers)])


# On every kind of array ----------------------------------------------------------------------------------------------


def worked(asarray, k):
    vision = asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 0.0]])
    text = asarray([[0.0, 1.0], [1.0, -1.0]])
    matrices = [EYE, SWAP, EYE], [EYE] * 3, [EYE, EYE, SWAP], [EYE / 2] * 3
    weights = tr.Weights(*(asarray(np.array(W)) for W in matrices))
    return tr.decoder(vision, text, weights, asarray(np.array(k)))


def test_the_worked_decoder(backend):
    found = worked(backend.asarray, [4, 2, 1])
    assert found.text.dtype == backend.dtype
    np.testing.assert_allclose(backend.to_numpy(found.text), [[1.638290, 2.616584], [1.919099, 0.338898]], atol=1e-6)
    assert [backend.to_numpy(ids).tolist() for ids in found.kept] == [[0, 1, 2, 3], [0, 2], [2]]
    np.testing.assert_allclose(backend.to_numpy(found.attention[1]), [0.085201, 0.244894], atol=1e-6)


def test_no_token_is_left():
    found = worked(np.asarray, [4, 2, 0])
    np.testing.assert_allclose(found.text, [[1.620232, 2.185902], [1.547592, 0.260381]], atol=1e-6)
    assert found.kept[-1].shape == found.attention[-1].shape == (0,)


def test_schedules_and_searches(backend):
    like = backend.asarray([0.0])
    schedule = tr.sigmoid_schedule(64, 12, s=1.0, rho=0.25, like=like)
    assert schedule.r.dtype == backend.dtype
    assert backend.to_numpy(schedule.k).tolist() == [64, 64, 33, 18, 8, 3, 1, 1, 0, 0, 0, 0]
    flat = backend.to_numpy(tr.fastv_schedule(64, 12, rho=0.25, full=1, like=like))
    assert flat.tolist() == [64, 12, 12, 12, 12, 12, 12, 12, 11, 11, 11, 11]
    pyramid = tr.geometric_schedule(64, 12, rho=0.25, like=like)
    assert backend.to_numpy(pyramid.k).tolist() == [64, 64, 32, 16, 8, 4, 2, 1, 1, 0, 0, 0]
    xp, target = backend.xp, schedule.k
    found = tr.gsearch(lambda k: float(xp.min(xp.clip(k - target, max=0))), 64, 12, first=11, like=like)
    assert backend.to_numpy(found.k).tolist() == [64] * 11 + [0]


def test_p_sigmoid_keeps_the_best_schedule():
    x0, candidates = tr.draw_design(rng("design"), like=LIKE.astype(np.float32), steps=6, count=32)
    assert x0.dtype == candidates.dtype == np.float32
    target = tr.sigmoid_schedule(64, 12, s=1.0, rho=0.25, like=LIKE).k
    score = lambda k: -float(np.sum(np.abs(k - target)))
    tuned = tr.p_sigmoid(score, 64, 12, x0, candidates, rho=0.25)
    assert int(tuned.k.sum()) == 192
    assert score(tuned.k) == float(tuned.visited.y[tuned.visited.best]) == float(tuned.visited.y.max())
    again = tr.sigmoid_schedule(64, 12, s=tuned.s, r_min=tuned.r_min, rho=0.25, like=LIKE).k
    assert again.tolist() == tuned.k.tolist()


def test_ranks_on_every_array(backend):
    a = backend.asarray([[[1.0, 2.0, 2.0, 3.0]], [[2.0, 1.0, 4.0, 4.0]]])
    for kind, expected in (("spearman", spearmanr), ("kendall", kendalltau)):
        R = backend.to_numpy(tr.consistency(a, kind=kind))
        assert R[0, 1] == pytest.approx(expected([1, 2, 2, 3], [2, 1, 4, 4])[0], rel=100 * backend.tolerance)
    assert backend.to_numpy(tr.keep(a, 2)).tolist() == [[[1, 3]], [[2, 3]]]


# Against code that shares nothing with it ----------------------------------------------------------------------------


@pytest.mark.parametrize("binary", [True, False])
def test_gsearch_is_the_optimum_of_needs(binary):
    every, draw = every_schedule(5, 4), rng("optimum")
    for _ in range(25):
        needs, w = draw.integers(0, 6, 4), draw.uniform(0.5, 2.0, 4)
        found = tr.gsearch(lambda k, K=needs: float(np.all(k >= K)), 5, 4, first=0, binary=binary, like=LIKE)
        good = [k for k in every if np.all(k >= needs)]
        assert found.k.tolist() == min(good, key=lambda k, w=w: float(np.sum(w * k**1.5))).tolist()
        if binary:
            before = [5, *found.k.tolist()]
            assert found.calls <= 1 + sum(math.ceil(math.log2(k + 1)) + 1 for k in before[:-1])


def test_a_score_that_is_minus_infinity_is_a_loss():
    found = tr.gsearch(lambda k: 0.0 if k[1] >= 3 else -math.inf, 4, 2, first=1, like=LIKE)
    assert found.k.tolist() == [4, 3]


@pytest.mark.parametrize(("kind", "peer"), [("spearman", spearmanr), ("kendall", kendalltau)])
def test_scipy_agrees_on_ranks(kind, peer):
    a = rng(kind).integers(0, 6, (4, 5, 9)).astype(float)
    got = tr.consistency(a, kind=kind)
    for i, j in itertools.product(range(4), repeat=2):
        assert got[i, j] == pytest.approx(np.mean([peer(a[i, s], a[j, s])[0] for s in range(5)]), abs=1e-12)


def test_our_own_bayesopt_agrees():
    """Its process with the same law, after standardising by hand."""
    draw = rng("bayesopt")
    X, y, new = draw.uniform(size=(7, 2)), draw.normal(3.0, 2.0, 7), draw.uniform(size=(9, 2))
    found = tr.acquire(X, y, new, length=0.3, noise=0.01)
    prior = bayesopt.Prior("matern52", np.full(2, 1 / 0.3**2), 1.0, noise=0.01)
    known = bayesopt.posterior(bayesopt.fit(prior, X, (y - y.mean()) / y.std()), new)
    mean, sd = y.mean() + y.std() * known.mean, y.std() * np.sqrt(np.diagonal(known.covariance))
    np.testing.assert_allclose(found.mean, mean, rtol=1e-10)
    np.testing.assert_allclose(found.sd, sd, rtol=1e-8)
    z = (mean - y.max()) / sd
    np.testing.assert_allclose(found.improvement, (mean - y.max()) * norm.cdf(z) + sd * norm.pdf(z), rtol=1e-7)
    assert found.chosen == int(np.argmax(found.improvement))


def test_the_process_meets_what_was_seen_without_noise():
    X, y = rng("seen").uniform(size=(5, 2)), rng("values").standard_normal(5)
    found = tr.acquire(X, y, X, noise=1e-10)
    np.testing.assert_allclose(found.mean, y, atol=1e-7)
    assert np.all(found.sd < 1e-4)


def test_settings_and_the_fit_are_inverse():
    for x in (np.array([0.1, 0.0]), np.array([0.6, 0.0])):
        s, r_min = tr.settings(x, 12, rho=0.4)
        assert (s, r_min) == (pytest.approx(0.3 * 40 ** x[0]), 0.0)
        k = tr.sigmoid_schedule(10**6, 12, s=s, r_min=r_min, rho=0.4, like=LIKE).k
        middle = [n for n in k if 100 < n < 10**6 - 100]
        slope = np.polyfit(range(len(middle)), [math.log(n / (10**6 - n)) for n in middle], 1)[0]
        assert -slope == pytest.approx(s, rel=1e-3)
    assert tr.settings(np.array([1.0, 1.0]), 12, rho=0.25)[1] == pytest.approx(0.1)
    for k, N in (([9, 9, 4, 4, 4], 9), *(([kept] * L, 64) for L in (7, 9, 12) for kept in (1, 13))):
        flat = tr.fit_sigmoid(np.array(k), N)
        assert flat[0] == 0
        assert math.isnan(flat[1])


def test_limits_of_the_sigmoid():
    steep = tr.sigmoid_schedule(64, 12, s=500.0, rho=0.5, like=LIKE).k.tolist()
    assert steep == [64] * 6 + [0] * 6
    decay = tr.sigmoid_schedule(1000, 10, s=0.5, rho=0.001, first=0, like=LIKE).r
    np.testing.assert_allclose(decay[1:] / decay[:-1], math.exp(-0.5), rtol=2e-2)


def test_the_budget_is_spent_and_never_exceeded():
    draw = rng("budget")
    for _ in range(150):
        L, N = int(draw.integers(2, 20)), int(draw.integers(1, 80))
        first = int(draw.integers(0, min(L, 3)))
        rho = float(draw.uniform(first / L + 0.02 + 1 / (N * L), 1.0)) if first / L < 0.9 else 1.0
        rho = min(rho, 1.0)
        share = (rho * L - first) / (L - first)
        for schedule in (
            tr.sigmoid_schedule(N, L, s=float(draw.uniform(0.1, 9)), r_min=float(draw.uniform(0, share)), rho=rho,
                                first=first, like=LIKE),
            tr.geometric_schedule(N, L, rho=rho, first=first, like=LIKE),
        ):  # fmt: skip
            assert int(schedule.k.sum()) == math.floor(rho * N * L + 1e-9)
            assert np.all(np.diff(schedule.k) <= 0)
            assert schedule.r.mean() == pytest.approx(rho, rel=1e-9)


def test_the_cost_of_llava():
    k = 9 * np.array([64, 64, 38, 28, 27, 21, 7, 7, 7, 6, 5, 4])
    sizes = {"d": 4096, "m": 11008}
    ratio = tr.flops(np.full(12, 576), 64, **sizes) / tr.flops(k, 64, **sizes)
    assert ratio == pytest.approx(2.37, abs=0.005)


# The small models ----------------------------------------------------------------------------------------------------


def test_a_question_sees_its_canvas_alone():
    """All four questions of a canvas at once, as in training, say what one at a time says."""
    images, labels = digits.digits(like=LIKE)
    params = models.init(rng("init"), like=LIKE)
    patches, answers = models.canvases(rng("canvas"), images[:40], labels[:40], 2)
    loss = models._loss(params, patches, answers)
    each = []
    for q in range(4):
        asked = models.Questions(patches, np.full(2, q), answers[:, q])
        each.append(models.quality(models.answer(params, asked, np.full(8, 32)).logits, answers[:, q])[1])
    assert float(loss) == pytest.approx(-np.mean(each), rel=1e-12)
    assert sorted(models.quadrant()) == [q for q in range(4) for _ in range(8)]
    places = models.quadrant()
    whole = patches[0].reshape(8, 4, 2, 4)  # rows of patches, patches of a row, pixels
    one = np.array([p for p, place in zip(patches[0], places, strict=True) if place == 1])
    assert one.sum() == pytest.approx(whole[:4, 2:].sum())


def test_the_gradient_is_that_of_differences():
    images, labels = digits.digits(like=LIKE)
    params, data = models.init(rng("init"), like=LIKE), models.canvases(rng("canvas"), images, labels, 1)
    _, grads = value_and_grad(models._loss)(params, *data)
    for name in ("place", "Wk", "W1", "question"):
        move = rng(name).standard_normal(params[name].shape)
        ends = [models._loss(params | {name: params[name] + h * move}, *data) for h in (1e-6, -1e-6)]
        assert float(np.sum(grads[name] * move)) == pytest.approx(float(ends[0] - ends[1]) / 2e-6, rel=1e-5)


def test_training_learns():
    images, labels = digits.digits(like=np.zeros(1, dtype=np.float32))
    params, losses = models.train(rng("train"), images, labels, steps=8)
    assert np.mean(losses[-3:]) < losses[0]
    assert params["out"].dtype == np.float32


def test_removed_tokens_have_no_say():
    """Nor does it matter what is in them once they are gone."""
    images, labels = digits.digits(like=LIKE)
    params = models.init(rng("init"), like=LIKE)
    questions = models.ask(rng("ask"), images, labels, 3)
    k = np.array([32, 10, 10, 5, 5, 2, 2, 0])
    found = models.answer(params, questions, k)
    assert [ids.shape[1] for ids in found.kept] == k.tolist()
    for before, after, a in zip(found.kept[:-1], found.kept[1:], found.attention[:-1], strict=True):
        for row, left, received in zip(before, after, a, strict=True):
            best = row[np.argsort(-received, kind="stable")[: len(left)]]
            assert set(left) == set(best)
    all_kept = models.answer(params, questions, np.full(8, 32))
    np.testing.assert_allclose(found.attention[0], all_kept.attention[0])


def test_the_planted_toy_has_what_is_planted():
    toy, turns = models.planted(rng("planted"), like=LIKE, count=200)
    again, _ = models.planted(rng("planted again"), like=LIKE, count=5, turns=turns)
    assert again.keys.shape == (5, 64, 16)
    found = models.planted_answer(toy, np.full(12, 64))
    R = tr.consistency(np.stack(found.attention))
    assert R[1:, 1:].mean() > 0.5 > R[0, 1:].max()
    assert models.quality(found.logits, toy.labels)[0] > 0.7
    less = models.planted_answer(toy, np.array([64, 64] + [12] * 10))
    assert models.quality(less.logits, toy.labels)[0] > 0.6


# Errors --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: tr.gsearch(lambda k: -math.inf, 4, 3, like=LIKE), "score of all tokens"),
        (lambda: tr.gsearch(lambda k: math.nan, 4, 3, like=LIKE), "score of all tokens"),
        (lambda: tr.gsearch(lambda k: 0.0 if k[2] == 4 else math.nan, 4, 3, like=LIKE), "what score returns"),
        (lambda: tr.gsearch(lambda k: math.inf if k[2] < 4 else 0.0, 4, 3, like=LIKE), "what score returns"),
        (lambda: tr.gsearch(lambda k: "good", 4, 3, like=LIKE), "score of all tokens"),
        (lambda: tr.gsearch(lambda k: 0.0, 0, 3, like=LIKE), "N"),
        (lambda: tr.gsearch(lambda k: 0.0, 4, 3, first=4, like=LIKE), "first"),
        (lambda: tr.gsearch(lambda k: 0.0, 4, 3, tolerance=-1.0, like=LIKE), "tolerance"),
        (lambda: tr.sigmoid_schedule(9, 6, s=1.0, rho=0.3, like=LIKE), "rho"),
        (lambda: tr.sigmoid_schedule(9, 6, s=1.0, rho=0.01, first=0, like=LIKE), "rho"),
        (lambda: tr.sigmoid_schedule(9, 6, s=1.0, rho=1.5, like=LIKE), "rho"),
        (lambda: tr.sigmoid_schedule(9, 6, s=1.0, rho=0.5, r_min=0.3, like=LIKE), "r_min"),
        (lambda: tr.sigmoid_schedule(9, 6, s=0.0, rho=0.5, like=LIKE), "s must"),
        (lambda: tr.fastv_schedule(9, 6, rho=0.5, full=4, like=LIKE), "rho"),
        (lambda: tr.settings(np.array([0.5, 1.5]), 12, rho=0.4), "x must"),
        (lambda: tr.fit_sigmoid(np.array([4, 4, 2]), 4), "first"),
        (lambda: tr.keep(np.array([0.5, 0.25]), 3), "count"),
        (lambda: tr.keep(np.array([-math.inf, -math.inf]), 1), "attention"),
        (lambda: tr.bayes_opt(lambda x: math.nan, np.zeros((1, 2))), "what function returns"),
        (lambda: tr.consistency(np.ones((2, 1, 4))), "attention must vary"),
        (lambda: tr.flops(np.array([-1]), 2, d=2, m=2), "k"),
        (lambda: models.answer({}, None, np.full(8, 32)), "questions"),
    ],
)
def test_bad_input_is_refused_by_name(call, names):
    with pytest.raises((ValueError, TypeError), match=names):
        call()
