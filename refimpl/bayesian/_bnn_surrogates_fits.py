"""The loop of Bayesian optimisation, and how each surrogate is fitted in it. NumPy and SciPy on the host.

A surrogate is fitted by ``fit(rng, x, y)`` to points [n, d] of the unit cube and standardised values [n], anew in each
round, and returns a function ``predict(points)``, which tells a `Gaussian` or `Members`.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.bayesian import _bnn_surrogates_models as models
from refimpl.bayesian import bnn_surrogates as rule
from refimpl.core import check
from refimpl.core.arrays import to_numpy
from refimpl.core.linalg import cholesky
from refimpl.core.random import sobol
from refimpl.core.special import erfcx
from refimpl.models import gp, sampling
from refimpl.models.acquisition import expected_improvement

NETWORKS = ("hmc", "sghmc", "ensemble", "laplace")
LEAST_NOISE = 1e-4


class Gaussian(NamedTuple):
    """Belief about the function at m points."""

    mean: np.ndarray  # [m]
    covariance: np.ndarray  # [m, m], or [m]: the variances alone


class Members(NamedTuple):
    """The same, by outputs of networks."""

    values: np.ndarray  # [S, m]
    noise: float  # variance that a draw adds: sigma_n^2 for ensembles, 0 for samples of a posterior


def moments(belief):
    """Mean and standard deviation [m] of a belief.

    Parameters
    ----------
    belief : Gaussian or Members
        From a `predict`.

    Returns
    -------
    tuple of two arrays [m]
        Mean and standard deviation.

    Examples
    --------
    >>> moments(Members(np.array([[0.0], [2.0]]), 0.0))
    (array([1.]), array([1.41421356]))
    """
    check.instance((Gaussian, Members), belief=belief)
    if isinstance(belief, Members):
        mean, variance = rule.predictive(belief.values, noise=belief.noise)
    else:
        mean, variance = belief
        check.finite(mean=mean, covariance=variance)
        variance = np.diagonal(variance) if variance.ndim == 2 else variance
    return mean, np.sqrt(np.maximum(variance, 0.0))


# Gaussian processes --------------------------------------------------------------------------------------------------


def _data(rng, x, y):
    check.rng(rng=rng), check.finite(x=x, y=y), check.shapes(x=(x, "n d"), y=(y, "n"))
    return to_numpy(x).astype(float), to_numpy(y).astype(float)


def gaussian_process(rng, x, y, *, priors=True, start=None, iterations=60):
    """Gaussian process with Matern-5/2 covariance: the maximum of evidence, times the priors if `priors`.

    Parameters
    ----------
    rng : numpy.random.Generator
        Not used here.
    x : array [n, d]
        Points of the unit cube.
    y : array [n]
        Standardised values.
    priors : bool, default: True
        Whether the priors of `log_prior` count.
    start : float, optional
        Length scale to begin with; default: 0.5, the mean of its prior.
    iterations : int, default: 60
        Of L-BFGS, at most.

    Returns
    -------
    callable
        ``predict(points, joint=False) -> Gaussian``.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or an entry is not finite.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> predict = gaussian_process(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]))
    >>> predict(x).mean.round(1) + 0.0
    array([-0.9,  0.8,  0. ])
    """
    x, y = _data(rng, x, y)
    check.flag(priors=priors)
    n, d = x.shape
    start = 0.5 if start is None else check.positive(start=start)
    options = {"maxiter": check.integer(iterations=iterations, minimum=1)}

    def objective(theta):
        lengths, scale, noise, mean = np.exp(theta[:d]), math.exp(theta[d]), math.exp(theta[d + 1]), theta[d + 2]
        try:
            found = rule.evidence(x, y, lengths=lengths, scale=scale, noise=noise, mean=mean)
        except ValueError:  # not positive definite: points that nearly coincide
            return 1e10, np.zeros_like(theta)
        prior, *slopes = rule.log_prior(lengths, scale, noise) if priors else (0.0, 0.0, 0.0, 0.0)
        grads = [found.log_lengths + slopes[0], [found.log_scale + slopes[1]]]
        grads += [[noise * (found.noise + slopes[2])], [found.mean]]
        return -float(found.value + prior) / n, -np.concatenate(grads) / n

    theta = np.concatenate([np.full(d, math.log(start)), [0.0, math.log(0.02), 0.0]])
    wide = [(math.log(1e-2), math.log(1e3))] * d + [(math.log(1e-3), math.log(1e3)), (math.log(LEAST_NOISE), 2.0)]
    theta = scipy.optimize.minimize(
        objective, theta, jac=True, method="L-BFGS-B", bounds=[*wide, (None, None)], options=options
    ).x
    settings = np.exp(theta[:d]), math.exp(theta[d]), math.exp(theta[d + 1]), theta[d + 2]
    return _matern_process(lambda points: points, x, y, *settings)


def _matern_process(features, x, y, lengths, scale, noise, mean):
    """Predictions of a process on features of points."""
    kernel = lambda a, b: scale * gp.matern(gp.squared_distances(a, b, 1 / lengths**2), 2.5)
    z = features(x)
    return _process(kernel, lambda a: np.full(len(a), scale), z, y, noise, mean, features)


def _process(kernel, variances, z, y, noise, mean, features=lambda points: points):
    factor = cholesky(kernel(z, z), jitter=noise, name="covariance")

    def predict(points, joint=False):
        at = features(points)
        prior = kernel(at, at) if joint else variances(at)
        found = gp.posterior(factor, y - mean, kernel(at, z), prior)
        return Gaussian(found.mean + mean, found.covariance)

    return predict


def _given_kernel(kernel, variances, x, y, fit_scale):
    """Only noise, mean and perhaps an output scale are fitted; the mean in closed form."""
    K = kernel(x, x)
    K = K + 1e-6 * np.mean(np.diagonal(K)) * np.eye(len(x))
    values, vectors = np.linalg.eigh(K)
    ys, ones = vectors.T @ y, vectors.T @ np.ones(len(y))

    def parts(theta):
        noise, scale = np.exp(theta)
        spread = scale * values + noise
        mean = np.sum(ones * ys / spread) / np.sum(ones**2 / spread)
        return mean, 0.5 * np.sum((ys - mean * ones) ** 2 / spread + np.log(spread))

    start = np.array([math.log(0.02), -math.log(np.mean(np.diagonal(K))) if fit_scale else 0.0])
    bounds = [(math.log(LEAST_NOISE), 2.0), (start[1] - 7, start[1] + 7) if fit_scale else (0.0, 0.0)]
    theta = scipy.optimize.minimize(
        lambda t: parts(t)[1], start, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}
    ).x
    noise, scale = np.exp(theta)
    scaled, jitter = lambda a, b: scale * kernel(a, b), 1e-6 * scale * np.mean(np.diagonal(K))
    return _process(scaled, lambda a: scale * variances(a), x, y, noise + jitter, parts(theta)[0])


def infinite_network(rng, x, y, *, bias_variance=1.3, weight_variance=10.0, depth=3, fit_scale=False):
    """The infinitely wide network: a Gaussian process whose noise and mean alone are fitted.

    Parameters
    ----------
    rng, x, y
        As for `gaussian_process`.
    bias_variance, weight_variance, depth
        As for `ibnn_kernel`.
    fit_scale : bool, default: False
        Whether an output scale is fitted too.

    Returns
    -------
    callable
        As for `gaussian_process`.

    Raises
    ------
    TypeError, ValueError
        As for `gaussian_process`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> predict = infinite_network(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]))
    >>> predict(x).mean.round(1) + 0.0
    array([-1.,  1.,  0.])
    """
    x, y = _data(rng, x, y)
    check.flag(fit_scale=fit_scale)
    settings = {"depth": depth, "weight_variance": weight_variance, "bias_variance": bias_variance}
    kernel = lambda a, b: rule.ibnn_kernel(a, None if a is b else b, **settings)
    return _given_kernel(kernel, partial(_diagonal, **settings), x, y, fit_scale)


def _diagonal(a, *, depth, weight_variance, bias_variance):
    """Of the kernel with relu, whose layers halve variances."""
    k = bias_variance + weight_variance * np.mean(a * a, axis=1)
    for _ in range(depth):
        k = bias_variance + weight_variance * k / 2
    return k


def linear_process(rng, x, y):
    """A control: a Gaussian process with a linear covariance about the middle of the cube, and a fitted scale.

    Parameters and results are those of `gaussian_process`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> linear_process(stream(0, "doc"), x, np.array([-1.0, 0.0, 1.0]))(x).mean.round(1) + 0.0
    array([-1.,  0.,  1.])
    """
    x, y = _data(rng, x, y)
    d = x.shape[1]
    kernel = lambda a, b: (a - 0.5) @ (b - 0.5).T / d
    return _given_kernel(kernel, lambda a: np.mean((a - 0.5) ** 2, axis=1), x, y, fit_scale=True)


def deep_kernel(rng, x, y, *, hidden=(16, 16), pretrain=300, steps=400, lr=1e-3, lr_process=0.02):
    """Deep kernel learning: weights of the features and settings of the process, all by Adam on evidence times priors.

    Parameters
    ----------
    rng, x, y
        As for `gaussian_process`; the generator draws the first weights.
    hidden : sequence of int, default: (16, 16)
        Widths of the feature network, tanh after each.
    pretrain, steps : int
        Steps of Adam on squared errors under a linear last layer, which is then taken off, and on the evidence.
    lr, lr_process : float
        Step sizes for the weights, and for logarithms of length scales, scale and noise, and the mean.

    Returns
    -------
    callable
        As for `gaussian_process`.

    Raises
    ------
    TypeError, ValueError
        As for `gaussian_process`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> predict = deep_kernel(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]), hidden=(4,), steps=50)
    >>> predict(x).mean.shape
    (3,)
    """
    x, y = _data(rng, x, y)
    check.sequence(hidden=hidden)
    sizes = (x.shape[1], *(check.integer(hidden=h, minimum=1, below=10**6) for h in hidden))
    pretrain, steps = check.integer(pretrain=pretrain, steps=steps)
    lr, lr_process = check.positive(lr=lr, lr_process=lr_process)
    first = _start(rng, (*sizes, 1))
    fitted = rule._adam(first, lambda w: rule._potential(w, x, y, (*sizes, 1), len(y) / 2, np.inf)[1], pretrain, 1e-2)
    w, q = fitted[: rule.parameters(sizes)], sizes[-1]
    theta = np.concatenate([w, np.full(q, math.log(0.5)), [0.0, math.log(0.02), 0.0]])
    rates = np.concatenate([np.full(len(w), lr), np.full(q + 3, lr_process)])
    unpack = lambda theta: (np.exp(theta[-q - 3 : -3]), math.exp(theta[-3]), max(math.exp(theta[-2]), LEAST_NOISE),
                            theta[-1])  # fmt: skip

    def gradient(theta):
        lengths, scale, noise, mean = unpack(theta)
        settings = {"sizes": sizes, "lengths": lengths, "scale": scale, "noise": noise, "mean": mean}
        found = rule.dkl_evidence(theta[: -q - 3], x, y, **settings)
        _, by_lengths, by_scale, by_noise = rule.log_prior(lengths, scale, noise)
        rest = [found.log_scale + by_scale, noise * (found.noise + by_noise), found.mean]
        return -np.concatenate([found.features, found.log_lengths + by_lengths, rest])

    theta = rule._adam(theta, gradient, steps, lambda t: rates)
    layers = rule._layers(theta[: -q - 3], sizes)
    return _matern_process(lambda points: rule._hidden(layers, points)[-1], x, y, *unpack(theta))


# Networks ------------------------------------------------------------------------------------------------------------


def _start(rng, sizes, *many):
    """Weights of variance 1 / fan in, biases 0."""
    shape = (*many, rule.parameters(sizes))
    w, at = np.zeros(shape), 0
    for a, b in pairwise(sizes):
        w[..., at : at + a * b] = rng.standard_normal((*many, a * b)) / math.sqrt(a)
        at += a * b + b
    return w


def _members(states, sizes, noise=0.0):
    return lambda points, joint=False: Members(rule._outputs(states, points, sizes)[0], noise)


def _network_settings(x, hidden, noise, prior):
    check.sequence(hidden=hidden)
    noise, prior = check.positive(noise=noise, prior=prior)
    return (x.shape[1], *(check.integer(hidden=h, minimum=1) for h in hidden), 1), noise, prior


def hmc(rng, x, y, *, hidden=(16, 16), noise=0.01, prior=1.0, pretrain=1000, burn_in=100, samples=60, path=0.4,
        step=0.02, most=16, chains=1):  # fmt: skip
    """Networks sampled by HMC: Adam first, then dual averaging in the burn-in, then samples.

    Parameters
    ----------
    rng, x, y
        As for `gaussian_process`.
    hidden : sequence of int, default: (16, 16)
        Widths.
    noise, prior : float
        Variances sigma_n^2 and sigma_p^2.
    pretrain, burn_in, samples : int
        Steps of Adam, and transitions.
    path, step : float
        Length of a path, and the first leapfrog step.
    most : int, default: 16
        Leapfrog steps of a path; the authors' code has 200.
    chains : int, default: 1
        Each from a start of its own.

    Returns
    -------
    callable
        ``predict(points) -> Members``, of chains times samples networks.

    Raises
    ------
    TypeError, ValueError
        As for `gaussian_process`, and if a number is out of range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> predict = hmc(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]), hidden=(4,), burn_in=10, samples=5)
    >>> predict(x).values.shape
    (5, 3)
    """
    x, y = _data(rng, x, y)
    sizes, noise, prior = _network_settings(x, hidden, noise, prior)
    pretrain, burn_in = check.integer(pretrain=pretrain, burn_in=burn_in)
    samples, chains = check.integer(samples=samples, minimum=2), check.integer(chains=chains, minimum=1)
    potential = lambda w: rule._potential(w, x, y, sizes, noise, prior)
    kept = []
    for _ in range(chains):
        w = rule._adam(_start(rng, sizes), lambda w: potential(w)[1], pretrain, 1e-2)
        at, adapting, h = sampling.Chain(w, *potential(w)), sampling.averaging_init(step), step
        for t in range(burn_in + samples):
            draws = rng.standard_normal(len(w)), rng.uniform()
            at, move = sampling.hmc(potential, at, *draws, step=h, steps=rule.leapfrogs(path, h, most=most))
            if t < burn_in:
                adapting = sampling.dual_averaging(adapting, move.acceptance)
                h = adapting.step if t < burn_in - 1 else adapting.averaged
            else:
                kept.append(at.w)
    return _members(np.stack(kept), sizes)


def sghmc(rng, x, y, *, hidden=(16, 16), noise=0.01, prior=1.0, steps=2000, burn_in=1000, batch=5, every=5, lr=0.01,
          friction=0.05, chains=1):  # fmt: skip
    """Networks sampled by scale-adapted SGHMC, from minibatches of `batch` examples; every so many steps are kept.

    Parameters are those of `hmc` and of the rule `sghmc`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> predict = sghmc(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]), hidden=(4,), steps=30, burn_in=10, batch=2)
    >>> predict(x).values.shape
    (4, 3)
    """
    x, y = _data(rng, x, y)
    sizes, noise, prior = _network_settings(x, hidden, noise, prior)
    burn_in, batch = check.integer(burn_in=burn_in), check.integer(batch=batch, minimum=1)
    steps, every = check.integer(steps=steps, minimum=burn_in + 1), check.integer(every=every, minimum=1)
    n, kept = len(y), []
    batch = min(batch, n)
    for _ in range(check.integer(chains=chains, minimum=1)):
        w = _start(rng, sizes)
        state = sampling.sghmc_init(w)
        for t in range(steps):
            rows = rng.permutation(n)[:batch] if batch < n else slice(None)
            _, grad = rule._potential(w, x[rows], y[rows], sizes, noise, prior, n / batch)
            xi = rng.standard_normal(len(w))
            w, state = sampling.sghmc(w, state, grad, xi, lr=lr, friction=friction, burn_in=burn_in)
            if t >= burn_in and (t - burn_in) % every == 0:
                kept.append(w)
    return _members(np.stack(kept), sizes)


def ensemble(rng, x, y, *, hidden=(16, 16), noise=0.01, prior=1.0, members=10, steps=1000, lr=1e-3, share=0.8):
    """A deep ensemble: a random `share` of the examples for each member, rounded up, and a start of its own.

    Parameters are those of `hmc` and of the rule `ensemble`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> ensemble(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]), hidden=(4,), steps=30)(x).values.shape
    (10, 3)
    """
    x, y = _data(rng, x, y)
    sizes, noise, prior = _network_settings(x, hidden, noise, prior)
    members, share = check.integer(members=members, minimum=2), check.share(share=share)
    masks = np.zeros((members, len(y)))
    for mask in masks:
        mask[rng.permutation(len(y))[: math.ceil(share * len(y))]] = 1.0
    settings = {"sizes": sizes, "noise": noise, "prior": prior, "steps": steps, "lr": lr}
    return _members(rule.ensemble(_start(rng, sizes, members), masks, x, y, **settings), sizes, noise)


def laplace(rng, x, y, *, hidden=(16, 16), noise=0.01, prior=1.0, steps=1000, lr=0.1):
    """The linearised Laplace approximation about weights that Adam found, its steps falling like a cosine.

    Parameters are those of `hmc`; it predicts a `Gaussian`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.array([[0.0], [0.5], [1.0]])
    >>> laplace(stream(0, "doc"), x, np.array([-1.0, 1.0, 0.0]), hidden=(4,), steps=30)(x).mean.shape
    (3,)
    """
    x, y = _data(rng, x, y)
    sizes, noise, prior = _network_settings(x, hidden, noise, prior)
    steps, lr = check.integer(steps=steps, minimum=1), check.positive(lr=lr)
    falling = lambda t: 0.5 * lr * (1 + math.cos(math.pi * t / steps))
    w = rule._adam(_start(rng, sizes), lambda w: rule._potential(w, x, y, sizes, noise, prior)[1], steps, falling)

    def predict(points, joint=False):
        found = rule.laplace(w, x, points, sizes=sizes, noise=noise, prior=prior)
        return Gaussian(found.mean, found.covariance if joint else np.diagonal(found.covariance))

    return predict


FITS: dict[str, Callable[..., Any]] = {
    "gp": gaussian_process,
    "ibnn": infinite_network,
    "hmc": hmc,
    "sghmc": sghmc,
    "ensemble": ensemble,
    "laplace": laplace,
    "dkl": deep_kernel,
}


# Settings, batches, the loop -----------------------------------------------------------------------------------------


def choose(kind, rng, x, y, *, grid=(0.1, 1.0, 10.0), **settings):
    """Variances of noise and prior by log likelihood: fitted to the first 80 % of the data, judged on the rest.

    Parameters
    ----------
    kind : {"hmc", "sghmc", "ensemble", "laplace"}
        The surrogate.
    rng, x, y
        As for `gaussian_process`.
    grid : sequence of float, default: (0.1, 1, 10)
        Candidates for both; the grid is ours, the authors' code lacks it.
    **settings
        Others of the fit.

    Returns
    -------
    dict of str to float
        The best `noise` and `prior`.

    Raises
    ------
    TypeError, ValueError
        As for the fit, and if `kind` is none of these or there are fewer than five examples.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> x = np.linspace(0, 1, 10)[:, None]
    >>> choose("laplace", stream(0, "doc"), x, x[:, 0] - 0.5, grid=(0.01, 1.0), hidden=(4,), steps=50)["noise"]
    0.01
    """
    check.choice(NETWORKS, kind=kind), check.sequence(grid=grid)
    x, y = _data(rng, x, y)
    grid, cut = [check.positive(grid=value) for value in grid], math.ceil(0.8 * len(y))
    if cut == len(y):
        raise ValueError(f"y must have five examples at least, got {len(y)}")
    best: tuple[float, dict[str, float]] = (-math.inf, {})
    for noise in grid:
        for prior in grid:
            predict = FITS[kind](rng, x[:cut], y[:cut], noise=noise, prior=prior, **settings)
            belief = predict(x[cut:])
            if isinstance(belief, Members):  # noise once: a member's own draws have it too
                mean, variance = rule.predictive(belief.values, noise=noise)
            else:
                mean, variance = belief.mean, np.maximum(belief.covariance, 0.0) + noise
            score = float(rule.log_likelihood(y[cut:], mean, variance))
            best = max(best, (score, {"noise": noise, "prior": prior}), key=lambda pair: pair[0])
    return best[1]


def acquisition(belief, best, rng=None, *, q=1):
    """Score of points, or of batches of q consecutive points: the larger, the more is to be gained.

    Parameters
    ----------
    belief : Gaussian or Members
        At m q points; a `Gaussian` of batches needs the covariance of all.
    best : float
        The largest value so far.
    rng : numpy.random.Generator, optional
        Draws, for batches.
    q : int, default: 1
        >= 1.

    Returns
    -------
    array [m]
        For single points of a Gaussian the logarithm of the expected improvement, which does not underflow; else the
        expected improvement, and where it is 0 a trace of the mean.

    Raises
    ------
    TypeError, ValueError
        If `belief` is none, or a number or generator is missing.

    Examples
    --------
    >>> acquisition(Gaussian(np.array([0.0, -60.0]), np.ones(2)), 0.0).round(3)
    array([-9.190000e-01, -1.809108e+03])
    """
    check.instance((Gaussian, Members), belief=belief)
    best, q = check.number(best=best), check.integer(q=q, minimum=1)
    if isinstance(belief, Gaussian) and q == 1:
        mean, deviation = moments(belief)
        return _log_improvement(mean, np.maximum(deviation, 1e-9), best)
    if isinstance(belief, Members) and q == 1:
        spread = np.full(belief.values.shape[1], math.sqrt(belief.noise))
        gains = [expected_improvement(row, spread, best).value for row in belief.values]
        return np.mean(gains, axis=0) + 1e-9 * np.mean(belief.values, axis=0)
    check.rng(rng=rng)
    values = draws(belief, rng, 128)
    batches = values.reshape(len(values), -1, q)
    return rule.monte_carlo_improvement(batches, best=best) + 1e-9 * np.mean(batches, axis=(0, 2))


def _log_improvement(mean, deviation, best):
    """log E (f - best)^+: far below the best its tail is a Gaussian times 1 - |u| times the ratio of Mills."""
    u = (mean - best) / deviation
    near = np.maximum(u, -1.0)
    plain = np.log(expected_improvement(near, np.ones_like(near), 0.0).value)
    v = np.maximum(-u, 1.0)
    mills = np.minimum(v * math.sqrt(math.pi / 2) * erfcx(v / math.sqrt(2)), 1 - 1e-10)
    rest = np.where(v > 1e5, -2 * np.log(v), np.log1p(-mills))  # 1 / v^2, where the difference has no digits left
    tail = -0.5 * v * v - 0.5 * math.log(2 * math.pi) + rest
    return np.log(deviation) + np.where(u > -1, plain, tail)


def draws(belief, rng, count):
    """Draws [count, m] of the function: of a Gaussian, or one random member each, plus its noise.

    Parameters
    ----------
    belief : Gaussian or Members
        A `Gaussian` with all covariances.
    rng : numpy.random.Generator
        From `core.random.stream`.
    count : int
        >= 1.

    Returns
    -------
    array [count, m]
        Draws.

    Raises
    ------
    TypeError, ValueError
        If `belief` is none, or `rng` or `count` are no such things.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> draws(Members(np.array([[1.0], [2.0]]), 0.0), stream(0, "doc"), 3).shape
    (3, 1)
    """
    check.instance((Gaussian, Members), belief=belief), check.rng(rng=rng)
    count = check.integer(count=count, minimum=1, below=10**7)
    if isinstance(belief, Members):
        check.finite(values=belief.values), check.shapes(values=(belief.values, "S m"))
        picked = belief.values[rng.integers(len(belief.values), size=count)]
        return picked + math.sqrt(check.nonnegative(noise=belief.noise)) * rng.standard_normal(picked.shape)
    check.finite(mean=belief.mean), check.shapes(mean=(belief.mean, "m"), covariance=(belief.covariance, "m m"))
    jitter = 1e-9 + 1e-6 * float(np.mean(np.diagonal(belief.covariance)))
    factor = cholesky(belief.covariance, jitter=jitter, name="covariance")
    return belief.mean + rng.standard_normal((count, len(belief.mean))) @ factor.T


def search(score, rng, d, *, near=None, candidates=200, generations=5):
    """The best point of the unit cube that an evolutionary search finds.

    Parameters
    ----------
    score : callable
        ``score(points [m, d]) -> [m]``.
    rng : numpy.random.Generator
        From `core.random.stream`.
    d : int
        >= 1.
    near : array [k, d], optional
        Points about which half of the first candidates lie.
    candidates, generations : int
        How many points are tried, and how often those about the best of them.

    Returns
    -------
    array [d]
        See there.

    Raises
    ------
    TypeError, ValueError
        If `score` is no function, `rng` no generator, or a number is out of range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> search(lambda x: -np.sum((x - 0.25) ** 2, axis=1), stream(0, "doc"), 2).round(2)
    array([0.25, 0.25])
    """
    check.function(score=score), check.rng(rng=rng)
    d, candidates = check.integer(d=d, minimum=1), check.integer(candidates=candidates, minimum=8, below=10**6)
    points = rng.uniform(size=(candidates, d))
    if near is not None:
        check.finite(near=near), check.shapes(near=(near, f"k {d}"))
        half = candidates // 2
        about = to_numpy(near)[rng.integers(len(near), size=half)]
        points[:half] = np.clip(about + 0.1 * rng.standard_normal((half, d)), 0, 1)
    values = score(points)
    for generation in range(check.integer(generations=generations)):
        top = np.argsort(-values)[:8]
        parents = points[top[rng.integers(len(top), size=candidates // 2)]]
        fresh = np.clip(parents + 0.1 * 0.4**generation * rng.standard_normal(parents.shape), 0, 1)
        points = np.concatenate([points[top], fresh])
        values = np.concatenate([values[top], score(fresh)])
    return points[np.argmax(values)]


def optimise(objective, fit, rng, d, *, initial=10, evaluations=14, q=1, levels=None, candidates=200, generations=5):
    """Bayesian optimisation of one objective on the unit cube.

    Parameters
    ----------
    objective : callable
        ``objective(points [m, d]) -> values [m]``, to be maximised.
    fit : callable
        ``fit(rng, x, y) -> predict``, such as one of `FITS`.
    rng : numpy.random.Generator
        From `core.random.stream`; draws the first points (Sobol's) too.
    d : int
        >= 1.
    initial, evaluations : int
        How many points before the first fit, and how many after it, in batches of q, which must divide it.
    q : int, default: 1
        Points of a batch.
    levels : int, optional
        Of each coordinate, as for `on_grid`: every point that is scored, evaluated, fitted and returned is then
        one of the grid, and may come more than once. Default: all of the cube.
    candidates, generations
        As for `search`.

    Returns
    -------
    tuple of two arrays
        Points [N, d] in order, and their values [N].

    Raises
    ------
    TypeError, ValueError
        If a function or generator is none, or a number is out of range.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> bowl = lambda x: -np.sum((x - 0.3) ** 2, axis=1)
    >>> x, y = optimise(bowl, gaussian_process, stream(0, "doc"), 2, initial=4, evaluations=6)
    >>> x.shape, bool(y.max() > -0.01)
    ((10, 2), True)
    """
    check.function(objective=objective, fit=fit), check.rng(rng=rng)
    d, q = check.integer(d=d, minimum=1, below=21_201), check.integer(q=q, minimum=1)
    initial = check.integer(initial=initial, minimum=2, below=2**20)
    if check.integer(evaluations=evaluations) % q:
        raise ValueError(f"evaluations must be a multiple of q = {q}, got {evaluations}")
    place = (lambda p: p) if levels is None else partial(models.on_grid, levels=levels)
    x = place(first_points(rng, initial, d))
    y = np.asarray(objective(x), dtype=float)
    while len(y) < initial + evaluations:
        z = standardise(y)
        predict, best = fit(rng, x, z), float(z.max())
        score = lambda p, predict=predict, best=best: acquisition(
            predict(place(p.reshape(-1, d)), joint=q > 1), best, rng, q=q
        )  # fmt: skip
        top = np.tile(x[np.argsort(-y)[:3]], (1, q))
        found = search(score, rng, q * d, near=top, candidates=candidates, generations=generations)
        found = place(found.reshape(q, d))
        x, y = np.concatenate([x, found]), np.concatenate([y, objective(found)])
    return x, y


def first_points(rng, count, d):
    """Points of a scrambled Sobol sequence, [count, d].

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> first_points(stream(0, "doc"), 5, 2).shape
    (5, 2)
    """
    check.rng(rng=rng)
    count, d = check.integer(count=count, minimum=1, below=2**20), check.integer(d=d, minimum=1, below=21_201)
    return sobol(rng, (count, d), like=np.zeros(1))


def standardise(y):
    """Values less their mean, over their standard deviation (divisor n - 1); differences alone if that is 0.

    Examples
    --------
    >>> standardise(np.array([1.0, 2.0, 3.0])), standardise(np.ones(2))
    (array([-1.,  0.,  1.]), array([0., 0.]))
    """
    check.finite(y=y)
    if check.shapes(y=(y, "n"))["n"] < 2:
        raise ValueError(f"y must have two values at least, got {y.shape[0]}")
    spread = np.std(y, ddof=1)
    return (y - np.mean(y)) / (spread if spread > 0 else 1.0)


def optimise_several(objective, fit, rng, d, *, reference, initial=10, evaluations=10, candidates=64, generations=3):
    """The same for K objectives: a surrogate for each, and the expected gain in hypervolume of 128 draws.

    Parameters
    ----------
    objective : callable
        ``objective(points [m, d]) -> values [m, K]``, to be maximised.
    fit, rng, d, initial, evaluations, candidates, generations
        As for `optimise`.
    reference : array [K]
        In units of the objectives.

    Returns
    -------
    tuple of two arrays
        Points [N, d] in order, and their values [N, K].

    Raises
    ------
    TypeError, ValueError
        As for `optimise`.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> two = lambda x: np.stack([-((x[:, 0] - 0.2) ** 2), -((x[:, 0] - 0.8) ** 2)], axis=1)
    >>> x, y = optimise_several(two, gaussian_process, stream(0, "doc"), 1, reference=np.full(2, -1.0), evaluations=1)
    >>> y.shape
    (11, 2)
    """
    check.function(objective=objective, fit=fit), check.rng(rng=rng), check.finite(reference=reference)
    check.shapes(reference=(reference, "K"))
    x = first_points(rng, check.integer(initial=initial, minimum=2, below=2**20), d)
    y = np.asarray(objective(x), dtype=float)
    check.shapes(values=(y, f"n {len(reference)}"))
    for _ in range(check.integer(evaluations=evaluations)):
        shift, spread = y.mean(axis=0), np.maximum(y.std(axis=0, ddof=1), 1e-12)
        z, floor = (y - shift) / spread, (to_numpy(reference) - shift) / spread
        predicts = [fit(rng, x, column) for column in z.T]

        def score(points, predicts=predicts, z=z, floor=floor):
            values = [draws(predict(points, joint=True), rng, 128) for predict in predicts]
            gain = rule.expected_hypervolume_improvement(np.stack(values, axis=-1)[:, :, None, :], z, floor)
            return gain + 1e-9 * sum(np.mean(v, axis=0) for v in values)

        found = search(score, rng, d, near=x, candidates=candidates, generations=generations)[None]
        x, y = np.concatenate([x, found]), np.concatenate([y, objective(found)])
    return x, y
