"""Toy data for contrastive learning: clusters on the sphere, and classes of unequal size hidden under nuisance.

Draws come from a generator of `core.random`; arrays are like `like`.
"""

from typing import NamedTuple

import numpy as np

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, from_numpy


class TwoViews(NamedTuple):
    """Two embeddings of each sample, and what it is."""

    first: Array  # [n, k] rows of length 1
    second: Array  # [n, k] rows of length 1
    labels: Array  # [n] int64, number of its cluster


def clusters(rng, sizes, *, dimension=20, noise=0.15, like, orthogonal=True):
    """Samples around a few directions of the sphere, seen twice.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    sizes : sequence of int
        Samples of each cluster, >= 1.
    dimension : int, default: 20
        k.
    noise : float, default: 0.15
        Standard deviation >= 0 of each coordinate of each view about its direction, before it is made of length 1.
    like : array
        Whose library, dtype and device to take.
    orthogonal : bool, default: True
        Whether the directions are the first axes (then at most k clusters); else they are drawn evenly on the sphere.

    Returns
    -------
    TwoViews
        Cluster after cluster.

    Raises
    ------
    TypeError, ValueError
        If a size is no integer >= 1, there are more axes asked for than there are, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> views = clusters(random.stream(0, "doc"), [2, 1], dimension=3, noise=0.0, like=np.zeros(1))
    >>> views.first, views.labels
    (array([[1., 0., 0.],
           [1., 0., 0.],
           [0., 1., 0.]]), array([0, 0, 1]))
    """
    check.rng(rng=rng), check.sequence(sizes=sizes), check.flag(orthogonal=orthogonal)
    labels = _labels(sizes)
    dimension, noise = check.integer(dimension=dimension, minimum=1), check.nonnegative(noise=noise)
    if orthogonal and len(sizes) > dimension:
        raise ValueError(f"sizes must name at most {dimension} orthogonal clusters, got {len(sizes)}")
    directions = np.eye(dimension) if orthogonal else _unit(rng.standard_normal((len(sizes), dimension)))
    shape = len(labels), dimension
    first, second = (_unit(directions[labels] + noise * rng.standard_normal(shape)) for _ in range(2))
    return TwoViews(*(from_numpy(part, like=like) for part in (first, second, labels)))


def _labels(sizes):
    """Number of the class of each sample."""
    for size in sizes:
        check.integer(sizes=size, minimum=1)
    return np.repeat(np.arange(len(sizes)), sizes)


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


class LongTail(NamedTuple):
    """Classes of unequal size that few coordinates tell apart; the others, with more variance, tell nothing.

    Class c has its mean at `separation` on coordinate c. A view of a sample keeps what it means, with a little noise,
    and changes most of the nuisance.

    Examples
    --------
    >>> import numpy as np
    >>> law = LongTail(classes=2, nuisance=3.0)
    >>> x, labels = law.sample(random.stream(0, "doc"), [3, 1], like=np.zeros(1))
    >>> x.shape, labels, law.view(random.stream(0, "doc"), x).shape
    ((4, 20), array([0, 0, 0, 1]), (4, 20))
    """

    classes: int = 5  # and as many coordinates that tell them apart
    dimension: int = 20  # of all coordinates
    separation: float = 2.0  # of a class on its own coordinate
    spread: float = 0.6  # standard deviation of the samples of a class on the coordinates that tell them apart
    nuisance: float = 2.0  # standard deviation of the others
    jitter: float = 0.3  # of a view, on the coordinates that tell
    kept: float = 0.4  # share of the nuisance that a view keeps; the rest is drawn anew, 0.6 times as large

    def sample(self, rng, sizes, *, like):
        """Samples [n, dimension] of each class in turn, and their labels [n].

        Parameters
        ----------
        rng : numpy.random.Generator
            From `core.random.stream`.
        sizes : sequence of int
            Samples of each class, >= 1.
        like : array
            Whose library, dtype and device to take.

        Returns
        -------
        x, labels : array
            Floating point, and int64.

        Raises
        ------
        TypeError, ValueError
            If `sizes` are not as many integers >= 1 as there are classes.

        Examples
        --------
        >>> import numpy as np
        >>> LongTail(classes=2).sample(random.stream(0, "doc"), [3, 1], like=np.zeros(1))[1]
        array([0, 0, 0, 1])
        """
        law = _checked(self)
        check.rng(rng=rng), check.sequence(sizes=sizes)
        if len(sizes) != law.classes:
            raise ValueError(f"sizes must be {law.classes} integers, got {len(sizes)}")
        labels = _labels(sizes)
        means = law.separation * np.eye(law.classes, law.dimension)
        scales = np.where(np.arange(law.dimension) < law.classes, law.spread, law.nuisance)
        x = means[labels] + scales * rng.standard_normal((len(labels), law.dimension))
        return from_numpy(x, like=like), from_numpy(labels, like=like)

    def view(self, rng, x):
        """Another look [n, dimension] at samples x [n, dimension].

        Examples
        --------
        >>> import numpy as np
        >>> still = LongTail(classes=1, dimension=3, nuisance=0.0, jitter=0.0)
        >>> still.view(random.stream(0, "doc"), np.ones((1, 3)))  # no noise: the nuisance is kept in part
        array([[1. , 0.4, 0.4]])
        """
        law = _checked(self)
        check.finite(x=x)
        check.shapes(x=(x, f"n {law.dimension}"))
        xp, draws = array_namespace(x), random.normal(rng, tuple(x.shape), like=x)
        telling = from_numpy(np.arange(law.dimension) < law.classes, like=x)
        changed = law.kept * x + 0.6 * law.nuisance * draws
        return xp.where(telling, x + law.jitter * draws, changed)


def _checked(law):
    """Its fields as Python numbers."""
    law = check.fields(LongTail, law=law)
    check.nonnegative(spread=law.spread, nuisance=law.nuisance, jitter=law.jitter)
    classes, dimension = check.integer(classes=law.classes, dimension=law.dimension, minimum=1)
    if classes > dimension:
        raise ValueError(f"classes must be at most dimension = {dimension}, got {classes}")
    return law
