"""The proximal map has the whole penalty, while the gradient is divided by the Lipschitz constant."""

import numpy as np
import numpy.linalg as la

from tests.wild import Bug

BUG = Bug(
    project="group-lasso",
    link="https://github.com/yngvem/group-lasso/commit/14e3a98394211eaafeb3c1884909dbac4d0a65fd",
    date="2020-02-03",
    operation="lasso_mtrl.relevance_lasso",
    kind="wrong_scale",
)


class SparseRegression:
    def __init__(self, l1_reg, n_iter=20000, tol=1e-16):
        self.l1_reg, self.n_iter, self.tol = l1_reg, n_iter, tol

    def _scaled_prox(self, w):
        l1_reg = self.l1_reg / self.lipschitz_  # was: l1_reg = self.l1_reg
        return np.sign(w) * np.maximum(0, np.abs(w) - l1_reg)

    def _loss(self, w):
        return 0.5 * la.norm(self.X_ @ w - self.y_) ** 2 + self.l1_reg * la.norm(w, 1)

    def fit(self, X, y):
        self.X_, self.y_ = X, y
        self.lipschitz_ = la.norm(X, 2) ** 2 or 1.0
        w = point = np.zeros(X.shape[1])
        momentum = 1.0
        for _ in range(self.n_iter):
            new = self._scaled_prox(point - X.T @ (X @ point - y) / self.lipschitz_)
            if np.dot(point - new, new - w) > 0:
                momentum = 1.0
            following = 0.5 + 0.5 * np.sqrt(1 + 4 * momentum**2)
            step, w, previous = la.norm(new - w), new, w
            point = w + (momentum - 1) / following * (w - previous)
            momentum = following
            if max(step, la.norm(point - w)) <= self.tol * la.norm(w):
                break
        self.coef_ = w
        return self


def answer(W, w, lam):
    model = SparseRegression(lam).fit(W, w)
    return model.coef_, model._loss(model.coef_)
