"""What WTA-CRS is compared with: Bernoulli sampling (Adelman et al., 2021), and rows taken blindly."""

from typing import NamedTuple

from refimpl.attention import wta_crs
from refimpl.attention.wta_crs import Rows
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.models import mlp


class Pair(NamedTuple):
    """The two factors of the weight gradient of a linear layer, H^T G."""

    H: Array  # [B, d_in] its input
    G: Array  # [B, d_out] gradient in its output


def _chances(p, k):
    xp = array_namespace(p)
    scores = wta_crs._scores(xp.take(p, wta_crs._falling(p)), k)
    least = xp.min(scores)
    some = least > 0
    ratios = p / xp.where(some, least, xp.ones_like(least))
    kept = xp.where(some, ratios, xp.astype(p > 0, p.dtype))
    return xp.clip(kept, max=1.0)  # (wta_crs-30)


def chances(p, k):
    """Probabilities in proportion to p, cut at 1, whose sum is k: the chances that each pair is kept.

    Parameters
    ----------
    p : array [m]
        Law of the pairs, floating point.
    k : int
        Mean number of pairs that are kept, 1 <= k < m; fewer if fewer have p > 0.

    Returns
    -------
    array [m]
        1 at the winners of `wta_crs.plan` (and at what ties with them), k_s q_j elsewhere.

    Raises
    ------
    TypeError, ValueError
        As `wta_crs.plan`.

    Notes
    -----
    Equation (wta_crs-30) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> chances(np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05]), 3)
    array([1. , 0.8, 0.4, 0.4, 0.2, 0.2])
    """
    wta_crs.plan(p, k)
    return _chances(p, k)


def bernoulli(p, k, u):
    """Each pair by a coin of its own; arguments as for `wta_crs.wta`, but for u [m], a draw for each pair.

    Returns
    -------
    Rows
        As many as it happens; in increasing order.

    Examples
    --------
    >>> import numpy as np
    >>> bernoulli(np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05]), 3, np.array([0.9, 0.9, 0.1, 0.9, 0.1, 0.9]))
    Rows(indices=array([0, 2, 4]), weights=array([1. , 2.5, 5. ]))
    """
    k, every = wta_crs._asked(p, k, u)
    if every:
        return every
    check.like(p, u=u)
    pi, xp = _chances(p, k), array_namespace(p, u)
    (indices,) = xp.nonzero(u < pi)
    return Rows(indices, 1 / xp.take(pi, indices))  # (wta_crs-31)


def uniform(p, k, u):
    """k different pairs, each with the same chance; arguments as for `bernoulli`, of p only the length counts.

    Examples
    --------
    >>> import numpy as np
    >>> uniform(np.array([0.5, 0.25, 0.25]), 2, np.array([0.9, 0.4, 0.1]))
    Rows(indices=array([2, 1]), weights=array([1.5, 1.5]))
    """
    k, every = wta_crs._asked(p, k, u)
    if every:
        return every
    check.like(p, u=u)
    indices = array_namespace(u).argsort(u)[:k]
    return Rows(indices, array_namespace(p).ones_like(p[:k]) * (p.shape[0] / k))  # (wta_crs-33)


def variance(X, Y, p, k, *, kind):
    """Mean squared error of the two controls, as `wta_crs.variance`; `kind` is "bernoulli" or "uniform".

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = np.array([[2.0, 0, 1, 1], [0, 1, 1, -1]]), np.array([[1.0, 1], [1, 0], [0, 1], [2, 0]])
    >>> p = wta_crs.probabilities(X, Y)
    >>> [round(float(variance(X, Y, p, 2, kind=kind)), 4) for kind in ("bernoulli", "uniform")]
    [13.5711, 16.3333]
    """
    check.choice(("bernoulli", "uniform"), kind=kind)
    ours = wta_crs.variance(X, Y, p, k)  # which checks
    m, xp, squares = p.shape[0], array_namespace(X, Y, p), wta_crs._squares(X, Y)
    if k >= m:
        return ours
    if kind == "bernoulli":
        pi = _chances(p, k)
        left = (1 - pi) / xp.where(pi > 0, pi, xp.ones_like(pi))
        return xp.sum(left * squares)  # (wta_crs-32)
    product = X @ Y
    scatter = xp.clip(xp.sum(squares) - xp.sum(product * product) / m, min=0.0)
    return scatter * (m * (m - k) / (k * (m - 1)))  # (wta_crs-34)


def pairs(params, x, labels):
    """Both factors of the exact weight gradient of each layer of a network with relu.

    Parameters
    ----------
    params : list of Layer
        Of the network.
    x : array [B, d_0]
        A batch, floating point.
    labels : array [B]
        Its classes.

    Returns
    -------
    list of Pair
        The loss is the mean cross-entropy.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> (pair,) = pairs([mlp.Layer(np.array([[1.0, 1.0]]), np.zeros(2))], np.array([[2.0]]), np.array([1]))
    >>> pair.H.T @ pair.G
    array([[ 1., -1.]])
    """
    inputs = [x, *mlp.hidden(params, x, activation="relu")]
    check.shapes(x=(x, "B d"), labels=(labels, "B"))
    check.indices(params[-1].b.shape[0], labels=labels)
    G = wta_crs._slope(inputs[-1] @ params[-1].W + params[-1].b, labels)
    xp, found = array_namespace(x), []
    for (W, _), H in zip(reversed(params), reversed(inputs), strict=True):
        found.append(Pair(H, G))
        G = xp.where(H > 0, G @ xp.matrix_transpose(W), xp.zeros_like(H))
    return found[::-1]
