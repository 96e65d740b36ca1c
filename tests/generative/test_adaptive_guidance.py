"""Adaptive Guidance: worked steps and runs on every backend, exact predictions, gradients, fits, refusals, peers."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import value_and_grad, vjp
from refimpl.core.random import stream
from refimpl.generative import _adaptive_guidance_models as models
from refimpl.generative import adaptive_guidance as ag
from refimpl.models import mixture, mlp
from refimpl.optimizers import adamw
from refimpl.problems.functions import central_differences
from refimpl.specs.generative.adaptive_guidance.claims import CLAIMS, beds
from tests.alike import assert_like

LIKE = np.zeros(1)


def draw(name, *shape):
    return stream(0, "test-adaptive_guidance", name).standard_normal(shape)


def small_bed(asarray=np.asarray):
    """Four components of three classes in the plane, and three samples."""
    means = np.array([[2.0, 0.5], [-1.5, 1.0], [0.5, -2.0], [-0.5, 1.75]])
    bed = models.Bed(asarray(means), asarray(np.array([0.25, 0.5, 0.125, 0.25])), asarray(np.array([0, 1, 2, 1])))
    return bed, asarray(np.array([0, 1, 2]))


# Steps ------------------------------------------------------------------------------------------------------------


def test_a_step_worked_by_hand(backend):
    """Levels 0.36 and 0.64: A = 4/3, B = 0.6 - 0.8 * 0.8 / 0.6."""
    eps_c = backend.asarray([[3.0, 4.0], [0.0, 1.0], [1.0, 0.0]])
    eps_u = backend.asarray([[4.0, 3.0], [1.0, 0.0], [0.0, 1.0]])
    start = ag.init(backend.asarray(np.ones((3, 2))))
    state = start._replace(done=backend.asarray(np.array([False, False, True])))
    after, eps = ag.update(state, eps_c, eps_u, s=2.0, gamma_bar=0.9, ab=0.36, ab_next=0.64)
    expected = np.array([[2.0, 5.0], [-1.0, 2.0], [1.0, 0.0]])
    near = {"rtol": 10 * backend.tolerance}
    np.testing.assert_allclose(backend.to_numpy(eps), expected, **near)
    x = 4 / 3 + (0.6 - 0.8 * 0.8 / 0.6) * expected
    np.testing.assert_allclose(backend.to_numpy(after.x), x, **near)
    assert backend.to_numpy(after.done).tolist() == [True, False, True]
    assert backend.to_numpy(after.nfe).tolist() == [2, 2, 1]
    assert_like(after.x, eps_c, (3, 2))
    np.testing.assert_allclose(backend.to_numpy(ag.cosine(eps_c, eps_u)), [0.96, 0, 0], **near)
    moved = ag.ddim(state.x, eps, ab=0.36, ab_next=0.64)
    np.testing.assert_allclose(backend.to_numpy(moved), x, **near)


def test_nothing_that_is_given_is_changed(backend):
    x, eps_c, eps_u = (backend.asarray(draw(name, 3, 2)) for name in "xcu")
    state = ag.init(x)
    before = [backend.to_numpy(a).copy() for a in (*state, eps_c, eps_u)]
    ag.update(state, eps_c, eps_u, s=3.0, gamma_bar=-2.0, ab=0.25, ab_next=0.5)
    for a, old in zip((*state, eps_c, eps_u), before, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(a), old)


def test_the_schedule_is_that_of_latent_diffusion(backend):
    ab = ag.schedule(20, like=backend.asarray([0.0]))
    assert_like(ab, backend.asarray([0.0]), (21,))
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    levels = np.cumprod(1 - betas)[np.round(np.linspace(999, 0, 21)).astype(int)]
    np.testing.assert_allclose(backend.to_numpy(ab)[:-1], levels[:-1], rtol=100 * backend.tolerance)
    assert float(ab[20]) == 1
    assert float(ab[0]) == pytest.approx(0.00466, abs=5e-6)


def test_policies_are_words():
    assert ag.front_loaded(4, 2) == ("cfg", "cfg", "cond", "cond")
    assert ag.front_loaded(2, 5) == ("cfg", "cfg")
    assert ag.alternating(20, "lin").count("lin") == 5
    logits = np.array([[0.0, 0.0, 0.1], [3.0, 0.0, 1.0], [0.0, 2.0, 1.0]])
    assert ag.decided(logits) == ("cfg", "cond", "cond")
    more = np.array([[0.0, 0.0, 0.1, 0.2], [3.0, 0.0, 1.0, 2.0], [0.0, 1.0, 2.0, 1.5]])
    assert ag.decided(more) == ("cfg", "cond", "cfg")
    assert ag.chosen(more, (1.5, 6.0)) == (6.0, 1.0, 1.5)


# Runs: the identities ---------------------------------------------------------------------------------------------


def small_run(asarray=np.asarray, T=6, s=3.0):
    bed, label = small_bed(asarray)
    cond, uncond = models.denoisers(bed, label)
    x0 = asarray(np.array([[0.5, -1.0], [-0.75, 0.25], [1.25, 1.5]]))
    return (x0, ag.schedule(T, like=x0), cond.eps, uncond.eps), {"s": s}


def test_thresholds_that_decide_nothing_are_fixed_policies_bit_for_bit():
    args, more = small_run()
    guided, recorded = ag.follow(*args, ("cfg",) * 6, **more), ag.record(*args, **more)
    never, once = (ag.sample(*args, gamma_bar=gamma_bar, **more) for gamma_bar in (2.0, -2.0))
    np.testing.assert_array_equal(never.x, guided.x)
    np.testing.assert_array_equal(recorded.x, guided.x)
    assert never.nfe.tolist() == [guided.nfe] * 3 == [12] * 3
    first = ag.follow(*args, ag.front_loaded(6, 1), **more)
    np.testing.assert_array_equal(once.x, first.x)
    assert once.nfe.tolist() == [first.nfe] * 3 == [7] * 3


def test_with_weight_one_all_are_conditional():
    args, more = small_run(s=1.0)
    plain = ag.follow(*args, ("cond",) * 6, **more).x
    for x in (ag.follow(*args, ("cfg",) * 6, **more).x, ag.sample(*args, gamma_bar=0.9, **more).x):
        np.testing.assert_allclose(x, plain, rtol=1e-12)
    none = ag.follow(*args, ("cfg",) * 6, s=0.0).x
    np.testing.assert_allclose(none, ag.follow(*args, ("uncond",) * 6, s=0.0).x, rtol=1e-12)


def test_the_network_is_asked_as_often_as_is_told(backend):
    (x0, _, cond, uncond), more = small_run(backend.asarray)
    levels, asked = np.array([0.1, 0.25, 0.5, 0.75, 0.9, 1.0]), np.zeros(3, int)

    def counted(call):
        def eps(x, level, rows):
            asked[backend.to_numpy(rows)] += 1
            return call(x, level, rows)

        return eps

    state = ag.sample(x0, backend.asarray(levels), counted(cond), counted(uncond), gamma_bar=0.9, **more)
    assert_like(state.x, x0, (3, 2))
    assert backend.to_numpy(state.nfe).tolist() == asked.tolist()
    assert len(set(asked.tolist())) > 1  # each in its own time
    (x0, _, *parts), _ = small_run()
    expected = ag.sample(x0, levels, *parts, gamma_bar=0.9, **more).x
    np.testing.assert_allclose(backend.to_numpy(state.x), expected, rtol=3000 * backend.tolerance)


def test_linear_steps_use_what_they_estimated(backend):
    """With coefficients that repeat the last conditional prediction, `lin` is `cond`; written out for others."""
    (x0, ab, cond, uncond), more = small_run(backend.asarray, T=8)
    own = {1: backend.asarray([0.0, 1.0, 0.0]), 3: backend.asarray([0.0, 0, 0, 1, 0, 0, 0])}
    same = ag.follow(x0, ab, cond, uncond, ag.alternating(8, "lin"), betas=own, **more)
    naive = ag.follow(x0, ab, cond, uncond, ag.alternating(8, "cond"), **more)
    assert same.nfe == naive.nfe == 10
    assert_like(same.x, x0, (3, 2))
    np.testing.assert_allclose(backend.to_numpy(same.x), backend.to_numpy(naive.x), rtol=1000 * backend.tolerance)


def test_beds_in_single_precision_stay_so(backend):
    x0 = backend.asarray([0.0])
    for bed in (models.groups(stream(0), like=x0), models.images(stream(0), like=x0, count=90)):
        start, label, negative = models.starts(stream(1), 4, bed)
        cond, uncond = models.denoisers(bed, label, negative=negative)
        rows = array_namespace(start).arange(4, device=device(start))
        for denoiser in (cond, uncond):
            assert_like(denoiser.eps(start, 0.5, rows), x0, tuple(start.shape))
            assert_like(denoiser.pull(start, 0.5, rows, start), x0, tuple(start.shape))
    assert models.error(start + 1, start, start + 2) == pytest.approx(0.25, rel=1e-5)


# Exact predictions ------------------------------------------------------------------------------------------------


def law(bed, weights, ab):
    """A mixture of the components with these weights, at a level; from the shared models, which share no code."""
    there = weights > 0
    clean = mixture.Mixture(weights[there] / weights[there].sum(), bed.means[there], bed.variances[there])
    return mixture.noised(clean, ab**0.5, 1 - ab)


def test_predictions_are_scores_of_the_noised_mixture():
    bed, label = small_bed()
    negative = np.array([1, 2, 0])
    x, rows = draw("points", 3, 2), np.arange(3)
    cond, uncond = models.denoisers(bed, label)
    _, away = models.denoisers(bed, label, negative=negative)
    for ab in (0.01, 0.4, 0.99):
        for n in rows:
            own, other = (1.0 * (bed.owner == c) for c in (label[n], negative[n]))
            half = np.full(4, 0.125) + other / other.sum() / 2
            for denoiser, weights in ((cond, own), (uncond, np.ones(4)), (away, half)):
                expected = -((1 - ab) ** 0.5) * mixture.score(x[n : n + 1], law(bed, weights, ab))
                got = denoiser.eps(x[n : n + 1], ab, rows[n : n + 1])
                np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-13)


def test_guidance_is_the_score_of_a_tilted_law():
    bed, label = small_bed()
    cond, uncond = models.denoisers(bed, label)
    x, ab, s, row = draw("tilt", 1, 2), 0.4, 3.0, np.array([1])
    everything, own = (law(bed, weights, ab) for weights in (np.ones(4), 1.0 * (bed.owner == 1)))
    both = lambda y: mixture.log_density(y, everything) * (1 - s) + s * mixture.log_density(y, own)
    slope = central_differences(both, h=1e-5)(x)
    guided = ag.guide(cond.eps(x, ab, row), uncond.eps(x, ab, row), s=s)
    np.testing.assert_allclose(guided, -((1 - ab) ** 0.5) * slope, rtol=1e-7)


def test_the_jacobian_is_that_of_the_prediction():
    bed, label = small_bed()
    _, away = models.denoisers(bed, label, negative=np.array([1, 2, 0]))
    x, v, rows = draw("at", 3, 2), draw("v", 3, 2), np.arange(3)
    for ab in (0.05, 0.5, 0.95):
        _, back = vjp(lambda y, ab=ab: away.eps(y, ab, rows), x)
        expected = back(v)
        expected = expected[0] if isinstance(expected, tuple) else expected
        np.testing.assert_allclose(away.pull(x, ab, rows, v), expected, rtol=1e-9, atol=1e-12)
        h = 1e-6
        difference = (away.eps(x + h * v, ab, rows) - away.eps(x - h * v, ab, rows)) / (2 * h)  # it is symmetric
        np.testing.assert_allclose(away.pull(x, ab, rows, v), difference, rtol=1e-5, atol=1e-7)


def test_beds_have_their_scales():
    bed = models.groups(stream(3), like=LIKE)
    classes = (bed.means[::2] + bed.means[1::2]) / 2
    assert 0 < np.linalg.norm(bed.means[::2] - bed.means[1::2], axis=1).max() <= 2 * 0.7
    for g in range(4):
        assert np.linalg.norm(classes[3 * g : 3 * g + 3], axis=1) == pytest.approx(18, abs=5.8)
    assert np.bincount(bed.owner).tolist() == [2] * 12
    digits = models.images(stream(3), like=LIKE)
    assert digits.means.min() == -1
    assert digits.means.max() == 1
    assert len(np.unique(digits.means, axis=0)) > 590


# The search -------------------------------------------------------------------------------------------------------


def network(name, width=4):
    """A denoiser that is no mixture, with its pull by automatic differentiation."""
    params = mlp.init(stream(0, "test-adaptive_guidance", name), (2, width, 2), like=LIKE)

    def eps(x, ab, rows):
        return mlp.apply(params, x) * (1 + ab)

    def pull(x, ab, rows, v):
        found = vjp(lambda y: eps(y, ab, rows), x)[1](v)
        return found[0] if isinstance(found, tuple) else found

    return ag.Denoiser(eps, pull)


def test_the_gradient_is_that_of_automatic_differentiation():
    cond, uncond = network("cond"), network("uncond")
    x0, ab, logits = draw("x0", 4, 2), ag.schedule(4, like=LIKE), draw("logits", 4, 3)
    target = ag.follow(x0, ab, cond.eps, uncond.eps, ("cfg",) * 4, s=3.0).x

    def loss(a):
        xp = array_namespace(a)
        w, x = xp.exp(a) / xp.sum(xp.exp(a), axis=1, keepdims=True), x0
        for k in range(4):
            e_c, e_u = cond.eps(x, ab[k], None), uncond.eps(x, ab[k], None)
            eps = w[k, 0] * e_u + w[k, 1] * e_c + w[k, 2] * (3 * e_c - 2 * e_u)
            clean = (x - (1 - ab[k]) ** 0.5 * eps) / ab[k] ** 0.5
            x = ab[k + 1] ** 0.5 * clean + (1 - ab[k + 1]) ** 0.5 * eps
        return xp.sum((x - target) ** 2) / (4 * 0.7) + 0.2 * xp.mean(w[:, 0] + w[:, 1] + 2 * w[:, 2])

    expected = value_and_grad(loss)(logits)
    got = ag.relaxed_loss(logits, x0, ab, cond, uncond, target, 0.7, s=3.0, cost=0.2)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-9, atol=1e-13)


def test_the_gradient_of_several_strengths_is_that_of_differences():
    cond, uncond = network("cond"), network("uncond")
    x0, ab, logits = draw("x0", 4, 2), ag.schedule(3, like=LIKE), draw("more logits", 3, 5)
    strengths = (1.5, 3.0, 6.0)
    target = ag.follow(x0, ab, cond.eps, uncond.eps, ("cfg",) * 3, s=3.0).x
    loss = lambda a: ag.relaxed_loss(a, x0, ab, cond, uncond, target, 0.7, s=strengths, cost=0.2)
    _, gradient = loss(logits)
    for place in np.ndindex(logits.shape):
        move = np.zeros_like(logits)
        move[place] = 1e-6
        slope = (loss(logits + move)[0] - loss(logits - move)[0]) / 2e-6
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-6, atol=1e-8)


def test_a_certain_choice_of_strengths_is_the_policy_that_follows_it():
    cond, uncond = network("cond"), network("uncond")
    x0, ab = draw("x0", 4, 2), ag.schedule(3, like=LIKE)
    certain = 900.0 * np.eye(4)[[3, 1, 2]]
    own = ag.follow(x0, ab, cond.eps, uncond.eps, ag.decided(certain), s=ag.chosen(certain, (1.5, 6.0)))
    loss, _ = ag.relaxed_loss(certain, x0, ab, cond, uncond, own.x, 1.0, s=(1.5, 6.0), cost=1.0)
    assert float(loss) == pytest.approx(own.nfe / 3, rel=1e-12)
    same = [ag.follow(x0, ab, cond.eps, uncond.eps, ("cfg",) * 3, s=s).x for s in (3.0, [3.0] * 3, np.full(3, 3.0))]
    np.testing.assert_array_equal(same[0], same[1])
    np.testing.assert_array_equal(same[0], same[2])


def test_a_search_may_choose_between_strengths():
    """The target has a strength that is offered: nothing else is as near to it where guidance matters."""
    bed = models.groups(stream(5), like=LIKE)
    x0, label, _ = models.starts(stream(6), 24, bed)
    cond, uncond = models.denoisers(bed, label)
    run = ag.search(x0, ag.schedule(8, like=LIKE), cond, uncond, s=3.0, strengths=(1.5, 3.0, 6.0), steps=60)
    assert run.state[0].shape == (8, 5)
    assert run.history["loss"][-1] < run.history["loss"][0] / 5
    assert ag.chosen(run.state[0], (1.5, 3.0, 6.0))[1] == 3.0


def test_the_search_takes_the_steps_of_adam(backend):
    bed, label = small_bed(backend.asarray)
    cond, uncond = models.denoisers(bed, label)
    x0, ab = small_run(backend.asarray, T=3)[0][:2]
    run = ag.search(x0, ab, cond, uncond, s=3.0, steps=4, lr=0.05)
    assert_like(run.state[0], x0, (3, 3))
    assert len(run.history["loss"]) == 4
    target, plain = (ag.follow(x0, ab, cond.eps, uncond.eps, ag.front_loaded(3, m), s=3.0).x for m in (3, 0))
    scale = float(np.sum((backend.to_numpy(target) - backend.to_numpy(plain)) ** 2)) / 3
    a = 0.0 * run.state[0]
    state = adamw.init(a)
    for _ in range(4):
        _, gradient = ag.relaxed_loss(a, x0, ab, cond, uncond, target, scale, s=3.0, cost=0.01)
        a, state = adamw.update(a, state, gradient, lr=0.05, beta1=0.9, beta2=0.99, eps=1e-8, weight_decay=0.0)
    # float32: a gradient near 0 is divided by its own size
    np.testing.assert_allclose(backend.to_numpy(run.state[0]), backend.to_numpy(a), atol=500 * backend.tolerance)


def test_a_search_finds_that_early_guidance_matters():
    bed = models.groups(stream(5), like=LIKE)
    x0, label, _ = models.starts(stream(6), 24, bed)
    cond, uncond = models.denoisers(bed, label)
    run = ag.search(x0, ag.schedule(8, like=LIKE), cond, uncond, s=3.0, steps=60)
    policy = ag.decided(run.state[0])
    m = policy.count("cfg")
    assert policy == ag.front_loaded(8, m)
    assert 2 <= m <= 6
    assert run.history["loss"][-1] < run.history["loss"][0] / 5


# Fits -------------------------------------------------------------------------------------------------------------


def test_fits_are_those_of_lapack(backend):
    E_c, E_u = draw("E_c", 4, 6, 3), draw("E_u", 4, 6, 3)
    for k in range(4):
        fit = ag.fit_linear(backend.asarray(E_c), backend.asarray(E_u), k)
        F = np.concatenate([E_c[: k + 1], E_u[:k]]).reshape(2 * k + 1, -1).T
        beta, left, *_ = np.linalg.lstsq(F, E_u[k].ravel(), rcond=None)
        assert_like(fit.beta, backend.asarray(E_c), (2 * k + 1,))
        np.testing.assert_allclose(backend.to_numpy(fit.beta), beta, atol=100 * backend.tolerance)
        np.testing.assert_allclose(backend.to_numpy(fit.fitted), (F @ beta).reshape(6, 3), atol=100 * backend.tolerance)
        assert float(fit.residual) == pytest.approx((left[0] / (E_u[k] ** 2).sum()) ** 0.5, rel=1e-4)


def test_more_regressors_fit_no_worse_and_a_span_is_met():
    E_c, E_u = draw("E_c", 4, 6, 3), draw("E_u", 4, 6, 3)
    full = float(ag.fit_linear(E_c, E_u, 3).residual)
    for drop in range(3):
        less = np.delete(E_c, drop, axis=0), np.delete(E_u, drop, axis=0)
        assert full <= float(ag.fit_linear(*less, 2).residual) + 1e-12
    span = np.concatenate([E_u[:3], E_c[3:] - 2 * E_u[:1]])
    fit = ag.fit_linear(E_c, span, 3)
    assert float(fit.residual) < 1e-13
    guess = ag.estimate(list(E_c), list(span[:3]), fit.beta)
    np.testing.assert_allclose(guess, span[3], atol=1e-12)


def test_collinear_regressors_do_no_harm():
    E_c, E_u = draw("E_c", 3, 6, 3), draw("E_u", 3, 6, 3)
    E_c[1] = 2 * E_c[0]
    fit = ag.fit_linear(E_c, E_u, 2)
    assert np.abs(fit.beta).max() < 10
    F = np.concatenate([E_c[[0, 2]], E_u[:2]]).reshape(4, -1).T
    beta, *_ = np.linalg.lstsq(F, E_u[2].ravel(), rcond=None)
    np.testing.assert_allclose(fit.fitted.ravel(), F @ beta, atol=1e-12)


@pytest.mark.parametrize(("dtype", "loss"), [(np.float64, 1e-14), (np.float32, 2e-6)])
@pytest.mark.parametrize(("T", "n", "D"), [(20, 8, 8), (40, 12, 8)])
def test_late_fits_keep_their_digits(dtype, loss, T, n, D):
    """Targets in the span of nearly collinear regressors: a pseudo-inverse that is formed leaves 1e-4, or 1e-2."""
    t = np.linspace(0, 1, T)[:, None, None]
    E_c = sum(t**j * draw(f"late {j}", n, D) for j in range(4)) + 1e-9 * draw("late own", T, n, D)
    E_u = E_c[::-1] + 0.25 * E_c + 1e-9 * draw("late more", T, n, D)
    E_u[T - 2] = E_c[0] - 2 * E_c[3] + E_u[1]
    assert float(ag.fit_linear(E_c.astype(dtype), E_u.astype(dtype), T - 2).residual) < loss


@pytest.mark.peers
def test_fits_are_those_of_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed (`make peers`)")
    made = beds.groups(0, 0)
    E_c, E_u = made.guided.E_c[:, :100], made.guided.E_u[:, :100]
    for k in (0, 2, 5, 9):
        F = np.concatenate([E_c[: k + 1], E_u[:k]]).reshape(2 * k + 1, -1).T
        model = linear_model.LinearRegression(fit_intercept=False).fit(F, E_u[k].ravel())
        got = ag.fit_linear(E_c, E_u, k).fitted.ravel()
        np.testing.assert_allclose(got, model.predict(F), atol=1e-9 if k <= 5 else 1e-4)


# What is refused --------------------------------------------------------------------------------------------------


def test_cosines_of_very_large_and_very_small_predictions():
    a, b = np.array([[3.0, 4.0]] * 3, dtype=np.float32), np.array([[4.0, 3.0]] * 3, dtype=np.float32)
    scales = np.array([[1e20], [1e-25], [1.0]], dtype=np.float32)
    np.testing.assert_allclose(ag.cosine(a * scales, b * scales), 0.96, rtol=1e-6)


def test_a_fit_in_single_precision_keeps_what_is_small():
    """A regressor of 1e-6 beside one of 1, many rows: above the rounding error, so it counts."""
    rng = stream(0, "test-adaptive_guidance", "small")
    E_c = np.stack([rng.standard_normal((300, 8)), 1e-6 * rng.standard_normal((300, 8))]).astype(np.float32)
    E_u = np.stack([E_c[1], E_c[0] + 1e6 * E_c[1]])
    assert ag.fit_linear(E_c, E_u, 1).residual < 1e-3


def test_a_threshold_takes_what_it_is_calibrated_for():
    rng = stream(0, "test-adaptive_guidance", "calibrated")
    bed = models.groups(rng, like=LIKE)
    x0, label, _ = models.starts(rng, 50, bed)
    (cond, uncond), ab = models.denoisers(bed, label), ag.schedule(20, like=LIKE)
    path = ag.record(x0, ab, cond.eps, uncond.eps, s=3.0)
    cosines = np.stack([ag.cosine(*pair) for pair in zip(path.E_c, path.E_u, strict=True)])
    for nfe in (22.0, 25.5, 30.0):
        gamma_bar = ag.calibrate(cosines, nfe)
        found = ag.sample(x0, ab, cond.eps, uncond.eps, s=3.0, gamma_bar=gamma_bar).nfe.mean()
        assert nfe <= found <= nfe + 0.05
    with pytest.raises(ValueError, match="cond and uncond must differ"):  # they do, but s = 1 does not ask
        ag.search(x0, ab, cond, uncond, s=1.0)


ARGS, MORE = small_run()
X0, AB, COND, UNCOND = ARGS
BED, LABEL = small_bed()
STATE, E = ag.init(X0), np.ones((3, 2))
STEP = {"s": 3.0, "gamma_bar": 0.9, "ab": 0.25, "ab_next": 0.5}
PARTS = models.denoisers(BED, LABEL)


def _relaxed(**changed):
    """The loss on right input but for what is changed."""
    given = {"logits": np.zeros((6, 3)), "x0": X0, "ab": AB, "cond": PARTS[0], "uncond": PARTS[1], "target": X0}
    return ag.relaxed_loss(**given | {"scale": 1.0, "s": 3.0, "cost": 0.1} | changed)


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda: ag.schedule(0, like=LIKE), ValueError, "T"),
        (lambda: ag.schedule(1000, like=LIKE), ValueError, "T must be less than count"),
        (lambda: ag.schedule(5, like=LIKE, beta_first=0.5), ValueError, "beta_last must be at least beta_first"),
        (lambda: ag.schedule(5, like=LIKE, beta_last=1.5), ValueError, "beta_last"),
        (lambda: ag.guide(E, E[:2], s=1.0), ValueError, "eps_u"),
        (lambda: ag.guide(E, E, s=float("nan")), ValueError, "s must be a finite number"),
        (lambda: ag.cosine(E, np.full((3, 2), np.nan)), ValueError, "eps_u"),
        (lambda: ag.update(STATE, E, E.astype(np.float32), **STEP), ValueError, "eps_u"),
        (lambda: ag.update(STATE._replace(done=np.zeros(2, bool)), E, E, **STEP), ValueError, "done"),
        (lambda: ag.update(STATE, E, E, **STEP | {"ab": 0.0}), ValueError, "ab"),
        (lambda: ag.update(STATE, E, E, **STEP | {"ab_next": 0.1}), ValueError, "ab_next must not be below ab"),
        (lambda: ag.ddim(E, E, ab=0.5, ab_next=1.1), ValueError, "ab_next"),
        (lambda: ag.sample(X0, AB[::-1].copy(), COND, UNCOND, gamma_bar=0.9, **MORE), ValueError, "ab must rise"),
        (lambda: ag.sample(X0, AB[:1], COND, UNCOND, gamma_bar=0.9, **MORE), ValueError, "ab must have at least 2"),
        (lambda: ag.sample(X0, AB.astype(np.float32), COND, UNCOND, gamma_bar=0.9, **MORE), TypeError, "ab"),
        (lambda: ag.follow(*ARGS, ("cfg",) * 5, **MORE), ValueError, "policy must have a word for each of 6"),
        (lambda: ag.follow(*ARGS, ("cfg",) * 5 + ("both",), **MORE), ValueError, "policy"),
        (lambda: ag.follow(*ARGS, ("lin",) + ("cfg",) * 5, **MORE), ValueError, "policy must have guided"),
        (lambda: ag.follow(*ARGS, ("cfg", "cond", "lin", *("cfg",) * 3), **MORE), ValueError,
         "policy must have guided"),
        (lambda: ag.follow(*ARGS, ag.alternating(6, "lin"), **MORE), ValueError,
         "betas must have coefficients for step 1"),
        (lambda: ag.fit_linear(E[None], E[None], 1), ValueError, "k must be a step in"),
        (lambda: ag.estimate([E], [], np.ones(1)), ValueError, "said_u must be a list with at least one"),
        (lambda: ag.estimate([E], [E], np.ones(2)), ValueError, "said_c must have one prediction more"),
        (lambda: ag.estimate([E, E[:2]], [E], np.ones(3)), ValueError, r"said_c\[1\] must have shape"),
        (lambda: ag.estimate([E, E], [E], np.ones(2)), ValueError, "beta"),
        (lambda: ag.alternating(4, "uncond"), ValueError, "other"),
        (lambda: ag.front_loaded(4, -1), ValueError, "m"),
        (lambda: ag.decided(np.zeros((2, 2))), ValueError, "logits"),
        (lambda: ag.schedule(5, like=LIKE, beta_last=1.0), ValueError, "beta_last"),
        (lambda: ag.calibrate(np.zeros((4, 2)), 5.0), ValueError, r"nfe must be in \(5, 8\)"),
        (lambda: ag.update(STATE._replace(done=np.zeros(3)), E, E, **STEP), TypeError, "done must be an array of bool"),
        (lambda: ag.update(STATE._replace(nfe=np.zeros(3)), E, E, **STEP), TypeError,
         "nfe must be an array of integers"),
        (lambda: ag.sample(X0, AB, COND, lambda *a: X0[0], gamma_bar=0.9, **MORE), ValueError, "eps of uncond must"),
        (lambda: models.denoisers(BED, LABEL, negative=LABEL[:2]), ValueError, "negative must have shape"),
        (lambda: _relaxed(logits=np.zeros((5, 3))), ValueError, "logits"),
        (lambda: _relaxed(scale=0.0), ValueError, "scale"),
        (lambda: _relaxed(cost=-1.0), ValueError, "cost"),
        (lambda: _relaxed(target=X0[:2]), ValueError, "target"),
        (lambda: _relaxed(cond=PARTS[0]._replace(eps=lambda *a: np.nan * X0)), ValueError,
         "eps of cond must be finite"),
        (lambda: _relaxed(uncond=PARTS[0]._replace(pull=lambda *a: X0[0])), ValueError,
         "pull of uncond must have shape"),
        (lambda: ag.search(X0, AB, PARTS[0], PARTS[0], s=3.0), ValueError, "cond and uncond must differ"),
        (lambda: ag.search(X0, AB, *PARTS, s=1.0), ValueError, "cond and uncond must differ"),
        (lambda: models.denoisers(BED._replace(variances=np.zeros(4)), LABEL), ValueError, "variances"),
        (lambda: models.denoisers(BED, LABEL + 5), ValueError, "label must be classes of the bed"),
        (lambda: models.denoisers(BED, 1.0 * LABEL), TypeError, "label must be an array of integers"),
        (lambda: models.groups(stream(0), like=LIKE, variance=0.0), ValueError, "variance"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, name):
    with pytest.raises(error, match=name):
        call()


# The experiments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id[-2:] in ("C3", "C6")], ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    assert all(m.holds for m in claim.experiment(6).measurements)


def test_thresholds_are_calibrated_to_a_cost():
    made = beds.groups(6, 0)
    for nfe in (24.0, 26.5):
        assert made.adaptive(made.threshold(nfe))[1].mean() == pytest.approx(nfe, abs=0.02)


def test_on_digits_the_cosine_falls_before_it_rises():
    cosines = beds.images(6, 0, n=30).cosines.mean(axis=1)
    assert cosines[0] > 0.999 > cosines[6]
    assert cosines[12] > 0.999


# Code of others ---------------------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.peers
def test_the_solver_is_that_of_diffusers():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    diffusers = pytest.importorskip("diffusers", reason="diffusers is not installed (`make peers`)")
    scheduler = diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=True
    )
    scheduler.set_timesteps(20)
    x, eps = draw("x", 4, 5), draw("eps", 4, 5)
    for k in scheduler.timesteps.tolist():
        ab = float(scheduler.alphas_cumprod[k])
        ab_next = float(scheduler.alphas_cumprod[k - 50]) if k >= 50 else 1.0
        theirs = scheduler.step(torch.tensor(eps), k, torch.tensor(x)).prev_sample.numpy()
        np.testing.assert_allclose(ag.ddim(x, eps, ab=ab, ab_next=ab_next), theirs, rtol=2e-6, atol=2e-6)
