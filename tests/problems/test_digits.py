"""The digits: what is stored, how it is cut, and that it reaches every library and device."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace, device
from refimpl.problems.digits import PARTS, digits

LIKE = np.zeros(1)


def test_it_is_the_set_of_the_uci_repository():
    images, labels = digits(like=LIKE)
    assert images.shape == (1797, 64)
    assert images.min() == 0
    assert images.max() == 1
    assert np.all(images * 16 == np.round(images * 16))
    # Counts of the ten digits and the mean pixel, as published with the set.
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert 16 * images.mean() == pytest.approx(4.884164579855314, rel=1e-12)


def test_the_first_image_is_the_zero_of_every_scikit_learn_tutorial():
    image = 16 * digits(like=LIKE)[0][0].reshape(8, 8)
    assert image[0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert image[7].tolist() == [0, 0, 6, 13, 10, 0, 0, 0]


def test_train_and_test_part_are_disjoint_and_make_up_the_whole():
    sizes = {part: len(digits(like=LIKE, part=part)[1]) for part in PARTS}
    assert sizes == {"all": 1797, "train": 1541, "test": 256}
    rows = {part: {row.tobytes() for row in digits(like=LIKE, part=part)[0]} for part in PARTS}
    assert rows["train"] | rows["test"] == rows["all"]
    assert not rows["train"] & rows["test"]


@pytest.mark.parametrize("part", ["train", "test"])
def test_every_part_has_all_digits_about_equally_often(part):
    counts = np.bincount(digits(like=LIKE, part=part)[1], minlength=10)
    assert counts.min() > 0.65 * counts.mean()


def test_library_dtype_and_device_are_those_of_like(backend):
    like = backend.asarray([0.0])
    images, labels = digits(like=like)
    assert array_namespace(images, labels) is array_namespace(like)
    assert images.dtype == like.dtype
    assert labels.dtype == array_namespace(like).int64
    assert device(images) == device(labels) == device(like)


def test_every_call_gives_arrays_of_its_own():
    digits(like=LIKE)[0][:] = 7
    assert digits(like=LIKE)[0].max() == 1


@pytest.mark.parametrize(
    ("arguments", "error", "name"),
    [({"part": "validation"}, ValueError, "part"), ({"like": np.zeros(1, int)}, TypeError, "like")],
)
def test_bad_arguments_are_named(arguments, error, name):
    with pytest.raises(error, match=name):
        digits(**{"like": LIKE, **arguments})
