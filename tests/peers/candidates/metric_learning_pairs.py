"""pip pytorch-metric-learning: its `NTXentLoss` of queries among documents."""

import torch
from pytorch_metric_learning.losses import NTXentLoss


def info_nce(Q, D, tau):
    """Loss and gradients; a query and its document have a label of their own, and documents are the reference.

    With the same labels object for both it would leave out the own documents, as if both were one set."""
    queries, documents = (torch.from_numpy(x).requires_grad_() for x in (Q, D))
    labels = torch.arange(len(Q))
    value = NTXentLoss(temperature=tau)(queries, labels, ref_emb=documents, ref_labels=labels.clone())
    value.backward()
    grads = (torch.zeros_like(x) if x.grad is None else x.grad for x in (queries, documents))
    return value.item(), *(grad.numpy() for grad in grads)
