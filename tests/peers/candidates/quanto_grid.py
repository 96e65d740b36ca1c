"""pip optimum-quanto: its affine grid between the least and the largest number of a group."""

import numpy as np
import torch
from optimum.quanto import MaxOptimizer, WeightQBitsTensor, qint2, qint4

from refimpl.oracle.candidates import NotApplicable


def quantise(X, bits, G, axis):
    """Each group is a row, with a scale and a shift of its own."""
    kinds = {2: qint2, 4: qint4}
    if bits not in kinds:
        raise NotApplicable("it has grids of two and four bits")
    groups = torch.from_numpy(np.array(X.T if axis == 0 else X).reshape(-1, G))
    scale, shift = MaxOptimizer()(groups, kinds[bits], 0)
    made = WeightQBitsTensor.quantize(groups, kinds[bits], 0, G, scale, shift)
    codes, values = made._data.unpack(), made.dequantize()
    zero, step = (-shift).expand_as(groups), scale.expand_as(groups)
    shape = X.T.shape if axis == 0 else X.shape
    found = (np.asarray(a, dtype=X.dtype).reshape(shape) for a in (codes, zero, step, values))
    return tuple(a.T if axis == 0 else a for a in found)
