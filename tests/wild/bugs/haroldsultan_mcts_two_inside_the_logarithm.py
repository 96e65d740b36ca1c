"""The 2 of the bound multiplies the visits of the node inside of the logarithm, not the logarithm."""

import math

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="haroldsultan/MCTS",
    link="https://github.com/haroldsultan/MCTS/issues/2",
    date="2017-10-26",
    operation="deeparchitect.uct_select",
    kind="wrong_constant",
)


class Node:
    def __init__(self, visits, reward):
        self.visits, self.reward = visits, reward
        self.children = []


def score(node, c, scalar):
    if c.visits == 0:
        return math.inf
    exploit = c.reward / c.visits
    # was: explore = math.sqrt(math.log(2.0 * node.visits) / float(c.visits))
    explore = math.sqrt(2.0 * math.log(node.visits) / float(c.visits))  # was:
    return exploit + scalar * explore


def best_child(node, scalar, random):
    bestscore, bestchildren, scores = -math.inf, [], []
    for i, c in enumerate(node.children):
        s = score(node, c, scalar)
        scores.append(s)
        if s == bestscore:
            bestchildren.append(i)
        if s > bestscore:
            bestchildren = [i]
            bestscore = s
    return scores, bestchildren[int(random * len(bestchildren))]


def answer(visits, sums, parent, c, r):
    node = Node(int(parent), float(sums.sum()))
    node.children = [Node(int(n), float(total)) for n, total in zip(visits, sums, strict=True)]
    scores, index = best_child(node, c, r)
    return np.array(scores), index
