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
    "dpnp": "dpnp.scipy.special",
}
_LOOSE = ("ndtr", "log_ndtr", "ndtri", "erfcx")  # of which PyTorch's lose digits in the tails


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
    if xp.__name__ in _MODULES and not (name in _LOOSE and "torch" in xp.__name__):
        found = getattr(import_module(_MODULES[xp.__name__]), name, None)  # dpnp has two of them
        if found is not None:
            return found(x)
    if hasattr(xp, name):  # traced values
        return getattr(xp, name)(x)
    return from_numpy(getattr(import_module("scipy.special"), name)(to_numpy(x)), like=x)


def erf(x):
    """Error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x; differentiable.

    Parameters
    ----------
    x : array
        Floating point. Computed on the host for libraries other than NumPy, CuPy, PyTorch and dpnp.

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
    """Logarithm of the absolute value of the gamma function; differentiable twice.

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
    """Derivative of `gammaln`; differentiable once.

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


def trigamma(x):
    """Derivative of `digamma`, an array like `x`; arguments and errors as there, but always computed on the host.

    Examples
    --------
    >>> import numpy as np
    >>> trigamma(np.array([1.0, 2.0]))  # pi^2 / 6, and 1 less
    array([1.64493407, 0.64493407])
    """
    _check(x=x)
    return from_numpy(import_module("scipy.special").polygamma(1, to_numpy(x)), like=x)


def ndtr(x):
    """Distribution function of the standard normal law; differentiable.

    Parameters
    ----------
    x : array
        Floating point. Computed on the host for libraries other than NumPy and CuPy.

    Returns
    -------
    array
        Shape, dtype and device of `x`; the digits of small values are right as far as the dtype reaches.

    Raises
    ------
    TypeError
        If `x` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> ndtr(np.array([-8.0, 0.0, 1.0]))
    array([6.22096057e-16, 5.00000000e-01, 8.41344746e-01])
    """
    return _call("ndtr", x)


def ndtri(x):
    """Quantile of the standard normal law, the inverse of `ndtr`; arguments and errors as there, NaN outside of [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> ndtri(np.array([0.0, 0.5, 0.975]))
    array([      -inf, 0.        , 1.95996398])
    """
    return _call("ndtri", x)


def log_ndtr(x):
    """Logarithm of `ndtr`, right also where that is 0; arguments and errors as there, and differentiable too.

    Examples
    --------
    >>> import numpy as np
    >>> log_ndtr(np.array([-1e3, 0.0]))
    array([-5.00007827e+05, -6.93147181e-01])
    """
    return _call("log_ndtr", x)


def erfcx(x):
    """exp(x^2) (1 - erf(x)), about 1 / (x sqrt(pi)) for large x; as `ndtr` for the rest, differentiable too.

    Examples
    --------
    >>> import numpy as np
    >>> erfcx(np.array([0.0, 1e3]))
    array([1.00000000e+00, 5.64189301e-04])
    """
    return _call("erfcx", x)


def gamma_quantile(a, u):
    """Quantile of the gamma law with shape `a` and rate 1; differentiable once in both.

    With uniform `u` it is a draw of that law whose derivative in the shape exists: -(dF/da) / (dF/dx) at the draw,
    which is the derivative of the quantile (implicit reparameterisation; Figurnov et al., 2018).

    Parameters
    ----------
    a : array
        Floating point, > 0.
    u : array
        In (0, 1), of the library, dtype and device of `a` and of a shape that broadcasts with it.

    Returns
    -------
    array
        The broadcast shape. Computed on the host in double precision, whatever the library.

    Raises
    ------
    TypeError, ValueError
        If something is no such array, or an entry is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> gamma_quantile(np.array([1.0, 3.0]), np.array([0.5, 0.5]))  # the first is log 2
    array([0.69314718, 2.67406031])
    """
    _check(a=a, u=u), check.broadcast(a=a, u=u), check.alike_dtype(a=a, u=u)
    xp = array_namespace(a, u)
    if not bool(xp.all((a > 0) & (a < math.inf))):
        raise ValueError(f"a must be > 0 and finite, got {float(xp.min(a)):g} to {float(xp.max(a)):g}")
    if not bool(xp.all((u > 0) & (u < 1))):
        raise ValueError(f"u must be in (0, 1), got {float(xp.min(u)):g} to {float(xp.max(u)):g}")
    return xp.gamma_quantile(a, u) if hasattr(xp, "gamma_quantile") else _gamma_quantile(a, u)


def _gamma_quantile(a, u):
    quantile = import_module("scipy.special").gammaincinv
    return from_numpy(quantile(to_numpy(a).astype(float), to_numpy(u).astype(float)), like=a)


def _gamma_quantile_in_shape(xp, g, x, a, u):
    """g times x times the slope of log x over log a, over a: SciPy has no such derivative; a difference of order 4."""
    h, plain = 3e-3, (to_numpy(stop_gradient(a)).astype(float), to_numpy(stop_gradient(u)).astype(float))
    quantile = import_module("scipy.special").gammaincinv
    with np.errstate(divide="ignore", invalid="ignore"):  # a quantile that is 0 has no slope either
        logs = {k: np.log(quantile(plain[0] * math.exp(k * h), plain[1])) for k in (-2, -1, 1, 2)}
        slope = (8 * (logs[1] - logs[-1]) - (logs[2] - logs[-2])) / (12 * h)
    slope = np.where(np.isfinite(slope), slope, 0.0)
    return g * x * from_numpy(slope, like=stop_gradient(x)) / a


def _slope_of_erfcx(xp, x, y):
    """2 x y - 2 / sqrt(pi), a difference of which nothing is left for large x: there its asymptotic series."""
    far = x > 30
    large = xp.where(far, x, 30 + 0 * x)
    q = 0.5 / large / large
    series = -2 * q * (1 - 3 * q * (1 - 5 * q * (1 - 7 * q * (1 - 9 * q)))) / math.sqrt(math.pi)
    return xp.where(far, series, 2 * xp.where(far, 0 * x, x) * y - 2 / math.sqrt(math.pi))


primitive("erf", lambda xp, g, y, x: g * (2 / math.sqrt(math.pi)) * xp.exp(-x * x), forward=lambda _, x: erf(x))
primitive("ndtr", lambda xp, g, y, x: g * xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi), forward=lambda _, x: ndtr(x))
primitive(
    "log_ndtr",
    lambda xp, g, y, x: g * (math.sqrt(2 / math.pi) / erfcx(-x / math.sqrt(2))),
    forward=lambda _, x: log_ndtr(x),
)
primitive("erfcx", lambda xp, g, y, x: g * _slope_of_erfcx(xp, x, y), forward=lambda _, x: erfcx(x))
primitive(
    "gamma_quantile",
    _gamma_quantile_in_shape,
    lambda xp, g, x, a, u: g * xp.exp(x - (a - 1) * xp.log(x) + gammaln(a)),
    forward=lambda _, a, u: _gamma_quantile(a, u),
)
primitive("gammaln", lambda xp, g, y, x: g * digamma(x), forward=lambda _, x: gammaln(x))
primitive("digamma", lambda xp, g, y, x: g * trigamma(x), forward=lambda _, x: digamma(x))


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
    _check(x=x), check.flag(keepdims=keepdims)
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
