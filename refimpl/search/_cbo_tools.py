"""What consensus-based optimization is compared with: gradient descent, annealed Langevin, and the exact limit."""

import math

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device


def gradient_step(point, grad, *, lr):
    """Gradient descent, x - lr grad; `lr` is eta dt in the authors' code.

    Examples
    --------
    >>> import numpy as np
    >>> gradient_step(np.array([1.0]), np.array([2.0]), lr=0.25)
    array([0.5])
    """
    check.finite(point=point, grad=grad)
    check.like(point, grad=grad)
    return point - check.positive(lr=lr) * grad


def langevin_step(point, grad, noise, k, *, dt=1e-3, eta=1.0, sigma=10.0):
    """Annealed Langevin: a gradient step of size eta dt plus noise that cools like 1 / log(k + 1).

    Parameters
    ----------
    point, grad, noise : array, any one shape, floating point
        Positions, gradients there and standard normal draws, as many runs at once as they hold.
    k : int
        Number of the step, from 1.
    dt, eta, sigma : float
        Time step > 0, gradient rate > 0 and noise level >= 0; the defaults are those of the paper's figures.

    Returns
    -------
    array like `point`
        The next positions.

    Examples
    --------
    >>> import numpy as np
    >>> langevin_step(np.array([1.0]), np.array([2.0]), np.array([1.0]), 1, dt=0.25, sigma=np.log(2.0))
    array([1.])
    """
    check.finite(point=point, grad=grad, noise=noise)
    check.like(point, grad=grad, noise=noise)
    k = check.integer(k=k, minimum=1)
    dt, eta = check.positive(dt=dt, eta=eta)
    cooled = check.nonnegative(sigma=sigma) / math.log(k + 1)
    return point - eta * dt * grad + cooled * dt**0.5 * noise


def exact_hopping_1d(function, point, *, alpha, width, low, high, nodes=4001):
    """Consensus hopping with infinitely many particles in one dimension, by quadrature.

    The density exp(-alpha E(x) - (x - m)^2 / (2 width^2)) is integrated by the trapezoidal rule, which converges
    exponentially fast, after zooming in on where it lives.

    Parameters
    ----------
    function : callable
        E, smooth, [N, 1] -> [N].
    point : array, shape [1], floating point
        m, centre of the cloud.
    alpha, width : float
        Inverse temperature and width of the cloud, both > 0.
    low, high : float
        Interval outside of which the density is nothing.
    nodes : int, default: 4001
        Number of nodes >= 101.

    Returns
    -------
    point : array, shape [1]
        x_alpha(N(m, width^2)).
    envelope : array, 0-d
        Soft minimum E_alpha(m) = -log(mean(exp(-alpha E))) / alpha over the cloud.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or `low` is not below `high`.

    Examples
    --------
    >>> import numpy as np
    >>> square = lambda x: x[:, 0] ** 2 / 2
    >>> x, envelope = exact_hopping_1d(square, np.array([3.0]), alpha=4.0, width=0.5, low=-9.0, high=9.0)
    >>> x.round(12), bool(abs(envelope - 9 / 4 - np.log(2) / 8) < 1e-12)  # with tau = alpha width^2 = 1
    (array([1.5]), True)
    """
    check.function(function=function)
    check.finite(point=point)
    check.shapes(point=(point, "1"))
    alpha, width = check.positive(alpha=alpha, width=width)
    low, high = check.number(low=low, high=high)
    nodes = check.integer(nodes=nodes, minimum=101)
    if not low < high:
        raise ValueError(f"low must be below high, got {low} and {high}")
    xp = array_namespace(point)
    for _ in range(60):
        x = xp.linspace(low, high, nodes, dtype=point.dtype, device=device(point))
        action = alpha * function(x[:, None]) + (x - point) ** 2 / (2 * width**2)
        least = xp.min(action)
        seen = xp.astype(action - least < 60, xp.int64)  # the rest is less than exp(-60) of the peak
        first, last = int(xp.argmax(seen)), nodes - 1 - int(xp.argmax(xp.flip(seen)))
        if last - first > nodes // 3:
            break
        low, high = float(x[max(first - 1, 0)]), float(x[min(last + 1, nodes - 1)])
    density = xp.exp(least - action)
    mass = xp.sum(density) * ((high - low) / (nodes - 1))
    mean = point + xp.sum(density * (x - point)) / xp.sum(density)
    return mean, (least - xp.log(mass / (width * math.sqrt(2 * math.pi)))) / alpha
