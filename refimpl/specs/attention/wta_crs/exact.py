"""Right answers of WTA-CRS: every choice tried, every draw enumerated, sums added up one by one."""

from itertools import combinations, product

import numpy as np

from refimpl.specs.exact import exp, fractions, reals, sqrt


def _falling(p):
    return sorted(range(len(p)), key=lambda i: (-p[i], i))


def _best(scores):
    return min(range(len(scores)), key=lambda c: (scores[c], c))


def _scores(p, k):
    order = _falling(p)
    return [(sum(p) - sum(p[i] for i in order[:c])) / (k - c) for c in range(k)]


def _winners(p, count):
    return sorted(_falling(p)[:count])


def plan(p, k):
    """Every number of winners."""
    p = fractions(p)
    scores = _scores(p, k)
    count = _best(scores)
    winners = _winners(p, count)
    numbers = fractions(np.array([*winners, *[-1] * (k - count)], dtype=float))
    return (
        numbers,
        fractions(float(count)),
        sum((p[i] for i in winners), fractions(0.0)),
        np.array(scores, dtype=object),
    )


def _found(q, u):
    """First index whose running sum exceeds the share u of all."""
    running = 0
    for j, mass in enumerate(q):
        running = running + mass
        if running > u * sum(q):
            return j
    raise ValueError("u must be below 1")


def _rest(p, winners):
    return [0 * mass if j in winners else mass for j, mass in enumerate(p)]


def _chosen(p, k, u, kind, count=None):
    """Pairs of index and weight."""
    if k >= len(p):
        return [(i, 1) for i in range(len(p))]
    if kind == "topk":
        return [(i, 1) for i in _winners(p, k)]
    if kind == "crs":
        return [(j, 1 / (k * p[j])) for j in (_found(p, x) for x in u[:k])]
    winners = _winners(p, _best(_scores(p, k)) if count is None else count)
    q, draws = _rest(p, winners), k - len(winners)
    sure = [(i, 1) for i in winners]
    if sum(q) == 0:
        return sure
    return sure + [(j, sum(q) / (draws * q[j])) for j in (_found(q, x) for x in u[:draws])]


def rows(p, u, kind):
    """Running sums."""
    k = len(u)
    found = _chosen(fractions(p), k, fractions(u), kind)
    indices = [float(i) for i, _ in found] + [-1.0] * (k - len(found))
    weights = [w for _, w in found] + [0] * (k - len(found))
    return fractions(np.array(indices)), np.array(weights, dtype=object) + fractions(0.0), fractions(float(len(found)))


def _norm(v):
    return sqrt(sum(x * x for x in v))


def _law(sizes):
    total = sum(sizes)
    return [s / total if total else reals(1.0) / len(sizes) for s in sizes]


def _added(X, Y, found):
    """Weighted sum of outer products."""
    return sum((w * np.outer(X[:, i], Y[i]) for i, w in found), 0 * np.outer(X[:, 0], Y[0]))


def estimate(X, Y, u, kind):
    """Pair by pair."""
    X, Y, u = map(reals, (X, Y, u))
    p = _law([_norm(X[:, i]) * _norm(Y[i]) for i in range(len(Y))])
    return _added(X, Y, _chosen(p, len(u), u, kind))


def _chances(p, k):
    """Fixed at 1 and spread, until none is above 1."""
    sure: set[int] = {i for i, mass in enumerate(p) if mass > 0}
    if len(sure) <= k:
        return [int(i in sure) for i in range(len(p))]
    sure = set()
    while True:
        left = sum(mass for i, mass in enumerate(p) if i not in sure)
        chances = [1 if i in sure else (k - len(sure)) * mass / left for i, mass in enumerate(p)]
        above = {i for i, chance in enumerate(chances) if chance > 1}
        if not above:
            return chances
        sure |= above


def _outcomes(p, k, kind):
    """Every way to choose, with its probability."""
    m = len(p)
    if k >= m:
        yield 1, [(i, 1) for i in range(m)]
    elif kind == "topk":
        yield 1, [(i, 1) for i in _winners(p, k)]
    elif kind == "uniform":
        ways = list(combinations(range(m), k))
        for way in ways:
            yield fractions(1.0) / len(ways), [(i, fractions(float(m)) / k) for i in way]
    elif kind == "bernoulli":
        chances = _chances(p, k)
        for coins in product((False, True), repeat=m):
            chance = np.prod([c if coin else 1 - c for c, coin in zip(chances, coins, strict=True)])
            if chance:
                yield chance, [(i, 1 / chances[i]) for i in range(m) if coins[i]]
    else:
        winners = [] if kind == "crs" else _winners(p, _best(_scores(p, k)))
        q, draws = _rest(p, winners), k - len(winners)
        total, sure = sum(q), [(i, 1) for i in winners]
        if not total:
            yield 1, sure
            return
        for way in product([j for j in range(m) if q[j]], repeat=draws):
            chance = np.prod([q[j] / total for j in way])
            yield chance, sure + [(j, total / (draws * q[j])) for j in way]


def variance(X, Y, p, k, kind):
    """All outcomes."""
    X, Y, p = map(fractions, (X, Y, p))
    error = fractions(0.0)
    for chance, found in _outcomes(p, k, kind):
        off = _added(X, Y, found) - X @ Y
        error += chance * (off * off).sum()
    return np.array(error, dtype=object)


def _floored(H, norms, phi):
    sizes = [_norm(row) for row in H]
    if any(norms):
        sizes = [s * g for s, g in zip(sizes, norms, strict=True)]
    return [(1 - phi) * p + phi / len(H) for p in _law(sizes)]


def _linear(H, W, b, norms, u, ratio, phi):
    """Output, and the rows that are kept with their weights."""
    k = max(1, int(ratio * len(H)))
    return H @ W + b, _chosen(_floored(H, norms, phi), k, u, "wta")


def _weight_gradient(H, G, found):
    return _added(H.T, G, found)


def _padded(found, length):
    return reals(np.array([float(i) for i, _ in found] + [-1.0] * (length - len(found))))


def sampled_linear(H, W, b, G, norms, ratio, phi, u):
    """Row by row."""
    H, W, b, G, norms, phi, u = map(reals, (H, W, b, G, norms, phi, u))
    Z, found = _linear(H, W, b, norms, u, ratio, phi)
    db, lengths = sum(G, 0 * b), np.array([_norm(g) for g in G])
    floats = reals(float(len(found) * H.shape[1]))
    return Z, _weight_gradient(H, G, found), db, G @ W.T, lengths, _padded(found, len(H)), floats


def trajectory(x, labels, W1, b1, W2, b2, batches, u, lr, momentum, ratio, phi):
    """Step by step, all parameters in one list."""
    x, u, lr, momentum, phi, *params = map(reals, (x, u, lr, momentum, phi, W1, b1, W2, b2))
    cache, sums, path = reals(np.zeros((2, len(x)))), [0 * w for w in params], []
    for ids, draws in zip(batches, u, strict=True):
        W1, b1, W2, b2 = params
        z, first = _linear(x[ids], W1, b1, cache[0, ids], draws[0], ratio, phi)
        hidden = np.maximum(z, 0)
        logits, second = _linear(hidden, W2, b2, cache[1, ids], draws[1], ratio, phi)
        powers = exp(logits - logits.max(axis=1)[:, None])
        G2 = powers / powers.sum(axis=1)[:, None]
        for i, label in enumerate(labels[ids]):
            G2[i, label] -= 1
        G2 = G2 / len(ids)
        G1 = (G2 @ W2.T) * (z > 0)
        slopes = [_weight_gradient(x[ids], G1, first), sum(G1), _weight_gradient(hidden, G2, second), sum(G2)]
        for i, s in enumerate(ids):
            cache[:, s] = _norm(G1[i]), _norm(G2[i])
        sums = [momentum * v + g for v, g in zip(sums, slopes, strict=True)]
        params = [w - lr * v for w, v in zip(params, sums, strict=True)]
        path.append((params[0], params[2]))
    return np.stack([w for w, _ in path]), np.stack([w for _, w in path]), cache[0], cache[1]


def controls(p, u, k, kind):
    """Pair by pair."""
    p, u = fractions(p), fractions(u)
    if k >= len(p):
        return fractions(np.ones(len(p)))
    if kind == "uniform":
        first = sorted(range(len(u)), key=lambda i: u[i])[:k]
        weights = [fractions(float(len(p))) / k if i in first else 0 for i in range(len(p))]
    else:
        weights = [1 / c if x < c else 0 for c, x in zip(_chances(p, k), u, strict=True)]
    return np.array(weights, dtype=object) + fractions(0.0)


def _kept(H, norms, phi, ratio, u):
    """Of each head, with one number of winners for all."""
    k = max(1, int(ratio * H.shape[1]))
    laws = [_floored(h, g, phi) for h, g in zip(H, norms, strict=True)]
    if k >= H.shape[1]:
        return [[(i, 1) for i in range(H.shape[1])] for _ in H]
    means = [sum(column) / len(laws) for column in zip(*(_scores(p, k) for p in laws), strict=True)]
    return [_chosen(p, k, x, "wta", _best(means)) for p, x in zip(laws, u, strict=True)]


def sampled_product(A, B, G, columns, rows, ratio, phi, u_columns, u_rows):
    """Head by head."""
    A, B, G, columns, rows, phi, u_columns, u_rows = map(reals, (A, B, G, columns, rows, phi, u_columns, u_rows))
    of_B = _kept(B.transpose(0, 2, 1), columns, phi, ratio, u_columns)
    of_A = _kept(A, rows, phi, ratio, u_rows)
    dA = np.stack([_added(g, b.T, found) for g, b, found in zip(G, B, of_B, strict=True)])
    dB = np.stack([_added(a.T, g, found) for a, g, found in zip(A, G, of_A, strict=True)])
    lengths = [np.array([[_norm(v) for v in g] for g in H]) for H in (G.transpose(0, 2, 1), G)]
    floats = sum(len(found) for found in (*of_B, *of_A)) * A.shape[2]
    return np.stack([a @ b for a, b in zip(A, B, strict=True)]), dA, dB, *lengths, reals(float(floats))


def memory(batch, sequence, width, hidden, heads, ratio, copies):
    """A list of tensors: floats, and whether they are sampled."""
    tokens, ratio = fractions(float(batch * sequence)), fractions(ratio)
    tensors = [(tokens * width, True)] * 6 + [(tokens * hidden, True)]  # inputs of QKV, O, U; Q, K, V; input of D
    weights = tokens * sequence * heads
    rest = [(tokens * width, False)] * 2 + [(tokens * hidden / 32, False)]
    usual = sum(n for n, _ in tensors + rest) + copies * weights
    sampled = sum(ratio * n if less else n for n, less in tensors + rest) + (1 + ratio) * weights
    return tuple(np.array(n / 1000, dtype=object) for n in (usual, sampled, tokens * width))
