"""Right answers of surrogates in 50 digits: derivatives of networks carried forward, sums in place of recursions."""

from itertools import combinations, pairwise

import numpy as np

from refimpl.specs.exact import asin, exp, fractions, log, pi, reals, solve, sqrt, tanh

_ONE, _HALF = reals(1.0), reals(0.5)
_H = reals(2.0**-83)  # of a difference: it and what is left of the digits are far below double precision


def _net(w, x, sizes):
    """Outputs [n, out], and derivatives [n, out, P] carried along with them."""
    at, h, slopes, ones = 0, x, np.zeros((*x.shape, 0), dtype=object), np.ones((len(x), 1), dtype=int)
    for k, (a, b) in enumerate(pairwise(sizes)):
        W, bias = w[at : at + a * b].reshape(a, b), w[at + a * b : at + a * b + b]
        own = np.concatenate([h, ones], axis=1)[:, None, :, None] * np.eye(b, dtype=int)[:, None, :]
        h = h @ W + bias
        slopes = np.concatenate([W.T @ slopes, own.reshape(len(h), b, -1)], axis=2)  # of layers before, of its own
        at += a * b + b
        if k < len(sizes) - 2:
            h = tanh(h)
            slopes = (1 - h * h)[:, :, None] * slopes
    return h, slopes


def _features(w, x, sizes):
    """Outputs alone, tanh after the last layer too."""
    for a, b in pairwise(sizes):
        W, bias, w = w[: a * b].reshape(a, b), w[a * b : a * b + b], w[a * b + b :]
        x = tanh(x @ W + bias)
    return x


class _Posterior:
    """U and its gradient, for weights of examples."""

    def __init__(self, x, y, width, depth, noise, prior):
        self.x, self.y, self.noise, self.prior = reals(x), reals(y), reals(noise), reals(prior)
        self.sizes = (x.shape[1], *[int(width)] * int(depth), 1)

    def at(self, w, counts=None):
        f, slopes = _net(w, self.x, self.sizes)
        miss = f[:, 0] - self.y
        weighted = miss if counts is None else counts * miss
        U = (weighted * miss).sum() / self.noise / 2 + (w * w).sum() / self.prior / 2
        return U, weighted @ slopes[:, 0, :] / self.noise + w / self.prior


def energy(w, x, y, width, depth, noise, prior):
    """Derivatives carried forward."""
    return _Posterior(x, y, width, depth, noise, prior).at(reals(w))


def hmc(w, momenta, uniforms, steps, x, y, width, depth, noise, prior, step):
    """Positions by Verlet's form; acceptance by the densities' ratio."""
    law, w, momenta, h = _Posterior(x, y, width, depth, noise, prior), reals(w), reals(momenta), reals(step)
    U, g = law.at(w)
    rows = []
    for r, u, count in zip(momenta, uniforms, steps, strict=True):
        before = U + (r * r).sum() / 2
        q, p, new = w, r, (U, g)
        for _ in range(round(float(count))):
            q = q + h * p - h * h / 2 * new[1]
            old, new = new[1], law.at(q)
            p = p - h / 2 * (old + new[1])
        taken = float(u) < 1 and exp(-new[0] - (p * p).sum() / 2) > reals(u) * exp(-before)
        if taken:
            w, (U, g) = q, new
        rows.append((w, _ONE * int(taken), U))
    states, accepted, energies = zip(*rows, strict=True)
    return np.array(states, dtype=object), np.array(accepted, dtype=object), np.array(energies, dtype=object)


def dual_averaging(acceptance, start, target):
    """(t + 10) times the deficit is a plain sum; steps as products of powers."""
    sums, start = np.cumsum(reals(target) - reals(acceptance)), reals(start)
    averaged, rows = _ONE, []
    for t, deficit in enumerate(sums, 1):
        step = 10 * start * exp(-20 * sqrt(t * _ONE) * deficit / (t + 10))
        share = exp(-reals(0.75) * log(t * _ONE))
        averaged = exp(share * log(step) + (1 - share) * log(averaged))
        rows.append((step, averaged))
    return tuple(np.array(column, dtype=object) for column in zip(*rows, strict=True))


def sghmc(w, indices, xi, x, y, width, depth, noise, prior, lr, friction, burn_in):
    """Weights from the two before them; averages as weighted means."""
    law, w, xi = _Posterior(x, y, width, depth, noise, prior), reals(w), reals(xi)
    eta, gamma, epsilon = reals(lr), reals(friction), reals(1e-10)
    n, before = len(y), w
    tau = g_hat = v_hat = reals(np.ones(len(w)))
    states = []
    for t, rows in enumerate(indices):
        counts = np.zeros(n, dtype=object)
        for i in rows:
            counts[round(float(i))] = counts[round(float(i))] + _ONE * n / len(rows)
        _, g = law.at(w, counts)
        if t < burn_in:
            g_hat, v_hat, tau = (
                (tau * g_hat + g) / (tau + 1),
                (tau * v_hat + g * g) / (tau + 1),
                1 + tau * (1 - g_hat**2 / (v_hat + epsilon)),
            )
        scale = 1 / (sqrt(v_hat) + epsilon)
        spread = [max(2 * eta**2 * gamma * s - eta**4, reals(1e-16)) for s in scale]
        w, before = w + (1 - gamma) * (w - before) - eta**2 * scale * g + sqrt(np.array(spread)) * xi[t], w
        states.append(w)
    return np.array(states, dtype=object), tau, g_hat, v_hat, w - before


def ensemble(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    """Adam's corrected moments as weighted means; the variance from pairs of members."""
    law, lr, points = _Posterior(x, y, width, depth, noise, prior), reals(lr), reals(points)
    beta1, beta2, eps = reals(0.9), reals(0.999), reals(1e-8)
    members = []
    for w, mask in zip(reals(starts), reals(masks), strict=True):
        first = second = 0 * w
        one = two = 0 * _ONE
        for _ in range(steps):
            _, g = law.at(w, mask)
            first, one = beta1 * first + g, beta1 * one + 1
            second, two = beta2 * second + g * g, beta2 * two + 1
            w = w - lr * (first / one) / (sqrt(second / two) + eps)
        members.append(w)
    f = np.array([_net(w, points, law.sizes)[0][:, 0] for w in members], dtype=object)
    S, noise = len(f), law.noise
    pairs = sum(((f[i] - f[j]) ** 2 for i, j in combinations(range(S), 2)), 0 * f[0])
    mean, variance = f.sum(axis=0) / S, pairs / (S * (S - 1)) + noise
    miss = reals(targets) - mean
    score = sum(log(exp(-(m * m) / (2 * v)) / sqrt(2 * pi * v)) for m, v in zip(miss, variance, strict=True)) / len(
        f[0]
    )
    return np.array(members, dtype=object), mean, variance, score


def laplace(w, x, points, width, depth, noise, prior):
    """In the space of the weights, where the paper has it."""
    sizes = (x.shape[1], *[int(width)] * int(depth), 1)
    w, noise, prior = reals(w), reals(noise), reals(prior)
    few, index = np.unique(x, axis=0, return_counts=True)
    J = _net(w, reals(few), sizes)[1][:, 0, :]
    f, slopes = _net(w, reals(points), sizes)
    J_star = slopes[:, 0, :]
    counts = index * _ONE
    precision = (J * counts[:, None]).T @ J / noise + reals(np.eye(len(w))) / prior
    return J_star, f[:, 0], J_star @ solve(precision, J_star.T)


def _phi(k12, k11, k22, activation):
    """E phi(u) phi(v) as a function of the covariances themselves."""
    if activation == "erf":
        root = sqrt((1 + 2 * k11) * (1 + 2 * k22))
        return asin(2 * k12 / root) * 2 / pi
    determinant = max(k11 * k22 - k12 * k12, 0 * k12)
    cosine = min(k12 / sqrt(k11 * k22), _ONE)
    return (sqrt(determinant) + k12 * (pi / 2 + asin(cosine))) / (2 * pi)


def ibnn_kernel(x, y, depth, weight_variance, bias_variance, activation):
    """Pair by pair."""
    x, y = reals(x), reals(y)
    sw, sb, d = reals(weight_variance), reals(bias_variance), x.shape[1]

    def covariance(a, b):
        entries = [sb + sw * (p * q).sum() / d for p, q in ((a, b), (a, a), (b, b))]
        for _ in range(depth):
            k12, k11, k22 = entries
            pairs = ((k12, k11, k22), (k11, k11, k11), (k22, k22, k22))
            entries = [sb + sw * _phi(*pair, activation) for pair in pairs]
        return entries[0]

    kernel = np.array([[covariance(a, b) for b in y] for a in x], dtype=object)
    return kernel, np.array([covariance(a, a) for a in x], dtype=object)


def dkl_evidence(w, x, y, width, depth, lengths, scale, noise, mean):
    """The density of each target given those before it; derivatives by differences."""
    x, y = reals(x), reals(y)
    sizes = (x.shape[1], *[int(width)] * int(depth))
    theta = np.concatenate([reals(w), log(reals(lengths)), [log(reals(scale)), reals(noise), reals(mean)]])
    P = len(w)

    def density(theta):
        z = _features(theta[:P], x, sizes) * exp(-theta[P:-3])
        r = sqrt(reals(5.0) * ((z[:, None, :] - z[None, :, :]) ** 2).sum(axis=2))
        K = exp(theta[-3]) * (1 + r + r * r / 3) * exp(-r)
        K, miss, total = K + theta[-2] * reals(np.eye(len(y))), y - theta[-1], 0 * theta[-1]
        while len(miss):
            total = total - (miss[0] ** 2 / K[0, 0] + log(2 * pi * K[0, 0])) / 2
            share = K[1:, 0] / K[0, 0]
            K, miss = K[1:, 1:] - share[:, None] * K[0, 1:], miss[1:] - share * miss[0]
        return total

    here = density(theta)
    by = np.array([(density(theta + unit) - here) / _H for unit in np.eye(len(theta), dtype=int) * _H])
    return here, by[:P], by[P:-3], by[-3], by[-2], by[-1]


def hypervolume(values, reference):
    """Inclusion and exclusion of boxes, in fractions."""
    sides = fractions(values) - fractions(reference)
    boxes = {tuple(row) for row in sides if all(side > 0 for side in row)}
    total = fractions(0.0)
    for count in range(1, len(boxes) + 1):
        for some in combinations(sorted(boxes), count):
            volume = fractions(1.0)
            for side in zip(*some, strict=True):
                volume = volume * min(side)
            total = total + (volume if count % 2 else -volume)
    return total
