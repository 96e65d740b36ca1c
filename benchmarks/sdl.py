"""A round of supervised dictionary learning by block coordinate descent, and a step of LPGD, beside scikit-learn."""

import warnings

import numpy as np

from benchmarks import _measure
from refimpl.convex import _sdl_tools as tools
from refimpl.convex import sdl
from refimpl.core.random import stream

FEATURES, SAMPLES, ATOMS = 100, 2_000, 10


def problem(p, n, r):
    """Samples and a start."""
    rng = stream(0, "sdl-benchmark")
    drawn = tools.simulate(rng, p=p, n=n, r=r, q=2, sigma=0.3)
    samples = sdl.data(*drawn[1:])
    return samples, sdl.init(rng, samples, rank=r)


def a_round(p, n, r, kind="filter", inner=5):
    """All four blocks, checks included."""
    samples, state = problem(p, n, r)
    return lambda: sdl.bcd_step(state, samples, 1, xi=0.5, nu=0.1, kind=kind, inner=inner)


def a_step(p, n, r):
    """A step of LPGD with the exact decomposition, or with a randomized one."""
    samples, state = problem(p, n, r)
    lifted = sdl.lift(state)
    return lambda: sdl.lpgd_step(lifted, samples, rank=r, xi=0.5, nu=0.1, step_size=1e-4)


def a_sketched_step(p, n, r):
    samples, state = problem(p, n, r)
    lifted, sketch = sdl.lift(state), stream(0, "sketch").standard_normal((n + 1, r + 5))
    return lambda: sdl.lpgd_step(lifted, samples, rank=r, xi=0.5, nu=0.1, step_size=1e-4, sketch=sketch)


def scikit_learn(p, n, r):
    """One iteration of dictionary learning (sparse codes, then dictionary), then a logistic regression on the codes."""
    from sklearn.decomposition import dict_learning
    from sklearn.linear_model import LogisticRegression

    samples, state = problem(p, n, r)
    x, labels = np.ascontiguousarray(samples.x.T), samples.targets[0].astype(int)
    codes, atoms = state.H.T, state.W.T / np.linalg.norm(state.W, axis=0)[:, None]

    def epoch():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = dict_learning(
                x, r, alpha=0.1, max_iter=1, method="cd", dict_init=atoms.copy(), code_init=codes.copy()
            )
            return LogisticRegression().fit(np.hstack([found[0], samples.covariates.T]), labels)

    return epoch


def run():
    size = FEATURES, SAMPLES, ATOMS
    theirs, missing = _measure.peers({"scikit-learn, one iteration": lambda: scikit_learn(*size)})
    steps = {
        "refimpl, a round of BCD (filter)": a_round(*size),
        "refimpl, a round (feature)": a_round(*size, "feature"),
    }
    steps |= {"refimpl, a round, one inner step": a_round(*size, inner=1)}
    steps |= {
        "refimpl, a step of LPGD": a_step(*size),
        "refimpl, the same, randomized": a_sketched_step(*size),
    } | theirs
    moved = 8 * FEATURES * SAMPLES * 2 * (10 + 10)  # X and X - W H, written or read twice in each step of W and H
    return [
        _measure.Workload(
            f"SDL, {SAMPLES:,} samples, {FEATURES} features, {ATOMS} atoms, float64",
            [*_measure.rows(steps, 9), *missing, _measure.limit(moved, "X and the residual in 10 inner steps")],
            [
                _measure.growth("n", [1000, 2000, 4000, 8000], lambda n: a_round(FEATURES, n, ATOMS), 1.0),
                _measure.growth("p", [50, 100, 200, 400], lambda p: a_round(p, SAMPLES, ATOMS), 1.0),
            ],
            "A round of BCD is five gradient steps in each of four blocks. scikit-learn's iteration finds sparse codes "
            "by coordinate descent, updates the dictionary once and fits the regression to the end: another problem of "
            "the same size, so that the ratio compares costs, not results.",
        )
    ]
