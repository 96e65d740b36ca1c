"""Right answers of one prompt and virtual outliers, apart from the source: example by example, in enough digits."""

from fractions import Fraction

import mpmath
import numpy as np

from refimpl.specs.exact import DIGITS, exp, fractions, log, reals, sqrt

_mp = mpmath.MPContext()
_mp.dps = DIGITS


def _positive(u):
    return (u + abs(u)) / 2


def _read(scores, values):
    """What keys with these scores say together, and the sum of their powers over a common factor."""
    powers = exp(scores)
    total = powers.sum()
    return (powers[:, None] * values).sum(axis=0) / total, total


def prefix_attention(q, k, v, P_k, P_v, dO):
    """Query by query: prompt and tokens read apart, then mixed."""
    q, k, v, P_k, P_v, dO = map(reals, (q, k, v, P_k, P_v, dO))
    O, dP_k, dP_v, d = 0 * q, 0 * P_k, 0 * P_v, q.shape[3]
    root = sqrt(reals(d))
    for i, h, t in np.ndindex(q.shape[:3]):
        part = slice(h * d, (h + 1) * d)
        of_prompt, of_tokens = (P_k[:, part] * q[i, h, t]).sum(axis=1) / root, (k[i, h] * q[i, h, t]).sum(axis=1) / root
        top = max(*of_prompt, *of_tokens)
        said, Z_p = _read(of_prompt - top, P_v[:, part])
        read, Z_t = _read(of_tokens - top, v[i, h])
        O[i, h, t] = read + (said - read) * (Z_p / (Z_p + Z_t))
        for j, score in enumerate(of_prompt):
            a = exp(score - top) / (Z_p + Z_t)
            dP_v[j, part] = dP_v[j, part] + dO[i, h, t] * a
            slope = a * (dO[i, h, t] * (P_v[j, part] - O[i, h, t])).sum()
            dP_k[j, part] = dP_k[j, part] + q[i, h, t] * (slope / root)
    return O, dP_k, dP_v


def _powers(o):
    """Softmax and log-sum-exp of each row."""
    powers = exp(o - o.max(axis=1)[:, None])
    totals = powers.sum(axis=1)
    return powers / totals[:, None], log(totals) + o.max(axis=1)


def _paid(u):
    """Huber's function of what is above 0, and its derivative: a difference of squares, and of lines."""
    u = _positive(u)
    more = _positive(u - 1)
    return (u**2 - more**2) / 2, u - more


def vor_loss(o_id, y, o_out, lam, tau_id, tau_out):
    """Row by row."""
    o_id, o_out, lam, tau_id, tau_out = map(reals, (o_id, o_out, lam, tau_id, tau_out))
    (p_id, l_id), (p_out, l_out) = _powers(o_id), _powers(o_out)
    h_id, s_id = _paid(-l_id - tau_id)
    h_out, s_out = _paid(tau_out + l_out)
    one = np.array([[int(label == j) for j in range(o_id.shape[1])] for label in y.astype(int)], dtype=object)
    n, m = o_id.shape[0], o_out.shape[0]
    cross_entropy, id_term, out_term = (l_id - (o_id * one).sum(axis=1)).sum() / n, h_id.sum() / n, h_out.sum() / m
    d_id = (p_id * (1 - lam * s_id)[:, None] - one) / n
    d_out = p_out * (s_out * (lam / m))[:, None]
    loss = cross_entropy + lam * id_term + lam * out_term
    return *map(np.array, (cross_entropy, id_term, out_term, loss)), d_id, d_out


def trajectory(W0, b0, first, last, Z, y, batches, outliers, rates, warm, lam, tau_id, tau_out):
    """Weights and bias in one matrix, features with a 1; Adam as weighted means."""
    theta = np.concatenate([reals(W0), reals(b0)[None]])
    Z, outliers, rates = reals(Z), reals(outliers), reals(rates)
    beta1, beta2, eps = reals(0.9), reals(0.999), reals(1e-8)
    m = v = 0 * theta
    weight1, weight2, found = reals(0), reals(0), []
    part, one = slice(int(first), int(last)), reals(np.ones(1))
    lifted = [np.concatenate([z, one]) for z in Z]
    for t, (rows, rate) in enumerate(zip(batches.astype(int), rates, strict=True)):
        X = np.array([lifted[row] for row in rows], dtype=object)
        labels = y.astype(int)[rows] - int(first)
        made = np.array([np.concatenate([z, one]) for z in outliers[t]], dtype=object)
        regular = lam if t >= warm else 0.0
        now = theta[:, part]
        *_, d_id, d_out = vor_loss_of(X.dot(now), labels, made.dot(now), regular, tau_id, tau_out)
        slope = 0 * theta
        slope[:, part] = X.T.dot(d_id) + made.T.dot(d_out)
        m, weight1 = m * beta1 + slope * (1 - beta1), weight1 * beta1 + (1 - beta1)
        v, weight2 = v * beta2 + slope**2 * (1 - beta2), weight2 * beta2 + (1 - beta2)
        theta = theta - rate * (m / weight1) / (sqrt(v / weight2) + eps)
        found.append(theta)
    return np.stack([x[:-1] for x in found]), np.stack([x[-1] for x in found])


def vor_loss_of(o_id, y, o_out, lam, tau_id, tau_out):
    """The gradients alone, of numbers that are exact already."""
    (p_id, l_id), (p_out, l_out) = _powers(o_id), _powers(o_out)
    lam, tau_id, tau_out = map(reals, (lam, tau_id, tau_out))
    one = np.array([[int(label == j) for j in range(o_id.shape[1])] for label in y], dtype=object)
    d_id = (p_id * (1 - lam * _paid(-l_id - tau_id)[1])[:, None] - one) / len(o_id)
    return d_id, p_out * (_paid(tau_out + l_out)[1] * (lam / len(o_out)))[:, None]


def schedule(lr, n):
    """Powers of a point on the circle."""
    n = int(n)
    turn = _mp.expjpi(_mp.mpf(99) / (200 * (n - 1))) if n > 1 else _mp.mpc(1)
    return np.array([_mp.mpf(lr) * (turn**e).real for e in range(n)], dtype=object)


def _directions(rows):
    lengths = sqrt((rows**2).sum(axis=1))
    return np.array([row / size if size else row for row, size in zip(rows, lengths, strict=True)], dtype=object)


def _lonely(points, members, K, count):
    """Numbers of the loneliest points; what is equal but for the last digits is equal."""
    far = [sorted(((members - point) ** 2).sum(axis=1))[K - 1] for point in points]
    rounded = [Fraction(int(r * 10**40), 10**40) if not isinstance(r, Fraction) else r for r in far]
    return sorted(range(len(far)), key=lambda i: -rounded[i])[:count]


def npos(Z, eps, K, select, n_out, sigma, centre, rank):
    """Distances in rational numbers, or between directions in 50 digits."""
    number = fractions if rank == "raw" else reals
    Z, eps, sigma, K = number(Z), number(eps), number(sigma), int(K)
    seen = (lambda rows: rows) if rank == "raw" else _directions
    boundary = _lonely(seen(Z), seen(Z), K, min(int(select), len(Z)))
    start = Z if centre == "boundary" else 0 * Z
    candidates = np.array([start[b] + e * sigma for b in boundary for e in eps], dtype=object)
    kept = _lonely(seen(candidates), seen(Z), K, int(n_out))
    return np.array(boundary), candidates[kept]


def vos(Z, y, eps, n_out, ridge):
    """The triangular root has as its rows what Gram and Schmidt make of rows with these inner products."""
    Z, eps, ridge, y = reals(Z), reals(eps), reals(ridge), y.astype(int)
    groups = [Z[y == label] for label in range(max(y) + 1)]
    means = [group.sum(axis=0) / len(group) for group in groups]
    left = np.concatenate([group - mean for group, mean in zip(groups, means, strict=True)])
    n, D = left.shape
    vectors = np.concatenate([left / sqrt(reals(n)), np.eye(D, dtype=int) * sqrt(ridge)])  # columns
    basis: list[np.ndarray] = []
    L = np.zeros((D, D), dtype=object)
    for i in range(D):
        rest = vectors[:, i]
        for j, unit in enumerate(basis):
            L[i, j] = (vectors[:, i] * unit).sum()
            rest = rest - unit * L[i, j]
        L[i, i] = sqrt((rest**2).sum())
        basis.append(rest / L[i, i])
    longest = sorted(range(len(eps)), key=lambda s: -(eps[s] ** 2).sum())[: int(n_out) // len(groups)]
    return np.array([mean + (L * eps[s]).sum(axis=1) for mean in means for s in longest], dtype=object)


def _cosine(a, b):
    product = sqrt((a**2).sum()) * sqrt((b**2).sum())
    return (a * b).sum() / product if product else 0 * product


def select_prompts(query, keys, k):
    """Query by query."""
    query, keys = reals(query), reals(keys)
    chosen, paid, slope = [], reals(0), 0 * keys
    for q in query:
        cosines = [_cosine(q, key) for key in keys]
        mine = sorted(range(len(keys)), key=lambda j: -Fraction(int(cosines[j] * 10**40), 10**40))[: int(k)]
        chosen.append(mine)
        for j in mine:
            paid = paid + 1 - cosines[j]
            size = sqrt((keys[j] ** 2).sum())
            slope[j] = slope[j] - q / (sqrt((q**2).sum()) * size) + keys[j] * (cosines[j] / size**2)
    return np.array(chosen), np.array(paid / len(query)), slope / len(query)


def coda_prompt(query, attention, keys, prompts):
    """Query by query."""
    query, attention, keys, prompts = map(reals, (query, attention, keys, prompts))
    weights = [[_cosine(q * a, key) for a, key in zip(attention, keys, strict=True)] for q in query]
    return np.array([sum(w * p for w, p in zip(row, prompts, strict=True)) for row in weights], dtype=object)


def accuracies(o, y, c, seen):
    """Example by example."""
    right, within, c = 0, 0, int(c)
    for row, label in zip(fractions(o), y.astype(int), strict=True):
        right += max(range(c * int(seen)), key=lambda j: row[j]) == label
        own = range(label // c * c, label // c * c + c)
        within += max(own, key=lambda j: row[j]) == label
    return np.array(Fraction(int(right), len(o))), np.array(Fraction(int(within), len(o)))


def metrics(a):
    """Task by task."""
    a = fractions(a)
    last, T = a[-1], len(a)
    lost = [max(a[t, i] for t in range(T - 1)) - last[i] for i in range(T - 1)]
    return np.array(sum(last) / T), np.array(sum(lost) / (T - 1) if lost else Fraction(0))
