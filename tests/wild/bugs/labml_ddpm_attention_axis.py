"""The softmax runs over the queries, of which each input here has one, and not over the keys."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="annotated_deep_learning_paper_implementations",
    link="https://github.com/labmlai/annotated_deep_learning_paper_implementations/issues/146",
    date="2022-09-12",
    operation="attention_svm.loss_grad",
    kind="wrong_axis",
)


class Softmax:
    def __init__(self, dim):
        self.dim = dim

    def __call__(self, x):
        e = np.exp(x - x.max(axis=self.dim, keepdims=True))
        return e / e.sum(axis=self.dim, keepdims=True)

    def back(self, attn, grad):
        # grad of each less the mean of all, as a mean of differences
        attn, grad = np.moveaxis(attn, self.dim, -1), np.moveaxis(grad, self.dim, -1)
        out = attn * np.sum(attn[..., None, :] * (grad[..., :, None] - grad[..., None, :]), axis=-1)
        return np.moveaxis(out, -1, self.dim)


class AttentionBlock:
    def __init__(self, W):
        self.W = W
        # attn is [batch, i, j, heads], i of the queries and j of the keys
        self.softmax = Softmax(dim=2)  # was: self.softmax = Softmax(dim=1)

    def forward(self, q, k, v):
        attn = np.einsum("bihd,bjhd->bijh", (q @ self.W.T)[:, :, None, :], k[:, :, None, :])
        attn = self.softmax(attn)
        return attn, np.einsum("bijh,bjh->bih", attn, v[:, :, None])

    def backward(self, q, k, v, attn, grad):
        d_attn = self.softmax.back(attn, np.einsum("bih,bjh->bijh", grad, v[:, :, None]))
        return np.einsum("bijh,bjd,bie->de", d_attn, k, q)


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def answer(X, Z, gamma, W):
    block = AttentionBlock(W)
    q = Z[:, None, :]
    attn, res = block.forward(q, X, gamma)
    margin = res[:, 0, 0]
    slope = -np.exp(-softplus(margin)) / len(margin)
    grad = block.backward(q, X, gamma, attn, slope[:, None, None])
    return np.mean(softplus(-margin)), attn[:, 0, :, 0], grad
