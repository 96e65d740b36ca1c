"""A second cost matrix finds the stars of the first in the mask, so that the first assignment comes again."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="gosl",
    language="Go",
    link="https://github.com/cpmech/gosl/commit/87fefa41a78a231022b4e7cfa9b3775668b4c207",
    date="2015-11-18",
    operation="weight_matching.match",
    kind="missing_step",
)

NONE, STAR, PRIM = 0, 1, 2


class Munkres:
    def __init__(self, n):
        self.n = n
        self.M = np.full((n, n), NONE)
        self.row_covered = np.zeros(n, bool)
        self.col_covered = np.zeros(n, bool)

    def set_cost_matrix(self, C):
        if not np.isfinite(C).all():
            raise ValueError("cannot set cost matrix because of NaN")
        self.C = C.copy()
        self.M[:] = NONE  # was:
        self.row_covered[:] = False  # was:
        self.col_covered[:] = False  # was:

    def run(self):
        self.C -= self.C.min(axis=1, keepdims=True)
        for i, j in np.argwhere(self.C == 0):
            if not self.row_covered[i] and not self.col_covered[j]:
                self.M[i, j] = STAR
                self.row_covered[i] = self.col_covered[j] = True
        self.uncover()
        while True:
            self.col_covered |= (self.M == STAR).any(axis=0)
            if self.col_covered.all():
                return np.array([np.flatnonzero(row == STAR)[0] for row in self.M])
            self.augment(*self.prime())

    def uncover(self):
        self.row_covered[:] = False
        self.col_covered[:] = False

    def prime(self):
        while True:
            free = ~self.row_covered[:, None] & ~self.col_covered
            zeros = np.argwhere(free & (self.C == 0))
            if len(zeros) == 0:
                xmin = self.C[free].min()
                self.C[self.row_covered] += xmin
                self.C[:, ~self.col_covered] -= xmin
                continue
            row, col = zeros[0]
            self.M[row, col] = PRIM
            starred = np.flatnonzero(self.M[row] == STAR)
            if len(starred) == 0:
                return row, col
            self.row_covered[row], self.col_covered[starred[0]] = True, False

    def augment(self, row, col):
        path = [(row, col)]
        while len(starred := np.flatnonzero(self.M[:, path[-1][1]] == STAR)):
            path.append((starred[0], path[-1][1]))
            path.append((path[-1][0], np.flatnonzero(self.M[path[-1][0]] == PRIM)[0]))
        for place in path:
            self.M[place] = NONE if self.M[place] == STAR else STAR
        self.uncover()
        self.M[self.M == PRIM] = NONE


def answer(W1, b1, W2, b2, W3, b3, p1, p2, orders):
    p, solvers = [p1, p2], [Munkres(len(p1)), Munkres(len(p2))]
    own = [W1[0].T @ W1[1] + np.outer(b1[0], b1[1]), np.outer(b2[0], b2[1]) + W3[0] @ W3[1].T]

    def worth():
        middle = (W2[0] * W2[1][p[0]][:, p[1]]).sum() + b3[0] @ b3[1]
        return middle + sum(own[k][np.arange(len(p[k])), p[k]].sum() for k in (0, 1))

    objective = np.zeros(orders.shape)
    last, ended = worth(), False
    for t, order in enumerate(orders):
        if ended:
            objective[t] = last
            continue
        ended = True
        for v, k in enumerate(order):
            between = W2[0] @ W2[1][:, p[1]].T if k == 0 else W2[0].T @ W2[1][p[0]]
            scores = own[k] + between
            solvers[k].set_cost_matrix(scores.max() - scores)
            p[k] = solvers[k].run()
            objective[t, v] = worth()
            ended = ended and objective[t, v] - last <= 1e-12
            last = objective[t, v]
    return p[0], p[1], objective
