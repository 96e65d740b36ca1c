"""PyTorch: its attention with the blocks as a mask, and its autograd on the loss of word2vec."""

import numpy as np
import torch
from torch.nn import functional


def pr_attention(q, k, v, slope, u, B, law, c, correct, positions=np.subtract.outer):
    """`scaled_dot_product_attention` with an additive mask; the number of blocks is counted in the mask.

    The bias is minus the slope times `positions` of queries and keys, their differences.
    """
    n, T = len(q), len(q) // B
    delta = np.arange(T)
    pi = {"harmonic": np.minimum(1, c / (1 + delta)), "geometric": c**delta, "constant": np.full(T, c)}[law]
    pi[0] = 1
    i, j = np.indices((n, n))
    gap = i // B - j // B
    takes = np.broadcast_to(u < pi, (T, T))
    seen = (j <= i) & takes[i // B, np.clip(gap, 0, None)]
    far = positions(np.arange(n), np.arange(n))
    bias = np.where(seen, -slope * far - (np.log(pi)[np.clip(gap, 0, None)] if correct else 0), -np.inf)
    arrays = (torch.from_numpy(np.array(x, dtype=np.float64)) for x in (q, k, v))
    o = functional.scaled_dot_product_attention(*arrays, attn_mask=torch.from_numpy(bias))
    return o.numpy(), np.tril(takes[:, :][np.arange(T)[:, None], np.clip(delta[:, None] - delta, 0, None)]).sum(axis=1)


def sgns_step(U, C, word, ctx, lr):
    """A step of gradient descent on the summed loss, differentiated by autograd."""
    U, C = (torch.tensor(np.array(x), requires_grad=True) for x in (U, C))
    word, ctx = torch.from_numpy(np.array(word)), torch.from_numpy(np.array(ctx))
    inner = torch.einsum("bd,bkd->bk", functional.embedding(word, U), functional.embedding(ctx, C))
    loss = -functional.logsigmoid(inner[:, 0]).sum() - functional.logsigmoid(-inner[:, 1:]).sum()
    loss.backward()
    return tuple((x - lr * x.grad).detach().numpy() for x in (U, C))
