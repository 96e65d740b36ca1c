"""The wines: what is stored, and that it reaches every library and device."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.problems._data import stored
from refimpl.problems.wine import wine


def test_it_is_the_published_set():
    raw, cultivar = (stored("wine")[name] for name in ("features", "cultivar"))
    # The first row of the file at the repository.
    assert raw[0].tolist() == [14.23, 1.71, 2.43, 15.6, 127, 2.8, 3.06, 0.28, 2.29, 5.64, 1.04, 3.92, 1065]
    assert np.bincount(cultivar).tolist() == [59, 71, 48]


def test_columns_are_scaled_and_arrays_are_those_of_like(backend):
    like = backend.asarray([0.0])
    features, labels = wine(like=like)
    xp = array_namespace(features, labels)
    assert xp is array_namespace(like)
    assert features.dtype == like.dtype
    assert labels.dtype == xp.int64
    assert device(features) == device(labels) == device(like)
    assert float(xp.max(xp.abs(xp.mean(features, axis=0)))) < 1e-5
    with pytest.raises(TypeError, match="like"):
        wine(like=np.zeros(1, int))
