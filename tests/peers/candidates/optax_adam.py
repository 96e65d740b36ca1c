"""Optax on the operations that have no driver of their own: Adam with a penalty, AMSGrad with decay."""

import jax
import numpy as np
import optax


def run(transform, theta0, grads):
    """Parameters after each step of an Optax transformation, fed with given gradients."""
    with jax.enable_x64(True):
        theta, thetas = jax.numpy.asarray(theta0), []
        state = transform.init(theta)
        update = jax.jit(transform.update)
        for grad in grads:
            updates, state = update(jax.numpy.asarray(grad), state, theta)
            theta = optax.apply_updates(theta, updates)
            thetas.append(np.asarray(theta))
        return np.stack(thetas)


def adam(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """`optax.adam` after `optax.add_decayed_weights`, which makes the decay a penalty."""
    rule = optax.adam(lr, b1=beta1, b2=beta2, eps=eps)
    return run(optax.chain(optax.add_decayed_weights(weight_decay), rule), theta0, grads)


def amsgrad(theta0, grads, lr, beta1, beta2, eps, weight_decay):
    """`optax.scale_by_amsgrad`, the rule of `optax.amsgrad`, with the decay after it as in `optax.adamw`."""
    rule = optax.scale_by_amsgrad(b1=beta1, b2=beta2, eps=eps)
    decay, length = optax.add_decayed_weights(weight_decay), optax.scale_by_learning_rate(lr)
    return run(optax.chain(rule, decay, length), theta0, grads)
