"""A linear layer that keeps three tenths of its rows, forward and backward; and what is held in between, measured."""

import tracemalloc

import numpy as np

from benchmarks import _measure
from refimpl.attention import _wta_crs_product as product
from refimpl.attention import wta_crs
from refimpl.core.random import stream

B, D = 8192, 768  # 64 sequences of 128 tokens
RATES = {"ratio": 0.3, "phi": 0.1}


def setting(rows=B, d=D):
    """A batch, a layer, gradient, cache and draws, in float32."""
    rng = stream(0, "benchmark", "wta_crs")
    draw = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
    norms, u = rng.random(rows, dtype=np.float32), rng.random(rows, dtype=np.float32)
    return draw(rows, d), draw(d, d) / np.float32(d**0.5), draw(d), draw(rows, d), norms, u


def ours(rows=B, d=D, **rates):
    """Forward and backward pass."""
    H, W, b, G, norms, u = setting(rows, d)
    rates = RATES | rates

    def run():
        _, saved = wta_crs.forward(H, W, b, norms, u, **rates)
        return wta_crs.backward(saved, W, G)

    return run


def plain():
    """The exact layer in NumPy."""
    H, W, b, G, _, _ = setting()
    return lambda: (H @ W + b, H.T @ G, G.sum(axis=0), G @ W.T)


def torch_layer():
    """The exact layer in PyTorch."""
    import torch

    torch.set_num_threads(_measure.threads())
    H, W, b, G, _, _ = (torch.tensor(x) for x in setting())
    leaves = [x.requires_grad_() for x in (H, W, b)]
    return lambda: torch.autograd.grad(H @ W + b, leaves, G)


def held(layer, inputs):
    """Bytes that a forward pass leaves behind, less its output: what waits for the backward pass."""
    layer()
    tracemalloc.start()
    x = inputs()  # as it comes from the layer below, which does not keep it
    out, saved = layer(x)
    del x
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return kept - out.nbytes, saved


def attention(sampled):
    """The same of a product of attention."""
    rng = stream(1, "benchmark", "wta_crs")
    A, V = rng.random((96, 128, 128), dtype=np.float32), rng.random((96, 128, 64), dtype=np.float32)
    ones = lambda *shape: np.ones(shape, dtype=np.float32) / 2
    args = ones(96, 64), ones(96, 128), ones(96, 64), ones(96, 128)

    def layer(pair=(A, V)):
        return product.forward(*pair, *args, **RATES) if sampled else (pair[0] @ pair[1], pair)

    return held(layer, lambda: (A.copy(), V.copy()))[0]


def linear(sampled):
    """Bytes held by a linear layer."""
    H, W, b, _, norms, u = setting()

    def layer(x=H):
        return wta_crs.forward(x, W, b, norms, u, **RATES) if sampled else (x @ W + b, x)

    return held(layer, H.copy)[0]


def run():
    theirs, missing = _measure.peers({"NumPy, exact": plain, "PyTorch, exact": torch_layer})
    steps = {"refimpl": ours(), "refimpl, all rows": ours(ratio=1.0)} | theirs
    measured = {name: [make(sampled) for sampled in (False, True)] for name, make in
                (("linear layer", linear), ("product of attention, 96 heads of 128 x 128", attention))}  # fmt: skip
    note = "Held between the passes, measured: " + "; ".join(
        f"{name} {full / 1e6:.1f} MB exact, {some / 1e6:.1f} MB sampled ({full / some:.2f} times less)"
        for name, (full, some) in measured.items()
    )
    grown = [
        _measure.growth("B", [1024, 2048, 4096, 8192], lambda n: ours(n, 256), 1.0),
        _measure.growth("d", [128, 256, 512], lambda d: ours(2048, d), 2.0),
    ]
    title = f"WTA-CRS, a linear layer, B = {B:,}, d = {D}, float32, ratio 0.3, forward and backward"
    return [_measure.Workload(title, [*_measure.rows(steps, 5), *missing], grown, note + ".")]
