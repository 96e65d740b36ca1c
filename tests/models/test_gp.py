"""Gaussian processes against conditional normal laws, scikit-learn and finite differences, on every backend."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from refimpl.core import random
from refimpl.core.autodiff import grad
from refimpl.core.linalg import cholesky
from refimpl.models import gp
from tests.alike import assert_like

WEIGHTS = np.array([4.0, 0.25, 1.0])  # length scales .5, 2, 1
NOISE = 0.1


def problem():
    rng = random.stream(0, "test gp")
    return rng.standard_normal((6, 3)), rng.standard_normal(6), rng.standard_normal((4, 3))


def covariances(x, new, weights, function):
    pairs = ((x, x), (new, x), (new, new))
    return [function(gp.squared_distances(a, b, weights)) for a, b in pairs]


@pytest.mark.peers
@pytest.mark.parametrize("nu", [0.5, 1.5, 2.5, None])
def test_scikit_learn(nu):
    sklearn = pytest.importorskip("sklearn.gaussian_process", reason="scikit-learn is not installed (`make peers`)")
    x, y, new = problem()
    scales = WEIGHTS**-0.5
    theirs = sklearn.kernels.RBF(scales) if nu is None else sklearn.kernels.Matern(scales, nu=nu)
    peer = sklearn.GaussianProcessRegressor(theirs, alpha=NOISE, optimizer=None).fit(x, y)
    mean, covariance = peer.predict(new, return_cov=True)
    function = gp.squared_exponential if nu is None else lambda r2: gp.matern(r2, nu)
    K, cross, prior = covariances(x, new, WEIGHTS, function)
    factor = cholesky(K, jitter=NOISE)
    found = gp.posterior(factor, y, cross, prior)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-10, atol=1e-13)
    assert gp.log_evidence(factor, y) == pytest.approx(peer.log_marginal_likelihood_value_, rel=1e-13)


def test_the_posterior_is_the_conditional_normal_law():
    x, y, new = problem()
    r = np.sqrt(gp.squared_distances(x, x, WEIGHTS))
    np.testing.assert_allclose(r[0, 1] ** 2, np.sum(WEIGHTS * (x[0] - x[1]) ** 2), rtol=1e-14)
    K, cross, prior = covariances(x, new, WEIGHTS, lambda r2: gp.matern(r2, 1.5))
    np.testing.assert_allclose(K, (1 + 3**0.5 * r) * np.exp(-(3**0.5) * r), rtol=1e-14)
    inverse = np.linalg.inv(K + NOISE * np.eye(6))
    found = gp.posterior(cholesky(K, jitter=NOISE), y, cross, prior)
    np.testing.assert_allclose(found.mean, cross @ inverse @ y, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, prior - cross @ inverse @ cross.T, rtol=1e-12, atol=1e-14)
    alone = gp.posterior(cholesky(K, jitter=NOISE), y, cross, np.diagonal(prior))
    np.testing.assert_allclose(alone.covariance, np.diagonal(found.covariance), rtol=1e-12)


def test_evidence_is_a_normal_density_and_its_derivatives_are_slopes():
    x, y, _ = problem()

    def evidence(weights):
        K = gp.matern(gp.squared_distances(x, x, weights), 2.5)
        return gp.log_evidence(cholesky(K, jitter=NOISE), y)

    K = gp.matern(gp.squared_distances(x, x, WEIGHTS), 2.5) + NOISE * np.eye(6)
    assert float(evidence(WEIGHTS)) == pytest.approx(multivariate_normal(np.zeros(6), K).logpdf(y), rel=1e-12)
    slopes = [(evidence(WEIGHTS + h) - evidence(WEIGHTS - h)) / 2e-5 for h in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(grad(evidence)(WEIGHTS), slopes, rtol=1e-8)


def test_near_points_keep_their_distance():
    x, y = np.array([[1e8, 0.0]]), np.array([[1e8 + 1, 1e-9]])
    np.testing.assert_allclose(gp.squared_distances(x, y, np.array([1.0, 1e18])), [[2.0]], rtol=1e-14)


def test_every_backend_gives_the_same(backend):
    def found(x, y, new, weights):
        K, cross, prior = covariances(x, new, weights, lambda r2: gp.matern(r2, 1.5))
        return gp.posterior(cholesky(K, jitter=NOISE), y, cross, prior)

    here = (*problem(), WEIGHTS)
    there = [backend.asarray(x) for x in here]
    for got, expected in zip(found(*there), found(*here), strict=True):
        assert_like(got, there[0], expected.shape)
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=1e3 * backend.tolerance, atol=1e-6)


def test_refusals():
    x, y, _ = problem()
    with pytest.raises(ValueError, match="weights must be >= 0, got a smallest one of -1"):
        gp.squared_distances(x, x, np.array([1.0, -1.0, 1.0]))
    with pytest.raises(ValueError, match=r"nu must be 0\.5, 1\.5 or 2\.5, got 2"):
        gp.matern(np.ones(1), 2)
    with pytest.raises(ValueError, match="residual must be finite"):
        gp.log_evidence(np.eye(6), y * np.nan)
    with pytest.raises(ValueError, match="factor must have a diagonal > 0"):
        gp.log_evidence(-np.eye(2), np.ones(2))
    with pytest.raises(ValueError, match="prior must have variances >= 0"):
        gp.posterior(np.eye(1), np.ones(1), np.zeros((2, 1)), np.array([1.0, -1.0]))
