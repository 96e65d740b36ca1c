"""torch.optim on the optimizers of the case study: SGD with dampened momentum, and Adam."""

import numpy as np
import torch

from refimpl.oracle.candidates import NotApplicable


def run(cls, theta0, grads, **settings):
    """Parameters after each step of a PyTorch optimizer, fed with given gradients."""
    parameter = torch.nn.Parameter(torch.tensor(theta0))
    optimizer, thetas = cls([parameter], **settings), []
    for grad in grads:
        parameter.grad = torch.from_numpy(grad)
        optimizer.step()
        thetas.append(parameter.detach().numpy().copy())
    return np.stack(thetas)


def sgd(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    """`torch.optim.SGD(momentum=beta1, dampening=dampening)`, on the cases of SGD with momentum."""
    if kind != "sgdm":
        raise NotApplicable("it is SGD with momentum")
    return run(torch.optim.SGD, theta0, grads, lr=lr, momentum=beta1, dampening=dampening)


def adam(kind, theta0, grads, lr, lr_sign, r, beta1, dampening, beta2, eps):
    """`torch.optim.Adam`, on the cases of Adam."""
    if kind != "adam":
        raise NotApplicable("it is Adam")
    return run(torch.optim.Adam, theta0, grads, lr=lr, betas=(beta1, beta2), eps=eps)
