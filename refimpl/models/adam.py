"""Adam and AdamW on trees of arrays, for networks that are trained as an experiment.

The rule that the oracle judges, with its derivation, is `refimpl.optimizers.adamw`.
"""

from typing import Any, NamedTuple

from refimpl.core import check, tree
from refimpl.core.arrays import array_namespace


class Adam(NamedTuple):
    """Averages of gradients and of their squares, trees like the parameters; and steps taken."""

    m: Any
    v: Any
    steps: int


def init(params):
    """Averages at rest.

    Parameters
    ----------
    params : tree of arrays
        What will be trained: floating point, finite.

    Returns
    -------
    Adam
        Of zeros.

    Examples
    --------
    >>> import numpy as np
    >>> init({"w": np.ones(2)}).m
    {'w': array([0., 0.])}
    """
    tree.finite(params=params)
    zeros = tree.map(lambda p: array_namespace(p).zeros_like(p), params)
    return Adam(zeros, zeros, 0)


def update(params, state, grads, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """One step.

    Parameters
    ----------
    params : tree of arrays
        Before the step.
    state : Adam
        From `init` or the last step.
    grads : tree of arrays
        Like `params`.
    lr : float
        Step size >= 0.
    beta1, beta2 : float
        Rates of the averages, in [0, 1).
    eps : float, default: 1e-8
        > 0, added to the root.
    decay : float, default: 0.0
        Decoupled weight decay >= 0 (AdamW), times `lr`.

    Returns
    -------
    params : tree of arrays
        After the step.
    state : Adam
        For the next one.

    Raises
    ------
    TypeError, ValueError
        If `grads` or `state` is not like `params`, something is not finite, or a number is out of range.

    Examples
    --------
    The first step has the length `lr`, whatever the gradient:

    >>> import numpy as np
    >>> start = np.zeros(2)
    >>> update(start, init(start), np.array([4.0, -1e-3]), lr=0.5)[0].round(4)
    array([-0.5,  0.5])
    """
    check.instance(Adam, state=state)
    eps, (lr, decay) = check.positive(eps=eps), check.nonnegative(lr=lr, decay=decay)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    t = check.integer(steps=state.steps) + 1
    tree.finite(params=params, grads=grads, m=state.m, v=state.v)
    tree.alike(params, grads=grads, m=state.m, v=state.v)
    m = tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, state.m, grads)
    v = tree.map(lambda v, g: beta2 * v + (1 - beta2) * (g * g), state.v, grads)

    def moved(p, m, v):
        root = array_namespace(v).sqrt(v / (1 - beta2**t))
        return p - lr * (m / (1 - beta1**t) / (root + eps) + decay * p)

    return tree.map(moved, params, m, v), Adam(m, v, t)
