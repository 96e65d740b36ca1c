"""What the claims on diffusion models stand on: exact scores, estimators, the recursion of a Gaussian, rewards."""

import math
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, describe, device
from refimpl.generative import diffusion
from refimpl.generative.diffusion import _scales, _variance
from refimpl.models import mixture as mixtures

# Exact scores --------------------------------------------------------------------------------------------------------


def noised(mixture, t):
    """Law of a Gaussian mixture at time t, a mixture again.

    Parameters
    ----------
    mixture : models.mixture.Mixture
        Checked.
    t : float
        >= 0.

    Returns
    -------
    models.mixture.Mixture
        See there.

    Raises
    ------
    TypeError, ValueError
        If `mixture` is none, or `t` no number >= 0.

    Examples
    --------
    >>> import numpy as np
    >>> noised(mixtures.Mixture(np.ones(1), np.ones((1, 1)), np.ones(1)), np.log(4.0)).means
    array([[0.5]])
    """
    alpha, h = _scales(check.nonnegative(t=t))
    return mixtures.noised(mixture, alpha, h)  # (diffusion-22)


def mixture_score(x, t, mixture):
    """Score of the noised mixture at time t.

    Parameters
    ----------
    x : array [n, D]
        Points.
    t, mixture
        As for `noised`; shapes are not checked, as this is called in the steps of samplers.

    Returns
    -------
    array [n, D]
        Like `x`.

    Examples
    --------
    >>> import numpy as np
    >>> mixture_score(np.array([[3.0]]), 0.5, mixtures.Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1)))
    array([[-3.]])
    """
    return -mixtures.pull(*mixtures.components(x, noised(mixture, t)))


def class_gradient(x, t, mixture, label):
    """Gradient of the log-probability that a noisy point comes from a component: that of the exact classifier.

    Parameters
    ----------
    x, t, mixture
        As for `mixture_score`.
    label : int
        Number of the component, from 0.

    Returns
    -------
    array [n, D]
        Like `x`.

    Raises
    ------
    TypeError, ValueError
        If there is no such component.

    Examples
    --------
    >>> import numpy as np
    >>> pair = mixtures.Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones(2))
    >>> class_gradient(np.zeros((1, 1)), 0.0, pair, 1)
    array([[1.]])
    """
    label = _component(label, mixture)
    joint, solved = mixtures.components(x, noised(mixture, t))
    return mixtures.pull(joint, solved) - solved[:, label, :]  # (diffusion-23)


def guided_score(x, t, mixture, label, *, eta, mode="free"):
    """Score guided to a component of a mixture, by its exact classifier or free of one.

    Parameters
    ----------
    x, t, mixture, label
        As for `class_gradient`.
    eta : float
        Strength >= -1.
    mode : str, default: "free"
        "free" or "classifier".

    Returns
    -------
    array [n, D]
        Like `x`.

    Raises
    ------
    TypeError, ValueError
        If there is no such component, or an argument is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> pair = mixtures.Mixture(np.array([0.5, 0.5]), np.array([[-1.0], [1.0]]), np.ones(2))
    >>> [guided_score(np.zeros((1, 1)), 0.0, pair, 1, eta=3.0, mode=m).item() for m in ("free", "classifier")]
    [4.0, 4.0]
    """
    check.choice(("free", "classifier"), mode=mode)
    label = _component(label, mixture)
    unconditional = mixture_score(x, t, mixture)
    if mode == "classifier":
        return diffusion.classify(unconditional, class_gradient(x, t, mixture, label), eta=eta)
    one = slice(label, label + 1)
    xp = array_namespace(x)
    alone = mixtures.Mixture(xp.ones_like(mixture.weights[one]), mixture.means[one, :], mixture.covariances[one, ...])
    return diffusion.guide(mixture_score(x, t, alone), unconditional, eta=eta)


def _component(label, mixture):
    check.instance(mixtures.Mixture, mixture=mixture)
    label, K = check.integer(label=label), check.shapes(weights=(mixture.weights, "K"))["K"]
    if label >= K:
        raise ValueError(f"label must be in [0, {K}), got {label}")
    return label


def subspace_score(x, t, A, mixture):
    """Score at time t of data ``A z`` on a plane through 0, with z from a mixture.

    Parameters
    ----------
    x : array [n, D]
        Points.
    t : float
        > 0.
    A : array [D, d]
        Orthonormal columns.
    mixture : models.mixture.Mixture
        Law of z, in d dimensions.

    Returns
    -------
    array [n, D]
        Like `x`.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, `t` is not > 0, or the columns are not orthonormal.

    Examples
    --------
    >>> import numpy as np
    >>> axis, normal = np.array([[1.0], [0.0]]), mixtures.Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1))
    >>> subspace_score(np.array([[1.0, 1.0]]), np.log(2.0), axis, normal)
    array([[-1., -2.]])
    """
    check.finite(x=x, A=A), check.instance(mixtures.Mixture, mixture=mixture)
    check.shapes(x=(x, "n D"), A=(A, "D d"), means=(mixture.means, "K d")), check.alike_dtype(x=x, A=A)
    t = check.positive(t=t)
    _orthonormal(A=A)
    h = _variance(t)
    z = x @ A
    on = mixture_score(z, t, mixtures.checked(mixture, z)) @ A.T  # (diffusion-24)
    return on - (x - z @ A.T) / h  # (diffusion-25)


def _orthonormal(**named):
    ((name, A),) = named.items()
    xp, d = array_namespace(A), A.shape[1]
    off = float(xp.max(xp.abs(A.T @ A - xp.eye(d, dtype=A.dtype, device=device(A)))))
    if not off <= 1e-5 * d:  # they may have been rounded to float32
        raise ValueError(f"{name} must have orthonormal columns, got products that are off by {off:g}")


# One Gaussian: mean and variance of what a sampler returns -----------------------------------------------------------


class Law(NamedTuple):
    """Of the samples, if data and start are Gaussian and one-dimensional."""

    mean: Array  # 0-d
    variance: Array  # 0-d
    kl: Array  # 0-d, of the data at the last time from the samples, in nats


def gaussian_law(kind, mean, variance, times, *, eta=0.0, error=0.0):
    """What a sampler makes of a standard normal start, without a sample: its steps are affine.

    Parameters
    ----------
    kind, eta
        As for `diffusion.coefficients`.
    mean, variance : float
        Of the data; variance > 0.
    times : array [N+1]
        Falling, >= 0. Its library and dtype are taken.
    error : float, default: 0.0
        Constant that is added to the score.

    Returns
    -------
    Law
        See there.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range or times do not fall.

    Examples
    --------
    >>> import numpy as np
    >>> law = gaussian_law("exp", 2.0, 0.5, np.linspace(8.0, 0.001, 200))
    >>> law.mean.round(3), law.variance.round(3), law.kl.round(5)
    (np.float64(1.999), np.float64(0.521), np.float64(0.00041))
    """
    mean, error = check.number(mean=mean, error=error)
    variance = check.positive(variance=variance)
    check.floating(times=times)
    xp, kept = array_namespace(times), diffusion.falling(times)
    m, v = xp.zeros_like(times[0]), xp.ones_like(times[0])
    for t, u in pairwise(kept):
        p, q, r = diffusion.coefficients(kind, t, u, eta=eta)
        slope, level = _gaussian_score(mean, variance, error, t)
        m = p * m + q * (slope * m + level)  # (diffusion-26)
        v = (p + q * slope) ** 2 * v + r**2  # (diffusion-27)
    alpha, h = _scales(kept[-1])
    rho = (alpha**2 * variance + h) / v - 1
    kl = (rho - xp.log1p(rho) + (alpha * mean - m) ** 2 / v) / 2  # (diffusion-28)
    return Law(m, v, kl)


def _gaussian_score(mean, variance, error, t):
    """Slope and level of the score of a noised Gaussian, with its error."""
    alpha, h = _scales(t)
    slope = -1 / (alpha**2 * variance + h)
    return slope, error - slope * (alpha * mean)


# An estimator of the score -------------------------------------------------------------------------------------------


def principal_axes(X, d):
    """The d directions, through 0, in which data vary most: right singular vectors.

    Parameters
    ----------
    X : array [n, D]
        Data, which are not centred.
    d : int
        In [1, min(n, D)].

    Returns
    -------
    array [D, d]
        Orthonormal columns.

    Raises
    ------
    TypeError, ValueError
        If `X` is no finite matrix or `d` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> abs(principal_axes(np.array([[3.0, 0.0], [3.0, 1.0], [-3.0, 1.0]]), 1)).round(3)
    array([[1.],
           [0.]])
    """
    check.finite(X=X)
    sizes, d = check.shapes(X=(X, "n D")), check.integer(d=d, minimum=1)
    if d > min(sizes.values()):
        raise ValueError(f"d must be at most {min(sizes.values())}, got {d}")
    _, _, Vt = array_namespace(X).linalg.svd(X, full_matrices=False)
    return Vt[:d, :].T  # (diffusion-29)


def _squared_distances(a, b):
    """Between all rows [n, d] and [m, d]; from differences where that fits, as it loses nothing."""
    xp = array_namespace(a, b)
    if a.shape[0] * b.shape[0] * a.shape[1] <= 2**20:
        return xp.sum((a[:, None, :] - b[None, :, :]) ** 2, axis=2)
    middle = xp.mean(b, axis=0)  # what all rows share would cancel
    a, b = a - middle, b - middle
    squares = xp.sum(a * a, axis=1)[:, None] + xp.sum(b * b, axis=1)[None, :]
    return xp.clip(squares - 2 * (a @ b.T), min=0.0)


def _median(values):
    """The mean of the two in the middle, if their number is even."""
    xp, n = array_namespace(values), values.shape[0]
    values = xp.sort(values)
    return (values[(n - 1) // 2] + values[n // 2]) / 2


class Fitted(NamedTuple):
    """A kernel ridge regression, and what chose it."""

    coefficients: Array  # [n, d]
    width: float  # factor of the median squared distance
    ridge: float
    error: float  # mean squared error on the validation pairs


def kernel_ridge(inputs, targets, new, new_targets, *, widths, ridges):
    """Kernel ridge regression with a Gaussian kernel, width and ridge chosen on validation pairs.

    Parameters
    ----------
    inputs, targets : array [n, p], [n, q]
        Training pairs, n >= 2.
    new, new_targets : array [m, p], [m, q]
        Validation pairs.
    widths, ridges : sequence of float
        > 0. The squared length of the kernel is a width times the median squared distance of two different training
        inputs; a ridge is added to the diagonal of the kernel matrix.

    Returns
    -------
    predict : callable
        ``predict(x [k, p]) -> array [k, q]``.
    Fitted
        See there; of several equal errors the first.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-1, 1, 9)[:, None]
    >>> predict, fitted = kernel_ridge(x, x**2, x, x**2, widths=(0.3, 1.0), ridges=(1e-3, 1.0))
    >>> predict(np.array([[0.5]])).round(2), fitted.ridge
    (array([[0.25]]), 0.001)
    """
    check.finite(inputs=inputs, targets=targets, new=new, new_targets=new_targets)
    n = check.shapes(
        inputs=(inputs, "n p"), targets=(targets, "n q"), new=(new, "m p"), new_targets=(new_targets, "m q")
    )["n"]
    check.alike_dtype(inputs=inputs, targets=targets, new=new, new_targets=new_targets)
    check.sequence(widths=widths, ridges=ridges)
    widths = [check.positive(widths=c) for c in widths]
    ridges = [check.positive(ridges=c) for c in ridges]
    if n < 2:
        raise ValueError("inputs must have two rows at least, for one alone has no distance, got 1")
    xp = array_namespace(inputs, targets)
    distances, apart = _squared_distances(inputs, inputs), _squared_distances(new, inputs)
    row = xp.arange(n, device=device(inputs))
    median = _median(distances[row[:, None] < row[None, :]])
    if not float(median) > 0:
        raise ValueError("inputs must differ, got more than half of all distances 0")
    eye = xp.eye(n, dtype=distances.dtype, device=device(distances))
    best = Fitted(targets, math.nan, math.nan, math.inf)
    for width in widths:
        K = xp.exp(-distances / (2 * width * median))  # (diffusion-30)
        k = xp.exp(-apart / (2 * width * median))
        for ridge in ridges:
            weights = xp.linalg.solve(K + ridge * eye, targets)  # (diffusion-31)
            error = float(xp.mean((k @ weights - new_targets) ** 2))
            if error < best.error:
                best = Fitted(weights, width, ridge, error)
    if not best.error < math.inf:
        raise ValueError("widths, ridges must give a fit with a finite error, got none")
    return lambda x: xp.exp(-_squared_distances(x, inputs) / (2 * best.width * median)) @ best.coefficients, best


def encoder_score(x, t, X0, Xt, new0, newt, *, d=None, widths=(0.1, 0.3, 1.0, 3.0), ridges=None, V=None):
    """Score at one time by a linear encoder and decoder around kernel ridge regression.

    Parameters
    ----------
    x : array [k, D]
        Where the score is wanted.
    t : float
        Time > 0.
    X0, Xt : array [n, D]
        Clean data, and each with one draw of noise.
    new0, newt : array [m, D]
        Validation pairs of the same kind.
    d : int, optional
        Dimension of the code, if there is no `V`: this is then `principal_axes` of `X0`.
    widths, ridges
        As for `kernel_ridge`; default of the latter: eleven from 1e-4 to 10.
    V : array [D, d], optional
        Encoder with orthonormal columns, if there is no `d`; the unit matrix for none.

    Returns
    -------
    score : array [k, D]
        Estimate.
    fitted : Fitted
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `kernel_ridge` and `principal_axes`; if both `d` and `V` are given, or none, or `V` has no orthonormal
        columns.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.linspace(-2, 2, 9)
    >>> X0 = np.stack([z, 0 * z], axis=1)
    >>> score, _ = encoder_score(np.array([[0.0, 1.0]]), np.log(2.0), X0, X0 / 2**0.5, X0, X0 / 2**0.5, d=1)
    >>> score.round(3) + 0.0
    array([[ 0., -2.]])
    """
    check.finite(x=x, X0=X0, Xt=Xt, new0=new0, newt=newt)
    check.shapes(x=(x, "k D"), X0=(X0, "n D"), Xt=(Xt, "n D"), new0=(new0, "m D"), newt=(newt, "m D"))
    check.alike_dtype(x=x, X0=X0, Xt=Xt, new0=new0, newt=newt)
    alpha, h = _scales(check.positive(t=t))
    ridges = [10 ** (i / 2) for i in range(-8, 3)] if ridges is None else ridges
    if (d is None) == (V is None):
        raise ValueError(f"V must be given if d is not, and no V beside a d, got d={d!r} and {describe(V)}")
    if V is not None:
        check.finite(V=V), check.shapes(X0=(X0, "n D"), V=(V, "D d")), check.alike_dtype(X0=X0, V=V), _orthonormal(V=V)
    V = principal_axes(X0, d) if V is None else V
    predict, fitted = kernel_ridge(Xt @ V, X0 @ V, newt @ V, new0 @ V, widths=widths, ridges=ridges)
    return (alpha * (predict(x @ V) @ V.T) - x) / h, fitted  # (diffusion-32)


# Rewards -------------------------------------------------------------------------------------------------------------


def ridge(F, targets, penalty):
    """Least squares with a penalty, no intercept.

    Parameters
    ----------
    F : array [n, p]
        Features in rows.
    targets : array [n, q]
        One column or more.
    penalty : float
        > 0, of the sum (not the mean) of squares.

    Returns
    -------
    array [p, q]
        Coefficients.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or the penalty is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> ridge(np.array([[1.0], [1.0]]), np.array([[3.0], [3.0]]), 1.0)
    array([[2.]])
    """
    check.finite(F=F, targets=targets)
    check.shapes(F=(F, "n p"), targets=(targets, "n q"))
    penalty, xp = check.positive(penalty=penalty), array_namespace(F, targets)
    left, values, right = xp.linalg.svd(F, full_matrices=False)  # F'F would square what is small
    shrunk = values / (values**2 + penalty)
    return right.T @ (shrunk[:, None] * (left.T @ targets))  # (diffusion-33)


SMALL = 1e-2  # penalty of the regressions that make the score


class Directed(NamedTuple):
    """What reward-directed generation returns."""

    theta: Array  # [D] estimated reward
    y: Array  # [n] pseudo-labels
    samples: Array  # [k, D]


def reward_directed(X, labelled, y, pseudo, noise, start, xi, times, *, target, penalty=1.0, nu=None):
    """Designs with a high reward, from few labels: a linear reward, pseudo-labels, and a linear conditional score.

    Parameters
    ----------
    X, labelled : array [n, D], [m, D]
        Unlabelled and labelled designs.
    y : array [m]
        Rewards of the latter.
    pseudo : array [n]
        Standard normal draws for the pseudo-labels.
    noise : array [N, n, D]
        For each step and design, from which the score of the step is learned.
    start, xi : array [k, D], [N, k, D]
        Start and noise of the sampler, the exponential integrator.
    times : array [N+1]
        Falling, >= 0.
    target : float
        The reward a that is asked for.
    penalty : float, default: 1.0
        Of the reward's regression, > 0.
    nu : float, optional
        Standard deviation >= 0 of the noise on pseudo-labels; default: 1 / sqrt(D).

    Returns
    -------
    Directed
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> import numpy as np
    >>> rng, N = stream(0, "doc"), 40
    >>> X, g = rng.standard_normal((400, 2)), lambda *shape: rng.standard_normal(shape)
    >>> times = np.array(diffusion.grid(8.0, 0.01, N))
    >>> draws = g(400), g(N, 400, 2), g(200, 2), g(N, 200, 2)
    >>> found = reward_directed(X, X[:99], X[:99, 0], *draws, times, target=2.0, nu=0.25)
    >>> found.theta.round(2) + 0.0, found.samples.mean(axis=0).round(1)
    (array([0.99, 0.  ]), array([1.9, 0.1]))
    """
    check.finite(X=X, labelled=labelled, y=y, pseudo=pseudo)
    check.alike_dtype(X=X, labelled=labelled, y=y, pseudo=pseudo)
    D = check.shapes(X=(X, "n D"), labelled=(labelled, "m D"), y=(y, "m"), pseudo=(pseudo, "n"))["D"]
    nu = 1 / math.sqrt(D) if nu is None else check.nonnegative(nu=nu)
    theta = ridge(labelled, y[:, None], penalty)[:, 0]
    labels = X @ theta + nu * pseudo  # (diffusion-34)
    samples = conditional_samples(X, labels, noise, start, xi, times, target=target)
    return Directed(theta, labels, samples)


def conditional_samples(X, labels, noise, start, xi, times, *, target):
    """Samples given a label, by a score that is linear in the point and the label; parameters as `reward_directed`.

    Parameters
    ----------
    X, noise, start, xi, times, target
        As for `reward_directed`.
    labels : array [n]
        Of the rows of `X`.

    Returns
    -------
    array [k, D]
        Points at the last time.

    Raises
    ------
    TypeError, ValueError
        As for `reward_directed`.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 1))
    >>> conditional_samples(one, one[0], one[None], one, one[None], (1.0, 0.5), target=1.0).shape
    (1, 1)
    """
    check.finite(X=X, labels=labels, noise=noise, start=start, xi=xi)
    check.alike_dtype(X=X, labels=labels, noise=noise, start=start, xi=xi)
    times, target = diffusion.falling(times), check.number(target=target)
    N = len(times) - 1
    check.shapes(
        X=(X, "n D"), labels=(labels, "n"), noise=(noise, f"{N} n D"), start=(start, "k D"), xi=(xi, f"{N} k D")
    )
    xp, x = array_namespace(X, labels), start
    for k, (t, u) in enumerate(pairwise(times)):
        alpha, h = _scales(t)
        noisy = alpha * X + math.sqrt(h) * noise[k, ...]
        F = xp.concat([noisy, labels[:, None]], axis=1)
        W = ridge(F, X, SMALL)  # (diffusion-35)
        clean = x @ W[:-1, :] + target * W[-1:, :]
        score = (alpha * clean - x) / h  # (diffusion-36)
        x = diffusion.step("exp", x, score, t, u, xi[k, ...])
    return x
