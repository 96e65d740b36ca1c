"""pip mici: `DualAveragingStepSizeAdapter`, fed with given rates."""

import math
from types import SimpleNamespace

import numpy as np
from mici.adapters import DualAveragingStepSizeAdapter


def dual_averaging(acceptance, start, target):
    """Its first step is the given one, in place of the one that it would look for."""
    adapter = DualAveragingStepSizeAdapter(target, adapt_stat_func=lambda statistics: statistics["rate"])
    adapter._find_and_set_init_step_size = lambda *_: start
    transition = SimpleNamespace(integrator=SimpleNamespace(step_size=start), system=None)
    state, rows = adapter.initialize(None, transition), []
    for rate in acceptance:
        adapter.update(state, None, {"rate": rate}, transition)
        rows.append((transition.integrator.step_size, math.exp(state["smoothed_log_step_size"])))
    return tuple(np.array(column, dtype=acceptance.dtype) for column in zip(*rows, strict=True))
