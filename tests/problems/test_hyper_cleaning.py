"""Data hyper-cleaning: what is drawn, and its written-out derivatives against automatic ones, on every library."""

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, hvp
from refimpl.core.random import stream
from refimpl.core.special import sigmoid
from refimpl.models.losses import softmax_cross_entropy
from refimpl.problems import hyper_cleaning
from refimpl.problems.digits import digits

LIKE = np.zeros(1)


def test_what_is_drawn():
    data = hyper_cleaning.cleaning_data(stream(0, "test", "cleaning"), like=LIKE, train=200, validation=100, wrong=0.25)
    images, classes = digits(like=LIKE, part="train")
    known = {row.tobytes(): label for row, label in zip(images, classes, strict=True)}
    rows = np.ascontiguousarray(data.train[:, :64])
    true = np.array([known[row.tobytes()] for row in rows])
    assert np.all((data.labels == true) == ~data.wrong)
    assert data.wrong.sum() == 50
    assert 5 < data.wrong[:100].sum() < 45  # no special place
    assert np.all((data.labels >= 0) & (data.labels < 10))
    clean = np.ascontiguousarray(data.validation[:, :64])
    assert [known[row.tobytes()] for row in clean] == data.validation_labels.tolist()
    assert not {row.tobytes() for row in rows} & {row.tobytes() for row in clean}
    assert np.all(data.train[:, 64] == 1)
    assert len(data.test) == 256


def test_it_reaches_every_library(backend):
    data = hyper_cleaning.cleaning_data(stream(0, "test"), like=backend.asarray([0.0]), train=6, validation=4)
    plain = hyper_cleaning.cleaning_data(stream(0, "test"), like=LIKE, train=6, validation=4)
    for got, expected in zip(data, plain, strict=True):
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=backend.tolerance)


def drawn(name):
    rng = stream(0, "test", "hyper_cleaning", name)
    w, z = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
    return w, z, rng.standard_normal(7), rng.standard_normal((7, 3)), rng.integers(0, 4, 7), np.array([6, 0, 0, 3, 0])


def objective(w, lam, x, labels, indices, reg=0.0):
    """The mean over a batch, sample by sample."""
    xp, total = array_namespace(w, lam), 0.0
    for j in indices.tolist():
        total = total + sigmoid(lam[j]) * softmax_cross_entropy(x[j : j + 1, :] @ w, labels[j : j + 1])
    return total / len(indices) + 0.5 * reg * xp.sum(w * w)


def test_derivatives_are_the_automatic_ones(backend):
    w, z, lam, x, labels, indices = drawn("derivatives")
    whole = lambda values: backend.backend.asarray(values, dtype="int64")
    a, b, c, d = (backend.asarray(v) for v in (w, z, lam, x))
    batch = backend.asarray(lam[indices]), backend.asarray(x[indices]), whole(labels[indices])
    of_w = lambda w: objective(w, lam, x, labels, indices, 0.3)
    of_lam = lambda lam: array_namespace(lam).sum(grad(lambda w: objective(w, lam, x, labels, indices))(w) * z)
    close = {"rtol": 100 * backend.tolerance, "atol": 20 * backend.tolerance}
    for got, expected in (
        (hyper_cleaning.lower_gradient(a, *batch, reg=0.3), grad(of_w)(w)),
        (hyper_cleaning.lower_hvp(a, b, *batch, reg=0.3), hvp(of_w, w, z)),
        (hyper_cleaning.cross_product(a, b, c, d, whole(labels), whole(indices)), grad(of_lam)(lam)),
        (hyper_cleaning.upper_gradient(a, d, whole(labels)), grad(lambda w: softmax_cross_entropy(x @ w, labels))(w)),
    ):
        assert got.dtype == a.dtype
        np.testing.assert_allclose(backend.to_numpy(got), expected, **close)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"indices": np.array([7])}, "indices must be in"),
        ({"indices": np.array([-1])}, "indices must be in"),
        ({"lam": np.zeros(6)}, "lam must have shape"),
        ({"labels": np.zeros(6, dtype=int)}, "labels must have shape"),
        ({"z": np.zeros((3, 3))}, "z must have shape"),
        ({"x": np.zeros((7, 2))}, "x must have shape"),
        ({"w": np.full((3, 4), np.nan)}, "w must be finite"),
    ],
)
def test_bad_input_is_refused_by_name(changed, words):
    names = "w", "z", "lam", "x", "labels", "indices"
    given = dict(zip(names, drawn("refused"), strict=True)) | changed
    with pytest.raises(ValueError, match=words):
        hyper_cleaning.cross_product(*given.values())


def test_sizes_and_weights_are_refused_by_name():
    w, z, lam, x, labels, _ = drawn("refused")
    with pytest.raises(ValueError, match="reg must be"):
        hyper_cleaning.lower_gradient(w, lam, x, labels, reg=-0.1)
    with pytest.raises(ValueError, match="lam must have shape"):
        hyper_cleaning.lower_hvp(w, z, lam[:5], x, labels, reg=0.1)
    for sizes, word in (({"train": 0}, "train"), ({"train": 1500, "validation": 100}, "train and validation")):
        with pytest.raises(ValueError, match=word):
            hyper_cleaning.cleaning_data(stream(0), like=LIKE, **sizes)
    with pytest.raises(ValueError, match="wrong must be"):
        hyper_cleaning.cleaning_data(stream(0), like=LIKE, wrong=1.0)
