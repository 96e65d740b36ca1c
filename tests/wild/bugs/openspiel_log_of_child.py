"""The bonus of a child takes the logarithm of its own visits, where it is of those of the parent."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="OpenSpiel",
    link="https://github.com/google-deepmind/open_spiel/issues/19",
    date="2019-09",
    operation="deeparchitect.uct_select",
    kind="wrong_constant",
)


class SearchNode:
    def __init__(self, explore_count, total_reward):
        self.explore_count = explore_count
        self.total_reward = total_reward

    def uct_value(self, parent_explore_count, uct_c):
        if self.explore_count == 0:
            return math.inf
        exploit = self.total_reward / self.explore_count
        n = parent_explore_count  # was: n = self.explore_count
        return exploit + uct_c * math.sqrt(math.log(n) / self.explore_count)


def answer(visits, sums, parent, c, r):
    children = [SearchNode(int(n), float(total)) for n, total in zip(visits, sums, strict=True)]
    values = [child.uct_value(parent, math.sqrt(2) * c) for child in children]
    top = max(values)
    best = [i for i, value in enumerate(values) if value == top]
    return np.array(values), best[int(r * len(best))]
