"""Right answers of diffGrad, apart from the source: the friction by the half angle, moments as weighted means."""

import numpy as np

from refimpl.specs import exact
from refimpl.specs.exact import reals


def friction(previous, grad):
    """(1 + tanh(|change| / 2)) / 2."""
    return (1 + exact.tanh(abs(reals(grad) - reals(previous)) / 2)) / 2


def step(theta, m, v, previous, grad, t, lr, beta1, beta2, eps, weight_decay):
    """With the averages as corrections of the old ones."""
    theta, m, v, previous, grad = map(reals, (theta, m, v, previous, grad))
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    grad = grad + weight_decay * theta
    m = m + (1 - beta1) * (grad - m)
    v = v + (1 - beta2) * (grad**2 - v)
    root = exact.sqrt(v / (1 - beta2**t))
    xi = (1 + exact.tanh(abs(grad - previous) / 2)) / 2
    return theta - lr * xi * m / (1 - beta1**t) / (root + eps), m, v, grad


def trajectory(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """With the corrected moments as what they are: sums of all gradients so far, over the sums of their weights."""
    theta, thetas = reals(theta0), []
    lr, beta1, beta2, eps, weight_decay = map(reals, (lr, beta1, beta2, eps, weight_decay))
    first = second = before = 0 * theta
    weight1 = weight2 = 0
    for grad in reals(grads):
        grad = grad + weight_decay * theta
        first, weight1 = first * beta1 + grad, weight1 * beta1 + 1
        second, weight2 = second * beta2 + grad**2, weight2 * beta2 + 1
        xi = (1 + exact.tanh(abs(grad - before) / 2)) / 2
        theta = theta - lr * xi * first / weight1 / (exact.sqrt(second / weight2) + eps)
        before = grad
        thetas.append(theta)
    return np.stack(thetas)


def slope(function, x):
    """Point by point: on which piece, and its derivative there."""
    pieces = {
        "F1": lambda x: 2 * x + reals(0.6) if x <= 0 else 2 * x - reals(0.4),
        "F2": lambda x: reals(-40) if x <= -0.9 else 3 * x * x + exact.sin(8 * x) + x * 8 * exact.cos(8 * x),
        "F3": lambda x: 2 * x if abs(x) > 0.5 or x == -0.5 else _sawtooth(x),
    }
    return np.array([pieces[function](point) for point in reals(x)], dtype=object)


def _sawtooth(x):
    """Slope of F3 between -0.5 and 0.5: what is left of a joint holds at the joint."""
    inner = -0.4 < x <= 0.4
    falling = x <= 0 if inner else x > 0
    return reals((-1 if falling else 1) * (0.875 if inner else 1))


def online(x0, targets, lr, beta1, decay, beta2, eps, radius):
    """Each gradient, step size, rate and bound written out anew."""
    x, xs = reals(x0), []
    lr, beta1, decay, beta2, eps, radius = map(reals, (lr, beta1, decay, beta2, eps, radius))
    m, v, before = 0 * x, 0 * x, 0 * x
    for t, target in enumerate(reals(targets), start=1):
        rate = beta1 * decay ** (t - 1)
        gradient = 2 * x - 2 * target
        m, v = m + (1 - rate) * (gradient - m), v + (1 - beta2) * (gradient**2 - v)
        xi = (1 + exact.tanh(abs(before - gradient) / 2)) / 2
        root = exact.sqrt(v / (1 - beta2**t))
        x = x - lr / exact.sqrt(reals(t)) * xi * m / (1 - rate**t) / (root + eps)
        x, before = np.maximum(np.minimum(x, radius), -radius), gradient
        xs.append(x)
    return np.stack(xs)
