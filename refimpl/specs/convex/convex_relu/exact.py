"""Expected answers for convex ReLU training, from dense matrices and enumeration, beyond working precision."""

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


def _strictly(rows):
    """Whether some a has r^T a > 0 for every row r: variables are eliminated one by one (Fourier and Motzkin)."""
    while rows and len(rows[0]):
        up, down = [r for r in rows if r[-1] > 0], [r for r in rows if r[-1] < 0]
        rows = [r[:-1] for r in rows if r[-1] == 0]
        rows += [p[:-1] * -q[-1] + q[:-1] * p[-1] for p in up for q in down]
    return not rows


def all_patterns(X):
    """Point by point, the sides that leave a cell; rational inequalities."""
    points = exact.fractions(X)
    found: list[tuple] = [()]
    for k, x in enumerate(points):
        sides = (1, 0) if any(x) else (1,)
        grown = [(*pattern, side) for pattern in found for side in sides]
        found = [
            pattern
            for pattern in grown
            if _strictly([p if side else -p for p, side in zip(points[: k + 1], pattern, strict=True) if any(p)])
        ]
    return np.array(sorted(found, reverse=True)).T


def robust_patterns(X, draws, shifts, epsilon, mask):
    """The patterns of the data and of its copies, neuron by neuron, in rational arithmetic."""
    X, draws, mask, epsilon = map(exact.fractions, (X, draws, mask, epsilon))
    columns: list[tuple[int, ...]] = []
    for a, each in zip(draws, shifts, strict=True):
        for copy in (X, *(X + exact.sign(shift) * mask * epsilon for shift in each)):
            column = tuple(int((x * a).sum() >= 0) for x in copy)
            if column not in columns:
                columns.append(column)
    return np.array(columns).T


def values(X, y, D, weights, beta, loss):
    """Program and network, neuron by neuron: (a)_+^2 counts once for v and once for alpha."""
    X, y, weights, beta = exact.reals(X), exact.reals(y), exact.reals(weights), exact.reals(beta)
    seen, fired, norms = 0 * y, 0 * y, exact.reals(0.0)
    for half, side in zip(weights, (1, -1), strict=True):
        for block, pattern in zip(half.T, D.T, strict=True):
            linear = X @ block
            seen = seen + side * linear * pattern
            fired = fired + side * np.array([max(x, 0) for x in linear], dtype=object)
            norms = norms + _norm(block)

    def fit(outputs):
        if loss == "squared":
            return ((outputs - y) ** 2).sum() / 2
        return (exact.log(1 + exact.exp(outputs * 2)) - 2 * y * outputs).sum()

    return fit(seen) + beta * norms, fired, fit(fired) + beta * norms


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


def _root(slope, shift, sizes, weights):
    """r with slope r - shift = sum_j w_j (s_j - w_j r)_+: those that turn out too small are left out in turn."""
    active = list(zip(sizes, weights, strict=True))
    while True:
        r = (shift + sum(w * x for x, w in active)) / (slope + sum(w * w for _, w in active))
        staying = [(x, w) for x, w in active if x > w * r]
        if len(staying) == len(active):
            return r
        active = staying


def _cut(x, bound):
    return min(max(x, -bound), bound)


def _nearest(a, b, epsilon, cap):
    theta = max(_root(1, a, [abs(x) for x in b], [epsilon] * len(b)), 0 * a)
    theta = theta if cap is None else min(theta, cap)
    return theta, [_cut(x, epsilon * theta) for x in b]


def cone(a, b, epsilon, cap):
    """Pair by pair, in rational arithmetic."""
    a, b, epsilon, cap = map(exact.fractions, (a, b, epsilon, cap))
    pairs = [_nearest(first, second, epsilon, cap) for first, second in zip(a, b, strict=True)]
    return np.array([theta for theta, _ in pairs]), np.array([phi for _, phi in pairs])


def _of_squared(a, b, epsilon, step):
    p = _root(step, 0 * a, [abs(a), *map(abs, b)], [1] + [epsilon] * len(b))
    return _cut(a, p), [_cut(x, epsilon * p) for x in b]


def _of_logistic(a, b, epsilon, step, n):
    """theta = p / n for the logit z at which the derivative, which rises in z, is zero: bisection, then Newton."""
    high = (abs(a) + 1 + epsilon * sum(map(abs, b))) / step
    low, z, rest, slope = -high, 0 * high, 0 * high, 1
    for trial in range(50):
        z = (low + high) / 2 if trial < 40 else z - rest / slope
        theta = 1 / (n * (1 + exact.exp(-z)))
        beyond = [abs(x) - epsilon * theta for x in b if abs(x) > epsilon * theta]
        rest = step * z + theta - a - epsilon * sum(beyond)
        slope = step + theta * (1 - n * theta) * (1 + epsilon**2 * len(beyond))
        low, high = (z, high) if rest < 0 else (low, z)
    return theta, [_cut(x, epsilon * theta) for x in b]


def adversarial(X, y, D, mask, beta, epsilon, size, balance, loss, steps):
    """Dense rows of K, one pair of rows and multipliers after the other."""
    X, y, mask, beta, epsilon, size, balance = map(exact.reals, (X, y, mask, beta, epsilon, size, balance))
    (n, d), P = X.shape, D.shape[1]
    tau, sigma = size * balance, size / balance

    def row(x, k, half=None, i=None):
        """x^T q_k, or x^T of one block, as a row over half, pattern, feature."""
        if half is None:
            return np.concatenate([side * x * D[k, j] for side in (1, -1) for j in range(P)])
        return np.concatenate([x if (h, j) == (half, i) else 0 * x for h in range(2) for j in range(P)])

    units = [mask * unit for unit in np.eye(d)]
    signs = 0 * y + 1 if loss == "squared" else -y
    pairs = [(signs[k] * row(X[k], k), [row(unit, k) for unit in units]) for k in range(n)]
    pairs += [
        ((1 - 2 * D[k, i]) * row(X[k], k, half, i), [row(unit, k, half, i) for unit in units])
        for half in range(2)
        for k in range(n)
        for i in range(P)
    ]
    offset = {"squared": -y, "hinge": 0 * y + 1, "logistic": 0 * y}[loss]
    K = np.array([line for first, second in pairs for line in (first, *second)])
    dual, weights, path = 0 * K[:, 0], 0 * K[0], []
    for _ in range(steps):
        down = weights - tau * (K.T @ dual)
        new = 0 * down
        for j in range(0, len(down), d):
            if (norm := _norm(down[j : j + d])) > tau * beta:
                new[j : j + d] = down[j : j + d] * (1 - tau * beta / norm)
        moved = (dual + sigma * (K @ (2 * new - weights))).reshape(-1, 1 + d)
        rows = []
        for k, (a, *b) in enumerate(moved):
            if k >= n:
                theta, phi = _nearest(a, b, epsilon, None)
            elif loss == "squared":
                theta, phi = _of_squared(a + sigma * offset[k], b, epsilon, sigma)
            elif loss == "hinge":
                theta, phi = _nearest(a + sigma * offset[k], b, epsilon, exact.reals(1.0) / n)
            else:
                theta, phi = _of_logistic(a, b, epsilon, sigma, n)
            rows += [theta, *phi]
        dual, weights = np.array(rows, dtype=object), new
        path.append(_as_array(weights, d, P))
    return np.stack(path)
