"""Sampling from exp(-U): Hamiltonian Monte Carlo with dual averaging, stochastic gradient HMC; and what samples show.

All randomness comes in as arrays: momenta, uniform numbers and noise.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace

_LARGEST = 709.0  # exp of it is a number


class Chain(NamedTuple):
    """Where a chain of `hmc` stands."""

    w: Array  # [P]
    energy: Array  # U(w), 0-d
    grad: Array  # of U at w, [P]


class Move(NamedTuple):
    """What became of a proposal of `hmc`."""

    acceptance: float  # its probability
    accepted: bool
    error: float  # of the total energy, new - old; NaN or infinite where the path diverged


def leapfrog(gradient, w, r, grad, *, step, steps):
    """Follow Hamilton's equations with unit masses: dw/dt = r, dr/dt = -grad U(w).

    The map is reversible and keeps volume; ``U + |r|^2 / 2`` changes by O(step^2).

    Parameters
    ----------
    gradient : callable
        ``gradient(w) -> array [P]``, of U.
    w, r : array [P]
        Position and momentum.
    grad : array [P]
        ``gradient(w)``, so that a path costs `steps` gradients.
    step : float
        > 0; a negative one goes back.
    steps : int
        >= 1.

    Returns
    -------
    tuple of three arrays
        Position, momentum and gradient at the end.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike, also what `gradient` returns, or not finite (the path has diverged), or a number is
        out of range.

    Examples
    --------
    >>> import numpy as np
    >>> leapfrog(lambda w: w, np.array([1.0]), np.array([0.0]), np.array([1.0]), step=1.0, steps=1)
    (array([0.5]), array([-0.75]), array([0.5]))
    """
    check.function(gradient=gradient), check.alike(w=w, r=r, grad=grad)
    step, steps = check.number(step=step), check.integer(steps=steps, minimum=1)

    def finite(w):
        check.alike(w=w, gradient=(grad := gradient(w)))
        return grad

    return _leapfrog(finite, w, r, grad, step, steps)


def _leapfrog(gradient, w, r, grad, step, steps):
    """The same for a path that may leave the range of its numbers: `hmc` rejects it."""
    for _ in range(steps):
        r = r - 0.5 * step * grad  # (bnn_surrogates-7)
        w = w + step * r  # (bnn_surrogates-8)
        grad = gradient(w)
        r = r - 0.5 * step * grad  # (bnn_surrogates-9)
    return w, r, grad


def hmc(energy, chain, momentum, uniform, *, step, steps):
    """One transition of Hamiltonian Monte Carlo (Duane et al., 1987; Neal, 2011).

    Parameters
    ----------
    energy : callable
        ``energy(w) -> (U, grad)``: a 0-d array and an array [P], such as `core.autodiff.value_and_grad` makes.
    chain : Chain
        ``Chain(w, *energy(w))`` at the start.
    momentum : array [P]
        Standard normal.
    uniform : float
        In [0, 1): the proposal is accepted if it is below the probability of that.
    step, steps
        As for `leapfrog`, `step` > 0.

    Returns
    -------
    tuple of Chain and Move
        The old chain where the proposal is rejected; it is wherever its energy is NaN.

    Raises
    ------
    TypeError, ValueError
        As for `leapfrog`, and if `uniform` is outside [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> U = lambda w: (0.5 * (w @ w), w)
    >>> w = np.array([1.0])
    >>> chain, move = hmc(U, Chain(w, *U(w)), np.array([0.0]), 0.5, step=1.0, steps=1)
    >>> chain.w, move.accepted, round(move.error, 5)
    (array([0.5]), True, -0.09375)
    """
    chain = check.fields(Chain, chain=chain)
    (
        check.function(energy=energy),
        check.shapes(**{"chain.energy": (array_namespace(momentum).asarray(chain.energy), "")}),
    )
    check.alike(w=chain.w, grad=chain.grad, momentum=momentum)
    step, uniform = check.positive(step=step), check.fraction(uniform=uniform)
    found: list = []

    def gradient(w):
        value, grad = energy(w)
        check.fields(Chain, infinite=("energy", "grad"), energy=Chain(chain.w, value, grad))
        check.like(w, energy=grad), check.shapes(energy=(array_namespace(w).asarray(value), ""))
        found[:] = value, grad
        return grad

    steps = check.integer(steps=steps, minimum=1)
    w, r, grad = _leapfrog(gradient, chain.w, momentum, chain.grad, step, steps)
    xp = array_namespace(w, momentum)
    error = float(found[0] - chain.energy) + 0.5 * float(xp.sum(r * r) - xp.sum(momentum * momentum))
    acceptance = 0.0 if math.isnan(error) else math.exp(min(0.0, -error))  # (bnn_surrogates-10)
    accepted = uniform < acceptance
    return (Chain(w, found[0], grad) if accepted else chain), Move(acceptance, accepted, error)  # (bnn_surrogates-11)


class Averaging(NamedTuple):
    """State of `dual_averaging`."""

    step: float  # for the next transition
    averaged: float  # what to use when burn-in is over
    deficit: float  # running mean of target - acceptance
    iteration: int
    start: float


def averaging_init(step):
    """State of `dual_averaging` before the first transition, made with this step > 0.

    Examples
    --------
    >>> averaging_init(0.1)
    Averaging(step=0.1, averaged=1.0, deficit=0.0, iteration=0, start=0.1)
    """
    step = check.positive(step=step)
    return Averaging(step, 1.0, 0.0, 0, step)


def dual_averaging(state, acceptance, *, target=0.8):
    """Adapt the step of `hmc` to a mean acceptance (Hoffman and Gelman, 2014, Eq. 6, with their constants).

    Parameters
    ----------
    state : Averaging
        From `averaging_init` or the last call.
    acceptance : float
        Probability with which the last proposal is accepted, in [0, 1].
    target : float, default: 0.8
        In (0, 1).

    Returns
    -------
    Averaging
        With the next step.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Examples
    --------
    >>> state = dual_averaging(averaging_init(0.1), 0.8)
    >>> state.step, state.averaged  # as wished: to ten times the start, towards which it shrinks
    (1.0..., 1.0...)
    """
    state = check.fields(Averaging, state=state)
    check.positive(averaged=state.averaged, start=state.start), check.integer(iteration=state.iteration)
    if not 0 <= (acceptance := check.number(acceptance=acceptance)) <= 1:
        raise ValueError(f"acceptance must be in [0, 1], got {acceptance!r}")
    if not 0 < (target := check.number(target=target)) < 1:
        raise ValueError(f"target must be in (0, 1), got {target!r}")
    t = state.iteration + 1
    deficit = (1 - 1 / (t + 10)) * state.deficit + (target - acceptance) / (t + 10)  # (bnn_surrogates-13)
    log_step = math.log(10 * state.start) - math.sqrt(t) / 0.05 * deficit  # (bnn_surrogates-14)
    log_averaged = t**-0.75 * log_step + (1 - t**-0.75) * math.log(state.averaged)  # (bnn_surrogates-15)
    if max(log_step, log_averaged) > _LARGEST:
        raise ValueError(f"state must lead to a step that is a number, got exp({log_step:g}) from {state}")
    return Averaging(math.exp(log_step), math.exp(log_averaged), deficit, t, state.start)


# Stochastic gradients -----------------------------------------------------------------------------------------------


class SGHMC(NamedTuple):
    """State of `sghmc`; the arrays are like the weights."""

    momentum: Array
    tau: Array  # length of the averages
    g_hat: Array  # mean gradient
    v_hat: Array  # mean square of the gradient
    iteration: int


def sghmc_init(w):
    """State of `sghmc` at weights `w`, a floating-point array: momentum 0, averages 1.

    Examples
    --------
    >>> import numpy as np
    >>> sghmc_init(np.zeros(1))
    SGHMC(momentum=array([0.]), tau=array([1.]), g_hat=array([1.]), v_hat=array([1.]), iteration=0)
    """
    check.floating(w=w)
    one = array_namespace(w).ones_like(w)
    return SGHMC(0 * one, one, one, one, 0)


def sghmc(w, state, grad, xi, *, lr, friction, burn_in, epsilon=1e-10, correct=True):
    """One step of scale-adapted stochastic gradient HMC (Springenberg et al., 2016, Eqs. 8 to 10).

    Parameters
    ----------
    w : array
        Weights, floating point.
    state : SGHMC
        From `sghmc_init` or the last call.
    grad : array
        Estimate of the gradient of U, for all the data, at `w`.
    xi : array
        Standard normal; added in burn-in too.
    lr : float
        eta > 0.
    friction : float
        gamma in (0, 1].
    burn_in : int
        Steps, >= 0, in which the scales are adapted; afterwards they stay.
    epsilon : float, default: 1e-10
        > 0, against gradients that are always 0.
    correct : bool, default: True
        Take lr^4 off the variance of the noise, which stands for the noise of the gradient, whatever that is. Without
        such noise the variance of samples falls short by about lr^2 sqrt(v_hat) / (2 friction), while that is well
        below 1; with noise and False it is too large.

    Returns
    -------
    tuple of array and SGHMC
        Next weights and state.

    Raises
    ------
    TypeError, ValueError
        If arrays are not alike or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> w, state = sghmc(np.zeros(1), sghmc_init(np.zeros(1)), np.ones(1), np.zeros(1), lr=0.1, friction=0.5, burn_in=0)
    >>> w.round(6)
    array([-0.01])
    """
    state = check.fields(SGHMC, state=state)
    check.integer(iteration=state.iteration)
    momentum, tau, g_hat, v_hat, iteration = state
    check.alike(w=w, grad=grad, xi=xi, momentum=momentum, tau=tau, g_hat=g_hat, v_hat=v_hat)
    lr, friction, epsilon = check.positive(lr=lr), check.share(friction=friction), check.positive(epsilon=epsilon)
    burn_in, correct = check.integer(burn_in=burn_in), check.flag(correct=correct)
    xp, iteration = array_namespace(w, grad, xi), iteration + 1
    if not float(lr) < float(xp.finfo(w.dtype).max) ** 0.25:
        raise ValueError(f"lr must be so small that lr^4 is in the range of {w.dtype}, got {float(lr):g}")
    if iteration <= burn_in:
        rate = 1 / (tau + 1)  # (bnn_surrogates-17)
        tau = tau + 1 - tau * g_hat * g_hat / (v_hat + epsilon)  # (functional_prior-33) (bnn_surrogates-18)
        g_hat = g_hat + rate * (grad - g_hat)  # (functional_prior-34) (bnn_surrogates-19)
        v_hat = v_hat + rate * (grad * grad - v_hat)  # (functional_prior-35) (bnn_surrogates-20)
    inverse = 1 / (xp.sqrt(v_hat) + epsilon)  # (bnn_surrogates-21)
    spread = 2 * lr**2 * friction * inverse - (lr**4 if correct else 0.0)
    variance = xp.clip(spread, min=1e-16)  # (functional_prior-36) (bnn_surrogates-22)
    kick = xp.sqrt(variance) * xi
    momentum = (
        momentum - lr**2 * inverse * grad - friction * momentum + kick
    )  # (functional_prior-37) (bnn_surrogates-23)
    return w + momentum, SGHMC(momentum, tau, g_hat, v_hat, iteration)


def plain_sghmc(w, momentum, grad, xi, *, lr, friction):
    """One step of stochastic gradient HMC without scales (Chen et al., 2014, Eq. 15, noise of the gradient unknown).

    Parameters
    ----------
    w, momentum, grad, xi : array
        As for `sghmc`; the momentum is 0 at first.
    lr : float
        eta > 0, of the gradient itself: it is `sghmc`'s squared.
    friction : float
        gamma in (0, 1].

    Returns
    -------
    tuple of two arrays
        Next weights and momentum.

    Raises
    ------
    TypeError, ValueError
        As for `sghmc`.

    Examples
    --------
    >>> import numpy as np
    >>> plain_sghmc(np.zeros(1), np.zeros(1), np.ones(1), np.zeros(1), lr=0.1, friction=0.5)
    (array([-0.1]), array([-0.1]))
    """
    check.alike(w=w, momentum=momentum, grad=grad, xi=xi)
    lr, friction = check.positive(lr=lr), check.share(friction=friction)
    kick = math.sqrt(2 * lr * friction) * xi
    momentum = momentum - lr * grad - friction * momentum + kick  # (functional_prior-38)
    return w + momentum, momentum


# What samples show ---------------------------------------------------------------------------------------------------


def energy_distance(a, b):
    """How far two samples of functions are apart; about 0 if they have the same law, and judged by no critic.

    Parameters
    ----------
    a, b : array [S, M], [T, M]
        At least two functions each.

    Returns
    -------
    array, 0-d
        ``2 E|a - b| - E|a - a'| - E|b - b'|``, unbiased: it may be below 0.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit or something is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> energy_distance(np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]]))  # 2 * 2 - 1 - 1
    np.float64(2.0)
    """
    check.finite(a=a, b=b), check.shapes(a=(a, "S M"), b=(b, "T M")), check.alike_dtype(a=a, b=b)
    if a.shape[0] < 2 or b.shape[0] < 2:
        raise ValueError(f"a and b must have two functions at least, got {a.shape[0]} and {b.shape[0]}")
    xp = array_namespace(a, b)
    centre = xp.mean(a, axis=0)
    a, b = a - centre, b - centre  # squares of what is far from 0 lose digits

    def total(p, q):
        square = xp.sum(p * p, axis=1)[:, None] + xp.sum(q * q, axis=1)[None, :] - 2 * p @ q.T
        distance = xp.sqrt(xp.clip(square, min=0.0))
        if p is q:
            distance = distance * (1 - xp.eye(p.shape[0], dtype=p.dtype, device=p.device))
        return xp.sum(distance)

    S, T = a.shape[0], b.shape[0]
    within = total(a, a) / (S * (S - 1)) + total(b, b) / (T * (T - 1))
    return 2 * total(a, b) / (S * T) - within  # (functional_prior-42)


def r_hat(draws):
    """Whether chains agree: the split R-hat of Gelman et al. (2013, Eq. 11.4); near 1 where they do.

    Parameters
    ----------
    draws : array [K, C, ...]
        K >= 4 draws of C chains, of one number or of many.

    Returns
    -------
    array [...]
        One for each number; infinite where chains stand still at different places.

    Raises
    ------
    TypeError, ValueError
        If `draws` has too few axes or draws, or is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> r_hat(np.array([[[0.0, 0.0]], [[1.0, 1.0]], [[0.0, 4.0]], [[1.0, 5.0]]])).round(2)
    array([0.71, 4.06])
    """
    check.finite(draws=draws)
    if len(draws.shape) < 2 or draws.shape[0] < 4:
        raise ValueError(f"draws must have shape [K, C, ...] with K >= 4, got {tuple(draws.shape)}")
    xp, half = array_namespace(draws), draws.shape[0] // 2
    halves = xp.concat([draws[:half, ...], draws[half : 2 * half, ...]], axis=1)
    within = xp.mean(xp.var(halves, axis=0, correction=1), axis=0)
    between = xp.var(xp.mean(halves, axis=0), axis=0, correction=1)
    still = within == 0
    ratio = between / xp.where(still, xp.ones_like(within), within)
    found = xp.sqrt((half - 1) / half + ratio)
    return xp.where(still, xp.where(between > 0, xp.full_like(found, math.inf), xp.ones_like(found)), found)
