"""The Lasso of public packages; all three divide the squares by the number of rows and call the penalty alpha."""

import warnings

import numpy as np


def _solved(model, W, w, lam):
    """Coefficients and objective."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it does not get below a tolerance of 0
        nu = model.fit(np.asarray(W, dtype=float), np.asarray(w, dtype=float)).coef_
    residual = w - W @ nu
    return nu, residual @ residual / 2 + lam * np.abs(nu).sum()


def scikit_learn(W, w, lam):
    """Cyclic coordinate descent, until nothing moves."""
    from sklearn.linear_model import Lasso

    return _solved(Lasso(alpha=lam / len(w), fit_intercept=False, tol=0.0, max_iter=20_000), W, w, lam)


def celer(W, w, lam):
    """Working sets and dual extrapolation."""
    from celer import Lasso

    return _solved(Lasso(alpha=lam / len(w), fit_intercept=False, tol=1e-15), W, w, lam)


def skglm(W, w, lam):
    """Working sets and Anderson acceleration."""
    from skglm import Lasso

    return _solved(Lasso(alpha=lam / len(w), fit_intercept=False, tol=1e-15), W, w, lam)
