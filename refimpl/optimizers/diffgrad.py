"""diffGrad (Dubey et al., 2020, arXiv:1909.11015): Adam with a friction that halves the step of a steady gradient.

Each coordinate looks at how much its gradient changed since the last step. If hardly, its step is half of Adam's; if
much, it is Adam's.
"""

from functools import lru_cache
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.elementwise import elementwise
from refimpl.core.loop import iterate


class DiffGradState(NamedTuple):
    """What diffGrad carries from step to step: Adam's two moments and one gradient more."""

    m: Array  # [d] exponential average of the gradients at rate beta1
    v: Array  # [d] exponential average of their squares at rate beta2
    previous: Array  # [d] gradient of the last step, decay included; 0 before the first
    steps: int  # taken so far


def init(params):
    """State at rest: zero moments and a zero previous gradient.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.

    Returns
    -------
    DiffGradState
        Arrays of the shape, dtype and device of `params`.

    Raises
    ------
    TypeError
        If `params` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0]))
    DiffGradState(m=array([0.]), v=array([0.]), previous=array([0.]), steps=0)
    """
    check.floating(params=params)
    zeros = array_namespace(params).zeros_like
    return DiffGradState(zeros(params), zeros(params), zeros(params), 0)


def friction(change):
    """The friction of the paper, a sigmoid of the size of the change: from 1/2 (none) to 1 (large).

    Parameters
    ----------
    change : array, any shape, floating point
        The previous gradient minus this one; NaN stays NaN.

    Returns
    -------
    array
        Like `change`: the factor xi on Adam's step. It may round to 1, and it does not overflow.

    Raises
    ------
    TypeError
        If `change` is no array.

    Notes
    -----
    Equation (diffgrad-5) of the documentation. The friction of a step that led from the state `before` to the state
    `after` is ``friction(before.previous - after.previous)``.

    Examples
    --------
    >>> import numpy as np
    >>> friction(np.array([0.0, -1.0, 1.0, 1e4]))
    array([0.5       , 0.73105858, 0.73105858, 1.        ])
    """
    xp = array_namespace(change)
    return 1 / (1 + xp.exp(-xp.abs(change)))  # (diffgrad-5)


def _rule(friction, params, m, v, previous, grad, size, beta1, beta2, eps, weight_decay):
    """Algorithm 1; the bias corrections are in `size` and `eps`."""
    xp = array_namespace(params)
    # Without decay a copy: the caller may reuse the array.
    grad = grad + weight_decay * params  # (diffgrad-1)
    m = beta1 * m + (1 - beta1) * grad  # (diffgrad-2)
    v = beta2 * v + (1 - beta2) * grad * grad  # (diffgrad-3)
    change = previous - grad  # (diffgrad-4)
    params = params - size * friction(change) * m / (xp.sqrt(v) + eps)  # (diffgrad-8)
    return params, m, v, grad


@lru_cache  # for each friction
def _fast(friction):
    def rule(*given):
        return _rule(friction, *given)

    return elementwise(rule)


def update(
    params,
    state,
    grad,
    *,
    lr=1e-3,
    beta1=0.9,
    beta2=0.999,
    eps=1e-8,
    weight_decay=0.0,
    friction=friction,
    donate=False,
):
    """One step of diffGrad.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.
    state : DiffGradState
        From `init` or the last step.
    grad : array like `params`
        The gradient g at `params`. It is copied: the caller may overwrite it afterwards.
    lr : float, default: 1e-3
        Step size alpha > 0. No coordinate steps further than Adam would with it.
    beta1, beta2 : float in [0, 1), default: 0.9, 0.999
        Rates at which the averages of the gradient and of its square forget.
    eps : float, default: 1e-8
        Added to the root of the corrected second moment, >= 0. With 0, a coordinate that has seen no gradient but 0
        becomes NaN.
    weight_decay : float, default: 0
        Coupled decay lambda >= 0: lambda * theta is part of the gradient, of its change too.
    friction : callable, default: `friction`
        ``friction(change) -> factor`` on the step, elementwise; `change` is the previous gradient minus this one. With
        ``lambda change: 1.0`` the rule is Adam.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : DiffGradState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad` or an array of the state is not like `params`, something is not finite, or a hyper-parameter is out of
        range.

    Notes
    -----
    Equations (diffgrad-1) to (diffgrad-8) of the documentation; Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> params, state = np.array([1.0, 1.0]), init(np.array([1.0, 1.0]))
    >>> for grad in ([0.5, 8.0], [0.5, -8.0]):
    ...     params, state = update(params, state, np.array(grad), lr=0.1)
    ...     print(params)
    [0.93775407 0.90003354]
    [0.88775407 0.90529669]
    """
    check.instance(DiffGradState, state=state)
    check.alike(params=params, grad=grad, m=state.m, v=state.v, previous=state.previous)
    check.no_negative(v=state.v)
    lr, _ = check.positive(lr=lr), check.function(friction=friction)
    eps, weight_decay = check.nonnegative(eps=eps, weight_decay=weight_decay)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    t = check.integer(steps=state.steps) + 1
    correction1, correction2 = 1 - beta1**t, 1 - beta2**t
    size = lr * correction2**0.5 / correction1  # (diffgrad-6)
    eps = eps * correction2**0.5  # (diffgrad-7)
    params, m, v, previous = _fast(friction)(
        params, state.m, state.v, state.previous, grad, size, beta1, beta2, eps, weight_decay, donate=donate
    )
    return params, DiffGradState(m, v, previous, t)


def minimize(grad, params, *, steps, lr=1e-3, record=None, progress=None, **rates):
    """Take `steps` steps of diffGrad down a function.

    Parameters
    ----------
    grad : callable
        ``grad(params) -> array like params``.
    params : array, any shape, floating point
        The start.
    steps : int
        >= 0.
    lr : float or callable, default: 1e-3
        Step size, or ``lr(k)`` for step k = 1, 2, ...
    record : callable, optional
        ``record(params) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        Further keyword arguments of `update`.

    Returns
    -------
    core.loop.Run
        Its `state` is the pair (params, DiffGradState).

    Raises
    ------
    TypeError, ValueError
        As `update`.

    Examples
    --------
    >>> import numpy as np
    >>> run = minimize(lambda x: 2 * x, np.array([1.0, -3.0]), steps=300, lr=0.1)
    >>> bool(abs(run.state[0]).max() < 1e-3)
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


def online(grad, params, *, steps, project, decay, lr=1e-3, beta1=0.9, record=None, progress=None, **rates):
    """diffGrad as its regret theorem takes it: another function at each step, fading rates, a bounded domain.

    Parameters
    ----------
    grad : callable
        ``grad(params, t) -> array like params``, the gradient of the function of step t = 1, 2, ...
    params : array, any shape, floating point
        The start, a point of the domain.
    steps : int
        T >= 0.
    project : callable
        ``project(params) -> array like params``, the nearest point of the domain.
    decay : float in [0, 1)
        lambda, at which beta1 fades.
    lr : float, default: 1e-3
        Step size alpha > 0 of the first step.
    beta1 : float in [0, 1), default: 0.9
        Rate of the first step.
    record, progress, **rates
        As for `minimize`; step t is played at entry t - 1 of the history.

    Returns
    -------
    core.loop.Run
        Its `state` is the pair (params, DiffGradState).

    Raises
    ------
    TypeError, ValueError
        As `update`.

    Notes
    -----
    Equations (diffgrad-9) to (diffgrad-11) of the documentation. The bias correction takes the rate of its own step,
    1 - beta1_t^t.

    Examples
    --------
    The functions (x - 1)^2 and (x + 1)^2 in turn, on [-2, 2]; the best fixed point is 0.

    >>> import numpy as np
    >>> targets = lambda x, t: 2 * (x - (-1.0) ** t)
    >>> box = lambda x: np.clip(x, -2, 2)
    >>> run = online(targets, np.array([2.0]), steps=2000, project=box, decay=0.99, lr=0.5)
    >>> bool(abs(run.state[0][0]) < 0.05)
    True
    """
    check.function(grad=grad, project=project)
    lr, (beta1, decay) = check.positive(lr=lr), check.fraction(beta1=beta1, decay=decay)

    def step(carry, t):
        params, state = carry
        lr_t = lr / t**0.5  # (diffgrad-9)
        beta1_t = beta1 * decay ** (t - 1)  # (diffgrad-10)
        params, state = update(params, state, grad(params, t), lr=lr_t, beta1=beta1_t, **rates)
        inside = project(params)  # (diffgrad-11)
        check.like(params, project=inside), check.finite(project=inside)
        return inside, state

    return iterate(
        step,
        (params, init(params)),
        steps=steps,
        record=record and (lambda carry: record(carry[0])),
        progress=progress,
    )
