"""Further models behind an acquisition: several sources, derivatives that are observed, several hyper-parameters."""

from typing import NamedTuple

from refimpl.bayesian import bayesopt
from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import cholesky, solve_triangular
from refimpl.models import gp


def fidelity_covariance(blocks):
    """Covariance of a function and its approximations, whose differences are independent processes.

    Parameters
    ----------
    blocks : array [S, m, m]
        Covariance of the objective (source 0), and of the difference of each further source from the one before.

    Returns
    -------
    array [S m, S m]
        Covariance of source 0 at all points, source 1 at all points, ...

    Raises
    ------
    TypeError, ValueError
        If the shape does not fit or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> fidelity_covariance(np.array([[[1.0]], [[0.25]]]))
    array([[1.  , 1.  ],
           [1.  , 1.25]])
    """
    check.finite(blocks=blocks), check.shapes(blocks=(blocks, "S m m"))
    xp, sources = array_namespace(blocks), range(blocks.shape[0])
    shared = [xp.sum(blocks[: s + 1, :, :], axis=0) for s in sources]  # (bayesopt-32)
    return xp.concat([xp.concat([shared[min(s, t)] for t in sources], axis=1) for s in sources], axis=0)


def gain_per_cost(mean, covariance, at, costs, weights, *, noise=0.0):
    """Knowledge gradient of an objective that is a sum over the points, over what the evaluation costs.

    Parameters
    ----------
    mean, covariance, at, noise, weights
        As for `bayesopt.knowledge_gradient`.
    costs : array [k]
        > 0, of each evaluation.

    Returns
    -------
    array [k]
        >= 0.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.knowledge_gradient`; or if a cost is not > 0.

    Examples
    --------
    >>> import numpy as np
    >>> law = np.zeros(2), np.ones((2, 2)) + np.diag([0.0, 1.0])
    >>> weights = np.array([[1.0, 0.0], [0.0, 0.0]])  # the first point, or nothing
    >>> gain_per_cost(*law, np.array([0, 1]), np.array([1.0, 0.1]), weights).round(4)
    array([0.3989, 2.8209])
    """
    check.finite(weights=weights)
    gain = bayesopt.knowledge_gradient(mean, covariance, at, noise=noise, weights=weights)
    check.alike(gain=gain, costs=costs)
    if not bool(array_namespace(costs).all(costs > 0)):
        raise ValueError("costs must be > 0, got others")
    return gain / costs  # (bayesopt-33)


# Derivatives ---------------------------------------------------------------------------------------------------------


class WithGradients(NamedTuple):
    """A process given values and gradients."""

    prior: bayesopt.Prior
    X: Array  # [n, d] points
    residual: Array  # [n (d + 1)] values, then the first derivatives, ..., less their prior mean
    factor: Array  # lower Cholesky factor of their covariance


def _given(fitted, **points):
    """What was fitted, field by field, with its prior, if it fits the points."""
    fitted = check.fields(WithGradients, fitted=fitted)
    check.finite(**points), check.choice(("power_exponential",), kernel=fitted.prior.kernel)
    n, d = check.shapes(**{"fitted.X": (fitted.X, "n d")}).values()
    rows = n * (d + 1)
    check.shapes(
        **{"fitted.residual": (fitted.residual, f"{rows}"), "fitted.factor": (fitted.factor, f"{rows} {rows}")}
    )
    check.alike_dtype(**{"fitted.X": fitted.X, "residual": fitted.residual, "factor": fitted.factor}, **points)
    check.shapes(**{name: (value, f"m {d}") for name, value in points.items()})
    return fitted._replace(prior=bayesopt._checked(fitted.prior, X=fitted.X))


def _blocks(prior, x, z):
    """Covariances of (f, d_1 f, ..., d_d f) at x [n, d] and at z [m, d]: a list of d + 1 rows of arrays [n, m]."""
    xp, d = array_namespace(x, z), x.shape[1]
    k = bayesopt._covariance(prior, x, z)
    slopes = [2 * prior.alpha[i] * (x[:, None, i] - z[None, :, i]) for i in range(d)]
    right = [slopes[j] * k for j in range(d)]  # (bayesopt-34)
    rows = [[k, *right]]
    for i in range(d):
        same = [2 * prior.alpha[i] * xp.ones_like(k) if i == j else xp.zeros_like(k) for j in range(d)]
        rows.append([-slopes[i] * k, *((same[j] - slopes[i] * slopes[j]) * k for j in range(d))])  # (bayesopt-35)
    return rows


def _joined(rows):
    xp = array_namespace(rows[0][0])
    return xp.concat([xp.concat(row, axis=1) for row in rows], axis=0)


def _noises(prior, n, d, gradient_noise, like):
    """The diagonal: n values, then d n derivatives."""
    xp = array_namespace(like)
    ones = xp.ones(n, dtype=like.dtype, device=device(like))
    both = prior.noise + prior.jitter, gradient_noise + prior.jitter
    return xp.concat([both[0] * ones, *([both[1] * ones] * d)])


def fit_with_gradients(prior, X, y, gradients, *, gradient_noise=0.0):
    """Condition a process on values and gradients.

    Parameters
    ----------
    prior : bayesopt.Prior
        With the power exponential kernel, which is smooth enough, and a constant mean.
    X, gradients : array [n, d]
        Points, and the gradients observed there.
    y : array [n]
        Values observed there.
    gradient_noise : float, default: 0.0
        Variance >= 0 of each derivative around that of the function.

    Returns
    -------
    WithGradients
        See there.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.fit`; or if the kernel is another one.

    Examples
    --------
    >>> import numpy as np
    >>> prior = bayesopt.Prior("power_exponential", np.array([0.5]), 1.0)
    >>> fitted = fit_with_gradients(prior, np.zeros((1, 1)), np.zeros(1), np.ones((1, 1)))
    >>> posterior_with_gradients(fitted, np.array([[0.1], [1.0]])).mean.round(4)
    array([0.0995, 0.6065])
    """
    check.instance(bayesopt.Prior, prior=prior)
    check.choice(("power_exponential",), kernel=prior.kernel)
    check.instance(type(None), beta=prior.beta)
    check.alike(X=X, gradients=gradients), check.finite(y=y)
    prior = bayesopt._checked(prior, X=X)
    n, d = check.shapes(X=(X, "n d"), y=(y, "n")).values()
    check.alike_dtype(X=X, y=y)
    noise, xp = check.nonnegative(gradient_noise=gradient_noise), array_namespace(X, y)
    joint = _joined(_blocks(prior, X, X))
    joint = joint + xp.eye(n * (d + 1), dtype=y.dtype, device=device(y)) * _noises(prior, n, d, noise, y)[:, None]
    residual = xp.concat([y - prior.mean, xp.reshape(xp.matrix_transpose(gradients), (-1,))])
    return WithGradients(prior, X, residual, cholesky(joint, name="covariance_of_X"))


def posterior_with_gradients(fitted, new):
    """Mean and covariance of the function at new points, given values and gradients.

    Parameters
    ----------
    fitted : WithGradients
        The process given observations.
    new : array [m, d]
        Points.

    Returns
    -------
    refimpl.models.gp.Posterior
        Mean [m] and covariance [m, m], the latter as for `bayesopt.posterior`.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.posterior`.

    Examples
    --------
    >>> import numpy as np
    >>> prior = bayesopt.Prior("power_exponential", np.array([0.5]), 1.0)
    >>> fitted = fit_with_gradients(prior, np.zeros((1, 1)), np.zeros(1), np.ones((1, 1)))
    >>> posterior_with_gradients(fitted, np.array([[1.0]])).covariance.round(4)
    array([[0.2642]])
    """
    fitted = _given(fitted, new=new)
    prior = fitted.prior
    own = bayesopt._covariance(prior, new, new)
    cross = array_namespace(own).concat(_blocks(prior, new, fitted.X)[0], axis=1)
    law = gp.posterior(fitted.factor, fitted.residual, cross, own)
    return law._replace(mean=law.mean + prior.mean, covariance=bayesopt._tidy(law.covariance))


def derivative_directions(fitted, x, grid, *, gradient_noise=0.0):
    """How the means on a grid move with a value and a gradient that are observed at x, in independent units.

    Parameters
    ----------
    fitted : WithGradients
        The process given observations.
    x : array [d]
        Where value and gradient would be observed.
    grid : array [m, d]
        Points.
    gradient_noise : float, default: 0.0
        As for `fit_with_gradients`.

    Returns
    -------
    array [m, d + 1]
        The means become ``mean + directions @ W`` with standard normal W; 0 for what is known without noise already.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.posterior`.

    Examples
    --------
    >>> import numpy as np
    >>> prior = bayesopt.Prior("power_exponential", np.array([0.5]), 1.0, noise=1.0)
    >>> fitted = fit_with_gradients(prior, np.zeros((1, 1)), np.zeros(1), np.ones((1, 1)))
    >>> derivative_directions(fitted, np.array([1.0]), np.array([[0.0], [1.0]]), gradient_noise=1.0).round(4)
    array([[ 0.252 , -0.2553],
           [ 0.3724,  0.0949]])
    """
    check.finite(x=x, grid=grid), check.shapes(x=(x, "d"), grid=(grid, "m d")), check.alike_dtype(grid=grid, x=x)
    fitted, here = _given(fitted, grid=grid), x[None, :]
    noise, prior = check.nonnegative(gradient_noise=gradient_noise), fitted.prior
    xp, d = array_namespace(x, grid), x.shape[0]
    known = solve_triangular(fitted.factor, _joined(_blocks(prior, fitted.X, here)), lower=True)
    cross = xp.concat(_blocks(prior, grid, fitted.X)[0], axis=1)
    seen = solve_triangular(fitted.factor, xp.matrix_transpose(cross), lower=True)
    shared = xp.concat(_blocks(prior, grid, here)[0], axis=1) - xp.matrix_transpose(seen) @ known
    before = _joined(_blocks(prior, here, here))
    diagonal = _noises(prior, 1, d, noise, x)[:, None]
    own = before - xp.matrix_transpose(known) @ known + xp.eye(d + 1, dtype=x.dtype, device=device(x)) * diagonal
    least = bayesopt._KNOWN * xp.finfo(x.dtype).eps * xp.linalg.diagonal(before)  # rounding of what is known already
    left, rest, directions = shared, own, []
    for i in range(d + 1):  # as a Cholesky factorisation goes; where nothing is told, nothing moves
        told = rest[i, i] > least[i]
        root = xp.sqrt(xp.where(told, rest[i, i], xp.ones_like(rest[i, i])))
        row, column = (xp.where(told, part[:, i] / root, 0 * part[:, i]) for part in (left, rest))  # (bayesopt-36)
        left, rest = left - row[:, None] * column[None, :], rest - column[:, None] * column[None, :]
        directions.append(row)
    return xp.stack(directions, axis=1)


def simulated_gain(mean, directions, W):
    """Mean over the draws by how much the best mean grows: the knowledge gradient of several numbers at once.

    Parameters
    ----------
    mean : array [m]
        Posterior means.
    directions : array [m, p]
        How they move.
    W : array [J, p]
        Standard normal draws.

    Returns
    -------
    array, 0-d
        An estimate without bias.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, or an entry is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> simulated_gain(np.zeros(2), np.eye(2), np.array([[1.0, 3.0], [-2.0, -1.0]]))
    np.float64(1.0)
    """
    check.finite(mean=mean, directions=directions, W=W)
    check.shapes(mean=(mean, "m"), directions=(directions, "m p"), W=(W, "J p"))
    check.alike_dtype(mean=mean, directions=directions, W=W)
    xp = array_namespace(mean, directions, W)
    best = xp.max(mean + W @ xp.matrix_transpose(directions), axis=1)
    return xp.mean(best) - xp.max(mean)  # (bayesopt-37)


# Several hyper-parameters --------------------------------------------------------------------------------------------


def averaged(acquisition, priors, X, y):
    """An acquisition averaged over draws of the hyper-parameters (the paper's Section 3.2, fully Bayesian).

    Parameters
    ----------
    acquisition : callable
        ``acquisition(fitted) -> array``.
    priors : sequence of bayesopt.Prior
        One for each draw.
    X, y
        As for `bayesopt.fit`.

    Returns
    -------
    array
        As `acquisition` returns.

    Raises
    ------
    TypeError, ValueError
        As for `bayesopt.fit`.

    Examples
    --------
    >>> import numpy as np
    >>> priors = [bayesopt.Prior("matern52", np.array([alpha]), 1.0) for alpha in (1.0, 4.0)]
    >>> new = np.array([[0.5]])
    >>> averaged(lambda f: bayesopt.improvement_at(f, new, 0.0)[0], priors, np.zeros((1, 1)), np.zeros(1)).round(4)
    array([0.2816])
    """
    check.function(acquisition=acquisition), check.sequence(priors=priors)
    values = [acquisition(bayesopt.fit(prior, X, y)) for prior in priors]
    check.alike(**{f"acquisition of priors[{i}]": value for i, value in enumerate(values)})
    return sum(values[1:], values[0]) / len(values)
