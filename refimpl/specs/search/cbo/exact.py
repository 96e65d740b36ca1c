"""Right answers of consensus-based optimization, apart from the source: the definitions, in enough digits."""

import math

import numpy as np

from refimpl.specs.exact import cos, exp, fractions, pi, reals, sqrt


def _mean(x, energies, alpha):
    weights = np.array([0 if e == math.inf else exp(-alpha * e) for e in energies])
    return (weights[:, None] * x).sum(axis=0) / weights.sum()


def _euler_maruyama(x, point, noise, drift, diffusion, dt, noise_type):
    away = x - point
    size = sqrt((away**2).sum(axis=1))[:, None] if noise_type == "isotropic" else away
    return point + away * (1 - drift * dt) + size * noise * diffusion * sqrt(dt)


def _energy(x, objective):
    if objective == "quadratic":
        return (x**2).sum(axis=1)
    waves = cos(x * 2 * pi)
    if objective == "rastrigin":
        return (x**2 - waves * 5 / 2).sum(axis=1) + x.shape[1] * reals(2.5)
    radius = sqrt((x**2).sum(axis=1) / x.shape[1])
    return 20 - exp(-radius / 5) * 20 + exp(reals(1.0)) - exp(waves.sum(axis=1) / x.shape[1])


def consensus(positions, energies, alpha):
    """Weights exp(-alpha E) as they are written."""
    return _mean(reals(positions), reals(energies), reals(alpha))


def step(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    """The Euler-Maruyama step about the consensus point."""
    x, alpha, drift, diffusion, dt = map(reals, (positions, alpha, drift, diffusion, dt))
    return _euler_maruyama(x, _mean(x, reals(energies), alpha), reals(noise), drift, diffusion, dt, noise_type)


def trajectory(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    """The same, step by step, on the true objective."""
    x, alpha, drift, diffusion, dt = map(reals, (positions0, alpha, drift, diffusion, dt))
    points = [_mean(x, _energy(x, objective), alpha)]
    for draws in reals(noise):
        x = _euler_maruyama(x, points[-1], draws, drift, diffusion, dt, noise_type)
        points.append(_mean(x, _energy(x, objective), alpha))
    return np.stack(points)


def hopping(start, noise, objective, alpha, width):
    """Cloud by cloud."""
    alpha, width, points = reals(alpha), reals(width), [reals(start)]
    for draws in reals(noise):
        cloud = points[-1] + width * draws
        points.append(_mean(cloud, _energy(cloud, objective), alpha))
    return np.stack(points)


def proximal(matrix, minimizer, point, tau):
    """The linear system (I + tau A) x = m + tau A b, by Gauss-Jordan elimination in rational arithmetic."""
    A, b, m, tau = map(fractions, (matrix, minimizer, point, tau))
    d = len(b)
    rows = np.concatenate([np.eye(d, dtype=int) + tau * A, (m + tau * (A @ b))[:, None]], axis=1)
    for i in range(d):  # positive definite: no pivoting needed
        rows[i] = rows[i] / rows[i, i]
        for j in range(d):
            if j != i:
                rows[j] = rows[j] - rows[i] * rows[j, i]
    return rows[:, -1]


def step_law(positions, energies, alpha, drift, diffusion, dt, noise_type):
    """Mean and standard deviation of `step` over standard normal noise: its components are independent and normal."""
    weights = np.exp(-alpha * (energies - energies.min()))
    point = weights @ positions / weights.sum()
    away = positions - point
    size = np.linalg.norm(away, axis=1, keepdims=True) if noise_type == "isotropic" else np.abs(away)
    return point + (1 - drift * dt) * away, np.broadcast_to(diffusion * dt**0.5 * size, away.shape)
