"""Tolerances are measured: honest arithmetic stays within them, a subtle mistake does not."""

import numpy as np
import pytest
import scipy.linalg

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.oracle.judging.answers import Allowed
from refimpl.oracle.judging.noise import Noise
from refimpl.oracle.judging.tolerance import agrees, digits, noisy_run, noisy_runs, spread, unit


def tolerance_of(function, dtype, **inputs):
    exact = (np.asarray(function(**inputs), dtype=np.float64),)
    return spread(noisy_runs(function, inputs, dtype), exact, dtype)[0]


def test_infinities_are_not_rounded():
    """A masked key has score -inf; moved by a share of itself it would be no number, and its weight none."""

    def weights(x):
        xp = array_namespace(x)
        scores = xp.where(x > 0, x, -np.inf)
        powers = xp.exp(scores - xp.max(scores))
        return powers / xp.sum(powers)

    runs = [*noisy_runs(weights, {"x": np.array([1.0, -1.0, 2.0])}, "float64")]
    assert all(np.all(np.isfinite(run)) and run[0][1] == 0 for run in runs)


def test_cancellation_widens_it():
    """1 + x - 1 loses the digits that x has below 1, and the tolerance says so."""
    allowed = tolerance_of(lambda x: (1.0 + x) - 1.0, "float64", x=np.array([1e-8, 1.0]))
    relative = allowed / np.array([1e-8, 1.0])
    assert 1e-9 < relative[0] < 1e-6
    assert relative[1] < 1e-14


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_any_order_of_summation_is_covered(dtype):
    """500 random orders of a sum with cancellation, none outside."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(40).astype(dtype).astype(np.float64)
    x = np.concatenate([x, [-x.sum() + 1e-3]])
    allowed = tolerance_of(lambda x: array_namespace(x).sum(x), dtype, x=x)
    exact = np.sum(x.astype(np.longdouble))
    narrow = x.astype(dtype)
    exact = exact + np.sum(narrow.astype(np.longdouble) - x)
    for _ in range(500):
        total = np.dtype(dtype).type(0)
        for value in rng.permutation(narrow):
            total = total + value
        assert abs(float(total) - float(exact)) <= allowed


def test_conditioning_of_a_solve_is_seen():
    a = np.array([[1.0, 1.0], [1.0, 1.0 + 1e-6]])
    allowed = tolerance_of(lambda a, b: array_namespace(a).linalg.solve(a, b), "float64", a=a, b=np.array([2.0, 2.0]))
    assert 1e-11 < allowed.max() < 1e-7


def test_numbers_among_the_inputs_are_rounded_too():
    """1 - beta2 computed in float32 is off by 6e-8 / (1 - beta2), which is honest."""
    function = lambda x, beta: x * (1 - beta)
    x = np.ones(1)
    allowed = tolerance_of(function, "float32", x=x, beta=0.999)
    single = np.float32(1) * (np.float32(1) - np.float32(0.999))
    assert abs(float(single) - 0.001) <= allowed
    assert allowed < 1e-5 * 0.001 * 1e3


def test_exact_operations_add_nothing():
    x = np.array([3.0, -1.0, 2.0])
    runs = noisy_runs(lambda x: array_namespace(x).sign(x)[::-1], {"x": x}, "float32")
    assert all((run[0] == np.sign(x)[::-1]).all() for run in runs)


def test_a_decomposition_may_lose_the_digits_of_small_entries():
    """LAPACK promises errors in proportion to the largest entry: another right SVD must pass."""
    x = np.random.default_rng(0).standard_normal((6, 2)) * [1e3, 1e-2]
    runs = noisy_runs(lambda x: array_namespace(x).linalg.svdvals(x), {"x": x}, "float32")
    exact = np.linalg.svdvals(x)
    (allowed,) = spread(runs, (exact,), "float32")
    assert allowed[1] > 1e-7 * exact[0]
    for driver in ("gesdd", "gesvd"):
        got = scipy.linalg.svd(x.astype(np.float32), compute_uv=False, lapack_driver=driver)
        assert agrees(got, exact, allowed).all()


def test_the_sources_run_on_noisy_arrays_of_every_kind_of_function():
    noise = Noise(np.random.default_rng(0), unit("float64"))
    x = noise.wrap_inputs({"x": np.array([[1.0, 2.0], [3.0, 4.0]])})["x"]
    xp = array_namespace(x)
    assert xp is noise
    assert xp.stack([x[0], x[1]]).shape == (2, 2)
    assert float(xp.max(x)) == 4.0
    assert bool(xp.all(xp.isfinite(x)))
    assert (2.0 - x).shape == (x @ x).shape == x.T.shape == (1 / x).shape
    assert xp.isdtype(x.dtype, "real floating")
    assert [float(row[0]) for row in x] == [1.0, 3.0]
    assert float(xp.where(x > 2, x, xp.zeros_like(x))[0, 0]) == 0.0


def test_noisy_data_meet_traced_parameters_on_either_side():
    """A gradient through noisy arrays, with the data on the left and a slice in between, is rounded and no more."""

    def slope(x, w):
        return grad(lambda w: array_namespace(x, w).sum((x @ w)[:1, 0] * 3.0))(w)

    x, w = np.array([[1.0, 2.0], [5.0, 7.0]]), np.array([[1.0], [1.0]])
    (got,) = noisy_run(slope, {"x": x, "w": w}, np.float32, 0)
    assert 0 < np.abs(got - np.array([[3.0], [6.0]])).max() < 1e-5


@pytest.mark.parametrize(
    ("got", "expected", "good"),
    [
        (np.nan, np.nan, True),
        (np.inf, np.inf, True),
        (np.inf, -np.inf, False),
        (np.nan, 1.0, False),
        (1.0, np.inf, False),
    ],
)
def test_what_is_not_finite_must_be_the_same(got, expected, good):
    assert bool(agrees(np.array(got), np.array(expected), np.array(0.1))) is good


def test_digits():
    got, expected = np.array([1.0, 1.01, 0.0, np.nan, np.nan]), np.array([1.0, 1.0, 1.0, 1.0, np.nan])
    np.testing.assert_allclose(digits(got, expected), [17, 2, 0, 0, 17], atol=1e-9)


@pytest.mark.parametrize("refused", [{0}, {1, 2}, {0, 1, 2}])
def test_a_noisy_run_that_is_refused_says_nothing(refused):
    """Noise moves a share of 1 out of its range."""

    def run(trial):
        if trial in refused:
            raise ValueError("shares must be in [0, 1]")
        return (np.array(1.0 + trial),)

    told = [Allowed(run, 3, None, lambda worst: float(worst[0])) for _ in range(2)]
    left = [trial for trial in range(3) if trial not in refused]
    if not left:
        with pytest.raises(ValueError, match="shares"):
            told[0].after(1)
        return
    assert told[0].after(1) == 1.0 + left[0]
    assert told[1].enough(lambda allowed: False) == 1.0 + left[-1]
