"""pip optuna: the logarithm of expected improvement of its Gaussian process, and its hypervolume."""

import numpy as np
import torch
from optuna._gp.acqf import logei
from optuna._hypervolume import compute_hypervolume

from refimpl.oracle.candidates import NotApplicable


def ei(mu, sigma, best):
    """Its exponential, with derivatives by autograd."""
    if np.min(sigma) == 0:
        raise NotApplicable("its acquisition adds 1e-12 to a variance first")
    mu, sigma = (torch.from_numpy(np.array(x)).requires_grad_() for x in (mu, sigma))
    value = logei(mu, sigma**2, best).exp()
    value.sum().backward()
    return value.detach().numpy(), mu.grad.numpy(), sigma.grad.numpy()


def hypervolume(values, reference):
    """It minimises, and wants no point that is beyond the reference."""
    inside = np.all(values >= reference, axis=1)
    return compute_hypervolume(-values[inside], -reference)
