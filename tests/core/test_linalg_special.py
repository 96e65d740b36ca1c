"""`core.linalg` and `core.special` against SciPy, closed forms and finite differences, on every library."""

import itertools

import mpmath
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import scipy.special

from refimpl.core import linalg, special
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.core.autodiff import grad, hvp
from refimpl.core.backends import BACKENDS
from refimpl.core.lanczos import lanczos
from tests.alike import assert_like

POINTS = np.array([[-30.0, -2.5, -0.75, 0.3, 1.0], [1.5, 2.0, 7.25, 30.0, 100.0]])
NAMES = ("erf", "gammaln", "digamma", "trigamma", "softplus", "sigmoid", "softmax")
SCIPY = {
    "erf": scipy.special.erf,
    "gammaln": scipy.special.gammaln,
    "digamma": scipy.special.digamma,
    "trigamma": lambda x: scipy.special.polygamma(1, x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "sigmoid": scipy.special.expit,
    "softmax": lambda x: scipy.special.softmax(x, axis=-1),
}


def like(result, x):
    """Library, dtype and device of `x`."""
    return type(result) is type(x) and result.dtype == x.dtype and result.device == x.device


@pytest.mark.parametrize("name", NAMES)
def test_against_scipy(name, backend):
    x = backend.asarray(np.abs(POINTS) if name in ("gammaln", "digamma") else POINTS)
    result = getattr(special, name)(x)
    assert like(result, x)
    expected = SCIPY[name](backend.to_numpy(x).astype(np.float64))
    np.testing.assert_allclose(backend.to_numpy(result), expected, rtol=10 * backend.tolerance, atol=1e-37)


@pytest.mark.parametrize("name", [*NAMES[:-1], "logsumexp"])
def test_0d(name, backend):
    x = backend.asarray(1.5)
    result = getattr(special, name)(getattr(special, name)(x))
    expected = {**SCIPY, "logsumexp": lambda x: x}[name]
    assert result.dtype == backend.dtype
    assert float(result) == pytest.approx(expected(expected(1.5)), rel=10 * backend.tolerance)


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1), -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_against_scipy(axis, keepdims, backend):
    x = backend.asarray(POINTS)
    result = special.logsumexp(x, axis=axis, keepdims=keepdims)
    expected = scipy.special.logsumexp(POINTS, axis=axis, keepdims=keepdims)
    assert (tuple(result.shape), result.dtype) == (np.shape(expected), backend.dtype)
    np.testing.assert_allclose(backend.to_numpy(result), expected, rtol=10 * backend.tolerance)


def test_logsumexp_at_the_edges(backend):
    inf, nan = np.inf, np.nan
    x = backend.asarray([[-inf, -inf], [-inf, 2.0], [inf, 2.0], [inf, -inf], [nan, 2.0], [3e38, 3e38]])
    expected = [-inf, 2.0, inf, inf, nan, 3e38]
    np.testing.assert_allclose(backend.to_numpy(special.logsumexp(x, axis=1)), expected, rtol=10 * backend.tolerance)


@pytest.mark.parametrize("name", ["softplus", "sigmoid"])
def test_no_overflow_at_any_scale(name, backend):
    x = backend.asarray([-1e30, -1e4, 1e4, 1e30])
    expected = {"softplus": [0.0, 0.0, 1e4, 1e30], "sigmoid": [0.0, 0.0, 1.0, 1.0]}[name]
    np.testing.assert_allclose(backend.to_numpy(getattr(special, name)(x)), expected, rtol=backend.tolerance)


def test_xlogy(backend):
    x = [0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 3.0]
    y = [0.0, np.inf, np.nan, 1.0, -1.0, np.e, 0.5]
    result = special.xlogy(backend.asarray(x), backend.asarray(y))
    np.testing.assert_allclose(backend.to_numpy(result), scipy.special.xlogy(x, y), rtol=10 * backend.tolerance)
    assert special.xlogy(backend.asarray([[1.0], [2.0]]), backend.asarray([1.0, 2.0, 3.0])).shape == (2, 3)


DERIVATIVES = {
    "erf": lambda x: 2 / np.sqrt(np.pi) * np.exp(-(x**2)),
    "gammaln": scipy.special.digamma,
    "digamma": lambda x: scipy.special.polygamma(1, x),
    "softplus": scipy.special.expit,
    "sigmoid": lambda x: scipy.special.expit(x) * scipy.special.expit(-x),
    "logsumexp": scipy.special.softmax,
    "ndtr": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "log_ndtr": lambda x: np.sqrt(2 / np.pi) / scipy.special.erfcx(-x / np.sqrt(2)),
    "erfcx": lambda x: 2 * x * scipy.special.erfcx(x) - 2 / np.sqrt(np.pi),
}


@pytest.mark.parametrize("library", ["numpy", "strict"])
@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name, library):
    x = np.array([-3.0, -0.4, 0.0, 0.7, 1.0, 5.0])
    if name in ("gammaln", "digamma"):
        x = np.exp(x)
    traced = BACKENDS[library].asarray(x)

    def total(x):
        y = getattr(special, name)(x)
        return x.__array_namespace__().sum(y)

    result = grad(total)(traced)
    assert like(result, traced)
    np.testing.assert_allclose(linalg.to_numpy(result), DERIVATIVES[name](x), rtol=1e-13, atol=1e-15)
    if name not in ("gammaln", "digamma"):
        step = 1e-6 * np.ones_like(x)
        second = (DERIVATIVES[name](x + step) - DERIVATIVES[name](x - step)) / 2
        result = hvp(total, traced, BACKENDS[library].asarray(step))
        np.testing.assert_allclose(linalg.to_numpy(result), second, atol=1e-14)


def test_derivatives_of_softmax_and_xlogy():
    x, weights = np.array([0.5, -1.0, 2.0]), np.array([1.0, 2.0, 4.0])
    p = scipy.special.softmax(x)
    np.testing.assert_allclose(
        grad(lambda x: (special.softmax(x) * weights) @ weights)(x), p * (weights**2 - p @ weights**2)
    )
    x, y = np.array([0.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_allclose(grad(lambda x: special.xlogy(x, y) @ np.ones(2))(x), np.log(y))
    np.testing.assert_allclose(grad(lambda y: special.xlogy(x, y) @ np.ones(2))(y), [0.0, 0.5])


@pytest.mark.parametrize("name", [*NAMES, "logsumexp"])
def test_special_functions_refuse_integers_and_lists(name):
    with pytest.raises(TypeError, match=r"x must be an array of floating-point numbers, got .* dtype int64"):
        getattr(special, name)(np.arange(3))
    with pytest.raises(TypeError, match=r"x must be an array of floating-point numbers, got \[1.0\]"):
        getattr(special, name)([1.0])


def test_logsumexp_and_softmax_refuse_empty_arrays(backend):
    for function in (special.logsumexp, special.softmax):
        with pytest.raises(ValueError, match=r"x must have at least one entry, got shape \(2, 0\)"):
            function(backend.asarray(np.zeros((2, 0))))


def triangular(lower):
    rng = np.random.default_rng(3)
    a = rng.standard_normal((5, 5)) + 4 * np.eye(5)
    return a, np.tril(a) if lower else np.triu(a), rng.standard_normal((5, 3))


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("trans", [True, False])
@pytest.mark.parametrize("one", [True, False])
def test_solve_triangular(lower, trans, one, backend):
    a, triangle, b = triangular(lower)
    b = b[:, 0] if one else b
    given = backend.asarray(b)
    result = linalg.solve_triangular(backend.asarray(a), given, lower=lower, trans=trans)
    assert like(result, given)
    expected = np.linalg.solve(triangle.T if trans else triangle, b)
    np.testing.assert_allclose(backend.to_numpy(result), expected, rtol=100 * backend.tolerance)


@pytest.mark.parametrize("library", ["numpy", "strict"])
@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("trans", [True, False])
@pytest.mark.parametrize("one", [True, False])
def test_derivatives_of_solve_triangular(library, lower, trans, one):
    a, _, b = triangular(lower)
    b = b[:, 0] if one else b
    asarray = BACKENDS[library].asarray
    f = lambda a, b: linalg.array_namespace(a, b).sum(
        linalg.array_namespace(a, b).sin(linalg.solve_triangular(a, b, lower=lower, trans=trans))
    )
    for i, x in enumerate((a, b)):
        args = [asarray(a), asarray(b)]
        result = linalg.to_numpy(grad(f, argnums=i)(*args))
        for index in np.ndindex(x.shape):
            values = []
            for step in (1e-6, -1e-6):
                moved = x.copy()
                moved[index] += step
                args[i] = asarray(moved)
                values.append(float(f(*args)))
            assert result[index] == pytest.approx((values[0] - values[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("one", [True, False])
def test_cholesky_solve(one, backend):
    a, _, b = triangular(True)
    b = b[:, 0] if one else b
    spd = a @ a.T
    given = backend.asarray(b)
    result = linalg.cholesky_solve(backend.asarray(np.linalg.cholesky(spd)), given)
    assert like(result, given)
    np.testing.assert_allclose(backend.to_numpy(result), scipy.linalg.solve(spd, b), rtol=1000 * backend.tolerance)


def test_solves_refuse_bad_input(backend):
    eye, ones = backend.asarray(np.eye(3)), backend.asarray(np.ones(3))
    for function in (lambda a, b: linalg.solve_triangular(a, b, lower=True), linalg.cholesky_solve):
        with pytest.raises(ValueError, match="no zero on its diagonal"):
            function(backend.asarray(np.diag([1.0, 0.0, 2.0])), ones)
        with pytest.raises(ValueError, match=r"b must have shape \[n\] with n=3, got \(2,\)"):
            function(eye, ones[:2])
        with pytest.raises(ValueError, match=r"must have shape .*, got"):
            function(ones, ones)
        with pytest.raises(ValueError, match="b must be finite, got 1 of 3"):
            function(eye, backend.asarray([1.0, np.nan, 2.0]))
    with pytest.raises(ValueError, match="factor must be finite, got 3 of 9"):
        linalg.cholesky_solve(backend.asarray(np.diag([np.nan] * 3)), ones)


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("shape", [(1, 1), (6, 6), (4, 9)])
def test_linear_assignment(shape, maximize, backend):
    cost = np.random.default_rng(1).standard_normal(shape)
    x = backend.asarray(cost)
    result = linalg.linear_assignment(x, maximize=maximize)
    assert result.dtype == backend.xp.int64
    assert result.device == x.device
    expected = scipy.optimize.linear_sum_assignment(cost, maximize=maximize)[1]
    assert backend.to_numpy(result).tolist() == expected.tolist()


def test_linear_assignment_refuses_bad_costs(backend):
    for cost, message in (
        (np.ones((3, 2)), r"cost must have at least as many columns as rows, got shape \(3, 2\)"),
        (np.full((2, 2), np.nan), "cost must not be NaN"),
        (np.full((2, 2), np.inf), "cost must allow a full assignment"),
        (np.ones(3), r"cost must have shape \[n, m\]"),
    ):
        with pytest.raises(ValueError, match=message):
            linalg.linear_assignment(backend.asarray(cost))
    with pytest.raises(TypeError, match="cost must be an array of floating-point numbers"):
        linalg.linear_assignment(backend.asarray(np.ones((2, 2), int)))


def test_lyapunov_equations(backend):
    """Of random stable matrices: against the equation itself, and the covariance of a long linear recursion."""
    rng = np.random.default_rng(0)
    for n in (1, 2, 5):
        a = rng.standard_normal((n, n)) - 3 * np.sqrt(n) * np.eye(n)
        root = rng.standard_normal((n, n))
        v = linalg.solve_lyapunov(backend.asarray(a), backend.asarray(root @ root.T))
        assert like(v, backend.asarray(a))
        v = backend.to_numpy(v)
        np.testing.assert_allclose(a @ v + v @ a.T, -root @ root.T, atol=1e3 * backend.tolerance)
        h, z = 1e-3, np.zeros((n, n))
        for _ in range(6000):
            z = z + h * (a @ z + z @ a.T + root @ root.T)
        np.testing.assert_allclose(v, z, atol=1e-4)
        expected = np.linalg.eigvals(a).real.max()
        assert linalg.spectral_abscissa(backend.asarray(a)) == pytest.approx(expected, rel=1e3 * backend.tolerance)


@pytest.mark.parametrize("wrong", [np.ones((2, 3)), np.full((2, 2), np.nan)])
def test_what_is_no_lyapunov_equation_is_refused(wrong):
    with pytest.raises(ValueError, match="a must"):
        linalg.solve_lyapunov(wrong, np.eye(2))
    with pytest.raises(ValueError, match="q must"):
        linalg.solve_lyapunov(-np.eye(2), wrong)
    with pytest.raises(ValueError, match="a must"):
        linalg.spectral_abscissa(wrong)
    with pytest.raises(ValueError, match="a must have no two eigenvalues"):
        linalg.solve_lyapunov(np.array([[1.0, 2.0], [0.0, -1.0]]), np.eye(2))


def test_solve_positive_against_numpy(backend):
    q = np.array([[2.0, 0.5, -1.0], [0.0, 1.0, 0.25], [1.0, 0.0, 1.5]])
    a, b = q @ q.T + np.eye(3), np.array([1.0, -2.0, 0.5])
    x = linalg.solve_positive(backend.asarray(a), backend.asarray(b))
    assert like(x, backend.asarray(b))
    np.testing.assert_allclose(backend.to_numpy(x), np.linalg.solve(a, b), rtol=100 * backend.tolerance)
    for bad in (np.ones((2, 2)), np.diag([1.0, -1.0]), np.zeros((2, 2)), np.diag([1.0, 1e-17])):
        with pytest.raises(ValueError, match="a must be positive definite"):
            linalg.solve_positive(backend.asarray(bad), backend.asarray([1.0, 1.0]))


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_unit_at_any_scale(backend, scale):
    v = scale * np.array([[3.0, 0.0], [0.0, -4.0]])
    np.testing.assert_allclose(
        backend.to_numpy(linalg.unit(backend.asarray(v))), [[0.6, 0], [0, -0.8]], rtol=10 * backend.tolerance
    )
    assert backend.to_numpy(linalg.unit(backend.asarray([0.0, 0.0]))).tolist() == [0, 0]


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_angles_of_near_copies_keep_their_digits(backend, scale):
    """tan of the angle is known; an arc cosine has half of the digits."""
    u = np.array([[1.0, 0.0], [1.0, 1.0], [-1.0, 2.0**-18], [0.0, 3.0], [1.0, 2.0**-18]])
    found = backend.to_numpy(linalg.angle(backend.asarray(scale * u), backend.asarray([2.0, 0.0])))
    expected = [0.0, np.pi / 4, np.pi - np.arctan(2.0**-18), np.pi / 2, np.arctan(2.0**-18)]
    np.testing.assert_allclose(found, expected, rtol=8 * backend.tolerance)
    with pytest.raises(ValueError, match="u, v must have shapes that go together"):
        linalg.angle(backend.asarray(u), backend.asarray([1.0, 2.0, 3.0]))


def test_angles_of_all_pairs_are_those_of_each(backend):
    """Two rows in a block, the last one by itself."""
    rng = np.random.default_rng(0)
    U, V = (backend.asarray(rng.standard_normal((n, 40))) for n in (5, 3000))
    each = backend.to_numpy(linalg.angle(U[:, None, :], V[None, :, :]))
    np.testing.assert_allclose(backend.to_numpy(linalg.angles(U, V)), each, rtol=10 * backend.tolerance)
    with pytest.raises(ValueError, match="V must have shape"):
        linalg.angles(U, V[:, 1:])


def test_projection_on_a_ball(backend):
    center = backend.asarray([[1.0], [2.0]])
    project = lambda x, radius: backend.to_numpy(linalg.project_ball(backend.asarray(x), center, radius))
    assert project([[1.5], [2.5]], 1.0).tolist() == [[1.5], [2.5]]  # inside: untouched
    np.testing.assert_allclose(project([[4.0], [6.0]], 2.5), [[2.5], [4.0]], rtol=10 * backend.tolerance)
    assert project([[4.0], [6.0]], np.inf).tolist() == [[4.0], [6.0]]
    assert project([[1.0], [2.0]], 0.5).tolist() == [[1.0], [2.0]]  # its centre
    for radius in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="radius must be"):
            project([[4.0], [6.0]], radius)


def test_neumann_series(backend):
    a, v = np.array([[1.5, 0.25], [0.25, 0.75]]), np.array([1.0, -2.0])
    power, expected = v, np.zeros(2)
    for _ in range(5):
        expected, power = expected + 0.5 * power, power - 0.5 * a @ power
    matrix = backend.asarray(a)
    got = linalg.neumann(lambda p, j: matrix @ p, backend.asarray(v), terms=5, step=0.5)
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=20 * backend.tolerance)
    far = linalg.neumann(lambda p, j: matrix @ p, backend.asarray(v), terms=200, step=0.5)
    np.testing.assert_allclose(backend.to_numpy(far), np.linalg.solve(a, v), rtol=100 * backend.tolerance)
    asked = []
    linalg.neumann(lambda p, j: asked.append(j) or p, backend.asarray(v), terms=4, step=0.5)
    assert asked == [1, 2, 3]
    with pytest.raises(ValueError, match="terms must be"):
        linalg.neumann(lambda p, j: p, backend.asarray(v), terms=0, step=0.5)
    with pytest.raises(ValueError, match="product must have shape"):
        linalg.neumann(lambda p, j: p[:1], backend.asarray(v), terms=2, step=0.5)


def test_directions_along_axes(backend):
    v = np.array([[[3e-30, 4e-30], [0.0, 0.0]], [[1.0, 2.0], [2.0, 4.0]]])
    result = linalg.unit(backend.asarray(v), axis=(-2, -1))
    assert like(result, backend.asarray(v))
    expected = [[[0.6, 0.8], [0.0, 0.0]], [[0.2, 0.4], [0.4, 0.8]]]
    np.testing.assert_allclose(backend.to_numpy(result), expected, rtol=10 * backend.tolerance)


@pytest.mark.parametrize("threshold", [0.0, 0.7, 50.0])
def test_the_prox_of_the_nuclear_norm_satisfies_its_optimality_conditions(threshold, backend):
    """w - x = threshold times a subgradient: U V^T on the range of x, and of norm at most 1 beside it."""
    w = np.array([[2.0, -1.0, 0.5], [0.3, 1.5, -0.4]])
    w = np.stack([w, 0.5 * w])
    x = linalg.prox_nuclear(backend.asarray(w), threshold)
    assert like(x, backend.asarray(w))
    for one, to in zip(backend.to_numpy(x).astype(float), w, strict=True):
        slope, error = to - one, 10 * backend.tolerance
        assert np.linalg.norm(slope, 2) <= threshold + error
        assert np.sum(slope * one) == pytest.approx(threshold * np.linalg.svdvals(one).sum(), abs=20 * error)


def test_nonnegative_least_squares_satisfy_their_optimality_conditions(backend):
    a = np.array([[1.0, -2.0, 0.5], [0.5, 1.0, 2.0], [-1.0, 0.25, 1.0], [2.0, 1.0, -1.0]])
    b = np.array([1.0, -2.0, 0.5, 1.5])
    x = linalg.nnls(backend.asarray(a), backend.asarray(b))
    assert like(x, backend.asarray(b))
    x = backend.to_numpy(x).astype(float)
    slope = a.T @ (a @ x - b)
    assert x.min() >= 0
    assert slope.min() >= -20 * backend.tolerance
    assert np.abs(x * slope).max() <= 20 * backend.tolerance


def test_bad_input_of_prox_and_nnls_is_named():
    for call, error, name in (
        (lambda: linalg.prox_nuclear(np.eye(2), -1.0), ValueError, "threshold"),
        (lambda: linalg.prox_nuclear(np.ones(2), 1.0), ValueError, "w must have shape"),
        (lambda: linalg.prox_nuclear(np.array([[np.nan]]), 1.0), ValueError, "w must be finite"),
        (lambda: linalg.nnls(np.eye(2), np.ones(3)), ValueError, "b"),
        (lambda: linalg.nnls(np.eye(2), np.array([1, 2])), TypeError, "b"),
    ):
        with pytest.raises(error, match=name):
            call()


def nearest_by_enumeration(corners):
    """The nearest point of the simplex to 0: the best of the nearest points of all faces that have it inside."""
    best = None
    for count in range(1, len(corners) + 1):
        for face in itertools.combinations(range(len(corners)), count):
            G = corners[list(face)]
            edges = (G[1:] - G[0]).T
            inner = np.linalg.lstsq(edges, -G[0], rcond=None)[0] if count > 1 else np.zeros(0)
            w = np.append(1 - inner.sum(), inner)
            if w.min() >= -1e-9 and (best is None or np.linalg.norm(w @ G) < np.linalg.norm(best)):
                best = w @ G
    return best


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (2, 3), (3, 2), (4, 6), (5, 3)])
def test_the_nearest_point_of_a_simplex(shape, backend):
    for seed in range(6):
        G = np.random.default_rng(seed).standard_normal(shape) + 0.3 * (seed % 3)
        x = backend.asarray(G)
        w = linalg.min_norm_weights(x @ backend.xp.matrix_transpose(x))
        assert like(w, x)
        w = backend.to_numpy(w)
        assert w.min() >= 0
        assert w.sum() == pytest.approx(1, rel=10 * backend.tolerance)
        np.testing.assert_allclose(w @ G, nearest_by_enumeration(G), atol=300 * backend.tolerance**0.75)


def test_the_nearest_point_where_corners_depend_on_each_other():
    nearest = lambda *corners: linalg.min_norm_weights(np.array(corners) @ np.array(corners).T) @ np.array(corners)
    np.testing.assert_allclose(nearest([0.0, 0.0], [0.0, 0.0]), 0)
    np.testing.assert_allclose(nearest([1.0, 2.0], [1.0, 2.0], [1.0, 2.0]), [1, 2], rtol=1e-14)
    np.testing.assert_allclose(nearest([1.0], [-3.0]), 0, atol=1e-15)
    np.testing.assert_allclose(nearest([0.0, 1.0], [0.0, 0.0], [5.0, 0.0]), 0, atol=1e-15)
    np.testing.assert_allclose(nearest([1.0, 2.0], [2.0, 4.0], [3.0, 6.0]), [1, 2], rtol=1e-14)
    np.testing.assert_allclose(nearest([1e-160, 1e-160], [3e-160, 0]), [1e-160, 1e-160], rtol=1e-6)
    many = np.random.default_rng(0).standard_normal((40, 7)) + 1.0
    g = nearest(*many)
    assert np.all(many @ g >= g @ g - 1e-12)


def test_the_nearest_point_refuses_what_has_no_corners():
    for gram, message in (
        (np.ones((2, 3)), "gram must have shape"),
        (np.diag([1.0, -1.0]), "gram must have squares on its diagonal, got -1.0"),
        (np.full((2, 2), np.nan), "gram must be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            linalg.min_norm_weights(gram)


def test_distribution_functions_far_out(backend):
    x = np.array([-200.0, -40.0, -5.0, 0.0, 9.0])
    for name, points in {"ndtr": x, "log_ndtr": x, "erfcx": -x / 40, "ndtri": np.exp(x / 10) / 3}.items():
        there = backend.asarray(points)
        got = getattr(special, name)(there)
        assert_like(got, there)
        expected = getattr(scipy.special, name)(backend.to_numpy(there))
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=30 * backend.tolerance)
    slope = backend.to_numpy(grad(lambda x: array_namespace(x).sum(special.log_ndtr(x)))(backend.asarray(x[:2])))
    for point, got in zip(x, slope, strict=False):
        assert got == pytest.approx(float(mpmath.npdf(point) / mpmath.ncdf(point)), rel=30 * backend.tolerance)


def test_gamma_quantiles_and_their_derivatives(backend):
    a, u = np.array([0.05, 0.5, 1.0, 4.0, 300.0]), np.array([0.3, 0.9, 0.5, 0.01, 0.999])
    shape, level = backend.asarray(a), backend.asarray(u)
    got = special.gamma_quantile(shape, level)
    assert_like(got, shape)
    a, u = (backend.to_numpy(x).astype(float) for x in (shape, level))
    np.testing.assert_allclose(backend.to_numpy(got), scipy.special.gammaincinv(a, u), rtol=30 * backend.tolerance)
    in_shape = grad(lambda a: array_namespace(a).sum(special.gamma_quantile(a, level)))(shape)
    in_level = grad(lambda u: array_namespace(u).sum(special.gamma_quantile(shape, u)))(level)
    assert_like(in_shape, shape)
    with mpmath.workdps(30):  # -(dF/da) / p at the quantile, which Newton's steps make exact
        for k in range(len(a)):
            x = mpmath.mpf(scipy.special.gammaincinv(a[k], u[k]))
            for _ in range(3):
                p = mpmath.exp((a[k] - 1) * mpmath.log(x) - x - mpmath.loggamma(a[k]))
                x -= (mpmath.gammainc(a[k], 0, x, regularized=True) - u[k]) / p
            slope = -mpmath.diff(lambda s, x=x: mpmath.gammainc(s, 0, x, regularized=True), a[k]) / p
            assert float(in_shape[k]) == pytest.approx(float(slope), rel=max(1e-10, 100 * backend.tolerance))
            assert float(in_level[k]) == pytest.approx(float(1 / p), rel=max(1e-10, 1000 * backend.tolerance))


@pytest.mark.parametrize(
    ("a", "u", "said"),
    [
        (np.array([0.0]), np.array([0.5]), "a must be > 0"),
        (np.array([np.nan]), np.array([0.5]), "a must be > 0"),
        (np.array([1.0]), np.array([1.0]), r"u must be in \(0, 1\)"),
        (np.ones(2), np.full(3, 0.5), "a, u must have shapes"),
        (np.ones(2), np.full(2, 0.5, dtype=np.float32), "u must have dtype float64"),
    ],
)
def test_gamma_quantile_refuses(a, u, said):
    with pytest.raises((TypeError, ValueError), match=said):
        special.gamma_quantile(a, u)


def test_cholesky(backend):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((4, 6))
    a = root @ root.T
    there = backend.asarray(a)
    got = linalg.cholesky(there, jitter=0.5)
    assert_like(got, there)
    np.testing.assert_allclose(
        backend.to_numpy(got), np.linalg.cholesky(a + 0.5 * np.eye(4)), atol=1e2 * backend.tolerance
    )
    weights, direction = rng.standard_normal((4, 4)), root[:, :4] + root[:, :4].T
    there_weights = backend.asarray(weights)
    slope = grad(lambda a: array_namespace(a).sum(there_weights * linalg.cholesky(a, jitter=0.5)))(there)

    def along(t):
        return (weights * np.linalg.cholesky(a + 0.5 * np.eye(4) + t * direction)).sum()

    expected = (along(1e-5) - along(-1e-5)) / 2e-5
    assert float(np.sum(backend.to_numpy(slope) * direction)) == pytest.approx(
        expected, rel=max(1e-8, backend.tolerance * 1e2)
    )


@pytest.mark.parametrize(
    ("a", "jitter", "said"),
    [
        (
            np.ones((2, 2)),
            0.0,
            "kernel must be positive definite, got a smallest eigenvalue of .* with a jitter of 0 on",
        ),
        (np.diag([1.0, -1e-3]), 1e-6, "of -0.001 with a jitter of 1e-06 on a diagonal of mean 0.499"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), 0.0, "kernel must be symmetric, got entries that differ by 0.1"),
        (np.eye(2), -1.0, "jitter must be"),
        (np.ones((2, 3)), 0.0, "kernel"),
        (np.full((2, 2), np.nan), 0.0, "kernel must be finite"),
    ],
)
def test_cholesky_refuses(a, jitter, said):
    with pytest.raises(ValueError, match=said):
        linalg.cholesky(a, jitter=jitter, name="kernel")


def test_cholesky_of_traced_values_refuses_by_name():
    with pytest.raises(ValueError, match="kernel must be positive definite"):
        grad(lambda a: linalg.cholesky(a, name="kernel")[0, 0])(np.ones((2, 2)))


SQUARE = np.array([[-3.0, 0.5, 0.0], [0.25, -2.0, 1.0], [0.0, -1.0, -1.5]])
POSITIVE = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]])
TALL = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])
TRIANGLE = np.array([[2.0, 0.0, 0.0], [1.0, 4.0, 0.0], [-3.0, 0.5, 1.0]])
RIGHT = np.array([2.0, -1.0, 0.5])
# The power of 2**k that the answer is multiplied with where the argument is.
HOMOGENEOUS = {
    "solve_triangular": (lambda x: linalg.solve_triangular(x, alike(RIGHT, x), lower=True), TRIANGLE, -1),
    "cholesky": (lambda x: linalg.cholesky(x), POSITIVE, 0.5),
    "solve_positive": (lambda x: linalg.solve_positive(x, alike(RIGHT, x)), POSITIVE, -1),
    "unit": (linalg.unit, RIGHT, 0),
    "prox_nuclear": (lambda x: linalg.prox_nuclear(x, float(array_namespace(x).max(x)) / 4), TALL, 1),
    "project_ball": (lambda x: linalg.project_ball(x, 0 * x, float(array_namespace(x).max(x))), RIGHT, 1),
    "min_norm_weights": (lambda x: linalg.min_norm_weights(x), POSITIVE, 0),
    "nnls a": (lambda x: linalg.nnls(x, alike(RIGHT, x)), TALL, -1),
    "nnls b": (lambda x: linalg.nnls(alike(TALL, x), x), RIGHT, 1),
    "solve_lyapunov a": (lambda x: linalg.solve_lyapunov(x, alike(POSITIVE, x)), SQUARE, -1),
    "solve_lyapunov q": (lambda x: linalg.solve_lyapunov(alike(SQUARE, x), x), POSITIVE, 1),
    "lanczos": (lambda x: lanczos(lambda v: x @ v, alike(RIGHT, x), steps=2).alphas, POSITIVE, 1),
}


def alike(values, x):
    return from_numpy(values, like=x)


@pytest.mark.parametrize("name", HOMOGENEOUS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("library", ["numpy", "strict", pytest.param("dpnp", marks=pytest.mark.dpnp)])
def test_the_same_digits_at_every_scale(name, dtype, library):
    if reason := BACKENDS[library].missing():
        pytest.skip(reason)
    function, values, power = HOMOGENEOUS[name]
    values, reach = values.astype(dtype), {"float64": 1000, "float32": 120}[dtype]
    of = lambda x: to_numpy(function(BACKENDS[library].asarray(x))).astype(float)
    expected = of(values)
    for k in (-reach, reach):
        found = np.ldexp(of(np.ldexp(values, k)), -int(k * power))
        np.testing.assert_allclose(found, expected, rtol=0, atol=20 * np.finfo(dtype).eps * abs(expected).max())


def test_slope_of_erfcx_far_out():
    """2 x y - 2 / sqrt(pi) has no digit left there."""
    mpmath.mp.dps = 60
    for x in (5.0, 29.0, 31.0, 1e3, 1e6):
        z = mpmath.mpf(x)
        expected = 2 * z * mpmath.exp(z * z) * mpmath.erfc(z) - 2 / mpmath.sqrt(mpmath.pi)
        assert float(grad(special.erfcx)(np.array(x))) == pytest.approx(float(expected), rel=1e-12)


def test_a_gamma_quantile_that_is_zero_has_no_slope():
    slope = grad(lambda a: special.gamma_quantile(a, np.array(0.5)))
    assert float(slope(np.array(1e-4))) == 0.0


def test_a_gram_matrix_holds_inner_products():
    with pytest.raises(ValueError, match="gram must hold inner products, got an eigenvalue of -4"):
        linalg.min_norm_weights(np.array([[1.0, 5.0], [5.0, 1.0]]))
    corners = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)  # of rank 3, and rounded
    assert linalg.min_norm_weights(corners @ corners.T).sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("k", [-120, -100, 0, 7, 127])
def test_a_magnitude_of_the_size_of_the_largest_entry(backend, k):
    x = backend.asarray(np.ldexp([1.5, -1.25, 0.0], k))
    size = linalg.magnitude(x)
    assert size == 2.0**k
    assert backend.to_numpy(x / size).tolist() == [1.5, -1.25, 0.0]


def test_powers_of_two_at_the_ends_of_the_range():
    assert linalg.magnitude(np.zeros((0, 2))) == linalg.magnitude(np.zeros(2)) == 1.0
    assert linalg.magnitude(np.array([np.finfo(np.float32).max])) == 2.0**127
    assert linalg.magnitude(np.array([np.finfo(np.float32).max], np.float32)) == 2.0**127
    assert linalg.magnitude(np.array([5e-324])) == 2.0**-1022
    with pytest.raises(TypeError, match="x must be"):
        linalg.magnitude([1.0])


def test_an_axis_is_an_integer_of_the_array():
    for axis in (2, -3, 0.5, "0", (0, 2)):
        with pytest.raises((TypeError, ValueError), match="axis must be an integer"):
            linalg.unit(TALL, axis=axis)


@pytest.mark.parametrize("exponent", [-1000, -500, 0, 500, 1000])
def test_lengths_and_balls_of_any_scale(exponent):
    scale = 2.0**exponent
    v = scale * np.array([[3.0, 4.0], [0.0, 0.0], [-5.0, 12.0]])
    np.testing.assert_array_equal(linalg.length(v), scale * np.array([[5.0], [0.0], [13.0]]))
    np.testing.assert_array_equal(linalg.length(v, axis=0)[0, 1], scale * linalg.length(v / scale, axis=0)[0, 1])
    inside = linalg.project_ball(scale * np.array([6.0, 8.0]), np.zeros(2), 5 * scale)
    np.testing.assert_allclose(inside, scale * np.array([3.0, 4.0]), rtol=1e-15)
