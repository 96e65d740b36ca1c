"""What stands around the bugs of several files of the corpus; no bug is here, and none of it is of our sources."""

from itertools import pairwise

import numpy as np
from scipy.stats import multivariate_normal

from refimpl.oracle.candidates import NotApplicable


def ritz_values(matrix, start, steps):
    basis, t = [start / np.linalg.norm(start)], []
    for _ in range(min(steps, len(start))):
        u = matrix @ basis[-1]
        longest = np.linalg.norm(u)
        for _ in range(3):
            u = u - np.array(basis).T @ (np.array(basis) @ u)
        t.append(basis[-1])
        if np.linalg.norm(u) <= 1e-12 * longest:
            break
        basis.append(u / np.linalg.norm(u))
    q = np.array(t)
    return np.linalg.eigvalsh(q @ matrix @ q.T)


def measured(rule, matrix, probe, steps, floor, noise):
    """Learning rate and momentum from the curvature; None: keep the one there is."""
    if rule == "rayleigh":
        bend = probe @ matrix @ probe
        return (probe @ probe / bend if bend > 0 else None), None
    values = ritz_values(matrix, probe, steps)
    if values.max() <= 0:
        return None, None
    seen = max(values.max(), np.sqrt(noise))
    top = seen + noise / seen if noise > 0 else values.max()
    high, low = np.sqrt(top), np.sqrt(min([v for v in values if v > max(floor, 1e-12) * top], default=top))
    return (2 / (high + low)) ** 2, ((high - low) / (high + low)) ** 2


def path_of(t, path, gamma, a):
    """Factors of both ends and of the noise, at time t."""
    logistic = lambda v: 1 / (1 + np.exp(-v))
    if path.startswith("one_sided"):
        ends = {"linear": (1 - t, t), "trig": (np.cos(np.pi * t / 2), np.sin(np.pi * t / 2))}
        noise, beta = ends.get(path[10:], (np.sqrt(1 - t**2), t))
        return 0.0, beta, noise
    noise = {
        "zero": 0.0,
        "brownian": np.sqrt(a * t * (1 - t)),
        "quadratic": t * (1 - t),
        "sine_squared": np.sin(np.pi * t) ** 2,
        "sigmoid": logistic(10 * t - 4) - logistic(10 * t - 6) - logistic(-4) + logistic(-6),
    }[gamma]
    if path == "enc_dec":
        wave = np.cos(np.pi * t) ** 2
        return (wave, 0.0, noise) if t < 0.5 else (0.0, wave, noise)
    turn, shrink = np.pi * t / 2, np.sqrt(1 - noise**2) if path == "trig" else 1.0
    ends = {"linear": (1 - t, t), "trig": (shrink * np.cos(turn), shrink * np.sin(turn)), "mirror": (0.0, 1.0)}
    return *ends[path], noise


def components(t, p, m, C, q, mu, D, path, gamma, a):
    alpha, beta, noise = path_of(t, path, gamma, a)
    for weight0, mean0, cov0 in zip(p, m, C, strict=True):
        for weight1, mean1, cov1 in zip(q, mu, D, strict=True):
            cov = alpha**2 * cov0 + beta**2 * cov1 + noise**2 * np.eye(len(mean0))
            yield weight0 * weight1, multivariate_normal(alpha * mean0 + beta * mean1, cov)


class Model:
    """Linear; the loss is the mean over a batch."""

    def __init__(self, x, y, loss):
        self.x, self.y, self.loss = x, y, loss

    def value(self, z, rows):
        y = self.y[rows]
        return np.mean(np.logaddexp(0, -y * z) if self.loss == "logistic" else (z - y) ** 2 / 2)

    def slopes(self, z, rows):
        y = self.y[rows]
        each = -y * np.exp(-np.logaddexp(0, y * z)) if self.loss == "logistic" else z - y
        return each / len(rows)


def potential(q, x, y, sizes, noise, prior):
    layers, at = [], 0
    for rows, columns in pairwise(sizes):
        W = q[at : at + rows * columns].reshape(rows, columns)
        at += rows * columns + columns
        layers.append((W, q[at - columns : at]))
    inputs, h = [], x
    for depth, (W, b) in enumerate(layers):
        inputs.append(h)
        h = h @ W + b
        h = np.tanh(h) if depth < len(layers) - 1 else h
    residual = h[:, 0] - y
    delta, grads = residual[:, None] / noise, []
    for h, (W, _) in zip(inputs[::-1], layers[::-1], strict=True):
        grads += [delta.sum(axis=0), (h.T @ delta).ravel()]
        delta = (delta @ W.T) * (1 - h**2)
    gradient = np.concatenate(grads[::-1]) + q / prior
    return residual @ residual / (2 * noise) + q @ q / (2 * prior), gradient


def forward(w, sizes, x):
    layers, hidden, at = [], [x], 0
    for n_in, n_out in pairwise(sizes):
        end = at + n_in * n_out
        layers.append((w[at:end].reshape(n_in, n_out), w[end : end + n_out]))
        at = end + n_out
    for W, b in layers:
        hidden.append(np.tanh(hidden[-1] @ W + b))
    hidden[-1] = hidden[-2] @ W + b
    return layers, hidden


def adam(w, sizes, x, y, noise, prior, lr, steps):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, int(steps) + 1):
        layers, hidden = forward(w, sizes, x)
        delta, grads = (hidden[-1] - y[:, None]) / noise, []
        for (W, _), h in zip(layers[::-1], hidden[-2::-1], strict=True):
            grads[:0] = [(h.T @ delta).ravel(), delta.sum(axis=0)]
            delta = (delta @ W.T) * (1 - h * h)
        grad = np.concatenate(grads) + w / prior
        m, v = 0.9 * m + 0.1 * grad, 0.999 * v + 0.001 * grad**2
        w = w - lr * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def sigmoid(x):
    return np.where(x >= 0, 1.0, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x)))


def lstm_cell(W, b, x, h, c):
    z = np.concatenate([x, h], axis=1)
    i, f, o, g = np.split(z @ W + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    new = f * c + i * g
    return o * np.tanh(new), new, (z, i, f, o, g, c, new)


def lstm_cell_back(W, saved, dh, dc):
    z, i, f, o, g, c, new = saved
    t = np.tanh(new)
    dc = dc + dh * o * (1 - t * t)
    da = np.concatenate(
        [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o), dc * i * (1 - g * g)], axis=1
    )
    return z.T @ da, da.sum(axis=0), da @ W.T, dc * f


def pointer_gradients(w, P, C):
    (B, n, _), H = P.shape, len(w["v"])
    h = c = np.zeros((B, H))
    states, reads = [np.tile(w["e0"], (B, 1))], []
    for j in range(n):
        h, c, saved = lstm_cell(w["We"], w["be"], P[:, j], h, c)
        states.append(h)
        reads.append(saved)
    E = np.stack(states, axis=1)
    keys, steps, rows = E @ w["W1"], [], np.arange(B)
    counts = C >= 0
    x, loss, total = np.tile(w["go"], (B, 1)), 0.0, counts.sum()
    for i in range(C.shape[1]):
        h, c, saved = lstm_cell(w["Wd"], w["bd"], x, h, c)
        t = np.tanh(keys + (h @ w["W2"])[:, None])
        u = t @ w["v"]
        u = u - u.max(axis=1, keepdims=True)
        p = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
        target = np.maximum(C[:, i], 0)
        loss -= np.sum(np.where(counts[:, i], np.log(p[rows, target]), 0.0)) / total
        du = p.copy()
        du[rows, target] -= 1
        steps.append((saved, h, t, du * counts[:, i : i + 1] / total))
        x = P[rows, np.maximum(C[:, i] - 1, 0)]
    grads = {name: np.zeros_like(array) for name, array in w.items()}
    dkeys, dh, dc = np.zeros_like(keys), np.zeros((B, H)), np.zeros((B, H))
    for saved, d, t, du in reversed(steps):
        grads["v"] += np.einsum("bs,bsh->h", du, t)
        ds = du[..., None] * w["v"] * (1 - t * t)
        dkeys += ds
        dq = ds.sum(axis=1)
        grads["W2"] += d.T @ dq
        dW, db, dz, dc = lstm_cell_back(w["Wd"], saved, dh + dq @ w["W2"].T, dc)
        grads["Wd"] += dW
        grads["bd"] += db
        dx, dh = dz[:, :2], dz[:, 2:]
    grads["go"] = dx.sum(axis=0)
    grads["W1"] = np.einsum("bsh,bsk->hk", E, dkeys)
    dE = dkeys @ w["W1"].T
    grads["e0"] = dE[:, 0].sum(axis=0)
    for j in reversed(range(n)):
        dW, db, dz, dc = lstm_cell_back(w["We"], reads[j], dh + dE[:, j + 1], dc)
        grads["We"] += dW
        grads["be"] += db
        dh = dz[:, 2:]
    return loss, grads


def hulls(P, corners):
    """Numbers of the corners of each set of points, from 1 and begun with the least; 0 ends them."""
    if P.shape[1] > 2000:
        raise NotApplicable("in Python it takes too long")
    C = np.full((len(P), P.shape[1] + 1), -1)
    for row, points in zip(C, P / np.abs(P).max(axis=(1, 2), keepdims=True), strict=True):
        hull = corners(points.tolist())
        lowest = hull.index(min(hull))
        row[: len(hull) + 1] = [*hull[lowest:], *hull[:lowest], 0]
    return C
