"""What opposing signals are looked for in: the linear network on drawn samples, and a small network on digits."""

from typing import NamedTuple

from refimpl.core import autodiff, check, random
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.loop import iterate
from refimpl.core.tree import map as tree_map
from refimpl.landscape.opposing_signals import data, init
from refimpl.models import mlp
from refimpl.problems.digits import digits

IMAGES, SIDE, CLASSES = 1000, 8, 10
BORDER = [row * SIDE + column for row in range(SIDE) for column in range(SIDE) if row == 0 or column == 0]


class Samples(NamedTuple):
    """A training set of the linear network."""

    x: Array  # [n, d1] ordinary features
    x_o: Array  # [n, d2] opposing feature
    y: Array  # [n] targets
    signs: Array  # [n] 1 and -1 for the two groups, 0 for the others


def target(rng, norm, *, like, d1=20):
    """Weights beta [d1] of a given length, in a random direction.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(np.linalg.norm(target(random.stream(0, "doc"), 4.0, like=np.zeros(1)))), 12)
    4.0
    """
    beta = random.normal(rng, (d1,), like=like)
    return beta * (check.positive(norm=norm) / array_namespace(beta).linalg.vector_norm(beta))


def start(rng, *, like, d1=20, d2=4, c=None):
    """A random linear network: b and b_o normal of variance 1 / d1 and 1 / d2, c the size of a normal draw, or given.

    Examples
    --------
    >>> import numpy as np
    >>> start(random.stream(0, "doc"), like=np.zeros(1), c=0.3).c
    array(0.3)
    """
    b, b_o = random.normal(rng, (d1,), like=like) / d1**0.5, random.normal(rng, (d2,), like=like) / d2**0.5
    size = abs(float(rng.standard_normal()))
    return init(b, b_o, size if c is None else c)


def draw(rng, beta, *, n=2000, p=0.02, alpha=10.0, d2=4):
    """n samples, the ordinary features normal: the first n p / 2 of sign +, as many of sign -, then the rest.

    Examples
    --------
    >>> import numpy as np
    >>> samples = draw(random.stream(0, "doc"), np.ones(3), n=100)
    >>> samples.signs[:3], samples.x_o[0, :].round(3)
    (array([ 1., -1.,  0.]), array([11.18, 11.18, 11.18, 11.18]))
    """
    check.finite(beta=beta)
    n = check.integer(n=n, minimum=1)
    half = min(round(n * check.share(p=p) / 2), n // 2)
    signs = from_numpy([1.0] * half + [-1.0] * half + [0.0] * (n - 2 * half), like=beta)
    x = random.normal(rng, (n, beta.shape[0]), like=beta)
    x_o, y = data(x, signs, beta, alpha=alpha, p=p, d2=d2)
    return Samples(x, x_o, y, signs)


def raw_digits(rng, *, like):
    """1000 random images of handwritten digits, the mean of each pixel subtracted.

    Returns
    -------
    images : array [1000, 64]
        Nothing is added to them.
    labels : array [1000]
        0 to 9.

    Examples
    --------
    >>> import numpy as np
    >>> raw_digits(random.stream(0, "doc"), like=np.zeros(1))[0].shape
    (1000, 64)
    """
    images, labels = digits(like=like)
    xp = array_namespace(images)
    rows = random.indices(rng, images.shape[0], (IMAGES,), like=like, replace=False)
    images = xp.take(images, rows, axis=0)
    return images - xp.mean(images, axis=0), xp.take(labels, rows)


def planted_digits(rng, *, like, size=20, fade=0.3, norm=8.0):
    """The same with two groups *planted*: the first zeros and ones faded, with one bright border for both.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    like : array
        Whose library, floating dtype and device to take.
    size : int, default: 20
        Images in each group.
    fade : float, default: 0.3
        What the pixels of their digits are multiplied with.
    norm : float, default: 8.0
        Length of the border, 15 equal pixels of the first row and the first column.

    Returns
    -------
    images, labels
        As by `raw_digits`, with the border on top.
    signs : array [1000]
        1 for the zeros, -1 for the ones with a border, else 0.

    Examples
    --------
    >>> import numpy as np
    >>> images, labels, signs = planted_digits(random.stream(0, "doc"), like=np.zeros(1))
    >>> int((signs == 1).sum()), int((signs == -1).sum())
    (20, 20)
    """
    images, labels = raw_digits(rng, like=like)
    xp, groups = array_namespace(images), []
    for digit in (0, 1):
        member = xp.astype(labels == digit, images.dtype)
        groups.append(member * xp.astype(xp.cumulative_sum(member) <= size, images.dtype))
    signs = groups[0] - groups[1]
    planted = (signs != 0)[:, None]
    border = from_numpy([norm / len(BORDER) ** 0.5 if i in BORDER else 0.0 for i in range(SIDE * SIDE)], like=like)
    return xp.where(planted, fade * images + border, images), labels, signs


def network(rng, *, like, hidden=64):
    """Weights of a net of one hidden layer for the digits: normal of variance 1 / fan-in, biases 0.

    Examples
    --------
    >>> import numpy as np
    >>> [layer.W.shape for layer in network(random.stream(0, "doc"), like=np.zeros(1))]
    [(64, 64), (64, 10)]
    """
    return [layer._replace(W=layer.W / 2**0.5) for layer in mlp.init(rng, (64, hidden, 10), like=like, scheme="he")]


def network_losses(params, images, labels):
    """Half the squared distance of each output of the ReLU net from the one-hot label [n].

    Examples
    --------
    >>> import numpy as np
    >>> silent = [mlp.Layer(np.zeros((64, 64)), np.zeros(64)), mlp.Layer(np.zeros((64, 10)), np.zeros(10))]
    >>> network_losses(silent, np.ones((1, 64)), np.array([3]))
    array([0.5])
    """
    check.finite(images=images), check.integral(labels=labels)
    xp = array_namespace(images)
    right = xp.astype(labels[:, None] == xp.arange(CLASSES, device=device(images))[None, :], images.dtype)
    outputs = mlp.apply(params, images, activation="relu")
    return 0.5 * array_namespace(outputs).sum((outputs - right) ** 2, axis=1)


def train(params, images, labels, *, eta, steps):
    """Full-batch gradient descent on the mean of `network_losses`.

    Returns
    -------
    losses : array [steps + 1, n]
        Each sample's loss before the first step and after each.
    params : list of Layer
        After the last.

    Examples
    --------
    >>> import numpy as np
    >>> images, labels = raw_digits(random.stream(0, "doc"), like=np.zeros(1))
    >>> params = network(random.stream(0, "doc", "net"), like=np.zeros(1))
    >>> losses, _ = train(params, images, labels, eta=0.1, steps=5)
    >>> losses.shape, bool(losses[5].mean() < losses[0].mean())
    ((6, 1000), True)
    """
    check.finite(images=images), check.integral(labels=labels)
    check.sequence(params=params)
    xp = array_namespace(images)

    def mean(params):
        losses = network_losses(params, images, labels)
        return array_namespace(losses).mean(losses), losses

    eta, found = check.positive(eta=eta), []

    def step(params, _):
        (_, losses), gradient = autodiff.value_and_grad(mean, has_aux=True)(params)
        found.append(losses)
        return tree_map(lambda w, g: w - eta * g, params, gradient)

    params = iterate(step, params, steps=steps).state
    return xp.stack([*found, network_losses(params, images, labels)]), params
