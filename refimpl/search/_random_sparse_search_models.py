"""Networks for the experiments with random sparse search: handwritten digits, a parent with far too many nodes."""

from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array
from refimpl.models import losses, mlp
from refimpl.problems import digits
from refimpl.search import random_sparse_search as rss

WIDTHS = 64, 256, 256, 10  # of the parent: 85,002 parameters for 1000 images
EPOCHS, BATCH = 12, 50


class Data(NamedTuple):
    """Images and labels, for training and for the test."""

    X: Array  # [1000, 64]
    y: Array  # [1000]
    X_test: Array  # [797, 64]
    y_test: Array  # [797]


class Trained(NamedTuple):
    """What training came to."""

    accuracy: float  # share of the test images that are told right
    curve: list  # of float: loss of the training set before the first epoch and after each


def split(seed=0, *, like):
    """The digits in random order, 1000 for training and 797 for the test.

    Parameters
    ----------
    seed : int, default: 0
        Of the order.
    like : array
        Whose library, dtype and device to take.

    Returns
    -------
    Data
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> [x.shape for x in split(like=np.zeros(1))]
    [(1000, 64), (1000,), (797, 64), (797,)]
    """
    rng = random.stream(seed, "random_sparse_search", "split")
    return Data(*digits.split(random.indices(rng, 1797, (1797,), like=like, replace=False), 1000, like=like))


def parent(seed=0, *, like, hidden=None):
    """A network at its first weights, normal of variance 2 / inputs, and biases of 0.

    Parameters
    ----------
    seed : int, default: 0
        Of the weights.
    like : array
        Whose library, dtype and device to take.
    hidden : sequence of int, optional
        Widths of the hidden layers; default: those of `WIDTHS`.

    Returns
    -------
    list of Layer
        See `models.mlp`.

    Examples
    --------
    >>> import numpy as np
    >>> sum(W.size + b.size for W, b in parent(like=np.zeros(1)))
    85002
    """
    hidden = WIDTHS[1:-1] if hidden is None else hidden
    check.sequence(hidden=hidden)
    rng = random.stream(seed, "random_sparse_search", "parent")
    return mlp.init(rng, (WIDTHS[0], *hidden, WIDTHS[-1]), like=like, scheme="he")


def fit(params, data, *, seed=0, epochs=EPOCHS, lr=0.05):
    """Train a network, and test it.

    Parameters
    ----------
    params : list of Layer
        Where training starts.
    data : Data
        From `split`.
    seed : int, default: 0
        Of the minibatches: the same for all networks that are compared.
    epochs : int, default: 12
        How often the training set is gone through.
    lr : float, default: 0.05
        Step size.

    Returns
    -------
    Trained
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> small, data = parent(like=np.zeros(1), hidden=(8, 8)), split(like=np.zeros(1))
    >>> found = fit(small, data, epochs=4)
    >>> len(found.curve), found.accuracy > 0.5
    (5, True)
    """
    check.fields(Data, data=data), check.shapes(**{"data.X": (data.X, "n d")})
    rng = random.stream(seed, "random_sparse_search", "batches")
    batches = rss.draw_batches(rng, data.X.shape[0], BATCH, epochs, like=data.X)
    every = batches.shape[0] // check.integer(epochs=epochs, minimum=1)
    run = rss.train(params, data.X, data.y, batches, lr=lr, every=every)
    logits = mlp.apply(run.state.params, data.X_test, activation="relu")
    return Trained(float(losses.accuracy(logits, data.y_test)), [float(x) for x in run.history["loss"]])
