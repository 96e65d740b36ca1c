"""Probabilities are sigmoids of the scores, divided by their sum, though the classes were fitted together."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="scikit-learn",
    link="https://github.com/scikit-learn/scikit-learn/pull/5182",
    date="2015-09-08",
    operation="sdl.predict",
    kind="missing_step",
)


def softmax(X):
    max_prob = np.max(X, axis=1).reshape((-1, 1))
    X = X - max_prob
    np.exp(X, X)
    sum_prob = np.sum(X, axis=1).reshape((-1, 1))
    X /= sum_prob
    return X


class LogisticRegression:
    def __init__(self, coef):
        self.coef_ = coef

    def decision_function(self, X):
        return X @ self.coef_.T

    def _predict_proba_lr(self, X):
        """For one-vs-rest."""
        prob = self.decision_function(X)
        prob = 1.0 / (1.0 + np.exp(-prob))
        prob /= prob.sum(axis=1).reshape((prob.shape[0], -1))
        return prob

    def predict_proba(self, X):
        return softmax(self.decision_function(X))  # was: return self._predict_proba_lr(X)


def answer(x, covariates, W, beta, gamma, kind):
    features = W.T @ x if kind == "filter" else np.linalg.pinv(W) @ x
    coef = np.concatenate([beta, gamma], axis=0).T
    # the first class has the coefficients 0
    estimator = LogisticRegression(np.concatenate([np.zeros((1, coef.shape[1])), coef], axis=0))
    return estimator.predict_proba(np.concatenate([features, covariates], axis=0).T).T
