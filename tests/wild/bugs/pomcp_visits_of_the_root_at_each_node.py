"""At every node of the tree the bound takes the visits of the root for those of the node."""

from math import inf, log, sqrt

import numpy as np

from refimpl.oracle.candidates import NotApplicable
from tests.wild import Bug

BUG = Bug(
    project="GeorgePik/POMCP",
    link="https://github.com/GeorgePik/POMCP/issues/2",
    date="2018-09-29",
    operation="deeparchitect.mcts",
    kind="wrong_order",
)

ROOT = -1


def UCB(N, n, V, c):
    if n == 0:
        return inf
    return V / n + c * sqrt(2 * log(N) / n)


class Tree:
    """Nodes by number: [children, visits, sum of values]."""

    def __init__(self):
        self.nodes = {ROOT: [[], 0, 0.0]}

    def expand(self, h, actions):
        for _ in range(actions):
            child = len(self.nodes)
            self.nodes[child] = [[], 0, 0.0]
            self.nodes[h][0].append(child)


def search_best(tree, h, c, tie):
    # was: N = tree.nodes[ROOT][1]
    N = tree.nodes[h][1]  # was:
    values = [UCB(N, *tree.nodes[child][1:], c) for child in tree.nodes[h][0]]
    best = [i for i, value in enumerate(values) if value == max(values)]
    return best[int(tie * len(best))]


def simulate(tree, sizes, table, c, ties, rolls):
    h, history, chosen = ROOT, [ROOT], []
    while tree.nodes[h][0]:
        a = search_best(tree, h, c, ties[len(chosen)])
        chosen.append(a)
        h = tree.nodes[h][0][a]
        history.append(h)
    if len(chosen) < len(sizes):
        tree.expand(h, sizes[len(chosen)])
    while len(chosen) < len(sizes):
        chosen.append(int(rolls[len(chosen)] * sizes[len(chosen)]))
    leaf = int(np.ravel_multi_index(chosen, sizes)) if sizes else 0
    for h in history:
        tree.nodes[h][1] += 1
        tree.nodes[h][2] += table[leaf]
    return leaf


def answer(branching, scores, c, ties, rolls, tree):
    sizes, table = branching.tolist(), scores.tolist()
    if tree == "bisected" or min(sizes) < 2:
        raise NotApplicable("whole choices, none of them with one value alone")
    nodes = Tree()
    leaves = [simulate(nodes, sizes, table, c, *draws) for draws in zip(ties, rolls, strict=True)]
    children = [nodes.nodes[child] for child in nodes.nodes[ROOT][0]]
    return np.array(leaves), np.array([n for _, n, _ in children]), np.array([total for _, _, total in children])
