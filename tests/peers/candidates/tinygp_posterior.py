"""pip tinygp: the posterior of a Gaussian process, its evidence, and JAX's derivatives of that."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from tinygp import GaussianProcess, kernels, transforms

jax.config.update("jax_enable_x64", True)
_SHAPES = {"matern12": kernels.Exp, "matern32": kernels.Matern32, "matern52": kernels.Matern52}


def _process(kernel, distance, X, logs):
    if kernel == "power_exponential":
        shape = kernels.ExpSquared()
    else:
        shape = _SHAPES[kernel](**({"distance": distance()} if distance else {}))
    whole = jnp.exp(logs["variance"]) * transforms.Linear(jnp.exp(-logs["lengths"]), shape)
    return GaussianProcess(whole, X, diag=jnp.exp(logs["noise"]), mean=logs["mean"])


@partial(jax.jit, static_argnums=(0, 1))
def _evidence(kernel, distance, X, y, logs):
    return jax.value_and_grad(lambda logs: _process(kernel, distance, X, logs).log_probability(y))(logs)


@partial(jax.jit, static_argnums=(0, 1))
def _law(kernel, distance, X, y, logs, new):
    law = _process(kernel, distance, X, logs).condition(y, new).gp
    return law.loc, law.covariance - jnp.diag(law.noise.diagonal())


class by_default:
    """With the distance that its kernels have by default."""

    distance = None

    def __init__(self, X, y, kernel, lengths, variance, noise):
        logs = {"lengths": jnp.log(lengths), "variance": jnp.log(variance), "noise": jnp.log(noise), "mean": 0.0}
        self.given = kernel, self.distance, X, y, logs

    def predict(self, new, return_cov):
        """It always has the covariance."""
        return tuple(map(np.asarray, _law(*self.given, new)))

    def log_likelihood(self):
        """The evidence."""
        return np.asarray(_evidence(*self.given)[0])

    def slopes(self):
        """In logarithms."""
        return {name: np.asarray(slope) for name, slope in _evidence(*self.given)[1].items()}


class posterior(by_default):
    """With the Euclidean distance."""

    distance = kernels.L2Distance
