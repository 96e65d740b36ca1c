"""What dropout keeps is divided by the share that is dropped, where it is to be divided by the share that is kept."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="theanets",
    link="https://github.com/lmjohns3/theanets/pull/123",
    date="2016-03",
    operation="deeparchitect.dropout",
    kind="wrong_constant",
)


class BernoulliDropout:
    def __init__(self, weight):
        self.weight = weight  # share that is dropped

    def transform(self, values, uniform):
        if self.weight == 0:
            return values
        kept = uniform < 1 - self.weight
        return kept * values / (1 - self.weight)  # was: return kept * values / self.weight


def answer(x, u, keep, mode):
    return BernoulliDropout(1 - keep).transform(x, u) if mode == "training" else np.array(x)
