"""SSO, target-based surrogate optimization (Lavington et al., 2023, arXiv:2302.02607, Algorithms 1 and 2).

The loss is a dear function of the targets, and these are a cheap function of the parameters. Ask once for the gradient
in the targets, build a quadratic there, pull it back through the model, and take many cheap steps on that.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.line_search import backtrack
from refimpl.core.loop import iterate

RULES = ("constant", "root", "exponential", "search", "adagrad", "diagonal")


class Surrogate(NamedTuple):
    """Quadratic model of the loss around the targets z_t, and the way from parameters to targets."""

    model: Callable  # theta -> (targets, pullback) on the surrogate's rows
    targets: Array  # [p] or [p, C], z_t
    loss: Array  # 0-d, the loss at z_t
    gradient: Array  # like `targets`, of the loss at z_t: the oracle's one answer
    eta: Any  # step size in the targets, a number or, like `targets`, one for each


class SSOState(NamedTuple):
    """What the step-size rules carry from step to step."""

    steps: int  # outer steps taken, which is oracle calls
    accepted: float | None  # step size that the last search accepted
    squares: Array | None  # adagrad: 0-d, sum of squared gradient norms; diagonal: [n] or [n, C], one for each target


class Info(NamedTuple):
    """What is worth looking at in an outer step."""

    surrogate: Surrogate  # that was descended: loss, targets and gradient before the step, step size
    inner: Any  # what the inner optimizer has to tell


class Inner(NamedTuple):
    """What the inner optimizers of this module carry from step to step."""

    theta: Array  # [d] parameters
    alpha: float  # size of the last step
    norm: float  # of the gradient at which that step set out; infinite if none was asked for


def init():
    """State before the first outer step.

    Examples
    --------
    >>> init()
    SSOState(steps=0, accepted=None, squares=None)
    """
    return SSOState(0, None, None)


# The surrogate ------------------------------------------------------------------------------------------------


def value(surrogate, theta):
    """Surrogate g_t at the parameters `theta`; for eta <= 1/L and the whole data it lies above the loss everywhere.

    Parameters
    ----------
    surrogate : Surrogate
        From `build`.
    theta : array, shape [d] or as the model takes, floating point
        Where to evaluate it.

    Returns
    -------
    array, 0-d
        The value.

    Notes
    -----
    Equation (sso-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> x, y, theta = np.array([[1.0], [2.0]]), np.array([1.0, 0.0]), np.array([1.0])
    >>> s = build(theta, linear, SQUARED, x, y, eta=2.0)
    >>> float(value(s, theta)), float(value(s, np.array([0.5])))  # on these data, with eta = 1/L, it is the loss
    (1.0, 0.3125)
    """
    surrogate = _looked_at(surrogate)
    targets, _ = _asked(surrogate, theta)
    xp = array_namespace(targets)
    move = targets - surrogate.targets
    return surrogate.loss + xp.sum(surrogate.gradient * move + move * move / (2 * surrogate.eta))  # (sso-2)


def gradient(surrogate, theta):
    """Gradient of the surrogate in the parameters; the loss itself is not asked again.

    Parameters
    ----------
    surrogate : Surrogate
        From `build`.
    theta : array, shape [d] or as the model takes, floating point
        Where to evaluate it.

    Returns
    -------
    array like `theta`
        Transposed Jacobian times the gradient in the targets. At theta_t it is the gradient of the loss itself.

    Notes
    -----
    Equation (sso-3) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> x, y, theta = np.array([[1.0], [2.0]]), np.array([1.0, 0.0]), np.array([1.0])
    >>> s = build(theta, linear, SQUARED, x, y, eta=2.0)
    >>> gradient(s, theta), gradient(s, np.array([0.5]))
    (array([2.]), array([0.75]))
    """
    surrogate = _looked_at(surrogate)
    targets, pullback = _asked(surrogate, theta)
    return pullback(surrogate.gradient + (targets - surrogate.targets) / surrogate.eta)  # (sso-3)


def _rows(a, batch):
    return a if batch is None else array_namespace(a).take(a, batch, axis=0)


def _scatter(slopes, batch, n):
    """Array of n rows with the rows `slopes` added up at the places `batch`, which may repeat."""
    xp = array_namespace(slopes)
    places = xp.arange(n, dtype=batch.dtype, device=device(batch))
    chosen = xp.astype(places[:, None] == batch[None, :], slopes.dtype)
    return chosen @ slopes


def _check_loss(loss):
    check.provides("values", "gradient", "smoothness", "check", loss=loss)
    check.function(**{f"loss.{name}": getattr(loss, name) for name in ("values", "gradient", "check")})
    check.positive(**{"loss.smoothness": loss.smoothness})


def _values(loss, targets, y):
    """The losses of the rows, and their mean."""
    xp, values = array_namespace(targets), loss.values(targets, y)
    check.finite(**{"loss.values": values}), check.shapes(**{"loss.values": (values, str(targets.shape[0]))})
    return xp.mean(values)


def _slopes(loss, targets, y):
    """The gradient of each row's loss."""
    slopes = loss.gradient(targets, y)
    check.like(targets, **{"loss.gradient": slopes}), check.finite(**{"loss.gradient": slopes})
    return slopes


def _looked_at(surrogate):
    """A surrogate, checked."""
    surrogate = check.fields(Surrogate, surrogate=surrogate)
    check.alike(targets=surrogate.targets, gradient=surrogate.gradient)
    check.number(**{"surrogate.loss": surrogate.loss})
    return surrogate._replace(eta=_checked_eta(surrogate.eta, surrogate.targets))


def _asked(surrogate, theta):
    """Targets of the parameters on the surrogate's rows, and the pullback."""
    targets, pullback = check.results(2, model=surrogate.model(theta))
    check.like(surrogate.targets, model=targets), check.finite(model=targets), check.function(model=pullback)
    return targets, pullback


def build(theta, model, loss, x, y, *, eta=None, batch=None, norm="batch"):
    """Ask the oracle once, and build the surrogate around the answer; arguments as `outer_step`.

    `eta` may also be a function ``eta(targets, y, loss, gradient) -> step size`` of that answer, on the batch's rows.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import LOGISTIC, linear
    >>> s = build(np.zeros(1), linear, LOGISTIC, np.array([[1.0], [2.0]]), np.array([1.0, -1.0]))
    >>> s.gradient, s.eta
    (array([-0.25,  0.25]), 8.0)
    """
    _check_loss(loss), check.function(model=model)
    check.floating(x=x, y=y), check.finite(theta=theta), check.choice(("batch", "full"), norm=norm)
    n = x.shape[0]
    if n == 0 or y.shape[0] != n:
        raise ValueError(f"y must have one row for each of the rows of x, at least one, got {y.shape[0]} for {n}")
    if batch is not None:
        batch = _checked_batch(batch, n)
    rows_x, rows_y = _rows(x, batch), _rows(y, batch)
    check.finite(x=x if norm == "full" else rows_x, y=rows_y)
    targets, _ = check.results(2, model=model(theta, rows_x))
    check.finite(model=targets), check.like(targets, y=rows_y)
    if (found := loss.check(rows_y)) is not None:
        raise TypeError(f"loss.check must return nothing, got {found!r}")
    b = rows_x.shape[0]
    value = _values(loss, targets, rows_y)
    slopes = _slopes(loss, targets, rows_y) / b  # (sso-1)
    if callable(eta):
        eta = eta(targets, rows_y, value, slopes)
    if norm == "full" and batch is not None:
        rows_x, slopes = x, _scatter(slopes, batch, n)
        targets, _ = model(theta, x)
    eta = target_step(loss, b) if eta is None else _checked_eta(eta, targets)
    return Surrogate(lambda w: model(w, rows_x), targets, value, slopes, eta)


def _checked_eta(eta, targets):
    if not (is_array(eta) and eta.ndim):
        return check.positive(eta=eta)
    check.like(targets, eta=eta)
    if not bool(array_namespace(eta).all(eta > 0)):
        raise ValueError("eta must be > 0 for each target")
    return eta


def _checked_batch(batch, n):
    check.shapes(batch=(batch, "b"))
    check.indices(n, batch=batch)
    return batch


# The outer step -----------------------------------------------------------------------------------------------


def outer_step(theta, model, loss, x, y, *, inner, eta=None, batch=None, norm="batch"):
    """One outer step: one call to the oracle, then as many cheap steps on the surrogate as `inner` takes.

    Parameters
    ----------
    theta : array, shape [d] or as the model takes, floating point
        The parameters theta_t.
    model : callable
        ``model(theta, x) -> (targets, pullback)``; see `_sso_models`, whose `differentiated` makes one.
    loss : Loss
        `_sso_models.SQUARED`, `LOGISTIC`, `SOFTMAX`, or another; the mean over the rows is minimized.
    x : array, shape [n, ...], like `theta`
        Features; the model takes any selection of the rows.
    y : array, shape [n] or [n, C] like the targets
        What the loss compares the targets with.
    inner : callable
        ``inner(surrogate, theta) -> (theta, info)``: `gradient_descent`, `armijo_descent`, `with_optimizer` or
        `exact_linear` with its keywords bound (`functools.partial`), or any other method for `value` and `gradient`.
    eta : float, optional
        Step size in the targets > 0, or an array of one for each target that the quadratic holds; 1/L of the loss on
        these rows by default.
    batch : array of int, shape [b], optional
        Rows of this step, which may repeat; all by default.
    norm : {"batch", "full"}, default: "batch"
        Whether the quadratic holds the targets of the batch alone (the experiments) or all n of them (the theory:
        projected SGD, but each inner step touches all the data).

    Returns
    -------
    theta : array
        Shape, dtype and device as given.
    info : Info
        The surrogate and what `inner` returned.

    Raises
    ------
    TypeError, ValueError
        If an array is not finite or does not fit, `batch` does not hold row numbers, a label is none that the loss
        knows, or a number is out of range.

    Notes
    -----
    Equations (sso-1) to (sso-4) of the documentation; one loop of the paper's Algorithm 2, on the whole data of
    Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import LOGISTIC, linear
    >>> x, y = np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]]), np.array([1.0, -1.0, 1.0])
    >>> from functools import partial
    >>> inner = partial(gradient_descent, curvature=curvature(x), steps=3)
    >>> outer_step(np.array([0.5, -0.5]), linear, LOGISTIC, x, y, inner=inner)[0]
    array([0.06677063, 0.61111226])
    """
    check.function(model=model, inner=inner), _check_loss(loss)
    surrogate = build(theta, model, loss, x, y, eta=eta, batch=batch, norm=norm)
    before = theta
    theta, info = check.results(2, inner=inner(surrogate, theta))
    check.like(before, inner=theta), check.finite(inner=theta)
    return theta, Info(surrogate, info)


def step(theta, state, model, loss, x, y, *, inner, rule="constant", eta=None, total=None, expand=True, **rows):
    """One outer step whose step size in the targets follows a rule; further arguments as `outer_step`.

    Parameters
    ----------
    theta, model, loss, x, y, inner
        As `outer_step`.
    state : SSOState
        From `init` or the last step.
    rule : {"constant", "root", "exponential", "search", "adagrad", "diagonal"}, default: "constant"
        `schedule` of that name; a line search in the targets (SSO-SLS); AdaGrad in the targets with one step size, or
        with one for each (only ``norm="batch"``, and no row twice in a batch).
    eta : float, optional
        Of the schedules and AdaGrad the scale; of the search the start. 1/L of the loss on the batch by default.
    total : int, optional
        Number of outer steps, for "exponential".
    expand : bool, default: True
        Whether a search starts from 1.8 times the last accepted step size, the first one from 1.8 times `eta`;
        otherwise every one starts from `eta`.
    **rows
        `batch` and `norm` of `outer_step`.

    Returns
    -------
    theta : array
        Shape, dtype and device as given.
    state : SSOState
        For the next step.
    info : Info
        As `outer_step`.

    Raises
    ------
    TypeError, ValueError
        As `outer_step`, or if `rule` is unknown or does not go with `norm` or `batch`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import LOGISTIC, linear
    >>> x, y = np.array([[1.0, 2.0], [0.0, 1.0], [-1.0, 1.0]]), np.array([1.0, -1.0, 1.0])
    >>> from functools import partial
    >>> inner = partial(gradient_descent, curvature=curvature(x), steps=3)
    >>> how = {"inner": inner, "rule": "search", "eta": 100.0, "expand": False}
    >>> theta, state, info = step(np.array([0.5, -0.5]), init(), linear, LOGISTIC, x, y, **how)
    >>> round(state.accepted, 11)
    13.50851717673
    """
    check.instance(SSOState, state=state), check.function(model=model, inner=inner), _check_loss(loss)
    check.choice(RULES, rule=rule), check.flag(expand=expand)
    if total is not None:
        total = check.integer(total=total, minimum=1)
    t, accepted, squares = check.integer(steps=state.steps) + 1, state.accepted, state.squares
    batch = rows.get("batch")
    if rule == "diagonal" and rows.get("norm") == "full":
        raise ValueError("norm must be 'batch' for the rule 'diagonal', got 'full'")

    def choose(targets, rows_y, value, slopes):
        nonlocal accepted, squares
        scale = target_step(loss, targets.shape[0]) if eta is None else check.positive(eta=eta)
        if rule == "search":
            start = scale if not expand else 1.8 * (scale if accepted is None else accepted)
            accepted, _ = target_search(loss, targets, rows_y, value, slopes, start=start)
            return accepted
        if rule == "adagrad":
            size, squares = adagrad(squares, slopes, eta=scale)
            return size
        if rule == "diagonal":
            size, squares = adagrad_diagonal(squares, slopes, eta=scale, batch=batch, n=x.shape[0])
            return size
        return schedule(scale, t, kind=rule, total=total)

    theta, info = outer_step(theta, model, loss, x, y, inner=inner, eta=choose, **rows)
    return theta, SSOState(t, accepted, squares), info


def minimize(theta, model, loss, x, y, *, steps, inner, batches=None, record=None, progress=None, **rates):
    """Take `steps` outer steps.

    Parameters
    ----------
    theta, model, loss, x, y, inner
        As `outer_step`.
    steps : int
        >= 0. As many calls to the oracle.
    batches : array of int, shape [T, b], optional
        Row numbers of each batch, T >= `steps`; all rows in every step by default.
    record : callable, optional
        ``record(theta, info) -> dict``, collected in the history at the start (where `info` is None) and after each
        step.
    progress : str, optional
        Title of a progress bar.
    **rates
        `rule`, `eta`, `expand` and `norm` of `step`.

    Returns
    -------
    core.loop.Run
        Its `state` is the triple (theta, SSOState, Info of the last step).

    Raises
    ------
    TypeError, ValueError
        As `step`, or if there are fewer batches than steps.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> x, y = np.array([[1.0], [2.0]]), np.array([1.0, 2.0])
    >>> from functools import partial
    >>> inner = partial(gradient_descent, curvature=curvature(x), steps=5)
    >>> run = minimize(np.array([0.0]), linear, SQUARED, x, y, steps=3, inner=inner, record=lambda w, _: {"w": w[0]})
    >>> run.history["w"]
    [np.float64(0.0), np.float64(1.0), np.float64(1.0), np.float64(1.0)]
    """
    _check_loss(loss), check.function(model=model, inner=inner)
    check.finite(theta=theta), check.function(**{} if record is None else {"record": record})
    if batches is not None and batches.shape[0] < steps:
        raise ValueError(f"batches must hold one row for each of the {steps} steps, got {batches.shape[0]}")

    def move(carry, t):
        batch = None if batches is None else batches[t - 1, :]
        how = {"batch": batch, "total": steps, **rates}
        return step(carry[0], carry[1], model, loss, x, y, inner=inner, **how)

    return iterate(
        move,
        (theta, init(), None),
        steps=steps,
        record=record and (lambda carry: record(carry[0], carry[2])),
        progress=progress,
    )


# Step sizes in the targets ------------------------------------------------------------------------------------


def target_step(loss, n):
    """Step size 1/L in the targets: n / L_i for a mean of n losses of curvature L_i, whatever the model.

    Examples
    --------
    >>> from refimpl.optimizers._sso_models import LOGISTIC
    >>> target_step(LOGISTIC, 3)
    12.0
    """
    _check_loss(loss)
    return check.integer(n=n, minimum=1) / loss.smoothness  # (sso-5)


def schedule(eta, t, *, kind="constant", total=None):
    """Step size of outer step t = 1, 2, ...: constant, eta / sqrt(t), or eta (1/T)^(t/T), which ends at eta / T.

    Parameters
    ----------
    eta : float
        Scale > 0.
    t : int
        Number of the step, from 1.
    kind : {"constant", "root", "exponential"}, default: "constant"
        Which one.
    total : int, optional
        T, for "exponential".

    Returns
    -------
    float
        eta_t.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or `kind` is unknown.

    Examples
    --------
    >>> schedule(6.0, 9, kind="root"), schedule(6.0, 3, kind="exponential", total=3)
    (2.0, 2.0)
    """
    eta, t = check.positive(eta=eta), check.integer(t=t, minimum=1)
    check.choice(("constant", "root", "exponential"), kind=kind)
    if total is not None:
        total = check.integer(total=total, minimum=1)
    if kind == "root":
        return eta / math.sqrt(t)  # (sso-9)
    if kind == "exponential":
        total = check.integer(total=total, minimum=1)
        return eta * (1 / total) ** (t / total)  # (sso-10)
    return eta


def target_search(loss, targets, y, value, slopes, *, start, c=0.5, shrink=0.9, low=1e-4, high=1e4):
    """Line search in the targets: backtrack along the gradient until the batch's loss falls enough.

    Parameters
    ----------
    loss : Loss
        Of the rows.
    targets, y : array, shape [b] or [b, C]
        Targets z of the batch, and what the loss compares them with.
    value, slopes : array
        Mean loss at `targets` and its gradient, from the oracle; neither it nor the model is called again.
    start : float
        First step size to try.
    c, shrink : float, default: 0.5, 0.9
        Share of the linear decrease that is asked for; factor on a step size that fails, 100 times at most.
    low, high : float, default: 1e-4, 1e4
        What is accepted is clipped to this range. The authors' figures: they belong to batches of about a hundred.

    Returns
    -------
    s : float
        The step size.
    cuts : int
        How often it was shrunk.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Notes
    -----
    Equation (sso-11) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED
    >>> z, y = np.array([3.0]), np.array([1.0])
    >>> target_search(SQUARED, z, y, 2.0, np.array([2.0]), start=1.6, shrink=0.5)
    (0.8, 1)
    """
    _check_loss(loss), check.finite(targets=targets, slopes=slopes, y=y)
    check.like(targets, slopes=slopes, y=y)
    start, low, high = check.positive(start=start, low=low, high=high)
    c, shrink = check.fraction(c=c, shrink=shrink)
    xp = array_namespace(targets, slopes)
    s, cuts = backtrack(
        lambda s: _values(loss, targets - s * slopes, y),
        value,
        xp.sum(slopes * slopes),
        start,
        c=c,
        shrink=shrink,
    )
    return min(max(s, low), high), cuts


def adagrad(squares, slopes, *, eta):
    """Step size eta / sqrt(sum of squared gradient norms), the newest included: AdaGrad with one step size.

    Parameters
    ----------
    squares : array, 0-d, or None
        The sum so far; None at the start.
    slopes : array, any shape, floating point
        The newest gradient in the targets, not 0.
    eta : float
        Scale > 0.

    Returns
    -------
    eta_t : array, 0-d
        The step size.
    squares : array, 0-d
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `eta` is not > 0, or all gradients so far are 0.

    Examples
    --------
    >>> import numpy as np
    >>> adagrad(np.array(7.0), np.array([3.0, 0.0]), eta=2.0)
    (np.float64(0.5), np.float64(16.0))
    """
    check.finite(slopes=slopes)
    if squares is not None:
        check.number(squares=squares)
    eta, xp = check.positive(eta=eta), array_namespace(slopes)
    newest = xp.sum(slopes * slopes)
    squares = newest if squares is None else squares + newest
    if not float(squares) > 0:
        raise ValueError("slopes must not be 0 from the start, got squares that add up to 0")
    return eta / xp.sqrt(squares), squares  # (sso-12)


def adagrad_diagonal(squares, slopes, *, eta, batch=None, n=None, low=1e-5, high=1e5):
    """One step size eta / sqrt(S_i) for each target; S_i sums the squares of its own gradients.

    Parameters
    ----------
    squares : array, shape [n] or [n, C], or None
        S so far; None at the start.
    slopes : array, shape [b] or [b, C], floating point
        The newest gradient in the targets of the batch.
    eta : float
        Scale > 0.
    batch : array of int, shape [b], optional
        Rows of the batch, each once; all by default.
    n : int, optional
        Number of rows; needed at the start if there is a batch.
    low, high : float, default: 1e-5, 1e5
        After each step all of S is clipped to this range, also where no gradient has come yet.

    Returns
    -------
    eta_t : array like `slopes`
        The step sizes of the batch.
    squares : array, shape [n] or [n, C]
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `eta` is not > 0, or a row is twice in the batch.

    Examples
    --------
    >>> import numpy as np
    >>> adagrad_diagonal(np.array([7.0, 1.0]), np.array([3.0]), eta=2.0, batch=np.array([0]))
    (array([0.5]), array([16.,  1.]))
    """
    eta, low, high = check.positive(eta=eta, low=low, high=high)
    check.finite(slopes=slopes, **({} if squares is None else {"squares": squares}))
    newest = slopes * slopes
    xp = array_namespace(slopes)
    if batch is not None:
        n = check.integer(n=n, minimum=1) if squares is None else squares.shape[0]
        batch = _checked_batch(batch, n)
        if slopes.shape[0] != batch.shape[0]:
            raise ValueError(f"slopes must have {batch.shape[0]} rows, as many as batch, got {slopes.shape[0]}")
        if xp.unique_values(batch).shape[0] != batch.shape[0]:
            raise ValueError("batch must hold each row once for the rule 'diagonal'")
        newest = _scatter(newest, batch, n)
    squares = xp.clip(newest if squares is None else squares + newest, low, high)
    return eta / xp.sqrt(_rows(squares, batch)), squares  # (sso-13)


def from_code(eta, entries):
    """Units of the authors' code in ours: ``(eta, unit)``, where inner steps convert as alpha = unit * alpha_code.

    Their surrogate is the mean over its N entries of (gradient f) / eta_code + (f - f_t)^2, which is 2 eta g_t / N with
    eta = 1 / (2 eta_code).

    Parameters
    ----------
    eta : float
        Their eta > 0, which divides where ours multiplies.
    entries : int
        N, rows of the batch times outputs.

    Returns
    -------
    eta, unit : float
        1 / (2 eta_code) and 2 eta / N.

    Examples
    --------
    >>> from_code(0.05, 5)
    (10.0, 4.0)
    """
    eta = 1 / (2 * check.positive(eta=eta))  # (sso-14)
    return eta, 2 * eta / check.integer(entries=entries, minimum=1)


# Inner optimizers ---------------------------------------------------------------------------------------------


def curvature(x):
    """Largest squared singular value of x [n, d]: on a linear model the surrogate is curvature / eta smooth.

    Examples
    --------
    >>> import numpy as np
    >>> round(float(curvature(np.array([[3.0, 0.0], [0.0, 2.0]]))), 12)
    9.0
    """
    check.finite(x=x), check.shapes(x=(x, "n d"))
    xp = array_namespace(x)
    largest = xp.max(xp.linalg.svdvals(x))
    return largest * largest


def gradient_descent(surrogate, theta, *, alpha=None, curvature=None, steps=20, tolerance=0.0, record=None):
    """Inner optimizer: `steps` gradient steps of one size on the surrogate.

    Parameters
    ----------
    surrogate : Surrogate
        From `build`.
    theta : array, shape [d] or as the model takes, floating point
        theta_t.
    alpha : float
        Step size > 0; either this or `curvature`.
    curvature : float
        Bound sigma^2 > 0 on the squared singular values of the model's Jacobian: alpha = eta / sigma^2 (of several
        eta, the smallest).
    steps : int, default: 20
        m >= 1; with one step this is gradient descent on the loss.
    tolerance : float, default: 0
        Stop after the step whose starting gradient was no longer than this.
    record : callable, optional
        ``record(Inner) -> dict``, collected in the history.

    Returns
    -------
    theta : array
        omega_m, like `theta`.
    run : core.loop.Run
        Its `state` is an `Inner`.

    Raises
    ------
    TypeError, ValueError
        If not exactly one of `alpha` and `curvature` is given, or a number is out of range.

    Notes
    -----
    Equations (sso-4) and (sso-6) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> s = build(np.array([1.0]), linear, SQUARED, np.array([[1.0]]), np.array([0.0]), eta=1.0)
    >>> gradient_descent(s, np.array([1.0]), alpha=0.5, steps=2)[0]
    array([0.25])
    """
    surrogate, _ = _looked_at(surrogate), check.finite(theta=theta)
    if (alpha is None) == (curvature is None):
        raise ValueError(f"alpha or curvature must be given, not both, got {alpha} and {curvature}")
    if alpha is None:
        eta = surrogate.eta
        smallest = array_namespace(eta).min(eta) if is_array(eta) else eta
        alpha = smallest / check.positive(curvature=curvature)  # (sso-6)
    else:
        alpha = check.positive(alpha=alpha)
    steps, tolerance = check.integer(steps=steps, minimum=1), check.nonnegative(tolerance=tolerance)

    def move(carry, _):
        slope = gradient(surrogate, carry.theta)
        norm = _norm(slope) if tolerance else math.inf
        return Inner(carry.theta - alpha * slope, alpha, norm)  # (sso-4)

    run = iterate(
        move, Inner(theta, alpha, math.inf), steps=steps, record=record, stop=lambda carry: carry.norm <= tolerance
    )
    return run.state.theta, run


def _norm(slope):
    xp = array_namespace(slope)
    return float(xp.linalg.vector_norm(slope))


def armijo_descent(
    surrogate,
    theta,
    *,
    steps=20,
    start=10.0,
    c=0.5,
    shrink=0.9,
    expand=1.8,
    batches=1,
    tolerance=1e-6,
    smallest=1e-6,
    record=None,
):
    """Inner optimizer of the authors' code: gradient steps on the surrogate, each with an Armijo line search.

    Parameters
    ----------
    surrogate, theta, steps, record
        As `gradient_descent`.
    start : float, default: 10
        Step size before the first one, in units of 2 eta / N (see `from_code`; of 1 / N where each target has its own
        eta), as are `smallest` and the inverse of `tolerance`.
    c, shrink : float, default: 0.5, 0.9
        Share of the linear decrease that is asked for; factor on a step size that fails, 100 times at most.
    expand : float, default: 1.8
        In as many inner steps as an epoch has batches the first trial may grow by this factor.
    batches : int, default: 1
        Batches of an epoch.
    tolerance : float, default: 1e-6
        Stop after the step whose starting gradient was no longer than this.
    smallest : float, default: 1e-6
        A step size that has fallen below is taken without a further test.

    Returns
    -------
    theta : array
        omega_m, like `theta`.
    run : core.loop.Run
        Its `state` is an `Inner`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> s = build(np.array([1.0]), linear, SQUARED, np.array([[1.0]]), np.array([0.0]), eta=1.0)
    >>> abs(armijo_descent(s, np.array([1.0]), steps=5)[0]) < 1e-3
    array([ True])
    """
    surrogate, _ = _looked_at(surrogate), check.finite(theta=theta)
    steps, batches = check.integer(steps=steps, batches=batches, minimum=1)
    start, expand, tolerance, smallest = check.positive(
        start=start, expand=expand, tolerance=tolerance, smallest=smallest
    )
    c, shrink = check.fraction(c=c, shrink=shrink)
    entries = math.prod(surrogate.targets.shape)
    each = is_array(surrogate.eta) and surrogate.eta.ndim
    unit = (1 if each else 2 * float(surrogate.eta)) / entries
    grow = expand ** (1 / batches)

    def move(carry, _):
        slope = gradient(surrogate, carry.theta)
        norm = _norm(slope)
        alpha, _ = backtrack(
            lambda s: value(surrogate, carry.theta - s * slope),
            value(surrogate, carry.theta),
            norm**2,
            grow * carry.alpha,
            c=c,
            shrink=shrink,
            smallest=smallest * unit,
        )
        return Inner(carry.theta - alpha * slope, alpha, norm)

    begin = Inner(theta, start * unit, math.inf)
    run = iterate(move, begin, steps=steps, record=record, stop=lambda carry: carry.norm <= tolerance / unit)
    return run.state.theta, run


def with_optimizer(surrogate, theta, *, init, update, steps=20, record=None, **rates):
    """Inner optimizer from any rule of this package: `steps` steps of ``update(theta, state, gradient, **rates)``.

    Parameters
    ----------
    surrogate, theta, steps
        As `gradient_descent`.
    init, update : callable
        Such as `lion.init` and `lion.update`; the state starts anew in each outer step.
    record : callable, optional
        ``record((theta, state)) -> dict``, collected in the history.
    **rates
        Of `update`.

    Returns
    -------
    theta : array
        Like `theta`.
    run : core.loop.Run
        Its `state` is the pair (theta, state of the optimizer).

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers import lion
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> s = build(np.array([1.0]), linear, SQUARED, np.array([[1.0]]), np.array([0.0]), eta=1.0)
    >>> with_optimizer(s, np.array([1.0]), init=lion.init, update=lion.update, steps=5, lr=0.2)[0].round(12)
    array([0.])
    """

    surrogate, _ = _looked_at(surrogate), check.function(init=init, update=update)

    check.finite(theta=theta)

    def move(carry, _):
        params, state = carry
        moved, state = check.results(2, update=update(params, state, gradient(surrogate, params), **rates))
        check.like(params, update=moved), check.finite(update=moved)
        return moved, state

    state = init(theta)
    if hasattr(state, "_fields"):
        state = check.fields(type(state), init=state)
    run = iterate(move, (theta, state), steps=check.integer(steps=steps, minimum=1), record=record)
    return run.state[0], run


def exact_linear(surrogate, theta, *, pseudoinverse):
    """Inner optimizer for linear models: the minimum in closed form, the nearest one to `theta` if there are many.

    Parameters
    ----------
    surrogate : Surrogate
        From `build`, of a linear model and with one step size for all targets.
    theta : array, shape [d] or [d, C], floating point
        theta_t.
    pseudoinverse : array, shape [d, p], like `theta`
        Of the surrogate's rows of x: ``xp.linalg.pinv(x)``.

    Returns
    -------
    theta : array
        Like `theta`.
    info : None
        Nothing to tell.

    Raises
    ------
    TypeError, ValueError
        If `pseudoinverse` does not fit, or there are several step sizes.

    Notes
    -----
    Equation (sso-7) of the documentation. With fewer features than independent rows this is projected SGD in the
    targets (`projected_step`); otherwise the targets of the surrogate are reached exactly.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.optimizers._sso_models import SQUARED, linear
    >>> x, y = np.array([[1.0], [2.0]]), np.array([1.0, 0.0])
    >>> s = build(np.array([1.0]), linear, SQUARED, x, y)
    >>> exact_linear(s, np.array([1.0]), pseudoinverse=np.linalg.pinv(x))[0]
    array([0.2])
    """
    surrogate = _looked_at(surrogate)
    check.finite(theta=theta, pseudoinverse=pseudoinverse)
    if is_array(surrogate.eta) and surrogate.eta.ndim:
        raise ValueError("eta must be one number for the closed form, got one for each target")
    wanted = (theta.shape[0], surrogate.targets.shape[0])
    if tuple(pseudoinverse.shape) != wanted:
        raise ValueError(f"pseudoinverse must have shape {wanted}, got {tuple(pseudoinverse.shape)}")
    return theta - surrogate.eta * (pseudoinverse @ surrogate.gradient), None  # (sso-7)


# Projected SGD in the targets ---------------------------------------------------------------------------------


def reachable(x):
    """Orthonormal basis [n, r] of the targets that a linear model on x [n, d] can reach.

    Examples
    --------
    >>> import numpy as np
    >>> abs(reachable(np.array([[3.0, 6.0], [4.0, 8.0]])).round(12))  # a duplicate feature adds nothing
    array([[0.6],
           [0.8]])
    """
    check.finite(x=x), check.shapes(x=(x, "n d"))
    xp = array_namespace(x)
    u, s, _ = xp.linalg.svd(x, full_matrices=False)
    rounding = float(xp.max(s)) * max(x.shape) * float(xp.finfo(x.dtype).eps)
    return u[:, : int(xp.count_nonzero(s > rounding))]


def projected_step(targets, slopes, *, eta, basis):
    """One step of projected SGD in the targets, which SSO with the full norm imitates through the parameters.

    Parameters
    ----------
    targets : array, shape [n] or [n, C], floating point
        z_t.
    slopes : array like `targets`
        Gradient of the batch's loss there; zero off the batch.
    eta : float
        Step size > 0.
    basis : array, shape [n, r]
        Orthonormal basis of the reachable targets, from `reachable`.

    Returns
    -------
    array like `targets`
        z_{t+1}.

    Raises
    ------
    TypeError, ValueError
        If `slopes` is not like `targets` or `eta` is not > 0.

    Notes
    -----
    Equation (sso-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> projected_step(np.array([1.0, 1.0]), np.array([1.0, 0.0]), eta=2.0, basis=np.array([[1.0], [1.0]]) / 2**0.5)
    array([0., 0.])
    """
    check.finite(targets=targets, slopes=slopes, basis=basis)
    check.like(targets, slopes=slopes)
    check.shapes(targets=(targets, "n k" if len(targets.shape) == 2 else "n"), basis=(basis, "n r"))
    half = targets - check.positive(eta=eta) * slopes
    return basis @ (basis.T @ half)  # (sso-8)
