"""Kernels of infinitely wide networks with Gaussian weights."""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.autodiff import stop_gradient
from refimpl.core.elementwise import all_finite

ACTIVATIONS = ("relu", "erf")


class Kernels(NamedTuple):
    """Kernels of a network between n and m inputs, [n, m] each."""

    hidden: Array  # E[phi(u) phi(u')] of the last hidden layer: that of the output, if its weights have variance 1
    output: Array  # bias_variance + weight_variance * hidden: that of an output with bias and weights like the others
    tangent: Array  # of the hidden layers' tangent kernel, what reaches an output whose weights have variance 1


def expectations(k12, k11, k22, activation):
    """E[phi(u) phi(u')] and E[phi'(u) phi'(u')] of normal (u, u'), in closed form.

    Parameters
    ----------
    k12 : array
        Covariances of u and u', floating point.
    k11, k22 : array
        Variances of u and of u', > 0, of shapes that broadcast with `k12`.
    activation : {"relu", "erf"}
        phi: Cho and Saul (2009) for relu, Williams (1997) for erf.

    Returns
    -------
    tuple of two arrays
        Of the broadcast shape. Correlations are clipped to [-1, 1]; where u = u' the second, the slopes, is right to
        half of the digits for relu.

    Raises
    ------
    TypeError, ValueError
        If something is no floating-point array or `activation` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> expectations(0 * one, one, one, "relu")  # 1 / (2 pi) and 1/4
    (array([0.15915494]), array([0.25]))
    """
    check.floating(k12=k12, k11=k11, k22=k22), check.choice(ACTIVATIONS, activation=activation)
    check.broadcast(k12=k12, k11=k11, k22=k22)
    xp = array_namespace(k12, k11, k22)
    scale = xp.sqrt(k11) * xp.sqrt(k22)  # the product of the variances may overflow, or underflow
    if activation == "relu":
        cosine = xp.clip(k12 / scale, -1.0, 1.0)
        angle = xp.acos(cosine)
        sine, rest = xp.sqrt((1 - cosine) * (1 + cosine)), math.pi - angle
        value = scale * (sine + rest * cosine) / (2 * math.pi)  # (scale_mixture_nngp-2) (bnn_surrogates-32)
        return value, rest / (2 * math.pi)  # (scale_mixture_nngp-3)
    sine = 2 * k12 / (xp.sqrt(1 + 2 * k11) * xp.sqrt(1 + 2 * k22))
    value = (2 / math.pi) * xp.asin(xp.clip(sine, -1.0, 1.0))  # (scale_mixture_nngp-4) (bnn_surrogates-33)
    apart = xp.clip((scale - k12) * (scale + k12), 0.0, None)
    return value, (4 / math.pi) / xp.sqrt(1 + 2 * k11 + 2 * k22 + 4 * apart)  # (scale_mixture_nngp-5)


def variances(k11, activation):
    """E[phi(u)^2] of normal u with variances `k11`, an array like it: `expectations` where u = u'.

    Examples
    --------
    >>> import numpy as np
    >>> variances(np.array([1.0]), "relu"), variances(np.array([1.0]), "erf").round(6)
    (array([0.5]), array([0.464559]))
    """
    check.floating(k11=k11), check.choice(ACTIVATIONS, activation=activation)
    if activation == "relu":
        return 0.5 * k11
    return (2 / math.pi) * array_namespace(k11).asin(2 * k11 / (1 + 2 * k11))


def kernels(x, y, *, depth, weight_variance, bias_variance, activation):
    """Kernels of a network of infinite width: weights of variance weight_variance / fan in, biases of bias_variance.

    Parameters
    ----------
    x : array [n, d]
        Inputs, floating point, finite.
    y : array [m, d] or None
        Inputs, of the library, dtype and device of `x`. None: those of `x` themselves, whose diagonal is then exact;
        else, for relu, the tangent kernel of a row of `y` with an equal row of `x` is right to half of the digits.
    depth : int
        Hidden layers, >= 1.
    weight_variance : float or array, 0-d
        > 0; the kernels are differentiable in both variances.
    bias_variance : float or array, 0-d
        >= 0; > 0 if an input may be 0.
    activation : {"relu", "erf"}
        Of every hidden layer.

    Returns
    -------
    Kernels
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a number is out of range, or a kernel is outside the range of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> found = kernels(x, None, depth=1, weight_variance=2.0, bias_variance=0.0, activation="relu")
    >>> found.hidden.round(4).tolist(), found.tangent.tolist()
    ([[0.5, 0.1592], [0.1592, 0.5]], [[0.5, 0.0], [0.0, 0.5]])
    """
    alone = y is None
    y = x if alone else y
    check.finite(x=x, y=y)
    d = check.shapes(x=(x, "n d"), y=(y, "m d"))["d"]
    check.alike_dtype(x=x, y=y), check.choice(ACTIVATIONS, activation=activation)
    depth = check.integer(depth=depth, minimum=1)
    sw2 = check.positive(weight_variance=weight_variance)
    sb2 = check.nonnegative(bias_variance=bias_variance)
    xp = array_namespace(x, y, *(v for v in (sw2, sb2) if is_array(v)))

    k12 = sb2 + sw2 * (x @ xp.matrix_transpose(y)) / d  # (scale_mixture_nngp-1) (bnn_surrogates-31)
    k11 = sb2 + sw2 * xp.sum(x * x, axis=1, keepdims=True) / d  # [n, 1]
    k22 = sb2 + sw2 * xp.sum(y * y, axis=1)[None, :] / d  # [1, m]
    if not bool(xp.all(k11 > 0)) or not bool(xp.all(k22 > 0)):
        raise ValueError("bias_variance must be > 0 where an input is 0, got 0")
    if alone:
        same = xp.eye(x.shape[0], dtype=x.dtype, device=device(stop_gradient(x))) == 1
    tangent = k12
    for layer in range(depth):
        # where u = u' the closed forms below are taken, and an angle of 0 would have no derivative
        hidden, slopes = expectations(xp.where(same, 0.0 * k12, k12) if alone else k12, k11, k22, activation)
        v1, v2 = variances(k11, activation), variances(k22, activation)
        if alone:  # an angle of 0, or a difference of large numbers, would lose half of the digits of the slopes
            own = 0.5 + 0.0 * k11 if activation == "relu" else (4 / math.pi) / xp.sqrt(1 + 4 * k11)
            hidden, slopes = xp.where(same, v1, hidden), xp.where(same, own, slopes)
        tangent = tangent * slopes  # (scale_mixture_nngp-6)
        k12, k11, k22 = sb2 + sw2 * hidden, sb2 + sw2 * v1, sb2 + sw2 * v2  # (scale_mixture_nngp-7) (bnn_surrogates-34)
        if layer < depth - 1:
            tangent = k12 + sw2 * tangent  # (scale_mixture_nngp-8)
    if not (all_finite(k12) and all_finite(hidden) and all_finite(tangent)):
        raise ValueError(
            f"x must have kernels in the range of {x.dtype} at each of {depth} layers, got one outside of it"
        )
    return Kernels(hidden, k12, tangent)
