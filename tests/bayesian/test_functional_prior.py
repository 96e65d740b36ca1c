"""Functional priors: values on every backend, gradients by other ways, a posterior in closed form, other code."""

import math

import numpy as np
import pytest

from refimpl.bayesian import _functional_prior_models as models
from refimpl.bayesian import functional_prior
from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.core.special import softplus
from refimpl.models import sampling
from refimpl.specs.bayesian.functional_prior.claims import posteriors
from tests.alike import assert_like

LIKE = np.zeros(1)
families = pytest.mark.parametrize("family", functional_prior.FAMILIES)


def normal(name, *shape):
    return stream(0, "test-functional-prior", name).standard_normal(shape)


def close(backend, got, expected, times=100.0):
    tolerance = times * backend.tolerance
    np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=tolerance, atol=tolerance)


# Every backend -------------------------------------------------------------------------------------------------------


def drawn(family, S, widths, backend=None):
    made = models.draw(family, stream(0, "test-functional-prior", "draw", family), S, widths=widths, like=LIKE)
    if backend is None:
        return made
    return functional_prior.Drawn(*(None if part is None else backend.asarray(part) for part in made))


@families
def test_a_step_of_each_family_on_every_backend(family, backend):
    widths, sizes = (1, 3, 1), (4, 5, 1)
    psi = models.start(family, widths, like=LIKE, rng=stream(0, "test-start"), flows=2)
    x, f = normal("x", 4, 1), normal("f", 1, 6, 4)
    theta = functional_prior.critic_init(normal("theta", functional_prior.stacked_size(sizes)), sizes=sizes)
    options = {"family": family, "widths": widths, "sizes": sizes}
    found = []
    for to in (np.asarray, backend.asarray):
        draws = drawn(family, 6, widths, None if to is np.asarray else backend)
        state = functional_prior.tuning_init(to(psi))
        found.append(functional_prior.outer_step(state, to(theta), to(x), draws, to(f), **options))
    (_, gap, gradient), (state, got_gap, got_gradient) = found
    like = backend.asarray(psi)
    assert_like(state.psi, like, psi.shape)
    assert_like(got_gradient, like, psi.shape)
    close(backend, got_gap, gap, 1e3)
    close(backend, got_gradient, gradient, 1e3)


def test_a_step_of_the_critic_on_every_backend(backend):
    sizes = (3, 4, 2, 1)
    theta = normal("critic", functional_prior.stacked_size(sizes))
    f, eps = normal("both", 2, 2, 5, 3), np.full((2, 5), 0.25)
    ours = functional_prior.critic_step(theta, 0 * theta + 1, *f, eps, sizes=sizes)
    arrays = [backend.asarray(value) for value in (theta, 0 * theta + 1, *f, eps)]
    new, S, found = functional_prior.critic_step(*arrays, sizes=sizes)
    assert_like(new, arrays[0], theta.shape)
    assert_like(found.penalty, arrays[0], ())
    close(backend, new, ours[0])
    close(backend, S, ours[1])
    close(backend, found.gradient, ours[2].gradient)


def test_targets_scales_and_judges_on_every_backend(backend):
    x = backend.asarray([[0.0], [2.0], [4.0]])
    n, scales = backend.asarray(normal("n", 5, 3)), backend.asarray(0.3 * normal("scales", 5, 2))
    f = models.hierarchical_functions(x, n, scales, jitter=1e-4)
    assert_like(f, x, (5, 3))
    chosen = models.measurement_set(x, stream(0, "test"), size=7)
    assert_like(chosen, x, (7, 1))
    raw, u = backend.asarray([0.5, 1.0]), backend.asarray([0.25, 0.5])
    for part in functional_prior.gibbs_scale(backend.asarray([[1.0, 2.0], [0.5, 0.0]]), raw, raw, u):
        assert_like(part, raw, (2,))
    prediction = models.predict(backend.asarray(normal("w", 4, 2, 4)), x, widths=(1, 1, 1))
    assert_like(prediction.variance, x, (1, 3))
    g = functional_prior.posterior_gradient(n, n, n=3, clip=1.0)
    assert_like(g, n, (5, 3))


@families
def test_posteriors_on_every_backend(family, backend):
    X, y = backend.asarray([[0.0], [1.0]]), backend.asarray([[0.5], [1.0]])
    psi = models.start(family, (1, 2, 1), like=X, rng=stream(0, "start"), flows=1)
    options = {"widths": (1, 2, 1), "chains": 2, "steps": 6, "burn_in": 2, "keep": 2, "batch": 1}
    found = models.sample_posterior(family, psi, X, y, stream(0, "chain"), **options)
    assert_like(found, X, (2, 2, 7))


# Gradients and identities --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one_sided", [False, True])
def test_the_critics_gradient_is_that_of_its_objective(one_sided):
    """By differentiating twice, with the slope differentiated too."""
    sizes = (4, 5, 3, 1)
    theta, (f, g) = normal("theta", functional_prior.stacked_size(sizes)), normal("f and g", 2, 2, 6, 4)
    eps = stream(0, "eps").uniform(size=(2, 6))
    found = functional_prior.critic_step(theta, 0 * theta, f, g, eps, sizes=sizes, one_sided=one_sided)[2]

    def total(y):
        return array_namespace(y).sum(y)

    def objective(theta):
        value = lambda f: functional_prior.critic(theta, f, sizes=sizes)
        slope = grad(lambda f: total(value(f)))(eps[..., None] * f + (1 - eps[..., None]) * g)
        xp = array_namespace(slope)
        excess = xp.sqrt(xp.sum(slope * slope, axis=-1)) - 1
        excess = xp.maximum(excess, 0.0) if one_sided else excess
        return (total(value(f)) - total(value(g)) - 10 * total(excess * excess)) / 6

    assert float(objective(theta)) == pytest.approx(float(found.objective), rel=1e-12)
    np.testing.assert_allclose(found.gradient, grad(objective)(theta), rtol=1e-9, atol=1e-12)


def test_a_critic_without_slope_has_a_gradient():
    theta, f = np.zeros(functional_prior.stacked_size((2, 3, 1))), np.ones((1, 2, 2))
    _, _, found = functional_prior.critic_step(theta, theta, f, f, np.full((1, 2), 0.5), sizes=(2, 3, 1))
    assert float(found.penalty) == 1
    assert np.isfinite(found.gradient).all()


def test_scales_by_quantile_differences():
    """The gradient through a gamma draw, against a difference of quantiles."""
    u = np.array([0.05, 0.5, 0.9])

    def scale(a, b):
        found = functional_prior.inverse_gamma_scales(a, b, u)
        return array_namespace(found).sum(found)

    a, b, h = np.full(3, 1.7), np.full(3, 0.6), 1e-5
    for place in (0, 1):
        moved = [scale(*(v + sign * h * (i == place) for i, v in enumerate((a, b)))) for sign in (1, -1)]
        assert grad(scale, place)(a, b).sum() == pytest.approx((moved[0] - moved[1]) / (2 * h), rel=1e-7)


def test_the_variance_of_one_layer():
    """Exact at every width: sigma_b^2 + sigma_w^2 E phi^2, by quadrature."""
    widths, S = (1, 50, 1), 20000
    psi = np.log(np.expm1(np.array([1.5, 0.5, 2.0, 0.25])))
    x = np.array([[0.8]])
    f = functional_prior.prior_functions("gaussian", psi, x, drawn("gaussian", S, widths), widths=widths)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    before = math.sqrt(1.5**2 * 0.8**2 + 0.5**2)
    inner = weights @ np.tanh(before * nodes) ** 2 / math.sqrt(2 * math.pi)
    assert f.var() == pytest.approx(0.25**2 + 2.0**2 * inner, rel=0.03)


def test_scales_of_each_function_make_heavy_tails():
    """One scale for a whole batch, a slip of published code, leaves the kurtosis of a normal law."""
    widths, psi, x = (1, 30, 1), np.full(8, 3.0), np.array([[1.0]])
    draws = drawn("hierarchical", 4000, widths)
    kurtosis = lambda f: float(np.mean(f**4) / np.mean(f**2) ** 2)
    own = functional_prior.prior_functions("hierarchical", psi, x, draws, widths=widths)
    shared = draws._replace(uniforms=np.broadcast_to(draws.uniforms[:1], draws.uniforms.shape))
    same = functional_prior.prior_functions("hierarchical", psi, x, shared, widths=widths)
    assert kurtosis(own) > 3.5
    assert kurtosis(same) < 3.3


def test_a_flow_can_be_undone():
    """Bisection along a finds each point again: u_hat.a > -1 even where u.a is far below."""
    u, a, c = np.array([[-1.2, 0.6]]), np.array([[3.0, 1.0]]), np.array([0.3])
    line = np.linspace(-3, 3, 2001)[:, None] * a / 10
    moved, log_det = functional_prior.planar_flow(line, u, a, c)
    along = moved @ a[0]
    assert (np.diff(along) > 0).all()
    slope = np.gradient(along, line @ a[0])
    np.testing.assert_allclose(np.log(slope)[5:-5], log_det[5:-5], atol=2e-3)


# The posterior -------------------------------------------------------------------------------------------------------


def test_the_posterior_of_a_linear_model():
    """One layer is Bayesian linear regression, whose posterior is known."""
    X = normal("X", 20, 1)
    y = 1.5 * X - 0.5 + 0.3 * normal("y", 20, 1)
    psi = np.log(np.expm1(np.array([1.0, 2.0])))
    options = {
        "widths": (1, 1),
        "noise": 0.09,
        "chains": 60,
        "steps": 600,
        "burn_in": 200,
        "keep": 40,
        "correct": False,
    }
    w = models.sample_posterior("gaussian", psi, X, y, stream(0, "linear"), lr=0.1, friction=0.1, **options)
    design = np.concatenate([np.ones((20, 1)), X], axis=1)
    covariance = np.linalg.inv(design.T @ design / 0.09 + np.diag([1 / 4, 1.0]))
    mean = covariance @ design.T @ y[:, 0] / 0.09
    samples = w.reshape(-1, 2)
    np.testing.assert_allclose(samples.mean(axis=0), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.25 * covariance.max())


def test_deviations_in_the_order_of_the_parameters():
    """Weights drawn from normals of 1 are their deviations."""
    psi, widths = np.array([0.5, 1.0, 1.5, -1.0]), (2, 3, 1)
    made = models.prior_deviations(functional_prior.scales(psi), widths=widths)
    ones = functional_prior.Drawn(np.ones((1, functional_prior.stacked_size(widths))))
    for ours, theirs in zip(
        functional_prior.unstack(made, widths=widths),
        functional_prior.prior_layers("gaussian", psi, ones, widths=widths),
        strict=True,
    ):
        np.testing.assert_array_equal(ours.W, theirs.W[0])
        np.testing.assert_array_equal(ours.b, theirs.b[0])


def test_plain_sghmc_on_a_normal_law():
    w, m, rng, kept = np.zeros(500), np.zeros(500), stream(0, "plain"), []
    for t in range(600):
        w, m = sampling.plain_sghmc(w, m, 4 * w, rng.standard_normal(500), lr=0.005, friction=0.1)
        kept += [w] if t >= 200 else []
    assert np.var(kept) == pytest.approx(0.25, rel=0.1)


def test_the_range_in_which_the_sampler_is_right():
    """lr^4 takes the share lr^2 sqrt(v_hat) / (2 friction) off the variance."""
    v, state = posteriors.sampled(stream(0, "stiff"), np.array([[1e4]]), np.zeros(1), lr=0.01, friction=0.01,
                                  steps=1500, burn_in=300, count=100)  # fmt: skip
    expected = 1 - 0.01**2 * np.sqrt(state.v_hat).mean() / 0.02
    assert v.var() * 1e4 == pytest.approx(expected, abs=0.12)


# Targets, measurement, matching --------------------------------------------------------------------------------------


def test_a_measurement_set():
    X = np.arange(10.0)[:, None]
    rng = stream(0, "measure")
    known = [np.isin(models.measurement_set(X, rng, size=8), X).sum() for _ in range(5)]
    assert known == [5] * 5  # of 8 points int(0.7 * 8) are training inputs
    line = np.arange(101.0)[:, None] / 7
    assert np.isin(models.measurement_set(line, rng, size=100, ratio=0.29), line).sum() == 29  # 0.29 * 100 is below 29
    many = models.measurement_set(X, rng, size=40)
    assert np.isin(X, many).all()
    assert ((many >= 0) & (many <= 9)).all()


def test_functions_of_the_target_have_its_covariance():
    x = np.array([[0.0], [0.5], [2.0]])
    f = models.gp_functions(x, normal("gp", 40000, 3), np.array([0.8]), np.array(2.0))
    expected = 2 * np.exp(-((x - x.T) ** 2) / (2 * 0.64))
    np.testing.assert_allclose(np.cov(f.T), expected, atol=0.06)


def test_matching_a_small_process():
    x = np.linspace(-1, 1, 5)[:, None]
    target = lambda x, rng, S: models.gp_functions(x, rng.standard_normal((S, 5)), np.array([1.0]), np.array(0.04))[
        None
    ]
    options = {"widths": (1, 8, 1), "hidden": (8,), "functions": 32, "steps": 40, "inner": 10, "critic_rate": 0.1}
    psi = models.start("gaussian", (1, 8, 1), like=x)
    found = models.match("gaussian", psi, target, lambda rng: x, stream(0, "match"), **options)
    away = [
        sampling.energy_distance(
            functional_prior.prior_functions("gaussian", p, x, drawn("gaussian", 400, (1, 8, 1)), widths=(1, 8, 1))[0],
            target(x, stream(0, "judge"), 400)[0],
        )
        for p in (psi, found.psi)
    ]
    assert away[1] < 0.5 * away[0]
    assert len(found.distances) == 40


def test_classification_by_labels():
    X = np.concatenate([normal("left", 20, 2) - 2, normal("right", 20, 2) + 2])
    y = np.repeat([[0.0], [1.0]], 20, axis=0)
    psi = models.start("gaussian", (2, 5, 1), like=X)
    options = {"widths": (2, 5, 1), "likelihood": "logistic", "steps": 300, "burn_in": 100, "keep": 50, "lr": 0.05}
    w = models.sample_posterior("gaussian", psi, X, y, stream(0, "labels"), friction=0.05, **options)
    f = functional_prior.network(functional_prior.unstack(w[-1], widths=(2, 5, 1)), X)[0].mean(axis=0)
    assert ((f > 0) == (y[:, 0] > 0)).mean() > 0.9


# Other code ----------------------------------------------------------------------------------------------------------


@pytest.mark.peers
def test_the_energy_distance_and_exact_transport():
    """POT: shifts are the exact distance of a sample, and the estimate of the critic is near it."""
    ot = pytest.importorskip("ot", reason="POT is not installed (`make peers`)")
    a = normal("cloud", 300, 6)
    b = a + 0.3
    exact = ot.emd2(np.full(300, 1 / 300), np.full(300, 1 / 300), ot.dist(a, b, metric="euclidean"))
    assert exact == pytest.approx(0.3 * 6**0.5, rel=1e-9)
    sizes = (6, 16, 1)
    theta = functional_prior.critic_init(normal("start", functional_prior.stacked_size(sizes)), sizes=sizes)
    eps = stream(0, "pot").uniform(size=(200, 1, 300))
    _, _, found = functional_prior.fit_critic(theta, 0 * theta, b[None], a[None], eps, sizes=sizes)
    assert float(found[-1].gap) == pytest.approx(exact, rel=0.2)
    mean = lambda p, q: ot.dist(p, q, metric="euclidean").mean()
    ours = float(sampling.energy_distance(a, b))
    assert ours == pytest.approx(2 * mean(a, b) - (mean(a, a) + mean(b, b)) * 300 / 299, rel=1e-9)


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("one_sided", [False, True])
def test_pytorch_agrees_on_steps_of_the_critic(one_sided):
    """Autograd with create_graph, and torch.optim.Adagrad with the same constants."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    sizes = (4, 6, 5, 1)
    theta, (f, g) = normal("torch", functional_prior.stacked_size(sizes)), normal("torch f", 2, 1, 7, 4)
    eps = stream(0, "torch").uniform(size=(3, 1, 7))
    layers = functional_prior.unstack(theta, widths=sizes)
    parameters = [torch.tensor(part.copy(), requires_grad=True) for layer in layers for part in layer]
    optimizer = torch.optim.Adagrad(parameters, lr=0.05, eps=1e-10)

    def value(f):
        for W, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
            f = torch.nn.functional.softplus(f @ W + b)
        return (f @ parameters[-2] + parameters[-1])[..., 0]

    S = 0 * theta
    for e in eps:
        nn, gp, mix = (torch.tensor(v) for v in (f, g, e[..., None] * f + (1 - e[..., None]) * g))
        mix.requires_grad_()
        slope = torch.autograd.grad(value(mix).sum(), mix, create_graph=True)[0]
        excess = slope.norm(dim=-1) - 1
        penalty = (excess.clamp(min=0) if one_sided else excess).square().mean()
        optimizer.zero_grad()
        (-(value(nn).mean() - value(gp).mean() - 10 * penalty)).backward()
        optimizer.step()
        theta, S, found = functional_prior.critic_step(theta, S, f, g, e, sizes=sizes, one_sided=one_sided)
        assert float(found.penalty) == pytest.approx(penalty.item(), rel=1e-10, abs=1e-14)
    rows = [torch.cat([b[None], W]).reshape(-1) for W, b in zip(parameters[::2], parameters[1::2], strict=True)]
    np.testing.assert_allclose(theta[:-6], torch.cat(rows).detach().numpy()[:-6], rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(theta[-5:], torch.cat(rows).detach().numpy()[-5:], rtol=1e-8, atol=1e-10)


@pytest.mark.torch
@pytest.mark.peers
def test_pytorch_agrees_on_rmsprop():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    theta, x = normal("rms theta", 10), normal("rms x", 2, 1)
    sizes, widths = (2, 3, 1), (1, 2, 1)
    f, draws = normal("rms f", 1, 4, 2), drawn("gaussian", 4, widths)
    theta = np.resize(theta, functional_prior.stacked_size(sizes))
    state = functional_prior.tuning_init(np.ones(4))
    other = torch.ones(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([other], lr=0.05, alpha=0.99, eps=1e-8)
    options = {"family": "gaussian", "widths": widths, "sizes": sizes}
    for _ in range(4):
        state, _, gradient = functional_prior.outer_step(state, theta, x, draws, f, **options)
        other.grad = torch.tensor(gradient)
        optimizer.step()
    np.testing.assert_allclose(state.psi, other.detach().numpy(), rtol=1e-12)


@pytest.mark.jax
@pytest.mark.peers
def test_blackjax_has_the_same_posterior_of_a_small_network():
    """Its HMC against SGHMC with all the data: mean and spread of the function, within their errors."""
    jax = pytest.importorskip("jax", reason="JAX is not installed (`make peers`)")
    blackjax = pytest.importorskip("blackjax", reason="BlackJAX is not installed (`make peers`)")
    jnp, widths, new = jax.numpy, (1, 2, 1), np.array([[-0.5], [0.25], [2.0]])
    X = np.linspace(-1, 1, 5)[:, None]
    y = np.sin(2 * X)
    psi = np.array([1.0, 0.5, 1.5, 0.5])
    deviations = models.prior_deviations(functional_prior.scales(psi), widths=widths)

    def values(w, x):
        return jnp.tanh(w[:2] + x * w[2:4]) @ w[5:] / 2**0.5 + w[4]

    def log_density(w):
        return -jnp.sum((values(w, X) - y[:, 0]) ** 2) / 0.2 - jnp.sum((w / deviations) ** 2) / 2

    kernel = blackjax.hmc(log_density, 0.1, jnp.ones(7), 15)
    move = lambda state, key: (kernel.step(key, state)[0],) * 2
    start = jnp.asarray(normal("blackjax", 40, 7) * deviations)
    keys = jax.random.split(jax.random.key(0), (40, 600))
    run = jax.jit(jax.vmap(lambda w, keys: jax.lax.scan(move, kernel.init(w), keys)[1].position[100:]))
    theirs = np.asarray(jax.vmap(jax.vmap(values, (0, None)), (0, None))(run(start, keys), new))  # [40, 500, 3]
    options = {"widths": widths, "chains": 40, "steps": 2600, "burn_in": 600, "keep": 10, "correct": False}
    w = models.sample_posterior("gaussian", psi, X, y, stream(0, "blackjax"), lr=0.05, friction=0.1, **options)
    layers = functional_prior.unstack(w.reshape(-1, 7), widths=widths)
    ours = functional_prior.network(layers, new)[0].reshape(-1, 40, 3).swapaxes(0, 1)
    for moment in (lambda f: f.mean(axis=1), lambda f: np.square(f - theirs.mean(axis=(0, 1))).mean(axis=1)):
        a, b = moment(theirs), moment(ours)
        error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / 40)
        np.testing.assert_array_less(np.abs(a.mean(axis=0) - b.mean(axis=0)), 4 * error)
        np.testing.assert_array_less(error, 0.1 * np.abs(a.mean(axis=0)) + 0.05)


# What is refused -----------------------------------------------------------------------------------------------------


def test_what_is_refused():
    x, size = np.zeros((2, 1)), functional_prior.stacked_size((1, 1, 1))
    with pytest.raises(ValueError, match="uniforms must be drawn"):
        functional_prior.prior_layers(
            "hierarchical", np.ones(8), functional_prior.Drawn(np.ones((1, size))), widths=(1, 1, 1)
        )
    with pytest.raises(ValueError, match="family must be one of"):
        functional_prior.prior_size("spike", (1, 1))
    with pytest.raises(ValueError, match="alpha must be so large"):
        functional_prior.inverse_gamma_scales(np.array([1e-3]), np.ones(1), np.array([0.01]))
    with pytest.raises(ValueError, match="covariance at x must be positive definite"):
        models.gp_functions(x, np.ones((1, 2)), np.ones(1), np.array(1.0), jitter=0.0)
    with pytest.raises(ValueError, match="lengths must be > 0"):
        models.gp_functions(np.array([[0.0], [1.0]]), np.ones((1, 2)), np.array([-1.0]), np.array(1.0))
    with pytest.raises(ValueError, match="steps must be burn_in"):
        models.sample_posterior("gaussian", np.ones(2), x, x, stream(0, "no"), widths=(1, 1), steps=10, burn_in=10)
    with pytest.raises(ValueError, match="y must be 0 or 1"):
        models.sample_posterior(
            "gaussian", np.ones(2), x, x + 7, stream(0, "no"), widths=(1, 1), likelihood="logistic"
        )  # fmt: skip
    with pytest.raises(ValueError, match="raw_beta must be so large"):
        functional_prior.gibbs_scale(np.zeros((1, 1)), np.ones(1), np.full(1, -800.0), np.full(1, 0.5))
    f, theta = np.ones((1, 2, 2)), np.full(functional_prior.stacked_size((2, 2, 1)), 1e200)
    with pytest.raises(ValueError, match="so small that the gradient is finite"), np.errstate(all="ignore"):
        functional_prior.critic_step(theta, 0 * theta, f, 2 * f, np.full((1, 2), 0.5), sizes=(2, 2, 1))
    with pytest.raises(TypeError, match="rng must be"):
        models.start("flow", (1, 1), like=LIKE)
    with pytest.raises(ValueError, match="sizes must begin with the 2 values"):
        functional_prior.critic(np.ones(size), np.ones((1, 2)), sizes=(1, 1, 1))


def test_softplus_of_the_raw_unit_is_one():
    assert float(softplus(np.asarray([models.UNIT]))[0]) == pytest.approx(1.0, abs=1e-15)


def test_layers_of_one_dtype_and_flows_of_any_scale():
    layers = functional_prior.unstack(np.ones((1, 2), dtype=np.float32), widths=(1, 1))
    with pytest.raises(TypeError, match=r"layers\[0\]\.W must have dtype float64"):
        functional_prior.network(layers, np.ones((1, 1)))
    z, u, a, c = np.ones((1, 2)), np.ones((1, 2)), np.array([[0.5, -1.0]]), np.zeros(1)
    moved, log_det = functional_prior.planar_flow(z, u, a, c)
    for size in (1e-200, 1e200):
        other = functional_prior.planar_flow(z / size, u / size, a * size, c)
        np.testing.assert_allclose(other[0] * size, moved, rtol=1e-14)
        np.testing.assert_allclose(other[1], log_det, rtol=1e-14)
    far = functional_prior.posterior_gradient(np.array([3e200, 4e200]), np.zeros(2), n=1, clip=5.0)
    np.testing.assert_allclose(far, [3, 4], rtol=1e-14)
