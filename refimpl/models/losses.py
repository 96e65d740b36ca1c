"""Losses: means over a batch, stable at any scale of their inputs, differentiable any number of times."""

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.core.autodiff import stop_gradient


def squared_error(predictions, targets):
    """Mean of (prediction - target)^2, without a factor 1/2.

    Parameters
    ----------
    predictions, targets : array
        Of one shape, dtype, library and device; floating point.

    Returns
    -------
    array, shape ()
        Mean over all entries.

    Raises
    ------
    TypeError, ValueError
        If they are no floating-point arrays, or not alike.

    Examples
    --------
    >>> import numpy as np
    >>> squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    check.like(predictions, targets=targets)
    xp = array_namespace(predictions, targets)
    return xp.mean(xp.square(predictions - targets))


def softmax_cross_entropy(logits, labels):
    """Mean of -log softmax(logits)[label].

    Parameters
    ----------
    logits : array [n, k]
        Floating point; a row's softmax is the predicted distribution over k classes.
    labels : array [n]
        Integers in [0, k): the true classes.

    Returns
    -------
    array, shape ()
        In nats. Its gradient is (softmax - one-hot) / n.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes do not fit, or a label is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> softmax_cross_entropy(np.array([[0.0, 0.0], [0.0, 1e4]]), np.array([0, 1]))
    np.float64(0.346573590279...)
    """
    _check(logits, labels)
    xp = array_namespace(logits)
    # Softmax ignores a shift of its row: with the largest logit at 0 no exponential overflows.
    shifted = logits - xp.max(stop_gradient(logits), axis=1, keepdims=True)
    log_total = xp.log(xp.sum(xp.exp(shifted), axis=1))
    true = xp.take_along_axis(shifted, xp.astype(labels, xp.int64)[:, None], axis=1)[:, 0]
    return xp.mean(log_total - true)


def logistic(margins):
    """Mean of log(1 + exp(-margin)): the loss of a two-class linear model, margin = label (+-1) times score.

    Parameters
    ----------
    margins : array, any shape
        Floating point, at least one entry.

    Returns
    -------
    array, shape ()
        In nats.

    Raises
    ------
    TypeError, ValueError
        If `margins` is no floating-point array, or empty.

    Examples
    --------
    >>> import numpy as np
    >>> logistic(np.array([0.0, -1e4]))
    np.float64(5000.34657359...)
    """
    check.floating(margins=margins)
    if 0 in margins.shape:
        raise ValueError(f"margins must have at least one entry, got shape {tuple(margins.shape)}")
    xp = array_namespace(margins)
    return xp.mean(xp.logaddexp(-margins, xp.zeros_like(margins)))


def nt_xent(first, second, *, tau):
    """Contrastive loss of two views: mean of -log softmax of each view's partner among all other views.

    Parameters
    ----------
    first, second : array [B, k]
        Floating point, rows of length 1: embeddings of two views of each example.
    tau : float
        Temperature > 0 that the inner products are divided by.

    Returns
    -------
    array, shape ()
        In nats, a mean over all 2B views.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes do not fit, or `tau` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> nt_xent(np.eye(2), np.eye(2), tau=1.0)  # log(1 + 2 / e)
    np.float64(0.55144471393...)
    """
    check.like(first, second=second)
    size, tau = check.shapes(first=(first, "B k"))["B"], check.positive(tau=tau)
    xp = array_namespace(first, second)
    views, row = xp.concat([first, second], axis=0), xp.arange(2 * size, device=device(first))
    logits = views @ xp.matrix_transpose(views) / tau
    itself = row[:, None] == row[None, :]
    logits = xp.where(itself, xp.min(stop_gradient(logits)) - 1e4, logits)  # no view is its own partner
    return softmax_cross_entropy(logits, (row + size) % (2 * size))


def accuracy(logits, labels):
    """Share of rows whose largest logit (the first of tied ones) is that of the label; no gradient.

    Parameters
    ----------
    logits : array [n, k]
        Floating point.
    labels : array [n]
        Integers in [0, k).

    Returns
    -------
    array, shape ()
        In [0, 1], in the dtype of `logits`.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes do not fit, a logit is not finite, or a label is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    np.float64(0.5)
    """
    _check(logits, labels)
    check.finite(logits=logits)  # a NaN is no largest logit, and would be counted as one
    xp = array_namespace(logits)
    return xp.mean(xp.astype(xp.argmax(logits, axis=1) == labels, logits.dtype))


def _check(logits, labels):
    """Logits [n, k] and labels [n] in range(k)."""
    check.floating(logits=logits)
    k = check.shapes(logits=(logits, "n k"), labels=(labels, "n"))["k"]
    check.indices(k, labels=labels)
