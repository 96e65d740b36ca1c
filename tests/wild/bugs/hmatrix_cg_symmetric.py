"""For a symmetric matrix the right-hand side is multiplied with it, as if the normal equations were to be solved."""

from typing import NamedTuple

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="hmatrix",
    language="Haskell",
    link="https://github.com/haskell-numerics/hmatrix/issues/137",
    date="2015-07-15",
    operation="bo_rep.hypergradient",
    kind="extra_step",
)


class CGState(NamedTuple):
    p: np.ndarray
    r: np.ndarray
    r2: float
    x: np.ndarray


def cg(sym, at, a, state):
    p, r, r2, x = state
    ap1 = a(p)
    ap = ap1 if sym else at(ap1)
    pap = p @ ap if sym else ap1 @ ap1
    alpha = r2 / pap
    x, r = x + alpha * p, r - alpha * ap
    r2new = r @ r
    return CGState(r + (r2new / r2) * p, r, r2new, x)


def solve_g(sym, mat, ma, meth, rawb, x0, steps):
    def a(v):
        return ma(v) if sym else mat(ma(v))  # was: return mat(ma(v))

    b = rawb if sym else mat(rawb)  # was: b = mat(rawb)
    r0 = b - a(x0)
    state = CGState(r0, r0, r0 @ r0, x0)
    for _ in range(steps):
        if state.r2 == 0:
            break
        state = meth(sym, mat, ma, state)
    return state.x


def cg_solve(sym, a, b):
    return solve_g(sym, lambda v: a.T @ v, lambda v: a @ v, cg, b, np.zeros(len(b)), 10 * len(b))


def answer(grad_x, grad_y, hessian, cross):
    z = cg_solve(True, hessian, grad_y)
    return grad_x - cross @ z, z
