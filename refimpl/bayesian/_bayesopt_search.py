"""What stands around an acquisition: hyper-parameters, maximisation in a box, batches, and the loop. On the host."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.bayesian import bayesopt
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, from_numpy, is_array, to_numpy
from refimpl.core.loop import iterate
from refimpl.core.random import sobol
from refimpl.models import gp
from refimpl.models.acquisition import expected_improvement

# Hyper-parameters ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Belief:
    """Prior law of one hyper-parameter, by its natural value; cut off outside of [low, high]."""

    kind: str  # "uniform", "normal", "lognormal": normal in the logarithm
    center: float = 0.0
    spread: float = 1.0  # > 0
    low: float = -math.inf
    high: float = math.inf


def log_belief(belief, value):
    """Log density of a hyper-parameter, up to a constant, and its derivative.

    Parameters
    ----------
    belief : Belief
        Its law.
    value : float
        The hyper-parameter, > 0 for "lognormal".

    Returns
    -------
    tuple of float, float
        -inf and 0 where the density is 0.

    Raises
    ------
    TypeError, ValueError
        If `belief` or `value` is no such thing.

    Examples
    --------
    >>> log_belief(Belief("normal", 1.0, 2.0), 3.0)
    (-0.5, -0.5)
    """
    check.instance(Belief, belief=belief)
    check.choice(("uniform", "normal", "lognormal"), belief=belief.kind)
    value, spread = check.number(value=value), check.positive(spread=belief.spread)
    center = check.number(center=belief.center)
    if not belief.low <= value <= belief.high or (belief.kind == "lognormal" and value <= 0):
        return -math.inf, 0.0
    if belief.kind == "uniform":
        return 0.0, 0.0
    if belief.kind == "lognormal":
        z = (math.log(value) - center) / spread
        return -0.5 * z * z - math.log(value), -(z / spread + 1) / value
    z = (value - center) / spread
    return -0.5 * z * z, -z / spread


def _names(d):
    return (*(f"alpha{i + 1}" for i in range(d)), "alpha0", "noise", "mean")


def _vector(prior):
    """(log alpha, log alpha0, log noise, mean) as a list."""
    return [*np.log(to_numpy(prior.alpha)).tolist(), math.log(prior.alpha0), math.log(prior.noise), prior.mean]


def _prior_of(theta, prior):
    d = prior.alpha.shape[0]
    alpha = from_numpy(np.exp(np.asarray(theta[:d])), like=prior.alpha)
    alpha0, noise = math.exp(theta[d]), math.exp(theta[d + 1])
    return prior._replace(alpha=alpha, alpha0=alpha0, noise=noise, mean=float(theta[d + 2]))


def _log_posterior(theta, prior, X, y, beliefs):
    """Log evidence plus log beliefs, and the gradient in (log alpha, log alpha0, log noise, mean)."""
    found = bayesopt.evidence(bayesopt.fit(_prior_of(theta, prior), X, y))
    slopes = [*to_numpy(found.by_alpha).tolist(), *(float(v) for v in found[2:])]
    value, more = _log_beliefs(theta, beliefs, prior.alpha.shape[0])
    return float(found.value) + value, [slope + by for slope, by in zip(slopes, more, strict=True)]


def _log_beliefs(theta, beliefs, d):
    """Sum of the log densities, and its gradient."""
    value, slopes = 0.0, [0.0] * len(theta)
    for i, name in enumerate(_names(d)):
        if name in beliefs:
            natural = theta[i] if name == "mean" else math.exp(theta[i])
            density, slope = log_belief(beliefs[name], natural)
            value, slopes[i] = value + density, slope * (1.0 if name == "mean" else natural)
    return value, slopes


def _beliefs(beliefs, prior):
    """The beliefs, if each allows the hyper-parameter that `prior` starts with."""
    beliefs, names = {} if beliefs is None else beliefs, _names(prior.alpha.shape[0])
    check.instance(dict, beliefs=beliefs)
    start = dict(zip(names, [*to_numpy(prior.alpha).tolist(), prior.alpha0, prior.noise, prior.mean], strict=True))
    for name, belief in beliefs.items():
        check.choice(names, beliefs=name)
        if log_belief(belief, start[name])[0] == -math.inf:
            raise ValueError(f"prior must start where the belief in {name} allows, got {start[name]:g} with {belief}")
    return beliefs


def _spread(residual):
    """Standard deviation of observations less their prior mean; 0 if all are alike."""
    residual = to_numpy(residual)
    return float(np.std(residual)) if np.ptp(residual) > 0 else 0.0


def fit_hyperparameters(prior, X, y, *, rng, beliefs=None, starts=3, reach=6.0):
    """Hyper-parameters of the largest evidence (MLE), or evidence times prior density (MAP).

    Parameters
    ----------
    prior : bayesopt.Prior
        Kernel, and the first start; its noise must be > 0.
    X, y
        As for `bayesopt.fit`.
    rng : numpy.random.Generator
        Draws the other starts.
    beliefs : dict of str to Belief, optional
        Prior laws, by name: "alpha1", "alpha2", ..., "alpha0", "noise", "mean"; uniform where there is none.
    starts : int, default: 3
        Runs of L-BFGS-B.
    reach : float, default: 6.0
        How far from the first start the logarithms may go, and the mean in standard deviations of `y`.

    Returns
    -------
    bayesopt.Prior
        The best of all runs.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.fit`; if all of `y` is one value, of which no scale can be learned; or if a belief does not
        allow the hyper-parameter of `prior`.

    Notes
    -----
    The paper's Section 3.2.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.linspace(0, 1, 20)[:, None]
    >>> y = np.sin(6 * X[:, 0]) + 0.1 * rng.standard_normal(20)
    >>> prior = bayesopt.Prior("power_exponential", np.array([1.0]), 1.0, noise=0.1)
    >>> found = fit_hyperparameters(prior, X, y, rng=rng)
    >>> round(found.noise**0.5, 1)
    0.1
    """
    prior = check.fields(bayesopt.Prior, prior=prior)
    check.rng(rng=rng), check.positive(noise=prior.noise)
    fitted = bayesopt.fit(prior, X, y)
    beliefs, spread = _beliefs(beliefs, fitted.prior), _spread(fitted.residual)
    starts, reach = check.integer(starts=starts, minimum=1), check.positive(reach=reach)
    if not spread > 0:
        raise ValueError(f"y must have two different values at least, got {float(y[0]):g} alone")
    first = np.array(_vector(prior))
    size = np.array([*[reach] * (len(first) - 1), reach * spread])
    best = (-math.inf, first)
    for k in range(starts):
        start = first if k == 0 else first + size / 2 * rng.uniform(-1, 1, len(first))

        def loss(theta):
            try:
                value, slopes = _log_posterior(theta, prior, X, y, beliefs)
            except ValueError:  # no positive definite matrix, so far out
                return 1e10, np.zeros(len(theta))
            return (-value, -np.array(slopes)) if math.isfinite(value) else (1e10, np.zeros(len(theta)))

        run = scipy.optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=list(zip(first - size, first + size, strict=True))
        )
        best = max(best, (-float(run.fun), run.x), key=lambda found: found[0])
    return _prior_of(best[1], prior)


def sample_hyperparameters(prior, X, y, *, rng, count, beliefs=None, width=1.0, burn=10):
    """Draws of the hyper-parameters given the observations, by slice sampling (Neal, 2003), one after another.

    Parameters
    ----------
    prior, X, y, rng, beliefs
        As for `fit_hyperparameters`; the beliefs of all but the mean should be there, or the law may be improper.
    count : int
        Of draws.
    width : float, default: 1.0
        Of the first interval, in the logarithms and the mean.
    burn : int, default: 10
        Rounds before the first draw.

    Returns
    -------
    list of bayesopt.Prior
        The draws.

    Raises
    ------
    TypeError, ValueError
        As for `fit_hyperparameters`.

    Examples
    --------
    >>> rng, X = np.random.default_rng(0), np.linspace(0, 1, 9)[:, None]
    >>> prior = bayesopt.Prior("power_exponential", np.array([4.0]), 1.0, noise=0.01)
    >>> beliefs = {name: Belief("lognormal", 0.0, 1.0) for name in ("alpha1", "alpha0", "noise")}
    >>> draws = sample_hyperparameters(prior, X, np.sin(6 * X[:, 0]), rng=rng, count=3, beliefs=beliefs)
    >>> len(draws), all(draw.noise > 0 for draw in draws)
    (3, True)
    """
    prior = check.fields(bayesopt.Prior, prior=prior)
    check.rng(rng=rng), check.positive(noise=prior.noise)
    beliefs, width = _beliefs(beliefs, bayesopt.fit(prior, X, y).prior), check.positive(width=width)
    count, burn = check.integer(count=count, minimum=1), check.integer(burn=burn)

    def density(theta):
        try:
            value = _log_beliefs(theta, beliefs, X.shape[1])[0]
            if value == -math.inf:
                return value
            fitted = bayesopt.fit(_prior_of(theta, prior), X, y)
        except (ValueError, OverflowError):
            return -math.inf
        return value + float(gp.log_evidence(fitted.factor, fitted.residual)) + sum(theta[:-1])  # of the logarithms

    theta, draws = _vector(prior), []
    for sweep in range(burn + count):
        for i in range(len(theta)):
            theta = _slice(density, theta, i, rng, width)
        if sweep >= burn:
            draws.append(_prior_of(theta, prior))
    return draws


def _slice(density, theta, i, rng, width):
    """One coordinate drawn anew: an interval that covers the slice, shrunk until a point of it is in.

    At most 19 steps outwards, split at random between the two ends: so the law stays right where they do not suffice.
    """
    at = lambda value: density([*theta[:i], value, *theta[i + 1 :]])
    level = density(theta) + math.log(rng.uniform())
    low = theta[i] - width * rng.uniform()
    high, left = low + width, int(20 * rng.uniform())
    for _ in range(left):
        if not at(low) > level:
            break
        low -= width
    for _ in range(19 - left):
        if not at(high) > level:
            break
        high += width
    while True:
        value = rng.uniform(low, high)
        if at(value) > level:
            return [*theta[:i], value, *theta[i + 1 :]]
        if high - low < 1e-12:
            return theta
        low, high = (value, high) if value < theta[i] else (low, value)


# Maximisation in a box -----------------------------------------------------------------------------------------------


def _box(low, high):
    check.alike(low=low, high=high), check.shapes(low=(low, "d"))
    if not bool(array_namespace(low).all(low < high)):
        raise ValueError("low must be < high in every coordinate, got bounds that cross")
    return list(zip(to_numpy(low).tolist(), to_numpy(high).tolist(), strict=True))


def design(low, high, count, *, rng):
    """Points that fill a box evenly: a scrambled Sobol sequence.

    Parameters
    ----------
    low, high : array [d]
        Corners.
    count : int
        Of points.
    rng : numpy.random.Generator
        Draws the scrambling.

    Returns
    -------
    array [count, d]
        Like `low`.

    Raises
    ------
    TypeError, ValueError
        If the corners are no such arrays or cross.

    Examples
    --------
    >>> design(np.zeros(2), np.ones(2), 4, rng=np.random.default_rng(0)).shape
    (4, 2)
    """
    check.rng(rng=rng), _box(low, high)
    count = check.integer(count=count, minimum=1, below=2**20)
    return low + (high - low) * sobol(rng, (count, low.shape[0]), like=low)


def maximize_on_box(function, low, high, starts):
    """The best of several runs of L-BFGS-B, one from each start.

    Parameters
    ----------
    function : callable
        ``function(x) -> value, gradient`` at a point x [d], like `low`.
    low, high : array [d]
        Corners.
    starts : array [R, d]
        Points of the box.

    Returns
    -------
    tuple of array [d], float
        Point and value.

    Raises
    ------
    TypeError, ValueError
        If the corners are no such arrays or cross, shapes do not fit, or `function` returns what is not finite.

    Examples
    --------
    >>> x, value = maximize_on_box(lambda x: (-(x[0] - 3)**2, -2 * (x - 3)), np.zeros(1), np.ones(1), np.zeros((1, 1)))
    >>> print(x, value)
    [1.] -4.0
    """
    check.function(function=function)
    bounds = _box(low, high)
    check.finite(starts=starts), check.shapes(starts=(starts, "R d"), low=(low, "d"))

    def loss(x):
        value, gradient = function(from_numpy(x, like=low))
        value, gradient = check.number(function=float(value)), to_numpy(gradient).astype(float)
        if not np.all(np.isfinite(gradient)):
            raise ValueError(f"function must return a finite gradient, got {gradient}")
        return -value, -gradient

    runs = [
        scipy.optimize.minimize(loss, x, jac=True, method="L-BFGS-B", bounds=bounds)
        for x in to_numpy(starts).astype(float)
    ]
    best = min(runs, key=lambda run: run.fun)
    return from_numpy(best.x, like=low), -float(best.fun)


def _mean_after(fitted, x, Z):
    """The mean after an observation at x that is Z standard deviations off, as a function with its gradient."""
    prior, here, xp = fitted.prior, x[None, :], array_namespace(x)
    law = bayesopt.posterior(fitted, here)
    s = xp.sqrt(law.covariance[0, 0] + prior.noise + prior.jitter)  # as in `later`
    later = bayesopt.fit(prior, xp.concat([fitted.X, here]), xp.concat([_observations(fitted), law.mean + s * Z]))

    def mean(point):
        J = bayesopt._cross_gradient(prior, point[None, :], later.X)[0, :, :]
        slope = xp.sum(J * later.weights[:, None], axis=0)
        cross = bayesopt.covariance(prior, point[None, :], later.X)
        value = bayesopt._mean(prior, point[None, :]) + cross @ later.weights
        return value[0], slope if prior.beta is None else slope + prior.beta

    return mean


def _observations(fitted):
    return fitted.residual + bayesopt._mean(fitted.prior, fitted.X)


def _best_mean(mean, low, high, starts):
    """Maximum over the box, from the best of the starts."""
    values = [float(mean(starts[i, :])[0]) for i in range(starts.shape[0])]
    i = int(np.argmax(values))
    return maximize_on_box(mean, low, high, starts[i : i + 1, :])


def simulated_kg(fitted, x, Z, low, high, starts):
    """Knowledge gradient on a box by simulation (the paper's Algorithm 2).

    Parameters
    ----------
    fitted : bayesopt.Fitted
        The process given observations.
    x : array [d]
        Where the next evaluation would be.
    Z : array [J]
        Standard normal draws.
    low, high : array [d]
        Corners.
    starts : array [R, d]
        From the best of which each maximisation sets out.

    Returns
    -------
    float
        Mean growth of the maximum of the mean; 0 where nothing can be learned, as at a point seen without noise. With
        noise the observation has the deviation sqrt(sigma^2 + lambda); the paper prints that without.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.posterior` and `maximize_on_box`.

    Examples
    --------
    >>> fitted = bayesopt.fit(bayesopt.Prior("matern52", np.array([4.0]), 1.0), np.zeros((1, 1)), np.zeros(1))
    >>> box, starts = (np.zeros(1), np.ones(1)), np.linspace(0, 1, 5)[:, None]
    >>> round(simulated_kg(fitted, np.array([1.0]), np.array([1.0, -1.0]), *box, starts), 3)
    0.495
    """
    fitted = check.fields(bayesopt.Fitted, fitted=fitted)
    check.finite(x=x, Z=Z), check.shapes(x=(x, "d"), Z=(Z, "J"), low=(low, "d"))
    check.finite(starts=starts), check.shapes(starts=(starts, "R d"), low=(low, "d"))
    if not _learns(fitted, x):
        return 0.0
    best = lambda z: _best_mean(_mean_after(fitted, x, z), low, high, starts)[1]
    before = best(0.0)  # the mean stays as it is
    return sum(best(Z[j]) - before for j in range(Z.shape[0])) / Z.shape[0]


def _learns(fitted, x):
    return bayesopt._learns(fitted.prior, bayesopt.posterior(fitted, x[None, :]).covariance[0, 0] + fitted.prior.noise)


def maximize_kg(fitted, low, high, starts, *, rng, steps=100, a=4.0, draws=1000, grid):
    """The point of the largest knowledge gradient on a box: stochastic gradient ascent (the paper's Algorithm 3).

    Parameters
    ----------
    fitted, low, high
        As for `simulated_kg`.
    starts : array [R, d]
        Where the runs begin.
    rng : numpy.random.Generator
        Draws the observations.
    steps : int, default: 100
        T, of each run; step t has the rate a / (a + t), in the unit box.
    a : float, default: 4.0
        > 0.
    draws : int, default: 1000
        J, for the value at the end of each run.
    grid : array [m, d]
        Points among which the best mean is sought after an observation.

    Returns
    -------
    tuple of array [d], float
        The best end point and its knowledge gradient on the grid, by the same draws for all. A run that comes to a
        point where nothing can be learned, as one that was seen without noise, ends there with a gain of 0.

    Raises
    ------
    TypeError, ValueError
        As for `simulated_kg`.

    Examples
    --------
    >>> fitted = bayesopt.fit(bayesopt.Prior("matern52", np.array([4.0]), 1.0), np.zeros((1, 1)), np.zeros(1))
    >>> box, grid = (np.zeros(1), np.ones(1)), np.linspace(0, 1, 9)[:, None]
    >>> x, value = maximize_kg(fitted, *box, np.array([[0.5]]), rng=np.random.default_rng(0), grid=grid)
    >>> x.round(1), round(value, 1)
    (array([1.]), 0.4)
    """
    check.instance(bayesopt.Fitted, fitted=fitted), check.rng(rng=rng), _box(low, high)
    check.finite(starts=starts, grid=grid)
    check.shapes(starts=(starts, "R d"), grid=(grid, "m d"), low=(low, "d"))
    steps, draws, a = check.integer(steps=steps), check.integer(draws=draws, minimum=1), check.positive(a=a)
    xp, size = array_namespace(low), high - low
    Z = from_numpy(rng.standard_normal(draws), like=low)
    found = []
    for r in range(starts.shape[0]):
        x = starts[r, :]
        for t in range(1, steps + 1):
            if not _learns(fitted, x):
                break
            z = from_numpy(rng.standard_normal(1), like=low)
            gradient = bayesopt.kg_gradient(fitted, x, grid, z)[0, :]
            moved = x + a / (a + t) * size * (size * gradient)
            x = xp.minimum(xp.maximum(moved, low), high)
        if not _learns(fitted, x):
            found.append((0.0, x))
            continue
        law = bayesopt.posterior(fitted, xp.concat([grid, x[None, :]]))
        s = xp.sqrt(law.covariance[-1, -1] + fitted.prior.noise)
        after = law.mean[None, :-1] + Z[:, None] * (law.covariance[:-1, -1] / s)
        found.append((float(xp.mean(xp.max(after, axis=1)) - xp.max(law.mean[:-1])), x))
    value, x = max(found, key=lambda pair: pair[0])
    return x, value


# Batches -------------------------------------------------------------------------------------------------------------


def constant_liar(mean, covariance, best, q, *, lie="mean", worst=None, jitter=1e-9):
    """A batch by expected improvement, one point after another, each as if the last had been observed.

    Parameters
    ----------
    mean : array [M]
        Posterior means on a finite set.
    covariance : array [M, M]
        Posterior covariances.
    best : float
        The best value so far.
    q : int
        Size of the batch, at most M.
    lie : str, default: "mean"
        What the point chosen is said to have: its posterior "mean", "max": `best`, or "min": `worst`.
    worst : float, optional
        The worst value so far, for "min".
    jitter : float, default: 1e-9
        Noise of the lie over the largest variance, for the arithmetic alone.

    Returns
    -------
    list of int
        Numbers of q different points.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number is out of range.

    Examples
    --------
    >>> law = np.array([0.0, 0.1, 0.2]), np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.9], [0.5, 0.9, 1.0]])
    >>> constant_liar(*law, 0.0, 2)
    [2, 0]
    """
    xp, best = bayesopt._law(mean, covariance), check.number(best=best)
    q = check.integer(q=q, minimum=1, below=mean.shape[0] + 1)
    check.choice(("mean", "max", "min"), lie=lie), check.positive(jitter=jitter)
    if lie == "min":
        worst = check.number(worst=worst)
    noise, chosen = jitter * float(xp.max(xp.linalg.diagonal(covariance))), []
    for _ in range(q):
        variance = xp.linalg.diagonal(covariance)
        sigma = xp.sqrt(xp.where(variance > 0, variance, xp.zeros_like(variance)))
        value = expected_improvement(mean, sigma, best).value
        taken = xp.asarray([i in chosen for i in range(mean.shape[0])], device=device(mean))
        at = int(xp.argmax(xp.where(taken, -xp.ones_like(value), value)))
        told = {"mean": float(mean[at]), "max": best, "min": worst}[lie]
        mean, covariance = bayesopt.observe(mean, covariance, at, told, noise=max(noise, 0.0))
        best = max(best, told)
        chosen.append(at)
    return chosen


# The loop ------------------------------------------------------------------------------------------------------------


class State(NamedTuple):
    """What has been seen."""

    X: Array  # [n, d] points evaluated
    y: Array  # [n] values observed
    prior: bayesopt.Prior


class Found(NamedTuple):
    """What a search returns."""

    x: Array  # [d] recommended point
    X: Array  # [N, d] points evaluated, the initial design first
    y: Array  # [N] values observed
    prior: bayesopt.Prior


def _steady(prior):
    """The same prior with enough on the diagonal for the points of a search, which come close to each other."""
    least = max(1e-6, 100 * array_namespace(prior.alpha).finfo(prior.alpha.dtype).eps) * prior.alpha0
    return prior if prior.noise + prior.jitter >= least else prior._replace(jitter=least)


def propose(state, low, high, *, rng, starts=8):
    """The point of the largest expected improvement; with noise over the best posterior mean of a point seen.

    Parameters
    ----------
    state : State
        What has been seen. Where noise and jitter of its prior are below 1e-6 alpha0 (in float32 1.2e-5), so much
        jitter is put in: without it the covariance of points that are close is not positive definite in the arithmetic.
    low, high : array [d]
        Corners of the box.
    rng : numpy.random.Generator
        Draws the starts.
    starts : int, default: 8
        Runs of L-BFGS-B, from the best of ten times as many points.

    Returns
    -------
    array [d]
        Where to evaluate next.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.fit` and `maximize_on_box`.

    Examples
    --------
    >>> prior = bayesopt.Prior("matern52", np.array([4.0]), 1.0)
    >>> state = State(np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), prior)
    >>> propose(state, np.zeros(1), np.full(1, 2.0), rng=np.random.default_rng(0)).round(2)
    array([1.38])
    """
    check.instance(State, state=state), check.rng(rng=rng), _box(low, high)
    starts = check.integer(starts=starts, minimum=1, below=2**12)
    prior = bayesopt._checked(state.prior, X=state.X)
    fitted, xp = bayesopt.fit(_steady(prior), state.X, state.y), array_namespace(state.X)
    best = float(xp.max(state.y if fitted.prior.noise == 0 else bayesopt.posterior(fitted, state.X).mean))
    points = design(low, high, 10 * starts, rng=rng)
    order = xp.argsort(-bayesopt.improvement_at(fitted, points, best)[0])

    def acquisition(x):
        value, gradient = bayesopt.improvement_at(fitted, x[None, :], best)
        return value[0], gradient[0, :]

    return maximize_on_box(acquisition, low, high, xp.take(points, order[:starts], axis=0))[0]


def maximize(f, low, high, *, rng, prior, evaluations, initial=5, fit=True, choose=propose, progress=None):
    """Bayesian optimisation of an expensive function on a box (the paper's Algorithm 1).

    Parameters
    ----------
    f : callable
        ``f(x) -> float`` at a point x [d], noisy or not.
    low, high : array [d]
        Corners of the box.
    rng : numpy.random.Generator
        Draws the design and the starts.
    prior : bayesopt.Prior
        The process; if `fit`, where the fit of the hyper-parameters starts: then its noise must be > 0. With jitter as
        for `propose`.
    evaluations : int
        N, the initial design included.
    initial : int, default: 5
        n_0, points of the initial design.
    fit : bool, default: True
        Whether hyper-parameters are fitted before each choice; not as long as all values observed are one.
    choose : callable, default: propose
        ``choose(state, low, high, rng=rng) -> x``.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    Found
        Recommended is the best point seen without noise, else that of the best posterior mean among those seen.

    Raises
    ------
    TypeError, ValueError
        As for `propose`; or if `f` returns no finite number. Everything else is checked before `f` is called.

    Examples
    --------
    >>> prior = bayesopt.Prior("matern52", np.array([4.0]), 1.0, noise=1e-4)
    >>> box, rng = (np.zeros(1), np.full(1, 2.0)), np.random.default_rng(0)
    >>> found = maximize(lambda x: np.sin(3 * x[0]), *box, rng=rng, prior=prior, evaluations=10, initial=4)
    >>> round(float(found.x[0]), 1)  # pi / 6
    0.5
    """
    check.function(f=f, choose=choose), check.rng(rng=rng), check.flag(fit=fit), _box(low, high)
    prior = _steady(bayesopt._checked(prior, low=low[None, :]))
    if fit:
        check.positive(noise=prior.noise)
    initial = check.integer(initial=initial, minimum=2 if fit else 1)
    evaluations = check.integer(evaluations=evaluations, minimum=initial)
    X, xp = design(low, high, initial, rng=rng), array_namespace(low)

    def ask(x):
        value = f(x)
        return float(check.number(f=float(value) if is_array(value) else value))

    values = xp.asarray([ask(X[i, :]) for i in range(initial)], dtype=X.dtype, device=device(X))

    def fitted(state, starts):
        if not (fit and _spread(state.y - bayesopt._mean(prior, state.X)) > 0):
            return prior
        return _steady(fit_hyperparameters(prior, state.X, state.y, rng=rng, starts=starts))

    def step(state, k):
        x = choose(state._replace(prior=fitted(state, 1)), low, high, rng=rng)
        value = xp.asarray([ask(x)], dtype=X.dtype, device=device(X))
        return State(xp.concat([state.X, x[None, :]]), xp.concat([state.y, value]), prior)

    state = iterate(step, State(X, values, prior), steps=evaluations - initial, progress=progress).state
    last = fitted(state, 3)
    means = state.y if last.noise == 0 else bayesopt.posterior(bayesopt.fit(last, state.X, state.y), state.X).mean
    return Found(state.X[int(xp.argmax(means)), :], state.X, state.y, last)
