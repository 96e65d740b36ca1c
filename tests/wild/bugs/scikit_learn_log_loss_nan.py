"""The gradient of the log loss divides infinity by infinity where a row is wrong by far."""

import numpy as np
from scipy.special import logsumexp, softmax

from tests.wild import Bug

BUG = Bug(
    project="scikit-learn",
    link="https://github.com/scikit-learn/scikit-learn/pull/28048",
    date="2024-01",
    operation="gbnn.residuals",
    kind="numerics",
)


def cgradient_half_binomial(y_true, raw_prediction):
    """Of labels 0 and 1."""
    exp_tmp = np.exp(-raw_prediction)
    gradient = ((1 - y_true) - y_true * exp_tmp) / (1 + exp_tmp)
    return np.where(raw_prediction > -37, gradient, np.exp(raw_prediction) - y_true)  # was: return gradient


def answer(Y, F, task):
    with np.errstate(all="ignore"):
        if task == "binary":
            r = -2 * cgradient_half_binomial((Y + 1) / 2, 2 * F)
            return {"r": r, "loss": np.asarray(np.mean(np.logaddexp(0, -2 * Y * F)))}
        if task == "regression":
            return {"r": Y - F, "loss": np.asarray(0.5 * np.mean(np.sum((Y - F) ** 2, axis=1)))}
        loss = logsumexp(F, axis=1) - np.sum(Y * F, axis=1)
        return {"r": Y - softmax(F, axis=1), "loss": np.asarray(np.mean(loss))}
