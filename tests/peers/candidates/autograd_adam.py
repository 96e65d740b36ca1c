"""Adam of `autograd.misc.optimizers`, which asks for gradients and calls back before each step."""

import numpy as np
from autograd.misc import optimizers


def adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Parameters after each step; it has no decay, so the gradients are given with their penalty."""
    thetas, settings = [], {"num_iters": len(grads), "step_size": lr, "b1": beta1, "b2": beta2, "eps": eps}
    gradient = lambda x, i: grads[i] + weight_decay * x
    last = optimizers.adam(gradient, theta0, lambda x, i, g: thetas.append(x), **settings)
    return np.stack([*thetas[1:], last])
