"""pip hqq: its grid between the least and the largest number of a group, without its optimisation."""

import numpy as np
import torch
from hqq.core.quantize import Quantizer

from refimpl.oracle.candidates import NotApplicable


def quantise(X, bits, G, axis):
    """Its zero is in units of the step, and its scale a factor of the codes."""
    if bits not in (1, 2, 3, 4, 5, 6, 8):
        raise NotApplicable("it has no codes of so many bits")
    groups = torch.from_numpy(np.array(X.T if axis == 0 else X).reshape(-1, G))
    codes, about = Quantizer.quantize(groups, bits, True, G, optimize=False, axis=1, bitpack=False, device="cpu")
    step, place = about["scale"].expand_as(groups), about["zero"].expand_as(groups)
    values = (codes.to(step.dtype) - place) * step
    shape = X.T.shape if axis == 0 else X.shape
    found = (np.asarray(a, dtype=X.dtype).reshape(shape) for a in (codes, -place * step, step, values))
    return tuple(a.T if axis == 0 else a for a in found)
