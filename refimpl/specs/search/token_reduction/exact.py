"""Right answers of token reduction, apart from the source: needs found by bisection of the rule itself, in fractions;
sigmoids as hyperbolic tangents; token by token, pair by pair, and with an inverse where the source has a factor.
"""

import bisect
import math
from fractions import Fraction
from functools import partial
from itertools import accumulate

import numpy as np

from refimpl.specs.exact import cos, exp, log, ncdf, pi, reals, solve, sqrt, tanh


def gsearch(N, first, tol, inner, needs, weights):
    """The least number at each layer by Python's `bisect`; the trace is the way there."""
    L, K, w = len(needs), [int(x) for x in needs], [Fraction(float(x)) for x in weights]

    def good(l, prefix, v):
        k = prefix + [v] * (L - l)
        return sum(a * (b - c) ** 2 for a, b, c in zip(w, K, k, strict=True) if b > c) <= Fraction(float(tol)) * N * N

    k, trace = [N] * L, []
    for l in range(first, L):
        prefix, most = k[:l], k[l]
        least = bisect.bisect_left(range(most), True, key=partial(good, l, prefix))
        tried, span = [], (0, most)
        while inner == "halving" and span[1] - span[0] > 1:
            middle = sum(span) // 2
            tried.append(middle)
            span = (span[0], middle) if middle >= least else (middle, span[1])
        if inner == "halving":
            tried += [0] if span[1] == 1 else []
        else:
            tried = list(range(most - 1, max(least - 2, -1), -1))
        trace += [(l + 1, v, int(v >= least)) for v in tried]
        k = prefix + [least] * (L - l)
    return np.array(k), 1 + len(trace), np.array(trace, dtype=int).reshape(-1, 3)


def _rounded(t, first, most):
    """Whole numbers from those in many digits."""
    near = [round(float(x)) for x in t]
    whole = [n if abs(x - n) < 1e-9 else math.floor(x) for x, n in zip(t, near, strict=True)]
    left = most - sum(whole)
    for _, l in sorted((float(n - x), l) for l, (n, x) in enumerate(zip(whole, t, strict=True))):
        if l >= first and left > 0 and whole[l] < (whole[l - 1] if l else math.inf):  # it never holds a layer back
            whole[l], left = whole[l] + 1, left - 1
    return np.array(whole)


def _budget(N, L, rho):
    """Tokens of all layers, what is within 1e-9 of a whole number being one."""
    return math.floor(Fraction(float(rho)) * N * L + Fraction(1, 10**9))


def _root(rises, low, high):
    """Where a rising function crosses 0, to 1e-24 of the interval, by bisection in 50 digits."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if rises(middle) < 0 else (low, middle)
    return low


def sigmoid_schedule(N, L, s, r_min, rho, first):
    """Hyperbolic tangents whose sum is that of the budget."""
    steep, floor, rho_ = reals(s), reals(r_min), reals(rho)
    rest = np.array(range(first + 1, L + 1))
    share = (rho_ * L - first) / max(L - first, 1)
    r = np.array([reals(1.0)] * L)
    if len(rest) and share < 1 - 1e-15:
        part = lambda c: (1 - tanh(steep * (rest - c) / 2)) / 2
        wanted = share - floor
        far = 60 / steep
        if wanted > 1e-14:
            c = _root(lambda c: (1 - floor) * sum(part(c)) / len(rest) - wanted, 1 - far, L + far)
            r[first:] = floor + (1 - floor) * part(c)
        else:
            r[first:] = share
    return r, _rounded(r * N, first, _budget(N, L, rho))


def baselines(N, L, rho, first, full):
    """Tokens handed out one by one; the factor by bisection in 50 digits."""
    fastv, left = [N] * full + [0] * (L - full), _budget(N, L, rho) - full * N
    for turn in range(left if full < L else 0):
        fastv[full + turn % (L - full)] += 1
    rest, r = L - first, np.array([reals(1.0)] * L)
    wanted = reals(rho) * L - first
    total = lambda q: sum(accumulate([q] * rest, lambda a, b: a * b)) if rest else reals(0.0)
    if rest and wanted < rest - 1e-14:
        q = _root(lambda q: total(q) - wanted, reals(0.0), reals(1.0))
        r[first:] = [q**i for i in range(1, rest + 1)]
    return np.array(fastv), r, _rounded(r * N, first, _budget(N, L, rho))


def _matern(x, z, length):
    r = sqrt(5 * sum((x - z) ** 2)) / length
    return (1 + r + r**2 / 3) * exp(-r)


def acquisition(X, y, new, length, noise):
    """With the inverse of the matrix, and the improvement as an integral of its law."""
    X, y, new, length, noise = (reals(x) for x in (X, y, new, length, noise))
    K = np.array([[_matern(a, b, length) + (noise if i == j else 0) for j, b in enumerate(X)] for i, a in enumerate(X)])
    centre = sum(y) / len(y)
    spread = sqrt(sum((y - centre) ** 2) / len(y)) if np.any(y != y[0]) else reals(1.0)
    cross = np.array([[_matern(a, b, length) for b in X] for a in new])
    solved = solve(K, np.column_stack([(y - centre) / spread, cross.T]))
    mean = centre + spread * (cross @ solved[:, 0])
    sd = spread * sqrt(1 - np.sum(cross * solved[:, 1:].T, axis=1))
    gain = np.array([_improvement(m, s, max(y)) for m, s in zip(mean, sd, strict=True)])
    return mean, sd, gain, int(np.argmax([float(g / spread) for g in gain]))


def _improvement(m, s, best):
    z = (m - best) / s
    return s * (z * ncdf(z) + exp(-(z**2) / 2) / sqrt(2 * pi))


def bayes_opt(x0, candidates, a, b, g):
    """The posterior by a factor that grows by a row for each point."""
    a, b, g, length, noise = (reals(x) for x in (a, b, g, 0.3, 1e-3))
    points: list[tuple] = []
    rows: list[list] = []  # of the factor

    def half(x):
        """Its covariances with the points, solved by the factor."""
        found: list = []
        for (p, _), row in zip(points, rows, strict=True):
            found.append((_matern(x, p, length) - sum(u * v for u, v in zip(row, found, strict=False))) / row[-1])
        return found

    def visit(x):
        column = half(x)
        rows.append([*column, sqrt(1 + noise - sum(u * u for u in column))])
        points.append((x, -sum(a * (x - b) ** 2) + g * cos(9 * x[0])))

    for x in reals(x0):
        visit(x)
    for step in reals(candidates):
        y = np.array([value for _, value in points])
        centre = sum(y) / len(y)
        spread = sqrt(sum((y - centre) ** 2) / len(y)) if np.any(y != y[0]) else reals(1.0)
        white: list = []
        for value, row in zip((y - centre) / spread, rows, strict=True):
            white.append((value - sum(u * v for u, v in zip(row, white, strict=False))) / row[-1])
        known: dict[tuple, float] = {}
        for x in step:
            if tuple(x) not in known:
                h = half(x)
                mean = sum(u * v for u, v in zip(h, white, strict=True))
                sd = sqrt(1 - sum(u * u for u in h))
                known[tuple(x)] = float(_improvement(mean, sd, (max(y) - centre) / spread))
        visit(step[int(np.argmax([known[tuple(x)] for x in step]))])
    values = [value for _, value in points]
    return np.array([x for x, _ in points]), np.array(values), values.index(max(values))


def keep(attention, count):
    """Row by row, pairs of attention and place sorted by Python."""
    pairs = [sorted((-x, j) for j, x in enumerate(row))[:count] for row in attention.tolist()]
    rows = [sorted(j for _, j in row) for row in pairs]
    return np.array(rows, dtype=int).reshape(len(rows), count)


def decoder(vision, text, Wq, Wk, Wv, Wo, k):
    """Token by token, those that are left in a dictionary."""
    layers = [tuple(reals(W[l]) for W in (Wq, Wk, Wv, Wo)) for l in range(len(k))]
    seen, words, d = dict(enumerate(reals(vision))), list(reals(text)), vision.shape[1]
    kept, received = np.zeros((len(k), len(vision)), dtype=int), np.full((len(k), len(vision)), reals(0.0))
    for l, (Q, K, V, O) in enumerate(layers):
        order = sorted(seen, key=lambda j: (-float(received[l - 1, j]), j)) if l else list(seen)
        seen = {j: seen[j] for j in sorted(order[: int(k[l])])}
        kept[l, list(seen)] = 1
        keys, values = ({j: x @ W for j, x in seen.items()} for W in (K, V))

        def looked(x, others, Q=Q, K=K, V=V, O=O, keys=keys, values=values):
            """The new state of a token, and what it gives to the vision tokens."""
            powers = {j: exp((x @ Q) @ key / sqrt(reals(d))) for j, key in keys.items()}
            beside = [(exp((x @ Q) @ (z @ K) / sqrt(reals(d))), z @ V) for z in others]
            total = sum(powers.values()) + sum(p for p, _ in beside)
            mixed = sum(p * values[j] for j, p in powers.items()) + sum(p * v for p, v in beside)
            return x + (mixed / total) @ O, {j: p / total for j, p in powers.items()}

        new = [looked(x, words[: i + 1]) for i, x in enumerate(words)]
        seen = {j: looked(x, ())[0] for j, x in seen.items()}
        words = [x for x, _ in new]
        for j, a in new[-1][1].items():
            received[l, j] = a
    return np.array(words), kept, received


def consistency(attention, kind):
    """Ranks and pairs counted by comparing each with each, once for equal rows of numbers."""
    L, S, _ = attention.shape

    def row(l, s):
        x = attention[l, s]
        if kind == "kendall":
            return np.sign(x[:, None] - x[None, :]).ravel().astype(int)
        values, places, counts = np.unique(x, return_inverse=True, return_counts=True)
        below = np.array([int(np.sum(counts[values < v])) - int(np.sum(counts[values > v])) for v in values])
        return below[places]  # twice the rank, less its mean

    z = [[row(l, s) for s in range(S)] for l in range(L)]
    dot = lambda a, b: int(a @ b)
    R = np.full((L, L), reals(0.0))
    for i in range(L):
        for j in range(L):
            found = [reals(dot(z[i][s], z[j][s])) / sqrt(reals(dot(z[i][s], z[i][s])) * reals(dot(z[j][s], z[j][s])))
                     for s in range(S) if np.any(z[i][s]) and np.any(z[j][s])]  # fmt: skip
            R[i, j] = sum(found) / len(found)
    return R


def fit(k, N, first):
    """Theil's identity: the slope as a mean over all pairs of layers, weighted by the square of their distance."""
    layers = list(range(first + 1, len(k) + 1))
    y = [log(reals(min(max(int(n), 0.5), N - 0.5)) / (N - reals(min(max(int(n), 0.5), N - 0.5)))) for n in k[first:]]
    pairs = [(a, b) for a in range(len(y)) for b in range(a)]
    slope = sum((y[a] - y[b]) * (a - b) for a, b in pairs) / sum((a - b) ** 2 for a, b in pairs)
    middle = reals(sum(layers)) / len(layers)
    return -slope, middle - sum(y) / len(y) / slope


def flops(k, M, d, m, mlp):
    """Product by product: projections, scores, mixtures, feed-forward part."""
    total = 0
    for tokens in k.tolist():
        n = tokens + M
        total += (
            sum(n * d * d for _ in "qkvo") + n * n * d + n * n * d + sum(n * d * m for _ in range(2 + (mlp == "gated")))
        )
    return np.array(total)
