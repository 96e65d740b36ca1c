"""Right answers of pointer networks, apart from the source: one forward pass, in 50 digits or with complex steps that
give its slope in every weight; beams as lists; hulls, circles and polygons in fractions; all tours.
"""

import itertools
import math
from fractions import Fraction

import numpy as np

from refimpl.specs.exact import exp, fractions, log, reals, sqrt, tanh

NAMES = "We", "be", "Wd", "bd", "go", "e0", "W1", "W2", "v"
MP, COMPLEX = (tanh, exp, log, reals), (np.tanh, np.exp, np.log, np.asarray)


def _cell(x, h, c, W, b, tanh):
    """Sigmoids as hyperbolic tangents, gates cut out of a stack."""
    d, H = x.shape[-1], h.shape[-1]
    a = x @ W[..., :d, :] + h @ W[..., d:, :] + b[..., None, :]
    i, f, o, g = (a[..., k * H : (k + 1) * H] for k in range(4))
    gate = lambda a: (1 + tanh(a / 2)) / 2
    c = gate(f) * c + gate(i) * tanh(g)
    return gate(o) * tanh(c), c


def lstm_step(x, h, c, W, b):
    """In mpmath."""
    x, h, c, W, b = (reals(y) for y in (x, h, c, W, b))
    return _cell(x, h, c, W, b, tanh)


def _shares(u, exp):
    """Exponentials over their sum, after the largest real part was taken off."""
    top = np.max(u.real.astype(float), axis=-1, keepdims=True)
    powers = exp(u - top)
    return powers / np.sum(powers, axis=-1, keepdims=True)


def pointer_logits(E, d, W1, W2, v, mask):
    """Row by row, slot by slot."""
    E, d, W1, W2, v = (reals(x) for x in (E, d, W1, W2, v))
    u = np.array([[v @ tanh(e @ W1 + q @ W2) for e in row] for row, q in zip(E, d, strict=True)])
    p = np.array([[reals(0.0)] * E.shape[1]] * len(E))
    for row, some, scores in zip(p, mask, u, strict=True):
        row[some] = _shares(scores[some], exp)
    return u, p


def _logp(w, P, n_real, C, kind, maths):
    """Log-probabilities [.., B, m] of targets, one input after the other; weights may be stacked in front."""
    tanh, exp, log, number = maths
    rows, H = [], w["v"].shape[-1]
    v = w["v"][..., :, None]
    zero = w["v"][..., None, :] * 0
    for points, n, targets in zip(P, n_real, C, strict=True):
        h = c = zero
        states = [w["e0"][..., None, :]]
        for point in points[: int(n)]:
            h, c = _cell(_wide(point, zero, number), h, c, w["We"], w["be"], tanh)
            states.append(h)
        E = np.concatenate(states, axis=-2)
        context, x, row = zero, w["go"][..., None, :], []
        for target in (int(t) for t in targets if t >= 0):
            fed = w["Wd"].shape[-2] > 2 + H
            h, c = _cell(np.concatenate([x, context], axis=-1) if fed else x, h, c, w["Wd"], w["bd"], tanh)
            if kind != "plain":
                u = (tanh(E @ w["W1"] + h @ w["W2"]) @ v)[..., 0]
            if kind == "attention":
                context = _shares(u, exp)[..., None, :] @ E
            if kind != "pointer":
                z = np.concatenate([h, context], axis=-1) if kind == "attention" else h
                u = (z @ w["Wo"])[..., 0, :] + w["bo"]
            top = np.max(u.real.astype(float), axis=-1)
            row.append(u[..., target] - top - log(np.sum(exp(u - top[..., None]), axis=-1)))
            if target > 0:
                x = _wide(points[target - 1], zero, number)
        rows.append(row)
    return rows


def _wide(point, zero, number):
    """A point as a row, once for each of the weights that are stacked."""
    return zero[..., :1] * 0 + number(np.asarray(point, dtype=float))


def _table(rows, m):
    return np.array([[*row, *[0.0 * reals(0.0)] * (m - len(row))] for row in rows], dtype=object)


def teacher_forced(P, n_real, C, **weights):
    """In mpmath."""
    rows = _logp({k: reals(x) for k, x in weights.items()}, P, n_real, C, "pointer", MP)
    flat = [x for row in rows for x in row]
    return _table([[x[()] if isinstance(x, np.ndarray) else x for x in row] for row in rows], C.shape[1]), -sum(
        flat
    ) / len(flat)


def _slopes(weights, P, n_real, C, kind):
    """Log-probabilities, loss and its slopes: each weight is moved along the imaginary axis, all at once."""
    sizes = {name: x.size for name, x in weights.items()}
    q, at, stacked = sum(sizes.values()), 0, {}
    for name, x in weights.items():
        moved = np.zeros((q, x.size), dtype=complex) + np.asarray(x, dtype=float).ravel()
        moved[at + np.arange(x.size), np.arange(x.size)] += 1e-40j
        stacked[name], at = moved.reshape(q, *x.shape), at + x.size
    rows = _logp(stacked, P, n_real, C, kind, COMPLEX)
    count = sum(map(len, rows))
    loss = -sum(x for row in rows for x in row) / count
    table = np.array([[*(float(x[0].real) for x in row), *[0.0] * (C.shape[1] - len(row))] for row in rows])
    cut = np.split(loss.imag / 1e-40, np.cumsum([*sizes.values()])[:-1])
    return table, float(loss[0].real), [g.reshape(x.shape) for g, x in zip(cut, weights.values(), strict=True)]


def gradients(P, n_real, C, **weights):
    """Complex steps."""
    return tuple(_slopes({k: weights[k] for k in NAMES}, P, n_real, C, "pointer")[2])


def seq2seq(P, n_real, C, **weights):
    """Complex steps."""
    kind = "plain" if len(weights["Wo"]) == len(weights["v"]) else "attention"
    logp, loss, grads = _slopes({k: weights[k] for k in (*NAMES, "Wo", "bo")}, P, n_real, C, kind)
    return logp, loss, *grads


def train(P, C, rates, clip, optimizer, **weights):
    """Complex steps; Adam as means of all gradients so far with falling weights."""
    w = {k: np.asarray(weights[k], dtype=float) for k in NAMES}
    first = second = np.zeros(sum(x.size for x in w.values()))
    thetas, losses, weight1, weight2 = [], [], 0.0, 0.0
    for points, targets, rate in zip(P, C, rates, strict=True):
        _, loss, grads = _slopes(w, points, [points.shape[1]] * len(points), targets, "pointer")
        norm = math.hypot(*(float(x) for g in grads for x in g.ravel()))
        g = np.concatenate([x.ravel() for x in grads]) * min(1.0, float(clip) / norm if norm else 1.0)
        first, second = first * 0.9 + g, second * 0.999 + g**2
        weight1, weight2 = weight1 * 0.9 + 1, weight2 * 0.999 + 1
        step = g if optimizer == "sgd" else first / weight1 / (np.sqrt(second / weight2) + 1e-8)
        theta = np.concatenate([x.ravel() for x in w.values()]) - float(rate) * step
        cuts = np.split(theta, np.cumsum([x.size for x in w.values()])[:-1])
        w = {k: part.reshape(w[k].shape) for k, part in zip(NAMES, cuts, strict=True)}
        thetas.append(theta)
        losses.append(loss)
    return np.array(thetas), np.array(losses)


# Decoding ------------------------------------------------------------------------------------------------------------


def _legal(rule, n, chosen):
    if rule == "free":
        return range(n + 1)
    return ([1] if not chosen else [j for j in range(1, n + 1) if j not in chosen]) if len(chosen) < n else [0]


def search(P, n_real, rule, steps, width, **weights):
    """Beams as a list of histories, one input after the other; how far ahead each choice is comes third."""
    w = {k: np.asarray(x, dtype=float) for k, x in weights.items()}
    H, found, least = len(w["v"]), [], math.inf
    for points, n in zip(np.asarray(P, dtype=float), n_real, strict=True):
        h = c = np.zeros((1, H))
        keys = [w["e0"] @ w["W1"]]
        for point in points[: int(n)]:
            h, c = _cell(point[None, :], h, c, w["We"], w["be"], np.tanh)
            keys.append(h[0] @ w["W1"])
        beams = [(0.0, (), (), w["go"], h, c)]
        for _ in range(steps):
            grown: list = []
            for score, chosen, logs, x, h, c in beams:
                if chosen and chosen[-1] == 0:
                    grown.append((score, chosen, logs, x, h, c))
                    continue
                h, c = _cell(x[None, :], h, c, w["Wd"], w["bd"], np.tanh)
                legal = list(_legal(rule, int(n), chosen))
                u = np.array([w["v"] @ np.tanh(keys[j] + h[0] @ w["W2"]) for j in legal])
                logp = u - np.max(u) - math.log(math.fsum(np.exp(u - np.max(u))))
                grown += [(score + l, (*chosen, j), (*logs, float(l)), points[j - 1], h, c)
                          for j, l in zip(legal, logp, strict=True)]  # fmt: skip
            grown.sort(key=lambda beam: -beam[0])
            scores = [beam[0] for beam in grown[: width + 1]]
            least = min([least, *(a - b for a, b in itertools.pairwise(scores))])
            beams = grown[:width]
        pad = lambda row, fill: [*row, *[fill] * (steps - len(row))]
        found.append((pad(beams[0][1], -1), pad(beams[0][2], 0.0)))
    return np.array([x for x, _ in found]), np.array([x for _, x in found]), least


def decode(**inputs):
    """The answer alone."""
    return search(**inputs)[:2]


# Hulls, triangulations, tours ----------------------------------------------------------------------------------------


def turn(a, b, c):
    """Twice the area of a triangle."""
    return (a - c)[0] * (b - c)[1] - (a - c)[1] * (b - c)[0]


def wrapped(x):
    """Corners by wrapping: from each the next is the one that leaves all others to its left, and the farthest such."""
    low = min(range(len(x)), key=lambda j: (x[j][1], x[j][0]))
    corners = [low]
    while True:
        best = next(j for j in range(len(x)) if j != corners[-1])
        here = x[corners[-1]]
        for j in range(len(x)):
            side = turn(here, x[best], x[j])
            if side < 0 or (side == 0 and sum((x[j] - here) ** 2) > sum((x[best] - here) ** 2)):
                best = j
        if best == low:
            break
        corners.append(best)
    first = corners.index(min(corners))
    return corners[first:] + corners[:first]


def _filled(rows, width):
    return np.array([[*(j + 1 for j in row), 0, *[-1] * (width - len(row) - 1)] for row in rows])


def hull_target(P):
    """In fractions."""
    return _filled([wrapped(x) for x in fractions(P)], P.shape[1] + 1)


def circle(a, b, c):
    """Centre and squared radius of the circle through three points."""
    (px, py), (qx, qy) = b - a, c - a
    d = 2 * (px * qy - py * qx)
    if d == 0:
        return None
    p2, q2 = px * px + py * py, qx * qx + qy * qy
    x, y = (qy * p2 - py * q2) / d, (px * q2 - qx * p2) / d
    return a + np.array([x, y]), x * x + y * y


def _triangles(x):
    """Triples whose circle has no other point inside."""
    for triple in itertools.combinations(range(len(x)), 3):
        found = circle(*(x[j] for j in triple))
        if found and all(sum((x[j] - found[0]) ** 2) > found[1] for j in range(len(x)) if j not in triple):
            yield triple


def delaunay_target(P):
    """Circles in fractions; incenters from unit vectors along two sides, in 50 digits."""
    n = P.shape[1]
    rows, centers = [], np.full((len(P), 2 * n - 5, 2), reals(0.0), dtype=object)
    for s, x in enumerate(P):
        found = []
        for triple in _triangles(fractions(x)):
            a, b, c = (reals(x[j]) for j in triple)
            ab, ac, bc = (sqrt(sum((q - p) ** 2)) for p, q in ((a, b), (a, c), (b, c)))
            center = a + ab * ac / (ab + ac + bc) * ((b - a) / ab + (c - a) / ac)
            found.append((tuple(center), triple))
        found.sort()
        rows.append([j for _, triple in found for j in triple])
        centers[s, : len(found)] = [center for center, _ in found]
    return _filled(rows, 3 * (2 * n - 5) + 1), centers


def _round(D, tour):
    return math.fsum(D[a, b] for a, b in zip(tour, [*tour[1:], tour[0]], strict=True))


def table_of(x):
    return np.array([[math.hypot(*(p - q)) for q in x] for p in np.asarray(x, dtype=float)])


def tour_target(P):
    """All tours."""
    rows, lengths, n = [], [], P.shape[1]
    for D in map(table_of, P):
        every = np.array([(0, *t) for t in itertools.permutations(range(1, n)) if t[0] <= t[-1]])
        best = every[np.argmin(np.sum(D[every, np.roll(every, -1, axis=1)], axis=1))].tolist()
        rows.append(best)
        lengths.append(_round(D, best))
    return _filled(rows, n + 1), np.array(lengths)


def improved(D, kind):
    """A tour by nearest cities, and turned by trying every stretch in full; the closest call comes second."""
    tour, close = [0], math.inf
    while len(tour) < len(D):
        left = sorted((D[tour[-1], j], j) for j in range(len(D)) if j not in tour)
        close = min([close, *(b[0] - a[0] for a, b in itertools.pairwise(left[:2]))])
        tour.append(left[0][1])
    while kind == "two_opt":
        ways = [tour[:i] + tour[i:j][::-1] + tour[j:] for i in range(1, len(D)) for j in range(i + 2, len(D) + 1)]
        gains = sorted(((_round(D, tour) - _round(D, way)), k) for k, way in enumerate(ways))[::-1]
        gains = [g for g in gains if abs(g[0]) > 1e-11]
        if not gains or gains[0][0] < 0:
            break
        close = min([close, gains[0][0], *(a[0] - b[0] for a, b in itertools.pairwise(gains[:2]))])
        tour = ways[gains[0][1]]
    back = [tour[0], *tour[:0:-1]]
    return min(tour, back, key=lambda t: t[1]), close


def tour_heuristics(P, kind):
    """Lists; each tour measured whole."""
    tables = [*map(table_of, P)]
    tours = [improved(D, kind)[0] for D in tables]
    return _filled(tours, P.shape[1] + 1), np.array([_round(D, t) for D, t in zip(tables, tours, strict=True)])


def _meet(a, b, c, d):
    """Whether two sides have a point in common: where their lines meet, or whether they overlap on one."""
    r, s, w = b - a, d - c, c - a
    cross = lambda p, q: p[0] * q[1] - p[1] * q[0]
    if cross(r, s) != 0:
        return 0 <= cross(w, s) / cross(r, s) <= 1 and 0 <= cross(w, r) / cross(r, s) <= 1
    spots = sorted(sum(r * (p - a)) for p in (c, d))
    return bool(cross(w, r) == 0 and spots[0] <= sum(r * r) and spots[1] >= 0)


def _points_of(row):
    return [*itertools.takewhile(lambda j: j > 0, row.tolist())]


def valid(x, row):
    """Whether a list of indices from 1 is a simple polygon."""
    m = len(row)
    if m < 3 or len({*row}) < m:
        return False
    corner = [x[j - 1] for j in row]
    sides = [(corner[k], corner[(k + 1) % m]) for k in range(m)]
    for i, j in itertools.combinations(range(m), 2):
        if j == i + 1 or (i, j) == (0, m - 1):
            a, b, c = (corner[i], corner[j], corner[(j + 1) % m]) if j == i + 1 else (corner[j], corner[i], corner[1])
            if turn(a, b, c) == 0 and sum((b - a) * (c - b)) < 0:
                return False
        elif _meet(*sides[i], *sides[j]):
            return False
    return True


def _inside(corners):
    """Area as a fan of triangles."""
    return abs(sum((turn(corners[0], p, q) for p, q in itertools.pairwise(corners[1:])), Fraction(0))) / 2


def hull_score(P, outputs, orientation):
    """In fractions."""
    right, shares = 0, []
    for x, row in zip(fractions(P), map(_points_of, outputs), strict=True):
        if not valid(x, row):
            continue
        true = [j + 1 for j in wrapped(x)]
        shifts = [row[k:] + row[:k] for k in range(len(row))]
        right += true in shifts or (orientation == "any" and true[::-1] in shifts)
        shares.append(_inside([x[j - 1] for j in row]) / _inside([x[j - 1] for j in true]))
    mean = sum(shares) / len(shares) if shares else 0
    return tuple(float(z) for z in (Fraction(right, len(P)), mean, 1 - Fraction(len(shares), len(P))))


def triangle_score(P, outputs):
    """Triangles counted one by one."""
    right, covered = 0, []
    for x, row in zip(fractions(P), map(_points_of, outputs), strict=True):
        true = [[j + 1 for j in t] for t in _triangles(x)]
        found = [sorted(row[3 * k : 3 * k + 3]) for k in range(len(row) // 3)]
        hits = [t for t in true if t in found]
        covered.append(Fraction(len(hits), len(true)))
        right += len(hits) == len(true) and all(f in true for f in found) and len(row) == 3 * len(found)
    return right / len(P), float(sum(covered) / len(P))
