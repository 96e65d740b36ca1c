"""Aggregators of `torchjd`, on the gradients of a case; PCGrad meets the others in the order of the case.

Its CAGrad does not divide by 1 + c^2: that is done here, where a case asks for it.
"""

from unittest import mock

import torch
from torchjd import aggregation

from refimpl.oracle.candidates import NotApplicable


def _only(asked, method):
    if asked != method:
        raise NotApplicable(f"it is {method}")


def pcgrad(G, orders, c, rescale, method):
    """Its permutation of all tasks, in which it passes over the own one, begins with that one."""
    _only(method, "pcgrad")
    permutations = [torch.tensor([i, *order]) for i, order in enumerate(orders.astype(int).tolist())]
    with mock.patch.object(torch, "randperm", side_effect=permutations):
        return aggregation.PCGrad()(torch.tensor(G)).numpy()


def imtl_g(G, orders, c, rescale, method):
    """As it comes."""
    _only(method, "imtl_g")
    return aggregation.IMTLG()(torch.tensor(G)).numpy()


def mgda(G, orders, c, rescale, method):
    """Up to 2000 steps of Frank and Wolfe."""
    _only(method, "mgda")
    return aggregation.MGDA(epsilon=1e-8, max_iters=2000)(torch.tensor(G)).numpy()


def cagrad(G, orders, c, rescale, method):
    """Divided as the case asks."""
    _only(method, "cagrad")
    return aggregation.CAGrad(c=c)(torch.tensor(G)).numpy() / (1, 1 + c * c, 1 + c)[rescale]


def plain(G, orders, c, rescale, method):
    """Mean and sum."""
    if method not in ("mean", "sum"):
        raise NotApplicable("it is the mean or the sum")
    return (aggregation.Mean() if method == "mean" else aggregation.Sum())(torch.tensor(G)).numpy()
