"""L1-A-MTRL, active multi-task representation learning (Wang et al., 2023, arXiv:2306.02556, Algorithms 1 and 2).

Many source tasks and one target with few samples share a linear representation. If the target's head is a sum of theirs
with coefficients nu, of the least 1-norm, then ``|nu|`` says how many samples each source deserves.
"""

from importlib import import_module
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.linalg import least_squares, magnitude, solve_positive


class Statistics(NamedTuple):
    """What the fit needs of the source data: its cost does not depend on their number."""

    G: Array  # [T, d, d] X_t^T X_t
    g: Array  # [T, d] X_t^T Y_t
    n: Array  # [T] number of samples, in the dtype of G; zeros are allowed


class Representation(NamedTuple):
    """Predictors B w_t. Only B B^T and B W are determined: B may be turned, and W with it."""

    B: Array  # [d, k] orthonormal columns
    W: Array  # [k, T] heads of the source tasks


class Priced(NamedTuple):
    """A design at prices per sample."""

    nu: Array  # [T] relevance
    n: Array  # [T] samples of each task, not rounded
    value: Array  # 0-d, sum of nu_t^2 / n_t


class Found(NamedTuple):
    """What a strategy ends with."""

    theta: Array  # [d] predictor of the target task, B w
    nu: Array  # [T] relevance by which the samples were drawn
    n: Array  # [T] int64, samples of each source task in the last draw


_FINE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}  # the least that HiGHS takes

# Relevance -----------------------------------------------------------------------------------------------------------


def relevance_l1(W, w):
    """Coefficients of the least 1-norm that combine the source heads to the target's; at most k are not 0.

    Parameters
    ----------
    W : array, shape [k, T], floating point
        Heads of the source tasks in columns, of rank k.
    w : array, shape [k]
        Head of the target task, like `W`.

    Returns
    -------
    array, shape [T]
        nu. A vertex of the linear program, which the dual simplex method finds on the host in double precision, where
        the equations of its basis are then solved. Where several nu have the least norm it is one of them.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or the heads do not span all k dimensions.

    Notes
    -----
    Equation (lasso_mtrl-1) of the documentation; the definition of nu^1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> relevance_l1(np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])).round(6)
    array([0. , 0.5, 1. ])
    """
    _heads(W, w)
    matrix, right, T = _host(W), _host(w), W.shape[1]
    hx = array_namespace(matrix)
    left, values, rows = hx.linalg.svd(matrix / magnitude(matrix), full_matrices=False)
    b = left.T @ (right / magnitude(right)) / values  # W nu = w in rows at right angles, because ...
    A = hx.concat([rows, -rows], axis=1)  # ... the solver's tolerances are absolute; nu = p - q with p, q >= 0
    solver = import_module("scipy.optimize").linprog
    found = solver(hx.ones(2 * T), A_eq=A, b_eq=b / magnitude(b), method="highs-ds", options=_FINE)  # (lasso_mtrl-1)
    size = hx.abs(found.x[:T] - found.x[T:])
    basis = hx.eye(T)[:, size > 1e-13 * hx.max(size)]
    nu = basis @ least_squares(matrix @ basis, right) if basis.shape[1] else hx.zeros(T)
    return from_numpy(nu, like=W)


def relevance_l2(W, w):
    """Coefficients of the least 2-norm that combine the source heads to the target's (Chen et al., 2022).

    Parameters
    ----------
    W, w : array, shapes [k, T], [k]
        As for `relevance_l1`.

    Returns
    -------
    array, shape [T]
        nu, in general without a 0.

    Raises
    ------
    TypeError, ValueError
        As for `relevance_l1`.

    Notes
    -----
    Equation (lasso_mtrl-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> relevance_l2(np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])).round(6)
    array([0.166667, 0.666667, 0.833333])
    """
    _heads(W, w)
    return least_squares(W, w)  # (lasso_mtrl-2)


def design_value(W, w, n):
    """How well samples n_t serve the target: the least sum of nu_t^2 / n_t over all nu that make its head.

    Parameters
    ----------
    W, w : array, shapes [k, T], [k]
        As for `relevance_l1`.
    n : array, shape [T], floating point
        Samples of each source task, >= 0; where it is 0 the task takes no part.

    Returns
    -------
    array, shape []
        The value; the excess risk is at most a constant times sigma^2 k (d + T) times it, plus the target's own.

    Raises
    ------
    TypeError, ValueError
        As for `relevance_l1`; if an n is negative, or the sampled tasks alone do not make the target's head: some
        entry is missed by more than 1e-4 of the largest.

    Notes
    -----
    Equation (lasso_mtrl-3) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> W, w = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])
    >>> float(design_value(W, w, np.array([10.0, 30.0, 60.0])).round(6))
    0.025
    """
    xp = _heads(W, w)
    check.finite(n=n)
    check.shapes(W=(W, "k T"), n=(n, "T"))
    check.alike_dtype(W=W, n=n)
    if float(xp.min(n)) < 0:
        raise ValueError(f"n must be >= 0, got {float(xp.min(n))!r}")
    sampled = xp.nonzero(n)[0]
    if sampled.shape[0] == 0:
        raise ValueError("n must be > 0 for some task, got zeros alone")
    scaled = xp.take(W, sampled, axis=1) * xp.sqrt(xp.take(n, sampled))
    x = least_squares(scaled, w)
    if float(xp.max(xp.abs(scaled @ x - w))) > 1e-4 * float(xp.max(xp.abs(w))):
        raise ValueError("n must be > 0 for tasks whose heads make w, but those of the sampled tasks do not")
    return xp.sum(x * x)  # (lasso_mtrl-3)


# Allocation ----------------------------------------------------------------------------------------------------------


def allocate(nu, *, N, floor, p=1):
    """How many samples to draw from each source task: a floor, and a share of the rest in proportion to ``|nu|^p``.

    Parameters
    ----------
    nu : array, shape [T], floating point
        Relevance; all ones for the same number from each.
    N : int
        Budget, >= T times the floor, below 2^53. Less than T samples of it are lost to rounding.
    floor : int
        Least number of samples of a task, >= 0.
    p : {1, 2}, default: 1
        1 for the nu of the least 1-norm (this paper), 2 for that of the least 2-norm (Chen et al., 2022).

    Returns
    -------
    array, shape [T], int64
        n_t, whose sum is at most `N`; computed on the host in double precision, for the sake of large budgets.

    Raises
    ------
    TypeError, ValueError
        If `nu` is not finite or all 0, `N` is below T times the floor, or a number is out of range.

    Notes
    -----
    Equations (lasso_mtrl-4) and (lasso_mtrl-5) of the documentation; Algorithm 1 of the paper, whose maximum with the
    floor exceeds the budget.

    Examples
    --------
    >>> import numpy as np
    >>> allocate(np.array([0.0, -0.5, 1.0]), N=100, floor=10)
    array([10, 33, 56])
    """
    check.finite(nu=nu)
    T = check.shapes(nu=(nu, "T"))["T"]
    N, floor = check.integer(N=N, below=2**53), check.integer(floor=floor)
    check.choice((1, 2), p=p)
    if T * floor > N:
        raise ValueError(f"N must be at least {T} tasks times the floor {floor}, got {N}")
    size = abs(_host(nu))
    xp, most = array_namespace(size), float(size.max())
    if most == 0:
        raise ValueError("nu must not be 0 for every task")
    share = (size / most) ** p  # (lasso_mtrl-4)
    n = floor + xp.floor((N - T * floor) * share / xp.sum(share))  # (lasso_mtrl-5)
    return from_numpy(xp.astype(n, xp.int64), like=nu)


# Fit -----------------------------------------------------------------------------------------------------------------


def statistics(X, y, n):
    """Sufficient statistics of the source data.

    Parameters
    ----------
    X : array, shape [N, d], floating point
        Inputs, those of the first task first.
    y : array, shape [N]
        Outputs.
    n : array, shape [T], integers
        Number of samples of each task, >= 0, of sum N.

    Returns
    -------
    Statistics
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or the numbers do not add up to N.

    Examples
    --------
    >>> import numpy as np
    >>> statistics(np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), np.ones(3), np.array([2, 1])).g
    array([[2., 1.],
           [0., 2.]])
    """
    check.finite(X=X, y=y)
    N = check.shapes(X=(X, "N d"), y=(y, "N"), n=(n, "T"))["N"]
    check.alike_dtype(X=X, y=y)
    xp = array_namespace(X, y)
    if not xp.isdtype(n.dtype, "integral"):
        raise TypeError(f"n must be integers, got dtype {n.dtype}")
    sizes = [check.integer(n=int(size)) for size in n]
    if sum(sizes) != N:
        raise ValueError(f"n must add up to the {N} rows of X, got {sum(sizes)}")
    ends = [sum(sizes[:t]) for t in range(len(sizes) + 1)]
    parts = [(X[a:b, :], y[a:b]) for a, b in pairwise(ends)]
    G = xp.stack([xp.matrix_transpose(x) @ x for x, _ in parts])
    return Statistics(G, xp.stack([z @ x for x, z in parts]), xp.astype(n, X.dtype))


def spectral_start(data, *, k):
    """A first representation: the k leading left singular vectors of the columns g_t / sqrt(n_t).

    Parameters
    ----------
    data : Statistics
        Of the source data.
    k : int
        Dimension of the representation, at most d and T.

    Returns
    -------
    array, shape [d, k]
        B with orthonormal columns, each up to its sign.

    Raises
    ------
    TypeError, ValueError
        As for `fit_representation`.

    Notes
    -----
    Equation (lasso_mtrl-6) of the documentation; ours.

    Examples
    --------
    >>> import numpy as np
    >>> data = statistics(np.eye(2), np.array([3.0, 1.0]), np.array([1, 1]))
    >>> abs(spectral_start(data, k=1)).round(6).T
    array([[1., 0.]])
    """
    check.fields(Statistics, data=data)
    k = _checked(data, k)
    xp = array_namespace(*data)
    columns = data.g / xp.sqrt(xp.clip(data.n, min=1.0))[:, None]  # (lasso_mtrl-6)
    return xp.linalg.svd(xp.matrix_transpose(columns), full_matrices=False)[0][:, :k]


def heads(B, G, g):
    """Best heads for a given representation: least squares, of the least norm where there are fewer samples than k.

    Parameters
    ----------
    B : array, shape [d, k], floating point
        Representation.
    G, g : array, shapes [T, d, d], [T, d]
        As of `Statistics`.

    Returns
    -------
    array, shape [k, T]
        W.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a matrix of `G` is not symmetric.

    Notes
    -----
    Equation (lasso_mtrl-7) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> heads(np.array([[1.0], [0.0]]), np.eye(2)[None] * 4, np.array([[2.0, 1.0]]))
    array([[0.5]])
    """
    check.finite(B=B, G=G, g=g)
    k = check.shapes(B=(B, "d k"), G=(G, "T d d"), g=(g, "T d"))["k"]
    check.symmetric(G=G)
    check.alike_dtype(B=B, G=G, g=g)
    xp = array_namespace(B, G, g)
    inner, right = xp.matrix_transpose(B) @ (G @ B), g @ B
    W = least_squares(inner, right, rtol=64 * k * float(xp.finfo(B.dtype).eps))  # (lasso_mtrl-7)
    return xp.matrix_transpose(W)


def improve(B, data):
    """One round of alternating least squares: the best heads for B, then the best B for those heads.

    Parameters
    ----------
    B : array, shape [d, k], floating point
        Representation.
    data : Statistics
        Of the source data.

    Returns
    -------
    array, shape [d, k]
        The new B, its columns made orthonormal.

    Raises
    ------
    TypeError, ValueError
        As for `heads`, or if the data do not determine B.

    Notes
    -----
    Equations (lasso_mtrl-7) to (lasso_mtrl-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> data = statistics(np.eye(2), np.array([3.0, 1.0]), np.array([2]))
    >>> abs(improve(np.array([[1.0], [0.0]]), data)).round(4).T
    array([[0.9487, 0.3162]])
    """
    check.fields(Statistics, data=data)
    check.finite(B=B), check.shapes(B=(B, "d k"))
    xp, (d, k) = array_namespace(B, *data), B.shape
    W = heads(B, data.G, data.g)
    W = W / magnitude(W)  # B is larger by as much, until its columns have length 1
    products = xp.reshape(W[:, None, :] * W[None, :, :], (k * k, -1))
    blocks = xp.reshape(products @ xp.reshape(data.G, (-1, d * d)), (k, k, d, d))  # (lasso_mtrl-8)
    M = xp.reshape(xp.permute_dims(blocks, (0, 2, 1, 3)), (k * d, k * d))
    try:
        vec = solve_positive(M, xp.reshape(W @ data.g, (-1,)))  # (lasso_mtrl-9)
    except ValueError as error:
        raise ValueError(f"G and g must determine the representation: tasks or samples are too few ({error})") from None
    return xp.linalg.qr(xp.matrix_transpose(xp.reshape(vec, (k, d))))[0]  # (lasso_mtrl-10)


def fit_representation(data, *, k, rounds=15):
    """Joint least squares over all source tasks, by alternating between B and W.

    Parameters
    ----------
    data : Statistics
        Of the source data. Every sample counts alike: nothing is divided by n_t.
    k : int
        Dimension of the representation, at most d and T.
    rounds : int, default: 15
        Of `improve`, >= 0.

    Returns
    -------
    Representation
        B and the best heads for it.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, an n is negative, k is above d or T, or the data do
        not determine the representation.

    Notes
    -----
    Equations (lasso_mtrl-6) to (lasso_mtrl-10) of the documentation; the paper asks for the minimizer and leaves the
    way to it open.

    Examples
    --------
    >>> import numpy as np
    >>> X, theta = np.tile(np.eye(3), (2, 1)), np.array([2.0, 0.0, 1.0])
    >>> data = statistics(X, np.concatenate([theta, -3 * theta]), np.array([3, 3]))
    >>> B, W = fit_representation(data, k=1)
    >>> (B @ W + 0.0).round(6).T[:, [0, 2]]
    array([[ 2.,  1.],
           [-6., -3.]])
    """
    check.fields(Statistics, data=data)
    rounds = check.integer(rounds=rounds)
    B = spectral_start(data, k=k)
    for _ in range(rounds):
        B = improve(B, data)
    return Representation(B, heads(B, data.G, data.g))


def fit_target(B, X, y):
    """Head of the target task for a given representation, by least squares.

    Parameters
    ----------
    B : array, shape [d, k], floating point
        Representation.
    X, y : array, shapes [n, d], [n]
        Samples of the target task.

    Returns
    -------
    array, shape [k]
        w.

    Raises
    ------
    TypeError, ValueError
        As for `heads`.

    Notes
    -----
    Equation (lasso_mtrl-11) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> fit_target(np.array([[1.0], [0.0]]), np.array([[1.0, 5.0], [2.0, 0.0]]), np.array([1.0, 2.0]))
    array([1.])
    """
    check.finite(B=B, X=X, y=y)
    check.shapes(B=(B, "d k"), X=(X, "n d"), y=(y, "n"))
    check.alike_dtype(B=B, X=X, y=y)
    return least_squares(X @ B, y)  # (lasso_mtrl-11)


# Unknown relevance: the Lasso ----------------------------------------------------------------------------------------


def sweep(W, w, nu, *, lam):
    """One sweep of coordinate descent on the Lasso: each coefficient in turn takes its best value.

    Parameters
    ----------
    W, w : array, shapes [k, T], [k]
        Heads of the source tasks and of the target.
    nu : array, shape [T]
        Coefficients.
    lam : float
        Penalty > 0.

    Returns
    -------
    array, shape [T]
        The new coefficients; 0 where a column of `W` is 0.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `lam` is not > 0.

    Notes
    -----
    Equations (lasso_mtrl-12) to (lasso_mtrl-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> W, w = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])
    >>> sweep(W, w, np.zeros(3), lam=0.1)
    array([0.9 , 1.4 , 0.05])
    """
    check.finite(W=W, w=w, nu=nu)
    T = check.shapes(W=(W, "k T"), w=(w, "k"), nu=(nu, "T"))["T"]
    check.alike_dtype(W=W, w=w, nu=nu)
    lam, size, unit = check.positive(lam=lam), magnitude(W), _unit_of(W, w)
    return _sweep(W / size, w / magnitude(w), nu / unit, lam / size / magnitude(w), T) * unit


def _unit_of(W, w):
    """That of the coefficients where heads and target are divided by their magnitudes."""
    return magnitude(w) / magnitude(W)


def _sweep(W, w, nu, lam, T):
    """The same, without checks."""
    xp = array_namespace(W, w, nu)
    residual, sizes, entries = w - W @ nu, xp.sum(W * W, axis=0), []
    divisors = xp.where(sizes > 0, sizes, xp.inf)
    for t in range(T):
        column, old = W[:, t], nu[t]
        z = column @ residual + sizes[t] * old  # (lasso_mtrl-12)
        new = xp.sign(z) * xp.maximum(xp.abs(z) - lam, 0.0) / divisors[t]  # (lasso_mtrl-13)
        residual = residual + column * (old - new)  # (lasso_mtrl-14)
        entries.append(new)
    return xp.stack(entries)


def relevance_lasso(W, w, *, lam, tol=1e-14, sweeps=10_000):
    """Coefficients by the Lasso, from estimated heads: minimize ``|W nu - w|^2 / 2 + lam |nu|_1``.

    Parameters
    ----------
    W : array, shape [k, T], floating point
        Estimated heads, in an orthonormal basis: a turn of the basis changes nothing, a skew one does.
    w : array, shape [k]
        Estimated head of the target in the same basis, like `W`.
    lam : float
        Penalty > 0. Packages that divide the squares by the number k of rows call lam / k alpha.
    tol : float, default: 1e-14
        It ends when a sweep moves no coefficient by more than this share of the largest.
    sweeps : int, default: 10_000
        Most sweeps. After each full one only what is not 0 is swept until it rests.

    Returns
    -------
    array, shape [T]
        nu. The descent goes one number after the other; it runs on the host in double precision.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Notes
    -----
    Equations (lasso_mtrl-12) to (lasso_mtrl-14) of the documentation; Algorithm 2 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> W, w = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])
    >>> relevance_lasso(W, w, lam=0.1).round(6)
    array([0. , 0.4, 1. ])
    """
    check.finite(W=W, w=w)
    T = check.shapes(W=(W, "k T"), w=(w, "k"))["T"]
    check.alike_dtype(W=W, w=w)
    lam, tol, sweeps = check.positive(lam=lam), check.positive(tol=tol), check.integer(sweeps=sweeps, minimum=1)
    matrix, right, unit = _host(W) / magnitude(W), _host(w) / magnitude(w), _unit_of(W, w)
    hx, lam = array_namespace(matrix), float(lam) / magnitude(W) / magnitude(w)
    nu, taken = hx.zeros(T), 0
    while taken < sweeps:
        before, nu, taken = nu, _sweep(matrix, right, nu, lam, T), taken + 1
        if _rests(before, nu, tol):
            break
        active = hx.nonzero(nu)[0]
        part, inner = matrix[:, active], nu[active]
        while taken < sweeps:
            before, inner, taken = inner, _sweep(part, right, inner, lam, inner.shape[0]), taken + 1
            if _rests(before, inner, tol):
                break
        nu[active] = inner
    return from_numpy(nu * unit, like=W)


def _rests(before, after, tol):
    """Whether a sweep has moved next to nothing; what has overflowed rests too."""
    xp = array_namespace(before)
    return not float(xp.max(xp.abs(after - before))) > tol * float(xp.max(xp.abs(after)))


def estimate(data, X, y, *, k, p=1, share=0.05, rounds=15):
    """Relevance from exploration data: fit heads of all tasks in one representation, then combine them.

    Parameters
    ----------
    data : Statistics
        Of as many samples from each source task.
    X, y : array, shapes [n, d], [n]
        Samples of the target task.
    k : int
        Dimension of the representation.
    p : {1, 2}, default: 1
        1: by the Lasso (this paper); 2: by the least 2-norm (Chen et al., 2022).
    share : float, default: 0.05
        Penalty of the Lasso, > 0, as a share of the least one that makes all coefficients 0.
    rounds : int, default: 15
        As for `fit_representation`.

    Returns
    -------
    array, shape [T]
        nu.

    Raises
    ------
    TypeError, ValueError
        As for `fit_representation` and `fit_target`; if `p` or `share` is out of range; with ``p=1`` if the target's
        head is 0.

    Notes
    -----
    Equation (lasso_mtrl-15) of the documentation; Algorithm 2 of the paper, whose theory ties lam to the error of the
    heads.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([2.0, 0.0, 0.0, 1.0, 1.0, 1.0])  # of theta = (2, 0), (0, 1), (1, 1)
    >>> data = statistics(np.tile(np.eye(2), (3, 1)), y, np.array([2, 2, 2]))
    >>> estimate(data, np.eye(2), np.array([2.0, 0.0]), k=2).round(6) + 0.0
    array([0.95, 0.  , 0.  ])
    """
    check.fields(Statistics, data=data)
    check.choice((1, 2), p=p)
    share = check.positive(share=share)
    B, W = fit_representation(data, k=k, rounds=rounds)
    w = fit_target(B, X, y)
    if p == 2:
        return relevance_l2(W, w)
    xp = array_namespace(W, w)
    lam = share * float(xp.max(xp.abs(w @ W)))  # (lasso_mtrl-15)
    if lam == 0:
        raise ValueError("y must not give a head of 0: then nothing is relevant")
    return relevance_lasso(W, w, lam=lam)


# Strategies ----------------------------------------------------------------------------------------------------------


def drawn(sample, n):
    """Statistics of a draw, ``sample(n) -> X, y``; arguments as for `known` and `statistics`.

    Examples
    --------
    >>> import numpy as np
    >>> drawn(lambda n: (np.eye(2), np.array([3.0, 1.0])), np.array([1, 1])).g
    array([[3., 0.],
           [0., 1.]])
    """
    check.function(sample=sample)
    X, y = check.results(2, sample=sample(n))
    check.finite(sample=X), check.finite(sample=y)
    return statistics(X, y, n)


def known(sample, X, y, nu, *, k, N, floor, p=1, rounds=15):
    """Known relevance: allocate, sample, fit.

    Parameters
    ----------
    sample : callable
        ``sample(n) -> X, y``: n_t samples of each source task t, those of the first task first.
    X, y : array, shapes [m, d], [m]
        Samples of the target task.
    nu : array, shape [T]
        Relevance, from `relevance_l1` (with ``p=1``), `relevance_l2` (with ``p=2``), or all ones.
    k, rounds : int
        As for `fit_representation`.
    N, floor, p : int
        As for `allocate`.

    Returns
    -------
    Found
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `allocate`, `statistics`, `fit_representation` and `fit_target`.

    Notes
    -----
    Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.convex import _lasso_mtrl_models as models
    >>> from refimpl.core.random import stream
    >>> tasks = models.draw(stream(0, "doc"), d=5, k=2, T=3, target="one", like=np.zeros(1))
    >>> X, y = models.target_samples(stream(1, "doc"), tasks, 1000)
    >>> nu, sample = relevance_l1(tasks.W, tasks.w), models.sampler(stream(2, "doc"), tasks)
    >>> found = known(sample, X, y, nu, k=2, N=1000, floor=10)
    >>> found.n, float(models.excess_risk(found.theta, tasks).round(4))
    (array([ 10,  10, 980]), 0.0065)
    """
    check.function(sample=sample)
    n = allocate(nu, N=N, floor=floor, p=p)
    B, _ = fit_representation(drawn(sample, n), k=k, rounds=rounds)
    return Found(B @ fit_target(B, X, y), nu, n)


def unknown(sample, X, y, *, T, k, explore, N, floor, p=1, share=0.05, rounds=15, reuse=False):
    """Unknown relevance: explore all source tasks alike, estimate the relevance, then as if it were known.

    Parameters
    ----------
    sample, X, y
        As for `known`.
    T : int
        Number of source tasks.
    k, rounds, share
        As for `estimate`.
    explore : int
        Samples of each task in the first draw; they are not counted in `N`.
    N, floor, p : int
        As for `allocate`, for the second draw; `p` says how the relevance is estimated too.
    reuse : bool, default: False
        Whether the first draw serves the last fit as well. The paper analyses fresh data.

    Returns
    -------
    Found
        See there; `n` is of the second draw.

    Raises
    ------
    TypeError, ValueError
        As for `estimate` and `known`.

    Notes
    -----
    Algorithm 2 of the paper; with ``p=2`` the two-stage form of the method of Chen et al. (2022), at a given budget.
    The epochs are in `_lasso_mtrl_baselines`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.convex import _lasso_mtrl_models as models
    >>> from refimpl.core.random import stream
    >>> tasks = models.draw(stream(0, "doc"), d=5, k=2, T=3, target="one", like=np.zeros(1))
    >>> X, y = models.target_samples(stream(1, "doc"), tasks, 1000)
    >>> sample = models.sampler(stream(2, "doc"), tasks)
    >>> unknown(sample, X, y, T=3, k=2, explore=50, N=850, floor=10).n
    array([ 10,  10, 830])
    """
    check.function(sample=sample)
    check.finite(X=X)
    T, explore = check.integer(T=T, explore=explore, minimum=1)
    reuse = check.flag(reuse=reuse)
    xp = array_namespace(X, y)
    n = xp.full(T, explore, dtype=xp.int64, device=device(X))
    first = drawn(sample, n)
    nu = estimate(first, X, y, k=k, p=p, share=share, rounds=rounds)
    n = allocate(nu, N=N, floor=floor, p=p)
    data = drawn(sample, n)
    if reuse:
        data = Statistics(*(one + other for one, other in zip(first, data, strict=True)))
    B, _ = fit_representation(data, k=k, rounds=rounds)
    return Found(B @ fit_target(B, X, y), nu, n)


# Prices --------------------------------------------------------------------------------------------------------------


def cost_sensitive(W, w, prices, *, budget):
    """The best design where a sample of task t costs prices_t.

    Parameters
    ----------
    W, w : array, shapes [k, T], [k]
        As for `relevance_l1`.
    prices : array, shape [T]
        Of a sample of each task, > 0.
    budget : float
        What may be spent, > 0.

    Returns
    -------
    Priced
        Relevance, samples that cost exactly the budget (round them down), and the value of the design.

    Raises
    ------
    TypeError, ValueError
        As for `relevance_l1`; if a price or the budget is not > 0, or `w` is 0.

    Notes
    -----
    Equations (lasso_mtrl-16) to (lasso_mtrl-18) of the documentation; the linear prices of the paper. Where a task
    has a fixed price instead, cost counts the entries of nu that are not 0, of which `relevance_l1` has at most k.

    Examples
    --------
    >>> import numpy as np
    >>> W, w = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([1.0, 1.5])
    >>> found = cost_sensitive(W, w, np.array([1.0, 1.0, 9.0]), budget=50.0)
    >>> found.nu.round(6), found.n.round(6), float(found.value.round(6))
    (array([1. , 1.5, 0. ]), array([20., 30.,  0.]), 0.125)
    """
    check.finite(prices=prices)
    check.shapes(W=(W, "k T"), prices=(prices, "T"))
    check.alike_dtype(W=W, prices=prices)
    xp, budget = array_namespace(W, w, prices), check.positive(budget=budget)
    if float(xp.min(prices)) <= 0:
        raise ValueError(f"prices must be > 0, got {float(xp.min(prices))!r}")
    root = xp.sqrt(prices)
    nu = relevance_l1(W / root, w) / root  # (lasso_mtrl-16)
    total = xp.sum(root * xp.abs(nu))
    if float(total) == 0:
        raise ValueError("w must not be 0: then no samples are needed")
    n = budget * xp.abs(nu) / (root * total)  # (lasso_mtrl-17)
    return Priced(nu, n, total**2 / budget)  # (lasso_mtrl-18)


# Checks --------------------------------------------------------------------------------------------------------------


def _host(x):
    """On the host, in double precision."""
    x = to_numpy(x)
    return array_namespace(x).astype(x, "float64")


def _heads(W, w):
    """Namespace of the heads, checked."""
    check.finite(W=W, w=w)
    sizes, xp = check.shapes(W=(W, "k T"), w=(w, "k")), array_namespace(W, w)
    check.alike_dtype(W=W, w=w)
    k, T = sizes["k"], sizes["T"]
    values = xp.linalg.svdvals(W)
    if k > T or float(values[-1]) <= max(k, T) * float(xp.finfo(W.dtype).eps) * float(values[0]):
        raise ValueError(f"W must have rank {k}, so that its columns make every target, got shape {tuple(W.shape)}")
    return xp


def _checked(data, k):
    """k, if the statistics fit each other and it."""
    check.finite(G=data.G, g=data.g, n=data.n)
    sizes = check.shapes(G=(data.G, "T d d"), g=(data.g, "T d"), n=(data.n, "T"))
    check.alike_dtype(G=data.G, g=data.g, n=data.n)
    k, most = check.integer(k=k, minimum=1), min(sizes["T"], sizes["d"])
    if k > most:
        raise ValueError(f"k must be at most {most}, the least of {sizes['T']} tasks and {sizes['d']} inputs, got {k}")
    if float(array_namespace(*data).min(data.n)) < 0:
        raise ValueError("n must be >= 0")
    return k
