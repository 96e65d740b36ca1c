"""Coloured toy and digits: how often labels and colours lie, what is rotated, every library, refusals."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.core.random import stream
from refimpl.problems.coloured import coloured_digits, coloured_toy, rotated_digits
from refimpl.problems.digits import digits

LIKE = np.zeros(1)
DIRECTION = np.array([3.0, 0.0, 4.0]) / 5


@pytest.mark.parametrize("flip", [0.1, 0.9])
def test_feature_and_colour_lie_as_often_as_asked(flip):
    x, y = coloured_toy(stream(0, "test-coloured"), DIRECTION, flip, n=20_000, like=LIKE)
    by_feature, by_colour = (x[:, :3] @ DIRECTION > 0), x[:, 3] > 0
    assert np.mean(y) == pytest.approx(0.5, abs=0.02)
    assert np.mean(by_feature == y) == pytest.approx(0.75 - 0.5 * 0.02275, abs=0.02)  # two standard deviations of noise
    assert np.mean(by_colour == y) == pytest.approx(1 - flip, abs=0.01)
    assert np.array_equal(x[:, 3] > 0, x[:, 4] > 0)
    # Given the label, the colour says nothing of the class.
    right = by_feature == y
    assert np.mean((by_colour == y)[right]) == pytest.approx(np.mean((by_colour == y)[~right]), abs=0.03)


def test_the_toy_has_its_means_and_noise():
    x, y = coloured_toy(stream(1, "test-coloured"), DIRECTION, 0.0, n=20_000, wrong=0.0, like=LIKE)
    np.testing.assert_allclose(x[y == 1].mean(axis=0), [*DIRECTION, 1, 1], atol=0.02)
    np.testing.assert_allclose(x[y == 0].mean(axis=0), [*-DIRECTION, -1, -1], atol=0.02)
    np.testing.assert_allclose(x[y == 1].std(axis=0), [0.5, 0.5, 0.5, 0.1, 0.1], rtol=0.03)


def test_digits_are_tinted_and_nothing_else():
    images, labels = digits(like=LIKE, part="test")
    x, y = coloured_digits(stream(0, "test-coloured"), 0.2, part="test", like=LIKE)
    first, second = x[:, :64], x[:, 64:]
    np.testing.assert_array_equal(first + second, images)
    assert not np.any((first.sum(axis=1) > 0) & (second.sum(axis=1) > 0))
    assert np.mean(y == (labels >= 5)) == pytest.approx(0.75, abs=0.08)
    assert np.mean(y == (second.sum(axis=1) > 0)) == pytest.approx(0.8, abs=0.08)
    true, clean = coloured_digits(stream(0, "test-coloured"), 0.0, part="test", wrong=0.0, like=LIKE)
    np.testing.assert_array_equal(clean, labels >= 5)
    np.testing.assert_array_equal(true[:, 64:].sum(axis=1) > 0, labels >= 5)


def test_digits_are_turned_counter_clockwise():
    same, y = rotated_digits(stream(0, "test-coloured"), 0.0, n=60, like=LIKE)
    rows = stream(0, "test-coloured").permutation(1797)[:60]
    images, labels = digits(like=LIKE)
    np.testing.assert_allclose(same, images[rows], atol=1e-12)
    np.testing.assert_array_equal(y, labels[rows] >= 5)
    quarter, _ = rotated_digits(stream(0, "test-coloured"), 90.0, n=60, like=LIKE)
    np.testing.assert_allclose(
        quarter.reshape(60, 8, 8), np.rot90(images[rows].reshape(60, 8, 8), axes=(1, 2)), atol=1e-9
    )
    little, _ = rotated_digits(stream(0, "test-coloured"), 25.0, n=60, like=LIKE)
    assert 0.1 < np.abs(little - same).mean() < 0.3


def test_library_dtype_and_device_are_those_of_like(backend):
    like = backend.asarray([0.0])
    rng = stream(0, "test-coloured")
    for x, y in (
        coloured_toy(rng, backend.asarray([1.0, 0.0]), 0.1, n=5, like=like),
        coloured_digits(rng, 0.1, part="test", like=like),
        rotated_digits(rng, 10.0, n=5, like=like),
    ):
        assert array_namespace(x, y) is array_namespace(like)
        assert x.dtype == like.dtype
        assert y.dtype == array_namespace(like).int64
        assert device(x) == device(y) == device(like)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda rng: coloured_toy(rng, DIRECTION, -0.1, like=LIKE), ValueError, "flip must be"),
        (lambda rng: coloured_toy(rng, DIRECTION, 1.1, like=LIKE), ValueError, "flip and wrong must be at most 1"),
        (lambda rng: coloured_toy(rng, DIRECTION, 0.1, n=0, like=LIKE), ValueError, "n must be"),
        (lambda rng: coloured_toy(rng, DIRECTION, 0.1, like=np.zeros(1, int)), TypeError, "like must be"),
        (lambda rng: coloured_digits(rng, 0.1, part="validation", like=LIKE), ValueError, "part must be"),
        (lambda rng: coloured_digits(rng, 0.1, wrong=2.0, like=LIKE), ValueError, "wrong must be at most 1"),
        (lambda rng: rotated_digits(rng, float("nan"), like=LIKE), ValueError, "degrees must be"),
        (lambda rng: rotated_digits(rng, 10.0, n=1798, like=LIKE), ValueError, "n must be at most 1797"),
    ],
)
def test_bad_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call(stream(0, "test-coloured"))
