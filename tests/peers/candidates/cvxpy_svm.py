"""pip cvxpy: the machines as convex programs, solved by Clarabel."""

import cvxpy as cp
import numpy as np

from refimpl.oracle.candidates import NotApplicable


def _solved(norm, X, Z, alpha, **tolerances):
    """The matrix, in double precision, or None if there is none."""
    X, Z, d = X.astype(float), Z.astype(float), X.shape[2]
    if X.shape[2] > 10:
        raise NotApplicable("Clarabel takes minutes for thousands of unknowns in a matrix norm")
    W = cp.Variable((d, d))
    constraints = [
        (X[i, int(a)] - x) @ W @ Z[i] >= 1 for i, a in enumerate(alpha) for t, x in enumerate(X[i]) if t != int(a)
    ]
    problem = cp.Problem(cp.Minimize(norm(W)), constraints)
    problem.solve(solver=cp.CLARABEL, **tolerances)
    return W.value if problem.status == cp.OPTIMAL else None


def _margins(W, X, Z, alpha):
    return np.stack([(x[int(a)] - x) @ W @ z for x, z, a in zip(X, Z, alpha, strict=True)])


def svm_frobenius(X, Z, alpha):
    """`sum_squares`, with tighter tolerances than Clarabel's own."""
    W = _solved(cp.sum_squares, X, Z, alpha, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    if W is None:
        W = np.full((X.shape[2], X.shape[2]), np.nan)
        return np.array(0.0, X.dtype), W.astype(X.dtype), np.full(X.shape[:2], np.nan, X.dtype)
    return np.array(1.0, X.dtype), W.astype(X.dtype), _margins(W, X, Z, alpha).astype(X.dtype)


def svm_nuclear(X, Z, alpha, tol):
    """`normNuc`; Clarabel stops at a tolerance of its own."""
    W = _solved(cp.normNuc, X, Z, alpha)
    rivals = np.arange(X.shape[1]) != alpha[:, None]
    least = _margins(W, X, Z, alpha)[rivals].min()
    return np.array(np.linalg.svdvals(W).sum(), X.dtype), np.array(least, X.dtype)
