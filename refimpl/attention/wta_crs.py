"""WTA-CRS, winner-take-all column-row sampling (Liu et al., 2023, arXiv:2305.15265).

A product of matrices is a sum over pairs, a column of the first times a row of the second. A few pairs estimate it
without bias: here the largest ones are kept for certain and the rest is sampled. A linear layer whose weight gradient
is estimated so keeps a few rows of its input for the backward pass in place of all; its output is exact.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import length
from refimpl.core.loop import iterate
from refimpl.models.attention import softmax
from refimpl.models.losses import softmax_cross_entropy
from refimpl.models.mlp import Layer

SLACK = 1e-6  # how far a sum of probabilities may be from 1, for each of them: float32 has rounded them


class Plan(NamedTuple):
    """Which pairs are kept for certain, and what is left to the draws."""

    winners: Array  # [c] integer, increasing: C
    mass: Array  # 0-d, p_C
    rest: Array  # [m] p, and 0 at the winners
    scores: Array  # [k] of 0, 1, ..., k - 1 winners; the smallest decides


class Rows(NamedTuple):
    """Pairs that were kept."""

    indices: Array  # [n] integer: winners in increasing order, then draws in theirs; one may come twice
    weights: Array  # [n]


class Saved(NamedTuple):
    """What a linear layer keeps for its backward pass."""

    indices: Array  # [n] integer, rows of the batch
    rows: Array  # [n, d_in] these rows of the input, times their weights


class Gradients(NamedTuple):
    """What the backward pass of a linear layer gives."""

    W: Array  # [d_in, d_out] estimated
    b: Array  # [d_out] exact
    H: Array  # [B, d_in] exact
    norms: Array  # [B] lengths of the rows of the gradient that came in, for the cache


class NetState(NamedTuple):
    """A network with relu between its layers, and what training keeps."""

    params: list[Layer]
    velocity: list[Layer]  # decaying sums of past gradients
    norms: list[Array]  # of each layer [N]: for each sample, the length of its row of the gradient when last seen


class Info(NamedTuple):
    """What is worth looking at in a step."""

    loss: Array  # 0-d, of the batch, before the step
    floats: int  # kept by the linear layers for the backward pass


# Probabilities and draws ----------------------------------------------------------------------------------------------


def _relative(v):
    """Numbers >= 0 over the largest: no product of two such vectors overflows."""
    xp = array_namespace(v)
    top = xp.max(v)
    return v / xp.where(top > 0, top, xp.ones_like(top))


def _normalised(sizes):
    xp = array_namespace(sizes)
    total = xp.sum(sizes)
    return xp.where(total > 0, sizes / xp.where(total > 0, total, xp.ones_like(total)), 1 / sizes.shape[0])


def _check_pairs(X, Y):
    check.finite(X=X, Y=Y), check.alike_dtype(X=X, Y=Y)
    return check.shapes(X=(X, "n m"), Y=(Y, "m q"))["m"]


def probabilities(X, Y):
    """Law of the pairs under which i.i.d. draws have the least variance: in proportion to the lengths of both parts.

    Parameters
    ----------
    X : array [n, m]
        Floating point, finite.
    Y : array [m, q]
        Like `X`.

    Returns
    -------
    array [m]
        p, of sum 1; 1 / m each if all pairs are 0.

    Raises
    ------
    TypeError, ValueError
        If they are no such arrays.

    Notes
    -----
    Equation (wta_crs-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> probabilities(np.array([[3.0, 1.0, 0.0], [4.0, 0.0, 2.0]]), np.array([[1.0], [-5.0], [0.0]]))
    array([0.5, 0.5, 0. ])
    """
    _check_pairs(X, Y)
    across, along = _relative(length(X, axis=0)[0, :]), _relative(length(Y)[:, 0])
    return _normalised(across * along)  # (wta_crs-1)


def _draw(q, u):
    """Indices with probability in proportion to q, one for each u in [0, 1): the first whose cumulative sum exceeds it.

    The sum is divided by its own last value and not by a total from elsewhere, so that the largest u finds an index.
    """
    xp = array_namespace(q, u)
    cumulative = xp.cumulative_sum(q)
    return xp.searchsorted(cumulative / cumulative[-1], u, side="right")  # (wta_crs-2)


def _falling(p):
    """Indices with the largest p first; of equal ones the first first."""
    return array_namespace(p).argsort(-p, stable=True)


def _scores(falling, k):
    """(Probability without the c largest) / (k - c), for c = 0, ..., k - 1; added from the small end, so never < 0."""
    xp = array_namespace(falling)
    left = xp.flip(xp.cumulative_sum(xp.flip(falling)))
    return left[:k] / xp.arange(k, 0, -1, dtype=falling.dtype, device=device(falling))  # (wta_crs-5)


def _plan(p, k, count=None):
    """As `plan`; or with a number of winners that is given."""
    xp, order = array_namespace(p), _falling(p)
    scores = _scores(xp.take(p, order), k)
    count = int(xp.argmin(scores)) if count is None else count  # (wta_crs-6)
    winners = xp.sort(order[:count])
    won = xp.argsort(order) < count  # the place of each pair in that order
    return Plan(winners, xp.sum(xp.where(won, p, 0.0)), xp.where(won, 0.0, p), scores)  # (wta_crs-7)


def plan(p, k):
    """Which pairs are worth keeping for certain.

    Parameters
    ----------
    p : array [m]
        Probabilities of the pairs, of sum 1, floating point.
    k : int
        The budget, 1 <= k < m: pairs kept, winners and draws together.

    Returns
    -------
    Plan
        Of equal p the first pairs win; of equal scores the fewest winners do.

    Raises
    ------
    TypeError, ValueError
        If `p` is no law or `k` out of range.

    Notes
    -----
    Equations (wta_crs-5) to (wta_crs-7) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = plan(np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05]), 3)
    >>> found.winners, found.scores.round(3)
    (array([0]), array([0.333, 0.25 , 0.3  ]))
    """
    m, k = _law(p), check.integer(k=k, minimum=1)
    if k >= m:
        raise ValueError(f"k must be below the number of pairs {m}, got {k}")
    return _plan(p, k)


def _law(p):
    """Refuse what is no law; the number of its entries."""
    check.finite(p=p)
    m = check.shapes(p=(p, "m"))["m"]
    check.no_negative(p=p)
    total = float(array_namespace(p).sum(p))
    if abs(total - 1) > SLACK * m:
        raise ValueError(f"p must have the sum 1, got {total!r}")
    return m


def _asked(p, k, u):
    """Check what all ways to choose pairs take; k, and all pairs with weight 1 if k is as large as their number."""
    m, k = _law(p), check.integer(k=k, minimum=1)
    check.uniforms(u=u), check.alike_dtype(p=p, u=u)
    if check.shapes(u=(u, "t"))["t"] < min(k, m):
        raise ValueError(f"u must have at least {min(k, m)} draws, got {u.shape[0]}")
    xp = array_namespace(p, u)
    return k, Rows(xp.arange(m, device=device(p)), xp.ones_like(p)) if k >= m else None


def _wta(p, k, u, count=None):
    xp, (winners, _, rest, _) = array_namespace(p, u), _plan(p, k, count)
    sure, mass, draws = xp.ones_like(p[: winners.shape[0]]), xp.sum(rest), k - winners.shape[0]
    if not float(mass) > 0:
        return Rows(winners, sure)
    drawn = _draw(rest, u[:draws])
    weights = mass / (draws * xp.take(p, drawn))  # (wta_crs-8)
    return Rows(xp.concat([winners, drawn]), xp.concat([sure, weights]))


def wta(p, k, u):
    """Pairs by WTA-CRS: winners for certain, the rest of the budget drawn from what they leave.

    Parameters
    ----------
    p : array [m]
        Probabilities of the pairs, of sum 1, floating point. Without bias where no pair that counts has p = 0.
    k : int
        The budget, >= 1; from m on all pairs are kept.
    u : array [t]
        At least min(k, m) uniform draws on [0, 1), like `p`; the first k less the winners are used.

    Returns
    -------
    Rows
        k of them, fewer only if the winners hold all probability.

    Raises
    ------
    TypeError, ValueError
        If `p` is no law, `k` out of range, or a draw is not in [0, 1).

    Notes
    -----
    Equations (wta_crs-2) and (wta_crs-5) to (wta_crs-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> wta(np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05]), 3, np.array([0.1, 0.55, 0.95]))
    Rows(indices=array([0, 1, 2]), weights=array([1.  , 1.25, 2.5 ]))
    """
    k, every = _asked(p, k, u)
    return every or _wta(p, k, u)


def crs(p, k, u):
    """Pairs by plain column-row sampling: k draws from p; arguments as for `wta`.

    Examples
    --------
    >>> import numpy as np
    >>> crs(np.array([0.5, 0.25, 0.25]), 2, np.array([0.1, 0.8]))
    Rows(indices=array([0, 2]), weights=array([1., 2.]))
    """
    k, every = _asked(p, k, u)
    if every:
        return every
    drawn = _draw(p, u[:k])
    return Rows(drawn, 1 / (k * array_namespace(p).take(p, drawn)))  # (wta_crs-3)


def topk(p, k, u):
    """The k pairs of largest p, with weight 1: biased; arguments as for `wta`, no draw is used.

    Examples
    --------
    >>> import numpy as np
    >>> topk(np.array([0.25, 0.5, 0.25]), 2, np.zeros(2))
    Rows(indices=array([0, 1]), weights=array([1., 1.]))
    """
    k, every = _asked(p, k, u)
    if every:
        return every
    indices = array_namespace(p).sort(_falling(p)[:k])  # (wta_crs-11)
    return Rows(indices, array_namespace(p).ones_like(p[:k]))


KINDS = {"wta": wta, "crs": crs, "topk": topk}


# A product of matrices ------------------------------------------------------------------------------------------------


def estimate(X, Y, u, *, kind="wta"):
    """X Y from a few of its pairs.

    Parameters
    ----------
    X : array [n, m]
        Floating point, finite.
    Y : array [m, q]
        Like `X`.
    u : array [k]
        Uniform draws on [0, 1); their number is the budget.
    kind : {"wta", "crs", "topk"}, default: "wta"
        How pairs are chosen.

    Returns
    -------
    array [n, q]
        Exact if k >= m.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, a draw is not in [0, 1) or `kind` is unknown.

    Notes
    -----
    Equation (wta_crs-9) of the documentation, with `probabilities` of X and Y.

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = np.array([[2.0, 0, 1, 1], [0, 1, 1, -1]]), np.array([[1.0, 1], [1, 0], [0, 1], [2, 0]])
    >>> estimate(X, Y, np.array([0.5, 0.5]))
    array([[0.        , 5.70710678],
           [0.        , 5.70710678]])
    """
    p, _ = probabilities(X, Y), check.choice(KINDS, kind=kind)
    check.floating(u=u), check.shapes(u=(u, "k"))
    indices, weights = KINDS[kind](p, u.shape[0], u)
    xp = array_namespace(X, Y)
    return (xp.take(X, indices, axis=1) * weights) @ xp.take(Y, indices, axis=0)  # (wta_crs-9)


def _squares(X, Y):
    """Squared Frobenius norms [m] of the pairs."""
    return length(X, axis=0)[0, :] ** 2 * length(Y)[:, 0] ** 2


def _spread(squares, p, total):
    """Variance of one draw from p (up to its mass): mass * sum squares / p - |sum of pairs|^2, not below 0."""
    xp = array_namespace(squares)
    counts = p > 0
    second = xp.sum(p) * xp.sum(xp.where(counts, squares / xp.where(counts, p, xp.ones_like(p)), 0.0))
    return xp.clip(second - xp.sum(total * total), min=0.0)  # (wta_crs-4)


def variance(X, Y, p, k, *, kind="wta"):
    """Mean squared error of an estimate of X Y, in closed form.

    Parameters
    ----------
    X : array [n, m]
        Floating point, finite.
    Y : array [m, q]
        Like `X`.
    p : array [m]
        Law of the pairs, > 0 wherever a pair is not 0.
    k : int
        The budget, >= 1.
    kind : {"wta", "crs", "topk"}, default: "wta"
        How pairs are chosen.

    Returns
    -------
    array, 0-d
        ``E |estimate - X Y|^2`` in the Frobenius norm, the mean over the draws.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, `p` is no law or 0 at a pair that counts, `k` is out of range or `kind` is unknown.

    Notes
    -----
    Equations (wta_crs-4), (wta_crs-10) and (wta_crs-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = np.array([[2.0, 0, 1, 1], [0, 1, 1, -1]]), np.array([[1.0, 1], [1, 0], [0, 1], [2, 0]])
    >>> [round(float(variance(X, Y, probabilities(X, Y), 2, kind=kind)), 4) for kind in ("crs", "topk")]
    [19.0711, 3.0]
    """
    m, k = _check_pairs(X, Y), check.integer(k=k, minimum=1)
    check.floating(p=p), check.alike_dtype(X=X, p=p), check.choice(KINDS, kind=kind)
    if _law(p) != m:
        raise ValueError(f"p must have {m} entries, a probability for each pair, got shape {tuple(p.shape)}")
    xp, squares = array_namespace(X, Y, p), _squares(X, Y)
    if bool(xp.any((p == 0) & (length(X, axis=0)[0, :] > 0) & (length(Y)[:, 0] > 0))):
        raise ValueError("p must be > 0 wherever a pair is not 0, got 0")
    if k >= m:
        return xp.zeros_like(squares[0])
    if kind == "crs":
        return _spread(squares, p, X @ Y) / k
    winners, _, rest, _ = _plan(p, k, k if kind == "topk" else None)
    dropped = xp.where(rest > 0, X, 0.0) @ Y
    if kind == "topk":
        return xp.sum(dropped * dropped)  # (wta_crs-12)
    return _spread(squares, rest, dropped) / (k - winners.shape[0])  # (wta_crs-10)


# A linear layer -------------------------------------------------------------------------------------------------------


def _chances(H, norms, phi):
    """Law of the rows of a batch: input times cached gradient, or the input alone if nothing is cached; floored."""
    xp, sizes = array_namespace(H, norms), _relative(length(H)[:, 0])
    known = xp.where(xp.any(norms > 0), _relative(norms), xp.ones_like(norms))
    p = _normalised(sizes * known)  # (wta_crs-14)
    return (1 - phi) * p + phi / p.shape[0]  # (wta_crs-15)


def _budget(ratio, rows):
    return max(1, math.floor(float(ratio) * rows))  # (wta_crs-16)


def _forward(H, W, b, norms, u, ratio, phi, select):
    xp = array_namespace(H, W)
    Z = H @ W + b  # (wta_crs-13)
    p, k = _chances(H, norms, phi), _budget(ratio, H.shape[0])
    indices, weights = select(p, k, u)
    return Z, Saved(indices, xp.take(H, indices, axis=0) * weights[:, None])  # (wta_crs-17)


def _backward(saved, W, G):
    xp = array_namespace(G, W)
    dW = xp.matrix_transpose(saved.rows) @ xp.take(G, saved.indices, axis=0)  # (wta_crs-18)
    db, dH = xp.sum(G, axis=0), G @ xp.matrix_transpose(W)  # (wta_crs-19)
    return Gradients(dW, db, dH, length(G)[:, 0])  # (wta_crs-20)


def _rates(ratio, phi, select):
    check.function(select=select)
    ratio, phi = check.share(ratio=ratio), check.nonnegative(phi=phi)
    if phi > 1:
        raise ValueError(f"phi must be a number in [0, 1], got {phi!r}")
    return ratio, phi, select


def forward(H, W, b, norms, u, *, ratio=0.3, phi=0.1, select=wta):
    """Output of a linear layer, and the few rows of its input that the backward pass will need.

    Parameters
    ----------
    H : array [B, d_in]
        Input, a row for each sample or token, floating point.
    W : array [d_in, d_out]
        Weights.
    b : array [d_out]
        Biases.
    norms : array [B]
        Lengths of these rows of the gradient in the output when they were last seen, >= 0; all 0 if never.
    u : array [B]
        Uniform draws on [0, 1).
    ratio : float, default: 0.3
        Share of the rows that is kept, in (0, 1]; at 1 the gradient is exact.
    phi : float, default: 0.1
        Share of the law that is uniform, in [0, 1]. Any above 0 keeps the gradient unbiased whatever the cache says.
    select : callable, default: `wta`
        How rows are chosen: ``select(p, k, u) -> Rows``.

    Returns
    -------
    Z : array [B, d_out]
        H W + b, exact.
    saved : Saved
        For `backward`. H itself may be dropped.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, or a number is out of range.

    Notes
    -----
    Equations (wta_crs-13) to (wta_crs-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> H, W = np.array([[3.0, 0], [1, 1], [0, 1], [0.5, 0]]), np.array([[1.0, -1], [0.5, 2]])
    >>> norms, u = np.array([2.0, 1, 0, 1]), np.array([0.3, 0.8, 0.6, 0])
    >>> Z, saved = forward(H, W, np.array([0.1, 0]), norms, u, ratio=0.75)
    >>> saved.indices, saved.rows.round(4).tolist()
    (array([0, 1, 3]), [[3.0, 0.0], [1.0, 1.0], [0.6527, 0.0]])
    """
    check.finite(H=H, W=W, b=b, norms=norms), check.uniforms(u=u)
    check.alike_dtype(H=H, W=W, b=b, norms=norms, u=u)
    check.shapes(H=(H, "B d_in"), W=(W, "d_in d_out"), b=(b, "d_out"), norms=(norms, "B"), u=(u, "B"))
    check.no_negative(norms=norms)
    return _forward(H, W, b, norms, u, *_rates(ratio, phi, select))


def backward(saved, W, G):
    """Gradients of a linear layer, that of the weights estimated from the rows that `forward` has kept.

    Parameters
    ----------
    saved : Saved
        From `forward`.
    W : array [d_in, d_out]
        The weights.
    G : array [B, d_out]
        Gradient in the output.

    Returns
    -------
    Gradients
        Those of biases and input are exact. `norms` go into the cache, at the places of the samples.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit.

    Notes
    -----
    Equations (wta_crs-18) to (wta_crs-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> saved = Saved(np.array([0, 2]), np.array([[1.0], [3.0]]))
    >>> backward(saved, np.array([[2.0]]), np.array([[1.0], [5.0], [-1.0]]))
    Gradients(W=array([[-2.]]), b=array([5.]), H=array([[ 2.],
           [10.],
           [-2.]]), norms=array([1., 5., 1.]))
    """
    check.instance(Saved, saved=saved), check.finite(rows=saved.rows, W=W, G=G)
    check.alike_dtype(rows=saved.rows, W=W, G=G)
    rows, indices = (saved.rows, "n d_in"), (saved.indices, "n")
    B = check.shapes(W=(W, "d_in d_out"), G=(G, "B d_out"), rows=rows, indices=indices)["B"]
    check.indices(B, indices=saved.indices)
    return _backward(saved, W, G)


# A network ------------------------------------------------------------------------------------------------------------


def init(params, samples):
    """A network at rest whose samples have not been seen yet.

    Parameters
    ----------
    params : list of Layer
        From `models.mlp.init`.
    samples : int
        How many there are in the data.

    Returns
    -------
    NetState
        Velocities and cache are 0.

    Raises
    ------
    TypeError, ValueError
        If `params` are no layers that fit, or `samples` is no integer >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> init([Layer(np.ones((1, 2)), np.zeros(2))], 3).norms
    [array([0., 0., 0.])]
    """
    check.sequence(params=params)
    check.instance(Layer, **{f"params[{i}]": layer for i, layer in enumerate(params)})
    arrays = {f"{n}[{i}]": x for i, layer in enumerate(params) for n, x in zip("Wb", layer, strict=True)}
    check.finite(**arrays), check.alike_dtype(**arrays)
    for i, (W, b) in enumerate(params):
        check.shapes(**{f"W[{i}]": (W, f"d{i} d{i + 1}"), f"b[{i}]": (b, f"d{i + 1}")})
    samples, xp = check.integer(samples=samples, minimum=1), array_namespace(*arrays.values())
    cache = [xp.zeros((samples,), dtype=b.dtype, device=device(b)) for _, b in params]
    return NetState([*params], [Layer(xp.zeros_like(W), xp.zeros_like(b)) for W, b in params], cache)


def _put(cache, ids, norms):
    """A cache with new norms at the places of the samples; by sorting, as arrays are not written to."""
    xp, order = array_namespace(cache, ids), array_namespace(ids).argsort(ids)
    sorted_ids = xp.take(ids, order)
    every = xp.arange(cache.shape[0], dtype=ids.dtype, device=device(ids))
    at = xp.clip(xp.searchsorted(sorted_ids, every), max=ids.shape[0] - 1)
    return xp.where(xp.take(sorted_ids, at) == every, xp.take(norms, xp.take(order, at)), cache)  # (wta_crs-21)


def _slope(logits, labels):
    """Gradient of the mean cross-entropy of the softmax in the logits."""
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[1], dtype=labels.dtype, device=device(labels))
    right = xp.astype(labels[:, None] == classes, logits.dtype)
    return (softmax(logits) - right) / logits.shape[0]  # (wta_crs-22)


def _rule(state, x, labels, ids, u, lr, momentum, ratio, phi, select):
    """Forward through all layers, back through all, then a step with momentum."""
    xp, kept, outputs = array_namespace(x), [], []
    for l, ((W, b), norms) in enumerate(zip(state.params, state.norms, strict=True)):
        z, saved = _forward(x, W, b, xp.take(norms, ids), u[l, :], ratio, phi, select)
        kept.append(saved)
        outputs.append(z)
        x = xp.maximum(z, xp.zeros_like(z))
    loss, G = softmax_cross_entropy(outputs[-1], labels), _slope(outputs[-1], labels)
    params, velocity, norms = [*state.params], [*state.velocity], [*state.norms]
    for l in reversed(range(len(params))):
        grad = _backward(kept[l], params[l].W, G)
        if l:
            G = xp.where(outputs[l - 1] > 0, grad.H, xp.zeros_like(grad.H))  # (wta_crs-23)
        sums = (momentum * v + g for v, g in zip(velocity[l], grad[:2], strict=True))  # (wta_crs-24)
        velocity[l] = Layer(*sums)
        params[l] = Layer(*(w - lr * v for w, v in zip(params[l], velocity[l], strict=True)))
        norms[l] = _put(norms[l], ids, grad.norms)
    return NetState(params, velocity, norms), Info(loss, sum(math.prod(saved.rows.shape) for saved in kept))


def step(state, x, labels, ids, u, *, lr, momentum=0.9, ratio=0.3, phi=0.1, select=wta):
    """One step of training on a batch; every linear layer is sampled.

    Parameters
    ----------
    state : NetState
        From `init` or the last step.
    x : array [B, d_0]
        Samples, floating point.
    labels : array [B]
        Their classes, integers.
    ids : array [B]
        Their numbers in the data, integers, all different: where the cache has their norms.
    u : array [L, B]
        Uniform draws on [0, 1), a row for each layer.
    lr : float
        Step size > 0.
    momentum : float, default: 0.9
        What is kept of the velocity, in [0, 1).
    ratio, phi, select
        As for `forward`.

    Returns
    -------
    state : NetState
        After the step.
    info : Info
        Loss of the batch before it, and how many floats were kept for the backward pass.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, two ids are equal, or a number is out of range.

    Notes
    -----
    Equations (wta_crs-13) to (wta_crs-24) of the documentation; with `ratio` 1 it is gradient descent with momentum.

    Examples
    --------
    >>> import numpy as np
    >>> state = init([Layer(np.array([[1.0, -1.0]]), np.zeros(2))], 4)
    >>> batch = np.array([[1.0], [2.0]]), np.array([0, 1]), np.array([3, 0])
    >>> state, info = step(state, *batch, np.array([[0.2, 0.7]]), lr=0.5, ratio=0.5)
    >>> state.norms[0].round(4), info.floats
    (array([0.6944, 0.    , 0.    , 0.0843]), 1)
    """
    check.instance(NetState, state=state), check.finite(x=x), check.uniforms(u=u)
    x0, L = init(state.params, 1).params[0].W, len(state.params)
    check.alike_dtype(W=x0, x=x, u=u)
    sizes = {"x": (x, "B d"), "labels": (labels, "B"), "ids": (ids, "B"), "u": (u, f"{L} B"), "W[0]": (x0, "d k")}
    check.shapes(**sizes)
    check.indices(state.params[-1].b.shape[0], labels=labels)
    check.sequence(velocity=state.velocity, norms=state.norms)
    if not len(state.velocity) == len(state.norms) == L:
        raise ValueError(f"velocity and norms must have {L} entries, one for each layer, got others")
    for l in range(L):
        check.instance(Layer, **{f"velocity[{l}]": state.velocity[l]})
        check.alike(**{f"W[{l}]": state.params[l].W, f"velocity[{l}].W": state.velocity[l].W})
        check.alike(**{f"b[{l}]": state.params[l].b, f"velocity[{l}].b": state.velocity[l].b})
        check.alike(**{"norms[0]": state.norms[0], f"norms[{l}]": state.norms[l]})
        check.no_negative(**{f"norms[{l}]": state.norms[l]}), check.shapes(**{f"norms[{l}]": (state.norms[l], "N")})
    check.indices(state.norms[0].shape[0], ids=ids)
    xp = array_namespace(ids)
    ordered = xp.sort(ids)
    if bool(xp.any(ordered[1:] == ordered[:-1])):
        raise ValueError("ids must be all different, got one twice")
    rates = check.positive(lr=lr), check.fraction(momentum=momentum), *_rates(ratio, phi, select)
    return _rule(state, x, labels, ids, u, *rates)


def fit(params, x, labels, batches, u, *, record=None, progress=None, **rates):
    """Train a network on given batches.

    Parameters
    ----------
    params : list of Layer
        The start.
    x : array [N, d_0]
        All samples.
    labels : array [N]
        Their classes.
    batches : array [T, B]
        Which samples each step takes, integers.
    u : array [T, L, B]
        Uniform draws on [0, 1).
    record : callable, optional
        ``record(state) -> dict``, kept for the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        As for `step`.

    Returns
    -------
    NetState
        After the last step.
    core.loop.Run
        What was recorded.

    Raises
    ------
    TypeError, ValueError
        As `step`.

    Examples
    --------
    >>> import numpy as np
    >>> x, labels = np.array([[1.0], [2.0], [-1.0]]), np.array([0, 0, 1])
    >>> batches, u = np.array([[0, 2], [1, 2]]), np.full((2, 1, 2), 0.5)
    >>> state, run = fit([Layer(np.array([[1.0, -1.0]]), np.zeros(2))], x, labels, batches, u, lr=0.5, ratio=1.0)
    >>> state.params[0].W.round(4)
    array([[ 1.1472, -1.1472]])
    """
    check.finite(x=x, u=u)
    T = check.shapes(x=(x, "N d"), labels=(labels, "N"), batches=(batches, "T B"), u=(u, "T L B"))["T"]
    check.indices(x.shape[0], batches=batches)
    xp = array_namespace(x)

    def advance(state, t):
        ids = batches[t - 1, :]
        batch = xp.take(x, ids, axis=0), xp.take(labels, ids), ids
        return step(state, *batch, u[t - 1, ...], **rates)[0]

    run = iterate(advance, init(params, x.shape[0]), steps=T, record=record, progress=progress)
    return run.state, run
