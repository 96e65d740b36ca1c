"""Transformers as support vector machines (Tarzanagh et al., 2023, arXiv:2308.16898).

Softmax attention reaches its least loss only at infinite weights, so what gradient descent finds is a direction, that
of the hard-margin SVM between the tokens it selects and all others, of least Frobenius norm if W is trained and of
least nuclear norm if K and Q are.
"""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.linalg import least_squares, magnitude, nnls, prox_nuclear, unit
from refimpl.core.loop import iterate
from refimpl.core.special import sigmoid, softmax

MATRIX = (-2, -1)  # the axes of a matrix, behind those of runs side by side
BALLS = ("frobenius", "nuclear")
NO_WEIGHT = 1e-7  # a residual below it: no W separates the tokens, unless one 1e7 times as long as a token needs


class Attention(NamedTuple):
    """What the layer does with given weights."""

    loss: Array  # 0-d, or [R] of R runs side by side
    attention: Array  # [n, T] softmax weights of the tokens of each input
    grad: Array  # [d, d] gradient of the loss in W


class Factors(NamedTuple):
    """Keys and queries: W = K Q^T."""

    K: Array  # [d, m] multiplies tokens
    Q: Array  # [d, m] multiplies queries


class SVM(NamedTuple):
    """The least matrix that separates the selected token of each input from the others."""

    W: Array  # [d, d]; NaN if there is none
    margins: Array  # [n, T] of the selected token over each other one, >= 1; 0 over itself; NaN if there is no W
    multipliers: Array  # [n, T] mu >= 0, not 0 at support tokens alone; of `svm_nuclear` as they are before the factor
    # 1 / max(1, ...) of (attention_svm-14) makes them feasible for the dual; NaN if there is no W
    value: float  # the norm of W; infinite if there is none
    feasible: bool  # whether there is one
    gap: float  # by how much `value` may be above the least, relatively


# The layer -----------------------------------------------------------------------------------------------------------


def _attend(W, X, Z):
    """a, the weights of the tokens."""
    xp = array_namespace(W, X, Z)
    keys = Z @ xp.matrix_transpose(W)
    return softmax(xp.vecdot(X, keys[..., None, :]))  # (attention_svm-1)


def _pull(a, p):
    """(diag(a) - a a^T) p, pair by pair: a (p - a^T p) would lose what tells a token of weight 1 from the others."""
    xp = array_namespace(a, p)
    return a * xp.sum(a[..., None, :] * (p[..., :, None] - p[..., None, :]), axis=-1)  # (attention_svm-3)


def _gradient(a, p, u, X, Z):
    """Gradient in W of the mean of log(1 + exp(-u)), where p is the slope of u in a."""
    xp = array_namespace(a, p, u, X, Z)
    slope, q = -sigmoid(-u), _pull(a, p)
    rows = xp.matmul((slope[..., None] * q)[..., None, :], X)[..., 0, :]
    return xp.matrix_transpose(rows) @ Z / X.shape[-3]  # (attention_svm-4)


def _grad(W, X, Z, gamma):
    """The gradient alone, unchecked."""
    a = _attend(W, X, Z)
    return _gradient(a, gamma, array_namespace(a, gamma).vecdot(gamma, a), X, Z)


def _checked(X, Z, gamma=None, **weights):
    """Shapes, and no entry that is not finite; one axis of runs may stand before all."""
    scores = {} if gamma is None else {"gamma": gamma}
    check.finite(X=X, Z=Z, **scores, **weights)
    runs = "R " if len(X.shape) == 4 else ""
    shapes = {"X": (X, f"{runs}n T d"), "Z": (Z, f"{runs}n d")}
    shapes |= {name: (x, f"{runs}n T") for name, x in scores.items()}
    sizes = check.shapes(
        **shapes, **{name: (x, f"{runs}d {'d' if name == 'W' else 'm'}") for name, x in weights.items()}
    )
    check.alike_dtype(X=X, Z=Z, **scores, **weights)
    return sizes


def loss_grad(W, X, Z, gamma):
    """Loss of one-layer attention with a fixed linear head, and its gradient.

    Parameters
    ----------
    W : array, shape [d, d] or [R, d, d], floating point
        Key-query weights, finite.
    X : array, shape [n, T, d] or [R, n, T, d]
        T tokens of each of n inputs; R runs side by side have inputs of their own.
    Z : array, shape [n, d] or [R, n, d]
        Query of each input. Self-attention: one of its tokens.
    gamma : array, shape [n, T] or [R, n, T]
        Score of each token: what the loss falls with, label times head times token.

    Returns
    -------
    Attention
        The mean of log(1 + exp(-output)), and more.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or an entry is not finite.

    Notes
    -----
    Equations (attention_svm-1) to (attention_svm-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, gamma = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> found = loss_grad(np.zeros((2, 2)), X, Z, gamma)
    >>> found.attention, found.grad.round(6)
    (array([[0.5, 0.5]]), array([[-0.094385,  0.      ],
           [ 0.094385,  0.      ]]))
    """
    check.array(gamma=gamma), _checked(X, Z, gamma, W=W)
    xp, a = array_namespace(W, X, Z, gamma), _attend(W, X, Z)
    u = xp.vecdot(gamma, a)
    loss = xp.mean(xp.logaddexp(-u, xp.zeros_like(u)), axis=-1)  # (attention_svm-2)
    return Attention(loss, a, _gradient(a, gamma, u, X, Z))


# Gradient descent ----------------------------------------------------------------------------------------------------


def _step(W, X, Z, gamma, eta, normalised):
    grad = _grad(W, X, Z, gamma)
    return W - eta * (unit(grad, axis=MATRIX) if normalised else grad)  # (attention_svm-5)


def descend(W, X, Z, gamma, *, steps, eta=0.1, normalised=True, record=None, progress=None):
    """Gradient descent on W.

    Parameters
    ----------
    W, X, Z, gamma : array
        As for `loss_grad`; W is the start.
    steps : int
        >= 0.
    eta : float, default: 0.1
        Step size > 0.
    normalised : bool, default: True
        Whether each step has the length `eta`. The gradient is scaled before its norm is taken; where it has become 0
        by underflow, W stays.
    record : callable, optional
        ``record(W) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its `state` is W.

    Raises
    ------
    TypeError, ValueError
        As `loss_grad`, or if a number is out of range.

    Notes
    -----
    Equation (attention_svm-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, gamma = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> descend(np.zeros((2, 2)), X, Z, gamma, steps=10).state.round(6)
    array([[ 0.707107,  0.      ],
           [-0.707107,  0.      ]])
    """
    check.finite(gamma=gamma)
    _checked(X, Z, gamma, W=W)
    eta, normalised = check.positive(eta=eta), check.flag(normalised=normalised)
    return iterate(
        lambda W, k: _step(W, X, Z, gamma, eta, normalised), W, steps=steps, record=record, progress=progress
    )


def _kq_step(factors, X, Z, gamma, eta, lam):
    xp, (K, Q) = array_namespace(*factors), factors
    grad = _grad(K @ xp.matrix_transpose(Q), X, Z, gamma)
    g_K, g_Q = grad @ Q + 2 * lam * K, xp.matrix_transpose(grad) @ K + 2 * lam * Q  # (attention_svm-9)
    return Factors(K - eta * unit(g_K, axis=MATRIX), Q - eta * unit(g_Q, axis=MATRIX))  # (attention_svm-10)


def update_kq(factors, X, Z, gamma, *, eta=0.1, lam=2.2e-16):
    """One step of normalised gradient descent on K and Q, both from the old pair, each with a norm of its own.

    Parameters
    ----------
    factors : Factors
        K and Q, [d, m] or [R, d, m], not both 0.
    X, Z, gamma : array
        As for `loss_grad`.
    eta : float, default: 0.1
        Step size > 0.
    lam : float, default: 2.2e-16
        Weight >= 0 of the squared norms of K and Q in the loss.

    Returns
    -------
    Factors
        After the step.

    Raises
    ------
    TypeError, ValueError
        As `loss_grad`, or if K and Q are not alike or both 0, or a number is out of range.

    Notes
    -----
    Equations (attention_svm-9) and (attention_svm-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, gamma = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> K, Q = update_kq(Factors(np.zeros((2, 1)), np.ones((2, 1))), X, Z, gamma)
    >>> K.ravel().round(6), Q.ravel()
    (array([ 0.070711, -0.070711]), array([0.92928932, 0.92928932]))
    """
    factors = check.fields(Factors, factors=factors)
    check.finite(gamma=gamma)
    _checked_kq(factors, X, Z, gamma)
    return _kq_step(factors, X, Z, gamma, check.positive(eta=eta), check.nonnegative(lam=lam))


def _checked_kq(factors, X, Z, gamma):
    _checked(X, Z, gamma, K=factors.K, Q=factors.Q)
    check.like(factors.K, Q=factors.Q)
    if not any(bool(array_namespace(x).any(x != 0)) for x in factors):
        raise ValueError("K and Q must not both be 0, from where nothing moves")


def descend_kq(factors, X, Z, gamma, *, steps, eta=0.1, lam=2.2e-16, record=None, progress=None):
    """`update_kq` again and again.

    Parameters
    ----------
    factors, X, Z, gamma, eta, lam
        As for `update_kq`.
    steps, record, progress
        As for `descend`, with `Factors` in place of W.

    Returns
    -------
    core.loop.Run
        Its `state` is a `Factors`.

    Raises
    ------
    TypeError, ValueError
        As `update_kq`.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, gamma = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> K, Q = descend_kq(Factors(np.zeros((2, 1)), np.ones((2, 1))), X, Z, gamma, steps=100).state
    >>> cosine(K @ Q.T, np.array([[1.0, 0.0], [-1.0, 0.0]])).round(4)
    np.float64(0.9996)
    """
    factors = check.fields(Factors, factors=factors)
    check.finite(gamma=gamma)
    _checked_kq(factors, X, Z, gamma)
    eta, lam = check.positive(eta=eta), check.nonnegative(lam=lam)
    return iterate(
        lambda pair, k: _kq_step(pair, X, Z, gamma, eta, lam), factors, steps=steps, record=record, progress=progress
    )


# Support vector machines ---------------------------------------------------------------------------------------------


def _constraints(X, Z, alpha):
    """A [n T, d d] and h [n T] of A vec(W) >= h, on the host in double precision; for a token over itself 0 >= 0.

    Tokens and queries are divided by powers of two, which come with them, so that their largest entries are near 1.
    """
    X, Z, alpha = to_numpy(X).astype(float), to_numpy(Z).astype(float), to_numpy(alpha)
    xp = array_namespace(X, Z, alpha)
    size = magnitude(X), magnitude(Z)
    X, Z = X / size[0], Z / size[1]
    chosen = xp.arange(X.shape[1]) == alpha[:, None]
    best = xp.take_along_axis(X, alpha[:, None, None], axis=1)
    A = (best - X)[..., None] * Z[:, None, None, :]  # (attention_svm-6)
    return A.reshape(chosen.size, -1), 1.0 - chosen.reshape(-1), size


def _least_distance(A, h):
    """The shortest w with A w >= h, its multipliers, and whether there is one; on the host.

    In units in which the rows have length 1 and the farthest of their half-spaces is at distance 1.
    """
    xp, length = array_namespace(A, h), _row_lengths(A)
    A, h = A / length[:, None], h / length
    far = float(abs(h).max()) or 1.0
    E = xp.concat([A.T, h[None, :] / far])
    e = xp.concat([xp.zeros(A.shape[1]), xp.ones(1)])
    u = nnls(E, e)
    r = E @ u - e  # (attention_svm-7)
    if float(xp.linalg.vector_norm(r)) < NO_WEIGHT:
        return xp.nan * r[:-1], xp.nan * u, False
    tight = xp.where(u > 0, 1.0, 0.0)
    w = least_squares(A * tight[:, None], h * tight)  # (attention_svm-8)
    return w, -far * u / length / r[-1], True


def _row_lengths(A):
    """Of rows that are 0, or within rounding of it, the length of the longest: they stay what they are."""
    xp = array_namespace(A)
    length = xp.linalg.vector_norm(A, axis=1)
    longest = float(length.max()) or 1.0
    return xp.where(length > NO_WEIGHT * longest, length, longest)


def _checked_selection(X, Z, alpha):
    """Shapes of one set of inputs, and a token for each."""
    _checked(X, Z)
    sizes = check.shapes(X=(X, "n T d"), Z=(Z, "n d"), alpha=(alpha, "n"))
    if sizes["T"] < 2:
        raise ValueError("X must have at least 2 tokens for each input, for one alone has no rival, got 1")
    _checked_tokens(alpha, sizes["T"])


def _checked_tokens(alpha, T):
    """Integers in [0, T)."""
    if not array_namespace(alpha).isdtype(alpha.dtype, "integral"):
        raise TypeError(f"alpha must be integers, got dtype {alpha.dtype}")
    places = to_numpy(alpha)
    if places.min() < 0 or places.max() >= T:
        raise ValueError(f"alpha must be in [0, {T}), got values from {places.min()} to {places.max()}")


def svm_frobenius(X, Z, alpha):
    """The matrix of least Frobenius norm that gives the selected tokens a margin of 1 over all others.

    Solved exactly, as nonnegative least squares on the host (`core.linalg.nnls`), whatever the library.

    Parameters
    ----------
    X : array, shape [n, T, d], floating point
        Tokens, T >= 2, of any scale; what differs by less than 1e-7 of the largest difference is taken for one token.
    Z : array, shape [n, d]
        Queries.
    alpha : array, shape [n], integers
        Which token of each input is selected.

    Returns
    -------
    SVM
        With NaN for W if no matrix separates the tokens.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `alpha` names no token.

    Notes
    -----
    Equations (attention_svm-6) to (attention_svm-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]])
    >>> found = svm_frobenius(X, Z, np.array([0]))
    >>> found.W.round(8), found.margins
    (array([[ 0.5,  0. ],
           [-0.5,  0. ]]), array([[0., 1.]]))
    >>> svm_frobenius(np.ones((1, 2, 2)), Z, np.array([0])).feasible
    False
    """
    _checked_selection(X, Z, alpha)
    A, h, size = _constraints(X, Z, alpha)
    w, mu, feasible = _least_distance(A, h)
    value = float(array_namespace(w).linalg.vector_norm(w)) if feasible else float("inf")
    return _as_svm(X, A, w, mu, size, value, feasible, 0.0)


def _as_svm(X, A, w, mu, size, value, feasible, gap):
    """From the host and unit size to the library and the scale of X."""
    n, T, d = X.shape
    margins, most = A @ w, float(array_namespace(X).finfo(X.dtype).max)
    for scale in size:
        w, value = _divided(w, scale, most), value / scale
        mu = _divided(_divided(mu, scale, most), scale, most)
    W, margins, mu = (from_numpy(x, like=X) for x in (w.reshape(d, d), margins.reshape(n, T), mu.reshape(n, T)))
    return SVM(W, margins, mu, value, feasible, gap)


def _divided(x, scale, most):
    """x over a scale, up to the end of the range: multipliers go with the square of it."""
    return array_namespace(x).clip(x, -most * scale, most * scale) / scale


def svm_nuclear(X, Z, alpha, *, tol=1e-5, rounds=1000):
    """The same with the least nuclear norm; it need not be unique.

    By alternating directions (ADMM) on the host in double precision, until a dual bound proves that the value is near.

    Parameters
    ----------
    X, Z, alpha : array
        As for `svm_frobenius`.
    tol : float, default: 1e-5
        Relative gap > 0 at which to stop.
    rounds : int, default: 1000
        At most so many, >= 1; then `gap` says how near it has come.

    Returns
    -------
    SVM
        Its W keeps the margins, exactly but for rounding.

    Raises
    ------
    TypeError, ValueError
        As `svm_frobenius`, or if a number is out of range, or no matrix separates the tokens.

    Notes
    -----
    Equations (attention_svm-11) to (attention_svm-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]])
    >>> found = svm_nuclear(X, Z, np.array([0]))
    >>> found.W.round(4) + 0.0, round(found.value, 4)
    (array([[ 0.5,  0. ],
           [-0.5,  0. ]]), 0.7071)
    """
    _checked_selection(X, Z, alpha)
    tol, rounds = check.positive(tol=tol), check.integer(rounds=rounds, minimum=1)
    A, h, size = _constraints(X, Z, alpha)
    w, mu, feasible = _least_distance(A, h)
    if not feasible:
        raise ValueError("alpha must select tokens that some W separates from the others, got a selection without one")
    xp, square = array_namespace(w), (X.shape[2], X.shape[2])
    S = w.reshape(square)
    U, rho = 0.0 * S, 2 / float(xp.linalg.matrix_norm(S, ord=2))
    for _ in range(rounds):
        W = prox_nuclear(S - U, 1 / rho)  # (attention_svm-11)
        away, mu, _ = _least_distance(A, h - A @ (W + U).reshape(-1))
        S = W + U + away.reshape(square)  # (attention_svm-12)
        U = U + W - S  # (attention_svm-13)
        price = rho * mu
        steepest = float(xp.linalg.matrix_norm((A.T @ price).reshape(square), ord=2))
        bound = float(h @ price) / max(1.0, steepest)  # (attention_svm-14)
        value = float(xp.sum(xp.linalg.svdvals(S)))
        gap = 1 - bound / value
        if gap <= tol:
            break
    return _as_svm(X, A, S.reshape(-1), price, size, value, True, gap)


def selected(attention):
    """The token of the largest weight of each input, [..., n] integers, from weights [..., n, T].

    Examples
    --------
    >>> import numpy as np
    >>> selected(np.array([[0.2, 0.8], [0.6, 0.4]]))
    array([1, 0])
    """
    check.finite(attention=attention)
    return array_namespace(attention).argmax(attention, axis=-1)


def locally_optimal(gamma, alpha, svm, *, tol=1e-6):
    """Whether each selected token has a larger score than the support tokens of its input.

    Parameters
    ----------
    gamma : array, shape [n, T], floating point
        Scores.
    alpha : array, shape [n], integers
        The selection.
    svm : SVM
        Of that selection: by `svm_frobenius` if W is trained, by `svm_nuclear` if K and Q are.
    tol : float, default: 1e-6
        A token whose margin is within it of 1 is a support token.

    Returns
    -------
    bool
        False too where no W separates the selection.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, `alpha` names no token, or `tol` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, alpha = np.array([[[1.0, 0.0], [0.0, 1.0], [-9.0, 0.0]]]), np.array([[1.0, 0.0]]), np.array([0])
    >>> found = svm_frobenius(X, Z, alpha)
    >>> [locally_optimal(np.array([scores]), alpha, found) for scores in ([1.0, 0.0, 2.0], [1.0, 2.0, 0.0])]
    [True, False]
    """
    svm = check.fields(SVM, svm=svm, infinite=("W", "margins", "multipliers", "value"))
    check.finite(gamma=gamma), check.floating(margins=svm.margins)
    check.nonnegative(infinite=True, value=svm.value)
    sizes = check.shapes(gamma=(gamma, "n T"), alpha=(alpha, "n"), margins=(svm.margins, "n T"))
    _checked_tokens(alpha, sizes["T"])
    tol, xp = check.nonnegative(tol=tol), array_namespace(gamma, alpha)
    own = xp.take_along_axis(gamma, alpha[:, None], axis=1)
    support = (svm.margins > 0) & (svm.margins <= 1 + tol)
    return svm.feasible and not bool(xp.any(support & (gamma >= own)))


def cosine(A, B):
    """Correlation of the directions of matrices [..., d, d]: the sum of the products of their entries, over both norms.

    Examples
    --------
    >>> import numpy as np
    >>> cosine(np.eye(2), np.ones((2, 2))).round(6)
    np.float64(0.707107)
    """
    check.finite(A=A, B=B)
    check.like(A, B=B)
    xp = array_namespace(A, B)
    return xp.sum(unit(A, axis=MATRIX) * unit(B, axis=MATRIX), axis=MATRIX)


# The regularisation path ---------------------------------------------------------------------------------------------


def project_frobenius(W, R):
    """Nearest matrix whose Frobenius norm is at most R; arguments and errors as for `project_nuclear`.

    Examples
    --------
    >>> import numpy as np
    >>> project_frobenius(np.array([[3.0, 4.0], [0.0, 0.0]]), 1.0)
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    xp, R = array_namespace(W), _checked_ball(W, R)
    direction = unit(W, axis=MATRIX)
    norm = xp.sum(direction * W, axis=MATRIX, keepdims=True)
    return xp.where(norm > R, R * direction, W)


def project_nuclear(W, R):
    """Nearest matrix whose singular values add up to at most R.

    Parameters
    ----------
    W : array, shape [d, d] or [R, d, d], floating point
        One matrix, or those of runs side by side.
    R : float
        Radius > 0.

    Returns
    -------
    array
        Like `W`.

    Raises
    ------
    TypeError, ValueError
        If `W` is no such array or not finite, or `R` is not > 0.

    Notes
    -----
    Equation (attention_svm-15) of the documentation: all singular values shrink by the same, but not below 0.

    Examples
    --------
    >>> import numpy as np
    >>> project_nuclear(np.diag([3.0, 1.0, 0.5]), 3.0).round(8) + 0.0
    array([[2.5, 0. , 0. ],
           [0. , 0.5, 0. ],
           [0. , 0. , 0. ]])
    """
    xp, R = array_namespace(W), _checked_ball(W, R)
    left, s, right = xp.linalg.svd(W, full_matrices=False)
    count = xp.arange(1, s.shape[-1] + 1, dtype=s.dtype, device=device(s))
    theta = xp.max((xp.cumulative_sum(s, axis=-1) - R) / count, axis=-1, keepdims=True)  # (attention_svm-15)
    s = xp.clip(s - xp.clip(theta, min=0.0), min=0.0)
    return (left * s[..., None, :]) @ right


def _checked_ball(W, R):
    check.finite(W=W)
    check.shapes(W=(W, "R d k" if len(W.shape) == 3 else "d k"))
    return check.positive(R=R)


def path(X, Z, gamma, radii, *, ball="frobenius", steps=1500):
    """Matrices of least loss in balls of growing radius, by projected normalised gradient descent.

    Parameters
    ----------
    X, Z, gamma : array
        As for `loss_grad`.
    radii : sequence of float
        > 0; each starts from the matrix of the one before.
    ball : {"frobenius", "nuclear"}, default: "frobenius"
        Which norm is bounded. The nuclear ball is that of K Q^T with squared norms of K and Q of at most 2 R in all.
    steps : int, default: 1500
        For each radius, >= 1.

    Returns
    -------
    list of array
        W [d, d] or [R, d, d] for each radius.

    Raises
    ------
    TypeError, ValueError
        As `loss_grad`, or if `ball` is unknown or a number is out of range.

    Notes
    -----
    Equation (attention_svm-16) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Z, gamma = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]])
    >>> path(X, Z, gamma, [2.0], steps=50)[0].round(4)
    array([[ 1.4142,  0.    ],
           [-1.4142,  0.    ]])
    """
    check.finite(gamma=gamma)
    _checked(X, Z, gamma)
    check.choice(BALLS, ball=ball)
    steps, project = (
        check.integer(steps=steps, minimum=1),
        project_frobenius if ball == "frobenius" else project_nuclear,
    )
    check.sequence(radii=radii)
    radii = [check.positive(radii=R) for R in radii]
    xp = array_namespace(X, Z, gamma)
    W, found = 0.0 * xp.matrix_transpose(Z) @ Z, []
    for i, R in enumerate(radii):
        W = project(W * (R / radii[i - 1]), R) if i else W
        for k in range(1, steps + 1):
            grad = _grad(W, X, Z, gamma)
            W = project(W - 0.3 * R / k**0.5 * unit(grad, axis=MATRIX), R)  # (attention_svm-16)
        found.append(W)
    return found
