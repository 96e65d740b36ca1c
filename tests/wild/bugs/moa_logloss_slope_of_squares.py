"""The slope of the logarithmic loss has the slope of the sigmoid as a factor, which belongs to the squared loss."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="MOA",
    language="Java",
    link="https://github.com/Waikato/moa/pull/134",
    date="2018-04-22",
    operation="sso.surrogate",
    kind="extra_step",
)

LOGLOSS, SQUAREDLOSS = 1, 2


class SGD:
    def __init__(self, loss):
        self.m_loss = loss

    def dloss(self, z, y):
        if self.m_loss == LOGLOSS:
            y = np.where(y < 0, 0.0, 1.0)
            # no overflow on either side
            yhat = np.where(z > 0, 1.0 / (1.0 + np.exp(-np.abs(z))), np.exp(-np.abs(z)) / (1.0 + np.exp(-np.abs(z))))
            rest = np.where(z > 0, np.exp(-np.abs(z)), 1.0) / (1.0 + np.exp(-np.abs(z)))
            dldz = np.where(y > 0, -rest, yhat)  # was: dldz = np.where(y > 0, -rest, yhat) * (yhat * rest)
        else:
            dldz = z - y
        return dldz

    def loss(self, z, y):
        if self.m_loss == LOGLOSS:
            margin = y * z
            return np.maximum(-margin, 0.0) + np.log1p(np.exp(-np.abs(margin)))
        return 0.5 * (z - y) ** 2


def answer(x, y, theta_t, theta, eta, loss, model):
    sgd = SGD({"logistic": LOGLOSS, "squared": SQUAREDLOSS}[loss])
    n = len(y)

    def outputs(weights):
        z = x @ weights
        return np.tanh(z) if model == "tanh" else z

    z_t, z = outputs(theta_t), outputs(theta)
    slopes = sgd.dloss(z_t, y) / n
    move = z - z_t
    value = np.mean(sgd.loss(z_t, y)) + slopes @ move + move @ move / (2 * eta)
    pull = slopes + move / eta
    if model == "tanh":
        pull = pull / np.cosh(np.minimum(np.abs(x @ theta), 400.0)) ** 2
    return value, x.T @ pull
