"""F-MTL: worked steps on every backend, defining properties, written-out gradients, other solvers, what is refused."""

import numpy as np
import pytest
import scipy.optimize

from refimpl.core import tree
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.landscape import _flat_mtl_models as models
from refimpl.landscape import flat_mtl
from refimpl.models import losses
from refimpl.specs.exact import reals
from refimpl.specs.landscape.flat_mtl import exact as exact_answers
from refimpl.specs.landscape.flat_mtl.claims import CLAIMS, parts, training
from tests.alike import assert_like

LIKE = np.zeros(1)
methods = pytest.mark.parametrize("method", flat_mtl.METHODS)


def normal(name, *shape):
    return stream(0, "test-flat_mtl", name).standard_normal(shape)


# Aggregates ----------------------------------------------------------------------------------------------------------

WORKED = {  # of (2, 0) and (-1, 1), by hand
    "mgda": [0.2, 0.6],  # weights 2/5 and 3/5
    "pcgrad": [1.0, 2.0],  # (1, 1) and (0, 1)
    "mean": [0.5, 0.5],
    "sum": [1.0, 1.0],
}


@methods
def test_a_worked_aggregate(method, backend):
    G = backend.asarray([[2.0, 0.0], [-1.0, 1.0]])
    direction, weights = flat_mtl.aggregate(method, G, c=0.5)
    assert_like(direction, G, (2,))
    assert_like(weights, G, (2,))
    got = backend.to_numpy(direction)
    np.testing.assert_allclose(backend.to_numpy(weights) @ backend.to_numpy(G), got, atol=10 * backend.tolerance)
    if method == "imtl_g":
        assert got[0] == pytest.approx((got[1] - got[0]) / 2**0.5, rel=100 * backend.tolerance)
        assert backend.to_numpy(weights).sum() == pytest.approx(1, rel=10 * backend.tolerance)
    elif method == "cagrad":
        np.testing.assert_allclose(np.linalg.norm(1.25 * got - [0.5, 0.5]), 0.5**1.5, rtol=100 * backend.tolerance)
    else:
        np.testing.assert_allclose(got, WORKED[method], rtol=100 * backend.tolerance)


@methods
def test_of_one_task_it_is_the_gradient(method):
    G = np.array([[1.0, -2.0, 0.5]])
    direction = flat_mtl.aggregate(method, G, c=0.5).direction
    np.testing.assert_allclose(direction, 1.5 / 1.25 * G[0] if method == "cagrad" else G[0], rtol=1e-14)


def test_many_tasks_keep_the_defining_properties():
    G = normal("many", 20, 60) + 0.2
    g = flat_mtl.aggregate("mgda", G).direction
    assert np.min(G @ g) >= g @ g * (1 - 1e-10)
    d, g0 = flat_mtl.aggregate("cagrad", G, rescale=0).direction, G.mean(axis=0)
    assert np.linalg.norm(d - g0) == pytest.approx(0.4 * np.linalg.norm(g0), rel=1e-10)
    r = flat_mtl.aggregate("imtl_g", G).direction
    along = G @ r / np.linalg.norm(G, axis=1)
    np.testing.assert_allclose(along, along[0], rtol=1e-9)


@pytest.mark.parametrize("c", [0.1, 0.4, 1.0, 3.0])
def test_cagrad_has_the_best_worst_descent_in_its_ball(c):
    """Against a general solver of the problem itself, max over d of the least g_i . d; no dual."""
    for seed in range(4):
        G = normal(f"cagrad {seed}", 3, 4)
        g0, d = G.mean(axis=0), flat_mtl.aggregate("cagrad", G, c=c, rescale=0).direction
        radius = c * np.linalg.norm(g0)
        found = scipy.optimize.minimize(
            lambda x: -x[-1],
            np.append(g0, np.min(G @ g0)),
            jac=lambda x: -np.eye(5)[4],
            constraints=[
                {"type": "ineq", "fun": lambda x, G=G: G @ x[:4] - x[4]},
                {"type": "ineq", "fun": lambda x, g0=g0, r=radius: r**2 - np.sum((x[:4] - g0) ** 2)},
            ],
            method="SLSQP",
            options={"ftol": 1e-12, "maxiter": 500},
        )
        assert np.min(G @ d) == pytest.approx(found.x[-1], abs=1e-6)
        np.testing.assert_allclose(d, found.x[:4], atol=1e-4)


def test_cagrad_with_the_shortest_combination_at_0_may_still_move():
    """The convex hull has 0 in it, but for a small c the dual is least elsewhere; for a large one the mean is left."""
    G = np.array([[1.0, 0.0], [-0.5, 1.0], [-0.5, -1.0], [0.5, 2.0]])
    g0 = G.mean(axis=0)
    small, large = (flat_mtl.aggregate("cagrad", G, c=c, rescale=0).direction for c in (0.4, 1.5))
    assert np.linalg.norm(small - g0) == pytest.approx(0.4 * np.linalg.norm(g0), rel=1e-9)
    np.testing.assert_allclose(large, g0, rtol=1e-12)


def test_imtl_g_where_its_equations_are_singular():
    one, two, three = np.array([3.0, 4.0]), np.array([0.0, 2.0]), np.array([1.0, 0.0])
    aggregate = lambda *rows: flat_mtl.aggregate("imtl_g", np.array(rows)).direction
    pair = aggregate(one, three)
    np.testing.assert_allclose(aggregate(one, 2 * one, three), pair, rtol=1e-6)  # a parallel gradient has no weight
    np.testing.assert_allclose(aggregate(one, one, one), one)
    np.testing.assert_allclose(aggregate(0 * one, 0 * one, two), 0, atol=1e-12)
    np.testing.assert_allclose(aggregate(one, 0 * one, 0 * one), 0, atol=1e-6)
    np.testing.assert_allclose(aggregate([1.0], [-2.0], [3.0]), 0, atol=1e-6)  # one dimension, both signs


def test_parallel_gradients_in_single_precision_have_no_weight():
    one, two = np.array([1.0, 0.25, 3.0], dtype=np.float32), np.array([0.5, -1.0, 2.0], dtype=np.float32)
    for factor in (3.0, 1e-18, 7e17):
        found = flat_mtl.aggregate("imtl_g", np.stack([one, np.float32(factor) * one, two]))
        assert found.weights[1] == 0
        np.testing.assert_allclose(found.direction, flat_mtl.aggregate("imtl_g", np.stack([one, two])).direction, 1e-6)


@pytest.mark.parametrize("angle", [1e-3, 1e-5, 1e-7])
def test_imtl_g_of_nearly_parallel_gradients_is_equally_long_along_all(angle):
    """In 50 digits the equations that its weights solve; the rounding of the input alone costs eps / angle."""
    G = np.array([[3.0, 4.0, 0.5], [3.0, 4.0 + angle, 0.5 - angle], [3.0 - angle, 4.0, 0.5 + 2 * angle]])
    exact = exact_answers.imtl_g(reals(G)).astype(float)
    np.testing.assert_allclose(flat_mtl.aggregate("imtl_g", G).direction, exact, rtol=1e-14 / angle)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_length_of_gradients_is_too_large_or_too_small(dtype):
    """Squares of the first overflow, of the second vanish; the third is nothing beside its fellow."""
    for method in ("mgda", "pcgrad", "cagrad", "imtl_g", "mean", "sum"):
        plain = flat_mtl.aggregate(method, np.array([[1.0, 0.0], [-0.5, 1.0]], dtype=dtype)).direction
        for size in (1e20, 1e-30) if dtype == np.float32 else (1e200, 1e-200):
            G = dtype(size) * np.array([[1.0, 0.0], [-0.5, 1.0]], dtype=dtype)
            found = flat_mtl.aggregate(method, G).direction
            assert found.dtype == dtype
            np.testing.assert_allclose(found / dtype(size), plain, rtol=20 * np.finfo(dtype).eps, atol=1e-300)
    far = np.array([[2.0, 1.0], [-1e-25, 0.25e-25]], dtype=dtype)
    u = np.array([-4.0, 1.0]) / 17**0.5
    np.testing.assert_allclose(flat_mtl.aggregate("pcgrad", far).direction, [2, 1] - u * (u @ [2, 1]), rtol=1e-6)
    g = dtype(1e25) * np.array([3.0, 4.0], dtype=dtype)
    np.testing.assert_allclose(flat_mtl.perturb(g, rho=0.5), [0.3, 0.4], rtol=1e-6)
    expected = 0.5 * np.array([27.0, 64.0]) / np.hypot(9.0, 16.0)  # of (3, 4), times its unit of length
    np.testing.assert_allclose(flat_mtl.perturb(g, rho=0.5, theta=g) / dtype(1e25), expected, rtol=1e-6)


def test_gradients_are_passed_over_or_projected_in_the_given_order():
    G = np.array([[1.0, -1.0, -2.0], [0.0, 3.0, 3.0], [-3.0, 0.0, 2.0]])
    orders = np.array([[2, 1], [0, 2], [0, 1]]), np.array([[1, 2], [0, 2], [0, 1]])
    first, second = (flat_mtl.aggregate("pcgrad", G, orders=order).direction for order in orders)
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_allclose(second, flat_mtl.aggregate("pcgrad", G).direction)


# Parts and steps -----------------------------------------------------------------------------------------------------


def test_a_step_on_trees_on_every_backend(backend):
    """Two quadratics of a shared pair of tensors and a head: ``(1 + i) (|a|^2 + |b|^2 + |h|^2) / 2``."""
    shared = {"a": backend.asarray([[3.0, 0.0]]), "b": backend.asarray([4.0])}
    heads = [backend.asarray([1.0]), (backend.asarray([0.0]), backend.asarray([-2.0]))]
    slope = lambda i, *at: tuple(tree.map(lambda p: (1 + i) * p, part) for part in at[:2])
    settings = {"method": "mean", "rho_sh": 1.0, "rho_ns": 0.5}
    found = flat_mtl.task_gradients(slope, shared, heads, rho_sh=1.0, rho_ns=0.5)
    assert_like(found.sam, shared["a"], (2, 3))
    np.testing.assert_allclose(backend.to_numpy(found.loss), [[3, 0, 4], [6, 0, 8]], rtol=10 * backend.tolerance)
    sam = [[3.6, 0, 4.8], [7.2, 0, 9.6]]
    np.testing.assert_allclose(backend.to_numpy(found.sam), sam, rtol=10 * backend.tolerance)
    after, (one, (two, three)) = flat_mtl.step(slope, shared, heads, eta=0.5, **settings)
    assert_like(after["a"], shared["a"], (1, 2))
    for got, expected in ((after["a"], [[0.3, 0]]), (after["b"], [0.4]), (one, [0.25]), (two, [0]), (three, [0.5])):
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=100 * backend.tolerance, atol=1e-12)


def test_adaptive_perturbations_of_both_groups():
    seen = []
    slope = lambda i, shared, head, batch: (seen.append((shared, head)), (2 * shared, 3 * head))[1]
    shared, head = np.array([1.0, -2.0]), np.array([0.5])
    flat_mtl.directions(slope, shared, [head], method="mean", rho_sh=0.1, rho_ns=0.2, adaptive=True)
    (_, _), (moved, moved_head) = seen
    np.testing.assert_allclose(moved - shared, 0.1 * shared**3 / np.linalg.norm(shared**2))
    np.testing.assert_allclose(moved_head - head, 0.2 * head)


def test_the_perturbation_is_the_worst_of_its_length():
    g = normal("worst", 5)
    steps = normal("steps", 500, 5)
    steps = 0.3 * steps / np.linalg.norm(steps, axis=1, keepdims=True)
    worst = g @ flat_mtl.perturb(g, rho=0.3)
    assert worst == pytest.approx(0.3 * np.linalg.norm(g))
    assert np.max(steps @ g) < worst
    theta = normal("theta", 5)  # in units of theta: the longest of those with |steps / theta| <= rho
    assert g @ flat_mtl.perturb(g, rho=0.3, theta=theta) == pytest.approx(0.3 * np.linalg.norm(theta * g))
    assert np.max((steps * theta) @ g) < 0.3 * np.linalg.norm(theta * g)


def test_without_sharpness_each_gradient_is_taken_once():
    calls = []
    slope = lambda i, shared, head, batch: (calls.append((i, batch)), (shared, head))[1]
    g_sh, g_ns = flat_mtl.directions(
        slope, np.ones(2), [np.ones(1), 2 * np.ones(1)], "batch", method="sum", variant="erm"
    )
    assert calls == [(0, "batch"), (1, "batch")]
    np.testing.assert_allclose(g_sh, [2, 2])
    np.testing.assert_allclose(np.concatenate(g_ns), [1, 2])


# The network ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_gradients_of_the_network_are_those_of_its_losses(activation):
    net = models.init(stream(0, "test-flat_mtl", "net"), (4, 5, 3), 3, 1, like=LIKE)
    net = tree.map(lambda p: p + 0.1, net)  # no unit is at the corner of relu
    x, targets, labels = normal("x", 6, 4), normal("y", 6, 3), np.array([0, 2, 1, 1, 0, 2])
    for y, measure in ((targets, losses.squared_error), (labels, losses.softmax_cross_entropy)):
        loss = lambda shared, head, y=y, measure=measure: measure(
            models.outputs(shared, head, x, activation=activation)[0], y
        )
        expected = grad(loss, (0, 1))(net.shared, net.heads[0])
        got = models.gradient(net.shared, net.heads[0], x, y, activation=activation)
        for a, b in zip(tree.leaves(got), tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


def test_training_runs_everywhere_and_learns(backend):
    x = backend.asarray(normal("train", 16, 3))
    host = backend.to_numpy(x)
    tasks = np.stack([host[:, 0] > 0, host[:, 1] + host[:, 2] > 0, host[:, 0] > host[:, 1]], axis=1).astype(np.int64)
    labels = backend.backend.asarray(tasks)
    net = models.init(stream(0, "test-flat_mtl", "start"), (3, 8), 2, 3, like=x)
    run = models.train(
        net, x, labels, stream(0), epochs=10, lr=0.05, method="pcgrad", batch=8, rho=0.05,
        record=lambda net, epoch, conflicts: {"epoch": epoch, "conflicts": conflicts},
    )  # fmt: skip
    assert_like(run.state.heads[2].W, x, (8, 2))
    assert run.history["epoch"] == list(range(11))
    assert all(0 <= share <= 1 for share in run.history["conflicts"])
    right = lambda net: [
        float(losses.accuracy(models.outputs(net.shared, head, x)[0], labels[:, i])) for i, head in enumerate(net.heads)
    ]
    assert np.mean(right(run.state)) > max(0.8, np.mean(right(net)))


# What is refused -----------------------------------------------------------------------------------------------------


def test_bad_input_is_named():
    G, theta = np.ones((2, 3)), np.ones(3)
    slope = lambda i, shared, head, batch: (shared, head)
    gradients = lambda slope=slope, heads=(theta,), **rho: flat_mtl.task_gradients(
        slope, theta, heads, **{"rho_sh": 0.1, "rho_ns": 0.1} | rho
    )
    for call, error, message in (
        (lambda: flat_mtl.aggregate("nash", G), ValueError, "method must be one of"),
        (lambda: flat_mtl.aggregate("mgda", G[0]), ValueError, "G must have shape"),
        (lambda: flat_mtl.aggregate("mgda", G * np.nan), ValueError, "G must be finite"),
        (lambda: flat_mtl.aggregate("cagrad", G, c=-1.0), ValueError, "c must be"),
        (lambda: flat_mtl.aggregate("cagrad", G, rescale=3), ValueError, "rescale must be"),
        (
            lambda: flat_mtl.aggregate("pcgrad", G, orders=np.array([[1.0], [0.0]])),
            TypeError,
            "orders must be an array",
        ),
        (lambda: flat_mtl.aggregate("pcgrad", G, orders=np.array([[0], [1]])), ValueError, "orders must have in row i"),
        (lambda: flat_mtl.combine("both", "mgda", G, G), ValueError, "variant must be one of"),
        (lambda: flat_mtl.combine("flat", "mgda", G, G[:1]), ValueError, "sam must have shape"),
        (lambda: flat_mtl.perturb(theta, rho=-0.1), ValueError, "rho must be"),
        (lambda: flat_mtl.perturb(theta, rho=0.1, theta=np.ones(2)), ValueError, "theta must have shape"),
        (lambda: flat_mtl.perturb(np.array([np.inf]), rho=0.1), ValueError, "grad must be finite"),
        (lambda: gradients(heads=()), ValueError, "heads must be a list"),
        (lambda: gradients(heads=theta), TypeError, "heads must be a list"),
        (lambda: gradients(rho_ns=np.nan), ValueError, "rho_ns must be"),
        (lambda: gradients(lambda i, s, h, b: (np.ones(2), h)), ValueError, "g_sh of gradient must have shape"),
        (lambda: gradients(lambda i, s, h, b: (s, np.ones(2))), ValueError, "g_ns of gradient must have shape"),
        (lambda: flat_mtl.step(slope, theta, [theta], eta=0.0, method="mean"), ValueError, "eta must be"),
        (lambda: models.quadratics(np.triu(np.ones((1, 2, 2))), np.ones((1, 2))), ValueError, "matrices must be symm"),
    ):
        with pytest.raises(error, match=message):
            call()


# The experiments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tier == "quick"], ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_the_flat_part_is_a_gradient_of_the_norms():
    product, linear, other = parts.on_quadratics(stream(1, "test-flat_mtl"))
    assert product < 1e-10
    assert linear < 1e-12
    assert other > 1e-3
    errors = parts.on_a_network(stream(1, "test-flat_mtl"))
    assert np.polyfit(np.log(parts.RADII), np.log(errors), 1)[0] == pytest.approx(2, abs=0.3)


def test_sharpness_is_that_of_a_quadratic():
    """A linear head on constant features: the rise within the radius is known from loss values alone."""
    net = models.init(stream(0, "test-flat_mtl", "sharp"), (121, 3), 10, 2, like=training.LIKE)
    found = training.data(0, 0.0)
    rise, norm = training.sharpness(net, found, radius=1e-2)
    slopes = [models.gradient(net.shared, head, found.images, found.labels[:, i]) for i, head in enumerate(net.heads)]
    lengths = [np.linalg.norm(tree.ravel(slope)[0]) for slope in slopes]
    assert rise == pytest.approx(1e-2 * np.mean(lengths), rel=0.05)  # to first order
    assert norm < np.mean(lengths)


# Code of others ------------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_a_step_is_that_of_automatic_differentiation_in_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    net = models.init(stream(0, "test-flat_mtl", "torch"), (3, 4), 1, 2, like=LIKE)
    x, y = normal("torch x", 5, 3), normal("torch y", 5, 2)
    slope = lambda i, shared, head, batch: models.gradient(shared, head, x, y[:, i : i + 1], activation="tanh")
    g_sh, g_ns = flat_mtl.directions(slope, *net, method="pcgrad", rho_sh=0.2, rho_ns=0.3)
    parts_of = lambda group: [torch.tensor(leaf, requires_grad=True) for leaf in tree.leaves(group)]

    def gradient(i, shared, head):
        out = torch.tanh(torch.tensor(x) @ shared[0] + shared[1]) @ head[0] + head[1]
        loss = torch.nn.functional.mse_loss(out, torch.tensor(y[:, i : i + 1]))
        found = torch.autograd.grad(loss, [*shared, *head])
        return found[:2], found[2:]

    def moved(group, slopes, rho):
        norm = torch.sqrt(sum((g**2).sum() for g in slopes))
        return [(p + rho * g / norm).detach().requires_grad_() for p, g in zip(group, slopes, strict=True)]

    flat, rows = lambda g: torch.cat([part.reshape(-1) for part in g]), []
    for i, head in enumerate(net.heads):
        shared, own = parts_of(net.shared), parts_of(head)
        one, one_ns = gradient(i, shared, own)
        two, two_ns = gradient(i, moved(shared, one, 0.2), moved(own, one_ns, 0.3))
        rows.append((flat(one), flat(two) - flat(one)))
        np.testing.assert_allclose(tree.ravel(g_ns[i])[0], flat(two_ns), rtol=1e-9)
    expected = 0
    for a, b in zip(*rows, strict=True):  # PCGrad of two, on vectors
        dot = torch.minimum(a @ b, torch.tensor(0.0))
        expected = expected + a + b - dot * (b / (b @ b) + a / (a @ a))
    np.testing.assert_allclose(tree.ravel(g_sh)[0], expected, rtol=1e-9, atol=1e-13)
