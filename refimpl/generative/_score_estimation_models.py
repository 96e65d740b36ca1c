"""Data with a known score for score estimation: few points in a ball, diffused."""

import math
from typing import NamedTuple

import numpy as np

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, from_numpy
from refimpl.core.special import softmax
from refimpl.generative import score_estimation


class Law(NamedTuple):
    """Finitely many points with weights."""

    points: Array  # [K, d]
    weights: Array  # [K], > 0, their sum is 1

    @property
    def D(self):
        """Radius of the least ball around 0 that holds them."""
        xp = array_namespace(self.points)
        return float(xp.max(xp.linalg.vector_norm(self.points, axis=1)))


class Data(NamedTuple):
    """Samples of a diffused law."""

    pairs: score_estimation.Pairs  # what the network is trained on
    t: Array  # [n] times
    truth: Array  # [n, d] mean of the clean sample, given the noisy one


LAWS = ("pentagon", "tri3", "rand8", "two")
T0, T = 0.2, 2.0  # the times of all experiments


def law(name="pentagon", *, seed=0, like):
    """One of the laws of the experiments.

    Parameters
    ----------
    name : str
        "pentagon": five points on the unit circle. "tri3": the unit vectors of three dimensions. "rand8": eight random
        points of the disc. "two": two points of the disc, one of them more often.
    seed : int, default: 0
        Of the random points.
    like : array
        Whose library, dtype and device to take.

    Returns
    -------
    Law
        See there.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> law("two", like=np.zeros(1)).D
    1.0
    """
    check.choice(LAWS, name=name)
    if name == "pentagon":
        angle = 2 * math.pi * np.arange(5) / 5
        points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    elif name == "tri3":
        points = np.eye(3)
    elif name == "rand8":
        rng = random.stream(seed, "score_estimation", "rand8")
        angle = 2 * math.pi * rng.random(8)
        points = np.sqrt(rng.random((8, 1))) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    else:
        points = np.array([[1.0, 0.0], [-0.5, 0.5]])
    weights = np.array([0.7, 0.3]) if name == "two" else np.full(len(points), 1 / len(points))
    return Law(from_numpy(points, like=like), from_numpy(weights, like=like))


def posterior_mean(law, x, t):
    """Mean of the clean sample, given the noisy one: what is to be learned.

    Parameters
    ----------
    law : Law
        Of the clean samples.
    x : array [k, d]
        Noisy samples.
    t : array [k]
        Times > 0.

    Returns
    -------
    array [k, d]
        A softmax average of the points.

    Examples
    --------
    >>> posterior_mean(law("two", like=np.zeros(1)), np.zeros((1, 2)), np.array([50.0])).round(3)
    array([[0.55, 0.15]])
    """
    _checked(law)
    score_estimation._at_times(t, x=x)
    xp, (alpha, h) = array_namespace(x, t, *law), score_estimation._clock(t)
    gap = x[:, None, :] - alpha[:, :, None] * law.points[None, :, :]
    return softmax(xp.log(law.weights)[None, :] - xp.sum(gap**2, axis=2) / (2 * h)) @ law.points


def draw(rng, law, n, *, bias=True):
    """Training data: a clean sample, a time and a noise for each of n.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    law : Law
        Of the clean samples.
    n : int
        >= 1.
    bias : bool, default: True
        Whether the network has a constant input.

    Returns
    -------
    Data
        See there.

    Examples
    --------
    >>> draw(random.stream(0, "doc"), law(like=np.zeros(1)), 3).pairs.Z.shape
    (3, 4)
    """
    _checked(law)
    n, like = check.integer(n=n, minimum=1), law.points
    xp = array_namespace(like)
    edges = xp.cumulative_sum(law.weights)[:-1]
    which = xp.sum(xp.astype(random.uniform(rng, (n,), like=like)[:, None] >= edges[None, :], xp.int64), axis=1)
    t, zeta = random.uniform(rng, (n,), like=like, low=T0, high=T), random.normal(rng, (n, like.shape[1]), like=like)
    pairs = score_estimation.training_pairs(xp.take(law.points, which, axis=0), t, zeta, T0=T0, bias=bias)
    return Data(pairs, t, posterior_mean(law, pairs.x, t))


def excess(f, truth, *, D):
    """Error of the score, weighted: mean squared distance of the projected `f` [k, d] to the truth, as a float.

    Examples
    --------
    >>> excess(np.array([[3.0, 4.0]]), np.array([[0.6, 0.0]]), D=1.0)
    0.64...
    """
    check.finite(f=f, truth=truth)
    xp = array_namespace(f, truth)
    return float(xp.mean(xp.sum((score_estimation.project(f, D=D) - truth) ** 2, axis=1)))


def noise_level(data):
    """Standard deviation of the label noise per coordinate, from samples whose truth is known, as a float.

    Examples
    --------
    >>> round(noise_level(draw(random.stream(0, "doc"), law(like=np.zeros(1)), 4000)), 1)
    0.6
    """
    check.fields(Data, data=data)
    check.alike(truth=data.truth, Y=data.pairs.Y)
    xp = array_namespace(data.truth)
    return float(xp.sqrt(xp.mean((data.pairs.Y - data.truth) ** 2)))


def _checked(law):
    """A law of points, with weights > 0."""
    check.fields(Law, law=law)
    check.shapes(points=(law.points, "K d"), weights=(law.weights, "K"))
    check.alike_dtype(points=law.points, weights=law.weights)
    if not bool(array_namespace(law.weights).all(law.weights > 0)):
        raise ValueError(
            f"weights must be > 0, got a smallest one of {float(array_namespace(law.weights).min(law.weights)):g}"
        )
