"""The next direction of conjugate gradients is built on the residual before the step."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="betty",
    link="https://github.com/leopard-ai/betty/issues/15",
    date="2023-11-04",
    operation="bo_rep.hypergradient",
    kind="wrong_order",
)


def to_vec(tensors):
    return np.concatenate([t.ravel() for t in tensors])


def cg(vector, hvp_fn, cg_iterations):
    x = [np.zeros_like(vv) for vv in vector]
    r = [vv.copy() for vv in vector]
    p = [rr.copy() for rr in r]
    for _ in range(cg_iterations):
        numerator = np.dot(to_vec(r), to_vec(r))
        if numerator == 0:
            break
        hvp = hvp_fn(p)
        alpha = numerator / np.dot(to_vec(hvp), to_vec(p))
        x_new = [xx + alpha * pp for xx, pp in zip(x, p, strict=True)]
        r_new = [rr - alpha * pp for rr, pp in zip(r, hvp, strict=True)]
        beta = np.dot(to_vec(r_new), to_vec(r_new)) / numerator
        # was: p_new = [rr + beta * pp for rr, pp in zip(r, p, strict=True)]
        p_new = [rr + beta * pp for rr, pp in zip(r_new, p, strict=True)]  # was:
        x, p, r = x_new, p_new, r_new
    return x


def answer(grad_x, grad_y, hessian, cross):
    # one tensor for each parameter of the lower problem
    def hvp_fn(v):
        return list((hessian @ np.concatenate(v)).reshape(-1, 1))

    z = to_vec(cg(list(grad_y.reshape(-1, 1)), hvp_fn, 10 * grad_y.size))
    return grad_x - cross @ z, z
