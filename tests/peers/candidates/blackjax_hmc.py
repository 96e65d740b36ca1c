"""BlackJAX: the transitions of its HMC, fed with given momenta and uniform numbers."""

from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from blackjax.mcmc.hmc import hmc_proposal
from blackjax.mcmc.integrators import new_integrator_state, velocity_verlet
from blackjax.mcmc.metrics import default_metric

jax.config.update("jax_enable_x64", True)


def _log_density(w, x, y, noise, prior, width, depth):
    h, at, sizes = x, 0, (x.shape[1], *[width] * depth, 1)
    for layer, (a, b) in enumerate(pairwise(sizes)):
        h = h @ w[at : at + a * b].reshape(a, b) + w[at + a * b : at + (a + 1) * b]
        h, at = (jnp.tanh(h) if layer < depth else h), at + (a + 1) * b
    return -jnp.sum((h[:, 0] - y) ** 2) / (2 * noise) - w @ w / (2 * prior)


@partial(jax.jit, static_argnames=("width", "depth"))
def _transition(w, momentum, uniform, count, step, **model):
    log_density, kinetic = partial(_log_density, **model), default_metric(jnp.ones(len(w))).kinetic_energy

    def chosen(_, change, old, new):
        rate = jnp.minimum(jnp.exp(change), 1.0)
        return jax.lax.cond(uniform < rate, lambda: new, lambda: old), (uniform < rate, rate, None)

    integrate = velocity_verlet(log_density, kinetic)
    propose = hmc_proposal(integrate, kinetic, step, count, sample_proposal=chosen)
    state, info, _ = propose(None, new_integrator_state(log_density, w, momentum))
    return state.position, info.is_accepted, -state.logdensity


def hmc(w, momenta, uniforms, steps, step, **model):
    """`hmc_proposal` with `velocity_verlet`; its change of energy is compared with the uniform number here."""
    rows = []
    for momentum, uniform, count in zip(momenta, uniforms, steps, strict=True):
        rows.append(_transition(rows[-1][0] if rows else w, momentum, uniform, int(count), step, **model))
    return tuple(np.stack(column).astype(w.dtype) for column in zip(*rows, strict=True))
