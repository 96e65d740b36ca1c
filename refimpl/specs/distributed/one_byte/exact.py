"""Right answers of one_byte, apart from the source: thresholds instead of logarithms, sums instead of loops."""

import math
from bisect import bisect_left
from functools import cache

import numpy as np

from refimpl.specs.exact import exp, fractions, reals, sqrt


@cache
def _thresholds(slope, offset):
    return [exp((reals(k - 0.5) - offset) / reals(slope)) for k in range(2, 128)]


def encode(g, slope, offset):
    """How many thresholds between codes lie below |g|."""
    thresholds, codes = _thresholds(slope, offset), []
    for x in g:
        if not math.isfinite(x) or x == 0:
            codes.append(0)
        else:
            below = bisect_left(thresholds, abs(reals(x)))
            codes.append(1 + below + (128 if x < 0 else 0))
    return np.array(codes, dtype=object)


def decode(code, slope, offset):
    """A geometric sequence: one factor from each code to the next."""
    ratio = exp(1 / reals(slope))
    table = [reals(0.0)]
    for _ in range(127):
        table.append(table[-1] * ratio if len(table) > 1 else ratio ** (1 - offset))
    return np.array([table[int(c) % 128] * (1 if c < 128 else -1) for c in code])


def projected_gradient(loss_plus, loss_minus, eps):
    """Slope of the secant, in fractions."""
    plus, minus, eps = fractions(loss_plus), fractions(loss_minus), fractions(eps)
    return (plus - minus) / (eps - (-eps))


def spsa_quadratic(A, b, w, z, eps):
    """The gradient along z: on a quadratic the difference is exact, whatever eps."""
    A, b, w, z = map(fractions, (A, b, w, z))
    return z @ ((A + A.T) @ w / 2 - b)


def apply_update(w, codes, z, eta, norm, slope, offset):
    """One weighted sum of the directions."""
    return _moved(reals(w), codes, z, eta, norm, slope, offset)


def _moved(w, codes, z, eta, norm, slope, offset):
    total = decode(codes, slope, offset) @ reals(z)
    return w - total * reals(eta) / (sqrt(reals(float(len(codes)))) if norm == "sqrt" else len(codes))


def replay(w0, machines, codes, z, eta, norm, slope, offset):
    """The same for each iteration, over what was sent."""
    w, rows = reals(w0), []
    for who, code, direction in zip(machines, codes, z, strict=True):
        there = who >= 0
        w = _moved(w, code[there], direction[there], eta, norm, slope, offset)
        rows.append(w)
    return np.stack(rows)


def rounds(A, b, w0, z, joins, leaves, eps, eta, norm):
    """One vector of parameters for all: slopes of all who are there at it, as bytes, summed."""
    w, samples = reals(w0), z.shape[2]
    bend = (reals(A) + reals(A).T) / 2
    sent, rows = [], []
    for t in range(len(z)):
        there = (joins <= t) & (t < leaves)
        slopes = (reals(z[t]) * (bend @ w - reals(b[t]))).sum(axis=-1)
        codes = encode(slopes.reshape(-1), 8.0, 96).reshape(slopes.shape)
        w = _moved(w, codes[there].reshape(-1), z[t][there].reshape(-1, len(w)), eta, norm, 8.0, 96)
        sent.append(np.where(there[:, None], codes, -1).reshape(-1, samples))
        rows.append(w)
    return np.stack(sent), np.stack(rows)
