"""A network with a head for each task, its gradients written out, and the loop that trains it with Adam."""

from typing import NamedTuple

import numpy as np

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace, device, is_floating
from refimpl.core.loop import iterate
from refimpl.core.special import softmax
from refimpl.landscape import flat_mtl
from refimpl.models import adam, mlp
from refimpl.models.mlp import Layer

SLOPES = {
    "tanh": lambda a: 1 - a * a,  # of the activation, from its value
    "relu": lambda a: array_namespace(a).astype(a > 0, a.dtype),
}


class Network(NamedTuple):
    """Parameters of a shared trunk and of m heads."""

    shared: list[Layer]  # an activation after each
    heads: list[Layer]  # affine, one for each task


def init(rng, sizes, classes, tasks, *, like):
    """A trunk by He's rule, heads with weights of variance 1 over the width; zero biases.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    sizes : sequence of int
        Widths of the trunk from input to features, at least two.
    classes, tasks : int
        Outputs of each head, and how many heads, >= 1.
    like : array
        Whose library, floating dtype and device to take.

    Returns
    -------
    Network
        See there.

    Examples
    --------
    >>> net = init(random.stream(0, "doc"), (4, 3), 2, 2, like=np.zeros(1))
    >>> net.shared[0].W.shape, [head.W.shape for head in net.heads]
    ((4, 3), [(3, 2), (3, 2)])
    """
    check.integer(classes=classes)
    shared = mlp.init(rng, sizes, like=like, scheme="he")
    xp, width = array_namespace(like), sizes[-1]
    heads = []
    for _ in range(check.integer(tasks=tasks, minimum=1)):
        W = random.normal(rng, (width, classes), like=like) / width**0.5
        heads.append(Layer(W, xp.zeros_like(W[0, :])))
    return Network(shared, heads)


def outputs(shared, head, x, *, activation="relu"):
    """What a head says, [B, k], and the values in front of each layer, those in front of the head last.

    Examples
    --------
    >>> one = Layer(np.eye(2), np.zeros(2))
    >>> outputs([one], one, np.array([[1.0, -2.0]]))[0]
    array([[1., 0.]])
    """
    check.instance(Layer, head=head)
    check.finite(x=x), check.choice(mlp.ACTIVATIONS, activation=activation)
    check.sequence(shared=shared)
    values = [x]
    for W, b in shared:
        values.append(mlp.ACTIVATIONS[activation](values[-1] @ W + b))
    return values[-1] @ head.W + head.b, values


def gradient(shared, head, x, y, *, activation="relu"):
    """Gradients of one task's loss in the trunk and in its head.

    Parameters
    ----------
    shared : list of Layer
        The trunk.
    head : Layer
        Of the task.
    x : array [B, p]
        A minibatch.
    y : array [B] of integers, or [B, k]
        Labels, for the cross-entropy; or targets, for the mean squared error.
    activation : {"relu", "tanh"}, default: "relu"
        Of the trunk.

    Returns
    -------
    shared, head
        Like those.

    Examples
    --------
    >>> trunk, head = [Layer(np.eye(1), np.zeros(1))], Layer(np.full((1, 1), 2.0), np.zeros(1))
    >>> gradient(trunk, head, np.ones((1, 1)), np.full((1, 1), 5.0))  # 2 = 2 * 1 stands in place of 5
    ([Layer(W=array([[-12.]]), b=array([-12.]))], Layer(W=array([[-6.]]), b=array([-6.])))
    """
    check.instance(Layer, head=head)
    check.finite(x=x, **({"y": y} if is_floating(y) else {})), check.array(y=y)
    check.sequence(shared=shared)
    xp = array_namespace(x, head.W)
    z, values = outputs(shared, head, x, activation=activation)
    if len(y.shape) == 1:
        one_hot = y[:, None] == xp.arange(z.shape[1], dtype=y.dtype, device=device(y))[None, :]
        back = (softmax(z, axis=1) - xp.astype(one_hot, z.dtype)) / z.shape[0]
    else:
        back = 2 * (z - y) / (z.shape[0] * z.shape[1])
    layers = []
    for W, a in zip([*(layer.W for layer in shared), head.W][::-1], values[::-1], strict=True):
        layers.append(Layer(xp.matrix_transpose(a) @ back, xp.sum(back, axis=0)))
        back = (back @ xp.matrix_transpose(W)) * SLOPES[activation](a)
    return layers[:0:-1], layers[0]


def quadratics(matrices, vectors):
    """The gradient of m tasks whose losses are quadratic in shared parameters [d] and their own heads [k].

    Parameters
    ----------
    matrices : array [m, d + k, d + k]
        Hessians A, symmetric.
    vectors : array [m, d + k]
        b of the losses ``z^T A z / 2 - b^T z``, z the shared parameters and behind them the head.

    Returns
    -------
    callable
        For `flat_mtl.task_gradients`.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, or a matrix is not symmetric.

    Examples
    --------
    >>> slope = quadratics(np.array([[[2.0, 1.0], [1.0, 0.0]]]), np.zeros((1, 2)))
    >>> slope(0, np.array([1.0]), np.array([3.0]), None)
    (array([5.]), array([1.]))
    """
    check.finite(matrices=matrices, vectors=vectors), check.alike_dtype(matrices=matrices, vectors=vectors)
    check.shapes(matrices=(matrices, "m n n"), vectors=(vectors, "m n"))
    xp = array_namespace(matrices, vectors)
    if bool(xp.any(matrices != xp.matrix_transpose(matrices))):
        raise ValueError("matrices must be symmetric")

    def slope(i, shared, head, batch):
        z = xp.concat([shared, head])
        check.shapes(vectors=(vectors, "m n"), **{"shared and head": (z, "n")})
        g = matrices[i, ...] @ z - vectors[i, ...]
        return g[: shared.shape[0]], g[shared.shape[0] :]

    return slope


def train(net, x, labels, rng, *, epochs, lr, method, variant="flat", rho=0.2, decay=0.0, batch=100, record=None):
    """Minibatch training of a relu network on m classification tasks, its directions fed to Adam.

    Parameters
    ----------
    net : Network
        The start.
    x, labels : array [n, p] and [n, m]
        Samples, and for each task integer labels.
    rng : numpy.random.Generator
        Shuffles the samples for each epoch, and draws the orders of PCGrad.
    epochs : int
        Passes over the samples; what is left of the last batch is left out.
    lr : float
        Step size of Adam.
    method, variant
        As for `flat_mtl.directions`; "erm" is the method without sharpness.
    rho : float, default: 0.2
        Both radii.
    decay : float, default: 0.0
        Decoupled weight decay.
    batch : int, default: 100
        Size of a minibatch, at most n.
    record : callable, optional
        ``record(net, epoch, conflicts) -> dict``, at the start and after each epoch: kept in the history. `conflicts`
        is the share of its minibatches in which the inner product of the first two tasks' gradients was negative.

    Returns
    -------
    Run
        Of `core.loop`: its state is the network.

    Examples
    --------
    >>> start = init(random.stream(0, "doc"), (2, 4), 2, 2, like=np.zeros(1))
    >>> x, labels = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0, 1], [1, 0]])
    >>> rng = random.stream(0, "doc", "shuffled")
    >>> run = train(start, x, labels, rng, epochs=40, lr=0.1, method="mgda", batch=2)
    >>> [np.argmax(outputs(run.state.shared, head, x)[0], axis=1) for head in run.state.heads]
    [array([0, 1]), array([1, 0])]
    """
    check.instance(Network, net=net), tree.finite(net=net)
    check.finite(x=x), check.integral(labels=labels)
    xp, m, n = array_namespace(x), labels.shape[1], x.shape[0]
    epochs, batch = check.integer(epochs=epochs), check.integer(batch=batch, minimum=1)
    check.instance(str, method=method)
    if not 1 <= batch <= n:
        raise ValueError(f"batch must be in [1, {n}], got {batch!r}")

    def slope(i, shared, head, minibatch):
        picked, calls = minibatch
        found = gradient(shared, head, xp.take(x, picked, axis=0), xp.take(labels[:, i], picked))
        calls.append(tree.ravel(found[0])[0])
        return found

    def drawn():
        rows = [[[j for j in rng.permutation(m).tolist() if j != i] for i in range(m)] for _ in range(2)]
        return xp.asarray(rows, device=device(x))

    def one_epoch(state, _):
        net, moments, epoch, _ = state
        order, products = random.indices(rng, n, (n,), like=x, replace=False), []
        for k in range(n // batch):
            calls: list[Array] = []
            g = flat_mtl.directions(
                slope, net.shared, net.heads, (order[k * batch : (k + 1) * batch], calls), method=method,
                variant=variant, rho_sh=rho, rho_ns=rho, orders=drawn() if method == "pcgrad" and m > 2 else None,
            )  # fmt: skip
            net, moments = adam.update(net, moments, Network(*g), lr=lr, decay=decay)
            if m > 1:  # each task is called at the point first
                products.append(float(xp.sum(calls[0] * calls[len(calls) // m])))
        return net, moments, epoch + 1, float(np.mean(np.asarray(products) < 0)) if products else 0.0

    told = None if record is None else lambda state: record(state[0], *state[2:])
    run = iterate(one_epoch, (net, adam.init(net), 0, 0.0), steps=epochs, record=told)
    return run._replace(state=run.state[0])
