"""The gradient is a quotient of exponentials that both overflow where the raw prediction is far below 0."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="scikit-learn",
    link="https://github.com/scikit-learn/scikit-learn/pull/28048",
    date="2024-01",
    operation="sso.outer_step",
    kind="numerics",
)


class HalfBinomialLoss:
    def cgradient(self, y_true, raw_prediction):
        if raw_prediction > -37:  # was:
            exp_tmp = np.exp(-raw_prediction)
            return ((1 - y_true) - y_true * exp_tmp) / (1 + exp_tmp)
        # exp(raw_prediction) is what is left of the probability
        return np.exp(raw_prediction) - y_true  # was:

    def gradient(self, y_true, raw_prediction):
        out = np.empty_like(raw_prediction)
        for i in range(len(out)):
            out[i] = self.cgradient(y_true[i], raw_prediction[i])
        return out


class HalfSquaredError:
    def gradient(self, y_true, raw_prediction):
        return raw_prediction - y_true


def link(model, raw):
    return (np.tanh(raw), 1 - np.tanh(raw) ** 2) if model == "tanh" else (raw, np.ones_like(raw))


def answer(x, y, theta, batch, eta, alpha, steps, loss, model, norm):
    target, base = ((y + 1) / 2, HalfBinomialLoss()) if loss == "logistic" else (y, HalfSquaredError())
    rows = batch if norm == "batch" else np.arange(len(y))
    start, _ = link(model, x @ theta)
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = base.gradient(target[batch], start[batch]) / len(batch)
    coef, path = theta, []
    for _ in range(int(steps)):
        z, dz = link(model, x @ coef)
        push = np.zeros(len(y))
        np.add.at(push, batch, slopes)
        np.add.at(push, rows, (z[rows] - start[rows]) / eta)
        coef = coef - alpha * (x.T @ (push * dz))
        path.append(coef)
    return np.stack(path)
