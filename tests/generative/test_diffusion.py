"""Diffusion models: worked steps on every backend, limits and identities, other code, what is refused."""

import math

import numpy as np
import pytest

from refimpl.core.autodiff import value_and_grad
from refimpl.core.random import stream
from refimpl.generative import _diffusion_models as models
from refimpl.generative import diffusion
from refimpl.models import mixture as mixtures
from refimpl.models.mixture import Mixture
from refimpl.specs.generative.diffusion.claims import CLAIMS, estimators
from refimpl.specs.generative.diffusion.claims._forest import forest
from tests.alike import assert_like
from tests.thorough import THOROUGH

kinds = pytest.mark.parametrize("kind", [*diffusion.KINDS, "heun"])
PAIR = Mixture(np.array([0.25, 0.75]), np.array([[1.0, -0.5], [-1.0, 0.75]]), np.array([0.5, 0.25]))


def normal(name, *shape):
    return stream(0, "test-diffusion", name).standard_normal(shape)


# Steps ---------------------------------------------------------------------------------------------------------------

# From t = ln 4 (kept 1/4, h = 3/4) to u = ln(4/3) (kept 3/4, k = 1/4), by hand: x = 1, s = -1, xi = 2.
WORKED = {
    "em": 1 + math.log(3) * (1 / 2 - 1) + math.sqrt(math.log(3)) * 2,
    "exp": math.sqrt(3) - 2 * (math.sqrt(3) - 1) + math.sqrt(2) * 2,
    "ddpm_large": math.sqrt(3) * (1 - 2 / 3) + math.sqrt(2 / 3) * 2,
    "ddpm_small": math.sqrt(3) * (1 - 2 / 3) + math.sqrt(2 / 9) * 2,
    "ddim": math.sqrt(3) / 2,
}


@pytest.mark.parametrize("kind", diffusion.KINDS)
def test_a_worked_step(kind, backend):
    x, s, xi = (backend.asarray([[value]]) for value in (1.0, -1.0, 2.0))
    got = diffusion.step(kind, x, s, math.log(4), math.log(4 / 3), xi)
    assert_like(got, x, (1, 1))
    np.testing.assert_allclose(backend.to_numpy(got), [[WORKED[kind]]], rtol=10 * backend.tolerance)


@kinds
def test_a_run_on_every_backend(kind, backend):
    mixture = Mixture(*(backend.asarray(part.tolist()) for part in PAIR))
    x, noise = backend.asarray(normal("x", 3, 2)), backend.asarray(normal("noise", 4, 3, 2))
    score = lambda x, t: models.mixture_score(x, t, mixture)
    run = diffusion.sample(score, x, diffusion.grid(N=4), noise, kind=kind, eta=0.5, record=lambda x: {"x": x})
    assert_like(run.state, x, (3, 2))
    assert len(run.history["x"]) == 5
    host = lambda x, t: models.mixture_score(x, t, PAIR)
    expected = diffusion.sample(host, backend.to_numpy(x).astype(float), diffusion.grid(N=4),
                                backend.to_numpy(noise).astype(float), kind=kind, eta=0.5).state  # fmt: skip
    np.testing.assert_allclose(backend.to_numpy(run.state), expected, rtol=1e3 * backend.tolerance)


def test_training_and_guidance_on_every_backend(backend):
    x0, z, t = backend.asarray(normal("x0", 3, 2)), backend.asarray(normal("z", 3, 2)), backend.asarray([0.1, 1.0, 4.0])
    x = diffusion.forward(x0, t, z)
    assert_like(x, x0, (3, 2))
    found = diffusion.dsm_loss(-x, t, z)
    assert_like(found.target, x0, (3, 2))
    assert_like(found.loss, x0, ())
    assert_like(diffusion.guide(x, x0, eta=2.0), x0, (3, 2))
    dropped = diffusion.drop_labels(t, backend.asarray([0.0, 0.5, 0.9]), p_drop=0.25, null=-1)
    np.testing.assert_allclose(backend.to_numpy(dropped), [-1.0, 1.0, 4.0])
    assert_like(dropped, t, (3,))
    law = models.gaussian_law("ddim", 1.0, 0.5, backend.asarray([2.0, 1.0, 0.5]))
    assert_like(law.kl, t, ())
    A = backend.asarray([[1.0], [0.0]])
    line = Mixture(*(backend.asarray(part) for part in ([1.0], [[0.5]], [0.25])))
    assert_like(models.subspace_score(x, 0.5, A, line), x0, (3, 2))
    score, _ = models.encoder_score(x, 0.5, x0, x, x0, x, d=1)
    assert_like(score, x0, (3, 2))


def test_draws_may_be_a_generator():
    score = lambda x, t: models.mixture_score(x, t, PAIR)
    x, times = normal("start", 3, 2), diffusion.grid(N=4)
    one = diffusion.sample(score, x, times, stream(0, "draws"), kind="em").state
    noise = stream(0, "draws").standard_normal((4, 3, 2))
    np.testing.assert_array_equal(one, diffusion.sample(score, x, times, noise, kind="em").state)


# Limits and identities -----------------------------------------------------------------------------------------------


@kinds
def test_samples_have_the_law_of_the_data(kind):
    """Moments of a Gaussian, by many fine steps; the law is known, no sampler takes part in it."""
    bell = Mixture(np.ones(1), np.array([[1.5]]), np.array([0.4]))
    score = lambda x, t: models.mixture_score(x, t, bell)
    x = diffusion.sample(score, normal(kind, 8000, 1), diffusion.grid(12.0, N=150), stream(1, kind), kind=kind).state
    assert x.mean() == pytest.approx(1.5, abs=0.03)
    assert x.var() == pytest.approx(0.4, abs=0.03)


def test_many_small_steps_of_the_process_are_one():
    """Euler steps of dX = -X/2 dt + dW against its solution."""
    x, N = np.full((10000, 1), 2.0), 200
    rng = stream(0, "test-diffusion", "fine")
    for _ in range(N):
        x = x - x / 2 / N + rng.standard_normal(x.shape) / N**0.5
    once = diffusion.forward(np.full((10000, 1), 2.0), np.ones(10000), rng.standard_normal(x.shape))
    assert x.mean() == pytest.approx(once.mean(), abs=0.05)
    assert x.var() == pytest.approx(once.var(), abs=0.05)


def test_scores_are_gradients_of_log_densities():
    x, eps = normal("points", 5, 2), 1e-6
    for t in (0.05, 0.7, 3.0):
        law = models.noised(PAIR, t)
        found = models.mixture_score(x, t, PAIR)
        odds = lambda x, law=law: np.log(mixtures.responsibilities(x, law)[:, 1])
        for j in range(2):
            e = eps * np.eye(2)[j]
            slope = (mixtures.log_density(x + e, law) - mixtures.log_density(x - e, law)) / (2 * eps)
            np.testing.assert_allclose(found[:, j], slope, rtol=1e-6, atol=1e-8)
            slope = (odds(x + e) - odds(x - e)) / (2 * eps)
            np.testing.assert_allclose(models.class_gradient(x, t, PAIR, 1)[:, j], slope, rtol=1e-6, atol=1e-8)


def test_the_flow_without_noise_carries_the_density():
    """The Fokker-Planck equation in one dimension, by differences: dp/dt = (p (x + s) / 2)'."""
    line = Mixture(np.array([0.4, 0.6]), np.array([[-1.0], [1.5]]), np.array([0.3, 0.5]))
    x, t, eps = np.linspace(-3, 3, 13)[:, None], 0.6, 1e-4
    p = lambda x, t: np.exp(mixtures.log_density(x, models.noised(line, t)))
    current = lambda x: p(x, t) * (x + models.mixture_score(x, t, line))[:, 0] / 2
    np.testing.assert_allclose(
        (p(x, t + eps) - p(x, t - eps)) / (2 * eps), (current(x + eps) - current(x - eps)) / (2 * eps), atol=1e-7
    )


def test_heun_is_of_second_order():
    score = lambda x, t: models.mixture_score(x, t, PAIR)
    run = lambda N: diffusion.sample(score, normal("heun", 4, 2), diffusion.grid(4.0, 0.5, N), kind="heun").state
    exact = run(1280)
    errors = [np.abs(run(N) - exact).max() for N in (20, 40, 80)]
    np.testing.assert_allclose(np.diff(np.log2(errors)), -2, atol=0.25)


def test_a_law_of_twenty_steps():
    """Figures that were worked out by other code: departure times, not arrival times."""
    law = models.gaussian_law("exp", 2.0, 0.5, np.array(diffusion.grid(8.0, 0.01, 20, spacing="uniform")))
    assert (round(float(law.mean), 3), round(float(law.variance), 3)) == (1.990, 0.782)


def test_the_shortfall_of_asking_for_a_reward():
    """The mean of the estimated reward is a Q / (Q + nu^2), with many designs."""
    rng, N, n = stream(0, "test-diffusion", "reward"), 100, 4000
    X, g = rng.standard_normal((n, 3)), rng.standard_normal
    times = np.array(diffusion.grid(8.0, 0.01, N))
    found = models.reward_directed(X, X[:500], X[:500] @ np.array([1.0, 0, 0]), g(n), g((N, n, 3)), g((4000, 3)),
                                   g((N, 4000, 3)), times, target=2.0, nu=0.5)  # fmt: skip
    Q = np.var(X @ found.theta)
    assert np.mean(found.samples @ found.theta) == pytest.approx(2 * Q / (Q + 0.25), abs=0.06)


def test_the_loss_has_a_gradient():
    z, t = normal("loss z", 4, 2), np.array([0.2, 0.5, 1.0, 2.0])
    x = diffusion.forward(normal("loss x", 4, 2), t, z)
    loss = lambda w: diffusion.dsm_loss(w * x, t, z).loss
    value, slope = value_and_grad(loss)(np.asarray(-0.5))
    assert value == pytest.approx(float(loss(-0.5)))
    assert slope == pytest.approx((float(loss(-0.5 + 1e-5)) - float(loss(-0.5 - 1e-5))) / 2e-5, rel=1e-6)


def test_denoising_at_the_end_is_the_posterior_mean():
    score = lambda x, t: models.mixture_score(x, t, PAIR)
    x, times = normal("end", 3, 2), (2.0, 1.0, 0.5)
    plain = diffusion.sample(score, x, times, kind="ddim").state
    clean = diffusion.sample(score, x, times, kind="ddim", denoise=True).state
    np.testing.assert_allclose(clean, diffusion.denoised(plain, score(plain, 0.5), 0.5))


def test_distances_by_products_are_distances():
    a, b = normal("a", 1200, 3), normal("b", 400, 3)  # past the size at which differences are not formed
    np.testing.assert_allclose(
        models._squared_distances(a, b), ((a[:, None] - b[None]) ** 2).sum(axis=2), rtol=1e-9, atol=1e-12
    )


def test_regression_keeps_its_digits_where_a_product_of_matrices_squares_what_is_small():
    """Columns that differ by 1e-7: normal equations have an error of .2 here."""
    F = np.stack([np.ones(40), 1 + 1e-7 * normal("near copies", 40)], axis=1)
    found = models.ridge(F, F @ np.array([[3.0], [-2.0]]), 1e-30)
    np.testing.assert_allclose(found, [[3.0], [-2.0]], rtol=1e-6)


def test_the_last_step_has_no_noise_whatever_eta():
    """As is said of all kinds but Euler's: to the clean point itself."""
    x, score = normal("last x", 3, 2), normal("last score", 3, 2)
    clean = diffusion.denoised(x, score, 0.7)
    for kind, eta in (("ddpm_large", 0.0), ("ddpm_small", 0.0), ("ddim", 0.5), ("ddim", 1e200)):
        np.testing.assert_allclose(diffusion.step(kind, x, score, 0.7, 0.0, eta=eta), clean, rtol=1e-12)


def test_grids():
    assert diffusion.grid(4.0, 1.0, 3, spacing="uniform") == (4.0, 3.0, 2.0, 1.0)
    times = diffusion.grid()
    assert len(times) == 301
    assert (times[0], times[-1]) == (8.0, 1e-3)
    np.testing.assert_allclose(np.diff(np.log(times)), np.log(1e-3 / 8) / 300)


def test_a_forest_learns_and_keeps_its_leaves():
    rng = stream(0, "test-diffusion", "forest")
    x = rng.uniform(-1, 1, (300, 2))
    y = np.sign(x[:, 0]) + 0.1 * rng.standard_normal(300)
    predict = forest(rng, x, y, trees=30)
    new = rng.uniform(-1, 1, (500, 2))
    new = new[np.abs(new[:, 0]) > 0.1]
    assert np.mean((predict(new) - np.sign(new[:, 0])) ** 2) < 0.05
    few = forest(rng, x[:9], y[:9], trees=3)  # fewer than two leaves of five: a tree is a mean
    assert len(set(few(new).tolist())) == 1


# What is refused -----------------------------------------------------------------------------------------------------


X, T = np.ones((2, 1)), np.ones(2)
BETAS, EPS = np.full(4, 0.1), np.ones((2, 2, 1))


def _score(x, t):
    return -x


def _run(times, noise=None, **more):
    return diffusion.sample(_score, X, times, noise, **more)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: diffusion.step("ddpm", X, X, 1.0, 0.5), ValueError, "kind must be one of"),
        (lambda: diffusion.step("em", X, X, 1.0, 0.5), ValueError, "xi must be given"),
        (lambda: diffusion.step("em", X, X, 1.0, 1.0, X), ValueError, "t must be later than u"),
        (lambda: diffusion.step("ddim", X, X, 1.0, 0.5, X, eta=-0.5), ValueError, "eta must be"),
        (lambda: diffusion.step("ddim", X, X, 1.0, 0.5, X, eta=5.0), ValueError, "eta must leave room"),
        (lambda: diffusion.step("ddim", X, X, 1.0, 0.5, X, eta=1e300), ValueError, "eta must leave room"),
        (lambda: diffusion.step("em", X, X * np.nan, 1.0, 0.5, X), ValueError, "score must be finite"),
        (lambda: diffusion.sample(lambda x, t: x * np.nan, X, (2.0, 1.0), kind="ddim"), ValueError,
         "score must be finite"),
        (lambda: _run((1.0,)), ValueError, "times must be two at least"),
        (lambda: _run((1.0, 2.0)), ValueError, "times must fall"),
        (lambda: _run((1.0, -1.0)), ValueError, "times must be"),
        (lambda: _run((1.0, 0.0), kind="heun"), ValueError, "times must end later than 0"),
        (lambda: _run((1.0, 0.0), kind="ddim", denoise=True), ValueError, "times must end later than 0"),
        (lambda: _run((1.0, 0.5), np.ones((2, 2, 1))), ValueError, "noise must have shape"),
        (lambda: _run((1.0, 0.5)), ValueError, "xi must be given"),
        (lambda: diffusion.grid(1.0, 2.0), ValueError, "T must be later"),
        (lambda: diffusion.grid(N=0), ValueError, "N must be"),
        (lambda: diffusion.times_of_betas(np.array([0.1, -0.1])), ValueError, "betas must be in"),
        (lambda: diffusion.table_steps("ddim", X, EPS, BETAS, (1, 3)), ValueError, "rows must fall"),
        (lambda: diffusion.table_steps("ddim", X, EPS, BETAS, (4, 3)), ValueError, "rows must fall and be below 4"),
        (lambda: diffusion.table_steps("ddpm_small", X, EPS, BETAS, (3, 1)), ValueError, "xi must be given"),
        (lambda: diffusion.guide(X, X, eta=float("nan")), ValueError, "eta must be"),
        (lambda: diffusion.classify(X, X, eta=-2.0), ValueError, "eta must be >= -1"),
        (lambda: diffusion.dsm_loss(X, 0 * T, X), ValueError, "t must be > 0"),
        (lambda: diffusion.dsm_loss(X, T, X, weight="snr"), ValueError, "weight must be one of"),
        (lambda: diffusion.forward(X, -T, X), ValueError, "t must be >= 0"),
        (lambda: diffusion.drop_labels(T, 0 * T, p_drop=1.5, null=0), ValueError, "p_drop must be"),
        (lambda: diffusion.drop_labels(T, 0 * T + 1, null=0), ValueError, "draws must be in"),
        (lambda: diffusion.drop_labels(np.array([1]), np.zeros(1), null=0.5), TypeError, "null must be an integer"),
        (lambda: diffusion.coefficients("exp", 800.0, 0.0), ValueError, "t must be later than u, by less"),
        (lambda: diffusion.denoised(X, X, 2000.0), ValueError, "t must be so early"),
        (lambda: diffusion.sample(_score, X, (2.0, 1.0), kind="heun", eta=-1.0), ValueError, "eta must be"),
        (lambda: diffusion.sample(_score, X, (2.0, 1.0), np.ones((1, *X.shape), np.float32)), TypeError,
         "noise must have dtype"),
        (lambda: diffusion.sample(lambda x, t: x[:1], X, (2.0, 1.0), kind="heun"), ValueError, "score must have shape"),
        (lambda: models.encoder_score(X, 0.5, X, X, X, X), ValueError, "V must be given if d is not"),
        (lambda: models.encoder_score(X, 0.5, X, X, X, X, d=1, V=np.ones((1, 1))), ValueError, "V must be given if"),
        (lambda: models.encoder_score(X, 0.5, X, X, X, X, V=2 * np.ones((1, 1))), ValueError, "V must have ortho"),
        (lambda: models.kernel_ridge(0 * X, X, X, X, widths=(1,), ridges=(1,)), ValueError, "inputs must differ"),
        (lambda: models.guided_score(X, 0.5, PAIR, 2, eta=1.0), ValueError, "label must be in"),
        (lambda: models.guided_score(X, 0.5, PAIR._replace(weights=[1.0]), 0, eta=1.0), TypeError, "weights must be"),
        (lambda: models.mixture_score(np.ones((2, 2), np.float32), 0.5, PAIR), TypeError, "x must have dtype float64"),
        (lambda: models.subspace_score(X, 0.5, 2 * np.ones((1, 1)), PAIR), ValueError, "means must have shape"),
        (lambda: models.principal_axes(X, 2), ValueError, "d must be at most 1"),
        (lambda: models.kernel_ridge(X[:1], X[:1], X, X, widths=(1,), ridges=(1,)), ValueError, "inputs must have two"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# The experiments -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim", [c for c in CLAIMS if c.tier == "quick" and (c.id != "diffusion.C3" or THOROUGH)], ids=lambda c: c.id
)
def test_quick_claims_hold_for_another_seed(claim):
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_the_estimate_comes_near_to_the_score_with_data():
    errors = [estimators.error(estimators.near_a_plane(stream(0, "test-diffusion", n), n, 6, test=300), 2)
              for n in (50, 400)]  # fmt: skip
    assert errors[1] < errors[0] / 2


# Code of others ------------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_scores_are_those_of_automatic_differentiation_in_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    law = models.noised(PAIR, 0.4)
    weights, means, variances = (torch.tensor(part) for part in law)
    parts = torch.distributions.MultivariateNormal(means, variances[:, None, None] * torch.eye(2, dtype=means.dtype))
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(weights), parts)
    x = torch.tensor(normal("torch", 6, 2), requires_grad=True)
    mixture.log_prob(x).sum().backward()
    np.testing.assert_allclose(models.mixture_score(x.detach().numpy(), 0.4, PAIR), x.grad.numpy(), rtol=1e-10)


@pytest.mark.peers
def test_kernel_ridge_regression_of_scikit_learn_agrees():
    module = pytest.importorskip("sklearn.kernel_ridge", reason="scikit-learn is not installed (`make peers`)")
    X, Y, new = normal("krr x", 12, 3), normal("krr y", 12, 2), normal("krr new", 5, 3)
    predict, _ = models.kernel_ridge(X, Y, X, Y, widths=(0.3,), ridges=(0.1,))
    pairs = [((X[i] - X[j]) ** 2).sum() for i in range(12) for j in range(i)]
    theirs = module.KernelRidge(alpha=0.1, kernel="rbf", gamma=1 / (2 * 0.3 * np.median(pairs))).fit(X, Y)
    np.testing.assert_allclose(predict(new), theirs.predict(new), rtol=1e-9, atol=1e-12)


@pytest.mark.peers
@pytest.mark.parametrize("kind", ["ddpm_large", "ddpm_small", "ddim"])
def test_a_step_is_that_of_diffusers(kind):
    """Times of two rows of its table, in float32 as its tables are."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    package = pytest.importorskip("diffusers", reason="diffusers is not installed (`make peers`)")
    betas = np.linspace(1e-4, 0.02, 1000)
    settings = {"trained_betas": betas, "clip_sample": False}
    if kind == "ddim":
        scheduler = package.DDIMScheduler(**settings)
    else:
        scheduler = package.DDPMScheduler(
            **settings, variance_type={"ddpm_large": "fixed_large"}.get(kind, "fixed_small")
        )
    scheduler.set_timesteps(100)
    times = diffusion.times_of_betas(betas)
    x, eps, xi = (normal(f"diffusers {name}", 4, 3) for name in ("x", "eps", "xi"))
    for row in (990, 500, 10):
        t, u = times[row], times[row - 10]
        ours = diffusion.step(kind, x, diffusion.score_of_noise(eps, t), t, u, xi, eta=0.5)
        given = torch.tensor(eps), row, torch.tensor(x)
        if kind == "ddim":
            theirs = scheduler.step(*given, eta=0.5, variance_noise=torch.tensor(xi))
        else:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(torch, "randn", lambda *a, **k: torch.tensor(xi))
                theirs = scheduler.step(*given)
        np.testing.assert_allclose(ours, theirs.prev_sample, rtol=1e-4, atol=1e-5)
