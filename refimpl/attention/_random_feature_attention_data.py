"""What the experiments of random feature attention learn from: functions on spheres, and sets of digits."""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.linalg import unit
from refimpl.core.random import indices, normal
from refimpl.problems import digits as _digits

KINDS = ("query", "mean", "corr", "corr_s")


class Sets(NamedTuple):
    """Queries, their keys, and labels."""

    x_0: Array  # [n, d]
    keys: Array  # [n, N, d]
    y: Array  # [n]


class Digits(NamedTuple):
    """Images as unit vectors, and their digits."""

    train: Array  # [1200, d]
    train_labels: Array  # [1200] int64
    test: Array  # [597, d]
    test_labels: Array  # [597] int64


def sphere(rng, shape, *, like):
    """Uniform draws of unit vectors, along the last axis of `shape`.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    shape : tuple of int
        Of the array.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    array
        Of this shape.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> x = sphere(stream(0), (1000, 3), like=np.zeros(1))
    >>> np.mean(x**2, axis=0).round(1).tolist(), float(np.linalg.norm(x, axis=1).max().round(12))
    ([0.3, 0.3, 0.3], 1.0)
    """
    return unit(normal(rng, shape, like=like), axis=-1)


def target(kind, x_0, keys, beta, S=None, *, p):
    """Functions that do not depend on the order of the keys.

    Parameters
    ----------
    kind : {"query", "mean", "corr", "corr_s"}
        <beta, x_0>^p; mean of <beta, x_i>^p; mean of <x_0, x_i>^p <beta, x_i>; mean of <x_0, S x_i>^p <beta, x_i>.
    x_0 : array [n, d]
        Queries, floating point.
    keys : array [n, N, d]
        Keys.
    beta : array [d]
        Direction.
    S : array [d, d], optional
        Of "corr_s" alone.
    p : int
        Power, >= 1.

    Returns
    -------
    array [n]
        Values.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing, or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> x_0, keys, beta = np.array([[0.0, 1.0]]), np.array([[[0.6, 0.8], [1.0, 0.0]]]), np.array([1.0, 0.0])
    >>> [float(target(kind, x_0, keys, beta, p=2).round(3)[0]) for kind in ("query", "mean", "corr")]
    [0.0, 0.68, 0.192]
    """
    check.choice(KINDS, kind=kind), check.finite(x_0=x_0, keys=keys, beta=beta)
    d = check.shapes(x_0=(x_0, "n d"), keys=(keys, "n N d"), beta=(beta, "d"))["d"]
    check.alike_dtype(x_0=x_0, keys=keys, beta=beta)
    p, xp = check.integer(p=p, minimum=1), array_namespace(x_0, keys, beta)
    if kind == "query":
        return (x_0 @ beta) ** p
    if kind == "mean":
        return xp.mean((keys @ beta) ** p, axis=1)
    query = x_0
    if kind == "corr_s":
        check.finite(S=S), check.shapes(S=(S, f"{d} {d}")), check.alike_dtype(x_0=x_0, S=S)
        query = x_0 @ S
    met = (keys @ query[:, :, None])[..., 0]
    return xp.mean(met**p * (keys @ beta), axis=1)


def digits(d=8, *, like):
    """Handwritten digits as unit vectors: the first principal components of 1200 training images.

    Parameters
    ----------
    d : int, default: 8
        How many components, 1 to 64.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Digits
        See there. The images stand in the order of the file.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> found = digits(like=np.zeros(1))
    >>> found.train.shape, found.test.shape, float(np.linalg.norm(found.test, axis=1).min().round(12))
    ((1200, 8), (597, 8), 1.0)
    """
    d = check.integer(d=d, minimum=1, below=65)
    images, labels = _digits.digits(like=like)
    xp = array_namespace(images)
    centred = images - xp.mean(images[:1200, :], axis=0)
    _, _, directions = xp.linalg.svd(centred[:1200, :], full_matrices=False)
    x = unit(centred @ xp.matrix_transpose(directions[:d, :]), axis=1)
    return Digits(x[:1200, :], labels[:1200], x[1200:, :], labels[1200:])


def digit_sets(rng, images, labels, n, N, *, task):
    """Sets of digits, drawn with replacement, and what is asked of them.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    images : array [k, d]
        As in `Digits`.
    labels : array [k] of int
        Their digits.
    n, N : int
        Sets, and keys of each, >= 1.
    task : {"same", "odd", "first"}
        The share of keys with the query's digit; the share of odd keys; whether the first key is odd.

    Returns
    -------
    Sets
        See there.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> found = digit_sets(stream(0), np.eye(2), np.array([3, 4]), 4, 2, task="same")
    >>> found.y, found.x_0[:, 0], found.keys[:, :, 0].tolist()
    (array([0.5, 0. , 0.5, 0. ]), array([0., 0., 1., 0.]), [[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
    """
    check.finite(images=images), check.integral(labels=labels), check.choice(("same", "odd", "first"), task=task)
    k = check.shapes(images=(images, "k d"), labels=(labels, "k"))["k"]
    n, N = check.integer(n=n, N=N, minimum=1)
    xp = array_namespace(images)
    rows = indices(rng, k, (n * (N + 1),), like=images)
    x = xp.reshape(xp.take(images, rows, axis=0), (n, N + 1, images.shape[1]))
    of = xp.reshape(xp.take(labels, rows, axis=0), (n, N + 1))
    if task == "same":
        y = xp.mean(xp.astype(of[:, 1:] == of[:, :1], images.dtype), axis=1)
    elif task == "odd":
        y = xp.mean(xp.astype(of[:, 1:] % 2, images.dtype), axis=1)
    else:
        y = xp.astype(of[:, 1] % 2, images.dtype)
    return Sets(x[:, 0, :], x[:, 1:, :], y)
