"""What stands between an operation and its rule: the loop of optimizers.

Gradients are given, so that any program can be asked the same.
"""

from refimpl.core.arrays import array_namespace


def trajectory(init, update, theta0, *series, **rates):
    """Parameters after each step.

    Parameters
    ----------
    init : callable
        ``init(theta0) -> state``.
    update : callable
        ``update(theta, state, *inputs, **rates) -> (theta, state)``.
    theta0 : array
        The start.
    *series : array
        What the steps are fed with, one entry of the first axis for each: gradients, and what else a step takes.
    **rates
        Handed on.

    Returns
    -------
    array
        A row for each step.

    Examples
    --------
    >>> import numpy as np
    >>> descend = lambda theta, state, grad, lr: (theta - lr * grad, state)
    >>> trajectory(lambda theta: None, descend, np.ones(1), np.array([[2.0], [4.0]]), lr=0.25)
    array([[ 0.5],
           [-0.5]])
    """
    theta, state, thetas = theta0, init(theta0), []
    for t in range(series[0].shape[0]):
        theta, state = update(theta, state, *(x[t, ...] for x in series), **rates)
        thetas.append(theta)
    return array_namespace(theta0).stack(thetas)
