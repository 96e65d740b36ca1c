"""pip torchao: groups on the grid of its four-bit kernel, whose zero is a number that need not be a point of it."""

import numpy as np
import torch
from torchao.quantization import quant_primitives as rules


def quantise(X, bits, G, axis):
    """In float32, which is all that it takes; of its zero, the middle of the grid, the operation does not ask."""
    x, kind = torch.from_numpy(X.astype(np.float32)), torch.int32
    grid = {"block_size": (G, 1) if axis == 0 else (1, G), "quant_min": 0, "quant_max": 2**bits - 1}
    step, middle = rules._choose_qparams_affine_tinygemm(x, rules.MappingType.ASYMMETRIC, target_dtype=kind, **grid)
    shape = [a // b for a, b in zip(x.shape, grid["block_size"], strict=True)]
    if step.numel() != np.prod(shape):  # one step for all groups: told as no number
        return dict.fromkeys(("codes", "step", "values"), np.full_like(X, np.nan))
    grid |= {"scale": step, "zero_point": middle}
    codes = rules._quantize_affine_tinygemm(x, output_dtype=kind, **grid)
    values = rules._dequantize_affine_tinygemm(codes, input_dtype=kind, **grid)
    told = {"codes": codes, "step": step.reshape(shape).repeat_interleave(G, axis), "values": values}
    return {name: a.numpy().astype(X.dtype) for name, a in told.items()}
