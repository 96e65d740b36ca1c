"""pip optimum-quanto: its affine grid between the least and the largest number of a group."""

import numpy as np
import torch
from optimum.quanto import MaxOptimizer, qint2, qint4

from refimpl.oracle.candidates import NotApplicable


def quantise(X, bits, G, axis):
    """Each group is a row, with a scale and a shift of its own."""
    kinds = {2: qint2, 4: qint4}
    if bits not in kinds:
        raise NotApplicable("it has grids of two and four bits")
    groups = torch.from_numpy(np.array(X.T if axis == 0 else X).reshape(-1, G))
    if len(groups) == 1:
        raise NotApplicable("one group has no axis")
    scale, shift = MaxOptimizer()(groups, kinds[bits], 0)
    codes = torch.ops.quanto.quantize_affine(groups, bits, 0, None, scale, shift)
    shape = X.T.shape if axis == 0 else X.shape
    told = {"codes": codes, "zero": (-shift).expand_as(groups), "step": scale.expand_as(groups)}
    told = {name: np.asarray(a, dtype=X.dtype).reshape(shape) for name, a in told.items()}
    return {name: a.T if axis == 0 else a for name, a in told.items()}
