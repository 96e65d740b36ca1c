"""Sophia-Optimizer: `SophiaG` in the loop of its README, and with the estimates of the case beside it."""

import numpy as np
import torch
from parts import bare

from refimpl.oracle.candidates import NotApplicable


def sophiag(theta0, grads, estimates, lr, beta1, beta2, gamma, eps, weight_decay, k):
    """`update_hessian` before steps 1, k + 1, ... as in the paper; `step` as it is.

    It squares a gradient for its estimate and takes eps = 1e-15, so it is given square roots, and the loss in a unit
    in which eps is that.
    """
    bare("sophia")  # itself it asks its file for what is not there
    from sophia.sophia import SophiaG

    if (estimates < 0).any():
        raise NotApplicable("it squares gradients, and so has no negative estimates")
    unit = 1e-15 / eps
    parameter, thetas = torch.nn.Parameter(torch.from_numpy(theta0)), []
    rule = SophiaG([parameter], lr=lr, betas=(beta1, beta2), rho=gamma, weight_decay=weight_decay)
    for t, (grad, estimate) in enumerate(zip(grads, estimates, strict=True)):
        if t % k == 0:
            parameter.grad = torch.from_numpy(np.sqrt(unit * estimate))
            rule.update_hessian()
        parameter.grad = torch.from_numpy(unit * grad)
        rule.step(bs=1)
        thetas.append(parameter.detach().numpy().copy())
    return np.stack(thetas)
