"""The operation of a sampled linear layer, which a mistake calls too."""

from refimpl.attention import wta_crs
from refimpl.core.arrays import array_namespace, device


def padded(x, length, value):
    """A vector, filled up at its end."""
    xp = array_namespace(x)
    return xp.concat([x, xp.full((length - x.shape[0],), value, dtype=x.dtype, device=device(x))])


def number_like(value, like):
    """A number as an array."""
    return array_namespace(like).full((), value, dtype=like.dtype, device=device(like))


def sampled_linear(H, W, b, G, norms, ratio, phi, u):
    """Forward and backward pass of a linear layer."""
    Z, saved = wta_crs.forward(H, W, b, norms, u, ratio=ratio, phi=phi)
    grad = wta_crs.backward(saved, W, G)
    floats = saved.rows.shape[0] * saved.rows.shape[1]
    return Z, grad.W, grad.b, grad.H, grad.norms, padded(saved.indices, H.shape[0], -1), number_like(floats, H)
