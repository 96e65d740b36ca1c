"""AdaHessian: worked steps and blocks on every library, what it refuses, its driver, and public implementations."""

from itertools import product

import numpy as np
import pytest

from refimpl.core import tree
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import grad, jacobian
from refimpl.core.random import signs, stream
from refimpl.optimizers import adahessian, adamw
from refimpl.specs.optimizers.adahessian import cases
from refimpl.specs.optimizers.adahessian.claims import CLAIMS, training
from tests.alike import assert_like
from tests.thorough import sample

DIAGONALS = [[0.75, 0.75, 2.75, 2.75], [2.75, 2.75, -1.25, -1.25], [1.75, 1.75, -0.25, -0.25]]
SIGNED = [1.5665274349443143, -1.0295849361879706, -0.0917469884989568, 1.5220443111674987]
ABSOLUTE = [1.567961498855252, -1.0298726983615725, 0.020644251820503338, 1.790024178965967]
HALF_POWER = [1.5648765091659313, -0.9547404847747422, -0.3125788555955652, 0.9749205616791469]


# The worked steps, on every backend ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("absolute", "rates", "end"),
    [(False, {}, SIGNED), (True, {}, ABSOLUTE), (False, {"hessian_power": 0.5}, HALF_POWER)],
)
def test_three_steps_on_a_saddle(backend, absolute, rates, end):
    """Against numbers that were computed in 40 digits, apart from this library."""
    hessian, theta = backend.asarray(cases.INDEFINITE), backend.asarray(cases.START)
    start, state = theta, adahessian.init(theta)
    for draw, expected in zip(cases.DRAWS, DIAGONALS, strict=True):
        z = backend.asarray([float(x) for x in draw])
        if absolute:
            diagonal = adahessian.average(abs(adahessian.estimate(lambda v: hessian @ v, z)), 2)
        else:
            diagonal = adahessian.estimate(lambda v: hessian @ v, z, block=2)
            assert backend.to_numpy(diagonal).tolist() == expected
        theta, state = adahessian.update(theta, state, hessian @ theta, diagonal, lr=0.1, weight_decay=0.01, **rates)
        for array in (diagonal, theta, state.m, state.v):
            assert_like(array, start)
    assert state.steps == 3
    np.testing.assert_allclose(backend.to_numpy(theta), end, rtol=backend.tolerance, atol=backend.tolerance)


def test_a_zero_draw_divides_by_eps_and_averaging_removes_it():
    theta, h, z = np.array(cases.START), cases.INDEFINITE, np.array(cases.DRAWS[0], dtype=float)
    for block, moved in ((1, 3000.999), (2, 1.39894667377683)):
        diagonal = adahessian.estimate(lambda v: h @ v, z, block=block)
        assert (diagonal[0] == 0) == (block == 1)
        new, _ = adahessian.update(theta, adahessian.init(theta), h @ theta, diagonal, lr=0.1, weight_decay=0.01)
        assert new[0] == pytest.approx(moved, rel=1e-13)


def test_the_first_step_is_newtons_on_a_diagonal_quadratic(backend):
    curvature = 10.0 ** np.arange(-3.0, 4)
    h, theta = backend.asarray(curvature), backend.asarray(stream(0, "test-adahessian", "newton").standard_normal(7))
    z = backend.asarray([1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0])
    diagonal = adahessian.estimate(lambda v: h * v, z)
    moved, state = adahessian.update(theta, adahessian.init(theta), h * theta, diagonal, lr=1.0, eps=0.0)
    assert np.max(np.abs(backend.to_numpy(moved))) < backend.tolerance
    np.testing.assert_allclose(backend.to_numpy(adahessian.curvature(state)), curvature, rtol=10 * backend.tolerance)


def test_squared_gradients_in_place_of_the_diagonal_make_adamw(backend):
    grads = [backend.asarray(g) for g in stream(0, "test-adahessian", "adamw").standard_normal((6, 4))]
    theta = other = backend.asarray([1.0, -1.0, 2.0, 0.5])
    state, other_state, rates = adahessian.init(theta), adamw.init(theta), {"lr": 0.1, "weight_decay": 0.1}
    for g in grads:
        theta, state = adahessian.update(theta, state, g, g, eps=1e-8, **rates)
        other, other_state = adamw.update(other, other_state, g, eps=1e-8, **rates)
    np.testing.assert_allclose(backend.to_numpy(theta), backend.to_numpy(other), rtol=10 * backend.tolerance)


@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (2, 1, 2)])
def test_parameters_of_any_shape_move_like_flat_ones(backend, shape):
    rng = stream(0, "test-adahessian", "shape")
    start, inputs = np.asarray(rng.standard_normal(shape)), rng.standard_normal((5, 2, *shape))
    shaped, flat = backend.asarray(start), backend.asarray(start.reshape(-1))
    state, flat_state = adahessian.init(shaped), adahessian.init(flat)
    rates = {"lr": 0.1, "weight_decay": 0.3, "hessian_power": 0.7}
    for pair in inputs:
        g, d = (backend.asarray(np.asarray(x)) for x in pair)
        shaped, state = adahessian.update(shaped, state, g, d, **rates)
        g, d = (backend.asarray(x.reshape(-1)) for x in pair)
        flat, flat_state = adahessian.update(flat, flat_state, g, d, **rates)
    assert shaped.shape == state.m.shape == state.v.shape == shape
    np.testing.assert_allclose(
        backend.to_numpy(shaped).reshape(-1), backend.to_numpy(flat), rtol=backend.tolerance, atol=backend.tolerance
    )


def test_a_tree_moves_like_its_leaves(backend):
    rng = stream(0, "test-adahessian", "tree")
    make = lambda: {"W": backend.asarray(rng.standard_normal((2, 3))), "b": (backend.asarray(rng.standard_normal(3)),)}
    params, g, d = make(), make(), make()
    moved, state = adahessian.update(params, adahessian.init(params), g, d)
    for pick in (lambda t: t["W"], lambda t: t["b"][0]):
        leaf, leaf_state = adahessian.update(pick(params), adahessian.init(pick(params)), pick(g), pick(d))
        assert np.all(backend.to_numpy(pick(moved)) == backend.to_numpy(leaf))
        assert np.all(backend.to_numpy(pick(state.v)) == backend.to_numpy(leaf_state.v))


def test_nothing_that_is_given_is_changed(backend):
    given = [backend.asarray([1.0, -1.0]) for _ in range(5)]
    params, m, v, g, d = given
    adahessian.update(params, adahessian.AdaHessianState(m, abs(v), 1), g, d, weight_decay=0.1)
    assert all(backend.to_numpy(array).tolist() == [1.0, -1.0] for array in given)


@pytest.mark.parametrize("power", sample([1.0, 0.7], [0.5]))
def test_donated_memory_is_used_and_changes_no_bit(power):
    theta, m, v, g, d = stream(0, "test-adahessian", "donate").standard_normal((5, 300_001))
    rates = {"weight_decay": 0.2, "hessian_power": power}
    expected, state = adahessian.update(theta, adahessian.AdaHessianState(m, v * v, 3), g, d, **rates)
    piece = slice(1000, 1100)
    small = adahessian.AdaHessianState(m[piece], (v * v)[piece], 3)
    part, _ = adahessian.update(theta[piece], small, g[piece], d[piece], **rates)
    assert np.all(expected[piece] == part)
    got, new = adahessian.update(theta, adahessian.AdaHessianState(m, v * v, 3), g, d, **rates, donate=True)
    assert np.shares_memory(got, theta)
    assert np.shares_memory(new.m, m)
    for x, y in ((got, expected), (new.m, state.m), (new.v, state.v)):
        assert np.all(x == y)


# The diagonal -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "block", "expected"),
    [
        ((4,), 2, [0.5, 0.5, 2.5, 2.5]),
        ((2, 3), 3, [[1, 1, 1], [4, 4, 4]]),
        ((2, 3), "row", [[1, 1, 1], [4, 4, 4]]),
        ((2, 3), 2, [[0.5, 0.5, 2.5], [2.5, 4.5, 4.5]]),
        ((2, 2, 2), "kernel", [[[0.5, 0.5], [2.5, 2.5]], [[4.5, 4.5], [6.5, 6.5]]]),
        ((2, 1, 2, 2), "kernel", [[[[1.5, 1.5], [1.5, 1.5]]], [[[5.5, 5.5], [5.5, 5.5]]]]),
        ((3,), 1, [0, 1, 2]),
        ((), 1, 0),
    ],
)
def test_blocks(backend, shape, block, expected):
    diagonal = backend.asarray(np.arange(float(np.prod(shape))).reshape(shape))
    averaged = adahessian.average(diagonal, block)
    assert_like(averaged, diagonal)
    np.testing.assert_allclose(backend.to_numpy(averaged), expected, rtol=backend.tolerance)


def test_labels_make_blocks_of_any_form(backend):
    diagonal = backend.asarray([[1.0, 2.0, 3.0], [4.0, 5.0, 9.0]])
    labels = backend.xp.asarray([[5, -1, 5], [5, -1, 0]], device=device(diagonal))
    averaged = adahessian.average(diagonal, labels)
    assert_like(averaged, diagonal)
    np.testing.assert_allclose(
        backend.to_numpy(averaged), [[8 / 3, 3.5, 8 / 3], [8 / 3, 3.5, 9]], rtol=backend.tolerance
    )


def test_the_papers_blocks_for_each_array():
    params = {"b": np.zeros(4), "W": np.zeros((4, 6)), "c1": np.zeros((2, 2, 3)), "c2": np.zeros((2, 2, 3, 3))}
    assert adahessian.blocks(params, matrix=3) == {"b": 1, "W": 3, "c1": "kernel", "c2": "kernel"}
    assert adahessian.blocks(np.zeros(()), matrix=3) == 1
    rng = stream(0, "test-adahessian", "blocks")
    z = tree.map(lambda p: signs(rng, p.shape, like=p), params)
    scales = tree.map(lambda p: rng.standard_normal(p.shape), params)
    product_ = lambda v: tree.map(lambda s, x: s * x, scales, v)
    found = adahessian.estimate(product_, z, block=adahessian.blocks(params, matrix=3))
    np.testing.assert_allclose(found["b"], scales["b"])
    np.testing.assert_allclose(found["W"], np.repeat(scales["W"].reshape(-1, 3).mean(1), 3).reshape(4, 6))
    np.testing.assert_allclose(found["c1"], np.broadcast_to(scales["c1"].mean(2, keepdims=True), (2, 2, 3)))
    np.testing.assert_allclose(found["c2"], np.broadcast_to(scales["c2"].mean((2, 3), keepdims=True), (2, 2, 3, 3)))


def wavy(params, A, c):
    """Indefinite and not quadratic, of one array or a tree of them."""
    flat, _ = tree.ravel(params)
    xp = array_namespace(flat)
    return xp.sum(xp.cos(A @ flat + c)) / 10 + xp.sum(flat * flat) / 2 - 1.5 * flat[0] ** 2


def test_mean_and_variance_over_all_signs_are_those_of_the_hessian():
    """The Hessian column by column; variance of blocks of three by the formula, pair by pair."""
    rng = stream(0, "test-adahessian", "moments")
    A, c, x = rng.standard_normal((6, 6)), rng.standard_normal(6), rng.standard_normal(6)
    hessian = jacobian(grad(lambda x: wavy(x, A, c)))(x)
    _, times = adahessian.differentiated(lambda x, k: wavy(x, A, c))(x, 1)
    draws = [adahessian.estimate(times, np.array(z), block=3) for z in product((1.0, -1.0), repeat=6)]
    inside, outside = hessian[:3, :3], hessian[:3, 3:]
    variance = (np.sum(outside**2) + 4 * np.sum(np.triu(inside, 1) ** 2)) / 9
    np.testing.assert_allclose(np.mean(draws, axis=0)[:3], np.diag(hessian)[:3].mean(), rtol=1e-12)
    np.testing.assert_allclose(np.var(draws, axis=0)[:3], variance, rtol=1e-12)


# What is refused ------------------------------------------------------------------------------------------------

GOOD = {"params": np.zeros(2), "state": adahessian.init(np.zeros(2)), "grad": np.zeros(2), "diagonal": np.ones(2)}


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"grad": np.zeros(3)}, ValueError, "grad"),
        ({"grad": np.zeros(2, np.float32)}, ValueError, "grad"),
        ({"grad": np.array([0.0, np.nan])}, ValueError, "grad"),
        ({"grad": [0.0, 0.0]}, TypeError, "grad"),
        ({"diagonal": np.zeros(2, int)}, TypeError, "diagonal"),
        ({"diagonal": np.ones(3)}, ValueError, "diagonal"),
        ({"diagonal": np.array([np.inf, 1.0])}, ValueError, "diagonal"),
        ({"state": adahessian.AdaHessianState(np.zeros(3), np.zeros(2), 0)}, ValueError, "m must"),
        ({"state": adahessian.AdaHessianState(np.zeros(2), np.zeros(3), 0)}, ValueError, "v must"),
        ({"state": adahessian.AdaHessianState(np.zeros(2), np.zeros(2), -1)}, ValueError, "steps"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"lr": "0.1"}, TypeError, "lr"),
        ({"beta1": 1.0}, ValueError, "beta1"),
        ({"beta2": -0.1}, ValueError, "beta2"),
        ({"eps": -1e-9}, ValueError, "eps"),
        ({"weight_decay": float("inf")}, ValueError, "weight_decay"),
        ({"hessian_power": -0.5}, ValueError, "hessian_power"),
    ],
)
def test_bad_arguments_are_named(changed, error, name):
    given = {**GOOD, **changed}
    positional = [given.pop(key) for key in ("params", "state", "grad", "diagonal")]
    with pytest.raises(error, match=name):
        adahessian.update(*positional, **given)


@pytest.mark.parametrize(
    ("shape", "block", "error"),
    [
        ((4,), 3, ValueError),
        ((4,), 0, ValueError),
        ((4,), 2.0, TypeError),
        ((4,), "kernel", ValueError),
        ((2, 2), "kernel", ValueError),
        ((), "row", ValueError),
        ((4,), "column", ValueError),
        ((4,), np.zeros(3, int), ValueError),
        ((4,), np.zeros(4), TypeError),
    ],
)
def test_blocks_that_do_not_fit_are_refused(shape, block, error):
    with pytest.raises(error, match="block"):
        adahessian.average(np.ones(shape), block)


def test_what_else_is_refused():
    for params, error in (([], ValueError), (1.0, TypeError), (np.zeros(2, int), TypeError), ([1.0], TypeError)):
        with pytest.raises(error, match="params"):
            adahessian.init(params)
    with pytest.raises(ValueError, match="product"):
        adahessian.estimate(lambda z: z[:1], np.ones(2))
    with pytest.raises(TypeError, match="diagonal"):
        adahessian.average(np.ones(2, int))
    with pytest.raises(ValueError, match="steps"):
        adahessian.curvature(adahessian.init(np.zeros(2)))
    with pytest.raises(ValueError, match="period"):
        adahessian.due(adahessian.init(np.zeros(2)), period=0)


# The driver -----------------------------------------------------------------------------------------------------


def test_minimize_is_the_loop_over_estimate_and_update(backend):
    rng = stream(0, "test-adahessian", "driver")
    A, c = backend.asarray(rng.standard_normal((6, 6))), backend.asarray(rng.standard_normal(6))
    start = {"W": backend.asarray(rng.standard_normal((2, 2))), "b": backend.asarray(rng.standard_normal(2))}
    oracle = adahessian.differentiated(lambda params, k: wavy(params, A, c * k))
    block = {"W": "row", "b": 1}
    rates = {"beta2": 0.9, "weight_decay": 0.1, "hessian_power": 0.5}
    driven = adahessian.minimize(
        oracle, start, steps=5, rng=stream(1, "signs"), period=3, lr=lambda k: 0.1 / k, block=block, **rates
    )
    theta, state, draws, diagonal = start, adahessian.init(start), stream(1, "signs"), None
    for k in range(1, 6):
        slope, times = oracle(theta, k)
        if k in (1, 4):
            z = {name: signs(draws, theta[name].shape, like=theta[name]) for name in ("W", "b")}
            diagonal = adahessian.estimate(times, z, block=block)
        theta, state = adahessian.update(theta, state, slope, diagonal, lr=0.1 / k, **rates)
    for name in ("W", "b"):
        assert_like(driven.state[0][name], start[name])
        assert np.all(backend.to_numpy(driven.state[0][name]) == backend.to_numpy(theta[name]))
        assert np.all(backend.to_numpy(driven.state[1].v[name]) == backend.to_numpy(state.v[name]))


def test_two_groups_go_their_own_ways():
    """a^2 + 10 b^2 from (1, 3): one step, both at 0."""
    oracle = adahessian.differentiated(lambda groups, k: groups[0][0][0] ** 2 + 10 * groups[1][0][0] ** 2)
    start = [[np.array([1.0])], [np.array([3.0])]]
    run = adahessian.minimize(oracle, start, steps=1, rng=stream(0, "groups"), lr=1.0, eps=0.0)
    assert max(abs(group[0][0]) for group in run.state[0]) < 1e-15


def test_minimize_records_and_names_what_is_wrong():
    oracle = adahessian.differentiated(lambda x, k: (x[0] ** 2 + x[1] ** 2) / 2)
    how = {"rng": stream(0, "record"), "lr": 1.0, "eps": 0.0, "beta1": 0.0}
    run = adahessian.minimize(oracle, np.ones(2), steps=2, record=lambda x, s: {"x": x[0], "t": s.steps}, **how)
    assert run.history == {"x": [1.0, 0.0, 0.0], "t": [0, 1, 2]}
    for changed, name in (
        ({"steps": -1}, "steps"),
        ({"period": 0}, "period"),
        ({"block": 3}, "block"),
        ({"lr": lambda k: -1.0}, "lr"),
    ):
        with pytest.raises(ValueError, match=name):
            adahessian.minimize(oracle, np.ones(2), **{"steps": 1, **how, **changed})


# The experiments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id[-2:] in "C1 C2 C3 C4 C9"], ids=lambda c: c.id)
def test_cheap_claims_hold_for_another_seed(claim):
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_networks_side_by_side_are_the_model_one_by_one():
    from refimpl.models import losses, mlp

    one = training.task(0, 0)
    weights = np.stack([one.start, -0.5 * one.start, one.start[::-1]])
    _, unravel = tree.ravel(mlp.init(stream(0, "test"), training.WIDTHS, like=one.x))
    loss = lambda flat: losses.softmax_cross_entropy(mlp.apply(unravel(flat), one.x), one.labels)
    assert training.many_losses(weights, one.x, one.labels) == pytest.approx(sum(map(loss, weights)), rel=1e-12)
    together = grad(training.many_losses)(weights, one.x, one.labels)
    np.testing.assert_allclose(training.gradients(weights, one.x, one.labels), together, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(together[1], grad(loss)(weights[1]), rtol=1e-10, atol=1e-14)


def test_standardized_features_are_the_scaled_ones_at_scale_one():
    scaled, standardized = training.task(3, 1), training.task(3, 1, "standardized")
    np.testing.assert_allclose(standardized.x * 10.0 ** np.linspace(0, -2.5, 20), scaled.x, rtol=1e-12)
    for one, other in zip(scaled[1:], standardized[1:], strict=True):
        assert np.all(one == other)


# Public implementations -----------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize("period", [1, 5])
def test_pytorch_optimizer_agrees(period, power):
    """Our diagonals, where one is due; between two it keeps v."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("pytorch_optimizer", reason="pytorch_optimizer is not installed (`make peers`)")
    rng = stream(0, "test-adahessian", "pytorch_optimizer")
    start, grads = rng.standard_normal(5), rng.standard_normal((12, 5))
    diagonals = rng.uniform(0.3, 3, (12, 5)) * rng.choice([-1, 1], (12, 5))
    params = torch.nn.Parameter(torch.tensor(start))
    how = {"eps": 1e-4, "weight_decay": 0.1}
    optimizer = peer.AdaHessian([params], lr=0.1, hessian_power=power, update_period=period, **how)
    theta, state = start, adahessian.init(start)
    for g, d in zip(grads, diagonals, strict=True):
        params.grad = torch.tensor(g)
        fresh = adahessian.due(state, period=period)
        optimizer.step(**({"hessian": [torch.tensor(d)]} if fresh else {}))
        fed = d if fresh else np.sqrt(state.v)  # whose square leaves v where it is
        theta, state = adahessian.update(theta, state, g, fed, lr=0.1, hessian_power=power, **how)
        np.testing.assert_allclose(params.detach().numpy(), theta, rtol=1e-12, atol=1e-12)


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("power", [1.0, 0.5])
@pytest.mark.parametrize("decay", [0.0, 0.05])
@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_torch_optimizer_agrees(monkeypatch, power, decay, scale):
    """The whole algorithm as the authors released it, from our signs: absolute values, and kernels as blocks."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("torch_optimizer", reason="torch_optimizer is not installed (`make peers`)")
    rng = stream(0, "test-adahessian", "torch_optimizer")
    shapes = ((3,), (2, 3), (2, 2, 1, 3))
    size = sum(int(np.prod(shape)) for shape in shapes)
    A, c = rng.standard_normal((size, size)) / 2, rng.standard_normal(size)  # so that no diagonal comes near 0
    theta = [rng.standard_normal(shape) for shape in shapes]
    params = [torch.nn.Parameter(torch.tensor(x)) for x in theta]
    rates = {"lr": 0.05 * scale ** (power - 1), "eps": 1e-4, "weight_decay": decay, "hessian_power": power}
    optimizer = peer.Adahessian(params, **rates)
    oracle = adahessian.differentiated(lambda at, k: scale * wavy(at, A, c))
    state, blocks = adahessian.init(theta), adahessian.blocks(theta)
    for k in range(1, 7):
        z = [signs(rng, shape, like=c) for shape in shapes]
        draws = iter(z)
        monkeypatch.setattr(torch, "randint_like", lambda p, draws=draws, **_: torch.tensor((next(draws) + 1) / 2))
        optimizer.zero_grad()
        flat = torch.cat([p.reshape(-1) for p in params])
        waves = torch.cos(torch.tensor(A) @ flat + torch.tensor(c)).sum() / 10
        loss = waves + (flat * flat).sum() / 2 - 1.5 * flat[0] ** 2
        (scale * loss).backward(create_graph=True)
        optimizer.step()
        g, times = oracle(theta, k)
        diagonal = tree.map(adahessian.average, tree.map(abs, adahessian.estimate(times, z)), blocks)
        theta, state = adahessian.update(theta, state, g, diagonal, **rates)
        for ours, theirs in zip(theta, params, strict=True):
            np.testing.assert_allclose(theirs.detach().numpy(), ours, rtol=1e-12, atol=1e-12)
        assert next(draws, None) is None


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:Using backward")
def test_torch_optimizer_does_not_know_kernels_in_one_dimension():
    """The mutant `three_axes_forgotten` as released; if this fails it was mended, and the page has to say so."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("torch_optimizer", reason="torch_optimizer is not installed (`make peers`)")
    params = torch.nn.Parameter(torch.ones(2, 2, 3))
    optimizer = peer.Adahessian([params])
    (params**3).sum().backward(create_graph=True)
    with pytest.raises(UnboundLocalError):
        optimizer.step()
