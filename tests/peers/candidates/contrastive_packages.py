"""Contrastive losses of small packages: the value, and the gradients by autograd."""

import numpy as np
import torch


def _with_gradients(loss, U1, U2, *more):
    """Value of `loss(U1, U2, ...)` and its gradients."""
    inputs = [torch.from_numpy(np.array(x)).requires_grad_() for x in (U1, U2, *more)]
    value = loss(*inputs)
    value.backward()
    return value.item(), *(x.grad.numpy() for x in inputs)


def catalyst_nt_xent(U1, U2, tau):
    """Catalyst: `NTXentLoss`."""
    from catalyst.contrib.losses.ntxent import NTXentLoss

    return _with_gradients(NTXentLoss(tau=float(tau)), U1, U2)


def open_clip(U1, U2, tau):
    """OpenCLIP: `ClipLoss`, whose scale is 1 / tau; it is given rows of length 1."""
    from open_clip.loss import ClipLoss

    unit = torch.nn.functional.normalize
    loss = lambda one, other, tau: ClipLoss()(unit(one, eps=0), unit(other, eps=0), 1 / tau)
    return _with_gradients(loss, U1, U2, tau)


def info_nce(U1, U2, tau):
    """info-nce-pytorch: `info_nce` of both sides, halved."""
    from info_nce import info_nce

    loss = lambda one, other, tau: (info_nce(one, other, temperature=tau) + info_nce(other, one, temperature=tau)) / 2
    return _with_gradients(loss, U1, U2, tau)


def info_nce_of_queries(Q, D, tau):
    """info-nce-pytorch: `info_nce` as it comes, one way."""
    from info_nce import info_nce

    return _with_gradients(lambda queries, documents: info_nce(queries, documents, temperature=tau), Q, D)


def cebra(U1, U2, tau):
    """CEBRA: `LearnableCosineInfoNCE` of both sides, halved; the other side is positives and negatives."""
    from cebra.models.criterions import LearnableCosineInfoNCE

    rule = LearnableCosineInfoNCE(temperature=float(tau))
    unit = torch.nn.functional.normalize

    def loss(one, other):
        one, other = unit(one, eps=0), unit(other, eps=0)
        return (rule(one, other, other)[0] + rule(other, one, one)[0]) / 2

    answer = _with_gradients(loss, U1, U2)
    return *answer, -rule.log_inverse_temperature.grad.item() / tau
