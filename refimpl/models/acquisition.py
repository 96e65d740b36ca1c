"""What one more evaluation is worth, under a normal law of its value."""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.special import ndtr


class Improvement(NamedTuple):
    """Expected improvement, and its partial derivatives."""

    value: Array  # [m]
    by_mean: Array  # [m]
    by_sigma: Array  # [m]


def density(z):
    """Density of the standard normal law, an array like `z`.

    Examples
    --------
    >>> import numpy as np
    >>> density(np.array([0.0, 1.0])).round(4)
    array([0.3989, 0.242 ])
    """
    check.floating(z=z)
    return array_namespace(z).exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def expected_improvement(mu, sigma, best):
    """Mean of what a normal variable exceeds a number by.

    Parameters
    ----------
    mu, sigma : array [m]
        Mean and standard deviation >= 0 of the function at m points.
    best : float
        The best value so far, f*; with noise, the best posterior mean of a point seen ("plug-in", a heuristic).

    Returns
    -------
    Improvement
        See there. At sigma = 0 the value is the positive part of mu - best, its derivatives are 1 or 0, and 0.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, an entry of `sigma` is negative, or `best` is no finite number.

    Notes
    -----
    Equation 8 of Frazier (2018), with the sign that its last argument lacks: as printed it is wrong for mu > best.

    Examples
    --------
    >>> import numpy as np
    >>> expected_improvement(np.array([-1.0, 1.0, 1.0]), np.array([1.0, 1.0, 0.0]), 0.0).value.round(5)
    array([0.08332, 1.08332, 1.     ])
    """
    check.alike(mu=mu, sigma=sigma)
    best = check.number(best=best)
    xp = array_namespace(mu, sigma)
    if not bool(xp.all(sigma >= 0)):
        raise ValueError(f"sigma must be >= 0, got a smallest entry of {float(xp.min(sigma)):g}")
    spread, zero = sigma > 0, xp.zeros_like(mu)
    delta = mu - best
    z = delta / xp.where(spread, sigma, xp.ones_like(sigma))
    gain = xp.where(delta > 0, delta, zero)
    below = ndtr(-xp.abs(z))
    risk = sigma * density(z) - xp.abs(delta) * below  # (bayesopt-10) (bnn_surrogates-44) (token_reduction-25)
    value = gain + xp.where(spread & (risk > 0), risk, zero)  # far below the incumbent it is all rounding
    by_mean = xp.where(spread, ndtr(z), xp.astype(delta > 0, mu.dtype))  # (bayesopt-11)
    by_sigma = xp.where(spread, density(z), zero)  # (bayesopt-12)
    return Improvement(value, by_mean, by_sigma)
