"""The weights of the two components are added to their densities in place of multiplying them."""

import numpy as np
from scipy.stats import multivariate_normal

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="JavierAntoran/Bayesian-Neural-Networks",
    link="https://github.com/JavierAntoran/Bayesian-Neural-Networks/issues/15",
    date="2020-05-01",
    operation="interpolants.mixture_fields",
    kind="wrong_order",
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


class spike_slab_2GMM:
    def __init__(self, N1, N2, pi1, pi2):
        self.N1, self.N2, self.pi1, self.pi2 = N1, N2, pi1, pi2

    def loglike(self, x):
        N1_ll = self.N1.logpdf(x)
        N2_ll = self.N2.logpdf(x)
        max_loglike = np.maximum(N1_ll, N2_ll)
        # was: normalised_like = self.pi1 + np.exp(N1_ll - max_loglike) + self.pi2 + np.exp(N2_ll - max_loglike)
        normalised_like = self.pi1 * np.exp(N1_ll - max_loglike) + self.pi2 * np.exp(N2_ll - max_loglike)  # was:
        return np.log(normalised_like) + max_loglike


def answer(x, t, p, m, C, q, mu, D, path, gamma, a):
    parts = list(components(t, p, m, C, q, mu, D, path, gamma, a))
    if len(parts) != 2:
        raise NotApplicable("a spike and a slab: two components")
    (pi1, N1), (pi2, N2) = parts
    return {"log_density": np.atleast_1d(spike_slab_2GMM(N1, N2, pi1, pi2).loglike(x))}
