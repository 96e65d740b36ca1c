"""Minus one half stands before the determinant alone, for brackets around the other terms are missing."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="rstanarm",
    language="R",
    link="https://github.com/stan-dev/rstanarm/issues/229",
    date="2017-11-13",
    operation="scale_mixture_nngp.posterior_gp",
    kind="wrong_order",
)


def chol2inv(R):
    return np.linalg.inv(R.T @ R)


def lp_b(b, Sigma):
    """Log density of group terms b, multivariate normal around zero."""
    R = np.linalg.cholesky(Sigma).T
    modulus = np.linalg.slogdet(Sigma)[1]
    # was: return -0.5 * modulus + b @ chol2inv(R) @ b + len(b) * np.log(2 * np.pi)
    return -0.5 * (modulus + b @ chol2inv(R) @ b + len(b) * np.log(2 * np.pi))  # was:


def answer(K_tt, K_st, k_ss, y, points, eps, s, chosen):
    ridge = K_tt + eps * np.eye(len(y))
    s = y @ np.linalg.solve(ridge, y) / len(y) if chosen == "evidence" else s
    A = np.linalg.solve(ridge, K_st.T)
    sd2 = s * (k_ss + eps - np.sum(K_st.T * A, axis=0))
    each = [lp_b(r, v) for r, v in zip((points - A.T @ y)[:, None], sd2[:, None, None], strict=True)]
    return s, np.array(each), lp_b(y, s * ridge)
