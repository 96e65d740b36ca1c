"""The moving average gives the new value the weight of the old one, so that it hardly remembers anything."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="levanter",
    link="https://github.com/marin-community/levanter/pull/883",
    date="2025-02-10",
    operation="dga.weights_run",
    kind="wrong_constant",
)


class EmaAveraging:
    """Average of a tree of one array."""

    def __init__(self, model, beta):
        self.model = model
        self.beta = beta  # how much of the old value is kept

    def update(self, new_model):
        old, beta = self.model, self.beta
        self.model = old * beta + new_model * (1 - beta)  # was: self.model = old * (1 - beta) + new_model * beta


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def answer(alpha0, scores, eta, period, beta):
    with np.errstate(divide="ignore"):
        logits = np.log(alpha0)
    model, averaging = alpha0, EmaAveraging(alpha0, 1 - beta)
    alphas, averages = [], []
    for step, score in enumerate(scores):
        if step % period == 0:
            logits = logits + eta * (score - score.max())
            logits = logits - logits.max()
            model = softmax(logits)
            averaging.update(model)
        alphas.append(model)
        averages.append(averaging.model)
    return np.stack(alphas), np.stack(averages)
