"""Points and targets of an interpolant beside torchcfm's; and a step of the SDE between two mixtures."""

import functools

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.generative import interpolants
from refimpl.models.mixture import Mixture

PAIRS, WIDTH = 10**4, 100
POINTS = 10**5


@functools.cache
def pairs(n):
    """Samples of both ends, noise, times."""
    rng = stream(0, "interpolants-benchmark")
    return *rng.standard_normal((3, n, WIDTH)), rng.uniform(0.1, 0.9, n)


def targets(n):
    """All targets, checks included."""
    x0, x1, z, t = pairs(n)
    return lambda: interpolants.interpolate(x0, x1, z, interpolants.schedule(t))


def torchcfm_targets(n):
    """Point and velocity alone, on tensors that share our memory."""
    _measure.folder("torchcfm-1.0.7")
    import torch
    from torchcfm.conditional_flow_matching import SchrodingerBridgeConditionalFlowMatcher

    torch.set_num_threads(_measure.threads())
    x0, x1, z, t = map(torch.from_numpy, pairs(n))
    matcher = SchrodingerBridgeConditionalFlowMatcher(sigma=1.0)

    def step():
        x = matcher.sample_xt(x0, x1, t, z)
        return x, matcher.compute_conditional_flow(x0, x1, t, x)

    return step


def moved(n, full):
    """A step of Euler and Maruyama in the plane, ten pairs of components."""
    rng = stream(0, "interpolants-benchmark", "step")
    ends = []
    for K in (2, 5):
        spreads = rng.uniform(0.2, 0.5, K)
        covariances = spreads[:, None, None] * np.eye(2) if full else spreads
        ends.append(Mixture(np.full(K, 1 / K), rng.standard_normal((K, 2)), covariances))
    flow, x, xi = interpolants.mixture_flow(*ends), *rng.standard_normal((2, n, 2))
    return lambda: interpolants.step(flow, x, 0.4, 0.41, kind="em", epsilon=0.5, xi=xi)


def run():
    peers, missing = _measure.peers({"torchcfm, point and velocity": functools.partial(torchcfm_targets, PAIRS)})
    found = [
        _measure.Workload(
            f"point and four targets of {PAIRS:,} pairs of {WIDTH} numbers, float64",
            [
                *_measure.rows({"refimpl": targets(PAIRS), **peers}, 7),
                *missing,
                _measure.limit(8 * 7 * PAIRS * WIDTH, "three arrays read, four written"),
            ],
            [_measure.growth("pairs", [10**2, 10**3, 10**4], targets, 1.0)],
            "Ours gives the targets of b, v, s and eta, theirs that of b.",
        ),
        _measure.Workload(
            f"a step of Euler and Maruyama for {POINTS:,} points in the plane, ten pairs of components, float64",
            [
                *_measure.rows({name: moved(POINTS, full) for name, full in (("round", False), ("full", True))}, 7),
                _measure.limit(8 * 6 * POINTS, "points and noise read, points written"),
            ],
            [_measure.growth("points", [10**3, 10**4, 10**5], lambda n: moved(n, False), 1.0)],
            "Ten densities for each point: arithmetic, not memory, sets the pace.",
        ),
    ]
    pairs.cache_clear()
    return found
