"""Expected answers for convex ReLU training, from dense matrices and enumeration, beyond working precision."""

from fractions import Fraction
from itertools import product

import numpy as np

from refimpl.specs import exact


def _inverse(A):
    """Gauss-Jordan elimination of a positive definite matrix: no pivoting needed."""
    size = len(A)
    rows = np.concatenate([A, exact.reals(np.eye(size))], axis=1)
    for i in range(size):
        rows[i] = rows[i] / rows[i, i]
        for j in range(size):
            if j != i:
                rows[j] = rows[j] - rows[i] * rows[j, i]
    return rows[:, size:]


def _dense(X, D):
    """F and G of the page, columns over half, pattern, feature, rows of G over half, pattern, point."""
    n, d = X.shape
    P = D.shape[1]
    F = np.concatenate([D[:, i : i + 1] * X for i in range(P)], axis=1)
    G = np.zeros((P * n, P * d), dtype=object)
    for i in range(P):
        G[i * n : (i + 1) * n, i * d : (i + 1) * d] = (2 * D[:, i : i + 1] - 1) * X
    nothing = np.zeros_like(G)
    return np.concatenate([F, -F], axis=1), np.block([[G, nothing], [nothing, G]])


def _as_array(vector, d, P):
    return vector.reshape(2, P, d).swapaxes(1, 2)


def _norm(x):
    return exact.sqrt((x * x).sum())


def _settle(G, u, lam, nu, beta, rho, gamma, d):
    """v, s and the duals after a new u."""
    goal, Gu = u + lam, G @ u
    v = 0 * goal
    for j in range(0, len(goal), d):
        block = goal[j : j + d]
        norm = _norm(block)
        if norm * rho > beta:
            v[j : j + d] = block - block * beta / (rho * norm)
    s = np.array([max(x, 0) for x in Gu + nu], dtype=object)
    return v, lam + (u - v) * gamma / rho, s, nu + (Gu - s) * gamma / rho


def admm(X, y, D, beta, rho, gamma, steps):
    """Every step by the inverse of the dense matrix."""
    (d, P), (X, y, D) = (X.shape[1], D.shape[1]), map(exact.reals, (X, y, D))
    beta, rho, gamma = map(exact.reals, (beta, rho, gamma))
    F, G = _dense(X, D)
    inverse = _inverse(exact.reals(np.eye(2 * d * P)) + F.T @ F / rho + G.T @ G)
    v = lam = exact.reals(np.zeros(2 * d * P))
    s = nu = exact.reals(np.zeros(2 * len(y) * P))
    us, vs = [], []
    for _ in range(steps):
        u = inverse @ (F.T @ y / rho + v - lam + G.T @ (s - nu))
        v, lam, s, nu = _settle(G, u, lam, nu, beta, rho, gamma, d)
        us.append(_as_array(u, d, P))
        vs.append(_as_array(v, d, P))
    return np.stack(us), np.stack(vs)


def rbcd(X, y, D, blocks, beta, rho, loss):
    """The gradient of the whole function, of which a block is used; every trial step evaluates all of it."""
    (d, P), (X, y, D) = (X.shape[1], D.shape[1]), map(exact.reals, (X, y, D))
    beta, rho = map(exact.reals, (beta, rho))
    F, G = _dense(X, D)
    u = v = lam = exact.reals(np.zeros(2 * d * P))
    s = nu = exact.reals(np.zeros(2 * len(y) * P))

    def total(u):
        outputs = F @ u
        if loss == "squared":
            fit = ((outputs - y) ** 2).sum() / 2
        else:
            fit = (exact.log(1 + exact.exp(outputs * 2)) - 2 * y * outputs).sum()
        return fit + rho / 2 * (((u - v + lam) ** 2).sum() + ((G @ u - s + nu) ** 2).sum())

    us, vs = [], []
    for row in blocks:
        for i in row:
            outputs = F @ u
            slope = outputs - y if loss == "squared" else 2 / (1 + exact.exp(-outputs * 2)) - 2 * y
            whole = F.T @ slope + rho * (u - v + lam + G.T @ (G @ u - s + nu))
            mine = np.zeros(2 * d * P, dtype=int)
            for half in range(2):
                start = (half * P + int(i)) * d
                mine[start : start + d] = 1
            g = whole * mine
            t, floor, now, squares = exact.reals(1.0), exact.reals(1e-8), total(u), (g * g).sum()
            while t > floor and now - total(u - t * g) < t * squares * exact.reals(1e-3):
                t = max(t * 2 / 5, floor)
            u = u - t * g
        v, lam, s, nu = _settle(G, u, lam, nu, beta, rho, rho, d)
        us.append(_as_array(u, d, P))
        vs.append(_as_array(v, d, P))
    return np.stack(us), np.stack(vs)


def patterns(X, draws):
    """Signs of the products in rational arithmetic."""
    X, draws = exact.fractions(X), exact.fractions(draws)
    columns: list[tuple[int, ...]] = []
    for a in draws:
        column = tuple(int((x * a).sum() >= 0) for x in X)
        if column not in columns:
            columns.append(column)
    return np.array(columns).T


def recover(weights):
    """Block by block."""
    first, second = [], []
    for half, side in zip(exact.reals(weights), (1, -1), strict=True):
        for block in half.T:
            norm = _norm(block)
            if norm > 0:
                first.append(block / exact.sqrt(norm))
                second.append(side * exact.sqrt(norm))
    return np.stack(first, axis=1), np.array(second)


def scp(X, y, draws, beta, steps):
    """FISTA as it is written, with the largest eigenvalue of Z Z^T."""
    X, y, draws, beta = map(exact.reals, (X, y, draws, beta))
    U = np.stack([a / _norm(a) for a in draws], axis=1)
    Z = np.array([[max(z, 0) for z in row] for row in X @ U], dtype=object)
    context = exact._context
    L = max(context.eigsy(context.matrix((Z @ Z.T).tolist()), eigvals_only=True)) or exact.reals(1.0)
    alpha = point = exact.reals(np.zeros(len(draws)))
    t, alphas = exact.reals(1.0), []
    for _ in range(steps):
        forward = point - Z.T @ (Z @ point - y) / L
        new = np.array([max(f - beta / L, 0) - max(-f - beta / L, 0) for f in forward], dtype=object)
        if (point - new) @ (new - alpha) > 0:
            t = exact.reals(1.0)
        following = (1 + exact.sqrt(1 + 4 * t * t)) / 2
        point = new + (new - alpha) * (t - 1) / following
        alpha, t = new, following
        alphas.append(alpha)
    return np.stack(alphas)


def certified(X, y, D, weights, mask, beta, epsilon, loss):
    """The worst of all corners of each box."""
    X, y, weights, mask = map(exact.reals, (X, y, weights, mask))
    beta, epsilon, (n, P) = exact.reals(beta), exact.reals(epsilon), D.shape
    corners = [np.array(signs) * mask * epsilon for signs in product((-1, 1), repeat=X.shape[1])]
    value, slack = 0, np.empty((2, n, P), dtype=object)
    for k in range(n):
        q = sum(((weights[0, :, i] - weights[1, :, i]) for i in range(P) if D[k, i]), 0 * X[k])
        outputs = [(X[k] + corner) @ q for corner in corners]
        if loss == "squared":
            value += max((o - y[k]) ** 2 for o in outputs) / 2
        elif loss == "hinge":
            value += max(max(1 - y[k] * o, 0) for o in outputs) / n
        else:
            value += max(exact.log(1 + exact.exp(-y[k] * o)) for o in outputs) / n
        for half in range(2):
            for i in range(P):
                side = 1 if D[k, i] else -1
                slack[half, k, i] = min(side * ((X[k] + corner) @ weights[half, :, i]) for corner in corners)
    value += beta * sum(_norm(weights[half, :, i]) for half in range(2) for i in range(P))
    return np.array(value, dtype=object), slack


def cone(a, b, epsilon, cap):
    """Which |b_j| count is found by leaving out those that turn out too small, in rational arithmetic."""
    a, b, epsilon, cap = map(exact.fractions, (a, b, epsilon, cap))
    thetas, phis = [], []
    for first, second in zip(a, b, strict=True):
        active = [abs(x) for x in second]
        while True:
            theta = (first + epsilon * sum(active)) / (1 + epsilon**2 * len(active))
            staying = [x for x in active if x > epsilon * theta]
            if len(staying) == len(active):
                break
            active = staying
        theta = min(max(theta, Fraction(0)), cap)
        thetas.append(theta)
        phis.append([min(max(x, -epsilon * theta), epsilon * theta) for x in second])
    return np.array(thetas), np.array(phis)
