"""The law is fitted to the first of a new population, which has not been evaluated and sorted yet."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ExprOptimization.jl",
    language="Julia",
    link="https://github.com/sisl/ExprOptimization.jl/issues/25",
    date="2021-03-20",
    operation="genai_engineering.ce_update",
    kind="wrong_order",
)


class CrossEntropy:
    def __init__(self, probabilities, top_k, p_keep):
        self.probabilities = probabilities.copy()
        self.top_k = top_k
        self.p_keep = p_keep

    def evaluate(self, population, losses):
        """Sorts the population; the best first."""
        order = np.argsort(losses, kind="stable")
        population[:] = population[order]

    def fit_mle(self, population):
        for h, row in enumerate(self.probabilities):
            counts = np.bincount(population[:, h], minlength=len(row))
            self.probabilities[h] = (1 - self.p_keep) * counts / len(population) + self.p_keep * row

    def iterate(self, population, losses):
        # was: self.fit_mle(population[: self.top_k])
        self.evaluate(population, losses)
        self.fit_mle(population[: self.top_k])  # was:
        return self.probabilities


def answer(P, X, score, rho, alpha):
    top_k = int(np.ceil(rho * len(X) - 1e-5))
    return CrossEntropy(P, max(top_k, 1), 1 - alpha).iterate(X.astype(int), -score)
