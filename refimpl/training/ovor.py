"""One prompt for all tasks, and virtual outliers for the classifier's heads (Huang et al., 2024, arXiv:2402.04129).

Tasks with classes of their own come one after the other, their data are not kept, and nobody says at the test which
task an image is of. A frozen encoder is steered by a prefix of keys and values, the same for all tasks. Each task
trains its columns of a linear head, then teaches them by outliers that it makes up where they do not apply. Beside it
stand the prompt pools that the paper compares with.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import cholesky, length, magnitude, unit
from refimpl.core.special import logsumexp, softmax
from refimpl.models import adam
from refimpl.models.attention import scaled_scores, softmax_gradient
from refimpl.models.attention import softmax as weights_of

CENTRES = ("boundary", "origin")
RANKS = ("normalised", "raw")
BLOCK = 2**18  # numbers that are in work at once


class Head(NamedTuple):
    """A linear classifier over all classes: o = z W + b."""

    W: Array  # [D, C]
    b: Array  # [C]


class Loss(NamedTuple):
    """The regularised loss, its parts and its gradients."""

    cross_entropy: Array  # []
    id_term: Array  # [] what the features pay for an energy above tau_id, without lam
    out_term: Array  # [] what the outliers pay for an energy below tau_out, without lam
    loss: Array  # []
    d_id: Array  # [n, c] gradient in the logits of the features
    d_out: Array  # [m, c] gradient in the logits of the outliers


class Outliers(NamedTuple):
    """Features at the border of the cloud, and points beyond it."""

    boundary: Array  # [min(select, n)] row numbers, int64, the loneliest first
    outliers: Array  # [n_out, D] the loneliest first


class Choice(NamedTuple):
    """Prompts of a pool that the queries ask for, and what the keys pay."""

    chosen: Array  # [n, k] numbers, int64, the nearest first
    loss: Array  # [] mean over the queries of the sum of 1 - cos
    d_keys: Array  # [M, d] its gradient in the keys


class Accuracy(NamedTuple):
    """Shares of right answers."""

    cil: Array  # [] among all classes seen so far: the task is not known
    til: Array  # [] among the classes of the true task


class Metrics(NamedTuple):
    """What is told of a run over all tasks."""

    accuracy: Array  # [] mean over the tasks after the last one
    forgetting: Array  # [] mean loss of the earlier tasks against their best


# One prompt ---------------------------------------------------------------------------------------------------------


def prefix_attention(q, k, v, P_k, P_v):
    """Attention of one layer with a prefix: m more keys and values, the same for all inputs.

    Parameters
    ----------
    q : array [B, H, n, d]
        Queries of B inputs in H heads, floating point.
    k, v : array [B, H, N, d]
        Keys and values of the N tokens.
    P_k, P_v : array [m, H*d]
        The prompt, split over the heads as keys and values are. It is not multiplied by the layer's matrices.

    Returns
    -------
    array [B, H, n, d]
        What the queries read.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Examples
    --------
    A query of 0 sees all keys alike; the token has the value 1, the prompt 3 and 5:

    >>> import numpy as np
    >>> q, token = np.zeros((1, 1, 1, 1)), np.ones((1, 1, 1, 1))
    >>> prefix_attention(q, token, token, np.zeros((2, 1)), np.array([[3.0], [5.0]]))
    array([[[[3.]]]])
    """
    A, _, V = _attention(q, k, v, P_k, P_v)
    return A @ V  # (ovor-3)


def _attention(q, k, v, P_k, P_v):
    """Weights, and the keys and values of prompt and tokens."""
    check.finite(q=q, k=k, v=v, P_k=P_k, P_v=P_v), check.alike_dtype(q=q, k=k, v=v, P_k=P_k, P_v=P_v)
    sizes = check.shapes(q=(q, "B H n d"), k=(k, "B H N d"), v=(v, "B H N d"))
    e = str(sizes["H"] * sizes["d"])
    check.shapes(P_k=(P_k, f"m {e}"), P_v=(P_v, f"m {e}"))
    xp, prompt = array_namespace(q, k, v, P_k, P_v), [_over_heads(P, k) for P in (P_k, P_v)]
    K, V = (xp.concat([P, x], axis=2) for P, x in zip(prompt, (k, v), strict=True))  # (ovor-1)
    A = weights_of(scaled_scores(q, K))  # (ovor-2)
    return A, K, V


def _over_heads(P, like):
    """[m, H*d] -> [B, H, m, d]"""
    (B, H, _, d), xp = like.shape, array_namespace(P)
    P = xp.permute_dims(xp.reshape(P, (P.shape[0], H, d)), (1, 0, 2))
    return xp.broadcast_to(P, (B, *P.shape))


def _over_tokens(G):
    """[B, H, m, d] -> [m, H*d], summed over the inputs, to which the prompt is common."""
    xp, (_, H, m, d) = array_namespace(G), G.shape
    return xp.reshape(xp.permute_dims(xp.sum(G, axis=0), (1, 0, 2)), (m, H * d))


def prefix_gradients(q, k, v, P_k, P_v, dO):
    """Gradients in the prompt, of a function whose gradient in the output of `prefix_attention` is known.

    Parameters
    ----------
    q, k, v, P_k, P_v
        As for `prefix_attention`.
    dO : array [B, H, n, d]
        Gradient in its output.

    Returns
    -------
    dP_k, dP_v : array [m, H*d]
        Summed over the inputs.

    Raises
    ------
    TypeError, ValueError
        As `prefix_attention`, or if `dO` is not like `q`.

    Examples
    --------
    >>> import numpy as np
    >>> q, token = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1, 1))
    >>> dP_k, dP_v = prefix_gradients(q, token, token, np.ones((1, 1)), np.array([[3.0]]), np.ones((1, 1, 1, 1)))
    >>> dP_k, dP_v
    (array([[0.5]]), array([[0.5]]))
    """
    A, _, V = _attention(q, k, v, P_k, P_v)
    check.alike(q=q, dO=dO)
    xp, m = array_namespace(A), P_k.shape[0]
    dP_v = xp.matrix_transpose(A[..., :m]) @ dO  # (ovor-4)
    dS = softmax_gradient(A, dO @ xp.matrix_transpose(V))  # (ovor-5)
    dP_k = xp.matrix_transpose(dS[..., :m]) @ q / math.sqrt(q.shape[-1])  # (ovor-6)
    return _over_tokens(dP_k), _over_tokens(dP_v)


# The regularised loss -----------------------------------------------------------------------------------------------


def energy(o):
    """Minus the log-sum-exp of the logits: low where some class of the task claims the point.

    Parameters
    ----------
    o : array [..., c]
        Logits of the current task's classes, floating point.

    Returns
    -------
    array [...]
        Between -max(o) - log(c) and -max(o).

    Raises
    ------
    TypeError, ValueError
        If `o` is no such array.

    Examples
    --------
    >>> import numpy as np
    >>> energy(np.array([[0.0, 0.0], [-200.0, 200.0]])).round(4)
    array([  -0.6931, -200.    ])
    """
    check.finite(o=o)
    return -logsumexp(o, axis=-1)  # (ovor-8)


def _huber(u):
    """Half the square up to 1, a line of slope 1 from there on; and the slope. Of u >= 0."""
    slope = array_namespace(u).clip(u, None, 1.0)
    return slope * (u - slope / 2), slope  # (ovor-9)


def vor_loss(o_id, y, o_out, *, lam=0.1, tau_id=-15.0, tau_out=-3.0):
    """Cross-entropy, and what energies pay on the wrong side of their thresholds.

    Parameters
    ----------
    o_id : array [n, c]
        Logits of features of the current task over its classes, floating point.
    y : array [n]
        Their classes, integers in [0, c).
    o_out : array [m, c]
        Logits of the outliers.
    lam : float, default: 0.1
        Weight of the regulariser >= 0.
    tau_id, tau_out : float, default: -15.0, -3.0
        Energies should be below `tau_id` on features and above `tau_out` on outliers. They depend on the scale of the
        logits; the defaults are those of the official code, for a vision transformer.

    Returns
    -------
    Loss
        Parts and gradients.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> o_id, o_out = np.array([[2.0, 1.0], [0.0, 0.0]]), np.array([[4.0, 0.0], [-5.0, -5.0]])
    >>> found = vor_loss(o_id, np.array([0, 1]), o_out, lam=0.5, tau_id=-2.0, tau_out=0.0)
    >>> [float(part.round(4)) for part in found[:4]]
    [0.5032, 0.4034, 1.7591, 1.5845]
    """
    check.finite(o_id=o_id, o_out=o_out), check.alike_dtype(o_id=o_id, o_out=o_out)
    sizes = check.shapes(o_id=(o_id, "n c"), y=(y, "n"), o_out=(o_out, "m c"))
    check.indices(sizes["c"], y=y)
    lam, (tau_id, tau_out) = check.nonnegative(lam=lam), check.number(tau_id=tau_id, tau_out=tau_out)
    xp, n, m = array_namespace(o_id, o_out), sizes["n"], sizes["m"]
    ce, ce_gradient = cross_entropy(o_id, y)
    h_id, slope_id = _huber(xp.clip(energy(o_id) - tau_id, 0.0, None))  # (ovor-10)
    h_out, slope_out = _huber(xp.clip(tau_out - energy(o_out), 0.0, None))  # (ovor-11)
    id_term, out_term = xp.mean(h_id), xp.mean(h_out)  # (ovor-12)
    loss = ce + lam * (id_term + out_term)  # (ovor-13)
    d_id = ce_gradient - lam * slope_id[:, None] * softmax(o_id) / n  # (ovor-14)
    d_out = lam * slope_out[:, None] * softmax(o_out) / m  # (ovor-15)
    return Loss(ce, id_term, out_term, loss, d_id, d_out)


def cross_entropy(o, y):
    """Mean of -log softmax(o)[y], and its gradient: the loss of the first phase.

    Parameters
    ----------
    o : array [n, c]
        Logits of the current task's classes, floating point.
    y : array [n]
        Integers in [0, c).

    Returns
    -------
    value : array []
        In nats.
    gradient : array [n, c]
        In the logits.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> value, gradient = cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))
    >>> float(value.round(4)), gradient
    (0.6931, array([[ 0.5, -0.5]]))
    """
    check.finite(o=o), check.shapes(o=(o, "n c"), y=(y, "n")), check.indices(o.shape[1], y=y)
    xp, (n, c) = array_namespace(o, y), o.shape
    true = y[:, None] == xp.arange(c, dtype=y.dtype, device=device(y))
    value = xp.mean(logsumexp(o, axis=1) - xp.sum(xp.where(true, o, 0.0), axis=1))  # (ovor-16)
    return value, (softmax(o) - xp.astype(true, o.dtype)) / n  # (ovor-17)


# Training of the head -----------------------------------------------------------------------------------------------


def logits(head, z):
    """Logits over all classes.

    Parameters
    ----------
    head : Head
        The classifier.
    z : array [n, D]
        Features, floating point.

    Returns
    -------
    array [n, C]
        z W + b.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> logits(Head(np.array([[1.0, 2.0]]), np.array([0.0, 0.5])), np.array([[3.0]]))
    array([[3. , 6.5]])
    """
    head = check.fields(Head, head=head)
    check.finite(z=z, W=head.W, b=head.b), check.alike_dtype(z=z, W=head.W, b=head.b)
    check.shapes(z=(z, "n D"), W=(head.W, "D C"), b=(head.b, "C"))
    return z @ head.W + head.b


def update(head, state, z, y, outliers=None, *, first, last, lr=1e-3, lam=0.1, tau_id=-15.0, tau_out=-3.0):
    """One step of Adam on the columns of the current task.

    Parameters
    ----------
    head : Head
        Before the step.
    state : refimpl.models.adam.Adam
        `adam.init(head)` when a task begins; the same goes on when its outliers come in.
    z : array [B, D]
        Features of a batch of the current task.
    y : array [B]
        Their classes, integers in [`first`, `last`).
    outliers : array [O, D], optional
        Virtual outliers of the second phase; without them the step is one of the first phase, on the cross-entropy.
    first, last : int
        The columns of the current task are those from `first` to `last` - 1.
    lr : float, default: 1e-3
        Step size >= 0.
    lam, tau_id, tau_out
        As for `vor_loss`.

    Returns
    -------
    head : Head
        After the step; the columns of other tasks are what they were.
    state : refimpl.models.adam.Adam
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> head = Head(np.zeros((1, 3)), np.zeros(3))
    >>> update(head, adam.init(head), np.array([[2.0]]), np.array([2]), first=1, last=3, lr=0.5)[0].W.round(4)
    array([[ 0. , -0.5,  0.5]])
    """
    o = logits(head, z)
    last = check.integer(last=last, minimum=1, below=o.shape[1] + 1)
    first = check.integer(first=first, below=last)
    check.shapes(y=(y, str(z.shape[0]))), check.indices(last, y=y), check.indices(last - first, y=y - first)
    o_id, labels = o[:, first:last], y - first  # (ovor-7)
    if outliers is None:
        grads = _into(head, z, cross_entropy(o_id, labels)[1], first, last)
    else:
        o_out = logits(head, outliers)[:, first:last]
        found = vor_loss(o_id, labels, o_out, lam=lam, tau_id=tau_id, tau_out=tau_out)
        parts = [_into(head, z, found.d_id, first, last), _into(head, outliers, found.d_out, first, last)]
        grads = Head(*(a + b for a, b in zip(*parts, strict=True)))  # (ovor-19)
    return adam.update(head, state, grads, lr=lr)  # (ovor-20)


def _into(head, z, d, first, last):
    """Gradient in the head of a function whose gradient in the current columns of the logits is known."""
    xp = array_namespace(z, d)
    dW, db = xp.matrix_transpose(z) @ d, xp.sum(d, axis=0)  # (ovor-18)
    return Head(*(xp.concat([0.0 * x[..., :first], dx, 0.0 * x[..., last:]], axis=-1)
                  for x, dx in zip(head, (dW, db), strict=True)))  # fmt: skip


def schedule(lr, n):
    """Step sizes of the n epochs of a task, both phases together: a quarter of a cosine.

    Parameters
    ----------
    lr : float
        Of the first epoch, >= 0.
    n : int
        Epochs >= 1.

    Returns
    -------
    list of float
        From `lr` down to a sixty-fourth of it.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> [round(rate, 4) for rate in schedule(1.0, 5)]
    [1.0, 0.9254, 0.7126, 0.3935, 0.0157]
    """
    lr, n = check.nonnegative(lr=lr), check.integer(n=n, minimum=1)
    return [lr * math.cos(99 * math.pi * e / (200 * max(n - 1, 1))) for e in range(n)]  # (ovor-21)


# Virtual outliers ---------------------------------------------------------------------------------------------------


def npos(Z, eps, *, K=50, select=50, n_out, sigma=0.1, centre="boundary", rank="normalised"):
    """Outliers beyond the loneliest features of a cloud (Tao et al., 2023), the paper's generator.

    Parameters
    ----------
    Z : array [n, D]
        Features of the task, all its classes together, floating point.
    eps : array [per, D]
        Standard normal draws, the same for each feature of the border.
    K : int, default: 50
        Loneliness is the distance to the K-th nearest feature; of a feature, itself is the first. At most n.
    select : int, default: 50
        Features of the border >= 1; all, if there are fewer.
    n_out : int
        Outliers that are kept, >= 1, at most as many as there are candidates.
    sigma : float, default: 0.1
        Size of the steps away from the border, > 0.
    centre : {"boundary", "origin"}, default: "boundary"
        Where candidates start: at the border, or, as in the official code, at the origin.
    rank : {"normalised", "raw"}, default: "normalised"
        Distances between directions, or between the points themselves. A vector of 0 has the direction 0.

    Returns
    -------
    Outliers
        Of equally lonely ones the first; candidates are ordered by feature, then by draw.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> Z = np.array([[1, 0], [2, 0.2], [0, 1], [3, -1], [1, 1.0]])
    >>> eps = np.array([[1, 0], [0, -1], [-1, 1.0]])
    >>> found = npos(Z, eps, K=2, select=2, n_out=3, sigma=0.5)
    >>> found.boundary
    array([2, 4])
    >>> found.outliers
    array([[-0.5,  1.5],
           [ 0. ,  0.5],
           [ 1.5,  1. ]])
    """
    check.finite(Z=Z, eps=eps), check.alike_dtype(Z=Z, eps=eps)
    sizes = check.shapes(Z=(Z, "n D"), eps=(eps, "per D"))
    check.choice(CENTRES, centre=centre), check.choice(RANKS, rank=rank)
    K = check.integer(K=K, minimum=1, below=sizes["n"] + 1)
    select = min(check.integer(select=select, minimum=1), sizes["n"])
    n_out = check.integer(n_out=n_out, minimum=1, below=select * sizes["per"] + 1)
    sigma, xp = check.positive(sigma=sigma), array_namespace(Z, eps)
    boundary = _loneliest(Z, Z, K, rank, select)  # (ovor-24)
    border = xp.take(Z, boundary, axis=0)
    z_b = border if centre == "boundary" else xp.zeros_like(border)
    candidates = xp.reshape(z_b[:, None, :] + sigma * eps[None, :, :], (-1, Z.shape[1]))  # (ovor-25)
    kept = _loneliest(candidates, Z, K, rank, n_out)  # (ovor-26)
    return Outliers(xp.astype(boundary, xp.int64), xp.take(candidates, kept, axis=0))


def _loneliest(points, members, K, rank, count):
    """Numbers of the points that are farthest from their K-th nearest member."""
    if rank == "normalised":
        points, members = unit(points, axis=-1), unit(members, axis=-1)  # (ovor-22)
    else:
        size = magnitude(members)
        points, members = points / size, members / size
    xp, rows = array_namespace(points, members), max(1, BLOCK // math.prod(members.shape))
    blocks = [points[i : min(i + rows, points.shape[0]), :] for i in range(0, points.shape[0], rows)]
    r2 = xp.concat([_kth(block, members, K) for block in blocks])
    return xp.argsort(-r2, stable=True)[:count]


def _kth(points, members, K):
    xp = array_namespace(points, members)
    gaps = points[:, None, :] - members[None, :, :]
    return xp.sort(xp.vecdot(gaps, gaps), axis=1)[:, K - 1]  # (ovor-23)


def vos(Z, y, eps, *, n_out, ridge=1e-3):
    """Outliers at the rim of a normal distribution about each class (Du et al., 2022), a rival of `npos`.

    Parameters
    ----------
    Z : array [n, D]
        Features of the task, floating point.
    y : array [n]
        Their classes 0, ..., c-1, integers; each class occurs.
    eps : array [S, D]
        Standard normal draws, the same for each class.
    n_out : int
        c to c S; for each class floor(n_out / c) outliers are made.
    ridge : float, default: 1e-3
        > 0, added to the diagonal of the covariance.

    Returns
    -------
    array [c * floor(n_out / c), D]
        Class by class, the longest draw first.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a class is missing, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> Z, eps = np.array([[1.0], [3.0], [10.0], [12.0]]), np.array([[0.5], [-2.0]])
    >>> vos(Z, np.array([0, 0, 1, 1]), eps, n_out=2, ridge=3.0)
    array([[-2.],
           [ 7.]])
    """
    check.finite(Z=Z, eps=eps), check.alike_dtype(Z=Z, eps=eps), check.integral(y=y)
    sizes = check.shapes(Z=(Z, "n D"), y=(y, "n"), eps=(eps, "S D"))
    xp, n, ridge = array_namespace(Z, eps), sizes["n"], check.positive(ridge=ridge)
    check.indices(n, y=y)
    c = int(xp.max(y)) + 1
    member = xp.astype(y == xp.arange(c, dtype=y.dtype, device=device(y))[:, None], Z.dtype)
    counts = xp.sum(member, axis=1)
    if not bool(xp.all(counts > 0)):
        raise ValueError(f"y must have each of the classes 0, ..., {c - 1}, got one that is missing")
    n_out = check.integer(n_out=n_out, minimum=c, below=c * sizes["S"] + c)
    means = (member / counts[:, None]) @ Z
    R = Z - xp.matrix_transpose(member) @ means  # (ovor-27)
    eye = xp.eye(Z.shape[1], dtype=Z.dtype, device=device(Z))
    L = cholesky(xp.matrix_transpose(R) @ R / n + ridge * eye)  # (ovor-28)
    longest = xp.argsort(-xp.vecdot(eps, eps), stable=True)[: n_out // c]  # (ovor-29)
    steps = xp.take(eps, longest, axis=0) @ xp.matrix_transpose(L)
    return xp.reshape(means[:, None, :] + steps[None, :, :], (-1, Z.shape[1]))  # (ovor-30)


# Pools of prompts ---------------------------------------------------------------------------------------------------


def select_prompts(query, keys, *, k=1):
    """Prompts of a pool whose keys point where a query points: L2P (k = 5), and DualPrompt at the test (k = 1).

    Parameters
    ----------
    query : array [n, d]
        Features of a first pass without prompts, floating point.
    keys : array [M, d]
        Of the prompts of the pool.
    k : int, default: 1
        Prompts that each query gets, 1 to M.

    Returns
    -------
    Choice
        Of equally near keys the first. In training the loss draws the chosen keys to their queries.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a vector is 0, or `k` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> found = select_prompts(np.array([[3.0, 4.0]]), np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]), k=2)
    >>> found.chosen, float(found.loss.round(4))
    (array([[1, 0]]), 0.6)
    """
    sizes = _pool(query=(query, "n d"), keys=(keys, "M d"))
    k = check.integer(k=k, minimum=1, below=sizes["M"] + 1)
    xp, directions, u = array_namespace(query, keys), unit(keys, axis=-1), unit(query, axis=-1)
    gaps = u[:, None, :] - directions[None, :, :]
    away = xp.vecdot(gaps, gaps) / 2  # (ovor-31)
    chosen = xp.argsort(away, axis=1, stable=True)[:, :k]  # (ovor-32)
    loss = xp.mean(xp.sum(xp.take_along_axis(away, chosen, axis=1), axis=1))  # (ovor-33)
    numbers = xp.arange(sizes["M"], dtype=chosen.dtype, device=device(chosen))
    asked = xp.astype(xp.any(chosen[:, :, None] == numbers, axis=1), query.dtype)
    pull = xp.matrix_transpose(asked) @ u / sizes["n"]
    across = pull - xp.vecdot(pull, directions)[:, None] * directions
    d_keys = -across / length(keys)  # (ovor-34)
    return Choice(xp.astype(chosen, xp.int64), loss, d_keys)


def _pool(**named):
    check.finite(**{name: x for name, (x, _) in named.items()})
    check.alike_dtype(**{name: x for name, (x, _) in named.items()})
    sizes = check.shapes(**named)
    for name, (x, _) in named.items():
        xp = array_namespace(x)
        if name in ("query", "keys") and not bool(xp.all(xp.any(x != 0, axis=-1))):
            raise ValueError(f"{name} must have a direction in each row, got a row of zeros")
    return sizes


def coda_prompt(query, attention, keys, prompts):
    """A prompt mixed of all components of a pool, by the cosines of masked queries and keys (CODA-Prompt).

    Parameters
    ----------
    query : array [n, d]
        As for `select_prompts`.
    attention : array [M, d]
        By which the query is multiplied, coordinate by coordinate, for each component.
    keys : array [M, d]
        Of the components.
    prompts : array [M, e]
        The components, each in a row.

    Returns
    -------
    array [n, e]
        A prompt for each query.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a vector of `query` or `keys` is 0.

    Examples
    --------
    >>> import numpy as np
    >>> attention, keys = np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 5.0]])
    >>> coda_prompt(np.array([[3.0, 4.0]]), attention, keys, np.array([[10.0], [1.0]]))
    array([[10.8]])
    """
    _pool(query=(query, "n d"), keys=(keys, "M d"), attention=(attention, "M d"), prompts=(prompts, "M e"))
    xp, masked = array_namespace(query, attention, keys), query[:, None, :] * attention[None, :, :]
    alpha = xp.vecdot(unit(masked, axis=-1), unit(keys, axis=-1)[None, :, :])  # (ovor-35)
    return alpha @ prompts  # (ovor-36)


def parameter_counts(d, T):
    """Numbers that each method learns beside the head, with the official settings.

    Parameters
    ----------
    d : int
        Width of the transformer >= 1; 768 in the paper.
    T : int
        Tasks >= 1.

    Returns
    -------
    dict of str to int
        OnePrompt: 10 prompt vectors in each of two layers and 40 in each of three. DualPrompt: the same two layers, and
        for each task 40 vectors and a key in three layers. L2P: 30 prompts of 20 vectors and a key. CODA-P: in five
        layers 100 components of 8 vectors, a key and an attention vector.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> parameter_counts(768, 10)
    {'OnePrompt': 107520, 'DualPrompt': 960000, 'L2P': 483840, 'CODA-P': 3840000}
    """
    d, T = check.integer(d=d, minimum=1), check.integer(T=T, minimum=1)
    one, dual = 2 * 10 * d + 3 * 40 * d, 2 * 10 * d + 3 * T * (40 + 1) * d
    return {"OnePrompt": one, "DualPrompt": dual, "L2P": 30 * (20 + 1) * d, "CODA-P": 5 * 100 * (8 + 2) * d}


# What is measured ---------------------------------------------------------------------------------------------------


def accuracies(o, y, *, c, seen):
    """Shares of right answers with and without the true task given.

    Parameters
    ----------
    o : array [n, C]
        Logits over all classes, floating point.
    y : array [n]
        Classes, integers in [0, c `seen`).
    c : int
        Classes of a task: columns 0 to c-1 are those of the first one, and so on. C is a multiple of it.
    seen : int
        Tasks learned so far, 1 to C / c; later columns are no answers.

    Returns
    -------
    Accuracy
        Of equal logits the first counts.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> o = np.array([[1.0, 2.0, 5.0, 9.0], [0.0, 0.0, 3.0, 9.0]])
    >>> [float(a) for a in accuracies(o, np.array([1, 2]), c=2, seen=2)]
    [0.0, 0.5]
    """
    check.finite(o=o)
    C = check.shapes(o=(o, "n C"), y=(y, "n"))["C"]
    c = check.integer(c=c, minimum=1, below=C + 1)
    if C % c:
        raise ValueError(f"c must divide the number of columns, {C}, got {c}")
    seen = check.integer(seen=seen, minimum=1, below=C // c + 1)
    check.indices(c * seen, y=y)
    xp = array_namespace(o, y)
    own = y[:, None] // c == xp.arange(C, dtype=y.dtype, device=device(y)) // c
    everywhere = xp.argmax(o[:, : c * seen], axis=1)  # (ovor-37)
    inside = xp.argmax(xp.where(own, o, -math.inf), axis=1)  # (ovor-38)
    return Accuracy(*(xp.mean(xp.astype(guess == y, o.dtype)) for guess in (everywhere, inside)))


def metrics(a):
    """Average accuracy and forgetting.

    Parameters
    ----------
    a : array [T, T]
        Row t: accuracies on each task after task t was learned, floating point. What stands right of the diagonal, of
        tasks to come, is not looked at for the forgetting but where it is larger than what came later.

    Returns
    -------
    Metrics
        With a single task nothing is forgotten.

    Raises
    ------
    TypeError, ValueError
        If `a` is no square matrix, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> [float(x.round(3)) for x in metrics(np.array([[0.9, 0.0, 0.0], [0.7, 0.8, 0.0], [0.5, 0.9, 0.7]]))]
    [0.7, 0.15]
    """
    check.finite(a=a)
    T, xp = check.shapes(a=(a, "T T"))["T"], array_namespace(a)
    accuracy = xp.mean(a[-1, :])  # (ovor-39)
    if T == 1:
        return Metrics(accuracy, 0.0 * accuracy)
    forgetting = xp.mean(xp.max(a[:-1, :-1], axis=0) - a[-1, :-1])  # (ovor-40)
    return Metrics(accuracy, forgetting)
