"""Multilayer perceptron: affine maps with a nonlinearity between them."""

from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace

ACTIVATIONS = {
    "tanh": lambda x: array_namespace(x).tanh(x),
    "relu": lambda x: array_namespace(x).maximum(x, 0.0),
}


class Layer(NamedTuple):
    """x -> x W + b."""

    W: Array  # [in, out]
    b: Array  # [out]


def init(rng, sizes, *, like, scheme="glorot"):
    """Random weights, zero biases.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    sizes : sequence of int
        Widths d_0, ..., d_L from input to output, at least two, each >= 1.
    like : array
        Whose library, floating dtype and device to take.
    scheme : {"glorot", "he"}, default: "glorot"
        Variance of the normal weights of a layer: 2 / (in + out), which keeps the scale of values and gradients
        under tanh (Glorot and Bengio, 2010, Eq. 12), or 2 / in, which makes up for the half that relu cuts off
        (He et al., 2015, Eq. 10).

    Returns
    -------
    list of Layer
        L layers.

    Raises
    ------
    TypeError, ValueError
        If `sizes` are no integers >= 1 or fewer than two, `like` is not floating, or `scheme` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> [layer.W.shape for layer in init(random.stream(0, "doc"), (2, 5, 1), like=np.zeros(1))]
    [(2, 5), (5, 1)]
    """
    check.floating(like=like), check.choice(("glorot", "he"), scheme=scheme)
    check.sequence(sizes=sizes)
    sizes = [check.integer(sizes=size, minimum=1) for size in sizes]
    if len(sizes) < 2:
        raise ValueError(f"sizes must name input and output width at least, got {sizes}")
    xp = array_namespace(like)
    params = []
    for n_in, n_out in pairwise(sizes):
        scale = (2 / (n_in + n_out if scheme == "glorot" else n_in)) ** 0.5
        W = scale * random.normal(rng, (n_in, n_out), like=like)
        params.append(Layer(W, xp.zeros_like(W[0, :])))
    return params


def apply(params, x, *, activation="tanh"):
    """Outputs of the network.

    Parameters
    ----------
    params : list of Layer
        From `init`.
    x : array [n, d_0]
        A batch of inputs, floating point.
    activation : {"tanh", "relu"}, default: "tanh"
        Between the layers; none after the last. The derivative of relu at 0 is 1/2.

    Returns
    -------
    array [n, d_L]
        The last layer's affine map: regression values or logits.

    Raises
    ------
    TypeError, ValueError
        If `x` is no floating-point array, shapes do not fit, or `activation` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> apply([Layer(np.array([[1.0], [2.0]]), np.array([0.5]))], np.array([[1.0, 1.0]]))
    array([[3.5]])
    """
    _check(params, x, activation)
    W, b = params[-1]
    return [x, *_hidden(params, x, activation)][-1] @ W + b


def hidden(params, x, *, activation="tanh"):
    """Values after each nonlinearity, a list of arrays [n, d_l] for l = 1, ..., L - 1; arguments as for `apply`.

    Examples
    --------
    >>> import numpy as np
    >>> first, last = Layer(np.array([[1.0, -1.0]]), np.zeros(2)), Layer(np.ones((2, 1)), np.zeros(1))
    >>> hidden([first, last], np.array([[3.0]]), activation="relu")
    [array([[3., 0.]])]
    """
    _check(params, x, activation)
    return _hidden(params, x, activation)


def _hidden(params, x, activation):
    found = []
    for W, b in params[:-1]:
        x = ACTIVATIONS[activation](x @ W + b)
        found.append(x)
    return found


def _check(params, x, activation):
    check.floating(x=x), check.choice(ACTIVATIONS, activation=activation), check.sequence(params=params)
    check.provides("W", "b", **{f"params[{i}]": layer for i, layer in enumerate(params)})
    widths = {f"W[{i}]": (layer.W, f"d{i} d{i + 1}") for i, layer in enumerate(params)}
    biases = {f"b[{i}]": (layer.b, f"d{i + 1}") for i, layer in enumerate(params)}
    check.shapes(x=(x, "n d0"), **widths, **biases)
