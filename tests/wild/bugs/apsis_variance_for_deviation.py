"""The variance stands for the standard deviation in the expected improvement."""

import numpy as np
from scipy.stats import norm

from tests.wild import Bug

BUG = Bug(
    project="apsis",
    link="https://github.com/fgerzer/apsis/commit/262f8fb65727eafb5ac489533a6bce2e18cba5c5",
    date="2014-11-09",
    operation="bayesopt.ei",
    kind="missing_step",
)


class FixedGp:
    """What has been predicted, by number of the point."""

    def __init__(self, mean, std_dev):
        self.mean, self.variance = mean, std_dev**2

    def predict(self, x):
        return self.mean[x], self.variance[x]


class ExpectedImprovement:
    def compute_minimizing(self, x, args_):
        return -self.evaluate(x, args_)

    def evaluate(self, x, args_):
        mean, variance = args_["gp"].predict(x)
        # was: std_dev = variance
        std_dev = variance**0.5  # was:
        cur_best = args_["cur_best"]
        if std_dev == 0:
            return max(mean - cur_best, 0.0)
        z_numerator = mean - cur_best
        z = z_numerator / std_dev
        cdf_z = norm.cdf(z)
        pdf_z = norm.pdf(z)
        return std_dev * (z * cdf_z + pdf_z)


def answer(mu, sigma, best):
    args_ = {"gp": FixedGp(mu, sigma), "cur_best": best}
    acquisition = ExpectedImprovement()
    return {"value": np.array([-acquisition.compute_minimizing(x, args_) for x in range(len(mu))])}
