"""Unknown relevance: C3, C8."""

import numpy as np

from refimpl.convex import lasso_mtrl
from refimpl.specs.base import Outcome, at_most, reported
from refimpl.specs.convex.lasso_mtrl.claims.common import BLUE, GREEN, GREY, ORANGE, Instance, K, T

EXPLORE, FLOOR, N = 60, 60, 12_000
NAMES = ("L1, exploration free", "L2, exploration free", "L1", "L2", "uniform", "known L1")


def strategies(kind, instances, *names):
    """Excess risks [instances, 6] in the order of `NAMES`, and by how much the Lasso misses the least norm."""
    rows, norms = [], []
    for i in range(instances):
        one, row = Instance(kind, *names, i), []
        first = lasso_mtrl.drawn(one.sample, np.full(T, EXPLORE))
        few = one.X[:2000], one.y[:2000]
        nus = [lasso_mtrl.estimate(first, *few, k=K, p=p) for p in (1, 2)]
        for budget in (N, N - T * EXPLORE):
            row += [one.representation(nu, p, N=budget, floor=FLOOR) for nu, p in zip(nus, (1, 2), strict=True)]
        row += [one.representation(*one.relevance(name), N=N, floor=FLOOR) for name in ("uniform", "L1")]
        rows.append([one.risk(B) for B in row])
        norms.append(np.sum(np.abs(nus[0])) / np.sum(np.abs(one.relevance("L1")[0])))
    return np.array(rows), np.mean(norms)


def _bars(sets, title):
    """Mean excess risk of each strategy, a dot for each set of instances; the bound of L1 over uniform."""

    def plot(figure):
        axes = figure.subplots()
        colors = (ORANGE, BLUE, ORANGE, BLUE, GREY, GREEN)
        means = np.array([rows.mean(axis=0) for rows in sets])
        for i, color in enumerate(colors):
            axes.barh(i, means[:, i].mean(), color=color, alpha=0.4 if i < 2 else 0.9)
            axes.plot(means[:, i], np.full(len(sets), i), ".", color="black")
        axes.set_yticks(range(6), NAMES)
        axes.plot([0.8 * means[:, 4].mean()] * 2, [1.5, 2.5], ":", color="black", label="bound: 0.8 of uniform")
        axes.legend(frameon=False)
        axes.invert_yaxis()
        axes.set(xlabel="mean excess risk", title=title)

    return plot


def estimated(seed, sets=3, instances=20):
    """A target that is one source head."""
    found = [strategies("one", instances, seed, "lasso_mtrl.C3", s) for s in range(sets)]
    means = np.array([rows.mean(axis=0) for rows, _ in found])
    free1, free2, l1, l2, uniform, known = means.T
    geometric = lambda ratio: float(np.exp(np.mean(np.log(ratio))))
    return Outcome(
        [
            at_most("exploration free, worst of 3 sets: L1 / known L1", np.max(free1 / known), 2.0),
            at_most("exploration free, worst of 3 sets: L1 / L2", np.max(free1 / free2), 0.85),
            at_most("exploration free, worst of 3 sets: L1 / uniform", np.max(free1 / uniform), 0.6),
            at_most("exploration charged, worst of 3 sets: L1 / uniform", np.max(l1 / uniform), 0.8),
            at_most("exploration charged, geometric mean: L1 / L2", geometric(l1 / l2), 0.85),
            reported("exploration charged, geometric mean: L1 / known L1", geometric(l1 / known)),
            reported("1-norm of the estimate over the least one", np.mean([norm for _, norm in found])),
        ],
        _bars([rows for rows, _ in found], "One source head: estimating the relevance costs most of the gain"),
        "Three sets of 20 instances; 60 samples of each task explore, 3,600 of 12,000; 2,000 target samples for the "
        "estimate, 20,000 for the last fit. Free: the 3,600 come on top. Dots: sets.",
    )


def estimated_generic(seed, instances=20):
    """A target with a direction of its own."""
    rows, norm = strategies("generic", instances, seed, "lasso_mtrl.C8")
    free1, free2, l1, l2, uniform, known = rows.mean(axis=0)
    return Outcome(
        [
            at_most("exploration charged: L1 / uniform", l1 / uniform, 0.8),
            at_most("exploration charged: L1 / L2", l1 / l2, 0.85),
            reported("exploration charged: L1 / known L1", l1 / known),
            reported("exploration free: L1 / uniform", free1 / uniform),
            reported("exploration free: L1 / L2", free1 / free2),
            reported("1-norm of the estimate over the least one", norm),
        ],
        _bars([rows], "Generic target: at most a slight gain is left"),
        "Twenty instances, as in C3. The bounds are those of C3.",
    )
