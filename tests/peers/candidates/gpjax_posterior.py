"""pip gpjax: the posterior of a Gaussian process, and its evidence."""

import gpjax as gpx
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
_SHAPES = {
    "power_exponential": gpx.kernels.RBF,
    "matern12": gpx.kernels.Matern12,
    "matern32": gpx.kernels.Matern32,
    "matern52": gpx.kernels.Matern52,
}


class by_default:
    """With its jitter."""

    def __init__(self, X, y, kernel, lengths, variance, noise, **options):
        whole = _SHAPES[kernel](
            lengthscale=jnp.asarray(lengths), variance=jnp.asarray(float(variance)), n_dims=len(lengths)
        )
        prior = gpx.gps.Prior(mean_function=gpx.mean_functions.Zero(), kernel=whole, **options)
        self.law = prior * gpx.likelihoods.Gaussian(obs_stddev=jnp.sqrt(noise))
        self.seen = gpx.Dataset(X=jnp.asarray(X), y=jnp.asarray(y)[:, None])

    def predict(self, new, return_cov):
        """It always has the covariance."""
        law = self.law.predict(jnp.asarray(new), train_data=self.seen)
        return np.asarray(law.mean), np.asarray(law.covariance())

    def log_likelihood(self):
        """The evidence."""
        return np.asarray(gpx.objectives.conjugate_mll(self.law, self.seen))


class posterior(by_default):
    """Without a jitter of its own."""

    def __init__(self, **given):
        super().__init__(**given, jitter=0.0)
