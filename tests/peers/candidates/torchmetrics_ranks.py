"""TorchMetrics on token reduction: rank correlations, input by input."""

import numpy as np
import torch
from torchmetrics.functional.regression import kendall_rank_corrcoef, spearman_corrcoef


def consistency(attention, kind):
    """Inputs that are constant at a layer are left out here."""
    peer = {"spearman": spearman_corrcoef, "kendall": kendall_rank_corrcoef}[kind]
    L, S, _ = attention.shape
    rows, R = torch.from_numpy(np.array(attention)), np.empty((L, L))
    for i, j in np.ndindex(L, L):
        pairs = [(rows[i, s], rows[j, s]) for s in range(S)]
        R[i, j] = np.mean([peer(a, b).item() for a, b in pairs if a.max() > a.min() and b.max() > b.min()])
    return R.astype(attention.dtype)
