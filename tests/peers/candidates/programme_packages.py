"""Solvers of quadratic and linear programmes on the programmes of two chapters, each in the form that it takes."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable


def _rows(X, Z, alpha):
    """A row for each other token: the product with W, flattened, that must be at least 1."""
    return np.concatenate([
        (x[int(a)] - np.delete(x, int(a), axis=0))[:, :, None] * z[None, None, :]
        for x, z, a in zip(X, Z, alpha, strict=True)
    ]).reshape(-1, X.shape[2] ** 2)  # fmt: skip


def _machine(solve, X, Z, alpha):
    """`solve(P, G)`: the least w P w / 2 with G w >= 1, or None; matrix and margins."""
    d = X.shape[2]
    if d > 10:
        raise NotApplicable("thousands of unknowns in a dense matrix")
    w = solve(np.eye(d * d), _rows(X.astype(float), Z.astype(float), alpha))
    if w is None:
        nan = np.full((d, d), np.nan, X.dtype)
        return np.array(0.0, X.dtype), nan, np.full(X.shape[:2], np.nan, X.dtype)
    W = np.asarray(w).reshape(d, d)
    margins = np.stack([(x[int(a)] - x) @ W @ z for x, z, a in zip(X, Z, alpha, strict=True)])
    return np.array(1.0, X.dtype), W.astype(X.dtype), margins.astype(X.dtype)


def quadprog_svm(X, Z, alpha):
    """quadprog: `solve_qp`, which raises where there is no solution."""
    import quadprog

    def solve(P, G):
        try:
            return quadprog.solve_qp(P, np.zeros(len(P)), G.T.copy(), np.ones(len(G)))[0]
        except ValueError as error:
            if "inconsistent" not in str(error):
                raise
            return None

    return _machine(solve, X, Z, alpha)


def daqp_svm(X, Z, alpha):
    """DAQP: `solve`, whose flag is 1 where there is a solution and -1 where there is none."""
    import daqp

    def solve(P, G):
        senses, upper = np.zeros(len(G), dtype=np.int32), np.full(len(G), 1e30)
        w, _, flag, _ = daqp.solve(P, np.zeros(len(P)), np.ascontiguousarray(G), upper, np.ones(len(G)), senses)
        if flag not in (1, -1):
            raise RuntimeError(f"flag {flag}")
        return w if flag == 1 else None

    return _machine(solve, X, Z, alpha)


def piqp_svm(X, Z, alpha):
    """PIQP: `DenseSolver`."""
    import piqp

    def solve(P, G):
        solver, none = piqp.DenseSolver(), np.zeros((0, len(P)))
        solver.setup(P, np.zeros(len(P)), none, np.zeros(0), G, np.ones(len(G)), np.full(len(G), np.inf))
        return solver.result.x if solver.solve() == piqp.PIQP_SOLVED else None

    return _machine(solve, X, Z, alpha)


def ecos_l1(W, w):
    """ECOS: `solve` of the linear programme with positive and negative parts."""
    import ecos
    from scipy import sparse

    T, wide = W.shape[1], np.hstack([W, -W]).astype(float)
    answer = ecos.solve(
        np.ones(2 * T),
        -sparse.eye(2 * T, format="csc"),
        np.zeros(2 * T),
        {"l": 2 * T, "q": []},
        sparse.csc_matrix(wide),
        w.astype(float),
        verbose=False,
    )
    nu = answer["x"][:T] - answer["x"][T:]
    return np.array(np.abs(nu).sum(), W.dtype), nu.astype(W.dtype)


def spgl1_l1(W, w):
    """SPGL1: `spg_bp`, basis pursuit."""
    import spgl1

    nu = spgl1.spg_bp(W.astype(float), w.astype(float))[0]
    return np.array(np.abs(nu).sum(), W.dtype), nu.astype(W.dtype)
