"""The diagonal estimate against enumeration, and the learning-rate schedules."""

import itertools

import numpy as np
import pytest

from refimpl.core import autodiff, curvature, random, schedules
from refimpl.core.arrays import to_numpy


def test_the_mean_over_all_sign_vectors_is_the_diagonal(backend):
    values = np.array([[2.0, 1.0, 0.0, -1.0], [1.0, 3.0, 0.5, 0.0], [0.0, 0.5, -1.0, 2.0], [-1.0, 0.0, 2.0, 4.0]])
    h = backend.asarray(values)
    draws = [
        to_numpy(curvature.hutchinson(lambda v: h @ v, backend.asarray(np.array(signs))))
        for signs in itertools.product((-1.0, 1.0), repeat=4)
    ]
    assert draws[0].dtype == to_numpy(h).dtype
    np.testing.assert_allclose(np.mean(draws, axis=0), values.diagonal(), atol=1e-6)
    off = values - np.diag(values.diagonal())
    np.testing.assert_allclose(np.var(draws, axis=0), (off**2).sum(axis=1), rtol=1e-6)


def test_it_takes_the_products_of_autodiff():
    x, u = np.array([0.3, -0.7, 1.1]), random.signs(random.stream(1, "probe"), (3,), like=np.zeros(1))
    product = lambda v: autodiff.hvp(lambda x: (x[0] * x[1] * x[2]) ** 2, x, v)
    hessian = np.stack([product(e) for e in np.eye(3)])
    np.testing.assert_allclose(curvature.hutchinson(product, u), u * (hessian @ u), rtol=1e-12)


def test_a_probe_or_product_that_does_not_fit_is_refused():
    with pytest.raises(TypeError, match="probe"):
        curvature.hutchinson(lambda v: v, np.array([1, -1]))
    with pytest.raises(ValueError, match="product must have shape"):
        curvature.hutchinson(lambda v: v[:1], np.array([1.0, -1.0]))


@pytest.mark.parametrize(("steps", "warmup", "floor"), [(1, 0, 0.0), (10, 3, 0.1), (50, 49, 0.0)])
def test_the_schedule_rises_once_and_falls_to_the_floor(steps, warmup, floor):
    factors = [schedules.warmup_cosine(k, steps=steps, warmup=warmup, floor=floor) for k in range(steps + 3)]
    assert factors[warmup] == 1
    assert factors[steps:] == [floor] * 3
    assert np.all(np.diff(factors[: warmup + 1]) > 0)
    assert np.all(np.diff(factors[warmup : steps + 1]) < 0)
    assert factors[0] > 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be an integer >= 1, got 0"),
        ({"steps": 5, "warmup": 5}, "warmup must be less than steps, got 5 of 5"),
        ({"steps": 5, "floor": 1.0}, r"floor must be a number in \[0, 1\)"),
    ],
)
def test_a_schedule_without_sense_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        schedules.warmup_cosine(0, **settings)
