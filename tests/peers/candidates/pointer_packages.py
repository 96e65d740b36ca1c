"""PyTorch, Keras and SciPy as pointer networks: LSTM cells, gradients, additive attention, hulls and triangles."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
from scipy.spatial import ConvexHull, Delaunay

NAMES = "We", "be", "Wd", "bd", "go", "e0", "W1", "W2", "v"


def _cell(W, b, x, state):
    """`LSTMCell`, whose gates are i, f, g, o; its second vector of biases is 0."""
    H = W.shape[1] // 4
    d = W.shape[0] - H
    order = torch.tensor([*range(2 * H), *range(3 * H, 4 * H), *range(2 * H, 3 * H)])
    cell = torch.nn.LSTMCell(d, H, dtype=W.dtype)
    named = {"weight_ih": W[:d, order].T, "weight_hh": W[d:, order].T, "bias_ih": b[order]}
    named["bias_hh"] = 0 * b
    return torch.func.functional_call(cell, named, (x, state))


def lstm_step(x, h, c, W, b):
    """`torch.nn.LSTMCell`."""
    x, h, c, W, b = map(torch.tensor, (x, h, c, W, b))
    return tuple(y.numpy() for y in _cell(W, b, x, (h, c)))


def pointer_logits(E, d, W1, W2, v, mask):
    """`keras.layers.AdditiveAttention`, asked for its weights."""
    dtype = str(E.dtype)
    layer = keras.layers.AdditiveAttention(use_scale=True, dtype=dtype)
    query, key = (d @ W2)[:, None, :], E @ W1
    layer.build([query.shape, E.shape, key.shape])
    layer.scale.assign(v)
    mask = keras.ops.convert_to_tensor(mask)
    _, weights = layer([query, E, key], mask=[None, mask], return_attention_scores=True)
    return {"p": keras.ops.convert_to_numpy(weights)[:, 0, :]}


def _terms(w, P, n_real, C):
    """Log-probabilities, one input after the other."""
    rows = []
    for points, n, targets in zip(torch.tensor(P), n_real, C, strict=True):
        zero = torch.zeros(1, len(w["v"]), dtype=w["v"].dtype)
        state, keys = (zero, zero), [w["e0"]]
        for point in points[: int(n)]:
            state = _cell(w["We"], w["be"], point[None], state)
            keys.append(state[0][0])
        E, x, row = torch.stack(keys), w["go"], []
        for c in targets[targets >= 0]:
            state = _cell(w["Wd"], w["bd"], x[None], state)
            u = torch.tanh(E @ w["W1"] + state[0] @ w["W2"]) @ w["v"]
            row.append(torch.log_softmax(u, 0)[int(c)])
            x = points[int(c) - 1]
        rows.append(row)
    return rows


def _loss(rows):
    return -torch.stack([x for row in rows for x in row]).mean()


def teacher_forced(P, n_real, C, **weights):
    """`LSTMCell` and `log_softmax`."""
    rows = _terms({k: torch.tensor(x) for k, x in weights.items()}, P, n_real, C)
    logp = np.zeros(C.shape, dtype=P.dtype)
    for i, row in enumerate(rows):
        logp[i, : len(row)] = [float(x) for x in row]
    return logp, np.asarray(_loss(rows))


def _leaves(weights):
    return {k: torch.tensor(weights[k], requires_grad=True) for k in NAMES}


def gradients(P, n_real, C, **weights):
    """The same, and `backward`."""
    w = _leaves(weights)
    _loss(_terms(w, P, n_real, C)).backward()
    return tuple((torch.zeros_like(x) if x.grad is None else x.grad).numpy() for x in w.values())


def train(P, C, rates, clip, optimizer, **weights):
    """`clip_grad_norm_`, and `SGD` or `Adam`."""
    w = _leaves(weights)
    rule = (torch.optim.SGD if optimizer == "sgd" else torch.optim.Adam)([*w.values()], lr=1.0)
    thetas, losses = [], []
    for points, targets, rate in zip(P, C, rates, strict=True):
        rule.param_groups[0]["lr"] = float(rate)
        loss = _loss(_terms(w, points, [points.shape[1]] * len(points), targets))
        rule.zero_grad()
        loss.backward()
        for x in w.values():
            x.grad = torch.zeros_like(x) if x.grad is None else x.grad
        torch.nn.utils.clip_grad_norm_(w.values(), clip)
        rule.step()
        thetas.append(torch.cat([x.detach().flatten() for x in w.values()]).numpy())
        losses.append(loss.item())
    return np.stack(thetas), np.array(losses, dtype=P.dtype)


def hull_target(P):
    """`ConvexHull`, from the lowest index."""
    S, n, _ = P.shape
    C = np.full((S, n + 1), -1)
    for row, x in zip(C, P, strict=True):
        corners = ConvexHull(x).vertices + 1
        row[: len(corners)] = np.roll(corners, -int(np.argmin(corners)))
        row[len(corners)] = 0
    return C


def delaunay_target(P):
    """`Delaunay`; incenters and their order are written here."""
    S, n, _ = P.shape
    C, centers = np.full((S, 3 * (2 * n - 5) + 1), -1), np.zeros((S, 2 * n - 5, 2), dtype=P.dtype)
    for row, z, x in zip(C, centers, P, strict=True):
        triangles = np.sort(Delaunay(x).simplices, axis=1)
        a, b, c = (x[triangles[:, k]] for k in range(3))
        sides = [np.linalg.norm(p - q, axis=1)[:, None] for p, q in ((b, c), (a, c), (a, b))]
        middle = (sides[0] * a + sides[1] * b + sides[2] * c) / sum(sides)
        order = np.lexsort(middle.T[::-1])
        row[: triangles.size] = (triangles[order] + 1).ravel()
        row[triangles.size] = 0
        z[: len(triangles)] = middle[order]
    return C, centers
