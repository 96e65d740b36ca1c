"""Gaussian processes to compare with: the scale is a number, fixed, chosen by the evidence, or trained."""

import math
from typing import NamedTuple

from refimpl.bayesian import scale_mixture_nngp as mixture
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace


class Gaussian(NamedTuple):
    """Regression with a scale that is a number."""

    s: Array  # 0-d, or a number: the scale
    log_density: Array  # [m] of new targets, each by itself
    log_evidence: Array  # 0-d, log density of the targets


def gaussian(told, points, *, s=None):
    """Regression by a Gaussian process.

    Parameters
    ----------
    told : Conditioned
        From `scale_mixture_nngp.condition`.
    points : array [m]
        New targets, one at each new input.
    s : float, optional
        Scale > 0; by default the one with the largest evidence.

    Returns
    -------
    Gaussian
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `scale_mixture_nngp.log_predictive`; and if Q is 0 and no scale is given.

    Examples
    --------
    >>> import numpy as np
    >>> K = mixture.Blocks(np.array([[0.5]]), np.array([[1.0]]), np.array([[3.0]]))
    >>> found = gaussian(mixture.condition(K, np.array([2.0]), eps=0.5), np.array([1.0]))
    >>> float(found.s), found.log_density.round(4)
    (4.0, array([-2.1202]))
    """
    told = mixture._told(told)
    variance = mixture._noisy(told, points)
    s = told.Q / told.n if s is None else check.positive(s=s)  # (scale_mixture_nngp-49)
    if not float(s) > 0:
        raise ValueError("s must be given where Q is 0, got None")
    xp = array_namespace(variance)
    log_s = xp.log(s) if hasattr(s, "shape") else math.log(s)
    outside = -0.5 * told.log_det - 0.5 * told.n * (math.log(2 * math.pi) + log_s)
    log_density = mixture._log_normal(xp, points - told.mean, s * variance)  # (scale_mixture_nngp-50)
    return Gaussian(s, log_density, outside - told.Q / (2 * s))  # (scale_mixture_nngp-51)


def elbo(q, at, onehot, noise, u, *, n):
    """Bound of the sparse variational Gaussian process whose scale is trained: a number, ``q.b / q.a``.

    Parameters
    ----------
    q, at, onehot, noise, u, n
        As for `scale_mixture_nngp.elbo`; `u` is not read.

    Returns
    -------
    Bound
        See `scale_mixture_nngp`.

    Raises
    ------
    TypeError, ValueError
        As for `scale_mixture_nngp.elbo`.

    Examples
    --------
    >>> import numpy as np
    >>> q = mixture.Variational(np.zeros((2, 1)), np.ones((2, 1)), np.asarray(2.0), np.asarray(2.0))
    >>> at = mixture.project(np.array([[0.75]]), np.array([[0.5]]), np.array([1.0]), eps=0.25)
    >>> found = elbo(q, at, np.array([[1.0, 0.0]]), np.ones((1, 1, 2)), np.full(1, 0.5), n=1)
    >>> [float(x) for x in found]
    [-0.69314718055..., 0.0, -0.69314718055...]
    """
    s = _constant(q, at, u)
    fit = mixture.expected_log_likelihood(mixture.logits(q, at, noise, s), onehot, n)
    kl = mixture.kl_given_scale(q, at.factor, q.a / q.b)  # (scale_mixture_nngp-52)
    return mixture.Bound(fit - kl, kl, fit)


def class_probabilities(q, at, noise, u):
    """Predicted probabilities of the same: the mean softmax over draws.

    Examples
    --------
    >>> import numpy as np
    >>> q = mixture.Variational(np.array([[4.0], [0.0]]), np.ones((2, 1)), np.asarray(2.0), np.asarray(2.0))
    >>> at = mixture.project(np.array([[0.75]]), np.array([[0.5]]), np.array([1.0]), eps=0.25)
    >>> class_probabilities(q, at, np.ones((1, 1, 2)), np.full(1, 0.5)).round(4)
    array([[0.8808, 0.1192]])
    """
    f = mixture.logits(q, at, noise, _constant(q, at, u))
    return array_namespace(f).mean(mixture.softmax(f, axis=2), axis=0)


def _constant(q, at, u):
    q, at = mixture._variational(q, at)
    check.uniforms(above=True, u=u)
    check.floating(a=q.a, b=q.b), check.positive(a=q.a, b=q.b)
    return array_namespace(q.m, u).ones_like(u) * (q.b / q.a)
