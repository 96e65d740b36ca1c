"""Before exponentials are taken the largest score is subtracted, also where a negative factor asks for the smallest."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="vowpal_wabbit",
    link="https://github.com/VowpalWabbit/vowpal_wabbit/pull/2088",
    date="2019-10",
    operation="dga.mirror_step",
    kind="numerics",
    language="C++",
)


def generate_softmax(lam, scores, pmf):
    largest = max(scores) if lam > 0 else min(scores)  # was: largest = max(scores)
    norm = 0.0
    for i, score in enumerate(scores):
        pmf[i] *= np.exp(lam * (score - largest))
        norm += pmf[i]
    for i in range(len(pmf)):
        pmf[i] /= norm


def answer(alpha, scores, eta, floor):
    pmf, costs = [np.float64(x) for x in alpha], [-np.float64(x) for x in scores]
    with np.errstate(all="ignore"):
        generate_softmax(-np.float64(eta), costs, pmf)  # the least cost is the best action
    return (1 - len(pmf) * floor) * np.array(pmf) + floor
