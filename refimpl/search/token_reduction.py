"""Searching how many vision tokens each layer needs (Zhao et al., 2024, arXiv:2412.00556).

A multimodal language model carries hundreds of vision tokens through every layer. Here each layer keeps those that the
layer before attended to most. How many is a schedule, k [L], int64, which never rises. G-Search finds the least one
that costs nothing, from shallow to deep layers; P-Sigmoid takes a budget, gives the numbers the shape of a sigmoid, and
tunes it by Bayesian optimization. Both ask a score of schedules, a function of the caller's, and train nothing.
"""

import math
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, is_array, to_numpy
from refimpl.core.linalg import cholesky, scaled
from refimpl.core.special import sigmoid, softmax
from refimpl.models import gp
from refimpl.models.acquisition import expected_improvement


class Weights(NamedTuple):
    """Attention layers of one head."""

    Wq: Array  # [L, d, d] queries
    Wk: Array  # [L, d, d] keys
    Wv: Array  # [L, d, d] values
    Wo: Array  # [L, d, d] outputs


class Decoded(NamedTuple):
    """What a decoder makes of its tokens; n = k[l] of them are left in layer l."""

    text: Array  # [M, d] states of the text tokens after the last layer
    kept: list  # of array [n], int64: vision tokens that take part in each layer, in rising order
    attention: list  # of array [n]: what they receive there from the last text token


class Found(NamedTuple):
    """What G-Search found."""

    k: Array  # [L] int64, tokens at each layer
    calls: int  # of the score
    trace: Array  # [calls - 1, 3] int64: each layer from 1, number that was tried there, and 1 if it was enough, or 0


class Schedule(NamedTuple):
    """How many tokens are kept."""

    r: Array  # [L] shares, before rounding
    k: Array  # [L] int64, tokens


class Acquired(NamedTuple):
    """What is known of m candidates, and which one is worth an evaluation."""

    mean: Array  # [m] of the function
    sd: Array  # [m] its standard deviation, without the noise of an observation
    improvement: Array  # [m] expected improvement
    chosen: int  # the first of the largest improvement


class Visited(NamedTuple):
    """Where a search has been."""

    x: Array  # [n, d] points in order
    y: Array  # [n] values there
    best: int  # the first of the largest value


class Tuned(NamedTuple):
    """What P-Sigmoid found."""

    k: Array  # [L] int64, tokens at each layer
    s: float  # steepness
    r_min: float  # share that the last layers keep at least
    visited: Visited  # in the unit square


# Ranking and removal -------------------------------------------------------------------------------------------------


def keep(attention, count):
    """Places of the tokens that received most attention.

    Parameters
    ----------
    attention : array [..., n]
        What each of n tokens received, floating point.
    count : int
        How many are kept, 0 to n.

    Returns
    -------
    array [..., count], int64
        In rising order: what is kept stays in its order. Of equal ones the first are kept.

    Raises
    ------
    TypeError, ValueError
        If an entry is not finite, or `count` is no integer from 0 to n.

    Notes
    -----
    Equation (token_reduction-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> keep(np.array([0.2, 0.1, 0.4, 0.2, 0.1]), 2)
    array([0, 2])
    """
    check.finite(attention=attention)
    if not attention.shape:
        raise ValueError("attention must have at least one axis, got shape ()")
    return _keep(attention, check.integer(count=count, below=attention.shape[-1] + 1))


def _keep(attention, count):
    """`keep` without its checks."""
    xp = array_namespace(attention)
    best = xp.argsort(attention, axis=-1, descending=True, stable=True)[..., :count]  # (token_reduction-1)
    return xp.sort(xp.astype(best, xp.int64), axis=-1)


def decoder(vision, text, weights, k):
    """Residual attention layers that drop vision tokens on the way.

    Parameters
    ----------
    vision : array [N, d]
        Vision tokens, which see each other.
    text : array [M, d]
        Text tokens, which see the vision tokens, and the text up to themselves.
    weights : Weights
        Of L layers, like the tokens.
    k : array [L], integers
        Vision tokens at each layer: N first, never rising, 0 too.

    Returns
    -------
    Decoded
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `k` is no such schedule.

    Notes
    -----
    Equations (token_reduction-1) to (token_reduction-4) of the documentation. Each number in `k` is read on the host.

    Examples
    --------
    >>> import numpy as np
    >>> vision, one = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]]), np.ones((2, 1, 1)) * np.eye(2)
    >>> found = decoder(vision, np.array([[0.0, 2.0]]), Weights(one, one, one, one), np.array([3, 1]))
    >>> found.kept, found.text.round(4)
    ([array([0, 1, 2]), array([1])], array([[-0.239 ,  7.1998]]))
    """
    check.instance(Weights, weights=weights)
    check.finite(vision=vision, text=text, **weights._asdict())
    check.alike_dtype(vision=vision, text=text, **weights._asdict())
    named = {name: (W, "L d d") for name, W in weights._asdict().items()}
    sizes = check.shapes(vision=(vision, "N d"), text=(text, "M d"), **named)
    check.integral(k=k), check.shapes(k=(k, str(sizes["L"])))
    counts = [sizes["N"], *to_numpy(k).tolist()]
    if counts[1] != counts[0] or any(not 0 <= b <= a for a, b in pairwise(counts)):
        raise ValueError(f"k must begin with {counts[0]}, never rise and be >= 0, got {counts[1:]!s:.60}")
    return _decoder(vision, text, weights, counts[1:])


def _decoder(vision, text, weights, k):
    """`decoder` without its checks, `k` a list."""
    xp, (N, d), M = array_namespace(vision, text), vision.shape, text.shape[0]
    places = xp.arange(N + M, dtype=xp.int64, device=device(text))
    X = xp.concat([vision, text])
    alive = places[:N]
    kept: list[Array] = []
    received: list[Array] = []
    for l, n in enumerate(k):
        if n < alive.shape[0]:
            best = _keep(received[-1], n)
            X, alive = xp.take(X, xp.concat([best, places[alive.shape[0] :][:M]]), axis=0), xp.take(alive, best)
        Wq, Wk, Wv, Wo = (W[l, ...] for W in weights)
        i, j = places[: n + M, None], places[None, : n + M]
        scores = (X @ Wq) @ xp.matrix_transpose(X @ Wk) / d**0.5
        A = softmax(xp.where((j < n) | (j <= i), scores, -1e30))  # (token_reduction-2)
        X = X + A @ (X @ Wv) @ Wo  # (token_reduction-3)
        kept.append(alive)
        received.append(A[-1, :n])  # (token_reduction-4)
    return Decoded(X[-M:, :], kept, received)


def consistency(attention, *, kind="spearman"):
    """How alike layers rank the tokens.

    Parameters
    ----------
    attention : array [L, S, N]
        What each of N tokens receives at each of L layers, for S inputs; floating point.
    kind : {"spearman", "kendall"}
        Correlation of ranks, equal ones with their mean rank; or of the order of pairs (tau-b).

    Returns
    -------
    array [L, L]
        Means over the inputs. One whose attention is constant at a layer does not count for that layer.

    Raises
    ------
    TypeError, ValueError
        If an entry is not finite, or for two layers there is no input that counts.

    Notes
    -----
    Equations (token_reduction-5) to (token_reduction-7) of the documentation. "kendall" compares all pairs of tokens.

    Examples
    --------
    >>> import numpy as np
    >>> consistency(np.array([[[0.1, 0.2, 0.3, 0.4]], [[0.0, 0.5, 0.2, 0.9]]]))
    array([[1. , 0.8],
           [0.8, 1. ]])
    """
    check.finite(attention=attention), check.choice(("spearman", "kendall"), kind=kind)
    check.shapes(attention=(attention, "L S N"))
    xp = array_namespace(attention)
    there = xp.astype(xp.max(attention, axis=-1) > xp.min(attention, axis=-1), attention.dtype)
    if not bool(xp.all(xp.matmul(there, there.T) > 0)):
        raise ValueError("attention must vary over the tokens in some input, for each two layers")
    return _consistency(attention, kind)


def _consistency(attention, kind):
    """`consistency` without its checks."""
    xp, (L, S, N) = array_namespace(attention), attention.shape
    if kind == "spearman":
        rows = [xp.reshape(attention, (L * S, N))[i, :] for i in range(L * S)]
        z = xp.reshape(xp.stack([_ranks(row) for row in rows]), (L, S, N)) / N
        z = z - xp.mean(z, axis=-1, keepdims=True)
    else:
        z = xp.sign(attention[..., :, None] - attention[..., None, :])  # (token_reduction-7)
        z = xp.reshape(z, (L, S, N * N)) / N
    z = xp.permute_dims(z, (1, 0, 2))
    length = xp.sqrt(xp.sum(z * z, axis=-1))
    there = (xp.max(attention, axis=-1) > xp.min(attention, axis=-1)).T
    both = there[:, :, None] & there[:, None, :]
    norm = xp.where(both, length[:, :, None] * length[:, None, :], 1.0)
    rho = (z @ xp.matrix_transpose(z)) / norm  # (token_reduction-6)
    return xp.sum(xp.where(both, rho, 0.0), axis=0) / xp.sum(xp.astype(both, rho.dtype), axis=0)


def _ranks(a):
    """Ranks of numbers [N], twice each and less 1; equal ones have the mean of theirs."""
    xp = array_namespace(a)
    ordered = xp.sort(a)
    below, upto = (xp.searchsorted(ordered, a, side=side) for side in ("left", "right"))
    return xp.astype(below + upto, a.dtype)  # (token_reduction-5)


# G-Search ------------------------------------------------------------------------------------------------------------


def gsearch(score, N, L, *, first=2, tolerance=0.0, binary=True, like):
    """The least number of tokens at each layer, from shallow to deep, that costs no performance.

    Parameters
    ----------
    score : callable
        ``score(k) -> number``, performance with the schedule k [L], int64: larger is better, -inf too unless all tokens
        are kept. If it is random, it must take the same data each time: else its values cannot be compared.
    N, L : int
        Tokens, >= 1, and layers, >= 1.
    first : int, default: 2
        So many layers keep all tokens, 0 to L: the attention of layer 1 is not trusted to rank them.
    tolerance : float, default: 0.0
        epsilon >= 0, how much less is no loss.
    binary : bool, default: True
        Whether a number is searched by halving, which takes for granted that more tokens are never worse. Else it
        falls one by one to the first loss.
    like : array
        Whose library and device to take.

    Returns
    -------
    Found
        See there. At most 1 + sum over the layers of ceil(log2(k + 1)) + 1 calls, k being what the layer before keeps.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, the score of all tokens is not finite, or another is NaN or +inf.

    Notes
    -----
    Equations (token_reduction-8) to (token_reduction-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> needs = np.array([8, 8, 5, 5, 2])
    >>> found = gsearch(lambda k: float(np.all(k >= needs)), 8, 5, first=1, like=np.zeros(1))
    >>> found.k, found.calls, found.trace[:4].tolist()
    (array([8, 8, 5, 5, 2]), 12, [[2, 4, 0], [2, 6, 0], [2, 7, 0], [3, 4, 0]])
    """
    check.function(score=score), check.array(like=like)
    N, L = check.integer(N=N, L=L, minimum=1, below=2**31)
    first, tolerance = check.integer(first=first, below=L + 1), check.nonnegative(tolerance=tolerance)
    return _gsearch(score, N, L, first, tolerance, check.flag(binary=binary), like)


def _gsearch(score, N, L, first, tolerance, binary, like):
    """`gsearch` without its checks."""
    whole = array_namespace(like).int64
    k, trace = [N] * L, []
    least = _asked(score, k, like, finite=True) - tolerance  # (token_reduction-8)

    def enough(l, v):
        trial = k[:l] + [v] * (L - l)  # (token_reduction-9)
        trace.append((l + 1, v, int(_asked(score, trial, like) >= least)))
        return trace[-1][2] == 1

    for l in range(first, L):
        low, high = 0, k[l]  # too few, or taken for that; and enough
        while binary and high - low > 1:
            v = (low + high) // 2  # (token_reduction-10)
            low, high = (low, v) if enough(l, v) else (v, high)
        while high > 0 and (high == 1 or not binary) and enough(l, high - 1):
            high = high - 1  # (token_reduction-11)
        k = k[:l] + [high] * (L - l)  # (token_reduction-12)
    rows = from_numpy([*trace, [0] * 3], like=like, dtype=whole)[:-1, :]
    return Found(from_numpy(k, like=like, dtype=whole), 1 + len(trace), rows)


def _asked(score, k, like, *, finite=False):
    """The score of a schedule: a number, which may be -inf unless it must be finite."""
    value = score(from_numpy(k, like=like, dtype=array_namespace(like).int64))
    if is_array(value) and tuple(value.shape) == ():
        value = float(value)
    if not finite and isinstance(value, float) and value == -math.inf:
        return value
    return float(check.number(**{"the score of all tokens" if finite else "what score returns": value}))


# P-Sigmoid -----------------------------------------------------------------------------------------------------------


def _sizes(N, L, rho, first):
    """Checked numbers, how many tokens the layers may keep together, and the mean share left to those behind `first`.

    What is within 1e-9 of a whole number is one.
    """
    N, L = check.integer(N=N, L=L, minimum=1, below=2**31)
    rho, first = check.share(rho=rho), check.integer(first=first, below=L + 1)
    if rho * N * L + 1e-9 < max(1, first * N):
        raise ValueError(f"rho must leave a token, and all {N} to the first {first} layers of {L}, got {float(rho):g}")
    return N, L, first, math.floor(rho * N * L + 1e-9), max(rho * L - first, 0.0) / max(L - first, 1)


def _rounded(r, N, first, most, like):
    """The schedule of shares [L] in double precision: numbers that never rise and are no more than `most` together."""
    t = to_numpy(N * r).tolist()
    k = [math.floor(x + 1e-9) for x in t]  # (token_reduction-15)
    left = most - sum(k)
    for l in sorted(range(len(t)), key=lambda l: (k[l] - t[l], l)):  # (token_reduction-16)
        more = int(l >= first and left > 0)  # (token_reduction-17)
        k[l], left = k[l] + more, left - more
    xp = array_namespace(like)
    return Schedule(xp.astype(r, like.dtype), from_numpy(k, like=like, dtype=xp.int64))


def sigmoid_schedule(N, L, *, s, r_min=0.0, rho, first=2, like):
    """A schedule of the shape of a sigmoid that has a given mean.

    Parameters
    ----------
    N, L : int
        Vision tokens and layers, >= 1.
    s : float
        Steepness > 0, for each layer.
    r_min : float, default: 0.0
        Share that the last layers keep at least, >= 0; at most the mean share that the budget leaves to the layers
        behind the first.
    rho : float
        Budget in (0, 1]: mean of the shares, at least ``first / L`` and one token.
    first : int, default: 2
        So many layers keep all tokens, 0 to L.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Schedule
        Its shares have the mean rho; its numbers are at most rho N L together.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the budget is too small for `first` or `r_min`.

    Notes
    -----
    Equations (token_reduction-13) to (token_reduction-17) of the documentation. Made on the host, in double precision.

    Examples
    --------
    >>> import numpy as np
    >>> sigmoid_schedule(64, 12, s=1.0, rho=0.25, like=np.zeros(1)).k
    array([64, 64, 33, 18,  8,  3,  1,  1,  0,  0,  0,  0])
    """
    check.floating(like=like)
    N, L, first, most, share = _sizes(N, L, rho, first)
    s, r_min = check.positive(s=s), check.nonnegative(r_min=r_min)
    if r_min > share + 1e-12:
        raise ValueError(
            f"r_min must be at most {float(share):g}, the mean share behind the first layers, got {float(r_min):g}"
        )
    r = _shares(L, s, r_min, first, share, like)
    return _rounded(r, N, first, most, like)


def _shares(L, s, r_min, first, share, like):
    """The sigmoid of a given mean."""
    xp = array_namespace(like)
    l = xp.arange(first + 1, L + 1, dtype=xp.float64, device=device(like))
    full = xp.ones((first,), dtype=xp.float64, device=device(like))
    excess = (share - r_min) / (1 - r_min) if r_min < 1 else 0.0  # the mean that the sigmoids must have
    if first == L or share == 1 or excess <= 0:
        return xp.concat([full, share * xp.ones_like(l)])
    c = _midpoint(L, float(s), first, float(excess))
    r = r_min + (1 - r_min) * sigmoid(s * c - s * l)  # (token_reduction-14)
    return xp.concat([full, r])


def _midpoint(L, s, first, excess):
    """Where a sigmoid falls through 1/2 whose mean over the layers behind the first is `excess`."""
    low, high = (end + math.log(excess / (1 - excess)) / s for end in (first + 1, L))
    for _ in range(100):
        c = (low + high) / 2
        parts = [
            math.exp(-max(u, 0.0)) / (1 + math.exp(-abs(u))) for u in (s * (l - c) for l in range(first + 1, L + 1))
        ]
        low, high = (c, high) if sum(parts) < excess * len(parts) else (low, c)  # (token_reduction-13)
    return c


def settings(x, L, *, rho, first=2):
    """Steepness and least share of a point of the unit square.

    Parameters
    ----------
    x : array [2]
        A point of [0, 1]^2.
    L : int
        Layers.
    rho, first
        As for `sigmoid_schedule`.

    Returns
    -------
    s, r_min : float
        Steepness from 0.3 to 12, and a share from 0 to the largest one that the budget allows.

    Raises
    ------
    TypeError, ValueError
        If `x` is no such point, or a number is out of range.

    Notes
    -----
    Equation (token_reduction-18) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> [round(value, 6) for value in settings(np.array([0.5, 1.0]), 12, rho=0.25)]
    [1.897367, 0.1]
    """
    check.finite(x=x), check.shapes(x=(x, "2"))
    *_, share = _sizes(1, L, rho, first)
    x1, x2 = to_numpy(x).tolist()
    if not (0 <= x1 <= 1 and 0 <= x2 <= 1):
        raise ValueError(f"x must be a point of the unit square, got [{x1:g}, {x2:g}]")
    return 0.3 * 40**x1, x2 * share  # (token_reduction-18)


def fit_sigmoid(k, N, *, first=2):
    """Steepness and midpoint of the sigmoid that fits a schedule, such as one of G-Search.

    Parameters
    ----------
    k : array [L], integers
        Tokens at each layer, 0 to N.
    N : int
        Tokens, >= 1.
    first : int, default: 2
        Layers that keep all and do not count; at least two must be left.

    Returns
    -------
    s, c : float
        Of the line through the logits, by least squares; a share of 0 or 1 counts as half a token off. A flat
        schedule has s = 0 and c = nan.

    Raises
    ------
    TypeError, ValueError
        If `k` is no such schedule, or too few layers are left.

    Notes
    -----
    Equation (token_reduction-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> k = sigmoid_schedule(1000, 12, s=0.7, rho=0.4, like=np.zeros(1)).k
    >>> [round(value, 2) for value in fit_sigmoid(k, 1000)]
    [0.7, 5.09]
    """
    N = check.integer(N=N, minimum=1, below=2**31)
    check.indices(N + 1, k=k)
    L = check.shapes(k=(k, "L"))["L"]
    if (first := check.integer(first=first)) > L - 2:
        raise ValueError(f"first must leave two layers of {L}, got {first}")
    xp = array_namespace(k)
    n = xp.clip(xp.astype(k[first:], xp.float64), min=0.5, max=N - 0.5)
    y, l = xp.log(n / (N - n)), xp.arange(first + 1, L + 1, dtype=xp.float64, device=device(k))
    l0 = (first + 1 + L) / 2
    slope = float(xp.sum((l - l0) * (y - y[0])) / xp.sum((l - l0) * (l - l0)))  # exactly 0 where all are the same
    return -slope, l0 - float(xp.mean(y)) / slope if slope else math.nan  # (token_reduction-19)


# Bayesian optimization -----------------------------------------------------------------------------------------------


def acquire(X, y, new, *, length=0.3, noise=1e-3):
    """What a Gaussian process knows of candidates, and which one promises most.

    Parameters
    ----------
    X : array [n, d]
        Points seen.
    y : array [n]
        Values there.
    new : array [m, d]
        Candidates.
    length : float, default: 0.3
        Of the Matern covariance of smoothness 5/2, > 0.
    noise : float, default: 0.001
        Variance of an observation beside the unit variance of the process, > 0.

    Returns
    -------
    Acquired
        See there, in the units of `y`.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is not positive.

    Notes
    -----
    Equations (token_reduction-20) to (token_reduction-26) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = acquire(np.array([[0.0], [1.0]]), np.array([1.0, 3.0]), np.array([[0.0], [0.8], [1.0]]))
    >>> found.mean.round(4), found.sd.round(4), found.improvement.round(4), found.chosen
    (array([1.001 , 2.6894, 2.999 ]), array([0.0316, 0.6852, 0.0316]), array([0.    , 0.1457, 0.0121]), 1)
    """
    check.finite(X=X, y=y, new=new)
    check.shapes(X=(X, "n d"), y=(y, "n"), new=(new, "m d"))
    check.alike_dtype(X=X, y=y, new=new)
    length, noise = check.positive(length=length, noise=noise)
    return _acquire(X, y, new, float(length), float(noise))


def _acquire(X, y, new, length, noise):
    """`acquire` without its checks."""
    xp = array_namespace(X, y)
    level = bool(xp.all(y == y[:1]))
    y, unit = (y, 1.0) if level else scaled(y)
    centre, spread = (y[0], 1.0) if level else (xp.mean(y), xp.std(y))  # (token_reduction-20)
    X, new, each = X / length, new / length, xp.ones_like(X[0, :])
    K = gp.matern(gp.squared_distances(X, X, each), 2.5)  # (token_reduction-21)
    cross = gp.matern(gp.squared_distances(new, X, each), 2.5)
    factor = cholesky(K, jitter=noise, name="the kernel of X")  # (token_reduction-22)
    known = gp.posterior(factor, (y - centre) / spread, cross, xp.ones_like(new[:, 0]))
    mean = centre + spread * known.mean  # (token_reduction-23)
    sd = spread * xp.sqrt(xp.clip(known.covariance, min=0.0))  # (token_reduction-24)
    gain = expected_improvement(mean, sd, float(xp.max(y))).value
    chosen = int(xp.argmax(gain))  # (token_reduction-26)
    return Acquired(unit * mean, unit * sd, unit * gain, chosen)


def bayes_opt(function, x0, candidates=None, *, length=0.3, noise=1e-3):
    """Maximize a function: some points that are given, then those of largest expected improvement.

    Parameters
    ----------
    function : callable
        ``function(x) -> number``, of a point [d].
    x0 : array [n, d]
        Where to begin.
    candidates : array [T, m, d], optional
        From which m points each of T steps chooses. Default: no steps. If all points are random that is random search.
    length, noise : float
        As for `acquire`.

    Returns
    -------
    Visited
        n + T points.

    Raises
    ------
    TypeError, ValueError
        As `acquire`, or if the function returns no finite number.

    Notes
    -----
    Equations (token_reduction-27) and (token_reduction-28) of the documentation, and those of `acquire`. A step waits
    for one number from the device.

    Examples
    --------
    >>> import numpy as np
    >>> grid = np.tile(np.linspace(0, 1, 11)[:, None], (4, 1, 1))
    >>> found = bayes_opt(lambda x: -((x[0] - 0.7) ** 2), np.array([[0.0], [1.0]]), grid)
    >>> found.x[:, 0], found.best
    (array([0. , 1. , 0.8, 0.6, 0.7, 0.4]), 4)
    """
    check.function(function=function), check.finite(x0=x0)
    check.shapes(x0=(x0, "n d"))
    length, noise = check.positive(length=length, noise=noise)
    if candidates is not None:
        check.finite(candidates=candidates), check.alike_dtype(x0=x0, candidates=candidates)
        check.shapes(x0=(x0, "n d"), candidates=(candidates, "T m d"))
    return _bayes_opt(function, x0, candidates, float(length), float(noise))


def _bayes_opt(function, x0, candidates, length, noise):
    """`bayes_opt` without its checks."""
    xp = array_namespace(x0)

    def value(x):
        return float(check.number(**{"what function returns": function(x)}))

    X, y = x0, [value(x0[i, :]) for i in range(x0.shape[0])]
    for t in range(0 if candidates is None else candidates.shape[0]):
        chosen = _acquire(X, from_numpy(y, like=x0), candidates[t, ...], length, noise).chosen
        X = xp.concat([X, candidates[t, chosen, :][None, :]])  # (token_reduction-27)
        y = [*y, value(X[-1, :])]
    return Visited(X, from_numpy(y, like=x0), max(range(len(y)), key=y.__getitem__))  # (token_reduction-28)


def draw_design(rng, *, like, steps=18, count=512):
    """Where P-Sigmoid begins, and from what each step chooses.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, floating dtype and device to take.
    steps, count : int
        T and m, >= 1.

    Returns
    -------
    x0 : array [6, 2]
        Three points without a least share, of steepness 0.63, 1.9 and 5.7, and three random ones.
    candidates : array [T, m, 2]
        Uniform in the unit square.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x0, candidates = draw_design(stream(0, "doc"), like=np.zeros(1))
    >>> x0[:3].tolist(), candidates.shape
    ([[0.2, 0.0], [0.5, 0.0], [0.8, 0.0]], (18, 512, 2))
    """
    check.rng(rng=rng), check.floating(like=like)
    steps, count = check.integer(steps=steps, count=count, minimum=1)
    xp, given = array_namespace(like), from_numpy([[0.2, 0.0], [0.5, 0.0], [0.8, 0.0]], like=like)
    x0 = xp.concat([given, random.uniform(rng, (3, 2), like=like)])
    return x0, random.uniform(rng, (steps, count, 2), like=like)


def p_sigmoid(score, N, L, x0, candidates=None, *, rho, first=2):
    """The sigmoid schedule of a fixed budget that performs best.

    Parameters
    ----------
    score : callable
        ``score(k) -> number``, finite, performance with the schedule k [L], int64: larger is better.
    N, L, rho, first
        As for `sigmoid_schedule`.
    x0, candidates
        As for `bayes_opt`, in the unit square: from `draw_design`.

    Returns
    -------
    Tuned
        See there.

    Raises
    ------
    TypeError, ValueError
        As `sigmoid_schedule` and `bayes_opt`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x0, candidates = draw_design(stream(0, "doc"), like=np.zeros(1))
    >>> wanted = np.array([64, 64, 26, 20, 14, 11, 8, 6, 5, 4, 4, 4])
    >>> score = lambda k: -float(np.sum(np.abs(k - wanted)))
    >>> found = p_sigmoid(score, 64, 12, x0, candidates, rho=0.3)
    >>> score(found.k) >= max(score(k) for k in (wanted - 1, wanted + 1)) / 2
    True
    """
    check.function(score=score)
    _sizes(N, L, rho, first)

    def schedule(x):
        s, r_min = settings(x, L, rho=rho, first=first)
        return sigmoid_schedule(N, L, s=s, r_min=r_min, rho=rho, first=first, like=x0).k, s, r_min

    value = lambda x: check.number(**{"what score returns": score(schedule(x)[0])})
    visited = bayes_opt(value, x0, candidates)
    k, s, r_min = schedule(visited.x[visited.best, :])
    return Tuned(k, s, r_min, visited)


# Baselines and cost --------------------------------------------------------------------------------------------------


def fastv_schedule(N, L, *, rho, full=2, like):
    """All tokens in the first layers, then one number of them: FastV at a given budget.

    Parameters
    ----------
    N, L, rho, like
        As for `sigmoid_schedule`.
    full : int, default: 2
        K, layers that keep all, 0 to L. With 1 the number is the same from layer 2 on.

    Returns
    -------
    array [L], int64
        Tokens at each layer: the budget to the last token, but for L = K.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the budget is too small for `full`.

    Notes
    -----
    Equation (token_reduction-29) of the documentation; Chen et al. (2024).

    Examples
    --------
    >>> import numpy as np
    >>> fastv_schedule(64, 12, rho=0.25, like=np.zeros(1))
    array([64, 64,  7,  7,  7,  7,  6,  6,  6,  6,  6,  6])
    """
    check.array(like=like)
    full = check.integer(full=full)
    N, L, full, most, _ = _sizes(N, L, rho, full)
    each, more = divmod(most - full * N, max(L - full, 1))
    k = [N] * full + [each + (i < more) for i in range(L - full)]  # (token_reduction-29)
    return from_numpy(k, like=like, dtype=array_namespace(like).int64)


def geometric_schedule(N, L, *, rho, first=2, like):
    """A share of the tokens that falls by the same factor from layer to layer: a pyramid at a given budget.

    Parameters
    ----------
    N, L, rho, first, like
        As for `sigmoid_schedule`.

    Returns
    -------
    Schedule
        As `sigmoid_schedule`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or the budget is too small for `first`.

    Notes
    -----
    Equations (token_reduction-30) and (token_reduction-31) of the documentation, and those of the rounding.

    Examples
    --------
    >>> import numpy as np
    >>> geometric_schedule(64, 12, rho=0.25, like=np.zeros(1)).k
    array([64, 64, 32, 16,  8,  4,  2,  1,  1,  0,  0,  0])
    """
    check.floating(like=like)
    N, L, first, most, share = _sizes(N, L, rho, first)
    return _rounded(_pyramid(L, first, share, like), N, first, most, like)


def _pyramid(L, first, share, like):
    """Powers of a factor, of a given mean."""
    xp, low, high, rest = array_namespace(like), 0.0, 1.0, range(1, L - first + 1)
    for _ in range(100):
        q = (low + high) / 2
        low, high = (q, high) if sum(q**i for i in rest) < share * len(rest) else (low, q)  # (token_reduction-30)
    full = xp.ones((first,), dtype=xp.float64, device=device(like))
    i = xp.arange(1, L - first + 1, dtype=xp.float64, device=device(like))
    return xp.concat([full, xp.exp(math.log(high) * i)])  # (token_reduction-31)


def flops(k, M, *, d, m, gated=True):
    """What the layers cost, in multiplications with an addition: twice as many floating-point operations.

    Parameters
    ----------
    k : array [L], integers
        Vision tokens at each layer, >= 0.
    M : int
        Text tokens, >= 0.
    d, m : int
        Widths of the states and of the feed-forward part, >= 1.
    gated : bool, default: True
        Whether that has three matrices, as in LLaMA, or two.

    Returns
    -------
    int
        Exact, counted on the host.

    Raises
    ------
    TypeError, ValueError
        If `k` has no whole numbers >= 0, or a number is out of range.

    Notes
    -----
    Equation (token_reduction-32) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> flops(np.array([576]), 64, d=4096, m=11008)
    132875550720
    """
    check.indices(2**31, k=k), check.shapes(k=(k, "L"))
    M, (d, m) = check.integer(M=M, below=2**31), check.integer(d=d, m=m, minimum=1, below=2**31)
    n, matrices = [tokens + M for tokens in to_numpy(k).tolist()], 3 if check.flag(gated=gated) else 2
    return sum(4 * a * d**2 + 2 * a**2 * d + matrices * a * d * m for a in n)  # (token_reduction-32)
