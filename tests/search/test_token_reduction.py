"""TokenReduction on every backend."""

import numpy as np

from refimpl.search import token_reduction


def test_one_step_by_hand(backend):
    """TODO: numbers worked out by hand, then laws, errors, and code that you did not write."""
    params = backend.asarray([1.0, -2.0])
    moved, state = token_reduction.update(params, token_reduction.init(params), backend.asarray([0.5, 1.0]), lr=0.5)
    np.testing.assert_allclose(backend.to_numpy(moved), [0.75, -2.5], rtol=backend.tolerance)
    assert moved.dtype == state.velocity.dtype == backend.dtype
