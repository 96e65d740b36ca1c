"""An item of weight 0 is picked where the draw equals the running weight, which it does at 0."""

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ox_lib",
    link="https://github.com/overextended/ox_lib/pull/760",
    date="2026-05-01",
    operation="wta_crs.estimate",
    kind="wrong_order",
    language="Lua",
)


class Selector:
    def __init__(self, items):
        self.items = items
        self.total = sum(weight for weight, _ in items)

    def random_weighted(self, u):
        random_weight, cumulative = u * self.total, 0.0
        for weight, item in self.items:
            cumulative = cumulative + weight
            if random_weight < cumulative:  # was: if random_weight <= cumulative:
                return item
        return [item for weight, item in self.items if weight > 0][-1]


def answer(X, Y, u, kind):
    k, m = len(u), len(Y)
    sizes = np.array([np.hypot.reduce(X[:, i]) * np.hypot.reduce(Y[i]) for i in range(m)])
    p = sizes / sizes.sum() if sizes.any() else np.full(m, 1 / m)
    order = sorted(range(m), key=lambda i: -p[i])
    if k >= m:
        return X @ Y
    winners = order[:k] if kind == "topk" else []
    if kind == "wta":
        scores = [sum(p[order[c:]]) / (k - c) for c in range(k)]
        winners = order[: scores.index(min(scores))]
    product = X[:, winners] @ Y[winners]
    draws = k - len(winners)
    items = [(0.0 if i in winners else p[i], i) for i in range(m)]
    selector = Selector(items)
    if draws and selector.total > 0:
        for x in u[:draws]:
            i = selector.random_weighted(x)
            product = product + selector.total / (draws * p[i]) * np.outer(X[:, i], Y[i])
    return product
