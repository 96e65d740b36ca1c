"""Random search for sparse sub-networks, a baseline (Farahani, 2024, arXiv:2403.08265).

A network with too many hidden nodes is drawn, not trained. Random sets of its nodes are kept, each set is a smaller
network with the weights that it inherits, and the one of least loss is trained. The paper asks what this search buys.
A network is a list of `Layer` of `models.mlp`, W [in, out] and b [out], with relu between them; a mask is a list with
the indices of the kept nodes for each hidden layer.
"""

import math
from typing import NamedTuple

from refimpl.core import check, random, tree
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, to_numpy
from refimpl.core.loop import iterate
from refimpl.core.special import softmax
from refimpl.models.losses import softmax_cross_entropy
from refimpl.models.mlp import Layer


class Found(NamedTuple):
    """What a search has found."""

    losses: Array  # [R] of the sub-networks before any training
    selected: Array  # 0-d, int64: which of them has the least loss
    params: list  # of Layer: that sub-network, not trained


class TrainState(NamedTuple):
    """What gradient descent with momentum carries from step to step."""

    params: list  # of Layer
    velocity: list  # of Layer, like them


# Masks ---------------------------------------------------------------------------------------------------------------


def keep_count(width, sparsity):
    """How many of `width` nodes are kept: the rounded share, at least one.

    Parameters
    ----------
    width : int
        Nodes of a layer, >= 1.
    sparsity : float
        Share s of nodes to be removed, in [0, 1).

    Returns
    -------
    int
        max(1, round((1 - s) width)), the product in double precision and halves to the even number. Beside a half the
        rounding of the product decides: the same s means another network in another language, a count does not.

    Raises
    ------
    TypeError, ValueError
        If `width` is no integer >= 1, or `sparsity` no number in [0, 1).

    Examples
    --------
    >>> [keep_count(256, s) for s in (0.0, 0.5, 0.9, 0.98, 0.999)], keep_count(15, 0.7)
    ([256, 128, 26, 5, 1], 5)
    """
    width, sparsity = check.integer(width=width, minimum=1), check.fraction(sparsity=sparsity)
    return max(1, round((1 - sparsity) * width))


def masks_from_permutations(perms, keep):
    """Random masks of one layer: the first entries of each permutation, sorted.

    Parameters
    ----------
    perms : array [R, w], integers
        A permutation of 0, ..., w - 1 in each row, drawn uniformly.
    keep : int
        How many nodes are kept, 1, ..., w.

    Returns
    -------
    array [R, keep], like `perms`
        A mask in each row: the kept nodes in rising order. Every subset of this size is equally likely.

    Raises
    ------
    TypeError, ValueError
        If a row is no permutation, or `keep` no integer from 1 to w.

    Notes
    -----
    Equation (random_sparse_search-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> masks_from_permutations(np.array([[2, 0, 3, 1], [1, 3, 2, 0]]), 2)
    array([[0, 2],
           [1, 3]])
    """
    check.integral(perms=perms)
    width = check.shapes(perms=(perms, "R w"))["w"]
    xp, keep = array_namespace(perms), check.integer(keep=keep, minimum=1)
    if keep > width:
        raise ValueError(f"keep must be at most {width}, the width of the layer, got {keep}")
    if bool(xp.any(xp.sort(perms, axis=1) != xp.arange(width, dtype=perms.dtype, device=device(perms)))):
        raise ValueError(f"perms must have a permutation of 0, ..., {width - 1} in each row")
    return xp.sort(perms[:, :keep], axis=1)  # (random_sparse_search-1)


def draw_masks(rng, widths, keep, count, *, like):
    """Independent random masks for each hidden layer.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    widths, keep : sequence of int
        Of each hidden layer: its nodes, and how many are kept.
    count : int
        R >= 1. How many masks.
    like : array
        Whose library and device to take.

    Returns
    -------
    list of array [R, keep_l], int64
        One for each hidden layer.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or `widths` and `keep` differ in length.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> [masks.shape for masks in draw_masks(stream(0, "doc"), (8, 6), (4, 2), 10, like=np.zeros(1))]
    [(10, 4), (10, 2)]
    """
    check.rng(rng=rng), check.array(like=like)
    count = check.integer(count=count, minimum=1)
    xp, found = array_namespace(like), []
    for width, kept in zip(*_counts(widths, keep), strict=True):
        perms = [random.indices(rng, width, (width,), like=like, replace=False) for _ in range(count)]
        found.append(masks_from_permutations(xp.stack(perms), kept))
    return found


def draw_global_mask(rng, widths, keep, *, like):
    """One mask of all hidden nodes together: any subset of this size that leaves each layer a node is equally likely.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`; a draw that empties a layer is drawn again.
    widths : sequence of int
        Nodes of each hidden layer.
    keep : int
        How many are kept in all: at least one for each layer.
    like : array
        Whose library and device to take.

    Returns
    -------
    list of array [k_l], int64
        The kept nodes of each hidden layer.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> draw_global_mask(stream(1, "doc"), (4, 4), 4, like=np.zeros(1))
    [array([0]), array([1, 2, 3])]
    """
    check.rng(rng=rng), check.array(like=like), check.sequence(widths=widths)
    widths = [check.integer(widths=width, minimum=1) for width in widths]
    total, keep = sum(widths), check.integer(keep=keep, minimum=len(widths))
    if keep > total:
        raise ValueError(f"keep must be at most {total}, all hidden nodes, got {keep}")
    while True:
        nodes, layers, start = sorted(rng.permutation(total)[:keep].tolist()), [], 0
        for width in widths:
            layers.append([node - start for node in nodes if start <= node < start + width])
            start += width
        if all(layers):
            return [from_numpy(layer, like=like, dtype=array_namespace(like).int64) for layer in layers]


def parameter_share(widths, keep):
    """Share of the parameters that a sub-network has: about (1 - s)^2 between wide layers, not 1 - s.

    Parameters
    ----------
    widths : sequence of int
        d_0, w_1, ..., w_H, C: all layers of the parent.
    keep : sequence of int
        k_1, ..., k_H: kept nodes of each hidden layer.

    Returns
    -------
    float
        Weights and biases of the sub-network over those of the parent, counted on the host.

    Raises
    ------
    TypeError, ValueError
        If a number is no integer >= 1, more nodes are kept than there are, or the lengths do not fit.

    Notes
    -----
    Equation (random_sparse_search-6) of the documentation.

    Examples
    --------
    >>> [round(parameter_share((64, 256, 256, 10), (k, k)), 3) for k in (128, 51, 26, 13)]
    [0.307, 0.076, 0.031, 0.014]
    """
    check.sequence(widths=widths)
    if len(widths) < 3:
        raise ValueError(f"widths must name input, output and a hidden layer at least, got {len(widths)}")
    hidden, kept = _counts(widths[1:-1], keep)
    ends = [check.integer(widths=width, minimum=1) for width in (widths[0], widths[-1])]
    parent, small = [ends[0], *hidden, ends[1]], [ends[0], *kept, ends[1]]
    before = sum((parent[l - 1] + 1) * parent[l] for l in range(1, len(parent)))
    return sum((small[l - 1] + 1) * small[l] for l in range(1, len(small))) / before  # (random_sparse_search-6)


def _counts(widths, keep):
    """Widths of the hidden layers and how many nodes are kept, as lists of int."""
    check.sequence(widths=widths, keep=keep)
    widths = [check.integer(widths=width, minimum=1) for width in widths]
    keep = [check.integer(keep=count, minimum=1) for count in keep]
    if len(keep) != len(widths):
        raise ValueError(f"keep must have an entry for each of {len(widths)} hidden layers, got {len(keep)}")
    for width, count in zip(widths, keep, strict=True):
        if count > width:
            raise ValueError(f"keep must be at most {width}, the width of the layer, got {count}")
    return widths, keep


# Sub-networks --------------------------------------------------------------------------------------------------------


def extract(params, mask, *, rescale=False):
    """The sub-network of the kept nodes, with the weights that it inherits.

    Parameters
    ----------
    params : list of Layer
        The parent, of H hidden layers.
    mask : list of array [k_l], integers
        Kept nodes of each hidden layer, in rising order. All inputs and outputs are kept.
    rescale : bool, default: False
        Whether weights that come from hidden nodes are multiplied by sqrt(w / k), which gives them the variance that a
        network of this width would be drawn with. The paper's text does not say; ours has it as an option.

    Returns
    -------
    list of Layer
        Widths d_0, k_1, ..., k_H, C.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, or a mask is not rising or out of range; the message names the
        layer.

    Notes
    -----
    Equations (random_sparse_search-2) to (random_sparse_search-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0, 3.0]]), np.zeros(3)), Layer(np.array([[4.0], [5.0], [6.0]]), np.zeros(1))
    >>> small = extract([one, two], [np.array([0, 2])])
    >>> small[0].W, small[1].W
    (array([[1., 3.]]), array([[4.],
           [6.]]))
    """
    _network(params=params), _mask(params, mask), check.flag(rescale=rescale)
    return _extract(params, mask, rescale)


def _extract(params, mask, rescale):
    """`extract` without its checks."""
    xp, small = array_namespace(params[0].b), []
    for l, (W, b) in enumerate(params):
        if l < len(mask):
            W, b = xp.take(W, mask[l], axis=1), xp.take(b, mask[l])  # (random_sparse_search-2)
        if l > 0:
            W = xp.take(W, mask[l - 1], axis=0)  # (random_sparse_search-3)
            if rescale:
                W = W * (params[l].W.shape[0] / mask[l - 1].shape[0]) ** 0.5  # (random_sparse_search-4)
        small.append(Layer(W, b))
    return small


def masked_forward(params, mask, X):
    """Outputs of the parent with the other nodes switched off: those of the sub-network, in the shape of the parent.

    Parameters
    ----------
    params, mask
        As for `extract`.
    X : array [n, d_0]
        Inputs, like the parameters.

    Returns
    -------
    array [n, C]
        Logits. Differentiable: a node that is switched off gets no gradient, so training keeps it off.

    Raises
    ------
    TypeError, ValueError
        As `extract`, or if `X` does not fit.

    Notes
    -----
    Equation (random_sparse_search-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0, 3.0]]), np.ones(3)), Layer(np.array([[4.0], [5.0], [6.0]]), np.zeros(1))
    >>> masked_forward([one, two], [np.array([0, 2])], np.ones((1, 1)))
    array([[32.]])
    """
    _network(params=params), _mask(params, mask), _inputs(params, X)
    h = X
    for (W, b), kept in zip(params[:-1], mask, strict=True):
        xp = array_namespace(h, W)
        node = array_namespace(kept).arange(b.shape[0], dtype=kept.dtype, device=device(kept))
        on = array_namespace(kept).any(node[:, None] == kept[None, :], axis=1)
        h = xp.where(on, xp.maximum(h @ W + b, 0.0), 0.0)  # (random_sparse_search-5)
    return h @ params[-1].W + params[-1].b


# Search --------------------------------------------------------------------------------------------------------------


def _values(params, X):
    """The inputs, and what each hidden layer says: arrays [n, k_l]."""
    found, xp = [X], array_namespace(X)
    for W, b in params[:-1]:
        found.append(xp.maximum(found[-1] @ W + b, 0.0))  # (random_sparse_search-7)
    return found


def _loss(params, X, y):
    """Mean cross-entropy."""
    h = _values(params, X)[-1]
    return softmax_cross_entropy(h @ params[-1].W + params[-1].b, y)  # (random_sparse_search-8)


def loss(params, X, y):
    """Mean cross-entropy of a network.

    Parameters
    ----------
    params : list of Layer
        The parent, or a sub-network.
    X : array [n, d_0]
        Inputs, like the parameters.
    y : array [n], integers
        Classes, 0, ..., C - 1.

    Returns
    -------
    array, shape ()
        In nats.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a class is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> loss([Layer(np.zeros((1, 2)), np.zeros(2))], np.ones((3, 1)), np.array([0, 1, 1])).round(6)  # log 2
    np.float64(0.693147)
    """
    _network(params=params), _inputs(params, X)
    _classes(params, X, y)
    return _loss(params, X, y)


def initial_losses(params, masks, X, y, *, rescale=False):
    """Losses of sub-networks that have not been trained.

    Parameters
    ----------
    params : list of Layer
        The parent.
    masks : list of array [R, k_l], integers
        From `draw_masks`: row r of all of them is one mask.
    X, y
        As for `loss`; the whole training set, or a fixed part of it.
    rescale : bool, default: False
        As for `extract`.

    Returns
    -------
    array [R]
        Mean cross-entropies. R forward passes, no backward pass.

    Raises
    ------
    TypeError, ValueError
        As `extract` and `loss`.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2))
    >>> initial_losses([one, two], [np.array([[0], [1]])], np.ones((1, 1)), np.array([1])).round(6)
    array([1.313262, 0.126928])
    """
    _network(params=params), _inputs(params, X), _classes(params, X, y), check.flag(rescale=rescale)
    return _initial_losses(params, _mask(params, masks, "masks", rows=True), X, y, rescale)


def _initial_losses(params, masks, X, y, rescale):
    """`initial_losses` without its checks."""
    rows = range(masks[0].shape[0])
    small = (_extract(params, [layer[r, :] for layer in masks], rescale) for r in rows)
    return array_namespace(X).stack([_loss(one, X, y) for one in small])


def select(losses):
    """Which sub-network the search takes.

    Parameters
    ----------
    losses : array [R], floating point
        Of the sub-networks, finite.

    Returns
    -------
    array, shape (), int64
        Index of the least loss; of tied ones the first. Sub-networks without a path from input to output all have the
        loss log C, so ties are not rare.

    Raises
    ------
    TypeError, ValueError
        If `losses` is no finite floating-point array [R].

    Notes
    -----
    Equation (random_sparse_search-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> int(select(np.array([2.0, 0.5, 0.5])))
    1
    """
    check.finite(losses=losses), check.shapes(losses=(losses, "R"))
    xp = array_namespace(losses)
    return xp.astype(xp.argmin(losses), xp.int64)  # (random_sparse_search-9)


def search(params, masks, X, y, *, rescale=False):
    """Random search: the sub-network of least loss before training; arguments as `initial_losses`.

    Returns
    -------
    Found
        The losses, which one is selected, and that sub-network with its inherited weights: train it with `train`.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = Layer(np.array([[1.0, 2.0]]), np.zeros(2)), Layer(np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2))
    >>> found = search([one, two], [np.array([[0], [1]])], np.ones((1, 1)), np.array([1]))
    >>> int(found.selected), found.params[0].W
    (1, array([[2.]]))
    """
    losses = initial_losses(params, masks, X, y, rescale=rescale)
    selected = select(losses)
    return Found(losses, selected, _extract(params, [layer[int(selected), :] for layer in masks], rescale))


def order_statistic(R):
    """Expected largest of R standard normal numbers: by how many standard deviations a search of R looks improves.

    Parameters
    ----------
    R : int
        >= 1.

    Returns
    -------
    float
        Grows like sqrt(2 log R). By the trapezoidal rule, to 1e-12.

    Raises
    ------
    TypeError, ValueError
        If `R` is no integer >= 1.

    Notes
    -----
    Equation (random_sparse_search-10) of the documentation.

    Examples
    --------
    >>> [round(order_statistic(R), 3) for R in (1, 2, 100, 200, 10_000)]
    [0.0, 0.564, 2.508, 2.746, 3.852]
    """
    R = check.integer(R=R, minimum=1)
    nodes = [i / 100 for i in range(-3700, 3701)]
    density = [math.exp(math.log(R) - z * z / 2 + (R - 1) * _log_ndtr(z)) / math.sqrt(2 * math.pi) for z in nodes]
    return math.fsum(z * p for z, p in zip(nodes, density, strict=True)) / 100  # (random_sparse_search-10)


def _log_ndtr(z):
    """Logarithm of the normal law's distribution function, of a number from -37 to 37."""
    beyond = math.erfc(abs(z) / 2**0.5) / 2
    return math.log1p(-beyond) if z > 0 else math.log(beyond)


# Training ------------------------------------------------------------------------------------------------------------


def _gradient(params, X, y):
    """Derivative of the mean cross-entropy in each weight and bias, from the last layer to the first."""
    values = _values(params, X)
    xp, found = array_namespace(X), []
    logits = values[-1] @ params[-1].W + params[-1].b
    classes = xp.arange(logits.shape[1], dtype=y.dtype, device=device(y))
    truth = xp.astype(y[:, None] == classes[None, :], logits.dtype)
    delta = (softmax(logits) - truth) / y.shape[0]  # (random_sparse_search-11)
    for l in reversed(range(len(params))):
        found.append(Layer(xp.matrix_transpose(values[l]) @ delta, xp.sum(delta, axis=0)))  # (random_sparse_search-12)
        if l > 0:
            back = delta @ xp.matrix_transpose(params[l].W)
            delta = xp.where(values[l] > 0, back, 0.0)  # (random_sparse_search-13)
    return found[::-1]


def init(params):
    """A network at rest, before its first step of training.

    Parameters
    ----------
    params : list of Layer
        Such as `search` or `extract` give it.

    Returns
    -------
    TrainState
        With velocity 0: nothing is carried over from a network that was trained before.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or an entry is not finite; the message names the layer.

    Examples
    --------
    >>> import numpy as np
    >>> init([Layer(np.ones((1, 1)), np.ones(1))]).velocity
    [Layer(W=array([[0.]]), b=array([0.]))]
    """
    _network(params=params)
    return TrainState(list(params), tree.map(lambda x: array_namespace(x).zeros_like(x), list(params)))


def _step(state, X, y, lr, momentum):
    """`update` without its checks."""
    gradient = _gradient(state.params, X, y)
    velocity = tree.map(lambda v, g: momentum * v - lr * g, state.velocity, gradient)  # (random_sparse_search-14)
    params = tree.map(lambda theta, v: theta + v, state.params, velocity)  # (random_sparse_search-15)
    return TrainState(params, velocity)


def update(state, X, y, *, lr=0.05, momentum=0.9):
    """One step of gradient descent with momentum on a minibatch.

    Parameters
    ----------
    state : TrainState
        From `init` or the step before.
    X, y
        As for `loss`: the minibatch.
    lr : float, default: 0.05
        Step size eta > 0.
    momentum : float, default: 0.9
        Share mu of the velocity that is kept, in [0, 1).

    Returns
    -------
    TrainState
        After the step. Where a hidden node is exactly 0 its derivative is 0, as in PyTorch.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Notes
    -----
    Equations (random_sparse_search-11) to (random_sparse_search-15) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> state = init([Layer(np.zeros((1, 2)), np.zeros(2))])
    >>> update(state, np.ones((1, 1)), np.array([0]), lr=1.0).params
    [Layer(W=array([[ 0.5, -0.5]]), b=array([ 0.5, -0.5]))]
    """
    check.instance(TrainState, state=state)
    _network(**{"state.params": state.params})
    tree.finite(**{"state.velocity": state.velocity})
    tree.alike(list(state.params), **{"state.velocity": list(state.velocity)})
    _inputs(state.params, X), _classes(state.params, X, y)
    return _step(state, X, y, check.positive(lr=lr), check.fraction(momentum=momentum))


def train(params, X, y, batches, *, lr=0.05, momentum=0.9, every=1, progress=None):
    """Train a network, with the minibatches given.

    Parameters
    ----------
    params : list of Layer
        Where training starts.
    X, y
        As for `loss`: the training set.
    batches : array [T, B], integers
        Rows of the training set for each step; give the same to all networks that are compared.
    lr, momentum : float
        As for `update`.
    every : int, default: 1
        Steps between two records of the loss of the whole training set: the number of steps in an epoch, say.
    progress : str, optional
        Shows a progress bar with this title.

    Returns
    -------
    Run
        Its state is a TrainState, its history has "loss": before the first step, and after every `every` steps.

    Raises
    ------
    TypeError, ValueError
        As `update`, or if `batches` are no rows of the training set, or `every` does not divide their number.

    Examples
    --------
    >>> import numpy as np
    >>> start = [Layer(np.zeros((1, 2)), np.zeros(2))]
    >>> run = train(start, np.ones((2, 1)), np.array([0, 1]), np.array([[0], [1]]), lr=1.0, momentum=0.0)
    >>> [round(float(x), 4) for x in run.history["loss"]]
    [0.6931, 1.1269, 0.9588]
    """
    state = init(params)
    _inputs(params, X), _classes(params, X, y)
    check.indices(X.shape[0], batches=batches)
    steps = check.shapes(batches=(batches, "T B"))["T"]
    rates = check.positive(lr=lr), check.fraction(momentum=momentum)
    every = check.integer(every=every, minimum=1)
    if steps % every:
        raise ValueError(f"every must divide the number of batches, {steps}, got {every}")
    xp = array_namespace(X)

    def epoch(state, k):
        for t in range((k - 1) * every, k * every):
            batch = batches[t, :]
            state = _step(state, xp.take(X, batch, axis=0), xp.take(y, batch), *rates)
        return state

    record = lambda state: {"loss": _loss(state.params, X, y)}
    return iterate(epoch, state, steps=steps // every, record=record, progress=progress)


def draw_batches(rng, size, batch, epochs, *, like):
    """Minibatches: a new order of the training set in each epoch, cut into pieces; what is left over is left out.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    size, batch, epochs : int
        Of the training set, of a minibatch, and how often the set is gone through; each >= 1.
    like : array
        Whose library and device to take.

    Returns
    -------
    array [epochs * (size // batch), batch], int64
        Row numbers, for `train`.

    Raises
    ------
    TypeError, ValueError
        If a number is no integer >= 1, or `batch` is larger than `size`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> draw_batches(stream(0, "doc"), 5, 2, 1, like=np.zeros(1)).shape
    (2, 2)
    """
    check.rng(rng=rng), check.array(like=like)
    size, batch, epochs = check.integer(size=size, batch=batch, epochs=epochs, minimum=1)
    if batch > size:
        raise ValueError(f"batch must be at most {size}, the size of the training set, got {batch}")
    xp, steps = array_namespace(like), size // batch
    orders = [random.indices(rng, size, (size,), like=like, replace=False) for _ in range(epochs)]
    return xp.concat([xp.reshape(order[: steps * batch], (steps, batch)) for order in orders])


# Arguments -----------------------------------------------------------------------------------------------------------


def _network(**named):
    """A list of layers whose sizes fit each other, all of one library and dtype."""
    ((name, params),) = named.items()
    check.instance((list, tuple), **{name: params})
    check.sequence(**{name: params})
    check.provides("W", "b", **{f"{name}[{l}]": layer for l, layer in enumerate(params)})
    parts = {}
    for l, layer in enumerate(params):
        parts[f"{name}[{l}].W"] = layer.W, f"n{l} n{l + 1}"
        parts[f"{name}[{l}].b"] = layer.b, f"n{l + 1}"
    check.finite(**{part: x for part, (x, _) in parts.items()})
    check.alike_dtype(**{part: x for part, (x, _) in parts.items()})
    check.shapes(**parts)


def _inputs(params, X):
    check.finite(X=X)
    check.alike_dtype(params=params[0].W, X=X)
    check.shapes(X=(X, f"n {params[0].W.shape[0]}"))


def _classes(params, X, y):
    check.indices(params[-1].b.shape[0], y=y)
    check.shapes(X=(X, "n d"), y=(y, "n"))


def _mask(params, mask, name="mask", *, rows=False):
    """One mask for each hidden layer, or a row for each of several; returned as it is."""
    check.instance((list, tuple), **{name: mask})
    if len(params) < 2:
        raise ValueError(f"params must have a hidden layer at least, got {len(params)} layer")
    if len(mask) != len(params) - 1:
        raise ValueError(f"{name} must have an entry for each of {len(params) - 1} hidden layers, got {len(mask)}")
    entries = {f"{name}[{l}]": kept for l, kept in enumerate(mask)}
    for (place, kept), (_, b) in zip(entries.items(), params[:-1], strict=True):
        check.indices(b.shape[0], **{place: kept})
        check.shapes(**{place: (kept, "R k" if rows else "k")})
        if not bool(array_namespace(kept).all(kept[..., 1:] > kept[..., :-1])):
            raise ValueError(f"{place} must be rising, got {to_numpy(kept).tolist()!s:.60}")
    if rows:
        check.shapes(**{place: (kept, f"R k{l}") for l, (place, kept) in enumerate(entries.items())})
    return mask
