"""hypergrad: products with an inverse Hessian, on quadratics with the derivatives of the case."""

import torch
from hypergrad import approx_hypergrad

from refimpl.oracle.candidates import NotApplicable


def _tensors(*arrays):
    return tuple(torch.tensor(array) for array in arrays)


def _asked(method, lower, grad_x, grad_y, **settings):
    """hyper of f = grad_x x + grad_y y over `lower(y, x)`, at (0, 0)."""
    inner = lambda y, x: lower(y[0], x[0])
    outer = lambda y, x: grad_y @ y[0] + grad_x @ x[0]
    return method(inner, outer, _tensors(0 * grad_y), _tensors(0 * grad_x), **settings)[0]


def _cg(hessian, cross, grad_x, grad_y, lr):
    lower = lambda y, x: y @ hessian @ y / 2 + x @ cross @ y
    method = approx_hypergrad.conjugate_gradient
    return _asked(method, lower, grad_x, grad_y, num_iters=len(grad_y), lr=lr)


def hypergradient(grad_x, grad_y, hessian, cross):
    """`conjugate_gradient` with lr = 1 and as many iterations as there are dimensions."""
    if (grad_y == 0).all():
        raise NotApplicable("it divides by the length of the gradient")
    grad_x, grad_y, hessian, cross = _tensors(grad_x, grad_y, hessian, cross)
    return {"hyper": _cg(hessian, cross, grad_x, grad_y, 1.0).numpy()}


def neumann(v, hessians, nu):
    """`neumann`, whose lower problem has the next Hessian each time that it is asked; z as a hyper-gradient."""
    grad_y, *samples = _tensors(v, *hessians)
    given = iter([*samples, torch.zeros(len(v), len(v), dtype=grad_y.dtype)])
    eye = torch.eye(len(v), dtype=grad_y.dtype)

    def lower(y, x):
        return y @ next(given) @ y / 2 - x @ eye @ y

    method = approx_hypergrad.neumann
    return _asked(method, lower, torch.zeros_like(grad_y), grad_y, num_iters=len(samples), lr=float(nu)).numpy()
