"""scikit-learn on token reduction: GaussianProcessRegressor with a fixed Matern kernel; SciPy's normal law."""

import numpy as np
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern


def acquisition(X, y, new, length, noise):
    """It puts the values to standard units itself; the improvement is the formula."""
    process = GaussianProcessRegressor(Matern(length, nu=2.5), alpha=noise, optimizer=None, normalize_y=True).fit(X, y)
    mean, sd = process.predict(new, return_std=True)
    z = (mean - y.max()) / sd
    gain = (mean - y.max()) * norm.cdf(z) + sd * norm.pdf(z)
    return mean, sd, gain, int(np.argmax(gain))


def bayes_opt(x0, candidates, a, b, g):
    """Step by step."""
    hill = lambda x: float(g * np.cos(9 * x[0]) - np.sum(a * (x - b) ** 2))
    X = x0
    for rows in candidates:
        y = np.array([hill(x) for x in X])
        *_, chosen = acquisition(X, y, rows, 0.3, 1e-3)
        X = np.vstack([X, rows[chosen]])
    y = np.array([hill(x) for x in X])
    return X, y, int(np.argmax(y))
