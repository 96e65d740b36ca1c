"""What iSogCLR is compared with: the losses of SimCLR and of CLIP, one temperature for all, derivatives written out."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.special import logsumexp


class CLIP(NamedTuple):
    """Loss of CLIP and its derivatives."""

    loss: Array  # 0-d, nats
    C: Array  # [B, B] in the similarities Z1 @ Z2.T
    slope: Array  # 0-d in the temperature


def _eye(B, like, shift=0):
    """Ones at the places (a, a + shift mod B)."""
    xp = array_namespace(like)
    row = xp.arange(B, device=device(like))
    return xp.astype((row[:, None] + shift) % B == row[None, :], like.dtype)


def nt_xent(Z1, Z2, *, tau=0.5):
    """Normalized temperature-scaled cross-entropy, the loss of SimCLR (Chen et al., 2020), and its derivative.

    Parameters
    ----------
    Z1, Z2 : array, shape [B, k], floating point
        Embeddings of two views of each sample, rows of length 1; or [R, B, k], as in `isogclr.update`.
    tau : float, default: 0.5
        Temperature > 0 of all samples.

    Returns
    -------
    loss : array, 0-d or [R]
        Mean over the 2B anchors, in nats. The positive stands in the denominator.
    C : array, shape [2B, 2B] or [R, 2B, 2B]
        Its derivative in the similarities, for `isogclr.pull`.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `tau` is not > 0.

    Notes
    -----
    Equations (isogclr-18) and (isogclr-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> loss, C = nt_xent(np.eye(2), np.eye(2), tau=1.0)
    >>> loss.round(6) == np.log1p(2 / np.e).round(6)
    np.True_
    """
    check.finite(Z1=Z1)
    check.like(Z1, Z2=Z2)
    B, tau = check.shapes(Z1=(Z1, "R B k" if len(Z1.shape) == 3 else "B k"))["B"], check.positive(tau=tau)
    xp = array_namespace(Z1, Z2)
    check.finite(Z2=Z2)
    Z = xp.concat([Z1, Z2], axis=-2)
    itself, positive = _eye(2 * B, Z), _eye(2 * B, Z, B)
    S = Z @ xp.matrix_transpose(Z)
    x = xp.where(itself == 1, -2.0, S) / tau  # less than any similarity, and counted with weight 0
    top = xp.max(x, axis=-1, keepdims=True)
    powers = (1 - itself) * xp.exp(x - top)
    total = xp.sum(powers, axis=-1, keepdims=True)
    log_total = top[..., 0] + xp.log(total[..., 0])
    loss = xp.mean(log_total - xp.sum(positive * S, axis=-1) / tau, axis=-1)  # (isogclr-18)
    C = (powers / total - positive) / (2 * B * tau)  # (isogclr-19)
    return loss, C


def clip(Z1, Z2, tau):
    """The loss of CLIP (Radford et al., 2021): each side of a pair is told among the others of its batch.

    Parameters
    ----------
    Z1, Z2 : array, shape [B, k], floating point
        Embeddings of the two sides of each pair, rows of length 1.
    tau : array, 0-d
        Temperature > 0 of all pairs, which CLIP learns.

    Returns
    -------
    CLIP
        Mean of the two cross-entropies.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `tau` is not > 0.

    Notes
    -----
    Equations (isogclr-20) to (isogclr-22) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = clip(np.eye(2), np.eye(2), np.array(1.0))
    >>> found.loss.round(6) == np.log1p(1 / np.e).round(6), found.slope.round(6)
    (np.True_, np.float64(0.268941))
    """
    check.finite(Z1=Z1, Z2=Z2)
    check.like(Z1, Z2=Z2)
    B, tau = check.shapes(Z1=(Z1, "B k"))["B"], check.positive(tau=tau)
    xp = array_namespace(Z1, Z2)
    S = Z1 @ xp.matrix_transpose(Z2)
    x, positive = S / tau, _eye(B, S)
    rows, columns = (logsumexp(x, axis=axis, keepdims=True) for axis in (1, 0))
    agree = xp.sum(positive * x)
    loss = (xp.sum(rows) / 2 + xp.sum(columns) / 2 - agree) / B  # (isogclr-20)
    C = ((xp.exp(x - rows) + xp.exp(x - columns)) / 2 - positive) / (B * tau)  # (isogclr-21)
    return CLIP(loss, C, -xp.sum(C * S) / tau)  # (isogclr-22)
