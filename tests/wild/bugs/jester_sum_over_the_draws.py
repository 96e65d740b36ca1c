"""The likelihoods of the draws are summed and not divided by their number."""

import numpy as np
from scipy.special import logsumexp

from tests.wild import Bug

BUG = Bug(
    project="jester",
    link="https://github.com/nuclear-multimessenger-astronomy/jester/pull/77",
    date="2026-02-24",
    operation="scale_mixture_nngp.posterior_is",
    kind="missing_step",
)


class MassDensity:
    """Density of the targets for one draw of the scale."""

    def __init__(self, K, y):
        self.n, self.logdet = len(y), np.linalg.slogdet(K)[1]
        self.quadratic = y @ np.linalg.solve(K, y)

    def log_prob(self, s):
        return -0.5 * (self.quadratic / s + self.logdet + self.n * np.log(2 * np.pi * s))


class GWLikelihood:
    def __init__(self, density, log_ratios, N_masses_evaluation):
        self.density, self.log_ratios, self.N_masses_evaluation = density, log_ratios, N_masses_evaluation

    def process_sample(self, sample, log_ratio):
        return self.density.log_prob(sample) + log_ratio

    def evaluate(self, samples):
        pairs = zip(samples, self.log_ratios, strict=True)
        all_logprobs = np.array([self.process_sample(*pair) for pair in pairs])
        log_likelihood = logsumexp(all_logprobs)
        log_likelihood -= np.log(self.N_masses_evaluation)  # was:
        return all_logprobs, log_likelihood


def answer(K_tt, K_st, k_ss, y, points, s, log_ratios, eps):
    density = MassDensity(K_tt + eps * np.eye(len(y)), y)
    all_logprobs, log_likelihood = GWLikelihood(density, log_ratios, len(s)).evaluate(s)
    return {"weights": np.exp(all_logprobs - logsumexp(all_logprobs)), "log_evidence": log_likelihood}
