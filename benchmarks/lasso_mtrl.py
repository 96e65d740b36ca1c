"""The Lasso of active multi-task learning beside scikit-learn's, and the fit of the representation."""

import warnings

import numpy as np

from benchmarks import _measure
from refimpl.convex import _lasso_mtrl_models as models
from refimpl.convex import lasso_mtrl
from refimpl.core.random import stream

ROWS, TASKS, SHARE = 6, 60, 0.05
INPUTS, SAMPLES = 20, 12_000


def heads(k, T):
    """Heads, a target, and the penalty."""
    rng = stream(0, "lasso_mtrl-benchmark", k, T)
    W, w = rng.standard_normal((k, T)), rng.standard_normal(k)
    return W, w, SHARE * np.abs(W.T @ w).max()


def ours(k, T):
    """Until a sweep moves no coefficient by more than 1e-8 of the largest."""
    W, w, lam = heads(k, T)
    return lambda: lasso_mtrl.relevance_lasso(W, w, lam=lam, tol=1e-8)


def a_sweep(T):
    """One sweep over all tasks."""
    W, w, lam = heads(ROWS, T)
    nu = np.zeros(T)
    return lambda: lasso_mtrl.sweep(W, w, nu, lam=lam)


def scikit_learn(k, T):
    """Compiled coordinate descent, to a duality gap that leaves about the same error."""
    from sklearn.linear_model import Lasso

    W, w, lam = heads(k, T)
    model = Lasso(alpha=lam / k, fit_intercept=False, tol=1e-12, max_iter=100_000)

    def fit():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return model.fit(W, w)

    return fit


def data(d, T, N):
    """Statistics of as many samples of each task."""
    rng = stream(0, "lasso_mtrl-benchmark", "data")
    tasks = models.draw(rng, d=d, k=ROWS, T=T, like=np.zeros(1))
    return lasso_mtrl.drawn(models.sampler(rng, tasks), np.full(T, N // T))


def a_round(d, T, N=SAMPLES):
    """One round of alternating least squares."""
    found = data(d, T, N)
    B = lasso_mtrl.spectral_start(found, k=ROWS)
    return lambda: lasso_mtrl.improve(B, found)


def stacked(d, T, N=SAMPLES):
    """The same by NumPy's least squares on all samples: heads task by task, then the design of rows w_t (x) x."""
    rng = stream(0, "lasso_mtrl-benchmark", "data")
    tasks, n = models.draw(rng, d=d, k=ROWS, T=T, like=np.zeros(1)), np.full(T, N // T)
    X, y = models.sampler(rng, tasks)(n)
    B, parts = lasso_mtrl.spectral_start(lasso_mtrl.statistics(X, y, n), k=ROWS), np.split(np.arange(len(X)), T)

    def step():
        W = np.stack([np.linalg.lstsq(X[rows] @ B, y[rows], rcond=None)[0] for rows in parts])
        design = (np.repeat(W, n, axis=0)[:, :, None] * X[:, None, :]).reshape(len(X), -1)
        return np.linalg.qr(np.linalg.lstsq(design, y, rcond=None)[0].reshape(ROWS, d).T)[0]

    return step


def run():
    theirs, missing = _measure.peers({"scikit-learn": lambda: scikit_learn(ROWS, TASKS)})
    rounds = {"refimpl, on statistics": a_round(INPUTS, TASKS), "NumPy, on all samples": stacked(INPUTS, TASKS)}
    return [
        _measure.Workload(
            f"Lasso, {TASKS} tasks, {ROWS} rows, lam = {SHARE} of the largest, float64",
            [*_measure.rows({"refimpl": ours(ROWS, TASKS)} | theirs, 9), *missing],
            [_measure.growth("T", [60, 120, 240, 480], a_sweep, 1.0)],
            "Ours is plain Python, a coefficient at a time; theirs is compiled. The growth is that of one sweep.",
        ),
        _measure.Workload(
            f"A round of alternating least squares, {INPUTS} inputs, {TASKS} tasks, {SAMPLES:,} samples, float64",
            [*_measure.rows(rounds, 5), _measure.limit(8 * TASKS * INPUTS**2 * 2, "the statistics read twice")],
            [
                _measure.growth("T", [100, 200, 400, 800], lambda T: a_round(INPUTS, T), 1.0),
                _measure.growth("d", [20, 40, 80], lambda d: a_round(d, TASKS), 3.0),
                _measure.growth("N", [6_000, 24_000, 96_000], lambda N: a_round(INPUTS, TASKS, N), 0.0),
            ],
            "The equations for B have d k unknowns, whose cube outgrows all else; the number of samples plays no part.",
        ),
    ]
