"""matfree: `decomp.tridiag_sym` with full reorthogonalisation, in double precision."""

import jax
import numpy as np
from matfree.decomp import tridiag_sym

from refimpl.oracle.candidates import NotApplicable


def ritz(matrix, start, steps, tolerance):
    """Its tridiagonal matrix; values and weights by NumPy."""
    if tolerance > 0.01:
        raise NotApplicable("it has no closing test")
    with jax.enable_x64(True):
        A = jax.numpy.asarray(matrix, dtype=float)
        found = tridiag_sym(min(int(steps), len(start)))(lambda v: A @ v, jax.numpy.asarray(start, dtype=float))
        T = np.asarray(found.J_small)
    if not np.isfinite(T).all():
        return np.full(len(T), np.nan, matrix.dtype), np.full(len(T), np.nan, matrix.dtype)
    values, vectors = np.linalg.eigh(T)
    return values.astype(matrix.dtype), (vectors[0] ** 2).astype(matrix.dtype)
