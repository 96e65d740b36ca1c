"""pip gbnn: its three losses, with start, residuals, step and probabilities."""

import numpy as np
from gbnn.GBNN import log_exponential_loss, multi_class_loss, squared_loss

from refimpl.oracle.candidates import NotApplicable

_LOSSES = {"regression": squared_loss(), "binary": log_exponential_loss(), "multiclass": multi_class_loss()}


def _columns(task, *arrays):
    """One column is a vector, for two classes always and for numbers as scikit-learn hands it over."""
    return [x[:, 0] if task == "binary" or (task == "regression" and x.shape[1] == 1) else x for x in arrays]


def initial_score(Y, task):
    """`model0`, which becomes the start of all columns as in `fit`."""
    return _LOSSES[task].model0(*_columns(task, Y)) * np.ones(Y.shape[1])


def residuals(Y, F, task):
    """`derive`, and the mean of what the loss answers, as `fit` takes it; it does not halve squared errors."""
    y, f = _columns(task, Y, F)
    loss = np.mean(_LOSSES[task](y, f)) * (Y.shape[1] / 2 if task == "regression" else 1)
    return _LOSSES[task].derive(y, f).reshape(Y.shape), loss


def step_size(Y, F, h, task, search):
    """`newton_step`."""
    if search == "newton" and task != "binary":
        raise NotApplicable("its step is 1 for squared errors, and Newton's with the diagonal for several classes")
    y, f, h = _columns(task, Y, F, h)
    loss = _LOSSES[task]
    return np.asarray(loss.newton_step(y, loss.derive(y, f), h))


def probabilities(F, task):
    """`raw_predictions_to_probs`."""
    return {"p": _LOSSES[task].raw_predictions_to_probs(*_columns(task, F))[:, -F.shape[1] :]}
