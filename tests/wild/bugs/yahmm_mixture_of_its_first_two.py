"""The number of components is taken from the pair of lists, so that those past the second are ignored."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import components

BUG = Bug(
    project="yahmm",
    link="https://github.com/jmschrei/yahmm/issues/40",
    date="2014-11-17",
    operation="interpolants.mixture_fields",
    kind="wrong_axis",
)


class MixtureDistribution:
    def __init__(self, distributions, weights):
        weights = np.array(weights, dtype=float)
        self.parameters = [distributions, weights / weights.sum()]

    def log_probability(self, symbol):
        # was: (d, w), n = self.parameters, len(self.parameters)
        (d, w), n = self.parameters, len(self.parameters[0])  # was:
        return np.log(np.sum([np.exp(d[i].logpdf(symbol)) * w[i] for i in range(min(n, len(d)))]))


def answer(x, t, p, m, C, q, mu, D, path, gamma, a):
    weights, distributions = zip(*components(t, p, m, C, q, mu, D, path, gamma, a), strict=True)
    mixture = MixtureDistribution(distributions, weights)
    return {"log_density": np.array([mixture.log_probability(symbol) for symbol in x])}
