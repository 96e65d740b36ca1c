"""Bayesian optimisation: what an evaluation is worth under a Gaussian process (Frazier, 2018, arXiv:1807.02811).

A Gaussian process is kept over the function that is to be maximised. Each acquisition says what one more evaluation is
worth, and differs from the others in what may be handed over at the end: the best value seen (expected improvement),
the best mean of a point that was evaluated (its generalisation to noise), the best mean of any (knowledge gradient).
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device, to_numpy
from refimpl.core.autodiff import value_and_grad
from refimpl.core.linalg import cholesky, cholesky_solve
from refimpl.core.special import ndtr, xlogy
from refimpl.models import acquisition, gp

_SINGLE = 1e-5  # what single precision makes of a law or of weights, which may have been computed in it
_FAR = 100.0  # deviations: beyond 39 of them a normal law has no mass left in double precision
_KNOWN = 1000  # roundings of its variance before, up to which a variance is that of something known
KERNELS = ("power_exponential", "matern12", "matern32", "matern52")


class Prior(NamedTuple):
    """A Gaussian process before any observation."""

    kernel: str  # one of KERNELS
    alpha: Array  # [d] > 0: weights of the squared distance, 1 / (2 length^2) for the power exponential
    alpha0: float  # > 0: variance
    noise: float = 0.0  # lambda >= 0: variance of an observation around the function
    mean: float = 0.0  # mu
    beta: Array | None = None  # [d] slopes of the mean in the coordinates; None: it is constant
    jitter: float = 0.0  # >= 0: added to the diagonal of the observations' covariance, for the arithmetic alone


class Fitted(NamedTuple):
    """A Gaussian process given observations."""

    prior: Prior
    X: Array  # [n, d] points
    residual: Array  # [n] observations less their prior mean
    factor: Array  # [n, n] lower Cholesky factor of their covariance
    weights: Array  # [n] a = K^-1 residual


class Evidence(NamedTuple):
    """Log density of the observations, and its derivatives."""

    value: Array  # 0-d
    by_alpha: Array  # [d] in log alpha
    by_alpha0: Array  # 0-d, in log alpha0
    by_noise: Array  # 0-d, in log lambda
    by_mean: Array  # 0-d, in mu


class Estimate(NamedTuple):
    """Parallel expected improvement, by simulation, and its derivatives."""

    value: Array  # 0-d
    by_mean: Array  # [q]
    by_covariance: Array  # [q, q], symmetric


# Gaussian process ----------------------------------------------------------------------------------------------------


def _checked(prior, **points):
    """The same prior with Python numbers, if it fits the points."""
    prior = check.fields(Prior, prior=prior)
    check.choice(KERNELS, kernel=prior.kernel)
    check.finite(**points, alpha=prior.alpha)
    axes = zip(("n d", "m d"), points.items(), strict=False)
    check.shapes(**{name: (value, symbols) for symbols, (name, value) in axes}, alpha=(prior.alpha, "d"))
    check.alike_dtype(**points, alpha=prior.alpha)
    xp = array_namespace(prior.alpha)
    if not bool(xp.all(prior.alpha > 0)):
        raise ValueError(f"alpha must be > 0, got a smallest entry of {float(xp.min(prior.alpha)):g}")
    if prior.beta is not None:
        check.alike(alpha=prior.alpha, beta=prior.beta)
    return prior._replace(
        alpha0=check.positive(alpha0=prior.alpha0),
        noise=check.nonnegative(noise=prior.noise),
        mean=check.number(mean=prior.mean),
        jitter=check.nonnegative(jitter=prior.jitter),
    )


def _given(fitted, **points):
    """What was fitted, field by field, and its prior, if it fits the points."""
    fitted = check.fields(Fitted, fitted=fitted)
    arrays = {f"fitted.{name}": getattr(fitted, name) for name in Fitted._fields[1:]}
    axes = zip(("n d", "n", "n n", "n"), arrays.items(), strict=True)
    check.shapes(**{name: (value, symbols) for symbols, (name, value) in axes})
    check.alike_dtype(**arrays, **points)
    return fitted, _checked(fitted.prior, **points)


def _correlation(kernel, r2):
    """Covariance over its variance, of the squared distance."""
    if kernel == "power_exponential":
        return gp.squared_exponential(2 * r2)  # (bayesopt-2)
    return gp.matern(r2, {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}[kernel])


def _slope(kernel, r2):
    """Derivative of the correlation in the squared distance; 0 at the kink of `matern12`."""
    xp = array_namespace(r2)
    if kernel == "power_exponential":
        return -xp.exp(-r2)
    apart = r2 > 0
    r = xp.sqrt(xp.where(apart, r2, xp.ones_like(r2)))
    if kernel == "matern12":
        return xp.where(apart, -xp.exp(-r) / (2 * r), xp.zeros_like(r2))
    s = xp.where(apart, math.sqrt(3 if kernel == "matern32" else 5) * r, xp.zeros_like(r2))
    return (-1.5 if kernel == "matern32" else -5 / 6 * (1 + s)) * xp.exp(-s)


def _mean(prior, x):
    """mu + sum_i beta_i Psi_i(x), with the coordinates for Psi."""
    xp = array_namespace(x)
    constant = prior.mean + xp.zeros_like(x[:, 0])
    return constant if prior.beta is None else constant + x @ prior.beta  # (bayesopt-4)


def covariance(prior, x, z):
    """Prior covariance of the function at points x and z; differentiable.

    Parameters
    ----------
    prior : Prior
        The process.
    x : array [n, d]
        Points.
    z : array [m, d]
        Points.

    Returns
    -------
    array [n, m]
        Without noise.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or a number of `prior` is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> covariance(Prior("power_exponential", np.array([1.0]), 2.0), np.zeros((1, 1)), np.array([[0.0], [1.0]]))
    array([[2.        , 0.73575888]])
    """
    return _covariance(_checked(prior, x=x, z=z), x, z)


def _covariance(prior, x, z):
    return prior.alpha0 * _correlation(prior.kernel, gp.squared_distances(x, z, prior.alpha))


def fit(prior, X, y):
    """Condition the process on observations.

    Parameters
    ----------
    prior : Prior
        The process.
    X : array [n, d]
        Points.
    y : array [n]
        Observations there, of the library, dtype and device of `X`.

    Returns
    -------
    Fitted
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `covariance`; or if the covariance of the observations is not positive definite, as with a point twice,
        no noise and no jitter.

    Notes
    -----
    The paper's Equation 3 and the text below it; K is factored, never inverted.

    Examples
    --------
    >>> import numpy as np
    >>> fit(Prior("power_exponential", np.array([1.0]), 1.0, noise=1.0), np.zeros((1, 1)), np.array([4.0])).weights
    array([2.])
    """
    prior = _checked(prior, X=X)
    check.finite(y=y), check.shapes(X=(X, "n d"), y=(y, "n")), check.alike_dtype(X=X, y=y)
    K = _covariance(prior, X, X)
    diagonal = prior.noise + prior.jitter  # (bayesopt-5)
    xp = array_namespace(K, y)
    K = K + diagonal * xp.eye(K.shape[0], dtype=y.dtype, device=device(y))
    factor = cholesky(K, name="covariance_of_X")
    residual = y - _mean(prior, X)
    return Fitted(prior, X, residual, factor, cholesky_solve(factor, residual))


def _tidy(covariance):
    """The same without what rounding adds: symmetric, variances >= 0, correlations at most 1."""
    xp = array_namespace(covariance)
    even = (covariance + xp.matrix_transpose(covariance)) / 2
    own = xp.linalg.diagonal(even)
    some, zero = own > 0, xp.zeros_like(own)
    sigma = xp.where(some, xp.sqrt(xp.where(some, own, xp.ones_like(own))), zero)  # the root has no derivative at 0
    most = sigma[:, None] * sigma[None, :]
    return xp.maximum(xp.minimum(even, most), -most)


def posterior(fitted, new):
    """Mean and covariance of the function at new points, given the observations; differentiable in `new`.

    Parameters
    ----------
    fitted : Fitted
        The process given observations.
    new : array [m, d]
        Points.

    Returns
    -------
    refimpl.models.gp.Posterior
        Mean [m] and covariance [m, m], without the noise of a further observation. The covariance is one in spite of
        rounding: symmetric, no variance below 0, no correlation above 1.

    Raises
    ------
    TypeError, ValueError
        As for `covariance`.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = fit(Prior("matern32", np.array([1.0]), 1.0), np.array([[0.0]]), np.array([2.0]))
    >>> posterior(fitted, np.array([[0.0], [1.0]])).mean.round(4)
    array([2.    , 0.9667])
    """
    check.finite(new=new)
    fitted, prior = _given(fitted, new=new)
    cross, own = _covariance(prior, new, fitted.X), _covariance(prior, new, new)
    law = gp.posterior(fitted.factor, fitted.residual, cross, own)
    law = law._replace(covariance=_tidy(law.covariance))
    return law._replace(mean=_mean(prior, new) + law.mean)


def evidence(fitted):
    """Log density of the observations and its gradient in the hyper-parameters.

    Parameters
    ----------
    fitted : Fitted
        The process given observations.

    Returns
    -------
    Evidence
        Derivatives in the logarithms of alpha, alpha0 and the noise, and in the constant mean.

    Raises
    ------
    TypeError, ValueError
        As for `covariance`.

    Examples
    --------
    >>> import numpy as np
    >>> found = evidence(fit(Prior("matern52", np.array([1.0]), 1.0, noise=1.0), np.zeros((1, 1)), np.array([2.0])))
    >>> round(float(found.by_mean), 6), round(float(found.by_noise), 6)  # y / 2, and (y^2 / 4 - 1/2) / 2
    (1.0, 0.25)
    """
    fitted, prior = _given(fitted)
    X, a = fitted.X, fitted.weights
    xp = array_namespace(X)
    inverse = cholesky_solve(fitted.factor, xp.eye(X.shape[0], dtype=X.dtype, device=device(X)))
    outer = a[:, None] * a[None, :] - inverse  # (bayesopt-8)
    r2 = gp.squared_distances(X, X, prior.alpha)
    slope = prior.alpha0 * _slope(prior.kernel, r2)
    parts = [prior.alpha[i] * slope * (X[:, None, i] - X[None, :, i]) ** 2 for i in range(X.shape[1])]
    half_trace = lambda derivative: 0.5 * xp.sum(outer * derivative)  # (bayesopt-9)
    return Evidence(
        gp.log_evidence(fitted.factor, fitted.residual),
        xp.stack([half_trace(part) for part in parts]),
        half_trace(prior.alpha0 * _correlation(prior.kernel, r2)),
        half_trace(prior.noise * xp.eye(X.shape[0], dtype=X.dtype, device=device(X))),
        xp.sum(a),
    )


def _cross_gradient(prior, x, X):
    """Derivatives [k, n, d] of the covariance of x [k, d] and X [n, d] in x."""
    slope = prior.alpha0 * _slope(prior.kernel, gp.squared_distances(x, X, prior.alpha))
    return 2 * slope[:, :, None] * prior.alpha * (x[:, None, :] - X[None, :, :])


# Expected improvement ------------------------------------------------------------------------------------------------


def improvement_at(fitted, new, best):
    """Expected improvement at points, and its gradient in them.

    Parameters
    ----------
    fitted : Fitted
        The process given observations.
    new : array [m, d]
        Points.
    best : float
        As for `models.acquisition.expected_improvement`.

    Returns
    -------
    tuple of array [m], array [m, d]
        Value and gradient; the gradient counts as 0 where the variance is 0.

    Raises
    ------
    TypeError, ValueError
        As for `posterior`.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = fit(Prior("matern52", np.array([4.0]), 1.0), np.array([[0.0], [1.0]]), np.array([0.0, 1.0]))
    >>> value, gradient = improvement_at(fitted, np.array([[0.6], [1.3]]), 1.0)
    >>> print(value.round(3), gradient[:, 0].round(3))
    [0.12  0.158] [0.196 0.11 ]
    """
    check.finite(new=new)
    (fitted, prior), best = _given(fitted, new=new), check.number(best=best)
    xp = array_namespace(new)
    cross = _covariance(prior, new, fitted.X)
    solved = xp.matrix_transpose(cholesky_solve(fitted.factor, xp.matrix_transpose(cross)))
    variance = prior.alpha0 - xp.sum(cross * solved, axis=1)
    sigma = xp.sqrt(xp.where(variance > 0, variance, xp.zeros_like(variance)))
    found = acquisition.expected_improvement(_mean(prior, new) + cross @ fitted.weights, sigma, best)
    J = _cross_gradient(prior, new, fitted.X)
    by_mean = xp.sum(J * fitted.weights[None, :, None], axis=1)
    by_mean = by_mean if prior.beta is None else by_mean + prior.beta
    safe = xp.where(sigma > 0, sigma, xp.ones_like(sigma))
    by_sigma = -xp.sum(J * solved[:, :, None], axis=1) / safe[:, None]
    return found.value, found.by_mean[:, None] * by_mean + found.by_sigma[:, None] * by_sigma  # (bayesopt-13)


# Knowledge gradient --------------------------------------------------------------------------------------------------


def _law(mean, covariance):
    """A normal law on a finite set of points, up to rounding."""
    check.finite(mean=mean, covariance=covariance)
    check.shapes(mean=(mean, "M"), covariance=(covariance, "M M"))
    check.alike_dtype(mean=mean, covariance=covariance)
    xp = array_namespace(mean, covariance)
    own = xp.linalg.diagonal(covariance)
    slack = _SINGLE * float(xp.max(xp.abs(own)))
    if not float(xp.min(own)) >= -slack:
        raise ValueError(f"covariance must have a diagonal >= 0, got {float(xp.min(own)):g}")
    if not bool(xp.all(xp.abs(covariance - xp.matrix_transpose(covariance)) <= slack)):
        raise ValueError("covariance must be symmetric, got another matrix")
    sigma = xp.sqrt(xp.where(own > 0, own, xp.zeros_like(own)))
    if not bool(xp.all(xp.abs(covariance) <= sigma[:, None] * sigma[None, :] + slack)):
        raise ValueError("covariance must be positive semidefinite, got a correlation above 1")
    return xp


def _indices(xp, size, **named):
    """Arrays of integers in [0, size)."""
    check.integral(**named)
    for name, value in named.items():
        check.shapes(**{name: (value, "k")})
        if not bool(xp.all((value >= 0) & (value < size))):
            raise ValueError(f"{name} must be numbers of points, from 0 to {size - 1}, got others")


def _directions(covariance, noise, at):
    """How the means move with the observation at each of k points, in its standard deviations: [k, M]."""
    xp = array_namespace(covariance)
    own = xp.linalg.diagonal(covariance)
    variance = xp.take(own, at) + noise
    told = variance > 0  # where nothing is told, nothing moves
    scale = xp.sqrt(xp.where(told, variance, xp.ones_like(variance)))
    moved = xp.take(covariance, at, axis=0) / scale[:, None]  # (bayesopt-14)
    return xp.where(told[:, None], moved, xp.zeros_like(moved))


def observe(mean, covariance, at, value, *, noise=0.0):
    """Condition a law on a finite set on one more observation.

    Parameters
    ----------
    mean : array [M]
        Means.
    covariance : array [M, M]
        Covariances.
    at : int
        Number of the point that was evaluated.
    value : float
        What was observed there.
    noise : float, default: 0.0
        lambda >= 0, its variance around the function.

    Returns
    -------
    refimpl.models.gp.Posterior
        The new mean and covariance, the latter as in `posterior` in spite of rounding.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, a number is out of range, or `covariance` is none: not
        symmetric, or with a variance below 0 or a correlation above 1, by more than rounding.

    Examples
    --------
    >>> import numpy as np
    >>> observe(np.zeros(2), np.array([[1.0, 0.5], [0.5, 1.0]]), 0, 2.0, noise=1.0).mean
    array([1. , 0.5])
    """
    xp, noise, value = _law(mean, covariance), check.nonnegative(noise=noise), check.number(value=value)
    at = check.integer(at=at, below=mean.shape[0])
    sigma = _directions(covariance, noise, xp.asarray([at], device=device(mean)))[0, :]
    variance = covariance[at, at] + noise
    z = (value - mean[at]) / xp.sqrt(variance if float(variance) > 0 else variance + 1)
    return gp.Posterior(mean + sigma * z, _tidy(covariance - sigma[:, None] * sigma[None, :]))


def _envelope(a, b):
    """Numbers [k, L] of the lines a + b z of the upper envelope, by slope; the last is repeated. On the host."""
    rows = []
    for heights, slopes in zip(to_numpy(a).tolist(), to_numpy(b).tolist(), strict=True):
        lines: list[int] = []
        starts: list[float] = []
        for i in sorted(range(len(slopes)), key=lambda i: (slopes[i], heights[i])):
            while lines and slopes[lines[-1]] == slopes[i]:  # of parallel lines the highest
                lines.pop(), starts.pop()
            start = -math.inf
            while lines:
                j = lines[-1]
                start = (heights[j] - heights[i]) / (slopes[i] - slopes[j])
                if start > starts[-1]:
                    break
                lines.pop(), starts.pop()
            starts.append(start if lines else -math.inf)
            lines.append(i)
        rows.append(lines)
    longest = max(2, max(len(lines) for lines in rows))
    return [lines + lines[-1:] * (longest - len(lines)) for lines in rows]


def expected_gain(a, b):
    """E max_i (a_i + b_i Z) - max_i a_i for standard normal Z, without cancellation.

    Parameters
    ----------
    a, b : array [k, m]
        Heights and slopes of m lines, in k problems.

    Returns
    -------
    array [k]
        >= 0.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite.

    Notes
    -----
    Frazier, Powell and Dayanik (2009), Algorithm 1, but for the sum: every term of this one is >= 0. Which lines make
    up the envelope is found on the host.

    Examples
    --------
    >>> import numpy as np
    >>> expected_gain(np.array([[0.0, -9.0]]), np.array([[0.0, 1.0]]))  # E max(a + b Z) less 0 would have no digit left
    array([1.22...e-20])
    """
    check.alike(a=a, b=b), check.shapes(a=(a, "k m"))
    xp = array_namespace(a, b)
    lines = xp.asarray(_envelope(a, b), device=device(a))
    a, b = (xp.take_along_axis(value, lines, axis=1) for value in (a, b))
    step = b[:, 1:] - b[:, :-1]
    bend = xp.where(step > 0, step, xp.ones_like(step))
    c = xp.minimum(xp.abs((a[:, :-1] - a[:, 1:]) / bend), xp.full_like(bend, _FAR))  # (bayesopt-15)
    return xp.sum(step * (acquisition.density(c) - c * ndtr(-c)), axis=1)  # (bayesopt-16)


def knowledge_gradient(mean, covariance, at, *, noise=0.0, weights=None):
    """By how much the best mean is expected to grow with one evaluation: exact, on a finite set.

    Parameters
    ----------
    mean : array [M]
        Posterior means.
    covariance : array [M, M]
        Posterior covariances.
    at : array [k] of int
        Points of which the value is asked.
    noise : float, default: 0.0
        lambda >= 0.
    weights : array [m, M], optional
        The objective is `weights` times the function: a row selects a source, or sums over an environment; default: the
        function itself.

    Returns
    -------
    array [k]
        >= 0.

    Raises
    ------
    TypeError, ValueError
        As for `observe`.

    Notes
    -----
    The paper's Equation 10; with `weights` Equation 16.

    Examples
    --------
    >>> import numpy as np
    >>> knowledge_gradient(np.zeros(2), np.diag([1.0, 4.0]), np.array([0, 1])).round(4)  # sigma / sqrt(2 pi)
    array([0.3989, 0.7979])
    """
    xp, noise = _law(mean, covariance), check.nonnegative(noise=noise)
    _indices(xp, mean.shape[0], at=at)
    a, b = mean, _directions(covariance, noise, at)
    if weights is not None:
        check.finite(weights=weights)
        check.shapes(weights=(weights, "m M"), mean=(mean, "M")), check.alike_dtype(mean=mean, weights=weights)
        a, b = weights @ a, b @ xp.matrix_transpose(weights)  # (bayesopt-20)
    return expected_gain(xp.broadcast_to(a, b.shape), b)


def generalized_improvement(mean, covariance, at, seen, *, noise=0.0, kgcp=False):
    """Expected growth of the best mean among the points that were evaluated, the new one included.

    Parameters
    ----------
    mean, covariance, at, noise
        As for `knowledge_gradient`.
    seen : array [n] of int
        Points evaluated before.
    kgcp : bool, default: False
        Whether the new point joins the maximum that is subtracted too: the knowledge gradient for continuous
        parameters (Scott, Frazier and Powell, 2011), which is another rule.

    Returns
    -------
    array [k]
        >= 0.

    Raises
    ------
    TypeError, ValueError
        As for `knowledge_gradient`.

    Notes
    -----
    The paper's Equation 13. Without noise it is expected improvement.

    Examples
    --------
    >>> import numpy as np
    >>> law, seen = (np.array([0.0, 1.0]), np.diag([0.0, 1.0])), np.array([0])
    >>> [generalized_improvement(*law, np.array([1]), seen, kgcp=kgcp).round(4) for kgcp in (False, True)]
    [array([1.0833]), array([0.0833])]
    """
    xp, noise = _law(mean, covariance), check.nonnegative(noise=noise)
    _indices(xp, mean.shape[0], at=at, seen=seen)
    check.flag(kgcp=kgcp)
    old = xp.broadcast_to(seen, (at.shape[0], seen.shape[0]))
    pool = xp.concat([old, at[:, None]], axis=1)  # (bayesopt-21)
    b = xp.take_along_axis(_directions(covariance, noise, at), pool, axis=1)
    a = xp.take_along_axis(xp.broadcast_to(mean, (at.shape[0], mean.shape[0])), pool, axis=1)
    if kgcp:
        return expected_gain(a, b)
    before = xp.max(a[:, :-1], axis=1)
    return expected_gain(a, b) + xp.max(a, axis=1) - before  # (bayesopt-22)


def _learns(prior, variance):
    """Whether the variance of an observation is more than the rounding of the prior variance."""
    return float(variance) > _KNOWN * array_namespace(variance).finfo(variance.dtype).eps * prior.alpha0


def kg_gradient(fitted, x, grid, Z):
    """Stochastic gradients of the knowledge gradient in the point, one for each draw.

    Parameters
    ----------
    fitted : Fitted
        The process given observations.
    x : array [d]
        Where the next evaluation would be.
    grid : array [m, d]
        Points among which the best mean is sought afterwards.
    Z : array [J]
        Standard normal draws: the observation, in standard deviations.

    Returns
    -------
    array [J, d]
        Their mean estimates the gradient without bias.

    Raises
    ------
    TypeError, ValueError
        As for `posterior`; or if nothing would be learned at `x`: next to a point seen without noise the variance is
        no more than rounding, and the gradient would be too.

    Notes
    -----
    The paper's Algorithm 4: the best point is held fixed (envelope theorem), the observation moves along with `x`.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = fit(Prior("power_exponential", np.array([1.0]), 1.0), np.zeros((1, 1)), np.zeros(1))
    >>> kg_gradient(fitted, np.array([1.0]), np.array([[0.0], [1.5]]), np.array([1.0, -1.0])).round(2)
    array([[ 0.67],
           [-0.  ]])
    """
    check.finite(x=x, grid=grid, Z=Z)
    check.shapes(x=(x, "d"), grid=(grid, "m d"), Z=(Z, "J")), check.alike_dtype(grid=grid, x=x, Z=Z)
    xp, here = array_namespace(x, grid, Z), x[None, :]
    fitted, prior = _given(fitted, x=here)
    law = posterior(fitted, xp.concat([grid, here], axis=0))
    mean, shared, variance = law.mean[:-1], law.covariance[:-1, -1], law.covariance[-1, -1] + prior.noise
    if not _learns(prior, variance):
        raise ValueError(f"x must be where something can be learned, got a variance of {float(variance):g}")
    s = xp.sqrt(variance)
    best = xp.argmax(mean[None, :] + Z[:, None] * (shared / s), axis=1)  # (bayesopt-17)
    J = _cross_gradient(prior, here, fitted.X)[0, :, :]
    solved = cholesky_solve(fitted.factor, xp.matrix_transpose(_covariance(prior, xp.concat([grid, here]), fitted.X)))
    by_shared = _cross_gradient(prior, here, grid)[0, :, :] - xp.matrix_transpose(solved[:, :-1]) @ J
    by_variance = -2 * (solved[:, -1] @ J)
    by_x = (by_shared - (shared / s)[:, None] * (by_variance / (2 * s))) / s  # (bayesopt-18)
    return Z[:, None] * xp.take(by_x, best, axis=0)  # (bayesopt-19)


# Entropy search ------------------------------------------------------------------------------------------------------


def _entropies(counts, width):
    """Entropies of histograms [..., bins] with bins of a width."""
    xp = array_namespace(counts)
    total = xp.sum(counts, axis=-1)
    p = counts / xp.where(total > 0, total, xp.ones_like(total))[..., None]
    return -xp.sum(xlogy(p, p / width), axis=-1)  # (bayesopt-23)


def _counts(codes, size, like):
    """How often each of 0, ..., size - 1 comes."""
    xp = array_namespace(codes)
    ends = xp.searchsorted(xp.sort(codes), xp.arange(size + 1, dtype=codes.dtype, device=device(codes)))
    return xp.astype(ends[1:] - ends[:-1], like.dtype)


def entropy_search(mean, covariance, at, nodes, node_weights, draws, noise_draws, *, noise=0.0, bins=200, jitter=0.0,
                   match="histogram"):  # fmt: skip
    """Entropy search and predictive entropy search on a finite set, by simulation.

    Parameters
    ----------
    mean : array [m]
        Posterior means.
    covariance : array [m, m]
        Posterior covariances, positive definite.
    at : int
        Number of the point that would be evaluated.
    nodes, node_weights : array [H]
        Of a quadrature for the standard normal law (Gauss-Hermite), the weights with sum 1.
    draws : array [M, m]
        Standard normal draws, of the function.
    noise_draws : array [M]
        Standard normal draws, of the noise.
    noise : float, default: 0.0
        lambda >= 0.
    bins : int, default: 200
        Of the histogram within six standard deviations; PES.
    jitter : float, default: 0.0
        Added to the diagonal of the covariance.
    match : str, default: "histogram"
        How PES takes the entropy given the best point: "histogram", or "gaussian", from the variance, which overstates
        it.

    Returns
    -------
    tuple of array, array, 0-d
        ES and PES, in nats: two estimates of the information that the observation gives on where the maximum is.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, the covariance is not positive definite, or a number is
        out of range.

    Notes
    -----
    The paper's Equations 11 and 12, with the minus sign that its entropy lacks. A draw is conditioned on an
    observation by moving it along the direction in which the means move.

    Examples
    --------
    >>> import numpy as np
    >>> rng, nodes = np.random.default_rng(0), np.array([-1.0, 1.0])
    >>> draws = rng.standard_normal((1000, 2))
    >>> found = entropy_search(np.zeros(2), np.eye(2), 0, nodes, np.full(2, 0.5), draws, draws[:, 0], bins=20)
    >>> [round(float(value), 2) for value in found]  # two nodes are few for ES
    [0.25, 0.18]
    """
    xp, noise = _law(mean, covariance), check.nonnegative(noise=noise)
    check.finite(nodes=nodes, node_weights=node_weights, draws=draws, noise_draws=noise_draws)
    check.shapes(nodes=(nodes, "H"), node_weights=(node_weights, "H"), draws=(draws, "M m"), mean=(mean, "m"),
                 noise_draws=(noise_draws, "M"))  # fmt: skip
    check.alike_dtype(mean=mean, nodes=nodes, node_weights=node_weights, draws=draws, noise_draws=noise_draws)
    at, bins = check.integer(at=at, below=mean.shape[0]), check.integer(bins=bins, minimum=1, below=10**6)
    check.choice(("histogram", "gaussian"), match=match)
    off = abs(float(xp.sum(node_weights)) - 1)
    if off > _SINGLE:
        raise ValueError(f"node_weights must have the sum 1, got one that is off by {off:g}")
    m, ones = mean.shape[0], xp.ones_like(draws[:, 0])
    jitter = check.nonnegative(jitter=jitter)
    covariance = covariance + jitter * xp.eye(m, dtype=mean.dtype, device=device(mean))  # in all that follows
    f = mean + draws @ xp.matrix_transpose(cholesky(covariance, name="covariance"))
    s = xp.sqrt(covariance[at, at] + noise)
    z = (f[:, at] + math.sqrt(noise) * noise_draws - mean[at]) / s
    direction = _directions(covariance, noise, xp.asarray([at], device=device(mean)))[0, :]

    best = xp.argmax(f, axis=1)
    es = _entropies(_counts(best, m, mean), 1.0)
    for h in range(nodes.shape[0]):
        told = f + (nodes[h] - z)[:, None] * direction  # (bayesopt-24)
        after = _entropies(_counts(xp.argmax(told, axis=1), m, mean), 1.0)
        es = es - node_weights[h] * after  # (bayesopt-25)

    groups = xp.stack([xp.where(best == i, ones, 0 * ones) for i in range(m)])  # [m, M]
    p = xp.sum(groups, axis=1) / draws.shape[0]
    if match == "gaussian":
        size = xp.where(p > 0, p * draws.shape[0], xp.ones_like(p))
        centre = (groups @ z) / size
        spread = xp.sum(groups * (z[None, :] - centre[:, None]) ** 2, axis=1) / size
        given = 0.5 * xp.log(2 * math.pi * math.e * xp.where(spread > 0, spread, xp.ones_like(spread)))
    else:
        place = xp.astype(xp.floor((z + 6) * (bins / 12)), xp.int64)
        place = xp.where(place < 0, xp.zeros_like(place), xp.where(place < bins, place, bins - 1 + 0 * place))
        counts = _counts(xp.astype(best, xp.int64) * bins + place, m * bins, mean)
        given = _entropies(xp.reshape(counts, (m, bins)), 12 / bins)
    pes = 0.5 * math.log(2 * math.pi * math.e) - xp.sum(p * given)  # (bayesopt-26)
    return es, pes


# Several points, constraints -----------------------------------------------------------------------------------------


def parallel_improvement(mean, covariance, Z, best):
    """Expected improvement of the best of q points together, by simulation, and its derivatives.

    Parameters
    ----------
    mean : array [q]
        Posterior means of the points.
    covariance : array [q, q]
        Their posterior covariance, positive definite.
    Z : array [J, q]
        Standard normal draws.
    best : float
        The best value so far.

    Returns
    -------
    Estimate
        Mean over the draws, and its derivatives through the factor of the covariance (infinitesimal perturbation
        analysis): the point that wins keeps winning.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an entry is not finite, or the covariance is not positive definite.

    Notes
    -----
    The paper's Equation 14.

    Examples
    --------
    >>> import numpy as np
    >>> parallel_improvement(np.zeros(2), np.eye(2), np.array([[1.0, 2.0], [-1.0, -1.0]]), 0.0).value
    np.float64(1.0)
    """
    best = check.number(best=best)
    _law(mean, covariance)
    check.finite(Z=Z), check.shapes(mean=(mean, "q"), Z=(Z, "J q")), check.alike_dtype(mean=mean, Z=Z)

    def estimate(mean, covariance):
        xp = array_namespace(mean, covariance)
        f = mean + Z @ xp.matrix_transpose(cholesky(covariance, name="covariance"))  # (bayesopt-27)
        gain = xp.max(f, axis=1) - best
        return xp.mean(xp.maximum(gain, xp.zeros_like(gain)))  # (bayesopt-28)

    value, (by_mean, by_covariance) = value_and_grad(estimate, argnums=(0, 1))(mean, covariance)
    return Estimate(value, by_mean, by_covariance)


def best_feasible(y, constraints):
    """The best value seen where no constraint is below 0; None if there is none.

    Parameters
    ----------
    y : array [n]
        Values of the objective.
    constraints : array [K, n]
        Values of K constraints, met where >= 0.

    Returns
    -------
    float or None
        f*.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> best_feasible(np.array([3.0, 1.0, 2.0]), np.array([[-1.0, 0.0, 1.0]]))
    2.0
    """
    check.finite(y=y, constraints=constraints)
    check.shapes(constraints=(constraints, "K n"), y=(y, "n"))
    xp = array_namespace(y, constraints)
    feasible = xp.all(constraints >= 0, axis=0)  # (bayesopt-29)
    if not bool(xp.any(feasible)):
        return None
    return float(xp.max(xp.where(feasible, y, xp.full_like(y, -math.inf))))


def constrained_improvement(mu, sigma, best):
    """Expected feasible improvement, for independent processes of objective and constraints.

    Parameters
    ----------
    mu, sigma : array [K + 1, m]
        Mean and standard deviation >= 0 at m points: the objective first, then the constraints g >= 0.
    best : float or None
        The best feasible value; None: there is none yet, and the probability alone counts.

    Returns
    -------
    array [m]
        >= 0.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, or an entry of `sigma` is negative.

    Notes
    -----
    The paper's Equation 15.

    Examples
    --------
    >>> import numpy as np
    >>> mu, sigma = np.zeros((2, 1)), np.ones((2, 1))
    >>> [constrained_improvement(mu, sigma, best).round(4) for best in (0.0, None)]
    [array([0.1995]), array([0.5])]
    """
    check.alike(mu=mu, sigma=sigma), check.shapes(mu=(mu, "K m"))
    xp = array_namespace(mu, sigma)
    if not bool(xp.all(sigma >= 0)):
        raise ValueError(f"sigma must be >= 0, got a smallest entry of {float(xp.min(sigma)):g}")
    spread = sigma > 0
    z = mu / xp.where(spread, sigma, xp.ones_like(sigma))
    met = xp.where(spread, ndtr(z), xp.astype(mu >= 0, mu.dtype))
    chance = xp.prod(met[1:, :], axis=0)  # (bayesopt-30)
    if best is None:
        return chance
    return acquisition.expected_improvement(mu[0, :], sigma[0, :], best).value * chance  # (bayesopt-31)
