"""torch.optim on the operations that have no driver of their own: Adam with its penalty, AMSGrad."""

import numpy as np
import torch


def run(cls, theta0, grads, **settings):
    """Parameters after each step of a PyTorch optimizer, fed with given gradients."""
    parameter = torch.nn.Parameter(torch.from_numpy(theta0))
    optimizer, thetas = cls([parameter], **settings), []
    for grad in grads:
        parameter.grad = torch.from_numpy(grad)
        optimizer.step()
        thetas.append(parameter.detach().numpy().copy())
    return np.stack(thetas)


def adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """`torch.optim.Adam`: the decay is a penalty."""
    settings = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay}
    return run(torch.optim.Adam, theta0, grads, **settings)


def amsgrad(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """`torch.optim.AdamW` with `amsgrad=True`."""
    settings = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": weight_decay}
    return run(torch.optim.AdamW, theta0, grads, **settings, amsgrad=True)
