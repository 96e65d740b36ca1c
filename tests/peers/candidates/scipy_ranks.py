"""SciPy on token reduction: rank correlations, input by input."""

import numpy as np
from scipy.stats import kendalltau, spearmanr


def consistency(attention, kind):
    """Inputs that are constant at a layer are left out here: SciPy says NaN."""
    L, S, _ = attention.shape
    peer, R = {"spearman": spearmanr, "kendall": kendalltau}[kind], np.empty((L, L))
    for i, j in np.ndindex(L, L):
        pairs = [(attention[i, s], attention[j, s]) for s in range(S)]
        R[i, j] = np.mean([peer(a, b).statistic for a, b in pairs if np.ptp(a) and np.ptp(b)])
    return R.astype(attention.dtype)
