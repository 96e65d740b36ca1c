"""Inputs of the operations on Bayesian optimisation under permanent names, and random ones."""

import math
from functools import partial

import numpy as np

from refimpl.bayesian.bayesopt import KERNELS
from refimpl.core.random import stream
from refimpl.specs.base import Case, tags
from refimpl.specs.sizes import large

_BOTH, _DOUBLE = ("float64", "float32"), ("float64",)


def _some(name, *shape):
    """Normal numbers in two digits."""
    return stream(0, "bayesopt-case", name).standard_normal(shape).round(2)


def _rows(*rows):
    return np.array(rows, dtype=float)


_tags = partial(tags, "bayesopt")


_KERNEL_TAG = {"power_exponential": 2, "matern12": 3, "matern32": 3, "matern52": 3}
_X = _rows([0.0, 0.25], [1.0, -0.5], [-0.75, 1.0])
_Y = np.array([0.5, -1.25, 1.0])
_NEW = _rows([0.5, 0.0], [-0.25, 0.75])


# Posterior and evidence ----------------------------------------------------------------------------------------------


def _data(kernel="power_exponential", **changed):
    given = {
        "X": _X, "y": _Y, "new": _NEW, "kernel": kernel, "alpha": np.array([0.75, 1.5]), "alpha0": 1.5, "noise": 0.25,
        "mean": 0.5, "beta": np.zeros(2), "jitter": 0.0,
    }  # fmt: skip
    return given | changed


def _asked(slug, why, *flags, dtypes=_BOTH, answer=None, source="", kernel="power_exponential", **changed):
    tags = _tags(1, _KERNEL_TAG[kernel], 5, 6, 7, 8, 9)
    return Case(slug, flags, why, _data(kernel, **changed), dtypes=dtypes, equations=tags, answer=answer, source=source)


def _markov(values, *, count=160):
    """The exponential covariance on the line without noise: each value knows its neighbours alone."""
    inputs = _line(count)
    order = np.argsort(inputs["X"][:, 0])
    x, r = inputs["X"][order, 0], inputs["y"][order] - inputs["mean"]
    rate, alpha0, correlation = inputs["alpha"][0] ** 0.5, inputs["alpha0"], lambda gap: np.exp(-rate * gap)
    rho = correlation(np.diff(x))
    slope = -rho * rate * np.diff(x) / 2  # of rho, in log alpha
    v, off = 1 - rho**2, r[1:] - rho * r[:-1]
    dv, doff = -2 * rho * slope, -slope * r[:-1]
    quadratic = (r[0] ** 2 + np.sum(off**2 / v)) / alpha0
    by_alpha = -np.sum(dv / v / 2 + (off * doff / v - off**2 * dv / (2 * v**2)) / alpha0)
    means, variances = [], []
    for new in inputs["new"][:, 0]:
        i = int(np.searchsorted(x, new))
        p, q = correlation(new - x[i - 1]), correlation(x[i] - new)
        both = 1 - p**2 * q**2
        means.append(inputs["mean"] + (p * (1 - q**2) * r[i - 1] + q * (1 - p**2) * r[i]) / both)
        variances.append(alpha0 * (1 - p**2) * (1 - q**2) / both)
    return {
        "posterior_mean": np.array(means),
        "covariance": np.diag(variances),
        "log_evidence": np.array(-(count * np.log(2 * np.pi * alpha0) + np.sum(np.log(v)) + quadratic) / 2),
        "by_alpha": np.array([by_alpha]),
        "by_alpha0": np.array((quadratic - count) / 2),
        "by_noise": np.array(0.0),
        "by_mean": np.array((r[0] + np.sum(off * (1 - rho) / v)) / alpha0),
    }


def _line(count):
    rng = stream(0, "bayesopt-case", "line")
    x = np.cumsum(rng.uniform(0.5, 1.5, count)).round(3)
    y, new = rng.standard_normal(count).round(3), np.array([(x[40] + x[41]) / 2, x[120] + 0.2])
    order = rng.permutation(count)
    return {
        "X": x[order, None], "y": y[order], "new": new[:, None], "kernel": "matern12", "alpha": np.array([1.25]),
        "alpha0": 2.0, "noise": 0.0, "mean": 0.25, "beta": np.zeros(1), "jitter": 0.0,
    }  # fmt: skip


def _large_line(operation, before):
    why = "160 points on the line in random order, exponential covariance: its inverse is tridiagonal"
    return Case(
        "on-a-line", ("large",), why, _line(160), equations=_tags(1, 3, 5, 6, 7, 8, 9),
        source="the Markov property", small=before["matern12"], derived=_markov, recipe="line/160",
    )  # fmt: skip


_HAND = {
    "X": _rows([0.0]), "y": np.array([2.0]), "new": _rows([0.0], [1.0]), "alpha": np.ones(1), "alpha0": 1.0,
    "noise": 1.0, "mean": 0.0, "beta": np.zeros(1),
}  # fmt: skip
_E = np.exp(-1.0)
POSTERIOR = (
    _asked("noisy", "three points with noise", "basic"),
    _asked("by-hand", "one point: half of what was seen, e^-1 of it at distance 1; no factor 1/2 in the exponent",
           "basic", "wrong_constant", **_HAND, source="closed form", answer={
               "posterior_mean": np.array([1.0, _E]),
               "covariance": np.array([[0.5, _E / 2], [_E / 2, 1 - _E**2 / 2]]),
               "log_evidence": np.array(-1.0 - np.log(2) / 2 - np.log(2 * np.pi) / 2), "by_alpha": np.array([0.0]),
               "by_alpha0": np.array(0.25), "by_noise": np.array(0.25), "by_mean": np.array(1.0)}),
    *(_asked(kernel, "three points with noise", "basic", "wrong_constant", kernel=kernel) for kernel in KERNELS[1:]),
    _asked("noise-free", "without noise; one of the new points was seen: its variance is 0", "edge_case",
           noise=0.0, new=np.concatenate([_NEW, _X[:1]])),
    _asked("trend", "a mean that rises in the coordinates", "basic", "missing_step", kernel="matern52",
           beta=np.array([1.5, -0.75])),
    _asked("jitter", "jitter counts as noise of the observations, not in its derivative", "boundary", jitter=0.125),
    _asked("one-point", "one observation, one coordinate", "boundary", **(_HAND | {"noise": 0.125, "mean": 1.0}),
           kernel="matern32"),
    _asked("loud", "noise a thousand times the function's variance", "numerics", noise=1500.0, dtypes=_DOUBLE),
    _asked("twice-with-noise", "a point twice, with noise: both observations count", "edge_case",
           X=np.concatenate([_X[:2], _X[:1]]), kernel="matern52"),
    _large_line,
)  # fmt: skip


def _drawn_data(rng, kernels=KERNELS):
    n, m, d = int(rng.integers(2, 5)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
    return {
        "X": rng.standard_normal((n, d)), "y": rng.standard_normal(n), "new": rng.standard_normal((m, d)),
        "kernel": str(rng.choice(kernels)), "alpha": rng.uniform(0.5, 2.0, d), "alpha0": float(rng.uniform(0.5, 2.0)),
        "noise": float(rng.uniform(0.1, 0.5)), "mean": float(rng.standard_normal()),
    }  # fmt: skip


def sample_posterior(rng):
    given = _drawn_data(rng)
    jitter = float(rng.choice([0.0, 0.05]))
    return given | {"beta": rng.standard_normal(len(given["alpha"])), "jitter": jitter}


# Expected improvement ------------------------------------------------------------------------------------------------


def _ei(slug, why, *flags, mu, sigma, best=0.0, dtypes=_BOTH, **more):
    inputs = {"mu": np.array(mu, dtype=float), "sigma": np.array(sigma, dtype=float), "best": best}
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(10, 11, 12), **more)


EI = (
    _ei("above-and-below", "means below and above the incumbent", "basic", "known_bug",
        mu=[-0.5, 0.25, 1.0, 2.0], sigma=[0.5, 1.0, 0.75, 1.5], best=0.5),
    _ei("by-hand", "at the incumbent: sigma / sqrt(2 pi), and half and 0.3989 for the derivatives", "basic",
        "wrong_constant", mu=[1.0, 1.0], sigma=[0.5, 2.0], best=1.0, source="closed form",
        answer={"value": np.array([0.5, 2.0]) / np.sqrt(2 * np.pi), "by_mean": np.full(2, 0.5),
                "by_sigma": np.full(2, 1 / np.sqrt(2 * np.pi))}),
    _ei("known-points", "sigma = 0: what is above the incumbent, no more", "edge_case", mu=[-1.0, 2.0, 0.5],
        sigma=[0.0, 0.0, 1.0]),
    _ei("far-below", "eight deviations below the incumbent", "numerics", mu=[-8.0, -4.0], sigma=[1.0, 0.5],
        dtypes=_DOUBLE),
    _ei("far-out", "ten and twelve deviations below the incumbent: the tail has all its digits", "numerics",
        mu=[-10.0, -6.0], sigma=[1.0, 0.5], dtypes=_DOUBLE),
    _ei("far-above", "nine deviations above: all of the difference", "numerics",
        mu=[8.0, 6.0, -0.5], sigma=[1.0, 0.25, 1.0],
        best=-1.0),
    _ei("tiny", "deviations of 1e-6 beside one of 10", "numerics", mu=[1e-6, -1e-6, 5.0], sigma=[1e-6, 1e-6, 10.0]),
    _ei("one-point", "one point", "boundary", mu=[0.75], sigma=[0.5], best=-0.25),
    large("many-points", "above-and-below", "m"),
)  # fmt: skip


def sample_ei(rng):
    m = int(rng.integers(1, 6))
    return {"mu": rng.standard_normal(m), "sigma": rng.uniform(0.3, 2.0, m), "best": float(rng.standard_normal())}


def _at_points(slug, why, *flags, kernel="power_exponential", dtypes=_BOTH, best=0.5, **changed):
    inputs = {k: v for k, v in _data(kernel, **changed).items() if k != "jitter"} | {"best": best}
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(1, _KERNEL_TAG[kernel], 6, 7, 10, 13))


EI_GRADIENT = (
    _at_points("noisy", "two points, noise", "basic"),
    *(_at_points(kernel, "two points, noise", "basic", kernel=kernel) for kernel in KERNELS[1:]),
    _at_points("trend", "the prior mean has a slope of its own", "missing_step", kernel="matern52",
               beta=np.array([1.5, -0.75])),
    _at_points("trend-smooth", "the same with the squared exponential, which some code has alone", "missing_step",
               beta=np.array([1.0, 0.5])),
    _at_points("noise-free", "without noise", "edge_case", noise=0.0),
    _at_points("high-incumbent", "ten deviations below the incumbent: the tail has all its digits", "numerics",
               best=12.0, dtypes=_DOUBLE),
    _at_points("low-incumbent", "the mean is above the incumbent", "known_bug", best=-1.5),
    _at_points("one-point", "one observation, one coordinate", "boundary", **_HAND | {"new": _rows([0.5])}),
    large("many-points", "noisy", "m", size=5001),
)  # fmt: skip


def sample_ei_gradient(rng):
    given = _drawn_data(rng)
    return given | {"beta": rng.standard_normal(len(given["alpha"])), "best": float(rng.standard_normal())}


# Knowledge gradient --------------------------------------------------------------------------------------------------

_LAW = {
    "mean": np.array([0.5, -0.25, 1.0, 0.75]),
    "covariance": _rows([1.0, 0.5, 0.25, -0.25], [0.5, 1.5, 0.5, 0.25], [0.25, 0.5, 0.75, 0.5],
                        [-0.25, 0.25, 0.5, 1.25]),
}  # fmt: skip


def _kg(slug, why, *flags, dtypes=_BOTH, answer=None, source="", **changed):
    inputs = {**_LAW, "at": np.arange(4.0), "seen": np.array([0.0, 1.0]), "noise": 0.5} | changed
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(14, 15, 16, 21, 22), answer=answer,
                source=source)  # fmt: skip


_SEEN = {  # a posterior without noise: points 0 and 2 are known
    "mean": np.array([0.25, 1.0, 0.5]),
    "covariance": np.diag([0.0, 1.0, 0.0]),
    "seen": np.array([0.0, 2.0]),
    "noise": 0.0,
}
_HALF = 1 / np.sqrt(2 * np.pi)
KG = (
    _kg("four-points", "noise as large as the function's spread; means above and below those seen", "basic",
        "wrong_constant"),
    _kg("noise-free", "without noise", "basic", noise=0.0),
    _kg("by-hand", "two points apart, means equal: the larger of 0 and a normal", "basic", mean=np.array([1.0, 1.0]),
        covariance=np.diag([1.0, 4.0]), at=np.array([0.0, 1.0]), seen=np.array([0.0]), noise=0.0,
        answer={"kg": np.array([1.0, 2.0]) * _HALF, "gei": np.array([0.0, 2.0]) * _HALF,
                "kgcp": np.array([0.0, 2.0]) * _HALF}, source="closed form"),
    _kg("above-what-was-seen", "the mean of the new point is above all seen: gei counts the difference, kgcp does not",
        "known_bug", "variant", **_SEEN, at=np.array([1.0])),
    _kg("nothing-to-learn", "known points without noise: 0, and no division by 0", "edge_case", **_SEEN,
        at=np.array([0.0, 2.0]), answer={"kg": np.zeros(2), "gei": np.zeros(2), "kgcp": np.zeros(2)},
        source="closed form"),
    _kg("loud", "noise a hundred times the spread: hardly anything is learned", "numerics", noise=100.0,
        dtypes=_DOUBLE),
    _kg("hidden-lines", "lines below all others in between: they do not count", "edge_case",
        mean=np.array([1.0, -6.0, 0.75, -8.0]), noise=0.125),
    _kg("far-below", "the second line crosses five deviations out: what cancellation would leave of it is noise",
        "numerics", mean=np.array([0.0, -5.0]), covariance=np.diag([0.25, 1.0]), at=np.array([1.0]),
        seen=np.array([0.0]), noise=0.0, dtypes=_DOUBLE),
    _kg("parallel", "a point twice: equal slopes, of which the higher counts", "edge_case",
        mean=np.array([0.5, 0.25, 1.0]), covariance=_rows([1.0, 1.0, 0.25], [1.0, 1.0, 0.25], [0.25, 0.25, 0.5]),
        at=np.arange(3.0), seen=np.array([0.0])),
    _kg("one-point", "one point: its mean moves up as much as down", "boundary", mean=np.array([0.5]),
        covariance=np.array([[1.0]]), at=np.array([0.0]), seen=np.array([0.0]), noise=1.0,
        answer={"kg": np.zeros(1), "gei": np.zeros(1), "kgcp": np.zeros(1)}, source="closed form"),
    _kg("tiny-slope", "a variance of 1e-300 under a mean that is lower by 1: a line crosses beyond all numbers",
        "numerics", mean=np.array([1.0, 0.0]), covariance=np.diag([0.0, 1e-300]), at=np.array([1]),
        seen=np.array([0]), noise=0.0, dtypes=_DOUBLE, source="closed form",
        answer={"kg": np.zeros(1), "gei": np.zeros(1), "kgcp": np.zeros(1)}),
    large("many-candidates", "four-points", "k", size=1501),
)  # fmt: skip


def _drawn_law(rng, M):
    half = rng.standard_normal((M, M))
    return {"mean": rng.standard_normal(M), "covariance": half @ half.T / M + 0.25 * np.eye(M)}


def sample_kg(rng):
    M = int(rng.integers(2, 5))
    seen = rng.permutation(M)[: rng.integers(1, M)].astype(float)
    return {**_drawn_law(rng, M), "at": rng.permutation(M).astype(float), "seen": seen,
            "noise": float(rng.uniform(0.1, 1.0))}  # fmt: skip


def _gradient(slug, why, *flags, kernel="power_exponential", dtypes=_BOTH, **changed):
    kept = {k: v for k, v in _data(kernel).items() if k not in ("new", "beta", "jitter")}
    inputs = kept | {"x": np.array([0.25, 0.5]), "grid": _rows([0.5, 0.0], [-0.25, 0.75], [1.5, 1.0], [-1.0, -0.5]),
                     "Z": np.array([0.75, -1.5, 2.0, -0.25])} | changed  # fmt: skip
    tags = _tags(1, _KERNEL_TAG[kernel], 6, 7, 17, 18, 19)
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=tags)


_ALONE = {
    "X": _rows([0.0]),
    "y": np.array([0.5]),
    "alpha": np.ones(1),
    "alpha0": 0.75,
    "mean": -0.25,
    "x": np.array([0.75]),
    "Z": np.array([1.25]),
}
KG_GRADIENT = (
    _gradient("noisy", "four draws: the best point differs", "basic"),
    *(_gradient(kernel, "four draws", "basic", kernel=kernel) for kernel in KERNELS[1:]),
    _gradient("noise-free", "without noise", "basic", noise=0.0),
    _gradient("loud", "noise ten times the variance", "missing_step", noise=15.0),
    _gradient("large-draws", "three deviations out", "wrong_order", Z=np.array([3.0, -3.0])),
    _gradient("no-draw", "Z = 0: nothing moves", "edge_case", Z=np.array([0.0, 1.0])),
    _gradient("high-mean", "a prior mean above all that was seen: far points are the best", "missing_step", mean=3.0),
    _gradient("one-point", "one observation, one coordinate", "boundary", **_ALONE, grid=_rows([0.5], [2.0])),
    large("many-draws", "noisy", "J"),
)  # fmt: skip


def sample_kg_gradient(rng):
    given = _drawn_data(rng)
    d = len(given["alpha"])
    del given["new"]
    return given | {"x": rng.standard_normal(d), "grid": rng.standard_normal((3, d)), "Z": rng.standard_normal(3)}


# Sources and environments --------------------------------------------------------------------------------------------


def _sources(slug, why, *flags, dtypes=_BOTH, **changed):
    inputs = {**_LAW, "weights": _rows([1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]), "at": np.arange(4.0),
              "costs": np.array([1.0, 1.0, 0.125, 0.25]), "noise": 0.25} | changed  # fmt: skip
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(14, 15, 16, 20, 33))


SOURCES = (
    _sources("two-sources", "two points at each of two sources, the second cheap", "basic"),
    _sources("environment", "two points in two contexts, 3/4 and 1/4 of the time", "basic",
             weights=_rows([0.75, 0.25, 0.0, 0.0], [0.0, 0.0, 0.75, 0.25]), costs=np.ones(4)),
    _sources("noise-free", "without noise", "basic", noise=0.0),
    _sources("all-points", "the objective is the function: the knowledge gradient", "boundary", weights=np.eye(4),
             costs=np.ones(4)),
    _sources("one-sum", "a single sum: its mean moves up as much as down", "edge_case", weights=np.full((1, 4), 0.25)),
    _sources("dear", "costs of a thousandth and of a thousand", "numerics", costs=np.array([0.001, 1000.0, 1.0, 8.0])),
    _sources("one-point", "one evaluation is asked for", "boundary", at=np.array([3.0]), costs=np.array([0.5])),
    large("many-candidates", "two-sources", "k", size=1501),
)  # fmt: skip


def sample_sources(rng):
    M = int(rng.integers(3, 5))
    weights = rng.dirichlet(np.ones(M), 2)
    return {**_drawn_law(rng, M), "weights": weights, "at": rng.permutation(M).astype(float),
            "costs": rng.uniform(0.2, 2.0, M), "noise": float(rng.uniform(0.1, 1.0))}  # fmt: skip


def _fidelities(slug, why, *flags, blocks):
    return Case(slug, flags, why, {"blocks": np.array(blocks, dtype=float)}, equations=_tags(32))


_BLOCKS = [[[1.0, 0.5], [0.5, 1.0]], [[0.25, 0.125], [0.125, 0.5]], [[0.75, -0.25], [-0.25, 0.5]]]
FIDELITIES = (
    _fidelities("three-sources", "what two sources share is what the nearer one has", "basic", blocks=_BLOCKS),
    _fidelities("two-sources", "the objective, and itself with a bias", "basic", "missing_step", blocks=_BLOCKS[:2]),
    _fidelities("one-source", "the objective alone", "boundary", blocks=_BLOCKS[:1]),
    _fidelities("no-bias", "a source without bias is the same", "edge_case", blocks=[_BLOCKS[0], np.zeros((2, 2))]),
)  # fmt: skip


def sample_fidelities(rng):
    S, m = int(rng.integers(2, 4)), int(rng.integers(1, 4))
    half = rng.standard_normal((S, m, m))
    return {"blocks": half @ np.swapaxes(half, 1, 2)}


# Several points, constraints -----------------------------------------------------------------------------------------

_THREE = {"mean": _LAW["mean"][:3], "covariance": _LAW["covariance"][:3, :3]}


def _qei(slug, why, *flags, dtypes=_BOTH, answer=None, source="", **changed):
    inputs = {**_THREE, "Z": _some("qei", 6, 3), "best": 0.5} | changed
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(27, 28), answer=answer, source=source)


QEI = (
    _qei("three-points", "six draws", "basic"),
    _qei("by-hand", "two points apart, one draw: 1/2 + 2 * 1 beats -1", "basic", mean=np.array([0.5, 0.0]),
         covariance=np.diag([4.0, 1.0]), Z=_rows([1.0, -1.0]), best=1.0, source="closed form",
         answer={"value": np.array(1.5), "by_mean": np.array([1.0, 0.0]),
                 "by_covariance": np.diag([1.0 / 4, 0.0])}),
    _qei("high-incumbent", "most draws improve nothing", "missing_step", best=1.5),
    _qei("never", "no draw improves: all is 0", "edge_case", best=50.0, answer={
        "value": np.array(0.0), "by_mean": np.zeros(3), "by_covariance": np.zeros((3, 3))}, source="closed form"),
    _qei("one-point", "one point", "boundary", mean=np.array([0.25]), covariance=np.array([[2.25]]),
         Z=_some("one", 4, 1)),
    _qei("scales", "deviations of a hundredth and of ten", "numerics", mean=np.array([0.5, 0.75, -1.0]),
         covariance=_rows([1e-4, 0.0, 0.05], [0.0, 1.0, 1.0], [0.05, 1.0, 100.0]), dtypes=_DOUBLE),
    large("many-draws", "three-points", "J", balanced=True, dtypes=_DOUBLE),
)  # fmt: skip


def sample_qei(rng):
    q = int(rng.integers(1, 4))
    return {**_drawn_law(rng, q), "Z": rng.standard_normal((4, q)), "best": float(rng.standard_normal())}


def _eic(slug, why, *flags, dtypes=_BOTH, **changed):
    inputs = {
        "mu": _rows([0.5, 1.25, -0.25], [0.25, -0.5, 1.0], [-0.25, 0.75, 0.5]),
        "sigma": _rows([0.75, 1.0, 1.5], [0.5, 1.0, 0.25], [1.0, 0.5, 2.0]),
        "y": np.array([2.0, 0.5, -1.0, 1.0]),
        "constraints": _rows([-0.5, 1.0, 0.25, 0.75], [1.0, 0.5, 0.0, -0.25]),
    } | changed
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(10, 29, 30, 31))


EIC = (
    _eic("two-constraints", "the best two values seen are infeasible", "basic", "known_bug"),
    _eic("nothing-feasible", "no point seen was feasible: the probability alone", "edge_case",
         constraints=np.full((2, 4), -0.5)),
    _eic("all-feasible", "every point seen was feasible", "basic", constraints=np.full((2, 4), 0.5)),
    _eic("known-constraint", "a constraint that is known: met, at its limit, not", "edge_case",
         mu=_rows([0.5, -0.25, 0.75], [0.5, 0.0, -0.5], [0.25, 1.0, 0.5]),
         sigma=_rows([0.75, 1.0, 1.5], [0.0, 0.0, 0.0], [1.0, 0.5, 2.0])),
    _eic("at-the-limit", "a constraint seen at 0 is met", "boundary", constraints=_rows([0.0, -1.0, 0.0, -1.0],
         [0.0, 0.5, 0.25, 0.5])),
    _eic("one-constraint", "one constraint, one point", "boundary", mu=_rows([0.5], [0.25]), sigma=_rows([1.0], [0.5]),
         constraints=_rows([-1.0, 0.5, 1.0, 2.0])),
    _eic("far-below", "ten deviations below the best that was feasible: the tail has all its digits", "numerics",
         mu=_rows([-6.5, -9.0, -15.0], [0.25, -0.5, 1.0], [-0.25, 0.75, 0.5]), dtypes=_DOUBLE),
    _eic("known-objective", "the objective is known at a point", "edge_case",
         sigma=_rows([0.0, 0.0, 0.0], [0.5, 1.0, 0.25], [1.0, 0.5, 2.0])),
    large("many-points", "two-constraints", "m"),
)  # fmt: skip


def sample_eic(rng):
    K, m, n = (int(v) for v in rng.integers(1, 4, 3))
    return {"mu": rng.standard_normal((K + 1, m)), "sigma": rng.uniform(0.3, 2.0, (K + 1, m)),
            "y": rng.standard_normal(n), "constraints": rng.standard_normal((K, n))}  # fmt: skip


# Entropies -----------------------------------------------------------------------------------------------------------

_NODES = {"nodes": np.array([-1.0, 0.0, 1.0]) * math.sqrt(3), "node_weights": np.array([1.0, 4.0, 1.0]) / 6}


def _es(slug, why, *flags, J=24, dtypes=_DOUBLE, **changed):
    inputs = {**_THREE, "at": 1, **_NODES, "draws": _some("es", J, 3), "noise_draws": _some("es noise", J),
              "noise": 0.5, "bins": 12} | changed  # fmt: skip
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(23, 24, 25, 26))


ES_PES = (
    _es("noisy", "24 draws, three nodes, twelve bins", "basic"),
    _es("noise-free", "without noise", "basic", noise=0.0),
    _es("other-point", "another point", "basic", at=2, bins=9),
    _es("one-bin", "one bin: a uniform law on [-6, 6]", "boundary", bins=1),
    _es("sure", "one point is the best in all draws: nothing is learned of where it is", "edge_case",
        mean=np.array([0.0, 1.0, 60.0])),
    _es("one-draw", "a single draw", "boundary", J=1, draws=_some("es", 1, 3), noise_draws=_some("es noise", 1)),
    _es("outside", "draws beyond six deviations go into the last bins", "edge_case",
        draws=_some("es", 24, 3) * np.array([1.0, 8.0, 1.0]), bins=6),
    large("many-draws", "noisy", "J", size=20001, balanced=True),
)  # fmt: skip


def sample_es_pes(rng):
    M = int(rng.integers(2, 4))
    return {**_drawn_law(rng, M), "at": int(rng.integers(M)), **_NODES, "draws": rng.standard_normal((12, M)),
            "noise_draws": rng.standard_normal(12), "noise": float(rng.uniform(0.1, 1.0)),
            "bins": int(rng.integers(3, 12))}  # fmt: skip


# Derivatives ---------------------------------------------------------------------------------------------------------


def _joint(slug, why, *flags, dtypes=_BOTH, answer=None, source="", **changed):
    inputs = {"X": _X[:2], "y": _Y[:2], "gradients": _rows([1.0, -0.5], [0.25, 0.75]), "new": _NEW,
              "x": np.array([0.25, 1.0]), "alpha": np.array([0.75, 0.5]), "alpha0": 1.5, "noise": 0.25,
              "gradient_noise": 0.5, "W": _some("joint", 4, 3)} | changed  # fmt: skip
    return Case(slug, flags, why, inputs, dtypes=dtypes, equations=_tags(1, 2, 6, 7, 34, 35, 36, 37), answer=answer,
                source=source)  # fmt: skip


JOINT = (
    _joint("noisy", "two points, values and gradients with noise", "basic", "wrong_order"),
    _joint("noise-free", "without noise", "basic", noise=0.0, gradient_noise=0.0),
    _joint("one-point", "one point with slope 1: the mean rises beside it", "boundary", "known_bug", X=_rows([0.0]),
           y=np.array([0.0]), gradients=_rows([1.0]), new=_rows([0.25], [-0.25]), x=np.array([1.0]),
           alpha=np.array([0.5]), alpha0=0.75, W=_some("one", 3, 2)),
    _joint("short", "very different lengths in the two coordinates", "basic", alpha=np.array([2.0, 0.125]),
           dtypes=_DOUBLE),
    _joint("no-gradients", "derivatives drowned in noise: as if there were none", "numerics", gradient_noise=1e6,
           dtypes=_DOUBLE),
    _joint("flat", "gradients of 0", "edge_case", gradients=np.zeros((2, 2)), noise=0.0),
    _joint("known-point", "value and gradient at x are known without noise: nothing moves, and nothing is divided by 0",
           "edge_case", "numerics", x=_X[0], noise=0.0, gradient_noise=0.0, dtypes=_DOUBLE),
    _joint("known-value", "the value at x is known without noise, its gradient is not: it alone moves the means",
           "edge_case", x=_X[1], noise=0.0, dtypes=_DOUBLE),
)  # fmt: skip


def sample_joint(rng):
    n, d = (int(v) for v in rng.integers(1, 3, 2))
    return {
        "X": rng.standard_normal((n, d)), "y": rng.standard_normal(n), "gradients": rng.standard_normal((n, d)),
        "new": rng.standard_normal((2, d)), "x": rng.standard_normal(d), "alpha": rng.uniform(0.4, 1.5, d),
        "alpha0": float(rng.uniform(0.5, 2.0)), "noise": float(rng.uniform(0.1, 0.5)),
        "gradient_noise": float(rng.uniform(0.1, 0.5)), "W": rng.standard_normal((3, d + 1)),
    }  # fmt: skip
