"""Gradients of a network for each example by itself, which the tests of AdAdaGrad look at."""

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.special import softmax
from refimpl.models import mlp


def per_example_gradients(params, x, labels):
    """Gradient of each example's cross-entropy in all parameters: backpropagation that does not sum over the batch.

    Parameters
    ----------
    params : list of models.mlp.Layer
        A tanh network; one layer is softmax regression.
    x : array, shape [b, d_0], floating point
        Inputs.
    labels : array of int, shape [b]
        Classes in [0, d_L).

    Returns
    -------
    array, shape [b, p]
        Rows in the order of ``core.tree.ravel(params)``.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or `x` is not floating point.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.models.mlp import Layer
    >>> flat = [Layer(np.zeros((1, 2)), np.zeros(2))]
    >>> per_example_gradients(flat, np.array([[3.0], [1.0]]), np.array([0, 1]))
    array([[-1.5,  1.5, -0.5,  0.5],
           [ 0.5, -0.5,  0.5, -0.5]])
    """
    check.finite(x=x)
    check.sequence(params=params)
    check.fields(mlp.Layer, **{f"params[{i}]": layer for i, layer in enumerate(params)})
    check.floating(**{f"params[{i}].{name}": x for i, p in enumerate(params) for name, x in p._asdict().items()})
    check.shapes(x=(x, "b d"), labels=(labels, "b"))
    xp = array_namespace(x)
    inputs = [x]
    for W, b in params[:-1]:
        inputs.append(xp.tanh(inputs[-1] @ W + b))
    W, b = params[-1]
    check.indices(b.shape[0], labels=labels)
    classes = xp.arange(b.shape[0], dtype=labels.dtype, device=device(labels))
    true = xp.astype(labels[:, None] == classes, x.dtype)
    slope = softmax(inputs[-1] @ W + b, axis=1) - true
    parts: list[Array] = []
    for (W, _), h in zip(reversed(params), reversed(inputs), strict=True):
        parts = [xp.reshape(h[:, :, None] * slope[:, None, :], (x.shape[0], -1)), slope, *parts]
        slope = (slope @ W.T) * (1 - h * h)
    return xp.concat(parts, axis=1)
