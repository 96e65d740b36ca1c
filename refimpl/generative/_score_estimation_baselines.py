"""What the stopping rule is compared with: hold-out, a fixed time, ridge, least squares, random features, an oracle."""

import math
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import array_namespace
from refimpl.generative import score_estimation


class HoldOut(NamedTuple):
    """What held-out labels say."""

    chosen: int  # place of the candidate with the least error
    errors: list[float]  # of each, mean squared error per sample
    sigma: float  # root of the least one per coordinate: the noise, and what is not learned


def ridge_filter(values, penalty):
    """Filter of kernel ridge regression, for `score_estimation.predict`.

    Parameters
    ----------
    values : array, shape [n], floating point
        Eigenvalues of K / n; those below 0 are rounding and count as 0.
    penalty : float
        > 0, of the squared norm in the kernel's space beside the mean squared error.

    Returns
    -------
    array, shape [n]
        1 over eigenvalue plus penalty.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or of the wrong kind.

    Examples
    --------
    >>> import numpy as np
    >>> ridge_filter(np.array([0.0, 1.5]), 0.5)
    array([2. , 0.5])
    """
    check.finite(values=values)
    return 1 / (array_namespace(values).clip(values, min=0.0) + check.positive(penalty=penalty))


def hold_out(K, Y, filters, *, D, share=0.2):
    """Choose a filter by its error on labels that were left out, the last ones.

    Parameters
    ----------
    K : array, shape [n, n], floating point
        Kernel matrix.
    Y : array, shape [n, d]
        Labels.
    filters : sequence of callable
        ``filter(values) -> filtered``, one for each candidate; `predict` takes them.
    D : float
        Radius > 0 of the ball to which predictions are projected.
    share : float, default: 0.2
        Of the n samples, in [0, 1), is left out: at least one, and not all.

    Returns
    -------
    HoldOut
        See there. To use it, fit anew with all labels.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a number is out of range, or there is no candidate.

    Examples
    --------
    >>> import numpy as np
    >>> K, Y = np.ones((4, 4)), np.array([[1.0], [0.0], [1.0], [0.5]])
    >>> hold_out(K, Y, [lambda v: 0 * v, lambda v: ridge_filter(v, 0.5)], D=1.0).chosen
    1
    """
    check.sequence(filters=filters)
    check.function(**{f"filters[{i}]": candidate for i, candidate in enumerate(filters)})
    n, share = check.shapes(K=(K, "n n"), Y=(Y, "n d"))["n"], check.fraction(share=share)
    kept = n - max(1, round(share * n))
    if kept < 1:
        raise ValueError(f"share must leave samples to fit, got {share!r} of n = {n}")
    xp, found = array_namespace(K, Y), score_estimation.spectrum(K[:kept, :kept], Y[:kept, :])
    rest, labels, errors = K[kept:, :kept], Y[kept:, :], []
    for candidate in filters:
        f = score_estimation.predict(found, rest, candidate(found.values))
        gap = score_estimation.project(f, D=D) - labels
        errors.append(float(xp.mean(xp.sum(gap**2, axis=1))))
    chosen = min(range(len(errors)), key=errors.__getitem__)
    return HoldOut(chosen, errors, math.sqrt(errors[chosen] / Y.shape[1]))


def least_squares(Z, Y, Z_test):
    """Linear regression on the network's inputs, by the pseudoinverse.

    Parameters
    ----------
    Z, Y : array, shape [n, p] and [n, d]
        Training inputs and labels.
    Z_test : array, shape [k, p]
        New inputs.

    Returns
    -------
    array, shape [k, d]
        Predictions.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> least_squares(np.array([[1.0], [1.0]]), np.array([[1.0], [2.0]]), np.array([[2.0]])).round(6)
    array([[3.]])
    """
    check.finite(Z=Z, Y=Y, Z_test=Z_test)
    check.shapes(Z=(Z, "n p"), Y=(Y, "n d"), Z_test=(Z_test, "k p"))
    return Z_test @ (array_namespace(Z, Y).linalg.pinv(Z) @ Y)


def random_features(rng, Z, Z2, *, m):
    """Kernel matrices [n, n] and [k, n] of m random ReLU units with an untrained first layer.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    Z, Z2 : array, shape [n, p] and [k, p]
        Training inputs and new ones.
    m : int
        >= 1.

    Returns
    -------
    K : array, shape [n, n]
        Of the training inputs.
    K_test : array, shape [k, n]
        Between the new ones and them.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, or `m` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> [K.shape for K in random_features(random.stream(0, "doc"), np.eye(3), np.eye(3)[:2], m=9)]
    [(3, 3), (2, 3)]
    """
    check.finite(Z=Z, Z2=Z2)
    p, m = check.shapes(Z=(Z, "n p"), Z2=(Z2, "k p"))["p"], check.integer(m=m, minimum=1)
    xp, V = array_namespace(Z, Z2), random.normal(rng, (m, p), like=Z)
    units, others = (xp.clip(z @ xp.matrix_transpose(V), min=0.0) / math.sqrt(m) for z in (Z, Z2))
    return units @ xp.matrix_transpose(units), others @ xp.matrix_transpose(units)
