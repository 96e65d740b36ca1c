"""Convex ReLU training: reference numbers, every library and device, laws, errors, other solvers and peers."""

from itertools import product

import numpy as np
import pytest

from refimpl.convex import _convex_relu_adversarial as adversarial
from refimpl.convex import _convex_relu_tools as tools
from refimpl.convex import convex_relu as cr
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from tests.alike import assert_kind

X3 = np.array([[1.0, 2.0], [-1.0, 0.5], [0.5, -1.0]])
D3 = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
Y3 = np.array([1.0, -1.0, 0.5])
U1 = [[0.1355980251, 0.3113917489, 0.0747855281], [0.0107116817, -0.0187489613, -0.0679868438]]
U2 = [[0.2072546608, 0.2159268583, 0.1096178217], [0.0271236914, 0.1456309276, -0.1194305561]]
V2 = [[0.1440594885, 0.2251644197, 0.0441329907], [0.0158976281, 0.0723938322, -0.0448543390]]
W2 = [[0.0, -0.4021262810, 0.0], [0.0, 0.1201023531, 0.0]]
SQUARE = np.array([[1, 0.8, 1], [1, -0.8, 1], [-1, 0.8, 1], [-1, -0.8, 1.0]])
CLASSES = np.array([1.0, -1.0, -1.0, 1.0])
EIGHT = np.array([p for p in product((0.0, 1.0), repeat=4) if sum(p) in (1, 3)]).T
NO_BIAS = np.array([1.0, 1.0, 0.0])


def normal(*shape, name="x"):
    return stream(0, "test-convex_relu", name).standard_normal(shape)


def worked(backend):
    return backend.asarray(X3), backend.asarray(Y3), backend.asarray(D3)


# Reference numbers, on every backend --------------------------------------------------------------------------------


def test_two_steps_of_admm(backend):
    X, y, D = worked(backend)
    setup, state = cr.prepare(X, D, rho=0.5), cr.init(X, D)
    state = cr.admm_step(setup, y, state, beta=0.1)
    assert np.allclose(backend.to_numpy(state.u), [U1, np.negative(U1)], atol=6e-11 + 10 * backend.tolerance)
    state = cr.admm_step(setup, y, state, beta=0.1)
    for part in state:
        assert_kind(part, X)
    assert np.allclose(backend.to_numpy(state.u[0, :, :]), U2, atol=6e-11 + 10 * backend.tolerance)
    assert np.allclose(backend.to_numpy(state.v), [V2, W2], atol=6e-11 + 10 * backend.tolerance)
    assert abs(float(cr.objective(X, D, y, state.v, beta=0.1)) - 0.2610112375) < 6e-11 + 10 * backend.tolerance


def test_blocks(backend):
    X, y, D = worked(backend)
    state, fallen = cr.block_descent(X, D, y, cr.init(X, D), [0, 1, 2, 1], rho=0.5)
    assert_kind(state.u, X)
    expected = [[0.08, 0.2193408, 0.1224], [0.096, -0.1212288, -0.2448]]
    assert np.allclose(backend.to_numpy(state.u), [expected, np.negative(expected)], atol=10 * backend.tolerance)
    assert fallen > 0
    one = cr.admm_step(cr.prepare(X, D, rho=0.5), y, cr.init(X, D), beta=0.1)
    moved, _ = cr.block_descent(X, D, y, one, [1], rho=0.5)
    change = backend.to_numpy(moved.u - one.u)
    expected = [[-0.0443959968, 0.1775814373], [-0.0092419317, 0.1754648038]]
    assert np.allclose(change[:, :, 1], expected, atol=6e-11 + 10 * backend.tolerance)
    assert not change[:, :, [0, 2]].any()


def test_the_momentum_is_reset_in_the_seventh_step(backend):
    X, y, _ = worked(backend)
    draws = backend.asarray([[1.0, 1.0], [-2.0, 1.0], [0.5, -3.0], [-1.0, -1.0]])
    _, run = cr.scp(X, y, draws, beta=0.1, steps=8, record=lambda state: {"t": state.momentum})
    assert [t == run.history["t"][1] for t in run.history["t"]] == [False, True, *[False] * 5, True, False]


def test_drivers(backend):
    X, y, D = worked(backend)
    weights, run = cr.admm(X, y, D, beta=0.1, steps=3, record=lambda state: {"v": state.v})
    assert_kind(weights, X)
    assert (run.steps, len(run.history["v"]), run.stopped) == (3, 4, False)
    weights, run = cr.admm_rbcd(X, y, D, stream(0, "blocks"), beta=0.1, steps=2, windows=3, enough=1e-4)
    assert_kind(weights, X)
    network, run = cr.scp(X, y, backend.asarray(normal(4, 2)), beta=0.1, steps=5, record=lambda s: {"t": s.momentum})
    assert_kind(network.second, X)
    assert len(run.history["t"]) == 6


def test_patterns(backend):
    X, draws = backend.asarray(X3), backend.asarray([[3.0, 0.0], [0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]])
    D = cr.activation_patterns(X, draws)
    assert_kind(D, X)
    assert backend.to_numpy(D).tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    assert backend.to_numpy(cr.activation_patterns(X, draws, most=2)).tolist() == [[1, 1], [0, 1], [1, 0]]
    assert_kind(cr.all_patterns(X), X)


def test_recovery(backend):
    weights = backend.asarray([[[3.0, 0.0, 1e-7], [4.0, 0.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]])
    network = cr.recover(weights, threshold=1e-6)
    assert_kind(network.first, weights)
    root = 5**0.5
    assert np.allclose(backend.to_numpy(network.first), [[3 / root, 1], [4 / root, 0]], rtol=backend.tolerance)
    assert np.allclose(backend.to_numpy(network.second), [root, -1], rtol=backend.tolerance)
    assert cr.recover(weights).second.shape == (3,)
    assert cr.recover(0 * weights).first.shape == (2, 0)
    nothing = cr.network_outputs(backend.asarray(X3), cr.recover(0 * weights))
    assert backend.to_numpy(nothing).tolist() == [0, 0, 0]


@pytest.mark.parametrize("loss", adversarial.LOSSES)
def test_adversarial_program(backend, loss):
    X, y, D, mask = map(backend.asarray, (SQUARE, CLASSES, EIGHT, NO_BIAS))
    attack = {"epsilon": 0.2, "mask": mask, "loss": loss, "beta": 0.01}
    weights, _ = adversarial.adversarial(X, y, D, steps=20, balance=3.0, **attack)
    assert_kind(weights, X)
    value = float(adversarial.robust_objective(X, D, y, weights, **attack))
    zero = float(adversarial.robust_objective(X, D, y, 0 * weights, **attack))
    assert value < zero
    slacks = adversarial.robust_slacks(X, D, weights, epsilon=0.2, mask=mask)
    assert slacks.shape == (2, 4, 8)


def test_tools(backend):
    like = backend.asarray([0.0])
    for make in (tools.toy, tools.rings, tools.xor):
        X, y = make(stream(0, "data"), 8, like=like)
        assert_kind(X, like), assert_kind(y, like)
        assert (X.shape, y.shape) == ((8, 3), (8,))
    net = tools.random_network(stream(0, "net"), 3, 4, like=like)
    trained, _ = tools.gradient_descent(X, y, net, lr=0.01, beta=0.1, steps=50)
    before, after = (float(cr.network_objective(X, y, one, beta=0.1)) for one in (net, trained))
    assert after < before
    D = cr.all_patterns(X)
    assert tools.lower_bound(X, D, y, 0 * y, beta=0.1) <= after


# Patterns -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "d"), [(1, 1), (3, 1), (5, 2), (6, 3), (12, 3), (6, 4), (3, 5)])
def test_all_patterns_are_as_many_as_there_are(n, d):
    assert cr.all_patterns(normal(n, d)).shape[1] == cr.pattern_count(n, d)


def test_all_patterns_of_special_points():
    """Equal, opposite and collinear points, the origin, too few dimensions: against many draws."""
    points = np.array([[1, 1, 0], [2, 2, 0], [-1, -1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 2, 0], [1, 1, 1.0]])
    found = {tuple(column) for column in cr.all_patterns(points).T}
    drawn = {tuple(column) for column in cr.activation_patterns(points, normal(20_000, 3)).T}
    assert found == drawn


def test_patterns_needed():
    for n, psi, xi in ((10, 0.05, 0.1), (10, 0.9, 0.5)):
        first, second = (n + 1) / (psi * xi) - 1, 2 / xi * (n + 1 - np.log(psi))
        assert cr.patterns_needed(n, psi=psi, xi=xi) == np.ceil(min(first, second))


# Gradients and proximal steps, against differentiation and minimization ---------------------------------------------


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_slopes_of_the_losses(loss):
    value, slope = cr.LOSSES[loss]
    outputs, y = normal(6), (normal(6, name="y") > 0).astype(float)
    assert np.allclose(slope(outputs, y), grad(lambda z: value(z, y))(outputs), rtol=1e-13)


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_block_gradient(loss):
    X, y = normal(5, 2), (normal(5, name="y") > 0).astype(float)
    D = cr.activation_patterns(X, normal(20, 2, name="a"), most=4)
    shapes = ((2, 2, 4),) * 3 + ((2, 5, 4),) * 2
    state = cr.ADMMState(*(normal(*shape, name=str(i)) for i, shape in enumerate(shapes)))
    u, v, lam, s, nu = state

    def smooth(u):
        xp = array_namespace(u)
        penalty = xp.sum((u - v + lam) ** 2) + xp.sum((cr.slacks(X, D, u) - s + nu) ** 2)
        return cr.LOSSES[loss][0](cr.predict(X, D, u), y) + 0.35 * penalty

    moved, outputs, fallen = cr.block_step(X, D, y, state, cr.predict(X, D, u), 2, rho=0.7, loss=loss)
    step, slope = (moved.u - u)[:, :, 2], grad(smooth)(u)[:, :, 2]
    t = -step[0, 0] / slope[0, 0]
    assert np.allclose(step, -t * slope, rtol=1e-12)
    assert np.isclose(np.log(t) / np.log(2.5), round(np.log(t) / np.log(2.5)))
    assert np.isclose(smooth(u) - smooth(moved.u), fallen)
    assert fallen >= 1e-3 * t * np.sum(slope**2)
    assert np.allclose(outputs, cr.predict(X, D, moved.u))


def test_gradient_of_the_network():
    X, y = normal(7, 3), normal(7, name="y")
    net = tools.random_network(stream(0, "net"), 3, 5, like=X)
    moved = tools.gradient_step(X, y, net, lr=1.0, beta=0.3)
    for field in ("first", "second"):
        slope = grad(lambda part, field=field: cr.network_objective(X, y, net._replace(**{field: part}), beta=0.3))(
            getattr(net, field)
        )
        assert np.allclose(getattr(net, field) - getattr(moved, field), slope, rtol=1e-12)


def test_several_networks_at_once():
    X, y = normal(7, 3), normal(7, name="y")
    nets = tools.random_network(stream(0, "nets"), 3, 5, like=X, runs=(4,))
    moved = tools.gradient_step(X, y, nets, lr=0.1, beta=0.3)
    alone = tools.gradient_step(X, y, cr.Network(nets.first[2], nets.second[2]), lr=0.1, beta=0.3)
    assert np.allclose(moved.first[2], alone.first)
    assert np.allclose(moved.second[2], alone.second)


@pytest.mark.parametrize("rho", [0.02, 0.1, 3.0])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_woodbury_against_the_dense_system(rho, scale):
    X, n, d, P = scale * normal(6, 3), 6, 3, 5
    D = cr.activation_patterns(X, normal(40, 3, name="a"), most=P)
    units = np.eye(2 * d * P).reshape(-1, 2, d, P)
    F = np.stack([cr.predict(X, D, unit) for unit in units], axis=1)
    G = np.stack([cr.slacks(X, D, unit).reshape(-1) for unit in units], axis=1)
    transposed = cr._predict_transposed(X, D, np.ones(n)).reshape(-1)
    np.testing.assert_allclose(transposed, F.T @ np.ones(n), rtol=1e-12, atol=1e-12 * scale)
    b = normal(2, d, P, name="b")
    dense = np.linalg.solve(np.eye(2 * d * P) + F.T @ F / rho + G.T @ G, b.reshape(-1))
    ours = cr.solve_smooth(cr.prepare(X, D, rho=rho), b).reshape(-1)
    assert np.linalg.norm(ours - dense) <= 1e-9 * np.linalg.norm(dense)


def test_prox_of_the_squared_and_the_logistic_dual():
    """First-order conditions by trial: no nearby pair is better."""
    n, epsilon, step = 6, 0.4, 0.3
    a, b = normal(n), normal(n, 2, name="b")

    def of(loss):
        def cost(theta, phi):
            distance = ((theta - a) ** 2 + np.sum((phi - b) ** 2, axis=1)) / 2
            if loss == "squared":
                return distance + step * np.maximum(np.abs(theta), np.max(np.abs(phi), axis=1) / epsilon) ** 2 / 2
            p = np.clip(n * theta, 1e-300, 1 - 1e-16)
            return distance + step * (p * np.log(p) + (1 - p) * np.log(1 - p)) / n

        return cost

    for loss in ("squared", "logistic"):
        theta, phi = adversarial._PROX[loss](a, b, epsilon, step)
        cost, rng = of(loss), stream(0, "trial")
        if loss == "logistic":
            assert np.all(np.abs(phi) <= epsilon * theta[:, None] * (1 + 1e-12))
        for size in (1e-3, 1e-5):
            for _ in range(200):
                other = theta * (1 + size * rng.standard_normal(n))
                near = phi + size * rng.standard_normal(phi.shape) * np.abs(theta)[:, None]
                if loss == "logistic":
                    other = np.clip(other, 1e-12, 1 / n)
                    near = np.clip(near, -epsilon * other[:, None], epsilon * other[:, None])
                assert np.all(cost(other, near) >= cost(theta, phi) - 1e-14)


def test_projection_is_the_nearest_pair():
    a, b, epsilon, cap = normal(40), 2 * normal(40, 3, name="b"), 0.7, 0.8
    theta, phi = adversarial.project_cone(a, b, epsilon=epsilon, cap=cap)
    grid = np.linspace(0, cap, 20_001)[:, None]
    bound = epsilon * grid[..., None]
    cost = (grid - a) ** 2 + np.sum((np.clip(b, -bound, bound) - b) ** 2, axis=2)
    assert np.all((theta - a) ** 2 + np.sum((phi - b) ** 2, axis=1) <= cost.min(axis=0) + 1e-12)
    free, _ = adversarial.project_cone(a, b, epsilon=epsilon)
    assert free.max() > cap


def test_adjoint_and_norm_of_the_adversarial_map():
    X, mask = normal(5, 3), NO_BIAS
    D = cr.activation_patterns(X, normal(40, 3, name="a"), most=4)
    units = np.eye(24).reshape(-1, 2, 3, 4)

    def seen(weights):
        parts = adversarial._apply(X, D, mask, weights)
        return parts._replace(psi=np.broadcast_to(parts.psi, (2, 5, 4, 3)))

    K = np.stack([np.concatenate([x.reshape(-1) for x in seen(unit)]) for unit in units], axis=1)
    duals = adversarial.Duals(*(normal(*x.shape, name=f"dual{i}") for i, x in enumerate(seen(units[0]))))
    flat = np.concatenate([x.reshape(-1) for x in duals])
    assert np.allclose(adversarial._apply_transposed(X, D, mask, duals).reshape(-1), K.T @ flat, rtol=1e-12, atol=1e-12)
    assert np.isclose(adversarial.operator_norm(X, D, mask), np.linalg.norm(K, 2), rtol=1e-6)


# Optima -------------------------------------------------------------------------------------------------------------


def test_network_of_the_solution_has_its_value():
    X, y = tools.toy(stream(5, "test"), 6, like=X3)
    D = cr.all_patterns(X)
    weights, run = cr.admm(X, y, D, beta=0.2, steps=6000, tolerance=1e-9)
    assert run.stopped
    program = cr.objective(X, D, y, weights, beta=0.2)
    assert np.isclose(program, cr.network_objective(X, y, cr.recover(weights), beta=0.2), rtol=1e-8)
    assert 0 <= program - tools.lower_bound(X, D, y, cr.predict(X, D, weights), beta=0.2) < 1e-6 * program


def test_residuals_vanish_at_the_solution():
    _, run = cr.admm(X3, Y3, D3, beta=0.1, rho=0.5, steps=20_000, tolerance=1e-12)
    assert run.stopped
    after = cr.admm_step(cr.prepare(X3, D3, rho=0.5), Y3, run.state, beta=0.1)
    assert max(cr.residuals(X3, D3, run.state, after, rho=0.5)) < 1e-11


def test_residuals_are_those_of_the_dense_matrices():
    X, D = normal(4, 2), cr.activation_patterns(normal(4, 2), normal(20, 2, name="a"), most=3)
    shapes = ((2, 2, 3),) * 3 + ((2, 4, 3),) * 2
    before, after = (cr.ADMMState(*(normal(*s, name=f"{i}{when}") for i, s in enumerate(shapes))) for when in "ab")
    G = np.stack([cr.slacks(X, D, unit).reshape(-1) for unit in np.eye(12).reshape(-1, 2, 2, 3)], axis=1)
    norms = (
        np.linalg.norm(after.u - after.v),
        np.linalg.norm(G @ after.u.reshape(-1) - after.s.reshape(-1)),
        0.7 * np.linalg.norm(after.v - before.v),
        0.7 * np.linalg.norm(G.T @ (after.s - before.s).reshape(-1)),
    )
    assert np.allclose(cr.residuals(X, D, before, after, rho=0.7), norms, rtol=1e-12)


def test_projection_on_the_cones_is_the_nearest_point():
    """What it leaves is orthogonal to it, and makes no acute angle with any point of the cone (Moreau)."""
    X = normal(4, 2)
    D, vectors = cr.all_patterns(X), normal(2, 8, name="v")
    nearest = tools.project_on_cones(X, D, vectors)
    assert np.min((2 * D - 1) * (X @ nearest)) > -1e-12
    left = vectors - nearest
    assert np.allclose(np.sum(left * nearest, axis=0), 0, atol=1e-12)
    around = np.stack([f(np.linspace(0, 2 * np.pi, 721)) for f in (np.cos, np.sin)])
    inside = np.all((2 * D - 1)[:, :, None] * (X @ around)[:, None, :] >= 0, axis=0)  # [P, angle]
    assert inside.any(axis=1).all()
    assert np.max((left.T @ around)[inside]) < 1e-9


def test_pull_is_the_largest_slope_in_the_cone():
    X, direction = normal(4, 2), normal(4, name="r")
    D = cr.all_patterns(X)
    around = np.stack([f(np.linspace(0, 2 * np.pi, 100_001)) for f in (np.cos, np.sin)])
    pulls = np.linalg.norm(tools.pull_in_cones(X, D, direction), axis=0)
    for pattern, pull in zip(D.T, pulls, strict=True):
        inside = np.all((2 * pattern - 1)[:, None] * (X @ around) >= 0, axis=0)
        slopes = direction * pattern @ (X @ around[:, inside])
        assert abs(max(slopes.max(), 0) - pull) < 1e-3


@pytest.mark.parametrize("loss", ["squared", "cross_entropy"])
def test_lower_bound_touches_at_the_optimum_and_nowhere_above(loss):
    """One point, one weight: min of (v - 1)^2 / 2 + v / 4, or of log(1 + exp(2 v)) - 2 v + v / 4."""
    one = np.ones((1, 1))
    best = 0.75 if loss == "squared" else np.log(0.875 / 0.125) / 2
    value = (best - 1) ** 2 / 2 if loss == "squared" else np.log1p(np.exp(2 * best)) - 2 * best
    for away in (0.0, 0.1, -0.3):
        bound = tools.lower_bound(one, one, np.ones(1), np.array([best + away]), beta=0.25, loss=loss)
        assert bound <= value + best / 4 + 1e-12
        assert away or bound == pytest.approx(value + best / 4)


def test_windows_of_blocks_end_where_the_function_hardly_falls():
    """Against the steps taken one by one, with the same draws."""
    for enough, count in ((0.0, 3), (1e9, 1)):
        rng, state = stream(0, "windows"), cr.init(X3, D3)
        for _ in range(2):
            for _ in range(count):
                state, _ = cr.block_descent(X3, D3, Y3, state, rng.integers(0, 3, 5).tolist(), rho=0.5)
            state = cr.settle(X3, D3, state, beta=0.1, rho=0.5, gamma=0.2)
        rates = {"beta": 0.1, "rho": 0.5, "gamma": 0.2, "steps": 2, "blocks": 5, "windows": 3, "enough": enough}
        weights, _ = cr.admm_rbcd(X3, Y3, D3, stream(0, "windows"), **rates)
        assert np.array_equal(weights, state.v)


ONES = np.ones((2, 3, 4))


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_no_scale_costs_digits(scale):
    """Where squares of the entries leave the range."""
    vectors = normal(3, 5, name="vectors")
    D = cr.activation_patterns(normal(6, 3), normal(40, 3, name="a"), most=5)
    for change in ((scale, 1.0), (1.0, scale)):
        near = tools.project_on_cones(change[0] * normal(6, 3), D, change[1] * vectors) / change[1]
        np.testing.assert_allclose(near, tools.project_on_cones(normal(6, 3), D, vectors), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(cr.shrink(scale * ONES, scale) / scale, cr.shrink(ONES, 1.0), rtol=1e-12)


def test_sampled_program_has_the_optimality_of_a_lasso():
    """No neuron pulls by more than beta, and those in use by beta."""
    X, y = tools.toy(stream(0, "lasso"), 8, like=X3)
    network, run = cr.scp(X, y, normal(12, 3), beta=0.3, steps=50_000, tolerance=1e-9)
    assert run.stopped
    pull = np.maximum(X @ network.first, 0).T @ (y - np.maximum(X @ network.first, 0) @ network.second)
    used = network.second != 0
    assert 0 < used.sum() < 12
    assert np.max(np.abs(pull)) < 0.3 * (1 + 1e-6)
    assert np.allclose(pull[used], 0.3 * np.sign(network.second[used]), rtol=1e-6)


def test_data_are_what_they_are_called():
    X, y = tools.rings(stream(0, "rings"), 4000, like=X3)
    radius = np.linalg.norm(X[:, :2], axis=1)
    assert abs(radius[y > 0].mean() - 0.5) < 0.02
    assert abs(radius[y < 0].mean() - 1.3) < 0.02
    assert abs(radius[y < 0].std() - 0.12) < 0.01
    assert np.linalg.norm((X[:, :2] / radius[:, None]).mean(axis=0)) < 0.05
    X, y = tools.xor(stream(0, "xor"), 4000, like=X3)
    away = np.abs(X[:, :2]) - [1, 0.8]
    assert np.abs(away).max() <= 0.2
    assert abs(away.std() - 0.4 / 12**0.5) < 0.01
    assert np.array_equal(np.sign(X[:, 0] * X[:, 1]), y)
    assert all(abs(np.mean((X[:, 0] > 0) & (X[:, 1] * side > 0)) - 0.25) < 0.03 for side in (1, -1))
    (X, y), (_, noisy) = (tools.toy(stream(0, "toy"), 4000, like=X3, noise=noise) for noise in (0.0, 0.3))
    assert abs((noisy - y).std() - 0.3) < 0.01
    assert np.abs(X.mean(axis=0) - [0, 0, 1]).max() < 0.05
    net = tools.random_network(stream(0, "net"), 50, 400, like=X3, runs=(3,))
    assert abs(net.first.std() * 50**0.5 - 1) < 0.02
    assert abs(net.second.std() * 400**0.5 - 1) < 0.05


def test_gradient_descent_finds_a_closed_form():
    """One neuron on one point: (x - 1)^2 / 2 + |x| / 2 in x = u alpha, least at 1/2."""
    start = cr.Network(np.array([[2.0]]), np.array([1.0]))
    settings = {"lr": 0.1, "beta": 0.5, "steps": 500}
    net, run = tools.gradient_descent(
        np.ones((1, 1)), np.ones(1), start, record=lambda net: {"a": net.second}, **settings
    )
    assert net.first[0, 0] * net.second[0] == pytest.approx(0.5)
    assert len(run.history["a"]) == 501


@pytest.mark.parametrize(("loss", "value"), [("hinge", 0.0604665), ("squared", 0.1270704), ("logistic", 0.2282493)])
def test_adversarial_training_reaches_the_printed_values(loss, value):
    """Those of a cone solver, on four points and the eight patterns that see one or three of them."""
    attack = {"beta": 0.01, "loss": loss, "epsilon": 0.2, "mask": NO_BIAS}
    ours, _ = adversarial.adversarial(SQUARE, CLASSES, EIGHT, steps=1500, balance=3.0, **attack)
    assert np.isclose(adversarial.robust_objective(SQUARE, EIGHT, CLASSES, ours, **attack), value, rtol=1e-3)


def test_unseen_points_and_duplicated_points():
    """A point twice is a point with twice the weight; the program does not mind."""
    X, y = np.concatenate([X3, X3[:1]]), np.concatenate([Y3, Y3[:1]])
    D = cr.all_patterns(X)
    assert np.array_equal(D[0], D[3])
    weights, run = cr.admm(X, y, D, beta=0.1, steps=20_000, tolerance=1e-9)
    assert run.stopped
    assert np.isclose(
        cr.objective(X, D, y, weights, beta=0.1), cr.network_objective(X, y, cr.recover(weights), beta=0.1), rtol=1e-7
    )


def test_more_features_than_points_and_constant_features():
    for X in (normal(2, 4), np.concatenate([np.full((3, 1), 2.0), normal(3, 1)], axis=1)):
        y = normal(X.shape[0], name="y")
        D = cr.all_patterns(X)
        weights, run = cr.admm(X, y, D, beta=0.05, steps=20_000, tolerance=1e-9)
        assert run.stopped
        bound = tools.lower_bound(X, D, y, cr.predict(X, D, weights), beta=0.05)
        assert abs(cr.objective(X, D, y, weights, beta=0.05) / bound - 1) < 1e-6


def test_the_adversarial_network_withstands_all_corners():
    from refimpl.specs.convex.convex_relu.claims import attacks

    attack = {"epsilon": 0.2, "mask": NO_BIAS}
    for loss in adversarial.LOSSES:
        weights, _ = adversarial.adversarial(
            SQUARE, CLASSES, EIGHT, beta=0.01, loss=loss, steps=300, balance=3.0, **attack
        )
        weights = attacks._into_robust_cones(SQUARE, EIGHT, weights, **attack)
        assert adversarial.robust_slacks(SQUARE, EIGHT, weights, **attack).min() > -1e-12
        certified = adversarial.certified_losses(SQUARE, EIGHT, CLASSES, weights, loss=loss, **attack)
        attacked = attacks._attacked(cr.recover(weights), SQUARE, CLASSES, 0.2, NO_BIAS, loss, 5)
        assert np.allclose(attacked, certified, rtol=1e-10, atol=1e-10)


def test_zero_network_where_every_hyperplane_meets_a_box():
    """On a dense cloud the robust program answers with zero: a property of the formulation."""
    X, y = tools.rings(stream(0, "dense"), 40, like=X3)
    D = cr.activation_patterns(X, normal(10, 3))
    weights, _ = adversarial.adversarial(X, y, D, beta=0.01, epsilon=0.4, mask=NO_BIAS, steps=1000)
    assert np.abs(weights).max() < 1e-3


def test_convex_programs_count_multiply_adds_quadratically():
    from refimpl.specs.convex.convex_relu.claims.training import _multiply_adds

    def count(n):
        X, y = tools.rings(stream(0, "count"), n, like=X3)
        D = cr.activation_patterns(X, normal(40 * n, 3), most=n)
        return _multiply_adds(cr.prepare(X, D), y, cr.init(X, D))

    assert 3.8 < count(80) / count(40) <= 4.0


def test_ridge_regression_that_the_claims_compare_with():
    from refimpl.specs.convex.convex_relu.claims.common import ridge

    X, y = normal(6, 3), normal(6, name="y")
    D = cr.activation_patterns(X, normal(40, 3, name="a"), most=5)
    F = np.stack([cr.predict(X, D, unit) for unit in np.eye(30).reshape(-1, 2, 3, 5)], axis=1)
    expected = np.linalg.lstsq(np.concatenate([F, 0.3**0.5 * np.eye(30)]), np.concatenate([y, np.zeros(30)]))[0]
    assert np.allclose(ridge(X, D, y, 0.3).reshape(-1), expected)


# Other solvers and peers --------------------------------------------------------------------------------------------


def cone_solver(X, D, y, beta, *, loss, epsilon=0.0, mask=None):
    """Weights and value by cvxpy's default conic solver."""
    cp = pytest.importorskip("cvxpy", reason="cvxpy is not installed")
    (n, d), P = X.shape, D.shape[1]
    mask = np.zeros(d) if mask is None else mask
    halves = V, W = cp.Variable((d, P)), cp.Variable((d, P))
    q = D @ (V - W).T
    outputs, reach = cp.sum(cp.multiply(X, q), axis=1), epsilon * cp.sum(cp.abs(q @ np.diag(mask)), axis=1)
    excess = reach - cp.multiply(y, outputs)
    data = {
        "squared": lambda: 0.5 * cp.sum_squares(cp.abs(outputs - y) + reach),
        "hinge": lambda: cp.sum(cp.pos(1 + excess)) / n,
        "logistic": lambda: cp.sum(cp.logistic(excess)) / n,
        "cross_entropy": lambda: cp.sum(cp.logistic(2 * outputs)) - 2 * y @ outputs,
    }[loss]()
    spread = [cp.reshape(cp.sum(cp.abs(np.diag(mask) @ U), axis=0), (1, P), order="C") for U in halves]
    cones = [
        cp.multiply(2 * D - 1, X @ U) >= epsilon * np.ones((n, 1)) @ s for U, s in zip(halves, spread, strict=True)
    ]
    penalty = sum(cp.sum(cp.norm(U, 2, axis=0)) for U in halves)
    value = cp.Problem(cp.Minimize(data + beta * penalty), cones).solve(solver=cp.CLARABEL)
    return np.stack([V.value, W.value]), value


@pytest.mark.peers
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_admm_reaches_the_value_of_a_cone_solver(seed):
    X, y = tools.toy(stream(seed, "cvxpy"), 10, like=X3)
    D = cr.activation_patterns(X, stream(seed, "cvxpy", "a").standard_normal((30, 3)))
    theirs, value = cone_solver(X, D, y, 0.2, loss="squared")
    ours, _ = cr.admm(X, y, D, beta=0.2, rho=0.03, steps=20_000, tolerance=1e-8)
    assert abs(cr.objective(X, D, y, ours, beta=0.2) / value - 1) < 1e-5
    network = cr.network_objective(X, y, cr.recover(theirs, threshold=1e-6), beta=0.2)
    assert abs(network / value - 1) < 1e-5
    assert tools.lower_bound(X, D, y, cr.predict(X, D, ours), beta=0.2) <= value * (1 + 1e-7)


@pytest.mark.peers
def test_blocks_reach_the_value_of_a_cone_solver_with_cross_entropy():
    X, y = tools.toy(stream(1, "ce"), 12, like=X3)
    y = (y > np.median(y)).astype(float)
    D = cr.activation_patterns(X, stream(1, "cea").standard_normal((15, 3)))
    _, value = cone_solver(X, D, y, 0.2, loss="cross_entropy")
    ours, _ = cr.admm_rbcd(X, y, D, stream(0, "blocks"), beta=0.2, loss="cross_entropy", steps=150)
    assert abs(cr.objective(X, D, y, ours, beta=0.2, loss="cross_entropy") / value - 1) < 2e-3
    assert tools.lower_bound(X, D, y, cr.predict(X, D, ours), beta=0.2, loss="cross_entropy") <= value * (1 + 1e-7)


@pytest.mark.peers
@pytest.mark.parametrize(
    ("loss", "epsilon", "printed"),
    [
        ("hinge", 0.2, 0.0604665),
        ("squared", 0.2, 0.1270704),
        ("logistic", 0.2, 0.2282493),
        ("hinge", 0.0, 0.0320156),
        ("squared", 0.0, 0.0318875),
        ("logistic", 0.0, 0.1416804),
    ],
)
def test_adversarial_values_of_a_cone_solver(loss, epsilon, printed):
    attack = {"beta": 0.01, "loss": loss, "epsilon": epsilon, "mask": NO_BIAS}
    theirs, value = cone_solver(SQUARE, EIGHT, CLASSES, **attack)
    assert abs(value - printed) < 1e-6
    assert np.isclose(adversarial.robust_objective(SQUARE, EIGHT, CLASSES, theirs, **attack), value, rtol=1e-6)
    ours, _ = adversarial.adversarial(SQUARE, CLASSES, EIGHT, steps=1500, balance=3.0, **attack)
    assert np.isclose(adversarial.robust_objective(SQUARE, EIGHT, CLASSES, ours, **attack), value, rtol=1e-3)


@pytest.mark.peers
def test_sampled_program_against_scikit_learn():
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    X, y = tools.toy(stream(0, "sklearn"), 12, like=X3)
    network, _ = cr.scp(X, y, normal(40, 3), beta=0.05, steps=100_000, tolerance=1e-10)
    Z = np.maximum(X @ network.first, 0)
    lasso = linear_model.Lasso(alpha=0.05 / 12, fit_intercept=False, tol=1e-13, max_iter=1_000_000).fit(Z, y)
    values = [np.sum((Z @ a - y) ** 2) / 2 + 0.05 * np.sum(np.abs(a)) for a in (network.second, lasso.coef_)]
    assert abs(values[0] / values[1] - 1) < 1e-10


# Errors -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"beta": 0.0}, ValueError, "beta must be a finite number > 0, got 0.0"),
        ({"beta": -1.0}, ValueError, "beta must be"),
        ({"rho": 0.0}, ValueError, "rho must be"),
        ({"gamma": -0.1}, ValueError, "gamma must be"),
        ({"tolerance": -1.0}, ValueError, "tolerance must be"),
        ({"X": X3 * np.nan}, ValueError, "X must be finite"),
        ({"X": X3.astype(int)}, TypeError, "X must be an array of floating-point numbers"),
        ({"y": np.array([1.0, np.nan, 0.0])}, ValueError, "y must be finite"),
        ({"y": Y3[:2]}, ValueError, "y must have shape"),
        ({"D": 2 * D3 - 1}, ValueError, "D must hold activation patterns of 0 and 1"),
        ({"D": D3 * np.nan}, ValueError, "D must hold activation patterns of 0 and 1"),
        ({"D": D3[:, [0, 1, 0, 0]]}, ValueError, "D must have distinct columns, got 2 doubles"),
        ({"D": D3[:2]}, ValueError, "D must have shape"),
        ({"D": D3[:, :0]}, ValueError, "D must have shape"),
        ({"steps": -1}, ValueError, "steps must be"),
    ],
)
def test_admm_refuses(changed, error, message):
    given = {"X": X3, "y": Y3, "D": D3, "beta": 0.1, "steps": 1, **changed}
    with pytest.raises(error, match=message):
        cr.admm(given.pop("X"), given.pop("y"), given.pop("D"), **given)


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"loss": "hinge"}, ValueError, "loss must be one of"),
        ({"loss": "cross_entropy"}, ValueError, "y must hold the classes 0 and 1"),
        ({"beta": 0.0}, ValueError, "beta must be"),
        ({"blocks": 0}, ValueError, "blocks must be"),
        ({"windows": 0}, ValueError, "windows must be"),
        ({"enough": -1.0}, ValueError, "enough must be"),
        ({"D": D3[:2]}, ValueError, "D must have shape"),
    ],
)
def test_blocks_refuse(changed, error, message):
    given = {"D": D3, "beta": 0.1, "steps": 1, **changed}
    with pytest.raises(error, match=message):
        cr.admm_rbcd(X3, Y3, given.pop("D"), stream(0, "r"), **given)
    with pytest.raises(ValueError, match="blocks must be patterns in"):
        cr.block_descent(X3, D3, Y3, cr.init(X3, D3), [3])


def test_the_rest_refuses():
    weights = np.zeros((2, 2, 3))
    with pytest.raises(ValueError, match="weights must have shape"):
        cr.objective(X3, D3, Y3, weights[:, :, :2], beta=0.1)
    with pytest.raises(ValueError, match="weights must be finite"):
        cr.recover(weights * np.nan)
    with pytest.raises(ValueError, match="threshold must be"):
        cr.recover(weights, threshold=-1.0)
    with pytest.raises(ValueError, match="draws must have a direction"):
        cr.scp(X3, Y3, np.zeros((2, 2)), beta=0.1)
    with pytest.raises(ValueError, match="draws must have shape"):
        cr.activation_patterns(X3, np.ones((2, 3)))
    with pytest.raises(ValueError, match="most must be"):
        cr.activation_patterns(X3, np.ones((2, 2)), most=0)
    with pytest.raises(ValueError, match="s must have shape"):
        cr.settle(X3, D3, cr.init(X3, D3)._replace(s=np.zeros((2, 2, 3))), beta=0.1)
    with pytest.raises(ValueError, match="X must be finite"):
        cr.all_patterns(np.full((2, 2), np.inf))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epsilon": -0.1}, "epsilon must be"),
        ({"beta": 0.0}, "beta must be"),
        ({"mask": np.array([0.5, 1.0, 0.0])}, "mask must hold 0 and 1"),
        ({"mask": np.ones(2)}, "mask must have shape"),
        ({"y": np.array([1.0, 0.0, 1.0, 0.0])}, "y must hold the classes -1 and 1 for the hinge loss"),
        ({"loss": "poisson"}, "loss must be one of"),
        ({"balance": 0.0}, "balance must be"),
        ({"X": SQUARE * np.inf}, "X must be finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_adversarial_refuses(changed, message):
    given = {"X": SQUARE, "y": CLASSES, "D": EIGHT, "beta": 0.1, "epsilon": 0.2, "mask": NO_BIAS, "steps": 1, **changed}
    with pytest.raises(ValueError, match=message):
        adversarial.adversarial(given.pop("X"), given.pop("y"), given.pop("D"), **given)


def test_nothing_that_is_given_is_changed():
    X, y, D = X3.copy(), Y3.copy(), D3.copy()
    state = cr.init(X, D)
    cr.admm_step(cr.prepare(X, D), y, state, beta=0.1)
    cr.block_descent(X, D, y, state, [0, 1])
    for now, before in ((X, X3), (y, Y3), (D, D3), (state.u, np.zeros((2, 2, 3)))):
        assert np.array_equal(now, before)
