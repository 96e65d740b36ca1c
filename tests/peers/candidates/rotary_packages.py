"""Rotary codes of several packages, each in a folder of its own; scale, mask and bias are ours."""

from importlib import import_module
from importlib.util import find_spec

import numpy as np

from refimpl.oracle.candidates import NotApplicable

for _name in (
    "rotary_embedding_torch",
    "x_transformers",
    "equinox",
):  # the one that is there, before the first question
    if find_spec(_name):
        import_module(_name)


def _scores(q, k, slope, c_R, c_A, bias):
    n, d = q.shape
    gap = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    sums = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n))])
    far = gap if bias == "linear" else sums[gap]
    return np.where(np.tri(n, dtype=bool), c_R * (q @ k.T) / np.sqrt(d) - c_A * slope * far, -np.inf)


def rotary_embedding_torch(q, k, slope, c_R, c_A, shift, bias):
    """`RotaryEmbedding.rotate_queries_or_keys`; the offset is the first position."""
    import torch
    from rotary_embedding_torch import RotaryEmbedding

    try:
        code = RotaryEmbedding(dim=q.shape[1])
    except ZeroDivisionError:  # told as no number
        return np.full((len(q), len(q)), np.nan)
    turned = [code.rotate_queries_or_keys(torch.from_numpy(np.array(x))[None, None], offset=shift) for x in (q, k)]
    return _scores(*(x[0, 0].detach().numpy() for x in turned), slope, c_R, c_A, bias)


def x_transformers(q, k, slope, c_R, c_A, shift, bias):
    """`RotaryEmbedding` and `apply_rotary_pos_emb`."""
    import torch
    from x_transformers.x_transformers import RotaryEmbedding, apply_rotary_pos_emb

    try:
        code = RotaryEmbedding(q.shape[1])
    except ZeroDivisionError:  # told as no number
        return np.full((len(q), len(q)), np.nan)
    angles, scale = code(torch.arange(shift, shift + len(q)))
    turned = [apply_rotary_pos_emb(torch.from_numpy(np.array(x))[None, None], angles, scale) for x in (q, k)]
    return _scores(*(x[0, 0].numpy() for x in turned), slope, c_R, c_A, bias)


def equinox(q, k, slope, c_R, c_A, shift, bias):
    """`nn.RotaryPositionalEmbedding`, whose first position is 0."""
    import equinox as eqx
    import jax

    jax.config.update("jax_enable_x64", True)
    if shift:
        raise NotApplicable("its first position is 0")
    code = eqx.nn.RotaryPositionalEmbedding(q.shape[1], dtype=q.dtype)
    return _scores(*(np.asarray(code(np.asarray(x))) for x in (q, k)), slope, c_R, c_A, bias)
