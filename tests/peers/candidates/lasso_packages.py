"""The Lasso of public packages; most divide the squares by the number of rows and call the penalty alpha."""

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


def group_lasso(W, w, lam):
    """FISTA; the penalty of groups of one."""
    from group_lasso import GroupLasso

    settings = {"l1_reg": 0.0, "scale_reg": "none", "fit_intercept": False, "tol": 1e-10, "n_iter": 1_000}
    settings["random_state"] = 0  # its start is random
    model = GroupLasso(np.arange(W.shape[1]), group_reg=lam / len(w), supress_warning=True, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nu = model.fit(np.asarray(W, dtype=float), np.asarray(w, dtype=float)[:, None]).coef_[:, 0]
    residual = w - W @ nu
    return nu, residual @ residual / 2 + lam * np.abs(nu).sum()


def pylops_fista(W, w, lam):
    """FISTA of linear operators; its objective is twice ours."""
    from pylops import MatrixMult
    from pylops.optimization.sparsity import fista

    W, w = np.asarray(W, dtype=float), np.asarray(w, dtype=float)
    nu = fista(MatrixMult(W), w, niter=5_000, eps=2 * lam, tol=1e-16)[0]
    residual = w - W @ nu
    return nu, residual @ residual / 2 + lam * np.abs(nu).sum()


def pyglmnet(W, w, lam):
    """`GLM` of a normal law, by its default solver."""
    vars(np)["float"] = float  # its last release is older than NumPy 1.24
    from pyglmnet import GLM

    settings = {"distr": "gaussian", "alpha": 1.0, "fit_intercept": False, "tol": 1e-15}
    model = GLM(reg_lambda=lam / len(w), max_iter=2_000, **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nu = model.fit(np.asarray(W, dtype=float), np.asarray(w, dtype=float)).beta_
    residual = w - W @ nu
    return nu, residual @ residual / 2 + lam * np.abs(nu).sum()
