"""Kernels of infinitely wide networks with Gaussian weights."""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, is_array
from refimpl.core.elementwise import all_finite
from refimpl.core.linalg import angles

ACTIVATIONS = ("relu", "erf")


class Kernels(NamedTuple):
    """Kernels of a network between n and m inputs, [n, m] each."""

    hidden: Array  # E[phi(u) phi(u')] of the last hidden layer: that of the output, if its weights have variance 1
    output: Array  # bias_variance + weight_variance * hidden: that of an output with bias and weights like the others
    tangent: Array  # of the hidden layers' tangent kernel, what reaches an output whose weights have variance 1


def _root(v):
    """Root of what is >= 0, up to rounding; it has no derivative at 0, where that counts as 0."""
    xp = array_namespace(v)
    some = v > 0
    return xp.where(some, xp.sqrt(xp.where(some, v, xp.ones_like(v))), xp.zeros_like(v))


def _angle(less, more):
    """Angle of which 1 - cosine and 1 + cosine, or multiples of both, are known; an arc cosine would lose digits."""
    return 2 * array_namespace(less, more).atan2(_root(less), _root(more))


def expectations(k12, k11, k22, activation, angle=None):
    """E[phi(u) phi(u')] and E[phi'(u) phi'(u')] of normal (u, u'), in closed form.

    Parameters
    ----------
    k12 : array
        Covariances of u and u', floating point.
    k11, k22 : array
        Variances of u and of u', > 0, of shapes that broadcast with `k12`.
    activation : {"relu", "erf"}
        phi: Cho and Saul (2009) for relu, Williams (1997) for erf.
    angle : array, optional
        Whose cosine is the correlation of u and u'. Default: found from that, which leaves it half of its digits where
        u and u' are nearly equal.

    Returns
    -------
    tuple of two arrays
        Of the broadcast shape. Correlations are clipped to [-1, 1].

    Raises
    ------
    TypeError, ValueError
        If something is no finite array of floating-point numbers, a variance is not > 0, or `activation` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(1)
    >>> expectations(0 * one, one, one, "relu")  # 1 / (2 pi) and 1/4
    (array([0.15915494]), array([0.25]))
    """
    check.finite(k12=k12, k11=k11, k22=k22), check.choice(ACTIVATIONS, activation=activation)
    check.broadcast(k12=k12, k11=k11, k22=k22)
    xp = array_namespace(k12, k11, k22)
    for name, k in (("k11", k11), ("k22", k22)):
        if not bool(xp.all(k > 0)):
            raise ValueError(f"{name} must be > 0, got a smallest variance of {float(xp.min(k)):g}")
    if angle is not None:
        check.finite(angle=angle), check.broadcast(k12=k12, angle=angle)
    return _expectations(k12, k11, k22, activation, angle)


def _expectations(k12, k11, k22, activation, angle):
    xp = array_namespace(k12, k11, k22)
    scale = xp.sqrt(k11) * xp.sqrt(k22)  # the product of the variances may overflow, or underflow
    angle = _angle(scale - k12, scale + k12) if angle is None else angle
    rest = math.pi - angle
    sine = xp.sin(xp.minimum(angle, rest))
    if activation == "relu":
        value = (
            scale * (sine + rest * xp.cos(angle)) / (2 * math.pi)
        )  # (scale_mixture_nngp-2) (bnn_surrogates-32) (random_feature_attention-15)
        return value, rest / (2 * math.pi)  # (scale_mixture_nngp-3)
    root = xp.hypot(xp.sqrt(1 + 2 * k11 + 2 * k22), 2 * scale * sine)  # k11 k22 - k12^2 is the square of scale * sine
    value = (2 / math.pi) * xp.atan2(2 * k12, root)  # (scale_mixture_nngp-4) (bnn_surrogates-33)
    return value, (4 / math.pi) / root  # (scale_mixture_nngp-5)


def variances(k11, activation):
    """E[phi(u)^2] of normal u with variances `k11`, an array like it: `expectations` where u = u'.

    Examples
    --------
    >>> import numpy as np
    >>> variances(np.array([1.0]), "relu"), variances(np.array([1.0]), "erf").round(6)
    (array([0.5]), array([0.464559]))
    """
    check.finite(k11=k11), check.choice(ACTIVATIONS, activation=activation)
    xp = array_namespace(k11)
    if not bool(xp.all(k11 > 0)):
        raise ValueError(f"k11 must be > 0, got a smallest variance of {float(xp.min(k11)):g}")
    return _variances(k11, activation)


def _variances(k11, activation):
    if activation == "relu":
        return 0.5 * k11
    xp = array_namespace(k11)
    return (2 / math.pi) * xp.atan2(2 * k11, xp.sqrt(1 + 4 * k11))


# Angles: those of near copies, which a correlation does not tell from 0 ---------------------------------------------


def _passed(theta):
    """Angle between the units of a relu layer in two inputs, of that between the sums that go into it."""
    xp = array_namespace(theta)
    sine, cosine, half = xp.sin(theta), xp.cos(theta), xp.sin(theta / 2)
    less = 2 * half * half - (sine - theta * cosine) / math.pi
    return _angle(less, 1 + (sine + (math.pi - theta) * cosine) / math.pi)


def _biased(theta, p2, q2, bias):
    """Angle between vectors with squared lengths p2 and q2, of that before each got the same bias as one more entry."""
    xp = array_namespace(p2, q2)
    p, q, less, more = xp.sqrt(p2), xp.sqrt(q2), xp.sin(theta / 2), xp.cos(theta / 2)
    total = xp.sqrt(p2 + bias) * xp.sqrt(q2 + bias) + bias + p * q
    longer = bias * ((p - q) * ((p - q) / xp.where(total > 0, total, 1.0)))  # total - 2 (bias + p q)
    return _angle(longer + 2 * p * q * less * less, longer + 2 * bias + 2 * p * q * more * more)


def kernels(x, y, *, depth, weight_variance, bias_variance, activation):
    """Kernels of a network of infinite width: weights of variance weight_variance / fan in, biases of bias_variance.

    Parameters
    ----------
    x : array [n, d]
        Inputs, floating point, finite.
    y : array [m, d] or None
        Inputs, of the library, dtype and device of `x`. None: those of `x` themselves.
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
    y = x if y is None else y
    check.finite(x=x, y=y)
    d = check.shapes(x=(x, "n d"), y=(y, "m d"))["d"]
    check.alike_dtype(x=x, y=y), check.choice(ACTIVATIONS, activation=activation)
    depth = check.integer(depth=depth, minimum=1)
    sw2 = check.positive(weight_variance=weight_variance)
    sb2 = check.nonnegative(bias_variance=bias_variance)
    xp = array_namespace(x, y, *(v for v in (sw2, sb2) if is_array(v)))

    n1 = xp.sum(x * x, axis=1, keepdims=True) / d  # [n, 1]
    n2 = xp.sum(y * y, axis=1)[None, :] / d  # [1, m]
    k12 = sb2 + sw2 * (x @ xp.matrix_transpose(y)) / d  # (scale_mixture_nngp-1) (bnn_surrogates-31)
    k11, k22 = sb2 + sw2 * n1, sb2 + sw2 * n2
    if not bool(xp.all(k11 > 0)) or not bool(xp.all(k22 > 0)):
        raise ValueError("bias_variance must be > 0 where an input is 0, got 0")
    theta = _biased(angles(x, y), sw2 * n1, sw2 * n2, sb2)
    tangent = k12
    for layer in range(depth):
        hidden, slopes = _expectations(k12, k11, k22, activation, theta)
        v1, v2 = _variances(k11, activation), _variances(k22, activation)
        tangent = tangent * slopes  # (scale_mixture_nngp-6)
        k12, k11, k22 = sb2 + sw2 * hidden, sb2 + sw2 * v1, sb2 + sw2 * v2  # (scale_mixture_nngp-7) (bnn_surrogates-34)
        if layer < depth - 1:
            theta = _biased(_passed(theta), sw2 * v1, sw2 * v2, sb2) if activation == "relu" else None
            tangent = k12 + sw2 * tangent  # (scale_mixture_nngp-8)
    reached = all(all_finite(k) for k in (k12, hidden, tangent)) and all(bool(xp.all(k > 0)) for k in (k11, k22))
    if not reached:
        raise ValueError(
            f"x must have kernels in the range of {x.dtype} at each of {depth} layers, got one outside of it"
        )
    return Kernels(hidden, k12, tangent)
