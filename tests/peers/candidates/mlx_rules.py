"""MLX's optimizers on its CPU device, in float32: its rates have no more digits."""

import mlx.core as mx
import mlx.optimizers
import numpy as np

from refimpl.oracle.candidates import NotApplicable

mx.set_default_device(mx.cpu)


def run(optimizer, theta0, grads):
    """Parameters after each step, fed with given gradients."""
    theta, thetas = {"theta": mx.array(theta0)}, []
    for grad in grads:
        theta = optimizer.apply_gradients({"theta": mx.array(grad)}, theta)
        thetas.append(np.array(theta["theta"]))
    return np.stack(thetas)


def lion(theta0, grads, lr, beta1, beta2, weight_decay):
    """`mlx.optimizers.Lion`."""
    return run(mlx.optimizers.Lion(lr, betas=[beta1, beta2], weight_decay=weight_decay), theta0, grads)


def adamw(theta0, grads, lr, beta1, beta2, eps, weight_decay, **more):
    """`mlx.optimizers.AdamW` as it comes: without bias correction."""
    settings = {"betas": [beta1, beta2], "eps": eps, "weight_decay": weight_decay}
    return run(mlx.optimizers.AdamW(lr, **settings, **more), theta0, grads)


def adamw_corrected(**inputs):
    """The same with `bias_correction=True`."""
    return adamw(**inputs, bias_correction=True)


def adagrad(theta0, grads, alpha, v0, eps):
    """`mlx.optimizers.Adagrad`, whose accumulator starts at zero."""
    if v0 or not eps:
        raise NotApplicable("its accumulator starts at 0, and it refuses eps = 0")
    return run(mlx.optimizers.Adagrad(alpha, eps=eps), theta0, grads)
