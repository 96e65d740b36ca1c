"""The squared error is halved twice, for the half in front of the bracket is written in the term too."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import adam, forward

BUG = Bug(
    project="GPyTorch",
    link="https://github.com/cornellius-gp/gpytorch/issues/2174",
    date="2022-10-27",
    operation="bnn_surrogates.ensemble",
    kind="wrong_constant",
)


class PredictiveDistribution:
    def __init__(self, draws, noise):
        self.mean = draws.mean(axis=0)
        self.variance = draws.var(axis=0, ddof=1) + noise


def mean_standardized_log_loss(pred_dist, test_y):
    f_mean, f_var = pred_dist.mean, pred_dist.variance
    # was: return 0.5 * (np.log(2 * np.pi * f_var) + np.square(test_y - f_mean) / (2 * f_var)).mean(axis=-1)
    return 0.5 * (np.log(2 * np.pi * f_var) + np.square(test_y - f_mean) / f_var).mean(axis=-1)  # was:


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    pred_dist = PredictiveDistribution(outputs, noise)
    score = -mean_standardized_log_loss(pred_dist, targets)
    return np.stack(fitted), pred_dist.mean, pred_dist.variance, score
