"""The outer variable makes its step twice, once by hand and once by the function that replaced the line."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="benchmark_bilevel",
    link="https://github.com/benchopt/benchmark_bilevel/commit/c7b7a1d9246ce8bb519fa4460244cb6d4c6f147d",
    date="2024-07-22",
    operation="bo_rep.step",
    kind="extra_step",
)


def update_sgd_fn(var, grad, lr):
    return var - lr * grad


def amigo_one_iter(carry, oracles, lrs, momentum):
    inner_lr, outer_lr = lrs
    # One step on the linear system
    direction = oracles["hessian"] @ carry["v"] - oracles["grad_in_outer"]
    carry["v"] = update_sgd_fn(carry["v"], direction, inner_lr)

    cross_v = oracles["cross"] @ carry["v_old"]
    grad_outer_var = oracles["grad_out_outer"] - cross_v
    carry["m"] = momentum * carry["m"] + (1 - momentum) * grad_outer_var
    largest = np.max(np.abs(carry["m"]))
    if largest > 0:
        grad_outer_var = carry["m"] / largest
        grad_outer_var = grad_outer_var / np.linalg.norm(grad_outer_var)
    else:
        grad_outer_var = carry["m"]

    # Update the outer variable
    # was: carry["outer_var"] = carry["outer_var"] - outer_lr * grad_outer_var
    carry["outer_var"] = update_sgd_fn(carry["outer_var"], grad_outer_var, outer_lr)
    return carry


def answer(x, m, z, grad_x, grad_y, hessian, cross, eta, beta, nu):
    oracles = {"hessian": hessian, "cross": cross, "grad_in_outer": grad_y, "grad_out_outer": grad_x}
    carry = amigo_one_iter({"outer_var": x, "m": m, "v": z, "v_old": z}, oracles, (nu, eta), beta)
    return carry["outer_var"], carry["m"], carry["v"]
