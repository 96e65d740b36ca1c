"""pip xgboost: where it starts, its Newton step and its probabilities, of the package without builds for a GPU."""

import json

import numpy as np
import xgboost

from refimpl.oracle.candidates import NotApplicable

_LOSSES = {"regression": "reg:squarederror", "binary": "binary:logistic", "multiclass": "multi:softprob"}


def _rows(x, margin, label=None):
    return xgboost.DMatrix(x, label=label, base_margin=margin)


def initial_score(Y, task):
    """`base_score`, found from labels by its first round; of two classes in twice the score, with labels 0 and 1."""
    if task == "multiclass":
        raise NotApplicable("it starts several classes from the logarithms of their shares, less the mean of these")
    data = xgboost.DMatrix(np.zeros((len(Y), 1)), label=(Y + 1) / 2 if task == "binary" else Y)
    model = xgboost.train({"objective": _LOSSES[task], "eta": 0.0, "nthread": 1}, data, 1)
    start = np.array(json.loads(json.loads(model.save_config())["learner"]["learner_model_param"]["base_score"]))
    return (np.log(start / (1 - start)) / 2 if task == "binary" else start).astype(Y.dtype)


def step_size(Y, F, h, task, search):
    """A round of its linear booster with h as its feature; each row once more, mirrored, keeps its intercept at 0."""
    if task == "multiclass":
        raise NotApplicable("each class has a weight of its own there")
    if task == "regression" and search == "table":
        raise NotApplicable("it takes Newton's step")
    y, score, feature = (x.ravel() for x in (Y, F, h))
    if task == "binary":  # its scores are twice these
        y, score, feature = (y + 1) / 2, 2 * score, 2 * feature
    mirrored = 1 - y if task == "binary" else -y
    told = np.concatenate([feature, -feature])[:, None]
    data = _rows(told, np.concatenate([score, -score]), np.concatenate([y, mirrored]))
    options = {"booster": "gblinear", "updater": "coord_descent", "eta": 1.0, "lambda": 0.0, "base_score": 0.5}
    model = xgboost.train(options | {"objective": _LOSSES[task], "nthread": 1}, data, 1)
    none, one = model.predict(_rows(np.array([[0.0], [1.0]]), np.zeros(2)), output_margin=True)
    return one - none


def probabilities(F, task):
    """What it predicts from raw scores alone; those of two classes are doubled by hand."""
    count = {"num_class": F.shape[1]} if task == "multiclass" else {}
    empty = np.zeros((len(F), 1))
    model = xgboost.train({"objective": _LOSSES[task], "nthread": 1, **count}, _rows(empty, None, np.zeros(len(F))), 0)
    return model.predict(_rows(empty, F if task == "multiclass" else 2 * F[:, 0])).reshape(F.shape)
