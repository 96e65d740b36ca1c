"""Special functions that the array API standard lacks, on arrays of any library and of `core.autodiff`."""

import math
from importlib import import_module

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace, from_numpy, to_numpy
from refimpl.core.autodiff import primitive, stop_gradient

# Where the functions without a composition live, under the same names; other libraries go through the host.
_MODULES = {
    "array_api_compat.numpy": "scipy.special",
    "array_api_compat.cupy": "cupyx.scipy.special",
    "array_api_compat.torch": "torch.special",
}


def _check(**named):
    """Floating-point arrays; NumPy's scalars too, since its functions return them for 0-d arrays."""
    check.floating(**{name: x for name, x in named.items() if not isinstance(x, np.floating)})


def _check_axis(x, axis):
    for i in axis if isinstance(axis, tuple) else (axis,):
        check.integer(axis=i, minimum=-len(x.shape), below=len(x.shape))


def _call(name, x):
    """Function `name` of `x`, where the library of `x` has it."""
    _check(x=x)
    xp = array_namespace(x)
    if xp.__name__ in _MODULES:
        return getattr(import_module(_MODULES[xp.__name__]), name)(x)
    if hasattr(xp, name):  # traced values
        return getattr(xp, name)(x)
    return from_numpy(getattr(import_module("scipy.special"), name)(to_numpy(x)), like=x)


def erf(x):
    """Error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x; differentiable.

    Parameters
    ----------
    x : array
        Floating point. Computed on the host for libraries other than NumPy, CuPy and PyTorch.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError
        If `x` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> erf(np.array([0.0, 1.0, np.inf]))
    array([0.        , 0.84270079, 1.        ])
    """
    return _call("erf", x)


def gammaln(x):
    """Logarithm of the absolute value of the gamma function; differentiable once.

    Parameters
    ----------
    x : array
        Floating point. Computed on the host for libraries other than NumPy, CuPy and PyTorch.

    Returns
    -------
    array
        Shape, dtype and device of `x`; infinite at 0, -1, -2, ...

    Raises
    ------
    TypeError
        If `x` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> np.exp(gammaln(np.array([1.0, 5.0])))
    array([ 1., 24.])
    """
    return _call("gammaln", x)


def digamma(x):
    """Derivative of `gammaln`.

    Parameters
    ----------
    x : array
        Floating point. Computed on the host for libraries other than NumPy, CuPy and PyTorch.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError
        If `x` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> digamma(np.array([1.0, 2.0]))  # minus Euler's constant, and 1 more
    array([-0.57721566,  0.42278434])
    """
    return _call("digamma", x)


primitive("erf", lambda xp, g, y, x: g * (2 / math.sqrt(math.pi)) * xp.exp(-x * x), forward=lambda _, x: erf(x))
primitive("gammaln", lambda xp, g, y, x: g * digamma(x), forward=lambda _, x: gammaln(x))


def logsumexp(x, axis=None, keepdims=False):
    """Log of the sum of exponentials, without overflow; differentiable.

    Parameters
    ----------
    x : array
        Floating point; entries may be infinite.
    axis : int or tuple of int, optional
        What to sum over; everything by default.
    keepdims : bool, default: False
        Whether the axes stay, with size 1.

    Returns
    -------
    array
        Dtype and device of `x`.

    Raises
    ------
    TypeError
        If `x` is no floating-point array.
    ValueError
        If there is nothing to sum.

    Examples
    --------
    >>> import numpy as np
    >>> logsumexp(np.array([[1e4, 1e4], [-np.inf, -np.inf]]), axis=1)
    array([10000.69314718,          -inf])
    """
    _check(x=x)
    if 0 in x.shape:
        raise ValueError(f"x must have at least one entry, got shape {tuple(x.shape)}")
    _check_axis(x, () if axis is None else axis)
    xp = array_namespace(x)
    largest = xp.max(stop_gradient(x), axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(largest), largest, xp.zeros_like(largest))
    total = xp.sum(xp.exp(x - shift), axis=axis, keepdims=True)
    empty = total == 0  # all entries were -inf
    logarithm = xp.log(xp.where(empty, xp.ones_like(total), total)) + shift
    result = xp.where(empty, xp.full_like(shift, -math.inf), logarithm)
    if keepdims:
        return result
    return xp.squeeze(result, axis=tuple(range(result.ndim)) if axis is None else axis)


def softmax(x, axis=-1):
    """Exponentials divided by their sum, without overflow; differentiable.

    Parameters
    ----------
    x : array
        Floating point.
    axis : int, default: -1
        Along which the result sums to 1.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError, ValueError
        If `x` is no floating-point array, or has no entry.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0], [1e4, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    _check(x=x)
    if 0 in x.shape:
        raise ValueError(f"x must have at least one entry, got shape {tuple(x.shape)}")
    _check_axis(x, axis)
    xp = array_namespace(x)
    powers = xp.exp(x - stop_gradient(xp.max(x, axis=axis, keepdims=True)))  # exp(x - logsumexp(x)) loses digits
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def softplus(x):
    """log(1 + exp(x)), without overflow; differentiable.

    Parameters
    ----------
    x : array
        Floating point.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError
        If `x` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> softplus(np.array([-1e4, 0.0, 1e4]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+04])
    """
    _check(x=x)
    xp = array_namespace(x)
    return xp.logaddexp(x, xp.zeros_like(x))


def sigmoid(x):
    """1 / (1 + exp(-x)), without overflow and exact for very negative `x` too; differentiable.

    Parameters
    ----------
    x : array
        Floating point.

    Returns
    -------
    array
        Shape, dtype and device of `x`.

    Raises
    ------
    TypeError
        If `x` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid(np.array([-500.0, 0.0, 1e4]))
    array([7.12457641e-218, 5.00000000e-001, 1.00000000e+000])
    """
    _check(x=x)
    xp = array_namespace(x)
    positive = x >= 0
    small = xp.exp(xp.where(positive, -x, x))  # at most 1
    return xp.where(positive, xp.ones_like(x), small) / (1 + small)


def xlogy(x, y):
    """x log(y), and 0 where x is 0, whatever y (but NaN); differentiable.

    Parameters
    ----------
    x, y : array
        Floating point, of one library, dtype and device, and of shapes that broadcast.

    Returns
    -------
    array
        The broadcast shape.

    Raises
    ------
    TypeError
        If one is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> xlogy(np.array([0.0, 2.0]), np.array([0.0, np.e]))
    array([0., 2.])
    """
    _check(x=x, y=y), check.broadcast(x=x, y=y)
    xp = array_namespace(x, y)
    empty = (x == 0) & ((y <= 0) | (y == math.inf))
    return x * xp.log(xp.where(empty, xp.ones_like(y), y))
