"""Lion, EvoLved Sign Momentum (Chen et al., 2023, arXiv:2302.06675, Algorithm 2).

Step along the sign of a mix of gradient and momentum; let the momentum itself forget more slowly.
"""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.elementwise import elementwise
from refimpl.core.loop import iterate


class LionState(NamedTuple):
    """What Lion carries from step to step: one array, where Adam carries two."""

    momentum: Array  # [d] m, exponential average of the gradients at rate beta2


def init(params):
    """State at rest: zero momentum of the shape, dtype and device of `params`.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.

    Returns
    -------
    LionState
        m = 0.

    Raises
    ------
    TypeError
        If `params` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0, -2.0]))
    LionState(momentum=array([0., 0.]))
    """
    check.floating(params=params)
    return LionState(array_namespace(params).zeros_like(params))


@elementwise
def _rule(params, momentum, grad, lr, beta1, beta2, weight_decay):
    """Algorithm 2, each coordinate by itself; sign(0) = 0."""
    xp = array_namespace(params)
    c = beta1 * momentum + (1 - beta1) * grad  # (lion-1)
    params = params - lr * (xp.sign(c) + weight_decay * params)  # (lion-2)
    momentum = beta2 * momentum + (1 - beta2) * grad  # (lion-3)
    return params, momentum


def update(params, state, grad, *, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0, donate=False):
    """One step of Lion.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.
    state : LionState
        From `init` or the last step.
    grad : array like `params`
        The gradient g at `params`.
    lr : float, default: 1e-4
        Step size eta > 0. Every coordinate moves by this much: take it 3 to 10 times smaller than Adam's.
    beta1 : float in [0, 1), default: 0.9
        Weight of the momentum, against the newest gradient, in the direction of the step.
    beta2 : float in [0, 1), default: 0.99
        Rate at which the momentum forgets; 1 / (1 - beta2) steps of memory.
    weight_decay : float, default: 0
        Decoupled decay lambda >= 0; take it 3 to 10 times larger than AdamW's, so that lr * weight_decay stays.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : LionState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad` or the momentum is not like `params`, something is not finite, or a hyper-parameter is out of range.

    Notes
    -----
    Equations (lion-1) to (lion-3) of the documentation; Algorithm 2 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> params = np.array([1.0, -2.0, 0.5])
    >>> params, state = update(params, init(params), np.array([3.0, -0.001, 0.0]), lr=0.1)
    >>> params
    array([ 0.9, -1.9,  0.5])
    >>> state.momentum
    array([ 3.e-02, -1.e-05,  0.e+00])
    """
    check.instance(LionState, state=state)
    check.alike(params=params, grad=grad, momentum=state.momentum)
    lr = check.positive(lr=lr)
    weight_decay = check.nonnegative(weight_decay=weight_decay)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    params, momentum = _rule(params, state.momentum, grad, lr, beta1, beta2, weight_decay, donate=donate)
    return params, LionState(momentum)


def minimize(grad, params, *, steps, lr=1e-4, record=None, progress=None, **rates):
    """Take `steps` steps of Lion down a function.

    Parameters
    ----------
    grad : callable
        ``grad(params) -> array like params``.
    params : array, any shape, floating point
        The start.
    steps : int
        >= 0.
    lr : float or callable, default: 1e-4
        Step size, or ``lr(k)`` for step k = 1, 2, ...
    record : callable, optional
        ``record(params) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        `beta1`, `beta2`, `weight_decay` of `update`.

    Returns
    -------
    core.loop.Run
        Its `state` is the pair (params, LionState).

    Raises
    ------
    TypeError, ValueError
        As `update`.

    Examples
    --------
    >>> import numpy as np
    >>> towards_zero = lambda k: 0.05 * (1 - k / 401)
    >>> run = minimize(lambda x: 2 * x, np.array([1.0, -3.0]), steps=400, lr=towards_zero)
    >>> bool(abs(run.state[0]).max() < 0.01)
    True
    """

    check.function(grad=grad)

    def step(carry, k):
        params, state = carry
        return update(params, state, grad(params), lr=lr(k) if callable(lr) else lr, **rates)

    return iterate(
        step,
        (params, init(params)),
        steps=steps,
        record=record and (lambda carry: record(carry[0])),
        progress=progress,
    )
