"""iSogCLR: worked steps on every backend, gradients by automatic differentiation, what is refused, drivers, peers."""

import math

import numpy as np
import pytest

from refimpl.core.arrays import array_namespace
from refimpl.core.autodiff import grad, value_and_grad
from refimpl.core.random import stream
from refimpl.models import losses
from refimpl.nested import _isogclr_baselines as baselines
from refimpl.nested import _isogclr_models as models
from refimpl.nested import isogclr
from refimpl.problems.functions import central_differences
from refimpl.specs.nested.isogclr.claims import CLAIMS, batches, temperatures, training
from tests.alike import assert_like

LIKE = np.zeros(1)


def rows(name, *shape):
    x = stream(0, "test-isogclr", name).standard_normal(shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


# The rule ---------------------------------------------------------------------------------------------------------


def plain(Z1, Z2, idx, s, tau, u, seen, gamma, beta, eta, rho, clip, h):
    """The steps on s itself, with lists and loops, in float64; returns the pull on each pair of views too."""
    B, Z = len(Z1), np.concatenate([Z1, Z2])
    s, tau, u, seen = (np.array(x) for x in (s, tau, u, seen))
    C, told = np.zeros((2 * B, 2 * B)), []
    for a in range(2 * B):
        i, mate = idx[a % B], (a + B) % (2 * B)
        others = [b for b in range(2 * B) if b not in (a, mate)]
        E = Z[others] @ Z[a] - (Z[mate] @ Z[a] if h else 0)
        g = np.mean(np.exp(E / tau[i]))
        fresh = (1 - gamma) * s[i] + gamma * g if seen[i] else g
        w = np.exp(E / tau[i]) / (len(others) * fresh)
        C[a, others], C[a, mate] = w / B, -(w.sum() if h else 1) / B
        told.append((fresh, math.log(fresh) + rho - w @ E / tau[i]))
    for a, i in enumerate(idx):
        (s1, q1), (s2, q2) = told[a], told[a + B]
        s[i], seen[i] = (s1 + s2) / 2, True
        u[i] = (1 - beta) * u[i] + beta * np.clip((q1 + q2) / 2, -clip, clip)
        tau[i] = np.clip(tau[i] - eta * u[i], 0.05, 0.7)
    return C, s, tau, u, seen


@pytest.mark.parametrize("exponent", ["S", "h"])
def test_logarithms_give_the_steps_on_s_itself(backend, exponent):
    state = start = isogclr.init(5, tau=0.3, like=backend.asarray([0.0]))
    s, tau, u, seen = np.zeros(5), np.full(5, 0.3), np.zeros(5), np.zeros(5, bool)
    rates = {"gamma": 0.4, "beta": 0.6, "eta": 0.05, "rho": 0.4, "clip": 0.9}
    for t, idx in enumerate(([0, 3, 2], [3, 1, 0], [4, 3, 1])):
        Z1, Z2 = rows(f"one {t}", 3, 4), rows(f"other {t}", 3, 4)
        C, s, tau, u, seen = plain(Z1, Z2, idx, s, tau, u, seen, **rates, h=exponent == "h")
        found, state = isogclr.update(
            backend.asarray(Z1), backend.asarray(Z2), backend.asarray(np.array(idx)), state, **rates, exponent=exponent
        )
        np.testing.assert_allclose(
            backend.to_numpy(found.C), C, rtol=100 * backend.tolerance, atol=10 * backend.tolerance
        )
    for array, expected in ((state.tau, tau), (state.u, u), (state.log_s, np.log(s))):
        assert_like(array, start.tau, (5,))
        np.testing.assert_allclose(
            backend.to_numpy(array), expected, rtol=100 * backend.tolerance, atol=10 * backend.tolerance
        )
    assert backend.to_numpy(state.seen).tolist() == seen.tolist()
    assert_like(found.loss, start.tau, ())


def test_batches_side_by_side_are_the_batches_one_by_one(backend):
    Z1, Z2 = rows("side 1", 2, 3, 4), rows("side 2", 2, 3, 4)
    idx = np.array([[0, 3, 2], [6, 5, 8]])
    state = isogclr.init(9, tau=0.3, like=backend.asarray([0.0]))
    both, after = isogclr.update(backend.asarray(Z1), backend.asarray(Z2), backend.asarray(idx), state, gamma=0.5)
    dZ1, _ = isogclr.pull(both.C, backend.asarray(Z1), backend.asarray(Z2))
    for r in range(2):
        pair = backend.asarray(Z1[r]), backend.asarray(Z2[r])
        alone, state = isogclr.update(*pair, backend.asarray(idx[r]), state, gamma=0.5)
        for together, single in ((both.C, alone.C), (both.loss, alone.loss), (dZ1, isogclr.pull(alone.C, *pair)[0])):
            np.testing.assert_allclose(
                backend.to_numpy(together)[r],
                backend.to_numpy(single),
                rtol=20 * backend.tolerance,
                atol=backend.tolerance,
            )
    np.testing.assert_allclose(backend.to_numpy(after.tau), backend.to_numpy(state.tau), rtol=20 * backend.tolerance)


def test_the_bimodal_form_on_every_backend(backend):
    Z1, Z2, idx = rows("image", 3, 4), rows("text", 3, 4), np.array([4, 0, 2])
    start = isogclr.init(5, tau=0.04, like=backend.asarray([0.0]))
    found, images, texts = isogclr.update_bimodal(
        backend.asarray(Z1), backend.asarray(Z2), backend.asarray(idx), start, start, rho=0.5
    )
    S, C = Z1 @ Z2.T, np.zeros((3, 3))
    for rows_of, add in ((S, C), (S.T, C.T)):  # a first visit: plain softmax over the others
        for a in range(3):
            others = [b for b in range(3) if b != a]
            p = np.exp((rows_of[a, others] - rows_of[a, others].max()) / 0.04)
            add[a, others] += p / p.sum() / 3
            add[a, a] -= 1 / 3
    np.testing.assert_allclose(backend.to_numpy(found.C), C, rtol=500 * backend.tolerance, atol=20 * backend.tolerance)
    for state in (images, texts):
        assert_like(state.tau, start.tau, (5,))
        assert backend.to_numpy(state.seen).tolist() == [True, False, True, False, True]


def test_nothing_that_is_given_is_changed(backend):
    Z1, Z2, idx = backend.asarray(rows("a", 2, 3)), backend.asarray(rows("b", 2, 3)), backend.asarray(np.array([1, 0]))
    state = isogclr.init(3, like=Z1)
    before = [backend.to_numpy(x).copy() for x in (Z1, Z2, idx, *state)]
    isogclr.update(Z1, Z2, idx, state)
    for x, old in zip((Z1, Z2, idx, *state), before, strict=True):
        np.testing.assert_array_equal(backend.to_numpy(x), old)


def test_both_forms_agree_on_first_visits_and_part_afterwards():
    Z1, Z2, idx = rows("forms 1", 4, 3), rows("forms 2", 4, 3), np.arange(4)
    states, moves = {}, []
    for exponent in ("S", "h"):
        found, states[exponent] = isogclr.update(Z1, Z2, idx, isogclr.init(4, tau=0.3, like=LIKE), exponent=exponent)
        moves.append(found.C)
    np.testing.assert_allclose(*moves, atol=1e-14)
    np.testing.assert_allclose(states["S"].tau, states["h"].tau, rtol=1e-14)
    again = [isogclr.update(Z2[::-1], Z1, idx, states[e], exponent=e, gamma=0.3)[1].tau for e in "Sh"]
    assert np.max(np.abs(again[0] - again[1])) > 1e-3


def test_the_derivative_in_tau_of_the_two_forms_differs_by_the_missing_weight():
    """(1 - sum w) S_pos / tau, if s is rescaled by exp(S_pos / tau): the identity of the page."""
    Z1, Z2, tau, log_s = rows("shift 1", 2, 3), rows("shift 2", 2, 3), 0.3, 0.4
    Z = np.concatenate([Z1, Z2])
    S = (Z @ Z.T)[0]
    told = {}
    for name, offset in (("S", 0.0), ("h", S[2])):
        x = (S[[1, 3]] - offset) / tau
        blend = np.logaddexp(math.log(0.7) + log_s - offset / tau, math.log(0.3 / 2) + np.logaddexp(*x))
        w = np.exp(x - blend) / 2
        told[name] = blend - w @ x, w.sum()
    assert told["S"][1] == pytest.approx(told["h"][1])
    assert told["S"][0] - told["h"][0] == pytest.approx((1 - told["S"][1]) * S[2] / tau)


def test_cold_temperatures_do_not_overflow():
    Z1, Z2 = rows("cold 1", 3, 4), rows("cold 2", 3, 4)
    for dtype in (np.float32, np.float64):
        one, other = Z1.astype(dtype), Z2.astype(dtype)
        state = isogclr.init(3, tau=1e-3, like=one)
        found, after = isogclr.update(one, other, np.arange(3), state, tau_min=1e-4)
        assert found.C.dtype == after.log_s.dtype == dtype
        assert np.isfinite(found.C).all()
        assert np.isfinite(after.log_s).all()


def test_without_memory_and_with_fixed_temperatures_it_is_the_gradient_of_the_global_loss():
    """gamma = 1, eta = 0 over all the data: times tau, the derivative of tau log mean exp(h / tau)."""
    Z1, Z2 = rows("global 1", 5, 4), rows("global 2", 5, 4)
    found, _ = isogclr.update(Z1, Z2, np.arange(5), isogclr.init(5, tau=0.3, like=LIKE), gamma=1.0, eta=0.0)
    np.testing.assert_allclose(found.C, isogclr.rgcl(Z1, Z2, np.full(5, 0.3), rho=0.0).C, rtol=1e-12, atol=1e-15)


# Gradients: automatic differentiation -----------------------------------------------------------------------------


def robust(U1, U2, tau, rho):
    """The full objective from its definition, for the tape."""
    xp, n = array_namespace(U1, U2, tau), U1.shape[0]
    (Z1, Z2), total = (U / xp.sqrt(xp.sum(U * U, axis=1, keepdims=True)) for U in (U1, U2)), 0.0
    for Z, other in ((Z1, Z2), (Z2, Z1)):
        for i in range(n):
            rest = [j for j in range(n) if j != i]
            h = xp.concat([Z[rest, :] @ Z[i, :], other[rest, :] @ Z[i, :]]) - xp.sum(Z[i, :] * other[i, :])
            total = total + tau[i] * (xp.log(xp.mean(xp.exp(h / tau[i]))) + rho)
    return total / n


def test_the_full_objective_and_its_gradients_are_those_of_the_definition():
    U1, U2 = (stream(0, "test-isogclr", name).standard_normal((4, 3)) for name in "ab")
    tau = np.array([0.3, 0.5, 0.8, 0.4])
    loss, (d1, d2, slope) = value_and_grad(robust, argnums=(0, 1, 2))(U1, U2, tau, 0.4)
    (Z1, length1), (Z2, length2) = isogclr.unit(U1), isogclr.unit(U2)
    found = isogclr.rgcl(Z1, Z2, tau, rho=0.4)
    dZ1, dZ2 = isogclr.pull(found.C, Z1, Z2)
    np.testing.assert_allclose(found.loss, loss, rtol=1e-13)
    np.testing.assert_allclose(found.slope, slope, rtol=1e-11)
    np.testing.assert_allclose(isogclr.unit_back(Z1, length1, dZ1), d1, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(isogclr.unit_back(Z2, length2, dZ2), d2, rtol=1e-10, atol=1e-14)


def test_rivals_have_the_gradients_of_their_losses():
    Z1, Z2 = rows("rival 1", 4, 3), rows("rival 2", 4, 3)
    loss, C = baselines.nt_xent(Z1, Z2, tau=0.3)
    value, slope = value_and_grad(lambda Z: losses.nt_xent(Z, Z2, tau=0.3))(Z1)
    np.testing.assert_allclose(loss, value, rtol=1e-13)
    np.testing.assert_allclose(isogclr.pull(C, Z1, Z2)[0], slope, rtol=1e-11, atol=1e-14)

    def clip(Z, tau):
        xp = array_namespace(Z, tau)
        logits, labels = Z @ Z2.T / tau, np.arange(4)
        both = (
            losses.softmax_cross_entropy(logits, labels),
            losses.softmax_cross_entropy(xp.matrix_transpose(logits), labels),
        )
        return (both[0] + both[1]) / 2

    tau = np.array(0.4)
    found = baselines.clip(Z1, Z2, tau)
    np.testing.assert_allclose(found.loss, clip(Z1, tau), rtol=1e-13)
    np.testing.assert_allclose(isogclr.pull(found.C, Z1, Z2)[0], grad(clip)(Z1, tau), rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(found.slope, grad(clip, argnums=1)(Z1, tau), rtol=1e-11)


def test_rivals_run_everywhere(backend):
    Z1, Z2 = backend.asarray(rows("rival 1", 3, 4)), backend.asarray(rows("rival 2", 3, 4))
    loss, C = baselines.nt_xent(Z1, Z2, tau=0.3)
    assert_like(loss, Z1, ())
    assert_like(C, Z1, (6, 6))
    found = baselines.clip(Z1, Z2, backend.asarray(0.4))
    assert_like(found.loss, Z1, ())
    assert_like(found.C, Z1, (3, 3))
    assert_like(found.slope, Z1, ())
    assert_like(losses.nt_xent(Z1, Z2, tau=0.3), Z1, ())
    stacked, _ = baselines.nt_xent(*(array_namespace(Z).stack([Z, Z]) for Z in (Z1, Z2)), tau=0.3)
    np.testing.assert_allclose(backend.to_numpy(stacked), float(loss), rtol=10 * backend.tolerance)


def test_the_encoder_has_the_gradient_of_its_objective():
    X1, X2 = (stream(0, "test-isogclr", name).standard_normal((6, 4)) for name in ("X1", "X2"))
    W, tau = stream(0, "test-isogclr", "W").standard_normal((4, 2)), np.full(6, 0.5)
    loss, gradient = models.objective(W, X1, X2, tau)
    each = lambda flat: np.array([models.objective(w.reshape(4, 2), X1, X2, tau)[0] for w in flat])
    expected = central_differences(each, h=1e-5)(W.reshape(1, -1))[0]
    np.testing.assert_allclose(gradient.reshape(-1), expected, rtol=1e-6, atol=1e-8)
    assert loss == pytest.approx(robust(X1 @ W, X2 @ W, tau, 0.0))


# The best temperature ---------------------------------------------------------------------------------------------


def test_the_best_temperature_is_scipys():
    from scipy.optimize import brentq
    from scipy.stats import entropy

    for seed in range(5):
        h = stream(seed, "test-isogclr", "brentq").standard_normal(12)
        divergence = lambda tau: entropy(np.exp((h - h.max()) / tau), np.ones(12))
        expected = brentq(lambda tau: divergence(tau) - 0.3, 0.01, 20, xtol=1e-14)
        assert isogclr.tau_star(h, rho=0.3, lo=0.01, hi=20.0) == pytest.approx(expected, rel=1e-10)
        assert isogclr.kl(h, 0.7) == pytest.approx(divergence(0.7))


def test_views_share_a_temperature_and_sets_have_their_own(backend):
    h = stream(0, "test-isogclr", "shared").standard_normal((3, 2, 9))
    tau = isogclr.tau_star(backend.asarray(h), rho=0.3, lo=0.05, hi=5.0)
    assert_like(tau, backend.asarray(h), (3,))
    for i in range(3):
        mean = np.mean([float(isogclr.kl(h[i, v], float(tau[i]))) for v in range(2)])
        assert mean == pytest.approx(0.3, rel=200 * backend.tolerance)
    np.testing.assert_allclose(
        backend.to_numpy(isogclr.kl(backend.asarray(h[:, 0]), tau)),
        [float(isogclr.kl(h[i, 0], float(tau[i]))) for i in range(3)],
        rtol=200 * backend.tolerance,
    )


def test_where_it_cannot_be_reached_the_nearest_bound_is_returned():
    h = np.array([0.0, 0.0, 1.0])
    assert isogclr.tau_star(h, rho=2.0, lo=0.1, hi=1.0) == pytest.approx(0.1, rel=1e-15)
    assert isogclr.tau_star(h, rho=1e-6, lo=0.1, hi=1.0) == pytest.approx(1.0, rel=1e-15)


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "error", "name"),
    [
        ({"idx": np.array([0, 1, 1])}, ValueError, "idx must be distinct"),
        ({"idx": np.array([0, 1, 5])}, ValueError, "idx"),
        ({"idx": np.array([0, 1, -1])}, ValueError, "idx"),
        ({"idx": np.array([0.0, 1.0, 2.0])}, TypeError, "idx must be integers"),
        ({"idx": np.array([0, 1])}, ValueError, "idx"),
        ({"Z1": rows("x", 2, 4)}, ValueError, "Z2"),
        (
            {"Z1": rows("x", 1, 4), "Z2": rows("x", 1, 4), "idx": np.array([0])},
            ValueError,
            "Z1 must have at least 2 rows",
        ),
        ({"Z2": rows("x", 3, 4).astype(np.float32)}, ValueError, "Z2"),
        ({"Z1": np.full((3, 4), np.nan)}, ValueError, "Z1"),
        ({"tau": np.array([0.1, 0.0, 0.1, 0.1, 0.1])}, ValueError, "tau must be > 0, got 0.0"),
        ({"tau": np.array([0.1, 0.2, -0.1, 0.1, 0.1])}, ValueError, "tau must be > 0, got -0.1"),
        ({"tau": np.full(4, 0.1)}, ValueError, "log_s|u|tau|seen"),
        ({"seen": np.zeros(5)}, TypeError, "seen"),
        ({"u": np.full(5, np.nan)}, ValueError, "u must be finite"),
        ({"log_s": np.zeros(5, np.float32)}, TypeError, "log_s"),
        ({"gamma": 0.0}, ValueError, "gamma"),
        ({"gamma": 1.5}, ValueError, "gamma"),
        ({"beta": 1.5}, ValueError, "beta"),
        ({"clip": 0.0}, ValueError, "clip"),
        ({"exponent": "g"}, ValueError, "exponent"),
        ({"tau_min": 1.0, "tau_max": 0.5}, ValueError, "tau_min"),
    ],
)
def test_bad_input_is_named(changed, error, name):
    arguments = {"Z1": rows("x", 3, 4), "Z2": rows("y", 3, 4), "idx": np.arange(3)}
    state = isogclr.init(5, like=LIKE)
    state = state._replace(**{key: changed[key] for key in state._fields if key in changed})
    arguments |= {key: value for key, value in changed.items() if key not in state._fields}
    with pytest.raises(error, match=name):
        isogclr.update(**arguments, state=state)


def test_bad_input_of_the_others_is_named():
    Z = rows("x", 3, 4)
    for call, error, name in (
        (lambda: isogclr.init(1, like=LIKE), ValueError, "n"),
        (lambda: isogclr.init(3, tau=0.0, like=LIKE), ValueError, "tau"),
        (lambda: isogclr.kl(np.ones((2, 3)), np.array([0.5, -0.5])), ValueError, "tau must be > 0"),
        (lambda: isogclr.init(3, like=np.zeros(1, int)), TypeError, "like"),
        (lambda: isogclr.unit(np.zeros((2, 2))), ValueError, "U"),
        (lambda: isogclr.pull(np.zeros((5, 5)), Z, Z), ValueError, "C"),
        (lambda: isogclr.rgcl(Z, Z, np.ones(2)), ValueError, "tau"),
        (lambda: isogclr.rgcl(Z, Z, np.ones(3), rho=-1.0), ValueError, "rho"),
        (lambda: isogclr.tau_star(np.zeros((0,))), ValueError, "h"),
        (lambda: isogclr.tau_star(np.zeros(3), lo=2.0, hi=1.0), ValueError, "lo"),
        (lambda: isogclr.kl([0.0], 1.0), TypeError, "h"),
        (lambda: baselines.nt_xent(Z, Z, tau=0.0), ValueError, "tau"),
        (lambda: baselines.clip(Z, Z[:2], np.array(1.0)), ValueError, "Z2"),
    ):
        with pytest.raises(error, match=name):
            call()


# The driver -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["isogclr", "sogclr", "simclr"])
def test_training_runs_everywhere_and_goes_down(backend, loss):
    x = backend.asarray(stream(0, "test-isogclr", "train").standard_normal((12, 3)))
    xp = array_namespace(x)
    take = lambda idx: xp.take(x, idx, axis=0)
    W = backend.asarray([[1.0, 0.9], [-0.5, -0.6], [0.3, 0.1]])
    after, run = models.train(
        W, lambda idx: (take(idx), 1.1 * take(idx)), 12, steps=20, rng=stream(0), lr=0.2, batch=6, loss=loss, tau=0.5
    )
    assert_like(after, W, (3, 2))
    ends = [float(models.objective(w, x, x, backend.asarray(np.full(12, 0.5)))[0]) for w in (W, after)]
    assert ends[1] < ends[0]
    moved = bool(np.any(backend.to_numpy(run.state[2].tau) != 0.5))
    assert moved == (loss == "isogclr")


def test_runs_side_by_side_are_trained_on_their_own_samples():
    x = stream(0, "test-isogclr", "train").standard_normal((2, 8, 3))
    W = np.stack([np.eye(3)[:, :2]] * 2)
    flat = x.reshape(16, 3)
    seen, rng = [], stream(0, "test-isogclr", "batches")
    both, _ = models.train(W, lambda i: (seen.append(i), (flat[i], flat[i]))[1], 8, steps=3, rng=rng, lr=0.1, batch=4)
    for r in range(2):
        replay = iter([idx[r] - 8 * r for idx in seen])
        alone, _, state = W[r], np.zeros((3, 2)), isogclr.init(8, like=LIKE)
        velocity = np.zeros((3, 2))
        for idx in replay:
            pair = x[r][idx], x[r][idx]

            def slope(Z1, Z2, idx=idx, state=state):
                found, after = isogclr.update(Z1, Z2, idx, state)
                return found.C, after

            gradient, state = models.backward(alone, *pair, slope)
            velocity = 0.9 * velocity + 0.1 * gradient
            alone = alone - 0.1 * velocity
        np.testing.assert_allclose(both[r], alone, rtol=1e-12)


# The experiments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id == "isogclr.C1"], ids=lambda c: c.id)
def test_quick_claims_hold_for_another_seed(claim):
    """C2 is dear; the ledger has it at five seeds."""
    assert all(m.holds for m in claim.experiment(1).measurements)


def test_few_steps_already_move_each_temperature_towards_its_own():
    from refimpl.problems.contrastive import clusters

    views = clusters(stream(0, "test-isogclr", "few"), [12, 6, 3, 3], dimension=8, like=LIKE)
    taus, path = temperatures.learned_temperatures([views], stream(0, "test-isogclr", "order"), steps=400)
    exact = temperatures.best_temperatures(views)
    assert path.shape == (8, 1, 24)
    assert np.abs(taus[0] - exact).mean() < 0.5 * np.abs(0.3 - exact).mean()


def test_the_experiment_on_batches_measures_the_full_gradient():
    X1, X2, W = batches.data(0)
    told = batches.full(W[:1], X1[:1], X2[:1])
    loss, gradient = models.objective(W[0], X1[0], X2[0], batches.TAU)
    np.testing.assert_allclose(told[:, 0], [loss, np.linalg.norm(gradient)])


def test_the_accuracy_is_that_of_the_nearest_mean():
    W, x = np.eye(5), np.eye(5)
    labels = np.arange(5)
    assert training.accuracy(W, x, labels, x, labels) == (1, 1)
    assert training.accuracy(W, x, labels, x[::-1], labels) == (0.2, 0)


# Code of others ---------------------------------------------------------------------------------------------------


@pytest.mark.torch
def test_rivals_are_the_cross_entropies_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (`make peers`)")
    entropy = torch.nn.functional.cross_entropy
    U1, U2 = (stream(0, "test-isogclr", name).standard_normal((4, 3)) for name in "ab")
    one, other = (torch.tensor(U, requires_grad=True) for U in (U1, U2))
    (Z1, length1), (Z2, _) = isogclr.unit(U1), isogclr.unit(U2)
    tau = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    S = torch.nn.functional.normalize(one) @ torch.nn.functional.normalize(other).T / tau
    loss = (entropy(S, torch.arange(4)) + entropy(S.T, torch.arange(4))) / 2
    loss.backward()
    found = baselines.clip(Z1, Z2, np.array(0.3))
    np.testing.assert_allclose(found.loss, loss.item(), rtol=1e-12)
    np.testing.assert_allclose(found.slope, tau.grad.item(), rtol=1e-10)
    dU1 = isogclr.unit_back(Z1, length1, isogclr.pull(found.C, Z1, Z2)[0])
    np.testing.assert_allclose(dU1, one.grad.numpy(), rtol=1e-9, atol=1e-13)
    one.grad = None
    Z = torch.nn.functional.normalize(torch.cat([one, other]))
    loss = entropy((Z @ Z.T / 0.3).masked_fill(torch.eye(8, dtype=bool), -torch.inf), (torch.arange(8) + 4) % 8)
    loss.backward()
    value, C = baselines.nt_xent(Z1, Z2, tau=0.3)
    np.testing.assert_allclose(value, loss.item(), rtol=1e-12)
    dU1 = isogclr.unit_back(Z1, length1, isogclr.pull(C, Z1, Z2)[0])
    np.testing.assert_allclose(dU1, one.grad.numpy(), rtol=1e-9, atol=1e-13)
