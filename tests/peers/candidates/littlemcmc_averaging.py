"""pip littlemcmc: the dual averaging of its Hamiltonian steps."""

import numpy as np
from littlemcmc.step_sizes import DualAverageAdaptation


def dual_averaging(acceptance, start, target):
    """With the gamma, kappa and t0 that its steps have by default."""
    scheme, rows = DualAverageAdaptation(start, target, gamma=0.05, k=0.75, t0=10), []
    for rate in acceptance:
        scheme.update(rate, tune=True)
        rows.append((scheme.current(tune=True), scheme.current(tune=False)))
    return tuple(np.array(column, dtype=acceptance.dtype) for column in zip(*rows, strict=True))
