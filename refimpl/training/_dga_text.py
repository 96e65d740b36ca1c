"""A small language model on real text: the docstrings of the standard library, whose packages are the domains.

The next word is guessed from the two before it: embeddings, a hidden layer, a softmax over the words.
"""

from typing import NamedTuple

import numpy as np

from refimpl.core import autodiff, check, tree
from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.core.special import logsumexp
from refimpl.problems.docstrings import docstrings, modules
from refimpl.training import _dga_world, dga

PACKAGES = ("tkinter", "email", "distutils", "asyncio", "_pydecimal", "turtle", "logging", "xml")  # of most words
WORDS, SEEN, WIDTH, HIDDEN = 200, 2, 12, 24  # words by name, words before the next one, of an embedding, of the layer
PIECE, BATCH, FEW = 16, 16, 8  # words to be guessed in a piece of text; pieces of a training step and of a score
EVERY = 10


class Text(NamedTuple):
    """Pieces of text of the domains and of the task: words to be guessed, and those before them."""

    pools: np.ndarray  # [k, n, PIECE, SEEN + 1] int64: n pieces of each package; the last entry is to be guessed
    special: np.ndarray  # [m, PIECE, SEEN + 1] int64: the specialised examples
    test: np.ndarray  # [t, PIECE, SEEN + 1] int64: other text of the task
    nearest: np.ndarray  # [m] int64: for each example the package whose pairs of words make it most likely


def packages(rng, task, *, n, m):
    """Text for training, and for a task: what one of the packages says.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the order of the docstrings.
    task : int
        Place of the package in `PACKAGES`.
    n, m : int
        Pieces of each package, and of the task, >= 1.

    Returns
    -------
    Text
        No piece is among the examples, the test and the pools at once; the 200 most frequent words have names.

    Examples
    --------
    >>> text = packages(stream(0, "doc"), 1, n=20, m=10)
    >>> text.pools.shape, text.special.shape, text.test.shape
    ((8, 20, 16, 3), (10, 16, 3), (150, 16, 3))
    """
    check.rng(rng=rng)
    task, (n, m) = check.integer(task=task, below=len(PACKAGES)), check.integer(n=n, m=m, minimum=1)
    stored, found = docstrings(like=np.zeros(1)), modules(like=np.zeros(1))
    parts = np.split(np.minimum(stored.ids, WORDS), np.cumsum(stored.lengths)[:-1])
    streams = []
    for name in PACKAGES:
        own = np.flatnonzero(found.of == found.names.index(name))
        words = np.concatenate([parts[i] for i in rng.permutation(own)])
        windows = np.lib.stride_tricks.sliding_window_view(words, SEEN + 1)
        pieces = windows[: len(windows) // PIECE * PIECE].reshape(-1, PIECE, SEEN + 1)
        streams.append(pieces.astype(np.int64))
    need = m + 150
    if min(map(len, streams)) < n + need:
        raise ValueError(f"n must be at most {min(map(len, streams)) - need}, got {n}")
    pools = np.stack([pieces[:n] for pieces in streams])
    special, test = streams[task][n : n + m], streams[task][n + m : n + m + 150]
    pairs = [np.stack([_pairs(piece) for piece in pieces]) for pieces in (pools.reshape(-1, PIECE, SEEN + 1), special)]
    V = WORDS + 1
    return Text(pools, special, test, _dga_world.nearest(pairs[0].reshape(len(PACKAGES), n, V, V), pairs[1]))


def _pairs(piece):
    """How often each word follows each other one, [V, V]."""
    V = WORDS + 1
    return np.bincount(piece[:, -2] * V + piece[:, -1], minlength=V * V).reshape(V, V)


def init(rng):
    """Weights of a model at its start: a flat array, and the function that makes a tree of it.

    Examples
    --------
    >>> theta, unravel = init(stream(0, "doc"))
    >>> theta.shape, unravel(theta)["words"].shape
    ((8037,), (201, 12))
    """
    check.rng(rng=rng)
    V = WORDS + 1
    return tree.ravel(
        {
            "words": 0.5 * rng.standard_normal((V, WIDTH)),
            "hidden": rng.standard_normal((SEEN * WIDTH, HIDDEN)) / np.sqrt(SEEN * WIDTH),
            "shift": np.zeros(HIDDEN),
            "head": 0.1 * rng.standard_normal((HIDDEN, V)),
            "bias": np.zeros(V),
        }
    )


def loss(model, pieces):
    """Mean negative log-likelihood of the words that are guessed.

    Parameters
    ----------
    model : dict of arrays
        From `init`.
    pieces : numpy.ndarray [..., SEEN + 1]
        Words before, and the word, whole numbers up to `WORDS`.

    Returns
    -------
    array, 0-d
        In nats.

    Examples
    --------
    >>> theta, unravel = init(stream(0, "doc"))
    >>> pieces = packages(stream(0, "doc"), 0, n=5, m=5).test
    >>> bool(abs(loss(unravel(theta), pieces) - np.log(201)) < 0.2)
    True
    """
    check.instance(dict, model=model), check.indices(WORDS + 1, pieces=pieces)
    xp, flat = array_namespace(model["words"]), np.reshape(pieces, (-1, SEEN + 1))
    embedded = xp.take(model["words"], flat[:, :-1].ravel(), axis=0)
    h = xp.tanh(xp.reshape(embedded, (len(flat), SEEN * WIDTH)) @ model["hidden"] + model["shift"])
    logits = h @ model["head"] + model["bias"]
    true = xp.take_along_axis(logits, flat[:, -1:], axis=1)[:, 0]
    return xp.mean(logsumexp(logits, axis=1) - true)


def learn(text, seed, rule, alpha, *, steps, eta=None, lr=0.01, share=0.0):
    """Train a model by Adam on a fixed mixture of packages, or on one that is aligned with the task.

    Parameters
    ----------
    text : Text
        From `packages`.
    seed, rule : int, str
        Of the first weights, the same for all rules; and of the batches.
    alpha : numpy.ndarray [k]
        The mixture, or the first one.
    steps : int
        >= 1.
    eta : float, optional
        Step size of DGA; without one the mixture stays.
    lr : float, default: 0.01
        Of Adam.
    share : float, default: 0.0
        Of the gradient that comes from the specialised examples.

    Returns
    -------
    refimpl.training._dga_world.Look
        Losses on the test and on the specialised examples in step 0, 10, ..., and the mixtures.

    Examples
    --------
    >>> text = packages(stream(0, "doc"), 0, n=20, m=10)
    >>> look = learn(text, 0, "doc", np.full(8, 1 / 8), steps=20, eta=1.0)
    >>> look.test.shape, look.mixtures.shape, bool(look.final < look.test[0])
    ((3,), (21, 8), True)
    """
    check.fields(Text, text=text), check.instance(str, rule=rule)
    named = {"pools": f"k n {PIECE} {SEEN + 1}", "special": f"m {PIECE} {SEEN + 1}", "test": f"t {PIECE} {SEEN + 1}"}
    check.shapes(**{f"text.{name}": (getattr(text, name), axes) for name, axes in named.items()})
    theta, unravel = init(stream(seed, "dga", "text", "init"))
    rng, losses, count = stream(seed, "dga", "text", rule), [], [0]
    (k, n), slope = text.pools.shape[:2], autodiff.grad(lambda theta, pieces: loss(unravel(theta), pieces))

    def special():
        return text.special[rng.integers(0, len(text.special), FEW)]

    def gradient(theta, pieces):
        if share and isinstance(pieces, tuple):
            return (1 - share) * slope(theta, pieces[0]) + share * slope(theta, pieces[1])
        return slope(theta, pieces)

    def batch(mixture):
        pieces = text.pools[dga.draw(np.asarray(mixture), rng.random(BATCH)), rng.integers(0, n, BATCH)]
        return (pieces, special()) if share else pieces

    def batches(mixture, due):
        domains = [text.pools[i, rng.integers(0, n, FEW)] for i in range(k)] if due else ()
        return batch(mixture), domains, special() if due else None

    def record(theta):
        if count[0] % EVERY == 0:
            losses.append([float(loss(unravel(theta), pieces)) for pieces in (text.test, text.special)])
        count[0] += 1
        return {}

    descend = _dga_world.adam_at(lr)
    settings = {"gradient": gradient, "descend": descend, "memory": _dga_world.adam.init(theta), "record": record}
    if eta is None:
        dga.train_fixed(theta, batch, alpha=alpha, steps=steps, **settings)
        mixtures = np.asarray(alpha)[None]
    else:
        run = dga.train(theta, batches, alpha=alpha, steps=steps, eta=eta, **settings)
        mixtures = np.stack(run.history["average"])
    return _dga_world.Look._make([*np.array(losses).T, mixtures])
