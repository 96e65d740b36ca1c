"""Right answers of Sophia, in 50 digits and apart from the source: the definitions themselves."""

import numpy as np

from refimpl.specs import exact


def _clipped(numerator, denominator):
    """numerator / denominator, at least -1 and at most 1, for denominators > 0."""
    return np.minimum(np.maximum(numerator / denominator, -1), 1)


def _move(theta, m, h, grad, estimate, lr, beta1, beta2, gamma, eps, weight_decay):
    """One step on `reals`: averages move toward the newest value, the decay comes first."""
    m = grad + beta1 * (m - grad)
    h = h if estimate is None else estimate + beta2 * (h - estimate)
    return theta * (1 - lr * weight_decay) - lr * _clipped(m, np.maximum(gamma * h, eps)), m, h


def trajectory(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k):
    """Step by step."""
    theta, grads, estimates, *rates = map(
        exact.reals, (theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay)
    )
    m, h, thetas = 0 * theta, 0 * theta, []
    for t, grad in enumerate(grads):
        theta, m, h = _move(theta, m, h, grad, None if t % k else estimates[t], *rates)
        thetas.append(theta)
    return np.stack(thetas)


def step(theta, m, h, grad, estimate, refresh, lr, beta1, beta2, gamma, eps, weight_decay):
    """One step, and a count."""
    theta, m, h, grad, estimate, *rates = map(
        exact.reals, (theta, m, h, grad, estimate, lr, beta1, beta2, gamma, eps, weight_decay)
    )
    theta, m, h = _move(theta, m, h, grad, estimate if refresh == "yes" else None, *rates)
    unclipped = sum(abs(a) < b for a, b in zip(m, np.maximum(rates[3] * h, rates[4]), strict=True))
    return theta, m, h, np.array(unclipped) / exact.reals(len(m))


def _exact_logits(W, x, model):
    f = x.dot(W)
    return exact.tanh(f) if model == "tanh" else f


def _exact_loss(W, x, labels, model):
    """Mean cross-entropy, from the definition."""
    f = _exact_logits(W, x, model)
    return (exact.log(exact.exp(f).sum(axis=1)) - f[np.arange(len(f)), labels]).sum() / len(f)


def _units(W, size):
    """`size` times each unit vector, in the shape of W."""
    for index in np.ndindex(W.shape):
        unit = exact.reals(np.zeros(W.shape))
        unit[index] = exact.reals(size)
        yield index, unit


def hutchinson(W, x, labels, probe, model):
    """u times the second differences of the loss along u and each coordinate."""
    W, x, probe, labels, size = exact.reals(W), exact.reals(x), exact.reals(probe), labels.astype(int), 2.0**-40
    loss = lambda W: _exact_loss(W, x, labels, model)
    found, along = np.empty(W.shape, dtype=object), exact.reals(size) * probe
    for index, unit in _units(W, size):
        ahead, behind = W + along, W - along
        change = loss(ahead + unit) - loss(ahead - unit) - loss(behind + unit) + loss(behind - unit)
        found[index] = probe[index] * change / (4 * exact.reals(size) ** 2)
    return found


def gnb(W, x, labels, uniforms, model):
    """Labels by inverting the distribution function, then the squared differences of the loss.

    A probability below the smallest number that is a float64 counts as 0: no such class is drawn.
    """
    W, x, uniforms, size = exact.reals(W), exact.reals(x), exact.reals(uniforms), 2.0**-56
    weights = exact.exp(_exact_logits(W, x, model))
    sampled = []
    for row, u in zip(weights, uniforms, strict=True):
        row = np.where(row < row.sum() * exact.reals(5e-324), 0 * row, row)
        reached, total, label = row[0], u * row.sum(), 0
        while reached <= total:
            label += 1
            reached = reached + row[label]
        sampled.append(label)
    found = np.empty(W.shape, dtype=object)
    for index, unit in _units(W, size):
        slope = (_exact_loss(W + unit, x, sampled, model) - _exact_loss(W - unit, x, sampled, model)) / (
            2 * exact.reals(size)
        )
        found[index] = len(x) * slope**2
    return found


def newton(theta, grad, hessian, lr, rho):
    """The eigenvectors one by one, in 50 digits."""
    theta, grad, hessian, lr, rho = map(exact.reals, (theta, grad, hessian, lr, rho))
    values, vectors = exact.eigh(hessian)
    for value, vector in zip(values, vectors.T, strict=True):
        theta = theta - lr * rho * _clipped((vector * grad).sum(), value * rho) * vector
    return theta
