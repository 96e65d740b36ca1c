"""Right answers of active multi-task learning: all vertices, all supports and signs, and linear maps entry by entry."""

from fractions import Fraction
from itertools import combinations, product
from math import ceil, floor

import numpy as np

from refimpl.specs.exact import eigh, fractions, reals, solve, sqrt


def _gauss(A, b):
    """x of A x = b for a square matrix, None if it is singular."""
    rows = [[*row, value] for row, value in zip(A.tolist(), b.tolist(), strict=True)]
    size = len(rows)
    for i in range(size):
        best = max(range(i, size), key=lambda r: abs(rows[r][i]))
        if rows[best][i] == 0:
            return None
        rows[i], rows[best] = rows[best], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(size):
            if r != i:
                rows[r] = [x - rows[r][i] * y for x, y in zip(rows[r], rows[i], strict=True)]
    return np.array([row[-1] for row in rows], dtype=object)


def _vertices(W, w):
    """Every nu of at most k entries that makes the target's head."""
    k, T = W.shape
    for basis in map(list, combinations(range(T), k)):
        x = _gauss(W[:, basis], w)
        if x is not None:
            nu = 0 * W[0]
            nu[basis] = x
            yield nu


def relevance_l1(W, w):
    """The vertex of the least norm."""
    nu = min(_vertices(fractions(W), fractions(w)), key=lambda nu: abs(nu).sum())
    return abs(nu).sum(), nu


def relevance_l2(W, w):
    """By the normal equations."""
    W, w = fractions(W), fractions(w)
    return W.T @ _gauss(W @ W.T, w)


def design_value(W, w, n):
    """By the normal equations of the tasks that are sampled, in their own span."""
    W, w, n = fractions(W), fractions(w), fractions(n)
    used = [t for t in range(len(n)) if n[t] != 0]
    for size in range(len(w), 0, -1):
        for rows in map(list, combinations(range(len(w)), size)):  # rows that span those of the sampled heads
            part = W[np.ix_(rows, used)]
            multipliers = _gauss((part * n[used]) @ part.T, w[rows])
            if multipliers is not None:
                return multipliers @ w[rows]
    raise ValueError("no task is sampled")


def allocate(nu, N, floor, p):
    """In whole numbers."""
    share = [abs(x) ** p for x in fractions(nu)]
    return np.array([floor + (N - len(nu) * floor) * x // sum(share) for x in share], dtype=object)


def _lasso(W, w, lam):
    """The support and signs that keep the conditions of optimality."""
    k, T = W.shape
    for size in range(k + 1):
        for support in map(list, combinations(range(T), size)):
            part = W[:, support]
            for signs in product((-1, 1), repeat=size):
                x = _gauss(part.T @ part, part.T @ w - lam * np.array(signs, dtype=object)) if size else part.T @ w
                if x is None or any(value * sign <= 0 for value, sign in zip(x, signs, strict=True)):
                    continue
                nu = 0 * W[0]
                nu[support] = x
                slack = lam - abs(W.T @ (w - W @ nu))
                if all(slack[t] > -(2.0**-90) for t in range(T)):
                    return nu
    raise ValueError("more than k coefficients are needed")


def relevance_lasso(W, w, lam):
    """Among all supports and signs."""
    W, w, lam = fractions(W), fractions(w), Fraction(lam)
    nu = _lasso(W, w, lam)
    residual = w - W @ nu
    return nu, residual @ residual / 2 + lam * abs(nu).sum()


# The fit -------------------------------------------------------------------------------------------------------------


def _orthonormal(B):
    columns: list[np.ndarray] = []
    for column in B.T:
        for other in columns:
            column = column - (other @ column) * other
        columns.append(column / sqrt(column @ column))
    return np.stack(columns, axis=1)


def _heads(B, G, g):
    """Task by task, in the eigenvectors of what the task sees of B."""
    columns = []
    for Gram, moment in zip(G, g, strict=True):
        values, vectors = eigh(B.T @ Gram @ B)
        kept = [i for i, value in enumerate(values) if value > values[-1] * 2.0**-90]
        columns.append(sum((vectors[:, i] * (vectors[:, i] @ (B.T @ moment)) / values[i] for i in kept), 0 * B[0]))
    return np.stack(columns, axis=1)


def _basis(W, G, g):
    """Best B for given heads: the derivative of the squares, asked at each unit matrix."""
    d, k, columns = g.shape[1], len(W), []
    for E in reals(np.eye(d * k)).reshape(d * k, d, k):
        columns.append(np.sum([np.outer(Gram @ (E @ w), w) for Gram, w in zip(G, W.T, strict=True)], axis=0))
    right = np.sum([np.outer(moment, w) for moment, w in zip(g, W.T, strict=True)], axis=0)
    return solve(np.stack([x.reshape(-1) for x in columns], axis=1), right.reshape(-1, 1)).reshape(d, k)


def _fit(G, g, n, k, rounds):
    scaled = np.stack([row / sqrt(max(size, reals(1.0))) for row, size in zip(g, n, strict=True)], axis=1)
    B = eigh(scaled @ scaled.T)[1][:, -k:]
    for _ in range(rounds):
        B = _orthonormal(_basis(_heads(B, G, g), G, g))
    return B, _heads(B, G, g)


def fit_representation(G, g, n, k, rounds):
    """Alternating least squares."""
    B, W = _fit(reals(G), reals(g), reals(n), k, rounds)
    return B @ W, B @ B.T


def fit_target(B, X, y):
    """By the normal equations."""
    B, X, y = fractions(B), fractions(X), fractions(y)
    A = X @ B
    return B @ _gauss(A.T @ A, A.T @ y)


def estimate(G, g, n, X, y, k, share, p, rounds):
    """The fit, then all supports and signs, or the normal equations."""
    B, W = _fit(reals(G), reals(g), reals(n), k, rounds)
    A = reals(X) @ B
    w = _gauss(A.T @ A, A.T @ reals(y))
    if p == 2:
        return W.T @ _gauss(W @ W.T, w)
    return _lasso(W, w, reals(share) * abs(W.T @ w).max())


# Prices and epochs ---------------------------------------------------------------------------------------------------


def cost_sensitive(W, w, prices, budget):
    """The vertex of the least weighted norm."""
    root, budget = sqrt(reals(prices)), Fraction(budget)
    nu = min(_vertices(reals(W), reals(w)), key=lambda nu: (root * abs(nu)).sum())
    total, budget = (root * abs(nu)).sum(), reals(float(budget))
    return nu, budget * abs(nu) / root / total, total * total / budget


def epoch_counts(nu, beta, eps):
    """In whole numbers."""
    beta, eps = Fraction(beta), Fraction(eps)
    return np.array([ceil(max(beta * x * x / eps**2, beta / eps)) for x in fractions(nu)], dtype=object)


def away(nu, N, least, p):
    """Whether no share of the budget is so near a whole number that rounding could decide."""
    share = [abs(x) ** p for x in fractions(nu)]
    parts = [(N - len(nu) * least) * x / sum(share) for x in share if x != 0]
    return all(Fraction(1, 1000) < part - floor(part) < Fraction(999, 1000) for part in parts)
