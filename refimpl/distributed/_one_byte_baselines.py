"""What one byte per gradient is compared with, and the problem on which it is: softmax regression of digits."""

from functools import lru_cache
from types import NoneType
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy
from refimpl.core.random import stream
from refimpl.distributed import one_byte
from refimpl.models import losses
from refimpl.problems import digits


def quantise_official(g):
    """The quantiser of the authors' code: 255 sizes and a sign, which do not fit into a byte.

    Parameters
    ----------
    g : array, any shape, floating point
        Slopes.

    Returns
    -------
    array
        What the other machines would see: sign(g) e^(p / 16), p the nearest integer to 16 ln|g| in [-127, 127].

    Raises
    ------
    TypeError
        If `g` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> quantise_official(np.array([1.0, -1.05, 0.0])).round(4)
    array([ 1.    , -1.0645,  0.    ])
    """
    check.finite(g=g)
    check.floating(g=g)
    xp = array_namespace(g)
    size = xp.abs(xp.where(g == 0, xp.ones_like(g), g))
    return xp.sign(g) * xp.exp(xp.clip(xp.round(16.0 * xp.log(size)), -127.0, 127.0) / 16.0)


def apply_slopes(w, g, directions, *, eta, norm="sqrt"):
    """`one_byte.apply_update` with slopes that were sent as they are, four or eight bytes each.

    Parameters
    ----------
    w, directions, eta, norm
        As for `one_byte.apply_update`.
    g : array [N]
        Slopes, floating point.

    Returns
    -------
    array [d]
        Parameters after the step.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> apply_slopes(np.zeros(2), np.array([1.0, -2.0]), [np.ones(2), np.ones(2)], eta=0.5, norm="mean")
    array([0.25, 0.25])
    """
    check.finite(w=w, g=g)
    check.sequence(directions=directions)
    check.shapes(w=(w, "d"), g=(g, "N"))
    eta = check.positive(eta=eta)
    check.choice(("sqrt", "mean"), norm=norm)
    N = g.shape[0]
    rate = eta / (N**0.5 if norm == "sqrt" else N)
    for i, z in zip(range(N), directions, strict=True):
        check.like(w, z=z)
        w = w - rate * g[i] * z
    return w


def spsa_gradient(g, directions):
    """The same estimate as a full gradient, 4 d bytes in float32: the sum of g z over a machine's samples.

    Parameters
    ----------
    g : array [S]
        Slopes of a machine.
    directions : iterable of S arrays [d]
        Their directions.

    Returns
    -------
    array [d]
        The machine's contribution; the step of all is w - eta / s(N) times the sum of these.

    Raises
    ------
    ValueError
        If there are not as many directions as slopes.

    Examples
    --------
    >>> import numpy as np
    >>> spsa_gradient(np.array([1.0, -2.0]), [np.array([1.0, 0.0]), np.array([1.0, 1.0])])
    array([-1., -2.])
    """
    check.finite(g=g)
    check.sequence(directions=directions)
    total = None
    for i, z in zip(range(g.shape[0]), directions, strict=True):
        total = g[i] * z if total is None else total + g[i] * z
    return total


def sgd(w, gradients, *, lr):
    """A step of data-parallel backpropagation: every machine sends its gradient, all take the mean.

    Parameters
    ----------
    w : array [d], floating point
        Parameters.
    gradients : array [M, d]
        One row from each machine.
    lr : float
        Step size > 0.

    Returns
    -------
    array [d]
        Parameters after the step.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit, or `lr` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> sgd(np.zeros(2), np.array([[1.0, 0.0], [3.0, 2.0]]), lr=0.5)
    array([-1. , -0.5])
    """
    check.finite(w=w, gradients=gradients)
    check.shapes(w=(w, "d"), gradients=(gradients, "M d"))
    return w - check.positive(lr=lr) * array_namespace(w).mean(gradients, axis=0)


# Digits ---------------------------------------------------------------------------------------------------------------

PIXELS, CLASSES = 64, 10
SIZE = (PIXELS + 1) * CLASSES  # d = 650 parameters


def logits(w, x):
    """Softmax regression with a bias: x W + c, for w = (W, c) end to end.

    Parameters
    ----------
    w : array [650]
        Parameters.
    x : array [n, 64]
        Images.

    Returns
    -------
    array [n, 10]
        Scores.

    Examples
    --------
    >>> import numpy as np
    >>> logits(np.ones(650), np.zeros((1, 64)))
    array([[1., 1., 1., 1., 1., 1., 1., 1., 1., 1.]])
    """
    check.finite(w=w, x=x)
    xp = array_namespace(w)
    return x @ xp.reshape(w[: PIXELS * CLASSES], (PIXELS, CLASSES)) + w[PIXELS * CLASSES :]


def loss(w, x, y):
    """Mean cross-entropy of `logits`, in nats.

    Parameters
    ----------
    w, x
        As for `logits`.
    y : array [n]
        Digits.

    Returns
    -------
    array, shape ()
        The loss.

    Examples
    --------
    >>> import numpy as np
    >>> loss(np.zeros(650), np.zeros((2, 64)), np.array([3, 7])).round(4)
    np.float64(2.3026)
    """
    check.finite(w=w, x=x), check.integral(y=y)
    return losses.softmax_cross_entropy(logits(w, x), y)


def gradient(w, x, y):
    """Gradient of `loss`, written out: what backpropagation sends.

    Parameters
    ----------
    w, x, y
        As for `loss`.

    Returns
    -------
    array [650]
        The gradient.

    Examples
    --------
    >>> import numpy as np
    >>> gradient(np.zeros(650), np.zeros((2, 64)), np.array([3, 7]))[-10:].round(1)
    array([ 0.1,  0.1,  0.1, -0.4,  0.1,  0.1,  0.1, -0.4,  0.1,  0.1])
    """
    check.finite(w=w, x=x), check.integral(y=y)
    xp = array_namespace(w)
    scores = logits(w, x)
    chances = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
    chances = chances / xp.sum(chances, axis=1, keepdims=True)
    true = xp.astype(y[:, None] == xp.arange(CLASSES, device=device(y))[None, :], w.dtype)
    away = (chances - true) / x.shape[0]
    return xp.concat([xp.reshape(xp.matrix_transpose(x) @ away, (-1,)), xp.sum(away, axis=0)])


class Split(NamedTuple):
    """Digits, cut by chance."""

    x: Array  # [1400, 64] images to train on
    y: Array  # [1400] their digits
    test_x: Array  # [397, 64]
    test_y: Array  # [397]


def split(seed, *, like):
    """1400 images to train on and 397 to test on, drawn anew for each seed.

    Parameters
    ----------
    seed : int
        >= 0.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Split
        The two parts.

    Examples
    --------
    >>> import numpy as np
    >>> [part.shape[0] for part in split(0, like=np.zeros(1))]
    [1400, 1400, 397, 397]
    """
    order = stream(seed, "one_byte", "split").permutation(1797)
    return Split(*digits.split(from_numpy(order, like=like, dtype=array_namespace(like).int64), 1400, like=like))


class Private:
    """A machine's own data, which never leave it: a loss for each iteration and sample, on a batch drawn in private.

    Parameters
    ----------
    x, y : array [n, 64], array [n]
        Its images and digits.
    seed : int
        >= 0. Of its draws, which nobody else needs to know.
    name : str or int
        Of the machine, so that two draw differently.
    batch : int, default: 64
        Images in a batch, drawn with replacement.
    """

    def __init__(self, x, y, seed, name, batch=64):
        self.x, self.y, self._rng = x, y, stream(seed, "one_byte", "private", name)
        self._batch = check.integer(batch=batch, minimum=1)

    def batch(self):
        """The next batch: images and digits."""
        xp = array_namespace(self.x)
        rows = from_numpy(self._rng.integers(0, self.x.shape[0], self._batch), like=self.x, dtype=xp.int64)
        return xp.take(self.x, rows, axis=0), xp.take(self.y, rows, axis=0)

    def losses(self, samples=1):
        """Losses of the samples of one iteration, each on a batch of its own."""
        check.integer(samples=samples)
        batches = [self.batch() for _ in range(samples)]
        return [lambda w, batch=batch: loss(w, *batch) for batch in batches]


def train(machines, data, draw, *, steps, join=None, leave=None, w0=None, eps=1e-3, samples=1, **rates):
    """Machines in one process, which pass each other bytes; the message layer is a dict.

    Parameters
    ----------
    machines : int
        >= 1. How many begin, with the ids 0, 1, ...
    data : sequence of Private
        One for each id, those of later ones included.
    draw : callable
        From `one_byte.directions`.
    steps : int
        >= 0. Iterations.
    join : mapping of int to str, optional
        Iteration -> "replay" or "copy": a newcomer comes before it, in that way.
    leave : mapping of int to int, optional
        Iteration -> id of the machine that is missing at its barrier: it has probed, and nobody has its byte.
    w0 : array [650], optional
        The public start; default: 0, like the images.
    eps, samples
        As for `one_byte.probe`; bytes of a machine in an iteration.
    **rates
        Those of `one_byte.update`.

    Returns
    -------
    machines : list of one_byte.Machine
        Those that are left, at the end.
    log : list of dict of int to bytes
        The messages of each iteration.
    path : list of array [650]
        w before each iteration and at the end.

    Raises
    ------
    ValueError
        If nobody is left, or as the functions of `one_byte`.

    Examples
    --------
    >>> import numpy as np
    >>> part = split(0, like=np.zeros(1))
    >>> data = [Private(part.x, part.y, 0, m) for m in range(3)]
    >>> draw = one_byte.directions(0, like=np.zeros(650))
    >>> fleet, log, path = train(2, data, draw, steps=9, join={4: "replay"}, leave={6: 0}, eta=0.05)
    >>> [sorted(messages) for messages in log[2:8]], len({one_byte.digest(m.w) for m in fleet})
    ([[0, 1], [0, 1], [0, 1, 2], [0, 1, 2], [1, 2], [1, 2]], 1)
    """
    machines, steps = check.integer(machines=machines, minimum=1), check.integer(steps=steps)
    check.sequence(data=data), check.instance(Private, **{f"data[{i}]": part for i, part in enumerate(data)})
    check.function(draw=draw), check.instance((dict, NoneType), join=join, leave=leave)
    x = data[0].x
    # All machines make the same directions: in one process each is made once. Apart, every machine makes them itself.
    draw = lru_cache(maxsize=64)(draw)
    w0 = array_namespace(x).zeros(SIZE, dtype=x.dtype, device=device(x)) if w0 is None else w0
    fleet = {m: one_byte.start(m, w0) for m in range(machines)}
    log: list[dict[int, bytes]] = []
    path = [w0]
    for t in range(steps):
        if how := (join or {}).get(t):
            check.choice(("replay", "copy"), join=how)
            new = max({*fleet, *(m for messages in log for m in messages)}) + 1  # an id that nobody had
            peer = next(iter(fleet.values()))
            fresh = one_byte.start(new, w0)
            fleet[new] = one_byte.copy(new, peer) if how == "copy" else one_byte.replay(fresh, log, draw, **rates)
        scale = {name: rates[name] for name in ("slope", "offset") if name in rates}
        sent = {
            m: one_byte.probe(machine, data[m].losses(samples), draw, eps=eps, **scale) for m, machine in fleet.items()
        }
        gone = (leave or {}).get(t)
        if gone is not None:
            fleet.pop(gone)
        messages = {m: payload for m, payload in sent.items() if m != gone}
        fleet = {m: one_byte.update(machine, messages, draw, **rates) for m, machine in fleet.items()}
        log.append(messages)
        path.append(next(iter(fleet.values())).w)
    return list(fleet.values()), log, path
