"""pip pygmo: hypervolume."""

import numpy as np
import pygmo


def hypervolume(values, reference):
    """It minimises, and wants no point that is beyond the reference."""
    inside = values[np.all(values > reference, axis=1)]
    if len(reference) == 1 or not len(inside):
        return np.max(inside - reference, initial=0.0)
    return pygmo.hypervolume(-inside).compute(-reference)
