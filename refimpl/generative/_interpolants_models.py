"""What interpolants are tried on: pairs of mixtures on the line, fields learnt by least squares, and the equation of
Fokker and Planck.

All on the line and on the host: points are NumPy arrays [n, 1] of float64.
"""

from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import scipy  # loads its parts when they are asked for, which takes time

from refimpl.core import check
from refimpl.generative import interpolants
from refimpl.generative.interpolants import Fields
from refimpl.models.mixture import Mixture, checked


def on_a_line(weights, means, variances):
    """A mixture on the line.

    Examples
    --------
    >>> on_a_line([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0]).means.shape
    (2, 1)
    """
    check.sequence(weights=weights, means=means, variances=variances)
    weights, means = check.real(weights=weights), check.real(means=means)
    return checked(Mixture(weights, means[:, None], check.real(variances=variances)))


TWO = on_a_line([0.4, 0.6], [-2.0, 1.0], [0.25, 0.16])
THREE = on_a_line([0.3, 0.5, 0.2], [-3.0, 0.0, 3.0], [0.09, 0.25, 0.09])
STANDARD = on_a_line([1.0], [0.0], [1.0])
PAIR = on_a_line([0.5, 0.5], [-1.5, 1.5], [0.25, 0.25])


# Fields from data ----------------------------------------------------------------------------------------------------


class Learnt(NamedTuple):
    """Coefficients of b and of the denoiser in 1, x and bumps, at some times."""

    times: np.ndarray  # [T], rising
    b: np.ndarray  # [T, F]
    eta: np.ndarray  # [T, F]
    centres: np.ndarray  # [F - 2] of the bumps
    width: float


def features(x, centres, width):
    """1, x, and bumps exp(-(x - c)^2 / (2 width^2)) at points [n, 1].

    Examples
    --------
    >>> features(np.array([[2.0]]), np.array([2.0, 9.0]), 1.0)
    array([[1.00000000e+00, 2.00000000e+00, 1.00000000e+00, 2.28973485e-11]])
    """
    check.finite(x=x, centres=centres)
    width = check.positive(width=width)
    return np.concatenate([np.ones_like(x), x, np.exp(-(((x - centres) / width) ** 2) / 2)], axis=1)


def ridge(F, target, penalty):
    """Coefficients with the least mean of (target - F c)^2 + penalty |c|^2.

    Examples
    --------
    >>> ridge(np.ones((4, 1)), np.full(4, 3.0), 0.5)
    array([2.])
    """
    check.finite(F=F, target=target), check.nonnegative(penalty=penalty)
    return np.linalg.solve(F.T @ F / len(F) + penalty * np.eye(F.shape[1]), F.T @ target / len(F))


def learn(x0, x1, z, times, *, centres, width, penalty, **path):
    """Velocity and denoiser at given times: the minimizers of their antithetic objectives.

    Parameters
    ----------
    x0, x1 : array [n, 1]
        Pairs of samples.
    z : array [T, n, 1]
        Standard normal, for each time.
    times : array [T]
        In (0, 1), rising.
    centres, width, penalty
        As for `features` and `ridge`.
    **path
        Of `interpolants.schedule`.

    Returns
    -------
    Learnt
        See there.

    Examples
    --------
    >>> x0, x1, z = np.array([[-1.0], [1.0]]), np.array([[3.0], [5.0]]), np.ones((1, 2, 1))
    >>> found = learn(x0, x1, z, np.array([0.5]), centres=np.zeros(1), width=1.0, penalty=1e-9)
    >>> found.b.round(3)[0, 0] + 2 * found.b.round(3)[0, 1]
    np.float64(4.0)
    """
    check.finite(z=z, times=times, centres=centres)
    b, eta = [], []
    for t, noise in zip(times, z, strict=True):
        c = interpolants.schedule(np.asarray(t), **path)
        at = [interpolants.interpolate(x0, x1, sign * noise, c) for sign in (1.0, -1.0)]
        F = features(np.concatenate([one.x for one in at]), centres, width)
        b.append(ridge(F, np.concatenate([one.b for one in at])[:, 0], penalty))
        eta.append(ridge(F, np.concatenate([one.eta for one in at])[:, 0], penalty))
    return Learnt(times, np.stack(b), np.stack(eta), centres, width)


def learnt_fields(learnt, **path):
    """The same as ``fields(t, x)`` for samplers, linear in t between the times; the score is -eta / max(gamma, .1).

    Examples
    --------
    >>> flat = Learnt(np.array([0.0, 1.0]), np.array([[1.0, 0.0], [3.0, 0.0]]), np.zeros((2, 2)), np.zeros(0), 1.0)
    >>> learnt_fields(flat)(0.25, np.zeros((1, 1))).b
    array([[1.5]])
    """
    check.instance(Learnt, learnt=learnt)
    return partial(_learnt_fields, learnt, path)


def _learnt_fields(learnt, path, t, x):
    i = int(np.clip(np.searchsorted(learnt.times, t) - 1, 0, len(learnt.times) - 2))
    step = learnt.times[i + 1] - learnt.times[i]
    share = float(np.clip((t - learnt.times[i]) / step, 0.0, 1.0))
    F = features(x, learnt.centres, learnt.width)
    b, eta = (F @ ((1 - share) * c[i] + share * c[i + 1]) for c in (learnt.b, learnt.eta))
    gamma = float(interpolants.schedule(np.asarray(float(t)), **path).gamma)
    return Fields(b[:, None], -eta[:, None] / max(gamma, 0.1), eta=eta[:, None])


# Densities on a grid -------------------------------------------------------------------------------------------------


def fokker_planck(drift, epsilon, density, x, times):
    """Density at the last time of dX = drift dt + sqrt(2 epsilon) dW on the line.

    Finite volumes with the fluxes of Scharfetter and Gummel, which are exact for a constant drift, and the trapezoidal
    rule in time; nothing leaves the interval.

    Parameters
    ----------
    drift : callable
        ``drift(t, x)``, [m] at points [m].
    epsilon : float
        > 0.
    density : array [m]
        At the first time.
    x : array [m]
        Equidistant points.
    times : array [N + 1]
        Rising.

    Returns
    -------
    array [m]
        Density at the last time; its sum stays.

    Examples
    --------
    >>> x = np.linspace(-8, 8, 801)
    >>> normal = lambda v: np.exp(-(x**2) / (2 * v)) / np.sqrt(2 * np.pi * v)
    >>> found = fokker_planck(lambda t, x: 0 * x, 0.5, normal(1.0), x, np.linspace(0, 1, 101))  # variance 1 + 1
    >>> bool(np.abs(found - normal(2.0)).max() < 1e-5)
    True
    """
    check.function(drift=drift), check.finite(density=density, x=x, times=times)
    epsilon = check.positive(epsilon=epsilon)
    h = x[1] - x[0]
    edges = (x[1:] + x[:-1]) / 2
    bands = np.zeros((3, x.size))
    for start, end in pairwise(times):
        z = drift((start + end) / 2, edges) * h / epsilon
        with np.errstate(invalid="ignore", over="ignore"):
            up = np.where(np.abs(z) < 1e-8, 1 - z / 2, z / np.expm1(z))  # Bernoulli's function
        right, left = (up + z) * epsilon / h**2, up * epsilon / h**2  # share of a cell that leaves to each side
        half = (end - start) / 2
        out = np.append(right, 0.0) + np.append(0.0, left)
        moved = -out * density
        moved[1:] += right * density[:-1]
        moved[:-1] += left * density[1:]
        bands[1] = 1 + half * out
        bands[0, 1:], bands[2, :-1] = -half * left, -half * right
        density = scipy.linalg.solve_banded((1, 1), bands, density + half * moved)
    return density


def divergence_of(true, found, x):
    """Kullback-Leibler divergence of `found` from `true`, densities [m] on equidistant points.

    Examples
    --------
    >>> x = np.linspace(-9, 9, 901)
    >>> normal = lambda m: np.exp(-((x - m) ** 2) / 2) / np.sqrt(2 * np.pi)
    >>> divergence_of(normal(0.0), normal(1.0), x).round(6)
    np.float64(0.5)
    """
    check.finite(true=true, found=found, x=x)
    inside = true > 1e-300
    ratio = np.log(true[inside] / np.maximum(found[inside], 1e-300))
    return float(x[1] - x[0]) * np.sum(true[inside] * ratio)
