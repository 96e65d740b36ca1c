"""A step of BO-REP on hyper-cleaning, beside SOBA written as in benchopt's benchmark, and what its own part costs."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.nested import _bo_rep_baselines as baselines
from refimpl.nested import _bo_rep_models as models
from refimpl.nested import bo_rep
from refimpl.problems import hyper_cleaning

SAMPLES, FEATURES, CLASSES, BATCH = 20_000, 400, 10, 256


def problem(samples, batch):
    """Random samples with labels, one batch for everything, and a point."""
    rng = stream(0, "bo_rep-benchmark")
    train, labels = rng.standard_normal((samples, FEATURES)), rng.integers(0, CLASSES, samples)
    data = hyper_cleaning.CleaningData(train, labels, None, train, labels, None, None)
    w = 0.1 * rng.standard_normal((FEATURES, CLASSES))
    return data, rng.standard_normal(samples), w, rng.integers(0, samples, batch)


def oracles(samples, batch):
    """The problem as BO-REP asks for it."""
    data, lam, w, rows = problem(samples, batch)
    same = lambda k: rows
    names = "lower_batches", "upper_batches", "hvp_batches", "cross_batches"
    return lam, w, *models.cleaning(data, reg=0.01, **dict.fromkeys(names, same))


def ours(samples, batch):
    """One step with I = N = 1: a lower sample, a gradient of f, two products, the update."""
    lam, w, lower, upper = oracles(samples, batch)
    last = [lam, bo_rep.init(lam, w)]

    def step():
        x, state = last
        y = bo_rep.lower_update(state.y, lambda w, t: lower(x, w, t), steps=1, alpha=0.01, radius=1.0)
        last[:] = bo_rep.update(x, state._replace(y=y), upper(x, y, 0), eta=0.01)

    return step


def rule_alone(samples, batch):
    """The update, its derivatives given."""
    lam, w, _, upper = oracles(samples, batch)
    at, state = upper(lam, w, 0), bo_rep.init(lam, w)
    product, crossed = at.hvp(w), at.cross(w)
    given = at._replace(hvp=lambda z: product, cross=lambda z: crossed)
    return lambda: bo_rep.update(lam, state, given, eta=0.01)


def soba(samples, batch):
    """Our SOBA on the same parts."""
    lam, w, lower, upper = oracles(samples, batch)
    last = [lam, bo_rep.init(lam, w)]

    def step():
        x, state = last
        grad = lower(x, state.y, 0)
        last[:] = baselines.ma_soba(x, state, upper(x, state.y, 0), grad, lr=0.01, nu=0.01, alpha=0.01)

    return step


def plain_soba(samples, batch):
    """SOBA by hand, in place and without checks: the softmax at the batch is shared by all four derivatives.

    The order of its moves is that of benchopt's benchmark of bilevel methods: all three from the old point.
    """
    data, lam, w, rows = problem(samples, batch)
    x, labels, every = data.train, data.labels, np.arange(batch)
    z = np.zeros_like(w)

    def step():
        images = x[rows]
        logits = images @ w
        chance = np.exp(logits - logits.max(axis=1, keepdims=True))
        chance /= chance.sum(axis=1, keepdims=True)
        residual = chance.copy()
        residual[every, labels[rows]] -= 1
        share = 1 / (1 + np.exp(-lam[rows]))
        along = images @ z
        bent = chance * (along - (chance * along).sum(axis=1, keepdims=True))
        lower = images.T @ (share[:, None] * residual) / batch + 0.01 * w
        curved = images.T @ (share[:, None] * bent) / batch + 0.01 * z
        clean = images.T @ residual / batch
        crossed = share * (1 - share) * (residual * along).sum(axis=1) / batch
        np.add.at(lam, rows, 0.01 * crossed)
        w[...] -= 0.01 * lower
        z[...] -= 0.01 * (curved - clean)

    return step


def run():
    size = SAMPLES, BATCH
    steps = {
        "BO-REP, I = N = 1": ours(*size),
        "BO-REP, the update alone": rule_alone(*size),
        "SOBA": soba(*size),
        "SOBA by hand in NumPy": plain_soba(*size),
    }
    moved = 8 * BATCH * FEATURES * 2  # the batch, read once and written once
    return [
        _measure.Workload(
            f"hyper-cleaning, {SAMPLES:,} samples, {FEATURES} features, {CLASSES} classes, batches of {BATCH}, float64",
            [*_measure.rows(steps, 15), _measure.limit(moved, "the batch written and read")],
            [_measure.growth("B", [256, 512, 1024, 2048], lambda b: ours(SAMPLES, b), 1.0)],
            "By hand all derivatives share one batch and one softmax, and lam is written in place; ours takes each "
            "derivative of its own samples, as the method asks, and makes new arrays of all n weights.",
        )
    ]
