"""Scores are maximised, and the improvement is counted as if they were minimised."""

import numpy as np
from scipy.special import ndtr

from tests.wild import Bug

BUG = Bug(
    project="BTB",
    link="https://github.com/MLBazaar/BTB/issues/98",
    date="2018-11-02",
    operation="bayesopt.ei",
    kind="wrong_sign",
)


class GPEi:
    """Expected improvement over the best score."""

    def __init__(self, y_best):
        self.y_best = y_best

    def _acquire(self, predictions):
        mu, sigma = predictions.T
        with np.errstate(divide="ignore"):
            # was: z = (self.y_best - mu) / sigma
            z = (mu - self.y_best) / sigma  # was:
        Phi, N = ndtr(z), np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
        ei = np.where(sigma > 0, sigma * (np.where(sigma > 0, z, 0) * Phi + N), np.maximum(mu - self.y_best, 0.0))
        return ei, Phi, N


def answer(mu, sigma, best):
    value, by_mean, by_sigma = GPEi(best)._acquire(np.column_stack([mu, sigma]))
    return {"value": value, "by_mean": by_mean, "by_sigma": by_sigma}
