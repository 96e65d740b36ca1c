"""Outliers with opposing signals (Rosenfeld and Risteski, 2024, arXiv:2311.04163).

Two groups of samples carry the same large feature and pull it in opposite ways. Training balances them in a valley that
grows ever steeper; when a step overshoots it, the loss of one group falls, that of the other leaps, and they swap.
"""

from typing import NamedTuple

from refimpl.core import check, tree
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.elementwise import elementwise
from refimpl.core.lanczos import lanczos, ritz
from refimpl.core.loop import iterate

# A. Finding the groups ----------------------------------------------------------------------------------------------


def changes(losses):
    """Change of each sample's loss in each step.

    Parameters
    ----------
    losses : array [T + 1, n], floating point
        Losses of n samples before the first step and after each of T >= 1 steps; finite.

    Returns
    -------
    array [T, n]
        Row t is what step t did, counted from 0.

    Raises
    ------
    TypeError, ValueError
        If `losses` is no such array.

    Notes
    -----
    Equation (opposing_signals-1) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> changes(np.array([[1.0, 1.0], [3.0, 0.5]]))
    array([[ 2. , -0.5]])
    """
    check.finite(losses=losses), _steps(losses)
    return losses[1:, :] - losses[:-1, :]  # (opposing_signals-1)


def _steps(losses):
    """The number T of steps."""
    check.shapes(losses=(losses, "T+1 n"))
    if losses.shape[0] < 2:
        raise ValueError(f"losses must have a row before and one after a step, got shape {tuple(losses.shape)}")
    return losses.shape[0] - 1


def identify(losses, t, *, k=None):
    """The samples whose loss rises most in step t, and those whose loss falls most.

    Parameters
    ----------
    losses : array [T + 1, n]
        As for `changes`.
    t : int
        The step, 0 to T - 1.
    k : int, optional
        Samples in each list, 1 to n; default: 2 % of n, at least 1.

    Returns
    -------
    up, down : array [k], int64
        Indices, the largest rise and the largest fall first; of equal changes the smaller index, in either list.

    Raises
    ------
    TypeError, ValueError
        As for `changes`, or if `t` or `k` is out of range.

    Notes
    -----
    Equations (opposing_signals-2) and (opposing_signals-3) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> identify(np.array([[1.0, 1.0, 1.0, 1.0], [3.0, 0.5, 1.0, 0.0]]), 0, k=2)
    (array([0, 2]), array([3, 1]))
    """
    steps, n, xp = _steps(losses), losses.shape[1], array_namespace(losses)
    t, k = check.integer(t=t), max(1, round(n / 50)) if k is None else check.integer(k=k, minimum=1)
    _below("t", t, steps), _below("k", k, n + 1)
    change = changes(losses[t : t + 2, :])[0, :]
    up = xp.argsort(-change, stable=True)[:k]  # (opposing_signals-2)
    down = xp.argsort(change, stable=True)[:k]  # (opposing_signals-3)
    return up, down


def _below(name, value, end):
    if value >= end:
        raise ValueError(f"{name} must be below {end}, got {value}")


def activity(losses):
    """The largest change of any loss in each step [T]; `losses` as for `changes`.

    Examples
    --------
    >>> import numpy as np
    >>> activity(np.array([[1.0, 1.0], [1.5, 0.0], [1.5, 0.25]]))
    array([1.  , 0.25])
    """
    xp = array_namespace(losses)
    return xp.max(xp.abs(changes(losses)), axis=1)  # (opposing_signals-4)


def gap(losses, up, down):
    """Mean loss of one group less that of another [T + 1]; `losses` as for `changes`, groups as from `identify`.

    Examples
    --------
    >>> import numpy as np
    >>> gap(np.array([[1.0, 1.0], [1.5, 0.0]]), np.array([0]), np.array([1]))
    array([0. , 1.5])
    """
    check.finite(losses=losses), check.shapes(losses=(losses, "T+1 n"))
    xp, mean = array_namespace(losses), {}
    for name, group in (("up", up), ("down", down)):
        check.shapes(**{name: (group, "k")}), check.integral(**{name: group})
        if int(xp.min(group)) < 0 or int(xp.max(group)) >= losses.shape[1]:
            raise ValueError(f"{name} must hold indices from 0 to {losses.shape[1] - 1}, got others")
        mean[name] = xp.mean(xp.take(losses, group, axis=1), axis=1)
    return mean["up"] - mean["down"]  # (opposing_signals-5)


def flips(series):
    """Share of the steps in which a series turns round: 1 for a see-saw, 0 for what only rises or only falls.

    Parameters
    ----------
    series : array [m], floating point
        At least three values, such as those of `gap`.

    Returns
    -------
    array, shape ()
        In [0, 1], out of m - 2 steps.

    Raises
    ------
    TypeError, ValueError
        If `series` is no such array or not finite.

    Notes
    -----
    Equation (opposing_signals-6) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> flips(np.array([0.0, 2.0, -1.0, 3.0, 4.0]))
    np.float64(0.666...)
    """
    check.finite(series=series), check.shapes(series=(series, "m"))
    if series.shape[0] < 3:
        raise ValueError(f"series must have three values at least, got {series.shape[0]}")
    xp, step = array_namespace(series), series[1:] - series[:-1]
    turned = xp.sign(step[1:]) * xp.sign(step[:-1]) < 0
    return xp.mean(xp.astype(turned, series.dtype))  # (opposing_signals-6)


def swap_share(losses, t, *, k=None):
    """Shares of the groups of step t that have changed roles in step t + 1.

    Parameters
    ----------
    losses, k
        As for `identify`.
    t : int
        0 to T - 2.

    Returns
    -------
    array [2]
        The share of `up` that is in `down` of the next step, and of `down` that is in its `up`. By chance: k / n.

    Raises
    ------
    TypeError, ValueError
        As by `identify`.

    Notes
    -----
    Equation (opposing_signals-7) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> swap_share(np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0], [1.0, 0.5, 2.0]]), 0, k=1)
    array([1., 0.])
    """
    _below("t", check.integer(t=t), _steps(losses) - 1)
    up, down = identify(losses, t, k=k)
    next_up, next_down = identify(losses, t + 1, k=k)
    xp = array_namespace(losses)
    pairs = xp.stack([up[:, None] == next_down[None, :], down[:, None] == next_up[None, :]])
    return xp.sum(xp.astype(pairs, losses.dtype), axis=(1, 2)) / up.shape[0]  # (opposing_signals-7)


# B. A linear network of two layers ----------------------------------------------------------------------------------


class Model(NamedTuple):
    """f(x, x_o) = c (b^T x + b_o^T x_o); its gradients are of the same kind."""

    b: Array  # [d1] weights of the ordinary features
    b_o: Array  # [d2] weights of the opposing feature
    c: Array  # [] second layer


def init(b, b_o, c):
    """A model of given weights.

    Parameters
    ----------
    b, b_o : array [d1], array [d2]
        First layer; floating point, finite.
    c : float
        Second layer, finite.

    Returns
    -------
    Model
        c as an array of shape (), of dtype and device of `b`.

    Raises
    ------
    TypeError, ValueError
        If something is no such array or number.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.ones(2), np.zeros(1), 0.5)
    Model(b=array([1., 1.]), b_o=array([0.]), c=array(0.5))
    """
    check.shapes(b=(b, "d1"), b_o=(b_o, "d2")), check.finite(b=b, b_o=b_o), check.alike_dtype(b=b, b_o=b_o)
    return Model(b, b_o, array_namespace(b).asarray(check.number(c=c), dtype=b.dtype, device=device(b)))


def data(x, signs, beta, *, alpha, p, d2):
    """Outliers and targets to given ordinary features.

    Parameters
    ----------
    x : array [n, d1], floating point
        Ordinary features, drawn with mean 0 and covariance 1.
    signs : array [n]
        1 or -1 for the two groups, 0 for all other samples.
    beta : array [d1]
        Weights of the target.
    alpha : float
        Power of the opposing feature, > 0: the top eigenvalue of E[x_o x_o^T], whatever `p` is.
    p : float
        In (0, 1]: the probability of an outlier, both signs together.
    d2 : int
        Coordinates of the opposing feature, >= 1.

    Returns
    -------
    x_o : array [n, d2]
        Rows of zeros but for the outliers, the larger the rarer.
    y : array [n]
        Targets: the feature enters by its size, so that its sign is of no use.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a sign is something else, or a number is out of range.

    Notes
    -----
    Equations (opposing_signals-8) and (opposing_signals-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> data(np.array([[1.0], [2.0]]), np.array([0.0, -1.0]), np.ones(1), alpha=2.0, p=0.5, d2=1)
    (array([[ 0.],
           [-2.]]), array([1., 4.]))
    """
    check.shapes(x=(x, "n d1"), signs=(signs, "n"), beta=(beta, "d1"))
    check.finite(x=x, signs=signs, beta=beta), check.alike_dtype(x=x, signs=signs, beta=beta)
    alpha, p, d2 = check.positive(alpha=alpha), check.share(p=p), check.integer(d2=d2, minimum=1)
    xp = array_namespace(x)
    if not bool(xp.all(signs == xp.sign(signs))):
        raise ValueError("signs must be -1, 0 or 1, got other numbers")
    ones = xp.ones((1, d2), dtype=x.dtype, device=device(x))
    x_o = (alpha / (p * d2)) ** 0.5 * signs[:, None] * ones  # (opposing_signals-8)
    y = x @ beta + xp.abs(xp.sum(x_o, axis=1)) / d2**0.5  # (opposing_signals-9)
    return x_o, y


def population(model, beta, *, alpha):
    """Loss over the population, without its constant alpha / 2, and its gradient.

    Parameters
    ----------
    model : Model
        From `init` or a step.
    beta : array [d1]
        Weights of the target.
    alpha : float
        Power >= 0 of the opposing feature; 0 where there is none.

    Returns
    -------
    loss : array, shape ()
        Half the squared error of the ordinary features, and half the power of what the net makes of the others.
    gradient : Model
        Its derivatives.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, something is not finite, or `alpha` is out of range.

    Notes
    -----
    Equations (opposing_signals-10) to (opposing_signals-14) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> loss, gradient = population(init(np.array([1.0]), np.array([0.5]), 2.0), np.array([3.0]), alpha=4.0)
    >>> loss, gradient.b, gradient.b_o, gradient.c
    (np.float64(2.5), array([-2.]), array([8.]), np.float64(1.0))
    """
    check.instance(Model, model=model)
    b, b_o, c = _checked(model, beta=beta)
    alpha, xp = check.nonnegative(alpha=alpha), array_namespace(b)
    u = xp.ones_like(b_o) / b_o.shape[0] ** 0.5
    s = u @ b_o  # (opposing_signals-10)
    error = c * b - beta
    loss = 0.5 * (error @ error) + 0.5 * alpha * (c * s) ** 2  # (opposing_signals-11)
    grad_b = c * error  # (opposing_signals-12)
    grad_b_o = c * c * alpha * s * u  # (opposing_signals-13)
    grad_c = b @ error + alpha * c * s * s  # (opposing_signals-14)
    return loss, Model(grad_b, grad_b_o, grad_c)


def _checked(model, of="", **features):
    """The model, if b, b_o and c fit each other and vectors of the ordinary features."""
    b, b_o, c = (f"{name}{of}" for name in Model._fields)
    arrays = {b: model.b, b_o: model.b_o, **features}
    check.shapes(**{name: (value, "d2" if name == b_o else "d1") for name, value in arrays.items()})
    check.finite(**arrays), check.alike_dtype(**arrays)
    found = model._replace(c=check.number(**{c: model.c}))
    if is_array(found.c):
        check.alike_dtype(**{b: found.b, c: found.c})
    return found


def hessian(model, beta, *, alpha):
    """Hessian of the population's loss, in the order b, b_o, c.

    Parameters
    ----------
    model, beta, alpha
        As for `population`.

    Returns
    -------
    array [d1 + d2 + 1, d1 + d2 + 1]
        Symmetric. Its largest eigenvalue is the sharpness.

    Raises
    ------
    TypeError, ValueError
        As by `population`.

    Notes
    -----
    Equation (opposing_signals-15) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> hessian(init(np.array([1.0]), np.array([0.5]), 2.0), np.array([3.0]), alpha=4.0)
    array([[ 4.,  0.,  1.],
           [ 0., 16.,  8.],
           [ 1.,  8.,  2.]])
    """
    check.instance(Model, model=model)
    b, b_o, c = _checked(model, beta=beta)
    alpha, xp = check.nonnegative(alpha=alpha), array_namespace(b)
    u = xp.ones_like(b_o) / b_o.shape[0] ** 0.5
    s = u @ b_o
    bb = c * c * xp.eye(b.shape[0], dtype=b.dtype, device=device(b))
    oo = c * c * alpha * u[:, None] * u[None, :]
    bo = xp.zeros_like(b)[:, None] * u[None, :]
    bc = (2 * c * b - beta)[:, None]
    oc = (2 * alpha * c * s * u)[:, None]
    cc = xp.reshape(b @ b + alpha * s * s, (1, 1))
    rows = [bb, bo, bc], [bo.T, oo, oc], [bc.T, oc.T, cc]
    return xp.concat([xp.concat(row, axis=1) for row in rows], axis=0)  # (opposing_signals-15)


def sample(model, x, x_o, y):
    """Losses of given samples, and the gradient of their mean.

    Parameters
    ----------
    model : Model
        From `init` or a step.
    x, x_o, y : array [n, d1], array [n, d2], array [n]
        Samples, as from `data`; finite.

    Returns
    -------
    losses : array [n]
        Half the squared errors.
    gradient : Model
        Of their mean.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or something is not finite.

    Notes
    -----
    Equations (opposing_signals-16) and (opposing_signals-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> model = init(np.array([1.0]), np.array([0.5]), 2.0)
    >>> sample(model, np.array([[1.0]]), np.array([[-2.0]]), np.array([3.0]))
    (array([4.5]), Model(b=array([-6.]), b_o=array([12.]), c=np.float64(0.0)))
    """
    check.instance(Model, model=model)
    b, b_o, c = _checked(model)
    check.shapes(b=(b, "d1"), b_o=(b_o, "d2"), x=(x, "n d1"), x_o=(x_o, "n d2"), y=(y, "n"))
    check.finite(x=x, x_o=x_o, y=y), check.alike_dtype(b=b, x=x, x_o=x_o, y=y)
    hidden, n = x @ b + x_o @ b_o, y.shape[0]
    error = c * hidden - y
    losses = 0.5 * error * error  # (opposing_signals-16)
    return losses, Model(c * (error @ x) / n, c * (error @ x_o) / n, error @ hidden / n)  # (opposing_signals-17)


def step(model, gradient, *, eta):
    """A step of gradient descent.

    Parameters
    ----------
    model, gradient : Model
        Where it starts, and the gradient there.
    eta : float
        Step size > 0.

    Returns
    -------
    Model
        After the step.

    Raises
    ------
    TypeError, ValueError
        If the two do not fit, something is not finite, or `eta` is out of range.

    Notes
    -----
    Equation (opposing_signals-18) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> step(init(np.ones(1), np.ones(1), 1.0), init(np.ones(1), np.zeros(1), 2.0), eta=0.5)
    Model(b=array([0.5]), b_o=array([1.]), c=array(0.))
    """
    check.instance(Model, model=model)
    check.instance(Model, gradient=gradient)
    model, gradient = _checked(model), _checked(gradient, of=" of gradient")
    eta, xp = check.positive(eta=eta), array_namespace(model.b)
    check.like(model.b, **{"b of gradient": gradient.b}), check.like(model.b_o, **{"b_o of gradient": gradient.b_o})
    like = {"dtype": model.b.dtype, "device": device(model.b)}
    return tree.map(lambda w, g: xp.asarray(w - eta * g, **like), model, gradient)  # (opposing_signals-18)


def group_losses(model, beta, *, alpha, p):
    """Mean loss over all samples of either sign [2], that of + first; arguments as for `population` and `data`.

    Examples
    --------
    >>> import numpy as np
    >>> group_losses(init(np.array([1.0]), np.array([0.5]), 1.0), np.array([1.0]), alpha=1.0, p=0.5)
    array([0.25, 2.25])
    """
    check.instance(Model, model=model)
    b, b_o, c = _checked(model, beta=beta)
    alpha, p, xp = check.positive(alpha=alpha), check.share(p=p), array_namespace(b)
    u, error = xp.ones_like(b_o) / b_o.shape[0] ** 0.5, c * b - beta
    used = c * (u @ b_o)
    return 0.5 * (error @ error) + alpha / (2 * p) * xp.stack([1 - used, 1 + used]) ** 2  # (opposing_signals-19)


def descend(model, loss_and_gradient, *, steps, eta, record=None, stop=None, progress=None):
    """Gradient descent with steps of a fixed size.

    Parameters
    ----------
    model : Model
        Start.
    loss_and_gradient : callable
        ``loss_and_gradient(model)``, such as `population` or `sample` with the rest of their arguments filled in.
    steps : int
        >= 0.
    eta : float
        As for `step`.
    record, stop, progress
        As for `core.loop.iterate`, of the pair (model, what `loss_and_gradient` said of it).

    Returns
    -------
    core.loop.Run
        Its `state` is that pair.

    Raises
    ------
    TypeError, ValueError
        As by `step` and `loss_and_gradient`; a run that diverges ends in one.

    Examples
    --------
    >>> import numpy as np
    >>> start, beta = init(np.array([1.0]), np.array([1.0]), 1.0), np.array([2.0])
    >>> run = descend(start, lambda model: population(model, beta, alpha=1.0), steps=100, eta=0.1)
    >>> model, _ = run.state
    >>> (model.c * model.b).round(6), abs(model.b_o).round(6)
    (array([2.]), array([0.]))
    """
    check.instance(Model, model=model), check.function(loss_and_gradient=loss_and_gradient)
    eta = check.positive(eta=eta)

    def told(at):
        loss, gradient = check.results(2, loss_and_gradient=loss_and_gradient(at))
        check.values(**{"loss of loss_and_gradient": loss})
        check.instance(Model, **{"gradient of loss_and_gradient": gradient})
        return loss, gradient

    def advance(state, _):
        moved = step(state[0], state[1][1], eta=eta)
        return moved, told(moved)

    start = model, told(model)
    return iterate(advance, start, steps=steps, record=record, stop=stop, progress=progress)


def flow(model, beta, *, alpha, dt, steps, record=None):
    """Gradient flow on the population's loss, by the classical rule of Runge and Kutta.

    Parameters
    ----------
    model, beta, alpha
        As for `population`.
    dt : float
        Time of a step, > 0; well below 2.7 over the largest sharpness on the way.
    steps : int
        >= 0.
    record : callable, optional
        ``record(model) -> dict``, collected in the history.

    Returns
    -------
    core.loop.Run
        Its `state` is the model at the time ``dt * steps``.

    Raises
    ------
    TypeError, ValueError
        As by `population`, or if `dt` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> start, beta = init(np.array([1.0]), np.array([1.0]), 1.0), np.array([2.0])
    >>> model = flow(start, beta, alpha=1.0, dt=0.05, steps=400).state
    >>> round(float(model.c**2), 6)  # (C + sqrt(C^2 + 4 |beta|^2)) / 2, with C = c^2 - |b|^2 - s^2 = -1
    1.561553
    """
    check.instance(Model, model=model), _checked(model, beta=beta)
    dt, slope = check.positive(dt=dt), lambda at: population(at, beta, alpha=alpha)[1]

    def advance(at, _):
        first = slope(at)
        second = slope(step(at, first, eta=dt / 2))
        third = slope(step(at, second, eta=dt / 2))
        fourth = slope(step(at, third, eta=dt))
        mean = tree.map(lambda p, q, r, s: (p + 2 * (q + r) + s) / 6, first, second, third, fourth)
        return step(at, mean, eta=dt)

    return iterate(advance, model, steps=steps, record=record)


def sharpness(product, start, *, steps=20):
    """Largest eigenvalue of a Hessian, by the method of Lanczos.

    Parameters
    ----------
    product : callable
        ``product(v)`` is the Hessian times v: ``lambda v: autodiff.hvp(loss, params, v)``.
    start : array [P]
        A random vector.
    steps : int, default: 20
        Products at most, >= 1.

    Returns
    -------
    array, shape ()
        A lower bound on it. Negative eigenvalues do not count, however large.

    Raises
    ------
    TypeError, ValueError
        As by `core.lanczos.lanczos`.

    Examples
    --------
    >>> import numpy as np
    >>> sharpness(lambda v: np.array([2.0, -3.0]) * v, np.ones(2)).round(6)
    np.float64(2.0)
    """
    check.function(product=product)
    return ritz(lanczos(product, start, steps=steps))[0][-1]


def crossing(series, *, eta):
    """The first step after the minimum of the sharpness at which gradient descent with step size eta is unstable.

    Parameters
    ----------
    series : array [T], floating point
        Sharpness at each step; finite.
    eta : float
        Step size > 0.

    Returns
    -------
    int
        Its number, counted from 0; -1 if there is none. What lies above 2 / eta before the minimum does not count.

    Raises
    ------
    TypeError, ValueError
        If `series` is no such array, or `eta` is out of range.

    Notes
    -----
    Equation (opposing_signals-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> crossing(np.array([9.0, 5.0, 3.0, 6.0, 8.0]), eta=0.3)  # 2 / 0.3 = 6.7
    4
    """
    check.finite(series=series), check.shapes(series=(series, "T"))
    eta, xp = check.positive(eta=eta), array_namespace(series)
    low = int(xp.argmin(series))
    above = series[low + 1 :] > 2 / eta  # (opposing_signals-20)
    return low + 1 + int(xp.argmax(xp.astype(above, xp.int64))) if bool(xp.any(above)) else -1


# C. One valley ------------------------------------------------------------------------------------------------------


@elementwise
def _valley(c, s, alpha, eta):
    calmer = c - eta * alpha * c * s * s  # (opposing_signals-21)
    across = s - eta * alpha * c * c * s  # (opposing_signals-22)
    return calmer, across


def valley(c, s, *, alpha, eta):
    """A step of gradient descent across one valley, ``alpha (c s)^2 / 2``: model B with b where it should be.

    Parameters
    ----------
    c, s : array, any shape
        Second layer, which makes the valley steep, and place across it. Each entry is a valley by itself.
    alpha, eta : float
        Power of the feature and step size, > 0.

    Returns
    -------
    c, s : array
        After the step, both moved from the old point.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike or not finite, or a number is out of range.

    Notes
    -----
    Equations (opposing_signals-21) and (opposing_signals-22) of the documentation.

    Examples
    --------
    With eta alpha c^2 = 3 the valley is too steep: s changes its sign and doubles, and c falls:

    >>> import numpy as np
    >>> valley(np.array([1.0]), np.array([0.25]), alpha=3.0, eta=1.0)
    (array([0.8125]), array([-0.5]))
    """
    check.like(c, s=s), check.finite(c=c, s=s)
    alpha, eta = check.positive(alpha=alpha, eta=eta)
    return _valley(c, s, alpha, eta)


# D. The optimizers of the case study --------------------------------------------------------------------------------


class OptimizerState(NamedTuple):
    """What `sgdm`, `adam` and `split_sgd` carry from step to step."""

    m: Array  # [P] average of the gradients
    v: Array  # [P] average of their squares, of `adam` alone
    steps: int  # taken so far


def optimizer_init(theta):
    """State at rest: zeros like `theta`, which is a floating-point array of any shape.

    Examples
    --------
    >>> import numpy as np
    >>> optimizer_init(np.ones(2))
    OptimizerState(m=array([0., 0.]), v=array([0., 0.]), steps=0)
    """
    check.floating(theta=theta)
    xp = array_namespace(theta)
    return OptimizerState(xp.zeros_like(theta), xp.zeros_like(theta), 0)


def _average(m, grad, beta1, dampening, correction):
    """The average of the gradients, and the same corrected for its start at 0."""
    m = beta1 * m + (1 - dampening) * grad  # (opposing_signals-23)
    return m, m / correction  # (opposing_signals-24)


@elementwise
def _sgdm(theta, m, grad, lr, beta1, dampening, correction):
    m, m_hat = _average(m, grad, beta1, dampening, correction)
    theta = theta - lr * m_hat  # (opposing_signals-25)
    return theta, m


@elementwise
def _adam(theta, m, v, grad, lr, beta1, beta2, eps, correction1, correction2):
    m, m_hat = _average(m, grad, beta1, beta1, correction1)
    v = beta2 * v + (1 - beta2) * grad * grad  # (opposing_signals-26)
    theta = theta - lr * m_hat / (array_namespace(theta).sqrt(v / correction2) + eps)  # (opposing_signals-27)
    return theta, m, v


@elementwise
def _split_sgd(theta, m, grad, lr, lr_sign, r, beta1, dampening, correction):
    xp = array_namespace(theta)
    m, m_hat = _average(m, grad, beta1, dampening, correction)
    masked = xp.abs(m_hat) >= r  # (opposing_signals-28)
    theta = theta - xp.where(masked, lr_sign * xp.sign(m_hat), lr * m_hat)  # (opposing_signals-29)
    return theta, m


def sgdm(theta, state, grad, *, lr, beta1=0.9, dampening=None):
    """A step of SGD with momentum, dampened and corrected for its start at 0; beta1 = 0 is SGD.

    Parameters
    ----------
    theta : array, any shape, floating point
        Parameters.
    state : OptimizerState
        From `optimizer_init` or the last step.
    grad : array like `theta`
        Gradient at `theta`.
    lr : float
        Step size > 0.
    beta1 : float in [0, 1), default: 0.9
        Rate at which the average forgets.
    dampening : float in [0, 1), optional
        The new gradient has the weight 1 - dampening; default: `beta1`.

    Returns
    -------
    theta : array
        After the step.
    state : OptimizerState
        For the next one.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike, something is not finite, or a number is out of range.

    Notes
    -----
    Equations (opposing_signals-23) to (opposing_signals-25) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> sgdm(np.zeros(1), optimizer_init(np.zeros(1)), np.array([3.0]), lr=0.5)[0]
    array([-1.5])
    """
    check.instance(OptimizerState, state=state)
    lr, beta1, dampening, t = _settings(theta, state, grad, lr, beta1, dampening)
    theta, m = _sgdm(theta, state.m, grad, lr, beta1, dampening, 1 - dampening**t)
    return theta, OptimizerState(m, state.v, t)


def adam(theta, state, grad, *, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """A step of Adam (Kingma and Ba, 2015); arguments and results as for `sgdm`.

    `beta2` in [0, 1) is the rate of the second average, `eps` > 0 stands beside its root. Equations
    (opposing_signals-23), (opposing_signals-24), (opposing_signals-26) and (opposing_signals-27) of the documentation.

    Examples
    --------
    After a long quiet time a spike makes the same step, however high it is:

    >>> import numpy as np
    >>> quiet = OptimizerState(np.zeros(2), np.zeros(2), 20_000)
    >>> adam(np.zeros(2), quiet, np.array([10.0, 1000.0]), lr=1.0)[0].round(4)
    array([-3.1623, -3.1623])
    """
    check.instance(OptimizerState, state=state)
    lr, beta1, _, t = _settings(theta, state, grad, lr, beta1, beta1)
    beta2, eps = check.fraction(beta2=beta2), check.positive(eps=eps)
    theta, m, v = _adam(theta, state.m, state.v, grad, lr, beta1, beta2, eps, 1 - beta1**t, 1 - beta2**t)
    return theta, OptimizerState(m, v, t)


def split_sgd(theta, state, grad, *, lr, lr_sign, r, beta1=0.9, dampening=None):
    """A step of SplitSGD: momentum where it is small, its sign where it is large; else as for `sgdm`.

    Parameters
    ----------
    theta, state, grad, lr, beta1, dampening
        As for `sgdm`.
    lr_sign : float
        Length > 0 of the step in coordinates whose corrected momentum has at least the size `r`.
    r : float
        Threshold >= 0, such that few coordinates reach it. 0 is signed momentum, a very large one is `sgdm`.

    Returns
    -------
    theta, state
        As by `sgdm`.

    Raises
    ------
    TypeError, ValueError
        As by `sgdm`.

    Notes
    -----
    Equations (opposing_signals-23), (opposing_signals-24), (opposing_signals-28), (opposing_signals-29) of the
    documentation.

    Examples
    --------
    >>> import numpy as np
    >>> grad = np.array([0.5, -40.0])
    >>> split_sgd(np.zeros(2), optimizer_init(np.zeros(2)), grad, lr=0.5, lr_sign=0.125, r=1.0)[0]
    array([-0.25 ,  0.125])
    """
    check.instance(OptimizerState, state=state)
    lr, beta1, dampening, t = _settings(theta, state, grad, lr, beta1, dampening)
    lr_sign, r = check.positive(lr_sign=lr_sign), check.nonnegative(r=r)
    theta, m = _split_sgd(theta, state.m, grad, lr, lr_sign, r, beta1, dampening, 1 - dampening**t)
    return theta, OptimizerState(m, state.v, t)


def _settings(theta, state, grad, lr, beta1, dampening):
    """What the three have in common, checked; and the number of this step."""
    check.alike(theta=theta, grad=grad, m=state.m, v=state.v)
    check.no_negative(v=state.v)
    lr, beta1 = check.positive(lr=lr), check.fraction(beta1=beta1)
    dampening = beta1 if dampening is None else check.fraction(dampening=dampening)
    return lr, beta1, dampening, check.integer(steps=state.steps) + 1
