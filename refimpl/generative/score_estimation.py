"""Score estimation by a wide network and gradient descent (Han, Razaviyayn and Xu, 2024, arXiv:2401.15604).

Written in the right form, the score network is a denoiser: it predicts the clean sample from a noisy one. Its training
is least squares with noisy labels, a wide network follows its tangent kernel, and a rule says when to stop.
"""

import math
from typing import NamedTuple

from refimpl.core import check, loop, random
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.linalg import angles, length

LAST = 170.0  # of the times whose weight is asked for: later exp(t / 2) is no float32


class Pairs(NamedTuple):
    """What the network is trained on."""

    Z: Array  # [n, p] inputs: noisy sample, time, and the constant if there is one
    Y: Array  # [n, d] labels: clean samples
    x: Array  # [n, d] noisy samples


class Errors(NamedTuple):
    """Weighted denoising score matching."""

    each: Array  # [n] weighted squared distance to the conditional score
    loss: Array  # 0-d, their mean


class Network(NamedTuple):
    """Two layers without biases; the second is not trained."""

    W: Array  # [m, p] first layer
    a: Array  # [m, d] signs of the second layer


class Step(NamedTuple):
    """What a step saw, before it."""

    residuals: Array  # [n, d] outputs less labels
    loss: Array  # 0-d


class Trained(NamedTuple):
    """A network after many steps."""

    network: Network
    losses: list[Array]  # each 0-d, before each step


class Spectrum(NamedTuple):
    """Kernel matrix over n, and the labels, in its eigenbasis."""

    values: Array  # [n] eigenvalues, smallest first, none below 0
    vectors: Array  # [n, n] eigenvectors in columns
    labels: Array  # [n, d] coordinates of the labels


# The score as a denoiser ---------------------------------------------------------------------------------------------


def _clock(t):
    """alpha and h, in columns."""
    xp = array_namespace(t)
    alpha = xp.exp(-t / 2)  # (score_estimation-1)
    h = -xp.expm1(-t)  # (score_estimation-2)
    return alpha[:, None], h[:, None]


def _conditional_score(x, t, X0):
    """Score of X_t given X_0."""
    alpha, h = _clock(t)
    return (alpha * X0 - x) / h  # (score_estimation-4)


def project(f, *, D):
    """Nearest points of the ball of radius D.

    Parameters
    ----------
    f : array, shape [k, d], floating point
        Points in rows.
    D : float
        Radius > 0: no data are farther from 0.

    Returns
    -------
    array, shape [k, d]
        Those outside pulled in along the ray through 0.

    Raises
    ------
    TypeError, ValueError
        If an entry is not finite, there is no row, or `D` is not > 0.

    Notes
    -----
    Equation (score_estimation-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> project(np.array([[3.0, 4.0], [0.3, 0.4]]), D=1.0)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    check.finite(f=f)
    check.shapes(f=(f, "k d"))
    return _project(f, check.positive(D=D))


def _project(f, D):
    xp, norm = array_namespace(f), length(f)
    return f * (D / xp.clip(norm, min=D))  # (score_estimation-5)


def score(f, t, x, *, D):
    """Score that a denoiser stands for.

    Parameters
    ----------
    f : array, shape [k, d], floating point
        What it says of the clean samples.
    t : array, shape [k]
        Times > 0.
    x : array, shape [k, d]
        Noisy samples.
    D : float
        Radius > 0 of the ball in which the clean samples are.

    Returns
    -------
    array, shape [k, d]
        Estimate of the gradient of the log-density of X_t at `x`.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a time is not > 0, or `D` is not.

    Notes
    -----
    Equations (score_estimation-1), (score_estimation-2), (score_estimation-5) and (score_estimation-6) of the
    documentation; the parametric form of the paper, Section 3. The clock is g = 1: with another g, take the integral
    of g for t.

    Examples
    --------
    >>> import numpy as np
    >>> score(np.array([[3.0, 4.0]]), np.array([np.log(4)]), np.array([[1.0, 0.0]]), D=1.0).round(6)
    array([[-0.933333,  0.533333]])
    """
    _at_times(t, f=f, x=x)
    return _score(f, t, x, check.positive(D=D))


def _score(f, t, x, D):
    alpha, h = _clock(t)
    return alpha / h * _project(f, D) - x / h  # (score_estimation-6)


def weighted_errors(f, t, x, X0, *, D):
    """Denoising score matching with the weight that makes it least squares.

    Parameters
    ----------
    f, t, x, D
        As for `score`; times up to 170, for the weight grows like exp(t).
    X0 : array, shape [k, d]
        Clean samples of which `x` are noisy.

    Returns
    -------
    Errors
        Each is the squared distance of the projected `f` to `X0`.

    Raises
    ------
    TypeError, ValueError
        As for `score`.

    Notes
    -----
    Equations (score_estimation-4), (score_estimation-7) and (score_estimation-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> t, x, X0 = np.array([0.7]), np.array([[5.0, 6.0]]), np.array([[0.6, 0.0]])
    >>> weighted_errors(np.array([[3.0, 4.0]]), t, x, X0, D=1.0).each.round(12)
    array([0.64])
    """
    _at_times(t, f=f, x=x, X0=X0)
    if float(array_namespace(t).max(t)) > LAST:
        raise ValueError(f"t must be at most {LAST:g}, got {float(array_namespace(t).max(t))!r}")
    D, nowhere = check.positive(D=D), 0 * x  # the noisy samples cancel, and late ones would take all digits along
    return _weighted(_score(f, t, nowhere, D) - _conditional_score(nowhere, t, X0), t)


def _weighted(gap, t):
    """Weighted squares of what a score is off by."""
    xp, (alpha, h) = array_namespace(gap, t), _clock(t)
    root = h / alpha  # (score_estimation-7)
    each = xp.sum((root * gap) ** 2, axis=-1)  # (score_estimation-8)
    return Errors(each, xp.mean(each))


def network_input(x, t, *, T0, bias=True):
    """What the network sees of a noisy sample.

    Parameters
    ----------
    x : array, shape [k, d], floating point
        Noisy samples.
    t : array, shape [k]
        Their times, >= `T0`.
    T0 : float
        First time >= 0 that is asked for.
    bias : bool, default: True
        Whether a constant 1 is appended. Without it the kernel has functions with f(c z) = c f(z), c > 0, alone.

    Returns
    -------
    array, shape [k, d + 2], or [k, d + 1] without `bias`
        Rows (x, t - T0, 1).

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a time is before `T0`.

    Notes
    -----
    Equation (score_estimation-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> network_input(np.array([[3.0, 4.0]]), np.array([0.5]), T0=0.25)
    array([[3.  , 4.  , 0.25, 1.  ]])
    """
    T0 = check.nonnegative(T0=T0)
    check.finite(x=x, t=t), check.flag(bias=bias)
    check.shapes(x=(x, "k d"), t=(t, "k"))
    check.like(x[:, 0], t=t)
    xp = array_namespace(x, t)
    if bool(xp.any(t < T0)):
        raise ValueError(f"t must be >= T0 = {float(T0)!r}, got {float(xp.min(t))!r}")
    ones = [xp.ones_like(t)[:, None]] if bias else []
    return xp.concat([x, (t - T0)[:, None], *ones], axis=1)  # (score_estimation-9)


def training_pairs(X0, t, zeta, *, T0, bias=True):
    """Noisy samples as inputs, clean ones as labels.

    Parameters
    ----------
    X0 : array, shape [n, d], floating point
        Clean samples.
    t : array, shape [n]
        A time for each, drawn uniformly from [T0, T]; > 0.
    zeta : array, shape [n, d]
        Standard normal draws.
    T0, bias
        As for `network_input`.

    Returns
    -------
    Pairs
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `network_input`, and if a time is not > 0.

    Notes
    -----
    Equations (score_estimation-3) and (score_estimation-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> pairs = training_pairs(np.array([[1.0, 0.0]]), np.array([np.log(4)]), np.array([[0.0, 2.0]]), T0=0.2)
    >>> pairs.Z.round(3), pairs.Y
    (array([[0.5  , 1.732, 1.186, 1.   ]]), array([[1., 0.]]))
    """
    _at_times(t, X0=X0, zeta=zeta)
    xp, (alpha, h) = array_namespace(X0, t, zeta), _clock(t)
    x = alpha * X0 + xp.sqrt(h) * zeta  # (score_estimation-3)
    return Pairs(network_input(x, t, T0=T0, bias=bias), X0, x)


# The network ---------------------------------------------------------------------------------------------------------


def symmetric(W, a):
    """Network of twice the width, the same units once more with opposite signs: its outputs are 0.

    Parameters
    ----------
    W : array, shape [m / 2, p], floating point
        Standard normal draws.
    a : array, shape [m / 2, d]
        Signs, -1 or 1, independent over units and outputs.

    Returns
    -------
    Network
        Of m units.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Equation (score_estimation-11) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> network = symmetric(np.array([[1.0, 2.0]]), np.array([[-1.0]]))
    >>> network.a, forward(network, np.ones((1, 2)))
    (array([[-1.],
           [ 1.]]), array([[0.]]))
    """
    _checked(Network(W, a))
    xp = array_namespace(W, a)
    return Network(xp.concat([W, W]), xp.concat([a, -a]))  # (score_estimation-11)


def init(rng, m, p, d, *, like):
    """Draw a network whose outputs are 0.

    Parameters
    ----------
    rng : numpy.random.Generator
        From `core.random.stream`.
    m : int
        Width, even and >= 2: all units, mirrored ones included.
    p, d : int
        Numbers of inputs and outputs, >= 1.
    like : array
        Whose library, dtype and device to take.

    Returns
    -------
    Network
        As from `symmetric`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> init(random.stream(0, "doc"), 4, 3, 2, like=np.zeros(1)).W.shape
    (4, 3)
    """
    m, (p, d) = check.integer(m=m, minimum=2), check.integer(p=p, d=d, minimum=1)
    if m % 2:
        raise ValueError(f"m must be even, for half of the units mirror the others, got {m}")
    check.floating(like=like)
    return symmetric(random.normal(rng, (m // 2, p), like=like), random.signs(rng, (m // 2, d), like=like))


def forward(network, Z):
    """Outputs of a network.

    Parameters
    ----------
    network : Network
        See there.
    Z : array, shape [k, p]
        Inputs, such as from `network_input`.

    Returns
    -------
    array, shape [k, d]
        What it says of the clean samples.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Equation (score_estimation-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> forward(Network(np.array([[1.0, 2.0]]), np.array([[1.0, -1.0]])), np.ones((1, 2)))
    array([[ 3., -3.]])
    """
    _checked(network, Z=Z)
    return _outputs(_before(network, Z), network.a)


def _before(network, Z):
    """What goes into the ReLU, [k, m]."""
    return Z @ array_namespace(Z, *network).matrix_transpose(network.W)


def _outputs(before, a):
    active = array_namespace(before, a).clip(before, min=0.0)
    return active @ a / math.sqrt(a.shape[0])  # (score_estimation-10)


def update(network, Z, Y, *, eta=0.5):
    """One step of gradient descent on the first layer.

    Parameters
    ----------
    network : Network
        See there.
    Z : array, shape [n, p]
        All inputs.
    Y : array, shape [n, d]
        Their labels.
    eta : float, default: 0.5
        Step size > 0; with the largest eigenvalue of K / n it should have a product of at most 1.

    Returns
    -------
    Network
        After the step; the second layer is the same.
    Step
        What it was before.

    Raises
    ------
    TypeError, ValueError
        As for `forward`, and if `eta` is not > 0.

    Notes
    -----
    Equations (score_estimation-10) and (score_estimation-12) to (score_estimation-14) of the documentation. The
    outputs are not projected in training. A ReLU at 0 has the derivative 0.

    Examples
    --------
    >>> import numpy as np
    >>> start = symmetric(np.array([[1.0, 2.0]]), np.array([[1.0]]))
    >>> network, step = update(start, np.array([[1.0, 0.0]]), np.array([[2.0]]))
    >>> network.W.round(3), step
    (array([[1.707, 2.   ],
           [0.293, 2.   ]]), Step(residuals=array([[-2.]]), loss=np.float64(2.0)))
    """
    _checked(network, Z=Z, Y=Y)
    return _update(network, Z, Y, check.positive(eta=eta))


def _update(network, Z, Y, eta):
    xp, (W, a), n = array_namespace(Z, Y, *network), network, Z.shape[0]
    before = _before(network, Z)
    R = _outputs(before, a) - Y  # (score_estimation-12)
    loss = xp.sum(R**2) / (2 * n)  # (score_estimation-13)
    back = xp.where(before > 0, R @ xp.matrix_transpose(a), 0.0)  # what units hear of samples
    W = W - eta / (n * math.sqrt(a.shape[0])) * (xp.matrix_transpose(back) @ Z)  # (score_estimation-14)
    return Network(W, a), Step(R, loss)


def train(network, Z, Y, *, eta=0.5, steps, progress=None):
    """Steps of gradient descent; parameters and errors as for `update`.

    Parameters
    ----------
    network, Z, Y, eta
        As for `update`.
    steps : int
        >= 0, such as from `stopping_time`.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    Trained
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `update`.

    Examples
    --------
    >>> import numpy as np
    >>> start = init(random.stream(0, "doc"), 64, 2, 1, like=np.zeros(1))
    >>> trained = train(start, np.eye(2), np.ones((2, 1)), steps=20)
    >>> [round(float(loss), 3) for loss in trained.losses[::5]]
    [0.5, 0.158, 0.054, 0.019]
    """
    _checked(network, Z=Z, Y=Y)
    eta = check.positive(eta=eta)
    losses: list[Array] = []

    def one(network, k):
        network, step = _update(network, Z, Y, eta)
        losses.append(step.loss)
        return network

    return Trained(loop.iterate(one, network, steps=steps, progress=progress).state, losses)


# The tangent kernel --------------------------------------------------------------------------------------------------


def empirical_kernel(network, Z, Z2):
    """Inner products of the gradients of a network's outputs in its first layer.

    Parameters
    ----------
    network : Network
        See there.
    Z, Z2 : array, shape [n, p] and [k, p]
        Inputs.

    Returns
    -------
    array, shape [n, d, k, d]
        For each input and output of the one and of the other.

    Raises
    ------
    TypeError, ValueError
        As for `forward`.

    Notes
    -----
    Equation (score_estimation-15) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> empirical_kernel(Network(np.array([[1.0, 2.0]]), np.array([[1.0]])), np.eye(2), np.ones((1, 2)))[:, 0, 0, 0]
    array([1., 1.])
    """
    _checked(network, Z=Z)
    _checked(network, Z2=Z2)
    xp, a = array_namespace(Z, Z2, *network), network.a
    signs = lambda on: xp.where(on[:, None, :], xp.matrix_transpose(a), 0.0)  # [n, d, m], of the units that are on
    pairs = xp.tensordot(signs(_before(network, Z) > 0), signs(_before(network, Z2) > 0), axes=([2], [2]))
    return (Z @ xp.matrix_transpose(Z2))[:, None, :, None] * pairs / a.shape[0]  # (score_estimation-15)


def tangent_kernel(Z, Z2):
    """Limit of `empirical_kernel` for infinitely many units, for one output: outputs do not mix.

    Parameters
    ----------
    Z, Z2 : array, shape [n, p] and [k, p], floating point
        Inputs.

    Returns
    -------
    array, shape [n, k]
        K; 0 where an input is 0.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Equations (score_estimation-16) and (score_estimation-17) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> tangent_kernel(np.array([[1.0, 0.0], [2.0, 2.0]]), np.array([[1.0, 0.0]]))
    array([[0.5 ],
           [0.75]])
    """
    check.finite(Z=Z, Z2=Z2)
    check.shapes(Z=(Z, "n p"), Z2=(Z2, "k p"))
    check.like(Z[0, :], Z2=Z2[0, :])
    xp = array_namespace(Z, Z2)
    gram = Z @ xp.matrix_transpose(Z2)
    theta = angles(Z, Z2)  # (score_estimation-16)
    return gram * (math.pi - theta) / (2 * math.pi)  # (score_estimation-17)


# Kernel gradient descent ---------------------------------------------------------------------------------------------


def spectrum(K, Y):
    """Eigenvalues of K / n, and the labels in its eigenbasis.

    Parameters
    ----------
    K : array, shape [n, n], floating point
        Kernel matrix, symmetric and positive semidefinite.
    Y : array, shape [n, d]
        Labels.

    Returns
    -------
    Spectrum
        Eigenvalues that rounding has taken below 0 are 0.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or the matrix is not symmetric or has an eigenvalue that
        is below 0 by more than rounding.

    Examples
    --------
    >>> import numpy as np
    >>> spectrum(np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones((2, 1))).values
    array([1., 2.])
    """
    check.finite(K=K, Y=Y)
    check.shapes(K=(K, "n n"), Y=(Y, "n d"))
    check.like(K[:, 0], Y=Y[:, 0])
    xp = array_namespace(K, Y)
    slack = max(
        1e-6, 16 * float(xp.finfo(K.dtype).eps) ** 0.5
    )  # made with an arc cosine, it has lost half of its digits
    skew, largest = float(xp.max(xp.abs(K - xp.matrix_transpose(K)))), float(xp.max(xp.abs(K)))
    if skew > slack * largest:
        raise ValueError(f"K must be symmetric, got entries that differ by {skew:g}")
    values, found = _spectrum(K, Y)
    if float(values[0]) < -slack * float(xp.max(xp.abs(values))):
        raise ValueError(f"K must be positive semidefinite, got an eigenvalue of {K.shape[0] * float(values[0]):g}")
    return found


def _spectrum(K, Y):
    """Eigenvalues as they come, and the spectrum."""
    xp = array_namespace(K, Y)
    values, vectors = xp.linalg.eigh(K / K.shape[0])
    return values, Spectrum(xp.clip(values, min=0.0), vectors, xp.matrix_transpose(vectors) @ Y)


def spectral_filter(values, *, eta=0.5, tau):
    """Factor (1 - (1 - eta v)^tau) / v of each eigenvalue v: what tau steps of gradient descent make of it.

    Parameters
    ----------
    values : array, shape [n], floating point
        Eigenvalues of K / n; those below 0 are rounding and count as 0.
    eta : float, default: 0.5
        Step size > 0, at most 2 over the largest eigenvalue.
    tau : int
        Steps >= 0.

    Returns
    -------
    array, shape [n]
        From eta tau for an eigenvalue of 0 to 1 over the eigenvalue after infinitely many steps.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    Equation (score_estimation-18) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_filter(np.array([0.0, 1e-20, 1.0, 4.0]), tau=2)
    array([1.  , 1.  , 0.75, 0.  ])
    """
    eta, tau = check.positive(eta=eta), check.integer(tau=tau)
    check.finite(values=values)
    check.shapes(values=(values, "n"))
    xp, rate = array_namespace(values), eta * values
    largest = float(xp.max(rate))
    if largest > 2 * (1 + 8 * float(xp.finfo(values.dtype).eps)):
        raise ValueError(f"eta must be at most 2 over the largest eigenvalue, got {largest:g} over it")
    near, far = xp.log1p(-xp.where(rate < 1, rate, 0.0)), xp.where(rate < 1, 0.0, rate - 1)
    sign, power = (-1.0) ** tau, float(tau)
    learned = xp.where(rate < 1, -xp.expm1(power * near), 1 - sign * far**power)  # (score_estimation-18)
    return xp.where(values > 0, learned / xp.where(values > 0, values, 1.0), eta * power)


def predict(spectrum, K_test, filtered):
    """Predictions for new inputs from filtered eigenvalues.

    Parameters
    ----------
    spectrum : Spectrum
        Of the n training inputs.
    K_test : array, shape [k, n]
        Kernel between new inputs and them.
    filtered : array, shape [n]
        From `spectral_filter`, or of another method that is linear in the labels.

    Returns
    -------
    array, shape [k, d]
        What it says of the clean samples.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Notes
    -----
    Equation (score_estimation-19) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> found = spectrum(np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones((2, 1)))
    >>> predict(found, np.array([[2.0, 4.0]]), 1 / found.values)
    array([[2.]])
    """
    check.fields(Spectrum, spectrum=spectrum)
    check.finite(K_test=K_test, filtered=filtered)
    values, vectors, labels = spectrum
    axes = {"values": (values, "n"), "vectors": (vectors, "n n"), "labels": (labels, "n d")}
    n = check.shapes(**axes, filtered=(filtered, "n"), K_test=(K_test, "k n"))["n"]
    check.alike_dtype(values=values, vectors=vectors, labels=labels, filtered=filtered, K_test=K_test)
    return K_test @ (spectrum.vectors @ (filtered[:, None] * spectrum.labels)) / n  # (score_estimation-19)


def kernel_gd(Z, Y, Z_test, *, eta=0.5, tau):
    """Predictions of infinitely many units after so many steps of gradient descent.

    Parameters
    ----------
    Z, Y : array, shape [n, p] and [n, d]
        Training inputs and labels.
    Z_test : array, shape [k, p]
        New inputs.
    eta, tau
        As for `spectral_filter`.

    Returns
    -------
    array, shape [k, d]
        Predictions for the new inputs.

    Raises
    ------
    TypeError, ValueError
        As for `tangent_kernel`, `spectrum` and `spectral_filter`.

    Examples
    --------
    >>> import numpy as np
    >>> Z, Y = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[1.0], [2.0]])
    >>> kernel_gd(Z, Y, Z, tau=1), kernel_gd(Z, Y, Z, tau=1000)
    (array([[0.125],
           [0.25 ]]), array([[1.],
           [2.]]))
    """
    check.finite(Y=Y), check.shapes(Z=(Z, "n p"), Y=(Y, "n d")), check.like(Z[:, 0], Y=Y[:, 0])
    _, found = _spectrum(tangent_kernel(Z, Z), Y)  # which is symmetric but for rounding
    return predict(found, tangent_kernel(Z_test, Z), spectral_filter(found.values, eta=eta, tau=tau))


# When to stop --------------------------------------------------------------------------------------------------------


def complexity(values, *, epsilon):
    """Local empirical complexity of the kernel's unit ball.

    Parameters
    ----------
    values : array, shape [n], floating point
        Eigenvalues of K / n; those below 0 are rounding and count as 0.
    epsilon : float
        Radius > 0.

    Returns
    -------
    array, 0-d
        Root of the mean of the eigenvalues, none counted above epsilon squared.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    Equation (score_estimation-20) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> complexity(np.array([0.0, 0.25, 4.0, 9.0]), epsilon=0.5)
    np.float64(0.4330127018922193)
    """
    epsilon = check.positive(epsilon=epsilon)
    check.finite(values=values)
    check.shapes(values=(values, "n"))
    return _complexity(array_namespace(values).clip(values, min=0.0), epsilon)


def _complexity(values, epsilon):
    xp = array_namespace(values)
    return xp.sqrt(xp.mean(xp.clip(values, max=epsilon**2)))  # (score_estimation-20)


def stopping_time(values, *, eta=0.5, sigma, B=2.0):
    """How many steps the rule allows.

    Parameters
    ----------
    values : array, shape [n], floating point
        Eigenvalues of K / n; those below 0 are rounding and count as 0.
    eta : float, default: 0.5
        Step size > 0.
    sigma : float
        Standard deviation > 0 of the label noise, per coordinate.
    B : float, default: 2.0
        Bound > 0 on the norm of the regression function in the kernel's space.

    Returns
    -------
    int
        0 if already the first step is one too many.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range or of the wrong kind, or all eigenvalues are 0, or `sigma` is nearly so: then
        nothing ever ends.

    Notes
    -----
    Equations (score_estimation-20) and (score_estimation-21) of the documentation. The sides cross once, so that
    bisection finds the place.

    Examples
    --------
    >>> import numpy as np
    >>> stopping_time(np.array([0.001, 0.01, 0.1, 1.0]), sigma=0.1)
    47
    """
    eta, sigma, B = check.positive(eta=eta, sigma=sigma, B=B)
    check.finite(values=values)
    check.shapes(values=(values, "n"))
    xp = array_namespace(values)
    values = xp.clip(values, min=0.0)
    if not float(xp.max(values)) > 0:
        raise ValueError("values must have one > 0, for else there is no finite stopping time, got none")
    low, high = 0, 1
    while _allowed(values, high, eta, sigma, B):
        low, high = high, 2 * high
        if high >= 2**63:
            raise ValueError(f"sigma must be so large that fewer than 2**63 steps are allowed, got {float(sigma)!r}")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _allowed(values, middle, eta, sigma, B) else (low, middle)
    return low


def _allowed(values, tau, eta, sigma, B):
    """Whether so many steps still learn more of the function than of the noise."""
    bound = B / (2 * math.e * sigma * eta * tau)
    return bool(_complexity(values, (eta * tau) ** -0.5) <= bound)  # (score_estimation-21)


# Checks --------------------------------------------------------------------------------------------------------------


def _at_times(t, **arrays):
    """Finite arrays of one shape [k, d] and dtype, and a time > 0 for each row."""
    (name, first), *_ = arrays.items()
    check.finite(t=t, **arrays)
    check.shapes(**{name: (first, "k d")}, t=(t, "k"))
    check.like(first, **arrays)
    check.like(first[:, 0], t=t)
    least = float(array_namespace(t).min(t))
    if least <= 0:
        raise ValueError(f"t must be > 0, got {least!r}")


def _checked(network, **arrays):
    """A network, and inputs and labels that fit it."""
    check.instance(Network, network=network)
    check.finite(W=network.W, a=network.a, **arrays)
    axes = {"W": (network.W, "m p"), "a": (network.a, "m d")}
    given = {name: (x, "n d" if name == "Y" else "n p") for name, x in arrays.items()}
    check.shapes(**axes, **given)
    for name, x in {"a": network.a, **arrays}.items():
        check.like(network.W[0, :1], **{name: x[0, :1]})
