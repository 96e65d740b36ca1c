"""AdamW, Adam and AMSGrad: worked steps, every library and device, what they refuse, the driver, public packages."""

import math

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad
from refimpl.core.random import stream
from refimpl.models import losses
from refimpl.optimizers import adamw
from refimpl.oracle import catalog, check, edits
from refimpl.specs.optimizers.adamw.claims import CLAIMS, decay, step
from tests.alike import assert_like
from tests.thorough import sample

RULES = {
    "adamw": (adamw.init, adamw.update),
    "adam": (adamw.init, adamw.adam),
    "amsgrad": (adamw.amsgrad_init, adamw.amsgrad),
}
rules = pytest.mark.parametrize("name", RULES)


def run(name, start, grads, **rates):
    """Parameters after each step."""
    init, update = RULES[name]
    theta, state, path = start, init(start), []
    for gradient in grads:
        theta, state = update(theta, state, gradient, **rates)
        path.append(theta)
    return path


# The worked steps, on every backend ---------------------------------------------------------------------------

HALVES = {"lr": 0.5, "beta1": 0.5, "beta2": 0.5, "eps": 0.5, "weight_decay": 0.25}
GRADS = [[1.0, 2.0], [-0.5, 2.0]]
# First step: the corrected moments are g and g^2. Second: the means of the gradients are 0 and 2, those of their
# squares (1 + 2/4) / 3 = 1/2 and 4. The decay shrinks by 1 - lr weight_decay = 7/8.
FIRST = [7 / 8 - 1 / 3, 7 / 8 - 2 / 5]
PATHS = {
    "adamw": [FIRST, [7 / 8 * FIRST[0], 7 / 8 * FIRST[1] - 2 / 5]],
    # The penalized gradients of the first step are 5/4 and 9/4.
    "adam": [[1 - 5 / 14, 1 - 9 / 22]],
    # v is 1/2 then 3/8 in the first coordinate, so its maximum stays at 1/2; the numerator is 0 there.
    "amsgrad": [FIRST, [7 / 8 * FIRST[0], 7 / 8 * FIRST[1] - 2 / 5]],
}


@rules
def test_two_steps_by_hand(backend, name):
    start = backend.asarray([1.0, 1.0])
    path = run(name, start, [backend.asarray(g) for g in GRADS], **HALVES)
    for got, expected in zip(path, PATHS[name], strict=False):
        assert_like(got, start)
        np.testing.assert_allclose(backend.to_numpy(got), expected, rtol=backend.tolerance)


def test_moments_by_hand(backend):
    theta = start = backend.asarray([1.0, 1.0])
    state = adamw.init(theta)
    for gradient in GRADS:
        theta, state = adamw.update(theta, state, backend.asarray(gradient), **HALVES)
    for moment, expected in ((state.m, [0.0, 1.5]), (state.v, [0.375, 3.0])):
        assert_like(moment, start)
        assert backend.to_numpy(moment).tolist() == expected
    assert state.steps == 2


def test_the_largest_second_moment_stays_by_hand(backend):
    """Gradients 4 and 1, rates of 1/2: v is 8 then 4.5; the second step divides by sqrt(8 / (3/4)), not 4.5 / (3/4)."""
    theta = backend.asarray([0.0])
    state = adamw.amsgrad_init(theta)
    for gradient in (4.0, 1.0):
        theta, state = adamw.amsgrad(theta, state, backend.asarray([gradient]), **{**HALVES, "weight_decay": 0.0})
    assert backend.to_numpy(state.v).tolist() == [4.5]
    assert backend.to_numpy(state.largest).tolist() == [8.0]
    expected = -0.5 * 4 / 4.5 - 0.5 * 2 / (math.sqrt(8 / 0.75) + 0.5)
    np.testing.assert_allclose(backend.to_numpy(theta), [expected], rtol=backend.tolerance)


@rules
@pytest.mark.parametrize("shape", [(), (3, 2), (2, 1, 2)])
def test_parameters_of_any_shape_move_like_flat_ones(backend, name, shape):
    rng = stream(0, "test-adamw", "shape")
    start, grads = rng.standard_normal(shape), rng.standard_normal((5, *shape))
    rates = {"lr": 0.1, "weight_decay": 0.3}
    shaped = run(name, backend.asarray(start), [backend.asarray(g) for g in grads], **rates)[-1]
    flat = run(name, backend.asarray(start.reshape(-1)), [backend.asarray(g.reshape(-1)) for g in grads], **rates)[-1]
    assert shaped.shape == shape
    assert np.all(backend.to_numpy(shaped).reshape(-1) == backend.to_numpy(flat))


def test_nothing_that_is_given_is_changed(backend):
    theta, m, gradient = (backend.asarray([1.0, -1.0]) for _ in range(3))
    v, largest = backend.asarray([1.0, 2.0]), backend.asarray([1.0, 2.0])
    adamw.update(theta, adamw.AdamWState(m, v, 3), gradient, weight_decay=0.1)
    adamw.adam(theta, adamw.AdamWState(m, v, 3), gradient, weight_decay=0.1)
    adamw.amsgrad(theta, adamw.AMSGradState(m, v, largest, 3), gradient, weight_decay=0.1)
    for array, expected in ((theta, [1, -1]), (m, [1, -1]), (gradient, [1, -1]), (v, [1, 2]), (largest, [1, 2])):
        assert backend.to_numpy(array).tolist() == expected


def test_large_arrays_give_the_bits_of_small_ones_and_may_be_donated():
    """`elementwise` cuts arrays of this size into blocks, and reuses the memory that it is given."""
    theta, m, v, gradient = stream(0, "test-adamw", "large").standard_normal((4, 300_001))
    rates = {"lr": 0.1, "weight_decay": 0.2}
    whole, state = adamw.update(theta, adamw.AdamWState(m, v * v, 3), gradient, **rates)
    for part in (slice(0, 1000), slice(-1000, None)):
        piece, small = adamw.update(theta[part], adamw.AdamWState(m[part], (v * v)[part], 3), gradient[part], **rates)
        assert np.all(whole[part] == piece)
        assert np.all(state.v[part] == small.v)
    given = adamw.AdamWState(m, v * v, 3)
    got, got_state = adamw.update(theta, given, gradient, donate=True, **rates)
    assert np.shares_memory(got, theta)
    assert np.shares_memory(got_state.v, given.v)
    assert np.all(got == whole)
    assert np.all(got_state.m == state.m)


# Laws -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e100])
def test_the_first_step_has_the_length_lr(scale):
    gradient = scale * np.array([3.0, -0.5])
    first = run("adamw", np.zeros(2), [gradient], lr=0.1, eps=1e-12 * scale)[0]
    np.testing.assert_allclose(np.abs(first), 0.1, rtol=1e-11)


@rules
def test_without_decay_the_three_are_one_while_the_second_moment_grows(name):
    grads = np.cumsum(np.ones((8, 3)), axis=0) * [1, -2, 5]
    ours, theirs = (run(n, np.ones(3), grads, lr=0.1, weight_decay=0.0)[-1] for n in (name, "adamw"))
    np.testing.assert_allclose(ours, theirs, rtol=1e-15)


def test_the_penalty_acts_on_the_gradient_alone():
    """Adam on a loss with the penalty written into it is Adam with the option."""
    target, decay = np.array([1.0, -2.0, 3.0]), 0.3
    theta, state = np.zeros(3), adamw.init(np.zeros(3))
    inside, other = np.zeros(3), adamw.init(np.zeros(3))
    slope = grad(lambda x: array_namespace(x).sum((x - target) ** 2 + decay * x**2) / 2)
    for _ in range(30):
        theta, state = adamw.adam(theta, state, theta - target, lr=0.1, weight_decay=decay)
        inside, other = adamw.update(inside, other, slope(inside), lr=0.1, weight_decay=0.0)
    np.testing.assert_allclose(theta, inside, rtol=1e-12)


def test_the_paper_s_form_is_that_of_the_code_with_the_decay_divided_by_lr():
    """Algorithm 2, line 12, as printed: eta_t (alpha step + lambda theta)."""
    alpha, lam, theta, state = 0.05, 0.02, np.ones(4), adamw.init(np.ones(4))
    printed, m, v = np.ones(4), np.zeros(4), np.zeros(4)
    for t, g in enumerate(stream(0, "test-adamw", "printed").standard_normal((12, 4)), start=1):
        eta = 1 - t / 13
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        printed = printed - eta * (alpha * step + lam * printed)
        theta, state = adamw.update(theta, state, g, lr=eta * alpha, weight_decay=lam / alpha)
    np.testing.assert_allclose(theta, printed, rtol=1e-12)


def test_no_gradient_no_step():
    """Only the decay acts, and there is no division of zero by zero."""
    path = run("adamw", np.array([1.0, -2.0]), [np.zeros(2)] * 3, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose(path[-1], np.array([1.0, -2.0]) * 0.95**3, rtol=1e-15)


def test_no_sequence_of_gradients_beats_the_bound_of_the_page():
    """|m| / sqrt(v) <= (1 - beta1) / sqrt((1 - beta2) (1 - beta1^2 / beta2)), by Cauchy and Schwarz."""
    b1, b2 = 0.9, 0.99
    bound = (1 - b1) / math.sqrt((1 - b2) * (1 - b1**2 / b2))
    rng = stream(0, "test-adamw", "bound")
    for growth in (0.5, 1.0, b2 / b1, 1.3):
        grads = growth ** np.arange(60)[:, None] * np.abs(rng.standard_normal((60, 200)))
        state, theta = adamw.init(np.zeros(200))._replace(steps=100_000), np.zeros(200)
        for gradient in grads:
            moved, state = adamw.update(theta, state, gradient, lr=1.0, beta1=b1, beta2=b2, weight_decay=0.0)
            assert np.max(np.abs(moved)) <= bound


def test_defaults_are_those_of_pytorch():
    grads = stream(0, "test-adamw", "defaults").standard_normal((5, 3))
    rates = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    for name, usual in (("adamw", 0.01), ("adam", 0.0), ("amsgrad", 0.01)):
        default, explicit = run(name, np.ones(3), grads), run(name, np.ones(3), grads, weight_decay=usual, **rates)
        assert np.all(default[-1] == explicit[-1])


# What is refused ------------------------------------------------------------------------------------------------


@rules
@pytest.mark.parametrize(
    ("changed", "error", "argument"),
    [
        ({"grad": np.zeros(3)}, ValueError, "grad"),
        ({"grad": np.zeros(2, np.float32)}, ValueError, "grad"),
        ({"grad": np.zeros(2, int)}, TypeError, "grad"),
        ({"grad": [0.0, 0.0]}, TypeError, "grad"),
        ({"grad": np.array([0.0, np.nan])}, ValueError, "grad"),
        ({"grad": np.array([0.0, np.inf])}, ValueError, "grad"),
        ({"m": np.zeros((2, 1))}, ValueError, "m must"),
        ({"v": np.zeros(3)}, ValueError, "v must"),
        ({"v": np.array([1.0, -1e-9])}, ValueError, "v must"),
        ({"steps": -1}, ValueError, "steps"),
        ({"steps": 1.5}, TypeError, "steps"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"lr": float("nan")}, ValueError, "lr"),
        ({"lr": "0.1"}, TypeError, "lr"),
        ({"beta1": 1.0}, ValueError, "beta1"),
        ({"beta2": -0.1}, ValueError, "beta2"),
        ({"eps": 0.0}, ValueError, "eps"),
        ({"weight_decay": -1e-3}, ValueError, "weight_decay"),
        ({"weight_decay": float("inf")}, ValueError, "weight_decay"),
    ],
)
def test_bad_arguments_are_named(name, changed, error, argument):
    init, update = RULES[name]
    state = init(np.zeros(2))
    state = state._replace(**{key: value for key, value in changed.items() if key in state._fields})
    rates = {key: value for key, value in changed.items() if key not in (*state._fields, "grad")}
    with pytest.raises(error, match=argument):
        update(np.zeros(2), state, changed.get("grad", np.zeros(2)), **rates)


@pytest.mark.parametrize("wrong", [np.zeros(3), np.array([1.0, -1e-9])])
def test_the_maximum_must_be_like_the_parameters_and_not_negative(wrong):
    state = adamw.amsgrad_init(np.zeros(2))._replace(largest=wrong)
    with pytest.raises(ValueError, match="largest"):
        adamw.amsgrad(np.zeros(2), state, np.zeros(2))


@pytest.mark.parametrize("params", [[1.0], 1.0, np.zeros(2, int), None])
@pytest.mark.parametrize("init", [adamw.init, adamw.amsgrad_init])
def test_parameters_must_be_floating_point_arrays(init, params):
    with pytest.raises(TypeError, match="params"):
        init(params)


# The driver -----------------------------------------------------------------------------------------------------


def test_minimize_is_the_loop_over_update(backend):
    start = backend.asarray([1.0, -3.0, 0.2])
    driven = adamw.minimize(lambda x: 2.0 * x, start, steps=7, lr=0.05, beta1=0.8, weight_decay=0.1)
    theta, state = start, adamw.init(start)
    for _ in range(7):
        theta, state = adamw.update(theta, state, 2.0 * theta, lr=0.05, beta1=0.8, weight_decay=0.1)
    assert_like(driven.state[0], start)
    assert np.all(backend.to_numpy(driven.state[0]) == backend.to_numpy(theta))
    assert driven.state[1].steps == 7


def test_minimize_follows_the_schedule_and_records_the_start():
    """Under a constant gradient each step is lr(k), and so is its decay."""
    driven = adamw.minimize(
        lambda x: np.ones_like(x),
        np.zeros(1),
        steps=3,
        lr=lambda k: 1.0 / k,
        eps=1e-15,
        weight_decay=0.1,
        record=lambda x: {"x": float(x[0])},
    )
    expected = [0.0]
    for k in (1, 2, 3):
        expected.append(expected[-1] * (1 - 0.1 / k) - 1 / k)
    assert driven.history["x"] == pytest.approx(expected, rel=1e-12)


def test_minimize_names_what_is_wrong():
    for changed, name in (({"steps": -1}, "steps"), ({"lr": lambda k: -1.0}, "lr"), ({"beta2": 2.0}, "beta2")):
        with pytest.raises(ValueError, match=name):
            adamw.minimize(lambda x: x, np.ones(2), **{"steps": 1, **changed})


# The experiments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.tier == "quick" and c.id != "adamw.C7"], ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_the_bound_that_does_not_hold_is_the_paper_s_under_growing_gradients():
    broken = [m.quantity for m in step.step_bound(0).measurements if not m.holds]
    assert len(broken) == 2
    assert all("the paper's bound, growing" in quantity for quantity in broken)


def test_networks_side_by_side_are_trained_one_by_one():
    both = decay.sweep(0, "decay", True, lrs=(0.01, 0.1), decays=(0.01,), steps=4)
    for i, lr in enumerate((0.01, 0.1)):
        alone = decay.sweep(0, "decay", True, lrs=(lr,), decays=(0.01,), steps=4)
        np.testing.assert_allclose(np.array(both)[:, i], np.array(alone)[:, 0], rtol=1e-10)


def test_the_normalized_network_does_not_see_the_length_of_a_weight_vector():
    rng = stream(0, "test-adamw", "network")
    weights, x = rng.standard_normal(80 * decay.HIDDEN - 6 * decay.HIDDEN), rng.uniform(size=(3, 64))
    W, V = weights[: 64 * decay.HIDDEN].reshape(64, -1), weights[64 * decay.HIDDEN :].reshape(-1, 10)
    longer = np.concatenate([(W * rng.uniform(1, 3, decay.HIDDEN)).ravel(), (V * rng.uniform(1, 3, 10)).ravel()])
    np.testing.assert_allclose(decay.logits(longer, x, True), decay.logits(weights, x, True), rtol=1e-12)
    np.testing.assert_allclose(decay.logits(weights, x, False), np.tanh(x @ W) @ V, rtol=1e-12)
    loss = lambda w: losses.softmax_cross_entropy(decay.logits(w, x, True), np.array([0, 3, 9]))
    slope, along = grad(loss)(weights), rng.standard_normal(weights.size)
    central = (loss(weights + 1e-5 * along) - loss(weights - 1e-5 * along)) / 2e-5
    np.testing.assert_allclose(slope @ along, central, rtol=1e-6)


def test_the_best_decay_is_found_between_the_points_of_the_grid():
    decays = 10.0 ** np.arange(-3, 1.0)
    loss = (np.log10(decays) + 1.25) ** 2
    np.testing.assert_allclose(decay.best_decays(np.stack([loss, 3 * loss + 1]), decays), 10**-1.25)
    np.testing.assert_allclose(decay.best_decays(np.log10(decays)[None, :], decays), 1e-3)


# Public implementations -----------------------------------------------------------------------------------------


def stress(kind, steps=40, d=5):
    """Gradients on which implementations part if they divide by too little or forget too much."""
    rng = stream(0, "test-adamw", kind)
    grads = rng.standard_normal((steps, d))
    if kind == "scales":
        return grads * 10.0 ** rng.uniform(-9, 9, d)
    if kind == "constant":
        return np.tile(grads[0], (steps, 1))
    if kind == "zeros":
        return grads * (rng.uniform(size=grads.shape) < 0.2)
    return grads


KINDS = ("gaussian", "scales", "constant", "zeros")
START = [1.0, -1.0, 0.3, 2.0, -0.5]


@pytest.mark.torch
@pytest.mark.peers
@rules
@pytest.mark.parametrize("kind", KINDS)
def test_pytorch_agrees(name, kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    make = torch.optim.Adam if name == "adam" else torch.optim.AdamW
    params = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = make([params], lr=0.1, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3, amsgrad=name == "amsgrad")
    grads, theirs = stress(kind), []
    for gradient in grads:
        params.grad = torch.asarray(gradient)
        optimizer.step()
        theirs.append(params.detach().numpy().copy())
    ours = run(name, np.array(START), grads, lr=0.1, beta1=0.8, beta2=0.95, eps=1e-6, weight_decay=0.3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


@pytest.mark.jax
@pytest.mark.peers
@pytest.mark.parametrize("name", ["adamw", "adam"])
@pytest.mark.parametrize("kind", KINDS)
def test_optax_agrees(name, kind):
    jax = pytest.importorskip("jax", reason="JAX is not installed (`make peers`)")
    optax = pytest.importorskip("optax", reason="Optax is not installed (`make peers`)")
    rates = {"b1": 0.8, "b2": 0.95, "eps": 1e-6}
    if name == "adamw":
        chain = optax.adamw(0.1, weight_decay=0.3, **rates)
    else:  # the decay before Adam's scaling: a penalty
        chain = optax.chain(optax.add_decayed_weights(0.3), optax.adam(0.1, **rates))
    grads, theirs = stress(kind), []
    with jax.enable_x64(True):
        theta = jax.numpy.asarray(START)
        state = chain.init(theta)
        for gradient in grads:
            updates, state = chain.update(jax.numpy.asarray(gradient), state, theta)
            theta = optax.apply_updates(theta, updates)
            theirs.append(np.asarray(theta))
    ours = run(name, np.array(START), grads, lr=0.1, beta1=0.8, beta2=0.95, eps=1e-6, weight_decay=0.3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


# Mistakes that no mutant lists -------------------------------------------------------------------------------------


def uncorrected_after_100(**inputs):
    steps = inputs["steps"]
    return catalog.operation("adamw.step").reference(**inputs | {"steps": steps if steps < 100 else 10**9})


def clipped(name, coupled):
    """No parameter moves by more than lr, but for the decay of AMSGrad."""
    init, update = RULES[name]

    def trajectory(theta0, grads, lr, weight_decay, **rates):
        theta, state, thetas = theta0, init(theta0), []
        for g in grads:
            decay = 0.0 if coupled else lr * weight_decay
            moved, state = update(theta, state, g, lr=lr, weight_decay=weight_decay, **rates)
            step = theta * (1 - decay) - moved
            theta = theta * (1 - decay) - np.clip(step, -lr, lr)
            thetas.append(theta)
        return np.stack(thetas)

    return trajectory


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("adamw.step", uncorrected_after_100),
        ("adamw.adam", clipped("adam", coupled=True)),
        ("adamw.amsgrad", clipped("amsgrad", coupled=False)),
    ],
)
@pytest.mark.parametrize("dtype", sample(["float64"], ["float32"]))
def test_a_mistake_without_a_name_is_found(target, wrong, dtype):
    report = check(wrong, target, dtypes=(dtype,), laws=False)
    assert report.verdict == "deviates"
    assert report.diagnosis is None


@pytest.mark.parametrize("name", ["eps_before_correction", "eps_inside_root"])
def test_amsgrad_has_the_places_of_eps_that_adamw_has(name):
    """As Adam and AdamW do: the same variant explains code that has all four operations."""
    for operation in catalog.operations("adamw"):
        assert name in {variant.slug for variant in edits.shown_in(operation.name, "variant")}
