"""Networks for the experiments with weight matching: handwritten digits, trained by Adam from independent seeds."""

from collections.abc import Callable
from typing import NamedTuple

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.autodiff import value_and_grad
from refimpl.landscape import weight_matching as wm
from refimpl.models import adam, conv, losses, mlp
from refimpl.problems import digits


class Data(NamedTuple):
    """Images and labels, for training and for the test."""

    x: Array  # [1200, 64], or [1200, 8, 8, 1]
    labels: Array  # [1200]
    x_test: Array  # [597, ...]
    labels_test: Array  # [597]


def split(seed=0, *, like, images=False):
    """The digits in random order, 1200 for training and 597 for the test.

    Parameters
    ----------
    seed : int, default: 0
        Of the order.
    like : array
        Whose library, dtype and device to take.
    images : bool, default: False
        Whether as images [n, 8, 8, 1] for `models.conv`; else as rows [n, 64].

    Returns
    -------
    Data
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> [x.shape for x in split(like=np.zeros(1))]
    [(1200, 64), (1200,), (597, 64), (597,)]
    """
    check.flag(images=images)
    rng = random.stream(seed, "weight_matching", "split")
    data = Data(*digits.split(random.indices(rng, 1797, (1797,), like=like, replace=False), 1200, like=like))
    if not images:
        return data
    x, x_test = (array_namespace(rows).reshape(rows, (-1, 8, 8, 1)) for rows in (data.x, data.x_test))
    return data._replace(x=x, x_test=x_test)


def _training(data):
    """Check the samples that a network is trained on."""
    check.fields(Data, data=data)
    check.floating(**{"data.x": data.x}), check.integral(**{"data.labels": data.labels})
    axes = " ".join(["n", *(f"k{i}" for i in range(1, len(data.x.shape)))])
    check.shapes(**{"data.x": (data.x, axes), "data.labels": (data.labels, "n")})


def loss(x, labels) -> Callable:
    """Cross-entropy of a network with relu on these samples, a function of its layers; rows or images.

    Examples
    --------
    >>> import numpy as np
    >>> params = [mlp.Layer(np.zeros((2, 3)), np.zeros(3))]
    >>> loss(np.ones((4, 2)), np.array([0, 1, 2, 0]))(params).round(6)  # log 3
    np.float64(1.098612)
    """
    check.finite(x=x), check.integral(labels=labels)
    apply = conv.apply if len(x.shape) == 4 else mlp.apply
    return lambda params: losses.softmax_cross_entropy(apply(params, x, activation="relu"), labels)


def hidden(params, x):
    """Values of the hidden units, a row for each sample, or for each sample and place.

    Examples
    --------
    >>> import numpy as np
    >>> params = conv.init(random.stream(0, "doc"), (1, 4), 3, like=np.zeros(1))
    >>> [z.shape for z in hidden(params, np.ones((5, 8, 8, 1)))]
    [(180, 4)]
    """
    check.finite(x=x)
    layers = (conv.hidden if len(x.shape) == 4 else mlp.hidden)(params, x, activation="relu")
    return [array_namespace(z).reshape(z, (-1, z.shape[-1])) for z in layers]


def train(rng, data, *, scale=0.5, hidden=(256, 256), epochs=40, batch=100, lr=1e-3):
    """A network trained by Adam (Kingma and Ba, 2015) on cross-entropy.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the weights, then for the order of the samples.
    data : Data
        Rows make a multilayer perceptron, images a convolutional network.
    scale : float, default: 0.5
        Factor > 0 on the standard deviation of He's initial weights.
    hidden : sequence of int, default: (256, 256)
        Widths, or channels.
    epochs, batch : int, default: 40 and 100
        Passes, and samples in a batch; what is left for the last batch of a pass, if fewer, is left out.
    lr : float, default: 1e-3
        Step size > 0.

    Returns
    -------
    list of Layer
        Like the data.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> net = train(random.stream(0, "doc"), split(like=np.zeros(1)), hidden=(8,), epochs=1)
    >>> [layer.W.shape for layer in net]
    [(64, 8), (8, 10)]
    """
    _training(data)
    check.sequence(hidden=hidden)
    scale, lr = check.positive(scale=scale, lr=lr)
    epochs, batch = check.integer(epochs=epochs), check.integer(batch=batch, minimum=1)
    if len(data.x.shape) == 4:
        params = conv.init(rng, (data.x.shape[3], *hidden), 10, like=data.x, scale=scale)
    else:
        params = mlp.init(rng, (data.x.shape[1], *hidden, 10), like=data.x, scheme="he")
        params = [layer._replace(W=scale * layer.W) for layer in params]
    theta, unravel = tree.ravel(params)
    xp, n, state = array_namespace(theta), data.x.shape[0], adam.init(theta)
    for _ in range(epochs):
        order = random.indices(rng, n, (n,), like=theta, replace=False)
        for first in range(0, n - batch + 1, batch):
            chosen = order[first : first + batch]
            x, labels = xp.take(data.x, chosen, axis=0), xp.take(data.labels, chosen)
            _, g = value_and_grad(loss(x, labels))(unravel(theta))
            theta, state = adam.update(theta, state, tree.ravel(g)[0], lr=lr)
    return unravel(theta)


def search(rng, a, b, data, *, steps=150, batch=200, sweeps=3, lr=2.0, start="b"):
    """The straight-through search on minibatches of the training data.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the minibatches and the visiting orders.
    a, b : list of Layer
        Networks of one architecture.
    data : Data
        See there.
    steps, batch, sweeps : int, default: 150, 200 and 3
        Minibatches, their size, and sweeps of each matching.
    lr : float, default: 2.0
        Step size > 0.
    start : {"a", "b"}, default: "b"
        As for `weight_matching.ste`.

    Returns
    -------
    core.loop.Run
        As of `weight_matching.ste`.

    Raises
    ------
    TypeError, ValueError
        As `weight_matching.ste`.

    Examples
    --------
    >>> import numpy as np
    >>> data = split(like=np.zeros(1))
    >>> a, b = (train(random.stream(i, "doc"), data, hidden=(8,), epochs=1) for i in range(2))
    >>> sorted(search(random.stream(2), a, b, data, steps=2).state.best[0].tolist())
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    _training(data)
    check.integer(steps=steps), check.sequence(a=a)
    xp, minibatches, drawn = array_namespace(data.x), [], []
    for _ in range(steps):
        chosen = random.indices(rng, data.x.shape[0], (batch,), like=data.x, replace=False)
        minibatches.append(loss(xp.take(data.x, chosen, axis=0), xp.take(data.labels, chosen)))
        drawn.append(wm.orders(rng, sweeps, len(a) - 1))
    return wm.ste(a, b, minibatches, drawn, lr=lr, start=start)
