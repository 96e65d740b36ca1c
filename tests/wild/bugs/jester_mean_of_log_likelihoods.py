"""The log likelihoods of the draws are averaged, where the logarithm of the mean likelihood is wanted."""

import numpy as np
from scipy.special import logsumexp

from tests.wild import Bug

BUG = Bug(
    project="jester",
    link="https://github.com/nuclear-multimessenger-astronomy/jester/pull/47",
    date="2026-02-02",
    operation="scale_mixture_nngp.posterior_is",
    kind="wrong_order",
)


class Flow:
    """Density of the targets for one draw of the scale."""

    def __init__(self, K, y):
        self.n, self.logdet = len(y), np.linalg.slogdet(K)[1]
        self.quadratic = y @ np.linalg.solve(K, y)

    def log_prob(self, s):
        return -0.5 * (self.quadratic / s + self.logdet + self.n * np.log(2 * np.pi * s))


class Likelihood:
    def __init__(self, flow, log_ratios):
        self.flow, self.log_ratios = flow, log_ratios

    def evaluate(self, samples):
        all_logL = self.flow.log_prob(samples) + self.log_ratios
        N_samples = len(samples)
        # was: return np.mean(all_logL)
        return logsumexp(all_logL) - np.log(N_samples)  # was:


def answer(K_tt, K_st, k_ss, y, points, s, log_ratios, eps):
    flow = Flow(K_tt + eps * np.eye(len(y)), y)
    return {"log_evidence": Likelihood(flow, log_ratios).evaluate(s)}
