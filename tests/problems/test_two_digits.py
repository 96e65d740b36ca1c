"""Pairs of digits: what is drawn, and that it reaches every library."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.problems.digits import digits
from refimpl.problems.two_digits import two_digits

LIKE = np.zeros(1)


def sources(canvases, labels):
    """Indices of the two images of each canvas: of its labels, the one pair that is nowhere darker and explains it."""
    images, classes = digits(like=LIKE)
    squares, found = images.reshape(-1, 8, 8), []
    for canvas, pair in zip(canvases.reshape(-1, 11, 11), labels, strict=True):
        under = [
            [i for i in np.flatnonzero(classes == label) if np.all(squares[i] <= part)]
            for label, part in zip(pair, (canvas[:8, :8], canvas[3:, 3:]), strict=True)
        ]
        hits = []
        for i in under[0]:
            for j in under[1]:
                made = np.zeros((11, 11))
                made[:8, :8] = squares[i]
                made[3:, 3:] = np.maximum(made[3:, 3:], squares[j])
                if np.array_equal(made, canvas):
                    hits.append((i, j))
        assert hits
        found.append(hits[0])
    return np.array(found)


def test_each_canvas_is_made_of_two_images_with_its_labels():
    data = two_digits(stream(0, "test"), like=LIKE, train=20, test=20)
    used = [set(sources(*pair).ravel()) for pair in ((data.images, data.labels), (data.test, data.test_labels))]
    assert not used[0] & used[1]
    assert len(used[0]) > 30  # drawn anew for each


def test_the_share_of_wrong_labels():
    clean, noisy = (two_digits(stream(1, "test"), like=LIKE, noise=noise) for noise in (0.0, 0.3))
    assert np.array_equal(clean.images, noisy.images)
    assert np.array_equal(clean.test_labels, noisy.test_labels)
    changed = np.mean(clean.labels != noisy.labels, axis=0)
    assert np.all(np.abs(changed - 0.27) < 0.04)  # a tenth of the random ones are right
    both = np.mean(np.all(clean.labels != noisy.labels, axis=1))
    assert 0.04 < both < 0.11  # the two tasks are made wrong independently
    assert noisy.labels.min() == 0
    assert noisy.labels.max() == 9


def test_it_reaches_every_library(backend):
    like = backend.asarray([0.0])
    data, plain = (two_digits(stream(0, "test"), like=x, train=3, test=2, noise=0.5) for x in (like, LIKE))
    for got, expected in zip(data, plain, strict=True):
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=backend.tolerance)
    assert data.images.dtype == like.dtype
    assert data.labels.dtype == array_namespace(like).int64


def test_bad_arguments_are_named():
    for changed, name in (({"noise": 1.0}, "noise"), ({"train": 0}, "train"), ({"like": [0.0]}, "like")):
        with pytest.raises((TypeError, ValueError), match=name):
            two_digits(stream(0), **{"like": LIKE} | changed)
