"""Weights of samples from their losses in the current batch (Sow et al., 2025, arXiv:2502.06733).

The losses of a batch are mapped to [-delta, delta], a shape says which of them matter, and a softmax at temperature r
makes weights, which stand in for 1/b in the gradient. Nothing is remembered from batch to batch. Beside the rule stand
the exponential weights of distributionally robust optimization, weights of groups, and the bound of convex problems.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.autodiff import stop_gradient
from refimpl.core.loop import iterate
from refimpl.models.attention import log_softmax

STRATEGIES = ("linupper", "quadratic", "extremes", "upper", "uniform")
IGNORED = -100  # label of a token that does not count
FLOOR = 1e-6  # a smaller range of losses is not stretched


class SequenceLosses(NamedTuple):
    """Loss of each sequence of a batch."""

    losses: Array  # [b] mean over the tokens that count
    counts: Array  # [b] int64, how many those are


class Weights(NamedTuple):
    """Weights of a batch, and how they came about."""

    h: Array  # [..., b] losses mapped to [-delta, delta]
    s: Array  # [..., b] what the strategy makes of them
    w: Array  # [..., b] weights, of sum 1


class Sharded(NamedTuple):
    """A batch that lies on several devices."""

    w: Array  # [D, b] weights, of sum 1 over all devices
    local: Array  # [D] loss of each device; their mean, and that of their gradients, is that of the whole batch


class Bound(NamedTuple):
    """Both sides of the convergence bound of a least-squares problem, step by step."""

    gaps: Array  # [T] mean loss before step 1, ..., T; its least value is 0
    base: Array  # 0-d, what uniform weights are promised: a bound on the mean of the gaps
    weighted: Array  # [T] weighted losses before these steps; what they are above the gaps is taken off the base


# Losses ------------------------------------------------------------------------------------------------------------


def sequence_losses(logits, labels):
    """Mean loss of each sequence under a model that predicts the next token; differentiable.

    Parameters
    ----------
    logits : array [b, n, V]
        Floating point; those at place t are about token t + 1.
    labels : array [b, n]
        Integers: the tokens themselves in [0, V), or -100 for one that does not count. The first is never predicted.

    Returns
    -------
    SequenceLosses
        In nats per token. Divided by the tokens that count, so that padding changes nothing.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, logits are not finite, a label is none, or a sequence has no token that counts.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.log(np.array([[[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]]]))
    >>> sequence_losses(logits, np.array([[0, 1, 0]]))  # the mean of log 2 and log 4
    SequenceLosses(losses=array([1.03972077]), counts=array([2]))
    >>> sequence_losses(logits, np.array([[0, 1, IGNORED]])).losses
    array([0.69314718])
    """
    check.finite(logits=logits), check.integral(labels=labels)
    check.shapes(logits=(logits, "b n V"), labels=(labels, "b n"))
    xp, V = array_namespace(logits, labels), logits.shape[2]
    if bool(xp.any(((labels < 0) & (labels != IGNORED)) | (labels >= V))):
        raise ValueError(f"labels must be in [0, {V}) or {IGNORED}, got {int(xp.min(labels))} to {int(xp.max(labels))}")
    targets = xp.astype(labels[:, 1:], xp.int64)
    active = targets != IGNORED  # (loss_reweighting-1)
    counts = xp.sum(xp.astype(active, xp.int64), axis=1)
    if logits.shape[1] < 2 or bool(xp.any(counts == 0)):
        raise ValueError("labels must have a token after the first that counts in each sequence, got one without")
    log_p = log_softmax(logits[:, :-1, :])
    chosen = xp.where(active, targets, 0)[:, :, None]
    token = -xp.take_along_axis(log_p, chosen, axis=2)[:, :, 0]  # (loss_reweighting-2)
    total = xp.sum(xp.where(active, token, xp.zeros_like(token)), axis=1)
    return SequenceLosses(total / xp.astype(counts, logits.dtype), counts)  # (loss_reweighting-3)


# Weights -----------------------------------------------------------------------------------------------------------


def normalise(losses, *, delta=1.0, bounds=None):
    """Losses mapped so that the smallest of the batch is -delta and the largest delta.

    Parameters
    ----------
    losses : array [..., b]
        Floating point, finite; leading axes are batches by themselves.
    delta : float, default: 1
        Half of the range, > 0.
    bounds : (float, float), optional
        Stand in for the smallest and the largest; what is outside is not clipped.

    Returns
    -------
    array [..., b]
        h. A range below 1e-6 counts as 1e-6, so that equal losses are mapped to 0.

    Raises
    ------
    TypeError, ValueError
        If `losses` is no such array, empty or not finite, `delta` is no number > 0, or `bounds` do not rise.

    Examples
    --------
    >>> import numpy as np
    >>> normalise(np.array([1.0, 2.0, 3.0, 5.0]))
    array([-1. , -0.5,  0. ,  1. ])
    >>> normalise(np.array([1e8, 1e8]))
    array([0., 0.])
    """
    _check(losses)
    xp, delta = array_namespace(losses), check.positive(delta=delta)
    low, high = _ends(losses, bounds)
    below, above = losses / 2 - low / 2, high / 2 - losses / 2  # halves: no difference overflows
    reach = xp.maximum(high / 2 - low / 2, FLOOR / 2)  # (loss_reweighting-4)
    h = delta * ((below - above) / reach)  # (loss_reweighting-5)
    if bounds is not None:
        check.finite(**{"losses within reach of the bounds": h})
    return h


def _ends(losses, bounds):
    """Smallest and largest loss [..., 1] of each batch, or what stands in for them."""
    xp = array_namespace(losses)
    if bounds is None:
        return xp.min(losses, axis=-1, keepdims=True), xp.max(losses, axis=-1, keepdims=True)
    low, high = (check.number(bounds=end) for end in check.results(2, bounds=bounds))
    if not low < high:
        raise ValueError(f"bounds must rise, got {low} and {high}")
    return xp.full_like(losses[..., :1], low), xp.full_like(losses[..., :1], high)


def _check(losses):
    check.finite(losses=losses)
    if losses.ndim == 0 or 0 in losses.shape:
        raise ValueError(f"losses must have shape [..., b] with b >= 1, got {tuple(losses.shape)}")


def shape(h, *, strategy="linupper", delta=1.0):
    """What a strategy makes of normalised losses: the larger, the more a sample counts.

    Parameters
    ----------
    h : array
        From `normalise`, floating point.
    strategy : {"linupper", "quadratic", "extremes", "upper", "uniform"}, default: "linupper"
        Down-weight small losses and treat the upper half alike; favour the middle; favour both ends; rise over the
        whole range (the authors' code alone); all alike.
    delta : float, default: 1
        As for `normalise`.

    Returns
    -------
    array
        s, in [0, delta]; of "quadratic" in [0, 1].

    Raises
    ------
    TypeError, ValueError
        If `h` is no finite floating-point array, `strategy` is unknown, or `delta` is no number > 0.

    Examples
    --------
    >>> import numpy as np
    >>> for strategy in STRATEGIES:
    ...     print(strategy, shape(np.array([-1.0, -0.5, 0.0, 1.0]), strategy=strategy))
    linupper [0.  0.5 1.  1. ]
    quadratic [0.   0.75 1.   0.  ]
    extremes [1.  0.5 0.  1. ]
    upper [0.   0.25 0.5  1.  ]
    uniform [0. 0. 0. 0.]
    """
    check.finite(h=h), check.choice(STRATEGIES, strategy=strategy)
    xp, delta = array_namespace(h), check.positive(delta=delta)
    if strategy == "linupper":
        return xp.minimum(h + delta, delta)  # (loss_reweighting-6)
    if strategy == "quadratic":
        return 1 - (h / delta) ** 2  # (loss_reweighting-7)
    if strategy == "extremes":
        return xp.abs(h)  # (loss_reweighting-8)
    if strategy == "upper":
        return 0.5 * h + 0.5 * delta  # (loss_reweighting-9)
    return xp.zeros_like(h)  # (loss_reweighting-10)


def _softmax(s, r):
    """Weights [..., b] of sum 1 at temperature r, whatever the scale of s / r."""
    xp = array_namespace(s)
    info = xp.finfo(s.dtype)
    r = min(max(r, float(info.smallest_normal)), float(info.max))
    gaps = s - xp.max(s, axis=-1, keepdims=True)  # (loss_reweighting-11)
    gaps = xp.maximum(gaps, -min(800 * r, float(info.max)))  # beyond, weights are 0 and the quotient may overflow
    powers = xp.exp(gaps / r)  # (loss_reweighting-12)
    return powers / xp.sum(powers, axis=-1, keepdims=True)  # (loss_reweighting-13)


def weights(losses, *, strategy="linupper", delta=1.0, r=1.0, bounds=None):
    """Weights of the samples of a batch.

    Parameters
    ----------
    losses : array [..., b]
        Of the samples, floating point, finite; leading axes are batches by themselves.
    strategy, delta, bounds
        As for `shape` and `normalise`.
    r : float, default: 1
        Temperature > 0; infinity makes all weights equal. The paper has 1 for its smallest model, 0.4 for others.

    Returns
    -------
    Weights
        Constants: no gradient should flow through them (`weighted_loss` sees to that).

    Raises
    ------
    TypeError, ValueError
        If `losses` is no such array, empty or not finite, or an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> weights(np.array([1.0, 2.0, 3.0, 5.0]), r=0.4).w.round(3)
    array([0.035, 0.121, 0.422, 0.422])
    """
    r = check.positive(r=r, infinite=True)
    h = normalise(losses, delta=delta, bounds=bounds)
    s = shape(h, strategy=strategy, delta=delta)
    return Weights(h, s, _softmax(s, r))


def dro(losses, *, r=1.0):
    """Weights in proportion to exp(loss / r): robust optimization in a Kullback-Leibler ball, without any shape.

    Parameters
    ----------
    losses : array [..., b]
        As for `weights`.
    r : float, default: 1
        Temperature > 0, in units of the losses.

    Returns
    -------
    array [..., b]
        Of sum 1. One gross loss takes all of it.

    Raises
    ------
    TypeError, ValueError
        As `weights`.

    Examples
    --------
    >>> import numpy as np
    >>> dro(np.array([1.0, 2.0, 3.0, 5.0]), r=1.0).round(3)
    array([0.015, 0.041, 0.112, 0.831])
    """
    _check(losses)
    return _softmax(losses, check.positive(r=r, infinite=True))  # (loss_reweighting-14)


def combine(w, groups, alpha):
    """Weights of samples times weights of their groups, as a method for domains gives them.

    Parameters
    ----------
    w : array [b]
        Weights of samples, >= 0.
    groups : array [b]
        Integers in [0, k): the group of each.
    alpha : array [k]
        Weights of groups, >= 0, like `w`.

    Returns
    -------
    array [b]
        Of sum 1.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is negative or not finite, or nothing is left.

    Examples
    --------
    >>> import numpy as np
    >>> combine(np.array([0.25, 0.25, 0.5]), np.array([0, 1, 1]), np.array([0.8, 0.2]))
    array([0.57142857, 0.14285714, 0.28571429])
    """
    check.finite(w=w, alpha=alpha), check.alike_dtype(w=w, alpha=alpha)
    k = check.shapes(w=(w, "b"), groups=(groups, "b"), alpha=(alpha, "k"))["k"]
    check.no_negative(w=w, alpha=alpha), check.indices(k, groups=groups)
    xp = array_namespace(w, groups, alpha)
    product = w * xp.take(alpha, xp.astype(groups, xp.int64))  # (loss_reweighting-15)
    if not float(xp.max(product)) > 0:
        raise ValueError("w and alpha must leave a sample of weight > 0, got none")
    return product / xp.sum(product)


def temperature(step, *, r=1.0, warm=1000):
    """Temperature of a step: infinite, and weights equal, while early losses do not rank samples; then r.

    Parameters
    ----------
    step : int
        Steps taken before this one, >= 0.
    r : float, default: 1
        > 0.
    warm : int, default: 1000
        Steps with equal weights, >= 0.

    Returns
    -------
    float
        For `weights`.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> [temperature(k, r=0.4, warm=2) for k in range(4)]
    [inf, inf, 0.4, 0.4]
    """
    step, warm = check.integer(step=step), check.integer(warm=warm)
    r = check.positive(r=r, infinite=True)
    return math.inf if step < warm else r  # (loss_reweighting-16)


# Training ----------------------------------------------------------------------------------------------------------


def weighted_loss(losses, **settings):
    """Weighted loss of a batch; differentiable, and its gradient is the weighted mean of the samples' gradients.

    Parameters
    ----------
    losses : array [b]
        Of the samples; may be traced by `core.autodiff`.
    **settings
        Of `weights`.

    Returns
    -------
    array, 0-d
        Sum of weight times loss. No gradient flows through the weights.

    Raises
    ------
    TypeError, ValueError
        As `weights`.

    Examples
    --------
    >>> import numpy as np
    >>> float(weighted_loss(np.array([1.0, 2.0, 3.0, 5.0]), r=0.4).round(3))
    3.654
    >>> from refimpl.core.autodiff import grad
    >>> grad(lambda losses: weighted_loss(losses, r=0.4))(np.array([1.0, 2.0, 3.0, 5.0])).round(3)  # the weights
    array([0.035, 0.121, 0.422, 0.422])
    """
    w = weights(stop_gradient(losses), **settings).w  # (loss_reweighting-17)
    return array_namespace(losses).sum(w * losses)  # (loss_reweighting-18)


def sharded(losses, **settings):
    """Weights of a batch that lies on several devices, and what each of them takes for its loss.

    Parameters
    ----------
    losses : array [D, b]
        Of the samples, a row for each device.
    **settings
        Of `weights`.

    Returns
    -------
    Sharded
        See there.

    Raises
    ------
    TypeError, ValueError
        As `weights`.

    Examples
    --------
    >>> import numpy as np
    >>> found = sharded(np.array([[1.0, 2.0], [3.0, 5.0]]), r=0.4)
    >>> found.w.round(3).tolist(), round(float(found.local.mean()), 3)
    ([[0.035, 0.121], [0.422, 0.422]], 3.654)
    """
    D = check.shapes(losses=(losses, "D b"))["D"]
    xp = array_namespace(losses)
    w = xp.reshape(weights(xp.reshape(losses, (-1,)), **settings).w, losses.shape)  # (loss_reweighting-19)
    return Sharded(w, D * xp.sum(w * losses, axis=1))  # (loss_reweighting-20)


def regression_step(theta, A, y, *, lr, **settings):
    """One step of weighted gradient descent on a batch of a least-squares problem.

    Parameters
    ----------
    theta : array [..., d]
        Parameters; leading axes are runs by themselves.
    A : array [..., b, d]
        Inputs of the batch.
    y : array [..., b]
        Their answers.
    lr : float
        Step size eta > 0.
    **settings
        Of `weights`.

    Returns
    -------
    theta : array [..., d]
        After the step.
    w : array [..., b]
        Weights of the samples in it.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, or a number is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> A, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, 2.0])
    >>> [found.round(4).tolist() for found in regression_step(np.zeros(2), A, y, lr=0.5, r=0.4)]
    [[0.0379, 1.8483], [0.0759, 0.9241]]
    """
    check.finite(theta=theta, A=A, y=y), check.alike_dtype(theta=theta, A=A, y=y)
    if A.ndim < 2 or tuple(theta.shape) != (*A.shape[:-2], A.shape[-1]) or tuple(y.shape) != tuple(A.shape[:-1]):
        shapes = f"{tuple(theta.shape)}, {tuple(A.shape)}, {tuple(y.shape)}"
        raise ValueError(f"theta, A, y must have shapes [..., d], [..., b, d], [..., b], got {shapes}")
    lr, xp = check.positive(lr=lr), array_namespace(theta, A, y)
    residual = (A @ theta[..., None])[..., 0] - y
    losses = 0.5 * residual**2  # (loss_reweighting-21)
    w = weights(losses, **settings).w
    g = (xp.matrix_transpose(A) @ (w * residual)[..., None])[..., 0]  # (loss_reweighting-22)
    return theta - lr * g, w  # (loss_reweighting-23)


def regression(theta, A, y, *, lr, r=1.0, warm=0, **settings):
    """Weighted gradient descent on a sequence of batches, each with weights of its own.

    Parameters
    ----------
    theta : array [d]
        Start.
    A : array [T, b, d]
        Inputs of each batch.
    y : array [T, b]
        Their answers.
    lr, **settings
        As for `regression_step`.
    r, warm
        As for `temperature`.

    Returns
    -------
    thetas : array [T, d]
        After each step.
    w : array [T, b]
        Weights in each step.

    Raises
    ------
    TypeError, ValueError
        As `regression_step`.

    Examples
    --------
    >>> import numpy as np
    >>> A, y = np.ones((2, 2, 1)) * np.array([[1.0], [2.0]]), np.array([[1.0, 2.0], [1.0, 2.0]])
    >>> thetas, w = regression(np.zeros(1), A, y, lr=0.25, r=0.4, warm=1)
    >>> thetas.round(4).tolist(), w.round(4).tolist()
    ([[0.625], [0.9787]], [[0.5, 0.5], [0.0759, 0.9241]])
    """
    check.shapes(theta=(theta, "d"), A=(A, "T b d"), y=(y, "T b"))

    def step(state, k):
        found = {"r": temperature(k - 1, r=r, warm=warm), "lr": lr, **settings}
        return regression_step(state[0], A[k - 1, ...], y[k - 1, ...], **found)

    xp = array_namespace(theta, A, y)
    run = iterate(step, (theta, None), steps=A.shape[0], record=lambda state: {"theta": state[0], "w": state[1]})
    return xp.stack(run.history["theta"][1:]), xp.stack(run.history["w"][1:])


# Why it may help ---------------------------------------------------------------------------------------------------


def bound(A, theta0, theta_star, *, steps, share=0.5, **settings):
    """Both sides of the bound for gradient descent on a noise-free least-squares problem with weights in each step.

    Parameters
    ----------
    A : array [n, d]
        Inputs, not all 0; every sample is in every step.
    theta0, theta_star : array [d]
        Start, and the parameters that solve the problem: answers are A theta_star.
    steps : int
        T, >= 1.
    share : float, default: 0.5
        Step size in (0, 1), in units of one over the smoothness.
    **settings
        Of `weights`.

    Returns
    -------
    Bound
        The mean of `weighted` is at most `base`; so that of `gaps` is at most `base` minus the mean of the corrections
        ``weighted - gaps``.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, something is not finite, `A` is 0, or a number is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> A, theta = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]), np.array([1.0, -1.0])
    >>> found = bound(A, np.zeros(2), theta, steps=3, r=0.4)
    >>> found.gaps.round(4), found.weighted.round(4), float(found.base.round(4))
    (array([0.8333, 0.4458, 0.326 ]), array([1.566 , 0.6169, 0.4291]), 5.3333)
    """
    check.finite(A=A, theta0=theta0, theta_star=theta_star)
    check.alike_dtype(A=A, theta0=theta0, theta_star=theta_star)
    check.shapes(A=(A, "n d"), theta0=(theta0, "d"), theta_star=(theta_star, "d"))
    steps, share = check.integer(steps=steps, minimum=1), check.share(share=share)
    if share == 1:
        raise ValueError("share must be in (0, 1), got 1.0")
    xp = array_namespace(A, theta0, theta_star)
    L = xp.max(xp.sum(A * A, axis=1))  # (loss_reweighting-24)
    if not float(L) > 0:
        raise ValueError("A must have a row that is not 0, got none")
    lr = share / L
    off = theta0 - theta_star
    base = xp.sum(off * off) / (2 * lr * (1 - share) * steps)  # (loss_reweighting-25)
    gaps, weighted = [], []
    for _ in range(steps):
        z = A @ off
        f = 0.5 * z * z
        w = weights(f, **settings).w
        gaps.append(xp.mean(f))
        weighted.append(xp.sum(w * f))  # (loss_reweighting-26)
        off = off - lr * (xp.matrix_transpose(A) @ (w * z)[:, None])[:, 0]  # (loss_reweighting-27)
    return Bound(xp.stack(gaps), base, xp.stack(weighted))
