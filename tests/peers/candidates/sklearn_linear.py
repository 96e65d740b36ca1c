"""scikit-learn: `LinearRegression` on recorded predictions, all samples and coordinates pooled."""

import numpy as np
from sklearn.linear_model import LinearRegression


def _fit(E_c, E_u, k, **settings):
    F = np.concatenate([E_c[: k + 1], E_u[:k]]).reshape(2 * k + 1, -1).T
    y = E_u[k].ravel()
    fitted = LinearRegression(**settings).fit(F, y).predict(F)
    length = np.linalg.norm(y)
    return fitted.reshape(E_u[k].shape), np.linalg.norm(y - fitted) / (length or 1.0)


def fit_linear(E_c, E_u, k):
    """Without an intercept."""
    return _fit(E_c, E_u, k, fit_intercept=False)


def with_intercept(E_c, E_u, k):
    """As it is constructed."""
    return _fit(E_c, E_u, k)
