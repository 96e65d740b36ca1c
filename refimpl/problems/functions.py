"""Objective functions that know their own minimizer, so that every method can be tried on every one of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, from_numpy


@dataclass(frozen=True)
class Problem:
    """An objective on R^d, evaluated along the last axis: one point [d], a swarm [N, d] or several [..., N, d].

    Examples
    --------
    >>> import numpy as np
    >>> RASTRIGIN.function(np.array([[0.0, 0.0], [0.5, 0.0]]))
    array([0.  , 5.25])
    >>> RASTRIGIN.minimizer(3), RASTRIGIN.minimum
    (array([0., 0., 0.]), 0.0)
    """

    name: str
    function: Callable[[Array], Array]  # [..., d] -> [...]
    gradient: Callable[[Array], Array]  # [..., d] -> [..., d]
    solution: tuple[float, ...]  # the minimizer; a single number stands for every coordinate
    minimum: float  # value there
    begin: tuple[float, ...]  # from where to start, in the same way
    spread: float  # standard deviation of a swarm about that start
    dimension: int | None = None  # the only d that there is, if there is only one

    def minimizer(self, d=None, *, like=None):
        """The global minimizer [d], as an array like `like` (default: NumPy, float64).

        Raises
        ------
        TypeError, ValueError
            If `d` is no integer >= 1 or the problem does not exist in that dimension.

        Examples
        --------
        >>> RASTRIGIN.minimizer(2)
        array([0., 0.])
        """
        return self._point(self.solution, d, like)

    def start(self, d=None, *, like=None):
        """A start [d] from which the problem is not easy; `d` and `like` as for `minimizer`.

        Examples
        --------
        >>> CANYON.start()
        array([8., 8.])
        """
        return self._point(self.begin, d, like)

    def _point(self, values, d, like):
        d = check.integer(d=self.dimension if d is None else d, minimum=1)
        if d != (self.dimension or d):
            raise ValueError(f"d must be {self.dimension} for the problem {self.name!r}, got {d}")
        values = np.array(values * d if len(values) == 1 else values, dtype=float)
        return values if like is None else from_numpy(values, like=like)


def quadratic(matrix, minimizer):
    """The quadratic E(x) = (x - b)^T A (x - b) / 2, convex if A is positive semidefinite.

    Parameters
    ----------
    matrix : nested lists of numbers or numpy.ndarray, shape [d, d]
        A, symmetric.
    minimizer : list of numbers or numpy.ndarray, shape [d]
        b.

    Returns
    -------
    Problem
        With minimum 0 at b; A and b move to the library, dtype and device of the points.

    Raises
    ------
    ValueError
        If `matrix` is not square and symmetric, or does not fit `minimizer`.

    Examples
    --------
    >>> import numpy as np
    >>> bowl = quadratic([[2.0, 0.0], [0.0, 10.0]], [1.0, 0.0])
    >>> bowl.function(np.array([[3.0, 1.0]])), bowl.gradient(np.array([[3.0, 1.0]]))
    (array([9.]), array([[ 4., 10.]]))
    """
    A, b = check.real(matrix=matrix), check.real(minimizer=minimizer)
    check.shapes(minimizer=(b, "d"), matrix=(A, "d d"))
    check.finite(matrix=A, minimizer=b)
    if not (A == A.T).all():
        raise ValueError("matrix must be symmetric, got one that differs from its transpose")

    def gradient(x):
        return (x - from_numpy(b, like=x)) @ from_numpy(A, like=x)

    def function(x):
        return 0.5 * array_namespace(x).sum((x - from_numpy(b, like=x)) * gradient(x), axis=-1)

    return Problem("quadratic", function, gradient, tuple(b.tolist()), 0.0, tuple((b + 3).tolist()), 1.0, len(b))


def _squares(x):
    return array_namespace(x).sum(x * x, axis=-1)


def _squares_gradient(x):
    return 2 * x


def _rastrigin(x):
    xp = array_namespace(x)
    return xp.sum(x * x + 2.5 * (1 - xp.cos(2 * math.pi * x)), axis=-1)


def _rastrigin_gradient(x):
    return 2 * x + 5 * math.pi * array_namespace(x).sin(2 * math.pi * x)


def _ackley(x):
    xp = array_namespace(x)
    radius = xp.sqrt(xp.mean(x * x, axis=-1))
    waves = xp.mean(xp.cos(2 * math.pi * x), axis=-1)
    return 20 * (1 - xp.exp(-0.2 * radius)) + (math.e - xp.exp(waves))


def _ackley_gradient(x):
    xp, d = array_namespace(x), x.shape[-1]
    radius = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True))
    waves = xp.mean(xp.cos(2 * math.pi * x), axis=-1, keepdims=True)
    slope = 4 * xp.exp(-0.2 * radius) / xp.where(radius > 0, radius, xp.ones_like(radius))  # 0 at the tip of the cone
    return (slope * x + 2 * math.pi * xp.exp(waves) * xp.sin(2 * math.pi * x)) / d


def _canyon_parts(v):
    """Coordinates, distance p to the river, its ramp, the wall's side q > 0, the wall's profile and height."""
    xp = array_namespace(v)
    x, y = v[..., 0], v[..., 1]
    p = y - (0.125 * (x - 1) * (x - 4) ** 2 + 2)
    q = -x - 1.6 * y
    ramp = xp.exp(-0.002 * x**4)
    wall = xp.where(q > 0, 1 - xp.exp(-9 * q * q), xp.zeros_like(q))
    return xp, x, y, p, q, ramp, wall, 4 * xp.exp(1 - 2 * p**4)


def _canyon(v):
    xp, x, y, p, _, ramp, wall, height = _canyon_parts(v)
    bowl = 0.4 * x * x + 0.2 * y * y
    ripples = 1.1625 * (2 - xp.cos(0.75 * math.pi * x) - xp.cos(0.75 * math.pi * y))
    return 25 * (1 - xp.exp(-1.4 * p * p * ramp)) + bowl + ripples + height * wall


def _canyon_gradient(v):
    xp, x, y, p, q, ramp, wall, height = _canyon_parts(v)
    p_x = -0.375 * (x - 4) * (x - 2)  # and the derivative of p along y is 1
    deep = 35 * xp.exp(-1.4 * p * p * ramp) * ramp
    edge = xp.where(q > 0, 18 * q * xp.exp(-9 * q * q), xp.zeros_like(q)) * height
    along_p = 2 * deep * p - 8 * height * wall * p**3
    waves_x, waves_y = (0.871875 * math.pi * xp.sin(0.75 * math.pi * c) for c in (x, y))
    along_x = along_p * p_x - 0.008 * deep * x**3 * p * p + 0.8 * x + waves_x - edge
    return xp.stack([along_x, along_p + 0.4 * y + waves_y - 1.6 * edge], axis=-1)


SQUARES = Problem("squares", _squares, _squares_gradient, (0.0,), 0.0, (2.0,), 1.0)  # sum v^2
RASTRIGIN = Problem("rastrigin", _rastrigin, _rastrigin_gradient, (0.0,), 0.0, (2.0,), 2.0)  # its waves 2.5, not 10
ACKLEY = Problem("ackley", _ackley, _ackley_gradient, (0.0,), 0.0, (2.0,), 2.0)  # a cone at 0: gradient taken as 0
CANYON = Problem("canyon", _canyon, _canyon_gradient, (0.0,), 0.0, (8.0,), 0.5, 2)  # GrandCanyon3noisy of the paper
PROBLEMS = (SQUARES, RASTRIGIN, ACKLEY, CANYON)


def central_differences(function, *, h):
    """Gradient of `function` by central differences, 2 d evaluations per point.

    Parameters
    ----------
    function : callable
        [N, d] -> [N]; or [d] -> [].
    h : float
        Step > 0; the error is O(h^2) plus rounding over h.

    Returns
    -------
    callable
        [N, d] -> [N, d]; or [d] -> [d].

    Raises
    ------
    TypeError, ValueError
        If `h` is no number > 0.

    Examples
    --------
    >>> import numpy as np
    >>> central_differences(SQUARES.function, h=1e-3)(np.array([[1.0, -2.0]])).round(9)
    array([[ 2., -4.]])
    """
    check.function(function=function)
    h = check.positive(h=h)

    def gradient(x):
        xp = array_namespace(x)
        steps = from_numpy(h * np.eye(x.shape[-1]), like=x)
        values = [function(x + side * steps[j, :]) for j in range(x.shape[-1]) for side in (1, -1)]
        for value in values:
            check.floating(**{"what function returns": xp.asarray(value)})  # a number, at one point alone
            check.shapes(**{"what function returns": (xp.asarray(value), " ".join(map(str, x.shape[:-1])))})
        parts = [after - before for after, before in zip(values[::2], values[1::2], strict=True)]
        return xp.stack(parts, axis=-1) / (2 * h)

    return gradient
