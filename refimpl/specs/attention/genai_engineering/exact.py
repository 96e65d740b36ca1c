"""Right answers of five proposals for language models, apart from the source: all ways to cut a word, rational numbers,
and mpmath with 50 digits.
"""

import math
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise

import numpy as np

from refimpl.specs.exact import cos, exp, log, reals, sin, sqrt, tanh

_INF = math.inf
PSEUDO = Fraction(0.01)  # the float


def _log(x):
    """Of a rational number."""
    return log(reals(1.0) * x.numerator / x.denominator)


def _text(row):
    return tuple(int(x) for x in row if x >= 0)


def _ways(text, known):
    """Every way to cut every beginning of a text: its length, where the pieces begin, the product of their chances."""
    open_: list = [(0, (), Fraction(1))]
    while open_:
        end, begins, chance = open_.pop()
        yield end, begins, chance
        for j in range(end + 1, len(text) + 1):
            if text[end:j] in known:
                open_.append((j, (*begins, end), chance * known[text[end:j]]))


def _known(pieces, p):
    return {_text(row): Fraction(float(x)) for row, x in zip(pieces, p, strict=True)}


def _best(text, known, k):
    """Where the pieces of the best way begin, and its chance; or None."""
    full = [(-chance, len(begins), begins[::-1]) for j, begins, chance in _ways(text, known)
            if j == len(text) and len(begins) <= k]  # fmt: skip
    if not full:
        return None
    chance, _, begins = min(full)
    return begins[::-1], -chance


def segment(word, pieces, p, k):
    """All ways to cut every beginning of the word."""
    text, known = _text(word), _known(pieces, p)
    names, n = list(known), len(text)
    most: dict = defaultdict(Fraction)  # (length, pieces) -> largest chance
    for j, begins, chance in _ways(text, known):
        most[j, len(begins)] = max(most[j, len(begins)], chance)
    D = np.full((k + 1, n + 1), _INF, dtype=object)
    for r in range(k + 1):
        for j in range(n + 1):
            chance = max(most[j, s] for s in range(min(r, n) + 1))
            D[r, j] = -_log(chance) if chance else _INF
    found, cut = _best(text, known, k), np.full(n, -1)
    if found:
        ends = [*found[0][1:], n]
        for place, (i, j) in enumerate(zip(found[0], ends, strict=True)):
            cut[place] = names.index(text[i:j])
    return cut, D[k, n], D


def merges(words, freq, M, rule):
    """Words as lists of the places at which they are cut; scores as fractions."""
    texts = [(*_text(row), 95) for row in words]
    cuts = [list(range(len(text) + 1)) for text in texts]
    width = words.shape[1] + 1
    made: list = []
    for _ in range(M):
        pairs: dict = defaultdict(Fraction)
        single: dict = defaultdict(Fraction)
        for text, at, f in zip(texts, cuts, freq.tolist(), strict=True):
            for a, b in pairwise(at):
                single[text[a:b]] += f
            for a, b, c in zip(at, at[1:], at[2:], strict=False):
                pairs[text[a:b], text[b:c]] += f
        if not pairs:
            break
        if rule == "wordpiece":
            pairs = {(a, b): c / single[a] / single[b] for (a, b), c in pairs.items()}
        best = sorted((score, pair) for pair, score in pairs.items())[-1][1]
        made.append(best)
        for text, at in zip(texts, cuts, strict=True):
            at[:] = _joined(text, at, best)
    sides = np.full((2, M, width), -1)
    for r, pair in enumerate(made):
        for side, symbols in zip(sides, pair, strict=True):
            side[r, : len(symbols)] = symbols
    ends = np.zeros((len(texts), width), dtype=int)
    for row, at in zip(ends, cuts, strict=True):
        row[np.array(at[1:]) - 1] = 1
    return sides[0], sides[1], ends


def _joined(text, at, pair):
    """The places that are left when this pair is joined."""
    left, last = [0], 0  # `last`: index of the place at which the last piece so far ends
    while last < len(at) - 1:
        both = last + 2 < len(at) and (text[at[last] : at[last + 1]], text[at[last + 1] : at[last + 2]]) == pair
        last += 2 if both else 1
        left.append(at[last])
    return left


def em_step(words, freq, pieces, p):
    """All ways to cut each word."""
    known = _known(pieces, p)
    names, counts = list(known), [Fraction(0)] * len(known)
    for row, f in zip(words, freq.tolist(), strict=True):
        text = (*_text(row), 95)
        begins, _ = _best(text, known, len(text))
        for i, j in zip(begins, [*begins[1:], len(text)], strict=True):
            counts[names.index(text[i:j])] += f
    data = [c + PSEUDO * (len(name) == 1) for c, name in zip(counts, names, strict=True)]
    new = [x / sum(data) for x in data]
    value = lambda chances: sum((x.numerator * _log(q) / x.denominator for x, q in zip(data, chances,
        strict=True) if x),
                                reals(0.0))  # fmt: skip
    return np.array(new), np.array(counts), value(known.values()), value(new)


def ce_update(P, X, score, rho, alpha):
    """Each setting counts those that come before it."""
    N = len(X)
    s, rho, alpha = score.tolist(), Fraction(float(rho)), Fraction(float(alpha))
    before = [sum(s[b] > s[a] or (s[b] == s[a] and b < a) for b in range(N)) for a in range(N)]
    count = next(m for m in range(1, N + 1) if m >= rho * N - Fraction(1, 10**5))
    new = np.empty(P.shape, dtype=object)
    for h, v in np.ndindex(P.shape):
        share = Fraction(sum(before[t] < count and int(X[t, h]) == v for t in range(N)), count)
        new[h, v] = alpha * share + (1 - alpha) * Fraction(float(P[h, v]))
    return new


def sgns_step(U, C, word, ctx, lr):
    """Pair by pair."""
    U, C, rate = reals(U), reals(C), reals(lr)
    new_U, new_C = U.copy(), C.copy()
    for w, row in zip(word.tolist(), ctx.tolist(), strict=True):
        for column, c in enumerate(row):
            g = (1 + tanh(sum(U[w] * C[c]) / 2)) / 2 - (column == 0)
            new_U[w] = new_U[w] - rate * g * C[c]
            new_C[c] = new_C[c] - rate * g * U[w]
    return new_U, new_C


def scores(q, k, slope, c_R, c_A, shift, bias):
    """Pairs as complex numbers, turned by the difference of their positions: the shift does not occur."""
    (n, d), q, k = q.shape, reals(q), reals(k)
    slope, c_R, c_A = (reals(x) for x in (slope, c_R, c_A))
    found = np.full((n, n), -_INF, dtype=object)
    speeds = [exp(-2 * a * log(reals(10_000.0)) / d) for a in range(d // 2)]
    for i in range(n):
        for j in range(i + 1):
            total = reals(0.0)
            for a, speed in enumerate(speeds):
                x, y, z, w = q[i, 2 * a], q[i, 2 * a + 1], k[j, 2 * a], k[j, 2 * a + 1]
                total += (x * z + y * w) * cos((i - j) * speed) - (y * z - x * w) * sin((i - j) * speed)
            gap = i - j if bias == "linear" else sum((Fraction(1, r) for r in range(1, i - j + 1)), Fraction(0))
            bend = reals(1.0) * Fraction(gap).numerator / Fraction(gap).denominator
            found[i, j] = c_R * total / sqrt(reals(float(d))) - c_A * slope * bend
    return found


def _attended(logits, values):
    """Weighted mean of rows of values."""
    top = max(logits)
    weights = exp(np.array([x - top for x in logits], dtype=object))
    return weights @ values / sum(weights)


def _pi(delta, law, c):
    if delta == 0:
        return Fraction(1)
    return {"harmonic": min(Fraction(1), c / (1 + delta)), "geometric": c**delta, "constant": c}[law]


def pr_attention(q, k, v, slope, u, B, law, c, correct):
    """Key by key, each seen or not."""
    n, T, d, c, draws = len(q), len(q) // B, q.shape[1], Fraction(float(c)), u
    q, k, v, slope, root = reals(q), reals(k), reals(v), reals(slope), sqrt(reals(float(d)))
    out = np.empty((n, v.shape[1]), dtype=object)
    chance = [_pi(delta, law, c) for delta in range(T)]
    seen = [[Fraction(float(x)) < pi for x, pi in zip(row, chance, strict=True)] for row in draws]
    for i in range(n):
        keys = [j for j in range(i + 1) if seen[(i // B) % len(seen)][i // B - j // B]]
        more = [-_log(chance[i // B - j // B]) if correct else 0 for j in keys]
        logits = [sum(q[i] * k[j]) / root - slope * (i - j) + extra for j, extra in zip(keys, more, strict=True)]
        out[i] = _attended(logits, v[keys])
    return out, np.array([sum(seen[i % len(seen)][: i + 1]) for i in range(T)])


def _rounded(x, bits):
    """Codes, least, step and values of a group of rational numbers."""
    low, step = min(x), (max(x) - min(x)) / (2**bits - 1)
    codes = [round((y - low) / step) if step else 0 for y in x]
    return codes, low, step, [low + step * code for code in codes]


def _groups(shape, G, axis):
    """Entries of each group."""
    for lane in range(shape[1 - axis]):
        for start in range(0, shape[axis], G):
            members = range(start, start + G)
            yield [(m, lane) if axis == 0 else (lane, m) for m in members]


def quantise(X, bits, G, axis):
    """Group by group."""
    out = [np.empty(X.shape, dtype=object) for _ in range(4)]
    for group in _groups(X.shape, G, axis):
        codes, low, step, values = _rounded([Fraction(float(X[at])) for at in group], bits)
        for place, at in enumerate(group):
            for part, x in zip(out, (codes[place], low, step, values[place]), strict=True):
                part[at] = x
    return out[0].astype(int), *out[1:]


def _stairs(X, S, G, bits, axis):
    """Segment -> its values in full, after one quantisation, after two, ..."""
    found = []
    for start in range(0, len(X) - len(X) % S, S):
        x = np.array([[Fraction(float(y)) for y in row] for row in X[start : start + S]], dtype=object)
        steps = [x]
        for b in bits[1:]:
            x = x.copy()
            for group in _groups(x.shape, G, axis):
                for at, value in zip(group, _rounded([x[at] for at in group], b)[3], strict=True):
                    x[at] = value
            steps.append(x)
        found.append(steps)
    return found


def _known_at(t, X, stairs, S):
    """What the cache holds of the first t tokens, oldest first."""
    full = t // S
    parts = [steps[min(full - g, len(steps) - 1)] for g, steps in enumerate(stairs[:full])]
    return np.concatenate([*parts, X[full * S : t]])


def _as_reals(x):
    return reals(1.0) * x.numerator / x.denominator


def saq_trajectory(K, V, Q, S, G, bits, slope):
    """Each token by its age."""
    n, H, d = Q.shape
    bits, exact = [int(b) for b in bits], np.frompyfunc(_as_reals, 1, 1)
    full = np.frompyfunc(lambda x: Fraction(float(x)), 1, 1)
    sides = [(full(X), _stairs(X, S, G, bits, axis)) for X, axis in ((K, 0), (V, 1))]
    turned = [(exact(X), [[exact(x) for x in steps] for steps in stairs]) for X, stairs in sides]
    q, root, out = reals(Q), sqrt(reals(float(d))), np.empty((n, H, d), dtype=object)
    slope = reals(slope)
    for t in range(1, n + 1):
        keys, values = (_known_at(t, X, stairs, S) for X, stairs in turned)
        ages = slope * np.arange(t)[::-1].astype(object)
        for h in range(H):
            out[t - 1, h] = _attended(keys @ q[t - 1, h] / root - ages, values)
    ends = [_known_at(n, X, stairs, S) for X, stairs in sides]
    ages = [bits[min(n // S - t // S, len(bits) - 1)] for t in range(n)]
    return out, *ends, np.array(ages)
