"""SLS, the baseline of SSO: a line search on the parameters alone."""

from refimpl.core import check
from refimpl.core.arrays import array_namespace
from refimpl.core.line_search import backtrack


def sls_step(value, grad, params, step_size, *, batches=1, c=0.5, shrink=0.9, expand=1.8, smallest=1e-6):
    """One step of SGD with a stochastic line search (Vaswani et al., 2019), on a batch's loss of the parameters.

    Parameters
    ----------
    value, grad : callable
        Loss of this batch at given parameters, and its gradient.
    params : array, any shape, floating point
        The parameters.
    step_size : float
        Accepted by the last step; for the first, the largest sensible one.
    batches : int, default: 1
        Batches of an epoch: the step size may grow by the factor `expand` in an epoch.
    c, shrink, expand, smallest : float
        As in `backtrack`.

    Returns
    -------
    params : array
        Like `params`.
    step_size : float
        For the next step.

    Examples
    --------
    >>> import numpy as np
    >>> sls_step(lambda x: x @ x / 2, lambda x: x, np.array([1.0]), 1.0, expand=2.0, shrink=0.5)
    (array([0.]), 1.0)
    """
    check.function(value=value, grad=grad)
    check.finite(params=params)
    step_size, expand = check.positive(step_size=step_size, expand=expand)
    slope = grad(params)
    start = step_size * expand ** (1 / check.integer(batches=batches, minimum=1))
    norm2 = array_namespace(slope).sum(slope * slope)
    rates = {"c": c, "shrink": shrink, "smallest": smallest}
    step_size, _ = backtrack(lambda s: value(params - s * slope), value(params), norm2, start, **rates)
    return params - step_size * slope, step_size
