"""PyTorch on token reduction: `topk`, and attention by `scaled_dot_product_attention`."""

import numpy as np
import torch


def keep(attention, count):
    """As FastV's code does: the indices of `topk`, sorted."""
    return torch.from_numpy(attention).topk(count).indices.sort().values.numpy()


def by_rank(attention, count):
    """The indices as they come."""
    return torch.from_numpy(attention).topk(count).indices.numpy()


def decoder(vision, text, Wq, Wk, Wv, Wo, k):
    """With a mask. Its kernels do not hand out the weights: those of the last row come from the identity as values."""
    X, alive, (M, d) = torch.from_numpy(np.concatenate([vision, text])), torch.arange(len(vision)), text.shape
    kept, attention = np.zeros((len(k), len(vision)), np.int64), np.zeros((len(k), len(vision)), vision.dtype)
    a = None
    for l, n in enumerate(k.tolist()):
        if n < len(alive):
            best = a[: len(alive)].topk(n).indices.sort().values
            X, alive = torch.cat([X[best], X[len(alive) :]]), alive[best]
        q, key, v = (X @ torch.from_numpy(W[l]) for W in (Wq, Wk, Wv))
        seen = torch.ones(n + M, n + M, dtype=torch.bool).tril()
        seen[:, :n] = True
        look = torch.nn.functional.scaled_dot_product_attention
        unit = torch.eye(n + M, dtype=X.dtype)
        a = look(q[None], key[None], unit[None], attn_mask=seen, scale=d**-0.5)[0, -1]
        X = X + look(q[None], key[None], v[None], attn_mask=seen)[0] @ torch.from_numpy(Wo[l])
        kept[l, alive.numpy()], attention[l, alive.numpy()] = 1, a[:n].numpy()
    return X[-M:].numpy(), kept, attention
