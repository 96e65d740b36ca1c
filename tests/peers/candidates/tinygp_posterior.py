"""pip tinygp: the posterior of a Gaussian process, its evidence, and JAX's derivatives of that."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from tinygp import GaussianProcess, kernels, transforms

jax.config.update("jax_enable_x64", True)
_SHAPES = {"matern12": kernels.Exp, "matern32": kernels.Matern32, "matern52": kernels.Matern52}


@partial(jax.jit, static_argnums=(0, 1))
def _answers(kernel, euclidean, X, y, new, alpha, alpha0, noise, mean, beta, jitter):
    if kernel == "power_exponential":
        shape, weights = kernels.ExpSquared(), jnp.sqrt(2 * alpha)
    else:
        shape, weights = _SHAPES[kernel](**({"distance": kernels.L2Distance()} if euclidean else {})), jnp.sqrt(alpha)

    def process(logs, noise, mean):
        whole = jnp.exp(logs[-1]) * transforms.Linear(weights * jnp.exp(logs[:-1] / 2), shape)
        return GaussianProcess(whole, X, diag=noise + jitter, mean=lambda x: mean + x @ beta)

    def evidence(logs, noise, mean):
        return process(logs, noise, mean).log_probability(y)

    logs = jnp.append(jnp.zeros(len(alpha)), jnp.log(alpha0))
    value, (slopes, by_noise, by_mean) = jax.value_and_grad(evidence, (0, 1, 2))(logs, noise, mean)
    law = process(logs, noise, mean).condition(y, new).gp
    covariance = law.covariance - jnp.diag(law.noise.diagonal())
    return law.loc, covariance, value, slopes[:-1], slopes[-1], by_noise * noise, by_mean


def _posterior(euclidean, kernel, **inputs):
    arrays = {name: jnp.asarray(a, dtype=float) for name, a in inputs.items()}
    return tuple(np.asarray(answer, dtype=inputs["X"].dtype) for answer in _answers(kernel, euclidean, **arrays))


def posterior(**inputs):
    """With the Euclidean distance."""
    return _posterior(True, **inputs)


def by_default(**inputs):
    """With the distance that its kernels have by default."""
    return _posterior(False, **inputs)
