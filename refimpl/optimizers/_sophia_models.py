"""Softmax regression, on its own or behind a tanh, with all derivatives written out: what the estimators are tried on.

The logits of example b are x_b W, or tanh(x_b W), and the loss is the mean cross-entropy over the batch. Linear logits
have a Hessian that is its own Gauss-Newton part; behind a tanh it has another part, and may be negative.
"""

from refimpl.core import check
from refimpl.core.arrays import array_namespace, device
from refimpl.core.curvature import hutchinson
from refimpl.core.special import softmax

MODELS = ("linear", "tanh")


def logits(W, x, *, model="linear"):
    """Logits [B, C] of a batch x [B, D] under weights W [D, C].

    Examples
    --------
    >>> import numpy as np
    >>> logits(np.array([[1.0, -1.0]]), np.array([[2.0]]))
    array([[ 2., -2.]])
    """
    check.finite(W=W, x=x)
    check.shapes(x=(x, "B D"), W=(W, "D C"))
    check.choice(MODELS, model=model)
    a = x @ W
    return array_namespace(a).tanh(a) if model == "tanh" else a


def _residuals(f, labels):
    """Probabilities p [B, C], and p minus one-hot labels: the gradient of each example's loss in its logits."""
    check.indices(check.shapes(f=(f, "B C"), labels=(labels, "B"))["C"], labels=labels)
    xp = array_namespace(f)
    p = softmax(f, axis=1)
    classes = xp.arange(f.shape[1], dtype=labels.dtype, device=device(labels))
    return p, p - xp.astype(labels[:, None] == classes[None, :], f.dtype)


def _slope(f, model):
    """Derivative of the logits in x W."""
    return 1 - f * f if model == "tanh" else array_namespace(f).ones_like(f)


def gradient(W, x, labels, *, model="linear"):
    """Gradient [D, C] of the mean cross-entropy with the labels [B] (integers).

    Examples
    --------
    >>> import numpy as np
    >>> gradient(np.zeros((1, 2)), np.array([[2.0], [4.0]]), np.array([0, 1]))
    array([[ 0.5, -0.5]])
    """
    f = logits(W, x, model=model)
    _, residuals = _residuals(f, labels)
    return x.T @ (residuals * _slope(f, model)) / x.shape[0]


def hessian_product(W, x, labels, v, *, model="linear"):
    """Hessian of that mean cross-entropy times v [D, C].

    Examples
    --------
    >>> import numpy as np
    >>> hessian_product(np.zeros((1, 2)), np.array([[2.0], [4.0]]), np.array([0, 1]), np.array([[1.0, 0.0]]))
    array([[ 2.5, -2.5]])
    """
    check.finite(v=v)
    check.like(W, v=v)
    f = logits(W, x, model=model)
    p, residuals = _residuals(f, labels)
    slope, moved = _slope(f, model), x @ v
    toward = slope * moved  # change of the logits
    change = (p * toward - p * array_namespace(p).sum(p * toward, axis=1, keepdims=True)) * slope  # Gauss-Newton
    if model == "tanh":
        change = change - residuals * (2 * f * slope) * moved  # what the curvature of the logits adds
    return x.T @ change / x.shape[0]


def hutchinson_estimate(W, x, labels, probe, *, model="linear"):
    """Hutchinson's estimate of the diagonal of that Hessian, with the given probe u [D, C].

    Examples
    --------
    >>> import numpy as np
    >>> x, labels = np.array([[2.0], [4.0]]), np.array([0, 1])
    >>> hutchinson_estimate(np.zeros((1, 2)), x, labels, np.array([[1.0, -2.0]]))
    array([[ 7.5, 15. ]])
    """
    check.finite(W=W, probe=probe)
    return hutchinson(lambda v: hessian_product(W, x, labels, v, model=model), probe)  # (sophia-7)


def gauss_newton_diagonal(W, x, *, model="linear"):
    """Diagonal [D, C] of the mean of J^T S J: what both estimators are after if the logits are linear.

    Examples
    --------
    >>> import numpy as np
    >>> gauss_newton_diagonal(np.zeros((1, 2)), np.array([[2.0], [4.0]]))
    array([[2.5, 2.5]])
    """
    f = logits(W, x, model=model)
    p, slope = softmax(f, axis=1), _slope(f, model)
    return (x * x).T @ (slope * slope * p * (1 - p)) / x.shape[0]
