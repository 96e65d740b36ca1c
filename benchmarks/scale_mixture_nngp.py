"""Kernels of wide networks, and a posterior with its thousand draws of the scale beside scikit-learn's one Gaussian."""

import numpy as np

from benchmarks import _measure
from refimpl.bayesian import scale_mixture_nngp as mixture
from refimpl.core.random import stream
from refimpl.models import wide

ROWS, NEW, DRAWS, DEPTH = 1024, 256, 1000, 3


def inputs(n):
    """Rows of ten standard normal numbers."""
    return stream(0, "scale_mixture_nngp-benchmark").standard_normal((n, 10))


def kernels(n):
    """Both kernels, checks included."""
    x = inputs(n)
    options = {"depth": DEPTH, "weight_variance": 2.0, "bias_variance": 0.1, "activation": "relu"}
    return lambda: wide.kernels(x, None, **options)


def problem(n):
    """Blocks of a kernel, targets, scales."""
    k, rng = kernels(n + NEW)().hidden, stream(0, "scale_mixture_nngp-benchmark", "targets")
    K = mixture.Blocks(k[:n, :n], k[n:, :n], np.diagonal(k)[n:].copy())
    return K, rng.standard_normal(n), mixture.draw(mixture.BurrXII(2.0, 1.0), rng.random(DRAWS))


def closed(n):
    """In closed form."""
    K, y, _ = problem(n)
    points = np.zeros(NEW)
    return lambda: mixture.log_predictive(mixture.condition(K, y, eps=0.1), mixture.InverseGamma(2.0, 2.0), points)


def sampled(n):
    """By importance sampling."""
    K, y, s = problem(n)
    points, ratios = np.zeros(NEW), np.zeros(DRAWS)
    return lambda: mixture.weigh(mixture.condition(K, y, eps=0.1), s, ratios, points)


def scikit_learn(n):
    """Mean and deviation with one scale, the kernel handed over, if it is installed."""
    try:
        from tests.peers.candidates import sklearn_gaussian_process as peer
    except ModuleNotFoundError:
        return {}
    K, y, _ = problem(n)
    return {"scikit-learn, one Gaussian process": lambda: peer.predicted(K.tt, K.st, K.ss, y, 0.1)}


def run():
    """Both workloads."""
    return [
        _measure.Workload(
            f"Kernels of {DEPTH} ReLU layers: {ROWS} inputs, float64",
            [
                *_measure.rows({"refimpl, both kernels": kernels(ROWS)}, 15),
                _measure.limit(2 * 8 * ROWS * ROWS, "both kernels, written"),
            ],
            [_measure.growth("n", [256, 512, 1024, 2048], kernels, 2.0)],
            "An arc cosine for each pair and layer is what costs.",
        ),
        _measure.Workload(
            f"Posterior at {NEW} inputs: {ROWS} targets, float64",
            _measure.rows(
                {
                    "refimpl, t process in closed form": closed(ROWS),
                    f"refimpl, {DRAWS} draws of a scale": sampled(ROWS),
                    **scikit_learn(ROWS),
                },
                15,
            ),
            [_measure.growth("n", [512, 1024, 2048], closed, 3.0)],
            "One factor serves the closed form and all draws.",
        ),
    ]
