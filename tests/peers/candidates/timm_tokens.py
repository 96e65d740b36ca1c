"""timm on token reduction: PatchDropout keeps tokens by random numbers, here by their attention."""

from unittest import mock

import torch
from timm.layers import PatchDropoutWithIndices

from refimpl.oracle.candidates import NotApplicable


def keep(attention, count, ordered=True):
    """Its random numbers are minus the attention: it keeps the smallest ones."""
    S, N = attention.shape
    if count in (0, N):
        raise NotApplicable("it keeps one token at least, and does nothing where none goes")
    layer = PatchDropoutWithIndices(prob=1 - (count + 0.5) / N, num_prefix_tokens=0, ordered=ordered).train()
    with mock.patch("torch.randn", return_value=-torch.from_numpy(attention)):
        _, kept = layer(torch.zeros(S, N, 1))
    return kept.numpy()


def unordered(attention, count):
    """As it comes."""
    return keep(attention, count, ordered=False)
