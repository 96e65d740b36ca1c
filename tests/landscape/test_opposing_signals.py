"""Opposing signals: numbers by hand on every backend, derivatives, the flow, what is refused, other code."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from refimpl.core import autodiff
from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.core.tree import ravel
from refimpl.landscape import _opposing_signals_models as models
from refimpl.landscape import opposing_signals
from refimpl.oracle.edits import edited
from refimpl.specs.landscape.opposing_signals.claims import groups, linear, optimizers
from tests.alike import assert_like

LIKE = np.zeros(1)


def close(backend, got, expected, times=10):
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=times * backend.tolerance, atol=backend.tolerance)


# By hand, on every backend ------------------------------------------------------------------------------------------


def test_groups_by_hand(backend):
    losses = backend.asarray([[1.0, 1.0, 2.0, 3.0], [4.0, 1.0, 0.5, 3.25], [1.5, 1.0, 3.0, 2.0]])
    up, down = opposing_signals.identify(losses, 0, k=2)
    assert (backend.to_numpy(up).tolist(), backend.to_numpy(down).tolist()) == ([0, 3], [2, 1])
    assert device(up) == device(losses)
    shares = opposing_signals.swap_share(losses, 0, k=2)
    assert_like(shares, losses, (2,))
    assert backend.to_numpy(shares).tolist() == [1.0, 1.0]
    gap = opposing_signals.gap(losses, up, down)
    assert_like(gap, losses, (3,))
    assert backend.to_numpy(gap).tolist() == [0.5, 2.875, -0.25]
    assert float(opposing_signals.flips(gap)) == 1.0
    assert backend.to_numpy(opposing_signals.activity(losses)).tolist() == [3.0, 2.5]
    assert opposing_signals.crossing(gap, eta=1.0) == -1


def test_a_step_of_the_linear_network_by_hand(backend):
    b, b_o, beta = map(backend.asarray, ([1.0], [0.5], [3.0]))
    model = opposing_signals.init(b, b_o, 2.0)
    _, gradient = opposing_signals.population(model, beta, alpha=4.0)
    moved = opposing_signals.step(model, gradient, eta=0.25)
    for part, expected, shape in zip(moved, (1.5, -1.5, 1.75), ((1,), (1,), ()), strict=True):
        assert_like(part, b, shape)
        close(backend, part, np.full(shape, expected))
    hessian = opposing_signals.hessian(model, beta, alpha=4.0)
    assert_like(hessian, b, (3, 3))
    close(backend, hessian, [[4, 0, 1], [0, 16, 8], [1, 8, 2]])
    close(backend, opposing_signals.group_losses(model, beta, alpha=4.0, p=0.5), [0.5, 0.5 + 16])


def test_data_and_samples_by_hand(backend):
    x, signs, beta = map(backend.asarray, ([[1.0], [2.0], [3.0]], [1.0, 0.0, -1.0], [2.0]))
    x_o, y = opposing_signals.data(x, signs, beta, alpha=2.0, p=0.25, d2=2)
    assert_like(x_o, x, (3, 2))
    close(backend, x_o, [[2, 2], [0, 0], [-2, -2]])
    close(backend, y, [2 + 8**0.5, 4, 6 + 8**0.5])
    model = opposing_signals.init(backend.asarray([1.0]), backend.asarray([0.5, 0.0]), 1.0)
    losses, gradient = opposing_signals.sample(model, x, x_o, backend.asarray([1.0, 2.0, 3.0]))
    assert_like(losses, x, (3,))
    close(backend, losses, [0.5, 0, 0.5])
    close(backend, gradient.b, [-2 / 3])
    close(backend, gradient.b_o, [4 / 3, 4 / 3])


def test_runs_on_every_backend(backend):
    """The drivers keep library, dtype and device, and end where theory says."""
    b, b_o, beta = map(backend.asarray, ([0.5, 0.5], [0.25, 0.5], [1.5, 2.0]))
    start = opposing_signals.init(b, b_o, 1.0)
    run = opposing_signals.descend(
        start, lambda at: opposing_signals.population(at, beta, alpha=1.0), steps=40, eta=0.2
    )
    model, (loss, _) = run.state
    assert float(loss) < 1e-4
    assert_like(model.b, b, (2,)), assert_like(model.c, b, ())
    model = opposing_signals.flow(start, beta, alpha=1.0, dt=0.3, steps=20).state
    kept = 1 - 0.5 - (0.75 / 2**0.5) ** 2
    expected = (kept + (kept**2 + 4 * 6.25) ** 0.5) / 2
    assert float(model.c) ** 2 == pytest.approx(expected, rel=1e-2)
    top = opposing_signals.sharpness(lambda v: backend.asarray([3.0, -5.0, 1.0]) * v, backend.asarray([1.0, 2.0, 1.0]))
    assert float(top) == pytest.approx(3.0, rel=100 * backend.tolerance)


def test_optimizers_by_hand(backend):
    theta = backend.asarray([0.0, 0.0])
    first, second = backend.asarray([2.0, 3.0]), backend.asarray([1.0, -3.0])
    at, state = theta, opposing_signals.optimizer_init(theta)
    for grad in (first, second):  # corrected averages 2, 3 and then 4/3, -1
        at, state = opposing_signals.split_sgd(at, state, grad, lr=0.75, lr_sign=0.5, r=2.5, beta1=0.5)
    assert_like(at, theta, (2,))
    close(backend, at, [-2.5, 0.25])
    at, state = theta, opposing_signals.optimizer_init(theta)
    for grad in (first, second):
        at, state = opposing_signals.sgdm(at, state, grad, lr=0.75, beta1=0.5)
    close(backend, at, [-2.5, -1.5])
    at, state = opposing_signals.adam(theta, opposing_signals.optimizer_init(theta), first, lr=0.5)
    close(backend, at, [-1 / (2 + 1e-8), -1.5 / (3 + 1e-8)], times=100)
    assert_like(state.v, theta, (2,))


def test_a_valley_of_any_shape(backend):
    c, s = opposing_signals.valley(backend.asarray([[1.0]]), backend.asarray([[0.25]]), alpha=3.0, eta=1.0)
    assert_like(c, backend.asarray([0.0]), (1, 1))
    close(backend, c, [[0.8125]])
    close(backend, s, [[-0.5]])


# Derivatives --------------------------------------------------------------------------------------------------------


def fixture(name="model", d1=3, d2=2, c=0.75):
    rng = stream(0, "test-opposing_signals", name)
    return models.start(rng, like=LIKE, d1=d1, d2=d2, c=c), models.target(rng, 2.0, like=LIKE, d1=d1), rng


@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_gradient_and_hessian_are_the_automatic_ones(alpha):
    model, beta, _ = fixture()
    flat, unravel = ravel(model)
    loss = lambda v: opposing_signals.population(unravel(v), beta, alpha=alpha)[0]

    def by_hand(v):
        xp = array_namespace(v)
        error, use = v[5] * v[:3] - beta, v[5] * xp.sum(v[3:5]) / 2**0.5
        return 0.5 * xp.sum(error * error) + 0.5 * alpha * use * use

    assert float(loss(flat)) == pytest.approx(float(by_hand(flat)), rel=1e-14)
    _, gradient = opposing_signals.population(model, beta, alpha=alpha)
    np.testing.assert_allclose(ravel(gradient)[0], autodiff.grad(by_hand)(flat), rtol=1e-13)
    automatic = np.stack([autodiff.hvp(by_hand, flat, e) for e in np.eye(6)])
    np.testing.assert_allclose(opposing_signals.hessian(model, beta, alpha=alpha), automatic, rtol=1e-13, atol=1e-14)
    start = stream(0, "test-opposing_signals", "lanczos").standard_normal(6)
    top = opposing_signals.sharpness(lambda v: autodiff.hvp(by_hand, flat, v), start)
    assert float(top) == pytest.approx(np.linalg.eigvalsh(automatic)[-1], rel=1e-12)


def test_samples_with_the_moments_of_the_population_have_its_gradient():
    """x on the axes, each with an outlier of either sign: the loss is higher by alpha / 2."""
    model, beta, _ = fixture()
    x = np.concatenate([sign * 3**0.5 * np.eye(3) for sign in (1, -1)])
    x, signs = np.concatenate([x, x]), np.repeat([1.0, -1.0], 6)
    x_o, y = opposing_signals.data(x, signs, beta, alpha=7.0, p=1.0, d2=2)
    np.testing.assert_allclose(x_o.T @ x_o / 12, np.full((2, 2), 3.5), rtol=1e-14)
    losses, gradient = opposing_signals.sample(model, x, x_o, y)
    loss, expected = opposing_signals.population(model, beta, alpha=7.0)
    assert np.mean(losses) == pytest.approx(loss + 3.5, rel=1e-13)
    np.testing.assert_allclose(ravel(gradient)[0], ravel(expected)[0], rtol=1e-13)
    by_sign = [np.mean(losses[signs == sign]) for sign in (1, -1)]
    np.testing.assert_allclose(opposing_signals.group_losses(model, beta, alpha=7.0, p=1.0), by_sign, rtol=1e-13)


def test_gradient_of_samples_by_differences():
    model, beta, rng = fixture("samples")
    drawn = models.draw(rng, beta, n=100, d2=2)
    flat, unravel = ravel(model)
    mean = lambda v: np.mean(opposing_signals.sample(unravel(v), drawn.x, drawn.x_o, drawn.y)[0])
    _, gradient = opposing_signals.sample(model, drawn.x, drawn.x_o, drawn.y)
    differences = [(mean(flat + e) - mean(flat - e)) / 2e-6 for e in 1e-6 * np.eye(6)]
    np.testing.assert_allclose(ravel(gradient)[0], differences, rtol=1e-7, atol=1e-7)


def test_opposing_gradients_cancel_and_grow_as_outliers_get_rarer():
    model, beta, _ = fixture(d2=1)
    model = model._replace(b_o=np.zeros(1))
    for p in (0.5, 0.02):
        pulls = []
        for sign in (1.0, -1.0):
            x_o, y = opposing_signals.data(np.zeros((1, 3)), np.array([sign]), beta, alpha=2.0, p=p, d2=1)
            pulls.append(opposing_signals.sample(model, np.zeros((1, 3)), x_o, y)[1].b_o[0])
        np.testing.assert_allclose(pulls, [-0.75 * 2.0 / p, 0.75 * 2.0 / p], rtol=1e-14)


# The flow and the valley --------------------------------------------------------------------------------------------


def test_the_flow_is_that_of_scipy_and_keeps_what_it_should():
    model, beta, _ = fixture("flow")
    flat, _ = ravel(model)

    def slope(_, v):
        b, b_o, c = v[:3], v[3:5], v[5]
        use = np.sum(b_o) / 2**0.5
        return -np.concatenate([
            c * (c * b - beta), c * c * 5.0 * use * np.ones(2) / 2**0.5, [b @ (c * b - beta) + 5.0 * c * use * use],
        ])  # fmt: skip

    theirs = solve_ivp(slope, (0, 1), flat, rtol=1e-11, atol=1e-13).y[:, -1]
    ours = opposing_signals.flow(model, beta, alpha=5.0, dt=0.004, steps=250).state
    np.testing.assert_allclose(ravel(ours)[0], theirs, rtol=1e-9, atol=1e-11)
    kept = lambda at: at.c**2 - at.b @ at.b - at.b_o @ at.b_o
    assert kept(ours) == pytest.approx(kept(model), abs=1e-9)
    stiff = linear.flowed(model, beta, 5.0, np.array([0.0, 1.0]))[-1]
    np.testing.assert_allclose(ravel(stiff)[0], theirs, rtol=1e-6, atol=1e-8)


def test_a_valley_is_stable_below_two_over_eta():
    for curvature, grows, turns in ((0.5, False, False), (1.5, False, True), (2.5, True, True)):
        c, s = opposing_signals.valley(np.array([1.0]), np.array([1e-6]), alpha=curvature, eta=1.0)
        assert (abs(s[0]) > 1e-6) == grows
        assert (s[0] < 0) == turns
        assert c[0] <= 1.0


def test_a_valley_that_is_too_steep_calms_down():
    c, s, sizes = np.array([1.5]), np.array([0.01]), []
    for _ in range(200):
        c, s = opposing_signals.valley(c, s, alpha=10.0, eta=0.1)
        sizes.append(abs(s[0]))
    assert max(sizes) > 10 * sizes[0] > 1e-6 > sizes[-1]
    assert 0.1 * 10.0 * c[0] ** 2 < 2


# Data, network, claims ----------------------------------------------------------------------------------------------


def test_drawn_samples_have_equal_groups_and_the_power_asked_for():
    beta = models.target(stream(0, "test-opposing_signals", "draw"), 4.0, like=LIKE)
    drawn = models.draw(stream(0, "test-opposing_signals", "draws"), beta, n=1000, p=0.04, alpha=10.0)
    assert [int(np.sum(drawn.signs == sign)) for sign in (1, -1)] == [20, 20]
    assert np.linalg.eigvalsh(drawn.x_o.T @ drawn.x_o / 1000)[-1] == pytest.approx(10.0)
    start = models.start(stream(0, "test-opposing_signals", "start"), like=LIKE)
    assert float(start.c) > 0


def test_planted_digits_are_the_raw_ones_but_for_two_groups():
    raw, labels = models.raw_digits(stream(3, "test-opposing_signals"), like=LIKE)
    images, again, signs = models.planted_digits(stream(3, "test-opposing_signals"), like=LIKE)
    assert labels.tolist() == again.tolist()
    np.testing.assert_allclose(raw.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_array_equal(images[signs == 0], raw[signs == 0])
    assert set(labels[signs == 1]) == {0}
    assert set(labels[signs == -1]) == {1}
    border = images[signs != 0] - 0.3 * raw[signs != 0]
    np.testing.assert_allclose(np.linalg.norm(border, axis=1), 8.0)
    assert np.sum(border[0].reshape(8, 8) > 0, axis=1).tolist() == [8, 1, 1, 1, 1, 1, 1, 1]


def test_the_network_descends_as_written_by_hand(backend):
    images, labels = models.raw_digits(stream(0, "test-opposing_signals", "net"), like=backend.asarray([0.0]))
    images, labels = images[:20, :], labels[:20]
    net = models.network(stream(0, "test-opposing_signals", "weights"), like=images, hidden=5)
    losses, _ = models.train(net, images, labels, eta=0.1, steps=2)
    assert_like(losses, images, (3, 20))
    x, one_hot = backend.to_numpy(images), np.eye(10)[backend.to_numpy(labels)]
    (w1, b1), (w2, b2) = ((backend.to_numpy(layer.W), backend.to_numpy(layer.b)) for layer in net)
    expected = []
    for _ in range(3):
        hidden = np.maximum(x @ w1 + b1, 0)
        error = hidden @ w2 + b2 - one_hot
        expected.append(0.5 * np.sum(error**2, axis=1))
        back = (error @ w2.T) * (hidden > 0)
        w2, b2 = w2 - 0.1 * hidden.T @ error / 20, b2 - 0.1 * error.mean(axis=0)
        w1, b1 = w1 - 0.1 * x.T @ back / 20, b1 - 0.1 * back.mean(axis=0)
    close(backend, losses, expected, times=100)
    close(backend, models.network_losses(net, images, labels), expected[0], times=100)


def test_the_empirical_hessian_of_a_claim_by_differences():
    run = linear.Trained(0, 0, "without")
    flat, unravel = ravel(run.start)
    slope = lambda v: ravel(opposing_signals.sample(unravel(v), *run.samples)[1])[0]
    hessian = np.stack([(slope(flat + e) - slope(flat - e)) / 2e-5 for e in 1e-5 * np.eye(len(flat))])
    assert run._empirical(run.start) == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-7)


def test_what_the_claims_measure():
    """A run that swaps is told from one that does not, and clipping cuts the length."""
    t = np.arange(60)
    swing = np.stack([2 + (-1.0) ** t, 2 - (-1.0) ** t, 2 + 0 * t], axis=1)
    losses = np.concatenate([swing, swing + 0.1 * (-1.0) ** t[:, None] * [1, -1, 0]] * 10, axis=1)
    assert groups.swapped(losses) == (1.0, 0.0)
    theta = np.zeros(2)
    moved, _ = optimizers.clipped(theta, opposing_signals.optimizer_init(theta), np.array([3.0, 4.0]), lr=1.0, clip=0.5)
    np.testing.assert_allclose(moved, [-0.3, -0.4])


# Other code ---------------------------------------------------------------------------------------------------------


def test_an_average_of_exactly_r_is_masked():
    """Which no case of the oracle can show: there rounding decides."""
    theta, grad = np.zeros(2), np.array([1.0, -1.0])
    ask = lambda: opposing_signals.split_sgd(
        theta, opposing_signals.optimizer_init(theta), grad, lr=0.5, lr_sign=0.125, r=1.0, beta1=0.5
    )[0].tolist()
    assert ask() == [-0.125, 0.125]
    with edited("opposing_signals", {"opposing_signals-28": "masked = xp.abs(m_hat) > r"}):
        assert ask() == [-0.5, 0.5]


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_agrees():
    """Adam in all steps; damped momentum in the first alone, for its buffer starts undamped and is never corrected."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    grads = stream(0, "test-opposing_signals", "torch").standard_normal((6, 4))

    def theirs(make):
        parameter, found = torch.nn.Parameter(torch.zeros(4, dtype=torch.float64)), []
        optimizer = make([parameter])
        for grad in grads:
            parameter.grad = torch.from_numpy(grad)
            optimizer.step()
            found.append(parameter.detach().numpy().copy())
        return np.array(found)

    def ours(rule):
        theta, found = np.zeros(4), []
        state = opposing_signals.optimizer_init(theta)
        for grad in grads:
            theta, state = rule(theta, state, grad, lr=0.1)
            found.append(theta)
        return np.array(found)

    adam = theirs(lambda params: torch.optim.Adam(params, lr=0.1))
    np.testing.assert_allclose(ours(opposing_signals.adam), adam, rtol=1e-13)
    momentum = theirs(lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9, dampening=0.9))
    damped = ours(opposing_signals.sgdm)
    np.testing.assert_allclose(damped[0], momentum[0], rtol=1e-15)
    assert np.all(np.abs(damped[1:] - momentum[1:]).max(axis=1) > 1e-3)


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_has_the_same_sharpness():
    """The Hessian of a trained network by torch.autograd, its largest eigenvalue by LAPACK."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    images, labels = models.raw_digits(stream(0, "test-opposing_signals", "net"), like=LIKE)
    images, labels = images[:40], labels[:40]
    net = models.network(stream(0, "test-opposing_signals", "weights"), like=LIKE, hidden=3)
    _, net = models.train(net, images, labels, eta=0.1, steps=20)
    flat, unravel = ravel(net)

    def loss(v):
        losses = models.network_losses(unravel(v), images, labels)
        return array_namespace(losses).mean(losses)

    start = stream(0, "test-opposing_signals", "start").standard_normal(flat.size)
    ours = opposing_signals.sharpness(lambda v: autodiff.hvp(loss, flat, v), start, steps=40)
    x, one_hot = torch.from_numpy(images), torch.eye(10, dtype=torch.float64)[torch.from_numpy(labels)]

    def in_torch(v):
        w1, b1, w2, b2 = v[:192].reshape(64, 3), v[192:195], v[195:225].reshape(3, 10), v[225:]
        return 0.5 * ((torch.relu(x @ w1 + b1) @ w2 + b2 - one_hot) ** 2).sum(dim=1).mean()

    hessian = torch.autograd.functional.hessian(in_torch, torch.from_numpy(flat))
    assert float(ours) == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]), rel=1e-8)


# What is refused ----------------------------------------------------------------------------------------------------

LOSSES, ONE, SINGLE = np.ones((3, 4)), np.ones(1), np.ones(1, dtype=np.float32)
MODEL = opposing_signals.init(ONE, ONE, 1.0)
STATE = opposing_signals.optimizer_init(ONE)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: opposing_signals.changes(np.ones((1, 4))), "losses must have a row before and one after a step, got"),
        (lambda: opposing_signals.changes(np.full((2, 2), np.inf)), "losses must be finite"),
        (lambda: opposing_signals.identify(LOSSES, 2), "t must be below 2, got 2"),
        (lambda: opposing_signals.identify(LOSSES, -1), "t must be an integer >= 0, got -1"),
        (lambda: opposing_signals.identify(LOSSES, 0, k=5), "k must be below 5, got 5"),
        (lambda: opposing_signals.identify(LOSSES, 0, k=0), "k must be an integer >= 1"),
        (lambda: opposing_signals.swap_share(LOSSES, 1, k=1), "t must be below 1, got 1"),
        (lambda: opposing_signals.gap(LOSSES, np.array([4]), np.array([0])), "up must hold indices from 0 to 3"),
        (lambda: opposing_signals.gap(LOSSES, np.array([0]), np.array([-1])), "down must hold indices"),
        (lambda: opposing_signals.flips(np.ones(2)), "series must have three values at least, got 2"),
        (lambda: opposing_signals.crossing(np.ones(3), eta=0.0), "eta must be"),
        (lambda: opposing_signals.init(np.ones((1, 1)), ONE, 1.0), "b must have shape"),
        (lambda: opposing_signals.init(ONE, ONE, np.nan), "c must be a finite number"),
        (lambda: opposing_signals.data(np.ones((1, 1)), 2 * ONE, ONE, alpha=1.0, p=0.5, d2=1), "signs must be -1, 0"),
        (lambda: opposing_signals.data(np.ones((1, 1)), ONE, ONE, alpha=1.0, p=0.0, d2=1), "p must be"),
        (lambda: opposing_signals.data(np.ones((1, 1)), ONE, ONE, alpha=1.0, p=0.5, d2=0), "d2 must be"),
        (lambda: opposing_signals.population(MODEL, np.ones(2), alpha=1.0), "beta must have shape"),
        (lambda: opposing_signals.population(MODEL, ONE, alpha=-1.0), "alpha must be"),
        (lambda: opposing_signals.hessian(MODEL._replace(b_o=np.nan * ONE), ONE, alpha=1.0), "b_o must be finite"),
        (lambda: opposing_signals.sample(MODEL, np.ones((2, 1)), np.ones((2, 1)), ONE), "y must have shape"),
        (lambda: opposing_signals.group_losses(MODEL, ONE, alpha=0.0, p=0.5), "alpha must be"),
        (lambda: opposing_signals.step(MODEL, MODEL, eta=-1.0), "eta must be"),
        (lambda: opposing_signals.step(MODEL, MODEL._replace(c=np.nan), eta=1.0), "c of gradient must be"),
        (lambda: opposing_signals.step(MODEL._replace(b=np.nan * ONE), MODEL, eta=1.0), "b must be finite"),
        (lambda: opposing_signals.step(MODEL, MODEL._replace(b_o=np.ones(2)), eta=1.0), "b_o of gradient must have"),
        (lambda: opposing_signals.init(ONE, SINGLE, 1.0), "b_o must have dtype float64, that of b, got float32"),
        (lambda: opposing_signals.population(MODEL, SINGLE, alpha=1.0), "beta must have dtype float64"),
        (lambda: opposing_signals.population(MODEL._replace(c=SINGLE.reshape(())), ONE, alpha=1.0), "c must have"),
        (lambda: opposing_signals.descend(MODEL, lambda at: None, steps=1, eta=1.0), "loss_and_gradient must return"),
        (lambda: opposing_signals.descend(MODEL, lambda at: (np.nan, at), steps=0, eta=1.0), "loss of loss_and_grad"),
        (lambda: opposing_signals.descend(MODEL, lambda at: (0.0, ONE), steps=0, eta=1.0), "gradient of loss_and_gr"),
        (lambda: opposing_signals.flow(MODEL, ONE, alpha=1.0, dt=0.0, steps=1), "dt must be"),
        (lambda: opposing_signals.valley(ONE, np.ones(2), alpha=1.0, eta=1.0), "s must have shape"),
        (lambda: opposing_signals.sharpness(lambda v: v, np.zeros(2)), "start must not be 0"),
        (lambda: opposing_signals.sgdm(ONE, STATE, np.ones(2), lr=0.1), "grad must have shape"),
        (lambda: opposing_signals.sgdm(ONE, STATE, ONE, lr=0.1, dampening=1.0), "dampening must be"),
        (lambda: opposing_signals.adam(ONE, STATE, ONE, lr=0.1, eps=0.0), "eps must be"),
        (lambda: opposing_signals.adam(ONE, STATE._replace(v=-ONE), ONE, lr=0.1), "v must be >= 0"),
        (lambda: opposing_signals.split_sgd(ONE, STATE, ONE, lr=0.1, lr_sign=0.0, r=1.0), "lr_sign must be"),
        (lambda: opposing_signals.split_sgd(ONE, STATE, ONE, lr=0.1, lr_sign=0.1, r=-1.0), "r must be"),
        (lambda: models.draw(stream(0, "x"), ONE, p=2.0), "p must be"),
        (lambda: models.train([ONE], np.ones((2, 64)), np.zeros(2, int), eta=-1.0, steps=1), "eta must be"),
        (lambda: models.target(stream(0, "x"), 0.0, like=ONE), "norm must be"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises((TypeError, ValueError), match=words):
        call()


def test_scalars_of_numpy_do_not_turn_float32_into_float64():
    model = opposing_signals.Model(SINGLE, SINGLE, np.float64(0.5))
    found = opposing_signals.step(model, opposing_signals.population(model, SINGLE, alpha=1.0)[1], eta=np.float64(0.5))
    assert {x.dtype.name for x in found} == {"float32"}


def test_groups_are_as_large_as_the_samples_allow():
    assert models.draw(stream(0, "x"), ONE, n=3, p=1.0).signs.tolist() == [1, -1, 0]


def test_a_run_that_diverges_ends_in_an_error():
    model, beta, rng = fixture("diverge")
    drawn = models.draw(rng, beta, n=100, d2=2)
    slope = lambda at: opposing_signals.sample(at, drawn.x, drawn.x_o, drawn.y)
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(ValueError, match="must be"):
        opposing_signals.descend(model, slope, steps=200, eta=1.0)
