"""pip tinygp: the posterior of a Gaussian process, its evidence, and JAX's derivatives of that."""

import jax
import jax.numpy as jnp
import numpy as np
from tinygp import GaussianProcess, kernels, transforms

jax.config.update("jax_enable_x64", True)


def _posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter, **distance):
    known = {
        "power_exponential": (kernels.ExpSquared, np.sqrt(2 * alpha)),
        "matern12": (kernels.Exp, np.sqrt(alpha)),
        "matern32": (kernels.Matern32, np.sqrt(alpha)),
        "matern52": (kernels.Matern52, np.sqrt(alpha)),
    }
    shape, weights = known[kernel]
    more = distance if kernel != "power_exponential" else {}

    def process(logs, noise, mean):
        whole = jnp.exp(logs[-1]) * transforms.Linear(weights * jnp.exp(logs[:-1] / 2), shape(**more))
        return GaussianProcess(whole, X, diag=noise + jitter, mean=lambda x: mean + x @ beta)

    def evidence(logs, noise, mean):
        return process(logs, noise, mean).log_probability(y)

    logs = np.append(np.zeros(len(alpha)), np.log(alpha0))
    value, (slopes, by_noise, by_mean) = jax.value_and_grad(evidence, (0, 1, 2))(logs, float(noise), float(mean))
    law = process(logs, noise, mean).condition(y, new).gp
    found = law.loc, law.covariance - jnp.diag(law.noise.diagonal()), value, slopes[:-1], slopes[-1], by_noise * noise
    return tuple(np.asarray(answer, dtype=X.dtype) for answer in (*found, by_mean))


def posterior(**inputs):
    """With the Euclidean distance."""
    return _posterior(**inputs, distance=kernels.L2Distance())


def by_default(**inputs):
    """With the distance that its kernels have by default."""
    return _posterior(**inputs)
