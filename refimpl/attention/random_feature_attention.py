"""Attention with random heads of which only the values are learned (Fu et al., 2023, arXiv:2307.11353).

A query and N keys go in. Each head weighs the keys by a rectified random bilinear form of query and key and averages
them: features, in which the answer is linear. Beside it stand networks of random neurons without that product, the
kernel that infinitely many heads make, and the two ways to train. (Not the "random feature attention" of Peng et al.,
2021, which approximates the softmax.)
"""

import math
from functools import cache, partial
from importlib import import_module
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.linalg import length, unit
from refimpl.core.loop import iterate
from refimpl.core.special import ndtr
from refimpl.models import wide

BIASES = ("zero", "identity")
SHARES = tuple(10 ** (k / 2) for k in range(-14, 3))  # of the largest eigenvalue: the penalties of a path
BLOCK = 2**18  # numbers that are in work at once
_reached = partial(check.reached, "x_0, keys and weights")


class Path(NamedTuple):
    """Ridge regression with R penalties, and the one that did best on other data."""

    errors: Array  # [R] mean squared errors on the validation data
    chosen: int  # index of the smallest; of equal ones the smaller penalty's
    dual: Array  # [n] weights of the training data at that penalty


# Heads --------------------------------------------------------------------------------------------------------------


def heads(noise, *, bias="zero"):
    """Matrices of M heads from standard normal draws.

    Parameters
    ----------
    noise : array [M, d+1, d+1]
        Standard normal draws, floating point.
    bias : {"zero", "identity"}, default: "zero"
        Mean of the matrices: 0 (RFA), or the identity on the d coordinates (BRFA, the biased model).

    Returns
    -------
    array [M, d+1, d+1]
        Query-key matrices. Where inputs are unit vectors the preactivations have variance 1.

    Raises
    ------
    TypeError, ValueError
        If `noise` is no such array or not finite, or `bias` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> heads(np.ones((1, 2, 2)), bias="identity")
    array([[[1.5, 0.5],
            [0.5, 0.5]]])
    """
    check.finite(noise=noise), check.shapes(noise=(noise, "M e e")), check.choice(BIASES, bias=bias)
    G = 0.5 * noise  # (random_feature_attention-7)
    return biased(G) if bias == "identity" else G


def biased(G):
    """Matrices of the biased model: those of random heads about the identity.

    Parameters
    ----------
    G : array [M, d+1, d+1]
        Matrices of mean 0, floating point.

    Returns
    -------
    array [M, d+1, d+1]
        W_0 + G; the last row and column of W_0, which meet the lift, are 0.

    Raises
    ------
    TypeError, ValueError
        If `G` is no such array, or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> biased(np.zeros((1, 3, 3)))[0]
    array([[1., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """
    check.finite(G=G)
    xp, e = array_namespace(G), check.shapes(G=(G, "M e e"))["e"]
    place = xp.arange(e, device=device(G))
    W_0 = (place[:, None] == place[None, :]) & (place < e - 1)  # (random_feature_attention-8)
    return xp.astype(W_0, G.dtype) + G


def neurons(noise, *, N):
    """Weights of M random neurons from standard normal draws.

    Parameters
    ----------
    noise : array [M, p]
        Standard normal draws, floating point; p = d (N + 1) + 1.
    N : int
        Keys that a neuron sees, >= 1: all of them for `mlp_features`, 1 for `pooled_features`.

    Returns
    -------
    array [M, p]
        Where inputs are unit vectors the preactivations have variance 1.

    Raises
    ------
    TypeError, ValueError
        If `noise` is no such array or not finite, or `N` is no whole number >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> neurons(np.ones((1, 4)), N=2)
    array([[0.5, 0.5, 0.5, 0.5]])
    """
    check.finite(noise=noise), check.shapes(noise=(noise, "M p"))
    N = check.integer(N=N, minimum=1)
    return noise / math.sqrt(N + 2)  # (random_feature_attention-9)


# Features -----------------------------------------------------------------------------------------------------------


def _lift(x):
    xp = array_namespace(x)
    return xp.concat([x, xp.ones_like(x[..., :1])], axis=-1)  # (random_feature_attention-1)


def _bilinear(x_0, x, W):
    """Preactivations of lifted inputs: queries meet the heads first, so that nothing has both N and (d + 1)^2."""
    xp = array_namespace(x_0, x, W)
    q = xp.permute_dims(x_0 @ W, (1, 0, 2))
    return q @ xp.matrix_transpose(x)  # (random_feature_attention-2)


def _heads(x_0, x, W):
    """One layer, without values: heads [M, d+1, d+1], a lifted query [n, d+1] and its keys [n, N, d+1]."""
    M, N = W.shape[0], x.shape[1]
    u = _bilinear(x_0, x, W)
    weights = _rectified(u) / N  # (random_feature_attention-4)
    return (weights @ x) / math.sqrt(M)  # (random_feature_attention-5)


def _rectified(u):
    return array_namespace(u).clip(u, 0.0, None)  # (random_feature_attention-3)


def preactivations(x_0, keys, W):
    """What each head says of each key.

    Parameters
    ----------
    x_0 : array [n, d]
        Queries, floating point. They are taken as they are: unit vectors in the paper, of any length here.
    keys : array [n, N, d]
        Keys of each query.
    W : array [M, d+1, d+1]
        Query-key matrices, from `heads`.

    Returns
    -------
    array [n, M, N]
        Of query, head and key.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or an answer is outside the range of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[[1.0, 0.0, 0.5], [0.0, -1.0, 0.0], [0.5, 0.0, 0.0]]])
    >>> preactivations(np.array([[0.6, 0.8]]), np.array([[[1.0, 0.0], [0.0, -1.0]]]), W)
    array([[[1.4, 1.1]]])
    """
    _inputs(x_0, keys, W=(W, "M {e} {e}"))
    return _reached("preactivations", _blockwise(_bilinear, _lift(x_0), _lift(keys), W))


def features(x_0, keys, W):
    """Random feature attention: what the M heads make of the keys.

    Parameters
    ----------
    x_0, keys, W
        As for `preactivations`.

    Returns
    -------
    array [n, M, d+1]
        Divided by the root of M: inner products go to `kernel` as M grows.

    Raises
    ------
    TypeError, ValueError
        As `preactivations`.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[[1.0, 0.0, 0.5], [0.0, -1.0, 0.0], [0.5, 0.0, 0.0]]])
    >>> features(np.array([[0.6, 0.8]]), np.array([[[1.0, 0.0], [0.0, -1.0]]]), W)
    array([[[ 0.7 , -0.55,  1.25]]])
    """
    _inputs(x_0, keys, W=(W, "M {e} {e}"))
    return _reached("features", _blockwise(_heads, _lift(x_0), _lift(keys), W))


def forward(x_0, keys, W, v):
    """Answers of the layer.

    Parameters
    ----------
    x_0, keys, W
        As for `preactivations`.
    v : array [M, d+1]
        Value vectors, the trained weights; those of the paper times the root of M.

    Returns
    -------
    array [n]
        Inner products of features and values.

    Raises
    ------
    TypeError, ValueError
        As `preactivations`.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.array([[[1.0, 0.0, 0.5], [0.0, -1.0, 0.0], [0.5, 0.0, 0.0]]])
    >>> forward(np.array([[0.6, 0.8]]), np.array([[[1.0, 0.0], [0.0, -1.0]]]), W, np.array([[1.0, 2.0, 0.0]]))
    array([-0.4])
    """
    _inputs(x_0, keys, W=(W, "M {e} {e}"), v=(v, "M {e}"))
    phi, xp = features(x_0, keys, W), array_namespace(x_0, v)
    f = xp.sum(phi * v, axis=(1, 2))  # (random_feature_attention-6)
    return _reached("answers", f)


def mlp_features(x_0, keys, w):
    """A layer of random neurons on query and keys in a row, which knows nothing of sets (RFMLP).

    Parameters
    ----------
    x_0, keys
        As for `preactivations`.
    w : array [M, d(N+1)+1]
        Weights, from `neurons`; of the query, of key 1 to N, of the lift.

    Returns
    -------
    array [n, M]
        Divided by the root of M.

    Raises
    ------
    TypeError, ValueError
        As `preactivations`.

    Examples
    --------
    >>> import numpy as np
    >>> mlp_features(np.array([[2.0]]), np.array([[[3.0], [4.0]]]), np.array([[1.0, 10.0, 100.0, 0.5]]))
    array([[432.5]])
    """
    d, N = _inputs(x_0, keys)
    _weights(x_0, w, d * (N + 1) + 1)
    xp = array_namespace(x_0, keys, w)
    vec = _lift(xp.concat([x_0, xp.reshape(keys, (keys.shape[0], N * d))], axis=1))  # (random_feature_attention-10)
    phi = _rectified(vec @ xp.matrix_transpose(w)) / math.sqrt(w.shape[0])  # (random_feature_attention-11)
    return _reached("features", phi)


def pooled_features(x_0, keys, w):
    """Random neurons on query and one key, averaged over the keys: pooling without the product.

    Parameters
    ----------
    x_0, keys
        As for `preactivations`.
    w : array [M, 2d+1]
        Weights, from `neurons` with N = 1; of the query, of the key, of the lift.

    Returns
    -------
    array [n, M]
        Divided by the root of M.

    Raises
    ------
    TypeError, ValueError
        As `preactivations`.

    Examples
    --------
    >>> import numpy as np
    >>> pooled_features(np.array([[2.0]]), np.array([[[3.0], [-4.0]]]), np.array([[1.0, 10.0, 0.5]]))
    array([[16.25]])
    """
    d, _ = _inputs(x_0, keys)
    _weights(x_0, w, 2 * d + 1)
    return _reached("features", _blockwise(_pooled, x_0, keys, w))


def _pooled(x_0, keys, w):
    xp, N = array_namespace(x_0, keys, w), keys.shape[1]
    with_query = xp.concat([xp.broadcast_to(x_0[:, None, :], keys.shape), keys], axis=2)
    weights = _rectified(_lift(with_query) @ xp.matrix_transpose(w)) / N
    return xp.sum(weights, axis=1) / math.sqrt(w.shape[0])  # (random_feature_attention-12)


def _blockwise(rule, x_0, keys, W):
    """A rule on a few inputs at a time, so that what it makes on the way stays small."""
    blocks = _blocks(x_0.shape[0], W.shape[0] * keys.shape[1])
    return array_namespace(x_0).concat([rule(x_0[rows, :], keys[rows, :, :], W) for rows in blocks], axis=0)


def _blocks(n, each):
    """Slices of n inputs, on each of which so many numbers are made that they stay below `BLOCK`."""
    rows = max(1, BLOCK // each)
    return [slice(i, min(i + rows, n)) for i in range(0, n, rows)]


# Infinitely many heads ----------------------------------------------------------------------------------------------


def kernel(x_0, keys, y_0, y_keys, *, bias="zero"):
    """Inner products of the features of infinitely many heads.

    Parameters
    ----------
    x_0, keys : array [n, d], array [n, N, d]
        As for `preactivations`.
    y_0, y_keys : array [m, d], array [m, L, d]
        Further inputs; their number of keys may be another.
    bias : {"zero", "identity"}, default: "zero"
        As for `heads`.

    Returns
    -------
    array [n, m]
        E[<phi(x), phi(y)>] over the draws of the heads.

    Raises
    ------
    TypeError, ValueError
        As `preactivations`, or if `bias` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> x_0, keys = np.array([[1.0, 0.0]]), np.array([[[0.0, 1.0]]])
    >>> [float(kernel(x_0, keys, x_0, keys, bias=bias)[0, 0].round(12)) for bias in BIASES]  # query and key apart
    [1.0, 1.0]
    >>> [float(kernel(x_0, keys, y_0, keys)[0, 0].round(4)) for y_0 in (x_0, -x_0)]  # 2 kappa(1), 2 kappa(0)
    [1.0, 0.3183]
    """
    d, _ = _inputs(x_0, keys)
    _inputs(y_0, y_keys, ("y_0", "y_keys"), d), check.choice(BIASES, bias=bias)
    check.alike_dtype(x_0=x_0, y_0=y_0)
    pairs = y_keys.shape[0] * y_keys.shape[1] * keys.shape[1]
    blocks = _blocks(x_0.shape[0], pairs if bias == "zero" else 64 * pairs)
    xp, others = array_namespace(x_0, keys, y_0, y_keys), (_lift(y_0), _lift(y_keys))
    parts = [_pairs(_lift(x_0[rows, :]), _lift(keys[rows, :, :]), *others, bias) for rows in blocks]
    return _reached("kernels", xp.concat(parts, axis=0))


def _pairs(x_0, x, y_0, y, bias):
    """The kernel of lifted inputs: what is between keys has the axes [n, N, m, L]."""
    xp = array_namespace(x_0, x, y_0, y)
    s = 0.5 * length(x_0) * length(x)[..., 0]
    t = 0.5 * length(y_0) * length(y)[..., 0]  # (random_feature_attention-13)
    queries = unit(x_0, axis=-1) @ xp.matrix_transpose(unit(y_0, axis=-1))
    keys = xp.tensordot(unit(x, axis=-1), unit(y, axis=-1), axes=((2,), (2,)))
    c = xp.clip(queries[:, None, :, None] * keys, -1.0, 1.0)  # (random_feature_attention-14)
    if bias == "zero":
        kappa, _ = wide.expectations(c, xp.ones_like(c), xp.ones_like(c), "relu")
    else:
        a, b = _mean(x_0, x)[:, :, None, None], _mean(y_0, y)
        kappa = rectified_product(a, b, c)
    lengths = (length(x)[..., 0] * s)[:, :, None, None] * (length(y)[..., 0] * t)
    return xp.mean(keys * kappa * lengths, axis=(1, 3))  # (random_feature_attention-16)


def _mean(x_0, x):
    """Mean of the preactivations of the biased model over their standard deviation."""
    xp = array_namespace(x_0, x)
    query, key = unit(x_0, axis=-1)[:, None, :-1], unit(x, axis=-1)[:, :, :-1]
    return 2 * xp.sum(query * key, axis=-1)  # (random_feature_attention-17)


@cache
def _nodes():
    """Gauss-Legendre nodes in (0, 1), pressed towards 0, and their weights; NumPy arrays."""
    x, w = import_module("scipy.special").roots_legendre(64)
    x = (1 + x) / 2
    return x**3, 1.5 * x * x * w


def rectified_product(a, b, c):
    """E[relu(a + z) relu(b + z')] of standard normal z and z' with correlation c.

    Parameters
    ----------
    a, b : array
        Means of size at most 10, floating point; those of preactivations over their deviation are within [-2, 2].
    c : array
        Correlations in [-1, 1]. The three have shapes that broadcast.

    Returns
    -------
    array
        Of the broadcast shape. `models.wide.expectations` has it for means of 0, without the integral.

    Raises
    ------
    TypeError, ValueError
        If something is no finite array of floating-point numbers, dtypes differ, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> rectified_product(np.array([0.3, 0.0]), np.array([-0.2, 0.0]), np.array([0.5, 0.5])).round(10)
    array([0.32272229, 0.30449889])
    """
    check.finite(a=a, b=b, c=c), check.broadcast(a=a, b=b, c=c), check.alike_dtype(a=a, b=b, c=c)
    xp = array_namespace(a, b, c)
    for name, x, most in (("a", a, 10), ("b", b, 10), ("c", c, 1)):
        if bool(xp.any(xp.abs(x) > most)):
            raise ValueError(f"{name} must be in [-{most}, {most}], got {float(xp.max(xp.abs(x))):g} in size")
    nodes, weights = (from_numpy(x, like=c) for x in _nodes())
    value = _gain(a) * _gain(b) + c * ndtr(a) * ndtr(b)  # (random_feature_attention-18)
    alpha = xp.acos(c)[..., None]
    way = math.pi / 2 - alpha
    delta = alpha + way * nodes
    apart, along = (a - b)[..., None] / (2 * xp.sin(delta / 2)), (a + b)[..., None] / (2 * xp.cos(delta / 2))
    density = xp.exp(-0.5 * (apart * apart + along * along)) / (2 * math.pi)  # (random_feature_attention-19)
    left = 2 * xp.sin((alpha + delta) / 2) * xp.sin(way * nodes / 2)  # cos(alpha) - cos(delta)
    return value + xp.sum(weights * way * left * density, axis=-1)  # (random_feature_attention-20)


def _gain(a):
    """E[relu(a + z)]."""
    return a * ndtr(a) + array_namespace(a).exp(-0.5 * a * a) / math.sqrt(2 * math.pi)


# Training -----------------------------------------------------------------------------------------------------------


def ridge(Phi, y, *, lam):
    """Least squares with a penalty: the v of least ``|y - Phi v|^2 / n + lam |v|^2``.

    Parameters
    ----------
    Phi : array [n, D]
        Features, floating point, of any scale.
    y : array [n]
        Targets.
    lam : float
        Penalty > 0.

    Returns
    -------
    array [D]
        v, by the singular values of `Phi` itself.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `lam` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> ridge(np.array([[2.0], [0.0]]), np.array([3.0, 5.0]), lam=1.0)
    array([1.])
    """
    check.finite(Phi=Phi, y=y)
    n = check.shapes(Phi=(Phi, "n D"), y=(y, "n"))["n"]
    check.alike_dtype(Phi=Phi, y=y)
    lam, xp = check.positive(lam=lam), array_namespace(Phi, y)
    left, values, right = xp.linalg.svd(Phi, full_matrices=False)
    mu = n * lam  # (random_feature_attention-21)
    some = xp.where(values > 0, values, xp.ones_like(values))
    gain = xp.where(values > 0, 1 / (some + mu / some), xp.zeros_like(values))  # (random_feature_attention-22)
    return _reached("weights", xp.matrix_transpose(right) @ (gain * (xp.matrix_transpose(left) @ y)))


def ridge_path(K, y, K_val, y_val, *, shares=SHARES):
    """Ridge regression in the dual, with many penalties at the price of one, and the best of them on other data.

    Parameters
    ----------
    K : array [n, n]
        Inner products of the features of training data, or `kernel`; symmetric, positive semidefinite.
    y : array [n]
        Targets.
    K_val : array [k, n]
        Inner products of validation and training data.
    y_val : array [k]
        Targets of the validation data.
    shares : sequence of float, default: 10^-7, 10^-6.5, ..., 10
        Penalties mu = n lam, rising, over the largest eigenvalue of `K`.

    Returns
    -------
    Path
        New data are answered by K_new @ dual; the weights are Phi^T dual. Which penalty is best, and whether `K` has a
        positive eigenvalue, is decided on the host.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, `K` is not symmetric or has no positive eigenvalue, or
        `shares` are not positive and rising.

    Examples
    --------
    >>> import numpy as np
    >>> K = np.array([[2.0, 0.0], [0.0, 1.0]])
    >>> path = ridge_path(K, np.array([3.0, 0.0]), K[:1, :], np.array([2.0]), shares=(0.1, 0.5, 2.0))
    >>> path.errors.round(4), path.chosen, path.dual
    (array([0.5289, 0.    , 1.    ]), 1, array([1., 0.]))
    """
    check.finite(K=K, y=y, K_val=K_val, y_val=y_val), check.symmetric(K=K), check.sequence(shares=shares)
    check.shapes(K=(K, "n n"), y=(y, "n"), K_val=(K_val, "k n"), y_val=(y_val, "k"))
    check.alike_dtype(K=K, y=y, K_val=K_val, y_val=y_val)
    shares = [check.positive(shares=share) for share in shares]
    if any(b <= a for a, b in pairwise(shares)):
        raise ValueError(f"shares must be rising, got {shares}")
    xp = array_namespace(K, y, K_val, y_val)
    values, vectors = xp.linalg.eigh(K)
    top = float(values[-1])
    if not top > 0:
        raise ValueError("K must have a positive eigenvalue, got none")
    values, along = xp.clip(values, 0.0, None), xp.matrix_transpose(vectors) @ y
    seen, errors, duals = K_val @ vectors, [], []
    for share in shares:
        mu = share * top  # (random_feature_attention-23)
        solved = along / (values + mu)  # (random_feature_attention-24)
        errors.append(xp.mean((seen @ solved - y_val) ** 2))  # (random_feature_attention-25)
        duals.append(solved)
    errors = xp.stack(errors)
    chosen = int(xp.argmin(errors))  # (random_feature_attention-26)
    return Path(errors, chosen, vectors @ duals[chosen])


def project(v, *, K1, K2):
    """The nearest values within both bounds of the paper.

    Parameters
    ----------
    v : array [M, e]
        Value vectors, floating point.
    K1, K2 : float
        > 0. The lengths of the value vectors add up to at most sqrt(M) K1, their squares to at most K2: the paper's K1
        and K2 / M, where values are not multiplied by the root of M.

    Returns
    -------
    array [M, e]
        Shorter vectors of the same directions.

    Raises
    ------
    TypeError, ValueError
        If `v` is no such array or not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> v = np.array([[3.0, 0.0], [0.0, 4.0]])
    >>> project(v, K1=9.0, K2=1.0), project(v, K1=0.5**0.5, K2=9.0)  # the squares; the lengths
    (array([[0.6, 0. ],
           [0. , 0.8]]), array([[0., 0.],
           [0., 1.]]))
    """
    check.finite(v=v)
    M = check.shapes(v=(v, "M e"))["M"]
    K1, K2 = check.positive(K1=K1, K2=K2)
    xp, r = array_namespace(v), length(v)[:, 0]
    most, radius = math.sqrt(M) * K1, math.sqrt(K2)  # (random_feature_attention-27)
    tau = _threshold(r, most, radius)
    left = xp.clip(r - tau, 0.0, None)  # (random_feature_attention-30)
    shrunk = left * (radius / xp.clip(length(left), radius, None))  # (random_feature_attention-31)
    return v * (shrunk / xp.where(r > 0, r, xp.ones_like(r)))[:, None]


def _threshold(r, most, radius):
    """What lengths r >= 0 lose, so that they add up to at most `most` once they are within the ball."""
    xp, rho = array_namespace(r), (most / radius) ** 2
    size = xp.where(xp.max(r) > 0, xp.max(r), xp.ones_like(r[0]))
    r, most, radius = r / size, most / size, radius / size
    ranked = xp.flip(xp.sort(r))
    k = xp.astype(xp.arange(1, r.shape[0] + 1, device=device(r)), r.dtype)
    means = xp.cumulative_sum(ranked) / k
    tau = xp.clip(xp.max(means - most / k), 0.0, None)  # (random_feature_attention-28)
    # Where both bounds hold, the ratio of sum and norm of what is left is that of the bounds; those above the threshold
    # are the first ones at whose lengths, as thresholds, that ratio is not reached.
    above = means - ranked
    variance = xp.clip(xp.cumulative_sum(ranked * ranked) / k - means * means, 0.0, None)
    fewer = k * above * above <= rho * (variance + above * above)
    free = xp.where(k > rho, k - rho, xp.ones_like(k))
    each = means - xp.sqrt(xp.where(k > rho, rho * variance / free, 0.0 * k))  # (random_feature_attention-29)
    both = xp.sum(xp.where(k == xp.max(xp.where(fewer, k, 1.0 + 0.0 * k)), each, 0.0 * k))
    within = length(xp.clip(r - tau, 0.0, None)) <= radius
    inside = xp.sum(r) * (radius / xp.clip(length(r), radius, None)) <= most
    return size * xp.where(inside, 0.0 * tau, xp.where(within, tau, both))


def constrained_step(v, phi, y, *, lr, K1, K2):
    """A step of projected gradient descent on the mean squared error.

    Parameters
    ----------
    v : array [M, e]
        Value vectors.
    phi : array [n, M, e]
        Features.
    y : array [n]
        Targets.
    lr : float
        Step size > 0; below n over the largest eigenvalue of Phi Phi^T the error never rises.
    K1, K2
        As for `project`.

    Returns
    -------
    array [M, e]
        Value vectors after the step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a number is out of range, or the step leaves the range
        of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> phi, y = np.array([[[1.0, 0.0]], [[0.0, 2.0]]]), np.array([1.0, 1.0])
    >>> constrained_step(np.zeros((1, 2)), phi, y, lr=0.5, K1=10.0, K2=100.0)
    array([[0.5, 1. ]])
    """
    check.finite(v=v, phi=phi, y=y)
    n = check.shapes(v=(v, "M e"), phi=(phi, "n M e"), y=(y, "n"))["n"]
    check.alike_dtype(v=v, phi=phi, y=y)
    lr, xp = check.positive(lr=lr), array_namespace(v, phi, y)
    off = xp.sum(phi * v, axis=(1, 2)) - y
    grad = (2 / n) * xp.sum(off[:, None, None] * phi, axis=0)  # (random_feature_attention-32)
    return project(_reached("values", v - lr * grad), K1=K1, K2=K2)  # (random_feature_attention-33)


def fit_constrained(phi, y, *, K1, K2, steps, lr=None):
    """Projected gradient descent from 0, `steps` times.

    Parameters
    ----------
    phi, y, K1, K2
        As for `constrained_step`.
    steps : int
        >= 0.
    lr : float, optional
        Step size. Default: n / 2 over the largest eigenvalue of Phi Phi^T, one over the largest curvature.

    Returns
    -------
    core.loop.Run
        State: the values [M, e]; the history has them under "v", and the mean squared errors under "loss".

    Raises
    ------
    TypeError, ValueError
        As `constrained_step`, or if `steps` is no whole number >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> phi, y = np.array([[[1.0, 0.0]], [[0.0, 2.0]]]), np.array([1.0, 1.0])
    >>> run = fit_constrained(phi, y, K1=10.0, K2=1.0, steps=100)
    >>> run.state.round(4), float((run.state**2).sum().round(6))
    (array([[0.8757, 0.4829]]), 1.0)
    """
    check.finite(phi=phi, y=y)
    n, M, e = (check.shapes(phi=(phi, "n M e"), y=(y, "n"))[axis] for axis in "nMe")
    xp = array_namespace(phi, y)
    if lr is None:
        flat = xp.reshape(phi, (n, M * e))
        largest = float(xp.linalg.matrix_norm(flat, ord=2))
        lr = n / (2 * largest**2) if largest else 1.0

    def record(v):
        return {"v": v, "loss": xp.mean((xp.sum(phi * v, axis=(1, 2)) - y) ** 2)}

    def step(v, _):
        return constrained_step(v, phi, y, lr=lr, K1=K1, K2=K2)

    return iterate(step, xp.zeros_like(phi[0, :, :]), steps=steps, record=record)


# Checks -------------------------------------------------------------------------------------------------------------


def _inputs(x_0, keys, names=("x_0", "keys"), d=None, **more):
    """A query and its keys, and what has axes M and e = d + 1; their numbers d and N."""
    arrays = dict(zip(names, (x_0, keys), strict=True))
    check.finite(**arrays, **{name: value for name, (value, _) in more.items()})
    d = x_0.shape[-1] if d is None and x_0.ndim else d
    axes = {names[0]: (x_0, f"n {d}"), names[1]: (keys, f"n N {d}")}
    sizes = check.shapes(**axes, **{name: (value, form.format(e=d + 1)) for name, (value, form) in more.items()})
    check.alike_dtype(**arrays, **{name: value for name, (value, _) in more.items()})
    return d, sizes["N"]


def _weights(x_0, w, p):
    check.finite(w=w), check.shapes(w=(w, f"M {p}")), check.alike_dtype(x_0=x_0, w=w)
