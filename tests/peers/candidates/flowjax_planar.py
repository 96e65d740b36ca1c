"""pip flowjax: `Planar`, one flow after another."""

import equinox as eqx
import jax
import numpy as np
from flowjax.bijections import Planar

jax.config.update("jax_enable_x64", True)


def planar_flow(z, u, a, c):
    """Its parameters are w, u and the bias in a row."""
    log_det, dtype = np.zeros(len(z)), z.dtype
    for k in range(len(u)):
        flow = Planar(jax.random.key(0), dim=z.shape[1])
        flow = eqx.tree_at(lambda f: f.params, flow, np.concatenate([a[k], u[k], c[k : k + 1]]))
        z, change = jax.vmap(flow.transform_and_log_det)(np.asarray(z))
        log_det = log_det + np.asarray(change)
    return np.asarray(z, dtype=dtype), np.asarray(log_det, dtype=dtype)
