"""Objectives: minimizers, gradients, dimensions, on every backend."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.problems.functions import ACKLEY, CANYON, PROBLEMS, RASTRIGIN, SQUARES, central_differences, quadratic

BOWL = quadratic([[2.0, 0.5], [0.5, 1.0]], [1.0, -2.0])
every_problem = pytest.mark.parametrize("problem", [*PROBLEMS, BOWL], ids=lambda p: p.name)


def points(backend, n=40, d=2):
    return backend.asarray(2.0 * stream(0, "test_functions").standard_normal((n, d)))


@every_problem
def test_minimizer_and_minimum(problem, backend):
    x = problem.minimizer(2, like=backend.asarray([1.0]))
    assert x.dtype == backend.dtype
    assert abs(float(problem.function(x)) - problem.minimum) < 1e-6
    assert np.allclose(backend.to_numpy(problem.gradient(x)), 0)
    assert backend.to_numpy(problem.function(points(backend))).min() > problem.minimum


@every_problem
def test_no_grid_point_is_below_the_minimum(problem):
    axis = np.linspace(-5, 10, 601)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1)
    values = problem.function(grid)
    assert values.shape == (601, 601)
    best = grid.reshape(-1, 2)[values.argmin()]
    assert np.allclose(best, problem.minimizer(2), atol=1e-9)
    assert abs(values.min() - problem.minimum) < 1e-12


@every_problem
def test_gradient_is_that_of_the_function(problem):
    x = 2.0 * stream(1, "test_functions").standard_normal((200, 2))
    numeric = central_differences(problem.function, h=1e-5)(x)
    assert np.allclose(problem.gradient(x), numeric, rtol=1e-6, atol=1e-6)
    traced = grad(lambda v: array_namespace(v).sum(problem.function(v)))(x)
    assert np.allclose(problem.gradient(x), traced, rtol=1e-12, atol=1e-12)


@every_problem
def test_backends_and_batches_agree(problem, backend):
    x = points(backend)
    values, slopes = problem.function(x), problem.gradient(x)
    assert values.dtype == slopes.dtype == backend.dtype
    host = backend.to_numpy(x).astype(np.float64)
    assert np.allclose(backend.to_numpy(values), problem.function(host), rtol=100 * backend.tolerance)
    assert np.allclose(
        backend.to_numpy(slopes), problem.gradient(host), rtol=1e3 * backend.tolerance, atol=1e3 * backend.tolerance
    )
    batch = backend.xp.reshape(x, (4, 10, 2))
    assert np.array_equal(backend.to_numpy(problem.function(batch)).ravel(), backend.to_numpy(values))
    assert problem.gradient(batch).shape == (4, 10, 2)


def test_values_worked_by_hand():
    half = np.array([[0.5, 0.0]])
    assert SQUARES.function(half)[0] == 0.25
    assert np.isclose(RASTRIGIN.function(half)[0], 0.25 + 2.5 * 2)  # its waves have height 2.5, not 10
    ones = np.ones((1, 3))
    assert np.isclose(ACKLEY.function(ones)[0], 20 * (1 - np.exp(-0.2)))


def test_ackley_at_its_tip():
    assert np.array_equal(ACKLEY.gradient(np.zeros((1, 3))), np.zeros((1, 3)))


def test_gradient_descent_is_stuck_in_the_canyon():
    x = CANYON.start()
    for _ in range(10_000):
        x = x - 1e-3 * CANYON.gradient(x)
    assert np.allclose(x, [2.336, 2.466], atol=1e-3)


def test_quadratic_in_closed_form():
    x = np.array([[2.0, 0.0]])
    assert np.array_equal(BOWL.gradient(x), [[2.0 * 1 + 0.5 * 2, 0.5 * 1 + 1.0 * 2]])
    assert BOWL.function(x)[0] == 0.5 * (1 * 3.0 + 2 * 2.5)


def test_dimensions():
    assert RASTRIGIN.minimizer(5).shape == (5,)
    assert CANYON.minimizer().shape == CANYON.start(2).shape == (2,)
    with pytest.raises(ValueError, match="d must be 2"):
        CANYON.minimizer(3)
    with pytest.raises(TypeError, match="d must be"):
        RASTRIGIN.minimizer()


@pytest.mark.parametrize(
    ("matrix", "minimizer", "message"),
    [
        ([[1.0, 2.0]], [0.0], "matrix must have shape"),
        ([[1.0, 2.0], [0.0, 1.0]], [0.0, 0.0], "matrix must be symmetric"),
        ([[1.0]], [np.nan], "minimizer must be finite"),
    ],
)
def test_quadratic_refuses(matrix, minimizer, message):
    with pytest.raises(ValueError, match=message):
        quadratic(matrix, minimizer)
