"""The test bed: functions drawn from the very prior that the rules use, on a grid of [0, 1]."""

import numpy as np

from refimpl.bayesian import bayesopt
from refimpl.models import acquisition, gp

ORANGE, BLUE, GREEN, PINK, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"
PLANTED = "the functions are draws from the prior that every rule uses, hyper-parameters included"


def points(m):
    """A grid of [0, 1], as columns."""
    return np.linspace(0, 1, m)[:, None]


def covariance(x, alpha=30.0):
    """Power exponential of variance 1."""
    return bayesopt.covariance(bayesopt.Prior("power_exponential", np.array([alpha]), 1.0), x, x)


def root(matrix):
    """A factor of a covariance that may be singular to rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def deviations(law):
    """Posterior standard deviations."""
    return np.sqrt(np.maximum(np.diagonal(law.covariance), 0.0))


def best_seen(law, seen, values, noise):
    """The incumbent: the best value without noise, the best posterior mean of a point seen with it ("plug-in")."""
    return float(max(law.mean[seen]) if noise else max(values))


def by_ei(law, seen, values, noise, rng):
    """Expected improvement, plugged in where there is noise."""
    return int(
        np.argmax(acquisition.expected_improvement(law.mean, deviations(law), best_seen(law, seen, values, noise))[0])
    )


def by_general(law, seen, values, noise, rng):
    """Generalised expected improvement."""
    every = np.arange(len(law.mean))
    return int(
        np.argmax(bayesopt.generalized_improvement(law.mean, law.covariance, every, np.unique(seen), noise=noise))
    )


def by_kg(law, seen, values, noise, rng):
    """Knowledge gradient."""
    return int(np.argmax(bayesopt.knowledge_gradient(law.mean, law.covariance, np.arange(len(law.mean)), noise=noise)))


def at_random(law, seen, values, noise, rng):
    """Any point."""
    return int(rng.integers(len(law.mean)))


RULES = {"EI": by_ei, "generalised EI": by_general, "KG": by_kg, "random": at_random}
COLORS = {"EI": BLUE, "generalised EI": GREEN, "KG": ORANGE, "random": GREY}


def search(rule, prior, f, initial, noises, noise, rng):
    """Regret of the best posterior mean after each evaluation; the first few points are given."""
    law = gp.Posterior(np.zeros(len(f)), prior)
    seen: list[int] = []
    values: list[float] = []
    regrets: list[float] = []
    for k, draw in enumerate(noises):
        at = int(initial[k]) if k < len(initial) else rule(law, seen, values, noise, rng)
        values.append(float(f[at] + noise**0.5 * draw))
        seen.append(at)
        law = bayesopt.observe(law.mean, law.covariance, at, values[-1], noise=noise)
        regrets.append(float(f.max() - f[np.argmax(law.mean)]))
    return regrets


def mean_error(values):
    """Mean and its standard error."""
    values = np.asarray(values)
    return float(values.mean()), float(values.std(ddof=1) / len(values) ** 0.5)
