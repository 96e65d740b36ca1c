"""The mean of the squares is taken over the models and all test points at once, for the axis is missing."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import adam, forward

BUG = Bug(
    project="RoBO",
    link="https://github.com/automl/RoBO/commit/1f218d5d4ddcb3b3d3851ba01b1f9d6836fd09b0",
    date="2017-06-28",
    operation="bnn_surrogates.ensemble",
    kind="wrong_axis",
)


def total_variance(mu, var):
    """Moments of a mixture of the models, of equal weights."""
    m = mu.mean(axis=0)
    # was: v = np.mean(mu**2 + var) - m**2
    v = np.var(mu, axis=0) + np.mean(var, axis=0)  # was:
    return m, np.clip(v, np.finfo(v.dtype).eps, np.inf)


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    unbiased = len(outputs) / (len(outputs) - 1)
    m, v = total_variance(outputs, np.full_like(outputs, noise / unbiased))
    return {"members": np.array(fitted), "mean": m, "variance": v * unbiased}
