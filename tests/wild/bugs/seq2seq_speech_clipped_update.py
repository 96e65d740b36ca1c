"""What is clipped is the update that Adam makes, not the gradient that it is made of."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="seq2seq-speech",
    link="https://github.com/sanchit-gandhi/seq2seq-speech/pull/7",
    date="2022-04-14",
    operation="pointer_net.train",
    kind="wrong_order",
)
NAMES = "We", "be", "Wd", "bd", "go", "e0", "W1", "W2", "v"


def sigmoid(x):
    return np.where(x >= 0, 1.0, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x)))


def cell(W, b, x, h, c):
    z = np.concatenate([x, h], axis=1)
    i, f, o, g = np.split(z @ W + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    new = f * c + i * g
    return o * np.tanh(new), new, (z, i, f, o, g, c, new)


def cell_back(W, saved, dh, dc):
    z, i, f, o, g, c, new = saved
    t = np.tanh(new)
    dc = dc + dh * o * (1 - t * t)
    da = np.concatenate(
        [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o), dc * i * (1 - g * g)], axis=1
    )
    return z.T @ da, da.sum(axis=0), da @ W.T, dc * f


def loss_and_grads(w, P, C):
    (B, n, _), H = P.shape, len(w["v"])
    h = c = np.zeros((B, H))
    states, reads = [np.tile(w["e0"], (B, 1))], []
    for j in range(n):
        h, c, saved = cell(w["We"], w["be"], P[:, j], h, c)
        states.append(h)
        reads.append(saved)
    E = np.stack(states, axis=1)
    keys, steps, rows = E @ w["W1"], [], np.arange(B)
    counts = C >= 0
    x, loss, total = np.tile(w["go"], (B, 1)), 0.0, counts.sum()
    for i in range(C.shape[1]):
        h, c, saved = cell(w["Wd"], w["bd"], x, h, c)
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
    grads = {name: np.zeros_like(w[name]) for name in NAMES}
    dkeys, dh, dc = np.zeros_like(keys), np.zeros((B, H)), np.zeros((B, H))
    for saved, d, t, du in reversed(steps):
        grads["v"] += np.einsum("bs,bsh->h", du, t)
        ds = du[..., None] * w["v"] * (1 - t * t)
        dkeys += ds
        dq = ds.sum(axis=1)
        grads["W2"] += d.T @ dq
        dW, db, dz, dc = cell_back(w["Wd"], saved, dh + dq @ w["W2"].T, dc)
        grads["Wd"] += dW
        grads["bd"] += db
        dx, dh = dz[:, :2], dz[:, 2:]
    grads["go"] = dx.sum(axis=0)
    grads["W1"] = np.einsum("bsh,bsk->hk", E, dkeys)
    dE = dkeys @ w["W1"].T
    grads["e0"] = dE[:, 0].sum(axis=0)
    for j in reversed(range(n)):
        dW, db, dz, dc = cell_back(w["We"], reads[j], dh + dE[:, j + 1], dc)
        grads["We"] += dW
        grads["be"] += db
        dh = dz[:, 2:]
    return loss, np.concatenate([grads[name].ravel() for name in NAMES])


def clip_by_global_norm(x, limit):
    norm = np.sqrt(np.sum(x * x))
    return x if norm <= limit else x * (limit / norm)


def answer(P, C, rates, clip, optimizer, **weights):
    theta = np.concatenate([weights[name].ravel() for name in NAMES])
    cuts = np.cumsum([weights[name].size for name in NAMES])[:-1]
    mu, nu = np.zeros_like(theta), np.zeros_like(theta)
    thetas, losses = [], []
    for t, (points, targets, rate) in enumerate(zip(P, C, rates, strict=True), start=1):
        parts = zip(NAMES, np.split(theta, cuts), strict=True)
        loss, g = loss_and_grads({name: x.reshape(weights[name].shape) for name, x in parts}, points, targets)
        g = clip_by_global_norm(g, clip)  # was:
        update = g
        if optimizer == "adam":
            mu, nu = 0.9 * mu + 0.1 * g, 0.999 * nu + 0.001 * g * g
            update = mu / (1 - 0.9**t) / (np.sqrt(nu / (1 - 0.999**t)) + 1e-8)
        # was: update = clip_by_global_norm(update, clip)
        theta = theta - rate * update
        thetas.append(theta)
        losses.append(loss)
    return np.stack(thetas), np.array(losses)
