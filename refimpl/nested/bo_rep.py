"""BO-REP, bilevel optimization under unbounded smoothness (Hao et al., 2024, arXiv:2401.09587, Algorithm 1).

Steps of a fixed length in the upper variable are safe however fast its gradient grows, and they move the minimizer of
the lower problem by little: it is found once with care, then refreshed by a short burst every few steps.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.linalg import project_ball, unit
from refimpl.core.loop import iterate


class BORepState(NamedTuple):
    """What BO-REP carries from step to step, beside the upper variable x."""

    y: Array  # [p] or any shape: the lower variable, near the minimizer of g(x, .)
    z: Array  # like y: estimate of the Hessian's inverse times the gradient of f in y
    m: Array  # like x: running average of the hyper-gradients


class Upper(NamedTuple):
    """What a step of the upper level is fed with, at one (x, y) and for the samples drawn there."""

    grad_x: Array  # like x: gradient of F in x
    grad_y: Array  # like y: gradient of F in y
    hvp: Callable  # z -> the Hessian of G in y times z, like y
    cross: Callable  # z -> the cross derivative of G, in x and y, times z, like x


def init(x, y, z=None):
    """State before the first step: no momentum.

    Parameters
    ----------
    x, y : array
        Upper and lower variable, of any shapes, floating point.
    z : array like `y`, optional
        Start of z; default: zero.

    Returns
    -------
    BORepState
        See there.

    Raises
    ------
    TypeError, ValueError
        If something is no such array or not finite, or `z` is not like `y`.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.ones(2), np.ones(3)).z
    array([0., 0., 0.])
    """
    check.finite(x=x, y=y)
    z = array_namespace(y).zeros_like(y) if z is None else z
    check.like(y, z=z)
    check.finite(z=z)
    return BORepState(y, z, array_namespace(x).zeros_like(x))


def update(x, state, upper, *, eta, beta=0.9, nu=0.01):
    """One step of the upper variable, of length `eta`, at a given y.

    Parameters
    ----------
    x : array
        Upper variable, finite.
    state : BORepState
        From `init` or the last step; its y is where `upper` was taken.
    upper : Upper
        Gradients of F and products with second derivatives of G, of the samples drawn for this step.
    eta : float
        Length of the step, > 0.
    beta : float in [0, 1), default: 0.9
        Memory of the momentum.
    nu : float, default: 0.01
        Step of z, > 0; below 2 over the largest eigenvalue of the Hessian.

    Returns
    -------
    x : array
        After the step; unmoved if the momentum is exactly 0.
    state : BORepState
        With new z and m, and the same y.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike, a gradient is not finite, or a number is out of range.

    Notes
    -----
    Equations (bo_rep-2) to (bo_rep-5) of the documentation; Algorithm 1. Both products are with the old z.

    Examples
    --------
    g = (y - 2 x)^2, f = x + y at y = 2 x, so that the hyper-gradient is 1 + 2:

    >>> import numpy as np
    >>> x, one = np.array([0.5]), np.ones(1)
    >>> upper = Upper(one, one, lambda z: 2 * z, lambda z: -4 * z)
    >>> x, state = update(x, init(x, 2 * x, z=np.array([0.5])), upper, eta=0.1, beta=0.5)
    >>> x, state.z, state.m
    (array([0.4]), array([0.5]), array([1.5]))
    """
    check.fields(BORepState, state=state), check.fields(Upper, upper=upper)
    grad_x, grad_y, hvp, cross = upper
    eta, beta, nu = check.positive(eta=eta), check.fraction(beta=beta), check.positive(nu=nu)
    check.alike(x=x, grad_x=grad_x, m=state.m)
    check.alike(y=state.y, grad_y=grad_y, z=state.z)
    curved, crossed = hvp(state.z), cross(state.z)
    check.alike(y=state.y, hvp=curved), check.alike(x=x, cross=crossed)
    z = state.z - nu * (curved - grad_y)  # (bo_rep-2)
    h = grad_x - crossed  # (bo_rep-3)
    m = beta * state.m + (1 - beta) * h  # (bo_rep-4)
    x = x - eta * unit(m)  # (bo_rep-5)
    return x, BORepState(state.y, z, m)


def lower_update(y, grad, *, steps, alpha, radius=math.inf):
    """A burst of projected SGD on the lower problem; the ball stays where the burst began.

    Parameters
    ----------
    y : array
        Start, and centre of the ball; finite.
    grad : callable
        ``grad(y, t) -> array`` like `y`, the stochastic gradient of sample t = 0, ..., steps - 1.
    steps : int
        N >= 1.
    alpha : float
        Step size > 0.
    radius : float, default: infinity
        R > 0. It must cover the error of y and how far the minimizer has moved since the last burst.

    Returns
    -------
    array
        The last iterate, like `y`.

    Raises
    ------
    TypeError, ValueError
        If a gradient is not like `y` or not finite, or a number is out of range.

    Notes
    -----
    Equation (bo_rep-6) of the documentation; Algorithm 2.

    Examples
    --------
    >>> import numpy as np
    >>> lower_update(np.array([4.0]), lambda y, t: y, steps=3, alpha=0.5, radius=2.5)
    array([1.5])
    """
    check.function(grad=grad)
    check.finite(y=y)
    steps, alpha = check.integer(steps=steps, minimum=1), check.positive(alpha=alpha)
    radius = check.positive(radius=radius, infinite=True)
    center = y
    for t in range(steps):
        y = project_ball(y - alpha * _gradient(grad, y, t), center, radius)  # (bo_rep-6)
    return y


def _gradient(grad, y, t):
    """A gradient of the lower level, checked."""
    gradient = grad(y, t)
    check.like(y, grad=gradient)
    check.finite(grad=gradient)
    return gradient


def epoch_sgd(y, grad, *, epochs, first, alpha, radius):
    """Epoch-SGD with shrinking balls: twice as many steps half as long in each epoch, from the average of the last.

    Parameters
    ----------
    y : array
        Start; finite.
    grad : callable
        ``grad(y, t) -> array`` like `y`, the stochastic gradient of sample t = 0, ..., (2^S - 1) T_0 - 1.
    epochs : int
        S >= 0; 0 gives back `y`.
    first : int
        T_0 >= 1, steps of the first epoch.
    alpha : float
        Step size > 0 of the first epoch.
    radius : float
        D_0 > 0, of the first ball: at least the distance of `y` from the minimizer. Infinity for no balls.

    Returns
    -------
    array
        The average of the last epoch, like `y`.

    Raises
    ------
    TypeError, ValueError
        If a gradient is not like `y` or not finite, or a number is out of range.

    Notes
    -----
    Equations (bo_rep-8) to (bo_rep-10) of the documentation; after Hazan and Kale (2014), as the paper cites it.

    Examples
    --------
    >>> import numpy as np
    >>> epoch_sgd(np.array([4.0]), lambda y, t: y, epochs=2, first=1, alpha=0.5, radius=8.0)  # 2, then 1.5 and 1.125
    array([1.3125])
    """
    check.function(grad=grad)
    check.finite(y=y)
    epochs, first = check.integer(epochs=epochs), check.integer(first=first, minimum=1)
    radius = check.positive(radius=radius, infinite=True)
    alpha, t = check.positive(alpha=alpha), 0
    for s in range(epochs):
        center, total, steps = y, array_namespace(y).zeros_like(y), first * 2**s
        step, reach = alpha / 2**s, radius / 2 ** (s / 2)  # (bo_rep-8)
        for _ in range(steps):
            y = project_ball(y - step * _gradient(grad, y, t), center, reach)  # (bo_rep-9)
            total, t = total + y, t + 1
        y = total / steps  # (bo_rep-10)
    return y


def _at(lower, x, seen=0):
    """The gradients of the lower level at one x, from sample `seen` on."""

    def grad(y, t):
        gradient = lower(x, y, seen + t)
        check.alike(y=y, **{"what lower returns": gradient})
        return gradient

    return grad


def minimize(
    x, y, lower, upper, *, steps, eta, beta=0.9, nu=0.01, alpha=0.05, period=2, burst=10, radius=math.inf,
    epochs=4, first=50, alpha0=0.2, radius0=math.inf, z=None, record=None, stop=None, progress=None,
):  # fmt: skip
    """Minimize f(x, y*(x)) over x, where y*(x) minimizes g(x, y), by BO-REP.

    Parameters
    ----------
    x, y : array
        Start of the upper and the lower variable.
    lower : callable
        ``lower(x, y, t) -> array`` like `y`: the gradient of G in y at sample t = 0, 1, ..., of refinement and bursts.
    upper : callable
        ``upper(x, y, k) -> Upper``, at the samples of step k = 0, 1, ...
    steps : int
        K >= 0.
    eta, beta, nu
        As for `update`.
    alpha : float
        Step size of the bursts.
    period : int, default: 2
        I >= 1: a burst comes before the steps I, 2 I, ...
    burst : int, default: 10
        N >= 1, steps of a burst.
    radius : float, default: infinity
        R, of the ball of a burst.
    epochs, first, alpha0, radius0
        S, T_0, step size and D_0 of the refinement of `y` before the first step, as for `epoch_sgd`.
    z
        As for `init`.
    record, stop : callable, optional
        ``record(x, state) -> dict``, collected at the start and after each step, and ``stop(x, state) -> bool``.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    x : array
        After the last step.
    run : core.loop.Run
        Its `state` is the pair (x, BORepState).

    Raises
    ------
    TypeError, ValueError
        As those functions, or if `period` or `burst` is no integer >= 1.

    Examples
    --------
    g = (y - x)^2 / 2, f = x^2 / 2 + y, so that the minimum is at x = -1:

    >>> import numpy as np
    >>> upper = lambda x, y, k: Upper(x, np.ones(1), lambda z: z, lambda z: -z)
    >>> x, run = minimize(
    ...     np.array([4.0]), np.zeros(1), lambda x, y, t: y - x, upper, steps=600, eta=0.01, nu=0.5, alpha=0.2
    ... )
    >>> x.round(1), abs(run.state[1].y - x).round(1)
    (array([-1.]), array([0.]))
    """
    check.function(lower=lower, upper=upper)
    check.finite(x=x)
    period, burst = check.integer(period=period, minimum=1), check.integer(burst=burst, minimum=1)
    y = epoch_sgd(y, _at(lower, x), epochs=epochs, first=first, alpha=alpha0, radius=radius0)
    used = (2**epochs - 1) * first

    def step(carry, k):
        x, state = carry
        y, k = state.y, k - 1
        if k > 0 and k % period == 0:  # (bo_rep-7)
            seen = used + (k // period - 1) * burst
            y = lower_update(y, _at(lower, x, seen), steps=burst, alpha=alpha, radius=radius)
        return update(x, state._replace(y=y), upper(x, y, k), eta=eta, beta=beta, nu=nu)

    note, halt = record and (lambda carry: record(*carry)), stop and (lambda carry: stop(*carry))
    run = iterate(step, (x, init(x, y, z)), steps=steps, record=note, stop=halt, progress=progress)
    return run.state[0], run
