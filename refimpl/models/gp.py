"""Gaussian processes: distances, covariance functions, the posterior and its evidence.

A covariance function is one of the squared distance, so that every scaling of the coordinates is `squared_distances`'.
The factor of a covariance is `core.linalg.cholesky`'s, whose jitter the caller chooses; nothing here adds one.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.linalg import cholesky_solve, solve_triangular


class Posterior(NamedTuple):
    """Law of a process at m points, given observations."""

    mean: Array  # [m]
    covariance: Array  # [m, m], or [m]: the variances alone


def squared_distances(x, y, weights):
    """Sum over the coordinates of weights_i (x_i - y_i)^2, for all pairs; differentiable.

    Differences are taken before they are squared, so that near points keep their digits.

    Parameters
    ----------
    x : array [n, d]
        Points, floating point.
    y : array [m, d]
        Points, of the library, dtype and device of `x`.
    weights : array [d]
        >= 0: one over the squares of length scales.

    Returns
    -------
    array [n, m]
        Squared distances.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a weight is negative.

    Examples
    --------
    >>> import numpy as np
    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[1.0, 1.0], [2.0, 0.0]]), np.array([1.0, 0.25]))
    array([[1.25, 4.  ]])
    """
    check.finite(x=x, y=y, weights=weights)
    d = check.shapes(x=(x, "n d"), y=(y, "m d"), weights=(weights, "d"))["d"]
    check.alike_dtype(x=x, y=y, weights=weights)
    xp = array_namespace(x, y, weights)
    if not bool(xp.all(weights >= 0)):
        raise ValueError(f"weights must be >= 0, got a smallest one of {float(xp.min(weights)):g}")
    return sum(weights[i] * (x[:, None, i] - y[None, :, i]) ** 2 for i in range(d))  # (bayesopt-1)


def squared_exponential(r2):
    """exp(-r^2 / 2) of the squared distances r^2, an array like `r2`; differentiable.

    Examples
    --------
    >>> import numpy as np
    >>> squared_exponential(np.array([0.0, 2.0]))
    array([1.        , 0.36787944])
    """
    check.floating(r2=r2)
    return array_namespace(r2).exp(-0.5 * r2)


def matern(r2, nu):
    """Matern covariance of smoothness `nu`, in closed form (Rasmussen and Williams, 2006, Eq. 4.16).

    Parameters
    ----------
    r2 : array
        Squared distances r^2, floating point, >= 0.
    nu : {0.5, 1.5, 2.5}
        The paths have derivatives of the orders below it.

    Returns
    -------
    array
        Like `r2`; 1 at 0. Differentiable once, in the distance also at 0 if `nu` > 1/2.

    Raises
    ------
    TypeError, ValueError
        If `r2` is no floating-point array or `nu` is another number.

    Examples
    --------
    >>> import numpy as np
    >>> [matern(np.array([0.0, 1.0]), nu).round(4).tolist() for nu in (0.5, 1.5, 2.5)]
    [[1.0, 0.3679], [1.0, 0.4834], [1.0, 0.524]]
    """
    check.floating(r2=r2)
    if (nu := check.number(nu=nu)) not in (0.5, 1.5, 2.5):
        raise ValueError(f"nu must be 0.5, 1.5 or 2.5, got {nu:g}")
    xp = array_namespace(r2)
    apart = r2 > 0
    some = xp.where(apart, r2, xp.ones_like(r2))  # the root has no derivative at 0
    root = xp.sqrt(2 * nu * some)  # (bayesopt-3)
    s = xp.where(apart, root, xp.zeros_like(r2))
    polynomial = {0.5: 1.0, 1.5: 1 + s, 2.5: 1 + s + s * s / 3}[nu]
    return polynomial * xp.exp(-s)


def posterior(factor, residual, cross, prior):
    """Condition a Gaussian process on observations; differentiable.

    Parameters
    ----------
    factor : array [n, n]
        Lower Cholesky factor of the covariance of the observations, their noise included.
    residual : array [n]
        Observations minus their prior mean.
    cross : array [m, n]
        Covariance of the m points with the observations.
    prior : array [m, m] or [m]
        Covariance of the points, or their variances alone.

    Returns
    -------
    Posterior
        The mean is to be added to the prior mean of the points; covariance or variances, as in `prior`. Variances are
        not clipped: a rounding below 0 is possible where the points were observed.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `factor` has a zero on its diagonal, or a variance in
        `prior` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> posterior(np.array([[2.0]]), np.array([4.0]), np.array([[2.0]]), np.array([3.0]))
    Posterior(mean=array([2.]), covariance=array([2.]))
    """
    alone = len(prior.shape) == 1 if hasattr(prior, "shape") else False
    check.finite(factor=factor, residual=residual, cross=cross, prior=prior)
    axes = "m" if alone else "m m"
    check.shapes(factor=(factor, "n n"), residual=(residual, "n"), cross=(cross, "m n"), prior=(prior, axes))
    check.alike_dtype(factor=factor, residual=residual, cross=cross, prior=prior)
    xp = array_namespace(factor, residual, cross, prior)
    own = prior if alone else xp.linalg.diagonal(prior)
    if not bool(xp.all(own >= 0)):
        raise ValueError(f"prior must have variances >= 0, got a smallest one of {float(xp.min(own)):g}")
    mean = cross @ cholesky_solve(factor, residual)  # (bayesopt-6)
    half = solve_triangular(factor, xp.matrix_transpose(cross), lower=True)
    known = xp.sum(half * half, axis=0) if alone else xp.matrix_transpose(half) @ half
    return Posterior(mean, prior - known)  # (bayesopt-7)


def log_evidence(factor, residual):
    """Log density of observations under a Gaussian process; differentiable.

    Parameters
    ----------
    factor : array [n, n]
        Lower Cholesky factor of the covariance of the observations, their noise included.
    residual : array [n]
        Observations minus their prior mean.

    Returns
    -------
    array, 0-d
        log N(residual; 0, factor factor^T).

    Raises
    ------
    TypeError, ValueError
        As for `posterior`, or if the diagonal of `factor` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> float(log_evidence(np.array([[2.0]]), np.array([2.0])))  # -1/2 - log 2 - log(2 pi) / 2
    -2.11208571376...
    """
    check.finite(factor=factor, residual=residual)
    n = check.shapes(factor=(factor, "n n"), residual=(residual, "n"))["n"]
    xp = array_namespace(factor, residual)
    own = xp.linalg.diagonal(factor)
    if not bool(xp.all(own > 0)):
        raise ValueError(f"factor must have a diagonal > 0, got a smallest entry of {float(xp.min(own)):g}")
    half = solve_triangular(factor, residual, lower=True)
    return -0.5 * xp.sum(half * half) - xp.sum(xp.log(own)) - 0.5 * n * math.log(2 * math.pi)
