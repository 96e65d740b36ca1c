"""Right answers on score estimation, in 50 digits: as linear regression, term by term, and by doubling."""

import numpy as np

from refimpl.specs.exact import asin, exp, pi, reals, sqrt


def _points(rows):
    return np.stack([np.array(row, dtype=object) for row in rows])


def training_pairs(X0, t, zeta, T0, constant):
    """Sample by sample."""
    rows = []
    for x, time, z in zip(reals(X0), reals(t), reals(zeta), strict=True):
        noisy = exp(-time / 2) * x + sqrt(1 - exp(-time)) * z
        rows.append([*noisy, time - reals(T0), *([1 * time / time] if constant == "yes" else [])])
    return _points(rows), reals(X0)


def _nearest(f, D):
    """Nearest point of the ball."""
    length = sqrt(sum(f * f))
    return f if length <= D else f / length * D


def score_readout(f, t, x, D):
    """By Tweedie's formula: (mean of alpha X_0 less x) over the variance."""
    f, t, x, D = reals(f), reals(t), reals(x), reals(D)
    return _points([(exp(-s / 2) * _nearest(g, D) - y) / (1 - exp(-s)) for g, s, y in zip(f, t, x, strict=True)])


def weighted_errors(f, t, x, X0, D):
    """The distance to the clean sample: the noise and the time cancel."""
    f, X0, D = reals(f), reals(X0), reals(D)
    each = np.array([sum((_nearest(g, D) - clean) ** 2) for g, clean in zip(f, X0, strict=True)], dtype=object)
    return each, np.array(sum(each) / len(each), dtype=object)


def _derivative(W, a, Z):
    """Derivative of all outputs in all weights of the first layer; times the weights it is the outputs."""
    (m, p), d = W.shape, a.shape[1]
    J = np.zeros((len(Z), d, m, p), dtype=object) + reals(0.0)
    for j, z in enumerate(Z):
        for r in range(m):
            if sum(W[r] * z) > 0:
                for i in range(d):
                    J[j, i, r] = a[r, i] * z / sqrt(reals(m))
    return J.reshape(len(Z) * d, m * p)


def _regress(W, a, Z, Y, eta):
    """A step of linear regression on the derivative."""
    J = _derivative(W, a, Z)
    residuals = J @ W.reshape(-1) - Y.reshape(-1)
    W = W - eta / len(Z) * (J.T @ residuals).reshape(W.shape)
    return W, residuals.reshape(Y.shape), sum(residuals**2) / (2 * len(Z))


def gd_step(W, a, Z, Y, eta):
    """One step."""
    W, residuals, loss = _regress(*map(reals, (W, a, Z, Y, eta)))
    return W, residuals, np.array(loss, dtype=object)


def train(W, a, Z, Y, Z_test, eta, steps):
    """Each unit beside one that starts alike and counts against it."""
    W, a, Z, Y, Z_test, eta = map(reals, (W, a, Z, Y, Z_test, eta))
    W, a, losses = np.concatenate([W, W]), np.concatenate([a, -a]), []
    for _ in range(steps):
        W, _, loss = _regress(W, a, Z, Y, eta)
        losses.append(loss)
    f = (_derivative(W, a, Z_test) @ W.reshape(-1)).reshape(len(Z_test), -1)
    return f, np.array(losses, dtype=object)


def empirical_kernel(W, a, Z, Z2):
    """Products of derivatives."""
    W, a, Z, Z2 = map(reals, (W, a, Z, Z2))
    found = _derivative(W, a, Z) @ _derivative(W, a, Z2).T
    return found.reshape(len(Z), a.shape[1], len(Z2), a.shape[1])


def _kernel(Z, Z2):
    """Inner product times the chance that a random unit sees both (Sheppard's formula)."""
    K = np.zeros((len(Z), len(Z2)), dtype=object)
    for j, z in enumerate(Z):
        for i, other in enumerate(Z2):
            product, squares = sum(z * other), sum(z * z) * sum(other * other)
            if product != 0:
                ratio = product / sqrt(squares)
                K[j, i] = product * (reals(0.25) + asin(min(max(ratio, -1), 1)) / (2 * pi))
    return K + reals(0.0)


def tangent_kernel(Z, Z2):
    """By the chance that a random unit sees both."""
    return _kernel(reals(Z), reals(Z2))


def _sum_of_powers(one, A, tau, times):
    """1 + A + ... + A^(tau - 1), by doubling."""
    total, power = 0 * one, one
    for bit in bin(tau)[2:]:
        total, power = total + times(power, total), times(power, power)
        if bit == "1":
            total, power = one + times(A, total), times(A, power)
    return total


def spectral_filter(values, eta, tau):
    """The sum of what is left before each step."""
    values, eta = reals(values), reals(eta)
    left = np.array([1 - eta * v if v > 0 else 1 + 0 * v for v in values], dtype=object)
    return eta * _sum_of_powers(1 + 0 * values, left, tau, lambda x, y: x * y)


def kernel_gd_predict(Z, Y, Z_test, eta, tau):
    """The sum of all steps, by doubling; no eigenvalues."""
    Z, Y, Z_test, eta = reals(Z), reals(Y), reals(Z_test), reals(eta)
    n, one = len(Z), reals(np.eye(len(Z)))
    moved = _sum_of_powers(one, one - eta / n * _kernel(Z, Z), tau, lambda x, y: x @ y)
    return eta / n * _kernel(Z_test, Z) @ moved @ Y


def stopping_time(values, eta, sigma, B):
    """Between two eigenvalues the condition is quadratic: solve it, from the largest eigenvalue on."""
    values = sorted((max(v, 0 * v) for v in reals(values)), reverse=True)
    n, eta, limit = len(values), reals(eta), (reals(B) / (2 * exp(reals(1.0)) * reals(sigma))) ** 2
    for k in range(n + 1):  # with u = eta tau, the k largest are above 1 / u: u^2 rest + u k <= n limit
        rest, above = sum(values[k:]), values[k] if k < n else reals(0.0)
        ends = 1 / above if above > 0 else None
        if ends is None or ends**2 * rest + ends * k > n * limit:
            u = 2 * n * limit / (k + sqrt(k * k + 4 * rest * n * limit))
            return np.array(reals(float(int(u / eta))), dtype=object)
    raise AssertionError("unreachable")
