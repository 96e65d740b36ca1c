"""pip SGMCMCJax: the update of its SGHMC, fed with given gradients and noise."""

import math

import jax
import numpy as np
from sgmcmcjax import diffusions

from refimpl.oracle.candidates import NotApplicable

jax.config.update("jax_enable_x64", True)


def sghmc(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    """`diffusions.sghmc`: its dt is lr, its alpha the friction."""
    if rule != "plain":
        raise NotApplicable("it has no scales")
    init, update, get, _ = diffusions.sghmc(lr, alpha=friction)
    state, rows = init(start), []
    for i, (grad, noise) in enumerate(zip(grads, xi, strict=True)):
        w = np.asarray(get(state))
        g = grad + precision * w / n
        g = n / temperature * g * min(1.0, clip / (math.hypot(*g) + 1e-6))  # ours: clipping is no part of its update
        diffusions.random.normal = lambda key, shape, noise=noise: noise
        state = update(i, jax.random.key(0), -g, state)
        ones = np.ones_like(w)
        rows.append((*(np.asarray(v) for v in state[0][0]), ones, ones, ones))
    return tuple(np.stack(column) for column in zip(*rows, strict=True))
