"""Right answers on diffusion models, in 50 digits: by conditioning Gaussians, in the axes of each covariance."""

from itertools import pairwise

import numpy as np

from refimpl.specs.exact import eigh, exp, fractions, log, reals, solve, sqrt

_ONE = reals(1.0)


# Samplers ------------------------------------------------------------------------------------------------------------


def _step(kind, x, s, a, b, xi, eta):
    """From what is kept of the data's variance, a, to a larger share b; by Bayes' rule for x' between x0 and x."""
    ratio = a / b
    delta = -log(ratio)
    if kind == "em":
        return x + delta * (x / 2 + s) + sqrt(delta) * xi
    if kind == "exp":
        return (x + 2 * s) / sqrt(ratio) - 2 * s + sqrt(1 / ratio - 1) * xi  # -2 s is where the drift is 0
    clean = (x + (1 - a) * s) / sqrt(a)
    if b == 1:
        return clean
    before, after = 1 / (1 - b), ratio / (1 - ratio)  # precisions of x' given x0, and given x
    if kind == "ddim":
        old, sigma2 = (x - sqrt(a) * clean) / sqrt(1 - a), eta**2 / (before + after)
        return sqrt(b) * clean + sqrt(1 - b - sigma2) * old + sqrt(sigma2) * xi
    mean = (before * sqrt(b) * clean + after * x / sqrt(ratio)) / (before + after)
    return mean + sqrt(1 - ratio if kind == "ddpm_large" else 1 / (before + after)) * xi


def sampler_step(kind, x, score, t, u, xi, eta):
    """By Bayes' rule."""
    return _step(kind, reals(x), reals(score), exp(-reals(t)), exp(-reals(u)), reals(xi), reals(eta))


def table_steps(kind, x, predicted, betas, rows, noise, eta):
    """What is kept is a product."""
    kept, x, found = np.multiply.accumulate(1 - reals(betas)), reals(x), []
    after = [kept[int(i)] for i in rows[1:]] + [_ONE]
    for i, b, eps, xi in zip(rows, after, reals(predicted), reals(noise), strict=True):
        a = kept[int(i)]
        x = _step(kind, x, -eps / sqrt(1 - a), a, b, xi, reals(eta))
        found.append(x)
    return np.stack(found)


# Scores --------------------------------------------------------------------------------------------------------------


def _parts(x, a, weights, means, covariances):
    """log joint [n, K] and score of each component [n, K, D], each in the axes of its covariance."""
    joint, scores = [], []
    for w, m, C in zip(weights, means, covariances, strict=True):
        values, axes = eigh(C)
        spread = a * values + (1 - a)
        along = (x - sqrt(a) * m) @ axes
        joint.append(log(w) - ((along**2 / spread).sum(axis=1) + log(spread).sum()) / 2)
        scores.append(-(along / spread) @ axes.T)
    return np.stack(joint, axis=1), np.stack(scores, axis=1)


def _score(x, a, *mixture):
    joint, scores = _parts(x, a, *mixture)
    odds = exp(joint - joint.max(axis=1)[:, None])
    return ((odds / odds.sum(axis=1)[:, None])[:, :, None] * scores).sum(axis=1)


def _mixture(weights, means, covariances):
    return reals(weights), reals(means), reals(covariances)


def sample_mixture(kind, x, times, noise, weights, means, covariances, eta):
    """Step by step."""
    mixture, x = _mixture(weights, means, covariances), reals(x)
    kept = exp(-reals(times))
    for a, b, xi in zip(kept, kept[1:], reals(noise), strict=False):
        s = _score(x, a, *mixture)
        if kind == "heun":
            delta = log(b / a)
            end = x + delta * (x + s) / 2
            x = (x + end + delta * (end + _score(end, b, *mixture)) / 2) / 2
        else:
            x = _step(kind, x, s, a, b, xi, reals(eta))
    return x


def guided_score(mode, conditional, unconditional, gradient, eta):
    """As a line through two scores."""
    c, u, g, eta = (fractions(value) for value in (conditional, unconditional, gradient, eta))
    return c + eta * (c - u) if mode == "free" else u + g + eta * g


def guided_mixture(x, t, weights, means, covariances, label, eta):
    """From the unconditional score towards that of the component."""
    mixture, x, a = _mixture(weights, means, covariances), reals(x), exp(-reals(t))
    start = _score(x, a, *mixture)
    guided = start + (1 + reals(eta)) * (_parts(x, a, *mixture)[1][:, label, :] - start)
    return guided, guided


def subspace_score(x, t, A, weights, means, covariances):
    """As a degenerate mixture in all dimensions."""
    weights, means, covariances = _mixture(weights, means, covariances)
    A = reals(A)
    spread = np.stack([A @ C @ A.T for C in covariances])
    return _score(reals(x), exp(-reals(t)), weights, means @ A.T, spread)


# Score matching ------------------------------------------------------------------------------------------------------


def dsm_loss(x0, t, z, predicted, weight):
    """Point by point."""
    x0, z, kept, predicted = reals(x0), reals(z), exp(-reals(t)), reals(predicted)
    spread = sqrt(1 - kept)[:, None]
    off = predicted * spread + z  # in units of the target's
    share = np.ones(len(kept)) if weight == "h" else 1 / (1 - kept)
    loss = (share * (off**2).sum(axis=1)).sum() / len(kept)
    return sqrt(kept)[:, None] * x0 + spread * z, loss, -z / spread


def drop_labels(y, draws, p_drop, null):
    """Label by label."""
    return np.array([null if d < p_drop else label for label, d in zip(y.tolist(), draws.tolist(), strict=True)])


# A Gaussian ----------------------------------------------------------------------------------------------------------


def gaussian_law(kind, mean, variance, times, eta, error):
    """From where the step takes 0, 1, and noise alone."""
    mean, variance, error = reals(mean), reals(variance), reals(error)
    m, v, kept = 0 * _ONE, _ONE, exp(-reals(times))
    for a, b in pairwise(kept):
        spread = a * variance + 1 - a
        go = lambda x, xi, a=a, b=b, spread=spread: _step(
            kind, x, (sqrt(a) * mean - x) / spread + error, a, b, xi, reals(eta)
        )
        origin, unit, noise = go(0 * _ONE, 0 * _ONE), go(_ONE, 0 * _ONE), go(0 * _ONE, _ONE)
        m, v = origin + (unit - origin) * m, (unit - origin) ** 2 * v + (noise - origin) ** 2
    a = kept[-1]
    spread = a * variance + 1 - a
    return m, v, (log(v) - log(spread) + (spread + (sqrt(a) * mean - m) ** 2) / v - 1) / 2


# Estimators ----------------------------------------------------------------------------------------------------------


def _kernel(a, b, scale):
    return np.array([[exp(-((p - q) ** 2).sum() / (2 * scale)) for q in b] for p in a])


def encoder_score(x, X0, Xt, new0, newt, t, d, widths, ridges):
    """In the coordinates of the eigenvectors of the second moments."""
    x, X0, Xt, new0, newt = (reals(value) for value in (x, X0, Xt, new0, newt))
    a, V = exp(-reals(t)), eigh(X0.T @ X0)[1][:, -d:]
    code, target, n = Xt @ V, X0 @ V, len(X0)
    gaps = sorted(((code[i] - code[j]) ** 2).sum() for i in range(n) for j in range(i))
    median = (gaps[(len(gaps) - 1) // 2] + gaps[len(gaps) // 2]) / 2
    found = []
    for width in widths:
        scale = reals(width) * median
        K, k = _kernel(code, code, scale), _kernel(newt @ V, code, scale)
        for ridge in ridges:
            weights = solve(K + reals(ridge) * np.eye(n), target)
            error = ((k @ weights - new0 @ V) ** 2).sum()
            found.append((error, width, ridge, scale, weights))
    _, width, ridge, scale, weights = min(found, key=lambda entry: entry[0])
    clean = _kernel(x @ V, code, scale) @ weights @ V.T
    return (sqrt(a) * clean - x) / (1 - a), width, ridge


def _dual(F, targets, penalty):
    """Ridge regression by the matrix of inner products of the rows."""
    return F.T @ solve(F @ F.T + penalty * np.eye(len(F)), targets)


def reward_directed(X, labelled, y, pseudo, noise, start, xi, times, target, penalty, nu):
    """Regressions by their dual."""
    X, x, kept, xi, noise = reals(X), reals(start), exp(-reals(times)), reals(xi), reals(noise)
    theta = _dual(reals(labelled), reals(y)[:, None], reals(penalty))[:, 0]
    labels = X @ theta + reals(nu) * reals(pseudo)
    for k, (a, b) in enumerate(pairwise(kept)):
        F = np.column_stack([sqrt(a) * X + sqrt(1 - a) * noise[k], labels])
        W = _dual(F, X, reals(1e-2))
        asked = np.column_stack([x, np.full(len(x), reals(target))])
        x = _step("exp", x, (sqrt(a) * (asked @ W) - x) / (1 - a), a, b, xi[k], 0)
    return theta, labels, x
