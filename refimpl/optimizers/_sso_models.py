"""The two halves of a composition: models from parameters to targets, with their pullbacks, and losses of targets.

A model is ``model(theta, x) -> (targets, pullback)``; the pullback takes an array like the targets and returns the
transposed Jacobian times it. Derivatives are written out; `differentiated` makes a model of any other function.
"""

from collections.abc import Callable
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import vjp
from refimpl.core.special import logsumexp, sigmoid, softmax


class Loss(NamedTuple):
    """Loss of one example, for many at once."""

    values: Callable  # (targets, y) -> [n], one loss for each row
    gradient: Callable  # (targets, y) -> like `targets`, gradient of each row's loss in that row
    smoothness: float  # L_i, the largest curvature of a row's loss in the targets
    check: Callable = lambda y: None  # raises if y holds what the loss does not know


# Losses ---------------------------------------------------------------------------------------------------------


def _per_row(x):
    """Sum over everything but the first axis."""
    xp = array_namespace(x)
    return xp.sum(x, axis=tuple(range(1, x.ndim))) if x.ndim > 1 else x


def _signs(y):
    if not bool(array_namespace(y).all(abs(y) == 1)):
        raise ValueError("y must hold the labels -1 and 1 and nothing else")


def _distributions(y):
    xp = array_namespace(y)
    if y.ndim != 2 or not bool(xp.all(y >= 0)) or not bool(xp.all(abs(xp.sum(y, axis=1) - 1) < 1e-5)):
        raise ValueError("y must have rows [n, C] of class probabilities (one-hot for labels), which sum to 1")


def _logistic(targets, y):
    margins = y * targets
    xp = array_namespace(margins)
    return _per_row(xp.logaddexp(-margins, xp.zeros_like(margins)))


def _softmax_slope(targets, y):
    return softmax(targets, axis=1) - y


# Half the squared distance of a row from its y.
SQUARED = Loss(lambda targets, y: _per_row((targets - y) ** 2) / 2, lambda targets, y: targets - y, 1.0)
# log(1 + exp(-y z)) for labels y of -1 and 1.
LOGISTIC = Loss(_logistic, lambda targets, y: -y * sigmoid(-y * targets), 0.25, _signs)
# Cross-entropy of logits [n, C] under class probabilities y [n, C].
SOFTMAX = Loss(
    lambda targets, y: logsumexp(targets, axis=1) - _per_row(y * targets),
    _softmax_slope,
    0.5,
    _distributions,
)
LOSSES = {"squared": SQUARED, "logistic": LOGISTIC, "softmax": SOFTMAX}


class Counter:
    """Counts how often the gradient of a loss is asked for: the oracle calls.

    Examples
    --------
    >>> import numpy as np
    >>> counter = Counter(SQUARED)
    >>> counter.loss.gradient(np.array([1.0]), np.array([3.0])), counter.calls
    (array([-2.]), 1)
    """

    def __init__(self, loss):
        self.calls = 0
        self._gradient = loss.gradient
        self.loss = loss._replace(gradient=self._count)

    def _count(self, targets, y):
        self.calls += 1
        return self._gradient(targets, y)


# Models ---------------------------------------------------------------------------------------------------------


def _fits(theta, rows, x):
    if x.ndim != 2 or theta.shape[0] != rows:
        raise ValueError(
            f"theta must fit the features x [n, d], got theta of shape {tuple(theta.shape)}, x of {tuple(x.shape)}"
        )


def linear(theta, x):
    """Targets x theta: [n] for theta [d], or [n, C] for theta [d, C].

    Examples
    --------
    >>> import numpy as np
    >>> targets, pullback = linear(np.array([1.0, -1.0]), np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]]))
    >>> targets, pullback(np.array([1.0, 0.0, 2.0]))
    (array([-1., -1., -2.]), array([-1.,  4.]))
    """
    check.finite(theta=theta, x=x)
    _fits(theta, x.shape[-1], x)
    return x @ theta, lambda v: x.T @ v


def tanh_unit(theta, x):
    """Targets tanh(x theta), [n] for theta [d]: the smallest model that is not linear.

    Examples
    --------
    >>> import numpy as np
    >>> targets, pullback = tanh_unit(np.array([0.0, np.arctanh(0.5)]), np.array([[3.0, 0.0], [1.0, 1.0]]))
    >>> targets, pullback(np.array([1.0, 4.0]))
    (array([0. , 0.5]), array([6., 3.]))
    """
    check.finite(theta=theta, x=x)
    _fits(theta, x.shape[-1], x)
    targets = array_namespace(theta, x).tanh(x @ theta)
    return targets, lambda v: x.T @ ((1 - targets * targets) * v)


def tanh_net(hidden):
    """Model of one hidden layer, tanh(x W + a) v + b, with its parameters (W, a, v, b) end to end in theta.

    Parameters
    ----------
    hidden : int
        Width h of the hidden layer; theta is [d h + h + h + 1] for features x [n, d].

    Returns
    -------
    callable
        The model; its targets are [n].

    Examples
    --------
    >>> import numpy as np
    >>> targets, pullback = tanh_net(2)(np.ones(9), np.zeros((3, 2)))
    >>> targets.round(3), pullback(np.ones(3)).shape
    (array([2.523, 2.523, 2.523]), (9,))
    """
    h = check.integer(hidden=hidden, minimum=1)

    def model(theta, x):
        xp = array_namespace(theta, x)
        d = x.shape[-1]
        _fits(theta, d * h + 2 * h + 1, x)
        W, a, v, b = xp.reshape(theta[: d * h], (d, h)), theta[d * h : -h - 1], theta[-h - 1 : -1], theta[-1]
        inner = xp.tanh(x @ W + a)

        def pullback(slope):
            back = slope[:, None] * v * (1 - inner * inner)
            parts = xp.reshape(x.T @ back, (-1,)), xp.sum(back, axis=0), inner.T @ slope, xp.sum(slope, keepdims=True)
            return xp.concat(parts)

        return inner @ v + b, pullback

    return model


def differentiated(function):
    """Model of any ``function(theta, x) -> targets``, its pullback by `core.autodiff`.

    Examples
    --------
    >>> import numpy as np
    >>> targets, pullback = differentiated(lambda theta, x: (x @ theta) ** 2)(np.array([3.0]), np.array([[1.0], [2.0]]))
    >>> targets, pullback(np.array([1.0, 0.0]))
    (array([ 9., 36.]), array([6.]))
    """

    check.function(function=function)

    def model(theta, x):
        targets, pullback = vjp(lambda w: function(w, x), theta)
        return targets, lambda v: pullback(v)[0]

    return model
