"""The linear predictor is not updated after a coordinate has moved: each one steps as if it were the only one."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pyglmnet",
    link="https://github.com/glm-tools/pyglmnet/commit/e0c2f3107fe000f274d683bb66a016f5b902fc3e",
    date="2020-08-18",
    operation="lasso_mtrl.relevance_lasso",
    kind="missing_step",
)


def _cdfast(X, y, reg_lambda, beta):
    """One pass over all coordinates."""
    z = X @ beta
    for k in range(X.shape[1]):
        xk = X[:, k]
        gk, hk = xk @ (z - y), xk @ xk
        if hk == 0:
            continue
        moved = beta[k] - gk / hk
        update = beta[k] - np.sign(moved) * max(abs(moved) - reg_lambda / hk, 0.0)

        # Update parameters, z
        # was: beta[k] = beta[k] - update
        beta[k], z = beta[k] - update, z - update * xk  # was:
    return beta


def answer(W, w, lam):
    beta = np.zeros(W.shape[1])
    for _ in range(5000):
        before = beta.copy()
        with np.errstate(all="ignore"):
            beta = _cdfast(W, w, lam, beta)
        if not np.any(np.abs(beta - before) > 1e-18 * np.max(np.abs(beta))):
            break
    return beta, 0.5 * np.sum((W @ beta - w) ** 2) + lam * np.sum(np.abs(beta))
