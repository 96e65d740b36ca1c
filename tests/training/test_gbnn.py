"""Gbnn on every backend."""

import numpy as np

from refimpl.training import gbnn


def test_one_step_by_hand(backend):
    """TODO: numbers worked out by hand, then laws, errors, and code that you did not write."""
    params = backend.asarray([1.0, -2.0])
    moved, state = gbnn.update(params, gbnn.init(params), backend.asarray([0.5, 1.0]), lr=0.5)
    np.testing.assert_allclose(backend.to_numpy(moved), [0.75, -2.5], rtol=backend.tolerance)
    assert moved.dtype == state.velocity.dtype == backend.dtype
