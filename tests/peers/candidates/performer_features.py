"""pip performer-pytorch: its random features of a rectified linear unit, `generalized_kernel`."""

import numpy as np
import torch
from parts import absent

absent("axial_positional_embedding", "local_attention")

from performer_pytorch.performer_pytorch import generalized_kernel  # noqa: E402


def _features(rows, w, **options):
    """Without the root of the number of neurons, which is the adapter's."""
    data = torch.from_numpy(np.array(rows))[None, None]
    found = generalized_kernel(data, projection_matrix=torch.from_numpy(np.array(w)), **options)
    return found[0, 0].numpy() / np.sqrt(len(w), dtype=w.dtype)


def _one(x):
    return np.ones_like(x[..., :1])


def as_it_comes(x0, keys, w, **options):
    """The query, the keys and a 1 are the data."""
    return _features(np.concatenate([x0, keys.reshape(len(x0), -1), _one(x0)], axis=1), w, **options)


def mlp_features(x0, keys, w):
    """Without the constant that it adds and the factor that it takes by default."""
    return as_it_comes(x0, keys, w, kernel_epsilon=0.0, normalize_data=False)


def pooled_features(x0, keys, w):
    """The same on each key by itself; the mean is the adapter's."""
    n, N, _ = keys.shape
    rows = np.concatenate([np.repeat(x0[:, None], N, axis=1), keys, _one(keys)], axis=2).reshape(n * N, -1)
    found = _features(rows, w, kernel_epsilon=0.0, normalize_data=False)
    return found.reshape(n, N, -1).mean(axis=1)
