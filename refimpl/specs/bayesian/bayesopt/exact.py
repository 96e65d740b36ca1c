"""Right answers on Bayesian optimisation, in 50 digits: observation by observation, piece by piece, by differences."""

from functools import lru_cache

import numpy as np

from refimpl.specs.exact import besselk, exp, fractions, log, ncdf, pi, reals, sqrt

_ONE, _SMALL, _TINY = reals(1.0), reals(2.0**-60), reals(2.0**-83)  # steps of differences: to both sides, to one
_NU = {"matern12": 0.5, "matern32": 1.5, "matern52": 2.5}
_OVER_GAMMA = {0.5: 1 / sqrt(pi * _ONE), 1.5: 2 / sqrt(pi * _ONE), 2.5: 4 / (3 * sqrt(pi * _ONE))}


def _phi(z):
    return exp(-z * z / 2) / sqrt(2 * pi * _ONE)


def _slope(function, x, here=None):
    """Derivative at a number; with half the work and digits where the function is `here`."""
    if here is None:
        return (function(x + _SMALL) - function(x - _SMALL)) / (2 * _SMALL)
    return (function(x + _TINY) - here) / _TINY


# Gaussian process ----------------------------------------------------------------------------------------------------


_bessel = lru_cache(maxsize=4096)(besselk)  # dear, and asked for the same distances again and again


def _kernel(kernel, x, z, alpha, alpha0):
    """Covariance of two points; Matern by the Bessel function."""
    r2 = (alpha * (x - z) ** 2).sum()
    if r2 == 0:
        return alpha0
    if kernel == "power_exponential":
        return alpha0 * exp(-r2)
    nu = _NU[kernel]
    s = sqrt(2 * nu * r2)
    return alpha0 * 2 * (s / 2) ** nu * _OVER_GAMMA[nu] * _bessel(nu, s)


def _matrix(kernel, points, alpha, alpha0):
    return np.array([[_kernel(kernel, x, z, alpha, alpha0) for z in points] for x in points], dtype=object)


def _condition(mean, C, values, noises):
    """The law of all given noisy values of the first few, one after the other; and their log density."""
    density = 0 * _ONE
    for i, (value, noise) in enumerate(zip(values, noises, strict=True)):
        variance, off = C[i, i] + noise, value - mean[i]
        density = density - (log(2 * pi * variance) + off**2 / variance) / 2
        gain = C[:, i] / variance
        mean, C = mean + gain * off, C - gain[:, None] * C[i, :][None, :]
    return mean, C, density


def _process(X, y, new, kernel, alpha, alpha0, noise, mean, beta):
    """Means and covariances at the new points, and the log density."""
    n, points = len(X), np.concatenate([X, new])
    prior = mean + points @ beta
    m, C, density = _condition(prior, _matrix(kernel, points, alpha, alpha0), y, [noise] * n)
    return m[n:], C[n:, n:], density


def _exactly(*values):
    return [reals(value) for value in values]


def posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter):
    """Observation by observation."""
    X, y, new, alpha, alpha0, noise, mean, beta, jitter = _exactly(X, y, new, alpha, alpha0, noise, mean, beta, jitter)

    def density(**changed):
        found = {"alpha": alpha, "alpha0": alpha0, "noise": noise, "mean": mean} | changed
        return _process(X, y, new[:0], kernel, found["alpha"], found["alpha0"], found["noise"] + jitter, found["mean"],
                        beta)[2]  # fmt: skip

    m, C, value = _process(X, y, new, kernel, alpha, alpha0, noise + jitter, mean, beta)
    unit = np.eye(len(alpha), dtype=int)
    slope = lambda function: _slope(function, 0 * _ONE, value)
    by_alpha = [slope(lambda t, e=e: density(alpha=alpha * (1 + t * e))) for e in unit]
    by_alpha0 = slope(lambda t: density(alpha0=alpha0 * (1 + t)))
    by_noise = slope(lambda t: density(noise=noise * (1 + t)))
    return m, C, value, np.array(by_alpha), by_alpha0, by_noise, slope(lambda t: density(mean=mean + t))


def _ei(mu, sigma, best):
    """Of numbers."""
    delta = mu - best
    if sigma == 0:
        return max(delta, 0 * delta)
    return delta * ncdf(delta / sigma) + sigma * _phi(delta / sigma)


def ei(mu, sigma, best):
    """Entry by entry."""
    (mu, sigma), best = _exactly(mu, sigma), reals(best)
    value, by_mean, by_sigma = [], [], []
    for m, s in zip(mu, sigma, strict=True):
        value.append(_ei(m, s, best))
        by_mean.append(_slope(lambda t, s=s: _ei(t, s, best), m))
        by_sigma.append(_slope(lambda t, m=m: _ei(m, t, best), s) if s > 0 else 0 * s)
    return np.array(value), np.array(by_mean), np.array(by_sigma)


def ei_gradient(X, y, new, kernel, alpha, alpha0, noise, mean, beta, best):
    """By differences in each coordinate."""
    X, y, new, alpha, alpha0, noise, mean, beta = _exactly(X, y, new, alpha, alpha0, noise, mean, beta)

    def value(x):
        m, C, _ = _process(X, y, x[None, :], kernel, alpha, alpha0, noise, mean, beta)
        return _ei(m[0], sqrt(max(C[0, 0], 0 * _ONE)), reals(best))

    unit, found = np.eye(len(alpha), dtype=int), [value(x) for x in new]
    slopes = [[_slope(lambda t, x=x, e=e: value(x + t * e), 0 * _ONE, here) for e in unit]
              for x, here in zip(new, found, strict=True)]  # fmt: skip
    return np.array(found), np.array(slopes)


# Knowledge gradient --------------------------------------------------------------------------------------------------


def _expected_max(a, b):
    """E max (a + b Z), piece by piece between all crossings of two lines."""
    lines = list(zip(a, b, strict=True))
    cuts = sorted((a - c) / (d - b) for i, (a, b) in enumerate(lines) for c, d in lines[:i] if b != d)
    total = 0 * _ONE
    for k in range(len(cuts) + 1):
        low, high = (cuts[k - 1] if k else None), (cuts[k] if k < len(cuts) else None)
        middle = high - 1 if low is None and high is not None else low + 1 if high is None and low is not None else (
            0 * _ONE if low is None else (low + high) / 2)  # fmt: skip
        height, slope = max(lines, key=lambda line: line[0] + line[1] * middle)
        mass = (ncdf(high) if high is not None else _ONE) - (ncdf(low) if low is not None else 0)
        first = (_phi(low) if low is not None else 0) - (_phi(high) if high is not None else 0)
        total = total + height * mass + slope * first
    return total


def _moves(covariance, i, noise):
    variance = covariance[i, i] + noise
    return covariance[:, i] / sqrt(variance) if variance > 0 else 0 * covariance[:, i]


def kg(mean, covariance, at, seen, noise):
    """Point by point."""
    a, C, noise = _exactly(mean, covariance, noise)
    found, seen = [], [int(i) for i in seen]
    for i in (int(i) for i in at):
        b, pool = _moves(C, i, noise), [*seen, i]
        after = _expected_max(a[pool], b[pool])
        found.append((_expected_max(a, b) - max(a), after - max(a[seen]), after - max(a[pool])))
    return tuple(np.array(column) for column in zip(*found, strict=True))


def kg_gradient(X, y, x, grid, Z, kernel, alpha, alpha0, noise, mean):
    """The best point held fixed, by differences."""
    X, y, x, grid, Z, alpha, alpha0, noise, mean = _exactly(X, y, x, grid, Z, alpha, alpha0, noise, mean)

    def law(x):
        points = np.concatenate([grid, x[None, :]])
        m, C, _ = _process(X, y, points, kernel, alpha, alpha0, noise, mean, 0 * alpha)
        return m[:-1], C[:-1, -1] / sqrt(C[-1, -1] + noise)

    m, direction = law(x)
    unit = np.eye(len(alpha), dtype=int)
    slopes = [_slope(lambda t, e=e: law(x + t * e)[1], 0 * _ONE, direction) for e in unit]
    best = [int(np.argmax(m + direction * z)) for z in Z]
    return np.array([[z * slope[i] for slope in slopes] for z, i in zip(Z, best, strict=True)])


def sources(mean, covariance, weights, at, costs, noise):
    """Of the sums, point by point."""
    mean, C, W, costs, noise = _exactly(mean, covariance, weights, costs, noise)
    a = W @ mean
    gain = [_expected_max(a, W @ _moves(C, int(i), noise)) - max(a) for i in at]
    return np.array(gain) / costs


def fidelities(blocks):
    """Entry by entry."""
    parts = fractions(blocks)
    count, size = parts.shape[0], parts.shape[1]
    return np.array([[sum(parts[j][i % size, k % size] for j in range(min(i // size, k // size) + 1))
                      for k in range(count * size)] for i in range(count * size)])  # fmt: skip


# Several points, constraints, entropies ------------------------------------------------------------------------------


_NOTHING = reals(1e-15)  # a variance that is what differences leave of 0


def _factor(C):
    """Lower Cholesky factor, by subtracting columns; 0 where a variance is."""
    C, columns = C + 0 * _ONE, []
    for i in range(len(C)):
        column = C[:, i] / sqrt(C[i, i]) if C[i, i] > _NOTHING else 0 * C[:, i]
        columns.append(column)
        C = C - column[:, None] * column[None, :]
        C[i, :], C[:, i] = 0 * _ONE, 0 * _ONE
    return np.array(columns).T


def qei(mean, covariance, Z, best):
    """By differences."""
    mean, C, Z, best = _exactly(mean, covariance, Z, best)
    q = len(mean)

    def value(mean, C):
        f = mean + Z @ _factor(C).T
        return sum((max(max(row) - best, 0 * _ONE) for row in f), 0 * _ONE) / len(Z)

    unit, here, by_covariance = np.eye(q, dtype=int), value(mean, C), np.empty((q, q), dtype=object)
    by_mean = [_slope(lambda t, e=e: value(mean + t * e, C), 0 * _ONE, here) for e in unit]
    for i in range(q):
        for j in range(i + 1):  # half of what moving both entries does
            both = np.outer(unit[i], unit[j]) + np.outer(unit[j], unit[i])
            slope = _slope(lambda t, both=both: value(mean, C + t * both), 0 * _ONE, here) / 2
            by_covariance[i, j] = by_covariance[j, i] = slope
    return here, np.array(by_mean), by_covariance


def eic(mu, sigma, y, constraints):
    """Point by point."""
    feasible = [value for value, g in zip(reals(y), np.transpose(constraints), strict=True) if (g >= 0).all()]
    found = []
    for m, s in zip(reals(mu).T, reals(sigma).T, strict=True):
        chance = _ONE
        for mean, spread in zip(m[1:], s[1:], strict=True):
            chance = chance * (ncdf(mean / spread) if spread > 0 else _ONE * bool(mean >= 0))
        found.append(chance * _ei(m[0], s[0], max(feasible)) if feasible else chance)
    return np.array(found)


def _shannon(counts, width):
    total, entropy = sum(counts), 0 * _ONE
    for count in counts:
        if count:
            share = count * _ONE / total
            entropy = entropy - share * log(share / width)
    return entropy


def es_pes(mean, covariance, at, nodes, node_weights, draws, noise_draws, noise, bins):
    """Draw by draw."""
    mean, C, nodes, weights, noise = _exactly(mean, covariance, nodes, node_weights, noise)
    m, direction, s = len(mean), _moves(C, at, noise), sqrt(C[at, at] + noise)
    f = mean + reals(draws) @ _factor(C).T
    y = f[:, at] + sqrt(noise) * reals(noise_draws)
    winner = lambda row: max(range(m), key=lambda i: row[i])

    def law(rows):
        counts = [0] * m
        for row in rows:
            counts[winner(row)] += 1
        return counts

    shifts = [(mean[at] + s * node - y) / s for node in nodes]
    after = [_shannon(law(f + shift[:, None] * direction), _ONE) for shift in shifts]
    es = _shannon(law(f), _ONE) - sum(w * h for w, h in zip(weights, after, strict=True))
    width, groups = 12 * _ONE / bins, [[0] * bins for _ in range(m)]
    for row, value in zip(f, y, strict=True):
        place = int(((value - mean[at]) / s + 6) / width)  # what is below 0 ends in the first bin anyhow
        groups[winner(row)][min(max(place, 0), bins - 1)] += 1
    given = sum((sum(group) * _shannon(group, width) for group in groups if sum(group)), 0 * _ONE) / len(f)
    return es, log(2 * pi * exp(_ONE)) / 2 - given


# Derivatives ---------------------------------------------------------------------------------------------------------

_STEP = reals(2.0**-40)  # of differences of second order: their error is its square, their rounding 2^-166 over it


def joint_with_gradients(X, y, gradients, new, x, alpha, alpha0, noise, gradient_noise, W):
    """Values and derivatives as values at points a little apart."""
    X, y, g, new, x, alpha, alpha0, W = _exactly(X, y, gradients, new, x, alpha, alpha0, W)
    noise, gradient_noise, d, n = reals(noise), reals(gradient_noise), len(alpha), len(X)
    ahead = [_STEP * e for e in np.eye(d, dtype=int)]
    one = [(_ONE, 0 * x)]
    ways = [one, *([(1 / (2 * _STEP), e), (-1 / (2 * _STEP), -e)] for e in ahead)]  # value, derivatives
    asked = [*((p, w) for w in ways for p in X), *((p, w) for w in ways for p in (x,)), *((p, one) for p in new)]

    def shared(first, second):
        return sum(c * e * _kernel("power_exponential", first[0] + u, second[0] + v, alpha, alpha0)
                   for c, u in first[1] for e, v in second[1])  # fmt: skip

    C = np.array([[shared(a, b) for b in asked] for a in asked], dtype=object)
    noises = [noise] * n + [gradient_noise] * (n * d)
    m, C, _ = _condition(0 * C[:, 0], C, [*y, *g.T.ravel()], noises)
    m, C = m[n * (d + 1) :], C[n * (d + 1) :, n * (d + 1) :]  # of (f, its derivatives) at x, then of f at new
    own = C[: d + 1, : d + 1] + np.diag([noise] + [gradient_noise] * d)
    lower, across = _factor(own), C[: d + 1, d + 1 :]
    directions: list = []
    for i in range(d + 1):  # rows of C^-1 S^T
        row = across[i] - sum((lower[i, j] * directions[j] for j in range(i)), 0 * across[i])
        directions.append(row / lower[i, i] if lower[i, i] > 0 else 0 * row)
    m, C = m[d + 1 :], C[d + 1 :, d + 1 :]
    best = [max(m + w @ np.array(directions)) for w in W]
    return m, C, sum(best, 0 * _ONE) / len(best) - max(m)
