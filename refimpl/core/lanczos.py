"""The ends, and an outline, of a symmetric matrix's spectrum, seen through products with it alone."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import length


class Lanczos(NamedTuple):
    """The matrix seen from a Krylov space: tridiagonal in the basis q_1, ..., q_j."""

    alphas: Array  # [j] diagonal of T
    betas: Array  # [j] beside the diagonal; the last one is what leads out of the space, and no part of T
    basis: Array  # [j, P] the q, orthonormal, in rows


def lanczos(product, start, *, steps, tolerance=None):
    """Lanczos' method (1950), every vector orthogonalized twice against all before it.

    Without that the method forgets the directions that it has found: T then repeats its largest eigenvalues.

    Parameters
    ----------
    product : callable
        ``product(v)`` is A v, like `v`, for a symmetric A: ``lambda v: autodiff.hvp(f, x, v)`` for a Hessian.
    start : array [P], floating point
        Not 0; its length does not matter.
    steps : int
        m >= 1, as many products. More than P are cut to P.
    tolerance : float, optional
        The space is closed, and the method stops, once beta_j is at most this share of the longest product so far.
        By default 4096 units of rounding: 1e-12 in float64.

    Returns
    -------
    Lanczos
        Of j <= m steps, on the library, dtype and device of `start`.

    Raises
    ------
    TypeError, ValueError
        If `start` is 0, not finite or no vector, a product is not like it or not finite, or a number is out of range.

    Notes
    -----
    Equations (rmt_learning_rates-13) to (rmt_learning_rates-18) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    >>> run = lanczos(lambda v: a @ v, np.array([1.0, 0.0, 0.0]), steps=2)
    >>> run.alphas, run.betas  # from the first axis this matrix is its own T
    (array([2., 2.]), array([1., 1.]))
    """
    check.function(product=product)
    check.finite(start=start)
    size = check.shapes(start=(start, "P"))["P"]
    steps = check.integer(steps=steps, minimum=1)
    xp = array_namespace(start)
    tolerance = 4096 * float(xp.finfo(start.dtype).eps) if tolerance is None else check.fraction(tolerance=tolerance)
    largest = xp.max(xp.abs(start))
    if not float(largest) > 0:
        raise ValueError("start must not be 0")
    start = start / largest  # whose squares neither overflow nor vanish
    basis = [start / xp.linalg.vector_norm(start)]  # (rmt_learning_rates-13)
    alphas: list[Array] = []
    betas: list[Array] = []
    longest = 0.0
    while True:
        u = product(basis[-1])
        check.like(start, product=u), check.finite(product=u)
        longest = max(longest, float(length(u, axis=0)[0]))  # neither it nor beta over- or underflows
        if betas:
            u = u - betas[-1] * basis[-2]  # (rmt_learning_rates-14)
        alphas.append(basis[-1] @ u)  # (rmt_learning_rates-15)
        u = u - alphas[-1] * basis[-1]
        q = xp.stack(basis)
        for _ in range(2):
            u = u - (q @ u) @ q  # (rmt_learning_rates-16)
        betas.append(length(u, axis=0)[0])
        closed = float(betas[-1]) <= tolerance * longest  # (rmt_learning_rates-18)
        if closed or len(alphas) == min(steps, size):
            return Lanczos(xp.stack(alphas), xp.stack(betas), q)
        basis.append(u / betas[-1])  # (rmt_learning_rates-17)


def ritz(run):
    """Gauss quadrature of the matrix's spectrum, as the start sees it: v^T f(A) v / v^T v ~ sum_i w_i f(theta_i).

    Parameters
    ----------
    run : Lanczos
        From `lanczos`.

    Returns
    -------
    values : array [j]
        The eigenvalues theta of T, smallest first. The outer ones are close to the ends of A's spectrum, from inside.
    weights : array [j]
        >= 0, of sum 1: the squared first components of T's eigenvectors. Exact for polynomials f up to degree 2j - 1.

    Notes
    -----
    Equations (rmt_learning_rates-19) and (rmt_learning_rates-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 1.0, 2.0]])
    >>> values, weights = ritz(lanczos(lambda v: a @ v, np.array([1.0, 0.0, 0.0]), steps=2))
    >>> values, weights
    (array([1., 3.]), array([0.5, 0.5]))
    """
    run = check.fields(Lanczos, run=run)
    check.shapes(alphas=(run.alphas, "j"), betas=(run.betas, "j"), basis=(run.basis, "j P"))
    xp, j = array_namespace(run.alphas), run.alphas.shape[0]
    like = {"dtype": run.alphas.dtype, "device": device(run.alphas)}
    above = xp.eye(j, k=1, **like) * xp.expand_dims(run.betas, axis=1)
    tridiagonal = xp.eye(j, **like) * run.alphas + above + above.T
    values, vectors = xp.linalg.eigh(tridiagonal)  # (rmt_learning_rates-19)
    return values, vectors[0, :] ** 2  # (rmt_learning_rates-20)
