"""Toy data for contrastive learning: moments, what a view keeps, backends, refusals."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.problems.contrastive import LongTail, clusters

LIKE = np.zeros(1)


def test_clusters_are_where_their_direction_is():
    views = clusters(stream(0, "test"), [400, 200], dimension=6, noise=0.1, like=LIKE)
    for view in views[:2]:
        np.testing.assert_allclose(np.linalg.norm(view, axis=1), 1, rtol=1e-14)
        for c in (0, 1):
            mean = view[views.labels == c].mean(axis=0)
            np.testing.assert_allclose(mean / np.linalg.norm(mean), np.eye(6)[c], atol=0.03)
    assert np.bincount(views.labels).tolist() == [400, 200]
    assert not np.allclose(views.first, views.second)


def test_directions_that_are_drawn_have_no_preference():
    views = clusters(stream(0, "test"), [1] * 4000, dimension=3, noise=0.0, like=LIKE, orthogonal=False)
    np.testing.assert_array_equal(views.first, views.second)  # no noise: both views are the direction
    np.testing.assert_allclose(views.first.T @ views.first / 4000, np.eye(3) / 3, atol=0.02)


def test_the_long_tail_has_the_moments_that_it_says():
    law = LongTail(classes=3, dimension=5, separation=2.0, spread=0.5, nuisance=3.0, jitter=0.25, kept=0.5)
    x, labels = law.sample(stream(0, "test"), [20_000, 5_000, 1_000], like=LIKE)
    assert np.bincount(labels).tolist() == [20_000, 5_000, 1_000]
    np.testing.assert_allclose(x[labels == 0].mean(axis=0), [2, 0, 0, 0, 0], atol=0.05)
    np.testing.assert_allclose(x[labels == 0].std(axis=0), [0.5, 0.5, 0.5, 3, 3], rtol=0.02)
    change = law.view(stream(1, "test"), x) - np.where(np.arange(5) < 3, 1.0, 0.5) * x
    np.testing.assert_allclose(change.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(change.std(axis=0), [0.25, 0.25, 0.25, 1.8, 1.8], rtol=0.02)


def test_library_dtype_and_device_are_those_of_like(backend):
    like = backend.asarray([0.0])
    views = clusters(stream(0, "test"), [2, 1], like=like)
    law = LongTail(classes=2)
    x, labels = law.sample(stream(0, "test"), [2, 1], like=like)
    for array in (views.first, views.second, x, law.view(stream(0, "test"), x)):
        assert array_namespace(array) is array_namespace(like)
        assert array.dtype == like.dtype
        assert device(array) == device(like)
    assert array_namespace(labels).isdtype(labels.dtype, "integral")


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [
        ({"sizes": [0]}, ValueError, "sizes"),
        ({"sizes": [1.5]}, TypeError, "sizes"),
        ({"sizes": [1] * 21}, ValueError, "sizes"),
        ({"noise": -0.1}, ValueError, "noise"),
        ({"dimension": 0}, ValueError, "dimension"),
    ],
)
def test_bad_arguments_are_named(arguments, error, name):
    with pytest.raises(error, match=name):
        clusters(stream(0), **{"sizes": [2], "like": LIKE, **arguments})


def test_the_long_tail_names_what_is_wrong():
    with pytest.raises(ValueError, match="sizes"):
        LongTail().sample(stream(0), [1, 2], like=LIKE)
    with pytest.raises(ValueError, match="x must"):
        LongTail().view(stream(0), np.zeros((2, 3)))


def test_a_law_is_checked_and_its_scalars_are_numbers():
    x = np.ones((2, 20), dtype=np.float32)
    law = LongTail(kept=np.float64(0.4), nuisance=np.float64(2.0), jitter=np.float64(0.1))
    assert law.view(stream(0, "test"), x).dtype == np.float32
    for wrong, name in (({"classes": 21}, "classes"), ({"spread": -1.0}, "spread"), ({"jitter": "0.5"}, "jitter")):
        with pytest.raises((ValueError, TypeError), match=name):
            LongTail(**wrong).view(stream(0, "test"), x)
