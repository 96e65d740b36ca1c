"""Networks grown unit by unit with gradient boosting (Emami, Martinez-Munoz, 2023, arXiv:1909.12098).

Each round fits a tiny network, a block, to the negative gradient of the loss, finds how far to go along it and freezes
it. In the end the blocks are folded into one network with a hidden layer, of which any first part is a finished
network too.
"""

import math
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import scipy  # loads its parts when they are asked for, which takes time

from refimpl.core import check, random
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, is_array, to_numpy
from refimpl.core.linalg import scaled
from refimpl.core.loop import iterate
from refimpl.core.special import logsumexp, sigmoid, softmax, softplus

TASKS = ("regression", "binary", "multiclass")
SEARCHES = ("table", "newton")
_reached = partial(check.reached, "X and block")
ABSENT = object()  # data that a check is not asked about


class Block(NamedTuple):
    """A network with one hidden layer, or a stack of T of them: then each array has T as its first axis."""

    W: Array  # [d, J] weights of the J hidden units
    b: Array  # [J] their biases
    V: Array  # [J, K] weights of the outputs
    c: Array  # [K] their biases


class Model(NamedTuple):
    """A sum of blocks."""

    F_0: Array  # [K] the constant that it starts from
    blocks: Block  # T of them, stacked
    rho: Array  # [T] step along each
    eta: float  # shrinkage, in (0, 1]


class Round(NamedTuple):
    """Where the growing network stands."""

    F: Array  # [N, K] raw scores of the training data
    block: Block | None = None  # the last one; None at the start
    rho: Array | None = None  # [] step along it
    targets: Array | None = None  # [n, K] what it was fitted to
    calls: int = 0  # how often its loss was evaluated


class Grown(NamedTuple):
    """What the drivers return."""

    model: Model
    F: Array  # [N, K] raw scores of the training data
    losses: Array  # [T+1] mean losses of the training data after 0, 1, ..., T blocks
    targets: Array  # [T, n, K] what each block is fitted to, on its n rows
    calls: tuple  # T numbers: evaluations of the loss of each block; 0 if it was given


class Fit(NamedTuple):
    """A fitted block."""

    block: Block
    calls: int  # how often its loss was evaluated


# Losses -------------------------------------------------------------------------------------------------------------


def mean_loss(Y, F, *, task):
    """Mean loss of raw scores.

    Parameters
    ----------
    Y : array [N, K]
        Targets, floating point: numbers for "regression"; -1 or 1 in one column for "binary"; rows of one 1 and else 0
        for "multiclass", K >= 2.
    F : array [N, K]
        Raw scores.
    task : {"regression", "binary", "multiclass"}
        Which loss: half the squared error, added up over the columns; ``log(1 + exp(-2 y F))``; cross-entropy of the
        softmax.

    Returns
    -------
    array []
        Mean over the rows.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, the targets are not those of the task, or the task is
        unknown.

    Examples
    --------
    >>> import numpy as np
    >>> Y, F = np.array([[1.0], [1.0], [-1.0]]), np.array([[0.5], [-0.2], [0.3]])
    >>> float(mean_loss(Y, F, task="binary").round(6)), float(mean_loss(Y, F, task="regression").round(6))
    (0.754588, 0.563333)
    """
    _scores(Y, F, task)
    return _mean_loss(Y, F, task)


def _mean_loss(Y, F, task):
    xp = array_namespace(Y, F)
    if task == "regression":
        loss = 0.5 * xp.sum((Y - F) ** 2, axis=1)  # (gbnn-1)
    elif task == "binary":
        loss = softplus(-2 * Y * F)[:, 0]  # (gbnn-2)
    else:
        ahead = F - xp.sum(Y * F, axis=1, keepdims=True)
        loss = softplus(logsumexp(xp.where(Y > 0, xp.full_like(Y, -math.inf), ahead), axis=1))  # (gbnn-3)
    return xp.mean(loss)


def initial_score(Y, *, task):
    """The constant from which a network grows.

    Parameters
    ----------
    Y, task
        As for `mean_loss`; both classes must occur.

    Returns
    -------
    array [K]
        The constant of least loss; 0 for "multiclass", by convention.

    Raises
    ------
    TypeError, ValueError
        As `mean_loss`, or if only one of two classes occurs: then there is no best constant.

    Examples
    --------
    >>> import numpy as np
    >>> initial_score(np.array([[1.0], [1.0], [-1.0]]), task="binary").round(10)
    array([0.34657359])
    """
    _targets(Y, task)
    xp = array_namespace(Y)
    if task == "regression":
        return xp.mean(Y, axis=0)  # (gbnn-4)
    if task == "binary":
        positive, negative = (float(xp.count_nonzero(s * Y > 0)) for s in (1, -1))
        if not positive or not negative:
            raise ValueError(f"Y must have both classes, got {positive:g} labels 1 and {negative:g} labels -1")
        return xp.full_like(Y[0, :], 0.5 * math.log(positive / negative))  # (gbnn-5)
    return xp.zeros_like(Y[0, :])  # (gbnn-6)


def residuals(Y, F, *, task):
    """Negative gradient of each row's loss in its raw scores: what the next block is fitted to.

    Parameters
    ----------
    Y, F, task
        As for `mean_loss`.

    Returns
    -------
    array [N, K]
        Without cancellation, however large the scores are.

    Raises
    ------
    TypeError, ValueError
        As `mean_loss`.

    Examples
    --------
    >>> import numpy as np
    >>> Y, F = np.array([[1.0], [1.0], [-1.0]]), np.array([[0.5], [-0.2], [0.3]])
    >>> residuals(Y, F, task="binary")[:, 0].round(6)
    array([ 0.537883,  1.197375, -1.291313])
    >>> residuals(np.array([[1.0, 0.0, 0.0]]), np.array([[0.2, 0.0, -0.1]]), task="multiclass").round(6)
    array([[ 0.609306, -0.319873, -0.289433]])
    """
    _scores(Y, F, task)
    return _residuals(Y, F, task)


def _residuals(Y, F, task):
    if task == "regression":
        return Y - F  # (gbnn-7)
    if task == "binary":
        return 2 * Y * sigmoid(-2 * Y * F)  # (gbnn-8)
    p = softmax(F)  # (gbnn-9)
    return Y * _others(p) - (1 - Y) * p  # (gbnn-10)


def _others(p):
    """1 - p, as the sum of the other shares: it keeps its digits where p is nearly 1."""
    xp = array_namespace(p)
    return p @ (1 - xp.eye(p.shape[1], dtype=p.dtype, device=device(p)))


def probabilities(F, *, task):
    """Probabilities of the classes.

    Parameters
    ----------
    F : array [N, K]
        Raw scores.
    task : {"binary", "multiclass"}
        Which loss they were trained with.

    Returns
    -------
    array [N, K]
        Of label 1, or of each class.

    Raises
    ------
    TypeError, ValueError
        If `F` is no such array or not finite, has another number of columns, or the task has no classes.

    Examples
    --------
    >>> import numpy as np
    >>> probabilities(np.array([[0.0], [0.5]]), task="binary")[:, 0].round(4)
    array([0.5   , 0.7311])
    """
    check.finite(F=F), check.choice(TASKS[1:], task=task), check.shapes(F=(F, "N 1" if task == "binary" else "N K"))
    if task == "binary":
        return sigmoid(2 * F)  # (gbnn-11)
    return softmax(F)


# A block ------------------------------------------------------------------------------------------------------------


def initial_block(draws):
    """Where the fit of a block starts.

    Parameters
    ----------
    draws : Block
        Of uniform draws in [0, 1).

    Returns
    -------
    Block
        Weights and biases of a layer are uniform within the same bounds.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not in [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> initial_block(Block(np.zeros((1, 1)), np.full(1, 0.5), np.full((1, 1), 0.75), np.zeros(1)))
    Block(W=array([[-1.]]), b=array([0.]), V=array([[0.5]]), c=array([-1.]))
    """
    d, J, K = _block(block=draws, called="draws")
    check.uniforms(**draws._asdict())
    first, second = math.sqrt(2 / (d + J)), math.sqrt(2 / (J + K))  # (gbnn-12)
    W, b = (first * (2 * u - 1) for u in draws[:2])
    V, c = (second * (2 * u - 1) for u in draws[2:])
    return Block(W, b, V, c)


def outputs(X, block):
    """What a block says of each row; a folded network too.

    Parameters
    ----------
    X : array [N, d]
        Rows, floating point.
    block : Block
        One, or T of them stacked.

    Returns
    -------
    array [N, K], or [T, N, K]
        Of logistic hidden units and linear outputs.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or an answer is outside the range of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> outputs(np.array([[2.0]]), Block(np.array([[1.0]]), np.array([-2.0]), np.array([[4.0]]), np.array([1.0])))
    array([[3.]])
    """
    stacked = is_array(getattr(block, "c", None)) and block.c.ndim == 2
    _block(X=X, block=block, stacked=stacked)
    return _reached("outputs", _outputs(X, block))


def _outputs(X, block):
    Z = sigmoid(X @ block.W + block.b[..., None, :])  # (gbnn-13)
    return Z @ block.V + block.c[..., None, :]  # (gbnn-14)


def block_loss(X, R, block, *, alpha=1e-4):
    """What the fit of a block makes small, and its gradient.

    Parameters
    ----------
    X : array [n, d]
        Rows, floating point.
    R : array [n, K]
        What the outputs should be: the residuals.
    block : Block
        Where.
    alpha : float, default: 1e-4
        Penalty of the weights >= 0; biases have none.

    Returns
    -------
    loss : array []
        Half the squared error, added up over the outputs, mean over the rows; and the penalty, over the rows too.
    grads : Block
        Its gradient.

    Raises
    ------
    TypeError, ValueError
        As `outputs`, or if `alpha` is not >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> block = Block(np.array([[1.0]]), np.array([-2.0]), np.array([[4.0]]), np.array([1.0]))
    >>> loss, grads = block_loss(np.array([[2.0]]), np.array([[1.0]]), block, alpha=0.0)
    >>> float(loss), grads
    (2.0, Block(W=array([[4.]]), b=array([2.]), V=array([[1.]]), c=array([2.])))
    """
    _block(X=X, R=R, block=block)
    alpha = check.nonnegative(alpha=alpha)
    loss, grads = _block_loss(X, R, block, alpha)
    return _reached("loss", loss), grads


def _block_loss(X, R, block, alpha):
    xp, n = array_namespace(X, R, *block), X.shape[0]
    u = X @ block.W + block.b
    Z = sigmoid(u)
    E = Z @ block.V + block.c - R  # (gbnn-15)
    weights = xp.sum(block.W**2) + xp.sum(block.V**2)
    loss = xp.sum(E**2) / (2 * n) + alpha / (2 * n) * weights  # (gbnn-16)
    return loss, _backward(X, Z, sigmoid(-u), E / n, block, alpha / n)


def _backward(X, Z, rest, E, block, decay):
    """Gradient of a loss whose derivative in the outputs is E; `rest` is 1 - Z."""
    xp = array_namespace(X, Z, E)
    V = xp.matrix_transpose(Z) @ E + decay * block.V  # (gbnn-17)
    c = xp.sum(E, axis=0)  # (gbnn-18)
    D = (E @ xp.matrix_transpose(block.V)) * (Z * rest)  # (gbnn-19)
    W = xp.matrix_transpose(X) @ D + decay * block.W  # (gbnn-20)
    b = xp.sum(D, axis=0)  # (gbnn-21)
    return Block(W, b, V, c)


def fit_block(X, R, start, *, alpha=1e-4, iterations=200):
    """Least squares on a block, with SciPy's L-BFGS on the host.

    Parameters
    ----------
    X, R, alpha
        As for `block_loss`. They cross to the host once, in double precision, and the block comes back once.
    start : Block
        From `initial_block`.
    iterations : int, default: 200
        At most so many; >= 1. SciPy stops earlier where the loss falls by less than 2e-9 of itself, as in the authors'
        code.

    Returns
    -------
    Fit
        The block, and the number of evaluations.

    Raises
    ------
    TypeError, ValueError
        As `block_loss`, or if `iterations` is no whole number >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.array([[-1.0], [0.0], [1.0]])
    >>> start = Block(np.array([[0.5]]), np.array([0.1]), np.array([[0.5]]), np.array([0.0]))
    >>> found = fit_block(X, X**3, start)
    >>> outputs(X, found.block)[:, 0].round(2) + 0.0
    array([-1.,  0.,  1.])
    """
    _block(X=X, R=R, block=start, called="start")
    alpha, iterations = check.nonnegative(alpha=alpha), check.integer(iterations=iterations, minimum=1)
    return _fit_block(X, R, start, alpha, iterations)


def _fit_block(X, R, start, alpha, iterations):
    X, R, *host = (to_numpy(x).astype(float) for x in (X, R, *start))
    loss = lambda block: _block_loss(X, R, block, alpha)
    found, calls = _minimize(loss, Block(*host), iterations)
    return Fit(Block(*(from_numpy(x, like=y) for x, y in zip(found, start, strict=True))), calls)


def _minimize(loss, start, iterations):
    """SciPy's L-BFGS on NumPy arrays.

    Parameters
    ----------
    loss : callable
        ``loss(arrays) -> value, gradients``, both like `start`.
    start : Block, or another NamedTuple of arrays
        Double precision.
    iterations : int
        At most so many; >= 1.

    Returns
    -------
    arrays : like `start`
        Where it ended.
    calls : int
        How often `loss` was evaluated.

    Raises
    ------
    TypeError, ValueError
        If an argument is no such thing.

    Examples
    --------
    >>> import numpy as np
    >>> start = Block(*(np.ones(shape) for shape in ((2, 2), (2,), (2, 1), (1,))))
    >>> found, calls = _minimize(lambda x: (sum((y**2).sum() / 2 for y in x), x), start, 10)
    >>> found.W.round(6) + 0.0
    array([[0., 0.],
           [0., 0.]])
    """
    check.function(loss=loss), check.provides("_fields", start=start)
    check.finite(**{f"start[{i}]": x for i, x in enumerate(start)})
    iterations = check.integer(iterations=iterations, minimum=1)
    shapes = [x.shape for x in start]
    ends = list(accumulate(math.prod(shape) for shape in shapes))
    concat = array_namespace(*start).concat
    flat = lambda arrays: concat([x.reshape(-1) for x in arrays])
    parts = lambda theta: type(start)(
        *(theta[end - math.prod(shape) : end].reshape(shape) for end, shape in zip(ends, shapes, strict=True))
    )

    def objective(theta):
        value, grads = loss(parts(theta))
        return float(value), flat(grads)

    options = {"maxiter": iterations, "gtol": 0.0}
    found = scipy.optimize.minimize(objective, flat(start), jac=True, method="L-BFGS-B", options=options)
    return parts(found.x), int(found.nfev)


# Growing ------------------------------------------------------------------------------------------------------------


def step_size(Y, F, h, *, task, search="table"):
    """How far to go along a block.

    Parameters
    ----------
    Y, F, task
        As for `mean_loss`.
    h : array [N, K]
        Outputs of the block, of any scale.
    search : {"table", "newton"}, default: "table"
        The step of the authors' code: 1 for "regression", a Newton step for "binary", and one with the diagonal of the
        Hessian for "multiclass"; or a Newton step for all three, which for "regression" is the best step.

    Returns
    -------
    array []
        One number for all columns; 0 where the loss has no curvature along h.

    Raises
    ------
    TypeError, ValueError
        As `mean_loss`, or if `search` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> Y, F = np.array([[1.0], [1.0], [-1.0]]), np.array([[0.5], [-0.2], [0.3]])
    >>> float(step_size(Y, F, np.array([[0.4], [0.1], [-0.6]]), task="binary").round(8))
    2.38696242
    """
    _scores(Y, F, task), check.like(F, h=h), check.finite(h=h), check.choice(SEARCHES, search=search)
    return _step_size(Y, F, h, task, search)


def _step_size(Y, F, h, task, search):
    xp = array_namespace(Y, F, h)
    if task == "regression" and search == "table":
        return xp.ones_like(h[0, 0])  # (gbnn-22)
    h, size = scaled(h)
    if task == "multiclass" and search == "newton":
        h = h - h[:, :1]  # nothing changes where all scores move alike
    slope = xp.sum(_residuals(Y, F, task) * h)  # (gbnn-23)
    curvature = xp.sum(_curvature(Y, F, h, task, search))  # (gbnn-24)
    none = curvature == 0
    return xp.where(none, 0.0 * slope, slope / xp.where(none, xp.ones_like(curvature), curvature)) / size  # (gbnn-25)


def _curvature(Y, F, h, task, search):
    """Second derivative of the loss along h, of each entry."""
    if task == "regression":
        return h**2  # (gbnn-26)
    if task == "binary":
        return 4 * sigmoid(2 * F) * sigmoid(-2 * F) * h**2  # (gbnn-27)
    p = softmax(F)
    if search == "table":
        return p * _others(p) * h**2  # (gbnn-28)
    mean = array_namespace(h).sum(p * h, axis=1, keepdims=True)
    return p * (h - mean) ** 2  # (gbnn-29)


def draw_rows(u, *, share):
    """Rows for a block, without replacement.

    Parameters
    ----------
    u : array [N]
        Uniform draws in [0, 1).
    share : float
        s in (0, 1], of the rows.

    Returns
    -------
    array [n], int64
        The n = floor(s N) rows with the smallest draws, in the order of these.

    Raises
    ------
    TypeError, ValueError
        If `u` is no such array, an entry is not in [0, 1), or `share` is out of range or less than a row.

    Examples
    --------
    >>> import numpy as np
    >>> draw_rows(np.array([0.7, 0.1, 0.9, 0.4, 0.2]), share=0.5)
    array([1, 4])
    """
    check.uniforms(u=u)
    N, xp = check.shapes(u=(u, "N"))["N"], array_namespace(u)
    n = _rows(N, check.share(share=share))
    return xp.astype(xp.argsort(u), xp.int64)[:n]  # (gbnn-31)


def _rows(N, share):
    n = math.floor(float(share) * N)  # (gbnn-30)
    if n < 1:
        raise ValueError(f"share must be at least one of the {N} rows, got {share}")
    return n


def boost(X, Y, blocks, *, eta, task, search="table", rows=None):
    """The rounds of boosting with blocks that are given.

    Parameters
    ----------
    X : array [N, d]
        Rows, floating point.
    Y, task, search
        As for `step_size`.
    blocks : Block
        T of them, stacked.
    eta : float
        Shrinkage, in (0, 1].
    rows : array [T, n], optional
        Row numbers on which each block is fitted. Default: all. They change nothing but the targets.

    Returns
    -------
    Grown
        See there.

    Raises
    ------
    TypeError, ValueError
        As `initial_score` and `outputs`, or if `eta` is out of range, or `rows` are no row numbers.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = Block(np.zeros((2, 1, 1)), np.zeros((2, 1)), np.ones((2, 1, 1)), np.zeros((2, 1)))
    >>> grown = boost(np.zeros((2, 1)), np.array([[1.0], [3.0]]), blocks, eta=0.5, task="regression")
    >>> grown.F[:, 0], grown.losses, grown.targets[1, :, 0]
    (array([2.5, 2.5]), array([0.5    , 0.53125, 0.625  ]), array([-1.25,  0.75]))
    """
    T = _block(X=X, block=blocks, Y=Y, stacked=True, called="blocks")
    xp = array_namespace(X, Y)
    if rows is None:
        rows = xp.broadcast_to(xp.arange(X.shape[0], device=device(X)), (T, X.shape[0]))
    check.indices(X.shape[0], rows=rows), check.shapes(rows=(rows, f"{T} n"))
    given = [Fit(_one(blocks, t), 0) for t in range(T)]
    draws = ((rows[t, :], given[t]) for t in range(T))
    return _grow(X, Y, draws, lambda X, R, fit: fit, T, eta, task, search, "all")


def fit(rng, X, Y, *, task, T=200, J=1, eta=1.0, share=0.5, iterations=200, alpha=1e-4, search="table", over="all"):
    """Grow a network.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    X : array [N, d]
        Rows, floating point; columns should be standardised.
    Y, task, search
        As for `step_size`.
    T : int, default: 200
        Blocks, >= 1.
    J : int, default: 1
        Hidden units of each, >= 1.
    eta : float, default: 1.0
        Shrinkage, in (0, 1].
    share : float, default: 0.5
        Of the rows that each block is fitted on, in (0, 1].
    iterations, alpha
        As for `fit_block`.
    over : {"all", "drawn"}, default: "all"
        Rows on which the step along the block is found: all, or those on which it was fitted.

    Returns
    -------
    Grown
        Its model is for `staged`, `keep` and `fold`.

    Raises
    ------
    TypeError, ValueError
        As `initial_score` and `fit_block`, or if an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.linspace(-2, 2, 40)[:, None]
    >>> grown = fit(random.stream(0, "doc"), X, np.sin(2 * X), task="regression", T=10)
    >>> bool(grown.losses[-1] < 0.1 * grown.losses[0]), grown.model.blocks.W.shape
    (True, (10, 1, 1))
    """
    check.rng(rng=rng), check.finite(X=X), _targets(Y, task)
    axes = check.shapes(X=(X, "N d"), Y=(Y, "N K"))
    T, J = check.integer(T=T, minimum=1), check.integer(J=J, minimum=1)
    alpha, iterations = check.nonnegative(alpha=alpha), check.integer(iterations=iterations, minimum=1)
    N, d, K, share = axes["N"], axes["d"], axes["K"], check.share(share=share)
    _rows(N, share), check.alike_dtype(X=X, Y=Y), check.choice(("all", "drawn"), over=over)
    shapes = (d, J), (J,), (J, K), (K,)

    def draw():
        start = initial_block(Block(*(random.uniform(rng, shape, like=X) for shape in shapes)))
        return draw_rows(random.uniform(rng, (N,), like=X), share=share), start

    learner = lambda X, R, start: _fit_block(X, R, start, alpha, iterations)
    return _grow(X, Y, (draw() for _ in range(T)), learner, T, eta, task, search, over)


def _grow(X, Y, draws, learner, T, eta, task, search, over):
    """T rounds: `draws` gives the rows of each and what `learner` needs beside data."""
    eta = check.share(eta=eta)
    check.choice(SEARCHES, search=search)
    xp, F_0 = array_namespace(X, Y), initial_score(Y, task=task)

    def step(state, _):
        rows, start = next(draws)
        return _round(state, X, Y, rows, lambda X, R: learner(X, R, start), eta, task, search, over)

    def record(state):
        return {"loss": _mean_loss(Y, state.F, task), "round": state}

    run = iterate(step, Round(F_0 + xp.zeros_like(Y)), steps=T, record=record)
    _, *rounds = run.history["round"]
    blocks = Block(*map(xp.stack, zip(*(r.block for r in rounds), strict=True)))
    model = Model(F_0, blocks, xp.stack([r.rho for r in rounds]), eta)
    targets, losses = xp.stack([r.targets for r in rounds]), xp.stack(run.history["loss"])
    return Grown(model, run.state.F, losses, targets, tuple(r.calls for r in rounds))


def _round(state, X, Y, rows, learner, eta, task, search, over):
    """One round."""
    xp, F = array_namespace(X, Y), state.F
    take = lambda x: xp.take(x, rows, axis=0)
    r = _residuals(Y, F, task)  # (gbnn-32)
    targets = take(r)  # (gbnn-33)
    block, calls = learner(take(X), targets)  # (gbnn-34)
    h = _reached("outputs", _outputs(X, block))  # (gbnn-35)
    of, at, along = (Y, F, h) if over == "all" else map(take, (Y, F, h))
    rho = xp.asarray(_step_size(of, at, along, task, search))  # (gbnn-36)
    F = F + eta * rho * h  # (gbnn-37)
    return Round(F, block, rho, targets, calls)


# What has grown -----------------------------------------------------------------------------------------------------


def staged(X, model):
    """Raw scores of new rows after each block.

    Parameters
    ----------
    X : array [N, d]
        Rows, floating point.
    model : Model
        From `boost` or `fit`.

    Returns
    -------
    array [T, N, K]
        The last is that of the whole model.

    Raises
    ------
    TypeError, ValueError
        As `outputs`, or if the model does not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = Block(np.zeros((2, 1, 1)), np.zeros((2, 1)), np.ones((2, 1, 1)), np.zeros((2, 1)))
    >>> staged(np.zeros((1, 1)), Model(np.array([2.0]), blocks, np.array([1.0, -4.0]), 0.5))[:, 0, 0]
    array([2.25, 1.25])
    """
    model = _model(model)
    _block(X=X, block=model.blocks, stacked=True, called="model.blocks")
    xp = array_namespace(X, model.rho)
    steps = model.eta * model.rho[:, None, None] * _outputs(X, model.blocks)
    return _reached("scores", model.F_0 + xp.cumulative_sum(steps, axis=0))  # (gbnn-38)


def keep(model, T):
    """The model that the first T rounds have made: the last units are switched off.

    Parameters
    ----------
    model : Model
        From `boost` or `fit`.
    T : int
        Blocks to keep, >= 1 and at most as many as there are.

    Returns
    -------
    Model
        See there.

    Raises
    ------
    TypeError, ValueError
        If the model does not fit together, or `T` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = Block(np.zeros((2, 1, 1)), np.zeros((2, 1)), np.ones((2, 1, 1)), np.zeros((2, 1)))
    >>> keep(Model(np.array([2.0]), blocks, np.array([1.0, -4.0]), 0.5), 1).rho
    array([1.])
    """
    model = _model(model)
    T = check.integer(T=T, minimum=1, below=model.rho.shape[0] + 1)
    return model._replace(blocks=Block(*(x[:T, ...] for x in model.blocks)), rho=model.rho[:T])


def fold(model, *, task):
    """One network with a hidden layer that says what the sum of the blocks says.

    Parameters
    ----------
    model : Model
        From `boost`, `fit` or `keep`.
    task : {"regression", "binary", "multiclass"}
        For "binary" the outputs are twice the raw scores: a network with a sigmoid on top has the right probabilities.

    Returns
    -------
    Block
        With T J hidden units, block after block; for `outputs`.

    Raises
    ------
    TypeError, ValueError
        If the model does not fit together, or the task is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = Block(np.zeros((2, 1, 1)), np.zeros((2, 1)), np.ones((2, 1, 1)), np.full((2, 1), 10.0))
    >>> network = fold(Model(np.array([2.0]), blocks, np.array([1.0, -4.0]), 0.5), task="regression")
    >>> network.V[:, 0], network.c
    (array([ 0.5, -2. ]), array([-13.]))
    """
    model, _ = _model(model), check.choice(TASKS, task=task)
    xp, blocks = array_namespace(model.rho), model.blocks
    T, d, J = blocks.W.shape
    by = model.eta * model.rho  # (gbnn-39)
    W = xp.reshape(xp.permute_dims(blocks.W, (1, 0, 2)), (d, T * J))  # (gbnn-40)
    b = xp.reshape(blocks.b, (T * J,))  # (gbnn-41)
    V = xp.reshape(by[:, None, None] * blocks.V, (T * J, -1))  # (gbnn-42)
    c = model.F_0 + xp.sum(by[:, None] * blocks.c, axis=0)  # (gbnn-43)
    if task == "binary":
        V, c = 2 * V, 2 * c  # (gbnn-44)
    return Block(W, b, V, c)


# Checks -------------------------------------------------------------------------------------------------------------


def _targets(Y, task):
    check.choice(TASKS, task=task), check.finite(Y=Y), check.shapes(Y=(Y, "N K"))
    xp = array_namespace(Y)
    if task == "binary" and not (Y.shape[1] == 1 and bool(xp.all((Y == 1) | (Y == -1)))):
        raise ValueError(f"Y must be one column of labels -1 and 1 for the task binary, got {_some(Y)}")
    if task == "multiclass":
        one_hot = bool(xp.all((Y == 0) | (Y == 1))) and bool(xp.all(xp.count_nonzero(Y, axis=1) == 1))
        if Y.shape[1] < 2 or not one_hot:
            raise ValueError(f"Y must have rows of one 1 and else 0, two or more, for multiclass, got {_some(Y)}")


def _some(Y):
    xp = array_namespace(Y)
    return f"shape {tuple(Y.shape)} with numbers from {float(xp.min(Y)):g} to {float(xp.max(Y)):g}"


def _scores(Y, F, task):
    _targets(Y, task), check.like(Y, F=F), check.finite(F=F)


def _block(X=ABSENT, R=ABSENT, Y=ABSENT, *, block, stacked=False, called="block"):
    """A block, or T of them, and the data that it sees; the sizes d, J and K, or T."""
    check.fields(Block, **{called: block})
    T = "T " if stacked else ""
    forms = {"W": f"{T}d J", "b": f"{T}J", "V": f"{T}J K", "c": f"{T}K"}
    arrays = {name: (getattr(block, name), form) for name, form in forms.items()}
    data = {"X": (X, "n d"), "R": (R, "n K"), "Y": (Y, "n K")}
    arrays |= {name: entry for name, entry in data.items() if entry[0] is not ABSENT}
    check.finite(**{name: value for name, (value, _) in arrays.items()})
    sizes = check.shapes(**arrays)
    check.alike_dtype(**{name: value for name, (value, _) in arrays.items()})
    return sizes["T"] if stacked else (sizes["d"], sizes["J"], sizes["K"])


def _one(blocks, t):
    return Block(*(x[t, ...] for x in blocks))


def _model(model):
    model = check.fields(Model, model=model)
    T = _block(block=model.blocks, stacked=True, called="model.blocks")
    check.shapes(F_0=(model.F_0, f"{model.blocks.c.shape[1]}"), rho=(model.rho, f"{T}"))
    check.alike_dtype(W=model.blocks.W, F_0=model.F_0, rho=model.rho)
    return model._replace(eta=check.share(eta=model.eta))
