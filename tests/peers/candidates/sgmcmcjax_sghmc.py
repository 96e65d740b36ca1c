"""pip SGMCMCJax: the update of its SGHMC, whose draws are the given ones."""

import jax
import numpy as np
from sgmcmcjax import diffusions

jax.config.update("jax_enable_x64", True)


def sghmc(position, momentum, gradient, noise, lr, friction):
    """`diffusions.sghmc`: its dt is lr, its alpha the friction."""
    init, update, *_ = diffusions.sghmc(lr, alpha=friction)
    diffusions.random.normal = lambda key, shape: noise
    state = init(position)
    state = type(state)([[position, momentum]], *state[1:])
    return tuple(map(np.asarray, update(0, jax.random.key(0), -gradient, state)[0][0]))
