"""Cosines laid out for halves meet a rotation of neighbours: coordinate j turns by the angle of j modulo d/2."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="transformers",
    link="https://github.com/huggingface/transformers/pull/47403",
    date="2026-07-18",
    operation="genai_engineering.scores",
    kind="wrong_order",
)


def rotate_neighbours(x):
    return np.stack([-x[:, 1::2], x[:, 0::2]], axis=-1).reshape(x.shape)


def tables(positions, dim):
    freqs = positions[:, None] * (1.0 / 10_000.0 ** (np.arange(0, dim, 2) / dim))
    emb = np.repeat(freqs, 2, axis=-1)  # was: emb = np.concatenate([freqs, freqs], axis=-1)
    return np.cos(emb), np.sin(emb)


def answer(q, k, slope, c_R, c_A, shift, bias):
    n, d = q.shape
    cos, sin = tables(np.arange(n) + shift, d)
    q, k = (x * cos + rotate_neighbours(x) * sin for x in (q, k))
    gap = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :])
    far = gap if bias == "linear" else np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n))])[gap]
    return np.where(np.tri(n, dtype=bool), c_R * (q @ k.T) / np.sqrt(d) - c_A * slope * far, -np.inf)
