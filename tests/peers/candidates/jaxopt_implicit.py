"""Implicit differentiation of `jaxopt`, on a quadratic lower problem, in double precision."""

import jax
import numpy as np
from jaxopt.implicit_diff import root_vjp
from jaxopt.linear_solve import solve_cholesky


def hypergradient(grad_x, grad_y, hessian, cross):
    """g = y^T H y / 2 + x^T C y at (0, 0): jaxopt pulls grad_y back through y*(x), and once more to x = y for z."""
    with jax.enable_x64(True):
        hessian, cross, grad_y = (jax.numpy.asarray(v) for v in (hessian, cross, grad_y))
        lower = lambda y, x: y @ hessian @ y / 2 + x @ cross @ y
        y, x = jax.numpy.zeros(len(grad_y)), jax.numpy.zeros(len(grad_x))
        pulled = root_vjp(jax.grad(lower), y, (x,), grad_y, solve=solve_cholesky)[0]
        plain = lambda y, b: y @ hessian @ y / 2 - b @ y  # whose minimizer is H^-1 b
        z = root_vjp(jax.grad(plain), y, (y,), grad_y, solve=solve_cholesky)[0]
        return np.asarray(grad_x + pulled), np.asarray(z)
