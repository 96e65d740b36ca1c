"""pip mergekit and fusion-bench: arcs between vectors, and TIES."""

import sys

import torch
from parts import bare

from refimpl.oracle.candidates import NotApplicable

if any("mergekit" in folder for folder in sys.path):
    from mergekit.merge_methods.base import TensorGroup
    from mergekit.merge_methods.generalized_task_arithmetic import (
        ConsensusMethod,
        GeneralizedTaskArithmeticMerge,
        SparsificationMethod,
    )
    from mergekit.merge_methods.slerp import slerp
else:
    bare("fusion_bench", "fusion_bench.method", "fusion_bench.method.slerp", "fusion_bench.method.ties_merging")
    bare("fusion_bench.utils")
    from fusion_bench.method.slerp.slerp_utils import slerp as slerp_of_vectors
    from fusion_bench.method.ties_merging.ties_merging_utils import disjoint_merge, resolve_sign, topk_values_mask


def mergekit_slerp(U, W, a_i, a_j):
    """One vector is a row; t is the share of the second."""
    t = torch.tensor([a_j / (a_i + a_j)], dtype=torch.float64)
    return slerp(t, torch.tensor(U)[None], torch.tensor(W)[None])[0].numpy()


def mergekit_ties(V, density, lam):
    """Its method "ties" as it is registered, on a base of 0."""
    rule = GeneralizedTaskArithmeticMerge(
        consensus_method=ConsensusMethod.sum,
        sparsification_method=SparsificationMethod.magnitude,
        default_normalize=True,
        default_rescale=False,
        method_name="ties",
        method_pretty_name=None,
        method_reference_url=None,
    )
    group = TensorGroup.from_tensors([torch.zeros(V.shape[1], dtype=torch.float64), *torch.tensor(V)], base_index=0)
    shares = dict.fromkeys(range(1, len(V) + 1), float(density))
    given = {"int8_mask": False, "normalize": True, "rescale": False, "lambda": lam, "density": shares}
    return {"merged": rule.merge_group(group, **given, weight=dict.fromkeys(shares, 1.0)).numpy()}


def fusion_slerp(U, W, a_i, a_j):
    """t is the share of the second."""
    return slerp_of_vectors(a_j / (a_i + a_j), torch.tensor(U), torch.tensor(W)).numpy()


def fusion_ties(V, density, lam):
    """The parts of `ties_merging`, which prints between them."""
    if density == 1:
        raise NotApplicable("it refuses to keep all entries")
    trimmed, _, kept = topk_values_mask(torch.tensor(V), K=float(density), return_mask=True)
    return lam * disjoint_merge(trimmed, "dis-mean", resolve_sign(trimmed)).numpy(), kept.reshape(V.shape).numpy()
