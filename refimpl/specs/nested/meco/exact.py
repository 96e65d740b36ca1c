"""Right answers of MECO and its rivals: the averages themselves, not their logarithms, in 50 digits."""

import numpy as np

from refimpl.specs.exact import exp, log, pi, reals, sqrt


def _step(theta, u, v, grads_data, g, grads_noise, lr, gamma, beta):
    batch = g.sum() / len(g)
    u = batch if u is None else u + gamma * (batch - u)
    d = (g[:, None] * grads_noise).sum(axis=0) / (len(g) * u) - grads_data.sum(axis=0) / len(grads_data)
    v = d if v is None else v + beta * (d - v)
    return theta - lr * v, u, v


def trajectory(theta0, features_data, features_noise, base, log_noise, lr, gamma, beta):
    """Algorithm 1 as it is printed, on the weights p / q."""
    theta, u, v, thetas, log_us = reals(theta0), None, None, [], []
    lr, gamma, beta = map(reals, (lr, gamma, beta))
    for x, z, f, q in zip(*map(reals, (features_data, features_noise, base, log_noise)), strict=True):
        theta, u, v = _step(theta, u, v, x, exp(f + z @ theta - q), z, lr, gamma, beta)
        thetas.append(theta)
        log_us.append(log(u))
    return np.stack(thetas), np.array(log_us)


def step(theta, log_u, velocity, grads_data, log_ratio, grads_noise, lr, gamma, beta):
    """The same, one step."""
    theta, velocity, x, ratio, z = map(reals, (theta, velocity, grads_data, log_ratio, grads_noise))
    u, lr, gamma, beta = exp(reals(log_u)), *map(reals, (lr, gamma, beta))
    theta, u, v = _step(theta, u, velocity, x, exp(ratio), z, lr, gamma, beta)
    return theta, log(u), v


def nce(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    """Posterior probabilities p / (p + nu q), and the gradient of their logarithms."""
    n, m = len(log_ratio_data), len(log_ratio_noise)
    z = exp(reals(c))
    p_x, p_z = (exp(reals(r)) / z for r in (log_ratio_data, log_ratio_noise))  # in units of q
    from_noise, from_data = m / (n * p_x + m), n * p_z / (n * p_z + m)
    loss = (log(1 + m / (n * p_x)).sum() + log(1 + n * p_z / m).sum()) / n
    grad = (from_data @ reals(grads_noise) - from_noise @ reals(grads_data)) / n
    return loss, grad, (from_noise.sum() - from_data.sum()) / n


def langevin(start, noise, mean, precision, step):
    """An autoregression about the mean."""
    mean, precision, step = map(reals, (mean, precision, step))
    away, points = reals(start) - mean, []
    for draws in reals(noise):
        away = away * (1 - step * precision / 2) + sqrt(step) * draws
        points.append(mean + away)
    return np.stack(points)


def gaussian_nce(params, target):
    """Trapezoid rule on other points, as many as the poles of the posterior ask for, on densities and posteriors."""
    target, (theta, c) = reals(target), reals(params)
    per_unit = max(4, round(2 * abs(float(theta))) + 1)
    gap = reals(1) / per_unit
    x = np.arange(-9 * per_unit, per_unit * (round(abs(float(target))) + 10)) * gap * (-1 if target < 0 else 1)
    lean = x * theta - c
    root = sqrt(2 * pi)
    q, p_star, odds = (exp(power) for power in (-x * x / 2, -((x - target) ** 2) / 2, lean))
    q, p_star = q / root, p_star / root
    from_data, from_noise = odds / (1 + odds), 1 / (1 + odds)
    loss = ((p_star + q) * log(1 + odds) - p_star * lean).sum() * gap / 2
    slope, bend = (q * from_data - p_star * from_noise) * gap / 2, (p_star + q) * from_data * from_noise * gap / 2
    grad = np.array([(slope * x).sum(), -slope.sum()])
    grad = np.where(abs(grad) < 1e-40, 0, grad)  # what 50 digits leave of a zero
    mixed = -(bend * x).sum()
    return loss, grad, np.array([[(bend * x * x).sum(), mixed], [mixed, bend.sum()]])
