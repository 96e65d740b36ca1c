"""Lineax: conjugate gradients for the linear system of a hyper-gradient, in double precision."""

import jax
import lineax as lx
import numpy as np


def hypergradient(grad_x, grad_y, hessian, cross):
    """`linear_solve` with `CG` and tight tolerances; the rest is a product."""
    with jax.enable_x64(True):
        A = lx.MatrixLinearOperator(jax.numpy.asarray(hessian, dtype=float), lx.positive_semidefinite_tag)
        solver = lx.CG(rtol=1e-15, atol=1e-300, max_steps=None)
        z = np.asarray(lx.linear_solve(A, jax.numpy.asarray(grad_y, dtype=float), solver).value)
    return (grad_x - cross @ z).astype(grad_x.dtype), z.astype(grad_x.dtype)
