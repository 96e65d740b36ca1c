"""Two tasks for one text encoder: a world that is made up, and real text. How to train on them, and how to score.

Texts are vectors of features; the encoder is linear, and compares by cosines.
"""

from typing import NamedTuple

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, from_numpy, to_numpy
from refimpl.problems.docstrings import docstrings
from refimpl.training.self_positioning import encoder_loss

TAU, LR, HALF = 0.1, 0.05, 32  # temperature; step size of the training; pairs of each task in a probe minibatch


class Pairs(NamedTuple):
    """Minibatches of pairs of texts."""

    X: Array  # [T, n, d] queries
    Y: Array  # [T, n, d] their documents


class Test(NamedTuple):
    """What an encoder is asked after the training."""

    queries: Array  # [m, d] to find their documents among all
    documents: Array  # [m, d]
    first: Array  # [k, d] pairs of graded similarity
    second: Array  # [k, d]
    grades: Array  # [k] how similar they are


class World(NamedTuple):
    """Two tasks, retrieval and similarity, and a start model."""

    theta_0: Array  # [p, d] start model, trained a little on both
    retrieval: Pairs  # [T, 64, d] training data
    similarity: Pairs  # [S, 64, d]; T is ten times as large
    probe: tuple  # of Pairs, one for each task: [16, 32, d] new pairs
    test: Test


def merged(pairs):
    """Minibatches of several tasks, one after the other.

    Parameters
    ----------
    pairs : sequence of Pairs
        Of alike shapes but for their number.

    Returns
    -------
    Pairs
        All of them.

    Examples
    --------
    >>> import numpy as np
    >>> some = Pairs(np.zeros((2, 4, 3)), np.zeros((2, 4, 3)))
    >>> merged([some, some]).X.shape
    (4, 4, 3)
    """
    check.sequence(pairs=pairs)
    for part in pairs:
        check.fields(Pairs, pairs=part)
    xp = array_namespace(pairs[0].X)
    return Pairs(*(xp.concat(parts, axis=0) for parts in zip(*pairs, strict=True)))


def train(theta, pairs, *, order=None, lr=LR, tau=TAU):
    """Stochastic gradient descent on the contrastive loss, a step for each minibatch.

    Parameters
    ----------
    theta : array [p, d]
        Start.
    pairs : Pairs
        [T, n, d] minibatches.
    order : sequence of int, optional
        Which minibatches, one after the other; default: all once.
    lr : float, default: 0.05
        Step size > 0.
    tau : float, default: 0.1
        Temperature > 0.

    Returns
    -------
    array [p, d]
        Trained encoder.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> some = Pairs(np.eye(2)[None], np.array([[[1.0, 0.0], [3.0, 4.0]]]))
    >>> train(np.eye(2), some, tau=1.0).round(3)
    array([[ 0.994, -0.011],
           [-0.011,  1.006]])
    """
    check.fields(Pairs, pairs=pairs)
    lr = check.positive(lr=lr)
    n = check.shapes(**{"pairs.X": (pairs.X, "T n d"), "pairs.Y": (pairs.Y, "T n d")})["T"]
    order = np.arange(n) if order is None else np.asanyarray(order)
    check.indices(n, order=order), check.shapes(order=(order, "k"))
    for k in order.tolist():
        theta = theta - lr * encoder_loss(theta, pairs.X[k, ...], pairs.Y[k, ...], tau=tau)[1]
    return theta


def probe_loss(world, *, tau=TAU):
    """What `self_positioning.position` searches with: the mean of the losses of the tasks.

    Parameters
    ----------
    world : World
        Whose probe minibatches are taken in turn.
    tau : float, default: 0.1
        Temperature > 0.

    Returns
    -------
    callable
        ``loss(theta, k) -> (value, gradient)`` of the k-th minibatch, theta as a vector.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> import numpy as np
    >>> world = made_up(stream(0, "doc"), like=np.zeros(1), batches=10)
    >>> probe_loss(world)(np.reshape(world.theta_0, (-1,)), 1)[1].shape
    (576,)
    """
    world, tau = check.fields(World, world=world), check.positive(tau=tau)
    xp, shape = array_namespace(world.theta_0), world.theta_0.shape

    def loss(theta, k):
        found = []
        for part in world.probe:
            i = (k - 1) % part.X.shape[0]
            found.append(encoder_loss(xp.reshape(theta, shape), part.X[i, ...], part.Y[i, ...], tau=tau))
        value, gradient = (sum(parts) / len(found) for parts in zip(*found, strict=True))
        return value, xp.reshape(gradient, (-1,))

    return loss


def score(theta, test):
    """Retrieval and graded similarity. On the host.

    Parameters
    ----------
    theta : array [p, d]
        Encoder.
    test : Test
        From a `World`.

    Returns
    -------
    mrr : float
        Mean of 1 over the rank of a query's document among all.
    rank : float
        Spearman's correlation of cosine and grade.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> same = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> mrr, rank = score(np.eye(2), Test(same, same, same, same[::-1], np.array([0.0, 1.0, 0.0])))
    >>> round(mrr, 6), round(rank, 6)
    (1.0, 1.0)
    """
    test = check.fields(Test, test=test)
    check.shapes(theta=(theta, "p d"), queries=(test.queries, "m d"), documents=(test.documents, "m d"),
                 first=(test.first, "k d"), second=(test.second, "k d"), grades=(test.grades, "k"))  # fmt: skip
    theta, queries, documents, first, second, grades = map(to_numpy, (theta, *test))
    q, d, u, v = (_unit(texts @ theta.T) for texts in (queries, documents, first, second))
    cosines = q @ d.T
    ranks = 1 + np.sum(cosines > np.diagonal(cosines)[:, None], axis=1)
    return float(np.mean(1 / ranks)), float(scipy.stats.spearmanr(np.sum(u * v, axis=1), grades).statistic)


def _unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-300)


# A world that is made up ---------------------------------------------------------------------------------------------


def made_up(rng, *, like, batches=220, share=1 / 11, parts=8):
    """Texts of a topic, a meaning and noise, mixed by a rotation; two tasks that want opposite weights of the features.

    Retrieval pairs share the topic alone, similarity pairs the meaning among texts of one topic. That the tasks
    conflict is built in.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, dtype and device to take.
    batches : int, default: 220
        Minibatches of 64 pairs for the training, of both tasks, >= 2.
    share : float, default: 1 / 11
        Of the similarity task, in (0, 1).
    parts : int, default: 8
        Coordinates of topic, meaning and noise each.

    Returns
    -------
    World
        p = d = 3 `parts`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> world = made_up(stream(0, "doc"), like=np.zeros(1), batches=22)
    >>> world.theta_0.shape, world.retrieval.X.shape, world.similarity.X.shape
    ((24, 24), (20, 64, 24), (2, 64, 24))
    """
    check.rng(rng=rng), check.array(like=like)
    batches, parts = check.integer(batches=batches, minimum=2), check.integer(parts=parts, minimum=1)
    d, scarce = 3 * parts, max(1, round(batches * check.fraction(share=share)))
    mixing = np.linalg.qr(rng.standard_normal((d, d)))[0]
    normal = lambda *shape: rng.standard_normal((*shape, parts))

    def texts(topic, meaning):
        noisy = topic + 0.3 * normal(*topic.shape[:-1])
        return np.concatenate([noisy, meaning, normal(*topic.shape[:-1])], axis=-1) @ mixing.T

    def retrieval(T, n=64):
        topic = normal(T, n)
        return Pairs(texts(topic, normal(T, n)), texts(topic, normal(T, n)))

    def similarity(T, n=64):
        topic, meaning = np.repeat(normal(T, n // 4), 4, axis=1), normal(T, n)
        return Pairs(texts(topic, meaning), texts(topic, meaning + 0.3 * normal(T, n)))

    theta_0 = rng.standard_normal((d, d)) / np.sqrt(d)
    warm = merged([retrieval(10), similarity(10)])
    theta_0 = train(theta_0, warm, order=rng.permutation(20))
    data = retrieval(batches - scarce), similarity(scarce)
    probe = retrieval(16, HALF), similarity(16, HALF)
    asked = retrieval(1, 400)
    topic, meaning, grades = normal(400), normal(400), rng.uniform(size=400)
    near = grades[:, None] * meaning + np.sqrt(1 - grades[:, None] ** 2) * normal(400)
    test = Test(asked.X[0], asked.Y[0], texts(topic, meaning), texts(topic, near), grades)
    return _moved(World(theta_0, *data, probe, test), like)


def _moved(world, like):
    """Onto the device that is asked for."""
    move = lambda part: type(part)(*(from_numpy(x, like=like) for x in part))
    pairs = move(world.retrieval), move(world.similarity), tuple(map(move, world.probe))
    return World(from_numpy(world.theta_0, like=like), *pairs, move(world.test))


# Real text -----------------------------------------------------------------------------------------------------------


def real_text(rng, *, like, batches=220, share=1 / 11, words=400, p=24):
    """Docstrings of Python's standard library; two tasks, neither of which is made up to be at odds with the other.

    Retrieval: the first half of a docstring's words, and its second half. Similarity: docstrings that follow each
    other in the library. Graded: the nearer two stand in the library, the more alike. Test texts are from other parts
    of the library than training texts, forty docstrings each.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, dtype and device to take.
    batches, share
        As for `made_up`.
    words : int, default: 400
        d, the most frequent words, from 1 to 800; each counts by the root of how often it comes, times the logarithm
        of how rare it is.
    p : int, default: 24
        Coordinates of an embedding, >= 1.

    Returns
    -------
    World
        Its training wants a step size of 5: rows of features have length 1.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> world = real_text(stream(0, "doc"), like=np.zeros(1), batches=11)
    >>> world.theta_0.shape, world.retrieval.X.shape, world.similarity.X.shape
    ((24, 400), (10, 64, 400), (1, 64, 400))
    """
    check.rng(rng=rng), check.array(like=like)
    batches, p = check.integer(batches=batches, minimum=2), check.integer(p=p, minimum=1)
    words = check.integer(words=words, minimum=1, below=801)
    scarce = max(1, round(batches * check.fraction(share=share)))
    halves, whole = _features(words)
    n = len(whole)
    parts = rng.permutation(n // 40)
    trained = np.isin(np.arange(n) // 40, parts[: int(0.7 * len(parts))])
    known, new = np.flatnonzero(trained), np.flatnonzero(~trained & (np.arange(n) // 40 < len(parts)))
    followed = known[np.isin(known + 1, known)]

    def some(rows, T, size):
        return np.stack([rng.choice(rows, size, replace=False) for _ in range(T)])

    def retrieval(T, size=64):
        rows = some(known, T, size)
        return Pairs(halves[0][rows], halves[1][rows])

    def similarity(T, size=64):
        rows = some(followed, T, size)
        return Pairs(whole[rows], whole[rows + 1])

    theta_0 = rng.standard_normal((p, words)) / np.sqrt(words)
    theta_0 = train(theta_0, merged([retrieval(10), similarity(10)]), order=rng.permutation(20), lr=5.0)
    data = retrieval(batches - scarce), similarity(scarce)
    probe = retrieval(16, HALF), similarity(16, HALF)
    asked, first, far = rng.choice(new, 400, replace=False), rng.choice(new, 1200), rng.integers(0, 6, 1200)
    second = first + 2**far * rng.choice([-1, 1], 1200)
    there = np.isin(second, new)
    graded = whole[first[there]], whole[second[there]], -far[there].astype(float)
    return _moved(World(theta_0, *data, probe, Test(halves[0][asked], halves[1][asked], *graded)), like)


def _features(words):
    """Rows of length 1 for halves of docstrings and for whole ones, of those with at least twelve known words."""
    text = docstrings(like=np.zeros(1))
    ends = np.cumsum(text.lengths)
    known = [row[row < words] for row in np.split(text.ids, ends[:-1])]
    rows = [row for row in known if len(row) >= 12]
    first = np.stack([np.bincount(row[: len(row) // 2], minlength=words) for row in rows])
    second = np.stack([np.bincount(row[len(row) // 2 :], minlength=words) for row in rows])
    rare = np.log(len(rows) / (1 + np.sum(first + second > 0, axis=0)))
    found = [_unit(np.sqrt(counts) * rare + 1e-6) for counts in (first, second, first + second)]
    return found[:2], found[2]
