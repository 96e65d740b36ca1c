"""AdamW, Adam with decoupled weight decay (Loshchilov and Hutter, 2019, arXiv:1711.05101, Algorithm 2).

Divide an average of the gradients by the root of an average of their squares, and let the parameters decay beside that
step instead of inside it. The step itself is Adam's (Kingma and Ba, 2015, arXiv:1412.6980, Algorithm 1).
"""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.elementwise import elementwise
from refimpl.core.loop import iterate


class AdamWState(NamedTuple):
    """What AdamW and Adam carry from step to step."""

    m: Array  # [d] first moment, exponential average of the gradients at rate beta1
    v: Array  # [d] second moment, exponential average of their squares at rate beta2
    steps: int  # taken so far: the bias correction depends on it


class AMSGradState(NamedTuple):
    """What AMSGrad carries from step to step."""

    m: Array  # [d] first moment
    v: Array  # [d] second moment
    largest: Array  # [d] the largest second moment so far
    steps: int  # taken so far


def init(params):
    """State at rest: zero moments of the shape, dtype and device of `params`, no steps taken.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.

    Returns
    -------
    AdamWState
        m = v = 0.

    Raises
    ------
    TypeError
        If `params` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0, -2.0]))
    AdamWState(m=array([0., 0.]), v=array([0., 0.]), steps=0)
    """
    check.floating(params=params)
    xp = array_namespace(params)
    return AdamWState(xp.zeros_like(params), xp.zeros_like(params), 0)


@elementwise
def _rule(params, m, v, grad, lr, beta1, beta2, eps, weight_decay, correction1, correction2):
    """Algorithm 2, each coordinate by itself."""
    xp = array_namespace(params)
    m = beta1 * m + (1 - beta1) * grad  # (adamw-1)
    v = beta2 * v + (1 - beta2) * grad * grad  # (adamw-2)
    m_hat = m / correction1  # (adamw-3)
    v_hat = v / correction2  # (adamw-4)
    params = params - lr * (m_hat / (xp.sqrt(v_hat) + eps) + weight_decay * params)  # (adamw-5)
    return params, m, v


def update(params, state, grad, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, donate=False):
    """One step of AdamW.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.
    state : AdamWState
        From `init` or the last step.
    grad : array like `params`
        The gradient g at `params`.
    lr : float, default: 1e-3
        Step size > 0, schedule included: the paper's eta_t alpha.
    beta1 : float in [0, 1), default: 0.9
        Rate at which the first moment forgets.
    beta2 : float in [0, 1), default: 0.999
        Rate at which the second moment forgets.
    eps : float, default: 1e-8
        Number > 0 beside the root of the *corrected* second moment, in units of the gradient.
    weight_decay : float, default: 0.01
        Decoupled decay >= 0, *multiplied by* `lr`, as in PyTorch and Optax. The paper's lambda is `lr` times as large
        at the start of its schedule: give ``weight_decay=lambda_ / alpha`` for its form.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : AdamWState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad` or a moment is not like `params`, something is not finite, or a hyper-parameter or the number of steps
        is out of range.

    Notes
    -----
    Equations (adamw-1) to (adamw-5) of the documentation; Algorithm 2 of the paper, lines 6 to 12.

    Examples
    --------
    The first step has the length `lr` in every coordinate, whatever the gradient:

    >>> import numpy as np
    >>> params = np.array([1.0, -2.0, 0.5])
    >>> params, state = update(params, init(params), np.array([3.0, -0.001, 0.0]), lr=0.1, weight_decay=0.0)
    >>> params.round(5)
    array([ 0.9, -1.9,  0.5])
    >>> state.steps
    1
    """
    check.instance(AdamWState, state=state)
    check.alike(params=params, grad=grad, m=state.m, v=state.v)
    check.no_negative(v=state.v)
    rates = _rates(lr, beta1, beta2, eps, weight_decay)
    t, *corrections = _corrections(state.steps, *rates[1:3])
    params, m, v = _rule(params, state.m, state.v, grad, *rates, *corrections, donate=donate)
    return params, AdamWState(m, v, t)


def adam(params, state, grad, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    """One step of Adam, with the decay *coupled*: added to the gradient as the slope of an L2 penalty.

    What AdamW is compared with. Parameters, results and errors are those of `update`; without decay the two are one.

    Examples
    --------
    The penalty goes through the same division as the gradient, so where there is no gradient any decay makes a full
    step:

    >>> import numpy as np
    >>> params = np.array([1.0, 1.0])
    >>> adam(params, init(params), np.array([0.0, 1.0]), lr=0.1, weight_decay=1e-3)[0].round(4)
    array([0.9, 0.9])
    >>> update(params, init(params), np.array([0.0, 1.0]), lr=0.1, weight_decay=1e-3)[0].round(4)
    array([0.9999, 0.8999])
    """
    check.instance(AdamWState, state=state)
    check.alike(params=params, grad=grad)
    weight_decay = check.nonnegative(weight_decay=weight_decay)
    penalized = array_namespace(params).asarray(grad + weight_decay * params)  # (adamw-6)
    return update(params, state, penalized, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=0.0)


def amsgrad_init(params):
    """State at rest of AMSGrad.

    Examples
    --------
    >>> import numpy as np
    >>> amsgrad_init(np.zeros(1))
    AMSGradState(m=array([0.]), v=array([0.]), largest=array([0.]), steps=0)
    """
    m, v, steps = init(params)
    return AMSGradState(m, v, array_namespace(params).zeros_like(params), steps)


@elementwise
def _amsgrad_rule(params, m, v, largest, grad, lr, beta1, beta2, eps, weight_decay, correction1, correction2):
    """The same with the largest second moment so far in the place of the newest."""
    xp = array_namespace(params)
    m = beta1 * m + (1 - beta1) * grad  # (adamw-1)
    v = beta2 * v + (1 - beta2) * grad * grad  # (adamw-2)
    largest = xp.maximum(largest, v)  # (adamw-7)
    m_hat = m / correction1  # (adamw-3)
    v_hat = largest / correction2  # (adamw-8)
    params = params - lr * (m_hat / (xp.sqrt(v_hat) + eps) + weight_decay * params)  # (adamw-5)
    return params, m, v, largest


def amsgrad(params, state, grad, *, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    """One step of AMSGrad (Reddi et al., 2018, Algorithm 2) with bias correction and decoupled decay, as in PyTorch.

    The maximum is taken before the bias correction. Parameters and errors are those of `update`; the state is an
    `AMSGradState`.

    Examples
    --------
    One large gradient shortens all steps that follow; AdamW forgets it:

    >>> import numpy as np
    >>> theta, state = np.zeros(1), amsgrad_init(np.zeros(1))
    >>> for grad in [100.0] + 200 * [1.0]:
    ...     before, (theta, state) = theta, amsgrad(theta, state, np.array([grad]), lr=1.0, beta2=0.5, weight_decay=0.0)
    >>> state.v.round(3), state.largest, (before - theta).round(3)
    (array([1.]), array([5000.]), array([0.014]))
    """
    check.instance(AMSGradState, state=state)
    check.alike(params=params, grad=grad, m=state.m, v=state.v, largest=state.largest)
    check.no_negative(v=state.v, largest=state.largest)
    rates = _rates(lr, beta1, beta2, eps, weight_decay)
    t, *corrections = _corrections(state.steps, *rates[1:3])
    params, m, v, largest = _amsgrad_rule(params, state.m, state.v, state.largest, grad, *rates, *corrections)
    return params, AMSGradState(m, v, largest, t)


def _rates(lr, beta1, beta2, eps, weight_decay):
    """The hyper-parameters, checked."""
    lr, eps = check.positive(lr=lr, eps=eps)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    return lr, beta1, beta2, eps, check.nonnegative(weight_decay=weight_decay)


def _corrections(steps, beta1, beta2):
    """The number t of this step, and how much of its weight each average has by then: 1 - beta^t."""
    t = check.integer(steps=steps) + 1
    return t, 1 - beta1**t, 1 - beta2**t


def minimize(grad, params, *, steps, lr=1e-3, record=None, progress=None, **rates):
    """Take `steps` steps of AdamW down a function.

    Parameters
    ----------
    grad : callable
        ``grad(params) -> array like params``.
    params : array, any shape, floating point
        The start.
    steps : int
        >= 0.
    lr : float or callable, default: 1e-3
        Step size, or ``lr(k)`` for step k = 1, 2, ...; the decay follows it.
    record : callable, optional
        ``record(params) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        `beta1`, `beta2`, `eps`, `weight_decay` of `update`.

    Returns
    -------
    core.loop.Run
        Its `state` is the pair (params, AdamWState).

    Raises
    ------
    TypeError, ValueError
        As `update`.

    Examples
    --------
    >>> import numpy as np
    >>> towards_zero = lambda k: 0.1 * (1 - k / 401)
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
