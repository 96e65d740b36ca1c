"""Bigram model of a language: the next token depends on the last one alone.

Its logits are its parameters, so that losses are convex and gradients have a closed form.
"""

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.core.special import logsumexp, softmax


def loss(theta, counts):
    """Mean negative log-likelihood of a transition.

    Parameters
    ----------
    theta : array [V, V]
        Logits of the next token, a row for each last one; floating point.
    counts : array [..., V, V]
        How often each transition occurs in a batch: whole numbers or of the dtype of `theta`, >= 0, not all zero.

    Returns
    -------
    array [...]
        In nats.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite or negative, or a batch has no transition.

    Examples
    --------
    >>> import numpy as np
    >>> loss(np.zeros((2, 2)), np.array([[3, 1], [0, 0]]))  # log 2
    array(0.69314718)
    """
    counts, total = _checked(theta, counts)
    xp = array_namespace(theta)
    surprise = logsumexp(theta, axis=-1, keepdims=True) - theta
    return xp.asarray(xp.sum(counts * surprise, axis=(-2, -1)) / total[..., 0, 0])


def gradient(theta, counts):
    """Gradient of `loss` in the logits: arguments and errors as there, [..., V, V].

    Examples
    --------
    >>> import numpy as np
    >>> gradient(np.zeros((2, 2)), np.array([[3, 1], [0, 0]]))
    array([[-0.25,  0.25],
           [ 0.  ,  0.  ]])
    """
    counts, total = _checked(theta, counts)
    xp = array_namespace(theta)
    expected = xp.sum(counts, axis=-1, keepdims=True) * softmax(theta)
    return (expected - counts) / total  # (dga-15)


def transitions(sequences, *, V):
    """How often each token follows each other one in a sequence.

    Parameters
    ----------
    sequences : array [..., L]
        Tokens in [0, V), at least two.
    V : int
        How many tokens there are.

    Returns
    -------
    array [..., V, V]
        int64: the last token gives the row, the next one the column.

    Raises
    ------
    TypeError, ValueError
        If `sequences` are no such tokens, or `V` is no whole number >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> transitions(np.array([[0, 1, 1], [1, 1, 0]]), V=2).tolist()
    [[[0, 1], [0, 1]], [[0, 0], [1, 1]]]
    """
    V = check.integer(V=V, minimum=1)
    check.indices(V, sequences=sequences)
    if not sequences.ndim or sequences.shape[-1] < 2:
        raise ValueError(f"sequences must be [..., L] with L >= 2, got shape {tuple(sequences.shape)}")
    xp = array_namespace(sequences)
    tokens = xp.arange(V, dtype=sequences.dtype, device=device(sequences))
    seen = xp.astype(sequences[..., None] == tokens, xp.float32)  # exact: no sequence has 2^24 tokens
    return xp.astype(xp.matrix_transpose(seen[..., :-1, :]) @ seen[..., 1:, :], xp.int64)


def _checked(theta, counts):
    """Counts in the dtype of `theta`, and how many there are in each batch [..., 1, 1]."""
    check.finite(theta=theta), check.array(counts=counts)
    V = check.shapes(theta=(theta, "V V"))["V"]
    xp = array_namespace(theta, counts)
    if tuple(counts.shape[-2:]) != (V, V) or 0 in counts.shape:
        raise ValueError(f"counts must have shape [..., {V}, {V}], got {tuple(counts.shape)}")
    counts = xp.astype(counts, theta.dtype)
    check.finite(counts=counts), check.no_negative(counts=counts)
    total = xp.sum(counts, axis=(-2, -1), keepdims=True)
    if not float(xp.min(total)) > 0:
        raise ValueError("counts must have a transition in every batch, got one without")
    return counts, total
