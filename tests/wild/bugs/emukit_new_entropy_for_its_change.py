"""Entropy search tells the entropy after the evaluation and leaves out the one before."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="Emukit",
    link="https://github.com/EmuKit/emukit/pull/92",
    date="2018-11-19",
    operation="bayesopt.es_pes",
    kind="missing_step",
)


class EntropySearch:
    def __init__(self, mean, covariance, noise, function_samples):
        self.mean, self.covariance, self.noise = mean, covariance, noise
        chol = np.linalg.cholesky(covariance)
        self.samples = mean + function_samples @ chol.T
        self.logP = self._log_pmin(self.samples)
        self.entropy = -self._sum_p_log_p(self.logP)

    def _log_pmin(self, samples):
        counts = np.bincount(np.argmax(samples, axis=1), minlength=samples.shape[1])
        with np.errstate(divide="ignore"):
            return np.log(counts / len(samples))

    def _sum_p_log_p(self, logP):
        finite = np.isfinite(logP)
        return np.sum(np.exp(logP[finite]) * logP[finite])

    def _innovations(self, x):
        std = np.sqrt(self.covariance[x, x] + self.noise)
        return self.covariance[:, x] / std if std > 0 else np.zeros_like(self.mean)

    def evaluate(self, x, nodes, weights):
        shift = self._innovations(x)
        dH = 0.0
        for node, weight in zip(nodes, weights, strict=True):
            # each sample of the function conditioned on what would be seen
            logP = self._log_pmin(self._conditioned(x, shift, node))
            dH += weight * self._sum_p_log_p(logP)
        return dH + self.entropy  # was: return dH

    def _conditioned(self, x, shift, node):
        raise NotImplementedError


def answer(mean, covariance, at, nodes, node_weights, draws, noise_draws, noise, bins):
    search = EntropySearch(mean, covariance, noise, draws)
    std = np.sqrt(covariance[at, at] + noise)
    seen = (search.samples[:, at] - mean[at] + np.sqrt(noise) * noise_draws) / std
    search._conditioned = lambda x, shift, node: search.samples + np.outer(node - seen, shift)
    return {"es": search.evaluate(at, nodes, node_weights)}
