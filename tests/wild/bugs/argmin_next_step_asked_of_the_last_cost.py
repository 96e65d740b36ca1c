"""The step is cut before its condition is looked at, which so sees the cost of one step and the length of the next."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import Model

BUG = Bug(
    project="argmin",
    link="https://github.com/argmin-rs/argmin/commit/16f372ce75a8171e886b4b1f5ee66eeac3009ae5",
    date="2021-12-03",
    operation="sso.search",
    kind="wrong_order",
    language="Rust",
)


class ArmijoCondition:
    def __init__(self, c):
        self.c = c

    def eval(self, cur_cost, init_cost, init_grad, search_direction, alpha):
        return cur_cost <= init_cost + self.c * alpha * (init_grad @ search_direction)


class BacktrackingLineSearch:
    def __init__(self, condition, rho):
        self.condition, self.rho = condition, rho

    def backtracking_step(self, op):
        self.step = self.alpha
        self.cost = op(self.init_param + self.step * self.search_direction)

    def terminate(self):
        return self.condition.eval(self.cost, self.init_cost, self.init_grad, self.search_direction, self.alpha)

    def run(self, op, init_param, init_grad, alpha, max_iters):
        self.init_param, self.init_grad, self.search_direction = init_param, init_grad, -init_grad
        self.init_cost, self.alpha = op(init_param), alpha
        self.backtracking_step(op)  # was:
        for _ in range(max_iters):
            # was: self.backtracking_step(op)
            # was: self.alpha = self.alpha * self.rho
            if self.terminate():
                break
            self.alpha = self.alpha * self.rho  # was:
            self.backtracking_step(op)  # was:
        return self.step


def answer(x, y, theta0, batches, start, ratio, inner_steps, loss, expand):
    model, theta = Model(x, y, loss), theta0
    solver = BacktrackingLineSearch(ArmijoCondition(0.5), 0.9)
    alpha = 1.8 * start if expand == "yes" else start
    etas, thetas = [], []
    for rows in batches:
        z = x[rows] @ theta
        gradient = model.slopes(z, rows)
        found = solver.run(lambda z, rows=rows: model.value(z, rows), z, gradient, alpha, 100)
        eta = min(max(found, 1e-4), 1e4)
        alpha = 1.8 * eta if expand == "yes" else start
        omega = theta
        for _ in range(inner_steps):
            omega = omega - ratio * eta * (x[rows].T @ (gradient + (x[rows] @ omega - z) / eta))
        theta = omega
        etas.append(eta)
        thetas.append(theta)
    return np.array(etas), np.stack(thetas)
