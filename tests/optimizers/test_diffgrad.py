"""diffGrad: the worked steps, every library and device, laws, the theorem's form, refusals, public implementations."""

import math

import numpy as np
import pytest

from refimpl.core.random import stream
from refimpl.optimizers import adamw, diffgrad
from refimpl.optimizers._diffgrad_functions import FUNCTIONS
from refimpl.oracle import catalog, check, edits
from refimpl.specs.optimizers.diffgrad.claims import CLAIMS, networks, study
from tests.alike import assert_like
from tests.thorough import THOROUGH

# Worked out by hand-written code elsewhere: down the quadratic theta^T H theta / 2, with lr = 0.1.
H = [[2, 1, 0, -1], [1, 3, 0.5, 0], [0, 0.5, -1, 2], [-1, 0, 2, 4]]
START = [1.0, -2.0, 0.5, 3.0]
THETAS = [
    [1.0952574123647185, -1.9008577487500917, 0.40109869448283997, 2.900000614500793],
    [1.1545187699131758, -1.8425154586342736, 0.34982706654741386, 2.8334686926278962],
    [1.209846984796526, -1.7876262211745932, 0.2985559116914153, 2.7731861264372433],
]

# Positions after 1, 2, 10, 50 and 299 updates from -1, with the rates of the authors' notebook.
STUDY = {
    ("F1", "diffGrad"): [-0.9197816117, -0.8659611288, -0.4640235512, -0.3776543743, -0.3000711663],
    ("F1", "Adam"): [-0.9000000007, -0.8004874037, -0.1218520869, 0.1186619902, 0.2001149320],
    ("F2", "diffGrad"): [-0.9, -0.85, -0.4832748356, -0.7390921642, -0.6429626925],
    ("F2", "Adam"): [-0.9, -0.8, -0.3773429072, 0.0435007363, 0.0000901345],
    ("F3", "diffGrad"): [-0.9119202926, -0.8576482239, -0.4269357422, -0.0866732818, 0.0135651244],
    ("F3", "Adam"): [-0.9000000005, -0.8002703658, -0.1146905950, 0.1005757885, 0.0005101392],
}


def run(start, grads, update=diffgrad.update, init=diffgrad.init, **rates):
    """All positions, the start left out, and the last state."""
    theta, state, path = start, init(start), []
    for grad in grads:
        theta, state = update(theta, state, grad, **rates)
        path.append(theta)
    return path, state


def variant(slug, theta0, grads, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0):
    """All positions of one of the rules that the oracle knows by name."""
    rule = edits.runner(catalog.operation("diffgrad.trajectory"), edits.alternatives("diffgrad")[slug])
    return rule(theta0=theta0, grads=grads, lr=lr, beta1=beta1, beta2=beta2, eps=eps, weight_decay=weight_decay)


# The worked steps, on every backend ---------------------------------------------------------------------------


def test_three_steps_down_an_indefinite_quadratic(backend):
    theta = start = backend.asarray(START)
    matrix, state = backend.asarray(H), diffgrad.init(theta)
    for t, expected in enumerate(THETAS, start=1):
        gradient = matrix @ theta
        theta, state = diffgrad.update(theta, state, gradient, lr=0.1)
        for array in (theta, state.m, state.v, state.previous):
            assert_like(array, start)
        assert state.steps == t
        np.testing.assert_allclose(backend.to_numpy(theta), expected, rtol=backend.tolerance)
        assert np.all(backend.to_numpy(state.previous) == backend.to_numpy(gradient))


def test_friction(backend):
    change = backend.asarray([0.0, math.log(3), -math.log(3), 1e4, -1e4])
    xi = diffgrad.friction(change)
    assert_like(xi, change)
    np.testing.assert_allclose(backend.to_numpy(xi), [0.5, 0.75, 0.75, 1, 1], rtol=backend.tolerance)


@pytest.mark.parametrize("shape", [(), (3, 2)])
def test_parameters_of_any_shape_move_like_flat_ones(backend, shape):
    rng = stream(0, "test-diffgrad", "shape")
    start, grads = rng.standard_normal(shape), rng.standard_normal((5, *shape))
    shaped, flat = backend.asarray(start), backend.asarray(start.reshape(-1))
    path, state = run(shaped, [backend.asarray(g) for g in grads], lr=0.1, weight_decay=0.3)
    flat_path, _ = run(flat, [backend.asarray(g.reshape(-1)) for g in grads], lr=0.1, weight_decay=0.3)
    assert path[-1].shape == state.m.shape == state.v.shape == state.previous.shape == shape
    np.testing.assert_allclose(
        backend.to_numpy(path[-1]).reshape(-1), backend.to_numpy(flat_path[-1]), rtol=backend.tolerance
    )


def test_nothing_that_is_given_is_changed(backend):
    theta, m, v, previous, grad = (backend.asarray([1.0, 2.0]) for _ in range(5))
    diffgrad.update(theta, diffgrad.DiffGradState(m, v, previous, 3), grad, lr=0.1, weight_decay=0.1)
    for array in (theta, m, v, previous, grad):
        assert backend.to_numpy(array).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("size", [3, 300_001])
@pytest.mark.parametrize("donate", [False, True])
def test_the_caller_may_reuse_the_array_of_the_gradient(size, donate):
    """What the authors' first code did not survive."""
    grads = stream(0, "test-diffgrad", "reuse").standard_normal((4, size))
    expected, _ = run(np.zeros(size), grads, lr=0.1)
    theta, state, buffer = np.zeros(size), diffgrad.init(np.zeros(size)), np.empty(size)
    for grad in grads:
        buffer[:] = grad
        theta, state = diffgrad.update(theta, state, buffer, lr=0.1, donate=donate)
    assert np.all(theta == expected[-1])


def state_and_gradient(size):
    theta, m, previous, grad = stream(0, "test-diffgrad", "large").standard_normal((4, size))
    return theta, diffgrad.DiffGradState(m, m * m, previous, 2), grad


def test_donated_memory_is_used_and_changes_no_bit():
    theta, state, grad = state_and_gradient(300_001)
    expected, expected_state = diffgrad.update(theta, state, grad, lr=0.1, weight_decay=0.2)
    got, got_state = diffgrad.update(theta, state, grad, lr=0.1, weight_decay=0.2, donate=True)
    for new, right, old in zip(
        (got, *got_state[:3]), (expected, *expected_state[:3]), (theta, *state[:3]), strict=True
    ):
        assert np.shares_memory(new, old)
        assert np.all(new == right)


def test_large_arrays_give_the_bits_of_small_ones():
    """`elementwise` cuts arrays of this size into blocks."""
    theta, state, grad = state_and_gradient(300_001)
    whole, whole_state = diffgrad.update(theta, state, grad, lr=0.1, weight_decay=0.2)
    for part in (slice(0, 1000), slice(-1000, None)):
        cut = diffgrad.DiffGradState(state.m[part], state.v[part], state.previous[part], state.steps)
        piece, piece_state = diffgrad.update(theta[part], cut, grad[part], lr=0.1, weight_decay=0.2)
        np.testing.assert_allclose(whole[part], piece, rtol=1e-15)
        assert np.all(whole_state.previous[part] == piece_state.previous)


# Laws -----------------------------------------------------------------------------------------------------------


def steps_over_adams(backend, scale):
    """Each step over Adam's, both taken from 0 on the same gradients; the friction that it should be."""
    grads = scale * stream(0, "test-diffgrad", "ratio").standard_normal((30, 4))
    zero, ratios = backend.asarray(np.zeros(4)), []
    state, adam = diffgrad.init(zero), adamw.init(zero)
    for grad in map(backend.asarray, grads):
        ours, state = diffgrad.update(zero, state, grad, lr=0.1, eps=1e-30)
        theirs, adam = adamw.adam(zero, adam, grad, lr=0.1, eps=1e-30)
        ratios.append(backend.to_numpy(ours / theirs))
    return np.array(ratios), 1 / (1 + np.exp(-np.abs(np.diff(grads, axis=0, prepend=0))))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_friction_is_the_ratio_to_adams_step(backend, scale):
    ratios, xi = steps_over_adams(backend, scale)
    np.testing.assert_allclose(ratios, xi, rtol=backend.tolerance)
    limit = {1e-6: 0.5, 1e6: 1.0}.get(scale)
    if limit:
        np.testing.assert_allclose(ratios, limit, atol=1e-5)


def test_without_friction_it_is_adam_with_coupled_decay(backend):
    grads = [backend.asarray(g) for g in stream(0, "test-diffgrad", "adam").standard_normal((20, 4))]
    start = backend.asarray(START)
    rates = {"lr": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "weight_decay": 0.7}
    ours, _ = run(start, grads, friction=lambda change: 1.0, **rates)
    adam, _ = run(start, grads, update=adamw.adam, init=adamw.init, **rates)
    np.testing.assert_allclose(
        backend.to_numpy(ours[-1]), backend.to_numpy(adam[-1]), rtol=10 * backend.tolerance, atol=backend.tolerance
    )


def test_another_friction_sees_the_previous_gradient_minus_the_new_one():
    seen = []

    def linear(change):
        seen.append(change)
        return 1 + change

    path, _ = run(np.zeros(2), np.array([[1.0, -1.0], [3.0, -1.0]]), friction=linear, lr=1.0, beta1=0.0, eps=0.0)
    assert [c.tolist() for c in seen] == [[-1, 1], [-2, 0]]
    np.testing.assert_allclose(path[0], [0, 2], atol=1e-15)


def test_steps_after_the_first_have_no_friction_but_one_half_under_a_constant_gradient():
    path, _ = run(np.zeros(1), [np.full(1, 3.0)] * 5, lr=1.0, eps=0.0)
    np.testing.assert_allclose(-np.diff(np.ravel(path), prepend=0.0), [1 / (1 + math.exp(-3))] + [0.5] * 4, rtol=1e-14)


def test_no_gradient_no_step():
    path, state = run(np.array([1.0, -2.0]), [np.zeros(2)] * 3, lr=0.1)
    assert path[-1].tolist() == [1.0, -2.0]
    assert state.m.tolist() == state.v.tolist() == [0.0, 0.0]


def test_the_torch_form_is_the_paper_form_with_a_larger_eps():
    grads = 1e-6 * stream(0, "test-diffgrad", "form").standard_normal((10, 3))
    theta, state = np.zeros(3), diffgrad.init(np.zeros(3))
    torch_form = variant("eps_before_correction", np.zeros(3), grads, eps=1e-7)
    for t, grad in enumerate(grads, start=1):
        theta, state = diffgrad.update(theta, state, grad, lr=0.1, eps=1e-7 / math.sqrt(1 - 0.999**t))
        np.testing.assert_allclose(torch_form[t - 1], theta, rtol=1e-13)


def test_the_forms_differ_where_the_gradient_is_as_small_as_eps():
    grad = np.array([[1e-7]])
    assert -run(np.zeros(1), grad, lr=1.0)[0][0][0] == pytest.approx(0.5 * 1e-7 / 1.1e-7, rel=1e-6)
    torch_form = 0.5 * 1e-7 / (1e-7 + 1e-8 / math.sqrt(0.001))
    assert -variant("eps_before_correction", np.zeros(1), grad, lr=1.0)[0][0] == pytest.approx(torch_form, rel=1e-6)


def test_after_many_steps_the_first_moments_of_zero_are_not_corrected():
    """The first step from rest is (1 - beta1) / sqrt(1 - beta2) times as long."""
    rest = diffgrad.init(np.zeros(1))
    late, first = (
        diffgrad.update(np.zeros(1), rest._replace(steps=steps), np.ones(1), eps=0.0)[0] for steps in (10**6, 0)
    )
    np.testing.assert_allclose(late / first, 0.1 / math.sqrt(0.001), rtol=1e-13)


def test_defaults_are_those_of_the_paper():
    grads = stream(0, "test-diffgrad", "defaults").standard_normal((5, 3))
    default, _ = run(np.ones(3), grads)
    rates = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.0}
    assert np.all(default[-1] == run(np.ones(3), grads, **rates)[0][-1])


# What is refused ------------------------------------------------------------------------------------------------

GOOD = {"params": np.zeros(2), "m": np.zeros(2), "v": np.zeros(2), "previous": np.zeros(2), "steps": 0}


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"grad": np.zeros(3)}, ValueError, "grad"),
        ({"grad": np.zeros(2, np.float32)}, ValueError, "grad"),
        ({"grad": [0.0, 0.0]}, TypeError, "grad"),
        ({"grad": np.array([0.0, np.nan])}, ValueError, "grad"),
        ({"grad": np.array([0.0, -np.inf])}, ValueError, "grad"),
        ({"m": np.zeros((2, 1))}, ValueError, "m"),
        ({"v": np.zeros(1)}, ValueError, "v"),
        ({"previous": np.zeros(3)}, ValueError, "previous"),
        ({"steps": -1}, ValueError, "steps"),
        ({"steps": 0.5}, TypeError, "steps"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"lr": "0.1"}, TypeError, "lr"),
        ({"beta1": 1.0}, ValueError, "beta1"),
        ({"beta2": -0.1}, ValueError, "beta2"),
        ({"eps": -1e-8}, ValueError, "eps"),
        ({"weight_decay": float("inf")}, ValueError, "weight_decay"),
    ],
)
def test_bad_arguments_are_named(changed, error, name):
    given = {**GOOD, "grad": np.zeros(2), **changed}
    params, grad = given.pop("params"), given.pop("grad")
    state = diffgrad.DiffGradState(*(given.pop(key) for key in ("m", "v", "previous", "steps")))
    with pytest.raises(error, match=rf"\b{name}\b"):
        diffgrad.update(params, state, grad, **given)


@pytest.mark.parametrize("params", [[1.0], 1.0, np.zeros(2, int), None])
def test_parameters_must_be_floating_point_arrays(params):
    with pytest.raises(TypeError, match="params"):
        diffgrad.init(params)


# The drivers ----------------------------------------------------------------------------------------------------


def test_minimize_is_the_loop_over_update(backend):
    start = backend.asarray([1.0, -3.0, 0.2])
    driven = diffgrad.minimize(lambda x: 2.0 * x, start, steps=7, lr=0.05, beta1=0.8, weight_decay=0.1)
    theta, state = start, diffgrad.init(start)
    for _ in range(7):
        theta, state = diffgrad.update(theta, state, 2.0 * theta, lr=0.05, beta1=0.8, weight_decay=0.1)
    assert_like(driven.state[0], start)
    assert np.all(backend.to_numpy(driven.state[0]) == backend.to_numpy(theta))
    assert driven.state[1].steps == 7


def test_minimize_follows_the_schedule_and_records_the_start():
    driven = diffgrad.minimize(
        lambda x: np.ones_like(x),
        np.zeros(1),
        steps=3,
        lr=lambda k: 1.0 / k,
        eps=0.0,
        record=lambda x: {"x": float(x[0])},
    )
    first = 1 / (1 + math.exp(-1))
    assert driven.history["x"] == pytest.approx([0, -first, -first - 1 / 4, -first - 1 / 4 - 1 / 6])


def test_online_is_the_loop_with_fading_rates(backend):
    start = backend.asarray([0.5, -0.5])
    xp = backend.xp
    gradient = lambda x, t: 2.0 * x - t
    box = lambda x: xp.clip(x, -1.0, 1.0)
    driven = diffgrad.online(gradient, start, steps=6, project=box, decay=0.5, lr=0.3, beta1=0.8, beta2=0.9)
    theta, state = start, diffgrad.init(start)
    for t in range(1, 7):
        rates = {"lr": 0.3 / math.sqrt(t), "beta1": 0.8 * 0.5 ** (t - 1), "beta2": 0.9}
        theta, state = diffgrad.update(theta, state, gradient(theta, t), **rates)
        theta = box(theta)
    assert_like(driven.state[0], start)
    np.testing.assert_allclose(backend.to_numpy(driven.state[0]), backend.to_numpy(theta), rtol=backend.tolerance)


def test_drivers_name_what_is_wrong():
    with pytest.raises(ValueError, match="steps"):
        diffgrad.minimize(lambda x: x, np.ones(2), steps=-1)
    for name, value in (("lr", 0.0), ("beta1", 1.0), ("decay", 1.0)):
        given = {"steps": 1, "project": lambda x: x, "decay": 0.9, name: value}
        with pytest.raises(ValueError, match=name):
            diffgrad.online(lambda x, t: x, np.ones(2), **given)


# The three functions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_slopes_are_derivatives_of_the_values(backend, name):
    if backend.precision == "float32":
        pytest.skip("differences need the digits of float64")
    x = np.linspace(-1.2, 1.2, 400)
    x = x[np.min(np.abs(x[:, None] - np.array([-0.9, -0.5, -0.4, 0.0, 0.4, 0.5])), axis=1) > 1e-3]
    f, h = FUNCTIONS[name], 1e-5
    value = lambda shift: backend.to_numpy(f.value(backend.asarray(x + shift)))
    slope = f.slope(backend.asarray(x))
    assert_like(slope, backend.asarray(x))
    np.testing.assert_allclose(backend.to_numpy(slope), (value(h) - value(-h)) / (2 * h), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_minima_are_where_they_are_said_to_be(name):
    f, x = FUNCTIONS[name], np.linspace(-1, 1, 200_001)
    y = f.value(x)
    assert x[np.argmin(y)] == pytest.approx(f.best, abs=2e-5)
    near = np.abs(x - f.trap) < 0.05
    assert x[near][np.argmin(y[near])] == pytest.approx(f.trap, abs=2e-5)
    assert f.value(np.array([f.trap]))[0] > y.min() + 0.04


@pytest.mark.parametrize(("name", "method"), list(STUDY))
def test_paths_of_the_synthetic_study(name, method):
    path = study.study_path(FUNCTIONS[name].slope, method)
    assert path[0] == -1
    np.testing.assert_allclose(path[[1, 2, 10, 50, 299]], STUDY[name, method], rtol=0, atol=1.1e-10)


# The experiments ------------------------------------------------------------------------------------------------


DEAR = ("diffgrad.C4", "diffgrad.C7") if THOROUGH else ()


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id in ("diffgrad.C1", *DEAR)], ids=lambda c: c.id)
def test_quick_claims_that_draw_hold_for_another_seed(claim):
    """The dear ones in `make alarms` alone; the ledger has them at five seeds."""
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_many_networks_side_by_side_are_the_networks_one_by_one():
    from refimpl.core.autodiff import grad
    from refimpl.models import losses

    rng = stream(0, "test-diffgrad", "networks")
    weights = np.stack([networks.start_weights(rng) for _ in range(3)])
    x, labels = rng.uniform(size=(3, 5, 64)), rng.integers(0, 10, (3, 5))
    gradients = grad(networks._total_loss)(weights, x, labels, "ReLU")
    for i in range(3):
        W1, b1, W2, b2 = np.split(weights[i], np.cumsum([64 * 32, 32, 320]))
        logits = np.maximum(x[i] @ W1.reshape(64, 32) + b1, 0) @ W2.reshape(32, 10) + b2
        np.testing.assert_allclose(networks.networks(weights, x, "ReLU")[i], logits, rtol=1e-12, atol=1e-13)
        loss = lambda w, i=i: losses.softmax_cross_entropy(networks.networks(w, x[i], "ReLU"), labels[i])
        np.testing.assert_allclose(gradients[i], grad(loss)(weights[i]), rtol=1e-10, atol=1e-14)


def test_activations():
    x = np.array([-2.0, -0.1, 0.0, 3.0])
    expected = {
        "ReLU": [0, 0, 0, 3],
        "tanh": np.tanh(x),
        "ELU": [math.exp(-2) - 1, math.exp(-0.1) - 1, 0, 3],
        "leaky ReLU": [-0.02, -0.001, 0, 3],
    }
    assert expected.keys() == networks.ACTIVATIONS.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(networks.ACTIVATIONS[name](x), values, rtol=1e-14, atol=1e-16)


# Public implementations -----------------------------------------------------------------------------------------


def stress(kind, steps=100, d=5):
    """Gradients on which implementations part if they divide, take roots or store something else."""
    rng = stream(0, "test-diffgrad", kind)
    grads = rng.standard_normal((steps, d))
    if kind == "scales":
        return grads * 10.0 ** np.array([-7, -3, 0, 3, 8])
    if kind == "constant":
        return np.tile(grads[0], (steps, 1))
    if kind == "alternating":
        return grads[0] * (-1.0) ** np.arange(steps)[:, None]
    if kind == "zeros":
        return grads * (rng.uniform(size=grads.shape) < 0.2)
    return grads


def peer_path(optimizer_class, grads, start, **settings):
    """Positions of a PyTorch optimizer, whose gradients all come in one array."""
    import torch

    params = torch.nn.Parameter(torch.tensor(start))
    optimizer, buffer, path = optimizer_class([params], **settings), torch.empty(len(start), dtype=torch.float64), []
    for grad in grads:
        params.grad = buffer.copy_(torch.asarray(grad))
        optimizer.step()
        path.append(params.detach().numpy().copy())
    return np.array(path)


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["gaussian", "scales", "constant", "alternating", "zeros"])
def test_torch_optimizer_agrees(kind, weight_decay):
    """The authors' second code, at every scale of the gradient."""
    pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("torch_optimizer", reason="torch_optimizer is not installed (`make peers`)")
    start = stream(0, "test-diffgrad", "start").standard_normal(5)
    theirs = peer_path(peer.DiffGrad, stress(kind), start, lr=0.1, betas=(0.8, 0.95), weight_decay=weight_decay)
    expected = variant("eps_before_correction", start, stress(kind), beta1=0.8, beta2=0.95, weight_decay=weight_decay)
    np.testing.assert_allclose(theirs, expected, rtol=0, atol=2e-14)


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("kind", ["gaussian", "scales", "constant", "alternating", "zeros"])
def test_pytorch_optimizer_is_the_choice_that_the_oracle_calls_so(kind, weight_decay):
    pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip("pytorch_optimizer", reason="pytorch_optimizer is not installed (`make peers`)")
    start, grads = stream(0, "test-diffgrad", "start").standard_normal(5), stress(kind)
    theirs = peer_path(peer.DiffGrad, grads, start, lr=0.1, betas=(0.8, 0.95), weight_decay=weight_decay)
    expected = variant("pytorch_optimizer", start, grads, beta1=0.8, beta2=0.95, weight_decay=weight_decay)
    np.testing.assert_allclose(theirs, expected, rtol=0, atol=2e-14)
    if kind == "gaussian" and not weight_decay:  # its 1e-15 beside second moments of 0.1, its decay beside none
        path = variant("eps_before_correction", start, grads, beta1=0.8, beta2=0.95)
        np.testing.assert_allclose(theirs, path, rtol=0, atol=1e-11)


def authors_rule(copy):
    """A PyTorch optimizer with the rule of the authors' code; it keeps a copy of the gradient, or the array itself."""
    import torch

    class DiffGrad(torch.optim.Optimizer):
        def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
            defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
            super().__init__(params, defaults)

        @torch.no_grad()
        def step(self):
            (group,) = self.param_groups
            (p,) = group["params"]
            beta1, beta2 = group["betas"]
            state, grad = self.state[p], p.grad
            if not state:
                zero = torch.zeros_like(p)
                state.update(t=0, m=zero.clone(), v=zero.clone(), previous=zero.clone())
            state["t"] += 1
            if group["weight_decay"]:
                grad.add_(p, alpha=group["weight_decay"])
            state["m"].mul_(beta1).add_(grad, alpha=1 - beta1)
            state["v"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
            xi = torch.sigmoid((state["previous"] - grad).abs())
            state["previous"] = grad.clone() if copy else grad
            size = group["lr"] * math.sqrt(1 - beta2 ** state["t"]) / (1 - beta1 ** state["t"])
            p.addcdiv_(xi * state["m"], state["v"].sqrt().add_(group["eps"]), value=-size)

    return DiffGrad


@pytest.mark.torch
@pytest.mark.parametrize(
    ("copy", "verdict"), [(True, "conforms to variant eps_before_correction"), (False, "deviates")]
)
def test_the_oracle_finds_the_bug_of_the_authors_first_code(copy, verdict):
    pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    from refimpl.oracle.candidates import TorchOptimizer

    only = ["steady-then-turn", "strong-decay", "tiny-gradients"]
    report = check(TorchOptimizer(authors_rule(copy)), "diffgrad.trajectory", only=only)
    assert report.verdict.startswith(verdict)
    if not copy:
        assert report.diagnosis.names == ("first_official_code",)


# Mistakes that no mutant lists -------------------------------------------------------------------------------------


def half_at_zero(previous, grad):
    return np.where(grad == 0, 0.5, diffgrad.friction(previous - grad))


def dead_zone(previous, grad, width=1e-6):
    change = previous - grad
    return np.where(abs(change) < width, 0.5, diffgrad.friction(change))


def narrow_dead_zone(previous, grad):
    return dead_zone(previous, grad, 1e-12)


def zero_not_stored(theta0, grads, **rates):
    theta, state, thetas = theta0, diffgrad.init(theta0), []
    for g in grads:
        before = state.previous
        theta, state = diffgrad.update(theta, state, g, **rates)
        state = state._replace(previous=np.where(state.previous == 0, before, state.previous))
        thetas.append(theta)
    return np.stack(thetas)


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("diffgrad.friction", half_at_zero),
        ("diffgrad.friction", dead_zone),
        ("diffgrad.friction", narrow_dead_zone),
        ("diffgrad.trajectory", zero_not_stored),
    ],
)
def test_a_mistake_without_a_name_is_found(target, wrong):
    report = check(wrong, target, laws=False)
    assert report.verdict == "deviates"
    assert report.diagnosis is None
