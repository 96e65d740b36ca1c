"""Self-repellent walks: a plain loop on every backend, identities of the theory, limits, samplers, agents under MPI."""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import eigh, solve_continuous_lyapunov

from refimpl.core.random import stream
from refimpl.distributed import _srrw_models as models
from refimpl.distributed import srrw
from refimpl.oracle import check
from refimpl.problems import graphs
from refimpl.problems.functions import central_differences
from tests.alike import assert_like

ROOT = Path(__file__).parents[2]
RING = graphs.cycle(8, [(0, 4), (1, 5), (2, 7)])
WALK = srrw.metropolis(RING)
STAR = srrw.simple_walk(graphs.from_edges(5, [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2)]))
CHAINS = {"ring": WALK, "star": STAR}
chains = pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)


def moved(chain, backend):
    return srrw.Chain(backend.asarray(chain.P), backend.asarray(chain.mu))


# The walk: full kernel matrices in a loop ---------------------------------------------------------------------------


def kernel(chain, x, alpha):
    """The whole matrix K[x], powers of x / mu themselves."""
    K = chain.P * (x / chain.mu)[None, :] ** -alpha
    return K / K.sum(axis=1, keepdims=True)


def plain(chain, x, node, theta, C, draws, alpha, a, b):
    """The three lines of the paper, one token, by searchsorted."""
    nodes, thetas = [], []
    for n, u in enumerate(draws, start=1):
        node = int(np.searchsorted(np.cumsum(kernel(chain, x, alpha)[node]), u, side="right"))
        x = x + (n + 1) ** -a * (np.eye(len(x))[node] - x)
        theta = theta + (n + 1) ** -b * (C[node] - theta)
        nodes.append(node)
        thetas.append(theta)
    return nodes, x, np.array(thetas)


def away_from_borders(chain, x, node, alpha, a, steps, rng):
    """Draws in the middle of likely nodes, so that float32 takes the same path."""
    draws = []
    for n in range(1, steps + 1):
        p = kernel(chain, x, alpha)[node]
        node = int(rng.choice(np.flatnonzero(p > 0.03)))
        draws.append(p[:node].sum() + p[node] * rng.uniform(0.3, 0.7))
        x = x + (n + 1) ** -a * (np.eye(len(x))[node] - x)
    return np.array(draws)


@chains
@pytest.mark.parametrize(("alpha", "a"), [(0.0, 0.8), (2.0, 0.6), (5.0, 1.0)])
def test_tokens_side_by_side_take_the_paths_of_a_plain_loop(backend, chain, alpha, a):
    N, steps, tokens = len(chain.mu), 25, 3
    rng = stream(0, "test-srrw", "loop")
    x0, starts, C = rng.dirichlet(np.full(N, 5.0), size=tokens), [0, 2, N - 1], rng.standard_normal((N, 2))
    draws = np.stack(
        [away_from_borders(chain, x, i, alpha, a, steps, rng) for x, i in zip(x0, starts, strict=True)], axis=1
    )
    base = moved(chain, backend)
    local = models.Quadratic(backend.asarray(C)).local
    theta = backend.asarray(np.zeros((tokens, 2)))
    state = srrw.init(base, backend.asarray(np.array(starts)), backend.asarray(x0 / x0.sum(axis=1, keepdims=True)))
    nodes, thetas = [], []
    for n, u in enumerate(draws, start=1):
        rates = {"alpha": alpha, "gamma": srrw.step_size(n, a), "beta": srrw.step_size(n, 0.9)}
        theta, state = srrw.sa_step(theta, state, backend.asarray(u), base, local, **rates)
        nodes.append(backend.to_numpy(state.node))
        thetas.append(backend.to_numpy(theta))
    assert_like(theta, base.mu, (tokens, 2))
    assert_like(state.x, base.mu, (tokens, N))
    for t in range(tokens):
        own, x, path = plain(chain, x0[t], starts[t], np.zeros(2), C, draws[:, t], alpha, a, 0.9)
        assert np.stack(nodes)[:, t].tolist() == own
        np.testing.assert_allclose(backend.to_numpy(state.x)[t], x, rtol=100 * backend.tolerance)
        np.testing.assert_allclose(np.stack(thetas)[:, t], path, rtol=100 * backend.tolerance, atol=backend.tolerance)


def test_one_token_alone_walks_as_it_does_among_others(backend):
    base, rng = moved(WALK, backend), stream(0, "test-srrw", "alone")
    draws = rng.uniform(0.02, 0.98, size=(12, 2)).round(2)
    both = srrw.init(base, backend.asarray(np.array([0, 5])))
    alone = [srrw.init(base, 0), srrw.init(base, 5)]
    for n, u in enumerate(draws, start=1):
        rates = {"alpha": 3.0, "gamma": srrw.step_size(n, 0.7)}
        both = srrw.step(both, backend.asarray(u), base, **rates)
        alone = [srrw.step(s, backend.asarray(v), base, **rates) for s, v in zip(alone, u, strict=True)]
    for t, state in enumerate(alone):
        assert tuple(state.node.shape) == ()
        assert int(state.node) == backend.to_numpy(both.node)[t]
        np.testing.assert_allclose(backend.to_numpy(state.x), backend.to_numpy(both.x)[t], rtol=1e-5)


def test_without_repulsion_it_is_a_markov_chain():
    rng, state, N = stream(0, "test-srrw", "markov"), srrw.init(STAR, np.zeros(4000, dtype=int)), 5
    law = np.eye(N)[0]
    for n in range(1, 6):
        state = srrw.step(state, rng.uniform(size=4000), STAR, alpha=0.0, gamma=srrw.step_size(n, 0.8))
        law = law @ STAR.P
        share = np.bincount(state.node, minlength=N) / 4000
        assert np.all(np.abs(share - law) < 5 * np.sqrt(law * (1 - law) / 4000) + 1e-12)


def test_a_sum_over_many_nodes_in_float32_picks_the_same_node():
    """200,000 weights added up one by one in float32 are off by whole nodes."""
    rng = stream(0, "test-srrw", "many")
    weights = rng.uniform(0.5, 1.5, 200_000).astype(np.float32)
    u = rng.uniform(size=300).astype(np.float32)
    found = [int(srrw.draw(weights, np.asarray(x))) for x in u]
    S = np.cumsum(weights.astype(float))
    assert np.array_equal(found, np.searchsorted(S, u.astype(float) * S[-1], side="right"))


def test_the_draw_has_the_law_of_its_weights():
    weights = np.array([0.0, 3.0, 0.0, 1.0, 4.0, 0.0])
    share = np.bincount(srrw.draw(np.tile(weights, (80_000, 1)), stream(0, "test-srrw", "draw").uniform(size=80_000)))
    np.testing.assert_allclose(share / 80_000, weights[:5] / 8, atol=0.01)
    assert srrw.draw(weights, np.asarray(0.0)) == 1
    assert srrw.draw(weights, np.asarray(1.0)) == 4
    assert srrw.draw(weights, np.asarray(3 / 8)) == 3  # the border belongs to the next node


def test_a_draw_that_float32_rounds_to_one_takes_the_last_node_with_a_weight():
    weights = np.array([1.0, 2.0, 0.0], dtype=np.float32)
    assert srrw.draw(weights, np.asarray(1 - 1e-9, dtype=np.float32)) == 1


def test_nothing_that_is_given_is_changed(backend):
    base, x = moved(WALK, backend), backend.asarray(np.full(8, 1 / 8))
    theta, C = backend.asarray([1.0]), backend.asarray(np.arange(8.0)[:, None])
    state = srrw.init(base, 3, x)
    local = models.Quadratic(C).local
    srrw.sa_step(theta, state, backend.asarray(0.4), base, local, alpha=2.0, gamma=0.3, beta=0.5)
    np.testing.assert_array_equal(backend.to_numpy(x), backend.to_numpy(backend.asarray(np.full(8, 1 / 8))))
    assert (int(state.node), float(theta[0])) == (3, 1.0)
    np.testing.assert_allclose(backend.to_numpy(base.P), WALK.P, rtol=1e-6)


def test_dividing_by_the_weight_of_the_present_node_changes_nothing():
    """It cancels: the oracle must not take it for a mistake."""

    def relative(P_row, x, mu, alpha):
        ratio = x / mu
        w = P_row * np.exp(-alpha * (np.log(ratio) - np.log(ratio[0])))
        return w / w.sum() if np.isfinite(w).all() and w.sum() > 0 else _on_logarithms(P_row, x, mu, alpha)

    def _on_logarithms(P_row, x, mu, alpha):
        with np.errstate(divide="ignore"):
            power = np.log(P_row) - alpha * np.log(x / mu)
        w = np.exp(power - power.max())
        return w / w.sum()

    with np.errstate(over="ignore", invalid="ignore"):
        assert check(relative, "srrw.kernel_row").verdict == "conforms"


def test_a_token_that_knows_neighbours_alone_conforms():
    """No array of all nodes: rows as dictionaries, counters that do not fade (as in the second tutorial)."""

    def walk(P, mu, alpha, x0, node0, u, gamma):
        counters, left, node, nodes, xs = dict(enumerate(map(float, x0))), 1.0, int(node0), [], []
        near = [{j: P[i, j] for j in range(len(mu)) if P[i, j] > 0} for i in range(len(mu))]
        for draw, rate in zip(u, gamma, strict=True):
            power = {j: np.log(p) - alpha * np.log(counters[j] / mu[j]) for j, p in near[node].items()}
            top = max(power.values())
            weights = {j: np.exp(v - top) for j, v in power.items()}
            sums = np.cumsum(list(weights.values()))
            node = list(weights)[np.searchsorted(sums, draw * sums[-1], side="right")]
            left *= 1 - rate
            counters[node] += rate / left
            nodes.append(node)
            xs.append([c * left for c in counters.values()])
        return np.array(nodes, dtype=float), np.array(xs)

    assert check(walk, "srrw.srrw_steps", dtypes=("float64",)).verdict == "conforms"


# Identities of the theory ------------------------------------------------------------------------------------------


def frozen_law(chain, x, alpha):
    """Stationary law of K[x] by the eigenvector of eigenvalue 1."""
    values, vectors = np.linalg.eig(kernel(chain, x, alpha).T)
    v = np.real(vectors[:, np.argmin(abs(values - 1))])
    return v / v.sum()


@chains
@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_the_joint_drift_is_the_jacobian_of_the_mean_field(chain, alpha):
    """Mean of (H(theta, X), delta_X - x) under the law of K[x], differentiated numerically."""
    N, rng = len(chain.mu), stream(0, "test-srrw", "jacobian")
    C, J = rng.standard_normal((N, 2)), np.array([[-1.5, 0.75], [-0.25, -1.0]])
    C = C - chain.mu @ C  # so that theta* = 0

    def field(v):
        pi = frozen_law(chain, v[2:], alpha)
        return np.concatenate([pi @ C + J @ v[:2], pi - v[2:]])

    at, h = np.concatenate([np.zeros(2), chain.mu]), 1e-6
    tangent = [np.eye(N)[i] - np.eye(N)[0] for i in range(1, N)]  # directions within the simplex
    drift, _ = srrw.joint(chain, C, J, alpha=alpha)
    for direction in (*np.eye(N + 2)[:2], *(np.concatenate([np.zeros(2), t]) for t in tangent)):
        numerical = (field(at + h * direction) - field(at - h * direction)) / (2 * h)
        np.testing.assert_allclose(drift @ direction, numerical, atol=1e-7)


@chains
def test_modes_by_scipy_and_the_fundamental_matrix(backend, chain):
    lam, u = srrw.spectrum(moved(chain, backend))
    lam, u = backend.to_numpy(lam), backend.to_numpy(u)
    N, root, tol = len(chain.mu), np.sqrt(chain.mu), 1e3 * backend.tolerance
    expected = eigh(root[:, None] * chain.P / root[None, :], eigvals_only=True)
    np.testing.assert_allclose(lam, expected[:-1], atol=tol)
    np.testing.assert_allclose(chain.P.T @ u, u * lam, atol=tol)
    np.testing.assert_allclose(u @ u.T, np.diag(chain.mu) - np.outer(chain.mu, chain.mu), atol=tol)
    Z = np.linalg.inv(np.eye(N) - chain.P + chain.mu[None, :])
    one_way = chain.mu[:, None] * (2 * Z - np.eye(N)) - np.outer(chain.mu, chain.mu)
    np.testing.assert_allclose((u * (1 + lam) / (1 - lam)) @ u.T, (one_way + one_way.T) / 2, atol=10 * tol)


@chains
@pytest.mark.parametrize("a", [0.7, 1.0])
def test_the_covariance_of_x_solves_its_lyapunov_equation(backend, chain, a):
    alpha, last = 2.5, 0.5 * (a == 1)
    V = backend.to_numpy(srrw.covariance_x(moved(chain, backend), alpha=alpha, a=a))
    drift, noise = srrw.joint(chain, np.zeros((len(chain.mu), 1)), -np.eye(1), alpha=alpha)
    A = drift[1:, 1:] + last * np.eye(len(chain.mu))
    np.testing.assert_allclose(V, solve_continuous_lyapunov(A, -noise[1:, 1:]), atol=1e3 * backend.tolerance)


@pytest.mark.parametrize(("a", "b"), [(0.6, 0.9), (0.8, 0.8), (1.0, 1.0), (1.0, 0.6), (0.7, 1.0)])
def test_the_covariance_of_theta_on_every_backend(backend, a, b):
    H, J = stream(0, "test-srrw", "H").standard_normal((8, 2)), np.array([[-1.5, 0.75], [-0.25, -1.0]])
    base, alpha, last = moved(WALK, backend), 3.0, 0.5 * (b == 1)
    V = srrw.covariance_theta(base, backend.asarray(H), backend.asarray(J), alpha=alpha, a=a, b=b)
    assert_like(V, base.mu, (2, 2))
    drift, noise = srrw.joint(WALK, H, J, alpha=alpha)
    if a == b:
        expected = solve_continuous_lyapunov(drift + last * np.eye(10), -noise)[:2, :2]
    else:  # step 7 of the derivation: the inverse of the drift of x, from both sides
        slowed = np.linalg.inv(drift[2:, 2:]) if a < b else np.eye(8)
        U = H.T @ slowed @ noise[2:, 2:] @ slowed.T @ H
        expected = solve_continuous_lyapunov(J + last * np.eye(2), -U)
    np.testing.assert_allclose(backend.to_numpy(V), expected, rtol=1e4 * backend.tolerance)


@pytest.mark.parametrize("graph", [RING, graphs.cycle(7), graphs.grid(2, 4)], ids=["ring", "cycle", "grid"])
def test_the_threshold_by_bisection(graph):
    chain = srrw.metropolis(graph)
    H = np.eye(len(chain.mu)) - chain.mu
    np.testing.assert_allclose(srrw.noise_iid(chain.mu, H), np.cov(H.T, bias=True), atol=1e-15)
    better = lambda alpha: (
        np.linalg.eigvalsh(srrw.noise_iid(chain.mu, H) - srrw.noise_theta(chain, H, alpha=alpha))[0] >= -1e-13
    )
    low, high = 0.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if better(middle) else (middle, high)
    assert srrw.threshold(chain) == pytest.approx(high, abs=1e-6)


def test_the_threshold_of_a_chain_that_alternates_is_zero():
    complete = srrw.metropolis(np.ones((4, 4)) - np.eye(4))
    assert srrw.threshold(complete) == 0


# The prediction ---------------------------------------------------------------------------------------------------


def test_the_prediction_tends_to_the_limits():
    """Cases (i) slowly, (ii) and (iii) within a few percent; x at once."""
    H, J = stream(0, "test-srrw", "H").standard_normal((8, 2)), -np.eye(2)
    n = np.arange(2.0, 4002.0)
    for a, b, low, high in ((0.55, 1.0, 1.0, 1.4), (0.8, 0.8, 1.0, 1.1), (1.0, 0.6, 0.9, 1.01)):
        shared = {"alpha": 2.0}
        if b == 1:
            J = -2 * np.eye(2)
        theta, x = srrw.predict(WALK, H, J, n**-a, n**-b, **shared)
        limit = np.trace(srrw.covariance_theta(WALK, H, J, **shared, a=a, b=b)) * n[-1] ** -b
        assert low < np.trace(theta[-1]) / limit < high
        limit = np.trace(srrw.covariance_x(WALK, **shared, a=a)) * n[-1] ** -a
        assert 0.97 < np.trace(x[-1]) / limit < 1.05


def test_the_prediction_is_the_covariance_of_linear_recursions_that_are_driven_by_draws(backend):
    """z <- z + D (J_alpha z + noise), 40,000 of them."""
    H, J = stream(0, "test-srrw", "H").standard_normal((8, 1)), np.array([[-1.0]])
    gamma, beta, alpha = np.full(12, 0.1), np.linspace(0.3, 0.1, 12), 2.0
    inputs = (backend.asarray(v) for v in (H, J, gamma, beta))
    predicted = srrw.predict(moved(WALK, backend), *inputs, alpha=alpha)
    assert_like(predicted.theta, backend.asarray([0.0]), (12, 1, 1))
    drift, noise = srrw.joint(WALK, H, J, alpha=alpha)
    values, vectors = np.linalg.eigh(noise)
    root, rng = vectors * np.sqrt(np.clip(values, 0, None)), stream(0, "test-srrw", "linear")
    z = np.zeros((40_000, 9))
    for g, b in zip(gamma, beta, strict=True):
        D, draws = np.array([b] + [g] * 8), rng.standard_normal(z.shape) @ root.T
        z = z + D * (z @ drift.T + draws)
    np.testing.assert_allclose(backend.to_numpy(predicted.theta)[-1, 0, 0], z[:, 0].var(), rtol=0.04)
    np.testing.assert_allclose(backend.to_numpy(predicted.x)[-1], np.cov(z[:, 1:].T), atol=2e-4)


# Drivers, models, samplers ----------------------------------------------------------------------------------------


def test_run_is_sa_step_in_a_loop():
    C, rng = stream(0, "test-srrw", "C").standard_normal((8, 2)), stream(0, "test-srrw", "run")
    state, theta = srrw.init(WALK, np.array([1, 2, 3])), np.zeros((3, 2))
    local = models.Quadratic(C).local
    settings = {"steps": 30, "alpha": 4.0, "a": 0.6, "b": 0.8, "scale": 0.5}
    got, run = srrw.run(
        theta, state, WALK, local, rng=rng, record=lambda theta, state: {"node": state.node}, **settings
    )
    rng = stream(0, "test-srrw", "run")
    for n in range(1, 31):
        rates = {"alpha": 4.0, "gamma": (n + 1) ** -0.6, "beta": 0.5 * (n + 1) ** -0.8}
        theta, state = srrw.sa_step(theta, state, rng.uniform(size=3), WALK, local, **rates)
        np.testing.assert_array_equal(run.history["node"][n], state.node)
    np.testing.assert_array_equal(got, theta)


def test_a_radius_keeps_theta_in_a_ball(backend):
    base, C = moved(WALK, backend), backend.asarray(np.full((8, 2), 10.0))
    theta, state = backend.asarray([[0.0, 0.0], [0.3, 0.0]]), srrw.init(base, backend.asarray(np.array([0, 1])))
    rates = {"alpha": 1.0, "gamma": 0.5, "beta": 0.5, "radius": 2.0}
    theta, _ = srrw.sa_step(theta, state, backend.asarray([0.5, 0.5]), base, models.Quadratic(C).local, **rates)
    np.testing.assert_allclose(np.linalg.norm(backend.to_numpy(theta), axis=1), [2.0, 2.0], rtol=1e-6)
    small = backend.asarray([[0.5, 0.0]])
    zero = models.Quadratic(backend.asarray(np.zeros((8, 2)))).local
    state = srrw.init(base, backend.asarray(np.array([0])))
    inside, _ = srrw.sa_step(small, state, backend.asarray([0.5]), base, zero, **rates)
    np.testing.assert_allclose(backend.to_numpy(inside), [[0.25, 0.0]], rtol=1e-6)


def test_a_self_attracting_walk_condenses():
    """What alpha < 0 would do, and why it is refused."""
    spread = {}
    for sign in (1.0, -1.0):
        x, node, rng = np.full(8, 1 / 8), 0, stream(0, "test-srrw", "condense")
        for n in range(1, 3000):
            node = int(np.searchsorted(np.cumsum(kernel(WALK, x, sign * 4.0)[node]), rng.uniform(), side="right"))
            x = x + (n + 1) ** -0.9 * (np.eye(8)[node] - x)
        spread[sign] = x.max()
    assert spread[1.0] < 0.2 < 0.4 < spread[-1.0]


def test_gradients_of_the_logistic_model():
    model = models.logistic_on(4, 6, 3, rng=stream(0, "test-srrw", "logistic"), shift=np.arange(4.0))
    theta = stream(0, "test-srrw", "theta").standard_normal(3)
    for node in range(4):
        loss = lambda t, i=node: np.mean(np.logaddexp(0, -model.y[i] * (model.X[i] @ t))) + 0.05 * t @ t
        got = model.local(theta, np.asarray(node))
        np.testing.assert_allclose(-got, central_differences(loss, h=1e-6)(theta), rtol=1e-6, atol=1e-9)
    mean = lambda t: model.every(t).mean(axis=0)
    slopes = [(mean(theta + h) - mean(theta - h)) / 2e-6 for h in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(model.jacobian(theta), np.stack(slopes, axis=1), atol=1e-7)
    assert np.abs(mean(model.optimum())).max() < 1e-14
    np.testing.assert_array_equal(models.at(model.y, np.array([2, 0])), model.y[[2, 0]])


def test_samplers_visit_as_they_promise():
    rng = stream(0, "test-srrw", "samplers")
    take = lambda sampler, count: np.stack([next(sampler) for _ in range(count)])
    mu = np.array([0.1, 0.2, 0.3, 0.4])
    share = np.bincount(take(models.independent(mu, 200, rng=rng), 200).ravel()) / 40_000
    np.testing.assert_allclose(share, mu, atol=0.02)
    passes = take(models.shuffled(4, 50, rng=rng), 8)
    assert all(sorted(half[:, t]) == [0, 1, 2, 3] for half in (passes[:4], passes[4:]) for t in range(50))
    assert len({tuple(column) for column in passes.T}) > 40
    tour = take(models.planned([0, 1, 3, 2], 9, rng=rng), 8)
    following = {0: 1, 1: 3, 3: 2, 2: 0}
    assert all(following[i] == j for i, j in zip(tour[:-1].ravel(), tour[1:].ravel(), strict=True))
    theta, run = models.follow(np.zeros((1, 1)), iter([[0], [1]]), lambda t, i: 1.0 - t, steps=2, b=1.0)
    assert theta[0, 0] == pytest.approx(1 - 1 / 2 * 2 / 3)
    assert run.steps == 2


# What is refused ----------------------------------------------------------------------------------------------------

FLAT = np.full((3, 3), 1 / 3)
THREE = srrw.Chain(FLAT, np.full(3, 1 / 3))
HALF = np.asarray(0.5)
ROTATION = np.roll(np.eye(3), 1, axis=1)


@pytest.mark.parametrize(
    ("call", "error", "word"),
    [
        (lambda: srrw.chain(ROTATION, np.ones(3)), ValueError, "P must be reversible"),
        (lambda: srrw.chain(FLAT, np.array([1.0, 1.0, 2.0])), ValueError, "P must be reversible"),
        (lambda: srrw.chain(2 * FLAT, np.ones(3)), ValueError, "P must have rows"),
        (lambda: srrw.chain(FLAT, np.ones(2)), ValueError, "mu must have shape"),
        (lambda: srrw.chain(FLAT[:2], np.ones(3)), ValueError, "P must have shape"),
        (lambda: srrw.chain(FLAT, np.array([1.0, 1.0, 0.0])), ValueError, "mu must be > 0"),
        (lambda: srrw.chain(FLAT, [1, 1, 1]), TypeError, "mu"),
        (lambda: srrw.init(THREE, 3), ValueError, "node must be in"),
        (lambda: srrw.init(THREE, 0.5), TypeError, "node must be an integer"),
        (lambda: srrw.init(THREE, np.array([0.0])), TypeError, "node must be an integer"),
        (lambda: srrw.init(THREE, 0, np.array([1.0, 0.0, 0.0])), ValueError, "x must be in the interior"),
        (lambda: srrw.init(THREE, 0, np.full(3, 0.5)), ValueError, "x must sum to 1"),
        (lambda: srrw.init(THREE, 0, np.full(4, 0.25)), ValueError, "x must have shape"),
        (lambda: srrw.init(THREE, np.array([0, 1]), np.full((3, 3), 1 / 3)), ValueError, "x must have shape"),
        (lambda: srrw.step(srrw.init(THREE, 0), np.ones(2), THREE, alpha=1.0, gamma=0.5), ValueError, "u must have"),
        (lambda: srrw.step(srrw.init(THREE, 0), 0.5, THREE, alpha=1.0, gamma=0.5), TypeError, "u must be"),
        (lambda: srrw.step(srrw.init(WALK, 0), HALF, THREE, alpha=1.0, gamma=0.5), ValueError, "state.x must have"),
        (lambda: srrw.step(srrw.init(THREE, 0), HALF, THREE, alpha=-1.0, gamma=0.5), ValueError, "alpha must be"),
        (lambda: srrw.step(srrw.init(THREE, 0), HALF, THREE, alpha=1.0, gamma=1.0), ValueError, "gamma must be"),
        (lambda: walked(x=np.array([1.0, 0.5, -0.5])), ValueError, "x must be in the interior"),
        (lambda: walked(x=np.array([1.0, 0.0, 0.0])), ValueError, "x must be in the interior"),
        (lambda: walked(x=np.full(3, np.nan)), ValueError, "state.x must be finite"),
        (lambda: walked(node=np.array(-1)), ValueError, "node must be in 0, ..., 2, got -1"),
        (lambda: srrw.draw(np.array([0.5, -0.5]), HALF), ValueError, "weights must be >= 0"),
        (lambda: srrw.draw(np.zeros(2), HALF), ValueError, "weights must be >= 0"),
        (lambda: srrw.step_size(0, 0.8), ValueError, "n must be"),
        (lambda: srrw.step_size(1, 0.5), ValueError, "exponent must be"),
        (lambda: srrw.metropolis(np.eye(3)), ValueError, "adjacency must join"),
        (lambda: srrw.simple_walk(np.triu(np.ones((3, 3)), 1)), ValueError, "adjacency must be symmetric"),
        (lambda: srrw.spectrum(srrw.Chain(np.eye(2), np.full(2, 0.5))), ValueError, "P must be irreducible"),
        (lambda: srrw.covariance_x(THREE, alpha=1.0, a=0.4), ValueError, "a must be"),
        (lambda: srrw.noise_theta(THREE, np.ones((2, 1)), alpha=1.0), ValueError, "H must have shape"),
        (
            lambda: srrw.covariance_theta(THREE, np.ones((3, 1)), np.array([[-0.4]]), alpha=1.0, a=0.7, b=1.0),
            ValueError,
            "J must have eigenvalues",
        ),
    ],
)
def test_what_is_refused_is_named(call, error, word):
    with pytest.raises(error, match=word):
        call()


def walked(**changed):
    return srrw.step(srrw.init(THREE, 0)._replace(**changed), HALF, THREE, alpha=1.0, gamma=0.5)


# Agents and processes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("processes", [4, 3])
def test_agents_in_several_processes_walk_the_path_of_one(processes, tmp_path):
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not find_spec("mpi4py") or mpiexec is None:
        pytest.skip("mpi4py and an MPI are not installed (pip install 'refimpl[cluster]')")
    script = ROOT / "tutorials/distributed/srrw_agents.py"
    run = subprocess.run(
        [mpiexec, "-n", str(processes), sys.executable, str(script), "--save", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{processes} processes" in run.stdout
    assert "the same nodes: True; the same theta: True" in run.stdout
    assert (tmp_path / "srrw_agents-1.png").is_file()


def test_agents_in_one_process_walk_the_same_path(tmp_path):
    script = ROOT / "tutorials/distributed/srrw_agents.py"
    run = subprocess.run(
        [sys.executable, str(script), "--save", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 process," in run.stdout
    assert "the same nodes: True; the same theta: True" in run.stdout
