"""Gaussian mixtures: scipy's densities, finite differences, moments, every backend, refusals."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from refimpl.core import random
from refimpl.core.arrays import array_namespace, device
from refimpl.models import mixture
from refimpl.models.mixture import Mixture
from refimpl.problems.functions import central_differences


def problem(K=3, D=2, name="mixture"):
    rng = random.stream(0, "test mixture", name)
    roots = rng.standard_normal((K, D, D))
    covariances = roots @ np.swapaxes(roots, 1, 2) + 0.3 * np.eye(D)
    weights = rng.uniform(0.2, 1.0, K)
    return rng.standard_normal((7, D)), Mixture(weights / weights.sum(), rng.standard_normal((K, D)), covariances)


def test_density_and_responsibilities_are_scipys():
    x, (weights, means, covariances) = problem()
    each = np.stack([w * multivariate_normal(m, C).pdf(x) for w, m, C in zip(weights, means, covariances, strict=True)])
    found = Mixture(weights, means, covariances)
    np.testing.assert_allclose(mixture.log_density(x, found), np.log(each.sum(0)), rtol=1e-12)
    np.testing.assert_allclose(mixture.responsibilities(x, found), (each / each.sum(0)).T, rtol=1e-11)


def test_the_score_is_the_gradient():
    x, found = problem()
    differences = central_differences(lambda rows: mixture.log_density(rows, found), h=1e-5)
    np.testing.assert_allclose(mixture.score(x, found), differences(x), rtol=1e-8, atol=1e-8)


def test_round_components_are_multiples_of_the_identity():
    x, found = problem()
    variances = np.array([0.5, 1.0, 2.0])
    full = found._replace(covariances=variances[:, None, None] * np.eye(2))
    for f in (mixture.log_density, mixture.score, mixture.responsibilities):
        np.testing.assert_allclose(f(x, found._replace(covariances=variances)), f(x, full), rtol=1e-12)
    noised = mixture.noised(found._replace(covariances=variances), 0.5, 0.1).covariances
    np.testing.assert_allclose(mixture.noised(full, 0.5, 0.1).covariances, noised[:, None, None] * np.eye(2))


def test_draws_have_the_moments_of_the_mixture():
    _, found = problem()
    n = 40000
    x, component = mixture.sample(random.stream(0, "test mixture", "draws"), n, found)
    mean = found.weights @ found.means
    second = np.einsum(
        "k,kij->ij", found.weights, found.covariances + np.einsum("ki,kj->kij", found.means, found.means)
    )
    covariance = second - np.outer(mean, mean)
    error = (x.mean(0) - mean) / np.sqrt(np.diag(covariance) / n)
    assert np.abs(error).max() < 5  # two standard normals: once in 900,000 seeds
    np.testing.assert_allclose(np.cov(x.T), covariance, atol=0.1)  # standard errors below .02
    counts = np.bincount(component, minlength=3) / n
    assert np.all(np.abs(counts - found.weights) < 5 * np.sqrt(found.weights / n))
    assert abs(np.mean(x[component == 0] @ [1, 0]) - found.means[0, 0]) < 5 * np.sqrt(
        found.covariances[0, 0, 0] / n / 0.1
    )


def test_every_backend_gives_the_same(backend):
    x, found = problem()
    there, points = Mixture(*map(backend.asarray, found)), backend.asarray(x)
    for f in (mixture.log_density, mixture.score, mixture.responsibilities):
        got = f(points, there)
        assert array_namespace(got) is array_namespace(points)
        assert (got.dtype, device(got)) == (points.dtype, device(points))
        np.testing.assert_allclose(backend.to_numpy(got), f(x, found), rtol=1e3 * backend.tolerance, atol=1e-5)
    drawn, component = mixture.sample(random.stream(0, "test mixture", "backends"), 5, mixture.noised(there, 0.5, 0.75))
    assert (drawn.dtype, tuple(component.shape)) == (points.dtype, (5,))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": np.array([0.5, 0.5, 0.1])}, "weights must sum to 1"),
        ({"weights": np.array([1.0, 0.5, -0.5])}, "weights must be > 0"),
        ({"weights": np.zeros(0)}, "weights"),
        ({"means": np.full((3, 2), np.nan)}, "means must be finite"),
        ({"covariances": np.tile([[1.0, 0.5], [0.4, 1.0]], (3, 1, 1))}, "covariances must be symmetric"),
        ({"covariances": np.tile([[1.0, 2.0], [2.0, 1.0]], (3, 1, 1))}, "covariances must be positive definite"),
        ({"covariances": np.array([1.0, 0.0, 1.0])}, "covariances must be > 0"),
        ({"covariances": 1.0}, "covariances"),
        ({"means": np.zeros((3, 2), dtype=np.float32)}, "weights must have dtype float32"),
    ],
)
def test_refusals(change, said):
    x, found = problem()
    with pytest.raises((ValueError, TypeError), match=said):
        mixture.score(x, found._replace(**change))


def test_also_in_the_steps_of_samplers_signs_and_dtypes_are_looked_at():
    x, full = problem()
    round_ones = full._replace(covariances=np.array([1.0, 2.0, 3.0]))
    for law, said in (
        (full._replace(weights=-full.weights), "weights must be > 0"),
        (round_ones._replace(covariances=-round_ones.covariances), "covariances must be > 0"),
        (full._replace(covariances=-full.covariances), "covariances must be positive definite"),
        (full._replace(means=[[0.0]]), "means must be"),
        (Mixture(*(part.astype(np.float32) for part in full)), "x must have dtype float32"),
    ):
        with pytest.raises((ValueError, TypeError), match=said):
            mixture.components(x, law)
