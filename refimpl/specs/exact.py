"""Arithmetic beyond working precision, for expected answers that do not share the code of the sources.

NumPy arrays of dtype object carry Fractions or mpmath numbers through + - * / and comparisons; the functions here
bring floats in without rounding and add what such arrays lack. mpmath works with `DIGITS` digits, about three times
double precision.
"""

from fractions import Fraction
from functools import lru_cache

import mpmath
import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

DIGITS = 50
_context = mpmath.MPContext()
_context.dps = DIGITS
_convert = _context.npconvert


def _refuse_arrays(x):
    """mpmath would print an array in full, only to say that it is no number and leave the operation to NumPy."""
    if isinstance(x, np.ndarray) and x.ndim:
        raise TypeError("an array is no number")
    return _convert(x)


_context.npconvert = _refuse_arrays

fractions = np.frompyfunc(lambda x: x if isinstance(x, Fraction) else Fraction(float(x)), 1, 1)  # floats, exactly
reals = np.frompyfunc(lambda x: _context.mpf(float(x)), 1, 1)  # floats, exactly, for `exp` and its like

exp = np.frompyfunc(_context.exp, 1, 1)
log = np.frompyfunc(_context.log, 1, 1)
sqrt = np.frompyfunc(_context.sqrt, 1, 1)
cos = np.frompyfunc(_context.cos, 1, 1)
sin = np.frompyfunc(_context.sin, 1, 1)
asin = np.frompyfunc(_context.asin, 1, 1)
tanh = np.frompyfunc(_context.tanh, 1, 1)
erf = np.frompyfunc(_context.erf, 1, 1)
erfinv = np.frompyfunc(_context.erfinv, 1, 1)
gamma = np.frompyfunc(_context.gamma, 1, 1)
loggamma = np.frompyfunc(_context.loggamma, 1, 1)
digamma = np.frompyfunc(_context.digamma, 1, 1)
trigamma = np.frompyfunc(lambda x: _context.psi(1, x), 1, 1)
sign = np.frompyfunc(lambda x: (x > 0) - (x < 0), 1, 1)
ncdf = np.frompyfunc(_context.ncdf, 1, 1)
besselk = np.frompyfunc(_context.besselk, 2, 1)
pi = _context.pi


@lru_cache(maxsize=4096)
def _gamma_quantile(a, u):
    x, step = _context.mpf(float(scipy.special.gammaincinv(float(a), float(u)))), 1
    while abs(step) > 1e-25:  # the next one would be its square
        below = _context.gammainc(a, 0, x, regularized=True)
        density = _context.exp((a - 1) * _context.log(x) - x - _context.loggamma(a))
        step = (u - below) / (density * x)
        x = x * _context.exp(step)
    return x


gamma_quantile = np.frompyfunc(_gamma_quantile, 2, 1)  # of shape a at u, by Newton's method in the logarithm


def _as_array(matrix):
    return np.array([[matrix[i, j] for j in range(matrix.cols)] for i in range(matrix.rows)], dtype=object)


def eigh(matrix):
    """Eigenvalues, smallest first, and eigenvectors in columns of a symmetric matrix of `reals`."""
    values, vectors = _context.eigsy(_context.matrix(matrix.tolist()))
    return np.array(list(values), dtype=object), _as_array(vectors)


def solve(matrix, right):
    """x of matrix x = right, for a square matrix and right-hand sides in columns, of `reals`."""
    return _as_array(_context.inverse(_context.matrix(matrix.tolist())) * _context.matrix(right.tolist()))


def det(matrix):
    """Determinant of a square matrix of `reals`."""
    return _context.det(_context.matrix(matrix.tolist()))


def expm(matrix):
    """Exponential of a square matrix of `reals`."""
    return _as_array(_context.expm(_context.matrix(matrix.tolist())))
