"""tinygrad's AdamW in float32 on its interpreter, which needs no compiler."""

import os

os.environ["DEV"] = "PYTHON"

import numpy as np
from tinygrad import Context, Tensor
from tinygrad.nn.optim import AdamW


def adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Parameters after each step, fed with given gradients."""
    theta, thetas = Tensor(theta0).is_param_(), []
    optimizer = AdamW([theta], lr=lr, b1=beta1, b2=beta2, eps=eps, weight_decay=weight_decay)
    with Context(TRAINING=1):
        for grad in grads:
            theta.grad = Tensor(grad)
            optimizer.step()
            thetas.append(theta.numpy().copy())
    return np.stack(thetas)
