"""pip gpjax: the posterior of a Gaussian process, and its evidence."""

import gpjax as gpx
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def _posterior(X, y, new, kernel, alpha, alpha0, noise, mean, beta, jitter, options):
    known = {
        "power_exponential": (gpx.kernels.RBF, 1 / np.sqrt(2 * alpha)),
        "matern12": (gpx.kernels.Matern12, 1 / np.sqrt(alpha)),
        "matern32": (gpx.kernels.Matern32, 1 / np.sqrt(alpha)),
        "matern52": (gpx.kernels.Matern52, 1 / np.sqrt(alpha)),
    }
    shape, lengths = known[kernel]
    whole = shape(lengthscale=jnp.asarray(lengths), variance=jnp.asarray(float(alpha0)), n_dims=len(alpha))
    prior = gpx.gps.Prior(mean_function=gpx.mean_functions.Zero(), kernel=whole, **options)
    posterior = prior * gpx.likelihoods.Gaussian(obs_stddev=jnp.sqrt(noise + jitter))
    seen = gpx.Dataset(X=jnp.asarray(X), y=jnp.asarray(y - mean - X @ beta)[:, None])
    law = posterior.predict(jnp.asarray(new), train_data=seen)
    return {
        "posterior_mean": np.asarray(law.mean) + mean + new @ beta,
        "covariance": np.asarray(law.covariance()),
        "log_evidence": np.asarray(gpx.objectives.conjugate_mll(posterior, seen)),
    }


def by_default(**inputs):
    """With its jitter."""
    return _posterior(**inputs, options={})


def posterior(**inputs):
    """Without a jitter of its own."""
    return _posterior(**inputs, options={"jitter": 0.0})
