"""What the experiments on convex ReLU training share."""

import numpy as np

from refimpl.convex import _convex_relu_tools as tools
from refimpl.core.random import stream

BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#777777"  # Okabe and Ito
LIKE = np.zeros(1)


def toy(seed, *names, n=12):
    """Points and noisy values of three random ReLUs."""
    return tools.toy(stream(seed, *names), n, like=LIKE)


def accuracy(outputs, labels):
    """Share of points on the right side of zero."""
    return float(np.mean(np.where(outputs > 0, 1.0, -1.0) == labels))


def ridge(X, D, y, penalty):
    """Least |F u - y|^2 + penalty |u|^2, without cones."""
    outer = 2 * (X @ X.T) * (D @ D.T)  # F F^T
    z = np.linalg.solve(outer + penalty * np.eye(len(y)), y)
    pull = X.T @ (D * z[:, None])
    return np.stack([pull, -pull])


def into_cones(X, D, weights):
    """The nearest weights that keep their patterns."""
    return np.stack([tools.project_on_cones(X, D, half) for half in weights])
