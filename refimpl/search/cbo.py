"""Consensus-based optimization and its relatives (Riedl et al., 2023, arXiv:2306.09778).

A swarm drifts towards a softmin-weighted mean of itself, the consensus point, and is shaken in proportion to its
distance from it. Only function values are used, and still the consensus point moves like gradient descent: the
steps below (swarm, hopping, proximal, gradient) are the links of that argument.
"""

import math
from typing import NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.linalg import length
from refimpl.core.loop import iterate
from refimpl.core.random import normal


class CBOState(NamedTuple):
    """What the swarm carries from step to step."""

    positions: Array  # [N, d] X, one particle per row


class CBOInfo(NamedTuple):
    """What is worth looking at in a swarm."""

    consensus: Array  # [d] consensus point x_alpha, the output of the method
    ess: Array  # 0-d, how many particles carry the weight: (sum w)^2 / sum w^2, from 1 to N
    variance: Array  # 0-d, mean squared distance of the particles from the consensus point


def init(positions):
    """Swarm at `positions`.

    Parameters
    ----------
    positions : array, shape [N, d], floating point
        One particle per row, finite.

    Returns
    -------
    CBOState
        The state before the first step.

    Raises
    ------
    TypeError, ValueError
        If `positions` is no finite floating-point array [N, d].

    Examples
    --------
    >>> import numpy as np
    >>> init(np.zeros((2, 1)))
    CBOState(positions=array([[0.],
           [0.]]))
    """
    check.finite(positions=positions)
    check.shapes(positions=(positions, "N d"))
    return CBOState(positions)


def _weights(positions, energies, alpha):
    """Gibbs weights [N] relative to the best particle: the largest is 1, whatever the scale of alpha E."""
    check.like(init(positions).positions[:, 0], energies=energies)
    alpha = check.nonnegative(alpha=alpha)
    xp = array_namespace(positions, energies)
    lowest = xp.min(energies)
    if not math.isfinite(float(lowest)):  # NaN and -inf win every minimum, +inf only against itself
        raise ValueError(f"energies must be numbers or +inf, one of them finite, got a minimum of {float(lowest)}")
    largest = float(xp.finfo(energies.dtype).max)
    alpha = min(alpha, largest)
    reach = 800 / alpha if alpha > 800 / largest else largest  # beyond, weights are 0 and the product may overflow
    below = xp.clip(energies, max=float(lowest) + largest / 2)  # so that no gap overflows
    gaps = xp.clip(below - lowest, max=reach)
    return xp.where(xp.isfinite(energies), xp.exp(-alpha * gaps), 0.0)  # (cbo-1)


def _mean(positions, weights):
    xp = array_namespace(positions, weights)
    return (weights @ positions) / xp.sum(weights)  # (cbo-2)


def consensus_point(positions, energies, *, alpha):
    """Mean of the particles under the weights exp(-alpha E): near the best particle, but smooth in all of them.

    Parameters
    ----------
    positions : array, shape [N, d], floating point
        Particles X, finite.
    energies : array, shape [N], like `positions`
        E(X^i); +inf means weight 0.
    alpha : float
        Inverse temperature >= 0, finite: 0 gives the plain mean, 1e15 the best particle (on ties, their mean).

    Returns
    -------
    array, shape [d]
        x_alpha.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, `positions` is not finite, an energy is NaN or -inf or all are +inf, or
        `alpha` is negative, infinite or NaN.

    Notes
    -----
    Equations (cbo-1) and (cbo-2) of the documentation. Energies enter by their distance from the smallest alone.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]])
    >>> consensus_point(x, np.array([1.0, 4.0, 2.0]), alpha=0.5)
    array([0.21505043, 0.57540227])
    >>> consensus_point(x, np.array([1.0, 4.0, 2.0]), alpha=1e15)
    array([1., 0.])
    """
    return _mean(positions, _weights(positions, energies, alpha))


def inspect(positions, energies, *, alpha):
    """Consensus point of a swarm, with its effective sample size and spread; arguments as `consensus_point`.

    Examples
    --------
    >>> import numpy as np
    >>> info = inspect(np.array([[1.0], [3.0]]), np.array([0.0, 0.0]), alpha=1.0)
    >>> float(info.consensus[0]), float(info.ess), float(info.variance)
    (2.0, 2.0, 1.0)
    """
    xp = array_namespace(positions, energies)
    weights = _weights(positions, energies, alpha)
    consensus, total = _mean(positions, weights), xp.sum(weights)
    offsets = positions - consensus
    squares = xp.vecdot(offsets, offsets)
    return CBOInfo(consensus, total * total / xp.sum(weights * weights), xp.mean(squares))


def _rule(positions, consensus, noise, *, drift, diffusion, dt, noise_type):
    """The positions after one step, for a consensus point that all particles share."""
    difference = positions - consensus
    moved = positions - (drift * dt) * difference  # (cbo-3)
    if noise_type == "isotropic":
        size = length(difference)  # (cbo-4)
    else:
        size = difference  # (cbo-5)
    return moved + (diffusion * dt**0.5) * size * noise  # (cbo-6)


def move(state, consensus, noise, *, drift=1.0, diffusion=1.0, dt=0.01, noise_type="isotropic"):
    """Move every particle towards a given consensus point and shake it; arguments as `step`.

    Examples
    --------
    >>> import numpy as np
    >>> swarm, point = init(np.array([[1.0], [3.0]])), np.array([2.0])
    >>> move(swarm, point, np.array([[0.0], [1.0]]), drift=1.0, diffusion=2.0, dt=0.25).positions
    array([[1.25],
           [3.75]])
    """
    check.instance(CBOState, state=state)
    positions = init(state.positions).positions
    check.like(positions, noise=noise)
    check.finite(noise=noise, consensus=consensus)
    check.shapes(positions=(positions, "N d"), consensus=(consensus, "d"))
    drift, diffusion = check.nonnegative(drift=drift, diffusion=diffusion)
    dt = check.positive(dt=dt)
    check.choice(("isotropic", "anisotropic"), noise_type=noise_type)
    rates = {"drift": drift, "diffusion": diffusion, "dt": dt}
    return CBOState(_rule(positions, consensus, noise, noise_type=noise_type, **rates))


def step(state, energies, noise, *, alpha, **rates):
    """One step of consensus-based optimization.

    Parameters
    ----------
    state : CBOState
        Positions X [N, d].
    energies : array, shape [N], like the positions
        E(X^i) at these positions; +inf means weight 0.
    noise : array, shape [N, d], like the positions
        Standard normal draws xi, not yet multiplied by sqrt(dt).
    alpha : float
        Inverse temperature >= 0, up to 1e15; see `consensus_point`.
    drift : float, default: 1
        lambda >= 0, pull towards the consensus point.
    diffusion : float, default: 1
        sigma >= 0. In the mean field the swarm contracts if 2 drift > c diffusion^2, with c = d for isotropic and
        c = 1 for anisotropic noise; the paper's figures use 1.6 in 2-d, which explores.
    dt : float, default: 0.01
        Time step > 0.
    noise_type : {"isotropic", "anisotropic"}, default: "isotropic"
        Noise as large as the distance to the consensus point before the drift, in every direction or coordinate by
        coordinate; take the latter for d > 5 or so.

    Returns
    -------
    state : CBOState
        After the step.
    info : CBOInfo
        Of the swarm before the step.

    Raises
    ------
    TypeError, ValueError
        If shapes or dtypes do not fit, an array is not finite (energies may be +inf, not all), or a number is out of
        range.

    Notes
    -----
    Equations (cbo-1) to (cbo-6) of the documentation; one evaluation of E per particle, O(N d) memory.

    Examples
    --------
    >>> import numpy as np
    >>> swarm = init(np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]]))
    >>> draws = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])
    >>> swarm, info = step(swarm, np.array([1.0, 4.0, 2.0]), draws, alpha=0.5, diffusion=0.7, dt=0.04)
    >>> swarm.positions
    array([[ 1.10485831, -0.11324021],
           [ 0.10945366,  1.94301609],
           [-0.95139798,  1.34340457]])
    """
    check.instance(CBOState, state=state)
    info = inspect(state.positions, energies, alpha=alpha)
    return move(state, info.consensus, noise, **rates), info


def hopping_step(function, point, noise, *, alpha, width):
    """One step of consensus hopping: the consensus point of a fresh Gaussian cloud around the last one.

    Parameters
    ----------
    function : callable
        E, [N, d] -> [N].
    point : array, shape [d], floating point
        Where the last step ended.
    noise : array, shape [N, d], like `point`
        Standard normal draws.
    alpha : float
        Inverse temperature >= 0.
    width : float
        Standard deviation > 0 of the cloud. The step is about a gradient step of size tau = alpha width^2, but no
        longer than width sqrt(2 log N): watch `info.ess`.

    Returns
    -------
    point : array, shape [d]
        The new consensus point.
    info : CBOInfo
        Of the cloud.

    Raises
    ------
    TypeError, ValueError
        As `step`.

    Notes
    -----
    Equation (cbo-7) of the documentation, then (cbo-1) and (cbo-2).

    Examples
    --------
    >>> import numpy as np
    >>> draws = np.array([[1.0, -1.0], [0.5, 0.0], [0.0, 2.0]])
    >>> square = lambda x: (x * x).sum(axis=1)
    >>> hopping_step(square, np.array([1.0, -0.5]), draws, alpha=2.0, width=0.3)[0]
    array([ 1.05021888, -0.08554017])
    """
    check.function(function=function)
    check.finite(point=point, noise=noise)
    check.shapes(noise=(noise, "N d"), point=(point, "d"))
    width = check.positive(width=width)
    cloud = point + width * noise  # (cbo-7)
    info = inspect(cloud, _asked(function, cloud), alpha=alpha)
    return info.consensus, info


def _asked(function, positions):
    """Energies as a function from outside gives them; that they have a least one is for the weights to see."""
    energies = function(positions)
    check.like(positions[:, 0], **{"what function returns": energies})
    xp = array_namespace(positions)
    if bool(xp.any(xp.isnan(energies))):
        raise ValueError("what function returns must be numbers or +inf, got NaN")
    return energies


def softmin(energies, *, alpha):
    """Soft minimum -log(mean(exp(-alpha E))) / alpha of a sample: between its mean (alpha = 0) and its minimum.

    Over a cloud of width w around m this estimates the envelope E_alpha(m) whose gradient, times alpha w^2, is
    exactly what consensus hopping steps along.

    Parameters
    ----------
    energies : array, shape [N], floating point
        Numbers or +inf.
    alpha : float
        Inverse temperature >= 0.

    Returns
    -------
    array, 0-d
        The soft minimum.

    Raises
    ------
    TypeError, ValueError
        As `consensus_point`.

    Examples
    --------
    >>> import numpy as np
    >>> [round(float(softmin(np.array([1.0, 3.0]), alpha=a)), 3) for a in (0, 1, 1000)]
    [2.0, 1.566, 1.001]
    """
    check.floating(energies=energies), check.shapes(energies=(energies, "N"))
    xp, alpha = array_namespace(energies), check.nonnegative(alpha=alpha)
    if not float(xp.min(energies)) > -math.inf:
        raise ValueError(f"energies must be numbers or +inf, got {float(xp.min(energies))}")
    if not alpha:
        return xp.mean(energies)
    weights = _weights(xp.zeros_like(energies[:, None]), energies, alpha)
    return xp.min(energies) - xp.log(xp.mean(weights)) / alpha  # (cbo-11)


def _check_quadratic(point, matrix, minimizer):
    check.finite(point=point, matrix=matrix, minimizer=minimizer)
    check.shapes(point=(point, "d"), minimizer=(minimizer, "d"), matrix=(matrix, "d d"))
    check.symmetric(matrix=matrix)
    return array_namespace(point, matrix, minimizer)


def proximal_quadratic(point, matrix, minimizer, *, tau):
    """Proximal (minimizing-movement) step on E(x) = (x - b)^T A (x - b) / 2, in closed form.

    Parameters
    ----------
    point : array, shape [d], floating point
        m, where the last step ended.
    matrix : array, shape [d, d], like `point`
        A, symmetric and positive semidefinite (of these only the first is checked).
    minimizer : array, shape [d], like `point`
        b.
    tau : float
        Step size > 0; the penalty is ``|x - m|^2 / (2 tau)``.

    Returns
    -------
    array, shape [d]
        ``argmin E(x) + |x - m|^2 / (2 tau)``.

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, an array is not finite, `matrix` is not symmetric or `tau` is no number > 0.

    Notes
    -----
    Equation (cbo-8) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> proximal_quadratic(np.array([3.0, 3.0]), np.diag([1.0, 9.0]), np.array([1.0, 0.0]), tau=1.0)
    array([2. , 0.3])
    """
    xp = _check_quadratic(point, matrix, minimizer)
    tau = check.positive(tau=tau)
    identity = xp.eye(matrix.shape[0], dtype=matrix.dtype, device=device(matrix))
    right = point - minimizer
    return minimizer + xp.linalg.solve(identity + tau * matrix, right[:, None])[:, 0]  # (cbo-8)


def proximal_newton(point, gradient, hessian, *, tau, steps=50):
    """Proximal step on a smooth convex E by Newton's method, each step halved until it helps.

    Parameters
    ----------
    point : array, shape [d], floating point
        m, where the last step ended.
    gradient, hessian : callable
        [d] -> [d] and [d] -> [d, d] of E.
    tau : float
        Step size > 0; the penalty is ``|x - m|^2 / (2 tau)``.
    steps : int, default: 50
        The most Newton steps.

    Returns
    -------
    array, shape [d]
        ``argmin E(x) + |x - m|^2 / (2 tau)``, to rounding times the condition number of I + tau E''.

    Raises
    ------
    TypeError, ValueError
        If `point` is not finite or `tau` is no number > 0.
    RuntimeError
        If it has not converged after `steps` steps.

    Notes
    -----
    Equation (cbo-10) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> x = proximal_newton(np.array([2.0]), lambda x: x**3, lambda x: 3 * x[:, None] ** 2, tau=1.0)
    >>> x, bool(abs(x[0] + x[0] ** 3 - 2) < 1e-14)
    (array([1.]), True)
    """
    check.function(gradient=gradient, hessian=hessian)
    check.finite(point=point)
    check.shapes(point=(point, "d"))
    tau, steps = check.positive(tau=tau), check.integer(steps=steps, minimum=1)
    xp = array_namespace(point)
    identity = xp.eye(point.shape[0], dtype=point.dtype, device=device(point))
    rounding = 8 * float(xp.finfo(point.dtype).eps)

    def residual(x):
        slope = gradient(x)
        check.like(point, **{"what gradient returns": slope})
        return x - point + tau * slope

    def norm(array):
        return float(xp.linalg.vector_norm(array))

    x, error = point, residual(point)
    for _ in range(steps):
        bend = hessian(x)
        check.like(identity, **{"what hessian returns": bend})
        check.finite(**{"what gradient returns": error, "what hessian returns": bend})
        curvature = identity + tau * bend
        newton = xp.linalg.solve(curvature, error[:, None])[:, 0]  # (cbo-10)
        if norm(error) <= rounding * (norm(point) + norm(curvature) * norm(x)):  # as small as rounding x leaves it
            return x - newton
        size = 1.0
        while norm(residual(x - size * newton)) > (1 - size / 4) * norm(error) and size > rounding:
            size = size / 2
        x = x - size * newton
        error = residual(x)
    raise RuntimeError(f"steps must suffice for Newton's method to converge, got {steps} (is E convex and smooth?)")


def exact_hopping_quadratic(point, matrix, minimizer, *, alpha, width):
    """Consensus hopping with infinitely many particles on E(x) = (x - b)^T A (x - b) / 2: a Gaussian mean.

    Arguments as `proximal_quadratic` and `hopping_step`, but `alpha` > 0; equation (cbo-9) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> A, b = np.diag([1.0, 9.0]), np.array([1.0, 0.0])
    >>> exact_hopping_quadratic(np.array([3.0, 3.0]), A, b, alpha=4.0, width=0.5)
    array([2. , 0.3])
    """
    xp = _check_quadratic(point, matrix, minimizer)
    alpha, width = check.positive(alpha=alpha, width=width)
    identity = xp.eye(matrix.shape[0], dtype=matrix.dtype, device=device(matrix))
    precision = alpha * matrix + identity / width**2
    pull = alpha * (matrix @ minimizer) + point / width**2
    return xp.linalg.solve(precision, pull[:, None])[:, 0]  # (cbo-9)


def minimize(function, positions, *, steps, rng, alpha, record=None, stop=None, progress=None, **rates):
    """Minimize a function by consensus-based optimization, from its values alone.

    Parameters
    ----------
    function : callable
        E, [N, d] -> [N]; may return +inf, not NaN.
    positions : array, shape [N, d], floating point
        The swarm at the start. It should surround the minimizer.
    steps : int
        K >= 0.
    rng : numpy.random.Generator
        From `core.random.stream`; one draw [N, d] per step.
    alpha : float
        Inverse temperature >= 0.
    record : callable, optional
        ``record(state) -> dict``, added to the history at the start and after each step.
    stop : callable, optional
        ``stop(state, info) -> bool``, asked before each step.
    progress : str, optional
        Title of a progress bar.
    **rates
        `drift`, `diffusion`, `dt`, `noise_type` of `step`.

    Returns
    -------
    point : array, shape [d]
        Consensus point after the last step (not the best particle, nor the mean).
    run : core.loop.Run
        Its `state` is the last `CBOState`; its `history` holds `consensus`, `ess` and `variance` of the swarm at
        step 0 (the start), 1, ..., K.

    Raises
    ------
    TypeError, ValueError
        As `step`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> from refimpl.problems.functions import RASTRIGIN
    >>> swarm = 2 + 2 * stream(0, "swarm").standard_normal((200, 2))
    >>> rates = {"diffusion": 0.8, "dt": 0.02}
    >>> point, run = minimize(RASTRIGIN.function, swarm, steps=300, rng=stream(0, "noise"), alpha=1e15, **rates)
    >>> bool(abs(point).max() < 0.01), len(run.history["consensus"])
    (True, 301)
    """

    check.function(function=function)

    def look(swarm):
        return swarm, inspect(swarm.positions, _asked(function, swarm.positions), alpha=alpha)

    def advance(carry, k):
        swarm, info = carry
        noise = normal(rng, swarm.positions.shape, like=swarm.positions)
        return look(move(swarm, info.consensus, noise, **rates))

    run = iterate(
        advance,
        look(init(positions)),
        steps=steps,
        record=lambda carry: carry[1]._asdict() | (record(carry[0]) if record else {}),
        stop=stop and (lambda carry: stop(*carry)),
        progress=progress,
    )
    swarm, info = run.state
    return info.consensus, run._replace(state=swarm)


def hop(function, point, *, steps, particles, rng, alpha, width, progress=None):
    """Minimize a function by consensus hopping.

    Parameters
    ----------
    function : callable
        E, [N, d] -> [N].
    point : array, shape [d], floating point
        The start.
    steps : int
        K >= 0.
    particles : int
        N >= 1, size of each cloud.
    rng : numpy.random.Generator
        From `core.random.stream`; one draw [N, d] per step.
    alpha : float
        Inverse temperature >= 0.
    width : float
        Standard deviation > 0 of the clouds.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    point : array, shape [d]
        Consensus point of cloud K.
    run : core.loop.Run
        Its `state` is that point; its `history` holds `point` at step 0 (the start), 1, ..., K.

    Raises
    ------
    TypeError, ValueError
        As `hopping_step`.

    Examples
    --------
    >>> import numpy as np
    >>> from refimpl.core.random import stream
    >>> from refimpl.problems.functions import CANYON
    >>> rates = {"particles": 200, "alpha": 100.0, "width": 0.7}
    >>> point, run = hop(CANYON.function, CANYON.start(), steps=250, rng=stream(0, "noise"), **rates)
    >>> bool(abs(point).max() < 1)
    True
    """
    check.function(function=function)
    particles = check.integer(particles=particles, minimum=1)
    check.floating(point=point)

    def advance(point, k):
        noise = normal(rng, (particles, point.shape[0]), like=point)
        return hopping_step(function, point, noise, alpha=alpha, width=width)[0]

    run = iterate(advance, point, steps=steps, record=lambda point: {"point": point}, progress=progress)
    return run.state, run
