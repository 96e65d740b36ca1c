"""Data for the experiments with attention and its SVMs, and heads that are not linear."""

from typing import NamedTuple

from refimpl.convex import attention_svm
from refimpl.convex.attention_svm import Attention, _attend, _gradient, _least_distance
from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, describe, from_numpy, to_numpy
from refimpl.core.linalg import least_squares, unit


class Data(NamedTuple):
    """Inputs of one layer, of R runs side by side."""

    X: Array  # [R, n, T, d] tokens
    Z: Array  # [R, n, d] queries
    gamma: Array  # [R, n, T] scores of the tokens, Y v^T x
    v: Array  # [R, d] the head
    Y: Array  # [R, n] labels, 1 or -1


def gaussian(rng, n, T, d, *, like, runs=1):
    """Tokens, queries and head of random directions and length 1, labels by fair coins: the authors' data.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    n, T, d : int
        Inputs, tokens, features, each >= 1.
    like : array
        Whose library, dtype and device to take.
    runs : int, default: 1
        R >= 1.

    Returns
    -------
    Data
        See there.

    Raises
    ------
    TypeError, ValueError
        If a size is no integer >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> gaussian(random.stream(0, "doc"), 3, 4, 5, like=np.zeros(1), runs=2).gamma.shape
    (2, 3, 4)
    """
    n, T, d, runs = check.integer(n=n, T=T, d=d, runs=runs, minimum=1)
    v = unit(random.normal(rng, (runs, d), like=like), axis=-1)
    X = unit(random.normal(rng, (runs, n, T, d), like=like), axis=-1)
    Z = unit(random.normal(rng, (runs, n, d), like=like), axis=-1)
    Y = random.signs(rng, (runs, n), like=like)
    return Data(X, Z, _scores(X, v, Y), v, Y)


def _scores(X, v, Y):
    xp = array_namespace(X, v, Y)
    return Y[..., None] * xp.sum(X * v[..., None, None, :], axis=-1)


def equal_scores(data):
    """The same with scores (1, 0, ..., 0): tokens moved off the head, and the head added to the first one.

    Examples
    --------
    >>> import numpy as np
    >>> data = gaussian(random.stream(0, "doc"), 1, 3, 4, like=np.zeros(1))
    >>> equal_scores(data).gamma.round(12) + 0.0
    array([[[1., 0., 0.]]])
    """
    check.fields(Data, data=data)
    check.shapes(X=(data.X, "R n T d"), Z=(data.Z, "R n d"), v=(data.v, "R d"), Y=(data.Y, "R n"))
    check.shapes(X=(data.X, "R n T d"), gamma=(data.gamma, "R n T"))
    check.alike_dtype(**data._asdict())
    xp, v = array_namespace(*data), data.v[..., None, None, :]
    X = data.X - xp.sum(data.X * v, axis=-1, keepdims=True) * v
    signed = data.Y[..., None] * data.v[..., None, :]
    X = xp.concat([X[..., :1, :] + signed[..., None, :], X[..., 1:, :]], axis=-2)
    return data._replace(X=X, gamma=_scores(X, data.v, data.Y))


def start(rng, shape, *, like):
    """Weights [..., d, m], each uniform within 1 / sqrt(d) of 0.

    Examples
    --------
    >>> import numpy as np
    >>> bool(np.max(np.abs(start(random.stream(0, "doc"), (4, 9), like=np.zeros(1)))) < 0.5)
    True
    """
    check.sequence(shape=shape)
    bound = shape[-2] ** -0.5
    return random.uniform(rng, shape, like=like, low=-bound, high=bound)


# Heads that are not linear -------------------------------------------------------------------------------------------


def relu(V):
    """The head f(u) = sum of max(V^T u, 0), V [..., d, h], as a function u [..., n, d] -> f, its gradient.

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([[1.0, -1.0]]))(np.array([[2.0]]))
    (array([2.]), array([[1.]]))
    """

    check.finite(V=V)

    def head(u):
        xp = array_namespace(u, V)
        hidden = u @ V
        active = xp.astype(hidden > 0, u.dtype)
        return xp.sum(active * hidden, axis=-1), active @ xp.matrix_transpose(V)  # (attention_svm-17)

    return head


def quadratic(v, lam):
    """The head f(u) = v^T u - lam |u|^2, v [..., d], in the same form.

    Examples
    --------
    >>> import numpy as np
    >>> quadratic(np.array([1.0, 0.0]), 0.25)(np.array([[2.0, 0.0]]))
    (array([1.]), array([[0., 0.]]))
    """

    check.finite(v=v)

    check.number(lam=lam)

    def head(u):
        xp, w = array_namespace(u, v), v[..., None, :]
        return xp.sum(w * u - lam * u * u, axis=-1), w - 2 * lam * u  # (attention_svm-18)

    return head


def head_grad(W, X, Z, Y, head):
    """Loss and gradient as `attention_svm.loss_grad` gives them, of a head that need not be linear.

    Parameters
    ----------
    W, X, Z : array
        As for `attention_svm.loss_grad`.
    Y : array, shape [n] or [R, n]
        Labels, 1 or -1.
    head : callable
        ``head(u [..., n, d]) -> f [..., n], gradient [..., n, d]``, such as `relu(V)`.

    Returns
    -------
    Attention
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, Y = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]]), np.array([1.0])
    >>> head_grad(np.zeros((2, 2)), X, Z, Y, quadratic(np.array([1.0, 0.0]), 0.0)).grad.round(6)
    array([[-0.094385,  0.      ],
           [ 0.094385,  0.      ]])
    """
    check.function(head=head)
    attention_svm._checked(X, Z, W=W)
    check.finite(Y=Y)
    check.shapes(X=(X, "R n T d" if len(X.shape) == 4 else "n T d"), Y=(Y, "R n" if len(X.shape) == 4 else "n"))
    check.alike_dtype(X=X, Y=Y)
    xp = array_namespace(W, X, Z, Y)
    a = _attend(W, X, Z)
    f, ahead = _checked_head(head(xp.sum(a[..., None] * X, axis=-2)), Y, Z)
    p = Y[..., None] * xp.sum(X * ahead[..., None, :], axis=-1)  # (attention_svm-19)
    u = Y * f
    return Attention(xp.mean(xp.logaddexp(-u, xp.zeros_like(u)), axis=-1), a, _gradient(a, p, u, X, Z))


def _checked_head(answer, Y, Z):
    """Value and gradient that a head has returned."""
    f, ahead = check.results(2, head=answer)
    check.finite(head=f), check.finite(head=ahead)
    check.like(Y, head=f), check.like(Z, head=ahead)
    return f, ahead


def finite_part(a, X, Z, active):
    """The least matrix under which the active tokens keep the ratios of their weights.

    Parameters
    ----------
    a : array, shape [n, T], floating point
        Attention weights, > 0 at active tokens.
    X, Z : array, shape [n, T, d] and [n, d]
        Tokens and queries.
    active : array, shape [n, T], bool
        Which tokens keep a weight; at least one of each input.

    Returns
    -------
    array, shape [d, d]
        On the host by a singular value decomposition, then in the library of X.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an input has no active token, or an active token has a weight <= 0.

    Notes
    -----
    Equation (attention_svm-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]])
    >>> finite_part(np.array([[0.8, 0.2]]), X, Z, np.ones((1, 2), dtype=bool)).round(4) + 0.0
    array([[ 0.6931,  0.    ],
           [-0.6931,  0.    ]])
    """
    inside, _, logs, _ = _inside_and_outside(a, X, Z, active)
    w = least_squares(inside, logs) if len(logs) else 0.0 * inside.sum(axis=0)  # (attention_svm-20)
    return from_numpy(w.reshape(X.shape[2], -1), like=X)


def divergent_part(a, X, Z, active):
    """The least matrix that gives each active token a margin of 1 over all others, and 0 over each other active one.

    Parameters
    ----------
    a, X, Z, active
        As for `finite_part`; `a` only tells which active token the others are compared with.

    Returns
    -------
    array, shape [d, d]
        NaN if there is none; 0 if all tokens are active.

    Raises
    ------
    TypeError, ValueError
        As `finite_part`.

    Notes
    -----
    Equation (attention_svm-21) of the documentation: the equalities are eliminated by projecting on their null space.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z = np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]), np.array([[1.0, 0.0]])
    >>> active = np.array([[True, True, False]])
    >>> divergent_part(np.array([[0.5, 0.5, 0.0]]), X, Z, active).round(8) + 0.0
    array([[1., 0.],
           [1., 0.]])
    """
    inside, outside, *_ = _inside_and_outside(a, X, Z, active)
    xp = array_namespace(inside)
    if outside.shape[0] == 0:
        return 0.0 * array_namespace(Z).matrix_transpose(Z) @ Z
    w, _, _ = _least_distance(_without(outside, inside), xp.ones(outside.shape[0]))  # (attention_svm-21)
    return from_numpy(w.reshape(X.shape[2], -1), like=X)


def _without(rows, others):
    """Rows [m, D] less their part in the span of others."""
    if not len(others):
        return rows
    _, values, right = array_namespace(others).linalg.svd(others, full_matrices=False)
    right = right[values > 1e-10 * values[0]]
    return rows - rows @ right.T @ right


def mean_constraint(a, X, Z, active, weights=None, W=None):
    """What `divergent_part` is compared with: a mean of its constraints, or `W`, with margin 0 among active tokens.

    Parameters
    ----------
    a, X, Z, active
        As for `finite_part`.
    weights : array, shape [m], optional
        >= 0 and not all 0, of the tokens that are not active, m or more; what is too much is cut off. Default: all
        pairs alike.
    W : array, shape [d, d], optional
        In place of the mean.

    Returns
    -------
    array, shape [d, d]
        See there.

    Raises
    ------
    TypeError, ValueError
        As `finite_part`; if all tokens are active, so that there is no constraint to take the mean of, or the weights
        are too few, negative or all 0.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z = np.array([[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]]), np.array([[1.0, 0.0]])
    >>> active = np.array([[True, True, False]])
    >>> mean_constraint(np.array([[0.5, 0.5, 0.0]]), X, Z, active).round(8) + 0.0
    array([[0.5, 0. ],
           [0.5, 0. ]])
    """
    inside, outside, _, times = _inside_and_outside(a, X, Z, active)
    if W is None:
        row = _mean(outside, times if weights is None else weights)
    else:
        check.finite(W=W), check.shapes(Z=(Z, "n d"), W=(W, "d d"))
        row = to_numpy(W).astype(float).reshape(-1)
    return from_numpy(_without(row[None, :], inside).reshape(X.shape[2], -1), like=X)


def _mean(rows, weights):
    """Weighted mean of the rows of inequalities."""
    if not len(rows):
        raise ValueError("active must leave a token out, of which there is a constraint, got all tokens")
    check.finite(weights=weights), check.shapes(weights=(weights, "m"))
    weights = to_numpy(weights).astype(float)[: len(rows)]
    if len(weights) < len(rows) or weights.min() < 0 or weights.max() == 0:
        raise ValueError(f"weights must be >= 0, not all 0 and {len(rows)} at least, got {describe(weights)}")
    return weights @ rows / weights.sum()


def _inside_and_outside(a, X, Z, active):
    """Rows of equalities and of inequalities, logarithms of the former, pairs for each of the latter; on the host."""
    check.finite(a=a, X=X, Z=Z)
    check.shapes(X=(X, "n T d"), Z=(Z, "n d"), a=(a, "n T"), active=(active, "n T"))
    if not array_namespace(active).isdtype(active.dtype, "bool"):
        raise TypeError(f"active must be booleans, got dtype {active.dtype}")
    a, X, Z = (to_numpy(x).astype(float) for x in (a, X, Z))
    active = to_numpy(active)
    if a[active].min(initial=1.0) <= 0:
        raise ValueError(f"a must be > 0 at active tokens, got {float(a[active].min())!r}")
    if not active.any(axis=1).all():
        raise ValueError("active must have a token of each input")
    xp = array_namespace(a)
    inside, outside, logs, times = [], [], [], []
    for weights, tokens, z, mask in zip(a, X, Z, active, strict=True):
        first = int(xp.argmax(xp.where(mask, weights, -1.0)))
        for t in range(len(weights)):
            row = ((tokens[first] - tokens[t])[:, None] * z[None, :]).reshape(-1)
            if not mask[t]:
                outside.append(row)
                times.append(float(mask.sum()))
            elif t != first:
                inside.append(row)
                logs.append(xp.log(weights[first] / weights[t]))
    wide = lambda rows: xp.asarray(rows, dtype=xp.float64).reshape(len(rows), Z.shape[1] ** 2)
    return wide(inside), wide(outside), *(xp.asarray(x, dtype=xp.float64) for x in (logs, times))
