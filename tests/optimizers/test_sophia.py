"""Sophia: worked steps, every library and device, estimators, what it refuses, its driver, public implementations."""

import itertools
import math

import numpy as np
import pytest

from refimpl.core import autodiff, tree
from refimpl.core.arrays import array_namespace
from refimpl.core.curvature import hutchinson
from refimpl.core.random import stream
from refimpl.core.special import softmax
from refimpl.models import losses, mlp
from refimpl.optimizers import _sophia_models as models
from refimpl.optimizers import sophia
from refimpl.oracle import catalog, check, edits
from refimpl.specs.optimizers.sophia.claims import CLAIMS, language, step
from tests.alike import assert_like
from tests.thorough import THOROUGH, sample

H = np.array([[2.0, 1.0, 0.0, -1.0], [1.0, 3.0, 0.5, 0.0], [0.0, 0.5, -1.0, 2.0], [-1.0, 0.0, 2.0, 4.0]])
START = [1.0, -2.0, 0.5, 3.0]
PROBES = [[0.5, -1.0, 2.0, 1.0], [-1.0, 0.5, 1.0, -0.5], [1.5, 1.0, -0.5, 0.5]]
WIN_RATES = [0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.75]
AFTER = {  # seven steps of Sophia-H with k = 3 on theta^T H theta / 2, which has a negative curvature
    1: [1.09, -1.9483333333333333, 0.395, 2.954],
    2: [1.1791, -1.8680666666666665, 0.29105, 2.893745333333334],
    4: [1.35463591, -1.6620713529093198, 0.086258105, 2.7315959893891377],
    7: [1.5324931413338234, -1.3798478009229982, -0.213313846976605, 2.4016797156587013],
}
LAST_H = [0.0574995, 0.0621515, -0.037126, 0.0660575]

X = [[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]]
W = [[0.5, -0.5, 0.0], [1.0, 0.0, -1.0]]
ESTIMATE = [[0.0857562982, 0.1188479955, 0.0026937775], [0.3335040114, 0.0149244004, 0.2073277753]]
DIAGONAL = [[0.1005291181, 0.0974028312, 0.0335518671], [0.2288666933, 0.2037418855, 0.0712219082]]


def run(start, grads, estimates, *, k=10, **rates):
    """Parameters after each step, and the last state."""
    theta, state, path = start, sophia.init(start), []
    for t, (grad, estimate) in enumerate(zip(grads, estimates, strict=True), start=1):
        theta, state = sophia.update(theta, state, grad, estimate if sophia.due(t, k=k) else None, **rates)
        path.append(theta)
    return path, state


def variant(slug, operation="trajectory"):
    """An operation as another source has it."""
    return edits.runner(catalog.operation(f"sophia.{operation}"), edits.alternatives("sophia")[slug])


# The worked steps, on every backend -----------------------------------------------------------------------------


def test_seven_steps_on_an_indefinite_quadratic(backend):
    h, theta = backend.asarray(H), backend.asarray(START)
    state, start = sophia.init(theta), theta
    rates = {"gamma": 40.0}
    for t in range(1, 8):
        estimate = None
        if sophia.due(t, k=3):
            estimate = hutchinson(lambda v: h @ v, backend.asarray(PROBES[t // 3]))
        theta, state = sophia.update(theta, state, h @ theta, estimate, lr=0.1, weight_decay=0.1, **rates)
        for array in (theta, state.m, state.h):
            assert_like(array, start)
        if t in AFTER:
            np.testing.assert_allclose(backend.to_numpy(theta), AFTER[t], rtol=10 * backend.tolerance)
        rate = sophia.win_rate(state, **rates)
        assert rate.dtype == start.dtype
        assert float(rate) == WIN_RATES[t - 1]
    np.testing.assert_allclose(backend.to_numpy(state.h), LAST_H, rtol=10 * backend.tolerance)


def test_estimates_of_a_softmax_regression(backend):
    weights, x = backend.asarray(W), backend.asarray(X)
    sampled = sophia.sample_labels(models.logits(weights, x), backend.asarray([0.5, 0.95, 0.7]))
    assert backend.to_numpy(sampled).tolist() == [0, 2, 1]
    estimate = sophia.gauss_newton_bartlett(models.gradient(weights, x, sampled), batch=3)
    assert_like(estimate, weights)
    np.testing.assert_allclose(backend.to_numpy(estimate), ESTIMATE, rtol=100 * backend.tolerance, atol=1e-10)
    diagonal = models.gauss_newton_diagonal(weights, x)
    np.testing.assert_allclose(backend.to_numpy(diagonal), DIAGONAL, rtol=100 * backend.tolerance, atol=1e-10)


def test_clipped_newton_step(backend):
    turn = np.array([[0.8, -0.6], [0.6, 0.8]])  # columns: the eigenvectors, of eigenvalues 1 and 100
    hessian = backend.asarray(turn @ np.diag([1.0, 100.0]) @ turn.T)
    theta = backend.asarray([1.0, -1.0])
    moved = sophia.clipped_newton(theta, backend.asarray(turn @ [3.0, 0.3]), hessian, rho=0.1)
    assert_like(moved, theta)
    expected = np.array([1.0, -1.0]) - turn @ [0.05, 0.0015]
    np.testing.assert_allclose(backend.to_numpy(moved), expected, rtol=100 * backend.tolerance)


def test_one_number_is_an_array_too(backend):
    params = backend.asarray(2.0)
    params, state = sophia.update(
        params, sophia.init(params), backend.asarray(3.0), backend.asarray(5.0), lr=0.5, gamma=4.0, weight_decay=0.0
    )
    assert params.shape == state.m.shape == state.h.shape == ()
    assert float(params) == pytest.approx(2 - 0.5 * 0.12 / 0.2, rel=backend.tolerance)


def test_parameters_of_any_shape_move_like_flat_ones(backend):
    rng = stream(0, "test-sophia", "shape")
    start, grads, estimates = rng.standard_normal((3, 2)), *rng.standard_normal((2, 5, 3, 2))
    rates = {"lr": 0.1, "gamma": 20.0, "k": 2}
    shaped, _ = run(
        backend.asarray(start), [*map(backend.asarray, grads)], [*map(backend.asarray, estimates**2)], **rates
    )
    flat, _ = run(
        backend.asarray(start.reshape(-1)),
        [backend.asarray(g.reshape(-1)) for g in grads],
        [backend.asarray(e.reshape(-1)) for e in estimates**2],
        **rates,
    )
    assert shaped[-1].shape == (3, 2)
    assert np.all(backend.to_numpy(shaped[-1]).reshape(-1) == backend.to_numpy(flat[-1]))


def test_nothing_that_is_given_is_changed(backend):
    theta, m, h, grad, estimate = (backend.asarray([1.0, -1.0]) for _ in range(5))
    sophia.update(theta, sophia.SophiaState(m, h), grad, estimate, lr=0.1, gamma=1.0)
    for array in (theta, m, h, grad, estimate):
        assert backend.to_numpy(array).tolist() == [1.0, -1.0]


# Large arrays ---------------------------------------------------------------------------------------------------


def test_large_arrays_give_the_bits_of_small_ones_and_donated_memory_is_used():
    """`elementwise` cuts arrays of this size into blocks."""
    theta, m, grad, h, estimate = stream(0, "test-sophia", "large").standard_normal((5, 300_001))
    h, estimate = abs(h), abs(estimate)
    rates = {"lr": 0.1, "gamma": 1.0}
    whole, state = sophia.update(theta, sophia.SophiaState(m, h), grad, estimate, **rates)
    part = slice(1000)
    piece, small = sophia.update(theta[part], sophia.SophiaState(m[part], h[part]), grad[part], estimate[part], **rates)
    for large, short in ((whole, piece), (state.m, small.m), (state.h, small.h)):
        assert np.all(large[part] == short)
    got, given = sophia.update(theta, sophia.SophiaState(m, h), grad, estimate, donate=True, **rates)
    for array, memory, expected in ((got, theta, whole), (given.m, m, state.m), (given.h, h, state.h)):
        assert np.shares_memory(array, memory)
        assert np.all(array == expected)


# Laws -----------------------------------------------------------------------------------------------------------


def test_no_step_is_longer_than_the_learning_rate():
    rng = stream(0, "test-sophia", "bound")
    grads = rng.standard_normal((40, 6)) * 10.0 ** rng.uniform(-200, 200, (40, 6))
    estimates = rng.standard_normal((40, 6)) * 10.0 ** rng.uniform(-200, 200, (40, 6))
    path, _ = run(np.zeros(6), grads, estimates, lr=0.1, k=3, weight_decay=0.0)
    assert np.all(abs(np.diff(path, axis=0)) <= 0.1 * (1 + 1e-12))


def test_where_curvature_is_large_it_is_a_newton_step():
    """No memory, nothing clipped: theta - lr / gamma * g / h."""
    theta, grad, h = np.array([1.0, 2.0]), np.array([0.5, -1.0]), np.array([4.0, 10.0])
    rates = {"beta1": 0.0, "beta2": 0.0, "weight_decay": 0.0}
    moved, _ = sophia.update(theta, sophia.init(theta), grad, h, lr=0.2, gamma=2.0, **rates)
    np.testing.assert_allclose(moved, theta - 0.1 * grad / h, rtol=1e-15)


def test_the_first_version_of_the_paper_in_other_units():
    """clip(m / max(h, eps), rho) with lr, wd is this step with lr rho, gamma = rho, rho eps, wd / rho."""
    rng = stream(0, "test-sophia", "version-1")
    theta, m, h, rho, lr, wd, eps = *rng.standard_normal((3, 50)), 0.3, 0.2, 0.4, 1e-3
    old = theta - lr * wd * theta - lr * np.clip(0.96 * m / np.maximum(h, eps), -rho, rho)
    rates = {"lr": lr * rho, "gamma": rho, "eps": rho * eps, "weight_decay": wd / rho}
    new, _ = sophia.update(theta, sophia.SophiaState(m, h), 0 * m, **rates)
    np.testing.assert_allclose(new, old, rtol=1e-13)


def one_step(run, m, h, **changed):
    """From 0 with a gradient that leaves m nearly as it is, without decay."""
    m, h, rates = np.array(m), np.array(h), {"beta1": 1 - 1e-16, "beta2": 0.5, "eps": 1e-12, "weight_decay": 0.0}
    given = {"theta": 0 * m, "m": m, "h": h, "grad": m, "estimate": h, "refresh": "no", "lr": 1.0, "gamma": 1.0}
    return run(**given | rates | changed)[0]


def test_both_forms_agree_far_from_eps_and_part_near_it():
    state = [0.3, 5e-13], [0.5, 5e-13]
    paper = one_step(catalog.operation("sophia.step").reference, *state)
    np.testing.assert_allclose(paper, [-0.6, -0.5], rtol=1e-12)
    code = one_step(variant("code_form", "step"), *state, eps=1e-15)
    np.testing.assert_allclose(code, [-0.6, -0.998], rtol=1e-3)


def test_the_released_form_climbs_without_bound_where_curvature_is_negative():
    assert one_step(variant("code_form", "step"), [0.3], [-1e-3])[0] == pytest.approx(300)


def test_optax_divides_the_average_and_uses_the_estimate_of_the_step_before():
    grads, estimates = stream(0, "test-sophia", "bias").standard_normal((2, 5, 2))
    rates = {"lr": 0.1, "beta1": 0.96, "beta2": 0.5, "gamma": 1.0, "eps": 1e-12, "weight_decay": 0.0}
    thetas = variant("optax")(theta0=np.array([1.0, -1.0]), grads=grads, estimates=estimates, k=1, **rates)
    theta, m, h = np.array([1.0, -1.0]), np.zeros(2), np.zeros(2)
    for t, (grad, estimate) in enumerate(zip(grads, estimates, strict=True), start=1):
        m = 0.96 * m + 0.04 * grad
        theta = theta - 0.1 * np.clip(m / (1 - 0.96**t) / np.maximum(h, 1e-12), -1, 1)
        h = (h + estimate) / 2
        np.testing.assert_allclose(thetas[t - 1], theta, rtol=1e-13)


def test_estimates_are_due_in():
    for k, steps in ((3, [1, 4, 7]), (1, [*range(1, 10)]), (9, [1])):
        assert [t for t in range(1, 10) if sophia.due(t, k=k)] == steps


def test_defaults_are_those_of_the_paper():
    grads, estimates = stream(0, "test-sophia", "defaults").standard_normal((2, 12, 3))
    by_default, _ = run(np.ones(3), grads, 100 * estimates, lr=0.01)
    rates = {"beta1": 0.96, "beta2": 0.99, "gamma": 0.01, "eps": 1e-12, "weight_decay": 0.2}
    assert np.all(by_default[-1] == run(np.ones(3), grads, 100 * estimates, lr=0.01, k=10, **rates)[0][-1])


# Estimators -----------------------------------------------------------------------------------------------------


def test_hutchinson_mean_and_variance_by_quadrature():
    """Gauss-Hermite quadrature is exact for these polynomials of the normal probe: no draws."""
    h = H[:3, :3]
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    probes = np.array(list(itertools.product(nodes, repeat=3)))
    mass = np.prod(list(itertools.product(weights / math.sqrt(2 * math.pi), repeat=3)), axis=1)
    draws = np.stack([hutchinson(lambda v: h @ v, probe) for probe in probes])
    mean = mass @ draws
    np.testing.assert_allclose(mean, np.diag(h), atol=1e-13)
    expected = np.sum(h * h, axis=1) + np.diag(h) ** 2  # 2 H_ii^2 and the others once
    np.testing.assert_allclose(mass @ (draws - mean) ** 2, expected, rtol=1e-12)


def test_true_labels_are_biased_by_a_term_that_grows_with_the_batch():
    """E[B g^2] = E[g^2] + (B - 1) E[g]^2 for independent examples: all 4^3 batches from four gradients."""
    g = stream(0, "test-sophia", "labels").standard_normal((4, 5))
    batches = np.array(list(itertools.product(range(4), repeat=3)))
    mean = sophia.gauss_newton_bartlett(g[batches].mean(axis=1), batch=3).mean(axis=0)
    np.testing.assert_allclose(mean, (g * g).mean(axis=0) + 2 * g.mean(axis=0) ** 2, rtol=1e-13)


@pytest.mark.parametrize("model", models.MODELS)
def test_derivatives_of_the_models_are_those_of_autodiff(model):
    rng = stream(0, "test-sophia", model)
    weights, v = rng.standard_normal((2, 3, 4))
    x, labels = rng.standard_normal((5, 3)), rng.integers(0, 4, 5)

    def loss(weights):
        f = x @ weights
        return losses.softmax_cross_entropy(array_namespace(f).tanh(f) if model == "tanh" else f, labels)

    np.testing.assert_allclose(
        models.gradient(weights, x, labels, model=model), autodiff.grad(loss)(weights), rtol=1e-11
    )
    product = models.hessian_product(weights, x, labels, v, model=model)
    np.testing.assert_allclose(product, autodiff.hvp(loss, weights, v), rtol=1e-10)


@pytest.mark.parametrize("model", models.MODELS)
def test_gauss_newton_diagonal_is_that_of_the_matrix(model):
    """J^T S J of each example, entry by entry."""
    rng = stream(0, "test-sophia", "gauss-newton")
    weights, x = rng.standard_normal((3, 4)), rng.standard_normal((5, 3))
    expected = np.zeros(12)
    for row in x:
        jacobian = autodiff.jacobian(lambda w, row=row: models.logits(w, row[None, :], model=model)[0, :])(weights)
        p = softmax(models.logits(weights, row[None, :], model=model), axis=1)[0]
        j = jacobian.reshape(4, 12)
        expected += np.diag(j.T @ (np.diag(p) - np.outer(p, p)) @ j) / 5
    got = models.gauss_newton_diagonal(weights, x, model=model)
    np.testing.assert_allclose(got.reshape(-1), expected, rtol=1e-11)


def test_labels_are_drawn_with_their_probabilities():
    """One draw in each of 1000 equal parts of [0, 1): counts are right to one."""
    f = np.array([[0.3, -1.0, 2.0, 0.0]])
    labels = sophia.sample_labels(np.tile(f, (1000, 1)), (np.arange(1000) + 0.5) / 1000)
    counts = np.bincount(labels, minlength=4)
    assert np.all(abs(counts - 1000 * softmax(f, axis=1)[0]) <= 1)
    assert sophia.sample_labels(np.zeros((2, 1)), np.array([0.0, 0.99])).tolist() == [0, 0]


# What is refused ------------------------------------------------------------------------------------------------

GOOD = {"params": np.zeros(2), "m": np.zeros(2), "h": np.zeros(2), "grad": np.zeros(2), "lr": 0.1}


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"grad": np.zeros(3)}, ValueError, "grad"),
        ({"grad": np.zeros(2, np.float32)}, ValueError, "grad"),
        ({"grad": [0.0, 0.0]}, TypeError, "grad"),
        ({"grad": np.array([0.0, np.nan])}, ValueError, "grad"),
        ({"m": np.zeros((2, 1))}, ValueError, "m must"),
        ({"h": np.zeros(3)}, ValueError, "h must"),
        ({"estimate": np.zeros(3)}, ValueError, "estimate"),
        ({"estimate": np.array([0.0, np.inf])}, ValueError, "estimate"),
        ({"estimate": np.zeros(2, int)}, TypeError, "estimate"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"lr": "0.1"}, TypeError, "lr"),
        ({"beta1": 1.0}, ValueError, "beta1"),
        ({"beta2": -0.1, "estimate": np.ones(2)}, ValueError, "beta2"),
        ({"gamma": 0.0}, ValueError, "gamma"),
        ({"eps": 0.0}, ValueError, "eps"),
        ({"weight_decay": -1e-3}, ValueError, "weight_decay"),
    ],
)
def test_bad_arguments_are_named(changed, error, name):
    given = {**GOOD, **changed}
    params, state = given.pop("params"), sophia.SophiaState(given.pop("m"), given.pop("h"))
    with pytest.raises(error, match=name):
        sophia.update(params, state, given.pop("grad"), given.pop("estimate", None), **given)


@pytest.mark.parametrize("params", [[1.0], 1.0, np.zeros(2, int), None])
def test_parameters_must_be_floating_point_arrays(params):
    with pytest.raises(TypeError, match="params"):
        sophia.init(params)


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda: sophia.due(0), ValueError, "t must"),
        (lambda: sophia.due(1, k=0), ValueError, "k must"),
        (lambda: sophia.win_rate(sophia.init(np.ones(1)), gamma=-1.0), ValueError, "gamma"),
        (lambda: sophia.gauss_newton_bartlett(np.ones(2), batch=0), ValueError, "batch"),
        (lambda: sophia.gauss_newton_bartlett(np.ones(2, int), batch=1), TypeError, "gradient"),
        (lambda: sophia.sample_labels(np.zeros((2, 3)), np.array([0.5, 1.0])), ValueError, "uniforms"),
        (lambda: sophia.sample_labels(np.zeros((2, 3)), np.zeros(3)), ValueError, "uniforms"),
        (lambda: sophia.sample_labels(np.full((1, 2), np.nan), np.zeros(1)), ValueError, "logits"),
        (lambda: sophia.clipped_newton(np.ones(2), np.ones(2), np.eye(2), rho=0.0), ValueError, "rho"),
        (lambda: sophia.clipped_newton(np.ones(2), np.ones(2), np.eye(3), rho=0.1), ValueError, "hessian"),
        (lambda: sophia.clipped_newton(np.ones(2), np.ones(2), -np.eye(2), rho=0.1), ValueError, "hessian"),
        (lambda: sophia.clipped_newton(np.ones(2), np.ones(2), np.triu(np.ones((2, 2))), rho=1.0), ValueError, "hess"),
        (
            lambda: models.gradient(np.ones((2, 2)), np.ones((1, 2)), np.zeros(1, int), model="relu"),
            ValueError,
            "model",
        ),
    ],
)
def test_bad_calls_are_named(call, error, name):
    with pytest.raises(error, match=name):
        call()


# The driver -----------------------------------------------------------------------------------------------------


def test_minimize_is_the_loop_over_update(backend):
    start, curvature = backend.asarray([1.0, -3.0, 0.2]), backend.asarray([1.0, 20.0, 3.0])
    rates = {"gamma": 5.0, "weight_decay": 0.1, "beta2": 0.9}
    estimate = lambda x: curvature + x * x  # depends on where it is asked for
    driven = sophia.minimize(
        lambda x: curvature * x, start, estimate=estimate, steps=7, lr=lambda t: 0.1 / t, k=3, **rates
    )
    theta, state = start, sophia.init(start)
    for t in range(1, 8):
        seen = estimate(theta) if t in (1, 4, 7) else None
        theta, state = sophia.update(theta, state, curvature * theta, seen, lr=0.1 / t, **rates)
    assert np.all(backend.to_numpy(driven.state[0]) == backend.to_numpy(theta))
    assert np.all(backend.to_numpy(driven.state[1].h) == backend.to_numpy(state.h))


def test_minimize_asks_for_estimates_only_when_due_and_records_the_start():
    asked = []
    driven = sophia.minimize(
        lambda x: x,
        np.ones(1),
        estimate=lambda x: asked.append(1) or np.ones(1),
        steps=10,
        lr=0.1,
        k=4,
        record=lambda x, state: {"x": float(x[0]), "h": float(state.h[0])},
    )
    assert len(asked) == 3
    assert len(driven.history["x"]) == 11
    assert len(set(driven.history["h"])) == 4
    assert driven.history["x"][0] == 1.0


def test_a_network_is_trained_with_either_estimator():
    """A tree of parameters is raveled; both estimators get their curvature from autodiff."""
    rng = stream(0, "test-sophia", "network")
    x = rng.standard_normal((30, 2))
    labels = (x[:, 0] * x[:, 1] > 0).astype(int)
    flat, unravel = tree.ravel(mlp.init(rng, (2, 8, 2), like=x))
    logits = lambda flat: mlp.apply(unravel(flat), x)
    loss = lambda flat, labels=labels: losses.softmax_cross_entropy(logits(flat), labels)

    def bartlett(flat):
        sampled = sophia.sample_labels(logits(flat), rng.uniform(size=30))
        return sophia.gauss_newton_bartlett(autodiff.grad(lambda f: loss(f, sampled))(flat), batch=30)

    def by_product(flat):
        probe = rng.standard_normal(flat.shape)
        return hutchinson(lambda v: autodiff.hvp(loss, flat, v), probe)

    for estimate in (bartlett, by_product):
        fitted = sophia.minimize(
            autodiff.grad(loss), flat, estimate=estimate, steps=60, lr=0.05, gamma=1.0, weight_decay=0.0
        )
        assert_like(fitted.state[0], flat)
        assert float(loss(fitted.state[0])) < 0.5 * float(loss(flat))


# The experiments ------------------------------------------------------------------------------------------------

DEAR = () if THOROUGH else ("sophia.C3", "sophia.C4", "sophia.C5")
REPRODUCED = [c for c in CLAIMS if c.tier == "quick" and c.id not in ("sophia.C7", *DEAR)]


@pytest.mark.parametrize("claim", REPRODUCED, ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    """The dear ones in `make alarms` alone; the ledger has them at five seeds."""
    assert all(m.holds for m in claim.experiment(5).measurements)


def test_the_toy_function_is_the_printed_one():
    x, y = 0.2, 0.3
    theta = np.array([x, y])
    assert step.toy(0, theta) == pytest.approx(8 * (x - 1) ** 2 * (1.3 * x**2 + 2 * x + 1) + (y - 4) ** 2 / 2)
    ahead, behind = (step.toy(1, np.array([x + e, y + e])) for e in (1e-6, -1e-6))
    np.testing.assert_allclose(step.toy(2, theta), (ahead - behind) / 2e-6, rtol=1e-7)
    assert step.toy(2, theta)[0] < 0
    np.testing.assert_allclose(step.toy(1, np.array([[1.0, 4.0], [0.0, 4.0]])), 0, atol=1e-12)


def test_the_language_is_what_it_says():
    """Next-letter distributions against counts in a text; every window holds the beginning of its word."""
    rng = stream(0, "test-sophia", "language")
    made = language.made_up_language(rng)
    assert max(map(len, made.words)) < language.WINDOW
    assert len(set(made.words)) == 100
    text = language.write(rng, made, 200_000)
    blanks = np.flatnonzero(text[:-1] == 0)
    first = np.bincount(text[blanks[language.WINDOW :] + 1], minlength=len(language.LETTERS)) / len(blanks)
    np.testing.assert_allclose(first, made.following[()], atol=0.01)
    x, letters = language.windows(text, np.array([50]))
    seen = x.reshape(language.WINDOW, -1).argmax(axis=1)
    assert seen.tolist() == text[50:58].tolist()
    assert letters.tolist() == [text[58]]


def test_the_excess_of_the_true_distribution_is_zero():
    made = language.bigrams(stream(0, "test-sophia", "bigrams"))
    assert abs(language.bigram_excess(made, np.log(np.maximum(made.rows, 1e-300)))) < 1e-12
    uniform = language.bigram_excess(made, np.zeros((40, 40)))
    p = made.rows
    assert uniform == pytest.approx(made.contexts @ (math.log(40) + (p * np.log(np.maximum(p, 1e-300))).sum(1)))


@pytest.mark.parametrize("name", ["AdamW", "Sophia-G", "Sophia-H"])
def test_each_optimizer_learns_the_language(name):
    model = language.character_model(0, hidden=16)
    curve, wins = language.character_run(0, model, name, lr=0.02, steps=40, gamma=0.3, every=20)
    assert len(curve) == 3
    assert curve[-1] < 0.5 * curve[0]
    assert math.isnan(wins) == (name == "AdamW")


# Public implementations -----------------------------------------------------------------------------------------


def stress(kind, steps=40, d=5):
    """Gradients, and estimates of both signs, on which implementations part."""
    rng = stream(0, "test-sophia", kind)
    grads, estimates = rng.standard_normal((2, steps, d))
    if kind == "scales":
        size = 10.0 ** rng.uniform(-8, 8, d)
        return size * grads, size * estimates
    if kind == "zeros":
        return grads * (rng.uniform(size=grads.shape) < 0.2), estimates * (rng.uniform(size=grads.shape) < 0.5)
    return grads, estimates + (1 if kind == "positive" else 0)


BEGIN = np.array([1.0, -1.0, 0.3, 2.0, -0.5])
KINDS = ("gaussian", "positive", "scales", "zeros")
kinds = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.torch
@pytest.mark.peers
@kinds
@pytest.mark.parametrize("k", [1, 3, 10])
def test_pytorch_optimizer_agrees(kind, k):
    """Its SophiaH has the form of the paper's first version, in which the bound p takes the place of gamma."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("pytorch_optimizer", reason="pytorch_optimizer is not installed (`make peers`)")
    params = torch.nn.Parameter(torch.tensor(BEGIN))
    lr, wd, p, eps = 0.2, 0.1, 5.0, 1e-12
    optimizer = peer.SophiaH(
        [params], lr=lr, betas=(0.9, 0.95), weight_decay=wd, p=p, eps=eps, update_period=10**9, foreach=False
    )
    grads, estimates = stress(kind)
    theirs = []
    for t, (grad, estimate) in enumerate(zip(grads, estimates, strict=True)):
        params.grad = torch.asarray(grad)
        optimizer.step(hessian=[torch.asarray(estimate)] if t % k == 0 else None)
        theirs.append(params.detach().numpy().copy())
    ours, _ = run(
        BEGIN, grads, estimates, k=k, lr=lr * p, beta1=0.9, beta2=0.95, gamma=p, eps=eps * p, weight_decay=wd / p
    )
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-13)


@pytest.mark.jax
@pytest.mark.peers
@pytest.mark.parametrize("k", [1, 3, 10])
def test_optax_agrees(k):
    """Corrected bias, estimates used one step later; a custom estimator hands ours over."""
    jax = pytest.importorskip("jax", reason="JAX is not installed (`make peers`)")
    optax = pytest.importorskip("optax", reason="Optax is not installed (`make peers`)")
    contrib = pytest.importorskip("optax.contrib", reason="Optax is not installed (`make peers`)")
    given = optax.GradientTransformationExtraArgs(
        lambda params: optax.EmptyState(), lambda updates, state, params=None, *, estimate, **rest: (estimate, state)
    )
    rates = {"beta1": 0.9, "beta2": 0.95, "gamma": 5.0, "eps": 1e-12, "weight_decay": 0.3}
    with jax.enable_x64(True):
        chain = contrib.sophia(
            0.1, b1=0.9, b2=0.95, eps=1e-12, gamma=5.0, weight_decay=0.3, update_interval=k, hessian_diagonal_fn=given
        )
        update = jax.jit(lambda g, state, theta, estimate: chain.update(g, state, theta, estimate=estimate))
        for kind in KINDS:
            theta, theirs = jax.numpy.asarray(BEGIN), []
            state = chain.init(theta)
            for grad, estimate in zip(*stress(kind), strict=True):
                updates, state = update(grad, state, theta, estimate)
                theta = optax.apply_updates(theta, updates)
                theirs.append(np.asarray(theta))
            grads, estimates = stress(kind)
            ours = variant("optax")(theta0=BEGIN, grads=grads, estimates=estimates, k=k, lr=0.1, **rates)
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-13)


@pytest.mark.torch
@pytest.mark.peers
@kinds
@pytest.mark.parametrize("k", [1, 3, 10])
def test_the_released_code_agrees(kind, k):
    """Its package squares the gradient that it finds in `.grad`; B is in the step, and the refresh comes after it."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("sophia_opt", reason="sophia-opt is not installed")
    params = torch.nn.Parameter(torch.tensor(BEGIN))
    optimizer = peer.SophiaG([params], lr=0.1, betas=(0.9, 0.95), rho=0.05, weight_decay=0.3)
    grads, sampled = stress(kind)
    theirs = []
    for t, (grad, drawn) in enumerate(zip(grads, sampled, strict=True), start=1):
        params.grad = torch.asarray(grad)
        optimizer.step(bs=16)
        theirs.append(params.detach().numpy().copy())
        if t % k == 0:
            params.grad = torch.asarray(drawn)
            optimizer.update_hessian()
    estimates = [sophia.gauss_newton_bartlett(drawn, batch=16) for drawn in sampled]
    rates = {"beta1": 0.9, "beta2": 0.95, "gamma": 0.05, "eps": 1e-15, "weight_decay": 0.3}
    ours = variant("released_code")(theta0=BEGIN, grads=grads, estimates=np.stack(estimates), k=k, lr=0.1, **rates)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-13)


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_gives_the_same_estimates_of_a_network():
    """Hessian product and sampled-label gradient by PyTorch's autograd."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    rng = stream(0, "test-sophia", "torch")
    weights, x, probe = rng.standard_normal((3, 4)), rng.standard_normal((6, 3)), rng.standard_normal((3, 4))
    labels, uniforms = rng.integers(0, 4, 6), rng.uniform(size=6)
    theirs = torch.tensor(weights, requires_grad=True)
    entropy = torch.nn.functional.cross_entropy
    f = torch.tanh(torch.asarray(x) @ theirs)
    (slope,) = torch.autograd.grad(entropy(f, torch.asarray(labels)), theirs, create_graph=True)
    (product,) = torch.autograd.grad((slope * torch.asarray(probe)).sum(), theirs, retain_graph=True)
    ours = models.hutchinson_estimate(weights, x, labels, probe, model="tanh")
    np.testing.assert_allclose(ours, probe * product.numpy(), rtol=1e-11)
    sampled = sophia.sample_labels(models.logits(weights, x, model="tanh"), uniforms)
    (slope,) = torch.autograd.grad(entropy(f, torch.asarray(sampled)), theirs)
    ours = sophia.gauss_newton_bartlett(models.gradient(weights, x, sampled, model="tanh"), batch=6)
    np.testing.assert_allclose(ours, 6 * slope.numpy() ** 2, rtol=1e-11)


# Mistakes that no mutant lists -------------------------------------------------------------------------------------


def floored_before_gamma(reference):
    """gamma max(h, eps) = max(gamma h, gamma eps)."""
    return lambda **inputs: reference(**inputs | {"eps": inputs["gamma"] * inputs["eps"]})


def counted_with_the_old_h(reference):
    def step(**inputs):
        theta, m, h, _ = reference(**inputs)
        old = sophia.SophiaState(m, inputs["h"])
        return theta, m, h, sophia.win_rate(old, gamma=inputs["gamma"], eps=inputs["eps"])

    return step


def drawn_below(reference):
    """A draw of 0 gives the first class, whatever its probability."""

    def gnb(W, x, labels, uniforms, model):
        ends = np.cumsum(softmax(models.logits(W, x, model=model), axis=1), axis=1)[:, :-1]
        sampled = np.count_nonzero(ends < uniforms[:, None], axis=1)
        return sophia.gauss_newton_bartlett(models.gradient(W, x, sampled, model=model), batch=len(x))

    return gnb


def naive_softmax(reference):
    def estimate(**inputs):
        with np.errstate(over="ignore", invalid="ignore"):
            weights = np.exp(models.logits(inputs["W"], inputs["x"], model=inputs["model"]))
            return reference(**inputs) + 0 * (weights / weights.sum(axis=1, keepdims=True)).sum()

    return estimate


@pytest.mark.parametrize(
    ("target", "mistake"),
    [
        ("sophia.trajectory", floored_before_gamma),
        ("sophia.step", floored_before_gamma),
        ("sophia.step", counted_with_the_old_h),
        ("sophia.gnb", drawn_below),
        ("sophia.gnb", naive_softmax),
        ("sophia.hutchinson", naive_softmax),
    ],
)
@pytest.mark.parametrize("dtype", sample(["float64"], ["float32"]))
def test_a_mistake_without_a_name_is_found(target, mistake, dtype):
    wrong = mistake(catalog.operation(target).reference)
    report = check(wrong, target, dtypes=(dtype,), laws=False)
    assert report.verdict == "deviates"
    assert report.diagnosis is None


def test_what_comes_from_outside_is_checked():
    ones = np.ones(2)
    with pytest.raises(ValueError, match="m must be finite"):
        sophia.win_rate(sophia.SophiaState(np.array([1.0, np.nan]), ones))
    with pytest.raises(ValueError, match="h must have shape"):
        sophia.win_rate(sophia.SophiaState(ones, np.ones(3)))
    with pytest.raises(ValueError, match="product must be finite"):
        hutchinson(lambda v: v + np.nan, ones)
    W, x = np.zeros((1, 2)), np.array([[2.0]])
    with pytest.raises(ValueError, match=r"labels must be in \[0, 2\)"):
        models.gradient(W, x, np.array([2]))
    with pytest.raises(TypeError, match="labels must be an array of integers"):
        models.gradient(W, x, np.array([1.0]))
