"""pip wcorr: Spearman's correlation with equal weights, input by input."""

import numpy as np
from wcorr import wspearman

from refimpl.oracle.candidates import NotApplicable


def consistency(attention, kind):
    """Inputs that are constant at a layer are left out here."""
    if kind != "spearman":
        raise NotApplicable("it has Spearman's")
    L, S, N = attention.shape
    ones, R = np.ones(N), np.empty((L, L))
    for i, j in np.ndindex(L, L):
        pairs = [(attention[i, s], attention[j, s]) for s in range(S)]
        R[i, j] = np.mean([wspearman(a, b, ones) for a, b in pairs if np.ptp(a) and np.ptp(b)])
    return R.astype(attention.dtype)
