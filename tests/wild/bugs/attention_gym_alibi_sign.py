"""The bias of ALiBi grows with the distance where it should fall: far keys are rewarded."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="attention-gym",
    link="https://github.com/meta-pytorch/attention-gym/pull/86",
    date="2024-12-02",
    operation="genai_engineering.scores",
    kind="wrong_sign",
)


def rotary(x, positions):
    half = x.shape[-1] // 2
    angles = positions[:, None] * 10_000.0 ** (-np.arange(half) / half)
    turned = (x[:, 0::2] + 1j * x[:, 1::2]) * np.exp(1j * angles)
    return np.stack([turned.real, turned.imag], axis=-1).reshape(x.shape)


def distances(n, bias):
    q_idx, kv_idx = np.arange(n)[:, None], np.arange(n)[None, :]
    if bias == "linear":
        return kv_idx - q_idx  # was: return q_idx - kv_idx
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n))])
    return -harmonic[np.abs(q_idx - kv_idx)]  # was: return harmonic[np.abs(q_idx - kv_idx)]


def answer(q, k, slope, c_R, c_A, shift, bias):
    n, d = q.shape
    positions = np.arange(n) + shift
    score = c_R * (rotary(q, positions) @ rotary(k, positions).T) / np.sqrt(d)
    score = score + c_A * slope * distances(n, bias)
    return np.where(np.tri(n, dtype=bool), score, -np.inf)
