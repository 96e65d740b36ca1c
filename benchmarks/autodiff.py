"""Value and gradient of an MLP 784-256-256-10, batch 256, float32: ours on NumPy beside PyTorch's autograd.

    python -m benchmarks.autodiff [--threads N]

Both run on the same number of threads, with the same weights, in turn (so that a busy machine slows both);
the figures are medians and the best of the repetitions.
"""

import argparse
import os
import statistics
import time

SIZES, BATCH, ROUNDS = (784, 256, 256, 10), 256, 60


def workloads(threads):
    """Functions without argument: our step and PyTorch's, which return the loss."""
    import numpy as np
    import torch

    from refimpl.core import random
    from refimpl.core.autodiff import value_and_grad
    from refimpl.models import losses, mlp

    torch.set_num_threads(threads)
    like = np.zeros(1, dtype=np.float32)
    rng = random.stream(0, "benchmark")
    params = mlp.init(rng, SIZES, like=like)
    x = random.normal(rng, (BATCH, SIZES[0]), like=like)
    labels = random.indices(rng, SIZES[-1], (BATCH,), like=like)

    step = value_and_grad(lambda p: losses.softmax_cross_entropy(mlp.apply(p, x), labels))
    torch_params = [torch.tensor(a, requires_grad=True) for layer in params for a in layer]
    torch_x, torch_labels = torch.tensor(x), torch.tensor(labels)

    def torch_step():
        h = torch_x
        for i in range(0, len(torch_params), 2):
            h = torch.addmm(torch_params[i + 1], h, torch_params[i])
            h = h if i == len(torch_params) - 2 else torch.tanh(h)
        loss = torch.nn.functional.cross_entropy(h, torch_labels)
        torch.autograd.grad(loss, torch_params)
        return float(loss.detach())

    return {"refimpl (NumPy)": lambda: float(step(params)[0]), "PyTorch": torch_step}


def main():
    """Time both, print a table; the ratio is ours to PyTorch's."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    threads = parser.parse_args().threads
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)  # before NumPy is loaded

    steps = workloads(threads)
    values = {name: [step() for _ in range(5)][-1] for name, step in steps.items()}  # also warms up
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)

    print(f"MLP {'-'.join(map(str, SIZES))}, batch {BATCH}, float32, value and gradient, {threads} thread(s)")
    for name, seconds in times.items():
        median, best = 1e3 * statistics.median(seconds), 1e3 * min(seconds)
        print(f"  {name:16} median {median:6.2f} ms   best {best:6.2f} ms   loss {values[name]:.6f}")
    ours, theirs = times.values()
    print(
        f"  ratio            median {statistics.median(ours) / statistics.median(theirs):6.2f}      "
        f"best {min(ours) / min(theirs):6.2f}"
    )


if __name__ == "__main__":
    main()
