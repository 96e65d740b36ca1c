"""A step that fails is not taken back: the next, shorter one is tried from where the failed one has led."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import Model

BUG = Bug(
    project="russell",
    language="Rust",
    link="https://github.com/cpmech/russell/pull/166",
    date="2026-05-21",
    operation="sso.search",
    kind="wrong_order",
)


class NewtonSolver:
    def __init__(self, c1=0.5, reduction=0.9, max_trials=100):
        self.c1, self.reduction, self.max_trials = c1, reduction, max_trials

    def line_search(self, x, p, phi, slope, alpha):
        phi_base = phi(x)
        x_base = x.copy()
        for _ in range(self.max_trials):
            for i in range(len(x)):
                x[i] = x_base[i] + alpha * p[i]  # was: x[i] = x[i] + alpha * p[i]
            phi_new = phi(x)
            if phi_new <= phi_base + self.c1 * alpha * slope:
                break
            alpha *= self.reduction
        return alpha


def search(model, rows, z, first):
    slopes = model.slopes(z, rows)
    phi = lambda z: model.value(z, rows)
    return NewtonSolver().line_search(z.copy(), -slopes, phi, -(slopes @ slopes), first)


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
