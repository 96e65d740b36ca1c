"""Right answers of diverse beam search: lists of sequences, sorted candidate by candidate.

No arrays of beams, no places that are empty: what has ended or cannot be is not there. A score is put together from
the log-probability and the penalties along the whole path.
"""

import math
from collections import Counter
from fractions import Fraction

import numpy as np

from refimpl.specs.exact import exp, reals, sqrt

_NONE = -math.inf


def _listed(rows, size):
    """Outputs of a list of places, with what is missing at its end."""
    rows = rows + [(None, _NONE, _NONE)] * (size - len(rows))
    return rows, np.array([s for _, s, _ in rows], dtype=object), np.array([raw for *_, raw in rows], dtype=object)


def _rational(x):
    return Fraction(float(x)) if x > _NONE else _NONE


def group_step(logp, score, raw, penalty, strength):
    """All candidates, sorted as rational numbers."""
    found, (width, V) = [], logp.shape
    for b, v in np.ndindex(width, V):
        theta, s = _rational(logp[b, v]), _rational(score[b])
        if theta > _NONE and s > _NONE:
            a = s - _rational(strength) * _rational(penalty[b, v]) + theta
            found.append(((b, v), a, _rational(raw[b]) + theta))
    found.sort(key=lambda row: -row[1])  # stable: (b, v) rise
    rows, s, theta = _listed(found[:width], width)
    places = np.array([place or (-1, -1) for place, *_ in rows])
    return places[:, 0], places[:, 1], s, theta


def _cosine(x, y):
    lengths = sqrt(sum(x * x) * sum(y * y))
    return sum(x * y) / lengths if lengths else lengths


def _similarity(kind, gram, rows, temperature, n, vectors):
    """Of one candidate, with its prefix, and the prefixes of one group."""
    if kind == "hamming":
        return sum(row[-1] == gram[-1] for row in rows)
    if kind == "cumulative":
        differ = sum(x != y for row in rows for x, y in zip(row, gram, strict=True))
        return exp(-differ / reals(temperature)) if rows else 0
    if kind == "embedding":
        return sum(_cosine(vectors[gram[-1]], vectors[row[-1]]) for row in rows)
    grams = [row[i : i + n] for row in rows for i in range(len(row) - n + 1)]
    if kind == "ngram":
        return sum(other == gram[-n:] for other in grams)
    total = lambda words: sum(vectors[word] for word in words)
    return sum(_cosine(total(gram[-n:]), total(other)) for other in grams)


def penalty(own, earlier, vectors, kind, temperature, n):
    """Candidate by candidate, group by group."""
    words, S = reals(vectors), np.empty((len(own), len(vectors)), dtype=object)
    groups = [[tuple(row) for row in rows.tolist() if row[-1] >= 0] for rows in earlier]
    for b, v in np.ndindex(S.shape):
        gram = (*own[b].tolist(), v)
        S[b, v] = sum((_similarity(kind, gram, rows, temperature, n, words) for rows in groups), reals(0.0))
    return S


def _search(theta, V, length, width, groups, eos, strength, penalised):
    """The search on lists: `theta(prefix)` gives log-probabilities, `penalised(prefix, v, earlier, row)` is S."""
    live: list[list] = [[((), reals(0.0), reals(0.0))] for _ in range(groups)]  # prefix, sum of the penalties, raw
    lists: list[list] = [[] for _ in range(groups)]
    asked = 0
    for t in range(1, length + 1):
        held: list[list] = []
        for g in range(groups):
            candidates = []
            asked += width * bool(live[g])
            for prefix, paid, raw in live[g]:
                row = theta(prefix)
                for v in range(V):
                    if row[v] > _NONE:
                        more = paid + penalised(prefix, v, held, row)
                        candidates.append(((*prefix, v), more, raw + row[v]))
            candidates.sort(key=lambda c: c[2] - strength * c[1], reverse=True)
            chosen = candidates[:width]
            held.append([prefix for prefix, *_ in chosen])
            ends = [c for c in chosen if c[0][-1] == eos or t == length]
            lists[g] += [(prefix, raw - strength * paid, raw) for prefix, paid, raw in ends]
            live[g] = [c for c in chosen if c[0][-1] != eos]
    found = [_listed(sorted(x, key=lambda row: -row[1])[:width], width) for x in lists]
    tokens = np.full((groups * width, length), -1)
    for i, (prefix, *_) in enumerate(row for rows, *_ in found for row in rows):
        if prefix:
            tokens[i, : len(prefix)] = prefix
    return tokens, np.concatenate([s for _, s, _ in found]), np.concatenate([raw for *_, raw in found]), asked


def _rows(first, table):
    known: dict[int, np.ndarray] = {}

    def theta(prefix):
        key = prefix[-1] if prefix else -1
        if key not in known:
            known[key] = reals(table[key] if prefix else first)
        return known[key]

    return theta


def search(first, table, vectors, length, width, groups, strength, kind, temperature, n, eos):
    """Sequences as tuples."""
    words = reals(vectors)

    def penalised(prefix, v, earlier, row):
        return sum(_similarity(kind, (*prefix, v), rows, temperature, n, words) for rows in earlier)

    strength = reals(strength)
    return _search(_rows(first, table), len(first), length, width // groups, groups, eos, strength, penalised)


def sibling_rank(first, table, length, width, strength, eos):
    """One group; the rank is a token's place in its sorted row."""
    places: dict[int, dict[int, int]] = {}

    def penalised(prefix, v, earlier, row):
        key = prefix[-1] if prefix else -1
        if key not in places:
            places[key] = {w: i for i, w in enumerate(sorted(range(len(row)), key=lambda w: -row[w]), start=1)}
        return places[key][v]

    return _search(_rows(first, table), len(first), length, width, 1, eos, reals(strength), penalised)[:3]


def _split(tokens):
    return [[int(x) for x in row if x >= 0] for row in tokens]


def list_metrics(tokens, references, n, k):
    """Counted as fractions."""
    rows, others = _split(tokens), _split(references)
    grams = Counter(tuple(row[i : i + n]) for row in rows for i in range(len(row) - n + 1))

    def f1(row, other, size):
        one, two = (Counter(zip(*(x[i:] for i in range(size)), strict=False)) for x in (row, other))
        total = sum(one.values()) + sum(two.values())
        return Fraction(2 * sum(min(count, two[gram]) for gram, count in one.items()), total) if total else Fraction(0)

    table = [[(f1(row, other, 1) + f1(row, other, 2)) / 2 for other in others] for row in rows]
    best = [max(row[r] for row in table[:k]) for r in range(len(others))]
    return Fraction(len(grams), sum(map(len, rows))), sum(best) / len(others), sum(table[0]) / len(others)
