"""Packages on losses of sequences, and exponential weights."""

import numpy as np
import scipy.special
import torch
from torchmetrics.functional.text import perplexity


def torch_sequence_losses(logits, labels):
    """`functional.cross_entropy` of each token: 0 for the label -1."""
    z, y = torch.from_numpy(logits)[:, :-1], torch.from_numpy(labels)[:, 1:]
    token = torch.nn.functional.cross_entropy(z.transpose(1, 2), y, ignore_index=-1, reduction="none")
    counts = (y != -1).sum(dim=1)
    return (token.sum(dim=1) / counts).numpy(), counts.numpy()


def torchmetrics_sequence_losses(logits, labels):
    """Logarithms of `perplexity(ignore_index=-1)`, sequence by sequence."""
    z, y = torch.from_numpy(logits)[:, :-1], torch.from_numpy(labels)[:, 1:]
    found = [perplexity(z[i : i + 1], y[i : i + 1], ignore_index=-1).log() for i in range(len(z))]
    return torch.stack(found).numpy(), (labels[:, 1:] != -1).sum(axis=1)


def scipy_dro(losses, r):
    """`special.softmax` of losses over temperature."""
    with np.errstate(all="ignore"):
        return scipy.special.softmax(losses / r)


def torch_gradient(losses, grads, strategy, delta, r):
    """Losses that are linear in the parameters, `detach`, `softmax` and `backward`; the shapes are the adapter's."""
    theta = torch.zeros(grads.shape[1], dtype=torch.from_numpy(grads).dtype, requires_grad=True)
    x = torch.from_numpy(losses) + torch.from_numpy(grads) @ theta
    x0 = x.detach()
    h = delta * (2 * x0 - x0.max() - x0.min()) / (x0.max() - x0.min()).clamp(min=1e-6)
    s = {
        "linupper": (h + delta).clamp(max=delta),
        "quadratic": 1 - h**2 / delta**2,
        "extremes": h.abs(),
        "upper": (h + delta) / 2,
        "uniform": 0 * h,
    }[strategy]
    loss = (torch.softmax(s / r, dim=0) * x).sum()
    loss.backward()
    return loss.detach().numpy(), theta.grad.numpy()
