"""Bayesian neural networks as surrogates of Bayesian optimisation (Li, Rudner and Wilson, 2024, arXiv:2305.20028).

A surrogate is a law over functions, given evaluations of an objective that is to be maximised. Here are seven: a
Gaussian process with priors, the infinitely wide network, networks sampled by HMC and by SGHMC, deep ensembles, the
linearised Laplace approximation, and a Gaussian process on learnt features; then what they are used for.

Weights of a network are one flat array [P]: of each layer W [in, out] row by row, then b [out]. `sizes` are its widths
from input to output, (2, 16, 16, 1). `_bnn_surrogates_fits` has the loop and how each surrogate is fitted in it.
"""

import math
from itertools import pairwise
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import cholesky, cholesky_solve, solve_triangular
from refimpl.models import gp, sampling, wide


class Chain(NamedTuple):
    """What `hmc` returns, of T transitions."""

    states: Array  # [T, P] weights after each
    accepted: Array  # [T] 1 or 0
    energies: Array  # [T] U of the states
    acceptance: Array  # [T] probability of acceptance


class Run(NamedTuple):
    """What `sghmc` returns, of T steps."""

    states: Array  # [T, P] weights after each
    last: sampling.SGHMC  # momentum, and the averages that set the scales


class Linearised(NamedTuple):
    """Law of the linearised network at m points."""

    jacobian: Array  # [m, P] of the outputs, at the trained weights
    mean: Array  # [m]
    covariance: Array  # [m, m]


class Evidence(NamedTuple):
    """Log evidence of a Gaussian process, and its derivatives."""

    value: Array  # 0-d
    features: Array  # [n, q] by the points; of `dkl_evidence` by the weights, [P]
    log_lengths: Array  # [q]
    log_scale: Array  # 0-d
    noise: Array  # 0-d
    mean: Array  # 0-d


# The network and its posterior ---------------------------------------------------------------------------------------


def parameters(sizes):
    """Number of weights P of a network of these widths.

    Examples
    --------
    >>> parameters((2, 3, 1))
    13
    """
    return sum(a * b + b for a, b in pairwise(_widths(sizes)))


def _widths(sizes):
    check.sequence(sizes=sizes)
    sizes = tuple(check.integer(sizes=size, minimum=1) for size in sizes)
    if len(sizes) < 2:
        raise ValueError(f"sizes must name the widths of input and output at least, got {sizes}")
    return sizes


def _fitting(w, sizes, **points):
    """Check weights [P] and points [n, d] against `sizes`, whose last is 1; return these as a tuple."""
    sizes = _widths(sizes)
    if sizes[-1] != 1:
        raise ValueError(f"sizes must end with 1, one output, got {sizes}")
    check.finite(w=w, **points), check.alike_dtype(w=w, **points)
    check.shapes(w=(w, str(parameters(sizes))))
    for name, x in points.items():
        check.shapes(**{name: (x, f"n {sizes[0]}")})
    return sizes


def _labelled(x, y, **more):
    """Check targets [n] against points [n, d]."""
    check.finite(x=x, y=y), check.alike_dtype(x=x, y=y)
    return check.shapes(x=(x, "n d"), y=(y, "n"), **more)


def _layers(w, sizes):
    """W [..., in, out] and b [..., 1, out] of each layer, from flat weights [..., P]."""
    xp, at, found = array_namespace(w), 0, []
    for a, b in pairwise(sizes):
        W = xp.reshape(w[..., at : at + a * b], (*w.shape[:-1], a, b))
        found.append((W, w[..., None, at + a * b : at + a * b + b]))
        at += a * b + b
    return found


def _hidden(layers, x):
    """What goes into each layer, and what comes out of the last, all of them with tanh."""
    xp, values = array_namespace(x, layers[0][0]), [x]
    for W, b in layers:
        values.append(xp.tanh(values[-1] @ W + b))  # (bnn_surrogates-1)
    return values


def _outputs(w, x, sizes):
    """Outputs [..., n]; layers, and what goes into each, for `_back`."""
    *inner, (W, b) = layers = _layers(w, sizes)
    values = _hidden(inner, x) if inner else [x]
    return (values[-1] @ W + b)[..., 0], layers, values


def _back(layers, values, slope):
    """Gradient [..., P] of what has the derivatives `slope` [..., n, out] by what the last layer gives before tanh."""
    xp, parts = array_namespace(slope), []
    for i, ((W, _), h) in enumerate(zip(layers[::-1], values[::-1], strict=True)):
        weights = xp.matrix_transpose(h) @ slope  # (bnn_surrogates-2)
        parts += [xp.sum(slope, axis=-2), xp.reshape(weights, (*slope.shape[:-2], -1))]
        if i < len(layers) - 1:
            slope = (slope @ xp.matrix_transpose(W)) * (1 - h * h)  # (bnn_surrogates-3)
    return xp.concat(parts[::-1], axis=-1)


def _potential(w, x, y, sizes, noise, prior, weights=1.0):
    """U [...] and its gradient for weights [..., P]; each example counts `weights` [..., n] times."""
    xp = array_namespace(w, x)
    f, layers, values = _outputs(w, x, sizes)
    residual = f - y
    squares = xp.sum(weights * residual**2, axis=-1)
    U = squares / (2 * noise) + xp.sum(w * w, axis=-1) / (2 * prior)  # (bnn_surrogates-4)
    slope = weights * residual / noise  # (bnn_surrogates-5)
    grad = _back(layers, values, slope[..., None]) + w / prior  # (bnn_surrogates-6)
    return U, grad


def network(w, x, *, sizes):
    """Outputs of the network with tanh between its layers.

    Parameters
    ----------
    w : array [P]
        Weights, floating point, finite.
    x : array [n, d]
        Points, of the library, dtype and device of `w`.
    sizes : sequence of int
        Widths from d to 1.

    Returns
    -------
    array [n]
        f_w(x).

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or `sizes` are no such widths.

    Examples
    --------
    >>> import numpy as np
    >>> network(np.array([1.0, 2.0, 0.5]), np.array([[1.0, 1.0]]), sizes=(2, 1))
    array([3.5])
    """
    sizes = _fitting(w, sizes, x=x)
    return _outputs(w, x, sizes)[0]


def energy(w, x, y, *, sizes, noise, prior):
    """Minus log posterior of the weights, up to a constant, and its gradient.

    Parameters
    ----------
    w, x, sizes
        As for `network`.
    y : array [n]
        Targets.
    noise, prior : float
        *Variances* sigma_n^2 of the targets and sigma_p^2 of every weight, > 0.

    Returns
    -------
    tuple of two arrays
        U, 0-d, and its gradient [P].

    Raises
    ------
    TypeError, ValueError
        As for `network`, and if a variance is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> w, x = np.array([1.0, 2.0, 0.5]), np.array([[1.0, 1.0]])
    >>> U, grad = energy(w, x, np.array([3.0]), sizes=(2, 1), noise=0.5, prior=1.0)
    >>> float(U), grad
    (2.875, array([2. , 3. , 1.5]))
    """
    sizes = _fitting(w, sizes, x=x)
    _labelled(x, y)
    noise, prior = check.positive(noise=noise, prior=prior)
    return _potential(w, x, y, sizes, noise, prior)


# Samplers ------------------------------------------------------------------------------------------------------------


def leapfrogs(path, step, *, most=200, halve=False):
    """Number of leapfrog steps in a path of a given length.

    Parameters
    ----------
    path, step : float
        Length of the path and of a step, > 0.
    most : int, default: 200
        >= 1.
    halve : bool, default: False
        Whether a path that needs more is halved until it does not, as in the authors' code, and not cut.

    Returns
    -------
    int
        In 1, ..., `most`.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> leapfrogs(0.08, 0.03), leapfrogs(1.0, 0.004), leapfrogs(1.0, 0.004, halve=True)
    (3, 200, 125)
    """
    path, step = check.positive(path=path, step=step)
    check.flag(halve=halve)
    most = check.integer(most=most, minimum=1)
    ratio = min(path / step, 2.0**1000)
    while halve and ratio > most:
        ratio = ratio / 2
    return min(max(math.ceil(ratio), 1), most)  # (bnn_surrogates-12)


def hmc(w, momenta, uniforms, x, y, *, sizes, noise, prior, step, steps):
    """Transitions of Hamiltonian Monte Carlo on U, with given draws.

    Parameters
    ----------
    w : array [P]
        Start.
    momenta : array [T, P]
        Standard normal, fresh for each transition.
    uniforms : array [T]
        In [0, 1).
    x, y, sizes, noise, prior
        As for `energy`.
    step : float
        h > 0.
    steps : sequence of int
        Leapfrog steps of each transition, T of them, >= 1.

    Returns
    -------
    Chain
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `energy`, and if draws or numbers of steps do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> w, x, y = np.array([1.0, 0.0]), np.array([[1.0]]), np.array([0.0])
    >>> settings = {"sizes": (1, 1), "noise": 1.0, "prior": 1.0}
    >>> chain = hmc(w, np.zeros((1, 2)), np.array([0.5]), x, y, step=0.5, steps=[1], **settings)
    >>> chain.states, chain.accepted
    (array([[ 0.75 , -0.125]]), array([1.]))
    """
    sizes, steps = _fitting(w, sizes, x=x), _counts(steps)
    _labelled(x, y), check.finite(momenta=momenta, uniforms=uniforms)
    axes = {"momenta": (momenta, "T P"), "uniforms": (uniforms, "T"), "w": (w, "P")}
    if check.shapes(**axes)["T"] != len(steps):
        raise ValueError(f"steps must be {momenta.shape[0]}, one for each of momenta, got {len(steps)}")
    check.alike_dtype(w=w, momenta=momenta, uniforms=uniforms)
    noise, prior, step = check.positive(noise=noise, prior=prior, step=step)
    xp, potential = array_namespace(w, x), lambda w: _potential(w, x, y, sizes, noise, prior)
    at, rows = sampling.Chain(w, *potential(w)), []
    for t, count in enumerate(steps):
        at, move = sampling.hmc(potential, at, momenta[t, :], float(uniforms[t]), step=step, steps=count)
        rows.append((at.w, 0 * at.energy + float(move.accepted), at.energy, 0 * at.energy + move.acceptance))
    return Chain(*map(xp.stack, zip(*rows, strict=True)))


def _counts(steps):
    check.sequence(steps=steps)
    return [check.integer(steps=count, minimum=1) for count in steps]


def sghmc(w, indices, xi, x, y, *, sizes, noise, prior, lr=0.01, friction=0.05, burn_in):
    """Steps of scale-adapted stochastic gradient HMC on U, with given minibatches and noise.

    Parameters
    ----------
    w : array [P]
        Start; momentum 0, averages 1.
    indices : array [T, B] of int
        The minibatch of each step, in [0, n).
    xi : array [T, P]
        Standard normal.
    x, y, sizes, noise, prior
        As for `energy`.
    lr : float, default: 0.01
        eta > 0.
    friction : float, default: 0.05
        gamma in (0, 1].
    burn_in : int
        Steps in which the scales are adapted, >= 0.

    Returns
    -------
    Run
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `energy`, and if draws do not fit or a rate is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> x, y, draws = np.array([[1.0], [2.0]]), np.array([1.0, 0.0]), (np.array([[1]]), np.zeros((1, 2)))
    >>> settings = {"sizes": (1, 1), "noise": 1.0, "prior": 1.0, "lr": 0.1, "burn_in": 0}
    >>> sghmc(np.array([1.0, 0.0]), *draws, x, y, **settings).states
    array([[ 0.91, -0.04]])
    """
    sizes = _fitting(w, sizes, x=x)
    n = _labelled(x, y)["n"]
    check.integral(indices=indices), check.finite(xi=xi), check.alike_dtype(w=w, xi=xi)
    size = check.shapes(indices=(indices, "T B"), xi=(xi, "T P"), w=(w, "P"))["B"]
    noise, prior = check.positive(noise=noise, prior=prior)
    xp = array_namespace(w, x)
    if not bool(xp.all((indices >= 0) & (indices < n))):
        raise ValueError(f"indices must be in [0, {n}), of the examples, got others")
    state, states = sampling.sghmc_init(w), []
    for t in range(xi.shape[0]):
        rows, each = xp.take(x, indices[t, :], axis=0), xp.take(y, indices[t, :], axis=0)
        _, grad = _potential(w, rows, each, sizes, noise, prior, n / size)  # (bnn_surrogates-16)
        w, state = sampling.sghmc(w, state, grad, xi[t, :], lr=lr, friction=friction, burn_in=burn_in)
        states.append(w)
    return Run(xp.stack(states), state)


# Ensembles -----------------------------------------------------------------------------------------------------------


def ensemble(starts, masks, x, y, *, sizes, noise, prior, steps, lr=1e-3):
    """Members of a deep ensemble: each minimises U by Adam, on its own examples and from its own start.

    Parameters
    ----------
    starts : array [S, P]
        Initial weights of the members.
    masks : array [S, n]
        1 for the examples of a member, 0 for the others; the paper's code takes 80 %.
    x, y, sizes, noise, prior
        As for `energy`.
    steps : int
        Of Adam, >= 0.
    lr : float, default: 1e-3
        > 0.

    Returns
    -------
    array [S, P]
        Weights of the members.

    Raises
    ------
    TypeError, ValueError
        As for `energy`, and if starts or masks do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> x, y, masks = np.array([[1.0], [2.0]]), np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> settings = {"sizes": (1, 1), "noise": 1.0, "prior": 1.0, "steps": 1, "lr": 0.1}
    >>> ensemble(np.array([[2.0, 0.0], [1.0, 0.0]]), masks, x, y, **settings).round(6)
    array([[ 1.9, -0.1],
           [ 0.9, -0.1]])
    """
    sizes = _widths(sizes)
    check.finite(starts=starts, masks=masks)
    check.shapes(starts=(starts, f"S {parameters(sizes)}"), masks=(masks, "S n"), y=(y, "n"))
    _fitting(starts[0, :], sizes, x=x)
    _labelled(x, y), check.alike_dtype(starts=starts, masks=masks, x=x)
    noise, prior, lr = check.positive(noise=noise, prior=prior, lr=lr)
    if not bool(array_namespace(masks).all((masks == 0) | (masks == 1))):
        raise ValueError("masks must be 0 or 1, got others")
    gradient = lambda w: _potential(w, x, y, sizes, noise, prior, masks)[1]  # (bnn_surrogates-24)
    return _adam(starts, gradient, check.integer(steps=steps), lr)


def _adam(w, gradient, steps, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    """Adam (Kingma and Ba, 2015, Algorithm 1); `lr` may be a function of the step."""
    xp, m, v = array_namespace(w), 0 * w, 0 * w
    for t in range(1, steps + 1):
        g = gradient(w)
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        w = w - (lr(t) if callable(lr) else lr) * (m / (1 - beta1**t)) / (xp.sqrt(v / (1 - beta2**t)) + eps)
    return w


def predictive(values, *, noise):
    """Mean and variance of an observation, of the outputs of members or samples.

    Parameters
    ----------
    values : array [S, m]
        Outputs of S >= 2 networks at m points.
    noise : float
        sigma_n^2 >= 0; with 0 the variances are those of the function alone.

    Returns
    -------
    tuple of two arrays [m]
        Mean; empirical variance, with divisor S - 1, plus `noise`.

    Raises
    ------
    TypeError, ValueError
        If `values` is no such array or `noise` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> predictive(np.array([[1.0], [3.0]]), noise=0.5)
    (array([2.]), array([2.5]))
    """
    check.finite(values=values)
    if check.shapes(values=(values, "S m"))["S"] < 2:
        raise ValueError(f"values must have two rows at least, got {values.shape[0]}")
    noise = check.nonnegative(noise=noise)
    xp = array_namespace(values)
    mean = xp.mean(values, axis=0)  # (bnn_surrogates-25)
    return mean, xp.var(values, axis=0, correction=1) + noise  # (bnn_surrogates-26)


def log_likelihood(y, mean, variance):
    """Mean over the points of the log density of a Gaussian: how settings are chosen, on data held out.

    Parameters
    ----------
    y, mean, variance : array [m]
        Targets, and mean and variance > 0 of each.

    Returns
    -------
    array, 0-d
        Mean log density.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike or a variance is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> float(log_likelihood(np.ones(1), np.zeros(1), np.ones(1)))  # -1/2 - log(2 pi) / 2
    -1.41893853320...
    """
    check.alike(y=y, mean=mean, variance=variance), check.shapes(y=(y, "m"))
    xp = array_namespace(y)
    if not bool(xp.all(variance > 0)):
        raise ValueError(f"variance must be > 0, got a smallest one of {float(xp.min(variance)):g}")
    return -0.5 * xp.mean((y - mean) ** 2 / variance + xp.log(2 * math.pi * variance))  # (bnn_surrogates-27)


# Laplace -------------------------------------------------------------------------------------------------------------


def _jacobian(w, x, sizes):
    """Outputs [n] and their derivatives by the weights, [n, P]."""
    xp = array_namespace(w, x)
    f, layers, values = _outputs(w, x[:, None, :], sizes)  # each point is a batch of one
    return f[..., 0], _back(layers, values, xp.ones_like(f)[..., None])


def laplace(w, x, points, *, sizes, noise, prior):
    """Law of the network linearised about trained weights, under the Gauss-Newton approximation, in function space.

    Parameters
    ----------
    w, x, sizes, noise, prior
        As for `energy`; the weights are trained ones. Targets are not needed.
    points : array [m, d]
        Where to predict.

    Returns
    -------
    Linearised
        Without noise of the observations.

    Raises
    ------
    TypeError, ValueError
        As for `energy`.

    Examples
    --------
    >>> import numpy as np
    >>> x, points = np.array([[1.0], [-1.0]]), np.array([[2.0]])
    >>> laplace(np.array([0.5, 0.25]), x, points, sizes=(1, 1), noise=1.0, prior=0.5)
    Linearised(jacobian=array([[2., 1.]]), mean=array([1.25]), covariance=array([[1.25]]))
    """
    sizes = _fitting(w, sizes, x=x, points=points)
    noise, prior = check.positive(noise=noise, prior=prior)
    xp = array_namespace(w, x, points)
    _, J = _jacobian(w, x, sizes)
    mean, J_star = _jacobian(w, points, sizes)  # (bnn_surrogates-28)
    gram = J @ xp.matrix_transpose(J)
    ridge = noise / prior  # (bnn_surrogates-29)
    half = solve_triangular(cholesky(gram, jitter=ridge, name="J J^T"), J @ xp.matrix_transpose(J_star), lower=True)
    covariance = prior * (
        J_star @ xp.matrix_transpose(J_star) - xp.matrix_transpose(half) @ half
    )  # (bnn_surrogates-30)
    return Linearised(J_star, mean, covariance)


# Gaussian processes --------------------------------------------------------------------------------------------------


def ibnn_kernel(x, y, *, depth=3, weight_variance=10.0, bias_variance=1.3, activation="relu"):
    """Covariance of a network of infinite width, its readout layer included.

    Parameters
    ----------
    x, y, depth, weight_variance, bias_variance, activation
        As for `models.wide.kernels`.

    Returns
    -------
    array [n, m]
        Covariance of the outputs; with the defaults in the hundreds.

    Raises
    ------
    TypeError, ValueError
        As for `models.wide.kernels`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> ibnn_kernel(x, None).round(2)
    array([[827.8 , 549.74],
           [549.74, 827.8 ]])
    """
    variances = {"weight_variance": weight_variance, "bias_variance": bias_variance}
    return wide.kernels(x, y, depth=depth, activation=activation, **variances).output


def evidence(z, y, *, lengths, scale, noise, mean):
    """Log evidence of a Gaussian process with Matern-5/2 covariance and constant mean, and its gradient, by hand.

    Parameters
    ----------
    z : array [n, q]
        Points, or features of points.
    y : array [n]
        Targets.
    lengths : array [q]
        Length scales > 0.
    scale, noise : float
        Variances s^2 of the process and sigma_n^2 of the noise, > 0.
    mean : float
        c.

    Returns
    -------
    Evidence
        See there.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a number is out of range, or the covariance is not
        positive definite in the arithmetic at hand: points that are repeated with next to no noise.

    Examples
    --------
    >>> import numpy as np
    >>> found = evidence(np.zeros((1, 1)), np.ones(1), lengths=np.ones(1), scale=1.0, noise=1.0, mean=0.0)
    >>> float(found.value), round(float(found.mean), 12)  # of N(1; 0, 2)
    (-1.51551..., 0.5)
    """
    check.finite(z=z, y=y, lengths=lengths), check.alike_dtype(z=z, y=y, lengths=lengths)
    check.shapes(z=(z, "n q"), y=(y, "n"), lengths=(lengths, "q"))
    (scale, noise), mean = check.positive(scale=scale, noise=noise), check.number(mean=mean)
    xp = array_namespace(z, y, lengths)
    if not bool(xp.all(lengths > 0)):
        raise ValueError(f"lengths must be > 0, got a smallest one of {float(xp.min(lengths)):g}")
    apart, weights = z[:, None, :] - z[None, :, :], 1 / lengths**2  # [n, n, q], [q]
    r2 = xp.sum(apart * apart * weights, axis=-1)
    K = scale * gp.matern(r2, 2.5)
    eye = xp.eye(z.shape[0], dtype=z.dtype, device=device(z))
    factor = cholesky(K, jitter=noise, name="K")
    value = gp.log_evidence(factor, y - mean)
    a = cholesky_solve(factor, y - mean)
    W = 0.5 * (cholesky_solve(factor, eye) - a[:, None] * a[None, :])  # (bnn_surrogates-36)
    s = xp.sqrt(5 * r2)
    slope = -5 / 6 * scale * (1 + s) * xp.exp(-s)  # (bnn_surrogates-37)
    M = W * slope
    features = -4 * xp.sum(M[:, :, None] * apart, axis=1) * weights  # (bnn_surrogates-38)
    log_lengths = 2 * xp.sum(M[:, :, None] * apart * apart, axis=(0, 1)) * weights  # (bnn_surrogates-39)
    log_scale = -xp.sum(W * K)  # (bnn_surrogates-40)
    return Evidence(value, features, log_lengths, log_scale, -xp.linalg.trace(W), xp.sum(a))  # (bnn_surrogates-41)


def dkl_evidence(w, x, y, *, sizes, lengths, scale, noise, mean):
    """Log evidence of deep kernel learning: a Gaussian process on the features of a network.

    Parameters
    ----------
    w : array [P]
        Weights of the feature network, with tanh after every layer.
    x, y
        As for `energy`.
    sizes : sequence of int
        Widths from d to the number of features q.
    lengths, scale, noise, mean
        As for `evidence`.

    Returns
    -------
    Evidence
        `features` is the gradient by `w`, [P].

    Raises
    ------
    TypeError, ValueError
        As for `evidence`, and if `w` does not fit.

    Examples
    --------
    >>> import numpy as np
    >>> w, x, y = np.array([1.0, 0.0]), np.array([[0.0], [1.0]]), np.array([0.0, 1.0])
    >>> found = dkl_evidence(w, x, y, sizes=(1, 1), lengths=np.ones(1), scale=1.0, noise=0.1, mean=0.0)
    >>> found.features.round(4)
    array([ 0.1014, -0.1401])
    """
    sizes = _widths(sizes)
    _labelled(x, y), check.finite(w=w), check.alike_dtype(x=x, w=w)
    check.shapes(w=(w, str(parameters(sizes))), x=(x, f"n {sizes[0]}"))
    layers = _layers(w, sizes)
    values = _hidden(layers, x)  # (bnn_surrogates-35)
    z = values[-1]
    found = evidence(z, y, lengths=lengths, scale=scale, noise=noise, mean=mean)
    return found._replace(features=_back(layers, values[:-1], found.features * (1 - z * z)))  # (bnn_surrogates-42)


def log_prior(lengths, scale, noise):
    """Log density of the priors on a Gaussian process, and its derivatives.

    Gamma with shape and rate 3, 6 for each length scale, 2, 0.15 for the scale, 1.1, 0.05 for the noise: densities of
    the parameters themselves, with no Jacobian of the logarithm.

    Parameters
    ----------
    lengths, scale, noise
        As for `evidence`.

    Returns
    -------
    tuple
        The log density, 0-d; its derivatives by log lengths [q], by log scale and by noise.

    Raises
    ------
    TypeError, ValueError
        If a number is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> value, *slopes = log_prior(np.array([0.5]), 1.0, 0.1)
    >>> float(value), slopes
    (-7.12909..., [array([-1.]), 0.85, 0.95])
    """
    check.finite(lengths=lengths), check.shapes(lengths=(lengths, "q"))
    scale, noise = check.positive(scale=scale, noise=noise)
    xp = array_namespace(lengths)
    if not bool(xp.all(lengths > 0)):
        raise ValueError(f"lengths must be > 0, got a smallest one of {float(xp.min(lengths)):g}")
    log_gamma = lambda value, log, a, rate: a * math.log(rate) - math.lgamma(a) + (a - 1) * log - rate * value
    value = xp.sum(log_gamma(lengths, xp.log(lengths), 3.0, 6.0))
    value = value + log_gamma(scale, math.log(scale), 2.0, 0.15) + log_gamma(noise, math.log(noise), 1.1, 0.05)
    return value, 2.0 - 6.0 * lengths, 1.0 - 0.15 * scale, 0.1 / noise - 0.05


# What to evaluate next -----------------------------------------------------------------------------------------------


def monte_carlo_improvement(draws, *, best):
    """Expected improvement of batches of q points, from draws of the posterior.

    Parameters
    ----------
    draws : array [S, m, q]
        S draws of the function at q points, for m batches.
    best : float
        The largest value so far.

    Returns
    -------
    array [m]
        Mean over the draws of what the best of a batch gains.

    Raises
    ------
    TypeError, ValueError
        If `draws` is no such array or `best` no number.

    Examples
    --------
    >>> import numpy as np
    >>> monte_carlo_improvement(np.array([[[1.0, 2.0]], [[-1.0, 0.5]]]), best=0.5)
    array([0.75])
    """
    check.finite(draws=draws), check.shapes(draws=(draws, "S m q"))
    best, xp = check.number(best=best), array_namespace(draws)
    return xp.mean(xp.clip(xp.max(draws, axis=-1) - best, min=0.0), axis=0)  # (bnn_surrogates-43)


def hypervolume(values, reference):
    """Volume between a reference and what a set of points dominates, for objectives that are maximised.

    Parameters
    ----------
    values : array [n, K]
        K objectives of n points.
    reference : array [K]
        Points that are not above it in each objective do not count.

    Returns
    -------
    array, 0-d
        Volume, >= 0. Two objectives by a sort, more by slices along the last.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> float(hypervolume(np.array([[1.0, 3.0], [2.0, 2.0], [1.0, 1.0]]), np.zeros(2)))
    5.0
    """
    check.finite(values=values, reference=reference), check.alike_dtype(values=values, reference=reference)
    check.shapes(values=(values, "n K"), reference=(reference, "K"))
    xp = array_namespace(values, reference)
    above = xp.all(values > reference, axis=1)  # (bnn_surrogates-45)
    return _volume(xp.where(above[:, None], values - reference, xp.zeros_like(values)))


def _volume(sides):
    """Volumes [...] of the unions of boxes from 0 to `sides` [..., n, K], none of them negative."""
    xp, (n, K) = array_namespace(sides), sides.shape[-2:]
    if K == 1:
        return xp.max(sides[..., 0], axis=-1)
    order = xp.argsort(-sides[..., -1], axis=-1, stable=True)
    sides = xp.stack([xp.take_along_axis(sides[..., k], order, axis=-1) for k in range(K)], axis=-1)
    height, zero = sides[..., -1], xp.zeros_like(sides[..., :1, 0])
    drop = height - xp.concat([height[..., 1:], zero], axis=-1)
    if K == 2:
        highest = _running_maximum(sides[..., 0])  # (bnn_surrogates-46)
    else:
        highest = xp.stack([_volume(sides[..., : i + 1, :-1]) for i in range(n)], axis=-1)  # (bnn_surrogates-47)
    return xp.sum(highest * drop, axis=-1)


def _running_maximum(x):
    """Largest entry so far along the last axis: each round looks twice as far back."""
    xp, shift = array_namespace(x), 1
    while shift < x.shape[-1]:
        x = xp.concat([x[..., :shift], xp.maximum(x[..., shift:], x[..., :-shift])], axis=-1)
        shift *= 2
    return x


def expected_hypervolume_improvement(draws, front, reference):
    """Mean of the hypervolume that batches of q points add to the values so far.

    Parameters
    ----------
    draws : array [S, m, q, K]
        S draws of K objectives at q points, for m batches.
    front : array [n, K]
        Values so far.
    reference : array [K]
        As for `hypervolume`.

    Returns
    -------
    array [m]
        Mean over the draws, >= 0.

    Raises
    ------
    TypeError, ValueError
        As for `hypervolume`.

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.array([[[[2.0, 2.0]]], [[[1.0, 1.0]]]])
    >>> expected_hypervolume_improvement(draws, np.array([[1.0, 1.0]]), np.zeros(2))
    array([1.5])
    """
    check.finite(draws=draws, front=front, reference=reference)
    check.shapes(draws=(draws, "S m q K"), front=(front, "n K"), reference=(reference, "K"))
    check.alike_dtype(draws=draws, front=front, reference=reference)
    xp, now = array_namespace(draws, front), hypervolume(front, reference)
    together = xp.concat([xp.broadcast_to(front, (*draws.shape[:2], *front.shape)), draws], axis=2)
    gains = _volume(xp.clip(together - reference, min=0.0)) - now
    return xp.clip(xp.mean(gains, axis=0), min=0.0)  # (bnn_surrogates-48)
