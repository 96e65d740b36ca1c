"""pip conflictfree: PCGrad and IMTL-G."""

import numpy as np
import torch
from conflictfree.grad_operator import IMTLGOperator, PCGradOperator

from refimpl.oracle.candidates import NotApplicable


def pcgrad(G, orders, c, rescale, method):
    """Each gradient meets the others in their order."""
    m = len(G)
    if method != "pcgrad":
        raise NotApplicable("another rule")
    if any(list(row) != [j for j in range(m) if j != i] for i, row in enumerate(orders)):
        raise NotApplicable("it takes the others in their order")
    return PCGradOperator().calculate_gradient(torch.from_numpy(np.array(G))).numpy()


def imtl_g(G, orders, c, rescale, method):
    """By a pseudo-inverse."""
    if method != "imtl_g":
        raise NotApplicable("another rule")
    return IMTLGOperator().calculate_gradient(torch.from_numpy(np.array(G))).numpy()
