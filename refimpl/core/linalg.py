"""Linear algebra that the array API standard lacks: solves, directions, projections, series, linear assignment."""

import math
from importlib import import_module

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device, from_numpy, to_numpy
from refimpl.core.autodiff import primitive, stop_gradient


def solve_triangular(a, b, *, lower, trans=False):
    """Solve a x = b, or a^T x = b, for a triangular matrix a; differentiable.

    Parameters
    ----------
    a : array [n, n]
        Floating point. The other triangle is not read.
    b : array [n] or [n, k]
        One or k right-hand sides, of the library, dtype and device of `a`.
    lower : bool
        Which triangle of `a` is meant.
    trans : bool, default: False
        Whether to solve with a^T instead.

    Returns
    -------
    array
        x, of the shape of `b`. Computed on the host for libraries other than NumPy, CuPy, PyTorch and dpnp.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or there is a zero on the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> solve_triangular(a, np.array([2.0, 9.0]), lower=True)
    array([1., 2.])
    >>> solve_triangular(a, np.array([2.0, 8.0]), lower=True, trans=True)
    array([0., 2.])
    """
    check.finite(a=a, b=b), check.flag(lower=lower, trans=trans)
    check.shapes(a=(a, "n n"), b=(b, "n" if len(b.shape) == 1 else "n k"))
    xp = array_namespace(a, b)
    if bool(xp.any(xp.linalg.diagonal(a) == 0)):
        raise ValueError("a must have no zero on its diagonal")
    if len(b.shape) == 1:
        return xp.squeeze(_solve_triangular(a, xp.expand_dims(b, axis=1), lower, trans), axis=1)
    return _solve_triangular(a, b, lower, trans)


def _solve_triangular(a, b, lower, trans):
    """The same for b [n, k], where the library of the arrays has it."""
    xp = array_namespace(a, b)
    if hasattr(xp, "solve_triangular"):  # traced values; the oracle's noisy ones take the way over the host
        return xp.solve_triangular(a, b, lower=lower, trans=trans)
    if xp.__name__ == "array_api_compat.torch":
        return xp.linalg.solve_triangular(a.mT if trans else a, b, upper=lower == trans)
    if xp.__name__ == "array_api_compat.cupy":
        solver = import_module("cupyx.scipy.linalg").solve_triangular
        return solver(a, b, lower=lower, trans=int(trans))
    if (
        xp.__name__ == "dpnp"
    ):  # which has no such function, but solves after an LU decomposition: here a = I a, unpivoted
        solver, upper = import_module("dpnp.scipy.linalg").lu_solve, xp.triu(a.mT if lower else a)
        return solver((upper, xp.arange(a.shape[0], device=device(a))), b, trans=int(lower != trans))
    solver = import_module("scipy.linalg").solve_triangular
    return from_numpy(solver(to_numpy(a), to_numpy(b), lower=lower, trans=int(trans)), like=b)


def _matrix_rule(xp, g, x, a, b, *, lower, trans):
    """Cotangent of the matrix: -a^-T g x^T, on its triangle."""
    g = _solve_triangular(a, g, lower, not trans)
    product = x @ xp.matrix_transpose(g) if trans else g @ xp.matrix_transpose(x)
    return -(xp.tril(product) if lower else xp.triu(product))


primitive(
    "solve_triangular",
    _matrix_rule,
    lambda xp, g, x, a, b, *, lower, trans: _solve_triangular(a, g, lower, not trans),
    forward=lambda _, a, b, *, lower, trans: _solve_triangular(a, b, lower, trans),
)


def cholesky_solve(factor, b):
    """Solve factor factor^T x = b, for a lower Cholesky factor; differentiable.

    Parameters
    ----------
    factor : array [n, n]
        Lower triangular, such as ``xp.linalg.cholesky`` returns; the upper triangle is not read.
    b : array [n] or [n, k]
        One or k right-hand sides, of the library, dtype and device of `factor`.

    Returns
    -------
    array
        x, of the shape of `b`. Computed on the host for libraries other than NumPy, CuPy, PyTorch and dpnp.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or there is a zero on the diagonal.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[4.0, 2.0], [2.0, 3.0]])
    >>> cholesky_solve(np.linalg.cholesky(a), a @ np.array([1.0, -1.0]))
    array([ 1., -1.])
    """
    check.finite(factor=factor, b=b)
    check.shapes(factor=(factor, "n n"), b=(b, "n" if len(b.shape) == 1 else "n k"))
    return solve_triangular(factor, solve_triangular(factor, b, lower=True), lower=True, trans=True)


def cholesky(a, *, jitter=0.0, name="a"):
    """Lower Cholesky factor of a + jitter I; differentiable. A failure is told, not mended.

    Parameters
    ----------
    a : array [n, n]
        Symmetric, floating point, finite.
    jitter : float, default: 0.0
        >= 0, added to the diagonal: a choice of the caller, in the units of `a`.
    name : str, default: "a"
        What messages call the matrix.

    Returns
    -------
    array [n, n]
        L, lower triangular, with L L^T = a + jitter I.

    Raises
    ------
    TypeError, ValueError
        If `a` is no such matrix, `jitter` is negative, or a + jitter I is not positive definite in the arithmetic of
        its dtype: the message names matrix, jitter and smallest eigenvalue.

    Examples
    --------
    >>> import numpy as np
    >>> cholesky(np.array([[4.0, 2.0], [2.0, 5.0]]))
    array([[2., 0.],
           [1., 2.]])
    >>> cholesky(np.ones((2, 2)), name="kernel", jitter=0.0)
    Traceback (most recent call last):
    ValueError: kernel must be positive definite, got a smallest eigenvalue of ... with a jitter of 0 ...
    """
    check.finite(**{name: a}), check.nonnegative(jitter=jitter)
    n = check.shapes(**{name: (a, "n n")})["n"]
    xp, plain = array_namespace(a), stop_gradient(a)
    check.symmetric(**{name: plain})
    if jitter:
        a = a + jitter * xp.eye(n, dtype=a.dtype, device=device(plain))
    factor = xp.lower_cholesky if hasattr(xp, "lower_cholesky") else _cholesky  # the first of traced values
    return factor(a, given=plain, jitter=jitter, called=name)


def _cholesky(a, *, given, jitter, called):
    """The factor of a = given + jitter I, of plain arrays."""
    xp = array_namespace(a)
    try:
        factor = xp.linalg.cholesky(a)
    except Exception:
        factor = None
    if factor is None or not bool(xp.all(xp.isfinite(factor))):
        low = float(xp.linalg.eigvalsh(given)[0])
        raise ValueError(
            f"{called} must be positive definite, got a smallest eigenvalue of {low:.3g} with a jitter of {jitter:g} "
            f"on a diagonal of mean {float(xp.mean(xp.linalg.diagonal(given))):.3g}"
        )
    return factor


def _cholesky_rule(xp, g, factor, a, **_):
    """Cotangent of the matrix: L^-T P(L^T g) L^-1 made symmetric; P keeps the lower triangle and half the diagonal."""
    inner = xp.tril(xp.matrix_transpose(factor) @ xp.tril(g))
    inner = inner - 0.5 * inner * xp.eye(a.shape[0], dtype=a.dtype, device=device(stop_gradient(a)))
    left = _solve_triangular(factor, inner, True, True)
    both = xp.matrix_transpose(_solve_triangular(factor, xp.matrix_transpose(left), True, True))
    return 0.5 * (both + xp.matrix_transpose(both))


primitive("lower_cholesky", _cholesky_rule, forward=lambda _, a, **said: _cholesky(a, **said))


def solve_positive(a, b):
    """Solve a x = b for a symmetric positive definite matrix, by its eigenvectors.

    Parameters
    ----------
    a : array [n, n]
        Floating point, finite; its lower triangle counts.
    b : array [n]
        Of the library, dtype and device of `a`.

    Returns
    -------
    array [n]
        x.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or the smallest eigenvalue of `a` is not above n
        roundings of the largest: then the answer would be noise.

    Examples
    --------
    >>> import numpy as np
    >>> solve_positive(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0]))
    array([1. , 0.5])
    >>> solve_positive(np.ones((2, 2)), np.ones(2))
    Traceback (most recent call last):
    ValueError: a must be positive definite, got eigenvalues from ... to 2
    """
    check.finite(a=a, b=b)
    n = check.shapes(a=(a, "n n"), b=(b, "n"))["n"]
    xp = array_namespace(a, b)
    values, vectors = xp.linalg.eigh(a)
    low, high = float(values[0]), float(values[-1])
    if not low > n * float(xp.finfo(a.dtype).eps) * high:
        raise ValueError(f"a must be positive definite, got eigenvalues from {low:.3g} to {high:.3g}")
    return vectors @ ((xp.matrix_transpose(vectors) @ b) / values)


def least_squares(a, b, *, rtol=None):
    """The shortest x for which a x is nearest to b, by the singular values of `a` itself: no digits go to a square.

    Parameters
    ----------
    a : array [..., m, n]
        Floating point, finite, of any scale; one matrix or a stack of them.
    b : array [..., m]
        Of the library, dtype and device of `a`; its other axes go together with those of `a`.
    rtol : float, optional
        >= 0; singular values up to `rtol` times the largest count as 0. Default: max(m, n) roundings.

    Returns
    -------
    array [..., n]
        x.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `rtol` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> least_squares(np.array([[3.0, 4.0]]), np.array([50.0])).round(9)
    array([6., 8.])
    >>> least_squares(np.array([[2.0], [0.0], [0.0]]), np.array([1.0, 7.0, 7.0]))
    array([0.5])
    """
    check.finite(a=a, b=b)
    if len(a.shape) < 2 or 0 in a.shape or tuple(b.shape[-1:]) != tuple(a.shape[-2:-1]):
        raise ValueError(f"b must have shape [..., m] of a [..., m, n], got {tuple(b.shape)} and {tuple(a.shape)}")
    check.alike_dtype(a=a, b=b), check.broadcast(a=a[..., 0], b=b)
    xp = array_namespace(a, b)
    cut = max(a.shape[-2:]) * float(xp.finfo(a.dtype).eps) if rtol is None else check.nonnegative(rtol=rtol)
    left, values, right = xp.linalg.svd(a, full_matrices=False)
    kept = values > cut * values[..., :1]
    along = (xp.matrix_transpose(left) @ b[..., None])[..., 0]
    along = xp.where(kept, along / xp.where(kept, values, xp.ones_like(values)), xp.zeros_like(along))
    return (xp.matrix_transpose(right) @ along[..., None])[..., 0]


def magnitude(x):
    """The largest power of two that is not above the entries of an array: divided by it, no entry loses a digit.

    Squares of what is left, and products of matrices, neither overflow nor vanish.

    Parameters
    ----------
    x : array
        Any shape, floating point, finite. Its largest entry crosses to the host.

    Returns
    -------
    float
        1 if all entries are 0, or there are none; not below the smallest normal number.

    Raises
    ------
    TypeError, ValueError
        If `x` is no array of floating-point numbers, or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> magnitude(np.array([0.75, -5.0])), magnitude(np.zeros(2))
    (4.0, 1.0)
    """
    check.finite(x=x)
    xp = array_namespace(x)
    largest = float(xp.max(xp.abs(x))) if 0 not in x.shape else 0.0
    least = float(xp.finfo(x.dtype).smallest_normal)
    return max(math.ldexp(0.5, math.frexp(largest)[1]), least) if largest else 1.0


def unit(v, axis=None):
    """Direction of `v`: v over its Euclidean norm, and 0 where `v` is 0.

    Parameters
    ----------
    v : array
        Any shape, floating point, finite.
    axis : int or tuple of int, optional
        Over which the norm is taken; default: all. It neither over- nor underflows.

    Returns
    -------
    array
        Like `v`.

    Raises
    ------
    TypeError
        If `v` is no array of floating-point numbers.

    Examples
    --------
    >>> import numpy as np
    >>> unit(np.array([3e-200, 4e-200])), unit(np.zeros(2))
    (array([0.6, 0.8]), array([0., 0.]))
    >>> unit(np.array([[3.0, 4.0], [0.0, 2.0]]), axis=1)
    array([[0.6, 0.8],
           [0. , 1. ]])
    """
    check.floating(v=v)
    if 0 in v.shape:
        raise ValueError(f"v must have at least one entry, got shape {tuple(v.shape)}")
    for i in () if axis is None else axis if isinstance(axis, tuple) else (axis,):
        check.integer(axis=i, minimum=-len(v.shape), below=len(v.shape))
    xp = array_namespace(v)
    largest = xp.max(xp.abs(v), axis=axis, keepdims=True)
    v = v / xp.where(largest > 0, largest, xp.ones_like(largest))
    return v / xp.linalg.vector_norm(xp.where(largest > 0, v, xp.ones_like(v)), axis=axis, keepdims=True)


def length(v, axis=-1):
    """Euclidean norm along an axis, which stays: it neither over- nor underflows.

    Parameters
    ----------
    v : array
        At least one axis, floating point.
    axis : int, default: -1
        Of length 1 afterwards.

    Returns
    -------
    array
        With the axes of `v`.

    Raises
    ------
    TypeError, ValueError
        If `v` is no array of floating-point numbers, or empty.

    Examples
    --------
    >>> import numpy as np
    >>> length(np.array([[3e-200, 4e-200], [0.0, 0.0], [3e200, -4e200]]))
    array([[5.e-200],
           [0.e+000],
           [5.e+200]])
    """
    check.floating(v=v)
    if 0 in v.shape:
        raise ValueError(f"v must have at least one entry, got shape {tuple(v.shape)}")
    xp = array_namespace(v)
    largest = xp.max(xp.abs(v), axis=axis, keepdims=True)
    scale = xp.where(largest > 0, largest, xp.ones_like(largest))
    return scale * xp.linalg.vector_norm(v / scale, axis=axis, keepdims=True)


def scaled(v):
    """An array over its `magnitude`, and that.

    Parameters
    ----------
    v : array
        As for `magnitude`.

    Returns
    -------
    array
        Like `v`; its largest entry is in [1, 2), or 0.
    float
        The power of two.

    Raises
    ------
    TypeError, ValueError
        As `magnitude`.

    Examples
    --------
    >>> import numpy as np
    >>> scaled(np.array([3.0, -20.0]))
    (array([ 0.1875, -1.25  ]), 16.0)
    """
    check.finite(v=v)
    size = magnitude(v)
    return v / size, size


def angle(u, v):
    """Angle between vectors, with all its digits where they are nearly parallel, too: an arc cosine loses half of them.

    Parameters
    ----------
    u, v : array [..., p]
        Of shapes that broadcast, floating point, finite, of any length. A vector of 0 is at right angles to all others.

    Returns
    -------
    array [...]
        In [0, pi].

    Raises
    ------
    TypeError, ValueError
        If the arrays do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> angle(np.array([[1e-200, 1e-209], [1.0, 1.0]]), np.array([1.0, 0.0])).round(12)
    array([1.00000000e-09, 7.85398163e-01])
    """
    check.finite(u=u, v=v), check.broadcast(u=u, v=v), check.alike_dtype(u=u, v=v)
    return _angle_of_units(unit(u, axis=-1), unit(v, axis=-1))


def _angle_of_units(u, v):
    xp = array_namespace(u, v)
    return 2 * xp.atan2(xp.linalg.vector_norm(u - v, axis=-1), xp.linalg.vector_norm(u + v, axis=-1))


def angles(U, V):
    """Angles between all rows of two matrices, as by `angle`: a few rows at a time, for all differences are looked at.

    Parameters
    ----------
    U, V : array [n, p] and [k, p]
        Floating point, finite.

    Returns
    -------
    array [n, k]
        In [0, pi].

    Raises
    ------
    TypeError, ValueError
        If the arrays do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> angles(np.array([[3.0, 0.0], [0.0, 2.0]]), np.array([[1.0, 1.0]])).round(4)
    array([[0.7854],
           [0.7854]])
    """
    check.finite(U=U, V=V), check.alike_dtype(U=U, V=V)
    n = check.shapes(U=(U, "n p"), V=(V, "k p"))["n"]
    xp, U, V = array_namespace(U, V), unit(U, axis=1), unit(V, axis=1)
    rows = max(1, 2**18 // math.prod(V.shape))  # their differences stay in the cache
    return xp.concat([_angle_of_units(U[i : min(i + rows, n), None, :], V[None, :, :]) for i in range(0, n, rows)])


def prox_nuclear(w, threshold):
    """Nearest matrix to `w`, when the nuclear norm costs `threshold` per unit: the singular values shrink by it.

    The minimum over x of threshold ||x||_* + ||x - w||_F^2 / 2 (singular value thresholding).

    Parameters
    ----------
    w : array [..., m, n]
        Floating point, finite; one matrix or a stack of them.
    threshold : float
        >= 0.

    Returns
    -------
    array
        Like `w`.

    Raises
    ------
    TypeError, ValueError
        If `w` is no such array or `threshold` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> prox_nuclear(np.diag([3.0, 0.5]), 1.0) + 0.0
    array([[2., 0.],
           [0., 0.]])
    """
    check.finite(w=w)
    threshold = check.nonnegative(threshold=threshold)
    if len(w.shape) < 2 or 0 in w.shape:
        raise ValueError(f"w must have shape [..., m, n] with every size >= 1, got {tuple(w.shape)}")
    xp = array_namespace(w)
    left, values, right = xp.linalg.svd(w, full_matrices=False)
    return (left * xp.clip(values - threshold, min=0.0)[..., None, :]) @ right


def project_ball(x, center, radius):
    """Nearest point of a ball.

    Parameters
    ----------
    x, center : array
        Of one shape, dtype, library and device; distances are over all entries.
    radius : float
        > 0; infinity for no ball.

    Returns
    -------
    array
        `x` itself inside; else the point of the sphere between `center` and `x`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike, or `radius` is no number > 0.

    Examples
    --------
    >>> import numpy as np
    >>> project_ball(np.array([3.0, 4.0]), np.zeros(2), 2.5)
    array([1.5, 2. ])
    """
    check.like(x, center=center)
    radius = check.positive(radius=radius, infinite=True)
    if radius == math.inf:
        return x
    away, xp = x - center, array_namespace(x, center)
    distance = xp.reshape(length(xp.reshape(away, (-1,))), ())
    return xp.where(distance > radius, center + away * (radius / xp.clip(distance, min=radius)), x)


def neumann(product, v, *, terms, step):
    """Truncated Neumann series of an inverse: step times the sum of (I - step A)^j v over j < terms.

    Parameters
    ----------
    product : callable
        ``product(p, j) -> array``, A p for the factor j = 1, ..., terms - 1, which may be another sample of A each.
    v : array
        Floating point, finite.
    terms : int
        Q >= 1.
    step : float
        > 0, below 2 over the largest eigenvalue of A for the series to converge.

    Returns
    -------
    array
        Like `v`; tends to A^-1 v.

    Raises
    ------
    TypeError, ValueError
        If `v` is no such array, a product is not like it, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> neumann(lambda p, j: 2 * p, np.array([1.0]), terms=3, step=0.25)  # 0.25 (1 + 1/2 + 1/4)
    array([0.4375])
    """
    check.function(product=product)
    check.finite(v=v)
    terms, step = check.integer(terms=terms, minimum=1), check.positive(step=step)
    total = p = v
    for j in range(1, terms):
        change = product(p, j)
        check.like(v, product=change)
        p = p - step * change  # (bo_rep-11)
        total = total + p
    return step * total


def min_norm_weights(gram):
    """Weights of the point of a simplex that is nearest to 0: the least ``|sum_i w_i g_i|``, w >= 0, sum w = 1.

    It is a least-squares problem with weights >= 0, whose active sets are searched on the host in double precision
    (`nnls`), whatever the library.

    Parameters
    ----------
    gram : array [m, m]
        Inner products of the corners, g_i . g_j: floating point, finite, symmetric (not checked: the lower
        triangle counts).

    Returns
    -------
    array [m]
        w, like `gram`. The point is unique, its weights are if the corners are affinely independent; else they are
        some of those that give it.

    Raises
    ------
    TypeError, ValueError
        If `gram` is no such matrix: a square on its diagonal is negative, or an eigenvalue is by more than rounding.

    Examples
    --------
    >>> import numpy as np
    >>> corners = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 3.0]])
    >>> w = min_norm_weights(corners @ corners.T)
    >>> w.round(6), (w @ corners).round(6)
    (array([0.2, 0.8, 0. ]), array([0.4, 0.8]))
    """
    check.finite(gram=gram)
    m = check.shapes(gram=(gram, "m m"))["m"]
    np = import_module("numpy")
    host = to_numpy(gram).astype(float)
    squares = host.diagonal()
    if squares.min() < 0:
        raise ValueError(f"gram must have squares on its diagonal, got {float(squares.min())!r}")
    if squares.max() == 0:
        return from_numpy(np.full(m, 1 / m), like=gram)
    values, vectors = np.linalg.eigh(host / squares.max())
    if values[0] < -(m * float(array_namespace(gram).finfo(gram.dtype).eps) ** 0.5):
        raise ValueError(f"gram must hold inner products, got an eigenvalue of {values[0] * squares.max():.3g}")
    corners = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T  # in columns, with these inner products
    # Corners of a height of 1: the cone over the simplex, whose point nearest to (0, 1) lies above that nearest to 0.
    u = nnls(np.vstack([corners, np.ones(m)]), np.append(np.zeros(m), 1.0))
    return from_numpy(u / u.sum(), like=gram)


def linear_assignment(cost, maximize=False):
    """Match each row with a column of its own so that the sum of the matched costs is least.

    Runs on the host (`scipy.optimize.linear_sum_assignment`), whatever the library.

    Parameters
    ----------
    cost : array [n, m]
        Floating point, n <= m; +inf (-inf if `maximize`) forbids a match.
    maximize : bool, default: False
        Whether the sum shall be largest instead.

    Returns
    -------
    array [n]
        The column of each row: int64, on the library and device of `cost`.

    Raises
    ------
    TypeError, ValueError
        If `cost` is no such matrix, has a NaN, or forbids every assignment.

    Examples
    --------
    >>> import numpy as np
    >>> linear_assignment(np.array([[1.0, 2.0], [1.0, 5.0]]))
    array([1, 0])
    """
    check.floating(cost=cost), check.flag(maximize=maximize)
    sizes = check.shapes(cost=(cost, "n m"))
    if sizes["n"] > sizes["m"]:
        raise ValueError(f"cost must have at least as many columns as rows, got shape {tuple(cost.shape)}")
    host = to_numpy(cost)
    if (host != host).any():
        raise ValueError("cost must not be NaN")
    solver = import_module("scipy.optimize").linear_sum_assignment
    try:
        columns = solver(host, maximize=maximize)[1]
    except ValueError as error:
        raise ValueError(f"cost must allow a full assignment: {error}") from None
    return from_numpy(columns, like=cost, dtype=array_namespace(cost).int64)


def nnls(a, b):
    """Nonnegative least squares: the x >= 0 for which a x is nearest to b.

    Runs on the host in double precision (`scipy.optimize.nnls`), whatever the library.

    Parameters
    ----------
    a : array [m, n]
        Floating point, finite.
    b : array [m]
        Of the library, dtype and device of `a`.

    Returns
    -------
    array [n]
        x, like `b`.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> nnls(np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([2.0, -1.0]))
    array([2., 0.])
    """
    check.finite(a=a, b=b)
    check.shapes(a=(a, "m n"), b=(b, "m"))
    check.like(a[:, 0], b=b)
    (host, size), (right, height) = (scaled(to_numpy(x).astype(float)) for x in (a, b))
    found = import_module("scipy.optimize").nnls(host, right)[0]  # whose tolerances thus are relative
    return from_numpy(found / size * height if size > 1 else found * height / size, like=b)


def solve_lyapunov(a, q):
    """Solve a v + v a^T + q = 0.

    Runs on the host in double precision (`scipy.linalg.solve_continuous_lyapunov`), whatever the library.

    Parameters
    ----------
    a : array [n, n]
        Floating point; no two of its eigenvalues add up to 0, so that there is one solution.
    q : array [n, n]
        Like `a`.

    Returns
    -------
    array [n, n]
        v, like `q`. If `a` is stable, the stationary covariance of a linear recursion with small steps.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or two eigenvalues of `a` add up to 0.

    Examples
    --------
    >>> import numpy as np
    >>> solve_lyapunov(np.array([[-1.0, 0.0], [0.0, -3.0]]), np.ones((2, 2)))
    array([[0.5       , 0.25      ],
           [0.25      , 0.16666667]])
    """
    check.finite(a=a, q=q)
    check.shapes(a=(a, "n n"), q=(q, "n n"))
    (host, size), (right, height) = scaled(to_numpy(a).astype(float)), scaled(-to_numpy(q).astype(float))
    values = import_module("numpy").linalg.eigvals(host)
    if abs(values[:, None] + values[None, :]).min() <= 1e-14 * abs(values).max():
        raise ValueError("a must have no two eigenvalues that add up to 0")
    found = import_module("scipy.linalg").solve_continuous_lyapunov(host, right)
    return from_numpy(found / size * height if size > 1 else found * height / size, like=q)


def spectral_abscissa(a):
    """Largest real part of an eigenvalue of a square matrix [n, n], as a Python float; on the host.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_abscissa(np.array([[-1.0, 5.0], [0.0, -2.0]]))
    -1.0
    """
    check.finite(a=a)
    check.shapes(a=(a, "n n"))
    return float(import_module("numpy").linalg.eigvals(to_numpy(a)).real.max())
