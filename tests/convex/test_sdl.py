"""Supervised dictionary learning: worked numbers, every library, theory, references that share no code, refusals."""

import numpy as np
import pytest

from refimpl import convex
from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.specs.convex.sdl.claims import supervision, topics
from tests.alike import assert_kind

X, ONES = [[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]], [[1.0, 1.0, 1.0]]
B = [[0.5, 0.1, 1.0], [0.2, 0.3, -0.4]]
WORKED = [  # model, labels, A, gamma; objective; A, B, gamma after one step of LPGD
    (
        "filter",
        [1, 0, 1],
        [[0.5], [-0.2]],
        [[0.1]],
        2.4278930644,
        [[0.6665681272], [-0.2496466424]],
        [[0.4736389798, -0.0743606338, 1.2231788308], [-0.1773897914, 0.0278499403, -0.4581114454]],
        [[0.1146975796]],
    ),
    (
        "feature",
        [1, 0, 1],
        [[0.5, -0.2, 0.3]],
        [[0.1]],
        2.7088998630,
        [[0.2794593895, -0.0685628213, 0.5373013871]],
        [[0.6070410138, -0.1489319955, 1.1671247807], [-0.1992377247, 0.0488811650, -0.3830635501]],
        [[0.1521270442]],
    ),
    (
        "filter",
        [1, 0, 2],
        [[0.5, 0.1], [-0.2, 0.3]],
        [[0.1, -0.2]],
        4.9248050504,
        [[0.3172866225, 0.3486135207], [-0.0953072924, -0.1047173388]],
        [[0.5062592862, -0.0478506772, 1.2439571287], [-0.15207134, 0.0143734975, -0.3736627309]],
        [[0.0024517527, -0.1413758688]],
    ),
    (
        "feature",
        [1, 0, 2],
        [[0.5, -0.2, 0.3], [0.1, 0.4, -0.3]],
        [[0.1, -0.2]],
        4.6302943750,
        [[0.2099535119, -0.050776071, 0.4080305548], [-0.0565903558, 0.0136860579, -0.1099795573]],
        None,
        [[0.0440350028, -0.1578469231]],
    ),
]
ROUNDS = {  # model -> W, H, beta, gamma after round 1; objectives after rounds 1 and 2
    "filter": (
        [[0.8790852722], [-0.3732541471]],
        [[0.9148658503, -0.0176269797, 1.6692496189]],
        [[0.7885390082]],
        [[0.0798345120]],
        (2.4301427679, 2.1378313016),
    ),
    "feature": (
        [[0.8860301474], [-0.3379672756]],
        [[0.9899254194, -0.0322737232, 1.6708864523]],
        [[0.7885390082]],
        [[0.0383507011]],
        (2.6065006695, 2.3688281103),
    ),
}
kinds = pytest.mark.parametrize("kind", sdl.KINDS)
models = pytest.mark.parametrize(("kind", "classes"), [(kind, k) for kind in sdl.KINDS for k in (2, 3, 4)])


def close(backend, got, expected, roundings=100):
    np.testing.assert_allclose(
        backend.to_numpy(got), expected, rtol=roundings * backend.tolerance, atol=6e-11 + roundings * backend.tolerance
    )


def problem(kind, classes, *, p=5, n=9, r=2, q=2, seed=0):
    """Samples and a random start, on NumPy."""
    rng = stream(seed, "test-sdl", kind, classes)
    drawn = tools.simulate(rng, p=p, n=n, r=r, q=q, sigma=0.3, classes=classes, kind=kind)
    samples = sdl.data(*drawn[1:], classes=classes)
    return samples, sdl.init(rng, samples, rank=r, scale=0.6), drawn


def moved(backend, samples, state):
    """The same on a backend."""
    samples = sdl.data(
        backend.asarray(samples.x),
        backend.asarray(samples.covariates),
        backend.asarray((np.arange(1, samples.targets.shape[0] + 1) @ samples.targets).astype(np.int64)),
        classes=samples.targets.shape[0] + 1,
    )
    return samples, type(state)(*map(backend.asarray, state))


# Worked numbers, on every backend -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", WORKED, ids=["filter", "feature", "filter-3", "feature-3"])
def test_lpgd_step_of_the_worked_example(backend, case):
    kind, labels, A, gamma, value, new_A, new_B, new_gamma = case
    samples = sdl.data(backend.asarray(X), backend.asarray(ONES), backend.asarray(labels), classes=max(labels) + 1)
    state = sdl.Lifted(*map(backend.asarray, (A, B, gamma)))
    settings = {"xi": 0.5, "nu": 0.1, "kind": kind}
    close(backend, sdl.lifted_objective(state, samples, **settings), value)
    state, info = sdl.lpgd_step(state, samples, rank=1, step_size=0.2, **settings)
    for part in (*state, info.cut):
        assert_kind(part, samples.x)
    close(backend, state.A, new_A)
    close(backend, state.gamma, new_gamma)
    if new_B is not None:
        close(backend, state.B, new_B)
    assert float(info.cut) > 0.5


@kinds
def test_bcd_rounds_of_the_worked_example(backend, kind):
    samples = sdl.data(backend.asarray(X), backend.asarray(ONES), backend.asarray([1, 0, 1]))
    state = sdl.Factors(*map(backend.asarray, ([[0.6], [-0.3]], [[1.0, 0.2, 1.5]], [[0.5]], [[0.1]])))
    *blocks, values = ROUNDS[kind]
    for k in (1, 2):
        state, info = sdl.bcd_step(state, samples, k, xi=0.5, nu=0.1, radius=0.2, kind=kind)
        for part in (*state, info.moves):
            assert_kind(part, samples.x)
        if k == 1:
            for got, expected in zip(state, blocks, strict=True):
                close(backend, got, expected)
            close(backend, info.moves[:3], [0.2 / np.log(2)] * 3)
        close(backend, sdl.objective(state, samples, xi=0.5, nu=0.1, kind=kind), values[k - 1])


@models
def test_everything_on_every_backend(backend, kind, classes):
    """Drivers, factors, prediction: the same as NumPy's, in the library, dtype and device of the samples."""
    plain, start, _ = problem(kind, classes)
    samples, state = moved(backend, plain, start)
    settings = {"xi": 0.5, "nu": 0.1, "kind": kind}
    rank, sketch = 2, stream(0, "sketch").standard_normal((plain.x.shape[1] + (classes - 1) * (kind == "filter"), 4))

    def everything(samples, state, sketch):
        descent = sdl.bcd(samples, state, steps=4, radius=2.0, **settings).state
        lifted = sdl.lpgd(samples, sdl.zeros(samples, kind=kind), rank=rank, steps=4, **settings).state
        rough, _ = sdl.lpgd_step(lifted, samples, rank=rank, step_size=0.1, sketch=sketch, **settings)
        back = sdl.lift(sdl.factorize(lifted, rank, kind=kind), kind=kind)
        bounds = (*sdl.curvature(samples, **settings), *sdl.block_constants(state, samples, **settings))
        new = samples.x, samples.covariates
        scores = sdl.predict(descent, *new, kind=kind), sdl.label_energies(descent, *new, xi=0.5)
        return (*descent, *lifted, *rough, *back, *bounds, *scores)

    found = everything(samples, state, backend.asarray(sketch))
    for got, expected in zip(found, everything(plain, start, sketch), strict=True):
        assert_kind(got, samples.x)
        close(backend, got, expected, 1000)
    x, labels = sdl.generate(
        state, samples.covariates, samples.x, abs(samples.covariates[0, :]) % 1.0, sigma=0.1, kind=kind
    )
    assert_kind(x, samples.x)
    assert backend.to_numpy(labels).dtype == np.int64


def test_nothing_that_is_given_is_changed():
    samples, start, _ = problem("filter", 2)
    copies = [block.copy() for block in (*samples[:3], *start)]
    sdl.bcd(samples, start, xi=0.5, nu=0.1, steps=2)
    sdl.lpgd(samples, sdl.lift(start), rank=1, xi=0.5, nu=0.1, steps=2)
    assert all(np.array_equal(a, b) for a, b in zip(copies, (*samples[:3], *start), strict=True))


# By the definitions, sample by sample ---------------------------------------------------------------------------


def loss_by_hand(samples, A, B_, gamma, squares, *, xi, nu, kind):
    """The loss of given products, and the odds of each sample's classes."""
    value, odds = nu * squares, []
    for s in range(samples.x.shape[1]):
        own = A.T @ samples.x[:, s] if kind == "filter" else A[:, s]
        odds.append(np.exp(np.append(0.0, own + gamma.T @ samples.covariates[:, s])))
        label = 1 + np.argmax(samples.targets[:, s]) if samples.targets[:, s].any() else 0
        value += np.log(np.sum(odds[-1])) - np.log(odds[-1][label])
        value += xi * np.sum((samples.x[:, s] - B_[:, s]) ** 2)
    return value, np.array(odds)


@models
def test_losses_are_what_their_definition_says(kind, classes):
    samples, (W, H, beta, gamma), _ = problem(kind, classes)
    settings = {"xi": 0.7, "nu": 0.2, "kind": kind}
    A = W @ beta if kind == "filter" else beta.T @ H
    lifted = sdl.lift(sdl.Factors(W, H, beta, gamma), kind=kind)
    for got, wanted in zip(lifted, (A, W @ H, gamma), strict=True):
        np.testing.assert_array_equal(got, wanted)
    squares = lambda *parts: sum(np.sum(part**2) for part in parts)
    value, odds = loss_by_hand(samples, *lifted, squares(A, gamma), **settings)
    assert sdl.lifted_objective(lifted, samples, **settings) == pytest.approx(value, rel=1e-13)
    a = sdl.activations(A, gamma, samples.x, samples.covariates, kind=kind)
    np.testing.assert_allclose(np.exp(a), odds[:, 1:].T, rtol=1e-12)
    np.testing.assert_allclose(sdl.probabilities(a), (odds[:, 1:] / odds.sum(axis=1, keepdims=True)).T, rtol=1e-12)
    value, _ = loss_by_hand(samples, *lifted, squares(W, H, beta, gamma), **settings)
    assert sdl.objective(sdl.Factors(W, H, beta, gamma), samples, **settings) == pytest.approx(value, rel=1e-13)
    assert sdl.losses(a, samples.targets).sum() == pytest.approx(
        value - 0.7 * squares(samples.x - W @ H) - 0.2 * squares(W, H, beta, gamma), rel=1e-12
    )


@kinds
def test_data_of_the_model_are_what_its_definition_says(kind):
    rng = stream(0, "test-sdl", "generate", kind)
    W, H, beta, gamma = (rng.standard_normal(shape) for shape in ((3, 2), (2, 40), (2, 2), (1, 2)))
    covariates, noise, uniforms = rng.standard_normal((1, 40)), rng.standard_normal((3, 40)), rng.uniform(size=40)
    x, labels = sdl.generate(sdl.Factors(W, H, beta, gamma), covariates, noise, uniforms, sigma=0.3, kind=kind)
    for s in range(40):
        np.testing.assert_allclose(x[:, s], W @ H[:, s] + 0.3 * noise[:, s], rtol=1e-14)
        seen = W.T @ x[:, s] if kind == "filter" else H[:, s]
        chances = np.exp(np.append(0.0, beta.T @ seen + gamma.T @ covariates[:, s]))
        assert labels[s] == np.searchsorted(np.cumsum(chances / chances.sum()), uniforms[s], side="right")
    assert len(set(labels.tolist())) == 3


@kinds
def test_starts_are_what_their_definition_says(kind):
    samples, _, _ = problem(kind, 3)
    (p, n), q = samples.x.shape, samples.covariates.shape[0]
    lifted = sdl.zeros(samples, kind=kind)
    assert [part.shape for part in lifted] == [(p, 2) if kind == "filter" else (2, n), (p, n), (q, 2)]
    assert not any(part.any() for part in lifted)
    draws, shapes = stream(0, "init"), ((p, 4), (4, n), (4, 2), (q, 2))
    W, *rest = (0.5 * draws.standard_normal(shape) for shape in shapes)
    constraints = {"W": lambda block: np.minimum(block, 0.2)}
    start = sdl.init(stream(0, "init"), samples, rank=4, scale=0.5, constraints=constraints)
    for got, wanted in zip(start, (np.minimum(np.abs(W), 0.2), *rest), strict=True):
        np.testing.assert_array_equal(got, wanted)


@kinds
def test_drivers_are_loops_over_their_steps(kind):
    samples, start, _ = problem(kind, 2, n=20)
    settings = {"xi": 3.0, "nu": 2.0, "kind": kind}
    constraints = {"gamma": sdl.nonnegative}
    state = start = start._replace(gamma=np.abs(start.gamma))
    values = [sdl.objective(state, samples, **settings)]
    for k in range(1, 6):
        state, _ = sdl.bcd_step(state, samples, k, radius=0.5, inner=3, constraints=constraints, **settings)
        values.append(sdl.objective(state, samples, **settings))
    given = {"constraints": constraints, "radius": 0.5, "inner": 3, "record": lambda state: {"W": state.W}}
    run = sdl.bcd(samples, start, steps=5, **given, **settings)
    assert all(np.array_equal(a, b) for a, b in zip(run.state, state, strict=True))
    assert run.history["objective"] == values
    assert np.array_equal(run.history["W"][0], start.W)

    for nu, contracts in ((20.0, True), (0.02, False)):  # the middle of the interval where there is one, or 1 / L
        given = {"xi": 20.0, "nu": nu, "kind": kind}
        mu, L = map(float, sdl.curvature(samples, **given))
        assert (3 * mu > L) == contracts
        step_size = (1 / (2 * mu) + 3 / (2 * L)) / 2 if contracts else 1 / L
        state = sdl.lift(start, kind=kind)
        for _ in range(4):
            state, _ = sdl.lpgd_step(state, samples, rank=2, step_size=step_size, **given)
        run = sdl.lpgd(samples, sdl.lift(start, kind=kind), rank=2, steps=4, **given)
        for got, wanted in zip(run.state, state, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14)
        assert run.history["objective"][-1] == pytest.approx(sdl.lifted_objective(state, samples, **given), rel=1e-13)


# Gradients and constants ---------------------------------------------------------------------------------------


@models
def test_gradients_against_differences_and_autodiff(kind, classes):
    samples, start, _ = problem(kind, classes)
    settings = {"xi": 0.7, "nu": 0.2, "kind": kind}
    for state, value, slope in (
        (start, sdl.objective, sdl.gradient),
        (sdl.lift(start, kind=kind), sdl.lifted_objective, sdl.lifted_gradient),
    ):
        form = type(state)
        loss = lambda parts: value(form(*parts), samples, **settings)
        found = slope(state, samples, **settings)
        traced = grad(loss)(tuple(state))
        flat, unravel = tree.ravel(state)
        steps = 1e-5 * np.eye(flat.size)
        numeric = np.array([(loss(unravel(flat + h)) - loss(unravel(flat - h))) / 2e-5 for h in steps])
        np.testing.assert_allclose(tree.ravel(found)[0], numeric, rtol=1e-7, atol=1e-8)
        for ours, theirs in zip(found, traced, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


@models
def test_curvature_bounds_hold(kind, classes):
    """Rayleigh quotients of the Hessian, by differences of the gradient, lie in [mu, L]; blocks stay below L_j."""
    rng = stream(0, "test-sdl", "curvature", kind, classes)
    samples, start, _ = problem(kind, classes)
    settings = {"xi": 0.7, "nu": 0.2, "kind": kind}
    mu, L = sdl.curvature(samples, **settings)
    quotients = []
    for scale in (0.1, 1.0, 10.0):
        state = tree.map(lambda z: scale * rng.standard_normal(z.shape), sdl.zeros(samples, kind=kind))
        flat, unravel = tree.ravel(state)
        for _ in range(20):
            v = rng.standard_normal(flat.size)
            ends = [sdl.lifted_gradient(unravel(flat + s * 1e-5 * v), samples, **settings) for s in (1, -1)]
            product = (tree.ravel(ends[0])[0] - tree.ravel(ends[1])[0]) / 2e-5
            quotients.append(v @ product / (v @ v))
    assert mu - 1e-6 < min(quotients) <= max(quotients) < L + 1e-6
    slopes = sdl.gradient(start, samples, **settings)
    for block, bound in zip(sdl.BLOCKS, sdl.block_constants(start, samples, **settings), strict=True):
        for _ in range(20):
            shift = rng.standard_normal(getattr(start, block).shape)
            shifted = start._replace(**{block: getattr(start, block) + shift})
            change = getattr(sdl.gradient(shifted, samples, **settings), block) - getattr(slopes, block)
            assert np.linalg.norm(change) <= (1 + 1e-9) * bound * np.linalg.norm(shift)


def test_curvature_of_the_loss_is_a_quarter_or_a_half():
    """Largest eigenvalue of diag(g) - g g^T over many activations: 1/4 for two classes, 1/2 for more."""
    rng = stream(0, "test-sdl", "hessian")
    for k, bound in ((1, 0.25), (2, 0.5), (3, 0.5)):
        a = np.concatenate([3 * rng.standard_normal((k, 4000)), np.full((k, 1), 12.0 if k > 1 else 0.0)], axis=1)
        a[2:, -1] = -50.0
        g = sdl.probabilities(a)
        hessians = [np.diag(column) - np.outer(column, column) for column in g.T]
        top = max(np.linalg.eigvalsh(hessian)[-1] for hessian in hessians)
        assert bound - 1e-4 < top <= bound + 1e-12


def test_step_sizes_contract_and_only_they():
    assert sdl.step_sizes(1.0, 3.5) is None
    low, high = sdl.step_sizes(1.0, 2.5)
    for tau in (low + 1e-9, (low + high) / 2, high - 1e-9):
        assert sdl.contraction(tau, 1.0, 2.5) < 1
    for tau in (low - 1e-9, high + 1e-9):
        assert sdl.contraction(tau, 1.0, 2.5) > 1
    for tau in (0.1, 0.5, 0.9):  # twice the largest |1 - tau lambda| of the gradient step, over all curvatures
        worst = 2 * np.max(np.abs(1 - tau * np.linspace(1.0, 2.5, 31)))
        assert sdl.contraction(tau, 1.0, 2.5) == pytest.approx(worst, rel=1e-14)


def test_truncation_doubles_distances_at_most():
    """|P(Z) - Z*| <= 2 |Z - Z*| for Z* of rank r."""
    rng = stream(0, "test-sdl", "truncation")
    for _ in range(200):
        Z, r = rng.standard_normal((6, 8)), int(rng.integers(1, 4))
        target = rng.standard_normal((6, r)) @ rng.standard_normal((r, 8))
        U, s, Vt = sdl.truncated_svd(Z, r)
        assert np.linalg.norm(U * s @ Vt - target) <= 2 * np.linalg.norm(Z - target)


# Descent -------------------------------------------------------------------------------------------------------


@models
def test_lpgd_never_rises_and_keeps_the_rank(kind, classes):
    samples, _, _ = problem(kind, classes, n=30)
    run = sdl.lpgd(
        samples,
        sdl.zeros(samples, kind=kind),
        rank=2,
        xi=0.3,
        nu=0.0,
        steps=100,
        kind=kind,
        record=lambda state: {"state": state},
    )
    values = np.array(run.history["objective"])
    assert np.all(np.diff(values) <= 1e-13 * values[:-1])
    stacked = np.concatenate([run.state.A, run.state.B], axis=int(kind == "filter"))
    assert np.linalg.matrix_rank(stacked) == 2


def test_lpgd_projects_between_step_and_truncation():
    samples, start, _ = problem("filter", 2)
    clipped = lambda state: state._replace(gamma=np.clip(state.gamma, -0.01, 0.01))
    state, _ = sdl.lpgd_step(sdl.lift(start), samples, rank=2, xi=0.5, step_size=0.1, project=clipped)
    free, _ = sdl.lpgd_step(sdl.lift(start), samples, rank=2, xi=0.5, step_size=0.1)
    assert np.max(np.abs(state.gamma)) == 0.01 < np.max(np.abs(free.gamma))
    assert np.array_equal(state.A, free.A)


@models
@pytest.mark.parametrize("constraints", [None, {"W": sdl.nonnegative, "H": sdl.nonnegative}])
def test_bcd_stays_within_the_radius_and_never_rises(kind, classes, constraints):
    samples, _, _ = problem(kind, classes, n=30)
    state = sdl.init(stream(1, "start"), samples, rank=2, constraints=constraints)
    settings = {"xi": 0.3, "nu": 0.01, "kind": kind}
    value = sdl.objective(state, samples, **settings)
    for k in range(1, 31):
        state, info = sdl.bcd_step(state, samples, k, radius=1.0, constraints=constraints, **settings)
        new = sdl.objective(state, samples, **settings)
        assert new <= value * (1 + 1e-12)
        assert np.max(info.moves) <= info.radius * (1 + 1e-12)
        assert constraints is None or min(state.W.min(), state.H.min()) >= 0
        value = new


@kinds
def test_three_hundred_rounds_come_to_rest(kind):
    """Central differences of the loss as defined vanish at the end."""
    samples, start, _ = problem(kind, 2, n=12)
    state = sdl.bcd(samples, start, xi=0.5, nu=0.3, steps=300, kind=kind, radius=5.0).state
    flat, unravel = tree.ravel(state)

    def loss(flat):
        W, H, beta, gamma = unravel(flat)
        A = W @ beta if kind == "filter" else beta.T @ H
        return loss_by_hand(samples, A, W @ H, gamma, flat @ flat, xi=0.5, nu=0.3, kind=kind)[0]

    slopes = [(loss(flat + h) - loss(flat - h)) / 2e-4 for h in 1e-4 * np.eye(flat.size)]
    assert np.max(np.abs(slopes)) < 1e-6


def test_radius_sums_up_and_its_squares_do_not():
    """Partial sums grow like 2 sqrt(k) / log k; those of the squares are bounded, by an integral."""
    radii = np.array([sdl.shrinking_radius(k) for k in range(1, 20_001)])
    assert radii[10_000:].sum() > 3
    assert (radii**2).sum() < 1 / np.log(2) ** 2 + 1 / (2 * np.log(3) ** 2) + 1 / np.log(2)


def test_randomized_svd_is_near_the_exact_one():
    rng = stream(0, "test-sdl", "sketch")
    matrix = rng.standard_normal((40, 5)) @ rng.standard_normal((5, 60)) + 1e-3 * rng.standard_normal((40, 60))
    U, s, Vt = sdl.truncated_svd(matrix, 5)
    theirs = np.linalg.svd(matrix, full_matrices=False)
    np.testing.assert_allclose(s, theirs.S[:5], rtol=1e-13)
    np.testing.assert_allclose(U * s @ Vt, theirs.U[:, :5] * theirs.S[:5] @ theirs.Vh[:5], atol=1e-12)
    V, t, Wt = sdl.truncated_svd(matrix, 5, sketch=rng.standard_normal((60, 15)))
    np.testing.assert_allclose(s, t, rtol=1e-10)
    np.testing.assert_allclose(U * s @ Vt, V * t @ Wt, atol=1e-7)


@kinds
def test_factors_give_the_products_back(kind):
    samples, start, _ = problem(kind, 3)
    state = sdl.lift(start, kind=kind)
    back = sdl.lift(sdl.factorize(state, 2, kind=kind), kind=kind)
    np.testing.assert_allclose(back.A, state.A, atol=1e-13)
    np.testing.assert_allclose(back.B, state.B, atol=1e-13)
    factors = sdl.factorize(state, 2, kind=kind)
    stacked = np.concatenate([state.A, state.B], axis=int(kind == "filter"))
    halves = (
        (factors.W, np.concatenate([factors.beta, factors.H], axis=1))
        if kind == "filter"
        else (np.concatenate([factors.beta.T, factors.W]), factors.H)
    )
    balanced = np.diag(np.linalg.svdvals(stacked)[:2])  # each half has the roots of the singular values
    np.testing.assert_allclose(halves[0].T @ halves[0], balanced, atol=1e-13)
    np.testing.assert_allclose(halves[1] @ halves[1].T, balanced, atol=1e-13)
    assert factors.gamma is state.gamma
    assert sdl.factorize(state, 99, kind=kind).W.shape[1] == min(sum(samples.x.shape[:1]) + 2 * (kind != "filter"), 11)


# Edges that are allowed ----------------------------------------------------------------------------------------


@kinds
def test_constant_features_missing_classes_and_few_samples_are_allowed(kind):
    rng = stream(0, "test-sdl", "edges")
    x = np.concatenate([np.ones((1, 3)), np.zeros((1, 3)), rng.standard_normal((4, 3))])  # n < p
    samples = sdl.data(x, np.zeros((1, 3)), np.array([0, 2, 0]), classes=4)  # classes 1 and 3 are empty
    run = sdl.bcd(samples, sdl.init(rng, samples, rank=2), xi=0.5, nu=0.1, steps=30, kind=kind)
    values = np.array(run.history["objective"])
    assert np.all(np.isfinite(values))
    assert np.all(np.diff(values) <= 1e-12 * values[:-1])
    lifted = sdl.lpgd(samples, sdl.zeros(samples, kind=kind), rank=2, xi=0.5, nu=0.1, steps=30, kind=kind)
    assert np.all(np.isfinite(lifted.state.B))
    assert np.all(sdl.predict(run.state, x, np.zeros((1, 3)), kind=kind)[[1, 3], :] < 0.34)


def test_a_constant_feature_is_an_intercept_of_the_filter_model():
    """With a full-rank dictionary, moving the intercept from X' to X changes neither loss nor probabilities."""
    rng = stream(0, "test-sdl", "intercept")
    x, labels = rng.standard_normal((2, 40)), rng.integers(0, 2, 40)
    inside = sdl.data(np.concatenate([x, np.ones((1, 40))]), np.zeros((1, 40)), labels)
    outside = sdl.data(x, np.ones((1, 40)), labels)
    runs = [sdl.lpgd(s, sdl.zeros(s), rank=9, xi=1.0, nu=1.0, steps=500) for s in (inside, outside)]
    pairs = zip(runs, (inside, outside), strict=True)
    a, b = (sdl.activations(run.state.A, run.state.gamma, *samples[:2]) for run, samples in pairs)
    np.testing.assert_allclose(a, b, atol=1e-8)


def test_spectral_norms_are_those_of_the_matrices():
    samples, _, _ = problem("filter", 2)
    norms = [np.linalg.norm(part, 2) ** 2 for part in (samples.x, samples.covariates, np.concatenate(samples[:2]))]
    np.testing.assert_allclose(samples[3:], norms, rtol=1e-13)


def test_blocks_that_do_not_matter_do_not_divide_by_zero():
    """All factors zero and no ridge: the constants are 0, gamma alone moves."""
    samples, start, _ = problem("filter", 2)
    state, info = sdl.bcd_step(tree.map(np.zeros_like, start), samples, 1, xi=0.5)
    assert not any(block.any() for block in state[:3])
    assert info.moves[3] > 0


# Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"labels": np.array([1, 0, 2])}, ValueError, r"labels must be in \[0, 2\), got values from 0 to 2"),
        ({"labels": np.array([1, 0, -1])}, ValueError, r"labels must be in \[0, 2\)"),
        ({"labels": np.array([1.0, 0.0, 1.0])}, TypeError, "labels must be integers, got dtype float64"),
        ({"labels": np.array([1, 0])}, ValueError, "labels must have shape"),
        ({"x": np.full((2, 3), np.nan)}, ValueError, "x must be finite"),
        ({"x": np.ones((2, 3), dtype=int)}, TypeError, "x must be an array of floating-point numbers"),
        ({"x": np.ones((0, 3))}, ValueError, "x must have shape"),
        ({"covariates": np.full((1, 3), np.inf)}, ValueError, "covariates must be finite"),
        ({"covariates": np.ones((1, 3), np.float32)}, ValueError, "covariates must have shape"),
        ({"covariates": np.ones((1, 4))}, ValueError, "covariates must have shape"),
        ({"classes": 1}, ValueError, "classes must be an integer >= 2"),
    ],
)
def test_data_refuses(changed, error, message):
    given = {"x": np.array(X), "covariates": np.array(ONES), "labels": np.array([1, 0, 1])} | changed
    with pytest.raises(error, match=message):
        sdl.data(**given)


@pytest.mark.parametrize(
    ("function", "changed", "error", "message"),
    [
        ("lpgd", {"xi": 0.0}, ValueError, "xi must be a finite number > 0, got 0.0"),
        ("lpgd", {"xi": -1.0}, ValueError, "xi must be"),
        ("lpgd", {"nu": -0.1}, ValueError, "nu must be a finite number >= 0"),
        ("lpgd", {"step_size": 0.0}, ValueError, "step_size must be"),
        ("lpgd", {"rank": 0}, ValueError, "rank must be an integer >= 1"),
        ("lpgd", {"rank": 1.5}, TypeError, "rank must be an integer"),
        ("lpgd", {"kind": "both"}, ValueError, "kind must be one of 'filter', 'feature'"),
        ("lpgd", {"kind": "feature"}, ValueError, "A must have shape"),
        ("lpgd", {"B": np.ones((2, 2))}, ValueError, "B must have shape"),
        ("lpgd", {"A": np.full((2, 1), np.nan)}, ValueError, "A must be finite"),
        ("lpgd", {"gamma": np.ones((1, 1), np.float32)}, ValueError, "gamma must have shape .1, 1., dtype float64"),
        ("lpgd", {"sketch": np.ones((4, 1)), "rank": 2}, ValueError, "sketch must have at least rank = 2 columns"),
        ("bcd", {"xi": np.nan}, ValueError, "xi must be"),
        ("bcd", {"nu": -1.0}, ValueError, "nu must be"),
        ("bcd", {"radius": 0.0}, ValueError, "radius must be"),
        ("bcd", {"inner": 0}, ValueError, "inner must be an integer >= 1"),
        ("bcd", {"t": 0}, ValueError, "t must be an integer >= 1"),
        ("bcd", {"W": np.ones((3, 1))}, ValueError, "W must have shape"),
        ("bcd", {"H": np.ones((2, 3))}, ValueError, "H must have shape"),
        ("bcd", {"beta": np.full((1, 1), np.nan)}, ValueError, "beta must be finite"),
        ("bcd", {"constraints": {"V": sdl.nonnegative}}, ValueError, "constraints must be on blocks W, H, beta, gamma"),
    ],
)
def test_steps_refuse(function, changed, error, message):
    samples = sdl.data(np.array(X), np.array(ONES), np.array([1, 0, 1]))
    if function == "lpgd":
        given = {"A": np.ones((2, 1)), "B": np.ones((2, 3)), "gamma": np.ones((1, 1))}
        settings = {"rank": 1, "xi": 0.5, "nu": 0.1, "step_size": 0.1}
        form, step = sdl.Lifted, sdl.lpgd_step
    else:
        given = {"W": np.ones((2, 1)), "H": np.ones((1, 3)), "beta": np.ones((1, 1)), "gamma": np.ones((1, 1))}
        settings = {"t": 1, "xi": 0.5, "nu": 0.1}
        form, step = sdl.Factors, sdl.bcd_step
    state = form(*({**given, **changed}[name] for name in given))
    rest = {**settings, **{name: value for name, value in changed.items() if name not in given}}
    with pytest.raises(error, match=message):
        step(state, samples, **rest)


def test_others_refuse():
    samples, start, _ = problem("filter", 2)
    with pytest.raises(ValueError, match="W must satisfy its constraint at the start"):
        sdl.bcd(samples, start, xi=0.5, steps=1, constraints={"W": sdl.nonnegative})
    with pytest.raises(ValueError, match="W must have independent columns"):
        sdl.label_energies(start._replace(W=np.ones((5, 2))), samples.x, samples.covariates, xi=1.0)
    with pytest.raises(ValueError, match="sigma must be"):
        sdl.generate(start, samples.covariates, samples.x, np.abs(samples.x[0]) / 9, sigma=-1.0)
    with pytest.raises(ValueError, match="uniforms must have shape"):
        sdl.generate(start, samples.covariates, samples.x, np.abs(samples.x[0, :3]) / 9, sigma=1.0)
    with pytest.raises(ValueError, match="beta must have shape"):
        sdl.predict(start._replace(beta=np.ones((3, 1))), samples.x, samples.covariates)


# Prediction and draws ------------------------------------------------------------------------------------------


def test_label_energies_against_a_general_minimizer():
    from scipy.optimize import minimize

    samples, start, _ = problem("feature", 3)
    x, z, xi = samples.x, samples.covariates, 0.3
    found = sdl.label_energies(start._replace(beta=5 * start.beta), x, z, xi=xi)
    for y, s in np.ndindex(3, 4):

        def loss(h, y=y, s=s):
            a = np.append(0.0, (5 * start.beta).T @ h + start.gamma.T @ z[:, s])
            return xi * np.sum((x[:, s] - start.W @ h) ** 2) + np.logaddexp.reduce(a) - a[y]

        best = minimize(loss, np.zeros(2), method="BFGS", options={"gtol": 1e-10}).fun
        assert found[y, s] == pytest.approx(best, rel=1e-8)


@pytest.mark.parametrize(
    ("W", "expected"),
    [
        ([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]], [[0.0], [3.0], [3.0]]),  # more atoms than features
        ([[3.0, 0.0], [4.0, 0.0]], [[1.32], [0.0]]),  # an atom of zeros
        ([[3.0, 3.0], [4.0, 4.0]], [[0.66], [0.66]]),  # two that are alike
    ],
)
def test_of_several_codes_the_shortest_counts(backend, W, expected):
    found = sdl.codes(backend.asarray(W), backend.asarray([[3.0], [6.0]]))
    assert np.allclose(backend.to_numpy(found), expected, atol=100 * backend.tolerance)


def test_exhaustive_and_naive_prediction_agree_mostly():
    drawn = tools.simulate(stream(0, "test-sdl", "predict"), p=10, n=400, r=2, q=2, sigma=0.3, kind="feature")
    train = sdl.data(drawn.x[:, :200], drawn.covariates[:, :200], drawn.labels[:200])
    state = sdl.bcd(
        train, sdl.init(stream(0, "start"), train, rank=2), xi=1.0, nu=0.05, radius=5.0, steps=60, kind="feature"
    ).state
    new, labels = (drawn.x[:, 200:], drawn.covariates[:, 200:]), drawn.labels[200:]
    naive = np.mean(np.argmax(sdl.predict(state, *new, kind="feature"), axis=0) == labels)
    exhaustive = np.mean(np.argmin(sdl.label_energies(state, *new, xi=1.0), axis=0) == labels)
    assert naive > 0.75
    assert abs(naive - exhaustive) < 0.05


@kinds
def test_draws_follow_the_model(kind):
    """Shares of labels against their probabilities; five standard errors, false alarm 6e-7 per class."""
    drawn = tools.simulate(stream(3, "test-sdl", kind), p=4, n=20_000, r=2, q=2, sigma=0.5, classes=3, kind=kind)
    A, B_, gamma = sdl.lift(drawn.truth, kind=kind)
    g = sdl.probabilities(sdl.activations(A, gamma, drawn.x, drawn.covariates, kind=kind))
    for c, chance in ((1, g[0]), (2, g[1])):
        deviation = np.sqrt(np.sum(chance * (1 - chance))) / 20_000
        assert abs(np.mean(drawn.labels == c) - chance.mean()) < 5 * deviation
    assert abs(np.std(drawn.x - B_) / 0.5 - 1) < 5 / np.sqrt(2 * 80_000)


def test_likelihood_is_the_objective():
    """Negative log-likelihood under noise sigma minus its constant is the objective with xi = 1 / (2 sigma^2)."""
    samples, start, _ = problem("filter", 2)
    sigma = 0.7
    A, B_, gamma = sdl.lift(start)
    a = (A.T @ samples.x + gamma.T @ samples.covariates)[0]
    labels = samples.targets[0]
    density = -np.log(np.where(labels == 1, 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(a)))).sum()
    density += np.sum((samples.x - B_) ** 2) / (2 * sigma**2)
    assert sdl.objective(start, samples, xi=1 / (2 * sigma**2)) == pytest.approx(density, rel=1e-12)


# The tools -----------------------------------------------------------------------------------------------------


def test_scores():
    labels, scores = np.array([0, 0, 1, 1, 0]), np.array([0.1, 0.4, 0.35, 0.8, 0.8])
    pairs = [(s, t) for s in scores[labels == 1] for t in scores[labels == 0]]
    assert tools.auc(scores, labels) == pytest.approx(np.mean([(s > t) + 0.5 * (s == t) for s, t in pairs]))
    assert tools.best_threshold(np.array([0.1, 0.2, 0.9]), np.array([0, 1, 1]), tools.youden) == 0.2
    decisions = np.array([True, False, True, False, False])  # one hit, one miss, one false alarm, two rightly left
    assert tools.f_score(decisions, labels) == pytest.approx(2 * 0.5 * 0.5 / (0.5 + 0.5))  # of precision and recall
    assert tools.youden(decisions, labels) == pytest.approx(1 / 2 - 1 / 3)
    every = [tools.f_score(scores >= threshold, labels) for threshold in sorted(scores)]
    chosen = tools.best_threshold(scores, labels)
    assert tools.f_score(scores >= chosen, labels) == max(every)


def test_simulated_data_have_the_stated_sizes():
    drawn = tools.simulate(stream(0, "test-sdl", "simulate"), p=6, n=5000, r=2, q=3, sigma=0.5, classes=3)
    W, H, beta, gamma = drawn.truth
    np.testing.assert_allclose(W.T @ W, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(np.linalg.norm(beta, axis=0), 2)
    np.testing.assert_allclose(np.linalg.norm(gamma, axis=0), 1)
    assert [part.shape for part in (*drawn.truth, drawn.covariates)] == [(6, 2), (2, 5000), (2, 2), (3, 2), (3, 5000)]
    for draws in (H, drawn.covariates, (drawn.x - W @ H) / 0.5):  # normal: five standard errors
        assert abs(np.mean(draws)) < 5 / np.sqrt(draws.size)
        assert abs(np.var(draws) - 1) < 5 * np.sqrt(2 / draws.size)
    assert sorted(set(drawn.labels.tolist())) == [0, 1, 2]


def test_baselines_against_scipy():
    from scipy.optimize import nnls

    rng = stream(0, "test-sdl", "scipy")
    x, W = np.abs(rng.standard_normal((8, 30))), np.abs(rng.standard_normal((8, 4)))
    wanted = np.array([nnls(W, column)[0] for column in x.T]).T
    assert np.any(wanted == 0)
    np.testing.assert_allclose(tools.nonnegative_codes(W, x, steps=2000), wanted, atol=1e-8)
    atoms, codes = tools.nmf(x, 3, steps=3000)  # at rest: each half solves its own least squares
    np.testing.assert_allclose(codes, np.array([nnls(atoms, column)[0] for column in x.T]).T, atol=1e-4)
    np.testing.assert_allclose(atoms, np.array([nnls(codes.T, row)[0] for row in x]), atol=1e-4)
    leading = np.linalg.eigh(x @ x.T).eigenvectors[:, -2:]
    pca = tools.pca(x, 2)
    np.testing.assert_allclose(pca @ pca.T, leading @ leading.T, atol=1e-12)


def test_logistic_regression_against_a_general_minimizer():
    from scipy.optimize import minimize

    rng = stream(0, "test-sdl", "logistic")
    features, labels = 2 * rng.standard_normal((3, 60)), rng.integers(0, 3, 60)
    theta = tools.logistic_regression(features, labels, nu=0.01, classes=3)

    def loss(flat):
        a = np.concatenate([np.zeros((1, 60)), flat.reshape(3, 2).T @ features])
        return np.sum(np.logaddexp.reduce(a) - a[labels, np.arange(60)]) + 0.01 * flat @ flat

    best = minimize(loss, np.zeros(6), method="BFGS", options={"gtol": 1e-6}).x
    np.testing.assert_allclose(theta, best.reshape(3, 2), atol=1e-5)


def test_a_claim_breaks_with_the_rule(monkeypatch):
    """C5 measures the covariates: without their update nothing of it is left."""
    step = sdl.lpgd_step

    def forgetful(state, samples, **settings):
        new, info = step(state, samples, **settings)
        return new._replace(gamma=state.gamma), info

    assert supervision.covariates_help(0, draws=1, steps=50).measurements[0].holds
    monkeypatch.setattr(supervision.sdl, "lpgd_step", forgetful)
    with np.errstate(invalid="ignore"):
        assert not supervision.covariates_help(0, draws=1, steps=50).measurements[0].holds


def test_the_controls_of_claims_are_what_they_say():
    """All features: nothing is left out. Topics: the nearest of a dictionary that holds the topic is the topic."""
    assert supervision.reconstruction(np.eye(3), np.eye(3), np.eye(3)) == 0
    topic = np.array([0.0, 0.6, 0.4])
    cosine, column = topics._nearest(np.stack([[1.0, 0.0, 0.0], 5 * topic], axis=1), topic)
    assert cosine == pytest.approx(1)
    np.testing.assert_allclose(column, topic / np.linalg.norm(topic))
    rng = stream(0, "test-sdl", "controls")
    drawn = tools.simulate(rng, p=4, n=4000, r=2, q=2, sigma=0.4)
    share = lambda sample: abs(np.corrcoef(sample.covariates.T @ drawn.truth.gamma[:, 0], sample.labels)[0, 1])
    assert share(supervision._without_covariates(drawn, rng)) < 5 / np.sqrt(4000) < share(drawn)


# Code that is not ours -----------------------------------------------------------------------------------------


def stacked_norm(cp, A, B_, kind):
    return cp.normNuc(cp.hstack([A, B_]) if kind == "filter" else cp.vstack([A, B_]))


def cone_program(samples, kind, xi, nu, nuclear):
    """Optimum of the lifted loss by Clarabel: ridge on A and gamma, or twice the nuclear norm in place of that on A."""
    cp = pytest.importorskip("cvxpy", reason="cvxpy is not installed")
    x, z, Y = samples[:3]
    (p, n), k = x.shape, Y.shape[0]
    A = cp.Variable((p, k) if kind == "filter" else (k, n))
    B_, gamma = cp.Variable((p, n)), cp.Variable((z.shape[0], k))
    a = (A.T @ x if kind == "filter" else A) + gamma.T @ z
    loss = cp.sum(cp.log_sum_exp(cp.vstack([np.zeros((1, n)), a]), axis=0)) - cp.sum(cp.multiply(Y, a))
    ridge = 2 * nu * stacked_norm(cp, A, B_, kind) if nuclear else nu * cp.sum_squares(A)
    problem_ = cp.Problem(cp.Minimize(loss + xi * cp.sum_squares(x - B_) + ridge + nu * cp.sum_squares(gamma)))
    problem_.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
    return problem_.value


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::UserWarning")
@models
def test_lpgd_without_rank_limit_against_a_cone_solver(kind, classes):
    samples, _, _ = problem(kind, classes, p=3, n=12)
    run = sdl.lpgd(samples, sdl.zeros(samples, kind=kind), rank=99, xi=0.5, nu=0.3, steps=400, kind=kind)
    best = cone_program(samples, kind, 0.5, 0.3, nuclear=False)
    assert float(run.history["objective"][-1]) == pytest.approx(best, rel=1e-9)


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(("kind", "classes"), [("filter", 2), ("feature", 2), ("filter", 3), ("feature", 3)])
def test_bcd_against_the_nuclear_norm_program(kind, classes):
    """Over factors of given products the ridge on all factors is 2 nu times the nuclear norm, if r is large enough."""
    samples, _, _ = problem(kind, classes, p=3, n=8)
    rank = 3 + classes - 1
    start = sdl.init(stream(0, "nuclear"), samples, rank=rank, scale=0.5)
    run = sdl.bcd(samples, start, xi=0.5, nu=0.3, steps=150, kind=kind, radius=20.0)
    best = cone_program(samples, kind, 0.5, 0.3, nuclear=True)
    assert float(run.history["objective"][-1]) == pytest.approx(best, rel=1e-9)


@pytest.mark.peers
def test_full_rank_filter_is_logistic_regression():
    """With r >= p the coefficients of X and X' are those of ridge logistic regression with C = 1 / (2 nu)."""
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    samples, _, drawn = problem("filter", 2, n=60)
    run = sdl.lpgd(samples, sdl.zeros(samples), rank=99, xi=0.5, nu=1.0, steps=800)
    model = linear.LogisticRegression(C=1 / 2, fit_intercept=False, tol=1e-12, max_iter=10_000)
    features = np.concatenate([samples.x, samples.covariates]).T
    coefficients = model.fit(features, drawn.labels).coef_[0]
    ours = np.concatenate([run.state.A, run.state.gamma])[:, 0]
    np.testing.assert_allclose(ours, coefficients, atol=1e-6)
    theta = tools.logistic_regression(features.T, drawn.labels, nu=1.0)[:, 0]
    np.testing.assert_allclose(theta, coefficients, atol=1e-6)


@pytest.mark.peers
def test_baselines_against_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition", reason="scikit-learn is not installed")
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = stream(0, "test-sdl", "baselines")
    x = np.abs(rng.standard_normal((12, 3))) @ np.abs(rng.standard_normal((3, 40))) + 0.1 * rng.uniform(size=(12, 40))
    model = decomposition.NMF(3, init="nndsvda", max_iter=2000, tol=1e-10)
    theirs = model.fit_transform(x.T)
    W, H = tools.nmf(x, 3, steps=1000)
    assert np.linalg.norm(x - W @ H) == pytest.approx(np.linalg.norm(x.T - theirs @ model.components_), rel=2e-3)
    tall = decomposition.TruncatedSVD(3, algorithm="arpack").fit(x.T)
    np.testing.assert_allclose(np.abs(tall.components_ @ tools.pca(x, 3)), np.eye(3), atol=1e-6)
    labels, scores = rng.integers(0, 2, 200), rng.integers(0, 20, 200) / 20
    assert tools.auc(scores, labels) == pytest.approx(metrics.roc_auc_score(labels, scores))
    assert tools.f_score(scores > 0.5, labels) == pytest.approx(metrics.f1_score(labels, scores > 0.5))


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("settings", [{}, {"kind": "feature"}, {"solver": "lpgd"}], ids=["bcd", "feature", "lpgd"])
def test_estimator_passes_the_checks_of_scikit_learn(settings):
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="scikit-learn is not installed")
    records = checks.check_estimator(
        convex.SDLClassifier(max_iter=8, random_state=0, **settings), on_fail=None, on_skip=None
    )
    assert len(records) > 50
    assert [record["check_name"] for record in records if record["status"] not in ("passed", "skipped")] == []


@pytest.mark.peers
def test_estimator_with_covariates_and_constraints():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    drawn = tools.simulate(stream(0, "test-sdl", "estimator"), p=6, n=300, r=2, q=3, sigma=0.3)
    X_, covariates = drawn.x.T, drawn.covariates.T
    plain = convex.SDLClassifier(random_state=0, max_iter=60).fit(X_[:200], drawn.labels[:200])
    model = convex.SDLClassifier(random_state=0, max_iter=60).fit(X_[:200], drawn.labels[:200], covariates[:200])
    scores = [
        np.mean(m.predict(X_[200:], *more) == drawn.labels[200:])
        for m, more in ((plain, ()), (model, (covariates[200:],)))
    ]
    assert scores[1] >= scores[0]
    assert np.all(np.diff(model.objective_) <= 1e-9)
    with pytest.raises(ValueError, match="covariates must be as in fit"):
        model.predict(X_)
    with pytest.raises(ValueError, match="covariates must have a row for each"):
        model.predict(X_, covariates[:5])
    with pytest.raises(ValueError, match="nonnegative=True needs solver='bcd'"):
        convex.SDLClassifier(nonnegative=True, solver="lpgd").fit(X_, drawn.labels)
    for wrong in ({"n_components": 0}, {"xi": 0.0}, {"nu": -1.0}, {"kind": "both"}, {"solver": "sgd"}, {"max_iter": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
            convex.SDLClassifier(**wrong).fit(X_, drawn.labels)
    parts = convex.SDLClassifier(nonnegative=True, max_iter=20, random_state=0).fit(np.abs(X_), drawn.labels)
    assert parts.components_.min() >= 0
