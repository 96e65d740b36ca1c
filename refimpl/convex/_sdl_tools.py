"""What experiments on supervised dictionary learning need beside it: data, baselines, scores. On NumPy arrays."""

from typing import NamedTuple

import numpy as np

from refimpl.convex import sdl
from refimpl.core import check


class Simulated(NamedTuple):
    """Data from the model, and the truth behind them."""

    truth: sdl.Factors
    x: np.ndarray  # [p, n]
    covariates: np.ndarray  # [q, n]
    labels: np.ndarray  # [n]


def simulate(rng, *, p, n, r, q, sigma, classes=2, kind="filter"):
    """Draw from the model: W orthonormal, H and X' normal, columns of beta of norm 2, of gamma of norm 1.

    Examples
    --------
    >>> from refimpl.core.random import stream
    >>> drawn = simulate(stream(0, "doc"), p=4, n=10, r=2, q=1, sigma=0.1)
    >>> drawn.x.shape, sorted(set(drawn.labels.tolist()))
    ((4, 10), [0, 1])
    """
    check.rng(rng=rng)
    check.integer(p=p, n=n, r=r, q=q)
    W = np.linalg.qr(rng.standard_normal((p, r)))[0]
    beta, gamma = rng.standard_normal((r, classes - 1)), rng.standard_normal((q, classes - 1))
    beta, gamma = 2 * beta / np.linalg.norm(beta, axis=0), gamma / np.linalg.norm(gamma, axis=0)
    truth = sdl.Factors(W, rng.standard_normal((r, n)), beta, gamma)
    covariates = rng.standard_normal((q, n))
    noise, uniforms = rng.standard_normal((p, n)), rng.uniform(size=n)
    x, labels = sdl.generate(truth, covariates, noise, uniforms, sigma=sigma, kind=kind)
    return Simulated(truth, x, covariates, labels)


# Baselines ----------------------------------------------------------------------------------------------------


def pca(x, rank):
    """Leading left singular vectors [p, r] of the data as they are (not centred, as SDL does not centre them)."""
    return sdl.truncated_svd(x, rank)[0]


def nmf(x, rank, *, steps=200):
    """Nonnegative W [p, r] and H [r, n] with x ~ W H, by coordinate descent from an SVD (Boutsidis and Gallopoulos).

    Examples
    --------
    >>> x = np.outer([1.0, 2.0, 0.0], [3.0, 1.0])
    >>> W, H = nmf(x, 1)
    >>> bool(np.allclose(W @ H, x))
    True
    """
    check.finite(x=x)
    U, s, Vt = sdl.truncated_svd(x, rank)
    W, H = np.zeros_like(U), np.zeros_like(Vt)
    for i in range(s.size):
        pairs = [(np.clip(sign * U[:, i], 0, None), np.clip(sign * Vt[i, :], 0, None)) for sign in (1, -1)]
        u, v = max(pairs, key=lambda pair: np.linalg.norm(pair[0]) * np.linalg.norm(pair[1]))
        size = np.linalg.norm(u) * np.linalg.norm(v)
        W[:, i], H[i, :] = np.sqrt(s[i] / size) * size * u / np.linalg.norm(u), np.sqrt(s[i]) * v / np.linalg.norm(v)
    W[W == 0] = H[H == 0] = x.mean()
    for _ in range(steps):
        H = _sweep(W.T @ W, W.T @ x, H)
        W = _sweep(H @ H.T, H @ x.T, W.T).T
    return W, H


def nonnegative_codes(W, x, *, steps=200):
    """argmin |x - W h| over h >= 0 for each column, by coordinate descent."""
    H = np.clip(sdl.codes(W, x), 0, None)
    for _ in range(steps):
        H = _sweep(W.T @ W, W.T @ x, H)
    return H


def _sweep(gram, right, rows):
    """Minimize over each nonnegative row in turn."""
    rows = rows.copy()
    for i in range(gram.shape[0]):
        step = (right[i] - gram[i] @ rows) / max(gram[i, i], 1e-300)
        rows[i] = np.clip(rows[i] + step, 0, None)
    return rows


def logistic_regression(features, labels, *, nu, classes=2, steps=100):
    """Coefficients [d, k] of the least sum of losses + nu |theta|^2, class 0 as reference, by damped Newton steps.

    Examples
    --------
    >>> theta = logistic_regression(np.array([[1.0, -1.0]]), np.array([1, 0]), nu=0.5)
    >>> bool(np.isclose(theta[0, 0], 2 / (1 + np.exp(theta[0, 0]))))  # 2 g(-theta) = 2 nu theta
    True
    """
    check.finite(features=features), check.integral(labels=labels)
    nu = check.positive(nu=nu)
    d, k = features.shape[0], classes - 1
    targets = np.stack([labels == c for c in range(1, classes)]).astype(features.dtype)
    theta = np.zeros((d, k), dtype=features.dtype)
    for _ in range(steps):
        g = sdl.probabilities(theta.T @ features)
        slope = features @ (g - targets).T + 2 * nu * theta
        curve = -np.einsum("an,bn->abn", g, g)
        curve[np.arange(k), np.arange(k)] += g
        hessian = np.einsum("in,jn,abn->iajb", features, features, curve).reshape(d * k, d * k)
        newton = np.linalg.solve(hessian + 2 * nu * np.eye(d * k), slope.reshape(-1)).reshape(d, k)
        reach = newton.T @ features
        spread = (np.maximum(reach.max(axis=0), 0) - np.minimum(reach.min(axis=0), 0)).max()
        theta = theta - newton * (np.log1p(spread) / spread if spread > 0 else 1.0)
        if spread < 1e-12:
            break
    return theta


# Scores -------------------------------------------------------------------------------------------------------


def auc(scores, labels):
    """Area under the ROC curve: the chance that a positive scores higher than a negative, ties half.

    Examples
    --------
    >>> float(auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])))
    0.75
    """
    check.finite(scores=scores), check.integral(labels=labels)
    positive, negative = scores[labels == 1], np.sort(scores[labels != 1])
    below, reached = (np.searchsorted(negative, positive, side=side) for side in ("left", "right"))
    return np.mean(below + reached) / (2 * negative.size)


def f_score(decisions, labels):
    """Harmonic mean of precision and recall.

    Examples
    --------
    >>> float(f_score(np.array([True, True, False]), np.array([1, 0, 1])))
    0.5
    """
    check.integral(labels=labels), check.array(decisions=decisions)
    hits = np.sum(decisions & (labels == 1))
    return 2 * hits / max(np.sum(decisions) + np.sum(labels == 1), 1)


def best_threshold(scores, labels, score=f_score):
    """The threshold among the scores at which ``score(scores >= threshold, labels)`` is largest.

    Examples
    --------
    >>> float(best_threshold(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])))
    0.35
    """
    check.finite(scores=scores), check.integral(labels=labels)
    candidates = np.unique(scores)
    return candidates[int(np.argmax([score(scores >= threshold, labels) for threshold in candidates]))]


def youden(decisions, labels):
    """True minus false positive rate: what the authors' code chooses its threshold by.

    Examples
    --------
    >>> float(youden(np.array([True, True, False, False]), np.array([1, 0, 1, 0])))
    0.0
    """
    check.integral(labels=labels), check.array(decisions=decisions)
    return np.mean(decisions[labels == 1]) - np.mean(decisions[labels != 1])
