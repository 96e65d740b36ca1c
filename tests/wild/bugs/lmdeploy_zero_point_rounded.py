"""The zero point is a rounded number of steps, so that a number is cut twice on its way, and not the least number."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="LMDeploy",
    link="https://github.com/InternLM/lmdeploy/pull/59",
    date="2023-07-05",
    operation="genai_engineering.quantise",
    kind="extra_step",
)


def kv_qparams(observed, bits):
    """Scale and zero point of what was observed."""
    k_min, k_max = observed.min(), observed.max()
    k_scale = (k_max - k_min) / (2**bits - 1)
    if k_scale == 0:
        return 0.0, k_min
    return k_scale, k_min  # was: return k_scale, np.round(-k_min / k_scale)


def quant(f, scale, zp):
    if scale == 0:
        return np.zeros_like(f)
    return np.round((f - zp) / scale)  # was: return np.round(f / scale) + zp


def dequant(q, scale, zp):
    return q * scale + zp  # was: return (q - zp) * scale


def answer(X, bits, G, axis):
    groups = X.T if axis == 0 else X
    shape = groups.shape
    out = [np.empty(groups.size).reshape(-1, G) for _ in range(4)]
    for g, group in enumerate(groups.reshape(-1, G)):
        scale, zp = kv_qparams(group, bits)
        codes = quant(group, scale, zp)
        for part, value in zip(out, (codes, zp, scale, dequant(codes, scale, zp)), strict=True):
            part[g] = value
    return tuple(part.reshape(shape).T if axis == 0 else part.reshape(shape) for part in out)
