"""What tokens learn in the experiments, and samplers that know more than a token does."""

from typing import NamedTuple

import numpy as np

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.loop import iterate
from refimpl.core.special import sigmoid
from refimpl.distributed import srrw


class Quadratic(NamedTuple):
    """f_i = |theta - C_i|^2 / 2 at node i: H(theta, i) = C_i - theta.

    Examples
    --------
    >>> Quadratic(np.array([[1.0], [3.0]])).local(np.zeros((2, 1)), np.array([1, 0]))
    array([[3.],
           [1.]])
    """

    C: np.ndarray  # [N, d]

    def local(self, theta, node):
        """H at the nodes [] or [R] of parameters [d] or [R, d]."""
        check.finite(theta=theta), check.integral(node=node)
        return at(self.C, node) - theta


class Logistic(NamedTuple):
    """Logistic regression on the data of each node, labels -1 and 1, with an L2 penalty.

    Examples
    --------
    >>> model = Logistic(np.array([[[1.0, 0.0]], [[0.0, 2.0]]]), np.array([[1.0], [-1.0]]), 0.1)
    >>> model.local(np.zeros(2), np.array(1)), model.jacobian(np.zeros(2)).diagonal().round(3)
    (array([ 0., -1.]), array([-0.225, -0.6  ]))
    """

    X: np.ndarray  # [N, m, d] features of m points at each of N nodes
    y: np.ndarray  # [N, m] labels
    penalty: float  # factor of |theta|^2 / 2

    def local(self, theta, node):
        """Minus the gradient at the nodes [] or [R] of parameters [d] or [R, d]."""
        check.finite(theta=theta), check.integral(node=node)
        X, y = at(self.X, node), at(self.y, node)
        missed = y * sigmoid(-y * (X @ theta[..., None])[..., 0])
        return np.mean(missed[..., None] * X, axis=-2) - float(self.penalty) * theta

    def every(self, theta):
        """H(theta, i) of all nodes [N, d]."""
        nodes = np.arange(len(self.X))
        return self.local(np.broadcast_to(theta, (len(nodes), theta.shape[-1])), nodes)

    def jacobian(self, theta):
        """Of the mean over the nodes [d, d]."""
        check.finite(theta=theta)
        p = sigmoid(self.X @ theta)
        weighted = (p * (1 - p))[..., None] * self.X
        bend = np.einsum("nmd,nme->de", weighted, self.X) / self.y.size
        return -bend - float(self.penalty) * np.eye(len(theta))

    def optimum(self):
        """theta* [d], by Newton's method."""
        theta = np.zeros(self.X.shape[-1])
        for _ in range(50):
            theta = theta - np.linalg.solve(self.jacobian(theta), self.every(theta).mean(axis=0))
        return theta


def at(values, node):
    """Rows of `values` [N, ...] at a node [] or at several [R].

    Parameters
    ----------
    values : array [N, ...]
        NaN stays NaN, and inf is taken.
    node : array [] or [R]

    Examples
    --------
    >>> at(np.array([[1.0], [2.0]]), np.array([1, 1, 0])).ravel()
    array([2., 2., 1.])
    """
    check.floating(values=values), check.integral(node=node)
    xp = array_namespace(values)
    rows = xp.take(values, xp.reshape(node, (-1,)), axis=0)
    return xp.reshape(rows, (*node.shape, *values.shape[1:]))


def logistic_on(nodes, points, d, *, rng, shift=None):
    """Data of a planted direction with logistic noise; `shift` [N] moves the points of a node along that direction.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> logistic_on(4, 5, 3, rng=stream(0, "doc")).X.shape
    (4, 5, 3)
    """
    check.rng(rng=rng)
    check.integer(nodes=nodes, points=points, d=d)
    truth = rng.standard_normal(d)
    truth = 2 * truth / np.linalg.norm(truth)
    X = rng.standard_normal((nodes, points, d))
    if shift is not None:
        X = X + shift[:, None, None] * truth / 2
    y = np.where(rng.uniform(size=(nodes, points)) < sigmoid(X @ truth), 1.0, -1.0)
    return Logistic(X, y, 0.1)


# Samplers that know more than a token -------------------------------------------------------------------------------


def independent(mu, tokens, *, rng):
    """Nodes drawn from mu in each step, for many tokens: the sampler of a server that reaches everyone.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> next(independent(np.array([0.0, 1.0]), 3, rng=stream(0, "doc")))
    array([1, 1, 1])
    """
    check.rng(rng=rng), check.finite(mu=mu)
    check.integer(tokens=tokens)
    weights = np.broadcast_to(mu, (tokens, len(mu)))
    while True:
        yield srrw.draw(weights, rng.uniform(size=tokens))


def shuffled(nodes, tokens, *, rng):
    """All nodes in a fresh random order, again and again, each token for itself.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> sampler = shuffled(3, 1, rng=stream(0, "doc"))
    >>> sorted(int(next(sampler)[0]) for _ in range(3))
    [0, 1, 2]
    """
    check.rng(rng=rng)
    check.integer(nodes=nodes, tokens=tokens)
    while True:
        yield from rng.permuted(np.tile(np.arange(nodes), (tokens, 1)), axis=1).T


def planned(tour, tokens, *, rng):
    """A fixed order of nodes, over and over; each token starts somewhere in it.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> sampler = planned([0, 1, 2, 1], 1, rng=stream(0, "doc"))
    >>> [int(next(sampler)[0]) for _ in range(4)]
    [2, 1, 0, 1]
    """
    check.rng(rng=rng)
    check.integer(tokens=tokens), check.sequence(tour=tour)
    tour, place = np.array(tour), rng.integers(len(tour), size=tokens)
    while True:
        yield tour[place % len(tour)]
        place = place + 1


def follow(theta, sampler, local, *, steps, b=0.9, scale=1.0, record=None):
    """The learner of `srrw.run` on nodes that another sampler gives.

    Parameters
    ----------
    theta : array [R, d]
        The start.
    sampler : iterator
        Of nodes [R].
    local, steps, b, scale, record
        As for `srrw.run`; ``record(theta)``.

    Returns
    -------
    theta : array
        After the last step.
    run : core.loop.Run
        See there.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> C = np.array([[1.0], [2.0], [6.0]])
    >>> nodes = shuffled(3, 1, rng=stream(0, "doc"))
    >>> theta, _ = follow(np.zeros((1, 1)), nodes, Quadratic(C).local, steps=3000)
    >>> theta.round(2)
    array([[3.]])
    """
    scale = check.positive(scale=scale)

    def one(theta, n):
        return theta + scale * srrw.step_size(n, b) * local(theta, next(sampler))

    done = iterate(one, theta, steps=steps, record=record)
    return done.state, done
