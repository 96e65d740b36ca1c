"""Losses of sequences from logits, and their weights, against PyTorch."""

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.training import loss_reweighting as lr

B, N, V = 64, 128, 1000


def inputs(b=B, n=N, V=V):
    """Logits and labels, a tenth of which do not count."""
    rng = stream(0, "loss_reweighting-benchmark")
    labels = rng.integers(0, V, (b, n))
    labels[:, -n // 10 :] = -100
    return rng.standard_normal((b, n, V)), labels


def ours(b=B, n=N, V=V):
    """Losses and weights."""
    logits, labels = inputs(b, n, V)
    return lambda: lr.weights(lr.sequence_losses(logits, labels).losses, r=0.4)


def torch_step():
    """The same, as one would write it in PyTorch."""
    import torch

    logits, labels = map(torch.tensor, inputs())

    def step():
        token = torch.nn.functional.cross_entropy(logits[:, :-1].transpose(1, 2), labels[:, 1:], reduction="none")
        losses = token.sum(dim=1) / (labels[:, 1:] != -100).sum(dim=1)
        h = (2 * losses - losses.max() - losses.min()) / (losses.max() - losses.min()).clamp(min=1e-6)
        return torch.softmax(torch.minimum(h + 1, torch.ones_like(h)) / 0.4, dim=0)

    return step


def run():
    theirs, missing = _measure.peers({"PyTorch, written out": torch_step})
    table = [*_measure.rows({"refimpl": ours()} | theirs, 10), *missing]
    table.append(_measure.limit(inputs()[0].nbytes, "logits read once"))
    grown = [_measure.growth("b", [8, 16, 32, 64], lambda b: ours(b=b), 1.0)]
    note = "The losses take all of the time; weights of 64 samples take some 50 microseconds, most of them checks."
    return [_measure.Workload(f"Weights of {B} sequences of {N} tokens of {V}, float64", table, grown, note)]
