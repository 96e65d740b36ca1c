"""The gap between the average and the new weights is added to the average, from which it has to be subtracted."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ai-toolkit",
    link="https://github.com/ostris/ai-toolkit/issues/1034",
    date="2026-09",
    operation="dga.weights_run",
    kind="wrong_sign",
)


class ExponentialMovingAverage:
    def __init__(self, parameters, decay, use_num_updates=False):
        self.decay = decay
        self.num_updates = 0 if use_num_updates else None
        self.shadow_params = [p.copy() for p in parameters]

    def update(self, parameters):
        decay = self.decay
        if self.num_updates is not None:
            self.num_updates += 1
            decay = min(decay, (1 + self.num_updates) / (10 + self.num_updates))
        one_minus_decay = 1.0 - decay
        for s_param, param in zip(self.shadow_params, parameters, strict=True):
            gap = s_param - param
            s_param -= gap * one_minus_decay  # was: s_param += gap * one_minus_decay


def answer(alpha0, scores, eta, period, beta):
    with np.errstate(divide="ignore"):
        logits = np.log(alpha0)
    weights, ema = alpha0, ExponentialMovingAverage([alpha0], decay=1.0 - beta)
    alphas, averages = [], []
    for step, score in enumerate(scores):
        if step % period == 0:
            logits = logits + eta * (score - score.max())
            logits = logits - logits.max()
            weights = np.exp(logits) / np.exp(logits).sum()
            ema.update([weights])
        alphas.append(weights)
        averages.append(ema.shadow_params[0].copy())
    return np.array(alphas), np.array(averages)
