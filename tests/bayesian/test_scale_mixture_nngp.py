"""Scale mixtures: worked values on every backend, SciPy's laws, integrals over the scale, networks trained for real."""

import math
from functools import partial

import numpy as np
import pytest
from scipy import integrate, stats

from refimpl.bayesian import _scale_mixture_nngp_baselines as baselines
from refimpl.bayesian import _scale_mixture_nngp_fits as fits
from refimpl.bayesian import _scale_mixture_nngp_models as models
from refimpl.bayesian import scale_mixture_nngp as source
from refimpl.core import special
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import wide
from refimpl.optimizers import adamw
from tests.alike import assert_like

NET = {"sigma_w": 1.25, "sigma_b": 0.5, "activation": "relu"}
LAW = source.InverseGamma(2.0, 3.0)
ADAM = (adamw.init, partial(adamw.update, lr=0.1, weight_decay=0.0))


def drawn(name, *shape):
    return stream(0, "test-scale_mixture_nngp", name).standard_normal(shape)


def close(backend, got, expected, times=20.0):
    np.testing.assert_allclose(
        backend.to_numpy(got), expected, rtol=times * backend.tolerance, atol=times * backend.tolerance
    )


def regression(n=6, m=3, *, diagonal=False):
    """Kernel blocks of a network, and targets."""
    k = wide.kernels(
        drawn("x", n + m, 2), None, depth=2, weight_variance=1.5, bias_variance=0.3, activation="erf"
    ).hidden
    ss = np.diagonal(k)[n:].copy() if diagonal else k[n:, n:]
    return source.Blocks(k[:n, :n], k[n:, :n], ss), drawn("y", n)


# Worked values on every backend --------------------------------------------------------------------------------------


def test_one_target_by_hand(backend):
    K = source.Blocks(*(backend.asarray(x) for x in ([[0.5]], [[1.0]], [[3.0]])))
    told = source.condition(K, backend.asarray([2.0]), eps=0.5)
    found = source.posterior(told, source.InverseGamma(2.0, 2.0))
    for got, expected in ((told.Q, 4.0), (told.log_det, 0.0), (found.scale.b, 4.0)):
        assert_like(got, K.tt, ())
        close(backend, got, expected)
    assert (found.scale.a, found.values.dof) == (2.5, 5.0)
    assert_like(found.values.scale, K.tt, (1, 1))
    close(backend, found.values.scale, [[3.2]])
    close(backend, found.log_evidence, stats.t(4).logpdf(2.0))
    close(backend, source.log_predictive(told, source.InverseGamma(2.0, 2.0), backend.asarray([1.0])),
          stats.t(5, 2, 2).logpdf([1.0]))  # fmt: skip
    s = backend.asarray([1.0, 4.0])
    weighted = source.weigh(told, s, backend.asarray([0.0, 0.0]), backend.asarray([1.0]))
    assert_like(weighted.log_density, K.tt, (1,))
    joint = stats.norm(0, [1.0, 2.0]).pdf(2.0)
    close(backend, weighted.weights, joint / joint.sum())
    close(backend, weighted.log_evidence, math.log(joint.mean()))
    plain = baselines.gaussian(told, backend.asarray([1.0]))
    close(backend, plain.s, 4.0)
    close(backend, plain.log_density, stats.norm(2, 10**0.5).logpdf([1.0]))
    close(backend, plain.log_evidence, stats.norm(0, 2).logpdf(2.0))


def test_scales_and_their_laws(backend):
    s, u = backend.asarray([0.5, 2.0]), backend.asarray([0.25, 0.625])
    for law, known, upper in (
        (source.InverseGamma(2.5, 1.5), stats.invgamma(2.5, scale=1.5), True),
        (source.BurrXII(2.0, 1.5), stats.burr12(2.0, 1.5), False),
        (source.HalfCauchy(0.75), stats.halfcauchy(scale=0.75), False),
        (source.LogNormal(-0.5, 0.75), stats.lognorm(0.75, scale=math.exp(-0.5)), False),
    ):
        density, scales = source.log_density(law, s), source.draw(law, u)
        assert_like(density, s, (2,)), assert_like(scales, s, (2,))
        close(backend, density, known.logpdf([0.5, 2.0]))
        close(backend, scales, (known.isf if upper else known.ppf)([0.25, 0.625]))


def test_networks_on_every_backend(backend):
    x, y = backend.asarray([[1.0]]), backend.asarray([[3.0]])
    layers = ((backend.asarray([[[2.0, -2.0]]]), backend.asarray([[0.0, 0.0]])),)
    v, one = backend.asarray([[[1.0], [1.0]]]), backend.asarray([1.0])
    plain = {"sigma_w": 1.0, "sigma_b": 0.0, "activation": "relu"}
    assert_like(models.features(x, layers, **plain), x, (1, 1, 2))
    close(backend, models.outputs(x, layers, v, backend.asarray([2.0]), **plain), [[[2.0]]])
    close(backend, models.readout_limit(x, 2 * x, y, layers, v, one, **plain), [[[6.0]]])
    # f = w1 relu(h) / sqrt(2) with h = 2: the error is 3 - sqrt 2, the readout moves by eta times that times sqrt 2
    run = models.train(x, y, layers, v, one, eta=0.25, steps=1, **plain)
    error = 3 - 2**0.5
    close(backend, run.state[1], [[[1 + 0.25 * error * 2**0.5], [1.0]]])
    close(backend, run.state[0][0][0], [[[2 + 0.25 * error / 2**0.5, -2.0]]])
    trained = source.trained(
        source.Blocks(*(backend.asarray([[c]]) for c in (1.0, 0.5, 1.0))), backend.asarray([[0.0]]),
        backend.asarray([[0.0]]), backend.asarray([1.0]), 4.0, eta=0.5, tau=1,
    )  # fmt: skip
    assert_like(trained.covariance, x, (1, 1))
    close(backend, trained.mean, [0.25]), close(backend, trained.covariance, [[3.25]])


def test_the_bound_on_every_backend(backend):
    like = backend.asarray([0.0])
    q = fits.start(2, 1, law=LAW, like=like)
    at = source.project(*(backend.asarray(x) for x in ([[0.75]], [[0.5]], [1.0])), eps=0.25)
    onehot, noise = backend.asarray([[1.0, 0.0]]), backend.asarray([[[1.0, 1.0]]])
    u = backend.asarray([0.5])
    found = source.elbo(q, at, onehot, noise, u, law=LAW, n=3)
    for part in found:
        assert_like(part, like, ())
    close(backend, found.elbo, -3 * math.log(2)), close(backend, found.kl, 0.0)
    plain = baselines.elbo(q, at, onehot, noise, u, n=3)
    close(backend, plain.elbo, -3 * math.log(2))
    for predict in (source.class_probabilities, baselines.class_probabilities):
        close(backend, predict(q, at, noise, u), [[0.5, 0.5]])
    rng = stream(0, "test-scale_mixture_nngp", "fit")
    bound = lambda *given: source.elbo(*given, law=LAW, n=3)
    run = fits.fit(
        q, at, onehot, bound=bound, optimizer=ADAM, steps=3, rng=rng, draws=4, record=lambda q: {"a": float(q.a)}
    )
    for got, shape in zip(run.state, ((2, 1), (2, 1), (), ()), strict=True):
        assert_like(got, like, shape)
    assert len(run.history["a"]) == 4
    assert float(run.state.m[0, 0]) > 0 > float(run.state.m[1, 0])
    settings = backend.asarray([1.0, 0.5, 0.5, 2.0, 2.0])
    x = backend.asarray([[1.0], [2.0]])
    assert_like(fits.log_evidence(x, backend.asarray([1.0, -1.0]), settings, depth=1, activation="erf"), like, ())


# Laws that SciPy has, and integrals ----------------------------------------------------------------------------------


def test_the_t_laws_are_those_of_scipy():
    K, y = regression()
    law = source.student(np.zeros(6), K.tt, LAW)
    known = stats.multivariate_t(np.zeros(6), 1.5 * K.tt, df=4)
    np.testing.assert_allclose(source.log_student(np.stack([y, 9 * y]), law), known.logpdf([y, 9 * y]), rtol=1e-12)
    told = source.condition(K, y, eps=0.25)
    noisy = lambda k: 1.5 * (k + 0.25 * np.eye(len(k)))
    evidence = stats.multivariate_t(np.zeros(6), noisy(K.tt), df=4).logpdf(y)
    np.testing.assert_allclose(source.posterior(told, LAW).log_evidence, evidence, rtol=1e-12)
    for j in range(3):
        k = np.block([[K.tt, K.st[j][:, None]], [K.st[j][None, :], K.ss[j, j]]])
        joint = stats.multivariate_t(np.zeros(7), noisy(k), df=4).logpdf([*y, 0.75])
        np.testing.assert_allclose(source.log_predictive(told, LAW, np.full(3, 0.75))[j], joint - evidence, rtol=1e-11)


def test_the_divergence_is_an_integral():
    """Over s, of the divergence of the normal laws at s and the log ratio of the scales' densities."""
    q = source.Variational(drawn("m", 2, 3), np.exp(drawn("S", 2, 3)), np.asarray(3.5), np.asarray(2.25))
    K = regression()[0].tt[:3, :3] + 0.5 * np.eye(3)
    known, scale = stats.invgamma(3.5, scale=2.25), stats.invgamma(LAW.a, scale=LAW.b)

    def inside(s):
        each = [np.linalg.slogdet(K)[1] - np.sum(np.log(S)) - 3 + np.trace(np.linalg.solve(K, np.diag(S)))
                + m @ np.linalg.solve(K, m) / s for m, S in zip(q.m, q.S, strict=True)]  # fmt: skip
        return known.pdf(s) * (0.5 * sum(each) + known.logpdf(s) - scale.logpdf(s))

    expected = integrate.quad(inside, 0, np.inf, limit=200)[0]
    found = source.kl_given_scale(q, np.linalg.cholesky(K), q.a / q.b) + source.kl_of_scale(q, LAW)
    assert float(found) == pytest.approx(expected, rel=1e-7)


def test_many_draws_of_the_prior_give_the_closed_form():
    K, y = regression(diagonal=True)
    told, points = source.condition(K, y, eps=0.25), np.array([0.0, 1.0, -3.0])
    s = source.draw(LAW, (np.arange(20_000) + 0.5) / 20_000)  # midpoints in place of draws
    found = source.weigh(told, s, np.zeros(20_000), points)
    np.testing.assert_allclose(found.log_density, source.log_predictive(told, LAW, points), atol=1e-4)
    np.testing.assert_allclose(found.log_evidence, source.posterior(told, LAW).log_evidence, atol=1e-4)
    other = source.BurrXII(2.0, 1.5)  # and of another law, weighed
    s = source.draw(other, (np.arange(20_000) + 0.5) / 20_000)
    ratios = source.log_density(LAW, s) - source.log_density(other, s)
    found = source.weigh(told, s, ratios, points)
    np.testing.assert_allclose(found.log_density, source.log_predictive(told, LAW, points), atol=2e-3)


# Networks and fits ---------------------------------------------------------------------------------------------------


def test_the_readout_limit_is_the_end_of_training():
    x, y = drawn("x", 4, 2), drawn("targets", 4, 2)
    layers = ((drawn("W", 3, 2, 12), drawn("b", 3, 12)),)
    v, s = drawn("v", 3, 12, 2), np.array([0.25, 1.0, 4.0])
    found = models.readout_limit(x, x[:2] + 1, y, layers, v, s, **NET)
    for r in range(3):  # the nearest readout that fits: by least squares
        features = lambda x, r=r: np.maximum(x @ layers[0][0][r] * 1.25 / 2**0.5 + 0.5 * layers[0][1][r], 0) / 12**0.5
        start = s[r] ** 0.5 * v[r]
        end = start + np.linalg.lstsq(features(x), y - features(x) @ start, rcond=None)[0]
        np.testing.assert_allclose(found[r], features(x[:2] + 1) @ end, rtol=1e-9)
    run = models.train(x, y, layers, v, s, eta=0.3, steps=20, layers_trained="readout", **NET)
    before, after = (models.outputs(x, *state, ones, **NET) for state, ones in
                     (((layers, v), s), (run.state, np.ones(3))))  # fmt: skip
    assert np.abs(after - y).sum() < 0.8 * np.abs(before - y).sum()


def test_wide_networks_have_the_law_of_the_kernel():
    """Mean and deviation after some steps, given the scale."""
    x, new, y = drawn("x", 3, 2), np.array([[0.5, -1.0]]), np.array([0.5, -1.0, 1.0])
    options = {"depth": 1, "weight_variance": 1.25**2, "bias_variance": 0.25, "activation": "relu"}
    tt, st, ss = (wide.kernels(*pair, **options) for pair in ((x, None), (new, x), (new, None)))
    K, rng = source.Blocks(tt.hidden, st.hidden, ss.hidden), stream(0, "test-scale_mixture_nngp", "wide")
    nets, N, s = 200, 300, 0.5
    law = source.trained(K, tt.tangent, st.tangent, y, s, eta=0.1, tau=10)
    layers = ((rng.standard_normal((nets, 2, N)), rng.standard_normal((nets, N))),)
    run = models.train(
        x, y[:, None], layers, rng.standard_normal((nets, N, 1)), np.full(nets, s), eta=0.1, steps=10, **NET
    )
    f = models.outputs(new, *run.state, np.ones(nets), **NET)[:, 0, 0]
    assert abs(f.mean() - law.mean[0]) < 5 * f.std() / nets**0.5
    assert f.std() == pytest.approx(law.covariance[0, 0] ** 0.5, rel=0.25)


def test_the_evidence_of_a_network_has_its_derivatives():
    x, y = drawn("x", 5, 2), drawn("y", 5)
    settings = np.array([1.25, 0.5, 0.2, 2.0, 1.5])
    value = lambda settings: fits.log_evidence(x, y, settings, depth=2, activation="relu")
    found, h = grad(value)(settings), 1e-5
    for i, slope in enumerate(found):
        move = h * (np.arange(5) == i)
        assert slope == pytest.approx(float(value(settings + move) - value(settings - move)) / (2 * h), rel=1e-5)
    K = wide.kernels(x, None, depth=2, weight_variance=1.25**2, bias_variance=0.25, activation="relu").hidden
    known = stats.multivariate_t(np.zeros(5), 0.75 * (K + 0.2 * np.eye(5)), df=4).logpdf(y)
    assert float(value(settings)) == pytest.approx(known, rel=1e-10)


def test_a_narrow_scale_is_a_trained_one():
    at = source.project(*(drawn("root", 3, 3) @ drawn("root", 3, 3).T + np.eye(3), drawn("cross", 4, 3),
                          np.full(4, 9.0)), eps=0.1)  # fmt: skip
    q = source.Variational(drawn("m", 2, 3), np.exp(drawn("S", 2, 3)), np.asarray(1e8), np.asarray(0.5e8))
    noise, u = drawn("noise", 5, 4, 2), np.linspace(0.1, 0.9, 5)
    found, plain = (f(q, at, noise, u) for f in (source.class_probabilities, baselines.class_probabilities))
    np.testing.assert_allclose(found, plain, atol=1e-4)
    labels = np.eye(2)[[0, 1, 1, 0]]
    fit = [bound.fit for bound in (source.elbo(q, at, labels, noise, u, law=LAW, n=4),
                                   baselines.elbo(q, at, labels, noise, u, n=4))]  # fmt: skip
    assert float(fit[0]) == pytest.approx(float(fit[1]), rel=1e-3)


def test_training_raises_the_bound():
    rng = stream(0, "test-scale_mixture_nngp", "training")
    x = np.concatenate([drawn("left", 12, 2) - 1.5, drawn("right", 12, 2) + 1.5])
    labels = np.repeat(np.eye(2), 12, axis=0)
    options = {"depth": 1, "weight_variance": 2.0, "bias_variance": 0.2, "activation": "erf"}
    diagonal = np.diagonal(wide.kernels(x, None, **options).hidden).copy()
    at = source.project(wide.kernels(x[::4], None, **options).hidden, wide.kernels(x, x[::4], **options).hidden,
                        diagonal, eps=1e-3)  # fmt: skip
    noise, u = rng.standard_normal((50, 24, 2)), rng.uniform(0.01, 0.99, 50)
    begin = fits.start(2, 6, law=LAW, like=x)
    for bound in (lambda *given: source.elbo(*given, law=LAW, n=24), lambda *given: baselines.elbo(*given, n=24)):
        q = fits.fit(begin, at, labels, bound=bound, optimizer=ADAM, steps=60, rng=rng, batch=8, draws=5).state
        assert float(bound(q, at, labels, noise, u).elbo) > float(bound(begin, at, labels, noise, u).elbo) + 5
    p = source.class_probabilities(q, at, noise, u)
    assert (p.argmax(axis=1) == labels.argmax(axis=1)).mean() > 0.9


# What is refused -----------------------------------------------------------------------------------------------------


def test_what_is_refused():
    K, y = regression()
    with pytest.raises(ValueError, match=r"K\.tt must be positive definite"):
        source.condition(source.Blocks(np.ones((2, 2)), np.ones((1, 2)), np.ones((1, 1))), y[:2], eps=0.0)
    with pytest.raises(ValueError, match="s must be given where Q is 0"):
        baselines.gaussian(source.condition(K, 0 * y, eps=0.1), np.zeros(3))
    with pytest.raises(ValueError, match="at least as wide as there are data"):
        models.readout_limit(y[:, None], y[:, None], y[:, None], ((np.ones((1, 1, 2)), np.ones((1, 2))),),
                             np.ones((1, 2, 1)), np.ones(1), **NET)  # fmt: skip
    with pytest.raises(ValueError, match="y must be finite"):
        source.condition(K, np.full(6, np.nan), eps=0.1)
    observed = source.condition(source.Blocks(np.eye(2), np.eye(2)[:1], np.eye(1)), y[:2], eps=0.0)
    with pytest.raises(ValueError, match="Sigma \\+ eps must be > 0"):
        source.log_predictive(observed, LAW, np.zeros(1))


@pytest.mark.parametrize(
    "law", [source.InverseGamma(0.01, 1.0), source.BurrXII(0.01, 0.01), source.LogNormal(0.0, 500.0)]
)
def test_scales_outside_of_the_range_are_refused(law):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match="law must give scales in the range of float64"):
        source.draw(law, np.array([1e-6, 0.5]))


def test_the_half_cauchy_law_far_out():
    law, s = source.HalfCauchy(2.5), np.array([1e200, 1e-200])
    np.testing.assert_allclose(source.log_density(law, s), stats.halfcauchy(scale=2.5).logpdf([1e150, 1e-150]) - [
        2 * math.log(1e50), 0.0], rtol=1e-14)  # fmt: skip
    u = 1 - 2.0**-50
    assert source.draw(law, np.array([u]))[0] == pytest.approx(2.5 * 2**51 / math.pi, rel=1e-14)


def test_bounds_refuse_what_is_no_class_and_no_scale():
    like, noise, u = np.zeros(1), np.ones((1, 1, 2)), np.full(1, 0.1)
    q, at = fits.start(2, 1, law=LAW, like=like), source.project(np.eye(1), np.eye(1), np.ones(1), eps=0.1)
    for rows in ([[3.0, -1.0]], [[0.0, 0.0]], [[3.0, -2.0]]):
        with pytest.raises(ValueError, match="onehot must have rows with one 1"):
            source.elbo(q, at, np.array(rows), noise, u, law=LAW, n=1)
    tiny = q._replace(a=np.asarray(1e-3))
    for ask in (lambda: source.class_probabilities(tiny, at, noise, u),
                lambda: source.elbo(tiny, at, np.array([[1.0, 0.0]]), noise, u, law=LAW, n=1)):  # fmt: skip
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="a and b must give scales in the range"):
            ask()


def test_trained_networks_need_a_kernel():
    K, y = source.Blocks(np.eye(2), np.zeros((1, 2)), np.eye(1)), np.ones(2)
    go = lambda T, **more: source.trained(K, T, np.zeros((1, 2)), y, 1.0, eta=0.1, tau=3, **more)
    with pytest.raises(ValueError, match="T_tt must be symmetric"):
        go(np.array([[1.0, 5.0], [0.0, 1.0]]))
    for time in ("steps", "flow", "end"):
        with pytest.raises(ValueError, match=r"T_tt \+ K\.tt must be positive"):
            go(-5 * np.eye(2), time=time)
    with pytest.raises(ValueError, match=r"K\.ss must be >= 0"):
        source.condition(K._replace(ss=-np.ones(1)), y, eps=0.1)
    layers = ((np.ones((1, 1, 3)), np.zeros((1, 3))),)
    for x in (np.ones((2, 1)), -np.ones((1, 1))):  # equal inputs; units that are all off
        with pytest.raises(ValueError, match="x must have a linearly independent last hidden layer"):
            models.readout_limit(x, x, x, layers, np.ones((1, 3, 1)), np.ones(1), sigma_w=1.0, sigma_b=0.0,
                                 activation="relu")  # fmt: skip


def test_second_derivatives_of_the_gamma_function():
    x = np.array([0.3, 1.0, 4.5])
    found = grad(lambda x: x.__array_namespace__().sum(special.digamma(x)))(x)
    np.testing.assert_allclose(found, [float(special.trigamma(np.asarray(v))) for v in x], rtol=1e-14)
    np.testing.assert_allclose(special.ndtri(special.ndtr(x)), x, rtol=1e-12)


# Public packages -----------------------------------------------------------------------------------------------------


@pytest.mark.peers
def test_scikit_learn_has_the_same_gaussian_process():
    gaussian_process = pytest.importorskip("sklearn.gaussian_process", reason="scikit-learn is not installed")
    from sklearn.gaussian_process.kernels import DotProduct

    x, y, new = drawn("x", 6, 2), drawn("y", 6), drawn("new", 3, 2)
    kernel = DotProduct(sigma_0=0.5, sigma_0_bounds="fixed")
    k = lambda a, b: a @ b.T + 0.25
    told = source.condition(source.Blocks(k(x, x), k(new, x), k(new, new)), y, eps=0.3)
    model = gaussian_process.GaussianProcessRegressor(kernel, alpha=0.3, optimizer=None).fit(x, y)
    mean, covariance = model.predict(new, return_cov=True)
    np.testing.assert_allclose(told.mean, mean, rtol=1e-8)
    np.testing.assert_allclose(told.Sigma, covariance, rtol=1e-8, atol=1e-10)
    found = baselines.gaussian(told, np.zeros(3), s=1.0).log_evidence
    assert float(found) == pytest.approx(model.log_marginal_likelihood_value_, rel=1e-8)


def test_numbers_of_numpy_in_a_law_leave_float32_as_it_is():
    y, s, two = np.ones(2, dtype=np.float32), np.ones(3, dtype=np.float32), np.float64(2)
    K = source.Blocks(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32) / 2, np.eye(2, dtype=np.float32))
    law, told = source.InverseGamma(two, two), source.condition(K, y, eps=np.float64(0.5))
    found = source.posterior(told._replace(eps=np.float64(0.5)), law)
    drawn = [source.draw(kind, s / 2) for kind in (law, source.BurrXII(two, two), source.HalfCauchy(two))]
    densities = [source.log_density(law, s), source.log_predictive(told, law, y), found.values.scale]
    assert all(x.dtype == np.float32 for x in (*drawn, *densities, found.log_evidence))
    with pytest.raises(TypeError, match=r"law\.a must have dtype float32"):
        source.posterior(told, source.InverseGamma(np.asarray(2.0), 2.0))
