"""The densities of the proposal have the wrong signs in the ratio, and the way back is asked of the way there."""

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="Breeze",
    language="Scala",
    link="https://github.com/scalanlp/breeze/pull/614",
    date="2017-01-03",
    operation="srrw.base_chain",
    kind="wrong_sign",
)


class Neighbours:
    """The uniform law on the neighbours of a node."""

    def __init__(self, row):
        self.support = np.flatnonzero(row)

    def log_pdf(self, node):
        return -np.log(len(self.support)) if node in self.support else -np.inf


def metropolis_hastings(proposal, log_measure):
    def kernel(t):
        """Where the chain goes from t, and with what probability."""
        prop, law = proposal(t), {t: 1.0}
        for following in prop.support:
            new_ll, old_ll = log_measure(following), log_measure(t)
            new_p = prop.log_pdf(following)
            old_p = proposal(following).log_pdf(t)  # was: old_p = prop.log_pdf(t)
            # was: a = min(1.0, np.exp(new_ll + new_p - old_ll - old_p))
            a = min(1.0, np.exp(new_ll - new_p - old_ll + old_p))  # was:
            law[following] = np.exp(new_p) * a
            law[t] -= law[following]
        return law

    return kernel


def answer(adjacency, kind):
    if kind != "metropolis":
        raise NotApplicable("a kernel that accepts or rejects")
    n = len(adjacency)
    kernel = metropolis_hastings(lambda t: Neighbours(adjacency[t]), lambda node: -np.log(n))
    P = np.zeros((n, n))
    for t in range(n):
        for node, probability in kernel(t).items():
            P[t, node] = max(probability, 0.0)
    return P, np.full(n, 1 / n)
