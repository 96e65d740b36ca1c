"""Data hyper-cleaning: a classifier is trained on weighted samples, and the weights are learned on clean data.

Upper variable: a number lam_j for each training sample, whose weight is sigmoid(lam_j). Lower problem: softmax
regression, ``g = mean_j sigmoid(lam_j) loss_j(w) + reg |w|^2 / 2``. Upper objective: the plain mean loss on clean
validation data. Everything is written out; of a batch, what occurs twice counts twice.
"""

from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.special import sigmoid, softmax
from refimpl.problems.digits import digits


class CleaningData(NamedTuple):
    """The digits, some of the training labels wrong."""

    train: Array  # [n, p] pixels, and a last column of ones
    labels: Array  # [n] int64, as given: some are wrong
    wrong: Array  # [n] bool, which
    validation: Array  # [m, p]
    validation_labels: Array  # [m] all right
    test: Array  # [k, p]
    test_labels: Array  # [k]


def cleaning_data(rng, *, like, train=500, validation=300, wrong=0.4):
    """Digits for hyper-cleaning: of the shipped training part, its order drawn, with labels made wrong at random.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, floating dtype and device to take.
    train, validation : int
        How many samples of each, together at most 1541.
    wrong : float in [0, 1), default: 0.4
        Share of the training labels that are replaced by another class, each as likely.

    Returns
    -------
    CleaningData
        With the shipped test part as test data.

    Raises
    ------
    TypeError, ValueError
        If sizes or the share are out of range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> data = cleaning_data(stream(0, "doc"), like=np.zeros(1), train=10, validation=5)
    >>> data.train.shape, data.validation.shape, int(data.wrong.sum())
    ((10, 65), (5, 65), 4)
    """
    check.rng(rng=rng)
    train, validation = check.integer(train=train, minimum=1), check.integer(validation=validation, minimum=1)
    wrong, one = check.fraction(wrong=wrong), np.zeros(1)
    images, classes = digits(like=one, part="train")
    if train + validation > len(classes):
        raise ValueError(f"train and validation must be at most {len(classes)} together, got {train + validation}")
    order = rng.permutation(len(classes))[: train + validation]
    given, mask = classes[order[:train]], np.arange(train) < round(wrong * train)
    given = np.where(mask, (given + rng.integers(1, 10, train)) % 10, given)
    mixed = rng.permutation(train)  # the wrong ones in no special place
    x, v, test = images[order[:train]][mixed], images[order[train:]], digits(like=one, part="test")
    floats = (np.concatenate([part, np.ones((len(part), 1))], axis=1) for part in (x, v, test[0]))
    x, v, seen = (from_numpy(part, like=like) for part in floats)
    kinds = array_namespace(like).int64, array_namespace(like).bool
    whole = lambda part: from_numpy(part, like=like, dtype=kinds[0])
    return CleaningData(
        x, whole(given[mixed]), from_numpy(mask[mixed], like=like, dtype=kinds[1]), v, whole(classes[order[train:]]),
        seen, whole(test[1]),
    )  # fmt: skip


def _residuals(w, x, labels):
    """Derivative of each sample's loss in its logits: softmax - one-hot; and the softmax."""
    check.finite(w=w, x=x)
    sizes = check.shapes(w=(w, "p C"), x=(x, "B p"), labels=(labels, "B"))
    check.integral(labels=labels)
    xp = array_namespace(w, x, labels)
    low, high = int(xp.min(labels)), int(xp.max(labels))
    if low < 0 or high >= sizes["C"]:
        raise ValueError(f"labels must be in [0, {sizes['C']}), got {low} to {high}")
    chance = softmax(x @ w, axis=1)
    classes = xp.arange(sizes["C"], dtype=labels.dtype, device=device(labels))
    return xp, chance, chance - xp.astype(labels[:, None] == classes[None, :], chance.dtype)


def upper_gradient(w, x, labels):
    """Gradient in `w` of the mean loss of softmax regression on clean data.

    Parameters
    ----------
    w : array [p, C]
        Weights.
    x : array [B, p]
        Samples.
    labels : array [B]
        Integers in [0, C).

    Returns
    -------
    array [p, C]
        The gradient.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, or `w` or `x` is not finite.

    Examples
    --------
    >>> upper_gradient(np.zeros((1, 2)), np.array([[3.0]]), np.array([0]))
    array([[-1.5,  1.5]])
    """
    xp, _, residual = _residuals(w, x, labels)
    return xp.matrix_transpose(x) @ residual / x.shape[0]


def _weights(lam, labels):
    """Weight of each sample of a batch over its size, [B, 1]."""
    check.finite(lam=lam)
    check.shapes(labels=(labels, "B"), lam=(lam, "B"))
    return sigmoid(lam)[:, None] / lam.shape[0]


def lower_gradient(w, lam, x, labels, *, reg):
    """Gradient in `w` of the lower objective on a batch.

    Parameters
    ----------
    w, x, labels
        As for `upper_gradient`.
    lam : array [B]
        Of the samples of the batch.
    reg : float
        Weight of ``|w|^2 / 2``, >= 0. The lower problem is strongly convex only if it is > 0.

    Returns
    -------
    array [p, C]
        The gradient.

    Raises
    ------
    TypeError, ValueError
        As for `upper_gradient`, or if `reg` is out of range.

    Examples
    --------
    >>> lower_gradient(np.zeros((1, 2)), np.zeros(1), np.array([[3.0]]), np.array([0]), reg=0.1)
    array([[-0.75,  0.75]])
    """
    xp, _, residual = _residuals(w, x, labels)
    reg = check.nonnegative(reg=reg)
    return xp.matrix_transpose(x) @ (_weights(lam, labels) * residual) + reg * w  # (bo_rep-12)


def lower_hvp(w, z, lam, x, labels, *, reg):
    """Hessian of the lower objective in `w` on a batch, times `z`.

    Parameters
    ----------
    w, lam, x, labels, reg
        As for `lower_gradient`.
    z : array like `w`
        What it is multiplied with.

    Returns
    -------
    array [p, C]
        The product.

    Raises
    ------
    TypeError, ValueError
        As for `lower_gradient`, or if `z` is not like `w`.

    Examples
    --------
    >>> z = np.array([[1.0, 0.0]])
    >>> lower_hvp(np.zeros((1, 2)), z, np.zeros(1), np.array([[2.0]]), np.array([0]), reg=0.0)
    array([[ 0.5, -0.5]])
    """
    check.finite(z=z)
    xp, chance, _ = _residuals(w, x, labels)
    reg = check.nonnegative(reg=reg)
    check.like(w, z=z)
    along = x @ z
    bent = chance * (along - xp.sum(chance * along, axis=1, keepdims=True))
    return xp.matrix_transpose(x) @ (_weights(lam, labels) * bent) + reg * z  # (bo_rep-13)


def cross_product(w, z, lam, x, labels, indices):
    """Cross derivative of the lower objective on a batch, in `lam` and `w`, times `z`.

    Parameters
    ----------
    w, z
        As for `lower_hvp`.
    lam : array [n]
        Of all samples.
    x : array [n, p]
        All samples.
    labels : array [n]
        Their labels.
    indices : array [B]
        Integers in [0, n): the batch. A sample that occurs twice counts twice.

    Returns
    -------
    array [n]
        0 for samples outside the batch.

    Raises
    ------
    TypeError, ValueError
        As for `lower_hvp`, or if an index is out of range.

    Examples
    --------
    >>> z = np.array([[1.0, 0.0]])
    >>> cross_product(np.zeros((1, 2)), z, np.zeros(2), np.ones((2, 1)), np.zeros(2, dtype=int), np.array([1, 1]))
    array([-0.   , -0.125])
    """
    check.finite(z=z)
    check.like(w, z=z)
    check.finite(lam=lam), check.integral(indices=indices)
    sizes = check.shapes(x=(x, "n p"), lam=(lam, "n"), labels=(labels, "n"), indices=(indices, "B"))
    n, xp = sizes["n"], array_namespace(x, indices)
    indices = xp.sort(indices)
    if int(indices[0]) < 0 or int(indices[-1]) >= n:
        raise ValueError(f"indices must be in [0, {n}), got values from {int(indices[0])} to {int(indices[-1])}")
    x, labels, weight = xp.take(x, indices, axis=0), xp.take(labels, indices), sigmoid(xp.take(lam, indices))
    _, _, residual = _residuals(w, x, labels)
    each = weight * (1 - weight) * xp.sum(residual * (x @ z), axis=1) / x.shape[0]  # (bo_rep-14)
    every = xp.arange(n, dtype=indices.dtype, device=device(indices))
    first = xp.searchsorted(indices, every)
    times = xp.searchsorted(indices, every, side="right") - first
    return xp.astype(times, x.dtype) * xp.take(each, xp.clip(first, max=x.shape[0] - 1))
