"""Stochastic interpolants (Albergo, Boffi and Vanden-Eijnden, 2023, arXiv:2303.08797).

A random path x_t = alpha x_0 + beta x_1 + gamma z joins samples of any two densities. Its velocity b and score s are
means given x_t, so that a regression learns them; then an ODE, or an SDE with any diffusion epsilon, turns one density
into the other, in both directions.
"""

import math
from functools import partial
from typing import Any, NamedTuple

from refimpl.core import check
from refimpl.core.arrays import Array, array_namespace, device
from refimpl.core.autodiff import vjp
from refimpl.core.loop import iterate
from refimpl.core.special import logsumexp, sigmoid, softmax
from refimpl.models import mixture as mixtures
from refimpl.models.mixture import Mixture

ONE_SIDED = ("one_sided_linear", "one_sided_trig", "one_sided_sbdm")
PATHS = ("linear", "trig", "enc_dec", *ONE_SIDED, "mirror")
GAMMAS = ("brownian", "quadratic", "sine_squared", "sigmoid", "zero")
LOSSES = ("b", "v", "s", "eta", "drift")
SAMPLERS = ("rk4", "em", "heun")
LIKELIHOODS = ("ode", "feynman_kac", "ito")


class Coefficients(NamedTuple):
    """What a path is made of at times t; each like t."""

    alpha: Array  # of x_0
    beta: Array  # of x_1
    gamma: Array  # of the noise z; on a one-sided path that of x_0, which is noise
    alpha_dot: Array  # derivatives in t
    beta_dot: Array
    gamma_dot: Array  # infinite where gamma starts or ends like a root
    product: Array  # gamma times gamma_dot, finite everywhere


class Interpolant(NamedTuple):
    """Points on the path, and what regressions at these points are to fit."""

    x: Array  # [n, d] x_t
    v: Array  # [n, d] derivative of alpha x_0 + beta x_1
    b: Array  # [n, d] derivative of x_t
    s: Array  # [n, d] score given x_0 and x_1; infinite where gamma is 0
    eta: Array  # [n, d] the noise


class Fields(NamedTuple):
    """What a sampler needs to know at time t and points x; None where it is not known."""

    b: Array  # [n, d] velocity
    s: Any = None  # [n, d] score
    v: Any = None  # [n, d] velocity without the part of z
    eta: Any = None  # [n, d] denoiser
    log_density: Any = None  # [n] of x_t
    div_b: Any = None  # [n] divergences
    div_s: Any = None


class Solved(NamedTuple):
    """What the adaptive solver of the ODE has found."""

    x: Array  # [n, d] points at the end
    steps: int  # that were taken
    evaluations: int  # of the fields, those of steps that were too long included


class Likelihood(NamedTuple):
    """Log-density of a sampler's result."""

    log_density: Array  # [n] estimate
    paths: Array  # [M, n] log of each path's contribution


# Paths ---------------------------------------------------------------------------------------------------------------


def schedule(t, *, path="linear", gamma=None, a=1.0):
    """Coefficients of a path.

    Parameters
    ----------
    t : array
        Times in [0, 1], floating point, any shape.
    path : str, default: "linear"
        One of `PATHS`. "enc_dec" turns x_0 into noise and noise into x_1; a one-sided path starts at noise, "mirror"
        starts and ends at x_1.
    gamma : str, optional
        One of `GAMMAS`, the size of z. Default: "brownian", for "enc_dec" "sine_squared". One-sided paths have their
        own, and take "zero" for it.
    a : float, default: 1.0
        > 0, of "brownian".

    Returns
    -------
    Coefficients
        See there.

    Raises
    ------
    TypeError, ValueError
        If a time is not in [0, 1], a name is unknown, or `gamma` does not fit the path: it must stay below 1 for
        "trig", and must not be zero for "enc_dec".

    Notes
    -----
    Equations (interpolants-2) to (interpolants-11) of the documentation; Section 4 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> c = schedule(np.array([0.0, 0.5, 0.8]))
    >>> c.gamma, c.gamma_dot, c.product
    (array([0. , 0.5, 0.4]), array([  inf,  0.  , -0.75]), array([ 0.5,  0. , -0.3]))
    """
    gamma, a = _checked_gamma(path, gamma, a)
    _checked_range(t=t)
    xp = array_namespace(t)
    one, zero = xp.ones_like(t), xp.zeros_like(t)
    if path in ONE_SIDED:
        beta, g, beta_dot, g_dot, product = _ONE_SIDED[path](xp, t, one)
        return Coefficients(zero, beta, g, zero, beta_dot, g_dot, product)
    g, g_dot, product = _NOISE[gamma](xp, t, a)
    alpha, beta, alpha_dot, beta_dot = _PATHS[path](xp, t, one, zero, g, product)
    return Coefficients(alpha, beta, g, alpha_dot, beta_dot, g_dot, product)


def _linear(xp, t, one, zero, g, product):
    return 1 - t, t, -one, one  # (interpolants-2)


def _trig(xp, t, one, zero, g, product):
    """alpha^2 + beta^2 + gamma^2 = 1."""
    r, (cos, sin) = xp.sqrt((1 - g) * (1 + g)), _quarter(xp, t)
    alpha, beta = r * cos, r * sin  # (interpolants-3)
    r_dot = -product / r  # (interpolants-4)
    return alpha, beta, r_dot * cos - math.pi / 2 * beta, r_dot * sin + math.pi / 2 * alpha


def _quarter(xp, t):
    """Cosine and sine of pi t / 2; in floating point cos(pi / 2) is not 0."""
    return xp.sin(math.pi / 2 * (1 - t)), xp.sin(math.pi / 2 * t)


def _enc_dec(xp, t, one, zero, g, product):
    """x_0 until t = 1/2, x_1 from there on."""
    square, slope = xp.cos(math.pi * t) ** 2, -math.pi * xp.sin(2 * math.pi * t)  # (interpolants-5)
    alpha, alpha_dot = xp.where(t < 0.5, square, zero), xp.where(t < 0.5, slope, zero)
    beta, beta_dot = xp.where(t > 0.5, square, zero), xp.where(t > 0.5, slope, zero)
    return alpha, beta, alpha_dot, beta_dot


def _mirror(xp, t, one, zero, g, product):
    return zero, one, zero, zero


_PATHS = {"linear": _linear, "trig": _trig, "enc_dec": _enc_dec, "mirror": _mirror}


def _brownian(xp, t, a):
    g, product = xp.sqrt(a * t * (1 - t)), a * (1 - 2 * t) / 2  # (interpolants-6)
    return g, _ratio(product, g), product


def _quadratic(xp, t, a):
    g, g_dot = t * (1 - t), 1 - 2 * t
    return g, g_dot, g * g_dot


def _sine_squared(xp, t, a):
    nearer = xp.minimum(t, 1 - t)  # in floating point sin(pi) is not 0
    g, g_dot = xp.sin(math.pi * nearer) ** 2, math.pi * xp.sin(2 * math.pi * t)  # (interpolants-7)
    return g, g_dot, g * g_dot


def _sigmoid(xp, t, a):
    nearer, side = xp.minimum(t, 1 - t), xp.sign(1 - 2 * t)  # so that both ends are 0
    up, down, ends = sigmoid(10 * nearer - 4), sigmoid(10 * nearer - 6), sigmoid(0 * t - 4) - sigmoid(0 * t - 6)
    g, g_dot = up - down - ends, side * 10 * (up * (1 - up) - down * (1 - down))  # (interpolants-8)
    return g, g_dot, g * g_dot


def _zero(xp, t, a):
    return 0 * t, 0 * t, 0 * t


_NOISE = {
    "brownian": _brownian,
    "quadratic": _quadratic,
    "sine_squared": _sine_squared,
    "sigmoid": _sigmoid,
    "zero": _zero,
}


def _one_sided_linear(xp, t, one):
    """Here and below: beta, gamma, their slopes, and gamma times its own."""
    beta, g, beta_dot, g_dot = t, 1 - t, one, -one  # (interpolants-9)
    return beta, g, beta_dot, g_dot, g * g_dot


def _one_sided_trig(xp, t, one):
    cos, sin = _quarter(xp, t)
    beta_dot, g_dot = math.pi / 2 * cos, -math.pi / 2 * sin  # (interpolants-10)
    return sin, cos, beta_dot, g_dot, cos * g_dot


def _one_sided_sbdm(xp, t, one):
    g, product = xp.sqrt((1 - t) * (1 + t)), -t  # (interpolants-11)
    return t, g, one, _ratio(product, g), product


_ONE_SIDED = {
    "one_sided_linear": _one_sided_linear,
    "one_sided_trig": _one_sided_trig,
    "one_sided_sbdm": _one_sided_sbdm,
}


def _ratio(numerator, denominator):
    """Quotient of arrays, the second >= 0; infinite, with the sign of the first, where that is 0."""
    xp = array_namespace(numerator)
    inside = denominator > 0
    infinite = xp.copysign(xp.full_like(numerator, math.inf), numerator)
    return xp.where(inside, numerator / xp.where(inside, denominator, xp.ones_like(denominator)), infinite)


def interpolate(x0, x1, z, c):
    """Points on the path, and the targets of regressions there.

    Parameters
    ----------
    x0, x1 : array [n, d]
        Pairs of samples of the two densities, from any coupling. `x0` has no effect where alpha is 0.
    z : array [n, d]
        Standard normal, independent of both. On a one-sided path this is x_0.
    c : Coefficients
        At the time of each pair, [n], or at one time; gamma_dot may be infinite, then b is.

    Returns
    -------
    Interpolant
        See there.

    Raises
    ------
    TypeError, ValueError
        If an array is not finite, or shapes and dtypes do not fit.

    Notes
    -----
    Equations (interpolants-1), (interpolants-12) and (interpolants-13) of the documentation; Definition 1 and
    Theorems 7 and 8 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones((1, 2))
    >>> interpolate(0 * one, one, -2 * one, schedule(np.array([0.8]))).x.round(12)
    array([[0., 0.]])
    """
    _checked_coefficients(c), check.shapes(x0=(x0, "n d"), x1=(x1, "n d"), z=(z, "n d"))
    check.alike(x0=x0, x1=x1, z=z)
    alpha, beta, gamma, alpha_dot, beta_dot, gamma_dot, _ = (_column(k, x0) for k in c)
    x = alpha * x0 + beta * x1 + gamma * z  # (interpolants-1)
    v = alpha_dot * x0 + beta_dot * x1  # (interpolants-12)
    b = v + gamma_dot * z  # (interpolants-13)
    s = _ratio(-z, gamma)  # (interpolants-14)
    return Interpolant(x, v, b, s, z)


def _column(k, x):
    """A coefficient beside points: one for each row, or one for all."""
    xp = array_namespace(k)
    if tuple(k.shape) not in ((), (x.shape[0],)):
        raise ValueError(f"c must have one time, or one for each of {x.shape[0]} points, got shape {tuple(k.shape)}")
    check.alike_dtype(x=x, c=k)
    return xp.broadcast_to(k, (x.shape[0],))[:, None]


def _checked_gamma(path, gamma, a):
    """The kind of noise that is meant, and its size, if the path can have it."""
    a = check.positive(a=a)
    check.choice(PATHS, path=path)
    if gamma is None:
        gamma = {"enc_dec": "sine_squared"}.get(path, "zero" if path in ONE_SIDED else "brownian")
    check.choice(GAMMAS, gamma=gamma)
    if path in ONE_SIDED and gamma != "zero":
        raise ValueError(f"gamma must be 'zero' on the path {path!r}, which has its own noise, got {gamma!r}")
    if path == "enc_dec" and gamma == "zero":
        raise ValueError("gamma must not be 'zero' on the path 'enc_dec', which is nothing but noise at t = 1/2")
    if path == "trig" and (gamma == "sine_squared" or (gamma == "brownian" and a >= 4)):
        raise ValueError(f"gamma must stay below 1 on the path 'trig', got {gamma!r} with a = {a:g}")
    return gamma, a


# Objectives ----------------------------------------------------------------------------------------------------------


def loss(which, predict, x0, x1, z, t, *, path="linear", gamma=None, a=1.0, antithetic=False, epsilon=0.0):
    """Quadratic objective whose minimizer is a field of the path.

    Parameters
    ----------
    which : str
        "b" (velocity), "v" (velocity without z), "s" (score), "eta" (denoiser), or "drift" (b + epsilon s).
    predict : callable
        ``predict(t, x)``: the field, [n, d], at times [n] and points [n, d].
    x0, x1, z
        As for `interpolate`.
    t : array [n]
        Times.
    path, gamma, a
        As for `schedule`.
    antithetic : bool, default: False
        Whether to average over z and -z: needed near the ends, where the targets of b and s grow without bound.
    epsilon : float, default: 0.0
        >= 0, of "drift".

    Returns
    -------
    array of shape ()
        Mean over the batch; half the mean squared error, up to a constant.

    Raises
    ------
    TypeError, ValueError
        As `schedule` and `interpolate` say, and if a target is infinite, as at a time where gamma is 0.

    Notes
    -----
    Equations (interpolants-15) and (interpolants-16) of the documentation; Theorems 7 and 8 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> one, t = np.ones((1, 2)), np.array([0.5])
    >>> float(loss("eta", lambda t, x: 2 * x, 0 * one, 0 * one, one, t))
    -1.0
    """
    check.choice(LOSSES, which=which), check.function(predict=predict), check.flag(antithetic=antithetic)
    epsilon = check.nonnegative(epsilon=epsilon)
    c = schedule(t, path=path, gamma=gamma, a=a)
    found = _regression(which, predict, interpolate(x0, x1, z, c), t, epsilon)
    if antithetic:
        found = (found + _regression(which, predict, interpolate(x0, x1, -z, c), t, epsilon)) / 2  # (interpolants-16)
    return found


def _regression(which, predict, at, t, epsilon):
    """One half of the objective."""
    target = at.b + epsilon * at.s if which == "drift" else getattr(at, which)  # (interpolants-17)
    check.finite(**{f"target of {which}": target})
    guess = predict(t, at.x)
    check.like(target, predict=guess), check.finite(predict=guess)
    xp = array_namespace(guess)
    return xp.mean(xp.sum(guess * guess / 2 - target * guess, axis=-1))  # (interpolants-15)


# Fields from others --------------------------------------------------------------------------------------------------


def score(eta, c):
    """Score from the denoiser, both [n, d], at a time where gamma > 0.

    Raises
    ------
    TypeError, ValueError
        If `eta` is no finite array, or gamma is 0.

    Notes
    -----
    Equation (interpolants-18) of the documentation; Theorem 8 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> score(np.ones((1, 2)), schedule(np.array(0.5)))
    array([[-2., -2.]])
    """
    _checked_coefficients(c), check.finite(eta=eta)
    xp = array_namespace(eta)
    if not bool(xp.all(c.gamma > 0)):
        raise ValueError("gamma must be > 0 where a score is asked for")
    return -eta / _column(c.gamma, eta)  # (interpolants-18)


def velocity(v, s, c):
    """Velocity from its part without z and the score, each [n, d].

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite.

    Notes
    -----
    Equation (interpolants-19) of the documentation; Section 2 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> velocity(np.zeros((1, 2)), np.ones((1, 2)), schedule(np.array(0.0)))
    array([[-0.5, -0.5]])
    """
    _checked_coefficients(c), check.alike(v=v, s=s)
    return v - _column(c.product, v) * s  # (interpolants-19)


def one_sided_velocity(x, eta, c, mean=None):
    """Velocity of a one-sided path from its denoiser alone.

    Parameters
    ----------
    x, eta : array [n, d]
        Points and denoiser.
    c : Coefficients
        Of a one-sided path, at one time where gamma_dot is finite.
    mean : array [d], optional
        Of x_1; needed at t = 0, where the denoiser says nothing of x_1.

    Returns
    -------
    array [n, d]
        The velocity.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not alike or not finite, `c` is of another path, has several times or an infinite slope, or
        `mean` is needed and not given.

    Notes
    -----
    Equation (interpolants-20) of the documentation; Section 4 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> c = schedule(np.array(0.5), path="one_sided_linear")
    >>> one_sided_velocity(np.ones((1, 2)), np.zeros((1, 2)), c)
    array([[2., 2.]])
    """
    _checked_coefficients(c), check.alike(x=x, eta=eta)
    if tuple(c.alpha.shape) != ():
        raise ValueError(f"c must be at one time, got shape {tuple(c.alpha.shape)}")
    if float(c.alpha) != 0 or float(c.alpha_dot) != 0:
        raise ValueError(f"c must be of a one-sided path, got alpha {float(c.alpha):g}")
    if not math.isfinite(float(c.gamma_dot)):
        raise ValueError("c must have a finite gamma_dot, where the denoiser gives the velocity, got an infinite one")
    if mean is not None:
        check.finite(mean=mean), check.shapes(x=(x, "n d"), mean=(mean, "d"))
    if float(c.beta) == 0:
        if mean is None:
            raise ValueError("mean must be given at t = 0, where the denoiser says nothing of x_1, got None")
        return c.gamma_dot * x + c.beta_dot * mean
    return c.gamma_dot * eta + c.beta_dot / c.beta * (x - c.gamma * eta)  # (interpolants-20)


def divergence(field, x):
    """Divergence of a field at each point, by reverse-mode differentiation: d passes.

    Parameters
    ----------
    field : callable
        ``field(x)``, [n, d], each row a function of the same row of `x`.
    x : array [n, d]
        Points.

    Returns
    -------
    array [n]
        Sum over i of the derivative of component i in coordinate i.

    Raises
    ------
    TypeError, ValueError
        If `field` is no function, or `x` no finite matrix.

    Examples
    --------
    >>> import numpy as np
    >>> divergence(lambda x: x**3, np.array([[1.0, 2.0], [0.0, 3.0]]))
    array([15., 27.])
    """
    check.function(field=field), check.finite(x=x), check.shapes(x=(x, "n d"))
    xp = array_namespace(x)
    found, pull = vjp(field, x)
    check.like(x, field=found), check.finite(field=found)
    rows = xp.eye(x.shape[1], dtype=x.dtype, device=device(x))
    parts = [pull(xp.broadcast_to(rows[i, :], x.shape))[0][:, i] for i in range(x.shape[1])]
    return xp.sum(xp.stack(parts), axis=0)


# Gaussian mixtures ---------------------------------------------------------------------------------------------------


def mixture_fields(x, t, rho0, rho1, *, path="linear", gamma=None, a=1.0, divergence=False):
    """All fields between two Gaussian mixtures, in closed form, for an independent coupling.

    Parameters
    ----------
    x : array [n, d]
        Points.
    t : float, or array of shape ()
        Time.
    rho0, rho1 : Mixture
        The two densities, of the dtype of `x`, both with full covariances or both round. `rho0` has no effect where
        alpha is 0.
    path, gamma, a
        As for `schedule`.
    divergence : bool, default: False
        Whether the divergences are wanted.

    Returns
    -------
    Fields
        See there.

    Raises
    ------
    TypeError, ValueError
        If a law is no mixture (see `refimpl.models.mixture.checked`), shapes or dtypes do not fit, or as `schedule`
        says.

    Notes
    -----
    Equations (interpolants-21) to (interpolants-25) of the documentation; Appendix A of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> standard = Mixture(np.ones(1), np.zeros((1, 2)), np.ones(1))
    >>> f = mixture_fields(np.ones((1, 2)), 0.25, standard, standard, a=2.0)
    >>> f.b, f.v, f.s
    (array([[0., 0.]]), array([[-0.5, -0.5]]), array([[-1., -1.]]))
    """
    check.instance(Mixture, rho0=rho0, rho1=rho1)
    mixtures.checked(rho0, x), mixtures.checked(rho1, x)
    t = check.number(t=t)
    return mixture_flow(rho0, rho1, path=path, gamma=gamma, a=a, divergence=divergence)(t, x)


def mixture_flow(rho0, rho1, *, path="linear", gamma=None, a=1.0, divergence=False):
    """The same as a function ``fields(t, x)`` for samplers; parameters and errors as for `mixture_fields`.

    Examples
    --------
    >>> import numpy as np
    >>> standard = Mixture(np.ones(1), np.zeros((1, 2)), np.ones(1))
    >>> mixture_flow(standard, standard, a=2.0)(0.25, np.ones((1, 2))).eta.round(6)
    array([[0.612372, 0.612372]])
    """
    check.instance(Mixture, rho0=rho0, rho1=rho1), check.flag(divergence=divergence)
    if len(mixtures.checked(rho0).covariances.shape) != len(mixtures.checked(rho1).covariances.shape):
        raise ValueError("covariances must be full in both mixtures, or round in both")
    if rho0.means.shape[1] != rho1.means.shape[1]:
        raise ValueError(f"means must have one dimension, got {rho0.means.shape[1]} and {rho1.means.shape[1]}")
    check.alike_dtype(rho0=rho0.means, rho1=rho1.means)
    _checked_gamma(path, gamma, a)
    return partial(_mixture_fields, rho0, rho1, {"path": path, "gamma": gamma, "a": a}, divergence)


def _mixture_fields(rho0, rho1, settings, divergence, t, x):
    xp = array_namespace(x)
    c = schedule(xp.asarray(t, dtype=x.dtype, device=device(x)), **settings)
    law, mean_dot, spread_dot = _between(xp, c, rho0, rho1)
    joint, solved = mixtures.components(x, law)
    w = softmax(joint)[:, :, None]  # (interpolants-22)
    s = -xp.sum(w * solved, axis=1)  # (interpolants-23)
    moved = mean_dot + _times(spread_dot, solved)  # (interpolants-24)
    v = xp.sum(w * moved, axis=1)
    b, eta = v - c.product * s, -c.gamma * s
    found = Fields(b, s, v, eta, logsumexp(joint, axis=-1))
    return _with_divergences(xp, c, law, spread_dot, w, moved, solved, found) if divergence else found


def _with_divergences(xp, c, law, spread_dot, w, moved, solved, found):
    inverse, stretch = _traces(xp, law.covariances, spread_dot, solved.shape[2])
    pull, w = solved + found.s[:, None, :], w[:, :, 0]  # less the gradient of log w; responsibilities
    div_s = xp.sum(w * (xp.sum(solved * pull, axis=-1) - inverse), axis=1)  # (interpolants-25)
    div_v = xp.sum(w * (stretch - xp.sum(moved * pull, axis=-1)), axis=1)
    return found._replace(div_b=div_v - c.product * div_s, div_s=div_s)


def _between(xp, c, rho0, rho1):
    """Law of x_t, a component for each pair; speed of its means, and half the speed of its spreads without z's."""
    p, m, C = rho0
    q, mu, D = rho1
    pairs = lambda x, y: xp.reshape(x[:, None, ...] + y[None, ...], (-1, *x.shape[1:]))
    weights = xp.reshape(p[:, None] * q[None, :], (-1,))
    means, mean_dot = pairs(c.alpha * m, c.beta * mu), pairs(c.alpha_dot * m, c.beta_dot * mu)
    one = xp.eye(m.shape[1], dtype=m.dtype, device=device(m)) if len(C.shape) == 3 else 1.0
    spreads = pairs(c.alpha**2 * C, c.beta**2 * D) + c.gamma**2 * one  # (interpolants-21)
    spread_dot = pairs(c.alpha * c.alpha_dot * C, c.beta * c.beta_dot * D)
    return Mixture(weights, means, spreads), mean_dot, spread_dot


def _times(matrices, vectors):
    """Full or round matrices, [K, d, d] or [K], times vectors [n, K, d]."""
    if len(matrices.shape) == 1:
        return matrices[None, :, None] * vectors
    return (matrices @ vectors[..., None])[..., 0]


def _traces(xp, spreads, spread_dot, d):
    """Traces of C^-1, and of half the speed of C times C^-1, for each component."""
    if len(spreads.shape) == 1:
        return d / spreads, d * spread_dot / spreads
    inverse = xp.linalg.inv(spreads)
    return xp.linalg.trace(inverse), xp.sum(spread_dot * inverse, axis=(-2, -1))


# Samplers ------------------------------------------------------------------------------------------------------------


def step(fields, x, t, t_next, *, kind, epsilon=0.0, xi=None):
    """One step of a sampler, forward or backward in time.

    Parameters
    ----------
    fields : callable
        ``fields(t, x) -> Fields``; the ODE needs `b` alone.
    x : array [n, d]
        Points at time t.
    t, t_next : float
        In [0, 1], not equal. If t_next < t the step goes backward.
    kind : str
        "rk4": Runge-Kutta for the ODE. "em": Euler-Maruyama. "heun": noise first, then Heun's step with both stages
        at t_next.
    epsilon : float, default: 0.0
        >= 0, diffusion of the SDE.
    xi : array [n, d], optional
        Standard normal. Not needed by "rk4".

    Returns
    -------
    array [n, d]
        Points at time t_next.

    Raises
    ------
    TypeError, ValueError
        If a time is not in [0, 1], both are equal, `epsilon` is negative, or shapes and dtypes do not fit.

    Notes
    -----
    Equations (interpolants-26) to (interpolants-31) of the documentation; Section 2 of the paper, and for "heun"
    the authors' code, after Algorithm 2 of Karras et al. (2022, arXiv:2206.00364).

    Examples
    --------
    >>> import numpy as np
    >>> still = lambda t, x: Fields(b=0 * x, s=-x)
    >>> step(still, np.ones((1, 1)), 0.5, 0.75, kind="em", epsilon=0.5, xi=np.ones((1, 1)))
    array([[1.375]])
    """
    check.function(fields=fields)
    t, t_next = _two_times(t=t, t_next=t_next)
    check.choice(SAMPLERS, kind=kind)
    epsilon = check.nonnegative(epsilon=epsilon)
    check.finite(x=x), check.shapes(x=(x, "n d"))
    if kind != "rk4":
        check.alike(x=x, xi=xi)
    return _STEPS[kind](fields, x, t, t_next, epsilon, xi)


def sample(fields, x, times, *, kind, epsilon=0.0, noise=None, record=None, progress=None):
    """A whole run of a sampler.

    Parameters
    ----------
    fields, kind
        As for `step`.
    x : array [n, d]
        Start: samples of the density at times[0].
    times : array [N + 1]
        In [0, 1], rising or falling. Where fields grow without bound at 0 and 1, they keep a little away from these.
    epsilon : float, or array [N], default: 0.0
        Diffusion >= 0, of all steps or of each.
    noise : array [N, n, d], optional
        Standard normal. Not needed by "rk4".
    record : callable, optional
        ``record(x) -> dict of str to value``, at the start and after each step.
    progress : str, optional
        Title of a progress bar.

    Returns
    -------
    core.loop.Run
        Its state has the samples of the density at times[-1], [n, d]; see there for the rest.

    Raises
    ------
    TypeError, ValueError
        As `step` says, and if times neither rise nor fall.

    Examples
    --------
    >>> import numpy as np
    >>> narrow, wide = (Mixture(np.ones(1), np.zeros((1, 1)), np.array([v])) for v in (1.0, 9.0))
    >>> flow = mixture_flow(narrow, wide, gamma="zero")
    >>> sample(flow, np.array([[1.0], [-2.0]]), np.linspace(0, 1, 21), kind="rk4").state.round(4)
    array([[ 3.],
           [-6.]])
    """
    check.function(fields=fields), check.choice(SAMPLERS, kind=kind)
    check.finite(x=x), check.shapes(x=(x, "n d"))
    steps = _checked_times(times, x)
    rates = _rates(epsilon, steps, x)
    if kind != "rk4":
        _checked_noise(noise, x, (steps, *x.shape))

    def onward(x, k):
        xi = None if kind == "rk4" else noise[k - 1, ...]
        return _STEPS[kind](fields, x, times[k - 1], times[k], rates[k - 1], xi)

    return iterate(onward, x, steps=steps, record=record, progress=progress)


def _asked(fields, t, x, *names):
    """Fields, if those that are needed are there and like the points."""
    found = fields(t, x)
    for name in names:
        value = getattr(found, name, None)
        if value is None:
            raise ValueError(f"fields must return {name} for this, got None")
        check.like(x[:, 0] if name.startswith("div") else x, **{f"{name} of fields": value})
        check.finite(**{f"{name} of fields": value})
    return found


def _drift(fields, t, x, epsilon):
    """Of the SDE; a negative epsilon stands for the backward one."""
    f = _asked(fields, t, x, "b", "s")
    return f.b + epsilon * f.s  # (interpolants-26)


def _euler_maruyama(fields, x, t, t_next, epsilon, xi):
    h = t_next - t
    signed = epsilon if h > 0 else -epsilon  # (interpolants-27)
    root = (2 * epsilon * abs(h)) ** 0.5
    return x + h * _drift(fields, t, x, signed) + root * xi  # (interpolants-28)


def _heun(fields, x, t, t_next, epsilon, xi):
    h = t_next - t
    signed = epsilon if h > 0 else -epsilon
    x = x + (2 * epsilon * abs(h)) ** 0.5 * xi  # (interpolants-29)
    first = _drift(fields, t_next, x, signed)  # (interpolants-30)
    second = _drift(fields, t_next, x + h * first, signed)
    return x + h / 2 * (first + second)


def _ode(fields, x, t, t_next, epsilon, xi):
    return _rk4(lambda t, x: (_asked(fields, t, x, "b").b,), t, t_next, x)[0]  # (interpolants-31)


_STEPS = {"rk4": _ode, "em": _euler_maruyama, "heun": _heun}


def _rk4(slope, t, t_next, *state):
    """The classical step of order four, for several arrays."""
    h = t_next - t
    moved = lambda by, slopes: [y + by * k for y, k in zip(state, slopes, strict=True)]
    k1 = slope(t, *state)
    k2 = slope(t + h / 2, *moved(h / 2, k1))
    k3 = slope(t + h / 2, *moved(h / 2, k2))
    k4 = slope(t_next, *moved(h, k3))
    return moved(h / 6, [p + 2 * (q + r) + s for p, q, r, s in zip(k1, k2, k3, k4, strict=True)])


# Dormand and Prince (1980): where each stage is asked, what it is made of, and what order 5 has more than order 4.
_NODES = (1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1)
_STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_MORE = (71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


def solve(fields, x, t, t_end, *, tolerance=1e-6):
    """The ODE with steps that choose their length: the pair of orders 5 and 4 of Dormand and Prince.

    Parameters
    ----------
    fields : callable
        ``fields(t, x) -> Fields``, of which `b` is used.
    x : array [n, d]
        Points at time t.
    t, t_end : float
        In [0, 1], not equal.
    tolerance : float, default: 1e-6
        Of a step's error, in every coordinate, in units of 1 plus its size; at least 16 roundings.

    Returns
    -------
    Solved
        See there. All points share their steps.

    Raises
    ------
    TypeError, ValueError
        As `step` says, and if no step is short enough.

    Examples
    --------
    >>> import numpy as np
    >>> narrow, wide = (Mixture(np.ones(1), np.zeros((1, 1)), np.array([v])) for v in (1.0, 9.0))
    >>> found = solve(mixture_flow(narrow, wide, gamma="zero"), np.array([[1.0], [-2.0]]), 0.0, 1.0)
    >>> found.x.round(5), found.evaluations < 200
    (array([[ 3.],
           [-6.]]), True)
    """
    check.function(fields=fields), check.finite(x=x), check.shapes(x=(x, "n d"))
    t, t_end = _two_times(t=t, t_end=t_end)
    xp, least = array_namespace(x), 16 * float(array_namespace(x).finfo(x.dtype).eps)
    if (tolerance := check.positive(tolerance=tolerance)) < least:
        raise ValueError(f"tolerance must be at least {least:.3g} in this dtype, got {tolerance!r}")
    slope = lambda t, x: _asked(fields, t, x, "b").b
    t, t_end = float(t), float(t_end)
    h, first, steps, evaluations = (t_end - t) / 64, slope(t, x), 0, 1
    while t != t_end:
        h, onto = (t_end - t, t_end) if abs(h) >= abs(t_end - t) else (h, t + h)
        if onto == t:
            raise ValueError(f"fields must allow steps of some length, got none at t = {t!r}")
        y, slopes = x, [first]
        for node, row in zip(_NODES, _STAGES, strict=True):
            y = x + h * sum(c * k for c, k in zip(row, slopes, strict=True))
            slopes.append(slope(onto if node == 1 else t + node * h, y))
        gap = h * sum(c * k for c, k in zip(_MORE, slopes, strict=True))
        error = float(xp.max(xp.abs(gap) / (1 + xp.maximum(xp.abs(x), xp.abs(y))))) / tolerance
        evaluations += len(_NODES)
        if error <= 1:
            t, x, first, steps = onto, y, slopes[-1], steps + 1
        h = h * min(5.0, max(0.2, 0.9 * max(error, 1e-9) ** -0.2))
    return Solved(x, steps, evaluations)


# Likelihoods ---------------------------------------------------------------------------------------------------------


def log_likelihood(fields, log_rho0, x, times, *, kind="ode", epsilon=0.0, noise=None):
    """Log-density at points of what a sampler makes of `rho0`.

    Parameters
    ----------
    fields : callable
        ``fields(t, x) -> Fields`` with `div_b`, and but for the ODE with `s` and `div_s`.
    log_rho0 : callable
        ``log_rho0(x)``, [n]: of the density at times[-1].
    x : array [n, d]
        Points at times[0].
    times : array [N + 1]
        In [0, 1], falling.
    kind : str, default: "ode"
        "ode": change of variables along the ODE. "feynman_kac": of the forward SDE, a mean of densities over paths.
        "ito": the authors' code, a mean of log-densities over paths of the backward SDE, which is right only if `s`
        is the score of what `b` transports.
    epsilon : float, or array [N], default: 0.0
        Diffusion >= 0.
    noise : array [N, M, n, d], optional
        Standard normal, for M paths from each point. Not needed by "ode".

    Returns
    -------
    Likelihood
        See there. For "feynman_kac" the estimate is the log of the mean, for "ito" the mean of the logs.

    Raises
    ------
    TypeError, ValueError
        As for `sample`, and if times do not fall.

    Notes
    -----
    Equations (interpolants-32) to (interpolants-36) of the documentation; the section of the paper on likelihoods.

    Examples
    --------
    >>> import numpy as np
    >>> narrow, wide = (Mixture(np.ones(1), np.zeros((1, 1)), np.array([v])) for v in (1.0, 9.0))
    >>> flow = mixture_flow(narrow, wide, gamma="zero", divergence=True)
    >>> x, times = np.array([[3.0]]), np.linspace(1, 0, 21)
    >>> found = log_likelihood(flow, lambda x: mixtures.log_density(x, narrow), x, times)
    >>> found.log_density.round(4), mixtures.log_density(x, wide).round(4)
    (array([-2.5176]), array([-2.5176]))
    """
    check.function(fields=fields, log_rho0=log_rho0), check.choice(LIKELIHOODS, kind=kind)
    check.shapes(x=(x, "n d"))
    check.finite(x=x)
    steps = _checked_times(times, x)
    if not float(times[-1]) < float(times[0]):
        raise ValueError("times must fall, from the points back to the start")
    rates, log_rho0 = _rates(epsilon, steps, x), partial(_asked_density, log_rho0)
    if kind == "ode":
        return _ode_likelihood(fields, log_rho0, x, times)
    shape = (steps, noise.shape[1] if len(getattr(noise, "shape", ())) == 4 else 1, *x.shape)
    _checked_noise(noise, x, shape)
    xp = array_namespace(x)
    y = xp.reshape(xp.broadcast_to(x[None, ...], shape[1:]), (-1, x.shape[1]))
    noise = xp.reshape(noise, (steps, *y.shape))
    follow = _feynman_kac if kind == "feynman_kac" else _ito
    paths = xp.reshape(follow(fields, log_rho0, y, times, rates, noise), shape[1:3])
    if kind == "feynman_kac":
        return Likelihood(logsumexp(paths, axis=0) - math.log(shape[1]), paths)  # (interpolants-34)
    return Likelihood(xp.mean(paths, axis=0), paths)  # (interpolants-36)


def _asked_density(log_rho0, x):
    found = log_rho0(x)
    check.like(x[:, 0], log_rho0=found)
    if bool(array_namespace(found).any(found != found)):
        raise ValueError("log_rho0 must not be NaN, got some")
    return found


def _ode_likelihood(fields, log_rho0, x, times):
    def slope(t, x, _):
        f = _asked(fields, t, x, "b", "div_b")
        return f.b, f.div_b

    xp = array_namespace(x)
    grown = xp.zeros(x.shape[0], dtype=x.dtype, device=device(x))
    for k in range(times.shape[0] - 1):
        x, grown = _rk4(slope, times[k], times[k + 1], x, grown)
    paths = (log_rho0(x) + grown)[None, :]  # (interpolants-32)
    return Likelihood(paths[0, :], paths)


def _feynman_kac(fields, log_rho0, y, times, rates, noise):
    """The forward drift, run backward."""
    xp = array_namespace(y)
    log_weight = xp.zeros(y.shape[0], dtype=y.dtype, device=device(y))
    for k in range(times.shape[0] - 1):
        h, epsilon = times[k] - times[k + 1], rates[k]
        f = _asked(fields, times[k], y, "b", "s", "div_b", "div_s")
        log_weight = log_weight - h * (f.div_b + epsilon * f.div_s)  # (interpolants-33)
        y = y - h * (f.b + epsilon * f.s) + (2 * epsilon * h) ** 0.5 * noise[k, ...]
    return log_weight + log_rho0(y)


def _ito(fields, log_rho0, y, times, rates, noise):
    """The backward sampler, and what the logarithm of the density gains on its way: not the SDE's density for wrong
    fields, but the figure that the authors' code prints."""
    xp = array_namespace(y)
    gained = xp.zeros(y.shape[0], dtype=y.dtype, device=device(y))
    for k in range(times.shape[0] - 1):
        h, epsilon = times[k] - times[k + 1], rates[k]
        y = _heun(fields, y, times[k], times[k + 1], epsilon, noise[k, ...])
        f = _asked(fields, times[k + 1], y, "s", "div_b", "div_s")
        rate = f.div_b + epsilon * f.div_s + epsilon * xp.sum(f.s * f.s, axis=-1)  # (interpolants-35)
        gained = gained + h * rate
    return log_rho0(y) - gained


# Schroedinger bridge -------------------------------------------------------------------------------------------------


def entropic_covariance(s0, s1, epsilon):
    """Covariance of x_0 and x_1 under the bridge between N(0, s0^2) and N(0, s1^2).

    Parameters
    ----------
    s0, s1 : float
        > 0, standard deviations.
    epsilon : float
        >= 0, half the squared size of the reference noise, sqrt(2 epsilon) dW. For a solver of entropic transport
        with cost ``|x - y|^2 / 2`` this is a regularization of 2 epsilon.

    Returns
    -------
    float
        The largest possible one, s0 s1, at epsilon = 0.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range.

    Notes
    -----
    Equation (interpolants-39) of the documentation.

    Examples
    --------
    >>> entropic_covariance(3.0, 1.0, 4.0)
    1.0
    """
    s0, s1 = check.positive(s0=s0, s1=s1)
    epsilon = check.nonnegative(epsilon=epsilon)
    most = s0 * s1
    return most * (most / (math.hypot(most, epsilon) + epsilon))  # (interpolants-39)


def bridge_variance(t, s0, s1, epsilon):
    """Variance of x_t under the bridge, at times t in [0, 1], an array; the rest as for `entropic_covariance`.

    Notes
    -----
    Equation (interpolants-40) of the documentation.

    Examples
    --------
    >>> import numpy as np
    >>> bridge_variance(np.array([0.0, 0.5, 1.0]), 3.0, 1.0, 4.0)
    array([9., 5., 1.])
    """
    _checked_range(t=t)
    s0, s1 = check.positive(s0=s0, s1=s1)
    epsilon = check.nonnegative(epsilon=epsilon)
    c = entropic_covariance(s0, s1, epsilon)
    return (1 - t) ** 2 * s0**2 + t**2 * s1**2 + 2 * t * (1 - t) * (c + epsilon)  # (interpolants-40)


def bridge_energy(alpha_squared, *, s0, s1, epsilon, a=0.5):
    """Kinetic energy of the forward SDE of a path between N(0, s0^2) and N(0, s1^2), to be minimized over the path.

    Parameters
    ----------
    alpha_squared : array [T]
        alpha^2 at the times k / (T + 1), k = 1 ... T; beta = t, and gamma^2 = a t (1 - t).
    s0, s1, epsilon
        As for `entropic_covariance`.
    a : float, default: 0.5
        > 0, of gamma.

    Returns
    -------
    array of shape ()
        Integral of ``E |b + epsilon s|^2 / 2`` over [0, 1], by the midpoint rule; differentiable.

    Raises
    ------
    TypeError, ValueError
        If a number is out of range, or `alpha_squared` is no finite array of numbers >= 0.

    Notes
    -----
    Equations (interpolants-37) and (interpolants-38) of the documentation; Theorem 41 of the paper.

    Examples
    --------
    >>> import numpy as np
    >>> t = np.arange(1, 60) / 60
    >>> bridge_energy((1 - t) ** 2, s0=1.0, s1=0.3, epsilon=0.4).round(4)
    np.float64(1.0104)
    """
    s0, s1, a = check.positive(s0=s0, s1=s1, a=a)
    epsilon = check.nonnegative(epsilon=epsilon)
    check.shapes(alpha_squared=(alpha_squared, "T"))
    check.finite(alpha_squared=alpha_squared)
    xp = array_namespace(alpha_squared)
    if not bool(xp.all(alpha_squared >= 0)):
        raise ValueError(f"alpha_squared must be >= 0, got {float(xp.min(alpha_squared)):g}")
    steps = alpha_squared.shape[0] + 1
    like = {"dtype": alpha_squared.dtype, "device": device(alpha_squared)}
    t = xp.arange(1, steps, **like) / steps
    inner = alpha_squared * s0**2 + t**2 * s1**2 + a * t * (1 - t)  # (interpolants-37)
    V = xp.concat([xp.asarray([s0**2], **like), inner, xp.asarray([s1**2], **like)])
    middle, slope = (V[1:] + V[:-1]) / 2, (V[1:] - V[:-1]) * steps
    drift = slope / 2 - epsilon
    return xp.sum(drift * (drift / (2 * middle))) / steps  # (interpolants-38)


# Checks --------------------------------------------------------------------------------------------------------------


def _checked_range(**named):
    """Times in [0, 1]."""
    check.finite(**named)
    ((name, times),) = named.items()
    xp = array_namespace(times)
    if not bool(xp.all((times >= 0) & (times <= 1))):
        raise ValueError(f"{name} must be times in [0, 1], got {float(xp.min(times)):g} to {float(xp.max(times)):g}")


def _two_times(**named):
    """A step's times in [0, 1], which are not equal."""
    times = check.number(**named)
    for name, time in zip(named, times, strict=True):
        if not 0 <= float(time) <= 1:
            raise ValueError(f"{name} must be a time in [0, 1], got {float(time):g}")
    if float(times[0]) == float(times[1]):
        first, second = named
        raise ValueError(f"{second} must differ from {first}, got {float(times[0]):g} twice")
    return times


def _checked_coefficients(c):
    """Coefficients of a path, whose slope of gamma may be infinite."""
    check.fields(Coefficients, infinite=("gamma_dot",), c=c)
    check.provides("shape", "dtype", **c._asdict()), check.alike_dtype(**c._asdict())
    if len(shapes := {tuple(k.shape) for k in c}) > 1:
        raise ValueError(f"c must have coefficients of one shape, got {', '.join(map(str, sorted(shapes)))}")
    if bool(array_namespace(c.gamma_dot).any(c.gamma_dot != c.gamma_dot)):
        raise ValueError("c.gamma_dot must not be NaN, got some")


def _checked_times(times, x):
    """Number of steps, if the times rise or fall within [0, 1]."""
    check.shapes(times=(times, "N"))
    check.alike_dtype(x=x, times=times)
    _checked_range(times=times)
    xp, steps = array_namespace(times), times[1:] - times[:-1]
    if not steps.shape[0] or not (bool(xp.all(steps > 0)) or bool(xp.all(steps < 0))):
        raise ValueError("times must be at least two that rise, or fall")
    return steps.shape[0]


def _rates(epsilon, steps, x):
    """Diffusion of each step."""
    if len(getattr(epsilon, "shape", ())) == 0:
        return [check.nonnegative(epsilon=epsilon)] * steps
    check.shapes(epsilon=(epsilon, str(steps)))
    check.alike_dtype(x=x, epsilon=epsilon)
    check.finite(epsilon=epsilon)
    if not bool(array_namespace(epsilon).all(epsilon >= 0)):
        raise ValueError(f"epsilon must be >= 0, got {float(array_namespace(epsilon).min(epsilon)):g}")
    return [epsilon[k] for k in range(steps)]


def _checked_noise(noise, x, shape):
    check.shapes(noise=(noise, " ".join(map(str, shape))))
    check.alike_dtype(x=x, noise=noise)
    check.finite(noise=noise)
