"""Aggregators of conflicting gradients beside those of torchjd: 20 tasks, a million parameters."""

import functools

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.landscape import flat_mtl

TASKS, PARAMETERS = 20, 10**6
RULES = {"mgda": "MGDA", "pcgrad": "PCGrad", "cagrad": "CAGrad", "imtl_g": "IMTL-G"}


@functools.cache
def gradients(tasks, parameters):
    """Normal ones with a common part, so that some conflict."""
    rng = stream(0, "flat_mtl-benchmark")
    return rng.standard_normal((tasks, parameters)) + 0.1 * rng.standard_normal(parameters)


def ours(method, tasks=TASKS, parameters=PARAMETERS):
    """Checks included."""
    G = gradients(tasks, parameters)
    return lambda: flat_mtl.aggregate(method, G)


def theirs(method):
    """The aggregator of torchjd, on a tensor that shares our memory."""
    import torch
    from torchjd import aggregation

    torch.set_num_threads(_measure.threads())
    made = {
        "mgda": aggregation.MGDA,
        "pcgrad": aggregation.PCGrad,
        "cagrad": functools.partial(aggregation.CAGrad, c=0.4),
        "imtl_g": aggregation.IMTLG,
    }[method]()
    G = torch.from_numpy(gradients(TASKS, PARAMETERS))
    return lambda: made(G)


def run():
    moved = 2 * 8 * TASKS * PARAMETERS  # read once for the inner products, once for the weighted sum
    found = []
    for method, name in RULES.items():
        peers, missing = _measure.peers({f"torchjd, {name}": functools.partial(theirs, method)})
        steps = {f"refimpl, {name}": ours(method), **peers}
        growth = [_measure.growth("d", [10**4, 10**5, 10**6], lambda d, m=method: ours(m, parameters=d), 1.0)]
        found.append(
            _measure.Workload(
                f"{name}, {TASKS} tasks, {PARAMETERS:,} parameters, float64",
                [
                    *_measure.rows(steps, 7),
                    *missing,
                    _measure.limit(moved, "gradients read twice"),
                ],
                growth if method == "mgda" else [],
                "Inner products, weights, and the weighted sum. The weights themselves take about a millisecond.",
            )
        )
    gradients.cache_clear()
    return found
