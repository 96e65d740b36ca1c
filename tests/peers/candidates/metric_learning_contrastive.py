"""pip pytorch-metric-learning: its `NTXentLoss` on two views of each sample."""

import torch
from pytorch_metric_learning.losses import NTXentLoss


def nt_xent(U1, U2, tau):
    """Loss and gradients; both views of a sample have its label."""
    one, other = (torch.from_numpy(U).requires_grad_() for U in (U1, U2))
    labels = torch.arange(len(U1)).repeat(2)
    value = NTXentLoss(temperature=tau)(torch.cat([one, other]), labels)
    value.backward()
    return value.item(), *(torch.zeros_like(x).numpy() if x.grad is None else x.grad.numpy() for x in (one, other))
