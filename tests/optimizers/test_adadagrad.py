"""AdAdaGrad: the worked sizes and steps, every library and device, what it refuses, its driver, public AdaGrads."""

import math
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
import pytest

from refimpl.core import tree
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import losses, mlp
from refimpl.optimizers import adadagrad
from refimpl.optimizers._adadagrad_models import per_example_gradients
from refimpl.optimizers._baselines import momentum_init, sgd
from refimpl.oracle import check
from refimpl.specs.optimizers.adadagrad.claims import CLAIMS, descent, training
from tests.alike import assert_like
from tests.thorough import sample

ROWS = [[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]]
TESTS = {
    "norm": partial(adadagrad.norm_test, eta=0.1),
    "coordinate": partial(adadagrad.coordinate_test, eta=0.1),
    "inner_product": partial(adadagrad.inner_product_test, vartheta=0.1),
    "augmented": partial(adadagrad.augmented_test, vartheta=0.1, nu=0.3),
}

HESSIAN = [[2, 1, 0, -1], [1, 3, 0.5, 0], [0, 0.5, -1, 2], [-1, 0, 2, 4]]  # of a saddle
SADDLE = [
    [1, -2, 0.5, 3],
    [1.1071914050612297, -1.8302802753197196, 0.33921289240815544, 2.571234379755081],
    [1.1673332319748173, -1.7144023762459306, 0.23229735196655832, 2.3002090249120433],
]
SQUARES = [0.01, 195.8225, 330.6257723235167]


# The tests, on every backend --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "size"),
    [
        (TESTS["norm"], 43),
        (partial(adadagrad.norm_test, eta=0.5), 4),
        (TESTS["coordinate"], 55),
        (TESTS["inner_product"], 42),
        (TESTS["augmented"], 42),
        (partial(adadagrad.augmented_test, vartheta=0.9, nu=0.03), 9),
    ],
)
def test_worked_sizes(backend, test, size):
    rows = backend.asarray(ROWS)
    ratio = test(rows)
    assert ratio.dtype == rows.dtype
    assert device(ratio) == device(rows)
    assert adadagrad.grow(4, ratio, largest=1000) == size


def test_worked_moments(backend):
    rows = backend.asarray(ROWS)
    for got, expected in zip(adadagrad.moments(rows), ([4.75, 5.75, 6.75], [12.25, 14.25, 16.25]), strict=True):
        assert_like(got, rows[0, :])
        assert backend.to_numpy(got).tolist() == expected


@pytest.mark.parametrize("name", TESTS)
def test_zeros(backend, name):
    """No noise is a test met; noise without signal asks for all. The plain inner product sees no noise there."""
    assert float(TESTS[name](backend.asarray(np.zeros((3, 2))))) == 0
    assert float(TESTS[name](backend.asarray([[0.5, -2.0]] * 3))) == 0
    opposed = float(TESTS[name](backend.asarray([[1.0, 0.0], [-1.0, 0.0]])))
    assert opposed == (0 if name == "inner_product" else math.inf)


@pytest.mark.parametrize("name", TESTS)
def test_gradients_of_any_shape_are_tested_like_flat_ones(backend, name):
    rows = 1 + stream(0, "test-adadagrad", "shape").standard_normal((5, 6))
    flat, shaped = TESTS[name](backend.asarray(rows)), TESTS[name](backend.asarray(rows.reshape(5, 3, 1, 2)))
    assert shaped.shape == ()
    assert float(shaped) == pytest.approx(float(flat), rel=backend.tolerance)


def test_exact_ratios(backend):
    mean, variance = backend.asarray([3.0, 4.0, 0.0]), backend.asarray([1.0, 24.0, 0.0])
    assert float(adadagrad.norm_ratio(mean, variance, eta=0.5)) == 4
    assert float(adadagrad.coordinate_ratio(mean, variance, eta=0.5)) == 6
    assert float(adadagrad.coordinate_ratio(mean, variance + 1e-3, eta=0.5)) == math.inf


def test_the_size_is_the_smallest_that_meets_the_exact_test():
    """Against all batches of a population of three, in rational arithmetic."""
    population = [Fraction(1), Fraction(2), Fraction(6)]
    mean = sum(population) / 3

    def noise(b):
        return sum((sum(rows) / b - mean) ** 2 for rows in product(population, repeat=b)) / 3**b

    values = np.array([[1.0], [2.0], [6.0]])
    for eta in (0.3, 0.4, 0.5, 0.6):
        ratio = adadagrad.norm_ratio(values.mean(axis=0), values.var(axis=0), eta=eta)
        b = adadagrad.grow(1, ratio, largest=100)
        assert b == min(size for size in range(1, 8) if noise(size) <= Fraction(eta) ** 2 * mean**2)


def test_noise_splits_in_two():
    rows = stream(0, "test-adadagrad", "split").standard_normal((7, 5)) + 0.5
    mean, variance = adadagrad.moments(rows)
    square = mean @ mean
    along = adadagrad.inner_product_test(rows, vartheta=1.0) * square
    across = adadagrad.augmented_test(rows, vartheta=1e9, nu=1.0) * square
    assert along + across == pytest.approx(variance.sum(), rel=1e-12)


DEMANDS = {
    "as defined": lambda rows, m, eta: rows.var(ddof=1) / (eta**2 * m**2),
    "squares last": lambda rows, m, eta: (rows.std(ddof=1) / (eta * m)) ** 2,
    "mean by a reciprocal": lambda rows, m, eta: rows.var(ddof=1) / (eta * (rows.sum() * rows.dtype.type(1 / 3))) ** 2,
    "one pass": lambda rows, m, eta: (np.sum(rows * rows) - 3 * m * m) / 2 / (m * m) / eta**2,
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("order", DEMANDS)
@pytest.mark.parametrize(("round_up", "verdict"), [(math.ceil, "conforms in part"), (lambda x: int(x) + 1, "deviates")])
def test_whole_demands_are_not_exceeded_in_any_order_of_operations(dtype, order, round_up, verdict):
    def size(grads, test, eta, vartheta, nu, split, largest):
        return max(len(grads), round_up(DEMANDS[order](grads[:, 0], grads[:, 0].mean(), eta)))

    report = check(size, "adadagrad.batch_size", only=["law:whole-demand:norm"], dtypes=[dtype])
    assert report.verdict == verdict


def test_the_next_size():
    grow = partial(adadagrad.grow, 8)
    assert grow(3.0, largest=100) == 8
    assert grow(8.0, largest=100) == 8
    assert grow(8.001, largest=100) == 9
    assert grow(1e300, largest=100) == grow(math.inf, largest=100) == 100
    assert grow(0.0, largest=8) == 8


def test_an_eta_that_promises_nothing_is_warned_of():
    rows = np.array(ROWS)
    for test in (adadagrad.norm_test, adadagrad.coordinate_test):
        with pytest.warns(UserWarning, match="by chance") as caught:
            test(rows, eta=1.0)
        assert caught[0].filename == __file__
    adadagrad.norm_ratio(rows[0], rows[1], eta=2.0)  # the exact test is one for any eta


# The steps, on every backend ------------------------------------------------------------------------------------


def test_two_steps_of_adagrad_norm_on_a_saddle(backend):
    theta, hessian = backend.asarray(SADDLE[0]), backend.asarray(HESSIAN)
    state = adadagrad.norm_init(theta)
    for k in range(3):
        np.testing.assert_allclose(backend.to_numpy(theta), SADDLE[k], rtol=backend.tolerance)
        assert float(state.squares) == pytest.approx(SQUARES[k], rel=backend.tolerance)
        assert_like(theta, hessian[0, :])
        assert_like(state.squares, theta[0])
        theta, state = adadagrad.norm_update(theta, state, hessian @ theta, alpha=0.5)


def test_two_steps_of_adagrad(backend):
    """sqrt(9 + 16) = 5 and sqrt(0.25 + 0.75^2 + 1.44) = 1.5."""
    theta = backend.asarray([1.0, -2.0])
    state = adadagrad.init(theta, v0=0.25)
    assert_like(state.squares, theta)
    state = state._replace(squares=backend.asarray([9.0, 0.25]))
    theta, state = adadagrad.update(theta, state, backend.asarray([4.0, 0.0]), alpha=0.5, eps=3.0)
    np.testing.assert_allclose(backend.to_numpy(theta), [0.75, -2.0], rtol=backend.tolerance)
    theta, state = adadagrad.update(theta, state, backend.asarray([0.0, -math.sqrt(2.0)]), alpha=0.6, eps=0.0)
    np.testing.assert_allclose(backend.to_numpy(theta), [0.75, -2 + 0.4 * math.sqrt(2.0)], rtol=backend.tolerance)
    np.testing.assert_allclose(backend.to_numpy(state.squares), [25.0, 2.25], rtol=backend.tolerance)
    assert_like(theta, state.squares)


METHODS = {
    "AdaGrad-Norm": (partial(adadagrad.norm_init, v0=0.1), partial(adadagrad.norm_update, alpha=0.3)),
    "AdaGrad": (partial(adadagrad.init, v0=0.01), partial(adadagrad.update, alpha=0.3)),
}
methods = pytest.mark.parametrize(("init", "update"), METHODS.values(), ids=METHODS)


@methods
@pytest.mark.parametrize("shape", [(), (1,), (3, 2), (2, 1, 2)])
def test_parameters_of_any_shape_move_like_flat_ones(backend, init, update, shape):
    rng = stream(0, "test-adadagrad", "shape")
    start, grads = rng.standard_normal(shape), rng.standard_normal((5, *shape))
    shaped, flat = backend.asarray(start), backend.asarray(np.reshape(start, -1))
    state, flat_state = init(shaped), init(flat)
    for g in grads:
        shaped, state = update(shaped, state, backend.asarray(g))
        flat, flat_state = update(flat, flat_state, backend.asarray(np.reshape(g, -1)))
    assert tuple(shaped.shape) == shape
    np.testing.assert_allclose(
        np.reshape(backend.to_numpy(shaped), -1), backend.to_numpy(flat), rtol=10 * backend.tolerance
    )


@methods
def test_nothing_that_is_given_is_changed(backend, init, update):
    theta, gradient = backend.asarray([1.0, -1.0]), backend.asarray([3.0, 4.0])
    state = init(theta)
    before = backend.to_numpy(state.squares).copy()
    update(theta, state, gradient)
    assert backend.to_numpy(theta).tolist() == [1, -1]
    assert backend.to_numpy(gradient).tolist() == [3, 4]
    assert np.all(backend.to_numpy(state.squares) == before)


@methods
@pytest.mark.parametrize("dtype", sample(["float32"], ["float64"]))
def test_donated_memory_is_used_and_changes_no_bit(init, update, dtype):
    theta, gradient = stream(0, "test-adadagrad", "donate").standard_normal((2, 300_001)).astype(dtype)
    state = init(theta)
    expected, expected_state = update(theta, state, gradient)
    with np.errstate(all="raise"):  # a rule with an error state of its own runs in one piece
        plain, plain_state = update(theta, state, gradient)
    got, got_state = update(theta, state, gradient, donate=True)
    assert np.shares_memory(got, theta)
    assert np.all(got == expected)
    assert np.all(plain == expected)
    assert np.all(got_state.squares == expected_state.squares)
    assert np.all(plain_state.squares == expected_state.squares)
    assert got.dtype == got_state.squares.dtype == dtype
    if got_state.squares.shape:
        assert np.shares_memory(got_state.squares, state.squares)


@methods
def test_no_step_is_longer_than_alpha(init, update):
    theta = np.array([1.0, -2.0, 0.5])
    moved, _ = update(theta, init(theta), np.array([1e100, -1e-100, 3e99]))
    assert np.all(np.abs(moved - theta) <= 0.3 * (1 + 1e-15))


def test_adagrad_norm_of_one_parameter_is_adagrad(backend):
    """Without eps, and with the start value on its scale."""
    one = two = backend.asarray([2.0])
    state, other = adadagrad.norm_init(one, v0=0.5), adadagrad.init(two, v0=0.25)
    for g in stream(0, "test-adadagrad", "one").standard_normal((20, 1)):
        one, state = adadagrad.norm_update(one, state, backend.asarray(g), alpha=0.3)
        two, other = adadagrad.update(two, other, backend.asarray(g), alpha=0.3, eps=0.0)
    np.testing.assert_allclose(backend.to_numpy(one), backend.to_numpy(two), rtol=10 * backend.tolerance)


# The whole ------------------------------------------------------------------------------------------------------


def least_squares(asarray=np.asarray, n=30, d=3):
    rng = stream(0, "test-adadagrad", "least-squares")
    a, y = asarray(rng.standard_normal((n, d))), asarray(rng.standard_normal(n))

    def gradients(theta, rows):
        chosen = array_namespace(a).take(a, rows, axis=0)
        return (chosen @ theta - array_namespace(a).take(y, rows, axis=0))[:, None] * chosen

    return gradients, asarray(np.zeros(d)), asarray(rng.integers(0, n, 400))


@pytest.mark.parametrize(
    ("method", "test"), [("AdaGrad-Norm", adadagrad.norm_test), ("AdaGrad", adadagrad.coordinate_test)]
)
def test_minimize_is_the_pieces_one_after_the_other(backend, method, test):
    (init, update), test = METHODS[method], partial(test, eta=0.8)
    gradients, theta, numbers = least_squares(backend.asarray)
    numbers = numbers[:50]
    run = adadagrad.minimize(
        gradients,
        theta,
        adadagrad.AdAdaGradState(init(theta), 3),
        numbers,
        update=update,
        test=test,
        largest=30,
        record=lambda theta, state, info: {"size": state.size, "info": info},
    )
    state, size, used, sizes = init(theta), 3, 0, [3]
    while used + size <= 50:
        grads = gradients(theta, numbers[used : used + size])
        used += size
        theta, state = update(theta, state, adadagrad.moments(grads)[0])
        size = adadagrad.grow(size, test(grads), largest=30)
        sizes.append(size)
    assert run.history["size"] == sizes
    assert sizes[-1] > 3
    assert run.state[3] == used
    assert run.steps == len(sizes) - 1 == run.state[1].steps
    assert run.stopped
    assert np.all(backend.to_numpy(run.state[0]) == backend.to_numpy(theta))
    assert run.history["info"][0] is None
    assert_like(run.state[2].gradient, theta)


def drive(test, steps, *, first=2, largest=100, **more):
    gradients, start, numbers = least_squares()
    init, update = METHODS["AdaGrad"]
    state = adadagrad.AdAdaGradState(init(start), first)
    record = lambda theta, state, info: {"size": state.size, "ratio": info and info.ratio}
    how = {"update": update, "test": test, "largest": largest, "record": record} | more
    return adadagrad.minimize(gradients, start, state, numbers, steps=steps, **how)


def test_the_largest_batch_is_not_tested():
    run = drive(lambda grads: {2: 7.5, 8: 1e9}[grads.shape[0]], 4, largest=20)
    assert run.history["size"] == [2, 8, 20, 20, 20]
    assert run.history["ratio"] == [None, 7.5, 1e9, None, None]


def test_any_rule_will_do():
    """A test that never fires and momentum: the plain stochastic gradient method on constant batches."""
    gradients, start, numbers = least_squares()
    how = {"update": partial(sgd, lr=0.05), "test": lambda grads: 0, "largest": 30}
    run = adadagrad.minimize(gradients, start, adadagrad.AdAdaGradState(momentum_init(start), 5), numbers, **how)
    theta, state = start, momentum_init(start)
    for rows in numbers.reshape(80, 5):
        theta, state = sgd(theta, state, np.mean(gradients(theta, rows), axis=0), lr=0.05)
    assert np.all(run.state[0] == theta)
    assert run.steps == 80


def test_minimize_takes_no_step_if_none_is_asked_for():
    run = drive(adadagrad.norm_test, 0)
    assert run.history["size"] == [2]
    assert run.state[2] is None
    assert run.state[3] == 0


def test_a_stream_that_is_too_short():
    assert drive(adadagrad.norm_test, None, first=401, largest=500).steps == 0
    with pytest.raises(ValueError, match="stream must last for 2 steps, got 400 numbers for the first 1"):
        drive(lambda grads: 0, 2, first=300, largest=500)


# What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (np.ones((1, 3)), ValueError),
        (np.ones(3), ValueError),
        (np.array([[1.0, np.nan], [1, 2]]), ValueError),
        (np.ones((4, 3), dtype=int), TypeError),
        (ROWS, TypeError),
    ],
)
def test_the_tests_refuse(test, rows, error):
    with pytest.raises(error, match="grads"):
        test(rows)


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda x: adadagrad.norm_test(np.array(ROWS), eta=0.0), ValueError, "eta"),
        (lambda x: adadagrad.coordinate_test(np.array(ROWS), eta=-1), ValueError, "eta"),
        (lambda x: adadagrad.inner_product_test(np.array(ROWS), vartheta=0.0), ValueError, "vartheta"),
        (lambda x: adadagrad.augmented_test(np.array(ROWS), nu="x"), TypeError, "nu"),
        (lambda x: adadagrad.norm_ratio(x, -x), ValueError, "variance"),
        (lambda x: adadagrad.coordinate_ratio(x, x[:1]), ValueError, "variance"),
        (lambda x: adadagrad.norm_ratio(x * np.inf, x), ValueError, "gradient"),
        (lambda x: adadagrad.grow(0, 1.0, largest=10), ValueError, "size"),
        (lambda x: adadagrad.grow(4, 1.0, largest=3), ValueError, "largest"),
        (lambda x: adadagrad.grow(4, math.nan, largest=10), ValueError, "ratio"),
        (lambda x: adadagrad.grow(4, -1.0, largest=10), ValueError, "ratio"),
        (lambda x: adadagrad.grow(4.0, 1.0, largest=10), TypeError, "size"),
        (lambda x: adadagrad.norm_init(x, v0=0.0), ValueError, "v0"),
        (lambda x: adadagrad.norm_init([1.0]), TypeError, "params"),
        (lambda x: adadagrad.init(x, v0=-1.0), ValueError, "v0"),
        (lambda x: adadagrad.init(np.ones(2, dtype=int)), TypeError, "params"),
        (lambda x: adadagrad.norm_update(x, adadagrad.norm_init(x), x, alpha=0.0), ValueError, "alpha"),
        (lambda x: adadagrad.norm_update(x, adadagrad.norm_init(x), x[:1], alpha=1.0), ValueError, "grad"),
        (lambda x: adadagrad.norm_update(x, adadagrad.norm_init(x), x * np.nan, alpha=1.0), ValueError, "grad"),
        (lambda x: adadagrad.update(x, adadagrad.init(x), x, alpha=-1.0), ValueError, "alpha"),
        (lambda x: adadagrad.update(x, adadagrad.init(x), x, alpha=1.0, eps=-1.0), ValueError, "eps"),
        (lambda x: adadagrad.update(x, adadagrad.init(x), x, alpha=1.0, eps=0.0), ValueError, "eps"),
        (lambda x: adadagrad.update(x, adadagrad.init(x[:1]), x, alpha=1.0), ValueError, "squares"),
        (lambda x: adadagrad.update(x, adadagrad.init(x), x.astype("float32"), alpha=1.0), ValueError, "grad"),
    ],
)
def test_bad_input_is_refused_by_name(call, error, name):
    with pytest.raises(error, match=name):
        call(np.ones(2))


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"largest": 1}, ValueError, "largest"),
        ({"first": 1}, ValueError, "grads"),
        ({"steps": -1}, ValueError, "steps"),
    ],
)
def test_the_driver_refuses(changed, error, name):
    with pytest.raises(error, match=name):
        drive(**{"test": adadagrad.norm_test, "steps": 3} | changed)


def test_the_driver_refuses_batches_and_streams_that_do_not_fit():
    gradients, start, numbers = least_squares()
    init, update = METHODS["AdaGrad"]
    state = adadagrad.AdAdaGradState(init(start), 4)
    how = {"update": update, "test": adadagrad.norm_test, "largest": 30}
    for wrong in (numbers.astype(float), list(numbers)):
        with pytest.raises(TypeError, match="stream"):
            adadagrad.minimize(gradients, start, state, wrong, **how)
    with pytest.raises(ValueError, match=r"grads must have shape \(4, 3\), got \(5, 3\)"):
        adadagrad.step(start, state, np.ones((5, 3)), **how)


# Gradients of each example --------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(5, 3), (5, 4, 6, 3)])
def test_per_example_gradients_are_those_of_autodiff(backend, widths):
    rng = stream(0, "test-adadagrad", "network")
    params = mlp.init(rng, widths, like=np.zeros(1))
    flat, unravel = tree.ravel(params)
    x, labels = rng.standard_normal((7, 5)), rng.integers(0, 3, 7)
    rows = per_example_gradients(tree.map(backend.asarray, params), backend.asarray(x), backend.asarray(labels))
    assert rows.dtype == backend.dtype
    loss = lambda flat, i: losses.softmax_cross_entropy(mlp.apply(unravel(flat), x[i : i + 1]), labels[i : i + 1])
    expected = [grad(loss)(flat, i) for i in range(7)]
    np.testing.assert_allclose(
        backend.to_numpy(rows), expected, rtol=10 * backend.tolerance, atol=10 * backend.tolerance
    )


def test_per_example_gradients_refuse_what_does_not_fit():
    params = [mlp.Layer(np.zeros((2, 3)), np.zeros(3))]
    with pytest.raises(ValueError, match="labels"):
        per_example_gradients(params, np.ones((4, 2)), np.zeros(3, dtype=int))
    with pytest.raises(TypeError, match="x"):
        per_example_gradients(params, np.ones((4, 2), dtype=int), np.zeros(4, dtype=int))


# The experiments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tier == "quick"], ids=lambda c: c.id)
@pytest.mark.parametrize("seed", [0, 1])
def test_quick_claims_hold_for_more_than_one_seed(claim, seed):
    assert all(m.holds for m in claim.experiment(seed).measurements)


@pytest.mark.parametrize("rule", descent.RULES)
def test_growing_batches_are_faster(rule):
    """A short form of claims C2 and C3."""
    growing, constant = (
        descent.descend(rule, stream(0, "test-adadagrad", "rate"), 2000, batches=kind)
        for kind in (descent.GROWING, descent.CONSTANT)
    )
    assert descent.slope(descent.averages(growing[0])) < -0.8 < descent.slope(descent.averages(constant[0]))
    assert np.all(np.diff(growing[1]) >= 0)
    assert np.all(constant[1] == 4)


def test_the_controls_of_the_rates():
    _, sizes = descent.descend("AdaGrad", stream(0, "test-adadagrad", "rate"), 110, batches=descent.DOUBLED)
    assert sizes[[0, 49, 50, 99, 100]].tolist() == [4, 4, 8, 8, 16]
    assert descent.at_samples((np.array([1.0, 3.0, 8.0]), np.array([4.0, 4.0, 9.0])), 9) == 2


def test_the_gradient_of_the_experiment():
    x, h = np.linspace(-2, 2, 10), 1e-6
    value = lambda x: descent.H * x**2 / (1 + x**2)
    np.testing.assert_allclose(descent.gradient(x), (value(x + h) - value(x - h)) / (2 * h), atol=1e-9)


def test_the_slope_of_a_power_law():
    assert descent.slope(3 * np.arange(1, 2001) ** -0.7) == pytest.approx(-0.7)


def test_schedules_spend_their_samples():
    ramp = [8, *training.linear(8, 1400, 85)]
    assert len(ramp) == 85
    assert ramp[-1] == 1400
    assert sum(ramp) == pytest.approx(60_000, rel=0.01)
    stages = list(training.stages((10, 100), 2000))
    assert stages == [10] * 100 + [100] * 10


# Public implementations -----------------------------------------------------------------------------------------


def gradients_of_many_scales(kind, steps=60, d=5):
    rng = stream(0, "test-adadagrad", kind)
    grads = rng.standard_normal((steps, d))
    if kind == "scales":
        return grads * 10.0 ** rng.uniform(-3, 3, d)
    if kind == "zeros":
        return grads * (rng.uniform(size=grads.shape) < 0.2)
    return grads


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["gaussian", "scales", "zeros"])
@pytest.mark.parametrize(("v0", "eps"), [(0.0, 1e-10), (0.01, 1e-10), (0.01, 0.0), (0.1, 0.5)])
def test_torch_agrees(v0, eps, kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    start = stream(0, "test-adadagrad", "start").standard_normal(5)
    params = torch.nn.Parameter(torch.tensor(start))
    optimizer = torch.optim.Adagrad([params], lr=0.1, initial_accumulator_value=v0, eps=eps)
    theta, state = start, adadagrad.init(start, v0=v0)
    for g in gradients_of_many_scales(kind):
        params.grad = torch.asarray(g)
        optimizer.step()
        theta, state = adadagrad.update(theta, state, g, alpha=0.1, eps=eps)
        np.testing.assert_allclose(params.detach().numpy(), theta, rtol=1e-14, atol=1e-14)


@pytest.mark.torch
def test_defaults_are_those_of_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    params = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = torch.optim.Adagrad([params], lr=0.1)
    theta, state = np.ones(1), adadagrad.init(np.ones(1))
    for g in (1e-10, 2e-10):  # of the size of eps
        params.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
        theta, state = adadagrad.update(theta, state, np.array([g]), alpha=0.1)
    assert theta[0] == pytest.approx(params.item(), rel=1e-14)
    assert theta[0] < 0.9


@pytest.mark.jax
@pytest.mark.parametrize("kind", ["gaussian", "scales"])
def test_optax_agrees_where_its_epsilon_does_not_show(kind):
    optax = pytest.importorskip("optax", reason="Optax is not installed (`make peers`)")
    if not pytest.importorskip("jax").config.jax_enable_x64:
        pytest.skip("JAX has its 64-bit numbers switched off; set JAX_ENABLE_X64=1")
    theta = peer = stream(0, "test-adadagrad", "start").standard_normal(5)
    transform = optax.adagrad(0.1, initial_accumulator_value=0.1, eps=1e-16)
    state, peer_state = adadagrad.init(theta, v0=0.1), transform.init(theta)
    for g in gradients_of_many_scales(kind):
        step, peer_state = transform.update(g, peer_state, peer)
        peer = optax.apply_updates(peer, step)
        theta, state = adadagrad.update(theta, state, g, alpha=0.1, eps=0.0)
        np.testing.assert_allclose(np.asarray(peer), theta, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("test", [adadagrad.norm_test, adadagrad.coordinate_test, adadagrad.augmented_test])
@pytest.mark.parametrize("power", [-120, -96, 96, 120])
def test_batches_do_not_depend_on_the_unit_of_the_gradients(backend, test, power):
    rows = [[1.0, 1.0, 2.0], [3.0, 5.0, 5.0], [6.0, 7.0, 9.0]]
    plain, far = (backend.to_numpy(test(backend.asarray(np.ldexp(rows, k)))) for k in (0, power))
    assert plain == far


def test_what_comes_from_outside_has_a_range_and_a_kind():
    params, ones = np.ones(2, np.float32), np.ones(2)
    _, state = adadagrad.norm_update(params, adadagrad.AdaGradState(np.float64(1)), params, alpha=0.5)
    assert state.squares.dtype == np.float32
    with pytest.raises(TypeError, match="squares must have dtype float32"):
        adadagrad.norm_update(params, adadagrad.AdaGradState(np.asarray(1.0)), params, alpha=0.5)
    for update, squares in ((adadagrad.norm_update, np.asarray(-1.0)), (adadagrad.update, np.array([1.0, -1.0]))):
        with pytest.raises(ValueError, match="squares must be"):
            update(ones, adadagrad.AdaGradState(squares), ones, alpha=0.5)
