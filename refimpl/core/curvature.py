"""Curvature seen through products with the Hessian alone."""

from refimpl.core import check


def hutchinson(product, probe):
    """Unbiased estimate of the diagonal of a symmetric matrix from one product with it (Hutchinson, 1990).

    E[u * (H u)] = diag(H) for any probe u with E[u u^T] = I. With Rademacher probes (`random.signs`) the variance of
    entry i is sum_{j != i} H_ij^2; Gaussian ones (`random.normal`) add 2 H_ii^2.

    Parameters
    ----------
    product : callable
        ``product(v)`` is H v, like `v`: ``lambda v: autodiff.hvp(f, x, v)`` for the Hessian of f at x.
    probe : array, any shape, floating point
        The drawn u.

    Returns
    -------
    array
        u * (H u), like `probe`.

    Raises
    ------
    TypeError, ValueError
        If `probe` or the product is not floating point or not finite, or the product is not like it.

    Examples
    --------
    >>> import numpy as np
    >>> h = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> hutchinson(lambda v: h @ v, np.array([1.0, -1.0]))  # the off-diagonal 1 is noise
    array([1., 2.])
    """
    check.function(product=product)
    check.finite(probe=probe)
    image = product(probe)
    check.like(probe, product=image), check.finite(product=image)
    return probe * image
