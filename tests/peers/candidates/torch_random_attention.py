"""PyTorch: the layer of random heads by its `einsum` and `relu`."""

import numpy as np
import torch


def _lifted(x):
    return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1)


def _scores(x0, keys, W):
    return torch.einsum("na,mab,nib->nmi", _lifted(x0), W, _lifted(keys))


def preactivations(x0, keys, W):
    """Query, head and key in one contraction."""
    return _scores(*(torch.from_numpy(np.array(a)) for a in (x0, keys, W))).numpy()


def features(x0, keys, W):
    """Weights and keys in another."""
    x0, keys, W = (torch.from_numpy(np.array(a)) for a in (x0, keys, W))
    phi = torch.einsum("nmi,nib->nmb", torch.relu(_scores(x0, keys, W)), _lifted(keys))
    return (phi / (keys.shape[1] * W.shape[0] ** 0.5)).numpy()


def pooled_features(x0, keys, w):
    """A linear layer on query and key, and a mean."""
    x0, keys, w = (torch.from_numpy(np.array(a)) for a in (x0, keys, w))
    pairs = torch.cat([x0[:, None, :].expand(-1, keys.shape[1], -1), keys], dim=-1)
    hidden = torch.relu(torch.nn.functional.linear(pairs, w[:, :-1], w[:, -1]))
    return (hidden.mean(dim=1) / w.shape[0] ** 0.5).numpy()
