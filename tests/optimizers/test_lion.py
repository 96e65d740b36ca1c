"""Lion: the worked steps, every library and device, what it refuses, its driver, and public implementations."""

import math

import numpy as np
import pytest

from refimpl.core import tree
from refimpl.core.arrays import array_namespace
from refimpl.core.random import stream
from refimpl.optimizers import _lion_programs as programs
from refimpl.optimizers import _lion_search as search
from refimpl.optimizers import lion
from refimpl.optimizers._baselines import momentum_init, signum
from refimpl.oracle import check
from refimpl.specs.optimizers.lion.claims import rule as claims
from refimpl.specs.optimizers.lion.claims import search as search_claims
from tests.alike import assert_like
from tests.thorough import sample

THETA = [1.0, -2.0, 0.5, 3.0]
GRADS = [[1.0, -1.0, 0.0, 2.0], [-20.0, 1.0, 1.0, -2.0], [-20.0, 1.0, -0.5, -30.0]]
THETAS = [
    [0.899, -1.898, 0.4995, 2.897],
    [0.998101, -1.996102, 0.3990005, 2.994103],
    [1.097102899, -2.094105898, 0.4986014995, 3.091108897],
]
MOMENTA = [[0.01, -0.01, 0.0, 0.02], [-0.1901, 0.0001, 0.01, -0.0002], [-0.388199, 0.010099, 0.0049, -0.300198]]

TWO_RATES = [[1.0, 1.0], [-0.085, -0.085], [-0.81, 0.25], [0.0, 0.07]]


# The worked steps, on every backend ---------------------------------------------------------------------------


def test_three_steps_with_decay(backend):
    theta = start = backend.asarray(THETA)
    state = lion.init(theta)
    for grad, expected, momentum in zip(GRADS, THETAS, MOMENTA, strict=True):
        theta, state = lion.update(theta, state, backend.asarray(grad), lr=0.1, weight_decay=0.01)
        assert_like(theta, start)
        assert_like(state.momentum, start)
        np.testing.assert_allclose(backend.to_numpy(theta), expected, rtol=backend.tolerance)
        np.testing.assert_allclose(
            backend.to_numpy(state.momentum), momentum, rtol=10 * backend.tolerance, atol=backend.tolerance
        )


def test_four_steps_that_tell_the_two_rates_apart(backend):
    theta = backend.asarray([0.0, 0.0])
    state, path = lion.init(theta), []
    for grad in TWO_RATES:
        theta, state = lion.update(theta, state, backend.asarray(grad), lr=1.0)
        path.append(backend.to_numpy(theta).tolist())
    assert path == [[-1, -1], [-2, -2], [-1, -3], [-2, -4]]


@pytest.mark.parametrize("shape", [(1,), (3, 2), (2, 1, 2)])
def test_parameters_of_any_shape_move_like_flat_ones(backend, shape):
    rng = stream(0, "test-lion", "shape")
    start, grads = rng.standard_normal(shape), rng.standard_normal((5, *shape))
    shaped, flat = backend.asarray(start), backend.asarray(start.reshape(-1))
    state, flat_state = lion.init(shaped), lion.init(flat)
    for grad in grads:
        shaped, state = lion.update(shaped, state, backend.asarray(grad), lr=0.1, weight_decay=0.3)
        flat, flat_state = lion.update(flat, flat_state, backend.asarray(grad.reshape(-1)), lr=0.1, weight_decay=0.3)
    assert shaped.shape == state.momentum.shape == shape
    assert np.all(backend.to_numpy(shaped).reshape(-1) == backend.to_numpy(flat))


def test_nothing_that_is_given_is_changed(backend):
    theta, momentum, grad = (backend.asarray([1.0, -1.0]) for _ in range(3))
    lion.update(theta, lion.LionState(momentum), grad, lr=0.1, weight_decay=0.1)
    for array in (theta, momentum, grad):
        assert backend.to_numpy(array).tolist() == [1.0, -1.0]


def test_donated_memory_is_used_and_changes_no_bit():
    theta, momentum, grad = stream(0, "test-lion", "donate").standard_normal((3, 300_001))
    expected, state = lion.update(theta, lion.LionState(momentum), grad, lr=0.1, weight_decay=0.2)
    got, got_state = lion.update(theta, lion.LionState(momentum), grad, lr=0.1, weight_decay=0.2, donate=True)
    assert np.shares_memory(got, theta)
    assert np.shares_memory(got_state.momentum, momentum)
    assert np.all(got == expected)
    assert np.all(got_state.momentum == state.momentum)


def test_large_arrays_give_the_bits_of_small_ones():
    """`elementwise` cuts arrays of this size into blocks."""
    rng = stream(0, "test-lion", "large")
    theta, momentum, grad = rng.standard_normal((3, 300_001))
    whole, state = lion.update(theta, lion.LionState(momentum), grad, lr=0.1, weight_decay=0.2)
    for part in (slice(0, 1000), slice(-1000, None)):
        piece, piece_state = lion.update(
            theta[part], lion.LionState(momentum[part]), grad[part], lr=0.1, weight_decay=0.2
        )
        assert np.all(whole[part] == piece)
        assert np.all(state.momentum[part] == piece_state.momentum)


# Laws -----------------------------------------------------------------------------------------------------------


def run(start, grads, **rates):
    theta, state = start, lion.init(start)
    for grad in grads:
        theta, state = lion.update(theta, state, grad, **rates)
    return theta


def test_equal_rates_make_signum(backend):
    grads = [backend.asarray(g) for g in stream(0, "test-lion", "signum").standard_normal((20, 6))]
    theta = backend.asarray([1.0, -1.0, 2.0, 0.0, 0.5, 3.0])
    ours = run(theta, grads, lr=0.1, beta1=0.8, beta2=0.8, weight_decay=0.1)
    state = momentum_init(theta)
    for grad in grads:
        theta, state = signum(theta, state, grad, lr=0.1, beta=0.8, weight_decay=0.1)
    assert np.all(backend.to_numpy(ours) == backend.to_numpy(theta))


def test_the_form_with_the_new_momentum():
    """beta2 c_t = beta1 m_t + (beta2 - beta1) g_t, so its sign may be taken after the momentum's update."""
    grads = stream(0, "test-lion", "fresh").standard_normal((300, 10))
    theta, momentum = np.zeros(10), np.zeros(10)
    for grad in grads:
        momentum = 0.99 * momentum + 0.01 * grad
        theta = theta - 0.1 * np.sign(0.9 * momentum + 0.09 * grad)
    assert np.all(theta == run(np.zeros(10), grads, lr=0.1))


def test_constant_gradients_drive_to_the_border_of_the_box():
    theta = run(np.array([5.0, -0.3]), [np.array([1e-9, -1e9])] * 400, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose(theta, [-2, 2], rtol=1e-7)


def test_no_gradient_no_step():
    """sign(0) = 0; only the decay acts, and there is no division by zero."""
    theta = run(np.array([1.0, -2.0]), [np.zeros(2)] * 3, lr=0.1, weight_decay=0.5)
    np.testing.assert_allclose(theta, np.array([1.0, -2.0]) * 0.95**3, rtol=1e-15)


def test_defaults_are_those_of_the_paper():
    grads = stream(0, "test-lion", "defaults").standard_normal((5, 3))
    theta, state = np.ones(3), lion.init(np.ones(3))
    for grad in grads:
        theta, state = lion.update(theta, state, grad)
    assert np.all(theta == run(np.ones(3), grads, lr=1e-4, beta1=0.9, beta2=0.99, weight_decay=0.0))


# What is refused ------------------------------------------------------------------------------------------------

GOOD = {"params": np.zeros(2), "momentum": np.zeros(2), "grad": np.zeros(2), "lr": 0.1}


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"grad": np.zeros(3)}, ValueError, "grad"),
        ({"grad": np.zeros(2, np.float32)}, ValueError, "grad"),
        ({"grad": np.zeros(2, int)}, TypeError, "grad"),
        ({"grad": [0.0, 0.0]}, TypeError, "grad"),
        ({"grad": np.array([0.0, np.nan])}, ValueError, "grad"),
        ({"grad": np.array([0.0, np.inf])}, ValueError, "grad"),
        ({"momentum": np.zeros((2, 1))}, ValueError, "momentum"),
        ({"lr": 0.0}, ValueError, "lr"),
        ({"lr": -0.1}, ValueError, "lr"),
        ({"lr": float("nan")}, ValueError, "lr"),
        ({"lr": "0.1"}, TypeError, "lr"),
        ({"beta1": 1.0}, ValueError, "beta1"),
        ({"beta1": -0.1}, ValueError, "beta1"),
        ({"beta2": 1.0}, ValueError, "beta2"),
        ({"weight_decay": -1e-3}, ValueError, "weight_decay"),
        ({"weight_decay": float("inf")}, ValueError, "weight_decay"),
    ],
)
def test_bad_arguments_are_named(changed, error, name):
    given = {**GOOD, **changed}
    with pytest.raises(error, match=name):
        lion.update(given.pop("params"), lion.LionState(given.pop("momentum")), given.pop("grad"), **given)


def test_a_gradient_of_another_library_is_refused():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(ValueError, match="grad"):
        lion.update(np.zeros(2), lion.init(np.zeros(2)), strict.zeros(2), lr=0.1)


@pytest.mark.parametrize("params", [[1.0], 1.0, np.zeros(2, int), None])
def test_parameters_must_be_floating_point_arrays(params):
    with pytest.raises(TypeError, match="params"):
        lion.init(params)


# The driver -----------------------------------------------------------------------------------------------------


def test_minimize_is_the_loop_over_update(backend):
    start = backend.asarray([1.0, -3.0, 0.2])
    driven = lion.minimize(lambda x: 2.0 * x, start, steps=7, lr=0.05, beta1=0.8, weight_decay=0.1)
    theta, state = start, lion.init(start)
    for _ in range(7):
        theta, state = lion.update(theta, state, 2.0 * theta, lr=0.05, beta1=0.8, weight_decay=0.1)
    assert_like(driven.state[0], start)
    assert np.all(backend.to_numpy(driven.state[0]) == backend.to_numpy(theta))
    assert np.all(backend.to_numpy(driven.state[1].momentum) == backend.to_numpy(state.momentum))


def test_minimize_follows_the_schedule_and_records_the_start():
    driven = lion.minimize(
        lambda x: np.ones_like(x), np.zeros(1), steps=3, lr=lambda k: 1.0 / k, record=lambda x: {"x": float(x[0])}
    )
    assert driven.history["x"] == pytest.approx([0, -1, -1.5, -1.5 - 1 / 3])
    assert driven.steps == 3


def test_minimize_takes_no_step_if_none_is_asked_for():
    start = np.ones(2)
    driven = lion.minimize(lambda x: x, start, steps=0)
    assert driven.state[0] is start
    assert driven.history == {}


def test_minimize_names_what_is_wrong():
    for changed, name in (({"steps": -1}, "steps"), ({"lr": lambda k: -1.0}, "lr"), ({"beta2": 2.0}, "beta2")):
        with pytest.raises(ValueError, match=name):
            lion.minimize(lambda x: x, np.ones(2), **{"steps": 1, **changed})


def test_a_model_with_a_tree_of_parameters_is_raveled(backend):
    params = {"W": backend.asarray([[1.0, 2.0], [3.0, 4.0]]), "b": backend.asarray([-1.0, 1.0])}
    flat, unravel = tree.ravel(params)
    gradient = lambda flat: tree.ravel(tree.map(lambda p: 2.0 * p, unravel(flat)))[0]
    fitted = unravel(lion.minimize(gradient, flat, steps=400, lr=0.02).state[0])
    assert fitted["W"].shape == (2, 2)
    assert np.max(np.abs(backend.to_numpy(fitted["W"]))) < 0.5


# What the oracle must catch, beside its own list ------------------------------------------------------------------


def wrong_step(direction=lambda m, g, b1, wd, p: b1 * m + (1 - b1) * g, sign=np.sign, kept=lambda s: s):
    def step(theta, momentum, grad, lr, beta1, beta2, weight_decay):
        c = direction(momentum, grad, beta1, weight_decay, theta)
        moved = kept(1 - lr * weight_decay) * theta - lr * sign(c)
        return moved, beta2 * momentum + (1 - beta2) * grad

    return step


def idle_at_zero(theta, momentum, grad, **rates):
    return wrong_step()(theta, momentum, grad, **rates) if np.any(grad) else (theta, momentum)


@pytest.mark.parametrize(
    ("step", "case"),
    [
        (wrong_step(sign=lambda c: np.where(abs(c) < 1e-8, 0, np.sign(c))), "tiny"),
        (wrong_step(sign=lambda c: np.tanh(1e6 * c)), "tiny"),
        (idle_at_zero, "gradient-zero"),
        (wrong_step(lambda m, g, b1, wd, p: b1 * m + (1 - b1) * (g + wd * p)), "large-parameters"),
        (wrong_step(lambda m, g, b1, wd, p: 0.8 * m + 0.2 * g), "beside-the-ratios"),
        (wrong_step(lambda m, g, b1, wd, p: b1**2 * m + (1 - b1**2) * g), "low-rates"),
        (wrong_step(lambda m, g, b1, wd, p: b1 * np.sign(m) + (1 - b1) * np.sign(g)), "beside-the-ratios"),
        (wrong_step(kept=lambda s: max(s, 0.0)), "large-parameters"),
    ],
)
def test_steps_that_are_wrong_in_a_few_places_are_caught_and_get_no_wrong_name(step, case):
    report = check(step, "lion.step", laws=False)
    assert report.diagnosis is None
    assert f"lion.step/{case}" in {r.case.rpartition("-")[0] for r in report.records if r.status == "failed"}


def test_a_decay_that_stops_at_zero_is_caught():
    def clamped(theta0, grads, lr, beta1, beta2, weight_decay):
        theta, momentum, thetas = theta0, 0 * theta0, []
        for grad in grads:
            step = wrong_step(kept=lambda s: max(s, 0.0))
            theta, momentum = step(theta, momentum, grad, lr, beta1, beta2, weight_decay)
            thetas.append(theta)
        return np.stack(thetas)

    report = check(clamped, "lion.trajectory", laws=False)
    assert [r.case.rpartition("-")[0] for r in report.records if r.status == "failed"] == [
        "lion.trajectory/overshooting-decay"
    ]


def found(clip=lambda g, lr: g * min(1.0, lr / np.linalg.norm(g)), bend=np.arcsin, rate=0.996991, stored=np.float64):
    def run(theta0, grads, lr):
        w, v, path = theta0, 0 * theta0, []
        for grad in grads:
            g = bend(clip(grad, lr))
            w = w - 0.0002 * lr * (np.sign(0.101 * g + 0.899 * v) + 0.4602 * w)
            v = (rate * v + (1 - rate) * g).astype(stored).astype(float)
            path.append(w)
        return np.stack(path)

    return run


def test_the_program_written_anew_is_right():
    assert check(found(), "lion.found_program").verdict == "conforms"


@pytest.mark.parametrize(
    ("wrong", "case"),
    sample(
        [
            ({"bend": np.tan}, "bends-outwards"),
            ({"bend": np.arcsinh}, "bends-inwards"),
            ({"clip": lambda g, lr: g * min(1.0, lr / np.max(abs(g)))}, "largest-entry"),
            ({"clip": lambda g, lr: g * min(1.0, lr / (np.linalg.norm(g) + 1e-6))}, "small-clip"),
            ({"stored": np.float32}, "kept-in-float64"),
        ],
        [
            ({"bend": np.sin}, "bends-inwards"),
            ({"clip": lambda g, lr: g * min(1.0, lr / np.sum(abs(g)))}, "sum-of-entries"),
            ({"clip": lambda g, lr: g * lr / np.linalg.norm(g)}, "sum-of-entries"),
            ({"rate": 0.997}, "rounded-product"),
        ],
    ),
)
def test_slightly_wrong_programs_are_caught_and_get_no_wrong_name(wrong, case):
    report = check(found(**wrong), "lion.found_program", laws=False)
    assert report.diagnosis is None
    assert f"lion.found_program/{case}" in {r.case.rpartition("-")[0] for r in report.records if r.status == "failed"}


def test_places_that_are_rounded_are_caught():
    def rounded(start_fitness, child_fitness, draws, population):
        members, parents = [(start_fitness, 0)] * population, []
        for k, row in enumerate(draws):
            parents.append(min((members[round(u * (population - 1))] for u in row), key=lambda member: member[0])[1])
            members = [*members[1:], (child_fitness[k], k + 1)]
        return np.array(parents, dtype=float)

    report = check(rounded, "lion.ageing", laws=False)
    assert [r.case.rpartition("-")[0] for r in report.records if r.status == "failed"] == [
        "lion.ageing/edges-of-places"
    ]


# The experiments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claim", [c for c in (*claims.CLAIMS, *search_claims.CLAIMS) if c.tier == "quick"], ids=lambda c: c.id
)
@pytest.mark.parametrize("seed", [0, 1])
def test_quick_claims_hold_for_more_than_one_seed(claim, seed):
    assert all(m.holds for m in claim.experiment(seed).measurements)


def test_learning_rates_side_by_side_are_training_with_each_alone(backend):
    task = search.make_task(0, like=backend.asarray([0.0]), steps=8)
    x, y = (backend.to_numpy(part) for part in task.fresh)
    together = search.train(programs.parse("m = interp(g, m, 0.9); update = m * lr"), task, (0.1, 1.0))
    assert_like(together[0, :], task.held_out[0][0, :])
    for row, lr in zip(backend.to_numpy(together), (0.1, 1.0), strict=True):
        w = m = np.zeros(10)
        for batch in task.batches:
            a, b = (backend.to_numpy(part).astype(float) for part in batch)
            m = 0.9 * m + 0.1 * -(b / (1 + np.exp(b * (a @ w)))) @ a / 16
            w = w - lr * m
        np.testing.assert_allclose(row, w, rtol=0, atol=100 * backend.tolerance)
    expected = [np.mean(np.log1p(np.exp(-y * (x @ w)))) for w in backend.to_numpy(together)]
    np.testing.assert_allclose(search.losses(together, task.fresh), expected, rtol=100 * backend.tolerance)


def test_a_program_that_breaks_has_lost_even_if_its_signs_are_right():
    x = np.eye(2)
    assert search.losses(np.array([[np.inf, np.inf], [np.nan, 1.0], [0.0, 0.0]]), (x, np.ones(2))) == [
        np.inf,
        np.inf,
        pytest.approx(np.log(2)),
    ]


def test_the_children_that_are_counted_again_are_those_of_the_search():
    score = lambda program: int(programs.fingerprint(programs.simplify(program, across_steps=True))[:6], 16)
    found = search.evolve(score, evaluations=60, rng=stream(0, "test-lion", "again"))
    children = search_claims._children(score, stream(0, "test-lion", "again"))
    again = [next(children) for _ in range(found.generated)]
    assert again.count(None) == found.invalid
    assert [p for p in again if p][-50:] == [member.program for member in found.members]


def test_adamw_is_tuned_in_all_its_constants(monkeypatch):
    """Side by side they are AdamW with each drawn set of constants, and the points that choose do not judge."""
    task, seen = search.make_task(0, like=np.zeros(1), steps=5), {}
    monkeypatch.setattr(
        search_claims, "train", lambda *given: seen.update(program=given[0], rates=given[2]) or search.train(*given)
    )
    chosen, fresh = search_claims._tuned_adamw(task, stream(0, "test-lion", "tuned"), 7)
    losses = []
    for k, lr in enumerate(seen["rates"]):
        constants = lambda a, k=k: float(a[k, 0]) if isinstance(a, np.ndarray) else a
        program = [call._replace(args=tuple(map(constants, call.args))) for call in seen["program"]]
        assert not {0.9, 0.999, 0.01} & {a for call in program for a in call.args}
        w = search.train(program, task, [lr])
        losses.append([search.losses(w, part)[0] for part in (task.held_out, task.fresh)])
    assert (chosen, fresh) == pytest.approx(min(losses))


def test_many_networks_side_by_side_are_the_model_one_by_one():
    from refimpl.core.autodiff import grad
    from refimpl.models import losses, mlp

    rng = stream(0, "test-lion", "networks")
    networks = [mlp.init(rng, claims.WIDTHS, like=np.zeros(1)) for _ in range(3)]
    raveled = [tree.ravel(network) for network in networks]
    x, labels = rng.uniform(size=(5, 64)), rng.integers(0, 10, 5)
    weights = np.stack([flat for flat, _ in raveled])
    gradients = grad(claims._total_loss)(weights, x, labels)
    for i, (network, (flat, unravel)) in enumerate(zip(networks, raveled, strict=True)):
        np.testing.assert_allclose(claims.many_logits(weights, x)[i], mlp.apply(network, x), rtol=1e-12, atol=1e-14)
        loss = lambda flat: losses.softmax_cross_entropy(mlp.apply(unravel(flat), x), labels)
        np.testing.assert_allclose(gradients[i], grad(loss)(flat), rtol=1e-10, atol=1e-14)


# The search -----------------------------------------------------------------------------------------------------


def test_every_function_runs_on_every_backend(backend):
    """Against its name's meaning, on numbers where it is defined."""
    x, y = backend.asarray([0.5, -0.25, 0.75]), backend.asarray([2.0, 3.0, -4.0])
    known = {
        "clip": lambda a, b: a / np.linalg.norm(a) * 0.1,
        "norm": np.linalg.norm,
        "dot": np.dot,
        "cosine_sim": lambda a, b: a @ b / np.linalg.norm(a) / np.linalg.norm(b),
        "interp": lambda a, b, c: (1 - c) * a + c * b,
        "power": lambda a, b: np.abs(a) ** b,
        "log": lambda a: np.log(np.abs(a)),
        "log2": lambda a: np.log2(np.abs(a)),
        "log10": lambda a: np.log10(np.abs(a)),
        "log1p": lambda a: np.log(np.abs(1 + a)),
        "sqrt": lambda a: np.sqrt(np.abs(a)),
        "cube": lambda a: a**3,
        "exp10": lambda a: 10**a,
        "arccosh": lambda a: np.arccosh(1 + np.abs(a)),
        "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide, "max": np.maximum, "min": np.minimum,
        "pi": lambda: np.pi, "e": lambda: np.e, "eps": lambda: 1e-8,
    }  # fmt: skip
    xp = array_namespace(x)
    for name, function in programs.FUNCTIONS.items():
        args = [x, y, backend.asarray(0.3)][: function.arity]
        args[0:1] = [xp.abs(x)] if name == "power" else [1 + xp.abs(x)] if name == "arccosh" else args[0:1]
        if name == "clip":
            args[1] = backend.asarray(0.1)
        got = function.compute(xp, *args)
        plain = [backend.to_numpy(a) for a in args]
        reference = known.get(name) or getattr(np, name)
        expected = reference(np.array(backend.to_numpy(x)), *plain[1:]) if plain else reference()
        np.testing.assert_allclose(backend.to_numpy(got) if plain else got, expected, rtol=20 * backend.tolerance)
        if plain:
            assert got.dtype == x.dtype, name


def test_the_clip_of_zero_is_zero(backend):
    clip = programs.FUNCTIONS["clip"].compute
    zeros = backend.asarray([0.0, 0.0])
    assert backend.to_numpy(clip(array_namespace(zeros), zeros, backend.asarray(0.1))).tolist() == [0, 0]


@pytest.mark.parametrize("length", [1e-30, 1.0, 1e30])
def test_lengths_of_any_scale(backend, length):
    x = backend.asarray([3 * length, 4 * length])
    norm, clip = (programs.FUNCTIONS[name].compute for name in ("norm", "clip"))
    xp, rtol = array_namespace(x), 10 * backend.tolerance
    np.testing.assert_allclose(backend.to_numpy(norm(xp, x)), [5 * length], rtol=rtol)
    short = clip(xp, x, backend.asarray(length / 2))
    np.testing.assert_allclose(backend.to_numpy(short), [0.3 * length, 0.4 * length], rtol=rtol)


def test_lengths_of_what_is_broken_stay_broken():
    norm = programs.FUNCTIONS["norm"].compute
    assert norm(np, np.array([np.inf, 1.0])).tolist() == [np.inf]
    assert np.isnan(norm(np, np.array([np.nan, 1.0]))).all()


def test_a_tournament_refuses_what_is_no_loss():
    members = [search.Member((), 1.0, 0), search.Member((), float("nan"), 1)]
    with pytest.raises(ValueError, match="fitness must be a number"):
        search.tournament(members, [0.1])
    with pytest.raises(TypeError, match=r"members\[1\] must be of type Member"):
        search.tournament([members[0], 1.0], [0.1])


def test_lion_as_a_program_is_lion(backend):
    rng = stream(0, "test-lion", "program")
    start, grads = backend.asarray(rng.standard_normal(4)), backend.asarray(rng.standard_normal((30, 4)))
    path = programs.follow(search_claims.LION, start, grads, lr=0.1)
    theta, state = start, lion.init(start)
    for t in range(30):
        theta, state = lion.update(theta, state, grads[t, :], lr=0.1, weight_decay=0.01)
        np.testing.assert_allclose(
            backend.to_numpy(path[t, :]), backend.to_numpy(theta), rtol=0, atol=100 * backend.tolerance
        )
    assert_like(path[0, :], start)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("update = q * lr", "'q' before it is used"),
        ("s = norm(g); update = s * lr", "vector in 'update', got scalar"),
        ("m = interp(g, m, 0.9)", "vector in 'update', got nothing"),
        ("update = w * lr", "depend on the gradient"),
        ("v = interp(g, v, 0.9); update = m * lr", "depend on the gradient"),
    ],
)
def test_programs_that_cannot_work_are_refused(text, says):
    with pytest.raises(ValueError, match=says):
        programs.check_program(programs.parse(text))


def test_a_gradient_may_reach_the_update_a_step_later():
    programs.check_program(programs.parse("update = m * lr; m = interp(g, m, 0.9)"))


@pytest.mark.parametrize("text", ["x = nope(g)", "x = sign(g, w)", "3 = sign(g)", "sign(g)", "x = (g)"])
def test_what_is_no_program_is_refused(text):
    with pytest.raises(ValueError, match="text"):
        programs.parse(text)


def test_text_and_program_are_the_same():
    for program in (programs.ADAMW, programs.FOUND, search_claims.LION):
        assert programs.parse(programs.show(program)) == program


@pytest.mark.parametrize("wrong", ["names", "constants", "order"])
def test_wrong_fingerprints_fail_the_claim(monkeypatch, wrong):
    """Hashes that see names, overlook constants or sort arguments."""

    def fingerprint(program):
        known = {name: name for name in programs.INPUTS}
        for target, function, args in program:
            symbols = [known[a] if isinstance(a, str) else "" if wrong == "constants" else f"{a:.6g}" for a in args]
            symbols = sorted(symbols) if wrong == "order" else symbols
            known[target] = f"{function}({','.join(symbols)}{target if wrong == 'names' else ''})"
        return tuple(known[name] for name in programs.OUTPUTS)

    monkeypatch.setattr(search_claims, "fingerprint", fingerprint)
    outcome = search_claims.hash_finds_equal_programs(0, count=100)
    assert not all(m.holds for m in outcome.measurements if "random" not in m.quantity)


def test_mutations_are_one_change_and_reproducible():
    kinds = set()
    for k in range(200):
        child = programs.mutate(programs.ADAMW, stream(k, "test-lion", "mutation"))
        assert child == programs.mutate(programs.ADAMW, stream(k, "test-lion", "mutation"))
        grown = len(child) - len(programs.ADAMW)
        kinds.add(grown)
        if grown == 0:
            changed = [(a, b) for a, b in zip(programs.ADAMW, child, strict=True) if a != b]
            assert len(changed) <= 1
            for a, b in changed:
                assert (a.target, a.function) == (b.target, b.function)
                assert sum(x != y for x, y in zip(a.args, b.args, strict=True)) == 1
        else:
            longer, shorter = (child, programs.ADAMW) if grown == 1 else (programs.ADAMW, child)
            assert any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
    assert kinds == {-1, 0, 1}
    assert programs.mutate((), stream(0, "empty"))


def outputs_of(program, outputs):
    """What a program leaves, by Python's own arithmetic, on fixed numbers."""
    words = {
        "+": lambda a, b: a + b, "*": lambda a, b: a * b, "sqrt": lambda a: abs(a) ** 0.5, "exp": math.exp,
        "interp": lambda a, b, c: (1 - c) * a + c * b,
    }  # fmt: skip
    values = {"w": 0.3, "g": -0.7, "m": 0.2, "v": 1.9, "lr": 0.01}
    for target, function, args in program:
        values[target] = words[function](*(values[a] if isinstance(a, str) else a for a in args))
    return [values[name] for name in outputs]


def test_simplify_drops_what_no_output_needs_and_nothing_else():
    """By brute force: what is left computes the same, and no line of it can go."""
    lines = ["a = w + g", "m = interp(g, m, 0.9)", "b = sqrt(a)", "a = g * g", "v = interp(a, v, 0.5)", "c = exp(b)",
             "update = m * lr", "b = a + c"]  # fmt: skip
    program = programs.parse("\n".join(lines))
    kept = programs.simplify(program)
    assert programs.show(kept).splitlines() == [lines[i] for i in (1, 3, 4, 6)]
    assert outputs_of(kept, ("update", "m", "v")) == outputs_of(program, ("update", "m", "v"))
    across = programs.simplify(program, across_steps=True)  # no update reads v
    assert programs.show(across).splitlines() == [lines[i] for i in (1, 6)]
    assert outputs_of(across, ("update", "m")) == outputs_of(program, ("update", "m"))


def test_training_is_gradient_descent_on_the_logistic_loss():
    """The program `update = g * lr` against plain NumPy, its gradient by differences of the loss."""
    task = search.make_task(3, like=np.zeros(1), n=20, held_out=50, d=3, steps=4, batch=5)
    assert [x.shape for batch in task.batches for x in batch] == [(5, 3), (5,)] * 4
    assert set(task.held_out[1]) == {-1.0, 1.0}

    def loss(w, x, y):
        return np.mean(np.log(1 + np.exp(-y * (x @ w))))

    w = np.zeros(3)
    for x, y in task.batches:
        steps = 1e-6 * np.eye(3)
        w = w - 0.5 * np.array([(loss(w + h, x, y) - loss(w - h, x, y)) / 2e-6 for h in steps])
    descent = programs.parse("update = g * lr")
    np.testing.assert_allclose(search.train(descent, task, [0.5, 0.01])[0], w, rtol=1e-7)
    ends = search.train(descent, task, [0.5, 0.01])
    held_out = [loss(end, *task.held_out) for end in ends]
    np.testing.assert_allclose(search.losses(ends, task.held_out), held_out, rtol=1e-12)
    assert search.fitness(descent, task, rates=(0.5, 0.01)) == pytest.approx(min(held_out), rel=1e-12)
    assert search.fitness(programs.parse("update = g / 0.0"), task) == math.inf


def test_most_labels_of_a_task_are_on_the_right_side_of_a_plane():
    """A tenth is flipped: the plane of least squares gets at least four fifths of many labels right."""
    x, y = search.make_task(0, like=np.zeros(1), held_out=4000).held_out
    plane, *_ = np.linalg.lstsq(x, y, rcond=None)
    assert 0.87 < np.mean(np.sign(x @ plane) == y) < 0.93


def test_a_random_search_stays_near_the_start():
    found = search.random_search(lambda p: float(len(p)), evaluations=40, rng=stream(0, "test-lion", "near"), most=3)
    assert len(found.history) == 40
    assert found.generated == found.invalid + found.cached + 39
    assert found.best.fitness == min(found.history) == min(member.fitness for member in found.members)
    lengths = {len(member.program) - len(programs.ADAMW) for member in found.members}
    assert lengths <= set(range(-3, 4))
    assert len(lengths) > 3


def test_a_search_counts_what_it_did_and_runs_nothing_twice():
    seen = []

    def score(program):
        seen.append(programs.fingerprint(program))
        return float(len(program))

    found = search.evolve(score, evaluations=60, rng=stream(0, "test-lion", "search"), population=8, size=3)
    assert len(found.history) == 60 == len(seen)
    assert found.generated == found.invalid + found.cached + 59
    assert found.best.fitness == min(found.history) == found.history[-1] <= found.history[0]
    assert len(found.members) == 8
    assert [m.born for m in found.members] == sorted(m.born for m in found.members)


def test_the_funnel_keeps_what_beats_adamw_at_every_stage():
    names = [programs.parse(f"update = g * lr; update = update * {k}.0") for k in range(1, 5)]
    members = [search.Member(p, float(k), k) for k, p in enumerate(names)]
    first = {programs.ADAMW: 0.5, names[0]: 0.1, names[1]: 0.4, names[2]: 0.2, names[3]: 0.0}.__getitem__
    second = {programs.ADAMW: 0.5, names[0]: 0.6, names[1]: 0.3, names[2]: 0.4}.__getitem__
    assert search.funnel(members, [first, second], keep=3) == names[1]
    assert search.funnel(members[:1], [first, second]) == programs.ADAMW


# Public implementations -----------------------------------------------------------------------------------------


def stress(kind, steps=60, d=5):
    """Gradients on which implementations part if they divide, square or compare with an epsilon."""
    rng = stream(0, "test-lion", kind)
    grads = rng.standard_normal((steps, d))
    if kind == "scales":
        return grads * 10.0 ** rng.uniform(-300, 300, d)
    if kind == "constant":
        return np.tile(grads[0], (steps, 1))
    if kind == "alternating":
        return grads[0] * (-1.0) ** np.arange(steps)[:, None]
    if kind == "zeros":
        return grads * (rng.uniform(size=grads.shape) < 0.2)
    return grads


@pytest.mark.torch
@pytest.mark.peers
@pytest.mark.parametrize("package", ["lion_pytorch", "pytorch_optimizer"])
@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.95, 0.98)])
@pytest.mark.parametrize("kind", ["gaussian", "scales", "constant", "alternating", "zeros"])
def test_public_implementations_agree(package, betas, kind):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    peer = pytest.importorskip(package, reason=f"{package} is not installed (`make peers`)")
    start = stream(0, "test-lion", "start").standard_normal(5)
    params = torch.nn.Parameter(torch.tensor(start))
    optimizer = peer.Lion([params], lr=0.1, betas=betas, weight_decay=0.5)
    theta, state = start, lion.init(start)
    for grad in stress(kind):
        params.grad = torch.asarray(grad)
        optimizer.step()
        theta, state = lion.update(theta, state, grad, lr=0.1, beta1=betas[0], beta2=betas[1], weight_decay=0.5)
        np.testing.assert_allclose(params.detach().numpy(), theta, rtol=0, atol=5e-15)


def test_one_number_is_an_array_too(backend):
    params = backend.asarray(2.0)
    params, state = lion.update(params, lion.init(params), backend.asarray(-3.0), lr=0.5)
    params, state = lion.update(params, state, backend.asarray(-3.0), lr=0.5)
    assert params.shape == state.momentum.shape == ()
    assert float(params) == 3.0
