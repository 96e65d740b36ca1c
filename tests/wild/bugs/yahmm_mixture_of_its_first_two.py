"""The number of components is taken from the pair of lists, so that those past the second are ignored."""

import numpy as np
from scipy.stats import multivariate_normal

from tests.wild import Bug

BUG = Bug(
    project="yahmm",
    link="https://github.com/jmschrei/yahmm/issues/40",
    date="2014-11-17",
    operation="interpolants.mixture_fields",
    kind="wrong_axis",
)


def path_of(t, path, gamma, a):
    """Factors of both ends and of the noise, at time t."""
    logistic = lambda v: 1 / (1 + np.exp(-v))
    if path.startswith("one_sided"):
        ends = {"linear": (1 - t, t), "trig": (np.cos(np.pi * t / 2), np.sin(np.pi * t / 2))}
        noise, beta = ends.get(path[10:], (np.sqrt(1 - t**2), t))
        return 0.0, beta, noise
    noise = {
        "zero": 0.0,
        "brownian": np.sqrt(a * t * (1 - t)),
        "quadratic": t * (1 - t),
        "sine_squared": np.sin(np.pi * t) ** 2,
        "sigmoid": logistic(10 * t - 4) - logistic(10 * t - 6) - logistic(-4) + logistic(-6),
    }[gamma]
    if path == "enc_dec":
        wave = np.cos(np.pi * t) ** 2
        return (wave, 0.0, noise) if t < 0.5 else (0.0, wave, noise)
    turn, shrink = np.pi * t / 2, np.sqrt(1 - noise**2) if path == "trig" else 1.0
    ends = {"linear": (1 - t, t), "trig": (shrink * np.cos(turn), shrink * np.sin(turn)), "mirror": (0.0, 1.0)}
    return *ends[path], noise


def components(t, p, m, C, q, mu, D, path, gamma, a):
    alpha, beta, noise = path_of(t, path, gamma, a)
    for weight0, mean0, cov0 in zip(p, m, C, strict=True):
        for weight1, mean1, cov1 in zip(q, mu, D, strict=True):
            cov = alpha**2 * cov0 + beta**2 * cov1 + noise**2 * np.eye(len(mean0))
            yield weight0 * weight1, multivariate_normal(alpha * mean0 + beta * mean1, cov)


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
