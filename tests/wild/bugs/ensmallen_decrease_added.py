"""The decrease that a step has to bring is added to the loss and not subtracted, so a step may climb."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import Model

BUG = Bug(
    project="ensmallen",
    language="C++",
    link="https://github.com/mlpack/ensmallen/commit/f9ab31cc5118d2b513f1335a615f4ed7ede862a9",
    date="2019-03-09",
    operation="sso.search",
    kind="wrong_sign",
)


class BacktrackingLineSearch:
    def __init__(self, backtrack_step_size=0.9, search_parameter=0.5, max_cuts=100):
        self.backtrack_step_size = backtrack_step_size
        self.search_parameter = search_parameter
        self.max_cuts = max_cuts

    def backtracking(self, function, step_size, iterate, gradient, gradient_norm):
        overall_objective = function(iterate)
        for _ in range(self.max_cuts):
            overall_objective_update = function(iterate - step_size * gradient)
            # was: bound = overall_objective + self.search_parameter * step_size * gradient_norm
            bound = overall_objective - self.search_parameter * step_size * gradient_norm  # was:
            if not overall_objective_update > bound:
                break
            step_size *= self.backtrack_step_size
        return step_size


def search(model, rows, z, first):
    gradient = model.slopes(z, rows)
    policy = BacktrackingLineSearch()
    return policy.backtracking(lambda z: model.value(z, rows), first, z, gradient, gradient @ gradient)


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
