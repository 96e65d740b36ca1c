"""What a specified network computes, and how small ones are trained on digits: the evaluator of the experiments."""

import math
import zlib
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from refimpl.core import check, random
from refimpl.core.arrays import array_namespace
from refimpl.core.special import softmax
from refimpl.models.conv import convolve
from refimpl.models.losses import accuracy
from refimpl.models.mlp import Layer
from refimpl.problems import digits
from refimpl.search import deeparchitect as da

RATES = [float(f"{10 ** (-4 + 4.7 * i / 31):.4g}") for i in range(32)]  # 0.0001 to 5.012
MOMENTA = [0.0, 0.9]
UNITS = [8, 16, 24, 32, 48, 64, 80, 96]
KEPT = [0.5, 0.7, 0.8, 0.9]
BLOCK = ["Concat", ["Affine", UNITS], ["Or", ["ReLU"], ["Tanh"]], ["Optional", ["Dropout", KEPT]]]
SPACE = ["Concat", ["UserHyperparams", RATES, MOMENTA], ["Repeat", BLOCK, [1, 2, 3]], ["Affine", [10]]]
EPOCHS, BATCH = 4, 50


class Data(NamedTuple):
    """Images and labels, for training and for validation."""

    X: np.ndarray  # [600, 64]
    y: np.ndarray  # [600]
    X_valid: np.ndarray  # [600, 64]
    y_valid: np.ndarray  # [600]


def dropout(x, u, keep, *, training=True):
    """Switch values off at random, and make up for it.

    Parameters
    ----------
    x, u : array, floating point
        Values, and uniform draws on [0, 1) of their shape.
    keep : float
        Share that is kept, in (0, 1].
    training : bool, default: True
        False: nothing is switched off.

    Returns
    -------
    array, like `x`
        Values.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or a number is out of range.

    Notes
    -----
    Equation (deeparchitect-31) of the documentation.

    Examples
    --------
    >>> dropout(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.9, 0.6]), 0.8)
    array([1.25, 0.  , 3.75])
    """
    check.alike(x=x, u=u), check.uniforms(u=u), check.flag(training=training)
    keep, xp = check.share(keep=keep), array_namespace(x)
    if not training:
        return x
    return xp.where(u < keep, x / keep, 0.0)  # (deeparchitect-31)


def residual(x, b):
    """Sum of an input and an output of other shapes, with zeros at the ends of what is shorter.

    Parameters
    ----------
    x : array [n, d_1, ...], floating point
        What went in.
    b : array [n, e_1, ...], like `x`
        What came out; if it has another number of axes, both are flattened first.

    Returns
    -------
    array [n, max(d_1, e_1), ...]
        Sum.

    Raises
    ------
    TypeError, ValueError
        If the arrays have no samples in common, or an entry is not finite.

    Notes
    -----
    Equations (deeparchitect-32) and (deeparchitect-33) of the documentation. Shapes are numbers on the host.

    Examples
    --------
    >>> residual(np.array([[1.0, 2.0]]), np.array([[10.0, 20.0, 30.0]]))
    array([[11., 22., 30.]])
    """
    check.finite(x=x, b=b), check.alike_dtype(x=x, b=b)
    if len(x.shape) < 2 or len(b.shape) < 2 or x.shape[0] != b.shape[0]:
        raise ValueError(f"b must have the samples of x, got shapes {tuple(b.shape)} and {tuple(x.shape)}")
    xp = array_namespace(x, b)
    if len(x.shape) != len(b.shape):
        x, b = (xp.reshape(a, (a.shape[0], -1)) for a in (x, b))  # (deeparchitect-33)
    dims = [max(i, j) for i, j in zip(x.shape[1:], b.shape[1:], strict=True)]
    return _padded(x, dims) + _padded(b, dims)  # (deeparchitect-32)


def _padded(x, dims):
    """Zeros at the end of each axis but the first."""
    xp = array_namespace(x)
    for axis, size in enumerate(dims, start=1):
        more = (*x.shape[:axis], size - x.shape[axis], *x.shape[axis + 1 :])
        x = xp.concat([x, xp.zeros(more, dtype=x.dtype, device=x.device)], axis=axis)
    return x


def weights(rng, layers, in_dims, *, like):
    """First weights, normal of variance 1 / inputs, and biases of 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    layers : tuple
        As of `State`.
    in_dims : sequence of int
        Shape of one input.
    like : array
        Whose library, dtype and device to take.

    Returns
    -------
    list
        For each layer a `Layer`, whose W is [in, out], or [k, k, in, out] of Conv2D; None if it has no weights; a list
        for a Residual.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> weights(stream(0, "doc"), (("Affine", 3), ("ReLU",)), (2, 2), like=np.zeros(1))[0].W.shape
    (4, 3)
    """
    check.rng(rng=rng), check.floating(like=like)
    da.shape(layers, in_dims)
    params: list = []
    for layer in layers:
        if layer[0] == "Residual":
            params.append(weights(rng, layer[1:], in_dims, like=like))
        elif layer[0] in ("Affine", "Conv2D"):
            fan = [math.prod(in_dims)] if layer[0] == "Affine" else [layer[2], layer[2], in_dims[2]]
            W = random.normal(rng, (*fan, layer[1]), like=like) / math.prod(fan) ** 0.5
            params.append(Layer(W, W[(0,) * len(fan) + (...,)] * 0.0))
        else:
            params.append(None)
        in_dims = da.shape((layer,), in_dims)
    return params


def apply(layers, params, x, draws=None):
    """Outputs of a network.

    Parameters
    ----------
    layers : tuple
        As of `State`.
    params : list
        From `weights`.
    x : array [n, d_1, ...], floating point
        Inputs.
    draws : callable, optional
        ``draws(like) -> u``, uniform draws of the shape of an array, for Dropout in training. Default: evaluation.

    Returns
    -------
    array [n, ...]
        Outputs. BatchNorm takes mean and variance of the samples at hand, without scale and shift of its own.

    Examples
    --------
    >>> apply((("Affine", 1), ("Tanh",)), [Layer(np.ones((2, 1)), np.zeros(1)), None], np.array([[0.5, -0.5]]))
    array([[0.]])
    """
    check.instance(tuple, layers=layers), check.instance(list, params=params), check.finite(x=x)
    for layer, weight in zip(layers, params, strict=True):
        x = _layer(layer, weight, x, draws)
    return x


def _layer(layer, weight, x, draws):
    xp, (kind, *values) = array_namespace(x), layer
    match kind:
        case "Affine":
            return xp.reshape(x, (x.shape[0], -1)) @ weight.W + weight.b
        case "ReLU":
            return xp.maximum(x, xp.zeros_like(x))
        case "Tanh":
            return xp.tanh(x)
        case "Sigmoid":
            return 0.5 * (1 + xp.tanh(0.5 * x))
        case "Dropout":
            return dropout(x, draws(x), values[0]) if draws else x
        case "BatchNorm":
            axes = tuple(range(len(x.shape) - 1))
            return (x - xp.mean(x, axis=axes)) / xp.sqrt(xp.var(x, axis=axes) + 1e-5)
        case "Conv2D":
            _, size, stride, padding = values
            x = _window(x, size, stride, padding, 0.0)
            return convolve(x, weight.W)[:, ::stride, ::stride, :] + weight.b
        case "MaxPool2D" | "AvgPool2D":
            return _pooled(kind, x, *values)
        case "Residual":
            return residual(x, apply(layer[1:], weight, x, draws))
    return x


def _window(x, size, stride, padding, fill):
    """Images with a margin, so that windows fit as often as SAME wants."""
    if padding == "VALID":
        return x
    xp = array_namespace(x)
    for axis in (1, 2):
        more = max(0, (-(-x.shape[axis] // stride) - 1) * stride + size - x.shape[axis])
        ends = [(*x.shape[:axis], k, *x.shape[axis + 1 :]) for k in (more // 2, more - more // 2)]
        before, after = (xp.full(end, fill, dtype=x.dtype, device=x.device) for end in ends)
        x = xp.concat([before, x, after], axis=axis)
    return x


def _pooled(kind, x, size, stride, padding):
    """Largest or mean value of each window; what lies outside the image does not count."""
    xp = array_namespace(x)

    def windows(image, fill):
        image = _window(image, size, stride, padding, fill)
        last = image.shape[1] - size + 1, image.shape[2] - size + 1
        ends = [
            (slice(i, i + last[0], stride), slice(j, j + last[1], stride)) for i in range(size) for j in range(size)
        ]
        return xp.stack([image[:, rows, columns, :] for rows, columns in ends])

    if kind == "MaxPool2D":
        return xp.max(windows(x, -math.inf), axis=0)
    return xp.sum(windows(x, 0.0), axis=0) / xp.sum(windows(xp.ones_like(x), 0.0), axis=0)


# Training on digits --------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def split():
    """600 digits for training and 600 for validation, the same in all experiments.

    Examples
    --------
    >>> [part.shape for part in split()]
    [(600, 64), (600,), (600, 64), (600,)]
    """
    order = random.indices(random.stream(0, "deeparchitect", "split"), 1797, (1797,), like=np.zeros(1), replace=False)
    X, y, X_rest, y_rest = digits.split(order, 600, like=np.zeros(1))
    return Data(X, y, X_rest[:600], y_rest[:600])


def evaluate(layers, *, epochs=EPOCHS, patience=None, reduce=None):
    """Validation accuracy of a network of Affine, ReLU, Tanh and Dropout, trained by gradient descent with momentum.

    Parameters
    ----------
    layers : tuple
        The first is ("UserHyperparams", step size, momentum).
    epochs : int, default: 4
        At most so many passes over the training set, in batches of 50.
    patience : int, optional
        Stops after so many epochs that were no better than the best.
    reduce : int, optional
        Halves the step size after so many.

    Returns
    -------
    float
        The best after any epoch; 0 if training diverges in the first. Weights, batches and what Dropout switches off
        follow from the network, so a network has one score.

    Raises
    ------
    TypeError, ValueError
        If there is another kind of layer.

    Examples
    --------
    >>> evaluate((("UserHyperparams", 0.05, 0.9), ("Affine", 32), ("ReLU",), ("Affine", 10))) > 0.85
    True
    """
    check.instance(tuple, layers=layers), check.choice(("UserHyperparams",), layers=layers[0][0])
    rate, momentum = layers[0][1:]
    rng, data = random.stream(zlib.crc32(repr(layers).encode()), "deeparchitect"), split()
    body, best, bad = layers[1:], 0.0, 0
    params = weights(rng, body, (64,), like=data.X)
    velocity = [layer and Layer(0.0 * layer.W, 0.0 * layer.b) for layer in params]
    for _ in range(check.integer(epochs=epochs, minimum=1)):
        order = rng.permutation(len(data.y))
        with np.errstate(all="ignore"):  # a rate that is too large ends in infinities
            for rows in order.reshape(-1, BATCH):
                slopes = _gradient(body, params, data.X[rows], data.y[rows], rng.random)
                for l, slope in enumerate(slopes):
                    if slope:
                        velocity[l] = Layer(*(momentum * v - rate * g for v, g in zip(velocity[l], slope, strict=True)))
                        params[l] = Layer(*(p + v for p, v in zip(params[l], velocity[l], strict=True)))
            logits = apply(body, params, data.X_valid)
        if not all(np.all(np.isfinite(x)) for x in (logits, *(x for layer in params if layer for x in layer))):
            break
        score = float(accuracy(logits, data.y_valid))
        best, bad = max(best, score), 0 if score > best else bad + 1
        if bad and reduce and bad % reduce == 0:
            rate = rate / 2
        if patience and bad >= patience:
            break
    return best


def _gradient(layers, params, X, y, draws):
    """Gradient of the mean cross-entropy of a chain of Affine, ReLU, Tanh and Dropout: a Layer where there are weights.

    `draws` takes a shape, and gives uniform draws.
    """
    h, back = X, []
    for layer, weight in zip(layers, params, strict=True):
        match layer[0]:
            case "Affine":
                back.append(h)
                h = h @ weight.W + weight.b
            case "Dropout":
                back.append((draws(h.shape) < layer[1]) / layer[1])
                h = h * back[-1]
            case "ReLU":
                back.append(h > 0)
                h = h * back[-1]
            case "Tanh":
                h = np.tanh(h)
                back.append(1 - h * h)
            case "Empty":
                back.append(1.0)
            case _:
                raise ValueError(f"layers must be Affine, ReLU, Tanh and Dropout, got {layer[0]}")
    delta = softmax(h, axis=1)
    delta[np.arange(len(y)), y] -= 1
    delta, slopes = delta / len(y), []
    for (kind, *_), weight, kept in zip(layers[::-1], params[::-1], back[::-1], strict=True):
        slopes.append(Layer(kept.T @ delta, delta.sum(axis=0)) if kind == "Affine" else None)
        delta = delta @ weight.W.T if kind == "Affine" else delta * kept
    return slopes[::-1]
