"""Batch Hessians, step sizes and learners: worked numbers on every backend, random matrices, what is refused."""

import itertools
import math

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import sympy

from refimpl.core import autodiff
from refimpl.core.arrays import array_namespace
from refimpl.core.lanczos import lanczos, ritz
from refimpl.core.random import signs, stream
from refimpl.optimizers import rmt_learning_rates as rmt
from refimpl.specs.optimizers.rmt_learning_rates.claims import learner, matrices, network, step_sizes
from tests.alike import assert_kind


def times(matrix):
    return lambda v: matrix @ v


# Worked by hand, on every backend -------------------------------------------------------------------------------


def test_ends_of_the_spectrum_of_a_batch(backend):
    values = backend.asarray([2.0, 1.0, 0.0, -2.0])
    supply = {"sigma2": 1.0, "parameters": 100}
    top = rmt.batch_hessian(values, rmt.noise(50, **supply))
    bottom = rmt.batch_hessian(values, rmt.noise(50, **supply), end="bottom")
    half = rmt.batch_hessian(values, rmt.noise(backend.asarray([50.0, 50.0, 100.0, 100.0]), data=100, **supply))
    for got, expected in (
        (top, [3, 8**0.5, 8**0.5, 8**0.5]),
        (bottom, [-(8**0.5), -(8**0.5), -(8**0.5), -3]),
        (half, [2.5, 2, 0, -2]),
    ):
        assert_kind(got, values)
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=10 * backend.tolerance)


def test_top_of_the_gauss_newton_matrix_of_a_batch(backend):
    values = backend.asarray([4.0, 2.0])
    got = rmt.batch_gauss_newton(values, ratio=2.0)
    assert_kind(got, values)
    np.testing.assert_allclose(backend.to_numpy(got), [20 / 3, (1 + 2**0.5) ** 2], rtol=10 * backend.tolerance)
    scaled = rmt.batch_gauss_newton(3 * values, ratio=backend.asarray([2.0, 0.0]), sigma2=3.0)
    np.testing.assert_allclose(backend.to_numpy(scaled), [20, 6], rtol=10 * backend.tolerance)


def test_step_sizes(backend):
    batches, supply = backend.asarray([8.0, 64.0, 1e9]), {"sigma2": 2.0, "parameters": 512}
    lrs = {
        "linear": rmt.scale_lr(0.1, 64, batches, rule="linear"),
        "sqrt": rmt.scale_lr(0.1, 64, batches, rule="sqrt"),
        "saturating": rmt.scale_lr(0.1, 64, batches, top=4.0, **supply),
        "max": rmt.max_lr(rmt.batch_hessian(0 * batches + 4.0, rmt.noise(batches, **supply))),
    }
    expected = {
        "linear": [0.0125, 0.1, 0.1 * 1e9 / 64],
        "sqrt": [0.1 / 8**0.5, 0.1, 0.1 * (1e9 / 64) ** 0.5],
        "saturating": [0.1 / 8**0.5, 0.1, 0.2],  # b = 64 is where the outlier emerges, at twice the eigenvalue
        "max": [2 / 8 / 8**0.5, 0.25, 0.5],
    }
    for name, got in lrs.items():
        assert_kind(got, batches)
        np.testing.assert_allclose(backend.to_numpy(got), expected[name], rtol=1e-6, err_msg=name)


@pytest.mark.parametrize("rule", ["linear", "sqrt"])
def test_plain_rules_go_by_the_batch_size_however_much_data_there_is(backend, rule):
    batches = backend.asarray([8.0, 64.0, 2048.0])
    how = {"rule": rule, "top": 4.0, "sigma2": 2.0, "parameters": 512}
    limited, endless = (rmt.scale_lr(0.1, 32, batches, **how, data=data) for data in (4096, None))
    assert backend.to_numpy(limited).tolist() == backend.to_numpy(endless).tolist()


def test_the_floor_is_a_share_of_the_lifted_value(backend):
    """4 is lifted to 5, of which 0.22 is more than 1."""
    lr, momentum = rmt.polyak_rates(backend.asarray([0.125, 1.0, 2.0, 4.0]), floor=0.22, noise=4.0)
    assert float(lr) == pytest.approx((2 / (5**0.5 + 2**0.5)) ** 2, rel=10 * backend.tolerance)
    assert float(momentum) == pytest.approx(((5**0.5 - 2**0.5) / (5**0.5 + 2**0.5)) ** 2, rel=100 * backend.tolerance)


def test_spectra_from_products(backend):
    a, probes = backend.asarray([[2.0, 1.0], [1.0, 3.0]]), backend.asarray([[1.0, 1.0], [1.0, -1.0], [2.0, 2.0]])
    found = rmt.spectrum(times(a), probes, steps=2)
    assert found.size == 2
    assert found.values.shape == found.weights.shape == (6,)
    for array in (found.values, found.weights, rmt.trace(found, lambda x: x), rmt.squared_norm(times(a), probes)):
        assert_kind(array, a)
    values = (5 + np.array([-1, 1]) * 5**0.5) / 2
    np.testing.assert_allclose(backend.to_numpy(found.values), np.tile(values, 3), rtol=10 * backend.tolerance)
    for function, expected in (  # v.f(A) v / |v|^2 is 7/2, 3/2, 7/2 for A, and 25/2, 5/2, 25/2 for its square
        (lambda x: x, 2 * 8.5 / 3),
        (lambda x: x * x, 2 * 27.5 / 3),
        (lambda x: 0 * x + 1, 2),
    ):
        got = rmt.trace(found, function)
        assert got.shape == ()
        assert float(got) == pytest.approx(expected, rel=10 * backend.tolerance)
    assert float(rmt.squared_norm(times(a), probes)) == pytest.approx(2 * 27.5 / 3, rel=10 * backend.tolerance)
    batches = [times(a + 1), times(a - 1)]
    got = rmt.element_variance(times(a), batches, backend.asarray([[1.0, 0.0], [0.0, 1.0]]), batch=7)
    assert_kind(got, a)
    assert float(got) == pytest.approx(7, rel=100 * backend.tolerance)
    outline = rmt.density(found, backend.asarray([0.0, 1.5, 4.0]), width=0.5)
    assert_kind(outline, a)
    expected = [
        np.mean(scipy.stats.norm.pdf(x, backend.to_numpy(found.values), 0.5) * 6 * backend.to_numpy(found.weights))
        for x in (0.0, 1.5, 4.0)
    ]
    np.testing.assert_allclose(backend.to_numpy(outline), expected, rtol=100 * backend.tolerance)


def test_both_learners_step_by_step(backend):
    h, w = backend.asarray([9.0, 1.0]), backend.asarray([1.0, -2.0])
    state = rmt.init(w, lr=0.5, momentum=0.75)
    state, values = rmt.learn_polyak(state, lambda v: h * v, backend.asarray([1.0, 1.0]))
    assert_kind(values, w)
    np.testing.assert_allclose(backend.to_numpy(values), [1, 9], rtol=10 * backend.tolerance)
    assert float(state.lr) == pytest.approx(0.25, rel=10 * backend.tolerance)
    assert float(state.momentum) == pytest.approx(0.25, rel=10 * backend.tolerance)
    for expected in ([-1.25, -1.5], [1.0, -1.0]):
        w, state = rmt.update(w, state, h * w)
        assert_kind(w, h)
        np.testing.assert_allclose(backend.to_numpy(w), expected, rtol=100 * backend.tolerance)
    state, curvature = rmt.learn_rayleigh(state, lambda v: h * v, backend.asarray([1.0, 2.0]))
    assert float(curvature) == pytest.approx(13, rel=10 * backend.tolerance)
    assert float(state.lr) == pytest.approx(5 / 13, rel=10 * backend.tolerance)
    assert float(state.momentum) == pytest.approx(0.25, rel=10 * backend.tolerance)
    assert state.move.dtype == w.dtype


def test_a_run_on_a_quadratic(backend):
    h, start = backend.asarray([9.0, 4.0, 1.0]), backend.asarray([1.0, -1.0, 0.5])
    epochs = []

    def learn(state, w, epoch):
        epochs.append(epoch)
        return rmt.learn_polyak(state, lambda v: h * v, backend.asarray([1.0, 1.0, 1.0]), floor=0.0)

    run = rmt.minimize(lambda w: h * w, start, learn=learn, every=5, steps=38, record=lambda w, s: {"lr": float(s.lr)})
    assert epochs == list(range(8))
    assert run.history["lr"][0] == 0.01
    assert run.history["lr"][1] == pytest.approx(0.25, rel=100 * backend.tolerance)
    assert_kind(run.state[0], start)
    assert float(array_namespace(start).max(abs(run.state[0]))) < 1e-6


def test_parameters_of_any_shape(backend):
    h, w = backend.asarray([[9.0, 4.0], [1.0, 2.0]]), backend.asarray([[1.0, 2.0], [3.0, 4.0]])
    xp = array_namespace(w)
    product = lambda v: xp.reshape(h, (-1,)) * v
    state, _ = rmt.learn_polyak(rmt.init(w), product, backend.asarray([1.0, 1.0, 1.0, 1.0]))
    moved, state = rmt.update(w, state, h * w)
    assert moved.shape == state.move.shape == (2, 2)
    state, _ = rmt.learn_rayleigh(state, lambda v: h * v, h * w)
    moved, _ = rmt.update(moved, state, h * moved)
    assert_kind(moved, w)
    one, state = backend.asarray(2.0), rmt.init(backend.asarray(2.0), lr=0.5, momentum=0.5)
    one, state = rmt.update(one, state, backend.asarray(1.0))
    one, state = rmt.update(one, state, backend.asarray(1.0))
    assert one.shape == state.move.shape == ()
    assert float(one) == 0.75


def test_large_arrays_take_over_donated_memory():
    w, move, g = stream(0, "test-rmt", "large").standard_normal((3, 300_001))
    whole, state = rmt.update(w, rmt.LearnerState(move, 0.1, 0.5), g)
    np.testing.assert_array_equal(whole, w + (0.5 * move - 0.1 * g))
    got, given = rmt.update(w, rmt.LearnerState(move, 0.1, 0.5), g, donate=True)
    for array, memory, expected in ((got, w, whole), (given.move, move, state.move)):
        assert np.shares_memory(array, memory)
        assert np.all(array == expected)


# The theory, by other means ---------------------------------------------------------------------------------------


def test_variance_of_a_mean_of_draws_without_replacement():
    """All batches of each size: 1/b - 1/N, up to N / (N - 1)."""
    x = stream(0, "test-rmt", "draws").standard_normal(7)
    for b in range(1, 8):
        means = [np.mean(batch) for batch in itertools.combinations(x, b)]
        factor = rmt.noise(b, sigma2=1.0, parameters=1, data=7)
        assert np.var(means) == pytest.approx(np.var(x) * factor * 7 / 6, abs=1e-15)


def test_outliers_solve_the_equation_of_the_stieltjes_transform():
    """s(z) of the semicircle by quadrature of its density: an outlier is where 1 + lambda s(z) = 0."""
    v, spike = 2.0, 2.5
    z = rmt.batch_hessian(np.array([spike]), v)[0]
    angles = (np.arange(2000) + 0.5) * np.pi / 2000  # x = 2 sqrt(v) cos(angle), of density 2 sin^2 / pi in the angle
    s = np.mean(2 * np.sin(angles) ** 2 / (2 * math.sqrt(v) * np.cos(angles) - z))
    assert 1 + spike * s == pytest.approx(0, abs=1e-13)


def test_both_branches_meet_and_leave_alike():
    lam, v, g, bulk = sympy.symbols("lambda v gamma sigma2", positive=True)
    outlier = lam + v / lam
    assert sympy.simplify(outlier.subs(lam, sympy.sqrt(v)) - 2 * sympy.sqrt(v)) == 0
    assert sympy.diff(outlier, lam).subs(lam, sympy.sqrt(v)) == 0
    other = lam * (1 + g * bulk / (lam - bulk))
    edge = bulk * (1 + sympy.sqrt(g))
    assert sympy.simplify(other.subs(lam, edge) - edge**2 / bulk) == 0
    assert sympy.simplify(sympy.diff(other, lam).subs(lam, edge)) == 0


@pytest.mark.parametrize("spike", [0.0, 2.0, 4.0])
def test_random_matrices_drawn_one_by_one_without_replacement(spike):
    """400 single-sample Hessians of noise variance 1 about their mean; batches of them."""
    rng = stream(0, "test-rmt", "wigner", str(spike))
    size, data = 120, 400
    samples = rng.standard_normal((data, size, size)).astype(np.float32)
    samples = (samples + np.swapaxes(samples, 1, 2)) / np.float32(math.sqrt(2))
    samples -= samples.mean(axis=0)
    for b in (20, 100, 380):
        batch = samples[rng.permutation(data)[:b]].mean(axis=0, dtype=np.float64)
        batch[0, 0] += spike
        batch[1, 1] -= spike
        values = np.linalg.eigvalsh(batch)
        v = rmt.noise(b, sigma2=1.0, parameters=size, data=data)
        top = rmt.batch_hessian(np.array([spike]), v)[0]
        bottom = rmt.batch_hessian(np.array([-spike]), v, end="bottom")[0]
        assert top == -bottom
        assert values[-1] == pytest.approx(top, rel=0.12)
        assert values[0] == pytest.approx(bottom, rel=0.12)
    if spike == 4.0:  # the last batch is nearly the whole data: the raw batch size would leave noise
        raw = rmt.batch_hessian(np.array([spike]), rmt.noise(380, sigma2=1.0, parameters=size))[0]
        assert abs(values[-1] - top) < 0.2 * abs(values[-1] - raw)


def test_any_batch_is_steeper_on_average():
    """Jensen's inequality, over all batches: no random matrices needed."""
    rng = stream(0, "test-rmt", "jensen")
    samples = rng.standard_normal((6, 5, 5))
    samples += np.swapaxes(samples, 1, 2)
    ends = np.linalg.eigvalsh(samples.mean(axis=0))[[0, -1]]
    before = None
    for b in (1, 2, 3, 4, 5, 6):
        spectra = np.linalg.eigvalsh([samples[list(c)].mean(axis=0) for c in itertools.combinations(range(6), b)])
        low, high = spectra[:, 0].mean(), spectra[:, -1].mean()
        assert low <= ends[0] + 1e-12
        assert high >= ends[1] - 1e-12
        if before:  # and less so for larger batches
            assert low >= before[0]
            assert high <= before[1]
        before = low, high


@pytest.mark.parametrize("batch", [20, 100, 190])
def test_element_variance_is_found_again(batch):
    """Wigner noise of variance 4 in a sample, batches from 200: the formula knows the effective size."""
    rng = stream(0, "test-rmt", "A3", batch)
    size, data = 80, 200
    spread = 2 * math.sqrt(1 / batch - 1 / data)
    mean = rng.standard_normal((size, size))
    mean += mean.T

    def noisy():
        half = rng.standard_normal((size, size))
        return times(mean + spread * (half + half.T) / math.sqrt(2))

    probes = signs(rng, (60, size), like=mean)
    exact = rmt.element_variance(times(mean), [noisy() for _ in range(30)], np.eye(size), batch=batch, data=data)
    found = rmt.element_variance(times(mean), [noisy() for _ in range(30)], probes, batch=batch, data=data)
    assert float(exact) == pytest.approx(4 * (1 + 1 / size), rel=0.1)  # the diagonal has twice the variance
    assert float(found) == pytest.approx(4, rel=0.3)


def test_squared_norm_is_the_second_moment_of_the_quadrature():
    rng = stream(0, "test-rmt", "norm")
    a, probes = rng.standard_normal((9, 9)), rng.standard_normal((4, 9))
    a += a.T
    by_lanczos = rmt.trace(rmt.spectrum(times(a), probes, steps=2), np.square)
    assert rmt.squared_norm(times(a), probes) == pytest.approx(by_lanczos, rel=1e-12)
    assert rmt.squared_norm(times(a), np.eye(9)) == pytest.approx(np.sum(a * a), rel=1e-13)


def test_quadrature_of_all_axes_is_the_trace():
    """Probes along the axes and enough steps leave no error: tr f(A), and a density of integral 1."""
    rng = stream(0, "test-rmt", "slq")
    a = rng.standard_normal((8, 8))
    a += a.T
    found = rmt.spectrum(times(a), np.eye(8), steps=8)
    assert rmt.trace(found, np.exp) == pytest.approx(np.sum(np.exp(np.linalg.eigvalsh(a))), rel=1e-12)
    grid = np.linspace(-20, 20, 4001)
    outline = rmt.density(found, grid, width=0.3)
    assert np.sum(outline) * 0.01 == pytest.approx(1, abs=1e-12)
    assert np.sum(outline * grid) * 0.01 == pytest.approx(np.trace(a) / 8, abs=1e-12)


@pytest.mark.parametrize("kind", ["normal", "signs"])
def test_traces_are_unbiased(kind):
    rng = stream(0, "test-rmt", "trace", kind)
    a = rng.standard_normal((20, 20))
    a = a @ a.T / 20
    probes = rng.standard_normal((600, 20)) if kind == "normal" else signs(rng, (600, 20), like=a)
    each = [rmt.trace(rmt.spectrum(times(a), probes[i : i + 1], steps=6), np.log1p) for i in range(600)]
    expected = np.sum(np.log1p(np.linalg.eigvalsh(a)))
    assert abs(np.mean(each) - expected) < 4.5 * np.std(each) / math.sqrt(600)


def test_polyak_is_minimax_on_the_interval():
    """All eigenvalues of the iteration have modulus sqrt(rho), and no other pair of rates does better."""
    values = np.linspace(1.0, 9.0, 100)

    def radius(lr, momentum):
        steps = [[[1 + momentum - lr * h, -momentum], [1, 0]] for h in values]
        return abs(np.linalg.eigvals(np.array(steps))).max()

    lr, momentum = rmt.polyak_rates(values)
    assert radius(lr, momentum) == pytest.approx(math.sqrt(momentum), abs=1e-7)
    for a, m in itertools.product((0.8, 0.95, 1.05, 1.2), (0.8, 0.95, 1.05, 1.2)):
        assert radius(lr * a, momentum * m) > radius(lr, momentum) + 1e-3


@pytest.mark.parametrize(("top", "sigma2", "parameters"), [(4.0, 1.0, 3200), (0.5, 0.01, 70)])
def test_crossover_is_where_half_of_the_largest_step_is_left(top, sigma2, parameters):
    def share(b):
        seen = rmt.batch_hessian(np.array([top]), rmt.noise(b, sigma2=sigma2, parameters=parameters))
        return float(rmt.max_lr(seen)[0]) * top / 2

    found = scipy.optimize.brentq(lambda log_b: share(math.exp(log_b)) - 0.5, -10, 20, xtol=1e-12)
    assert math.exp(found) == pytest.approx(rmt.crossover(top, sigma2=sigma2, parameters=parameters), rel=1e-4)


def test_steps_are_stable_up_to_the_limit():
    top = np.array([4.0])
    for factor, stays in ((0.99, True), (1.01, False)):
        run = rmt.minimize(
            lambda w: 4.0 * w, np.array([1.0]), learn=lambda state, w, epoch: (state, None), every=1, steps=400,
            lr=factor * float(rmt.max_lr(top)[0]), momentum=0.0,
        )  # fmt: skip
        assert (abs(run.state[0][0]) < 1) == stays


def test_learner_passes_over_small_and_negative_values():
    values = np.array([-2.0, 1e-4, 1.0, 9.0])
    assert rmt.polyak_rates(values) == (0.25, 0.25)
    lr, momentum = rmt.polyak_rates(values, floor=0.0)
    assert lr == pytest.approx((2 / 3.01) ** 2)
    assert momentum == pytest.approx((2.99 / 3.01) ** 2)
    lr, momentum = rmt.polyak_rates(np.array([-3.0, 4.0]))  # one positive value: a Newton step
    assert (lr, momentum) == (0.25, 0.0)
    lr, momentum = rmt.polyak_rates(np.array([1.0, 4.0]), noise=4.0)  # 4 is seen as 5
    assert lr == pytest.approx((2 / (5**0.5 + 1)) ** 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rounding_is_no_eigenvalue(dtype):
    """A momentum that rounds to 1 would never stop."""
    lr, momentum = rmt.polyak_rates(np.array([1e-30, 1.0, 4.0], dtype=dtype), floor=0.0)
    assert lr.dtype == dtype
    assert momentum == pytest.approx(1 / 9)


def test_zeros_of_a_singular_matrix_are_no_smallest_positive_values():
    """Of a matrix of rank 10 more than ten Ritz values; the others are 0 up to rounding, and half of them positive."""
    for seed in range(100):
        rng = stream(seed, "test-rmt", "singular")
        half, start = rng.standard_normal((40, 10)), rng.standard_normal(40)
        values, _ = ritz(lanczos(times(half @ half.T), start, steps=15))
        true = np.linalg.eigvalsh(half.T @ half)
        lr, momentum = rmt.polyak_rates(values, floor=0.0)
        low, high = true[[0, -1]] ** 0.5
        assert lr == pytest.approx((2 / (high + low)) ** 2, rel=1e-6)
        assert momentum == pytest.approx(((high - low) / (high + low)) ** 2, rel=1e-6)


def test_learners_keep_their_rates_where_nothing_is_positive():
    state = rmt.init(np.ones(2), lr=0.3, momentum=0.6)
    same, values = rmt.learn_polyak(state, lambda v: -v, np.ones(2))
    assert same[1:] == state[1:]
    assert same.move is state.move
    np.testing.assert_allclose(values, [-1.0])
    same, curvature = rmt.learn_rayleigh(state, lambda v: -v, np.ones(2))
    assert same[1:] == state[1:]
    assert curvature == -2.0
    assert rmt.learn_rayleigh(state, lambda v: v, np.zeros(2))[0][1:] == state[1:]


def test_warmup_is_that_of_the_authors():
    """Epochs 0 and 1 keep the first step size; from epoch 2 on it is measured."""
    measured = []

    def learn(state, w, epoch):
        measured.append(epoch)
        return rmt.learn_rayleigh(state, lambda v: 2.0 * v, 2.0 * w)

    run = rmt.minimize(
        lambda w: 2.0 * w,
        np.ones(2),
        learn=learn,
        every=3,
        steps=10,
        warmup=2,
        lr=0.01,
        record=lambda w, s: {"lr": s.lr},
    )
    assert measured == [2, 3]
    assert run.history["lr"] == [0.01] * 7 + [0.5] * 4


def test_the_move_survives_a_change_of_rates():
    w, state = rmt.update(np.array([1.0]), rmt.init(np.array([1.0]), lr=0.1, momentum=0.5), np.array([1.0]))
    state, _ = rmt.learn_rayleigh(state, lambda v: 4 * v, np.array([1.0]))
    w, _ = rmt.update(w, state, np.array([0.0]))
    assert w[0] == pytest.approx(0.9 + 0.5 * -0.1)  # PyTorch's buffer of gradients would give 0.9 - 0.25 * 0.5


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_agrees_for_constant_rates_and_parts_when_they_change():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    start = stream(0, "test-rmt", "torch").standard_normal(5)
    grads = stream(1, "test-rmt", "torch").standard_normal((20, 5))
    param = torch.nn.Parameter(torch.tensor(start))
    peer = torch.optim.SGD([param], lr=0.1, momentum=0.9)
    w, state = start, rmt.init(start, lr=0.1, momentum=0.9)
    for t, grad in enumerate(grads):
        if t == 15:
            np.testing.assert_allclose(param.detach().numpy(), w, rtol=1e-12, atol=1e-14)
            peer.param_groups[0]["lr"] = 0.2
            state = state._replace(lr=0.2)
        param.grad = torch.tensor(grad)
        peer.step()
        w, state = rmt.update(w, state, grad)
    assert np.max(abs(param.detach().numpy() - w)) > 0.1


# The experiments' own code ----------------------------------------------------------------------------------------


def test_hessians_of_single_samples_are_those_of_autodiff():
    rng = stream(0, "test-rmt", "network")
    w, x = rng.standard_normal(network.PARAMETERS), rng.standard_normal((4, network.INPUTS))
    labels = rng.integers(0, network.CLASSES, 4)
    each = network.sample_hessians(w, x, labels)
    np.testing.assert_allclose(each, np.swapaxes(each, 1, 2), atol=1e-13)
    whole = autodiff.jacobian(autodiff.grad(lambda w: network.mean_loss(w, x, labels)))(w)
    np.testing.assert_allclose(each.mean(axis=0), whole, atol=1e-13)
    one = autodiff.jacobian(autodiff.grad(lambda w: network.mean_loss(w, x[2:3], labels[2:3])))(w)
    np.testing.assert_allclose(each[2], one, atol=1e-13)


def test_logistic_regression_has_the_derivatives_of_its_loss():
    problem, rng = learner.Logistic(stream(0, "test-rmt", "logistic"), n=40, d=5), stream(1, "test-rmt", "logistic")
    w, v, h = rng.standard_normal(5), rng.standard_normal(5), 1e-5
    slope = (problem.loss(w + h * v) - problem.loss(w - h * v)) / (2 * h)
    assert problem.gradient(w) @ v == pytest.approx(slope, rel=1e-8)
    bend = (problem.gradient(w + h * v) - problem.gradient(w - h * v)) / (2 * h)
    np.testing.assert_allclose(problem.product(w)(v), bend, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(problem.product(w)(v), problem.hessian(w) @ v, rtol=1e-12)
    assert problem.loss(w) > problem.lowest
    assert problem.loss(np.stack([w, v])).tolist() == [problem.loss(w), problem.loss(v)]


def test_small_steps_arrive_in_time_at_the_noise_floor():
    """At seed 7 none did, from a start at distance 2 along one axis."""
    lrs = 2.0 ** np.arange(-11, 1.1, 0.5)
    floors = step_sizes.noise_floors(stream(7, "rmt.C5", 1, 2), lrs, 2, "Adam")
    assert 2**-9 < step_sizes.largest_good(lrs, floors) < 2**-5
    assert step_sizes.largest_good(np.array([1.0, 2, 4]), np.array([0.01, 0.025, 0.1])) == pytest.approx(2 * 2**0.5)


def test_noise_of_low_rank_has_the_variance_that_is_asked_for():
    """Its squared eigenvalues sum to P^2 times the variance of an element, up to the diagonal."""
    (top, bottom), *_ = matrices.noisy_ends(stream(0, "test-rmt", "rank"), [0.0], size=200, v=2.0, rank=1)
    assert max(top, -bottom) == pytest.approx(math.sqrt(200 * 2.0), rel=0.2)


def test_measurements_are_paid_for():
    assert learner.spent(np.array([1, 25, 26, 60]), 25, 15).tolist() == [16, 40, 56, 105]


def test_controls_of_the_learner_arrive():
    problem = learner.Logistic(stream(0, "test-rmt", "controls"), n=100, d=5)
    runs = learner.quasi_newton(problem), learner.plain_descent(problem, nesterov=True), learner.plain_descent(problem)
    quick, fast, slow = (float(learner.steps_to(gaps)) for gaps in runs)
    assert quick < fast < slow < 2000


# What is refused ------------------------------------------------------------------------------------------------

ONE = np.array([1.0])


@pytest.mark.parametrize(
    ("call", "error", "name"),
    [
        (lambda: rmt.noise(0, sigma2=1.0, parameters=1), ValueError, "batch"),
        (lambda: rmt.noise(np.array([1.0, -1.0]), sigma2=1.0, parameters=1), ValueError, "batch"),
        (lambda: rmt.noise(np.array([1, 2]), sigma2=1.0, parameters=1), TypeError, "batch"),
        (lambda: rmt.noise(math.nan, sigma2=1.0, parameters=1), ValueError, "batch"),
        (lambda: rmt.noise(11, sigma2=1.0, parameters=1, data=10), ValueError, "batch must be at most data = 10"),
        (lambda: rmt.noise(1, sigma2=-1.0, parameters=1), ValueError, "sigma2"),
        (lambda: rmt.noise(1, sigma2=1.0, parameters=0), ValueError, "parameters"),
        (lambda: rmt.noise(1, sigma2=1.0, parameters=1, data=0), ValueError, "data"),
        (lambda: rmt.batch_hessian([1.0], 1.0), TypeError, "eigenvalue"),
        (lambda: rmt.batch_hessian(np.array([np.nan]), 1.0), ValueError, "eigenvalue"),
        (lambda: rmt.batch_hessian(ONE, -1.0), ValueError, "noise"),
        (lambda: rmt.batch_hessian(ONE, np.array([1.0, -1.0])), ValueError, "noise"),
        (lambda: rmt.batch_hessian(ONE, np.array([np.inf])), ValueError, "noise"),
        (lambda: rmt.batch_hessian(ONE, 1.0, end="left"), ValueError, "end"),
        (lambda: rmt.batch_gauss_newton(ONE, ratio=-1.0), ValueError, "ratio"),
        (lambda: rmt.batch_gauss_newton(ONE, ratio=np.array([np.nan])), ValueError, "ratio"),
        (lambda: rmt.batch_gauss_newton(ONE, ratio=1.0, sigma2=0.0), ValueError, "sigma2"),
        (lambda: rmt.max_lr(np.array([1.0, 0.0])), ValueError, "eigenvalue"),
        (lambda: rmt.crossover(0.0, sigma2=1.0, parameters=1), ValueError, "top"),
        (lambda: rmt.scale_lr(0.1, 8, ONE, rule="cubic"), ValueError, "rule"),
        (lambda: rmt.scale_lr(0.0, 8, ONE, rule="sqrt"), ValueError, "lr"),
        (lambda: rmt.scale_lr(0.1, 0, ONE, rule="sqrt"), ValueError, "batch"),
        (lambda: rmt.scale_lr(0.1, 8, 0 * ONE, rule="sqrt"), ValueError, "new_batch"),
        (lambda: rmt.scale_lr(0.1, 8, [1.0], rule="sqrt"), TypeError, "new_batch"),
        (lambda: rmt.scale_lr(0.1, 8, ONE), TypeError, "top"),
        (lambda: rmt.scale_lr(0.1, 8, ONE, top=1.0), TypeError, "sigma2"),
        (lambda: rmt.scale_lr(0.1, 8, 10 * ONE, top=-1.0, sigma2=1.0, parameters=1, data=10), ValueError, "top"),
        (lambda: rmt.spectrum(lambda v: v, ONE, steps=1), ValueError, "probes"),
        (lambda: rmt.spectrum(lambda v: v, np.zeros((1, 2)), steps=1), ValueError, "start"),
        (lambda: rmt.density(rmt.Spectrum(ONE, ONE, 1), ONE, width=0.0), ValueError, "width"),
        (lambda: rmt.density(rmt.Spectrum(ONE, ONE, 1), [0.0], width=1.0), TypeError, "grid"),
        (lambda: rmt.squared_norm(lambda v: v, np.zeros((1, 2))), ValueError, "probes"),
        (lambda: rmt.squared_norm(lambda v: v[:1], np.ones((1, 2))), ValueError, "product"),
        (lambda: rmt.element_variance(lambda v: v, [], np.eye(2), batch=2), ValueError, "batch_products"),
        (lambda: rmt.element_variance(lambda v: v, [lambda v: v], np.eye(2), batch=8, data=8), ValueError, "batch"),
        (lambda: rmt.init([1.0]), TypeError, "params"),
        (lambda: rmt.init(ONE, lr=0.0), ValueError, "lr"),
        (lambda: rmt.init(ONE, momentum=1.0), ValueError, "momentum"),
        (lambda: rmt.update(ONE, rmt.init(ONE), np.ones(2)), ValueError, "grad"),
        (lambda: rmt.update(ONE, rmt.init(ONE), np.array([np.nan])), ValueError, "grad"),
        (lambda: rmt.update(ONE, rmt.init(np.ones(2)), ONE), ValueError, "move"),
        (lambda: rmt.update(ONE, rmt.LearnerState(ONE, -1.0, 0.5), ONE), ValueError, "lr"),
        (lambda: rmt.polyak_rates(np.array([-1.0, 0.0])), ValueError, "values"),
        (lambda: rmt.polyak_rates(np.array([-1.0]), noise=1.0), ValueError, "values"),
        (lambda: rmt.polyak_rates(np.array([np.nan])), ValueError, "values"),
        (lambda: rmt.polyak_rates(ONE, floor=1.0), ValueError, "floor"),
        (lambda: rmt.learn_polyak(rmt.init(ONE), lambda v: v, np.ones(2)), ValueError, "start"),
        (lambda: rmt.learn_polyak(rmt.init(ONE), lambda v: v, np.ones(1, np.float32)), ValueError, "start"),
        (lambda: rmt.learn_polyak(rmt.init(ONE), lambda v: v, ONE, lanczos_steps=0), ValueError, "steps"),
        (lambda: rmt.learn_rayleigh(rmt.init(ONE), lambda v: v, np.ones(2)), ValueError, "grad"),
        (lambda: rmt.learn_rayleigh(rmt.init(ONE), lambda v: v * np.nan, ONE), ValueError, "product"),
        (lambda: rmt.minimize(lambda w: w, ONE, learn=None, every=0, steps=1), ValueError, "every"),
        (lambda: rmt.minimize(lambda w: w, ONE, learn=None, every=1, steps=1, warmup=-1), ValueError, "warmup"),
    ],
)
def test_bad_calls_are_named(call, error, name):
    with pytest.raises(error, match=name):
        call()
