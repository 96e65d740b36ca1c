"""Right answers of random feature attention, apart from the source: the definitions, pair by pair, in enough digits."""

from fractions import Fraction

import mpmath
import numpy as np

from refimpl.specs.exact import eigh, fractions, reals, solve, sqrt

_mp = mpmath.MPContext()
_mp.dps = 24
_ROOTS = [_mp.sqrt(k) for k in range(1001)]


def _lifted(x):
    return np.concatenate([x, np.full((*x.shape[:-1], 1), 1 + 0 * x.flat[0])], axis=-1)


def _positive(u):
    return (u + abs(u)) / 2


def _scores(x0, keys, W):
    """<W_m, x_0 x_i^T>, with the outer product formed."""
    q, x = _lifted(x0), _lifted(keys)
    outer = q[:, None, :, None] * x[:, :, None, :]
    return np.array([[[(head * pair).sum() for pair in pairs] for head in W] for pairs in outer], dtype=object)


def preactivations(x0, keys, W):
    """In rational numbers."""
    return _scores(*map(fractions, (x0, keys, W)))


def features(x0, keys, W):
    """Sums over keys, in rational numbers but for the root."""
    x0, keys, W = map(reals, (x0, keys, W))
    weights = _positive(_scores(x0, keys, W))
    pooled = (weights[..., None] * _lifted(keys)[:, None, :, :]).sum(axis=2)
    return pooled / (sqrt(reals(len(W))) * keys.shape[1])


def forward(x0, keys, G, v, bias):
    """Key by key: what a key's value is to a head, times what the head says of it."""
    x0, keys, G, v = map(reals, (x0, keys, G, v))
    scores = _scores(x0, keys, G)
    if bias == "identity":
        scores = scores + (x0[:, None, :] * keys).sum(axis=2)[:, None, :]
    values = (_lifted(keys)[:, None, :, :] * v[:, None, :]).sum(axis=3)
    return (_positive(scores) * values).sum(axis=(1, 2)) / (sqrt(reals(len(G))) * keys.shape[1])


def mlp_features(x0, keys, w):
    """Weights cut in pieces: of the query, of each key, of the lift."""
    x0, keys, w = map(reals, (x0, keys, w))
    d, N = x0.shape[1], keys.shape[1]
    of_keys = w[:, d:-1].reshape(len(w), N, d)
    u = (x0[:, None, :] * w[:, :d]).sum(axis=2) + (keys[:, None] * of_keys).sum(axis=(2, 3)) + w[:, -1]
    return _positive(u) / sqrt(reals(len(w)))


def pooled_features(x0, keys, w):
    """A mean of such features with one key."""
    each = [mlp_features(x0, keys[:, i : i + 1], w) for i in range(keys.shape[1])]
    return sum(each) / len(each)


def heads(noise, M, d, bias):
    """Entry by entry."""
    W = fractions(noise) / 2
    for i in range(d if bias == "identity" else 0):
        W[:, i, i] += 1
    return W


def neurons(noise, N):
    """Entry by entry."""
    return reals(noise) / sqrt(reals(N + 2))


def _eliminated(A, b):
    """x of A x = b for a positive definite matrix, by Gauss and Jordan in rational numbers."""
    rows = np.concatenate([A, b[:, None]], axis=1)
    for i in range(len(b)):
        rows[i] = rows[i] / rows[i, i]
        for j in range(len(b)):
            if j != i:
                rows[j] = rows[j] - rows[i] * rows[j, i]
    return rows[:, -1]


def ridge(Phi, y, lam):
    """The normal equations in rational numbers."""
    Phi, y, lam = fractions(Phi), fractions(y), Fraction(lam)
    return _eliminated(Phi.T @ Phi + len(y) * lam * np.eye(Phi.shape[1], dtype=int), Phi.T @ y)


def ridge_path(K, y, K_val, y_val, shares):
    """A linear system for each penalty."""
    K, y, K_val, y_val = map(reals, (K, y, K_val, y_val))
    top = eigh(K)[0][-1]
    duals = [solve(K + np.eye(len(y), dtype=int) * (share * top), y[:, None])[:, 0] for share in reals(shares)]
    errors = [((K_val @ dual - y_val) ** 2).sum() / len(y_val) for dual in duals]
    chosen = min(range(len(errors)), key=lambda i: errors[i])
    return np.array(errors, dtype=object), np.array(chosen), duals[chosen]


def _projected(v, K1, K2):
    """What the lengths lose, by halving."""
    M = len(v)
    r, most, radius = sqrt((v**2).sum(axis=1)), sqrt(reals(M)) * K1, sqrt(K2)

    def kept(tau):
        left = _positive(r - tau)
        norm = sqrt((left**2).sum())
        return left * (radius / norm) if norm > radius else left

    low, high = 0 * r[0], max(r)
    if kept(low).sum() > most:
        for _ in range(150):
            middle = (low + high) / 2
            low, high = (middle, high) if kept(middle).sum() > most else (low, middle)
    shrunk = kept(low)
    return np.stack([row * (a / b if b else 0) for row, a, b in zip(v, shrunk, r, strict=True)])


def constrained(phi, y, K1, K2, lr, T):
    """Step by step, example by example."""
    phi, y, K1, K2, lr = map(reals, (phi, y, K1, K2, lr))
    v, path = phi[0] * 0, []
    for _ in range(int(T)):
        slope = sum(p * ((p * v).sum() - label) for p, label in zip(phi, y, strict=True)) * 2 / len(y)
        v = _projected(v - slope * lr, K1, K2)
        path.append(v)
    return np.stack(path)


def _met(a, b, c):
    """E[relu(a + z) relu(b + z')]: by its expansion in the correlation, or where that is near 1 by an integral."""
    if a == b == 0:
        return (_mp.sqrt(1 - c * c) + (_mp.pi - _mp.acos(c)) * c) / (2 * _mp.pi)
    return _expanded(a, b, c) if abs(c) < 0.93 else _integrated(a, b, c)


def _expanded(a, b, c):
    """A series of products of Hermite coefficients (Mehler)."""
    flat = _mp.npdf(a) * _mp.npdf(b)
    gains = [x * _mp.ncdf(x) + _mp.npdf(x) for x in (a, b)]
    total, power = gains[0] * gains[1] + c * _mp.ncdf(a) * _mp.ncdf(b), c
    now, before = [_mp.one, _mp.one], [_mp.zero, _mp.zero]
    for k in range(2, 1000):
        power *= c
        total += power * flat * now[0] * now[1] / (k * (k - 1))
        if abs(power) < 1e-24:
            break
        root, next_root = _ROOTS[k - 2], _ROOTS[k - 1]
        now, before = [(-x * h - root * h0) / next_root for x, h, h0 in zip((a, b), now, before, strict=True)], now
    return total


def _integrated(a, b, c):
    """An integral over z of what it is given z."""
    q = _mp.sqrt(max(1 - c * c, 0))

    def given(z):
        u = b + c * z
        inner = max(u, 0) if q < 1e-14 else u * _mp.ncdf(u / q) + q * _mp.npdf(u / q)
        return _mp.npdf(z) * (a + z) * inner

    marks = [-b / c + k * q for k in (-9, -3, 0, 3, 9)] if q >= 1e-14 else [-b / c]
    inside = {z for z in (*marks, 1, 4) if -a < z < 11}
    return _mp.quad(given, [-a, *sorted(inside), max(11, -a + 11)])


def kernel(x0, keys, y0, ykeys, bias):
    """A mean over pairs of keys, of an integral over the first preactivation."""
    x0, keys, y0, ykeys = map(reals, (x0, keys, y0, ykeys))
    q, x, r, y = map(_lifted, (x0, keys, y0, ykeys))
    K = np.zeros((len(x0), len(y0)), dtype=object)
    for k, m in np.ndindex(K.shape):
        for i, j in np.ndindex(keys.shape[1], ykeys.shape[1]):
            a, b = x[k, i], y[m, j]
            s = _mp.sqrt((q[k] ** 2).sum() * (a**2).sum()) / 2
            t = _mp.sqrt((r[m] ** 2).sum() * (b**2).sum()) / 2
            c = max(-1, min(1, (q[k] * r[m]).sum() * (a * b).sum() / (4 * s * t)))
            means = ((x0[k] * keys[k, i]).sum() / s, (y0[m] * ykeys[m, j]).sum() / t) if bias == "identity" else (0, 0)
            K[k, m] += (a * b).sum() * s * t * _met(*(_mp.mpf(z) for z in (*means, c)))
    return K / (keys.shape[1] * ykeys.shape[1])


def heads_law(M, d, bias):
    """Mean and standard deviation of the entries of random heads."""
    mean = np.zeros((M, d + 1, d + 1))
    mean[:, range(d), range(d)] = float(bias == "identity")
    return mean, np.full(mean.shape, 0.5)
