"""AdaHessian (Yao et al., 2021, arXiv:2006.00719, Algorithm 1).

Adam with the squared gradient in the denominator replaced by the square of a random estimate of the Hessian's diagonal,
averaged over blocks of neighboring parameters. Parameters may be one array or a tree of them (`core.tree`).
"""

import math
from typing import NamedTuple

from refimpl.core import autodiff, check, random, tree
from refimpl.core.arrays import Array, array_namespace, is_array
from refimpl.core.curvature import hutchinson
from refimpl.core.elementwise import elementwise
from refimpl.core.loop import iterate


class AdaHessianState(NamedTuple):
    """What AdaHessian carries from step to step: as much as Adam."""

    m: Array  # [d] exponential average of the gradients at rate beta1
    v: Array  # [d] exponential average of the squared diagonals at rate beta2
    steps: int  # t, taken so far


def init(params):
    """State at rest: zero averages of the shapes, dtypes and devices of `params`.

    Parameters
    ----------
    params : array or tree of arrays, any shapes, floating point
        The parameters theta.

    Returns
    -------
    AdaHessianState
        m = v = 0, t = 0.

    Raises
    ------
    TypeError, ValueError
        If a leaf of `params` is no floating-point array, or there is none.

    Examples
    --------
    >>> import numpy as np
    >>> init(np.array([1.0, -2.0]))
    AdaHessianState(m=array([0., 0.]), v=array([0., 0.]), steps=0)
    """
    if not tree.leaves(params):
        raise ValueError("params must hold at least one array, got none")
    for leaf in tree.leaves(params):
        check.floating(params=leaf)
    zeros = tree.map(lambda leaf: array_namespace(leaf).zeros_like(leaf), params)
    return AdaHessianState(zeros, zeros, 0)


# The diagonal ---------------------------------------------------------------------------------------------------


def average(diagonal, block=1):
    """Spatial averaging: each entry becomes the mean of its block.

    Parameters
    ----------
    diagonal : array, any shape, floating point
        Estimate of the Hessian's diagonal for one array of parameters.
    block : int, "row", "kernel" or array of int like `diagonal`, default: 1
        So many consecutive entries in the order of the memory (row by row); all along the last axis; all along the
        third axis and those after it (a convolution's kernel); or entries with the same label, for blocks of any
        form and size, at the price of a matrix with a row for each entry and a column for each label.

    Returns
    -------
    array
        Like `diagonal`.

    Raises
    ------
    TypeError, ValueError
        If `diagonal` is no floating-point array, or `block` is none of these or does not fit its shape.

    Notes
    -----
    Equation (adahessian-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> average(np.array([[0.0, 1.5, 0.5, 5.0], [1.0, 1.0, 3.0, 5.0]]), 2)
    array([[0.75, 0.75, 2.75, 2.75],
           [1.  , 1.  , 4.  , 4.  ]])
    >>> average(np.array([1.0, 2.0, 3.0]), np.array([0, 7, 0]))
    array([2., 2., 2.])
    """
    check.finite(diagonal=diagonal)
    check.floating(diagonal=diagonal)
    xp, shape = array_namespace(diagonal), tuple(diagonal.shape)
    if is_array(block):
        return _average_labeled(diagonal, block)
    if isinstance(block, str):
        check.choice(("row", "kernel"), block=block)
        first = len(shape) - 1 if block == "row" else 2
        if not 0 <= first < len(shape):
            raise ValueError(f"block {block!r} needs {1 if block == 'row' else 3} axes or more, got shape {shape}")
        block = math.prod(shape[first:])  # neighbors in the memory, too
    block = check.integer(block=block, minimum=1)
    if math.prod(shape) % block:
        raise ValueError(f"block must divide the number of entries, {math.prod(shape)}, got {block}")
    parts = xp.reshape(diagonal, (-1, block))
    means = xp.mean(parts, axis=1, keepdims=True)  # (adahessian-2)
    return xp.reshape(xp.zeros_like(parts) + means, shape)


def _average_labeled(diagonal, labels):
    """The mean over the entries with the same label, by way of the matrix that tells which entry has which."""
    xp = array_namespace(diagonal)
    check.shapes(block=(labels, " ".join(map(str, diagonal.shape))))
    if not xp.isdtype(labels.dtype, "integral"):
        raise TypeError(f"block must hold integers, got dtype {labels.dtype}")
    labels = xp.reshape(labels, (-1, 1))
    chosen = xp.astype(labels == xp.unique_values(labels), diagonal.dtype)
    means = (xp.reshape(diagonal, (-1,)) @ chosen) / xp.sum(chosen, axis=0)
    return xp.reshape(chosen @ means, diagonal.shape)


def blocks(params, *, matrix=1):
    """The paper's blocks for each array of `params`, by the number of its axes.

    Parameters
    ----------
    params : array or tree of arrays
        The parameters theta.
    matrix : int or "row", default: 1
        Blocks of matrices: so many consecutive entries (the paper's transformers take 32), or whole rows.

    Returns
    -------
    tree
        Like `params`: 1 for vectors, `matrix` for matrices, "kernel" for arrays with three axes or more.

    Examples
    --------
    >>> import numpy as np
    >>> blocks({"conv": np.zeros((4, 3, 5, 5)), "W": np.zeros((6, 4)), "b": np.zeros(4)}, matrix="row")
    {'conv': 'kernel', 'W': 'row', 'b': 1}
    """
    tree.finite(params=params)
    if not (isinstance(matrix, str) and matrix == "row"):
        check.integer(matrix=matrix, minimum=1)
    return tree.map(lambda leaf: 1 if leaf.ndim < 2 else matrix if leaf.ndim == 2 else "kernel", params)


def estimate(product, signs, *, block=1):
    """Hutchinson's estimate of the Hessian's diagonal from one product with the Hessian, averaged over blocks.

    Parameters
    ----------
    product : callable
        ``product(z)`` is H z, like `z`, on the mini-batch of the gradient.
    signs : array or tree of arrays, like the parameters
        The drawn z: -1 or 1 with probability 1/2 each (`core.random.signs`).
    block : int, str, array of int, or tree of these like `signs`, default: 1
        As for `average`; one for all arrays, or one for each.

    Returns
    -------
    array or tree of arrays
        D^(s), like `signs`.

    Raises
    ------
    TypeError, ValueError
        If `signs` is not floating point, the product is not like it, or `block` does not fit.

    Notes
    -----
    Equations (adahessian-1) and (adahessian-2) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> h = np.array([[2.0, 1, 0, -1], [1, 3, 0.5, 0], [0, 0.5, -1, 2], [-1, 0, 2, 4]])
    >>> z = np.array([-1.0, -1.0, 1.0, -1.0])
    >>> estimate(lambda z: h @ z, z)
    array([ 2. ,  3.5, -3.5,  1. ])
    >>> estimate(lambda z: h @ z, z, block=2)
    array([ 2.75,  2.75, -1.25, -1.25])
    """
    check.function(product=product)
    tree.finite(signs=signs)
    flat, unravel = tree.ravel(signs)

    def image(z):
        found = product(unravel(z))
        tree.finite(product=found), tree.alike(signs, product=found)
        return tree.ravel(found)[0]

    diagonal = unravel(hutchinson(image, flat))  # (adahessian-1)
    if isinstance(block, dict | tuple | list):
        return tree.map(average, diagonal, block)
    return tree.map(lambda leaf: average(leaf, block), diagonal)


# The step -------------------------------------------------------------------------------------------------------


@elementwise
def _rule(params, m, v, grad, diagonal, lr, beta1, beta2, eps, weight_decay, power, correction1, correction2):
    """Algorithm 1, each coordinate by itself."""
    xp = array_namespace(params)
    m = beta1 * m + (1 - beta1) * grad  # (adahessian-3)
    v = beta2 * v + (1 - beta2) * diagonal * diagonal  # (adahessian-4)
    rms = xp.sqrt(v / correction2)  # (adahessian-5)
    step = m / correction1 / (rms**power + eps)
    params = params - lr * (step + weight_decay * params)  # (adahessian-6)
    return params, m, v


def update(
    params,
    state,
    grad,
    diagonal,
    *,
    lr=0.15,
    beta1=0.9,
    beta2=0.999,
    eps=1e-4,
    weight_decay=0.0,
    hessian_power=1.0,
    donate=False,
):
    """One step of AdaHessian.

    Parameters
    ----------
    params : array or tree of arrays, any shapes, floating point
        The parameters theta.
    state : AdaHessianState
        From `init` or the last step.
    grad : like `params`
        The gradient g at `params`.
    diagonal : like `params`
        The averaged diagonal D^(s) from `estimate`, or the last one if none is `due`. Only its square is used.
    lr : float, default: 0.15
        Step size eta > 0; 1 is Newton's on a quadratic with a diagonal Hessian.
    beta1, beta2 : float in [0, 1), default: 0.9, 0.999
        Rates at which the averages of gradients and of squared diagonals forget.
    eps : float, default: 1e-4
        Added to the root mean square, after bias correction and power; >= 0. Where curvature vanishes the step is
        ``lr * m / eps``; 0 allows division by zero.
    weight_decay : float, default: 0
        Decoupled decay lambda >= 0.
    hessian_power : float, default: 1
        Power k of the curvature, in [0, 1]: 1 is a diagonal Newton step, 0 gradient descent with momentum. Only a
        negative one is refused.
    donate : bool, default: False
        Whether the results may take over the memory of `params` and `state`, which large NumPy arrays do; these must
        then not be used any more.

    Returns
    -------
    params : like `params`
        Shapes, dtypes and devices as given.
    state : AdaHessianState
        For the next step.

    Raises
    ------
    TypeError, ValueError
        If `grad`, `diagonal` or the state is not like `params`, something is not finite, or a hyper-parameter is
        out of range.

    Notes
    -----
    Equations (adahessian-3) to (adahessian-6) of the documentation; Algorithm 1 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> params, grad, diagonal = np.array([1.0, -2.0]), np.array([3.0, -100.0]), np.array([3.0, -50.0])
    >>> params, state = update(params, init(params), grad, diagonal, lr=1.0, eps=0.0)
    >>> params
    array([0., 0.])
    >>> state.v.round(6), state.steps
    (array([0.009, 2.5  ]), 1)
    """
    check.instance(AdaHessianState, state=state)
    tree.alike(params, m=state.m, v=state.v, grad=grad, diagonal=diagonal)
    tree.finite(params=params, m=state.m, v=state.v, grad=grad, diagonal=diagonal)
    tree.map(lambda v: check.no_negative(v=v), state.v)
    lr = check.positive(lr=lr)
    beta1, beta2 = check.fraction(beta1=beta1, beta2=beta2)
    eps, weight_decay, power = check.nonnegative(eps=eps, weight_decay=weight_decay, hessian_power=hessian_power)
    t = check.integer(steps=state.steps) + 1
    rates = lr, beta1, beta2, eps, weight_decay, power, 1 - beta1**t, 1 - beta2**t
    leaves = zip(*map(tree.leaves, (params, state.m, state.v, grad, diagonal)), strict=True)
    moved = zip(*(_rule(*leaf, *rates, donate=donate) for leaf in leaves), strict=True)
    params, m, v = (tree.unflatten(params, parts) for parts in moved)
    return params, AdaHessianState(m, v, t)


def curvature(state, *, beta2=0.999):
    """What the step divides by, before the power: the root mean square of the diagonals, bias-corrected.

    Parameters
    ----------
    state : AdaHessianState
        After one step or more.
    beta2 : float in [0, 1), default: 0.999
        As in these steps.

    Returns
    -------
    array or tree of arrays
        Like the parameters.

    Raises
    ------
    TypeError, ValueError
        If there was no step yet, or `beta2` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> ones = np.ones(2)
    >>> _, state = update(ones, init(ones), ones, np.array([4.0, -9.0]))
    >>> curvature(state)
    array([4., 9.])
    """
    check.instance(AdaHessianState, state=state), tree.finite(m=state.m, v=state.v), tree.alike(state.m, v=state.v)
    tree.map(lambda v: check.no_negative(v=v), state.v)
    correction = 1 - check.fraction(beta2=beta2) ** check.integer(steps=state.steps, minimum=1)
    return tree.map(lambda v: array_namespace(v).sqrt(v / correction), state.v)


def due(state, *, period=1):
    """Whether the next step estimates the diagonal anew: steps 1, 1 + `period`, 1 + 2 `period`, ... do.

    Parameters
    ----------
    state : AdaHessianState
        From `init` or the last step.
    period : int, default: 1
        Steps from one estimate to the next, >= 1.

    Returns
    -------
    bool
        Whether it is.

    Raises
    ------
    TypeError, ValueError
        If `period` is no integer >= 1.

    Examples
    --------
    >>> [due(AdaHessianState(None, None, t), period=3) for t in range(5)]
    [True, False, False, True, False]
    """
    check.instance(AdaHessianState, state=state)
    steps, period = check.integer(steps=state.steps), check.integer(period=period, minimum=1)
    return steps % period == 0  # (adahessian-7)


# The driver -----------------------------------------------------------------------------------------------------


def differentiated(loss):
    """Oracle for `minimize`: gradient of a loss and products with its Hessian, on one mini-batch, from one pass.

    Parameters
    ----------
    loss : callable
        ``loss(params, k)``, an array of shape (), differentiable by `core.autodiff`; k = 1, 2, ... may choose the
        mini-batch.

    Returns
    -------
    callable
        ``oracle(params, k) -> (grad, product)``.

    Examples
    --------
    >>> import numpy as np
    >>> grad, product = differentiated(lambda x, k: x[0] ** 2 * x[1])(np.array([3.0, 5.0]), 1)
    >>> grad, product(np.array([1.0, -1.0]))
    (array([30.,  9.]), array([4., 6.]))
    """

    check.function(loss=loss)

    def oracle(params, k):
        grad, pullback = autodiff.vjp(autodiff.grad(lambda at: loss(at, k)), params)
        return grad, lambda z: pullback(z)[0]

    return oracle


def minimize(oracle, params, *, steps, rng, block=1, period=1, lr=0.15, record=None, progress=None, **rates):
    """Take `steps` steps of AdaHessian down a function.

    Parameters
    ----------
    oracle : callable
        ``oracle(params, k) -> (grad, product)`` for step k = 1, 2, ...: gradient, and ``product(z)`` = H z, of one
        mini-batch; `differentiated` makes one of a loss.
    params : array or tree of arrays, any shapes, floating point
        The start.
    steps : int
        >= 0.
    rng : numpy.random.Generator
        From `core.random.stream`; draws the signs.
    block
        As for `estimate`.
    period : int, default: 1
        As for `due`: the paper's delay. In between the last estimate enters the average v again.
    lr : float or callable, default: 0.15
        Step size, or ``lr(k)`` for step k.
    record : callable, optional
        ``record(params, state) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        `beta1`, `beta2`, `eps`, `weight_decay`, `hessian_power` of `update`.

    Returns
    -------
    core.loop.Run
        Its `state` is (params, AdaHessianState, last diagonal).

    Raises
    ------
    TypeError, ValueError
        As `update`, `estimate` and `due`.

    Examples
    --------
    >>> import numpy as np
    >>> valley = lambda x, k: (x[0] ** 2 + 1e4 * x[1] ** 2) / 2
    >>> run = minimize(differentiated(valley), np.array([1.0, 1.0]), steps=1, rng=random.stream(0), lr=1.0, eps=0.0)
    >>> run.state[0]
    array([0., 0.])
    """
    check.function(oracle=oracle), tree.finite(params=params)

    def step(carry, k):
        params, state, diagonal = carry
        grad, product = check.results(2, oracle=oracle(params, k))
        tree.finite(oracle=grad), tree.alike(params, oracle=grad)
        if due(state, period=period):
            signs = tree.map(lambda leaf: random.signs(rng, leaf.shape, like=leaf), params)
            diagonal = estimate(product, signs, block=block)
        params, state = update(params, state, grad, diagonal, lr=lr(k) if callable(lr) else lr, **rates)
        return params, state, diagonal

    return iterate(
        step,
        (params, init(params), None),
        steps=steps,
        record=record and (lambda carry: record(*carry[:2])),
        progress=progress,
    )
