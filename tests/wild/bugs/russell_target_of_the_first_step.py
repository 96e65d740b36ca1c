"""The bound that the loss has to reach is computed for the first step size and stays there while the step shrinks."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import Model

BUG = Bug(
    project="russell",
    language="Rust",
    link="https://github.com/cpmech/russell/pull/164",
    date="2026-05-21",
    operation="sso.search",
    kind="wrong_order",
)


class LineSearcher:
    def __init__(self, c1=0.5, rho=0.9, max_iterations=100):
        self.c1, self.rho, self.max_iterations = c1, rho, max_iterations

    def search(self, x, direction, fx, slope, alpha, f):
        # was: target = fx + self.c1 * alpha * slope
        for _n_iter in range(self.max_iterations):
            # right-hand side of the Armijo condition; slope < 0
            target = fx + self.c1 * alpha * slope  # was:
            x_new = x + alpha * direction
            if f(x_new) <= target:
                return alpha
            # reduce step size
            alpha *= self.rho
        return alpha


def search(model, rows, z, first):
    slopes = model.slopes(z, rows)
    f = lambda z: model.value(z, rows)
    return LineSearcher().search(z, -slopes, f(z), -(slopes @ slopes), first, f)


def answer(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    model, theta, last = Model(x, y, loss), theta0, None
    etas, thetas = [], []
    for rows in batches:
        z = x[rows] @ theta
        first = 1.8 * (start if last is None else last) if expand == "yes" else start
        last = min(max(search(model, rows, z, first), 1e-4), 1e4)
        slopes, omega = model.slopes(z, rows), theta
        for _ in range(inner_steps):
            pull = slopes + (x[rows] @ omega - z) / last
            omega = omega - ratio * last * (x[rows].T @ pull)
        theta = omega
        etas.append(last)
        thetas.append(theta)
    return np.array(etas), np.stack(thetas)
