"""Weighting strategies of `LibMTL`, on losses that are linear in one vector: the gradients of a case.

The package itself cannot be imported beside a torchvision of today; its strategies can, if its own first file is left
out.
"""

import random
from unittest import mock

import torch
from parts import bare

from refimpl.oracle.candidates import NotApplicable

bare("LibMTL")
from LibMTL.weighting.CAGrad import CAGrad  # noqa: E402 - the package comes first
from LibMTL.weighting.IMTL import IMTL  # noqa: E402
from LibMTL.weighting.MGDA import MGDA  # noqa: E402
from LibMTL.weighting.PCGrad import PCGrad  # noqa: E402

torch.set_default_dtype(torch.float64)  # its buffers have the default


def _only(asked, method):
    if asked != method:
        raise NotApplicable(f"it is {method}")


def _direction(kind, G, **settings):
    """What its backward pass leaves in the gradient of the shared parameters."""
    shared = torch.nn.Parameter(torch.zeros(G.shape[1]))
    strategy = kind()
    strategy.task_num, strategy.device, strategy.rep_grad = len(G), torch.device("cpu"), False
    strategy.get_share_params = lambda: [shared]
    strategy.zero_grad_share_params = lambda: shared.grad.zero_()
    strategy.init_param()
    strategy.backward(torch.stack([torch.tensor(g) @ shared for g in G]), **settings)
    return shared.grad.numpy().copy()


def pcgrad(G, orders, c, rescale, method):
    """It meets the own original too: last here, where a projected gradient may conflict with it."""
    _only(method, "pcgrad")
    left = iter([*order, i] for i, order in enumerate(orders.astype(int).tolist()))

    def shuffle(tasks):
        tasks[:] = next(left)

    with mock.patch.object(random, "shuffle", shuffle):
        return _direction(PCGrad, G)


def mgda(G, orders, c, rescale, method):
    """Without normalization."""
    _only(method, "mgda")
    return _direction(MGDA, G, mgda_gn="none")


def imtl_g(G, orders, c, rescale, method):
    """As it comes; its learned scales are at their start, where they change nothing."""
    _only(method, "imtl_g")
    return _direction(IMTL, G)


def cagrad(G, orders, c, rescale, method):
    """As it comes."""
    _only(method, "cagrad")
    return _direction(CAGrad, G, calpha=c, rescale=rescale)
