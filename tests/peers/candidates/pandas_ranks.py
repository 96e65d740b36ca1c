"""pandas on token reduction: `Series.corr`, input by input."""

import numpy as np
import pandas as pd


def consistency(attention, kind):
    """Inputs that are constant at a layer are left out here."""
    L, S, _ = attention.shape
    R = np.empty((L, L))
    for i, j in np.ndindex(L, L):
        pairs = [(attention[i, s], attention[j, s]) for s in range(S)]
        R[i, j] = np.mean([pd.Series(a).corr(pd.Series(b), method=kind) for a, b in pairs if np.ptp(a) and np.ptp(b)])
    return R.astype(attention.dtype)
