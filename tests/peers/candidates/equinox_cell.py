"""pip equinox: `nn.LSTMCell`."""

import equinox as eqx
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def lstm_step(x, h, c, W, b):
    """Its blocks are i, f, g, o, its matrices are transposed."""
    d, H = x.shape[1], h.shape[1]
    order = np.concatenate([np.arange(H), np.arange(H, 2 * H), np.arange(3 * H, 4 * H), np.arange(2 * H, 3 * H)])
    cell = eqx.nn.LSTMCell(d, H, key=jax.random.key(0))
    parts = (W[:d, order].T, W[d:, order].T, b[order])
    cell = eqx.tree_at(lambda m: (m.weight_ih, m.weight_hh, m.bias), cell, parts)
    found = jax.vmap(lambda x, h, c: cell(x, (h, c)))(x, h, c)
    return tuple(np.asarray(a, dtype=x.dtype) for a in found)
