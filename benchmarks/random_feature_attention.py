"""Features of random heads beside PyTorch's einsum and the definition in NumPy's, and the kernel of both models."""

import numpy as np

from benchmarks import _measure
from refimpl.attention import random_feature_attention as rfa
from refimpl.core.random import stream

INPUTS, KEYS, DIMENSIONS, HEADS = 2000, 16, 16, 100


def layer(n, N=KEYS, d=DIMENSIONS, M=HEADS):
    """Queries, keys, heads."""
    rng = stream(0, "random_feature_attention-benchmark")
    return rng.standard_normal((n, d)), rng.standard_normal((n, N, d)), rng.standard_normal((M, d + 1, d + 1))


def features(n, N=KEYS, d=DIMENSIONS, M=HEADS):
    """Ours, checks included."""
    x_0, keys, W = layer(n, N, d, M)
    return lambda: rfa.features(x_0, keys, W)


def einsum(n):
    """The definition, in one go and in the best order that NumPy finds."""
    x_0, keys, W = layer(n)
    q, x = (np.concatenate([a, np.ones_like(a[..., :1])], axis=-1) for a in (x_0, keys))
    order = np.einsum_path("na,mab,nib->nmi", q, W, x, optimize="optimal")[0]

    def step():
        u = np.maximum(np.einsum("na,mab,nib->nmi", q, W, x, optimize=order), 0)
        return np.einsum("nmi,nib->nmb", u, x, optimize=True) / (KEYS * HEADS**0.5)

    return step


def pytorch(n):
    """PyTorch's, if it is installed."""
    from tests.peers.candidates import torch_random_attention as peer

    x_0, keys, W = layer(n)
    return lambda: peer.features(x_0, keys, W)


def kernel(n, bias):
    """Ours, of n inputs with themselves."""
    x_0, keys, _ = layer(n, N=4)
    return lambda: rfa.kernel(x_0, keys, x_0, keys, bias=bias)


def run():
    """Both workloads."""
    theirs, missing = _measure.peers({"PyTorch, einsum": lambda: pytorch(INPUTS)})
    steps = {"refimpl": features(INPUTS), "NumPy, einsum in its best order": einsum(INPUTS)} | theirs
    written = INPUTS * HEADS * (DIMENSIONS + 1) * 8
    table = [*_measure.rows(steps, 5), *missing, _measure.limit(written, "features written")]
    grown = [
        _measure.growth("n", [500, 1000, 2000, 4000], features, 1.0),
        _measure.growth("N", [16, 32, 64, 128], lambda N: features(500, N=N), 1.0),
    ]
    title = f"Features: {INPUTS} inputs of {KEYS} keys, {DIMENSIONS} coordinates, {HEADS} heads, float64"
    note = "Ours works on a few inputs at a time, so that its temporaries do not grow with their number."
    kernels = {"refimpl, no bias": kernel(64, "zero"), "refimpl, identity": kernel(64, "identity")}
    return [
        _measure.Workload(title, table, grown, note),
        _measure.Workload(
            "Kernel: 64 inputs of 4 keys with themselves, float64",
            _measure.rows(kernels, 5),
            [_measure.growth("n", [16, 32, 64, 128], lambda n: kernel(n, "zero"), 2.0)],
            "With a bias each pair of keys is an integral of 64 nodes.",
        ),
    ]
