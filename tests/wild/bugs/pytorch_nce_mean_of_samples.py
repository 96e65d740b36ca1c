"""The losses of a word and of its noise are averaged, where they are to be added up."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Pytorch-NCE",
    link="https://github.com/Stonesjtu/Pytorch-NCE/commit/2a8be5952bd54a8a4399a0cb0152688cdedfd4be",
    date="2018-09-08",
    operation="meco.nce",
    kind="wrong_scale",
)


class BCEWithLogits:
    """Of each entry, with the slope."""

    def __call__(self, logit, label):
        softplus = np.maximum(logit, 0) + np.log1p(np.exp(-np.abs(logit)))
        # log(1 + exp(-x)) for a label of 1, so that nothing cancels
        other = np.maximum(-logit, 0) + np.log1p(np.exp(-np.abs(logit)))
        return np.where(label > 0, other, softplus)

    def grad(self, logit, label):
        # sigmoid(x) - label
        return np.where(label > 0, -np.exp(-np.logaddexp(0, logit)), np.exp(-np.logaddexp(0, -logit)))


class NCELoss:
    def __init__(self, norm_term, noise_ratio):
        self.norm_term, self.noise_ratio = norm_term, noise_ratio
        self.bce = BCEWithLogits()

    def forward(self, target_score, noise_score):
        """Scores are log ratios to the noise; the loss of each target, averaged, and its slopes."""
        targets = len(target_score)
        score = np.concatenate([target_score, noise_score]) - self.norm_term
        logit_true = score - np.log(self.noise_ratio)
        label = np.concatenate([np.ones(targets), np.zeros(len(noise_score))])
        count = targets  # was: count = targets * (1 + self.noise_ratio)
        return np.sum(self.bce(logit_true, label)) / count, self.bce.grad(logit_true, label) / count


def answer(c, log_ratio_data, grads_data, log_ratio_noise, grads_noise):
    criterion = NCELoss(c, len(log_ratio_noise) / len(log_ratio_data))
    loss, slopes = criterion.forward(log_ratio_data, log_ratio_noise)
    return loss, slopes @ np.concatenate([grads_data, grads_noise]), -slopes.sum()
