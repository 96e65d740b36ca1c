"""Other merges of task vectors: average, task arithmetic, TIES, Fisher, RegMean.

All but RegMean give a vector that is added to the start model.
"""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device


class Ties(NamedTuple):
    """What TIES merges to."""

    merged: Array  # [P]
    kept: Array  # [N, P] booleans: which entries are among the largest of their task vector


def average(V, weights=None):
    """Weighted mean of task vectors.

    Parameters
    ----------
    V : array [N, P]
        Task vectors, floating point.
    weights : array [N], optional
        >= 0 and not all 0; default: all alike.

    Returns
    -------
    array [P]
        Merged vector.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a weight is negative, or all are 0.

    Examples
    --------
    >>> import numpy as np
    >>> average(np.eye(2), np.array([1.0, 3.0]))
    array([0.25, 0.75])
    """
    _vectors(V)
    xp = array_namespace(V)
    w = xp.ones(V.shape[0], dtype=V.dtype, device=device(V)) if weights is None else _weights(V, weights=weights)
    shares = w / xp.max(w)
    return xp.sum((shares / xp.sum(shares))[:, None] * V, axis=0)  # (self_positioning-32)


def task_arithmetic(V, *, lam=0.4):
    """Sum of task vectors times a number (Ilharco et al., 2023).

    Parameters
    ----------
    V : array [N, P]
        Task vectors, floating point.
    lam : float, default: 0.4
        Of any sign.

    Returns
    -------
    array [P]
        Merged vector.

    Raises
    ------
    TypeError, ValueError
        If `V` is no such array, or an entry, `lam` or an answer is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> task_arithmetic(np.array([[1.0, 2.0], [3.0, -2.0]]), lam=0.5)
    array([2., 0.])
    """
    _vectors(V)
    lam, xp = check.number(lam=lam), array_namespace(V)
    return check.reached("V and lam", "an answer", lam * xp.sum(V, axis=0))  # (self_positioning-33)


def ties(V, *, density=0.2, lam=1.0):
    """TIES: trim, elect a sign, average what has it (Yadav et al., 2023).

    Parameters
    ----------
    V : array [N, P]
        Task vectors, floating point.
    density : float, default: 0.2
        Share of the entries of each task vector that is kept, in (0, 1]: the largest ones, at least one; of equal ones
        those that come first.
    lam : float, default: 1.0
        What the result is multiplied with.

    Returns
    -------
    Ties
        Where the kept entries of a coordinate add up to 0, the result is 0.

    Raises
    ------
    TypeError, ValueError
        If `V` is no such array, an entry or an answer is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> V = np.array([[0.9, -0.5, 0.1, 0.2, 0.0], [-0.3, 0.6, 0.4, -0.1, 0.05], [-0.8, 0.1, 0.3, 0.2, 0.0]])
    >>> ties(V, density=0.4).merged
    array([0.9 , 0.6 , 0.35, 0.  , 0.  ])
    """
    _vectors(V)
    density, lam, xp = check.share(density=density), check.number(lam=lam), array_namespace(V)
    k = max(1, int(density * V.shape[1]))  # (self_positioning-34)
    kept = _largest(xp.abs(V), k)
    tau = xp.where(kept, V, 0.0)  # (self_positioning-36)
    gamma = xp.sign(xp.sum(tau, axis=0))  # (self_positioning-37)
    agree = kept & (xp.sign(tau) == gamma)  # (self_positioning-38)
    count = xp.astype(xp.sum(xp.astype(agree, xp.int64), axis=0), V.dtype)
    merged = xp.sum(xp.where(agree, tau, 0.0), axis=0) / xp.clip(count, 1.0, None)  # (self_positioning-39)
    return Ties(check.reached("V and lam", "an answer", lam * merged), kept)


def _largest(sizes, k):
    """The k largest of each row; of equal ones those that come first."""
    xp = array_namespace(sizes)
    least = xp.sort(sizes, axis=1)[:, -k:][:, :1]
    above, level = sizes > least, sizes == least
    free = k - xp.sum(xp.astype(above, xp.int64), axis=1, keepdims=True)
    return above | (level & (xp.cumulative_sum(xp.astype(level, xp.int64), axis=1) <= free))  # (self_positioning-35)


def fisher(V, F, weights=None):
    """Mean of task vectors, coordinate by coordinate, weighted by how much each task's loss depends on it.

    Parameters
    ----------
    V : array [N, P]
        Task vectors, floating point.
    F : array [N, P]
        Diagonals of Fisher information matrices, >= 0: means of squared gradients of single instances.
    weights : array [N], optional
        >= 0 and not all 0; default: all alike.

    Returns
    -------
    array [P]
        Merged vector. Where no task depends on a coordinate: their average.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or an entry of `F` or a weight is negative.

    Examples
    --------
    >>> import numpy as np
    >>> fisher(np.array([[1.0, 1.0], [3.0, 3.0]]), np.array([[3.0, 0.0], [1.0, 0.0]]))
    array([1.5, 2. ])
    """
    _vectors(V)
    check.finite(F=F), check.alike_dtype(V=V, F=F), check.no_negative(F=F)
    check.shapes(V=(V, "N P"), F=(F, "N P"))
    xp = array_namespace(V, F)
    w = xp.ones(V.shape[0], dtype=V.dtype, device=device(V)) if weights is None else _weights(V, weights=weights)
    largest = xp.max(F, axis=0)
    weighted = (w / xp.max(w))[:, None] * (F / xp.where(largest > 0, largest, 1.0))
    total = xp.sum(weighted, axis=0)
    shares = xp.where(total > 0, weighted / xp.where(total > 0, total, 1.0), 1 / V.shape[0])  # (self_positioning-40)
    return xp.sum(shares * V, axis=0)  # (self_positioning-41)


def regmean(W, G):
    """The one linear layer whose outputs are nearest to those of N layers, each on its own inputs.

    Parameters
    ----------
    W : array [N, d, p]
        Weights of the layers, floating point; inputs stand in front: x W.
    G : array [N, d, d]
        Gram matrices X^T X of their inputs X [samples, d]: symmetric, positive semidefinite, the sum regular.

    Returns
    -------
    array [d, p]
        Merged weights.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry or an answer is not finite, a Gram matrix is not symmetric, or their
        sum is singular in the arithmetic of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> regmean(np.array([[[1.0]], [[4.0]]]), np.array([[[2.0]], [[1.0]]]))
    array([[2.]])
    """
    check.finite(W=W, G=G), check.alike_dtype(W=W, G=G), check.symmetric(G=G)
    check.shapes(W=(W, "N d p"), G=(G, "N d d"))
    xp = array_namespace(W, G)
    G = G / xp.max(xp.abs(G))
    total = xp.sum(G, axis=0)
    values = xp.linalg.eigvalsh(total)
    if not float(values[0]) > G.shape[1] * float(xp.finfo(G.dtype).eps) * float(values[-1]):
        raise ValueError("G must have a regular sum: some direction is in the inputs of no layer")
    return check.reached("W and G", "an answer", xp.linalg.solve(total, xp.sum(G @ W, axis=0)))  # (self_positioning-42)


def _vectors(V):
    check.finite(V=V), check.shapes(V=(V, "N P"))


def _weights(V, **named):
    """One for each task, not all 0."""
    [(name, weights)] = named.items()
    check.finite(**named), check.alike_dtype(V=V, **named), check.no_negative(**named)
    check.shapes(V=(V, "N P"), **{name: (weights, "N")})
    if not bool(array_namespace(weights).any(weights > 0)):
        raise ValueError(f"{name} must not all be 0")
    return weights
