"""pip dm-haiku: `LSTM`."""

import haiku as hk
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)


def _step(x, h, c, W, b, offset):
    H = h.shape[1]
    i, f, o, g = (np.arange(k * H, (k + 1) * H) for k in range(4))
    order = np.concatenate([i, g, f, o])
    bias = np.array(b)
    bias[f] += offset
    cell = hk.without_apply_rng(hk.transform(lambda x, h, c: hk.LSTM(H)(x, hk.LSTMState(h, c))))
    _, state = cell.apply({"lstm/linear": {"w": W[:, order], "b": bias[order]}}, x, h, c)
    return tuple(np.asarray(a, dtype=x.dtype) for a in (state.hidden, state.cell))


def lstm_step(x, h, c, W, b):
    """Its blocks are i, g, f, o."""
    return _step(x, h, c, W, b, 0.0)


def less_one(x, h, c, W, b):
    """With a forget bias that is less by 1."""
    return _step(x, h, c, W, b, -1.0)
