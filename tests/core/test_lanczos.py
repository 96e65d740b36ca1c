"""Lanczos against dense decompositions, SciPy's ARPACK and known tridiagonal matrices, on every backend."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse.linalg

from refimpl.core import autodiff
from refimpl.core.arrays import array_namespace
from refimpl.core.lanczos import Lanczos, lanczos, ritz
from refimpl.core.random import stream
from tests.alike import assert_kind

FIXTURE = np.array([[2.0, 1.0, 0.0, -1.0], [1.0, 3.0, 0.5, 0.0], [0.0, 0.5, -1.0, 2.0], [-1.0, 0.0, 2.0, 4.0]])
VALUES = [-1.4657444025, 2.7790781020, 4.4481843158]
WEIGHTS = [0.0696414188, 0.4711083830, 0.4592501982]


def symmetric(rng, size, outliers=()):
    """In a random basis; eigenvalues in [-1, 1], but for the outliers."""
    basis, _ = np.linalg.qr(rng.standard_normal((size, size)))
    values = np.r_[rng.uniform(-1, 1, size - len(outliers)), outliers]
    return (basis * values) @ basis.T


def tridiagonal(run):
    return np.diag(run.alphas) + np.diag(run.betas[:-1], 1) + np.diag(run.betas[:-1], -1)


# Worked by hand, on every backend -------------------------------------------------------------------------------


def test_three_steps_in_four_dimensions(backend):
    a, start = backend.asarray(FIXTURE), backend.asarray([2.0, 2.0, 2.0, 2.0])
    run = lanczos(lambda v: a @ v, start, steps=3)
    values, weights = ritz(run)
    for array in (*run, values, weights):
        assert_kind(array, start)
    np.testing.assert_allclose(backend.to_numpy(values), VALUES, rtol=100 * backend.tolerance, atol=1e-10)
    np.testing.assert_allclose(backend.to_numpy(weights), WEIGHTS, rtol=1000 * backend.tolerance, atol=1e-10)
    q = backend.to_numpy(run.basis)
    assert q.shape == (3, 4)
    np.testing.assert_allclose(q @ q.T, np.eye(3), atol=10 * backend.tolerance)
    np.testing.assert_allclose(q @ FIXTURE @ q.T, tridiagonal(Lanczos(*map(backend.to_numpy, run))), atol=1e-5)
    assert backend.to_numpy(start).tolist() == [2.0] * 4


def test_a_tridiagonal_matrix_is_its_own_t(backend):
    diagonal, beside = [2.0, -1.0, 0.5, 3.0], [1.0, 0.25, 2.0]
    a = backend.asarray(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    run = lanczos(lambda v: a @ v, backend.asarray([5.0, 0.0, 0.0, 0.0]), steps=4)
    np.testing.assert_allclose(backend.to_numpy(run.alphas), diagonal, atol=10 * backend.tolerance)
    np.testing.assert_allclose(backend.to_numpy(run.betas)[:-1], beside, atol=10 * backend.tolerance)
    assert backend.to_numpy(run.betas)[-1] < 10 * backend.tolerance


@pytest.mark.parametrize(
    ("matrix", "start", "values", "weights"),
    [
        (2.5 * np.eye(3), [1.0, 2.0, -1.0], [2.5], [1.0]),
        (np.zeros((3, 3)), [1.0, 2.0, -1.0], [0.0], [1.0]),
        (np.diag([1.0, 4.0, 2.0]), [0.0, 3.0, 0.0], [4.0], [1.0]),
        (np.diag([3.0, 1.0, -2.0, 5.0]), [3.0, 0.0, 0.0, 4.0], [3.0, 5.0], [0.36, 0.64]),
        ([[7.0]], [-2.0], [7.0], [1.0]),
    ],
)
def test_it_stops_where_the_space_closes(backend, matrix, start, values, weights):
    a = backend.asarray(np.array(matrix))
    got, shares = ritz(lanczos(lambda v: a @ v, backend.asarray(start), steps=5))
    np.testing.assert_allclose(backend.to_numpy(got), values, rtol=10 * backend.tolerance)
    np.testing.assert_allclose(backend.to_numpy(shares), weights, rtol=10 * backend.tolerance)


@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_neither_scale_matters(factor):
    """Closing is judged against the products, and the start is scaled before it is squared."""
    small = ritz(lanczos(lambda v: FIXTURE @ v, np.ones(4), steps=3))
    values, weights = ritz(lanczos(lambda v: factor * (FIXTURE @ v), np.full(4, factor**10), steps=3))
    np.testing.assert_allclose(values, factor * small[0], rtol=1e-12)
    np.testing.assert_allclose(weights, small[1], rtol=1e-12)


# Against other code -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_the_ends_are_those_of_arpack(seed):
    rng = stream(seed, "test-lanczos", "arpack")
    a, start = symmetric(rng, 300, (-5.0, -3.0, 4.0, 9.0)), rng.standard_normal(300)
    values, _ = ritz(lanczos(lambda v: a @ v, start, steps=60))
    ends = np.sort(scipy.sparse.linalg.eigsh(a, k=4, which="BE", v0=start, return_eigenvectors=False))
    np.testing.assert_allclose(values[[0, 1, -2, -1]], ends, rtol=1e-12)


def test_as_many_steps_as_dimensions_give_the_decomposition():
    """Eigenvalues, and the squared components of the start along the eigenvectors."""
    rng = stream(0, "test-lanczos", "dense")
    a, start = symmetric(rng, 12), rng.standard_normal(12)
    values, weights = ritz(lanczos(lambda v: a @ v, start, steps=99))
    expected, vectors = np.linalg.eigh(a)
    np.testing.assert_allclose(values, expected, atol=1e-13)
    np.testing.assert_allclose(weights, (vectors.T @ start) ** 2 / (start @ start), atol=1e-13)


def test_ritz_values_are_those_of_the_krylov_space_by_qr():
    """Rayleigh-Ritz on a basis that another method made: QR of v, A v, A^2 v, ..."""
    rng = stream(0, "test-lanczos", "krylov")
    a, start = symmetric(rng, 20), rng.standard_normal(20)
    powers = [start]
    for _ in range(4):
        powers.append(a @ powers[-1])
    q, _ = np.linalg.qr(np.stack(powers, axis=1))
    values, _ = ritz(lanczos(lambda v: a @ v, start, steps=5))
    np.testing.assert_allclose(values, np.linalg.eigvalsh(q.T @ a @ q), rtol=1e-10)


def test_quadrature_is_exact_to_degree_2m_minus_1_and_no_further():
    rng = stream(0, "test-lanczos", "moments")
    a, start = symmetric(rng, 30, (4.0,)), rng.standard_normal(30)
    values, weights = ritz(lanczos(lambda v: a @ v, start, steps=4))
    images, errors = [start], []
    for _ in range(9):
        images.append(a @ images[-1])
    for k, image in enumerate(images):
        errors.append(abs(weights @ values**k - start @ image / (start @ start)) / 4.0**k)
    assert max(errors[:8]) < 1e-14
    assert errors[8] > 1e-6


def test_an_exponential_of_a_matrix():
    """v^T exp(A) v by twelve steps, against SciPy's dense exponential."""
    rng = stream(0, "test-lanczos", "exp")
    a, start = symmetric(rng, 40, (3.0,)), rng.standard_normal(40)
    values, weights = ritz(lanczos(lambda v: a @ v, start, steps=12))
    expected = start @ scipy.linalg.expm(a) @ start / (start @ start)
    assert weights @ np.exp(values) == pytest.approx(expected, rel=1e-12)


def test_no_ghosts():
    """Without the second orthogonalization the top eigenvalue would come several times."""
    rng = stream(0, "test-lanczos", "ghosts")
    a = symmetric(rng, 200, (1.0, 2.0, 4.0, 6.0, 10.0))
    run = lanczos(lambda v: a @ v, rng.standard_normal(200), steps=80)
    values, weights = ritz(run)
    assert np.sum(abs(values - 10) < 1e-6) == 1
    np.testing.assert_allclose(run.basis @ run.basis.T, np.eye(80), atol=1e-14)
    assert abs(np.sum(weights) - 1) < 1e-13
    assert np.all(weights >= 0)
    assert np.all(np.diff(values) >= 0)


def test_three_hundred_steps_on_the_second_difference():
    """From the first of 2,001 points it is its own T, whose decomposition is known: cosines, and squared sines."""
    m, start = 300, np.zeros(2_001)
    start[0] = 1.0

    def second_difference(v):
        beside = np.pad(v, 1)
        return 2 * v - beside[:-2] - beside[2:]

    values, weights = ritz(lanczos(second_difference, start, steps=m))
    angles = np.arange(1, m + 1) * np.pi / (m + 1)
    np.testing.assert_allclose(values, 2 - 2 * np.cos(angles), atol=1e-13)
    np.testing.assert_allclose(weights, 2 / (m + 1) * np.sin(angles) ** 2, atol=1e-13)


def test_a_hessian_that_is_never_formed():
    function = lambda x: array_namespace(x).sum(x**4) + x[0] * x[1] * x[2]
    x, start = np.array([0.5, -1.0, 2.0]), np.array([1.0, 1.0, 0.5])
    values, _ = ritz(lanczos(lambda v: autodiff.hvp(function, x, v), start, steps=3))
    expected = np.diag(12 * x**2) + np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])
    np.testing.assert_allclose(values, np.linalg.eigvalsh(expected), rtol=1e-12)


def test_each_step_asks_for_one_product():
    asked = []
    lanczos(lambda v: asked.append(v) or FIXTURE @ v, np.ones(4), steps=3)
    assert len(asked) == 3


# What is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"start": np.zeros(4)}, ValueError, "start must not be 0"),
        ({"start": np.array([1.0, np.nan, 0.0, 0.0])}, ValueError, "start"),
        ({"start": np.ones((2, 2))}, ValueError, "start"),
        ({"start": np.ones(4, int)}, TypeError, "start"),
        ({"start": np.zeros(0)}, ValueError, "start"),
        ({"steps": 0}, ValueError, "steps"),
        ({"steps": 2.0}, TypeError, "steps"),
        ({"tolerance": -1e-3}, ValueError, "tolerance"),
        ({"product": lambda v: v[:2]}, ValueError, "product"),
        ({"product": lambda v: v.astype(np.float32)}, ValueError, "product"),
        ({"product": lambda v: v * np.inf}, ValueError, "product"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_bad_arguments_are_named(changed, error, name):
    given = {"product": lambda v: FIXTURE @ v, "start": np.ones(4), "steps": 3, **changed}
    with pytest.raises(error, match=name):
        lanczos(given.pop("product"), given.pop("start"), **given)
