"""Adam of `jax.example_libraries`, in double precision."""

import jax
import numpy as np
from jax.example_libraries import optimizers


def adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """Parameters after each step; it has no decay, so the gradients are given with their penalty."""
    init, update, params = optimizers.adam(lr, b1=beta1, b2=beta2, eps=eps)
    with jax.enable_x64(True):
        state, thetas = init(jax.numpy.asarray(theta0)), []
        for i, grad in enumerate(grads):
            state = update(i, grad + weight_decay * params(state), state)
            thetas.append(np.asarray(params(state)))
        return np.stack(thetas)
