"""Right answers on Hessian alignment, in 50 digits: sample by sample, Hessians and gradients by differences."""

import numpy as np

from refimpl.specs.exact import eigh, exp, log, reals, sqrt

_FINE, _COARSE = reals(2.0**-60), reals(2.0**-30)  # of differences, and of differences of those


def _slopes(function, x, size=_COARSE):
    """Derivative of a number in every entry of an array, by central differences."""
    found = np.empty(x.shape, dtype=object)
    for index in np.ndindex(x.shape):
        ahead, behind = x.copy(), x.copy()
        ahead[index], behind[index] = x[index] + size, x[index] - size
        found[index] = (function(ahead) - function(behind)) / (2 * size)
    return found


def _chances(W, z):
    """Probability of each class, of two classes where the head has one row."""
    powers = exp(z @ W[:, :-1].T + W[:, -1])
    if len(W) == 1:
        powers = np.concatenate([1 + 0 * powers, powers], axis=1)
    return powers / powers.sum(axis=1, keepdims=True)


def _loss(W, z, y):
    return -sum(log(p[k]) for p, k in zip(_chances(W, z), y, strict=True)) / len(y)


def _samples(W, z, y):
    """Gradient of the loss of each sample: how much too likely a class is, times the features."""
    p, rows = _chances(W, z)[:, -len(W) :], []
    for p_i, z_i, k in zip(p, z, y, strict=True):
        hit = [(k == c if len(W) > 1 else k == 1) for c in range(len(W))]
        rows.append(np.outer(p_i - np.array(hit, dtype=int), np.append(z_i, 1)))
    return np.stack(rows)


def _gradient(W, z, y):
    return _samples(W, z, y).sum(axis=0) / len(y)


def _along(W, z, y, V):
    """Hessian times V: how the gradient changes."""
    return (_gradient(W + _FINE * V, z, y) - _gradient(W - _FINE * V, z, y)) / (2 * _FINE)


def _units(shape):
    for index in np.ndindex(shape):
        V = np.zeros(shape, dtype=object)
        V[index] = 1
        yield index, V


def head_stats(W, z, y):
    """The loss, and its differences."""
    W, z = reals(W), reals(z)
    g = _slopes(lambda W: _loss(W, z, y), W, _FINE)
    H = np.empty((*W.shape, *W.shape), dtype=object)
    for index, V in _units(W.shape):
        H[index] = _along(W, z, y, V)
    D = np.array([H[(*i, *i)] for i in np.ndindex(W.shape)], dtype=object).reshape(W.shape)
    return np.array(_loss(W, z, y), dtype=object), g, _along(W, z, y, g), D, H


def _matrix(signs, shape):
    """One draw, weights row by row and then the biases."""
    C, q = shape
    return np.array([[*signs[c * (q - 1) : (c + 1) * (q - 1)], signs[C * (q - 1) + c]] for c in range(C)])


def _estimate(W, z, y, draws):
    R = [_matrix(reals(r), W.shape) for r in draws]
    return sum(r * _along(W, z, y, r) for r in R) / len(R)


def hutchinson(W, z, y, signs):
    """Signs times the change of the gradient along them."""
    W, z = reals(W), reals(z)
    return np.stack([_estimate(W, z, y, draws) for draws in signs])


def _diagonal(W, z, y):
    p = _chances(W, z)[:, -len(W) :]
    rows = [np.outer(p_i * (1 - p_i), np.append(z_i, 1) ** 2) for p_i, z_i in zip(p, z, strict=True)]
    return sum(rows) / len(rows)


def _around(W, z, part):
    """Value of a sum over domains of ``part(W, z_e, e)``, and its differences in the head and in the features."""
    n = len(z)
    value = sum(part(W, z[e], e) for e in range(n))
    dW = _slopes(lambda W: sum(part(W, z[e], e) for e in range(n)), W)
    dz = [_slopes(lambda z_e, e=e: part(W, z_e, e), z[e]) for e in range(n)]
    return np.array(value, dtype=object), dW, np.stack(dz)


def _squares(x):
    return (x * x).sum()


def _aligned(W, z, y, v, v_mean, alpha, beta):
    """Distances of ``v(W, z_e, e)`` and of the gradients from means that are constants."""
    n = len(z)
    g_mean = sum(_gradient(W, z[e], y[e]) for e in range(n)) / n

    def part(W, z_e, e):
        far = beta * _squares(_gradient(W, z_e, y[e]) - g_mean)
        return (alpha * _squares(v(W, z_e, e) - v_mean) + far) / n

    return part


def _matched(W, z, y, kind, alpha, beta, mean_rule):
    n, mean = len(z), lambda rows: sum(rows) / len(z)
    if kind == "exact":
        v = lambda W, z_e, e: _diagonal(W, z_e, y[e])
    else:
        v = lambda W, z_e, e: _along(W, z_e, y[e], _gradient(W, z_e, y[e]))
    v_mean = mean([v(W, z[e], e) for e in range(n)])
    if kind == "hgp" and mean_rule == "code":
        g_mean = mean([_gradient(W, z[e], y[e]) for e in range(n)])
        v_mean = mean([_along(W, z[e], y[e], g_mean) for e in range(n)])
    return _aligned(W, z, y, v, v_mean, alpha, beta)


def penalty(W, z, y, alpha, beta, kind, mean_rule):
    """By its definition, and differences."""
    W, z, alpha, beta = reals(W), reals(z), reals(alpha), reals(beta)
    return _around(W, z, _matched(W, z, y, kind, alpha, beta, mean_rule))


def hutchinson_penalty(W, z, y, signs, alpha, beta):
    """By its definition, and differences."""
    W, z, alpha, beta = reals(W), reals(z), reals(alpha), reals(beta)
    v = lambda W, z_e, e: _estimate(W, z_e, y[e], signs[e + 1 if len(signs) > 1 else 0])
    v_mean = sum(_estimate(W, z[e], y[e], signs[0]) for e in range(len(z))) / len(z)
    return _around(W, z, _aligned(W, z, y, v, v_mean, alpha, beta))


def _scale(W, z, y):
    """Derivative in t of the loss at t W."""
    return (_loss((1 + _FINE) * W, z, y) - _loss((1 - _FINE) * W, z, y)) / (2 * _FINE)


def baseline(W, z, y, lam, kind):
    """By its definition, and differences."""
    W, z, lam = reals(W), reals(z), reals(lam)
    n = len(z)
    if kind == "coral":
        return _coral(W, z, lam)
    if kind == "vrex":
        mean = sum(_loss(W, z[e], y[e]) for e in range(n)) / n
        return _around(W, z, lambda W, z_e, e: lam * (_loss(W, z_e, y[e]) - mean) ** 2 / n)
    if kind == "irm":
        return _around(W, z, lambda W, z_e, e: lam * _scale(W, z_e, y[e]) ** 2 / n)
    halves = lambda W, z_e, e: _scale(W, z_e[::2], y[e][::2]) * _scale(W, z_e[1::2], y[e][1::2])
    return _around(W, z, lambda W, z_e, e: lam * halves(W, z_e, e) / n)


def _coral(W, z, lam):
    def value(z):
        n, total = len(z), reals(0.0)
        mu = [z_e.sum(axis=0) / len(z_e) for z_e in z]
        C = [sum(np.outer(row - m, row - m) for row in z_e) / (len(z_e) - 1) for z_e, m in zip(z, mu, strict=True)]
        for i in range(n):
            for j in range(i):
                total += _squares(mu[i] - mu[j]) / len(mu[i]) + _squares(C[i] - C[j]) / len(mu[i]) ** 2
        return 2 * lam * total / (n * (n - 1))

    return np.array(value(z), dtype=object), 0 * W, _slopes(value, z)


def fishr(W, z, y, lam, decay, reduction, smoothing):
    """Sample by sample; each memory is a constant of the next differences."""
    W, z, lam, decay = reals(W), reals(z), reals(lam), reals(decay)
    T, n, found = len(z), z.shape[1], []
    lam = lam * {"norm": 1, "cmnist": n, "domainbed": 1 / reals(float(W.size))}[reduction]
    memory = [0 * W for _ in range(n)]
    for t in range(T):

        def variance(W, z_e, e, t=t, memory=memory):
            G = _samples(W, z_e, y[t, e])
            far = G - G.sum(axis=0) / len(G)
            v = (far * far).sum(axis=0) / len(G)
            return decay / (1 - decay) * memory[e] + v if smoothing == "yes" else v

        v = [variance(W, z[t, e], e) for e in range(n)]
        mean = sum(v) / n
        part = lambda W, z_e, e, mean=mean, variance=variance: lam * _squares(variance(W, z_e, e) - mean) / n
        found.append(_around(W, z[t], part))
        memory = [(1 - decay) * v_e for v_e in v]
    return tuple(np.stack(rows) for rows in zip(*found, strict=True))


def network(U, c, W, x, y, alpha, beta, lam, kind):
    """Loss and penalty as functions of all parameters, and differences."""
    U, c, W, x = reals(U), reals(c), reals(W), reals(x)
    alpha, beta, lam, n = reals(alpha), reals(beta), reals(lam), len(x)
    cuts = np.cumsum([U.size, c.size])
    theta = np.concatenate([U.ravel(), c, W.ravel()])

    def seen(theta, e):
        U_, c_, W_ = np.split(theta, cuts)
        z = x[e] @ U_.reshape(U.shape) + c_
        return W_.reshape(W.shape), z * (z > 0)

    def domain_loss(theta, e):
        head, z = seen(theta, e)
        return _loss(head, z, y[e])

    loss = lambda theta: sum(domain_loss(theta, e) for e in range(n)) / n
    if kind == "iga":
        slope = lambda theta, e: _slopes(lambda t: domain_loss(t, e), theta, _FINE)
        mean = sum(slope(theta, e) for e in range(n)) / n
        penalty = lambda theta: sum(_squares(slope(theta, e) - mean) for e in range(n))
    else:
        z = [seen(theta, e)[1] for e in range(n)]
        part = _matched(W, z, y, kind, alpha, beta, "code")
        penalty = lambda theta: sum(part(*seen(theta, e), e) for e in range(n))
    slopes = _slopes(loss, theta, _FINE) + lam * _slopes(penalty, theta)
    dU, dc, dW = np.split(slopes, cuts)
    values = (np.array(value, dtype=object) for value in (loss(theta), penalty(theta)))
    return *values, dU.reshape(U.shape), dc, dW.reshape(W.shape)


def schedule(theta0, grads, penalties, lam, warm, lr, l2, beta1, beta2, eps):
    """Adam with its averages as weighted means of all gradients so far."""
    lam, lr, l2, beta1, beta2, eps = (reals(value) for value in (lam, lr, l2, beta1, beta2, eps))
    theta, thetas = reals(theta0), []
    first = second = weight1 = weight2 = reals(0.0)
    for k, (g, p) in enumerate(zip(reals(grads), reals(penalties), strict=True)):
        whole = g + p + 2 * l2 * theta
        if k >= warm:
            whole = whole + (lam - 1) * p
            whole = whole / lam if lam > 1 else whole
        first, weight1 = beta1 * first + whole, beta1 * weight1 + 1
        second, weight2 = beta2 * second + whole**2, beta2 * weight2 + 1
        theta = theta - lr * (first / weight1) / (sqrt(second / weight2) + eps)
        thetas.append(theta)
    return np.stack(thetas)


def fish(theta, A, b, lr, epsilon):
    """The walk of a quadratic is affine in its start."""
    theta, A, b, lr, epsilon = (reals(value) for value in (theta, A, b, lr, epsilon))
    turn, shift = np.eye(len(theta), dtype=int), 0 * theta
    for A_e, b_e in zip(A, b, strict=True):
        turn, shift = turn - lr * (A_e @ turn), shift - lr * (A_e @ shift + b_e)
    return (1 - epsilon) * theta + epsilon * (turn @ theta + shift)


def transfer(H_source, H_target, delta):
    """The root of the source's Hessian from its eigenvectors."""
    S, T, delta = reals(H_source), reals(H_target), reals(delta)
    values, Q = eigh(S)
    root = Q @ np.diag(1 / sqrt(values)) @ Q.T
    gains, _ = eigh(root @ (T - S) @ root)
    spread, _ = eigh(T - S)
    exact = delta * max(0, gains[-1])
    return np.array(exact, dtype=object), np.array(
        delta / values[0] * max(abs(spread[0]), abs(spread[-1])), dtype=object
    )
