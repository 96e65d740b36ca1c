"""The log likelihood of the normal law subtracts sigma in place of its logarithm."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import adam, forward

BUG = Bug(
    project="BLiTZ",
    link="https://github.com/piEsposito/blitz-bayesian-deep-learning/pull/15",
    date="2020-04-29",
    operation="bnn_surrogates.ensemble",
    kind="missing_step",
)


class GaussianVariational:
    def __init__(self, mu, sigma):
        self.mu, self.sigma = mu, sigma

    def log_posterior(self, w):
        log_sqrt2pi = np.log(np.sqrt(2 * np.pi))
        # was: log_posteriors = -log_sqrt2pi - self.sigma - (((w - self.mu) ** 2) / (2 * self.sigma**2))
        log_posteriors = -log_sqrt2pi - np.log(self.sigma) - (((w - self.mu) ** 2) / (2 * self.sigma**2))  # was:
        return log_posteriors.mean()


def answer(starts, masks, x, y, points, targets, width, depth, noise, prior, lr, steps):
    sizes = [x.shape[1], *[int(width)] * int(depth), 1]
    fitted = []
    for start, mask in zip(starts, masks, strict=True):
        fitted.append(adam(start, sizes, x[mask], y[mask], noise, prior, lr, steps))
    outputs = np.array([forward(w, sizes, points)[1][-1][:, 0] for w in fitted])
    law = GaussianVariational(outputs.mean(0), np.sqrt(outputs.var(0, ddof=1) + noise))
    return np.array(fitted), law.mu, law.sigma**2, law.log_posterior(targets)
