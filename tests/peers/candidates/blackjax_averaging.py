"""The dual averaging of BlackJAX, fed with given rates."""

import jax
import numpy as np
from blackjax.adaptation.step_size import dual_averaging_adaptation

jax.config.update("jax_enable_x64", True)


def dual_averaging(acceptance, start, target):
    """`dual_averaging_adaptation(target)`: the step, and the average that `final` gives."""
    init, update, final = dual_averaging_adaptation(float(target))
    state, rows = init(float(start)), []
    for rate in acceptance:
        state = update(state, float(rate))
        rows.append((float(np.exp(state.log_step_size)), float(final(state))))
    return tuple(np.array(column, dtype=acceptance.dtype) for column in zip(*rows, strict=True))
