"""The factor of the item steps along the factor of the user that has already been moved."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="matrix-factorization-in-python",
    link="https://github.com/albertauyeung/matrix-factorization-in-python/pull/3",
    date="2018-12-12",
    operation="opposing_signals.valley",
    kind="wrong_order",
)


class MF:
    """With one user and one item, whose rating is 0."""

    def __init__(self, R, P, Q, alpha):
        self.R, self.P, self.Q, self.alpha = R, P.copy(), Q.copy(), alpha
        self.num_users, self.num_items = R.shape
        self.samples = [(i, j, R[i, j]) for i in range(self.num_users) for j in range(self.num_items)]

    def get_rating(self, i, j):
        return self.P[i, :].dot(self.Q[j, :].T)

    def sgd(self):
        for i, j, r in self.samples:
            prediction = self.get_rating(i, j)
            e = r - prediction

            # create copy of row of P since we need to update it but use older values for update on Q
            P_i = self.P[i, :].copy()  # was:

            self.P[i, :] += self.alpha * e * self.Q[j, :]
            self.Q[j, :] += self.alpha * e * P_i  # was: self.Q[j, :] += self.alpha * e * self.P[i, :]


def answer(c0, s0, alpha, eta, steps):
    cs, ss = np.zeros((steps, len(c0))), np.zeros((steps, len(s0)))
    for d in range(len(c0)):
        model = MF(np.zeros((1, 1)), c0[d].reshape(1, 1), s0[d].reshape(1, 1), eta * alpha)
        for t in range(steps):
            model.sgd()
            cs[t, d], ss[t, d] = model.P[0, 0], model.Q[0, 0]
    return cs, ss
