"""BlackJAX: the integrator of its SGHMC, whose draws are the given ones."""

import jax
import numpy as np
from blackjax.sgmcmc import diffusions

jax.config.update("jax_enable_x64", True)


def sghmc(position, momentum, gradient, noise, lr, friction):
    """`diffusions.sghmc`: its step is sqrt(lr), its friction times that ours, its momentum over that ours."""
    step = np.sqrt(lr)
    diffusions.generate_gaussian_noise = lambda key, like: noise
    position, momentum = diffusions.sghmc(alpha=friction / step)(None, position, momentum / step, -gradient, step)
    return np.asarray(position), step * np.asarray(momentum)
