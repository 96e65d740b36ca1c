"""Point and direction change places in the call of the condition, which is so asked from elsewhere."""

import numpy as np

from tests.wild import Bug
from tests.wild.around import Model

BUG = Bug(
    project="optimization (Haskell)",
    language="Haskell",
    link="https://github.com/bgamari/optimization/pull/11",
    date="2020-06-23",
    operation="sso.search",
    kind="wrong_order",
)


def armijo(c1, f, df, x, p, a):
    """Whether the step a along p brings enough."""
    return f(x + a * p) <= f(x) + c1 * a * (df(x) @ p)


def backtracking_search(gamma, alpha, pred, cuts):
    for _ in range(cuts):
        if pred(alpha):
            break
        alpha *= gamma
    return alpha


def guarded_search(gamma, alpha, c1, f, df, p, x):
    guarded = lambda a: armijo(c1, f, df, x, p, a)  # was: guarded = lambda a: armijo(c1, f, df, p, x, a)
    return backtracking_search(gamma, alpha, guarded, 100)


def search(model, rows, z, first):
    f, df = lambda z: model.value(z, rows), lambda z: model.slopes(z, rows)
    return guarded_search(0.9, first, 0.5, f, df, -df(z), z)


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
