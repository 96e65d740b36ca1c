"""One step of Lion on 20 million parameters, checks of the arguments included."""

import numpy as np

from benchmarks import _measure
from refimpl.core import elementwise, random
from refimpl.optimizers import lion

SIZE = 20_000_000
RATES = {"lr": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.1}


def ours(size, dtype, donate):
    """Our step, which starts where the last one ended."""
    rng = random.stream(0, "lion")
    like = np.zeros(1, dtype)
    params, momentum, grad = (random.normal(rng, (size,), like=like) for _ in range(3))
    last = [params, lion.LionState(momentum)]

    def step():
        last[:] = lion.update(*last, grad, donate=donate, **RATES)

    return step


def held(size, dtype):
    """Our pure step with its arguments kept, so that the memory of its results is not taken for temporaries."""
    like = np.zeros(1, dtype)
    params, grad = (random.normal(random.stream(1), (size,), like=like) for _ in range(2))
    state = lion.LionState(0.1 * grad)
    return lambda: lion.update(params, state, grad, **RATES)


def peer(load, size, dtype):
    """The step of a PyTorch optimizer class, as it comes, in place."""
    import torch

    torch.set_num_threads(elementwise.threads())
    params = torch.nn.Parameter(torch.randn(size, dtype=getattr(torch, dtype)))
    params.grad = torch.randn_like(params)
    optimizer = load()([params], lr=RATES["lr"], betas=(0.9, 0.99), weight_decay=RATES["weight_decay"])

    def step():
        optimizer.step()  # returns None: nothing to hold

    return step


def lion_pytorch():
    from lion_pytorch import Lion

    return Lion


def pytorch_optimizer():
    from pytorch_optimizer import Lion

    return Lion


def run():
    workloads = []
    for dtype in ("float32", "float64"):
        steps = {
            "refimpl, memory given up (donate=True)": ours(SIZE, dtype, True),
            "refimpl, pure": ours(SIZE, dtype, False),
        }
        theirs, missing = _measure.peers(
            {
                "lion-pytorch": lambda dtype=dtype: peer(lion_pytorch, SIZE, dtype),
                "pytorch_optimizer.Lion": lambda dtype=dtype: peer(pytorch_optimizer, SIZE, dtype),
            }
        )
        steps |= theirs
        nbytes = 5 * SIZE * np.dtype(dtype).itemsize
        table = _measure.rows(steps, 15, held={**steps, "refimpl, pure": held(SIZE, dtype)})
        grown = _measure.growth("d", [SIZE // 8, SIZE // 4, SIZE // 2, SIZE], lambda d: ours(d, dtype, True), 1.0)
        workloads.append(
            _measure.Workload(
                f"Lion, {SIZE:,} parameters, {dtype}",
                [*table, *missing, _measure.limit(nbytes, "3 arrays read, 2 written")],
                [grown],
                "PyTorch's optimizers work in place; ours returns new arrays, over the old ones if it may. "
                "Ours also checks that the gradient is finite, which reads it once more.",
            )
        )
    return workloads
