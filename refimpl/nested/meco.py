"""MECO, maximum likelihood by compositional optimization (Jiang et al., 2023, arXiv:2306.07485, Algorithm 1).

An unnormalized model exp f(x; theta) has an unknown integral Z. Written as an expectation under a noise law q it is the
inner function of log Z = log E[exp f / q]; a running average of it turns the likelihood into plain SGD.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace
from refimpl.core.elementwise import all_finite, elementwise
from refimpl.core.loop import iterate
from refimpl.core.special import logsumexp


class MECOState(NamedTuple):
    """What MECO carries from step to step; None before the first step, which takes what it sees in full."""

    log_u: Array | None  # 0-d, or [R] of R runs side by side: logarithm of u, the running average of Z
    velocity: Array | None  # [d] or [R, d] v, the running average of the gradients


class MECOInfo(NamedTuple):
    """What is worth looking at in a step."""

    gradient: Array  # [d] or [R, d] d, the stochastic gradient of the negative log-likelihood
    total: Array  # 0-d or [R] sum of the weights: 1 on average, far from it if u lags behind Z
    ess: Array  # 0-d or [R] noise draws that carry the weight: (sum w)^2 / sum w^2, from 1 to B_z; 0 if all w = 0


def init():
    """State before the first step, which behaves as if gamma = beta = 1.

    Returns
    -------
    MECOState
        Without averages yet.

    Examples
    --------
    >>> init()
    MECOState(log_u=None, velocity=None)
    """
    return MECOState(None, None)


def track(log_u, log_ratio, *, gamma=0.1):
    """Running average of Z from a new batch of noise, and the importance weights of that batch.

    Parameters
    ----------
    log_u : array, 0-d or [R], or None
        log u of the last step; None at the first, where the batch counts in full.
    log_ratio : array, shape [B_z] or [R, B_z], floating point
        ``f(z_j) - log q(z_j)`` at the present parameters. -inf means that the model has no mass there.
    gamma : float in (0, 1], default: 0.1
        Weight of the new batch. At 1 there is no memory: self-normalized importance sampling.

    Returns
    -------
    log_u : array, 0-d or [R]
        log of (1 - gamma) u + gamma mean(exp(log_ratio)).
    weights : array, like `log_ratio`
        ``exp(log_ratio) / (B_z u)``, each at most 1 / gamma. They add up to 1 on average, not each time.

    Raises
    ------
    TypeError, ValueError
        If `log_ratio` is no such array, is empty, holds NaN or +inf, or nothing but -inf where there is no memory; if
        `log_u` does not fit or is not finite; if `gamma` is outside (0, 1].

    Notes
    -----
    Equations (meco-1) and (meco-2) of the documentation: steps 2 and 3 of Algorithm 1, on logarithms.

    Examples
    --------
    >>> import numpy as np
    >>> log_u, weights = track(np.array(0.0), np.log(np.array([4.0, 2.0])), gamma=0.5)
    >>> np.exp(log_u).round(8), weights
    (np.float64(2.0), array([1. , 0.5]))
    """
    check.floating(log_ratio=log_ratio)
    check.shapes(log_ratio=(log_ratio, "R m" if len(log_ratio.shape) == 2 else "m"))
    gamma = check.share(gamma=gamma)
    xp = array_namespace(log_ratio)
    log_mean = xp.asarray(logsumexp(log_ratio, axis=-1) - math.log(log_ratio.shape[-1]))
    if log_u is None or gamma == 1:
        log_u = log_mean
    else:
        check.like(log_mean, log_u=log_u)
        check.finite(log_u=log_u)
        log_u = xp.logaddexp(math.log1p(-gamma) + log_u, math.log(gamma) + log_mean)  # (meco-1)
    log_u = xp.asarray(log_u)
    if not all_finite(log_u):
        raise ValueError("log_ratio must be numbers or -inf, one of them finite where there is no memory")
    return log_u, xp.exp(log_ratio - log_u[..., None]) / log_ratio.shape[-1]  # (meco-2)


@elementwise
def _rule(params, velocity, gradient, lr, beta):
    """SGD with an averaged gradient, each coordinate by itself."""
    velocity = (1 - beta) * velocity + beta * gradient  # (meco-4)
    return params - lr * velocity, velocity  # (meco-5)


def descend(params, velocity, gradient, *, lr, beta=0.5):
    """Average the gradient and step along the average.

    Parameters
    ----------
    params : array, any shape, floating point
        theta.
    velocity : array like `params`, or None
        v of the last step; None at the first, where the gradient counts in full.
    gradient : array like `params`
        d, finite.
    lr : float
        Step size eta > 0.
    beta : float in (0, 1], default: 0.5
        Weight of the new gradient; 1 is SGD without momentum.

    Returns
    -------
    params, velocity : array
        After the step.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike, something is not finite, or a number is out of range.

    Notes
    -----
    Equations (meco-4) and (meco-5) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> descend(np.array([1.0]), np.array([0.0]), np.array([4.0]), lr=0.1, beta=0.25)
    (array([0.9]), array([1.]))
    """
    lr, beta = check.positive(lr=lr), check.share(beta=beta)
    if velocity is None:
        beta, velocity = 1.0, gradient
    check.alike(params=params, gradient=gradient, velocity=velocity)
    return _rule(params, velocity, gradient, lr, beta)


def update(params, state, grads_data, log_ratio, grads_noise, *, lr, gamma=0.1, beta=0.5):
    """One step of MECO, from what the model says of a batch of data and a fresh batch of noise.

    Where a gradient per draw is too much to store, call `track`, pull the weights back through the model
    (`core.autodiff.vjp`), and `descend`.

    Parameters
    ----------
    params : array, shape [d] or [R, d], floating point
        theta, of one run or of R runs side by side; every other array then begins with that axis too.
    state : MECOState
        From `init` or the last step.
    grads_data : array, shape [B_x, d]
        Gradients of f with respect to theta at the data, one per row.
    log_ratio : array, shape [B_z]
        ``f(z_j) - log q(z_j)`` at the noise.
    grads_noise : array, shape [B_z, d]
        Gradients of f at the noise.
    lr : float
        Step size eta > 0.
    gamma : float in (0, 1], default: 0.1
        Weight of the new batch in u. Small B_z or heavy weights ask for less; 1 is the naive estimate.
    beta : float in (0, 1], default: 0.5
        Weight of the new gradient in v.

    Returns
    -------
    params : array
        Like `params`.
    state : MECOState
        For the next step; its `log_u` estimates log Z at the old parameters.
    info : MECOInfo
        Of this step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, a batch is empty, a parameter or a gradient is not finite, `log_ratio` holds
        NaN or +inf, or a number is out of range.

    Notes
    -----
    Equations (meco-1) to (meco-5) of the documentation; Algorithm 1 of the paper. u is averaged before it is used.

    Examples
    --------
    A Gaussian with unknown mean, f = theta x - x^2 / 2, and noise of which each draw has log q = -1:

    >>> import numpy as np
    >>> x, z = np.array([[1.0], [3.0]]), np.array([[0.0], [1.0], [-1.0]])
    >>> theta, state = np.array([0.5]), init()
    >>> for _ in range(2):
    ...     log_ratio = (z @ theta) - z[:, 0] ** 2 / 2 + 1
    ...     theta, state, info = update(theta, state, x, log_ratio, z, lr=0.1, gamma=0.5)
    >>> theta, state.log_u.round(8), info.total.round(8)
    (array([0.84187591]), np.float64(0.79060536), np.float64(1.02685564))
    """
    check.fields(MECOState, state=state)
    check.finite(params=params)
    runs = "R " if len(params.shape) == 2 else ""
    check.shapes(
        params=(params, runs + "d"),
        grads_data=(grads_data, runs + "n d"),
        log_ratio=(log_ratio, runs + "m"),
        grads_noise=(grads_noise, runs + "m d"),
    )
    check.finite(grads_data=grads_data, grads_noise=grads_noise)
    xp = array_namespace(params, grads_data, log_ratio, grads_noise)
    log_u, weights = track(state.log_u, log_ratio, gamma=gamma)
    pulled = xp.squeeze(xp.matmul(weights[..., None, :], grads_noise), axis=-2)
    gradient = pulled - xp.mean(grads_data, axis=-2)  # (meco-3)
    params, velocity = descend(params, state.velocity, gradient, lr=lr, beta=beta)
    return params, MECOState(log_u, velocity), MECOInfo(gradient, xp.sum(weights, axis=-1), _effective(weights))


def _effective(weights):
    """Effective sample size; relative to the largest weight, so that no square underflows."""
    xp = array_namespace(weights)
    largest = xp.max(weights, axis=-1, keepdims=True)
    relative = weights / xp.where(largest > 0, largest, xp.ones_like(largest))
    total = xp.sum(relative, axis=-1)
    return total * total / xp.clip(xp.sum(relative * relative, axis=-1), min=1.0)  # at least 1, unless all are 0


def train(
    params, model, data, noise, *, steps, rng, lr, batch=64, noise_batch=None, gamma=0.1, beta=0.5, record=None,
    progress=None,
):  # fmt: skip
    """Fit an unnormalized model by MECO.

    Parameters
    ----------
    params : array, shape [d] or [R, d], floating point
        The start.
    model : object
        ``model.log_density(params, x) -> [..., B]`` is f at x [..., B, p], ``model.grads(params, x) -> [..., B, d]``
        its gradients with respect to `params`.
    data, noise : object
        ``law.sample(rng, shape) -> [*shape, p]``; the noise also has ``noise.log_density(z)``, log q.
    steps : int
        >= 0.
    rng : numpy.random.Generator
        From `core.random.stream`: in each step the data's batch is drawn, then the noise's.
    lr : float or callable
        Step size > 0, or ``lr(k)`` for step k = 1, 2, ...
    batch : int, default: 64
        B_x.
    noise_batch : int, optional
        B_z; `batch` by default.
    gamma : float or callable, default: 0.1
        As in `update`, or ``gamma(k)``.
    beta : float, default: 0.5
        As in `update`.
    record : callable, optional
        ``record(params, state) -> dict``, collected in the history at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    params : array
        After the last step.
    run : core.loop.Run
        Its `state` is the pair (params, MECOState).

    Raises
    ------
    TypeError, ValueError
        As `update`, or if a size is no integer >= 1.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> from refimpl.nested._meco_models import Gaussian, gaussian_mean
    >>> data, noise = Gaussian(np.array([1.0]), np.array([1.0])), Gaussian(np.array([0.0]), np.array([2.0]))
    >>> theta, run = train(
    ...     np.zeros(1), gaussian_mean(), data, noise, steps=500, rng=stream(0, "doc"), lr=lambda k: 1 / (k + 10)
    ... )
    >>> bool(abs(theta[0] - 1) < 0.1)
    True
    """
    batch = check.integer(batch=batch, minimum=1)
    noise_batch = check.integer(noise_batch=batch if noise_batch is None else noise_batch, minimum=1)
    check.finite(params=params)
    check.provides("log_density", "grads", model=model), check.provides("sample", data=data)
    check.provides("sample", "log_density", noise=noise)
    if 0 in params.shape:
        raise ValueError(f"params must have at least one entry, got shape {tuple(params.shape)}")
    runs = tuple(params.shape[:-1])

    def step(carry, k):
        params, state = carry
        x, z = data.sample(rng, (*runs, batch)), noise.sample(rng, (*runs, noise_batch))
        at_model, at_noise = model.log_density(params, z), noise.log_density(z)
        check.floating(**{"model.log_density": at_model}), check.finite(**{"noise.log_density": at_noise})
        if bool(array_namespace(at_model).any(at_model != at_model)):  # -inf where the model has no mass
            raise ValueError("model.log_density must be numbers or -inf, got NaN")
        log_ratio = at_model - at_noise
        rates = {
            "lr": lr(k) if callable(lr) else lr,
            "gamma": gamma(k) if callable(gamma) else gamma,
            "beta": beta,
        }
        grads_data, grads_noise = model.grads(params, x), model.grads(params, z)
        check.finite(**{"model.grads": grads_data}), check.finite(**{"model.grads": grads_noise})
        return update(params, state, grads_data, log_ratio, grads_noise, **rates)[:2]

    note = record and (lambda carry: record(*carry))
    run = iterate(step, (params, init()), steps=steps, record=note, progress=progress)
    return run.state[0], run
