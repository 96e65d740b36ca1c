"""The scores are divided by the scale, the inverse of a root already, and so multiplied by the root."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="perceiver-io",
    link="https://github.com/esceptico/perceiver-io/issues/9",
    date="2021-11-18",
    operation="ovor.prefix_attention",
    kind="wrong_scale",
)


class MultiHeadAttention:
    def __init__(self, num_heads, qk_head_dim):
        self.num_heads = num_heads
        self.scale = qk_head_dim**-0.5

    def transform_for_scores(self, x, batch):
        """[m, heads * d] to [batch, heads, m, d]."""
        heads = x.reshape(len(x), self.num_heads, -1).swapaxes(0, 1)
        return np.broadcast_to(heads, (batch, *heads.shape))

    def forward(self, q, k, v):
        logits = q @ k.swapaxes(-2, -1) * self.scale  # was: logits = q @ k.swapaxes(-2, -1) / self.scale
        logits = logits - logits.max(axis=-1, keepdims=True)
        attention = np.exp(logits)
        self.attention = attention / attention.sum(axis=-1, keepdims=True)
        return self.attention @ v

    def backward(self, q, v, grad):
        """Gradients in the keys and the values."""
        d_attention = grad @ v.swapaxes(-2, -1)
        inner = (self.attention * d_attention).sum(axis=-1, keepdims=True)
        d_logits = self.attention * (d_attention - inner)
        d_k = d_logits.swapaxes(-2, -1) @ q * self.scale  # was: d_k = d_logits.swapaxes(-2, -1) @ q / self.scale
        return d_k, self.attention.swapaxes(-2, -1) @ grad


def answer(q, k, v, P_k, P_v, dO):
    batch, heads, _, d = q.shape
    m = len(P_k)
    layer = MultiHeadAttention(heads, d)
    keys = np.concatenate([layer.transform_for_scores(P_k, batch), k], axis=2)
    values = np.concatenate([layer.transform_for_scores(P_v, batch), v], axis=2)
    out = layer.forward(q, keys, values)
    grads = layer.backward(q, values, dO)
    d_prompt = [g[:, :, :m].sum(axis=0).swapaxes(0, 1).reshape(m, -1) for g in grads]
    return out, *d_prompt
