"""Gaussian mixtures in closed form: density, score, and what scaling and noise make of them."""

import math
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.special import erf, logsumexp, softmax

SLACK = 1e-6  # what was rounded to float32 is still a sum of 1, and symmetric


class Mixture(NamedTuple):
    """A law of points in D dimensions; `weights`, `means` and `covariances` share library, dtype and device."""

    weights: Array  # [K] > 0, their sum 1
    means: Array  # [K, D]
    covariances: Array  # [K, D, D], symmetric and positive definite; or [K], variances of round components


def checked(mixture, x=None):
    """The mixture, if it is one, and if the points fit it.

    Parameters
    ----------
    mixture : Mixture
        To look at.
    x : array [n, D], optional
        Points.

    Returns
    -------
    Mixture
        As it is.

    Raises
    ------
    TypeError, ValueError
        If something is no finite floating-point array, shapes or dtypes do not fit, a weight is not positive, their
        sum is not 1, or a covariance is not symmetric and positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> checked(Mixture(np.array([0.5, 0.6]), np.zeros((2, 1)), np.ones(2)))
    Traceback (most recent call last):
    ValueError: weights must sum to 1, got 1.1
    """
    _looked_at(mixture, x)
    weights, means, covariances = mixture
    check.finite(weights=weights, means=means, covariances=covariances, **({} if x is None else {"x": x}))
    xp = array_namespace(weights, means, covariances)
    if not abs(total := float(xp.sum(weights)) - 1) <= SLACK * weights.shape[0]:
        raise ValueError(f"weights must sum to 1, got {total + 1:g}")
    if len(covariances.shape) == 1:
        return mixture
    skew = float(xp.max(xp.abs(covariances - xp.matrix_transpose(covariances))))
    if skew > SLACK * float(xp.max(xp.abs(covariances))):
        raise ValueError(f"covariances must be symmetric, got entries that differ by {skew:g}")
    low = float(xp.min(xp.linalg.eigvalsh(covariances)))
    if not low > 0:
        raise ValueError(f"covariances must be positive definite, got an eigenvalue of {low:g}")
    return mixture


def _looked_at(mixture, x=None, *, atoms=False):
    """What can be told at once, also in the steps of samplers: kinds, shapes, dtypes, signs. `atoms` have no width."""
    check.instance(Mixture, mixture=mixture)
    weights, means, covariances = mixture
    points = {} if x is None else {"x": x}
    check.floating(means=means, weights=weights, covariances=covariances, **points)
    axes = "K" if len(covariances.shape) == 1 else "K D D"
    shapes = {"weights": (weights, "K"), "means": (means, "K D"), "covariances": (covariances, axes)}
    check.shapes(**shapes, **{name: (value, "n D") for name, value in points.items()})
    check.alike_dtype(means=means, weights=weights, covariances=covariances, **points)
    xp = array_namespace(*mixture)
    if not bool(xp.all(weights > 0)):
        raise ValueError(f"weights must be > 0, got a smallest one of {float(xp.min(weights)):g}")
    if axes == "K" and not bool(xp.all(covariances >= 0 if atoms else covariances > 0)):
        raise ValueError(f"covariances must be > 0, got a smallest variance of {float(xp.min(covariances)):g}")


def noised(mixture, scale, variance):
    """Law of scale X + sqrt(variance) Z, with X from the mixture and Z standard normal.

    Parameters
    ----------
    mixture : Mixture
        Law of X; variances of round components may be 0.
    scale, variance : float
        `variance` >= 0.

    Returns
    -------
    Mixture
        With the same weights. Where both are 0 it has no density.

    Raises
    ------
    TypeError, ValueError
        If `mixture` is none, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> noised(Mixture(np.ones(1), np.ones((1, 2)), np.ones(1)), 0.5, 0.75).covariances
    array([1.])
    """
    _looked_at(mixture, atoms=True)
    scale, variance = check.number(scale=scale), check.nonnegative(variance=variance)
    xp = array_namespace(*mixture)
    _, means, covariances = mixture
    added = variance
    if len(covariances.shape) == 3:
        added = variance * xp.eye(means.shape[1], dtype=means.dtype, device=device(means))
    return mixture._replace(means=scale * means, covariances=scale**2 * covariances + added)


def components(x, mixture):
    """What the mixture's functions are made of: log w_k N(x; m_k, C_k), and C_k^{-1} (x - m_k).

    Parameters
    ----------
    x : array [n, D]
        Points.
    mixture : Mixture
        That its numbers are finite and its weights sum to 1 is not looked at, as this is called in the steps of
        samplers; `checked` does that.

    Returns
    -------
    joint : array [n, K]
        Logarithm of weight times density.
    solved : array [n, K, D]
        The negative score of each component.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a weight or a variance is not > 0, or a covariance not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> standard = Mixture(np.ones(1), np.zeros((1, 2)), np.ones(1))
    >>> joint, solved = components(np.array([[3.0, 4.0]]), standard)
    >>> joint + np.log(2 * np.pi), solved
    (array([[-12.5]]), array([[[3., 4.]]]))
    """
    check.floating(x=x), _looked_at(mixture, x)
    xp = array_namespace(x, *mixture)
    weights, means, covariances = mixture
    D = means.shape[1]
    gap = x[:, None, :] - means[None, :, :]  # [n, K, D]
    if len(covariances.shape) == 1:
        solved = gap / covariances[None, :, None]
        log_det = D * xp.log(covariances)
    else:
        factor = _factors(covariances)
        half = xp.linalg.solve(factor, xp.permute_dims(gap, (1, 2, 0)))
        solved = xp.permute_dims(xp.linalg.solve(xp.matrix_transpose(factor), half), (2, 0, 1))
        log_det = 2 * xp.sum(xp.log(xp.linalg.diagonal(factor)), axis=-1)
    distance = xp.sum(gap * solved, axis=-1)
    return xp.log(weights) - (distance + log_det + D * math.log(2 * math.pi)) / 2, solved


def _factors(covariances):
    """Their Cholesky factors [K, D, D]."""
    xp = array_namespace(covariances)
    try:
        factors = xp.linalg.cholesky(covariances)
    except Exception:
        factors = math.nan * covariances
    if not bool(xp.all(xp.isfinite(factors))):
        raise ValueError("covariances must be positive definite, got one without a Cholesky factor")
    return factors


def log_density(x, mixture):
    """Log-density of a mixture.

    Parameters
    ----------
    x : array [n, D]
        Points, of the dtype of the mixture.
    mixture : Mixture
        Checked.

    Returns
    -------
    array [n]
        In nats.

    Raises
    ------
    TypeError, ValueError
        As `checked` says.

    Examples
    --------
    >>> import numpy as np
    >>> m = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones(2))
    >>> log_density(np.zeros((1, 1)), m)
    array([-1.41893853])
    """
    return logsumexp(components(x, checked(mixture, x))[0], axis=-1)


def responsibilities(x, mixture):
    """Probability of each component, given the point; parameters and errors as for `log_density`.

    Returns
    -------
    array [n, K]
        Its rows sum to 1.

    Examples
    --------
    >>> import numpy as np
    >>> m = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones(2))
    >>> responsibilities(np.array([[0.0], [1.0]]), m).round(3)
    array([[0.5  , 0.5  ],
           [0.119, 0.881]])
    """
    return softmax(components(x, checked(mixture, x))[0])


def score(x, mixture):
    """Gradient of the log-density; parameters and errors as for `log_density`.

    Returns
    -------
    array [n, D]
        Minus the mean of ``C_k^{-1} (x - m_k)``, weighted by the responsibilities.

    Examples
    --------
    >>> import numpy as np
    >>> m = Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones(2))
    >>> score(np.array([[-1.0], [1.0]]), m).round(3)
    array([[ 0.238],
           [-0.238]])
    """
    return -pull(*components(x, checked(mixture, x)))


def pull(joint, solved):
    """Minus the score, from what `components` returns: the mean of `solved`, weighted by the responsibilities.

    Returns
    -------
    array [n, D]
        Not checked, as this is called in the steps of samplers.

    Examples
    --------
    >>> import numpy as np
    >>> pull(*components(np.array([[3.0]]), Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1))))
    array([[3.]])
    """
    check.floating(joint=joint, solved=solved)
    return array_namespace(joint, solved).sum(softmax(joint)[:, :, None] * solved, axis=1)


def distribution_function(x, mixture):
    """Share below each point, of a mixture on the line with round components.

    Parameters
    ----------
    x : array [n]
        Points, of the dtype of the mixture.
    mixture : Mixture
        Checked; in one dimension.

    Returns
    -------
    array [n]
        In [0, 1].

    Raises
    ------
    TypeError, ValueError
        As `checked` says, and if it is no such mixture.

    Examples
    --------
    >>> import numpy as np
    >>> distribution_function(np.array([0.0, 9.0]), Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1)))
    array([0.5, 1. ])
    """
    check.finite(x=x), check.shapes(x=(x, "n"))
    weights, means, variances = checked(mixture, x[:, None])
    check.shapes(means=(means, "K 1"), covariances=(variances, "K"))
    xp = array_namespace(x, means)
    return (1 + erf((x[:, None] - means[:, 0]) / xp.sqrt(2 * variances))) @ weights / 2


def kolmogorov(x, mixture):
    """Distance of Kolmogorov and Smirnov between samples and a mixture on the line.

    Parameters
    ----------
    x : array [n, 1]
        Samples, of the dtype of the mixture.
    mixture : Mixture
        As for `distribution_function`; errors too.

    Returns
    -------
    float
        The largest difference of the two distribution functions.

    Examples
    --------
    >>> import numpy as np
    >>> kolmogorov(np.zeros((1, 1)), Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1)))
    0.5
    """
    check.finite(x=x), check.shapes(x=(x, "n 1"))
    xp, n = array_namespace(x), x.shape[0]
    below = distribution_function(xp.sort(x[:, 0]), mixture)
    rank = xp.arange(n, dtype=x.dtype, device=device(x))
    return max(float(xp.max((rank + 1) / n - below)), float(xp.max(below - rank / n)))


def sample(rng, n, mixture):
    """Draws from a mixture, made on the host and moved to its device.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    n : int
        >= 1.
    mixture : Mixture
        Checked.

    Returns
    -------
    x : array [n, D]
        Points.
    component : array [n] of int64
        Where each comes from.

    Raises
    ------
    TypeError, ValueError
        As `checked` says, and if `n` is no such number.

    Examples
    --------
    >>> import numpy as np
    >>> m = Mixture(np.array([0.25, 0.75]), np.array([[-9.0], [9.0]]), np.ones(2))
    >>> x, component = sample(random.stream(0, "doc"), 1000, m)
    >>> x.shape, float((x > 0).mean())
    ((1000, 1), ...)
    """
    check.integer(n=n, minimum=1)
    weights, means, covariances = checked(mixture)
    xp = array_namespace(weights, means, covariances)
    edges = xp.cumulative_sum(weights)
    drawn = random.uniform(rng, (n,), like=means)
    component = xp.sum(xp.astype(drawn[:, None] >= edges[None, :-1], xp.int64), axis=1)
    noise = random.normal(rng, (n, means.shape[1]), like=means)
    if len(covariances.shape) == 1:
        moved = xp.sqrt(xp.take(covariances, component))[:, None] * noise
    else:
        factors = xp.take(xp.linalg.cholesky(covariances), component, axis=0)
        moved = (factors @ noise[:, :, None])[:, :, 0]
    return xp.take(means, component, axis=0) + moved, component
