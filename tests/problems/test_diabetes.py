"""The patients: what is stored, and that it reaches every library and device."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.problems._data import stored
from refimpl.problems.diabetes import diabetes


def test_it_is_the_published_set():
    raw, progression = (stored("diabetes")[name] for name in ("features", "progression"))
    # The first rows of the file of the paper.
    assert raw[0].tolist() == [59.0, 2.0, 32.1, 101.0, 157.0, 93.2, 38.0, 4.0, 4.8598, 87.0]
    assert progression[:3].tolist() == [151.0, 75.0, 141.0]
    assert progression.mean() == pytest.approx(152.13348, abs=1e-5)


def test_columns_are_scaled_and_arrays_are_those_of_like(backend):
    like = backend.asarray([0.0])
    features, progression = diabetes(like=like)
    xp = array_namespace(features, progression)
    assert xp is array_namespace(like)
    assert features.dtype == progression.dtype == like.dtype
    assert device(features) == device(progression) == device(like)
    assert float(xp.max(xp.abs(xp.mean(features, axis=0)))) < 1e-5
    assert float(xp.mean(progression**2)) == pytest.approx(1, abs=1e-5)
    with pytest.raises(TypeError, match="like"):
        diabetes(like=np.zeros(1, int))
