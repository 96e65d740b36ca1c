"""BlackJAX: the integrator of its SGHMC, fed with given gradients and noise."""

import math

import jax
import numpy as np
from blackjax.sgmcmc import diffusions

from refimpl.oracle.candidates import NotApplicable

jax.config.update("jax_enable_x64", True)


def sghmc(rule, start, precision, grads, xi, lr, friction, burn_in, n, temperature, clip):
    """`diffusions.sghmc`: its step is sqrt(lr), its friction times that ours, its momentum over that ours."""
    if rule != "plain":
        raise NotApplicable("it has no scales")
    step, w, r, rows = np.sqrt(lr), start, np.zeros_like(start), []
    integrate = diffusions.sghmc(alpha=friction / step)
    for grad, noise in zip(grads, xi, strict=True):
        g = grad + precision * w / n
        g = n / temperature * g * min(1.0, clip / (math.hypot(*g) + 1e-6))  # ours: clipping is no part of its solver
        diffusions.generate_gaussian_noise = lambda key, like, noise=noise: noise
        w, r = (np.asarray(v) for v in integrate(None, w, r, -g, step))
        ones = np.ones_like(w)
        rows.append((w, step * r, ones, ones, ones))
    return tuple(np.stack(column) for column in zip(*rows, strict=True))
