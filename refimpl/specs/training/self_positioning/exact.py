"""Right answers of Self Positioning, apart from the source: rotations, differences, and counting, in enough digits."""

from fractions import Fraction

import numpy as np

from refimpl.specs.exact import asin, cos, exp, fractions, log, reals, sin, solve, sqrt

_SIZE = reals(1e-14)  # of a difference: its error is the square
_LEAST = 1e-9  # sine below which an arc is straight


def _norm(v):
    return sqrt((v**2).sum())


def _rotated(U, W, t):
    """Turn the direction of U by a share of the angle; how much of both it is, both count by with their lengths."""
    straight = (1 - t) * U + t * W
    if not any(U) or not any(W):
        return straight
    u, w = U / _norm(U), W / _norm(W)
    half = asin(_norm(w - u) / 2)
    if sin(2 * half) < _LEAST:
        return straight
    across = w - (u @ w) * u
    across = across / _norm(across)
    turned = cos(2 * half * t) * u + sin(2 * half * t) * across
    B = (turned @ across) / (w @ across)
    A = turned @ u - B * (w @ u)
    return A * U + B * W


def slerp(U, W, a_i, a_j):
    """By rotation in the plane of both."""
    U, W, a_i, a_j = map(reals, (U, W, a_i, a_j))
    return _rotated(U, W, a_j / (a_i + a_j))


def _chain(V, a):
    merged, total = V[0], a[0]
    for j in range(1, len(V)):
        merged = _rotated(merged, V[j], j * a[j] / (total + j * a[j]))
        total = total + a[j]
    return merged


def chain(V, a, lam):
    """One rotation after the other."""
    V, a, lam = map(reals, (V, a, lam))
    return lam * _chain(V, a)


def _slopes(f, x):
    """Central differences of a function of a vector."""
    steps = np.where(np.eye(len(x)) > 0, _SIZE, 0 * _SIZE)
    return np.array([(f(x + step) - f(x - step)) / (2 * _SIZE) for step in steps], dtype=object)


def chain_gradient(V, a, lam, g):
    """Differences of the chain."""
    V, a, lam, g = map(reals, (V, a, lam, g))
    return _slopes(lambda a: lam * (_chain(V, a) @ g), a), _chain(V, a) @ g


def _walk(a, objective, steps, eta_a, eta_lam):
    """Gradient descent with differences of objective(k, a, lam)."""
    a, lam = reals(a), reals(1.0)
    weights, lengths = [], []
    for k in range(steps):
        slope = _slopes(lambda x, k=k: objective(k, x[:-1], x[-1]), np.append(a, lam))
        a = np.maximum(a - eta_a * slope[:-1], reals(1e-3))
        lam = lam - eta_lam * slope[-1]
        weights.append(a)
        lengths.append(lam)
    return np.stack(weights), np.array(lengths, dtype=object)


def position_steps(V, grads, mu, eta_a, eta_lam):
    """Step by step, with differences of what is minimised."""
    V, grads, mu, eta_a, eta_lam = map(reals, (V, grads, mu, eta_a, eta_lam))

    def objective(k, a, lam):
        return lam * (_chain(V, a) @ grads[k]) + mu * lam

    return _walk(np.ones(len(V)), objective, len(grads), eta_a, eta_lam)


def _loss(Q, D, tau):
    """Minus the mean logarithm of the probability of each query's own document."""
    total = reals(0.0)
    for k, q in enumerate(Q):
        powers = [exp((q @ d) / (_norm(q) * _norm(d) * tau)) for d in D]
        total -= log(powers[k] / sum(powers))
    return total / len(Q)


def info_nce(Q, D, tau):
    """Minus logarithms of probabilities, and their differences."""
    Q, D, tau = map(reals, (Q, D, tau))

    def slopes(f, X):
        size = _SIZE * _norm(X.ravel())  # where the loss turns fast, entries are small
        found = [(f(X + step) - f(X - step)) / (2 * size) for step in _steps(X.shape, size)]
        return np.array(found, dtype=object).reshape(X.shape)

    return _loss(Q, D, tau), slopes(lambda Q: _loss(Q, D, tau), Q), slopes(lambda D: _loss(Q, D, tau), D)


def _steps(shape, size):
    for place in np.ndindex(shape):
        step = np.full(shape, 0 * size, dtype=object)
        step[place] = size
        yield step


def position_run(theta0, V, X, Y, tau, mu, eta_a, eta_lam):
    """Step by step, with differences of loss and penalty of the merged encoder."""
    theta0, V, X, Y, tau, mu, eta_a, eta_lam = map(reals, (theta0, V, X, Y, tau, mu, eta_a, eta_lam))

    def loss(k, a, lam):
        theta = theta0 + lam * _chain(V, a).reshape(theta0.shape)
        return _loss(X[k] @ theta.T, Y[k] @ theta.T, tau)

    a, lam = _walk(np.ones(len(V)), lambda k, a, lam: loss(k, a, lam) + mu * lam, len(X), eta_a, eta_lam)
    before = [(reals(np.ones(len(V))), reals(1.0)), *zip(a[:-1], lam[:-1], strict=True)]
    return a, lam, np.array([loss(k, *at) for k, at in enumerate(before)], dtype=object)


def average(V, weights):
    """In rational numbers."""
    V, weights = fractions(V), fractions(weights)
    return (weights @ V) / weights.sum()


def task_arithmetic(V, lam):
    """In rational numbers."""
    return Fraction(lam) * fractions(V).sum(axis=0)


def ties(V, density, lam):
    """By counting."""
    N, P = V.shape
    kept = np.zeros((N, P), dtype=bool)
    for i, row in enumerate(V):
        ranked = sorted(range(P), key=lambda p: (-abs(row[p]), p))
        kept[i, ranked[: max(1, int(density * P))]] = True
    merged = []
    for column, mask in zip(fractions(V).T, kept.T, strict=True):
        entries = [x for x, keep in zip(column, mask, strict=True) if keep]
        total = sum(entries, Fraction(0))
        alike = [x for x in entries if x * total > 0]
        merged.append(Fraction(lam) * sum(alike, Fraction(0)) / max(1, len(alike)))
    return np.array(merged, dtype=object), kept


def fisher(V, F, weights):
    """In rational numbers, coordinate by coordinate."""
    V, F, weights = fractions(V), fractions(F), fractions(weights)
    counts = [weights * column for column in F.T]
    rows = [(c @ v) / c.sum() if c.sum() else v.sum() / len(v) for c, v in zip(counts, V.T, strict=True)]
    return np.array(rows, dtype=object)


def regmean(W, G):
    """One linear system."""
    W, G = reals(W), reals(G)
    return solve(G.sum(axis=0), sum(g @ w for g, w in zip(G, W, strict=True)))
