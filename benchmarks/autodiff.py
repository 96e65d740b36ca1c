"""Value and gradient of an MLP 784-256-256-10, batch 256, float32: ours on NumPy beside PyTorch's autograd."""

import os

import numpy as np

from benchmarks import _measure
from refimpl.core import random
from refimpl.core.autodiff import value_and_grad
from refimpl.models import losses, mlp

SIZES, BATCH = (784, 256, 256, 10), 256


def problem():
    """Parameters, inputs and labels."""
    like = np.zeros(1, dtype=np.float32)
    rng = random.stream(0, "benchmark")
    params = mlp.init(rng, SIZES, like=like)
    return params, random.normal(rng, (BATCH, SIZES[0]), like=like), random.indices(rng, SIZES[-1], (BATCH,), like=like)


def ours():
    params, x, labels = problem()
    step = value_and_grad(lambda p: losses.softmax_cross_entropy(mlp.apply(p, x), labels))
    return lambda: step(params)


def pytorch():
    import torch

    torch.set_num_threads(os.cpu_count() or 1)  # as NumPy's BLAS takes
    params, x, labels = problem()
    params = [torch.tensor(a, requires_grad=True) for layer in params for a in layer]
    x, labels = torch.tensor(x), torch.tensor(labels)

    def step():
        h = x
        for i in range(0, len(params), 2):
            h = torch.addmm(params[i + 1], h, params[i])
            h = h if i == len(params) - 2 else torch.tanh(h)
        loss = torch.nn.functional.cross_entropy(h, labels)
        return loss, torch.autograd.grad(loss, params)

    return step


def run():
    theirs, missing = _measure.peers({"PyTorch": pytorch})
    table = _measure.rows({"refimpl (NumPy)": ours()} | theirs, 60)
    sizes = "-".join(map(str, SIZES))
    return [_measure.Workload(f"MLP {sizes}, batch {BATCH}, float32: value and gradient", [*table, *missing])]
