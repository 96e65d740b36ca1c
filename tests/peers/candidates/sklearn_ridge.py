"""scikit-learn: `Ridge` as the surrogate of a search over networks, and with `KernelRidge` for random features."""

import numpy as np
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge


def smbo_step(X, y, candidates, penalty, explore, r_explore, r_pick):
    """Its predictions; which candidate follows is NumPy's `argmax`, or the draw."""
    predictions = Ridge(alpha=penalty).fit(X, y).predict(candidates)
    index = int(r_pick * len(candidates)) if r_explore < explore else np.argmax(predictions)
    return predictions, np.asarray(index)


def ridge(Phi, y, lam):
    """Its penalty is that of the sum of squares: n times that of the mean."""
    return Ridge(alpha=len(y) * lam, fit_intercept=False, solver="svd").fit(Phi, y).coef_


def ridge_path(K, y, K_val, y_val, shares):
    """`KernelRidge` of a kernel that is given, once for each penalty; the best is NumPy's `argmin`."""
    top = np.linalg.eigvalsh(K)[-1]
    fits = [KernelRidge(alpha=share * top, kernel="precomputed").fit(K, y) for share in shares]
    errors = np.array([np.mean((fit.predict(K_val) - y_val) ** 2) for fit in fits])
    return errors, np.asarray(np.argmin(errors)), fits[np.argmin(errors)].dual_coef_
