"""Right answers of gradient boosted networks, apart from the source: definitions and differences, in 50 digits."""

from fractions import Fraction
from math import floor

import numpy as np

from refimpl.specs.exact import exp, fractions, log, reals, sqrt, tanh

FIELDS = ("W", "b", "V", "c")


def _sum(x, axis=None):
    return np.asarray(x.sum(axis=axis) if axis is not None else x.sum(), dtype=object)


def _losses(Y, F, task):
    """Of each row: squared error, -log of the odds' share, -log of the softmax."""
    if task == "regression":
        return _sum((Y - F) * (Y - F), 1) / 2
    if task == "binary":
        return log(1 + exp(-2 * Y[:, 0] * F[:, 0]))
    return log(_sum(exp(F), 1)) - _sum(Y * F, 1)


def _slopes(Y, F, task):
    """Negative derivatives: y - tanh F has the classes in one formula."""
    if task == "regression":
        return Y - F
    if task == "binary":
        return 2 * Y / (1 + exp(2 * Y * F))
    powers = exp(F)
    return Y - powers / _sum(powers, 1)[:, None]


def _start(Y, task):
    if task == "regression":
        return _sum(Y, 0) / len(Y)
    if task == "binary":
        mean = _sum(Y, 0) / len(Y)
        return log((1 + mean) / (1 - mean)) / 2
    return 0 * Y[0]


def initial_score(Y, task):
    """By the means of labels."""
    return _start(reals(Y), task)


def residuals(Y, F, task):
    """Quotients of exponentials."""
    Y, F = reals(Y), reals(F)
    return _slopes(Y, F, task), np.array(_sum(_losses(Y, F, task)) / len(Y), dtype=object)


def probabilities(F, task):
    """Quotients of exponentials; of two classes those of F and -F."""
    F = reals(F)
    if task == "binary":
        return exp(F) / (exp(F) + exp(-F))
    return exp(F) / _sum(exp(F), 1)[:, None]


def _answers(X, W, b, V, c):
    """Logistic units by the hyperbolic tangent, unit by unit."""
    out = np.array([[entry + 0 * X[0, 0] for entry in c] for _ in X], dtype=object)
    for j in range(W.shape[1]):
        u = (X * W[:, j]).sum(axis=1) + b[j]
        out = out + ((1 + tanh(u / 2)) / 2)[:, None] * V[j]
    return out


def _objective(X, R, alpha, block):
    off = _answers(X, *block) - R
    return (_sum(off * off) + alpha * (_sum(block[0] ** 2) + _sum(block[2] ** 2))) / (2 * len(X))


def block_loss(X, R, W, b, V, c, alpha):
    """The loss, and differences of it at steps of 1e-16 for the gradient."""
    X, R, alpha, block = reals(X), reals(R), reals(alpha), [reals(x) for x in (W, b, V, c)]
    step, grads = reals(1e-16), []
    for i, x in enumerate(block):
        grad = np.zeros(x.shape, dtype=object)
        for at in np.ndindex(x.shape):
            sides = []
            for sign in (1, -1):
                moved = x.copy()
                moved[at] = x[at] + sign * step
                sides.append(_objective(X, R, alpha, [*block[:i], moved, *block[i + 1 :]]))
            grad[at] = (sides[0] - sides[1]) / (2 * step)
        grads.append(grad)
    return _objective(X, R, alpha, block), *grads


def _step(Y, F, h, task, search):
    """Minus the first derivative over the second; of a softmax by pairs of classes, of two classes by cosh."""
    if task == "regression":
        if search == "table":
            return 1 + 0 * Y[0, 0]
        bend = _sum(h * h)
    elif task == "binary":
        bend = _sum(h * h * 4 / (exp(F) + exp(-F)) ** 2)
    else:
        powers = exp(F)
        total, K = _sum(powers, 1), F.shape[1]
        pairs = [(j, k) for j in range(K) for k in range(K) if j != k]
        apart = (lambda j, k: (h[:, j] - h[:, k]) ** 2 / 2) if search == "newton" else (lambda j, k: h[:, j] ** 2)
        bend = sum(_sum(powers[:, j] * powers[:, k] / total**2 * apart(j, k)) for j, k in pairs)
    return _sum(_slopes(Y, F, task) * h) / bend if bend != 0 else 0 * Y[0, 0]


def step_size(Y, F, h, task, search):
    """Derivatives written out."""
    Y, F, h = map(reals, (Y, F, h))
    return np.array(_step(Y, F, h, task, search), dtype=object)


def _rounds(X, Y, W, b, V, c, eta, task, search):
    """Scores before each round and after the last, and the steps."""
    X, Y, eta, stacks = reals(X), reals(Y), reals(eta), [reals(x) for x in (W, b, V, c)]
    F, rho = [np.array([_start(Y, task) for _ in X], dtype=object)], []
    for block in zip(*stacks, strict=True):
        h = _answers(X, *block)
        rho.append(_step(Y, F[-1], h, task, search))
        F.append(F[-1] + eta * rho[-1] * h)
    return Y, F, np.array(rho, dtype=object)


def boost(X, Y, W, b, V, c, eta, task, search):
    """Round by round."""
    Y, F, rho = _rounds(X, Y, W, b, V, c, eta, task, search)
    return F[-1], rho, np.array([_sum(_losses(Y, scores, task)) / len(Y) for scores in F], dtype=object)


def targets(X, Y, W, b, V, c, rows, eta, task):
    """Negative derivatives of each row's loss before the round, of the rows that are named."""
    Y, F, _ = _rounds(X, Y, W, b, V, c, eta, task, "table")
    return np.array([_slopes(Y, scores, task)[r] for scores, r in zip(F[:-1], rows.astype(int), strict=True)])


def staged(X, W, b, V, c, rho, F0, eta):
    """Blocks one by one."""
    X, rho, F0, eta = map(reals, (X, rho, F0, eta))
    F, found = np.array([F0 for _ in X], dtype=object), []
    for step, block in zip(rho, zip(*map(reals, (W, b, V, c)), strict=True), strict=True):
        F = F + eta * step * _answers(X, *block)
        found.append(F)
    return np.array(found, dtype=object)


def fold(W, b, V, c, rho, F0, eta, task):
    """Unit by unit, in rational numbers."""
    W, b, V, c, rho, F0, eta = map(fractions, (W, b, V, c, rho, F0, eta))
    twice = 2 if task == "binary" else 1
    units = [(W[t, :, j], b[t, j], twice * eta * rho[t] * V[t, j]) for t in range(len(W)) for j in range(W.shape[2])]
    columns, biases, rows = zip(*units, strict=True)
    start = twice * (F0 + sum(eta * step * bias for step, bias in zip(rho, c, strict=True)))
    return np.array(columns, dtype=object).T, np.array(biases, dtype=object), np.array(rows, dtype=object), start


def subsample(u, share):
    """Pairs of a draw and its row, in order."""
    n = floor(Fraction(float(share)) * len(u))
    return np.array([i for _, i in sorted((float(x), i) for i, x in enumerate(u))[:n]], dtype=object)


def initial_block(uW, ub, uV, uc):
    """From the lower bound up."""
    first, second = (sqrt(reals(2) / reals(sum(u.shape))) for u in (uW, uV))
    return tuple(-side + 2 * side * reals(u) for side, u in ((first, uW), (first, ub), (second, uV), (second, uc)))
