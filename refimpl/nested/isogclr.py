"""iSogCLR, contrastive learning with a temperature for each sample (Qiu et al., 2023, arXiv:2305.11965, Algorithm 1).

A robust contrastive loss leans on hard negatives as far as a KL ball of radius rho allows; the Lagrange multiplier of
the ball is the temperature, one for each sample. A running normaliser per sample makes small batches enough.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.linalg import length
from refimpl.core.special import logsumexp


class ISogCLRState(NamedTuple):
    """What is kept for each of the n samples; in the bimodal form, for each side."""

    log_s: Array  # [n] logarithm of s, the running normaliser; not read before the first visit
    tau: Array  # [n] temperature
    u: Array  # [n] running average of the derivative of the loss in tau
    seen: Array  # [n] bool, whether the sample has been in a batch


class Contrast(NamedTuple):
    """A contrastive loss and its derivative in the similarities, from which `pull` makes gradients."""

    loss: Array  # 0-d; in a step the estimate whose derivative C is, with the weights taken as constants
    C: Array  # [2B, 2B], anchors in rows; [B, B] in the bimodal form


class Robust(NamedTuple):
    """The full objective and its derivatives."""

    loss: Array  # 0-d
    C: Array  # [2n, 2n] in the similarities
    slope: Array  # [n] in the temperatures


def init(n, *, tau=0.1, like):
    """State before the first step: no sample seen, all temperatures alike.

    Parameters
    ----------
    n : int
        Number of samples, >= 2.
    tau : float, default: 0.1
        First temperature > 0.
    like : array
        Whose library, dtype and device to take; floating point.

    Returns
    -------
    ISogCLRState
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or of the wrong kind.

    Examples
    --------
    >>> import numpy as np
    >>> init(2, like=np.zeros(1))
    ISogCLRState(log_s=array([0., 0.]), tau=array([0.1, 0.1]), u=array([0., 0.]), seen=array([False, False]))
    """
    n, tau = check.integer(n=n, minimum=2), check.positive(tau=tau)
    check.floating(like=like)
    xp, kind = array_namespace(like), {"dtype": like.dtype, "device": device(like)}
    nothing = xp.zeros(n, dtype=xp.bool, device=device(like))
    return ISogCLRState(xp.zeros(n, **kind), xp.full(n, tau, **kind), xp.zeros(n, **kind), nothing)


# Parts of the rule ---------------------------------------------------------------------------------------------------


def _views(Z1, Z2):
    """Similarities of all 2B views, which are negatives of which, how many each has, and which is the positive."""
    xp, B = array_namespace(Z1, Z2), Z1.shape[-2]
    Z = xp.concat([Z1, Z2], axis=-2)
    row = xp.arange(2 * B, device=device(Z1))
    itself, own = row[:, None] == row[None, :], row[:, None] % B == row[None, :] % B
    return Z @ xp.matrix_transpose(Z), ~own, 2 * B - 2, own & ~itself


def _gap(S, positive):
    """h, by how much more similar than its positive each view is to the anchor."""
    xp = array_namespace(S)
    return S - xp.sum(xp.where(positive, S, 0.0), axis=-1, keepdims=True)


def _leaning(E, tau, negative):
    """E / tau at the negatives; elsewhere the least entry of the row, which overflows nothing and counts nowhere."""
    xp = array_namespace(E, tau)
    x = E / tau[..., None]
    return xp.where(negative, x, xp.min(x, axis=-1, keepdims=True))


def _log_mean(x, negative, count):
    """log g of each anchor."""
    xp = array_namespace(x)
    top = xp.max(x, axis=-1, keepdims=True)
    powers = xp.where(negative, xp.exp(x - top), 0.0)
    return top[..., 0] + xp.log(xp.sum(powers, axis=-1) / count)  # (isogclr-4)


def _remember(log_s, log_g, seen, gamma):
    """The running normaliser, with the new batch in it."""
    if gamma == 1:
        return log_g
    xp = array_namespace(log_s, log_g)
    blend = xp.logaddexp(math.log1p(-gamma) + log_s, math.log(gamma) + log_g)  # (isogclr-5)
    return xp.where(seen, blend, log_g)


def _weigh(x, negative, count, log_s, rho):
    """Weights of the negatives and the derivative in tau, for each anchor."""
    xp = array_namespace(x, log_s)
    w = xp.where(negative, xp.exp(x - log_s[..., None]), 0.0) / count  # (isogclr-6)
    q = log_s + rho - xp.sum(w * x, axis=-1)  # (isogclr-10)
    return w, q


def _temper(tau, u, q, beta, eta, tau_min, tau_max):
    """One step of the temperatures."""
    xp = array_namespace(tau, u, q)
    u = (1 - beta) * u + beta * q  # (isogclr-12)
    return xp.clip(tau - eta * u, tau_min, tau_max), u  # (isogclr-13)


def _kept(state, idx):
    """What is kept for the samples of a batch, each array of the shape of `idx`."""
    xp = array_namespace(*state)
    return (xp.reshape(xp.take(x, xp.reshape(idx, (-1,))), idx.shape) for x in state)


def _stored(state, idx, **new):
    """`state` with new values at the distinct places `idx`; by sorting, for arrays that cannot be written to."""
    xp, flat = array_namespace(state.tau, idx), (-1,)
    idx = xp.reshape(idx, flat)
    order = xp.argsort(idx)
    places = xp.take(idx, order)
    everyone = xp.arange(state.tau.shape[0], dtype=idx.dtype, device=device(state.tau))
    slot = xp.searchsorted(places, everyone) % idx.shape[0]
    there, source = xp.take(places, slot) == everyone, xp.take(order, slot)
    new = {name: xp.take(xp.reshape(values, flat), source) for name, values in new.items()}
    new = {name: xp.where(there, values, getattr(state, name)) for name, values in new.items()}
    return state._replace(**new, seen=there | state.seen)


# Checks --------------------------------------------------------------------------------------------------------------


def _rates(gamma, beta, eta, rho, tau_min, tau_max, clip):
    """The rates of a step, checked."""
    gamma, beta = check.share(gamma=gamma), check.share(beta=beta)
    eta, rho = check.nonnegative(eta=eta, rho=rho)
    tau_min, tau_max = check.positive(tau_min=tau_min, tau_max=tau_max)
    if tau_min > tau_max:
        raise ValueError(f"tau_min must be at most tau_max, got {tau_min!r} and {tau_max!r}")
    clip = clip if clip == math.inf else check.positive(clip=clip)
    return gamma, beta, eta, rho, tau_min, tau_max, clip


def _pair(**named):
    """Two arrays [B, k] of at least two rows, or [R, B, k]; B."""
    (first, one), (second, other) = named.items()
    check.finite(**{first: one, second: other})
    axes = _runs(one) + "B k"
    B = check.shapes(**{first: (one, axes), second: (other, axes)})["B"]
    check.like(one, **{second: other})
    if B < 2:
        raise ValueError(f"{first} must have at least 2 rows, for a sample alone has no negatives, got 1")
    return B


def _runs(x):
    """The axis of batches side by side, if there is one in front of two others."""
    return "R " if len(x.shape) == 3 else ""


def _temperatures(tau, axes):
    """Temperatures > 0 of the given axes."""
    check.finite(tau=tau)
    check.shapes(tau=(tau, axes))
    _above_zero(tau)


def _above_zero(tau):
    if 0 in tau.shape:
        raise ValueError(f"tau must have at least one entry, got shape {tuple(tau.shape)}")
    least = float(array_namespace(tau).min(tau))
    if least <= 0:
        raise ValueError(f"tau must be > 0, got {least!r}")


def _batch(idx, state, reference):
    """Distinct indices of samples of the state, whose arrays are like the embeddings."""
    _temperatures(state.tau, "n")
    check.shapes(idx=(idx, " ".join(map(str, reference.shape[:-1]))))
    n = check.shapes(**{name: (getattr(state, name), "n") for name in state._fields})["n"]
    check.finite(log_s=state.log_s, u=state.u)
    xp = array_namespace(reference, idx)
    for name, kind in (("tau", reference.dtype), ("log_s", reference.dtype), ("u", reference.dtype), ("seen", xp.bool)):
        if getattr(state, name).dtype != kind:
            raise TypeError(f"{name} must have dtype {kind}, got {getattr(state, name).dtype}")
    if not xp.isdtype(idx.dtype, "integral"):
        raise TypeError(f"idx must be integers, got dtype {idx.dtype}")
    places = xp.sort(xp.reshape(idx, (-1,)))
    low, high = int(places[0]), int(places[-1])
    if low < 0 or high >= n:
        raise ValueError(f"idx must be in [0, {n}), got values from {low} to {high}")
    if bool(xp.any(places[1:] == places[:-1])):
        raise ValueError("idx must be distinct, got a sample twice in one batch")


# One step ------------------------------------------------------------------------------------------------------------


def update(
    Z1, Z2, idx, state, *, gamma=0.9, beta=0.9, eta=0.01, rho=0.3, tau_min=0.05, tau_max=0.7, clip=3.0, exponent="S"
):
    """What a batch says of the loss, and the normalisers and temperatures after it. One step but for the network.

    With ``eta=0`` the temperatures stay: SogCLR (Yuan et al., 2022). With ``gamma=1`` too there is no memory: the
    global contrastive loss of the batch alone.

    Parameters
    ----------
    Z1, Z2 : array, shape [B, k], floating point
        Embeddings of two views of each sample of the batch, B >= 2, rows of length 1 (see `unit`). Or [R, B, k]:
        batches side by side, whose samples are no negatives of each other.
    idx : array, shape [B] or [R, B], integers
        Which samples, all different.
    state : ISogCLRState
        From `init` or the last step.
    gamma : float in (0, 1], default: 0.9
        Weight of the new batch in s.
    beta : float in (0, 1], default: 0.9
        Weight of what is new in u.
    eta : float, default: 0.01
        Step size >= 0 of the temperatures.
    rho : float, default: 0.3
        Radius >= 0 of the KL ball, in nats: how far the worst case may lean.
    tau_min, tau_max : float, default: 0.05 and 0.7
        Bounds > 0 of the temperatures.
    clip : float, default: 3.0
        Bound > 0 on the derivative in tau; may be infinite.
    exponent : str, default: "S"
        "S": the similarities alone, as in the authors' code. "h": the gap to the positive, as in the paper. They part
        from the second visit of a sample on.

    Returns
    -------
    Contrast
        Sum over both views, mean over the batch.
    ISogCLRState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, there is but one sample, an index is out of range or
        comes twice, a temperature is not > 0, or a number is out of range.

    Notes
    -----
    Equations (isogclr-4) to (isogclr-7) and (isogclr-9) to (isogclr-13) of the documentation; Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> Z1, Z2 = np.eye(3)[:2], np.eye(3)[[0, 2]]
    >>> found, state = update(Z1, Z2, np.array([0, 4]), init(5, tau=0.5, like=Z1), rho=0.5)
    >>> found.loss.round(6), state.tau.round(6), np.exp(state.log_s[[0, 4]])
    (np.float64(-1.0), array([0.4955, 0.5   , 0.5   , 0.5   , 0.4955]), array([1., 1.]))
    """
    check.instance(ISogCLRState, state=state)
    B = _pair(Z1=Z1, Z2=Z2)
    _batch(idx, state, Z1)
    check.choice(("S", "h"), exponent=exponent)
    gamma, beta, eta, rho, tau_min, tau_max, clip = _rates(gamma, beta, eta, rho, tau_min, tau_max, clip)
    xp = array_namespace(Z1, Z2, *state)
    S, negative, count, positive = _views(Z1, Z2)
    log_s, tau, u, seen = _kept(state, idx)
    twice = lambda x: xp.concat([x, x], axis=-1)  # the two views of a sample share what is kept
    E = S if exponent == "S" else _gap(S, positive)
    x = _leaning(E, twice(tau), negative)
    log_s = _remember(twice(log_s), _log_mean(x, negative, count), twice(seen), gamma)
    w, q = _weigh(x, negative, count, log_s, rho)
    total = xp.ones_like(S) if exponent == "S" else xp.sum(w, axis=-1, keepdims=True)
    C = (w - xp.where(positive, total, 0.0)) / B  # (isogclr-7)
    log_s = xp.logaddexp(log_s[..., :B], log_s[..., B:]) - math.log(2)  # (isogclr-9)
    q = xp.clip((q[..., :B] + q[..., B:]) / 2, -clip, clip)  # (isogclr-11)
    tau, u = _temper(tau, u, q, beta, eta, tau_min, tau_max)
    return Contrast(xp.sum(C * S, axis=(-2, -1)), C), _stored(state, idx, log_s=log_s, tau=tau, u=u)


def update_bimodal(
    Z1, Z2, idx, state1, state2, *, gamma=0.8, beta=0.9, eta=0.03, rho=6.0, tau_min=0.005, tau_max=0.05, clip=5.0
):
    """The same for pairs of two kinds, such as an image and its text: each side has the other for its negatives.

    Parameters
    ----------
    Z1, Z2 : array, shape [B, k], floating point
        Embeddings of the two sides of each pair, B >= 2, rows of length 1.
    idx : array, shape [B], integers
        Which pairs, all different.
    state1, state2 : ISogCLRState
        Of the anchors of the first and of the second side.
    gamma, beta, eta, rho, tau_min, tau_max, clip
        As for `update`.

    Returns
    -------
    Contrast
        The sum of both sides, each a mean over the batch; C is the derivative in ``Z1 @ Z2.T``.
    state1, state2 : ISogCLRState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        As for `update`.

    Notes
    -----
    Equations (isogclr-16) and (isogclr-17), and those of `update`, of the documentation. The exponent is the gap h.

    Examples
    --------
    >>> import numpy as np
    >>> Z1, Z2 = np.eye(2), np.array([[0.0, 1.0], [1.0, 0.0]])
    >>> state = init(2, tau=0.02, like=Z1)
    >>> found, state1, state2 = update_bimodal(Z1, Z2, np.array([0, 1]), state, state)
    >>> found.C, state1.log_s
    (array([[-1.,  1.],
           [ 1., -1.]]), array([50., 50.]))
    """
    check.instance(ISogCLRState, state1=state1, state2=state2)
    _pair(Z1=Z1, Z2=Z2)
    rates = _rates(gamma, beta, eta, rho, tau_min, tau_max, clip)
    for state in (state1, state2):
        _batch(idx, state, Z1)
    xp = array_namespace(Z1, Z2, *state1, *state2)
    S = Z1 @ xp.matrix_transpose(Z2)
    C1, state1 = _side(S, idx, state1, *rates)
    C2, state2 = _side(xp.matrix_transpose(S), idx, state2, *rates)
    C = C1 + xp.matrix_transpose(C2)
    return Contrast(xp.sum(C * S), C), state1, state2


def _side(S, idx, state, gamma, beta, eta, rho, tau_min, tau_max, clip):
    """One side of `update_bimodal`, anchors in the rows of S; its C and its state."""
    xp, B = array_namespace(S, *state), S.shape[0]
    row = xp.arange(B, device=device(S))
    positive = row[:, None] == row[None, :]
    h = S - xp.linalg.diagonal(S)[:, None]  # (isogclr-16)
    log_s, tau, u, seen = _kept(state, idx)
    x = _leaning(h, tau, ~positive)
    log_s = _remember(log_s, _log_mean(x, ~positive, B - 1), seen, gamma)
    w, q = _weigh(x, ~positive, B - 1, log_s, rho)
    C = (w - xp.where(positive, xp.sum(w, axis=1)[:, None], 0.0)) / B  # (isogclr-17)
    tau, u = _temper(tau, u, xp.clip(q, -clip, clip), beta, eta, tau_min, tau_max)
    return C, _stored(state, idx, log_s=log_s, tau=tau, u=u)


# From similarities to embeddings -------------------------------------------------------------------------------------


def pull(C, Z1, Z2):
    """Gradients in the embeddings, from the derivative in their similarities.

    Parameters
    ----------
    C : array, shape [2B, 2B] or [B, B]
        Of a `Contrast`.
    Z1, Z2 : array, shape [B, k] or, as in `update`, [R, B, k]
        The embeddings that it was made of.

    Returns
    -------
    dZ1, dZ2 : array, like `Z1`
        Gradients.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit.

    Notes
    -----
    Equation (isogclr-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> pull(np.array([[0.0, 1.0], [2.0, 0.0]]), np.eye(2), 3 * np.eye(2))
    (array([[0., 3.],
           [6., 0.]]), array([[0., 2.],
           [1., 0.]]))
    """
    check.finite(Z1=Z1, Z2=Z2)
    check.like(Z1, Z2=Z2)
    B = check.shapes(Z1=(Z1, _runs(Z1) + "B k"))["B"]
    check.finite(C=C)
    xp = array_namespace(C, Z1, Z2)
    if tuple(C.shape) == (B, B):
        return C @ Z2, xp.matrix_transpose(C) @ Z1
    check.shapes(C=(C, f"{_runs(Z1)}{2 * B} {2 * B}"))
    dZ = _pull_views(C, xp.concat([Z1, Z2], axis=-2))
    return dZ[..., :B, :], dZ[..., B:, :]


def _pull_views(C, Z):
    """Gradient in the stacked views, each an anchor and a negative of others."""
    return (C + array_namespace(C, Z).matrix_transpose(C)) @ Z  # (isogclr-8)


def unit(U):
    """Rows of length 1, and the lengths that they had.

    Parameters
    ----------
    U : array, shape [B, k] or [R, B, k], floating point
        No row 0.

    Returns
    -------
    Z : array, like `U`
        U over its lengths.
    length : array, shape [..., B, 1]
        Of the rows.

    Raises
    ------
    TypeError, ValueError
        If `U` is no such matrix, or has an entry that is not finite or a row 0.

    Examples
    --------
    >>> import numpy as np
    >>> unit(np.array([[3.0, 4.0]]))
    (array([[0.6, 0.8]]), array([[5.]]))
    """
    check.finite(U=U)
    check.shapes(U=(U, _runs(U) + "B k"))
    xp, lengths = array_namespace(U), length(U)
    if float(xp.min(lengths)) == 0:
        raise ValueError("U must have no row of zeros, which has no direction")
    return U / lengths, lengths


def unit_back(Z, length, dZ):
    """Gradient in the rows before `unit`, from that in the rows Z after it.

    Parameters
    ----------
    Z, length : array
        As `unit` returned them.
    dZ : array, like `Z`
        Gradient in Z.

    Returns
    -------
    array, like `Z`
        Gradient in U: the part along Z is gone, for a length changes nothing.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit.

    Notes
    -----
    Equation (isogclr-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> unit_back(np.array([[0.6, 0.8]]), np.array([[5.0]]), np.array([[5.0, 0.0]]))
    array([[ 0.64, -0.48]])
    """
    check.finite(Z=Z, length=length, dZ=dZ)
    check.like(Z, dZ=dZ)
    check.shapes(Z=(Z, _runs(Z) + "B k"), length=(length, _runs(Z) + "B 1"))
    xp = array_namespace(Z, length, dZ)
    return (dZ - Z * xp.sum(Z * dZ, axis=-1, keepdims=True)) / length  # (isogclr-14)


# The objective, and its temperatures ---------------------------------------------------------------------------------


def rgcl(Z1, Z2, tau, *, rho=0.3):
    """The robust global contrastive loss over all the data, with its derivatives.

    Parameters
    ----------
    Z1, Z2 : array, shape [n, k], floating point
        Embeddings of two views of each of n >= 2 samples, rows of length 1.
    tau : array, shape [n]
        Temperatures > 0.
    rho : float, default: 0.3
        Radius >= 0 of the KL ball.

    Returns
    -------
    Robust
        Sum over both views, mean over the data.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a temperature is not > 0, or `rho` is negative.

    Notes
    -----
    Equations (isogclr-1) and (isogclr-3) of the documentation; Equation 6 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> found = rgcl(np.eye(2), np.eye(2), np.array([0.5, 0.5]), rho=0.3)
    >>> found.loss.round(6), found.slope.round(6)
    (np.float64(-1.7), array([0.3, 0.3]))
    """
    n = _pair(Z1=Z1, Z2=Z2)
    _temperatures(tau, str(n))
    rho = check.nonnegative(rho=rho)
    xp = array_namespace(Z1, Z2, tau)
    S, negative, count, positive = _views(Z1, Z2)
    both = xp.concat([tau, tau])
    x = _leaning(_gap(S, positive), both, negative)
    log_g = _log_mean(x, negative, count)
    loss = xp.sum(both * (log_g + rho)) / n  # (isogclr-1)
    p, slope = _weigh(x, negative, count, log_g, rho)
    C = (p - xp.where(positive, 1.0, 0.0 * p)) / n  # (isogclr-3)
    return Robust(loss, C, (slope[:n] + slope[n:]) / n)


def kl(h, tau):
    """How far exp(h / tau), made a distribution, leans from the uniform one.

    Parameters
    ----------
    h : array, shape [..., m], floating point
        Gaps, or similarities: a constant changes nothing.
    tau : array, shape [...], or float
        Temperatures > 0.

    Returns
    -------
    array, shape [...]
        Kullback-Leibler divergence in nats, from 0 to log m; it falls as `tau` grows.

    Raises
    ------
    TypeError
        If `h` is no floating-point array.

    Notes
    -----
    Equation (isogclr-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> kl(np.array([1.0, 0.0]), 0.01).round(6) == np.log(2).round(6)
    np.True_
    """
    check.finite(h=h)
    if is_array(tau):
        check.finite(tau=tau), check.broadcast(**{"h[..., 0]": h[..., 0], "tau": tau})
        _above_zero(tau)
    else:
        tau = check.positive(tau=tau)
    xp = array_namespace(h, tau)
    x = h / (tau[..., None] if hasattr(tau, "shape") else tau)
    log_mean = logsumexp(x, axis=-1, keepdims=True) - math.log(h.shape[-1])
    p = xp.exp(x - log_mean) / h.shape[-1]
    return xp.sum(p * (x - log_mean), axis=-1)  # (isogclr-2)


def tau_star(h, *, rho=0.3, lo=0.05, hi=0.7, halvings=53):
    """The best temperature for given gaps: where the KL divergence is rho, or the bound nearest to it. By bisection.

    Parameters
    ----------
    h : array, shape [m], [V, m] or [..., V, m], floating point
        Gaps of an anchor, or of V anchors that share a temperature: then their mean divergence is rho.
    rho : float, default: 0.3
        Radius >= 0 of the KL ball.
    lo, hi : float, default: 0.05 and 0.7
        Bounds > 0 of the temperature.
    halvings : int, default: 53
        Each gives a binary digit.

    Returns
    -------
    array, shape [] or [...]
        Temperature.

    Raises
    ------
    TypeError, ValueError
        If `h` is no such array or not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> tau = tau_star(np.array([0.0, 0.0, 0.0, 1.0]), rho=0.3)
    >>> tau.round(6), kl(np.array([0.0, 0.0, 0.0, 1.0]), tau).round(6)
    (np.float64(0.634754), np.float64(0.3))
    """
    check.finite(h=h)
    rho = check.nonnegative(rho=rho)
    lo, hi = check.positive(lo=lo, hi=hi)
    halvings = check.integer(halvings=halvings, minimum=1)
    if lo > hi:
        raise ValueError(f"lo must be at most hi, got {lo!r} and {hi!r}")
    if 0 in h.shape or not h.shape:
        raise ValueError(f"h must have shape [..., m] with every size >= 1, got {tuple(h.shape)}")
    h = h[None, :] if len(h.shape) == 1 else h
    xp = array_namespace(h)
    low, high = (xp.full(h.shape[:-2], float(end), dtype=h.dtype, device=device(h)) for end in (lo, hi))
    excess = lambda tau: xp.mean(kl(h, tau[..., None]), axis=-1) - rho
    low = xp.where(excess(high) >= 0, high, low)  # even the flattest leans too far
    high = xp.where(excess(low) <= 0, low, high)  # even the sharpest does not lean far enough
    for _ in range(halvings):
        middle = (low + high) / 2
        above = excess(middle) > 0
        low, high = xp.where(above, middle, low), xp.where(above, high, middle)
    return (low + high) / 2
