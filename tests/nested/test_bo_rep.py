"""BO-REP: steps by hand on every backend, hyper-gradients by differences, what is refused, the applications, peers."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize as descend

from refimpl.core.autodiff import grad, hvp, jacobian
from refimpl.core.random import stream
from refimpl.models.losses import softmax_cross_entropy
from refimpl.nested import _bo_rep_baselines as baselines
from refimpl.nested import _bo_rep_models as models
from refimpl.nested import bo_rep
from refimpl.oracle.edits import edited
from refimpl.problems import hyper_cleaning
from refimpl.problems.digits import digits
from refimpl.problems.functions import central_differences
from refimpl.specs.nested.bo_rep.mistakes import ALTERNATIVES
from tests.alike import assert_like

LIKE = np.zeros(1)


# The rule -----------------------------------------------------------------------------------------------------------


def fixture(name="rule", d=2, p=3):
    """A problem of numbers with few digits, and noise of every kind."""
    rng = stream(0, "test-bo_rep", name)
    q = rng.standard_normal((p, p)).round(2)
    A, W, t = np.eye(p) + q @ q.T / p, rng.standard_normal((p, d)).round(2) / 2, rng.standard_normal(p).round(2)
    return A, W, t, rng.standard_normal(d).round(2), 3 * rng.standard_normal(p).round(2), rng


def plain(A, W, t, x, y, noise, steps, rates):
    """The paper's steps as they are printed."""
    eta, beta, nu, alpha, period, burst, radius = rates
    z, m, xs, ys, s = np.zeros_like(y), np.zeros_like(x), [x], [], 0
    for k in range(steps):
        if k > 0 and k % period == 0:
            start = y.copy()
            for _ in range(burst):
                y = y - alpha * (A @ (y - W @ x) + noise[s])
                s += 1
                gap = np.sqrt(np.sum((y - start) ** 2))
                if gap > radius:
                    y = start + radius / gap * (y - start)
        old = z
        z = z - nu * (A @ z - (y - t))
        m = beta * m + (1 - beta) * (np.sinh(x) + W.T @ A @ old)
        x = x - eta * m / np.sqrt(np.sum(m**2))
        xs.append(x)
        ys.append(y)
    return np.array(xs), np.array(ys)


@pytest.mark.parametrize("radius", [0.3, math.inf])
def test_steps_of_the_paper_on_every_backend(backend, radius):
    A, W, t, x, y, rng = fixture()
    noise = rng.standard_normal((20, 3)).round(2) / 4
    xs, ys = plain(A, W, t, x, y, noise, 9, (0.1, 0.8, 0.2, 0.15, 3, 2, radius))
    problem = models.Cosh(*map(backend.asarray, (A, W, t)))
    rows, found = backend.asarray(noise), []
    start = backend.asarray(x)
    last, run = bo_rep.minimize(
        start, backend.asarray(y), lambda x, y, i: problem.lower(x, y, rows[i, ...]),
        lambda x, y, k: problem.upper(x, y), steps=9, eta=0.1, beta=0.8, nu=0.2, alpha=0.15, period=3, burst=2,
        radius=radius, epochs=0, record=lambda x, state: found.append((x, state.y)) or {},
    )  # fmt: skip
    state = run.state[1]
    for array, shape in ((last, (2,)), (state.y, (3,)), (state.z, (3,)), (state.m, (2,))):
        assert_like(array, start, shape)
    close = {"rtol": 100 * backend.tolerance, "atol": 100 * backend.tolerance}
    np.testing.assert_allclose([backend.to_numpy(x) for x, _ in found], xs, **close)
    np.testing.assert_allclose([backend.to_numpy(y) for _, y in found[1:]], ys, **close)


def test_epoch_sgd_by_hand_on_every_backend(backend):
    """Two epochs of one and two steps on y^2 / 2: 4 -> 2; then 1.5 and 1.125, cut at 2 - 0.75 = 1.25."""
    y = bo_rep.epoch_sgd(
        backend.asarray([4.0]), lambda y, t: y, epochs=2, first=1, alpha=0.5, radius=0.75 * math.sqrt(2) + 1.5
    )
    assert_like(y, backend.asarray([0.0]), (1,))
    assert float(y[0]) == pytest.approx((1.5 + 1.125) / 2, rel=10 * backend.tolerance)
    cut = bo_rep.epoch_sgd(backend.asarray([4.0]), lambda y, t: y, epochs=2, first=1, alpha=1.0, radius=0.5 * 2**0.5)
    first = 4 - 0.5 * 2**0.5
    assert float(cut[0]) == pytest.approx(first - 0.5, rel=10 * backend.tolerance)


def test_nothing_that_is_given_is_changed(backend):
    given = [backend.asarray(v) for v in ([1.0], [2.0, 3.0], [0.5, 0.5], [0.25])]
    x, y, z, m = given
    upper = bo_rep.Upper(backend.asarray([1.0]), backend.asarray([1.0, 1.0]), lambda z: 2 * z, lambda z: z[:1])
    bo_rep.update(x, bo_rep.BORepState(y, z, m), upper, eta=0.1)
    bo_rep.lower_update(y, lambda y, t: y, steps=2, alpha=0.5, radius=0.5)
    bo_rep.epoch_sgd(y, lambda y, t: y, epochs=2, first=2, alpha=0.5, radius=0.5)
    assert [backend.to_numpy(v).tolist() for v in given] == [[1.0], [2.0, 3.0], [0.5, 0.5], [0.25]]


def test_without_a_direction_x_stays(backend):
    x, zero = backend.asarray([1.0, -2.0]), backend.asarray([0.0, 0.0])
    upper = bo_rep.Upper(zero, zero, lambda z: z, lambda z: z)
    moved, state = bo_rep.update(x, bo_rep.init(x, x), upper, eta=0.5)
    assert backend.to_numpy(moved).tolist() == [1.0, -2.0]
    assert backend.to_numpy(state.m).tolist() == [0.0, 0.0]


def test_every_step_is_as_long_in_any_shape():
    rng = stream(0, "test-bo_rep", "shapes")
    x, y, points = rng.standard_normal((3, 2)), rng.standard_normal((2, 2, 2)), []
    upper = lambda x, y, k: bo_rep.Upper(x**3, y, lambda z: 2 * z, lambda z: np.full((3, 2), z.sum()))
    record = lambda x, state: points.append(x) or {}
    bo_rep.minimize(x, y, lambda x, y, t: y, upper, steps=5, eta=0.125, record=record)
    np.testing.assert_allclose([np.linalg.norm(b - a) for a, b in pairwise(points)], 0.125)


def test_samples_are_taken_in_order_and_each_once():
    asked = []
    lower = lambda x, y, t: asked.append(t) or 0 * y
    upper = lambda x, y, k: bo_rep.Upper(x, y, lambda z: z, lambda z: z)
    rates = {"period": 2, "burst": 4, "epochs": 2, "first": 3}
    bo_rep.minimize(np.ones(1), np.ones(1), lower, upper, steps=7, eta=0.1, **rates)
    assert asked == list(range(9 + 3 * 4))


def test_epoch_sgd_halves_the_squared_error():
    """Each epoch: half the variance at twice the price; 300 copies side by side."""
    rng, found = stream(0, "test-bo_rep", "epochs"), []
    for epochs in (2, 3, 4, 5):
        y = np.zeros((300, 2)) + 1.0
        noise = lambda y, t: y + 0.3 * rng.standard_normal(y.shape)
        found.append(np.mean(bo_rep.epoch_sgd(y, noise, epochs=epochs, first=50, alpha=0.2, radius=1e3) ** 2))
    ratios = np.array(found[1:]) / found[:-1]
    assert np.all((ratios > 0.35) & (ratios < 0.65))


def test_the_descent_inequality_needs_the_larger_constant():
    """Phi = cosh: |Phi''| <= 1 + |Phi'|. Along a step of 1 the curvature grows: 2 (e - 2) in place of 1, nearly met."""
    x = np.linspace(0, 20, 2001)
    remainder = np.cosh(x + 1) - np.cosh(x) - np.sinh(x)
    ratio = remainder / (0.5 * (1 + np.abs(np.sinh(x))))
    assert 1.43 < ratio.max() <= 2 * (math.e - 2)


# The hyper-gradient -------------------------------------------------------------------------------------------------


def test_implicit_derivative_of_the_cosh_problem_is_that_of_its_value():
    A, W, t, x, _, _ = fixture("value")
    problem = models.Cosh(A, W, t)
    value = lambda x: np.sum(np.cosh(x)) + 0.5 * np.sum((W @ x - t) ** 2)
    upper = problem.upper(x, problem.solution(x))
    hyper, z = baselines.implicit(upper.grad_x, upper.grad_y, A, -W.T @ A)
    np.testing.assert_allclose(hyper, central_differences(value, h=1e-5)(x), rtol=1e-8)
    np.testing.assert_allclose(hyper, problem.gradient(x), rtol=1e-12)
    np.testing.assert_allclose(upper.grad_x - upper.cross(z), hyper, rtol=1e-12)


def small_digits(n=60, m=40):
    images, labels = digits(like=LIKE, part="train")
    keep = np.concatenate([np.flatnonzero(labels == k)[:40] for k in range(3)])
    keep = keep[stream(0, "test-bo_rep", "digits").permutation(len(keep))]
    pixels = images[:, 10:60:7]
    return (pixels[keep[:n]], labels[keep[:n]]), (pixels[keep[n : n + m]], labels[keep[n : n + m]])


def solved(g, x, y):
    """The lower minimizer by a quasi-Newton method."""
    shape = y.shape
    gradient = grad(g, 1)
    both = lambda flat: (float(g(x, flat.reshape(shape))), gradient(x, flat.reshape(shape)).ravel())
    options = {"gtol": 1e-11, "ftol": 1e-16, "maxiter": 5000}
    return descend(both, y.ravel(), jac=True, method="L-BFGS-B", options=options).x.reshape(shape)


def polished(g, x, y, hessian):
    """The same from a y nearby, to rounding: the Hessian there takes three digits and more with each step."""
    for _ in range(6):
        y = y - np.linalg.solve(hessian, grad(g, 1)(x, y).ravel()).reshape(y.shape)
    return y


@pytest.mark.parametrize("application", ["penalties", "representation"])
def test_hyper_gradients_of_the_applications_by_differences(application):
    train, validation = small_digits()
    rng = stream(0, "test-bo_rep", application)
    if application == "penalties":
        f, g = models.penalties(train, validation)
        x, y = np.array([-2.0, -1.0, -1.5]), np.zeros((train[0].shape[1], 3))
    else:
        f, g = models.representation(train, validation, reg=0.1)
        x, y = 0.3 * rng.standard_normal((train[0].shape[1], 2)), np.zeros((2, 3))
    y = solved(g, x, y)
    upper = models.by_autodiff(f, g)[1](x, y, 0)
    gradient = lambda flat: grad(g, 1)(x, flat.reshape(y.shape)).ravel()
    hessian = np.stack([upper.hvp(e.reshape(y.shape)).ravel() for e in np.eye(y.size)])
    automatic = jacobian(lambda v: grad(lambda w: g(x, w))(v))(y)
    np.testing.assert_allclose(hessian, automatic.reshape(y.size, y.size), atol=1e-10)
    assert np.max(np.abs(gradient(y.ravel()))) < 1e-7
    cross = np.stack([upper.cross(e.reshape(y.shape)).ravel() for e in np.eye(y.size)], axis=1)
    hyper, _ = baselines.implicit(upper.grad_x.ravel(), upper.grad_y.ravel(), hessian, cross)
    for _ in range(2):
        direction = rng.standard_normal(x.shape)
        up, down = (float(f(at, polished(g, at, y, hessian))) for at in (x + 1e-4 * direction, x - 1e-4 * direction))
        assert (up - down) / 2e-4 == pytest.approx(float(hyper @ direction.ravel()), rel=1e-4, abs=1e-7)


def test_z_and_the_series_tend_to_the_solve():
    A, W, t, x, _, _ = fixture("solve")
    problem = models.Cosh(A, W, t)
    y = problem.solution(x)
    exact, solution = baselines.implicit(*problem.upper(x, y)[:2], A, -W.T @ A)
    state = bo_rep.init(x, y)
    for _ in range(400):
        _, state = bo_rep.update(x, state, problem.upper(x, y), eta=0.1, nu=0.2, beta=0.0)
    np.testing.assert_allclose(state.z, solution, rtol=1e-9)
    np.testing.assert_allclose(state.m, exact, rtol=1e-9)
    upper = problem.upper(x, y)
    h, z = baselines.stocbio(upper._replace(hvp=lambda p, j: A @ p), terms=300, nu=0.2)
    np.testing.assert_allclose(z, solution, rtol=1e-9)
    np.testing.assert_allclose(h, exact, rtol=1e-9)


def test_the_noise_of_the_cosh_problem():
    """0.3 per coordinate of each gradient, 0.06 times the length of z of the Hessian's product."""
    problem = models.cosh_problem(stream(0, "test-bo_rep", "noisy"), like=LIKE)
    lower, upper = models.noisy(problem, stream(0, "test-bo_rep", "draws"))
    x, y, z = np.ones(4), np.ones(6), np.array([3.0, 4.0, 0.0, 0.0, 0.0, 0.0])
    exact, draws = problem.upper(x, y), [upper(x, y, k) for k in range(2000)]
    for found, value, scale in (
        ([lower(x, y, t) for t in range(2000)], problem.lower(x, y), 0.3),
        ([draw.grad_x for draw in draws], exact.grad_x, 0.3),
        ([draw.grad_y for draw in draws], exact.grad_y, 0.3),
        ([draw.hvp(z) for draw in draws], exact.hvp(z), 0.3),
    ):
        np.testing.assert_allclose(np.mean(found, axis=0), value, atol=0.04)
        np.testing.assert_allclose(np.std(found, axis=0), scale, rtol=0.1)
    assert draws[0].cross(z).tolist() == exact.cross(z).tolist()


# Baselines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beta", [0.0, 0.7])
def test_ma_soba_moves_all_three_from_the_old_point(backend, beta):
    A, W, t, x, y, _ = fixture("soba")
    z, m = np.zeros(3), np.zeros(2)
    problem = models.Cosh(*map(backend.asarray, (A, W, t)))
    ours = backend.asarray(x)
    state = bo_rep.init(ours, backend.asarray(y))
    for _ in range(6):
        rates = {"lr": 0.05, "beta": beta, "nu": 0.1, "alpha": 0.2}
        upper, lower = problem.upper(ours, state.y), problem.lower(ours, state.y)
        ours, state = baselines.ma_soba(ours, state, upper, lower, **rates)
        m = beta * m + (1 - beta) * (np.sinh(x) + W.T @ (A @ z))
        x, y, z = x - 0.05 * m, y - 0.2 * A @ (y - W @ x), z - 0.1 * (A @ z - (y - t))
    for got, expected in ((ours, x), (state.y, y), (state.z, z)):
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=100 * backend.tolerance)


def test_clipped_steps_are_normalized_ones_where_the_gradient_is_large():
    problem = models.cosh_problem(stream(0, "test-bo_rep", "clip"), like=LIKE)
    exact = lambda x, y, t: problem.lower(x, y), lambda x, y, k: problem.upper(x, y)
    start, y = 12 * np.array([1.0, -0.9, 0.8, -0.7]), np.zeros(6)
    rates = {"steps": 60, "beta": 0.9, "nu": 0.1, "alpha": 0.1}
    clipped, _ = baselines.descend(start, y, *exact, lr=0.05, clip=0.05, **rates)
    normal, _ = bo_rep.minimize(start, y, *exact, eta=0.05, period=1, burst=1, epochs=0, **rates)
    np.testing.assert_allclose(clipped, normal, atol=1e-2)


@pytest.mark.jax
@pytest.mark.peers
def test_the_implicit_gradient_is_that_of_jaxopt():
    """The hyper-gradient of hyper-cleaning, by `jaxopt.implicit_diff.root_vjp` and JAX's own derivatives."""
    jax = pytest.importorskip("jax", reason="JAX is not installed (`make peers`)")
    jaxopt = pytest.importorskip("jaxopt", reason="jaxopt is not installed")
    jax.config.update("jax_enable_x64", True)
    data, lam, w = cleaning_problem()

    def loss(w, lam):
        log_chances = jax.nn.log_softmax(data.train @ w, axis=1)
        losses = -log_chances[np.arange(len(data.labels)), data.labels]
        return (jax.nn.sigmoid(lam) * losses).mean() + 0.05 * (w**2).sum()

    slope = hyper_cleaning.upper_gradient(w, data.validation, data.validation_labels)
    solve = lambda matvec, b: jaxopt.linear_solve.solve_cg(matvec, b, tol=1e-12)
    theirs = jaxopt.implicit_diff.root_vjp(jax.grad(loss), w, (lam,), slope, solve=solve)[0]
    product = lambda z: hyper_cleaning.lower_hvp(w, z, lam, data.train, data.labels, reg=0.1)
    hessian = np.stack([product(e.reshape(w.shape)).ravel() for e in np.eye(w.size)])
    z = np.linalg.solve(hessian, slope.ravel()).reshape(w.shape)
    every = np.arange(len(lam))
    ours = -hyper_cleaning.cross_product(w, z, lam, data.train, data.labels, every)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-12)


def test_the_authors_code_is_the_rule_with_five_lines_changed():
    """Numbers of its data_cleaning/bo_rep.py, on the CPU in double precision, a linear model in place of its network.

    Eight samples in every batch, six steps, its default rates. Its gradients were set to zero before each backward
    pass; as published they pile up, and lambda is off by 0.1.
    """
    rng = np.random.default_rng(0)
    x, labels, every = rng.standard_normal((8, 5)).round(2), np.arange(8) % 3, np.arange(8)
    w, z = rng.standard_normal((5, 3)).round(2), rng.standard_normal((5, 3)).round(2)
    data = hyper_cleaning.CleaningData(x, labels, None, x, labels, None, None)
    names = "lower_batches", "upper_batches", "hvp_batches", "cross_batches"
    lower, upper = models.cleaning(data, reg=1e-4, **dict.fromkeys(names, lambda k: every))
    slugs = "fresh_z", "hessian_before_burst", "burst_at_zero", "norm_not_squared", "small_number_beside_norm"
    known = {alternative.slug: alternative.edits for alternative in ALTERNATIVES}
    changed = {key: text for slug in slugs for key, text in known[slug].items()}
    rates = {"eta": 0.05, "beta": 0.9, "nu": 0.01, "alpha": 0.05, "period": 2, "burst": 11, "epochs": 0}
    with edited("bo_rep", changed):
        lam, run = bo_rep.minimize(np.ones(8), w, lower, upper, steps=6, z=z, **rates)
    theirs = [1.2084922142668373, 1.027007169357406, 0.8751411927210146, 0.9492868818482826]
    theirs += [1.159165759194412, 1.0191147561419722, 0.9937905405533154, 1.0429132768878429]
    np.testing.assert_allclose(lam, theirs, rtol=1e-12)
    np.testing.assert_allclose(
        run.state[1].y[0, :], [-1.2370685672638635, 1.5718410074016544, 1.2651698003305676], rtol=1e-12
    )


def cleaning_problem():
    data = hyper_cleaning.cleaning_data(stream(0, "test-bo_rep", "data"), like=LIKE, train=12, validation=6)
    rng = stream(0, "test-bo_rep", "point")
    data = data._replace(train=data.train[:, 20:26], validation=data.validation[:, 20:26])
    return data, rng.standard_normal(12), rng.standard_normal((6, 10))


# The applications ---------------------------------------------------------------------------------------------------


def test_hyper_cleaning_finds_wrong_labels():
    data = hyper_cleaning.cleaning_data(stream(0, "test-bo_rep", "cleaning"), like=LIKE, train=120, validation=120)
    every, clean = np.arange(120), np.arange(120)
    batches = {"lower_batches": every, "upper_batches": clean, "hvp_batches": every, "cross_batches": every}
    lower, upper = models.cleaning(data, reg=0.05, **{k: (lambda i, rows=v: rows) for k, v in batches.items()})
    rates = {"eta": 0.3, "nu": 0.1, "alpha": 0.5, "period": 2, "burst": 3, "epochs": 0}
    lam, _ = bo_rep.minimize(np.zeros(120), np.zeros((65, 10)), lower, upper, steps=150, **rates)
    assert lam[~data.wrong].mean() > lam[data.wrong].mean() + 0.5


@pytest.mark.parametrize("application", ["penalties", "representation"])
def test_the_validation_loss_falls(application):
    train, validation = small_digits()
    if application == "penalties":
        f, g = models.penalties(train, validation)
        x, y = np.full(3, 1.0), np.zeros((train[0].shape[1], 3))
    else:
        f, g = models.representation(train, validation, reg=0.05)
        x = 0.1 * stream(0, "test-bo_rep", "encoder").standard_normal((train[0].shape[1], 3))
        y = np.zeros((3, 3))
    rates = {"eta": 0.1, "nu": 0.2, "alpha": 0.2, "period": 2, "burst": 5, "epochs": 3, "first": 20, "alpha0": 0.3}
    last, _ = bo_rep.minimize(x, y, *models.by_autodiff(f, g), steps=60, **rates)
    assert f(last, solved(g, last, y)) < 0.7 * f(x, solved(g, x, y))


# What is refused ----------------------------------------------------------------------------------------------------

ONE = np.ones(1)
TWO, NAN = np.ones(2), np.array([math.nan])
UPPER = bo_rep.Upper(ONE, ONE, lambda z: z, lambda z: z)
GRAD = lambda y, t: y
STATE = bo_rep.init(ONE, ONE)


def ask(**changed):
    given = {"steps": 1, "eta": 0.1} | changed
    return bo_rep.minimize(ONE, ONE, lambda x, y, t: y, lambda x, y, k: UPPER, **given)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ask(period=0), "period must be an integer >= 1, got 0"),
        (lambda: ask(burst=0), "burst must be an integer >= 1, got 0"),
        (lambda: ask(steps=-1), "steps must be an integer >= 0"),
        (lambda: ask(steps=3, radius=0.0), "radius must be a number > 0, got 0.0"),
        (lambda: ask(radius0=-1.0), "radius must be a number > 0, got -1"),
        (lambda: ask(first=0), "first must be an integer >= 1"),
        (lambda: bo_rep.lower_update(ONE, GRAD, steps=1, alpha=0.1, radius=math.nan), "radius must be"),
        (lambda: bo_rep.lower_update(ONE, lambda y, t: np.ones(2), steps=1, alpha=0.1), "grad must have shape"),
        (lambda: bo_rep.lower_update(ONE, lambda y, t: y * math.nan, steps=1, alpha=0.1), "grad must be finite"),
        (lambda: bo_rep.init(ONE, ONE, z=np.ones(2)), "z must have shape"),
        (lambda: bo_rep.update(np.ones(2), bo_rep.init(np.ones(2), ONE), UPPER, eta=0.1), "grad_x must have shape"),
        (lambda: bo_rep.update(ONE, bo_rep.init(ONE, np.ones(2)), UPPER, eta=0.1), "grad_y must have shape"),
        (lambda: bo_rep.update(ONE, STATE, UPPER._replace(hvp=lambda z: np.ones(2)), eta=0.1), "hvp must have"),
        (lambda: bo_rep.update(ONE, STATE, UPPER._replace(cross=lambda z: np.ones(2)), eta=0.1), "cross must have"),
        (lambda: baselines.implicit(ONE, np.ones(2), np.ones((2, 2)), np.ones((1, 2))), "hessian must be"),
        (lambda: baselines.stocbio(UPPER._replace(hvp=lambda p, j: p), terms=0, nu=0.1), "terms must be"),
        (lambda: baselines.descend(ONE, ONE, GRAD, GRAD, steps=1, lr=0.1, nu=0.1, alpha=0.1, clip=0.0), "clip must be"),
        (lambda: models.representation((ONE, ONE), (ONE, ONE), reg=0.0), "reg must be"),
        (lambda: bo_rep.update(ONE, STATE._replace(m=NAN), UPPER, eta=0.1), "state.m must be finite"),
        (lambda: bo_rep.update(ONE, STATE, UPPER._replace(hvp=lambda z: NAN), eta=0.1), "hvp must be finite"),
        (lambda: bo_rep.update(ONE, STATE, UPPER._replace(cross=lambda z: NAN), eta=0.1), "cross must be finite"),
        (lambda: baselines.implicit(TWO, TWO, np.array([[2.0, 1.0], [0.0, 2.0]]), np.eye(2)), "hessian must be sym"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_lower_problem_without_penalty_is_refused_where_it_is_solved():
    """Softmax regression does not see a constant added to all logits: its Hessian is singular."""
    data, lam, w = cleaning_problem()
    for reg in (0.0, 0.1):
        product = lambda z, reg=reg: hyper_cleaning.lower_hvp(w, z, lam, data.train, data.labels, reg=reg)
        hessian = np.stack([product(e.reshape(w.shape)).ravel() for e in np.eye(w.size)])
        given = np.zeros(1), np.ones(w.size), hessian, np.ones((1, w.size))
        if reg:
            assert baselines.implicit(*given)[1].shape == (60,)
        else:
            with pytest.raises(ValueError, match="hessian must be that of a strongly convex lower problem"):
                baselines.implicit(*given)


def test_the_written_out_hessian_is_the_automatic_one():
    """With weights of 1, that of `core.autodiff`."""
    data, _, w = cleaning_problem()
    z = stream(0, "test-bo_rep", "z").standard_normal(w.shape)

    def loss(w):
        return softmax_cross_entropy(data.train @ w, data.labels)

    sure = np.full(12, 50.0)
    ours = hyper_cleaning.lower_hvp(w, z, sure, data.train, data.labels, reg=0.0)
    np.testing.assert_allclose(ours, hvp(loss, w, z), rtol=1e-10, atol=1e-14)


def test_the_cosh_problem_lives_where_its_array_does(backend):
    problem = models.cosh_problem(stream(0, "test-bo_rep", "device"), like=backend.asarray([0.0]))
    here = models.cosh_problem(stream(0, "test-bo_rep", "device"), like=LIKE)
    np.testing.assert_allclose(backend.to_numpy(problem.A), here.A, rtol=10 * backend.tolerance)
