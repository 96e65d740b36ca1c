"""A step of the score network beside PyTorch's autograd, and the filter beside as many steps with the kernel."""

import math

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.generative import score_estimation

SAMPLES, WIDTH, OUTPUTS, STEPS = 256, 2048, 2, 10_000


def problem(n):
    """Inputs, labels, a network."""
    rng = stream(0, "score_estimation-benchmark")
    Z, Y = rng.standard_normal((n, 4)), rng.standard_normal((n, OUTPUTS))
    return Z, Y, score_estimation.init(rng, WIDTH, 4, OUTPUTS, like=Z)


def ours(n):
    """A step of gradient descent, checks included."""
    Z, Y, network = problem(n)
    return lambda: score_estimation.update(network, Z, Y)


def torch_steps(n):
    """The same in PyTorch in double precision, with its automatic differentiation, if it is installed."""
    try:
        import torch
    except ModuleNotFoundError:
        return {}
    torch.set_num_threads(_measure.threads())
    Z, Y, network = (torch.from_numpy(x) if not isinstance(x, tuple) else x for x in problem(n))
    W, a = torch.tensor(network.W, requires_grad=True), torch.from_numpy(network.a)
    optimizer = torch.optim.SGD([W], lr=1e-9)

    def step():
        optimizer.zero_grad()
        ((torch.relu(Z @ W.T) @ a / math.sqrt(WIDTH) - Y).square().sum() / (2 * n)).backward()
        optimizer.step()

    return {"PyTorch, autograd and SGD": step}


def filtered(n):
    """The kernel's predictions after `STEPS` steps, all at once."""
    Z, Y, _ = problem(n)
    return lambda: score_estimation.kernel_gd(Z, Y, Z, eta=0.1, tau=STEPS)


def one_by_one(n):
    """The same, step by step."""
    Z, Y, _ = problem(n)

    def run():
        K, weights = score_estimation.tangent_kernel(Z, Z), 0.0 * Y
        for _ in range(STEPS):
            weights = weights - 0.1 / n * (K @ weights - Y)
        return K @ weights

    return run


def run():
    """Both workloads."""
    moved = 2 * 8 * SAMPLES * WIDTH  # what goes into the units, written once and read once
    return [
        _measure.Workload(
            f"Score estimation, a step: {SAMPLES} samples, {WIDTH} units, float64",
            [
                *_measure.rows({"refimpl, a step": ours(SAMPLES), **torch_steps(SAMPLES)}, 15),
                _measure.limit(moved, "what goes into the units, written and read"),
            ],
            [_measure.growth("n", [128, 256, 512, 1024], ours, 1.0)],
            "The whole batch; both layers are small, so that the array of samples by units is what costs.",
        ),
        _measure.Workload(
            f"Score estimation, {STEPS} steps with the kernel: {SAMPLES} samples, float64",
            _measure.rows({"refimpl, the filter": filtered(SAMPLES), "step by step": one_by_one(SAMPLES)}, 15),
            [_measure.growth("n", [128, 256, 512], filtered, 3.0)],
            "Eigenvalues once, then any number of steps; for a hundred or so it does not pay.",
        ),
    ]
