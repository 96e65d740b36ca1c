"""Kernels of wide networks against Gauss-Hermite sums, wide networks themselves, and themselves on every backend."""

import numpy as np
import pytest
from scipy.special import erf

from refimpl.core import random
from refimpl.models import wide
from tests.alike import assert_like

FUNCTIONS = {  # and their derivatives
    "relu": (lambda u: np.maximum(u, 0.0), lambda u: 1.0 * (u > 0)),
    "erf": (erf, lambda u: 2 / np.sqrt(np.pi) * np.exp(-u * u)),
}


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize(("k11", "k22", "k12"), [(1.0, 2.0, 0.7), (0.3, 0.5, -0.2), (2.0, 2.0, 1.9)])
def test_expectations_are_integrals(activation, k11, k22, k12):
    # in polar coordinates of the plane relu is smooth in pieces: midpoints, 2e6 of them
    angle = (np.arange(4000) + 0.5) * 2 * np.pi / 4000
    radius = (np.arange(500) + 0.5) * 9 / 500
    a, b = radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle)
    density = np.exp(-(radius**2) / 2) * radius * (9 / 500) / 4000
    L = np.linalg.cholesky([[k11, k12], [k12, k22]])
    u, v = L[0, 0] * a, L[1, 0] * a + L[1, 1] * b
    one = np.ones(1)
    for got, phi in zip(
        wide.expectations(k12 * one, k11 * one, k22 * one, activation), FUNCTIONS[activation], strict=True
    ):
        assert float(got[0]) == pytest.approx(float(np.sum((phi(u) * phi(v)).mean(1) * density * 4000)), abs=2e-4)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_a_wide_network_has_these_kernels(activation):
    width, nets = 400, 60
    rng = random.stream(0, "test wide", activation)
    x = rng.standard_normal((3, 2))
    phi, slope = FUNCTIONS[activation]
    found = wide.kernels(x, None, depth=2, weight_variance=1.7, bias_variance=0.3, activation=activation)
    hidden, tangent = np.zeros((3, 3)), np.zeros((3, 3))
    for _ in range(nets):
        w1, w2 = rng.standard_normal((2, width)), rng.standard_normal((width, width))
        b1, b2 = rng.standard_normal((2, width))
        u1 = x @ w1 * (1.7 / 2) ** 0.5 + 0.3**0.5 * b1
        u2 = phi(u1) @ w2 * (1.7 / width) ** 0.5 + 0.3**0.5 * b2
        hidden += phi(u2) @ phi(u2).T / width / nets
        # derivatives of readout / sqrt(width) in the standard normal parameters, whose squared readouts average 1
        back2 = slope(u2) * rng.standard_normal(width) / width**0.5
        back1 = (back2 @ w2.T) * (1.7 / width) ** 0.5 * slope(u1)
        tangent += (back2 @ back2.T) * (0.3 + 1.7 * phi(u1) @ phi(u1).T / width) / nets
        tangent += (back1 @ back1.T) * (0.3 + 1.7 * x @ x.T / 2) / nets
    np.testing.assert_allclose(hidden, found.hidden, atol=0.03 * found.hidden.max())  # standard errors below .7 %
    np.testing.assert_allclose(tangent, found.tangent, atol=0.08 * found.tangent.max())  # below 2 %
    np.testing.assert_allclose(found.output, 0.3 + 1.7 * found.hidden, rtol=1e-14)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_the_diagonal_keeps_its_digits(activation):
    x = random.stream(0, "test wide", "diagonal").standard_normal((4, 3))
    options = {"depth": 3, "weight_variance": 2.0, "bias_variance": 0.1, "activation": activation}
    alone, pairs = wide.kernels(x, None, **options), wide.kernels(x, x.copy(), **options)
    for exact, rounded in zip(alone, pairs, strict=True):
        np.testing.assert_allclose(rounded, exact, rtol=1e-6)
    variance = 0.1 + 2.0 * np.sum(x * x, axis=1) / 3
    for _ in range(3):
        hidden = wide.variances(variance, activation)
        variance = 0.1 + 2.0 * hidden
    np.testing.assert_allclose(np.diagonal(alone.hidden), hidden, rtol=1e-15)


@pytest.mark.parametrize(("dtype", "small", "large"), [("float64", 1e-100, 1e100), ("float32", 1e-12, 1e12)])
def test_relu_kernels_grow_with_the_square_of_the_inputs(dtype, small, large):
    x, options = np.array([[1.0, 0.0], [1.0, 1.0]]), {"depth": 2, "weight_variance": 1.0, "bias_variance": 0.0}
    known = wide.kernels(x, None, activation="relu", **options)
    for size in (small, large):
        found = wide.kernels((size * x).astype(dtype), None, activation="relu", **options)
        for got, expected in zip(found, known, strict=True):
            np.testing.assert_allclose(
                got / float(size) / float(size), expected, rtol=1e-5 if dtype == "float32" else 1e-13
            )


def test_a_deep_network_halves_its_variance_until_it_leaves_the_range():
    x = np.array([[1.0, 0.0], [1.0, 1.0]])
    options = {"weight_variance": 1.0, "bias_variance": 0.0, "activation": "relu"}
    assert wide.kernels(x, None, depth=900, **options).hidden[0, 1] == pytest.approx(2.0**-901 * 2**0.5, rel=1e-2)
    assert np.all(wide.kernels(x.astype("float32"), None, depth=110, **options).hidden > 0)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="x must have kernels in the range of float64"):
        wide.kernels(x, None, depth=1200, **options)
    with (
        np.errstate(over="ignore", invalid="ignore"),
        pytest.raises(ValueError, match="x must have kernels in the range"),
    ):
        wide.kernels(1e200 * x, None, depth=1, **options)


@pytest.mark.parametrize("size", [1.0, 1e3, 1e8])
def test_slopes_of_erf_keep_their_digits(size):
    x = size * np.array([[1.0, 0.5], [0.25, -1.0]])
    found = wide.kernels(x, None, depth=1, weight_variance=2.0, bias_variance=0.0, activation="erf").tangent
    k = np.sum(x * x, axis=1)
    np.testing.assert_allclose(np.diagonal(found), k * 4 / np.pi / np.sqrt(1 + 4 * k), rtol=1e-14)
    across = wide.kernels(x, x.copy(), depth=1, weight_variance=2.0, bias_variance=0.0, activation="erf")
    assert all(np.all(np.isfinite(part)) for part in across)
    single = wide.kernels(x.astype("float32"), None, depth=1, weight_variance=2.0, bias_variance=0.0, activation="erf")
    np.testing.assert_allclose(single.tangent, found, rtol=1e-5)


def test_every_backend_gives_the_same(backend):
    x = random.stream(0, "test wide", "backends").standard_normal((5, 2))
    options = {"depth": 2, "weight_variance": 2.0, "bias_variance": 0.1}
    for activation in wide.ACTIVATIONS:
        for other in (None, 0.5 * x[:2]):
            here = wide.kernels(x, other, activation=activation, **options)
            there = backend.asarray(x)
            second = None if other is None else backend.asarray(other)
            for got, expected in zip(wide.kernels(there, second, activation=activation, **options), here, strict=True):
                assert_like(got, there, expected.shape)
                np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=300 * backend.tolerance, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"depth": 0}, "depth must be"),
        ({"weight_variance": 0.0}, "weight_variance must be"),
        ({"bias_variance": -0.1}, "bias_variance must be"),
        ({"activation": "tanh"}, "activation must be one of 'relu', 'erf'"),
        ({"bias_variance": 0.0}, "bias_variance must be > 0 where an input is 0"),
        ({"y": np.zeros((2, 3))}, "y"),
    ],
)
def test_refusals(change, said):
    options = {"y": None, "depth": 1, "weight_variance": 1.0, "bias_variance": 0.1, "activation": "relu"} | change
    with pytest.raises(ValueError, match=said):
        wide.kernels(np.zeros((2, 2)), **options)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_near_copies_keep_their_digits(dtype, activation):
    x = np.array([[1.0, -0.5, 0.75]], dtype=dtype)
    options = {"depth": 3, "weight_variance": 2.0, "bias_variance": 0.25, "activation": activation}
    alone = wide.kernels(x, None, **options)
    for step in (2.0**-22, 2.0**-18, 2.0**-12):
        found = wide.kernels(x, x + np.array([step, 0, -step], dtype=dtype), **options).tangent[0, 0]
        twice = wide.kernels(x, x + 2 * np.array([step, 0, -step], dtype=dtype), **options).tangent[0, 0]
        if activation == "relu":  # the angle counts, and is twice as large
            first, second = (float(alone.tangent[0, 0] - t) for t in (found, twice))
            assert second / first == pytest.approx(2, rel=20 * step + (0.3 if dtype == "float32" else 1e-6))
        assert abs(found / alone.tangent[0, 0] - 1) < 20 * step


@pytest.mark.parametrize("bad", [{"k11": -np.ones(1)}, {"k22": np.zeros(1)}, {"k12": np.full(1, np.nan)}])
def test_no_expectation_of_a_negative_variance(bad):
    values = {"k12": np.zeros(1), "k11": np.ones(1), "k22": np.ones(1), "activation": "relu"} | bad
    with pytest.raises(ValueError, match=next(iter(bad))):
        wide.expectations(**values)
