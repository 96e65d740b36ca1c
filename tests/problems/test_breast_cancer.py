"""The nuclei: what is stored, and that it reaches every library and device."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.problems._data import stored
from refimpl.problems.breast_cancer import breast_cancer


def test_it_is_the_set_of_the_uci_repository():
    raw, malignant = (stored("breast_cancer")[name] for name in ("features", "malignant"))
    assert np.bincount(malignant).tolist() == [357, 212]
    # The first row of the file of the repository: mean radius, texture, perimeter, area, smoothness.
    assert raw[0, :5].tolist() == [17.99, 10.38, 122.8, 1001.0, 0.1184]
    assert malignant[0] == 1
    assert raw[:, 0].mean() == pytest.approx(14.127292, abs=1e-6)


def test_columns_are_scaled_and_arrays_are_those_of_like(backend):
    like = backend.asarray([0.0])
    features, labels = breast_cancer(like=like)
    xp = array_namespace(features, labels)
    assert xp is array_namespace(like)
    assert features.dtype == labels.dtype == like.dtype
    assert device(features) == device(labels) == device(like)
    assert float(xp.max(xp.abs(xp.mean(features, axis=0)))) < 1e-5
    assert float(xp.sum(labels)) == 357 - 212
    with pytest.raises(TypeError, match="like"):
        breast_cancer(like=np.zeros(1, int))
