"""The three functions of one variable on which the paper watches Adam and diffGrad, with their derivatives.

Each has a global minimum and a local one nearby in which a method with momentum may be caught. The derivatives at the
joints of the pieces are those from the left. Values and derivatives act on each entry of an array.
"""

from collections.abc import Callable
from typing import NamedTuple

from refimpl.core.arrays import Array, array_namespace


class Synthetic(NamedTuple):
    """A function of one variable."""

    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]  # its derivative
    best: float  # the global minimizer
    trap: float  # the local minimizer beyond it, seen from the start at -1


def _where(x, *pieces, otherwise):
    """Values of `pieces` (bound, value): the first whose bound is >= x; numbers stand for constant arrays."""
    xp = array_namespace(x)
    for bound, value in reversed(pieces):
        value = value if hasattr(value, "shape") else xp.full_like(x, value)
        otherwise = xp.where(x <= bound, value, otherwise)
    return otherwise


def _f1(x):
    return _where(x, (0.0, (x + 0.3) ** 2), otherwise=(x - 0.2) ** 2 + 0.05)


def _f1_slope(x):
    return _where(x, (0.0, 2 * (x + 0.3)), otherwise=2 * (x - 0.2))


def _f2(x):
    """Not continuous: at -0.9 the left piece is 0.85, the right one 0.8353."""
    xp = array_namespace(x)
    return _where(x, (-0.9, -40 * x - 35.15), otherwise=x**3 + x * xp.sin(8 * x) + 0.85)


def _f2_slope(x):
    xp = array_namespace(x)
    return _where(x, (-0.9, -40.0), otherwise=3 * x**2 + xp.sin(8 * x) + 8 * x * xp.cos(8 * x))


def _f3(x):
    xp = array_namespace(x)
    size = xp.abs(x)
    return _where(size, (0.4, 0.875 * size), (0.5, 0.75 - size), otherwise=x**2)


def _f3_slope(x):
    return _where(x, (-0.5, 2 * x), (-0.4, 1.0), (0.0, -0.875), (0.4, 0.875), (0.5, -1.0), otherwise=2 * x)


FUNCTIONS = {
    "F1": Synthetic(_f1, _f1_slope, best=-0.3, trap=0.2),
    "F2": Synthetic(_f2, _f2_slope, best=-0.6429188, trap=0.0),
    "F3": Synthetic(_f3, _f3_slope, best=0.0, trap=0.5),
}
