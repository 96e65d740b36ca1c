"""A new node of the tree counts a visit that nobody has made, in its mean and in its bound."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="pyaptamer",
    link="https://github.com/gc-os-ai/pyaptamer/pull/484",
    date="2026-05-02",
    operation="deeparchitect.mcts",
    kind="wrong_constant",
)


class TreeNode:
    def __init__(self, low, high, depth, parent=None):
        self.low, self.high, self.depth = low, high, depth
        self.parent = parent
        self.exploitation_score = 0.0
        self.n_visits = 0  # was: self.n_visits = 1
        self.children = []

    def create_children(self, sizes, halves):
        depth, low, high = self.depth, self.low, self.high
        if high - low == 1:
            depth, low, high = depth + 1, 0, 1
            while depth < len(sizes) and sizes[depth] == 1:
                depth += 1
            if depth == len(sizes):
                return
            high = sizes[depth]
        middle = (low + high) // 2
        ends = [(low, middle), (middle, high)] if halves else [(i, i + 1) for i in range(low, high)]
        self.children = [TreeNode(*end, depth, self) for end in ends]

    def uct_score(self, c):
        if self.n_visits == 0:  # was:
            return np.inf  # was:
        exploration = np.sqrt(2 * np.log(self.parent.n_visits) / self.n_visits)
        return self.exploitation_score / self.n_visits + c * exploration

    def best_child(self, c, tie):
        scores = [child.uct_score(c) for child in self.children]
        best = [child for child, score in zip(self.children, scores, strict=True) if score == max(scores)]
        return best[int(tie * len(best))]

    def backpropagate(self, score):
        self.n_visits += 1
        self.exploitation_score += score
        if self.parent is not None:
            self.parent.backpropagate(score)


def run(root, sizes, table, c, ties, rolls, halves):
    node, taken, values = root, 0, dict.fromkeys(range(len(sizes)), 0)
    while node.children:
        node = node.best_child(c, ties[taken])
        taken += 1
        if node.high - node.low == 1:
            values[node.depth] = node.low
    node.create_children(sizes, halves)
    end = node
    while end.children:
        k = int(rolls[taken] * len(end.children))
        end = TreeNode(end.children[k].low, end.children[k].high, end.children[k].depth)
        taken += 1
        if end.high - end.low == 1:
            values[end.depth] = end.low
        end.create_children(sizes, halves)
    leaf = int(np.ravel_multi_index([values[i] for i in range(len(sizes))], sizes))
    node.backpropagate(table[leaf])
    return leaf


def answer(branching, scores, c, ties, rolls, tree):
    sizes = branching.tolist()
    root = TreeNode(0, 1, -1)
    leaves = [run(root, sizes, scores, c, *draws, tree == "bisected") for draws in zip(ties, rolls, strict=True)]
    children = root.children
    visits, sums = [child.n_visits for child in children], [child.exploitation_score for child in children]
    return np.array(leaves), np.array(visits), np.array(sums)
