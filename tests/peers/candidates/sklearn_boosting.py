"""scikit-learn on gradient boosted networks: the losses of its boosting, and its `MLPRegressor` as a block."""

import numpy as np
from sklearn._loss import HalfBinomialLoss, HalfMultinomialLoss, HalfSquaredError
from sklearn.neural_network import MLPRegressor

from refimpl.oracle.candidates import NotApplicable


def _single(x):
    """A column by itself, as its compiled losses take it."""
    return np.ascontiguousarray(x[:, 0])


def residuals(Y, F, task):
    """Minus its gradients; of two classes in twice the score, with labels 0 and 1."""
    if task == "regression":
        pairs = [(np.ascontiguousarray(y), np.ascontiguousarray(f)) for y, f in zip(Y.T, F.T, strict=True)]
        r = np.stack([-HalfSquaredError().gradient(y, f) for y, f in pairs], axis=1)
        return r, np.asarray(sum(HalfSquaredError()(y, f) for y, f in pairs))
    if task == "binary":
        y, raw = (_single(Y) + 1) / 2, 2 * _single(F)
        return -2 * HalfBinomialLoss().gradient(y, raw)[:, None], np.asarray(HalfBinomialLoss()(y, raw))
    loss, y = HalfMultinomialLoss(n_classes=Y.shape[1]), np.argmax(Y, axis=1).astype(Y.dtype)
    if Y.shape[1] < 3:
        raise NotApplicable("two classes have one column there")
    return -np.asarray(loss.gradient(y, np.asfortranarray(F))), np.asarray(loss(y, np.asfortranarray(F)))


def initial_score(Y, task):
    """Its `fit_intercept_only`: in twice the score for two classes."""
    if task == "regression":
        return np.array([HalfSquaredError().fit_intercept_only(np.ascontiguousarray(y)) for y in Y.T])
    if task == "binary":
        return np.atleast_1d(HalfBinomialLoss().fit_intercept_only((_single(Y) + 1) / 2) / 2)
    raise NotApplicable("it starts several classes from the logarithms of their shares")


def block_loss(X, R, W, b, V, c, alpha):
    """What its L-BFGS is handed: `_backprop` at weights that are set by hand."""
    net = MLPRegressor(hidden_layer_sizes=(len(b),), activation="logistic", solver="lbfgs", alpha=alpha)
    net.n_outputs_, net.n_layers_, net.out_activation_ = R.shape[1], 3, "identity"
    net.coefs_, net.intercepts_ = [W, V], [b, c]
    activations = [X, *(np.empty((len(X), x.shape[1]), X.dtype) for x in (W, V))]
    room = [None, None], [np.empty_like(W), np.empty_like(V)], [np.empty_like(b), np.empty_like(c)]
    loss, (gW, gV), (gb, gc) = net._backprop(X, R, None, activations, *room)
    return np.asarray(loss, X.dtype), gW, gb, gV, gc


def block_loss_of_one_output(X, R, W, b, V, c, alpha):
    """Where both are the same function."""
    if R.shape[1] > 1:
        raise NotApplicable("several outputs are asked by themselves")
    return block_loss(X, R, W, b, V, c, alpha)
