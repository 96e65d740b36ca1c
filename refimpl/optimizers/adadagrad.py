"""AdAdaGrad: AdaGrad with batches that grow by a test (Lau, Liu, Kolar, 2024, arXiv:2402.11215).

Compare the noise of a batch gradient with the gradient itself. Where the noise dominates, the next batch is larger.
"""

import math
import warnings
from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, is_array
from refimpl.core.elementwise import elementwise, sum_of_squares
from refimpl.core.linalg import magnitude
from refimpl.core.loop import iterate


class AdaGradState(NamedTuple):
    """What AdaGrad and AdaGrad-Norm carry from step to step."""

    squares: Array  # like the parameters (AdaGrad) or 0-d (AdaGrad-Norm): start value plus all squared gradients


class AdAdaGradState(NamedTuple):
    """What the adaptive method carries from step to step."""

    rule: Any  # state of the update rule, such as AdaGradState
    size: int  # b_k, number of examples in the next batch
    steps: int = 0  # taken so far


class Info(NamedTuple):
    """What is worth looking at in a step."""

    gradient: Array  # like the parameters, G_k
    ratio: float | None  # batch size that the test asks for, before rounding; None where it was not run


# The tests: how large a batch has to be ---------------------------------------------------------------------------


def moments(grads):
    """Batch gradient and sample variance of per-example gradients.

    Parameters
    ----------
    grads : array, shape [b, d] or longer, floating point
        One gradient for each example, b >= 2.

    Returns
    -------
    gradient : array, shape [...]
        Their mean.
    variance : array, shape [...]
        Of each coordinate, with divisor b - 1: an unbiased estimate for examples drawn independently.

    Raises
    ------
    TypeError, ValueError
        If `grads` is not floating point or not finite, or b < 2.

    Notes
    -----
    Equations (adadagrad-1) and (adadagrad-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> moments(np.array([[1.0, 4.0], [3.0, 4.0]]))
    (array([2., 4.]), array([2., 0.]))
    """
    _check_batch(grads)
    return _mean(grads), _variance(grads)


def _mean(x):
    return array_namespace(x).mean(x, axis=0)  # (adadagrad-1)


def _variance(x):
    return array_namespace(x).var(x, axis=0, correction=1)  # (adadagrad-2)


def norm_ratio(gradient, variance, *, eta=0.1):
    """Smallest batch that meets the norm test, before rounding, for a known gradient and variance of one example.

    Parameters
    ----------
    gradient : array, any shape, floating point
        Gradient of the objective (the exact test) or of a batch (the approximate one).
    variance : array like `gradient`
        Variance of each coordinate over the examples, >= 0. For a finite population that batches draw from with
        replacement, the exact test takes the variance with divisor n.
    eta : float, default: 0.1
        Noise that is allowed, > 0: the batch's root mean square error over the norm of the gradient.

    Returns
    -------
    array, 0-d
        0 where nothing varies, infinite where only the gradient vanishes.

    Raises
    ------
    TypeError, ValueError
        If an array is not finite, they are not alike, a variance is negative or `eta` is not > 0.

    Notes
    -----
    Equation (adadagrad-3) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> float(norm_ratio(np.array([3.0, 4.0]), np.array([1.0, 24.0]), eta=0.5))
    4.0
    """
    xp = _check_moments(gradient, variance)
    eta = check.positive(eta=eta)
    return _quotient(xp.sum(variance), xp.sum(gradient * gradient)) / eta**2  # (adadagrad-3)


def coordinate_ratio(gradient, variance, *, eta=0.1):
    """Smallest batch that meets the norm test in every coordinate by itself; arguments and errors as `norm_ratio`.

    Returns
    -------
    array, 0-d
        At least that of `norm_ratio`. A coordinate in which nothing varies asks for nothing.

    Notes
    -----
    Equation (adadagrad-4) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> float(coordinate_ratio(np.array([3.0, 4.0, 0.0]), np.array([1.0, 24.0, 0.0]), eta=0.5))
    6.0
    """
    xp = _check_moments(gradient, variance)
    eta = check.positive(eta=eta)
    return xp.max(_quotient(variance, gradient * gradient)) / eta**2  # (adadagrad-4)


def norm_test(grads, *, eta=0.1):
    """Batch size that the norm test asks for, before rounding, estimated from one batch.

    Parameters
    ----------
    grads : array, shape [b, d] or longer, floating point
        One gradient for each example, b >= 2.
    eta : float, default: 0.1
        Noise that is allowed, > 0. From 1 on the test fires by chance only, with a warning: the batch gradient holds
        the noise itself, so what it demands on average is noise / signal <= eta^2 / (1 - eta^2).

    Returns
    -------
    array, 0-d
        0 where all gradients are equal, infinite where they differ and their mean is 0.

    Raises
    ------
    TypeError, ValueError
        As `moments`, or if `eta` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]])
    >>> round(float(norm_test(rows, eta=0.1)), 3)
    42.248
    """
    _warn(eta)
    return norm_ratio(*moments(_scaled(grads)), eta=eta)


def coordinate_test(grads, *, eta=0.1):
    """The largest batch size that the norm test asks for in any coordinate; arguments as `norm_test`.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]])
    >>> round(float(coordinate_test(rows, eta=0.1)), 3)
    54.294
    """
    _warn(eta)
    return coordinate_ratio(*moments(_scaled(grads)), eta=eta)


def inner_product_test(grads, *, vartheta=0.9):
    """Batch size that the inner-product test asks for, before rounding (Bollapragada, Byrd, Nocedal, 2018).

    Only noise along the batch gradient counts: it decides whether the step is one of descent.

    Parameters
    ----------
    grads : array, shape [b, d] or longer, floating point
        One gradient for each example, b >= 2.
    vartheta : float, default: 0.9
        Noise that is allowed along the gradient, > 0.

    Returns
    -------
    array, 0-d
        0 where the batch gradient is 0: nothing has a component along it.

    Raises
    ------
    TypeError, ValueError
        As `moments`, or if `vartheta` is not > 0.

    Notes
    -----
    Equations (adadagrad-5) and (adadagrad-6) of the documentation. Dividing by the squared norm *before* the variance
    is taken avoids its fourth power.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]])
    >>> round(float(inner_product_test(rows, vartheta=0.1)), 3)
    41.448
    """
    c, _, _ = _projections(grads)
    return _along(c, vartheta)


def augmented_test(grads, *, vartheta=0.9, nu=5.84):
    """Batch size that the inner-product test, augmented by one of orthogonality, asks for, before rounding.

    Parameters
    ----------
    grads : array, shape [b, d] or longer, floating point
        One gradient for each example, b >= 2.
    vartheta, nu : float, default: 0.9, 5.84
        Noise that is allowed along the batch gradient and orthogonal to it, > 0; 5.84 is tan 80 degrees.

    Returns
    -------
    array, 0-d
        Infinite where the gradients differ and their mean is 0.

    Raises
    ------
    TypeError, ValueError
        As `moments`, or if `vartheta` or `nu` is not > 0.

    Notes
    -----
    Equations (adadagrad-5) to (adadagrad-7) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[1.0, 1, 2], [3, 5, 5], [6, 7, 9], [9, 10, 11]])
    >>> round(float(augmented_test(rows, vartheta=0.9, nu=0.03)), 3)
    8.894
    """
    c, rows, gradient = _projections(grads)
    nu, xp = check.positive(nu=nu), array_namespace(grads)
    noise = xp.sum(_variance(rows - c[:, None] * gradient))
    across = _quotient(noise, xp.sum(gradient * gradient)) / nu**2
    return xp.maximum(_along(c, vartheta), across)  # (adadagrad-7)


def _projections(grads):
    """Components of the rows along their mean, in units of it (0 if it is 0); the flat rows; the mean."""
    xp = array_namespace(grads := _scaled(grads))
    rows = xp.reshape(grads, (grads.shape[0], -1))
    gradient = _mean(rows)
    square = xp.sum(gradient * gradient)
    c = (rows @ gradient) / xp.where(square > 0, square, 1.0)  # (adadagrad-5)
    return c, rows, gradient


def _along(c, vartheta):
    return _variance(c) / check.positive(vartheta=vartheta) ** 2  # (adadagrad-6)


def _quotient(noise, signal):
    """noise / signal >= 0, where 0 / 0 is 0: no noise, no demand."""
    xp = array_namespace(noise, signal)
    quotient = noise / xp.where(signal > 0, signal, 1.0)
    return xp.where((signal > 0) | (noise == 0), quotient, math.inf)


def _scaled(grads):
    """In units of their largest entry, which no test depends on: squares leave the range of float32 at 1e-23."""
    _check_batch(grads)
    return grads / magnitude(grads)


def _check_batch(grads):
    check.finite(grads=grads)
    if grads.ndim < 2 or grads.shape[0] < 2:
        raise ValueError(f"grads must have shape [b, d] or longer with b >= 2 examples, got {tuple(grads.shape)}")
    return array_namespace(grads)


def _check_moments(gradient, variance):
    check.finite(gradient=gradient, variance=variance), check.like(gradient, variance=variance)
    xp = array_namespace(gradient)
    if not bool(xp.all(variance >= 0)):
        raise ValueError("variance must be >= 0 in every coordinate")
    return xp


def _warn(eta):
    if check.positive(eta=eta) >= 1:
        warnings.warn(f"eta = {eta:g} >= 1: the test on a batch fires by chance only", stacklevel=3)


def grow(size, ratio, *, largest):
    """The next batch size: what the test asks for, but never less than now and never more than `largest`.

    Parameters
    ----------
    size : int
        b_k >= 1.
    ratio : float or array, 0-d
        From a test, >= 0, may be infinite. It is read on the host, since it decides on shapes.
    largest : int
        b_max >= `size`, such as the number of examples.

    Returns
    -------
    int
        b_{k+1}.

    Raises
    ------
    TypeError, ValueError
        If `size` or `largest` is no such integer, or `ratio` is negative or NaN.

    Notes
    -----
    Equation (adadagrad-8) of the documentation.

    Examples
    --------
    >>> grow(4, 42.2, largest=100), grow(4, 1.7, largest=100), grow(4, float("inf"), largest=100)
    (43, 4, 100)
    """
    size = check.integer(size=size, minimum=1)
    largest = check.integer(largest=largest, minimum=size)
    ratio = float(check.nonnegative(ratio=ratio, infinite=True))
    return max(size, math.ceil(min(ratio, largest)))  # (adadagrad-8)


# AdaGrad-Norm and AdaGrad -----------------------------------------------------------------------------------------


def norm_init(params, *, v0=0.1):
    """State of AdaGrad-Norm before the first step.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters x.
    v0 : float, default: 0.1
        > 0, on the scale of gradient norms (a root).

    Returns
    -------
    AdaGradState
        The square of `v0`, 0-d.

    Raises
    ------
    TypeError, ValueError
        If `params` is no floating-point array or `v0` is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> norm_init(np.array([1.0, -2.0]), v0=0.5)
    AdaGradState(squares=array(0.25))
    """
    check.floating(params=params)
    square = check.positive(v0=v0) ** 2
    return AdaGradState(array_namespace(params).full((), square, dtype=params.dtype, device=device(params)))


@elementwise
def _descend(params, grad, squares, alpha):
    return params - alpha / array_namespace(squares).sqrt(squares) * grad  # (adadagrad-10)


def norm_update(params, state, grad, *, alpha, donate=False):
    """One step of AdaGrad-Norm: one step size for all coordinates.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters x.
    state : AdaGradState
        From `norm_init` or the last step.
    grad : array like `params`
        The gradient G at `params`, which counts in its own step size.
    alpha : float
        Learning rate > 0: the largest distance that a step can go.
    donate : bool, default: False
        Whether the result may take over the memory of `params`, which large NumPy arrays do; it must then not be used
        any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : AdaGradState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad` is not like `params`, something is not finite, or `alpha` is not > 0.

    Notes
    -----
    Equations (adadagrad-9) and (adadagrad-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> params = np.array([1.0, 2.0])
    >>> norm_update(params, norm_init(params, v0=12.0), np.array([3.0, -4.0]), alpha=13.0)
    (array([-2., 6.]), AdaGradState(squares=array(169.)))
    """
    check.instance(AdaGradState, state=state)
    check.finite(params=params)
    check.like(params, grad=grad)
    alpha, before = check.positive(alpha=alpha), check.positive(squares=state.squares)
    if is_array(before):
        check.alike_dtype(params=params, squares=before)
    xp = array_namespace(params, grad)
    squares = xp.asarray(before + sum_of_squares(grad))  # (adadagrad-9)
    if not bool(xp.isfinite(squares)):  # else every entry is
        check.finite(grad=grad)
    params = _descend(params, grad, squares, alpha, donate=donate)
    return params, AdaGradState(squares)


def init(params, *, v0=0.0):
    """State of AdaGrad before the first step.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters x.
    v0 : float, default: 0
        >= 0, on the scale of squared gradients.

    Returns
    -------
    AdaGradState
        `v0` in every coordinate.

    Raises
    ------
    TypeError, ValueError
        If `params` is no floating-point array or `v0` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0, -2.0]), v0=0.01)
    AdaGradState(squares=array([0.01, 0.01]))
    """
    check.floating(params=params)
    return AdaGradState(array_namespace(params).full_like(params, check.nonnegative(v0=v0)))


@elementwise
def _rule(params, squares, grad, alpha, eps):
    """AdaGrad, each coordinate by itself."""
    squares = squares + grad * grad  # (adadagrad-11)
    root = array_namespace(params).sqrt(squares)
    params = params - alpha * grad / (root + eps)  # (adadagrad-12)
    return params, squares


def update(params, state, grad, *, alpha, eps=1e-10, donate=False):
    """One step of AdaGrad: a step size for each coordinate.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters x.
    state : AdaGradState
        From `init` or the last step.
    grad : array like `params`
        The gradient G at `params`, which counts in its own step size.
    alpha : float
        Learning rate > 0: the largest distance that a coordinate can go in a step.
    eps : float, default: 1e-10
        >= 0, added to the root; 0 (the theory) only if the state is > 0 everywhere, that is v0 > 0.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : AdaGradState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad` or the state is not like `params`, something is not finite, or a hyper-parameter is out of range.

    Notes
    -----
    Equations (adadagrad-11) and (adadagrad-12) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> params = np.array([1.0, 2.0])
    >>> params, state = update(params, init(params), np.array([3.0, -0.04]), alpha=0.1)
    >>> params, state.squares
    (array([0.9, 2.1]), array([9.0e+00, 1.6e-03]))
    """
    check.instance(AdaGradState, state=state)
    check.alike(params=params, grad=grad, squares=state.squares)
    check.no_negative(squares=state.squares)
    alpha, eps = check.positive(alpha=alpha), check.nonnegative(eps=eps)
    if eps == 0 and not bool(array_namespace(params).all(state.squares > 0)):
        raise ValueError("eps must be > 0 where the accumulator starts from v0 = 0")
    params, squares = _rule(params, state.squares, grad, alpha, eps, donate=donate)
    return params, AdaGradState(squares)


def _at(state):
    """The state, checked."""
    state = check.fields(AdAdaGradState, state=state)
    check.integer(size=state.size, minimum=1), check.integer(steps=state.steps)
    return state


# The adaptive method ----------------------------------------------------------------------------------------------


def step(params, state, grads, *, update, test, largest):
    """One step of AdAdaGrad, AdAdaGrad-Norm, or any other rule with any of the tests.

    Parameters
    ----------
    params : array, any shape, floating point
        The parameters x_k.
    state : AdAdaGradState
        The first one is ``AdAdaGradState(init(params), size)``, with `norm_init` for AdAdaGrad-Norm.
    grads : array, shape [state.size, ...]
        Gradients of the batch's examples at `params`, each like `params`.
    update : callable
        ``update(params, rule_state, grad) -> (params, rule_state)``: `update` or `norm_update` of this module with
        `alpha` bound (`functools.partial`), or any other rule.
    test : callable
        ``test(grads) -> ratio``: `norm_test`, `coordinate_test`, `inner_product_test` or `augmented_test` with its
        parameters bound. One that returns 0 keeps the size.
    largest : int
        b_max >= `state.size`. Batches of this size are not tested any more.

    Returns
    -------
    params : array
        Shape, dtype and device as given.
    state : AdAdaGradState
        With the size of the next batch; this one's has no say in it but through the test.
    info : Info
        Batch gradient and answer of the test.

    Raises
    ------
    TypeError, ValueError
        If `grads` does not fit `params` and `state.size`, `largest` is less than `state.size`, or as `update` and
        `test`.

    Examples
    --------
    >>> import numpy as np
    >>> from functools import partial
    >>> params, grads = np.zeros(2), np.array([[1.0, 0.0], [0.0, 2.0]])
    >>> how = {"update": partial(norm_update, alpha=1.0), "test": partial(norm_test, eta=0.5), "largest": 100}
    >>> params, state, info = step(params, AdAdaGradState(norm_init(params), 2), grads, **how)
    >>> state.size, info.ratio, info.gradient
    (8, 8.0, array([0.5, 1. ]))
    """
    state, _ = _at(state), check.function(update=update, test=test)
    check.finite(params=params, grads=grads)
    largest = check.integer(largest=largest, minimum=state.size)
    if tuple(grads.shape) != (state.size, *params.shape):
        raise ValueError(f"grads must have shape {(state.size, *params.shape)}, got {tuple(grads.shape)}")
    gradient, before = _mean(grads), params
    params, rule = check.results(2, update=update(params, state.rule, gradient))
    check.like(before, update=params), check.finite(update=params)
    size, ratio = state.size, None
    if size < largest:
        ratio = float(check.nonnegative(test=test(grads), infinite=True))
        size = grow(size, ratio, largest=largest)
    return params, AdAdaGradState(rule, size, state.steps + 1), Info(gradient, ratio)


def minimize(gradients, params, state, stream, *, steps=None, record=None, progress=None, **how):
    """Take steps on batches from one long stream of examples.

    Parameters
    ----------
    gradients : callable
        ``gradients(params, rows) -> array [len(rows), ...]``, the gradients of these examples, each like `params`.
    params : array, any shape, floating point
        The start x_1.
    state : AdAdaGradState
        As in `step`.
    stream : array of int, shape [N]
        Numbers of examples. Each step consumes as many as its batch holds.
    steps : int, optional
        >= 0; as many as the stream lasts for by default.
    record : callable, optional
        ``record(params, state, info) -> dict``, collected in the history at the start (where `info` is None) and after
        each step.
    progress : str, optional
        Title of a progress bar.
    **how
        `update`, `test` and `largest` of `step`.

    Returns
    -------
    core.loop.Run
        Its `state` is the quadruple (params, AdAdaGradState, Info of the last step, examples consumed).

    Raises
    ------
    TypeError, ValueError
        As `step`, or if `stream` is no array of integers or does not last for `steps`.

    Examples
    --------
    >>> import numpy as np
    >>> from functools import partial
    >>> examples = np.array([1.0, 2.0, 3.0, 6.0])  # mean 3
    >>> def gradients(x, rows):
    ...     return (x - examples[rows])[:, None] * np.ones(1)
    >>> how = {"update": partial(update, alpha=1.0), "test": partial(norm_test, eta=0.5), "largest": 4}
    >>> stream = np.array([0, 3, 1, 3, 0, 2, 2, 0, 3, 1])
    >>> start = np.zeros(1)
    >>> run = minimize(gradients, start, AdAdaGradState(init(start), 2), stream, **how)
    >>> run.steps, run.state[1].size, run.state[3]
    (3, 4, 10)
    """
    state, _ = _at(state), check.function(gradients=gradients)
    check.finite(params=params)
    check.shapes(stream=(stream, "N"))
    if not array_namespace(stream).isdtype(stream.dtype, "integral"):
        raise TypeError(f"stream must be an array of integers, got dtype {stream.dtype}")
    total = stream.shape[0]

    def take(carry, _):
        params, state, _, used = carry
        end = used + state.size
        if end > total:
            raise ValueError(f"stream must last for {steps} steps, got {total} numbers for the first {state.steps}")
        grads = gradients(params, stream[used:end])
        check.finite(gradients=grads)
        params, state, info = step(params, state, grads, **how)
        return params, state, info, end

    return iterate(
        take,
        (params, state, None, 0),
        steps=total if steps is None else steps,
        record=record and (lambda carry: record(*carry[:3])),
        stop=(lambda carry: carry[3] + carry[1].size > total) if steps is None else None,
        progress=progress,
    )
