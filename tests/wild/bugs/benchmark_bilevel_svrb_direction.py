"""The outer variable follows the gradient of the outer function alone, not the implicit one that was made of it."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="benchmark_bilevel",
    link="https://github.com/benchopt/benchmark_bilevel/commit/535c378306e2a13e677accc223da77d0b834f8e6",
    date="2022-01-10",
    operation="bo_rep.hypergradient",
    kind="wrong_output",
)


class QuadraticOracle:
    """Matrices of the derivatives at the present point."""

    def __init__(self, hessian, cross_matrix):
        self.hessian, self.cross_matrix = hessian, cross_matrix


def svrb_step(inner_oracle, outer_var, memory_outer, memory_outer2, outer_step_size):
    memory_hessian = inner_oracle.hessian
    memory_cross = inner_oracle.cross_matrix

    # Step.3 - implicit gradient
    v = np.linalg.solve(memory_hessian, memory_outer2)
    impl_grad = -memory_cross.dot(v)
    impl_grad += memory_outer

    # Step.5 - update the variables with the directions
    outer_var -= outer_step_size * impl_grad  # was: outer_var -= outer_step_size * memory_outer
    return outer_var, v


def answer(grad_x, grad_y, hessian, cross):
    # from zero with a step of -1 the outer variable is the direction
    return svrb_step(QuadraticOracle(hessian, cross), np.zeros_like(grad_x), grad_x, grad_y, -1.0)
