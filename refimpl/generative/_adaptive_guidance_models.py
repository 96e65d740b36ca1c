"""Beds for Adaptive Guidance: mixtures of round Gaussians in classes, whose noise predictions are known exactly."""

from functools import partial
from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.random import normal
from refimpl.generative.adaptive_guidance import Denoiser
from refimpl.problems.digits import digits


class Bed(NamedTuple):
    """Data in classes, each an equal mixture of its components."""

    means: Array  # [K, D] of the components
    variances: Array  # [K]
    owner: Array  # [K] int64, the class of each


def denoisers(bed, label, *, negative=None):
    """Exact noise predictions for the class of each sample, and for all classes.

    Parameters
    ----------
    bed : Bed
        The data.
    label : array [n] of integers
        The class of each sample, one that has components.
    negative : array [n] of integers, optional
        A class of each sample to be avoided: the second prediction is then that of a soft negative prompt, half all
        the data and half this class.

    Returns
    -------
    cond, uncond : Denoiser
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a variance is not > 0, or a class has no component.

    Examples
    --------
    >>> bed = Bed(np.array([[-1.0], [1.0]]), np.ones(2), np.array([0, 1]))
    >>> cond, uncond = denoisers(bed, np.array([1]))
    >>> cond.eps(np.array([[0.0]]), 0.5, np.array([0])), uncond.eps(np.array([[0.0]]), 0.5, np.array([0])) + 0.0
    (array([[-0.5]]), array([[0.]]))
    """
    check.instance(Bed, bed=bed)
    check.finite(means=bed.means, variances=bed.variances)
    K = check.shapes(means=(bed.means, "K D"), variances=(bed.variances, "K"), owner=(bed.owner, "K"))["K"]
    check.alike_dtype(means=bed.means, variances=bed.variances), check.integral(owner=bed.owner)
    xp = array_namespace(*bed)
    if not bool(xp.all(bed.variances > 0)):
        raise ValueError(f"variances must be > 0, got a smallest one of {float(xp.min(bed.variances)):g}")
    cond = _shares(bed, label=label)
    everything = xp.ones_like(cond) / K
    if negative is None:
        uncond = everything
    else:
        avoided = _shares(bed, negative=negative)
        check.shapes(label=(label, "n"), negative=(negative, "n"))
        uncond = (everything + avoided) / 2
    made = ({"bed": bed, "weights": weights} for weights in (cond, uncond))
    return tuple(Denoiser(partial(_eps, **own), partial(_pull, **own)) for own in made)


def _shares(bed, **named):
    """Weights [n, K] of the components in the class of each sample."""
    ((name, label),) = named.items()
    check.integral(**named)
    check.shapes(**{name: (label, "n")})
    xp = array_namespace(label, *bed)
    member = xp.astype(bed.owner[None, :] == label[:, None], bed.means.dtype)
    sizes = xp.sum(member, axis=1, keepdims=True)
    if not bool(xp.all(sizes > 0)):
        raise ValueError(f"{name} must be classes of the bed, got one without components")
    return member / sizes


def _parts(x, ab, rows, bed, weights):
    """Of a noised mixture with weights of its own for each sample: variances, centres, responsibilities and score."""
    xp = array_namespace(x, weights, *bed)
    share, centres, S = xp.take(weights, rows, axis=0), ab**0.5 * bed.means, ab * bed.variances + 1 - ab
    squares = xp.sum(x**2, axis=1, keepdims=True) - 2 * x @ xp.matrix_transpose(centres)
    squares = squares + xp.sum(centres**2, axis=1)[None, :]
    joint = -(squares / S + x.shape[1] * xp.log(S)) / 2
    joint = xp.where(share > 0, joint, xp.min(joint, axis=1, keepdims=True))  # so that the largest one counts
    r = share * xp.exp(joint - xp.max(joint, axis=1, keepdims=True))
    r = r / xp.sum(r, axis=1, keepdims=True)
    score = (r / S) @ centres - xp.sum(r / S, axis=1, keepdims=True) * x  # (adaptive_guidance-1)
    return S, centres, r, score


def _eps(x, ab, rows, *, bed, weights):
    """Prediction of the noise."""
    score = _parts(x, ab, rows, bed, weights)[3]
    return -((1 - ab) ** 0.5) * score  # (adaptive_guidance-2)


def _pull(x, ab, rows, v, *, bed, weights):
    """The Jacobian of the prediction, which is symmetric, times v."""
    (S, centres, r, score), xp = _parts(x, ab, rows, bed, weights), array_namespace(x, v)
    along = (v @ xp.matrix_transpose(centres) - xp.sum(x * v, axis=1, keepdims=True)) / S  # each g_i times v
    q = r * along / S
    bend = q @ centres - xp.sum(q, axis=1, keepdims=True) * x - xp.sum(score * v, axis=1, keepdims=True) * score
    return -((1 - ab) ** 0.5) * (bend - xp.sum(r / S, axis=1, keepdims=True) * v)  # (adaptive_guidance-23)


def groups(rng, *, like, group=18.0, apart=5.0, mode=0.7, variance=0.25, D=8):
    """Bed G: 4 groups of 3 classes of 2 modes each, along random directions.

    The scales are chosen so that the class is settled early and the cosine climbs without a dip: planted.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, dtype and device to take.
    group, apart, mode : float
        Distances of the groups from 0, of a group's classes from its centre, and of a class's modes from its own.
    variance : float
        > 0, of each mode.
    D : int
        Dimension >= 1.

    Returns
    -------
    Bed
        12 classes, 24 components.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> groups(stream(0, "doc"), like=np.zeros(1)).means.shape
    (24, 8)
    """
    check.rng(rng=rng), check.floating(like=like)
    check.positive(group=group, apart=apart, mode=mode, variance=variance)
    unit = rng.standard_normal((4 + 12 + 24, check.integer(D=D, minimum=1)))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    centres = group * np.repeat(unit[:4], 6, axis=0) + apart * np.repeat(unit[4:16], 2, axis=0) + mode * unit[16:]
    xp = array_namespace(like)
    owner = from_numpy(np.repeat(np.arange(12), 2), like=like, dtype=xp.int64)
    return Bed(from_numpy(centres, like=like), from_numpy(np.full(24, float(variance)), like=like), owner)


def images(rng, *, like, variance=0.05, count=600):
    """Bed R: random images of handwritten digits, scaled to [-1, 1], each with a round Gaussian around it.

    Parameters
    ----------
    rng, like
        As for `groups`.
    variance : float, default: 0.05
        > 0.
    count : int, default: 600
        How many of the 1797.

    Returns
    -------
    Bed
        10 classes, D = 64.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> bed = images(stream(0, "doc"), like=np.zeros(1))
    >>> bed.means.shape, sorted(set(bed.owner.tolist()))
    ((600, 64), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    """
    check.rng(rng=rng), check.positive(variance=variance)
    ink, labels = digits(like=like)
    chosen = rng.permutation(ink.shape[0])[: check.integer(count=count, minimum=1)]
    xp = array_namespace(like)
    rows = from_numpy(chosen, like=like, dtype=xp.int64)
    owner = xp.take(labels, rows)
    spread = xp.full(owner.shape[0], float(variance), dtype=like.dtype, device=device(like))
    return Bed(2 * xp.take(ink, rows, axis=0) - 1, spread, owner)


def starts(rng, n, bed):
    """Start noise [n, D], a class for each sample, and another class to be avoided (int64 each).

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x0, label, negative = starts(stream(0, "doc"), 5, groups(stream(0, "doc"), like=np.zeros(1)))
    >>> x0.shape, bool((label != negative).all())
    ((5, 8), True)
    """
    check.fields(Bed, bed=bed), check.shapes(means=(bed.means, "K D"), owner=(bed.owner, "K"))
    n, xp = check.integer(n=n, minimum=1), array_namespace(*bed)
    x0 = normal(rng, (n, bed.means.shape[1]), like=bed.means)
    classes = int(xp.max(bed.owner)) + 1
    label = rng.integers(0, classes, n)
    negative = (label + rng.integers(1, classes, n)) % classes
    return x0, *(from_numpy(x, like=bed.means, dtype=xp.int64) for x in (label, negative))


def error(x, target, plain):
    """Mean squared distance from `target`, in units of the distance of `plain` from it; all [n, D], a Python float.

    Examples
    --------
    >>> error(np.array([[1.0]]), np.array([[0.0]]), np.array([[2.0]]))
    0.25
    """
    check.finite(x=x, target=target, plain=plain)
    xp = array_namespace(x, target, plain)
    return float(xp.sum((x - target) ** 2) / xp.sum((plain - target) ** 2))
