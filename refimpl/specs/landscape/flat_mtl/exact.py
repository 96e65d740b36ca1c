"""Right answers of F-MTL, in 50 digits: faces of the simplex one by one, vectors in place of inner products."""

from itertools import combinations

import numpy as np

from refimpl.specs.exact import reals, solve, sqrt, tanh

_NOTHING, _TINY = reals(1e-30), reals(1e-12)
_STEP = reals(2.0**-60)  # of a central difference


def _length(*parts):
    return sqrt(sum((part * part).sum() for part in parts))


# Perturbations -------------------------------------------------------------------------------------------------------


def _toward(parts, rho, thetas=None):
    """By the length of the whole group; adaptive: of the gradient in the coordinates theta."""
    parts = [reals(part) for part in parts]
    if thetas is None:
        return [reals(rho) / (_length(*parts) + _TINY) * part for part in parts]
    thetas = [reals(theta) for theta in thetas]
    inner = [theta * part for theta, part in zip(thetas, parts, strict=True)]
    factor = reals(rho) / (_length(*inner) + _TINY)
    return [factor * theta * part for theta, part in zip(thetas, inner, strict=True)]


def perturb(grad1, grad2, theta1, theta2, rho, kind):
    """By its definition."""
    return tuple(_toward((grad1, grad2), rho, (theta1, theta2) if kind == "adaptive" else None))


# Aggregates ----------------------------------------------------------------------------------------------------------


def _faces(m):
    return [list(face) for count in range(1, m + 1) for face in combinations(range(m), count)]


def _balanced(M, right):
    """w with sum 1 (or that of `right`) and M w + `right` the same in each row, or None."""
    k = len(M)
    border = reals(np.zeros((k + 1, k + 1)))
    border[:k, :k], border[:k, k], border[k, :k] = M, reals(-1.0), reals(1.0)
    try:
        return solve(border, right[:, None])[:k, 0]
    except (ZeroDivisionError, TypeError):  # singular; mpmath finds no pivot in a column of zeros
        return None


def mgda(G):
    """The shortest of the nearest points of all faces, as far as they lie within these."""
    best = None
    for face in _faces(len(G)):
        rows = G[face]
        w = _balanced(rows @ rows.T, np.append(reals(np.zeros(len(face))), reals(1.0)))
        if w is not None and min(w) >= 0 and (best is None or _length(w @ rows) < _length(best)):
            best = w @ rows
    return best


def pcgrad(G, orders):
    """On the vectors themselves."""
    total = 0 * G[0]
    for i, order in enumerate(orders):
        g = G[i]
        for j in order:
            against = (g * G[j]).sum()
            if against < 0:
                g = g - against / (G[j] * G[j]).sum() * G[j]
        total = total + g
    return total


def cagrad(G, c, rescale):
    """The least of the dual on all faces: with w = x - r y on a face, r is known in closed form."""
    m, g0 = len(G), G.sum(axis=0) / len(G)
    reach = reals(c) * _length(g0)
    best, value = None, None
    for face in _faces(m):
        rows, k = G[face], len(face)
        x = _balanced(rows @ rows.T, np.append(reals(np.zeros(k)), reals(1.0)))
        y = _balanced(rows @ rows.T, np.append(rows @ g0, reals(0.0)))
        if x is None or y is None:
            continue
        bend = reach**2 - _length(y @ rows) ** 2
        if bend <= 0:
            continue
        w = x - _length(x @ rows) / sqrt(bend) * y
        if min(w) < 0:
            continue
        dual = (w @ rows * g0).sum() + reach * _length(w @ rows)
        if value is None or dual < value:
            best, value = w @ rows, dual
    length = _length(best) if best is not None else 0
    d = g0 + reach / length * best if length > _NOTHING else g0
    return d / {0: 1, 1: 1 + reals(c) ** 2, 2: 1 + reals(c)}[rescale]


def imtl_g(G):
    """From the equations that it must solve: weights that sum to 1, equal lengths along all gradients."""
    m, lengths = len(G), [_length(g) for g in G]
    U = np.stack([g / n if n > _NOTHING else 0 * g for g, n in zip(G, lengths, strict=True)])
    apart = [j for j in range(1, m) if _length(U[j] - U[0]) > _NOTHING]  # the others have the weight 0
    if not apart:
        return G[0]
    A = np.stack([np.append([((U[0] - U[j]) * G[i]).sum() for j in apart], reals(1.0)) for i in (0, *apart)], axis=1)
    right = np.append(reals(np.zeros(len(apart))), reals(1.0))
    return solve(A, right[:, None])[:, 0] @ G[[0, *apart]]


def _aggregate(method, G, orders, c, rescale):
    return {
        "mgda": lambda: mgda(G),
        "pcgrad": lambda: pcgrad(G, orders),
        "cagrad": lambda: cagrad(G, c, rescale),
        "imtl_g": lambda: imtl_g(G),
        "mean": lambda: G.sum(axis=0) / len(G),
        "sum": lambda: G.sum(axis=0),
    }[method]()


def aggregate(G, orders, c, rescale, method):
    """Rule by rule."""
    return _aggregate(method, reals(G), orders.tolist(), c, rescale)


def _combined(loss, sam, orders, c, rescale, method, variant):
    first, second = orders.tolist()
    other = [[1], [0]]  # of two, each meets the other
    agg = lambda G, order: _aggregate(method, G, order, c, rescale)
    flat = sam - loss
    if variant == "each":
        rows = [agg(np.stack(pair), other) for pair in zip(loss, flat, strict=True)]
        return agg(np.stack(rows), first)
    if variant == "second":
        return agg(np.stack([agg(loss, first), agg(flat, second)]), other)
    known = {"erm": loss, "direct": sam}
    return agg(known[variant], first) if variant in known else agg(loss, first) + agg(flat, second)


def combine(loss, sam, orders, c, rescale, method, variant):
    """By its definition."""
    return _combined(reals(loss), reals(sam), orders, c, rescale, method, variant)


# Steps ---------------------------------------------------------------------------------------------------------------


def quadratic_step(shared, heads, matrices, vectors, orders, rho_sh, rho_ns, eta, c, method):
    """On a quadratic the flat part is the Hessian times the perturbation."""
    shared, heads, matrices, vectors, eta = (reals(x) for x in (shared, heads, matrices, vectors, eta))
    d, rows = len(shared), []
    for head, A, b in zip(heads, matrices, vectors, strict=True):
        g = A @ np.append(shared, head) - b
        eps = np.append(_toward([g[:d]], rho_sh)[0], _toward([g[d:]], rho_ns)[0])
        rows.append((g, g + A @ eps))
    loss, sam = (np.stack(part) for part in zip(*rows, strict=True))
    direction = _combined(loss[:, :d], sam[:, :d], orders, c, 1, method, "flat")
    parts = loss[:, :d], loss[:, d:], sam[:, :d], sam[:, d:]
    return *parts, shared - eta * direction, heads - eta * sam[:, d:]


def network_step(W, b, V, v, X, Y, rho_sh, rho_ns, eta):
    """Neuron by neuron, gradients by differences of the loss."""
    x, y, sizes = reals(X[0]), reals(Y[0]), (W.size, b.size)
    shared, heads = np.append(reals(W).ravel(), reals(b)), np.column_stack([reals(V), reals(v)])

    def loss(i, at, head):
        hidden = tanh(x @ at[: sizes[0]].reshape(W.shape) + at[sizes[0] :])
        return ((hidden @ head[:-1] + head[-1] - y[:, i]) ** 2).sum() / len(x)

    def slopes(function, at):
        found = []
        for k in range(len(at)):
            ahead, behind = at.copy(), at.copy()
            ahead[k], behind[k] = at[k] + _STEP, at[k] - _STEP
            found.append((function(ahead) - function(behind)) / (2 * _STEP))
        return np.array(found)

    def both(i, at, head):
        return slopes(lambda p: loss(i, p, head), at), slopes(lambda p: loss(i, at, p), head)

    told = []
    for i, head in enumerate(heads):
        g_sh, g_ns = both(i, shared, head)
        told.append((g_sh, g_ns, *both(i, shared + _toward([g_sh], rho_sh)[0], head + _toward([g_ns], rho_ns)[0])))
    loss_sh, loss_ns, sam_sh, sam_ns = (np.stack(part) for part in zip(*told, strict=True))
    shared, heads = shared - reals(eta) * sam_sh.sum(axis=0) / len(heads), heads - reals(eta) * sam_ns
    new = shared[: sizes[0]].reshape(W.shape), shared[sizes[0] :], heads[:, :-1], heads[:, -1]
    return loss_sh, loss_ns, sam_sh, sam_ns, *new
