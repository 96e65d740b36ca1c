"""Attention to all blocks and to some, beside plain NumPy and the fused kernel of PyTorch."""

import math

import numpy as np

from benchmarks import _measure
from refimpl.attention import genai_engineering as ge
from refimpl.core import random
from refimpl.models.attention import attend, causal

N, D, BLOCK = 2048, 64, 64


def arrays(n):
    """Queries, keys and values."""
    return (random.normal(random.stream(i, "genai_engineering"), (n, D), like=np.zeros(1)) for i in range(3))


def blocks(n, share=1.0):
    """Our attention block by block: to all of them, or to near ones with the harmonic law."""
    q, k, v = arrays(n)
    u = np.zeros((1, n // BLOCK)) if share == 1 else random.stream(1, "draws").uniform(size=(1, n // BLOCK))
    return lambda: ge.pr_attention(q, k, v, u, block=BLOCK, c=2.0)


def dense(n):
    """All scores at once, in NumPy."""
    q, k, v = arrays(n)
    mask = causal(n, like=q)
    return lambda: attend(q, k, v, mask=mask)


def fused(n):
    """PyTorch's `scaled_dot_product_attention`."""
    import torch

    q, k, v = (torch.from_numpy(x)[None, None] for x in arrays(n))
    return lambda: torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)


def run():
    theirs, missing = _measure.peers({"torch, fused": lambda: fused(N)})
    steps = {"refimpl, block by block": blocks(N), "refimpl, a part of the blocks": blocks(N, 0.3),
             "NumPy, all scores at once": dense(N)} | theirs  # fmt: skip
    table = [*_measure.rows(steps, 5), *missing]
    table.append(_measure.limit(4 * 8 * N * D, "queries, keys and values read, the answer written"))
    grown = [_measure.growth("n", [1024, 2048, 4096], blocks, 2.0)]
    score = 8 * N * N / 1e6
    note = (
        f"All scores at once take {score:.0f} MB; block by block {8 * BLOCK * BLOCK / 1e3:.0f} kB at a time, "
        f"whatever n is. The law with c = 2 visits about {_share(N // BLOCK):.0%} of the blocks."
    )
    return [_measure.Workload(f"Causal attention, n = {N:,}, d = {D}, float64", table, grown, note)]


def _share(T):
    """Of the blocks that are visited on average."""
    pi = np.asarray(ge.chances(T, c=2.0, like=np.zeros(1)))
    return math.fsum(pi * (T - np.arange(T))) / (T * (T + 1) / 2)
