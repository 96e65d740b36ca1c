"""SLERP and TIES of two models beside mergekit and the definitions, and a gradient through a chain of four."""

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.training import _self_positioning_baselines as baselines
from refimpl.training import self_positioning as sp

ARC, TRIM, CHAIN = 100_000_000, 10_000_000, 1_000_000  # parameters; trimming sorts, and holds counts beside them


def models(N, P):
    """Task vectors in single precision, as models are stored."""
    return stream(0, "self_positioning-benchmark").standard_normal((N, P), dtype=np.float32)


def slerp(P):
    """Ours, checks included."""
    U, W = models(2, P)
    return lambda: sp.slerp(U, W)


def plain(P):
    """Inner products and an arc cosine: half of the digits where models are near each other."""
    U, W = models(2, P)

    def step():
        alpha = np.arccos(np.dot(U, W) / np.sqrt(np.dot(U, U) * np.dot(W, W)))
        share = np.sin(alpha / 2) / np.sin(alpha)
        return share * U + share * W

    return step


def mergekit_slerp(P):
    """mergekit's, if it is installed."""
    _measure.folder("mergekit-0.1.5")
    import torch
    from mergekit.merge_methods.slerp import slerp as theirs

    U, W = (torch.from_numpy(v)[None] for v in models(2, P))
    half = torch.tensor([0.5])
    return lambda: theirs(half, U, W)


def ties(P):
    """Ours."""
    V = models(2, P)
    return lambda: baselines.ties(V)


def mergekit_ties(P):
    """mergekit's trimming and election, if it is installed."""
    _measure.folder("mergekit-0.1.5")
    import torch
    from mergekit.merge_methods.generalized_task_arithmetic import get_mask
    from mergekit.sparsify import magnitude

    V = torch.from_numpy(models(2, P))

    def step():
        kept = torch.stack([magnitude(v, 0.2) for v in V])
        mask = get_mask(kept, method="sum")
        return (kept * mask).sum(dim=0) / (mask * (kept != 0)).sum(dim=0).clamp(min=1)

    return step


def gradient(P, N=4):
    """Ours."""
    V, a = models(N, P), np.ones(N, np.float32)
    return lambda: sp.chain_gradient(V, a, V[0])


def run():
    """Three workloads."""
    theirs, missing = _measure.peers({"mergekit": lambda: mergekit_slerp(ARC)})
    arcs = {"refimpl": slerp(ARC), "NumPy, arc cosine": plain(ARC)} | theirs
    grown = [_measure.growth("P", [1_000_000, 2_000_000, 4_000_000, 8_000_000], slerp, 1.0)]
    first = _measure.Workload(
        f"SLERP of two models of {ARC:,} parameters, float32",
        [*_measure.rows(arcs, 3), *missing, _measure.limit(3 * 4 * ARC, "two read, one written")],
        grown,
        "Ours takes the angle by an arc tangent of two lengths, each after a division by the largest entry.",
    )
    theirs, missing = _measure.peers({"mergekit": lambda: mergekit_ties(TRIM)})
    second = _measure.Workload(
        f"TIES of two models of {TRIM:,} parameters, a fifth kept, float32",
        [*_measure.rows({"refimpl": ties(TRIM)} | theirs, 3), *missing,
         _measure.limit(3 * 4 * TRIM, "two read, one written")],
        [_measure.growth("P", [500_000, 1_000_000, 2_000_000, 4_000_000], ties, 1.0)],
        "Both sort; ours sorts sizes, mergekit their places.",
    )  # fmt: skip
    third = _measure.Workload(
        f"Gradient through a chain of four models of {CHAIN:,} parameters, float32",
        _measure.rows({"refimpl": gradient(CHAIN)}, 3),
        [_measure.growth("P", [250_000, 500_000, 1_000_000, 2_000_000], gradient, 1.0)],
    )
    return [first, second, third]
