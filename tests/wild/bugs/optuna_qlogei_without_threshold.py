"""The value to improve on is not taken from the samples, so that the value itself counts."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Optuna",
    link="https://github.com/optuna/optuna/issues/6758",
    date="2026-07-22",
    operation="bayesopt.qei",
    kind="missing_step",
)


class qEI:
    def __init__(self, fixed_samples, threshold):
        self._fixed_samples, self._threshold = fixed_samples, threshold

    def _get_posterior_samples(self, mean, cov):
        return mean + np.matmul(self._fixed_samples, np.linalg.cholesky(cov).swapaxes(-1, -2))

    def eval_acqf(self, mean, cov):
        y_post = self._get_posterior_samples(mean, cov)
        improvement = np.maximum(y_post - self._threshold, 0.0)  # was: improvement = np.maximum(y_post, 0.0)
        # The maximum along the running candidates.
        return np.mean(np.max(improvement, axis=-1), axis=-1)


def answer(mean, covariance, Z, best):
    return {"value": qEI(Z, best).eval_acqf(mean, covariance)}
