"""What the experiments with gradient boosted networks need: data, rivals of the same size, and units taken away."""

import math
from typing import NamedTuple

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.special import sigmoid
from refimpl.models import adam
from refimpl.training import gbnn


class Linear(NamedTuple):
    """A linear model."""

    V: Array  # [d, K] weights
    c: Array  # [K] biases, without penalty


SOLVERS = ("adam", "lbfgs", "sgd")
MOMENTUM = 0.9


def friedman(rng, N, *, like):
    """Numbers that five of ten coordinates tell, with noise (Friedman, 1991).

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    N : int
        Rows, >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    X : array [N, 10]
        Uniform in [0, 1).
    Y : array [N, 1]
        10 sin(pi x_1 x_2) + 20 (x_3 - 1/2)^2 + 10 x_4 + 5 x_5 and normal noise of variance 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> X, Y = friedman(random.stream(0, "doc"), 1000, like=np.zeros(1))
    >>> X.shape, Y.shape, bool(14 < Y.mean() < 15)
    ((1000, 10), (1000, 1), True)
    """
    N = check.integer(N=N, minimum=1)
    X, noise = random.uniform(rng, (N, 10), like=like), random.normal(rng, (N, 1), like=like)
    xp, x = array_namespace(X), [X[:, i : i + 1] for i in range(5)]
    return X, 10 * xp.sin(math.pi * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4] + noise


def error(Y, F, *, task):
    """Share of rows with a wrong label, or the root of the mean squared error.

    Parameters
    ----------
    Y, F, task
        As for `gbnn.mean_loss`.

    Returns
    -------
    float
        See there.

    Examples
    --------
    >>> import numpy as np
    >>> error(np.array([[1.0], [-1.0]]), np.array([[0.3], [0.2]]), task="binary")
    0.5
    """
    gbnn.mean_loss(Y, F, task=task)
    xp = array_namespace(Y, F)
    if task == "regression":
        return float(xp.sqrt(xp.mean((Y - F) ** 2)))
    if task == "binary":
        wrong = Y * F <= 0
    else:
        wrong = xp.argmax(Y, axis=1) != xp.argmax(F, axis=1)
    return float(xp.mean(xp.astype(wrong, F.dtype)))


def joint_loss(X, Y, net, *, task, alpha=1e-4):
    """What the joint training of all units makes small, and its gradient.

    Parameters
    ----------
    X, Y, task
        As for `gbnn.fit`.
    net : Block
        A network with a hidden layer.
    alpha : float, default: 1e-4
        Penalty as for `gbnn.block_loss`.

    Returns
    -------
    loss : array []
        Mean loss and penalty.
    grads : Block
        Its gradient.

    Raises
    ------
    TypeError, ValueError
        As `gbnn.outputs` and `gbnn.mean_loss`.

    Examples
    --------
    For numbers it is the loss of a block:

    >>> import numpy as np
    >>> net = gbnn.Block(np.array([[1.0]]), np.array([-2.0]), np.array([[4.0]]), np.array([1.0]))
    >>> X, Y = np.array([[2.0]]), np.array([[1.0]])
    >>> float(joint_loss(X, Y, net, task="regression")[0]), float(gbnn.block_loss(X, Y, net)[0])
    (2.00085, 2.00085)
    """
    gbnn._block(X=X, block=net, called="net")
    alpha, F = check.nonnegative(alpha=alpha), gbnn.outputs(X, net)
    gbnn.mean_loss(Y, F, task=task)
    return _joint_loss(X, Y, net, task, alpha)


def _joint_loss(X, Y, net, task, alpha):
    xp, n = array_namespace(X, Y, *net), X.shape[0]
    u = X @ net.W + net.b
    Z = sigmoid(u)
    F = Z @ net.V + net.c
    penalty = alpha / (2 * n) * (xp.sum(net.W**2) + xp.sum(net.V**2))
    r = gbnn._residuals(Y, F, task)
    return gbnn._mean_loss(Y, F, task) + penalty, gbnn._backward(X, Z, sigmoid(-u), -r / n, net, alpha / n)


def train(rng, X, Y, *, task, units, solver, lr=1e-3, epochs=200, alpha=1e-4):
    """A network with a hidden layer whose units are trained jointly, with the settings of scikit-learn.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    X, Y, task
        As for `gbnn.fit`.
    units : int
        Hidden units, >= 1.
    solver : {"adam", "lbfgs", "sgd"}
        Adam or stochastic gradients with Nesterov's momentum of 0.9, both on batches of 200 rows at most, drawn anew in
        each epoch; or SciPy's L-BFGS on all rows.
    lr : float, default: 1e-3
        Step size of the first two.
    epochs : int, default: 200
        Epochs, or iterations; all are done.
    alpha : float, default: 1e-4
        Penalty.

    Returns
    -------
    Block
        For `gbnn.outputs`.

    Raises
    ------
    TypeError, ValueError
        As `joint_loss`, or if an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-2, 2, 40)[:, None]
    >>> net = train(random.stream(0, "doc"), X, np.sin(2 * X), task="regression", units=10, solver="lbfgs")
    >>> error(np.sin(2 * X), gbnn.outputs(X, net), task="regression") < 0.1
    True
    """
    check.rng(rng=rng), check.choice(SOLVERS, solver=solver), check.finite(X=X, Y=Y)
    sizes = check.shapes(X=(X, "N d"), Y=(Y, "N K"))
    N, d, K = sizes["N"], sizes["d"], sizes["K"]
    units, epochs = check.integer(units=units, minimum=1), check.integer(epochs=epochs, minimum=1)
    lr, alpha = check.positive(lr=lr), check.nonnegative(alpha=alpha)
    shapes = (d, units), (units,), (units, K), (K,)
    net = gbnn.initial_block(gbnn.Block(*(random.uniform(rng, shape, like=X) for shape in shapes)))
    joint_loss(X, Y, net, task=task, alpha=alpha)
    if solver == "lbfgs":
        return _lbfgs(X, Y, net, task, epochs, alpha)
    xp, size = array_namespace(X), min(200, N)
    state, speed = adam.init(net), tree.map(xp.zeros_like, net)
    for _ in range(epochs):
        order = random.indices(rng, N, (N,), like=X, replace=False)
        for start in range(0, N, size):
            rows = order[start : start + size]
            batch = xp.take(X, rows, axis=0), xp.take(Y, rows, axis=0)
            _, grads = _joint_loss(*batch, net, task, alpha)
            if solver == "adam":
                net, state = adam.update(net, state, grads, lr=lr)
            else:
                speed = tree.map(lambda v, g: MOMENTUM * v - lr * g, speed, grads)
                net = tree.map(lambda p, v, g: p + MOMENTUM * v - lr * g, net, speed, grads)
    return net


def _lbfgs(X, Y, net, task, iterations, alpha):
    X, Y, *host = (to_numpy(x).astype(float) for x in (X, Y, *net))
    found, _ = gbnn._minimize(lambda net: _joint_loss(X, Y, net, task, alpha), gbnn.Block(*host), iterations)
    return gbnn.Block(*(from_numpy(x, like=y) for x, y in zip(found, net, strict=True)))


def linear(X, Y, *, task, lam=1.0):
    """A linear model: what a hidden layer has to beat.

    Parameters
    ----------
    X, Y, task
        As for `gbnn.fit`.
    lam : float, default: 1.0
        Penalty > 0 of the weights, over the rows.

    Returns
    -------
    Linear
        Scores are X @ V + c.

    Raises
    ------
    TypeError, ValueError
        As `joint_loss`, or if `lam` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> V, c = linear(X, 2 * X + 1, task="regression", lam=1e-9)
    >>> V.round(4), c.round(4)
    (array([[2.]]), array([1.]))
    """
    lam = check.positive(lam=lam)
    check.finite(X=X, Y=Y), check.shapes(X=(X, "N d"), Y=(Y, "N K")), check.alike_dtype(X=X, Y=Y)
    gbnn.mean_loss(Y, 0 * Y, task=task)
    host, targets = to_numpy(X).astype(float), to_numpy(Y).astype(float)
    n = host.shape[0]

    def loss(model):
        F = host @ model.V + model.c
        E = -gbnn._residuals(targets, F, task) / n
        value = gbnn._mean_loss(targets, F, task) + lam / (2 * n) * (model.V**2).sum()
        return value, Linear(host.T @ E + lam / n * model.V, E.sum(axis=0))

    start = Linear(0 * host.T @ targets, 0 * targets[0, :])
    return Linear(*(from_numpy(x, like=X) for x in gbnn._minimize(loss, start, 1000)[0]))


def importance(X, net):
    """How much each hidden unit moves the outputs: standard deviation of its activity times the size of its weights.

    Parameters
    ----------
    X : array [N, d]
        Rows.
    net : Block
        A network.

    Returns
    -------
    array [J]
        See there.

    Raises
    ------
    TypeError, ValueError
        As `gbnn.outputs`.

    Examples
    --------
    >>> import numpy as np
    >>> net = gbnn.Block(np.array([[0.0, 1.0]]), np.zeros(2), np.array([[5.0], [3.0]]), np.zeros(1))
    >>> importance(np.array([[-1.0], [1.0]]), net).round(4)
    array([0.    , 0.6932])
    """
    gbnn._block(X=X, block=net, called="net")
    xp = array_namespace(X)
    return xp.std(sigmoid(X @ net.W + net.b), axis=0) * xp.linalg.vector_norm(net.V, axis=1)


def without(X, net, kept, *, mean=False):
    """A network of some of its units.

    Parameters
    ----------
    X : array [N, d]
        Rows on which the others have their mean.
    net : Block
        A network with J units.
    kept : array [k], int64
        Unit numbers.
    mean : bool, default: False
        Whether the others are replaced by their mean; else they are switched off.

    Returns
    -------
    Block
        With k units.

    Raises
    ------
    TypeError, ValueError
        As `gbnn.outputs`, or if `kept` are no unit numbers.

    Examples
    --------
    >>> import numpy as np
    >>> net = gbnn.Block(np.array([[0.0, 1.0]]), np.zeros(2), np.array([[5.0], [3.0]]), np.zeros(1))
    >>> without(np.array([[-1.0], [1.0]]), net, np.array([1]), mean=True).c
    array([2.5])
    """
    gbnn._block(X=X, block=net, called="net")
    J, xp = net.b.shape[0], array_namespace(X)
    check.indices(J, kept=kept), check.shapes(kept=(kept, "k")), check.flag(mean=mean)
    off = xp.all(kept[:, None] != xp.arange(J, device=device(X))[None, :], axis=0)
    active = xp.mean(sigmoid(X @ net.W + net.b), axis=0)
    c = net.c + xp.where(off, active, 0.0 * active) @ net.V if mean else net.c
    take = lambda x, axis: xp.take(x, kept, axis=axis)
    return gbnn.Block(take(net.W, 1), take(net.b, 0), take(net.V, 0), c)
