"""Right answers of weights from losses, apart from the source: weights by pairs of samples, in enough digits."""

import math

import numpy as np

from refimpl.specs.exact import exp, fractions, log, reals


def _softmax(s, r):
    """Each weight is one over a sum of odds; none is below e to the -10,000, which is 0."""
    return np.array([1 / sum(exp(min((other - own) / r, 10_000)) for other in s) for own in s])


def _mapped(x, low, high, delta):
    """The line through (middle of the range, 0) whose slope is delta over half of the range."""
    return (x - (low + high) / 2) * delta / (max(high - low, reals(1e-6)) / 2)


def _shape(h, strategy, delta):
    return {
        "linupper": lambda: np.array([delta + min(x, 0) for x in h]),
        "quadratic": lambda: (delta - h) * (delta + h) / delta**2,
        "extremes": lambda: np.array([max(x, -x) for x in h]),
        "upper": lambda: (delta + h) / 2,
        "uniform": lambda: h * 0,
    }[strategy]()


def _weights(x, strategy, delta, r, low=None, high=None):
    h = _mapped(x, min(x) if low is None else low, max(x) if high is None else high, delta)
    s = _shape(h, strategy, delta)
    return h, s, _softmax(s, r)


def sequence_losses(logits, labels):
    """A product of probabilities, token by token."""
    losses, counts = [], []
    for rows, tokens in zip(logits, labels, strict=True):
        powers = [exp(reals(row)) for row in rows]
        chances = [p[t] / p.sum() for p, t in zip(powers, tokens[1:], strict=False) if t >= 0]
        losses.append(-log(math.prod(chances)) / len(chances))
        counts.append(len(chances))
    return np.array(losses), np.array(counts)


def weights(losses, strategy, delta, r):
    """Mapped, shaped, compared by pairs."""
    return _weights(reals(losses), strategy, reals(delta), reals(r))


def fixed_range(losses, low, high, strategy, delta, r):
    """The same in a given range."""
    return _weights(reals(losses), strategy, *map(reals, (delta, r, low, high)))


def sharded_weights(losses, strategy, delta, r):
    """The batch as one list, and cut again."""
    x = reals(losses)
    w = weights(losses.ravel(), strategy, delta, r)[2].reshape(x.shape)
    return w, (w * x).mean(axis=1) * x.size


def gradient(losses, grads, strategy, delta, r):
    """Weighted sums of losses and gradients."""
    w = weights(losses, strategy, delta, r)[2]
    return w @ reals(losses), w @ reals(grads)


def regression_steps(A, y, theta0, eta, strategy, delta, r, warm):
    """Sample by sample."""
    theta, eta, thetas, ws = reals(theta0), reals(eta), [], []
    for t, (rows, answers) in enumerate(zip(reals(A), reals(y), strict=True)):
        off = np.array([row @ theta - answer for row, answer in zip(rows, answers, strict=True)])
        w = off * 0 + reals(1) / len(off)
        if t >= warm:
            w = _weights(off**2 / 2, strategy, reals(delta), reals(r))[2]
        theta = theta - eta * sum(w[i] * off[i] * rows[i] for i in range(len(off)))
        thetas.append(theta)
        ws.append(w)
    return np.stack(thetas), np.stack(ws)


def bound(A, theta0, theta_star, share, T, strategy, delta, r):
    """The matrix that takes the error of one step to the next."""
    A, error, share = reals(A), reals(theta0) - reals(theta_star), reals(share)
    L = max((A**2).sum(axis=1))
    base = (error**2).sum() * L / (2 * share * (1 - share) * T)
    gaps, weighted = [], []
    for _ in range(T):
        f = (A @ error) ** 2 / 2
        w = _weights(f, strategy, reals(delta), reals(r))[2]
        gaps.append(f.sum() / len(f))
        weighted.append((w * f).sum())
        error = (np.eye(len(error), dtype=int) - share / L * (A.T * w) @ A) @ error
    return np.array(gaps), base, np.array(weighted)


def dro(losses, r):
    """By pairs."""
    return _softmax(reals(losses), reals(r))


def combine(w, groups, alpha):
    """Rational arithmetic."""
    products = [x * fractions(alpha)[int(k)] for x, k in zip(fractions(w), groups, strict=True)]
    return np.array([x / sum(products) for x in products])
