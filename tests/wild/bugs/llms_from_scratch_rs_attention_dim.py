"""The softmax of the attention weights runs over dimension 1, that of the queries, not over the last one."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="llms-from-scratch-rs",
    language="Rust",
    link="https://github.com/nerdai/llms-from-scratch-rs/pull/30",
    date="2024-11-15",
    operation="attention_svm.loss_grad",
    kind="wrong_axis",
)

LAST = -1


def softmax(x, dim):
    shifted = np.exp(x - x.max(axis=dim, keepdims=True))
    return shifted / shifted.sum(axis=dim, keepdims=True)


class CausalAttention:
    """One query for each input, which sees all keys."""

    def __init__(self, w):
        self.w = w

    def forward(self, queries, keys, values):
        attn_scores = (queries @ self.w.T) @ np.swapaxes(keys, 1, 2)
        attn_weights = softmax(attn_scores, LAST)  # was: attn_weights = softmax(attn_scores, 1)
        return attn_weights, attn_weights @ values

    def backward(self, queries, keys, values, attn_weights, upstream):
        d_weights = upstream @ np.swapaxes(values, 1, 2)
        # of each key, by how much it is worth more than each other one
        gaps = d_weights[..., :, None] - d_weights[..., None, :]
        d_scores = attn_weights * np.matmul(gaps, attn_weights[..., None])[..., 0]
        return np.sum(np.swapaxes(d_scores @ keys, 1, 2) @ queries, axis=0)


def answer(X, Z, gamma, W):
    attention = CausalAttention(W)
    queries, values = Z[:, None, :], gamma[:, :, None]
    weights, context = attention.forward(queries, X, values)
    margins = context[:, 0, 0]
    slopes = -1 / (1 + np.exp(margins)) / len(margins)
    grad = attention.backward(queries, X, values, weights, slopes[:, None, None])
    return np.mean(np.logaddexp(0, -margins)), weights[:, 0, :], grad
