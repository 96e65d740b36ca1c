"""Sophia, second-order clipped stochastic optimization (Liu et al., 2024, arXiv:2305.14342, Algorithms 1 to 3).

Divide the momentum by a cheap, rarely refreshed estimate of the Hessian's diagonal, and clip each coordinate. Where the
estimate is good this is a Newton step; where it is negative, tiny or stale, a step of fixed size along the sign.
"""

from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.elementwise import elementwise
from refimpl.core.loop import iterate
from refimpl.core.special import softmax


class SophiaState(NamedTuple):
    """What Sophia carries from step to step: two arrays, as Adam does."""

    m: Array  # [d] exponential average of the gradients at rate beta1
    h: Array  # [d] exponential average of the estimates of the Hessian's diagonal at rate beta2


def init(params):
    """State at rest: m = h = 0 of the shape, dtype and device of `params`.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.

    Returns
    -------
    SophiaState
        m = h = 0.

    Raises
    ------
    TypeError
        If `params` is no floating-point array.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0, -2.0]))
    SophiaState(m=array([0., 0.]), h=array([0., 0.]))
    """
    check.floating(params=params)
    zeros = array_namespace(params).zeros_like
    return SophiaState(zeros(params), zeros(params))


# The step ---------------------------------------------------------------------------------------------------------


@elementwise
def _rule(params, m, h, grad, lr, beta1, gamma, eps, weight_decay):
    """Algorithm 3, each coordinate by itself; m is clipped to +-bound before it is divided, which cannot overflow."""
    xp = array_namespace(params)
    m = beta1 * m + (1 - beta1) * grad  # (sophia-1)
    bound = xp.maximum(gamma * h, eps)
    step = xp.maximum(xp.minimum(m, bound), -bound) / bound
    params = params - lr * weight_decay * params  # (sophia-3)
    params = params - lr * step  # (sophia-4)
    return params, m


@elementwise
def _average(h, estimate, beta2):
    return beta2 * h + (1 - beta2) * estimate  # (sophia-2)


def update(
    params,
    state,
    grad,
    estimate=None,
    *,
    lr,
    beta1=0.96,
    beta2=0.99,
    gamma=0.01,
    eps=1e-12,
    weight_decay=0.2,
    donate=False,
):
    """One step of Sophia.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters theta.
    state : SophiaState
        From `init` or the last step.
    grad : array like `params`
        The gradient g at `params`.
    estimate : array like `params`, optional
        Estimate of the Hessian's diagonal at `params`, in the steps that are `due`: by `core.curvature.hutchinson`
        or `gauss_newton_bartlett`. Without one h stays.
    lr : float
        Step size eta > 0: what a clipped coordinate moves.
    beta1 : float in [0, 1), default: 0.96
        Rate at which m forgets.
    beta2 : float in [0, 1), default: 0.99
        Rate at which h forgets, per estimate and not per step.
    gamma : float, default: 0.01
        Scale > 0 of the curvature: the paper's choice for Hutchinson's estimator; 0.05 for Gauss-Newton-Bartlett.
    eps : float, default: 1e-12
        Floor > 0 of gamma h.
    weight_decay : float, default: 0.2
        Decoupled decay lambda >= 0.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : SophiaState
        For the next step; `win_rate` of it tells how many coordinates were not clipped.

    Raises
    ------
    TypeError, ValueError
        If `grad`, `estimate` or the state is not like `params`, something is not finite, or a
        hyper-parameter is out of range.

    Notes
    -----
    Equations (sophia-1) to (sophia-4) of the documentation; Algorithm 3 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> params = np.array([1.0, -2.0, 3.0])
    >>> rates = {"lr": 0.1, "gamma": 10.0, "weight_decay": 0.1}
    >>> params, state = update(params, init(params), np.array([-3.0, 4.0, 12.0]), np.array([0.0, -1.5, 5.0]), **rates)
    >>> params  # the last coordinate moved by 0.48 / 0.5 of a step, the others, without curvature, by a whole one
    array([ 1.09 , -2.08 ,  2.874])
    >>> state.m, state.h
    (array([-0.12,  0.16,  0.48]), array([ 0.   , -0.015,  0.05 ]))
    """
    check.instance(SophiaState, state=state)
    check.alike(params=params, grad=grad, m=state.m, h=state.h)
    lr, gamma, eps = check.positive(lr=lr, gamma=gamma, eps=eps)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    weight_decay = check.nonnegative(weight_decay=weight_decay)
    h = state.h
    if estimate is not None:
        check.like(params, estimate=estimate)
        check.finite(estimate=estimate)
        h = _average(h, estimate, beta2, donate=donate)
    params, m = _rule(params, state.m, h, grad, lr, beta1, gamma, eps, weight_decay, donate=donate)
    return params, SophiaState(m, h)


def due(t, *, k=10):
    """Whether an estimate is made and used in step t: steps 1, k + 1, 2 k + 1, ... do.

    Parameters
    ----------
    t : int
        >= 1. The step.
    k : int, default: 10
        >= 1. Steps from one estimate to the next.

    Returns
    -------
    bool
        Whether it is.

    Raises
    ------
    TypeError, ValueError
        If `t` or `k` is no integer >= 1.

    Notes
    -----
    Equation (sophia-5) of the documentation, also right for k = 1, where "t mod k = 1" never holds.

    Examples
    --------
    >>> [t for t in range(1, 10) if due(t, k=4)]
    [1, 5, 9]
    """
    t, k = check.integer(t=t, k=k, minimum=1)
    return (t - 1) % k == 0  # (sophia-5)


def win_rate(state, *, gamma=0.01, eps=1e-12):
    """Share of the coordinates that the last step did not clip; the paper's recipe tunes gamma until it is 0.1 to 0.5.

    Parameters
    ----------
    state : SophiaState
        As `update` returned it.
    gamma, eps : float
        As given to `update`.

    Returns
    -------
    array, 0-d
        In [0, 1].

    Raises
    ------
    TypeError, ValueError
        If `gamma` or `eps` is no number > 0, or an array of the state is not finite or not like the other.

    Notes
    -----
    Equation (sophia-6) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> float(win_rate(SophiaState(np.array([3.0, -3.0]), np.array([200.0, 400.0])), gamma=0.01))
    0.5
    """
    check.instance(SophiaState, state=state), check.alike(m=state.m, h=state.h)
    gamma, eps = check.positive(gamma=gamma, eps=eps)
    xp = array_namespace(state.m)
    return xp.mean(xp.astype(abs(state.m) < xp.maximum(gamma * state.h, eps), state.m.dtype))  # (sophia-6)


# The estimator of Sophia-G; that of Sophia-H is `core.curvature.hutchinson` ----------------------------------------


def sample_labels(logits, uniforms):
    """Labels from the model's own distribution, softmax(logits), by inversion of its distribution function.

    Parameters
    ----------
    logits : array [B, C], floating point
        The model's outputs, one row for each example (of a language model: each token).
    uniforms : array [B], like `logits`
        Draws from [0, 1).

    Returns
    -------
    array [B]
        Labels 0, ..., C - 1: integers.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, `logits` are not finite, or a draw is not in [0, 1).

    Notes
    -----
    Equation (sophia-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> sample_labels(np.log([[0.2, 0.3, 0.5]] * 3), np.array([0.19, 0.21, 0.99]))
    array([0, 1, 2])
    """
    check.finite(logits=logits), check.uniforms(uniforms=uniforms)
    check.shapes(logits=(logits, "B C"), uniforms=(uniforms, "B"))
    xp = array_namespace(logits)
    below = xp.cumulative_sum(softmax(logits, axis=1), axis=1)[:, :-1]
    return xp.count_nonzero(below <= uniforms[:, None], axis=1)  # (sophia-8)


def gauss_newton_bartlett(gradient, *, batch):
    """Estimate of the diagonal of the Gauss-Newton matrix from one gradient (Algorithm 2); never negative.

    Parameters
    ----------
    gradient : array, any shape, floating point
        Gradient of the *mean* cross-entropy over a batch, with labels that `sample_labels` drew: not the true ones,
        and not on top of the gradient of those.
    batch : int
        Number B >= 1 of examples in that batch (of a language model: tokens).

    Returns
    -------
    array like `gradient`
        Unbiased for the diagonal of the mean of J^T S J, S = diag(p) - p p^T.

    Raises
    ------
    TypeError, ValueError
        If `gradient` is not floating point or `batch` is no integer >= 1.

    Notes
    -----
    Equation (sophia-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> gauss_newton_bartlett(np.array([0.5, -0.1]), batch=3)
    array([0.75, 0.03])
    """
    check.finite(gradient=gradient)
    check.floating(gradient=gradient)
    return check.integer(batch=batch, minimum=1) * gradient * gradient  # (sophia-9)


# The driver -------------------------------------------------------------------------------------------------------


def minimize(grad, params, *, estimate, steps, lr, k=10, record=None, progress=None, **rates):
    """Take `steps` steps of Sophia down a function.

    Parameters
    ----------
    grad : callable
        ``grad(params) -> array like params``.
    params : array, any shape, floating point
        The start.
    estimate : callable
        ``estimate(params) -> array like params``, asked when `due`; its batch may be another than that of `grad`.
    steps : int
        >= 0.
    lr : float or callable
        Step size, or ``lr(t)`` for step t = 1, 2, ...
    k : int, default: 10
        As for `due`.
    record : callable, optional
        ``record(params, state) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        `beta1`, `beta2`, `gamma`, `eps`, `weight_decay` of `update`.

    Returns
    -------
    core.loop.Run
        Its `state` is the pair (params, SophiaState).

    Raises
    ------
    TypeError, ValueError
        As `update` and `due`.

    Examples
    --------
    >>> import numpy as np
    >>> curvature = np.array([1.0, 1e4])
    >>> rates = {"lr": 0.1, "gamma": 1.0, "k": 1, "beta1": 0.0, "beta2": 0.0, "weight_decay": 0.0}
    >>> run = minimize(lambda x: curvature * x, np.ones(2), estimate=lambda x: curvature, steps=60, **rates)
    >>> run.state[0]  # the same in both coordinates: the step does not know the scale
    array([0.00179701, 0.00179701])
    """

    check.function(grad=grad, estimate=estimate)

    def step(carry, t):
        params, state = carry
        seen = None
        if due(t, k=k):
            seen = estimate(params)
            check.like(params, estimate=seen)
        return update(params, state, grad(params), seen, lr=lr(t) if callable(lr) else lr, **rates)

    return iterate(
        step,
        (params, init(params)),
        steps=steps,
        record=record and (lambda carry: record(*carry)),
        progress=progress,
    )


# The algorithm of the theory ----------------------------------------------------------------------------------------


def clipped_newton(params, grad, hessian, *, rho, lr=0.5):
    """One step of Newton's method, clipped in the eigenbasis of the Hessian: the paper's theorem is about this.

    Parameters
    ----------
    params : array [d], floating point
        The parameters theta.
    grad : array [d], like `params`
        Gradient at `params`.
    hessian : array [d, d], of the dtype of `params`
        Hessian at `params`, symmetric and positive definite. If an eigenvalue is repeated its eigenvectors are not
        unique, and neither is the step where it is clipped.
    rho : float
        Bound > 0 on each coordinate of the Newton step; the theorem takes R / (2 sqrt(d)), where Hessians within a
        distance R differ by a factor of at most 2.
    lr : float, default: 0.5
        Step size eta > 0.

    Returns
    -------
    array [d]
        The parameters after the step.

    Raises
    ------
    TypeError, ValueError
        If arrays do not fit or are not finite, `hessian` is not symmetric or has an eigenvalue <= 0, or a number is not
        > 0.

    Notes
    -----
    Equation (sophia-10) of the documentation; Section 4 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> clipped_newton(np.array([3.0, 3.0]), np.array([3.0, 0.3]), np.diag([1.0, 100.0]), rho=0.1)
    array([2.95  , 2.9985])
    """
    check.like(params, grad=grad)
    check.finite(params=params, grad=grad, hessian=hessian)
    check.shapes(params=(params, "d"), hessian=(hessian, "d d"))
    rho, lr = check.positive(rho=rho, lr=lr)
    xp = array_namespace(params, hessian)
    if float(xp.max(abs(hessian - hessian.T))) > 1e-5 * float(xp.max(abs(hessian))):  # more than rounding
        raise ValueError("hessian must be symmetric")
    values, vectors = xp.linalg.eigh(hessian)
    if float(xp.min(values)) <= 0:
        raise ValueError(f"hessian must be positive definite, got the eigenvalue {float(xp.min(values)):g}")
    step = (vectors.T @ grad) / values
    return params - lr * (vectors @ xp.minimum(xp.maximum(step, -rho), rho))  # (sophia-10)
