"""Transformers: rotary codes of GPT-J (neighbours) and Llama (halves), scale and mask ours; ALiBi of BLOOM."""

import numpy as np
import torch
from torch_blocks import pr_attention
from transformers.models.bloom import modeling_bloom
from transformers.models.gptj import modeling_gptj
from transformers.models.llama import modeling_llama


def _scores(q, k, slope, c_R, c_A, shift, bias):
    n, d = q.shape
    gap = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    sums = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n))])
    far = gap if bias == "linear" else sums[gap]
    return np.where(np.tri(n, dtype=bool), c_R * (q @ k.T) / np.sqrt(d) - c_A * slope * far, -np.inf)


def gptj(q, k, slope, c_R, c_A, shift, bias):
    """`create_sinusoidal_positions` and `apply_rotary_pos_emb` of GPT-J; its table is of float32."""
    n, d = q.shape
    table = modeling_gptj.create_sinusoidal_positions(n + shift, d)[shift:][None]
    sin, cos = torch.split(table, d // 2, dim=-1)
    q, k = (torch.from_numpy(np.array(x))[None, :, None] for x in (q, k))
    turned = [modeling_gptj.apply_rotary_pos_emb(x, sin, cos) for x in (q, k)]
    return _scores(*(x[0, :, 0].numpy() for x in turned), slope, c_R, c_A, shift, bias)


def llama(q, k, slope, c_R, c_A, shift, bias):
    """`apply_rotary_pos_emb` of Llama with cosines and sines in float64."""
    n, d = q.shape
    angles = torch.arange(shift, shift + n, dtype=torch.float64)[:, None] / 10_000 ** (
        torch.arange(0, d, 2, dtype=torch.float64) / d
    )
    angles = torch.cat([angles, angles], dim=-1)[None]
    q, k = (torch.from_numpy(np.array(x))[None, None] for x in (q, k))
    turned = modeling_llama.apply_rotary_pos_emb(q, k, angles.cos(), angles.sin())
    return _scores(*(x[0, 0].numpy() for x in turned), slope, c_R, c_A, shift, bias)


def bloom(**inputs):
    """`build_alibi_tensor` of BLOOM, whose one head has the slope 2^-8: the place of the key alone, which rises."""

    def positions(queries, keys):
        alibi = modeling_bloom.build_alibi_tensor(torch.ones(1, len(keys)), 1, torch.float64)
        return -(2.0**8) * np.broadcast_to(alibi[0].numpy(), (len(queries), len(keys)))

    return pr_attention(**inputs, positions=positions)
