"""The penalties of a linear head, with gradients, beside one gradient of its loss and PyTorch's derivatives."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import signs, stream
from refimpl.landscape import hessian_alignment

SAMPLES, WIDTH, CLASSES, DOMAINS, DRAWS = 64, 512, 10, 3, 20


def problem(width):
    """A head, domains, draws that they share."""
    rng = stream(0, "hessian_alignment-benchmark")
    W = rng.standard_normal((CLASSES, width + 1)) / width**0.5
    domains = [(rng.standard_normal((SAMPLES, width)), rng.integers(0, CLASSES, SAMPLES)) for _ in range(DOMAINS)]
    return W, domains, signs(rng, (1, DRAWS, W.size), like=W)


def gradients(width):
    """The gradients of the losses: what plain training needs of the head."""
    W, domains, _ = problem(width)
    return lambda: [hessian_alignment.gradient(at) for at in hessian_alignment.heads(W, domains)]


def hgp(width):
    """HGP's penalty with its gradients in head and features."""
    W, domains, _ = problem(width)
    return lambda: hessian_alignment.hgp(W, domains)


def exact(width):
    """The same for exact diagonals."""
    W, domains, _ = problem(width)
    return lambda: hessian_alignment.exact_penalty(W, domains)


def hutchinson(width):
    """The same for estimated ones."""
    W, domains, draws = problem(width)
    return lambda: hessian_alignment.hutchinson_penalty(W, domains, draws)


def torch_steps(width):
    """HGP by differentiating twice in PyTorch in double precision, as codes do it, if it is installed."""
    try:
        import torch
    except ModuleNotFoundError:
        return {}
    torch.set_num_threads(_measure.threads())
    W, domains, _ = problem(width)
    head = torch.tensor(W, requires_grad=True)
    ones = np.ones((SAMPLES, 1))
    features = [torch.tensor(np.concatenate([z, ones], axis=1), requires_grad=True) for z, _ in domains]
    labels = [torch.tensor(y) for _, y in domains]

    def along(loss):
        (g,) = torch.autograd.grad(loss, head, create_graph=True)
        length = (g * g).sum().sqrt()
        return g, length * torch.autograd.grad(length, head, create_graph=True)[0]

    def step():
        losses = [torch.nn.functional.cross_entropy(x @ head.T, y) for x, y in zip(features, labels, strict=True)]
        g_mean, v_mean = (part.detach() for part in along(sum(losses) / DOMAINS))
        value = 0.0
        for loss in losses:
            g, v = along(loss)
            value = value + (1e-4 * ((v - v_mean) ** 2).sum() + 5e-3 * ((g - g_mean) ** 2).sum()) / DOMAINS
        torch.autograd.grad(value, [head, *features])

    return {"PyTorch, HGP by differentiating twice": step}


def run():
    steps = {
        "refimpl, gradients of the losses": gradients(WIDTH),
        "refimpl, HGP with gradients": hgp(WIDTH),
        "refimpl, exact diagonals with gradients": exact(WIDTH),
        f"refimpl, Hutchinson with {DRAWS} draws and gradients": hutchinson(WIDTH),
        **torch_steps(WIDTH),
    }
    moved = 8 * DOMAINS * SAMPLES * (WIDTH + 1) * 3  # features read, and read and written once for their gradients
    return [
        _measure.Workload(
            f"Hessian alignment, {DOMAINS} domains of {SAMPLES}, {WIDTH} features, {CLASSES} classes, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "features read, their gradients written")],
            [_measure.growth("h", [256, 512, 1024, 2048], hgp, 1.0)],
            "The penalty alone, with its gradients in the head and in the features. A linear head needs no second "
            "differentiation; exact diagonals cost less than their estimates.",
        )
    ]
