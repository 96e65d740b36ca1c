"""Right answers of attention and its SVMs: 50 digits, pairs of tokens, active sets, and no code of the source."""

from itertools import combinations

import numpy as np

from refimpl.specs import exact
from refimpl.specs.exact import exp, log, reals, sqrt


def _pairs(X, Z, gamma, scores):
    """Loss, attention, and (input, difference of two tokens, pull on it) of each pair."""
    n, T, _ = X.shape
    loss, attention, pulls = reals(0.0), [], []
    for i in range(n):
        odds = exp(scores[i])
        total = odds.sum()
        f = (gamma[i] * odds).sum() / total
        loss += log(1 + exp(-f))
        attention.append(odds / total)
        for k, t in combinations(range(T), 2):
            # f is a quotient: its slope in the score of k is the sum of these over t, that of t has the other sign
            pull = (gamma[i, k] - gamma[i, t]) * odds[k] * odds[t] / (total * total)
            pulls.append((i, X[i, k] - X[i, t], -pull / ((1 + exp(f)) * n)))
    return loss / n, np.stack(attention), pulls


def _gradient(X, Z, gamma, W):
    scores = [[x @ W @ z for x in tokens] for tokens, z in zip(X, Z, strict=True)]
    loss, attention, pulls = _pairs(X, Z, gamma, np.array(scores, dtype=object))
    return loss, attention, sum((np.outer(x, Z[i]) * pull for i, x, pull in pulls), reals(0.0 * W.astype(float)))


def loss_grad(X, Z, gamma, W):
    """Pair by pair."""
    loss, attention, grad = _gradient(*map(reals, (X, Z, gamma, W)))
    return np.array(loss, dtype=object), attention, grad


def _direction(g):
    norm = sqrt((g * g).sum())
    return g / norm if norm != 0 else g


def gd_w(X, Z, gamma, W, eta, steps, step):
    """Step by step; no number underflows here."""
    X, Z, gamma, W, eta = map(reals, (X, Z, gamma, W, eta))
    for _ in range(steps):
        grad = _gradient(X, Z, gamma, W)[2]
        W = W - eta * (_direction(grad) if step == "normalised" else grad)
    return W


def gd_kq_step(X, Z, gamma, K, Q, eta, lam):
    """Keys of tokens and queries as vectors of length m; W is never formed."""
    X, Z, gamma, K, Q, eta, lam = map(reals, (X, Z, gamma, K, Q, eta, lam))
    keys, queries = [tokens @ K for tokens in X], Z @ Q
    scores = np.stack([k @ q for k, q in zip(keys, queries, strict=True)])
    pulls = _pairs(X, Z, gamma, scores)[2]
    g_K = K * (2 * lam) + sum(np.outer(x, queries[i]) * pull for i, x, pull in pulls)
    g_Q = Q * (2 * lam) + sum(np.outer(Z[i], x @ K) * pull for i, x, pull in pulls)
    return K - eta * _direction(g_K), Q - eta * _direction(g_Q)


# Support vector machines ---------------------------------------------------------------------------------------------


def _rows(X, Z, alpha):
    """[m, d d], of every token that is not selected."""
    return np.stack([
        np.outer(tokens[int(a)] - x, z).reshape(-1)
        for tokens, z, a in zip(X, Z, alpha, strict=True)
        for t, x in enumerate(tokens)
        if t != int(a)
    ])  # fmt: skip


def separable(X, Z, alpha):
    """Whether some matrix with entries in [-1, 1] keeps a margin, of directions of tokens and queries."""
    rows = _rows(X / np.abs(X).max(), Z / np.abs(Z).max(), alpha).astype(float)
    from scipy.optimize import linprog  # takes a quarter of a second to import

    m, size = rows.shape
    found = linprog(
        np.append(np.zeros(size), -1.0),
        A_ub=np.hstack([-rows, np.ones((m, 1))]),
        b_ub=np.zeros(m),
        bounds=[(-1, 1)] * size + [(None, 1)],
    )
    return -found.fun > 1e-9 * np.abs(rows).max()


def _active(gram):
    """A set of constraints whose multipliers are not negative and under which the others hold."""
    m = len(gram)
    for size in range(1, m + 1):
        for chosen in map(list, combinations(range(m), size)):
            small = gram[np.ix_(chosen, chosen)]
            if np.linalg.cond(small) < 1e10:
                mu = np.linalg.solve(small, np.ones(size))
                if mu.min() >= 0 and (gram[:, chosen] @ mu).min() >= 1 - 1e-9:
                    return chosen
    raise ArithmeticError("no set of active constraints satisfies the optimality conditions")


def svm_frobenius(X, Z, alpha):
    """From the active constraints; the conditions that prove it are checked with 50 digits."""
    n, T, d = X.shape
    if not separable(X, Z, alpha):
        return np.array(0.0), np.full((d, d), np.nan), np.full((n, T), np.nan)
    X, Z = reals(X), reals(Z)
    rows = _rows(X, Z, alpha)
    gram = rows @ rows.T
    chosen = _active(gram.astype(float))
    mu = exact.solve(gram[np.ix_(chosen, chosen)], reals(np.ones((len(chosen), 1))))[:, 0]
    w = mu @ rows[chosen]
    if min(mu) < 0 or min(rows @ w) - 1 < -1e-40:
        raise ArithmeticError("the active set is only nearly right")
    W = w.reshape(d, d)
    margins = [[(x[int(a)] - row) @ W @ z for row in x] for x, z, a in zip(X, Z, alpha, strict=True)]
    return np.array(1.0), W, np.array(margins, dtype=object)


def svm_nuclear(X, Z, alpha, tol):
    """Half the squared norms of factors of W, which are least at the nuclear norm; scaled until all margins hold."""
    from scipy.optimize import minimize, nnls

    d = X.shape[2]
    rows = _rows(X, Z, alpha).reshape(-1, d, d)

    def margins(v):
        K, Q = v.reshape(2, d, d)
        return np.einsum("mij,ij->m", rows, K @ Q.T) - 1

    def slopes(v):
        K, Q = v.reshape(2, d, d)
        return np.concatenate([rows @ Q, np.swapaxes(rows, 1, 2) @ K], axis=1).reshape(len(rows), -1)

    W = np.linalg.lstsq(rows.reshape(len(rows), -1), np.ones(len(rows)), rcond=None)[0].reshape(d, d)
    value, bound = np.inf, 0.0
    for more in 0.1 ** np.arange(1, 13):  # each from near where the last one has ended, with factors of full rank
        U, s, Vt = np.linalg.svd(W)
        found = minimize(
            lambda v: v @ v / 2,
            np.concatenate([(U * np.sqrt(s + more)).ravel(), (Vt.T * np.sqrt(s + more)).ravel()]),
            jac=lambda v: v,
            method="SLSQP",
            constraints={"type": "ineq", "fun": margins, "jac": slopes},
            options={"ftol": 1e-16, "maxiter": 500},
        )
        v = found.x
        K, Q = v.reshape(2, d, d)
        W = K @ Q.T / (margins(v).min() + 1)
        value = np.linalg.svdvals(W).sum()
        tight = margins(v) < margins(v).min() + 1e-7
        mu = nnls(slopes(v)[tight].T, v)[0]  # at the least factors, v is a sum of their slopes with weights >= 0
        bound = mu.sum() / max(1.0, np.linalg.norm(np.einsum("m,mij->ij", mu, rows[tight]), 2))
        if value - bound <= 1e-8 * value:
            return np.array(value), np.array(1.0)
    raise ArithmeticError(f"the dual bound {bound} is far from {value}")


def project_nuclear(W, R):
    """Singular vectors from a symmetric matrix of twice the size, the shift by halving."""
    W, R, (d, k) = reals(W), reals(R), W.shape
    twice = reals(np.zeros((d + k, d + k)))
    twice[:d, d:], twice[d:, :d] = W, W.T
    s, vectors = exact.eigh(twice)
    s, vectors = s[-min(d, k) :], vectors[:, -min(d, k) :]
    if sum(s) <= R:
        return W
    low, high = reals(0.0), max(s)
    for _ in range(170):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(max(x - middle, 0) for x in s) > R else (low, middle)
    shrunk = np.array([max(x - low, 0) for x in s], dtype=object)
    return 2 * (vectors[:d] * shrunk) @ vectors[d:].T
