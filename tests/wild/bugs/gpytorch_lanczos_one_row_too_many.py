"""Of the tridiagonal matrix one row and column more are kept than steps were taken."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="GPyTorch",
    link="https://github.com/cornellius-gp/gpytorch/pull/1607",
    date="2021-05-03",
    operation="rmt_learning_rates.ritz",
    kind="wrong_output",
)


def lanczos_tridiag(matmul_closure, max_iter, init_vec, tol):
    n = len(init_vec)
    num_iter = min(max_iter, n)
    q_mat = np.zeros((num_iter + 1, n))
    t_mat = np.zeros((num_iter + 1, num_iter + 1))
    scale = np.abs(init_vec).max()
    q_mat[0] = (init_vec / scale) / np.linalg.norm(init_vec / scale)
    longest = 0.0

    for k in range(num_iter):
        r_vec = matmul_closure(q_mat[k])
        longest = max(longest, np.linalg.norm(r_vec))
        if k > 0:
            r_vec = r_vec - q_mat[k - 1] * t_mat[k, k - 1]
        # Copy over to t_mat
        t_mat[k, k] = q_mat[k] @ r_vec
        if k + 1 == num_iter:
            break
        r_vec = r_vec - t_mat[k, k] * q_mat[k]
        # Full reorthogonalization
        for _ in range(3):
            r_vec = r_vec - q_mat[: k + 1].T @ (q_mat[: k + 1] @ r_vec)
        beta_curr = np.linalg.norm(r_vec)
        if beta_curr <= tol * longest:
            num_iter = k + 1
            break
        # Update t_mat with new beta value
        t_mat[k, k + 1] = t_mat[k + 1, k] = beta_curr
        q_mat[k + 1] = r_vec / beta_curr

    # num_iter x num_iter
    t_mat = t_mat[:num_iter, :num_iter]  # was: t_mat = t_mat[: num_iter + 1, : num_iter + 1]
    return q_mat, t_mat


def answer(matrix, start, steps, tolerance):
    _, t_mat = lanczos_tridiag(lambda v: matrix @ v, int(steps), start, tolerance)
    evals, evecs = np.linalg.eigh(t_mat)
    return evals, evecs[0] ** 2
