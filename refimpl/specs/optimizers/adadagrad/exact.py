"""Right answers of AdAdaGrad's operations, apart from the source."""

import math

import numpy as np

from refimpl.specs.exact import fractions, reals, sqrt


def _variance(rows, divisor):
    """From the differences of all pairs, without a mean."""
    pairs = ((p - q) ** 2 for i, p in enumerate(rows) for q in rows[:i])
    return sum(pairs, start=0 * rows[0]) / (len(rows) * divisor)


def _quotient(noise, signal):
    if signal != 0:
        return noise / signal
    return math.inf if noise > 0 else 0


def _ratio(rows, test, eta, vartheta, nu, divisor):
    mean, variance = sum(rows) / len(rows), _variance(rows, divisor)
    square = sum(mean * mean)
    if test == "norm":
        return _quotient(sum(variance), eta**2 * square)
    if test == "coordinate":
        return max(_quotient(v, eta**2 * m * m) for v, m in zip(variance, mean, strict=True))
    products = _variance(rows.dot(mean), divisor)
    along = _quotient(products, vartheta**2 * square**2)
    if test == "inner_product":
        return along
    across = sum(variance) - (products / square if square else 0)  # Pythagoras: the rest of the variance
    return max(along, _quotient(across, nu**2 * square))


def _grow(size, ratio, largest):
    return largest if ratio >= largest else max(size, math.ceil(ratio))


def batch_size(grads, test, eta, vartheta, nu, split, largest):
    """Rational arithmetic; variances from differences of pairs, the orthogonal one by Pythagoras."""
    rows, (eta, vartheta, nu) = fractions(grads), fractions([eta, vartheta, nu])
    return _grow(len(rows), _ratio(rows, test, eta, vartheta, nu, len(rows) - 1), largest)


def exact_size(population, test, eta, largest):
    """The same with divisor n."""
    rows, eta = fractions(population), fractions(eta)
    return _grow(1, _ratio(rows, test, eta, 1, 1, len(rows)), largest)


def _path(theta, grads, alpha, eps, start, square):
    """Every step by the sum over all gradients so far; `square(g)` is what one adds to the accumulator."""
    thetas, total = [], start
    for grad in grads:
        total = total + square(grad)
        theta = theta - alpha * grad / (sqrt(total) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def adagrad(theta0, grads, alpha, v0, eps):
    """In 50 digits."""
    theta0, grads, alpha, v0, eps = map(reals, (theta0, grads, alpha, v0, eps))
    return _path(theta0, grads, alpha, eps, v0, lambda g: g * g)


def adagrad_norm(theta0, grads, alpha, v0):
    """In 50 digits."""
    theta0, grads, alpha, v0 = map(reals, (theta0, grads, alpha, v0))
    return _path(theta0, grads, alpha, 0, v0**2, lambda g: sum(g * g))


def trajectory(a, y, theta0, stream, first, largest, steps, alpha, eta, v0, eps, rule, test):
    """In 50 digits, example by example."""
    a, y, theta, alpha, eta, v0, eps = map(reals, (a, y, theta0, alpha, eta, v0, eps))
    size, position, thetas, sizes = first, 0, [], []
    squares = v0**2 if rule == "norm" else v0 + 0 * theta
    for _ in range(steps):
        rows = [int(i) for i in stream[position : position + size]]
        position += size
        grads = np.stack([a[i] * (sum(a[i] * theta) - y[i]) for i in rows])
        mean = sum(grads) / len(rows)
        squares = squares + (sum(mean * mean) if rule == "norm" else mean * mean)
        theta = theta - alpha * mean / (sqrt(squares) + (0 if rule == "norm" else eps))
        size = _grow(size, _ratio(grads, test, eta, 1, 1, len(rows) - 1), largest)
        thetas.append(theta)
        sizes.append(size)
    return np.stack(thetas), np.array(sizes)
